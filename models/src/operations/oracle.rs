//! What an omniscient observer says of each operation.
//!
//! The definitions are those of the literature on session guarantees (Terry et al., PDIS 1994) and staleness (Bailis et
//! al., VLDB 2012): a read is stale if a version ordered after the one it returned had been acknowledged before the read
//! was sent. A newer version that nobody has acknowledged yet makes no read stale. An
//! acknowledgement counts for what is sent at the same instant: its client may have waited for it.

use super::key::{Key, Number};
use sim::stats::LogHistogram;
use sim::{Instant, Span};

/// What one client has seen and done of one key. Versions by number, since there are as many floors as clients times keys;
/// a version that its key has forgotten is ordered before everything that can be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Floors {
    /// The greatest version of its own that was acknowledged; [`Number::NONE`] if none was.
    pub written: Number,
    /// The greatest version it has read, likewise.
    pub read: Number,
}

impl Floors {
    /// Of a client that has done nothing.
    pub const NONE: Floors = Floors { written: Number::NONE, read: Number::NONE };
}

/// What is to be said of a read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Verdict {
    /// Acknowledged versions that were ordered after the one returned when the read was sent.
    pub versions_behind: u64,
    /// Since when a newer version had been acknowledged when the read was sent.
    pub stale_for: Span,
    /// Had this client written the key, and is it ordered before what it had written?
    pub after_own_write: bool,
    /// See `after_own_write`.
    pub forgets_own_write: bool,
    /// Had this client read the key, and is it ordered before what it had read?
    pub repeats: bool,
    /// See `repeats`.
    pub goes_back: bool,
}

impl Verdict {
    /// Judges a read sent at `sent` that returned the version at a place of its key, or none.
    pub fn of<const SLOTS: usize>(
        key: &Key<SLOTS>,
        sent: Instant,
        returned: Option<usize>,
        floors: &Floors,
    ) -> Self {
        let newer = &key.versions()[returned.map_or(0, |place| place + 1)..];
        let acked = newer.iter().filter(|version| version.acked <= sent);
        let (versions_behind, first) =
            acked.fold((0, sent), |(count, first), version| (count + 1, first.min(version.acked)));
        let is_newer = |number: Number| newer.iter().any(|version| version.number == number);
        Verdict {
            versions_behind,
            stale_for: sent - first,
            after_own_write: floors.written != Number::NONE,
            forgets_own_write: is_newer(floors.written),
            repeats: floors.read != Number::NONE,
            goes_back: is_newer(floors.read),
        }
    }

    /// Is the read stale?
    pub fn is_stale(&self) -> bool {
        self.versions_behind > 0
    }
}

/// Counts of operations and of what was said of them.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Counts {
    /// Reads.
    pub reads: u64,
    /// Writes.
    pub writes: u64,
    /// Stale reads.
    pub stale: u64,
    /// Sum of versions behind over all reads.
    pub versions_behind: u64,
    /// Nanoseconds for which stale reads were stale.
    pub stale_for: LogHistogram,
    /// Sum of these over all reads, in nanoseconds.
    pub stale_nanos: i128,
    /// Reads by a client of a key it had written, and those that did not return its write or a later one.
    pub after_own_write: u64,
    /// See `after_own_write`.
    pub forgot_own_write: u64,
    /// Reads by a client of a key it had read, and those that returned an earlier version.
    pub repeated: u64,
    /// See `repeated`.
    pub went_back: u64,
    /// Writes by a client of a key it had written, and those that were ordered before that.
    pub rewritten: u64,
    /// See `rewritten`.
    pub out_of_order: u64,
}

impl Counts {
    /// Counts a read.
    pub fn read(&mut self, verdict: &Verdict) {
        self.reads += 1;
        if verdict.is_stale() {
            self.stale += 1;
            self.versions_behind += verdict.versions_behind;
            self.stale_nanos += i128::from(verdict.stale_for.nanos());
            self.stale_for.add(verdict.stale_for.nanos().unsigned_abs());
        }
        self.after_own_write += u64::from(verdict.after_own_write);
        self.forgot_own_write += u64::from(verdict.forgets_own_write);
        self.repeated += u64::from(verdict.repeats);
        self.went_back += u64::from(verdict.goes_back);
    }

    /// Counts a write; whether its client had written the key, and if so, whether this is ordered before that.
    pub fn write(&mut self, rewrites: bool, before_own: bool) {
        self.writes += 1;
        self.rewritten += u64::from(rewrites);
        self.out_of_order += u64::from(before_own);
    }

