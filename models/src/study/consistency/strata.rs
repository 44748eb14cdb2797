//! The parts of a replication that sessions are drawn from: around each change of the store, while it is disturbed
//! otherwise, and at rest. Where they end decides how many draws are well spent, and nothing else.

use super::scenes::Scenes;
use crate::operations::Stretch;
use crate::specification::Sessions;
use sim::{Instant, Span};

/// Shares of the operations that are spent around changes, in other disturbances, and at rest.
const SHARES: [f64; 3] = [0.5, 0.25, 0.25];

/// Disjoint stretches in the order of time.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Parts(Vec<Stretch>);

/// The strata of a replication.
#[derive(Clone, Debug)]
pub(super) struct Strata {
    /// The store is disturbed, with what leads to it and what remains of it.
    disturbed: Parts,
    parts: [Parts; 3],
}

impl Parts {
    /// The union of stretches that begin in the order of time, within a limit.
    fn union(stretches: impl Iterator<Item = Stretch>, limit: Stretch) -> Self {
        let mut all: Vec<Stretch> = Vec::new();
        for stretch in stretches {
            let (from, until) = (stretch.from.max(limit.from), stretch.until.min(limit.until));
            match all.last_mut().filter(|last| from <= last.until) {
                Some(last) => last.until = last.until.max(until),
                None if from < until => all.push(Stretch { from, until }),
                None => {}
            }
        }
        Parts(all)
    }

    /// What of these is in none of `others`.
    fn without(&self, others: &Parts) -> Parts {
        let mut left = Vec::new();
        for part in &self.0 {
            let mut from = part.from;
            for other in others.0.iter().filter(|other| other.from < part.until && part.from < other.until) {
                if from < other.from {
                    left.push(Stretch { from, until: other.from });
                }
                from = from.max(other.until);
            }
            if from < part.until {
                left.push(Stretch { from, until: part.until });
            }
        }
        Parts(left)
    }

    pub(super) fn length(&self) -> Span {
        self.0.iter().fold(Span::ZERO, |sum, part| sum + (part.until - part.from))
    }

    /// The instant so far into them, as a share of their length.
    pub(super) fn at(&self, share: f64) -> Instant {
        let mut left = Span::from_seconds(self.length().seconds() * share);
        for part in &self.0 {
            let length = part.until - part.from;
            if left < length {
                return part.from + left;
            }
            left -= length;
        }
        self.0.last().map_or(Instant::ZERO, |last| last.until - Span::NANOSECOND)
    }

    fn holding(&self, at: Instant) -> Option<Stretch> {
        let index = self.0.partition_point(|part| part.from <= at).checked_sub(1)?;
        Some(self.0[index]).filter(|part| at < part.until)
    }
}

impl Strata {
    /// Disturbed is the store also while replicas lack something: `lacking`, in the order of their beginnings.
    pub(super) fn new(
        scenes: &Scenes,
        lacking: &[Stretch],
        horizon: Span,
        near: Span,
        sessions: &Sessions,
    ) -> Self {
        let whole = Stretch { from: Instant::ZERO, until: Instant::ZERO + horizon };
        let turns: Vec<(Instant, bool)> = scenes.turns().collect();
        let lasts = Span::from_seconds(sessions.operations * sessions.think.seconds());
        let around = |from: Instant, until: Instant| Stretch {
            from: from - lasts - near,
            until: until.saturating_add(near),
        };
        let ends = |index: usize| turns.get(index + 1).map_or(whole.until, |turn| turn.0);
        let restless = |index: &usize| !turns[*index].1;
        let disturbed = (0..turns.len()).filter(restless).map(|index| around(turns[index].0, ends(index)));
        let lacking = lacking.iter().map(|lacking| around(lacking.from, lacking.until));
        let mut disturbed: Vec<Stretch> = disturbed.chain(lacking).collect();
        disturbed.sort_by_key(|stretch| stretch.from);
        let disturbed = Parts::union(disturbed.into_iter(), whole);
        let changes = turns.iter().skip(1).map(|(at, _)| around(*at, at.saturating_add(near)));
        let changes = Parts::union(changes, whole);
        let rest = Parts(vec![whole]).without(&disturbed).without(&changes);
        Strata { parts: [changes.clone(), disturbed.without(&changes), rest], disturbed }
    }

    /// Each that is not empty, with the share of the operations that are spent on it.
    pub(super) fn parts(&self) -> impl Iterator<Item = (&Parts, f64)> {
        let all = self.parts.iter().zip(SHARES).filter(|(parts, _)| !parts.length().is_zero());
        let spent: f64 = all.clone().map(|(_, share)| share).sum();
        all.map(move |(parts, share)| (parts, share / spent))
    }

    /// From when on to play what is seen from `at` on: from before the disturbance under way, if there is one.
    pub(super) fn begins(&self, at: Instant) -> Instant {
        self.disturbed.holding(at).map_or(at, |disturbed| disturbed.from).max(Instant::ZERO)
    }

    /// Until when the store has to be followed for those who leave it at `at`.
    pub(super) fn ends(&self, at: Instant) -> Instant {
        self.disturbed.holding(at).map_or(at, |disturbed| disturbed.until)
    }
}
