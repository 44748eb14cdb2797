//! One key: its versions, and from when on each replica shows them.

use sim::Instant;
use std::num::NonZeroU32;

/// The place of a version in its key's history: by stamp, then by who stamped it (last writer wins).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Order {
    /// The coordinator's clock when it accepted the write, in nanoseconds.
    pub stamp: i64,
    /// The writer's number, and the number of its write.
    pub writer: u32,
    /// See `writer`.
    pub number: u32,
}

impl Order {
    /// Of the version that every key has from the beginning: it holds nothing.
    pub const ABSENT: Order = Order { stamp: i64::MIN, writer: 0, number: 0 };
}

/// What becomes of versions that arrive at a replica out of order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Apply {
    /// The greatest order that has arrived is shown.
    NewestWins,
    /// A version is shown once it and all before it have arrived: the replica replays a log.
    LogOrder,
    /// What arrived last is shown, whatever its order.
    LastArrived,
}

/// The number of a version among its key's, in the order of their writing, which need not be that of their history.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Number(NonZeroU32);

impl Number {
    /// Of the version that every key has from the beginning.
    pub const ABSENT: Number = Number(NonZeroU32::MIN);

    /// The next one.
    ///
    /// # Panics
    /// Past 2^32 - 1.
    fn next(self) -> Self {
        Number(self.0.checked_add(1).expect("a key is written to less than 2^32 times"))
    }
}

/// A written version.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Version {
    /// Its place in the key's history.
    pub order: Order,
    /// When its writer knew that it was written; [`Instant::FAR`] if it never did.
    pub acked: Instant,
    /// Its number.
    pub number: Number,
}

/// A key's versions, those that may still be seen, by order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Key {
    replicas: usize,
    versions: Vec<Version>,
    /// From when on each replica shows each version, version by version.
    shown: Vec<Instant>,
    last: Number,
}

impl Key {
    /// One that nothing has been written to, on so many replicas.
    pub fn new(replicas: usize) -> Self {
        Key { replicas, versions: Vec::new(), shown: Vec::new(), last: Number::ABSENT }
    }

    /// Its versions that may still be seen, by order.
    pub fn versions(&self) -> &[Version] {
        &self.versions
    }

    /// Adds a version, given when each replica has it. Under [`Apply::LogOrder`] versions must come in the order of their
    /// log.
    pub fn write(&mut self, order: Order, acked: Instant, arrived: &[Instant], apply: Apply) -> Number {
        self.last = self.last.next();
        let version = Version { order, acked, number: self.last };
        let count = self.versions.len();
        let place = self.versions.iter().rposition(|other| other.order < order).map_or(0, |i| i + 1);
        self.versions.insert(place, version);
        self.shown.extend_from_slice(arrived);
        self.shown[place * self.replicas..].rotate_right(self.replicas);
        if apply == Apply::LogOrder && count > 0 {
            debug_assert!(place == count, "a log is written in order");
            self.hold_back(place);
        }
        self.last
    }

    /// Shows a version nowhere before the one before it.
    fn hold_back(&mut self, place: usize) {
        let (before, new) = self.shown[(place - 1) * self.replicas..].split_at_mut(self.replicas);
        new.iter_mut().zip(before).for_each(|(new, before)| *new = (*new).max(*before));
    }

    /// From when on each replica shows the version at a place.
    fn shown(&self, place: usize) -> &[Instant] {
        &self.shown[place * self.replicas..][..self.replicas]
    }

    /// The place of the version that a read returns, given when it looked at each replica; nothing where they show none.
    pub fn read(&self, looked: &[Instant], apply: Apply) -> Option<usize> {
        match apply {
            Apply::NewestWins | Apply::LogOrder => {
                // All are compared: a branch for each could not be foreseen.
                let sees = |shown: &[Instant]| {
                    shown.iter().zip(looked).fold(false, |sees, (shown, at)| sees | (shown <= at))
                };
                (0..self.versions.len()).rev().find(|place| sees(self.shown(*place)))
            }
            Apply::LastArrived => {
                let looked = looked.iter().enumerate();
                looked.filter_map(|(replica, at)| self.arrived_last(replica, *at)).max()
            }
        }
    }

    /// The version that arrived last at a replica up to an instant.
    fn arrived_last(&self, replica: usize, at: Instant) -> Option<usize> {
        let arrived = |place: &usize| self.shown(*place)[replica];
        let visible = (0..self.versions.len()).filter(|place| arrived(place) <= at);
        visible.max_by_key(|place| (arrived(place), *place))
    }

    /// Is a version ordered before another? The first must not be forgotten; the other may be, if the first could still be
    /// read when it was.
    pub fn is_before(&self, number: Number, other: Number) -> bool {
        self.versions
            .iter()
            .rev()
            .take_while(|newer| newer.number != number)
            .any(|newer| newer.number == other)
    }

