//! Times of weighted operations, and what is known of their quantiles.

use super::tally::units;
use crate::outcome::{Estimate, Method, Percentiles};
use crate::study::measure::NO_SAMPLE;
use sim::stats::{Confidence, LogHistogram, independent_values, quantile_ranks};

/// Units of a replication's operations: few, since these are summed over all replications.
const UNITS_OF_TIMES: f64 = 1e13;
/// Replications are kept apart in so many clusters.
const CLUSTERS: u64 = 32;
const NANOS: f64 = 1e9;

/// Times with weights.
#[derive(Clone, Debug)]
pub(super) struct Weighed {
    /// Units of an operation.
    units: f64,
    /// Those of the present replication.
    here: LogHistogram,
    /// Those of all before, a cluster for every so manieth.
    clusters: Vec<LogHistogram>,
    /// Sum of the squares of the weights.
    squares: u128,
}

impl Weighed {
    pub(super) fn new(operations: f64) -> Self {
        let clusters = vec![LogHistogram::default(); CLUSTERS as usize];
        Weighed {
            units: units(UNITS_OF_TIMES, operations),
            here: LogHistogram::default(),
            clusters,
            squares: 0,
        }
    }

    pub(super) fn add(&mut self, times: &LogHistogram, weight: f64) {
        let weight = ((weight * self.units + 0.5) as u64).max(1);
        for (low, high, count) in times.buckets() {
            self.here.add_many(low + (high - low) / 2, count * weight);
            self.squares += u128::from(count) * u128::from(weight) * u128::from(weight);
        }
    }

    /// A replication is over, the n-th of all.
    pub(super) fn finish(&mut self, replication: u64) {
        let times = std::mem::take(&mut self.here);
        self.clusters[(replication % CLUSTERS) as usize].merge(&times);
    }

    pub(super) fn merge(&mut self, more: &Weighed) {
        self.clusters.iter_mut().zip(&more.clusters).for_each(|(mine, theirs)| mine.merge(theirs));
        self.squares += more.squares;
    }

    pub(super) fn percentiles(&self, confidence: Confidence) -> Percentiles {
        let mut times = LogHistogram::default();
        self.clusters.iter().for_each(|cluster| times.merge(cluster));
        let quantile = |p: f64| self.quantile(&times, p, confidence).unwrap_or(NO_SAMPLE);
        Percentiles { p50: quantile(0.5), p99: quantile(0.99), p999: quantile(0.999) }
    }

    /// In seconds. The interval is that of a sample of independent values alike in weight which says as much: for their
    /// weights (Kish, Survey Sampling, 1965, 11.7), and for what operations of a replication have in common.
    fn quantile(&self, times: &LogHistogram, p: f64, confidence: Confidence) -> Option<Estimate> {
        if self.squares == 0 {
            return None;
        }
        let sum = times.count() as f64;
        let weighted = sum * sum / self.squares as f64;
        let common = independent_values(p, &self.clusters, confidence).unwrap_or(f64::INFINITY);
        let alike = (weighted.min(common) as u64).max(1);
        let at = |p: f64| times.at(p).map(|found| found / NANOS);
        let ranks = quantile_ranks(alike, p, confidence)?;
        let place = |rank: u64| (rank as f64 - 0.5) / alike as f64;
        Some(Estimate {
            value: at(p)?,
            low: ranks.low.map_or(Some(0.0), |rank| at(place(rank)))?,
            high: ranks.high.map_or(Some(f64::INFINITY), |rank| at(place(rank)))?,
            method: Method::OrderStatistic,
            sample: alike,
        })
    }
}
