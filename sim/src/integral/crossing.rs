use crate::time::{Instant, Span};

/// What is known of a function whose sign is asked for.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Limits {
    /// A bound of |f''|, per second squared.
    pub curvature: f64,
    /// While |f| is no more than this it may as well be zero: it is not searched for further changes.
    pub least: f64,
}

/// Adds to `found`, in order, the instants in (from, until] at which a smooth `f` passes from above zero to at most zero,
/// or back: the first nanosecond on the new side.
///
/// The search is rigorous down to a microsecond: a piece is passed over only where the bound proves that `f` keeps its
/// sign there, or that it is next to zero throughout.
pub fn sign_changes(
    f: &dyn Fn(Instant) -> f64,
    limits: Limits,
    from: Instant,
    until: Instant,
    found: &mut Vec<Instant>,
) {
    search(f, limits, Bracket { from, until, low: f(from), high: f(until) }, found);
}

/// Seconds below which a piece is not searched further.
const FINEST: f64 = 1e-6;

/// An interval and the values at its ends.
#[derive(Clone, Copy)]
struct Bracket {
    from: Instant,
    until: Instant,
    low: f64,
    high: f64,
}

impl Bracket {
    fn changes(&self) -> bool {
        (self.low > 0.0) != (self.high > 0.0)
    }

    fn halves(&self, f: &dyn Fn(Instant) -> f64) -> (Bracket, Bracket) {
        let middle = self.from + Span::from_nanos((self.until - self.from).nanos() / 2);
        let value = f(middle);
        (Bracket { until: middle, high: value, ..*self }, Bracket { from: middle, low: value, ..*self })
    }
}

fn search(f: &dyn Fn(Instant) -> f64, limits: Limits, bracket: Bracket, found: &mut Vec<Instant>) {
    let width = (bracket.until - bracket.from).seconds();
    // Between its ends a function leaves their chord by this at most.
    let sag = limits.curvature * width * width / 8.0;
    let tiny = width < FINEST || bracket.low.abs().max(bracket.high.abs()).max(sag) <= limits.least;
    if !bracket.changes() {
        let margin = bracket.low.abs().min(bracket.high.abs());
        if margin > sag || tiny {
            return;
        }
    } else if (bracket.high - bracket.low).abs() > 4.0 * sag || tiny {
        // |f'| is at least |rise|/width - curvature*width/2 everywhere: monotone, so one change.
        found.push(narrow(f, bracket));
        return;
    }
    let (left, right) = bracket.halves(f);
    search(f, limits, left, found);
    search(f, limits, right, found);
}

