//! What must hold whatever happens, and counts against a naive recount of the recorded history.

use super::operation::{Operation, operations};
use super::random::{self, Kind, Rule, luck, ms};
use models::operations::{
    Commit, History, KeyId, Plan, Position, PrimaryCounts, PrimaryRun, PrimaryTally, ReadFrom, Session,
    Store, Votes,
};
use models::specification::Acknowledgers;
use proptest::prelude::*;
use sim::{Law, Replication, Seed};

pub(crate) const KEYS: u32 = 3;
pub(crate) const LENGTH: i64 = 2_000;

pub(crate) const EVERYWHERE: [ReadFrom; 5] =
    [ReadFrom::Primary, ReadFrom::Confirmed, ReadFrom::Nearest, ReadFrom::Uniform, ReadFrom::Sticky(0)];

pub(crate) fn run(store: &Store, sessions: &[Session], seed: u64) -> PrimaryTally {
    PrimaryRun::new(store, sessions, KEYS, (Seed(seed), Replication(0))).run(ms(LENGTH))
}

fn random_store(seed: u64, kind: Kind, rule: Option<Rule>) -> Store {
    let stream = &mut luck(seed, "laws");
    let rule = rule.unwrap_or_else(|| Rule::As(random::lax_commit(stream)));
    random::store(stream, kind, rule, KEYS, LENGTH)
}

fn random_run(seed: u64, kind: Kind, rule: Option<Rule>) -> PrimaryTally {
    reading(seed, kind, rule, &EVERYWHERE)
}

fn reading(seed: u64, kind: Kind, rule: Option<Rule>, reads: &[ReadFrom]) -> PrimaryTally {
    let store = random_store(seed, kind, rule);
    run(&store, &random::sessions(&mut luck(seed, "sessions"), &store, 8, 0.02, reads), seed)
}

/// A session that is where its reads go, and the replica it reads.
pub(crate) fn at_home(home: usize) -> Session {
    let plan = Plan::Mix { reads: 0.5, think: Law::Exponential { mean: 0.01 } };
    Session { plan, place: home, reads: ReadFrom::Sticky(home) }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    /// What a quorum has acknowledged is in every later log, nothing else is ever shown, and a superseded leader
    /// acknowledges nothing: also where it goes on, and to readers of followers.
    #[test]
    fn consensus_loses_nothing_acknowledged(seed: u64) {
        let store = random_store(seed, Kind::Quorum, Some(Rule::Agreed));
        let by_quorum = |commit| matches!(commit, Commit::Consensus(votes) if store.reigns.elects_by_quorum(&votes));
        prop_assert!(by_quorum(store.commit));
        let counts = random_run(seed, Kind::Quorum, Some(Rule::Agreed)).counts;
        prop_assert_eq!((counts.lost, counts.returned, counts.vanished, counts.superseded), (0, 0, 0, 0));
        prop_assert_eq!(counts.writes_out_of_order, 0);
        let after_loss = counts.stale_after_loss + counts.forgot_lost_write + counts.went_back_after_loss;
        prop_assert_eq!(after_loss, 0);
    }

    /// A leader that has been superseded without knowing cannot confirm its reign.
    #[test]
    fn confirmed_reads_are_in_order(seed: u64) {
        let counts = reading(seed, Kind::Quorum, Some(Rule::Agreed), &[ReadFrom::Confirmed]).counts;
        prop_assert_eq!((counts.out_of_order(), counts.stale, counts.went_back), (0, 0, 0));
    }

    #[test]
    fn a_fenced_store_never_has_two_writers(seed: u64) {
        let store = random_store(seed, Kind::Fenced, None);
        prop_assert!(store.reigns.is_fenced());
        prop_assert_eq!(random_run(seed, Kind::Fenced, None).counts.superseded, 0);
    }

    /// One failure at a time, and the best of the others promoted.
    #[test]
    fn semi_synchronous_writes_outlive_one_failure(seed: u64, which in prop::sample::select(vec![Acknowledgers::Any, Acknowledgers::First])) {
        let shows = models::operations::Shows::Acknowledged;
        let commit = Commit::SemiSynchronous { replicas: 1, which, shows, falls_back: None };
        let counts = random_run(seed, Kind::Others, Some(Rule::As(commit))).counts;
        prop_assert_eq!((counts.lost, counts.returned), (0, 0));
    }

    #[test]
    fn planned_hand_overs_lose_nothing(seed: u64) {
        let counts = random_run(seed, Kind::Planned, None).counts;
        prop_assert_eq!((counts.lost, counts.returned, counts.vanished, counts.superseded), (0, 0, 0, 0));
    }

    /// Who reads the primary, where it is, and writes there, sees its own writes, whoever else is cut off.
    #[test]
    fn sessions_at_a_living_primary_see_their_own_writes(seed: u64) {
        let mut store = random_store(seed, Kind::Planned, Some(Rule::As(Commit::Asynchronous)));
        let primary = store.reigns.reigns()[0].primary;
        store.reigns = models::operations::Reigns::steady(store.reigns.replicas(), store.reigns.places(), primary);
        let sessions: Vec<Session> = (0..4).map(|_| at_home(primary)).collect();
        let counts = run(&store, &sessions, seed).counts;
        prop_assert!(counts.after_own_write > 0);
        prop_assert_eq!((counts.forgot_own_write, counts.went_back, counts.stale), (0, 0, 0));
    }

    /// Who reads one living replica never goes back while nothing is lost.
    #[test]
    fn sessions_at_a_living_replica_never_go_back(seed: u64) {
        let store = random_store(seed, Kind::Planned, None);
        let up = |replica: &usize| (0..2 * LENGTH).all(|at| store.reigns.serves(*replica, ms(at)));
        let sessions: Vec<Session> = (0..store.reigns.replicas()).filter(up).map(at_home).collect();
        let counts = run(&store, &sessions, seed).counts;
        prop_assert_eq!((counts.went_back, counts.went_back_after_loss), (0, 0));
    }

    /// Counts are what a look at the whole history gives.
    #[test]
    fn counts_agree_with_a_recount_of_the_history(seed: u64) {
        let tally = random_run(seed, Kind::Any, None);
        let (counts, naive) = (&tally.counts, Recount::of(&tally.history));
        prop_assert_eq!(naive, Recount::told(counts));
    }

    /// What is lost is what the latest log does not hold.
    #[test]
    fn losses_agree_with_the_latest_log(seed: u64) {
        let tally = random_run(seed, Kind::Any, None);
        let epochs = random_store(seed, Kind::Any, None).reigns.reigns().len();
        if let Some(naive) = losses(&tally.history, epochs as u32 - 1) {
            let counts = &tally.counts;
            prop_assert_eq!(naive, (counts.lost, counts.read_then_lost, counts.vanished));
        }
    }
}

