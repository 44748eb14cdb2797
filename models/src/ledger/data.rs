//! What was seen of each store.

use super::{Ledger, Split};
use crate::blame::SourceId;
use crate::specification::StoreId;
use crate::store::Loss;
use sim::stats::{LogHistogram, Moments};
use sim::{Instant, Span};
use std::collections::BTreeMap;

/// What many replications showed of one store.
#[derive(Clone, Debug, Default)]
pub(crate) struct StoreTally {
    /// Time without a writer, in nanoseconds.
    pub(crate) unwritten: Split,
    /// Hand-overs to another writer.
    pub(crate) hand_overs: Split,
    /// Acknowledged writes lost.
    pub(crate) lost: Split,
    /// Time with two writers, in nanoseconds.
    pub(crate) doubled: Split,
    /// Time in which a former writer was made a replica again, in nanoseconds.
    pub(crate) rebuilt: Split,
    /// Duties that nobody was heard doing, and those that more than one was.
    pub(crate) missed_duties: Split,
    pub(crate) double_signs: Split,
    /// Stretches without a writer that luck had a part in, replication by replication.
    pub(crate) episodes: Moments,
    /// Stretches in which nobody, or more than one, was heard doing duties; likewise.
    pub(crate) duty_episodes: Moments,
    /// What it took to get over the loss of a writer, by the root of that.
    pub(crate) laws: BTreeMap<SourceId, Laws>,
    here: Here,
}

/// What it took to get over the loss of a writer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Laws {
    /// Nanoseconds from the loss of a writer until another one writes.
    pub(crate) recovery: LogHistogram,
    /// Writes lost by each hand-over, with what the former writer accepted that went on.
    pub(crate) lost_by_each: LogHistogram,
    /// Nanoseconds over which they had been written.
    pub(crate) lost_span: LogHistogram,
}

impl Laws {
    pub(crate) fn merge(&mut self, more: &Laws) {
        self.recovery.merge(&more.recovery);
        self.lost_by_each.merge(&more.lost_by_each);
        self.lost_span.merge(&more.lost_span);
    }
}

/// The present replication.
#[derive(Clone, Copy, Debug, Default)]
struct Here {
    unwritten: i64,
    hand_overs: i64,
    lost: i64,
    doubled: i64,
    rebuilt: i64,
    missed_duties: i64,
    double_signs: i64,
    episodes: i64,
    duty_episodes: i64,
    /// What the latest hand-over has lost so far.
    latest: Option<Latest>,
}

/// A hand-over, and what former writers accepted that went on beside it.
#[derive(Clone, Copy, Debug)]
struct Latest {
    root: SourceId,
    /// Has a writer changed, or has a former one stopped only?
    handed_over: bool,
    writes: u64,
    wrote_for: Span,
}

impl StoreTally {
    pub(super) fn finish(&mut self) {
        self.close_latest();
        let here = std::mem::take(&mut self.here);
        self.unwritten.finish(here.unwritten);
        self.hand_overs.finish(here.hand_overs);
        self.lost.finish(here.lost);
        self.doubled.finish(here.doubled);
        self.rebuilt.finish(here.rebuilt);
        self.missed_duties.finish(here.missed_duties);
        self.double_signs.finish(here.double_signs);
        self.episodes.add(here.episodes);
        self.duty_episodes.add(here.duty_episodes);
    }

    pub(super) fn merge(&mut self, more: &StoreTally) {
        self.unwritten.merge(&more.unwritten);
        self.hand_overs.merge(&more.hand_overs);
        self.lost.merge(&more.lost);
        self.doubled.merge(&more.doubled);
        self.rebuilt.merge(&more.rebuilt);
        self.missed_duties.merge(&more.missed_duties);
        self.double_signs.merge(&more.double_signs);
        self.episodes.merge(&more.episodes);
        self.duty_episodes.merge(&more.duty_episodes);
        for (root, laws) in &more.laws {
            self.laws.entry(*root).or_default().merge(laws);
        }
    }

