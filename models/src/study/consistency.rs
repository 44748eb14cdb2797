//! What clients of stores see: single operations of sampled sessions against what the stores went through in each
//! replication.
//!
//! A store's sessions are a Poisson process over time, keys and clients: its rate is the demand of each population in the
//! flow engine, divided by the operations of a session, and each key has its share. Each has a resolver of its own, which
//! leads it from site to site ([`Route`](crate::operations::Route)). What happens to a session depends on the sessions on the
//! same key, on what populations are told and on the store's timeline, and on nothing else. So the expected number of
//! violations in a replication is the integral, over where a session may be, of what one more session there would see
//! among all others (Mecke's formula for Poisson processes: Last and Penrose, Lectures on the Poisson Process, 2017,
//! theorem 4.1). That integral is sampled: a session's instant is drawn uniformly from a stratum of the replication and
//! kept with a probability in proportion to the rate there, its key is drawn by popularity, the other sessions on that key
//! are drawn as they come, and what it sees has the weight (the stratum's length) x (the greatest rate) / (instants
//! drawn). It is unbiased for any strata and any number of draws.
//!
//! Assumptions:
//! - Traffic that arrives at a site without a member of the store is that of the site of the nearest member that lives, be it
//!   a witness.
//! - What a session asks for while it reaches no site is one of its operations, but none on the store: the flow engine has
//!   it among the requests that are lost.
//! - In a store with one writer a replica's lag is drawn once for each session looked at, and holds for all it sees; around
//!   a failover it is the one that the flow engine drew. A replica that is back applies what it missed at its apply rate, among all
//!   that the flow engine has written; at once where it has none.
//! - Long before and long after a session only writes of others on its key are played, and of very many only some
//!   ([`others`]).
//! - What was written before a disturbance began is everywhere when it does.
//! - Sessions that are under way when the replication begins have begun before it, when all was as it is then. What is sent
//!   after its end is not counted, and how it stood then is taken to last.

mod around;
mod led;
mod others;
mod player;
mod possible;
mod scenes;
mod seen;
mod strata;
mod tally;
mod times;
mod visit;

pub use around::{ClientSlice, clients_over_time};
pub(crate) use scenes::Arriving;
pub(super) use tally::Tally;

use crate::design::Design;
use crate::observer::Nobody;
use crate::operations::popularity::Interests;
use crate::specification::{Fidelity, Sessions, StoreId};
use crate::study::StudyFault;
use crate::world::World;
use player::Unplayable;
use scenes::{Recorder, Scenes};
use seen::Seen;
use sim::{Instant, Replication, Seed, Span, Stream, StreamName, Table};
use strata::{Part, Reach, Strata, early};
use visit::Visitor;

/// More operations than this are not simulated one by one, be it to look at them all or at a few among them.
const OPERATIONS_MOST: f64 = 50e6;

/// More are not looked at: an hour or two of one core.
const SAMPLES_MOST: f64 = 20e9;

/// Sessions that are looked at in each replication at least: one in each stratum.
const DRAWS_LEAST: f64 = 5.0;

/// What is looked at in one store.
#[derive(Debug)]
struct Watched<'d> {
    id: StoreId,
    sessions: &'d Sessions,
    interests: Interests,
    name: StreamName,
    visitor: Visitor<'d>,
}

/// All stores that have sessions.
#[derive(Debug)]
pub(super) struct Watch<'d> {
    design: &'d Design,
    stores: Vec<Watched<'d>>,
}

impl<'d> Watch<'d> {
    pub(super) fn new(design: &'d Design) -> Self {
        let specification = design.specification();
        let watched = |id: StoreId| {
            let store = &specification.stores[id];
            let sessions = store.sessions.as_ref().filter(|_| store.family.operable())?;
            let visitor = Visitor::new(design, (id, &store.family), sessions)?;
            Some(Watched {
                id,
                sessions,
                interests: Interests::of(&sessions.interest),
                name: StreamName::of(&store.name, "operations"),
                visitor,
            })
        };
        Watch { design, stores: specification.stores.ids().filter_map(watched).collect() }
    }

