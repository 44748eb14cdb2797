//! Single operations against the store that the flow engine went through: the two engines must tell one story.

use models::operations::leaderless::{self, Counts};
use models::operations::{Action, Line, Phase, PrimaryTally};
use models::specification::{Specification, StoreId};
use models::study::{Asked, HistoryFault, Options, Played, history, run};
use scenarios::{Override, library};
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

/// What a store with one writer came to.
fn one_writer(specification: &Specification, asked: &Asked) -> PrimaryTally {
    match history(specification, asked).expect("it runs") {
        Played::OneWriter(tally) => tally,
        Played::ManyWriters(_) => panic!("the store has one writer"),
    }
}

fn many_writers(played: Result<Played, HistoryFault>) -> leaderless::Tally {
    match played.expect("it runs") {
        Played::ManyWriters(tally) => tally,
        Played::OneWriter(_) => panic!("many write the store"),
    }
}

#[test]
fn a_history_too_long_to_be_kept_is_refused_before_it_is_run() {
    let refused = history(&load(&[]), &Asked { lasts: Span::YEAR, ..asked(0) });
    // 60 sessions, each at most one operation in 1.001 s.
    let due = 60.0 * 31_536_000.0 / 1.001;
    assert!(matches!(refused, Err(HistoryFault::TooLong(found)) if (found / due - 1.0).abs() < 1e-9));
}

/// Shares of stale reads of as many histories, while nothing fails. Sixty sessions write half a time a second each, to sixty keys.
fn stale(changes: &[&str]) -> Vec<f64> {
    let specification = load(changes);
    let quiet = Asked { from: Instant::ZERO + Span::MINUTE, keys: 60, ..asked(0) };
    let one = |replication| {
        let counts = one_writer(&specification, &Asked { replication, ..quiet }).counts;
        counts.stale as f64 / counts.reads as f64
    };
    (0..64).map(one).collect()
}

fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    (mean, (squares / (values.len() - 1) as f64).sqrt())
}

/// A key is written l = 1/2 times a second, two of three reads are at replicas. Drawn for each read with mean 1/m, a lag makes
/// l/(l + m) of these stale; drawn for each failover it makes 1 - e^(-l L) so, which is uniform between 0 and 1 for l = m: each
/// history has a share of its own.
#[test]
fn lags_of_a_history_are_drawn_as_the_scenario_says() {
    let lag = "stores.orders.lag={mean: 2s, law: exponential}";
    let (read, spread) = mean_and_deviation(&stale(&[lag, "stores.orders.lag_drawn=read"]));
    assert!((read - 1.0 / 3.0).abs() < 0.004 && spread < 0.01, "{read} {spread}");
    let (held, spread) = mean_and_deviation(&stale(&[lag]));
    // A third of the sum of two uniform shares.
    let due = (1.0_f64 / 12.0 * 2.0).sqrt() / 3.0;
    assert!(
        (held - 1.0 / 3.0).abs() < 3.0 * due / 8.0 && (spread / due - 1.0).abs() < 0.3,
        "{held} {spread} {due}"
    );
}

/// The closed form of a log whose entries each take their own time (docs/DATA.md), with 50 writes a second of which some are not
/// played: at 20 sessions a site 20, at 5 of them 42.5.
#[test]
fn writes_that_are_not_played_keep_those_of_a_history_waiting() {
    let changes = ["stores.orders.lag={mean: 200ms, law: exponential}", "stores.orders.lag_drawn=write"];
    let specification = load(&changes);
    for (sessions, key) in [(20, 0.5), (5, 0.125)] {
        let from = Instant::ZERO + Span::MINUTE;
        let of = |replication| {
            let asked = Asked { from, keys: 60, sessions, replication, ..asked(0) };
            one_writer(&specification, &asked).counts
        };
        let counts: Vec<_> = (0..64).map(of).collect();
        let sum =
            |what: fn(&models::operations::PrimaryCounts) -> u64| counts.iter().map(what).sum::<u64>() as f64;
        let found = sum(|counts| counts.stale) / sum(|counts| counts.reads);
        let (log, step) = (50.0, 1e-3);
        let trails = |late: f64| -libm::expm1(-log * 0.2 * libm::exp(-late / 0.2));
        let late = (0..20_000).map(|index| (f64::from(index) + 0.5) * step);
        let missed: f64 = late.map(|late| step * key * libm::exp(-key * late) * trails(late)).sum();
        let expected = (missed + (trails(0.0) - missed) * key / log) * 2.0 / 3.0;
        let error = (expected / sum(|counts| counts.reads)).sqrt();
        assert!((found - expected).abs() < 4.0 * error, "{sessions}: {found}, {expected}, {error}");
    }
}

/// The writer dies after 60 s; a replica has what was written until 2 s before. About 30 of 60 sessions' operations a
/// second are writes.
#[test]
fn both_engines_lose_what_was_written_within_the_lag() {
    let specification = load(&[]);
    let (mut lost, mut expected) = (0.0, 0.0);
    for replication in 0..40 {
        let tally = one_writer(&specification, &asked(replication));
        let acked = tally.history.lines().iter().filter(|line| {
            let writes = matches!(line.action, Action::Write(_));
            writes && line.phase == Phase::Ok && line.at < Instant::ZERO + Span::MINUTE
        });
        expected += acked.count() as f64 / 60.0 * 2.0;
        lost += tally.counts.lost as f64;
    }
    // The sum is Poisson to a good approximation.
    assert!((lost - expected).abs() < 4.0 * expected.sqrt(), "{lost} lost, {expected} expected");
    let outcome = run(&specification, &Options::default(), &|_| {}).expect("it runs");
    let by_flow = outcome.stores[0].recovery.lost_writes.p50;
    // 100 requests a second, half of them writes, for 2 s.
    assert!(by_flow.low <= 101.0 && 99.0 <= by_flow.high, "{by_flow:?}");
}

