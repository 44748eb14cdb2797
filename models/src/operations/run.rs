//! A run of the operation engine on replicas without a leader.

use super::client::Client;
use super::key::Apply;
use super::oracle::Counts;
use super::popularity::Popularity;
use super::quorum::{Quorum, REPLICAS_MAX};
use super::work::Work;
use sim::stats::LogHistogram;
use sim::{Instant, Replication, Seed};

/// A run of the operation engine.
#[derive(Clone, Debug)]
pub struct Operations<'a> {
    pub(super) quorum: &'a Quorum,
    pub(super) apply: Apply,
    pub(super) popularity: &'a Popularity,
    pub(super) clients: &'a [Client],
    pub(super) luck: (Seed, Replication),
}

/// What came of a run.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Tally {
    /// What was seen.
    pub counts: Counts,
    /// Nanoseconds that reads took.
    pub read_latency: LogHistogram,
    /// Nanoseconds that writes took.
    pub write_latency: LogHistogram,
}

impl<'a> Operations<'a> {
    /// Clients that begin at the epoch.
    pub fn new(
        quorum: &'a Quorum,
        apply: Apply,
        popularity: &'a Popularity,
        clients: &'a [Client],
        luck: (Seed, Replication),
    ) -> Self {
        Operations { quorum, apply, popularity, clients, luck }
    }

    /// Runs until every operation sent before `horizon` has been answered.
    pub fn run(self, horizon: Instant) -> Tally {
        // Most quorums have three replicas or five.
        match self.quorum.replicas() {
            0..=3 => Work::<3>::new(&self).run(horizon),
            4..=5 => Work::<5>::new(&self).run(horizon),
            _ => Work::<REPLICAS_MAX>::new(&self).run(horizon),
        }
    }
}
