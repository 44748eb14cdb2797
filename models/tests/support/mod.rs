//! What the tests of the whole engine share: scenarios made by hand or from a tape of bytes, and a naive referee.
#![allow(dead_code, reason = "each test uses its own part")]

pub(crate) mod make;
pub(crate) mod referee;
pub(crate) mod truth;

use models::outcome::Outcome;
use models::specification::Specification;
use models::study::{self, Options};

/// Runs a specification on one thread.
pub(crate) fn run(specification: &Specification) -> Outcome {
    run_on(specification, 1)
}

/// Runs a specification on so many threads.
pub(crate) fn run_on(specification: &Specification, threads: usize) -> Outcome {
    study::run(specification, &Options { threads: Some(threads) }, &|_| {}).expect("a valid specification")
}

/// Requests lost by everybody.
pub(crate) fn lost(specification: &Specification) -> f64 {
    run(specification).scopes[0].lost.requests()
}
