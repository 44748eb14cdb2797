//! The log of each reign: how long it is, who has received how much of it, and what it inherited.

use super::quorum::REPLICAS_MAX;
use super::reigns::{Heritage, Reigns};
use sim::Instant;

/// A write's place in the log. Of two writes that the same log holds, the greater one is later; of two that no log holds
/// together, the one of the later epoch counts as later.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Position {
    /// The epoch under which it was accepted.
    pub epoch: u32,
    /// Its number in the log of that epoch, which goes on counting where the inherited log ends.
    pub index: u64,
}

impl Position {
    /// Before every write: what a key holds that has never been written.
    pub const ABSENT: Position = Position { epoch: 0, index: 0 };
}

/// The log of one epoch. Each begins with an entry that writes nothing, by which replicas take the inherited log over
/// (Raft's entry at the beginning of a term).
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Log {
    /// The epoch whose log it continues, and how much of that.
    base: Option<(usize, u64)>,
    /// The number of its last entry.
    pub(super) length: u64,
    /// The number of the last entry of this log that each replica ever receives; zero if none.
    received: [u64; REPLICAS_MAX],
    /// When each replica has received the last entry: it has all before it by then.
    pub(super) reached: [Instant; REPLICAS_MAX],
    /// When each replica shows the last entry.
    pub(super) shown: [Instant; REPLICAS_MAX],
    /// When each replica is done with replaying the last entry it received.
    pub(super) replayed: [Instant; REPLICAS_MAX],
    /// From when until when the primary waits for no acknowledgements.
    pub(super) alone: (Instant, Instant),
    /// From when on each replica shows this log instead of an earlier one.
    pub(super) follows: [Instant; REPLICAS_MAX],
    /// When the primary knew that the last entry was where it had to be.
    pub(super) committed: Instant,
}

impl Log {
    /// Appends an entry that each replica receives at an instant, or never, and that some lack should they take the log over;
    /// returns its number.
    pub(super) fn append(&mut self, reached: [Instant; REPLICAS_MAX], lacks: impl Fn(usize) -> bool) -> u64 {
        self.length += 1;
        for (replica, at) in reached.into_iter().enumerate() {
            self.reached[replica] = at;
            if at < Instant::FAR && !lacks(replica) {
                self.received[replica] = self.length;
            }
        }
        self.length
    }
}

/// The logs of all reigns so far.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Logs(Vec<Log>);

impl Logs {
    /// Begins the log of the next epoch.
    pub(super) fn begin(&mut self, reigns: &Reigns) {
        let epoch = self.0.len();
        let base = match &reigns.reigns()[epoch].heritage {
            _ if epoch == 0 => None,
            Heritage::Everything => Some((epoch - 1, self.0[epoch - 1].length)),
            Heritage::Longest(of) => of.iter().map(|replica| self.held_by(*replica)).max(),
        };
        // What a replica has received it replays before it goes on.
        let replayed = self.0.last().map_or([Instant::ZERO; REPLICAS_MAX], |before| before.replayed);
        self.0.push(Log {
            base,
            length: base.map_or(0, |(_, length)| length),
            received: [0; REPLICAS_MAX],
            reached: [Instant::ZERO; REPLICAS_MAX],
            shown: [Instant::ZERO; REPLICAS_MAX],
            replayed,
            alone: (Instant::FAR, Instant::ZERO),
            follows: [Instant::FAR; REPLICAS_MAX],
            committed: Instant::ZERO,
        });
    }

    /// The log a replica has followed last and how much of that it received before it heard of the next epoch.
    fn held_by(&self, replica: usize) -> (usize, u64) {
        let followed = self.0.iter().enumerate().rev().find(|(_, log)| log.received[replica] > 0);
        followed.map_or((0, 0), |(epoch, log)| (epoch, log.received[replica]))
    }

    /// Does the log that a replica has received last hold an entry? If it took part in a promotion now, its log would.
    pub(super) fn is_held_by(&self, replica: usize, position: Position) -> bool {
        let (epoch, length) = self.held_by(replica);
        self.holds(epoch, position) && (position.epoch as usize != epoch || position.index <= length)
    }

    /// The log of an epoch.
    pub(super) fn of(&self, epoch: usize) -> &Log {
        &self.0[epoch]
    }

    /// The log of an epoch.
    pub(super) fn of_mut(&mut self, epoch: usize) -> &mut Log {
        &mut self.0[epoch]
    }

    /// The latest epoch.
    pub(super) fn latest(&self) -> Option<usize> {
        self.0.len().checked_sub(1)
    }

    /// The epoch whose log a replica shows.
    pub(super) fn shown_by(&self, replica: usize, at: Instant) -> Option<usize> {
        self.0.iter().rposition(|log| log.follows[replica] <= at)
    }

    /// Does the log of an epoch hold an entry?
    pub(super) fn holds(&self, epoch: usize, position: Position) -> bool {
        let (mut epoch, mut length) = (epoch, u64::MAX);
        loop {
            if position.epoch as usize >= epoch {
                return position.epoch as usize == epoch && position.index <= length;
            }
            let Some((before, part)) = self.0[epoch].base else { return false };
            (epoch, length) = (before, length.min(part));
        }
    }
}
