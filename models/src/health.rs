//! Health checks: when a check turns, computed and never polled.
//!
//! A [`Watch`] is one check looking at one site from up to 128 vantages. It is told when the truth changes and tells the
//! one instant at which the check as a whole turns if the truth stays; its cost does not depend on how often it probes.
//!
//! Assumptions:
//! - A vantage probes in cycles. A cycle is one probe and, while probes fail, up to `retries` more, each sent when the
//!   one before times out. The next cycle starts one interval after the start of the last ([`Spacing::Start`]) or after
//!   its result is known ([`Spacing::Response`]). The first probe of a vantage is sent at the start of the watch plus
//!   the vantage's phase; whatever came before passed.
//! - A probe's outcome is fixed by the truth at its arrival, one delay after its sending; a change at that instant
//!   applies first. A pass is known one round trip (two delays and what the view adds at the arrival) after the sending,
//!   a failure one timeout after it: a refused connection is held to be known no earlier than a silent one.
//! - A round trip longer than the timeout is a failure.
//! - A vantage's opinion turns when the K-th failed cycle in a row, or the R-th passed one, is known. A change that no
//!   probe saw changes nothing: runs carry over.
//! - All vantages that turn at one instant turn together before the check is judged.
//! - Grey probes fail independently of each other. Their path is drawn from the watch's stream, a bounded number of
//!   draws ahead; see [`Watch::next_look`].

mod grey;
mod plan;
mod vantage;

pub use plan::{CheckPlan, PlanFault, Post, Seen, Spacing, VantageSet, View, healthy_above, unhealthy_when};

use grey::{Odds, TAPE};
use sim::{Instant, Stream};
use vantage::{Pace, Vantage};

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
    quorum: Quorum,
    view: View,
    /// The odds of the view, where it is grey.
    odds: Option<Odds>,
    /// Opinions as of the events before `cursor`.
    tally: Tally,
    healthy: bool,
    /// Turns of single vantages that are to come if the truth stays, by time.
    turns: Vec<Turn>,
    cursor: usize,
    next_flip: Option<i64>,
    /// Turns are known before this instant only.
    horizon: Option<i64>,
    /// Skips drawn for each vantage, `TAPE` apart.
    tape: Vec<i64>,
}

/// A vantage's opinion turns.
#[derive(Clone, Copy, Debug)]
struct Turn {
    at: i64,
    vantage: u8,
    group: u8,
}

#[derive(Clone, Copy, Debug)]
struct Quorum {
    needs: u32,
    group: u8,
    last_group: u8,
    /// Index of the last group.
    last: u8,
}

impl Quorum {
    fn of(plan: &CheckPlan, vantages: usize) -> Self {
        let group = plan.group.min(vantages as u32);
        let last = (vantages as u32).div_ceil(group) - 1;
        let last_group = vantages as u32 - last * group;
        Quorum {
            needs: plan.healthy_needs,
            group: group as u8,
            last_group: last_group as u8,
            last: last as u8,
        }
    }

    /// Has a group with so many unhealthy vantages a healthy majority?
    fn passes(&self, group: u8, unhealthy: u8) -> bool {
        let size = if group == self.last { self.last_group } else { self.group };
        2 * u32::from(unhealthy) < u32::from(size)
    }
}

/// The vantages' votes.
#[derive(Clone, Copy, Debug)]
struct Tally {
    unhealthy: VantageSet,
    /// Unhealthy vantages of each group.
    unhealthy_in: [u8; VANTAGES_MAX],
    /// Groups with a healthy majority.
    passing: u32,
}

impl Tally {
    fn turn(&mut self, quorum: &Quorum, vantage: u8, group: u8) {
        self.unhealthy.toggle(usize::from(vantage));
        let count = &mut self.unhealthy_in[usize::from(group)];
        let passed = quorum.passes(group, *count);
        *count = if self.unhealthy.contains(usize::from(vantage)) { *count + 1 } else { *count - 1 };
        let passes = quorum.passes(group, *count);
        self.passing = self.passing + u32::from(passes) - u32::from(passed);
    }
}

/// What becomes of a vantage's probes under the present view.
#[derive(Clone, Copy)]
enum Fate {
    Pass,
    Fail,
    Grey(Odds),
}

