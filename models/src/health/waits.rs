//! Grey views under which turns are rare: opinions wait for their turns, and no probe in between is drawn.
//!
//! The path of a vantage is a row of legs. While its opinion turns rarely (see [`RARE`]), one leg leads past all failed
//! blocks to the turn; see [`Blocks`]. While it turns soon, a leg holds single probes. Only the ends of a long leg are
//! known. If the truth changes within it, the state at that instant is drawn given that there was no turn before: as
//! many failed blocks as surely fit are passed at once, the rest is walked probe by probe, and what turns is drawn
//! again. This is exact rejection: the failed blocks have the same probability in every path. It leaves one
//! approximation, that of [`Blocks`], and an event of probability 1e-9 (the blocks do not fit), which is drawn again.

use super::blocks::Blocks;
use super::grey::{Odds, walk};
use super::quorum::Turn;
use super::vantage::{Pace, Vantage};
use sim::Stream;

/// An opinion is patient if a run against it that has begun anew turns it with at most this probability. Beyond it the
/// outcomes are no rarer than the turns, and rejections are frequent.
const RARE: f64 = 1.0 / 64.0;

/// Legs known ahead for one vantage at most.
const LEGS: usize = 6;

/// Nothing is expected after so many nanoseconds (146 years).
const FAR: i64 = i64::MAX / 2;

/// After every probe, and still safe to subtract an instant before the epoch from.
const END: i64 = i64::MAX / 4 * 3;

/// What happens to a vantage from the end of the leg before.
#[derive(Clone, Copy, Debug)]
struct Leg {
    /// Outcomes of its probes, from the lowest bit; 1 is a failure. Nothing if it waits for a turn.
    probes: Option<(u64, u32)>,
    /// Arrival of its last probe.
    last: i64,
    end: Vantage,
}

#[derive(Clone, Copy, Debug)]
struct Path {
    start: Vantage,
    legs: [Option<Leg>; LEGS],
}

impl Path {
    fn from(start: Vantage) -> Self {
        Path { start, legs: [None; LEGS] }
    }

    fn legs(&self) -> impl Iterator<Item = &Leg> {
        self.legs.iter().map_while(Option::as_ref)
    }

    fn end(&self) -> Vantage {
        self.legs().last().map_or(self.start, |leg| leg.end)
    }

    /// Forgets the legs that lie before `now`.
    fn forget(&mut self, now: i64) {
        let past = self.legs().take_while(|leg| leg.end.arrival() <= now).count();
        if past > 0 {
            let last = self.legs[past - 1];
            self.start = last.map_or(self.start, |leg| leg.end);
            self.legs.rotate_left(past);
            self.legs[LEGS - past..].fill(None);
        }
    }
}

/// The laws of one grey view.
#[derive(Clone, Copy, Debug)]
struct Laws {
    share: f64,
    odds: Odds,
    /// Of failures, while healthy; nothing if that opinion turns soon.
    healthy: Option<Blocks>,
    /// Of passes, while unhealthy.
    unhealthy: Option<Blocks>,
}

impl Laws {
    fn of(share: f64, pace: &Pace) -> Self {
        let blocks = |against: f64, run: i64| {
            let patient = against <= 0.5 && Blocks::success(against, run) <= RARE;
            patient.then(|| Blocks::of(against, run))
        };
        Laws {
            share,
            odds: Odds::of(share),
            healthy: blocks(share, pace.failures),
            unhealthy: blocks(1.0 - share, pace.successes),
        }
    }

    fn blocks(&self, vantage: &Vantage) -> Option<&Blocks> {
        if vantage.opinion { self.healthy.as_ref() } else { self.unhealthy.as_ref() }
    }

    /// Draws the outcome of the next probe; true is a failure.
    fn probe(&self, vantage: &mut Vantage, pace: &Pace, trip: i64, stream: &mut Stream) -> bool {
        let fails = stream.chance(self.share);
        step(vantage, pace, trip, fails);
        fails
    }
}

