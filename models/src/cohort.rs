//! The caches layer: what share of each population's traffic follows which answer.

mod redial;

use crate::cache::{AnswerId, Cache, Connections, Curve, Share};
use crate::design::{CohortId, CohortPlan, Design};
use crate::event::{Agenda, Event};
use crate::specification::{OnDown, PopulationId, SiteId};
use crate::steering::Answers;
use redial::{Held, joint};
use sim::integral::Poly;
use sim::{Instant, Table, Ticket};

/// One cohort.
#[derive(Clone, Debug)]
struct Cohort {
    kind: Kind,
    turn: Option<Ticket>,
}

#[derive(Clone, Debug)]
enum Kind {
    /// Resolved once: this answer for ever.
    Pinned(AnswerId),
    /// Resolves again and again, and may keep connections.
    Resolving { cache: Cache, connections: Option<Box<Connections>> },
}

/// A share of traffic that goes to one site (none: there was no answer), from an instant kept beside it.
pub(crate) type Following = (Option<SiteId>, Poly);

/// The caches of all cohorts.
#[derive(Clone, Debug)]
pub(crate) struct Cohorts<'d> {
    design: &'d Design,
    rows: Table<CohortId, Cohort>,
    /// Cohorts whose shares still move.
    moving: usize,
    scratch: Scratch,
}

/// Room for one cohort's connections, for which part of each answer's dials anew, and for its cache.
#[derive(Clone, Debug, Default)]
struct Scratch {
    dialled: Vec<Held>,
    homeless: Vec<f64>,
    cached: Vec<Held>,
}

impl<'d> Cohorts<'d> {
    pub(crate) fn new(design: &'d Design) -> Self {
        let row = |_, _: &CohortPlan| Cohort { kind: Kind::Pinned(AnswerId(0)), turn: None };
        Cohorts { design, rows: design.cohorts.map(row), moving: 0, scratch: Scratch::default() }
    }

    /// Fills every cache of `population` with `answer`, as if it had been so for ever.
    pub(crate) fn fill(&mut self, population: PopulationId, answer: AnswerId, now: Instant) {
        for &id in &self.design.cohorts_of[population] {
            let plan = &self.design.cohorts[id];
            let row = &mut self.rows[id];
            if row.turn.take().is_some() {
                self.moving -= 1;
            }
            row.kind = match plan.ttl {
                None => Kind::Pinned(answer),
                Some(ttl) => {
                    let cache = Cache::new(ttl, plan.serve_stale, answer, now);
                    let dial = |life| Connections::new(life, now, cache.shares());
                    let connections = plan.connection.map(|connection| Box::new(dial(connection.life)));
                    Kind::Resolving { cache, connections }
                }
            };
        }
    }

    /// Does any share still move?
    pub(crate) fn moving(&self) -> bool {
        self.moving > 0
    }

    /// Have all caches of `population` come to rest?
    pub(crate) fn settled(&self, population: PopulationId) -> bool {
        self.design.cohorts_of[population].iter().all(|id| self.rows[*id].turn.is_none())
    }

    /// The authority's answer to `population` changed.
    pub(crate) fn answer(
        &mut self,
        population: PopulationId,
        answer: AnswerId,
        now: Instant,
        agenda: &mut Agenda,
    ) {
        self.tell(population, now, agenda, |cache| cache.answer(now, answer));
    }

    /// The name servers that `population` asks stopped answering, or answered again.
    pub(crate) fn authority(
        &mut self,
        population: PopulationId,
        up: bool,
        now: Instant,
        agenda: &mut Agenda,
    ) {
        self.tell(population, now, agenda, |cache| cache.authority(now, up));
    }

    fn tell(
        &mut self,
        population: PopulationId,
        now: Instant,
        agenda: &mut Agenda,
        what: impl Fn(&mut Cache),
    ) {
        for &id in &self.design.cohorts_of[population] {
            if let Kind::Resolving { cache, connections } = &mut self.rows[id].kind {
                what(cache);
                if let Some(connections) = connections {
                    connections.cache_changed(now, cache.shares());
                }
                self.plan_turn(id, agenda);
            }
        }
    }

    /// A breakpoint is reached.
    pub(crate) fn turn(&mut self, id: CohortId, now: Instant, agenda: &mut Agenda) {
        let row = &mut self.rows[id];
        row.turn = None;
        self.moving -= 1;
        if let Kind::Resolving { cache, connections } = &mut row.kind {
            cache.advance(now);
            if let Some(connections) = connections {
                connections.cache_changed(now, cache.shares());
            }
        }
        self.plan_turn(id, agenda);
    }

