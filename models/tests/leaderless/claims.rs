//! What stores of this kind are known to do when something fails.

use super::make::{at, cut, distances, run, seconds, session, stretch};
use models::operations::leaderless::{
    Conditions, Counts, Flaw, Hints, Level, Loss, Misfit, Return, Session, Store, Troubles, Turns,
};
use models::operations::{Cut, Stretch};
use sim::{Instant, Law, Span};

const CALM: &str = "nothing is wrong with it";

/// So many places of three replicas, 20 ms apart, with a leg of 1 ms; whoever is silent is taken for dead after 18 s.
fn cluster(places: usize, troubles: Option<Troubles>, level: Level) -> Store {
    let troubles = troubles.unwrap_or_else(|| Troubles::none(places, 3 * places));
    let at = (0..3 * places).map(|replica| replica / 3).collect();
    let conditions = Conditions::new(places, at, troubles).expect(CALM);
    let mut store = Store::plain(conditions, distances(places, |_, _| 0.02), level, level);
    store.legs.write = Law::Fixed(seconds(0.001));
    store.conviction = Law::Fixed(seconds(18.0));
    store.write_timeout = seconds(2.0);
    store.read_timeout = seconds(5.0);
    store
}

fn down(replicas: std::ops::Range<usize>, places: usize, during: Stretch) -> Troubles {
    let mut troubles = Troubles::none(places, 3 * places);
    replicas.for_each(|replica| troubles.down[replica] = vec![during]);
    troubles
}

/// Ten writes a second at the first place, between two instants.
fn writes(store: &Store, from: f64, until: f64) -> Counts {
    let writer = |until: f64| {
        let session = Session { think: Law::Fixed(seconds(0.1)), ..session(0, 1.0, 0.0) };
        run(store, &[session], 1, at(until)).counts
    };
    let (before, all) = (writer(from), writer(until));
    Counts {
        writes: all.writes - before.writes,
        unknown_writes: all.unknown_writes - before.unknown_writes,
        refused_writes: all.refused_writes - before.refused_writes,
        refused_in_reach: all.refused_in_reach - before.refused_in_reach,
        ..Counts::default()
    }
}

/// (acknowledged, unknown, refused), and that all refusals were for consistency.
fn ends(counts: &Counts) -> (bool, bool, bool) {
    assert_eq!(counts.refused_in_reach, counts.refused_writes);
    (counts.writes > 0, counts.unknown_writes > 0, counts.refused_writes > 0)
}

#[test]
fn requests_time_out_until_the_dead_are_convicted_and_are_refused_after_that() {
    let of_two = |level| cluster(1, Some(down(0..2, 1, stretch(100.0, 200.0))), level);
    let store = of_two(Level::Quorum);
    assert_eq!(ends(&writes(&store, 90.0, 99.0)), (true, false, false));
    assert_eq!(ends(&writes(&store, 103.0, 115.0)), (false, true, false));
    assert_eq!(ends(&writes(&store, 121.0, 199.0)), (false, false, true));
    assert_eq!(ends(&writes(&store, 201.0, 210.0)), (true, false, false));
    assert_eq!(ends(&writes(&of_two(Level::One), 90.0, 210.0)), (true, false, false));
}

#[test]
fn each_quorum_refuses_writes_while_a_place_is_down_and_local_quorum_does_not() {
    let far = |level| cluster(2, Some(down(3..6, 2, stretch(100.0, 200.0))), level);
    assert_eq!(ends(&writes(&far(Level::EachQuorum), 121.0, 199.0)), (false, false, true));
    assert_eq!(ends(&writes(&far(Level::Quorum), 121.0, 199.0)), (false, false, true));
    assert_eq!(ends(&writes(&far(Level::LocalQuorum), 90.0, 210.0)), (true, false, false));
    assert_eq!(ends(&writes(&far(Level::Two), 90.0, 210.0)), (true, false, false));
}

#[test]
fn clients_that_find_no_coordinator_are_refused_for_want_of_one() {
    let mut troubles = Troubles::none(2, 3);
    let during = Stretch { from: at(0.0), until: at(50.0) };
    troubles.cuts.push(Cut { between: (0, 1), during });
    let conditions = Conditions::new(2, vec![0, 0, 0], troubles).expect(CALM);
    let store = Store::plain(conditions, distances(2, |_, _| 0.02), Level::One, Level::One);
    let counts = run(&store, &[session(1, 1.0, 0.5)], 1, at(50.0)).counts;
    assert!(counts.refused_reads > 0 && counts.refused_writes > 0);
    assert_eq!((counts.refused_in_reach, counts.reads + counts.writes), (0, 0));
}

