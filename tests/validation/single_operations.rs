//! Single reads of a replica that lags behind its primary, and what one client sees of its own past.

use crate::page::{Case, Simulated, Table};
use models::operations::{Apply, Asked, Client, Counts, Legs, Operations, Plan, Popularity, Quorum};
use models::outcome::Anomaly;
use sim::stats::Pairs;
use sim::{Instant, Law, Replication, Seed, Span};

/// Writes of the key a second, and one over the mean of exponential lags.
const L: f64 = 0.8;
const M: f64 = 1.25;
/// A constant lag, in seconds.
const D: f64 = 0.7;
/// Time between a client's write and its read, in seconds.
const AFTER: f64 = 0.5;
const REPLICATIONS: u64 = 100;
/// How long each is.
const RUN: Span = Span::from_millis(2 * 3_600_000);

pub(crate) fn table() -> Table {
    let mut table = Table::new(
        'J',
        "Single reads and writes",
        "One key, written at a primary at rate λ = 0.8/s (Poisson) and read at a replica, one by one, by Seawall's own \
         operation engine. A write reaches the replica a lag after its acknowledgement: constant, d = 0.7 s; \
         exponential, of mean 1/μ = 0.8 s; lognormal. Newest wins: a write shows when it arrives, unless a later one has. \
         Last arrived: whatever has before. Log order: when it \
         and all before it have arrived. T is how long ago, when a read is sent, the first write it misses was \
         acknowledged (0 if it misses none). Ein(z) is the integral of (1 - e^-u)/u from 0 to z. Each interval is \
         over 100 runs, whose luck the rows share. The rows with a scenario are told by a run of that file, of sessions that \
         are sampled: the key is one of twenty or of two thousand that are written 40 times a second, λ = 2/s or 0.02/s, and \
         1/μ = 2 s; ρ = λ/μ.",
    );
    constant(&mut table);
    newest_wins(&mut table);
    log_order(&mut table);
    lognormal(&mut table);
    own_writes(&mut table);
    going_back(&mut table);
    applied_singly(&mut table);
    table
}

fn constant(table: &mut Table) {
    let runs = lagging(fixed(D), Apply::NewestWins);
    let (name, stale) = ("constant lag", 1.0 - exp(-L * D));
    table.row_named(name, "P(stale)", stale, runs.stale(), "1 - exp(-λ d)");
    table.row_named(name, "versions behind", L * D, runs.behind(), "λ d");
    table.row_named(name, "mean T, s", D - stale / L, runs.stale_for(), "d - (1 - exp(-λ d))/λ");
    // Constant lags keep the order, so waiting for it costs nothing.
    let runs = lagging(fixed(D), Apply::LogOrder);
    table.row_named("constant lag, log order", "P(stale)", stale, runs.stale(), "1 - exp(-λ d)");
}

fn newest_wins(table: &mut Table) {
    let runs = lagging(exponential(1.0 / M), Apply::NewestWins);
    let name = "exponential lag, newest wins";
    table.row_named(name, "P(stale)", L / (L + M), runs.stale(), "λ/(λ + μ)");
    let mut product = 1.0;
    let mut behind = 0.0;
    for j in 1..60 {
        product *= L / (L + f64::from(j) * M);
        behind += product;
    }
    table.row_named(name, "versions behind", behind, runs.behind(), "Σ_k Π_(j ≤ k) λ/(λ + j μ)");
    let beyond = |t: f64| L / (L + M) * exp(-M * t) * exp(-L * (t - (1.0 - exp(-M * t)) / M));
    let formula = "∫ λ/(λ + μ) exp(-μ t - λ (t - (1 - exp(-μ t))/μ)) dt";
    table.row_named(name, "mean T, s", integral(beyond, 40.0), runs.stale_for(), formula);
}

fn log_order(table: &mut Table) {
    let runs = lagging(exponential(1.0 / M), Apply::LogOrder);
    let name = "exponential lag, log order";
    let rho = L / M;
    let stale = 1.0 - exp(-rho);
    table.row_named(name, "P(stale)", stale, runs.stale(), "1 - exp(-λ/μ)");
    let mean = ein(rho) / M;
    let formula = "1 - exp(-λ/μ) + λ Ein(λ/μ)/μ";
    table.row_named(name, "versions behind", stale + L * mean, runs.behind(), formula);
    table.row_named(name, "mean T, s", mean, runs.stale_for(), "Ein(λ/μ)/μ");
}

/// Waiting for all before is the busy period of M/G/infinity, which knows of the law only its mean.
fn lognormal(table: &mut Table) {
    let law = Law::Lognormal { mu: -1.0, sigma: 1.0 };
    let runs = lagging(law, Apply::LogOrder);
    let stale = 1.0 - exp(-L * exp(-0.5));
    let name = "lognormal lag (-1, 1), log order";
    table.row_named(name, "P(stale)", stale, runs.stale(), "1 - exp(-λ E[L]), M/G/∞");
}

