//! What is lost at an instant, and whether anything can be.

use super::ideal::Ideal;
use super::{Above, Flow, Lost, Traffic, enough};
use crate::blame::Mechanism;
use crate::design::{LevelId, PoolId};
use crate::excess::Part;
use crate::specification::{PopulationId, Serving, SiteId};
use sim::integral::Poly;
use sim::{Id, Instant};

/// Lost requests per second, by mechanism.
pub(crate) type Rates = [f64; Mechanism::ALL.len()];

/// What a population asks for per second at an instant, and what it loses of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Glance {
    pub(super) demand: f64,
    pub(super) lost: f64,
    /// Does it lose anything at all, by whatever mechanism?
    loses: bool,
}

impl Glance {
    /// What is lost beyond `1 - share` of the demand.
    pub(super) fn beyond(&self, share: f64) -> f64 {
        self.lost - (1.0 - share) * self.demand
    }
}

impl<'d> Traffic<'d> {
    /// Are its demand and its shares the same throughout a stretch? Then so is what it loses, unless
    /// others whose demands move draw on the same capacity.
    pub(super) fn is_steady(&self, population: PopulationId) -> bool {
        let flow = &self.flows[population];
        self.design.curves[population].is_flat()
            && !self.in_hot_pools(population)
            && flow.unanswered.is_constant()
            && flow.arrivals.iter().all(|(_, share)| share.is_constant())
            && flow.lost.iter().all(|lost| lost.share.is_constant())
            && self.ideal_is_steady(population)
    }

    /// Are all demands that an ideal router serves together with this one the same throughout?
    fn ideal_is_steady(&self, population: PopulationId) -> bool {
        let entry = self.design.specification().populations[population].entry;
        let ideal = self.ideals[entry].as_ref();
        ideal.is_none_or(|ideal| ideal.populations.iter().all(|id| self.design.curves[*id].is_flat()))
    }

    /// Does what `population` loses depend on a capacity?
    pub(super) fn is_limited(&self, population: PopulationId) -> bool {
        let entry = self.design.specification().populations[population].entry;
        self.ideals[entry].as_ref().is_some_and(|ideal| !ideal.is_calm())
            || (self.pools.any_hot() && self.in_hot_pools(population))
    }

    pub(super) fn in_hot_pools(&self, population: PopulationId) -> bool {
        self.flows[population].arrivals.iter().any(|(site, _)| self.in_hot_pool(population, *site))
    }

    /// May `population` lose anything before the next change?
    pub(super) fn may_lose(&self, population: PopulationId) -> bool {
        self.flows[population].is_lossy() || self.is_limited(population)
    }

    pub(super) fn glance(&self, population: PopulationId, at: Instant, above: Above) -> Glance {
        let demand = self.design.curves[population].rate(at);
        let flow = &self.flows[population];
        let limited = self.is_limited(population);
        if !limited && !flow.is_lossy() {
            return Glance { demand, lost: 0.0, loses: false };
        }
        if !limited {
            let share = flow.loss(population, above).at((at - flow.origin).seconds());
            return Glance { demand, lost: demand * share, loses: share > 0.0 };
        }
        let rates = self.rates_of(population, demand, at, above);
        Glance { demand, lost: rates.iter().sum(), loses: rates.iter().any(|rate| *rate > 0.0) }
    }

    /// What every population asks for and loses at an instant, into `glances`.
    pub(super) fn look_around(&self, at: Instant, above: Above, glances: &mut Vec<Glance>) {
        glances.clear();
        glances.extend(self.flows.ids().map(|id| self.glance(id, at, above)));
    }

