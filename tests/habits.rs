//! What clients of stores do, as `sessions`, `popularity`, `clients` and `parts` say it: against closed forms, and sampled
//! against every operation.

use models::outcome::{Anomaly, AnomalyOutcome, Consistency, Estimate, Outcome};
use models::study::{Options, run};
use scenarios::Override;

/// Clients in Paris, a primary far away that nobody visits but them, a replica beside them that trails by two seconds.
const FAR: &str = "
scenario: 1
name: a primary far away
run: {horizon: 1h, replications: 128, operations: 4000}
defaults: {sites: {capacity: 1000 rps, outages: none}}
sites: {sydney: {at: [-33.9, 151.2]}, paris: {at: [48.9, 2.3]}}
stores:
  carts:
    {family: primary, primary: sydney, replicas: [paris], lag: 2s, keys: 20 keys,
     sessions: {operations: 1, think: 1s}}
requests:
  put: {share: 50%, writes: [carts]}
  look: {share: 50%, reads: [carts]}
clients:
  europe: {at: [48.9, 2.3], uses: www, demand: 80 rps}
steering:
  www: {policy: static, sites: {paris: 100%}}
";

fn outcome(changes: &[&str]) -> Outcome {
    let changes: Vec<Override> =
        changes.iter().map(|change| Override::parse(change).expect("an override")).collect();
    let loaded = scenarios::load("test.yaml", FAR, &changes).expect("the scenario is valid");
    run(&loaded.specification, &Options::default(), &|_| {}).expect("it runs")
}

fn seen(outcome: &Outcome, store: usize) -> &Consistency {
    outcome.stores[store].consistency.as_ref().expect("its clients are looked at")
}

fn row(seen: &Consistency, anomaly: Anomaly) -> AnomalyOutcome {
    *seen.anomalies.iter().find(|row| row.anomaly == anomaly).expect("the anomaly has a row")
}

/// Within twice the interval's reach, and not for want of looking.
fn assert_holds(estimate: Estimate, expected: f64) {
    let width = estimate.high - estimate.low;
    assert!((estimate.value - expected).abs() <= width, "{estimate:?}, {expected}");
    assert!(width < 0.2 * expected, "{estimate:?}, {expected}");
}

/// Updates of a key come at rate l, and each is written D after its base was read there. One shares its base with an earlier
/// one if that was read a time g < D before and nothing was written in between: the integral of l e^(-l g) e^(-l g).
#[test]
fn updates_are_lost_as_often_as_their_closed_form() {
    let found = outcome(&[
        "stores.carts.sessions={operations: 1, think: 1s, updates: 100%}",
        "requests={put: {share: 100%, writes: [carts]}}",
    ]);
    let seen = seen(&found, 0);
    // A read that is answered, and a write on its way.
    let between = seen.reads.p50.value / 2.0 + seen.writes.p50.value / 2.0;
    assert!(between > 0.1, "{between}");
    let lost = (1.0 - libm::exp(-2.0 * 80.0 / 20.0 * between)) / 2.0;
    assert_holds(row(seen, Anomaly::LostUpdate).of_eligible, lost * 1e6);
    // Each is a read and a write, both of which are operations.
    assert_holds(row(seen, Anomaly::LostUpdate).of_all, lost * 5e5);
}

/// An own write is missed if the replica beside the client trails by more than the way of the acknowledgement w and the time t
/// until it is read: e^(-m (w + t)).
#[test]
fn what_is_read_back_is_missed_as_often_as_its_closed_form() {
    for after in [0.5, 3.0] {
        let sessions =
            format!("stores.carts.sessions={{operations: 1, think: 1s, reads_back_after: {after}s}}");
        let found = outcome(&[
            &sessions,
            "stores.carts.reads_from=nearest",
            "stores.carts.lag={mean: 2s, law: exponential}",
            "run.operations=20000",
        ]);
        let seen = seen(&found, 0);
        let way = seen.writes.p50.value / 2.0;
        assert_holds(row(seen, Anomaly::ReadYourWrites).of_eligible, libm::exp(-(way + after) / 2.0) * 1e6);
    }
}

