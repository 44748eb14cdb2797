//! What sampled sessions tell of a store, against every operation: whatever is far from a session and matters to it is there.

use models::outcome::{Anomaly, Consistency, Outcome};
use models::study::{Options, run};
use scenarios::Override;

const THREE: &str = "
scenario: 1
name: three continents
run: {horizon: 1h, replications: 32, operations: 20000}
defaults: {sites: {capacity: 1000 rps, outages: none}}
sites: {iowa: {at: [41.0, -93.0]}, paris: {at: [48.9, 2.3]}, tokyo: {at: [35.7, 139.7]}}
requests:
  look: {share: 50%, reads: [s]}
  put:  {share: 50%, writes: [s]}
clients:
  world: {anywhere: true, uses: www, demand: 60 rps}
steering:
  www: {policy: static, sites: {iowa: 50%, paris: 30%, tokyo: 20%}}
";

fn outcome(store: &str, changes: &[&str]) -> Outcome {
    let text = format!("{THREE}stores: {{s: {store}}}\n");
    let changes: Vec<Override> =
        changes.iter().map(|change| Override::parse(change).expect("an override")).collect();
    let loaded = scenarios::load("three.yaml", &text, &changes).expect("the scenario is valid");
    run(&loaded.specification, &Options::default(), &|_| {}).expect("it runs")
}

fn seen(outcome: &Outcome) -> &Consistency {
    outcome.stores[0].consistency.as_ref().expect("its clients are looked at")
}

/// Asserts that sampled sessions and all of them tell the same of every anomaly, and that all of `some` happen.
fn agree(store: &str, changes: &[&str], some: &[Anomaly]) {
    let sampled = outcome(store, changes);
    let every = outcome(store, &[changes, &["run.fidelity=request", "run.replications=8"]].concat());
    let per_year = [&every, &sampled].map(|outcome| seen(outcome).operations);
    assert!((per_year[0].value / per_year[1].value - 1.0).abs() < 0.03, "{per_year:?}");
    for (all, some) in seen(&every).anomalies.iter().zip(&seen(&sampled).anomalies) {
        let (anomaly, all, some) = (all.anomaly, all.of_all, some.of_all);
        let reach = (all.high - all.low) + (some.high - some.low);
        assert!((all.value - some.value).abs() <= reach, "{anomaly:?}: {all:?}, {some:?}");
    }
    for anomaly in some {
        let row = seen(&sampled).anomalies.iter().find(|row| row.anomaly == *anomaly);
        let found = row.expect("it concerns the store").of_all;
        assert!(found.value > 0.0 && found.high - found.low < found.value, "{anomaly:?}: {found:?}");
    }
}

/// A write stands above what slower clocks stamp for as long as they are behind, however long before a session it was.
#[test]
fn a_clock_that_is_a_minute_ahead_puts_what_is_written_elsewhere_into_the_past() {
    let store = "{family: leaderless, replicas: [iowa, paris, tokyo], levels: {write: one, read: one}, lag: 500ms, \
                 clocks: {ahead: {paris: 60s}}, keys: 100 keys, sessions: {operations: 1, think: 2s}}";
    agree(store, &["run.operations=40000"], &[Anomaly::WriteInThePast, Anomaly::DroppedWrite]);
}

/// A session lasts as long as its answers take, not its pauses alone.
#[test]
fn sessions_that_think_for_less_than_an_answer_takes_are_played_to_their_end() {
    let sessions = "sessions: {operations: 100, think: 1ms, patience: 1s}";
    let many = "{family: leaderless, replicas: [iowa, paris, tokyo], levels: {write: quorum, read: one}, keys: 40 keys,";
    agree(&format!("{many} {sessions}}}"), &["run.operations=40000"], &[Anomaly::DroppedWrite]);
    let one = "{family: primary, primary: iowa, replicas: [paris, tokyo], lag: 200ms, reads_from: nearest, keys: 8, \
               acknowledged_by: {replicas: 2},";
    agree(&format!("{one} {sessions}}}"), &["run.operations=200000"], &[Anomaly::OutOfOrder]);
}

