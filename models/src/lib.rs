//! What is simulated: sites, failure domains, faults, the network, health checks, steering, caches, demand and load;
//! the world that composes them; outcomes. It does not know files or terminals.

pub mod blame;
pub mod cache;
mod cohort;
mod curve;
pub mod design;
mod event;
mod excess;
pub mod expect;
mod fault;
pub mod health;
mod ledger;
mod luck;
pub mod network;
mod observer;
pub mod operations;
pub mod outcome;
mod site;
pub mod specification;
mod steering;
mod store;
pub mod study;
pub mod timeline;
mod topology;
mod traffic;
mod trail;
pub mod volume;
mod world;

pub use design::{Design, DesignFault};
