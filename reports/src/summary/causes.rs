//! Tables of what losses are charged to.

use super::Basis;
use crate::document::Document;
use crate::json::source_name;
use crate::number::{self, Scale, count_scale, time_scale};
use crate::table::Table;
use models::blame::SourceId;
use models::outcome::{Outcome, ScopeOutcome, SourceOutcome};
use models::volume::Volume;

/// Rows of a table of faults; the JSON has all of them.
const ROWS: usize = 10;

/// Adds the tables of blame for `everything`.
pub(super) fn tables(outcome: &Outcome, everything: &ScopeOutcome, document: &mut Document) {
    if !everything.lost.is_zero() {
        document.section("Requests lost, by mechanism");
        document.table(by_mechanism(outcome, everything));
        document.section("Requests lost, by the fault at the root");
        document.table(by_source(outcome, everything));
        left_out(everything.by_source.len(), document);
    }
    if !everything.time_by_source.is_empty() {
        document.section("Time not up, by fault");
        document.table(time_by_source(outcome, everything));
        left_out(everything.time_by_source.len(), document);
    }
}

fn left_out(rows: usize, document: &mut Document) {
    if rows > ROWS {
        document.paragraph(format!("and {} more, in the JSON and the CSV", rows - ROWS));
    }
}

fn lost_head(outcome: &Outcome, everything: &ScopeOutcome) -> (Scale, String, f64) {
    let basis = Basis::of(outcome);
    let scale = count_scale(everything.lost.requests() / basis.total_over);
    let unit = if scale.name.is_empty() { String::new() } else { format!(", {}", scale.name) };
    (scale, format!(">lost{}{unit}", basis.words), basis.total_over)
}

fn by_mechanism(outcome: &Outcome, everything: &ScopeOutcome) -> Table {
    let (scale, head, over) = lost_head(outcome, everything);
    let mut table = Table::new(["mechanism", &head, ">share", "meaning"]);
    for &(mechanism, lost) in everything.by_mechanism.iter().filter(|(_, lost)| !lost.is_zero()) {
        table.row([
            mechanism.name().into(),
            scale.bare(lost.requests() / over).into(),
            share(lost, everything.lost).into(),
            crate::words::meaning(mechanism).into(),
        ]);
    }
    table.row([
        "all".into(),
        scale.bare(everything.lost.requests() / over).into(),
        "100 %".into(),
        "".into(),
    ]);
    table
}

/// A share without interval, in as few digits as say it.
fn share(part: Volume, whole: Volume) -> String {
    number::rough_percent(part.requests() / whole.requests())
}

fn by_source(outcome: &Outcome, everything: &ScopeOutcome) -> Table {
    let (scale, head, over) = lost_head(outcome, everything);
    let basis = Basis::of(outcome);
    let faults = format!(">faults{}", basis.words);
    let mut table = Table::new(["root", "share", &head, &faults, ">mean fault"]);
    for &(source, lost) in everything.by_source.iter().take(ROWS) {
        let root = outcome.sources.get(source.0 as usize);
        table.row([
            source_name(&outcome.sources, source).into(),
            share_with_interval(everything, source, lost).into(),
            scale.bare(lost.requests() / over).into(),
            root.filter(has_faults)
                .map_or("-".to_owned(), |root| number::significant(root.faults * basis.year_times, 2))
                .into(),
            root.filter(has_faults).map_or("-".to_owned(), |root| number::length(root.length_mean)).into(),
        ]);
    }
    table
}

const NANOS: f64 = 1e9;

fn has_faults(root: &&SourceOutcome) -> bool {
    root.faults > 0.0 && root.length_mean.is_finite()
}

fn share_with_interval(everything: &ScopeOutcome, source: SourceId, lost: Volume) -> String {
    let cause = everything.causes.iter().find(|cause| cause.source == source);
    cause.map_or_else(
        || share(lost, everything.lost),
        |cause| number::estimate(cause.share, Scale::PERCENT).replace(" exactly", ""),
    )
}

fn time_by_source(outcome: &Outcome, everything: &ScopeOutcome) -> Table {
    let basis = Basis::of(outcome);
    let total: i128 = everything.time_by_source.iter().map(|time| time.charged).sum();
    let per = |nanos: i128| nanos as f64 / NANOS / basis.total_over;
    let scale =
        time_scale(everything.time_by_source.iter().map(|time| per(time.started)).fold(0.0, f64::max));
    let head = format!(">charged, {}{}", scale.name, basis.words);
    let mut table = Table::new(["root", ">share", &head, ">alone", ">in outages it began"]);
    for time in everything.time_by_source.iter().take(ROWS) {
        let share = if total == 0 { 0.0 } else { time.charged as f64 / total as f64 };
        table.row([
            source_name(&outcome.sources, time.source).into(),
            number::rough_percent(share).into(),
            scale.bare(per(time.charged)).into(),
            scale.bare(per(time.sole)).into(),
            scale.bare(per(time.started)).into(),
        ]);
    }
    table
}
