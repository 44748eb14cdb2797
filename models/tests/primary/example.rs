//! A dual primary followed by hand.

use super::random::ms;
use models::operations::{
    Commit, Cut, Heritage, Plan, Popularity, PrimaryRun, PrimaryTally, ReadFrom, Reign, Reigns, Session,
    Shipping, Store, Stretch,
};
use sim::{Law, Replication, Seed, Span};

fn millis(count: i64) -> Law {
    Law::Fixed(Span::from_millis(count))
}

/// Two replicas that are cut off from each other from 400 ms on. Replica 1 is promoted at 500 ms; replica 0 hears of it at
/// 1 s and goes on until then.
fn split() -> Reigns {
    let reign = |primary, active, stops, heard: [i64; 2]| Reign {
        primary,
        active: ms(active),
        stops: ms(stops),
        heard: heard.map(ms).to_vec(),
        heritage: Heritage::Longest(vec![primary]),
    };
    let reigns = vec![reign(0, 0, 1_000, [0, 0]), reign(1, 500, 100_000, [1_000, 500])];
    let cut = Cut { between: (0, 1), during: Stretch { from: ms(400), until: ms(1_000) } };
    Reigns::new(2, reigns, vec![Vec::new(); 2], vec![cut]).expect("possible")
}

/// A client beside replica 0 writes the key at 100 ms, 200 ms, ..., 900 ms; one beside each replica reads it there at
/// 150 ms, 300 ms, ..., 900 ms. Nothing takes any time but what replica 1 needs to apply a write.
fn followed(apply: i64) -> PrimaryTally {
    let store = Store {
        reigns: split(),
        distances: vec![vec![Span::ZERO; 2]; 2],
        commit: Commit::Asynchronous,
        shipping: Shipping::Streamed,
        lag: millis(0),
        apply: millis(apply),
        message: millis(0),
        patience: Span::SECOND,
        popularity: Popularity::Uniform { keys: 1 },
    };
    let session = |share, think, place| Session {
        plan: Plan::Mix { reads: share, think: millis(think) },
        place,
        reads: ReadFrom::Sticky(place),
    };
    let sessions = [session(0.0, 100, 0), session(1.0, 150, 0), session(1.0, 150, 1)];
    PrimaryRun::new(&store, &sessions, 1, (Seed(1), Replication(0))).run(ms(1_000))
}

#[test]
fn a_dual_primary_is_counted_as_by_hand() {
    let counts = followed(0).counts;
    assert_eq!((counts.reads, counts.writes), (12, 9));
    // Those sent from 400 ms on never leave replica 0; those from 500 ms on are accepted under a superseded epoch.
    assert_eq!((counts.lost, counts.superseded, counts.returned), (6, 5, 0));
    // The reader at replica 0 saw those of 400, 600, 700 and 900 ms.
    assert_eq!((counts.read_then_lost, counts.vanished), (4, 0));
    // The reader at replica 1 misses the write of 400 ms at 450 ms; later, only lost writes.
    assert_eq!((counts.stale, counts.versions_behind, counts.stale_nanos), (1, 1, 50_000_000));
    assert_eq!(counts.stale_after_loss, 3);
    assert_eq!((counts.repeated, counts.went_back, counts.went_back_after_loss), (10, 0, 0));
    assert_eq!((counts.reads_out_of_order, counts.writes_out_of_order, counts.keys_out_of_order), (4, 0, 1));
}

/// Applied 60 ms later, the last write before 150 and 300 ms is missing at replica 1, and nothing else changes.
#[test]
fn a_later_apply_moves_staleness_alone() {
    let (before, after) = (followed(0).counts, followed(60).counts);
    assert_eq!((after.stale, after.versions_behind), (before.stale + 2, before.versions_behind + 2));
    assert_eq!(after.stale_nanos, before.stale_nanos + 50_000_000);
    assert_eq!(after.reads_out_of_order, before.reads_out_of_order + 2);
    assert_eq!((after.lost, after.superseded), (before.lost, before.superseded));
    assert_eq!(
        (after.stale_after_loss, after.read_then_lost),
        (before.stale_after_loss, before.read_then_lost)
    );
    assert_eq!((after.went_back, after.writes_out_of_order), (0, 0));
}
