//! Judging expectations by the intervals of what was measured.

use super::measure::Measured;
use crate::design::LevelId;
use crate::expect::{Expectation, Measure, Verdict};
use crate::outcome::{Estimate, Judged, Method, ScopeOutcome, StoreOutcome, Unit};
use crate::specification::{Scope, StoreId};
use sim::Table;

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
        Measure::Writable(store) => (Some(measured.store(*store).writable), Unit::Share),
        Measure::TwoWriters(store) => (Some(measured.store(*store).two_writers), Unit::Seconds),
        Measure::MissedDuties(store) => {
            (measured.store(*store).duties.map(|duties| duties.missed), Unit::PerYear)
        }
        Measure::DoubleSigns(store) => {
            (measured.store(*store).duties.map(|duties| duties.double_signs), Unit::PerYear)
        }
        // Known once operations have been looked at.
        Measure::Clients(..) => (None, Unit::Share),
        Measure::Drill(kind) => (drilled(measured, kind), Unit::Share),
    };
    decide(line, estimate, unit)
}

/// Judges what clients of stores see, where anybody looked.
pub(super) fn judge_clients(stores: &Table<StoreId, &StoreOutcome>, line: &Expectation) -> Option<Judged> {
    let Measure::Clients(anomaly, store) = line.measure else { return None };
    let seen = stores[store].consistency.as_ref()?;
    let row = seen.anomalies.iter().find(|row| row.anomaly == anomaly)?;
    Some(decide(line, Some(row.of_eligible.map(|per_million| per_million / 1e6)), Unit::OfOperations))
}

fn decide(line: &Expectation, estimate: Option<Estimate>, unit: Unit) -> Judged {
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
