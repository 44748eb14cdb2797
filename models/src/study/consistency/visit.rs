//! One session among the others on its key; or every session of a replication.

use super::others::{Far, Others};
use super::player::{Play, Player, Role, Unplayable};
use super::scenes::{Scene, Scenes};
use super::seen::Seen;
use super::strata::Strata;
use crate::curve::Curve;
use crate::design::Design;
use crate::network::delay;
use crate::operations::popularity::Choice;
use crate::operations::{Arrival, KeyId, Stretch};
use crate::specification::{Family, PopulationId, Sessions, SiteId};
use crate::study::history;
use sim::{Instant, Span, Stream, Table};

/// Sessions of mean length before and after a session in which others on its key matter to it.
const LENGTHS_BEFORE: f64 = 3.0;
const LENGTHS_AFTER: f64 = 8.0;
/// No stretch around a session is longer, in seconds: a century.
pub(super) const LONGEST: f64 = 3.2e9;
/// Mean times between two writes of a key after which a lost one is missed no more.
const WRITES_AFTER: f64 = 8.0;

/// How sessions of one store come about.
#[derive(Debug)]
pub(super) struct Visitor<'d> {
    design: &'d Design,
    player: Player<'d>,
    sessions: &'d Sessions,
    /// Where the traffic of each site is served: a member's number.
    places: Table<SiteId, usize>,
    /// Reads and writes of a request.
    touches: (f64, f64),
    /// Sessions a second at most.
    most: f64,
}

