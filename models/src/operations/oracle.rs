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