/// The sum over keys of r (1 - e^(-l w d)), where r is the key's share of all reads and w that of all writes.
#[test]
fn keys_read_and_written_unevenly_are_stale_by_the_closed_form() {
    let zipf = |exponent: f64| -> Vec<f64> {
        let weights: Vec<f64> = (1..=20).map(|k| libm::pow(f64::from(k), -exponent)).collect();
        let sum: f64 = weights.iter().sum();
        weights.iter().map(|weight| weight / sum).collect()
    };
    let mut stale = Vec::new();
    for (words, reads, writes) in [
        ("{reads: {zipf: 2}, writes: uniform}", 2.0, 0.0),
        ("{writes: {zipf: 2}}", 0.0, 2.0),
        ("{reads: {zipf: 1}, writes: {zipf: 2}}", 1.0, 2.0),
    ] {
        let popularity = format!("stores.carts.popularity={words}");
        let changes = [popularity.as_str(), "stores.carts.reads_from=nearest", "stores.carts.keys=20 keys"];
        let [sampled, every] = [&changes[..], &["run.fidelity=request", "run.replications=8"]]
            .map(|more| outcome(&[&changes[..], more].concat()));
        let way = seen(&sampled, 0).writes.p50.value / 2.0;
        let both = zipf(reads).into_iter().zip(zipf(writes));
        let expected: f64 =
            both.map(|(read, written)| read * (1.0 - libm::exp(-40.0 * written * (2.0 - way)))).sum();
        for found in [&sampled, &every] {
            assert_holds(row(seen(found, 0), Anomaly::StaleRead).of_eligible, expected * 1e6);
        }
        stale.push(expected);
    }
    assert!(stale[0] > 2.0 * stale[1], "{stale:?}");
}

/// 1 - e^(-l d) in each part, whose keys are written as its clients and its share of everybody else say.
#[test]
fn parts_are_stale_as_their_own_clients_write() {
    let found = outcome(&[
        "stores.carts={family: partitioned, reads_from: nearest, lag: 2s, keys: 20 keys, primary: sydney, replicas: [paris], \
         sessions: {operations: 1, think: 1s}, parts: {own: {clients: [asia]}, most: {share: 75%}, rest: {share: 25%}}}",
        "clients.asia={at: [48.9, 2.3], uses: www, demand: 20 rps}",
        "run.operations=8000",
    ]);
    let names: Vec<&str> = found.stores.iter().map(|store| store.name.as_str()).collect();
    assert_eq!(names, ["carts/own", "carts/most", "carts/rest"]);
    for (store, rate) in [20.0, 60.0, 20.0].into_iter().enumerate() {
        let seen = seen(&found, store);
        let way = seen.writes.p50.value / 2.0;
        let expected = 1.0 - libm::exp(-rate / 2.0 / 20.0 * (2.0 - way));
        assert_holds(row(seen, Anomaly::StaleRead).of_eligible, expected * 1e6);
        let operations = seen.operations.value / (365.0 * 86_400.0);
        assert!((operations / rate - 1.0).abs() < 0.02, "{operations}, {rate}");
    }
}

/// Those who only read and those who only write, of the same keys.
#[test]
fn clients_that_differ_are_told_apart() {
    let found = outcome(&[
        "stores.carts.reads_from=nearest",
        "clients.asia={at: [48.9, 2.3], uses: www, demand: 40 rps}",
        "requests={put: {share: 100%, writes: [carts], clients: [asia]}, look: {share: 100%, reads: [carts], clients: [europe]}}",
        "run.operations=8000",
    ]);
    let seen = seen(&found, 0);
    let way = seen.writes.p50.value / 2.0;
    assert_holds(
        row(seen, Anomaly::StaleRead).of_eligible,
        (1.0 - libm::exp(-40.0 / 20.0 * (2.0 - way))) * 1e6,
    );
    let own = row(seen, Anomaly::ReadYourWrites).of_eligible;
    assert_eq!((own.value, own.low), (0.0, 0.0), "nobody reads what he writes");
}

