//! Grey views under which the verdict cannot turn: nothing is drawn until they end.
//!
//! Let every grey opinion agree with the verdict when the view begins, with no run against it, and let m of g of them
//! have to turn before the verdict does. A cycle ends a run that turns an opinion with probability a^k at most (a result
//! against it has probability a, and k in a row turn it), and the opinion comes back after D cycles on average,
//! D = (1 - b^r) / ((1 - b) b^r) for r results of probability b in a row (Feller, An Introduction to Probability Theory I,
//! XIII.7). Cycles are at least an interval apart, so that at any instant a grey opinion is turned with probability
//! u <= a^k (1 + D in intervals), independently of the others. The verdict turns when one opinion turns while m - 1 others
//! are turned: by the union bound at most g * cycles * a^k * C(g - 1, m - 1) * u^(m - 1) times are expected in so many
//! cycles. Where that is below [`NEVER`] for all of time, it is taken for never.
//!
//! The state that such a view leaves is then drawn at its end: so many cycles as surely fit are passed at once, the
//! opinion is read off the last results in them, which are as good as shuffled, and the rest is walked. States in which
//! the verdict would have turned are drawn again.

use super::blocks::Blocks;
use super::grey::{Odds, walk};
use super::vantage::{Pace, Vantage};
use super::waits::{FAR, pass_blocks};
use sim::Stream;

/// A turn of the verdict that is expected fewer times than this in 146 years does not happen.
const NEVER: f64 = 1e-9;

/// How opinions stand under a grey view.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Camp {
    /// Grey opinions, all on the verdict's side.
    pub(super) grey: u32,
    /// Others that are and stay on its side.
    pub(super) firm: u32,
}

/// A grey view under which the verdict stays.
#[derive(Clone, Debug)]
pub(super) struct Calm {
    odds: Odds,
    /// What lies between two common results: any number of rare ones.
    blocks: Blocks,
    failures_rare: bool,
}

impl Calm {
    /// Does a verdict stay that turns once fewer than `needed` opinions share it, if each probe fails with probability
    /// `share`?
    pub(super) fn holds(share: f64, pace: &Pace, healthy: bool, camp: Camp, needed: u32) -> bool {
        if pace.attempts() > 1 || camp.grey + camp.firm < needed {
            return false;
        }
        let turned = camp.grey + camp.firm - needed + 1;
        if turned > camp.grey {
            return true;
        }
        let (against, run, back_run) = match healthy {
            true => (share, pace.failures, pace.successes),
            false => (1.0 - share, pace.successes, pace.failures),
        };
        let back = libm::pow(1.0 - against, back_run as f64);
        let turns = libm::pow(against, run as f64);
        let cycles = (1.0 - back) / (against * back) + 1.0;
        let interval = pace.interval() as f64;
        let at_any_time = turns * (1.0 + cycles * pace.longest_period() as f64 / interval);
        let others =
            (1..turned).fold(1.0, |odds, i| odds * f64::from(camp.grey - i) / f64::from(i) * at_any_time);
        f64::from(camp.grey) * (FAR as f64 / interval + 1.0) * turns * others < NEVER
    }

    pub(super) fn of(share: f64) -> Self {
        let rare = share.min(1.0 - share);
        Calm { odds: Odds::of(share), blocks: Blocks::endless(rare), failures_rare: share <= 0.5 }
    }

    /// Draws the state at `now`, where the view ends, of a vantage that was in state `from` when it began.
    pub(super) fn leave(
        &self,
        from: Vantage,
        pace: &Pace,
        trip: i64,
        now: i64,
        stream: &mut Stream,
    ) -> Vantage {
        let mut state = from;
        let (failing, passing) = (pace.failing_period, pace.passing_period(trip));
        let periods = if self.failures_rare { (failing, passing) } else { (passing, failing) };
        if let Some((common, rare)) = pass_blocks(&mut state, &self.blocks, periods, now, stream) {
            self.recall(&mut state, common, rare, pace, stream);
        }
        walk(&mut state, pace, trip, &self.odds, now, || Some(self.odds.skip(stream)), |_| ());
        state
    }

    /// Reads the opinion and the run off so many results, of which a common one is the last and the others are in any
    /// order: the last run that was long enough made the opinion.
    fn recall(&self, state: &mut Vantage, mut common: i64, mut rare: i64, pace: &Pace, stream: &mut Stream) {
        common -= 1;
        let suffices = |passes, length| length >= if passes { pace.successes } else { pace.failures };
        let (mut passes, mut length) = (self.failures_rare, 1);
        let mut last = None;
        while !suffices(passes, length) && common + rare > 0 {
            let is_rare = stream.uniform() * ((common + rare) as f64) < rare as f64;
            *(if is_rare { &mut rare } else { &mut common }) -= 1;
            if (is_rare != self.failures_rare) == passes {
                length += 1;
            } else {
                last = last.or(Some((passes, length)));
                (passes, length) = (!passes, 1);
            }
        }
        if suffices(passes, length) {
            state.opinion = passes;
        } else {
            last = last.or(Some((passes, length)));
        }
        state.run = last.filter(|(passes, _)| *passes != state.opinion).map_or(0, |(_, length)| length);
    }
}
