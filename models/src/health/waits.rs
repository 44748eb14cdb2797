//! Grey views under which turns are rare: opinions wait for their turns, and no probe in between is drawn.
//!
//! While an opinion turns rarely (see [`RARE`]), time is cut into [`Blocks`], each of which ends in a turn with the same
//! small probability. The blocks of all vantages are trials in one row, vantage by vantage, each as far as is looked
//! ahead; one geometric number tells how many of the row fail before the next turn. So a vantage costs a draw when it
//! turns, and otherwise a subtraction. That order of trials looks at no outcome to come, which makes it exact. While an
//! opinion turns soon, single probes are drawn.
//!
//! How long failed blocks last is drawn only where it matters: at a turn, and when the truth changes. Then the state of a
//! vantage that waited is drawn given that there was no turn before: as many failed blocks as surely fit are passed at
//! once, the rest is walked probe by probe, and what turns is drawn again. This is exact rejection: the failed blocks have
//! the same probability in every path. It leaves one approximation, that of [`Blocks`], and an event of probability 1e-9
//! (the blocks do not fit), which is drawn again.

use super::blocks::Blocks;
use super::grey::{Odds, walk};
use super::quorum::Turn;
use super::vantage::{Pace, Vantage};
use sim::Stream;

/// An opinion is patient if a run against it that has begun anew turns it with at most this probability. Beyond it the
/// outcomes are no rarer than the turns, and rejections are frequent.
const RARE: f64 = 1.0 / 64.0;

/// Turns of all vantages that are expected between two looks.
const EXPECTED: f64 = 2.0;

/// Nothing is expected after so many nanoseconds (146 years).
pub(super) const FAR: i64 = i64::MAX / 2;

/// After every probe, and still safe to subtract an instant before the epoch from.
const END: i64 = i64::MAX / 4 * 3;

/// What is drawn of a vantage beyond its state: perhaps a leg, and then failed blocks.
#[derive(Clone, Copy, Debug, Default)]
struct Path {
    leg: Option<Leg>,
    wait: Wait,
}

/// So many blocks fail, and perhaps then one turns the opinion.
#[derive(Clone, Copy, Debug, Default)]
struct Wait {
    failing: i64,
    turns: bool,
}

impl Wait {
    /// Lets blocks fail until so many do, or until one turns the opinion. `fuel` is how many of the next ones fail.
    fn prolong(&mut self, wanted: i64, blocks: &Blocks, fuel: &mut i64, stream: &mut Stream) {
        let lacks = wanted - self.failing;
        if self.turns || lacks <= 0 {
            return;
        }
        self.turns = *fuel < lacks;
        let failing = lacks.min(*fuel);
        self.failing += failing;
        *fuel = if self.turns { blocks.count(stream) } else { *fuel - failing };
    }
}

/// Single probes, perhaps after a turn.
#[derive(Clone, Copy, Debug)]
struct Leg {
    /// The state after a turn, and the arrival of the probe that brought it.
    turn: Option<(Vantage, i64)>,
    /// Outcomes of the probes after that, from the lowest bit; 1 is a failure.
    bits: u64,
    count: u32,
    end: Vantage,
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
        let blocks = |against: f64, run: i64| patient(against, run).then(|| Blocks::of(against, run));
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

    /// The blocks for which a vantage waits, if it has begun anew.
    fn waits(&self, vantage: &Vantage) -> Option<&Blocks> {
        self.blocks(vantage).filter(|_| vantage.run == 0)
    }

    /// Passes failed blocks and the run that turns the opinion, and the probes after it.
    fn turn(
        &self,
        failing: i64,
        mut end: Vantage,
        blocks: &Blocks,
        pace: &Pace,
        trip: i64,
        stream: &mut Stream,
    ) -> Leg {
        let (against, favour) = periods(&end, pace, trip);
        if blocks.cycles(failing as f64) * against.max(favour) as f64 >= (FAR - end.sending) as f64 {
            end.sending = FAR;
            return Leg { turn: Some((end, FAR)), bits: 0, count: 0, end };
        }
        end.sending += failing * favour + blocks.results_against(failing, stream) * against;
        let (opinion, mut last) = (end.opinion, end.arrival());
        while end.opinion == opinion {
            last = end.arrival();
            step(&mut end, pace, trip, opinion);
        }
        self.probes(end, Some((end, last)), pace, trip, stream)
    }

