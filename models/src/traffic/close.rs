//! Closing a stretch between two changes: what was lost in it, by what, and whose fault it was.

use super::ideal::Ideal;
use super::{Above, Flow, Lost, Traffic, enough};
use crate::blame::{Mechanism, SourceId};
use crate::design::PoolId;
use crate::excess::{Limits, Part, load_at, share_of_load, sign_changes};
use crate::ledger::Ledger;
use crate::poly::Poly;
use crate::specification::{Effect, PopulationId, Scope, Serving, SiteId};
use crate::volume::Volume;
use sim::{Instant, Span};

/// Shares of a stretch below this are rounding, not overload beyond the nominal one.
const DUST: f64 = 1e-12;

/// A stretch to be closed.
pub(crate) struct Closing<'c, 'w, 'd> {
    pub(crate) above: Above<'w, 'd>,
    pub(crate) ledger: &'c mut Ledger<'d>,
}

/// Lost requests per second, by mechanism.
pub(crate) type Rates = [f64; Mechanism::ALL.len()];

impl<'d> Traffic<'d> {
    /// Books what the stretch from `from` until `until` cost.
    pub(crate) fn close(&mut self, from: Instant, until: Instant, closing: &mut Closing<'_, '_, 'd>) {
        if until <= from {
            return;
        }
        let cuts = self.cuts(from, until, closing.above);
        for pair in cuts.windows(2) {
            self.close_piece(pair[0], pair[1], closing);
        }
    }

    /// The instants between which every loss is either there throughout or not at all, ends included.
    pub(super) fn cuts(&self, from: Instant, until: Instant, above: Above) -> Vec<Instant> {
        let mut cuts = vec![from];
        for &pool in self.pools.hot() {
            let parts: Vec<Part> = self.pool_parts(pool).into_iter().map(|(_, part)| part).collect();
            crossings(&parts, self.pools.capacity(pool), from, until, &mut cuts);
            let nominal = self.pools.nominal_parts(pool, &self.nominal, &self.design.curves);
            crossings(&nominal, self.design.pools[pool].rate, from, until, &mut cuts);
        }
        for ideal in self.ideals.rows().iter().flatten().filter(|ideal| !ideal.is_calm()) {
            let parts: Vec<Part> = ideal.parts(self.design).into_iter().map(|(_, part)| part).collect();
            for step in &ideal.steps {
                crossings(&parts, step.from + step.width, from, until, &mut cuts);
            }
        }
        cuts.push(until);
        cuts.sort_unstable();
        cuts.dedup();
        self.cut_at_thresholds(above, &mut cuts);
        cuts
    }

    /// Adds the instants at which a scope's served share crosses its threshold.
    fn cut_at_thresholds(&self, above: Above, cuts: &mut Vec<Instant>) {
        let mut found = Vec::new();
        for level in self.design.levels.rows() {
            let Serving::Share(share) = level.serving else { continue };
            if share >= 1.0 || !self.members(level.scope).any(|id| self.may_lose(id)) {
                continue;
            }
            for pair in cuts.windows(2) {
                if self.members(level.scope).any(|id| self.is_limited(id)) {
                    scan(&|at| self.beyond(level.scope, share, at, above), pair[0], pair[1], &mut found);
                } else {
                    let parts: Vec<Part> =
                        self.members(level.scope).map(|id| self.excess_part(id, share, above)).collect();
                    zeros(&parts, pair[0], pair[1], &mut found);
                }
            }
        }
        if !found.is_empty() {
            cuts.extend(found);
            cuts.sort_unstable();
            cuts.dedup();
        }
    }

