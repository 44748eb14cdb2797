//! One key: its versions, and from when on each replica shows them.

use sim::Instant;

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
pub struct Number(u32);

impl Number {
    /// Of no version.
    pub const NONE: Number = Number(0);
    /// Of the version that every key has from the beginning.
    pub const ABSENT: Number = Number(1);

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
pub struct Version<const SLOTS: usize> {
    /// Its place in the key's history.
    pub order: Order,
    /// When its writer knew that it was written; [`Instant::FAR`] if it never did.
    pub acked: Instant,
    /// Its number.
    pub number: Number,
    /// From when on each replica shows it.
    pub shown: [Instant; SLOTS],
}

/// A key's versions, those that may still be seen, by order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Key<const SLOTS: usize> {
    versions: Vec<Version<SLOTS>>,
    last: Number,
}

impl<const SLOTS: usize> Key<SLOTS> {
    /// One that nothing has been written to.
    pub const fn new() -> Self {
        Key { versions: Vec::new(), last: Number::ABSENT }
    }

    /// Its versions that may still be seen, by order.
    pub fn versions(&self) -> &[Version<SLOTS>] {
        &self.versions
    }

    /// Adds a version, given when each replica has it. Under [`Apply::LogOrder`] versions must come in the order of their
    /// log.
    pub fn write(
        &mut self,
        order: Order,
        acked: Instant,
        mut shown: [Instant; SLOTS],
        apply: Apply,
    ) -> Number {
        if let (Apply::LogOrder, Some(last)) = (apply, self.versions.last()) {
            debug_assert!(last.order < order, "a log is written in order");
            shown.iter_mut().zip(last.shown).for_each(|(shown, before)| *shown = (*shown).max(before));
        }
        self.last = self.last.next();
        let place = self.versions.iter().rposition(|other| other.order < order).map_or(0, |i| i + 1);
        self.versions.insert(place, Version { order, acked, number: self.last, shown });
        self.last
    }

    /// The place of the version that a read returns, given when it looked at each replica; nothing where they show none.
    pub fn read(&self, looked: &[Instant; SLOTS], apply: Apply) -> Option<usize> {
        match apply {
            Apply::NewestWins | Apply::LogOrder => {
                self.versions.iter().rposition(|version| version.is_seen(looked))
            }
            Apply::LastArrived => {
                let looked = looked.iter().enumerate();
                looked.filter_map(|(replica, at)| self.arrived_last(replica, *at)).max()
            }
        }
    }

    /// The version that arrived last at a replica up to an instant.
    fn arrived_last(&self, replica: usize, at: Instant) -> Option<usize> {
        let all = self.versions.iter().enumerate().map(|(place, version)| (version.shown[replica], place));
        all.filter(|(shown, _)| *shown <= at).max().map(|(_, place)| place)
    }

    /// Is a version ordered before another? The first must not be forgotten. If the other is, it counts as the earlier one;
    /// so it is for writes of one client, whose stamps ascend.
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
        let settled = |version: &Version<SLOTS>| version.is_settled(since);
        let Some(last) = self.versions.iter().rposition(settled) else { return };
        let forgotten = match apply {
            Apply::NewestWins | Apply::LogOrder => last,
            // An older version that was still on its way when the last one came is shown from then on.
            Apply::LastArrived => {
                let newer = self.versions[last].shown;
                let outlived = |old: &Version<SLOTS>| {
                    settled(old) && old.shown.iter().zip(newer).all(|(old, new)| *old < new)
                };
                self.versions[..last].iter().take_while(|old| outlived(old)).count()
            }
        };
        self.versions.drain(..forgotten);
    }
}

impl<const SLOTS: usize> Version<SLOTS> {
    /// Does a read see it that looked then at each replica? All are compared: no branch between them could be foreseen.
    fn is_seen(&self, looked: &[Instant; SLOTS]) -> bool {
        self.shown.iter().zip(looked).fold(false, |seen, (shown, at)| seen | (shown <= at))
    }

    /// Had it been acknowledged, and had it come to all replicas?
    fn is_settled(&self, since: Instant) -> bool {
        self.acked <= since && self.shown.iter().all(|shown| *shown <= since)
    }
}

impl<const SLOTS: usize> Default for Key<SLOTS> {
    fn default() -> Self {
        Key::new()
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
    fn stamp_at_second(key: &Key<2>, nanos: i64, apply: Apply) -> i64 {
        let place = key.read(&[at(i64::MIN), at(nanos)], apply);
        place.map_or(i64::MIN, |place| key.versions()[place].order.stamp)
    }

    #[test]
    fn what_arrives_out_of_order_shows_by_the_rule() {
        let read = |apply: Apply, nanos: i64| {
            let mut key = Key::new();
            key.write(order(1), at(0), [at(0), at(50)], apply);
            key.write(order(2), at(0), [at(0), at(20)], apply);
            stamp_at_second(&key, nanos, apply)
        };
        assert_eq!([10, 30, 60].map(|at| read(Apply::NewestWins, at)), [i64::MIN, 2, 2]);
        assert_eq!([10, 30, 60].map(|at| read(Apply::LogOrder, at)), [i64::MIN, i64::MIN, 2]);
        assert_eq!([10, 30, 60].map(|at| read(Apply::LastArrived, at)), [i64::MIN, 2, 1]);
    }

    #[test]
    fn versions_lie_by_order_whenever_they_were_written() {
        let mut key = Key::new();
        let numbers = [5, 9, 7]
            .map(|stamp| key.write(order(stamp), at(0), [at(stamp), at(10 * stamp)], Apply::NewestWins));
        let stamps: Vec<i64> = key.versions().iter().map(|version| version.order.stamp).collect();
        assert_eq!(stamps, [5, 7, 9]);
        let is_own = |version: &Version<2>| {
            let stamp = version.order.stamp;
            version.shown == [at(stamp), at(10 * stamp)]
        };
        assert!(key.versions().iter().all(is_own));
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
            let mut key = Key::new();
            for (sent, (_, lag)) in sent.iter().zip(&writes) {
                key.write(order(*sent), self::at(*sent), [self::at(*sent), self::at(sent + lag)], apply);
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
