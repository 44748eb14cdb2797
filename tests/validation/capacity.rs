//! Losses for want of capacity.

use crate::page::Table;
use crate::theory::{DAY, HOUR, binomial, daily_excess};
use models::blame::Mechanism::{NoRoute, Overload};
use std::f64::consts::PI;

pub(crate) fn table() -> Table {
    let mut table = Table::new(
        'D',
        "Capacity, steering without delay, and blame",
        "Requests beyond the surviving capacity are refused. Under flat demand that is a product, under a daily sinusoid \
         the integral of (demand - capacity)⁺ between the crossing times, which an arccosine gives. The ideal router \
         loses the demand beyond all surviving capacity, static routing the shares of the sites that are down. Overload \
         is charged to the faults in proportion to the capacity each removed; what exceeds the healthy capacity is charged \
         to the demand.",
    );
    flat(&mut table);
    whole_day(&mut table);
    part_of_a_day(&mut table);
    blame(&mut table);
    shared_blame(&mut table);
    fixed_shares(&mut table);
    overloaded_share(&mut table);
    static_at_random(&mut table);
    ideal_at_random(&mut table, "flat");
    ideal_at_random(&mut table, "{swing: 50%, peak: 14h}");
    up_at_by_the_clock(&mut table);
    up_at_at_random(&mut table);
    table
}

fn scripted(demand: &str, script: &str) -> String {
    format!(
        "scenario: 1
name: three sites and an ideal router
run: {{horizon: 4d}}
sites: {{a: {{capacity: 100 rps}}, b: {{capacity: 60 rps}}, c: {{capacity: 40 rps}}}}
clients: {{all: {{anywhere: true, uses: www, {demand}}}}}
steering: {{www: {{policy: ideal, sites: all}}}}
script:
{script}"
    )
}

fn flat(table: &mut Table) {
    let case = table.case(&scripted("demand: 180 rps", "  - {at: 1d, fail: a, for: 5h}"));
    table.row(
        &case,
        "flat demand: requests lost",
        80.0 * 5.0 * HOUR,
        case.lost("www"),
        "(180 - 100) rps × 5 h",
    );
    let formula = "180 rps × 4 d less that";
    let served = 180.0 * 4.0 * DAY - 80.0 * 5.0 * HOUR;
    let simulated = crate::page::Simulated::Exactly(case.scope("www").served.requests());
    table.row(&case, "flat demand: requests served", served, simulated, formula);
}

fn whole_day(table: &mut Table) {
    let demand = "demand: 100 rps, daily: {swing: 60%, peak: 15h}";
    let case = table.case(&scripted(demand, "  - {at: 1d, fail: a, for: 24h}"));
    let formula = "2 (m s sin θ - (C - m) θ)/ω, θ = arccos((C - m)/(m s)), C = 100";
    table.row(
        &case,
        "sinusoid, a whole day: requests lost",
        daily_excess(100.0, 60.0, 100.0),
        case.lost("www"),
        formula,
    );
    let case = table.case(&scripted(demand, "  - {at: 1d, fail: a, effect: {degraded: 30%}, for: 24h}"));
    let lost = daily_excess(100.0, 60.0, 130.0);
    table.row(
        &case,
        "sinusoid, 30 % of a left: requests lost",
        lost,
        case.lost("www"),
        "the same with C = 130",
    );
}

fn part_of_a_day(table: &mut Table) {
    let demand = "demand: 100 rps, daily: {swing: 60%, peak: 15h}";
    let case = table.case(&scripted(demand, "  - {at: 36h, fail: a, effect: {degraded: 30%}, for: 4h}"));
    // From 12 h to 16 h; the demand crosses 130 rps upwards at 15 h less arccos(0.5) = 15 h - 4 h: above throughout.
    let omega = 2.0 * PI / DAY;
    let sine = |hour: f64| (omega * (hour - 15.0) * HOUR).sin() / omega;
    let lost = 60.0 * (sine(16.0) - sine(12.0)) - 30.0 * 4.0 * HOUR;
    table.row(
        &case,
        "sinusoid, noon to four: requests lost",
        lost,
        case.lost("www"),
        "m s (sin ω(t₂ - p) - sin ω(t₁ - p))/ω - (C - m)(t₂ - t₁)",
    );
    let case = table.case(&scripted(demand, "  - {at: 34h, fail: a, effect: {degraded: 30%}, for: 4h}"));
    let lost = 60.0 * (sine(14.0) - sine(11.0)) - 30.0 * 3.0 * HOUR;
    let formula = "the same from the crossing at 11:00 (peak less arccos(1/2) = 4 h)";
    table.row(&case, "sinusoid, ten to two: requests lost", lost, case.lost("www"), formula);
}

