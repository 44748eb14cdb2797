//! The operation engine against closed forms, and against the published model of partial quorums.

use models::operations::{Apply, Asked, Client, Legs, Operations, Plan, Popularity, Quorum, Tally};
use sim::{Instant, Law, Replication, Seed, Span, Stream, StreamName};

const MS: f64 = 1e-3;

fn fixed(seconds: f64) -> Law {
    Law::Fixed(Span::from_seconds(seconds))
}

fn exponential(mean: f64) -> Law {
    Law::Exponential { mean }
}

fn alike(law: Law) -> Legs {
    Legs { write: law.clone(), ack: law.clone(), read: law.clone(), response: law }
}

fn hours(count: i64) -> Instant {
    Instant::ZERO + Span::HOUR * count
}

fn tally(quorum: &Quorum, apply: Apply, clients: &[Client], until: Instant) -> Tally {
    let popularity = Popularity::Uniform { keys: 1 };
    Operations::new(quorum, apply, &popularity, clients, (Seed(11), Replication(0))).run(until)
}

/// A share of so many trials lies within four standard errors of what is expected.
fn close(what: &str, hits: u64, trials: u64, expected: f64) {
    let share = hits as f64 / trials as f64;
    let error = (expected * (1.0 - expected) / trials as f64).sqrt();
    assert!(
        (share - expected).abs() < 4.0 * error + 1e-9,
        "{what}: {share} for {expected} +- {error} of {trials}"
    );
}

/// A primary that shows its own writes at once, and one replica behind it.
fn primary_and_replica(lag: Law) -> Quorum {
    let at_once = alike(fixed(0.0));
    let behind = Legs { write: lag, ..alike(fixed(0.0)) };
    Quorum {
        legs: vec![at_once, behind],
        distances: vec![vec![Span::ZERO; 2]],
        write: 1,
        read: 1,
        asked: Asked::Named(1),
    }
}

fn writer(rate: f64) -> Client {
    let plan = Plan::Mix { reads: 0.0, think: exponential(1.0 / rate) };
    Client { plan, places: vec![0], ahead: Span::ZERO }
}

fn reader(rate: f64) -> Client {
    let plan = Plan::Mix { reads: 1.0, think: exponential(1.0 / rate) };
    Client { plan, places: vec![0], ahead: Span::ZERO }
}

/// Reads of a replica behind a primary whose key is written at rate l: the last write has not arrived with probability
/// 1 - exp(-l d) under a lag of d; l / (l + m) under lags of mean 1/m if the newest wins; 1 - exp(-l / m) if it waits for
/// all before it (the busy period of M/G/infinity).
#[test]
fn reads_of_a_lagging_replica_are_stale_as_often_as_theory_says() {
    let (l, m) = (0.8, 1.25);
    let exp = libm::exp;
    // The integral of (1 - e^-u)/u from 0 to z.
    let ein = |z: f64| {
        (1..60)
            .fold((0.0, 1.0, -1.0), |(sum, power, sign), n| {
                let power = power * z / f64::from(n);
                (sum - sign * power / f64::from(n), power, -sign)
            })
            .0
    };
    let rho: f64 = l / m;
    let newest_behind = (1..60)
        .fold((0.0, 1.0), |(sum, product), j| {
            let product = product * l / (l + f64::from(j) * m);
            (sum + product, product)
        })
        .0;
    for (what, lag, apply, stale, behind) in [
        ("constant", fixed(0.7), Apply::NewestWins, 1.0 - exp(-l * 0.7), l * 0.7),
        ("exponential, newest wins", exponential(1.0 / m), Apply::NewestWins, l / (l + m), newest_behind),
        (
            "exponential, log order",
            exponential(1.0 / m),
            Apply::LogOrder,
            1.0 - exp(-rho),
            1.0 - exp(-rho) + l * ein(rho) / m,
        ),
    ] {
        let quorum = primary_and_replica(lag);
        // One reader reads seldom enough for its reads to be independent.
        let counts = tally(&quorum, apply, &[writer(l), reader(0.05)], hours(400)).counts;
        close(what, counts.stale, counts.reads, stale);
        let mean = counts.versions_behind as f64 / counts.reads as f64;
        assert!((mean / behind - 1.0).abs() < 0.03, "{what}: {mean} versions behind for {behind}");
    }
}

/// A client reads a lagging replica some time after its own write, while others write: it misses its write if that has
/// not arrived, nor anything newer.
#[test]
fn own_writes_are_missed_as_often_as_theory_says() {
    let (l, m, after) = (0.8, 1.25, 0.5);
    let exp = libm::exp;
    let gone = exp(-m * after);
    for (what, apply, missed) in [
        ("newest wins", Apply::NewestWins, gone * exp(-l * (after - (1.0 - gone) / m))),
        ("log order", Apply::LogOrder, 1.0 - (1.0 - gone) * exp(-l / m * gone)),
    ] {
        let quorum = primary_and_replica(exponential(1.0 / m));
        let plan = Plan::ReadAfterWrite { after: Span::from_seconds(after), rest: fixed(20.0) };
        let session = Client { plan, places: vec![0], ahead: Span::ZERO };
        let counts = tally(&quorum, apply, &[writer(l), session], hours(400)).counts;
        close(what, counts.forgot_own_write, counts.after_own_write, missed);
    }
}

