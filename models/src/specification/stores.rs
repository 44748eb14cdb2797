//! Stores: where their members are, whom an operation waits for, who replaces a lost writer.

use super::{Counting, SiteId};
pub use crate::operations::key::Apply;
pub use crate::operations::leaderless::Level;
use crate::operations::leaderless::{Asks, CHAINS_MAX, Clock, ReadRepair};
use crate::operations::{Interest, Legs, REPLICAS_MAX};
use sim::{Law, Span};

/// Data with a replica at each of several sites.
#[derive(Clone, PartialEq, Debug)]
pub struct Store {
    /// Its name.
    pub name: String,
    /// Who may write, and what becomes of it when sites fail.
    pub family: Family,
    /// How its clients use it, if single operations are to be looked at.
    pub sessions: Option<Sessions>,
}

/// How clients use a store: each session stays with one key.
#[derive(Clone, PartialEq, Debug)]
pub struct Sessions {
    /// How many keys there are, and which of them are read and written.
    pub interest: Interest,
    /// Mean number of operations, geometrically distributed; at least 1.
    pub operations: f64,
    /// Mean time between an answer and the next operation, exponentially distributed.
    pub think: Span,
    /// How long an answer is waited for.
    pub patience: Span,
    /// Of the writes those that first read what they replace.
    pub updates: f64,
    /// How long after the acknowledgement of a write its session reads the key once more; none: it does not.
    pub reads_back: Option<Span>,
}

/// What kind of store it is.
#[derive(Clone, PartialEq, Debug)]
pub enum Family {
    /// One writer at a time; replicas follow its log.
    Primary(Box<Primary>),
    /// Many may write at a time.
    Replicated(Box<Replicated>),
}

impl Family {
    /// The sites of its members.
    pub fn members(&self) -> Vec<SiteId> {
        match self {
            Family::Primary(plan) => {
                let replicas = plan.replicas.iter().chain(&plan.witnesses);
                std::iter::once(plan.home).chain(replicas.copied()).collect()
            }
            Family::Replicated(plan) => plan.members.iter().map(|member| member.site).collect(),
        }
    }

    /// Can the operation engine send single operations to it? To those with no more replicas than it can follow.
    pub fn operable(&self) -> bool {
        match self {
            Family::Primary(plan) => plan.replicas.len() < REPLICAS_MAX,
            Family::Replicated(plan) => {
                let replicas: u32 = plan.members.iter().map(|member| member.count).sum();
                plan.members.len() <= CHAINS_MAX && replicas as usize <= REPLICAS_MAX
            }
        }
    }
}

/// Replicas that any site may write: whoever reaches enough of them is served.
#[derive(Clone, PartialEq, Debug)]
pub struct Replicated {
    /// Where its replicas are.
    pub members: Vec<Replicas>,
    /// Replicas that a write waits for.
    pub write: Level,
    /// Replicas that a read waits for.
    pub read: Level,
    /// How its replicas come to agree.
    pub agreeing: Agreeing,
}

/// How replicas that many may write come to agree, and what their clients notice meanwhile. Nobody is served more or less
/// for it.
#[derive(Clone, PartialEq, Debug)]
pub struct Agreeing {
    /// What the messages between coordinators and replicas take beside the way, each drawn for itself; that of a write is the
    /// lag.
    pub legs: Legs,
    /// Does it take as long to a replica at the site that accepted it? Otherwise that one has it at once.
    pub lag_within: bool,
    /// How long after the beginning of an outage a site takes the replicas there for dead, and waits for them no more.
    pub convicted: Law,
    /// For how long an outage of a replica may have lasted for its writes to be kept for it; none: they never are.
    pub hints: Option<Span>,
    /// What becomes of replicas found to differ in a read.
    pub read_repair: ReadRepair,
    /// How often all replicas compare what they have; none: never.
    pub anti_entropy: Option<Span>,
    /// How often a replica writes its log to the disk; none: before it acknowledges.
    pub log_saved: Option<Span>,
    /// What orders writes.
    pub clock: Clock,
    /// How far each member's clock is ahead.
    pub ahead: Vec<Span>,
    /// Whom a read asks.
    pub asks: Asks,
}

/// Replicas at a site.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Replicas {
    /// The site: all of them live while it does.
    pub site: SiteId,
    /// How many; at least one.
    pub count: u32,
}

/// The votes of a store's members, and how many make a quorum.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Votes {
    /// Of each member, the home first.
    pub of: Vec<u32>,
    /// Votes that are needed to write, or to follow a lost writer: more than half of all.
    pub quorum: u32,
}

impl Votes {
    /// One for each of so many members.
    pub fn alike(members: usize) -> Self {
        Votes { of: vec![1; members], quorum: members as u32 / 2 + 1 }
    }
}

