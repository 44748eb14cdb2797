//! What holds of reigns, whatever fails and whenever it is looked at.

use super::*;
use crate::operations::Legs;
use crate::specification::{Acknowledgers, Apply, Counting, LagDrawn, Reads, SiteId, Votes};
use proptest::prelude::*;
use sim::{Law, Replication, Seed, StreamName};

/// Who lacks nothing.
const WHOLE: Standing = Standing { behind: Span::ZERO, synchronous: true };

/// A change of what is seen, so long after the one before.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) after: u16,
    dead: u8,
    cut: u8,
}

/// Members of a store, and what is seen of them: those in `cut` do not reach the others.
pub(crate) fn sight(members: usize, change: &Change) -> Sight {
    let dead = |member: usize| change.dead >> member & 1 == 1;
    let side = |member: usize| change.cut >> member & 1;
    Sight::new(members, |member| !dead(member), |a, b| side(a) == side(b))
}

pub(crate) fn plan(members: usize, failover: Failover, acknowledged: Acknowledged) -> Primary {
    Primary {
        home: SiteId(0),
        replicas: (1..members as u32).map(SiteId).collect(),
        witnesses: Vec::new(),
        lag: Law::Fixed(Span::ZERO),
        apply_rate: None,
        acknowledged,
        counting: Counting::Everybody,
        failover,
        votes: Votes::alike(members),
        promotion: Law::Fixed(Span::SECOND * 5),
        noticed: None,
        rejoin: Law::Fixed(Span::SECOND * 20),
        most_lag: None,
        promotes: Promotes::Any,
        returns: None,
        routers_learn: None,
        reads: Reads::Primary,
        legs: Legs::none(),
        lag_drawn: LagDrawn::Failover,
        applies: Apply::LogOrder,
        duties: None,
    }
}

pub(crate) fn failovers() -> impl Strategy<Value = Failover> {
    let after = Law::Fixed(Span::SECOND * 15);
    prop_oneof![
        Just(Failover::Never),
        Just(Failover::Lease { life: Span::SECOND * 30, renewed: Span::SECOND * 10 }),
        any::<bool>().prop_map({
            let after = after.clone();
            move |fenced| Failover::Checked { after: after.clone(), fenced }
        }),
        (any::<bool>(), any::<bool>()).prop_map(move |(fenced, at_once)| {
            let after = if at_once { Law::Fixed(Span::ZERO) } else { after.clone() };
            Failover::Human { after, fenced }
        }),
    ]
}

fn acknowledgements() -> impl Strategy<Value = Acknowledged> {
    let received =
        |alone_after| Acknowledged::Received { replicas: 1, which: Acknowledgers::Any, alone_after };
    prop_oneof![
        Just(Acknowledged::Alone),
        Just(received(None)),
        Just(received(Some(Span::SECOND * 10))),
        Just(Acknowledged::Quorum),
    ]
}

pub(crate) fn schedules() -> impl Strategy<Value = Vec<Change>> {
    let change = (0u16..120, any::<u8>(), any::<u8>());
    prop::collection::vec(
        change.prop_map(|(after, dead, cut)| Change { after, dead: dead & 0b1111, cut }),
        1..12,
    )
}

/// The same where the writer returns to its home.
fn returning(plan: Primary, after: i64) -> Primary {
    Primary { returns: Some(Law::Fixed(Span::SECOND * after)), ..plan }
}

