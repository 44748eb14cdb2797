//! One key of a store with one writer at a time: its versions, and what an omniscient observer says of operations on it.
//!
//! The observer knows the order of the log, which clients do not. So a history may be called not linearisable here
//! although some other order of its writes would explain it; never the other way round.

use super::key::Apply;
use super::log::{Logs, Position};
use super::quorum::REPLICAS_MAX;
use sim::Instant;
use sim::stats::LogHistogram;

/// A version of a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Version {
    pub(super) position: Position,
    pub(super) value: u32,
    /// Who wrote it.
    pub(super) process: u32,
    /// When its client knew that it was written; [`Instant::FAR`] if it never did.
    pub(super) acked: Instant,
    /// From when on each replica shows it while it follows the log that accepted it.
    pub(super) shown: [Instant; REPLICAS_MAX],
    /// Is it missing from the latest log?
    pub(super) lost: bool,
    /// Has a read returned it?
    pub(super) read: bool,
    /// Is its fate counted?
    pub(super) counted: bool,
    /// Acknowledged updates that were based on it.
    pub(super) updates: u32,
}

/// A key's versions that may still matter, by position, and its floor.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Register {
    pub(super) versions: Vec<Version>,
    /// The greatest version acknowledged or returned by a read so far.
    pub(super) floor: Position,
    /// How many values have been given out.
    pub(super) values: u32,
    /// Has an operation on it been counted as not linearisable?
    pub(super) broken: bool,
    /// Acknowledged updates that were based on nothing.
    pub(super) updates: u32,
}

/// What a session has seen of a key.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Memory {
    /// Has a write of its own been acknowledged?
    pub(super) wrote: bool,
    /// What it has read, increasing.
    pub(super) read: Vec<Position>,
}

/// Counts of operations and of what was said of them.
///
/// A version counts as *lost* while it is missing from the log of the latest epoch that is active. A read is *after a loss*
/// if what it did wrong is due to lost versions alone, as they are lost when it is answered; these reads are kept apart.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct PrimaryCounts {
    /// Reads that returned.
    pub reads: u64,
    /// Writes that were acknowledged to their client.
    pub writes: u64,
    /// Reads that were refused or not answered.
    pub failed_reads: u64,
    /// Writes that were refused: they had no effect.
    pub refused_writes: u64,
    /// Writes whose outcome their client does not know.
    pub unknown_writes: u64,
    /// Reads that returned a version before one that had been acknowledged when they were sent and is not lost.
    pub stale: u64,
    /// Sum over all reads of the versions that make them stale.
    pub versions_behind: u64,
    /// Of each stale read, the nanoseconds from the first acknowledgement among these versions until it was sent.
    pub stale_for: LogHistogram,
    /// Their sum.
    pub stale_nanos: u128,
    /// Reads that returned a version before an acknowledged one that is lost, and are not stale.
    pub stale_after_loss: u64,
    /// Reads by a session to which a write of its own to the key had been acknowledged.
    pub after_own_write: u64,
    /// Those that returned a version before such a write that is not lost.
    pub forgot_own_write: u64,
    /// Those that returned a version before such a write that is lost, and before none that is not.
    pub forgot_lost_write: u64,
    /// Reads by a session that had read the key before.
    pub repeated: u64,
    /// Those that returned a version before one it had read that is not lost.
    pub went_back: u64,
    /// Those that returned a version before one it had read that is lost, and before none that is not.
    pub went_back_after_loss: u64,
    /// Acknowledged writes that are lost, at the end of the run.
    pub lost: u64,
    /// Acknowledged writes that were lost for a while: a later reign took up a log that held them.
    pub returned: u64,
    /// Those of `lost` that a read returned.
    pub read_then_lost: u64,
    /// Lost writes that were never acknowledged, yet that a read returned.
    pub vanished: u64,
    /// Acknowledged writes that were accepted while a later epoch was active: there were two primaries.
    pub superseded: u64,
    /// Reads that returned a version before the greatest one that had been acknowledged or returned when they were sent,
    /// lost or not.
    pub reads_out_of_order: u64,
    /// Acknowledged writes that were placed before the greatest version that had been acknowledged or returned when they
    /// were sent.
    pub writes_out_of_order: u64,
    /// Keys with one of these.
    pub keys_out_of_order: u64,
    /// Updates (a read, then a write of the same key based on it) whose write was acknowledged.
    pub updates: u64,
    /// Those beyond the first that were based on the same version. Of `updates`.
    pub lost_updates: u64,
}

