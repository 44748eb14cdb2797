//! Stores with one writer: how long nobody writes, and what a hand-over loses.

use crate::page::{Case, Simulated, Table};
use models::outcome::{Anomaly, StoreOutcome};

/// Writes a second.
const RATE: f64 = 100.0;
/// Hours in a year: what is lost in a run of an hour is told per year.
const HOURS: f64 = 8760.0;

pub(crate) fn table() -> Table {
    let mut table = Table::new(
        'H',
        "Stores with one writer",
        "The writer's site dies at a stated time; the others stay up. A lease of length T, last renewed U(0, w) before, is \
         over T - U(0, w) after the death; a promotion takes another p. What the promoted replica lacks of the log then is \
         lost: writes come at rate λ, so a replica that trails by a lag L lacks λ E[L] of them on average.",
    );
    leases(&mut table);
    people(&mut table);
    lags(&mut table);
    acknowledgements(&mut table);
    backlogs(&mut table);
    stale_backlogs(&mut table);
    two_writers(&mut table);
    too_far(&mut table);
    voters(&mut table);
    checks(&mut table);
    parts(&mut table);
    levels(&mut table);
    table
}

/// The same with a whole store.
fn scenario_of(name: &str, store: &str, script: &str) -> String {
    let text = scenario(name, "[]", "lag: 0s", script);
    let line = text.lines().find(|line| line.starts_with("stores:")).unwrap_or_default();
    text.replace(line, &format!("stores: {{orders: {{{store}}}}}"))
}

/// A scenario of an hour: clients at a site of their own that reaches everybody, unless `more` says otherwise.
fn scenario(name: &str, replicas: &str, store: &str, script: &str) -> String {
    format!(
        "scenario: 1
name: {name}
run: {{horizon: 1h, replications: 4096, seed: 1, confidence: 99.9%}}
defaults: {{sites: {{capacity: 5000 rps, outages: none}}}}
sites: {{home: {{}}, front: {{}}, near: {{}}, far: {{}}}}
stores: {{orders: {{family: primary, primary: home, replicas: {replicas}, {store}}}}}
requests: {{write: {{share: 50%, writes: [orders]}}}}
clients: {{all: {{anywhere: true, uses: www, demand: 200 rps}}}}
steering: {{www: {{policy: static, sites: {{front: 50%, far: 50%}}}}}}
script: {script}"
    )
}

const DEATH: &str = "[{at: 10m, fail: home, for: 40m}]";

fn store(case: &Case) -> &StoreOutcome {
    &case.outcome.stores[0]
}

/// Acknowledged writes lost in a replication.
fn lost(case: &Case) -> Simulated {
    Simulated::from(store(case).lost_writes).times(1.0 / HOURS)
}

fn leases(table: &mut Table) {
    let text = "lag: 0s, failover: {lease: 30s, renewed_every: 10s}, promotion: 5s";
    let case = table.case(&scenario("a lease ends", "[near, far]", text, DEATH));
    let mean = 30.0 - 5.0 + 5.0;
    table.row(&case, "requests lost, mean", RATE * mean, case.lost("www"), "λ (T - w/2 + p)");
    let share = 1.0 - mean / 3600.0;
    table.row(&case, "share of time with a writer", share, store(&case).writable, "1 - (T - w/2 + p)/t");
    let median = Simulated::from(store(&case).recovery.time.p50);
    table.row(&case, "recovery, median, s", mean, median, "T - w/2 + p");
    let p95 = Simulated::from(store(&case).recovery.time.p95);
    table.row(&case, "recovery, 95th percentile, s", 34.5, p95, "T - 0.05 w + p");
}

fn people(table: &mut Table) {
    let text = "lag: 0s, failover: {human: {law: exponential, mean: 60s}}, promotion: 5s";
    let case = table.case(&scenario("a person decides", "[near, far]", text, DEATH));
    table.row(&case, "requests lost, mean", RATE * 65.0, case.lost("www"), "λ (E[H] + p)");
    let median = Simulated::from(store(&case).recovery.time.p50);
    table.row(&case, "recovery, median, s", 60.0 * 2f64.ln() + 5.0, median, "E[H] ln 2 + p");
}

