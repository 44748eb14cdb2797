//! The network: one-way delays between places, and who can reach whom.

use crate::fault::Faults;
use crate::specification::{CheckId, Endpoint, LinkId, Place, PlaceId, PopulationId, SiteId, Specification};
use petgraph::unionfind::UnionFind;
use sim::{Id, Span, Table};

/// Mean radius of the Earth in kilometres (IUGG).
const EARTH_RADIUS_KM: f64 = 6371.0088;
/// One-way delay by great-circle distance: a fixed part, and kilometres per second of path.
///
/// Fitted to measured round trips between cloud regions by the least sum of absolute log ratios; errors: median 16 %,
/// 90th percentile 39 %. See the head of the table of
/// round trips in the scenario catalogue.
const DELAY_FIXED_S: f64 = 0.0016;
const DELAY_KM_PER_S: f64 = 115_000.0;

/// Great-circle distance in kilometres (haversine).
pub fn distance_km(a: &Place, b: &Place) -> f64 {
    let (latitude_a, latitude_b) = (a.latitude.to_radians(), b.latitude.to_radians());
    let half = |x: f64| {
        let s = libm::sin(x / 2.0);
        s * s
    };
    let across = (b.longitude - a.longitude).to_radians();
    let h = half(latitude_b - latitude_a) + libm::cos(latitude_a) * libm::cos(latitude_b) * half(across);
    2.0 * EARTH_RADIUS_KM * libm::asin(h.sqrt().min(1.0))
}

/// One-way delay between two places by distance alone.
pub fn delay_by_distance(a: &Place, b: &Place) -> Span {
    Span::from_seconds(DELAY_FIXED_S + distance_km(a, b) / DELAY_KM_PER_S)
}

/// One-way delay between two places: explicit or measured if known, else by distance. Nowhere has no delay.
pub(crate) fn delay(specification: &Specification, a: Option<PlaceId>, b: Option<PlaceId>) -> Span {
    let (Some(a), Some(b)) = (a, b) else { return Span::ZERO };
    let known = |&&(x, y, _): &&(PlaceId, PlaceId, Span)| (x, y) == (a, b) || (y, x) == (a, b);
    match specification.delays.iter().find(known) {
        Some((_, _, delay)) => *delay,
        None => delay_by_distance(&specification.places[a], &specification.places[b]),
    }
}

/// Who can reach whom, as far as the network between them is concerned.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    /// Row-major: populations by sites.
    clients: Vec<bool>,
    /// Row-major: checks by sites.
    checkers: Vec<bool>,
    /// Row-major: sites by sites; empty unless there are stores.
    between_sites: Vec<bool>,
    sites: usize,
    /// Active faults on each link.
    link_faults: Table<LinkId, u32>,
    dirty: bool,
}

impl Network {
    pub(crate) fn new(specification: &Specification) -> Self {
        let sites = specification.sites.len();
        Network {
            clients: vec![true; specification.populations.len() * sites],
            checkers: vec![true; specification.checks.len() * sites],
            between_sites: vec![true; if specification.stores.is_empty() { 0 } else { sites * sites }],
            sites,
            link_faults: specification.links.map(|_, _| 0),
            dirty: false,
        }
    }

    pub(crate) fn reset(&mut self) {
        self.clients.fill(true);
        self.checkers.fill(true);
        self.between_sites.fill(true);
        self.link_faults.rows_mut().fill(0);
        self.dirty = false;
    }

    pub(crate) fn client_reaches(&self, population: PopulationId, site: SiteId) -> bool {
        self.clients[population.index() * self.sites + site.index()]
    }

    pub(crate) fn checker_reaches(&self, check: CheckId, site: SiteId) -> bool {
        self.checkers[check.index() * self.sites + site.index()]
    }

    /// Known only where there are stores.
    pub(crate) fn site_reaches(&self, from: SiteId, to: SiteId) -> bool {
        self.between_sites[from.index() * self.sites + to.index()]
    }