fn own_writes(table: &mut Table) {
    let gone = exp(-M * AFTER);
    let newest = gone * exp(-L * (AFTER - (1.0 - gone) / M));
    let ordered = 1.0 - (1.0 - gone) * exp(-L / M * gone);
    for (name, others, apply, missed, formula) in [
        ("own write, no other writers", false, Apply::NewestWins, gone, "exp(-μ τ)"),
        (
            "own write, newest wins",
            true,
            Apply::NewestWins,
            newest,
            "exp(-μ τ) exp(-λ (τ - (1 - exp(-μ τ))/μ))",
        ),
        ("own write, log order", true, Apply::LogOrder, ordered, "1 - (1 - exp(-μ τ)) exp(-λ/μ exp(-μ τ))"),
    ] {
        let plan = Plan::ReadAfterWrite { after: Span::from_seconds(AFTER), rest: fixed(20.0) };
        let mut clients = vec![client(plan, 0)];
        clients.extend(others.then(writer));
        let runs = Runs::of(&behind(&[exponential(1.0 / M)], Asked::Named(1)), apply, &clients, RUN * 5);
        let seen = runs.ratio(|counts| (counts.forgot_own_write.into(), counts.after_own_write));
        table.row_named(name, "P(missed τ = 0.5 s after)", missed, seen, formula);
    }
}

/// A client reads every τ, at one of two replicas, any of them each time. A read goes back if it is at the slow one after
/// one at the fast one, and something written between what the two show was seen: reads further apart than the
/// difference of the lags do not matter, so τ is more than half of it.
fn going_back(table: &mut Table) {
    let (fast, slow, every) = (0.3, 1.8, 1.0);
    let mut replicas = behind(&[fixed(fast), fixed(slow)], Asked::JustEnough);
    // Each of the reader's places is at a replica, and far from the others.
    let far = Span::HOUR;
    replicas.distances = vec![vec![Span::ZERO; 3], vec![far, Span::ZERO, far], vec![far, far, Span::ZERO]];
    let plan = Plan::Mix { reads: 1.0, think: fixed(every) };
    let reader = Client { plan, places: vec![1, 2], ahead: Span::ZERO };
    let runs = Runs::of(&replicas, Apply::LogOrder, &[writer(), reader], RUN);
    let theory = 0.25 * (1.0 - exp(-L * (slow - fast - every)));
    let seen = runs.ratio(|counts| (counts.went_back.into(), counts.repeated));
    let formula = "1/4 (1 - exp(-λ (d2 - d1 - τ)))";
    table.row_named(
        "two replicas, lags 0.3 s and 1.8 s",
        "P(a read 1 s later goes back)",
        theory,
        seen,
        formula,
    );

    let only = Client { places: vec![2], ..reader_of(fixed(every)) };
    let runs = Runs::of(&replicas, Apply::LogOrder, &[writer(), only], RUN);
    let back: u64 = runs.0.iter().map(|counts| counts.went_back).sum();
    let formula = "a log is read forwards";
    table.row_named("the slow one only", "reads that go back", 0.0, Simulated::Exactly(back as f64), formula);
}

/// A replica that takes each write by itself, through the file.
fn applied_singly(table: &mut Table) {
    let (m, t) = (0.5, 0.5);
    let gone = |y: f64| exp(-m * y);
    for (keys, l) in [(20, 2.0), (2000, 0.02)] {
        let rho: f64 = l / m;
        let fresh = |x: f64| (1.0 - exp(-rho * (1.0 - x.powf(1.0 / rho)))) / rho;
        let newest = gone(t) * exp(-l * (t - (1.0 - gone(t)) / m));
        let shows =
            |y: f64| (l * (1.0 - gone(y)) * (1.0 - gone(y) + gone(t)) + m * gone(y)) * exp(-l * (t - y));
        for (applies, stale, formula, missed, own) in [
            ("newest-wins", l / (l + m), "λ/(λ + μ)", newest, "exp(-μ τ) exp(-λ (τ - (1 - exp(-μ τ))/μ))"),
            (
                "last-arrived",
                1.0 - integral(fresh, 1.0),
                "1 - ∫_0^1 (1 - exp(-ρ (1 - x^(1/ρ))))/ρ dx",
                1.0 - integral(shows, t),
                "1 - ∫_0^τ (λ (1 - e^(-μ y)) (1 - e^(-μ y) + e^(-μ τ)) + μ e^(-μ y)) e^(-λ (τ - y)) dy",
            ),
        ] {
            let case = table.case(&by_events(applies, keys, ""));
            table.row(&case, "P(stale)", stale, of_clients(&case, Anomaly::StaleRead), formula);
            let case = table.case(&by_events(applies, keys, ", reads_back_after: 500ms"));
            let seen = of_clients(&case, Anomaly::ReadYourWrites);
            table.row(&case, "P(own write missed τ = 0.5 s after)", missed, seen, own);
        }
    }
}

