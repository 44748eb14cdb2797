//! Long-lived connections: each goes where the cache sent it when it was dialled.

use super::{AnswerId, Share};
use sim::time::NANOS_PER_SECOND;
use sim::{Instant, Span};
use std::collections::VecDeque;

/// One answer's part of the connections, quadratic in time until the next breakpoint: `s` seconds from now it is
/// `value + slope s + half_curvature s^2`.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Curve {
    /// The answer, or none: connections that could not be dialled.
    pub answer: Option<AnswerId>,
    /// The share now, from 0 to 1.
    pub value: f64,
    /// What it gains in a second, now.
    pub slope: f64,
    /// Half of what the slope gains in a second.
    pub half_curvature: f64,
}

/// Connections of one fixed life L, dialled evenly over time, redialled at the end of their life.
///
/// The share of an answer is the mean of the cache's share of it over (t-L, t]. Before the first instant told the cache
/// had its first shares for ever. Every call carries an instant no earlier than the last one.
#[derive(Clone, Debug)]
pub struct Connections {
    life: i64,
    whole: i64,
    now: i64,
    /// Stretches of linear cache shares that reach into the last life, the oldest first.
    stretches: VecDeque<Stretch>,
    /// The lines of all stretches, in the same order.
    lines: VecDeque<Line>,
    /// Every answer with connections, dials or hang-ups, ascending.
    parts: Vec<Part>,
}

#[derive(Clone, Copy, Debug)]
struct Stretch {
    start: i64,
    lines: usize,
}

/// An answer's mass at the start of a stretch, and what it gains in a nanosecond.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Line {
    answer: Option<AnswerId>,
    mass: i64,
    rate: i64,
}

impl Line {
    fn mass_after(&self, nanos: i64) -> i64 {
        self.mass + self.rate * nanos
    }

    /// Twice the area under the line over `length`, beginning `nanos` after its start.
    fn double_area(&self, nanos: i64, length: i64) -> i128 {
        let (first, last) = (self.mass_after(nanos), self.mass_after(nanos + length));
        (i128::from(first) + i128::from(last)) * i128::from(length)
    }
}

/// One answer's part: twice the integral of its mass over the last life, and how that begins to change.
#[derive(Clone, Copy, Debug)]
struct Part {
    answer: Option<AnswerId>,
    double_area: i128,
    /// Mass dialled less mass hung up.
    gain: i64,
    /// What `gain` gains in a nanosecond.
    bend: i64,
}

impl Connections {
    /// Connections that live for `life`, all dialled by the cache's `shares`, which had been constant.
    ///
    /// # Panics
    /// If `life` is not above zero, or there is no share.
    pub fn new(life: Span, now: Instant, shares: impl IntoIterator<Item = Share>) -> Self {
        assert!(life > Span::ZERO, "a connection lives for a while");
        let (life, now) = (life.nanos(), now.nanos());
        let mut new = Connections {
            life,
            whole: 0,
            now,
            stretches: VecDeque::new(),
            lines: VecDeque::new(),
            parts: Vec::new(),
        };
        for share in shares {
            new.whole = share.whole;
            new.lines.push_back(Line { answer: share.answer, mass: share.mass, rate: 0 });
            new.part(share.answer).double_area = 2 * i128::from(share.mass) * i128::from(life);
        }
        assert!(new.whole > 0, "a cache has shares");
        new.stretches.push_back(Stretch { start: now - life, lines: new.lines.len() });
        new
    }

    /// The cache changed at `now`: from then on it has these shares. To be told at its every change and breakpoint.
    pub fn cache_changed(&mut self, now: Instant, shares: impl IntoIterator<Item = Share>) {
        self.go_to(now.nanos());
        if let Some(last) = self.stretches.back().copied().filter(|last| last.start == self.now) {
            self.stretches.pop_back();
            self.lines.truncate(self.lines.len() - last.lines);
        }
        let held = self.lines.len();
        for share in shares {
            debug_assert_eq!(share.whole, self.whole, "the shares of another cache");
            self.lines.push_back(Line { answer: share.answer, mass: share.mass, rate: share.rate });
        }
        self.stretches.push_back(Stretch { start: self.now, lines: self.lines.len() - held });
        self.drop_if_unchanged();
        self.find_gains();
    }

    /// Goes on to `now`.
    pub fn advance(&mut self, now: Instant) {
        if now.nanos() > self.now {
            self.go_to(now.nanos());
            self.find_gains();
        }
    }

