//! Presets: the documented defaults of real systems, merged beneath what the user writes.

use crate::codes::Code;
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::source::{Extent, SourceId, Sources};
use crate::tree::{Entry, Node, Origin, Value};
use crate::yaml;
use std::collections::BTreeMap;

/// Presets by name.
pub(crate) type Library = BTreeMap<String, String>;

/// Fills in presets.
pub(crate) struct Expander<'a> {
    library: &'a Library,
    sources: &'a mut Sources,
    parsed: BTreeMap<String, Node>,
    pub(crate) problems: Vec<Diagnostic>,
    /// What names a preset that is unknown: nobody can say what it lacks.
    pub(crate) incomplete: Vec<Extent>,
}

impl<'a> Expander<'a> {
    pub(crate) fn new(library: &'a Library, sources: &'a mut Sources) -> Self {
        Expander { library, sources, parsed: BTreeMap::new(), problems: Vec::new(), incomplete: Vec::new() }
    }

    /// Expands every preset of a scenario, and hands providers' and `defaults`' keys down.
    pub(crate) fn scenario(&mut self, root: &mut Node) {
        self.each(root, "providers", |this, provider| this.provider(provider));
        self.each(root, "domains", |this, kind| {
            this.entries(kind, |this, domain| this.apply(domain, "domain"));
        });
        self.each(root, "links", |this, link| this.apply(link, "link"));
        let mut defaults = root.get("defaults").and_then(|defaults| defaults.get("sites")).cloned();
        if let Some(defaults) = &mut defaults {
            self.apply(defaults, "site");
        }
        self.each(root, "sites", |this, site| {
            this.apply(site, "site");
            merge_from(site, defaults.as_ref());
        });
        self.each(root, "health_checks", |this, check| this.apply(check, "health_check"));
        self.each(root, "steering", |this, entry| this.apply(entry, "steering"));
        self.each(root, "stores", |this, store| this.apply(store, "store"));
    }

    fn each(&mut self, root: &mut Node, section: &str, f: impl FnMut(&mut Self, &mut Node)) {
        if let Some(section) = root.get_mut(section) {
            self.entries(section, f);
        }
    }

    fn entries(&mut self, map: &mut Node, mut f: impl FnMut(&mut Self, &mut Node)) {
        for entry in map.entries_mut().into_iter().flatten() {
            if entry.node.is_null() {
                entry.node.value = Value::Map(Vec::new());
            }
            f(self, &mut entry.node);
        }
    }

    fn provider(&mut self, provider: &mut Node) {
        self.apply(provider, "provider");
        let (mut region, mut zone) = (provider.get("region").cloned(), provider.get("zone").cloned());
        for (node, section) in [(&mut region, "region"), (&mut zone, "zone")] {
            if let Some(node) = node {
                self.apply(node, section);
            }
        }
        self.each(provider, "regions", |this, node| {
            this.apply(node, "region");
            merge_from(node, region.as_ref());
            this.zones(node, zone.as_ref());
        });
    }

    fn zones(&mut self, region: &mut Node, zone: Option<&Node>) {
        if let Some(zones) = region.get_mut("zones") {
            name_zones(zones);
        }
        self.each(region, "zones", |this, node| {
            this.apply(node, "zone");
            merge_from(node, zone);
        });
    }

    /// Merges the section of the preset that `node` names beneath it.
    fn apply(&mut self, node: &mut Node, section: &str) {
        self.apply_below(node, section, &mut Vec::new());
    }

    fn apply_below(&mut self, node: &mut Node, section: &str, stack: &mut Vec<String>) {
        let Some((name, at)) =
            node.get("preset").and_then(|preset| Some((preset.text()?.to_owned(), preset.at)))
        else {
            return;
        };
        if stack.contains(&name) {
            let title = format!("the preset `{name}` uses itself");
            self.problems.push(Diagnostic::error(Code::PresetLoop, at, title).label(stack.join(" -> ")));
            return;
        }
        let Some(mut found) = self.section(&name, section, at) else {
            self.incomplete.push(node.at);
            return;
        };
        stack.push(name);
        self.apply_below(&mut found, section, stack);
        stack.pop();
        merge_from(node, Some(&found));
    }

    fn section(&mut self, name: &str, section: &str, at: Extent) -> Option<Node> {
        let found = self.preset(name).and_then(|preset| preset.get(section).cloned());
        if found.is_none() {
            let problem = self.unknown(name, section, at);
            self.problems.push(problem);
        }
        found
    }

    fn unknown(&mut self, name: &str, section: &str, at: Extent) -> Diagnostic {
        let what = section.replace('_', " ");
        let title = match self.library.contains_key(name) {
            true => format!("the preset `{name}` says nothing about a {what}"),
            false => format!("unknown preset `{name}`"),
        };
        let names: Vec<String> = self.library.keys().cloned().collect();
        let fitting =
            names.iter().filter(|name| self.preset(name).is_some_and(|preset| preset.get(section).is_some()));
        let fitting: Vec<String> = fitting.cloned().collect();
        let help = did_you_mean(name, fitting.iter().map(String::as_str));
        let help = help.unwrap_or_else(|| format!("presets for a {what}: {}", fitting.join(", ")));
        Diagnostic::error(Code::UnknownPreset, at, title).help(help)
    }