/// Clients beside an index that is fed by events of a store which is no way away.
fn by_events(applies: &str, keys: u32, more: &str) -> String {
    format!(
        "scenario: 1
name: an index fed by events, {applies}
run: {{horizon: 1h, replications: 128, operations: 8000, seed: 1, confidence: 99.9%}}
defaults: {{sites: {{capacity: 1000 rps, outages: none}}}}
sites: {{store: {{}}, index: {{}}}}
stores:
  carts:
    {{family: primary, primary: store, replicas: [index], reads_from: {{site: index}}, keys: {keys} keys,
     lag: {{mean: 2s, law: exponential}}, lag_drawn: write, applies: {applies},
     sessions: {{operations: 1, think: 1s{more}}}}}
requests: {{put: {{share: 50%, writes: [carts]}}, look: {{share: 50%, reads: [carts]}}}}
clients: {{all: {{anywhere: true, uses: www, demand: 80 rps}}}}
steering: {{www: {{policy: static, sites: {{store: 50%, index: 50%}}}}}}"
    )
}

/// Of the operations to which it can happen.
pub(crate) fn of_clients(case: &Case, anomaly: Anomaly) -> Simulated {
    let seen = case.outcome.stores[0].consistency.as_ref().expect("its clients are looked at");
    let row = seen.anomalies.iter().find(|row| row.anomaly == anomaly).expect("it concerns the store");
    Simulated::from(row.of_eligible).times(1e-6)
}

/// What was counted in each replication.
struct Runs(Vec<Counts>);

impl Runs {
    fn of(quorum: &Quorum, apply: Apply, clients: &[Client], length: Span) -> Self {
        let popularity = Popularity::Uniform { keys: 1 };
        let run = |replication| {
            Operations::new(quorum, apply, &popularity, clients, (Seed(1), Replication(replication)))
                .run(Instant::ZERO + length)
                .counts
        };
        Runs((0..REPLICATIONS).map(run).collect())
    }

    /// A sum over a number of reads, the replication being the unit: reads of one run share its writes.
    fn ratio(&self, of: impl Fn(&Counts) -> (i128, u64)) -> Simulated {
        let mut pairs = Pairs::default();
        for (sum, reads) in self.0.iter().map(of) {
            pairs.add(i64::try_from(sum).expect("a run is short"), reads as i64);
        }
        Simulated::ratio(&pairs)
    }

    fn stale(&self) -> Simulated {
        self.ratio(|counts| (counts.stale.into(), counts.reads))
    }

    fn behind(&self) -> Simulated {
        self.ratio(|counts| (counts.versions_behind.into(), counts.reads))
    }

    /// Seconds.
    fn stale_for(&self) -> Simulated {
        self.ratio(|counts| (counts.stale_nanos, counts.reads)).times(1e-9)
    }
}

/// A writer at the primary, and a reader at a replica behind it.
fn lagging(lag: Law, apply: Apply) -> Runs {
    let clients = [writer(), reader_of(exponential(2.0))];
    Runs::of(&behind(&[lag], Asked::Named(1)), apply, &clients, RUN)
}

/// A primary that shows its own writes at once, and replicas behind it.
fn behind(lags: &[Law], asked: Asked) -> Quorum {
    let legs = |write: Law| Legs { write, ack: fixed(0.0), read: fixed(0.0), response: fixed(0.0) };
    let all = std::iter::once(fixed(0.0)).chain(lags.iter().cloned()).map(legs).collect::<Vec<_>>();
    let distances = vec![vec![Span::ZERO; all.len()]];
    Quorum { legs: all, distances, write: 1, read: 1, asked }
}

fn writer() -> Client {
    client(Plan::Mix { reads: 0.0, think: exponential(1.0 / L) }, 0)
}

fn reader_of(think: Law) -> Client {
    client(Plan::Mix { reads: 1.0, think }, 0)
}

fn client(plan: Plan, place: usize) -> Client {
    Client { plan, places: vec![place], ahead: Span::ZERO }
}

fn fixed(seconds: f64) -> Law {
    Law::Fixed(Span::from_seconds(seconds))
}

fn exponential(mean: f64) -> Law {
    Law::Exponential { mean }
}

/// The integral of (1 - e^-u)/u from 0 to z, by its series.
fn ein(z: f64) -> f64 {
    let (mut power, mut sum) = (-1.0, 0.0);
    for n in 1..60 {
        power *= -z / f64::from(n);
        sum += power / f64::from(n);
    }
    sum
}

/// The integral of a smooth function from 0 to `end`, by Simpson's rule.
fn integral(f: impl Fn(f64) -> f64, end: f64) -> f64 {
    let steps = 40_000;
    let h = end / f64::from(steps);
    let weight = |i| if i == 0 || i == steps { 1.0 } else { f64::from(2 + 2 * (i % 2)) };
    (0..=steps).map(|i| weight(i) * f(f64::from(i) * h)).sum::<f64>() * h / 3.0
}

fn exp(x: f64) -> f64 {
    x.exp()
}
