//! Stores that are split: each part is a store of its own.

use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::resolver::{Declared, Resolver};
use crate::steering::rounded;
use crate::tree::{Entry, Node, Value};
use models::specification::{PopulationId, StoreId};
use sim::Id;

/// A part of a store.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) id: StoreId,
    /// Whose requests touch this part only.
    pub(crate) clients: Vec<PopulationId>,
    /// The share of everybody else's requests that touch it.
    pub(crate) share: f64,
}

impl<'a> Resolver<'a> {
    /// Every store as it is written, with its parts.
    pub(crate) fn whole_stores(&self) -> Vec<(&'a Entry, &'a [Entry])> {
        let parts = |entry: &'a Entry| entry.node.get("parts").map_or(&[][..], Node::entries);
        self.section("stores").iter().map(|entry| (entry, parts(entry))).collect()
    }

    /// Gives ids to stores, and to the parts of those that are split.
    pub(crate) fn declare_stores(&mut self) {
        for (entry, parts) in self.whole_stores() {
            let id = |resolver: &Self| StoreId::from_index(resolver.stores.len());
            if parts.is_empty() {
                let declared = Declared { id: id(self), at: entry.key_at };
                self.stores.insert(entry.key.clone(), declared);
                continue;
            }
            let alike = parts.iter().all(|part| part.node.get("share").is_none());
            let split: Vec<Part> =
                parts.iter().map(|part| self.declare_part(entry, part, alike, parts.len())).collect();
            self.refuse_gaps(entry, &split);
            self.split.insert(entry.key.clone(), split);
        }
    }

    fn declare_part(&mut self, store: &Entry, part: &Entry, alike: bool, parts: usize) -> Part {
        let id = StoreId::from_index(self.stores.len());
        self.stores.insert(format!("{}/{}", store.key, part.key), Declared { id, at: part.key_at });
        let named = part.node.get("clients").map_or(&[][..], Node::items);
        let clients = named.iter().filter_map(|node| self.named_population(node)).collect();
        let share = part.node.share_of("share").unwrap_or(if alike { 1.0 / parts as f64 } else { 0.0 });
        Part { name: part.key.clone(), id, clients, share }
    }

    pub(crate) fn named_population(&mut self, node: &Node) -> Option<PopulationId> {
        let found = self.populations.get(node.text()?).map(|declared| declared.id);
        if found.is_none() {
            self.unknown("population", node, None);
        }
        found
    }

    /// Everybody's requests find a part.
    fn refuse_gaps(&mut self, store: &Entry, parts: &[Part]) {
        let claimed =
            |index| parts.iter().any(|part| part.clients.contains(&PopulationId::from_index(index)));
        let total: f64 = parts.iter().map(|part| part.share).sum();
        let needed = !(0..self.populations.len()).all(claimed);
        if needed && (total - 1.0).abs() > 1e-9 {
            let title =
                format!("the shares of the parts of `{}` add up to {} %", store.key, rounded(total * 100.0));
            let problem = Diagnostic::error(Code::Shares, store.key_at, title).label("must add up to 100 %");
            self.report(problem.help("requests of clients that no part names are spread by these shares"));
        }
    }
}

/// What is written of a part, and below that what is written of its store.
pub(crate) fn part_of(store: &Entry, part: &Entry) -> Entry {
    let said = |key: &str| part.node.get(key).is_some() && key != "clients" && key != "share";
    let rest = store.node.entries().iter().filter(|entry| entry.key != "parts" && !said(&entry.key));
    let own = part.node.entries().iter().filter(|entry| said(&entry.key));
    let node = Node { value: Value::Map(own.chain(rest).cloned().collect()), ..part.node.clone() };
    Entry { key: format!("{}/{}", store.key, part.key), key_at: part.key_at, node }
}
