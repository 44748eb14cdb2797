//! What a play came to, whatever engine played it.

use crate::operations::{PrimaryCounts, PrimaryTally, Took, leaderless};
use crate::outcome::Anomaly;
use sim::stats::LogHistogram;

/// Operations, and what was wrong with them.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Seen {
    /// Operations, answered or not.
    pub(super) operations: u64,
    /// Of each of [`Anomaly::ALL`], how often it happened, and how often it could have.
    pub(super) anomalies: [(u64, u64); Anomaly::ALL.len()],
    /// Nanoseconds since the first acknowledgement of what stale reads missed, and that reads and writes took, of everybody
    /// and of each population.
    pub(super) stale_for: LogHistogram,
    pub(super) reads: LogHistogram,
    pub(super) writes: LogHistogram,
    pub(super) took: Took,
}

impl From<PrimaryTally> for Seen {
    fn from(tally: PrimaryTally) -> Self {
        let counts = tally.counts;
        let sent = counts.writes + counts.refused_writes + counts.unknown_writes;
        let operations = counts.reads + counts.failed_reads + sent;
        Seen {
            operations,
            anomalies: Anomaly::ALL.map(|anomaly| of_one_writer(&counts, anomaly, operations, sent)),
            stale_for: counts.stale_for,
            reads: tally.read_latency,
            writes: tally.write_latency,
            took: tally.took,
        }
    }
}

impl From<leaderless::Tally> for Seen {
    fn from(tally: leaderless::Tally) -> Self {
        let counts = tally.counts;
        let sent = counts.writes + counts.refused_writes + counts.unknown_writes;
        let operations = counts.reads + counts.failed_reads + counts.refused_reads + sent;
        Seen {
            operations,
            anomalies: Anomaly::ALL.map(|anomaly| of_many_writers(&counts, anomaly, operations, sent)),
            stale_for: counts.stale_for,
            reads: tally.read_latency,
            writes: tally.write_latency,
            took: tally.took,
        }
    }
}

fn of_one_writer(counts: &PrimaryCounts, anomaly: Anomaly, operations: u64, sent: u64) -> (u64, u64) {
    match anomaly {
        Anomaly::StaleRead => (counts.stale, counts.reads),
        Anomaly::ReadYourWrites => (counts.forgot_own_write, counts.after_own_write),
        Anomaly::MonotonicReads => (counts.went_back, counts.repeated),
        Anomaly::ReadAfterLoss => (counts.stale_after_loss, counts.reads),
        Anomaly::LostWrite => (counts.lost, counts.writes),
        Anomaly::ReadThenLost => (counts.read_then_lost, counts.writes),
        Anomaly::TwoWriters => (counts.superseded, counts.writes),
        Anomaly::OutOfOrder => (counts.out_of_order(), counts.reads + counts.writes),
        Anomaly::LostUpdate => (counts.lost_updates, counts.updates),
        Anomaly::MonotonicWrites
        | Anomaly::WritesFollowReads
        | Anomaly::DroppedWrite
        | Anomaly::WriteInThePast => (0, 0),
        Anomaly::Refused => (counts.failed_reads + counts.refused_writes, operations),
        Anomaly::Unknown => (counts.unknown_writes, sent),
    }
}

fn of_many_writers(counts: &leaderless::Counts, anomaly: Anomaly, operations: u64, sent: u64) -> (u64, u64) {
    match anomaly {
        Anomaly::StaleRead => (counts.stale, counts.reads),
        Anomaly::ReadYourWrites => (counts.forgot_own_write, counts.after_own_write),
        Anomaly::MonotonicReads => (counts.went_back, counts.repeated),
        Anomaly::MonotonicWrites => (counts.wrote_before_own, counts.rewritten),
        Anomaly::WritesFollowReads => (counts.wrote_before_read, counts.written_after_read),
        Anomaly::ReadAfterLoss => (counts.stale_after_loss, counts.reads),
        Anomaly::LostWrite => (counts.lost, counts.writes),
        Anomaly::ReadThenLost => (counts.read_then_lost, counts.writes),
        Anomaly::LostUpdate => (counts.lost_updates, counts.updates),
        Anomaly::DroppedWrite => (counts.dropped, counts.writes),
        Anomaly::WriteInThePast => (counts.in_the_past, counts.accepted),
        Anomaly::TwoWriters | Anomaly::OutOfOrder => (0, 0),
        Anomaly::Refused => (counts.failed_reads + counts.refused_reads + counts.refused_writes, operations),
        Anomaly::Unknown => (counts.unknown_writes, sent),
    }
}
