//! The replication runner: independent replications on all cores, with the same result whatever their number.
//!
//! The unit of work is a block of [`BLOCK`] replications. A block is run by one thread into an accumulator of its own;
//! accumulators are merged in the order of their blocks. A stop rule sees only completed prefixes of fixed lengths, so
//! how many replications are run does not depend on which thread was faster.

use crate::stats::{Confidence, Estimate};
use crate::stream::Replication;
use rayon::prelude::*;
use std::fmt;
use std::sync::Mutex;

/// Replications in a block.
pub const BLOCK: u64 = 64;

/// Blocks run between two merges, so that memory does not grow with the number of replications.
const BATCH_BLOCKS: u64 = 256;

/// What a block of replications gathers. Merging is done in block order, so it need not commute; if it is exact
/// (integers only), the result does not depend on [`BLOCK`] either.
pub trait Merge {
    /// Takes in what the following replications gathered.
    fn merge(&mut self, following: Self);
}

/// How many replications to run.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Plan {
    /// This many.
    Count(u64),
    /// Until the judge is satisfied, looking after `first`, 2 `first`, 4 `first`... replications, at most `cap`.
    Until {
        /// Replications before the first look; at least 1.
        first: u64,
        /// Replications after which the judge's verdict is no longer waited for.
        cap: u64,
        /// Confidence that holds over all looks together.
        confidence: Confidence,
    },
}

/// One look of a stop rule at a completed prefix.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Look {
    /// Its number, from 0.
    pub number: u32,
    /// Replications completed.
    pub replications: u64,
    /// The confidence to judge at: look j spends 6 alpha / (pi^2 (j + 1)^2) of the error, which sums to alpha.
    pub confidence: Confidence,
}

/// What a judge says at a look.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Run on.
    Continue,
    /// The goal is reached.
    Stop,
}

/// Why a run of replications ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// The planned count was run.
    Counted,
    /// The judge was satisfied.
    Reached,
    /// The cap came before the judge was satisfied.
    NotReached,
}

/// What replications gave.
#[derive(Clone, PartialEq, Debug)]
pub struct Replicated<A> {
    /// Everything gathered, in replication order.
    pub gathered: A,
    /// Replications run: the numbers 0 up to this.
    pub replications: u64,
    /// Why no more were run.
    pub ending: Ending,
    /// The confidence of the last look: intervals printed at this level keep the promise made over all looks. None
    /// where the count was planned.
    pub confidence: Option<Confidence>,
}

/// Threads to use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Threads {
    /// One for each core.
    All,
    /// This many; at least 1.
    Exactly(usize),
}

/// The system refused to start the threads.
#[derive(Debug)]
pub struct ThreadsRefused(rayon::ThreadPoolBuildError);

impl fmt::Display for ThreadsRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot start the worker threads: {}", self.0)
    }
}

impl std::error::Error for ThreadsRefused {}

/// What is run. Each thread has a worker, which keeps its buffers from replication to replication.
pub trait Experiment: Sync {
    /// The state a thread reuses. Nothing in it may carry a result from one replication to the next.
    type Worker: Send;
    /// What is gathered.
    type Gathered: Merge + Default + Send;

    /// A fresh worker.
    fn worker(&self) -> Self::Worker;

    /// Runs one replication and adds to what its block gathered.
    fn replicate(&self, worker: &mut Self::Worker, replication: Replication, gathered: &mut Self::Gathered);
}

/// Runs replications of `experiment` as planned.
///
/// `judge` is asked at each look of [`Plan::Until`]; `progress` is told the number of replications completed, after
/// each batch of blocks, from the calling thread.
///
/// # Errors
/// [`ThreadsRefused`].
pub fn replicate<E: Experiment>(
    experiment: &E,
    plan: Plan,
    threads: Threads,
    mut judge: impl FnMut(&E::Gathered, Look) -> Verdict + Send,
    mut progress: impl FnMut(u64) + Send,
) -> Result<Replicated<E::Gathered>, ThreadsRefused> {
    let count = match threads {
        Threads::All => 0, // rayon's word for one a core
        Threads::Exactly(count) => count.max(1),
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(count).build().map_err(ThreadsRefused)?;
    let mut run =
        Run { experiment, pool: &pool, idle: Mutex::default(), gathered: E::Gathered::default(), done: 0 };
    let (ending, confidence) = match plan {
        Plan::Count(count) => {
            run.extend(count, &mut progress);
            (Ending::Counted, None)
        }
        Plan::Until { first, cap, confidence } => {
            let (ending, look) = run.until(first.max(1), cap, confidence, &mut judge, &mut progress);
            (ending, Some(look.confidence))
        }
    };
    Ok(Replicated { gathered: run.gathered, replications: run.done, ending, confidence })
}

/// Is a relative half-width reached, on enough outages to believe the interval?
///
/// Under [`OUTAGES_NEEDED`] outages the answer is no, however narrow the interval.
pub fn narrow_enough(estimate: &Estimate, outages: u64, half_width_relative: f64) -> Verdict {
    if outages >= OUTAGES_NEEDED && estimate.relative_half_width() <= half_width_relative {
        Verdict::Stop
    } else {
        Verdict::Continue
    }
}

/// Outages a stop rule needs to have seen.
pub const OUTAGES_NEEDED: u64 = 50;

struct Run<'a, E: Experiment> {
    experiment: &'a E,
    pool: &'a rayon::ThreadPool,
    /// Workers between two blocks; as many are made as threads ever ran at once.
    idle: Mutex<Vec<E::Worker>>,
    gathered: E::Gathered,
    done: u64,
}

