//! Random stores, troubles and sessions.

use super::make::distances;
use models::operations::leaderless::{
    Asks, Clock, Conditions, Hints, Level, Loss, ReadRepair, Return, Session, Store, Troubles, Turns,
};
use models::operations::{Cut, Legs, Popularity, Stretch};
use sim::{Instant, Law, Span, Stream};

/// Milliseconds that a small history lasts.
pub(crate) const LENGTH: i64 = 1500;

pub(crate) fn ms(millis: i64) -> Instant {
    Instant::ZERO + Span::from_millis(millis)
}

pub(crate) fn between(stream: &mut Stream, low: i64, high: i64) -> i64 {
    low + stream.below((high - low).max(0) as u64 + 1) as i64
}

pub(crate) fn one_of<T: Clone>(stream: &mut Stream, all: &[T]) -> T {
    all[stream.below(all.len() as u64) as usize].clone()
}

/// Up to `count` stretches in order, the last sometimes for good.
fn stretches(stream: &mut Stream, count: i64, for_good: f64) -> Vec<Stretch> {
    let mut all = Vec::new();
    let mut from = 0;
    for _ in 0..between(stream, 0, count) {
        from += between(stream, 1, LENGTH / 2);
        let until = from + between(stream, 1, LENGTH / 3);
        all.push(Stretch { from: ms(from), until: ms(until) });
        from = until;
    }
    if let Some(last) = all.last_mut().filter(|_| stream.chance(for_good)) {
        last.until = Instant::FAR;
    }
    all
}

fn losses(stream: &mut Stream, down: &[Stretch]) -> Vec<Loss> {
    let mut all: Vec<Loss> = Vec::new();
    let lone = stream.chance(0.1).then(|| ms(between(stream, 1, LENGTH)) + Span::NANOSECOND);
    for at in down.iter().map(|down| down.from).chain(lone) {
        match stream.below(4) {
            0 => all.push(Loss::of_disk(at)),
            1 => {
                let every = Span::from_millis(between(stream, 1, 400));
                let phase = Span::from_nanos(stream.below(every.nanos() as u64) as i64);
                all.push(Loss::of_log(at, every, phase));
            }
            _ => (),
        }
    }
    all.sort_by_key(|loss| loss.at);
    all.dedup_by_key(|loss| loss.at);
    all
}

/// One to three replicas at most places.
pub(crate) fn replicas(stream: &mut Stream, places: usize) -> Vec<usize> {
    let most = one_of(stream, &[1, 1, 2, 3]);
    let mut all = Vec::new();
    for place in 0..places {
        let count = between(stream, 1, most) as usize;
        if place < 2 || stream.chance(0.6) {
            all.extend(vec![place; count]);
        }
    }
    all.truncate(7);
    all
}

pub(crate) fn troubles(stream: &mut Stream, places: usize, replicas_at: &[usize]) -> Troubles {
    let mut all = Troubles::none(places, replicas_at.len());
    for replica in 0..replicas_at.len() {
        all.down[replica] = stretches(stream, 2, 0.2);
        all.losses[replica] = losses(stream, &all.down[replica].clone());
    }
    for place in 0..places {
        all.closed[place] = stretches(stream, 1, 0.1);
        if stream.chance(0.3) {
            all.destroyed[place].push(ms(between(stream, 1, LENGTH)));
        }
    }
    if stream.chance(0.3) {
        let place = stream.below(places as u64) as usize;
        all.forgotten[place].push(ms(between(stream, 1, LENGTH)));
    }
    // A whole place goes down now and then, with or without its disks.
    if stream.chance(0.5) {
        let (place, down) = (stream.below(places as u64) as usize, stretches(stream, 1, 0.3));
        let disks = stream.chance(0.5);
        for replica in (0..replicas_at.len()).filter(|replica| replicas_at[*replica] == place) {
            all.down[replica] = down.clone();
            all.losses[replica] =
                down.iter().filter(|_| disks).map(|down| Loss::of_disk(down.from)).collect();
        }
        all.destroyed[place] = down.iter().filter(|_| disks).map(|down| down.from).collect();
        all.closed[place] = down;
    }
    for _ in 0..between(stream, 0, 3) {
        let one = stream.below(places as u64) as usize;
        let other = (one + 1 + stream.below(places.max(2) as u64 - 1) as usize) % places;
        let during = stretches(stream, 1, 0.05);
        if one != other {
            all.cuts.extend(during.into_iter().map(|during| Cut { between: (one, other), during }));
        }
    }
    all
}

