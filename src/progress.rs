//! A progress bar, only where someone can see it.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;

/// Where progress would be shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Audience {
    /// Is standard error a terminal?
    pub(crate) terminal: bool,
    /// Does it run in a pipeline (`CI` is set)?
    pub(crate) pipeline: bool,
    /// Was quiet asked for?
    pub(crate) quiet: bool,
}

impl Audience {
    /// The one of this process.
    pub(crate) fn here(quiet: bool) -> Self {
        Audience {
            terminal: std::io::stderr().is_terminal(),
            pipeline: std::env::var_os("CI").is_some(),
            quiet,
        }
    }

    /// Is anybody watching?
    pub(crate) const fn watches(self) -> bool {
        self.terminal && !self.pipeline && !self.quiet
    }
}

/// A bar for `total` steps, which draws nothing where nobody watches.
pub(crate) fn bar(audience: Audience, total: u64) -> ProgressBar {
    if !audience.watches() {
        return ProgressBar::hidden();
    }
    let style =
        ProgressStyle::with_template("{bar:30} {pos}/{len} replications").expect("the template is valid");
    ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(10)).with_style(style)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_shown_only_to_a_person_at_a_terminal() {
        let watched = |terminal, pipeline, quiet| Audience { terminal, pipeline, quiet }.watches();
        assert!(watched(true, false, false));
        assert!(
            ![watched(false, false, false), watched(true, true, false), watched(true, false, true)]
                .contains(&true)
        );
    }
}
