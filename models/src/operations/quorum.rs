//! Reads and writes of replicas without a leader, by quorum.
//!
//! A coordinator sends a write to all replicas and acknowledges it when `write` of them have answered; it sends a read
//! to some of them and answers with the newest of the first `read` responses (Dynamo; Bailis et al., "Probabilistically
//! Bounded Staleness for Practical Partial Quorums", VLDB 2012, section 4).

use sim::{Law, Span};

/// The most replicas a key may have.
pub const REPLICAS_MAX: usize = 16;

/// How long the messages of an operation take between coordinator and replica, in one direction, beside the distance.
#[derive(Clone, PartialEq, Debug)]
pub struct Legs {
    /// A write, to the replica, until it shows there.
    pub write: Law,
    /// Its acknowledgement, back.
    pub ack: Law,
    /// A read, to the replica.
    pub read: Law,
    /// Its response, back.
    pub response: Law,
}

impl Legs {
    /// Nothing beside the distance.
    pub fn none() -> Self {
        Legs::alike(Law::Fixed(Span::ZERO))
    }

    /// All of them by one law.
    pub fn alike(law: Law) -> Self {
        Legs { write: law.clone(), ack: law.clone(), read: law.clone(), response: law }
    }
}

/// Which replicas a read is sent to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Asked {
    /// All; the first responses count.
    All,
    /// As many as must answer, the nearest ones; among equally near ones, any.
    JustEnough,
    /// This one only.
    Named(usize),
}

/// Replicas of a key and how they are read and written.
#[derive(Clone, PartialEq, Debug)]
pub struct Quorum {
    /// The messages of each replica.
    pub legs: Vec<Legs>,
    /// One-way distance of each replica from each place that coordinates: `distances[place][replica]`.
    pub distances: Vec<Vec<Span>>,
    /// Acknowledgements a write waits for.
    pub write: usize,
    /// Responses a read waits for.
    pub read: usize,
    /// Which replicas a read asks.
    pub asked: Asked,
}

impl Quorum {
    /// How many replicas there are.
    pub fn replicas(&self) -> usize {
        self.legs.len()
    }
}
