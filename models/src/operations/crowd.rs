//! Sessions that come from outside and go: each stays with one key for a geometric number of operations.
//!
//! Some are *counted*, the others are there because what they write is seen by those. A session whose place goes down
//! ends: what its client asks for next arrives elsewhere, or nowhere.

use super::KeyId;
use super::primary::Session;
use sim::{Instant, Replication, Seed, Stream, StreamName};

/// A session that begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Arrival {
    /// When its first operation is sent.
    pub at: Instant,
    /// The key it stays with.
    pub key: KeyId,
    /// Its habits and its place: an index into the sessions of the run.
    pub session: u32,
    /// Is what it sees counted?
    pub counted: bool,
}

/// Sessions to come.
#[derive(Clone, PartialEq, Debug)]
pub struct Crowd<'a> {
    /// The habits of each place.
    pub sessions: &'a [Session],
    /// In the order of time.
    pub arrivals: &'a [Arrival],
    /// Mean number of operations of a session; at least 1.
    pub operations: f64,
}

/// How far a [`Crowd`] is.
#[derive(Clone, Debug)]
pub(super) struct Comers<'a> {
    stream: Stream,
    pub(super) crowd: Crowd<'a>,
    /// How many have come.
    pub(super) come: usize,
    /// Counted sessions that have not ended, or not come.
    pub(super) awaited: usize,
    /// Processes so far: each session is one, and one more after an operation of unknown outcome.
    pub(super) processes: u32,
    /// Clients without a session.
    pub(super) idle: Vec<super::ClientId>,
}

impl<'a> Comers<'a> {
    pub(super) fn new(crowd: Crowd<'a>, stream: Stream) -> Self {
        let awaited = crowd.arrivals.iter().filter(|arrival| arrival.counted).count();
        Comers { stream, crowd, come: 0, awaited, processes: 0, idle: Vec::new() }
    }

    /// The next one.
    pub(super) fn next(&self) -> Option<Arrival> {
        self.crowd.arrivals.get(self.come).copied()
    }

    /// The stream of a new client.
    pub(super) fn stream(&mut self) -> Stream {
        Stream::new(Seed(self.stream.bits()), Replication(0), StreamName::of("client", "operations"))
    }

    /// Does a session end after an operation?
    pub(super) fn ends(&mut self) -> bool {
        self.stream.uniform() * self.crowd.operations < 1.0
    }

    /// The number of the next process.
    pub(super) fn process(&mut self) -> u32 {
        self.processes += 1;
        self.processes - 1
    }
}
