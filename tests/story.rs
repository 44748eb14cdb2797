//! The story told of an outage, against what the run says of it.

use models::study::{Options, drill, run, story};
use models::timeline::{Change, What};
use models::volume::Volume;
use sim::{Instant, Span};

const SHIPPED: [(&str, &str); 7] = [
    ("first", include_str!("../docs/first.yaml")),
    ("active-passive", include_str!("../scenarios/library/active-passive.yaml")),
    ("patroni-three-sites", include_str!("../scenarios/library/patroni-three-sites.yaml")),
    ("read-replicas", include_str!("../scenarios/library/read-replicas.yaml")),
    ("regional-dependency", include_str!("../scenarios/library/regional-dependency.yaml")),
    ("thirteen-providers", include_str!("../scenarios/library/thirteen-providers.yaml")),
    ("three-region-web", include_str!("../scenarios/library/three-region-web.yaml")),
];

/// One site, lost for a day in which demand swings from 10 to 190 requests a second.
const SWINGING: &str = "scenario: 1
name: a daily demand
run: {horizon: 10d, replications: 1}
sites: {a: {at: [0, 0], capacity: 500 rps, outages: none}}
steering: {www: {policy: simple, ttl: 0s, sites: [a]}}
clients: {c: {anywhere: true, daily: {low: 10 rps, high: 190 rps, peak: 12h}, uses: www}}
script: [{at: 1d, for: 1d, fail: a, effect: down}]";

/// What the run says was lost in its worst outage, and what the story of that outage adds up to.
fn worst_twice(name: &str, text: &str, replications: u64) -> (Volume, Volume) {
    let loaded = scenarios::load(name, text, &[]);
    let mut specification =
        loaded.unwrap_or_else(|problems| panic!("{}", problems.render(false))).specification;
    specification.run.replications = replications;
    specification.run.precision = None;
    specification.expectations.clear();
    let outcome = run(&specification, &Options { threads: Some(1) }, &|_| {}).expect("the scenario is sound");
    let worst = outcome.worst.expect("there is an outage");
    let (from, until) = ((worst.from - Span::MINUTE).max(Instant::ZERO), worst.until + Span::MINUTE);
    let told = story(&specification, worst.replication, Some(from), Some(until)).expect("it can be told");
    let inside = told.costs.iter().filter(|cost| cost.from >= worst.from && cost.until <= worst.until);
    (worst.lost, inside.map(|cost| cost.lost).sum())
}

#[test]
fn the_story_of_the_worst_outage_costs_what_the_run_says() {
    for (name, text) in SHIPPED {
        let (said, told) = worst_twice(name, text, 12);
        assert!(said > Volume::ZERO, "{name}");
        assert_eq!(told, said, "{name}");
    }
}

/// The mean of 10 and 190, for a day.
#[test]
fn a_story_counts_what_demand_does_between_two_changes() {
    let (said, told) = worst_twice("swinging.yaml", SWINGING, 1);
    assert_eq!(told, said);
    assert!((told.requests() - 100.0 * 86_400.0).abs() < 1e-3, "{}", told.requests());
}

/// The third failed probe is sent at 60 s and known at 65 s; the repair comes between the two.
#[test]
fn a_verdict_that_was_on_its_way_when_the_repair_came_is_laid_to_the_fault() {
    let text = "scenario: 1
name: a repair overtakes a verdict
run: {horizon: 1d, replications: 1}
sites: {a: {at: [0, 0], capacity: 1000 rps, outages: none}, b: {at: [0, 0], capacity: 1000 rps, outages: none}}
health_checks: {h: {interval: 30s, timeout: 5s, failures: 3, successes: 2, vantages: 1, phase: [0s]}}
steering: {www: {policy: failover, ttl: 60s, sites: [a, b], health_check: h, propagation: 10s}}
clients: {c: {anywhere: true, demand: 100 rps, uses: www}}
script: [{at: 12h, for: 61s, fail: a, effect: down}]";
    let specification = scenarios::load("overtaken.yaml", text, &[]).expect("it is sound").specification;
    let told = story(&specification, 0, None, None).expect("it can be told");
    let cause = |change: &Change| {
        let id = change.cause.expect("a verdict has a cause");
        told.changes.iter().find(|other| other.id == id).expect("it is told").what.clone()
    };
    let verdict = |becomes: bool| {
        let becomes = |change: &&Change| matches!(change.what, What::VerdictChanged { healthy, .. } if healthy == becomes);
        cause(told.changes.iter().find(becomes).expect("it turns"))
    };
    assert!(matches!(verdict(false), What::SiteChanged { truth, .. } if truth == "down"));
    assert!(matches!(verdict(true), What::SiteChanged { truth, .. } if truth == "up"));
}

/// One probe every five minutes, at no particular second: a loss is seen after 5 s to 5 min 5 s, 2 min 35 s on average.
#[test]
fn a_drill_does_not_pick_the_moment_just_before_a_probe() {
    let text = "scenario: 1
name: a slow check
run: {horizon: 10d}
sites: {a: {at: [0, 0], capacity: 1000 rps, outages: none}, b: {at: [0, 0], capacity: 1000 rps, outages: none}}
health_checks: {h: {interval: 5m, timeout: 5s, failures: 1, successes: 2, vantages: 1}}
steering: {www: {policy: failover, ttl: 0s, sites: [a, b], health_check: h}}
clients: {c: {anywhere: true, demand: 100 rps, uses: www}}";
    let specification = scenarios::load("slow.yaml", text, &[]).expect("it is sound").specification;
    let drills = drill(&specification, "a").expect("it has a site a");
    let [lost] = &drills[..] else { panic!("one loss") };
    let step = 300.0 / f64::from(lost.phases);
    for figure in [lost.detection, lost.full_service] {
        let seconds = figure.map(|span| [span.best, span.mean, span.worst].map(Span::seconds));
        let expected = [5.0 + step / 2.0, 155.0, 305.0 - step / 2.0];
        let near = seconds.is_some_and(|found| found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6));
        assert!(near, "{seconds:?}, by hand {expected:?}");
    }
    assert!((lost.lost.mean.requests() - 15_500.0).abs() < 1e-3, "{:?}", lost.lost);
}