fn step(vantage: &mut Vantage, pace: &Pace, trip: i64, fails: bool) {
    if fails {
        vantage.fail(pace, 1, END)
    } else {
        vantage.pass(pace, trip, 1, END)
    };
}

/// The paths of a watch's vantages under one grey view.
#[derive(Clone, Debug)]
pub(super) struct Waits {
    laws: Laws,
    /// Time that is drawn ahead.
    ahead: i64,
    horizon: i64,
    paths: Vec<Option<Path>>,
}

impl Waits {
    /// Are there opinions that wait, if each probe fails with probability `share`?
    pub(super) fn suit(share: f64, pace: &Pace) -> bool {
        let patient = |against: f64, run: i64| against <= 0.5 && Blocks::success(against, run) <= RARE;
        // A repeated probe would take its own time within a cycle that passes.
        pace.attempts() == 1 && (patient(share, pace.failures) || patient(1.0 - share, pace.successes))
    }

    /// Memory for so many vantages.
    pub(super) fn of(vantages: usize, share: f64, pace: &Pace) -> Self {
        Waits { laws: Laws::of(share, pace), ahead: 0, horizon: 0, paths: vec![None; vantages] }
    }

    /// Begins a view in which each probe fails with probability `share`.
    pub(super) fn begin(&mut self, share: f64, pace: &Pace) {
        self.laws = Laws::of(share, pace);
        let patience = |blocks: &Blocks| blocks.patience();
        let mut waits = self.laws.healthy.iter().chain(&self.laws.unhealthy).map(patience);
        let longest = waits.next().unwrap_or(0.0).max(waits.next().unwrap_or(0.0));
        self.ahead = (0.5 * longest * pace.interval() as f64).min(FAR as f64 / 2.0) as i64;
        self.paths.fill(None);
    }

    /// Begins to draw from `now` on.
    pub(super) fn open(&mut self) {
        self.horizon = FAR;
    }

    /// Everything before this instant is drawn.
    pub(super) fn horizon(&self) -> i64 {
        self.horizon
    }

    /// Draws the path of a vantage some way beyond `now` and adds its turns from `now` on. `vantage` is its state at the
    /// begin of the view; `opinion` is the one it held just before `now`.
    #[expect(clippy::too_many_arguments, reason = "one call, each a plain value")]
    pub(super) fn draw(
        &mut self,
        index: usize,
        vantage: Vantage,
        opinion: bool,
        pace: &Pace,
        (trip, now): (i64, i64),
        stream: &mut Stream,
        turns: &mut Vec<Turn>,
    ) {
        let mut path = self.paths[index].unwrap_or_else(|| Path::from(vantage));
        path.forget(now);
        self.prolong(&mut path, pace, trip, now, stream);
        self.horizon = self.horizon.min(path.end().arrival());
        self.paths[index] = Some(path);
        let mut held = opinion;
        let states = std::iter::once(&path.start).chain(path.legs().map(|leg| &leg.end));
        for state in states.filter(|state| state.since >= now) {
            if state.opinion != held {
                held = state.opinion;
                let (at, falls) = (state.since, !held);
                turns.push(Turn { at, vantage: index as u8, group: vantage.group, falls });
            }
        }
    }

    fn prolong(&self, path: &mut Path, pace: &Pace, trip: i64, now: i64, stream: &mut Stream) {
        let known = path.legs().count();
        let mut end = path.end();
        for leg in &mut path.legs[known..] {
            if end.arrival() > now.saturating_add(self.ahead) {
                return;
            }
            let next = match self.laws.blocks(&end) {
                Some(blocks) => self.wait(blocks, end, pace, trip, stream),
                None => self.probes(end, pace, trip, stream),
            };
            end = next.end;
            *leg = Some(next);
        }
    }