    /// Forgets the oldest versions, as far as no operation sent at `since` or later can see them or be judged by them:
    /// whatever such an operation reads is ordered after all that is forgotten.
    pub fn forget(&mut self, since: Instant, apply: Apply) {
        let Some(last) = (0..self.versions.len()).rev().find(|place| self.is_settled(*place, since)) else {
            return;
        };
        let forgotten = match apply {
            Apply::NewestWins | Apply::LogOrder => last,
            // An older version that was still on its way when the last one came is shown from then on.
            Apply::LastArrived => {
                let outlived = |place: &usize| {
                    let mut both = self.shown(*place).iter().zip(self.shown(last));
                    self.is_settled(*place, since) && both.all(|(old, new)| old < new)
                };
                (0..last).take_while(outlived).count()
            }
        };
        self.versions.drain(..forgotten);
        self.shown.drain(..forgotten * self.replicas);
    }

    /// Had a version been acknowledged, and had it come to all replicas?
    fn is_settled(&self, place: usize, since: Instant) -> bool {
        self.versions[place].acked <= since && self.shown(place).iter().all(|shown| *shown <= since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(nanos: i64) -> Instant {
        Instant::from_nanos(nanos)
    }

    fn order(stamp: i64) -> Order {
        Order { stamp, writer: 0, number: 0 }
    }

    /// Looks at the second of two replicas only.
    fn stamp_at_second(key: &Key, nanos: i64, apply: Apply) -> i64 {
        let place = key.read(&[at(i64::MIN), at(nanos)], apply);
        place.map_or(i64::MIN, |place| key.versions()[place].order.stamp)
    }

    #[test]
    fn what_arrives_out_of_order_shows_by_the_rule() {
        let read = |apply: Apply, nanos: i64| {
            let mut key = Key::new(2);
            key.write(order(1), at(0), &[at(0), at(50)], apply);
            key.write(order(2), at(0), &[at(0), at(20)], apply);
            stamp_at_second(&key, nanos, apply)
        };
        assert_eq!([10, 30, 60].map(|at| read(Apply::NewestWins, at)), [i64::MIN, 2, 2]);
        assert_eq!([10, 30, 60].map(|at| read(Apply::LogOrder, at)), [i64::MIN, i64::MIN, 2]);
        assert_eq!([10, 30, 60].map(|at| read(Apply::LastArrived, at)), [i64::MIN, 2, 1]);
    }

    #[test]
    fn versions_lie_by_order_whenever_they_were_written() {
        let mut key = Key::new(2);
        let numbers = [5, 9, 7]
            .map(|stamp| key.write(order(stamp), at(0), &[at(stamp), at(10 * stamp)], Apply::NewestWins));
        let stamps: Vec<i64> = key.versions().iter().map(|version| version.order.stamp).collect();
        assert_eq!(stamps, [5, 7, 9]);
        assert!((0..3).all(|place| key.shown(place) == [at(stamps[place]), at(10 * stamps[place])]));
        let before = |a: usize, b: usize| key.is_before(numbers[a], numbers[b]);
        assert_eq!([before(0, 1), before(0, 2), before(1, 2), before(2, 1)], [true, true, false, true]);
    }

    proptest! {
        /// Against a replica that applies one message after the other.
        #[test]
        fn a_replica_shows_what_one_that_applies_message_by_message_does(
            writes in prop::collection::vec((0i64..40, 0i64..60), 1..12), at in 0i64..120, since in 0i64..120,
            rule in 0usize..3,
        ) {
            let apply = [Apply::NewestWins, Apply::LogOrder, Apply::LastArrived][rule];
            let mut sent: Vec<i64> = writes.iter().map(|(sent, _)| *sent).collect();
            sent.sort_unstable();
            sent.dedup();
            let mut key = Key::new(2);
            for (sent, (_, lag)) in sent.iter().zip(&writes) {
                key.write(order(*sent), self::at(*sent), &[self::at(*sent), self::at(sent + lag)], apply);
            }
            let arrived: Vec<(i64, i64)> = sent.iter().zip(&writes).map(|(sent, (_, lag))| (sent + lag, *sent)).collect();
            let mut messages = arrived.clone();
            messages.sort_unstable();
            let mut shown = i64::MIN;
            let mut inbox = Vec::new();
            for (arrival, stamp) in messages.into_iter().filter(|(arrival, _)| *arrival <= at) {
                inbox.push(stamp);
                shown = match apply {
                    Apply::NewestWins => shown.max(stamp),
                    Apply::LogOrder => {
                        let log = sent.iter().take_while(|stamp| inbox.contains(stamp));
                        log.last().copied().unwrap_or(i64::MIN)
                    }
                    Apply::LastArrived => stamp,
                };
                let _ = arrival;
            }
            prop_assert_eq!(stamp_at_second(&key, at, apply), shown);
            let mut short = key.clone();
            short.forget(self::at(since), apply);
            let later = at.max(since);
            prop_assert_eq!(stamp_at_second(&short, later, apply), stamp_at_second(&key, later, apply));
        }
    }
}
