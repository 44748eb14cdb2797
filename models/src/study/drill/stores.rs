//! What a drill does to the stores.

use super::phased;
use crate::observer::Recorder;
use crate::outcome::DrilledStore;
use crate::specification::{Specification, Store, StoreId};
use crate::timeline::{StoreTurn, What};
use crate::world::World;
use sim::{Id, Instant, Span, Table};
use std::cell::RefCell;

/// Writes are counted in billionths while they are averaged.
const BILLION: f64 = 1e9;

/// Looks at who can write while a loss is played.
#[derive(Debug, Default)]
pub(super) struct Watch(RefCell<Table<StoreId, Vec<(Instant, bool)>>>);

/// What one play did to a store.
#[derive(Clone, Copy, Debug)]
pub(super) struct Suffered {
    /// From the loss until somebody could write it for good; none: not before the repair. Zero: somebody always could.
    recovery: Option<Span>,
    /// Acknowledged writes that it lost.
    lost: u64,
}

impl Watch {
    /// To be told of every instant.
    pub(super) fn look(&self, world: &World<'_, Recorder>) {
        let mut seen = self.0.borrow_mut();
        let now = world.writable();
        if seen.is_empty() {
            *seen = now.map(|_, now| vec![(world.now(), *now)]);
            return;
        }
        for (store, now) in now.iter() {
            if seen[store].last().is_none_or(|(_, last)| last != now) {
                seen[store].push((world.now(), *now));
            }
        }
    }

    /// What a loss did that lasted from one instant to another.
    pub(super) fn suffered(&self, seen: &Recorder, (begins, ends): (Instant, Instant)) -> Vec<Suffered> {
        let of = |store: StoreId, turns: &[(Instant, bool)]| Suffered {
            recovery: recovery(turns, (begins, ends)),
            lost: lost(seen, store, begins),
        };
        self.0.borrow().iter().map(|(store, turns)| of(store, turns)).collect()
    }
}

fn recovery(turns: &[(Instant, bool)], (begins, ends): (Instant, Instant)) -> Option<Span> {
    let mut during = turns.iter().filter(|(at, _)| (begins..ends).contains(at));
    let interrupted = during.clone().any(|(_, writable)| !writable);
    match during.next_back() {
        _ if !interrupted => Some(Span::ZERO),
        Some((at, true)) => Some(*at - begins),
        _ => None,
    }
}

fn lost(seen: &Recorder, store: StoreId, begins: Instant) -> u64 {
    let lost = seen.changes.iter().filter(|change| change.at >= begins).map(|change| match change.what {
        What::StoreChanged {
            store: of,
            turn:
                StoreTurn::Writes { lost, .. }
                | StoreTurn::Follows { lost, .. }
                | StoreTurn::Reconciled { lost, .. },
        } if of == store => lost,
        _ => 0,
    });
    lost.sum()
}

/// What all plays did, store by store.
pub(super) fn drilled<'a>(
    specification: &Specification,
    plays: impl Iterator<Item = &'a [Suffered]> + Clone,
) -> Vec<DrilledStore> {
    let of = |(id, store): (StoreId, &Store)| {
        let mine: Vec<Suffered> = plays.clone().map(|play| play[id.index()]).collect();
        let recoveries: Option<Vec<i128>> =
            mine.iter().map(|suffered| suffered.recovery.map(|span| i128::from(span.nanos()))).collect();
        let lost: Vec<i128> =
            mine.iter().map(|suffered| i128::from(suffered.lost) * BILLION as i128).collect();
        DrilledStore {
            name: store.name.clone(),
            recovery: recoveries.map(|nanos| phased(&nanos, |nanos| Span::from_nanos(nanos as i64))),
            lost_writes: phased(&lost, |nanos| nanos as f64 / BILLION),
        }
    };
    specification.stores.iter().map(of).collect()
}
