//! Where a load lies above a limit, to the nanosecond, and by how much.

use crate::curve::{Curve, next_hour};
use crate::poly::Poly;
use sim::{Instant, Span};

/// Part of a load: a demand times a share that is a polynomial of time from `origin`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part<'c> {
    pub(crate) curve: &'c Curve,
    pub(crate) share: Poly,
    pub(crate) origin: Instant,
}

impl Part<'_> {
    pub(crate) fn at(&self, at: Instant) -> f64 {
        self.curve.rate(at) * self.share.at((at - self.origin).seconds())
    }

    pub(crate) fn integral(&self, from: Instant, until: Instant) -> f64 {
        self.curve.weighted(self.share, self.origin, from, until)
    }

    /// An upper bound of this part's load between two instants.
    pub(crate) fn highest(&self, from: Instant, until: Instant) -> f64 {
        let share = if self.share.is_constant() {
            self.share.0[0]
        } else {
            let moved = self.share.moved((from - self.origin).seconds());
            moved.bounds((until - from).seconds())[0]
        };
        self.curve.highest(from, until) * share
    }
}

/// The load of several parts at an instant (just after it).
pub(crate) fn load_at(parts: &[Part], at: Instant) -> f64 {
    parts.iter().map(|part| part.at(at)).sum()
}

/// The integral over time, in seconds, of the share of the load that part `mine` brings; the load must be above zero
/// throughout.
///
/// In closed form where the share is constant; otherwise by Gauss-Legendre quadrature with five nodes on chunks of at
/// most a sixteenth of the interval and an hour. The integrals of all parts sum to the interval to rounding.
pub(crate) fn share_of_load(parts: &[Part], mine: usize, from: Instant, until: Instant) -> f64 {
    let whole = (until - from).seconds();
    if parts.len() == 1 {
        return whole;
    }
    let share = |at: Instant| parts[mine].at(at) / load_at(parts, at);
    if parts.iter().all(|part| part.curve.is_flat() && part.share.is_constant()) {
        return share(from) * whole;
    }
    let step = Span::from_nanos((until - from).nanos() / 16 + 1);
    let (mut sum, mut at) = (0.0, from);
    while at < until {
        let next = (at + step).min(next_hour(at)).min(until);
        sum += legendre(at, next, share);
        at = next;
    }
    sum
}

/// Gauss-Legendre quadrature with five nodes [Abramowitz and Stegun, table 25.4].
fn legendre(from: Instant, until: Instant, f: impl Fn(Instant) -> f64) -> f64 {
    const NODES: [(f64, f64); 3] = [
        (0.0, 0.568_888_888_888_888_9),
        (0.538_469_310_105_683_1, 0.478_628_670_499_366_47),
        (0.906_179_845_938_664, 0.236_926_885_056_189_08),
    ];
    let half = (until - from).nanos() as f64 / 2.0;
    let at = |x: f64| from + Span::from_nanos((half * (1.0 + x)) as i64);
    let [(_, middle), pairs @ ..] = NODES;
    let sum: f64 = pairs.iter().map(|(x, weight)| weight * (f(at(*x)) + f(at(-*x)))).sum();
    (middle * f(at(0.0)) + sum) * (until - from).seconds() / 2.0
}

/// What is known of a function whose sign is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// A bound of |f''|, per second squared, between jumps.
    pub(crate) curvature: f64,
    /// While |f| is no more than this it may as well be zero: it is not searched for further changes.
    pub(crate) least: f64,
}

impl Limits {
    /// Of a load of so many requests per second at most, less a limit.
    pub(crate) fn of(parts: &[Part], from: Instant, width: f64) -> Self {
        let scale: f64 = parts.iter().map(|part| part.curve.bounds()[0]).sum();
        Limits { curvature: curvature(parts, from, width), least: 1e-7 * scale }
    }
}

