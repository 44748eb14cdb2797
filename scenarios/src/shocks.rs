//! Shocks: events that hit several domains at once, and beta factors.

use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::laws::{Alone, law};
use crate::resolver::Resolver;
use crate::source::Extent;
use crate::tree::{Entry, Node, Value};
use models::specification::{DomainId, Shock};
use sim::Law;
use std::collections::BTreeMap;

impl Resolver<'_> {
    /// Every shock.
    pub(crate) fn shocks(&mut self) {
        let mut members = BTreeMap::new();
        for entry in self.section("shocks") {
            let shock = match entry.node.get("beta") {
                Some(beta) => self.beta(entry, beta, &mut members),
                None => self.shock(entry),
            };
            if let Some(shock) = shock {
                self.broken.extend(shock.hits.iter().map(|(domain, _)| *domain));
                self.spec.shocks.push(shock);
            }
        }
    }

    fn shock(&mut self, entry: &Entry) -> Option<Shock> {
        let node = &entry.node;
        if let Some(of) = node.entry("of") {
            self.report(
                Diagnostic::error(Code::Exclusive, of.key_at, "`of` goes with `beta`")
                    .help("whom a shock hits is `hits`"),
            );
        }
        for key in ["every", "hits"] {
            if node.get(key).is_none() {
                self.missing(
                    node,
                    format!("a shock needs `{key}`"),
                    "e.g. `{every: 3y, hits: {aws: 40%, gcp: 40%}, for: {median: 30m, p95: 3h}}`",
                );
            }
        }
        let every = node.get("every").and_then(|every| law(every, Alone::Mean, &mut self.problems));
        if let Some((every, at)) = every.as_ref().zip(node.get("every")) {
            self.refuse_flicker(every.mean(), at);
        }
        let down = node.get("for").map(|down| law(down, Alone::Exactly, &mut self.problems));
        let hits = node.get("hits").map(|hits| self.hits(hits)).unwrap_or_default();
        let down = match down {
            Some(law) => Some(law?),
            None => {
                self.need_repair_laws(node, &hits);
                None
            }
        };
        Some(Shock {
            name: entry.key.clone(),
            every: every?,
            hits,
            down,
            together: node.truth_of("together"),
        })
    }

    fn hits(&mut self, node: &Node) -> Vec<(DomainId, f64)> {
        if let Value::List(items) = &node.value {
            self.refuse_repeats(items);
            return items.iter().filter_map(|item| Some((self.domain(item)?, 1.0))).collect();
        }
        if node.entries().is_empty() {
            self.report(Diagnostic::error(Code::Empty, node.at, "a shock that hits nothing"));
        }
        node.entries().iter().filter_map(|entry| self.hit(entry)).collect()
    }

    fn hit(&mut self, entry: &Entry) -> Option<(DomainId, f64)> {
        let path = Node::scalar(entry.key.clone(), entry.key_at, entry.node.origin.clone());
        Some((self.domain(&path)?, entry.node.share()?))
    }

    fn need_repair_laws(&mut self, node: &Node, hits: &[(DomainId, f64)]) {
        let lawless = hits.iter().find(|(domain, _)| self.spec.domains[*domain].outages.is_none());
        if let Some((domain, _)) = lawless {
            let title = format!("how long `{}` stays down is open", self.spec.domains[*domain].path);
            self.missing(node, title, "add `for`, or give the domain `outages`, whose repair law then holds");
        }
    }

    /// A beta factor: each member keeps `1 - beta` of its rate, and one shock hits all with rate `beta` times it.
    fn beta(
        &mut self,
        entry: &Entry,
        beta: &Node,
        members: &mut BTreeMap<DomainId, Extent>,
    ) -> Option<Shock> {
        let node = &entry.node;
        let clash =
            ["every", "hits", "for", "together"].iter().any(|key| self.exclusive(node, &["beta", key]));
        let Some(of) = node.get("of") else {
            self.missing(
                node,
                "a beta factor needs `of`",
                "e.g. `{beta: 10%, of: [aws/us-east-1/a, aws/us-east-1/b]}`",
            );
            return None;
        };
        self.refuse_repeats(of.items());
        let share = self.beta_share(beta)?;
        let means: Vec<(DomainId, f64)> =
            of.items().iter().filter_map(|item| self.beta_member(item, members)).collect();
        if clash || means.len() < of.items().len() {
            return None;
        }
        let mean = self.common_mean(of, &means)?;
        for (domain, _) in &means {
            if let Some(outages) = &mut self.spec.domains[*domain].outages {
                outages.up = Law::Exponential { mean: mean / (1.0 - share) };
            }
        }
        let hits = means.into_iter().map(|(domain, _)| (domain, 1.0)).collect();
        let every = Law::Exponential { mean: mean / share };
        Some(Shock { name: entry.key.clone(), every, hits, down: None, together: false })
    }

    fn beta_share(&mut self, beta: &Node) -> Option<f64> {
        let share = beta.share().filter(|share| *share > 0.0)?;
        if share >= 1.0 {
            let problem = Diagnostic::error(
                Code::OutOfRange,
                beta.at,
                "a beta factor of 100 % leaves the members nothing of their own",
            );
            self.report(problem.help("write an ordinary shock instead"));
            return None;
        }
        Some(share)
    }

    fn beta_member(
        &mut self,
        item: &Node,
        members: &mut BTreeMap<DomainId, Extent>,
    ) -> Option<(DomainId, f64)> {
        let domain = self.domain(item)?;
        if let Some(first) = members.insert(domain, item.at) {
            let title = format!("`{}` is a member of two beta factors", self.spec.domains[domain].path);
            self.report(
                Diagnostic::error(Code::Beta, item.at, title)
                    .label("again here")
                    .related(first, "first here"),
            );
            return None;
        }
        match self.spec.domains[domain].outages.as_ref().map(|outages| &outages.up) {
            Some(Law::Exponential { mean }) => Some((domain, *mean)),
            found => {
                let label = if found.is_some() {
                    "does not fail at a constant rate"
                } else {
                    "never fails by itself"
                };
                let title = format!("`{}` has no constant rate to share", self.spec.domains[domain].path);
                self.report(
                    Diagnostic::error(Code::Beta, item.at, title)
                        .label(label)
                        .help("its `up` must be exponential: a single time"),
                );
                None
            }
        }
    }

    fn common_mean(&mut self, of: &Node, means: &[(DomainId, f64)]) -> Option<f64> {
        let (_, mean) = *means.first()?;
        let Some(odd) = means.iter().position(|(_, other)| *other != mean) else { return Some(mean) };
        let at = of.items().get(odd).map_or(of.at, |item| item.at);
        let first = of.items().first().map_or(of.at, |item| item.at);
        let days =
            |seconds: f64| format!("up for {} days on average", crate::steering::rounded(seconds / 86_400.0));
        let problem =
            Diagnostic::error(Code::Beta, at, "the members of a beta factor fail at different rates");
        let problem = problem.label(days(means[odd].1)).related(first, days(mean));
        self.report(problem.help("write a shock with `every`, `hits` and `for` instead"));
        None
    }
}
