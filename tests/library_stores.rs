//! What the scenarios of the library with stores must show: the claims that each was written for.

use models::outcome::{Anomaly, Outcome, StoreOutcome};
use models::study::{Options, run};
use scenarios::{Override, library};

/// Runs a scenario of the library with some changes.
fn outcome(name: &str, changes: &[&str]) -> Outcome {
    let text = library().iter().find(|shipped| shipped.name == name).expect("it ships").text;
    let changes: Vec<Override> =
        changes.iter().map(|change| Override::parse(change).expect("an override")).collect();
    let specification = scenarios::load(name, text, &changes).expect("it is valid").specification;
    run(&specification, &Options::default(), &|_| {}).expect("it runs")
}

fn store<'o>(outcome: &'o Outcome, name: &str) -> &'o StoreOutcome {
    outcome.stores.iter().find(|store| store.name == name).expect("the store is there")
}

/// GitHub's analysis of 30 October 2018: a link is cut for 43 s, the quorum promotes the west in the meantime, 954 writes of
/// the busiest cluster exist in the east only, and the east is whole again 24 h later.
#[test]
fn github_2018_takes_seconds_to_break_minutes_to_notice_and_a_day_to_repair() {
    let outcome = outcome("github-2018", &[]);
    let metadata = store(&outcome, "metadata");
    let years = 3.0 / 365.0;
    assert!((metadata.hand_overs.value * years - 1.0).abs() < 1e-9, "{:?}", metadata.hand_overs);
    assert!((metadata.lost_writes.value * years - 954.0).abs() < 10.0, "{:?}", metadata.lost_writes);
    assert!((metadata.two_writers.value * years / 60.0 - 20.6).abs() < 0.2, "{:?}", metadata.two_writers);
    let hours = metadata.rebuilding.value * years / 3600.0;
    assert!((hours - (23.0 + 50.0 / 60.0)).abs() < 1e-6, "{hours}");
    assert!(metadata.recovery.time.max < 43.0, "promoted while the link was cut");
}

/// CockroachDB documentation, survival goals: zone goals do not survive the home region, region goals do.
#[test]
fn cockroachs_region_goal_survives_the_home_region_and_the_zone_goal_does_not() {
    let changes = ["run.replications=64", "run.horizon=60d"];
    let outcome = outcome("cockroach-five-regions", &changes);
    let (zone, region) = (store(&outcome, "by-zone"), store(&outcome, "by-region"));
    // Two scripted hours of sixty days, and whatever luck adds.
    assert!(zone.writable.value < 1.0 - 2.0 / (60.0 * 24.0), "{:?}", zone.writable);
    assert!(region.writable.value > 0.9999, "{:?}", region.writable);
    assert_eq!((zone.recovery.lost_writes.max, region.recovery.lost_writes.max), (0.0, 0.0));
}

/// Apache Cassandra documentation, consistency levels: EACH_QUORUM needs every data centre, LOCAL_QUORUM its own.
#[test]
fn cassandra_serves_by_local_quorums_while_a_data_centre_or_the_link_is_away() {
    let outcome = outcome("cassandra-two-dc", &["run.replications=64", "run.horizon=70d"]);
    let three_hours = 3.0 / (70.0 * 24.0);
    assert!(store(&outcome, "each").writable.value < 1.0 - three_hours);
    for name in ["local", "any"] {
        assert!(store(&outcome, name).writable.value > 1.0 - three_hours / 3.0, "{name}");
    }
}

#[test]
fn a_partition_without_a_standby_is_away_as_long_as_its_home() {
    let outcome = outcome("partitioned-eu-us", &["run.replications=64", "run.horizon=60d"]);
    let (stays, moves) = (store(&outcome, "accounts/us"), store(&outcome, "carts/us"));
    assert!(stays.writable.value < 1.0 - 2.0 / (60.0 * 24.0), "{:?}", stays.writable);
    assert!(moves.writable.value > stays.writable.value);
    assert!(stays.lost_writes.value == 0.0 && moves.lost_writes.value > 0.0, "the price of moving");
}

