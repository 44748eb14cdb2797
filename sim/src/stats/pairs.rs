use super::moments::{covariance, student_interval};
use super::weights::gamma_bound;
use super::wide::Wide;
use super::{Confidence, Estimate, Interval, Method};
use crate::special::{normal_quantile, student_t_cdf, student_t_quantile};

/// Correlation under which pairing buys nothing and Welch's interval is used.
const CORRELATION_FOR_PAIRING: f64 = 0.2;

/// Pairs of integer values, one for each replication, in the caller's units: two designs under the same luck, or the
/// two sums of a ratio. Exact and mergeable.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Pairs {
    count: u64,
    sums: [i128; 2],
    squares: [Wide; 2],
    products: Wide,
}

impl Pairs {
    /// Takes in one pair.
    pub fn add(&mut self, x: i64, y: i64) {
        self.count += 1;
        // Most replications lose nothing.
        if (x, y) == (0, 0) {
            return;
        }
        self.sums = [self.sums[0] + i128::from(x), self.sums[1] + i128::from(y)];
        self.squares =
            [self.squares[0] + Wide::small_product(x, x), self.squares[1] + Wide::small_product(y, y)];
        self.products = self.products + Wide::small_product(x, y);
    }

    /// Takes in all of another's pairs.
    pub fn merge(&mut self, other: &Pairs) {
        self.count += other.count;
        for i in 0..2 {
            self.sums[i] += other.sums[i];
            self.squares[i] = self.squares[i] + other.squares[i];
        }
        self.products = self.products + other.products;
    }

    /// Number of pairs.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The sums of the first and of the second members.
    pub fn sums(&self) -> [i128; 2] {
        self.sums
    }

    /// The sample correlation; zero where a member does not vary.
    pub fn correlation(&self) -> f64 {
        let [x, y] = self.variances();
        if x == 0.0 || y == 0.0 { 0.0 } else { self.covariance() / (x * y).sqrt() }
    }

    /// How many times smaller the variance of the difference is than that of independent samples: what sharing the
    /// luck bought. Infinite where the difference does not vary.
    pub fn variance_ratio(&self) -> f64 {
        let [x, y] = self.variances();
        let together = self.variance_of_difference();
        if together == 0.0 { f64::INFINITY } else { (x + y) / together }
    }

    /// The mean of the second minus the first: paired, or Welch's where the correlation is under 0.2.
    pub fn difference(&self, confidence: Confidence) -> Estimate {
        let paired = self.correlation() >= CORRELATION_FOR_PAIRING || self.variance_of_difference() == 0.0;
        let value = self.mean_difference();
        let interval = match self.count {
            0 | 1 => Interval { low: f64::NEG_INFINITY, high: f64::INFINITY },
            n if paired => {
                student_interval(value, (self.variance_of_difference() / n as f64).sqrt(), n, confidence)
            }
            _ => {
                let (error, dof) = self.welch();
                Interval::around(value, student_t_quantile(confidence.upper(), dof) * error)
            }
        };
        let method = if paired { Method::Paired } else { Method::Welch };
        Estimate { value, interval, method, sample: self.count }
    }

    /// The two-sided p-value of "the means are equal", by the same method as [`Pairs::difference`].
    pub fn p_value(&self) -> f64 {
        if self.count < 2 || self.mean_difference() == 0.0 {
            return 1.0;
        }
        let n = self.count as f64;
        let paired = self.correlation() >= CORRELATION_FOR_PAIRING || self.variance_of_difference() == 0.0;
        let (error, dof) =
            if paired { ((self.variance_of_difference() / n).sqrt(), n - 1.0) } else { self.welch() };
        if error == 0.0 { 0.0 } else { 2.0 * student_t_cdf(-(self.mean_difference() / error).abs(), dof) }
    }

    /// The ratio of the first members' sum to the second's, the replication being the unit, by the delta method.
    ///
    /// Put the small quantity on top: lost over offered, not served over offered, whose nearness to 1 would cost the
    /// digits of the variance. Unbounded for fewer than two pairs or a sum of zero below.
    ///
    /// Source: Cochran, Sampling Techniques, 3rd edition, section 6.3.
    pub fn ratio(&self, confidence: Confidence) -> Estimate {
        let below = self.sums[1] as f64;
        let value = self.quotient();
        let interval = if below == 0.0 || self.count < 2 {
            Interval { low: f64::NEG_INFINITY, high: f64::INFINITY }
        } else {
            let n = self.count as f64;
            let error = (self.residual() / n).sqrt() / (below / n).abs();
            student_interval(value, error, self.count, confidence)
        };
        Estimate { value, interval, method: Method::Ratio, sample: self.count }
    }

