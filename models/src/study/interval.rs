//! Intervals of what is expected in one replication, from its two parts and the laws behind the random one.

use super::hazards::Hazards;
use crate::ledger::Split;
use crate::outcome::{Estimate, Method};
use sim::special::chi_square_quantile;
use sim::stats::{
    Confidence, Estimate as Estimated, Interval, Method as By, Moments, OUTAGES_FOR_STUDENT, Weights,
    events_bound_after_none,
};

/// What the sample is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample<'h> {
    pub(super) confidence: Confidence,
    pub(super) replications: u64,
    /// Episodes that luck had a part in, replication by replication.
    pub(super) episodes: &'h Moments,
    pub(super) hazards: &'h Hazards,
    /// Is anything random at all?
    pub(super) random: bool,
    /// Is what is planned the same in every replication, luck aside?
    pub(super) steady: bool,
}

/// What is estimated.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Quantity {
    /// Nanoseconds, or volumes; with what one second of a fault costs at most, in the same unit.
    Cost {
        /// In the unit of the quantity.
        per_second: f64,
    },
    /// A count of outages.
    Count,
}

impl Sample<'_> {
    /// The expected value in one replication.
    pub(super) fn expected(&self, split: &Split, quantity: Quantity) -> Estimated {
        let whole = split.whole.mean();
        if !self.random {
            let interval = Interval::point(whole);
            return Estimated { value: whole, interval, method: By::Student, sample: self.replications };
        }
        let dispersion = self.dispersion();
        let unseen = self.unseen(quantity, split.random.count() == 0);
        let enough = split.random.count() as f64 >= OUTAGES_FOR_STUDENT as f64 * dispersion;
        if enough && self.replications >= 2 {
            return widened(split.whole.student(self.confidence), unseen);
        }
        let luck = self.luck(&split.random, quantity, dispersion, unseen);
        if split.planned.sum() == 0 {
            return luck;
        }
        let mut planned = split.planned.student(self.confidence);
        if self.hazards.rows.is_empty() && split.random.count() == 0 {
            return planned;
        }
        if split.planned.variance() == 0.0 && (split.planned.count() > 1 || self.steady) {
            planned.interval = Interval::point(planned.value);
        }
        let sum = luck.plus(planned);
        let interval = Interval { low: sum.interval.low.max(0.0), ..sum.interval };
        Estimated { interval, method: By::Gamma, ..sum }
    }

    /// The random part: the gamma interval of its episodes, or the bound after none.
    fn luck(&self, weights: &Weights, quantity: Quantity, dispersion: f64, unseen: f64) -> Estimated {
        if weights.count() == 0 {
            let interval = Interval { low: 0.0, high: unseen };
            return Estimated { value: 0.0, interval, method: By::NoEvents, sample: self.replications };
        }
        let sum = match quantity {
            Quantity::Cost { .. } => weights.gamma_of_clusters(dispersion, self.confidence),
            Quantity::Count => weights.counts(dispersion, self.confidence),
        };
        widened(sum.scaled(1.0 / self.replications as f64), unseen)
    }

    /// What causes that the sample has not seen can cost more than it shows. If it has seen no loss at all, no more than
    /// all causes together can cost by their laws, nor than the bound after no event times the longest mean fault.
    fn unseen(&self, quantity: Quantity, nothing: bool) -> f64 {
        let counts = |row: &super::hazards::Hazard| nothing || !row.seen;
        let events = events_bound_after_none(self.confidence) / self.replications as f64;
        let (bound, laws, factor) = match quantity {
            Quantity::Cost { per_second } => {
                (events * self.hazards.longest(), self.hazards.cost(counts), per_second)
            }
            Quantity::Count => (events, self.hazards.often(counts), 1.0),
        };
        match (nothing, self.hazards.rows.is_empty()) {
            (true, true) => bound * factor,
            (true, false) => bound.min(laws) * factor,
            (false, _) => laws * factor,
        }
    }

    /// The variance of the number of episodes in a replication over its mean. Where the laws cluster, it is what they make
    /// of it in the long run, or the most that the sample allows if this is less (a horizon may be short); where they do
    /// not, what the sample shows, if this is more than chance.
    fn dispersion(&self) -> f64 {
        let n = self.episodes.count() as f64;
        let seen =
            if self.episodes.sum() == 0 { 1.0 } else { self.episodes.variance() / self.episodes.mean() };
        if self.hazards.dispersion > 1.0 {
            let known = self.episodes.sum() > 0 && n >= 2.0;
            let tail = 1.0 - self.confidence.level();
            let most =
                if known { seen * (n - 1.0) / chi_square_quantile(tail, n - 1.0) } else { f64::INFINITY };
            return self.hazards.dispersion.min(most.max(1.0));
        }
        let by_chance = 1.0 + 3.0 * (2.0 / (n - 1.0).max(1.0)).sqrt();
        if seen > by_chance { seen } else { 1.0 }
    }
}

fn widened(estimated: Estimated, by: f64) -> Estimated {
    let interval = Interval { high: estimated.interval.high + by, ..estimated.interval };
    Estimated { interval, ..estimated }
}

pub(super) fn convert(estimated: Estimated) -> Estimate {
    let method = match estimated.method {
        By::Gamma => Method::Gamma,
        By::NoEvents => Method::NoneSeen,
        By::Wilson => Method::Wilson,
        By::ClopperPearson => Method::ClopperPearson,
        By::OrderStatistics => Method::OrderStatistic,
        By::KaplanMeier => Method::KaplanMeier,
        By::Ratio => Method::Ratio,
        By::Student | By::Paired | By::Welch => Method::Student,
    };
    let (low, high) = (estimated.interval.low, estimated.interval.high);
    Estimate { value: estimated.value, low, high, method, sample: estimated.sample }
}
