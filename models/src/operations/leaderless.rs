//! Stores that many may write, with failures: without a leader (Dynamo, Cassandra, ScyllaDB), or with a primary at every
//! place (each accepts and acknowledges on its own and sends to the others), which is the same with one replica at each
//! place, the level [`Level::LocalOne`] and hints that are kept for as long as it takes.
//!
//! A client sends an operation to a coordinator, which stamps a write with its place's clock and sends it to all replicas, or
//! asks as many replicas for a read as its level wants. Versions are ordered by stamp, then by writer: the last writer wins.
//! A version carries what had been seen of the other writes of its key when it was accepted: all that its coordinator had
//! coordinated itself, all that replicas at its place had got, all that its session had read or written, and what those had
//! seen. So it is known exactly which writes were concurrent.
//!
//! Conditions are given beforehand ([`Conditions`]): an operation's messages are resolved when it is sent, its versions become
//! visible from then on, and a read is judged when it is answered.
//!
//! Assumptions: one coordinator at each place that has replicas; hints and what a coordinator knows survive its crash, and
//! are lost when its place is destroyed; a message goes missing if its way is cut when it leaves or arrives or its receiver
//! is down then, and is not sent again but as a hint; a replica that is up writes at once.

mod coming;
mod conditions;
mod counts;
mod judge;
mod key;
mod letters;
mod level;
mod opinions;
mod run;
mod send;
mod serve;
mod session;
mod store;
mod upkeep;

pub use conditions::{CHAINS_MAX, Conditions, Flaw, Loss, Troubles};
pub use counts::Counts;
pub use level::Level;
pub use opinions::conviction_after_phi;
pub use run::{Run, Tally};
pub use session::{Session, Turns};
pub use store::{Asks, Clock, Hints, Misfit, ReadRepair, Return, Store};
