//! Plots as SVG: crisp, the same bytes for the same outcome, readable without colour.

mod axis;
mod blame;
mod clients;
mod downtime;
mod load;
mod pen;
#[cfg(test)]
mod tests;
mod worst;

use crate::csv::File;
use models::outcome::{Outcome, Worst};
use models::specification::Specification;
use models::study::ClientSlice;
use models::timeline::Story;

/// The plots of an outcome: those that have something to show.
pub fn run(outcome: &Outcome) -> Vec<File> {
    let mut files = Vec::new();
    if let Some(everything) = outcome.scopes.first() {
        if everything.downtimes.len() > 1 {
            files.push(("downtime.svg", downtime::plot(everything, outcome.horizon)));
        }
        if !everything.lost.is_zero() {
            files.push(("blame.svg", blame::plot(outcome, everything)));
        }
    }
    if !outcome.sites.is_empty() {
        files.push(("load.svg", load::plot(&outcome.sites)));
    }
    files
}

/// The plot of an outage, minute by minute.
pub fn outage(specification: &Specification, outcome: &Outcome, story: &Story) -> String {
    worst::plot(specification, outcome, story)
}

/// The plot of what clients of stores saw around it: `slices` of at least one store.
pub fn clients(specification: &Specification, worst: Worst, slices: &[ClientSlice]) -> String {
    clients::plot(specification, worst, slices)
}
