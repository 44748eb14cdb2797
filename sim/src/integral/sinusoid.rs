use super::{Poly, five_point};
use crate::time::{Instant, NANOS_PER_SECOND};
use std::f64::consts::TAU;

/// A quantity a second that swings about a mean: mean + amplitude cos(2 pi (t - peak) / PERIOD).
///
/// The period, in nanoseconds, is a constant, so that taking whole periods off costs no division.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Sinusoid<const PERIOD: i64> {
    mean: f64,
    amplitude: f64,
    /// Nanoseconds of the first peak at or after zero.
    peak: i64,
}

impl<const PERIOD: i64> Sinusoid<PERIOD> {
    /// Radians a second.
    const FREQUENCY: f64 = TAU / (PERIOD as f64 / NANOS_PER_SECOND as f64);
    const RADIANS_PER_NANO: f64 = Self::FREQUENCY / NANOS_PER_SECOND as f64;

    /// A swing of `amplitude` (not negative) to either side of `mean`, with a peak at `peak`.
    pub const fn new(mean: f64, amplitude: f64, peak: Instant) -> Self {
        Sinusoid { mean, amplitude, peak: peak.nanos().rem_euclid(PERIOD) }
    }

    /// Its value at an instant.
    pub fn rate(&self, at: Instant) -> f64 {
        self.mean + self.amplitude * libm::cos(self.phase(at))
    }

    /// Its greatest value.
    pub fn max(&self) -> f64 {
        self.mean + self.amplitude
    }

    /// Its least value.
    pub fn min(&self) -> f64 {
        self.mean - self.amplitude
    }

    /// Its first peak at or after the start of the run.
    pub fn first_peak(&self) -> Instant {
        Instant::from_nanos(self.peak)
    }

    /// Its greatest value over an interval, ends included.
    pub fn max_within(&self, from: Instant, to: Instant) -> f64 {
        let to_peak = (self.peak - from.nanos()).rem_euclid(PERIOD);
        if to_peak <= (to - from).nanos() { self.max() } else { self.rate(from).max(self.rate(to)) }
    }

    /// Bounds of |value|, |first| and |second derivative| at all times.
    pub fn bounds(&self) -> [f64; 3] {
        let slope = self.amplitude * Self::FREQUENCY;
        [self.mean.abs() + self.amplitude, slope, slope * Self::FREQUENCY]
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
        let swing = if Self::FREQUENCY * seconds >= CLOSED_FROM {
            self.by_parts(poly, seconds, to) - self.by_parts(poly, 0.0, from)
        } else {
            self.by_quadrature(poly, seconds, from)
        };
        self.mean * poly.integral_to(seconds) + self.amplitude * swing
    }

    /// Radians since the last peak: reduced in integers, so that the hundredth year is as exact as the first.
    fn phase(&self, at: Instant) -> f64 {
        (at.nanos() - self.peak).rem_euclid(PERIOD) as f64 * Self::RADIANS_PER_NANO
    }

    /// The swing's integral. The difference of sines is taken as a product, 2 cos((a + b)/2) sin((b - a)/2), so that a
    /// short interval keeps its digits.
    fn swing_integral(&self, from: Instant, to: Instant) -> f64 {
        let half = ((to - from).nanos() % PERIOD) as f64 * Self::RADIANS_PER_NANO / 2.0;
        2.0 * self.amplitude / Self::FREQUENCY * libm::cos(self.phase(from) + half) * libm::sin(half)
    }

    /// An antiderivative of the polynomial times the cosine.
    fn by_parts(&self, poly: Poly, seconds: f64, at: Instant) -> f64 {
        let (sin, cos) = libm::sincos(self.phase(at));
        let w = Self::FREQUENCY;
        let first = poly.derivative();
        let second = first.derivative();
        let third = second.derivative();
        (poly.at(seconds) * sin
            + (first.at(seconds) * cos - (second.at(seconds) * sin + third.at(seconds) * cos / w) / w) / w)
            / w
    }

