//! What clients see of stores whose members are not all alike: some have more votes, or none.

use models::operations::PrimaryTally;
use models::outcome::{Consistency, Outcome};
use models::specification::StoreId;
use models::study::{Asked, Options, Played, history, run};
use scenarios::{Loaded, Override};
use sim::{Instant, Span};

/// Three sites in a row, with clients at the first of them.
const ROW: &str = "
scenario: 1
name: three in a row
run: {horizon: 1h, replications: 8, operations: 4000}
defaults: {sites: {capacity: 1000 rps, outages: none}}
sites: {home: {at: [41.0, -93.0]}, near: {at: [41.0, -80.0]}, far: {at: [48.9, 2.3]}}
requests:
  look: {share: 50%, reads: [s]}
  put:  {share: 50%, writes: [s]}
clients:
  world: {anywhere: true, uses: www, demand: 60 rps}
steering:
  www: {policy: static, sites: {home: 100%}}
";

const SESSIONS: &str = "keys: 1000, sessions: {operations: 4, think: 1s}";

fn load(store: &str, changes: &[&str]) -> Loaded {
    let text = format!("{ROW}stores: {{s: {{{store}}}}}\n");
    let changes: Vec<Override> =
        changes.iter().map(|change| Override::parse(change).expect("an override")).collect();
    scenarios::load("row.yaml", &text, &changes).expect("the scenario is valid")
}

fn outcome(store: &str, changes: &[&str]) -> Outcome {
    let loaded = load(&format!("{store}, {SESSIONS}"), changes);
    run(&loaded.specification, &Options::default(), &|_| {}).expect("it runs")
}

fn seen(outcome: &Outcome) -> &Consistency {
    outcome.stores[0].consistency.as_ref().expect("its clients are looked at")
}

/// Median seconds until a write at the home is acknowledged.
fn writing(store: &str) -> f64 {
    seen(&outcome(store, &[])).writes.p50.value
}

/// Sessions on a few keys at each place, five minutes around the tenth.
fn one_by_one(store: &str, changes: &[&str], replication: u64) -> PrimaryTally {
    let asked = Asked {
        store: StoreId(0),
        replication,
        from: Instant::ZERO + Span::MINUTE * 8,
        lasts: Span::MINUTE * 5,
        keys: 8,
        sessions: 20,
        think: Span::from_millis(200),
        patience: Span::SECOND * 5,
    };
    match history(&load(store, changes).specification, &asked).expect("it runs") {
        Played::OneWriter(tally) => tally,
        Played::ManyWriters(_) => panic!("the store has one writer"),
    }
}

/// A write waits for the quorum's slowest vote, wherever that is, and for no replica without one.
#[test]
fn a_write_is_acknowledged_once_a_quorum_of_the_votes_has_it() {
    let waits_for = |replica: &str| {
        writing(&format!(
            "family: primary, primary: home, replicas: [{replica}], lag: 0s, acknowledged_by: {{replicas: 1}}"
        ))
    };
    let (near, far) = (waits_for("near"), waits_for("far"));
    assert!(near > 0.0 && far > 2.0 * near, "{near}, {far}");
    let alone = writing("family: primary, primary: home, replicas: [near], lag: 0s");
    let lease = "failover: {lease: 30s, renewed_every: 10s}, promotion: 5s";
    for (agreed, expected) in [
        ("voters: [home, near, far]", near),
        ("voters: [home, far, far], replicas: [near]", far),
        ("voters: [home, near, near, far, far]", near),
        ("voters: [home, near, near, far, far], quorum: 4", far),
        ("voters: [home, near, far, far, far]", far),
        ("voters: [home, home, home, near, far]", alone),
    ] {
        let found = writing(&format!("family: consensus, {agreed}, {lease}"));
        assert!((found - expected).abs() <= 0.02 * expected, "{agreed}: {found}, {expected}");
    }
}

/// The leader dies. Whoever follows it, a voter that it had not waited for among them, has what a quorum had received.
#[test]
fn no_hand_over_of_unequal_voters_loses_what_was_acknowledged() {
    let lease = "failover: {lease: 30s, renewed_every: 10s}, promotion: 5s, reads_from: any";
    for voters in ["[home, near, far]", "[home, near, near, far, far]", "[home, far, near, near, far]"] {
        let store =
            format!("family: consensus, voters: {voters}, lag: {{law: exponential, mean: 300ms}}, {lease}");
        for replication in 0..10 {
            let tally = one_by_one(&store, &["script=[{at: 10m, fail: home, for: 10m}]"], replication);
            let counts = &tally.counts;
            assert!(counts.writes > 1000, "{counts:?}");
            assert_eq!((counts.lost, counts.returned, counts.vanished, counts.superseded), (0, 0, 0, 0));
            let places = tally.history.lines().iter().filter_map(|line| match line.action {
                models::operations::Action::Write(value) => tally.history.position(line.key, value),
                models::operations::Action::Read(_) => None,
            });
            let epochs = places.map(|place| place.epoch).max().unwrap_or(0);
            assert!(epochs > 0, "nobody follows");
        }
    }
}
