//! What the numbers rest on: presets in force with their sources, and warnings.

use crate::document::Document;
use crate::table::{WIDTH, chars, shortened};
use models::outcome::Outcome;
use models::specification::{Sourced, Specification};
use std::collections::BTreeMap;

/// Lines for the values of one place, and places for one preset; `validate --resolved` shows all.
const LINES: usize = 3;
const GROUPS: usize = 4;

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
    let mut cited: Vec<&str> =
        of_it().map(|sourced| sourced.source.as_str()).filter(|text| !text.is_empty()).collect();
    cited.dedup();
    let mut lines = vec![format!("  {name}")];
    let groups = by_owner(&of_it().collect::<Vec<_>>());
    lines.extend(groups.iter().take(GROUPS).flat_map(lines_of));
    if groups.len() > GROUPS {
        lines.push(format!("    ... and {} more places with other values", groups.len() - GROUPS));
    }
    if let Some(first) = cited.first() {
        let more = if cited.len() > 1 { format!(" (and {} more)", cited.len() - 1) } else { String::new() };
        let room = WIDTH - 12 - more.len();
        lines.push(format!("    source: {}{more}", shortened(first, room)));
    }
    lines
}

/// Keys that hold others: `outages.up` says more than `up`.
const HOLDERS: [&str; 2] = ["outages", "daily"];

/// Whose a value is, and its key: `aws/us-east-1` and `outages.up` of `providers.aws.regions.us-east-1.outages.up`.
fn owner_and_key(path: &str) -> (String, String) {
    let mut keys: Vec<&str> = path.split('.').collect();
    let last = keys.pop().unwrap_or_default();
    let holder = keys.pop_if(|key| HOLDERS.contains(key));
    let key = holder.map_or(last.to_owned(), |holder| format!("{holder}.{last}"));
    let owner: Vec<&str> = keys.into_iter().skip(1).filter(|key| !PLURALS.contains(key)).collect();
    (owner.join("/"), key)
}

/// Sections within a path that name no thing.
const PLURALS: [&str; 2] = ["regions", "zones"];

/// Each owner with all its values; owners with the same values together.
fn by_owner(sources: &[&Sourced]) -> Vec<(Vec<String>, Vec<String>)> {
    let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for sourced in sources {
        let (owner, key) = owner_and_key(&sourced.path);
        values.entry(owner).or_default().push(format!("{key} {}", sourced.value));
    }
    let mut groups: Vec<(Vec<String>, Vec<String>)> = Vec::new();
    for (owner, values) in values {
        match groups.iter_mut().find(|group| group.1 == values) {
            Some(group) => group.0.push(owner),
            None => groups.push((vec![owner], values)),
        }
    }
    groups
}

/// Owners named before a group's values; the others are counted.
const OWNERS: usize = 3;

fn owners(names: &[String]) -> String {
    let more = names.len().saturating_sub(OWNERS);
    let named = names[..names.len() - more].join(", ");
    if more > 0 { format!("{named} and {more} more") } else { named }
}

/// `aws: up 18mo, ...` in as few lines as hold it, broken between values only.
fn lines_of((names, values): &(Vec<String>, Vec<String>)) -> Vec<String> {
    let mut lines = vec![format!("{}:", owners(names))];
    for (index, value) in values.iter().enumerate() {
        let end = if index + 1 < values.len() { "," } else { "" };
        let last = lines.last_mut().expect("there is always a line");
        if chars(last) + chars(value) + 2 > WIDTH - 8 {
            lines.push(format!("  {value}{end}"));
        } else {
            *last += &format!(" {value}{end}");
        }
    }
    if lines.len() > LINES {
        lines.truncate(LINES);
        lines[LINES - 1] += " ...";
    }
    lines.iter().map(|line| format!("    {}", shortened(line, WIDTH - 4))).collect()
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
