//! What is simulated: sites, failure domains, faults, the network, health checks, steering, caches, demand and load;
//! the world that composes them; outcomes. It does not know files or terminals.

pub mod blame;
mod curve;
mod excess;
pub mod expect;
mod fault;
pub mod outcome;
mod poly;
mod site;
pub mod specification;
pub mod timeline;
mod topology;
pub mod volume;
