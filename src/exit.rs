//! Exit codes.

use std::process::ExitCode;

/// What the exit code says. A bug is 101, by Rust's own panic.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Exit {
    /// Done; for `check`: every expectation holds.
    Done = 0,
    /// `check` only: an expectation fails.
    Fails = 1,
    /// The input, the usage or the output path is wrong.
    Wrong = 2,
    /// `check` only: no expectation fails, but one is undecided.
    Undecided = 3,
}

/// The codes, for `--help`.
pub(crate) const HELP: &str = "\
Exit codes:
  0    done; for `check`: every expectation holds
  1    `check` only: an expectation fails
  2    the input, the usage or the output path is wrong
  3    `check` only: no expectation fails, but one is undecided
  101  a bug in Seawall";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}
