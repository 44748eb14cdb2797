//! Stores: where their members are, whom a write waits for, who replaces a lost primary.

use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::laws::{Alone, law};
use crate::parts::part_of;
use crate::resolver::Resolver;
use crate::source::Extent;
use crate::tree::{Entry, Node, Origin, Value};
use models::operations::{Interest, Legs, Popularity};
use models::specification::{
    Acknowledged, Agreeing, Apply, Counting, Failover, Family, LagDrawn, Level, Primary, Promotes, Reads,
    Replicas, Replicated, Sessions, SiteId, Store, Votes,
};
use sim::{Law, Span};
use std::collections::BTreeSet;

impl Resolver<'_> {
    /// Every store, and every part of those that are split.
    pub(crate) fn stores(&mut self) {
        for (entry, parts) in self.whole_stores() {
            self.refuse_words_of_checks(entry);
            self.refuse_other_families(entry);
            if parts.is_empty() && !is_split(entry) {
                self.add_store(entry);
            }
            for part in parts {
                self.add_store(&part_of(entry, part));
            }
        }
    }

    fn add_store(&mut self, entry: &Entry) {
        let sessions = self.sessions(&entry.node);
        let Some(family) = self.family(entry) else { return };
        if let Some(node) = entry.node.get("sessions").filter(|_| !family.operable()) {
            let title = format!("sessions of a store like `{}` are not yet in this version", entry.key);
            let problem = Diagnostic::error(Code::NotYet, node.at, title).label("would not be simulated");
            let help = "with one writer at a time: of a store of no more than 16 members with data; of a store that many may write \
                 no more than 16 sites and 16 replicas";
            self.report(problem.help(help));
        }
        self.spec.stores.push(Store { name: entry.key.clone(), family, sessions });
    }

    /// Keys of other families are refused, not ignored. Presets may carry them along.
    fn refuse_other_families(&mut self, entry: &Entry) {
        let Some(family) = entry.node.text_of("family") else { return };
        let known = keys_of(family, entry.node.get("voters").is_some());
        let other = |entry: &&Entry| {
            let common = ["preset", "family"].contains(&entry.key.as_str());
            entry.node.origin == Origin::Written
                && !common
                && !says_the_default(entry)
                && !known.contains(&entry.key.as_str())
        };
        let found: Vec<&Entry> = entry.node.entries().iter().filter(other).collect();
        for other in found {
            let title = format!("`{}` means nothing for a store of the family `{family}`", other.key);
            let problem = Diagnostic::error(Code::Exclusive, other.key_at, title).label("leave it out");
            self.report(problem.help(format!("its keys are {}", known.join(", "))));
        }
        if is_split(entry) && entry.node.get("parts").is_none_or(|parts| parts.entries().is_empty()) {
            let title = format!("a store of the family `{family}` needs `parts`");
            let help = "e.g. `parts: {eu: {primary: dublin, replicas: [london], clients: [europe]}, ...}`";
            self.missing(&entry.node, title, help);
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
        Some(Sessions {
            interest: self.interest(store, keys)?,
            operations: node.number_of("operations")?,
            think: node.duration_of("think")?,
            patience: node.duration_of("patience")?,
            updates: node.share_of("updates")?,
            reads_back: node.duration_of("reads_back_after"),
        })
    }

    /// Which of so many keys are read and written.
    fn interest(&mut self, store: &Node, keys: u32) -> Option<Interest> {
        let of = |node: Option<&Node>| {
            let zipf = node.and_then(|node| node.number_of("zipf"));
            zipf.map_or(Popularity::Uniform { keys }, |exponent| Popularity::Zipf { keys, exponent })
        };
        let Some(node) = store.get("popularity") else { return Some(Interest::alike(of(None))) };
        if [["zipf", "reads"], ["zipf", "writes"]].iter().any(|ways| self.exclusive(node, ways)) {
            return None;
        }
        if node.get("reads").or(node.get("writes")).is_none() {
            return Some(Interest::alike(of(Some(node))));
        }
        Some(Interest { reads: of(node.get("reads")), writes: of(node.get("writes")) })
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
            "primary" | "sharded" | "partitioned" => self.primary(entry).map(one_writer),
            "singleton" if entry.node.get("voters").is_some() => self.agreed(entry).map(one_writer),
            "singleton" => self.owner(entry).map(one_writer),
            "consensus" => self.agreed(entry).map(one_writer),
            "leaderless" => self.leaderless(entry).map(many_writers),
            "multi-primary" => {
                let members = self.copies(&entry.node)?;
                // A primary keeps what the others lack for as long as it takes.
                let agreeing =
                    Agreeing { hints: Some(Span::FOREVER), ..self.agreeing(&entry.node, &members)? };
                Some(many_writers(Replicated {
                    members,
                    write: Level::LocalOne,
                    read: Level::LocalOne,
                    agreeing,
                }))
            }
            _ => None,
        }
    }

    fn primary(&mut self, entry: &Entry) -> Option<Primary> {
        let node = &entry.node;
        let members = self.store_members(node);
        let lag = self.lag(node);
        let acknowledged = self.acknowledged(entry);
        let applies = self.applies(entry);
        self.refuse_idle_keys(node);
        let (home, replicas) = members?;
        let counting = acknowledged.and_then(|who| self.counting(entry, who, (home, &replicas)));
        let plan = self.single(entry, home, replicas)?;
        let (acknowledged, counting) = (acknowledged?, counting?);
        Some(Primary { lag: lag?, acknowledged, counting, applies: applies?, ..plan })
    }

    /// One owner at a time: a primary without a log.
    fn owner(&mut self, entry: &Entry) -> Option<Primary> {
        self.refuse_idle_keys(&entry.node);
        let (home, replicas) = self.store_members(&entry.node)?;
        self.single(entry, home, replicas)
    }

    /// What all stores with one writer have in common; the log is nothing.
    fn single(&mut self, entry: &Entry, home: SiteId, replicas: Vec<SiteId>) -> Option<Primary> {
        let node = &entry.node;
        let witnesses = self.witnesses(node, home, &replicas)?;
        let failover = self.failover(entry);
        let promotion = self.promotion(node);
        let reads = self.reads_from(node, home, &replicas);
        let noticed = self.law_of(node, "noticed");
        let rejoin = self.law_of(node, "rejoin").unwrap_or(Law::Fixed(Span::ZERO));
        let routers_learn = self.law_of(node, "routers_learn");
        let returns = node.get("returns").and_then(|returns| self.law_of(returns, "after"));
        Some(Primary {
            home,
            votes: Votes::alike(1 + replicas.len() + witnesses.len()),
            replicas,
            witnesses,
            lag: Law::Fixed(Span::ZERO),
            lag_drawn: match node.text_of("lag_drawn") {
                Some("write") => LagDrawn::Write,
                Some("read") => LagDrawn::Read,
                _ => LagDrawn::Failover,
            },
            applies: Apply::LogOrder,
            apply_rate: node.get("apply_rate").and_then(Node::rate),
            acknowledged: Acknowledged::Alone,
            counting: Counting::Everybody,
            failover: failover?,
            promotion: promotion?,
            noticed,
            rejoin,
            most_lag: node.duration_of("most_lag"),
            promotes: match node.text_of("promotes") {
                Some("synchronous") => Promotes::Synchronous,
                _ => Promotes::Any,
            },
            returns,
            routers_learn,
            reads: reads?,
            legs: self.legs(node, Law::Fixed(Span::ZERO))?,
            duties: node.get("duties").and_then(|duties| duties.duration_of("every")),
        })
    }

    /// Who answers reads.
    fn reads_from(&mut self, node: &Node, home: SiteId, replicas: &[SiteId]) -> Option<Reads> {
        let from = node.get("reads_from")?;
        if let Some(named) = from.get("site") {
            let site = self.site(named)?;
            let member = std::iter::once(&home).chain(replicas).position(|member| *member == site);
            if member.is_none() {
                let title = format!("`{}` has no data of the store", named.text().unwrap_or_default());
                let problem =
                    Diagnostic::error(Code::Exclusive, named.at, title).label("cannot answer reads");
                self.report(problem.help("name the site of its primary or of one of its replicas"));
            }
            return member.map(Reads::From);
        }
        match from.text()? {
            "primary" => Some(Reads::Primary),
            "nearest" => Some(Reads::Nearest),
            "uniform" => Some(Reads::Uniform),
            "sticky" => Some(Reads::Sticky),
            _ => None,
        }
    }

    /// What messages take beside the way; nothing where no law is written, a write this.
    pub(crate) fn legs(&mut self, node: &Node, write: Law) -> Option<Legs> {
        let mut legs = Legs { write, ..Legs::none() };
        let Some(written) = node.get("legs") else { return Some(legs) };
        for (key, leg) in [
            ("write", &mut legs.write),
            ("acknowledgement", &mut legs.ack),
            ("read", &mut legs.read),
            ("response", &mut legs.response),
        ] {
            if let Some(node) = written.get(key) {
                *leg = law(node, Alone::Exactly, &mut self.problems)?;
            }
        }
        Some(legs)
    }

    /// Sites that vote and hold no data.
    fn witnesses(&mut self, node: &Node, home: SiteId, replicas: &[SiteId]) -> Option<Vec<SiteId>> {
        let listed = node.get("witnesses").map_or(&[][..], Node::items);
        self.refuse_repeats(listed);
        let found: Vec<SiteId> = listed.iter().map(|site| self.site(site)).collect::<Option<_>>()?;
        let twice = |(_, site): &(&Node, &SiteId)| **site == home || replicas.contains(site);
        for (node, _) in listed.iter().zip(&found).filter(twice) {
            let title = format!("`{}` is a member already", node.text().unwrap_or_default());
            self.report(Diagnostic::error(Code::Repeated, node.at, title).label("holds data, and votes"));
        }
        Some(found)
    }

    /// One writer at a time, agreed on by voters: what they acknowledged stays.
    fn agreed(&mut self, entry: &Entry) -> Option<Primary> {
        let node = &entry.node;
        let voters = node.get("voters").map_or(&[][..], Node::items);
        if voters.is_empty() {
            let help = "the sites of the voters, e.g. `voters: [london, paris, oslo]`";
            self.missing(node, "a store of the family `consensus` needs `voters`", help);
            return None;
        }
        let listed = replicas_of(node).unwrap_or_default();
        self.refuse_repeats(listed);
        let voting: Vec<SiteId> = voters.iter().map(|site| self.site(site)).collect::<Option<_>>()?;
        let others: Vec<SiteId> = listed.iter().map(|site| self.site(site)).collect::<Option<_>>()?;
        let mut members = voting.clone();
        let mut seen = BTreeSet::new();
        members.retain(|site| seen.insert(*site));
        members.extend(others.into_iter().filter(|site| seen.insert(*site)));
        let votes = |site: &SiteId| voting.iter().filter(|voter| *voter == site).count() as u32;
        let of: Vec<u32> = members.iter().map(votes).collect();
        let quorum = self.quorum(node, voting.len() as u32)?;
        let lag = self.law_of(node, "lag").unwrap_or(Law::Fixed(Span::ZERO));
        let plan = self.single(entry, members[0], members[1..].to_vec())?;
        Some(Primary { lag, votes: Votes { of, quorum }, acknowledged: Acknowledged::Quorum, ..plan })
    }

    fn quorum(&mut self, node: &Node, voters: u32) -> Option<u32> {
        let most = voters / 2 + 1;
        let Some(quorum) = node.small_count_of("quorum") else { return Some(most) };
        if (most..=voters).contains(&quorum) {
            return Some(quorum);
        }
        let at = written(node, "quorum").unwrap_or(node.at);
        let title = format!("{quorum} of {voters} voters do not make a quorum");
        let problem = Diagnostic::error(Code::OutOfRange, at, title);
        let label = if quorum < most {
            "two such quorums need not have a voter in common"
        } else {
            "there are too few"
        };
        self.report(problem.label(label).help(format!("from {most} to {voters}")));
        None
    }

    fn leaderless(&mut self, entry: &Entry) -> Option<Replicated> {
        let members = self.copies(&entry.node);
        let Some(levels) = entry.node.get("levels") else {
            let help = "how many replicas an operation waits for, e.g. `levels: {write: local-quorum, read: local-quorum}`";
            self.missing(&entry.node, "a store of the family `leaderless` needs `levels`", help);
            return None;
        };
        let (write, read) = (level(levels, "write")?, level(levels, "read")?);
        let members = members?;
        let replicas: u32 = members.iter().map(|member| member.count).sum();
        for (key, level) in [("write", write), ("read", read)] {
            let wanted = match level {
                Level::Two => 2,
                Level::Three => 3,
                _ => 1,
            };
            if wanted > replicas {
                let title = format!("a {key} waits for {wanted} of {replicas} replicas");
                let at = written(levels, key).unwrap_or(entry.key_at);
                let problem = Diagnostic::error(Code::OutOfRange, at, title).label("none would ever be done");
                self.report(problem.help("add `copies` or `replicas`, or choose another level"));
                return None;
            }
        }
        let agreeing = self.agreeing(&entry.node, &members)?;
        Some(Replicated { members, write, read, agreeing })
    }

    /// Replicas at each of several sites.
    fn copies(&mut self, node: &Node) -> Option<Vec<Replicas>> {
        let Some(listed) = replicas_of(node).filter(|listed| !listed.is_empty()) else {
            let help = "the sites with replicas, e.g. `replicas: [london, paris]`";
            self.missing(node, "such a store needs `replicas`", help);
            return None;
        };
        self.refuse_repeats(listed);
        let count = node.small_count_of("copies").unwrap_or(1);
        listed.iter().map(|site| Some(Replicas { site: self.site(site)?, count })).collect()
    }

    fn law_of(&mut self, node: &Node, key: &str) -> Option<Law> {
        node.get(key).and_then(|node| law(node, Alone::Exactly, &mut self.problems))
    }

    /// The primary's site and the replicas', all different.
    fn store_members(&mut self, node: &Node) -> Option<(SiteId, Vec<SiteId>)> {
        let (primary, replicas) = (node.get("primary"), node.get("replicas"));
        for (key, help) in [
            ("primary", "the site of the primary, e.g. `primary: london`"),
            ("replicas", "the sites of the replicas, e.g. `replicas: [paris]`; `replicas: []` for none"),
        ] {
            if node.get(key).is_none() {
                self.missing(node, format!("a store with one writer at a time needs `{key}`"), help);
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

    fn failover(&mut self, entry: &Entry) -> Option<Failover> {
        let node = entry.node.get("failover")?;
        if node.text() == Some("never") {
            return Some(Failover::Never);
        }
        let ways = [
            ["human", "lease"],
            ["human", "check"],
            ["check", "lease"],
            ["human", "renewed_every"],
            ["check", "renewed_every"],
            ["fenced", "lease"],
        ];
        if ways.iter().any(|ways| self.exclusive(node, ways)) {
            return None;
        }
        let fenced = node.get("fenced").is_some() && node.truth_of("fenced");
        if node.get("human").is_some() {
            return self.law_of(node, "human").map(|after| Failover::Human { after, fenced });
        }
        match node.get("check") {
            Some(check) => Some(Failover::Checked { after: checked(check)?, fenced }),
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
            "promotion" | "most_lag" | "routers_learn" if waits(node) => Some("without a failover"),
            "lag" | "apply_rate" | "promotion" | "most_lag" if alone(node) => Some("without replicas"),
            "applies" if alone(node) && entry.node.text() != Some("log-order") => Some("without replicas"),
            "failover" if alone(node) && entry.node.text() != Some("never") => Some("without replicas"),
            "promotes" if waits(node) && entry.node.text() != Some("any") => Some("without a failover"),
            "promotes" if entry.node.text() == Some("synchronous") && acknowledges_alone(node) => {
                Some("where nothing but the primary acknowledges")
            }
            "returns" if waits(node) && entry.node.text() != Some("never") => Some("without a failover"),
            _ => None,
        };
        let known = keys_of(node.text_of("family").unwrap_or_default(), false);
        let meant =
            |entry: &&Entry| entry.node.origin == Origin::Written && known.contains(&entry.key.as_str());
        let written = node.entries().iter().filter(meant);
        for (entry, why) in written.filter_map(|entry| Some((entry, idle(entry)?))) {
            let title = format!("`{}` means nothing {why}", entry.key);
            self.report(Diagnostic::error(Code::Exclusive, entry.key_at, title).label("leave it out"));
        }
    }
}

fn many_writers(plan: Replicated) -> Family {
    Family::Replicated(Box::new(plan))
}

fn one_writer(plan: Primary) -> Family {
    Family::Primary(Box::new(plan))
}

/// Does the store say that it has no replica?
fn alone(node: &Node) -> bool {
    replicas_of(node).is_some_and(<[Node]>::is_empty)
}

/// The replicas, where a list of them is written.
pub(crate) fn replicas_of(node: &Node) -> Option<&[Node]> {
    match &node.get("replicas")?.value {
        Value::List(items) => Some(items),
        _ => None,
    }
}

/// Resolved scenarios spell defaults out, whatever the family.
fn says_the_default(entry: &Entry) -> bool {
    let default = [
        ("copies", "1"),
        ("acknowledged_by", "primary"),
        ("failover", "never"),
        ("returns", "never"),
        ("promotes", "any"),
        ("reads_from", "primary"),
        ("lag_drawn", "failover"),
        ("applies", "log-order"),
        ("hints", "none"),
        ("read_repair", "none"),
        ("asks", "just-enough"),
    ];
    default.contains(&(entry.key.as_str(), entry.node.text().unwrap_or_default()))
}

/// Is the store nothing but its parts?
fn is_split(entry: &Entry) -> bool {
    matches!(entry.node.text_of("family"), Some("sharded" | "partitioned"))
}

/// Does the primary acknowledge alone?
fn acknowledges_alone(node: &Node) -> bool {
    node.text_of("acknowledged_by") == Some("primary")
}

/// Does the store wait for a lost primary?
fn waits(node: &Node) -> bool {
    node.text_of("failover") == Some("never")
}

/// Where the user wrote this key's value; nowhere if a preset or default did.
pub(crate) fn written(node: &Node, key: &str) -> Option<Extent> {
    node.get(key).filter(|node| node.origin == Origin::Written).map(|node| node.at)
}

/// From the loss of a primary until several probes in a row have failed.
fn checked(check: &Node) -> Option<Law> {
    let (every, timeout) = (check.duration_of("every")?, check.duration_of("timeout")?);
    let before = i64::from(check.small_count_of("failures")?.checked_sub(1)?);
    let last = every.nanos().checked_mul(before)?.checked_add(timeout.nanos())?;
    let ends = last.checked_add(every.nanos())?;
    Law::uniform(Span::from_nanos(last), Span::from_nanos(ends)).ok()
}

fn level(levels: &Node, key: &str) -> Option<Level> {
    match levels.text_of(key)? {
        "one" => Some(Level::One),
        "two" => Some(Level::Two),
        "three" => Some(Level::Three),
        "quorum" => Some(Level::Quorum),
        "all" => Some(Level::All),
        "local-one" => Some(Level::LocalOne),
        "local-quorum" => Some(Level::LocalQuorum),
        "each-quorum" => Some(Level::EachQuorum),
        _ => None,
    }
}

/// The keys that mean something for a family.
fn keys_of(family: &str, voting: bool) -> &'static [&'static str] {
    match family {
        "consensus" => &[
            "voters",
            "quorum",
            "replicas",
            "lag",
            "lag_drawn",
            "apply_rate",
            "failover",
            "promotion",
            "rejoin",
            "reads_from",
            "legs",
            "parts",
            "keys",
            "popularity",
            "sessions",
        ],
        "singleton" if voting => &["voters", "quorum", "failover", "promotion", "duties", "parts"],
        "singleton" => &[
            "primary",
            "replicas",
            "witnesses",
            "failover",
            "promotion",
            "noticed",
            "rejoin",
            "returns",
            "duties",
            "parts",
        ],
        "leaderless" => &[
            "replicas",
            "copies",
            "levels",
            "lag",
            "legs",
            "convicted_after",
            "hints",
            "read_repair",
            "anti_entropy",
            "log_saved_every",
            "asks",
            "clocks",
            "parts",
            "keys",
            "popularity",
            "sessions",
        ],
        "multi-primary" => &[
            "replicas",
            "copies",
            "lag",
            "legs",
            "anti_entropy",
            "clocks",
            "parts",
            "keys",
            "popularity",
            "sessions",
        ],
        _ => &[
            "primary",
            "replicas",
            "witnesses",
            "lag",
            "lag_drawn",
            "applies",
            "apply_rate",
            "acknowledged_by",
            "failover",
            "promotion",
            "most_lag",
            "promotes",
            "noticed",
            "rejoin",
            "returns",
            "routers_learn",
            "reads_from",
            "legs",
            "parts",
            "keys",
            "popularity",
            "sessions",
        ],
    }
}
