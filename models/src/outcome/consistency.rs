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
    /// A read that had no answer, or a write that was refused.
    Refused,
    /// A write whose outcome its client does not know.
    Unknown,
}

impl Anomaly {
    /// All, in the order in which they are told.
    pub const ALL: [Anomaly; 10] = [
        Anomaly::StaleRead,
        Anomaly::ReadYourWrites,
        Anomaly::MonotonicReads,
        Anomaly::ReadAfterLoss,
        Anomaly::LostWrite,
        Anomaly::ReadThenLost,
        Anomaly::TwoWriters,
        Anomaly::OutOfOrder,
        Anomaly::Refused,
        Anomaly::Unknown,
    ];

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
    /// One for each [`Anomaly`], in the order of [`Anomaly::ALL`].
    pub anomalies: Vec<AnomalyOutcome>,
    /// Of stale reads, seconds since the first acknowledgement of what they missed.
    pub stale_for: Percentiles,
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
    /// a read of it, acknowledged writes, all answered ones, all, or all writes.
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
