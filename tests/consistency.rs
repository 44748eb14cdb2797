//! What a run says that clients of stores see, against closed forms, against the flow engine, and sampled against every
//! operation.

use models::expect::Verdict;
use models::outcome::{Anomaly, AnomalyOutcome, Consistency, Estimate, Outcome};
use models::specification::Specification;
use models::study::{Options, StudyFault, run};
use scenarios::Override;

const ORDERS: &str = include_str!("cmd/history.in/orders.yaml");
const SESSIONS: &str = "stores.orders.sessions={operations: 10, think: 1s}";

/// A primary that nobody visits and a replica that answers all reads, far apart; 40 writes a second over 100 keys.
const TRAILING: &str = "
scenario: 1
name: a replica that trails
run: {horizon: 1h, replications: 128, operations: 4000}
defaults: {sites: {capacity: 1000 rps, outages: none}}
sites: {iowa: {at: [41.0, -93.0]}, paris: {at: [48.9, 2.3]}}
stores:
  carts:
    {family: primary, primary: iowa, replicas: [paris], lag: 2s, reads_from: any, keys: 100 keys,
     sessions: {operations: 1, think: 1s}}
requests:
  look: {share: 50%, reads: [carts]}
  put:  {share: 50%, writes: [carts]}
clients:
  europe: {at: [48.9, 2.3], uses: www, demand: 80 rps}
steering:
  www: {policy: static, sites: {paris: 100%}}
";

fn load(text: &str, changes: &[&str]) -> Specification {
    let changes: Vec<Override> =
        changes.iter().map(|change| Override::parse(change).expect("an override")).collect();
    scenarios::load("test.yaml", text, &changes).expect("the scenario is valid").specification
}

fn outcome(text: &str, changes: &[&str]) -> Outcome {
    run(&load(text, changes), &Options::default(), &|_| {}).expect("it runs")
}

fn seen(outcome: &Outcome) -> &Consistency {
    outcome.stores[0].consistency.as_ref().expect("its clients are looked at")
}

fn row(seen: &Consistency, anomaly: Anomaly) -> AnomalyOutcome {
    *seen.anomalies.iter().find(|row| row.anomaly == anomaly).expect("every anomaly has a row")
}

/// Within twice the interval's reach: a test that checks many must not fail by chance. Numbers without luck agree to nine
/// digits.
fn holds(estimate: Estimate, expected: f64) -> bool {
    (estimate.value - expected).abs() <= estimate.high - estimate.low + 1e-9 * expected.abs()
}

/// Seconds from Iowa to Paris: half of what a write takes.
fn way(outcome: &Outcome) -> f64 {
    let way = seen(outcome).writes.p50.value / 2.0;
    assert!(0.01 < way && way < 0.1, "{way}");
    way
}

/// 1 - e^(-l d): a key is written 0.4 times a second. A write counts once its client in Paris has the acknowledgement, a
/// way after it was accepted, and a read there arrives as soon as it is sent, but for the site's own millisecond.
#[test]
fn a_constant_lag_makes_reads_stale_as_often_as_its_closed_form() {
    let found = outcome(TRAILING, &[]);
    let expected = 1.0 - libm::exp(-0.4 * (2.0 - way(&found)));
    let stale = row(seen(&found), Anomaly::StaleRead);
    assert!(holds(stale.of_eligible, expected * 1e6), "{stale:?}, {expected}");
    assert!(stale.of_eligible.high - stale.of_eligible.low < 0.1 * stale.of_eligible.value, "{stale:?}");
    // Half of the operations are reads.
    assert!(holds(stale.of_all, expected * 5e5), "{stale:?}");
    assert!(holds(seen(&found).operations, 80.0 * 365.0 * 86_400.0), "{:?}", seen(&found).operations);
}

/// E(1 - e^(-l L)) = l / (l + m) for a lag L drawn from an exponential law of rate m = 1/2 per second; lags shorter than
/// the way w of the acknowledgement make nothing stale, and e^(-m w) of them are longer.
#[test]
fn an_exponential_lag_makes_reads_stale_as_often_as_its_closed_form() {
    let found = outcome(TRAILING, &["stores.carts.lag={mean: 2s, law: exponential}"]);
    let expected = libm::exp(-0.5 * way(&found)) * 0.4 / (0.4 + 0.5);
    let stale = row(seen(&found), Anomaly::StaleRead).of_eligible;
    assert!(holds(stale, expected * 1e6), "{stale:?}, {expected}");
}

/// Popular keys are written more often: the sum over keys of p (1 - e^(-l p d)).
#[test]
fn popular_keys_are_stale_more_often_by_the_closed_form() {
    let found = outcome(TRAILING, &["stores.carts.popularity={zipf: 0.9}"]);
    let weights: Vec<f64> = (1..=100).map(|k| libm::pow(f64::from(k), -0.9)).collect();
    let sum: f64 = weights.iter().sum();
    let fresh = |weight: &f64| libm::exp(-40.0 * weight / sum * (2.0 - way(&found)));
    let expected: f64 = weights.iter().map(|weight| weight / sum * (1.0 - fresh(weight))).sum();
    let stale = row(seen(&found), Anomaly::StaleRead).of_eligible;
    assert!(holds(stale, expected * 1e6), "{stale:?}, {expected}");
}

/// The writer dies; a replica has what was written until 2 s before: 100 of 100 requests a second, half of them writes.
#[test]
fn operations_and_flows_lose_the_same_writes() {
    let found = outcome(ORDERS, &[SESSIONS, "stores.orders.keys=1000", "run.operations=20000"]);
    let lost = row(seen(&found), Anomaly::LostWrite).of_all;
    // The horizon is an hour.
    let by_operations = lost.map(|share| share / 1e6 * seen(&found).operations.value / 8760.0);
    assert!(holds(by_operations, 100.0), "{by_operations:?}");
    assert!(holds(by_operations, found.stores[0].lost_by_each.p50.value), "{by_operations:?}");
}

