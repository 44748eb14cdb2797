//! The engine, as the commands ask it.

use crate::progress::{self, Audience};
use models::outcome::{DrillOutcome, Outcome, Worst};
use models::specification::Specification;
use models::study::{self, Options};
use models::timeline::Story;
use sim::{Instant, Span};

/// Quiet time told before and after an outage.
const MARGIN: f64 = 0.08;

/// Simulates all replications.
pub(crate) fn run(specification: &Specification, threads: Option<u64>, audience: Audience) -> Outcome {
    let bar = progress::bar(audience, specification.run.replications);
    let options = Options { threads: threads.and_then(|threads| usize::try_from(threads).ok()) };
    let outcome = study::run(specification, &options, &|progress| bar.set_position(progress.done));
    bar.finish_and_clear();
    outcome
}

/// Loses every domain of a kind, or one by its path.
pub(crate) fn drill(specification: &Specification, lose: &str) -> Vec<DrillOutcome> {
    study::drill(specification, lose)
}

/// A stretch of a replication, kept in full.
pub(crate) fn story(specification: &Specification, replication: u64, from: Option<Instant>, until: Option<Instant>) -> Story {
    study::story(specification, replication, from, until)
}

/// The worst outage with some quiet time around it.
pub(crate) fn worst(specification: &Specification, worst: Worst) -> Story {
    let margin = Span::from_seconds(((worst.until - worst.from).seconds() * MARGIN).max(30.0));
    let from = (worst.from - margin).max(Instant::ZERO);
    let until = (worst.until + margin).min(Instant::ZERO + specification.run.horizon);
    story(specification, worst.replication, Some(from), Some(until))
}
