//! Several sites, and what they have in common.

use crate::page::{Case, Table};
use crate::theory::{Chain, DAY, HOUR, YEAR, binomial};

const BINOMIAL: &str = "sum over j ≥ k of C(n, j) A^j (1 - A)^(n - j)";
const FREQUENCY: &str = "per year";

pub(crate) fn table() -> Table {
    let mut table = Table::new(
        'B',
        "k of n, and common causes",
        "A service needs k of its n equal sites (`serving: {needs: …}`). Without a common cause the number of sites up is \
         binomial. A common cause may be a component in series, a shock that fails all members, each of which is then \
         repaired alone, or a beta factor; the last two are Markov chains on the number of members down, solved by the \
         test (Marshall & Olkin 1967; Fleming 1974 for the beta factor).",
    );
    independent(&mut table);
    in_series(&mut table);
    shock(&mut table);
    beta(&mut table);
    partial(&mut table);
    together(&mut table);
    table
}

fn scenario(name: &str, needs: &str, more: &str) -> String {
    format!(
        "scenario: 1
name: {name}
run: {{horizon: 1y, replications: 4096, seed: 1, start: stationary, confidence: 99.9%}}
defaults: {{sites: {{capacity: 10 rps}}}}
{more}
clients: {{all: {{anywhere: true, uses: www, demand: 1 rps}}}}
steering: {{www: {{policy: ideal, sites: all}}}}
serving: {{www: {{needs: {needs} sites}}}}"
    )
}

fn sites(count: usize, with: &str) -> String {
    let sites: Vec<String> = (1..=count).map(|index| format!("s{index}: {{{with}}}")).collect();
    format!("sites: {{{}}}", sites.join(", "))
}

/// Share of time down, and outages a year.
fn rows(table: &mut Table, case: &Case, what: &str, down: f64, per_second: f64, formula: &str) {
    let simulated = case.scope("www").time_up.map(|up| 1.0 - up);
    table.row(case, format!("{what}: share of time down"), down, simulated, formula);
    let expected = per_second * YEAR;
    let formula = format!("rate from up to down states, {FREQUENCY}");
    table.row(case, format!("{what}: outages a year"), expected, case.scope("www").outages, formula);
}

/// States: how many of `n` are down; all up ones fall together at `shock`.
fn down_chain(n: usize, own: f64, repair: f64, shock: f64) -> Chain {
    let mut chain = Chain::new(n + 1);
    for down in 0..=n {
        if down < n {
            chain.add(down, down + 1, (n - down) as f64 * own);
            chain.add(down, n, shock);
        }
        if down > 0 {
            chain.add(down, down - 1, down as f64 * repair);
        }
    }
    chain
}

fn independent(table: &mut Table) {
    let outages = "outages: {up: 10d, down: {law: exponential, mean: 1d}}";
    let up = 10.0 / 11.0;
    let (fail, repair) = (1.0 / (10.0 * DAY), 1.0 / DAY);
    for (needs, n) in [(2_u32, 3_u32), (3, 5)] {
        let case = table.case(&scenario("k of n", &format!("{needs} of {n}"), &sites(n as usize, outages)));
        let down = 1.0 - (needs..=n).map(|j| binomial(n, j, up)).sum::<f64>();
        let chain = down_chain(n as usize, fail, repair, 0.0);
        let frequency = chain.frequency(|down| n as usize - down < needs as usize);
        rows(
            table,
            &case,
            &format!("{needs} of {n}, independent"),
            down,
            frequency,
            &format!("1 - {BINOMIAL}"),
        );
        let served = case.scope("www").availability;
        table.row(&case, format!("{needs} of {n}: share of requests served"), 1.0 - down, served, BINOMIAL);
    }
}

