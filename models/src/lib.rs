//! What is simulated: sites, failure domains, faults, the network, health checks, steering, caches, demand and load;
//! the world that composes them; outcomes. It does not know files or terminals.

pub mod blame;
pub mod cache;
mod curve;
pub mod design;
mod excess;
pub mod expect;
mod fault;
pub mod health;
pub mod network;
pub mod outcome;
mod poly;
mod site;
pub mod specification;
mod steering;
pub mod timeline;
mod topology;
pub mod volume;

pub use design::{Design, DesignFault};
