//! How far a replica trails that gets every entry of a log after a time of its own, and shows them in the order of the log.
//!
//! Entries are written at rate l (Poisson) and take times of a law L. What is lacking at an instant begins with the oldest
//! entry that is still under way. No entry older than a is under way with probability exp(-l E(L - a)+), since those that
//! are are a Poisson variable of that mean (the M/G/infinity queue): this is the law of how far the replica trails.

use sim::{Law, Span, Stream};

/// Quantiles of a law are taken where the chance of longer times is a power of the root of this degree of a half.
const POWERS: i32 = 16;
/// Rarer times than one in two to the power of this are left out.
const RAREST: i32 = 44;
/// Halvings until an interval of times is below a nanosecond.
const HALVINGS: u32 = 60;

/// The law of single times, ready to be asked how far a log trails.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Trail {
    /// Times in seconds, ascending, with the chance that an entry takes longer and the mean of what it takes longer.
    points: Vec<(f64, f64, f64)>,
}

impl Trail {
    /// Of entries that take times of such a law. Chances between quantiles are taken to be linear: E(L - a)+ is then less than
    /// 2 in 10,000 too great for an exponential law.
    pub(crate) fn new(law: &Law) -> Self {
        let powers = (1..RAREST * POWERS).map(|power| libm::exp2(f64::from(-power) / f64::from(POWERS)));
        let longer = std::iter::once(1.0 - 1e-9).chain(powers);
        let known = longer.map(|longer| (law.quantile(1.0 - longer), longer));
        let mut points: Vec<(f64, f64, f64)> =
            std::iter::once((0.0, 1.0)).chain(known).map(|(time, longer)| (time, longer, 0.0)).collect();
        for index in (1..points.len()).rev() {
            let (low, high) = (points[index - 1], points[index]);
            points[index - 1].2 = high.2 + (high.0 - low.0).max(0.0) * (low.1 + high.1) / 2.0;
        }
        Trail { points }
    }

    /// E(L - a)+ in seconds.
    fn above(&self, a: f64) -> f64 {
        let place = self.points.partition_point(|point| point.0 <= a);
        let (Some(high), Some(low)) = (self.points.get(place), self.points.get(place.wrapping_sub(1))) else {
            return 0.0;
        };
        let part = (a - low.0) / (high.0 - low.0);
        let longer = low.1 + part * (high.1 - low.1);
        high.2 + (high.0 - a) * (longer + high.1) / 2.0
    }

    /// How far the log trails with so many entries a second; nothing if none is under way.
    pub(crate) fn draw(&self, rate: f64, stream: &mut Stream) -> Span {
        self.latest(rate, f64::INFINITY, stream)
    }

    /// How long after an instant the last of those entries arrives that were written within so many seconds before it;
    /// nothing if all have arrived.
    pub(crate) fn latest(&self, rate: f64, within: f64, stream: &mut Stream) -> Span {
        let due = -libm::log1p(-stream.uniform());
        let under_way = |after: f64| rate * (self.above(after) - self.above(after + within));
        if rate <= 0.0 || under_way(0.0) <= due {
            return Span::ZERO;
        }
        let (mut low, mut high) = (0.0, self.points.last().map_or(0.0, |point| point.0));
        for _ in 0..HALVINGS {
            let middle = (low + high) / 2.0;
            if under_way(middle) > due { low = middle } else { high = middle }
        }
        Span::from_seconds(high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim::{Replication, Seed, StreamName};

    fn stream() -> Stream {
        Stream::new(Seed(5), Replication(0), StreamName::of("test", "trail"))
    }

    #[test]
    fn the_mean_excess_is_that_of_the_law() {
        let trail = Trail::new(&Law::Exponential { mean: 2.0 });
        for a in [0.0, 0.3, 2.0, 11.0, 30.0] {
            let expected = 2.0 * libm::exp(-a / 2.0);
            assert!((trail.above(a) / expected - 1.0).abs() < 3e-4, "{a}: {}, {expected}", trail.above(a));
        }
        let fixed = Trail::new(&Law::Fixed(Span::from_secs(3)));
        for (a, expected) in [(0.0, 3.0), (1.0, 2.0), (2.5, 0.5), (3.0, 0.0), (4.0, 0.0)] {
            assert!((fixed.above(a) - expected).abs() < 1e-6, "{a}: {}", fixed.above(a));
        }
    }

    /// Against entries that are written and arrive one by one.
    #[test]
    fn a_log_trails_as_one_does_whose_entries_are_played_out() {
        let (law, rate, runs) = (Law::Exponential { mean: 1.0 }, 4.0, 20_000);
        let trail = Trail::new(&law);
        let mut stream = stream();
        for within in [0.2, 40.0] {
            let (mut drawn, mut played) = ([0.0; 2], [0.0; 2]);
            for _ in 0..runs {
                let latest = trail.latest(rate, within, &mut stream).seconds();
                drawn = [drawn[0] + f64::from(latest > 0.0), drawn[1] + latest];
                let (mut at, mut last) = (0.0, 0.0_f64);
                loop {
                    at += -libm::log1p(-stream.uniform()) / rate;
                    if at > within {
                        break;
                    }
                    last = last.max(law.sample(&mut stream).seconds() - at);
                }
                played = [played[0] + f64::from(last > 0.0), played[1] + last];
            }
            for (drawn, played) in drawn.into_iter().zip(played) {
                assert!((drawn / played - 1.0).abs() < 0.04, "{within}: {drawn}, {played}");
            }
        }
    }
}
