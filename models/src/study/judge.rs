//! Judging expectations by the intervals of what was measured.

use super::measure::Measured;
use crate::design::LevelId;
use crate::expect::{Expectation, Measure, Verdict};
use crate::outcome::{Estimate, Judged, Method, ScopeOutcome, Unit};
use crate::specification::Scope;

/// Judges one line of `expect`.
pub(super) fn judge(measured: &Measured, scopes: &[ScopeOutcome], line: &Expectation) -> Judged {
    let found = |scope: Scope| scopes.iter().find(|row| row.scope == scope);
    let level = |scope: Scope| measured.design.levels.position(|level| level.scope == scope);
    let specification = measured.design.specification();
    let years = super::measure::years(specification.run.horizon, measured.design.is_random())
        * measured.tally.replications as f64;
    let (estimate, unit) = match &line.measure {
        Measure::Availability(scope) => (found(*scope).map(|row| row.availability), Unit::Share),
        Measure::TimeUp(scope) => (found(*scope).map(|row| row.time_up), Unit::Share),
        Measure::TimeServed(scope, share) => {
            (measured.served_level(*scope, *share).map(|level| measured.time_up(level)), Unit::Share)
        }
        Measure::Downtime(scope) => (found(*scope).map(|row| row.downtime), Unit::Seconds),
        Measure::Outages(scope) => (found(*scope).map(|row| row.outages), Unit::PerYear),
        Measure::Recovery(scope, p) => {
            (level(*scope).map(|level| recovery(measured, level, *p)), Unit::Seconds)
        }
        Measure::OutageLength(scope, p) => {
            (level(*scope).map(|level| length(measured, level, *p)), Unit::Seconds)
        }
        Measure::Lost(scope) => (found(*scope).map(|row| lost(row, years)), Unit::PerYear),
        Measure::LostWrites(store) => (Some(measured.store(*store).lost_writes), Unit::PerYear),
        Measure::Drill(kind) => (drilled(measured, kind), Unit::Share),
    };
    let estimate = estimate.filter(|estimate| estimate.method != Method::NoSample);
    let verdict = estimate.map_or(Verdict::Undecided, |estimate| {
        line.comparison.judge(estimate.low, estimate.high, line.target)
    });
    Judged { text: line.text.clone(), target: line.target, measured: estimate, unit, verdict }
}

fn recovery(measured: &Measured, level: LevelId, p: f64) -> Estimate {
    let tally = &measured.tally.levels[level];
    measured.quantile(&tally.recovery, p)
}

fn length(measured: &Measured, level: LevelId, p: f64) -> Estimate {
    let tally = &measured.tally.levels[level];
    measured.quantile(&tally.lengths, p)
}

/// Requests lost per year, from the availability's interval.
fn lost(row: &ScopeOutcome, years: f64) -> Estimate {
    let offered = row.offered.requests() / years;
    row.availability.map(|share| (1.0 - share) * offered)
}

/// The least served share over the loss of each domain of a kind; none where there is none, or it cannot be drilled.
fn drilled(measured: &Measured, kind: &str) -> Option<Estimate> {
    let drills = super::drill(measured.design.specification(), kind).ok()?;
    drills.iter().map(|drill| drill.served).reduce(f64::min).map(Estimate::exact)
}
