//! Health checks.

use crate::codes::Code;
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::resolver::Resolver;
use crate::tree::{Entry, Node, Origin, Value};
use models::specification::{HealthCheck, Phase, PlaceId, Sees, Spacing, StoreId};
use sim::Span;

const MOST_VANTAGES: usize = 128;

impl Resolver<'_> {
    /// Every health check.
    pub(crate) fn health_checks(&mut self) {
        for entry in self.section("health_checks") {
            if let Some(check) = self.read_check(entry) {
                self.spec.checks.push(check);
            }
        }
    }

    fn read_check(&mut self, entry: &Entry) -> Option<HealthCheck> {
        let node = &entry.node;
        let (sees, stores) = self.sees(node.get("sees")?);
        let vantages = self.vantages(node.get("vantages")?);
        let phase = self.phase(node, vantages.len());
        let group = node.small_count_of("group")?;
        let groups = (vantages.len() as u32).div_ceil(group.max(1));
        let healthy_needs = self.healthy_needs(node, groups);
        Some(HealthCheck {
            name: entry.key.clone(),
            interval: node.duration_of("interval")?,
            spacing: match node.text_of("spacing")? {
                "response" => Spacing::Response,
                _ => Spacing::Start,
            },
            timeout: self.timeout(node)?,
            retries: node.small_count_of("retries")?,
            failures: node.small_count_of("failures")?,
            successes: node.small_count_of("successes")?,
            vantages,
            group,
            healthy_needs: healthy_needs?,
            sees,
            stores,
            phase: phase?,
        })
    }

    /// A probe must be over, with its retries, before the next one is sent.
    fn timeout(&mut self, node: &Node) -> Option<Span> {
        let (timeout, interval) = (node.duration_of("timeout")?, node.duration_of("interval")?);
        let attempts = i64::from(node.small_count_of("retries")?) + 1;
        let whole = timeout.nanos().checked_mul(attempts);
        if node.text_of("spacing") == Some("start") && whole.is_none_or(|whole| whole > interval.nanos()) {
            self.long_probe(node, attempts);
            return None;
        }
        Some(timeout)
    }

    fn long_probe(&mut self, node: &Node, attempts: i64) {
        let written = |key| node.get(key).filter(|node| node.origin != Origin::Default).map(|node| node.at);
        let at = written("timeout").or(written("interval")).unwrap_or(node.at);
        let title = "a probe and its retries may take longer than the interval between probes";
        let timeout = node.text_of("timeout").unwrap_or_default();
        let label = format!("{attempts} times {timeout} must fit into the interval");
        let problem = Diagnostic::error(Code::OutOfRange, at, title).label(label);
        let problem = problem.help("shorten the timeout, lengthen the interval, or use `spacing: response`");
        self.report(match written("interval").filter(|interval| *interval != at) {
            Some(interval) => problem.related(interval, "the interval"),
            None => problem,
        });
    }

    /// How deep a probe looks, and the stores it writes.
    fn sees(&mut self, node: &Node) -> (Sees, Vec<StoreId>) {
        let seen = node.one_or_many();
        self.refuse_repeats(seen);
        let depth = |word: &str| seen.iter().any(|item| item.text() == Some(word));
        let sees = if depth("site") { Sees::Site } else { Sees::Host };
        let stores = seen.iter().filter(|item| !matches!(item.text(), Some("host" | "site")));
        (sees, stores.filter_map(|item| self.seen_store(item)).collect())
    }

    fn seen_store(&mut self, node: &Node) -> Option<StoreId> {
        let name = node.text()?;
        let found = self.stores.get(name).map(|declared| declared.id);
        if let Some(parts) = self.split.get(name) {
            let title = format!("`{name}` is split: a probe sees one of its parts");
            let problem = Diagnostic::error(Code::UnknownReference, node.at, title);
            let part = parts.first().map_or("", |part| &part.name);
            self.report(problem.label("names all of them").help(format!("e.g. `{name}/{part}`")));
            return None;
        }
        if found.is_none() {
            let known = ["host", "site"].into_iter().chain(self.stores.keys().map(String::as_str));
            let help = did_you_mean(name, known);
            let title = format!("a probe cannot see `{name}`");
            let problem = Diagnostic::error(Code::UnknownReference, node.at, title);
            self.report(problem.label("neither `host`, nor `site`, nor a store").help_if(help));
        }
        found
    }

    fn vantages(&mut self, node: &Node) -> Vec<Option<PlaceId>> {
        let Value::List(items) = &node.value else {
            return vec![None; node.small_count().unwrap_or(0).min(MOST_VANTAGES as u32) as usize];
        };
        if items.len() > MOST_VANTAGES {
            let title = format!("{} vantage points; {MOST_VANTAGES} is the most", items.len());
            self.report(Diagnostic::error(Code::TooMany, node.at, title));
        }
        items.iter().map(|item| self.place(item, &place_name(item))).collect()
    }

    /// How many groups must be healthy for a site to be.
    fn healthy_needs(&mut self, node: &Node, groups: u32) -> Option<u32> {
        if self.exclusive(node, &["unhealthy_when", "healthy_above"]) {
            return None;
        }
        if let Some(share) = node.get("healthy_above") {
            return self.above(share, groups);
        }
        let Some(rule) = node.get("unhealthy_when") else { return Some(groups - groups / 2) };
        match rule.text()? {
            "any" => Some(groups),
            "majority" => Some(groups - groups / 2),
            "all" => Some(1),
            _ => self.unhealthy_when(rule, groups),
        }
    }

    /// More than a share of the groups.
    fn above(&mut self, node: &Node, groups: u32) -> Option<u32> {
        let needs = least_above(node.share()?, groups);
        if needs > groups {
            let title = "a site could never be healthy";
            self.report(Diagnostic::error(Code::OutOfRange, node.at, title).label("must be less than 100%"));
            return None;
        }
        Some(needs)
    }

    fn unhealthy_when(&mut self, node: &Node, groups: u32) -> Option<u32> {
        let (k, n) = node.out_of()?;
        if n != u64::from(groups) {
            let title = format!("the check has {groups} groups of vantage points, not {n}");
            self.report(
                Diagnostic::error(Code::OutOfRange, node.at, title).help(format!("write `{k} of {groups}`")),
            );
            return None;
        }
        Some(groups + 1 - k as u32)
    }

    fn phase(&mut self, node: &Node, vantages: usize) -> Option<Phase> {
        let phase = node.get("phase")?;
        let Value::List(items) = &phase.value else {
            return Some(match phase.text()? {
                "even" => Phase::Even,
                _ => Phase::Random,
            });
        };
        let interval = node.duration_of("interval")?;
        let phases: Vec<Span> = items.iter().map(Node::duration).collect::<Option<_>>()?;
        if phases.len() != vantages {
            let title = format!("{} phases for {vantages} vantage points", phases.len());
            self.report(
                Diagnostic::error(Code::OutOfRange, phase.at, title).label("one for each belongs here"),
            );
            return None;
        }
        if let Some(late) = items.iter().find(|item| item.duration().is_some_and(|phase| phase >= interval)) {
            let title = "a phase is less than the interval";
            self.report(
                Diagnostic::error(Code::OutOfRange, late.at, title).label("not before the second probe"),
            );
            return None;
        }
        Some(Phase::Fixed(phases))
    }
}

/// The least count that is more than a share of `groups`. The share is a decimal, so a product within 1e-9 of an
/// integer is that integer: 50 % of 6 is 3, and more than it is 4.
fn least_above(share: f64, groups: u32) -> u32 {
    (share * f64::from(groups) + 1e-9).floor() as u32 + 1
}

/// The name of a place given by coordinates.
fn place_name(node: &Node) -> String {
    let numbers: Vec<String> =
        node.items().iter().filter_map(|item| item.text().map(str::to_owned)).collect();
    numbers.join(",")
}

#[cfg(test)]
mod tests {
    use super::least_above;

    #[test]
    fn exactly_the_share_is_unhealthy() {
        assert_eq!(least_above(0.18, 16), 3, "18 % of 16 is 2.88");
        assert_eq!(least_above(0.18, 50), 10, "18 % of 50 is 9: nine are not enough");
        assert_eq!(least_above(0.5, 13), 7);
        assert_eq!(least_above(0.5, 6), 4);
        assert_eq!(least_above(0.0, 6), 1);
        assert_eq!(least_above(1.0, 6), 7);
    }
}