    pub(super) fn pool_parts(&self, pool: PoolId) -> impl Iterator<Item = (PopulationId, Part<'d>)> + '_ {
        self.pools.parts(pool, &self.flows, &self.design.curves)
    }

    /// Requests that `population` loses per second at `at`, by mechanism.
    pub(crate) fn rates(&self, population: PopulationId, at: Instant, above: Above) -> Rates {
        if !self.may_lose(population) {
            return [0.0; Mechanism::ALL.len()];
        }
        self.rates_of(population, self.design.curves[population].rate(at), at, above)
    }

    /// The same for one that may lose something, of the demand it has at that instant.
    fn rates_of(&self, population: PopulationId, demand: f64, at: Instant, above: Above) -> Rates {
        let mut rates = [0.0; Mechanism::ALL.len()];
        let flow = &self.flows[population];
        let x = (at - flow.origin).seconds();
        if flow.missing {
            rates[Mechanism::NoRoute.index()] = demand;
            return rates;
        }
        for lost in &flow.lost {
            let share = lost.share.at(x);
            let (undetected, stale) = flow.mechanisms(lost);
            let answered = share.min(lost.answered);
            rates[undetected.index()] += demand * answered;
            rates[stale.index()] += demand * (share - answered);
        }
        rates[Mechanism::NoRoute.index()] += demand * flow.unanswered.at(x);
        for (site, share) in &flow.arrivals {
            let arrives = demand * share.at(x);
            let shed = arrives * self.shed_share(population, *site, at);
            rates[Mechanism::Overload.index()] += shed;
            let (errors, unwritten) = above.failing(population, *site);
            rates[Mechanism::Grey.index()] += (arrives - shed) * errors;
            rates[Mechanism::NoWriter.index()] += (arrives - shed) * unwritten;
        }
        self.ideal_rates(population, at, demand, &mut rates);
        rates
    }

    pub(super) fn ideal_rates(&self, population: PopulationId, at: Instant, demand: f64, rates: &mut Rates) {
        let entry = self.design.specification().populations[population].entry;
        let Some(ideal) = &self.ideals[entry] else { return };
        if ideal.is_calm() {
            return;
        }
        if !ideal.reaches(population) {
            rates[Mechanism::NoRoute.index()] += demand;
            return;
        }
        let total = ideal.demand(self.design, at);
        if total > 0.0 {
            let (errors, excess) = ideal.loss(total);
            rates[Mechanism::Grey.index()] += errors * demand / total;
            rates[ideal.excess_mechanism().index()] += excess * demand / total;
        }
    }

    /// The share of what arrives at `site` that is refused for want of capacity.
    pub(super) fn shed_share(&self, population: PopulationId, site: SiteId, at: Instant) -> f64 {
        if !self.pools.any_hot() {
            return 0.0;
        }
        let Some(pool) = self.design.pool(population, site).filter(|pool| self.pools.is_hot(*pool)) else {
            return 0.0;
        };
        let load: f64 = self.pool_parts(pool).map(|(_, part)| part.at(at)).sum();
        let excess = load - self.pools.capacity(pool);
        if excess > 0.0 { excess / load } else { 0.0 }
    }

    pub(super) fn in_hot_pool(&self, population: PopulationId, site: SiteId) -> bool {
        self.design.pool(population, site).is_some_and(|pool| self.pools.is_hot(pool))
    }

    /// Is a level down at the instant of these glances?
    pub(super) fn is_down(&self, level: LevelId, glances: &[Glance], above: Above) -> bool {
        let plan = &self.design.levels[level];
        let mut members = plan.members.iter().map(|id| &glances[id.index()]);
        match &plan.serving {
            Serving::Needs { .. } => !enough(&plan.serving, above),
            Serving::Share(share) if *share >= 1.0 => members.any(|glance| glance.loses),
            Serving::Share(share) => members.map(|glance| glance.beyond(*share)).sum::<f64>() > 0.0,
        }
    }
}

impl Flow {
    /// The share of its demand that is lost, where no capacity limits it.
    pub(super) fn loss(&self, population: PopulationId, above: Above) -> Poly {
        if self.missing {
            return Poly::constant(1.0);
        }
        let lost = self.lost.iter().fold(self.unanswered, |sum, lost| sum + lost.share);
        if !self.grey {
            return lost;
        }
        self.arrivals.iter().fold(lost, |sum, (site, share)| {
            let (errors, unwritten) = above.failing(population, *site);
            sum + *share * (errors + unwritten)
        })
    }

    /// What the answered and the merely cached part of traffic to a lost site are charged to.
    pub(super) fn mechanisms(&self, lost: &Lost) -> (Mechanism, Mechanism) {
        match (lost.dead, self.reply.open) {
            (false, _) => (Mechanism::Partition, Mechanism::Partition),
            (true, false) => (Mechanism::Undetected, Mechanism::StaleRoute),
            (true, true) => (Mechanism::NoRoute, Mechanism::StaleRoute),
        }
    }
}

impl Ideal {
    pub(super) fn reaches(&self, population: PopulationId) -> bool {
        let index = self.populations.iter().position(|known| *known == population);
        index.is_some_and(|index| self.reaching[index])
    }

    /// With no site left there is nowhere to go; otherwise what is left is full.
    pub(super) fn excess_mechanism(&self) -> Mechanism {
        if self.capacity() > 0.0 { Mechanism::Overload } else { Mechanism::NoRoute }
    }
}
