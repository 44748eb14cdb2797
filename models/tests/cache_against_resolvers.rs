//! Caches against resolvers simulated one by one, and against closed forms.

use models::cache::{AnswerId, Cache, Connections, Curve, Share, afresh_share};
use proptest::prelude::*;
use sim::{Instant, Replication, Seed, Span, Stream, StreamName};
use std::collections::{BTreeMap, VecDeque};

const FIRST: AnswerId = AnswerId(0);

#[derive(Clone, Copy, Debug)]
enum Told {
    Answer(AnswerId),
    Authority(bool),
    /// Nothing changes; the cache is only brought there.
    Advance,
}

/// What is told when, sorted by instant (nanoseconds).
type History = Vec<(i64, Told)>;

/// How many resolvers have each answer.
type Counts = BTreeMap<Option<AnswerId>, i64>;

fn at(nanos: i64) -> Instant {
    Instant::from_nanos(nanos)
}

/// One resolver.
#[derive(Clone, Copy)]
struct Resolver {
    answer: AnswerId,
    /// Tick at which its entry expires.
    expiry: i64,
}

/// One resolver for each nanosecond of the TTL, in ticks of half a nanosecond.
///
/// They start at odd ticks while changes come at even ones, so that a resolver stands for exactly the nanosecond of
/// phases around it, and its count at even ticks is that of a continuum. A TTL of zero has one, which asks every tick.
struct Population {
    ttl: i64,
    stale: i64,
    resolvers: Vec<Resolver>,
    answer: AnswerId,
    up: bool,
}

impl Population {
    fn new(ttl: i64, stale: i64) -> Self {
        let resolvers =
            (0..ttl.max(1)).map(|k| Resolver { answer: FIRST, expiry: if ttl > 0 { 2 * k + 1 } else { 0 } });
        Population { ttl, stale, resolvers: resolvers.collect(), answer: FIRST, up: true }
    }

    fn tell(&mut self, told: Told) {
        match told {
            Told::Answer(answer) => self.answer = answer,
            Told::Authority(up) => self.up = up,
            Told::Advance => {}
        }
    }

    fn counts(&mut self, tick: i64) -> Counts {
        let mut counts = Counts::new();
        for resolver in &mut self.resolvers {
            if self.up && resolver.expiry <= tick {
                *resolver = Resolver { answer: self.answer, expiry: tick + (2 * self.ttl).max(1) };
            }
            let has = tick < resolver.expiry.saturating_add(self.stale.saturating_mul(2));
            *counts.entry(has.then_some(resolver.answer)).or_insert(0) += 1;
        }
        counts
    }
}

/// The counts at each tick before `2 * end`.
fn resolved(ttl: i64, stale: i64, history: &History, end: i64) -> Vec<Counts> {
    let mut population = Population::new(ttl, stale);
    let mut told = history.iter().peekable();
    (0..2 * end)
        .map(|tick| {
            while let Some((_, change)) = told.next_if(|(now, _)| 2 * now <= tick) {
                population.tell(*change);
            }
            population.counts(tick)
        })
        .collect()
}

/// Drives a cache and its connections as the world does, calling `check` with the last instant told and the instant
/// meant, for every instant up to `end`: with the shares as told last, to be extended.
fn cached(
    (ttl, stale, life): (i64, i64, i64),
    history: &History,
    end: i64,
    mut check: impl FnMut(i64, i64, &[Share], i64, &[Curve]),
) {
    let mut cache = Cache::new(Span::from_nanos(ttl), Span::from_nanos(stale), FIRST, Instant::ZERO);
    let mut connections = Connections::new(Span::from_nanos(life), Instant::ZERO, cache.shares());
    let (mut told, mut cache_told, mut connections_told) = (history.iter().peekable(), 0, 0);
    for now in 0..end {
        let mut changed = false;
        while let Some((_, change)) = told.next_if(|(then, _)| *then == now) {
            match change {
                Told::Answer(answer) => cache.answer(at(now), *answer),
                Told::Authority(up) => cache.authority(at(now), *up),
                Told::Advance => cache.advance(at(now)),
            }
            changed = true;
        }
        if !changed && cache.next_breakpoint() == Some(at(now)) {
            let line = |share: Share| Share { mass: share.mass + share.rate * (now - cache_told), ..share };
            let before: Vec<Share> = cache.shares().map(line).collect();
            cache.advance(at(now));
            assert_ne!(before, cache.shares().collect::<Vec<_>>(), "nothing breaks at {now} ns");
            changed = true;
        }
        assert!(cache.next_breakpoint().is_none_or(|next| next > at(now)));
        if changed {
            connections.cache_changed(at(now), cache.shares());
            (cache_told, connections_told) = (now, now);
        } else if connections.next_breakpoint() == Some(at(now)) {
            connections.advance(at(now));
            connections_told = now;
        }
        assert!(connections.next_breakpoint().is_none_or(|next| next > at(now)));
        let (shares, curves): (Vec<Share>, Vec<Curve>) =
            (cache.shares().collect(), connections.shares().collect());
        check(now, cache_told, &shares, connections_told, &curves);
    }
}

