//! Demand over time: rates, their integrals in closed form, and their bounds.
//!
//! A day's shape is a sinusoid (integrated by its antiderivative) or a table of hours (piecewise constant). Shares of
//! traffic that change meanwhile are polynomials; their product with a sinusoid is integrated by Gauss-Legendre
//! quadrature with five nodes on chunks of at most an hour, whose relative error is below 1e-16 (the error term,
//! h^11 (5!)^4 / (11 (10!)^3) times the tenth derivative, with h = 0.262 rad).

use crate::poly::Poly;
use crate::specification::{Daily, Demand};
use sim::{Instant, Span};

/// Nanoseconds in a day and in an hour.
const DAY: i64 = Span::DAY.nanos();
const HOUR: i64 = Span::HOUR.nanos();
/// Radians per second of a daily sinusoid.
const OMEGA: f64 = 2.0 * std::f64::consts::PI / 86_400.0;

/// A demand, ready to be integrated. Rates are requests per second.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Curve {
    mean: f64,
    shape: Shape,
}

#[derive(Clone, PartialEq, Debug)]
enum Shape {
    Flat,
    Sinusoid { amplitude: f64, peak: i64 },
    Hours { rates: Box<[f64; 24]>, before: Box<[f64; 25]> },
}

impl Curve {
    pub(crate) fn new(demand: &Demand) -> Self {
        let shape = match &demand.daily {
            Daily::Flat => Shape::Flat,
            Daily::Sinusoid { swing, .. } if *swing == 0.0 => Shape::Flat,
            Daily::Sinusoid { swing, peak } => {
                Shape::Sinusoid { amplitude: demand.mean * swing, peak: peak.nanos().rem_euclid(DAY) }
            }
            Daily::Hours(factors) => Shape::hours(demand.mean, factors),
        };
        Curve { mean: demand.mean, shape }
    }

    /// Is it the same at all times?
    pub(crate) fn is_flat(&self) -> bool {
        self.shape == Shape::Flat
    }

    /// Does it jump (at full hours)?
    pub(crate) fn jumps(&self) -> bool {
        matches!(self.shape, Shape::Hours { .. })
    }

    /// The rate just after `at`.
    pub(crate) fn rate(&self, at: Instant) -> f64 {
        match &self.shape {
            Shape::Flat => self.mean,
            Shape::Sinusoid { amplitude, peak } => {
                self.mean + amplitude * libm::cos(angle(at.nanos() - peak))
            }
            Shape::Hours { rates, .. } => rates[(at.nanos().rem_euclid(DAY) / HOUR) as usize],
        }
    }

    /// Requests between two instants.
    pub(crate) fn integral(&self, from: Instant, until: Instant) -> f64 {
        let seconds = (until - from).seconds();
        match &self.shape {
            Shape::Flat => self.mean * seconds,
            Shape::Sinusoid { amplitude, peak } => {
                // sin b - sin a = 2 cos((a + b)/2) sin((b - a)/2): no cancellation on short intervals.
                let half = (until - from).nanos() / 2;
                let middle = libm::cos(angle(from.nanos() + half - peak));
                let chord = libm::sin(angle_of_span((until - from).nanos()) / 2.0);
                self.mean * seconds + 2.0 * amplitude / OMEGA * middle * chord
            }
            Shape::Hours { .. } => self.until(until) - self.until(from),
        }
    }

    /// Integral of rate(t) * poly(t - origin) between two instants.
    pub(crate) fn weighted(&self, poly: Poly, origin: Instant, from: Instant, until: Instant) -> f64 {
        if poly.is_constant() {
            return poly.0[0] * self.integral(from, until);
        }
        match &self.shape {
            Shape::Flat => self.mean * poly_integral(poly, origin, from, until),
            Shape::Sinusoid { .. } => {
                self.sum_chunks(from, until, |a, b| self.quadrature(poly, origin, a, b))
            }
            Shape::Hours { .. } => {
                self.sum_chunks(from, until, |a, b| self.rate(a) * poly_integral(poly, origin, a, b))
            }
        }
    }

