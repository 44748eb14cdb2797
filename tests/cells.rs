//! What it costs and saves to wait for a replica in another cell than the primary's: two cells with two members each, of which
//! `a1` is the primary and `a2` stands beside it, and a witness elsewhere. 30 writes a second.

use models::outcome::{Anomaly, Consistency, Estimate, Outcome};
use models::study::{Options, run};

const CELLS: &str = "
scenario: 1
name: two cells
defaults: {sites: {capacity: 1000 rps, outages: none}}
providers:
  p: {outages: none, regions: {east: {outages: none, at: [41.0, -93.0]}, west: {outages: none, at: [41.0, -122.0]}, north: {outages: none, at: [50.0, -97.0]}}}
sites: {a1: {in: p/east}, a2: {in: p/east}, b1: {in: p/west}, b2: {in: p/west}, d: {in: p/north}}
requests:
  look: {share: 50%, reads: [s]}
  put:  {share: 50%, writes: [s]}
clients: {world: {anywhere: true, uses: www, demand: 60 rps}}
";

/// The words that follow are for a replica in another cell, or for any.
const ANOTHER: &str = "replicas: 1, in_another: region";
const ANY: &str = "replicas: 1";

const PERSON: &str = "failover: {human: 60s}, promotion: 5s";
const CELL_DIES: &str = "{at: 1d, fail: p/east, for: 1h}";

/// Ten days with clients at `at`, and a store whose writes wait for `who`.
fn days((who, words): (&str, &str), at: &str, script: &str) -> Outcome {
    let text = format!(
        "{CELLS}run: {{horizon: 10d, replications: 200}}
steering: {{www: {{policy: static, sites: {{{at}: 100%}}}}}}
script: [{script}]
stores: {{s: {{family: primary, primary: a1, replicas: [a2, b1, b2], witnesses: [d], lag: 2s, acknowledged_by: {{{who}}}, {words}}}}}
"
    );
    play(&text)
}

fn play(text: &str) -> Outcome {
    let specification = scenarios::load("cells.yaml", text, &[]).expect("it is valid").specification;
    run(&specification, &Options::default(), &|_| {}).expect("it runs")
}

/// Acknowledged writes lost in ten days.
fn lost(outcome: &Outcome) -> f64 {
    outcome.stores[0].lost_writes.value * 10.0 / 365.0
}

/// Seconds of ten days without a writer.
fn away(outcome: &Outcome) -> f64 {
    (1.0 - outcome.stores[0].writable.value) * 10.0 * 86_400.0
}

/// Means of 200 Poisson counts, within four standard deviations.
fn about(seen: f64, mean: f64) {
    let four = 4.0 * (mean / 200.0).sqrt();
    assert!((seen - mean).abs() <= four, "{seen} is not {mean} ± {four}");
}

/// Whoever is promoted in the other cell has what one of the two there has acknowledged. Where any replica's word is taken, that
/// of the lost cell may have been the only one: the other cell lacks 30 writes a second for 2 s.
#[test]
fn the_loss_of_a_cell_loses_what_no_other_cell_had_to_have() {
    for which in ["any", "first"] {
        let lost = |who: &str| lost(&days((&format!("{who}, which: {which}"), PERSON), "d", CELL_DIES));
        assert_eq!(lost(ANOTHER), 0.0, "{which}");
        about(lost(ANY), 60.0);
    }
}

/// The price: while a cell is lost, nobody in the only other one can acknowledge. Within a cell the neighbour does, once the
/// other has been promoted.
#[test]
fn with_two_cells_the_loss_of_either_stops_writes_that_wait_for_another() {
    for (who, expected) in [(ANOTHER, 3600.0), (ANY, 65.0)] {
        let seen = away(&days((who, PERSON), "d", CELL_DIES));
        assert!((seen - expected).abs() < 1e-3, "{who}: {seen}, {expected}");
    }
    // The cell without the primary.
    for (who, expected) in [(ANOTHER, 3600.0), (ANY, 0.0)] {
        let seen = away(&days((who, PERSON), "d", "{at: 1d, fail: p/west, for: 1h}"));
        assert!((seen - expected).abs() < 1e-3, "{who}: {seen}, {expected}");
    }
}

