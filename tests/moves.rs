//! Clients that move from site to site, as their own resolvers lead them, and what of their own they find there.

use models::outcome::{Anomaly, Consistency, Estimate, Outcome};
use models::study::{Options, run};
use scenarios::Override;

/// Two sites next to each other that both take writes; single writes are two seconds on the way to the other one.
const TWO: &str = "
scenario: 1
name: two sites
run: {horizon: 1h, replications: 64, operations: 20000}
defaults: {sites: {capacity: 1000 rps, outages: none}}
sites: {east: {at: [41.0, -93.0]}, west: {at: [41.0, -93.0]}}
stores:
  s: {family: multi-primary, replicas: [east, west], lag: 2s, keys: 1000000 keys,
      sessions: {operations: 50, think: 1s}}
requests:
  look: {share: 50%, reads: [s]}
  put:  {share: 50%, writes: [s]}
clients:
  world: {anywhere: true, uses: www, demand: 60 rps}
steering:
  www: {policy: weighted, ttl: 60s, sites: {east: 1, west: 1}}
";

fn outcome(changes: &[&str]) -> Outcome {
    let changes: Vec<Override> =
        changes.iter().map(|change| Override::parse(change).expect("an override")).collect();
    let loaded = scenarios::load("two.yaml", TWO, &changes).expect("the scenario is valid");
    run(&loaded.specification, &Options::default(), &|_| {}).expect("it runs")
}

fn seen(outcome: &Outcome) -> &Consistency {
    outcome.stores[0].consistency.as_ref().expect("its clients are looked at")
}

fn row(outcome: &Outcome, anomaly: Anomaly) -> models::outcome::AnomalyOutcome {
    let row = seen(outcome).anomalies.iter().find(|row| row.anomaly == anomaly);
    *row.expect("it concerns the store")
}

/// Within twice the interval's reach: a test that checks many must not fail by chance.
fn holds(found: Estimate, expected: f64) -> bool {
    (found.value - expected).abs() <= found.high - found.low
}

/// Half of a session's operations are writes, and another one comes before each with probability q = 49/50: so the last own
/// write before a read is of an exponential age of rate l = 1 - q/2 a second. It is missed if it is younger than the 2 s that
/// it is on the way and the resolver has asked since, once a minute, and got the other site: the integral of
/// l e^(-l a) a/(2 T) up to d.
#[test]
fn resolvers_that_are_answered_one_site_of_two_miss_own_writes_by_the_closed_form() {
    let (rate, ttl, delay) = (1.0 - 0.98 / 2.0, 60.0, 2.0);
    let expected = (1.0 - libm::exp(-rate * delay) * (1.0 + rate * delay)) / (2.0 * ttl * rate);
    let found = outcome(&[]);
    let missed = row(&found, Anomaly::ReadYourWrites).of_eligible;
    assert!(holds(missed, expected * 1e6), "{missed:?}, {}", expected * 1e6);
    assert!(missed.high - missed.low < 0.2 * missed.value, "{missed:?}");
    // Each client stays where it is.
    let stays = outcome(&["steering.www={policy: static, sites: {east: 50%, west: 50%}}"]);
    let missed = row(&stays, Anomaly::ReadYourWrites).of_eligible;
    assert_eq!((missed.value, missed.low), (0.0, 0.0), "{missed:?}");
}

/// The east is lost for an hour, its clients are led to the west, and back again; what is written at one site comes to the other
/// an hour and a half later. Sessions of n = 40 operations, 30 s apart, that have written before they move miss it in each read
/// until they write again: E = 1/2 / (1 - q/2) reads each, and as large is the share that has written. While their resolvers
/// still lead them to the dead site their operations come to nothing, and one in n was their last.
#[test]
fn who_is_led_away_from_a_lost_site_misses_what_it_wrote_there() {
    let changes = [
        "run.horizon=4h",
        "stores.s.lag=90m",
        "stores.s.sessions={operations: 40, think: 30s}",
        "health_checks={web: {interval: 10s, failures: 3, timeout: 4s, vantages: 8}}",
        "steering.www={policy: failover, ttl: 20s, health_check: web, sites: [east, west]}",
        "script=[{at: 1h, fail: east, for: 1h}]",
    ];
    let found = outcome(&changes);
    let (operations, think, demand) = (40.0, 30.0, 60.0);
    let again = 1.0 - 1.0 / operations;
    let each = 0.5 / (1.0 - 0.5 * again);
    let pending = demand / operations * (operations - 1.0) * think;
    // Three probes fail, the first after 5 s in the mean, the last is known 4 s later; then half a time to live.
    let away = 5.0 + 20.0 + 4.0 + 10.0;
    let stays = libm::exp(-away / (operations * think));
    let expected = pending * each * each * (stays + 1.0);
    let all = seen(&found).operations.value / 8760.0 * 4.0;
    let missed = row(&found, Anomaly::ReadYourWrites).of_all.map(|share| share / 1e6 * all);
    assert!(holds(missed, expected), "{missed:?}, {expected}");
    assert!(missed.high - missed.low < 0.2 * missed.value, "{missed:?}");
    // What comes to no site is lost in the flow engine, and no operation here.
    let every = outcome(&[&changes[..], &["run.fidelity=request", "run.replications=8"]].concat());
    let served = every.scopes[0].availability.value * demand * 8760.0 * 3600.0;
    let operations = seen(&every).operations;
    assert!(holds(operations, served), "{operations:?}, {served}");
    assert!(operations.high - operations.low < 0.03 * served, "{operations:?}");
}

