//! Where those who dial anew are led: by their own resolver's cache, which also led them to the connection they lost.

use crate::cache::AnswerId;
use sim::integral::Poly;

/// An answer (none: silence) and its share of the traffic.
pub(super) type Held = (Option<AnswerId>, Poly);

/// Coefficients below this are rounding.
const DUST: f64 = 1e-12;

/// The joint shares of (answer a connection was dialled by, answer its client's resolver has now) for the next `width`
/// seconds.
///
/// A connection and the cache behind it belong to one client, and the connection lags. With two answers in play that
/// settles the joint law: who was dialled by the newer answer still has it, and who has the older one was dialled by it.
/// With more of them, or where it changes within the stretch which one lags, the two are taken as independent.
pub(super) fn joint(
    dialled: &[Held],
    cached: &[Held],
    width: f64,
    mut found: impl FnMut(Option<AnswerId>, Option<AnswerId>, Poly),
) {
    if let Some((one, other)) = two_answers(dialled, cached) {
        let (was, has) = (share_of(dialled, one), share_of(cached, one));
        let lag = was + has * -1.0;
        if let Some(sign) = steady_sign(lag, width) {
            let (was_other, has_other) = (share_of(dialled, other), share_of(cached, other));
            let (both, move_from, move_to, both_other) =
                if sign >= 0.0 { (has, one, other, was_other) } else { (was, other, one, has_other) };
            found(one, one, both);
            found(move_from, move_to, lag * sign);
            found(other, other, both_other);
            return;
        }
    }
    for (was, share) in dialled {
        cached.iter().for_each(|(has, part)| found(*was, *has, share.times(*part)));
    }
}

/// The only two answers among all these; the same one twice where there is but one.
fn two_answers(dialled: &[Held], cached: &[Held]) -> Option<(Option<AnswerId>, Option<AnswerId>)> {
    let mut all = dialled.iter().chain(cached).map(|(answer, _)| *answer);
    let one = all.next()?;
    let mut other = one;
    for answer in all {
        if other == one {
            other = answer;
        }
        if answer != one && answer != other {
            return None;
        }
    }
    (other != one).then_some((one, other))
}

fn share_of(held: &[Held], answer: Option<AnswerId>) -> Poly {
    held.iter().find(|(known, _)| *known == answer).map_or(Poly::ZERO, |(_, share)| *share)
}

/// The sign of a quadratic on [0, width], 0 where it is nothing but rounding; none where it changes.
fn steady_sign(poly: Poly, width: f64) -> Option<f64> {
    let [_, slope, bend, _] = poly.0;
    let turn = if bend == 0.0 { 0.0 } else { (-slope / (2.0 * bend)).clamp(0.0, width) };
    let values = [poly.at(0.0), poly.at(turn), poly.at(width)];
    let least = values.into_iter().fold(f64::INFINITY, f64::min);
    let most = values.into_iter().fold(f64::NEG_INFINITY, f64::max);
    match (least >= -DUST, most <= DUST) {
        (true, true) => Some(0.0),
        (true, false) => Some(1.0),
        (false, true) => Some(-1.0),
        (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::{Cache, Connections};
    use sim::{Instant, Span};

    const OLD: Option<AnswerId> = Some(AnswerId(0));
    const NEW: Option<AnswerId> = Some(AnswerId(1));
    /// Clients a side of the grid: resolver phases by connection phases.
    const GRID: i64 = 400;

    /// Clients one by one: with a change of the answer at 0, how many have (old, old), (old, new), (new, new) at `x`?
    fn counted(ttl: i64, life: i64, x: i64) -> [f64; 3] {
        let mut counts = [0.0; 3];
        for i in 0..GRID {
            // When its resolver first asks after the change, and when its present connection was dialled.
            let asks = ttl * (2 * i + 1) / (2 * GRID);
            for j in 0..GRID {
                let dialled = x - life * (2 * j + 1) / (2 * GRID);
                counts[usize::from(asks <= x) + usize::from(asks <= dialled)] += 1.0;
            }
        }
        counts.map(|count| count / (GRID * GRID) as f64)
    }

    #[test]
    fn connections_and_caches_of_one_client_agree_as_client_by_client() {
        for (ttl, life) in [(60, 600), (60, 60), (300, 20)] {
            let (ttl, life) = (Span::SECOND * ttl, Span::SECOND * life);
            for step in 1..20 {
                let at = Instant::ZERO + Span::from_nanos((ttl + life).nanos() / 20 * step);
                let found = modelled(ttl, life, at);
                let counts = counted(ttl.nanos(), life.nanos(), at.nanos());
                for (ours, theirs) in found.into_iter().zip(counts) {
                    assert!((ours - theirs).abs() < 2.0 / GRID as f64, "{at:?}: {found:?} {counts:?}");
                }
            }
        }
    }

    fn modelled(ttl: Span, life: Span, at: Instant) -> [f64; 3] {
        let mut cache = Cache::new(ttl, Span::ZERO, AnswerId(0), Instant::ZERO);
        let mut connections = Connections::new(life, Instant::ZERO, cache.shares());
        cache.answer(Instant::ZERO, AnswerId(1));
        connections.cache_changed(Instant::ZERO, cache.shares());
        while let Some(turn) = cache.next_breakpoint().filter(|turn| *turn <= at) {
            cache.advance(turn);
            connections.cache_changed(turn, cache.shares());
        }
        cache.advance(at);
        connections.advance(at);
        let cached: Vec<Held> =
            cache.shares().map(|s| (s.answer, Poly::linear(s.share(), s.slope()))).collect();
        let poly = |c: crate::cache::Curve| Poly([c.value, c.slope, c.half_curvature, 0.0]);
        let dialled: Vec<Held> = connections.shares().map(|curve| (curve.answer, poly(curve))).collect();
        let mut found = [0.0; 3];
        joint(&dialled, &cached, 1.0, |was, has, share| {
            assert_ne!(
                (was, has),
                (NEW, OLD),
                "nobody was dialled by an answer that the resolver has not got"
            );
            found[usize::from(has == NEW) + usize::from(was == NEW)] += share.at(0.0);
        });
        assert!(cached.iter().all(|(answer, _)| [OLD, NEW].contains(answer)));
        found
    }
}
