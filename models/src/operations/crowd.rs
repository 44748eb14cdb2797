//! Sessions that come from outside and go: each stays with one key for a geometric number of operations.
//!
//! Some are *counted*, the others are there because what they write is seen by those. What a session asks for while it
//! reaches no site that works comes to no store: it is one of its operations, and no operation on the store.

use super::KeyId;
use super::client::Conduct;
use super::reigns::Stretch;
use super::route::{Route, Tale};
use sim::stats::LogHistogram;
use sim::{Instant, Replication, Seed, Span, Stream, StreamName};

/// A session that begins.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Arrival {
    /// When its first operation is sent.
    pub at: Instant,
    /// The key it stays with.
    pub key: KeyId,
    /// Where it is.
    pub whereabouts: Whereabouts,
    /// Whose it is: the times that its operations take are kept by this number.
    pub whose: u32,
    /// What it does.
    pub conduct: Conduct,
    /// Is what it sees counted?
    pub counted: bool,
}

/// Where a session is when it sends something.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Whereabouts {
    /// At one site, always.
    At(u32),
    /// Where its resolver and its connection lead it.
    Led(Route),
}

/// What leads sessions to places.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Leading<'a> {
    /// What populations are told in a replication.
    pub tales: &'a [Tale],
    /// The places of each site, the nearest first.
    pub nearest: &'a [Vec<u32>],
    /// One-way distances of each site from each place.
    pub distances: &'a [Vec<Span>],
    /// When time zero of the play is in the replication.
    pub began: Instant,
}

/// Nanoseconds that operations took, apart for each number of who sent them.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Took(Vec<(LogHistogram, LogHistogram)>);

/// Sessions to come.
#[derive(Clone, PartialEq, Debug)]
pub struct Crowd<'a, S> {
    /// Whom they turn to, place by place.
    pub sessions: &'a [S],
    /// What leads them there.
    pub leading: Leading<'a>,
    /// In the order of time.
    pub arrivals: &'a [Arrival],
    /// When what counted sessions send is counted. They end with it.
    pub counts: Stretch,
}

impl Took {
    /// What answered reads and acknowledged writes took of one number.
    pub(super) fn of(&mut self, whose: u32) -> (&mut LogHistogram, &mut LogHistogram) {
        let index = whose as usize;
        if self.0.len() <= index {
            self.0.resize(index + 1, Default::default());
        }
        let (reads, writes) = &mut self.0[index];
        (reads, writes)
    }

    /// What answered reads and acknowledged writes took, number by number.
    pub fn each(&self) -> &[(LogHistogram, LogHistogram)] {
        &self.0
    }

    /// All numbers together.
    pub(super) fn all(&self) -> (LogHistogram, LogHistogram) {
        let mut all = (LogHistogram::default(), LogHistogram::default());
        for (reads, writes) in &self.0 {
            all.0.merge(reads);
            all.1.merge(writes);
        }
        all
    }
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

    /// Whom a session turns to that is sending something: from the nearest place to its site that is `open`, if it reaches a
    /// site; and how far that is from each place.
    pub(super) fn turns(
        &self,
        whereabouts: &mut Whereabouts,
        now: Instant,
        stream: &mut Stream,
        open: impl Fn(usize) -> bool,
    ) -> Option<(&'a S, &'a [Span])> {
        let Leading { tales, nearest, distances, began } = self.crowd.leading;
        let site = match whereabouts {
            Whereabouts::At(site) => Some(*site),
            Whereabouts::Led(route) => route.site(tales, began + (now - Instant::ZERO), stream),
        };
        let site = site? as usize;
        let place = nearest[site].iter().find(|place| open(**place as usize))?;
        Some((&self.crowd.sessions[*place as usize], &distances[site]))
    }

    /// Anybody's place, for who has not looked yet where it is.
    pub(super) fn somewhere(&self) -> &'a S {
        &self.crowd.sessions[0]
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