    fn preset(&mut self, name: &str) -> Option<&Node> {
        if !self.parsed.contains_key(name) {
            let text = self.library.get(name)?;
            let source = self.sources.add(format!("preset {name}"), text.clone());
            let root = self.parse(name, text, source);
            self.parsed.insert(name.to_owned(), root);
        }
        self.parsed.get(name)
    }

    fn parse(&mut self, name: &str, text: &str, source: SourceId) -> Node {
        let document = match yaml::parse(text, source) {
            Ok(document) => document,
            Err(problem) => {
                let at = problem.at;
                self.problems.push(problem);
                return Node::empty_map(at, Origin::Written);
            }
        };
        let mut root = document.root;
        root.visit_mut(&mut |node| {
            let (line, _) = self.sources.line_column(source, node.at.end);
            let source = document.comments.get(&line).cloned().unwrap_or_default();
            node.origin = Origin::Preset { name: name.to_owned(), source };
        });
        root
    }
}

/// Merges `from` beneath `into`: what is written stays; `outages` are merged key by key.
fn merge_from(into: &mut Node, from: Option<&Node>) {
    let Some(from) = from else { return };
    let Some(entries) = into.entries_mut() else { return };
    for entry in from.entries().iter().filter(|entry| entry.key != "preset") {
        match entries.iter_mut().find(|own| own.key == entry.key) {
            Some(own) if entry.key == "outages" => merge_from(&mut own.node, Some(&entry.node)),
            Some(_) => {}
            None => entries.push(entry.clone()),
        }
    }
}

/// Turns a list of zones' names into a map.
fn name_zones(zones: &mut Node) {
    let Value::List(items) = &zones.value else { return };
    if !items.iter().all(|item| item.text().is_some() && !item.is_null()) {
        return;
    }
    let zone = |item: &Node| Entry {
        key: item.text().unwrap_or_default().to_owned(),
        key_at: item.at,
        node: Node::empty_map(item.at, item.origin.clone()),
    };
    zones.value = Value::Map(items.iter().map(zone).collect());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render;

    fn expanded(presets: &[(&str, &str)], text: &str) -> (String, Vec<Code>) {
        let library = presets.iter().map(|(name, text)| (name.to_string(), text.to_string())).collect();
        let mut sources = Sources::default();
        let source = sources.add("a", text);
        let mut root = yaml::parse(text, source).unwrap().root;
        let mut expander = Expander::new(&library, &mut sources);
        expander.scenario(&mut root);
        let codes = expander.problems.iter().map(|problem| problem.code).collect();
        (render::yaml(&root), codes)
    }

    #[test]
    fn what_is_written_wins_over_the_preset_key_by_key_but_laws_are_whole() {
        let preset =
            "domain:\n  outages:\n    up: 1y # A\n    down: {median: 1h, p95: 9h} # B\n  effect: dns # C\n";
        let text = "domains: {dns: {x: {preset: p, outages: {down: {mean: 2h}}}}}";
        let (resolved, codes) = expanded(&[("p", preset)], text);
        assert!(codes.is_empty());
        snapbox::assert_data_eq!(
            resolved,
            snapbox::str![[r#"
domains:
  dns:
    x:
      preset: p
      outages:
        down: {mean: 2h}
        up: 1y  # p: A
      effect: dns  # p: C

"#]]
        );
    }

    #[test]
    fn a_preset_may_build_on_another_but_not_on_itself() {
        let a = ("a", "domain: {preset: b, effect: dns}");
        let text = "domains: {dns: {x: {preset: a}}}";
        let (resolved, codes) = expanded(&[a, ("b", "domain: {effect: down, outages: none}")], text);
        assert!(codes.is_empty());
        assert!(resolved.contains("effect: dns") && resolved.contains("outages: none"), "{resolved}");
        let (_, codes) = expanded(&[a, ("b", "domain: {preset: a}")], text);
        assert_eq!(codes, [Code::PresetLoop]);
    }

    #[test]
    fn a_provider_hands_down_to_regions_and_zones_that_say_nothing() {
        let text = "providers: {aws: {region: {effect: dns}, zone: {effect: down}, regions: {a: {zones: [x]}, b: {effect: isolated}}}}";
        let (resolved, _) = expanded(&[], text);
        snapbox::assert_data_eq!(
            resolved,
            snapbox::str![[r#"
providers:
  aws:
    region: {effect: dns}
    zone: {effect: down}
    regions: {a: {zones: {x: {effect: down}}, effect: dns}, b: {effect: isolated}}

"#]]
        );
    }

    #[test]
    fn a_site_takes_its_own_preset_before_the_defaults_of_all_sites() {
        let presets = [("one", "site: {effect: dns}"), ("all", "site: {effect: down, outages: none}")];
        let text = "defaults: {sites: {preset: all, capacity: 1 rps}}\nsites: {a: {preset: one}, b: {capacity: 2 rps}}";
        let (resolved, _) = expanded(&presets, text);
        let sites = &resolved[resolved.find("sites:\n  a").unwrap_or_else(|| panic!("{resolved}"))..];
        snapbox::assert_data_eq!(
            sites,
            snapbox::str![[r#"
sites:
  a:
    preset: one
    effect: dns  # one
    capacity: 1 rps
    outages: none  # all
  b:
    capacity: 2 rps
    effect: down  # all
    outages: none  # all

"#]]
        );
    }
}