fn lags(table: &mut Table) {
    for (name, replicas, lag, theory, formula) in [
        ("a constant lag", "[near]", "2s", 2.0, "λ L"),
        ("an exponential lag", "[near]", "{law: exponential, mean: 2s}", 2.0, "λ E[L]"),
        (
            "the better of two exponential lags",
            "[near, far]",
            "{law: exponential, mean: 2s}",
            1.0,
            "λ E[L]/2",
        ),
        ("log shipping every minute", "[near]", "{law: uniform, min: 1s, max: 61s}", 31.0, "λ (T/2 + d)"),
    ] {
        let text = format!("lag: {lag}, failover: {{human: 30s}}, promotion: 5s");
        let case = table.case(&scenario(name, replicas, &text, DEATH));
        table.row(&case, "acknowledged writes lost, mean", RATE * theory, lost(&case), formula);
    }
}

fn acknowledgements(table: &mut Table) {
    let text = "lag: 2s, acknowledged_by: {replicas: 1}, failover: {human: 30s}, promotion: 5s";
    let case = table.case(&scenario("a replica acknowledges", "[near]", text, DEATH));
    let none = Simulated::Exactly(store(&case).recovery.lost_writes.max);
    table.row(&case, "acknowledged writes lost, at most", 0.0, none, "one failure loses nothing");
    let text =
        "lag: 2s, acknowledged_by: {replicas: 1, alone_after: 10s}, failover: {human: 6m}, promotion: 5s";
    let script = "[{at: 10m, partition: [[home], [near]], for: 40m}, {at: 15m, fail: home, for: 40m}]";
    let case = table.case(&scenario("a primary goes on alone", "[near]", text, script));
    table.row(
        &case,
        "acknowledged writes lost, mean",
        RATE * 290.0,
        lost(&case),
        "λ (u - F): cut at 0, dead at u",
    );
    let waits = RATE * (10.0 + 65.0 + 10.0);
    table.row(
        &case,
        "requests lost, mean",
        waits,
        case.lost("www"),
        "λ (F + from the death to the next writer, which waits for F too)",
    );
}

fn backlogs(table: &mut Table) {
    let text = "lag: 2s, failover: {human: 30m}, promotion: 5s";
    let script = "[{at: 10m, partition: [[home], [near]], for: 40m}, {at: 12m, fail: home, for: 40m}]";
    let case = table.case(&scenario("a replica cut off", "[near]", text, script));
    table.row(&case, "acknowledged writes lost, mean", RATE * 122.0, lost(&case), "λ (u + L): cut for u");
    let text = "lag: 2s, apply_rate: 150 per second, failover: {human: 20m}, promotion: 5s";
    let script = "[{at: 10m, partition: [[home], [near]], for: 5m}, {at: 16m, fail: home, for: 40m}]";
    let case = table.case(&scenario("a replica catches up", "[near]", text, script));
    let formula = "λ (P + L) - (μ - λ) v: cut for P, back for v";
    table.row(&case, "acknowledged writes lost, mean", RATE * 302.0 - 50.0 * 60.0, lost(&case), formula);
}

/// Readers are at a replica, writers at the writer, each at their own rate.
fn stale_backlogs(table: &mut Table) {
    const P: f64 = 600.0;
    const APPLIED: f64 = 150.0;
    const KEYS: f64 = 50_000.0;
    let text = scenario(
        "reads at a replica that catches up",
        "[near]",
        "lag: 0s, apply_rate: 150 per second, reads_from: nearest, keys: 50000, sessions: {operations: 1, think: 1s}",
        "[{at: 10m, partition: [[home], [near]], for: 10m}]",
    );
    let text = text
        .replace("replications: 4096", "replications: 256, operations: 10000")
        .replace("{write: {share: 50%, writes: [orders]}}", "{write: {share: 50%, writes: [orders], clients: [all]}, read: {share: 50%, reads: [orders], clients: [readers]}}")
        .replace("clients: {all:", "clients: {readers: {anywhere: true, uses: there, demand: 200 rps}, all:")
        .replace("{front: 50%, far: 50%}}", "{home: 100%}}, there: {policy: static, sites: {near: 100%}}");
    let case = table.case(&text);
    let k = RATE / KEYS;
    let drained = P * RATE / (APPLIED - RATE);
    // The integrals of 1 - exp(-k age) over the cut, in which the age rises to P, and over the time in which it falls to 0.
    let each = |lasts: f64| lasts - lasts / (k * P) * (1.0 - libm::exp(-k * P));
    let theory = (each(P) + each(drained)) / 3600.0;
    let consistency = store(&case).consistency.as_ref().expect("its clients are looked at");
    let stale = consistency.anomalies.iter().find(|row| row.anomaly == Anomaly::StaleRead);
    let stale = Simulated::from(stale.expect("it has a row").of_eligible).times(1e-6);
    let formula =
        "(P + D) (1 - (1 - exp(-k P))/(k P))/t, D = λ P/(μ - λ): cut for P, μ applied, a key written at k";
    table.row(&case, "share of reads that are stale", theory, stale, formula);
}