/// Shards with their primary in the lost cell have another one; the rest do not notice.
#[test]
fn a_lost_cell_of_vitess_hands_over_its_shards_only_and_loses_nothing() {
    let changes = ["run.replications=64", "run.horizon=60d"];
    let outcome = outcome("vitess-cross-cell", &changes);
    let hit = |name: &str| store(&outcome, name).hand_overs.value;
    for (hit_one, spared) in [("commerce/s-40", "commerce/s-80"), ("commerce/s-ff", "commerce/s-c0")] {
        assert!(hit(hit_one) > hit(spared), "{hit_one} {} {spared} {}", hit(hit_one), hit(spared));
    }
    assert!(outcome.stores.iter().all(|store| store.recovery.lost_writes.max == 0.0));
}

/// Where any replica's word is taken, the one beside the primary gives it first, and is lost with it: what is lost is what the
/// other cells lacked, by the law of the lag 625 writes a second for 0.1 s or so. Chance takes a region now and then.
#[test]
fn cells_of_vitess_that_vouch_for_themselves_lose_what_the_others_lacked() {
    let changes = ["run.replications=64", "run.horizon=60d", "stores.commerce.preset=vitess-semi-sync"];
    let outcome = outcome("vitess-cross-cell", &changes);
    for (name, hit) in [("commerce/s-40", true), ("commerce/s-80", false), ("commerce/s-ff", true)] {
        let lost = store(&outcome, name).lost_writes.value * 60.0 / 365.0;
        assert!(if hit { lost > 20.0 } else { lost < 10.0 }, "{name}: {lost}");
    }
}

#[test]
fn only_a_person_who_cannot_fence_lets_a_key_sign_twice() {
    let outcome = outcome("validator-double-sign", &["run.replications=256"]);
    let duties = |name: &str| store(&outcome, name).duties.expect("it attests");
    // Most of the time with two writers the old one is heard by nobody.
    let two = store(&outcome, "by-person").two_writers.value;
    let twice = duties("by-person").double_signs;
    assert!(twice.low > 0.0 && twice.value * 384.0 < two, "{twice:?} in {two} s");
    for name in ["by-lease", "threshold"] {
        assert_eq!(store(&outcome, name).two_writers.value, 0.0, "{name}");
        assert_eq!(duties(name).double_signs.high, 0.0, "{name}");
    }
    let missed = |name: &str| duties(name).missed.value;
    assert!(missed("threshold") < missed("by-lease") && missed("by-lease") < missed("by-person"));
    let away = |name: &str| 1.0 - store(&outcome, name).writable.value;
    assert!(away("threshold") < away("by-lease") && away("by-lease") < away("by-person"));
}

/// Reads of what a quorum at each site has written are never stale; the others' are, by the way between the sites at least.
#[test]
fn what_a_quorum_at_each_site_wrote_is_never_read_stale() {
    let changes = ["run.replications=64", "run.horizon=70d", "stores.each.keys=50000", "run.operations=5000"];
    let outcome = outcome("cassandra-two-dc", &changes);
    let seen = |name: &str, anomaly: Anomaly| {
        let seen = store(&outcome, name).consistency.as_ref().expect("its clients are looked at");
        seen.anomalies.iter().find(|row| row.anomaly == anomaly).expect("it has a row").of_all
    };
    assert_eq!(seen("each", Anomaly::StaleRead).value, 0.0);
    assert!(seen("local", Anomaly::StaleRead).low > 0.0);
    // Two at a time are accepted all the same.
    assert!(seen("each", Anomaly::DroppedWrite).low > 0.0);
    assert!(seen("each", Anomaly::Refused).low > seen("local", Anomaly::Refused).high);
    assert_eq!(seen("local", Anomaly::LostWrite).high, 0.0, "disks survive");
}

#[test]
fn two_primaries_are_written_while_one_primary_waits_for_a_person() {
    let outcome = outcome("multi-primary", &["run.replications=64"]);
    let (carts, orders) = (store(&outcome, "carts"), store(&outcome, "orders"));
    assert!(carts.writable.value > orders.writable.value);
    assert!(orders.two_writers.value > 0.0, "the cut link");
}
