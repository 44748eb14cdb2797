//! What replicas weigh when they agree.

use super::primary::{Commit, Store};
use super::quorum::REPLICAS_MAX;
use sim::Instant;

/// The votes of replicas, and how many of them make a quorum. Two quorums have a voter in common.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Votes {
    /// Of each replica; none holds data and decides nothing.
    of: [u32; REPLICAS_MAX],
    quorum: u32,
}

impl Votes {
    /// The votes of replicas, no more than [`REPLICAS_MAX`], and how many of them make a quorum: more than half of all,
    /// and no more than there are. Nothing where that is not so.
    pub fn new(votes: &[u32], quorum: u32) -> Option<Self> {
        let mut of = [0; REPLICAS_MAX];
        of.get_mut(..votes.len())?.copy_from_slice(votes);
        let all: u32 = votes.iter().sum();
        (quorum > all / 2 && quorum <= all).then_some(Votes { of, quorum })
    }

    /// One for each of so many replicas, from 1 to [`REPLICAS_MAX`], and a bare majority.
    pub fn alike(replicas: usize) -> Self {
        let mut of = [0; REPLICAS_MAX];
        of[..replicas].fill(1);
        Votes { of, quorum: replicas as u32 / 2 + 1 }
    }

    /// Those of a replica.
    pub fn of(&self, replica: usize) -> u32 {
        self.of[replica]
    }

    /// How many make a quorum.
    pub fn quorum(&self) -> u32 {
        self.quorum
    }

    /// Do these replicas, named any number of times, have a quorum?
    pub fn are_met_by(&self, replicas: &[usize]) -> bool {
        let named = (0..REPLICAS_MAX).filter(|replica| replicas.contains(replica));
        named.map(|replica| self.of[replica]).sum::<u32>() >= self.quorum
    }
}

/// When answers with weights have come to weigh so much; nothing if nothing is needed, [`Instant::FAR`] if they never do.
/// There are no more of them than [`REPLICAS_MAX`].
pub(super) fn gathered(answers: impl Iterator<Item = (Instant, u32)>, needed: u32) -> Option<Instant> {
    if needed == 0 {
        return None;
    }
    let mut all = [(Instant::FAR, 0); REPLICAS_MAX];
    for (place, answer) in answers.enumerate() {
        all[place] = answer;
    }
    all.sort_unstable();
    let mut weight = 0;
    let enough = all.iter().find(|(_, more)| {
        weight += more;
        weight >= needed
    });
    Some(enough.map_or(Instant::FAR, |(at, _)| *at))
}

impl Store {
    /// When the primary of an epoch knows that a quorum still followed it after `now`.
    pub(super) fn confirmed(&self, epoch: usize, now: Instant) -> Option<Instant> {
        let reign = &self.reigns.reigns()[epoch];
        let votes = match self.commit {
            Commit::Consensus(votes) => votes,
            Commit::Asynchronous | Commit::SemiSynchronous { .. } => Votes::alike(self.reigns.replicas()),
        };
        let answers =
            (0..self.reigns.replicas()).filter(|replica| *replica != reign.primary).map(|replica| {
                let takes = self.distances[reign.primary][replica];
                let asked = self.reigns.carry((reign.primary, replica), now, takes);
                let follows = |at: &Instant| {
                    let follows =
                        self.reigns.takes_from(epoch, replica)..self.reigns.refuses_from(epoch, replica);
                    follows.contains(at) && self.reigns.serves(replica, *at)
                };
                let back = asked.filter(follows).and_then(|at| {
                    self.reigns.carry((replica, reign.primary), at, self.distances[replica][reign.primary])
                });
                (back.unwrap_or(Instant::FAR), votes.of(replica))
            });
        let needed = votes.quorum().saturating_sub(votes.of(reign.primary));
        let at = gathered(answers, needed).unwrap_or(now);
        (at < reign.stops).then_some(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_quorums_always_have_a_voter_in_common() {
        assert_eq!(Votes::new(&[1, 1, 1, 1], 2), None);
        assert_eq!(Votes::new(&[2, 2, 1], 6), None);
        assert_eq!(Votes::new(&[1; 17], 9), None);
        assert_eq!(Votes::new(&[1; 3], 2), Some(Votes::alike(3)));
        let votes = Votes::new(&[2, 2, 1, 0], 3).expect("more than half");
        let sets = |mask: u32| (0..4).filter(|r| mask >> r & 1 == 1).collect::<Vec<usize>>();
        for (one, other) in (0..16).flat_map(|one| (0..16).map(move |other| (one, other))) {
            if votes.are_met_by(&sets(one)) && votes.are_met_by(&sets(other)) {
                assert!(sets(one & other).into_iter().any(|replica| votes.of(replica) > 0));
            }
        }
        assert!(!votes.are_met_by(&[0, 0, 3]) && votes.are_met_by(&[0, 2]));
    }

    #[test]
    fn answers_are_waited_for_by_their_weight() {
        let at = Instant::from_nanos;
        let answers = [(at(5), 2), (at(3), 1), (at(1), 0), (Instant::FAR, 4)];
        let when = |needed| gathered(answers.into_iter(), needed);
        assert_eq!(when(0), None);
        assert_eq!([when(1), when(2), when(3)], [Some(at(3)), Some(at(5)), Some(at(5))]);
        assert_eq!(when(4), Some(Instant::FAR));
    }
}
