//! When a primary knows that enough replicas have received an entry.

use super::super::quorum::REPLICAS_MAX;
use super::super::votes::gathered;
use super::{Commit, Store};
use crate::specification::Acknowledgers;
use sim::Instant;

impl Store {
    /// When the primary knows that an entry is where it has to be, if it lives that long.
    pub(super) fn known(&self, reached: &[Instant; REPLICAS_MAX], epoch: usize, now: Instant) -> Instant {
        let reign = &self.reigns.reigns()[epoch];
        let needed = match self.commit {
            Commit::Asynchronous => 0,
            Commit::SemiSynchronous { replicas, .. } => replicas as u32,
            Commit::Consensus(votes) => votes.quorum().saturating_sub(votes.of(reign.primary)),
        };
        let weighs = |replica: usize| match self.commit {
            Commit::Consensus(votes) => votes.of(replica),
            Commit::Asynchronous | Commit::SemiSynchronous { .. } => 1,
        };
        let answered = |replica: usize| {
            let received = reached[replica];
            if received == Instant::FAR {
                return Instant::FAR;
            }
            let counts = self.reigns.counts_from(replica, received);
            let takes = self.distances[replica][reign.primary];
            let known = self.reigns.deliver((replica, reign.primary), counts, takes, Instant::FAR);
            known.unwrap_or(Instant::FAR)
        };
        let others = (0..self.reigns.replicas()).filter(|replica| self.counts(*replica, reign.primary));
        if let Commit::SemiSynchronous { which: Acknowledgers::First, .. } = self.commit {
            let answers: Vec<(usize, Instant)> = others.map(|replica| (replica, answered(replica))).collect();
            return self.known_to_first(needed as usize, &answers, epoch, now);
        }
        let answer = |replica: usize| (answered(replica), weighs(replica));
        let is_behind = |replica: &usize| self.reigns.is_behind(*replica, now);
        if matches!(self.commit, Commit::SemiSynchronous { .. }) && others.clone().any(|who| is_behind(&who))
        {
            // Who has not caught up counts only where too few have.
            let whole = others.clone().filter(|replica| !is_behind(replica)).map(answer);
            let known = gathered(whole, needed).map_or(now, |at| at.max(now));
            if self.reigns.changes_after(now).all(|change| known < change) && known < Instant::FAR {
                return known;
            }
        }
        gathered(others.map(answer), needed).map_or(now, |at| at.max(now))
    }

    /// When the first so many that follow just then have answered, given when each does, in their order.
    fn known_to_first(
        &self,
        needed: usize,
        answers: &[(usize, Instant)],
        epoch: usize,
        now: Instant,
    ) -> Instant {
        let primary = self.reigns.reigns()[epoch].primary;
        let follows = |replica: usize, at: Instant| {
            self.reigns.serves(replica, at) && self.reigns.reach(primary, replica, at)
        };
        let enough = |at: &Instant| {
            let follow = answers.iter().filter(|(replica, _)| follows(*replica, *at));
            let is_behind = |(replica, _): &&(usize, Instant)| self.reigns.is_behind(*replica, *at);
            // Who has not caught up counts only where too few have.
            let (behind, whole): (Vec<_>, Vec<_>) = follow.partition(is_behind);
            let first = whole.into_iter().chain(behind).take(needed);
            let have = first.take_while(|(_, answered)| answered <= at).count();
            have == needed
        };
        let answered = answers.iter().map(|(_, answered)| (*answered).max(now));
        let mut all: Vec<Instant> = answered.chain(self.reigns.changes_after(now)).collect();
        all.push(now);
        all.sort_unstable();
        all.into_iter().filter(|at| *at < Instant::FAR).find(enough).unwrap_or(Instant::FAR)
    }

    /// When an entry that replicas are known to have at `known` is acknowledged if the primary falls back, and from when
    /// until when it goes on alone.
    pub(super) fn falls_back(
        &self,
        (mut from, mut until): (Instant, Instant),
        known: Instant,
        now: Instant,
    ) -> (Instant, (Instant, Instant)) {
        let Commit::SemiSynchronous { falls_back: Some(patience), .. } = self.commit else {
            return (known, (from, until));
        };
        if until <= now {
            (from, until) = (Instant::FAR, now);
        }
        if now + patience < known {
            from = from.min(now + patience);
        }
        if from < Instant::FAR {
            until = until.max(known);
        }
        (known.min(from.max(now)), (from, until))
    }
}
