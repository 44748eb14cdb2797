//! Health checks: when a check turns, computed and never polled.
//!
//! A [`Watch`] is one check looking at one site from up to 128 vantages. It is told when the truth changes and tells the
//! one instant at which the check as a whole turns if the truth stays; its cost does not depend on how often it probes.
//!
//! Assumptions:
//! - A vantage probes in cycles. A cycle is one probe and, while probes fail, up to `retries` more, each sent when the
//!   one before times out. The next cycle starts one interval after the start of the last ([`Spacing::Start`]) or after
//!   its result is known ([`Spacing::Response`]). The first probe of a vantage is sent at the start of the watch plus
//!   the vantage's phase; before that the view was always the first one.
//! - A probe's outcome is fixed by the truth at its arrival, one delay after its sending; a change at that instant
//!   applies first. A pass is known one round trip (two delays and what the view adds at the arrival) after the sending,
//!   a failure one timeout after it: a refused connection is held to be known no earlier than a silent one.
//! - A round trip longer than the timeout is a failure.
//! - A vantage's opinion turns when the K-th failed cycle in a row, or the R-th passed one, is known. A change that no
//!   probe saw changes nothing: runs carry over.
//! - All vantages that turn at one instant turn together before the check is judged.
//! - Grey probes fail independently of each other. Their path is drawn from the watch's stream, a bounded number of
//!   draws ahead; see [`Watch::next_look`].

mod blocks;
mod calm;
mod grey;
mod plan;
mod quorum;
mod vantage;
mod waits;

pub use plan::{CheckPlan, PlanFault, Post, Seen, Spacing, VantageSet, View, healthy_above, unhealthy_when};

use calm::{Calm, Camp};
use grey::Draws;
use quorum::{Quorum, Tally, Turn};
use sim::{Instant, Span, Stream};
use vantage::{Pace, Vantage};
use waits::Waits;

/// The most vantages a watch may have.
pub const VANTAGES_MAX: usize = 128;

/// One check watching one site.
///
/// The caller schedules [`next_flip`](Watch::next_flip) and [`next_look`](Watch::next_look), whichever is first, and
/// calls [`flip`](Watch::flip) or [`look`](Watch::look) then; both change with every [`view`](Watch::view). At one
/// instant views come first. Time never goes back.
#[derive(Clone, Debug)]
pub struct Watch {
    pace: Pace,
    vantages: Vec<Vantage>,
    /// The longest round trip of all, without anything added.
    farthest: i64,
    quorum: Quorum,
    view: View,
    /// Opinions as of the last call.
    tally: Tally,
    healthy: bool,
    /// Turns of single vantages that are to come if the truth stays.
    turns: Vec<Turn>,
    next_flip: Option<i64>,
    /// What has been drawn, where the view is grey: turns are known before its horizon only.
    draws: Option<Luck>,
    /// Draws of an earlier grey view, kept for their memory.
    spare: Option<Luck>,
}

/// How grey probes are drawn.
#[derive(Clone, Debug)]
enum Luck {
    /// By their rarer outcome.
    Outcomes(Box<Draws>),
    /// By the turns they lead to.
    Turns(Box<Waits>),
    /// Not before the view ends.
    Later(Box<Calm>),
}

impl Luck {
    /// Turns before this instant are known; nothing if none of them matters.
    fn horizon(&self) -> Option<i64> {
        match self {
            Luck::Outcomes(draws) => Some(draws.horizon()),
            Luck::Turns(waits) => Some(waits.horizon()),
            Luck::Later(_) => None,
        }
    }
}

/// What becomes of probes under the present view.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Pass,
    Fail,
    Grey,
}

impl Watch {
    /// A watch that starts at `start` of a site that has passed for ever: every vantage is healthy, unless its round
    /// trip exceeds the timeout.
    ///
    /// # Panics
    /// If the plan has a [`fault`](CheckPlan::fault), or there is no vantage, or more than [`VANTAGES_MAX`].
    pub fn new(plan: &CheckPlan, posts: &[Post], start: Instant) -> Self {
        assert_eq!(plan.fault(), None, "a check's plan is validated before it runs");
        assert!((1..=VANTAGES_MAX).contains(&posts.len()), "a check has 1 to {VANTAGES_MAX} vantages");
        let quorum = Quorum::of(plan, posts.len());
        let vantage = |(index, post): (usize, &Post)| {
            // A probe that takes longer than the timeout fails whatever it meets, and before it arrives. It is taken to
            // arrive at the timeout, so that no result is known before its probe is resolved.
            let delay = post.delay.min(plan.timeout).nanos();
            Vantage::new(delay, post.first_sending(start), quorum.group_of(index))
        };
        let tally = Tally::healthy(&quorum);
        let mut watch = Watch {
            pace: Pace::of(plan),
            farthest: posts.iter().map(|post| 2 * post.delay.nanos()).max().unwrap_or(0),
            vantages: posts.iter().enumerate().map(vantage).collect(),
            quorum,
            view: View::PASSES,
            tally,
            healthy: tally.verdict(&quorum),
            turns: Vec::with_capacity(2 * posts.len()),
            next_flip: None,
            draws: None,
            spare: None,
        };
        let timeout = watch.pace.timeout;
        watch.condemn(|vantage| vantage.trip(Span::ZERO) > timeout);
        watch
    }

