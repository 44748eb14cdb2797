//! How many replicas must answer.

use super::conditions::Conditions;
use crate::operations::quorum::REPLICAS_MAX;
use sim::Instant;

/// Whose answers an operation waits for (the consistency levels of Cassandra and ScyllaDB).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Level {
    /// Any one.
    One,
    /// Any two.
    Two,
    /// Any three.
    Three,
    /// More than half of all.
    Quorum,
    /// All.
    All,
    /// One at the coordinator's place.
    LocalOne,
    /// More than half of those at the coordinator's place.
    LocalQuorum,
    /// More than half of those at each place.
    EachQuorum,
}

impl Level {
    /// Does an answer of a replica count, asked by a coordinator at `place`?
    pub(super) fn counts(self, conditions: &Conditions, place: usize, replica: usize) -> bool {
        match self {
            Level::LocalOne | Level::LocalQuorum => conditions.replicas_at()[replica] == place,
            _ => true,
        }
    }

    /// How many answers are wanted of those that count; for [`Level::EachQuorum`] of those at one place.
    pub(crate) fn wants(self, of: usize) -> usize {
        match self {
            Level::One | Level::LocalOne => 1,
            Level::Two => 2,
            Level::Three => 3,
            Level::Quorum | Level::LocalQuorum | Level::EachQuorum => of / 2 + 1,
            Level::All => of,
        }
    }

    /// Can there ever be answers enough for a coordinator at `place`?
    pub(super) fn can_be_met(self, conditions: &Conditions, place: usize) -> bool {
        self.met(conditions, place, &[Instant::ZERO; REPLICAS_MAX]) < Instant::FAR
    }

    /// When a coordinator at `place` has answers enough, given when each arrives.
    pub(super) fn met(
        self,
        conditions: &Conditions,
        place: usize,
        answers: &[Instant; REPLICAS_MAX],
    ) -> Instant {
        if self != Level::EachQuorum {
            return self.met_among(answers, |replica| self.counts(conditions, place, replica), conditions);
        }
        let at = conditions.replicas_at();
        let each = (0..conditions.places()).filter(|place| at.contains(place));
        let times = each.map(|one| self.met_among(answers, |replica| at[replica] == one, conditions));
        times.max().unwrap_or(Instant::FAR)
    }

    /// The answers that count of those that had come when the level was met.
    pub(super) fn used(
        self,
        conditions: &Conditions,
        place: usize,
        answers: &[Instant; REPLICAS_MAX],
        mut each: impl FnMut(usize),
    ) {
        let at = conditions.replicas_at();
        if self != Level::EachQuorum {
            return self.first(answers, |replica| self.counts(conditions, place, replica), conditions, each);
        }
        for one in (0..conditions.places()).filter(|place| at.contains(place)) {
            self.first(answers, |replica| at[replica] == one, conditions, &mut each);
        }
    }

    /// The first answers wanted among some replicas; of equally early ones those of lower number.
    fn first(
        self,
        answers: &[Instant; REPLICAS_MAX],
        among: impl Fn(usize) -> bool,
        conditions: &Conditions,
        mut each: impl FnMut(usize),
    ) {
        let (mut order, count) = gather(answers, among, conditions);
        let order = &mut order[..count];
        order.sort_unstable();
        for (at, replica) in order.iter().take(self.wants(count)) {
            if *at < Instant::FAR {
                each(usize::from(*replica));
            }
        }
    }

    fn met_among(
        self,
        answers: &[Instant; REPLICAS_MAX],
        among: impl Fn(usize) -> bool,
        conditions: &Conditions,
    ) -> Instant {
        let (mut order, count) = gather(answers, among, conditions);
        let wanted = self.wants(count);
        if wanted > count || wanted == 0 {
            return Instant::FAR;
        }
        order[..count].select_nth_unstable(wanted - 1).1.0
    }
}

/// The answers of some replicas, and how many these are.
fn gather(
    answers: &[Instant; REPLICAS_MAX],
    among: impl Fn(usize) -> bool,
    conditions: &Conditions,
) -> ([(Instant, u8); REPLICAS_MAX], usize) {
    let mut all = [(Instant::FAR, 0); REPLICAS_MAX];
    let mut count = 0;
    for replica in (0..conditions.replicas()).filter(|replica| among(*replica)) {
        all[count] = (answers[replica], replica as u8);
        count += 1;
    }
    (all, count)
}
