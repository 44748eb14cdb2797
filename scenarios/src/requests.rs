//! Requests: which share of the demand reads and writes which stores.

use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::resolver::Resolver;
use crate::source::Extent;
use crate::steering::rounded;
use crate::tree::{Entry, Node};
use models::specification::{RequestClass, Steering, StoreId};
use sim::Id;
use std::collections::BTreeSet;

impl Resolver<'_> {
    /// Every class of requests.
    pub(crate) fn requests(&mut self) {
        for entry in self.section("requests") {
            if let Some(class) = self.request(entry) {
                self.spec.requests.push(class);
            }
        }
        self.refuse_more_than_all();
        self.refuse_ideal();
    }

    fn request(&mut self, entry: &Entry) -> Option<RequestClass> {
        let reads = self.touched(&entry.node, "reads");
        let writes = self.touched(&entry.node, "writes");
        Some(RequestClass { name: entry.key.clone(), share: entry.node.share_of("share")?, reads, writes })
    }

    fn touched(&mut self, node: &Node, key: &str) -> Vec<StoreId> {
        let stores = node.get(key).map_or(&[][..], Node::items);
        self.refuse_repeats(stores);
        stores.iter().filter_map(|store| self.store(store)).collect()
    }

    fn refuse_more_than_all(&mut self) {
        let total: f64 = self.spec.requests.iter().map(|class| class.share).sum();
        let Some(last) = self.section("requests").last().filter(|_| total > 1.0 + 1e-9) else { return };
        let title =
            format!("the shares of the requests add up to {} %, more than 100 %", rounded(total * 100.0));
        let at = last.node.get("share").map_or(last.key_at, |share| share.at);
        let problem = Diagnostic::error(Code::Shares, at, title).label("must add up to 100% at most");
        self.report(problem);
    }

    /// The all-knowing router does not know stores.
    fn refuse_ideal(&mut self) {
        let touching =
            self.spec.requests.iter().any(|class| !class.reads.is_empty() || !class.writes.is_empty());
        let Some(request) = self.section("requests").first().filter(|_| touching) else { return };
        let populations = self.spec.populations.rows().iter();
        let used: BTreeSet<usize> = populations.map(|population| population.entry.index()).collect();
        let ideal = |index: &usize| {
            let entry = self.spec.entries.rows().get(*index);
            entry.is_some_and(|entry| matches!(entry.steering, Steering::Ideal))
        };
        let named = |index: usize| {
            let name = &self.spec.entries.rows()[index].name;
            self.entries.get(name).map(|declared| (name.clone(), declared.at))
        };
        let found: Vec<(String, Extent)> = used.into_iter().filter(ideal).filter_map(named).collect();
        for (name, at) in found {
            let title = format!(
                "requests that touch stores under the policy `ideal` of `{name}` are not yet in this version"
            );
            let problem = Diagnostic::error(Code::NotYet, at, title).label("would not be simulated");
            let problem = problem.related(request.key_at, "the requests of every population");
            self.report(problem.help("choose another policy, or leave the requests out"));
        }
    }
}
