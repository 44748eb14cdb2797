//! What is reported of stores.

use super::hazards::{Hazards, Target};
use super::interval::{Quantity, Sample, convert};
use super::measure::{Measured, NO_SAMPLE, counted};
use crate::blame::SourceId;
use crate::ledger::{Laws, Split};
use crate::outcome::{DutiesOutcome, Estimate, RecoveryOutcome, Spread, StoreOutcome};
use crate::specification::{Family, Primary, StoreId};
use sim::stats::LogHistogram;
use sim::{Instant, Law, Span};
use std::collections::BTreeMap;

/// Nanoseconds in a second.
const NANOS: f64 = 1e9;

impl Measured<'_> {
    pub(super) fn store(&self, id: StoreId) -> StoreOutcome {
        let tally = &self.tally.stores[id];
        let hazards = Hazards::new(self.design, self.tally, Target::Scope(0));
        let sample = Sample {
            confidence: self.confidence,
            replications: self.tally.replications,
            episodes: &tally.episodes,
            hazards: &hazards,
            random: self.random,
            steady: self.steady(),
        };
        let horizon = self.horizon().seconds();
        let cost = |split: &Split, per_second: f64| {
            self.estimate(sample.expected(split, Quantity::Cost { per_second }))
        };
        let hand_overs = self.estimate(sample.expected(&tally.hand_overs, Quantity::Count));
        let store = &self.design.specification().stores[id];
        let plan = match &store.family {
            Family::Primary(plan) => Some(plan),
            Family::Replicated(_) => None,
        };
        // What cannot be is not estimated.
        let where_possible =
            |possible: bool, estimate: Estimate| if possible { estimate } else { Estimate::exact(0.0) };
        let divides = plan.is_some_and(|plan| plan.may_divide());
        let rebuilds = plan.is_some_and(|plan| plan.rejoin != Law::Fixed(Span::ZERO));
        let mut all = Laws::default();
        tally.laws.values().for_each(|laws| all.merge(laws));
        StoreOutcome {
            name: store.name.clone(),
            one_writer: matches!(store.family, Family::Primary(_)),
            writable: cost(&tally.unwritten, NANOS).map(|nanos| 1.0 - nanos / NANOS / horizon).clamped(),
            hand_overs: counted(hand_overs).map(|count| count / self.years()),
            lost_writes: cost(&tally.lost, self.writes_a_second(id)).map(|writes| writes / self.years()),
            two_writers: where_possible(divides, cost(&tally.doubled, NANOS))
                .map(|nanos| nanos / NANOS / self.years()),
            rebuilding: where_possible(rebuilds, cost(&tally.rebuilt, NANOS))
                .map(|nanos| nanos / NANOS / self.years()),
            duties: plan.and_then(|plan| self.duties(id, plan)),
            recovery: self.recovery(&all),
            by_fault: self.by_fault(&tally.laws),
            consistency: None,
        }
    }

    /// What became of its duties. They have a random phase, so nothing about them is as planned.
    fn duties(&self, id: StoreId, plan: &Primary) -> Option<DutiesOutcome> {
        let every = plan.duties?;
        let tally = &self.tally.stores[id];
        let hazards = Hazards::new(self.design, self.tally, Target::Scope(0));
        let sample = Sample {
            confidence: self.confidence,
            replications: self.tally.replications,
            episodes: &tally.duty_episodes,
            hazards: &hazards,
            random: self.random,
            steady: false,
        };
        let yearly = |split: &Split| {
            let expected = sample.expected(split, Quantity::Cost { per_second: 1.0 / every.seconds() });
            self.estimate(expected).map(|count| count / self.years())
        };
        let twice = if plan.may_divide() { yearly(&tally.double_signs) } else { Estimate::exact(0.0) };
        Some(DutiesOutcome { missed: yearly(&tally.missed_duties), double_signs: twice })
    }

    /// The laws of each kind of fault, the most frequent one first.
    fn by_fault(&self, laws: &BTreeMap<SourceId, Laws>) -> Vec<(String, RecoveryOutcome)> {
        let mut kinds: BTreeMap<&str, Laws> = BTreeMap::new();
        for (source, laws) in laws {
            kinds.entry(self.design.kind_of(*source)).or_default().merge(laws);
        }
        let mut all: Vec<(String, RecoveryOutcome)> =
            kinds.into_iter().map(|(kind, laws)| (kind.to_owned(), self.recovery(&laws))).collect();
        all.sort_by_key(|(_, recovery)| std::cmp::Reverse(recovery.time.count));
        all
    }

    fn recovery(&self, laws: &Laws) -> RecoveryOutcome {
        RecoveryOutcome {
            time: self.spread(&laws.recovery, NANOS),
            lost_writes: self.spread(&laws.lost_by_each, 1.0),
            lost_span: self.spread(&laws.lost_span, NANOS),
        }
    }

    /// Writes a second, on average, while all is well.
    fn writes_a_second(&self, store: StoreId) -> f64 {
        let (start, end) = (Instant::ZERO, Instant::ZERO + self.horizon());
        let share = &self.design.writes[store];
        let curves = self.design.curves.iter();
        let writes: f64 = curves.map(|(id, curve)| share[id] * curve.integral(start, end)).sum();
        writes / self.horizon().seconds()
    }

    /// The law of what was seen, in units of `unit`.
    fn spread(&self, seen: &LogHistogram, unit: f64) -> Spread {
        let quantile = |p: f64| {
            let found = seen.quantile(p, self.confidence).map_or(NO_SAMPLE, convert);
            let inside = |value: f64| value.clamp(0.0, seen.max() as f64) / unit;
            let high = if found.high.is_finite() { inside(found.high) } else { f64::INFINITY };
            Estimate { value: inside(found.value), low: inside(found.low.max(0.0)), high, ..found }
        };
        Spread { count: seen.count(), p50: quantile(0.5), p95: quantile(0.95), max: seen.max() as f64 / unit }
    }
}