/// Cut off with its clients, the primary's cell goes on by itself or does not, and no acknowledged write is lost once it is back.
/// The cut parts `a1` and `a2` from all others; nobody follows, since no person would part them from each other.
#[test]
fn the_isolation_of_the_primarys_cell_stalls_writes_that_wait_for_another() {
    let script = "{at: 1d, partition: [[a1, a2], [b1, b2, d]], for: 1h}";
    for (who, expected) in [(ANOTHER, 3600.0), (ANY, 0.0)] {
        let outcome = days((who, PERSON), "a1", script);
        assert!((away(&outcome) - expected).abs() < 1e-3, "{who}: {}", away(&outcome));
        assert_eq!(lost(&outcome), 0.0, "{who}");
    }
    // Where the primary gives up waiting, it does so after ten seconds of this hour.
    let alone = format!("{ANOTHER}, alone_after: 10s");
    let seen = away(&days((&alone, PERSON), "a1", script));
    assert!((seen - 10.0).abs() < 1e-3, "{seen}");
}

/// Once `b1` is the primary, those in the east count and its neighbour does not: the west stalls when it is cut off, but not when
/// `b2` and one in the east are lost.
#[test]
fn who_counts_moves_with_the_primary() {
    let cut = "{at: 3d, partition: [[b1, b2], [a1, a2, d]], for: 1h}";
    let two = "{at: 5d, fail: b2, for: 1h}, {at: 5d, fail: a2, for: 1h}";
    for (script, expected) in [
        (format!("{CELL_DIES}, {cut}"), 3600.0 + 3600.0),
        (format!("{CELL_DIES}, {two}"), 3600.0),
        // Without the failover it is the other way round: these are the primary's other cell and neighbour.
        (format!("{two}, {{at: 7d, fail: b1, for: 1h}}"), 0.0),
        (format!("{two}, {{at: 5d, fail: b1, for: 1h}}"), 3600.0),
    ] {
        let outcome = days((ANOTHER, PERSON), "d", &script);
        assert!((away(&outcome) - expected).abs() < 1e-3, "{script}: {}", away(&outcome));
        assert_eq!(lost(&outcome), 0.0);
    }
}

/// The primary dies as its cell is cut off. Its neighbour is the first of those that may follow, and lacks the lag; where only
/// the synchronous are promoted the west follows, which lacks nothing. Both then wait for the cut to heal.
#[test]
fn a_neighbour_whose_word_does_not_count_is_not_synchronous() {
    let script = "{at: 1d, partition: [[a1, a2], [b1, b2, d]], for: 30m}, {at: 1d, fail: a1, for: 1h}";
    let any = days((ANOTHER, PERSON), "d", script);
    about(lost(&any), 60.0);
    let synchronous = days((ANOTHER, &format!("{PERSON}, promotes: synchronous")), "d", script);
    assert_eq!(lost(&synchronous), 0.0);
    for outcome in [any, synchronous] {
        assert!((away(&outcome) - 1800.0).abs() < 1e-3, "{}", away(&outcome));
    }
    // Where any replica counts, the neighbour is as good as the others, and reaches too few of them to know.
    let stays = days((ANY, &format!("{PERSON}, promotes: synchronous")), "d", script);
    assert_eq!(lost(&stays), 0.0);
}

/// An hour with clients beside both members of the primary's cell, one operation each.
fn an_hour(who: &str, words: &str, script: &str, (fidelity, replications): (&str, u32)) -> Outcome {
    play(&format!(
        "{CELLS}run: {{horizon: 1h, replications: {replications}, operations: 5000, fidelity: {fidelity}}}
steering: {{www: {{policy: static, sites: {{a1: 50%, a2: 50%}}}}}}
script: [{script}]
stores: {{s: {{family: primary, primary: a1, replicas: [a2, b1, b2], witnesses: [d], acknowledged_by: {{{who}}}, {words}, keys: 1000, sessions: {{operations: 1, think: 1s}}}}}}
"
    ))
}