/// All of it at once, through failures.
#[test]
fn sampled_habits_tell_what_all_operations_tell() {
    let changes = [
        "stores.carts={family: leaderless, replicas: [sydney, paris], levels: {write: one, read: one}, lag: {mean: 300ms, \
         law: exponential}, hints: {window: 3h}, keys: 40 keys, popularity: {reads: {zipf: 1}, writes: uniform}, \
         sessions: {operations: 4, think: 1s, updates: 30%, reads_back_after: 200ms}}",
        "clients.asia={at: [-33.9, 151.2], uses: near, demand: 20 rps}",
        "steering.near={policy: static, sites: {sydney: 100%}}",
        "requests={put: {share: 50%, writes: [carts]}, look: {share: 30%, reads: [carts], clients: [europe]}}",
        "script=[{at: 20m, partition: [[sydney], [paris]], for: 10m}]",
    ];
    let every = outcome(&[&changes[..], &["run.fidelity=request", "run.replications=16"]].concat());
    let sampled = outcome(&[&changes[..], &["run.operations=20000", "run.replications=64"]].concat());
    for anomaly in seen(&every, 0).anomalies.iter().map(|row| row.anomaly) {
        let [all, some] = [&every, &sampled].map(|outcome| row(seen(outcome, 0), anomaly).of_eligible);
        let reach = (all.high - all.low) + (some.high - some.low);
        assert!((all.value - some.value).abs() <= reach, "{anomaly:?}: {all:?}, {some:?}");
    }
    for anomaly in [Anomaly::LostUpdate, Anomaly::DroppedWrite, Anomaly::StaleRead, Anomaly::ReadYourWrites] {
        assert!(row(seen(&every, 0), anomaly).of_eligible.value > 1000.0, "{anomaly:?}");
    }
}

/// Half of the reads go to the primary, which is never behind, or all of them.
#[test]
fn reads_from_any_or_from_a_named_member_are_stale_as_that_is() {
    let [nearest, uniform, named] = ["nearest", "uniform", "{site: sydney}"]
        .map(|from| outcome(&[&format!("stores.carts.reads_from={from}")]));
    let way = seen(&nearest, 0).writes.p50.value / 2.0;
    let expected = 1.0 - libm::exp(-40.0 / 20.0 * (2.0 - way));
    assert_holds(row(seen(&nearest, 0), Anomaly::StaleRead).of_eligible, expected * 1e6);
    assert_holds(row(seen(&uniform, 0), Anomaly::StaleRead).of_eligible, expected * 5e5);
    assert_eq!(row(seen(&named, 0), Anomaly::StaleRead).of_eligible.value, 0.0);
    let [near, far] = [&nearest, &named].map(|found| seen(found, 0).reads.p50.value);
    assert!((far - near - 2.0 * way).abs() < 0.005, "{near}, {far}, {way}");
}

/// The 99th percentile of an exponential law is its mean times ln 100.
#[test]
fn messages_take_what_their_legs_say() {
    let plain = outcome(&[]);
    let slow =
        |leg: &str| outcome(&[&format!("stores.carts.legs={{{leg}: {{mean: 100ms, law: exponential}}}}")]);
    let (reads, writes) = (seen(&plain, 0).reads.p99.value, seen(&plain, 0).writes.p99.value);
    let later = 0.1 * libm::log(100.0);
    for (leg, of_reads, of_writes) in [
        ("write", 0.0, later),
        ("acknowledgement", 0.0, later),
        ("read", later, 0.0),
        ("response", later, 0.0),
    ] {
        let found = slow(leg);
        for (took, before, more) in
            [(seen(&found, 0).reads.p99, reads, of_reads), (seen(&found, 0).writes.p99, writes, of_writes)]
        {
            let expected = before + more;
            assert!(
                (took.value - expected).abs() <= took.high - took.low + 1e-3,
                "{leg}: {took:?}, {expected}"
            );
            assert!(took.high - took.low < 0.2 * expected, "{leg}: {took:?}");
        }
    }
}

