//! What a client does, one operation after the other.

use sim::{Law, Span, Stream};

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

/// What a session does that comes and goes.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Conduct {
    /// Share of its operations that are reads.
    pub reads: f64,
    /// Share that are updates: a read, and once that is answered a write of the same key. The rest are writes.
    pub updates: f64,
    /// Mean number of operations, geometrically distributed; at least 1.
    pub operations: f64,
    /// Mean time between an answer and the next operation, exponentially distributed.
    pub think: Span,
    /// How long after the acknowledgement of a write its key is read once more; none: it is not. That read belongs to the
    /// operation.
    pub reads_back: Option<Span>,
}

/// What any session does.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Habits {
    pub(super) reads: f64,
    pub(super) updates: f64,
    pub(super) think: Law,
    pub(super) reads_back: Option<Span>,
}

/// What a client does next; updates write on a base.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Intent<Base> {
    Read,
    Write,
    /// The read of an update.
    Update,
    /// Its write, on the version read.
    Replace(Base),
    /// Once more what was written.
    ReadBack,
}

impl From<&Plan> for Habits {
    fn from(plan: &Plan) -> Self {
        match plan {
            Plan::Mix { reads, think } => {
                Habits { reads: *reads, updates: 0.0, think: think.clone(), reads_back: None }
            }
            Plan::ReadAfterWrite { after, rest } => {
                Habits { reads: 0.0, updates: 0.0, think: rest.clone(), reads_back: Some(*after) }
            }
        }
    }
}

impl From<Conduct> for Habits {
    fn from(conduct: Conduct) -> Self {
        let Conduct { reads, updates, think, reads_back, .. } = conduct;
        Habits { reads, updates, think: Law::Exponential { mean: think.seconds() }, reads_back }
    }
}

impl Habits {
    /// The next operation.
    pub(super) fn choose<Base>(&self, stream: &mut Stream) -> Intent<Base> {
        let share = stream.uniform();
        if share < self.reads {
            Intent::Read
        } else if share < self.reads + self.updates {
            Intent::Update
        } else {
            Intent::Write
        }
    }
}

impl<Base: Copy> Intent<Base> {
    /// What an update's write is based on.
    pub(super) fn base(self) -> Option<Base> {
        match self {
            Intent::Replace(base) => Some(base),
            Intent::Read | Intent::Write | Intent::Update | Intent::ReadBack => None,
        }
    }

    pub(super) fn writes(self) -> bool {
        matches!(self, Intent::Write | Intent::Replace(_))
    }

    /// Does it belong to the operation before it?
    pub(super) fn goes_on(self) -> bool {
        matches!(self, Intent::Replace(_) | Intent::ReadBack)
    }
}
