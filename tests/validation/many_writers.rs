//! Writes of stores that many may write: what the last writer drops, and what goes with a disk.

use crate::page::{Simulated, Table};
use crate::single_operations::of_clients;
use models::operations::leaderless::{
    Clock, Conditions, Counts, Loss, Run, Session, Store, Troubles, Turns, conviction_after_phi,
};
use models::operations::{Cut, Stretch};
use models::outcome::Anomaly;
use sim::stats::Pairs;
use sim::{Instant, Law, Replication, Seed, Span};

const REPLICATIONS: u64 = 40;
/// How long each run is.
const RUN: Span = Span::from_millis(2 * 3_600_000);
/// Writes a second at the first and the second site, in most rows.
const RATES: [f64; 2] = [0.7, 1.1];
/// From one site to another, in seconds.
const D: f64 = 0.4;

pub(crate) fn table() -> Table {
    let mut table = Table::new(
        'K',
        "Stores that many may write",
        "One key, written at several sites at rates λ1, λ2, λ3 (Poisson), by Seawall's own operation engine. Every site \
         accepts at once and sends to the others, a delay d away; the write with the later stamp wins. A write is dropped \
         if another, of which it knew nothing and which knew nothing of it, wins over it. Site 2's clock may be ahead by g. \
         Intervals are over 40 runs of 2 h (4,000 crashes, where a disk is lost), whose luck the rows share. The rows with a \
         scenario are told by a run of that file, of sampled sessions whose own resolvers are answered one site of two, anew \
         every T.",
    );
    sites(&mut table);
    for g in [0.25, 0.9] {
        clocks(&mut table, g);
    }
    partitions(&mut table);
    disks(&mut table);
    for ttl in [60.0, 10.0] {
        led_elsewhere(&mut table, ttl);
    }
    let seconds = conviction_after_phi(8.0, Span::SECOND).seconds();
    let formula = "Φ m ln 10";
    table.row_named(
        "phi 8, beats each second",
        "silence until convicted, s",
        18.420_680_744,
        Simulated::Exactly(seconds),
        formula,
    );
    table
}

/// Half of a session's operations are writes, and another one comes before each with probability q: so the last own write before
/// a read is of an exponential age of rate l = (1 - q/2)/think. It is missed if it is still on its way to the other site, and
/// the resolver has asked since and been answered that.
fn led_elsewhere(table: &mut Table, ttl: f64) {
    let case = table.case(&format!(
        "scenario: 1
name: clients of two primaries whose resolvers ask every {ttl} s
run: {{horizon: 1h, replications: 128, operations: 10000, seed: 1, confidence: 99.9%}}
defaults: {{sites: {{capacity: 1000 rps, outages: none}}}}
sites: {{east: {{}}, west: {{}}}}
stores: {{carts: {{family: multi-primary, replicas: [east, west], lag: 2s, keys: 1000000 keys,
                 sessions: {{operations: 50, think: 1s}}}}}}
requests: {{put: {{share: 50%, writes: [carts]}}, look: {{share: 50%, reads: [carts]}}}}
clients: {{all: {{anywhere: true, uses: www, demand: 60 rps}}}}
steering: {{www: {{policy: weighted, ttl: {ttl}s, sites: {{east: 1, west: 1}}}}}}"
    ));
    let (rate, delay) = (1.0 - 0.98 / 2.0, 2.0);
    let theory = (1.0 - exp(-rate * delay) * (1.0 + rate * delay)) / (2.0 * ttl * rate);
    let formula = "(1 - exp(-λ d) (1 + λ d))/(2 T λ), λ = (1 - q/2)/think, q = 49/50";
    table.row(&case, "P(own write missed)", theory, of_clients(&case, Anomaly::ReadYourWrites), formula);
}

fn exp(x: f64) -> f64 {
    libm::exp(x)
}

fn seconds(seconds: f64) -> Span {
    Span::from_seconds(seconds)
}