fn law(stream: &mut Stream, mean: f64) -> Law {
    match stream.below(4) {
        0 => Law::Fixed(Span::ZERO),
        1 => Law::Fixed(Span::from_seconds(mean) + Span::from_nanos(stream.below(1000) as i64)),
        _ => Law::Exponential { mean },
    }
}

fn level(stream: &mut Stream) -> Level {
    use Level::{All, EachQuorum, LocalOne, LocalQuorum, One, Quorum, Three, Two};
    one_of(stream, &[One, One, Two, Three, Quorum, Quorum, All, LocalOne, LocalOne, LocalQuorum, EachQuorum])
}

/// Everything at random, over these conditions.
pub(crate) fn store(stream: &mut Stream, conditions: Conditions) -> Store {
    let places = conditions.places();
    let lengths: Vec<f64> = (0..places * places).map(|_| 0.03 * stream.uniform()).collect();
    let far = distances(places, |one, other| lengths[one * places + other]);
    let mut store = Store::plain(conditions, far, level(stream), level(stream));
    store.asks = one_of(stream, &[Asks::All, Asks::JustEnough, Asks::OneMore]);
    store.legs = Legs {
        write: law(stream, 0.02),
        ack: law(stream, 0.004),
        read: law(stream, 0.004),
        response: law(stream, 0.004),
    };
    store.within = stream.chance(0.3).then(|| law(stream, 0.001));
    store.message = law(stream, 0.002);
    store.conviction = one_of(
        stream,
        &[
            Law::Fixed(Span::ZERO),
            Law::Fixed(Span::from_millis(80)),
            Law::Exponential { mean: 0.1 },
            Law::Fixed(Span::FOREVER),
        ],
    );
    store.read_timeout = Span::from_millis(between(stream, 20, 150));
    store.write_timeout = Span::from_millis(between(stream, 20, 150));
    let delay = Span::from_millis(between(stream, 0, 40));
    let window = one_of(stream, &[Span::FOREVER, Span::from_millis(150)]);
    store.hints = stream.chance(0.6).then_some(Hints { window, delay });
    store.read_repair = one_of(stream, &[ReadRepair::None, ReadRepair::Blocking]);
    store.anti_entropy = stream.chance(0.3).then(|| Span::from_millis(between(stream, 50, 400)));
    store.returns = one_of(stream, &[Return::Empty, Return::Rebuilt]);
    if stream.chance(0.5) {
        store.ahead = (0..places).map(|_| Span::from_millis(between(stream, -60, 60))).collect();
    }
    store.clock = one_of(stream, &[Clock::Wall, Clock::Wall, Clock::Hybrid]);
    store.popularity = Popularity::Uniform { keys: between(stream, 1, 3) as u32 };
    store
}

/// Sessions with any habits.
pub(crate) fn sessions(stream: &mut Stream, places: usize, count: usize) -> Vec<Session> {
    let mean = one_of(stream, &[0.002, 0.01, 0.03, 0.03]);
    (0..count)
        .map(|_| {
            let place = stream.below(places as u64) as usize;
            let home = stream.below(places as u64) as usize;
            let turns = one_of(stream, &[Turns::Nearest, Turns::Sticky(home), Turns::Uniform]);
            let think = Law::Exponential { mean };
            Session { place, turns, reads: 0.45, updates: 0.2, think }
        })
        .collect()
}
