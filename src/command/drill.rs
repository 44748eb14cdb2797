//! `drill`: lose every domain of a kind once.

use crate::arguments::{Drill, Format};
use crate::console;
use crate::engine;
use crate::failure::Failure;
use crate::input::{self, Scenario};
use crate::output::{self, Files};
use crate::progress::Audience;
use models::outcome::DrillOutcome;
use models::specification::Specification;
use reports::{Reproduce, csv, drill, json};

/// Drills each file.
pub(super) fn run(asked: &Drill, audience: Audience) -> Result<(), Failure> {
    if let Some(out) = &asked.place.out {
        output::check(out, asked.place.force)?;
    }
    if asked.place.out.is_some() {
        input::distinct(&asked.files)?;
    }
    let mut files = Files::default();
    let scenarios = asked.files.iter().map(|file| input::scenario(file, &asked.changes));
    let scenarios: Vec<Scenario> = scenarios.collect::<Result<_, _>>()?;
    for scenario in &scenarios {
        known(&scenario.specification, &asked.lose)?;
        let drills = engine::drill(scenario, &asked.lose)?;
        let shown = scenario.shown();
        let command = ["drill", &shown, "--lose", &asked.lose];
        let reproduce = scenario.reproduce_exact(&command, json::fingerprint_of_drill(&drills));
        let name = &scenario.specification.name;
        console::answer(&printed(asked.printing.format, name, &drills, &reproduce))?;
        let own = if scenarios.len() > 1 { input::directory_name(&scenario.file) } else { String::new() };
        files.add_all(&own, results(name, &drills, &reproduce));
    }
    output::deliver(&asked.place, &files, audience)
}

/// Refuses a kind or path that the scenario has not.
fn known(specification: &Specification, lose: &str) -> Result<(), Failure> {
    let domains = specification.domains.rows();
    if lose == "any" || domains.iter().any(|domain| domain.kind == lose || domain.path == lose) {
        return Ok(());
    }
    let mut kinds: Vec<&str> = domains.iter().map(|domain| domain.kind.as_str()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    Err(Failure::said(format!(
        "--lose {lose}: no domain has this kind or path; kinds here: {}",
        kinds.join(", ")
    )))
}

fn printed(format: Format, name: &str, drills: &[DrillOutcome], reproduce: &Reproduce) -> String {
    match format {
        Format::Text => drill::document(name, drills, reproduce).text(true),
        Format::Markdown => drill::document(name, drills, reproduce).markdown(),
        Format::Json => json::drill(name, drills, reproduce),
        Format::Csv => csv::drill(drills),
    }
}

fn results(name: &str, drills: &[DrillOutcome], reproduce: &Reproduce) -> Files {
    let document = drill::document(name, drills, reproduce);
    let mut files = Files::default();
    files.add("summary.txt", document.text(false));
    files.add("summary.md", document.markdown());
    files.add("drill.json", json::drill(name, drills, reproduce));
    files.add("drill.csv", csv::drill(drills));
    if drills.iter().any(|drill| !drill.stores.is_empty()) {
        files.add("drill-stores.csv", csv::drilled_stores(drills));
    }
    files
}
