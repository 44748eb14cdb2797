//! Single operations against the store that the flow engine went through: the two engines must tell one story.

use models::specification::{Specification, StoreId};
use models::study::{Asked, Options, history, run};
use scenarios::Override;
use sim::{Instant, Span};

const ORDERS: &str = include_str!("cmd/history.in/orders.yaml");

fn load(changes: &[&str]) -> Specification {
    let changes: Vec<Override> =
        changes.iter().map(|change| Override::parse(change).expect("an override")).collect();
    scenarios::load("orders.yaml", ORDERS, &changes).expect("the scenario is valid").specification
}

fn asked(replication: u64) -> Asked {
    Asked {
        store: StoreId(0),
        replication,
        from: Instant::ZERO + Span::MINUTE * 9,
        lasts: Span::MINUTE * 4,
        keys: 8,
        sessions: 20,
        think: Span::SECOND,
        patience: Span::SECOND * 5,
    }
}

/// The writer dies after 60 s; a replica has what was written until 2 s before. About 30 of 60 sessions' operations a
/// second are writes.
#[test]
fn both_engines_lose_what_was_written_within_the_lag() {
    let specification = load(&[]);
    let (mut lost, mut expected) = (0.0, 0.0);
    for replication in 0..40 {
        let tally = history(&specification, &asked(replication)).expect("it runs");
        let acked = tally.history.lines().iter().filter(|line| {
            let writes = matches!(line.action, models::operations::Action::Write(_));
            writes && line.phase == models::operations::Phase::Ok && line.at < Instant::ZERO + Span::MINUTE
        });
        expected += acked.count() as f64 / 60.0 * 2.0;
        lost += tally.counts.lost as f64;
    }
    // The sum is Poisson to a good approximation.
    assert!((lost - expected).abs() < 4.0 * expected.sqrt(), "{lost} lost, {expected} expected");
    let outcome = run(&specification, &Options::default(), &|_| {}).expect("it runs");
    let by_flow = outcome.stores[0].lost_by_each.p50;
    // 100 requests a second, half of them writes, for 2 s.
    assert!(by_flow.low <= 101.0 && 99.0 <= by_flow.high, "{by_flow:?}");
}

#[test]
fn a_store_that_waits_for_a_replica_loses_nothing_and_stays_linearisable_at_its_writer() {
    let changes = ["stores.orders.acknowledged_by={replicas: 1}", "stores.orders.reads_from=primary"];
    let specification = load(&changes);
    for replication in 0..20 {
        let tally = history(&specification, &asked(replication)).expect("it runs");
        assert!(tally.counts.writes > 1000, "{:?}", tally.counts);
        assert_eq!((tally.counts.lost, tally.counts.superseded), (0, 0));
    }
    let outcome = run(&specification, &Options::default(), &|_| {}).expect("it runs");
    assert_eq!(outcome.stores[0].lost_by_each.max, 0.0);
    assert!(outcome.stores[0].hand_overs.value > 0.0);
}

#[test]
fn a_cut_writer_that_nobody_fences_writes_beside_the_new_one_in_both_engines() {
    let script = "script=[{at: 10m, partition: [[virginia], [dublin, iowa]], for: 3m}]";
    let specification = load(&[script, "stores.orders.failover={human: 30s}"]);
    let outcome = run(&specification, &Options::default(), &|_| {}).expect("it runs");
    // From 30 s after the cut and a promotion of 5 s until the cut heals; an hour told as a year.
    let two = outcome.stores[0].two_writers.value / 8760.0;
    assert!((two - 145.0).abs() < 1e-6, "{two}");
    let tally = history(&specification, &asked(0)).expect("it runs");
    assert!(tally.counts.superseded > 100, "{:?}", tally.counts);
}
