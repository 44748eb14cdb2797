//! What a DNS failover loses: the integral from the death until the last cache has let go.

use crate::page::{Simulated, Table};
use crate::theory::{DAY, HOUR, Probes, YEAR};
use models::blame::Mechanism::{Overload, StaleRoute, Undetected};

const CHECK: Probes = Probes {
    interval: 10.0,
    timeout: 2.0,
    retries: 0.0,
    failures: 3.0,
    successes: 2.0,
    after_response: false,
};
const PHASES: [f64; 3] = [1.0, 4.0, 9.0];
/// Seconds from the death at 3,600 s to the verdict, and from the verdict to the answers.
const PROPAGATION: f64 = 5.0;

pub(crate) fn table() -> Table {
    let mut table = Table::new(
        'F',
        "DNS failover",
        "The primary dies; health checks see it δ later, the answers change π after that, and caches filled at uniformly \
         spread times let go over the next TTL T: lost is demand × (δ + π + T/2). A floor on TTLs is T itself for those \
         who keep it; a pinned client loses the whole fault; a client that waits for its connection of life L to end \
         loses L/2 more; one that dials anew at once loses no more than the cache does. A resolver with q queries a second \
         finds an answer in its cache with probability qT/(1 + qT) (Jung, Berger & Balakrishnan 2003), so that is its \
         share of T/2.",
    );
    cohorts(&mut table);
    random_phases(&mut table);
    random_faults(&mut table);
    small_standby(&mut table);
    table
}

fn delta() -> f64 {
    CHECK.turns(&PHASES, 2, HOUR) - HOUR
}

fn cohorts(table: &mut Table) {
    let case = table.case(
        "scenario: 1
name: one failover, many kinds of clients
run: {horizon: 8h}
defaults: {sites: {capacity: 20000 rps}}
sites: {primary: {}, standby: {}}
clients:
  plain: {anywhere: true, uses: www, demand: 1000 rps}
  floor: {anywhere: true, uses: www, demand: 1000 rps, cohorts: {only: {share: 100%, ttl_at_least: 5m}}}
  ceiling: {anywhere: true, uses: www, demand: 1000 rps, cohorts: {only: {share: 100%, ttl_at_most: 20s}}}
  pinned: {anywhere: true, uses: www, demand: 1000 rps, cohorts: {only: {share: 100%, pinned: true}}}
  waiting: {anywhere: true, uses: www, demand: 1000 rps, cohorts: {only: {share: 100%, connection: 10m, on_down: wait}}}
  dialling: {anywhere: true, uses: www, demand: 1000 rps, cohorts: {only: {share: 100%, connection: 10m, on_down: reconnect}}}
  restless: {anywhere: true, uses: www, demand: 1000 rps, cohorts: {only: {share: 100%, connection: 20s, on_down: reconnect}}}
  seldom: {anywhere: true, uses: www, demand: 1000 rps, cohorts: {only: {share: 100%, queries: 2 per minute}}}
  mixed: {anywhere: true, uses: www, demand: 1000 rps, cohorts: {a: {share: 80%}, b: {share: 15%, ttl_at_least: 5m}, c: {share: 5%, pinned: true}}}
health_checks:
  web: {interval: 10s, timeout: 2s, failures: 3, successes: 2, vantages: 3, unhealthy_when: 2 of 3, phase: [1s, 4s, 9s]}
steering: {www: {policy: failover, ttl: 60s, propagation: 5s, health_check: web, sites: [primary, standby]}}
script: [{at: 1h, fail: primary, for: 1h}]",
    );
    let seen = delta() + PROPAGATION;
    let mixed = 0.8 * (seen + 30.0) + 0.15 * (seen + 150.0) + 0.05 * HOUR;
    for (name, seconds, formula) in [
        ("plain", seen + 30.0, "δ + π + T/2, T = 60 s"),
        ("floor", seen + 150.0, "δ + π + T'/2, T' = 300 s"),
        ("ceiling", seen + 10.0, "δ + π + T'/2, T' = 20 s"),
        ("pinned", HOUR, "the whole fault"),
        ("waiting", seen + 30.0 + 300.0, "δ + π + T/2 + L/2, L = 600 s"),
        ("dialling", seen + 30.0, "δ + π + T/2, L = 600 s"),
        ("restless", seen + 30.0, "δ + π + T/2, L = 20 s"),
        ("seldom", seen + 30.0 * 2.0 / 3.0, "δ + π + qT/(1 + qT) T/2, qT = 2"),
        ("mixed", mixed, "the mixture by shares"),
    ] {
        let simulated = case.lost(name).times(1e-3);
        table.row(&case, format!("{name}: thousand requests lost"), seconds, simulated, formula);
    }
    let undetected = case.lost_to("plain", Undetected).times(1e-3);
    table.row(&case, "plain: undetected, thousand requests", seen, undetected, "δ + π");
    let stale = case.lost_to("plain", StaleRoute).times(1e-3);
    table.row(&case, "plain: stale route, thousand requests", 30.0, stale, "T/2");
    let recovery = case.scope("plain").recovery.range.1.seconds();
    let formula = "δ + π + T: the last cache";
    table.row(
        &case,
        "plain: full service again after, s",
        seen + 60.0,
        Simulated::Exactly(recovery),
        formula,
    );
}

