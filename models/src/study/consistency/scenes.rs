//! What a store went through in a replication, and where requests arrived meanwhile.

use crate::design::Design;
use crate::observer::Nobody;
use crate::operations::CatchingUp;
use crate::specification::{PopulationId, SiteId, StoreId};
use crate::store::Glimpse;
use crate::study::history::Looks;
use crate::world::World;
use sim::integral::Poly;
use sim::{Instant, Span};
use std::cell::RefCell;

/// The share of a population's requests that arrives at a site.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Arriving {
    pub(crate) population: PopulationId,
    pub(crate) site: SiteId,
    /// The share, in seconds from then on.
    pub(crate) origin: Instant,
    pub(crate) share: Poly,
}

impl Arriving {
    pub(super) fn share_at(&self, at: Instant) -> f64 {
        self.share.at((at - self.origin).seconds()).clamp(0.0, 1.0)
    }
}

/// How things are from an instant on.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Scene {
    pub(super) from: Instant,
    pub(super) glimpse: Glimpse,
    pub(super) arriving: Vec<Arriving>,
}

/// A replication of one store, scene by scene, of which the first begins at zero; and what its members lacked meanwhile.
#[derive(Clone, Debug)]
pub(super) struct Scenes(Vec<Scene>, CatchingUp);

/// Takes scenes down while a replication runs.
#[derive(Debug)]
pub(super) struct Recorder(Vec<(StoreId, RefCell<Vec<Scene>>, RefCell<Looks>)>);

impl Recorder {
    pub(super) fn new(stores: impl Iterator<Item = StoreId>) -> Self {
        Recorder(stores.map(|store| (store, RefCell::default(), RefCell::default())).collect())
    }

    pub(super) fn look(&self, world: &World<'_, Nobody>) {
        let arriving = world.arriving();
        for (store, seen, looks) in &self.0 {
            looks.borrow_mut().look(world, *store);
            let mut seen = seen.borrow_mut();
            let glimpse = world.glimpse(*store);
            let same = |last: &Scene| last.glimpse == glimpse && last.arriving == arriving;
            if !seen.last().is_some_and(same) {
                let from = world.now().max(Instant::ZERO);
                seen.retain(|scene| scene.from < from);
                seen.push(Scene { from, glimpse, arriving: arriving.clone() });
            }
        }
    }

    pub(super) fn scenes(self, design: &Design) -> impl Iterator<Item = Scenes> {
        let horizon = Instant::ZERO + design.specification().run.horizon;
        self.0.into_iter().map(move |(store, seen, looks)| {
            Scenes(seen.into_inner(), looks.borrow().catching_up(design, store, horizon))
        })
    }
}

impl Scenes {
    fn index(&self, at: Instant) -> usize {
        self.0.partition_point(|scene| scene.from <= at).saturating_sub(1)
    }

    /// The scene at an instant.
    pub(super) fn at(&self, at: Instant) -> &Scene {
        &self.0[self.index(at)]
    }

    /// What was seen of the store from an instant to another; times count from the first.
    pub(super) fn glimpses(&self, from: Instant, until: Instant) -> Vec<(Instant, Glimpse)> {
        let mut all: Vec<(Instant, Glimpse)> = Vec::new();
        for scene in &self.0[self.index(from)..=self.index(until)] {
            if all.last().is_none_or(|(_, last)| *last != scene.glimpse) {
                let at = Instant::ZERO + (scene.from - from).max(Span::ZERO);
                all.push((at, scene.glimpse.clone()));
            }
        }
        all
    }

    /// What members lack from an instant to another; times count from the first.
    pub(super) fn catching_up(&self, from: Instant, until: Instant) -> CatchingUp {
        self.1.within(from, until)
    }

    /// Up to when those have all that was written who apply what they lack at an instant.
    pub(super) fn as_of(&self, at: Instant) -> impl Iterator<Item = Instant> + '_ {
        self.1.as_of(at)
    }

    /// When the store changed, and whether it was at rest from then on: one writer, and everybody reaches everybody.
    pub(super) fn turns(&self) -> impl Iterator<Item = (Instant, bool)> + '_ {
        let changed = |index: &usize| *index == 0 || self.0[*index].glimpse != self.0[*index - 1].glimpse;
        (0..self.0.len()).filter(changed).map(|index| (self.0[index].from, self.0[index].glimpse.rests()))
    }

    pub(super) fn are_disturbed(&self) -> bool {
        self.turns().any(|(_, rests)| !rests)
    }
}
