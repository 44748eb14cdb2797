//! What must hold in any run.

use super::make::luck;
use super::random::{LENGTH, between, ms, one_of, replicas, sessions, store, troubles};
use models::operations::leaderless::{
    Clock, Conditions, Counts, Hints, Level, ReadRepair, Run, Session, Store, Tally, Troubles, Turns,
};
use models::operations::{Phase, Stretch};
use proptest::prelude::*;
use sim::{Instant, Replication, Seed, Span, Stream};
use std::collections::BTreeMap;

/// A store over random replicas and sessions of it, after `change` has had its say in what goes wrong and in the store.
fn scene(
    seed: u64,
    trouble: impl Fn(&mut Troubles, &[usize], &mut Stream),
    change: impl Fn(&mut Store, &mut Stream),
) -> Option<(Store, Vec<Session>)> {
    let stream = &mut luck(seed, "laws");
    let places = between(stream, 1, 4) as usize;
    let at = replicas(stream, places);
    let mut what = troubles(stream, places, &at);
    trouble(&mut what, &at, stream);
    let mut store = store(stream, Conditions::new(places, at, what).ok()?);
    change(&mut store, stream);
    store.check().ok()?;
    let sessions = sessions(stream, places, 6);
    Some((store, sessions))
}

fn run(store: &Store, sessions: &[Session], seed: u64) -> Tally {
    Run::new(store, sessions, u32::MAX, (Seed(seed), Replication(1))).run(ms(LENGTH))
}

fn calm(what: &mut Troubles, at: &[usize], _: &mut Stream) {
    *what = Troubles::none(what.closed.len(), at.len());
}

/// Everything goes wrong but that something is lost or gone for good.
fn nothing_lost(what: &mut Troubles, _: &[usize], _: &mut Stream) {
    what.losses.iter_mut().for_each(Vec::clear);
    what.destroyed.iter_mut().chain(&mut what.forgotten).for_each(Vec::clear);
    let all = what.down.iter_mut().chain(&mut what.closed).flatten();
    all.chain(what.cuts.iter_mut().map(|cut| &mut cut.during))
        .filter(|stretch| stretch.until == Instant::FAR)
        .for_each(|stretch| stretch.until = stretch.from + Span::from_millis(300));
}

/// The same but for the first place, where all is well.
fn well_at_home(what: &mut Troubles, at: &[usize], stream: &mut Stream) {
    nothing_lost(what, at, stream);
    what.closed[0].clear();
    for replica in (0..at.len()).filter(|replica| at[*replica] == 0) {
        what.down[replica].clear();
    }
}

