//! One session among the others on its key; or every session of a replication.

use super::others::{Comer, Far, Others};
use super::player::{Play, Player, Role, Unplayable, operation_takes};
use super::scenes::{Scene, Scenes};
use super::seen::Seen;
use super::strata::{Parts, Strata, early};
use crate::design::Design;
use crate::operations::popularity::Interests;
use crate::operations::{Arrival, KeyId, Stretch, Whereabouts};
use crate::specification::{Family, PopulationId, Sessions, StoreId};
use crate::study::history;
use sim::{Id, Instant, Span, Stream, Table};

/// Sessions of mean length before and after a session in which others on its key matter to it.
const LENGTHS_BEFORE: f64 = 3.0;
const LENGTHS_AFTER: f64 = 8.0;
/// No stretch around a session is longer, in seconds: a century.
pub(super) const LONGEST: f64 = 3.2e9;
/// Mean times between two writes of a key after which a lost one is missed no more.
const WRITES_AFTER: f64 = 16.0;

/// How sessions of one store come about.
#[derive(Debug)]
pub(super) struct Visitor<'d> {
    design: &'d Design,
    player: Player<'d>,
    sessions: &'d Sessions,
    /// Reads and writes of a request of each population.
    touches: Table<PopulationId, (f64, f64)>,
    /// Sessions a second at most.
    most: f64,
    /// The share of all operations that are reads, about.
    reads: f64,
}

impl<'d> Visitor<'d> {
    /// Those of a store's clients, where it has any.
    pub(super) fn new(
        design: &'d Design,
        (store, family): (StoreId, &'d Family),
        sessions: &'d Sessions,
    ) -> Option<Self> {
        let specification = design.specification();
        let player = Player::new(design, family, sessions);
        let touches = specification.populations.map(|id, _| history::touches(specification, store, id));
        let sum = |of: &dyn Fn((f64, f64)) -> f64| -> f64 {
            touches.iter().map(|(id, touches)| design.curves[id].peak() * of(*touches)).sum()
        };
        let (reads, writes) = (sum(&|touches| touches.0), sum(&|touches| touches.1));
        (reads + writes > 0.0).then(|| Visitor {
            design,
            sessions,
            touches,
            most: (reads + writes) / sessions.operations,
            reads: history::reading((reads, writes)),
            player,
        })
    }

    pub(super) fn player(&self) -> &Player<'d> {
        &self.player
    }

    /// Those who use the store.
    pub(super) fn populations(&self) -> Vec<(PopulationId, String)> {
        let all = self.design.specification().populations.iter();
        let uses = |population: PopulationId| self.touches[population].0 + self.touches[population].1 > 0.0;
        all.filter(|(id, _)| uses(*id)).map(|(id, population)| (id, population.name.clone())).collect()
    }

    /// Operations in a replication that lasts so long while all is well.
    pub(super) fn operations(&self, horizon: Span) -> f64 {
        let end = Instant::ZERO + horizon;
        let of = |(id, (reads, writes)): (PopulationId, &(f64, f64))| {
            self.design.curves[id].integral(Instant::ZERO, end) * (reads + writes)
        };
        self.touches.iter().map(of).sum()
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
        let takes = operation_takes(self.sessions, self.reads, answers);
        let operation = self.sessions.think.seconds() + takes.seconds();
        Span::from_seconds((self.sessions.operations * operation).min(LONGEST / 10.0))
    }

    /// How long before a session others on its key matter to it, given the greatest lag.
    pub(super) fn near(&self, lag: Span) -> Span {
        let spreads = self.player.spreads().seconds().max(lag.seconds() * 2.0);
        let lasts = self.lasts().seconds() * LENGTHS_BEFORE;
        Span::from_seconds((self.sessions.patience.seconds() + spreads + lasts).min(LONGEST))
    }

    /// How long after its loss a write may be missed, of a key with such a share of all writes.
    pub(super) fn missed(&self, share: f64) -> Span {
        let writes = self.most * self.sessions.operations * (1.0 - self.reads) * share;
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
        let others = self.most * self.sessions.interest.meeting(self.reads) * around;
        ((operations / self.sessions.operations / (1.0 + others)) as u64).max(1)
    }

