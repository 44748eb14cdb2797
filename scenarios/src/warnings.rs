//! What may not mean what was meant.

use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::resolver::{Declared, Resolver};
use crate::source::Extent;
use crate::tree::Entry;
use models::specification::{
    Acknowledged, DomainId, Endpoint, Failover, Family, PopulationId, Primary, SiteId, Steering, StoreId,
};
use sim::Id;
use std::collections::BTreeSet;

impl Resolver<'_> {
    /// Domains that never fail; checks, entry points, sites and stores that nothing uses; requests without a store; failovers that
    /// nobody can agree on.
    pub(crate) fn warnings(&mut self) {
        self.never_failing();
        self.unused_checks();
        self.unused_entries();
        self.unused_sites();
        self.unused_stores();
        self.idle_requests();
        self.failing_over_never();
        self.unanswered_successors();
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

    fn failing_over_never(&mut self) {
        let stuck = self.spec.stores.rows().iter().filter_map(|store| {
            let Family::Primary(plan) = &store.family else { return None };
            let left = votes_without_home(&store.family.members(), plan)?;
            let home = &self.spec.sites[plan.home].name;
            let title = format!("the store `{}` cannot fail over when `{home}` is lost", store.name);
            let total: u32 = plan.votes.of.iter().sum();
            let label =
                format!("left without it: {left} of {total} votes, and a quorum is {}", plan.votes.quorum);
            Some((self.stores.get(&store.name)?.at, title, label))
        });
        let warning = |(at, title, label): (Extent, String, String)| {
            Diagnostic::warning(Code::NoFailover, at, title)
                .label(label)
                .help("add a replica or a witness at a third site")
        };
        let found: Vec<Diagnostic> = stuck.map(warning).collect();
        self.problems.extend(found);
    }

    /// Whoever is promoted must find enough replicas whose acknowledgement counts.
    fn unanswered_successors(&mut self) {
        let stuck = self.spec.stores.rows().iter().filter_map(|store| {
            let Family::Primary(plan) = &store.family else { return None };
            let (writer, count, replicas) = unanswered(plan)?;
            let site = &self.spec.sites[plan.replicas[writer - 1]].name;
            let title = format!("nobody could write the store `{}` once `{site}` is its primary", store.name);
            let label = format!("a write would wait for {replicas} of {count} replicas in another place");
            Some((self.stores.get(&store.name)?.at, title, label))
        });
        let warning = |(at, title, label): (Extent, String, String)| {
            Diagnostic::warning(Code::NoAcknowledgers, at, title)
                .label(label)
                .help("add a replica in another place than that site, or let writes wait for fewer")
        };
        let found: Vec<Diagnostic> = stuck.map(warning).collect();
        self.problems.extend(found);
    }

    /// Backlogs are followed where something has failed: without that nobody may lack anything.
    pub(crate) fn refuse_slow_replicas(&mut self) {
        let slow = self.spec.stores.iter().filter_map(|(id, store)| {
            let Family::Primary(plan) = &store.family else { return None };
            let applied = plan.apply_rate.filter(|_| !plan.replicas.is_empty())?;
            let written = self.written_at_most(id);
            let title = format!("a replica of the store `{}` cannot keep up", store.name);
            let label = format!("up to {written:.0} writes a second come, and {applied:.0} are applied");
            Some((self.stores.get(&store.name)?.at, title, label)).filter(|_| written >= applied)
        });
        let refusal = |(at, title, label): (Extent, String, String)| {
            Diagnostic::error(Code::CannotKeepUp, at, title)
                .label(label)
                .help("more must be applied than may come while all populations are at their peak")
        };
        let found: Vec<Diagnostic> = slow.map(refusal).collect();
        self.problems.extend(found);
    }

    /// Writes a second that may come to a store.
    fn written_at_most(&self, store: StoreId) -> f64 {
        let of = |population: PopulationId| -> f64 {
            let classes = self.spec.requests.iter();
            let writing = classes.filter(|class| class.is_of(population) && class.writes.contains(&store));
            writing.map(|class| class.share).sum()
        };
        self.spec.populations.iter().map(|(id, population)| population.demand.peak() * of(id)).sum()
    }

    fn unused(&mut self, what: &str, section: &str, used: &BTreeSet<usize>, why: &str) {
        for (_, entry) in self.section(section).iter().enumerate().filter(|(index, _)| !used.contains(index))
        {
            let title = format!("the {what} `{}` is never used", entry.key);
            self.report(Diagnostic::warning(Code::Unused, entry.key_at, title).label(why));
        }
    }
}

/// The first that may be promoted and then waits for ever, how many could answer it, and how many must.
fn unanswered(plan: &Primary) -> Option<(usize, u32, u32)> {
    let Acknowledged::Received { replicas, alone_after: None, .. } = plan.acknowledged else { return None };
    let count = |writer: usize| plan.acknowledgers(writer).count_ones();
    let promoted = (1..=plan.replicas.len()).filter(|_| plan.failover != Failover::Never);
    promoted.map(|writer| (writer, count(writer), replicas)).find(|(_, count, _)| *count < replicas)
}

/// The votes that are left without the home's site, if its loss asks for a quorum that they are not. A site that is a quorum by
/// itself is meant to be.
fn votes_without_home(members: &[SiteId], plan: &Primary) -> Option<u32> {
    let agreed = matches!(plan.failover, Failover::Lease { .. } | Failover::Checked { .. });
    let votes = |here: bool| -> u32 {
        let votes = members.iter().zip(&plan.votes.of);
        votes.filter(|(site, _)| (**site == plan.home) == here).map(|(_, votes)| votes).sum()
    };
    (agreed && votes(true) < plan.votes.quorum && votes(false) < plan.votes.quorum).then(|| votes(false))
}
