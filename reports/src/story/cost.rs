//! What the stretches between changes cost, as the ledger booked it.

use models::timeline::Story;
use models::volume::Volume;
use sim::Instant;

/// Requests lost in the stretches that begin in `[from, until)`.
pub(super) fn between(story: &Story, from: Instant, until: Instant) -> Volume {
    let first = story.costs.partition_point(|cost| cost.from < from);
    story.costs[first..].iter().take_while(|cost| cost.from < until).map(|cost| cost.lost).sum()
}

/// Requests lost in the whole story.
pub(super) fn whole(story: &Story) -> Volume {
    story.costs.iter().map(|cost| cost.lost).sum()
}

/// Requests lost while everything together was down.
pub(super) fn while_down(story: &Story) -> Volume {
    story.costs.iter().filter(|cost| cost.down).map(|cost| cost.lost).sum()
}