    fn plan_turn(&mut self, id: CohortId, agenda: &mut Agenda) {
        let row = &mut self.rows[id];
        if let Some(ticket) = row.turn.take() {
            agenda.cancel(ticket);
            self.moving -= 1;
        }
        let Kind::Resolving { cache, connections } = &row.kind else { return };
        let dialled = connections.as_ref().and_then(|connections| connections.next_breakpoint());
        let next = match (cache.next_breakpoint(), dialled) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        if let Some(at) = next {
            row.turn = Some(agenda.add(at, Event::Turn(id)));
            self.moving += 1;
        }
    }

    /// Where the traffic of cohort `id` goes from `now` on, into `into`; `asked` is what a query gets just now (none:
    /// silence), and `lost` says which sites a connection cannot live on. Are any connections away from the sites that
    /// they were dialled to?
    pub(crate) fn following(
        &mut self,
        id: CohortId,
        now: Instant,
        asked: Option<AnswerId>,
        answers: &Answers,
        lost: impl Fn(SiteId) -> bool,
        into: &mut Vec<Following>,
    ) -> bool {
        into.clear();
        let plan = &self.design.cohorts[id];
        match &mut self.rows[id].kind {
            Kind::Pinned(answer) => spread(into, answers, Some(*answer), Poly::constant(1.0)),
            Kind::Resolving { cache, connections: Some(connections) } => {
                cache.advance(now);
                connections.advance(now);
                let Scratch { dialled, homeless, cached } = &mut self.scratch;
                dialled.clear();
                dialled.extend(connections.shares().map(|curve| (curve.answer, poly(&curve))));
                let on_down = plan.connection.map_or(OnDown::Wait, |connection| connection.on_down);
                connected(dialled, on_down, answers, lost, into, homeless);
                if homeless.iter().any(|share| *share > 0.0) {
                    let breaks = [cache.next_breakpoint(), connections.next_breakpoint()];
                    let width = breaks.into_iter().flatten().min().map_or(0.0, |at| (at - now).seconds());
                    cached.clear();
                    cached.extend(cache.shares().map(|share| (share.answer, line(&share))));
                    joint(dialled, cached, width, |was, has, share| {
                        let index = dialled.iter().position(|(known, _)| *known == was);
                        let dials = share * index.map_or(0.0, |index| homeless[index]);
                        spread(into, answers, has, dials * (1.0 - plan.afresh));
                        spread(into, answers, asked, dials * plan.afresh);
                    });
                    return true;
                }
            }
            Kind::Resolving { cache, connections: None } => {
                cache.advance(now);
                resolve(plan, cache.shares(), asked, |answer, poly| spread(into, answers, answer, poly));
            }
        }
        false
    }
}

/// What a new resolution follows: the cache, but for the part that asks afresh.
fn resolve(
    plan: &CohortPlan,
    shares: impl Iterator<Item = Share>,
    asked: Option<AnswerId>,
    mut follow: impl FnMut(Option<AnswerId>, Poly),
) {
    for share in shares {
        follow(share.answer, line(&share) * (1.0 - plan.afresh));
    }
    if plan.afresh > 0.0 {
        follow(asked, Poly::constant(plan.afresh));
    }
}

fn line(share: &Share) -> Poly {
    Poly::linear(share.share(), share.slope())
}

fn poly(curve: &Curve) -> Poly {
    Poly([curve.value, curve.slope, curve.half_curvature, 0.0])
}

/// Connections go where they were dialled. Those that never came about dial again at once, and so do broken ones
/// under [`OnDown::Reconnect`]: as long as their site is lost, they are where a new resolution leads. Which part of the
/// connections of each answer that is comes into `homeless`.
fn connected(
    dialled: &[Held],
    on_down: OnDown,
    answers: &Answers,
    lost: impl Fn(SiteId) -> bool,
    into: &mut Vec<Following>,
    homeless: &mut Vec<f64>,
) {
    homeless.clear();
    for &(answer, poly) in dialled {
        let sites = answer.map_or(&[][..], |answer| answers.shares(answer));
        let mut dials = if sites.is_empty() { 1.0 } else { 0.0 };
        for &(site, share) in sites {
            if on_down == OnDown::Reconnect && lost(site) {
                dials += share;
            } else {
                add(into, Some(site), poly * share);
            }
        }
        homeless.push(dials);
    }
}

/// Splits what follows an answer among its sites.
fn spread(into: &mut Vec<Following>, answers: &Answers, answer: Option<AnswerId>, poly: Poly) {
    if poly.is_zero() {
        return;
    }
    match answer.map_or(&[][..], |answer| answers.shares(answer)) {
        [] => add(into, None, poly),
        sites => sites.iter().for_each(|(site, share)| add(into, Some(*site), poly * *share)),
    }
}

fn add(into: &mut Vec<Following>, site: Option<SiteId>, poly: Poly) {
    match into.iter_mut().find(|(known, _)| *known == site) {
        Some((_, sum)) => *sum += poly,
        None => into.push((site, poly)),
    }
}
