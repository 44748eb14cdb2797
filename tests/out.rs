//! `--out` and `init`: results in directories, whole or not at all.

use snapbox::cmd::{Command, cargo_bin};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// A directory of a test's own, with the scenarios of the manual, removed when it is done.
struct Room(PathBuf);

impl Room {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("seawall-out-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("a directory for the test");
        for file in ["shop.yaml", "lucky.yaml"] {
            let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cmd/run.in").join(file);
            fs::copy(from, path.join(file)).expect("the scenario is there");
        }
        Room(path)
    }

    fn seawall(&self, arguments: &[&str]) -> i32 {
        self.output(arguments).status.code().expect("it ends by itself")
    }

    fn output(&self, arguments: &[&str]) -> std::process::Output {
        let output = Command::new(cargo_bin!("seawall")).current_dir(&self.0).args(arguments).output();
        output.expect("it runs")
    }

    /// What it says on standard error.
    fn said(&self, arguments: &[&str]) -> String {
        String::from_utf8(self.output(arguments).stderr).expect("it is text")
    }

    /// Every file below `directory` and its bytes.
    fn files(&self, directory: &str) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        let mut waiting = vec![self.0.join(directory)];
        while let Some(path) = waiting.pop() {
            if path.is_dir() {
                waiting.extend(
                    fs::read_dir(&path).expect("it is there").map(|entry| entry.expect("it is there").path()),
                );
            } else {
                let name =
                    path.strip_prefix(self.0.join(directory)).expect("it is below").display().to_string();
                files.insert(name, fs::read(&path).expect("it can be read"));
            }
        }
        files
    }

    fn names(&self, directory: &str) -> Vec<String> {
        self.files(directory).into_keys().collect()
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_run_writes_text_json_tables_and_plots() {
    let room = Room::new("all");
    assert_eq!(room.seawall(&["run", "lucky.yaml", "--out", "results"]), 0);
    let names = room.names("results");
    let expected = [
        "blame.csv",
        "blame.svg",
        "downtime.svg",
        "downtimes.csv",
        "load.svg",
        "losses.csv",
        "report.html",
        "resolved.yaml",
        "result.json",
        "scopes.csv",
        "sites.csv",
        "story.txt",
        "summary.md",
        "summary.txt",
        "timeline.csv",
        "worst-outage.svg",
    ];
    assert_eq!(names, expected);
    assert_eq!(room.names(".").len(), 2 + expected.len(), "nothing is left beside the results");
}

#[test]
fn what_was_written_is_said_unless_it_is_to_be_quiet() {
    let room = Room::new("said");
    let said = room.said(&["drill", "shop.yaml", "--out", "one"]);
    assert_eq!(said, "wrote 4 files to one: summary.txt, summary.md, drill.json, drill.csv\n");
    assert_eq!(room.said(&["drill", "shop.yaml", "--out", "two", "--quiet"]), "");
    assert_eq!(room.names("one"), room.names("two"));
}

#[test]
fn what_the_first_scenario_says_to_try_survives_the_loss_of_either_region() {
    let room = Room::new("hint");
    assert_eq!(room.seawall(&["init", "first"]), 0);
    let file = room.0.join("first/scenario.yaml");
    let text = fs::read_to_string(&file).expect("it is there");
    let line = text.lines().find(|line| line.contains("--set sites.dublin")).expect("there is a hint");
    let tried: Vec<String> = line.split("--set ").skip(1).map(|set| set.trim().replace('\'', "")).collect();
    let drill = ["drill", "first/scenario.yaml", "--lose", "region", "--format", "csv"];
    let changes = tried.iter().flat_map(|set| ["--set", set.as_str()]);
    let output = room.output(&drill.into_iter().chain(changes).collect::<Vec<_>>());
    let table = String::from_utf8(output.stdout).expect("it is text");
    let served: Vec<&str> = table.lines().skip(1).filter_map(|row| row.split(',').nth(3)).collect();
    assert_eq!((tried.len(), served), (2, vec!["1", "1"]));
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    let room = Room::new("threads");
    assert_eq!(room.seawall(&["run", "lucky.yaml", "--threads", "1", "--out", "one"]), 0);
    assert_eq!(room.seawall(&["run", "lucky.yaml", "--threads", "3", "--out", "three"]), 0);
    assert_eq!(room.files("one"), room.files("three"));
}

#[test]
fn several_scenarios_get_a_directory_each() {
    let room = Room::new("several");
    assert_eq!(room.seawall(&["run", "shop.yaml", "lucky.yaml", "--out", "results"]), 0);
    let names = room.names("results");
    assert!(
        names.contains(&"shop/result.json".to_owned()) && names.contains(&"lucky/result.json".to_owned())
    );
}

#[test]
fn two_scenarios_of_the_same_name_are_refused_before_anything_runs() {
    let room = Room::new("twins");
    assert_eq!(room.seawall(&["run", "shop.yaml", "./shop.yaml", "--out", "results"]), 2);
    assert!(!room.0.join("results").exists());
}

#[test]
fn results_are_overwritten_only_if_forced() {
    let room = Room::new("forced");
    assert_eq!(room.seawall(&["drill", "shop.yaml", "--out", "results"]), 0);
    let first = room.files("results");
    assert_eq!(room.seawall(&["run", "shop.yaml", "--out", "results"]), 2);
    assert_eq!(room.files("results"), first);
    assert_eq!(room.seawall(&["run", "shop.yaml", "--out", "results", "--force"]), 0);
    assert!(!room.names("results").contains(&"drill.json".to_owned()), "the old results are gone");
}

#[test]
fn a_directory_with_other_files_is_never_touched() {
    let room = Room::new("foreign");
    assert_eq!(room.seawall(&["run", "shop.yaml", "--out", ".", "--force"]), 2);
    assert_eq!(room.names("."), ["lucky.yaml", "shop.yaml"]);
}

#[test]
fn the_first_scenario_is_valid_and_runs() {
    let room = Room::new("init");
    assert_eq!(room.seawall(&["init", "first"]), 0);
    assert_eq!(room.names("first"), ["scenario.yaml", "seawall.schema.json"]);
    assert_eq!(room.seawall(&["init", "first"]), 2, "it is not overwritten");
    assert_eq!(room.seawall(&["init", "first", "--force"]), 0);
    assert_eq!(room.seawall(&["validate", "first/scenario.yaml"]), 0);
    assert_eq!(room.seawall(&["run", "first/scenario.yaml", "--replications", "8"]), 0);
}

#[test]
fn what_clients_saw_around_the_worst_outage_is_told_and_drawn() {
    let room = Room::new("clients");
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cmd/history.in/orders.yaml");
    fs::copy(from, room.0.join("orders.yaml")).expect("the scenario is there");
    let sessions = "stores.orders.sessions={operations: 10, think: 1s}";
    let run =
        ["run", "orders.yaml", "--set", "stores.orders.keys=1000", "--set", sessions, "--out", "results"];
    assert_eq!(room.seawall(&run), 0);
    let files = room.files("results");
    let text = |name: &str| String::from_utf8(files[name].clone()).expect("it is text");
    // The writer dies: some slices lose writes, the others none.
    let table = text("consistency-timeline.csv");
    let lost: Vec<&str> = table.lines().filter(|line| line.contains(",lost-write,")).collect();
    let some = lost.iter().filter(|line| line.split(',').nth(5) != Some("0")).count();
    assert!(lost.len() == 60 && some > 0 && some < 30, "{lost:?}");
    assert!(text("consistency.svg").contains("writes lost"));
    assert!(text("report.html").contains("What clients saw around the worst outage"));
    // Results are ours to overwrite, when asked.
    assert_eq!(room.seawall(&run), 2);
    assert_eq!(room.seawall(&[&run[..], &["--force"]].concat()), 0);
}
