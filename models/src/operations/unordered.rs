//! Replicas that take each entry by itself: caches and indexes that are fed by events, or appliers that do not keep the order
//! of commits.
//!
//! Nobody waits for what was written before. An entry that could not be sent is sent when the way opens, also by a primary that
//! has been down meanwhile: its log tells which are due. There is one primary, since the length of a log says nothing of a
//! replica with gaps, so that nobody could say what a hand-over leaves.

use super::key::Apply;
use super::primary::{Commit, Luck, Store};
use super::quorum::REPLICAS_MAX;
use super::reigns::Heritage;
use sim::{Instant, Span};

impl Store {
    /// Can what becomes of its entries be told? If replicas take them singly, only with one primary for good.
    pub(super) fn is_sound(&self) -> bool {
        let reigns = self.reigns.reigns();
        let goes_on = reigns
            .windows(2)
            .all(|pair| pair[0].primary == pair[1].primary && pair[1].heritage == Heritage::Everything);
        self.applies == Apply::LogOrder || (goes_on && !matches!(self.commit, Commit::Consensus(_)))
    }

    /// When each replica receives an entry, whatever it has received before.
    pub(super) fn reached_singly(
        &self,
        epoch: usize,
        now: Instant,
        luck: &mut Luck<'_>,
    ) -> [Instant; REPLICAS_MAX] {
        let primary = self.reigns.reigns()[epoch].primary;
        let leaves = self.leaves(now);
        let mut reached = [Instant::FAR; REPLICAS_MAX];
        for (replica, at) in reached.iter_mut().enumerate().take(self.reigns.replicas()) {
            *at = if replica == primary {
                now
            } else {
                let takes = luck.takes(
                    replica,
                    self,
                    self.distances[primary][replica],
                    self.waits_for(epoch, replica, now),
                );
                self.arrives((epoch, replica), leaves, takes)
            };
        }
        reached
    }

    /// When a replica gets what leaves under an epoch, or as soon as the primary is back.
    fn arrives(&self, (epoch, replica): (usize, usize), leaves: Instant, takes: Span) -> Instant {
        let mut reigns = self.reigns.reigns()[epoch..].iter();
        let arrives = reigns.find_map(|reign| {
            let ways = (reign.primary, replica);
            self.reigns.deliver(ways, leaves.max(reign.active), takes, reign.stops)
        });
        arrives.unwrap_or(Instant::FAR)
    }

    /// From when on each replica may show an entry; what it does show, the versions there are decide.
    pub(super) fn shown_singly(
        &self,
        (reached, committed): (&[Instant; REPLICAS_MAX], Instant),
        epoch: usize,
        now: Instant,
        luck: &mut Luck<'_>,
    ) -> [Instant; REPLICAS_MAX] {
        let primary = self.reigns.reigns()[epoch].primary;
        let mut shown = [Instant::FAR; REPLICAS_MAX];
        for (replica, at) in shown.iter_mut().enumerate().take(self.reigns.replicas()) {
            *at = match replica == primary {
                true if self.shows_at_once() => now,
                // One that nobody had acknowledged stands in the log that it goes on with.
                true if committed == Instant::FAR => {
                    self.reigns.reigns().get(epoch + 1).map_or(Instant::FAR, |next| next.active)
                }
                true => committed,
                false => reached[replica].saturating_add(luck.applies(
                    replica,
                    self,
                    self.waits_for(epoch, replica, now),
                )),
            };
        }
        shown
    }
}
