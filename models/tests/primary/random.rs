//! Random reigns and stores, for tests.

use models::operations::{
    Apply, Commit, Cut, Heritage, Legs, Plan, Popularity, ReadFrom, Reign, Reigns, Session, Shipping, Shows,
    Store, Stretch, Votes,
};
use models::specification::{Acknowledgers, Counting};
use sim::{Instant, Law, Replication, Seed, Span, Stream, StreamName};
use std::cmp::Ordering;

/// How reigns follow on each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// By a quorum; old leaders may go on.
    Quorum,
    /// By a quorum, and old leaders have stopped.
    QuorumFenced,
    /// From whatever replica's log; old primaries may go on.
    Any,
    /// From whatever replica's log; old primaries have stopped.
    Fenced,
    /// With everything handed over.
    Planned,
    /// From the best log of all but the old primary, which has stopped.
    Others,
}

/// When writes are acknowledged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Rule {
    /// Like this.
    As(Commit),
    /// By a quorum of votes: one for each replica, or any number.
    Agreed,
}

pub(crate) fn ms(millis: i64) -> Instant {
    Instant::ZERO + Span::from_millis(millis)
}

pub(crate) fn luck(seed: u64, purpose: &str) -> Stream {
    Stream::new(Seed(seed), Replication(0), StreamName::of("stores", purpose))
}

pub(crate) fn between(stream: &mut Stream, low: i64, high: i64) -> i64 {
    low + stream.below((high - low).max(0) as u64 + 1) as i64
}

/// Some of so many, at least `least`, one of them `first`.
fn some_of(stream: &mut Stream, of: usize, least: usize, first: usize) -> Vec<usize> {
    let mut chosen = vec![first];
    let size = between(stream, least as i64, of as i64) as usize;
    while chosen.len() < size {
        let one = stream.below(of as u64) as usize;
        if !chosen.contains(&one) {
            chosen.push(one);
        }
    }
    chosen
}

/// A bare majority of replicas, or any votes with any quorum.
fn votes(stream: &mut Stream, replicas: usize) -> Votes {
    if stream.chance(0.3) {
        return Votes::alike(replicas);
    }
    let of: Vec<u32> = (0..replicas).map(|_| stream.below(4) as u32).collect();
    let all: u32 = of.iter().sum();
    let quorum = all / 2 + 1 + stream.below(u64::from(all / 2) + 1) as u32;
    Votes::new(&of, quorum.min(all)).unwrap_or(Votes::alike(replicas))
}

/// Some replicas that have a quorum, one of them `first`.
fn quorum_of(stream: &mut Stream, of: usize, votes: &Votes, first: usize) -> Vec<usize> {
    let mut chosen = some_of(stream, of, 1, first);
    while !votes.are_met_by(&chosen) {
        let one = stream.below(of as u64) as usize;
        if !chosen.contains(&one) {
            chosen.push(one);
        }
    }
    chosen
}

/// Reigns over `replicas` replicas and one place more, within about `length` milliseconds.
fn reigns(stream: &mut Stream, kind: Kind, (replicas, votes): (usize, &Votes), length: i64) -> Reigns {
    let places = replicas + 1;
    let fenced = matches!(kind, Kind::QuorumFenced | Kind::Fenced | Kind::Planned | Kind::Others);
    let count = between(stream, 1, 4) as usize;
    let mut active: Vec<i64> = vec![0];
    let (mut primaries, mut heard) = (vec![stream.below(replicas as u64) as usize], vec![vec![0; places]]);
    let mut heritages = vec![Heritage::Everything];
    for _ in 1..count {
        let before = *active.last().unwrap();
        let now = before + between(stream, length / 20 + 1, length / 2);
        let old = primaries[primaries.len() - 1];
        let mut primary = stream.below(replicas as u64) as usize;
        if kind == Kind::Others && primary == old {
            primary = (old + 1) % replicas;
        }
        let heirs = match kind {
            Kind::Others => (0..replicas).filter(|replica| *replica != old).collect(),
            Kind::Quorum | Kind::QuorumFenced => quorum_of(stream, replicas, votes, primary),
            Kind::Any | Kind::Fenced | Kind::Planned => some_of(stream, replicas, 1, primary),
        };
        let mut hears: Vec<i64> = (0..places).map(|_| now + between(stream, -20, length / 3)).collect();
        for heir in &heirs {
            hears[*heir] = between(stream, before, now);
        }
        // Who has heard of this epoch takes nothing from earlier ones.
        for earlier in &mut heard {
            earlier.iter_mut().zip(&hears).for_each(|(earlier, hears)| *earlier = (*earlier).min(*hears));
        }
        active.push(now);
        primaries.push(primary);
        heard.push(hears);
        heritages.push(if kind == Kind::Planned { Heritage::Everything } else { Heritage::Longest(heirs) });
    }
    let stops: Vec<i64> = (0..count)
        .map(|epoch| {
            let Some(next) = active.get(epoch + 1) else { return 1_000_000 };
            let wanted = if fenced {
                between(stream, active[epoch], *next)
            } else {
                next + between(stream, -50, length / 3)
            };
            // Whoever is to have a say in a later reign has stopped by then; else it may go on although its place has heard.
            let chosen = |later: &usize| match &heritages[*later] {
                _ if primaries[*later] == primaries[epoch] => true,
                Heritage::Everything => false,
                Heritage::Longest(heirs) => heirs.contains(&primaries[epoch]),
            };
            let last = (epoch + 1..count).find(chosen).map_or(1_000_000, |later| active[later]);
            let hears = if stream.chance(0.5) { heard[epoch + 1][primaries[epoch]] } else { last };
            wanted.min(hears).min(last).max(active[epoch])
        })
        .collect();
    let all: Vec<Reign> = (0..count)
        .map(|epoch| Reign {
            primary: primaries[epoch],
            active: ms(active[epoch]),
            stops: ms(stops[epoch]),
            heard: heard[epoch].iter().map(|at| ms(*at)).collect(),
            heritage: heritages[epoch].clone(),
        })
        .collect();
    let down = (0..replicas).map(|replica| downs(stream, &all, replica, length)).collect();
    let cuts = (0..stream.below(4))
        .map(|_| {
            let one = stream.below(places as u64) as usize;
            let other = (one + 1 + stream.below(places as u64 - 1) as usize) % places;
            Cut { between: (one, other), during: stretch(stream, length) }
        })
        .collect();
    let rebuilt = (0..replicas).map(|replica| rebuilt(stream, &all, replica, length)).collect();
    let reigns = Reigns::new(replicas, all, down, cuts).expect("made to be possible");
    reigns.rebuilding(rebuilt).expect("made to be possible")
}

