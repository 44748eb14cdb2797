//! When each scope counts as up, and what is promised for it.

use crate::codes::Code;
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::resolver::Resolver;
use crate::source::Extent;
use crate::tree::{Entry, Node, Value};
use models::specification::{Promise, Scope, Serving, SiteId};
use sim::Id;

/// Why a name is no scope.
pub(crate) enum NoScope {
    /// Nothing has it.
    Unknown(Option<String>),
    /// An entry point and a population have it.
    Ambiguous,
}

impl Resolver<'_> {
    /// `serving` and `sla`.
    pub(crate) fn scopes(&mut self) {
        for entry in self.section("serving") {
            let scope = self.scope_key(entry);
            if let Some(serving) = scope.and_then(|scope| self.serving(&entry.node, scope)) {
                self.spec.serving.push((scope.unwrap_or(Scope::All), serving));
            }
        }
        let Some(sla) = self.root.get("sla") else { return };
        match &sla.value {
            Value::Map(entries) => entries.iter().for_each(|entry| self.promise(entry)),
            _ => self
                .spec
                .slas
                .extend(sla.share().map(|availability| Promise { scope: Scope::All, availability })),
        }
    }

    fn promise(&mut self, entry: &Entry) {
        if let Some((scope, availability)) = self.scope_key(entry).zip(entry.node.share()) {
            self.spec.slas.push(Promise { scope, availability });
        }
    }

    fn scope_key(&mut self, entry: &Entry) -> Option<Scope> {
        match self.scope(&entry.key) {
            Ok(scope) => Some(scope),
            Err(problem) => {
                self.no_scope(&entry.key, entry.key_at, problem);
                None
            }
        }
    }

    /// The scope of this name: `all`, an entry point or a population.
    pub(crate) fn scope(&self, name: &str) -> Result<Scope, NoScope> {
        let entry = self
            .entries
            .get(name.strip_prefix("steering/").unwrap_or(name))
            .map(|found| Scope::Entry(found.id));
        let population = self
            .populations
            .get(name.strip_prefix("clients/").unwrap_or(name))
            .map(|found| Scope::Population(found.id));
        match (name, entry, population) {
            ("all", None, None) => Ok(Scope::All),
            (_, Some(scope), None) | (_, None, Some(scope)) => Ok(scope),
            (_, Some(_), Some(_)) => Err(NoScope::Ambiguous),
            (_, None, None) => {
                let known = self.entries.keys().chain(self.populations.keys()).map(String::as_str);
                Err(NoScope::Unknown(did_you_mean(name, known)))
            }
        }
    }

    pub(crate) fn no_scope(&mut self, name: &str, at: Extent, problem: NoScope) {
        let problem = match problem {
            NoScope::Unknown(help) => {
                Diagnostic::error(Code::UnknownReference, at, format!("unknown scope `{name}`"))
                    .label("neither `all`, nor an entry point, nor a population")
                    .help_if(help)
            }
            NoScope::Ambiguous => Diagnostic::error(
                Code::UnknownReference,
                at,
                format!("`{name}` is an entry point and a population"),
            )
            .help(format!("rename one, or write `steering/{name}` or `clients/{name}`")),
        };
        self.report(problem);
    }

    fn serving(&mut self, node: &Node, scope: Scope) -> Option<Serving> {
        if self.exclusive(node, &["up_at", "needs"]) {
            return None;
        }
        if node.get("of").is_some() {
            self.exclusive(node, &["up_at", "of"]);
        }
        if let Some(share) = node.share_of("up_at") {
            return Some(Serving::Share(share));
        }
        let needs = node.get("needs")?;
        let (sites, of) = needs.out_of()?;
        let members = self.members(node, scope);
        if members.len() as u64 != of {
            let title = format!("there are {} sites, not {of}", members.len());
            let problem = Diagnostic::error(Code::OutOfRange, needs.at, title);
            let help = format!(
                "write `{} of {} sites`, or name them by `of`",
                sites.min(members.len() as u64),
                members.len()
            );
            self.report(problem.help(help));
            return None;
        }
        Some(Serving::Needs { sites: sites as u32, of: members })
    }

    /// The sites a rule speaks of: those named, else those of the scope's entry point, else all.
    fn members(&mut self, node: &Node, scope: Scope) -> Vec<SiteId> {
        if let Some(of) = node.get("of") {
            self.refuse_repeats(of.items());
            return of.items().iter().filter_map(|item| self.site(item)).collect();
        }
        let entry = match scope {
            Scope::All => None,
            Scope::Entry(entry) => Some(entry),
            Scope::Population(population) => {
                self.spec.populations.rows().get(population.index()).map(|row| row.entry)
            }
        };
        match entry.and_then(|entry| self.spec.entries.rows().get(entry.index())) {
            Some(entry) => entry.sites.clone(),
            None => self.spec.sites.ids().collect(),
        }
    }
}
