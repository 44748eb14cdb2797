//! How long a quorum of phased checkers takes to see a death, and a repair.

use crate::page::Table;
use crate::theory::{HOUR, Probes, equator_delay};

/// Requests per second: with a TTL of zero, requests lost over this is the time until traffic moves.
const DEMAND: f64 = 1000.0;

pub(crate) fn table() -> Table {
    let mut table = Table::new(
        'E',
        "Detection time of phased checkers",
        "The primary of a failover pair dies for an hour; its record has a TTL of zero and no propagation delay, so the \
         requests lost over the demand are the detection time. A vantage learns of the death by its K-th probe in a row \
         that times out; the check turns when the m-th of n vantages has. With fixed phases that is an order statistic \
         of known numbers, also with vantages thousands of kilometres away; with random ones the mean of the m-th smallest of n uniform phases is m/(n + 1) of the \
         interval (David & Nagaraja 2003). What the standby serves tells when the repair was seen. A grey site, of whose \
         probes a share fails, is found after the mean waiting time for K failures in a row (Feller 1968, XIII.7).",
    );
    fixed(&mut table);
    from_afar(&mut table);
    random(&mut table);
    grey(&mut table);
    table
}

fn scenario(run: &str, check: &str, fault: &str) -> String {
    format!(
        "scenario: 1
name: a failover pair and its checkers
run: {{{run}}}
sites: {{primary: {{capacity: 5000 rps}}, standby: {{capacity: 5000 rps}}}}
clients: {{all: {{anywhere: true, uses: www, demand: 1000 rps}}}}
health_checks: {{web: {{{check}}}}}
steering: {{www: {{policy: failover, ttl: 0s, health_check: web, sites: [primary, standby]}}}}
script: [{{fail: primary, {fault}}}]"
    )
}

/// A check with fixed phases, in words and in numbers, and the second at which the primary dies for an hour.
struct Fixed {
    what: &'static str,
    words: &'static str,
    probes: Probes,
    phases: &'static [f64],
    quorum: usize,
    dies: f64,
}

fn fixed(table: &mut Table) {
    let start = Probes {
        interval: 10.0,
        timeout: 2.0,
        retries: 0.0,
        failures: 3.0,
        successes: 2.0,
        after_response: false,
    };
    let response =
        Probes { interval: 30.0, timeout: 4.0, failures: 3.0, successes: 3.0, after_response: true, ..start };
    let retried = Probes {
        interval: 20.0,
        timeout: 5.0,
        retries: 2.0,
        failures: 1.0,
        successes: 1.0,
        after_response: false,
    };
    let cases = [
        Fixed {
            what: "2 of 3, interval from the start",
            words: "interval: 10s, timeout: 2s, failures: 3, successes: 2, vantages: 3, unhealthy_when: 2 of 3, phase: [1s, 4s, 9s]",
            probes: start,
            phases: &[1.0, 4.0, 9.0],
            quorum: 2,
            dies: 3600.0,
        },
        Fixed {
            what: "any of 3, a probe at the very instant",
            words: "interval: 10s, timeout: 2s, failures: 3, successes: 2, vantages: 3, unhealthy_when: any, phase: [0s, 4s, 9s]",
            probes: start,
            phases: &[0.0, 4.0, 9.0],
            quorum: 1,
            dies: 3600.0,
        },
        Fixed {
            what: "3 of 4, interval from the response",
            words: "interval: 30s, timeout: 4s, failures: 3, successes: 3, spacing: response, vantages: 4, unhealthy_when: 3 of 4, phase: [2s, 9.5s, 17s, 26s]",
            probes: response,
            phases: &[2.0, 9.5, 17.0, 26.0],
            quorum: 3,
            dies: 3611.0,
        },
        Fixed {
            what: "all of 2, two retries",
            words: "interval: 20s, timeout: 5s, retries: 2, failures: 1, successes: 1, vantages: 2, unhealthy_when: all, phase: [3s, 11s]",
            probes: retried,
            phases: &[3.0, 11.0],
            quorum: 2,
            dies: 3606.0,
        },
    ];
    cases.iter().for_each(|case| fixed_rows(table, case));
}

fn fixed_rows(table: &mut Table, fixed: &Fixed) {
    let &Fixed { what, words, probes, phases, quorum, dies } = fixed;
    let case = table.case(&scenario("horizon: 4h", words, &format!("at: {dies}s, for: 1h")));
    let turns = probes.turns(phases, quorum, dies) - dies;
    let detection = case.lost("www").times(1.0 / DEMAND);
    let formula = "m-th smallest of (first probe after the death + (K - 1) cycles + timeouts)";
    table.row(&case, format!("{what}: death seen after, s"), turns, detection, formula);
    let back = probes.turns_back(phases, quorum, dies, dies + HOUR) - dies;
    let away = case.served_by("standby").times(1.0 / DEMAND);
    let formula =
        "until the (n - m + 1)-th vantage has passed R cycles after the repair; a retry may pass one";
    table.row(&case, format!("{what}: on the standby for, s"), back - turns, away, formula);
}