/// A primary and its replicas.
///
/// Its members are `home`, `replicas` and `witnesses`, in this order; at each site stands one of them.
#[derive(Clone, PartialEq, Debug)]
pub struct Primary {
    /// Where the primary is while nothing has failed.
    pub home: SiteId,
    /// Where the replicas are. The earlier one is promoted where two are as far.
    pub replicas: Vec<SiteId>,
    /// Members that vote and hold no data.
    pub witnesses: Vec<SiteId>,
    /// How far a replica trails while nothing delays it.
    pub lag: Law,
    /// For what it is drawn.
    pub lag_drawn: LagDrawn,
    /// What becomes of writes that come to a replica out of the log's order. Nobody follows a writer unless they are kept in it, and
    /// only lags drawn for each write put them out of it.
    pub applies: Apply,
    /// Writes per second that a replica applies while it catches up; none: at once.
    pub apply_rate: Option<f64>,
    /// Whom a write waits for.
    pub acknowledged: Acknowledged,
    /// Which replicas' acknowledgements count, whoever writes.
    pub counting: Counting,
    /// Who replaces a primary that is lost.
    pub failover: Failover,
    /// What its members weigh when they agree on a writer.
    pub votes: Votes,
    /// Time from the decision to promote a replica until it accepts writes.
    pub promotion: Law,
    /// How long a former writer that nobody fenced goes on once it is back in reach of the new one; none: not at all.
    pub noticed: Option<Law>,
    /// Time that a former writer takes to become a replica again, from when it is in reach of the new one and has stopped. Meanwhile it holds
    /// nothing that counts: it is not promoted, not read, and acknowledges nothing.
    pub rejoin: Law,
    /// A replica that trails by more is not promoted: the store waits instead. None: no limit.
    pub most_lag: Option<Span>,
    /// Who may be promoted.
    pub promotes: Promotes,
    /// How long the home is back and has caught up before the writer moves back to it; none: it never does.
    pub returns: Option<Law>,
    /// How long the router of a site takes to learn of another writer, from when that writes and is in reach; drawn for each
    /// site and change. None: requests go to the present writer at once, or to a former one if only that is in reach.
    pub routers_learn: Option<Law>,
    /// Where reads go.
    pub reads: Reads,
    /// What the messages between clients and members take beside the way. Only single operations tell.
    pub legs: Legs,
    /// How often its writer must act, at multiples of this from a random phase on; none: it has no duties.
    pub duties: Option<Span>,
}

impl Primary {
    /// Those of its members that hold no data, as a set.
    pub(crate) fn without_data(&self) -> u32 {
        let first = 1 + self.replicas.len();
        (first..first + self.witnesses.len()).fold(0, |set, member| set | 1 << member)
    }

    /// Whose acknowledgements count while a member writes, as a set.
    pub fn acknowledgers(&self, writer: usize) -> u32 {
        let with_data = (0..=self.replicas.len()).fold(0, |set, member| set | 1 << member);
        self.counting.with(writer) & with_data
    }

    /// May a former writer go on beside the present one?
    pub(crate) fn may_divide(&self) -> bool {
        !self.failover.is_fenced() && self.acknowledged != Acknowledged::Quorum
    }
}

impl Failover {
    /// Does a writer that is given up write no more?
    pub(crate) fn is_fenced(&self) -> bool {
        match self {
            Failover::Never | Failover::Lease { .. } => true,
            Failover::Checked { fenced, .. } | Failover::Human { fenced, .. } => *fenced,
        }
    }
}

/// For what a replica's lag is drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LagDrawn {
    /// For each failover, and each session that is looked at.
    Failover,
    /// For each write; in the order of the log one that is late keeps all after it waiting.
    Write,
    /// For each read: what it finds is as old. For each failover too, which loses as much.
    Read,
}

/// When a write is acknowledged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Acknowledged {
    /// By the primary alone.
    Alone,
    /// Once so many replicas have received it.
    Received {
        /// Replicas, from 1 to all of them.
        replicas: u32,
        /// Which of them.
        which: Acknowledgers,
        /// With fewer in reach for so long the primary goes on alone until enough are back; none: it waits for ever.
        alone_after: Option<Span>,
    },
    /// Once a quorum of the votes has it: then no hand-over to a member that reaches a quorum loses it.
    Quorum,
}

/// Which replicas a write waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Acknowledgers {
    /// Whichever have it first: a quorum, `ANY k` of PostgreSQL.
    Any,
    /// The first in their order of those that follow: priority, `FIRST k` of PostgreSQL.
    First,
}

/// Which replicas may be promoted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Promotes {
    /// Any that is not too far behind.
    Any,
    /// Only one that has every acknowledged write, which must be known from who had to acknowledge them. If there is none the
    /// store waits.
    Synchronous,
}

/// Who replaces a primary that is lost, and when.
#[derive(Clone, PartialEq, Debug)]
pub enum Failover {
    /// Nobody: the store waits for its primary.
    Never,
    /// The members, by a lease in a coordinator: whoever reaches a quorum renews it, and loses the right to write when it
    /// ends.
    Lease {
        /// Its length, from a renewal.
        life: Span,
        /// Time between renewals; the phase is random.
        renewed: Span,
    },
    /// The members, by checks: a quorum of them gives up a primary that reaches none.
    Checked {
        /// From the loss until it is given up.
        after: Law,
        /// Is the old primary stopped then? Otherwise it goes on accepting writes where it is cut off, which are lost when
        /// it is back in reach of the new one.
        fenced: bool,
    },
    /// A person, once no other member that lives could reach the primary.
    Human {
        /// From the loss until it is given up.
        after: Law,
        /// As above.
        fenced: bool,
    },
}

/// Who answers reads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reads {
    /// The primary only.
    Primary,
    /// The nearest member in reach.
    Nearest,
    /// Any member in reach, each time anew.
    Uniform,
    /// The nearest member in reach, and that one as long as it is: then the nearest again, and so on.
    Sticky,
    /// This member alone: its number, the home being 0.
    From(usize),
}
