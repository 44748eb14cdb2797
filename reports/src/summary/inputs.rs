//! What the numbers rest on: presets in force with their sources, and warnings.

use crate::document::Document;
use crate::table::{WIDTH, shortened, wrapped};
use models::outcome::Outcome;
use models::specification::{Sourced, Specification};
use std::collections::BTreeSet;

/// Lines for the values of one preset; `validate --resolved` shows all.
const LINES: usize = 3;

/// Adds each preset in force: its values and their sources.
pub(super) fn presets(specification: &Specification, document: &mut Document) {
    if specification.sources.is_empty() {
        return;
    }
    document.section("Presets in force (all values: seawall validate --resolved)");
    let mut names: Vec<&str> = specification.sources.iter().map(|sourced| sourced.preset.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let lines = names.iter().flat_map(|name| preset(name, &specification.sources)).collect();
    document.lines(lines);
}

fn preset(name: &str, sources: &[Sourced]) -> Vec<String> {
    let of_it = || sources.iter().filter(|sourced| sourced.preset == name);
    let mut values: Vec<String> =
        of_it().map(|sourced| format!("{} {}", leaf(&sourced.path), sourced.value)).collect();
    let mut seen = BTreeSet::new();
    values.retain(|value| seen.insert(value.clone()));
    let mut cited: Vec<&str> =
        of_it().map(|sourced| sourced.source.as_str()).filter(|text| !text.is_empty()).collect();
    cited.dedup();
    let mut lines = vec![format!("  {name}")];
    lines.extend(limited(&values.join(", ")));
    if let Some(first) = cited.first() {
        let more = if cited.len() > 1 { format!(" (and {} more)", cited.len() - 1) } else { String::new() };
        let room = WIDTH - 12 - more.len();
        lines.push(format!("    source: {}{more}", shortened(first, room)));
    }
    lines
}

/// The last key of a path; where a value is in force many times, it is said once.
fn leaf(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

fn limited(text: &str) -> Vec<String> {
    let mut lines = wrapped(text, WIDTH - 8);
    if lines.len() > LINES {
        lines.truncate(LINES);
        lines[LINES - 1] += " ...";
    }
    lines.iter().map(|line| format!("    {line}")).collect()
}

/// Adds the warnings.
pub(super) fn warnings(outcome: &Outcome, document: &mut Document) {
    if outcome.warnings.is_empty() {
        return;
    }
    document.section("Warnings");
    for warning in &outcome.warnings {
        document.paragraph(format!("- {warning}"));
    }
}
