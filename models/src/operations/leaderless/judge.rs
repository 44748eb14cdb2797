//! What an omniscient observer says of operations on a key.

use super::conditions::Conditions;
use super::counts::Counts;
use super::key::{Key, Seen, Version, take_over};
use crate::operations::key::Order;
use sim::Instant;

/// What a session has seen of a key, or written to it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Trail {
    last: Option<Order>,
    /// Those before the last, in order; none if nothing can be lost.
    before: Vec<Order>,
}

/// What a session remembers of a key.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Memory {
    /// Its writes that were acknowledged.
    pub(super) written: Trail,
    /// What it has read.
    pub(super) read: Trail,
    /// All that these had seen, and they.
    pub(super) seen: Seen,
}

impl Memory {
    /// The greatest stamp it knows.
    pub(super) fn stamp(&self) -> i64 {
        let known = self.written.last.iter().chain(&self.read.last);
        known.map(|order| order.stamp).max().unwrap_or(i64::MIN)
    }
}

impl Trail {
    /// The greatest.
    pub(super) fn last(&self) -> Option<Order> {
        self.last
    }

    /// Adds a version of a key. Nothing before one that will never be lost matters.
    pub(super) fn add(&mut self, order: Order, key: &Key, may_lose: bool) {
        let Some(last) = self.last.replace(order).filter(|last| *last != order) else { return };
        self.last = Some(last.max(order));
        if !may_lose {
            return;
        }
        let other = last.min(order);
        if let Err(place) = self.before.binary_search(&other) {
            self.before.insert(place, other);
        }
        let is_safe = |order: &Order| {
            key.find(*order).is_none_or(|place| key.versions[place].settled && !key.versions[place].gone)
        };
        if self.last.as_ref().is_some_and(is_safe) {
            self.before.clear();
        }
        let safe = self.before.iter().rposition(is_safe);
        self.before.drain(..safe.unwrap_or(0));
    }

    /// Does it hold a version after `returned`? If so, are all such versions lost?
    fn misses(&self, key: &Key, returned: Order, may_lose: bool) -> Option<bool> {
        if !may_lose {
            return self.last.filter(|last| *last > returned).map(|_| false);
        }
        let all = self.last.iter().chain(self.before.iter().rev());
        let missed = all.take_while(|order| **order > returned);
        missed.map(|order| key.find(*order).is_some_and(|place| key.versions[place].gone)).min()
    }
}

impl Key {
    /// Takes in a version that a coordinator has accepted, which has seen so much.
    pub(super) fn accept(
        &mut self,
        mut version: Version,
        conditions: &Conditions,
        (place, at): (usize, Instant),
        counts: &mut Counts,
    ) {
        counts.accepted += u64::from(version.counted);
        let survives = version.survives(conditions, at);
        let (mut past, mut rival) = (false, false);
        let later = self.versions.iter().rev().take_while(|other| other.order > version.order);
        for other in later.filter(|other| !other.settled) {
            let seen = other.is_in(&version.seen);
            (past, rival) = (past | seen, rival | !seen);
        }
        if self.some_gone && survives {
            let seen = self.versions.iter_mut().filter(|other| !other.settled && other.is_in(&version.seen));
            seen.filter(|other| other.order < version.order).for_each(|other| other.gone = false);
        }
        self.drop_for(&version, counts);
        counts.in_the_past += u64::from(past && version.counted);
        if rival {
            counts.drop(&version, true);
            version.dropped = true;
        }
        self.insert(conditions, (place, at), version);
    }

    /// Drops what a version has not seen and comes before it.
    fn drop_for(&mut self, version: &Version, counts: &mut Counts) {
        let mut undropped = std::mem::take(&mut self.undropped);
        for (chain, all) in &mut undropped {
            let mut unseen = all.partition_point(|(number, _)| *number <= version.seen[usize::from(*chain)]);
            while let Some((_, order)) = all.get(unseen).copied() {
                if order > version.order {
                    unseen += 1;
                    continue;
                }
                all.remove(unseen);
                let other = self.find(order).map(|place| &mut self.versions[place]);
                if let Some(other) = other.filter(|other| !other.settled) {
                    counts.drop(other, false);
                    other.dropped = true;
                }
            }
        }
        self.undropped = undropped;
    }