    fn by_quadrature(&self, poly: Poly, seconds: f64, from: Instant) -> f64 {
        let (w, phase) = (Self::FREQUENCY, self.phase(from));
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
    use crate::time::Span;
    use proptest::prelude::*;

    const DAY: i64 = Span::DAY.nanos();
    const DAILY: Sinusoid<DAY> = Sinusoid::new(3000.0, 1200.0, Instant::from_nanos(72_000_000_000_000));

    fn at(seconds: f64) -> Instant {
        Instant::ZERO + Span::from_seconds(seconds)
    }

    /// Composite Simpson with many steps, an independent reference: error about (w h)^4 / 180.
    fn simpson(f: impl Fn(f64) -> f64, from: f64, to: f64, steps: u32) -> f64 {
        let h = (to - from) / f64::from(steps);
        let inner =
            (1..steps).map(|i| if i % 2 == 1 { 4.0 } else { 2.0 } * f(from + h * f64::from(i))).sum::<f64>();
        (f(from) + inner + f(to)) * h / 3.0
    }

    #[test]
    fn a_whole_period_integrates_to_its_mean() {
        let year = DAILY.integral(at(1234.5), at(1234.5) + Span::YEAR);
        assert!((year / (3000.0 * 365.0 * 86_400.0) - 1.0).abs() < 1e-15);
    }

    #[test]
    fn the_half_day_about_the_peak_is_the_hand_computed_one() {
        // mean T + amplitude 2 sin(pi/2) / w, with w = 2 pi / 86,400.
        let expected = 3000.0 * 43_200.0 + 1200.0 * 2.0 * 86_400.0 / TAU;
        assert!((DAILY.integral(at(14.0 * 3600.0), at(26.0 * 3600.0)) / expected - 1.0).abs() < 1e-15);
    }

    #[test]
    fn the_hundredth_year_is_as_exact_as_the_first() {
        let far = Span::YEAR * 100;
        let (from, to) = (at(100.0), at(100.001));
        assert_eq!(DAILY.integral(from, to), DAILY.integral(from + far, to + far));
        assert_eq!(DAILY.rate(from), DAILY.rate(from - far));
        // A microsecond keeps its digits: the rate times its length.
        let short = DAILY.integral(from, from + Span::from_nanos(1000));
        assert!((short / (DAILY.rate(from) * 1e-6) - 1.0).abs() < 1e-10);
    }

    #[test]
    fn a_line_times_the_swing_is_the_hand_computed_one() {
        // From a peak, over one period T: the integral of s cos(w s) is zero, and of s^2 cos(w s) it is 2 T / w^2.
        let (from, to) = (DAILY.first_peak(), DAILY.first_peak() + Span::DAY);
        let (day, w) = (86_400.0, TAU / 86_400.0);
        let line = DAILY.weighted(Poly([0.0, 1.0, 0.0, 0.0]), from, to);
        assert!((line / (3000.0 * day * day / 2.0) - 1.0).abs() < 1e-14);
        let square = DAILY.weighted(Poly([0.0, 0.0, 1.0, 0.0]), from, to);
        assert!((square / (1000.0 * day * day * day + 1200.0 * 2.0 * day / (w * w)) - 1.0).abs() < 1e-14);
    }

    #[test]
    fn both_methods_agree_where_they_meet() {
        let poly = Poly([1.0, -3e-4, 2e-8, -1e-13]);
        for radians in [3.0, 3.9, 4.1, 6.0] {
            let seconds = radians / Sinusoid::<DAY>::FREQUENCY;
            let (from, to) = (at(5000.0), at(5000.0) + Span::from_seconds(seconds));
            let seconds = (to - from).seconds();
            let parts = DAILY.by_parts(poly, seconds, to) - DAILY.by_parts(poly, 0.0, from);
            let quadrature = DAILY.by_quadrature(poly, seconds, from);
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
            let f = |s: f64| poly.at(s) * DAILY.rate(from + Span::from_seconds(s));
            let reference = simpson(f, 0.0, t, 20_000);
            let found = DAILY.weighted(poly, from, to);
            prop_assert!((found - reference).abs() < 1e-9 * 4200.0 * t, "{} {}", found, reference);
        }

        #[test]
        fn integrals_add_up(from in -1e7f64..1e7, first in 0.0f64..1e6, second in 0.0f64..1e6) {
            let (a, b) = (at(from), at(from + first));
            let c = b + Span::from_seconds(second);
            let whole = DAILY.integral(a, c);
            prop_assert!((DAILY.integral(a, b) + DAILY.integral(b, c) - whole).abs() <= 1e-14 * whole + 1e-7);
        }

        #[test]
        fn no_sample_lies_above_the_maximum(from in -1e7f64..1e7, seconds in 0.0f64..200_000.0) {
            let (from, to) = (at(from), at(from) + Span::from_seconds(seconds));
            let max = DAILY.max_within(from, to);
            let samples = (0..=2000).map(|i| DAILY.rate(from + Span::from_nanos((to - from).nanos() / 2000 * i)));
            let high = samples.fold(0.0, f64::max);
            prop_assert!(high <= max + 1e-9);
            // And it is reached, as finely as 2,000 samples show: (w h)^2 / 8 of the amplitude, and the last stretch.
            let step = TAU * seconds / 86_400.0 / 2000.0;
            prop_assert!(max - high <= 1200.0 * (step * step + 1e-9));
        }
    }
}