fn blame(table: &mut Table) {
    let script = "  - {at: 1d, fail: b, for: 2h}\n  - {at: 1d, fail: c, for: 2h}";
    let case = table.case(&scripted("demand: 220 rps", script));
    let hours = 2.0 * HOUR;
    let formula = "removed 60 : 40 of (200 - 100) rps";
    table.row(&case, "blame: charged to b's fault", 60.0 * hours, case.charged_to("script 1"), formula);
    table.row(&case, "blame: charged to c's fault", 40.0 * hours, case.charged_to("script 2"), formula);
    let demand = 20.0 * 4.0 * DAY;
    let formula = "(220 - 200) rps at all times";
    table.row(&case, "blame: charged to demand", demand, case.charged_to("demand"), formula);
    let total = 100.0 * hours + demand;
    table.row(&case, "blame: lost to overload", total, case.lost_to("www", Overload), "the sum of these");
}

fn shared_blame(table: &mut Table) {
    let script = "  - {at: 24h, fail: b, for: 4h}\n  - {at: 25h, fail: b, for: 1h}\n  - {at: 25h, fail: c, effect: {degraded: 50%}, for: 1h}";
    let case = table.case(&scripted("demand: 180 rps", script));
    let overlap = (180.0 - 120.0) * HOUR;
    let alone = (180.0 - 140.0) * 3.0 * HOUR;
    let formula = "alone 40 rps × 3 h; in the overlap 60 rps × 1 h × 60/80, halved";
    table.row(
        &case,
        "overlapping faults: the first on b",
        alone + overlap * 0.375,
        case.charged_to("script 1"),
        formula,
    );
    let formula = "60 rps × 1 h × 60/80, halved";
    table.row(
        &case,
        "overlapping faults: the second on b",
        overlap * 0.375,
        case.charged_to("script 2"),
        formula,
    );
    let formula = "60 rps × 1 h × 20/80";
    table.row(
        &case,
        "overlapping faults: the one on c",
        overlap * 0.25,
        case.charged_to("script 3"),
        formula,
    );
}

fn static_scenario(run: &str, sites: &str, more: &str) -> String {
    format!(
        "scenario: 1
name: fixed shares
run: {{{run}}}
sites: {{{sites}}}
clients: {{all: {{anywhere: true, uses: www, demand: 100 rps, daily: {{swing: 40%, peak: 12h}}}}}}
steering: {{www: {{policy: static, sites: {{a: 50%, b: 30%, c: 20%}}}}}}
{more}"
    )
}

fn fixed_shares(table: &mut Table) {
    let sites = "a: {capacity: 200 rps}, b: {capacity: 200 rps}, c: {capacity: 200 rps}";
    let script = "script:\n  - {at: 33h, fail: a, for: 6h}\n  - {at: 36h, fail: b, for: 3h}";
    let case = table.case(&static_scenario("horizon: 3d", sites, script));
    // Six hours around the peak at noon: the sine's integral from -3 h to 3 h, and from 0 to 3 h for b.
    let omega = 2.0 * PI / DAY;
    let half = 100.0 * 3.0 * HOUR + 40.0 * (omega * 3.0 * HOUR).sin() / omega;
    let formula = "50 % of the demand from 9 to 15 h, and 30 % from 12 to 15 h";
    table.row(&case, "static: requests lost", half + 0.3 * half, case.lost("www"), formula);
    table.row(
        &case,
        "static: charged to the fault of b",
        0.3 * half,
        case.charged_to("script 2"),
        "30 % from 12 to 15 h",
    );
}

fn overloaded_share(table: &mut Table) {
    let sites = "a: {capacity: 60 rps}, b: {capacity: 200 rps}, c: {capacity: 200 rps}";
    let case = table.case(&static_scenario("horizon: 3d", sites, ""));
    let lost = 3.0 * daily_excess(50.0, 20.0, 60.0);
    table.row(
        &case,
        "static, a too small at noon: requests lost",
        lost,
        case.lost("www"),
        "(50 % of the demand - 60)⁺ over three days",
    );
    table.row(
        &case,
        "static, a too small: charged to demand",
        lost,
        case.charged_to("demand"),
        "all of it: nothing failed",
    );
}