fn in_series(table: &mut Table) {
    let grid = "domains: {power: {grid: {outages: {up: 50d, down: {law: exponential, mean: 12h}}}}}\n";
    let outages = "needs: [power/grid], outages: {up: 10d, down: {law: exponential, mean: 1d}}";
    let case =
        table.case(&scenario("2 of 3 behind one grid", "2 of 3", &(grid.to_string() + &sites(3, outages))));
    let (grid, site) = (50.0 / 50.5, 10.0 / 11.0);
    let up = grid * (binomial(3, 2, site) + binomial(3, 3, site));
    // Grid up or down, times the number of sites down.
    let mut chain = Chain::new(8);
    for down in 0..4_usize {
        chain.add(down, 4 + down, 1.0 / (50.0 * DAY));
        chain.add(4 + down, down, 1.0 / (12.0 * HOUR));
        for base in [0, 4] {
            if down < 3 {
                chain.add(base + down, base + down + 1, (3 - down) as f64 / (10.0 * DAY));
                chain.add(base + down + 1, base + down, (down + 1) as f64 / DAY);
            }
        }
    }
    let frequency = chain.frequency(|state| state >= 4 || state >= 2);
    rows(
        table,
        &case,
        "2 of 3, grid in series",
        1.0 - up,
        frequency,
        "1 - A(grid) × binomial: a series system",
    );
}

fn shock(table: &mut Table) {
    let shock = "shocks: {storm: {every: 30d, hits: [s1, s2, s3]}}\n";
    let outages = "outages: {up: 10d, down: {law: exponential, mean: 1d}}";
    let case =
        table.case(&scenario("2 of 3 under one shock", "2 of 3", &(shock.to_string() + &sites(3, outages))));
    let chain = down_chain(3, 1.0 / (10.0 * DAY), 1.0 / DAY, 1.0 / (30.0 * DAY));
    let lost = |down: usize| down >= 2;
    let formula = "Markov chain on the number down: own failures, shock to 3, repairs one by one";
    rows(table, &case, "2 of 3, shock on all", chain.probability(lost), chain.frequency(lost), formula);
}

fn beta(table: &mut Table) {
    let beta = "shocks: {common: {beta: 10%, of: [s1, s2]}}\n";
    let outages = "outages: {up: 20d, down: {law: exponential, mean: 1d}}";
    let case = table.case(&scenario(
        "a pair with a beta factor",
        "1 of 2",
        &(beta.to_string() + &sites(2, outages)),
    ));
    let rate = 1.0 / (20.0 * DAY);
    let chain = down_chain(2, 0.9 * rate, 1.0 / DAY, 0.1 * rate);
    let lost = |down: usize| down == 2;
    let formula = "Markov chain: rates (1 - β)λ each and βλ for both";
    rows(table, &case, "1 of 2, β = 10 %", chain.probability(lost), chain.frequency(lost), formula);
    let alone = case.site("s1").availability.map(|up| 1.0 - up);
    let formula = "E[D] / (E[U] + E[D]): β moves no member's own availability";
    table.row(&case, "one member, β = 10 %: share of time down", 1.0 / 21.0, alone, formula);
}

