//! Replicas that take each write by itself: closed forms, and what holds whatever happens.

use super::forms::{REPLICATIONS, close, run as run_long, seconds, session, store};
use super::laws::{EVERYWHERE, KEYS, LENGTH, Recount, at_home, run};
use super::random::{self, Kind, Rule, between, lax_commit, luck, ms, stretch};
use models::operations::{
    Action, Apply, Commit, Cut, Heritage, Plan, Popularity, PrimaryRun, ReadFrom, Reign, Reigns, Session,
    Shipping, Store, Stretch,
};
use proptest::prelude::*;
use sim::{Instant, Law, Replication, Seed, Span, Stream};

const SINGLY: [Apply; 2] = [Apply::NewestWins, Apply::LastArrived];

/// The integral of a function from 0 to `end`.
fn integral(end: f64, of: impl Fn(f64) -> f64) -> f64 {
    let step = end / 40_000.0;
    (0..40_000).map(|index| step * of((f64::from(index) + 0.5) * step)).sum()
}

/// Writes at rate l, lags of mean 1/m, r = l/m. If what arrived last is shown, a read is fresh if the newest write, of age a, has
/// arrived, L after it was sent, and no older one has since; their arrivals are Poisson, of mean r (e^(-m L) - e^(-m a)) then. With
/// x = e^(-l a) that is the integral over x from 0 to 1 of (1 - exp(-r (1 - x^(1/r))))/r.
#[test]
fn reads_are_as_stale_as_theory_says_where_writes_are_applied_singly() {
    let (l, m) = (0.8, 1.25);
    let r = l / m;
    let fresh = |x: f64| -libm::expm1(-r * (1.0 - libm::pow(x, 1.0 / r))) / r;
    let behind = (1..60).scan(1.0, |product, j| {
        *product *= l / (l + f64::from(j) * m);
        Some(*product)
    });
    for (applies, share, behind) in [
        (Apply::NewestWins, l / (l + m), Some(behind.sum::<f64>())),
        (Apply::LastArrived, 1.0 - integral(1.0, fresh), None),
    ] {
        let (mut stale, mut versions) = (Vec::new(), Vec::new());
        for seed in 0..REPLICATIONS {
            let store = steady(Law::Exponential { mean: 1.0 / m }, applies);
            let sessions = [session(2, 0.0, l, ReadFrom::Primary), session(2, 1.0, 0.1, ReadFrom::Sticky(1))];
            let counts = run_long(&store, &sessions, seed, Instant::ZERO + Span::HOUR * 12).counts;
            stale.push(counts.stale as f64 / counts.reads as f64);
            versions.push(counts.versions_behind as f64 / counts.reads as f64);
        }
        close(&format!("{applies:?}: stale"), &stale, share);
        if let Some(behind) = behind {
            close(&format!("{applies:?}: versions behind"), &versions, behind);
        }
    }
}

/// So long t after it was acknowledged an own write is missed: if the newest wins, if neither it nor a later one has arrived. If
/// what arrived last is shown, unless that was it or a later one: at y after it was written these arrive at rate m e^(-m y) and
/// l (1 - e^(-m y)), and all others at rate l.
#[test]
fn own_writes_are_missed_as_often_as_theory_says_where_writes_are_applied_singly() {
    let (l, m, t) = (0.8, 1.25, 0.5);
    let gone = |y: f64| libm::exp(-m * y);
    let newest = gone(t) * libm::exp(-l * (t - (1.0 - gone(t)) / m));
    let shows = |y: f64| {
        let later = l * (1.0 - gone(y)) * (1.0 - gone(y) + gone(t));
        (later + m * gone(y)) * libm::exp(-l * (t - y))
    };
    for (applies, missed) in [(Apply::NewestWins, newest), (Apply::LastArrived, 1.0 - integral(t, shows))] {
        let of = |seed| {
            let store = steady(Law::Exponential { mean: 1.0 / m }, applies);
            let plan = Plan::ReadAfterWrite { after: seconds(t), rest: Law::Fixed(seconds(20.0)) };
            let own = Session { plan, place: 2, reads: ReadFrom::Sticky(1) };
            let sessions = [session(2, 0.0, l, ReadFrom::Primary), own];
            let counts = run_long(&store, &sessions, seed, Instant::ZERO + Span::HOUR * 24).counts;
            counts.forgot_own_write as f64 / counts.after_own_write as f64
        };
        close(&format!("{applies:?}"), &(0..REPLICATIONS).map(of).collect::<Vec<_>>(), missed);
    }
}

/// A primary and a replica behind it by such lags.
fn steady(lag: Law, applies: Apply) -> Store {
    let store = store(Reigns::steady(2, 3, 0), &[0.0], lag, Shipping::Streamed, Commit::Asynchronous);
    Store { applies, ..store }
}

#[test]
fn constant_lags_keep_the_order_however_writes_are_applied() {
    let found = [Apply::LogOrder, Apply::NewestWins, Apply::LastArrived].map(|applies| {
        let store = steady(Law::Fixed(seconds(0.7)), applies);
        let sessions = [session(2, 0.5, 1.0, ReadFrom::Primary), session(2, 0.5, 1.0, ReadFrom::Sticky(1))];
        run_long(&store, &sessions, 1, Instant::ZERO + Span::HOUR)
    });
    assert!(found[0].counts.stale > 100 && found[0].counts.went_back == 0);
    assert_eq!(found[0], found[1]);
    assert_eq!(found[0], found[2]);
}

