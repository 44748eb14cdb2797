//! Drills: each domain of a kind is lost once, alone, and everything that follows is computed exactly.
//!
//! Nothing is random in a drill: other faults are left out, and probe phases are spread evenly over the interval. The
//! loss begins at the peak of demand on the second day and lasts until a whole day has been looked at.

use super::StudyFault;
use crate::design::Design;
use crate::observer::Recorder;
use crate::outcome::{DrillOutcome, SurvivorLoad};
use crate::specification::*;
use crate::timeline::What;
use crate::world::World;
use sim::{Instant, Replication, Span};

/// Loses every domain of the kind `lose` (or `any` domain), or the one whose path it is, one at a time.
///
/// # Errors
/// Where there is no such domain, or the specification contradicts itself.
pub fn drill(specification: &Specification, lose: &str) -> Result<Vec<DrillOutcome>, StudyFault> {
    let meant = |domain: &Domain| domain.kind == lose || domain.path == lose || lose == "any";
    let domains: Vec<DomainId> =
        specification.domains.iter().filter(|(_, domain)| meant(domain)).map(|(id, _)| id).collect();
    if domains.is_empty() {
        return Err(StudyFault::NothingToLose(lose.to_string()));
    }
    domains.into_iter().map(|domain| lose_one(specification, domain)).collect()
}

fn lose_one(specification: &Specification, domain: DomainId) -> Result<DrillOutcome, StudyFault> {
    let quiet = without_luck(specification);
    let probe = Design::new(quiet.clone())?;
    let begins = Instant::ZERO + Span::DAY + probe.busiest();
    let rests = begins + Span::DAY + probe.settling() * 2;
    let ends = rests + Span::DAY;
    let mut planned = quiet;
    let effects = loss(&specification.domains[domain]);
    planned.script = vec![Scripted {
        at: begins,
        lasts: ends - begins,
        what: Breakage::Domain { domain, effects, chance: 1.0 },
    }];
    planned.run.horizon = (ends - Instant::ZERO) + Span::DAY + probe.settling() * 2;
    let design = Design::new(planned)?;
    let horizon = Instant::ZERO + design.specification().run.horizon;
    let mut world = World::new(&design, Recorder::new(begins, horizon));
    world.start(design.specification().run.seed, Replication(0));
    world.drive(begins, |_| false);
    world.drive(rests, World::rests_after_a_fault);
    let settled = world.lost_so_far();
    world.drive(rests, |_| false);
    let served = world.least_served_share(rests);
    let survivors = survivors(&design, &mut world, rests);
    let sites_lost = world.sites_lost();
    world.drive(horizon, |_| false);
    world.finish(horizon);
    Ok(DrillOutcome {
        name: specification.domains[domain].path.clone(),
        kind: specification.domains[domain].kind.clone(),
        lasts: ends - begins,
        sites_lost,
        served,
        survivors,
        detection: detection(&world.observer, begins),
        full_service: if served < 1.0 { None } else { full_service(&world.observer, begins, ends) },
        lost_until_settled: settled,
        lost: world.lost_so_far(),
    })
}

/// What losing a domain means: a place that serves is gone altogether; anything else does what its own faults do.
fn loss(domain: &Domain) -> Vec<Effect> {
    match domain.kind.as_str() {
        "provider" | "region" | "zone" | "site" => vec![Effect::Down],
        _ => domain.effects.clone(),
    }
}

/// The same design with nothing left to chance.
fn without_luck(specification: &Specification) -> Specification {
    let mut quiet = specification.clone();
    for domain in quiet.domains.rows_mut() {
        domain.outages = None;
    }
    quiet.shocks = Default::default();
    quiet.replays.clear();
    quiet.script.clear();
    quiet.expectations.clear();
    for check in quiet.checks.rows_mut() {
        if check.phase == Phase::Random {
            check.phase = Phase::Even;
        }
    }
    quiet.run.start = Start::AllUp;
    quiet.run.precision = None;
    quiet
}

fn survivors(design: &Design, world: &mut World<'_, Recorder>, at: Instant) -> Vec<SurvivorLoad> {
    let specification = design.specification();
    let peaks = world.peak_loads(at);
    let alive = specification.sites.iter().filter(|(site, _)| world.serves(*site));
    alive
        .map(|(id, site)| SurvivorLoad {
            site: site.name.clone(),
            load: peaks[id],
            capacity: site.capacity.iter().map(|pool| pool.rate).reduce(|sum, rate| sum + rate),
        })
        .collect()
}

/// From the loss to the first verdict that a site is unhealthy.
fn detection(seen: &Recorder, begins: Instant) -> Option<Span> {
    let verdict = seen.changes.iter().find(|change| {
        change.at >= begins && matches!(change.what, What::VerdictChanged { healthy: false, .. })
    });
    verdict.map(|change| change.at - begins)
}

/// From the loss to the last time, before the repair, at which everything came up again.
fn full_service(seen: &Recorder, begins: Instant, ends: Instant) -> Option<Span> {
    let mut down = false;
    let mut last = Span::ZERO;
    for change in seen.changes.iter().filter(|change| change.at >= begins && change.at < ends) {
        match change.what {
            What::WentDown { scope: Scope::All } => down = true,
            What::CameUp { scope: Scope::All } => (down, last) = (false, change.at - begins),
            _ => {}
        }
    }
    (!down).then_some(last)
}
