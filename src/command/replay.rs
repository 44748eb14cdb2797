//! `replay`: a real outage in place of the scenario's random faults.

use super::results::Results;
use crate::arguments::{Format, Partial, Replay};
use crate::console;
use crate::engine;
use crate::failure::Failure;
use crate::input::{self, Scenario};
use crate::output;
use crate::progress::Audience;
use models::outcome::Outcome;
use models::specification::{Breakage, Effect, Phase, Sees, Specification};
use reports::{Reproduce, json, story};

/// Replays the incident and tells its story.
pub(super) fn run(asked: &Replay, audience: Audience) -> Result<(), Failure> {
    if let Some(out) = &asked.place.out {
        output::check(out, asked.place.force)?;
    }
    let mut scenario = input::with(&asked.file, &asked.changes, &[placed(asked)?])?;
    alone(&mut scenario.specification);
    let exact = determined(&mut scenario.specification);
    if exact && asked.changes.replications.is_none() {
        scenario.specification.run.replications = 1;
    }
    let outcome = engine::run(&scenario, asked.running.threads, audience)?;
    let reproduce = reproduce(asked, &scenario, &outcome);
    let results = Results { scenario: &scenario, outcome: &outcome, reproduce };
    console::answer(&results.printed(asked.printing.format))?;
    if asked.printing.format == Format::Text {
        tell(&results)?;
    }
    let files = asked.place.out.as_ref().map(|_| results.files()).transpose()?;
    output::deliver(&asked.place, &files.unwrap_or_default(), audience)
}

/// The override that places the incident.
fn placed(asked: &Replay) -> Result<String, Failure> {
    let pair = |pair: &String| match pair.split_once('=') {
        Some((scope, domain)) if !scope.is_empty() && !domain.is_empty() => Ok(format!("{scope}: {domain}")),
        _ => Err(Failure::said(format!("--onto {pair}: write SCOPE=DOMAIN"))),
    };
    let onto = asked.onto.iter().map(pair).collect::<Result<Vec<_>, _>>()?.join(", ");
    let partial = match asked.partial {
        Partial::Chance => "chance",
        Partial::Capacity => "capacity",
    };
    let onto = if onto.is_empty() { String::new() } else { format!(", onto: {{{onto}}}") };
    Ok(format!("replays=[{{incident: {}, at: {}, partial: {partial}{onto}}}]", asked.incident, asked.at))
}

/// Takes every other fault out.
fn alone(specification: &mut Specification) {
    specification.domains.rows_mut().iter_mut().for_each(|domain| domain.outages = None);
    specification.shocks = sim::Table::new();
    specification.script.clear();
    specification.slas.clear();
    specification.run.precision = None;
}

/// Takes the last luck out, if that can be done: probe phases are spread evenly over the interval, as in a drill. Two
/// sorts of fault leave some: a grey one under a check that looks deep enough to suffer it (which probes fail?), and
/// one of a fraction that no capacity can stand for, such as of a control plane (which sites are hit?).
fn determined(specification: &mut Specification) -> bool {
    let deep = specification.checks.rows().iter().any(|check| check.sees == Sees::Site);
    let grey =
        specification.replays.iter().flat_map(|replay| &replay.phases).any(|phase| is_grey(&phase.what));
    let chance =
        specification.replays.iter().flat_map(|replay| &replay.phases).any(|phase| is_chance(&phase.what));
    if (deep && grey) || chance {
        return false;
    }
    specification.checks.rows_mut().iter_mut().for_each(|check| check.phase = Phase::Even);
    // Nothing fails by itself any more, so what such a fault would do does not matter.
    specification.domains.rows_mut().iter_mut().for_each(|domain| domain.effects = vec![Effect::Down]);
    true
}

fn is_chance(what: &Breakage) -> bool {
    matches!(what, Breakage::Domain { chance, .. } if *chance < 1.0)
}

fn is_grey(what: &Breakage) -> bool {
    let errors = |effect: &Effect| matches!(effect, Effect::Errors { .. });
    matches!(what, Breakage::Domain { effects, .. } if effects.iter().any(errors))
}

fn reproduce(asked: &Replay, scenario: &Scenario, outcome: &Outcome) -> Reproduce {
    let partial = if asked.partial == Partial::Chance { "chance" } else { "capacity" };
    let shown = scenario.shown();
    let mut command = vec!["replay", &asked.incident, &shown, "--at", &asked.at, "--partial", partial];
    asked.onto.iter().for_each(|pair| command.extend(["--onto", pair]));
    scenario.reproduce(&command, json::fingerprint(outcome))
}

fn tell(results: &Results) -> Result<(), Failure> {
    let Some(worst) = results.outcome.worst else {
        return Ok(());
    };
    let specification = &results.scenario.specification;
    let kept = engine::worst(results.scenario, worst)?;
    let told = story::tell(specification, &results.outcome.sources, &kept);
    console::answer(&format!("\n{}", story::part(&told).text(true)))
}
