//! Sites: where they stand, what they need, how much they can serve.

use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::resolver::Resolver;
use crate::tree::{Entry, Node, Value};
use models::specification::{Clause, Pool, Site};

impl Resolver<'_> {
    /// Every site.
    pub(crate) fn sites(&mut self) {
        if let Some(sites) = self
            .root
            .get("sites")
            .filter(|sites| matches!(&sites.value, Value::Map(entries) if entries.is_empty()))
        {
            self.report(
                Diagnostic::error(Code::Empty, sites.at, "no site").label("at least one belongs here"),
            );
        }
        for entry in self.section("sites") {
            if let Some(site) = self.read_site(entry) {
                self.spec.sites.push(site);
            }
        }
    }

    fn read_site(&mut self, entry: &Entry) -> Option<Site> {
        let node = &entry.node;
        let domain = self.domains.get(&entry.key)?.id;
        let needs = node.get("needs").map_or(&[][..], Node::items);
        let needs = needs.iter().map(|need| self.clause(need)).collect();
        let place = match (node.get("at"), node.get("in")) {
            (Some(at), _) => self.place(at, &entry.key),
            (None, Some(within)) => self.place_of_domain(within),
            (None, None) => None,
        };
        let capacity = node.get("capacity").map(|capacity| self.pools(capacity)).unwrap_or_default();
        Some(Site { name: entry.key.clone(), domain, needs, place, capacity })
    }

    fn clause(&mut self, need: &Node) -> Clause {
        let alternatives = need.get("any").map_or(std::slice::from_ref(need), Node::items);
        self.refuse_repeats(alternatives);
        Clause { any: alternatives.iter().filter_map(|node| self.domain(node)).collect() }
    }

    fn pools(&mut self, capacity: &Node) -> Vec<Pool> {
        if let Value::Map(entries) = &capacity.value {
            if entries.is_empty() {
                self.report(Diagnostic::error(Code::Empty, capacity.at, "a site that can serve nothing"));
            }
            return entries.iter().filter_map(|entry| self.pool(entry)).collect();
        }
        capacity.rate().map(|rate| Pool { entry: None, rate }).into_iter().collect()
    }

    fn pool(&mut self, entry: &Entry) -> Option<Pool> {
        let name = Node::scalar(entry.key.clone(), entry.key_at, entry.node.origin.clone());
        Some(Pool { entry: Some(self.entry_point(&name)?), rate: entry.node.rate()? })
    }
}
