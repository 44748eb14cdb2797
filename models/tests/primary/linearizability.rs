//! What the engine counts as out of order, against outside checkers of linearisability: stateright's tester, which tries
//! all orders, and the zones of Gibbons and Korach ("Testing shared memories", SIAM J. Comput. 26 (1997)) for registers
//! whose writes have unique values.
//!
//! Clients do not know the order of the log. A history that no order explains is always counted; one that is counted may
//! still be explained by another order of concurrent writes. Where the order is visible, the two agree exactly: that is a
//! register whose writes and reads return places in the log.

use super::operation::{Operation, operations};
use super::random::{self, Kind, Rule, luck, ms};
use models::operations::{
    Commit, History, KeyId, Position, PrimaryRun, PrimaryTally, ReadFrom, Session, Store,
};
use proptest::prelude::*;
use sim::{Replication, Seed};
use stateright::semantics::register::{Register, RegisterOp, RegisterRet};
use stateright::semantics::{ConsistencyTester, LinearizabilityTester, SequentialSpec};
use std::collections::BTreeMap;

const KEYS: u32 = 4;

enum Told<S: SequentialSpec> {
    Sent(S::Op),
    Ended(S::Ret),
}

/// Asks stateright about a history of some specification's operations.
fn tested<S>(all: &[Operation], initial: S, of: impl Fn(&Operation) -> Option<(S::Op, S::Ret)>) -> bool
where
    S: Clone + SequentialSpec,
    S::Op: Clone + std::fmt::Debug,
    S::Ret: Clone + std::fmt::Debug,
{
    let mut lines = Vec::new();
    // Orders are tried one by one: a write that nobody knows of and nobody read may as well not have happened.
    let seen = |write: &&Operation| {
        !write.writes || write.known || all.iter().any(|read| !read.writes && read.value == write.value)
    };
    for operation in all.iter().filter(seen) {
        let Some((op, ret)) = of(operation) else { continue };
        lines.push((operation.sent, operation.process, Told::<S>::Sent(op)));
        if operation.known {
            lines.push((operation.ended, operation.process, Told::Ended(ret)));
        }
    }
    lines.sort_by_key(|line| line.0);
    let mut tester = LinearizabilityTester::new(initial);
    for (_, process, told) in lines {
        let taken = match told {
            Told::Sent(op) => tester.on_invoke(process, op),
            Told::Ended(ret) => tester.on_return(process, ret),
        };
        taken.expect("one at a time");
    }
    tester.is_consistent()
}

/// Is the history that of a register?
fn is_register(all: &[Operation]) -> bool {
    tested(all, Register(None), |operation| {
        Some(if operation.writes {
            (RegisterOp::Write(operation.value), RegisterRet::WriteOk)
        } else {
            (RegisterOp::Read, RegisterRet::ReadOk(operation.value))
        })
    })
}

/// A register whose order is visible: places only grow.
#[derive(Clone, Debug)]
struct Placed(Position);

impl SequentialSpec for Placed {
    type Op = Option<Position>;
    type Ret = Position;

    /// A write of unknown outcome that comes too late to be seen is as good as none.
    fn invoke(&mut self, write: &Self::Op) -> Position {
        self.0 = self.0.max(write.unwrap_or(self.0));
        self.0
    }

    fn is_valid_step(&mut self, write: &Self::Op, ret: &Position) -> bool {
        match write {
            Some(place) if *place > self.0 => {
                self.0 = *place;
                true
            }
            Some(_) => false,
            None => self.0 == *ret,
        }
    }
}

fn is_placed(history: &History, key: KeyId, all: &[Operation]) -> bool {
    let place = |operation: &Operation| match operation.value {
        None => Some(Position::ABSENT),
        Some(value) => history.position(key, value),
    };
    tested(all, Placed(Position::ABSENT), |operation| {
        // A write that no log accepted has no place.
        let place = place(operation)?;
        Some((operation.writes.then_some(place), place))
    })
}

