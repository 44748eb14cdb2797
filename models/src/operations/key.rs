//! One key: its versions, and from when on each replica shows them.

use super::quorum::COPIES_MAX;
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
    pub const ABSENT: Order = Order { stamp: i64::MIN, writer: 0, number: 1 };
    /// Of no version: before all of them.
    pub const NONE: Order = Order { stamp: i64::MIN, writer: 0, number: 0 };
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

/// A written version.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Version {
    /// Its place in the key's history.
    pub order: Order,
    /// When its writer knew that it was written; [`Instant::FAR`] if it never did.
    pub acked: Instant,
    /// From when on each replica shows it.
    pub shown: [Instant; COPIES_MAX],
}

/// A key's versions, those that may still be seen, by order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Key {
    versions: Vec<Version>,
}

impl Key {
    /// Its versions that may still be seen, by order.
    pub fn versions(&self) -> &[Version] {
        &self.versions
    }

    /// Adds a version. Under [`Apply::LogOrder`] versions must come in the order of their log.
    pub fn write(&mut self, mut version: Version, apply: Apply) {
        if let (Apply::LogOrder, Some(last)) = (apply, self.versions.last()) {
            debug_assert!(last.order < version.order, "a log is written in order");
            for (shown, before) in version.shown.iter_mut().zip(last.shown) {
                *shown = (*shown).max(before);
            }
        }
        let place = self.versions.iter().rposition(|other| other.order < version.order).map_or(0, |i| i + 1);
        self.versions.insert(place, version);
    }

    /// What `replica` shows at an instant.
    pub fn read(&self, replica: usize, at: Instant, apply: Apply) -> Order {
        let mut visible = self.versions.iter().filter(|version| version.shown[replica] <= at);
        let seen = match apply {
            Apply::NewestWins | Apply::LogOrder => visible.next_back(),
            Apply::LastArrived => visible.max_by_key(|version| (version.shown[replica], version.order)),
        };
        seen.map_or(Order::ABSENT, |version| version.order)
    }

    /// Forgets the versions that no operation sent at `since` or later can see or be judged by.
    pub fn forget(&mut self, since: Instant, replicas: usize, apply: Apply) {
        let settled = |version: &Version| {
            version.acked <= since && version.shown[..replicas].iter().all(|shown| *shown <= since)
        };
        let Some(last) = self.versions.iter().rposition(settled) else { return };
        match apply {
            Apply::NewestWins | Apply::LogOrder => drop(self.versions.drain(..last)),
            // An older version that is still on its way will be shown.
            Apply::LastArrived => {
                let floor = self.versions[last];
                let outlived = |version: &Version| {
                    settled(version) && (0..replicas).all(|r| version.shown[r] < floor.shown[r])
                };
                let mut index = 0;
                self.versions.retain(|version| {
                    index += 1;
                    index > last || !outlived(version)
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn version(stamp: i64, shown: [i64; 2], acked: i64) -> Version {
        let mut all = [Instant::FAR; COPIES_MAX];
        (all[0], all[1]) = (Instant::from_nanos(shown[0]), Instant::from_nanos(shown[1]));
        let order = Order { stamp, writer: 0, number: 0 };
        Version { order, acked: Instant::from_nanos(acked), shown: all }
    }

    #[test]
    fn what_arrives_out_of_order_shows_by_the_rule() {
        let read = |apply: Apply, at: i64| {
            let mut key = Key::default();
            key.write(version(1, [0, 50], 0), apply);
            key.write(version(2, [0, 20], 0), apply);
            key.read(1, Instant::from_nanos(at), apply).stamp
        };
        assert_eq!([10, 30, 60].map(|at| read(Apply::NewestWins, at)), [i64::MIN, 2, 2]);
        assert_eq!([10, 30, 60].map(|at| read(Apply::LogOrder, at)), [i64::MIN, i64::MIN, 2]);
        assert_eq!([10, 30, 60].map(|at| read(Apply::LastArrived, at)), [i64::MIN, 2, 1]);
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
            let mut key = Key::default();
            for (sent, (_, lag)) in sent.iter().zip(&writes) {
                key.write(version(*sent, [*sent, sent + lag], *sent), apply);
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
            prop_assert_eq!(key.read(1, Instant::from_nanos(at), apply).stamp, shown);
            let mut short = key.clone();
            short.forget(Instant::from_nanos(since), 2, apply);
            let later = Instant::from_nanos(at.max(since));
            prop_assert_eq!(short.read(1, later, apply), key.read(1, later, apply));
        }
    }
}
