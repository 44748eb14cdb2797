//! Expectations with their verdicts, and the odds of missing what was promised.

use crate::document::Document;
use crate::number::{self, Scale, grouped, time_scale};
use crate::table::{Cell, Table, Tone};
use models::expect::Verdict;
use models::outcome::{Estimate, Judged, Method, Outcome, Unit};

/// Advice to use more than this many times the replications is no advice.
const MORE_MAX: f64 = 1000.0;

/// Adds the table of expectations and the count of verdicts.
pub(super) fn expectations(outcome: &Outcome, document: &mut Document) {
    if outcome.expectations.is_empty() {
        return;
    }
    document.section("Expectations");
    let mut table = Table::new(["expectation", "measured", "verdict"]);
    for judged in &outcome.expectations {
        table.row([
            judged.text.clone().into(),
            measured(judged).into(),
            verdict(judged, outcome.replications),
        ]);
    }
    document.table(table);
}

/// The verdicts of several scenarios, one row an expectation, and their count.
pub fn check(scenarios: &[(String, &Outcome)]) -> Document {
    let mut document = Document::default();
    let mut table = Table::new(["scenario", "expectation", "measured", "verdict"]);
    for (file, outcome) in scenarios {
        for judged in &outcome.expectations {
            let verdict = verdict(judged, outcome.replications);
            table.row([file.clone().into(), judged.text.clone().into(), measured(judged).into(), verdict]);
        }
    }
    if !table.is_empty() {
        document.table(table);
    }
    document.lines(vec![String::new(), tally(scenarios)]);
    document
}

/// `1 holds, 1 fails, 1 undecided`.
fn tally(scenarios: &[(String, &Outcome)]) -> String {
    let all = || scenarios.iter().flat_map(|(_, outcome)| &outcome.expectations);
    if all().next().is_none() {
        return "no expectations: write some under `expect`".to_owned();
    }
    let count =
        |verdict: Verdict| format!("{} {verdict}", all().filter(|judged| judged.verdict == verdict).count());
    [Verdict::Holds, Verdict::Fails, Verdict::Undecided].map(count).join(", ")
}

fn measured(judged: &Judged) -> String {
    let Some(measured) = judged.measured else {
        return "no sample".to_owned();
    };
    number::estimate(measured, scale(judged, measured))
}

/// Shares of operations are told as they were asked for.
fn scale(judged: &Judged, measured: Estimate) -> Scale {
    match judged.unit {
        Unit::OfOperations if judged.text.trim_end().ends_with("per million") => Scale::PER_MILLION,
        Unit::Share | Unit::OfOperations => Scale::PERCENT,
        Unit::Seconds => time_scale(if measured.value > 0.0 { measured.value } else { measured.high }),
        Unit::PerYear => number::count_scale(measured.value),
    }
}

fn verdict(judged: &Judged, replications: u64) -> Cell {
    let tone = match judged.verdict {
        Verdict::Holds => Tone::Good,
        Verdict::Fails => Tone::Bad,
        Verdict::Undecided => Tone::Unsure,
    };
    let advice = advice(judged, replications).map_or(String::new(), |advice| format!(" ({advice})"));
    Cell { text: format!("{}{advice}", judged.verdict), tone }
}

/// How many replications would narrow the interval enough for a verdict: to two thirds of the distance from the target,
/// since the estimate moves as well.
fn advice(judged: &Judged, replications: u64) -> Option<String> {
    let measured = judged.measured.filter(|measured| measured.method != Method::Exact)?;
    if judged.verdict != Verdict::Undecided || !measured.value.is_finite() {
        return None;
    }
    let distance = (measured.value - judged.target).abs() / 1.5;
    let counts = std::iter::successors(Some(replications.next_power_of_two()), |count| Some(count * 2));
    let mut useful = counts.take_while(|count| *count as f64 <= MORE_MAX * replications as f64).skip(1);
    let enough = useful.find(|count| {
        let times = *count as f64 / replications as f64;
        reach(measured, judged.target > measured.value, times) <= distance
    })?;
    let more = if judged.unit == Unit::OfOperations { " or more `run.operations`" } else { "" };
    Some(format!("try {} replications{more}", grouped(enough)))
}

/// How far the interval would reach to one side after so many times the replications. A bound after no event shrinks in
/// proportion; of the others, what both sides have in common shrinks with the root, and by how much one is longer, which is the
/// weight of what was not seen yet, in proportion.
fn reach(measured: Estimate, above: bool, times: f64) -> f64 {
    let (below, over) = (measured.value - measured.low, measured.high - measured.value);
    let side = if above { over } else { below };
    if measured.method == Method::NoneSeen {
        return side / times;
    }
    let common = below.min(over);
    common / times.sqrt() + (side - common) / times
}

/// Adds the odds of missing each promise.
pub(super) fn promises(outcome: &Outcome, document: &mut Document) {
    if outcome.promises.is_empty() {
        return;
    }
    let period = number::horizon(outcome.horizon);
    document.section("Promises");
    let head = format!("probability of missing it in {period}");
    let mut table = Table::new(["to", ">promised", &head]);
    for promise in &outcome.promises {
        let promised = format!("{} %", number::target_percent(promise.availability));
        let missed = number::estimate(promise.missed, Scale::PERCENT);
        table.row([promise.name.clone().into(), promised.into(), missed.into()]);
    }
    document.table(table);
}
