//! What a client does, one operation after the other.

use sim::Law;
use sim::Span;

/// A client's habits.
#[derive(Clone, PartialEq, Debug)]
pub enum Plan {
    /// Reads with some probability, else writes; thinks between an answer and the next operation.
    Mix {
        /// Share of reads.
        reads: f64,
        /// Time between an answer and the next operation.
        think: Law,
    },
    /// Writes a key, reads it a fixed time after the acknowledgement, and rests.
    ReadAfterWrite {
        /// Time between the acknowledgement and the read.
        after: Span,
        /// Time between the read's answer and the next write.
        rest: Law,
    },
}

/// One client: a session.
#[derive(Clone, PartialEq, Debug)]
pub struct Client {
    /// What it does.
    pub plan: Plan,
    /// The places that coordinate its operations: any of them, drawn anew for each.
    pub places: Vec<usize>,
    /// How far its coordinators' clocks are ahead of true time.
    pub ahead: Span,
}
