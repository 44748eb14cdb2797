//! Active faults: what each one does, to which sites, and which of them a loss is to be charged to.

use crate::blame::SourceId;
use crate::specification::{DomainId, Effect, Endpoint, PopulationId, SiteId};
use crate::timeline::{ChangeId, FaultId};
use crate::topology::{Part, Topology};
use sim::{Id, Instant};

/// One fault, from its beginning to its repair.
#[derive(Clone, Debug)]
pub(crate) struct Fault<'d> {
    pub(crate) id: FaultId,
    pub(crate) source: SourceId,
    pub(crate) harm: Harm<'d>,
    pub(crate) since: Instant,
    pub(crate) change: ChangeId,
}

/// What a fault does.
#[derive(Clone, Debug)]
pub(crate) enum Harm<'d> {
    /// Effects on everything that a domain touches, or on some of its sites only.
    Domain { domain: DomainId, effects: &'d [Effect], hits: Option<Box<[bool]>> },
    /// Cuts groups from each other.
    Partition { groups: &'d [Vec<Endpoint>] },
}

impl Fault<'_> {
    pub(crate) fn domain(&self) -> Option<DomainId> {
        match self.harm {
            Harm::Domain { domain, .. } => Some(domain),
            Harm::Partition { .. } => None,
        }
    }

    pub(crate) fn effects(&self) -> &[Effect] {
        match self.harm {
            Harm::Domain { effects, .. } => effects,
            Harm::Partition { .. } => &[],
        }
    }

    /// Is `site` among those it hits, if it reaches it at all?
    pub(crate) fn hits(&self, site: SiteId) -> bool {
        match &self.harm {
            Harm::Domain { hits: Some(hits), .. } => hits[site.index()],
            Harm::Domain { hits: None, .. } => true,
            Harm::Partition { .. } => false,
        }
    }

    /// The parts of `site` it meets.
    pub(crate) fn parts<'t>(
        &self,
        topology: &'t Topology,
        site: SiteId,
    ) -> impl Iterator<Item = Part> + use<'t> {
        let touches = match self.harm {
            Harm::Domain { domain, .. } if self.hits(site) => topology.touches_of(domain, site),
            _ => &[],
        };
        touches.iter().map(|touch| touch.part)
    }

    /// Does it keep members of two groups apart?
    pub(crate) fn separates(&self, a: Endpoint, b: Endpoint) -> bool {
        let Harm::Partition { groups } = self.harm else { return false };
        let group = |member| groups.iter().position(|group| group.contains(&member));
        matches!((group(a), group(b)), (Some(a), Some(b)) if a != b)
    }
}

impl Effect {
    /// Does it reach sites (rather than name servers or record changes)?
    pub(crate) fn on_sites(self) -> bool {
        !matches!(self, Effect::ControlPlane | Effect::Dns)
    }

    /// Does it take a site from clients altogether?
    pub(crate) fn takes_from_clients(self) -> bool {
        match self {
            Effect::Down => true,
            Effect::Isolated(isolation) => isolation.clients,
            _ => false,
        }
    }

    /// Does it silence name servers in its domain?
    pub(crate) fn silences(self) -> bool {
        matches!(self, Effect::Down | Effect::Dns)
    }

    /// Does it stop record changes through its domain?
    pub(crate) fn freezes(self) -> bool {
        matches!(self, Effect::Down | Effect::ControlPlane)
    }
}

/// The active faults, in the order of their beginning.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults<'d> {
    active: Vec<Fault<'d>>,
    next: u32,
}

impl<'d> Faults<'d> {
    pub(crate) fn clear(&mut self) {
        self.active.clear();
        self.next = 0;
    }

    pub(crate) fn active(&self) -> &[Fault<'d>] {
        &self.active
    }

    /// The number of the next fault.
    pub(crate) fn number(&mut self) -> FaultId {
        let id = FaultId(self.next);
        self.next += 1;
        id
    }

    pub(crate) fn begin(&mut self, fault: Fault<'d>) {
        self.active.push(fault);
    }

    pub(crate) fn end(&mut self, id: FaultId) -> Fault<'d> {
        let index = self.active.iter().position(|fault| fault.id == id).expect("only active faults end");
        self.active.remove(index)
    }

    /// Indices of the faults that take `site` from `population`, into `found`; `cut` says whether the network keeps
    /// them apart.
    pub(crate) fn that_take(
        &self,
        topology: &Topology,
        site: SiteId,
        population: PopulationId,
        cut: bool,
        found: &mut Vec<usize>,
    ) {
        found.clear();
        let (clients, server) = (Endpoint::Clients(population), Endpoint::Site(site));
        for (index, fault) in self.active.iter().enumerate() {
            let taken = fault.effects().iter().any(|effect| effect.takes_from_clients())
                && fault.parts(topology, site).any(|part| self.is_met(topology, site, part, |_| false));
            let severs = cut
                && fault.effects().iter().any(|effect| effect.takes_from_clients())
                && fault.domain().is_some_and(|domain| !topology.links[domain].is_empty());
            if taken || severs || fault.separates(clients, server) {
                found.push(index);
            }
        }
    }

    /// Indices of the faults with an effect on `site` for which `counts` holds, into `found`; not those that meet only an
    /// alternative which another one without such an effect stands in for.
    pub(crate) fn with_effect(
        &self,
        topology: &Topology,
        site: SiteId,
        counts: impl Fn(Effect) -> bool,
        found: &mut Vec<usize>,
    ) {
        found.clear();
        for (index, fault) in self.active.iter().enumerate() {
            if fault.effects().iter().any(|effect| counts(*effect))
                && fault.parts(topology, site).any(|part| self.is_met(topology, site, part, &counts))
            {
                found.push(index);
            }
        }
    }

    /// Does the site suffer from what happens to this part of it: always for the trunk, for a branch if every alternative
    /// of its clause is gone or has an effect that `counts`?
    fn is_met(&self, topology: &Topology, site: SiteId, part: Part, counts: impl Fn(Effect) -> bool) -> bool {
        let Part::Branch { clause, .. } = part else { return true };
        let clauses = &topology.clauses[site];
        let first: u16 = clauses[..usize::from(clause)].iter().sum();
        (first..first + clauses[usize::from(clause)]).all(|alternative| {
            let branch = Part::Branch { clause, alternative };
            self.active.iter().any(|fault| {
                fault.effects().iter().any(|effect| effect.takes_from_clients() || counts(*effect))
                    && fault.parts(topology, site).any(|part| part == branch)
            })
        })
    }
}
