//! The all-knowing router: every request goes to a site that can serve it, while there is one.
//!
//! It fills sites without errors first, in proportion to their capacities, then those with errors, the least first.
//! It sees no difference between populations, except that one which reaches no site at all is lost.

use super::Above;
use crate::design::Design;
use crate::excess::Part;
use crate::specification::{EntryId, PopulationId, SiteId};
use sim::integral::Poly;
use sim::{Id, Instant, Table};

/// Some capacity with the same share of errors: it serves demand from `from` to `from + width` requests per second.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Step {
    pub(super) from: f64,
    pub(super) width: f64,
    pub(super) errors: f64,
}

/// A site as the router sees it.
#[derive(Clone, Copy, Debug)]
struct Seat {
    site: SiteId,
    /// Its capacity while all is well; none: unlimited.
    rate: Option<f64>,
    errors: f64,
    /// Its greatest load in this replication.
    peak: f64,
    /// The integral of demand over the total weight when its weight last changed.
    gone_at: f64,
}

/// One entry point under ideal steering.
#[derive(Clone, Debug)]
pub(super) struct Ideal {
    pub(super) sites: Vec<SiteId>,
    pub(super) populations: Vec<PopulationId>,
    /// Sum of the peaks of its populations' demands.
    peak: f64,
    origin: Instant,
    /// The part of the load each site takes, before division by their sum.
    weights: Vec<f64>,
    seats: Vec<Seat>,
    /// Sites with errors, and whether any site at all is unlimited.
    grey: usize,
    unlimited: bool,
    /// The greatest load of a unit of weight in this replication.
    peak_unit: f64,
    /// Has a site more weight than it had when the peaks were last raised?
    weights_changed: bool,
    /// Where each site of the design stands in `sites`.
    positions: Vec<Option<usize>>,
    /// The weight of an unlimited site: the greatest rate of the others, so that no weight is lost beside another.
    ample: f64,
    /// Positions of sites to be looked at again.
    dirty: Vec<usize>,
    total: f64,
    /// Integral of demand over the total weight.
    gone: f64,
    /// Capacity in the order in which it is filled; what exceeds it all is lost.
    pub(super) steps: Vec<Step>,
    /// Populations that reach a site at all.
    pub(super) reaching: Vec<bool>,
    calm: bool,
}

impl Ideal {
    pub(super) fn new(design: &Design, entry: EntryId) -> Self {
        let populations = design.entries[entry].populations.clone();
        let sites = design.specification().entries[entry].sites.clone();
        let rate =
            |site: &SiteId| design.pool(*populations.first()?, *site).map(|pool| design.pools[pool].rate);
        Ideal {
            peak: populations.iter().map(|id| design.curves[*id].peak()).sum(),
            reaching: vec![true; populations.len()],
            weights: vec![0.0; sites.len()],
            seats: sites
                .iter()
                .map(|site| Seat { site: *site, rate: rate(site), errors: 0.0, peak: 0.0, gone_at: 0.0 })
                .collect(),
            grey: 0,
            peak_unit: 0.0,
            weights_changed: false,
            unlimited: sites.iter().any(|site| rate(site).is_none()),
            positions: (0..design.specification().sites.len())
                .map(|index| sites.iter().position(|site| site.index() == index))
                .collect(),
            ample: sites.iter().filter_map(rate).reduce(f64::max).unwrap_or(1.0),
            dirty: Vec::new(),
            sites,
            populations,
            origin: Instant::ZERO,
            total: 0.0,
            gone: 0.0,
            steps: Vec::new(),
            calm: true,
        }
    }

    pub(super) fn reset(&mut self, now: Instant) {
        self.origin = now;
        self.weights.fill(0.0);
        for seat in &mut self.seats {
            (seat.errors, seat.peak, seat.gone_at) = (0.0, 0.0, 0.0);
        }
        self.grey = 0;
        self.peak_unit = 0.0;
        self.weights_changed = false;
        self.dirty.clear();
        self.dirty.extend(0..self.sites.len());
        self.total = 0.0;
        self.gone = 0.0;
        self.calm = true;
    }

    pub(super) fn is_calm(&self) -> bool {
        self.calm
    }

    /// Its capacity, all steps together.
    pub(super) fn capacity(&self) -> f64 {
        self.steps.last().map_or(0.0, |step| step.from + step.width)
    }

