//! `run`: simulate, print the summary, write everything.

use super::results::Results;
use crate::arguments::{Format, Run};
use crate::console;
use crate::engine;
use crate::failure::Failure;
use crate::input::{self, Scenario};
use crate::output::{self, Files};
use crate::progress::Audience;
use reports::json;

/// Runs each file in turn; nothing is simulated before all of them are known to be right.
pub(super) fn run(asked: &Run, audience: Audience) -> Result<(), Failure> {
    if let Some(out) = &asked.place.out {
        output::check(out, asked.place.force)?;
    }
    if asked.place.out.is_some() {
        input::distinct(&asked.files)?;
    }
    let scenarios: Vec<Scenario> =
        asked.files.iter().map(|file| input::scenario(file, &asked.changes)).collect::<Result<_, _>>()?;
    let mut files = Files::default();
    for (index, scenario) in scenarios.iter().enumerate() {
        let outcome = engine::run(scenario, asked.running.threads, audience)?;
        let reproduce = scenario.reproduce(&["run", &scenario.shown()], json::fingerprint(&outcome));
        let results = Results { scenario, outcome: &outcome, reproduce };
        if index > 0 && asked.printing.format == Format::Text {
            console::answer("\n")?;
        }
        console::answer(&results.printed(asked.printing.format))?;
        if asked.place.out.is_some() {
            let own = if scenarios.len() > 1 { input::directory_name(&scenario.file) } else { String::new() };
            files.add_all(&own, results.files()?);
        }
    }
    output::deliver(&asked.place, &files, audience)
}