impl PrimaryCounts {
    /// Operations that violate linearisability in the order of the log.
    pub fn out_of_order(&self) -> u64 {
        self.reads_out_of_order + self.writes_out_of_order
    }
}

impl Register {
    /// Never written.
    pub(super) const EMPTY: Register =
        Register { versions: Vec::new(), floor: Position::ABSENT, values: 0, broken: false, updates: 0 };

    /// Adds a version.
    pub(super) fn write(&mut self, version: Version) {
        let place = self.versions.iter().rposition(|other| other.position < version.position);
        self.versions.insert(place.map_or(0, |before| before + 1), version);
    }

    /// The last version that the log of an epoch holds.
    pub(super) fn last_in(&self, logs: &Logs, epoch: usize) -> Option<&Version> {
        self.versions.iter().rev().find(|version| logs.holds(epoch, version.position))
    }

    /// What a replica shows at an instant.
    pub(super) fn seen(&self, logs: &Logs, replica: usize, at: Instant, applies: Apply) -> Option<&Version> {
        let mut shown =
            self.versions.iter().rev().filter(|version| version.is_shown(logs, replica, at, applies));
        match applies {
            Apply::LogOrder | Apply::NewestWins => shown.next(),
            Apply::LastArrived => shown.max_by_key(|version| (version.shown[replica], version.position)),
        }
    }

    /// Marks which versions the latest log lacks.
    pub(super) fn mark_lost(&mut self, logs: &Logs, latest: usize, counts: &mut PrimaryCounts) {
        for version in &mut self.versions {
            let lost = !logs.holds(latest, version.position);
            counts.returned +=
                u64::from(version.counted && version.lost && !lost && version.acked < Instant::FAR);
            version.lost = lost;
        }
    }

    /// Judges a read by session `process`, sent at `sent` when the floor was `floor`, that returned `returned`; then the
    /// session remembers it.
    pub(super) fn judge_read(
        &mut self,
        (process, sent, floor): (u32, Instant, Position),
        returned: Position,
        memory: &mut Memory,
        counts: &mut PrimaryCounts,
    ) {
        counts.reads += 1;
        self.judge_staleness(sent, returned, counts);
        if memory.wrote {
            counts.after_own_write += 1;
            // A session has one operation open: all it has written was answered before this read was sent.
            let missed = self.after(returned).filter(|v| v.process == process && v.acked < Instant::FAR);
            tell(missed.map(|v| v.lost), &mut counts.forgot_own_write, &mut counts.forgot_lost_write);
        }
        if !memory.read.is_empty() {
            counts.repeated += 1;
            let missed = self.after(returned).filter(|v| memory.read.contains(&v.position));
            tell(missed.map(|v| v.lost), &mut counts.went_back, &mut counts.went_back_after_loss);
        }
        if returned < floor {
            counts.reads_out_of_order += 1;
            self.break_order(counts);
        }
        self.floor = self.floor.max(returned);
        self.remember(returned, memory);
    }

    /// Judges a write that its client now knows to be done, sent when the floor was `floor`.
    pub(super) fn judge_write(&mut self, floor: Position, written: Position, counts: &mut PrimaryCounts) {
        counts.writes += 1;
        if written < floor {
            counts.writes_out_of_order += 1;
            self.break_order(counts);
        }
        self.floor = self.floor.max(written);
    }

    /// Judges the acknowledged write of an update that was based on a version.
    pub(super) fn judge_update(&mut self, base: Position, counts: &mut PrimaryCounts) {
        let place = self.versions.binary_search_by_key(&base, |version| version.position);
        let updates = place.map_or(&mut self.updates, |place| &mut self.versions[place].updates);
        counts.updates += 1;
        counts.lost_updates += u64::from(*updates > 0);
        *updates += 1;
    }

    fn after(&self, returned: Position) -> impl Iterator<Item = &Version> {
        self.versions.iter().rev().take_while(move |version| version.position > returned)
    }

