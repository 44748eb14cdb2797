//! Whose fault a loss was.

use super::close::Closing;
use super::ideal::Ideal;
use super::{Above, Flow, Traffic, enough};
use crate::blame::{Mechanism, SourceId};
use crate::ledger::Culprit;
use crate::specification::{Effect, PopulationId, Scope, Serving, SiteId, Steering};
use crate::volume::Volume;
use sim::{Instant, Span};

impl<'d> Traffic<'d> {
    /// Who began what a scope suffers while no fault is active: whoever changed the answers last, else demand.
    pub(super) fn root_of(&self, scope: Scope, above: Above) -> SourceId {
        let lossy = self.flows.iter().find(|(id, flow)| {
            self.design.holds(scope, *id)
                && (flow.is_lossy() || flow.arrivals.iter().any(|(site, _)| self.in_hot_pool(*id, *site)))
        });
        let displaced = lossy.filter(|_| {
            !above.faults.active().is_empty()
                || self.flows.iter().any(|(id, flow)| !self.is_nominal(id, flow))
        });
        displaced.map_or(self.design.demand_source(), |(id, _)| self.displacer(id))
    }

    pub(super) fn is_nominal(&self, population: PopulationId, flow: &Flow) -> bool {
        let nominal = &self.nominal[population];
        flow.arrivals.len() == nominal.len()
            && flow
                .arrivals
                .iter()
                .all(|(site, share)| nominal.contains(&(*site, share.0[0])) && share.is_constant())
    }

    /// Charges a loss for want of capacity at a site (none: everywhere at once) to the faults that took away capacity
    /// which would have eased it, each site's part equally among the roots of its own; where none is missing, to whoever
    /// moved the traffic here.
    pub(super) fn charge_removed(
        &self,
        population: PopulationId,
        full: Option<SiteId>,
        mechanism: Mechanism,
        volume: Volume,
        closing: &mut Closing<'_, '_, 'd>,
    ) {
        if volume.is_zero() {
            return;
        }
        let removed = self.removed(population, full, closing.above);
        let total: f64 = removed.iter().map(|(_, rate)| rate).sum();
        let root = self.displacer(population);
        if removed.is_empty() || total <= 0.0 {
            closing.charge(population, mechanism, volume, &[], root);
            return;
        }
        let mut blamed = Vec::new();
        let mut given = Volume::ZERO;
        let mut so_far = 0.0;
        for (index, (site, rate)) in removed.iter().enumerate() {
            so_far += rate;
            let upto = if index + 1 == removed.len() {
                volume
            } else {
                Volume::from_requests(volume.requests() * so_far / total).min(volume)
            };
            let takes =
                |effect: Effect| effect.takes_from_clients() || matches!(effect, Effect::Degraded { .. });
            closing.above.faults.with_effect(&self.design.topology, *site, takes, &mut blamed);
            if blamed.is_empty() {
                closing.above.that_take(&self.design.topology, *site, population, &mut blamed);
            }
            closing.charge(population, mechanism, upto - given, &blamed, root);
            given = upto;
        }
    }

    /// Whoever moved traffic on to the sites of `population`: the root of its own answer if it is not where it would be
    /// if nothing ever failed, else of the first population that is not.
    pub(super) fn displacer(&self, population: PopulationId) -> SourceId {
        let displaced = |id: &PopulationId| !self.is_nominal(*id, &self.flows[*id]);
        let own = Some(population).filter(displaced);
        own.or_else(|| self.flows.ids().find(displaced))
            .map_or(self.flows[population].root, |id| self.flows[id].root)
    }

    /// Sites of a population's entry point with capacity missing that would ease the load of `full` (none: of all
    /// sites at once), and how much: its rate, or 1 where it is unlimited.
    pub(super) fn removed(
        &self,
        population: PopulationId,
        full: Option<SiteId>,
        above: Above,
    ) -> Vec<(SiteId, f64)> {
        let entry = self.design.specification().populations[population].entry;
        let sites = &self.design.specification().entries[entry].sites;
        let missing = |site: &SiteId| {
            let rate = self.design.pool(population, *site).map_or(1.0, |pool| self.design.pools[pool].rate);
            let left = if above.reaches(population, *site) { above.sites.truth(*site).capacity } else { 0.0 };
            let missing = left < 1.0 && full.is_none_or(|full| self.eases(population, *site, full, above));
            missing.then_some((*site, rate * (1.0 - left)))
        };
        sites.iter().filter_map(missing).collect()
    }

    /// If `site` had all its capacity back and nothing else changed, would it take from `full` some of what this population
    /// sends there? A standby would not while one before it in the order serves; a site that is answered and serves
    /// has its share already.
    fn eases(&self, population: PopulationId, site: SiteId, full: SiteId, above: Above) -> bool {
        let entry = self.design.specification().populations[population].entry;
        match self.design.specification().entries[entry].steering {
            _ if site == full => true,
            Steering::Static { .. } => false,
            Steering::Ideal => true,
            Steering::Dns(_) => self.would_draw(population, site, above),
        }
    }

    /// Would a site of an entry point steered by DNS get more of a population's traffic if it were back?
    fn would_draw(&self, population: PopulationId, site: SiteId, above: Above) -> bool {
        let flow = &self.flows[population];
        let answered = |site| above.answers.share(flow.reply.answer, site) > 0.0;
        if answered(site) {
            // Its clients may have gone elsewhere, rather than be lost.
            return !above.reaches(population, site) && flow.lost.iter().all(|lost| lost.site != site);
        }
        let plan = &self.design.entries[self.design.specification().populations[population].entry];
        let mut routers = plan.populations.iter().zip(&plan.routers);
        let router = routers.find_map(|(id, router)| (*id == population).then_some(router));
        router.is_some_and(|router| router.would_answer(site, answered, flow.reply.open))
    }

