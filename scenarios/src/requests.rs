//! Requests: which share of the demand reads and writes which stores.

use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::parts::Part;
use crate::resolver::Resolver;
use crate::source::Extent;
use crate::steering::rounded;
use crate::tree::{Entry, Node};
use models::specification::{PopulationId, RequestClass, Steering, StoreId};
use sim::Id;
use std::collections::BTreeSet;

impl Resolver<'_> {
    /// Every class of requests.
    pub(crate) fn requests(&mut self) {
        for entry in self.section("requests") {
            let classes = self.request(entry);
            self.spec.requests.extend(classes);
        }
        self.refuse_more_than_all();
        self.refuse_ideal();
    }

    /// A class; several where it touches a store that is split, one for each part.
    fn request(&mut self, entry: &Entry) -> Vec<RequestClass> {
        let Some(share) = entry.node.share_of("share") else { return Vec::new() };
        let (reads, split_reads) = self.touched(&entry.node, "reads");
        let (writes, split_writes) = self.touched(&entry.node, "writes");
        let clients = entry.node.get("clients").map(Node::items);
        let populations =
            clients.map(|named| named.iter().filter_map(|node| self.named_population(node)).collect());
        let mut classes = vec![RequestClass { name: entry.key.clone(), share, populations, reads, writes }];
        let split: BTreeSet<&String> = split_reads.iter().chain(&split_writes).collect();
        for store in split {
            let touch = (split_reads.contains(store), split_writes.contains(store));
            classes = classes.iter().flat_map(|class| self.split_class(class, store, touch)).collect();
        }
        classes
    }

    /// Stores that a class touches: whole ones, and the names of those that are split.
    fn touched(&mut self, node: &Node, key: &str) -> (Vec<StoreId>, Vec<String>) {
        let stores = node.get(key).map_or(&[][..], Node::items);
        self.refuse_repeats(stores);
        let named = |node: &&Node| node.text().is_some_and(|name| self.split.contains_key(name));
        let (split, whole): (Vec<&Node>, Vec<&Node>) = stores.iter().partition(named);
        let split = split.into_iter().filter_map(|node| node.text().map(str::to_owned)).collect();
        (whole.into_iter().filter_map(|store| self.store(store)).collect(), split)
    }

    /// The class once for each part of a store: for those whose part it is, and for all others by its share.
    fn split_class(
        &self,
        class: &RequestClass,
        store: &str,
        (reads, writes): (bool, bool),
    ) -> Vec<RequestClass> {
        let parts = &self.split[store];
        let all: Vec<PopulationId> = (0..self.populations.len()).map(PopulationId::from_index).collect();
        let mine = class.populations.as_ref().unwrap_or(&all);
        let claimed = |id: &PopulationId| parts.iter().any(|part| part.clients.contains(id));
        let others: Vec<PopulationId> = mine.iter().copied().filter(|id| !claimed(id)).collect();
        let of = |part: &Part, share: f64, populations: Vec<PopulationId>| {
            let mut one = RequestClass { share, populations: Some(populations), ..class.clone() };
            one.reads.extend(reads.then_some(part.id));
            one.writes.extend(writes.then_some(part.id));
            one
        };
        let both = parts.iter().flat_map(|part| {
            let own = mine.iter().copied().filter(|id| part.clients.contains(id)).collect();
            [of(part, class.share, own), of(part, class.share * part.share, others.clone())]
        });
        both.filter(|class| class.share > 0.0 && class.populations.as_ref().is_none_or(|of| !of.is_empty()))
            .collect()
    }

    /// The requests of no population are of more kinds than there are requests.
    fn refuse_more_than_all(&mut self) {
        let of = |id: PopulationId| -> f64 {
            let mine = self.spec.requests.iter().filter(|class| class.is_of(id));
            mine.map(|class| class.share).sum()
        };
        let totals = (0..self.populations.len()).map(PopulationId::from_index).map(of);
        let total = totals.fold(0.0, f64::max);
        let Some(last) = self.section("requests").last().filter(|_| total > 1.0 + 1e-9) else { return };
        let title =
            format!("the shares of the requests add up to {} %, more than 100 %", rounded(total * 100.0));
        let at = last.node.get("share").map_or(last.key_at, |share| share.at);
        let problem = Diagnostic::error(Code::Shares, at, title).label("must add up to 100% at most");
        self.report(problem);
    }

    /// The all-knowing router does not know stores.
    fn refuse_ideal(&mut self) {
        let touching = |class: &&RequestClass| !class.reads.is_empty() || !class.writes.is_empty();
        let classes: Vec<&RequestClass> = self.spec.requests.iter().filter(touching).collect();
        let Some(request) = self.section("requests").first() else { return };
        let populations = self.spec.populations.iter();
        let touched = populations.filter(|(id, _)| classes.iter().any(|class| class.is_of(*id)));
        let used: BTreeSet<usize> = touched.map(|(_, population)| population.entry.index()).collect();
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
            let problem = problem.related(request.key_at, "the requests of its clients, too");
            self.report(problem.help("choose another policy, or say whose `requests` they are by `clients`"));
        }
    }
}