    /// Are there more operations than can be simulated?
    pub(super) fn too_many(&self, replications: u64) -> Option<StudyFault> {
        let run = &self.design.specification().run;
        if run.fidelity == Fidelity::Sampled {
            let asked = self.stores.len() as f64 * f64::from(run.operations) * replications as f64;
            if asked > SAMPLES_MOST {
                return Some(StudyFault::ManySamples(asked));
            }
            let around = |store: &Watched| store.visitor.around_one(run.horizon) * DRAWS_LEAST;
            let due = self.stores.iter().map(around).sum::<f64>() * replications as f64;
            return (due > OPERATIONS_MOST).then_some(StudyFault::CrowdedKeys(due));
        }
        // Sessions begin before the replication.
        let longer = |store: &Watched| 1.0 + early(store.visitor.lasts()).seconds() / run.horizon.seconds();
        let due = |store: &Watched| store.visitor.operations(run.horizon) * longer(store);
        let each: f64 = self.stores.iter().map(due).sum();
        let due = each * replications as f64;
        (due > OPERATIONS_MOST).then_some(StudyFault::TooManyOperations(due))
    }

    /// Runs a replication: what each store went through.
    fn scenes(
        &self,
        world: &mut World<'d, Nobody>,
        (seed, replication): (Seed, Replication),
    ) -> impl Iterator<Item = Scenes> + use<'d> {
        let horizon = Instant::ZERO + self.design.specification().run.horizon;
        let recorder = Recorder::new(self.stores.iter().map(|store| store.id));
        world.start(seed, replication);
        recorder.look(world);
        world.drive(horizon, |world| {
            recorder.look(world);
            false
        });
        world.finish(horizon);
        recorder.scenes(self.design)
    }

    /// Runs a replication and looks at its stores.
    pub(super) fn run(
        &self,
        world: &mut World<'d, Nobody>,
        (seed, replication): (Seed, Replication),
        tallies: &mut Table<StoreId, Option<Tally>>,
    ) {
        if self.stores.is_empty() {
            world.run(seed, replication);
            return;
        }
        let scenes = self.scenes(world, (seed, replication));
        if tallies.is_empty() {
            *tallies = self.design.specification().stores.map(|_, _| None);
        }
        for (store, scenes) in self.stores.iter().zip(scenes) {
            let tally = tallies[store.id].get_or_insert_with(|| {
                let due = store.visitor.operations(self.design.specification().run.horizon);
                store.tally(self.design, due)
            });
            store.look(self.design, &scenes, (seed, replication), tally);
        }
    }
}

impl Watched<'_> {
    fn look(
        &self,
        design: &Design,
        scenes: &Scenes,
        (seed, replication): (Seed, Replication),
        tally: &mut Tally,
    ) {
        let run = &design.specification().run;
        let mut stream = Stream::new(seed, replication, self.name);
        if run.fidelity == Fidelity::Request {
            let (seen, sessions) = self.visitor.everybody(&self.interests, scenes, run.horizon, &mut stream);
            tally.see(seen, (Part::Any, sessions), 1.0);
            tally.finish(replication.0, scenes.are_disturbed());
            return;
        }
        let strata = self.strata(design, scenes);
        for (part, parts, share) in strata.parts() {
            let draws = self.visitor.draws(f64::from(run.operations) * share);
            let weight = parts.length().seconds() * self.visitor.most() / draws as f64;
            for _ in 0..draws {
                let at = parts.at(stream.uniform());
                if let Some(seen) = self.one(scenes, &strata, at, &mut stream) {
                    tally.see(seen, (part, 1), weight);
                }
            }
        }
        tally.finish(replication.0, scenes.are_disturbed());
    }

    /// Of so many operations in a replication at most.
    fn tally(&self, design: &Design, operations: f64) -> Tally {
        let family = &design.specification().stores[self.id].family;
        let when = |anomaly| self.visitor.player().when(anomaly);
        let populations = self.visitor.populations();
        let apart = if populations.len() > 1 { populations } else { Vec::new() };
        Tally::new(family, when, (operations, design.fails_by_chance()), apart)
    }

    fn strata(&self, design: &Design, scenes: &Scenes) -> Strata {
        let horizon = design.specification().run.horizon;
        let (player, end) = (self.visitor.player(), Instant::ZERO + horizon);
        let (lacking, losses) = (player.lacking(scenes, end), player.losses(scenes, end));
        let reach = Reach {
            near: self.visitor.near(Span::ZERO),
            lasts: self.visitor.lasts(),
            missed: self.visitor.missed(self.sessions.interest.writes.meeting()),
        };
        Strata::new(scenes, (&lacking, &losses), horizon, reach)
    }

    /// What a session sees that begins at an instant, if one does: in proportion to what arrives.
    fn one(
        &self,
        scenes: &Scenes,
        strata: &Strata,
        at: Instant,
        stream: &mut Stream,
    ) -> Option<Result<Seen, Unplayable>> {
        let population = self.visitor.population(at, stream)?;
        let key = self.interests.draw(self.visitor.reads_of(population), stream);
        let shares = self.interests.shares(key);
        Some(self.visitor.visit(scenes, (at, population), shares, strata, stream))
    }
}
