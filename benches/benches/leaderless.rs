//! Operations a second on stores that many may write: `cargo bench -p benches --bench leaderless`. Median of five rounds.

use models::operations::leaderless::{
    Conditions, Hints, Level, ReadRepair, Run, Session, Store, Troubles, Turns,
};
use models::operations::{Cut, Popularity, Stretch};
use sim::{Instant, Law, Replication, Seed, Span};
use std::time::Instant as Clock;

const ROUNDS: u64 = 5;
/// Simulated seconds of a round.
const SECONDS: i64 = 400;
const SESSIONS: usize = 100;
const KEYS: u32 = 10_000;

fn main() {
    let calm = |places| Troubles::none(places, places * 3);
    print("3 places of 3, local quorum, calm", &cassandra(3, calm(3), Level::LocalQuorum));
    print("3 places of 3, quorum, calm", &cassandra(3, calm(3), Level::Quorum));
    print("3 places of 3, local quorum, troubled", &cassandra(3, troubled(3), Level::LocalQuorum));
    print("3 places of 3, quorum, troubled", &cassandra(3, troubled(3), Level::Quorum));
    print("3 primaries, calm", &primaries(Troubles::none(3, 3)));
    let mut cut = Troubles::none(3, 3);
    cut.cuts.push(Cut { between: (0, 1), during: stretch(100, 200) });
    print("3 primaries, cut for a quarter", &primaries(cut));
    print("2 primaries, one key, cut for long", &one_key());
}

fn at(seconds: i64) -> Instant {
    Instant::ZERO + Span::from_secs(seconds)
}

fn stretch(from: i64, until: i64) -> Stretch {
    Stretch { from: at(from), until: at(until) }
}

/// A replica down for a minute, a place cut off for a minute.
fn troubled(places: usize) -> Troubles {
    let mut troubles = Troubles::none(places, places * 3);
    troubles.down[0].push(stretch(60, 120));
    troubles.cuts.extend((1..places).map(|other| Cut { between: (0, other), during: stretch(200, 260) }));
    troubles
}

fn distances(places: usize) -> Vec<Vec<Span>> {
    let between = |one: usize, other: usize| Span::from_millis(if one == other { 0 } else { 20 });
    (0..places).map(|one| (0..places).map(|other| between(one, other)).collect()).collect()
}

fn cassandra(places: usize, troubles: Troubles, level: Level) -> Store {
    let at = (0..places * 3).map(|replica| replica / 3).collect();
    let conditions = Conditions::new(places, at, troubles).expect("possible");
    let mut store = Store::plain(conditions, distances(places), level, level);
    let leg = Law::Exponential { mean: 0.001 };
    (store.legs.write, store.legs.ack) = (leg.clone(), leg.clone());
    (store.legs.read, store.legs.response) = (leg.clone(), leg);
    store.conviction = Law::Fixed(Span::from_secs(18));
    store.hints = Some(Hints { window: Span::HOUR * 3, delay: Span::SECOND });
    store.read_repair = ReadRepair::Blocking;
    store.popularity = Popularity::Zipf { keys: KEYS, exponent: 0.99 };
    store
}

fn primaries(troubles: Troubles) -> Store {
    let conditions = Conditions::new(3, vec![0, 1, 2], troubles).expect("possible");
    let mut store = Store::multi_primary(conditions, distances(3)).expect("possible");
    store.legs.write = Law::Exponential { mean: 0.005 };
    store.popularity = Popularity::Zipf { keys: KEYS, exponent: 0.99 };
    store
}

/// Two primaries that are cut off from each other for most of the time, all writing the same key.
fn one_key() -> Store {
    let mut troubles = Troubles::none(2, 2);
    troubles.cuts.push(Cut { between: (0, 1), during: stretch(20, 380) });
    let conditions = Conditions::new(2, vec![0, 1], troubles).expect("possible");
    Store::multi_primary(conditions, distances(2)).expect("possible")
}

fn print(what: &str, store: &Store) {
    let session = |index: usize| Session {
        place: index % store.conditions.places(),
        turns: Turns::Nearest,
        reads: 0.9,
        updates: 0.0,
        think: Law::Exponential { mean: 0.05 },
    };
    let sessions: Vec<Session> = (0..SESSIONS).map(session).collect();
    let mut rounds: Vec<f64> = (0..ROUNDS)
        .map(|seed| {
            let start = Clock::now();
            let tally = Run::new(store, &sessions, 0, (Seed(seed), Replication(0))).run(at(SECONDS));
            let counts = &tally.counts;
            let operations = counts.reads + counts.writes + counts.failed_reads + counts.unknown_writes;
            operations as f64 / start.elapsed().as_secs_f64() / 1e6
        })
        .collect();
    rounds.sort_unstable_by(f64::total_cmp);
    println!("{what:<40} {:>6.2} M operations/s", rounds[rounds.len() / 2]);
}
