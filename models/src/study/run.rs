//! Simulating all replications.

use super::consistency::{Tally as Seen, Watch};
use super::judge::judge_clients;
use super::measure::Measured;
use super::{Options, Progress, StudyFault};
use crate::design::Design;
use crate::ledger::Tally;
use crate::observer::Nobody;
use crate::outcome::{Outcome, Stopped, StoreOutcome};
use crate::specification::{Specification, StoreId};
use crate::world::World;
use sim::runner::{Ending, Experiment, Merge, Plan, Threads, Verdict, narrow_enough, replicate};
use sim::stats::Confidence;
use sim::{Replication, Table};

/// Replications before a stop rule looks for the first time: one block.
const FIRST_LOOK: u64 = 64;

struct Replications<'d> {
    design: &'d Design,
    watch: Watch<'d>,
}

/// What a block of replications gathers.
#[derive(Default)]
struct Gathered {
    tally: Tally,
    /// What the clients of each store saw; empty before the first replication.
    seen: Table<StoreId, Option<Seen>>,
}

impl Merge for Gathered {
    fn merge(&mut self, following: Self) {
        self.tally.merge(following.tally);
        if self.seen.is_empty() {
            self.seen = following.seen;
            return;
        }
        for (id, more) in following.seen.iter() {
            if let (Some(seen), Some(more)) = (&mut self.seen[id], more) {
                seen.merge(more);
            }
        }
    }
}

impl<'d> Experiment for Replications<'d> {
    type Worker = World<'d, Nobody>;
    type Gathered = Gathered;

    fn worker(&self) -> Self::Worker {
        World::new(self.design, Nobody)
    }

    fn replicate(&self, worker: &mut Self::Worker, replication: Replication, gathered: &mut Gathered) {
        std::mem::swap(&mut worker.ledger.tally, &mut gathered.tally);
        let luck = (self.design.specification().run.seed, replication);
        self.watch.run(worker, luck, &mut gathered.seen);
        std::mem::swap(&mut worker.ledger.tally, &mut gathered.tally);
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
    let experiment = Replications { design: &design, watch: Watch::new(&design) };
    if let Some(fault) = experiment.watch.too_many(count) {
        return Err(fault);
    }
    let judge = |gathered: &Gathered, look: sim::runner::Look| {
        let measured = Measured::new(&design, &gathered.tally, look.confidence);
        match specification.run.precision {
            Some(width) => narrow_enough(&measured.loss_of_everything(), measured.outages_by_luck(), width),
            None => Verdict::Continue,
        }
    };
    let replicated = replicate(&experiment, plan, threads, judge, |done| {
        progress(Progress { done, of: count });
    })
    .map_err(StudyFault::Threads)?;
    let stopped = match replicated.ending {
        Ending::Counted => Stopped::Count,
        Ending::Reached => Stopped::Precise,
        Ending::NotReached => Stopped::NotReached,
    };
    let confidence = replicated.confidence.unwrap_or(confidence);
    let Gathered { tally, seen } = &replicated.gathered;
    let measured = Measured::new(&design, tally, confidence);
    let mut outcome = measured.outcome(stopped);
    for (store, seen) in outcome.stores.iter_mut().zip(seen.rows()) {
        store.consistency = seen.as_ref().map(|seen| seen.outcome(measured.years(), confidence));
        outcome.warnings.extend(seen.as_ref().and_then(|seen| seen.warning(&store.name)));
    }
    let stores: Table<StoreId, &StoreOutcome> = outcome.stores.iter().collect();
    for (judged, line) in outcome.expectations.iter_mut().zip(&specification.expectations) {
        if let Some(of_clients) = judge_clients(&stores, line) {
            *judged = of_clients;
        }
    }
    Ok(outcome)
}

pub(super) fn confidence(specification: &Specification) -> Confidence {
    Confidence::new(specification.run.confidence).unwrap_or(Confidence::P95)
}