/// What a former writer accepts for forty minutes is read there until it is lost, long after its session has ended.
#[test]
fn who_reads_a_write_long_after_it_has_read_what_will_be_lost() {
    let store = "{family: primary, primary: iowa, replicas: [paris, tokyo], lag: 2s, reads_from: nearest, keys: 1000, \
                 failover: {human: 30s}, promotion: 5s, sessions: {operations: 1, think: 1s}}";
    let cut = "script=[{at: 10m, partition: [[iowa], [paris, tokyo]], for: 40m}]";
    let lost = [Anomaly::LostWrite, Anomaly::ReadThenLost, Anomaly::ReadAfterLoss, Anomaly::TwoWriters];
    agree(store, &[cut, "requests.look.share=90%", "requests.put.share=10%"], &lost);
}

/// A key is written every few minutes: what was lost is missed until then.
#[test]
fn a_lost_write_is_missed_until_its_key_is_written_again() {
    let store = "{family: primary, primary: iowa, replicas: [paris, tokyo], lag: 2s, reads_from: nearest, keys: 10000, \
                 failover: {human: 30s}, promotion: 5s, sessions: {operations: 4, think: 1s}}";
    let changes = ["script=[{at: 10m, fail: iowa, for: 5m}]", "run.operations=100000"];
    agree(store, &changes, &[Anomaly::LostWrite, Anomaly::ReadAfterLoss]);
}

/// Who reads anywhere meets a replica that has not caught up for twenty minutes after it is back.
#[test]
fn who_reads_what_a_replica_shows_that_catches_up() {
    let store = "{family: primary, primary: iowa, replicas: [paris, tokyo], lag: 500ms, apply_rate: 40 per second, reads_from: uniform, \
                 keys: 1000, sessions: {operations: 4, think: 1s}}";
    let cut = "script=[{at: 10m, partition: [[iowa, tokyo], [paris]], for: 10m}, {at: 25m, partition: [[iowa], [paris]], for: 5m}]";
    let some = [Anomaly::StaleRead, Anomaly::ReadYourWrites, Anomaly::MonotonicReads, Anomaly::OutOfOrder];
    agree(store, &[cut], &some);
}

/// Whoever reads brings a replica what it lacks, before somebody writes there without knowing it.
#[test]
fn reads_of_others_repair_what_an_outage_has_left_behind() {
    let store = "{family: leaderless, replicas: [iowa, paris, tokyo], levels: {write: one, read: quorum}, anti_entropy: 7m, \
                 read_repair: blocking, convicted_after: 30s, keys: 3000, sessions: {operations: 1, think: 1s}}";
    let outage = "script=[{at: 5m, fail: iowa, for: 45m}]";
    agree(store, &[outage], &[Anomaly::DroppedWrite, Anomaly::Refused]);
    agree(store, &[outage, "requests.look.share=95%", "requests.put.share=5%"], &[Anomaly::DroppedWrite]);
}

