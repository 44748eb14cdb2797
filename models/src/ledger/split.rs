//! A quantity in two parts: what every replication has alike, since the script, a replay or the demand itself brings it,
//! and what luck brings. An interval must not take the steadiness of the first for knowledge of the second.

use sim::stats::{Moments, Weights};

/// What many replications showed of one quantity, in integers of the caller's unit.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Split {
    /// The whole, replication by replication.
    pub(crate) whole: Moments,
    /// What is planned or lost by the design itself, replication by replication.
    pub(crate) planned: Moments,
    /// Episodes that luck had a part in.
    pub(crate) random: Weights,
    planned_here: i64,
}

impl Split {
    /// An episode, or what was lost outside of episodes; nothing weighs nothing.
    pub(crate) fn weigh(&mut self, amount: i64, random: bool) {
        if random && amount > 0 {
            self.random.add(amount.unsigned_abs());
        } else if !random {
            self.planned_here = self.planned_here.saturating_add(amount);
        }
    }

    /// A replication is over, with this in all.
    pub(crate) fn finish(&mut self, whole: i64) {
        self.whole.add(whole);
        self.planned.add(std::mem::take(&mut self.planned_here));
    }

    pub(crate) fn merge(&mut self, more: &Split) {
        self.whole.merge(&more.whole);
        self.planned.merge(&more.planned);
        self.random.merge(&more.random);
    }
}