    /// The same watch, not yet used, after the site has passed, or failed, for ever. In the latter case its present view
    /// is [`View::FAILS`].
    pub fn settled(mut self, healthy: bool) -> Self {
        if !healthy {
            self.condemn(|_| true);
            self.view = View::FAILS;
        }
        self
    }

    /// Makes vantages unhealthy before the first probe.
    fn condemn(&mut self, whom: impl Fn(&Vantage) -> bool) {
        for index in 0..self.vantages.len() {
            if self.vantages[index].opinion && whom(&self.vantages[index]) {
                self.vantages[index].opinion = false;
                self.push_turn(index, i64::MIN, true);
            }
        }
        self.apply_turns(|_| true);
        self.healthy = self.tally.verdict(&self.quorum);
    }

    /// The check's present verdict.
    pub fn healthy(&self) -> bool {
        self.healthy
    }

    /// The instant at which the verdict turns if the truth stays, if it is known to turn before
    /// [`next_look`](Watch::next_look). Never before the last call.
    pub fn next_flip(&self) -> Option<Instant> {
        self.next_flip.map(Instant::from_nanos)
    }

    /// The instant up to which grey probes have been drawn; [`look`](Watch::look) draws on. Nothing if no probe is
    /// random.
    pub fn next_look(&self) -> Option<Instant> {
        self.draws.as_ref().and_then(Luck::horizon).map(Instant::from_nanos)
    }

    /// The vantages whose opinion is unhealthy at `now`, which lies between the last call and the next flip or look.
    pub fn unhealthy_vantages(&self, now: Instant) -> VantageSet {
        let mut unhealthy = self.tally.unhealthy;
        let due = self.turns.iter().filter(|turn| turn.at <= now.nanos());
        due.for_each(|turn| unhealthy.toggle(usize::from(turn.vantage)));
        unhealthy
    }

    /// The truth changes: from `now` on probes meet `view`. Draws only for grey probes.
    pub fn view(&mut self, now: Instant, view: View, stream: &mut Stream) {
        let view = view.plain();
        if view == self.view {
            return;
        }
        if self.swing(now.nanos(), &view) {
            self.view = view;
            return;
        }
        self.advance(now.nanos(), true, stream);
        self.begin_draws(view, stream);
        self.view = view;
        self.foresee(now.nanos(), stream);
    }

    /// The usual change, in one loop: all vantages have agreed with what all their probes met, and now all probes meet
    /// the opposite. Does nothing in any other case.
    fn swing(&mut self, now: i64, view: &View) -> bool {
        let (pace, count) = (&self.pace, self.vantages.len());
        let after = common_fate(pace, view, count, self.farthest);
        let passed = match (common_fate(pace, &self.view, count, self.farthest), after) {
            (Some(Fate::Pass), Some(Fate::Fail)) => true,
            (Some(Fate::Fail), Some(Fate::Pass)) => false,
            _ => return false,
        };
        let (all, none) = (VantageSet::first(count), VantageSet::EMPTY);
        let (agreed, opposed) = if passed { (none, all) } else { (all, none) };
        // Each vantage has turned once, and to what its probes met.
        let all_came_round = self.quorum.is_plain()
            && self.turns.len() == count
            && self.turns.iter().all(|turn| turn.at < now && turn.falls != passed);
        if all_came_round && self.tally.unhealthy == opposed {
            self.tally.set(&self.quorum, agreed);
            self.turns.clear();
        } else {
            self.apply_turns(|at| at < now);
        }
        let pace = &self.pace;
        if !self.turns.is_empty() || self.tally.unhealthy != agreed || pace.attempts() > 1 {
            return false;
        }
        for (index, vantage) in self.vantages.iter_mut().enumerate() {
            let trip = vantage.trip(self.view.added);
            vantage.agree(passed, if passed { pace.passing_period(trip) } else { pace.failing_period }, now);
            let trip = vantage.trip(view.added);
            let at = if passed { vantage.succumbs(pace) } else { vantage.recovers(pace, trip) };
            self.turns.push(Turn { at, vantage: index as u8, group: vantage.group, falls: passed });
        }
        self.find_flip();
        true
    }