fn stay_at_home(sessions: &mut [Session]) {
    for session in sessions {
        (session.place, session.turns) = (0, Turns::Sticky(0));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whoever answers has met somebody who acknowledged: R + W > N.
    #[test]
    fn overlapping_quorums_read_nothing_stale_while_nobody_fails(seed in any::<u64>()) {
        let Some((mut store, sessions)) = scene(seed, calm, |_, _| ()) else { return Ok(()) };
        let single = store.conditions.places() == 1;
        let stream = &mut luck(seed, "levels");
        let mut levels = vec![(Level::Quorum, Level::Quorum), (Level::All, Level::One), (Level::One, Level::All)];
        if single {
            levels.push((Level::LocalQuorum, Level::Quorum));
        }
        (store.write_level, store.read_level) = one_of(stream, &levels);
        let counts = run(&store, &sessions, seed).counts;
        prop_assert_eq!((counts.stale, counts.forgot_own_write, counts.lost), (0, 0, 0));
    }

    /// Blocking read repair leaves what was read with as many as must answer.
    #[test]
    fn repaired_quorum_reads_never_go_back(seed in any::<u64>()) {
        let quorum = |store: &mut Store, _: &mut Stream| {
            (store.write_level, store.read_level) = (Level::One, Level::Quorum);
            store.read_repair = ReadRepair::Blocking;
        };
        let Some((store, sessions)) = scene(seed, nothing_lost, quorum) else { return Ok(()) };
        prop_assert_eq!(run(&store, &sessions, seed).counts.went_back, 0);
    }

    /// Sticky sessions with a living home read their own writes, whatever happens elsewhere.
    #[test]
    fn at_a_living_home_own_writes_are_read(seed in any::<u64>()) {
        let local = |store: &mut Store, stream: &mut Stream| {
            let level = if store.conditions.replicas_at().iter().filter(|place| **place == 0).count() == 1 {
                one_of(stream, &[Level::LocalOne, Level::LocalQuorum])
            } else {
                Level::LocalQuorum
            };
            (store.write_level, store.read_level) = (level, level);
        };
        let Some((store, mut sessions)) = scene(seed, well_at_home, local) else { return Ok(()) };
        stay_at_home(&mut sessions[..4]);
        let elsewhere = sessions.split_off(4);
        // The others come later, so that counts of theirs cannot hide: their sessions only write.
        sessions.extend(elsewhere.into_iter().map(|mut session| {
            (session.reads, session.updates) = (0.0, 0.0);
            session
        }));
        prop_assert_eq!(run(&store, &sessions, seed).counts.forgot_own_write, 0);
    }

    /// One coordinator sees all it coordinates.
    #[test]
    fn without_a_writer_elsewhere_nothing_is_dropped(seed in any::<u64>()) {
        let any = |what: &mut Troubles, _: &[usize], _: &mut Stream| {
            what.destroyed[0].clear();
            what.forgotten[0].clear();
        };
        let Some((store, mut sessions)) = scene(seed, any, |_, _| ()) else { return Ok(()) };
        stay_at_home(&mut sessions);
        for session in &mut sessions {
            // Where the only coordinator is closed, nobody else may stand in.
            session.turns = Turns::Nearest;
        }
        let mut what = store.conditions.troubles().clone();
        for place in 1..store.conditions.places() {
            what.closed[place] = vec![Stretch { from: Instant::ZERO, until: Instant::FAR }];
        }
        let mut store = store;
        let at = store.conditions.replicas_at().to_vec();
        store.conditions = Conditions::new(what.closed.len(), at, what).expect("as before");
        let counts = run(&store, &sessions, seed).counts;
        prop_assert_eq!((counts.dropped, counts.dropped_unknown, counts.in_the_past), (0, 0, 0));
    }

    #[test]
    fn hybrid_clocks_write_nothing_in_the_past(seed in any::<u64>()) {
        let hybrid = |store: &mut Store, _: &mut Stream| store.clock = Clock::Hybrid;
        let Some((store, sessions)) = scene(seed, |_, _, _| (), hybrid) else { return Ok(()) };
        prop_assert_eq!(run(&store, &sessions, seed).counts.in_the_past, 0);
    }

    /// Hints that are kept for as long as it takes bring every write to every replica.
    #[test]
    fn unlimited_hints_make_all_replicas_equal(seed in any::<u64>()) {
        let hints = |store: &mut Store, _: &mut Stream| {
            store.hints = Some(Hints { window: Span::FOREVER, delay: Span::from_millis(3) });
        };
        let Some((store, sessions)) = scene(seed, nothing_lost, hints) else { return Ok(()) };
        let tally = run(&store, &sessions, seed);
        prop_assert_eq!((tally.diverged, tally.counts.lost), (0, 0));
    }

    /// Once nobody writes and all are back, replicas that compare what they have become equal, hints or not.
    #[test]
    fn anti_entropy_makes_all_replicas_equal(seed in any::<u64>()) {
        let silence = |what: &mut Troubles, at: &[usize], stream: &mut Stream| {
            nothing_lost(what, at, stream);
            for closed in &mut what.closed {
                closed.clear();
                closed.push(Stretch { from: ms(LENGTH), until: Instant::FAR });
            }
        };
        let compares = |store: &mut Store, stream: &mut Stream| {
            store.hints = None;
            store.anti_entropy = Some(Span::from_millis(between(stream, 50, 400)));
        };
        let Some((store, sessions)) = scene(seed, silence, compares) else { return Ok(()) };
        let luck = (Seed(seed), Replication(1));
        let after = ms(LENGTH) + Span::from_secs(5);
        prop_assert_eq!(Run::new(&store, &sessions, 0, luck).run(after).diverged, 0);
    }

    /// What all have acknowledged is not lost while one keeps it.
    #[test]
    fn what_all_acknowledge_one_survivor_keeps(seed in any::<u64>()) {
        let survivor = |what: &mut Troubles, _: &[usize], _: &mut Stream| {
            what.losses[0].clear();
            what.down[0].retain(|down| down.until < Instant::FAR);
        };
        let all = |store: &mut Store, _: &mut Stream| store.write_level = Level::All;
        let Some((store, sessions)) = scene(seed, survivor, all) else { return Ok(()) };
        prop_assert_eq!(run(&store, &sessions, seed).counts.lost, 0);
    }

    /// A single session that reads its own writes, by coordinators whose clocks agree, loses no update.
    #[test]
    fn one_session_alone_loses_no_update(seed in any::<u64>()) {
        let quorum = |store: &mut Store, _: &mut Stream| {
            store.ahead.fill(Span::ZERO);
            (store.read_timeout, store.write_timeout) = (Span::HOUR, Span::HOUR);
            (store.write_level, store.read_level) = (Level::Quorum, Level::Quorum);
        };
        let Some((store, sessions)) = scene(seed, calm, quorum) else { return Ok(()) };
        let counts = run(&store, &sessions[..1], seed).counts;
        prop_assert_eq!((counts.lost_updates, counts.dropped), (0, 0));
    }

    /// Every operation ends once, in the history as in the counts, and a process has one open at a time.
    #[test]
    fn operations_are_conserved(seed in any::<u64>()) {
        let Some((store, sessions)) = scene(seed, |_, _, _| (), |_, _| ()) else { return Ok(()) };
        let tally = run(&store, &sessions, seed);
        let mut open = BTreeMap::new();
        let mut ends = BTreeMap::new();
        for line in tally.history.lines() {
            if line.phase == Phase::Invoke {
                prop_assert!(open.insert(line.process, line.key).is_none(), "two operations open");
            } else {
                prop_assert_eq!(open.remove(&line.process), Some(line.key));
                let kind = (format!("{:?}", line.phase), matches!(line.action, models::operations::Action::Write(_)));
                *ends.entry(kind).or_insert(0) += 1;
            }
        }
        prop_assert!(open.is_empty());
        let ended = |phase: &str, writes| ends.get(&(phase.to_owned(), writes)).copied().unwrap_or(0);
        let Counts { reads, writes, failed_reads, refused_reads, refused_writes, unknown_writes, .. } = tally.counts;
        prop_assert_eq!(ended("Ok", true), writes);
        prop_assert_eq!(ended("Ok", false), reads);
        prop_assert_eq!(ended("Fail", true), refused_writes);
        prop_assert_eq!(ended("Fail", false), failed_reads + refused_reads);
        prop_assert_eq!(ended("Info", true), unknown_writes);
        prop_assert_eq!(tally.read_latency.count(), reads);
        prop_assert_eq!(tally.write_latency.count(), writes);
    }
}
