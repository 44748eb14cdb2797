//! Closing a stretch between two changes: what was lost in it, by what, and whose fault it was.

use super::books::unwrite;
use super::cuts::halve;
use super::ideal::Ideal;
use super::rates::Glance;
use super::{Above, Lost, Traffic};
use crate::blame::Mechanism;
use crate::design::LevelId;
use crate::excess::{Part, share_of_load};
use crate::ledger::Ledger;
use crate::specification::{Effect, PopulationId, SiteId};
use crate::timeline::Cost;
use crate::volume::Volume;
use sim::integral::Poly;
use sim::{Id, Instant, Span};

/// Shares of a stretch below this are rounding, not overload beyond the nominal one.
const DUST: f64 = 1e-12;

/// A stretch to be closed.
pub(crate) struct Closing<'c, 'w, 'd> {
    pub(crate) above: Above<'w, 'd>,
    pub(crate) ledger: &'c mut Ledger<'d>,
    /// Where to put what each piece cost, if anybody wants to know.
    pub(crate) costs: Option<&'c mut Vec<Cost>>,
}

/// Room for what a stretch is closed with.
#[derive(Clone, Debug, Default)]
pub(super) struct Scratch {
    glances: Vec<Glance>,
    /// Levels that are down.
    down: Vec<LevelId>,
    /// Indices of faults.
    blamed: Vec<usize>,
}

impl<'d> Traffic<'d> {
    /// Books what the stretch from `from` until `until` cost.
    pub(crate) fn close(&mut self, from: Instant, until: Instant, closing: &mut Closing<'_, '_, 'd>) {
        if until <= from {
            return;
        }
        let mut scratch = std::mem::take(&mut self.closing);
        let mut cutting = std::mem::take(&mut self.cutting);
        self.cut(from, until, closing.above, &mut cutting);
        for pair in cutting.cuts.windows(2) {
            self.close_piece(pair[0], pair[1], closing, &mut scratch);
        }
        self.remember_admitted(until, closing.above);
        (self.closing, self.cutting) = (scratch, cutting);
    }

    fn close_piece(
        &mut self,
        from: Instant,
        until: Instant,
        closing: &mut Closing<'_, '_, 'd>,
        scratch: &mut Scratch,
    ) {
        let middle = from + Span::from_nanos((until - from).nanos() / 2);
        let lost_before = closing.ledger.lost_so_far();
        closing.ledger.turn_over();
        let Scratch { glances, down, blamed } = scratch;
        self.look_around(middle, closing.above, glances);
        down.clear();
        down.extend(self.design.levels.ids().filter(|id| self.is_down(*id, glances, closing.above)));
        for population in self.flows.ids() {
            self.close_population(population, from, until, closing, blamed);
        }
        self.close_pools(from, until, closing);
        for index in 0..self.ideals.len() {
            let ideal = self.ideals.rows()[index].as_ref().filter(|ideal| !ideal.is_calm());
            if let Some(ideal) = ideal {
                let (nowhere, refused) = self.close_ideal(ideal, from, until, closing);
                self.before_arrival += nowhere;
                let refusing = ideal.sites.iter().filter(|_| refused > 0.0);
                for &site in refusing {
                    self.refused[site] += refused * ideal.share(site);
                }
            }
        }
        for &level in down.iter() {
            let root = self.root_of(self.design.levels[level].scope, closing.above);
            closing.ledger.book(level, from, until, closing.above.faults, root, lost_before);
        }
        if let Some(costs) = &mut closing.costs {
            let lost = closing.ledger.lost_so_far() - lost_before;
            let down = down.iter().any(|level| level.index() == 0);
            costs.push(Cost { from, until, lost, down });
        }
    }

