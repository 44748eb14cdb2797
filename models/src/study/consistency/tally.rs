//! What was seen, replication by replication, in integers that merge.

use super::player::Unplayable;
use super::possible::possible;
use super::seen::Seen;
use super::times::Weighed;
use crate::outcome::{Anomaly, AnomalyOutcome, Consistency, Estimate, Method};
use crate::specification::{Family, Sessions, Specification, StoreId};
use crate::study::interval::convert;
use crate::study::measure::NO_SAMPLE;
use sim::stats::{Confidence, Moments, Pairs, events_bound_after_none};

/// Units of a replication's operations in sums: far below what squares of such sums may be.
const UNITS: f64 = 1e15;
/// An operation has two to the power of this units at least, and of that at most.
const UNITS_LEAST: i32 = 4;
const UNITS_MOST: i32 = 30;
const MILLION: f64 = 1e6;
const KINDS: usize = Anomaly::ALL.len();

/// What was seen of one store.
#[derive(Clone, Debug)]
pub(crate) struct Tally {
    one_writer: bool,
    /// Of each anomaly, whether it can be at all.
    possible: [bool; KINDS],
    /// Units of an operation: the fewer operations, the finer, so that none is rounded away.
    units: f64,
    /// Operations in each replication.
    operations: Moments,
    /// Each anomaly beside all operations, and beside those that are eligible.
    of_all: [Pairs; KINDS],
    of_eligible: [Pairs; KINDS],
    simulated: u64,
    sessions: u64,
    /// Sessions that could not be played.
    unplayed: u64,
    /// The greatest weight, in units.
    heaviest: i64,
    stale_for: Weighed,
    reads: Weighed,
    writes: Weighed,
    here: Here,
}

/// The present replication, weighted.
#[derive(Clone, Debug, Default)]
struct Here {
    operations: f64,
    seen: [(f64, f64); KINDS],
}

impl Tally {
    /// For a store with so many operations in a replication at most.
    pub(super) fn new(
        specification: &Specification,
        (store, sessions): (StoreId, &Sessions),
        operations: f64,
    ) -> Self {
        let family = &specification.stores[store].family;
        Tally {
            one_writer: matches!(family, Family::Primary(_)),
            possible: Anomaly::ALL.map(|anomaly| possible(specification, (family, sessions), anomaly)),
            units: units(UNITS, operations),
            operations: Moments::default(),
            of_all: Default::default(),
            of_eligible: Default::default(),
            simulated: 0,
            sessions: 0,
            unplayed: 0,
            heaviest: 0,
            stale_for: Weighed::new(operations),
            reads: Weighed::new(operations),
            writes: Weighed::new(operations),
            here: Here::default(),
        }
    }

    fn fine(&self, x: f64) -> i64 {
        (x * self.units + 0.5) as i64
    }

    /// So many sessions saw this; each stands for `weight` of them.
    pub(super) fn see(&mut self, seen: Result<Seen, Unplayable>, sessions: u64, weight: f64) {
        let Ok(seen) = &seen else {
            self.unplayed += sessions;
            return;
        };
        let operations = seen.operations;
        self.simulated += operations;
        self.sessions += sessions;
        self.heaviest = self.heaviest.max(self.fine(weight));
        self.here.operations += operations as f64 * weight;
        for (sum, (events, eligible)) in self.here.seen.iter_mut().zip(seen.anomalies) {
            sum.0 += events as f64 * weight;
            sum.1 += eligible as f64 * weight;
        }
        self.stale_for.add(&seen.stale_for, weight);
        self.reads.add(&seen.reads, weight);
        self.writes.add(&seen.writes, weight);
    }

    /// A replication is over, the n-th of all.
    pub(super) fn finish(&mut self, replication: u64) {
        for times in [&mut self.stale_for, &mut self.reads, &mut self.writes] {
            times.finish(replication);
        }
        let Here { operations, seen } = std::mem::take(&mut self.here);
        let operations = self.fine(operations);
        self.operations.add(operations);
        for (index, (events, eligible)) in seen.into_iter().enumerate() {
            let (events, eligible) = (self.fine(events), self.fine(eligible));
            self.of_all[index].add(events, operations);
            self.of_eligible[index].add(events, eligible);
        }
    }