/// A primary at each place; the delay between each two of them.
fn primaries(places: usize, delay: impl Fn(usize, usize) -> f64, troubles: Troubles) -> Store {
    let conditions =
        Conditions::new(places, (0..places).collect(), troubles).expect("nothing is wrong with it");
    let one = |from: usize, to: usize| if from == to { 0.0 } else { delay(from.min(to), from.max(to)) };
    let row = |from: usize| (0..places).map(|to| seconds(one(from, to))).collect();
    Store::multi_primary(conditions, (0..places).map(row).collect()).expect("nothing is wrong with it")
}

fn calm(places: usize, delay: impl Fn(usize, usize) -> f64) -> Store {
    primaries(places, delay, Troubles::none(places, places))
}

fn writer(place: usize, rate: f64) -> Session {
    let think = Law::Exponential { mean: 1.0 / rate };
    Session { place, turns: Turns::Nearest, reads: 0.0, updates: 0.0, think }
}

fn played(store: &Store, rates: &[f64], replication: u64, horizon: Instant) -> Counts {
    let sessions: Vec<Session> = rates.iter().enumerate().map(|(place, rate)| writer(place, *rate)).collect();
    Run::new(store, &sessions, 0, (Seed(47), Replication(replication))).run(horizon).counts
}

/// A share of the writes.
fn share(store: &Store, rates: &[f64], of: impl Fn(&Counts) -> (u64, u64)) -> Simulated {
    let mut pairs = Pairs::default();
    for replication in 0..REPLICATIONS {
        let (hits, trials) = of(&played(store, rates, replication, Instant::ZERO + RUN));
        pairs.add(hits as i64, trials as i64);
    }
    Simulated::ratio(&pairs)
}

fn dropped(counts: &Counts) -> (u64, u64) {
    (counts.dropped, counts.writes)
}

fn sites(table: &mut Table) {
    let [l1, l2] = RATES;
    let theory = (l1 * (1.0 - exp(-l2 * D)) + l2 * (1.0 - exp(-l1 * D))) / (l1 + l2);
    let found = share(&calm(2, |_, _| D), &RATES, dropped);
    table.row_named("two sites", "P(dropped)", theory, found, "at 1: 1 - exp(-λ2 d)");
    let (d12, d13, d23, l3) = (0.2, 0.5, 0.35, 0.8);
    let delay = |one: usize, other: usize| [[0.0, d12, d13], [0.0, 0.0, d23]][one][other];
    let theory = l1 * (1.0 - exp(-(l2 * d12 + l3 * d13)))
        + l2 * (1.0 - exp(-(l1 * d12 + l3 * d23)))
        + l3 * (1.0 - exp(-(l1 * d13 + l2 * d23)));
    let found = share(&calm(3, delay), &[l1, l2, l3], dropped);
    let formula = "at 1: 1 - exp(-(λ2 d12 + λ3 d13))";
    table.row_named("three sites", "P(dropped)", theory / (l1 + l2 + l3), found, formula);
}

fn clocks(table: &mut Table, g: f64) {
    let [l1, l2] = RATES;
    let mut store = calm(2, |_, _| D);
    store.ahead = vec![Span::ZERO, seconds(g)];
    let name = format!("a clock {g} s ahead");
    let at_1 = 1.0 - exp(-l2 * (D + g.min(D)));
    let at_2 = 1.0 - exp(-l1 * (D - g).max(0.0));
    let formula = "at 1: 1 - exp(-λ2 (d + min(g, d))), at 2: 1 - exp(-λ1 (d - g)+)";
    let theory = (l1 * at_1 + l2 * at_2) / (l1 + l2);
    table.row_named(&name, "P(dropped)", theory, share(&store, &RATES, dropped), formula);
    let earlier = l1 * (1.0 - exp(-l2 * g.min(D))) / (l1 + l2);
    let found = share(&store, &RATES, |counts| (counts.dropped_by_earlier, counts.writes));
    table.row_named(&name, "P(dropped for an earlier write)", earlier, found, "at 1: 1 - exp(-λ2 min(g, d))");
    let past = l1 * (1.0 - exp(-l2 * (g - D).max(0.0))) / (l1 + l2);
    let in_the_past = |counts: &Counts| (counts.in_the_past, counts.accepted);
    let found = if g > D { share(&store, &RATES, in_the_past) } else { none(&store, in_the_past) };
    table.row_named(
        &name,
        "P(stamped before a write it knew of)",
        past,
        found,
        "at 1: 1 - exp(-λ2 (g - d)+)",
    );
    store.clock = Clock::Hybrid;
    let found = none(&store, in_the_past);
    table.row_named(
        format!("{name}, hybrid clocks").as_str(),
        "P(stamped before a write it knew of)",
        0.0,
        found,
        "0",
    );
}

