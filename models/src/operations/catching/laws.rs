use super::*;
use proptest::prelude::*;

fn at(seconds: i64) -> Instant {
    Instant::ZERO + Span::from_secs(seconds)
}

/// Parted from 100 s to 200 s at one write a second, each of which takes half a second to apply.
fn simple() -> CatchingUp {
    let toil = Toil::new(vec![(at(0), Span::ZERO), (at(1000), Span::from_secs(500))]);
    let parted = Lack { from: at(100), until: at(200), parted: at(100), had: None };
    let back = Lack { from: at(200), until: at(300), had: Some(Span::from_secs(50)), ..parted };
    CatchingUp::new(toil, vec![Vec::new(), vec![parted, back]])
}

/// What was written u after the cut is shown u/2 after the way is open: all of it, at 300 s.
#[test]
fn what_a_replica_lacks_is_shown_in_order_at_the_rate_at_which_it_is_applied() {
    let catching = simple();
    let shown = |written: i64, usual: i64| (catching.shows(1, at(written), at(usual)) - at(0)).seconds();
    assert_eq!(shown(100, 200), 200.0);
    assert_eq!(shown(150, 200), 225.0);
    assert_eq!(shown(250, 252), 275.0);
    assert_eq!(shown(299, 301), 301.0);
    // What was on its way arrives; who lacks nothing shows all.
    assert_eq!(shown(99, 101), 101.0);
    assert_eq!(catching.shows(0, at(150), at(151)), at(151));
    assert_eq!(catching.as_of(at(225)).collect::<Vec<_>>(), [at(150)]);
    // The same from any instant on.
    let later = catching.within(at(210), at(400));
    assert_eq!(later.shows(1, at(40), at(42)), at(65));
    assert_eq!(catching.within(at(400), at(500)), CatchingUp::default());
}

/// A log at rates that change, and a replica that is parted from it and comes back again and again: each time it has what it had.
fn troubles() -> impl Strategy<Value = (CatchingUp, Vec<Instant>)> {
    let rates = prop::collection::vec((1..200i64, 0..300i64), 2..8);
    let lacks = prop::collection::vec((1..100i64, 1..100i64, 0..60i64, prop::bool::ANY), 1..8);
    let written = prop::collection::vec(0..1500i64, 2..40);
    (rates, lacks, written).prop_map(|(rates, lacks, mut written)| {
        let (mut points, mut last) = (vec![(at(0), Span::ZERO)], (at(0), Span::ZERO));
        for (lasts, toil) in rates {
            last = (last.0 + Span::from_secs(lasts), last.1 + Span::from_secs(toil));
            points.push(last);
        }
        let toil = Toil::new(points);
        let (mut all, mut now, mut chain): (Vec<Lack>, Instant, Option<(Instant, Span)>) =
            (Vec::new(), at(10), None);
        for (cut, back, rests, whole) in lacks {
            let (parted, had) = chain.unwrap_or((now, toil.at(now)));
            let open = now + Span::from_secs(cut);
            all.push(Lack { from: now, until: open, parted, had: None });
            let mut until = open + Span::from_secs(back);
            all.push(Lack { from: open, until, parted, had: Some(had) });
            chain = Some((parted, had + (until - open)));
            if whole {
                // When it has applied as much as the log then holds.
                while toil.at(until) > had + (until - open) && until < at(20_000) {
                    until += Span::SECOND;
                }
                all.last_mut().expect("one").until = until;
                (chain, until) = (None, until + Span::from_secs(rests + 1));
            }
            now = until;
        }
        written.sort_unstable();
        (CatchingUp::new(toil, vec![all]), written.into_iter().map(at).collect())
    })
}

proptest! {
    /// The log is shown in order, never before it would be without any rate, and no sooner than the replica has it.
    #[test]
    fn what_a_replica_shows_never_goes_back_and_is_never_ahead((catching, written) in troubles(), lag in 0..30i64) {
        let usual = |written: Instant| {
            let arrives = written + Span::from_secs(lag);
            let cut = catching.lacks[0].iter().find(|cut| cut.had.is_none() && cut.from <= written && written < cut.until);
            cut.map_or(arrives, |cut| arrives.max(cut.until + Span::from_secs(lag)))
        };
        let mut before = Instant::ZERO;
        let mut usually = Instant::ZERO;
        for written in written {
            usually = usually.max(usual(written));
            let shows = catching.shows(0, written, usually);
            prop_assert!(before <= shows && usually <= shows);
            prop_assert_eq!(catching.shows(0, written, shows), shows);
            if let Some(as_of) = catching.as_of(shows).next() {
                prop_assert!(written <= as_of + Span::SECOND || usually == shows);
            }
            before = shows;
        }
    }
}