fn random_phases(table: &mut Table) {
    let case = table.case(
        "scenario: 1
name: one failover, random phases
run: {horizon: 3h, replications: 16384, seed: 1, confidence: 99.9%}
sites: {primary: {capacity: 5000 rps}, standby: {capacity: 5000 rps}}
clients: {all: {anywhere: true, uses: www, demand: 1000 rps}}
health_checks: {web: {interval: 30s, timeout: 5s, vantages: 3, unhealthy_when: 2 of 3}}
steering: {www: {policy: failover, ttl: 60s, propagation: 5s, health_check: web, sites: [primary, standby]}}
script: [{at: 1h, fail: primary, for: 1h}]",
    );
    let seconds = 30.0 * 2.0 / 4.0 + 2.0 * 30.0 + 5.0 + PROPAGATION + 30.0;
    let formula = "I m/(n + 1) + (K - 1) I + timeout + π + T/2";
    table.row(
        &case,
        "random phases: thousand requests lost, mean",
        seconds,
        case.lost("www").times(1e-3),
        formula,
    );
}

/// Share of traffic still lost at `x` seconds into a fault, over the phase of the only vantage, integrated against the
/// odds that an exponential fault lasts so long: Simpson's rule on phases, closed form in time.
fn loss_per_fault(mean: f64, interval: f64, fixed: f64, ttl: f64) -> f64 {
    // With a = time until the answer changes: integral of exp(-t/m) over [0, a], and of exp(-t/m) (1 - (t - a)/T) over
    // [a, a + T].
    let given = |a: f64| {
        let left = (-a / mean).exp();
        mean * (1.0 - left) + left * (mean - mean * mean / ttl * (1.0 - (-ttl / mean).exp()))
    };
    let steps = 200;
    let h = interval / f64::from(steps);
    let weight = |i: i32| {
        if i == 0 || i == steps {
            1.0
        } else if i % 2 == 1 {
            4.0
        } else {
            2.0
        }
    };
    (0..=steps).map(|i| weight(i) * given(fixed + f64::from(i) * h)).sum::<f64>() * h / 3.0 / interval
}

fn random_faults(table: &mut Table) {
    let case = table.case(
        "scenario: 1
name: a year of short faults
run: {horizon: 1y, replications: 2048, seed: 1, start: stationary, confidence: 99.9%}
sites:
  primary: {capacity: 5000 rps, outages: {up: 10d, down: {law: exponential, mean: 4m}}}
  standby: {capacity: 5000 rps}
clients: {all: {anywhere: true, uses: www, demand: 1000 rps}}
health_checks: {web: {interval: 30s, timeout: 5s, failures: 3, successes: 1, vantages: 1}}
steering: {www: {policy: failover, ttl: 60s, propagation: 5s, health_check: web, sites: [primary, standby]}}",
    );
    let (up, down) = (10.0 * DAY, 240.0);
    let fixed = 2.0 * 30.0 + 5.0 + PROPAGATION;
    let lost = YEAR / (up + down) * loss_per_fault(down, 30.0, fixed, 60.0);
    let formula = "t/(E[U] + E[D]) × ∫ P(D > x) × share still lost at x; a fault within the minutes after another is neglected (1 in 10,000)";
    table.row(
        &case,
        "random faults: thousand requests lost a year",
        lost,
        case.lost("www").times(1e-3),
        formula,
    );
}

/// The standby is too small: overload while it has all the traffic, and on both ramps.
fn small_standby(table: &mut Table) {
    let case = table.case(
        "scenario: 1
name: failover to a small standby
run: {horizon: 8h}
sites: {primary: {capacity: 5000 rps}, standby: {capacity: 600 rps}}
clients: {all: {anywhere: true, uses: www, demand: 1000 rps}}
health_checks:
  web: {interval: 10s, timeout: 2s, failures: 3, successes: 2, vantages: 3, unhealthy_when: 2 of 3, phase: [1s, 4s, 9s]}
steering: {www: {policy: failover, ttl: 60s, propagation: 5s, health_check: web, sites: [primary, standby]}}
script: [{at: 1h, fail: primary, for: 1h}]",
    );
    let back = CHECK.turns_back(&PHASES, 2, HOUR, 2.0 * HOUR) - HOUR + PROPAGATION;
    let plateau = back - (delta() + PROPAGATION + 60.0);
    // A ramp from 0 to 1,000 rps over T: above 600 rps for 0.4 T, by 200 rps on average.
    let overload = 400.0 * plateau + 2.0 * 0.4 * 60.0 * 200.0;
    let formula = "400 rps on the plateau, and two ramps of 0.4 T × 200 rps";
    table.row(&case, "small standby: lost to overload", overload, case.lost_to("www", Overload), formula);
    let total = overload + 1000.0 * (delta() + PROPAGATION + 30.0);
    let formula = "that and the failover's own loss; the ramp back is the fault's too";
    table.row(&case, "small standby: charged to the fault", total, case.charged_to("script 1"), formula);
}
