//! Malformed and absurd files, each with its exact diagnostics beside it.
//!
//! `SNAPSHOTS=overwrite cargo test -p scenarios` writes them anew; read what it wrote.

use scenarios::{Override, errors_index, load, load_bytes};
use std::collections::BTreeSet;
use std::path::PathBuf;

fn files() -> Vec<PathBuf> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bad");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|end| end == "yaml")).collect();
    files.sort();
    files
}

/// A first line `# set: key=value` is an override.
fn problems(path: &std::path::Path) -> scenarios::Problems {
    let text = std::fs::read_to_string(path).unwrap();
    let set = text.lines().next().and_then(|line| line.strip_prefix("# set: "));
    let overrides: Vec<Override> = set.into_iter().map(|set| Override::parse(set).unwrap()).collect();
    let name = path.file_name().unwrap().to_string_lossy();
    match load(&name, &text, &overrides) {
        Ok(loaded) => loaded.warnings,
        Err(problems) => problems,
    }
}

#[test]
fn every_bad_file_draws_exactly_its_diagnostics() {
    for path in files() {
        let found = problems(&path);
        assert!(!found.is_empty(), "{}", path.display());
        assert_eq!(
            found.errors() == 0,
            path.file_name().unwrap().to_string_lossy().starts_with("warn-"),
            "{}",
            path.display()
        );
        let expected = snapbox::Data::read_from(&path.with_extension("stderr"), None);
        snapbox::assert_data_eq!(found.render(false), expected.raw());
    }
}

#[test]
fn every_code_is_documented_and_reached() {
    let mut reached: BTreeSet<&str> = files().iter().flat_map(|path| problems(path).codes()).collect();
    reached.extend(load_bytes("x", b"name: caf\xe9", &[]).unwrap_err().codes());
    reached.extend(load("x", &" ".repeat(2 << 20), &[]).unwrap_err().codes());
    reached.extend(load("x", &many_sites(2001), &[]).unwrap_err().codes());
    // No preset that ships uses itself; `presets` tests this one with two that do.
    reached.insert("E0305");
    let documented: BTreeSet<&str> = errors_index().iter().map(|entry| entry.code).collect();
    assert_eq!(reached, documented);
    assert!(errors_index().iter().all(|entry| !entry.explanation.is_empty() && !entry.example.is_empty()));
}

fn many_sites(count: usize) -> String {
    let sites: String = (0..count).map(|site| format!("  s{site}: {{capacity: 1 rps}}\n")).collect();
    format!("scenario: 1\nname: x\nsites:\n{sites}")
}

#[test]
fn the_most_sites_are_not_too_many() {
    assert!(load("x", &many_sites(2000), &[]).is_ok());
}

#[test]
fn findings_have_terraforms_shape() {
    let problems =
        load("a.yaml", "scenario: 1\nname: x\nsites: {é: {capacity: 1 rps}, b: {capacity: 2}}\n", &[])
            .unwrap_err();
    let json = problems.json();
    assert_eq!(json["format_version"], "1.0");
    assert_eq!(json["valid"], false);
    assert_eq!(json["error_count"], 2);
    let second = &json["diagnostics"][1];
    assert_eq!(second["severity"], "error");
    assert_eq!(second["code"], "E0201");
    assert_eq!(second["range"]["filename"], "a.yaml");
    assert_eq!(second["range"]["start"], serde_json::json!({"line": 3, "column": 45, "byte": 65}));
    assert_eq!(problems.render_short().lines().count(), 2);
    assert!(problems.render_short().contains("a.yaml:3:45: error[E0201]: "));
}

#[test]
fn styled_output_has_colours_and_plain_output_has_none() {
    let problems = load("a.yaml", "scenario: 1\nname: x\nsites: {}\n", &[]).unwrap_err();
    assert!(problems.render(true).contains('\u{1b}'));
    assert!(!problems.render(false).contains('\u{1b}'));
}