    /// Operations that are simulated to look at one session, on average, in a replication that lasts so long.
    pub(super) fn around_one(&self, horizon: Span) -> f64 {
        let around = self.near(Span::ZERO).seconds() * 2.0 + self.lasts().seconds() * LENGTHS_AFTER;
        let others = self.most * self.sessions.interest.meeting(self.reads) * around.min(horizon.seconds());
        self.sessions.operations * (1.0 + others)
    }

    /// Sessions a second that each who arrives at a site begins at its member, at an instant.
    fn arriving<'a>(
        &'a self,
        scene: &'a Scene,
        at: Instant,
    ) -> impl Iterator<Item = ((usize, PopulationId), f64)> + 'a {
        let mut known: Option<(PopulationId, f64)> = None;
        scene.arriving.iter().map(move |arriving| {
            let population = arriving.population;
            let rate = match known {
                Some((last, rate)) if last == population => rate,
                _ => {
                    let (reads, writes) = self.touches[population];
                    self.design.curves[population].rate(at) * ((reads + writes) / self.sessions.operations)
                }
            };
            known = Some((population, rate));
            ((self.player.place(arriving.site), population), rate * arriving.share_at(at))
        })
    }

    /// Whose session begins at an instant, if one does: in proportion to demand.
    pub(super) fn population(&self, at: Instant, stream: &mut Stream) -> Option<PopulationId> {
        let mut left = stream.uniform() * self.most;
        let mut all = self.touches.iter().map(|(population, (reads, writes))| {
            (
                population,
                self.design.curves[population].rate(at) * ((reads + writes) / self.sessions.operations),
            )
        });
        all.find_map(|(population, rate)| {
            left -= rate;
            (left < 0.0).then_some(population)
        })
    }

    /// Sessions a second that begin at each place, of each population a part.
    pub(super) fn rates(&self, scene: &Scene, at: Instant, part: impl Fn(PopulationId) -> f64) -> Vec<f64> {
        let mut rates = vec![0.0; self.player.members().len()];
        self.arriving(scene, at)
            .for_each(|((place, population), rate)| rates[place] += rate * part(population));
        rates
    }

    /// Who comes to a key with such shares of all reads and all writes.
    fn comers(&self, (read, written): (f64, f64)) -> Table<PopulationId, Comer> {
        let mut known: Option<((f64, f64), Comer)> = None;
        self.touches.map(|_, touches| {
            if let Some((of, comer)) = known.filter(|(of, _)| of == touches) {
                known = Some((of, comer));
                return comer;
            }
            let (reads, writes) = (touches.0 * read, touches.1 * written);
            let all = touches.0 + touches.1;
            let share = if all > 0.0 { (reads + writes) / all } else { 0.0 };
            let reads = history::reading((reads, writes));
            let comer = Comer { share, reads, writing: self.player.writing(reads) };
            known = Some((*touches, comer));
            comer
        })
    }

    /// The share of a population's operations that are reads.
    pub(super) fn reads_of(&self, population: PopulationId) -> f64 {
        history::reading(self.touches[population])
    }

    /// The share of its operations on one key that are.
    fn reads_of_key(&self, interests: &Interests, (key, population): (u32, PopulationId)) -> f64 {
        if interests.are_alike() {
            return self.reads_of(population);
        }
        let (touches, shares) = (self.touches[population], interests.shares(key));
        history::reading((touches.0 * shares.0, touches.1 * shares.1))
    }

    /// What a session of a population sees of a key with such shares of all reads and all writes.
    pub(super) fn visit(
        &self,
        scenes: &Scenes,
        (at, population): (Instant, PopulationId),
        shares: (f64, f64),
        strata: &Strata,
        stream: &mut Stream,
    ) -> Result<Seen, Unplayable> {
        let ends = self.ends(at, strata);
        let missed = self.missed(shares.1);
        let span = Stretch { from: strata.begins(at, missed), until: strata.ends(ends) };
        let lags = self.player.lags(scenes, span, stream);
        let near = self.near(lags.iter().copied().max().unwrap_or(Span::ZERO));
        let since = (at - near).max(strata.first);
        let begins = strata.begins(since, missed).min((at - self.player.shadow()).max(strata.first));
        // What a replica shows may have been decided when its key was last written, however long ago.
        let begins = match self.player.lingers() {
            true => begins.min(strata.begins((at - missed).max(strata.first), missed)),
            false => begins,
        };
        let comers = self.comers(shares);
        let own = comers[population];
        let mut others = Others { visitor: self, scenes, comers, arrivals: Vec::new() };
        let far = |all| if all { Far::operating(own.reads) } else { Far::WRITING };
        let before = far(self.player.reads_repair());
        // Who comes about when a member is that has not caught up decides since when it is stale.
        let around =
            |as_of: Instant| Stretch { from: as_of - near, until: (as_of + missed).saturating_add(near) };
        let close =
            Parts::union_of(scenes.as_of(at).map(around).collect(), Stretch { from: begins, until: since });
        others.come_before(Stretch { from: begins, until: since }, near, before, stream);
        others.arrivals.retain(|arrival| !close.hold(arrival.at));
        close.each().for_each(|part| others.come(part, stream));
        others.come(Stretch { from: since, until: at }, stream);
        let conduct = self.player.conduct(Role::Whole, own.reads);
        let whereabouts = Whereabouts::Led(scenes.led().route(population, at, stream));
        let whose = population.index() as u32;
        others.arrivals.push(Arrival { at, key: KeyId(0), whereabouts, whose, conduct, counted: true });
        let horizon = Instant::ZERO + self.design.specification().run.horizon;
        let last = ends.min(horizon);
        others.come(Stretch { from: at, until: last }, stream);
        let during = Stretch { from: begins, until: strata.ends(ends) };
        // Rivals decide whether a write lasts, readers whether it has been seen before it is lost.
        let lossy = strata.may_lose(at);
        if self.player.rivals_matter() || lossy {
            let after = far(self.player.reads_repair() || lossy);
            others.come_after(Stretch { from: last, until: during.until.min(horizon) }, near, after, stream);
        }
        let mut arrivals = others.arrivals;
        arrivals.sort_by_key(|arrival| arrival.at);
        arrivals.iter_mut().for_each(|arrival| arrival.at = Instant::ZERO + (arrival.at - begins));
        let written = self.rates(scenes.at(at), at, |population| 1.0 - self.reads_of(population));
        let others = written.iter().sum::<f64>() * self.sessions.operations * (1.0 - shares.1);
        let counts = Stretch { from: Instant::ZERO, until: horizon };
        self.player.play(Play { scenes, during, counts, arrivals: &arrivals, keys: 1, lags, others }, stream)
    }

    /// What all sessions of a replication see.
    pub(super) fn everybody(
        &self,
        interests: &Interests,
        scenes: &Scenes,
        horizon: Span,
        stream: &mut Stream,
    ) -> (Result<Seen, Unplayable>, u64) {
        let counts = Stretch { from: Instant::ZERO, until: Instant::ZERO + horizon };
        let whole = Stretch { from: Instant::ZERO - early(self.lasts()), ..counts };
        let mut arrivals = self.all(interests, scenes, whole, stream);
        arrivals.iter_mut().for_each(|arrival| arrival.at = Instant::ZERO + (arrival.at - whole.from));
        let lags = self.player.lags(scenes, whole, stream);
        let keys = self.sessions.interest.reads.keys();
        // Who has come before the end stays as long as it takes.
        let stays = Span::from_seconds(self.takes(self.sessions.patience).seconds() * LENGTHS_AFTER);
        let during = Stretch { until: whole.until.saturating_add(stays), ..whole };
        let seen = self
            .player
            .play(Play { scenes, during, counts, arrivals: &arrivals, keys, lags, others: 0.0 }, stream);
        (seen, arrivals.len() as u64)
    }

    /// Everybody who comes to any key during a stretch.
    fn all(
        &self,
        interests: &Interests,
        scenes: &Scenes,
        during: Stretch,
        stream: &mut Stream,
    ) -> Vec<Arrival> {
        let mut arrivals = Vec::new();
        let mut at = during.from;
        loop {
            let wait = -libm::log1p(-stream.uniform()) / self.most;
            if wait >= (during.until - at).seconds() {
                return arrivals;
            }
            at += Span::from_seconds(wait);
            let Some(population) = self.population(at, stream) else { continue };
            let key = interests.draw(self.reads_of(population), stream);
            let reads = self.reads_of_key(interests, (key, population));
            let conduct = self.player.conduct(Role::Whole, reads);
            let whereabouts = Whereabouts::Led(scenes.led().route(population, at, stream));
            let (key, whose) = (KeyId(key), population.index() as u32);
            arrivals.push(Arrival { at, key, whereabouts, whose, conduct, counted: true });
        }
    }
}