/// Two victims, each struck by its own chance, repaired at the same rate; states: bit 0 and bit 1 are down.
fn partial(table: &mut Table) {
    let case = table.case(
        "scenario: 1
name: partial shocks on two victims
run: {horizon: 1y, replications: 4096, seed: 1, start: stationary, confidence: 99.9%}
sites: {a: {capacity: 10 rps}, b: {capacity: 10 rps}}
shocks: {storm: {every: 5d, hits: {a: 60%, b: 30%}, for: {law: exponential, mean: 1d}}}
clients:
  eager: {anywhere: true, uses: both, demand: 1 rps}
  frugal: {anywhere: true, uses: either, demand: 1 rps}
steering:
  both: {policy: ideal, sites: [a, b]}
  either: {policy: ideal, sites: [a, b]}
serving: {both: {needs: 2 of 2 sites}, either: {needs: 1 of 2 sites}}",
    );
    let (rate, repair, hits) = (1.0 / (5.0 * DAY), 1.0 / DAY, [0.6, 0.3]);
    let mut chain = Chain::new(4);
    for state in 0..4_usize {
        for victims in 0..4_usize {
            let chance: f64 =
                (0..2).map(|i| if victims >> i & 1 == 1 { hits[i] } else { 1.0 - hits[i] }).product();
            chain.add(state, state | victims, rate * chance);
        }
        (0..2).filter(|i| state >> i & 1 == 1).for_each(|i| chain.add(state, state & !(1 << i), repair));
    }
    let formula = "Marshall-Olkin chain of four states";
    for (scope, what, up) in [
        ("both", "both victims up", chain.probability(|state| state == 0)),
        ("either", "at least one victim up", chain.probability(|state| state != 3)),
    ] {
        table.row(
            &case,
            format!("{what}: share of time not"),
            1.0 - up,
            case.scope(scope).time_up.map(|up| 1.0 - up),
            formula,
        );
    }
    for (index, name) in ["a", "b"].into_iter().enumerate() {
        let down = hits[index] * rate / (hits[index] * rate + repair);
        let simulated = case.site(name).availability.map(|up| 1.0 - up);
        let formula = "q λ / (q λ + μ): a victim that is down is not struck again";
        table.row(&case, format!("victim {name} alone: share of time down"), down, simulated, formula);
    }
    let frequency = chain.frequency(|state| state == 3);
    let expected = frequency * YEAR;
    let formula = format!("chain, {FREQUENCY}");
    table.row(&case, "both victims down: outages a year", expected, case.scope("either").outages, formula);
}

/// As above, but one draw is the length of all that one event does. States: nobody, a, b, both by events of their own,
/// both by one event.
fn together(table: &mut Table) {
    let case = table.case(
        "scenario: 1
name: shocks that are repaired as one
run: {horizon: 1y, replications: 4096, seed: 1, start: stationary, confidence: 99.9%}
sites: {a: {capacity: 10 rps}, b: {capacity: 10 rps}}
shocks: {storm: {every: 5d, hits: {a: 60%, b: 30%}, for: {law: exponential, mean: 1d}, together: true}}
clients:
  eager: {anywhere: true, uses: both, demand: 1 rps}
  frugal: {anywhere: true, uses: either, demand: 1 rps}
steering:
  both: {policy: ideal, sites: [a, b]}
  either: {policy: ideal, sites: [a, b]}
serving: {both: {needs: 2 of 2 sites}, either: {needs: 1 of 2 sites}}",
    );
    let (rate, repair, a, b) = (1.0 / (5.0 * DAY), 1.0 / DAY, 0.6, 0.3);
    let mut chain = Chain::new(5);
    for (from, to, rate) in [
        (0, 1, rate * a * (1.0 - b)),
        (0, 2, rate * (1.0 - a) * b),
        (0, 4, rate * a * b),
        (1, 3, rate * b),
        (2, 3, rate * a),
        (1, 0, repair),
        (2, 0, repair),
        (3, 1, repair),
        (3, 2, repair),
        (4, 0, repair),
    ] {
        chain.add(from, to, rate);
    }
    let formula =
        "chain of five states: both down by two events are repaired one by one, by one event at once";
    for (scope, what, up) in [
        ("both", "repaired together, both victims up", chain.probability(|state| state == 0)),
        ("either", "repaired together, at least one victim up", chain.probability(|state| state < 3)),
    ] {
        let down = case.scope(scope).time_up.map(|up| 1.0 - up);
        table.row(&case, format!("{what}: share of time not"), 1.0 - up, down, formula);
    }
    let expected = chain.frequency(|state| state >= 3) * YEAR;
    let formula = format!("chain, {FREQUENCY}");
    let what = "repaired together, both victims down: outages a year";
    table.row(&case, what, expected, case.scope("either").outages, formula);
}
