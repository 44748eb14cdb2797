use crate::time::{Instant, NANOS_PER_SECOND, Span};

/// A function's value and its derivative, a second.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Slope {
    /// The value.
    pub value: f64,
    /// The derivative.
    pub slope: f64,
}

/// The first nanosecond in `from..=to` at which `f` is not negative; `curvature_max` bounds its second derivative from
/// above, a second squared.
///
/// From an instant where f = -g with slope v, f stays negative for the s with -g + v s + c s^2 / 2 < 0: steps of that
/// length never pass a crossing, however briefly the function may rise, and near one they are Newton's. The result is an
/// instant with f >= 0 before which, by a nanosecond, f < 0 as computed.
pub fn first_crossing(
    from: Instant,
    to: Instant,
    curvature_max: f64,
    f: impl Fn(Instant) -> Slope,
) -> Option<Instant> {
    let mut before = from;
    let mut here = f(from);
    if here.value >= 0.0 {
        return Some(from);
    }
    while before < to {
        let step = safe_nanos(here, curvature_max.max(0.0));
        let next = before.saturating_add(Span::from_nanos(step)).min(to);
        here = f(next);
        if here.value >= 0.0 {
            return Some(bisect(before, next, f));
        }
        before = next;
    }
    None
}

/// Nanoseconds for which the function surely stays negative, but at least one.
fn safe_nanos(here: Slope, curvature: f64) -> i64 {
    let (gap, v) = (-here.value, here.slope);
    let root = (v * v + 2.0 * curvature * gap).sqrt();
    // Two forms of the same solution; each is free of cancellation on its side. Division by zero means "never".
    let seconds = if v > 0.0 { 2.0 * gap / (v + root) } else { (root - v) / curvature };
    if seconds.is_nan() {
        // No slope and no curvature: it stays as it is.
        return i64::MAX;
    }
    // The cast truncates and saturates.
    ((seconds * NANOS_PER_SECOND as f64) as i64).max(1)
}

/// The crossing between an instant with f < 0 and one with f >= 0. Only rounding of the step can have put more than a
/// nanosecond between it and the latter.
fn bisect(mut below: Instant, mut above: Instant, f: impl Fn(Instant) -> Slope) -> Instant {
    let mut width = 1;
    // From the upper end in doubling steps, since it is near.
    while (above - below).nanos() > 1 {
        let middle = (above - Span::from_nanos(width)).max(below + Span::NANOSECOND);
        if f(middle).value >= 0.0 {
            above = middle;
            width = (2 * width).min((above - below).nanos());
        } else {
            below = middle;
            width = ((above - below).nanos() / 2).max(1);
        }
    }
    above
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::integral::Sinusoid;
    use proptest::prelude::*;

    fn at(seconds: f64) -> Instant {
        Instant::ZERO + Span::from_seconds(seconds)
    }

    /// How far the swing is above a level.
    fn above(swing: Sinusoid, level: f64) -> impl Fn(Instant) -> Slope {
        move |t| Slope { value: swing.rate(t) - level, slope: swing.slope(t) }
    }

    const DAILY: Sinusoid =
        Sinusoid { mean: 3000.0, amplitude: 1200.0, period: Span::DAY, peak: Instant::ZERO };

    #[test]
    fn a_line_crosses_where_it_must() {
        let line = |t: Instant| Slope { value: 3.0 * t.seconds() - 12.0, slope: 3.0 };
        assert_eq!(first_crossing(Instant::ZERO, at(100.0), 0.0, line), Some(at(4.0)));
        assert_eq!(first_crossing(Instant::ZERO, at(3.999), 0.0, line), None);
        assert_eq!(first_crossing(at(7.0), at(100.0), 0.0, line), Some(at(7.0)));
    }

    #[test]
    fn what_never_rises_never_crosses() {
        let flat = |_| Slope { value: -1.0, slope: 0.0 };
        assert_eq!(first_crossing(Instant::ZERO, Instant::FAR, 0.0, flat), None);
        let falling = |t: Instant| Slope { value: -1.0 - t.seconds(), slope: -1.0 };
        assert_eq!(first_crossing(Instant::ZERO, Instant::FAR, 0.0, falling), None);
    }

    #[test]
    fn a_peak_that_only_just_reaches_is_found_and_one_that_does_not_is_not() {
        let (from, to) = (at(3600.0), at(3600.0 + 86_400.0));
        let found = first_crossing(from, to, DAILY.curvature_max(), above(DAILY, 4_199.999_999)).unwrap();
        // cos(w s) = 1 - 1e-6/1200: s = sqrt(2 * 1e-6 / 1200) / w = 0.5614 s before the peak.
        assert!(((found - at(86_400.0)).seconds() + 0.5614).abs() < 1e-3, "{found:?}");
        assert_eq!(first_crossing(from, to, DAILY.curvature_max(), above(DAILY, 4_200.000_001)), None);
    }

    proptest! {
        #[test]
        fn a_swing_crosses_a_level_at_the_arc_cosine(level in 1801.0f64..4199.0, start in 0.0f64..86_400.0) {
            let (from, to) = (at(start), at(start) + Span::DAY);
            let found = first_crossing(from, to, DAILY.curvature_max(), above(DAILY, level)).unwrap();
            let before_peak = libm::acos((level - 3000.0) / 1200.0) / std::f64::consts::TAU * 86_400.0;
            let expected = if DAILY.rate(from) >= level { from } else { at(86_400.0 - before_peak) };
            // Rounding of the rate, 5e-13, over its slope.
            let slack = 2.0 + 2e-3 / DAILY.slope(expected).abs().max(1e-6);
            prop_assert!(((found - expected).nanos() as f64).abs() <= slack, "{:?} {:?}", found, expected);
            let earlier = found - Span::NANOSECOND;
            prop_assert!(found == from || DAILY.rate(earlier) < level);
        }
    }
}
