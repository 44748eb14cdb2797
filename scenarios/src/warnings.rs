//! What may not mean what was meant.

use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::resolver::{Declared, Resolver};
use crate::tree::Entry;
use models::specification::{DomainId, Endpoint, Steering, StoreId};
use sim::Id;
use std::collections::BTreeSet;

impl Resolver<'_> {
    /// Domains that never fail; checks, entry points, sites and stores that nothing uses; requests without a store.
    pub(crate) fn warnings(&mut self) {
        self.never_failing();
        self.unused_checks();
        self.unused_entries();
        self.unused_sites();
        self.unused_stores();
        self.idle_requests();
    }

    fn never_failing(&mut self) {
        let silent = self.spec.domains.iter().filter(|(id, _)| self.never_fails(*id));
        let declared =
            silent.filter_map(|(_, domain)| Some((&domain.path, self.domains.get(&domain.path)?.at)));
        let warning = |(path, at)| {
            Diagnostic::warning(Code::NeverFails, at, format!("`{path}` never fails"))
                .label("no outages, shock, script or replay")
                .help("give it `outages` or a preset; `outages: none` says that this is meant")
        };
        let found: Vec<Diagnostic> = declared.map(warning).collect();
        self.problems.extend(found);
    }

    fn never_fails(&self, id: DomainId) -> bool {
        let quiet = self.spec.domains[id].outages.is_none() && !self.broken.contains(&id);
        quiet && !self.fails_with_others(id)
    }

    /// A site may leave its failures to what it stands in or needs.
    fn fails_with_others(&self, id: DomainId) -> bool {
        let site = self.spec.sites.rows().iter().find(|site| site.domain == id);
        site.is_some_and(|site| !site.needs.is_empty() || !self.spec.domains[id].within.is_empty())
    }

    fn unused_checks(&mut self) {
        let mut used: BTreeSet<usize> = BTreeSet::new();
        for entry in self.spec.entries.rows() {
            if let Steering::Dns(dns) = &entry.steering {
                used.extend(dns.check.map(Id::index));
            }
        }
        let linked = self.spec.links.rows().iter().flat_map(|link| &link.between);
        used.extend(
            linked.filter_map(
                |end| if let Endpoint::Checkers(check) = end { Some(check.index()) } else { None },
            ),
        );
        self.unused("health check", "health_checks", &used, "no steering uses it");
    }

    fn unused_entries(&mut self) {
        let used = self.spec.populations.rows().iter().map(|population| population.entry.index()).collect();
        self.unused("entry point", "steering", &used, "no clients use it");
    }

    fn unused_sites(&mut self) {
        let answered = self.spec.entries.rows().iter().flat_map(|entry| &entry.sites);
        let members: Vec<_> =
            self.spec.stores.rows().iter().flat_map(|store| store.family.members()).collect();
        let used = answered.chain(&members).map(|site| site.index()).collect();
        self.unused("site", "sites", &used, "no steering answers it");
    }

    fn unused_stores(&mut self) {
        let touched = self.spec.requests.iter().flat_map(|class| class.reads.iter().chain(&class.writes));
        let probed = self.spec.checks.rows().iter().flat_map(|check| &check.stores);
        let used: BTreeSet<StoreId> = touched.chain(probed).copied().collect();
        // What has an owner is of use without requests.
        let owned = |name: &str| {
            let of = |(entry, _): &(&Entry, &[Entry])| entry.key == name;
            let store = self.whole_stores().into_iter().find(of);
            store.is_some_and(|(entry, _)| entry.node.text_of("family") == Some("singleton"))
        };
        let idle = self.stores.iter().filter(|(name, declared)| {
            !used.contains(&declared.id) && !owned(name.split('/').next().unwrap_or_default())
        });
        let warning = |(name, declared): (&String, &Declared<StoreId>)| {
            Diagnostic::warning(Code::Unused, declared.at, format!("the store `{name}` is never used"))
                .label("no request reads or writes it")
        };
        let found: Vec<Diagnostic> = idle.map(warning).collect();
        self.problems.extend(found);
    }

    fn idle_requests(&mut self) {
        let silent = |entry: &&Entry| entry.node.get("reads").is_none() && entry.node.get("writes").is_none();
        for entry in self.section("requests").iter().filter(silent) {
            let title = format!("the requests `{}` touch no store", entry.key);
            let warning = Diagnostic::warning(Code::Unused, entry.key_at, title);
            let label = "neither `reads` nor `writes`: as if they were not named";
            self.report(warning.label(label).help("`reads: []` says that this is meant"));
        }
    }

    fn unused(&mut self, what: &str, section: &str, used: &BTreeSet<usize>, why: &str) {
        for (_, entry) in self.section(section).iter().enumerate().filter(|(index, _)| !used.contains(index))
        {
            let title = format!("the {what} `{}` is never used", entry.key);
            self.report(Diagnostic::warning(Code::Unused, entry.key_at, title).label(why));
        }
    }
}
