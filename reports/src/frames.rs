//! Frames of a story, paired to stretches.

use models::timeline::{Frame, Story};

/// The frames at both ends of every stretch, in order.
pub(crate) fn stretches(story: &Story) -> impl Iterator<Item = (&Frame, &Frame)> {
    story.frames.windows(2).filter_map(|pair| match pair {
        [open, close] if !open.closing && close.closing => Some((open, close)),
        _ => None,
    })
}
