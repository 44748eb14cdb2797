//! What is simulated: sites, failure domains, faults, the network, health checks, steering, caches, demand and load;
//! the world that composes them; outcomes. It does not know files or terminals.

pub mod blame;
pub mod expect;
pub mod outcome;
pub mod specification;
pub mod timeline;
pub mod volume;