/// What a replica lacks begins with the oldest write still under way, of age A: P(A > a) = 1 - exp(-l m e^(-a/m)) where l are all
/// writes of the store a second and m is the mean lag. A read misses one of its key, written k times a second and
/// acknowledged after the way w: the integral of k e^(-k (a - w)) P(A > a) from w; and where it misses none of these it may be
/// that oldest one which is of its key.
#[test]
fn lags_of_each_write_keep_the_log_waiting() {
    for (keys, lag) in [(2000.0, 2.0), (200.0, 0.5)] {
        let changes = [
            &format!("stores.carts.lag={{mean: {lag}s, law: exponential}}"),
            &format!("stores.carts.keys={keys}"),
            "stores.carts.lag_drawn=write",
            "stores.carts.reads_from=nearest",
        ];
        let sampled = outcome(&[&changes[..], &["run.operations=8000"]].concat());
        let every = outcome(&[&changes[..], &["run.fidelity=request", "run.replications=8"]].concat());
        let way = seen(&sampled, 0).writes.p50.value / 2.0;
        let (log, key) = (40.0, 40.0 / keys);
        let step = 1e-3;
        let trails = |late: f64| -libm::expm1(-log * lag * libm::exp(-(late + way) / lag));
        let late = (0..60_000).map(|index| (f64::from(index) + 0.5) * step);
        let missed: f64 = late.map(|late| step * key * libm::exp(-key * late) * trails(late)).sum();
        let expected = missed + (trails(0.0) - missed) / keys;
        for found in [&sampled, &every] {
            assert_holds(row(seen(found, 0), Anomaly::StaleRead).of_eligible, expected * 1e6);
        }
    }
}

/// A replica beside the clients, no way from the primary, with lags of 2 s on average.
fn singly(applies: &str, more: &[&str]) -> Outcome {
    let applies = format!("stores.carts.applies={applies}");
    let changes = [
        "sites={sydney: {}, paris: {}}",
        "clients.europe={anywhere: true, uses: www, demand: 80 rps}",
        "stores.carts.lag={mean: 2s, law: exponential}",
        "stores.carts.lag_drawn=write",
        "stores.carts.reads_from=nearest",
        &applies,
    ];
    outcome(&[&changes[..], more].concat())
}

/// With r = l/m, l/(l + m) of the reads if the newest wins. If what arrived last is shown, they are fresh if no older write has
/// arrived since the newest one did: the integral over x from 0 to 1 of (1 - exp(-r (1 - x^(1/r))))/r, also where a key is written
/// so seldom that its last two writes have long arrived.
#[test]
fn writes_that_are_applied_singly_are_missed_as_often_as_their_closed_form() {
    let m = 0.5;
    for keys in [20.0, 2000.0] {
        let (l, r) = (40.0 / keys, 40.0 / keys / m);
        let middles = (0..100_000).map(|index| (f64::from(index) + 0.5) * 1e-5);
        let fresh: f64 = middles.map(|x| 1e-5 * -libm::expm1(-r * (1.0 - libm::pow(x, 1.0 / r))) / r).sum();
        let keys = format!("stores.carts.keys={keys}");
        for (applies, expected) in [("newest-wins", l / (l + m)), ("last-arrived", 1.0 - fresh)] {
            let sampled = singly(applies, &[&keys, "run.operations=8000"]);
            let every = singly(applies, &[&keys, "run.fidelity=request", "run.replications=8"]);
            assert!(seen(&sampled, 0).writes.p50.value < 1e-6);
            for found in [&sampled, &every] {
                let stale = row(seen(found, 0), Anomaly::StaleRead).of_eligible;
                println!("{applies}, l = {l}: {stale:?} for {:.0}", expected * 1e6);
                assert_holds(stale, expected * 1e6);
            }
        }
    }
}

