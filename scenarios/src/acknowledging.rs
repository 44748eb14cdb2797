//! Whom a write waits for, and whose acknowledgement counts.

use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::resolver::Resolver;
use crate::stores::{replicas_of, written};
use crate::tree::{Entry, Node};
use models::specification::{Acknowledged, Acknowledgers, Counting, DomainId, SiteId};

impl Resolver<'_> {
    /// Whom a write waits for.
    pub(crate) fn acknowledged(&mut self, entry: &Entry) -> Option<Acknowledged> {
        let node = entry.node.get("acknowledged_by")?;
        if node.text() == Some("primary") {
            return Some(Acknowledged::Alone);
        }
        let replicas = node.small_count_of("replicas")?;
        let present = replicas_of(&entry.node).map_or(usize::MAX, <[Node]>::len);
        if replicas as usize > present {
            let title = format!("a write waits for {replicas} of {present} replicas");
            let at = written(node, "replicas").unwrap_or(entry.key_at);
            let problem = Diagnostic::error(Code::OutOfRange, at, title).label("no write would ever be done");
            self.report(problem.help("add replicas, or write `acknowledged_by: primary`"));
            return None;
        }
        let which =
            if node.text_of("which") == Some("first") { Acknowledgers::First } else { Acknowledgers::Any };
        Some(Acknowledged::Received { replicas, which, alone_after: node.duration_of("alone_after") })
    }

    /// Whose acknowledgement counts, given where the home and its replicas stand.
    pub(crate) fn counting(
        &mut self,
        entry: &Entry,
        acknowledged: Acknowledged,
        (home, others): (SiteId, &[SiteId]),
    ) -> Option<Counting> {
        let node = entry.node.get("acknowledged_by")?;
        let Some(kind) = node.text_of("in_another") else { return Some(Counting::Everybody) };
        let Acknowledged::Received { replicas, .. } = acknowledged else { return None };
        let places: Vec<Option<DomainId>> =
            [home].iter().chain(others).map(|site| self.stands_in(*site, kind)).collect();
        let counting = Counting::in_another(&places);
        let count = counting.with(0).count_ones();
        if replicas > count {
            let home = &self.spec.sites[home].name;
            let title =
                format!("a write waits for {replicas} of {count} replicas in another {kind} than `{home}`");
            let at = written(node, "in_another").unwrap_or(entry.key_at);
            let problem = Diagnostic::error(Code::OutOfRange, at, title).label("no write would ever be done");
            let help = format!(
                "add replicas in another {kind}, or write `acknowledged_by: {{replicas: {replicas}}}` to let any count"
            );
            self.report(problem.help(help));
            return None;
        }
        Some(counting)
    }

    /// The domain of a kind that a site stands in, if it stands in one.
    fn stands_in(&self, site: SiteId, kind: &str) -> Option<DomainId> {
        let mut id = self.spec.sites[site].domain;
        // A loop is reported elsewhere.
        for _ in 0..self.spec.domains.len() {
            if self.spec.domains[id].kind == kind {
                return Some(id);
            }
            id = self.lies_in(id)?;
        }
        None
    }

    /// What a domain lies in, if anything; not what else it needs.
    fn lies_in(&self, id: DomainId) -> Option<DomainId> {
        let domain = &self.spec.domains[id];
        let own = self.root.get("domains").and_then(|kinds| kinds.get(&domain.kind));
        match own.and_then(|kind| kind.get(domain.path.strip_prefix(&domain.kind)?.strip_prefix('/')?)) {
            Some(declared) => self.domains.get(declared.get("in")?.text()?).map(|declared| declared.id),
            None => domain.within.first().copied(),
        }
    }
}
