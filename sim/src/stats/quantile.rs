use super::{Confidence, Estimate, Interval, Method};
use crate::special::beta_lower;

/// Ranks, from 1, of the sorted values that estimate and enclose a quantile.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct QuantileRanks {
    /// Rank of the estimate.
    pub at: u64,
    /// Rank of the lower end; none where the sample is too small to bound the quantile from below.
    pub low: Option<u64>,
    /// Rank of the upper end; none where the sample is too small to bound the quantile from above.
    pub high: Option<u64>,
}

/// The ranks for the quantile `p` of `count` independent values; none of no values.
///
/// The number of values below the quantile is binomial, whatever their law: the l-th is above it with probability
/// P(B < l) at most, which must not exceed alpha/2, and likewise above [David & Nagaraja, Order Statistics, 7.1].
pub fn quantile_ranks(count: u64, p: f64, confidence: Confidence) -> Option<QuantileRanks> {
    if count == 0 {
        return None;
    }
    let tail = 1.0 - confidence.upper();
    let at = quantile_rank(count, p);
    // The largest l with P(B <= l - 1) <= tail, and the least h with P(B <= h - 1) >= 1 - tail.
    let low = first(count, |l| binomial_cdf(l, count, p) > tail);
    let high = first(count, |h| binomial_cdf(h, count, p) >= 1.0 - tail) + 1;
    Some(QuantileRanks { at, low: (low >= 1).then_some(low), high: (high <= count).then_some(high) })
}

/// The rank, from 1, of the value that estimates the quantile `p` of `count` values.
pub(super) fn quantile_rank(count: u64, p: f64) -> u64 {
    ((p * count as f64).ceil() as u64).clamp(1, count.max(1))
}

/// The quantile `p` of a sorted sample with its interval; an end the sample cannot bound is infinite.
pub fn quantile_of_sorted(sorted: &[i64], p: f64, confidence: Confidence) -> Option<Estimate> {
    let ranks = quantile_ranks(sorted.len() as u64, p, confidence)?;
    let value = |rank: u64| sorted[rank as usize - 1] as f64;
    let interval = Interval {
        low: ranks.low.map_or(f64::NEG_INFINITY, value),
        high: ranks.high.map_or(f64::INFINITY, value),
    };
    Some(Estimate {
        value: value(ranks.at),
        interval,
        method: Method::OrderStatistics,
        sample: sorted.len() as u64,
    })
}

/// P(B <= k) of the binomial law.
fn binomial_cdf(k: u64, count: u64, p: f64) -> f64 {
    if k >= count { 1.0 } else { beta_lower((count - k) as f64, k as f64 + 1.0, 1.0 - p) }
}

/// The least number in `0..=count` for which the increasing `predicate` holds; it holds for `count`.
fn first(count: u64, predicate: impl Fn(u64) -> bool) -> u64 {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low + (high - low) / 2;
        if predicate(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::{Replication, Seed, Stream, StreamName};

    #[test]
    fn the_median_of_ten_lies_between_the_second_and_the_ninth() {
        // The textbook's table: P(2 <= B < 9) = 0.9785.
        let ranks = quantile_ranks(10, 0.5, Confidence::P95).unwrap();
        assert_eq!(ranks, QuantileRanks { at: 5, low: Some(2), high: Some(9) });
    }

    #[test]
    fn a_small_sample_does_not_bound_a_far_quantile() {
        let ranks = quantile_ranks(50, 0.99, Confidence::P95).unwrap();
        assert_eq!((ranks.at, ranks.high), (50, None));
        assert_eq!(quantile_ranks(0, 0.5, Confidence::P95), None);
        let estimate = quantile_of_sorted(&[4, 7], 0.5, Confidence::P95).unwrap();
        assert_eq!(estimate.interval, Interval { low: f64::NEG_INFINITY, high: f64::INFINITY });
    }

    #[test]
    fn the_interval_covers_the_quantile_of_a_skewed_law() {
        let mut stream = Stream::new(Seed(2), Replication(0), StreamName::of("quantile", "test"));
        let law = crate::Law::Lognormal { mu: 5.0, sigma: 1.5 };
        let truth = law.quantile(0.9) * 1e9;
        let covered = (0..1000).filter(|_| {
            let mut values: Vec<i64> = (0..80).map(|_| law.sample(&mut stream).nanos()).collect();
            values.sort_unstable();
            quantile_of_sorted(&values, 0.9, Confidence::P95).unwrap().interval.contains(truth)
        });
        // Exact coverage is at least 95 %, the discreteness of ranks adds up to 2.5 %.
        let covered = covered.count();
        assert!((930..=995).contains(&covered), "{covered} of 1000");
    }
}
