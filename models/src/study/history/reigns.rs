//! What the operation engine is to know of a store with one writer: who wrote when, what each hand-over left, and when clients
//! learned of it.

use crate::operations::{Cut, Flaw, Heritage, Reign, Reigns, Stretch};
use crate::specification::{Acknowledged, Primary};
use crate::store::Glimpse;
use sim::{Instant, Span};

/// The stretches in which something held.
pub(in crate::study) fn stretches(
    glimpses: &[(Instant, Glimpse)],
    holds: impl Fn(&Glimpse) -> bool,
) -> Vec<Stretch> {
    let mut found: Vec<Stretch> = Vec::new();
    for (index, (from, glimpse)) in glimpses.iter().enumerate() {
        let until = glimpses.get(index + 1).map_or(Instant::FAR, |(next, _)| *next);
        match found.last_mut().filter(|last| last.until == *from) {
            _ if !holds(glimpse) => {}
            Some(last) => last.until = until,
            None => found.push(Stretch { from: *from, until }),
        }
    }
    found
}

/// What the operation engine is to know of who wrote when.
pub(in crate::study) fn reigns(glimpses: &[(Instant, Glimpse)], plan: &Primary) -> Result<Reigns, Flaw> {
    let (members, places) = (1 + plan.replicas.len(), 1 + plan.replicas.len() + plan.witnesses.len());
    let mut all: Vec<Reign> = Vec::new();
    let accepting = accepting(glimpses);
    for Accepting { epoch, primary, during: Stretch { from, until } } in &accepting {
        let (epoch, primary, from, until) = (*epoch, *primary, *from, *until);
        let former = all.last().map(|reign| reign.primary).filter(|former| *former != primary);
        let came_home = || glimpses.iter().any(|(_, glimpse)| glimpse.came_home(epoch));
        let heritage = match former {
            Some(_) if !came_home() => {
                Heritage::Longest(heirs(glimpses, plan, primary, begins(glimpses, epoch, from)))
            }
            _ => Heritage::Everything,
        };
        let heard = (0..places).map(|place| heard(glimpses, (former, primary), place, from)).collect();
        all.push(Reign { primary, active: from, stops: until, heard, heritage });
    }
    if all.is_empty() {
        // Nobody writes throughout: a reign that is over before it has begun.
        all.push(Reign { stops: Instant::ZERO, ..steady(places) });
    }
    beside_former(&mut all, glimpses);
    in_order(&mut all);
    givers(&mut all);
    let (turned, alone) = (routed(glimpses, &all, places), alone(glimpses, plan, &accepting));
    let down = |place: usize| stretches(glimpses, |glimpse| !glimpse.alive(place));
    let rebuilt = |member: usize| stretches(glimpses, |glimpse| glimpse.rebuilds(member));
    let reigns = Reigns::new(members, all, (0..places).map(down).collect(), cuts(glimpses, places))?;
    let reigns = reigns.rebuilding((0..members).map(rebuilt).collect())?;
    let reigns = match turned {
        Some(turned) => reigns.routed(turned)?,
        None => reigns,
    };
    match alone {
        Some(alone) => reigns.alone(alone),
        None => Ok(reigns),
    }
}

/// When each that accepts writes waits for no replica, where it may stop waiting: others see to that as well, so that it does not
/// hang on the few operations that are played. One that another has followed has nobody to wait for.
fn alone(
    glimpses: &[(Instant, Glimpse)],
    plan: &Primary,
    accepting: &[Accepting],
) -> Option<Vec<Vec<Stretch>>> {
    let Acknowledged::Received { replicas, alone_after: Some(_), .. } = plan.acknowledged else {
        return None;
    };
    let of = |who: &Accepting| {
        let (epoch, primary) = (who.epoch, who.primary);
        let short = |glimpse: &Glimpse| {
            let goes_on =
                |member: usize| glimpse.writers().any(|(other, writer)| other != epoch && writer == member);
            let follows = |member: &usize| {
                plan.counting.counts(*member, primary)
                    && glimpse.joined(primary, *member)
                    && !glimpse.rebuilds(*member)
                    && !goes_on(*member)
            };
            (0..=plan.replicas.len()).filter(follows).count() < replicas as usize
        };
        let holds = |glimpse: &Glimpse| {
            let followed = glimpse.writers().any(|(other, _)| other > epoch);
            glimpse.writers().any(|writer| writer == (epoch, primary)) && (followed || short(glimpse))
        };
        stretches(glimpses, holds)
    };
    // A store that nobody writes has one reign all the same.
    Some(if accepting.is_empty() { vec![Vec::new()] } else { accepting.iter().map(of).collect() })
}