    /// What would be lost even with every site up is the demand's own fault; the rest is charged to what is missing.
    pub(super) fn charge_ideal_excess(
        &self,
        population: PopulationId,
        ideal: &Ideal,
        volume: Volume,
        (from, until): (Instant, Instant),
        closing: &mut Closing<'_, '_, 'd>,
    ) {
        let whole: Option<f64> = ideal
            .sites
            .iter()
            .map(|site| self.design.pool(population, *site).map(|pool| self.design.pools[pool].rate))
            .sum();
        let parts = ideal.parts(self.design);
        let brought: f64 = parts.iter().map(|(_, part)| part.integral(from, until)).sum();
        let seconds = (until - from).seconds();
        let middle = from + Span::from_nanos((until - from).nanos() / 2);
        let rate: f64 = parts.iter().map(|(_, part)| part.at(middle)).sum();
        let excess = brought - ideal.capacity() * seconds;
        let own = match whole {
            Some(whole) if rate > whole && excess > 0.0 => {
                ((brought - whole * seconds) / excess).clamp(0.0, 1.0)
            }
            _ => 0.0,
        };
        let demand = Volume::from_requests(volume.requests() * own).min(volume);
        let demanding = closing.ledger.root(self.design.demand_source());
        closing.ledger.lose(population, ideal.excess_mechanism(), demanding, demand);
        self.charge_removed(population, None, ideal.excess_mechanism(), volume - demand, closing);
    }

    /// Faults that make any site of an ideal entry fail some of its requests.
    pub(super) fn greying(&self, ideal: &Ideal, above: Above, blamed: &mut Vec<usize>) {
        let mut all = Vec::new();
        let is_grey = |effect| matches!(effect, Effect::Errors { .. });
        for site in ideal.sites.iter().filter(|site| above.sites.truth(**site).errors > 0.0) {
            above.faults.with_effect(&self.design.topology, *site, is_grey, blamed);
            all.append(blamed);
        }
        all.sort_unstable();
        all.dedup();
        *blamed = all;
    }

    /// Faults that silence the name servers a population asks; else those that take the sites it may use.
    pub(super) fn silenced(&self, population: PopulationId, above: Above, blamed: &mut Vec<usize>) {
        let entry = self.design.specification().populations[population].entry;
        blamed.clear();
        for (index, fault) in above.faults.active().iter().enumerate() {
            let asked =
                fault.domain().is_some_and(|domain| self.design.topology.answers[domain].contains(&entry));
            if asked && fault.effects().iter().any(|effect| effect.silences()) {
                blamed.push(index);
            }
        }
        if blamed.is_empty() {
            self.lacking(population, above, blamed);
        }
    }

    /// Faults that take any site of a population's entry point from it.
    pub(super) fn lacking(&self, population: PopulationId, above: Above, blamed: &mut Vec<usize>) {
        let entry = self.design.specification().populations[population].entry;
        self.takers(population, &self.design.specification().entries[entry].sites, above, blamed);
    }

    /// Faults that take sites which some scope of a population needs and has too few of.
    pub(super) fn needed(&self, population: PopulationId, above: Above, blamed: &mut Vec<usize>) {
        let levels =
            self.design.levels.rows().iter().filter(|level| self.design.holds(level.scope, population));
        let short: Vec<SiteId> = levels
            .filter_map(|level| match &level.serving {
                Serving::Needs { of, .. } if !enough(&level.serving, above) => Some(of),
                _ => None,
            })
            .flatten()
            .copied()
            .collect();
        self.takers(population, &short, above, blamed);
    }

    /// Faults that take any of `sites` from a population.
    pub(super) fn takers(
        &self,
        population: PopulationId,
        sites: &[SiteId],
        above: Above,
        blamed: &mut Vec<usize>,
    ) {
        let mut all = Vec::new();
        for &site in sites.iter().filter(|site| !above.reaches(population, **site)) {
            above.that_take(&self.design.topology, site, population, blamed);
            all.append(blamed);
        }
        all.sort_unstable();
        all.dedup();
        *blamed = all;
    }
}

impl Closing<'_, '_, '_> {
    /// Splits a loss equally among the roots of active faults, or charges it to `root` where there is none: several
    /// phases of one incident bear no more than one fault.
    pub(super) fn charge(
        &mut self,
        population: PopulationId,
        mechanism: Mechanism,
        volume: Volume,
        blamed: &[usize],
        root: SourceId,
    ) {
        if volume.is_zero() {
            return;
        }
        if blamed.is_empty() {
            let culprit = self.ledger.root(root);
            self.ledger.lose(population, mechanism, culprit, volume);
            return;
        }
        let active = self.above.faults.active();
        if let [only] = blamed {
            self.ledger.lose(population, mechanism, Culprit::of(&active[*only]), volume);
            return;
        }
        let mut culprits: Vec<Culprit> = Vec::with_capacity(blamed.len());
        blamed.iter().for_each(|index| Culprit::of(&active[*index]).join(&mut culprits));
        volume.share_equally(culprits.len(), |index, part| {
            self.ledger.lose(population, mechanism, culprits[index], part);
        });
    }
}
