use super::{Confidence, Estimate, Interval, LogHistogram, Method};
use crate::special::normal_quantile;

/// Lengths, some of which were cut off: an outage that the end of the observation found going on was at least as long
/// as was seen. Exact and mergeable, like the histograms it is made of.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Survival {
    complete: LogHistogram,
    cut: LogHistogram,
}

/// What is known of the law at the top of one bucket.
#[derive(Clone, Copy, Debug)]
struct Step {
    low: f64,
    high: f64,
    /// Share not over before the bucket, and not over at its top.
    before: f64,
    after: f64,
    /// Greenwood's sum at its top.
    greenwood: f64,
}

impl Survival {
    /// Takes in one length.
    pub fn add(&mut self, length: u64, complete: bool) {
        let histogram = if complete { &mut self.complete } else { &mut self.cut };
        histogram.add(length);
    }

    /// Takes in all of another's lengths.
    pub fn merge(&mut self, other: &Survival) {
        self.complete.merge(&other.complete);
        self.cut.merge(&other.cut);
    }

    /// Number of lengths, complete or not.
    pub fn count(&self) -> u64 {
        self.complete.count() + self.cut.count()
    }

    /// Number of those cut off.
    pub fn cut(&self) -> u64 {
        self.cut.count()
    }

    /// The quantile `p`: by order statistics where nothing was cut off, else by Kaplan and Meier's estimate, with the
    /// lengths at which Wilson's interval of the share that is over, at Greenwood's effective sample size, takes `p` in
    /// and leaves it behind. What lies beyond the last complete length is infinite. None of no lengths.
    ///
    /// Source: Kaplan & Meier, JASA 53 (1958); Brookmeyer & Crowley, Biometrics 38 (1982), for inverting the interval.
    pub fn quantile(&self, p: f64, confidence: Confidence) -> Option<Estimate> {
        if self.cut.count() == 0 {
            return self.complete.quantile(p, confidence);
        }
        let longest = self.complete.max().max(self.cut.max()) as f64;
        let (mut value, mut high, mut low) = (f64::INFINITY, f64::INFINITY, longest);
        let mut found_low = false;
        for step in self.steps() {
            let over = 1.0 - step.after;
            let [least, most] = self.wilson(&step, confidence);
            if most >= p && !found_low {
                (low, found_low) = (step.low, true);
            }
            if over >= p && value.is_infinite() {
                let part = (p - (1.0 - step.before)) / (step.before - step.after);
                value = step.low + (step.high - step.low) * part.clamp(0.0, 1.0);
            }
            if least >= p && high.is_infinite() {
                high = step.high;
            }
        }
        let interval = Interval { low, high };
        Some(Estimate { value, interval, method: Method::KaplanMeier, sample: self.count() })
    }

    /// The mean: of what was seen where nothing was cut off, else the mean up to the longest length seen.
    pub fn mean(&self) -> f64 {
        let (mut sum, mut at, mut alive) = (0.0, 0.0, 1.0);
        for step in self.steps() {
            let middle = 0.5 * (step.low + step.high);
            sum += alive * (middle - at);
            (at, alive) = (middle, step.after);
        }
        sum + alive * (self.cut.max() as f64 - at).max(0.0)
    }

    /// The buckets with complete lengths, in order; lengths cut off in the same bucket were still going on.
    fn steps(&self) -> impl Iterator<Item = Step> + '_ {
        let mut cut = self.cut.buckets().peekable();
        let (mut risk, mut alive, mut greenwood) = (self.count() as f64, 1.0, 0.0);
        self.complete.buckets().map(move |(low, high, over)| {
            while let Some((_, _, gone)) = cut.next_if(|(_, top, _)| *top < low) {
                risk -= gone as f64;
            }
            let over = over as f64;
            let before = alive;
            alive *= (risk - over) / risk;
            if risk > over {
                greenwood += over / (risk * (risk - over));
            }
            risk -= over;
            Step { low: low as f64, high: high as f64, before, after: alive, greenwood }
        })
    }

    /// Wilson's interval of the share that is over at the top of a bucket.
    fn wilson(&self, step: &Step, confidence: Confidence) -> [f64; 2] {
        let over = 1.0 - step.after;
        // The size of a complete sample that would know the share as well; all of them where that is not defined.
        let effective = over / (step.after * step.greenwood);
        let n = if effective.is_finite() { effective.min(self.count() as f64) } else { self.count() as f64 };
        let z = normal_quantile(confidence.upper());
        let centre = (over + z * z / (2.0 * n)) / (1.0 + z * z / n);
        let half = z / (1.0 + z * z / n) * (over * step.after / n + z * z / (4.0 * n * n)).sqrt();
        [centre - half, centre + half]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::{Replication, Seed, Stream, StreamName};
    use crate::{Law, Span};

    /// Exponential lengths of mean 1 day, each cut off where an exponential time of mean 2 days was over first.
    fn sample(count: usize, stream: &mut Stream) -> Survival {
        let (law, end) = (Law::Exponential { mean: 86_400.0 }, Law::Exponential { mean: 172_800.0 });
        let mut survival = Survival::default();
        for _ in 0..count {
            let (length, limit) = (law.sample(stream), end.sample(stream));
            survival.add(length.min(limit).nanos() as u64, length <= limit);
        }
        survival
    }

    #[test]
    fn lengths_that_are_cut_off_do_not_make_the_quantiles_short() {
        let mut stream = Stream::new(Seed(3), Replication(0), StreamName::of("survival", "test"));
        for p in [0.5, 0.8] {
            let truth = -libm::log(1.0 - p) * 86_400e9;
            let held = (0..400)
                .filter(|_| {
                    sample(100, &mut stream).quantile(p, Confidence::P95).unwrap().interval.contains(truth)
                })
                .count();
            assert!((367..=398).contains(&held), "{held} of 400 hold the quantile {p}");
        }
        let mean = sample(20_000, &mut stream).mean();
        assert!((mean / 86_400e9 - 1.0).abs() < 0.03, "{mean}");
    }

    #[test]
    fn a_quantile_beyond_the_last_complete_length_is_not_bounded() {
        let mut survival = Survival::default();
        (1..=60).for_each(|hour| survival.add(Span::HOUR.nanos() as u64 * hour % 24, true));
        (0..40).for_each(|_| survival.add(Span::HOUR.nanos() as u64 * 24, false));
        let found = survival.quantile(0.95, Confidence::P95).unwrap();
        assert_eq!((found.value, found.interval.high), (f64::INFINITY, f64::INFINITY));
        assert!(found.interval.low <= 86_400e9);
    }

    #[test]
    fn without_cuts_it_is_the_histogram() {
        let (mut survival, mut histogram) = (Survival::default(), LogHistogram::default());
        for length in [5, 1000, 70_000, 70_001, 9_000_000] {
            survival.add(length, true);
            histogram.add(length);
        }
        assert_eq!(survival.quantile(0.5, Confidence::P95), histogram.quantile(0.5, Confidence::P95));
        assert_eq!(Survival::default().quantile(0.5, Confidence::P95), None);
    }
}
