//! What members of a store lacked in a replication, and how its log grew meanwhile, for a store whose members need time to
//! catch up.
//!
//! The log grows as the flow engine has it: between two looks it is what populations write, in closed form; where its books were
//! closed at both ends they say how much that is all told, so that what sites refuse is left out in proportion. What comes out
//! is a broken line through points as far apart as [`FINEST`], or [`POINTS`] of them where nothing changes for long; through two
//! where writes come at one rate.

use crate::design::Design;
use crate::observer::Nobody;
use crate::operations::{CatchingUp, Lack, Toil};
use crate::specification::{Family, StoreId};
use crate::store::Pace;
use crate::traffic::Growth;
use crate::world::World;
use sim::{Instant, Span};

/// How far apart points are, and how many there are at most between two changes.
const FINEST: Span = Span::MINUTE;
const POINTS: i64 = 5000;

/// How things are from an instant on.
#[derive(Clone, Debug)]
struct Look {
    at: Instant,
    growth: Growth,
    paces: Vec<Pace>,
}

/// Takes down what members of a store lack while a replication runs.
#[derive(Clone, Debug, Default)]
pub(in crate::study) struct Looks(Vec<Look>);

fn lack_nothing(paces: &[Pace]) -> bool {
    paces.iter().all(|pace| *pace == Pace::Follows)
}

impl Looks {
    pub(in crate::study) fn look(&mut self, world: &World<'_, Nobody>, store: StoreId) {
        let paces = world.paces(store);
        if lack_nothing(paces) && self.0.last().is_none_or(|last| lack_nothing(&last.paces)) {
            return;
        }
        let growth = world.growth(store);
        let same =
            |last: &Look| last.paces == paces && last.growth.flows == growth.flows && growth.length.is_none();
        if !self.0.last().is_some_and(same) {
            let at = world.now();
            self.0.retain(|look| look.at < at);
            self.0.push(Look { at, growth, paces: paces.to_vec() });
        }
    }

    /// What members lacked up to a horizon.
    pub(in crate::study) fn catching_up(
        &self,
        design: &Design,
        store: StoreId,
        horizon: Instant,
    ) -> CatchingUp {
        let Family::Primary(plan) = &design.specification().stores[store].family else {
            return CatchingUp::default();
        };
        let first = self.0.first().and_then(|look| look.growth.length);
        let (Some(rate), Some(first)) = (plan.apply_rate, first) else { return CatchingUp::default() };
        let applying = |length: f64| Span::from_seconds((length - first) / rate);
        let mut points: Vec<(Instant, Span)> = Vec::new();
        for (at, length) in self.lengths(design, horizon) {
            let least = points.last().map_or(Span::ZERO, |last| last.1);
            points.push((at, applying(length).max(least)));
        }
        let lacks = (0..=plan.replicas.len()).map(|member| self.lacks(member, applying)).collect();
        CatchingUp::new(Toil::new(points), lacks)
    }

    /// How long the log was when, point by point.
    fn lengths(&self, design: &Design, horizon: Instant) -> Vec<(Instant, f64)> {
        let mut points: Vec<(Instant, f64)> = Vec::new();
        // Since the books were last closed: which point, and what has been written as it arrived.
        let mut closed = 0;
        for (index, look) in self.0.iter().enumerate() {
            if let Some(length) = look.growth.length {
                agree(&mut points, closed, (look.at, length));
                closed = points.len() - 1;
            }
            let until = self.0.get(index + 1).map_or(horizon + Span::HOUR, |next| next.at);
            grow(&mut points, look, until, design);
        }
        points
    }

    /// The times in which a member lacked something.
    fn lacks(&self, member: usize, applying: impl Fn(f64) -> Span) -> Vec<Lack> {
        let mut all: Vec<Lack> = Vec::new();
        let mut last = Pace::Follows;
        for look in &self.0 {
            let pace = look.paces[member];
            if pace == last {
                continue;
            }
            if let Some(open) = all.last_mut().filter(|_| last != Pace::Follows) {
                open.until = look.at;
            }
            let parted = all.last().filter(|_| last != Pace::Follows).map_or(look.at, |open| open.parted);
            let had = match pace {
                Pace::Follows | Pace::Parted => None,
                Pace::CatchesUp { since, had } => Some(applying(had) + (look.at - since)),
            };
            if pace != Pace::Follows {
                all.push(Lack { from: look.at, until: Instant::FAR, parted, had });
            }
            last = pace;
        }
        all
    }
}

/// From a point on the log has grown as arrivals say, but in all by what the books do, which are closed now.
fn agree(points: &mut Vec<(Instant, f64)>, closed: usize, now: (Instant, f64)) {
    let Some(((_, from), (_, until))) = points.get(closed).copied().zip(points.last().copied()) else {
        points.push(now);
        return;
    };
    if from < until {
        let part = (now.1 - from) / (until - from);
        points[closed..].iter_mut().for_each(|point| point.1 = from + (point.1 - from) * part);
    }
    match points.last_mut().filter(|last| last.0 == now.0) {
        Some(last) => last.1 = now.1,
        None => points.push(now),
    }
}

/// Adds points up to an instant.
fn grow(points: &mut Vec<(Instant, f64)>, look: &Look, until: Instant, design: &Design) {
    let Some((_, length)) = points.last().copied() else { return };
    let (flows, lasts) = (&look.growth.flows, (until - look.at).nanos());
    let steady = lack_nothing(&look.paces) || flows.iter().all(|writes| writes.is_steady(design));
    let steps = if steady { 1 } else { (lasts / FINEST.nanos()).clamp(8, POINTS) };
    for step in 1..=steps {
        let at =
            look.at + Span::from_nanos((i128::from(lasts) * i128::from(step) / i128::from(steps)) as i64);
        if points.last().is_some_and(|last| last.0 < at) {
            let written: f64 = flows.iter().map(|writes| writes.between(design, look.at, at)).sum();
            points.push((at, length + written));
        }
    }
}
