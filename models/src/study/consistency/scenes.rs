//! What a store went through in a replication, and where requests arrived meanwhile.

use super::led::Led;
use crate::design::Design;
use crate::observer::Nobody;
use crate::operations::{CatchingUp, Stretch, Told};
use crate::specification::{PopulationId, SiteId, StoreId};
use crate::store::Glimpse;
use crate::study::history::Looks;
use crate::world::World;
use sim::integral::Poly;
use sim::{Instant, Span, Table};
use std::cell::RefCell;
use std::rc::Rc;

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
pub(super) struct Scenes {
    scenes: Vec<Scene>,
    catching_up: CatchingUp,
    led: Rc<Led>,
}

/// Takes scenes down while a replication runs.
#[derive(Debug)]
pub(super) struct Recorder {
    told: RefCell<Table<PopulationId, Vec<Told>>>,
    stores: Vec<(StoreId, RefCell<Vec<Scene>>, RefCell<Looks>)>,
}

impl Recorder {
    pub(super) fn new(stores: impl Iterator<Item = StoreId>) -> Self {
        let stores = stores.map(|store| (store, RefCell::default(), RefCell::default())).collect();
        Recorder { told: RefCell::default(), stores }
    }

    pub(super) fn look(&self, world: &World<'_, Nobody>) {
        self.listen(world);
        let arriving = world.arriving();
        for (store, seen, looks) in &self.stores {
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

    /// What populations are told now, where that is something else.
    fn listen(&self, world: &World<'_, Nobody>) {
        let now = world.told();
        let mut told = self.told.borrow_mut();
        if told.is_empty() {
            *told = now.map(|_, now| vec![now.clone()]);
            return;
        }
        for (population, now) in now.iter() {
            let same = |last: &Told| last.answer == now.answer && last.lost == now.lost;
            if !told[population].last().is_some_and(same) {
                told[population].push(now.clone());
            }
        }
    }

    pub(super) fn scenes(self, design: &Design) -> impl Iterator<Item = Scenes> {
        let led = Rc::new(Led::new(design, self.told.into_inner()));
        let horizon = Instant::ZERO + design.specification().run.horizon;
        self.stores.into_iter().map(move |(store, seen, looks)| {
            let catching_up = looks.borrow().catching_up(design, store, horizon);
            Scenes { scenes: seen.into_inner(), catching_up, led: led.clone() }
        })
    }
}

impl Scenes {
    fn index(&self, at: Instant) -> usize {
        self.scenes.partition_point(|scene| scene.from <= at).saturating_sub(1)
    }

    /// The scene at an instant.
    pub(super) fn at(&self, at: Instant) -> &Scene {
        &self.scenes[self.index(at)]
    }

    /// What was seen of the store from an instant to another; times count from the first.
    pub(super) fn glimpses(&self, from: Instant, until: Instant) -> Vec<(Instant, Glimpse)> {
        let mut all: Vec<(Instant, Glimpse)> = Vec::new();
        for scene in &self.scenes[self.index(from)..=self.index(until)] {
            if all.last().is_none_or(|(_, last)| *last != scene.glimpse) {
                // What was seen first was so before.
                let since = if all.is_empty() { Span::ZERO } else { (scene.from - from).max(Span::ZERO) };
                all.push((Instant::ZERO + since, scene.glimpse.clone()));
            }
        }
        all
    }

    /// How clients are led.
    pub(super) fn led(&self) -> &Led {
        &self.led
    }

    /// What members lack from an instant to another; times count from the first.
    pub(super) fn catching_up(&self, from: Instant, until: Instant) -> CatchingUp {
        self.catching_up.within(from, until)
    }

    /// Up to when those have all that was written who apply what they lack at an instant.
    pub(super) fn as_of(&self, at: Instant) -> impl Iterator<Item = Instant> + '_ {
        self.catching_up.as_of(at)
    }

    /// When the store changed, and whether it was at rest from then on: one writer, and everybody reaches everybody.
    pub(super) fn turns(&self) -> impl Iterator<Item = (Instant, bool)> + '_ {
        let all = &self.scenes;
        let changed = |index: &usize| *index == 0 || all[*index].glimpse != all[*index - 1].glimpse;
        (0..all.len()).filter(changed).map(|index| (all[index].from, all[index].glimpse.rests()))
    }

    /// While clients move from site to site because what they are told, or reach, has changed; in the order of time.
    pub(super) fn moves(&self, horizon: Instant) -> impl Iterator<Item = Stretch> + '_ {
        let all = &self.scenes;
        let jumped = |index: usize| index > 0 && !all[index].arrives_as(&all[index - 1]);
        (0..all.len()).filter_map(move |index| {
            let from = all[index].from;
            let ends = all.get(index + 1).map_or(horizon, |next| next.from);
            let until = if all[index].is_moving() { ends } else { from };
            (until > from || jumped(index)).then_some(Stretch { from, until })
        })
    }

    pub(super) fn are_disturbed(&self) -> bool {
        self.turns().any(|(_, rests)| !rests)
    }
}

impl Scene {
    /// Do requests come to other sites while it lasts?
    fn is_moving(&self) -> bool {
        self.arriving.iter().any(|arriving| !arriving.share.is_constant())
    }

    /// Do they come to the same sites as at the end of the one before?
    fn arrives_as(&self, before: &Scene) -> bool {
        let same = |(one, other): (&Arriving, &Arriving)| {
            (one.population, one.site) == (other.population, other.site)
                && (one.share_at(self.from) - other.share_at(self.from)).abs() < 1e-9
        };
        self.arriving.len() == before.arriving.len() && self.arriving.iter().zip(&before.arriving).all(same)
    }
}