    /// Judges a read sent at `sent` that returned `returned`, and lets the session remember it.
    pub(super) fn judge_read(
        &mut self,
        sent: Instant,
        returned: Order,
        memory: &mut Memory,
        (may_lose, counts): (bool, &mut Counts),
    ) {
        counts.reads += 1;
        let place = self.find(returned);
        self.judge_staleness(sent, place, counts);
        if memory.written.last().is_some() {
            counts.after_own_write += 1;
            let misses = memory.written.misses(self, returned, may_lose);
            tell(misses, &mut counts.forgot_own_write, &mut counts.forgot_lost_write);
        }
        if memory.read.last().is_some() {
            counts.repeated += 1;
            let misses = memory.read.misses(self, returned, may_lose);
            tell(misses, &mut counts.went_back, &mut counts.went_back_after_loss);
        }
        memory.read.add(returned, self, may_lose);
        if let Some(place) = place {
            self.versions[place].read = true;
            take_over(&mut memory.seen, &self.versions[place]);
        }
    }

    fn judge_staleness(&self, sent: Instant, returned: Option<usize>, counts: &mut Counts) {
        let forgotten = self.forgotten_after(returned);
        let (mut behind, mut first, mut after_loss) = (forgotten.count, forgotten.first, false);
        let after = &self.versions[returned.map_or(0, |place| place + 1)..];
        for version in after.iter().filter(|version| version.acked <= sent) {
            after_loss |= version.gone;
            if !version.gone {
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

    /// Judges an acknowledged write, and lets the session remember it; `base` is what an update was based on.
    pub(super) fn judge_write(
        &mut self,
        written: Order,
        base: Option<Order>,
        memory: &mut Memory,
        (may_lose, counts): (bool, &mut Counts),
    ) {
        counts.writes += 1;
        if let Some(own) = memory.written.last() {
            counts.rewritten += 1;
            counts.wrote_before_own += u64::from(written < own);
        }
        if let Some(read) = memory.read.last() {
            counts.written_after_read += 1;
            counts.wrote_before_read += u64::from(written < read);
        }
        memory.written.add(written, self, may_lose);
        if let Some(place) = self.find(written) {
            take_over(&mut memory.seen, &self.versions[place]);
        }
        let Some(base) = base else { return };
        let place = self.find(base);
        let updates = place.map_or(&mut self.updates, |place| &mut self.versions[place].updates);
        counts.updates += 1;
        counts.lost_updates += u64::from(*updates > 0);
        *updates += 1;
    }

    /// Marks what is lost as seen from an instant.
    pub(super) fn mark_gone(&mut self, conditions: &Conditions, at: Instant) {
        let mut surviving = Seen::default();
        for version in self.versions.iter_mut().rev() {
            if version.survives(conditions, at) {
                take_over(&mut surviving, version);
            }
            if !version.settled {
                version.gone = !version.is_in(&surviving);
                self.some_gone |= version.gone;
            }
        }
    }

    /// Marks what no replica has that is up at an instant.
    pub(super) fn mark_missed(&mut self, conditions: &Conditions, at: Instant) {
        let mut in_use = Seen::default();
        for version in self.versions.iter_mut().rev() {
            if version.in_use(conditions, at) {
                take_over(&mut in_use, version);
            }
            let missed = !version.settled && !version.is_in(&in_use);
            version.missed |= missed && version.had_arrived(conditions, at);
        }
    }

    /// Do survivors show different versions once everything has arrived?
    pub(super) fn diverges(&self, conditions: &Conditions) -> bool {
        let end = Instant::from_nanos(i64::MAX - 1);
        let survivors = (0..conditions.replicas()).filter(|replica| !conditions.is_gone(*replica, end));
        let mut shown = survivors.map(|replica| self.shown(conditions, replica, end));
        let first = shown.next();
        shown.any(|other| Some(other) != first)
    }
}

impl Counts {
    /// Counts a dropped write, once.
    fn drop(&mut self, version: &Version, by_earlier: bool) {
        if version.dropped || !version.counted {
            return;
        }
        let acked = version.acked < Instant::FAR;
        self.dropped += u64::from(acked);
        self.dropped_by_earlier += u64::from(acked && by_earlier);
        self.dropped_unknown += u64::from(!acked);
    }

    /// Counts a refused operation.
    pub(super) fn refuse(&mut self, writes: bool, in_reach: bool) {
        let refused = if writes { &mut self.refused_writes } else { &mut self.refused_reads };
        *refused += 1;
        self.refused_in_reach += u64::from(in_reach);
    }

    /// Counts what became of a version, when nothing more can.
    pub(super) fn close(&mut self, version: &Version) {
        if !version.counted {
            return;
        }
        let acked = version.acked < Instant::FAR;
        if version.gone {
            self.lost += u64::from(acked);
            self.lost_and_dropped += u64::from(acked && version.dropped);
            self.read_then_lost += u64::from(acked && version.read);
            self.vanished += u64::from(!acked && version.read);
        } else {
            self.missed += u64::from(acked && version.missed);
        }
    }
}

/// Counts one read that missed versions: under `kept` if one of them is not lost, under `lost` if all are.
fn tell(all_lost: Option<bool>, kept: &mut u64, lost: &mut u64) {
    match all_lost {
        Some(false) => *kept += 1,
        Some(true) => *lost += 1,
        None => (),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim::Span;

    fn at(nanos: i64) -> Instant {
        Instant::from_nanos(nanos)
    }

    /// A write at one of two places with a replica each, accepted and acknowledged at once, which reaches the other place
    /// at an instant.
    #[derive(Clone, Copy)]
    struct Wrote {
        place: usize,
        accepted: i64,
        stamp: i64,
        reaches: i64,
    }

    fn wrote(place: usize, accepted: i64, reaches: i64) -> Wrote {
        Wrote { place, accepted, stamp: accepted, reaches }
    }

    /// Writes by sessions of their own, then reads of one more session at a place, sent at instants after all of them.
    fn judged(writes: &[Wrote], reads: &[(usize, i64)]) -> Counts {
        let conditions = Conditions::calm(2, vec![0, 1]).expect("possible");
        let (mut key, mut counts, mut memory) = (Key::EMPTY, Counts::default(), Memory::default());
        for (number, write) in writes.iter().enumerate() {
            let now = at(write.accepted);
            let seen = key.seen_at(&conditions, write.place, now);
            let order = Order { stamp: write.stamp, writer: number as u32, number: 1 };
            let mut version = Version::new(order, (1 + number as u32, number as u32), now);
            (version.chain, version.number, version.seen) = (write.place as u8, 1 + number as u32, seen);
            version.arrive(&conditions, write.place, now);
            version.arrive(&conditions, 1 - write.place, at(write.reaches));
            key.accept(version, &conditions, (write.place, now), &mut counts);
        }
        for (place, sent) in reads {
            let shown = key.shown(&conditions, *place, at(*sent));
            let order = shown.map_or(Order::ABSENT, |shown| key.versions[shown].order);
            key.judge_read(at(*sent), order, &mut memory, (false, &mut counts));
        }
        counts
    }

    /// The counts that differ, by name.
    fn moved(one: &Counts, other: &Counts) -> Vec<(&'static str, u64, u64)> {
        let pairs = one.rows().into_iter().zip(other.rows());
        pairs
            .filter(|(one, other)| one != other)
            .map(|((name, one), (_, other))| (name, one, other))
            .collect()
    }

    #[test]
    fn a_version_applied_late_moves_staleness_alone() {
        let straight = judged(&[wrote(0, 10, 20)], &[(1, 30)]);
        let late = judged(&[wrote(0, 10, 40)], &[(1, 30)]);
        assert_eq!(moved(&straight, &late), [("stale", 0, 1), ("versions_behind", 0, 1)]);
        assert_eq!(late.stale_nanos, 20);
    }

    #[test]
    fn a_version_seen_late_moves_drops_alone() {
        let straight = judged(&[wrote(0, 10, 20), wrote(1, 30, 40)], &[]);
        let late = judged(&[wrote(0, 10, 35), wrote(1, 30, 40)], &[]);
        assert_eq!(moved(&straight, &late), [("dropped", 0, 1)]);
    }

    #[test]
    fn swapping_two_stamps_moves_writes_in_the_past_or_the_winner_of_a_drop() {
        let swap = |mut writes: [Wrote; 2]| {
            (writes[0].stamp, writes[1].stamp) = (writes[1].stamp, writes[0].stamp);
            writes
        };
        let seen = [wrote(0, 10, 20), wrote(1, 30, 40)];
        let moves = moved(&judged(&seen, &[]), &judged(&swap(seen), &[]));
        assert_eq!(moves, [("in_the_past", 0, 1)]);
        let unseen = [wrote(0, 10, 35), wrote(1, 30, 40)];
        let moves = moved(&judged(&unseen, &[]), &judged(&swap(unseen), &[]));
        assert_eq!(moves, [("dropped_by_earlier", 0, 1)]);
    }

    #[test]
    fn swapping_two_reads_moves_monotonic_reads_alone() {
        let writes = [wrote(0, 10, 50)];
        let straight = judged(&writes, &[(1, 30), (0, 30)]);
        let swapped = judged(&writes, &[(0, 30), (1, 30)]);
        assert_eq!(moved(&straight, &swapped), [("went_back", 0, 1)]);
    }

    #[test]
    fn an_update_of_an_old_base_moves_lost_updates_alone() {
        let updates = |second: usize| {
            let (mut key, mut counts) = (Key::EMPTY, Counts::default());
            let conditions = Conditions::calm(1, vec![0]).expect("possible");
            let order = |number: usize| Order { stamp: number as i64, writer: 0, number: number as u32 };
            for (number, base) in [(1, 0), (2, 1), (3, second)] {
                let now = at(number as i64);
                let mut version = Version::new(order(number), (number as u32, number as u32), now);
                (version.number, version.seen) = (number as u32, key.seen_at(&conditions, 0, now));
                version.arrive(&conditions, 0, now);
                key.accept(version, &conditions, (0, now), &mut counts);
                let base = if base == 0 { Order::ABSENT } else { order(base) };
                key.judge_write(order(number), Some(base), &mut Memory::default(), (false, &mut counts));
            }
            counts
        };
        assert_eq!(moved(&updates(2), &updates(1)), [("lost_updates", 0, 1)]);
        assert_eq!(moved(&updates(2), &updates(0)), [("lost_updates", 0, 1)]);
    }

    #[test]
    fn a_write_is_lost_with_its_only_replica_unless_another_one_got_it_in_time() {
        let lost = |reaches: i64| {
            let mut troubles = super::super::Troubles::none(2, 2);
            troubles.losses[0].push(super::super::Loss::of_disk(at(30)));
            let conditions = Conditions::new(2, vec![0, 1], troubles).expect("possible");
            let (mut key, mut counts) = (Key::EMPTY, Counts::default());
            let order = Order { stamp: 10, writer: 0, number: 1 };
            let mut version = Version::new(order, (1, 0), at(10));
            version.number = 1;
            version.arrive(&conditions, 0, at(10));
            version.arrive(&conditions, 1, at(reaches));
            key.accept(version, &conditions, (0, at(10)), &mut counts);
            key.settle(&conditions, at(30) - Span::NANOSECOND);
            key.mark_gone(&conditions, at(30));
            key.versions.iter().for_each(|version| counts.close(version));
            counts.lost
        };
        assert_eq!((lost(29), lost(i64::MAX)), (0, 1));
    }
}
