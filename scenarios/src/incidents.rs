//! Real incidents, replayed against this topology.

use crate::codes::Code;
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::effects::{Partial, effects};
use crate::resolver::Resolver;
use crate::script::broken;
use crate::source::Sources;
use crate::tree::{Entry, Node};
use crate::yaml;
use models::specification::{Breakage, DomainId, Effect, Placed, Replay, ReplayPhase};
use sim::{Instant, Span};
use std::collections::BTreeMap;

/// Incidents by name, as trees.
pub(crate) type Library = BTreeMap<String, Node>;

/// Parses incident files; those that are no YAML are left out (a test says that there is none).
pub(crate) fn parse(texts: impl Iterator<Item = (String, String)>, sources: &mut Sources) -> Library {
    let parsed = texts.filter_map(|(name, text)| {
        let source = sources.add(format!("incident {name}"), text.clone());
        Some((name, yaml::parse(&text, source).ok()?.root))
    });
    parsed.collect()
}

impl Resolver<'_> {
    /// Every replay.
    pub(crate) fn replays(&mut self) {
        for node in self.list("replays") {
            if let Some(replay) = self.replay(node) {
                self.spec.replays.push(replay);
            }
        }
    }

    fn replay(&mut self, node: &Node) -> Option<Replay> {
        let name = node.get("incident")?;
        let Some(incident) = self.incidents.get(name.text()?) else {
            self.unknown_incident(name);
            return None;
        };
        let scopes = self.mapped(node, incident);
        let at = node.get("at")?;
        let at = match at.text()? {
            "random" => Placed::Random,
            _ => Placed::At(Instant::ZERO + at.duration()?),
        };
        let partial = Partial::of(node.get("partial"));
        let phases = incident
            .get("phases")?
            .items()
            .iter()
            .flat_map(|phase| self.phase_of(phase, &scopes, partial))
            .collect();
        Some(Replay { incident: name.text()?.to_owned(), at, phases })
    }

    fn unknown_incident(&mut self, name: &Node) {
        let text = name.text().unwrap_or_default();
        let problem = Diagnostic::error(Code::UnknownIncident, name.at, format!("unknown incident `{text}`"));
        let help = did_you_mean(text, self.incidents.keys().map(String::as_str));
        let help = help.unwrap_or_else(|| "`seawall incidents` lists them".into());
        self.report(problem.label("no incident has this name").help(help));
    }

    /// What stands for each scope of the incident here.
    fn mapped(&mut self, node: &Node, incident: &Node) -> BTreeMap<String, DomainId> {
        let scopes = incident.get("scopes").map_or(&[][..], Node::entries);
        let onto = node.get("onto").map_or(&[][..], Node::entries);
        for entry in onto.iter().filter(|entry| !scopes.iter().any(|scope| scope.key == entry.key)) {
            self.unknown_scope(entry, scopes);
        }
        let mut mapped = BTreeMap::new();
        for scope in scopes {
            let domain = match onto.iter().find(|entry| entry.key == scope.key) {
                Some(entry) => self.domain(&entry.node),
                None => self.by_itself(scope, incident).or_else(|| {
                    self.unmapped(node, scope);
                    None
                }),
            };
            if let Some(domain) = domain {
                self.broken.push(domain);
                mapped.insert(scope.key.clone(), domain);
            }
        }
        mapped
    }

    /// A scope that this topology knows by the same name, with or without the provider's.
    fn by_itself(&self, scope: &Entry, incident: &Node) -> Option<DomainId> {
        let provider = incident.text_of("provider")?;
        let path = match scope.key.as_str() {
            "provider" => provider.to_owned(),
            label => format!("{provider}/{label}"),
        };
        let found = self.domains.get(&path).or_else(|| self.domains.get(&scope.key));
        found.map(|declared| declared.id)
    }

    fn unknown_scope(&mut self, entry: &Entry, scopes: &[Entry]) {
        let names: Vec<&str> = scopes.iter().map(|scope| scope.key.as_str()).collect();
        let problem = Diagnostic::error(
            Code::UnknownReference,
            entry.key_at,
            format!("the incident has no scope `{}`", entry.key),
        );
        let help = did_you_mean(&entry.key, names.iter().copied());
        self.report(problem.help(help.unwrap_or_else(|| format!("its scopes are {}", names.join(", ")))));
    }

    fn unmapped(&mut self, node: &Node, scope: &Entry) {
        let kind = scope.node.text_of("kind").unwrap_or_default();
        let of_kind = |kind: &str| {
            self.spec
                .domains
                .rows()
                .iter()
                .filter(|domain| domain.kind == kind)
                .map(|domain| domain.path.clone())
                .collect::<Vec<_>>()
        };
        let mut candidates = of_kind(kind);
        if candidates.is_empty() {
            candidates = ["region", "provider"].iter().flat_map(|kind| of_kind(kind)).collect();
        }
        candidates.truncate(8);
        let title = format!("the incident's {kind} `{}` has no counterpart here", scope.key);
        let at = node.get("incident").map_or(node.at, |name| name.at);
        let example = candidates.first().map_or("DOMAIN", String::as_str);
        let problem = Diagnostic::error(Code::Unmapped, at, title)
            .help(format!("write `onto: {{{}: {example}}}`", scope.key));
        self.report(problem.help(format!("it could stand for {}", candidates.join(", "))));
    }

    /// One phase, in as many parts as its effects need.
    fn phase_of(
        &mut self,
        phase: &Node,
        scopes: &BTreeMap<String, DomainId>,
        partial: Partial,
    ) -> Vec<ReplayPhase> {
        let read = || Some((phase.text_of("name")?, phase.duration_of("from")?, phase.duration_of("for")?));
        let (Some((name, from, lasts)), Some(domain)) =
            (read(), phase.text_of("scope").and_then(|label| scopes.get(label)))
        else {
            return Vec::new();
        };
        let part = |what| ReplayPhase { name: name.to_owned(), from, lasts, what };
        self.breakages_of(phase, *domain, partial).into_iter().map(part).collect()
    }

    fn breakages_of(&mut self, phase: &Node, domain: DomainId, partial: Partial) -> Vec<Breakage> {
        let fraction = phase.share_of("fraction").unwrap_or(1.0);
        let added = phase.duration_of("added").unwrap_or(Span::ZERO);
        let Some(effect) = phase.get("effect") else { return Vec::new() };
        // Where the record says how much of the requests failed or of the capacity was gone, that is the effect itself.
        let whole = |effect: Effect| vec![Breakage::Domain { domain, effects: vec![effect], chance: 1.0 }];
        match effect.text() {
            Some("errors") => whole(Effect::Errors { share: fraction }),
            Some("degraded") => whole(Effect::Degraded { factor: 1.0 - fraction }),
            Some("latency") => broken(domain, &[Effect::Latency { added }], fraction, partial),
            _ => broken(domain, &effects(effect, &mut self.problems), fraction, partial),
        }
    }
}