/// When a replica is rebuilt after having reigned, if it is: once it has stopped and heard of the next, and before it has a say
/// in a later reign.
fn rebuilt(stream: &mut Stream, reigns: &[Reign], replica: usize, length: i64) -> Vec<Stretch> {
    let chosen = |reign: &&Reign| match &reign.heritage {
        Heritage::Longest(heirs) => heirs.contains(&replica) || reign.primary == replica,
        Heritage::Everything => reign.primary == replica,
    };
    let Some(last) = reigns.iter().rposition(|reign| reign.primary == replica) else { return Vec::new() };
    let Some(next) = reigns.get(last + 1) else { return Vec::new() };
    let from = reigns[last].stops.max(next.active).max(next.heard[replica]);
    let until = from + Span::from_millis(between(stream, 1, length / 4));
    let before = reigns[last + 1..].iter().find(chosen).map_or(Instant::FAR, |reign| reign.active);
    let until = until.min(before);
    if from < until && stream.chance(0.5) { vec![Stretch { from, until }] } else { Vec::new() }
}

pub(crate) fn stretch(stream: &mut Stream, length: i64) -> Stretch {
    let from = between(stream, 0, length);
    Stretch { from: ms(from), until: ms(from + between(stream, 1, length / 3)) }
}

fn downs(stream: &mut Stream, reigns: &[Reign], replica: usize, length: i64) -> Vec<Stretch> {
    let reigning = |down: &Stretch| {
        reigns.iter().any(|r| r.primary == replica && r.active < down.until && down.from < r.stops)
    };
    let down = stretch(stream, length);
    if stream.chance(0.5) || reigning(&down) { Vec::new() } else { vec![down] }
}

/// Up to 20 ms, the same both ways.
fn distances(stream: &mut Stream, places: usize) -> Vec<Vec<Span>> {
    let below: Vec<Vec<Span>> = (0..places)
        .map(|place| (0..place).map(|_| Span::from_millis(between(stream, 0, 20))).collect())
        .collect();
    let from = |one: usize, other: usize| match one.cmp(&other) {
        Ordering::Equal => Span::ZERO,
        Ordering::Less => below[other][one],
        Ordering::Greater => below[one][other],
    };
    (0..places).map(|one| (0..places).map(|other| from(one, other)).collect()).collect()
}

/// A store with random distances and delays, over reigns of a kind.
pub(crate) fn store(stream: &mut Stream, kind: Kind, rule: Rule, keys: u32, length: i64) -> Store {
    let replicas = between(stream, 2, 5) as usize;
    let places = replicas + 1;
    let votes = votes(stream, replicas);
    let commit = match rule {
        Rule::As(commit) => commit,
        Rule::Agreed => Commit::Consensus(votes),
    };
    let reigns = reigns(stream, kind, (replicas, &votes), length);
    let distances = distances(stream, places);
    let mut law = |mean: f64| match stream.below(3) {
        0 => Law::Fixed(Span::ZERO),
        1 => Law::Fixed(Span::from_seconds(mean)),
        _ => Law::Exponential { mean },
    };
    let (lag, apply, message) = (law(0.03), law(0.01), law(0.005));
    let shipping =
        if stream.chance(0.2) { Shipping::Every(Span::from_millis(50)) } else { Shipping::Streamed };
    Store {
        reigns,
        distances,
        commit,
        counting: Counting::Everybody,
        shipping,
        lag,
        apply,
        applies: Apply::LogOrder,
        replay: Span::from_millis(between(stream, 0, 2)),
        legs: Legs::alike(message),
        patience: Span::from_millis(between(stream, 30, 200)),
        popularity: Popularity::Uniform { keys },
    }
}

/// Sessions at random places, with reads that go where `reads` says.
pub(crate) fn sessions(
    stream: &mut Stream,
    store: &Store,
    count: usize,
    think: f64,
    reads: &[ReadFrom],
) -> Vec<Session> {
    let places = store.reigns.places() as u64;
    (0..count)
        .map(|_| Session {
            plan: Plan::Mix { reads: 0.5, think: Law::Exponential { mean: think } },
            place: stream.below(places) as usize,
            reads: reads[stream.below(reads.len() as u64) as usize],
        })
        .collect()
}

/// Any rule of acknowledgement but consensus.
pub(crate) fn lax_commit(stream: &mut Stream) -> Commit {
    let which = [Acknowledgers::Any, Acknowledgers::First][stream.below(2) as usize];
    let semi = |shows, falls_back| Commit::SemiSynchronous { replicas: 1, which, shows, falls_back };
    match stream.below(5) {
        0 | 1 => Commit::Asynchronous,
        2 => semi(Shows::Accepted, None),
        3 => semi(Shows::Acknowledged, None),
        _ => semi(Shows::Accepted, Some(Span::from_millis(20))),
    }
}
