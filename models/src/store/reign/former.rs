//! What becomes of a writer that was given up, until it is a replica as any other.

use crate::specification::Primary;
use sim::{Instant, Span, Stream};

/// What a writer that was given up is at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Former {
    /// It waits for replicas that it does not reach, and then goes on without them.
    Waits { until: Instant },
    /// It goes on, and has not heard of a new writer.
    GoesOn,
    /// It has, and goes on until somebody stops it.
    Noticed { stops: Instant },
    /// It writes no more, and has not heard of a new writer.
    Stopped,
    /// It is made a replica again.
    Rejoining { ready: Instant },
}

impl Former {
    pub(super) fn writes(self) -> bool {
        matches!(self, Former::GoesOn | Former::Noticed { .. })
    }

    /// When something happens to it by itself.
    pub(super) fn next(self) -> Option<Instant> {
        match self {
            Former::Waits { until: at } | Former::Noticed { stops: at } | Former::Rejoining { ready: at } => {
                Some(at)
            }
            Former::GoesOn | Former::Stopped => None,
        }
    }

    /// What it is at after this, if not the same; nothing inside once it is a replica as any other.
    pub(super) fn step(
        self,
        now: Instant,
        plan: &Primary,
        (lives, hears): (bool, bool),
        stream: &mut Stream,
    ) -> Option<Option<Former>> {
        match self {
            Former::GoesOn | Former::Noticed { .. } if !lives => Some(Some(Former::Stopped)),
            Former::Waits { .. } if !lives || hears => Some(Some(Former::Stopped)),
            Former::Waits { until } if until <= now => Some(Some(Former::GoesOn)),
            Former::GoesOn if hears => {
                Some(Some(Former::Noticed { stops: now.saturating_add(noticed(plan, stream)) }))
            }
            Former::Noticed { stops } if stops <= now => Some(Some(Former::Stopped)),
            Former::Stopped if hears => {
                Some(Some(Former::Rejoining { ready: now.saturating_add(plan.rejoin.sample(stream)) }))
            }
            Former::Rejoining { ready } if ready <= now => Some(None),
            _ => None,
        }
    }
}

/// How long a former writer that is back in reach of the new one goes on.
fn noticed(plan: &Primary, stream: &mut Stream) -> Span {
    plan.noticed.as_ref().map_or(Span::ZERO, |law| law.sample(stream))
}
