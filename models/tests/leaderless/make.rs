//! Stores and sessions for tests.

use models::operations::leaderless::{Run, Session, Store, Tally, Turns};
use models::operations::{Cut, Stretch};
use sim::{Instant, Law, Replication, Seed, Span, Stream, StreamName};

pub(crate) fn seconds(seconds: f64) -> Span {
    Span::from_seconds(seconds)
}

pub(crate) fn at(seconds: f64) -> Instant {
    Instant::ZERO + Span::from_seconds(seconds)
}

pub(crate) fn stretch(from: f64, until: f64) -> Stretch {
    Stretch { from: at(from), until: at(until) }
}

pub(crate) fn cut(one: usize, other: usize, during: Stretch) -> Cut {
    Cut { between: (one, other), during }
}

/// Distances by pairs of places, the same both ways, in seconds.
pub(crate) fn distances(places: usize, between: impl Fn(usize, usize) -> f64) -> Vec<Vec<Span>> {
    let one = |from: usize, to: usize| match from == to {
        true => Span::ZERO,
        false => seconds(between(from.min(to), from.max(to))),
    };
    (0..places).map(|from| (0..places).map(|to| one(from, to)).collect()).collect()
}

/// A client at a place that turns to the nearest coordinator, at a rate.
pub(crate) fn session(place: usize, rate: f64, reads: f64) -> Session {
    let think = Law::Exponential { mean: 1.0 / rate };
    Session { place, turns: Turns::Nearest, reads, updates: 0.0, think }
}

pub(crate) fn run(store: &Store, sessions: &[Session], seed: u64, until: Instant) -> Tally {
    store.check().expect("it can be");
    Run::new(store, sessions, 0, (Seed(seed), Replication(seed))).run(until)
}

pub(crate) fn luck(seed: u64, purpose: &str) -> Stream {
    Stream::new(Seed(seed), Replication(0), StreamName::of("leaderless", purpose))
}
