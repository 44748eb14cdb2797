//! Clients led one by one, against the flow engine's caches: at every instant as many are at each site as these say.

use models::cache::{AnswerId, Cache, Connections};
use models::operations::{Guide, Heeds, Route, Tale, Told};
use models::specification::{Connection, OnDown};
use proptest::prelude::*;
use sim::{Instant, Replication, Seed, Span, Stream, StreamName};

/// Clients of each history.
const CLIENTS: usize = 2000;
/// Standard deviations that a share may be off: once in about ten million.
const FAR: f64 = 5.3;

/// From each second on one answer of three, or silence.
type History = Vec<(i64, Option<u32>)>;

fn second(second: i64) -> Instant {
    Instant::ZERO + Span::from_secs(second)
}

/// Answers: site 0, site 1, both of them.
fn shares(answer: u32) -> Vec<(u32, f64)> {
    match answer {
        0 | 1 => vec![(answer, 1.0)],
        _ => vec![(0, 0.3), (1, 0.7)],
    }
}

fn tale(history: &History) -> Tale {
    let first = Told { from: Instant::ZERO, answer: Some(shares(0)), lost: Vec::new() };
    let rest = history.iter().map(|(at, answer)| Told {
        from: second(*at),
        answer: answer.map(shares),
        lost: Vec::new(),
    });
    Tale::new(std::iter::once(first).chain(rest).collect())
}

fn stream(seed: u64) -> Stream {
    Stream::new(Seed(seed), Replication(0), StreamName::of("test", "routes"))
}

/// The share of site 0, of site 1 and of nowhere after so many seconds, by the flow engine's caches.
fn by_caches(history: &History, (ttl, stale, life): (i64, i64, Option<i64>), at: i64) -> [f64; 3] {
    let mut cache = Cache::new(Span::from_secs(ttl), Span::from_secs(stale), AnswerId(0), Instant::ZERO);
    let mut connections =
        life.map(|life| Connections::new(Span::from_secs(life), Instant::ZERO, cache.shares()));
    let past = history.iter().filter(|change| change.0 <= at);
    let changes = past.map(|(at, answer)| (second(*at), Some(*answer)));
    let mut up = true;
    for (now, change) in changes.chain([(second(at), None)]) {
        while let Some(turn) = cache.next_breakpoint().filter(|turn| *turn < now) {
            cache.advance(turn);
            if let Some(connections) = &mut connections {
                connections.cache_changed(turn, cache.shares());
            }
        }
        cache.advance(now);
        match change {
            Some(Some(answer)) => {
                cache.answer(now, AnswerId(answer));
                cache.authority(now, true);
                up = true;
            }
            Some(None) if up => {
                cache.authority(now, false);
                up = false;
            }
            _ => {}
        }
        if let Some(connections) = &mut connections {
            connections.cache_changed(now, cache.shares());
        }
    }
    cache.advance(second(at));
    let cached: Vec<(Option<AnswerId>, f64)> =
        cache.shares().map(|share| (share.answer, share.share())).collect();
    let held = connections.map(|mut connections| {
        connections.advance(second(at));
        connections.shares().map(|curve| (curve.answer, curve.value)).collect()
    });
    let mut sum = [0.0; 3];
    for (answer, share) in held.unwrap_or(cached) {
        match answer {
            None => sum[2] += share,
            Some(answer) => {
                shares(answer.0).iter().for_each(|(site, part)| sum[*site as usize] += share * part);
            }
        }
    }
    sum
}

/// The same, client by client; each is looked at at all instants, in their order.
fn by_clients(history: &History, heeds: Heeds, instants: &[i64], seed: u64) -> Vec<[f64; 3]> {
    let tales = [tale(history)];
    let mut counts = vec![[0.0; 3]; instants.len()];
    let mut stream = stream(seed);
    for _ in 0..CLIENTS {
        let mut route = Route::begin(Guide { heeds, tale: 0 }, &tales, second(instants[0]), &mut stream);
        for (count, at) in counts.iter_mut().zip(instants) {
            let site = route.site(&tales, second(*at), &mut stream);
            count[site.map_or(2, |site| site as usize)] += 1.0 / CLIENTS as f64;
        }
    }
    counts
}

fn agree(found: [f64; 3], expected: [f64; 3]) -> Result<(), String> {
    for (found, expected) in found.into_iter().zip(expected) {
        let deviation = (expected * (1.0 - expected) / CLIENTS as f64).max(0.0).sqrt();
        if (found - expected).abs() > FAR * deviation + 1e-9 {
            return Err(format!("{found} for {expected} ± {deviation}"));
        }
    }
    Ok(())
}

fn histories() -> impl Strategy<Value = History> {
    let answer = prop_oneof![3 => (0..3u32).prop_map(Some), 1 => Just(None)];
    proptest::collection::vec((1..90i64, answer), 0..8).prop_map(|steps| {
        let mut at = 0;
        steps
            .into_iter()
            .map(|(wait, answer)| {
                at += wait;
                (at, answer)
            })
            .collect()
    })
}

