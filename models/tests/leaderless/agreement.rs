//! The engine counts what a referee counts that handles one message after the other and judges by looking through the whole
//! history.

use super::make::luck;
use super::random::{LENGTH, between, ms, one_of, replicas, sessions, store, troubles};
use super::referee::Referee;
use super::verdicts::judge;
use models::operations::leaderless::{Conditions, Counts, Run, Session, Store, Tally};
use proptest::prelude::*;
use sim::{Replication, Seed};

/// A store, its troubles and its sessions, if they can be.
fn scene(seed: u64) -> Option<(Store, Vec<Session>)> {
    let stream = &mut luck(seed, "agreement");
    let places = between(stream, 1, 4) as usize;
    let at = replicas(stream, places);
    let what = troubles(stream, places, &at);
    let store = store(stream, Conditions::new(places, at, what).ok()?);
    store.check().ok()?;
    let count = one_of(stream, &[2, 4, 8, 16]);
    let sessions = sessions(stream, places, count);
    Some((store, sessions))
}

/// What both say of it.
fn both(seed: u64) -> Option<(Tally, Tally)> {
    let (store, sessions) = scene(seed)?;
    let luck = (Seed(seed), Replication(0));
    let mut tally = Run::new(&store, &sessions, 0, luck).run(ms(LENGTH));
    let referee = Referee::run(&store, &sessions, luck, ms(LENGTH));
    let [read_latency, write_latency] = referee.took.clone();
    let (counts, diverged) = (judge(&referee), referee.diverged());
    tally.history = Default::default();
    let history = Default::default();
    Some((tally, Tally { counts, read_latency, write_latency, diverged, history, ..Tally::default() }))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn the_engine_counts_what_the_referee_counts(seed in any::<u64>()) {
        if let Some((engine, referee)) = both(seed) {
            prop_assert_eq!(engine, referee);
        }
    }
}

/// So that agreement means something.
#[test]
fn random_scenes_count_under_every_row() {
    let mut rows = vec![0; 0];
    for seed in 0..400 {
        let Some((tally, _)) = both(seed) else { continue };
        let all = tally.counts.rows();
        rows.resize(all.len(), 0);
        rows.iter_mut().zip(all).for_each(|(sum, (_, count))| *sum += count);
    }
    let named = Counts::default().rows().into_iter().map(|(name, _)| name);
    let rows: Vec<_> = named.zip(rows).collect();
    println!("{rows:#?}");
    assert!(rows.iter().all(|(_, count)| *count > 0), "{rows:?}");
}

/// A hybrid clock forgot the stamp of a version that was forgotten, one scene in hundreds of thousands.
#[test]
fn a_scene_that_disagreed_once_agrees() {
    let (engine, referee) = both(12_720_281_061_785_684_045).expect("it can be");
    assert_eq!(engine, referee);
}
