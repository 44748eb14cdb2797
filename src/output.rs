//! Results in a directory: written whole or not at all, and nothing that is not ours is ever overwritten.

use crate::arguments::Where;
use crate::console;
use crate::failure::Failure;
use crate::progress::Audience;
use std::fs;
use std::path::{Path, PathBuf};

/// Files of a result, by their path in the directory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Files(Vec<(String, String)>);

/// The names of all files Seawall writes; a directory that holds another one is not overwritten.
const NAMES: [&str; 24] = [
    "result.json",
    "drill.json",
    "summary.txt",
    "summary.md",
    "report.html",
    "story.txt",
    "story.json",
    "resolved.yaml",
    "scopes.csv",
    "sites.csv",
    "stores.csv",
    "recovery.csv",
    "consistency.csv",
    "consistency-timeline.csv",
    "blame.csv",
    "downtimes.csv",
    "timeline.csv",
    "losses.csv",
    "drill.csv",
    "drill-stores.csv",
    "consistency.svg",
    "downtime.svg",
    "blame.svg",
    "load.svg",
];
/// The name of the plot of the worst outage.
const OUTAGE: &str = "worst-outage.svg";

impl Files {
    /// Adds a file.
    pub(crate) fn add(&mut self, name: &str, text: String) {
        debug_assert!(is_ours(Path::new(name)), "{name} is not in the list of names");
        self.0.push((name.to_owned(), text));
    }

    /// Adds all of `files` under the directory `name`; at the top where it is empty.
    pub(crate) fn add_all(&mut self, name: &str, files: Files) {
        let path = |file: String| if name.is_empty() { file } else { format!("{name}/{file}") };
        self.0.extend(files.0.into_iter().map(|(file, text)| (path(file), text)));
    }
}

/// Can results go to `target`? Asked before the work is done.
pub(crate) fn check(target: &Path, force: bool) -> Result<(), Failure> {
    let Ok(found) = fs::symlink_metadata(target) else {
        return Ok(());
    };
    let shown = target.display();
    if !found.is_dir() {
        return Err(Failure::said(format!("`{shown}` exists and is not a directory")));
    }
    let foreign = foreign(target).map_err(|error| Failure::file("read", target, &error))?;
    match (foreign, force, is_empty(target)) {
        (_, _, true) => Ok(()),
        (Some(file), _, _) => {
            Err(Failure::said(format!("`{shown}` holds `{file}`, which is no result of seawall")))
        }
        (None, false, _) => {
            Err(Failure::said(format!("`{shown}` holds results already; --force overwrites them")))
        }
        (None, true, _) => Ok(()),
    }
}

fn is_empty(directory: &Path) -> bool {
    fs::read_dir(directory).is_ok_and(|mut entries| entries.next().is_none())
}

fn is_ours(file: &Path) -> bool {
    file.file_name().is_some_and(|name| name == OUTAGE || NAMES.iter().any(|ours| name == *ours))
}

/// A file below `directory` that Seawall would not write.
fn foreign(directory: &Path) -> std::io::Result<Option<String>> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() && !path.is_symlink() {
            if let Some(file) = foreign(&path)? {
                return Ok(Some(file));
            }
        } else if !is_ours(&path) {
            return Ok(Some(path.display().to_string()));
        }
    }
    Ok(None)
}

/// Writes `files` to `target`: first beside it, then moved there as a whole. Says what was written.
pub(crate) fn write(target: &Path, force: bool, files: &Files) -> Result<String, Failure> {
    check(target, force)?;
    let staged = beside(target, "new");
    let written = stage(&staged, files).and_then(|()| swap(&staged, target));
    if written.is_err() {
        // What is left of a failed attempt is of no use to anybody.
        let _ = fs::remove_dir_all(&staged);
    }
    written.map_err(|error| Failure::file("write", target, &error))?;
    Ok(said(target, files))
}

/// Writes `files` where `--out` says, if it was given, and says on standard error what it wrote, unless told to be quiet.
pub(crate) fn deliver(place: &Where, files: &Files, audience: Audience) -> Result<(), Failure> {
    let Some(out) = &place.out else { return Ok(()) };
    let said = write(out, place.force, files)?;
    if !audience.quiet {
        console::complain(&said);
    }
    Ok(())
}