fn extended(shares: &[Share], nanos: i64) -> Counts {
    let mass = |share: &Share| (share.answer, share.mass + share.rate * nanos);
    shares.iter().map(mass).filter(|(_, mass)| *mass != 0).collect()
}

prop_compose! {
    fn histories()(
        each in prop::collection::vec((0i64..24, 0u32..8), 0..25),
    ) -> History {
        let mut now = 0;
        let mut tell = |(gap, what): (i64, u32)| {
            now += (gap - 8).max(0);
            let told = match what {
                0 | 1 => Told::Authority(true),
                2 | 3 => Told::Authority(false),
                4 => Told::Advance,
                answer => Told::Answer(AnswerId(answer - 5)),
            };
            (now, told)
        };
        each.into_iter().map(&mut tell).collect()
    }
}

fn stale_times() -> impl Strategy<Value = i64> {
    prop_oneof![Just(0), 1i64..20, Just(i64::MAX)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    /// Shares extended from the last breakpoint are the counts of resolvers, at every instant and just before it.
    #[test]
    fn shares_are_the_counts_of_resolvers(ttl in 0i64..14, stale in stale_times(), history in histories()) {
        let end = 300;
        let counts = resolved(ttl, stale, &history, end);
        cached((ttl, stale, 5), &history, end, |now, told, shares, _, _| {
            let since = now - told;
            assert_eq!(extended(shares, since), counts[2 * now as usize], "at {now} ns");
            assert_eq!(extended(shares, since + 1), counts[2 * now as usize + 1], "just before {} ns", now + 1);
            assert!(shares.is_sorted_by(|a, b| a.answer < b.answer));
            assert_eq!(shares.iter().map(|share| share.mass).sum::<i64>(), ttl.max(1));
            assert_eq!(shares.iter().map(|share| share.rate).sum::<i64>(), 0);
        });
    }

    /// The connections' share is the mean of the resolvers' counts over the last life.
    #[test]
    fn connections_are_the_mean_of_the_resolvers_over_a_life(
        ttl in 0i64..14, stale in stale_times(), life in 1i64..40, history in histories(),
    ) {
        let end = 300;
        let counts = resolved(ttl, stale, &history, end);
        let volume = (2 * life * ttl.max(1)) as f64;
        let mut window: VecDeque<Counts> = (0..2 * life).map(|_| Counts::from([(Some(FIRST), ttl.max(1))])).collect();
        let mut sums = Counts::from([(Some(FIRST), 2 * life * ttl.max(1))]);
        cached((ttl, stale, life), &history, end, |now, _, _, told, curves| {
            let seconds = Span::from_nanos(now - told).seconds();
            for curve in curves {
                let value = curve.value + (curve.slope + curve.half_curvature * seconds) * seconds;
                let exact = sums.get(&curve.answer).copied().unwrap_or(0) as f64 / volume;
                assert!((value - exact).abs() < if now == told { f64::MIN_POSITIVE } else { 1e-12 }, "{value} for {exact}");
            }
            for (answer, sum) in &sums {
                assert!(*sum == 0 || curves.iter().any(|curve| curve.answer == *answer));
            }
            for tick in [2 * now as usize, 2 * now as usize + 1] {
                window.push_back(counts[tick].clone());
                window.back().unwrap().iter().for_each(|(answer, n)| *sums.entry(*answer).or_insert(0) += n);
                window.pop_front().unwrap().iter().for_each(|(answer, n)| *sums.entry(*answer).or_insert(0) -= n);
            }
        });
    }
}

fn share_of(cache: &Cache, answer: u32) -> f64 {
    cache.shares().find(|share| share.answer == Some(AnswerId(answer))).map_or(0.0, |share| share.share())
}

#[test]
fn one_switch_moves_the_traffic_linearly_over_one_ttl() {
    let mut cache = Cache::new(Span::MINUTE, Span::ZERO, FIRST, Instant::ZERO);
    let switch = Instant::ZERO + Span::DAY * 400 + Span::from_secs(17);
    cache.answer(switch, AnswerId(1));
    assert_eq!(cache.next_breakpoint(), Some(switch + Span::MINUTE));
    cache.advance(switch + Span::from_secs(15));
    assert_eq!((share_of(&cache, 0), share_of(&cache, 1)), (0.75, 0.25));
    assert_eq!(cache.shares().map(|share| share.slope()).collect::<Vec<_>>(), [-1.0 / 60.0, 1.0 / 60.0]);
    cache.advance(switch + Span::MINUTE);
    assert!(cache.settled());
    assert_eq!(cache.shares().len(), 1);
}

/// A switch seen through a TTL T and a life L: t^2/(2LT), then (t - T/2)/L, then 1 - (L+T-t)^2/(2LT).
#[test]
fn one_switch_moves_connections_by_the_integral_of_a_ramp() {
    let (ttl, life) = (Span::from_secs(60), Span::from_secs(600));
    let mut cache = Cache::new(ttl, Span::ZERO, FIRST, Instant::ZERO);
    let mut connections = Connections::new(life, Instant::ZERO, cache.shares());
    let share =
        |connections: &Connections| connections.shares().find(|c| c.answer == Some(AnswerId(1))).unwrap();
    let switch = Instant::ZERO + Span::DAY;
    cache.answer(switch, AnswerId(1));
    connections.cache_changed(switch, cache.shares());
    connections.advance(switch + Span::from_secs(30));
    // 30^2 / (2 600 60) = 1/80; the volume in square nanoseconds is rounded once.
    assert!((share(&connections).value - 1.0 / 80.0).abs() < 1e-17);
    cache.advance(switch + ttl);
    connections.cache_changed(switch + ttl, cache.shares());
    connections.advance(switch + Span::from_secs(330));
    assert_eq!(share(&connections).value, 0.5);
    assert_eq!(share(&connections).slope, 1.0 / 600.0);
    assert_eq!(connections.next_breakpoint(), Some(switch + life));
    connections.advance(switch + life);
    connections.advance(switch + Span::from_secs(630));
    assert!((share(&connections).value - 79.0 / 80.0).abs() < 2e-16);
    connections.advance(switch + life + ttl);
    assert_eq!((share(&connections).value, connections.shares().len()), (1.0, 1));
    assert_eq!(connections.next_breakpoint(), None);
}

/// Those that expired in an outage of 30 s ask together at its end, and ever after.
#[test]
fn resolvers_that_waited_for_the_authority_move_together_for_ever() {
    let ttl = Span::from_secs(300);
    let mut cache = Cache::new(ttl, Span::ZERO, FIRST, Instant::ZERO);
    let back = Instant::ZERO + Span::HOUR;
    cache.authority(back - Span::from_secs(30), false);
    cache.advance(back - Span::from_secs(10));
    assert_eq!(share_of(&cache, 0), 280.0 / 300.0);
    cache.authority(back, true);
    assert!(cache.settled());
    let together = back + ttl * 1_000_000;
    cache.answer(together - Span::SECOND, AnswerId(1));
    // A second before their common refresh the phases that the outage emptied come round: nobody asks.
    assert_eq!(cache.next_breakpoint(), Some(together));
    cache.advance(together);
    assert_eq!(share_of(&cache, 1), 30.0 / 300.0);
    assert_eq!(cache.next_breakpoint(), Some(together + ttl - Span::from_secs(30)));
}

#[test]
fn serve_stale_hides_an_outage_until_its_time_is_over() {
    let (ttl, stale) = (Span::MINUTE, Span::HOUR);
    let mut cache = Cache::new(ttl, stale, FIRST, Instant::ZERO);
    let down = Instant::ZERO + Span::DAY;
    cache.authority(down, false);
    assert_eq!(cache.next_breakpoint(), Some(down + stale));
    cache.advance(down + stale + Span::from_secs(30));
    assert_eq!(share_of(&cache, 0), 0.5);
    cache.advance(down + stale + ttl);
    assert_eq!(cache.shares().map(|share| share.answer).collect::<Vec<_>>(), [None]);
    cache.authority(down + Span::DAY, true);
    assert_eq!(share_of(&cache, 0), 1.0);
}

/// Queries of a Poisson stream through one entry fetched on demand.
#[test]
fn a_rarely_asked_resolver_asks_afresh_by_the_renewal_theorem() {
    let mut luck = Stream::new(Seed(3), Replication(0), StreamName::of("resolver", "queries"));
    for (rate, ttl) in [(0.01, 60), (0.1, 60), (1.0, 5)] {
        const QUERIES: usize = 200_000;
        let (mut now, mut expiry, mut fetches) = (0.0, 0.0, 0);
        for _ in 0..QUERIES {
            now -= libm::log(luck.uniform()) / rate;
            if now >= expiry {
                expiry = now + f64::from(ttl);
                fetches += 1;
            }
        }
        let share = afresh_share(rate, Span::from_secs(i64::from(ttl)));
        let seen = f64::from(fetches) / QUERIES as f64;
        // Queries within a cycle are 1 + Poisson: the count of fetches varies less than a binomial.
        let sd = (share * (1.0 - share) / QUERIES as f64).sqrt();
        assert!((seen - share).abs() < 4.0 * sd, "{seen} for {share}");
    }
}
