//! Where a load lies above a limit, to the nanosecond, and by how much.

use crate::curve::{Curve, next_hour};
use sim::integral::{self, Limits, Poly, five_point};
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

/// Is a constant and some parts' load above zero throughout a stretch, or nowhere, whatever the times of day? Cheap; where
/// it cannot tell, it says no.
pub(crate) fn keeps_its_sign(constant: f64, parts: &[Part], from: Instant, until: Instant) -> bool {
    let width = (until - from).seconds();
    let (mut low, mut high) = (constant, constant);
    for part in parts {
        let (least, most) = part.share.moved((from - part.origin).seconds()).range(width);
        let (floor, peak) = (part.curve.floor(), part.curve.peak());
        low += least * if least > 0.0 { floor } else { peak };
        high += most * if most > 0.0 { peak } else { floor };
    }
    low > 0.0 || high <= 0.0
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
    let share = |at: Instant| {
        let (mut own, mut load) = (0.0, 0.0);
        for (index, part) in parts.iter().enumerate() {
            let rate = part.at(at);
            load += rate;
            own = if index == mine { rate } else { own };
        }
        own / load
    };
    if parts.iter().all(|part| part.curve.is_flat() && part.share.is_constant()) {
        return share(from) * whole;
    }
    let step = Span::from_nanos((until - from).nanos() / 16 + 1);
    let (mut sum, mut at) = (0.0, from);
    while at < until {
        let next = (at + step).min(next_hour(at)).min(until);
        sum += five_point((next - at).seconds(), |x| share(at + Span::from_seconds(x)));
        at = next;
    }
    sum
}

/// What is known of a load of so many requests per second at most, less a limit: while it is within 10^-7 of its
/// greatest value it may as well be zero.
pub(crate) fn limits(parts: &[Part], from: Instant, width: f64) -> Limits {
    let scale: f64 = parts.iter().map(|part| part.curve.bounds()[0]).sum();
    Limits { curvature: curvature(parts, from, width), least: 1e-7 * scale }
}

/// Instants strictly inside (from, until) at which `f` passes from above zero to at most zero, or back, in order.
///
/// Full hours are where `f` may jump; between them the search is that of [`integral::sign_changes`].
pub(crate) fn sign_changes(
    f: &dyn Fn(Instant) -> f64,
    limits: Limits,
    jumps: bool,
    from: Instant,
    until: Instant,
    found: &mut Vec<Instant>,
) {
    let mut start = from;
    while start < until {
        let end = if jumps { next_hour(start).min(until) } else { until };
        // Just before a jump the value is that of the piece, not of the next hour.
        let last = if end < until { end - Span::NANOSECOND } else { end };
        integral::sign_changes(f, limits, start, last, found);
        if end < until && (f(last) > 0.0) != (f(end) > 0.0) {
            found.push(end);
        }
        start = end;
    }
    found.pop_if(|at| *at == until);
}

/// A bound of |second derivative| of a load between jumps, over `width` seconds from `from`.
fn curvature(parts: &[Part], from: Instant, width: f64) -> f64 {
    parts
        .iter()
        .map(|part| {
            let [rate, first, second] = part.curve.bounds();
            if part.share.is_constant() {
                return second * part.share.0[0].abs();
            }
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
        let limits = limits(&[part], Instant::ZERO, 2.0 * 86_400.0);
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
