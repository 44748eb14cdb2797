//! The summary of a run: five lines a person understands first, then tables, then how to reproduce it.

mod causes;
mod consistency;
mod headline;
mod inputs;
mod scopes;
#[cfg(test)]
mod tests;
mod verdicts;

use crate::document::Document;
use crate::number::{grouped, horizon};
use crate::reproduce::Reproduce;
use models::outcome::{Method, Outcome, ScopeOutcome, Stopped};
use models::specification::Specification;

pub(crate) use consistency::seen_as;
pub use verdicts::check;

/// The summary of a run.
pub fn run(specification: &Specification, outcome: &Outcome, reproduce: &Reproduce) -> Document {
    let mut document = Document::default();
    opening(outcome, &mut document);
    if let Some(everything) = outcome.scopes.first() {
        document.lines(vec![String::new()]);
        document.facts(headline::facts(outcome, everything));
        scopes::tables(outcome, &mut document);
        consistency::tables(outcome, &mut document);
        causes::tables(outcome, everything, &mut document);
    }
    verdicts::expectations(outcome, &mut document);
    verdicts::promises(outcome, &mut document);
    inputs::presets(specification, &mut document);
    inputs::warnings(outcome, &mut document);
    document.command(reproduce.to_string());
    document
}

/// What was asked and how it was answered.
fn opening(outcome: &Outcome, document: &mut Document) {
    document.title(outcome.name.clone());
    if !outcome.question.is_empty() {
        document.paragraph(outcome.question.clone());
    }
    document.paragraph(method(outcome));
    if let Some(forced) = forced(outcome) {
        document.paragraph(forced);
    }
}

/// What was forced to happen in every replication: a year with it is no forecast of a year.
fn forced(outcome: &Outcome) -> Option<String> {
    let of = |kind: &str| outcome.sources.iter().filter(|source| source.kind == kind).count();
    let several = |count: usize, noun: &str| match count {
        0 => None,
        1 => Some(format!("one {noun}")),
        _ => Some(format!("{count} {noun}s")),
    };
    let parts = [several(of("replay"), "recorded incident"), several(of("script"), "scripted fault")];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| {
        format!(
            "Forced into each replication: {}. The figures say what that costs, not how often it happens.",
            parts.join(" and ")
        )
    })
}

/// `1024 replications of 1 year, seed 7; 95 % intervals`.
fn method(outcome: &Outcome) -> String {
    let count = outcome.replications;
    let plural = if count == 1 { "" } else { "s" };
    let intervals = match (is_exact(outcome), outcome.stopped) {
        (true, _) => "nothing random: exact".to_owned(),
        (false, Stopped::NotReached) => {
            format!("{:.0} % intervals; the precision asked for was not reached", outcome.confidence * 100.0)
        }
        (false, _) => format!("{:.0} % intervals in brackets", outcome.confidence * 100.0),
    };
    format!(
        "{} replication{plural} of {}, seed {}; {intervals}",
        grouped(count),
        horizon(outcome.horizon),
        outcome.seed
    )
}

/// Is nothing in the outcome random?
pub(crate) fn is_exact(outcome: &Outcome) -> bool {
    outcome.scopes.first().is_some_and(|everything| everything.availability.method == Method::Exact)
}

/// Simulated years over all replications.
pub(crate) fn years(outcome: &Outcome) -> f64 {
    outcome.horizon.ratio(sim::Span::YEAR) * outcome.replications as f64
}

/// What losses are counted over: a year, or the horizon where the outcome is exact or something was forced into it.
pub(crate) struct Basis {
    /// Divide a total over all replications by this.
    pub(crate) total_over: f64,
    /// Multiply a number per year by this.
    pub(crate) year_times: f64,
    /// ` a year`, or ` in 30 days`.
    pub(crate) words: String,
}

impl Basis {
    /// The basis of an outcome: what is exact or forced is not extrapolated.
    pub(crate) fn of(outcome: &Outcome) -> Basis {
        if is_exact(outcome) || forced(outcome).is_some() {
            let total_over = (outcome.replications as f64).max(1.0);
            let words = format!(" in {}", horizon(outcome.horizon));
            let ratio = outcome.horizon.ratio(sim::Span::YEAR);
            // An exact run shorter than a year is taken as all that happens in its year.
            let year_times = if is_exact(outcome) { ratio.max(1.0) } else { ratio };
            return Basis { total_over, year_times, words };
        }
        Basis { total_over: years(outcome), year_times: 1.0, words: " a year".to_owned() }
    }
}

/// A scope in words: `everything`, `entry www`, `clients europe`.
fn scope_name(scope: &ScopeOutcome) -> String {
    match crate::json::scope_kind(scope.scope) {
        "entry" => format!("entry {}", scope.name),
        "population" => format!("clients {}", scope.name),
        _ => scope.name.clone(),
    }
}
