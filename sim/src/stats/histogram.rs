use super::quantile::quantile_rank;
use super::{Confidence, Estimate, Interval, Method, quantile_ranks};
use std::collections::BTreeMap;

/// Buckets to a doubling: a bucket is at most 1/128 of its values wide.
const BITS: u32 = 7;

/// Exact counts of values in logarithmic buckets, below 128 one value each, then within 0.8 %. Mergeable in any order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LogHistogram {
    buckets: BTreeMap<u32, u64>,
    count: u64,
    max: u64,
}

impl LogHistogram {
    /// Takes in one value.
    pub fn add(&mut self, value: u64) {
        self.add_many(value, 1);
    }

    /// Takes in `times` equal values.
    pub fn add_many(&mut self, value: u64, times: u64) {
        if times > 0 {
            *self.buckets.entry(bucket(value)).or_default() += times;
            self.count += times;
            self.max = self.max.max(value);
        }
    }

    /// Takes in all of another's values.
    pub fn merge(&mut self, other: &LogHistogram) {
        for (bucket, times) in &other.buckets {
            *self.buckets.entry(*bucket).or_default() += times;
        }
        self.count += other.count;
        self.max = self.max.max(other.max);
    }

    /// Number of values.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The greatest value, exactly; zero of none.
    pub fn max(&self) -> u64 {
        self.max
    }

    /// The quantile `p` with its interval: the estimate as if the values of a bucket were spread evenly in it, the ends
    /// those of their buckets (so they enclose); none of no values.
    pub fn quantile(&self, p: f64, confidence: Confidence) -> Option<Estimate> {
        let ranks = quantile_ranks(self.count, p, confidence)?;
        let interval = Interval {
            low: ranks.low.map_or(f64::NEG_INFINITY, |rank| bounds(self.bucket_of_rank(rank)).0 as f64),
            high: ranks.high.map_or(f64::INFINITY, |rank| self.top(rank)),
        };
        Some(Estimate {
            value: self.within(ranks.at),
            interval,
            method: Method::OrderStatistics,
            sample: self.count,
        })
    }

    /// The estimate of the quantile `p` alone, which [`quantile`](Self::quantile) encloses; none of no values.
    pub fn at(&self, p: f64) -> Option<f64> {
        let rank = quantile_rank(self.count, p);
        (self.count > 0).then(|| self.within(rank))
    }

    /// The buckets that are not empty: least value, greatest value, count; in order.
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64, u64)> + '_ {
        self.buckets.iter().map(|(bucket, times)| (bounds(*bucket).0, bounds(*bucket).1, *times))
    }

    /// How many values are below one, as if those of its bucket were spread evenly.
    pub fn below(&self, value: f64) -> f64 {
        let part = |(low, high, count): (u64, u64, u64)| {
            let (low, width) = (low as f64, (high - low) as f64 + 1.0);
            ((value - low) / width).clamp(0.0, 1.0) * count as f64
        };
        self.buckets().map(part).sum()
    }

    fn top(&self, rank: u64) -> f64 {
        bounds(self.bucket_of_rank(rank)).1.min(self.max) as f64
    }

    /// Where in its bucket a rank lies, were the bucket's values spread evenly.
    fn within(&self, rank: u64) -> f64 {
        let bucket = self.bucket_of_rank(rank);
        let before: u64 = self.buckets.range(..bucket).map(|(_, times)| times).sum();
        let (low, high) = bounds(bucket);
        let (low, high) = (low as f64, high.min(self.max) as f64);
        low + (high - low) * ((rank - before) as f64 - 0.5) / self.buckets[&bucket] as f64
    }

    fn bucket_of_rank(&self, rank: u64) -> u32 {
        let mut below = 0;
        let found = self.buckets.iter().find(|(_, times)| {
            below += **times;
            below >= rank
        });
        *found.expect("a rank is at most the count").0
    }
}

fn bucket(value: u64) -> u32 {
    let shift = (u64::BITS - value.leading_zeros()).saturating_sub(BITS + 1);
    (shift << BITS) + (value >> shift) as u32
}

/// Least and greatest value of a bucket.
fn bounds(bucket: u32) -> (u64, u64) {
    let shift = (bucket >> BITS).saturating_sub(1);
    let low = u64::from(bucket - (shift << BITS)) << shift;
    (low, low + ((1u64 << shift) - 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_bucket_holds_its_values_within_one_part_in_128(value: u64) {
            let (low, high) = bounds(bucket(value));
            prop_assert!(low <= value && value <= high);
            prop_assert!(high - low <= low / 128);
        }

        #[test]
        fn quantiles_are_those_of_the_sorted_sample_within_a_bucket(mut values in prop::collection::vec(1u64..1_000_000_000, 1..300), p in 0.01f64..0.99, cut in 0usize..300) {
            let cut = cut.min(values.len());
            let (mut left, mut right) = (LogHistogram::default(), LogHistogram::default());
            values[..cut].iter().for_each(|v| left.add(*v));
            values[cut..].iter().for_each(|v| right.add(*v));
            left.merge(&right);
            values.sort_unstable();
            let signed: Vec<i64> = values.iter().map(|v| *v as i64).collect();
            let exact = super::super::quantile_of_sorted(&signed, p, Confidence::P95).unwrap();
            let found = left.quantile(p, Confidence::P95).unwrap();
            prop_assert!((found.value - exact.value).abs() <= exact.value / 128.0);
            prop_assert!(found.interval.low <= exact.interval.low && found.interval.high >= exact.interval.high);
            prop_assert_eq!(left.max(), *values.last().unwrap());
        }
    }

    #[test]
    fn buckets_follow_one_another_without_a_gap() {
        for b in 0..bucket(u64::MAX) {
            assert_eq!(bounds(b).1 + 1, bounds(b + 1).0);
        }
    }
}
