//! What a drill says of stores, against arithmetic.

use models::outcome::DrilledStore;
use models::study::drill;
use sim::Span;

const SCENARIO: &str = "
scenario: 1
name: a person promotes
defaults: {sites: {capacity: 1000 rps, outages: none}}
sites: {iowa: {at: [41.0, -93.0]}, paris: {at: [48.9, 2.3]}, front: {at: [50.0, -97.0]}}
stores:
  told: {family: primary, primary: iowa, replicas: [paris], lag: 2s, failover: {human: 60s}, promotion: 5s}
  waits: {family: primary, primary: iowa, replicas: [paris], lag: 2s}
requests: {put: {share: 50%, writes: [told]}, keep: {share: 50%, writes: [waits]}}
clients: {world: {anywhere: true, uses: www, demand: 60 rps}}
steering: {www: {policy: static, sites: {front: 100%}}}
";

fn lost(site: &str) -> [DrilledStore; 2] {
    let specification = scenarios::load("drill.yaml", SCENARIO, &[]).expect("it is valid").specification;
    let drills = drill(&specification, "site").expect("there are sites");
    let drill = drills.into_iter().find(|drill| drill.name == site).expect("it is a site");
    drill.stores.try_into().expect("there are two stores")
}

/// A minute until somebody decides, five seconds until the replica writes: it lacks what was written in the last two, 30 a
/// second. Whom nobody replaces is away as long as its site.
#[test]
fn a_drill_tells_how_long_a_store_is_away_and_what_it_loses() {
    let [told, waits] = lost("iowa");
    let recovery = told.recovery.expect("the replica follows");
    assert_eq!([recovery.mean, recovery.best, recovery.worst], [Span::from_secs(65); 3]);
    let writes = told.lost_writes;
    assert!((writes.mean - 60.0).abs() < 4.0 * (60.0_f64 / 64.0).sqrt(), "{writes:?}");
    assert!(writes.best < writes.mean && writes.mean < writes.worst, "{writes:?}");
    assert!(waits.recovery.is_none() && waits.lost_writes.worst == 0.0, "{waits:?}");
}

#[test]
fn the_loss_of_a_replica_stops_nobody() {
    for store in lost("paris") {
        assert_eq!(store.recovery.map(|recovery| recovery.worst), Some(Span::ZERO), "{store:?}");
        assert_eq!(store.lost_writes.worst, 0.0);
    }
}
