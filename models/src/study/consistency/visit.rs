//! One session among the others on its key; or every session of a replication.

use super::scenes::{Scene, Scenes};
use super::strata::Strata;
use crate::curve::Curve;
use crate::design::Design;
use crate::network::delay;
use crate::operations::popularity::Choice;
use crate::operations::{Arrival, Crowd, Flaw, KeyId, PrimaryRun, PrimaryTally, Session, Stretch};
use crate::specification::{PopulationId, Primary, Sessions, SiteId};
use crate::study::history;
use sim::{Instant, Replication, Seed, Span, Stream, StreamName, Table};

/// Sessions on a key that are played of a long disturbance before the session that is looked at.
pub(super) const EARLIER: f64 = 16.0;
/// Sessions of mean length before and after a session in which others on its key matter to it.
const LENGTHS_BEFORE: f64 = 3.0;
const LENGTHS_AFTER: f64 = 8.0;

/// How sessions of one store come about.
#[derive(Debug)]
pub(super) struct Visitor<'d> {
    design: &'d Design,
    plan: &'d Primary,
    sessions: &'d Sessions,
    habits: Vec<Session>,
    /// Where the traffic of each site is served: a member's number.
    places: Table<SiteId, usize>,
    touches: (f64, f64),
    /// Sessions a second at most.
    most: f64,
}

impl<'d> Visitor<'d> {
    pub(super) fn new(
        design: &'d Design,
        plan: &'d Primary,
        sessions: &'d Sessions,
        touches: (f64, f64),
    ) -> Self {
        let specification = design.specification();
        let members: Vec<SiteId> = std::iter::once(plan.home).chain(plan.replicas.iter().copied()).collect();
        let habits = (0..members.len()).map(|place| history::session(touches, sessions.think, plan, place));
        let place = |id: SiteId| specification.sites[id].place;
        let nearest = |site: SiteId| {
            let distance = |member: &usize| {
                (members[*member] != site, delay(specification, place(site), place(members[*member])))
            };
            (0..members.len()).min_by_key(distance).unwrap_or(0)
        };
        let peak: f64 = design.curves.rows().iter().map(Curve::peak).sum();
        Visitor {
            design,
            plan,
            sessions,
            habits: habits.collect(),
            places: specification.sites.map(|site, _| nearest(site)),
            touches,
            most: peak * (touches.0 + touches.1) / sessions.operations,
        }
    }

    pub(super) fn operations_a_request(&self) -> f64 {
        self.touches.0 + self.touches.1
    }

    /// Sessions a second at most.
    pub(super) fn most(&self) -> f64 {
        self.most
    }

    fn lasts(&self) -> Span {
        Span::from_seconds(self.sessions.operations * self.sessions.think.seconds())
    }

    /// How long before a session others on its key matter to it, given the greatest lag.
    pub(super) fn near(&self, lag: Span) -> Span {
        let lag = lag.max(Span::from_seconds(self.plan.lag.mean()));
        self.sessions.patience + lag * 2 + Span::from_seconds(self.lasts().seconds() * LENGTHS_BEFORE)
    }

    /// How many instants to draw if they are to cost about so many operations.
    pub(super) fn draws(&self, operations: f64) -> u64 {
        let around = self.near(Span::ZERO).seconds() + self.lasts().seconds();
        let others = self.most * self.sessions.popularity.meeting() * around;
        ((operations / self.sessions.operations / (1.0 + others)) as u64).max(1)
    }

    /// Where a session begins at an instant, if one does: in proportion to what arrives.
    pub(super) fn place(&self, scene: &Scene, at: Instant, stream: &mut Stream) -> Option<usize> {
        let mut left = stream.uniform() * self.most;
        let a_request = self.operations_a_request() / self.sessions.operations;
        let mut known: Option<(PopulationId, f64)> = None;
        for arriving in &scene.arriving {
            let population = arriving.population;
            let rate = match known {
                Some((last, rate)) if last == population => rate,
                _ => self.design.curves[population].rate(at),
            };
            known = Some((population, rate));
            left -= rate * a_request * arriving.share_at(at);
            if left < 0.0 {
                return Some(self.places[arriving.site]);
            }
        }
        None
    }