fn two_writers(table: &mut Table) {
    let text = "lag: 2s, failover: {human: 60s}, promotion: 5s";
    let script = "[{at: 10m, partition: [[home, front], [near, far]], for: 10m}]";
    let case = table.case(&scenario("nobody fences the old writer", "[near, far]", text, script));
    let two = Simulated::from(store(&case).two_writers).times(1.0 / HOURS);
    table.row(&case, "two writers, s", 600.0 - 65.0, two, "P - H - p");
    let theory = RATE * 2.0 + RATE / 2.0 * 600.0;
    table.row(
        &case,
        "acknowledged writes lost, mean",
        theory,
        lost(&case),
        "λ L + λ P/2: half the clients reach it",
    );
}

fn too_far(table: &mut Table) {
    let text = "lag: 2s, failover: {lease: 30s, renewed_every: 10s}, promotion: 5s, most_lag: 1s";
    let case = table.case(&scenario("no replica is near enough", "[near, far]", text, DEATH));
    let share = 1.0 - 2405.0 / 3600.0;
    table.row(&case, "share of time with a writer", share, store(&case).writable, "1 - (the fault + p)/t");
}

fn voters(table: &mut Table) {
    let lease = "failover: {lease: 6s, renewed_every: 3s}, promotion: 1s";
    let text = format!("family: consensus, voters: [home, home, near, near, far], {lease}");
    let case = table.case(&scenario_of("five voters, two at home", &text, DEATH));
    let share = 1.0 - 5.5 / 3600.0;
    table.row(&case, "share of time with a writer", share, store(&case).writable, "1 - (T - w/2 + p)/t");
    let none = Simulated::Exactly(store(&case).recovery.lost_writes.max);
    table.row(&case, "acknowledged writes lost, at most", 0.0, none, "two quorums have a voter in common");
    let text = format!("family: consensus, voters: [home, home, home], replicas: [near, far], {lease}");
    let case = table.case(&scenario_of("three voters, all at home", &text, DEATH));
    let share = 1.0 - 2401.0 / 3600.0;
    table.row(&case, "share of time with a writer", share, store(&case).writable, "1 - (the fault + p)/t");
}

fn checks(table: &mut Table) {
    let text = "family: primary, primary: home, replicas: [near], witnesses: [far], lag: 0s, \
                failover: {check: {every: 5s, failures: 3, timeout: 2s}}, promotion: 1s, noticed: 5m, rejoin: 10m";
    let script = "[{at: 10m, partition: [[home], [near, far]], for: 1m}]";
    let case = table.case(&scenario_of("checks give a primary up", text, script));
    let median = Simulated::from(store(&case).recovery.time.p50);
    table.row(&case, "recovery, median, s", 2.5 + 10.0 + 2.0 + 1.0, median, "w/2 + (k - 1) w + timeout + p");
    let two = Simulated::from(store(&case).two_writers).times(1.0 / HOURS);
    table.row(&case, "two writers, s", 60.0 - 15.5 + 300.0, two, "the cut - recovery + until noticed");
    let rebuilt = Simulated::from(store(&case).rebuilding).times(1.0 / HOURS);
    table.row(&case, "rebuilding, s", 600.0, rebuilt, "as stated");
}

fn parts(table: &mut Table) {
    let text = "family: partitioned, parts: {one: {primary: home, replicas: [], share: 30%}, \
                other: {primary: near, replicas: [], share: 70%}}";
    let case = table.case(&scenario_of("a store in two parts", text, DEATH));
    table.row(
        &case,
        "requests lost, mean",
        RATE * 0.3 * 2400.0,
        case.lost("www"),
        "λ, the part's share, the fault",
    );
    let share = Simulated::from(case.outcome.stores[1].writable);
    table.row(&case, "share of time the other part has a writer", 1.0, share, "nothing happens to it");
}

fn levels(table: &mut Table) {
    for (level, theory) in
        [("each-quorum", 1.0 - 40.0 / 60.0), ("quorum", 1.0 - 40.0 / 60.0), ("local-quorum", 1.0)]
    {
        let text = format!(
            "family: leaderless, replicas: [home, far], copies: 3, levels: {{write: {level}, read: one}}"
        );
        let case = table.case(&scenario_of(level, &text, DEATH));
        table.row(
            &case,
            "share of time that it can be written",
            theory,
            store(&case).writable,
            "1 - the fault/t, or 1",
        );
    }
}
