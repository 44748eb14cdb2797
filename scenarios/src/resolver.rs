//! From tree to specification: names become ids, and everything is checked against everything else.

use crate::catalogue::Catalogue;
use crate::codes::Code;
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::incidents;
use crate::parts::Part;
use crate::source::Extent;
use crate::tree::{Entry, Node};
use models::specification::{
    CheckId, DomainId, Endpoint, EntryId, PlaceId, PopulationId, SiteId, Specification, StoreId,
};
use sim::Id;
use std::collections::BTreeMap;

/// A name and where it is declared.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Declared<I> {
    pub(crate) id: I,
    pub(crate) at: Extent,
}

/// Names of one kind.
pub(crate) type Names<I> = BTreeMap<String, Declared<I>>;

/// The state of resolving one scenario.
pub(crate) struct Resolver<'a> {
    pub(crate) root: &'a Node,
    pub(crate) spec: Specification,
    pub(crate) problems: Vec<Diagnostic>,
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) incidents: &'a incidents::Library,
    pub(crate) domains: Names<DomainId>,
    pub(crate) sites: Names<SiteId>,
    pub(crate) populations: Names<PopulationId>,
    pub(crate) checks: Names<CheckId>,
    pub(crate) entries: Names<EntryId>,
    pub(crate) stores: Names<StoreId>,
    pub(crate) split: BTreeMap<String, Vec<Part>>,
    pub(crate) places: BTreeMap<String, PlaceId>,
    /// Domains that something is known to break, or that are said never to fail.
    pub(crate) broken: Vec<DomainId>,
}

/// Resolves a checked tree. The specification means something only if there is no error among the problems.
pub(crate) fn resolve(root: &Node, incidents: &incidents::Library) -> (Specification, Vec<Diagnostic>) {
    let mut resolver = Resolver::new(root, incidents);
    resolver.run();
    resolver.declare();
    resolver.domains();
    resolver.links();
    resolver.sites();
    resolver.refuse_loops();
    resolver.stores();
    resolver.health_checks();
    resolver.steering();
    resolver.clients();
    resolver.requests();
    resolver.refuse_slow_replicas();
    resolver.shocks();
    resolver.script();
    resolver.replays();
    resolver.scopes();
    resolver.expectations();
    resolver.delays();
    // What is broken draws warnings that are only its echo.
    if resolver.problems.is_empty() {
        resolver.warnings();
    }
    (resolver.spec, resolver.problems)
}

impl<'a> Resolver<'a> {
    fn new(root: &'a Node, incidents: &'a incidents::Library) -> Self {
        Resolver {
            root,
            spec: Specification::default(),
            problems: Vec::new(),
            catalogue: Catalogue::shipped(),
            incidents,
            domains: Names::new(),
            sites: Names::new(),
            populations: Names::new(),
            checks: Names::new(),
            entries: Names::new(),
            stores: Names::new(),
            split: BTreeMap::new(),
            places: BTreeMap::new(),
            broken: Vec::new(),
        }
    }

