//! Drills: each domain of a kind is lost once, alone, and everything that follows is computed.
//!
//! Other faults are left out of a drill. When a loss is seen depends on where the probes are just then; where the scenario
//! leaves that to chance, the probes of a check are spread evenly, the loss is played in several phases of them, and the
//! mean is told with the best and the worst. Failovers of stores are drawn, anew in each of more plays. What has settled is
//! exact. The loss begins at the peak
//! of demand on the second day and lasts until a whole day has been looked at.

mod stores;

use super::StudyFault;
use crate::design::Design;
use crate::observer::Recorder;
use crate::outcome::{DrillOutcome, Phased, SurvivorLoad};
use crate::specification::*;
use crate::timeline::What;
use crate::volume::Volume;
use crate::world::World;
use sim::{Instant, Replication, Span};
use stores::{Suffered, Watch};

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

/// In how many phases of the probes a loss is played where the scenario leaves them to chance.
const PHASES: i64 = 16;
/// How often it is played where failovers of stores have luck of their own.
const FAILOVERS: i64 = 64;

/// What one play of a loss showed.
struct Play {
    detection: Option<Span>,
    full_service: Option<Span>,
    lost_until_settled: Volume,
    lost: Volume,
    settled: Option<Settled>,
    stores: Vec<Suffered>,
}

/// What has settled is the same in whatever phase the probes were.
struct Settled {
    lasts: Span,
    sites_lost: Vec<String>,
    served: f64,
    survivors: Vec<SurvivorLoad>,
}

fn lose_one(specification: &Specification, domain: DomainId) -> Result<DrillOutcome, StudyFault> {
    let random = specification.checks.rows().iter().any(|check| check.phase == Phase::Random);
    let drawn = specification.stores.rows().iter().any(fails_over);
    let phases = match (random, drawn) {
        (_, true) => FAILOVERS,
        (true, false) => PHASES,
        (false, false) => 1,
    };
    let mut plays = Vec::new();
    for step in 0..phases {
        plays.push(play(specification, domain, step)?);
    }
    let settled = plays[0].settled.take().expect("the first play is looked at until it has settled");
    let times = |figure: fn(&Play) -> Option<Span>| {
        let nanos: Option<Vec<i128>> =
            plays.iter().map(|play| figure(play).map(|span| i128::from(span.nanos()))).collect();
        nanos.map(|nanos| phased(&nanos, |nanos| Span::from_nanos(nanos as i64)))
    };
    let volumes = |figure: fn(&Play) -> Volume| {
        let nanos: Vec<i128> = plays.iter().map(|play| figure(play).nanos()).collect();
        phased(&nanos, Volume::from_nanos)
    };
    Ok(DrillOutcome {
        name: specification.domains[domain].path.clone(),
        kind: specification.domains[domain].kind.clone(),
        lasts: settled.lasts,
        phases: phases as u32,
        drawn,
        sites_lost: settled.sites_lost,
        served: settled.served,
        survivors: settled.survivors,
        detection: times(|play| play.detection),
        full_service: if settled.served < 1.0 { None } else { times(|play| play.full_service) },
        lost_until_settled: volumes(|play| play.lost_until_settled).mean,
        lost: volumes(|play| play.lost),
        stores: stores::drilled(specification, plays.iter().map(|play| play.stores.as_slice())),
    })
}

/// Does it depend on luck when another member writes?
fn fails_over(store: &Store) -> bool {
    matches!(&store.family, Family::Primary(plan) if plan.failover != Failover::Never)
}

/// Mean and extremes of figures in billionths, of which there is one at least.
fn phased<T>(nanos: &[i128], figure: impl Fn(i128) -> T) -> Phased<T> {
    let (sum, count) = (nanos.iter().sum::<i128>(), nanos.len() as i128);
    let best = nanos.iter().copied().fold(nanos[0], i128::min);
    let worst = nanos.iter().copied().fold(nanos[0], i128::max);
    Phased { mean: figure((sum + count / 2) / count), best: figure(best), worst: figure(worst) }
}

fn play(specification: &Specification, domain: DomainId, step: i64) -> Result<Play, StudyFault> {
    let mut planned = without_luck(specification);
    let probe = Design::new(planned.clone())?;
    let begins = Instant::ZERO + Span::DAY + probe.busiest();
    let rests = begins + Span::DAY + probe.settling() * 2;
    let ends = rests + Span::DAY;
    let effects = loss(&specification.domains[domain]);
    planned.script = vec![Scripted {
        at: begins,
        lasts: ends - begins,
        what: Breakage::Domain { domain, effects, chance: 1.0 },
    }];
    planned.run.horizon = (ends - Instant::ZERO) + Span::DAY + probe.settling() * 2;
    spread_probes(&mut planned, begins - (Instant::ZERO - probe.lead_in), step % PHASES);
    let design = Design::new(planned)?;
    let horizon = Instant::ZERO + design.specification().run.horizon;
    let mut world = World::new(&design, Recorder::new(begins, horizon));
    world.start(design.specification().run.seed, Replication(step as u64));
    let watch = Watch::default();
    let looking = |world: &World<'_, Recorder>| {
        watch.look(world);
        false
    };
    world.drive(begins, looking);
    world.drive(rests, |world| looking(world) || world.rests_after_a_fault());
    let lost_until_settled = world.lost_so_far();
    world.drive(rests, looking);
    let settled = (step == 0).then(|| Settled {
        lasts: ends - begins,
        sites_lost: world.sites_lost(),
        served: world.least_served_share(rests),
        survivors: survivors(&design, &mut world, rests),
    });
    world.drive(horizon, looking);
    world.finish(horizon);
    Ok(Play {
        stores: watch.suffered(&world.observer, (begins, ends)),
        detection: detection(&world.observer, begins),
        full_service: full_service(&world.observer, begins, ends),
        lost_until_settled,
        lost: world.lost_so_far(),
        settled,
    })
}

/// Spreads the probes of every check with random phases evenly, and shifts them all: in the middle of step `step` of
/// [`PHASES`] from one probe to the next, counted from the loss, which comes `after` the first.
fn spread_probes(planned: &mut Specification, after: Span, step: i64) {
    for check in planned.checks.rows_mut().iter_mut().filter(|check| check.phase == Phase::Random) {
        let (interval, count) = (i128::from(check.interval.nanos()), check.vantages.len() as i128);
        let loss = i128::from(after.nanos());
        let phase = |vantage: i128| {
            let shift = interval * i128::from(2 * step + 1) / (2 * i128::from(PHASES) * count);
            (loss + interval * vantage / count + shift) % interval
        };
        check.phase =
            Phase::Fixed((0..count).map(|vantage| Span::from_nanos(phase(vantage) as i64)).collect());
    }
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
            // Sums of what comes and goes may end a hair below nothing.
            load: peaks[id].max(0.0),
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