    /// The next instant at which a share's curve changes if the cache does not change before; none when settled.
    pub fn next_breakpoint(&self) -> Option<Instant> {
        self.stretches.get(1).map(|next| Instant::from_nanos(next.start.saturating_add(self.life)))
    }

    /// The shares at the last instant told, ascending by answer, no answer first. A share of zero is absent unless it
    /// grows from now on.
    pub fn shares(&self) -> impl ExactSizeIterator<Item = Curve> + '_ {
        let volume = i128::from(self.life) * i128::from(self.whole);
        let (double, volume) = ((2 * volume) as f64, volume as f64);
        let second = NANOS_PER_SECOND as f64;
        self.parts.iter().map(move |part| Curve {
            answer: part.answer,
            value: part.double_area as f64 / double,
            slope: part.gain as f64 * second / volume,
            half_curvature: part.bend as f64 * second * second / double,
        })
    }

    /// Brings the areas to `now`.
    fn go_to(&mut self, now: i64) {
        debug_assert!(now >= self.now, "time went back");
        if self.rests() {
            self.now = now;
        }
        while self.now < now {
            let end = self.stretches.get(1).map_or(i64::MAX, |next| next.start.saturating_add(self.life));
            let length = now.min(end) - self.now;
            self.dial_and_hang_up(length);
            self.now += length;
            if self.now == end {
                self.drop_oldest();
            }
        }
    }

    /// Is as much dialled as is hung up, of every answer?
    fn rests(&self) -> bool {
        self.stretches.len() == 1 && self.lines.iter().all(|line| line.rate == 0)
    }

    /// Adds what is dialled within `length` from now, and takes off what was dialled a life before.
    fn dial_and_hang_up(&mut self, length: i64) {
        let (newest, oldest) = (self.since_newest(), self.since_oldest());
        for index in self.newest_lines() {
            let line = self.lines[index];
            self.part(line.answer).double_area += line.double_area(newest, length);
        }
        for index in self.oldest_lines() {
            let line = self.lines[index];
            self.part(line.answer).double_area -= line.double_area(oldest, length);
        }
    }

    fn since_newest(&self) -> i64 {
        self.now - self.stretches[self.stretches.len() - 1].start
    }

    fn since_oldest(&self) -> i64 {
        self.now - self.life - self.stretches[0].start
    }

    fn newest_lines(&self) -> std::ops::Range<usize> {
        self.lines.len() - self.stretches[self.stretches.len() - 1].lines..self.lines.len()
    }

    fn oldest_lines(&self) -> std::ops::Range<usize> {
        0..self.stretches[0].lines
    }

    fn drop_oldest(&mut self) {
        self.lines.drain(self.oldest_lines());
        self.stretches.pop_front();
    }

    /// A stretch that only goes on with the one before it is none of its own.
    fn drop_if_unchanged(&mut self) {
        let count = self.stretches.len();
        if count < 2 {
            return;
        }
        let (last, previous) = (self.stretches[count - 1], self.stretches[count - 2]);
        let first = self.lines.len() - last.lines;
        let goes_on = |index: usize| {
            let before = self.lines[first - previous.lines + index];
            let mass = before.mass_after(last.start - previous.start);
            self.lines[first + index] == Line { mass, ..before }
        };
        if last.lines == previous.lines && (0..last.lines).all(goes_on) {
            self.stretches.pop_back();
            self.lines.truncate(first);
        }
    }

    fn find_gains(&mut self) {
        self.parts.iter_mut().for_each(|part| (part.gain, part.bend) = (0, 0));
        let (newest, oldest) = (self.since_newest(), self.since_oldest());
        for index in self.newest_lines() {
            let line = self.lines[index];
            let part = self.part(line.answer);
            part.gain += line.mass_after(newest);
            part.bend += line.rate;
        }
        for index in self.oldest_lines() {
            let line = self.lines[index];
            let part = self.part(line.answer);
            part.gain -= line.mass_after(oldest);
            part.bend -= line.rate;
        }
        self.parts.retain(|part| (part.double_area, part.gain, part.bend) != (0, 0, 0));
    }

    fn part(&mut self, answer: Option<AnswerId>) -> &mut Part {
        let index = self.parts.partition_point(|part| part.answer < answer);
        if self.parts.get(index).is_none_or(|part| part.answer != answer) {
            self.parts.insert(index, Part { answer, double_area: 0, gain: 0, bend: 0 });
        }
        &mut self.parts[index]
    }
}