/// Is the history that of a register, by zones? A value's zone lies between the first end and the last beginning of its
/// operations: *forward* if these are in this order, else *backward*. The history is linearisable if and only if no read
/// ends before its write begins, no two forward zones overlap, and no backward zone lies within a forward one.
fn by_zones(all: &[Operation]) -> bool {
    // Times are even; the value absent is written before all.
    let mut clusters: BTreeMap<Option<u32>, (i64, i64, i64)> = BTreeMap::from([(None, (-2, -1, -2))]);
    for write in all.iter().filter(|operation| operation.writes) {
        let (sent, ended) = (write.sent as i64, if write.known { write.ended as i64 } else { i64::MAX });
        clusters.insert(write.value, (sent, ended, sent));
    }
    let mut read = std::collections::BTreeSet::from([None]);
    for operation in all.iter().filter(|operation| !operation.writes) {
        let Some((written, first_end, last_sent)) = clusters.get_mut(&operation.value) else { return false };
        if (operation.ended as i64) < *written {
            return false;
        }
        *first_end = (*first_end).min(operation.ended as i64);
        *last_sent = (*last_sent).max(operation.sent as i64);
        read.insert(operation.value);
    }
    // Nobody saw it and nobody knows of it.
    clusters.retain(|value, (_, first_end, _)| read.contains(value) || *first_end < i64::MAX);
    let zones = || clusters.values().map(|(_, first_end, last_sent)| (*first_end, *last_sent));
    let mut forward: Vec<(i64, i64)> = zones().filter(|(end, sent)| end < sent).collect();
    forward.sort_unstable();
    let overlap = forward.windows(2).any(|pair| pair[1].0 < pair[0].1);
    let within = zones().filter(|(end, sent)| end >= sent).any(|(end, sent)| {
        let before = forward.partition_point(|zone| zone.0 < sent);
        before > 0 && end < forward[before - 1].1
    });
    !overlap && !within
}

fn run(store: &Store, sessions: &[Session], seed: u64, until: i64) -> PrimaryTally {
    PrimaryRun::new(store, sessions, u32::MAX, (Seed(seed), Replication(0))).run(ms(until))
}

/// A small history of a random store: about ten operations a key.
fn small(seed: u64, kind: Kind, rule: Option<Rule>, reads: &[ReadFrom]) -> PrimaryTally {
    let stream = &mut luck(seed, "small");
    let rule = rule.unwrap_or_else(|| Rule::As(random::lax_commit(stream)));
    let store = random::store(stream, kind, rule, KEYS, 600);
    let sessions = random::sessions(stream, &store, 4, 0.03, reads);
    run(&store, &sessions, seed, 600)
}