fn static_at_random(table: &mut Table) {
    let site = |name: &str, up: u32| {
        format!("{name}: {{capacity: 200 rps, outages: {{up: {up}h, down: {{law: exponential, mean: 6h}}}}}}")
    };
    let sites = [site("a", 42), site("b", 54), site("c", 18)].join(", ");
    let run = "horizon: 1y, replications: 1024, seed: 1, start: stationary, confidence: 99.9%";
    let case = table.case(&static_scenario(run, &sites, ""));
    let lost = 0.5 * 6.0 / 48.0 + 0.3 * 6.0 / 60.0 + 0.2 * 6.0 / 24.0;
    let simulated = case.scope("www").availability.map(|share| 1.0 - share);
    table.row(
        &case,
        "static, random faults: share of requests lost",
        lost,
        simulated,
        "sum of share × unavailability",
    );
}

fn ideal_at_random(table: &mut Table, daily: &str) {
    let text = "scenario: 1
name: three equal sites and an ideal router
run: {horizon: 1y, replications: 1024, seed: 1, start: stationary, confidence: 99.9%}
defaults: {sites: {capacity: 40 rps, outages: {up: 45h, down: {law: exponential, mean: 5h}}}}
sites: {a: {}, b: {}, c: {}}
clients: {all: {anywhere: true, uses: www, demand: 100 rps, daily: DAILY}}
steering: {www: {policy: ideal, sites: all}}";
    let case = table.case(&text.replace("DAILY", daily));
    let amplitude = if daily == "flat" { 0.0 } else { 50.0 };
    let excess = |up: u32| daily_excess(100.0, amplitude, 40.0 * f64::from(up)) / (100.0 * DAY);
    let lost: f64 = (0..=3).map(|up| binomial(3, up, 0.9) * excess(up)).sum();
    let what = if daily == "flat" { "flat" } else { "sinusoid" };
    let simulated = case.scope("www").availability.map(|share| 1.0 - share);
    let formula = "sum over j of binomial(j) × mean (demand - 40 j)⁺ / mean demand";
    table.row(&case, format!("ideal, random faults, {what}: share lost"), lost, simulated, formula);
    let nowhere = case.scope("www").by_mechanism.iter().find(|(known, _)| *known == NoRoute);
    assert!(nowhere.is_some_and(|(_, volume)| !volume.is_zero()), "all three are down now and then");
}

/// A scope that counts as up from 80 % on: under a sinusoid, how long does the demand exceed the capacity by so much?
fn up_at_by_the_clock(table: &mut Table) {
    let demand = "demand: 100 rps, daily: {swing: 60%, peak: 15h}";
    let script = "  - {at: 1d, fail: a, for: 24h}\nserving: {www: {up_at: 80%}}";
    let case = table.case(&scripted(demand, script));
    let not_up = 2.0 * ((100.0 / 0.8 - 100.0) / 60.0_f64).acos() * DAY / (2.0 * PI);
    let formula = "2 arccos((C/0.8 - m)/(m s))/ω: the demand is above C/0.8 = 125 rps";
    let seconds = case.scope("www").downtime;
    table.row(&case, "up at 80 %, sinusoid: seconds not up", not_up, seconds, formula);
    let lost = daily_excess(100.0, 60.0, 100.0);
    let formula = "what is lost does not depend on when it counts as up";
    table.row(&case, "up at 80 %, sinusoid: requests lost", lost, case.lost("www"), formula);
}

/// Two sites of 60 and 40 of 100 rps: without the smaller one, 60 % are served, which is up where 50 % are asked for.
fn up_at_at_random(table: &mut Table) {
    let case = table.case(
        "scenario: 1
name: up at half
run: {horizon: 1y, replications: 4096, seed: 1, start: stationary, confidence: 99.9%}
sites:
  large: {capacity: 60 rps, outages: {up: 10d, down: {law: exponential, mean: 1d}}}
  small: {capacity: 40 rps, outages: {up: 5d, down: {law: exponential, mean: 1d}}}
clients: {all: {anywhere: true, uses: www, demand: 100 rps}}
steering: {www: {policy: ideal, sites: all}}
serving: {www: {up_at: 50%}}",
    );
    let (large, small) = (1.0 / 11.0, 1.0 / 6.0);
    let down = case.scope("www").time_up.map(|up| 1.0 - up);
    let formula = "u(large): without it 40 % are served, without the small one 60 %";
    table.row(&case, "up at 50 % of 60 + 40 rps: share of time not up", large, down, formula);
    let lost = case.scope("www").availability.map(|served| 1.0 - served);
    let formula = "0.6 u(large) + 0.4 u(small)";
    table.row(&case, "up at 50 %: share of requests lost", 0.6 * large + 0.4 * small, lost, formula);
}