    /// The greatest rate at any time of day.
    pub(crate) fn peak(&self) -> f64 {
        match &self.shape {
            Shape::Flat => self.mean,
            Shape::Sinusoid { amplitude, .. } => self.mean + amplitude,
            Shape::Hours { rates, .. } => rates.iter().copied().fold(0.0, f64::max),
        }
    }

    /// An upper bound of the rate between two instants: exact but for sinusoids, where it is the day's peak if the
    /// interval holds it.
    pub(crate) fn highest(&self, from: Instant, until: Instant) -> f64 {
        match &self.shape {
            Shape::Flat => self.mean,
            Shape::Sinusoid { peak, .. } => {
                if holds_time_of_day(from, until, *peak) {
                    self.peak()
                } else {
                    self.rate(from).max(self.rate(until))
                }
            }
            Shape::Hours { .. } if (until - from).nanos() >= DAY => self.peak(),
            Shape::Hours { .. } => {
                let mut highest = self.rate(from);
                let mut at = next_hour(from);
                while at < until {
                    highest = highest.max(self.rate(at));
                    at += Span::HOUR;
                }
                highest
            }
        }
    }

    /// The time of day at which it is greatest, as a span from midnight UTC.
    pub(crate) fn peak_time(&self) -> Span {
        match &self.shape {
            Shape::Flat => Span::ZERO,
            Shape::Sinusoid { peak, .. } => Span::from_nanos(*peak),
            Shape::Hours { rates, .. } => {
                let mut best = 0;
                for hour in 1..24 {
                    if rates[hour] > rates[best] {
                        best = hour;
                    }
                }
                Span::from_nanos(best as i64 * HOUR)
            }
        }
    }

    /// Bounds of |rate|, |first| and |second derivative| between jumps.
    pub(crate) fn bounds(&self) -> [f64; 3] {
        match &self.shape {
            Shape::Sinusoid { amplitude, .. } => [self.peak(), amplitude * OMEGA, amplitude * OMEGA * OMEGA],
            _ => [self.peak(), 0.0, 0.0],
        }
    }

    /// Requests since the start of the run, for tables of hours.
    fn until(&self, at: Instant) -> f64 {
        let Shape::Hours { rates, before } = &self.shape else { return self.mean * at.seconds() };
        let (days, within) = (at.nanos().div_euclid(DAY), at.nanos().rem_euclid(DAY));
        let hour = (within / HOUR) as usize;
        let rest = Span::from_nanos(within % HOUR).seconds();
        days as f64 * before[24] + before[hour] + rates[hour] * rest
    }

    fn sum_chunks(
        &self,
        from: Instant,
        until: Instant,
        mut part: impl FnMut(Instant, Instant) -> f64,
    ) -> f64 {
        let mut total = 0.0;
        let mut at = from;
        while at < until {
            let next = next_hour(at).min(until);
            total += part(at, next);
            at = next;
        }
        total
    }

    /// Gauss-Legendre with five nodes on one chunk.
    fn quadrature(&self, poly: Poly, origin: Instant, from: Instant, until: Instant) -> f64 {
        // Abramowitz and Stegun, table 25.4.
        const NODES: [(f64, f64); 5] = [
            (0.0, 0.568_888_888_888_888_9),
            (0.538_469_310_105_683_1, 0.478_628_670_499_366_47),
            (-0.538_469_310_105_683_1, 0.478_628_670_499_366_47),
            (0.906_179_845_938_664, 0.236_926_885_056_189_08),
            (-0.906_179_845_938_664, 0.236_926_885_056_189_08),
        ];
        let Shape::Sinusoid { amplitude, peak } = &self.shape else { return 0.0 };
        let half = (until - from).seconds() / 2.0;
        let start = (from - origin).seconds();
        let base = angle(from.nanos() - peak);
        let mut sum = 0.0;
        for (node, weight) in NODES {
            let x = half * (1.0 + node);
            sum += weight * poly.at(start + x) * (self.mean + amplitude * libm::cos(base + OMEGA * x));
        }
        sum * half
    }
}

