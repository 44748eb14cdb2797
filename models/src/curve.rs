//! Demand over time: rates, their integrals in closed form, and their bounds.
//!
//! A day's shape is a sinusoid or a table of hours (piecewise constant). Shares of traffic that change meanwhile are
//! polynomials.

use crate::specification::{Daily, Demand};
use sim::integral::{Poly, Sinusoid};
use sim::{Instant, Span};

/// Nanoseconds in a day and in an hour.
const DAY: i64 = Span::DAY.nanos();
const HOUR: i64 = Span::HOUR.nanos();

/// A demand, ready to be integrated. Rates are requests per second.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Curve {
    Flat(f64),
    Sinusoid(Sinusoid<DAY>, Harmonic),
    Hours(Box<Hours>),
}

impl Curve {
    pub(crate) fn new(demand: &Demand) -> Self {
        let mean = demand.mean;
        match &demand.daily {
            Daily::Flat => Curve::Flat(mean),
            Daily::Sinusoid { swing, .. } if *swing == 0.0 => Curve::Flat(mean),
            Daily::Sinusoid { swing, peak } => {
                let swing = Sinusoid::new(mean, mean * swing, Instant::ZERO + *peak);
                Curve::Sinusoid(swing, Harmonic::of(&swing))
            }
            Daily::Hours(factors) => Curve::Hours(Box::new(Hours::new(mean, factors))),
        }
    }

    /// Is it the same at all times?
    pub(crate) fn is_flat(&self) -> bool {
        matches!(self, Curve::Flat(_))
    }

    /// Does it jump (at full hours)?
    pub(crate) fn jumps(&self) -> bool {
        matches!(self, Curve::Hours(_))
    }

    /// The rate just after `at`.
    pub(crate) fn rate(&self, at: Instant) -> f64 {
        match self {
            Curve::Flat(rate) => *rate,
            Curve::Sinusoid(swing, _) => swing.rate(at),
            Curve::Hours(table) => table.rate(at),
        }
    }

    /// Requests between two instants.
    pub(crate) fn integral(&self, from: Instant, until: Instant) -> f64 {
        match self {
            Curve::Flat(rate) => rate * (until - from).seconds(),
            Curve::Sinusoid(swing, _) => swing.integral(from, until),
            Curve::Hours(table) => table.until(until) - table.until(from),
        }
    }

    /// Integral of rate(t) * poly(t - origin) between two instants.
    pub(crate) fn weighted(&self, poly: Poly, origin: Instant, from: Instant, until: Instant) -> f64 {
        if poly.is_constant() {
            return poly.0[0] * self.integral(from, until);
        }
        // Moved to the interval's own start, so that short intervals far from the origin lose no digits.
        let poly = poly.moved((from - origin).seconds());
        match self {
            Curve::Flat(rate) => rate * poly.integral_to((until - from).seconds()),
            Curve::Sinusoid(swing, _) => swing.weighted(poly, from, until),
            Curve::Hours(table) => table.weighted(poly, from, until),
        }
    }

    /// The same as a harmonic; nothing if it is a table of hours.
    pub(crate) fn harmonic(&self) -> Option<Harmonic> {
        match self {
            Curve::Flat(mean) => Some(Harmonic { mean: *mean, ..Harmonic::default() }),
            Curve::Sinusoid(_, harmonic) => Some(*harmonic),
            Curve::Hours(_) => None,
        }
    }

    /// The greatest rate at any time of day.
    pub(crate) fn peak(&self) -> f64 {
        match self {
            Curve::Flat(rate) => *rate,
            Curve::Sinusoid(swing, _) => swing.max(),
            Curve::Hours(table) => table.rates[table.busiest()],
        }
    }

    /// No rate is less than this at any time of day.
    pub(crate) fn floor(&self) -> f64 {
        match self {
            Curve::Flat(rate) => *rate,
            Curve::Sinusoid(swing, _) => swing.min(),
            Curve::Hours(_) => 0.0,
        }
    }

    /// The greatest rate between two instants.
    pub(crate) fn highest(&self, from: Instant, until: Instant) -> f64 {
        match self {
            Curve::Flat(rate) => *rate,
            Curve::Sinusoid(swing, _) => swing.max_within(from, until),
            Curve::Hours(_) if until - from >= Span::DAY => self.peak(),
            Curve::Hours(table) => table.highest(from, until),
        }
    }

