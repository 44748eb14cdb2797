//! The parts of a replication that sessions are drawn from: around each change of the store and each move of its clients,
//! while it is disturbed otherwise, after losses, before a disturbance, and at rest. Where they end decides how many draws are well spent, and nothing else.

use super::scenes::Scenes;
use crate::operations::Stretch;
use sim::{Instant, Span};

/// Mean lengths of a session before a replication: one in three thousand of those that are under way when it begins has begun
/// before that.
const LENGTHS_EARLY: i64 = 8;
/// Mean lengths of a session before a disturbance from where it may meet it: one in ten million is longer.
const LENGTHS_BEFORE: i64 = 16;

/// What is going on when a session begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Part {
    /// The store is changing, or its clients are being led elsewhere.
    Change,
    /// It is disturbed otherwise.
    Disturbance,
    /// What was lost is still missed.
    Aftermath,
    /// Nothing yet, but longer sessions will meet a disturbance.
    Before,
    /// Nothing, and no session that begins will meet anything.
    Rest,
    /// Anything: nobody has looked.
    Any,
}

impl Part {
    pub(super) const ALL: [Part; 6] =
        [Part::Change, Part::Disturbance, Part::Aftermath, Part::Before, Part::Rest, Part::Any];

    /// How the operations are divided among them.
    fn share(self) -> f64 {
        match self {
            Part::Change => 0.5,
            Part::Before => 0.1,
            Part::Disturbance | Part::Aftermath | Part::Rest | Part::Any => 0.25,
        }
    }
}

/// Disjoint stretches in the order of time.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Parts(Vec<Stretch>);

/// The strata of a replication.
#[derive(Clone, Debug)]
pub(super) struct Strata {
    /// When the first sessions begin: before the replication, which some of them reach.
    pub(super) first: Instant,
    /// The store is disturbed, with what leads to it and what remains of it.
    disturbed: Parts,
    /// Those disturbances that may lose acknowledged writes, which are missed until their keys are written again.
    lossy: Vec<Stretch>,
    parts: [(Part, Parts); 5],
}

/// What leads to a disturbance, and what remains of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reach {
    /// How long others on its key matter to a session.
    pub(super) near: Span,
    /// How long a session lasts.
    pub(super) lasts: Span,
    /// How long a lost write is missed by most who could.
    pub(super) missed: Span,
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

    /// The same of stretches in any order.
    pub(super) fn union_of(mut stretches: Vec<Stretch>, limit: Stretch) -> Self {
        stretches.sort_by_key(|stretch| stretch.from);
        Parts::union(stretches.into_iter(), limit)
    }

    pub(super) fn each(&self) -> impl Iterator<Item = Stretch> + '_ {
        self.0.iter().copied()
    }

    pub(super) fn hold(&self, at: Instant) -> bool {
        self.holding(at).is_some()
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

/// How long before a replication sessions begin that last so long on average.
pub(super) fn early(lasts: Span) -> Span {
    lasts * LENGTHS_EARLY
}

/// Both, in the order of time.
fn merged(a: &Parts, b: &Parts) -> impl Iterator<Item = Stretch> + use<> {
    let mut all: Vec<Stretch> = a.0.iter().chain(&b.0).copied().collect();
    all.sort_by_key(|stretch| stretch.from);
    all.into_iter()
}

impl Strata {
    /// Disturbed is the store also while replicas lack something: `lacking`, in the order of their beginnings. Acknowledged
    /// writes may get lost at the instants of `losses`.
    pub(super) fn new(
        scenes: &Scenes,
        (lacking, losses): (&[Stretch], &[Instant]),
        horizon: Span,
        Reach { near, lasts, missed }: Reach,
    ) -> Self {
        let whole = Stretch { from: Instant::ZERO - early(lasts), until: Instant::ZERO + horizon };
        let turns: Vec<(Instant, bool)> = scenes.turns().collect();
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
        let moves = scenes.moves(whole.until).map(|moves| around(moves.from, moves.until));
        let mut changes: Vec<Stretch> = changes.chain(moves).collect();
        changes.sort_by_key(|stretch| stretch.from);
        let changes = Parts::union(changes.into_iter(), whole);
        let mut lossy: Vec<Stretch> = losses.iter().filter_map(|at| disturbed.holding(*at)).collect();
        lossy.dedup();
        let after = |loss: &Stretch| Stretch { from: loss.until, until: loss.until.saturating_add(missed) };
        let after = Parts::union(lossy.iter().map(after), whole).without(&disturbed).without(&changes);
        let meets = |met: &Stretch| Stretch { from: met.from - lasts * LENGTHS_BEFORE, until: met.from };
        let met = Parts::union(merged(&disturbed, &changes), whole);
        let before = Parts::union(met.0.iter().map(meets), whole).without(&met).without(&after);
        let rest = Parts(vec![whole]).without(&met).without(&after).without(&before);
        let parts = [
            (Part::Change, changes.clone()),
            (Part::Disturbance, disturbed.without(&changes)),
            (Part::Aftermath, after),
            (Part::Before, before),
            (Part::Rest, rest),
        ];
        Strata { first: whole.from, parts, disturbed, lossy }
    }

    /// Each that is not empty, with the share of the operations that are spent on it.
    pub(super) fn parts(&self) -> impl Iterator<Item = (Part, &Parts, f64)> {
        let all = self.parts.iter().filter(|(_, parts)| !parts.length().is_zero());
        let spent: f64 = all.clone().map(|(part, _)| part.share()).sum();
        all.map(move |(part, parts)| (*part, parts, part.share() / spent))
    }

    /// From when on to play what is seen from `at` on: from before the disturbance under way, if there is one, and before
    /// what lost something on a key that is likely to be written within `missed`.
    pub(super) fn begins(&self, at: Instant, missed: Span) -> Instant {
        let own = self.disturbed.holding(at).map_or(at, |disturbed| disturbed.from);
        let index = self.lossy.partition_point(|loss| loss.until < at - missed);
        self.lossy.get(index).map_or(own, |loss| loss.from.min(own))
    }

    pub(super) fn is_disturbed(&self, at: Instant) -> bool {
        self.disturbed.holding(at).is_some()
    }

    /// May what is written at an instant be lost?
    pub(super) fn may_lose(&self, at: Instant) -> bool {
        self.disturbed.holding(at).is_some_and(|disturbed| self.lossy.contains(&disturbed))
    }

    /// Until when the store has to be followed for those who leave it at `at`.
    pub(super) fn ends(&self, at: Instant) -> Instant {
        self.disturbed.holding(at).map_or(at, |disturbed| disturbed.until)
    }
}
