//! models

pub mod cache;
pub mod health;
