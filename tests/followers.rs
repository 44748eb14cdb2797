//! What clients see of whom writes wait for, who follows a lost writer, who comes home and who learns of it late: single
//! operations against the flow engine, which counts everything.

use models::blame::Mechanism;
use models::outcome::{Anomaly, Consistency, Estimate, Outcome};
use models::study::{Options, run};
use scenarios::Override;

/// Three sites in a row, with clients at all of them; home is lost from the tenth minute to the thirtieth.
const ROW: &str = "
scenario: 1
name: three in a row
run: {horizon: 1h, replications: 64, operations: 5000}
defaults: {sites: {capacity: 1000 rps, outages: none}}
sites: {home: {at: [41.0, -93.0]}, near: {at: [41.0, -80.0]}, far: {at: [48.9, 2.3]}}
requests:
  look: {share: 50%, reads: [s]}
  put:  {share: 50%, writes: [s]}
clients:
  world: {anywhere: true, uses: www, demand: 60 rps}
steering:
  www: {policy: static, sites: {home: 50%, near: 25%, far: 25%}}
script: [{at: 10m, fail: home, for: 20m}]
";

const LEASE: &str = "failover: {lease: 30s, renewed_every: 10s}, promotion: 5s";

fn outcome(store: &str, changes: &[&str]) -> Outcome {
    let text = format!(
        "{ROW}stores: {{s: {{family: primary, primary: home, {store}, keys: 1000, sessions: {{operations: 1, think: 1s}}}}}}\n"
    );
    let changes: Vec<Override> =
        changes.iter().map(|change| Override::parse(change).expect("an override")).collect();
    let loaded = scenarios::load("row.yaml", &text, &changes).expect("the scenario is valid");
    let found = run(&loaded.specification, &Options::default(), &|_| {}).expect("it runs");
    assert!(found.warnings.iter().all(|warning| !warning.contains("left out")), "{:?}", found.warnings);
    found
}

fn seen(outcome: &Outcome) -> &Consistency {
    outcome.stores[0].consistency.as_ref().expect("its clients are looked at")
}

/// Per million of all operations.
fn row(outcome: &Outcome, anomaly: Anomaly) -> Estimate {
    let row = seen(outcome).anomalies.iter().find(|row| row.anomaly == anomaly);
    row.expect("it concerns the store").of_all
}

/// Acknowledged writes lost in an hour: as the flow engine counts them, and as clients see it.
fn lost(outcome: &Outcome) -> (f64, Estimate) {
    let hours = 365.0 * 24.0;
    let operations = seen(outcome).operations.value / hours;
    (
        outcome.stores[0].lost_writes.value / hours,
        row(outcome, Anomaly::LostWrite).map(|per_million| per_million / 1e6 * operations),
    )
}

/// Requests that found no writer, and operations that were refused or never answered, in an hour.
fn unserved(outcome: &Outcome) -> (f64, Estimate) {
    let by_mechanism = &outcome.scopes[0].by_mechanism;
    let found = by_mechanism.iter().find(|(mechanism, _)| *mechanism == Mechanism::NoWriter);
    let by_flow = found.map_or(0.0, |(_, lost)| lost.requests()) / outcome.replications as f64;
    let operations = seen(outcome).operations.value / 8760.0;
    let [refused, unknown] = [Anomaly::Refused, Anomaly::Unknown].map(|anomaly| row(outcome, anomaly));
    let both = Estimate {
        value: refused.value + unknown.value,
        low: refused.low + unknown.low,
        high: refused.high + unknown.high,
        ..refused
    };
    (by_flow, both.map(|per_million| per_million / 1e6 * operations))
}

/// Within twice the interval's reach: a test that checks many must not fail by chance.
fn holds(found: Estimate, expected: f64) -> bool {
    (found.value - expected).abs() <= found.high - found.low + 1e-9 * expected
}

