//! How much of the log each member lacks: a fluid. It grows with what is written while a member is cut off from the
//! writer, and drains at the apply rate once it is back.
//!
//! Exact while writes come slower than they are applied, since a member that has caught up then stays so.

use super::News;
use crate::specification::SiteId;
use sim::Instant;

/// What one member lacks beyond its usual lag.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backlog {
    /// Writes lacking at `since`.
    lacking: f64,
    /// The log's length then.
    written: f64,
    since: Instant,
    joined: bool,
}

/// How a member comes by the log.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Pace {
    /// It follows, behind by its usual lag.
    Follows,
    /// It is cut off from the writer, and gets nothing.
    Parted,
    /// It is back, and applies what it lacks.
    CatchesUp {
        /// Since when.
        since: Instant,
        /// How many of all writes so far it had applied then.
        had: f64,
    },
}

impl Pace {
    /// What there is to tell of a change, of the member at a site.
    pub(crate) fn news(before: Pace, now: Pace, at: SiteId) -> Option<News> {
        match (before, now) {
            (Pace::Follows | Pace::Parted, Pace::CatchesUp { .. }) => Some(News::CatchesUp { at }),
            (Pace::CatchesUp { .. }, Pace::Follows) => Some(News::CaughtUp { at }),
            _ => None,
        }
    }
}

impl Backlog {
    /// Nothing is lacking of an empty log.
    pub(crate) fn none(now: Instant) -> Self {
        Backlog::none_of(now, 0.0)
    }

    /// Nothing is lacking of a log that is `written` long.
    pub(crate) fn none_of(now: Instant, written: f64) -> Self {
        Backlog { lacking: 0.0, written, since: now, joined: true }
    }

    /// Writes lacking once the log is `written` long.
    pub(crate) fn lacking(&self, now: Instant, written: f64, apply_rate: Option<f64>) -> f64 {
        let grown = self.lacking + (written - self.written);
        match (self.joined, apply_rate) {
            (false, _) => grown,
            (true, None) => 0.0,
            (true, Some(rate)) => (grown - rate * (now - self.since).seconds()).max(0.0),
        }
    }

    /// It is in reach of the writer from now on, or not; `lag` is what it lacks as a rule.
    pub(crate) fn join(
        &mut self,
        joined: bool,
        now: Instant,
        written: f64,
        apply_rate: Option<f64>,
        lag: f64,
    ) {
        if joined == self.joined {
            return;
        }
        // What is on its way is lacking too, but is no more than the backlog where there is one.
        let lacking = self.lacking(now, written, apply_rate).max(if joined { 0.0 } else { lag });
        *self = Backlog { lacking, written, since: now, joined };
    }

    /// How it comes by a log that is `written` long.
    pub(crate) fn pace(&self, now: Instant, written: f64, apply_rate: Option<f64>) -> Pace {
        match self.joined {
            false => Pace::Parted,
            true if self.lacking > 0.0 && self.lacking(now, written, apply_rate) > 0.0 => {
                Pace::CatchesUp { since: self.since, had: self.written - self.lacking }
            }
            true => Pace::Follows,
        }
    }

    pub(crate) fn is_joined(&self) -> bool {
        self.joined
    }

    /// The log lost so many of its last writes.
    pub(crate) fn shorten(&mut self, lost: f64, now: Instant, written: f64, apply_rate: Option<f64>) {
        let lacking = (self.lacking(now, written, apply_rate) - lost).max(0.0);
        *self = Backlog { lacking, written, since: now, ..*self };
    }
}
