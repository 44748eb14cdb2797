//! The five lines to read first.

use super::Basis;
use crate::json::source_name;
use crate::number::{self, Scale, time_scale};
use crate::table::{WIDTH, chars};
use models::outcome::{Cause, Estimate, Method, Outcome, ScopeOutcome};

/// Causes named in the headline.
const CAUSES: usize = 3;

/// Availability, downtime, outages, the worst of them, causes.
pub(super) fn facts(outcome: &Outcome, everything: &ScopeOutcome) -> Vec<(String, String)> {
    let fact = |label: &str, text: String| (label.to_owned(), text);
    vec![
        fact("Availability", availability(everything.availability)),
        fact("Downtime", downtime(outcome, everything)),
        fact("Outages", outages(outcome, everything)),
        fact("Worst outage", worst(outcome)),
        fact("Causes", causes(outcome, everything)),
    ]
}

fn availability(availability: Estimate) -> String {
    let share = number::estimate(availability, Scale::PERCENT);
    format!("{share} of requests served: {}", number::nines_text(availability))
}

fn downtime(outcome: &Outcome, everything: &ScopeOutcome) -> String {
    let basis = Basis::of(outcome);
    let downtime = everything.downtime.map(|seconds| seconds * basis.year_times);
    let size = if downtime.value > 0.0 { downtime.value } else { downtime.high };
    format!("{}{} not up", number::estimate(downtime, time_scale(size)), basis.words)
}

fn outages(outcome: &Outcome, everything: &ScopeOutcome) -> String {
    let basis = Basis::of(outcome);
    let count = number::estimate(everything.outages.map(|count| count * basis.year_times), Scale::PLAIN);
    let recovery = &everything.recovery;
    if recovery.count == 0 {
        return format!("{count}{}", basis.words);
    }
    let median = number::estimate(recovery.p50, time_scale(recovery.p50.value));
    format!("{count}{}; up again after {median} (median)", basis.words)
}

fn worst(outcome: &Outcome) -> String {
    let Some(worst) = outcome.worst else {
        return "none seen".to_owned();
    };
    let (length, lost) = (number::span(worst.until - worst.from), number::requests(worst.lost.requests()));
    let place =
        if outcome.replications > 1 { format!("replication {}, ", worst.replication) } else { String::new() };
    format!("{length}, {lost} requests lost ({place}{})", number::instant(worst.from))
}

fn causes(outcome: &Outcome, everything: &ScopeOutcome) -> String {
    if everything.causes.is_empty() {
        return "none: nothing was lost".to_owned();
    }
    let one = |cause: &Cause| {
        let share = number::estimate(cause.share, Scale::PERCENT);
        let exactly = if cause.share.method == Method::Exact { share.replace(" exactly", "") } else { share };
        format!("{} {exactly}", source_name(&outcome.sources, cause.source))
    };
    let causes: Vec<String> = everything.causes.iter().take(CAUSES).map(one).collect();
    // On one line where there is room, else one a line.
    let joined = causes.join("; ");
    if chars(&joined) <= WIDTH - 18 { joined } else { causes.join("\n") }
}