#[test]
fn sampled_sessions_tell_what_all_of_them_tell() {
    let keys = "stores.orders.keys=200";
    let every = outcome(ORDERS, &[SESSIONS, keys, "run.fidelity=request", "run.replications=8"]);
    let sampled = outcome(ORDERS, &[SESSIONS, keys, "run.operations=100000"]);
    assert!(seen(&every).simulated > 2_500_000 && seen(&sampled).simulated > 500_000);
    for anomaly in Anomaly::ALL {
        let [all, some] = [&every, &sampled].map(|outcome| row(seen(outcome), anomaly).of_all);
        let reach = (all.high - all.low) + (some.high - some.low);
        assert!((all.value - some.value).abs() <= reach, "{anomaly:?}: {all:?}, {some:?}");
        let never = matches!(anomaly, Anomaly::TwoWriters | Anomaly::Unknown);
        assert_eq!(all.value == 0.0, never, "{anomaly:?}: {all:?}");
        assert_eq!(some.value == 0.0, never, "{anomaly:?}: {some:?}");
    }
    let [all, some] = [&every, &sampled].map(|outcome| seen(outcome).operations.value);
    assert!((all - some).abs() < 0.02 * all, "{all}, {some}");
}

#[test]
fn a_writer_that_nobody_fences_is_seen_by_its_clients() {
    let script = "script=[{at: 10m, partition: [[virginia], [dublin, iowa]], for: 3m}]";
    let changes = [
        SESSIONS,
        "stores.orders.keys=1000",
        "run.operations=20000",
        script,
        "stores.orders.failover={human: 30s}",
        "steering.www={policy: static, sites: {virginia: 50%, dublin: 50%}}",
    ];
    let found = outcome(ORDERS, &changes);
    assert!((found.stores[0].two_writers.value / 8760.0 - 145.0).abs() < 1e-6);
    let beside = row(seen(&found), Anomaly::TwoWriters).of_all;
    // Half of 100 requests a second come to Virginia, on the side of the former writer, and half of them write: from 35 s
    // after the cut until it heals.
    let expected = 25.0 * 145.0 / (100.0 * 3600.0) * 1e6;
    assert!(holds(beside, expected), "{beside:?}, {expected}");
}

/// Two members, and a person who promotes whichever is left whenever the other is out of reach.
#[test]
fn writers_that_change_to_and_fro_can_be_played() {
    let script = "script=[{at: 10m, partition: [[virginia, iowa], [dublin]], for: 3m}]";
    let human = "stores.orders.failover={human: 30s}";
    let changes = [SESSIONS, "stores.orders.keys=1000", script, human, "stores.orders.replicas=[dublin]"];
    let found = outcome(ORDERS, &changes);
    assert!(row(seen(&found), Anomaly::TwoWriters).of_all.value > 0.0);
    assert!(found.warnings.iter().all(|warning| !warning.contains("left out")), "{:?}", found.warnings);
}

#[test]
fn what_never_happened_has_an_upper_bound() {
    let never = row(seen(&outcome(TRAILING, &[])), Anomaly::LostWrite).of_all;
    assert_eq!((never.value, never.low), (0.0, 0.0));
    assert!(never.high > 0.0 && never.high < 1e5, "{never:?}");
}

#[test]
fn nobody_is_looked_at_unless_the_scenario_says_how_they_use_the_store() {
    assert!(outcome(ORDERS, &[]).stores[0].consistency.is_none());
}

#[test]
fn too_many_operations_are_refused_before_they_are_run() {
    let changes = [SESSIONS, "stores.orders.keys=1000", "run.fidelity=request", "run.replications=1000"];
    let refused = run(&load(ORDERS, &changes), &Options::default(), &|_| {});
    assert!(matches!(refused, Err(StudyFault::TooManyOperations(due)) if (due / 3.6e8 - 1.0).abs() < 0.01));
}

#[test]
fn looking_at_operations_changes_nothing_else() {
    let mut found = outcome(ORDERS, &[SESSIONS, "stores.orders.keys=1000"]);
    found.stores[0].consistency = None;
    assert_eq!(format!("{found:?}"), format!("{:?}", outcome(ORDERS, &[])));
}

/// Expectations are judged by the same intervals as the table prints.
#[test]
fn expectations_on_stores_are_judged_by_what_is_reported() {
    let lines = [
        "stale_reads[carts] <= 100%",
        "stale_reads[carts] >= 999999 per million",
        "own_writes_missed[carts] < 100%",
        "writable[carts] >= 1%",
        "two_writers[carts] <= 1s per year",
    ];
    let expect = format!("expect=[{}]", lines.map(|line| format!("'{line}'")).join(", "));
    let found = outcome(TRAILING, &[&expect]);
    let verdicts: Vec<Verdict> = found.expectations.iter().map(|line| line.verdict).collect();
    // A session of one operation never reads what it wrote: there is nothing to judge by.
    let expected = [Verdict::Holds, Verdict::Fails, Verdict::Undecided, Verdict::Holds, Verdict::Holds];
    assert_eq!(verdicts, expected, "{:?}", found.expectations);
    let stale = row(seen(&found), Anomaly::StaleRead).of_eligible;
    let judged = found.expectations[0].measured.expect("it was looked at");
    assert!((judged.value * 1e6 - stale.value).abs() < 1e-6, "{judged:?} {stale:?}");
}