    /// The same where the first members are sums of weights of few events: the gamma interval, with the delta method's
    /// variance, made greater by what Student's law says of so few pairs. `unseen` is what an event weighs at most of which
    /// there may have been none yet, in the unit of the first members. None of these may be negative.
    ///
    /// Source: Fay & Feuer, "Confidence intervals for directly standardized rates", Statistics in Medicine 16 (1997), with
    /// the variance of clusters in place of that of single events.
    pub fn ratio_of_few(&self, unseen: f64, confidence: Confidence) -> Estimate {
        let [above, below] = self.sums.map(|sum| sum as f64);
        let interval = if below == 0.0 || self.count < 2 {
            Interval { low: 0.0, high: f64::INFINITY }
        } else {
            let n = self.count as f64;
            let few = student_t_quantile(confidence.upper(), n - 1.0) / normal_quantile(confidence.upper());
            let variance = n * self.residual() * few * few;
            let tail = 1.0 - confidence.upper();
            Interval {
                low: gamma_bound(tail, above, variance) / below,
                high: gamma_bound(1.0 - tail, above + unseen, variance + unseen * unseen) / below,
            }
        };
        Estimate { value: self.quotient(), interval, method: Method::Gamma, sample: self.count }
    }

    fn quotient(&self) -> f64 {
        let [above, below] = self.sums.map(|sum| sum as f64);
        if below == 0.0 { 0.0 } else { above / below }
    }

    /// The variance of what the ratio leaves unexplained of a first member.
    fn residual(&self) -> f64 {
        let (value, [x, y]) = (self.quotient(), self.variances());
        (x - 2.0 * value * self.covariance() + value * value * y).max(0.0)
    }

    fn mean_difference(&self) -> f64 {
        if self.count == 0 { 0.0 } else { (self.sums[1] - self.sums[0]) as f64 / self.count as f64 }
    }

    fn variances(&self) -> [f64; 2] {
        [0, 1].map(|i| covariance(self.count, self.sums[i], self.sums[i], self.squares[i]))
    }

    fn covariance(&self) -> f64 {
        covariance(self.count, self.sums[0], self.sums[1], self.products)
    }

    /// From exact sums of (y - x)^2, so that equal designs give exactly zero.
    fn variance_of_difference(&self) -> f64 {
        let difference = self.sums[1] - self.sums[0];
        let squares = self.squares[0] + self.squares[1] - self.products - self.products;
        covariance(self.count, difference, difference, squares)
    }

