//! Stores: where their members are, whom a write waits for, who replaces a lost primary.

use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::laws::{Alone, law};
use crate::resolver::Resolver;
use crate::source::Extent;
use crate::tree::{Entry, Node, Origin, Value};
use models::operations::Popularity;
use models::specification::{Acknowledged, Failover, Family, Primary, Reads, Sessions, SiteId, Store};
use sim::{Law, Span};

impl Resolver<'_> {
    /// Every store.
    pub(crate) fn stores(&mut self) {
        for entry in self.section("stores") {
            self.refuse_words_of_checks(entry);
            let sessions = self.sessions(&entry.node);
            if let Some(family) = self.family(entry) {
                self.spec.stores.push(Store { name: entry.key.clone(), family, sessions });
            }
        }
    }

    /// How its clients use it. Keys without sessions mean nothing.
    fn sessions(&mut self, store: &Node) -> Option<Sessions> {
        let Some(node) = store.get("sessions") else {
            let idle = |entry: &&Entry| matches!(entry.key.as_str(), "keys" | "popularity");
            let written = store.entries().iter().filter(|entry| entry.node.origin == Origin::Written);
            for entry in written.filter(idle) {
                let title = format!("`{}` means nothing without `sessions`", entry.key);
                let problem = Diagnostic::error(Code::Exclusive, entry.key_at, title);
                let help = "to be told what clients see, add e.g. `sessions: {operations: 10, think: 1s}`";
                self.report(problem.label("no operation would be looked at").help(help));
            }
            return None;
        };
        let Some(keys) = store.get("keys").map(Node::small_count) else {
            let help = "how many keys sessions choose from, e.g. `keys: 1000000 keys`";
            self.missing(store, "a store with `sessions` needs `keys`", help);
            return None;
        };
        let keys = keys?;
        let zipf = store.get("popularity").and_then(|popularity| popularity.number_of("zipf"));
        Some(Sessions {
            popularity: zipf
                .map_or(Popularity::Uniform { keys }, |exponent| Popularity::Zipf { keys, exponent }),
            operations: node.number_of("operations")?,
            think: node.duration_of("think")?,
            patience: node.duration_of("patience")?,
        })
    }

    /// In `sees` of a health check these words are taken.
    fn refuse_words_of_checks(&mut self, entry: &Entry) {
        if matches!(entry.key.as_str(), "host" | "site") {
            let title = format!("a store cannot be called `{}`", entry.key);
            let problem = Diagnostic::error(Code::DuplicateName, entry.key_at, title);
            self.report(problem.label("means something else in `sees` of a health check"));
        }
    }

    fn family(&mut self, entry: &Entry) -> Option<Family> {
        match entry.node.text_of("family")? {
            "primary" => self.primary(entry).map(Family::Primary),
            _ => None,
        }
    }

    fn primary(&mut self, entry: &Entry) -> Option<Primary> {
        let node = &entry.node;
        let members = self.store_members(node);
        let lag = self.lag(node);
        let acknowledged = self.acknowledged(entry);
        let failover = self.failover(entry);
        let promotion = self.promotion(node);
        self.refuse_idle_keys(node);
        let (home, replicas) = members?;
        Some(Primary {
            home,
            replicas,
            lag: lag?,
            apply_rate: node.get("apply_rate").and_then(Node::rate),
            acknowledged: acknowledged?,
            failover: failover?,
            promotion: promotion?,
            most_lag: node.duration_of("most_lag"),
            reads: match node.text_of("reads_from")? {
                "any" => Reads::Any,
                _ => Reads::Primary,
            },
        })
    }

    /// The primary's site and the replicas', all different.
    fn store_members(&mut self, node: &Node) -> Option<(SiteId, Vec<SiteId>)> {
        let (primary, replicas) = (node.get("primary"), node.get("replicas"));
        for (key, help) in [
            ("primary", "the site of the primary, e.g. `primary: london`"),
            ("replicas", "the sites of the replicas, e.g. `replicas: [paris]`; `replicas: []` for none"),
        ] {
            if node.get(key).is_none() {
                self.missing(node, format!("a store of the family `primary` needs `{key}`"), help);
            }
        }
        let listed = replicas.map_or(&[][..], Node::items);
        let all: Vec<Node> = primary.into_iter().chain(listed).cloned().collect();
        self.refuse_repeats(&all);
        let home = primary.and_then(|site| self.site(site));
        let others: Vec<Option<SiteId>> = listed.iter().map(|site| self.site(site)).collect();
        Some((home?, others.into_iter().collect::<Option<_>>()?))
    }

    fn lag(&mut self, node: &Node) -> Option<Law> {
        match node.get("lag") {
            Some(lag) => law(lag, Alone::Exactly, &mut self.problems),
            None if alone(node) => Some(Law::Fixed(Span::ZERO)),
            None => {
                let help = "how far replicas trail, e.g. `lag: 200ms` or `lag: {median: 100ms, p99: 1s}`";
                self.missing(node, "a store with replicas needs `lag`", help);
                None
            }
        }
    }

    fn acknowledged(&mut self, entry: &Entry) -> Option<Acknowledged> {
        let node = entry.node.get("acknowledged_by")?;
        if node.text() == Some("primary") {
            return Some(Acknowledged::Alone);
        }
        let replicas = node.small_count_of("replicas")?;
        let present = replicas_of(&entry.node).map_or(usize::MAX, <[Node]>::len);
        if replicas as usize > present {
            let title = format!("a write waits for {replicas} of {present} replicas");
            let at = written(node, "replicas").unwrap_or(entry.key_at);
            let problem = Diagnostic::error(Code::OutOfRange, at, title).label("no write would ever be done");
            self.report(problem.help("add replicas, or write `acknowledged_by: primary`"));
            return None;
        }
        Some(Acknowledged::Received { replicas, alone_after: node.duration_of("alone_after") })
    }

    fn failover(&mut self, entry: &Entry) -> Option<Failover> {
        let node = entry.node.get("failover")?;
        if node.text() == Some("never") {
            return Some(Failover::Never);
        }
        let clash =
            self.exclusive(node, &["human", "lease"]) || self.exclusive(node, &["human", "renewed_every"]);
        match node.get("human") {
            _ if clash => None,
            Some(human) => law(human, Alone::Exactly, &mut self.problems).map(Failover::Human),
            None => self.lease(entry, node),
        }
    }

    fn lease(&mut self, entry: &Entry, node: &Node) -> Option<Failover> {
        for key in ["lease", "renewed_every"] {
            if node.get(key).is_none() && !node.entries().is_empty() {
                let title = format!("a lease needs `{key}`");
                self.missing(node, title, "e.g. `failover: {lease: 30s, renewed_every: 10s}`");
            }
        }
        let (life, renewed) = (node.duration_of("lease")?, node.duration_of("renewed_every")?);
        if renewed >= life {
            let at = written(node, "renewed_every").unwrap_or(entry.key_at);
            let title = "a lease is renewed before it ends";
            let problem = Diagnostic::error(Code::OutOfRange, at, title);
            let label =
                format!("must be less than the lease of {}", node.text_of("lease").unwrap_or_default());
            self.report(problem.label(label));
            return None;
        }
        Some(Failover::Lease { life, renewed })
    }

    fn promotion(&mut self, node: &Node) -> Option<Law> {
        match node.get("promotion") {
            Some(promotion) => law(promotion, Alone::Exactly, &mut self.problems),
            None if waits(node) => Some(Law::Fixed(Span::ZERO)),
            None => {
                let help = "the time until the promoted replica accepts writes, e.g. `promotion: 5s`";
                self.missing(node, "a store with a failover needs `promotion`", help);
                None
            }
        }
    }

    /// Keys that mean nothing beside what else is written are refused, not ignored. Presets may carry them along.
    fn refuse_idle_keys(&mut self, node: &Node) {
        let idle = |entry: &Entry| match entry.key.as_str() {
            "promotion" | "most_lag" if waits(node) => Some("without a failover"),
            "lag" | "apply_rate" | "promotion" | "most_lag" if alone(node) => Some("without replicas"),
            "failover" if alone(node) && entry.node.text() != Some("never") => Some("without replicas"),
            _ => None,
        };
        let written = node.entries().iter().filter(|entry| entry.node.origin == Origin::Written);
        for (entry, why) in written.filter_map(|entry| Some((entry, idle(entry)?))) {
            let title = format!("`{}` means nothing {why}", entry.key);
            self.report(Diagnostic::error(Code::Exclusive, entry.key_at, title).label("leave it out"));
        }
    }
}

/// Does the store say that it has no replica?
fn alone(node: &Node) -> bool {
    replicas_of(node).is_some_and(<[Node]>::is_empty)
}

/// The replicas, where a list of them is written.
fn replicas_of(node: &Node) -> Option<&[Node]> {
    match &node.get("replicas")?.value {
        Value::List(items) => Some(items),
        _ => None,
    }
}

/// Does the store wait for a lost primary?
fn waits(node: &Node) -> bool {
    node.text_of("failover") == Some("never")
}

/// Where the user wrote this key's value; nowhere if a preset or default did.
fn written(node: &Node, key: &str) -> Option<Extent> {
    node.get(key).filter(|node| node.origin == Origin::Written).map(|node| node.at)
}
