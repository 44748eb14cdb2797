//! A specification, an outcome, a drill and a story made by hand, for the tests of this crate.

use models::blame::{Mechanism, SourceId};
use models::expect::Verdict;
use models::outcome::*;
use models::specification::*;
use models::timeline::*;
use models::volume::Volume;
use sim::{Instant, Seed, Span};

/// Two sites, one entry point, one population.
pub(crate) fn specification() -> Specification {
    let mut specification = Specification {
        name: "shop".to_owned(),
        question: "Is one region enough?".to_owned(),
        ..Default::default()
    };
    specification.run.seed = Seed(7);
    for name in ["virginia", "dublin"] {
        let domain = specification.domains.push(Domain {
            path: name.to_owned(),
            kind: "site".to_owned(),
            within: Vec::new(),
            outages: None,
            effects: vec![Effect::Down],
        });
        let capacity = vec![Pool { entry: None, rate: 1500.0 }];
        specification.sites.push(Site {
            name: name.to_owned(),
            domain,
            needs: Vec::new(),
            place: None,
            capacity,
        });
    }
    specification.entries.push(Entry {
        name: "www".to_owned(),
        sites: vec![SiteId(0), SiteId(1)],
        steering: Steering::Ideal,
    });
    specification.checks.push(HealthCheck {
        name: "web".to_owned(),
        interval: Span::from_secs(10),
        spacing: Spacing::Start,
        timeout: Span::SECOND,
        retries: 0,
        failures: 3,
        successes: 3,
        vantages: vec![None],
        group: 1,
        healthy_needs: 1,
        sees: Sees::Site,
        stores: Vec::new(),
        phase: Phase::Even,
    });
    specification.populations.push(Population {
        name: "europe".to_owned(),
        place: None,
        geography: Vec::new(),
        entry: EntryId(0),
        demand: Demand { mean: 2000.0, daily: Daily::Flat },
        cohorts: Vec::new(),
    });
    specification.sources.push(Sourced {
        path: "health_checks.web.interval".to_owned(),
        value: "10s".to_owned(),
        preset: "route53".to_owned(),
        source: "Amazon Route 53 Developer Guide, values that you specify when you create health checks"
            .to_owned(),
    });
    specification
}

fn estimate(value: f64, low: f64, high: f64, method: Method) -> Estimate {
    Estimate { value, low, high, method, sample: 812 }
}

fn lengths(median: f64) -> Lengths {
    let around = |value: f64| estimate(value, value * 0.9, value * 1.2, Method::OrderStatistic);
    Lengths {
        count: 812,
        mean: median * 1.4,
        range: (Span::SECOND, Span::from_seconds(median * 50.0)),
        p50: around(median),
        p95: around(median * 6.0),
        p99: around(median * 20.0),
    }
}

fn scope(scope: Scope, name: &str) -> ScopeOutcome {
    let lost = Volume::from_requests(30_000_000.0);
    let [half, third] = [15_000_000.0, 10_000_000.0].map(Volume::from_requests);
    let rest = lost - half - third;
    let part = |value: f64| estimate(value, value * 0.7, value * 1.3, Method::Student);
    ScopeOutcome {
        scope,
        name: name.to_owned(),
        offered: Volume::from_requests(64_000_000_000.0),
        served: Volume::from_requests(64_000_000_000.0) - lost,
        lost,
        availability: estimate(0.999_53, 0.999_12, 0.999_84, Method::Gamma),
        time_up: estimate(0.999_1, 0.998_8, 0.999_3, Method::Gamma),
        downtime: estimate(14_760.0, 7200.0, 28_440.0, Method::Gamma),
        downtime_deviation: 20_000.0,
        outages: estimate(2.31, 2.1, 2.52, Method::Poisson),
        lengths: lengths(190.0),
        recovery: lengths(200.0),
        downtimes: (0..100).map(|i| long_tailed(f64::from((i - 20).max(0)))).collect(),
        unavailabilities: (0..100).map(|i| f64::from(i) * 1e-5).collect(),
        by_mechanism: vec![
            (Mechanism::Undetected, half),
            (Mechanism::StaleRoute, third),
            (Mechanism::Overload, rest),
        ],
        by_source: vec![(SourceId(0), half), (SourceId(1), third), (SourceId(2), rest)],
        by_both: vec![
            (Mechanism::Undetected, SourceId(0), half),
            (Mechanism::StaleRoute, SourceId(1), third),
            (Mechanism::Overload, SourceId(2), rest),
        ],
        causes: vec![
            Cause { source: SourceId(0), share: part(0.5) },
            Cause { source: SourceId(1), share: part(0.333) },
            Cause { source: SourceId(2), share: part(0.167) },
        ],
        time_by_source: vec![
            TimeCharge {
                source: SourceId(0),
                charged: i128::from((Span::HOUR * 90).nanos()),
                sole: i128::from((Span::HOUR * 80).nanos()),
                started: i128::from((Span::HOUR * 95).nanos()),
            },
            TimeCharge {
                source: SourceId(1),
                charged: i128::from((Span::HOUR * 12).nanos()),
                sole: i128::from((Span::HOUR * 9).nanos()),
                started: i128::from((Span::HOUR * 11).nanos()),
            },
        ],
    }
}