impl<'d> Visitor<'d> {
    pub(super) fn new(
        design: &'d Design,
        family: &'d Family,
        sessions: &'d Sessions,
        touches: (f64, f64),
    ) -> Self {
        let specification = design.specification();
        let reads = history::reading(touches);
        let player = Player::new(design, family, sessions, reads);
        let members = player.members();
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
            sessions,
            places: specification.sites.map(|site, _| nearest(site)),
            touches,
            most: peak * (touches.0 + touches.1) / sessions.operations,
            player,
        }
    }

    pub(super) fn player(&self) -> &Player<'d> {
        &self.player
    }

    pub(super) fn operations_a_request(&self) -> f64 {
        self.touches.0 + self.touches.1
    }

    /// Sessions a second at most.
    pub(super) fn most(&self) -> f64 {
        self.most
    }

    /// Mean time that a session lasts while nothing is wrong, about.
    pub(super) fn lasts(&self) -> Span {
        self.takes(self.player.answers().min(self.sessions.patience))
    }

    /// Mean time that a session lasts whose operations are answered after such a time.
    fn takes(&self, answers: Span) -> Span {
        let operation = self.sessions.think.seconds() + answers.seconds();
        Span::from_seconds((self.sessions.operations * operation).min(LONGEST / 10.0))
    }

    /// How long before a session others on its key matter to it, given the greatest lag.
    pub(super) fn near(&self, lag: Span) -> Span {
        let spreads = self.player.spreads().seconds().max(lag.seconds() * 2.0);
        let lasts = self.lasts().seconds() * LENGTHS_BEFORE;
        Span::from_seconds((self.sessions.patience.seconds() + spreads + lasts).min(LONGEST))
    }

    /// How long after its loss a write may be missed, of a key with such a share of all sessions.
    pub(super) fn missed(&self, share: f64) -> Span {
        let writes = self.most * self.sessions.operations * (1.0 - history::reading(self.touches)) * share;
        Span::from_seconds((WRITES_AFTER / writes.max(f64::MIN_POSITIVE)).min(LONGEST))
    }

    /// Until when others matter as they come to a session that begins at an instant. While something is wrong an operation
    /// may take as long as anybody waits.
    fn ends(&self, at: Instant, strata: &Strata) -> Instant {
        let lasts = if strata.is_disturbed(at) { self.takes(self.sessions.patience) } else { self.lasts() };
        let lasts = Span::from_seconds(lasts.seconds() * LENGTHS_AFTER);
        let rivals = if self.player.rivals_matter() { self.near(Span::ZERO) } else { Span::ZERO };
        at.saturating_add(lasts).saturating_add(rivals)
    }

    /// How many instants to draw if they are to cost about so many operations.
    pub(super) fn draws(&self, operations: f64) -> u64 {
        let around = self.near(Span::ZERO).seconds() + self.lasts().seconds();
        let others = self.most * self.sessions.popularity.meeting() * around;
        ((operations / self.sessions.operations / (1.0 + others)) as u64).max(1)
    }

    /// Operations that are simulated to look at one session, on average, in a replication that lasts so long.
    pub(super) fn around_one(&self, horizon: Span) -> f64 {
        let around = self.near(Span::ZERO).seconds() * 2.0 + self.lasts().seconds() * LENGTHS_AFTER;
        let others = self.most * self.sessions.popularity.meeting() * around.min(horizon.seconds());
        self.sessions.operations * (1.0 + others)
    }

    /// Sessions a second that each who arrives at a site begins at its member, at an instant.
    fn arriving<'a>(&'a self, scene: &'a Scene, at: Instant) -> impl Iterator<Item = (usize, f64)> + 'a {
        let a_request = self.operations_a_request() / self.sessions.operations;
        let mut known: Option<(PopulationId, f64)> = None;
        scene.arriving.iter().map(move |arriving| {
            let population = arriving.population;
            let rate = match known {
                Some((last, rate)) if last == population => rate,
                _ => self.design.curves[population].rate(at),
            };
            known = Some((population, rate));
            (self.places[arriving.site], rate * a_request * arriving.share_at(at))
        })
    }

    /// Where a session begins at an instant, if one does: in proportion to what arrives.
    pub(super) fn place(&self, scene: &Scene, at: Instant, stream: &mut Stream) -> Option<usize> {
        let mut left = stream.uniform() * self.most;
        self.arriving(scene, at).find_map(|(place, rate)| {
            left -= rate;
            (left < 0.0).then_some(place)
        })
    }

    /// Sessions a second that begin at each place.
    pub(super) fn rates(&self, scene: &Scene, at: Instant) -> Vec<f64> {
        let mut rates = vec![0.0; self.player.members().len()];
        self.arriving(scene, at).for_each(|(place, rate)| rates[place] += rate);
        rates
    }

    /// What a session at a place sees of a key with such a share of all sessions.
    pub(super) fn visit(
        &self,
        scenes: &Scenes,
        (at, place): (Instant, usize),
        share: f64,
        strata: &Strata,
        stream: &mut Stream,
    ) -> Result<Seen, Unplayable> {
        let ends = self.ends(at, strata);
        let missed = self.missed(share);
        let span = Stretch { from: strata.begins(at, missed), until: strata.ends(ends) };
        let lags = self.player.lags(scenes, span, stream);
        let near = self.near(lags.iter().copied().max().unwrap_or(Span::ZERO));
        let since = (at - near).max(Instant::ZERO);
        let begins = strata.begins(since, missed).min((at - self.player.shadow()).max(Instant::ZERO));
        let mut others = Others { visitor: self, scenes, share, arrivals: Vec::new() };
        let before = self.far(self.player.reads_repair());
        others.come_before(Stretch { from: begins, until: since }, near, before, stream);
        others.come(Stretch { from: since, until: at }, stream);
        let habit = self.player.habit(place, Role::Whole);
        others.arrivals.push(Arrival { at, key: KeyId(0), habit, counted: true });
        let horizon = Instant::ZERO + self.design.specification().run.horizon;
        let last = ends.min(horizon);
        others.come(Stretch { from: at, until: last }, stream);
        let during = Stretch { from: begins, until: strata.ends(ends) };
        // Rivals decide whether a write lasts, readers whether it has been seen before it is lost.
        let lossy = strata.may_lose(at);
        if self.player.rivals_matter() || lossy {
            let after = self.far(self.player.reads_repair() || lossy);
            others.come_after(Stretch { from: last, until: during.until.min(horizon) }, near, after, stream);
        }
        let mut arrivals = others.arrivals;
        arrivals.sort_by_key(|arrival| arrival.at);
        arrivals.iter_mut().for_each(|arrival| arrival.at = Instant::ZERO + (arrival.at - begins));
        self.player.play(Play { scenes, during, arrivals: &arrivals, keys: 1, lags }, stream)
    }

    /// Who comes long before or after a session: all, or those who write.
    fn far(&self, all: bool) -> Far {
        if all { Far::operating(history::reading(self.touches)) } else { Far::writing(self.player.writing()) }
    }

    /// What all sessions of a replication see.
    pub(super) fn everybody(
        &self,
        choice: &Choice,
        scenes: &Scenes,
        horizon: Span,
        stream: &mut Stream,
    ) -> (Result<Seen, Unplayable>, u64) {
        let whole = Stretch { from: Instant::ZERO, until: Instant::ZERO + horizon };
        let mut others = Others { visitor: self, scenes, share: 1.0, arrivals: Vec::new() };
        others.come(whole, stream);
        let mut arrivals = others.arrivals;
        for arrival in &mut arrivals {
            (arrival.key, arrival.counted) = (KeyId(choice.draw(stream)), true);
        }
        let lags = self.player.lags(scenes, whole, stream);
        let keys = self.sessions.popularity.keys();
        // Who has come before the end stays as long as it takes.
        let stays = Span::from_seconds(self.takes(self.sessions.patience).seconds() * LENGTHS_AFTER);
        let during = Stretch { until: whole.until.saturating_add(stays), ..whole };
        let seen = self.player.play(Play { scenes, during, arrivals: &arrivals, keys, lags }, stream);
        (seen, arrivals.len() as u64)
    }
}