    /// Adds what was counted elsewhere.
    pub fn merge(&mut self, other: &Counts) {
        self.reads += other.reads;
        self.writes += other.writes;
        self.stale += other.stale;
        self.versions_behind += other.versions_behind;
        self.stale_for.merge(&other.stale_for);
        self.stale_nanos += other.stale_nanos;
        self.after_own_write += other.after_own_write;
        self.forgot_own_write += other.forgot_own_write;
        self.repeated += other.repeated;
        self.went_back += other.went_back;
        self.rewritten += other.rewritten;
        self.out_of_order += other.out_of_order;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::key::{Apply, Order};
    use proptest::prelude::*;

    /// One client's operation: a write with its lags, or a read that looks later.
    #[derive(Clone, Debug)]
    enum Step {
        Write { client: usize, acked: i64, lags: [i64; 2] },
        Read { client: usize, looks: [Option<i64>; 2] },
    }

    fn step() -> impl Strategy<Value = (i64, Step)> {
        let write = (0..3usize, 0..20i64, [0..30i64, 0..30i64])
            .prop_map(|(client, acked, lags)| Step::Write { client, acked, lags });
        let look = || prop::option::weighted(0.7, 0..10i64);
        let read = (0..3usize, [look(), look()]).prop_map(|(client, looks)| Step::Read { client, looks });
        (1..8i64, prop_oneof![write, read])
    }

    /// Everything that was ever written, and floors by order: the definitions.
    #[derive(Default)]
    struct Naive {
        versions: Vec<(Order, i64, [i64; 2])>,
        floors: [(Option<Order>, Option<Order>); 3],
    }

    impl Naive {
        fn returned(&self, looked: [i64; 2], apply: Apply) -> Order {
            let replica = |replica: usize| {
                let shown = self.versions.iter().filter(|version| version.2[replica] <= looked[replica]);
                let seen = match apply {
                    Apply::LastArrived => shown.max_by_key(|version| (version.2[replica], version.0)),
                    Apply::NewestWins | Apply::LogOrder => shown.max_by_key(|version| version.0),
                };
                seen.map_or(Order::ABSENT, |version| version.0)
            };
            replica(0).max(replica(1))
        }

        fn judge(&self, client: usize, sent: i64, returned: Order) -> Verdict {
            let newer = self.versions.iter().filter(|version| version.0 > returned && version.1 <= sent);
            let since = newer.clone().map(|version| version.1).min().unwrap_or(sent);
            let (written, read) = self.floors[client];
            Verdict {
                versions_behind: newer.count() as u64,
                stale_for: Span::from_nanos(sent - since),
                after_own_write: written.is_some(),
                forgets_own_write: written.is_some_and(|written| returned < written),
                repeats: read.is_some(),
                goes_back: read.is_some_and(|read| returned < read),
            }
        }
    }

    proptest! {
        /// Keys forget, and floors are numbers: nothing of that may be seen in what is said of an operation.
        #[test]
        fn verdicts_are_those_of_who_forgets_nothing(
            steps in prop::collection::vec(step(), 1..80), rule in 0usize..3,
        ) {
            let apply = [Apply::NewestWins, Apply::LogOrder, Apply::LastArrived][rule];
            let at = Instant::from_nanos;
            let (mut key, mut naive, mut now) = (Key::<2>::new(), Naive::default(), 0);
            let mut floors = [Floors::NONE; 3];
            for (number, (wait, step)) in (0u32..).zip(steps) {
                now += wait;
                key.forget(at(now), apply);
                match step {
                    Step::Write { client, acked, lags } => {
                        // Clocks of different clients disagree.
                        let ahead = if apply == Apply::LogOrder { 0 } else { 6 * client as i64 };
                        let order = Order { stamp: now + ahead, writer: client as u32, number };
                        let mut shown = lags.map(|lag| now + lag);
                        let own = key.write(order, at(now + acked), shown.map(at), apply);
                        if let (Apply::LogOrder, Some(last)) = (apply, naive.versions.last()) {
                            shown = [shown[0].max(last.2[0]), shown[1].max(last.2[1])];
                        }
                        naive.versions.push((order, now + acked, shown));
                        let written = &mut naive.floors[client].0;
                        let before = key.is_before(own, floors[client].written);
                        prop_assert_eq!(before, written.is_some_and(|written| order < written));
                        *written = (*written).max(Some(order));
                        floors[client].written = if before { floors[client].written } else { own };
                    }
                    Step::Read { client, looks } => {
                        let looked = looks.map(|look| look.map_or(i64::MIN, |look| now + look));
                        let returned = naive.returned(looked, apply);
                        let expected = naive.judge(client, now, returned);
                        let place = key.read(&looked.map(at), apply);
                        let order = place.map_or(Order::ABSENT, |place| key.versions()[place].order);
                        if looks != [None, None] {
                            prop_assert_eq!(order, returned);
                            prop_assert_eq!(Verdict::of(&key, at(now), place, &floors[client]), expected);
                            let number = place.map_or(Number::ABSENT, |place| key.versions()[place].number);
                            let read = &mut naive.floors[client].1;
                            *read = (*read).max(Some(returned));
                            floors[client].read = if expected.goes_back { floors[client].read } else { number };
                        }
                    }
                }
            }
        }
    }
}