    /// Welch's standard error and degrees of freedom; at least one member varies.
    fn welch(&self) -> (f64, f64) {
        let n = self.count as f64;
        let [x, y] = self.variances().map(|variance| variance / n);
        ((x + y).sqrt(), (x + y) * (x + y) / ((x * x + y * y) / (n - 1.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Moments;
    use crate::stream::{Replication, Seed, Stream, StreamName};
    use proptest::prelude::*;

    fn pairs(values: &[(i64, i64)]) -> Pairs {
        let mut pairs = Pairs::default();
        values.iter().for_each(|(x, y)| pairs.add(*x, *y));
        pairs
    }

    #[test]
    fn equal_designs_differ_by_exactly_nothing() {
        let same = pairs(&[(5, 5), (900, 900), (31, 31)]);
        let estimate = same.difference(Confidence::P95);
        assert_eq!((estimate.interval, estimate.method), (Interval::point(0.0), Method::Paired));
        assert_eq!((same.variance_ratio(), same.p_value()), (f64::INFINITY, 1.0));
    }

    /// Garwood's interval of a Poisson count of three is 0.6187 to 8.7673; a hundred thousand replications are nearly that.
    #[test]
    fn few_events_of_equal_weight_have_the_poisson_interval() {
        let mut few = Pairs::default();
        (0..100_000).for_each(|index| few.add(if index % 40_000 == 0 { 7 } else { 0 }, 100));
        let found = few.ratio_of_few(7.0, Confidence::P95).interval;
        let scale = 7.0 / 1e7;
        assert!((found.low / scale - 0.6187).abs() < 1e-3, "{found:?}");
        assert!((found.high / scale - 8.7673).abs() < 1e-3, "{found:?}");
        // The heavier what has not been seen, the farther the upper end.
        let heavy = few.ratio_of_few(700.0, Confidence::P95).interval;
        assert!(heavy.high > 100.0 * scale && heavy.low == found.low, "{heavy:?}");
    }

    #[test]
    fn many_events_have_the_interval_of_the_ratio() {
        let many = pairs(&(0..10_000).map(|index| (900 + index % 200, 1000)).collect::<Vec<_>>());
        let [few, plain] = [many.ratio_of_few(1.0, Confidence::P95), many.ratio(Confidence::P95)]
            .map(|found| found.interval);
        let reach = plain.high - plain.low;
        assert!((few.low - plain.low).abs() < 0.01 * reach && (few.high - plain.high).abs() < 0.01 * reach);
    }

    #[test]
    fn unrelated_designs_get_welchs_interval() {
        // Welch by hand: means 2 and 5, variances 2 and 8 over 5 values: error sqrt(2), 5.88235 degrees of freedom.
        let values = pairs(&[(1, 9), (3, 5), (1, 5), (4, 1), (1, 5)]);
        assert!(values.correlation() < 0.2);
        let estimate = values.difference(Confidence::P95);
        assert_eq!(estimate.method, Method::Welch);
        let (error, dof) = values.welch();
        assert!((error - 2f64.sqrt()).abs() < 1e-12 && (dof - 100.0 / 17.0).abs() < 1e-12, "{error} {dof}");
        assert!((estimate.interval.high - (3.0 + student_t_quantile(0.975, dof) * error)).abs() < 1e-12);
    }

    #[test]
    fn a_ratio_to_a_constant_is_a_mean() {
        let mut alone = Moments::default();
        let mut ratio = Pairs::default();
        for x in [3, 9, 4, 4, 1, 7] {
            alone.add(x);
            ratio.add(x, 10);
        }
        let (a, b) = (alone.student(Confidence::P95).scaled(0.1), ratio.ratio(Confidence::P95));
        assert!((a.interval.low - b.interval.low).abs() < 1e-12 && (a.value - b.value).abs() < 1e-15);
    }

    #[test]
    fn the_ratio_of_sums_covers_the_true_ratio() {
        let mut stream = Stream::new(Seed(4), Replication(0), StreamName::of("ratio", "test"));
        let covered = (0..1000).filter(|_| {
            let mut pairs = Pairs::default();
            for _ in 0..60 {
                let offered = 500 + stream.below(1000) as i64;
                // Losses are a tenth of what is offered, and a part of their own with mean 50.
                pairs.add(offered / 10 + stream.below(101) as i64, offered);
            }
            // E(offered / 10) by whole division is 99.5; E(offered) = 999.5.
            pairs.ratio(Confidence::P95).interval.contains((99.5 + 50.0) / 999.5)
        });
        let covered = covered.count();
        assert!((925..=975).contains(&covered), "{covered} of 1000");
    }

    proptest! {
        #[test]
        fn merging_in_any_grouping_is_the_same(values in prop::collection::vec(any::<(i64, i64)>(), 0..40), cut in 0usize..40) {
            let cut = cut.min(values.len());
            let mut left = pairs(&values[..cut]);
            left.merge(&pairs(&values[cut..]));
            prop_assert_eq!(left, pairs(&values));
        }

        #[test]
        fn the_paired_variance_is_that_of_the_differences(values in prop::collection::vec(any::<(i32, i32)>(), 2..40)) {
            let mut differences = Moments::default();
            values.iter().for_each(|(x, y)| differences.add(i64::from(*y) - i64::from(*x)));
            let wide: Vec<(i64, i64)> = values.iter().map(|(x, y)| (i64::from(*x), i64::from(*y))).collect();
            prop_assert_eq!(pairs(&wide).variance_of_difference(), differences.variance());
        }
    }
}
