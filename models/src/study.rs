//! Studies: questions asked of a design, answered with outcomes.

mod consistency;
mod data;
mod drill;
mod hazards;
mod history;
mod interval;
mod judge;
mod measure;
mod run;
mod story;

pub(crate) use consistency::Arriving;
pub use consistency::{ClientSlice, clients_over_time};
pub use drill::drill;
pub use history::{Asked, HistoryFault, Played, history};
pub use run::run;
pub use story::story;

use crate::design::DesignFault;
use sim::runner::ThreadsRefused;

/// How to compute; none of it changes a result.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Options {
    /// Threads; none: one for each core.
    pub threads: Option<usize>,
}

/// How far a run is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
    /// Replications done.
    pub done: u64,
    /// Replications at most.
    pub of: u64,
}

/// Why a study could not be carried out.
#[derive(Debug)]
pub enum StudyFault {
    /// The specification contradicts itself.
    Design(DesignFault),
    /// The machine gives no threads.
    Threads(ThreadsRefused),
    /// So many operations would have to be simulated one by one.
    TooManyOperations(f64),
    /// So many sampled operations are asked for.
    ManySamples(f64),
    /// To look at some sessions, so many operations of others on their keys would have to be simulated.
    CrowdedKeys(f64),
    /// Nothing of this name or kind can be lost.
    NothingToLose(String),
}

impl std::fmt::Display for StudyFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            StudyFault::Design(fault) => fault.fmt(f),
            StudyFault::Threads(fault) => fault.fmt(f),
            StudyFault::TooManyOperations(due) => write!(
                f,
                "`fidelity: request` would simulate {:.0} million operations one by one, more than 50 million: shorten \
                 `horizon`, lower `replications`, or leave `fidelity` out",
                due / 1e6
            ),
            StudyFault::ManySamples(due) => write!(
                f,
                "{:.0} million operations are to be looked at, more than 20000 million: lower `operations` or \
                 `replications`",
                due / 1e6
            ),
            StudyFault::CrowdedKeys(due) => write!(
                f,
                "so many sessions meet on the keys of a store that {:.0} million operations would be simulated to look at a \
                 few, more than 50 million: give it more `keys` or a flatter `popularity`, less `think`, `patience` or \
                 `lag`, or lower `replications`",
                due / 1e6
            ),
            StudyFault::NothingToLose(name) => {
                write!(f, "no failure domain is called `{name}` or is of that kind")
            }
        }
    }
}

impl std::error::Error for StudyFault {}

impl From<DesignFault> for StudyFault {
    fn from(fault: DesignFault) -> Self {
        StudyFault::Design(fault)
    }
}
