//! Computed flips of health checks against a plain polling implementation, and grey checks against their laws.

use models::health::{
    CheckPlan, Post, Seen, Spacing, VantageSet, View, Watch, healthy_above, unhealthy_when,
};
use proptest::prelude::*;
use sim::{Instant, Replication, Seed, Span, Stream, StreamName};

/// Truth changes: from each instant on, probes meet this view. Sorted by time; the last at an instant holds.
type History = Vec<(i64, View)>;

fn stream(replication: u64, purpose: &str) -> Stream {
    Stream::new(Seed(20), Replication(replication), StreamName::of("watch", purpose))
}

fn at(nanos: i64) -> Instant {
    Instant::from_nanos(nanos)
}

fn view_at(history: &History, instant: i64) -> View {
    history.iter().rev().find(|(from, _)| *from <= instant).map_or(View::PASSES, |(_, view)| *view)
}

/// Then no probe ever passed.
fn too_far(plan: &CheckPlan, post: Post) -> bool {
    post.delay * 2 > plan.timeout
}

/// Sends every probe of one vantage up to `end`; returns the instants at which its opinion turns.
fn poll(
    plan: &CheckPlan,
    post: Post,
    index: usize,
    history: &History,
    end: i64,
    luck: &mut Stream,
) -> Vec<i64> {
    let (interval, timeout) = (plan.interval.nanos(), plan.timeout.nanos());
    let (mut healthy, mut run, mut turns) = (!too_far(plan, post), 0, Vec::new());
    let mut cycle = post.phase.nanos();
    while cycle <= end {
        let (mut known, mut passed) = (cycle, false);
        for _ in 0..=plan.retries {
            let arrival = known + post.delay.nanos();
            let view = view_at(history, arrival);
            let trip = 2 * post.delay.nanos() + view.added.nanos();
            let reached = !view.cut.contains(index) && trip <= timeout;
            passed = reached
                && match view.seen {
                    Seen::Passes => true,
                    Seen::Fails => false,
                    Seen::Errs(share) => !luck.chance(share),
                };
            known += if passed { trip } else { timeout };
            if passed {
                break;
            }
        }
        run = if passed == healthy { 0 } else { run + 1 };
        if run == if healthy { plan.failures } else { plan.successes } {
            (healthy, run) = (!healthy, 0);
            turns.push(known);
        }
        cycle = interval + if plan.spacing == Spacing::Start { cycle } else { known };
    }
    turns
}

/// What a check shows: its flips up to `end`, and the unhealthy vantages at each of the `asked` instants.
#[derive(PartialEq, Debug)]
struct Shown {
    flips: Vec<i64>,
    unhealthy: Vec<VantageSet>,
}

fn polled(
    plan: &CheckPlan,
    posts: &[Post],
    history: &History,
    asked: &[i64],
    end: i64,
    luck: &mut Stream,
) -> Shown {
    let turns: Vec<Vec<i64>> =
        posts.iter().enumerate().map(|(index, post)| poll(plan, *post, index, history, end, luck)).collect();
    let unhealthy = |vantage: usize, now: i64| {
        let turned = turns[vantage].iter().filter(|at| **at <= now).count() % 2 == 1;
        turned != too_far(plan, posts[vantage])
    };
    let verdict = |now: i64| {
        let groups: Vec<usize> = (0..posts.len()).collect();
        let passing = groups
            .chunks(plan.group as usize)
            .filter(|group| 2 * group.iter().filter(|v| !unhealthy(**v, now)).count() > group.len())
            .count();
        passing >= plan.healthy_needs as usize
    };
    let mut instants: Vec<i64> = turns.iter().flatten().copied().filter(|at| *at <= end).collect();
    instants.sort_unstable();
    instants.dedup();
    let (mut healthy, mut flips) = (verdict(-1), Vec::new());
    for now in instants {
        if verdict(now) != healthy {
            healthy = !healthy;
            flips.push(now);
        }
    }
    let at_instant = |now: &i64| (0..posts.len()).filter(|v| unhealthy(*v, *now)).collect();
    Shown { flips, unhealthy: asked.iter().map(at_instant).collect() }
}