/// Sampled sessions among some others, against everybody.
#[test]
fn sampled_sessions_that_move_tell_what_all_of_them_tell() {
    let health = "health_checks={web: {interval: 10s, failures: 2, timeout: 4s, vantages: 3}}";
    let steering = "steering.www={policy: failover, ttl: 40s, health_check: web, sites: [east, west]}";
    let script = "script=[{at: 20m, fail: east, for: 5m}]";
    let primary = "stores.s={family: primary, primary: west, replicas: [east], lag: 20s, reads_from: nearest, keys: 300, \
                   sessions: {operations: 20, think: 5s}}";
    let many = "stores.s={family: multi-primary, replicas: [east, west], lag: 20s, keys: 300, \
                sessions: {operations: 20, think: 5s}}";
    let own = [Anomaly::StaleRead, Anomaly::ReadYourWrites, Anomaly::MonotonicReads];
    for (store, some) in [(primary, &own[..2]), (many, &own[..])] {
        let changes = [health, steering, script, store, "run.operations=60000"];
        let sampled = outcome(&changes);
        let every = outcome(&[&changes[..], &["run.fidelity=request", "run.replications=8"]].concat());
        let per_year = [&every, &sampled].map(|outcome| seen(outcome).operations.value);
        assert!((per_year[0] / per_year[1] - 1.0).abs() < 0.02, "{per_year:?}");
        for anomaly in seen(&every).anomalies.iter().map(|row| row.anomaly) {
            let [all, few] = [&every, &sampled].map(|outcome| row(outcome, anomaly).of_all);
            let reach = (all.high - all.low) + (few.high - few.low);
            assert!((all.value - few.value).abs() <= reach, "{anomaly:?}: {all:?}, {few:?}");
        }
        for anomaly in some {
            let found = row(&sampled, *anomaly).of_all;
            assert!(found.value > 0.0 && found.high - found.low < found.value, "{anomaly:?}: {found:?}");
        }
    }
}

/// The east is lost from the middle of the run to its end: half of the clients of half of the run. Sessions are as long as that,
/// so that many are under way when the run begins and when it ends.
#[test]
fn long_sessions_send_what_the_flow_engine_has_whatever_ends_first() {
    let found = outcome(&[
        "steering.www={policy: static, sites: {east: 50%, west: 50%}}",
        "stores.s.sessions={operations: 60, think: 30s}",
        "script=[{at: 30m, fail: east, for: 30m}]",
        "run.replications=256",
    ]);
    let served = 0.75 * 60.0 * 8760.0 * 3600.0;
    assert_eq!(found.scopes[0].availability.value, 0.75);
    let operations = seen(&found).operations;
    assert!(holds(operations, served), "{operations:?}, {served}");
    assert!(operations.high - operations.low < 0.05 * served, "{operations:?}");
}

/// Clients at a site without a member are as far from each member as their site is: as if a witness stood there.
#[test]
fn who_comes_to_a_site_without_a_member_waits_for_the_way_to_one() {
    let reads = |store: &str| {
        let store = format!("stores.s={{{store}, keys: 1000, sessions: {{operations: 10, think: 1s}}}}");
        let sites = "sites={east: {at: [41.0, -93.0]}, west: {at: [48.9, 2.3]}, mid: {at: [64.1, -21.9]}}";
        let steering = "steering.www={policy: static, sites: {mid: 100%}}";
        let found = outcome(&[sites, steering, &store, "run.replications=8", "run.operations=2000"]);
        [seen(&found).reads.p50.value, seen(&found).writes.p50.value]
    };
    let primary = "family: primary, primary: east, replicas: [west], lag: 0s";
    let without = reads(primary);
    assert_eq!(without, reads(&format!("{primary}, witnesses: [mid]")));
    assert!(without[0] > 0.04, "{without:?}: six thousand kilometres there and back");
    let many = |copies: &str| reads(&format!("family: leaderless, replicas: [east, west], {copies}"));
    let one = many("levels: {write: one, read: one}");
    assert!(one[0] > 0.02, "{one:?}");
}
