//! One site that is up or down.

use crate::page::{Case, Table};
use crate::theory::{HOUR, Time, YEAR};

const TAKACS: &str =
    "Var ≈ t (E[U]² Var[D] + E[D]² Var[U]) / (E[U] + E[D])³, Takács 1957 (Barlow & Proschan 1965)";

pub(crate) fn table() -> Table {
    let mut table = Table::new(
        'A',
        "Two states",
        "One site alternates between times up (U) and times down (D). In the long run it is down a share \
         E[D] / (E[U] + E[D]) of the time, whatever the laws; how much one year differs from another depends on them. \
         Times are short beside a year, so that the long run is reached; the last rows are a realistic site, and a short \
         run that begins all-up, where it is not.",
    );
    exponential(&mut table);
    other_laws(&mut table);
    clockwork(&mut table);
    rare(&mut table);
    from_all_up(&mut table);
    table
}

fn scenario(run: &str, up: &str, down: &str) -> String {
    format!(
        "scenario: 1
name: one site
run: {{{run}, seed: 1, confidence: 99.9%}}
sites: {{only: {{capacity: 10 rps, outages: {{up: {up}, down: {down}}}}}}}
clients: {{all: {{anywhere: true, uses: www, demand: 1 rps}}}}
steering: {{www: {{policy: ideal, sites: [only]}}}}"
    )
}

fn yearly(table: &mut Table, up: &str, down: &str) -> Case {
    table.case(&scenario("horizon: 1y, replications: 4096, start: stationary", up, down))
}

fn mean(table: &mut Table, case: &Case, laws: &str, share: f64) {
    let hours = case.scope("www").downtime.map(|seconds| seconds / HOUR);
    table.row(case, format!("{laws}: mean, h a year"), share * YEAR / HOUR, hours, "t E[D] / (E[U] + E[D])");
}

/// Exponential times up and down have an exact variance at every horizon.
fn exponential(table: &mut Table) {
    let case = yearly(table, "{law: exponential, mean: 20h}", "{law: exponential, mean: 2h}");
    let (up, down) = (Time::exponential(20.0 * HOUR), Time::exponential(2.0 * HOUR));
    let share = Time::unavailability(up, down);
    let rate = 1.0 / up.mean + 1.0 / down.mean;
    let variance = 2.0 * share * (1.0 - share) * (YEAR / rate - (1.0 - (-rate * YEAR).exp()) / (rate * rate));
    mean(table, &case, "exponential, exponential", share);
    let formula =
        "exact: 2 a u (t/r - (1 - exp(-r t))/r²), r = 1/E[U] + 1/E[D], u = E[D]/(E[U] + E[D]), a = 1 - u";
    let what = "exponential, exponential: standard deviation, h";
    table.row(&case, what, variance.sqrt() / HOUR, case.deviation("www").times(1.0 / HOUR), formula);
    let served = case.scope("www").availability;
    table.row(
        &case,
        "exponential, exponential: share of requests served",
        1.0 - share,
        served,
        "E[U] / (E[U] + E[D])",
    );
    let outages = case.scope("www").outages;
    let expected = YEAR / (up.mean + down.mean);
    let formula = "t / (E[U] + E[D])";
    table.row(&case, "exponential, exponential: outages a year", expected, outages, formula);
}

fn other_laws(table: &mut Table) {
    let weibull_up = ("{law: weibull, shape: 1.5, mean: 20h}", Time::weibull(1.5, 20.0 * HOUR));
    let weibull_down = ("{law: weibull, shape: 0.8, mean: 2h}", Time::weibull(0.8, 2.0 * HOUR));
    let lognormal_up = ("{law: lognormal, mean: 20h, sigma: 1.0}", Time::lognormal(20.0 * HOUR, 1.0));
    let lognormal_down = ("{law: lognormal, mean: 2h, sigma: 0.7}", Time::lognormal(2.0 * HOUR, 0.7));
    let exponential_up = ("{law: exponential, mean: 20h}", Time::exponential(20.0 * HOUR));
    let fixed_down = ("{law: fixed, mean: 2h}", Time::fixed(2.0 * HOUR));
    for (laws, up, down) in [
        ("Weibull, Weibull", weibull_up, weibull_down),
        ("lognormal, lognormal", lognormal_up, lognormal_down),
        ("exponential, fixed", exponential_up, fixed_down),
    ] {
        let case = yearly(table, up.0, down.0);
        mean(table, &case, laws, Time::unavailability(up.1, down.1));
        let deviation = Time::downtime_variance(up.1, down.1, YEAR).sqrt() / HOUR;
        let what = format!("{laws}: standard deviation, h");
        table.row(&case, what, deviation, case.deviation("www").times(1.0 / HOUR), TAKACS);
    }
}

/// Fixed times up and down: only the phase at the start is random, and a year is a whole number of periods.
fn clockwork(table: &mut Table) {
    let case = yearly(table, "{law: fixed, mean: 18h}", "{law: fixed, mean: 2h}");
    let downtimes = &case.scope("www").downtimes;
    let (least, most) = (downtimes[0].seconds() / HOUR, downtimes[downtimes.len() - 1].seconds() / HOUR);
    let formula = "8,760 h hold 438 whole periods of 20 h, whatever the phase";
    for (what, hours) in [("the least", least), ("the greatest", most)] {
        let what = format!("fixed, fixed: {what} of all years, h");
        table.row(&case, what, 876.0, crate::page::Simulated::Exactly(hours), formula);
    }
}

/// A site as bad as real ones: a few outages a year, of very different lengths.
fn rare(table: &mut Table) {
    const P95: f64 = 1.644_853_626_951_472_2;
    let run = "horizon: 1y, replications: 16384, start: stationary";
    let case = table.case(&scenario(run, "50d", "{median: 90m, p95: 10h}"));
    let sigma = (10.0_f64 / 1.5).ln() / P95;
    let down = Time::lognormal(1.5 * HOUR * (sigma * sigma / 2.0).exp(), sigma);
    let up = Time::exponential(50.0 * 24.0 * HOUR);
    mean(table, &case, "exponential, lognormal, rare", Time::unavailability(up, down));
    let deviation = Time::downtime_variance(up, down, YEAR).sqrt() / HOUR;
    let what = "exponential, lognormal, rare: standard deviation, h";
    table.row(&case, what, deviation, case.deviation("www").times(1.0 / HOUR), TAKACS);
}

fn from_all_up(table: &mut Table) {
    let run = "horizon: 5h, replications: 65536, start: all-up";
    let case = table.case(&scenario(run, "10h", "{law: exponential, mean: 1h}"));
    let (up, down, t) = (10.0, 1.0, 5.0);
    let (rate, share) = (1.0 / up + 1.0 / down, down / (up + down));
    let expected = share * (t - (1.0 - f64::exp(-rate * t)) / rate) / t;
    let down = case.scope("www").time_up.map(|up| 1.0 - up);
    let formula = "u (1 - (1 - exp(-r t))/(r t)): exact transient of two states";
    table.row(&case, "five hours from all-up: share of time down", expected, down, formula);
}
