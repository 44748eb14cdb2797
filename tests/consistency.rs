//! What a run says that clients of stores see, against closed forms, against the flow engine, and sampled against every
//! operation.

use models::expect::Verdict;
use models::outcome::{Anomaly, AnomalyOutcome, Consistency, Estimate, Outcome};
use models::specification::Specification;
use models::study::{Options, StudyFault, clients_over_time, run};
use scenarios::Override;
use sim::{Instant, Span};

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
    {family: primary, primary: iowa, replicas: [paris], lag: 2s, reads_from: nearest, keys: 100 keys,
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
    assert!(holds(by_operations, found.stores[0].recovery.lost_writes.p50.value), "{by_operations:?}");
}

#[test]
fn sampled_sessions_tell_what_all_of_them_tell() {
    let keys = "stores.orders.keys=200";
    let every = outcome(ORDERS, &[SESSIONS, keys, "run.fidelity=request", "run.replications=8"]);
    let sampled = outcome(ORDERS, &[SESSIONS, keys, "run.operations=100000"]);
    assert!(seen(&every).simulated > 2_500_000 && seen(&sampled).simulated > 500_000);
    for anomaly in seen(&every).anomalies.iter().map(|row| row.anomaly) {
        let [all, some] = [&every, &sampled].map(|outcome| row(seen(outcome), anomaly).of_all);
        let reach = (all.high - all.low) + (some.high - some.low);
        assert!((all.value - some.value).abs() <= reach, "{anomaly:?}: {all:?}, {some:?}");
        // Each reads at its own site, which no write has reached that is lost.
        let never = matches!(
            anomaly,
            Anomaly::TwoWriters | Anomaly::Unknown | Anomaly::MonotonicReads | Anomaly::ReadThenLost
        );
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
    let bounds = |changes: &[&str]| {
        let found = outcome(TRAILING, changes);
        [Anomaly::Refused, Anomaly::LostWrite].map(|anomaly| {
            let never = row(seen(&found), anomaly).of_all;
            assert_eq!((never.value, never.low), (0.0, 0.0), "{anomaly:?}");
            never.high
        })
    };
    // Nothing fails, and lags are no reason to be refused or to lose anything.
    assert_eq!(bounds(&[]), [0.0, 0.0]);
    // What fails did so in none of the replications: in the next one all operations may be refused, by the rule of three
    // of so many. Without a failover nothing can be lost.
    let rare = bounds(&["sites.iowa.outages={up: 200y, down: 1h}"]);
    let share = -libm::log(0.025) / 128.0;
    assert!((rare[0] / (share * 1e6) - 1.0).abs() < 0.05 && rare[1] == 0.0, "{rare:?} {share}");
    // An answer may take long enough for nobody to wait for it.
    let slow = bounds(&["stores.carts.legs={write: {mean: 10ms}}"]);
    assert!(0.0 < slow[0] && slow[0] < 1e4 && slow[1] == 0.0, "{slow:?}");
}

#[test]
fn nobody_is_looked_at_unless_the_scenario_says_how_they_use_the_store() {
    assert!(outcome(ORDERS, &[]).stores[0].consistency.is_none());
}

#[test]
fn too_many_operations_are_refused_before_they_are_run() {
    let changes = [SESSIONS, "stores.orders.keys=1000", "run.fidelity=request", "run.replications=1000"];
    let refused = run(&load(ORDERS, &changes), &Options::default(), &|_| {});
    assert!(
        matches!(refused, Err(StudyFault::TooManyOperations(due)) if (due / 3.6e8 - 1.022).abs() < 0.01),
        "{refused:?}: eight times ten seconds more of the hour"
    );
    let changes = [SESSIONS, "stores.orders.keys=1000", "run.operations=1G"];
    let refused = run(&load(ORDERS, &changes), &Options::default(), &|_| {});
    assert!(matches!(refused, Err(StudyFault::ManySamples(64e9))));
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

/// A replica that is cut off for forty minutes, where each key is written every 250 s. A read there is stale if its key has
/// been written since the cut: on average over a cut of length T, 1 - (1 - e^(-l T)) / (l T). Few sessions write.
#[test]
fn reads_of_a_replica_that_is_cut_off_are_stale_by_the_closed_form() {
    let changes = [
        "stores.carts.lag=0s",
        "requests.look.share=99%",
        "requests.put.share=1%",
        "steering.www.sites={paris: 50%, iowa: 50%}",
        "script=[{at: 10m, partition: [[paris], [iowa]], for: 40m}]",
    ];
    // Sessions of several operations come in the same number of writes, but clustered: fewer reads are stale.
    let found = outcome(TRAILING, &changes);
    let written = 80.0 * 0.5 * 0.01 / 100.0 * 2400.0;
    let stale_there = 1.0 - (1.0 - libm::exp(-written)) / written;
    let expected = 0.99 * 0.5 * stale_there * 2.0 / 3.0;
    let stale = row(seen(&found), Anomaly::StaleRead).of_all;
    assert!(holds(stale, expected * 1e6), "{stale:?}, {expected}");
    assert!(stale.high - stale.low < 0.2 * stale.value, "{stale:?}");
}

/// Two primaries, each of which gets half of the traffic: a key is written 0.2 times a second at each.
const PRIMARIES: &str = "
scenario: 1
name: two primaries
run: {horizon: 1h, replications: 64, operations: 20000}
defaults: {sites: {capacity: 1000 rps, outages: none}}
sites: {iowa: {at: [41.0, -93.0]}, paris: {at: [48.9, 2.3]}}
stores:
  carts:
    {family: multi-primary, replicas: [iowa, paris], lag: 2s, keys: 100 keys, sessions: {operations: 1, think: 1s}}
requests:
  look: {share: 50%, reads: [carts]}
  put:  {share: 50%, writes: [carts]}
clients:
  europe: {at: [48.9, 2.3], uses: www, demand: 80 rps}
steering:
  www: {policy: static, sites: {paris: 50%, iowa: 50%}}
";

/// A write is dropped if the other site accepts one before it has got it: 1 - e^(-l d). A read is stale if the last write
/// within d is of the other site: (1 - e^(-2 l d)) / 2. The way is some 50 ms of d.
#[test]
fn writes_at_two_primaries_drop_each_other_by_the_closed_form() {
    let found = outcome(PRIMARIES, &[]);
    let dropped = row(seen(&found), Anomaly::DroppedWrite).of_eligible;
    let stale = row(seen(&found), Anomaly::StaleRead).of_eligible;
    let d = 2.05;
    assert!(holds(dropped, (1.0 - libm::exp(-0.2 * d)) * 1e6), "{dropped:?}");
    assert!(holds(stale, (1.0 - libm::exp(-0.4 * d)) / 2.0 * 1e6), "{stale:?}");
    assert!(dropped.high - dropped.low < 0.05 * dropped.value, "{dropped:?}");
    let rows: Vec<Anomaly> = seen(&found).anomalies.iter().map(|row| row.anomaly).collect();
    assert!(rows.iter().all(|anomaly| anomaly.concerns(false)) && rows.len() == 12, "{rows:?}");
    // Each acknowledges on its own: within the site's own milliseconds.
    assert!(seen(&found).writes.p50.value < 0.02, "{:?}", seen(&found).writes);
}

/// Cut off from each other from 10 to 50 minutes: at u into the cut a write is dropped with 1 - e^(-l (T - u)), as good
/// as always; before and after it as without a cut.
#[test]
fn a_cut_between_primaries_drops_writes_by_the_closed_form() {
    let script = "script=[{at: 10m, partition: [[paris], [iowa]], for: 40m}]";
    for keys in [100.0, 10_000.0] {
        let found = outcome(PRIMARIES, &[script, &format!("stores.carts.keys={keys}")]);
        let dropped = row(seen(&found), Anomaly::DroppedWrite).of_eligible;
        let (rate, cut, d) = (20.0 / keys, 2400.0, 2.05);
        let within = cut - (libm::exp(-rate * d) - libm::exp(-rate * (cut + d))) / rate;
        let expected = (within + (3600.0 - cut) * (1.0 - libm::exp(-rate * d))) / 3600.0;
        assert!(holds(dropped, expected * 1e6), "{keys}: {dropped:?}, {expected}");
    }
}

/// Rivals at a site that gets one request in a hundred, on a key that is written every few seconds.
#[test]
fn rivals_at_a_small_site_are_not_overlooked() {
    let changes = [
        "steering.www.sites={paris: 99%, iowa: 1%}",
        "stores.carts.keys=10",
        "script=[{at: 10m, partition: [[paris], [iowa]], for: 40m}]",
    ];
    let found = outcome(PRIMARIES, &changes);
    let dropped = row(seen(&found), Anomaly::DroppedWrite).of_eligible;
    let (cut, d) = (2400.0, 2.05);
    let share = |rate: f64| {
        let within = cut - (libm::exp(-rate * d) - libm::exp(-rate * (cut + d))) / rate;
        (within + (3600.0 - cut) * (1.0 - libm::exp(-rate * d))) / 3600.0
    };
    // Four writes a second of a key: what is written in Paris is dropped by Iowa's one in a hundred, and the other way.
    let expected = 0.99 * share(0.04) + 0.01 * share(3.96);
    assert!(holds(dropped, expected * 1e6), "{dropped:?}, {expected}");
}

/// Three replicas at each of two sites; one site is dead for ten minutes, longer than hints are kept, so that its replicas
/// lack what was written meanwhile until all compare what they have at a full hour.
#[test]
fn what_no_hint_brings_is_stale_until_replicas_compare() {
    let store = "stores.carts={family: leaderless, replicas: [iowa, paris], copies: 1, levels: {write: one, read: local-one}, \
                 hints: {window: 2m}, anti_entropy: 1h, lag: 10ms, keys: 40000, sessions: {operations: 4, think: 2s}}";
    let changes = [
        store,
        "run.horizon=2h",
        "script=[{at: 20m, fail: iowa, for: 10m}]",
        "steering.www={policy: static, sites: {paris: 50%, iowa: 50%}}",
    ];
    let sampled = outcome(PRIMARIES, &changes);
    let mut changes = changes.to_vec();
    changes.extend(["run.fidelity=request", "run.replications=8"]);
    let every = outcome(PRIMARIES, &changes);
    for anomaly in seen(&every).anomalies.iter().map(|row| row.anomaly) {
        let [all, some] = [&every, &sampled].map(|outcome| row(seen(outcome), anomaly).of_all);
        let reach = (all.high - all.low) + (some.high - some.low);
        assert!((all.value - some.value).abs() <= reach, "{anomaly:?}: {all:?}, {some:?}");
    }
    // Half of the reads are of Iowa. There keys, written 0.001 times a second each, go without what Paris got in ten minutes,
    // until they are written again or compared.
    let stale = row(seen(&every), Anomaly::StaleRead).of_all;
    let later = outcome(
        PRIMARIES,
        &[&changes[..], &[&store.replace("anti_entropy: 1h", "anti_entropy: 40m")]].concat(),
    );
    let sooner = row(seen(&later), Anomaly::StaleRead).of_all;
    assert!(stale.low > 1.2 * sooner.high, "{stale:?}, {sooner:?}");
}

/// A write at t is dropped if the other site accepts one before the cut ends and the lag is over: 1 - e^(-l (end - t)), from
/// slice to slice of the hour; half of the operations are writes.
#[test]
fn clients_over_time_see_what_the_closed_form_says_of_each_instant() {
    let script = "script=[{at: 10m, partition: [[paris], [iowa]], for: 40m}]";
    let specification = load(PRIMARIES, &[script, "stores.carts.keys=10000"]);
    let hour = (Instant::ZERO, Instant::ZERO + Span::from_secs(3600));
    let slices = clients_over_time(&specification, 3, hour).expect("it runs");
    assert_eq!(slices.len(), 60);
    let (rate, lag) = (20.0 / 10_000.0, 2.05);
    let missed = slices.iter().filter(|slice| {
        let middle = (slice.from - Instant::ZERO).seconds() + 30.0;
        let cut = 600.0..3000.0;
        let beside = if cut.contains(&middle) { 3000.0 - middle + lag } else { lag };
        let expected = 0.5e6 * (1.0 - libm::exp(-rate * beside));
        let found = slice.anomalies.iter().find(|row| row.anomaly == Anomaly::DroppedWrite);
        let found = found.expect("it has a row").of_all;
        assert!(found.high - found.low < 60_000.0 && (slice.rate - 80.0).abs() < 1e-9, "{slice:?}");
        expected < found.low || expected > found.high
    });
    // Intervals of 95 %: of sixty, eight are missed by luck in one test of a hundred.
    assert!(missed.count() <= 8);
}
