//! What one scripted fault costs a store with a primary, against what arithmetic says: 50 acknowledged writes a second from
//! clients beside site `d`, a primary at `a`, replicas at `b` and `c` that trail by 2 s.

use models::outcome::StoreOutcome;
use models::study::{Options, run};

const DAYS: f64 = 30.0;

/// What is different from one case to the next, in the file's words.
struct Case<'c> {
    store: &'c str,
    capacity: &'c str,
    script: &'c str,
}

impl<'c> Case<'c> {
    /// The store `a` to `c` with these words, while `script` happens.
    fn new(store: &'c str, script: &'c str) -> Self {
        Case { store, capacity: "1000 rps", script }
    }

    fn outcome(&self) -> StoreOutcome {
        let promotion = if self.store.contains("promotion") { "" } else { "promotion: 5s, " };
        let text = format!(
            "scenario: 1
name: one fault
run: {{horizon: {DAYS}d, replications: 200, seed: 1}}
defaults:
  sites: {{outages: none, capacity: 1000 rps}}
sites:
  a: {{at: [40, -75]}}
  b: {{at: [41, -75]}}
  c: {{at: [42, -75]}}
  d: {{at: [43, -75], capacity: {}}}
requests:
  w: {{share: 50%, writes: [s]}}
clients:
  world: {{anywhere: true, uses: www, demand: 100 rps}}
steering:
  www: {{policy: static, sites: {{d: 100%}}}}
stores:
  s: {{family: primary, primary: a, replicas: [b, c], lag: 2s, {}{}}}
script:
{}
",
            self.capacity, promotion, self.store, self.script
        );
        let specification = scenarios::load("one-fault.yaml", &text, &[]).expect("it is valid").specification;
        let outcome = run(&specification, &Options::default(), &|_| {}).expect("it runs");
        outcome.stores.into_iter().next().expect("it has a store")
    }

    /// Acknowledged writes lost in a replication.
    fn lost(&self) -> f64 {
        self.outcome().lost_writes.value * DAYS / 365.0
    }
}

const DIES: &str = "- {at: 10d, fail: a, for: 1h}";
const CUT: &str = "- {at: 10d, partition: [[a, d], [b, c]], for: 1h}";
const LEASE: &str = "failover: {lease: 30s, renewed_every: 10s}";

/// Means of 200 Poisson counts, within four standard deviations.
fn about(seen: f64, mean: f64) {
    let four = 4.0 * (mean / 200.0).sqrt();
    assert!((seen - mean).abs() <= four, "{seen} is not {mean} ± {four}");
}

#[test]
fn an_asynchronous_primary_that_dies_loses_what_its_lag_holds() {
    about(Case::new(LEASE, DIES).lost(), 100.0);
}

/// Whoever is dead does not go on alone: each acknowledged write is at one of two replicas that reach each other.
#[test]
fn a_semi_synchronous_primary_that_dies_loses_nothing_however_soon_it_would_go_on_alone() {
    for words in [
        "failover: {lease: 30s, renewed_every: 10s}, acknowledged_by: {replicas: 1, alone_after: 10s}",
        "failover: {lease: 30s, renewed_every: 10s}, acknowledged_by: {replicas: 1, alone_after: 60s}",
        "failover: {human: 10m}, acknowledged_by: {replicas: 1, alone_after: 10s}",
        "failover: {human: 10m}, acknowledged_by: {replicas: 1}",
    ] {
        assert_eq!(Case::new(words, DIES).lost(), 0.0, "{words}");
    }
}

/// Cut off with its clients for an hour, given up after a minute, alone from the thirtieth minute on: 1800 s of writes.
#[test]
fn a_former_writer_acknowledges_alone_no_sooner_than_it_was_told() {
    let case =
        Case::new("failover: {human: 60s}, acknowledged_by: {replicas: 1, alone_after: 30m}", CUT).outcome();
    about(case.lost_writes.value * DAYS / 365.0, 1800.0 * 50.0);
    assert!((case.two_writers.value * DAYS / 365.0 - 1800.0).abs() < 1e-6, "{:?}", case.two_writers);
}

/// A promoted writer that needs two replicas and has one writes once the former one is back as a replica.
#[test]
fn recovery_lasts_until_somebody_writes() {
    let case = Case::new("failover: {lease: 30s, renewed_every: 10s}, acknowledged_by: {replicas: 2}", DIES);
    let outcome = case.outcome();
    assert!((outcome.recovery.time.max - 3600.0).abs() < 1e-6, "{:?}", outcome.recovery);
    assert!(((1.0 - outcome.writable.value) * DAYS * 86_400.0 - 3600.0).abs() < 1e-3);
}