/// A law with a long tail.
fn long_tailed(minutes: f64) -> Span {
    Span::from_seconds(minutes * minutes * 60.0)
}

/// An estimated outcome of 100 years.
pub(crate) fn outcome() -> Outcome {
    let site = |name: &str, load_peak: f64| SiteOutcome {
        name: name.to_owned(),
        availability: estimate(0.9991, 0.9989, 0.9993, Method::Gamma),
        served: Volume::from_requests(32e9),
        failed: 0.0123,
        load_mean: 1000.0,
        load_peak,
        capacity: Some(1500.0),
        flips: 4.62,
    };
    let source = |name: &str, kind: &'static str| SourceOutcome {
        name: name.to_owned(),
        kind,
        faults: 1.2,
        length_mean: 5400.0,
    };
    let judged = |text: &str, target: f64, measured: Option<Estimate>, verdict: Verdict| Judged {
        text: text.to_owned(),
        target,
        measured,
        unit: Unit::Share,
        verdict,
    };
    let availability = estimate(0.999_53, 0.999_12, 0.999_84, Method::Gamma);
    Outcome {
        name: "shop".to_owned(),
        question: "Is one region enough?".to_owned(),
        horizon: Span::YEAR,
        replications: 100,
        seed: 7,
        confidence: 0.95,
        stopped: Stopped::Count,
        scopes: vec![
            scope(Scope::All, "everything"),
            scope(Scope::Entry(EntryId(0)), "www"),
            scope(Scope::Population(PopulationId(0)), "europe"),
        ],
        sites: vec![site("virginia", 2000.0), site("dublin", 1200.0)],
        stores: Vec::new(),
        sources: vec![
            source("aws/us-east-1", "domain"),
            source("carrier/lumen", "domain"),
            source("shock/shared-upstream", "shock"),
        ],
        promises: vec![PromiseOutcome {
            name: "everything".to_owned(),
            availability: 0.9995,
            missed: estimate(0.23, 0.16, 0.32, Method::Wilson),
        }],
        expectations: vec![
            judged("availability >= 99.9%", 0.999, Some(availability), Verdict::Holds),
            judged("availability >= 99.99%", 0.9999, Some(availability), Verdict::Fails),
            judged("availability >= 99.95%", 0.9995, Some(availability), Verdict::Undecided),
            judged("availability[europe] >= 99.9%", 0.999, None, Verdict::Undecided),
        ],
        worst: Some(Worst {
            replication: 12,
            from: Instant::ZERO + Span::DAY * 200 + Span::HOUR * 4,
            until: Instant::ZERO + Span::DAY * 200 + Span::HOUR * 4 + Span::MINUTE * 372,
            lost: Volume::from_requests(12_300_000.0),
        }),
        warnings: vec!["only 31 outages were seen: the intervals are rough".to_owned()],
    }
}

/// The same design in which nothing was lost.
pub(crate) fn quiet() -> Outcome {
    let mut outcome = outcome();
    let none = Estimate { value: 1.0, low: 0.999_963, high: 1.0, method: Method::NoneSeen, sample: 100 };
    let scope = &mut outcome.scopes[0];
    scope.lost = Volume::ZERO;
    scope.served = scope.offered;
    scope.availability = none;
    scope.time_up = none;
    scope.downtime = Estimate { value: 0.0, low: 0.0, high: 1163.0, method: Method::NoneSeen, sample: 100 };
    scope.outages = Estimate { value: 0.0, low: 0.0, high: 0.0369, method: Method::NoneSeen, sample: 100 };
    scope.downtimes = vec![Span::ZERO; 100];
    scope.recovery.count = 0;
    scope.by_mechanism.clear();
    scope.by_source.clear();
    scope.by_both.clear();
    scope.causes.clear();
    scope.time_by_source.clear();
    outcome.worst = None;
    outcome.scopes.truncate(1);
    outcome
}

/// What the tests say reproduces them.
pub(crate) fn reproduce(outcome: &Outcome) -> crate::Reproduce {
    crate::Reproduce {
        command: "seawall run shop.yaml --seed 7 --replications 100".to_owned(),
        version: "0.1.0".to_owned(),
        inputs: crate::Inputs::of(["scenario: 1"]),
        fingerprint: crate::json::fingerprint(outcome),
    }
}