    fn judge_staleness(&self, sent: Instant, returned: Position, counts: &mut PrimaryCounts) {
        let (mut behind, mut first, mut after_loss) = (0, sent, false);
        for version in self.after(returned).filter(|version| version.acked <= sent) {
            after_loss |= version.lost;
            if !version.lost {
                (behind, first) = (behind + 1, first.min(version.acked));
            }
        }
        counts.versions_behind += behind;
        if behind > 0 {
            counts.stale += 1;
            let stale_for = (sent - first).nanos().unsigned_abs();
            counts.stale_for.add(stale_for);
            counts.stale_nanos += u128::from(stale_for);
        } else {
            counts.stale_after_loss += u64::from(after_loss);
        }
    }

    fn break_order(&mut self, counts: &mut PrimaryCounts) {
        counts.keys_out_of_order += u64::from(!self.broken);
        self.broken = true;
    }

    fn remember(&mut self, returned: Position, memory: &mut Memory) {
        if let Ok(place) = self.versions.binary_search_by_key(&returned, |version| version.position) {
            self.versions[place].read = true;
        }
        let oldest = self.versions.first().map_or(Position::ABSENT, |version| version.position);
        memory.read.retain(|position| *position >= oldest);
        if let Err(place) = memory.read.binary_search(&returned) {
            memory.read.insert(place, returned);
        }
    }

    /// Forgets what no operation sent at `since` or later can see or be judged by: all before a version that is not lost
    /// and that every replica but those gone for good holds and shows by then, or has had. What of it is lost stays so, and is
    /// counted.
    pub(super) fn forget(
        &mut self,
        (logs, applies): (&Logs, Apply),
        since: Instant,
        replicas: impl Iterator<Item = usize> + Clone,
        counts: &mut PrimaryCounts,
    ) {
        let settled = self.versions.iter().rposition(|version| {
            let everywhere = replicas.clone().all(|replica| {
                version.is_shown(logs, replica, since, applies) && logs.is_held_by(replica, version.position)
            });
            everywhere && !version.lost && version.acked <= since
        });
        let forgotten = match (settled, applies) {
            (Some(settled), Apply::LastArrived) => self.outlived(settled, replicas),
            (settled, _) => settled.unwrap_or(0),
        };
        for version in self.versions.drain(..forgotten) {
            version.settle(counts);
        }
    }

    /// How many of the oldest versions no replica will show again, which has had the settled one since or never gets them. An
    /// older one that comes after that is shown then.
    fn outlived(&self, settled: usize, replicas: impl Iterator<Item = usize> + Clone) -> usize {
        let newer = self.versions[settled].shown;
        let gone = |old: &&Version| {
            let over =
                |replica: usize| old.shown[replica] <= newer[replica] || old.shown[replica] == Instant::FAR;
            replicas.clone().all(over)
        };
        self.versions[..settled].iter().take_while(gone).count()
    }

    /// Is there a counted write that is lost and that nobody has read, which a replica that has not heard of that still shows?
    pub(super) fn may_be_read_yet(&self) -> bool {
        self.versions.iter().any(|version| version.counted && version.lost && !version.read)
    }

    /// Counts what is lost at the end.
    pub(super) fn settle(&self, counts: &mut PrimaryCounts) {
        self.versions.iter().for_each(|version| version.settle(counts));
    }
}

impl Version {
    /// Does a replica show it, if no other comes before it? It shows the versions of the log it follows that it has applied, and all
    /// that this log inherited; or what it has, if it takes each by itself.
    fn is_shown(&self, logs: &Logs, replica: usize, at: Instant, applies: Apply) -> bool {
        if applies != Apply::LogOrder {
            return self.shown[replica] <= at;
        }
        logs.shown_by(replica, at).is_some_and(|epoch| {
            if self.position.epoch as usize == epoch {
                self.shown[replica] <= at
            } else {
                logs.holds(epoch, self.position)
            }
        })
    }

    fn settle(&self, counts: &mut PrimaryCounts) {
        if !self.lost || !self.counted {
            return;
        }
        let acked = self.acked < Instant::FAR;
        counts.lost += u64::from(acked);
        counts.read_then_lost += u64::from(acked && self.read);
        counts.vanished += u64::from(!acked && self.read);
    }
}

