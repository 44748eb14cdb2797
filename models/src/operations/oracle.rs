//! What an omniscient observer says of each operation.
//!
//! The definitions are those of the literature on session guarantees (Terry et al., PDIS 1994) and staleness (Bailis et
//! al., VLDB 2012): a read is stale if a version ordered after the one it returned had been acknowledged before the read
//! was sent. A newer version that nobody has acknowledged yet makes no read stale. An
//! acknowledgement counts for what is sent at the same instant: its client may have waited for it.

use super::key::{Key, Order};
use sim::stats::LogHistogram;
use sim::{Instant, Span};

/// What one client has seen and done of one key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Floors {
    /// The greatest version of its own that was acknowledged; [`Order::NONE`] if none was.
    pub written: Order,
    /// The greatest version it has read; [`Order::NONE`] if it has read nothing.
    pub read: Order,
}

impl Floors {
    /// Of a client that has done nothing.
    pub const NONE: Floors = Floors { written: Order::NONE, read: Order::NONE };
}

/// What is to be said of a read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Verdict {
    /// Acknowledged versions that were ordered after the one returned when the read was sent.
    pub versions_behind: u64,
    /// Since when a newer version had been acknowledged when the read was sent.
    pub stale_for: Span,
    /// Is it ordered before a version that this client had written? Nothing if it had written none.
    pub forgets_own_write: Option<bool>,
    /// Is it ordered before a version that this client had read? Nothing if it had read none.
    pub goes_back: Option<bool>,
}

impl Verdict {
    /// Judges a read sent at `sent` that returned `returned`.
    pub fn of(key: &Key, sent: Instant, returned: Order, floors: &Floors) -> Self {
        let newer = key.versions().iter().rev().take_while(|version| version.order > returned);
        let acked = newer.filter(|version| version.acked <= sent);
        let (versions_behind, first) =
            acked.fold((0, sent), |(count, first), version| (count + 1, first.min(version.acked)));
        Verdict {
            versions_behind,
            stale_for: sent - first,
            forgets_own_write: (floors.written > Order::NONE).then_some(returned < floors.written),
            goes_back: (floors.read > Order::NONE).then_some(returned < floors.read),
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
        if let Some(forgets) = verdict.forgets_own_write {
            self.after_own_write += 1;
            self.forgot_own_write += u64::from(forgets);
        }
        if let Some(back) = verdict.goes_back {
            self.repeated += 1;
            self.went_back += u64::from(back);
        }
    }

    /// Counts a write with its place in the key's history.
    pub fn write(&mut self, order: Order, floors: &Floors) {
        self.writes += 1;
        if floors.written > Order::NONE {
            self.rewritten += 1;
            self.out_of_order += u64::from(order < floors.written);
        }
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