/// Drives a watch as the world does: views first within an instant, then looks, then flips.
fn watched(
    plan: &CheckPlan,
    posts: &[Post],
    history: &History,
    asked: &[i64],
    end: i64,
    luck: &mut Stream,
) -> Shown {
    let mut watch = Watch::new(plan, posts, Instant::ZERO);
    let mut shown = Shown { flips: Vec::new(), unhealthy: Vec::new() };
    let (mut changes, mut asked) = (history.iter().peekable(), asked.iter().peekable());
    loop {
        let change = changes.peek().map_or(i64::MAX, |(now, _)| *now);
        let look = watch.next_look().map_or(i64::MAX, Instant::nanos);
        let flip = watch.next_flip().map_or(i64::MAX, Instant::nanos);
        let next = change.min(look).min(flip);
        while let Some(now) = asked.next_if(|now| **now < next) {
            shown.unhealthy.push(watch.unhealthy_vantages(at(*now)));
        }
        if next > end {
            return shown;
        }
        if change == next {
            watch.view(at(next), changes.next().unwrap().1, luck);
        } else if look == next {
            watch.look(at(next), luck);
        } else {
            let before = watch.healthy();
            watch.flip(at(next));
            assert_ne!(watch.healthy(), before);
            shown.flips.push(next);
        }
    }
}

prop_compose! {
    /// Times of a few nanoseconds, so that probes, results and changes coincide often.
    fn plans()(
        interval in 1i64..25, timeout in 1i64..10, failures in 1u32..5, successes in 1u32..5, retries in 0u32..3,
        start: bool, group in 1u32..4, needs in 0u32..8,
    ) -> CheckPlan {
        let spacing = if start { Spacing::Start } else { Spacing::Response };
        let least = if start { timeout * i64::from(retries + 1) } else { 1 };
        CheckPlan {
            interval: Span::from_nanos(interval.max(least)), timeout: Span::from_nanos(timeout),
            failures, successes, retries, spacing, group, healthy_needs: needs,
        }
    }
}

prop_compose! {
    fn posts()(each in prop::collection::vec((0i64..6, 0i64..25), 1..9)) -> Vec<Post> {
        let post = |(delay, phase)| Post { delay: Span::from_nanos(delay), phase: Span::from_nanos(phase) };
        each.into_iter().map(post).collect()
    }
}