/// All sites lose their power at once. What a replica has got since it last wrote its log to the disk, at an age uniform in ten
/// seconds, is gone; a write of the age u at all n replicas with probability (1 - u/10)^n, so writes of 10/(n + 1) seconds:
/// sessions write once, since a later write that has seen one makes up for it.
#[test]
fn power_that_fails_everywhere_takes_what_no_log_has_saved() {
    let outage = "script=[{at: 30m, fail: iowa, effect: power-lost, for: 5m}, {at: 30m, fail: paris, effect: power-lost, for: 5m}, \
                  {at: 30m, fail: tokyo, effect: power-lost, for: 5m}]";
    for (copies, replicas) in [(1, 3.0), (2, 6.0)] {
        let store = format!(
            "{{family: leaderless, replicas: [iowa, paris, tokyo], copies: {copies}, levels: {{write: one, read: one}}, \
             log_saved_every: 10s, keys: 100000, sessions: {{operations: 4, think: 1s}}}}"
        );
        let found = outcome(&store, &[outage, "run.replications=128"]);
        let row = seen(&found).anomalies.iter().find(|row| row.anomaly == Anomaly::LostWrite);
        let lost = row.expect("it concerns the store").of_eligible;
        let expected = 1e6 * 10.0 / (replicas + 1.0) / 3300.0;
        assert!((lost.value - expected).abs() < lost.high - lost.low, "{lost:?}, {expected}");
        assert!(lost.high - lost.low < 0.5 * lost.value, "{lost:?}");
    }
    let store = "{family: leaderless, replicas: [iowa, paris, tokyo], copies: 2, levels: {write: one, read: quorum}, hints: {window: 1h}, \
                 log_saved_every: 30s, keys: 2000, sessions: {operations: 4, think: 1s}}";
    agree(store, &[outage], &[Anomaly::LostWrite, Anomaly::ReadAfterLoss]);
    // Who has power, or saves before it acknowledges, loses nothing.
    let store = "{family: leaderless, replicas: [iowa, paris, tokyo], levels: {write: one, read: one}, keys: 100000, \
                 sessions: {operations: 1, think: 1s}}";
    let saved = outcome(store, &[outage]);
    let down = outage.replace("power-lost", "down");
    let powered = outcome(&store.replace("keys", "log_saved_every: 10s, keys"), &[&down]);
    for outcome in [&saved, &powered] {
        let mut rows = seen(outcome).anomalies.iter();
        let lost = rows.find(|row| row.anomaly == Anomaly::LostWrite).expect("it concerns the store").of_all;
        assert_eq!((lost.low, lost.high), (0.0, 0.0), "{lost:?}");
    }
}

/// A former writer goes on for a minute within reach of the new one, and is rebuilt for ten more.
#[test]
fn who_reads_what_a_former_writer_accepted_before_it_is_rebuilt() {
    let store = "{family: primary, primary: iowa, replicas: [paris, tokyo], lag: 2s, reads_from: nearest, keys: 1000, noticed: 1m, \
                 failover: {human: 30s}, promotion: 5s, rejoin: 10m, sessions: {operations: 4, think: 1s}}";
    let cut = "script=[{at: 10m, partition: [[iowa], [paris, tokyo]], for: 10m}]";
    let some = [Anomaly::LostWrite, Anomaly::ReadThenLost, Anomaly::TwoWriters, Anomaly::StaleRead];
    agree(store, &[cut, "run.replications=16"], &some);
}

/// Traffic at a witness's site is served by members with data; it decides who is promoted, and loses nothing itself.
#[test]
fn clients_beside_a_witness_lose_what_others_lose() {
    let store = "{family: primary, primary: iowa, replicas: [paris], witnesses: [tokyo], lag: 2s, reads_from: nearest, keys: 1000, \
                 failover: {lease: 30s, renewed_every: 10s}, promotion: 5s, sessions: {operations: 4, think: 1s}}";
    let script = "script=[{at: 10m, fail: iowa, for: 5m}, {at: 30m, fail: tokyo, for: 10m}]";
    agree(store, &[script, "run.replications=16"], &[Anomaly::LostWrite, Anomaly::StaleRead]);
}

/// A lagging voter with two votes, one with none: followers are stale, and nothing is lost.
#[test]
fn followers_with_unequal_votes_are_stale_and_lose_nothing() {
    let store = "{family: consensus, voters: [iowa, iowa, paris, paris, tokyo], quorum: 4, lag: 500ms, reads_from: nearest, keys: 300, \
                 failover: {lease: 30s, renewed_every: 10s}, promotion: 5s, sessions: {operations: 4, think: 1s}}";
    let script = "script=[{at: 10m, fail: iowa, for: 5m}, {at: 30m, fail: tokyo, for: 10m}]";
    agree(store, &[script, "run.replications=16"], &[Anomaly::StaleRead, Anomaly::OutOfOrder]);
}