    /// A partition began or ended.
    pub(crate) fn partition_changed(&mut self) {
        self.dirty = true;
    }

    /// A fault on `link` began or ended.
    pub(crate) fn link_changed(&mut self, link: LinkId, fails: bool) {
        let count = &mut self.link_faults[link];
        *count = if fails { *count + 1 } else { *count - 1 };
        self.dirty |= *count == u32::from(fails);
    }

    /// Recomputes reachability if links or partitions changed; says whether anything did.
    #[inline]
    pub(crate) fn settle(&mut self, specification: &Specification, faults: &Faults) -> bool {
        let dirty = std::mem::take(&mut self.dirty);
        if dirty {
            self.recompute(specification, faults);
        }
        dirty
    }

    fn recompute(&mut self, specification: &Specification, faults: &Faults) {
        let graph = LinkGraph::new(specification);
        let whole = graph.components(specification, |_| true);
        let now = graph.components(specification, |link| self.link_faults[link] == 0);
        let reaches = |a: Endpoint, b: Endpoint| {
            let (node_a, node_b) = (graph.node(a), graph.node(b));
            let by_links = whole.equiv(node_a, node_b);
            (!by_links || now.equiv(node_a, node_b))
                && !faults.active().iter().any(|fault| fault.separates(a, b))
        };
        for site in specification.sites.ids() {
            for population in specification.populations.ids() {
                self.clients[population.index() * self.sites + site.index()] =
                    reaches(Endpoint::Clients(population), Endpoint::Site(site));
            }
            for check in specification.checks.ids() {
                self.checkers[check.index() * self.sites + site.index()] =
                    reaches(Endpoint::Checkers(check), Endpoint::Site(site));
            }
            for other in specification.sites.ids().filter(|_| !specification.stores.is_empty()) {
                self.between_sites[site.index() * self.sites + other.index()] =
                    site == other || reaches(Endpoint::Site(site), Endpoint::Site(other));
            }
        }
    }
}

/// Endpoints as nodes of a graph whose edges are the declared links.
struct LinkGraph {
    sites: usize,
    populations: usize,
    checks: usize,
}

impl LinkGraph {
    fn new(specification: &Specification) -> Self {
        LinkGraph {
            sites: specification.sites.len(),
            populations: specification.populations.len(),
            checks: specification.checks.len(),
        }
    }

    fn node(&self, endpoint: Endpoint) -> usize {
        match endpoint {
            Endpoint::Site(site) => site.index(),
            Endpoint::Clients(population) => self.sites + population.index(),
            Endpoint::Checkers(check) => self.sites + self.populations + check.index(),
        }
    }

    fn components(&self, specification: &Specification, works: impl Fn(LinkId) -> bool) -> UnionFind<usize> {
        let mut components = UnionFind::new(self.sites + self.populations + self.checks);
        for (link, row) in specification.links.iter().filter(|(link, _)| works(*link)) {
            debug_assert!(link.index() < specification.links.len());
            for pair in row.between.windows(2) {
                components.union(self.node(pair[0]), self.node(pair[1]));
            }
        }
        components
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(latitude: f64, longitude: f64) -> Place {
        Place { name: String::new(), latitude, longitude }
    }

    #[test]
    fn a_quarter_of_the_equator_is_ten_thousand_kilometres() {
        let quarter = distance_km(&place(0.0, 0.0), &place(0.0, 90.0));
        assert!((quarter - std::f64::consts::FRAC_PI_2 * EARTH_RADIUS_KM).abs() < 1e-6);
        assert!((distance_km(&place(90.0, 0.0), &place(0.0, 77.0)) - quarter).abs() < 1e-6);
    }

    #[test]
    fn london_to_new_york_is_5570_kilometres() {
        let (london, new_york) = (place(51.5074, -0.1278), place(40.7128, -74.0060));
        assert!((distance_km(&london, &new_york) - 5570.0).abs() < 5.0);
    }
}
