//! Providers, regions, zones, domains and links: what can fail as one.

use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::effects::effects;
use crate::laws::{Alone, law};
use crate::resolver::{Declared, Resolver};
use crate::source::Extent;
use crate::tree::{Entry, Node};
use models::specification::{Clocks, Domain, DomainId, Effect, Link, Outages};
use sim::Id;

/// More domains than any scenario of 2000 sites needs.
const MOST_DOMAINS: usize = 10_000;
/// Failures of one domain, or events of one shock, in a replication: a thousand a day for thirty years.
const MOST_EVENTS: f64 = 1e7;

impl Resolver<'_> {
    /// Every domain: first all names, then what they lie in and need.
    pub(crate) fn domains(&mut self) {
        for provider in self.section("providers") {
            self.provider(provider);
        }
        for kind in self.section("domains") {
            for domain in kind.node.entries() {
                self.add_domain(format!("{}/{}", kind.key, domain.key), &kind.key, None, domain);
            }
        }
        for link in self.section("links") {
            self.add_domain(format!("link/{}", link.key), "link", None, link);
        }
        for site in self.section("sites") {
            self.add_domain(site.key.clone(), "site", None, site);
        }
        self.lie_within();
        if let Some((_, last)) = self
            .domains
            .iter()
            .max_by_key(|(_, declared)| declared.id)
            .filter(|_| self.domains.len() > MOST_DOMAINS)
        {
            let title = format!("{} domains; {MOST_DOMAINS} is the most", self.domains.len());
            let problem = Diagnostic::error(Code::TooMany, last.at, title);
            self.report(problem);
        }
    }

    fn provider(&mut self, provider: &Entry) {
        let path = provider.key.clone();
        let id = self.add_domain(path.clone(), "provider", None, provider);
        for region in provider.node.get("regions").map_or(&[][..], Node::entries) {
            let path = format!("{path}/{}", region.key);
            let id = self.add_domain(path.clone(), "region", Some(id), region);
            for zone in region.node.get("zones").map_or(&[][..], Node::entries) {
                self.add_domain(format!("{path}/{}", zone.key), "zone", Some(id), zone);
            }
        }
    }

    fn add_domain(&mut self, path: String, kind: &str, within: Option<DomainId>, entry: &Entry) -> DomainId {
        let outages = self.outages(entry.node.get("outages"));
        let written =
            entry.node.get("effect").map(|node| effects(node, &mut self.problems)).unwrap_or_default();
        let effects = if written.is_empty() { vec![Effect::Down] } else { written };
        let within = within.into_iter().collect();
        let id = self.spec.domains.push(Domain {
            path: path.clone(),
            kind: kind.into(),
            within,
            outages,
            effects,
        });
        if entry.node.text_of("outages") == Some("none") {
            self.broken.push(id);
        }
        self.name_domain(path, id, entry.key_at);
        id
    }

    fn name_domain(&mut self, path: String, id: DomainId, at: Extent) {
        if let Some(first) = self.domains.get(&path).copied() {
            let problem =
                Diagnostic::error(Code::DuplicateName, at, format!("a second domain called `{path}`"));
            self.report(problem.label("also this").related(first.at, "the first"));
            return;
        }
        self.domains.insert(path, Declared { id, at });
    }

    /// `outages`: laws of times up and down.
    pub(crate) fn outages(&mut self, node: Option<&Node>) -> Option<Outages> {
        let node = node?;
        let up = node.get("up").and_then(|up| law(up, Alone::Mean, &mut self.problems));
        let down = node.get("down").and_then(|down| law(down, Alone::Exactly, &mut self.problems));
        let children = match node.text_of("children") {
            Some("stop") => Clocks::Stop,
            _ => Clocks::Run,
        };
        let (up, down) = (up?, down?);
        self.refuse_flicker(up.mean() + down.mean(), node);
        Some(Outages { up, down, children })
    }

    /// Events that follow each other so closely would keep a replication busy for ever.
    pub(crate) fn refuse_flicker(&mut self, period: f64, node: &Node) {
        let times = self.spec.run.horizon.seconds() / period;
        if times > MOST_EVENTS {
            let title = format!("this would happen {times:.0} times in one replication");
            let problem =
                Diagnostic::error(Code::OutOfRange, node.at, title).label("too often to be simulated");
            self.report(problem.help(format!(
                "{MOST_EVENTS:.0} times is the most: lengthen the times, or shorten `run: {{horizon}}`"
            )));
        }
    }

    /// What users' domains, links and sites lie in and need.
    fn lie_within(&mut self) {
        for kind in self.section("domains") {
            for domain in kind.node.entries() {
                self.within(&format!("{}/{}", kind.key, domain.key), domain);
            }
        }
        for link in self.section("links") {
            self.within(&format!("link/{}", link.key), link);
        }
        for site in self.section("sites") {
            let within = site.node.get("in").and_then(|node| self.domain(node));
            if let Some(id) = self.domains.get(&site.key).map(|declared| declared.id) {
                self.spec.domains[id].within = within.into_iter().collect();
            }
        }
    }

    fn within(&mut self, path: &str, entry: &Entry) {
        let place = entry.node.get("in").into_iter();
        let needs = entry.node.get("needs").map_or(&[][..], Node::items);
        let within: Vec<DomainId> = place.chain(needs).filter_map(|node| self.domain(node)).collect();
        if let Some(id) = self.domains.get(path).map(|declared| declared.id) {
            self.spec.domains[id].within = within;
        }
    }

    /// Reports domains that lie in, or need, themselves.
    pub(crate) fn refuse_loops(&mut self) {
        let parents = self.parents();
        let mut states = vec![State::New; self.spec.domains.len()];
        let ids: Vec<DomainId> = self.spec.domains.ids().collect();
        for id in ids {
            if let Some(members) = loop_from(id, &parents, &mut states) {
                self.report_loop(&members);
            }
        }
    }

    fn report_loop(&mut self, members: &[DomainId]) {
        let paths: Vec<&str> = members.iter().map(|id| self.spec.domains[*id].path.as_str()).collect();
        let Some(first) = paths.first() else { return };
        let Some(at) = self.domains.get(*first).map(|declared| declared.at) else { return };
        let problem = Diagnostic::error(Code::Loop, at, format!("`{first}` lies in, or needs, itself"));
        let problem = problem.label(format!("{} -> {first}", paths.join(" -> ")));
        self.report(problem);
    }

    /// What each domain lies in or needs; alternatives count as needed, since a loop through one has no meaning either.
    fn parents(&self) -> Vec<Vec<DomainId>> {
        let mut parents: Vec<Vec<DomainId>> =
            self.spec.domains.rows().iter().map(|domain| domain.within.clone()).collect();
        for site in self.spec.sites.rows() {
            parents[site.domain.index()]
                .extend(site.needs.iter().flat_map(|clause| clause.any.iter().copied()));
        }
        parents
    }

    /// Links between sites, clients and checkers.
    pub(crate) fn links(&mut self) {
        for link in self.section("links") {
            let between = link.node.get("between").map_or(&[][..], Node::items);
            self.refuse_repeats(between);
            let endpoints = between.iter().filter_map(|node| self.endpoint(node)).collect();
            let Some(domain) = self.domains.get(&format!("link/{}", link.key)).map(|declared| declared.id)
            else {
                continue;
            };
            self.spec.links.push(Link { name: link.key.clone(), domain, between: endpoints });
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Open,
    Done,
}

/// The domains of a loop that is reached from `start`, by a depth-first walk without recursion.
fn loop_from(start: DomainId, parents: &[Vec<DomainId>], states: &mut [State]) -> Option<Vec<DomainId>> {
    let mut stack = vec![(start, 0)];
    let mut found = None;
    while let Some((id, next)) = stack.pop() {
        if next == 0 && states[id.index()] != State::New {
            continue;
        }
        states[id.index()] = State::Open;
        match parents[id.index()].get(next) {
            None => states[id.index()] = State::Done,
            Some(&parent) => {
                stack.push((id, next + 1));
                match states[parent.index()] {
                    State::New => stack.push((parent, 0)),
                    State::Open => found = found.or_else(|| Some(members(&stack, parent))),
                    State::Done => {}
                }
            }
        }
    }
    found
}

/// The part of a walk from where it came to `first`.
fn members(walk: &[(DomainId, usize)], first: DomainId) -> Vec<DomainId> {
    walk.iter().map(|(id, _)| *id).skip_while(|id| *id != first).collect()
}