/// Virginia fails for ten minutes; the check sees it after 40 s, DNS answers Dublin, caches follow over a minute;
/// Dublin is too small.
pub(crate) fn story() -> Story {
    let at = |seconds: i64| Instant::ZERO + Span::DAY * 200 + Span::from_secs(seconds);
    let (virginia, dublin) = (SiteId(0), SiteId(1));
    let change = |id: u32, seconds: i64, cause: Option<u32>, what: What| Change {
        id: ChangeId(id),
        at: at(seconds),
        cause: cause.map(ChangeId),
        what,
    };
    let answer = |answer: Vec<(SiteId, f64)>| What::AnswerChanged {
        entry: EntryId(0),
        population: PopulationId(0),
        answer,
    };
    let verdict = |healthy: bool| What::VerdictChanged { check: CheckId(0), site: virginia, healthy };
    let changes = vec![
        change(
            0,
            0,
            None,
            What::FaultBegan {
                fault: FaultId(0),
                source: SourceId(0),
                domain: Some(DomainId(0)),
                effect: "down".to_owned(),
            },
        ),
        change(1, 0, Some(0), What::SiteChanged { site: virginia, truth: "down".to_owned() }),
        change(2, 0, Some(1), What::WentDown { scope: Scope::All }),
        change(3, 40, Some(1), verdict(false)),
        change(4, 40, Some(3), answer(vec![(dublin, 1.0)])),
        change(5, 100, Some(4), What::CachesSettled { population: PopulationId(0) }),
        change(
            6,
            600,
            None,
            What::FaultEnded { fault: FaultId(0), source: SourceId(0), domain: Some(DomainId(0)) },
        ),
        change(7, 600, Some(6), What::SiteChanged { site: virginia, truth: "up".to_owned() }),
        change(8, 640, Some(7), verdict(true)),
        change(9, 640, Some(8), answer(vec![(virginia, 0.5), (dublin, 0.5)])),
        change(10, 700, Some(9), What::CachesSettled { population: PopulationId(0) }),
        change(11, 700, Some(9), What::CameUp { scope: Scope::All }),
    ];
    let frame = |seconds: i64, closing: bool, to_virginia: f64, up: bool| {
        let mut lost = [0.0; Mechanism::ALL.len()];
        let to_dead = if up { 0.0 } else { 2000.0 * to_virginia };
        let mechanism = if seconds < 40 || (seconds == 40 && closing) {
            Mechanism::Undetected
        } else {
            Mechanism::StaleRoute
        };
        lost[mechanism.index()] = to_dead;
        lost[Mechanism::Overload.index()] = (2000.0 * (1.0 - to_virginia) - 1500.0).max(0.0);
        let shares = vec![(virginia, to_virginia), (dublin, 1.0 - to_virginia)];
        let site = |up: bool, share: f64| SiteFrame { up, load: 2000.0 * share, capacity: Some(1500.0) };
        Frame {
            at: at(seconds),
            closing,
            populations: vec![PopulationFrame {
                offered: 2000.0,
                answer: shares.clone(),
                shares,
                unanswered: 0.0,
                lost,
            }],
            sites: vec![site(up, to_virginia), site(true, 1.0 - to_virginia)],
        }
    };
    let frames = vec![
        frame(-60, false, 0.5, true),
        frame(0, true, 0.5, true),
        frame(0, false, 0.5, false),
        frame(40, true, 0.5, false),
        frame(40, false, 0.5, false),
        frame(70, true, 0.25, false),
        frame(70, false, 0.25, false),
        frame(100, true, 0.0, false),
        frame(100, false, 0.0, false),
        frame(600, true, 0.0, false),
        frame(600, false, 0.0, true),
        frame(640, true, 0.0, true),
        frame(640, false, 0.0, true),
        frame(670, true, 0.25, true),
        frame(670, false, 0.25, true),
        frame(700, true, 0.5, true),
        frame(700, false, 0.5, true),
        frame(760, true, 0.5, true),
    ];
    let cost = |(from, until, lost): (i64, i64, f64)| Cost {
        from: at(from),
        until: at(until),
        lost: Volume::from_requests(lost),
        down: true,
    };
    let costs = [
        (0, 40, 40_000.0),
        (40, 70, 22_500.0),
        (70, 100, 15_000.0),
        (100, 600, 250_000.0),
        (600, 640, 20_000.0),
        (640, 670, 7_500.0),
    ];
    let costs = costs.map(cost).to_vec();
    Story { replication: 12, from: at(-60), until: at(760), changes, frames, costs }
}

/// The loss of each site.
pub(crate) fn drills() -> Vec<DrillOutcome> {
    let phased = |mean: Span, more: Span| Phased { mean, best: mean - more, worst: mean + more };
    let drill =
        |name: &str, survivor: &str, load: f64, served: f64, full_service: Option<Span>| DrillOutcome {
            name: name.to_owned(),
            kind: "site".to_owned(),
            lasts: Span::DAY * 2 + Span::MINUTE * 4,
            phases: 16,
            drawn: false,
            sites_lost: vec![name.to_owned()],
            served,
            survivors: vec![SurvivorLoad { site: survivor.to_owned(), load, capacity: Some(1500.0) }],
            detection: Some(phased(Span::from_millis(31_240), Span::from_secs(5))),
            full_service: full_service.map(|mean| phased(mean, Span::from_secs(5))),
            lost_until_settled: Volume::from_requests(91_000.0),
            lost: Phased {
                mean: Volume::from_requests(1_912_000.0),
                best: Volume::from_requests(1_902_000.0),
                worst: Volume::from_requests(1_922_000.0),
            },
            stores: Vec::new(),
        };
    vec![
        drill("virginia", "dublin", 2000.0, 0.75, None),
        drill("dublin", "virginia", 1100.0, 1.0, Some(Span::from_secs(95))),
    ]
}
