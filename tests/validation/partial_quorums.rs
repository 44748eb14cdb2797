//! Partial quorums as published: how likely a read is consistent some time after a write, and how long both take.

use crate::page::{Simulated, Table};
use models::operations::{Apply, Asked, Client, Legs, Operations, Plan, Popularity, Quorum, Tally};
use sim::{Instant, Law, Replication, Seed, Span};

/// Writes of a row, each read once.
const WRITES: i64 = 100_000;
/// Trials behind the reference's figures.
const REFERENCE: f64 = 4e6;
const MS: f64 = 1e-3;

/// One of the published fits: the law of a write's way to a replica, that of the three other messages, and the distance
/// to replicas elsewhere, in seconds.
struct Fit {
    name: &'static str,
    /// Gives each fit luck of its own.
    seed: u64,
    write: Law,
    others: Law,
    far: f64,
}

/// What the reference gives for a fit, a number of responses and of acknowledgements: probabilities at times after the
/// acknowledgement, and the 99.9th percentiles of a read and of a write, all in milliseconds.
struct Reference {
    r: usize,
    w: usize,
    consistent: &'static [(f64, f64)],
    read: f64,
    write: f64,
}

const fn of(r: usize, w: usize, consistent: &'static [(f64, f64)], (read, write): (f64, f64)) -> Reference {
    Reference { r, w, consistent, read, write }
}

const SSD: [Reference; 4] = [
    of(1, 1, &[(0.0, 0.97360), (1.0, 0.99499), (2.0, 0.99906)], (0.66, 0.66)),
    of(1, 2, &[(0.0, 0.97828), (1.0, 0.99584)], (0.66, 1.63)),
    of(2, 1, &[(0.0, 0.99941), (0.5, 0.99989)], (1.63, 0.66)),
    of(2, 2, &[], (1.63, 1.63)),
];

const DISK: [Reference; 4] = [
    of(1, 1, &[(0.0, 0.43656), (10.0, 0.92614), (45.5, 0.99871)], (0.66, 10.91)),
    of(1, 2, &[(0.0, 0.71263), (10.0, 0.95607)], (0.66, 21.09)),
    of(2, 1, &[(0.0, 0.76280), (5.0, 0.97485)], (1.63, 10.91)),
    of(3, 1, &[], (4.11, 10.91)),
];

const YMMR: [Reference; 4] = [
    of(1, 1, &[(0.0, 0.89296), (100.0, 0.95486), (1364.0, 0.99868)], (5.59, 10.82)),
    of(1, 2, &[(0.0, 0.91932), (400.0, 0.98177)], (5.59, 428.06)),
    of(2, 1, &[(0.0, 0.99092), (202.0, 0.99889)], (33.44, 10.82)),
    of(1, 3, &[], (5.59, 1863.45)),
];

const WAN: [Reference; 4] = [
    of(1, 1, &[(0.0, 0.33381), (75.0, 0.72016), (113.0, 0.99882)], (3.45, 55.15)),
    of(1, 2, &[(0.0, 0.99956), (50.0, 0.99979)], (3.45, 167.63)),
    of(2, 1, &[(0.0, 0.85870), (30.2, 0.99892)], (151.29, 55.15)),
    of(2, 2, &[], (151.29, 167.63)),
];

pub(crate) fn table() -> Table {
    let mut table = Table::new(
        'I',
        "Partial quorums",
        "The model of Bailis et al., \"Probabilistically Bounded Staleness for Practical Partial Quorums\" (VLDB 2012), \
         with its fits (the shape of YMMR's writes is 3.5, as in the authors' simulator), by the messages of Seawall's own \
         operation engine: three replicas, all of them written and asked; a write is acknowledged by the first W, a read \
         takes the newest of the first R responses and is sent t after the acknowledgement. At WAN one replica, drawn for \
         each operation, is near, and the others are 75 ms away each way. Theory is the published rule itself, computed \
         by another program in 4 million trials; the intervals allow for its sampling error and its rounding too. Percentiles are read off a histogram whose buckets are under 1 % \
         wide. The \
         paper's own column of times until 99.9 % of reads are consistent is not compared: it takes the first time at \
         which a noisy curve crosses 99.9 %, which is biased low. Probabilities at fixed t are compared instead.",
    );
    for (fit, references) in fits().iter().zip([SSD, DISK, YMMR, WAN]) {
        for reference in &references {
            rows(&mut table, fit, reference);
        }
    }
    table
}

