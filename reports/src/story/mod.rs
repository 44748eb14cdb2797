//! The story of one replication: each change, when, because of what, and what it cost until the next.

mod cost;
mod phrase;
#[cfg(test)]
mod tests;

use crate::document::Document;
use crate::number;
use crate::reproduce::{Fingerprint, Reproduce};
use models::outcome::SourceOutcome;
use models::specification::Specification;
use models::timeline::{Change, ChangeId, Story, What};
use models::volume::Volume;
use serde::Serialize;
use sim::Instant;
use sim::hash::StableHash;
use std::collections::BTreeMap;

/// A story told: lines in the order of happening.
#[derive(Clone, PartialEq, Debug)]
pub struct Told {
    /// The scenario.
    pub name: String,
    /// Which replication.
    pub replication: u64,
    /// Where the story begins.
    pub from: Instant,
    /// Where it ends.
    pub until: Instant,
    /// Its lines.
    pub lines: Vec<Line>,
    /// Requests lost in all of it.
    pub lost: Volume,
    /// Requests lost in it while everything together was down.
    pub lost_while_down: Volume,
}

/// One change in words.
#[derive(Clone, PartialEq, Debug)]
pub struct Line {
    /// The change.
    pub id: ChangeId,
    /// When.
    pub at: Instant,
    /// The change that caused it, where it is in the story.
    pub cause: Option<ChangeId>,
    /// How many causes lead to it.
    pub depth: usize,
    /// Is it the end of the fault that is its cause?
    pub repair: bool,
    /// What happened.
    pub text: String,
    /// Requests lost from this change to the next instant at which anything changes; `None` but for the last change of
    /// an instant.
    pub lost: Option<Volume>,
}

/// Tells `story` with the names of `specification`; roots are named by `sources`.
pub fn tell(specification: &Specification, sources: &[SourceOutcome], story: &Story) -> Told {
    let phrases = phrase::Phrases::new(specification, sources);
    let mut depths: BTreeMap<ChangeId, usize> = BTreeMap::new();
    let mut lines = Vec::new();
    let changes = in_order(story);
    for (index, change) in changes.iter().enumerate() {
        let cause = change.cause.filter(|cause| depths.contains_key(cause));
        // A repair stands beside its fault, and says itself how long that was.
        let repair = matches!(change.what, What::FaultEnded { .. });
        let depth = cause.map_or(0, |cause| depths[&cause] + usize::from(!repair));
        depths.insert(change.id, depth);
        let last = changes.get(index + 1).is_none_or(|next| next.at > change.at);
        let lost =
            last.then(|| cost::between(story, change.at, next_instant(&changes[index..], story.until)));
        lines.push(Line {
            id: change.id,
            at: change.at,
            cause,
            depth,
            repair,
            text: phrases.of(change, &story.changes),
            lost,
        });
    }
    let Story { replication, from, until, .. } = *story;
    Told {
        name: specification.name.clone(),
        replication,
        from,
        until,
        lines,
        lost: cost::whole(story),
        lost_while_down: cost::while_down(story),
    }
}

/// The changes in the order of time; at the same instant, in the order of happening.
fn in_order(story: &Story) -> Vec<&Change> {
    let mut changes: Vec<&Change> = story.changes.iter().collect();
    changes.sort_by_key(|change| (change.at, change.id));
    changes
}

/// The instant of the first change after the first of `changes`.
fn next_instant(changes: &[&Change], until: Instant) -> Instant {
    let at = changes[0].at;
    changes.iter().map(|change| change.at).find(|next| *next > at).unwrap_or(until)
}

/// The story as a document. Times count from the first change told; earlier causes have only their date. A line is indented under its cause, and names it where
/// something else was told in between.
pub fn document(told: &Told, reproduce: &Reproduce) -> Document {
    let mut document = part(told);
    document.command(reproduce.to_string());
    document
}

/// The same as a part of a longer answer, which says itself how to reproduce it.
pub fn part(told: &Told) -> Document {
    let mut document = Document::default();
    let inside = told.lines.iter().find(|line| line.at >= told.from);
    let begun = inside.map_or(told.from, |line| line.at);
    document.title(format!(
        "{}: replication {}, from {}",
        told.name,
        told.replication,
        number::instant(begun)
    ));
    document.lines(text_lines(told, begun));
    document.paragraph(ending(told));
    document
}

/// Changes told at the beginning and at the end of a long story; JSON has all of them.
const TOLD: (usize, usize) = (48, 16);

