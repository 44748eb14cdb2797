//! The part of the world that keeps stores: it shows them what changed, and tells everybody what became of them.

use super::{Cause, World};
use crate::blame::SourceId;
use crate::observer::Observer;
use crate::operations::Told;
use crate::specification::{Family, PopulationId, Specification, Store, StoreId};
use crate::store::{Duties, Glimpse, Loss, News, Pace};
use crate::study::Arriving;
use crate::timeline::{StoreTurn, What};
use crate::traffic::Growth;
use sim::{Instant, Replication, Seed, Stream, StreamName, Table};

/// Since when each store has had no writer, since when two, and since when a former one is made a replica again.
#[derive(Clone, Debug)]
pub(super) struct Books {
    unwritten: Table<StoreId, Option<Instant>>,
    doubled: Table<StoreId, Option<Instant>>,
    rebuilt: Table<StoreId, Option<Instant>>,
    /// What must be done at set times, and since when nobody is heard who does it, or more than one.
    duties: Table<StoreId, Option<Duties>>,
    unheard: Table<StoreId, Option<Instant>>,
    heard_twice: Table<StoreId, Option<Instant>>,
    /// Since when the former writer was lost, and the root of that, where another one has followed it and cannot write yet.
    recovering: Table<StoreId, Option<(Instant, SourceId)>>,
}

impl Books {
    pub(super) fn new(specification: &Specification) -> Self {
        let none = || specification.stores.map(|_, _| None);
        let recovering = specification.stores.map(|_, _| None);
        Books {
            unwritten: none(),
            doubled: none(),
            rebuilt: none(),
            duties: specification.stores.map(|_, _| None),
            unheard: none(),
            heard_twice: none(),
            recovering,
        }
    }

    pub(super) fn reset(&mut self, specification: &Specification, seed: Seed, replication: Replication) {
        self.duties = specification.stores.map(|_, store| duties(store, seed, replication));
        self.unheard.rows_mut().fill(None);
        self.heard_twice.rows_mut().fill(None);
        self.unwritten.rows_mut().fill(None);
        self.doubled.rows_mut().fill(None);
        self.rebuilt.rows_mut().fill(None);
        self.recovering.rows_mut().fill(None);
    }
}

/// When the duties of a store fall due in a replication.
fn duties(store: &Store, seed: Seed, replication: Replication) -> Option<Duties> {
    let Family::Primary(plan) = &store.family else { return None };
    let mut stream = Stream::new(seed, replication, StreamName::of(&store.name, "duties"));
    plan.duties.map(|every| Duties::draw(every, &mut stream))
}