/// Looking changes nothing, and a seed says all.
#[test]
fn recording_changes_no_count() {
    for seed in 0..20 {
        let store = random_store(seed, Kind::Any, None);
        let sessions = random::sessions(&mut luck(seed, "sessions"), &store, 8, 0.02, &EVERYWHERE);
        let run = |sampled| {
            PrimaryRun::new(&store, &sessions, sampled, (Seed(seed), Replication(0))).run(ms(LENGTH))
        };
        let (all, one, none) = (run(KEYS), run(1), run(0));
        assert_eq!(all, run(KEYS));
        assert!(all.counts == none.counts && one.counts == none.counts);
        assert_eq!(operations(&one.history, KeyId(0)).len(), operations(&all.history, KeyId(0)).len());
        assert!(none.history.lines().is_empty());
    }
}

type Count = fn(&PrimaryTally) -> u64;

/// The chances above are real: without what they ask for, each law breaks.
#[test]
fn laws_break_where_their_conditions_do() {
    let sum = |kind: Kind, rule: Option<Rule>, of: Count| {
        (0..200).map(|seed| of(&random_run(seed, kind, rule))).sum::<u64>()
    };
    assert!(sum(Kind::Any, Some(Rule::Agreed), |t| t.counts.lost) > 50, "a minority elects");
    let counted = |seed| {
        let mut store = random_store(seed, Kind::Quorum, Some(Rule::Agreed));
        store.commit = Commit::Consensus(Votes::alike(store.reigns.replicas()));
        run(&store, &random::sessions(&mut luck(seed, "sessions"), &store, 8, 0.02, &EVERYWHERE), seed)
    };
    let lost: u64 = (0..400).map(|seed| counted(seed).counts.lost).sum();
    assert!(lost > 10, "replicas are counted where votes elect: {lost}");
    let unconfirmed = |seed| reading(seed, Kind::Quorum, Some(Rule::Agreed), &[ReadFrom::Primary]);
    let stale: u64 = (0..200).map(|seed| unconfirmed(seed).counts.stale).sum();
    assert!(stale > 10, "nobody confirms: {stale}");
    assert!(sum(Kind::Any, None, |t| t.counts.superseded) > 50, "nobody is fenced");
    assert!(sum(Kind::Others, Some(Rule::As(Commit::Asynchronous)), |t| t.counts.lost) > 50, "nobody waits");
    assert!(sum(Kind::Planned, None, |t| t.counts.forgot_own_write) > 50, "others read elsewhere");
    assert!(sum(Kind::Planned, None, |t| t.counts.went_back) > 50, "others read anywhere");
    let told =
        |seed| losses(&random_run(seed, Kind::Any, None).history, 1).is_some_and(|losses| losses.0 > 0);
    assert!((0..400).filter(|seed| told(*seed)).count() > 10, "losses are told by histories");
    let all: [(&str, Count); 6] = [
        ("returned", |t| t.counts.returned),
        ("read, then lost", |t| t.counts.read_then_lost),
        ("vanished", |t| t.counts.vanished),
        ("stale after a loss", |t| t.counts.stale_after_loss),
        ("own write lost", |t| t.counts.forgot_lost_write),
        ("went back after a loss", |t| t.counts.went_back_after_loss),
    ];
    for (what, of) in all {
        assert!(sum(Kind::Any, None, of) > 20, "{what}");
    }
}

