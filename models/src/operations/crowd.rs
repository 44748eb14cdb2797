//! Sessions that come from outside and go: each stays with one key for a geometric number of operations.
//!
//! Some are *counted*, the others are there because what they write is seen by those. A session whose place goes down
//! ends: what its client asks for next arrives elsewhere, or nowhere.

use super::KeyId;
use super::client::Conduct;
use sim::{Instant, Replication, Seed, Stream, StreamName};

/// A session that begins.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Arrival {
    /// When its first operation is sent.
    pub at: Instant,
    /// The key it stays with.
    pub key: KeyId,
    /// Where it is: an index into the sessions of the crowd.
    pub place: u32,
    /// What it does.
    pub conduct: Conduct,
    /// Is what it sees counted?
    pub counted: bool,
}

/// Sessions to come.
#[derive(Clone, PartialEq, Debug)]
pub struct Crowd<'a, S> {
    /// Where they are and where they turn, place by place.
    pub sessions: &'a [S],
    /// In the order of time.
    pub arrivals: &'a [Arrival],
}

/// How far a [`Crowd`] is.
#[derive(Clone, Debug)]
pub(super) struct Comers<'a, S> {
    stream: Stream,
    pub(super) crowd: Crowd<'a, S>,
    /// How many have come.
    pub(super) come: usize,
    /// Counted sessions that have not ended, or not come.
    pub(super) awaited: usize,
    /// Processes so far: each session is one, and one more after an operation of unknown outcome.
    pub(super) processes: u32,
    /// Clients without a session.
    pub(super) idle: Vec<super::ClientId>,
}

impl<'a, S> Comers<'a, S> {
    pub(super) fn new(crowd: Crowd<'a, S>, stream: Stream) -> Self {
        let awaited = crowd.arrivals.iter().filter(|arrival| arrival.counted).count();
        Comers { stream, crowd, come: 0, awaited, processes: 0, idle: Vec::new() }
    }

    /// The next one.
    pub(super) fn next(&self) -> Option<Arrival> {
        self.crowd.arrivals.get(self.come).copied()
    }

    /// Where it is and where it turns.
    pub(super) fn session(&self, arrival: &Arrival) -> &'a S {
        &self.crowd.sessions[arrival.place as usize]
    }

    /// The stream of a new client.
    pub(super) fn stream(&mut self) -> Stream {
        Stream::new(Seed(self.stream.bits()), Replication(0), StreamName::of("client", "operations"))
    }

    /// Does a session of so many operations end after one of them?
    pub(super) fn ends(&mut self, operations: f64) -> bool {
        self.stream.uniform() * operations < 1.0
    }

    /// The number of the next process.
    pub(super) fn process(&mut self) -> u32 {
        self.processes += 1;
        self.processes - 1
    }
}