/// A site that admits ten of a hundred requests, or fails nine of ten, writes five times a second.
#[test]
fn what_a_site_refuses_or_fails_is_not_written() {
    about(Case { capacity: "10 rps", ..Case::new(LEASE, DIES) }.lost(), 10.0);
    let errors = "- {at: 9d, fail: d, effect: {errors: 90%}, for: 2d}\n- {at: 10d, fail: a, for: 1h}";
    about(Case::new(LEASE, errors).lost(), 10.0);
    // What a former writer gets is as little: 60 s to 3600 s after the cut, and the lag before.
    let cut = "- {at: 9d, fail: d, effect: {errors: 90%}, for: 2d}\n- {at: 10d, partition: [[a, d], [b, c]], for: 1h}";
    about(Case::new("failover: {human: 60s}", cut).lost(), 3600.0 * 5.0 + 10.0);
}

/// Twenty days beside the present writer: nobody reconciles it before the end.
#[test]
fn what_a_former_writer_has_accepted_at_the_end_is_lost() {
    let cut = "- {at: 10d, partition: [[a, d], [b, c]]}";
    let case = Case::new("failover: {check: {every: 5s, failures: 2, timeout: 5s}}", cut);
    let seen = case.lost();
    let mean = 20.0 * 86_400.0 * 50.0 + 100.0;
    assert!((seen / mean - 1.0).abs() < 1e-5, "{seen} is not about {mean}");
}

/// What the former writer went on to accept belongs to the hand-over that left it behind.
#[test]
fn a_hand_over_and_its_former_writer_are_one_loss() {
    let outcome = Case::new("failover: {human: 10m}, noticed: 100s, rejoin: 1000s", CUT).outcome();
    assert_eq!(outcome.recovery.lost_writes.count, 200);
    let mean = outcome.lost_writes.value * DAYS / 365.0;
    assert!(
        (outcome.recovery.lost_writes.p50.value / mean - 1.0).abs() < 0.02,
        "{:?}",
        outcome.recovery.lost_writes
    );
}

/// The cut is seen after a minute and loses the hour that the former writer went on; the death after half a minute, and
/// loses the lag alone: each stands with its own kind of fault, and together they are all.
#[test]
fn each_kind_of_fault_has_its_own_laws_of_recovery_and_loss() {
    // The cut makes `b` the writer, whose clients and other replicas stay beside it.
    let script = "- {at: 10d, partition: [[a, d], [b, c]], for: 1h}\n- {at: 20d, fail: b, for: 1h}";
    let outcome = Case::new("failover: {human: 60s}", script).outcome();
    let kind = |name: &str| {
        let row = outcome.by_fault.iter().find(|(kind, _)| kind == name);
        &row.unwrap_or_else(|| panic!("{name} is not in {:?}", outcome.by_fault)).1
    };
    let (cut, death) = (kind("script 1"), kind("script 2"));
    assert_eq!([death.time.count, cut.time.count], [200, 200]);
    assert_eq!(outcome.recovery.time.count, 400);
    assert!((death.lost_writes.p50.value - 100.0).abs() < 10.0, "{death:?}");
    let beside = 50.0 * (3600.0 - 60.0);
    assert!((cut.lost_writes.p50.value - beside - 100.0).abs() < 0.02 * beside, "{cut:?}");
    assert!((death.lost_span.p50.value - 2.0).abs() < 0.1 && cut.lost_span.p50.value > 3500.0, "{cut:?}");
}

const BACK: &str = "failover: {lease: 30s, renewed_every: 10s}, returns: {after: 10m}";

/// The home is back after an hour. Ten minutes later the writer stops, for a lag of 2 s and a promotion of 5 s; what is lost
/// is the lag of the failover.
#[test]
fn a_writer_that_returns_to_its_home_pauses_and_loses_nothing() {
    let (stays, returns) = (Case::new(LEASE, DIES).outcome(), Case::new(BACK, DIES).outcome());
    let pause = (stays.writable.value - returns.writable.value) * DAYS * 86_400.0;
    assert!((pause - 7.0).abs() < 1e-3, "{pause}");
    let per_run = DAYS / 365.0;
    assert!((returns.hand_overs.value - stays.hand_overs.value - 1.0 / per_run).abs() < 1e-9);
    about(returns.lost_writes.value * per_run, 100.0);
    assert_eq!(
        (returns.recovery.time.count, returns.recovery.lost_writes.count),
        (200, 200),
        "one is planned"
    );
}