/// Drives a reign through a schedule, and a while longer with all well again; calls `claim` after each look.
fn drive(
    members: usize,
    plan: &Primary,
    schedule: &[Change],
    mut claim: impl FnMut(Instant, &Reign, &Sight, &Seen),
) -> Reign {
    let mut reign = Reign::NOMINAL;
    let mut stream = Stream::new(Seed(1), Replication(0), StreamName::of("a store", "laws"));
    let mut now = Instant::ZERO;
    let well = Change { after: 60, dead: 0, cut: 0 };
    let calm = [well.clone(), well.clone(), well.clone(), well.clone()];
    let mut seen_now = Sight::new(members, |_| true, |_, _| true);
    for change in schedule.iter().chain(&calm) {
        let at = now + Span::SECOND * i64::from(change.after);
        let mut looks = 0;
        while let Some(next) = reign.next(now, plan).filter(|next| *next < at) {
            assert!(next > now, "what is to come lies ahead");
            now = next;
            let seen = reign.look(now, plan, &seen_now, &mut stream, |_| WHOLE);
            claim(now, &reign, &seen_now, &seen);
            looks += 1;
            assert!(looks < 100, "it comes to rest");
        }
        now = at;
        seen_now = sight(members, change);
        let seen = reign.look(now, plan, &seen_now, &mut stream, |_| WHOLE);
        claim(now, &reign, &seen_now, &seen);
    }
    reign
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Fenced, two never write; and nobody does once the lease of whoever was lost is over.
    #[test]
    fn a_lease_never_has_two_writers(
        acknowledged in acknowledgements(),
        schedule in schedules(),
        returns: bool,
    ) {
        let life = Span::SECOND * 30;
        let stays = plan(4, Failover::Lease { life, renewed: Span::SECOND * 10 }, acknowledged);
        let plan = if returns { returning(stays, 20) } else { stays };
        drive(4, &plan, &schedule, |now, reign, _, _| {
            assert!(reign.is_undivided());
            if let State::Doubted { since, .. } = reign.state() {
                assert!(now < since + life);
            }
        });
    }

    #[test]
    fn who_takes_over_by_vote_reaches_a_quorum(schedule in schedules(), fenced in any::<bool>()) {
        let after = Law::Fixed(Span::SECOND * 15);
        let plan = plan(4, Failover::Checked { after, fenced }, Acknowledged::Alone);
        drive(4, &plan, &schedule, |_, _, sight, seen| {
            if let Some(done) = seen.done {
                assert!(sight.has_quorum(done.to, &plan.votes));
            }
        });
    }

    #[test]
    fn with_acknowledgements_by_quorum_nobody_writes_without_one(failover in failovers(), schedule in schedules()) {
        let plan = plan(4, failover, Acknowledged::Quorum);
        drive(4, &plan, &schedule, |now, reign, sight, _| {
            assert!(reign.is_undivided());
            if let Some(at) = reign.writer(now, &plan, sight) {
                assert!(sight.has_quorum(at, &plan.votes));
            }
        });
    }

    #[test]
    fn without_failover_the_home_stays(acknowledged in acknowledgements(), schedule in schedules()) {
        let plan = plan(4, Failover::Never, acknowledged);
        let last = drive(4, &plan, &schedule, |_, reign, _, seen| {
            assert!(matches!(reign.state(), State::Writing { at: 0 } | State::Doubted { at: 0, decided: None, .. }));
            assert!(seen.done.is_none() && seen.stopped.is_empty());
        });
        prop_assert_eq!(last.state(), State::Writing { at: 0 });
    }

    /// The dead do not write, a second look changes nothing, and once all is well one member writes and the others follow.
    #[test]
    fn whatever_fails_one_writes_in_the_end(
        failover in failovers(),
        acknowledged in acknowledgements(),
        schedule in schedules(),
        returns: bool,
    ) {
        let stays = plan(4, failover, acknowledged);
        let plan = if returns { returning(stays, 20) } else { stays };
        let last = drive(4, &plan, &schedule, |now, reign, sight, _| {
            let writers = reign.old_writers().chain(reign.writer(now, &plan, sight));
            assert!(writers.into_iter().all(|member| sight.alive(member)));
            let mut again = reign.clone();
            let mut stream = Stream::new(Seed(2), Replication(0), StreamName::of("a store", "again"));
            let seen = again.look(now, &plan, sight, &mut stream, |_| WHOLE);
            assert_eq!((again.state(), seen), (reign.state(), Seen::default()));
        });
        prop_assert!(last.is_settled() && last.rejoining() == 0, "{last:?}");
    }

    /// A planned return: nobody writes while it is under way but those given up before it, the home receives the rest of
    /// the log from whoever stopped for it, and once all is well the home writes.
    #[test]
    fn a_return_loses_nothing_and_adds_no_writer(
        failover in failovers(),
        acknowledged in acknowledgements(),
        schedule in schedules(),
        after in 0_i64..100,
        lag in 0_i64..10,
    ) {
        let plan = Primary { lag: Law::Fixed(Span::SECOND * lag), ..returning(plan(4, failover, acknowledged), after) };
        let mut before = Reign::NOMINAL;
        let mut well_since = None;
        let last = drive(4, &plan, &schedule, |now, reign, sight, seen| {
            if let State::Returning { from, ready } = reign.state() {
                assert!(sight.alive(from) && sight.joined(from, HOME) && reign.writer(now, &plan, sight).is_none());
                assert!(reign.old_writers().all(|old| old != from && old != HOME));
                let begins = !matches!(before.state(), State::Returning { .. });
                assert!(!begins || ready == now + Span::SECOND * (lag + 5));
                assert!(!begins || well_since.is_some_and(|since| since + Span::SECOND * after <= now) || after == 0);
            }
            if let Some(from) = seen.returned {
                assert!(matches!(before.state(), State::Returning { from: stopped, .. } if stopped == from));
                assert!(sight.joined(from, HOME) && seen.done.is_none() && seen.stopped.is_empty());
            }
            let back = matches!(reign.state(), State::Writing { at } if at != HOME && sight.joined(at, HOME));
            well_since = back.then(|| well_since.unwrap_or(now));
            before = reign.clone();
        });
        let stays = matches!(last.state(), State::Writing { at } if at != HOME);
        prop_assert!(!stays || last.home != Home::Rests, "{last:?}");
        prop_assert!(after + lag > 40 || last.state() == State::Writing { at: HOME }, "{last:?}");
    }

    /// Whoever lacks some of the log is waited for.
    #[test]
    fn the_writer_waits_for_a_home_that_catches_up(schedule in schedules()) {
        let lease = Failover::Lease { life: Span::SECOND * 30, renewed: Span::SECOND * 10 };
        let plan = returning(plan(4, lease, Acknowledged::Alone), 0);
        let mut reign = Reign::NOMINAL;
        let mut stream = Stream::new(Seed(1), Replication(0), StreamName::of("a store", "laws"));
        let mut now = Instant::ZERO;
        for change in schedule {
            now += Span::SECOND * i64::from(change.after);
            let seen = reign.look(now, &plan, &sight(4, &change), &mut stream, |_| Standing { behind: Span::SECOND, ..WHOLE });
            let returning = matches!(reign.state(), State::Returning { .. });
            prop_assert!(seen.returned.is_none() && !returning);
        }
    }

    /// Where only synchronous replicas may be promoted, no other one ever is.
    #[test]
    fn only_the_synchronous_are_promoted(
        failover in failovers(),
        schedule in schedules(),
        synchronous in 0_u32..16,
    ) {
        let plan = plan(4, failover, Acknowledged::Received { replicas: 1, which: Acknowledgers::First, alone_after: None });
        let plan = Primary { promotes: Promotes::Synchronous, ..plan };
        let stands = |member: Member| Standing { synchronous: synchronous >> member & 1 == 1, ..WHOLE };
        let mut reign = Reign::NOMINAL;
        let mut stream = Stream::new(Seed(1), Replication(0), StreamName::of("a store", "laws"));
        let mut now = Instant::ZERO;
        for change in schedule.iter().flat_map(|change| [change; 3]) {
            now += Span::SECOND * i64::from(change.after);
            let seen = reign.look(now, &plan, &sight(4, change), &mut stream, stands);
            if let Some(done) = seen.done {
                prop_assert!(done.to == done.from || stands(done.to).synchronous);
            }
        }
    }

    /// Nobody acknowledges alone before having waited for replicas as long as the plan says, present or given up, but those
    /// that were given up while they had replicas.
    #[test]
    fn who_writes_alone_has_waited(failover in failovers(), schedule in schedules()) {
        let after = Span::SECOND * 10;
        let plan = plan(4, failover, Acknowledged::Received { replicas: 1, which: Acknowledgers::Any, alone_after: Some(after) });
        let mut alone_since: [Option<Instant>; 4] = [None; 4];
        let mut going_on: Vec<Member> = Vec::new();
        drive(4, &plan, &schedule, |now, reign, sight, _| {
            for (member, since) in alone_since.iter_mut().enumerate() {
                let alone = sight.without(reign.rejoining()).company(member as Member) <= 1;
                *since = alone.then(|| since.unwrap_or(now));
            }
            let old: Vec<Member> = reign.old_writers().filter(|old| !going_on.contains(old)).collect();
            for member in old.into_iter().chain(reign.writer(now, &plan, sight)) {
                let waited = alone_since[usize::from(member)].is_none_or(|since| since + after <= now);
                assert!(waited, "{member} at {now:?}: {reign:?}");
            }
            going_on = reign.old_writers().collect();
        });
    }

    /// Each former writer that goes on stops once, and only those stop.
    #[test]
    fn whoever_goes_on_is_stopped_once(schedule in schedules()) {
        let after = Law::Fixed(Span::SECOND * 15);
        let plan = plan(4, Failover::Human { after, fenced: false }, Acknowledged::Alone);
        let mut before: Vec<Member> = Vec::new();
        drive(4, &plan, &schedule, |_, reign, _, seen| {
            let old: Vec<Member> = reign.old_writers().collect();
            let promoted = seen.done.map(|done| done.to);
            for member in &before {
                assert!(old.contains(member) || seen.stopped.contains(member) || promoted == Some(*member));
            }
            assert!(seen.stopped.iter().all(|member| !old.contains(member)));
            before = old;
        });
    }
}