impl<E: Experiment> Run<'_, E> {
    /// Runs on until `goal` replications are done.
    fn extend(&mut self, goal: u64, progress: &mut impl FnMut(u64)) {
        while self.done < goal {
            let end = goal.min((self.done / BLOCK + BATCH_BLOCKS) * BLOCK);
            let blocks: Vec<_> = block_ranges(self.done, end).collect();
            let (experiment, idle) = (self.experiment, &self.idle);
            let run = |block| {
                let spare = idle.lock().expect("no worker panicked").pop();
                let mut worker = spare.unwrap_or_else(|| experiment.worker());
                let gathered = gather(experiment, &mut worker, block);
                idle.lock().expect("no worker panicked").push(worker);
                gathered
            };
            let gathered: Vec<E::Gathered> =
                self.pool.install(|| blocks.into_par_iter().with_max_len(1).map(run).collect());
            gathered.into_iter().for_each(|block| self.gathered.merge(block));
            self.done = end;
            progress(end);
        }
    }

    /// Runs on until the judge is satisfied or the cap is met.
    fn until(
        &mut self,
        first: u64,
        cap: u64,
        confidence: Confidence,
        judge: &mut impl FnMut(&E::Gathered, Look) -> Verdict,
        progress: &mut impl FnMut(u64),
    ) -> (Ending, Look) {
        for number in 0.. {
            let prefix = if number < 63 { first.saturating_mul(1 << number) } else { u64::MAX };
            self.extend(prefix.min(cap), progress);
            let look = Look { number, replications: self.done, confidence: at_look(number, confidence) };
            if judge(&self.gathered, look) == Verdict::Stop {
                return (Ending::Reached, look);
            }
            if prefix >= cap {
                return (Ending::NotReached, look);
            }
        }
        unreachable!("prefixes double until they meet the cap")
    }
}

/// The blocks from replication `start` to `end`. They are cut at multiples of [`BLOCK`] whatever the start, so a run
/// that stopped at a look and went on has the same blocks but for that cut.
fn block_ranges(start: u64, end: u64) -> impl Iterator<Item = std::ops::Range<u64>> {
    let first = start / BLOCK;
    (first..end.div_ceil(BLOCK)).map(move |block| (block * BLOCK).max(start)..((block + 1) * BLOCK).min(end))
}

fn gather<E: Experiment>(experiment: &E, worker: &mut E::Worker, block: std::ops::Range<u64>) -> E::Gathered {
    let mut gathered = E::Gathered::default();
    for replication in block {
        experiment.replicate(worker, Replication(replication), &mut gathered);
    }
    gathered
}

