//! The engine against closed forms of docs/DATA.md: writes lost at a crash, and reads of a replica behind the primary.

use super::random::luck;
use models::operations::{
    Apply, Commit, Heritage, Legs, Plan, Popularity, PrimaryRun, PrimaryTally, ReadFrom, Reign, Reigns,
    Session, Shipping, Shows, Store,
};
use models::specification::{Acknowledgers, Counting};
use sim::{Instant, Law, Replication, Seed, Span};

const CRASHES: usize = 400;
pub(crate) const REPLICATIONS: u64 = 25;

/// The integral of (1 - e^-u)/u from 0 to z.
fn ein(z: f64) -> f64 {
    let (mut sum, mut term) = (0.0, -1.0);
    for n in 1..60 {
        term *= -z / f64::from(n);
        sum += term / f64::from(n);
    }
    sum
}

pub(crate) fn seconds(seconds: f64) -> Span {
    Span::from_seconds(seconds)
}

/// Crashes of the primary about every 40 s, at any phase; the next replica takes over at once with the best of the logs of
/// the first `heirs` after the crashed one.
fn crashes(replicas: usize, heirs: usize, seed: u64) -> Reigns {
    let stream = &mut luck(seed, "crashes");
    let mut active = vec![Instant::ZERO];
    for _ in 0..CRASHES {
        active.push(active[active.len() - 1] + seconds(40.0 + 10.0 * stream.uniform()));
    }
    let reigns = (0..=CRASHES)
        .map(|epoch| Reign {
            primary: epoch % replicas,
            active: active[epoch],
            stops: active.get(epoch + 1).copied().unwrap_or(Instant::FAR),
            heard: vec![active[epoch]; replicas + 1],
            heritage: Heritage::Longest((0..heirs).map(|heir| (epoch + heir) % replicas).collect()),
        })
        .collect();
    Reigns::new(replicas, reigns, vec![Vec::new(); replicas], Vec::new()).expect("possible")
}

/// A store at no distance from its client but of the given distances to the replicas after the primary.
pub(crate) fn store(reigns: Reigns, after: &[f64], lag: Law, shipping: Shipping, commit: Commit) -> Store {
    let replicas = reigns.replicas();
    let mut distances = vec![vec![Span::ZERO; replicas + 1]; replicas + 1];
    for (from, row) in distances.iter_mut().enumerate().take(replicas) {
        for (step, distance) in after.iter().enumerate() {
            row[(from + step + 1) % replicas] = seconds(*distance);
        }
    }
    Store {
        reigns,
        distances,
        commit,
        counting: Counting::Everybody,
        shipping,
        lag,
        apply: Law::Fixed(Span::ZERO),
        applies: Apply::LogOrder,
        replay: Span::ZERO,
        legs: Legs::none(),
        patience: Span::HOUR,
        popularity: Popularity::Uniform { keys: 1 },
    }
}

pub(crate) fn session(place: usize, share: f64, rate: f64, reads: ReadFrom) -> Session {
    Session { plan: Plan::Mix { reads: share, think: Law::Exponential { mean: 1.0 / rate } }, place, reads }
}

pub(crate) fn run(store: &Store, sessions: &[Session], seed: u64, until: Instant) -> PrimaryTally {
    PrimaryRun::new(store, sessions, 0, (Seed(seed), Replication(seed))).run(until)
}

/// The mean over replications lies within four standard errors of what is expected.
pub(crate) fn close(what: &str, values: &[f64], expected: f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / (n - 1.0);
    let error = (variance / n).sqrt();
    println!("{what}: {mean:.4} for {expected:.4} +- {error:.4}");
    assert!((mean - expected).abs() <= 4.0 * error + 1e-12, "{what}: {mean} for {expected} +- {error}");
    assert!(error <= 0.02, "{what}: too few trials, {error}");
}