    /// Sends probe by probe until the opinion turns or waits.
    fn probes(
        &self,
        mut end: Vantage,
        turn: Option<(Vantage, i64)>,
        pace: &Pace,
        trip: i64,
        stream: &mut Stream,
    ) -> Leg {
        let opinion = end.opinion;
        let (mut bits, mut count) = (0, 0);
        while end.opinion == opinion && count < u64::BITS && self.waits(&end).is_none() {
            bits |= u64::from(self.probe(&mut end, pace, trip, stream)) << count;
            count += 1;
        }
        Leg { turn, bits, count, end }
    }

    /// Draws the outcome of the next probe; true is a failure.
    fn probe(&self, vantage: &mut Vantage, pace: &Pace, trip: i64, stream: &mut Stream) -> bool {
        let fails = stream.chance(self.share);
        step(vantage, pace, trip, fails);
        fails
    }
}

fn patient(against: f64, run: i64) -> bool {
    against <= 0.5 && Blocks::success(against, run) <= RARE
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
    /// Blocks that fail before the next one that turns: of unhealthy opinions, and of healthy ones.
    fuel: [i64; 2],
    /// Time that is drawn ahead.
    ahead: i64,
    horizon: i64,
    paths: Vec<Path>,
}

impl Waits {
    /// Are there opinions that wait, if each probe fails with probability `share`?
    pub(super) fn suit(share: f64, pace: &Pace) -> bool {
        // A repeated probe would take its own time within a cycle that passes.
        pace.attempts() == 1 && (patient(share, pace.failures) || patient(1.0 - share, pace.successes))
    }

    /// Memory for so many vantages.
    pub(super) fn of(vantages: usize, share: f64, pace: &Pace) -> Self {
        let paths = vec![Path::default(); vantages];
        Waits { laws: Laws::of(share, pace), fuel: [0; 2], ahead: 0, horizon: 0, paths }
    }

    /// Begins a view in which each probe fails with probability `share`.
    pub(super) fn begin(&mut self, share: f64, pace: &Pace, stream: &mut Stream) {
        if self.laws.share != share {
            self.laws = Laws::of(share, pace);
        }
        let laws = [self.laws.unhealthy, self.laws.healthy];
        self.fuel = laws.map(|blocks| blocks.map_or(0, |blocks| blocks.count(stream)));
        let longest = laws.iter().flatten().map(Blocks::patience).fold(0.0, f64::max);
        let window = longest * pace.interval() as f64 * (EXPECTED / self.paths.len() as f64).min(0.5);
        self.ahead = window.min(FAR as f64 / 2.0) as i64;
        self.paths.fill(Path::default());
    }

    /// Begins to draw from some instant on.
    pub(super) fn open(&mut self) {
        self.horizon = FAR;
    }

    /// Everything before this instant is drawn.
    pub(super) fn horizon(&self) -> i64 {
        self.horizon
    }

    /// Draws the path of a vantage some way beyond `now` and adds its turns from `now` on. `vantage` is its state at the
    /// last look, and is brought forward; `opinion` is the one it held just before `now`.
    #[expect(clippy::too_many_arguments, reason = "one call, each a plain value")]
    pub(super) fn draw(
        &mut self,
        index: usize,
        vantage: &mut Vantage,
        opinion: bool,
        pace: &Pace,
        (trip, now): (i64, i64),
        stream: &mut Stream,
        turns: &mut Vec<Turn>,
    ) {
        if let Some(leg) = self.paths[index].leg.take_if(|leg| leg.end.arrival() <= now) {
            *vantage = leg.end;
        }
        self.prolong(index, vantage, pace, trip, now, stream);
        let mut held = opinion;
        let mut pass = |state: &Vantage| {
            if state.since >= now && state.opinion != held {
                held = state.opinion;
                let (at, falls) = (state.since, !held);
                turns.push(Turn { at, vantage: index as u8, group: vantage.group, falls });
            }
        };
        pass(vantage);
        if let Some(leg) = &self.paths[index].leg {
            leg.turn.iter().for_each(|(state, _)| pass(state));
            pass(&leg.end);
        }
    }

