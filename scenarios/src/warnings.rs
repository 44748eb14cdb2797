//! What may not mean what was meant.

use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::resolver::Resolver;
use models::specification::{Endpoint, Steering};
use sim::Id;
use std::collections::BTreeSet;

impl Resolver<'_> {
    /// Domains that never fail; checks, entry points and sites that nothing uses.
    pub(crate) fn warnings(&mut self) {
        self.never_failing();
        self.unused_checks();
        self.unused_entries();
        self.unused_sites();
    }

    fn never_failing(&mut self) {
        let silent = |id, kind: &str| {
            kind != "site" && self.spec.domains[id].outages.is_none() && !self.broken.contains(&id)
        };
        let silent: Vec<_> =
            self.spec.domains.iter().filter(|(id, domain)| silent(*id, &domain.kind)).collect();
        let found: Vec<Diagnostic> = silent
            .into_iter()
            .filter_map(|(_, domain)| {
                let declared = self.domains.get(&domain.path)?;
                let title = format!("`{}` never fails", domain.path);
                let problem = Diagnostic::warning(Code::NeverFails, declared.at, title)
                    .label("no outages, shock, script or replay");
                Some(problem.help("give it `outages` or a preset; `outages: none` says that this is meant"))
            })
            .collect();
        self.problems.extend(found);
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
        let used = self
            .spec
            .entries
            .rows()
            .iter()
            .flat_map(|entry| entry.sites.iter().map(|site| site.index()))
            .collect();
        self.unused("site", "sites", &used, "no steering answers it");
    }

    fn unused(&mut self, what: &str, section: &str, used: &BTreeSet<usize>, why: &str) {
        for (_, entry) in self.section(section).iter().enumerate().filter(|(index, _)| !used.contains(index))
        {
            let title = format!("the {what} `{}` is never used", entry.key);
            self.report(Diagnostic::warning(Code::Unused, entry.key_at, title).label(why));
        }
    }
}
