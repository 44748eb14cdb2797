//! What the laws of a design say about the faults that can reach a scope or a site: how often, how long, how clustered.
//! A sample that has not seen a fault says nothing about its length; the law does.

use crate::blame::SourceId;
use crate::design::{ComponentId, Design};
use crate::ledger::{Tally, is_rare, reach};
use crate::specification::{Breakage, DomainId, SiteId, Start};
use sim::{Law, Span, Table};

/// A squared coefficient of variation of the time between faults up to which they count as Poisson: that of a Weibull
/// law of shape 0.77.
const CALM: f64 = 1.7;

/// Whom a fault can reach.
#[derive(Clone, Copy, Debug)]
pub(super) enum Target {
    /// The scope with this index.
    Scope(usize),
    /// A site.
    Site(SiteId),
}

/// A random cause of faults, by its laws.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hazard {
    pub(super) source: SourceId,
    /// The mean length of its faults, seconds, within one horizon.
    pub(super) lasts: f64,
    /// At most so many are expected in one replication.
    pub(super) often: f64,
    /// Seconds down expected in one replication at most.
    pub(super) down: f64,
    /// The variance of the number of its faults over the mean number, in the long run; 1 where they are nearly Poisson.
    dispersion: f64,
    /// Has the sample seen any?
    pub(super) seen: bool,
}

/// The random causes that can reach a target.
#[derive(Clone, Debug)]
pub(super) struct Hazards {
    pub(super) rows: Vec<Hazard>,
    /// How long a fault may be felt after its repair, seconds: checks, records and caches have to settle.
    pub(super) aftermath: f64,
    /// The variance of the number of faults over its mean, by the laws.
    pub(super) dispersion: f64,
    horizon: f64,
}

impl Hazards {
    pub(super) fn new(design: &Design, tally: &Tally, target: Target) -> Hazards {
        let reaches = reaching(design, target);
        let mut rows: Vec<Hazard> = Vec::new();
        for (id, component) in design.components.iter() {
            if let (Some((source, up)), true) = (&component.own, reaches[component.domain]) {
                rows.push(own(design, tally, id, *source, up));
            }
        }
        for (id, plan) in design.shocks.iter() {
            let shock = &design.specification().shocks[id];
            let victims = plan.victims.iter().filter(|v| reaches[design.components[v.component].domain]);
            let lasts = victims.filter_map(|victim| {
                let law = shock.down.as_ref().or(design.components[victim.component].down.as_ref())?;
                Some(law.mean())
            });
            if let Some(lasts) = lasts.reduce(f64::max) {
                rows.push(hazard(design, tally, plan.source, &shock.every, lasts));
            }
        }
        let horizon = design.specification().run.horizon.seconds();
        for plan in design.planned.rows().iter().filter(|plan| is_rare(design, plan)) {
            if matches!(&plan.what, Breakage::Domain { domain, .. } if !reaches[*domain]) {
                continue;
            }
            let lasts = plan.lasts.seconds().min(horizon);
            let row =
                Hazard { source: plan.source, lasts, often: 1.0, down: lasts, dispersion: 1.0, seen: true };
            rows.push(row);
        }
        let aftermath = match target {
            Target::Scope(_) => (design.settling() - Span::HOUR).seconds(),
            Target::Site(_) => 0.0,
        };
        Hazards { dispersion: dispersion(&rows, tally), rows, aftermath, horizon }
    }

    /// Seconds per replication that the causes for which `counts` holds can cost at most, by their laws.
    pub(super) fn cost(&self, counts: impl Fn(&Hazard) -> bool) -> f64 {
        let rows = self.rows.iter().filter(|row| counts(row));
        rows.map(|row| row.down + row.often * self.aftermath).sum::<f64>().min(self.horizon)
    }

    /// Faults per replication expected at most of those for which `counts` holds.
    pub(super) fn often(&self, counts: impl Fn(&Hazard) -> bool) -> f64 {
        self.rows.iter().filter(|row| counts(row)).map(|row| row.often).sum()
    }

    /// The greatest mean length of a fault, with what is felt after it; the horizon where no cause is known.
    pub(super) fn longest(&self) -> f64 {
        let longest = self.rows.iter().map(|row| row.lasts).reduce(f64::max);
        longest.map_or(self.horizon, |longest| (longest + self.aftermath).min(self.horizon))
    }
}

fn reaching(design: &Design, target: Target) -> Table<DomainId, bool> {
    design.specification().domains.map(|domain, _| match target {
        Target::Scope(index) => reach(design, domain, index),
        Target::Site(site) => {
            !design.topology.links[domain].is_empty() || !design.topology.touches_of(domain, site).is_empty()
        }
    })
}

/// A component's own faults. A stationary start may find it down.
fn own(design: &Design, tally: &Tally, id: ComponentId, source: SourceId, up: &Law) -> Hazard {
    let repair = design.components[id].down.as_ref().map_or(f64::INFINITY, Law::mean);
    let mut row = hazard(design, tally, source, up, repair);
    if design.specification().run.start == Start::Stationary && repair.is_finite() {
        let share = repair / (up.mean() + repair);
        row.down = share * design.specification().run.horizon.seconds();
        row.often += share;
    }
    row
}

fn hazard(design: &Design, tally: &Tally, source: SourceId, gap: &Law, lasts: f64) -> Hazard {
    let horizon = design.specification().run.horizon.seconds();
    let variation = gap.variance() / (gap.mean() * gap.mean());
    let lasts = lasts.min(horizon);
    let often = renewals(gap, variation, horizon);
    let dispersion = if variation > CALM { variation } else { 1.0 };
    let down = (often * lasts).min(horizon);
    Hazard { source, lasts, often, down, dispersion, seen: tally.sources[source].seen > 0 }
}

/// An upper bound on the number of renewals within `horizon`. Laws that vary no more than the exponential one renew less
/// often than horizon / mean; of the others, the first gap bounds it where they are rare, Lorden's inequality elsewhere.
///
/// Source: Lorden, "On excess over the boundary", Annals of Mathematical Statistics 41 (1970).
fn renewals(gap: &Law, variation: f64, horizon: f64) -> f64 {
    let plain = horizon / gap.mean();
    if variation <= 1.05 {
        return plain;
    }
    let first = gap.cdf(horizon);
    (first / (1.0 - first)).min(plain + variation)
}

/// Of all causes that were seen, weighed by how often.
fn dispersion(rows: &[Hazard], tally: &Tally) -> f64 {
    let count = |row: &Hazard| tally.sources[row.source].faults as f64;
    let all: f64 = rows.iter().map(count).sum();
    if all == 0.0 {
        return 1.0;
    }
    rows.iter().map(|row| count(row) * row.dispersion.min(100.0)).sum::<f64>() / all
}
