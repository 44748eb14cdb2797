//! The events of the world: a closed list, small and `Copy`.

use crate::design::{CohortId, ComponentId, PlannedId, WatchId};
use crate::specification::{EntryId, ShockId, StoreId};
use sim::{Calendar, Id, Instant, Key, Ticket};

/// Everything that happens at an instant of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Event {
    /// A component is repaired.
    Repair(ComponentId),
    /// A planned fault ends.
    Cease(PlannedId),
    /// A component fails.
    Fail(ComponentId),
    /// A planned fault begins.
    Strike(PlannedId),
    /// A shock strikes its victims.
    Shock(ShockId),
    /// A health check changes its verdict.
    Flip(WatchId),
    /// A health check under random probes must be looked at again.
    Look(WatchId),
    /// A verdict reaches an entry point's answers: the site's position in the entry's list, and the verdict.
    Publish { entry: EntryId, position: u16, healthy: bool },
    /// A cohort's caches reach a point where the way they change changes.
    Turn(CohortId),
    /// A store's lease ends, a promotion is over, or it stops waiting for replicas.
    Store(StoreId),
    /// The observed run begins.
    Begin,
}

const _: () = assert!(size_of::<Event>() <= 16);

impl Event {
    /// The order of events at one instant: repairs, failures, stores, verdicts, answers, caches; within a rank by entity,
    /// then by the entity's sequence number. All of them apply before the state is observed.
    const fn rank(self) -> u8 {
        match self {
            Event::Begin => 0,
            Event::Repair(_) => 1,
            Event::Cease(_) => 2,
            Event::Fail(_) => 3,
            Event::Strike(_) => 4,
            Event::Shock(_) => 5,
            Event::Store(_) => 6,
            Event::Flip(_) => 7,
            Event::Look(_) => 8,
            Event::Publish { .. } => 9,
            Event::Turn(_) => 10,
        }
    }

    fn entity(self) -> u32 {
        match self {
            Event::Repair(component) | Event::Fail(component) => component.0,
            Event::Cease(planned) | Event::Strike(planned) => planned.0,
            Event::Shock(shock) => shock.0,
            Event::Store(store) => store.0,
            Event::Flip(watch) | Event::Look(watch) => watch.0,
            // Entries and positions are few: 2^12 of each fit.
            Event::Publish { entry, position, .. } => (entry.index() as u32) << 12 | u32::from(position),
            Event::Turn(cohort) => cohort.0,
            Event::Begin => 0,
        }
    }
}

/// The world's calendar up to the horizon, with the sequence numbers that order an entity's own events.
#[derive(Clone, Debug)]
pub(crate) struct Agenda {
    calendar: Calendar<Event>,
    /// What would happen then or later never does.
    horizon: Instant,
    sequence: u32,
}

impl Agenda {
    pub(crate) fn new(horizon: Instant) -> Self {
        Agenda { calendar: Calendar::new(), horizon, sequence: 0 }
    }

    /// Schedules `event`; an entity's own events keep the order of their scheduling.
    pub(crate) fn add(&mut self, at: Instant, event: Event) -> Ticket {
        // One counter serves all entities: between events of one entity it only grows.
        self.sequence = self.sequence.wrapping_add(1);
        let key = Key::new(at, event.rank(), event.entity(), self.sequence);
        if at < self.horizon { self.calendar.schedule(key, event) } else { Ticket::void(key) }
    }

    pub(crate) fn cancel(&mut self, ticket: Ticket) {
        if ticket.at() < self.horizon {
            self.calendar.cancel(ticket);
        }
    }

    pub(crate) fn next_at(&mut self) -> Option<Instant> {
        self.calendar.peek().map(Key::at)
    }

    pub(crate) fn take(&mut self) -> Option<(Instant, Event)> {
        self.calendar.pop().map(|(key, event)| (key.at(), event))
    }

    pub(crate) fn clear(&mut self) {
        self.calendar.clear();
        self.sequence = 0;
    }
}