    /// The entries of a section of the file.
    pub(crate) fn section(&self, key: &str) -> &'a [Entry] {
        self.root.get(key).map_or(&[], Node::entries)
    }

    /// The items of a list of the file.
    pub(crate) fn list(&self, key: &str) -> &'a [Node] {
        self.root.get(key).map_or(&[], Node::items)
    }

    pub(crate) fn report(&mut self, problem: Diagnostic) {
        self.problems.push(problem);
    }

    /// Gives ids to sites, populations, checks and entry points, so that they may refer to each other.
    fn declare(&mut self) {
        self.sites = names(self.section("sites"));
        self.populations = names(self.section("clients"));
        self.checks = names(self.section("health_checks"));
        self.entries = names(self.section("steering"));
        self.declare_stores();
        self.limit("sites", 2000);
        self.limit("clients", 10_000);
        self.limit("steering", 1000);
        self.limit("health_checks", 1000);
        self.limit("stores", 1000);
        self.limit("requests", 1000);
    }

    fn limit(&mut self, section: &str, most: usize) {
        let entries = self.section(section);
        if let Some(entry) = entries.get(most) {
            let title = format!("{} {section}; {most} is the most", entries.len());
            self.report(Diagnostic::error(Code::TooMany, entry.key_at, title).label("one too many"));
        }
    }

    /// The domain that `node` names.
    pub(crate) fn domain(&mut self, node: &Node) -> Option<DomainId> {
        let path = node.text()?;
        if let Some(declared) = self.domains.get(path) {
            return Some(declared.id);
        }
        let help = self.nearest_domain(path);
        self.unknown("domain", node, help);
        None
    }

    fn nearest_domain(&self, path: &str) -> Option<String> {
        let tail = |known: &str| known.rsplit('/').next() == path.rsplit('/').next();
        let same_tail = self.domains.keys().find(|known| tail(known));
        same_tail
            .map(|path| format!("did you mean `{path}`?"))
            .or_else(|| did_you_mean(path, self.domains.keys().map(String::as_str)))
    }

    pub(crate) fn site(&mut self, node: &Node) -> Option<SiteId> {
        let found = self.sites.get(node.text()?).map(|declared| declared.id);
        if found.is_none() {
            let help = did_you_mean(node.text()?, self.sites.keys().map(String::as_str));
            self.unknown("site", node, help);
        }
        found
    }

    pub(crate) fn check(&mut self, node: &Node) -> Option<CheckId> {
        let found = self.checks.get(node.text()?).map(|declared| declared.id);
        if found.is_none() {
            let help = did_you_mean(node.text()?, self.checks.keys().map(String::as_str));
            self.unknown("health check", node, help);
        }
        found
    }

    pub(crate) fn store(&mut self, node: &Node) -> Option<StoreId> {
        let found = self.stores.get(node.text()?).map(|declared| declared.id);
        if found.is_none() {
            let known = self.stores.keys().chain(self.split.keys()).map(String::as_str);
            let help = did_you_mean(node.text()?, known);
            self.unknown("store", node, help);
        }
        found
    }

    pub(crate) fn entry_point(&mut self, node: &Node) -> Option<EntryId> {
        let found = self.entries.get(node.text()?).map(|declared| declared.id);
        if found.is_none() {
            let help = did_you_mean(node.text()?, self.entries.keys().map(String::as_str));
            self.unknown("entry point", node, help);
        }
        found
    }

    /// A site, `clients/NAME`, `health_checks/NAME`, or a bare name that only one of them has.
    pub(crate) fn endpoint(&mut self, node: &Node) -> Option<Endpoint> {
        let text = node.text()?;
        let site = self.sites.get(text).map(|declared| Endpoint::Site(declared.id));
        let clients = self.populations.get(text.strip_prefix("clients/").unwrap_or(text));
        let clients = clients.map(|declared| Endpoint::Clients(declared.id));
        let checkers = self.checks.get(text.strip_prefix("health_checks/").unwrap_or(text));
        let checkers = checkers.map(|declared| Endpoint::Checkers(declared.id));
        let found: Vec<Endpoint> = [site, clients, checkers].into_iter().flatten().collect();
        match found[..] {
            [only] => return Some(only),
            [] => {
                let known = self.sites.keys().chain(self.populations.keys()).chain(self.checks.keys());
                let help = did_you_mean(text, known.map(String::as_str));
                self.unknown("site, population or health check", node, help);
            }
            _ => {
                let title = format!("`{text}` could be several things");
                let help = format!("write `clients/{text}` or `health_checks/{text}`, or rename one");
                self.report(Diagnostic::error(Code::UnknownReference, node.at, title).help(help));
            }
        }
        None
    }

    pub(crate) fn unknown(&mut self, what: &str, node: &Node, help: Option<String>) {
        let title = format!("unknown {what} `{}`", node.text().unwrap_or_default());
        let problem = Diagnostic::error(Code::UnknownReference, node.at, title)
            .label(format!("no {what} has this name"));
        self.report(problem.help_if(help));
    }

    /// Reports what a list names twice.
    pub(crate) fn refuse_repeats(&mut self, list: &[Node]) {
        let mut seen: BTreeMap<&str, Extent> = BTreeMap::new();
        for node in list {
            let Some(text) = node.text() else { continue };
            match seen.get(text) {
                Some(first) => {
                    let title = format!("`{text}` is named twice");
                    let problem = Diagnostic::error(Code::Repeated, node.at, title).label("again here");
                    self.report(problem.related(*first, "first here"));
                }
                None => drop(seen.insert(text, node.at)),
            }
        }
    }

    /// Reports keys of which at most one may be written, and says whether there was a clash.
    pub(crate) fn exclusive(&mut self, node: &Node, keys: &[&str]) -> bool {
        let written: Vec<&Entry> =
            node.entries().iter().filter(|entry| keys.contains(&entry.key.as_str())).collect();
        let [first, second, ..] = written[..] else { return false };
        let title = format!("`{}` and `{}` exclude each other", first.key, second.key);
        let problem = Diagnostic::error(Code::Exclusive, second.key_at, title).label("leave one out");
        self.report(problem.related(first.key_at, "the other"));
        true
    }

    pub(crate) fn missing(&mut self, node: &Node, title: impl Into<String>, help: &str) {
        self.report(Diagnostic::error(Code::MissingKey, node.at, title).help(help));
    }
}

/// Ids by name, in the order written.
fn names<I: Id>(entries: &[Entry]) -> Names<I> {
    let declared = |(index, entry): (usize, &Entry)| {
        (entry.key.clone(), Declared { id: I::from_index(index), at: entry.key_at })
    };
    entries.iter().enumerate().map(declared).collect()
}