/// The near replica acknowledges every write before the far one has it. Whichever is promoted, what was acknowledged is not lost:
/// the other has it, and both are in reach.
#[test]
fn what_one_replica_has_acknowledged_survives_the_promotion_of_another() {
    for (replicas, which) in [("[far, near]", "any"), ("[near, far]", "any"), ("[far, near]", "first")] {
        let waits = format!("acknowledged_by: {{replicas: 1, which: {which}}}");
        for promotes in ["any", "synchronous"] {
            let store = format!("replicas: {replicas}, lag: 200ms, {waits}, promotes: {promotes}, {LEASE}");
            let found = outcome(&store, &[]);
            let (by_flow, by_clients) = lost(&found);
            assert_eq!((by_flow, by_clients.value), (0.0, 0.0), "{store}: {by_clients:?}");
        }
    }
}

/// Beside the home, a write takes as long as the way to the replica it waits for, there and back. One site has both.
#[test]
fn writes_wait_for_the_first_in_their_order_or_for_the_fastest() {
    let writing = |replicas: &str, waits: &str| {
        let store = format!("replicas: {replicas}, lag: 0s, acknowledged_by: {waits}");
        let changes = ["steering.www.sites={home: 100%}", "script=[]"];
        seen(&outcome(&store, &changes)).writes.p50.value
    };
    let [near, far] = ["[near]", "[far]"].map(|replicas| writing(replicas, "{replicas: 1}"));
    assert!(near > 0.0 && far > 2.0 * near, "{near} {far}");
    for (replicas, waits, expected) in [
        ("[far, near]", "{replicas: 1, which: any}", near),
        ("[far, near]", "{replicas: 1, which: first}", far),
        ("[near, far]", "{replicas: 1, which: first}", near),
        ("[near, far]", "{replicas: 2, which: first}", far),
    ] {
        let found = writing(replicas, waits);
        assert!((found - expected).abs() < 0.02 * expected, "{replicas} {waits}: {found}, {expected}");
    }
}

/// The first replica is lost for a third of an hour: then the second is waited for. Half of the clients are at the home.
#[test]
fn the_next_in_order_is_waited_for_while_the_first_is_lost() {
    let store = "replicas: [far, near], lag: 0s, acknowledged_by: {replicas: 1, which: first}";
    let beside = "steering.www.sites={home: 100%}";
    for (script, quick) in [("script=[]", false), ("script=[{at: 0s, fail: far, for: 40m}]", true)] {
        for fidelity in ["run.fidelity=sampled", "run.fidelity=request"] {
            let found = outcome(store, &[beside, script, fidelity, "run.replications=8"]);
            let median = seen(&found).writes.p50.value;
            assert_eq!(median < 0.05, quick, "{script} {fidelity}: {median}");
        }
    }
}

/// The writer follows its home's return two minutes after that is back: nobody writes for the lag and the promotion, and nothing
/// more is lost than at the failover.
#[test]
fn who_comes_home_has_everything() {
    let store = format!("replicas: [near, far], lag: 2s, returns: {{after: 2m}}, {LEASE}");
    for fidelity in ["run.fidelity=sampled", "run.fidelity=request"] {
        let found = outcome(&store, &[fidelity]);
        let hand_overs = found.stores[0].hand_overs.value / 8760.0;
        assert!((hand_overs - 2.0).abs() < 1e-9, "{hand_overs}");
        let (by_flow, by_clients) = lost(&found);
        // What half of the clients write at the home for two seconds, and the others from afar: 30 writes a second.
        assert!(
            (by_flow - 60.0).abs() < 6.0 && holds(by_clients, by_flow),
            "{fidelity}: {by_flow} {by_clients:?}"
        );
        let (by_flow, by_clients) = unserved(&found);
        assert!(by_flow > 1000.0 && holds(by_clients, by_flow), "{fidelity}: {by_flow} {by_clients:?}");
    }
}

/// The routers of the near and the far site learn of the new writer 40 s late, but at its own site at once: until then requests
/// there go to the one that is lost, and find no writer. Both engines count as many.
#[test]
fn routers_that_learn_late_cost_clients_what_the_flow_engine_says() {
    for late in ["1ms", "40s"] {
        let store = format!("replicas: [near, far], lag: 1s, routers_learn: {late}, {LEASE}");
        for fidelity in ["run.fidelity=sampled", "run.fidelity=request"] {
            let found = outcome(&store, &[fidelity]);
            let (by_flow, by_clients) = unserved(&found);
            assert!(holds(by_clients, by_flow), "{late} {fidelity}: {by_flow} {by_clients:?}");
            // A quarter of all comes to each of both sites.
            let due = 30.0 * 30.1 + if late == "40s" { 15.0 * 40.0 } else { 0.0 };
            assert!((by_flow / due - 1.0).abs() < 0.05, "{late}: {by_flow}, {due}");
        }
    }
}

