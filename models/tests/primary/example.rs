//! Failures followed by hand.

use super::random::ms;
use models::operations::{
    Apply, Commit, Cut, Heritage, Legs, Plan, Popularity, PrimaryRun, PrimaryTally, ReadFrom, Reign, Reigns,
    Session, Shipping, Shows, Store, Stretch,
};
use models::specification::{Acknowledgers, Counting};
use sim::{Law, Replication, Seed, Span};

fn millis(count: i64) -> Law {
    Law::Fixed(Span::from_millis(count))
}

fn reign(primary: usize, active: i64, stops: i64, heard: [i64; 2]) -> Reign {
    let (active, stops, heard) = (ms(active), ms(stops), heard.map(ms).to_vec());
    Reign { primary, active, stops, heard, heritage: Heritage::Longest(vec![primary]) }
}

/// Two replicas that are cut off from each other from 400 ms until 1 s.
fn cut_off(reigns: Vec<Reign>) -> Reigns {
    let cut = Cut { between: (0, 1), during: Stretch { from: ms(400), until: ms(1_000) } };
    Reigns::new(2, reigns, vec![Vec::new(); 2], vec![cut]).expect("possible")
}

/// Nothing takes any time.
fn store(reigns: Reigns, commit: Commit) -> Store {
    Store {
        reigns,
        distances: vec![vec![Span::ZERO; 2]; 2],
        commit,
        counting: Counting::Everybody,
        shipping: Shipping::Streamed,
        lag: millis(0),
        apply: millis(0),
        applies: Apply::LogOrder,
        replay: Span::ZERO,
        legs: Legs::none(),
        patience: Span::SECOND,
        popularity: Popularity::Uniform { keys: 1 },
    }
}

/// A client of a replica that waits so long between one operation's answer and the next.
fn client(reads: f64, think: i64, place: usize) -> Session {
    Session { plan: Plan::Mix { reads, think: millis(think) }, place, reads: ReadFrom::Sticky(place) }
}

fn run(store: &Store, sessions: &[Session], until: i64) -> PrimaryTally {
    PrimaryRun::new(store, sessions, 1, (Seed(1), Replication(0))).run(ms(until))
}