#[test]
fn a_store_that_waits_for_a_replica_loses_nothing_and_stays_linearisable_at_its_writer() {
    let changes = ["stores.orders.acknowledged_by={replicas: 1}", "stores.orders.reads_from=primary"];
    let specification = load(&changes);
    for replication in 0..20 {
        let tally = one_writer(&specification, &asked(replication));
        assert!(tally.counts.writes > 1000, "{:?}", tally.counts);
        assert_eq!((tally.counts.lost, tally.counts.superseded), (0, 0));
    }
    let outcome = run(&specification, &Options::default(), &|_| {}).expect("it runs");
    assert_eq!(outcome.stores[0].recovery.lost_writes.max, 0.0);
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
    let tally = one_writer(&specification, &asked(0));
    assert!(tally.counts.superseded > 100, "{:?}", tally.counts);
}

/// A store of the library, half an hour into its hour of partition or long before it.
fn carts(from: Span, changes: &[&str]) -> leaderless::Tally {
    let text = library().iter().find(|shipped| shipped.name == "multi-primary").expect("it ships").text;
    let mut all = vec!["run.replications=1"];
    all.extend(changes);
    let changes: Vec<Override> =
        all.iter().map(|change| Override::parse(change).expect("an override")).collect();
    let specification =
        scenarios::load("multi-primary.yaml", text, &changes).expect("it is valid").specification;
    let asked = Asked { from: Instant::ZERO + from, ..asked(0) };
    many_writers(history(&specification, &asked))
}

const IN_THE_CUT: Span = Span::from_secs(60 * 86_400 + 1800);

/// Cut off from each other, a write at one site is dropped as soon as the other site has written the key later.
#[test]
fn a_cut_drops_every_write_that_the_other_side_outdates() {
    let tally = carts(IN_THE_CUT, &[]);
    let writes: Vec<&Line> = tally.history.lines().iter().filter(sent_write).collect();
    let outdated = |write: &&&Line| {
        writes.iter().any(|later| later.key == write.key && side(later) != side(write) && later.at > write.at)
    };
    let expected = writes.iter().filter(outdated).count() as u64;
    assert!(expected > 1000, "{expected}");
    assert_eq!(tally.counts.dropped, expected);
    assert_eq!((tally.counts.refused_writes, tally.counts.lost), (0, 0));
}

fn sent_write(line: &&Line) -> bool {
    line.phase == Phase::Invoke && matches!(line.action, Action::Write(_))
}

/// Twenty sessions at each site, none of which ever waits in vain.
fn side(line: &Line) -> u32 {
    assert!(line.process < 40);
    line.process / 20
}

/// A clock half an hour ahead: whatever the other site writes meanwhile is dropped for something earlier, even where it
/// has been seen; unless a site stamps later than all that it has seen.
#[test]
fn a_clock_ahead_drops_what_comes_later_unless_clocks_are_hybrid() {
    let calm = Span::DAY * 10;
    let clocks = |stamp: &str| format!("stores.carts.clocks={{stamp: {stamp}, ahead: {{dublin: 30m}}}}");
    let wall: Counts = carts(calm, &[&clocks("wall")]).counts;
    let hybrid: Counts = carts(calm, &[&clocks("hybrid")]).counts;
    let perfect: Counts = carts(calm, &[]).counts;
    // Once Dublin has written a key nothing from Virginia can follow: nearly half of all writes.
    assert!(wall.in_the_past > wall.accepted * 45 / 100, "{wall:?}");
    assert_eq!((hybrid.in_the_past, perfect.in_the_past), (0, 0));
    assert!(wall.dropped_by_earlier > 0 && perfect.dropped_by_earlier == 0);
}

/// Two of three replicas at each site: R + W > N there, so that a session finds what it wrote at its site.
#[test]
fn local_quorums_find_what_their_session_wrote_and_single_replicas_may_not() {
    let text = library().iter().find(|shipped| shipped.name == "cassandra-two-dc").expect("it ships").text;
    let forgotten = |changes: &[&str]| {
        let changes: Vec<Override> =
            changes.iter().map(|change| Override::parse(change).expect("an override")).collect();
        let specification =
            scenarios::load("cassandra.yaml", text, &changes).expect("it is valid").specification;
        let id = specification.stores.position(|known| known.name == "local").expect("it is there");
        let asked = Asked { store: id, from: Instant::ZERO + Span::DAY, ..asked(0) };
        let counts = many_writers(history(&specification, &asked)).counts;
        assert!(counts.after_own_write > 1000, "{counts:?}");
        counts.forgot_own_write
    };
    let lagging = "stores.local.lag={law: exponential, mean: 500ms}";
    assert_eq!(forgotten(&[lagging]), 0);
    assert!(forgotten(&[lagging, "stores.local.levels={write: local-one, read: local-one}"]) > 0);
}
