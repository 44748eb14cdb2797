use super::Cubic;
use crate::time::{Instant, Span};
use std::f64::consts::{PI, TAU};

/// A quantity a second that swings about a mean: mean + amplitude cos(2 pi (t - peak) / period).
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Sinusoid {
    /// Its mean.
    pub mean: f64,
    /// How far it swings to either side.
    pub amplitude: f64,
    /// Time from peak to peak; positive.
    pub period: Span,
    /// One instant of its peak (of its trough, where the amplitude is negative).
    pub peak: Instant,
}

impl Sinusoid {
    /// The quantity that never changes.
    pub const fn constant(mean: f64) -> Self {
        Sinusoid { mean, amplitude: 0.0, period: Span::DAY, peak: Instant::ZERO }
    }

    /// Its value at an instant.
    pub fn rate(&self, at: Instant) -> f64 {
        if self.amplitude == 0.0 { self.mean } else { self.mean + self.amplitude * libm::cos(self.phase(at)) }
    }

    /// Its derivative, a second.
    pub fn slope(&self, at: Instant) -> f64 {
        -self.amplitude * self.frequency() * libm::sin(self.phase(at))
    }

    /// A bound on the size of its second derivative.
    pub fn curvature_max(&self) -> f64 {
        self.amplitude.abs() * self.frequency() * self.frequency()
    }

    /// Its integral over an interval, by the antiderivative.
    ///
    /// The difference of sines is taken as a product, so that a short interval keeps its digits.
    pub fn integral(&self, from: Instant, to: Instant) -> f64 {
        let swing = if self.amplitude == 0.0 { 0.0 } else { self.swing_integral(from, to) };
        self.mean * (to - from).seconds() + swing
    }

    /// Its greatest value over an interval, ends included.
    pub fn max(&self, from: Instant, to: Instant) -> f64 {
        let highest = if self.amplitude > 0.0 { Span::ZERO } else { self.half() };
        if self.reaches(highest, from, to) {
            self.mean + self.amplitude.abs()
        } else {
            self.rate(from).max(self.rate(to))
        }
    }

    /// Its least value over an interval, ends included.
    pub fn min(&self, from: Instant, to: Instant) -> f64 {
        let lowest = if self.amplitude > 0.0 { self.half() } else { Span::ZERO };
        if self.reaches(lowest, from, to) {
            self.mean - self.amplitude.abs()
        } else {
            self.rate(from).min(self.rate(to))
        }
    }

    /// The integral over an interval of its product with a polynomial in the seconds since `from`.
    ///
    /// The mean's part is exact. The swing's is in closed form for a constant, and from four radians on
    /// by repeated integration by parts, p sin/w + p' cos/w^2 - p'' sin/w^3 - p''' cos/w^4. Shorter intervals, where that
    /// would cancel, are cut into chunks of at most half a radian and summed by the five-point Gauss-Legendre rule, whose
    /// error in a chunk is at most 1.9e-16 (|p| + 10 |p'| + 45 |p''| + 120 |p'''|) amplitude/w, the derivatives being those
    /// by the radian: below the rounding of the sum for any p that does not vary by more than its size in half a radian.
    pub fn integral_times(&self, cubic: &Cubic, from: Instant, to: Instant) -> f64 {
        let seconds = (to - from).seconds();
        let mean = self.mean * cubic.integral(seconds);
        let [constant, rest @ ..] = cubic.0;
        if self.amplitude == 0.0 || seconds == 0.0 {
            mean
        } else if rest == [0.0; 3] {
            mean + constant * self.swing_integral(from, to)
        } else if self.frequency() * seconds >= CLOSED_FROM {
            mean + self.amplitude * (self.by_parts(cubic, seconds, to) - self.by_parts(cubic, 0.0, from))
        } else {
            mean + self.amplitude * self.by_quadrature(cubic, seconds, from)
        }
    }

    /// Radians a second.
    fn frequency(&self) -> f64 {
        TAU / self.period.seconds()
    }

    fn half(&self) -> Span {
        Span::from_nanos(self.period.nanos() / 2)
    }

    /// Radians since the last peak: reduced in integers, so that the hundredth year is as exact as the first.
    fn phase(&self, at: Instant) -> f64 {
        TAU * Span::from_nanos((at - self.peak).nanos().rem_euclid(self.period.nanos())).ratio(self.period)
    }

    fn swing_integral(&self, from: Instant, to: Instant) -> f64 {
        let length = Span::from_nanos((to - from).nanos() % self.period.nanos());
        let half = PI * length.ratio(self.period);
        2.0 * self.amplitude / self.frequency() * libm::cos(self.phase(from) + half) * libm::sin(half)
    }

    /// Does the interval hold an instant that lies `after` a peak (but for whole periods)?
    fn reaches(&self, after: Span, from: Instant, to: Instant) -> bool {
        let until = (self.peak + after - from).nanos().rem_euclid(self.period.nanos());
        until <= (to - from).nanos()
    }

