//! The naive truth of a site: the domains' graph walked by recursion for every question, fault by fault.

use models::specification::*;
use sim::Instant;
use std::collections::BTreeSet;

/// What is left of a site.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Left {
    pub down: bool,
    pub no_clients: bool,
    pub no_checkers: bool,
    pub no_sites: bool,
    pub errors: f64,
    pub capacity: f64,
    pub latency: i64,
}

const ALL: Left = Left {
    down: false,
    no_clients: false,
    no_checkers: false,
    no_sites: false,
    errors: 0.0,
    capacity: 1.0,
    latency: 0,
};

impl Left {
    /// Reachable by clients, as far as the site is concerned.
    pub(crate) fn serves(&self) -> bool {
        !self.down && !self.no_clients
    }

    /// Smaller is better; compared in this order.
    fn badness(&self) -> (bool, bool, bool, bool, f64, f64, f64) {
        (
            self.down,
            self.no_clients,
            self.no_checkers,
            self.no_sites,
            self.errors,
            -self.capacity,
            self.latency as f64,
        )
    }
}

/// Scripted faults active at `now`, by their line.
pub(crate) fn active(specification: &Specification, now: Instant) -> Vec<usize> {
    let lives = |line: &Scripted| line.at <= now && now.nanos() - line.at.nanos() < line.lasts.nanos();
    (0..specification.script.len()).filter(|index| lives(&specification.script[*index])).collect()
}

/// Does `domain` stand in `above`, or is it the same?
pub(crate) fn stands_in(specification: &Specification, domain: DomainId, above: DomainId) -> bool {
    domain == above
        || specification.domains[domain].within.iter().any(|parent| stands_in(specification, *parent, above))
}

/// The active faults that reach `domain`.
fn reaching(specification: &Specification, faults: &[usize], domain: DomainId) -> BTreeSet<usize> {
    let reaches = |index: &usize| match &specification.script[*index].what {
        Breakage::Domain { domain: above, .. } => stands_in(specification, domain, *above),
        Breakage::Partition { .. } => false,
    };
    faults.iter().copied().filter(reaches).collect()
}

fn suffer(specification: &Specification, faults: &BTreeSet<usize>) -> Left {
    let mut left = ALL;
    for index in faults {
        let Breakage::Domain { effects, .. } = &specification.script[*index].what else { continue };
        for effect in effects {
            match *effect {
                Effect::Down => left.down = true,
                Effect::Degraded { factor } => left.capacity *= factor,
                Effect::Errors { share } => left.errors = 1.0 - (1.0 - left.errors) * (1.0 - share),
                Effect::Latency { added } => left.latency += added.nanos(),
                Effect::Isolated(isolation) => {
                    left.no_clients |= isolation.clients;
                    left.no_checkers |= isolation.checkers;
                    left.no_sites |= isolation.sites;
                }
                Effect::ControlPlane | Effect::Dns | Effect::PowerLost => {}
            }
        }
    }
    left
}

/// What is left of `site` under these faults: those that reach what it cannot do without, and those that reach the best
/// alternative of each clause, each fault once.
pub(crate) fn truth(specification: &Specification, faults: &[usize], site: SiteId) -> Left {
    let row = &specification.sites[site];
    let mut met = reaching(specification, faults, row.domain);
    for clause in &row.needs {
        let choices = clause.any.iter().map(|domain| reaching(specification, faults, *domain));
        let best = choices.reduce(|best, other| {
            let better = suffer(specification, &other).badness() < suffer(specification, &best).badness();
            if better { other } else { best }
        });
        met.extend(best.unwrap_or_default());
    }
    suffer(specification, &met)
}