/// What was written where, for a person.
fn said(target: &Path, files: &Files) -> String {
    let names: Vec<&str> = files.0.iter().map(|(name, _)| name.as_str()).collect();
    let text = format!("wrote {} files to {}: {}", names.len(), target.display(), names.join(", "));
    reports::table::wrapped(&text, reports::table::WIDTH).join("\n  ")
}

/// A name beside `target` on the same file system, so that moving it there is one step.
fn beside(target: &Path, suffix: &str) -> PathBuf {
    let name = target.file_name().map_or("results".into(), |name| name.to_string_lossy().into_owned());
    let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    parent.join(format!(".{name}.{}.{suffix}", std::process::id()))
}

fn stage(staged: &Path, files: &Files) -> std::io::Result<()> {
    fs::create_dir_all(staged)?;
    for (name, text) in &files.0 {
        let path = staged.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, text)?;
    }
    Ok(())
}

/// Moves `staged` to `target`; what stood there is moved away first and deleted last.
fn swap(staged: &Path, target: &Path) -> std::io::Result<()> {
    let old = beside(target, "old");
    let replaced = target.exists();
    if replaced {
        fs::rename(target, &old)?;
    }
    if let Err(error) = fs::rename(staged, target) {
        if replaced {
            fs::rename(&old, target)?;
        }
        return Err(error);
    }
    if replaced { fs::remove_dir_all(&old) } else { Ok(()) }
}

/// Writes one file: beside its place first, then moved there.
pub(crate) fn write_file(path: &Path, force: bool, text: &str) -> Result<(), Failure> {
    if path.exists() && !force {
        return Err(Failure::said(format!("`{}` exists already; --force overwrites it", path.display())));
    }
    let staged = beside(path, "new");
    let written = fs::write(&staged, text).and_then(|()| fs::rename(&staged, path));
    written.map_err(|error| Failure::file("write", path, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory of this test's own, removed when it is done.
    struct Room(PathBuf);

    impl Room {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("seawall-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).expect("a directory for the test");
            Room(path)
        }

        fn names(&self) -> Vec<String> {
            let entries = fs::read_dir(&self.0).expect("it is there");
            let mut names: Vec<String> = entries
                .map(|entry| entry.expect("it is there").file_name().to_string_lossy().into_owned())
                .collect();
            names.sort();
            names
        }
    }

    impl Drop for Room {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn files(text: &str) -> Files {
        let mut files = Files::default();
        files.add("result.json", text.to_owned());
        files
    }

    #[test]
    fn results_appear_whole_and_leave_nothing_beside_them() {
        let room = Room::new("whole");
        write(&room.0.join("out"), false, &files("1")).expect("it is written");
        assert_eq!(room.names(), ["out"]);
        assert_eq!(fs::read_to_string(room.0.join("out/result.json")).expect("it is there"), "1");
    }

    #[test]
    fn results_are_kept_unless_forced() {
        let room = Room::new("kept");
        let target = room.0.join("out");
        write(&target, false, &files("1")).expect("it is written");
        assert!(write(&target, false, &files("2")).is_err());
        assert_eq!(fs::read_to_string(target.join("result.json")).expect("it is there"), "1");
        write(&target, true, &files("2")).expect("it is overwritten");
        assert_eq!(fs::read_to_string(target.join("result.json")).expect("it is there"), "2");
        assert_eq!(room.names(), ["out"]);
    }

    #[test]
    fn what_is_not_ours_is_not_overwritten_even_if_forced() {
        let room = Room::new("foreign");
        fs::write(room.0.join("thesis.tex"), "years of work").expect("it is written");
        assert!(write(&room.0, true, &files("1")).is_err());
        assert_eq!(room.names(), ["thesis.tex"]);
    }

    #[test]
    fn an_attempt_that_fails_halfway_leaves_nothing() {
        let room = Room::new("halfway");
        let mut files = files("1");
        // A file cannot be a directory too, so writing the second one fails.
        files.0.push(("result.json/below".to_owned(), "2".to_owned()));
        assert!(write(&room.0.join("out"), false, &files).is_err());
        assert_eq!(room.names(), Vec::<String>::new());
    }
}