    fn members(&self, scope: Scope) -> impl Iterator<Item = PopulationId> + '_ {
        self.flows.ids().filter(move |id| self.design.holds(scope, *id))
    }

    /// Does what `population` loses depend on a capacity?
    fn is_limited(&self, population: PopulationId) -> bool {
        let entry = self.design.specification().populations[population].entry;
        self.ideals[entry].as_ref().is_some_and(|ideal| !ideal.is_calm())
            || (self.pools.any_hot() && self.in_hot_pools(population))
    }

    fn in_hot_pools(&self, population: PopulationId) -> bool {
        self.flows[population].arrivals.iter().any(|(site, _)| self.in_hot_pool(population, *site))
    }

    /// What a population loses beyond `1 - share` of its demand, where no capacity limits it.
    fn excess_part(&self, population: PopulationId, share: f64, above: Above) -> Part<'d> {
        let flow = &self.flows[population];
        let allowed = Poly::constant(share - 1.0);
        let curve = &self.design.curves[population];
        Part { curve, share: flow.loss(above) + allowed, origin: flow.origin }
    }

    /// Does `population` lose anything at `at`?
    fn loses(&self, population: PopulationId, at: Instant, above: Above) -> bool {
        if self.is_limited(population) {
            return self.rates(population, at, above).iter().any(|rate| *rate > 0.0);
        }
        let flow = &self.flows[population];
        flow.is_lossy() && flow.loss(above).at((at - flow.origin).seconds()) > 0.0
    }

    /// May `population` lose anything before the next change?
    fn may_lose(&self, population: PopulationId) -> bool {
        self.flows[population].is_lossy() || self.is_limited(population)
    }

    /// Lost requests per second beyond what a threshold on the served share allows.
    fn beyond(&self, scope: Scope, share: f64, at: Instant, above: Above) -> f64 {
        let mut beyond = 0.0;
        for population in self.flows.ids().filter(|id| self.design.holds(scope, *id)) {
            let lost: f64 = self.rates(population, at, above).iter().sum();
            beyond += lost - (1.0 - share) * self.design.curves[population].rate(at);
        }
        beyond
    }

    fn pool_parts(&self, pool: PoolId) -> Vec<(PopulationId, Part<'d>)> {
        let design = self.design;
        self.pools.parts(pool, &self.flows, &design.curves)
    }

    /// Requests that `population` loses per second at `at`, by mechanism.
    pub(crate) fn rates(&self, population: PopulationId, at: Instant, above: Above) -> Rates {
        let mut rates = [0.0; Mechanism::ALL.len()];
        if !self.may_lose(population) {
            return rates;
        }
        let flow = &self.flows[population];
        let demand = self.design.curves[population].rate(at);
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
            rates[Mechanism::Grey.index()] += (arrives - shed) * above.sites.truth(*site).errors;
        }
        self.ideal_rates(population, at, demand, &mut rates);
        rates
    }

    fn ideal_rates(&self, population: PopulationId, at: Instant, demand: f64, rates: &mut Rates) {
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
    fn shed_share(&self, population: PopulationId, site: SiteId, at: Instant) -> f64 {
        let Some(pool) = self.design.pool(population, site).filter(|pool| self.pools.is_hot(*pool)) else {
            return 0.0;
        };
        let load: f64 = self.pool_parts(pool).iter().map(|(_, part)| part.at(at)).sum();
        let excess = load - self.pools.capacity(pool);
        if excess > 0.0 { excess / load } else { 0.0 }
    }

    fn close_piece(&mut self, from: Instant, until: Instant, closing: &mut Closing<'_, '_, 'd>) {
        let middle = from + Span::from_nanos((until - from).nanos() / 2);
        let lost_before = closing.ledger.lost_so_far();
        let down: Vec<_> =
            self.design.levels.ids().filter(|id| self.is_down(*id, middle, closing.above)).collect();
        for population in self.flows.ids() {
            self.close_population(population, from, until, closing);
        }
        self.close_pools(from, until, closing);
        for index in 0..self.ideals.len() {
            let ideal = self.ideals.rows()[index].as_ref().filter(|ideal| !ideal.is_calm());
            if let Some(ideal) = ideal {
                self.before_arrival += self.close_ideal(ideal, from, until, closing);
            }
        }
        for level in down {
            let root = self.root_of(self.design.levels[level].scope, closing.above);
            closing.ledger.book(level, from, until, closing.above.faults, root, lost_before);
        }
    }

    /// Who began what a scope suffers while no fault is active: whoever changed the answers last, else demand.
    fn root_of(&self, scope: Scope, above: Above) -> SourceId {
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

    fn in_hot_pool(&self, population: PopulationId, site: SiteId) -> bool {
        self.design.pool(population, site).is_some_and(|pool| self.pools.is_hot(pool))
    }

    fn is_nominal(&self, population: PopulationId, flow: &Flow) -> bool {
        let nominal = &self.nominal[population];
        flow.arrivals.len() == nominal.len()
            && flow
                .arrivals
                .iter()
                .all(|(site, share)| nominal.contains(&(*site, share.0[0])) && share.is_constant())
    }

    pub(super) fn is_down(&self, level: crate::design::LevelId, at: Instant, above: Above) -> bool {
        let plan = &self.design.levels[level];
        match &plan.serving {
            Serving::Needs { .. } => !enough(&plan.serving, above),
            Serving::Share(share) if *share >= 1.0 => {
                self.members(plan.scope).any(|id| self.loses(id, at, above))
            }
            Serving::Share(share) => self.beyond(plan.scope, *share, at, above) > 0.0,
        }
    }

    /// What a population loses before its requests arrive anywhere, and at grey sites.
    fn close_population(
        &mut self,
        population: PopulationId,
        from: Instant,
        until: Instant,
        closing: &mut Closing<'_, '_, 'd>,
    ) {
        let flow = &self.flows[population];
        if !flow.is_lossy() {
            return;
        }
        let curve = &self.design.curves[population];
        let volume = |share: Poly| Volume::from_requests(curve.weighted(share, flow.origin, from, until));
        let mut before_arrival = Volume::ZERO;
        let mut blamed = Vec::new();
        for lost in &flow.lost {
            let whole = volume(lost.share);
            before_arrival += whole;
            if flow.missing {
                continue;
            }
            let answered = self.answered(population, lost, from, until).min(whole);
            let (undetected, stale) = flow.mechanisms(lost);
            closing.above.that_take(&self.design.topology, lost.site, population, &mut blamed);
            closing.charge(population, undetected, answered, &blamed, flow.root);
            closing.charge(population, stale, whole - answered, &blamed, flow.root);
        }
        if !flow.unanswered.is_zero() {
            let whole = volume(flow.unanswered);
            before_arrival += whole;
            if !flow.missing {
                self.silenced(population, closing.above, &mut blamed);
                closing.charge(population, Mechanism::NoRoute, whole, &blamed, flow.root);
            }
        }
        if flow.missing {
            self.lacking(population, closing.above, &mut blamed);
            closing.charge(population, Mechanism::NoRoute, volume(Poly::constant(1.0)), &blamed, flow.root);
        } else {
            self.close_grey(population, from, until, closing);
        }
        self.before_arrival += before_arrival;
    }

    /// Requests that the current answer still sends to a lost site: the integral of the smaller of answer and cache.
    fn answered(&self, population: PopulationId, lost: &Lost, from: Instant, until: Instant) -> Volume {
        let flow = &self.flows[population];
        let curve = &self.design.curves[population];
        let cached = |a, b| curve.weighted(lost.share, flow.origin, a, b);
        let named = |a, b| lost.answered * curve.integral(a, b);
        let above = |at: Instant| lost.share.at((at - flow.origin).seconds()) > lost.answered;
        let requests = match (above(from), above(until)) {
            (false, false) => cached(from, until),
            (true, true) => named(from, until),
            (starts_above, _) => {
                let turn = halve(from, until, |at| above(at) == starts_above);
                if starts_above {
                    named(from, turn) + cached(turn, until)
                } else {
                    cached(from, turn) + named(turn, until)
                }
            }
        };
        Volume::from_requests(requests)
    }

    /// Grey sites fail a share of what they admit; what is refused for want of capacity is charged to overload.
    fn close_grey(
        &mut self,
        population: PopulationId,
        from: Instant,
        until: Instant,
        closing: &mut Closing<'_, '_, 'd>,
    ) {
        let flow = &self.flows[population];
        if !flow.grey {
            return;
        }
        let curve = &self.design.curves[population];
        let middle = from + Span::from_nanos((until - from).nanos() / 2);
        let mut blamed = Vec::new();
        for &(site, share) in &flow.arrivals {
            let errors = closing.above.sites.truth(site).errors;
            if errors == 0.0 {
                continue;
            }
            let mut admitted = curve.weighted(share, flow.origin, from, until);
            if self.shed_share(population, site, middle) > 0.0 {
                admitted -= self.shed(population, site, from, until);
            }
            let volume = Volume::from_requests(errors * admitted);
            let is_grey = |effect| matches!(effect, Effect::Errors { .. });
            closing.above.faults.with_effect(&self.design.topology, site, is_grey, &mut blamed);
            closing.charge(population, Mechanism::Grey, volume, &blamed, flow.root);
            self.refused[site] += errors * admitted;
        }
    }

    /// Requests of `population` refused at `site` for want of capacity, in a stretch that is overloaded throughout:
    /// at each instant every request is refused with the same probability.
    fn shed(&self, population: PopulationId, site: SiteId, from: Instant, until: Instant) -> f64 {
        let Some(pool) = self.design.pool(population, site) else { return 0.0 };
        let parts = self.pool_parts(pool);
        let Some(mine) = parts.iter().position(|(id, _)| *id == population) else { return 0.0 };
        let parts: Vec<Part> = parts.into_iter().map(|(_, part)| part).collect();
        let admitted = self.pools.capacity(pool) * share_of_load(&parts, mine, from, until);
        (parts[mine].integral(from, until) - admitted).max(0.0)
    }

    fn close_pools(&mut self, from: Instant, until: Instant, closing: &mut Closing<'_, '_, 'd>) {
        if !self.pools.any_hot() {
            return;
        }
        let seconds = (until - from).seconds();
        let middle = from + Span::from_nanos((until - from).nanos() / 2);
        let mut losses: Vec<(PopulationId, SiteId, f64)> = Vec::new();
        let mut nominal = 0.0;
        for &pool in self.pools.hot() {
            let site = self.design.pools[pool].site;
            let parts = self.pool_parts(pool);
            let load: f64 = parts.iter().map(|(_, part)| part.at(middle)).sum();
            if load > self.pools.capacity(pool) {
                losses.extend(parts.iter().map(|(id, _)| (*id, site, self.shed(*id, site, from, until))));
            }
            let usual = self.pools.nominal_parts(pool, &self.nominal, &self.design.curves);
            let rate = self.design.pools[pool].rate;
            if load_at(&usual, middle) > rate {
                nominal += usual.iter().map(|part| part.integral(from, until)).sum::<f64>() - rate * seconds;
            }
        }
        let total: f64 = losses.iter().map(|(_, _, lost)| lost).sum();
        let beyond = if total > 0.0 { 1.0 - nominal / total } else { 0.0 };
        let beyond = if beyond > DUST { beyond } else { 0.0 };
        for (population, site, lost) in losses {
            self.refused[site] += lost;
            if self.flows[population].missing {
                continue;
            }
            let volume = Volume::from_requests(lost);
            let excess = Volume::from_requests(lost * beyond).min(volume);
            let demand = self.design.demand_source();
            closing.ledger.lose(population, Mechanism::Overload, demand, volume - excess);
            self.charge_removed(population, Mechanism::Overload, excess, closing);
        }
    }

    /// Charges a loss for want of capacity to the faults that took capacity away, each site's part equally among its
    /// own; where none is missing, to whoever moved the traffic here.
    fn charge_removed(
        &self,
        population: PopulationId,
        mechanism: Mechanism,
        volume: Volume,
        closing: &mut Closing<'_, '_, 'd>,
    ) {
        if volume.is_zero() {
            return;
        }
        let removed = self.removed(population, closing.above);
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
    fn displacer(&self, population: PopulationId) -> SourceId {
        let displaced = |id: &PopulationId| !self.is_nominal(*id, &self.flows[*id]);
        let own = Some(population).filter(displaced);
        own.or_else(|| self.flows.ids().find(displaced))
            .map_or(self.flows[population].root, |id| self.flows[id].root)
    }

    /// Sites of a population's entry point with capacity missing, and how much: its rate, or 1 where it is unlimited.
    fn removed(&self, population: PopulationId, above: Above) -> Vec<(SiteId, f64)> {
        let entry = self.design.specification().populations[population].entry;
        let sites = &self.design.specification().entries[entry].sites;
        let missing = |site: &SiteId| {
            let rate = self.design.pool(population, *site).map_or(1.0, |pool| self.design.pools[pool].rate);
            let left = if above.reaches(population, *site) { above.sites.truth(*site).capacity } else { 0.0 };
            (left < 1.0).then_some((*site, rate * (1.0 - left)))
        };
        sites.iter().filter_map(missing).collect()
    }

    /// What an ideal router loses: to errors where it has no better, and for want of capacity. Returns what never came
    /// to any site.
    fn close_ideal(
        &self,
        ideal: &Ideal,
        from: Instant,
        until: Instant,
        closing: &mut Closing<'_, '_, 'd>,
    ) -> Volume {
        let parts = ideal.parts(self.design);
        let middle = from + Span::from_nanos((until - from).nanos() / 2);
        let rate_in_middle: f64 = parts.iter().map(|(_, part)| part.at(middle)).sum();
        let brought: f64 = parts.iter().map(|(_, part)| part.integral(from, until)).sum();
        let seconds = (until - from).seconds();
        let errors: f64 = ideal
            .steps
            .iter()
            .map(|step| match rate_in_middle {
                rate if rate <= step.from => 0.0,
                rate if rate >= step.from + step.width => step.errors * step.width * seconds,
                _ => step.errors * (brought - step.from * seconds),
            })
            .sum();
        let capacity = ideal.capacity();
        let excess = if rate_in_middle > capacity { brought - capacity * seconds } else { 0.0 };
        let mut blamed = Vec::new();
        for (population, part) in &parts {
            if self.flows[*population].missing {
                continue;
            }
            let share = part.integral(from, until) / brought;
            let is_grey = |effect| matches!(effect, Effect::Errors { .. });
            self.anywhere(ideal, closing.above, is_grey, &mut blamed);
            let root = self.flows[*population].root;
            closing.charge(
                *population,
                Mechanism::Grey,
                Volume::from_requests(errors * share),
                &blamed,
                root,
            );
            let volume = Volume::from_requests(excess * share);
            if self.removed(*population, closing.above).is_empty() {
                closing.charge(
                    *population,
                    ideal.excess_mechanism(),
                    volume,
                    &[],
                    self.design.demand_source(),
                );
            } else {
                self.charge_ideal_excess(*population, ideal, volume, (from, until), closing);
            }
        }
        for population in ideal.populations.iter().filter(|id| !ideal.reaches(**id)) {
            if self.flows[*population].missing {
                continue;
            }
            let volume = Volume::from_requests(self.design.curves[*population].integral(from, until));
            self.lacking(*population, closing.above, &mut blamed);
            closing.charge(*population, Mechanism::NoRoute, volume, &blamed, self.flows[*population].root);
        }
        let unreachable = ideal.populations.iter().filter(|id| !ideal.reaches(**id));
        let nowhere: Volume =
            unreachable.map(|id| Volume::from_requests(self.design.curves[*id].integral(from, until))).sum();
        // Where no site has any capacity left, nothing arrives anywhere either.
        if capacity > 0.0 { nowhere } else { nowhere + Volume::from_requests(brought) }
    }

    /// What would be lost even with every site up is the demand's own fault; the rest is charged to what is missing.
    fn charge_ideal_excess(
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
        closing.ledger.lose(population, ideal.excess_mechanism(), self.design.demand_source(), demand);
        self.charge_removed(population, ideal.excess_mechanism(), volume - demand, closing);
    }

    /// Faults with some effect on any site of an ideal entry.
    fn anywhere(
        &self,
        ideal: &Ideal,
        above: Above,
        counts: impl Fn(Effect) -> bool + Copy,
        blamed: &mut Vec<usize>,
    ) {
        let mut all = Vec::new();
        for site in &ideal.sites {
            above.faults.with_effect(&self.design.topology, *site, counts, blamed);
            all.append(blamed);
        }
        all.sort_unstable();
        all.dedup();
        *blamed = all;
    }

    /// Faults that silence the name servers a population asks; else those that take the sites it may use.
    fn silenced(&self, population: PopulationId, above: Above, blamed: &mut Vec<usize>) {
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
    fn lacking(&self, population: PopulationId, above: Above, blamed: &mut Vec<usize>) {
        let entry = self.design.specification().populations[population].entry;
        let mut all = Vec::new();
        for &site in &self.design.specification().entries[entry].sites {
            if !above.reaches(population, site) {
                above.that_take(&self.design.topology, site, population, blamed);
                all.append(blamed);
            }
        }
        all.sort_unstable();
        all.dedup();
        *blamed = all;
    }
}

impl Flow {
    /// The share of its demand that is lost, where no capacity limits it.
    fn loss(&self, above: Above) -> Poly {
        if self.missing {
            return Poly::constant(1.0);
        }
        let lost = self.lost.iter().fold(self.unanswered, |sum, lost| sum + lost.share);
        if !self.grey {
            return lost;
        }
        self.arrivals.iter().fold(lost, |sum, (site, share)| sum + *share * above.sites.truth(*site).errors)
    }

    /// What the answered and the merely cached part of traffic to a lost site are charged to.
    fn mechanisms(&self, lost: &Lost) -> (Mechanism, Mechanism) {
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

impl Closing<'_, '_, '_> {
    /// Splits a loss equally among active faults, or charges it to `root` where there is none.
    fn charge(
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
            self.ledger.lose(population, mechanism, root, volume);
            return;
        }
        let active = self.above.faults.active();
        volume.share_equally(blamed.len(), |index, part| {
            self.ledger.lose(population, mechanism, active[blamed[index]].source, part);
        });
    }
}

/// Adds the instants at which a load crosses a capacity.
fn crossings(parts: &[Part], capacity: f64, from: Instant, until: Instant, cuts: &mut Vec<Instant>) {
    if parts.is_empty() || capacity.is_infinite() {
        return;
    }
    if parts.iter().map(|part| part.highest(from, until)).sum::<f64>() <= capacity {
        return;
    }
    let mut found = Vec::new();
    let limits = Limits::of(parts, from, (until - from).seconds());
    let jumps = parts.iter().any(|part| part.curve.jumps());
    sign_changes(&|at| load_at(parts, at) - capacity, limits, jumps, from, until, &mut found);
    cuts.append(&mut found);
}

/// Adds the instants at which a sum of parts changes its sign.
fn zeros(parts: &[Part], from: Instant, until: Instant, found: &mut Vec<Instant>) {
    if let [part] = parts
        && part.share.is_constant()
    {
        return;
    }
    let limits = Limits::of(parts, from, (until - from).seconds());
    let jumps = parts.iter().any(|part| part.curve.jumps());
    sign_changes(&|at| load_at(parts, at), limits, jumps, from, until, found);
}

/// Finds where `f` changes sign on a stretch on which it is smooth: sixteen steps, then bisection.
fn scan(f: &dyn Fn(Instant) -> f64, from: Instant, until: Instant, found: &mut Vec<Instant>) {
    const STEPS: i64 = 16;
    let width = (until - from).nanos();
    let at = |step: i64| {
        from + Span::from_nanos((i128::from(width) * i128::from(step) / i128::from(STEPS)) as i64)
    };
    for step in 0..STEPS {
        let (a, b) = (at(step), at(step + 1));
        // Just before the end, since a table of hours jumps at it.
        let last = if step + 1 == STEPS { b - Span::NANOSECOND } else { b };
        let starts = f(a) > 0.0;
        if last > a && (f(last) > 0.0) != starts {
            found.push(halve(a, last, |at| (f(at) > 0.0) == starts));
        }
    }
}

/// The first instant, to the nanosecond, at which `holds` no longer does; it holds at `from` and not at `until`.
fn halve(mut from: Instant, mut until: Instant, holds: impl Fn(Instant) -> bool) -> Instant {
    while (until - from).nanos() > 1 {
        let middle = from + Span::from_nanos((until - from).nanos() / 2);
        if holds(middle) {
            from = middle;
        } else {
            until = middle;
        }
    }
    until
}