/// The first hour's writes, 50 a second but for the recovery, are applied at 150, so the home has caught up about half an hour
/// after it is back, and writes again ten minutes later: the other member's death is a failover before that only.
#[test]
fn a_home_that_lacks_writes_catches_up_before_the_writer_returns() {
    let recoveries = |minutes: i64| {
        let script = format!("{DIES}\n- {{at: {}h, fail: b, for: 1h}}", 241.0 + minutes as f64 / 60.0);
        Case::new(&format!("{BACK}, apply_rate: 150 per second"), &script).outcome().recovery.time.count
    };
    assert_eq!([recoveries(38), recoveries(41)], [400, 200]);
}

/// The home dies again within the pause: the writer goes on at once, and returns an hour later.
#[test]
fn a_writer_goes_on_if_its_home_is_lost_while_it_returns() {
    let words = "failover: {human: 60s}, returns: {after: 0s}, promotion: 100s";
    let away = |script: &str| (1.0 - Case::new(words, script).outcome().writable.value) * DAYS * 86_400.0;
    let failover = 60.0 + 100.0;
    let pause = 2.0 + 100.0;
    for (again, expected) in [
        (None, failover + pause),
        // It is back at 867600 s.
        (Some(867_750), 2.0 * (failover + pause)),
        (Some(867_650), failover + 50.0 + pause),
    ] {
        let again = again.map(|at| format!("\n- {{at: {at}s, fail: a, for: 1h}}")).unwrap_or_default();
        let seen = away(&format!("{DIES}{again}"));
        assert!((seen - expected).abs() < 1e-3, "{seen} is not {expected}");
    }
}

/// Two of three members die at once; half an hour later the others are back. Priority: `b` had to have each write, so with `b`
/// nothing is lost, and with `c` its lag. A quorum of either: whoever is left may lack what the other one acknowledged.
#[test]
fn whose_acknowledgement_counted_decides_what_the_last_replica_lacks() {
    let person = "failover: {human: 60s}";
    let lost = |which: &str, dies: &str| {
        let words = format!("{person}, acknowledged_by: {{replicas: 1, which: {which}}}");
        let script = format!("- {{at: 10d, fail: a, for: 1h}}\n- {{at: 10d, fail: {dies}, for: 1h}}");
        Case::new(&words, &script).lost()
    };
    assert_eq!(lost("first", "c"), 0.0);
    about(lost("first", "b"), 100.0);
    about(lost("any", "b"), 100.0);
    about(lost("any", "c"), 100.0);
    // The first one was away already: the next one had to have each write.
    let earlier = "- {at: 9d, fail: b, for: 2d}\n- {at: 10d, fail: a, for: 1h}";
    let words = format!("{person}, acknowledged_by: {{replicas: 1, which: first}}");
    assert_eq!(Case::new(&words, earlier).lost(), 0.0);
}

/// Patroni's rule: the replica that did not have to acknowledge is not promoted, and the store waits for one that had.
#[test]
fn where_only_the_synchronous_are_promoted_nothing_is_lost_and_the_store_waits() {
    let words = "failover: {human: 60s}, acknowledged_by: {replicas: 1, which: first}, promotes: synchronous";
    let away = |script: &str| {
        let outcome = Case::new(words, script).outcome();
        assert_eq!(outcome.lost_writes.value, 0.0, "{script}");
        (1.0 - outcome.writable.value) * DAYS * 86_400.0
    };
    let both = "- {at: 10d, fail: a, for: 1h}\n- {at: 10d, fail: b, for: 30m}";
    for (script, expected) in [(DIES, 65.0), (both, 1805.0)] {
        let seen = away(script);
        assert!((seen - expected).abs() < 1e-3, "{seen} is not {expected}");
    }
}

/// Alone after ten seconds, the primary writes what nobody else has: it is waited for, or an hour of writes is lost.
#[test]
fn a_primary_that_went_on_alone_is_waited_for_or_its_writes_are_lost() {
    let script =
        "- {at: 10d, fail: b, for: 3h}\n- {at: 10d, fail: c, for: 2h}\n- {at: 241h, fail: a, for: 2h}";
    let words = "failover: {human: 60s}, acknowledged_by: {replicas: 1, alone_after: 10s}";
    let forced = Case::new(words, script).outcome();
    let lost = forced.lost_writes.value * DAYS / 365.0;
    assert!((lost / (50.0 * 3590.0) - 1.0).abs() < 1e-3, "{lost}");
    let waits = Case::new(&format!("{words}, promotes: synchronous"), script).outcome();
    assert_eq!(waits.lost_writes.value, 0.0);
    let away = |outcome: &StoreOutcome| (1.0 - outcome.writable.value) * DAYS * 86_400.0;
    assert!((away(&waits) - 10.0 - 7205.0).abs() < 1e-3, "{}", away(&waits));
    // The promoted one is alone too, and waits for ten seconds as well.
    assert!((away(&forced) - 20.0 - 3605.0).abs() < 1e-3, "{}", away(&forced));
}