/// A replica is down for a minute; keys that then still differ.
fn diverged(hints: Option<Hints>, anti_entropy: Option<Span>, change: impl Fn(&mut Troubles)) -> u64 {
    let mut troubles = down(2..3, 1, stretch(100.0, 160.0));
    // Nobody writes any more once it is back.
    troubles.closed[0] = vec![Stretch { from: at(150.0), until: at(170.0) }];
    change(&mut troubles);
    let mut store = cluster(1, Some(troubles), Level::One);
    (store.hints, store.anti_entropy) = (hints, anti_entropy);
    let tally = run(&store, &[session(0, 2.0, 0.0)], 3, at(165.0));
    assert_eq!(tally.counts.lost, 0);
    tally.diverged
}

#[test]
fn a_replica_that_was_down_too_long_for_hints_stays_behind_until_replicas_compare() {
    let hints = |window| Some(Hints { window, delay: Span::SECOND });
    let nothing = |_: &mut Troubles| ();
    assert_eq!(diverged(None, None, nothing), 1);
    assert_eq!(diverged(hints(seconds(70.0)), None, nothing), 0);
    assert_eq!(diverged(hints(seconds(30.0)), None, nothing), 1);
    assert_eq!(diverged(hints(seconds(30.0)), Some(seconds(81.0)), nothing), 0);
    // Hints are lost with the place that keeps them.
    let destroyed = |troubles: &mut Troubles| troubles.destroyed[0].push(at(155.0));
    assert_eq!(diverged(hints(seconds(70.0)), None, destroyed), 1);
}

/// Two primaries cut off from each other: what one accepted alone is gone with its disk, and only missing while it is down.
#[test]
fn a_place_that_is_down_takes_its_tail_with_it_for_a_while_and_one_that_is_destroyed_for_good() {
    let counts = |destroyed: bool| {
        let mut troubles = Troubles::none(2, 2);
        troubles.cuts.push(cut(0, 1, stretch(50.0, 90.0)));
        troubles.down[0].push(stretch(60.0, 80.0));
        troubles.closed[0].push(stretch(60.0, 80.0));
        if destroyed {
            troubles.losses[0].push(Loss::of_disk(at(60.0)));
            troubles.destroyed[0].push(at(60.0));
        }
        let conditions = Conditions::new(2, vec![0, 1], troubles).expect(CALM);
        let mut store = Store::multi_primary(conditions, distances(2, |_, _| 0.02)).expect(CALM);
        store.returns = Return::Rebuilt;
        run(&store, &[session(0, 5.0, 0.0)], 1, at(70.0)).counts
    };
    let (back, gone) = (counts(false), counts(true));
    // About ten seconds at five a second.
    assert!(gone.lost > 30 && gone.lost < 70, "{}", gone.lost);
    assert_eq!((back.lost, back.missed, gone.missed), (0, gone.lost, 0));
}

