//! The engine, as the commands ask it.

use crate::failure::Failure;
use crate::input::Scenario;
use crate::progress::{self, Audience};
use models::outcome::{DrillOutcome, Outcome, Worst};
use models::study::{self, Asked, ClientSlice, Options, Played, StudyFault};
use models::timeline::Story;
use sim::{Instant, Span};

/// Quiet time told before and after an outage, as a share of it, in seconds at least, and at most.
const MARGIN: (f64, f64, f64) = (0.08, 30.0, 300.0);
/// Time after an outage in which what clients of stores see is told, as a share of it.
const AFTERMATH: f64 = 0.5;

/// Simulates all replications.
pub(crate) fn run(scenario: &Scenario, threads: Option<u64>, audience: Audience) -> Result<Outcome, Failure> {
    let specification = &scenario.specification;
    let bar = progress::bar(audience, specification.run.replications);
    let options = Options { threads: threads.and_then(|threads| usize::try_from(threads).ok()) };
    let outcome = study::run(specification, &options, &|progress| bar.set_position(progress.done));
    bar.finish_and_clear();
    outcome.map_err(|fault| failure(scenario, &fault))
}

/// Loses every domain of a kind, or one by its path.
pub(crate) fn drill(scenario: &Scenario, lose: &str) -> Result<Vec<DrillOutcome>, Failure> {
    study::drill(&scenario.specification, lose).map_err(|fault| failure(scenario, &fault))
}

/// A stretch of a replication, kept in full.
pub(crate) fn story(
    scenario: &Scenario,
    replication: u64,
    from: Option<Instant>,
    until: Option<Instant>,
) -> Result<Story, Failure> {
    study::story(&scenario.specification, replication, from, until).map_err(|fault| failure(scenario, &fault))
}

/// Single operations on a store.
pub(crate) fn history(scenario: &Scenario, asked: &Asked) -> Result<Played, Failure> {
    study::history(&scenario.specification, asked)
        .map_err(|fault| Failure::said(format!("{}: {fault}", scenario.shown())))
}

fn failure(scenario: &Scenario, fault: &StudyFault) -> Failure {
    Failure::said(format!("{}: {fault}", scenario.shown()))
}

/// The worst outage with some quiet time around it.
pub(crate) fn worst(scenario: &Scenario, worst: Worst) -> Result<Story, Failure> {
    let (from, until) = around(scenario, worst, Span::ZERO);
    story(scenario, worst.replication, Some(from), Some(until))
}

/// What clients of stores saw then, and after it: for half as long, since what a store lacks is missed when it is back.
pub(crate) fn worst_for_clients(scenario: &Scenario, worst: Worst) -> Result<Vec<ClientSlice>, Failure> {
    let aftermath = Span::from_seconds((worst.until - worst.from).seconds() * AFTERMATH);
    let (from, until) = around(scenario, worst, aftermath);
    study::clients_over_time(&scenario.specification, worst.replication, (from, until))
        .map_err(|fault| failure(scenario, &fault))
}

/// From a margin before an outage to a margin after it and `more`.
fn around(scenario: &Scenario, worst: Worst, more: Span) -> (Instant, Instant) {
    let length = (worst.until - worst.from).seconds();
    let margin = Span::from_seconds((length * MARGIN.0).clamp(MARGIN.1, MARGIN.2));
    let from = (worst.from - margin).max(Instant::ZERO);
    (from, (worst.until + margin + more).min(Instant::ZERO + scenario.specification.run.horizon))
}