/// The home is cut off for four minutes and nobody stops it. The far site's router sends writes there for two minutes after
/// the cut has healed and the home has stopped; before, clients at the home write what is lost. Both engines count as much.
#[test]
fn what_goes_to_a_former_writer_is_lost_as_the_flow_engine_says() {
    let failover = "failover: {human: 30s}, promotion: 5s";
    for learns in ["", "routers_learn: 2m,"] {
        let store = format!("replicas: [near, far], lag: 1s, {learns} {failover}");
        let script = "script=[{at: 10m, partition: [[home], [near, far]], for: 4m}]";
        for fidelity in ["run.fidelity=sampled", "run.fidelity=request"] {
            let found = outcome(&store, &[script, fidelity]);
            let (by_flow, by_clients) = lost(&found);
            assert!(
                by_flow > 2000.0 && holds(by_clients, by_flow),
                "{learns} {fidelity}: {by_flow} {by_clients:?}"
            );
            let (by_flow, by_clients) = unserved(&found);
            assert!(holds(by_clients, by_flow), "{learns} {fidelity}: {by_flow} {by_clients:?}");
        }
    }
}

/// Every 59th of all combinations of who decides, who is waited for, what becomes of the former writer, how lags are drawn and what
/// fails: both engines lose as many writes and leave as many requests unserved.
#[test]
fn both_engines_tell_one_story_whatever_the_store() {
    let deciders = [
        "failover: {lease: 30s, renewed_every: 10s}",
        "failover: {check: {every: 5s, failures: 2, timeout: 5s}}",
        "failover: {check: {every: 5s, failures: 2, timeout: 5s}, fenced: true}",
        "failover: {human: 30s}",
    ];
    let waits = [
        "primary",
        "{replicas: 1}",
        "{replicas: 1, which: first}",
        "{replicas: 2}",
        "{replicas: 1, alone_after: 5s}",
        "{replicas: 2, alone_after: 20s}",
    ];
    let formers = ["", ", noticed: 2m, rejoin: 3m", ", returns: {after: 1m}", ", routers_learn: 40s"];
    let lags = ["2s", "{law: exponential, mean: 1s}", "1s, lag_drawn: write"];
    let scripts = [
        "{at: 10m, fail: home, for: 10m}",
        "{at: 10m, partition: [[home], [near, far]], for: 4m}",
        "{at: 10m, partition: [[home, near], [far]], for: 4m}, {at: 12m, fail: home, for: 10m}",
        "{at: 10m, fail: near, for: 10m}, {at: 15m, fail: home, for: 10m}",
        "{at: 10m, fail: near, for: 10m}, {at: 12m, fail: far, for: 5m}, {at: 16m, fail: home, for: 10m}",
        "{at: 10m, fail: home, for: 3m}, {at: 14m, partition: [[near], [home, far]], for: 3m}, {at: 25m, fail: far, for: 5m}",
    ];
    let all = deciders.len() * waits.len() * formers.len() * lags.len() * scripts.len();
    for number in (5..all).step_by(59) {
        let mut left = number;
        let mut draw = |from: &[&'static str]| {
            let drawn = from[left % from.len()];
            left /= from.len();
            drawn
        };
        let (script, lag, former) = (draw(&scripts), draw(&lags), draw(&formers));
        let (waits, decider) = (draw(&waits), draw(&deciders));
        let store = format!(
            "replicas: [near, far], acknowledged_by: {waits}, lag: {lag}, {decider}, promotion: 5s{former}, reads_from: nearest"
        );
        let script = format!("script=[{script}]");
        let found = outcome(&store, &[&script, "run.replications=32", "run.operations=3000"]);
        for (what, (by_flow, by_clients)) in [("lost", lost(&found)), ("unserved", unserved(&found))] {
            let near = (by_flow - by_clients.value).abs() < 0.03 * by_flow + 2.0;
            assert!(
                near || holds(by_clients, by_flow),
                "{what}: {by_flow}, {by_clients:?}: {store}, {script}"
            );
        }
    }
}