/// The first nanosecond on the new side of the one change within `bracket`.
///
/// By the chord (regula falsi), whose guesses converge fast because a bracket is narrow beside the function's bends. An
/// end that has stayed twice counts half (the Illinois rule: Dowell and Jarratt, BIT 11, 1971). Past the eighth guess
/// every second one is the middle, so that no function costs much more than twice a bisection.
fn narrow(f: &dyn Fn(Instant) -> f64, bracket: Bracket) -> Instant {
    let Bracket { mut from, mut until, mut low, mut high } = bracket;
    let mut was_ahead = None;
    let mut guesses = 0;
    while (until - from).nanos() > 1 {
        let nanos = (until - from).nanos();
        guesses += 1;
        let halve = guesses > 8 && guesses % 2 == 0;
        let guess = if halve { nanos / 2 } else { (nanos as f64 * (low / (low - high))) as i64 };
        let at = from + Span::from_nanos(guess.clamp(1, nanos - 1));
        let value = f(at);
        // Is the change still ahead? Then the far end stays.
        let ahead = (value > 0.0) == (bracket.low > 0.0);
        let stays = if was_ahead == Some(ahead) { 0.5 } else { 1.0 };
        was_ahead = Some(ahead);
        if ahead {
            (from, low, high) = (at, value, high * stays);
        } else {
            (until, high, low) = (at, value, low * stays);
        }
    }
    until
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::integral::{Poly, Sinusoid};
    use proptest::prelude::*;

    fn at(seconds: f64) -> Instant {
        Instant::ZERO + Span::from_seconds(seconds)
    }

    fn changes(f: impl Fn(Instant) -> f64, curvature: f64, from: Instant, until: Instant) -> Vec<Instant> {
        let mut found = Vec::new();
        sign_changes(&f, Limits { curvature, least: 0.0 }, from, until, &mut found);
        found
    }

    const DAILY: Sinusoid<{ Span::DAY.nanos() }> = Sinusoid::new(3000.0, 1200.0, Instant::ZERO);

    /// Where the daily swing passes a level.
    fn passes(level: f64, from: Instant, until: Instant) -> Vec<Instant> {
        changes(|t| DAILY.rate(t) - level, DAILY.bounds()[2], from, until)
    }

    #[test]
    fn a_line_crosses_where_it_must() {
        let line = |t: Instant| 3.0 * t.seconds() - 12.0;
        // At four seconds it is zero, still "at most zero".
        assert_eq!(changes(line, 0.0, Instant::ZERO, at(100.0)), [at(4.0) + Span::NANOSECOND]);
        assert_eq!(changes(line, 0.0, Instant::ZERO, at(4.0)), []);
        assert_eq!(changes(line, 0.0, at(7.0), at(100.0)), []);
    }

    #[test]
    fn what_never_rises_never_crosses() {
        assert_eq!(changes(|_| -1.0, 0.0, Instant::ZERO, Instant::FAR), []);
        assert_eq!(changes(|t| -1.0 - t.seconds(), 0.0, Instant::ZERO, Instant::FAR), []);
    }

    #[test]
    fn a_peak_that_only_just_reaches_is_found_and_one_that_does_not_is_not() {
        let (from, until) = (at(3600.0), at(3600.0 + 86_400.0));
        let found = passes(4_199.999_999, from, until);
        // cos(w s) = 1 - 1e-6/1200: s = sqrt(2 * 1e-6 / 1200) / w = 0.5614 s about the peak.
        let [rise, fall] = found[..] else { panic!("{found:?}") };
        assert!(((rise - at(86_400.0)).seconds() + 0.5614).abs() < 1e-3, "{rise:?}");
        assert!(((fall - at(86_400.0)).seconds() - 0.5614).abs() < 1e-3, "{fall:?}");
        assert_eq!(passes(4_200.000_001, from, until), []);
    }

    #[test]
    fn a_fading_share_of_a_daily_swing_is_narrowed_down_in_few_steps() {
        let calls = std::cell::Cell::new(0);
        let from = at(30_000.0);
        let fading = |t: Instant| {
            calls.set(calls.get() + 1);
            DAILY.rate(t) * (1.0 - (t - from).seconds() / 60.0) - 30.0
        };
        assert_eq!(changes(fading, 1.0, from, from + Span::MINUTE).len(), 1);
        // Two for the ends, two for a nanosecond to either side; halving would take 36.
        assert!(calls.get() <= 9, "{}", calls.get());
    }

    #[test]
    fn a_step_is_found_though_no_chord_leads_there() {
        let step = |t: Instant| if t < at(77.7) { 1e-9 } else { -1e9 };
        assert_eq!(changes(step, 0.0, Instant::ZERO, at(100.0)), [at(77.7)]);
    }

    proptest! {
        #[test]
        fn a_swing_passes_a_level_at_the_arc_cosine(level in 1801.0f64..4199.0, days in 1i64..5) {
            let found = passes(level, at(-43_200.0), at(-43_200.0) + Span::DAY * days);
            let from_peak = libm::acos((level - 3000.0) / 1200.0) / std::f64::consts::TAU * 86_400.0;
            prop_assert_eq!(found.len() as i64, 2 * days);
            // Rounding of the rate, 5e-13, over its slope.
            let slope = DAILY.bounds()[1] * libm::sin(from_peak / 86_400.0 * std::f64::consts::TAU);
            let slack = 2.0 + 2e-3 / slope;
            for (index, time) in found.iter().enumerate() {
                let side = if index % 2 == 0 { -from_peak } else { from_peak };
                let expected = at(side) + Span::DAY * (index as i64 / 2);
                prop_assert!(((*time - expected).nanos() as f64).abs() <= slack, "{:?} {:?}", time, expected);
                let above = |t: Instant| DAILY.rate(t) > level;
                prop_assert_ne!(above(*time), above(*time - Span::NANOSECOND));
            }
        }

        #[test]
        fn all_three_roots_of_a_cubic_are_found(
            first in 1.0f64..1000.0, gap in 0.001f64..1000.0, other in 0.001f64..1000.0, sign in prop::bool::ANY,
        ) {
            let roots = [first, first + gap, first + gap + other];
            let factor = |root: f64| Poly::linear(-root, 1.0);
            let cubic = factor(roots[0]).times(factor(roots[1])).times(factor(roots[2]))
                * if sign { 1.0 } else { -1.0 };
            // The expanded coefficients round by up to 1e-16 of 3000^3, so the product of the factors is searched.
            let f = |t: Instant| roots.iter().fold(if sign { 1.0 } else { -1.0 }, |p, root| p * (t.seconds() - root));
            let found = changes(f, cubic.bounds(4000.0)[2], Instant::ZERO, at(4000.0));
            prop_assert_eq!(found.len(), 3, "{:?}", found);
            for (time, root) in found.iter().zip(roots) {
                prop_assert!((*time - at(root)).nanos().abs() <= 2, "{:?} {}", time, root);
            }
        }
    }
}
