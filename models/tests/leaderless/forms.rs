//! The engine against closed forms of docs/DATA.md.

use super::make::{at, cut, distances, run, seconds, session, stretch};
use models::operations::leaderless::{Clock, Conditions, Counts, Level, Loss, Store, Troubles};
use models::operations::{Cut, Stretch};
use sim::Span;
use sim::stats::{Confidence, proportion};

const CALM: &str = "nothing is wrong with it";
/// Hours that each of the runs below lasts.
const HOURS: i64 = 40;

fn end() -> sim::Instant {
    sim::Instant::ZERO + Span::HOUR * HOURS
}

/// A primary at each of some places.
fn primaries(delays: &[&[f64]], troubles: Option<Troubles>) -> Store {
    let places = delays.len() + 1;
    let at: Vec<usize> = (0..places).collect();
    let troubles = troubles.unwrap_or_else(|| Troubles::none(places, places));
    let conditions = Conditions::new(places, at, troubles).expect(CALM);
    Store::multi_primary(conditions, distances(places, |one, other| delays[one][other - one - 1]))
        .expect(CALM)
}

/// A share lies within the 99.9 % interval of what was counted, and that is narrow.
fn share(what: &str, hits: u64, of: u64, expected: f64) {
    let found = proportion(hits, of, Confidence::new(0.999).expect("a level"));
    println!("{what}: {hits} of {of} for {expected:.5}");
    assert!(found.interval.contains(expected), "{what}: {hits} of {of} for {expected}");
    assert!(found.interval.half_width() < 0.01, "{what}: too few");
}

/// The mean over replications lies within four standard errors of what is expected.
fn close(what: &str, values: &[f64], expected: f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / (n - 1.0);
    let error = (variance / n).sqrt();
    println!("{what}: {mean:.4} for {expected:.4} +- {error:.4}");
    assert!((mean - expected).abs() <= 4.0 * error + 1e-12, "{what}: {mean} for {expected} +- {error}");
    assert!(error <= 0.015 * expected.max(1.0), "{what}: too few trials, {error}");
}

/// Counts of a store of which only the first place's writes are counted apart: the other places' are those of a run in which
/// the roles are exchanged.
fn counts(store: &Store, rates: &[f64], seed: u64) -> Counts {
    let sessions: Vec<_> = rates.iter().enumerate().map(|(place, rate)| session(place, *rate, 0.0)).collect();
    run(store, &sessions, seed, end()).counts
}

fn exp(x: f64) -> f64 {
    libm::exp(x)
}

/// Two sites, delay d: a write at 1 is dropped with probability 1 - e^(-l2 d), one at 2 with 1 - e^(-l1 d).
#[test]
fn two_sites_drop_what_theory_says() {
    let (d, l1, l2) = (0.4, 0.5, 1.5);
    let counts = counts(&primaries(&[&[d]], None), &[l1, l2], 1);
    let expected = (l1 * (1.0 - exp(-l2 * d)) + l2 * (1.0 - exp(-l1 * d))) / (l1 + l2);
    share("two sites", counts.dropped, counts.writes, expected);
    assert_eq!((counts.dropped_by_earlier, counts.in_the_past, counts.lost), (0, 0, 0));
}

/// Three sites: a write at 1 with probability 1 - exp(-(l2 d12 + l3 d13)).
#[test]
fn three_sites_drop_what_theory_says() {
    let (d12, d13, d23) = (0.2, 0.5, 0.35);
    let rates = [0.5, 1.5, 0.8];
    let counts = counts(&primaries(&[&[d12, d13], &[d23]], None), &rates, 2);
    let [l1, l2, l3] = rates;
    let dropped = l1 * (1.0 - exp(-(l2 * d12 + l3 * d13)))
        + l2 * (1.0 - exp(-(l1 * d12 + l3 * d23)))
        + l3 * (1.0 - exp(-(l1 * d13 + l2 * d23)));
    share("three sites", counts.dropped, counts.writes, dropped / (l1 + l2 + l3));
}

/// Site 2's clock ahead by g: writes at 1 drop with 1 - exp(-l2 (d + min(g, d))), of which 1 - exp(-l2 min(g, d)) to earlier
/// ones; writes at 2 with 1 - exp(-l1 (d - g)+). Writes at 1 are in the past with 1 - exp(-l2 (g - d)+); under a hybrid
/// clock none is.
#[test]
fn a_clock_ahead_moves_drops_as_theory_says() {
    let (d, l1, l2) = (0.4, 0.7, 1.1);
    for (g, seed) in [(0.25, 3), (0.9, 4)] {
        for ahead in [[0.0, g], [-g, 0.0]] {
            let mut store = primaries(&[&[d]], None);
            store.ahead = ahead.map(seconds).to_vec();
            let wall = counts(&store, &[l1, l2], seed);
            let at_1 = 1.0 - exp(-l2 * (d + g.min(d)));
            let at_2 = 1.0 - exp(-l1 * (d - g).max(0.0));
            share("ahead", wall.dropped, wall.writes, (l1 * at_1 + l2 * at_2) / (l1 + l2));
            let earlier = l1 * (1.0 - exp(-l2 * g.min(d))) / (l1 + l2);
            share("by earlier", wall.dropped_by_earlier, wall.writes, earlier);
            let past = l1 * (1.0 - exp(-l2 * (g - d).max(0.0))) / (l1 + l2);
            share("in the past", wall.in_the_past, wall.accepted, past);
            store.clock = Clock::Hybrid;
            assert_eq!(counts(&store, &[l1, l2], seed).in_the_past, 0, "under a hybrid clock");
        }
    }
}