const EVERYWHERE: [ReadFrom; 5] =
    [ReadFrom::Primary, ReadFrom::Confirmed, ReadFrom::Nearest, ReadFrom::Uniform, ReadFrom::Sticky(1)];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever happens to leaders that a quorum elects, reads they have confirmed are linearisable.
    #[test]
    fn consensus_is_linearisable(seed: u64) {
        let tally = small(seed, Kind::Quorum, Some(Rule::Agreed), &[ReadFrom::Confirmed]);
        prop_assert_eq!(tally.counts.out_of_order(), 0);
        for key in (0..KEYS).map(KeyId) {
            prop_assert!(is_register(&operations(&tally.history, key)));
        }
    }

    /// Leaders that have stopped when the next begins need not even confirm: they hold a lease.
    #[test]
    fn consensus_under_leases_is_linearisable(seed: u64) {
        let reads = [ReadFrom::Primary, ReadFrom::Confirmed];
        let tally = small(seed, Kind::QuorumFenced, Some(Rule::Agreed), &reads);
        prop_assert_eq!(tally.counts.out_of_order(), 0);
        for key in (0..KEYS).map(KeyId) {
            prop_assert!(is_register(&operations(&tally.history, key)));
        }
    }

    /// In the order of the log, stateright rejects a key's history if and only if the engine counted on that key. What no
    /// order at all explains is among it.
    #[test]
    fn violations_are_counted_where_a_checker_finds_them(seed: u64) {
        let tally = small(seed, Kind::Any, None, &EVERYWHERE);
        for key in (0..KEYS).map(KeyId) {
            let all = operations(&tally.history, key);
            let counted = tally.out_of_order.contains(&key);
            prop_assert_eq!(!is_placed(&tally.history, key, &all), counted, "{:?} {:?}", key, all);
            prop_assert!(counted || is_register(&all));
        }
    }

    /// If two reads, one after the other, returned each what the other did, an orderly history is one no more.
    #[test]
    fn swapping_two_reads_breaks_the_order(seed: u64) {
        let tally = small(seed, Kind::Quorum, Some(Rule::Agreed), &[ReadFrom::Confirmed]);
        for key in (0..KEYS).map(KeyId) {
            let mut all = operations(&tally.history, key);
            let reads: Vec<usize> = (0..all.len()).filter(|index| !all[*index].writes).collect();
            let differ = |pair: &&[usize]| {
                all[pair[0]].ended < all[pair[1]].sent && all[pair[0]].value != all[pair[1]].value
            };
            let Some(&[one, other]) = reads.windows(2).find(differ) else { continue };
            prop_assert!(is_placed(&tally.history, key, &all));
            (all[one].value, all[other].value) = (all[other].value, all[one].value);
            prop_assert!(!is_placed(&tally.history, key, &all), "{:?}", all);
        }
    }

    /// Zones and trying all orders say the same.
    #[test]
    fn zones_agree_with_trying_all_orders(seed: u64) {
        let tally = small(seed, Kind::Any, None, &EVERYWHERE);
        for key in (0..KEYS).map(KeyId) {
            let all = operations(&tally.history, key);
            prop_assert_eq!(by_zones(&all), is_register(&all), "{:?}", all);
        }
    }
}

/// The checks above see every kind of history: most hold, many break, and some only in the order of the log.
#[test]
fn random_histories_are_of_every_kind() {
    let (mut held, mut broken, mut by_order_alone, mut reigns) = (0, 0, 0, 0);
    for seed in 0..400 {
        let tally = small(seed, Kind::Any, None, &EVERYWHERE);
        for key in (0..KEYS).map(KeyId) {
            let all = operations(&tally.history, key);
            match (tally.out_of_order.contains(&key), is_register(&all)) {
                (false, _) => held += 1,
                (true, false) => broken += 1,
                (true, true) => by_order_alone += 1,
            }
        }
        let tally = small(seed, Kind::Quorum, Some(Rule::Agreed), &[ReadFrom::Confirmed]);
        let later = |operation: &&Operation| {
            let place = operation.value.and_then(|value| tally.history.position(KeyId(0), value));
            operation.known && place.is_some_and(|place| place.epoch > 0)
        };
        reigns += operations(&tally.history, KeyId(0)).iter().filter(later).count();
    }
    assert!(held > 300 && broken > 300 && by_order_alone > 4 && reigns > 300);
}

/// A hundred thousand operations and more.
#[test]
fn long_histories_are_judged_alike() {
    let stream = &mut luck(1, "long");
    for (kind, rule, reads, breaks) in [
        (Kind::Quorum, Rule::Agreed, ReadFrom::Confirmed, false),
        (Kind::Any, Rule::As(Commit::Asynchronous), ReadFrom::Uniform, true),
    ] {
        let store = random::store(stream, kind, rule, 200, 100_000);
        let sessions = random::sessions(stream, &store, 50, 0.02, &[reads]);
        let tally = run(&store, &sessions, 1, 100_000);
        assert!(tally.history.lines().len() > 200_000);
        let mut broken = 0;
        for key in (0..200).map(KeyId) {
            let holds = by_zones(&operations(&tally.history, key));
            assert!(holds || tally.out_of_order.contains(&key));
            broken += usize::from(!holds);
        }
        assert_eq!(broken > 100, breaks, "{kind:?}: {broken} keys");
    }
}