    /// The time of day at which it is greatest, as a span from midnight UTC.
    pub(crate) fn peak_time(&self) -> Span {
        match self {
            Curve::Flat(_) => Span::ZERO,
            Curve::Sinusoid(swing, _) => swing.first_peak() - Instant::ZERO,
            Curve::Hours(table) => Span::HOUR * table.busiest() as i64,
        }
    }

    /// Bounds of |rate|, |first| and |second derivative| between jumps.
    pub(crate) fn bounds(&self) -> [f64; 3] {
        match self {
            Curve::Sinusoid(swing, _) => swing.bounds(),
            Curve::Flat(_) | Curve::Hours(_) => [self.peak(), 0.0, 0.0],
        }
    }
}

/// What of a demand is the same all day, and how it swings: mean + cosine cos(wt) + sine sin(wt), t from midnight UTC.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(crate) struct Harmonic {
    pub(crate) mean: f64,
    pub(crate) cosine: f64,
    pub(crate) sine: f64,
}

impl Harmonic {
    fn of(swing: &Sinusoid<DAY>) -> Self {
        let [midnight, six, noon] = [0, 6, 12].map(|hour| swing.rate(Instant::ZERO + Span::HOUR * hour));
        let mean = (midnight + noon) / 2.0;
        Harmonic { mean, cosine: (midnight - noon) / 2.0, sine: six - mean }
    }

    /// The greatest value of the day.
    pub(crate) fn crest(&self) -> f64 {
        self.mean + libm::hypot(self.cosine, self.sine)
    }

    /// The time of day of the greatest value.
    pub(crate) fn crest_time(&self) -> Span {
        let turn = libm::atan2(self.sine, self.cosine) / (2.0 * std::f64::consts::PI);
        Span::from_seconds(86_400.0 * turn)
    }
}

/// A table of the hours of a day: the rate in each, and the requests before each.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Hours {
    rates: [f64; 24],
    before: [f64; 25],
}

impl Hours {
    fn new(mean: f64, factors: &[f64; 24]) -> Self {
        let rates = factors.map(|factor| mean * factor);
        let mut before = [0.0; 25];
        for hour in 0..24 {
            before[hour + 1] = before[hour] + rates[hour] * 3600.0;
        }
        Hours { rates, before }
    }

    fn rate(&self, at: Instant) -> f64 {
        self.rates[(at.nanos().rem_euclid(DAY) / HOUR) as usize]
    }

    /// Requests since the start of the run.
    fn until(&self, at: Instant) -> f64 {
        let (days, within) = (at.nanos().div_euclid(DAY), at.nanos().rem_euclid(DAY));
        let hour = (within / HOUR) as usize;
        let rest = Span::from_nanos(within % HOUR).seconds();
        days as f64 * self.before[24] + self.before[hour] + self.rates[hour] * rest
    }

    /// Integral of rate(t) * poly(t - from), hour by hour.
    fn weighted(&self, poly: Poly, from: Instant, until: Instant) -> f64 {
        let (mut total, mut at) = (0.0, from);
        while at < until {
            let next = next_hour(at).min(until);
            total += self.rate(at) * poly.moved((at - from).seconds()).integral_to((next - at).seconds());
            at = next;
        }
        total
    }

    fn highest(&self, from: Instant, until: Instant) -> f64 {
        let mut highest = self.rate(from);
        let mut at = next_hour(from);
        while at < until {
            highest = highest.max(self.rate(at));
            at += Span::HOUR;
        }
        highest
    }

    /// The first hour with the greatest rate.
    fn busiest(&self) -> usize {
        (1..24).fold(0, |best, hour| if self.rates[hour] > self.rates[best] { hour } else { best })
    }
}

/// The first full hour after `at`.
pub(crate) fn next_hour(at: Instant) -> Instant {
    Instant::from_nanos((at.nanos().div_euclid(HOUR) + 1) * HOUR)
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
        for (curve, tolerance) in [(sinusoid(), 1e-12), (Curve::Flat(3.0), 1e-13)] {
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