impl<O: Observer> World<'_, O> {
    /// Looks again at stores whose sites, or the network between them, may have changed.
    pub(super) fn settle_stores(&mut self) {
        let Some(cause) = self.stores.take_stirred() else { return };
        self.close();
        self.traffic.log_all_writes(self.now, &self.stores);
        for store in self.design.specification().stores.ids() {
            self.settle_store(store, cause);
        }
        for site in self.design.specification().sites.ids() {
            self.consult(site, cause);
        }
    }

    fn settle_store(&mut self, store: StoreId, cause: Cause) {
        let written = self.traffic.written(store, self.now, &self.stores);
        let layers = (&self.sites, &self.network);
        let news = self.stores.look(store, self.now, layers, written, cause, &mut self.agenda);
        for news in news {
            self.tell(store, news);
        }
        self.keep_books(store);
    }

    fn tell(&mut self, store: StoreId, news: News) {
        let turn = match news {
            News::Lost { at } => StoreTurn::Lost(at),
            News::Back { at } => StoreTurn::Back(at),
            News::GivenUp { at } => StoreTurn::GivenUp(at),
            News::Promoting { to } => StoreTurn::Promoting(to),
            News::HandedOver(Loss { to, writes, .. }) if self.stores.has_writer(store, self.now) => {
                StoreTurn::Writes { at: to, lost: writes }
            }
            News::HandedOver(Loss { to, writes, .. }) => StoreTurn::Follows { at: to, lost: writes },
            News::Returning { from } => StoreTurn::Returning(from),
            News::Stays { at } => StoreTurn::Stays(at),
            News::Returned { to, .. } => StoreTurn::Returned(to),
            News::Reconciled(Loss { from, writes, .. }) => StoreTurn::Reconciled { at: from, lost: writes },
            News::Rejoining { at } => StoreTurn::Rejoining(at),
            News::Rejoined { at } => StoreTurn::Rejoined(at),
            News::CatchesUp { at } => StoreTurn::CatchesUp(at),
            News::CaughtUp { at } => StoreTurn::CaughtUp(at),
        };
        let cause = self.stores.cause_of(store);
        self.stirred = Some(self.note(Some(cause.change), |_| What::StoreChanged { store, turn }));
        match news {
            News::HandedOver(loss) => {
                self.ledger.handed_over(store, loss, cause.root, self.now);
                if loss.from != loss.to {
                    self.data.recovering[store].get_or_insert((loss.since, cause.root));
                }
            }
            News::Returned { .. } => self.ledger.returned(store, self.now),
            News::Reconciled(loss) => self.ledger.reconciled(store, loss, cause.root, self.now),
            _ => {}
        }
    }

    fn keep_books(&mut self, store: StoreId) {
        let now = self.now.max(Instant::ZERO);
        let lacks = !self.stores.has_writer(store, self.now);
        let two = self.stores.has_two_writers(store, self.now);
        if let Some(since) = turn(&mut self.data.unwritten[store], lacks, now) {
            self.ledger.unwritten(store, now - since);
        }
        if let Some(since) = turn(&mut self.data.doubled[store], two, now) {
            self.ledger.two_writers(store, now - since);
        }
        if let Some(since) = turn(&mut self.data.rebuilt[store], self.stores.is_rebuilt(store), now) {
            self.ledger.rebuilt(store, now - since);
        }
        self.keep_duties(store, self.stores.heard(store), now);
        if !lacks && let Some(lost) = self.data.recovering[store].take() {
            self.ledger.recovered(store, lost, self.now);
        }
    }

    /// So many are heard who do the duties of a store from now on.
    fn keep_duties(&mut self, store: StoreId, heard: usize, now: Instant) {
        let Some(duties) = self.data.duties[store] else { return };
        if let Some(since) = turn(&mut self.data.unheard[store], heard == 0, now) {
            self.ledger.missed_duties(store, duties.due(since, now));
        }
        if let Some(since) = turn(&mut self.data.heard_twice[store], heard > 1, now) {
            self.ledger.double_signs(store, duties.due(since, now));
        }
    }

    pub(crate) fn now(&self) -> Instant {
        self.now
    }

    /// Where the requests of each population arrive.
    pub(crate) fn arriving(&self) -> Vec<Arriving> {
        self.traffic.arriving()
    }

    /// What the resolvers of each population are told from now on.
    pub(crate) fn told(&self) -> Table<PopulationId, Told> {
        self.design.specification().populations.map(|id, _| self.traffic.told(id, self.now, self.above()))
    }

    /// Can anybody write each store?
    pub(crate) fn writable(&self) -> Table<StoreId, bool> {
        self.design.specification().stores.map(|store, _| self.stores.has_writer(store, self.now))
    }

    /// What is seen of a store now.
    pub(crate) fn glimpse(&self, store: StoreId) -> Glimpse {
        self.stores.glimpse(store, self.now)
    }

    /// How each member of a store comes by the log, if catching up takes time.
    pub(crate) fn paces(&self, store: StoreId) -> &[Pace] {
        self.stores.paces(store)
    }

    /// How long the log of a store is now, and how it grows.
    pub(crate) fn growth(&self, store: StoreId) -> Growth {
        self.traffic.growth(store, self.now, &self.stores)
    }

    /// The run is over.
    pub(super) fn close_data(&mut self, horizon: Instant) {
        self.traffic.log_all_writes(horizon, &self.stores);
        for store in self.design.specification().stores.ids() {
            if let Some(since) = turn(&mut self.data.unwritten[store], false, horizon) {
                self.ledger.unwritten(store, horizon - since);
            }
            if let Some(since) = turn(&mut self.data.doubled[store], false, horizon) {
                self.ledger.two_writers(store, horizon - since);
            }
            if let Some(since) = turn(&mut self.data.rebuilt[store], false, horizon) {
                self.ledger.rebuilt(store, horizon - since);
            }
            self.keep_duties(store, 1, horizon);
            let written = self.traffic.written(store, horizon, &self.stores);
            if let Some(loss) = self.stores.unreconciled(store, horizon, written) {
                let root = self.stores.cause_of(store).root;
                self.ledger.reconciled(store, loss, root, horizon);
            }
        }
    }
}

/// Something holds from now on, or no longer; returns since when it held, if it is over.
fn turn(since: &mut Option<Instant>, holds: bool, now: Instant) -> Option<Instant> {
    if holds {
        since.get_or_insert(now);
        return None;
    }
    since.take()
}