    /// What a session at a place sees of a key with such a share of all sessions.
    pub(super) fn visit(
        &self,
        scenes: &Scenes,
        (at, place): (Instant, usize),
        share: f64,
        strata: &Strata,
        stream: &mut Stream,
    ) -> Result<PrimaryTally, Flaw> {
        let ends = at.saturating_add(Span::from_seconds(self.lasts().seconds() * LENGTHS_AFTER));
        let lags = self.lags(scenes, Stretch { from: strata.begins(at), until: strata.ends(ends) }, stream);
        let greatest = lags.iter().copied().max().unwrap_or(Span::ZERO);
        let near = (at - self.near(greatest)).max(Instant::ZERO);
        let begins = strata.begins(near);
        let mut arrivals = Vec::new();
        let earlier = self.most * share * (near - begins).seconds();
        let part = if earlier > EARLIER { EARLIER / earlier } else { 1.0 };
        self.come(scenes, Stretch { from: begins, until: near }, share * part, stream, &mut arrivals);
        self.come(scenes, Stretch { from: near, until: at }, share, stream, &mut arrivals);
        arrivals.push(Arrival { at, key: KeyId(0), session: place as u32, counted: true });
        self.come(scenes, Stretch { from: at, until: ends }, share, stream, &mut arrivals);
        arrivals.iter_mut().for_each(|arrival| arrival.at = Instant::ZERO + (arrival.at - begins));
        let span = Stretch { from: begins, until: strata.ends(ends) };
        self.play(scenes, span, (&arrivals, 1), lags, stream)
    }

    /// What all sessions of a replication see.
    pub(super) fn everybody(
        &self,
        choice: &Choice,
        scenes: &Scenes,
        horizon: Span,
        stream: &mut Stream,
    ) -> Result<PrimaryTally, Flaw> {
        let whole = Stretch { from: Instant::ZERO, until: Instant::ZERO + horizon };
        let mut arrivals = Vec::new();
        self.come(scenes, whole, 1.0, stream, &mut arrivals);
        for arrival in &mut arrivals {
            (arrival.key, arrival.counted) = (KeyId(choice.draw(stream)), true);
        }
        let lags = self.lags(scenes, whole, stream);
        self.play(scenes, whole, (&arrivals, self.sessions.popularity.keys()), lags, stream)
    }

    /// The lag of each member: the one that the flow engine let it have first, so that whoever is promoted for trailing
    /// least does so here too; else one of its own.
    fn lags(&self, scenes: &Scenes, during: Stretch, stream: &mut Stream) -> Vec<Span> {
        let glimpses = scenes.glimpses(during.from, during.until);
        let known = |member| glimpses.iter().find_map(|(_, glimpse)| glimpse.trailing(member));
        let drawn = self.habits.iter().map(|_| self.plan.lag.sample(stream)).enumerate();
        drawn.map(|(member, own)| known(member).unwrap_or(own)).collect()
    }

    /// A part of all sessions comes as they come.
    fn come(
        &self,
        scenes: &Scenes,
        during: Stretch,
        part: f64,
        stream: &mut Stream,
        arrivals: &mut Vec<Arrival>,
    ) {
        let gap = 1.0 / (self.most * part);
        let mut at = during.from;
        loop {
            let wait = -libm::log1p(-stream.uniform()) * gap;
            if wait >= (during.until - at).seconds() {
                return;
            }
            at += Span::from_seconds(wait);
            if let Some(place) = self.place(scenes.at(at), at, stream) {
                arrivals.push(Arrival { at, key: KeyId(0), session: place as u32, counted: false });
            }
        }
    }

    /// Plays sessions against what the store went through; their times count from its beginning.
    fn play(
        &self,
        scenes: &Scenes,
        during: Stretch,
        (arrivals, keys): (&[Arrival], u32),
        lags: Vec<Span>,
        stream: &mut Stream,
    ) -> Result<PrimaryTally, Flaw> {
        let glimpses = scenes.glimpses(during.from, during.until);
        let reigns = history::reigns(&glimpses, self.habits.len())?;
        let specification = self.design.specification();
        let popularity = self.sessions.popularity;
        let store = history::store(specification, self.plan, reigns, self.sessions.patience, popularity);
        let crowd = Crowd { sessions: &self.habits, arrivals, operations: self.sessions.operations };
        let name = StreamName::of("crowd", "operations");
        let own = Stream::new(Seed(stream.bits()), Replication(0), name);
        Ok(PrimaryRun::open(&store, crowd, keys, lags, own).run(Instant::FAR))
    }
}
