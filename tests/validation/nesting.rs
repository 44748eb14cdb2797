//! Domains inside domains.

use crate::page::Table;
use crate::theory::{Chain, DAY, HOUR, YEAR};

pub(crate) fn table() -> Table {
    let mut table = Table::new(
        'C',
        "Nested domains",
        "A zone in a region in a provider, each with its own outages; a site in the zone is down while any of them is. \
         With `children: run` they are independent, in series. With `children: stop` nothing ages while what it stands in \
         is down (repairs go on): a Markov chain of eight states. Both runs begin all-up; the theory counts that in, by \
         the chain's bias (Puterman 1994, section 8.2).",
    );
    for clocks in ["run", "stop"] {
        nested(&mut table, clocks);
    }
    table
}

/// Mean times up and down: provider, region, zone.
const TIMES: [(f64, f64); 3] = [(6.0 * DAY, 1.0 * DAY), (4.0 * DAY, 12.0 * HOUR), (2.0 * DAY, 6.0 * HOUR)];

fn nested(table: &mut Table, clocks: &str) {
    let text = "scenario: 1
name: zone in region in provider
run: {horizon: 1y, replications: 1024, seed: 1, start: all-up, confidence: 99.9%}
providers:
  cloud:
    outages: {up: 6d, down: {law: exponential, mean: 1d}, children: CLOCKS}
    regions:
      west:
        at: [0, 0]
        outages: {up: 4d, down: {law: exponential, mean: 12h}, children: CLOCKS}
        zones: {a: {outages: {up: 2d, down: {law: exponential, mean: 6h}}}}
sites: {only: {in: cloud/west/a, capacity: 10 rps}}
clients: {all: {anywhere: true, uses: www, demand: 1 rps}}
steering: {www: {policy: ideal, sites: [only]}}";
    let case = table.case(&text.replace("CLOCKS", clocks));
    let chain = chain(clocks == "stop");
    let down = chain.time_from_first(|state| state != 0, YEAR) / YEAR;
    let simulated = case.scope("www").time_up.map(|up| 1.0 - up);
    let formula = if clocks == "run" {
        "1 - A A A, and the all-up start"
    } else {
        "chain of eight states, and the all-up start"
    };
    table.row(&case, format!("clocks {clocks}: share of time down"), down, simulated, formula);
    // Outages begin from the all-up state only.
    let failing: f64 = TIMES.iter().map(|(up, _)| 1.0 / up).sum();
    let expected = failing * (1.0 - down) * YEAR;
    let formula = "time all-up × (1/E[U1] + 1/E[U2] + 1/E[U3])";
    table.row(
        &case,
        format!("clocks {clocks}: outages a year"),
        expected,
        case.scope("www").outages,
        formula,
    );
    for (index, name) in ["cloud", "cloud/west", "cloud/west/a"].into_iter().enumerate() {
        let source = case.outcome.sources.iter().find(|source| source.name == name).expect("it is a source");
        assert!(source.faults > 0.0, "{name} ({index}) failed");
    }
}

/// States: bits for provider, region and zone down.
fn chain(stop: bool) -> Chain {
    let mut chain = Chain::new(8);
    for state in 0..8_usize {
        for (level, (up, down)) in TIMES.iter().enumerate() {
            let bit = 1 << level;
            let stopped = stop && state & (bit - 1) != 0;
            if state & bit != 0 {
                chain.add(state, state & !bit, 1.0 / down);
            } else if !stopped {
                chain.add(state, state | bit, 1.0 / up);
            }
        }
    }
    chain
}
