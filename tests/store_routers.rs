//! What routers that learn late cost, against what arithmetic says: half of 100 requests a second write a store with a primary
//! at `a` from `d` and `e`, and are given up 60 s after its loss, for one that writes 5 s later.

use models::blame::Mechanism;
use models::outcome::Outcome;
use models::study::{Options, run};

const DAYS: f64 = 30.0;
const REPLICATIONS: f64 = 200.0;
const DIES: &str = "- {at: 10d, fail: a, for: 1h}";

fn outcome(words: &str, script: &str) -> Outcome {
    let text = format!(
        "scenario: 1
name: routers
run: {{horizon: {DAYS}d, replications: {REPLICATIONS}, seed: 1}}
defaults:
  sites: {{outages: none, capacity: 1000 rps}}
sites: {{a: {{at: [40, -75]}}, b: {{at: [41, -75]}}, c: {{at: [42, -75]}}, d: {{at: [43, -75]}}, e: {{at: [44, -75]}}}}
requests:
  w: {{share: 50%, writes: [s/all]}}
clients:
  world: {{anywhere: true, uses: www, demand: 100 rps}}
steering:
  www: {{policy: static, sites: {{d: 50%, e: 50%}}}}
stores:
  s: {{family: partitioned, lag: 2s, promotion: 5s, failover: {{human: 60s}}, {words}, parts: {{all: {{primary: a, replicas: [b, c]}}}}}}
script:
{script}
"
    );
    let specification =
        scenarios::load("routers.yaml", &text, &[]).unwrap_or_else(|bad| panic!("{}", bad.render(false)));
    run(&specification.specification, &Options::default(), &|_| {}).expect("it runs")
}

/// Seconds of all writes that are lost in a replication for want of a writer; nothing is lost otherwise.
fn lost_seconds(outcome: &Outcome) -> f64 {
    let everything = &outcome.scopes[0];
    assert!(everything.by_both.iter().all(|(mechanism, ..)| *mechanism == Mechanism::NoWriter));
    everything.lost.requests() / REPLICATIONS / 50.0
}

fn close(seen: f64, expected: f64, by: f64) {
    assert!((seen - expected).abs() <= by, "{seen} is not {expected} ± {by}");
}

#[test]
fn requests_go_to_the_dead_primary_until_routers_have_learned() {
    close(lost_seconds(&outcome("reads_from: primary", DIES)), 65.0, 1e-6);
    let late = outcome("routers_learn: 20s", DIES);
    close(lost_seconds(&late), 85.0, 1e-6);
    // The store had a writer all the same.
    close((1.0 - late.stores[0].writable.value) * DAYS * 86_400.0, 65.0, 1e-3);
}

/// Exponential with a mean of 20 s at each of two sites: the mean of both has a standard deviation of 20/√2 s.
#[test]
fn each_router_learns_by_itself() {
    let seen = lost_seconds(&outcome("routers_learn: {mean: 20s}", DIES));
    let deviation = 20.0 / 2_f64.sqrt() / REPLICATIONS.sqrt();
    close(seen, 85.0, 4.0 * deviation);
}

/// A pause of 2 s and 5 s, and then the routers know the one that has stopped.
#[test]
fn a_return_has_its_own_routers_to_tell() {
    let words = "routers_learn: 20s, returns: {after: 10m}";
    close(lost_seconds(&outcome(words, DIES)), 85.0 + 27.0, 1e-6);
}

/// Cut off from the replicas only, the old primary goes on, and clients reach both: what it accepts from the decision on is
/// lost with it, 5 s of the promotion and 20 s more, besides the 60 s before and the lag.
#[test]
fn a_primary_that_goes_on_accepts_what_routers_still_send_it() {
    let cut = "- {at: 10d, partition: [[a], [b, c]], for: 1h}";
    let lost = |words: &str| {
        let outcome = outcome(words, cut);
        close(lost_seconds(&outcome), 0.0, 1e-9);
        outcome.stores[0].lost_writes.value * DAYS / 365.0
    };
    for (words, seconds) in [("reads_from: primary", 67.0), ("routers_learn: 20s", 87.0)] {
        let mean = 50.0 * seconds;
        close(lost(words), mean, 4.0 * (mean / REPLICATIONS).sqrt());
    }
}

/// A router that does not reach the new primary does not hear of it: it is told once the cut is over.
#[test]
fn a_router_learns_once_it_reaches_the_new_primary() {
    let script = format!("{DIES}\n- {{at: 10d, partition: [[d], [b, c]], for: 30m}}");
    // Half the requests wait for the end of the cut; `a`, which `d` would reach, is dead.
    close(lost_seconds(&outcome("routers_learn: 20s", &script)), (85.0 + 1800.0 + 20.0) / 2.0, 1e-6);
}