/// Writes at rate l; lags of mean 1/m; the best of two independent exponential lags in log order loses
/// P(A > a) = 1 - 2 exp(-r e^(-m a)) + exp(-r (2 e^(-m a) - e^(-2 m a)/2)), of which the mean number is P(A > 0) + l times
/// the integral (age of the oldest lost write, as for versions behind).
#[test]
fn a_crash_loses_as_many_writes_as_theory_says() {
    let (l, m) = (0.8, 1.25);
    let (rho, exp): (f64, _) = (l / m, libm::exp);
    let older = |a: f64| {
        let gone = exp(-m * a);
        1.0 - 2.0 * exp(-rho * gone) + exp(-rho * (2.0 * gone - gone * gone / 2.0))
    };
    let step = 1e-3;
    let integral: f64 = (0..20_000).map(|i| older((f64::from(i) + 0.5) * step) * step).sum();
    let (fixed, exponential) = (Law::Fixed(Span::ZERO), Law::Exponential { mean: 1.0 / m });
    let asynchronous = (Shipping::Streamed, Commit::Asynchronous);
    let shipped = (Shipping::Every(seconds(3.0)), Commit::Asynchronous);
    let acked = Commit::SemiSynchronous {
        replicas: 1,
        which: Acknowledgers::Any,
        shows: Shows::Acknowledged,
        falls_back: None,
    };
    for (what, replicas, after, lag, (shipping, commit), expected) in [
        ("constant lag", 2, &[0.7][..], &fixed, asynchronous, l * 0.7),
        (
            "exponential lag in log order",
            2,
            &[0.0],
            &exponential,
            asynchronous,
            1.0 - exp(-rho) + l * ein(rho) / m,
        ),
        ("best of two, constant", 3, &[1.1, 0.7], &fixed, asynchronous, l * 0.7),
        ("best of two, exponential", 3, &[0.0, 0.0], &exponential, asynchronous, older(0.0) + l * integral),
        ("shipped every 3 s", 2, &[0.7], &fixed, shipped, l * (1.5 + 0.7)),
        ("semi-synchronous", 3, &[1.1, 0.7], &exponential, (Shipping::Streamed, acked), 0.0),
    ] {
        let lost: Vec<f64> = (0..REPLICATIONS)
            .map(|seed| {
                let reigns = crashes(replicas, replicas - 1, seed);
                let end = reigns.reigns()[CRASHES].active;
                let store = store(reigns, after, lag.clone(), shipping, commit);
                let writer = session(replicas, 0.0, l, ReadFrom::Primary);
                run(&store, &[writer], seed, end).counts.lost as f64 / CRASHES as f64
            })
            .collect();
        close(what, &lost, expected);
    }
}

/// A replica behind by independent exponential lags, in log order: how often reads of it are stale, by how many versions,
/// for how long.
#[test]
fn reads_behind_the_primary_are_as_stale_as_theory_says() {
    let (l, m) = (0.8, 1.25);
    let rho: f64 = l / m;
    let (mut stale, mut behind, mut stale_for) = (Vec::new(), Vec::new(), Vec::new());
    for seed in 0..REPLICATIONS {
        let reigns = Reigns::steady(2, 3, 0);
        let lag = Law::Exponential { mean: 1.0 / m };
        let store = store(reigns, &[0.0], lag, Shipping::Streamed, Commit::Asynchronous);
        let sessions = [session(2, 0.0, l, ReadFrom::Primary), session(2, 1.0, 0.1, ReadFrom::Sticky(1))];
        let counts = run(&store, &sessions, seed, Instant::ZERO + Span::HOUR * 12).counts;
        let reads = counts.reads as f64;
        stale.push(counts.stale as f64 / reads);
        behind.push(counts.versions_behind as f64 / reads);
        stale_for.push(counts.stale_nanos as f64 * 1e-9 / reads);
    }
    let share = 1.0 - libm::exp(-rho);
    close("stale", &stale, share);
    close("versions behind", &behind, share + l * ein(rho) / m);
    close("stale for", &stale_for, ein(rho) / m);
}