    /// Waits until the opinion turns.
    fn wait(&self, blocks: &Blocks, mut end: Vantage, pace: &Pace, trip: i64, stream: &mut Stream) -> Leg {
        let opinion = end.opinion;
        let mut last = end.arrival();
        while end.run > 0 && end.opinion == opinion {
            last = end.arrival();
            self.laws.probe(&mut end, pace, trip, stream);
        }
        if end.opinion != opinion {
            return Leg { probes: None, last, end };
        }
        let (against, favour) = periods(&end, pace, trip);
        let count = blocks.count(stream);
        if blocks.cycles(count) * against.max(favour) as f64 >= (FAR - end.sending) as f64 {
            end.sending = FAR;
            return Leg { probes: None, last: FAR, end };
        }
        let count = count as i64;
        end.sending += count * favour + blocks.results_against(count, stream) * against;
        while end.opinion == opinion {
            last = end.arrival();
            step(&mut end, pace, trip, opinion);
        }
        Leg { probes: None, last, end }
    }

    /// Sends probe by probe until the opinion turns.
    fn probes(&self, mut end: Vantage, pace: &Pace, trip: i64, stream: &mut Stream) -> Leg {
        let opinion = end.opinion;
        let (mut bits, mut count, mut last) = (0, 0, end.arrival());
        while end.opinion == opinion && count < u64::BITS {
            last = end.arrival();
            bits |= u64::from(self.laws.probe(&mut end, pace, trip, stream)) << count;
            count += 1;
        }
        Leg { probes: Some((bits, count)), last, end }
    }

    /// The state of a vantage after all probes that arrive before `now`, where the view ends.
    pub(super) fn leave(
        &self,
        index: usize,
        pace: &Pace,
        trip: i64,
        now: i64,
        stream: &mut Stream,
    ) -> Option<Vantage> {
        let path = self.paths[index].as_ref()?;
        let mut state = path.start;
        for leg in path.legs() {
            if state.arrival() >= now {
                break;
            }
            state = match leg.probes {
                _ if leg.last < now => leg.end,
                Some((bits, count)) => replay(state, bits, count, pace, trip, now),
                None => self.still_waiting(state, pace, trip, now, stream),
            };
            if leg.last >= now {
                break;
            }
        }
        Some(state)
    }

    /// Draws the state at `now` of a vantage that has waited for its turn in vain.
    fn still_waiting(&self, from: Vantage, pace: &Pace, trip: i64, now: i64, stream: &mut Stream) -> Vantage {
        loop {
            let mut state = from;
            while state.run > 0 && state.opinion == from.opinion && state.arrival() < now {
                self.laws.probe(&mut state, pace, trip, stream);
            }
            if state.opinion == from.opinion && state.run == 0 {
                self.pass_blocks(&mut state, pace, trip, now, stream);
                let mut turns = 0;
                let odds = &self.laws.odds;
                walk(&mut state, pace, trip, odds, now, || Some(odds.skip(stream)), |_| turns += 1);
                if turns > 0 {
                    continue;
                }
            }
            if state.opinion == from.opinion {
                return state;
            }
        }
    }

    /// Passes the failed blocks that fit before `now`.
    fn pass_blocks(&self, state: &mut Vantage, pace: &Pace, trip: i64, now: i64, stream: &mut Stream) {
        let Some(blocks) = self.laws.blocks(state) else { return };
        let (against, favour) = periods(state, pace, trip);
        let left = (now - state.arrival()) as f64;
        let Some(count) = blocks.fitting(left, against as f64, favour as f64) else { return };
        loop {
            let time = count * favour + blocks.results_against(count, stream) * against;
            if state.arrival() + time <= now {
                state.sending += time;
                return;
            }
        }
    }
}

/// The times between two sendings if the first probe speaks against the opinion, and for it.
fn periods(vantage: &Vantage, pace: &Pace, trip: i64) -> (i64, i64) {
    let (failing, passing) = (pace.failing_period, pace.passing_period(trip));
    if vantage.opinion { (failing, passing) } else { (passing, failing) }
}

fn replay(mut state: Vantage, bits: u64, count: u32, pace: &Pace, trip: i64, now: i64) -> Vantage {
    for probe in 0..count {
        if state.arrival() >= now {
            break;
        }
        step(&mut state, pace, trip, bits >> probe & 1 == 1);
    }
    state
}
