//! The scenario file: its text, its words, its problems, and the specification it stands for.
//!
//! A file goes through these rooms: `yaml` (text to a tree with positions), `overrides`, `presets`, `shape` with
//! `vocabulary` (is every key and value one the format knows?), `defaults`, and `resolver` with a file for each section
//! (names to ids, everything checked against everything). Every problem is collected; none stops the others.

mod acknowledging;
mod agreeing;
mod applies;
mod catalogue;
mod checks;
mod clients;
mod codes;
mod defaults;
mod diagnostic;
mod domains;
mod effects;
mod expect;
mod incidents;
mod laws;
mod load;
mod overrides;
mod parts;
mod places;
mod presets;
mod quantity;
mod read;
mod reference;
mod render;
mod requests;
mod resolver;
mod run;
mod schema;
mod scopes;
mod script;
mod shape;
mod shipped;
mod shocks;
mod sites;
mod source;
mod steering;
mod stores;
mod tree;
mod vocabulary;
mod warnings;
mod yaml;

/// A length of time as a scenario writes it: `30s`, `1.5h`, `1h30m`.
///
/// # Errors
/// What is wrong with it, in a few words.
pub fn duration(text: &str) -> Result<sim::Span, String> {
    quantity::duration(text).map_err(|misfit| misfit.title)
}

pub use codes::{Explanation, errors_index};
pub use diagnostic::{Finding, FindingPoint, FindingRange, Problems, Severity, did_you_mean};
pub use load::{Loaded, load, load_bytes};
pub use overrides::Override;
pub use reference::reference;
pub use schema::schema;
pub use shipped::{Shipped, incidents, library, presets};
