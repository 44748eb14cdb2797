//! Name, question, horizon, replications, seed.

use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::resolver::Resolver;
use crate::tree::Node;
use models::specification::{Fidelity, Run, Start};
use sim::Seed;

/// Operations looked at in each store and replication unless the scenario says how many.
const OPERATIONS: u32 = 2000;

impl Resolver<'_> {
    /// `name`, `question` and `run`.
    pub(crate) fn run(&mut self) {
        self.spec.name = self.root.text_of("name").unwrap_or_default().to_owned();
        self.spec.question = self.root.text_of("question").unwrap_or_default().to_owned();
        if let Some(node) = self.root.get("run") {
            self.spec.run = read(node).unwrap_or_default();
            self.confidence(node);
        }
    }

    fn confidence(&mut self, run: &Node) {
        let Some(node) = run.get("confidence") else { return };
        let possible = |confidence: &f64| (0.5..1.0).contains(confidence);
        if node.share().is_some_and(|confidence| !possible(&confidence)) {
            let title = format!("a confidence of `{}`", node.text().unwrap_or_default());
            self.report(
                Diagnostic::error(Code::OutOfRange, node.at, title)
                    .label("50% to less than 100% is possible"),
            );
        }
    }
}

fn read(node: &Node) -> Option<Run> {
    Some(Run {
        horizon: node.duration_of("horizon")?,
        replications: node.get("replications")?.count()?,
        seed: Seed(node.get("seed")?.count()?),
        start: match node.text_of("start")? {
            "stationary" => Start::Stationary,
            _ => Start::AllUp,
        },
        precision: node.share_of("precision"),
        confidence: node.share_of("confidence")?,
        fidelity: match node.text_of("fidelity") {
            Some("request") => Fidelity::Request,
            _ => Fidelity::Sampled,
        },
        operations: node.small_count_of("operations").unwrap_or(OPERATIONS),
    })
}