/// An own write is missed so long t after it was acknowledged, if the newest wins, if neither it nor a later one has arrived; if
/// what arrived last is shown, unless that was it or a later one, which arrive at rates m e^(-m y) and l (1 - e^(-m y)) at y after it.
#[test]
fn own_writes_are_missed_by_the_closed_form_where_writes_are_applied_singly() {
    let (l, m, t) = (2.0, 0.5, 0.5);
    let gone = |y: f64| libm::exp(-m * y);
    let newest = gone(t) * libm::exp(-l * (t - (1.0 - gone(t)) / m));
    let middles = (0..10_000).map(|index| (f64::from(index) + 0.5) * 1e-4 * t);
    let shows = middles.map(|y| {
        let later = l * (1.0 - gone(y)) * (1.0 - gone(y) + gone(t));
        (later + m * gone(y)) * libm::exp(-l * (t - y)) * 1e-4 * t
    });
    for (applies, expected) in [("newest-wins", newest), ("last-arrived", 1.0 - shows.sum::<f64>())] {
        let back = "stores.carts.sessions={operations: 1, think: 1s, reads_back_after: 500ms}";
        let sampled = singly(applies, &[back, "run.operations=8000"]);
        let every = singly(applies, &[back, "run.fidelity=request", "run.replications=8"]);
        for found in [&sampled, &every] {
            let missed = row(seen(found, 0), Anomaly::ReadYourWrites).of_eligible;
            println!("{applies}: {missed:?} for {:.0}", expected * 1e6);
            assert_holds(missed, expected * 1e6);
        }
    }
}

/// Lags that are all alike put nothing out of order, and the primary goes by its log whatever its replicas do.
#[test]
fn how_writes_are_applied_matters_only_where_they_come_out_of_order() {
    let every = ["run.fidelity=request", "run.replications=8"];
    let rows = |applies: &str, more: &str| {
        let found = singly(applies, &[&every[..], &[more]].concat());
        seen(&found, 0).anomalies.clone()
    };
    let [ordered, newest, last] =
        ["log-order", "newest-wins", "last-arrived"].map(|applies| rows(applies, "stores.carts.lag=2s"));
    let stale = ordered.iter().find(|row| row.anomaly == Anomaly::StaleRead).expect("a row").of_eligible;
    assert_holds(stale, -libm::expm1(-2.0 * 2.0) * 1e6);
    assert!(ordered == newest && ordered == last);
    for applies in ["newest-wins", "last-arrived"] {
        for row in rows(applies, "stores.carts.reads_from=primary") {
            assert_eq!(row.of_all.value, 0.0, "{applies}: {:?}", row.anomaly);
        }
    }
}

/// What could not be sent leaves all at once, and is shown in any order until its key is written again.
#[test]
fn writes_that_are_applied_singly_are_sampled_through_failures() {
    for (applies, acknowledged) in [
        ("newest-wins", "primary"),
        ("last-arrived", "primary"),
        ("last-arrived", "{replicas: 1, alone_after: 1m}"),
    ] {
        let changes = [
            "stores.carts.keys=400 keys",
            "stores.carts.sessions={operations: 3, think: 1s}",
            &format!("stores.carts.acknowledged_by={acknowledged}"),
            "script=[{at: 10m, fail: sydney, for: 5m}, {at: 30m, partition: [[sydney], [paris]], for: 10m}, \
             {at: 36m, fail: sydney, for: 2m}]",
        ];
        let every =
            singly(applies, &[&changes[..], &["run.fidelity=request", "run.replications=8"]].concat());
        let sampled =
            singly(applies, &[&changes[..], &["run.operations=10000", "run.replications=64"]].concat());
        for anomaly in seen(&every, 0).anomalies.iter().map(|row| row.anomaly) {
            let [all, some] = [&every, &sampled].map(|outcome| row(seen(outcome, 0), anomaly).of_eligible);
            println!("{applies}, {acknowledged}: {anomaly:?}, {:.0} and {:.0}", all.value, some.value);
            let reach = (all.high - all.low) + (some.high - some.low);
            assert!((all.value - some.value).abs() <= reach, "{applies}, {anomaly:?}: {all:?}, {some:?}");
        }
        assert_eq!(row(seen(&every, 0), Anomaly::LostWrite).of_all.value, 0.0);
    }
}

