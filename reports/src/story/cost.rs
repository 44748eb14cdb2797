//! What a stretch of time cost, from the traffic at both ends of every stretch.

use models::timeline::{Frame, Story};
use sim::Instant;

/// Requests lost in each stretch.
pub(super) struct Costs(Vec<(Instant, Instant, f64)>);

/// The cost of every stretch of `story`.
pub(super) fn between(story: &Story) -> Costs {
    Costs(
        crate::frames::stretches(story).map(|(open, close)| (open.at, close.at, cost(open, close))).collect(),
    )
}

impl Costs {
    /// Requests lost in the stretches that begin in `[from, until)`.
    pub(super) fn after(&self, from: Instant, until: Instant) -> f64 {
        let first = self.0.partition_point(|(begin, _, _)| *begin < from);
        self.0[first..].iter().take_while(|(begin, _, _)| *begin < until).map(|(_, _, lost)| lost).sum()
    }
}

/// The trapezoid rule.
fn cost(open: &Frame, close: &Frame) -> f64 {
    let rate = |frame: &Frame| frame.populations.iter().flat_map(|population| population.lost).sum::<f64>();
    (rate(open) + rate(close)) / 2.0 * (close.at - open.at).seconds()
}