/// Clients beside one who still writes have heard of nobody else, until they reach the new one. Nor has it itself, also where the
/// writer changes to and fro.
fn beside_former(all: &mut [Reign], glimpses: &[(Instant, Glimpse)]) {
    for epoch in 1..all.len() {
        let (before, after) = all.split_at_mut(epoch);
        for reign in before {
            let reaches = reaches(glimpses, after[0].primary, reign.primary, after[0].active);
            let heard = &mut after[0].heard[reign.primary];
            *heard = (*heard).max(reign.stops.min(reaches));
        }
    }
}

/// Who hears of a later epoch has heard of the earlier ones.
fn in_order(all: &mut [Reign]) {
    for epoch in (1..all.len()).rev() {
        let (before, after) = all.split_at_mut(epoch);
        let (this, next) = (&mut before[epoch - 1], &after[0]);
        this.heard.iter_mut().zip(&next.heard).for_each(|(this, next)| *this = (*this).min(*next));
    }
}

/// Who goes on writing has its log for itself, and gives nothing of it to a new writer.
fn givers(all: &mut [Reign]) {
    for epoch in 1..all.len() {
        let (before, after) = all.split_at_mut(epoch);
        let Reign { primary, active, heard, heritage, .. } = &mut after[0];
        let gives = |heir: &usize| {
            let goes_on = before.iter().any(|reign| reign.primary == *heir && reign.stops > *active);
            heir == primary || (heard[*heir] <= *active && !goes_on)
        };
        if let Heritage::Longest(of) = heritage {
            of.retain(gives);
        }
    }
}

/// When clients at each place turn to the primary of each reign, where routers learn of it late.
fn routed(glimpses: &[(Instant, Glimpse)], reigns: &[Reign], places: usize) -> Option<Vec<Vec<Instant>>> {
    glimpses.first().and_then(|(_, glimpse)| glimpse.routed(0))?;
    let turns = |reign: &Reign, place: usize| {
        let goes = stretches(glimpses, |glimpse| glimpse.routed(place) == Some(reign.primary));
        let goes = goes.into_iter().find(|stretch| stretch.until > reign.active);
        goes.map_or(Instant::FAR, |goes| goes.from.max(reign.active))
    };
    Some(reigns.iter().map(|reign| (0..places).map(|place| turns(reign, place)).collect()).collect())
}

/// Who accepts writes, and when.
struct Accepting {
    /// The number of its reign in the flow engine.
    epoch: u32,
    primary: usize,
    during: Stretch,
}

/// Who accepts writes when, in the order of reigns. A former writer that waits for replicas until after the next one has begun, and
/// then goes on alone, has accepted all the time: it acknowledged nothing.
fn accepting(glimpses: &[(Instant, Glimpse)]) -> Vec<Accepting> {
    let mut writers: Vec<(u32, usize)> = glimpses.iter().flat_map(|(_, glimpse)| glimpse.writers()).collect();
    writers.sort_unstable();
    writers.dedup();
    let mut all: Vec<Accepting> = Vec::new();
    for (epoch, primary) in writers {
        let later = |glimpse: &Glimpse| glimpse.writers().any(|(other, _)| other > epoch);
        let next = glimpses.iter().find(|(_, glimpse)| later(glimpse)).map_or(Instant::FAR, |(at, _)| *at);
        let known = all.len();
        let accepts = |glimpse: &Glimpse| glimpse.writers().any(|writer| writer == (epoch, primary));
        for Stretch { from, until } in stretches(glimpses, accepts) {
            // What is seen first may be two that write.
            let after = all.last().map_or(Instant::ZERO, |last| last.during.from + Span::NANOSECOND);
            let from = match all[known..].last_mut().filter(|_| next <= from) {
                Some(last) => {
                    last.during.until = until;
                    continue;
                }
                None if next <= from => after,
                None => from.max(after),
            };
            all.push(Accepting { epoch, primary, during: Stretch { from, until } });
        }
    }
    all.retain(|accepting| accepting.during.from < accepting.during.until);
    all
}

