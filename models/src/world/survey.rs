//! Questions that a drill asks of a world at rest.

use super::World;
use crate::observer::Observer;
use crate::specification::{PopulationId, SiteId};
use crate::volume::Volume;
use sim::{Instant, Span, Table};

/// Steps of a day on which an extreme is sought before it is refined.
const STEPS: i64 = 1440;

impl<O: Observer> World<'_, O> {
    /// A fault is active, and no verdict, answer or cache is on its way any more.
    pub(crate) fn rests_after_a_fault(&self) -> bool {
        !self.faults.active().is_empty()
            && !self.cohorts.moving()
            && !self.beliefs.moving()
            && !self.entries.waiting()
    }

    pub(crate) fn lost_so_far(&self) -> Volume {
        self.ledger.lost_so_far()
    }

    pub(crate) fn serves(&self, site: SiteId) -> bool {
        self.sites.truth(site).serves()
    }

    pub(crate) fn sites_lost(&self) -> Vec<String> {
        let sites = self.design.specification().sites.iter();
        sites.filter(|(id, _)| !self.serves(*id)).map(|(_, site)| site.name.clone()).collect()
    }

    /// The least share of its requests that any entry point serves, at any time of the day from `from`, if nothing
    /// changes. Entry points are not added up: their requests need not be of one kind.
    pub(crate) fn least_served_share(&self, from: Instant) -> f64 {
        let entries = self.design.entries.rows().iter();
        entries
            .map(|entry| -greatest(from, |at| -self.served_share(&entry.populations, at)))
            .fold(1.0, f64::min)
    }

    fn served_share(&self, populations: &[PopulationId], at: Instant) -> f64 {
        let (mut offered, mut lost) = (0.0, 0.0);
        for &population in populations {
            offered += self.design.curves[population].rate(at);
            lost += self.traffic.rates(population, at, self.above()).iter().sum::<f64>();
        }
        if offered > 0.0 { 1.0 - lost / offered } else { 1.0 }
    }

    fn populations(&self) -> impl Iterator<Item = PopulationId> + use<O> {
        self.design.specification().populations.ids()
    }

    /// The greatest load of each site at any time of the day from `from`, if nothing changes.
    pub(crate) fn peak_loads(&self, from: Instant) -> Table<SiteId, f64> {
        let load = |site: SiteId, at: Instant| {
            let brought = |population| {
                self.traffic.share_of(population, site) * self.design.curves[population].rate(at)
            };
            self.populations().map(brought).sum::<f64>()
        };
        self.design.specification().sites.map(|site, _| greatest(from, |at| load(site, at)))
    }
}

/// The greatest value of `f` on the day from `from`: on a grid of minutes, then refined by thirds around the best.
fn greatest(from: Instant, f: impl Fn(Instant) -> f64) -> f64 {
    let step = Span::from_nanos(Span::DAY.nanos() / STEPS);
    let mut best = (f64::NEG_INFINITY, from);
    for index in 0..STEPS {
        let at = from + step * index;
        let value = f(at);
        if value > best.0 {
            best = (value, at);
        }
    }
    let (mut low, mut high) = ((best.1 - step).nanos().max(from.nanos()), (best.1 + step).nanos());
    while high - low > 3 {
        let third = (high - low) / 3;
        let (a, b) = (low + third, high - third);
        if f(Instant::from_nanos(a)) < f(Instant::from_nanos(b)) {
            low = a;
        } else {
            high = b;
        }
    }
    best.0.max(f(Instant::from_nanos(low)))
}