/// One primary for good that is down now and then, among others that may be down or cut off.
fn one_primary(stream: &mut Stream, replicas: usize) -> Reigns {
    let primary = stream.below(replicas as u64) as usize;
    let (mut reigns, mut gaps, mut active): (Vec<Reign>, Vec<Stretch>, i64) = (Vec::new(), Vec::new(), 0);
    for left in (0..between(stream, 1, 3)).rev() {
        let stops = if left == 0 { 1_000_000 } else { active + between(stream, 100, LENGTH / 2) };
        let heard = vec![ms(active); replicas + 1];
        let (from, heritage) = (ms(active), Heritage::Everything);
        reigns.push(Reign { primary, active: from, stops: ms(stops), heard, heritage });
        active = stops + between(stream, 1, 200);
        gaps.extend((left > 0).then_some(Stretch { from: ms(stops), until: ms(active) }));
    }
    let mut down: Vec<Vec<Stretch>> = (0..replicas)
        .map(|_| if stream.chance(0.5) { vec![stretch(stream, LENGTH)] } else { Vec::new() })
        .collect();
    down[primary] = gaps;
    let cuts = (0..stream.below(4)).map(|_| {
        let one = stream.below(replicas as u64) as usize;
        Cut { between: (one, (one + 1) % replicas), during: stretch(stream, LENGTH) }
    });
    Reigns::new(replicas, reigns, down, cuts.collect()).expect("possible")
}

fn random_store(seed: u64, applies: Apply) -> Store {
    let stream = &mut luck(seed, "orders");
    let commit = lax_commit(stream);
    let store = random::store(stream, Kind::Planned, Rule::As(commit), KEYS, LENGTH);
    let reigns = one_primary(stream, store.reigns.replicas());
    Store { reigns, applies, ..store }
}

/// Sessions at replicas that are up throughout.
fn at_living(store: &Store) -> Vec<Session> {
    let up = |replica: &usize| (0..2 * LENGTH).all(|at| store.reigns.serves(*replica, ms(at)));
    (0..store.reigns.replicas()).filter(up).map(at_home).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_replica_where_the_newest_wins_never_shows_an_older_version_again(seed: u64) {
        let store = random_store(seed, Apply::NewestWins);
        let counts = run(&store, &at_living(&store), seed).counts;
        prop_assert_eq!((counts.went_back, counts.lost, counts.stale_after_loss), (0, 0, 0));
    }

    /// Whatever its replicas do, the primary itself goes by its log.
    #[test]
    fn a_primary_shows_its_log_in_order(seed: u64, singly in 0usize..2) {
        let store = random_store(seed, SINGLY[singly]);
        let store = Store { reigns: Reigns::steady(store.reigns.replicas(), store.reigns.places(), 0), ..store };
        let counts = run(&store, &[at_home(0), at_home(0)], seed).counts;
        prop_assert_eq!((counts.forgot_own_write, counts.went_back, counts.stale), (0, 0, 0));
    }

    /// Nothing is forgotten that may show again, and what is shown is judged by its place in the log.
    #[test]
    fn counts_agree_with_a_recount_where_writes_are_applied_singly(seed: u64, singly in 0usize..2) {
        let store = random_store(seed, SINGLY[singly]);
        let sessions = random::sessions(&mut luck(seed, "sessions"), &store, 8, 0.02, &EVERYWHERE);
        let tally = run(&store, &sessions, seed);
        prop_assert_eq!(Recount::of(&tally.history), Recount::told(&tally.counts));
        let counts = tally.counts;
        prop_assert_eq!((counts.lost, counts.vanished, counts.superseded), (0, 0, 0));
    }
}

/// The chances above are real.
#[test]
fn what_arrived_last_is_sometimes_older() {
    let back = |applies| {
        let of = |seed| {
            let store = random_store(seed, applies);
            run(&store, &at_living(&store), seed).counts.went_back
        };
        (0..200).map(of).sum::<u64>()
    };
    assert_eq!([back(Apply::LogOrder), back(Apply::NewestWins)], [0, 0]);
    assert!(back(Apply::LastArrived) > 50);
}

/// The way to the replica is cut from 400 ms to 600 ms, and from 500 ms to 800 ms the primary is down: what was written at 450 ms
/// leaves at 800 ms, and takes 5 ms.
#[test]
fn what_could_not_be_sent_is_sent_by_a_primary_that_is_back() {
    for applies in [Apply::LogOrder, Apply::NewestWins, Apply::LastArrived] {
        let reign = |active: i64, stops: i64| Reign {
            primary: 0,
            active: ms(active),
            stops: ms(stops),
            heard: vec![ms(active); 3],
            heritage: Heritage::Everything,
        };
        let during = |from: i64, until: i64| Stretch { from: ms(from), until: ms(until) };
        let cut = Cut { between: (0, 1), during: during(400, 600) };
        let reigns = vec![reign(0, 500), reign(800, 1_000_000)];
        let reigns = Reigns::new(2, reigns, vec![vec![during(500, 800)], Vec::new()], vec![cut]);
        let lag = Law::Fixed(Span::from_millis(5));
        let store = store(reigns.expect("possible"), &[0.0], lag, Shipping::Streamed, Commit::Asynchronous);
        let store = Store { applies, popularity: Popularity::Uniform { keys: 1 }, ..store };
        let every = |millis: i64| Law::Fixed(Span::from_millis(millis));
        let sessions = [
            Session { plan: Plan::Mix { reads: 0.0, think: every(450) }, place: 2, reads: ReadFrom::Primary },
            Session { plan: Plan::Mix { reads: 1.0, think: every(1) }, place: 1, reads: ReadFrom::Sticky(1) },
        ];
        let tally = PrimaryRun::new(&store, &sessions, 1, (Seed(1), Replication(0))).run(ms(890));
        let first = tally.history.lines().iter().find(|line| line.action == Action::Read(Some(Some(1))));
        assert_eq!(first.map(|line| line.at), Some(ms(805)), "{applies:?}");
    }
}
