//! All results of a simulated scenario: as files, or printed.

use crate::arguments::Format;
use crate::engine;
use crate::failure::Failure;
use crate::input::Scenario;
use crate::output::Files;
use models::outcome::Outcome;
use reports::{Reproduce, csv, html, json, plots, story, summary};

/// What a scenario came to.
pub(super) struct Results<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) outcome: &'a Outcome,
    pub(super) reproduce: Reproduce,
}

impl Results<'_> {
    /// In the format asked for.
    pub(super) fn printed(&self, format: Format) -> String {
        let specification = &self.scenario.specification;
        match format {
            Format::Text => summary::run(specification, self.outcome, &self.reproduce).text(true),
            Format::Markdown => summary::run(specification, self.outcome, &self.reproduce).markdown(),
            Format::Json => json::run(specification, self.outcome, &self.reproduce),
            Format::Csv => csv::scopes(self.outcome),
        }
    }

    /// As files.
    pub(super) fn files(&self) -> Result<Files, Failure> {
        let (specification, outcome) = (&self.scenario.specification, self.outcome);
        let document = summary::run(specification, outcome, &self.reproduce);
        let mut files = Files::default();
        files.add("summary.txt", document.text(false));
        files.add("summary.md", document.markdown());
        files.add("result.json", json::run(specification, outcome, &self.reproduce));
        files.add("resolved.yaml", self.scenario.resolved.clone());
        csv::run(outcome).into_iter().for_each(|(name, text)| files.add(name, text));
        let mut drawn = plots::run(outcome);
        if let Some(worst) = outcome.worst {
            let kept = engine::worst(self.scenario, worst)?;
            let told = story::tell(specification, &outcome.sources, &kept);
            files.add("story.txt", story::document(&told, &self.reproduce).text(false));
            files.add("timeline.csv", csv::timeline(specification, &kept));
            files.add("losses.csv", csv::losses(specification, &kept));
            let clients = engine::worst_for_clients(self.scenario, worst)?;
            if !clients.is_empty() {
                files.add("consistency-timeline.csv", csv::clients(specification, &clients));
                drawn.insert(0, ("consistency.svg", plots::clients(specification, worst, &clients)));
            }
            drawn.insert(0, ("worst-outage.svg", plots::outage(specification, outcome, &kept)));
        }
        files.add("report.html", html::page(&outcome.name, &document, &drawn));
        drawn.into_iter().for_each(|(name, text)| files.add(name, text));
        Ok(files)
    }
}