/// With R + W > N and nobody failing, every read meets every acknowledged write.
#[test]
fn quorums_that_overlap_are_never_stale() {
    for (read, write) in [(2, 2), (1, 3), (3, 1)] {
        for asked in [Asked::All, Asked::JustEnough] {
            let quorum = Quorum {
                legs: vec![alike(exponential(0.02)); 3],
                distances: vec![vec![Span::from_millis(3); 3]],
                write,
                read,
                asked,
            };
            let clients: Vec<Client> = (0..6)
                .map(|_| Client {
                    plan: Plan::Mix { reads: 0.6, think: exponential(0.01) },
                    places: vec![0],
                    ahead: Span::ZERO,
                })
                .collect();
            let counts =
                tally(&quorum, Apply::NewestWins, &clients, Instant::ZERO + Span::MINUTE * 20).counts;
            assert!(counts.reads > 10_000);
            assert_eq!((counts.stale, counts.forgot_own_write), (0, 0), "R={read} W={write} {asked:?}");
        }
    }
}

/// One of the published fits: the law of a write's way to a replica, that of the three other messages, and the distance
/// to replicas elsewhere, in seconds (Bailis et al., VLDB 2012, table 3; the shape of YMMR's tail is 3.5 in the authors'
/// simulator, which their results need).
struct Fit {
    name: &'static str,
    write: Law,
    others: Law,
    far: f64,
}

fn fit_of(exponential_share: f64, rate_per_ms: f64, low: f64, shape: f64) -> Law {
    let body = Law::Pareto { shape, low: low * MS };
    Law::Mixture(vec![(1.0 - exponential_share, body), (exponential_share, exponential(MS / rate_per_ms))])
}

fn fits() -> [Fit; 4] {
    let ssd = || fit_of(0.0878, 1.66, 0.235, 10.0);
    let disk = || fit_of(0.62, 0.183, 1.05, 1.51);
    [
        Fit { name: "LNKD-SSD", write: ssd(), others: ssd(), far: 0.0 },
        Fit { name: "LNKD-DISK", write: disk(), others: ssd(), far: 0.0 },
        Fit {
            name: "YMMR",
            write: fit_of(0.061, 0.0028, 3.0, 3.5),
            others: fit_of(0.018, 0.0217, 1.5, 3.8),
            far: 0.0,
        },
        Fit { name: "WAN", write: disk(), others: ssd(), far: 75.0 * MS },
    ]
}

/// The model as published, replica by replica: a write sent at 0 is acknowledged when `w` acknowledgements are in; a read
/// sent `t` later is consistent if one of the first `r` replicas to respond had the write when it looked.
fn published(fit: &Fit, r: usize, w: usize, t: f64, stream: &mut Stream) -> bool {
    let draw = |law: &Law, stream: &mut Stream| law.sample(stream).seconds();
    let (near_write, near_read) = (stream.below(3) as usize, stream.below(3) as usize);
    let far = |near: usize, replica: usize| if near == replica { 0.0 } else { fit.far };
    let arrivals: [f64; 3] = std::array::from_fn(|i| draw(&fit.write, stream) + far(near_write, i));
    let mut acks: Vec<f64> =
        (0..3).map(|i| arrivals[i] + draw(&fit.others, stream) + far(near_write, i)).collect();
    acks.sort_by(f64::total_cmp);
    let sent = acks[w - 1] + t;
    let mut responses: Vec<(f64, bool)> = (0..3)
        .map(|i| {
            let looked = draw(&fit.others, stream) + far(near_read, i);
            (looked + draw(&fit.others, stream) + far(near_read, i), arrivals[i] <= sent + looked)
        })
        .collect();
    responses.sort_by(|a, b| a.0.total_cmp(&b.0));
    responses[..r].iter().any(|(_, fresh)| *fresh)
}

fn engine(fit: &Fit, r: usize, w: usize, t: f64, writes: i64) -> Tally {
    let far = Span::from_seconds(fit.far);
    let distance = |place: usize, replica: usize| if place == replica { Span::ZERO } else { far };
    let legs = Legs { write: fit.write.clone(), ..alike(fit.others.clone()) };
    let quorum = Quorum {
        legs: vec![legs; 3],
        distances: (0..3).map(|place| (0..3).map(|replica| distance(place, replica)).collect()).collect(),
        write: w,
        read: r,
        asked: Asked::All,
    };
    // The rest lets all messages of one write arrive before the next.
    let rest = Span::HOUR;
    let plan = Plan::ReadAfterWrite { after: Span::from_seconds(t), rest: Law::Fixed(rest) };
    let client = Client { plan, places: vec![0, 1, 2], ahead: Span::ZERO };
    tally(&quorum, Apply::NewestWins, &[client], Instant::ZERO + rest * writes)
}

/// Probabilities at fixed times. The published *times* until 99.9 % are not compared: each is the first crossing of a
/// noisy curve, which is early.
#[test]
fn partial_quorums_are_as_consistent_as_published() {
    const WRITES: i64 = 8_000;
    for fit in &fits() {
        for (r, w) in [(1, 1), (1, 2), (2, 1), (2, 2)] {
            for t in [0.0, 1.0, 10.0, 100.0] {
                let counts = engine(fit, r, w, t * MS, WRITES).counts;
                let mut stream = Stream::new(Seed(3), Replication(0), StreamName::of(fit.name, "published"));
                let trials = 4 * WRITES as u64;
                let hits = (0..trials).filter(|_| published(fit, r, w, t * MS, &mut stream)).count();
                let theirs = hits as f64 / trials as f64;
                let ours = 1.0 - counts.stale as f64 / counts.reads as f64;
                let variance = |p: f64, n: f64| (p * (1.0 - p)).max(1e-5) / n;
                let error = (variance(theirs, trials as f64) + variance(theirs, counts.reads as f64)).sqrt();
                assert!(
                    (ours - theirs).abs() < 4.0 * error,
                    "{} R={r} W={w} t={t}: {ours} for {theirs}",
                    fit.name
                );
            }
        }
    }
}