/// Instants strictly inside (from, until) at which `f` passes from above zero to at most zero, or back, in order.
///
/// Full hours are where `f` may jump. The search is rigorous down to a microsecond: a piece is passed over only where
/// the bound proves that `f` keeps its sign there, or that it is next to zero throughout.
pub(crate) fn sign_changes(
    f: &dyn Fn(Instant) -> f64,
    Limits { curvature, least }: Limits,
    jumps: bool,
    from: Instant,
    until: Instant,
    found: &mut Vec<Instant>,
) {
    let mut start = from;
    while start < until {
        let end = if jumps { next_hour(start).min(until) } else { until };
        // Just before a jump the value is that of the piece, not of the next hour.
        let last = if jumps && end < until { end - Span::NANOSECOND } else { end };
        if last > start {
            search(f, Limits { curvature, least }, Bracket::new(f, start, last), found);
        }
        if end < until && (f(last) > 0.0) != (f(end) > 0.0) {
            found.push(end);
        }
        start = end;
    }
    found.retain(|at| *at > from && *at < until);
}

#[derive(Clone, Copy)]
struct Bracket {
    from: Instant,
    until: Instant,
    low: f64,
    high: f64,
}

impl Bracket {
    fn new(f: &dyn Fn(Instant) -> f64, from: Instant, until: Instant) -> Self {
        Bracket { from, until, low: f(from), high: f(until) }
    }

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
    let sag = limits.curvature * width * width / 8.0;
    let tiny = width < 1e-6 || bracket.low.abs().max(bracket.high.abs()).max(sag) <= limits.least;
    if !bracket.changes() {
        let margin = bracket.low.abs().min(bracket.high.abs());
        if margin > sag || tiny {
            return;
        }
    } else if (bracket.high - bracket.low).abs() > 4.0 * sag || tiny {
        // |f'| is at least |rise|/width - curvature*width/2 everywhere: monotone, so one change.
        found.push(bisect(f, bracket));
        return;
    }
    let (left, right) = bracket.halves(f);
    search(f, limits, left, found);
    search(f, limits, right, found);
}

fn bisect(f: &dyn Fn(Instant) -> f64, mut bracket: Bracket) -> Instant {
    while (bracket.until - bracket.from).nanos() > 1 {
        let (left, right) = bracket.halves(f);
        bracket = if left.changes() { left } else { right };
    }
    bracket.until
}

/// A bound of |second derivative| of a load between jumps, over `width` seconds from `from`.
fn curvature(parts: &[Part], from: Instant, width: f64) -> f64 {
    parts
        .iter()
        .map(|part| {
            let [rate, first, second] = part.curve.bounds();
            let moved = part.share.moved((from - part.origin).seconds());
            let [share, share_first, share_second] = moved.bounds(width);
            second * share + 2.0 * first * share_first + rate * share_second
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::specification::{Daily, Demand};

    #[test]
    fn a_sinusoid_crosses_its_limit_where_the_arc_cosine_says() {
        let curve =
            Curve::new(&Demand { mean: 100.0, daily: Daily::Sinusoid { swing: 0.4, peak: Span::HOUR * 12 } });
        let part = Part { curve: &curve, share: Poly::constant(1.0), origin: Instant::ZERO };
        let f = |at| part.at(at) - 130.0;
        let limits = Limits::of(&[part], Instant::ZERO, 2.0 * 86_400.0);
        let mut found = Vec::new();
        sign_changes(&f, limits, false, Instant::ZERO, Instant::ZERO + Span::DAY * 2, &mut found);
        let half = libm::acos(0.75) / (2.0 * std::f64::consts::PI) * 86_400.0;
        let expected = [43_200.0 - half, 43_200.0 + half, 129_600.0 - half, 129_600.0 + half];
        assert_eq!(found.len(), 4);
        for (at, expected) in found.iter().zip(expected) {
            assert!((at.seconds() - expected).abs() < 1e-5, "{} {expected}", at.seconds());
        }
    }

    #[test]
    fn a_jump_over_the_limit_is_found_at_the_full_hour() {
        let mut factors = [0.5; 24];
        factors[12..].fill(1.5);
        let curve = Curve::new(&Demand { mean: 10.0, daily: Daily::Hours(factors) });
        let part = Part { curve: &curve, share: Poly::constant(1.0), origin: Instant::ZERO };
        let mut found = Vec::new();
        sign_changes(
            &|at| part.at(at) - 7.0,
            Limits { curvature: 0.0, least: 0.0 },
            true,
            Instant::ZERO,
            Instant::ZERO + Span::DAY,
            &mut found,
        );
        assert_eq!(found, [Instant::ZERO + Span::HOUR * 12]);
    }
}