impl Watch {
    /// A watch that starts at `start` and has seen nothing but passes: every vantage is healthy.
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
            Vantage::new(delay, post.first_sending(start), (index / usize::from(quorum.group)) as u8)
        };
        let tally = Tally {
            unhealthy: VantageSet::EMPTY,
            unhealthy_in: [0; VANTAGES_MAX],
            passing: u32::from(quorum.last) + 1,
        };
        let mut watch = Watch {
            pace: Pace::of(plan),
            vantages: posts.iter().enumerate().map(vantage).collect(),
            quorum,
            view: View::PASSES,
            odds: None,
            tally,
            healthy: tally.passing >= quorum.needs,
            turns: Vec::with_capacity(2 * posts.len()),
            cursor: 0,
            next_flip: None,
            horizon: None,
            tape: Vec::new(),
        };
        // A vantage whose round trip exceeds the timeout fails from the first probe on.
        watch.foresee(start.nanos(), None);
        watch
    }

    /// The same watch, not yet used, after nothing but passes, or nothing but failures. In the latter case its present
    /// view is [`View::FAILS`].
    pub fn settled(mut self, healthy: bool) -> Self {
        if healthy {
            return self;
        }
        for (index, vantage) in self.vantages.iter_mut().enumerate() {
            vantage.opinion = false;
            self.tally.turn(&self.quorum, index as u8, vantage.group);
        }
        self.view = View::FAILS;
        self.healthy = self.verdict(&self.tally);
        self.turns.clear();
        self.next_flip = None;
        self
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
        self.horizon.map(Instant::from_nanos)
    }

    /// The vantages whose opinion is unhealthy at `now`, which lies between the last call and the next flip or look.
    pub fn unhealthy_vantages(&self, now: Instant) -> VantageSet {
        let mut unhealthy = self.tally.unhealthy;
        let due = self.turns[self.cursor..].iter().take_while(|turn| turn.at <= now.nanos());
        due.for_each(|turn| unhealthy.toggle(usize::from(turn.vantage)));
        unhealthy
    }

    /// The truth changes: from `now` on probes meet `view`. Draws only for grey probes.
    pub fn view(&mut self, now: Instant, view: View, stream: &mut Stream) {
        let view = view.plain();
        if view == self.view {
            return;
        }
        self.advance(now.nanos());
        self.view = view;
        self.odds = match view.seen {
            Seen::Errs(share) => Some(Odds::of(share)),
            Seen::Passes | Seen::Fails => None,
        };
        self.foresee(now.nanos(), Some(stream));
    }

    /// The verdict turns; `now` is [`next_flip`](Watch::next_flip).
    pub fn flip(&mut self, now: Instant) {
        assert_eq!(self.next_flip(), Some(now), "a check turns when it said it would");
        self.apply_turns(|at| at <= now.nanos());
        self.healthy = !self.healthy;
        self.find_flip();
    }

    /// Draws on; `now` is [`next_look`](Watch::next_look).
    pub fn look(&mut self, now: Instant, stream: &mut Stream) {
        assert_eq!(self.next_look(), Some(now), "a check looks when it said it would");
        self.advance(now.nanos());
        self.foresee(now.nanos(), Some(stream));
    }

    fn verdict(&self, tally: &Tally) -> bool {
        tally.passing >= self.quorum.needs
    }

    fn fate(&self, index: usize, trip: i64) -> Fate {
        if trip > self.pace.timeout || self.view.cut.contains(index) {
            return Fate::Fail;
        }
        match (self.view.seen, self.odds) {
            (_, Some(odds)) => Fate::Grey(odds),
            (Seen::Passes, None) => Fate::Pass,
            (_, None) => Fate::Fail,
        }
    }

    fn trip(&self, vantage: &Vantage) -> i64 {
        2 * vantage.delay + self.view.added.nanos()
    }

    fn apply_turns(&mut self, due: impl Fn(i64) -> bool) {
        while let Some(turn) = self.turns.get(self.cursor).filter(|turn| due(turn.at)) {
            self.tally.turn(&self.quorum, turn.vantage, turn.group);
            self.cursor += 1;
        }
    }

    /// Resolves all probes that arrive before `now`, under the view that has held so far.
    fn advance(&mut self, now: i64) {
        debug_assert!(self.next_flip.is_none_or(|at| at >= now), "a flip was passed over");
        debug_assert!(self.horizon.is_none_or(|at| at >= now), "a look was passed over");
        // Turns at this very instant are foreseen anew: the truth that changes now may undo them.
        self.apply_turns(|at| at < now);
        for index in 0..self.vantages.len() {
            let mut vantage = self.vantages[index];
            let trip = self.trip(&vantage);
            match self.fate(index, trip) {
                Fate::Pass => {
                    vantage.pass(&self.pace, trip, i64::MAX, now);
                }
                Fate::Fail => {
                    vantage.fail(&self.pace, i64::MAX, now);
                }
                Fate::Grey(odds) => {
                    let mut tape = self.tape[index * TAPE..(index + 1) * TAPE].iter();
                    grey::walk(&mut vantage, &self.pace, trip, &odds, now, || tape.next().copied(), |_| ());
                }
            }
            self.vantages[index] = vantage;
        }
    }

    /// Finds the vantages' turns from `now` on, and the verdict's. The stream is needed for grey views only.
    fn foresee(&mut self, now: i64, mut stream: Option<&mut Stream>) {
        self.turns.clear();
        self.cursor = 0;
        self.horizon = self.odds.map(|odds| now.saturating_add(odds.window(&self.pace)));
        for index in 0..self.vantages.len() {
            let vantage = self.vantages[index];
            if vantage.opinion == self.tally.unhealthy.contains(index) {
                self.push_turn(index, vantage.since.max(now));
            }
            let trip = self.trip(&vantage);
            let turn = match self.fate(index, trip) {
                Fate::Pass => vantage.recovers(&self.pace, trip),
                Fate::Fail => vantage.succumbs(&self.pace),
                Fate::Grey(odds) => {
                    let stream = stream.as_deref_mut().expect("a grey view comes with a stream");
                    self.draw(index, trip, &odds, stream);
                    None
                }
            };
            if let Some(at) = turn {
                self.push_turn(index, at);
            }
        }
        if let Some(horizon) = self.horizon {
            self.turns.retain(|turn| turn.at < horizon);
        }
        self.turns.sort_unstable_by_key(|turn| turn.at);
        self.find_flip();
    }

    fn push_turn(&mut self, index: usize, at: i64) {
        self.turns.push(Turn { at, vantage: index as u8, group: self.vantages[index].group });
    }

    /// Draws the outcomes of a vantage's grey probes up to the horizon, and brings the horizon forward where the tape
    /// ends before it.
    ///
    /// The horizon is a stopping time of the vantages' common past, so that what was drawn beyond it may be dropped.
    fn draw(&mut self, index: usize, trip: i64, odds: &Odds, stream: &mut Stream) {
        self.tape.resize(self.vantages.len() * TAPE, 0);
        let horizon = self.horizon.expect("a grey view has a horizon");
        let mut vantage = self.vantages[index];
        let mut tape = self.tape[index * TAPE..(index + 1) * TAPE].iter_mut();
        let next = || {
            tape.next().map(|cell| {
                *cell = odds.skip(stream);
                *cell
            })
        };
        let group = vantage.group;
        let turned = |at| self.turns.push(Turn { at, vantage: index as u8, group });
        grey::walk(&mut vantage, &self.pace, trip, odds, horizon, next, turned);
        self.horizon = Some(horizon.min(vantage.arrival()));
    }

    /// The first instant after the turns applied so far at which the verdict differs.
    fn find_flip(&mut self) {
        let mut tally = self.tally;
        let turns = &self.turns[self.cursor..];
        for (index, turn) in turns.iter().enumerate() {
            tally.turn(&self.quorum, turn.vantage, turn.group);
            let last_at_instant = turns.get(index + 1).is_none_or(|next| next.at > turn.at);
            if last_at_instant && self.verdict(&tally) != self.healthy {
                self.next_flip = Some(turn.at);
                return;
            }
        }
        self.next_flip = None;
    }
}