/// Acknowledged writes that the latest log lacks, those among them that were read, and others read that it lacks; if each key
/// was written under the latest epoch, so that its last write there leads to all that this log holds.
fn losses(history: &History, latest: u32) -> Option<(u64, u64, u64)> {
    let (mut lost, mut read_then_lost, mut vanished) = (0, 0, 0);
    for key in (0..KEYS).map(KeyId) {
        let all = operations(history, key);
        let place = |write: &&Operation| write.value.and_then(|value| history.position(key, value));
        let writes = || all.iter().filter(|operation| operation.writes);
        let last =
            writes().max_by_key(place).filter(|last| place(last).is_some_and(|at| at.epoch == latest))?;
        let held = history.list(key, last.value);
        for write in writes().filter(|write| write.value.is_some_and(|value| !held.contains(&value))) {
            let read = all.iter().any(|other| !other.writes && other.value == write.value);
            lost += u64::from(write.known);
            read_then_lost += u64::from(write.known && read);
            vanished += u64::from(!write.known && read);
        }
    }
    Some((lost, read_then_lost, vanished))
}

/// Counts taken from a recorded history by looking at all pairs of operations.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Recount {
    reads: u64,
    writes: u64,
    unknown: u64,
    stale: u64,
    after_own_write: u64,
    forgot: u64,
    repeated: u64,
    went_back: u64,
    out_of_order: u64,
}

impl Recount {
    /// What the engine says.
    pub(crate) fn told(counts: &PrimaryCounts) -> Self {
        Recount {
            reads: counts.reads,
            writes: counts.writes,
            unknown: counts.unknown_writes,
            stale: counts.stale + counts.stale_after_loss,
            after_own_write: counts.after_own_write,
            forgot: counts.forgot_own_write + counts.forgot_lost_write,
            repeated: counts.repeated,
            went_back: counts.went_back + counts.went_back_after_loss,
            out_of_order: counts.out_of_order(),
        }
    }

    pub(crate) fn of(history: &History) -> Self {
        let mut counts = Recount::default();
        for key in (0..KEYS).map(KeyId) {
            let all = operations(history, key);
            let place = |operation: &Operation| match operation.value {
                None => Position::ABSENT,
                Some(value) => history.position(key, value).unwrap_or(Position::ABSENT),
            };
            for one in &all {
                let before = || all.iter().filter(|other| other.known && other.ended < one.sent);
                let later = |other: &&Operation| place(other) > place(one);
                let missed = |other: &&Operation| later(other) && other.writes;
                let own = |other: &&Operation| other.process == one.process;
                counts.unknown += u64::from(one.writes && !one.known);
                counts.out_of_order += u64::from(one.known && before().any(|other| later(&other)));
                if !one.known || one.writes {
                    counts.writes += u64::from(one.known);
                    continue;
                }
                counts.reads += 1;
                counts.stale += u64::from(before().any(|other| missed(&other)));
                let own_writes = || before().filter(own).filter(|other| other.writes);
                counts.after_own_write += u64::from(own_writes().next().is_some());
                counts.forgot += u64::from(own_writes().any(|other| later(&other)));
                let own_reads = || before().filter(own).filter(|other| !other.writes);
                counts.repeated += u64::from(own_reads().next().is_some());
                counts.went_back += u64::from(own_reads().any(|other| later(&other)));
            }
        }
        counts
    }
}