fn seen(outcome: &Outcome) -> &Consistency {
    outcome.stores[0].consistency.as_ref().expect("its clients are looked at")
}

/// Acknowledged writes lost in an hour, as the flow engine counts them and as clients see it.
fn both(outcome: &Outcome) -> (f64, Estimate) {
    let hours = 365.0 * 24.0;
    let operations = seen(outcome).operations.value / hours;
    let row = seen(outcome).anomalies.iter().find(|row| row.anomaly == Anomaly::LostWrite);
    let of_all = row.expect("it concerns the store").of_all;
    (outcome.stores[0].lost_writes.value / hours, of_all.map(|per_million| per_million / 1e6 * operations))
}

/// Cut off for half a minute, the primary's cell is lost just when it would be back. What its two members had agreed on
/// meanwhile is gone; if they had to wait for others they had agreed on nothing. If the primary alone dies as the cut begins, its
/// neighbour follows, and lacks a second.
#[test]
fn both_engines_lose_what_only_the_lost_cell_had() {
    let lost = "{at: 10m, partition: [[a1, a2], [b1, b2, d]], for: 30s}, {at: 630s, fail: p/east, for: 20m}";
    let beside = "{at: 10m, partition: [[a1, a2], [b1, b2, d]], for: 10m}, {at: 10m, fail: a1, for: 20m}";
    let dies = "{at: 10m, fail: p/east, for: 20m}";
    for (who, lag, script, expected) in [
        // The neighbour has answered every write: those that nobody waited for trail by the lag.
        (ANY, "2s", dies, 60.0),
        (ANY, "0s", lost, 30.0 * 30.0),
        (ANOTHER, "0s", lost, 0.0),
        ("replicas: 1, in_another: region, which: first", "0s", lost, 0.0),
        (ANOTHER, "0s", beside, 0.0),
        (ANOTHER, "1s", beside, 30.0),
        (ANOTHER, "{law: exponential, mean: 1s}, lag_drawn: write", beside, f64::NAN),
    ] {
        for fidelity in [("sampled", 64), ("request", 8)] {
            let outcome = an_hour(who, &format!("lag: {lag}, {PERSON}"), script, fidelity);
            let (by_flow, by_clients) = both(&outcome);
            let told = format!("{who}, {lag}, {fidelity:?}: {by_flow}, {by_clients:?}, {expected}");
            if expected == 0.0 {
                assert_eq!((by_flow, by_clients.value), (0.0, 0.0), "{told}");
                continue;
            }
            // Where each is late by its own, whoever lacks least follows: the west lacks nothing.
            if expected.is_nan() {
                let reach = by_clients.high - by_clients.low;
                assert!(by_flow > 10.0 && (by_clients.value - by_flow).abs() < reach, "{told}");
                continue;
            }
            let near = 0.02 * expected + 4.0 * f64::sqrt(expected / 8.0);
            assert!((by_flow - expected).abs() < near, "{told}");
            assert!((by_clients.value - by_flow).abs() < near, "{told}");
        }
    }
}

/// Beside the primary a write takes as long as the way to the other cell and back, or to the neighbour.
#[test]
fn a_write_waits_for_the_way_to_another_cell() {
    let writing = |who: &str| {
        let outcome = an_hour(who, "lag: 0s", "", ("request", 2));
        seen(&outcome).writes.p50.value
    };
    let [another, any, all] = [ANOTHER, ANY, "replicas: 3"].map(writing);
    assert!(any < 0.2 * another, "{any} {another}");
    assert!((another / all - 1.0).abs() < 0.02, "{another} {all}: both in the west are as far");
}
