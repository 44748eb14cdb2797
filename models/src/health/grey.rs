//! Probes that fail at random, drawn by their rarer outcome only.
//!
//! Between two rare outcomes lies a geometric number of common ones, over which a vantage is fast-forwarded like over a
//! constant truth. The path of outcomes is therefore exact (to the rounding of one logarithm per rare outcome), whatever
//! the spacing and the retries; so is the run it leaves behind when the truth changes. The cost is one draw per rare
//! outcome, at most [`TAPE`] a vantage between two looks. The draws are kept on a tape until then, because the truth may
//! change at any instant before, and the path up to that instant has to be walked again.

use super::vantage::{Pace, Vantage};
use sim::Stream;

/// Rare outcomes drawn ahead for one vantage at most.
pub(super) const TAPE: usize = 16;

/// Rare outcomes expected for one vantage between two looks: well below [`TAPE`], so that few windows are cut short.
const EXPECTED: f64 = 4.0;

/// The odds of one grey view.
#[derive(Clone, Copy, Debug)]
pub(super) struct Odds {
    failures_rare: bool,
    rare: f64,
    /// ln of the common outcome's probability.
    log_common: f64,
}

impl Odds {
    /// Each probe fails with probability `share`, strictly between 0 and 1.
    pub(super) fn of(share: f64) -> Self {
        let failures_rare = share <= 0.5;
        let rare = if failures_rare { share } else { 1.0 - share };
        Odds { failures_rare, rare, log_common: libm::log1p(-rare) }
    }

    /// Draws how many common outcomes come before the next rare one.
    ///
    /// Inversion of P(skip >= n) = common^n.
    pub(super) fn skip(&self, stream: &mut Stream) -> i64 {
        (libm::log(stream.uniform()) / self.log_common) as i64
    }

    /// How far to look ahead, so that about [`EXPECTED`] rare outcomes fall into the window.
    pub(super) fn window(&self, pace: &Pace) -> i64 {
        // Failing attempts in a cycle are at most p/(1-p) <= 2p on average; passing ones at most one.
        let per_cycle =
            if self.failures_rare { 2.0 * self.rare } else { (self.rare * pace.attempts() as f64).min(1.0) };
        let cycles = EXPECTED / per_cycle;
        // Far beyond every run, and still safe to add to an instant.
        (cycles * pace.interval() as f64).min(i64::MAX as f64 / 4.0) as i64
    }
}

/// Walks a vantage through the skips that `next` gives, over all probes that arrive before `until` or until there is no
/// skip left; tells `flipped` every instant at which the opinion turns.
pub(super) fn walk(
    vantage: &mut Vantage,
    pace: &Pace,
    trip: i64,
    odds: &Odds,
    until: i64,
    mut next: impl FnMut() -> Option<i64>,
    mut flipped: impl FnMut(i64),
) {
    let mut outcome = |vantage: &mut Vantage, fails: bool, limit: i64| {
        let before = vantage.opinion;
        let resolved =
            if fails { vantage.fail(pace, limit, until) } else { vantage.pass(pace, trip, limit, until) };
        if vantage.opinion != before {
            flipped(vantage.since);
        }
        resolved == limit
    };
    while vantage.arrival() < until {
        let Some(skip) = next() else { return };
        if outcome(vantage, !odds.failures_rare, skip) {
            outcome(vantage, odds.failures_rare, 1);
        }
    }
}