    /// Draws a path until the window ends, or until it comes to a second leg.
    fn prolong(
        &mut self,
        index: usize,
        vantage: &Vantage,
        pace: &Pace,
        trip: i64,
        now: i64,
        stream: &mut Stream,
    ) {
        let path = &mut self.paths[index];
        loop {
            let tip = path.leg.as_ref().map_or(vantage, |leg| &leg.end);
            let known = match self.laws.waits(tip) {
                None if path.leg.is_none() => {
                    path.leg = Some(self.laws.probes(*tip, None, pace, trip, stream));
                    continue;
                }
                None => tip.arrival(),
                Some(blocks) => {
                    let shortest = periods(tip, pace, trip).1;
                    let lacks = now.saturating_add(self.ahead) - tip.arrival();
                    let fuel = &mut self.fuel[usize::from(tip.opinion)];
                    path.wait.prolong(lacks / shortest + 1, blocks, fuel, stream);
                    if path.wait.turns && path.leg.is_none() {
                        let failing = std::mem::take(&mut path.wait).failing;
                        path.leg = Some(self.laws.turn(failing, *tip, blocks, pace, trip, stream));
                        continue;
                    }
                    tip.arrival() + path.wait.failing * shortest
                }
            };
            self.horizon = self.horizon.min(known);
            return;
        }
    }

    /// Brings a vantage past all probes that arrive before `now`, where the view ends.
    pub(super) fn leave(
        &self,
        index: usize,
        vantage: &mut Vantage,
        pace: &Pace,
        trip: i64,
        now: i64,
        stream: &mut Stream,
    ) {
        let path = &self.paths[index];
        if let Some(leg) = path.leg.filter(|leg| leg.turn.is_none_or(|(_, last)| last < now)) {
            let state = leg.turn.map_or(*vantage, |(state, _)| state);
            let over = leg.end.arrival() <= now;
            *vantage = if over { leg.end } else { replay(state, leg.bits, leg.count, pace, trip, now) };
        }
        if vantage.arrival() < now {
            *vantage = self.still_waiting(*vantage, pace, trip, now, stream);
        }
    }

    /// Draws the state at `now` of a vantage that has waited for its turn in vain.
    fn still_waiting(&self, from: Vantage, pace: &Pace, trip: i64, now: i64, stream: &mut Stream) -> Vantage {
        let odds = &self.laws.odds;
        loop {
            let mut state = from;
            if let Some(blocks) = self.laws.waits(&state) {
                pass_blocks(&mut state, blocks, periods(&from, pace, trip), now, stream);
            }
            let mut turns = 0;
            walk(&mut state, pace, trip, odds, now, || Some(odds.skip(stream)), |_| turns += 1);
            if turns == 0 {
                return state;
            }
        }
    }
}

/// Passes the blocks that fit before `now`; returns how many, and how many results against the opinion they held. The
/// times are those after a result against the opinion, and for it.
pub(super) fn pass_blocks(
    state: &mut Vantage,
    blocks: &Blocks,
    (against, favour): (i64, i64),
    now: i64,
    stream: &mut Stream,
) -> Option<(i64, i64)> {
    let left = (now - state.arrival()) as f64;
    let count = blocks.fitting(left, against as f64, favour as f64)?;
    loop {
        let results = blocks.results_against(count, stream);
        let time = count * favour + results * against;
        if state.arrival() + time <= now {
            state.sending += time;
            return Some((count, results));
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