/// The confidence of look `number`, so that the errors of all looks sum to the whole's.
fn at_look(number: u32, whole: Confidence) -> Confidence {
    let j = f64::from(number) + 1.0;
    let error = whole.error() * 6.0 / (std::f64::consts::PI * std::f64::consts::PI * j * j);
    Confidence::new(1.0 - error).expect("a part of an error below 1")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{Moments, Weights};
    use crate::stream::{Seed, Stream, StreamName};
    use crate::{Law, Span};

    /// Outages of one hour's mean, two a replication; gathers also the order in which replications came.
    struct Outages;

    #[derive(Default, PartialEq, Debug)]
    struct Seen {
        weights: Weights,
        sums: Moments,
        order: Vec<u64>,
        float: f64,
    }

    impl Merge for Seen {
        fn merge(&mut self, following: Self) {
            self.weights.merge(&following.weights);
            self.sums.merge(&following.sums);
            self.order.extend(following.order);
            // Not associative: shows that the grouping is fixed.
            self.float += following.float;
        }
    }

    impl Experiment for Outages {
        type Worker = Vec<Span>;
        type Gathered = Seen;

        fn worker(&self) -> Vec<Span> {
            Vec::new()
        }

        fn replicate(&self, buffer: &mut Vec<Span>, replication: Replication, seen: &mut Seen) {
            let mut stream = Stream::new(Seed(11), replication, StreamName::of("site", "outages"));
            let law = Law::Exponential { mean: 3600.0 };
            buffer.clear();
            buffer.extend((0..stream.below(5)).map(|_| law.sample(&mut stream)));
            buffer.iter().for_each(|outage| seen.weights.add_span(*outage));
            seen.sums.add(buffer.iter().map(|outage| outage.nanos()).sum());
            seen.order.push(replication.0);
            seen.float += 0.1 * stream.uniform();
        }
    }

    fn run(plan: Plan, threads: usize) -> Replicated<Seen> {
        let judge = |seen: &Seen, look: Look| {
            let estimate = seen.weights.per_replication(&seen.sums, look.confidence);
            narrow_enough(&estimate, seen.weights.count(), 0.1)
        };
        replicate(&Outages, plan, Threads::Exactly(threads), judge, |_| ()).unwrap()
    }

    const UNTIL: Plan = Plan::Until { first: 50, cap: 1_000_000, confidence: Confidence::P95 };

    #[test]
    fn one_two_and_seven_threads_agree_bit_for_bit() {
        for plan in [Plan::Count(20_000), Plan::Count(1), Plan::Count(65), UNTIL] {
            let one = run(plan, 1);
            assert_eq!(one, run(plan, 2));
            assert_eq!(one, run(plan, 7));
        }
    }

    #[test]
    fn every_replication_is_run_once_in_order() {
        for count in [0, 1, 63, 64, 65, 20_000] {
            let replicated = run(Plan::Count(count), 2);
            assert_eq!(replicated.gathered.order, (0..count).collect::<Vec<_>>());
            assert_eq!((replicated.replications, replicated.ending), (count, Ending::Counted));
        }
        assert_eq!(run(UNTIL, 2).gathered.order.len() as u64, run(UNTIL, 2).replications);
    }

    #[test]
    fn the_stop_rule_looks_at_doubling_prefixes_only() {
        let mut looks = Vec::new();
        let judge = |_: &Seen, look: Look| {
            looks.push((look.number, look.replications));
            Verdict::Continue
        };
        let plan = Plan::Until { first: 100, cap: 1000, confidence: Confidence::P95 };
        let replicated = replicate(&Outages, plan, Threads::All, judge, |_| ()).unwrap();
        assert_eq!(looks, [(0, 100), (1, 200), (2, 400), (3, 800), (4, 1000)]);
        assert_eq!((replicated.ending, replicated.replications), (Ending::NotReached, 1000));
    }

    #[test]
    fn a_reached_goal_holds_at_the_confidence_of_its_look() {
        let replicated = run(UNTIL, 2);
        assert_eq!(replicated.ending, Ending::Reached);
        let seen = &replicated.gathered;
        let estimate = seen.weights.per_replication(&seen.sums, replicated.confidence.unwrap());
        assert!(estimate.relative_half_width() <= 0.1);
        assert_eq!(replicated.replications % 50, 0);
    }

    #[test]
    fn the_error_spent_over_all_looks_is_the_errors_whole() {
        let spent: f64 = (0..100_000).map(|j| at_look(j, Confidence::P95).error()).sum();
        assert!((spent - 0.05).abs() < 1e-5, "{spent}");
    }

    #[test]
    fn a_narrow_interval_of_few_outages_is_not_believed() {
        let mut weights = Weights::default();
        (0..49).for_each(|_| weights.add(5));
        let estimate = weights.gamma(Confidence::P95);
        assert_eq!(narrow_enough(&estimate, weights.count(), 10.0), Verdict::Continue);
        assert_eq!(narrow_enough(&estimate, 50, 10.0), Verdict::Stop);
    }

    #[test]
    fn progress_rises_to_the_end() {
        let mut seen = Vec::new();
        replicate(&Outages, Plan::Count(40_000), Threads::All, |_, _| Verdict::Stop, |done| seen.push(done))
            .unwrap();
        assert_eq!(seen, [16_384, 32_768, 40_000]);
    }
}
