//! Who looks at a replication while it runs. Nobody, as a rule; then nothing is kept and nothing is computed for it.

use crate::timeline::{Change, Cost, Frame};
use sim::Instant;

/// Looks at a replication.
pub(crate) trait Observer {
    /// Does it look at all?
    const ON: bool;
    /// A change happened.
    fn change(&mut self, change: Change);
    /// Does it want the traffic of this stretch?
    fn wants(&self, from: Instant, until: Instant) -> bool;
    /// The traffic at one end of a stretch.
    fn frame(&mut self, frame: Frame);
    /// Where to put what the pieces of this stretch cost, if it wants to know.
    fn costs(&mut self, from: Instant, until: Instant) -> Option<&mut Vec<Cost>>;
}

/// Nobody looks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Nobody;

impl Observer for Nobody {
    const ON: bool = false;
    fn change(&mut self, _: Change) {}
    fn wants(&self, _: Instant, _: Instant) -> bool {
        false
    }
    fn frame(&mut self, _: Frame) {}
    fn costs(&mut self, _: Instant, _: Instant) -> Option<&mut Vec<Cost>> {
        None
    }
}

/// Keeps everything between two instants.
#[derive(Clone, Debug)]
pub(crate) struct Recorder {
    pub(crate) from: Instant,
    pub(crate) until: Instant,
    pub(crate) changes: Vec<Change>,
    pub(crate) frames: Vec<Frame>,
    pub(crate) costs: Vec<Cost>,
}

impl Recorder {
    pub(crate) fn new(from: Instant, until: Instant) -> Self {
        Recorder { from, until, changes: Vec::new(), frames: Vec::new(), costs: Vec::new() }
    }
}

impl Observer for Recorder {
    const ON: bool = true;

    // Changes before the window are kept too, since they may be causes; those after it are not.
    fn change(&mut self, change: Change) {
        if change.at <= self.until {
            self.changes.push(change);
        }
    }

    fn wants(&self, from: Instant, until: Instant) -> bool {
        from < self.until && until > self.from
    }

    fn frame(&mut self, frame: Frame) {
        self.frames.push(frame);
    }

    fn costs(&mut self, from: Instant, until: Instant) -> Option<&mut Vec<Cost>> {
        self.wants(from, until).then_some(&mut self.costs)
    }
}