prop_compose! {
    fn histories()(each in prop::collection::vec((0i64..60, any::<bool>(), 0i64..5, any::<u8>(), any::<bool>()), 0..25))
        -> History {
        let mut now = 0;
        let mut change = |(gap, passes, added, cut, cuts): (i64, bool, i64, u8, bool)| {
            now += (gap - 15).max(0);
            let cut = (0..8).filter(|v| cuts && cut >> v & 1 == 1).collect();
            let seen = if passes { Seen::Passes } else { Seen::Fails };
            (now, View { seen, added: Span::from_nanos(added), cut })
        };
        each.into_iter().map(&mut change).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn computed_flips_are_those_of_polling_to_the_nanosecond(
        plan in plans(), posts in posts(), history in histories(), mut asked in prop::collection::vec(0i64..1500, 8),
    ) {
        asked.sort_unstable();
        let expected = polled(&plan, &posts, &history, &asked, 1500, &mut stream(0, "poll"));
        let shown = watched(&plan, &posts, &history, &asked, 1500, &mut stream(0, "watch"));
        prop_assert_eq!(shown, expected);
    }
}

const ROUTE_53: CheckPlan = CheckPlan {
    interval: Span::from_secs(30),
    timeout: Span::from_secs(4),
    failures: 3,
    successes: 3,
    retries: 0,
    spacing: Spacing::Response,
    group: 1,
    healthy_needs: 3,
};

#[test]
fn eighteen_percent_and_three_of_five_are_exact_counts() {
    assert_eq!(healthy_above(18, 100, 16), 3, "2 of 16 are 12.5 %, 3 are 18.75 %");
    assert_eq!(healthy_above(18, 100, 50), 10, "9 of 50 are exactly 18 %: unhealthy");
    assert_eq!(healthy_above(1, 2, 13), 7);
    assert_eq!(unhealthy_when(3, 5), 3);
    assert_eq!(unhealthy_when(5, 5), 1);
}

/// With sixteen checkers evenly phased over 30 s, the fourteenth first failing probe decides: it is sent 13 sixteenths
/// of the interval after the first, and the third failure in a row is known two periods of 34 s and 4 s later.
#[test]
fn route_53_turns_when_the_fourteenth_of_sixteen_checkers_does() {
    let phase = |index: i64| Span::from_millis(1875 * index);
    let posts: Vec<Post> = (0..16).map(|index| Post { delay: Span::ZERO, phase: phase(index) }).collect();
    let mut watch = Watch::new(&ROUTE_53, &posts, Instant::ZERO);
    let down = Instant::ZERO + Span::HOUR;
    watch.view(down, View::FAILS, &mut stream(0, "none"));
    assert_eq!(watch.next_flip(), Some(down + phase(13) + Span::from_secs(2 * 34 + 4)));
}

#[test]
fn a_blip_between_two_probes_changes_nothing() {
    let posts = [Post { delay: Span::ZERO, phase: Span::ZERO }];
    let mut watch =
        Watch::new(&CheckPlan { failures: 1, healthy_needs: 1, ..ROUTE_53 }, &posts, Instant::ZERO);
    let mut luck = stream(0, "none");
    watch.view(Instant::ZERO + Span::from_secs(61), View::FAILS, &mut luck);
    assert_eq!(watch.next_flip(), Some(Instant::ZERO + Span::from_secs(94)));
    watch.view(Instant::ZERO + Span::from_secs(90), View::PASSES, &mut luck);
    assert_eq!(watch.next_flip(), None);
}

/// Its round trip, or even its way there, is longer than the timeout.
#[test]
fn a_vantage_too_far_for_the_timeout_never_was_healthy() {
    for delay in [3, 5] {
        let far = Post { delay: Span::from_secs(delay), phase: Span::from_secs(7) };
        let near = Post { delay: Span::SECOND, ..far };
        let watch = Watch::new(&ROUTE_53, &[near, far, near, near], Instant::ZERO);
        assert_eq!(watch.unhealthy_vantages(Instant::ZERO), [1].into_iter().collect());
        assert_eq!((watch.healthy(), watch.next_flip()), (true, None));
        assert!(!Watch::new(&ROUTE_53, &[near, far, near], Instant::ZERO).healthy());
    }
}

#[test]
fn a_watch_settled_on_failures_recovers_like_any_other() {
    let posts = [Post { delay: Span::SECOND, phase: Span::from_secs(7) }; 4];
    let mut watch = Watch::new(&ROUTE_53, &posts, Instant::ZERO).settled(false);
    assert!(!watch.healthy());
    assert_eq!(watch.unhealthy_vantages(Instant::ZERO).len(), 4);
    watch.view(Instant::ZERO, View::PASSES, &mut stream(0, "none"));
    assert_eq!(watch.next_flip(), Some(Instant::ZERO + Span::from_secs(7 + 2 * 32 + 2)));
}

/// Greatest distance between the empirical law of `sample` and that of `other`.
fn distance(sample: &mut [i64], other: &mut [i64]) -> f64 {
    sample.sort_unstable();
    other.sort_unstable();
    let share =
        |values: &[i64], x: i64| values.partition_point(|value| *value <= x) as f64 / values.len() as f64;
    let points = sample.iter().chain(other.iter());
    points.map(|x| (share(sample, *x) - share(other, *x)).abs()).fold(0.0, f64::max)
}

/// The Kolmogorov-Smirnov distance that two samples of one law exceed with probability 0.001 (less for discrete laws).
fn critical(n: usize, m: usize) -> f64 {
    // c(0.001) = sqrt(-ln(0.0005) / 2)
    1.9495 * ((n + m) as f64 / (n as f64 * m as f64)).sqrt()
}

/// P(the `failures`-th failed cycle in a row comes with cycle n or before), n = 0..=upto, by forward recursion over the
/// run's length (Feller, An Introduction to Probability Theory I, XIII.7).
fn law_of_a_run(failures: usize, q: f64, upto: usize) -> Vec<f64> {
    let mut runs = vec![0.0; failures + 1];
    runs[0] = 1.0;
    let mut law = vec![0.0];
    for _ in 0..upto {
        let alive: f64 = runs[..failures].iter().sum();
        for run in (0..failures).rev() {
            runs[run + 1] = runs[run] * q + if run + 1 == failures { runs[failures] } else { 0.0 };
        }
        runs[0] = alive * (1.0 - q);
        law.push(runs[failures]);
    }
    law
}

#[test]
fn grey_probes_flip_by_the_waiting_time_law_of_a_run() {
    const DRAWS: usize = 20_000;
    for (failures, share, retries) in
        [(3, 0.3, 0), (2, 0.05, 0), (3, 0.6, 0), (4, 0.9, 0), (2, 0.5, 1), (2, 0.7, 2)]
    {
        let plan = CheckPlan { failures, retries, healthy_needs: 1, spacing: Spacing::Start, ..ROUTE_53 };
        let post = [Post { delay: Span::ZERO, phase: Span::ZERO }];
        let history = vec![(0, View { seen: Seen::Errs(share), ..View::PASSES })];
        let result = plan.timeout.nanos() * i64::from(retries + 1);
        let mut count = vec![0usize; 3000];
        for draw in 0..DRAWS as u64 {
            let cycle = first_flip(&plan, &post, &history, result, &mut stream(draw, "law"));
            count[cycle.min(2999)] += 1;
        }
        let law = law_of_a_run(failures as usize, libm::pow(share, f64::from(retries + 1)), 2998);
        let mut seen = 0.0;
        for (n, expected) in law.iter().enumerate() {
            seen += count[n] as f64 / DRAWS as f64;
            let bound = 1.9495 / (DRAWS as f64).sqrt();
            assert!((seen - expected).abs() < bound, "K={failures} p={share} n={n}: {seen} for {expected}");
        }
    }
}

/// The number of the cycle whose failure flips the check; every result is known `result` after its cycle's start.
fn first_flip(plan: &CheckPlan, post: &[Post], history: &History, result: i64, luck: &mut Stream) -> usize {
    let mut watch = Watch::new(plan, post, Instant::ZERO);
    watch.view(at(history[0].0), history[0].1, luck);
    loop {
        match (watch.next_flip(), watch.next_look()) {
            (Some(flip), _) => {
                let since = flip.nanos() - result;
                assert_eq!(since % plan.interval.nanos(), 0);
                return (since / plan.interval.nanos()) as usize + 1;
            }
            (None, Some(look)) => watch.look(look, luck),
            (None, None) => panic!("a grey check always looks on"),
        }
    }
}

/// What a history of grey views leaves: its first flip, how often it flips, and how many vantages are unhealthy at last.
fn summaries(shown: &Shown) -> [i64; 4] {
    let first = shown.flips.first().copied().unwrap_or(i64::MAX);
    let last = shown.flips.last().copied().unwrap_or(i64::MAX);
    [first, last, shown.flips.len() as i64, shown.unhealthy[0].len() as i64]
}

/// The truth changes to and fro between grey and plain in the midst of runs, cycles and windows, and the law of
/// everything shown is that of polling.
#[test]
fn grey_histories_have_the_law_of_polling() {
    const RUNS: u64 = 4000;
    let seconds = |s: f64| Span::from_seconds(s).nanos();
    let grey = |share| View { seen: Seen::Errs(share), ..View::PASSES };
    let half_cut = View { cut: VantageSet::first(2), ..grey(0.35) };
    let slow = View { added: Span::from_millis(2900), ..grey(0.7) };
    let histories: [History; 4] = [
        vec![(seconds(11.0), grey(0.4))],
        vec![(seconds(11.0), grey(0.6)), (seconds(163.0), View::FAILS), (seconds(240.0), grey(0.3))],
        vec![(seconds(5.0), half_cut), (seconds(400.5), View::PASSES), (seconds(431.0), slow)],
        vec![(seconds(5.0), grey(0.9)), (seconds(200.0), grey(0.1)), (seconds(260.0), grey(0.5))],
    ];
    for (number, history) in histories.iter().enumerate() {
        for (retries, spacing) in
            [(0, Spacing::Start), (2, Spacing::Start), (0, Spacing::Response), (2, Spacing::Response)]
        {
            let plan = CheckPlan { retries, spacing, failures: 2, healthy_needs: 3, ..ROUTE_53 };
            let post = |v: i64| Post { delay: Span::from_millis(100 * v), phase: Span::from_secs(7 * v) };
            let posts: Vec<Post> = (0..5).map(post).collect();
            let (asked, end) = ([seconds(890.0)], seconds(900.0));
            let (mut polls, mut watches) = ([const { Vec::new() }; 4], [const { Vec::new() }; 4]);
            for run in 0..RUNS {
                let poll = polled(&plan, &posts, history, &asked, end, &mut stream(run, "poll"));
                let watch = watched(&plan, &posts, history, &asked, end, &mut stream(run, "watch"));
                (0..4).for_each(|m| polls[m].push(summaries(&poll)[m]));
                (0..4).for_each(|m| watches[m].push(summaries(&watch)[m]));
            }
            for measure in 0..4 {
                let apart = distance(&mut polls[measure], &mut watches[measure]);
                let bound = critical(polls[measure].len(), watches[measure].len());
                assert!(
                    apart < bound,
                    "history {number}, {retries} {spacing:?}, measure {measure}: {apart} >= {bound}"
                );
            }
        }
    }
}

/// Turns are rare enough that opinions wait for them, over hundreds of cycles. The first flip, the flips in the midst and
/// the one that follows when probes stop being random have the law of polling; the last shows the run and the phase that
/// the wait has left.
#[test]
fn long_waits_for_rare_turns_have_the_law_of_polling() {
    const RUNS: u64 = 4000;
    let seconds = |s: i64| Span::from_secs(s).nanos();
    for (share, failures, successes) in [
        (0.05, 2, 3),
        (0.15, 3, 3),
        (0.05, 1, 3),
        (0.25, 3, 2),
        (0.5, 6, 6),
        (0.5, 10, 2),
        (0.8, 3, 3),
        (0.95, 3, 2),
        (0.95, 2, 3),
    ] {
        for (spacing, after) in [
            (Spacing::Start, View::FAILS),
            (Spacing::Response, View::PASSES),
            (Spacing::Response, View::FAILS),
        ] {
            let plan = CheckPlan {
                interval: Span::from_secs(10),
                failures,
                successes,
                spacing,
                healthy_needs: 1,
                ..ROUTE_53
            };
            let post = |v: i64| Post { delay: Span::from_millis(30 + 20 * v), phase: Span::from_secs(4 * v) };
            let posts = [post(1)];
            let grey = View { seen: Seen::Errs(share), ..View::PASSES };
            let history = vec![(seconds(33), grey), (seconds(5001), after)];
            let (asked, end) = ([seconds(4000)], seconds(5400));
            let (mut polls, mut watches) = ([const { Vec::new() }; 4], [const { Vec::new() }; 4]);
            for run in 0..RUNS {
                let poll = polled(&plan, &posts, &history, &asked, end, &mut stream(run, "poll"));
                let watch = watched(&plan, &posts, &history, &asked, end, &mut stream(run, "watch"));
                (0..4).for_each(|m| polls[m].push(summaries(&poll)[m]));
                (0..4).for_each(|m| watches[m].push(summaries(&watch)[m]));
            }
            for measure in 0..4 {
                let apart = distance(&mut polls[measure], &mut watches[measure]);
                let bound = critical(polls[measure].len(), watches[measure].len());
                assert!(
                    apart < bound,
                    "p={share} K={failures} R={successes} {spacing:?}, measure {measure}: {apart} >= {bound}"
                );
            }
        }
    }
}

/// So many vantages would have to turn at once that the verdict stays, and nothing is drawn before the view ends. What it
/// leaves then has the law of polling: runs, phases and opinions, after many cycles and after few.
#[test]
fn grey_views_that_cannot_turn_the_verdict_leave_states_by_the_law_of_polling() {
    const RUNS: u64 = 2000;
    let seconds = |s: i64| Span::from_secs(s).nanos();
    let grey = |share| View { seen: Seen::Errs(share), ..View::PASSES };
    let cut = View { cut: VantageSet::first(2), ..grey(0.1) };
    let failed = vec![(seconds(33), View::FAILS), (seconds(400), grey(0.95))];
    for (before, needs, until, after) in [
        (vec![(seconds(33), grey(0.15))], 1, 5001, View::FAILS),
        (vec![(seconds(33), grey(0.15))], 1, 5001, grey(0.6)),
        (vec![(seconds(33), grey(0.12))], 2, 95, View::FAILS),
        (vec![(seconds(33), cut)], 1, 701, View::FAILS),
        (vec![(seconds(33), grey(0.01))], 3, 3601, View::FAILS),
        (failed.clone(), 12, 5001, View::PASSES),
        (failed, 12, 5001, grey(0.5)),
    ] {
        for spacing in [Spacing::Start, Spacing::Response] {
            let interval = Span::from_secs(10);
            let plan = CheckPlan { interval, spacing, healthy_needs: needs, ..ROUTE_53 };
            let post =
                |v: i64| Post { delay: Span::from_millis(30 + 20 * v), phase: Span::from_millis(777 * v) };
            let posts: Vec<Post> = (0..12).map(post).collect();
            assert!(draws_nothing(&plan, &posts, &before), "{before:?} {needs}");
            let history = [before.clone(), vec![(seconds(until), after)]].concat();
            let (asked, end) = ([seconds(until + 14)], seconds(until + 400));
            let (mut polls, mut watches) = ([const { Vec::new() }; 4], [const { Vec::new() }; 4]);
            for run in 0..RUNS {
                let poll = polled(&plan, &posts, &history, &asked, end, &mut stream(run, "poll"));
                let watch = watched(&plan, &posts, &history, &asked, end, &mut stream(run, "watch"));
                (0..4).for_each(|m| polls[m].push(summaries(&poll)[m]));
                (0..4).for_each(|m| watches[m].push(summaries(&watch)[m]));
            }
            for measure in 0..4 {
                let apart = distance(&mut polls[measure], &mut watches[measure]);
                let bound = critical(polls[measure].len(), watches[measure].len());
                assert!(
                    apart < bound,
                    "{before:?} {needs} {spacing:?}, measure {measure}: {apart} >= {bound}"
                );
            }
        }
    }
}

/// Does the last view of a history need no looks?
fn draws_nothing(plan: &CheckPlan, posts: &[Post], history: &History) -> bool {
    let mut watch = Watch::new(plan, posts, Instant::ZERO);
    for (now, view) in history {
        while let Some(flip) = watch.next_flip().filter(|flip| flip.nanos() < *now) {
            watch.flip(flip);
        }
        watch.view(at(*now), *view, &mut stream(0, "calm"));
    }
    watch.next_look().is_none()
}

#[test]
fn a_grey_view_that_cannot_turn_the_verdict_is_not_looked_at() {
    let posts = [Post { delay: Span::ZERO, phase: Span::ZERO }; 16];
    let mut watch = Watch::new(&ROUTE_53, &posts, Instant::ZERO);
    watch.view(at(5), View { seen: Seen::Errs(0.15), ..View::PASSES }, &mut stream(0, "calm"));
    assert_eq!((watch.next_flip(), watch.next_look()), (None, None));
    watch.view(at(5), View { seen: Seen::Errs(0.6), ..View::PASSES }, &mut stream(0, "calm"));
    assert!(watch.next_flip().is_some() || watch.next_look().is_some());
}

/// A run may begin before the epoch.
#[test]
fn grey_paths_do_not_depend_on_the_epoch() {
    for share in [1e-7, 0.15, 0.5, 0.95] {
        let path = |start: i64| {
            let posts = [Post { delay: Span::from_millis(20), phase: Span::from_secs(3) }; 3];
            let mut luck = stream(7, "epoch");
            let mut watch = Watch::new(&ROUTE_53, &posts, at(start));
            watch.view(at(start), View { seen: Seen::Errs(share), ..View::PASSES }, &mut luck);
            let mut flips = Vec::new();
            while let Some(look) =
                watch.next_look().filter(|look| look.nanos() < start + 1_000_000_000_000_000)
            {
                match watch.next_flip() {
                    Some(flip) => {
                        flips.push(flip.nanos() - start);
                        watch.flip(flip);
                    }
                    None => watch.look(look, &mut luck),
                }
            }
            flips
        };
        assert_eq!(path(0), path(-1_234_567_890_123_456), "p={share}");
    }
}

#[test]
fn the_same_view_again_draws_nothing() {
    let posts = [Post { delay: Span::ZERO, phase: Span::ZERO }; 3];
    let mut watch = Watch::new(&ROUTE_53, &posts, Instant::ZERO);
    let grey = View { seen: Seen::Errs(0.2), ..View::PASSES };
    let mut luck = stream(0, "same");
    watch.view(at(5), grey, &mut luck);
    let (flip, look, mut copy) = (watch.next_flip(), watch.next_look(), luck.clone());
    watch.view(at(9), grey, &mut luck);
    assert_eq!((watch.next_flip(), watch.next_look()), (flip, look));
    assert_eq!(luck.bits(), copy.bits());
}