#[test]
fn impossible_conditions_and_stores_are_refused() {
    let change = |change: &dyn Fn(&mut Troubles)| {
        let mut troubles = Troubles::none(2, 2);
        change(&mut troubles);
        Conditions::new(2, vec![0, 1], troubles).map(|_| ())
    };
    assert_eq!(change(&|_| ()), Ok(()));
    assert_eq!(Conditions::calm(1, vec![0, 1]), Err(Flaw::Shape));
    assert_eq!(Conditions::calm(1, Vec::new()), Err(Flaw::Shape));
    assert_eq!(Conditions::calm(17, vec![0]), Err(Flaw::Chains));
    assert_eq!(change(&|all| drop(all.down.pop())), Err(Flaw::Shape));
    assert_eq!(
        change(&|all| all.destroyed[0] = (0..15).map(|n| at(f64::from(n))).collect()),
        Err(Flaw::Chains)
    );
    assert_eq!(change(&|all| all.down[1] = vec![stretch(3.0, 2.0)]), Err(Flaw::Empty));
    assert_eq!(change(&|all| all.closed[1] = vec![stretch(3.0, 3.0)]), Err(Flaw::Empty));
    assert_eq!(change(&|all| all.cuts.push(cut(0, 1, stretch(1.0, 1.0)))), Err(Flaw::Empty));
    assert_eq!(change(&|all| all.cuts.push(cut(1, 1, stretch(1.0, 2.0)))), Err(Flaw::Cut));
    assert_eq!(change(&|all| all.cuts.push(cut(0, 2, stretch(1.0, 2.0)))), Err(Flaw::Cut));

    let check = |change: &dyn Fn(&mut Store)| {
        let mut store = cluster(2, None, Level::Quorum);
        change(&mut store);
        store.check()
    };
    assert_eq!(check(&|_| ()), Ok(()));
    assert_eq!(check(&|store| drop(store.distances.pop())), Err(Misfit::Places));
    assert_eq!(check(&|store| store.ahead.truncate(1)), Err(Misfit::Places));
    assert_eq!(check(&|store| store.read_timeout = Span::ZERO), Err(Misfit::Times));
    assert_eq!(check(&|store| store.anti_entropy = Some(Span::ZERO)), Err(Misfit::Times));
    let two_places = Conditions::calm(2, vec![0, 1]).expect(CALM);
    let two = Store::plain(two_places.clone(), distances(2, |_, _| 0.0), Level::Three, Level::One);
    assert_eq!(two.check(), Err(Misfit::Level));
    let doubled = Conditions::calm(2, vec![0, 1, 1]).expect(CALM);
    assert!(Store::multi_primary(doubled, distances(2, |_, _| 0.0)).is_err());
    assert!(Store::multi_primary(two_places, distances(2, |_, _| 0.0)).is_ok());
}

#[test]
fn troubles_that_overlap_are_one() {
    let mut troubles = Troubles::none(1, 1);
    troubles.down[0] = vec![stretch(5.0, 6.0), stretch(1.0, 3.0), stretch(2.0, 4.0)];
    troubles.losses[0] = vec![Loss::of_disk(at(9.0)), Loss::of_disk(at(2.0)), Loss::of_disk(at(9.0))];
    let conditions = Conditions::new(1, vec![0], troubles).expect(CALM);
    assert_eq!(conditions.troubles().down[0], [stretch(1.0, 4.0), stretch(5.0, 6.0)]);
    assert_eq!(
        conditions.troubles().losses[0].iter().map(|loss| loss.at).collect::<Vec<_>>(),
        [at(2.0), at(9.0)]
    );
    let up: Vec<bool> = (0..7).map(|n| conditions.is_up(0, at(f64::from(n)))).collect();
    assert_eq!(up, [true, false, false, false, true, false, true]);
}

/// A commit log written every ten seconds from the third on.
#[test]
fn a_log_keeps_what_it_has_written_last() {
    let kept = |lost: f64| Loss::of_log(at(lost), seconds(10.0), seconds(3.0)).kept;
    assert_eq!(kept(25.0), Some(at(23.0)));
    assert_eq!(kept(23.0), Some(at(23.0)));
    assert_eq!(kept(3.0), Some(at(3.0)));
    assert!(kept(2.9).expect("a log") < Instant::ZERO);
}

/// A session that moves between places finds its own writes missing there while they are on their way; one that stays does
/// not.
#[test]
fn own_writes_are_missed_by_sessions_that_move() {
    let mut troubles = Troubles::none(3, 2);
    troubles.closed[0] = (1..200).map(|n| stretch(f64::from(n), f64::from(n) + 0.5)).collect();
    let run_with = |turns: Turns| {
        let conditions = Conditions::new(3, vec![0, 1], troubles.clone()).expect(CALM);
        let between = |one: usize, other: usize| if (one, other) == (0, 1) { 0.2 } else { 0.01 };
        let store = Store::plain(conditions, distances(3, between), Level::LocalOne, Level::LocalOne);
        let session = Session { turns, ..session(2, 5.0, 0.5) };
        run(&store, &[session], 1, at(200.0)).counts.forgot_own_write
    };
    assert!(run_with(Turns::Nearest) > 0);
    assert!(run_with(Turns::Uniform) > run_with(Turns::Nearest));
    assert_eq!(run_with(Turns::Sticky(1)), 0);
}
