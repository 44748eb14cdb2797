//! The failure domains as a graph, and what each fault of a domain reaches.

use crate::specification::{DomainId, EntryId, LinkId, SiteId, Specification, Steering};
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::Dfs;
use sim::{Id, Table};

/// Where a fault of a domain meets a site: in what the site cannot do without, or in one of several alternatives.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Touch {
    pub(crate) site: SiteId,
    pub(crate) part: Part,
}

/// Part of what a site depends on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Part {
    /// Needed whatever happens.
    Trunk,
    /// One alternative of a clause, both counted within the site; alternatives are numbered through all clauses.
    Branch { clause: u16, alternative: u16 },
}

/// How many alternatives each clause of a site has; only clauses with a choice are listed.
pub(crate) type Clauses = Vec<u16>;

/// The failure domains, closed over `within` and `needs`.
#[derive(Clone, Debug)]
pub(crate) struct Topology {
    /// What a fault of each domain touches, in order of sites.
    pub(crate) touches: Table<DomainId, Vec<Touch>>,
    /// The clauses of each site.
    pub(crate) clauses: Table<SiteId, Clauses>,
    /// Entry points whose name servers stand in each domain.
    pub(crate) answers: Table<DomainId, Vec<EntryId>>,
    /// Entry points whose records are changed through each domain.
    pub(crate) controls: Table<DomainId, Vec<EntryId>>,
    /// Links that a fault of each domain cuts.
    pub(crate) links: Table<DomainId, Vec<LinkId>>,
    /// Domains that stand in each domain, without itself.
    pub(crate) below: Table<DomainId, Vec<DomainId>>,
}

/// A domain that stands in itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Loop {
    /// A domain on the loop.
    pub(crate) domain: DomainId,
}

impl Topology {
    /// Closes the graph of `specification`'s domains.
    ///
    /// # Errors
    /// Where a domain stands in itself.
    pub(crate) fn new(specification: &Specification) -> Result<Self, Loop> {
        let ancestors = ancestors(specification)?;
        let mut topology = Topology::empty(specification);
        for (id, above) in ancestors.iter() {
            for &domain in above.iter().filter(|domain| **domain != id) {
                topology.below[domain].push(id);
            }
        }
        for site in specification.sites.ids() {
            topology.add_site(specification, &ancestors, site);
        }
        for (entry, row) in specification.entries.iter() {
            let Steering::Dns(dns) = &row.steering else { continue };
            for &domain in dns.operator.iter().flat_map(|operator| &ancestors[*operator]) {
                topology.answers[domain].push(entry);
            }
            for &domain in dns.control_plane.iter().flat_map(|plane| &ancestors[*plane]) {
                topology.controls[domain].push(entry);
            }
        }
        for (link, row) in specification.links.iter() {
            for &domain in &ancestors[row.domain] {
                topology.links[domain].push(link);
            }
        }
        Ok(topology)
    }

    fn empty(specification: &Specification) -> Self {
        let domains = &specification.domains;
        Topology {
            touches: domains.map(|_, _| Vec::new()),
            clauses: specification.sites.map(|_, _| Clauses::new()),
            answers: domains.map(|_, _| Vec::new()),
            controls: domains.map(|_, _| Vec::new()),
            links: domains.map(|_, _| Vec::new()),
            below: domains.map(|_, _| Vec::new()),
        }
    }

    fn add_site(&mut self, specification: &Specification, ancestors: &Ancestors, site: SiteId) {
        let row = &specification.sites[site];
        let mut touches: Vec<(DomainId, Part)> =
            ancestors[row.domain].iter().map(|d| (*d, Part::Trunk)).collect();
        let mut alternative = 0;
        for clause in &row.needs {
            if let [only] = clause.any[..] {
                touches.extend(ancestors[only].iter().map(|domain| (*domain, Part::Trunk)));
                continue;
            }
            let number = self.clauses[site].len() as u16;
            self.clauses[site].push(clause.any.len() as u16);
            for choice in &clause.any {
                let part = Part::Branch { clause: number, alternative };
                touches.extend(ancestors[*choice].iter().map(|domain| (*domain, part)));
                alternative += 1;
            }
        }
        touches.sort();
        touches.dedup();
        for (domain, part) in touches {
            self.touches[domain].push(Touch { site, part });
        }
    }

    /// The touches of `domain` that meet `site`.
    pub(crate) fn touches_of(&self, domain: DomainId, site: SiteId) -> &[Touch] {
        let touches = &self.touches[domain];
        let start = touches.partition_point(|touch| touch.site < site);
        let length = touches[start..].iter().take_while(|touch| touch.site == site).count();
        &touches[start..start + length]
    }
}

/// Each domain with everything it stands in, itself included; in id order.
type Ancestors = Table<DomainId, Vec<DomainId>>;

fn ancestors(specification: &Specification) -> Result<Ancestors, Loop> {
    let mut graph = DiGraph::<(), (), u32>::default();
    for _ in specification.domains.ids() {
        graph.add_node(());
    }
    for (id, domain) in specification.domains.iter() {
        for &parent in &domain.within {
            graph.add_edge(NodeIndex::new(id.index()), NodeIndex::new(parent.index()), ());
        }
    }
    petgraph::algo::toposort(&graph, None)
        .map_err(|cycle| Loop { domain: DomainId::from_index(cycle.node_id().index()) })?;
    Ok(specification.domains.map(|id, _| {
        let mut search = Dfs::new(&graph, NodeIndex::new(id.index()));
        let mut above = Vec::new();
        while let Some(node) = search.next(&graph) {
            above.push(DomainId::from_index(node.index()));
        }
        above.sort();
        above
    }))
}
