//! Where things are, and measured delays between them.

use crate::codes::Code;
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::resolver::Resolver;
use crate::tree::{Node, Value};
use models::specification::{Place, PlaceId};
use sim::Span;

impl Resolver<'_> {
    /// The place that `at` describes: coordinates, known as `name`, or a region.
    pub(crate) fn place(&mut self, at: &Node, name: &str) -> Option<PlaceId> {
        match &at.value {
            Value::List(_) => {
                let (latitude, longitude) = self.coordinates(at)?;
                Some(self.add_place(name, latitude, longitude))
            }
            _ => self.region_named(at),
        }
    }

    fn coordinates(&mut self, at: &Node) -> Option<(f64, f64)> {
        let [north, east] = at.items() else {
            if at.items().len() > 2 {
                let title = format!("{} coordinates; a place has two", at.items().len());
                self.report(
                    Diagnostic::error(Code::OutOfRange, at.at, title)
                        .help("write degrees north and east: `[51.5, -0.1]`"),
                );
            }
            return None;
        };
        let (latitude, longitude) = (north.number()?, east.number()?);
        if latitude.abs() > 90.0 {
            let problem =
                Diagnostic::error(Code::OutOfRange, north.at, format!("`{latitude}` degrees north"));
            self.report(
                problem.label("-90 to 90 is possible").help("degrees north come first, then degrees east"),
            );
            return None;
        }
        Some((latitude, longitude))
    }

    /// The place of that name, made if there is none.
    fn add_place(&mut self, name: &str, latitude: f64, longitude: f64) -> PlaceId {
        if let Some(id) = self.places.get(name) {
            return *id;
        }
        let id = self.spec.places.push(Place { name: name.to_owned(), latitude, longitude });
        self.places.insert(name.to_owned(), id);
        id
    }

    /// A region of this topology or of the catalogue, as a vantage point or a population's place.
    fn region_named(&mut self, node: &Node) -> Option<PlaceId> {
        let path = node.text()?;
        let root = self.root;
        let declared = region(root, path).and_then(|region| region.get("at"));
        match (declared, self.catalogue.place(path)) {
            (Some(at), _) => self.place(at, path),
            (None, Some((latitude, longitude))) => Some(self.add_place(path, latitude, longitude)),
            (None, None) => {
                let help = did_you_mean(path, self.catalogue.paths());
                self.unknown("region", node, help);
                None
            }
        }
    }

    /// The place of the domain a site stands in: its region's or provider's.
    pub(crate) fn place_of_domain(&mut self, node: &Node) -> Option<PlaceId> {
        let path = node.text()?;
        let mut parts = path.splitn(3, '/');
        let (provider, region) = (parts.next()?, parts.next());
        let declared = self.root.get("providers")?.get(provider)?;
        let Some(region) = region else {
            return declared.get("at").and_then(|at| self.place(at, provider));
        };
        let path = format!("{provider}/{region}");
        let written = declared.get("regions")?.get(region)?.get("at").or_else(|| declared.get("at"));
        match (written, self.catalogue.place(&path)) {
            (Some(at), _) => self.place(at, &path),
            (None, Some((latitude, longitude))) => Some(self.add_place(&path, latitude, longitude)),
            (None, None) => {
                self.no_place(&path, node);
                None
            }
        }
    }

    fn no_place(&mut self, path: &str, node: &Node) {
        let Some(declared) = self.domains.get(path).copied() else { return };
        let title = format!("the catalogue does not know where `{path}` is");
        let problem = Diagnostic::error(Code::NoPlace, declared.at, title).label("its place is missing");
        let problem =
            problem.related(node.at, "a site stands here").help("add `at: [degrees north, degrees east]`");
        self.report(problem.help_if(did_you_mean(path, self.catalogue.paths())));
    }

    /// Measured one-way delays, half of the round trips, between the catalogue's regions in use.
    pub(crate) fn delays(&mut self) {
        self.link_delays();
        let known = |(_, place): &(PlaceId, &Place)| self.is_catalogued(place);
        let used: Vec<(PlaceId, &Place)> = self.spec.places.iter().filter(known).collect();
        let measured = |(a, from): (PlaceId, &Place), (b, to): (PlaceId, &Place)| {
            let millis = self.catalogue.round_trip(&from.name, &to.name)?;
            Some((a, b, Span::from_seconds(millis / 2000.0)))
        };
        let pairs = used.iter().enumerate().flat_map(|(i, a)| used[i + 1..].iter().map(move |b| (*a, *b)));
        let found: Vec<_> = pairs.filter_map(|(a, b)| measured(a, b)).collect();
        let explicit = self.spec.delays.clone();
        let stated = |a: PlaceId, b: PlaceId| {
            explicit.iter().any(|(x, y, _)| (*x, *y) == (a, b) || (*y, *x) == (a, b))
        };
        self.spec.delays.extend(found.into_iter().filter(|(a, b, _)| !stated(*a, *b)));
    }

    /// Does the place stand where the catalogue says that the region of this name does?
    fn is_catalogued(&self, place: &Place) -> bool {
        self.catalogue.place(&place.name) == Some((place.latitude, place.longitude))
    }

    /// The delays that links state, between the places of their ends.
    fn link_delays(&mut self) {
        for link in self.section("links") {
            let Some(delay) = link.node.duration_of("delay") else { continue };
            let between = link.node.get("between").map_or(&[][..], Node::items);
            let places: Vec<PlaceId> = between.iter().filter_map(|node| self.place_of_site(node)).collect();
            if places.len() < between.len() {
                let title = "a link states a delay between ends that have no place";
                let at = link.node.get("delay").map_or(link.key_at, |node| node.at);
                self.report(
                    Diagnostic::error(Code::NoPlace, at, title).help("give every site at its ends a place"),
                );
            }
            for (i, a) in places.iter().enumerate() {
                self.spec.delays.extend(places[i + 1..].iter().filter(|b| *b != a).map(|b| (*a, *b, delay)));
            }
        }
    }

    fn place_of_site(&self, node: &Node) -> Option<PlaceId> {
        if let Some(site) = self.sites.get(node.text()?) {
            return self.spec.sites.rows().get(sim::Id::index(site.id))?.place;
        }
        let name = node.text()?;
        let clients = self.populations.get(name.strip_prefix("clients/").unwrap_or(name))?;
        self.spec.populations.rows().get(sim::Id::index(clients.id))?.place
    }
}

/// A region as it is declared.
fn region<'a>(root: &'a Node, path: &str) -> Option<&'a Node> {
    let (provider, region) = path.split_once('/')?;
    root.get("providers")?.get(provider)?.get("regions")?.get(region)
}