fn instants() -> impl Strategy<Value = Vec<i64>> {
    proptest::collection::vec(0..400i64, 1..5).prop_map(|mut all| {
        all.sort_unstable();
        all
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn resolvers_lead_as_many_to_each_site_as_caches_say(
        (history, instants) in (histories(), instants()),
        (ttl, stale, seed) in (0..70i64, prop_oneof![Just(0), 1..200i64], any::<u64>()),
    ) {
        let heeds = Heeds::Again {
            ttl: Span::from_secs(ttl),
            stale: Span::from_secs(stale),
            afresh: 0.0,
            connection: None,
        };
        for (found, at) in by_clients(&history, heeds, &instants, seed).into_iter().zip(&instants) {
            let expected = by_caches(&history, (ttl, stale, None), *at);
            agree(found, expected).map_err(|told| TestCaseError::fail(format!("at {at}: {told}")))?;
        }
    }
}

/// Without silences, whose ends are where those who could not dial go at once: connections of a fixed life, and what they
/// were dialled by.
#[test]
fn connections_lead_as_many_to_each_site_as_the_flow_engine_says() {
    let history = vec![(40, Some(1)), (100, Some(2)), (160, Some(0))];
    for (ttl, life) in [(60, 200), (20, 20), (50, 7)] {
        let connection = Some(Connection { life: Span::from_secs(life), on_down: OnDown::Wait });
        let heeds = Heeds::Again { ttl: Span::from_secs(ttl), stale: Span::ZERO, afresh: 0.0, connection };
        let instants: Vec<i64> = (0..40).map(|step| step * 10).collect();
        for (found, at) in by_clients(&history, heeds, &instants, 5).into_iter().zip(&instants) {
            let expected = by_caches(&history, (ttl, 0, Some(life)), *at);
            agree(found, expected).unwrap_or_else(|told| panic!("{ttl}, {life}, at {at}: {told}"));
        }
    }
}

/// A site is lost and its clients are told of the other one ten seconds later: who waits comes to nothing until its connection
/// is over, who dials anew until its resolver has asked.
#[test]
fn who_dials_anew_is_back_once_its_resolver_leads_elsewhere() {
    let told = |from, answer, lost: &[u32]| Told {
        from: second(from),
        answer: Some(shares(answer)),
        lost: lost.to_vec(),
    };
    let tales = [Tale::new(vec![told(0, 0, &[]), told(100, 0, &[0]), told(110, 1, &[0])])];
    let (ttl, life) = (60, 600);
    for (on_down, period) in [(OnDown::Reconnect, ttl), (OnDown::Wait, life)] {
        let connection = Some(Connection { life: Span::from_secs(life), on_down });
        let heeds = Heeds::Again { ttl: Span::from_secs(ttl), stale: Span::ZERO, afresh: 0.0, connection };
        let mut stream = stream(7);
        let mut away = 0.0;
        for _ in 0..CLIENTS {
            let mut route = Route::begin(Guide { heeds, tale: 0 }, &tales, second(90), &mut stream);
            assert_eq!(route.site(&tales, second(99), &mut stream), Some(0));
            assert_eq!(route.site(&tales, second(105), &mut stream), None);
            let back = route.site(&tales, second(140), &mut stream);
            assert_ne!(back, Some(0), "it is out of reach");
            away += f64::from(back.is_some()) / CLIENTS as f64;
        }
        // Who waits must have dialled, and been led there by then: in the 30 s since, resolver and connection.
        let expected = match on_down {
            OnDown::Reconnect => 30.0 / period as f64,
            OnDown::Wait => {
                // Dialled x seconds after the change, its resolver had asked with probability x / ttl.
                (0..3000).map(|step| (f64::from(step) + 0.5) / 100.0 / ttl as f64 / 100.0).sum::<f64>()
                    / period as f64
            }
        };
        let deviation = (expected * (1.0 - expected) / CLIENTS as f64).sqrt();
        assert!((away - expected).abs() < FAR * deviation, "{on_down:?}: {away}, {expected}");
    }
}

/// A resolver that is asked now and then has no entry for the first operation of a share of the sessions.
#[test]
fn who_asks_afresh_follows_the_present_answer() {
    let history = vec![(100, Some(1))];
    let heeds = Heeds::Again { ttl: Span::from_secs(60), stale: Span::ZERO, afresh: 0.25, connection: None };
    let found = by_clients(&history, heeds, &[120], 3);
    agree(found[0], [0.75 * 2.0 / 3.0, 0.25 + 0.75 / 3.0, 0.0]).expect("a quarter is up to date");
    let silent = vec![(100, None)];
    let found = by_clients(&silent, heeds, &[120], 4);
    agree(found[0], [0.75 * 2.0 / 3.0, 0.0, 0.25 + 0.75 / 3.0]).expect("a quarter finds nobody");
}