    /// The parts of its demand.
    pub(super) fn parts<'d>(&self, design: &'d Design) -> Vec<(PopulationId, Part<'d>)> {
        let reaching = self.populations.iter().zip(&self.reaching).filter(|(_, reaches)| **reaches);
        reaching
            .map(|(id, _)| {
                let part =
                    Part { curve: &design.curves[*id], share: Poly::constant(1.0), origin: Instant::ZERO };
                (*id, part)
            })
            .collect()
    }

    /// Requests per second of the populations that reach a site at all.
    pub(super) fn demand(&self, design: &Design, at: Instant) -> f64 {
        let reaching = self.populations.iter().zip(&self.reaching).filter(|(_, reaches)| **reaches);
        reaching.map(|(id, _)| design.curves[*id].rate(at)).sum()
    }

    /// The truth of `site`, or its reach, may have changed.
    pub(super) fn site_changed(&mut self, site: SiteId) {
        if let Some(index) = self.positions[site.index()] {
            self.dirty.push(index);
        }
    }

    /// Looks at the changed sites again; `now` begins a stretch.
    pub(super) fn settle(
        &mut self,
        design: &Design,
        now: Instant,
        above: Above,
        arrived: &mut Table<SiteId, f64>,
    ) {
        if self.dirty.is_empty() {
            return;
        }
        self.account(design, now);
        let Some(first) = self.populations.first().copied() else { return };
        while let Some(index) = self.dirty.pop() {
            let seat = &mut self.seats[index];
            let truth = above.sites.truth(seat.site);
            let usable = self.populations.iter().any(|population| above.reaches(*population, seat.site));
            let weight = seat.rate.map_or(self.ample, |rate| rate * truth.capacity);
            let weight = if usable { weight } else { 0.0 };
            if truth.errors != seat.errors {
                self.grey += usize::from(seat.errors == 0.0);
                seat.errors = truth.errors;
                self.grey -= usize::from(truth.errors == 0.0);
            }
            let current = &mut self.weights[index];
            if weight != *current {
                // A site that is back takes no more than it did unless it has grown.
                self.weights_changed |= weight * self.peak_unit > seat.peak;
                arrived[seat.site] += *current * (self.gone - seat.gone_at);
                seat.gone_at = self.gone;
                *current = weight;
            }
        }
        self.total = sum(&self.weights);
        let grey = self.grey > 0;
        let clean = if grey { self.clean() } else { self.total };
        let unlimited = self.unlimited && self.clean_without_limit();
        if self.populations.len() == 1 {
            self.reaching[0] = self.total > 0.0;
        } else {
            for (reaching, population) in self.reaching.iter_mut().zip(&self.populations) {
                *reaching = self.sites.iter().any(|site| above.reaches(*population, *site));
            }
        }
        self.calm = self.reaching.iter().all(|reaches| *reaches) && (unlimited || clean >= self.peak);
        self.steps.clear();
        if !self.calm || grey {
            self.fill(design, first, above);
        }
    }

    /// Capacity without errors.
    fn clean(&self) -> f64 {
        let pairs = self.weights.iter().zip(&self.seats);
        pairs.filter(|(_, seat)| seat.errors == 0.0).map(|(weight, _)| weight).sum()
    }

    /// Is there a usable site without errors and without a limit?
    fn clean_without_limit(&self) -> bool {
        let mut pairs = self.weights.iter().zip(&self.seats);
        pairs.any(|(weight, seat)| *weight > 0.0 && seat.errors == 0.0 && seat.rate.is_none())
    }

    fn fill(&mut self, design: &Design, first: PopulationId, above: Above) {
        let mut order: Vec<(f64, f64)> = Vec::new();
        for (index, &site) in self.sites.iter().enumerate().filter(|(index, _)| self.weights[*index] > 0.0) {
            let unlimited = design.pool(first, site).is_none();
            let width = if unlimited { f64::INFINITY } else { self.weights[index] };
            order.push((above.sites.truth(site).errors, width));
        }
        order.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut from = 0.0;
        for (errors, width) in order {
            match self.steps.last_mut() {
                Some(step) if step.errors == errors => step.width += width,
                _ => self.steps.push(Step { from, width, errors }),
            }
            from += width;
        }
    }

    /// Lost requests per second at a total demand: by errors, and for want of capacity.
    pub(super) fn loss(&self, demand: f64) -> (f64, f64) {
        let errors =
            self.steps.iter().map(|step| step.errors * (demand - step.from).clamp(0.0, step.width)).sum();
        (errors, (demand - self.capacity()).max(0.0))
    }

    /// The share of its load that each site takes.
    pub(super) fn share(&self, site: SiteId) -> f64 {
        self.positions[site.index()]
            .map_or(0.0, |index| if self.total > 0.0 { self.weights[index] / self.total } else { 0.0 })
    }

    fn account(&mut self, design: &Design, now: Instant) {
        let from = self.origin.max(Instant::ZERO);
        if now > from && self.total > 0.0 {
            let demand: f64 = self
                .populations
                .iter()
                .zip(&self.reaching)
                .filter(|(_, reaches)| **reaches)
                .map(|(id, _)| design.curves[*id].integral(from, now))
                .sum();
            self.gone += demand / self.total;
            self.watch_peaks(design, from, now);
        }
        self.origin = now;
    }

    /// Keeps the greatest load of each site. Demands of several populations are bounded by the sum of their peaks.
    fn watch_peaks(&mut self, design: &Design, from: Instant, now: Instant) {
        // The cheap bound first: as a rule nothing new is seen.
        if self.peak / self.total <= self.peak_unit && !self.weights_changed {
            return;
        }
        let reaching = self.populations.iter().zip(&self.reaching).filter(|(_, reaches)| **reaches);
        let demand: f64 = reaching.map(|(id, _)| design.curves[*id].highest(from, now)).sum();
        let unit = demand / self.total;
        if unit <= self.peak_unit && !self.weights_changed {
            return;
        }
        self.weights_changed = false;
        self.peak_unit = self.peak_unit.max(unit);
        for (seat, weight) in self.seats.iter_mut().zip(&self.weights) {
            seat.peak = seat.peak.max(weight * unit);
        }
    }

    /// The greatest load that came to `site` in this replication.
    pub(super) fn peak_load(&self, site: SiteId) -> f64 {
        self.positions[site.index()].map_or(0.0, |index| self.seats[index].peak)
    }

    /// Adds everything not yet added to the sites' books.
    pub(super) fn account_all(&mut self, design: &Design, now: Instant, arrived: &mut Table<SiteId, f64>) {
        self.account(design, now);
        for (seat, weight) in self.seats.iter_mut().zip(&self.weights) {
            arrived[seat.site] += weight * (self.gone - seat.gone_at);
            seat.gone_at = self.gone;
        }
    }
}

/// A sum in four lanes: the additions of one lane need not wait for those of another.
fn sum(values: &[f64]) -> f64 {
    let mut lanes = [0.0; 4];
    let mut chunks = values.chunks_exact(4);
    for chunk in &mut chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += value;
        }
    }
    let rest: f64 = chunks.remainder().iter().sum();
    (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]) + rest
}