    /// What a population loses before its requests arrive anywhere, and at grey sites.
    fn close_population(
        &mut self,
        population: PopulationId,
        from: Instant,
        until: Instant,
        closing: &mut Closing<'_, '_, 'd>,
        blamed: &mut Vec<usize>,
    ) {
        let flow = &self.flows[population];
        if !flow.is_lossy() {
            return;
        }
        let curve = &self.design.curves[population];
        let volume = |share: Poly| Volume::from_requests(curve.weighted(share, flow.origin, from, until));
        let mut before_arrival = Volume::ZERO;
        for lost in &flow.lost {
            let whole = volume(lost.share);
            before_arrival += whole;
            if flow.missing || whole.is_zero() {
                continue;
            }
            let answered = self.answered(population, lost, whole, from, until).min(whole);
            let (undetected, stale) = flow.mechanisms(lost);
            closing.above.that_take(&self.design.topology, lost.site, population, blamed);
            closing.charge(population, undetected, answered, blamed, flow.root);
            closing.charge(population, stale, whole - answered, blamed, flow.root);
        }
        if !flow.unanswered.is_zero() {
            let whole = volume(flow.unanswered);
            before_arrival += whole;
            if !flow.missing {
                self.silenced(population, closing.above, blamed);
                closing.charge(population, Mechanism::NoRoute, whole, blamed, flow.root);
            }
        }
        if flow.missing {
            self.needed(population, closing.above, blamed);
            closing.charge(population, Mechanism::NoRoute, volume(Poly::constant(1.0)), blamed, flow.root);
        } else {
            self.close_grey(population, from, until, closing, blamed);
        }
        self.before_arrival += before_arrival;
    }