    /// What the reader should know.
    pub(crate) fn warning(&self, store: &str) -> Option<String> {
        (self.unplayed > 0).then(|| {
            format!(
                "{} sessions of {store} are left out of what clients see: the way its writers changed, or its \
                 levels, cannot be played to single operations",
                self.unplayed
            )
        })
    }

    pub(crate) fn merge(&mut self, more: &Tally) {
        self.operations.merge(&more.operations);
        for index in 0..KINDS {
            self.of_all[index].merge(&more.of_all[index]);
            self.of_eligible[index].merge(&more.of_eligible[index]);
        }
        self.simulated += more.simulated;
        self.sessions += more.sessions;
        self.unplayed += more.unplayed;
        self.heaviest = self.heaviest.max(more.heaviest);
        self.stale_for.merge(&more.stale_for);
        self.reads.merge(&more.reads);
        self.writes.merge(&more.writes);
    }

    /// What it says. A replication lasts so many years.
    pub(crate) fn outcome(&self, years: f64, confidence: Confidence) -> Consistency {
        let per_year = |units: f64| units / self.units / years;
        // Most sessions have no updates, and no use for a row about them.
        let idle = |anomaly: Anomaly, index: usize| anomaly == Anomaly::LostUpdate && !self.possible[index];
        let all = Anomaly::ALL
            .into_iter()
            .enumerate()
            .filter(|(index, anomaly)| anomaly.concerns(self.one_writer) && !idle(*anomaly, *index));
        let anomalies = all.map(|(index, anomaly)| AnomalyOutcome {
            anomaly,
            of_all: self.per_million(index, &self.of_all[index], confidence),
            of_eligible: self.per_million(index, &self.of_eligible[index], confidence),
        });
        let operations = convert(self.operations.student(confidence)).map(per_year);
        Consistency {
            operations: Estimate { low: operations.low.max(0.0), ..operations },
            simulated: self.simulated,
            sessions: self.sessions,
            anomalies: anomalies.collect(),
            stale_for: self.stale_for.percentiles(confidence),
            reads: self.reads.percentiles(confidence),
            writes: self.writes.percentiles(confidence),
        }
    }

    /// Per million, the replication being the unit. After none: as if all the sessions had gone by unseen that can, of
    /// the greatest weight, with all their operations.
    fn per_million(&self, index: usize, pairs: &Pairs, confidence: Confidence) -> Estimate {
        let [events, base] = pairs.sums();
        debug_assert!(self.possible[index] || events == 0, "{:?}", Anomaly::ALL[index]);
        if !self.possible[index] && events == 0 {
            return Estimate::exact(0.0);
        }
        if base == 0 {
            return NO_SAMPLE;
        }
        if events > 0 {
            let ratio = convert(pairs.ratio(confidence)).clamped();
            return ratio.map(|share| share * MILLION);
        }
        let each = self.simulated as f64 / self.sessions.max(1) as f64;
        let unseen = events_bound_after_none(confidence) * self.heaviest as f64 * each.max(1.0);
        let high = (unseen / base as f64).min(1.0) * MILLION;
        Estimate { value: 0.0, low: 0.0, high, method: Method::NoneSeen, sample: self.sessions }
    }
}

/// Units of an operation, where there are so many operations in a replication: a power of two, so that whole weights stay
/// exact.
pub(super) fn units(of_all: f64, operations: f64) -> f64 {
    let mut finest = (UNITS_LEAST..=UNITS_MOST).rev().map(|power| libm::ldexp(1.0, power));
    let few_enough = |units: &f64| units * operations <= of_all;
    finest.find(few_enough).unwrap_or(libm::ldexp(1.0, UNITS_LEAST))
}
