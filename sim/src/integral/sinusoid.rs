use super::{Poly, five_point};
use crate::time::{Instant, NANOS_PER_SECOND, Span};
use std::f64::consts::TAU;

/// A quantity a second that swings about a mean: mean + amplitude cos(2 pi (t - peak) / period).
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Sinusoid {
    mean: f64,
    amplitude: f64,
    /// Nanoseconds from peak to peak.
    period: i64,
    /// Nanoseconds of the first peak at or after zero.
    peak: i64,
    /// Radians a second, and a nanosecond.
    frequency: f64,
    per_nano: f64,
}

impl Sinusoid {
    /// A swing of `amplitude` (not negative) to either side of `mean`, each `period` (positive), with a peak at `peak`.
    pub fn new(mean: f64, amplitude: f64, period: Span, peak: Instant) -> Self {
        let frequency = TAU / period.seconds();
        let per_nano = frequency / NANOS_PER_SECOND as f64;
        let peak = peak.nanos().rem_euclid(period.nanos());
        Sinusoid { mean, amplitude, period: period.nanos(), peak, frequency, per_nano }
    }

    /// Its value at an instant.
    pub fn rate(&self, at: Instant) -> f64 {
        self.mean + self.amplitude * libm::cos(self.phase(at))
    }

    /// Its greatest value.
    pub fn max(&self) -> f64 {
        self.mean + self.amplitude
    }

    /// Its first peak at or after the start of the run.
    pub fn first_peak(&self) -> Instant {
        Instant::from_nanos(self.peak)
    }

    /// Its greatest value over an interval, ends included.
    pub fn max_within(&self, from: Instant, to: Instant) -> f64 {
        let to_peak = (self.peak - from.nanos()).rem_euclid(self.period);
        if to_peak <= (to - from).nanos() { self.max() } else { self.rate(from).max(self.rate(to)) }
    }

    /// Bounds of |value|, |first| and |second derivative| at all times.
    pub fn bounds(&self) -> [f64; 3] {
        let slope = self.amplitude * self.frequency;
        [self.mean.abs() + self.amplitude, slope, slope * self.frequency]
    }

    /// Its integral over an interval, by the antiderivative.
    pub fn integral(&self, from: Instant, to: Instant) -> f64 {
        self.mean * (to - from).seconds() + self.swing_integral(from, to)
    }

    /// The integral over an interval of its product with a polynomial whose origin is `from`.
    ///
    /// The mean's part is exact. The swing's is in closed form for a constant, and from four radians on
    /// by repeated integration by parts, p sin/w + p' cos/w^2 - p'' sin/w^3 - p''' cos/w^4. Shorter intervals, where that
    /// would cancel, are cut into chunks of at most half a radian and summed by the five-point Gauss-Legendre rule, whose
    /// error in a chunk is at most 1.9e-16 (|p| + 10 |p'| + 45 |p''| + 120 |p'''|) amplitude/w, the derivatives being those
    /// by the radian: below the rounding of the sum for any p that does not vary by more than its size in half a radian.
    pub fn weighted(&self, poly: Poly, from: Instant, to: Instant) -> f64 {
        if poly.is_constant() {
            return poly.0[0] * self.integral(from, to);
        }
        let seconds = (to - from).seconds();
        let swing = if self.frequency * seconds >= CLOSED_FROM {
            self.by_parts(poly, seconds, to) - self.by_parts(poly, 0.0, from)
        } else {
            self.by_quadrature(poly, seconds, from)
        };
        self.mean * poly.integral_to(seconds) + self.amplitude * swing
    }

    /// Radians since the last peak: reduced in integers, so that the hundredth year is as exact as the first.
    fn phase(&self, at: Instant) -> f64 {
        (at.nanos() - self.peak).rem_euclid(self.period) as f64 * self.per_nano
    }

    /// The swing's integral. The difference of sines is taken as a product, 2 cos((a + b)/2) sin((b - a)/2), so that a
    /// short interval keeps its digits.
    fn swing_integral(&self, from: Instant, to: Instant) -> f64 {
        let half = ((to - from).nanos() % self.period) as f64 * self.per_nano / 2.0;
        2.0 * self.amplitude / self.frequency * libm::cos(self.phase(from) + half) * libm::sin(half)
    }

    /// An antiderivative of the polynomial times the cosine.
    fn by_parts(&self, poly: Poly, seconds: f64, at: Instant) -> f64 {
        let (sin, cos) = libm::sincos(self.phase(at));
        let w = self.frequency;
        let first = poly.derivative();
        let second = first.derivative();
        let third = second.derivative();
        (poly.at(seconds) * sin
            + (first.at(seconds) * cos - (second.at(seconds) * sin + third.at(seconds) * cos / w) / w) / w)
            / w
    }

    fn by_quadrature(&self, poly: Poly, seconds: f64, from: Instant) -> f64 {
        let (w, phase) = (self.frequency, self.phase(from));
        let chunks = (w * seconds / CHUNK).ceil().max(1.0);
        let width = seconds / chunks;
        let chunk = |index: u32| {
            let start = width * f64::from(index);
            five_point(width, |x| poly.at(start + x) * libm::cos(phase + w * (start + x)))
        };
        (0..chunks as u32).map(chunk).sum()
    }
}

/// Radians from which integration by parts loses no more than a digit.
const CLOSED_FROM: f64 = 4.0;

