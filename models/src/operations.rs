//! The operation engine: single reads and writes of single keys, message by message, and what an omniscient observer
//! has to say about them.
//!
//! An operation is resolved when it is sent: the instants at which its messages arrive are drawn, and a write's versions
//! become visible at each replica from then on. A read is judged when it is answered. By then every write that could
//! have reached a replica before it has been sent, since operations are sent in the order of time; so one event for an
//! operation is enough, and exact.
//!
//! There are two engines: replicas by quorum ([`Operations`]), where nobody fails yet, and stores with one writer at a time
//! ([`PrimaryRun`]), which go through [`Reigns`] made elsewhere.
//!
//! Assumptions of the first:
//! - Nobody fails: replicas answer every message, and messages are not lost.
//! - Times are those of one clock, but for the stamp of a write, which is its coordinator's.
//! - A client has one operation under way at a time.

mod catching;
pub mod client;
pub mod crowd;
mod durations;
mod floors;
pub mod history;
pub mod key;
pub mod leaderless;
mod log;
pub mod oracle;
pub mod popularity;
pub mod primary;
pub mod quorum;
mod register;
pub mod reigns;
pub mod route;
pub mod run;
mod sent;
mod serve;
mod session;
mod unordered;
pub mod votes;
mod ways;
mod work;

pub(crate) use catching::{CatchingUp, Lack, Toil};
pub use client::{Client, Conduct, Plan};
pub use crowd::{Arrival, Crowd, Leading, Took, Whereabouts};
pub use history::{Action, History, Line, Phase};
pub use key::{Apply, Key, Number, Order, Version};
pub use log::Position;
pub use oracle::{Counts, Floors, Verdict};
pub use popularity::{Interest, Popularity};
pub(crate) use primary::Lags;
pub use primary::{Commit, ReadFrom, Session, Shipping, Shows, Store};
pub use quorum::{Asked, Legs, Quorum, REPLICAS_MAX};
pub use register::PrimaryCounts;
pub use reigns::{Cut, Flaw, Heritage, Reign, Reigns, Stretch};
pub use route::{Guide, Heeds, Route, Tale, Told};
pub use run::{Operations, Tally};
pub use serve::{PrimaryRun, PrimaryTally};
pub use votes::Votes;

sim::id! {
    /// A key of a store.
    KeyId,
    /// A client of the operation engine: a session.
    ClientId,
}