    fn lose(&mut self, loss: &Loss, root: SourceId, random: bool) {
        let writes = i64::try_from(loss.writes).unwrap_or(i64::MAX);
        self.lost.weigh(writes, random);
        self.here.lost = self.here.lost.saturating_add(writes);
        let begins = Latest { root, handed_over: false, writes: 0, wrote_for: Span::ZERO };
        let latest = self.here.latest.get_or_insert(begins);
        latest.writes = latest.writes.saturating_add(loss.writes);
        latest.wrote_for += loss.wrote_for;
    }

    /// Nothing more belongs to the latest hand-over.
    fn close_latest(&mut self) {
        if let Some(latest) = self.here.latest.take() {
            let laws = self.laws.entry(latest.root).or_default();
            laws.lost_by_each.add(latest.writes);
            laws.lost_span.add(latest.wrote_for.nanos().unsigned_abs());
        }
    }
}

impl Ledger<'_> {
    /// A store has another writer, for what began with a root. What happened before the run does not count.
    pub(crate) fn handed_over(&mut self, store: StoreId, loss: Loss, root: SourceId, now: Instant) {
        if now < Instant::ZERO || loss.from == loss.to {
            return;
        }
        let random = self.company.is_random();
        let tally = &mut self.tally.stores[store];
        tally.hand_overs.weigh(1, random);
        tally.here.hand_overs += 1;
        if tally.here.latest.is_some_and(|latest| latest.handed_over) {
            tally.close_latest();
        }
        tally.lose(&loss, root, random);
        if let Some(latest) = &mut tally.here.latest {
            latest.handed_over = true;
        }
    }

    /// The home of a store is its writer again, and nothing was lost by it.
    pub(crate) fn returned(&mut self, store: StoreId, now: Instant) {
        if now >= Instant::ZERO {
            let random = self.company.is_random();
            let tally = &mut self.tally.stores[store];
            tally.hand_overs.weigh(1, random);
            tally.here.hand_overs += 1;
        }
    }

    /// Another writer writes, the one before it having been lost at `since` for what began with a root.
    pub(crate) fn recovered(&mut self, store: StoreId, (since, root): (Instant, SourceId), now: Instant) {
        if now >= Instant::ZERO {
            let laws = self.tally.stores[store].laws.entry(root).or_default();
            laws.recovery.add((now - since).nanos().unsigned_abs());
        }
    }

    /// A former writer that had gone on has stopped, or the run is over.
    pub(crate) fn reconciled(&mut self, store: StoreId, loss: Loss, root: SourceId, now: Instant) {
        if now >= Instant::ZERO {
            let random = self.company.is_random();
            self.tally.stores[store].lose(&loss, root, random);
        }
    }

    /// A store had no writer for so long.
    pub(crate) fn unwritten(&mut self, store: StoreId, length: Span) {
        let random = self.company.is_random();
        let tally = &mut self.tally.stores[store];
        tally.unwritten.weigh(length.nanos(), random);
        tally.here.unwritten += length.nanos();
        tally.here.episodes += i64::from(random && !length.is_zero());
    }

    /// A store had two writers for so long.
    pub(crate) fn two_writers(&mut self, store: StoreId, length: Span) {
        let random = self.company.is_random();
        let tally = &mut self.tally.stores[store];
        tally.doubled.weigh(length.nanos(), random);
        tally.here.doubled += length.nanos();
    }

    /// A former writer of a store was made a replica again for so long.
    pub(crate) fn rebuilt(&mut self, store: StoreId, length: Span) {
        let random = self.company.is_random();
        let tally = &mut self.tally.stores[store];
        tally.rebuilt.weigh(length.nanos(), random);
        tally.here.rebuilt += length.nanos();
    }

    /// Nobody was heard doing so many duties of a store, in one stretch.
    pub(crate) fn missed_duties(&mut self, store: StoreId, count: i64) {
        let random = self.company.is_random();
        let tally = &mut self.tally.stores[store];
        tally.missed_duties.weigh(count, random);
        tally.here.missed_duties += count;
        tally.here.duty_episodes += i64::from(random && count > 0);
    }

    /// More than one was heard doing so many.
    pub(crate) fn double_signs(&mut self, store: StoreId, count: i64) {
        let random = self.company.is_random();
        let tally = &mut self.tally.stores[store];
        tally.double_signs.weigh(count, random);
        tally.here.double_signs += count;
        tally.here.duty_episodes += i64::from(random && count > 0);
    }
}