/// Replica 1 is promoted at 500 ms; replica 0 hears of it at 1 s and goes on until then. A client beside replica 0 writes the
/// key at 100 ms, 200 ms, ..., 900 ms; one beside each replica reads it there at 150 ms, 300 ms, ..., 900 ms. Nothing takes
/// any time but what replica 1 needs to apply a write.
fn followed(apply: i64) -> PrimaryTally {
    let split = cut_off(vec![reign(0, 0, 1_000, [0, 0]), reign(1, 500, 100_000, [1_000, 500])]);
    let store = Store { apply: millis(apply), ..store(split, Commit::Asynchronous) };
    run(&store, &[client(0.0, 100, 0), client(1.0, 150, 0), client(1.0, 150, 1)], 1_000)
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

/// Replica 0 dies at 990 ms, cut off since 400 ms. It was written to at 100, 200 and 300 ms, and from 400 ms on waits for an
/// acknowledgement: for ever, or 150 ms long and no more after that; then the next writes are those of 650 to 950 ms.
#[test]
fn a_primary_that_falls_back_acknowledges_and_loses() {
    let died = || cut_off(vec![reign(0, 0, 990, [0, 0]), reign(1, 990, 100_000, [990, 990])]);
    let counts = |falls_back| {
        let commit = Commit::SemiSynchronous {
            replicas: 1,
            which: Acknowledgers::Any,
            shows: Shows::Acknowledged,
            falls_back,
        };
        run(&store(died(), commit), &[client(0.0, 100, 0), client(1.0, 450, 0)], 1_000).counts
    };
    let waits = counts(None);
    assert_eq!((waits.writes, waits.unknown_writes, waits.lost), (3, 1, 0));
    let alone = counts(Some(Span::from_millis(150)));
    assert_eq!((alone.writes, alone.unknown_writes, alone.lost), (8, 0, 5));
    // At 450 ms the waiting write is not shown yet; at 900 ms that of 850 ms is.
    assert_eq!((alone.reads, alone.stale, alone.read_then_lost), (2, 0, 1));
}

/// The cut over, replica 1 receives the writes of 400 to 900 ms at once, at 1 s, with that of 1 s, and needs 50 ms for each:
/// at 1.26 s it shows those up to 800 ms. It has caught up at 1.6 s.
#[test]
fn a_replica_catches_up_at_its_rate() {
    let reigns = cut_off(vec![reign(0, 0, 100_000, [0, 0])]);
    let store = Store { replay: Span::from_millis(50), ..store(reigns, Commit::Asynchronous) };
    let counts = |read: i64| run(&store, &[client(0.0, 100, 0), client(1.0, read, 1)], read + 1).counts;
    // Missing: those of 0.9, 1.0, 1.1 and 1.2 s.
    let catching_up = counts(1_260);
    assert_eq!((catching_up.reads, catching_up.stale, catching_up.versions_behind), (1, 1, 4));
    let caught_up = counts(1_960);
    assert_eq!((caught_up.reads, caught_up.stale), (1, 0));
}

/// Replica 0 goes on until 1.2 s although all have heard of the next at 1 s. Clients beside it, who write at 100 ms, 200 ms, ...,
/// turn to the new one from 1 s on; only one that reads there still sees what it has.
#[test]
fn clients_turn_to_the_new_primary_before_somebody_notices_the_old_one() {
    let two = || cut_off(vec![reign(0, 0, 1_200, [0, 0]), reign(1, 500, 100_000, [1_000, 500])]);
    let store = store(two(), Commit::Asynchronous);
    let counts =
        run(&store, &[client(0.0, 100, 0), client(1.0, 1_050, 0), client(1.0, 1_250, 0)], 1_400).counts;
    // Those of 400 to 900 ms are lost, those of 1.0 to 1.3 s are not.
    assert_eq!((counts.writes, counts.lost, counts.superseded, counts.refused_writes), (13, 6, 5, 0));
    // At 1.05 s replica 0 shows the write of 900 ms and lacks that of 1 s; at 1.25 s it follows.
    assert_eq!((counts.reads, counts.read_then_lost, counts.stale), (2, 1, 1));
}

/// Replica 0 is rebuilt from 1 s until 1.5 s: who reads there is served by replica 1 meanwhile, and by replica 0 from then on,
/// which shows all that has been written and nothing of what it had accepted beside the other. Without, it shows that until the
/// first entry of the new log is there, which takes 200 ms.
#[test]
fn a_primary_that_is_rebuilt_never_shows_what_it_had_accepted_alone() {
    let split = || cut_off(vec![reign(0, 0, 1_000, [0, 0]), reign(1, 500, 100_000, [1_000, 500])]);
    let counts = |reigns: Reigns, at: i64| {
        let store = Store { apply: millis(200), ..store(reigns, Commit::Asynchronous) };
        run(&store, &[client(0.0, 100, 0), client(1.0, at, 0)], at + 1).counts
    };
    let rebuilt = || {
        let during = Stretch { from: ms(1_000), until: ms(1_500) };
        split().rebuilding(vec![vec![during], Vec::new()]).expect("possible")
    };
    let followed_at_once = counts(split(), 1_150);
    assert_eq!((followed_at_once.read_then_lost, followed_at_once.stale), (1, 1));
    for at in [1_050, 1_150, 1_450] {
        let counts = counts(rebuilt(), at);
        assert_eq!((counts.reads, counts.read_then_lost), (1, 0), "{at} ms: {counts:?}");
    }
    // Replica 1 shows what it has accepted at once; replica 0 is 200 ms behind it, as ever.
    assert_eq!([1_450, 1_550].map(|at| counts(rebuilt(), at).versions_behind), [0, 2]);
}

/// While replica 0 is rebuilt it acknowledges nothing: a write that waits for it waits until it is done.
#[test]
fn a_primary_that_is_rebuilt_acknowledges_nothing() {
    let split = cut_off(vec![reign(0, 0, 400, [0, 0]), reign(1, 500, 100_000, [1_000, 500])]);
    let during = Stretch { from: ms(1_000), until: ms(1_500) };
    let reigns = split.rebuilding(vec![vec![during], Vec::new()]).expect("possible");
    let commit = Commit::SemiSynchronous {
        replicas: 1,
        which: Acknowledgers::Any,
        shows: Shows::Acknowledged,
        falls_back: None,
    };
    let tally = run(&store(reigns, commit), &[client(0.0, 1_100, 1)], 1_101);
    assert_eq!((tally.counts.writes, tally.counts.unknown_writes), (1, 0));
    let waited = tally.write_latency.max();
    assert_eq!(waited, 400_000_000);
}

/// A replica 40 ms away comes before one 10 ms away, and is down from 100 to 200 ms. What is written at 20 ms waits for it, there
/// and back; what is written at 90 and 150 ms is acknowledged by the other while it is down; what is written at 195 ms, which
/// the other has acknowledged at 215 ms, waits for the first once more.
#[test]
fn writes_wait_for_the_first_replica_that_follows_just_then() {
    let took = |which, at: i64| {
        let down = Stretch { from: ms(100), until: ms(200) };
        let one = Reign {
            primary: 0,
            active: ms(0),
            stops: ms(100_000),
            heard: vec![ms(0); 3],
            heritage: Heritage::Everything,
        };
        let reigns = Reigns::new(3, vec![one], vec![vec![], vec![down], vec![]], vec![]).expect("possible");
        let commit =
            Commit::SemiSynchronous { replicas: 1, which, shows: Shows::Acknowledged, falls_back: None };
        let ways = [[0, 40, 10], [40, 0, 40], [10, 40, 0]].map(|row| row.map(Span::from_millis).to_vec());
        let store = Store { distances: ways.to_vec(), ..store(reigns, commit) };
        let tally = run(&store, &[client(0.0, at, 0)], at + 1);
        assert_eq!(tally.counts.writes, 1, "{at}");
        tally.write_latency.max() / 1_000_000
    };
    let first = [20, 90, 150, 195].map(|at| took(Acknowledgers::First, at));
    assert_eq!(first, [80, 20, 20, 80]);
    let any = [20, 90, 150, 195].map(|at| took(Acknowledgers::Any, at));
    assert_eq!(any, [20; 4]);
}