/// Radians to a chunk of quadrature.
const CHUNK: f64 = 0.5;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn daily() -> Sinusoid {
        Sinusoid::new(3000.0, 1200.0, Span::DAY, Instant::ZERO + Span::HOUR * 20)
    }

    fn at(seconds: f64) -> Instant {
        Instant::ZERO + Span::from_seconds(seconds)
    }

    /// Composite Simpson with many steps, an independent reference: error about (w h)^4 / 180.
    fn simpson(f: impl Fn(f64) -> f64, from: f64, to: f64, steps: u32) -> f64 {
        let h = (to - from) / f64::from(steps);
        let inner = (1..steps).map(|i| if i % 2 == 1 { 4.0 } else { 2.0 } * f(from + h * f64::from(i))).sum::<f64>();
        (f(from) + inner + f(to)) * h / 3.0
    }

    #[test]
    fn a_whole_period_integrates_to_its_mean() {
        let year = daily().integral(at(1234.5), at(1234.5) + Span::YEAR);
        assert!((year / (3000.0 * 365.0 * 86_400.0) - 1.0).abs() < 1e-15);
    }

    #[test]
    fn the_half_day_about_the_peak_is_the_hand_computed_one() {
        // mean T + amplitude 2 sin(pi/2) / w, with w = 2 pi / 86,400.
        let expected = 3000.0 * 43_200.0 + 1200.0 * 2.0 * 86_400.0 / TAU;
        assert!((daily().integral(at(14.0 * 3600.0), at(26.0 * 3600.0)) / expected - 1.0).abs() < 1e-15);
    }

    #[test]
    fn the_hundredth_year_is_as_exact_as_the_first() {
        let far = Span::YEAR * 100;
        let (from, to) = (at(100.0), at(100.001));
        assert_eq!(daily().integral(from, to), daily().integral(from + far, to + far));
        assert_eq!(daily().rate(from), daily().rate(from - far));
        // A microsecond keeps its digits: the rate times its length.
        let short = daily().integral(from, from + Span::from_nanos(1000));
        assert!((short / (daily().rate(from) * 1e-6) - 1.0).abs() < 1e-10);
    }

    #[test]
    fn a_line_times_the_swing_is_the_hand_computed_one() {
        // From a peak, over one period T: the integral of s cos(w s) is zero, and of s^2 cos(w s) it is 2 T / w^2.
        let (from, to) = (daily().first_peak(), daily().first_peak() + Span::DAY);
        let (day, w) = (86_400.0, TAU / 86_400.0);
        let line = daily().weighted(Poly([0.0, 1.0, 0.0, 0.0]), from, to);
        assert!((line / (3000.0 * day * day / 2.0) - 1.0).abs() < 1e-14);
        let square = daily().weighted(Poly([0.0, 0.0, 1.0, 0.0]), from, to);
        assert!((square / (1000.0 * day * day * day + 1200.0 * 2.0 * day / (w * w)) - 1.0).abs() < 1e-14);
    }

    #[test]
    fn both_methods_agree_where_they_meet() {
        let poly = Poly([1.0, -3e-4, 2e-8, -1e-13]);
        for radians in [3.0, 3.9, 4.1, 6.0] {
            let seconds = radians / daily().frequency;
            let (from, to) = (at(5000.0), at(5000.0) + Span::from_seconds(seconds));
            let seconds = (to - from).seconds();
            let parts = daily().by_parts(poly, seconds, to) - daily().by_parts(poly, 0.0, from);
            let quadrature = daily().by_quadrature(poly, seconds, from);
            assert!((parts - quadrature).abs() < 1e-13 * seconds, "{radians}: {parts} {quadrature}");
        }
    }

    proptest! {
        #[test]
        fn products_agree_with_fine_quadrature(
            from in -1e7f64..1e7, seconds in 1.0f64..400_000.0,
            a in -2.0f64..2.0, b in -2.0f64..2.0, c in -2.0f64..2.0, d in -2.0f64..2.0,
        ) {
            let (from, to) = (at(from), at(from) + Span::from_seconds(seconds));
            let t = (to - from).seconds();
            let poly = Poly([a, b / t, c / (t * t), d / (t * t * t)]);
            let f = |s: f64| poly.at(s) * daily().rate(from + Span::from_seconds(s));
            let reference = simpson(f, 0.0, t, 20_000);
            let found = daily().weighted(poly, from, to);
            prop_assert!((found - reference).abs() < 1e-9 * 4200.0 * t, "{} {}", found, reference);
        }

        #[test]
        fn integrals_add_up(from in -1e7f64..1e7, first in 0.0f64..1e6, second in 0.0f64..1e6) {
            let (a, b) = (at(from), at(from + first));
            let c = b + Span::from_seconds(second);
            let whole = daily().integral(a, c);
            prop_assert!((daily().integral(a, b) + daily().integral(b, c) - whole).abs() <= 1e-14 * whole + 1e-7);
        }

        #[test]
        fn no_sample_lies_above_the_maximum(from in -1e7f64..1e7, seconds in 0.0f64..200_000.0) {
            let (from, to) = (at(from), at(from) + Span::from_seconds(seconds));
            let max = daily().max_within(from, to);
            let samples = (0..=2000).map(|i| daily().rate(from + Span::from_nanos((to - from).nanos() / 2000 * i)));
            let high = samples.fold(0.0, f64::max);
            prop_assert!(high <= max + 1e-9);
            // And it is reached, as finely as 2,000 samples show: (w h)^2 / 8 of the amplitude, and the last stretch.
            let step = TAU * seconds / 86_400.0 / 2000.0;
            prop_assert!(max - high <= 1200.0 * (step * step + 1e-9));
        }
    }
}
