//! Scenario files and what the command line changes in them.

use crate::arguments::{Changes, Format};
use crate::console;
use crate::failure::Failure;
use models::specification::Specification;
use reports::{Fingerprint, Inputs, Reproduce};
use scenarios::{Loaded, Override, Problems};
use sim::Seed;
use std::fs;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

/// A scenario as it will be run.
pub(crate) struct Scenario {
    /// The file it came from.
    pub(crate) file: PathBuf,
    /// What to simulate.
    pub(crate) specification: Specification,
    /// With every default written out.
    pub(crate) resolved: String,
    inputs: Inputs,
    changes: Vec<String>,
}

/// Reads the scenario in `file` and applies `changes`; warnings go to standard error.
pub(crate) fn scenario(file: &Path, changes: &Changes) -> Result<Scenario, Failure> {
    with(file, changes, &[])
}

/// As [`scenario`], with `more` overrides that the user did not write.
pub(crate) fn with(file: &Path, changes: &Changes, more: &[String]) -> Result<Scenario, Failure> {
    let bytes = read(file)?;
    let all: Vec<String> = changes.set.iter().chain(more).cloned().collect();
    let Loaded { mut specification, resolved, warnings } = load(file, &bytes, &all)?.map_err(problems)?;
    if !warnings.is_empty() {
        console::complain(warnings.render(styled()).trim_end());
    }
    specification.run.seed = changes.seed.map_or(specification.run.seed, Seed);
    specification.run.replications = changes.replications.unwrap_or(specification.run.replications);
    let inputs = Inputs::of([String::from_utf8_lossy(&bytes).as_ref()]);
    Ok(Scenario { file: file.to_owned(), specification, resolved, inputs, changes: changes.set.clone() })
}

/// The bytes of a file.
pub(crate) fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(file).map_err(|error| Failure::file("read", file, &error))
}

/// Loads a scenario with overrides as the user writes them.
pub(crate) fn load(file: &Path, bytes: &[u8], set: &[String]) -> Result<Result<Loaded, Problems>, Failure> {
    let overrides: Vec<Override> = set.iter().map(|text| parsed(text)).collect::<Result<_, _>>()?;
    Ok(scenarios::load_bytes(&file.display().to_string(), bytes, &overrides))
}

fn parsed(text: &str) -> Result<Override, Failure> {
    Override::parse(text).map_err(|reason| Failure::said(format!("--set {text}: {reason}")))
}

/// Problems as a failure.
pub(crate) fn problems(problems: Problems) -> Failure {
    let count = problems.errors();
    let plural = if count == 1 { "" } else { "s" };
    Failure::Problems(format!("{}\n\nerror: {count} problem{plural}", problems.render(styled()).trim_end()))
}

/// Is standard error a terminal? Whether colour is wanted is decided when it is printed.
pub(crate) fn styled() -> bool {
    std::io::stderr().is_terminal()
}

impl Scenario {
    /// How to get what `command` printed again.
    pub(crate) fn reproduce(&self, command: &[&str], fingerprint: Fingerprint) -> Reproduce {
        let run = &self.specification.run;
        let mut words: Vec<String> = ["seawall"].iter().chain(command).map(|word| quoted(word)).collect();
        words.extend(self.changes.iter().map(|change| format!("--set {}", quoted(change))));
        words.push(format!("--seed {}", run.seed.0));
        words.push(format!("--replications {}", run.replications));
        self.hashed(words.join(" "), fingerprint)
    }

    /// As [`Scenario::reproduce`], for what neither seed nor replications touch.
    pub(crate) fn reproduce_exact(&self, command: &[&str], fingerprint: Fingerprint) -> Reproduce {
        let mut words: Vec<String> = ["seawall"].iter().chain(command).map(|word| quoted(word)).collect();
        words.extend(self.changes.iter().map(|change| format!("--set {}", quoted(change))));
        self.hashed(words.join(" "), fingerprint)
    }

    fn hashed(&self, command: String, fingerprint: Fingerprint) -> Reproduce {
        Reproduce { command, version: env!("CARGO_PKG_VERSION").to_owned(), inputs: self.inputs, fingerprint }
    }

    /// The file as the user wrote it.
    pub(crate) fn shown(&self) -> String {
        self.file.display().to_string()
    }
}

/// A word as a shell reads it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,%@+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// The name of a scenario's own directory among several: the file's name without its ending.
pub(crate) fn directory_name(file: &Path) -> String {
    file.file_stem().map_or_else(|| "scenario".to_owned(), |stem| stem.to_string_lossy().into_owned())
}

/// Refuses files whose results would go to the same directory.
pub(crate) fn distinct(files: &[PathBuf]) -> Result<(), Failure> {
    let mut names: Vec<String> = files.iter().map(|file| directory_name(file)).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => {
            Err(Failure::said(format!("several scenarios are called `{}`: write them apart", pair[0])))
        }
        None => Ok(()),
    }
}

/// Refuses a format that a command has not.
pub(crate) fn only(format: Format, possible: &[Format], command: &str) -> Result<(), Failure> {
    if possible.contains(&format) {
        return Ok(());
    }
    Err(Failure::said(format!("`{command}` does not print {}", format!("{format:?}").to_lowercase())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_a_shell_would_read_them_otherwise() {
        assert_eq!(quoted("steering.www.ttl=10s"), "steering.www.ttl=10s");
        assert_eq!(quoted("a=[b c]"), "'a=[b c]'");
        assert_eq!(quoted("it's"), "'it'\\''s'");
    }
}
