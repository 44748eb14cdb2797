use super::wide::Wide;
use super::{Confidence, Estimate, Interval, Method};
use crate::special::student_t_quantile;

/// Count, sum and sum of squares of integer values, one for each replication: exact, so merging is associative.
///
/// The unit is the caller's: nanoseconds of downtime, millionths of a request. Up to 2^60 values of any 64-bit size fit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Moments {
    count: u64,
    sum: i128,
    squares: Wide,
}

impl Moments {
    /// Takes in one value.
    pub fn add(&mut self, value: i64) {
        self.count += 1;
        self.sum += i128::from(value);
        self.squares = self.squares + Wide::small_product(value, value);
    }

    /// Takes in all of another's values.
    pub fn merge(&mut self, other: &Moments) {
        self.count += other.count;
        self.sum += other.sum;
        self.squares = self.squares + other.squares;
    }

    /// Number of values.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Their sum.
    pub fn sum(&self) -> i128 {
        self.sum
    }

    /// Their mean; zero of no values.
    pub fn mean(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.sum as f64 / self.count as f64 }
    }

    /// Their sample variance (divisor n - 1), without cancellation; zero of fewer than two values.
    pub fn variance(&self) -> f64 {
        covariance(self.count, self.sum, self.sum, self.squares)
    }

    /// The standard error of the mean.
    pub fn standard_error(&self) -> f64 {
        (self.variance() / self.count.max(1) as f64).sqrt()
    }

    /// The mean with Student's interval; unbounded for fewer than two values.
    pub fn student(&self, confidence: Confidence) -> Estimate {
        Estimate {
            value: self.mean(),
            interval: student_interval(self.mean(), self.standard_error(), self.count, confidence),
            method: Method::Student,
            sample: self.count,
        }
    }
}

/// Student's interval of a mean of `count` independent values, given its standard error.
pub(super) fn student_interval(
    mean: f64,
    standard_error: f64,
    count: u64,
    confidence: Confidence,
) -> Interval {
    if count < 2 {
        return Interval { low: f64::NEG_INFINITY, high: f64::INFINITY };
    }
    Interval::around(mean, student_t_quantile(confidence.upper(), (count - 1) as f64) * standard_error)
}

/// The sample covariance from exact sums: (n sum(xy) - sum(x) sum(y)) / (n (n - 1)), rounded once at the end.
pub(super) fn covariance(count: u64, sum_x: i128, sum_y: i128, products: Wide) -> f64 {
    if count < 2 {
        return 0.0;
    }
    let n = count as f64;
    (products.times(count) - Wide::product(sum_x, sum_y)).to_f64() / (n * (n - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn moments(values: &[i64]) -> Moments {
        let mut moments = Moments::default();
        values.iter().for_each(|v| moments.add(*v));
        moments
    }

    #[test]
    fn a_small_spread_on_a_large_mean_keeps_its_variance() {
        let year = 31_536_000_000_000_000;
        assert_eq!(moments(&[year + 1, year + 2, year + 3, year + 4]).variance(), 5.0 / 3.0);
    }

    #[test]
    fn the_interval_of_students_sleep_figures_is_the_textbooks() {
        // Student (1908), differences between two drugs, tenths of an hour: mean 1.58, 95 % interval 0.70 to 2.46.
        let estimate = moments(&[12, 24, 13, 13, 0, 10, 18, 8, 46, 14]).student(Confidence::P95).scaled(0.1);
        assert!((estimate.value - 1.58).abs() < 1e-12);
        assert!(
            (estimate.interval.low - 0.700_114).abs() < 1e-5
                && (estimate.interval.high - 2.459_886).abs() < 1e-5
        );
    }

    proptest! {
        #[test]
        fn merging_in_any_grouping_is_the_same(values in prop::collection::vec(any::<i64>(), 0..40), cut in 0usize..40) {
            let cut = cut.min(values.len());
            let mut left = moments(&values[..cut]);
            left.merge(&moments(&values[cut..]));
            prop_assert_eq!(left, moments(&values));
        }
    }
}
