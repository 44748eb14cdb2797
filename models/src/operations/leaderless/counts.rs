//! What was counted.

use sim::stats::LogHistogram;

/// Counts of operations and of what was said of them.
///
/// An acknowledged write counts as *lost* when no replica has it that is not gone for good, nor a later version whose
/// coordinator had seen it, unless its fate was decided before: every replica not gone for good had got it, or a later version
/// that it had not seen, and had then got a later version. A read is *after a loss* if what it did wrong is due to lost versions alone, as they are lost when it is answered.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Counts {
    /// Reads that returned; those of updates too.
    pub reads: u64,
    /// Writes that were acknowledged to their client; those of updates too.
    pub writes: u64,
    /// Writes that a coordinator accepted, acknowledged or not.
    pub accepted: u64,
    /// Reads without an answer in time.
    pub failed_reads: u64,
    /// Reads that were refused at once.
    pub refused_reads: u64,
    /// Writes that were refused at once: they had no effect.
    pub refused_writes: u64,
    /// Writes whose outcome their client does not know.
    pub unknown_writes: u64,
    /// Refused operations whose coordinator had a replica in reach: refused for consistency. The others found no coordinator
    /// or no replica in reach.
    pub refused_in_reach: u64,
    /// Reads that returned a version before one that had been acknowledged when they were sent and is not lost.
    pub stale: u64,
    /// Sum over all reads of the versions that make them stale.
    pub versions_behind: u64,
    /// Of each stale read, the nanoseconds from the first acknowledgement among these versions until it was sent.
    pub stale_for: LogHistogram,
    /// Their sum.
    pub stale_nanos: u128,
    /// Reads that returned a version before an acknowledged one that is lost, and are not stale.
    pub stale_after_loss: u64,
    /// Reads by a session to which a write of its own to the key had been acknowledged.
    pub after_own_write: u64,
    /// Those that returned a version before such a write that is not lost.
    pub forgot_own_write: u64,
    /// Those that returned a version before such a write that is lost, and before none that is not.
    pub forgot_lost_write: u64,
    /// Reads by a session that had read the key before.
    pub repeated: u64,
    /// Those that returned a version before one it had read that is not lost.
    pub went_back: u64,
    /// Those that returned a version before one it had read that is lost, and before none that is not.
    pub went_back_after_loss: u64,
    /// Acknowledged writes by a session to which a write of its own to the key had been acknowledged.
    pub rewritten: u64,
    /// Those that were ordered before such a write.
    pub wrote_before_own: u64,
    /// Acknowledged writes by a session that had read the key.
    pub written_after_read: u64,
    /// Those that were ordered before what it had read.
    pub wrote_before_read: u64,
    /// Acknowledged writes for which there is a concurrent one ordered later, lost or not: neither write had been seen by the
    /// coordinator or the session of the other. Of `writes`.
    pub dropped: u64,
    /// Those of them whose first such rival was accepted before them: they lose to the past, by a clock.
    pub dropped_by_earlier: u64,
    /// The same of writes that were never acknowledged. Of `accepted` less `writes`.
    pub dropped_unknown: u64,
    /// Accepted writes that were ordered before one that their coordinator or session had seen. Of `accepted`.
    pub in_the_past: u64,
    /// Updates (a read, then a write of the same key based on it) whose write was acknowledged.
    pub updates: u64,
    /// Those beyond the first that were based on the same version. Of `updates`.
    pub lost_updates: u64,
    /// Acknowledged writes that are lost at the end of the run. Of `writes`.
    pub lost: u64,
    /// Those of them that also count in `dropped`.
    pub lost_and_dropped: u64,
    /// Acknowledged writes that for a while no replica had that was up, nor a later version that had seen them, and that are
    /// not lost at the end. Of `writes`.
    pub missed: u64,
    /// Those of `lost` that a read returned.
    pub read_then_lost: u64,
    /// Lost writes that were never acknowledged, yet that a read returned.
    pub vanished: u64,
}

impl Counts {
    /// Every count by name.
    pub fn rows(&self) -> Vec<(&'static str, u64)> {
        vec![
            ("reads", self.reads),
            ("writes", self.writes),
            ("accepted", self.accepted),
            ("failed_reads", self.failed_reads),
            ("refused_reads", self.refused_reads),
            ("refused_writes", self.refused_writes),
            ("unknown_writes", self.unknown_writes),
            ("refused_in_reach", self.refused_in_reach),
            ("stale", self.stale),
            ("versions_behind", self.versions_behind),
            ("stale_after_loss", self.stale_after_loss),
            ("after_own_write", self.after_own_write),
            ("forgot_own_write", self.forgot_own_write),
            ("forgot_lost_write", self.forgot_lost_write),
            ("repeated", self.repeated),
            ("went_back", self.went_back),
            ("went_back_after_loss", self.went_back_after_loss),
            ("rewritten", self.rewritten),
            ("wrote_before_own", self.wrote_before_own),
            ("written_after_read", self.written_after_read),
            ("wrote_before_read", self.wrote_before_read),
            ("dropped", self.dropped),
            ("dropped_by_earlier", self.dropped_by_earlier),
            ("dropped_unknown", self.dropped_unknown),
            ("in_the_past", self.in_the_past),
            ("updates", self.updates),
            ("lost_updates", self.lost_updates),
            ("lost", self.lost),
            ("lost_and_dropped", self.lost_and_dropped),
            ("missed", self.missed),
            ("read_then_lost", self.read_then_lost),
            ("vanished", self.vanished),
        ]
    }
}
