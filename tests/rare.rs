//! Intervals of what clients rarely see hold the truth as often as they say: few operations of many seeds against a long run,
//! and against what the flow engine counts.

use models::outcome::{Anomaly, Estimate, Outcome};
use models::study::{Options, run};
use scenarios::Override;

/// A primary whose replicas take over; reads go to the nearest. At rest one session in four thousand sees anything.
const RARE: &str = "
scenario: 1
name: rarely anything
run: {horizon: 30d, replications: 32, operations: 400}
defaults: {sites: {capacity: 1000 rps, outages: none}}
sites:
  iowa: {at: [41.0, -93.0], outages: {up: 60d, down: 10m}}
  paris: {at: [48.9, 2.3], outages: {up: 60d, down: 10m}}
  oslo: {at: [59.9, 10.7], outages: {up: 60d, down: 10m}}
stores:
  carts:
    {family: primary, primary: iowa, replicas: [paris, oslo], lag: 1s, reads_from: nearest, keys: 30000 keys,
     failover: {lease: 30s, renewed_every: 10s}, promotion: 5s, sessions: {operations: 1, think: 1s}}
requests:
  look: {share: 80%, reads: [carts]}
  put:  {share: 20%, writes: [carts]}
clients:
  europe: {at: [48.9, 2.3], uses: www, demand: 80 rps}
steering:
  www: {policy: static, sites: {paris: 50%, iowa: 50%}}
";

/// Writes that come to the store, a second.
const WRITES: f64 = 16.0;
const SEEDS: u64 = 60;
/// Three standard deviations below 95 % of so many.
const HELD_LEAST: u64 = 52;

fn outcome(changes: &[&str]) -> Outcome {
    let changes: Vec<Override> =
        changes.iter().map(|change| Override::parse(change).expect("an override")).collect();
    let loaded = scenarios::load("test.yaml", RARE, &changes).expect("the scenario is valid");
    run(&loaded.specification, &Options::default(), &|_| {}).expect("it runs")
}

/// Beside those that are eligible.
fn share(outcome: &Outcome, anomaly: Anomaly) -> Estimate {
    let seen = outcome.stores[0].consistency.as_ref().expect("its clients are looked at");
    let row = seen.anomalies.iter().find(|row| row.anomaly == anomaly);
    row.expect("every anomaly has a row").of_eligible
}

#[test]
fn intervals_of_what_is_rare_hold_the_truth_as_often_as_they_say() {
    let long = outcome(&["run.replications=2048", "run.operations=4000"]);
    // The flow engine counts all that is lost, in years of 365 days.
    let lost = long.stores[0].lost_writes.map(|lost| lost / (WRITES * 365.0 * 86400.0) * 1e6);
    let sampled = share(&long, Anomaly::LostWrite);
    assert!(sampled.low < lost.high && lost.low < sampled.high, "{sampled:?} {lost:?}");
    let due = [Anomaly::StaleRead, Anomaly::OutOfOrder, Anomaly::Refused, Anomaly::LostWrite];
    let truths = due
        .map(|anomaly| if anomaly == Anomaly::LostWrite { lost.value } else { share(&long, anomaly).value });
    let mut held = [0; 4];
    for seed in 0..SEEDS {
        let found = outcome(&[&format!("run.seed={}", 1000 + seed)]);
        for ((held, anomaly), truth) in held.iter_mut().zip(due).zip(truths) {
            let judged = share(&found, anomaly);
            *held += u64::from(judged.low <= truth && truth <= judged.high);
        }
    }
    assert!(held.iter().all(|held| *held >= HELD_LEAST), "{held:?} of {SEEDS} for {due:?}, {truths:?}");
}
