//! Faults at stated times.

use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::effects::{Partial, effects, portion};
use crate::resolver::Resolver;
use crate::tree::{Node, Origin};
use models::specification::{Breakage, DomainId, Effect, Endpoint, Scripted};
use sim::{Instant, Span};

impl Resolver<'_> {
    /// Every scripted fault.
    pub(crate) fn script(&mut self) {
        for node in self.list("script") {
            let (at, lasts) = (node.duration_of("at"), node.duration_of("for").unwrap_or(Span::FOREVER));
            self.within_horizon(node);
            for what in self.breakages(node) {
                if let Some(at) = at {
                    self.spec.script.push(Scripted { at: Instant::ZERO + at, lasts, what });
                }
            }
        }
    }

    fn within_horizon(&mut self, node: &Node) {
        let Some(at) =
            node.get("at").filter(|at| at.duration().is_some_and(|at| at >= self.spec.run.horizon))
        else {
            return;
        };
        let title = "the fault begins after the end of the run";
        let problem = Diagnostic::error(Code::OutOfRange, at.at, title).label("never happens");
        let horizon = self
            .root
            .get("run")
            .and_then(|run| run.get("horizon"))
            .filter(|node| node.origin == Origin::Written);
        self.report(match horizon {
            Some(horizon) => problem.related(horizon.at, "the run's length"),
            None => problem,
        });
    }

    fn breakages(&mut self, node: &Node) -> Vec<Breakage> {
        if self.exclusive(node, &["fail", "partition"]) {
            return Vec::new();
        }
        if let Some(groups) = node.get("partition") {
            for key in ["effect", "fraction", "partial"] {
                self.exclusive(node, &["partition", key]);
            }
            return vec![Breakage::Partition { groups: self.groups(groups) }];
        }
        let Some(fail) = node.get("fail") else {
            self.missing(
                node,
                "nothing fails",
                "write `fail: aws/us-east-1`, or `partition: [[london], [paris]]`",
            );
            return Vec::new();
        };
        match self.domain(fail) {
            Some(domain) => self.failures(node, domain),
            None => Vec::new(),
        }
    }

    fn failures(&mut self, node: &Node, domain: DomainId) -> Vec<Breakage> {
        self.broken.push(domain);
        let written = node.get("effect").map(|effect| effects(effect, &mut self.problems));
        let effects = written.unwrap_or_else(|| self.spec.domains[domain].effects.clone());
        let fraction = node.share_of("fraction").unwrap_or(1.0);
        if node.get("partial").is_some() && node.get("fraction").is_none() {
            self.missing(node, "`partial` says what a fraction means", "add `fraction: 35%`");
        }
        broken(domain, &effects, fraction, Partial::of(node.get("partial")))
    }

    fn groups(&mut self, node: &Node) -> Vec<Vec<Endpoint>> {
        let everyone: Vec<Node> = node.items().iter().flat_map(Node::items).cloned().collect();
        self.refuse_repeats(&everyone);
        node.items()
            .iter()
            .map(|group| group.items().iter().filter_map(|item| self.endpoint(item)).collect())
            .collect()
    }
}

/// A fraction of a fault of a domain.
pub(crate) fn broken(domain: DomainId, effects: &[Effect], fraction: f64, partial: Partial) -> Vec<Breakage> {
    let portions = portion(effects, fraction, partial).into_iter();
    portions.map(|(effects, chance)| Breakage::Domain { domain, effects, chance }).collect()
}