fn text_lines(told: &Told, begun: Instant) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut told_at: Vec<(ChangeId, &str)> = Vec::new();
    let last = told.lines.len().saturating_sub(TOLD.1);
    for (index, line) in told.lines.iter().enumerate() {
        if index >= TOLD.0 && index < last {
            lines.extend((index == TOLD.0).then(|| left_out(&told.lines[index..last])));
            continue;
        }
        told_at.truncate(line.depth);
        let because = because(line, &told_at, told);
        lines.extend(text_line(line, begun, &because));
        lines.extend(line.lost.map(Volume::requests).filter(|lost| *lost >= 0.5).map(cost_line));
        told_at.resize(line.depth, (line.id, ""));
        told_at.push((line.id, &line.text));
    }
    lines.push(String::new());
    lines
}

/// One line for the changes in the middle of a long story.
fn left_out(lines: &[Line]) -> String {
    let lost = number::requests(lines.iter().filter_map(|line| line.lost).sum::<Volume>().requests());
    let count = number::grouped(lines.len() as u64);
    format!("{:TIMES$}  ... {count} changes left out, in which {lost} requests were lost", "")
}

/// `, because ...` where the cause is not the line that this one stands under.
fn because(line: &Line, told_at: &[(ChangeId, &str)], told: &Told) -> String {
    let Some(cause) = line.cause.filter(|_| !line.repair) else {
        return String::new();
    };
    if told_at.last().is_some_and(|(id, _)| *id == cause) {
        return String::new();
    }
    let text = told.lines.iter().find(|line| line.id == cause).map_or("", |line| line.text.as_str());
    format!(", because {text}")
}

/// Columns for the time since the first change and the time of day.
const TIMES: usize = 29;

fn text_line(line: &Line, begun: Instant, because: &str) -> Vec<String> {
    let after = if line.at < begun {
        "before".to_owned()
    } else {
        format!("+{}", number::stopwatch(line.at - begun))
    };
    let indent = "  ".repeat(line.depth.min(8));
    let room = crate::table::WIDTH - TIMES - indent.len() - 2;
    let time = format!("{after:<12} {:>16}", number::instant(line.at));
    let text = format!("{}{because}", line.text);
    let begin = |(index, text): (usize, &String)| {
        let time = if index == 0 { time.as_str() } else { "" };
        format!("{time:TIMES$}  {indent}{}{text}", if index == 0 { "" } else { "  " })
    };
    crate::table::wrapped(&text, room - 2).iter().enumerate().map(begin).collect()
}

fn cost_line(lost: f64) -> String {
    format!("{:TIMES$}  ... {} requests lost until the next change", "", number::requests(lost))
}

fn ending(told: &Told) -> String {
    let length = number::span(told.until - told.from);
    let [all, down] = [told.lost, told.lost_while_down].map(|lost| number::requests(lost.requests()));
    let apart = if all == down {
        String::new()
    } else {
        format!(", {down} of them while everything together was not up")
    };
    format!("In all {all} requests lost in the {length} told here{apart}.")
}

#[derive(Serialize)]
struct StoryJson<'a> {
    format_version: &'static str,
    kind: &'static str,
    name: &'a str,
    replication: u64,
    from_ns: i64,
    until_ns: i64,
    lost: crate::json::VolumeJson,
    changes: Vec<LineJson<'a>>,
    reproduce: Option<&'a Reproduce>,
}

#[derive(Serialize)]
struct LineJson<'a> {
    change: u32,
    at_ns: i64,
    cause: Option<u32>,
    text: &'a str,
    lost_until_next_requests: Option<f64>,
}

impl<'a> StoryJson<'a> {
    fn new(told: &'a Told, reproduce: Option<&'a Reproduce>) -> Self {
        let line = |line: &'a Line| LineJson {
            change: line.id.0,
            at_ns: line.at.nanos(),
            cause: line.cause.map(|cause| cause.0),
            text: &line.text,
            lost_until_next_requests: line.lost.map(Volume::requests),
        };
        StoryJson {
            format_version: crate::json::FORMAT_VERSION,
            kind: "story",
            name: &told.name,
            replication: told.replication,
            from_ns: told.from.nanos(),
            until_ns: told.until.nanos(),
            lost: told.lost.into(),
            changes: told.lines.iter().map(line).collect(),
            reproduce,
        }
    }
}

/// The story as JSON.
pub fn json(told: &Told, reproduce: &Reproduce) -> String {
    crate::json::pretty(&StoryJson::new(told, Some(reproduce)))
}

/// The hash of a story.
pub fn fingerprint(told: &Told) -> Fingerprint {
    let mut hash = StableHash::new();
    hash.write(crate::json::pretty(&StoryJson::new(told, None)).as_bytes());
    Fingerprint::new(hash.finish())
}