/// What never happens.
fn none(store: &Store, of: impl Fn(&Counts) -> (u64, u64)) -> Simulated {
    let seen =
        (0..REPLICATIONS).map(|replication| of(&played(store, &RATES, replication, Instant::ZERO + RUN)).0);
    Simulated::Exactly(seen.sum::<u64>() as f64)
}

/// Cuts of length P every 40 s, each far from the next.
fn partitions(table: &mut Table) {
    let [l1, l2] = RATES;
    let (d, length, every) = (0.05, 4.0, 40.0);
    let cuts = (RUN.seconds() / every) as u64;
    let mut troubles = Troubles::none(2, 2);
    let at = |seconds: f64| Instant::ZERO + Span::from_seconds(seconds);
    let during = |number: u64| {
        let from = number as f64 * every + 20.0;
        Stretch { from: at(from), until: at(from + length) }
    };
    troubles.cuts = (0..cuts).map(|number| Cut { between: (0, 1), during: during(number) }).collect();
    let mut store = primaries(2, |_, _| d, troubles);
    // Messages that are under way when a partition begins are sent again right after it.
    store.write_timeout = seconds(d * 2.5);
    // A write within it, or less than d before it, is held until the end and d more.
    let held = |l1: f64, l2: f64, span: f64, until: f64| {
        l1 * (span - (exp(-l2 * (until - span)) - exp(-l2 * until)) / l2)
    };
    let calm = |l1: f64, l2: f64| l1 * (every - length - d) * (1.0 - exp(-l2 * d));
    let one = |l1: f64, l2: f64| held(l1, l2, length + d, length + 2.0 * d) + calm(l1, l2);
    let theory = (one(l1, l2) + one(l2, l1)) / (every * (l1 + l2));
    let formula = "within a cut of P: λ1 (P - (exp(-λ2 d) - exp(-λ2 (P + d)))/λ2)";
    table.row_named("cut for 4 s of every 40", "P(dropped)", theory, share(&store, &RATES, dropped), formula);
}

/// A disk goes, and with it what the other site has not got.
fn disks(table: &mut Table) {
    let (rate, d) = (2.0, 0.8);
    let (gone, back) = (Instant::ZERO + Span::SECOND * 7, Instant::ZERO + Span::SECOND * 9);
    let mut pairs = Pairs::default();
    for replication in 0..4000 {
        let mut troubles = Troubles::none(2, 2);
        let down = Stretch { from: gone, until: back };
        troubles.losses[0] = vec![Loss::of_disk(gone)];
        troubles.down[0] = vec![down];
        troubles.closed[0] = vec![down];
        troubles.destroyed[0] = vec![gone];
        troubles.cuts = vec![Cut { between: (0, 1), during: down }];
        let store = primaries(2, |_, _| d, troubles);
        // Nothing later can supersede what is lost: the writer stops with its place.
        pairs.add(played(&store, &[rate], replication, gone).lost as i64, 1);
    }
    table.row_named("a disk is lost", "acknowledged writes lost", rate * d, Simulated::ratio(&pairs), "λ d");
}
