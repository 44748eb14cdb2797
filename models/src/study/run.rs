//! Simulating all replications.

use super::measure::Measured;
use super::{Options, Progress, StudyFault};
use crate::design::Design;
use crate::ledger::Tally;
use crate::observer::Nobody;
use crate::outcome::{Outcome, Stopped};
use crate::specification::Specification;
use crate::world::World;
use sim::Replication;
use sim::runner::{Ending, Experiment, Plan, Threads, Verdict, narrow_enough, replicate};
use sim::stats::Confidence;

/// Replications before a stop rule looks for the first time: one block.
const FIRST_LOOK: u64 = 64;

struct Replications<'d>(&'d Design);

impl<'d> Experiment for Replications<'d> {
    type Worker = World<'d, Nobody>;
    type Gathered = Tally;

    fn worker(&self) -> Self::Worker {
        World::new(self.0, Nobody)
    }

    fn replicate(&self, worker: &mut Self::Worker, replication: Replication, gathered: &mut Tally) {
        std::mem::swap(&mut worker.ledger.tally, gathered);
        worker.run(self.0.specification().run.seed, replication);
        std::mem::swap(&mut worker.ledger.tally, gathered);
    }
}

/// Simulates `specification` over all its replications, or until its precision is reached. `progress` is told how far
/// it is, now and then.
///
/// # Errors
/// Where the specification contradicts itself, or the machine gives no threads.
pub fn run(
    specification: &Specification,
    options: &Options,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Outcome, StudyFault> {
    let design = Design::new(specification.clone())?;
    let threads = options.threads.map_or(Threads::All, Threads::Exactly);
    // Where nothing is drawn, all replications are the same one.
    let count = if design.is_random() { specification.run.replications } else { 1 };
    let confidence = confidence(specification);
    let plan = match specification.run.precision {
        Some(_) if design.is_random() => Plan::Until { first: FIRST_LOOK, cap: count, confidence },
        _ => Plan::Count(count),
    };
    let judge = |tally: &Tally, look: sim::runner::Look| {
        let measured = Measured::new(&design, tally, look.confidence);
        match specification.run.precision {
            Some(width) => narrow_enough(&measured.loss_of_everything(), measured.outages_by_luck(), width),
            None => Verdict::Continue,
        }
    };
    let replicated = replicate(&Replications(&design), plan, threads, judge, |done| {
        progress(Progress { done, of: count });
    })
    .map_err(StudyFault::Threads)?;
    let stopped = match replicated.ending {
        Ending::Counted => Stopped::Count,
        Ending::Reached => Stopped::Precise,
        Ending::NotReached => Stopped::NotReached,
    };
    let measured = Measured::new(&design, &replicated.gathered, replicated.confidence.unwrap_or(confidence));
    Ok(measured.outcome(stopped))
}

pub(super) fn confidence(specification: &Specification) -> Confidence {
    Confidence::new(specification.run.confidence).unwrap_or(Confidence::P95)
}
