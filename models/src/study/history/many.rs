//! Single reads and writes of a store that many may write.
//!
//! Assumptions:
//! - Disks survive whatever takes a site down, and so do hints; what coordinators know too, but not the loss of power. Logs
//!   are written to disks at instants of each replica's own.
//! - Clients stand at the sites with replicas, and turn to the nearest coordinator that works and is in their reach.
//! - Outages that began before the stretch begin with it: replicas lack nothing then, and nobody has been taken for dead.

use super::{Asked, HistoryFault, cuts, distances, reading, stretches, touches_of_all};
use crate::operations::Popularity;
use crate::operations::leaderless::{Conditions, Hints, Loss, Run, Session, Store, Tally, Troubles, Turns};
use crate::specification::{Replicated, SiteId, Specification};
use crate::store::Glimpse;
use sim::{Instant, Law, Replication, Span, Stream, StreamName};

/// Plays sessions at every site with replicas against what was seen of the store.
pub(super) fn history(
    specification: &Specification,
    plan: &Replicated,
    asked: &Asked,
    glimpses: &[(Instant, Glimpse)],
) -> Result<Tally, HistoryFault> {
    let popularity = Popularity::Uniform { keys: asked.keys };
    let luck = (specification.run.seed, Replication(asked.replication));
    let name = StreamName::of(&specification.stores[asked.store].name, "logs");
    let mut logs = Stream::new(luck.0, luck.1, name);
    let store = store(specification, plan, glimpses, (asked.patience, popularity), &mut logs);
    let store = store.ok_or(HistoryFault::Misfit)?;
    let reads = reading(touches_of_all(specification, asked.store));
    let places = 0..plan.members.len();
    let sessions: Vec<Session> = places
        .flat_map(|place| (0..asked.sessions).map(move |_| session(reads, asked.think, place)))
        .collect();
    Ok(Run::new(&store, &sessions, asked.keys, luck).run(Instant::ZERO + asked.lasts))
}

/// The habits of a session at a site with replicas, with a share of reads.
fn session(reads: f64, think: Span, place: usize) -> Session {
    let think = Law::Exponential { mean: think.seconds() };
    Session { place, turns: Turns::Nearest, reads, updates: 0.0, think }
}

/// One that comes and says itself what it does.
pub(in crate::study) fn comer(place: usize) -> Session {
    session(0.0, Span::ZERO, place)
}

/// The store as the operation engine knows it, if it can be.
pub(in crate::study) fn store(
    specification: &Specification,
    plan: &Replicated,
    glimpses: &[(Instant, Glimpse)],
    (patience, popularity): (Span, Popularity),
    logs: &mut Stream,
) -> Option<Store> {
    let sites: Vec<SiteId> = plan.members.iter().map(|member| member.site).collect();
    let agreeing = &plan.agreeing;
    let none = || Law::Fixed(Span::ZERO);
    let store = Store {
        legs: agreeing.legs.clone(),
        within: (!agreeing.lag_within).then(none),
        asks: agreeing.asks,
        conviction: agreeing.convicted.clone(),
        read_timeout: patience,
        write_timeout: patience,
        hints: agreeing.hints.map(|window| Hints { window, delay: Span::ZERO }),
        read_repair: agreeing.read_repair,
        anti_entropy: agreeing.anti_entropy,
        ahead: agreeing.ahead.clone(),
        clock: agreeing.clock,
        popularity,
        ..Store::plain(
            conditions(plan, glimpses, logs)?,
            distances(specification, &sites),
            plan.write,
            plan.read,
        )
    };
    store.check().is_ok().then_some(store)
}

/// A place for each site with replicas, all of which live while it does.
fn conditions(plan: &Replicated, glimpses: &[(Instant, Glimpse)], logs: &mut Stream) -> Option<Conditions> {
    let places = plan.members.len();
    let at = |(place, count): (usize, u32)| std::iter::repeat_n(place, count as usize);
    let counts = plan.members.iter().map(|member| member.count);
    let replicas_at: Vec<usize> = counts.enumerate().flat_map(at).collect();
    let dead: Vec<_> =
        (0..places).map(|place| stretches(glimpses, |glimpse| !glimpse.alive(place))).collect();
    let forgotten = |place| match plan.agreeing.log_saved {
        Some(_) => blackouts_of(glimpses, place).collect(),
        None => Vec::new(),
    };
    let troubles = Troubles {
        forgotten: (0..places).map(forgotten).collect(),
        losses: losses(plan, glimpses, &replicas_at, logs),
        down: replicas_at.iter().map(|place| dead[*place].clone()).collect(),
        cuts: cuts(glimpses, places),
        closed: dead,
        ..Troubles::none(places, replicas_at.len())
    };
    Conditions::new(places, replicas_at, troubles).ok()
}

/// What each replica loses with its power: what has come since its log was written to the disk, at instants that each replica
/// has from the beginning. Nothing is drawn where no power is lost.
fn losses(
    plan: &Replicated,
    glimpses: &[(Instant, Glimpse)],
    replicas_at: &[usize],
    logs: &mut Stream,
) -> Vec<Vec<Loss>> {
    let mut losses = vec![Vec::new(); replicas_at.len()];
    let Some(every) = plan.agreeing.log_saved else { return losses };
    let blackouts = |place: usize| blackouts_of(glimpses, place);
    if (0..plan.members.len()).all(|place| blackouts(place).next().is_none()) {
        return losses;
    }
    for (lost, place) in losses.iter_mut().zip(replicas_at) {
        let phase = Span::from_seconds(logs.uniform() * every.seconds());
        lost.extend(blackouts(*place).map(|at| Loss::of_log(at, every, phase)));
    }
    losses
}

/// The instants at which a member lost its power.
pub(in crate::study) fn blackouts_of(
    glimpses: &[(Instant, Glimpse)],
    member: usize,
) -> impl Iterator<Item = Instant> + '_ {
    let more = move |pair: &&[(Instant, Glimpse)]| pair[0].1.blackouts(member) < pair[1].1.blackouts(member);
    glimpses.windows(2).filter(more).map(|pair| pair[1].0)
}
