//! What happens to replicas beside operations: losses, rebuilding, comparing; and forgetting what nobody needs.

use super::key::Key;
use super::letters::plus;
use super::run::{Run, Tally, VERSIONS_KEPT};
use super::session::Open;
use super::store::Store;
use crate::operations::KeyId;
use crate::operations::client::Intent;
use crate::operations::quorum::REPLICAS_MAX;
use sim::{Instant, Span};

impl Run<'_> {
    /// Replicas have gone down or lost something.
    pub(super) fn blow(&mut self, now: Instant) {
        self.blows -= 1;
        let conditions = &self.store.conditions;
        for kept in self.keys.rows_mut() {
            kept.key.look_again();
            kept.key.settle(conditions, now - Span::NANOSECOND);
            kept.key.mark_gone(conditions, now);
            kept.key.mark_missed(conditions, now);
            kept.key.look_again();
        }
    }

    /// A replica that lost its disk is back, and takes over what others show.
    pub(super) fn rebuild(&mut self, replica: usize, now: Instant) {
        for kept in self.keys.rows_mut() {
            if let Some((_, newest)) =
                self.store.newer(&kept.key, &self.store.shown(&kept.key, now), replica, now)
            {
                kept.key.arrive(&self.store.conditions, newest, replica, now);
            }
        }
    }

    /// All replicas compare what they have, and whoever shows less than another in reach is sent that.
    pub(super) fn compare(&mut self, now: Instant) {
        let (store, stream) = (self.store, &mut self.anti_entropy);
        for kept in self.keys.rows_mut().iter_mut().filter(|kept| !kept.key.versions.is_empty()) {
            let shown = store.shown(&kept.key, now);
            for replica in (0..store.conditions.replicas()).filter(|r| store.conditions.is_up(*r, now)) {
                let Some((from, newest)) = store.newer(&kept.key, &shown, replica, now) else { continue };
                let place = store.conditions.replicas_at()[from];
                let takes = plus(store.distance(place, replica), store.write_leg(place, replica, stream));
                if let Some(arrives) = store.conditions.carry_to((place, replica), now, takes) {
                    kept.key.arrive(&store.conditions, newest, replica, arrives);
                }
            }
        }
    }

    /// Forgets what no operation needs of a key that has grown.
    pub(super) fn tidy(&mut self, id: KeyId, now: Instant) {
        let kept = &mut self.keys[id];
        if kept.key.below_floor() <= kept.limit {
            return;
        }
        let open =
            self.clients.rows().iter().filter(|busy| {
                !matches!(busy.open, Open::Nothing) || matches!(busy.intent, Intent::Replace(_))
            });
        // What was sent at an instant may have looked before what was written at the same one.
        let since = open.map(|busy| busy.since).min().unwrap_or(now) - Span::NANOSECOND;
        let counts = &mut self.tally.counts;
        kept.key.forget(&self.store.conditions, since, |version| counts.close(version));
        let left = kept.key.below_floor();
        kept.limit = left + VERSIONS_KEPT.max(left / 2);
    }

    /// Counts what is lost at the end.
    pub(super) fn close(mut self, end: Instant) -> Tally {
        let conditions = &self.store.conditions;
        for kept in self.keys.rows_mut() {
            kept.key.look_again();
            kept.key.settle(conditions, end);
            kept.key.mark_gone(conditions, end);
            kept.key.versions.iter().for_each(|version| self.tally.counts.close(version));
            self.tally.diverged += u64::from(kept.key.diverges(conditions));
        }
        if self.comers.is_some() {
            (self.tally.read_latency, self.tally.write_latency) = self.tally.took.all();
        }
        self.tally
    }
}

impl Store {
    /// The place among a key's versions of what each replica shows that is up.
    fn shown(&self, key: &Key, now: Instant) -> [Option<usize>; REPLICAS_MAX] {
        let conditions = &self.conditions;
        std::array::from_fn(|replica| {
            let up = replica < conditions.replicas() && conditions.is_up(replica, now);
            if up { key.shown(conditions, replica, now) } else { None }
        })
    }

    /// The newest version after what a replica shows that any other shows in its reach, and the nearest of those.
    fn newer(
        &self,
        key: &Key,
        shown: &[Option<usize>; REPLICAS_MAX],
        replica: usize,
        now: Instant,
    ) -> Option<(usize, usize)> {
        let at = self.conditions.replicas_at();
        let in_reach = (0..at.len()).filter(|other| self.conditions.reach(at[*other], at[replica], now));
        let newest = in_reach.clone().filter_map(|other| shown[other]).max()?;
        if key.shown(&self.conditions, replica, now) >= Some(newest) {
            return None;
        }
        let with = in_reach.filter(|other| shown[*other] == Some(newest));
        with.min_by_key(|other| self.distances[at[*other]][at[replica]]).map(|from| (from, newest))
    }
}