/// The site and three vantages on the equator, 30, 90 and 150 degrees away: 31, 89 and 147 ms one way. The site dies while
/// the second vantage's probe is on its way.
fn from_afar(table: &mut Table) {
    let phases = [1.0, 4.0, 9.0];
    let posts: Vec<(f64, f64)> = phases
        .into_iter()
        .zip([30.0, 90.0, 150.0])
        .map(|(phase, degrees)| (phase, equator_delay(degrees)))
        .collect();
    for (spacing, after_response, quorum, dies) in [
        ("start", false, 1, 3604.05),
        ("start", false, 2, 3604.05),
        ("response", true, 1, 3604.05),
        ("response", true, 2, 3611.0),
    ] {
        let probes = Probes {
            interval: 10.0,
            timeout: 2.0,
            retries: 0.0,
            failures: 3.0,
            successes: 3.0,
            after_response,
        };
        let words = format!(
            "interval: 10s, timeout: 2s, spacing: {spacing}, unhealthy_when: {quorum} of 3, phase: [1s, 4s, 9s], \
             vantages: [[0, 30], [0, 90], [0, 150]]"
        );
        let text = scenario("horizon: 4h", &words, &format!("at: {dies}s, for: 1h"))
            .replace("primary: {capacity", "primary: {at: [0, 0], capacity")
            .replace("standby: {capacity", "standby: {at: [0, 0], capacity");
        let case = table.case(&text);
        let formula = "m-th smallest of (first probe to arrive after the death + (K - 1) cycles + timeout); \
                       passing cycles last I, or I + 2 delays from the response";
        let what = format!("{quorum} of 3 vantages 3,300 to 16,700 km away, interval from the {spacing}: s");
        let turns = probes.turns_from_afar(&posts, quorum, dies) - dies;
        table.row(&case, what, turns, case.lost("www").times(1.0 / DEMAND), formula);
    }
}

fn random(table: &mut Table) {
    let run = "horizon: 3h, replications: 16384, seed: 1, confidence: 99.9%";
    let start = Probes {
        interval: 10.0,
        timeout: 2.0,
        retries: 0.0,
        failures: 3.0,
        successes: 3.0,
        after_response: false,
    };
    let response = Probes { interval: 30.0, timeout: 4.0, after_response: true, ..start };
    for (words, probes, quorum, n) in [
        ("interval: 10s, timeout: 2s, vantages: 1", start, 1, 1),
        ("interval: 10s, timeout: 2s, vantages: 5, unhealthy_when: 3 of 5", start, 3, 5),
        (
            "interval: 30s, timeout: 4s, spacing: response, vantages: 5, unhealthy_when: majority",
            response,
            3,
            5,
        ),
        ("preset: route53", response, 14, 16),
    ] {
        let case = table.case(&scenario(run, words, "at: 1h, for: 1h"));
        let mean = probes.interval * f64::from(quorum) / f64::from(n + 1) + probes.after_first_failure();
        let what =
            if n == 16 { "Route 53 (healthy above 18 % of 16)".into() } else { format!("{quorum} of {n}") };
        let spacing = if probes.after_response { "response" } else { "start" };
        let what = format!("{what}, random phases, interval from the {spacing}: mean, s");
        let formula = "I m/(n + 1) + (K - 1) cycles + timeout";
        table.row(&case, what, mean, case.lost("www").times(1.0 / DEMAND), formula);
    }
}

/// Half of the probes fail; one success must not bring it back within the hour that is looked at.
fn grey(table: &mut Table) {
    let run = "horizon: 3h, replications: 32768, seed: 1, confidence: 99.9%";
    let words = "interval: 10s, timeout: 2s, failures: 3, successes: 1000, vantages: 1";
    let case = table.case(&scenario(run, words, "effect: {errors: 50%}, at: 1h"));
    let p: f64 = 0.5;
    let probes = (1.0 - p.powi(3)) / (p.powi(3) * (1.0 - p));
    let mean = 5.0 + (probes - 1.0) * 10.0 + 2.0;
    let formula = "I/2 + (E[N] - 1) I + timeout, E[N] = (1 - pᴷ)/(pᴷ (1 - p)) = 14; half of the requests fail until then";
    let seconds = case.lost("www").times(1.0 / DEMAND / p);
    table.row(&case, "grey, 50 % errors, K = 3: mean, s", mean, seconds, formula);
}