    /// The verdict turns; `now` is [`next_flip`](Watch::next_flip).
    pub fn flip(&mut self, now: Instant) {
        assert_eq!(self.next_flip(), Some(now), "a check turns when it said it would");
        self.healthy = !self.healthy;
        // Turns that only confirm the verdict change nothing before the view does; they are taken in then.
        if self.turns.iter().all(|turn| turn.falls != self.healthy) {
            self.next_flip = None;
            return;
        }
        self.apply_turns(|at| at <= now.nanos());
        self.find_flip();
    }

    /// Draws on; `now` is [`next_look`](Watch::next_look).
    pub fn look(&mut self, now: Instant, stream: &mut Stream) {
        assert_eq!(self.next_look(), Some(now), "a check looks when it said it would");
        self.advance(now.nanos(), false, stream);
        self.foresee(now.nanos(), stream);
    }

    fn find_flip(&mut self) {
        self.next_flip = self.tally.first_flip(&self.quorum, &mut self.turns, self.healthy);
    }

    fn apply_turns(&mut self, due: impl Fn(i64) -> bool) {
        self.turns.retain(|turn| {
            let due = due(turn.at);
            if due {
                self.tally.turn(&self.quorum, turn);
            }
            !due
        });
    }

    fn push_turn(&mut self, index: usize, at: i64, falls: bool) {
        self.turns.push(Turn { at, vantage: index as u8, group: self.vantages[index].group, falls });
    }

    /// Resolves all probes that arrive before `now`, under the view that has held so far; it may end now.
    fn advance(&mut self, now: i64, ends: bool, stream: &mut Stream) {
        debug_assert!(self.next_flip.is_none_or(|at| at >= now), "a flip was passed over");
        debug_assert!(self.next_look().is_none_or(|at| at.nanos() >= now), "a look was passed over");
        // Turns at this very instant are foreseen anew: the truth that changes now may undo them.
        self.apply_turns(|at| at < now);
        self.leave_calm(now, stream);
        let (pace, view) = (&self.pace, &self.view);
        let common = common_fate(pace, view, self.vantages.len(), self.farthest);
        for (index, vantage) in self.vantages.iter_mut().enumerate() {
            let trip = vantage.trip(view.added);
            match common.unwrap_or_else(|| fate(pace, view, index, trip)) {
                Fate::Pass => drop(vantage.pass(pace, trip, i64::MAX, now)),
                Fate::Fail => drop(vantage.fail(pace, i64::MAX, now)),
                Fate::Grey => match self.draws.as_ref().expect("a grey view has draws") {
                    Luck::Outcomes(draws) => draws.walk_again(index, vantage, pace, trip, now),
                    // Its path stays as it is until the view ends.
                    Luck::Turns(_) if !ends => (),
                    Luck::Turns(waits) => waits.leave(index, vantage, pace, trip, now, stream),
                    Luck::Later(_) => (),
                },
            }
        }
    }

    /// Finds the vantages' turns from `now` on, and the verdict's.
    fn foresee(&mut self, now: i64, stream: &mut Stream) {
        self.turns.clear();
        self.open_draws(now);
        let (pace, view, turns) = (&self.pace, &self.view, &mut self.turns);
        let common = common_fate(pace, view, self.vantages.len(), self.farthest);
        for (index, vantage) in self.vantages.iter_mut().enumerate() {
            let trip = vantage.trip(view.added);
            let held = !self.tally.unhealthy.contains(index);
            let fate = common.unwrap_or_else(|| fate(pace, view, index, trip));
            if let (Fate::Grey, Some(Luck::Turns(waits))) = (fate, &mut self.draws) {
                waits.draw(index, vantage, held, pace, (trip, now), stream, turns);
                continue;
            }
            let mut push =
                |at, falls| turns.push(Turn { at, vantage: index as u8, group: vantage.group, falls });
            if vantage.opinion != held {
                push(vantage.since.max(now), !vantage.opinion);
            }
            match (fate, &mut self.draws) {
                (Fate::Pass, _) if !vantage.opinion => push(vantage.recovers(pace, trip), false),
                (Fate::Fail, _) if vantage.opinion => push(vantage.succumbs(pace), true),
                (Fate::Grey, Some(Luck::Outcomes(draws))) => {
                    draws.draw(index, *vantage, pace, trip, stream, turns)
                }
                _ => (),
            }
        }
        if let Some(horizon) = self.draws.as_ref().and_then(Luck::horizon) {
            self.turns.retain(|turn| turn.at < horizon);
        }
        self.find_flip();
    }