    /// Requests that the current answer still sends to a lost site, of those that go there at all (`whole`): the
    /// integral of the smaller of answer and cache.
    fn answered(
        &self,
        population: PopulationId,
        lost: &Lost,
        whole: Volume,
        from: Instant,
        until: Instant,
    ) -> Volume {
        if lost.answered == 0.0 {
            return Volume::ZERO;
        }
        let flow = &self.flows[population];
        let curve = &self.design.curves[population];
        let cached = |a, b| curve.weighted(lost.share, flow.origin, a, b);
        let named = |a, b| lost.answered * curve.integral(a, b);
        let above = |at: Instant| lost.share.at((at - flow.origin).seconds()) > lost.answered;
        let requests = match (above(from), above(until)) {
            (false, false) => return whole,
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

    /// Grey sites, and sites that lack a store, fail a share of what they admit; what is refused for want of capacity is charged to overload.
    fn close_grey(
        &mut self,
        population: PopulationId,
        from: Instant,
        until: Instant,
        closing: &mut Closing<'_, '_, 'd>,
        blamed: &mut Vec<usize>,
    ) {
        let flow = &self.flows[population];
        if !flow.grey {
            return;
        }
        let curve = &self.design.curves[population];
        let middle = from + Span::from_nanos((until - from).nanos() / 2);
        for &(site, share) in &flow.arrivals {
            let (errors, unwritten) = closing.above.failing(population, site);
            if errors + unwritten == 0.0 {
                continue;
            }
            let mut admitted = curve.weighted(share, flow.origin, from, until);
            if self.shed_share(population, site, middle) > 0.0 {
                admitted -= self.shed(population, site, from, until);
            }
            let volume = Volume::from_requests(errors * admitted);
            let is_grey = |effect| matches!(effect, Effect::Errors { .. });
            closing.above.faults.with_effect(&self.design.topology, site, is_grey, blamed);
            closing.charge(population, Mechanism::Grey, volume, blamed, flow.root);
            if unwritten > 0.0 {
                let root = closing.above.stores.cause(site).map_or(flow.root, |cause| cause.root);
                let volume = Volume::from_requests(unwritten * admitted);
                closing.charge(population, Mechanism::NoWriter, volume, &[], root);
            }
            self.refused[site] += (errors + unwritten) * admitted;
            let failed = errors * admitted;
            unwrite(&mut self.written, self.design, (population, site), failed, closing.above.stores);
        }
    }

    /// Requests of `population` refused at `site` for want of capacity, in a stretch that is overloaded throughout:
    /// at each instant every request is refused with the same probability.
    fn shed(&self, population: PopulationId, site: SiteId, from: Instant, until: Instant) -> f64 {
        let Some(pool) = self.design.pool(population, site) else { return 0.0 };
        let Some(mine) = self.pool_parts(pool).position(|(id, _)| id == population) else { return 0.0 };
        let parts: Vec<Part> = self.pool_parts(pool).map(|(_, part)| part).collect();
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
            let load: f64 = self.pool_parts(pool).map(|(_, part)| part.at(middle)).sum();
            if load > self.pools.capacity(pool) {
                let shed = |(id, _)| (id, site, self.shed(id, site, from, until));
                losses.extend(self.pool_parts(pool).map(shed));
            }
            let usual = || self.pools.nominal_parts(pool, &self.nominal, &self.design.curves);
            let rate = self.design.pools[pool].rate;
            if usual().map(|part| part.at(middle)).sum::<f64>() > rate {
                nominal += usual().map(|part| part.integral(from, until)).sum::<f64>() - rate * seconds;
            }
        }
        let total: f64 = losses.iter().map(|(_, _, lost)| lost).sum();
        let beyond = if total > 0.0 { 1.0 - nominal / total } else { 0.0 };
        let beyond = if beyond > DUST { beyond } else { 0.0 };
        for (population, site, lost) in losses {
            self.refused[site] += lost;
            unwrite(&mut self.written, self.design, (population, site), lost, closing.above.stores);
            if self.flows[population].missing {
                continue;
            }
            let volume = Volume::from_requests(lost);
            let excess = Volume::from_requests(lost * beyond).min(volume);
            let demand = closing.ledger.root(self.design.demand_source());
            closing.ledger.lose(population, Mechanism::Overload, demand, volume - excess);
            self.charge_removed(population, Some(site), Mechanism::Overload, excess, closing);
        }
    }

    /// What an ideal router loses: to errors where it has no better, and for want of capacity. Returns what never came
    /// to any site, and what came and was not served.
    fn close_ideal(
        &self,
        ideal: &Ideal,
        from: Instant,
        until: Instant,
        closing: &mut Closing<'_, '_, 'd>,
    ) -> (Volume, f64) {
        let parts = ideal.parts(self.design);
        let middle = from + Span::from_nanos((until - from).nanos() / 2);
        let rate_in_middle: f64 = parts.iter().map(|(_, part)| part.at(middle)).sum();
        let loads: Vec<Part> = parts.iter().map(|(_, part)| *part).collect();
        let brought: f64 = loads.iter().map(|part| part.integral(from, until)).sum();
        let capacity = ideal.capacity();
        let mut refused = 0.0;
        let mut blamed = Vec::new();
        for (index, (population, part)) in parts.iter().enumerate() {
            if self.flows[*population].missing {
                continue;
            }
            // Its part of any constant rate, and its part of what exceeds that.
            let own = if rate_in_middle > 0.0 { share_of_load(&loads, index, from, until) } else { 0.0 };
            let beyond = |rate: f64| part.integral(from, until) - rate * own;
            let errors: f64 = ideal
                .steps
                .iter()
                .map(|step| match rate_in_middle {
                    rate if rate <= step.from => 0.0,
                    rate if rate >= step.from + step.width => step.errors * step.width * own,
                    _ => step.errors * beyond(step.from),
                })
                .sum();
            let excess = if rate_in_middle > capacity { beyond(capacity).max(0.0) } else { 0.0 };
            refused += errors + excess;
            if errors > 0.0 {
                self.greying(ideal, closing.above, &mut blamed);
                let root = self.flows[*population].root;
                closing.charge(*population, Mechanism::Grey, Volume::from_requests(errors), &blamed, root);
            }
            let volume = Volume::from_requests(excess);
            if volume.is_zero() {
                continue;
            }
            if self.removed(*population, None, closing.above).is_empty() {
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
        if capacity > 0.0 { (nowhere, refused) } else { (nowhere + Volume::from_requests(brought), 0.0) }
    }
}