/// Partitions of length P, held messages delivered d after the heal: a write at u into it drops with
/// 1 - exp(-l2 (P - u + d)), so l1 (P - (e^(-l2 d) - e^(-l2 (P + d)))/l2) of them are expected. What drops beside is what drops
/// without a partition; only writes shortly before it have their messages held too.
#[test]
fn a_partition_drops_what_theory_says() {
    let (d, l1, l2, length, every) = (0.05, 0.6, 0.9, 4.0, 40.0);
    let cuts = 3600 * HOURS / every as i64;
    let mut troubles = Troubles::none(2, 2);
    troubles.cuts = (0..cuts)
        .map(|number| {
            let from = number as f64 * every + 20.0;
            cut(0, 1, stretch(from, from + length))
        })
        .collect();
    let mut store = primaries(&[&[d]], Some(troubles));
    // Messages that are under way when a partition begins are sent again right after it.
    store.write_timeout = seconds(d * 2.5);
    let drops: Vec<f64> =
        (0..40).map(|seed| counts(&store, &[l1, l2], seed).dropped as f64 / cuts as f64).collect();
    let within = |l1: f64, l2: f64| l1 * (length - (exp(-l2 * d) - exp(-l2 * (length + d))) / l2);
    // Sent less than d before the partition: held likewise, for length + d - x where x is how long before.
    let before = |l1: f64, l2: f64| l1 * (d - (exp(-l2 * (length + d)) - exp(-l2 * (length + 2.0 * d))) / l2);
    let calm = |l1: f64, l2: f64| l1 * (every - length - d) * (1.0 - exp(-l2 * d));
    let at_1 = |l1: f64, l2: f64| within(l1, l2) + before(l1, l2) + calm(l1, l2);
    close("drops for each partition", &drops, at_1(l1, l2) + at_1(l2, l1));
}

/// The disk of a primary is lost with everything that others have not got: with delay d that is Poisson with mean l d.
#[test]
fn a_lost_disk_loses_as_many_writes_as_theory_says() {
    let (l, d) = (2.0, 0.8);
    let lost: Vec<f64> = (0..4000)
        .map(|seed| {
            let mut troubles = Troubles::none(2, 2);
            let gone = at(7.0);
            troubles.losses[0] = vec![Loss::of_disk(gone)];
            troubles.down[0] = vec![Stretch { from: gone, until: at(9.0) }];
            troubles.closed[0] = troubles.down[0].clone();
            troubles.destroyed[0] = vec![gone];
            troubles.cuts = vec![Cut { between: (0, 1), during: Stretch { from: at(7.0), until: at(9.0) } }];
            let store = primaries(&[&[d]], Some(troubles));
            let writer = session(0, l, 0.0);
            // Nothing later can supersede what is lost: the writer stops with its place.
            run(&store, &[writer], seed, gone).counts.lost as f64
        })
        .collect();
    close("lost", &lost, l * d);
    let n = lost.len() as f64;
    let variance = lost.iter().map(|lost| (lost - l * d) * (lost - l * d)).sum::<f64>() / n;
    // The variance of a Poisson variable is its mean; that of its sample variance about 2 mean^2 + mean over n.
    let error = ((2.0 * l * d * l * d + l * d) / n).sqrt();
    assert!((variance - l * d).abs() < 4.0 * error, "{variance} for {}", l * d);
}

/// All replicas lose power together, and each what its commit log, written every T at a phase of its own, has not saved: lost
/// is what was acknowledged since the last of them, whatever the level.
#[test]
fn a_power_cut_loses_what_no_log_has_saved() {
    let (l, every) = (2.0, 10.0);
    for (replicas, level) in [(1, Level::One), (2, Level::All), (3, Level::Quorum), (3, Level::All)] {
        let lost: Vec<f64> = (20_000..26_000u64)
            .map(|seed| {
                let dark = at(35.0);
                let mut luck = super::make::luck(seed, "phases");
                let mut troubles = Troubles::none(1, replicas);
                for replica in 0..replicas {
                    let phase = seconds(every * luck.uniform());
                    troubles.losses[replica] = vec![Loss::of_log(dark, seconds(every), phase)];
                    troubles.down[replica] = vec![stretch(35.0, 50.0)];
                }
                troubles.closed[0] = vec![stretch(35.0, 50.0)];
                let conditions = Conditions::new(1, vec![0; replicas], troubles).expect(CALM);
                let store = Store::plain(conditions, vec![vec![Span::ZERO]], level, Level::One);
                run(&store, &[session(0, l, 0.0)], seed, dark).counts.lost as f64
            })
            .collect();
        // The least of n independent uniform ages has mean T/(n + 1).
        let expected = l * every / (replicas as f64 + 1.0);
        close(&format!("{replicas} replicas at {level:?}"), &lost, expected);
    }
}

/// A place d behind another: reads there are stale with 1 - e^(-l d), by l d versions.
#[test]
fn a_place_behind_is_as_stale_as_theory_says() {
    let (l, d) = (0.8, 0.7);
    let store = primaries(&[&[d]], None);
    let sessions = [session(0, l, 0.0), session(1, 0.3, 1.0)];
    let runs: Vec<Counts> = (0..12).map(|seed| run(&store, &sessions, seed, end()).counts).collect();
    let of = |part: &dyn Fn(&Counts) -> f64| -> Vec<f64> {
        runs.iter().map(|counts| part(counts) / counts.reads as f64).collect()
    };
    close("stale", &of(&|counts| counts.stale as f64), 1.0 - exp(-l * d));
    close("versions behind", &of(&|counts| counts.versions_behind as f64), l * d);
    let mean = d - (1.0 - exp(-l * d)) / l;
    close("stale for", &of(&|counts| counts.stale_nanos as f64 * 1e-9), mean);
}