/// Counts one read that missed versions: under `kept` if one of them is not lost, under `lost` if all are.
fn tell(missed_lost: impl Iterator<Item = bool>, kept: &mut u64, lost: &mut u64) {
    match missed_lost.min() {
        Some(false) => *kept += 1,
        Some(true) => *lost += 1,
        None => (),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Reigns;
    use super::*;
    use proptest::prelude::*;

    fn at(index: u64) -> Position {
        Position { epoch: 0, index }
    }

    /// A session reads what stands first, then what stands second, and another writes them; each acknowledged before the
    /// next operation is sent.
    fn judged(places: [u64; 2], reads: [u64; 2]) -> PrimaryCounts {
        let (mut register, mut counts, mut memory) =
            (Register::EMPTY, PrimaryCounts::default(), Memory::default());
        for (number, place) in places.into_iter().enumerate() {
            let now = Instant::from_nanos(number as i64);
            register.write(Version {
                position: at(place),
                value: 1 + number as u32,
                process: 1,
                acked: now,
                shown: [now; REPLICAS_MAX],
                lost: false,
                read: false,
                counted: true,
                updates: 0,
            });
            register.judge_write(register.floor, at(place), &mut counts);
        }
        for read in reads {
            let sent = Instant::from_nanos(10);
            register.judge_read((0, sent, register.floor), at(read), &mut memory, &mut counts);
        }
        counts
    }

    #[test]
    fn swapping_two_writes_moves_the_order_of_writes_alone() {
        let (straight, swapped) = (judged([1, 2], [2, 2]), judged([2, 1], [2, 2]));
        assert_eq!((straight.out_of_order(), straight.stale), (0, 0));
        assert_eq!(swapped.writes_out_of_order, 1);
        assert_eq!((swapped.reads_out_of_order, swapped.stale, swapped.went_back), (0, 0, 0));
    }

    #[test]
    fn an_update_of_an_old_base_moves_lost_updates_alone() {
        let updated = |second: Position| {
            let (mut register, mut counts) = (Register::EMPTY, judged([1, 2], [1, 2]));
            register.judge_update(Position::ABSENT, &mut counts);
            register.judge_update(second, &mut counts);
            counts
        };
        let (straight, lost) = (updated(Position::ABSENT), judged([1, 2], [1, 2]));
        assert_eq!((straight.updates, straight.lost_updates), (2, 1));
        assert_eq!(PrimaryCounts { updates: 0, lost_updates: 0, ..straight }, lost);
    }

    #[test]
    fn swapping_two_reads_moves_monotonic_reads_alone() {
        let (straight, swapped) = (judged([1, 2], [1, 2]), judged([1, 2], [2, 1]));
        assert_eq!((straight.went_back, swapped.went_back), (0, 1));
        assert_eq!((straight.stale, swapped.stale), (1, 1));
        assert_eq!((straight.reads_out_of_order, swapped.reads_out_of_order), (1, 1));
    }

    proptest! {
        /// One that is late may come to show after all that were written later.
        #[test]
        fn what_is_forgotten_is_never_shown_again(
            writes in prop::collection::vec([0i64..60, 0i64..60], 1..12), since in 0i64..80, later in 0i64..80,
        ) {
            for applies in [Apply::NewestWins, Apply::LastArrived] {
                let (mut logs, mut register) = (Logs::default(), Register::EMPTY);
                logs.begin(&Reigns::steady(2, 2, 0));
                for (number, lags) in writes.iter().enumerate() {
                    let now = Instant::from_nanos(5 * number as i64);
                    let mut shown = [Instant::FAR; REPLICAS_MAX];
                    shown[..2].copy_from_slice(&lags.map(|lag| now + sim::Span::from_nanos(lag)));
                    let position = at(logs.of_mut(0).append(shown, |_| false));
                    register.write(Version {
                        position,
                        value: 1,
                        process: 1,
                        acked: now,
                        shown,
                        lost: false,
                        read: false,
                        counted: true,
                        updates: 0,
                    });
                }
                let (since, later) = (Instant::from_nanos(since), Instant::from_nanos(since + later));
                let mut short = register.clone();
                short.forget((&logs, applies), since, 0..2, &mut PrimaryCounts::default());
                for replica in 0..2 {
                    let seen = |of: &Register| of.seen(&logs, replica, later, applies).map(|v| v.position);
                    prop_assert_eq!(seen(&short), seen(&register));
                }
            }
        }
    }
}
