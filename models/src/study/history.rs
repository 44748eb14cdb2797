//! Single reads and writes of a store during a stretch of one replication: what its clients saw.
//!
//! The replication is run again and tells who wrote when, who was dead and who was cut off; sessions at the sites of the
//! store's members then read and write against that, message by message. They feed nothing back. They are a sample of the
//! traffic: a replica that is back and has an apply rate applies what they wrote among all that the flow engine has written meanwhile.
//! Lags are drawn as a run draws them: where that is for each failover, each replica has one throughout, if it is parted from its writer the one by which it
//! then trails in the run.

mod catching;
pub(super) mod many;
mod reigns;

pub(super) use catching::Looks;
pub(super) use reigns::{cuts, reigns, stretches};

use super::StudyFault;
use crate::design::Design;
use crate::network::delay;
use crate::observer::Nobody;
use crate::operations::{
    CatchingUp, Commit, Flaw, History, Lags, Plan, Popularity, PrimaryRun, PrimaryTally, REPLICAS_MAX,
    ReadFrom, Reigns, Session, Shipping, Shows, Store, Votes, leaderless,
};
use crate::specification::{
    Acknowledged, Family, LagDrawn, PopulationId, Primary, Reads, RequestClass, SiteId, Specification,
    StoreId,
};
use crate::store::Glimpse;
use crate::trail::Trail;
use crate::world::World;
use sim::{Instant, Law, Replication, Span, Stream, StreamName};
use std::cell::RefCell;

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Asked {
    /// Of which store.
    pub store: StoreId,
    /// In which replication.
    pub replication: u64,
    /// From when on.
    pub from: Instant,
    /// For how long operations are sent.
    pub lasts: Span,
    /// Keys, all alike.
    pub keys: u32,
    /// Sessions at each member's site.
    pub sessions: u32,
    /// Mean time between an answer and the next operation of a session.
    pub think: Span,
    /// How long a session waits for an answer.
    pub patience: Span,
}

/// Why there is no history.
#[derive(Debug)]
pub enum HistoryFault {
    /// Single operations of such a store are not simulated.
    Family,
    /// The study could not be carried out.
    Study(StudyFault),
    /// What the store went through breaks a rule of reigns: a defect of this program.
    AtOdds(Flaw),
    /// Its levels ask for more replicas than there are, or its places for more than can be followed.
    Misfit,
    /// About so many operations would be kept in memory.
    TooLong(f64),
}

/// What single operations came to.
#[derive(Clone, Debug)]
pub enum Played {
    /// In a store with one writer at a time.
    OneWriter(PrimaryTally),
    /// In a store that many may write.
    ManyWriters(leaderless::Tally),
}

impl Played {
    /// Operations of the sampled keys.
    pub fn history(&self) -> &History {
        match self {
            Played::OneWriter(tally) => &tally.history,
            Played::ManyWriters(tally) => &tally.history,
        }
    }
}

impl std::fmt::Display for HistoryFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            HistoryFault::Family => {
                write!(
                    f,
                    "single operations of such a store are not simulated yet: it has more than {REPLICAS_MAX} replicas, or sites"
                )
            }
            HistoryFault::Study(fault) => fault.fmt(f),
            HistoryFault::AtOdds(flaw) => write!(f, "the store's reigns are at odds: {flaw:?}"),
            HistoryFault::Misfit => write!(f, "its levels ask for more replicas than there are"),
            HistoryFault::TooLong(due) => write!(
                f,
                "the history would have about {:.0} million operations, more than {:.0} million: ask for a shorter time \
                 (`--for`), fewer `--sessions`, or longer thoughts (`--think`)",
                due / 1e6,
                OPERATIONS_MOST / 1e6
            ),
        }
    }
}

impl std::error::Error for HistoryFault {}

/// More operations are not kept.
const OPERATIONS_MOST: f64 = 10e6;
/// No operation takes less, in seconds: what a site needs to answer.
const ANSWER_LEAST: f64 = 1e-3;

/// About how many operations are asked for, at most.
fn due(asked: &Asked, members: usize) -> f64 {
    let each = asked.think.seconds() + ANSWER_LEAST;
    asked.lasts.seconds() / each * f64::from(asked.sessions) * members as f64
}

