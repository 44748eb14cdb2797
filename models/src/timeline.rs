//! The timeline: every change of the world with the change that caused it, and what each stretch between two changes
//! cost. It is kept only where an observer asks for it.

use crate::blame::{Mechanism, SourceId};
use crate::specification::{CheckId, DomainId, EntryId, PopulationId, Scope, SiteId, StoreId};
use crate::volume::Volume;
use sim::{Instant, id};

id! {
    /// A change, numbered from 0 in the order of happening.
    ChangeId,
    /// One fault, numbered from 0 in the order of its beginning within a replication.
    FaultId,
}

/// One change of the world.
#[derive(Clone, PartialEq, Debug)]
pub struct Change {
    /// Its number.
    pub id: ChangeId,
    /// When.
    pub at: Instant,
    /// The change that caused it; none: luck, the script or a replay.
    pub cause: Option<ChangeId>,
    /// What changed.
    pub what: What,
}

/// What changed.
#[derive(Clone, PartialEq, Debug)]
pub enum What {
    /// A fault began.
    FaultBegan {
        /// Its number.
        fault: FaultId,
        /// Its root.
        source: SourceId,
        /// What it is on; none: a partition.
        domain: Option<DomainId>,
        /// In words: `down`, `errors 30 %`, ...
        effect: String,
    },
    /// A fault was repaired.
    FaultEnded {
        /// Its number.
        fault: FaultId,
        /// Its root.
        source: SourceId,
        /// What it was on; none: a partition.
        domain: Option<DomainId>,
    },
    /// A site's truth changed.
    SiteChanged {
        /// Which.
        site: SiteId,
        /// In words: `up`, `down`, `cut off from clients`, `30 % errors`, `capacity 50 %`.
        truth: String,
    },
    /// A health check changed its verdict.
    VerdictChanged {
        /// Which check.
        check: CheckId,
        /// Of which site.
        site: SiteId,
        /// To what.
        healthy: bool,
    },
    /// DNS began to answer a population differently.
    AnswerChanged {
        /// Which entry point.
        entry: EntryId,
        /// For whom.
        population: PopulationId,
        /// Sites and their shares; empty: no answer.
        answer: Vec<(SiteId, f64)>,
    },
    /// The last cache of a population took over the new answer.
    CachesSettled {
        /// Whose.
        population: PopulationId,
    },
    /// The name servers of an entry point stopped answering, or answered again.
    NameServersChanged {
        /// Which entry point.
        entry: EntryId,
        /// Do they answer?
        answering: bool,
    },
    /// Something became of a store's writer.
    StoreChanged {
        /// Which store.
        store: StoreId,
        /// What.
        turn: StoreTurn,
    },
    /// A scope stopped being up.
    WentDown {
        /// Which.
        scope: Scope,
    },
    /// A scope is up again.
    CameUp {
        /// Which.
        scope: Scope,
    },
}

/// What became of a store's writer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StoreTurn {
    /// It is lost.
    Lost(SiteId),
    /// It is back, before it was given up.
    Back(SiteId),
    /// It is given up.
    GivenUp(SiteId),
    /// This replica is to follow.
    Promoting(SiteId),
    /// This one writes now, without so many acknowledged writes.
    Writes {
        /// Who.
        at: SiteId,
        /// Acknowledged writes that are lost.
        lost: u64,
    },
    /// This one follows, without so many acknowledged writes, and waits for replicas before it can write.
    Follows {
        /// Who.
        at: SiteId,
        /// Acknowledged writes that are lost.
        lost: u64,
    },
    /// It has stopped for the home, which receives the rest of the log.
    Returning(SiteId),
    /// It goes on, since the home cannot follow.
    Stays(SiteId),
    /// The home writes again, and has lost nothing.
    Returned(SiteId),
    /// A former writer that had gone on has stopped; so many writes that it acknowledged are lost.
    Reconciled {
        /// Who.
        at: SiteId,
        /// Acknowledged writes that are lost.
        lost: u64,
    },
    /// A former writer begins to be made a replica again.
    Rejoining(SiteId),
    /// It is one.
    Rejoined(SiteId),
    /// A replica is back, and applies what it lacks of the log.
    CatchesUp(SiteId),
    /// It lacks nothing any more.
    CaughtUp(SiteId),
}

/// The state of traffic at one end of a stretch without changes. Between the two ends of a stretch shares are
/// smooth (linear, unless long-lived connections are involved).
#[derive(Clone, PartialEq, Debug)]
pub struct Frame {
    /// When.
    pub at: Instant,
    /// Is this the end of a stretch (just before a change) rather than its beginning?
    pub closing: bool,
    /// One per population.
    pub populations: Vec<PopulationFrame>,
    /// One per site.
    pub sites: Vec<SiteFrame>,
}

/// One population at one instant.
#[derive(Clone, PartialEq, Debug)]
pub struct PopulationFrame {
    /// Requests per second.
    pub offered: f64,
    /// What DNS answers now: sites and shares.
    pub answer: Vec<(SiteId, f64)>,
    /// Where its traffic goes: sites and shares.
    pub shares: Vec<(SiteId, f64)>,
    /// Share with nowhere to go.
    pub unanswered: f64,
    /// Requests lost per second, by mechanism, in the order of [`Mechanism::ALL`].
    pub lost: [f64; Mechanism::ALL.len()],
}

/// One site at one instant.
#[derive(Clone, PartialEq, Debug)]
pub struct SiteFrame {
    /// Is it up and reachable?
    pub up: bool,
    /// Requests per second that come to it.
    pub load: f64,
    /// Requests per second it could serve now; none: unlimited.
    pub capacity: Option<f64>,
}

/// What a stretch cost, as the ledger booked it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cost {
    /// Its beginning.
    pub from: Instant,
    /// Its end.
    pub until: Instant,
    /// Requests lost in it, by everybody.
    pub lost: Volume,
    /// Was everything together down in it?
    pub down: bool,
}

/// A stretch of one replication, kept in full.
#[derive(Clone, PartialEq, Debug)]
pub struct Story {
    /// Which replication.
    pub replication: u64,
    /// Its beginning.
    pub from: Instant,
    /// Its end.
    pub until: Instant,
    /// The changes in it, and those outside that caused them.
    pub changes: Vec<Change>,
    /// The traffic at both ends of every stretch in it.
    pub frames: Vec<Frame>,
    /// What its stretches cost, in order; one that cost nothing may be left out.
    pub costs: Vec<Cost>,
}
