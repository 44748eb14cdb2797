//! The books of what is written to stores: what arrives where it can be written, less what sites refuse or fail.

use super::{Above, Flow, Traffic};
use crate::design::Design;
use crate::specification::{PopulationId, SiteId, StoreId};
use crate::store::{Access, Stores, Written};
use sim::integral::Poly;
use sim::{Instant, Span, Table};

/// Writes that a store has accepted so far in a replication.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Book {
    by_present: f64,
    by_former: f64,
}

/// How the log of a store grows while nothing changes.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Growth {
    /// Writes accepted up to now, if the books are closed now.
    pub(crate) length: Option<f64>,
    pub(crate) flows: Vec<Writes>,
}

/// What a population writes where it is accepted.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Writes {
    pub(crate) population: PopulationId,
    /// Writes for each of its requests, in seconds from then on.
    pub(crate) origin: Instant,
    pub(crate) each: Poly,
}

impl Writes {
    /// Writes between two instants.
    pub(crate) fn between(&self, design: &Design, from: Instant, until: Instant) -> f64 {
        design.curves[self.population].weighted(self.each, self.origin, from, until)
    }

    /// Do they come at one rate?
    pub(crate) fn is_steady(&self, design: &Design) -> bool {
        self.each.is_constant() && design.curves[self.population].is_flat()
    }
}

impl Book {
    fn enter(&mut self, access: Access, writes: f64) {
        match access {
            Access::Present => self.by_present += writes,
            Access::Former => self.by_former += writes,
            Access::None => {}
        }
    }
}

/// Takes what a site refused, or failed by errors of its own, out of the books again.
pub(super) fn unwrite(
    books: &mut Table<StoreId, Book>,
    design: &Design,
    (population, site): (PopulationId, SiteId),
    requests: f64,
    stores: &Stores,
) {
    for store in design.specification().stores.ids() {
        books[store].enter(stores.access(store, site), -requests * design.writes[store][population]);
    }
}

impl Traffic<'_> {
    /// Adds what a population wrote since it was last asked to the stores' books.
    pub(super) fn log_writes(&mut self, population: PopulationId, now: Instant, stores: &Stores) {
        if self.written.is_empty() {
            return;
        }
        let from = std::mem::replace(&mut self.flows[population].logged, now);
        let flow = &self.flows[population];
        if now <= from {
            return;
        }
        let curve = &self.design.curves[population];
        for &(site, share) in &flow.arrivals {
            let requests = curve.weighted(share, flow.origin, from, now);
            for store in self.design.specification().stores.ids() {
                let writes = requests * self.design.writes[store][population];
                self.written[store].enter(stores.access(store, site), writes);
            }
        }
    }

    /// What each store has accepted up to now.
    pub(crate) fn log_all_writes(&mut self, now: Instant, stores: &Stores) {
        for population in self.flows.ids() {
            self.log_writes(population, now, stores);
        }
    }

    /// What a store has accepted as of the last look, and what it accepts just before `now`.
    pub(crate) fn written(&self, store: StoreId, now: Instant, stores: &Stores) -> Written {
        let Book { by_present, by_former } = self.written[store];
        let arrives = |(id, flow): (PopulationId, &Flow)| -> f64 {
            let x = (now - flow.origin).seconds();
            let present =
                flow.arrivals.iter().filter(|(site, _)| stores.access(store, *site) == Access::Present);
            let share: f64 = present.map(|(site, share)| share.at(x) * self.admitted_at(id, *site)).sum();
            self.design.curves[id].rate(now - Span::NANOSECOND) * share * self.design.writes[store][id]
        };
        Written { by_present, by_former, rate: self.flows.iter().map(arrives).sum() }
    }

    /// How long the log of a store is, and how it grows as of `now`.
    pub(crate) fn growth(&self, store: StoreId, now: Instant, stores: &Stores) -> Growth {
        let accepted = |(population, flow): (PopulationId, &Flow)| {
            let present =
                flow.arrivals.iter().filter(|(site, _)| stores.access(store, *site) == Access::Present);
            let share = present.fold(Poly::ZERO, |sum, (_, share)| sum + *share);
            let each = share * self.design.writes[store][population];
            Writes { population, origin: flow.origin, each }
        };
        let flows: Vec<Writes> = self.flows.iter().map(accepted).collect();
        let closed = self.flows.rows().iter().all(|flow| flow.logged == now);
        Growth { length: closed.then_some(self.written[store].by_present), flows }
    }

    /// Remembers what part of each population's requests every site admits and does not fail just before `at`, before
    /// anything changes.
    pub(super) fn remember_admitted(&mut self, at: Instant, above: Above) {
        if self.written.is_empty() {
            return;
        }
        self.admitted.clear();
        for (population, flow) in self.flows.iter() {
            for (site, _) in &flow.arrivals {
                let shed = self.shed_share(population, *site, at);
                let part = (1.0 - shed) * (1.0 - above.sites.truth(*site).errors);
                if part < 1.0 {
                    self.admitted.push((population, *site, part));
                }
            }
        }
    }

    fn admitted_at(&self, population: PopulationId, site: SiteId) -> f64 {
        let known = self.admitted.iter().find(|(id, at, _)| (*id, *at) == (population, site));
        known.map_or(1.0, |(.., part)| *part)
    }
}
