//! Entry points and how they are answered.

use crate::codes::Code;
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::resolver::Resolver;
use crate::tree::{Entry, Node, Origin, Value};
use crate::vocabulary::POLICIES;
use models::specification::{
    CheckId, Dns, DomainId, Entry as EntryPoint, Policy, SiteId, Steering, WhenNone,
};
use sim::{Id, Span};

/// Records of a multivalue answer where none is stated: Route 53 answers up to eight.
const MULTIVALUE_RECORDS: u32 = 8;

impl Resolver<'_> {
    /// Every entry point.
    pub(crate) fn steering(&mut self) {
        for entry in self.section("steering") {
            if let Some(entry) = self.read_entry(entry) {
                self.spec.entries.push(entry);
            }
        }
        self.refuse_traffic_without_capacity();
    }

    /// A site whose capacity is divided among entry points must say what it has for each that may answer it.
    fn refuse_traffic_without_capacity(&mut self) {
        let mut found = Vec::new();
        for (id, entry) in self.spec.entries.iter() {
            let sites = entry.sites.iter().filter_map(|site| self.spec.sites.rows().get(site.index()));
            for site in sites.filter(|site| !site.capacity.is_empty()) {
                let serves = site.capacity.iter().any(|pool| pool.entry.is_none_or(|entry| entry == id));
                if !serves {
                    found.push((site.name.clone(), entry.name.clone()));
                }
            }
        }
        for (site, entry) in found {
            let node = self
                .root
                .get("sites")
                .and_then(|sites| sites.get(&site))
                .and_then(|site| site.get("capacity"));
            let Some(at) = node.map(|node| node.at) else { continue };
            let title = format!("`{site}` has no capacity for `{entry}`, which may send it requests");
            let problem =
                Diagnostic::error(Code::MissingKey, at, title).label(format!("`{entry}` is missing"));
            self.report(
                problem.help(format!("add its rate, or leave `{site}` out of the sites of `{entry}`")),
            );
        }
    }

    fn read_entry(&mut self, entry: &Entry) -> Option<EntryPoint> {
        let node = &entry.node;
        let listed = node.get("sites")?;
        let sites = self.answered(listed)?;
        self.refuse_foreign_keys(node);
        let steering = match node.text_of("policy")? {
            "ideal" => Steering::Ideal,
            "static" => Steering::Static { shares: self.static_shares(listed, sites.len())? },
            policy if POLICIES.iter().any(|word| word.word == policy && !word.later) => {
                Steering::Dns(self.dns(node, policy, listed, sites.len())?)
            }
            _ => return None,
        };
        Some(EntryPoint { name: entry.key.clone(), sites, steering })
    }

    fn answered(&mut self, node: &Node) -> Option<Vec<SiteId>> {
        match &node.value {
            Value::Scalar { .. } if node.text() == Some("all") => {
                Some((0..self.sites.len()).map(SiteId::from_index).collect())
            }
            Value::Scalar { .. } => None,
            Value::List(items) => {
                self.refuse_repeats(items);
                Some(items.iter().filter_map(|item| self.site(item)).collect())
            }
            Value::Map(entries) => {
                if entries.is_empty() {
                    self.report(Diagnostic::error(Code::Empty, node.at, "no site to answer"));
                }
                Some(entries.iter().filter_map(|entry| self.site_key(entry)).collect())
            }
        }
    }

    fn site_key(&mut self, entry: &Entry) -> Option<SiteId> {
        if let Some(site) = self.sites.get(&entry.key) {
            return Some(site.id);
        }
        let problem =
            Diagnostic::error(Code::UnknownReference, entry.key_at, format!("unknown site `{}`", entry.key));
        let help = did_you_mean(&entry.key, self.sites.keys().map(String::as_str));
        self.report(problem.label("no site has this name").help_if(help));
        None
    }

    /// Keys that mean nothing under this policy are refused, not ignored. Presets may carry them along.
    fn refuse_foreign_keys(&mut self, node: &Node) {
        let Some(policy) = node.text_of("policy") else { return };
        let foreign = |key: &str| match key {
            "fenced" => policy != "geolocation",
            "most" => policy != "multivalue",
            "ttl" | "health_check" | "propagation" | "when_none" | "operator" | "control_plane"
            | "serve_stale" => {
                matches!(policy, "ideal" | "static")
            }
            _ => false,
        };
        let written = node.entries().iter().filter(|entry| entry.node.origin == Origin::Written);
        for entry in written.filter(|entry| foreign(&entry.key)) {
            let title = format!("`{}` means nothing under the policy `{policy}`", entry.key);
            self.report(Diagnostic::error(Code::Exclusive, entry.key_at, title).label("leave it out"));
        }
    }

    fn dns(&mut self, node: &Node, policy: &str, sites: &Node, count: usize) -> Option<Dns> {
        if node.get("ttl").is_none() {
            self.missing(
                node,
                format!("the policy `{policy}` needs `ttl`"),
                "write the time to live of its answers, e.g. `ttl: 60s`",
            );
        }
        let check = self.referenced_check(node);
        let operator = self.referenced_domain(node, "operator");
        let control_plane = self.referenced_domain(node, "control_plane");
        let policy = self.policy(node, policy, sites, count);
        Some(Dns {
            policy: policy?,
            ttl: node.duration_of("ttl")?,
            check: check?,
            propagation: node.duration_of("propagation")?,
            when_none: when_none(node.text_of("when_none")?)?,
            operator: operator?,
            control_plane: control_plane?,
            serve_stale: node.duration_of("serve_stale").unwrap_or(Span::ZERO),
        })
    }

    /// The inner option is the reference; the outer one is empty where it names nothing.
    fn referenced_check(&mut self, node: &Node) -> Option<Option<CheckId>> {
        match node.get("health_check") {
            None => Some(None),
            Some(name) => self.check(name).map(Some),
        }
    }

    fn referenced_domain(&mut self, node: &Node, key: &str) -> Option<Option<DomainId>> {
        match node.get(key) {
            None => Some(None),
            Some(path) => self.domain(path).map(Some),
        }
    }

    fn policy(&mut self, node: &Node, policy: &str, sites: &Node, count: usize) -> Option<Policy> {
        Some(match policy {
            "simple" => Policy::Simple,
            "latency" => Policy::Latency,
            "failover" => Policy::Failover,
            "multivalue" => {
                Policy::Multivalue { most: node.small_count_of("most").unwrap_or(MULTIVALUE_RECORDS) }
            }
            "weighted" => Policy::Weighted(self.weights(sites, count)?),
            "geolocation" => {
                Policy::Geolocation { of: self.geographies(sites)?, fenced: node.truth_of("fenced") }
            }
            "proximity" => Policy::Proximity { bias: biases(sites, count) },
            _ => return None,
        })
    }

    fn weights(&mut self, sites: &Node, count: usize) -> Option<Vec<f64>> {
        if !matches!(sites.value, Value::Map(_)) {
            return Some(vec![1.0; count]);
        }
        let weight =
            |node: &Node| node.number().or_else(|| node.share()).or_else(|| node.number_of("weight"));
        let weights = self.each_site(sites, weight, "a weight, e.g. `london: 3`")?;
        if weights.iter().all(|weight| *weight == 0.0) {
            self.report(Diagnostic::error(Code::Shares, sites.at, "all weights are zero"));
            return None;
        }
        Some(weights)
    }

    fn static_shares(&mut self, sites: &Node, count: usize) -> Option<Vec<f64>> {
        if !matches!(sites.value, Value::Map(_)) {
            return Some(vec![1.0 / count as f64; count]);
        }
        let shares = self.each_site(
            sites,
            |node| node.share().or_else(|| node.share_of("share")),
            "a share, e.g. `london: 60%`",
        )?;
        self.whole(&shares, sites, "sites")?;
        Some(shares)
    }

    /// Shares must add up to one.
    pub(crate) fn whole(&mut self, shares: &[f64], node: &Node, what: &str) -> Option<()> {
        let total: f64 = shares.iter().sum();
        if (total - 1.0).abs() <= 1e-9 {
            return Some(());
        }
        let title = format!("the shares of the {what} add up to {} %, not 100 %", rounded(total * 100.0));
        self.report(Diagnostic::error(Code::Shares, node.at, title).label("must add up to 100%"));
        None
    }

    fn geographies(&mut self, sites: &Node) -> Option<Vec<String>> {
        let geography = |node: &Node| node.text_of("geography").map(str::to_owned);
        if matches!(sites.value, Value::Map(_)) {
            return self.each_site(sites, geography, "a geography, e.g. `london: {geography: europe}`");
        }
        let problem =
            Diagnostic::error(Code::MissingKey, sites.at, "geolocation needs the geography of each site");
        self.report(problem.help("write `sites: {london: {geography: europe}, virginia: {geography: '*'}}`"));
        None
    }

    fn each_site<T>(
        &mut self,
        sites: &Node,
        read: impl Fn(&Node) -> Option<T>,
        needed: &str,
    ) -> Option<Vec<T>> {
        let mut values = Vec::new();
        for entry in sites.entries() {
            match read(&entry.node) {
                Some(value) => values.push(value),
                None => {
                    let title = format!("`{}` needs {needed}", entry.key);
                    self.report(Diagnostic::error(Code::MissingKey, entry.key_at, title));
                }
            }
        }
        (values.len() == sites.entries().len()).then_some(values)
    }
}

fn biases(sites: &Node, count: usize) -> Vec<f64> {
    match &sites.value {
        Value::Map(entries) => {
            let bias = |entry: &Entry| entry.node.get("bias").and_then(Node::distance).unwrap_or(0.0);
            entries.iter().map(bias).collect()
        }
        _ => vec![0.0; count],
    }
}

fn when_none(word: &str) -> Option<WhenNone> {
    Some(match word {
        "all" => WhenNone::All,
        "first" => WhenNone::First,
        "last" => WhenNone::Last,
        "nothing" => WhenNone::Nothing,
        _ => return None,
    })
}

/// At most four decimals, for messages.
pub(crate) fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}