    /// An antiderivative of the cubic times the cosine.
    fn by_parts(&self, cubic: &Cubic, seconds: f64, at: Instant) -> f64 {
        let (sin, cos) = libm::sincos(self.phase(at));
        let w = self.frequency();
        let first = cubic.derivative();
        let second = first.derivative();
        let third = second.derivative();
        (cubic.at(seconds) * sin
            + (first.at(seconds) * cos - (second.at(seconds) * sin + third.at(seconds) * cos / w) / w) / w)
            / w
    }

    fn by_quadrature(&self, cubic: &Cubic, seconds: f64, from: Instant) -> f64 {
        let (w, phase) = (self.frequency(), self.phase(from));
        let chunks = (w * seconds / CHUNK).ceil().max(1.0);
        let half = 0.5 * seconds / chunks;
        let mut sum = 0.0;
        for chunk in 0..chunks as u32 {
            let middle = half * (2.0 * f64::from(chunk) + 1.0);
            let f = |s: f64| cubic.at(s) * libm::cos(phase + w * s);
            let pairs =
                GAUSS.map(|(node, weight)| weight * (f(middle - half * node) + f(middle + half * node)));
            sum += half * (CENTRE * f(middle) + pairs[0] + pairs[1]);
        }
        sum
    }
}

/// Radians from which integration by parts loses no more than a digit.
const CLOSED_FROM: f64 = 4.0;

/// Radians to a chunk of quadrature.
const CHUNK: f64 = 0.5;

/// Weight of the middle, and nodes with their weights, of the five-point rule on [-1, 1] [Abramowitz & Stegun 25.4.30].
const CENTRE: f64 = 128.0 / 225.0;
const GAUSS: [(f64, f64); 2] =
    [(0.538_469_310_105_683_1, 0.478_628_670_499_366_47), (0.906_179_845_938_664, 0.236_926_885_056_189_08)];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DAILY: Sinusoid = Sinusoid {
        mean: 3000.0,
        amplitude: 1200.0,
        period: Span::DAY,
        peak: Instant::from_nanos(72_000_000_000_000),
    };

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
        let (from, to) = (DAILY.peak, DAILY.peak + Span::DAY);
        let (day, w) = (86_400.0, TAU / 86_400.0);
        let line = DAILY.integral_times(&Cubic([0.0, 1.0, 0.0, 0.0]), from, to);
        assert!((line / (3000.0 * day * day / 2.0) - 1.0).abs() < 1e-14);
        let square = DAILY.integral_times(&Cubic([0.0, 0.0, 1.0, 0.0]), from, to);
        assert!((square / (1000.0 * day * day * day + 1200.0 * 2.0 * day / (w * w)) - 1.0).abs() < 1e-14);
    }

    #[test]
    fn both_methods_agree_where_they_meet() {
        let cubic = Cubic([1.0, -3e-4, 2e-8, -1e-13]);
        for radians in [3.0, 3.9, 4.1, 6.0] {
            let seconds = radians / DAILY.frequency();
            let (from, to) = (at(5000.0), at(5000.0) + Span::from_seconds(seconds));
            let seconds = (to - from).seconds();
            let parts = DAILY.by_parts(&cubic, seconds, to) - DAILY.by_parts(&cubic, 0.0, from);
            let quadrature = DAILY.by_quadrature(&cubic, seconds, from);
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
            let cubic = Cubic([a, b / t, c / (t * t), d / (t * t * t)]);
            let f = |s: f64| cubic.at(s) * DAILY.rate(from + Span::from_seconds(s));
            let reference = simpson(f, 0.0, t, 20_000);
            let found = DAILY.integral_times(&cubic, from, to);
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
        fn no_sample_lies_outside_minimum_and_maximum(
            from in -1e7f64..1e7, seconds in 0.0f64..200_000.0, sign in prop::bool::ANY,
        ) {
            let swing = Sinusoid { amplitude: if sign { 1200.0 } else { -1200.0 }, ..DAILY };
            let (from, to) = (at(from), at(from) + Span::from_seconds(seconds));
            let (min, max) = (swing.min(from, to), swing.max(from, to));
            let samples = (0..=2000).map(|i| swing.rate(from + Span::from_nanos((to - from).nanos() / 2000 * i)));
            let (low, high) = samples.fold((f64::INFINITY, 0.0f64), |(l, h), x| (l.min(x), h.max(x)));
            prop_assert!(min <= low + 1e-9 && high <= max + 1e-9);
            // And they are reached, as finely as 2,000 samples show: (w h)^2 / 8 of the amplitude, and the last stretch.
            let step = TAU * seconds / 86_400.0 / 2000.0;
            prop_assert!(max - high <= 1200.0 * (step * step + 1e-9) && low - min <= 1200.0 * (step * step + 1e-9));
        }
    }
}
