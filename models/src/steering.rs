//! Steering: which sites an entry point answers to whom, given its opinions of their health.

mod answers;
mod router;

pub(crate) use answers::Answers;
pub(crate) use router::{Reply, Router};