/// Runs the operations.
///
/// # Errors
/// See [`HistoryFault`].
pub fn history(specification: &Specification, asked: &Asked) -> Result<Played, HistoryFault> {
    let family = &specification.stores[asked.store].family;
    if !family.operable() {
        return Err(HistoryFault::Family);
    }
    let due = due(asked, family.members().len());
    if due > OPERATIONS_MOST {
        return Err(HistoryFault::TooLong(due));
    }
    if let Family::Replicated(plan) = family {
        let (glimpses, _) = glimpses(specification, asked).map_err(HistoryFault::Study)?;
        return many::history(specification, plan, asked, &glimpses).map(Played::ManyWriters);
    }
    let Family::Primary(plan) = family else { return Err(HistoryFault::Family) };
    let (glimpses, catching_up) = glimpses(specification, asked).map_err(HistoryFault::Study)?;
    let reigns = reigns(&glimpses, plan).map_err(HistoryFault::AtOdds)?.catching_up(catching_up);
    let store = store(specification, plan, reigns, asked.patience, Popularity::Uniform { keys: asked.keys });
    let reads = reading(touches_of_all(specification, asked.store));
    let sessions: Vec<Session> = (0..store.reigns.places())
        .flat_map(|place| (0..asked.sessions).map(move |_| place))
        .map(|place| session((specification, plan), (reads, asked.think), place))
        .collect();
    let luck = (specification.run.seed, Replication(asked.replication));
    let mut stream =
        Stream::new(luck.0, luck.1, StreamName::of(&specification.stores[asked.store].name, "lags"));
    let trail = trail(plan);
    let (_, writes) = touches_of_all(specification, asked.store);
    let played = sessions.len() as f64 * (1.0 - reads) / (asked.think.seconds() + ANSWER_LEAST);
    let others = (writes - played).max(0.0);
    let lags = lags(plan, trail.as_ref(), held(plan, &glimpses, &mut stream), others);
    let run = PrimaryRun::new(&store, &sessions, asked.keys, luck).lagging(lags);
    Ok(Played::OneWriter(run.run(Instant::ZERO + asked.lasts)))
}

/// What it takes to draw a lag for each write, where that is what is drawn.
pub(super) fn trail(plan: &Primary) -> Option<Trail> {
    (plan.lag_drawn == LagDrawn::Write).then(|| Trail::new(&plan.lag))
}

/// The lag of each member where it holds throughout: the one that the flow engine let it have first, so that whoever is
/// promoted for trailing least does so here too; else one of its own.
pub(super) fn held(plan: &Primary, glimpses: &[(Instant, Glimpse)], stream: &mut Stream) -> Vec<Span> {
    let known = |member| glimpses.iter().find_map(|(_, glimpse)| glimpse.trailing(member));
    let drawn = members(plan).into_iter().map(|_| plan.lag.sample(stream)).enumerate();
    drawn.map(|(member, own)| known(member).unwrap_or(own)).collect()
}

/// How lags are drawn, given those that hold throughout, and how many writes a second of the store are not played.
pub(super) fn lags<'a>(plan: &Primary, trail: Option<&'a Trail>, held: Vec<Span>, others: f64) -> Lags<'a> {
    match trail {
        Some(trail) => Lags::Among(trail, others),
        None if plan.lag_drawn == LagDrawn::Read => Lags::Read(held),
        None => Lags::Held(held),
    }
}

/// The store as the operation engine knows it.
pub(super) fn store(
    specification: &Specification,
    plan: &Primary,
    reigns: Reigns,
    patience: Span,
    popularity: Popularity,
) -> Store {
    let commit = match plan.acknowledged {
        Acknowledged::Alone => Commit::Asynchronous,
        Acknowledged::Quorum => {
            let votes = plan.votes.of.get(..=plan.replicas.len());
            let votes = votes.and_then(|of| Votes::new(of, plan.votes.quorum));
            Commit::Consensus(votes.unwrap_or(Votes::alike(1 + plan.replicas.len())))
        }
        // The reigns say when it goes on alone.
        Acknowledged::Received { replicas, which, .. } => Commit::SemiSynchronous {
            replicas: replicas as usize,
            which,
            shows: Shows::Acknowledged,
            falls_back: None,
        },
    };
    // What writes wait for is that replicas have received them, which takes the way; they show them when they have applied
    // them. Where nobody waits, all of the lag may be lost with the primary.
    let at_once = Law::Fixed(Span::ZERO);
    let (lag, apply) = match plan.acknowledged {
        Acknowledged::Alone => (plan.lag.clone(), at_once),
        Acknowledged::Received { .. } | Acknowledged::Quorum => (at_once, plan.lag.clone()),
    };
    Store {
        reigns,
        distances: distances(specification, &members(plan)),
        commit,
        counting: plan.counting.clone(),
        shipping: Shipping::Streamed,
        lag,
        apply,
        applies: plan.applies,
        replay: Span::ZERO,
        legs: plan.legs.clone(),
        patience,
        popularity,
    }
}

