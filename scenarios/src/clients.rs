//! Populations of clients: where they are, what they ask for, how they treat answers.

use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::quantity;
use crate::resolver::Resolver;
use crate::tree::{Entry, Node};
use models::specification::{Caching, Cohort, Connection, Daily, Demand, OnDown, PlaceId, Population};
use sim::Span;

impl Resolver<'_> {
    /// Every population.
    pub(crate) fn clients(&mut self) {
        for entry in self.section("clients") {
            if let Some(population) = self.population(entry) {
                self.spec.populations.push(population);
            }
        }
    }

    fn population(&mut self, entry: &Entry) -> Option<Population> {
        let node = &entry.node;
        let place = self.population_place(entry);
        let used = node.get("uses").and_then(|name| self.entry_point(name));
        let demand = self.demand(node);
        let cohorts = node.get("cohorts").map(|cohorts| self.cohorts(cohorts)).unwrap_or_default();
        let geography = node.get("geography").map_or(&[][..], Node::one_or_many);
        let geography = geography.iter().filter_map(|item| item.text().map(str::to_owned)).collect();
        Some(Population { name: entry.key.clone(), place, geography, entry: used?, demand: demand?, cohorts })
    }

    fn population_place(&mut self, entry: &Entry) -> Option<PlaceId> {
        let node = &entry.node;
        let anywhere = node.truth_of("anywhere");
        match node.get("at") {
            Some(at) if anywhere => {
                self.exclusive(node, &["at", "anywhere"]);
                self.place(at, &entry.key)
            }
            Some(at) => self.place(at, &format!("clients/{}", entry.key)),
            None if anywhere => None,
            None => {
                self.missing(
                    node,
                    "a population has a place",
                    "write `at: [degrees north, degrees east]` or `anywhere: true`",
                );
                None
            }
        }
    }

    fn demand(&mut self, node: &Node) -> Option<Demand> {
        let daily = node.get("daily")?;
        let written = node.get("demand").and_then(Node::rate);
        let bounds = daily.get("low").and_then(Node::rate).zip(daily.get("high").and_then(Node::rate));
        if self.clashes(daily) {
            return None;
        }
        match (written, bounds) {
            (Some(_), Some(_)) => {
                let at = node.entry("demand").map_or(node.at, |entry| entry.key_at);
                let problem = Diagnostic::error(Code::Exclusive, at, "`demand` beside `daily: {low, high}`");
                self.report(problem.label("their mean is the demand: leave this out"));
                None
            }
            (None, Some((low, high))) => self.between(node, daily, low, high),
            (Some(mean), None) => Some(Demand { mean, daily: self.shape_of_day(node, daily)? }),
            (None, None) if node.get("demand").is_none() => {
                self.missing(
                    node,
                    "a population has a demand",
                    "write its mean rate, e.g. `demand: 2000 rps`",
                );
                None
            }
            (None, None) => None,
        }
    }

    fn clashes(&mut self, daily: &Node) -> bool {
        let a = self.exclusive(daily, &["peak", "peak_local"]);
        let b = self.exclusive(daily, &["swing", "hours", "low"]);
        let c = self.exclusive(daily, &["swing", "hours", "high"]);
        let d = self.exclusive(daily, &["hours", "peak"]) || self.exclusive(daily, &["hours", "peak_local"]);
        let e = self.exclusive(daily, &["timezone", "peak_local"]);
        let halves = daily.get("low").is_some() != daily.get("high").is_some();
        if halves {
            self.missing(daily, "`low` and `high` belong together", "write both, or `swing`");
        }
        a || b || c || d || e || halves
    }

    /// A sinusoid between two rates.
    fn between(&mut self, population: &Node, daily: &Node, low: f64, high: f64) -> Option<Demand> {
        if low > high {
            let at = daily.get("low").map_or(daily.at, |node| node.at);
            self.report(Diagnostic::error(Code::OutOfRange, at, "`low` is more than `high`"));
            return None;
        }
        let peak = self.peak(population, daily)?;
        Some(Demand {
            mean: (low + high) / 2.0,
            daily: Daily::Sinusoid { swing: (high - low) / (high + low), peak },
        })
    }

    fn shape_of_day(&mut self, population: &Node, daily: &Node) -> Option<Daily> {
        if daily.text() == Some("flat") {
            return Some(Daily::Flat);
        }
        if let Some(hours) = daily.get("hours") {
            return self.hours(daily, hours);
        }
        if daily.get("swing").is_none() {
            self.missing(
                daily,
                "`daily` needs `swing`, `low` and `high`, or `hours`",
                "e.g. `daily: {peak_local: 20h, swing: 40%}`",
            );
            return None;
        }
        Some(Daily::Sinusoid { swing: daily.share_of("swing")?, peak: self.peak(population, daily)? })
    }

    /// The time of day of the peak, UTC.
    fn peak(&mut self, population: &Node, daily: &Node) -> Option<Span> {
        if let Some(local) = daily.get("peak_local") {
            if population.get("at").is_none() {
                self.missing(
                    population,
                    "`peak_local` needs a place",
                    "write `at`, or the peak in UTC as `peak: 20h`",
                );
            }
            let east = self.longitude(population.get("at")?)?;
            // The sun is 24 h / 360 degrees earlier for each degree east.
            return Some(of_day(local.duration()? - Span::from_seconds(east * 240.0)));
        }
        let Some(peak) = daily.get("peak") else {
            self.missing(daily, "a sinusoid has a peak", "write `peak_local: 20h`, or `peak: 20h` for UTC");
            return None;
        };
        Some(of_day(peak.duration()? - timezone(daily)))
    }

    fn longitude(&self, at: &Node) -> Option<f64> {
        match at.items() {
            [_, east] => east.number(),
            _ => Some(self.spec.places[*self.places.get(at.text()?)?].longitude),
        }
    }

    fn hours(&mut self, daily: &Node, hours: &Node) -> Option<Daily> {
        let factors: Vec<f64> = hours.items().iter().map(Node::percent).collect::<Option<_>>()?;
        let Ok(mut table) = <[f64; 24]>::try_from(factors) else {
            if hours.items().len() > 24 {
                let title = format!("{} hours; a day has 24", hours.items().len());
                self.report(Diagnostic::error(Code::OutOfRange, hours.at, title));
            }
            return None;
        };
        let mean = table.iter().sum::<f64>() / 24.0;
        if (mean - 1.0).abs() > 1e-3 {
            let title = format!(
                "the mean of the 24 hours is {} %, not 100 %",
                crate::steering::rounded(mean * 100.0)
            );
            self.report(Diagnostic::error(Code::Shares, hours.at, title).label("factors of the mean"));
            return None;
        }
        table.iter_mut().for_each(|factor| *factor /= mean);
        let zone = timezone(daily);
        if zone.nanos() % Span::HOUR.nanos() != 0 {
            let at = daily.get("timezone").map_or(daily.at, |node| node.at);
            self.report(Diagnostic::error(
                Code::OutOfRange,
                at,
                "a table of hours moves by whole hours only",
            ));
            return None;
        }
        table.rotate_left((zone.nanos() / Span::HOUR.nanos()).rem_euclid(24) as usize);
        Some(Daily::Hours(table))
    }

    fn cohorts(&mut self, node: &Node) -> Vec<Cohort> {
        if node.entries().is_empty() {
            self.report(
                Diagnostic::error(Code::Empty, node.at, "no cohort")
                    .label("leave `cohorts` out, or name some"),
            );
            return Vec::new();
        }
        let cohorts: Vec<Cohort> = node.entries().iter().filter_map(|entry| self.cohort(entry)).collect();
        if cohorts.len() == node.entries().len() {
            let shares: Vec<f64> = cohorts.iter().map(|cohort| cohort.share).collect();
            self.whole(&shares, node, "cohorts");
        }
        cohorts
    }

    fn cohort(&mut self, entry: &Entry) -> Option<Cohort> {
        let node = &entry.node;
        let caching = self.caching(node)?;
        if node.get("on_down").is_some() && node.get("connection").is_none() {
            self.missing(node, "`on_down` is about connections", "add their life, e.g. `connection: 1h`");
        }
        let on_down = match node.text_of("on_down") {
            Some("wait") => OnDown::Wait,
            _ => OnDown::Reconnect,
        };
        Some(Cohort {
            name: entry.key.clone(),
            share: node.share_of("share")?,
            caching,
            connection: node.duration_of("connection").map(|life| Connection { life, on_down }),
            queries: node.get("queries").and_then(Node::rate),
        })
    }

    fn caching(&mut self, node: &Node) -> Option<Caching> {
        if node.truth_of("pinned") {
            let clash = ["ttl_at_least", "ttl_at_most", "queries"]
                .iter()
                .any(|key| self.exclusive(node, &["pinned", key]));
            return (!clash).then_some(Caching::Pinned);
        }
        let at_least = node.duration_of("ttl_at_least").unwrap_or(Span::ZERO);
        let at_most = node.duration_of("ttl_at_most").unwrap_or(Span::FOREVER);
        if at_least > at_most {
            let at = node.get("ttl_at_least").map_or(node.at, |node| node.at);
            let problem =
                Diagnostic::error(Code::OutOfRange, at, "`ttl_at_least` is more than `ttl_at_most`");
            self.report(problem);
            return None;
        }
        Some(Caching::Honours { at_least, at_most })
    }
}

fn timezone(daily: &Node) -> Span {
    let text = daily.text_of("timezone").unwrap_or("0h");
    quantity::signed_duration(text).unwrap_or(Span::ZERO)
}

/// The same time of day, in [0, 24 h).
fn of_day(span: Span) -> Span {
    Span::from_nanos(span.nanos().rem_euclid(Span::DAY.nanos()))
}