/// When a reign began whose primary became active at `active`: it may have waited for replicas before.
fn begins(glimpses: &[(Instant, Glimpse)], epoch: u32, active: Instant) -> Instant {
    let begun = glimpses.iter().find(|(_, glimpse)| glimpse.has_begun(epoch));
    begun.map_or(active, |(at, _)| active.min(*at))
}

/// The replicas whose logs decide what a primary begins with that was promoted at `promoted`, and may have waited for replicas
/// since: its own alone where writes wait for nobody, since it lacks least; else all in reach, of which one has what was
/// acknowledged if enough of those that writes waited for are among them.
fn heirs(glimpses: &[(Instant, Glimpse)], plan: &Primary, primary: usize, promoted: Instant) -> Vec<usize> {
    let seen = |before: bool| {
        glimpses.iter().rev().find(|(at, _)| if before { *at < promoted } else { *at <= promoted })
    };
    // Who begins to be rebuilt just then has voted.
    let rebuilds =
        |replica: usize| [true, false].map(seen).iter().flatten().all(|(_, seen)| seen.rebuilds(replica));
    let votes = |replica: &usize| {
        seen(false).is_some_and(|(_, glimpse)| glimpse.joined(primary, *replica)) && !rebuilds(*replica)
    };
    match plan.acknowledged {
        Acknowledged::Quorum | Acknowledged::Received { .. } => {
            let heirs: Vec<usize> = (0..=plan.replicas.len()).filter(votes).collect();
            if heirs.is_empty() { vec![primary] } else { heirs }
        }
        Acknowledged::Alone => vec![primary],
    }
}

/// Members that lived and did not reach each other.
pub(in crate::study) fn cuts(glimpses: &[(Instant, Glimpse)], members: usize) -> Vec<Cut> {
    let pairs = (0..members).flat_map(|a| (a + 1..members).map(move |b| (a, b)));
    let cut = |(a, b): (usize, usize)| {
        let apart = move |glimpse: &Glimpse| glimpse.alive(a) && glimpse.alive(b) && !glimpse.joined(a, b);
        stretches(glimpses, apart).into_iter().map(move |during| Cut { between: (a, b), during })
    };
    pairs.flat_map(cut).collect()
}

fn steady(members: usize) -> Reign {
    Reign {
        primary: 0,
        active: Instant::ZERO,
        stops: Instant::FAR,
        heard: vec![Instant::ZERO; members],
        heritage: Heritage::Everything,
    }
}

/// When a place hears of a primary that became active at `active`: where it reaches it then, it has waited for it since it
/// lost the former one, and takes nothing more from that, not even what was on its way; else when it first reaches it.
fn heard(
    glimpses: &[(Instant, Glimpse)],
    (former, primary): (Option<usize>, usize),
    place: usize,
    active: Instant,
) -> Instant {
    let reaches = reaches(glimpses, primary, place, active);
    if reaches > active {
        return reaches;
    }
    let apart = |former| stretches(glimpses, |glimpse| !glimpse.joined(former, place));
    let apart = former.and_then(|former| apart(former).into_iter().find(|stretch| stretch.until > active));
    apart.map_or(active, |apart| apart.from.min(active))
}

/// When a place first reaches a primary from `active` on.
fn reaches(glimpses: &[(Instant, Glimpse)], primary: usize, place: usize, active: Instant) -> Instant {
    let joined = stretches(glimpses, |glimpse| glimpse.joined(primary, place));
    let joined = joined.into_iter().find(|stretch| stretch.until > active);
    joined.map_or(Instant::FAR, |joined| joined.from.max(active))
}