    /// Makes draws where the view to come is grey, and keeps the last ones for later where it is not.
    fn begin_draws(&mut self, view: View, stream: &mut Stream) {
        let kept = self.draws.take().or_else(|| self.spare.take());
        let Seen::Errs(share) = view.seen else {
            self.spare = kept;
            return;
        };
        let count = self.vantages.len();
        if self.is_calm(&view, share) {
            self.spare = kept;
            self.draws = Some(Luck::Later(Box::new(Calm::of(share))));
            return;
        }
        self.draws = Some(match (Waits::suit(share, &self.pace), kept) {
            (true, Some(Luck::Turns(waits))) => Luck::Turns(waits),
            (true, _) => Luck::Turns(Box::new(Waits::of(count, share, &self.pace))),
            (false, Some(Luck::Outcomes(draws))) => Luck::Outcomes(draws),
            (false, _) => Luck::Outcomes(Box::new(Draws::of(count))),
        });
        if let Some(Luck::Turns(waits)) = &mut self.draws {
            waits.begin(share, &self.pace, stream);
        }
    }

    /// Will the verdict stay throughout a view in which probes fail with probability `share`?
    fn is_calm(&self, view: &View, share: f64) -> bool {
        let mut camp = Camp::default();
        for (index, vantage) in self.vantages.iter().enumerate() {
            let agrees =
                vantage.opinion == self.healthy && self.tally.unhealthy.contains(index) != self.healthy;
            match fate(&self.pace, view, index, vantage.trip(view.added)) {
                Fate::Grey if agrees && vantage.run == 0 => camp.grey += 1,
                Fate::Grey => return false,
                Fate::Pass => camp.firm += u32::from(self.healthy && agrees),
                Fate::Fail => camp.firm += u32::from(!self.healthy && agrees),
            }
        }
        let needed = self.quorum.needed(self.vantages.len(), self.healthy);
        needed.is_some_and(|needed| Calm::holds(share, &self.pace, self.healthy, camp, needed))
    }

    /// Draws where a view that ends now, and under which the verdict could not turn, has left its vantages.
    fn leave_calm(&mut self, now: i64, stream: &mut Stream) {
        let Some(Luck::Later(calm)) = &self.draws else { return };
        let before = self.vantages.clone();
        loop {
            let mut unhealthy = self.tally.unhealthy;
            for (index, from) in before.iter().enumerate() {
                let trip = from.trip(self.view.added);
                if let Fate::Grey = fate(&self.pace, &self.view, index, trip) {
                    let state = calm.leave(*from, &self.pace, trip, now, stream);
                    if state.held_before(now) == unhealthy.contains(index) {
                        unhealthy.toggle(index);
                    }
                    self.vantages[index] = state;
                }
            }
            let tally = self.tally.with(&self.quorum, unhealthy);
            if tally.verdict(&self.quorum) == self.healthy {
                self.tally = tally;
                return;
            }
        }
    }

    /// Opens a new window of draws where the view is grey.
    fn open_draws(&mut self, now: i64) {
        match (&mut self.draws, self.view.seen) {
            (Some(Luck::Outcomes(draws)), Seen::Errs(share)) => draws.begin(now, share, &self.pace),
            (Some(Luck::Turns(waits)), _) => waits.open(),
            _ => (),
        }
    }
}

/// What becomes of the probes of all vantages alike, of which the farthest has a round trip of `farthest`.
fn common_fate(pace: &Pace, view: &View, vantages: usize, farthest: i64) -> Option<Fate> {
    match () {
        () if view.cut == VantageSet::first(vantages) => Some(Fate::Fail),
        () if view.cut.is_empty() && farthest + view.added.nanos() <= pace.timeout => Some(view.seen.fate()),
        () => None,
    }
}

fn fate(pace: &Pace, view: &View, index: usize, trip: i64) -> Fate {
    if trip > pace.timeout || view.cut.contains(index) {
        return Fate::Fail;
    }
    view.seen.fate()
}

impl Seen {
    fn fate(self) -> Fate {
        match self {
            Seen::Passes => Fate::Pass,
            Seen::Fails => Fate::Fail,
            Seen::Errs(_) => Fate::Grey,
        }
    }
}
