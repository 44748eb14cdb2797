//! Probes that fail at random, drawn by their rarer outcome only.
//!
//! Between two rare outcomes lies a geometric number of common ones, over which a vantage is fast-forwarded like over a
//! constant truth. The path of outcomes is therefore exact (to the rounding of one logarithm per rare outcome), whatever
//! the spacing and the retries; so is the run it leaves behind when the truth changes. The cost is one draw per rare
//! outcome, a few for each vantage between two looks. The draws are kept on a tape until then, because the truth may
//! change at any instant before, and the path up to that instant has to be walked again.
//!
//! Where turns are much rarer than outcomes, [`Waits`](super::waits::Waits) is cheaper; this is for the other views, and
//! for plans that repeat probes within a cycle.

use super::quorum::Turn;
use super::vantage::{Pace, Vantage};
use sim::Stream;

/// Rare outcomes drawn ahead for one vantage at most.
const TAPE: usize = 24;

/// Rare outcomes expected for one vantage between two looks at most: well below [`TAPE`], so that windows are hardly
/// ever cut short (P(Poisson(6) > 24) is below 1e-8).
const EXPECTED: f64 = 6.0;

/// Skips shorter than this are looked up.
const TABLE: usize = 16;

/// The odds of one grey view.
#[derive(Clone, Copy, Debug)]
pub(super) struct Odds {
    failures_rare: bool,
    rare: f64,
    /// ln of the common outcome's probability.
    log_common: f64,
    /// P(skip > n) for n from 0.
    beyond: [f64; TABLE],
}

impl Odds {
    /// Each probe fails with probability `share`, strictly between 0 and 1.
    pub(super) fn of(share: f64) -> Self {
        let failures_rare = share <= 0.5;
        let rare = if failures_rare { share } else { 1.0 - share };
        let mut beyond = [1.0 - rare; TABLE];
        for n in 1..TABLE {
            beyond[n] = beyond[n - 1] * beyond[0];
        }
        Odds { failures_rare, rare, log_common: libm::log1p(-rare), beyond }
    }

    /// Draws how many common outcomes come before the next rare one.
    ///
    /// Inversion of P(skip > n) = common^(n+1).
    pub(super) fn skip(&self, stream: &mut Stream) -> i64 {
        let uniform = stream.uniform();
        if uniform < self.beyond[TABLE - 1] {
            return (libm::log(uniform) / self.log_common) as i64;
        }
        self.beyond.iter().map(|&beyond| i64::from(uniform < beyond)).sum()
    }

    /// How far to look ahead, so that at most [`EXPECTED`] rare outcomes are expected in the window.
    fn window(&self, pace: &Pace) -> i64 {
        // Failing attempts in a cycle are at most p/(1-p) <= 2p on average; passing ones at most one.
        let per_cycle =
            if self.failures_rare { 2.0 * self.rare } else { (self.rare * pace.attempts() as f64).min(1.0) };
        let cycles = EXPECTED / per_cycle;
        // Far beyond every run, and still safe to add to an instant.
        (cycles * pace.interval() as f64).min(i64::MAX as f64 / 4.0) as i64
    }
}

/// What has been drawn for the vantages of one grey view since its last look.
#[derive(Clone, Debug)]
pub(super) struct Draws {
    odds: Odds,
    /// Everything before this instant is drawn.
    horizon: i64,
    /// A tape ended before the horizon first meant.
    cut_short: bool,
    /// The skips of each vantage.
    tapes: Vec<[i64; TAPE]>,
    /// Each vantage as it is when all its draws are used.
    ends: Vec<Option<Vantage>>,
}

impl Draws {
    /// Memory for so many vantages.
    pub(super) fn of(vantages: usize) -> Self {
        Draws {
            odds: Odds::of(0.5),
            horizon: 0,
            cut_short: false,
            tapes: vec![[0; TAPE]; vantages],
            ends: vec![None; vantages],
        }
    }

    /// Everything before this instant is drawn.
    pub(super) fn horizon(&self) -> i64 {
        self.horizon
    }

    /// Opens a window at `now` in which each probe fails with probability `share`.
    pub(super) fn begin(&mut self, now: i64, share: f64, pace: &Pace) {
        self.odds = Odds::of(share);
        self.horizon = now.saturating_add(self.odds.window(pace));
        self.cut_short = false;
        self.ends.fill(None);
    }

    /// Draws the outcomes of a vantage's probes up to the horizon and adds its turns; brings the horizon forward where
    /// the tape ends before it.
    ///
    /// The horizon is a stopping time of the vantages' common past, so that what was drawn beyond it may be dropped.
    pub(super) fn draw(
        &mut self,
        index: usize,
        mut vantage: Vantage,
        pace: &Pace,
        trip: i64,
        stream: &mut Stream,
        turns: &mut Vec<Turn>,
    ) {
        let odds = self.odds;
        let mut tape = self.tapes[index].iter_mut();
        let next = || {
            tape.next().map(|cell| {
                *cell = odds.skip(stream);
                *cell
            })
        };
        let turned = |vantage: &Vantage| {
            let (at, falls) = (vantage.since, !vantage.opinion);
            turns.push(Turn { at, vantage: index as u8, group: vantage.group, falls });
        };
        walk(&mut vantage, pace, trip, &odds, self.horizon, next, turned);
        if vantage.arrival() < self.horizon {
            self.horizon = vantage.arrival();
            self.cut_short = true;
        }
        self.ends[index] = Some(vantage);
    }

    /// Brings a vantage to `now`, along the path that was drawn.
    pub(super) fn walk_again(&self, index: usize, vantage: &mut Vantage, pace: &Pace, trip: i64, now: i64) {
        match self.ends[index] {
            Some(end) if now == self.horizon && !self.cut_short => *vantage = end,
            _ => {
                let mut tape = self.tapes[index].iter().copied();
                walk(vantage, pace, trip, &self.odds, now, || tape.next(), |_| ());
            }
        }
    }
}

/// Walks a vantage through the skips that `next` gives, over all probes that arrive before `until` or until there is no
/// skip left; tells `turned` every opinion it comes to.
pub(super) fn walk(
    vantage: &mut Vantage,
    pace: &Pace,
    trip: i64,
    odds: &Odds,
    until: i64,
    mut next: impl FnMut() -> Option<i64>,
    mut turned: impl FnMut(&Vantage),
) {
    let mut outcome = |vantage: &mut Vantage, fails: bool, limit: i64| {
        let before = vantage.opinion;
        let resolved =
            if fails { vantage.fail(pace, limit, until) } else { vantage.pass(pace, trip, limit, until) };
        if vantage.opinion != before {
            turned(vantage);
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
