//! The engine under Seawall: simulated time, the event calendar, keyed random streams, laws, statistics and the
//! replication runner. It does not know what a site is.
//!
//! Everything here is pure: no clock, no environment, no I/O; the same inputs give the same bits on every machine.

pub mod calendar;
pub mod hash;
mod ids;
pub mod integral;
pub mod law;
pub mod runner;
pub mod special;
pub mod stats;
pub mod stream;
pub mod time;

pub use calendar::{Calendar, Key, Ticket};
pub use ids::{Id, Table};
pub use law::Law;
pub use stream::{Replication, Seed, Stream, StreamName};
pub use time::{Instant, Span};