fn rows(table: &mut Table, fit: &Fit, reference: &Reference) {
    let Reference { r, w, .. } = *reference;
    let name = format!("{}, R={r} W={w}", fit.name);
    let mut all = Tally::default();
    let mut take = |t: f64, replication: usize| {
        let tally = simulated(fit, (r, w), t, Replication(replication as u64));
        all.read_latency.merge(&tally.read_latency);
        all.write_latency.merge(&tally.write_latency);
        tally.counts
    };
    for (index, (t, consistent)) in reference.consistent.iter().enumerate() {
        let counts = take(*t, index);
        let share = Simulated::share(counts.reads - counts.stale, counts.reads);
        let share = against(share, counts.reads, 5e-6);
        table.row_named(&name, format!("P(consistent) {t} ms after"), *consistent, share, "PBS, section 4");
    }
    if r + w > 3 {
        let stale = Simulated::Exactly(take(0.0, 0).stale as f64);
        table.row_named(&name, "stale reads 0 ms after", 0.0, stale, "R + W > N");
    }
    for (what, theory, values) in
        [("read", reference.read, all.read_latency), ("write", reference.write, all.write_latency)]
    {
        let quantile = Simulated::quantile(&values, 0.999).times(1e-6);
        let quantile = against(quantile, values.count(), 0.005);
        table.row_named(&name, format!("99.9 % of {what}s take, ms"), theory, quantile, "PBS, section 5");
    }
}

/// The reference has an error of its own, independent of ours, and so many digits.
fn against(simulated: Simulated, trials: u64, rounding: f64) -> Simulated {
    simulated.wider((1.0 + trials as f64 / REFERENCE).sqrt(), rounding)
}

fn simulated(fit: &Fit, (read, write): (usize, usize), t: f64, replication: Replication) -> Tally {
    let far = Span::from_seconds(fit.far);
    let distance = |place: usize, replica: usize| if place == replica { Span::ZERO } else { far };
    let others = || fit.others.clone();
    let legs = Legs { write: fit.write.clone(), ack: others(), read: others(), response: others() };
    let quorum = Quorum {
        legs: vec![legs; 3],
        distances: (0..3).map(|place| (0..3).map(|replica| distance(place, replica)).collect()).collect(),
        write,
        read,
        asked: Asked::All,
    };
    // The rest lets all messages of one write arrive before the next.
    let rest = Span::HOUR;
    let plan = Plan::ReadAfterWrite { after: Span::from_seconds(t * MS), rest: Law::Fixed(rest) };
    let clients = [Client { plan, places: vec![0, 1, 2], ahead: Span::ZERO }];
    let popularity = Popularity::Uniform { keys: 1 };
    Operations::new(
        &quorum,
        Apply::NewestWins,
        &popularity,
        &clients,
        (Seed(fit.seed + (10 * read + write) as u64), replication),
    )
    .run(Instant::ZERO + rest * WRITES)
}

/// Table 3 of the paper: an exponential tail of a rate per millisecond with some probability, else Pareto's law.
fn fit_of(exponential_share: f64, rate_per_ms: f64, low: f64, shape: f64) -> Law {
    let body = Law::Pareto { shape, low: low * MS };
    let tail = Law::Exponential { mean: MS / rate_per_ms };
    Law::Mixture(vec![(1.0 - exponential_share, body), (exponential_share, tail)])
}

fn fits() -> [Fit; 4] {
    let ssd = || fit_of(0.0878, 1.66, 0.235, 10.0);
    let disk = || fit_of(0.62, 0.183, 1.05, 1.51);
    let (writes, others) = (fit_of(0.061, 0.0028, 3.0, 3.5), fit_of(0.018, 0.0217, 1.5, 3.8));
    [
        Fit { name: "LNKD-SSD", seed: 100, write: ssd(), others: ssd(), far: 0.0 },
        Fit { name: "LNKD-DISK", seed: 200, write: disk(), others: ssd(), far: 0.0 },
        Fit { name: "YMMR", seed: 300, write: writes, others, far: 0.0 },
        Fit { name: "WAN", seed: 400, write: disk(), others: ssd(), far: 75.0 * MS },
    ]
}