impl Shape {
    fn hours(mean: f64, factors: &[f64; 24]) -> Self {
        let rates = Box::new(factors.map(|factor| mean * factor));
        let mut before = Box::new([0.0; 25]);
        for hour in 0..24 {
            before[hour + 1] = before[hour] + rates[hour] * 3600.0;
        }
        Shape::Hours { rates, before }
    }
}

/// The first full hour after `at`.
pub(crate) fn next_hour(at: Instant) -> Instant {
    Instant::from_nanos((at.nanos().div_euclid(HOUR) + 1) * HOUR)
}

fn poly_integral(poly: Poly, origin: Instant, from: Instant, until: Instant) -> f64 {
    // Moved to the interval's own start, so that short intervals far from the origin lose no digits.
    poly.moved((from - origin).seconds()).integral_to((until - from).seconds())
}

/// Radians of a time of day; whole days are taken off in integers first.
fn angle(nanos: i64) -> f64 {
    nanos.rem_euclid(DAY) as f64 * (OMEGA / 1e9)
}

/// Radians of a length, modulo two days (half of it is modulo a day).
fn angle_of_span(nanos: i64) -> f64 {
    nanos.rem_euclid(2 * DAY) as f64 * (OMEGA / 1e9)
}

fn holds_time_of_day(from: Instant, until: Instant, time: i64) -> bool {
    let to_next = (time - from.nanos()).rem_euclid(DAY);
    to_next <= (until - from).nanos()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sinusoid() -> Curve {
        Curve::new(&Demand { mean: 100.0, daily: Daily::Sinusoid { swing: 0.4, peak: Span::HOUR * 20 } })
    }

    fn hours() -> Curve {
        let mut factors = [0.5; 24];
        factors[12..].fill(1.5);
        Curve::new(&Demand { mean: 10.0, daily: Daily::Hours(factors) })
    }

    /// Composite Simpson on many small steps, as an independent quadrature.
    fn simpson(f: impl Fn(f64) -> f64, width: f64, steps: usize) -> f64 {
        let h = width / steps as f64;
        let inner: f64 = (1..steps).map(|i| f(i as f64 * h) * if i % 2 == 1 { 4.0 } else { 2.0 }).sum();
        (f(0.0) + inner + f(width)) * h / 3.0
    }

    #[test]
    fn a_whole_day_of_any_shape_is_a_day_of_its_mean() {
        let day = Instant::ZERO + Span::DAY;
        assert!((sinusoid().integral(Instant::ZERO, day) - 8_640_000.0).abs() < 1e-6);
        assert!((hours().integral(Instant::ZERO, day) - 864_000.0).abs() < 1e-6);
    }

    #[test]
    fn a_share_that_fades_is_integrated_as_by_simpson() {
        let from = Instant::ZERO + Span::HOUR * 17 + Span::SECOND * 11;
        for (curve, tolerance) in [(sinusoid(), 1e-12), (Curve { mean: 3.0, shape: Shape::Flat }, 1e-13)] {
            for width in [60.0, 3_600.0, 5.0 * 3_600.0] {
                let poly = Poly([1.0, -1.0 / width, 0.3 / width / width, -0.1 / width / width / width]);
                let until = from + Span::from_seconds(width);
                let exact = simpson(|x| poly.at(x) * curve.rate(from + Span::from_seconds(x)), width, 20_000);
                let ours = curve.weighted(poly, from, from, until);
                assert!(((ours - exact) / exact).abs() < tolerance, "{ours} {exact} {width}");
            }
        }
    }

    #[test]
    fn a_table_of_hours_jumps_between_hours_only() {
        let noon = Instant::ZERO + Span::HOUR * 12;
        let (from, until) = (noon - Span::SECOND * 10, noon + Span::SECOND * 10);
        let fading = Poly::linear(1.0, -1.0 / 20.0);
        // By hand: 5/s times the integral of 1 - x/20 over [0,10], and 15/s times that over [10,20].
        assert!((hours().weighted(fading, from, from, until) - (5.0 * 7.5 + 15.0 * 2.5)).abs() < 1e-12);
        assert_eq!(hours().highest(from, noon), 5.0);
        assert_eq!(hours().highest(from, until), 15.0);
    }
}
