//! The story told of an outage, against what the run says of it.

use models::study::{Options, run, story};
use models::volume::Volume;
use sim::{Instant, Span};

const SHIPPED: [(&str, &str); 5] = [
    ("first", include_str!("../docs/first.yaml")),
    ("active-passive", include_str!("../scenarios/library/active-passive.yaml")),
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