/// The writer dies and the replica follows it: it lacks 1 - e^-r + r Ein(r) writes of a log with r under way, most of them
/// kept waiting.
#[test]
fn lags_of_each_write_lose_what_the_log_lacks() {
    let found = outcome(&[
        "stores.carts={family: primary, primary: sydney, replicas: [paris], witnesses: [oslo], lag: {mean: 2s, law: \
         exponential}, lag_drawn: write, failover: {lease: 30s, renewed_every: 10s}, promotion: 1s, keys: 200 keys, \
         sessions: {operations: 1, think: 1s}}",
        "sites.oslo={at: [59.9, 10.8]}",
        "script=[{at: 20m, fail: sydney}]",
        "run.replications=256",
        "run.operations=20000",
    ]);
    let r = 40.0 * 2.0;
    let ein: f64 =
        (0..800_000).map(|i| (f64::from(i) + 0.5) * 1e-4).map(|u| 1e-4 * -libm::expm1(-u) / u).sum();
    let expected = 1.0 - libm::exp(-r) + 40.0 * 2.0 * ein;
    let flow = found.stores[0].lost_writes.value / 8760.0;
    assert!((flow / expected - 1.0).abs() < 0.05, "{flow}, {expected}");
    let lost = row(seen(&found, 0), Anomaly::LostWrite).of_all;
    let by_operations = lost.map(|share| share / 1e6 * seen(&found, 0).operations.value / 8760.0);
    assert!(
        (by_operations.value - expected).abs() < by_operations.high - by_operations.low,
        "{by_operations:?}"
    );
}

/// A second read, so long after the first as a client thinks, finds an older version if its lag is greater by more than
/// that and the key was written in between: l/(l + m) e^(-m g)/2, where E(e^(-m g)) = 1/(1 + m t) for a mean of t. Now and
/// then there is a third.
#[test]
fn lags_of_each_read_go_back_as_often_as_their_closed_form() {
    let found = |drawn: &str| {
        outcome(&[
            "stores.carts.sessions={operations: 1.1, think: 1s}",
            "stores.carts.lag={mean: 2s, law: exponential}",
            "stores.carts.reads_from={site: paris}",
            &format!("stores.carts.lag_drawn={drawn}"),
            "clients.asia={at: [48.9, 2.3], uses: www, demand: 40 rps}",
            "requests={put: {share: 100%, writes: [carts], clients: [asia]}, look: {share: 100%, reads: [carts], clients: [europe]}}",
            "run.operations=30000",
        ])
    };
    let (each, held) = (found("read"), found("failover"));
    let back = row(seen(&each, 0), Anomaly::MonotonicReads).of_eligible;
    let pair = 1e6 * 2.0 / (2.0 + 0.5) / 2.0 / 1.5;
    assert!(0.97 * pair < back.value && back.value < 1.12 * pair, "{back:?}, {pair}");
    assert_eq!(row(seen(&held, 0), Anomaly::MonotonicReads).of_eligible.value, 0.0);
    // How stale single reads are does not depend on it.
    let way = seen(&each, 0).writes.p50.value / 2.0;
    for found in [&each, &held] {
        let expected = libm::exp(-way / 2.0) * 2.0 / (2.0 + 0.5);
        assert_holds(row(seen(found, 0), Anomaly::StaleRead).of_eligible, expected * 1e6);
    }
}