/// Where its members are, those without data last.
fn members(plan: &Primary) -> Vec<SiteId> {
    [plan.home].iter().chain(&plan.replicas).chain(&plan.witnesses).copied().collect()
}

/// One-way distances of sites from each other.
fn distances(specification: &Specification, sites: &[SiteId]) -> Vec<Vec<Span>> {
    let place = |site: &SiteId| specification.sites[*site].place;
    let row = |a: &SiteId| sites.iter().map(|b| delay(specification, place(a), place(b))).collect();
    sites.iter().map(row).collect()
}

/// The share of operations that are reads.
pub(super) fn reading((reads, writes): (f64, f64)) -> f64 {
    if reads + writes > 0.0 { reads / (reads + writes) } else { 0.5 }
}

/// Reads and writes of a store in a population's request, on average.
pub(super) fn touches(specification: &Specification, store: StoreId, of: PopulationId) -> (f64, f64) {
    let share = |touches: &dyn Fn(&RequestClass) -> bool| -> f64 {
        let classes = specification.requests.iter().filter(|class| class.is_of(of) && touches(class));
        classes.map(|class| class.share).sum()
    };
    let reads = share(&|class| class.reads.contains(&store));
    let writes = share(&|class| class.writes.contains(&store));
    (reads, writes)
}

/// The same of anybody's request.
fn touches_of_all(specification: &Specification, store: StoreId) -> (f64, f64) {
    let each = specification.populations.iter().map(|(id, population)| {
        let (reads, writes) = touches(specification, store, id);
        let rate = population.demand.mean;
        (reads * rate, writes * rate)
    });
    each.fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
}

/// A session at a member's site, with a share of reads.
fn session(
    (specification, plan): (&Specification, &Primary),
    (reads, think): (f64, Span),
    place: usize,
) -> Session {
    let think = Law::Exponential { mean: think.seconds() };
    let from = match plan.reads {
        Reads::Primary => ReadFrom::Primary,
        Reads::Nearest => ReadFrom::Nearest,
        Reads::Uniform => ReadFrom::Uniform,
        Reads::Sticky => ReadFrom::Sticky(nearest(specification, plan, place)),
        Reads::From(member) => ReadFrom::Named(member),
    };
    Session { plan: Plan::Mix { reads, think }, place, reads: from }
}

/// The replica that is nearest to a place: its own, if there is one.
fn nearest(specification: &Specification, plan: &Primary, place: usize) -> usize {
    let ways = distances(specification, &members(plan));
    (0..=plan.replicas.len()).min_by_key(|replica| (ways[place][*replica], *replica != place)).unwrap_or(0)
}

/// One that comes and says itself what it does.
pub(super) fn comer(specification: &Specification, plan: &Primary, place: usize) -> Session {
    session((specification, plan), (0.0, Span::ZERO), place)
}

/// What was seen of the store, at `asked.from` and at each change from then on, and what members lacked; times count from
/// there.
fn glimpses(
    specification: &Specification,
    asked: &Asked,
) -> Result<(Vec<(Instant, Glimpse)>, CatchingUp), StudyFault> {
    let design = Design::new(specification.clone())?;
    let seen: RefCell<Vec<(Instant, Glimpse)>> = RefCell::new(Vec::new());
    let mut world = World::new(&design, Nobody);
    world.start(specification.run.seed, Replication(asked.replication));
    let looks: RefCell<Looks> = RefCell::default();
    world.drive(asked.from, |world| {
        looks.borrow_mut().look(world, asked.store);
        false
    });
    let shifted = |at: Instant| Instant::ZERO + (at - asked.from).max(Span::ZERO);
    seen.borrow_mut().push((Instant::ZERO, world.glimpse(asked.store)));
    let horizon = Instant::ZERO + specification.run.horizon;
    let until = asked.from.saturating_add(asked.lasts + asked.patience * 2).min(horizon);
    world.drive(until, |world| {
        looks.borrow_mut().look(world, asked.store);
        let now = world.glimpse(asked.store);
        let mut seen = seen.borrow_mut();
        if seen.last().is_none_or(|(_, last)| *last != now) {
            let at = shifted(world.now());
            seen.retain(|(earlier, _)| *earlier < at);
            seen.push((at, now));
        }
        false
    });
    let catching_up = looks.into_inner().catching_up(&design, asked.store, until).within(asked.from, until);
    Ok((seen.into_inner(), catching_up))
}
