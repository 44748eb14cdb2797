//! `explain`: the story of an outage.

use crate::arguments::{Explain, Format};
use crate::console;
use crate::engine;
use crate::failure::Failure;
use crate::input::{self, Scenario};
use crate::progress::Audience;
use models::outcome::Outcome;
use models::timeline::Story;
use reports::{csv, story};
use sim::{Instant, Span};

/// Tells it.
pub(super) fn run(asked: &Explain, audience: Audience) -> Result<(), Failure> {
    let scenario = input::scenario(&asked.file, &asked.changes)?;
    let specification = &scenario.specification;
    let outcome = engine::run(&scenario, asked.running.threads, audience)?;
    let Some(kept) = kept(asked, &scenario, &outcome)? else {
        return console::answer("nothing to tell: there was no outage in any replication\n");
    };
    let words = command(asked, &scenario.shown());
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let told = story::tell(specification, &outcome.sources, &kept);
    let reproduce = scenario.reproduce(&words, story::fingerprint(&told));
    console::answer(&match asked.printing.format {
        Format::Text => story::document(&told, &reproduce).text(true),
        Format::Markdown => story::document(&told, &reproduce).markdown(),
        Format::Json => story::json(&told, &reproduce),
        Format::Csv => csv::timeline(specification, &kept),
    })
}

fn command(asked: &Explain, file: &str) -> Vec<String> {
    let mut words = vec!["explain".to_owned(), file.to_owned()];
    words
        .extend(asked.replication.iter().flat_map(|number| ["--replication".to_owned(), number.to_string()]));
    words.extend(
        asked
            .at
            .iter()
            .flat_map(|at| ["--at".to_owned(), at.clone(), "--for".to_owned(), asked.lasts.clone()]),
    );
    words
}

/// The stretch asked for; the worst outage by default; none where there was no outage.
fn kept(asked: &Explain, scenario: &Scenario, outcome: &Outcome) -> Result<Option<Story>, Failure> {
    let specification = &scenario.specification;
    if asked.replication.is_none() && asked.at.is_none() {
        return outcome.worst.map(|worst| engine::worst(scenario, worst)).transpose();
    }
    let replication = asked.replication.or(outcome.worst.map(|worst| worst.replication)).unwrap_or(0);
    if replication >= outcome.replications {
        let last = outcome.replications - 1;
        return Err(Failure::said(format!("--replication {replication}: the replications are 0 to {last}")));
    }
    let Some(at) = &asked.at else {
        return engine::story(scenario, replication, None, None).map(Some);
    };
    let from = Instant::ZERO + duration("--at", at)?;
    let until =
        from.saturating_add(duration("--for", &asked.lasts)?).min(Instant::ZERO + specification.run.horizon);
    if from >= until {
        return Err(Failure::said(format!("--at {at}: it is not before the end of the run")));
    }
    engine::story(scenario, replication, Some(from), Some(until)).map(Some)
}

fn duration(option: &str, text: &str) -> Result<Span, Failure> {
    scenarios::duration(text).map_err(|reason| Failure::said(format!("{option} {text}: {reason}")))
}
