//! What clients of a store see, whatever engine looked.

use super::Estimate;

/// What can be wrong with an operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Anomaly {
    /// A read returned a version before one that was acknowledged when it was sent and is not lost.
    StaleRead,
    /// A read missed a write of its own session.
    ReadYourWrites,
    /// A read returned a version before one its session had read.
    MonotonicReads,
    /// A read missed acknowledged writes, all of which are lost.
    ReadAfterLoss,
    /// An acknowledged write is lost.
    LostWrite,
    /// It is, and had been read.
    ReadThenLost,
    /// An acknowledged write was accepted while another member was the writer.
    TwoWriters,
    /// An operation contradicts the order of the log: not linearisable.
    OutOfOrder,
    /// An acknowledged write was ordered before an earlier one of its own session.
    MonotonicWrites,
    /// An acknowledged write was ordered before what its session had read.
    WritesFollowReads,
    /// An acknowledged write gave way to another that had not seen it, nor it that one: the last writer won.
    DroppedWrite,
    /// An acknowledged update was based on a version on which another one was: that one's change is overwritten.
    LostUpdate,
    /// A write was ordered before one that it had seen, by a clock that is behind.
    WriteInThePast,
    /// A read that had no answer, or a write that was refused.
    Refused,
    /// A write whose outcome its client does not know.
    Unknown,
}

impl Anomaly {
    /// All, in the order in which they are told.
    pub const ALL: [Anomaly; 15] = [
        Anomaly::StaleRead,
        Anomaly::ReadYourWrites,
        Anomaly::MonotonicReads,
        Anomaly::MonotonicWrites,
        Anomaly::WritesFollowReads,
        Anomaly::ReadAfterLoss,
        Anomaly::LostUpdate,
        Anomaly::DroppedWrite,
        Anomaly::WriteInThePast,
        Anomaly::LostWrite,
        Anomaly::ReadThenLost,
        Anomaly::TwoWriters,
        Anomaly::OutOfOrder,
        Anomaly::Refused,
        Anomaly::Unknown,
    ];

    /// Does it mean anything in a store with one writer at a time, or in one that many may write?
    pub fn concerns(self, one_writer: bool) -> bool {
        match self {
            Anomaly::TwoWriters | Anomaly::OutOfOrder => one_writer,
            Anomaly::MonotonicWrites
            | Anomaly::WritesFollowReads
            | Anomaly::DroppedWrite
            | Anomaly::WriteInThePast => !one_writer,
            Anomaly::StaleRead
            | Anomaly::ReadYourWrites
            | Anomaly::MonotonicReads
            | Anomaly::ReadAfterLoss
            | Anomaly::LostUpdate
            | Anomaly::LostWrite
            | Anomaly::ReadThenLost
            | Anomaly::Refused
            | Anomaly::Unknown => true,
        }
    }

    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Anomaly::StaleRead => "stale-read",
            Anomaly::ReadYourWrites => "read-your-writes",
            Anomaly::MonotonicReads => "monotonic-reads",
            Anomaly::ReadAfterLoss => "read-after-loss",
            Anomaly::LostWrite => "lost-write",
            Anomaly::ReadThenLost => "read-then-lost",
            Anomaly::TwoWriters => "two-writers",
            Anomaly::OutOfOrder => "out-of-order",
            Anomaly::MonotonicWrites => "monotonic-writes",
            Anomaly::WritesFollowReads => "writes-follow-reads",
            Anomaly::LostUpdate => "lost-update",
            Anomaly::DroppedWrite => "dropped-write",
            Anomaly::WriteInThePast => "write-in-the-past",
            Anomaly::Refused => "refused",
            Anomaly::Unknown => "unknown",
        }
    }
}

/// What clients of a store see.
#[derive(Clone, Debug)]
pub struct Consistency {
    /// Operations a year.
    pub operations: Estimate,
    /// Operations that were looked at one by one.
    pub simulated: u64,
    /// Sessions they belong to.
    pub sessions: u64,
    /// One for each [`Anomaly`] that means anything in such a store, in the order of [`Anomaly::ALL`]; exactly none where it
    /// cannot happen.
    pub anomalies: Vec<AnomalyOutcome>,
    /// Of stale reads, seconds since the first acknowledgement of what they missed.
    pub stale_for: Percentiles,
    /// Seconds until reads were answered.
    pub reads: Percentiles,
    /// Seconds until writes were acknowledged.
    pub writes: Percentiles,
    /// Both, for each population; nothing where only one uses the store.
    pub populations: Vec<PopulationTimes>,
}

/// What operations of a population take.
#[derive(Clone, PartialEq, Debug)]
pub struct PopulationTimes {
    /// Its name.
    pub population: String,
    /// Seconds until reads were answered.
    pub reads: Percentiles,
    /// Seconds until writes were acknowledged.
    pub writes: Percentiles,
}

/// How often something is wrong.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct AnomalyOutcome {
    /// What.
    pub anomaly: Anomaly,
    /// Per million of all operations.
    pub of_all: Estimate,
    /// Per million of those to which it can happen: answered reads, reads after a write of the same session, reads after
    /// a read of it, writes after a write of it, writes after a read of it, acknowledged updates, acknowledged writes, accepted ones, all answered
    /// operations, all, or all writes.
    pub of_eligible: Estimate,
}

/// A law of times, in seconds.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Percentiles {
    /// Median.
    pub p50: Estimate,
    /// 99th percentile.
    pub p99: Estimate,
    /// 99.9th percentile.
    pub p999: Estimate,
}
