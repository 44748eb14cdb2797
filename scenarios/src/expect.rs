//! Expectations: a measure, a comparison and a target.
//!
//! ```text
//! expectation = measure comparison target
//! comparison  = ">=" | "<=" | ">" | "<"
//! measure     = ("availability" | "time_up" | "downtime" | "outages" | "lost") [scope]
//!             | "time" "(" "served" [scope] ">=" share ")"
//!             | ("lost_writes" | "writable" | "two_writers" | "missed_duties" | "double_signs" | "stale_reads"
//!               | "own_writes_missed" | "reads_going_back" | "out_of_order" | "dropped_writes" | "lost_updates" | "refused_operations"
//!               | "unknown_outcomes") ["[" store "]"]
//!             | "p" digits "(" ("rto" | "outage") [scope] ")"
//!             | "drill" "(" "any" kind ")" ":" "served"
//! scope       = "[" name "]"
//! target      = share | length of time | number | number "per" time
//! ```
//!
//! `availability` is the share of requests served, `time_up` the share of time in which the scope is up, `downtime` the
//! time it is not, per year, `outages` their number per year, `lost` the requests lost per year, `lost_writes` the acknowledged
//! writes that a store loses per year, `writable` the share of time in which it has a writer, `two_writers` the time per year
//! in which it has two, `missed_duties` and `double_signs` the duties per year that nobody and that two of its members did,
//! the others shares of the operations that it can happen to; `rto` the time from a fault to full
//! service, `outage` the length of an outage.

use crate::codes::Code;
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::quantity::{self, Misfit};
use crate::resolver::Resolver;
use crate::scopes::NoScope;
use crate::shape::misfit_at;
use crate::tree::Node;
use models::expect::{Comparison, Expectation, Measure};
use models::outcome::Anomaly;
use models::specification::{Family, Scope, Store, StoreId};
use sim::Span;

/// What is wrong with an expectation.
enum Fault {
    /// A problem and the part of the text it is about, in bytes.
    Here { misfit: Misfit, start: usize, end: usize },
    /// What it names has problems of its own, which are told there.
    Elsewhere,
}

impl Resolver<'_> {
    /// Every expectation.
    pub(crate) fn expectations(&mut self) {
        for node in self.list("expect") {
            let Some(text) = written(node) else { continue };
            match self.expectation(&text) {
                Ok(expectation) => self.spec.expectations.push(expectation),
                Err(Fault::Here { misfit, start, end }) => {
                    self.report(placed(node, &text, misfit, (start, end)))
                }
                Err(Fault::Elsewhere) => {}
            }
        }
    }

    fn expectation(&self, text: &str) -> Result<Expectation, Fault> {
        let (at, sign, comparison) = comparison(text).ok_or_else(|| no_comparison(text))?;
        let (left, right) = (&text[..at], &text[at + sign.len()..]);
        let measure = self.measure(text, left)?;
        let target = target(&measure, right.trim()).map_err(|misfit| part(text, right, misfit))?;
        Ok(Expectation { text: text.trim().to_owned(), measure, comparison, target })
    }

    fn measure(&self, text: &str, left: &str) -> Result<Measure, Fault> {
        if let Some(inner) = called(left, "drill") {
            return self.drill(text, inner);
        }
        if let Some((inner, "")) = called(left, "time") {
            return self.time_served(text, inner);
        }
        if let Some((share, inner)) = percentile(left) {
            let (word, scope) = self.scoped(text, inner)?;
            return match word {
                "rto" => Ok(Measure::Recovery(scope, share)),
                "outage" => Ok(Measure::OutageLength(scope, share)),
                _ => Err(unknown_measure(text, inner, word, &["rto", "outage"])),
            };
        }
        let word = left.split('[').next().unwrap_or_default().trim();
        if let Some((_, of_store)) = OF_STORES.iter().find(|(known, _)| *known == word) {
            return self.of_store(text, left, *of_store);
        }
        if !MEASURES.contains(&word) {
            return Err(unknown_measure(text, left, word, MEASURES));
        }
        let (word, scope) = self.scoped(text, left)?;
        Ok(match word {
            "availability" => Measure::Availability(scope),
            "time_up" => Measure::TimeUp(scope),
            "downtime" => Measure::Downtime(scope),
            "outages" => Measure::Outages(scope),
            "lost" => Measure::Lost(scope),
            _ => return Err(unknown_measure(text, left, word, MEASURES)),
        })
    }

    /// `word[scope]`.
    fn scoped<'t>(&self, text: &str, part_of: &'t str) -> Result<(&'t str, Scope), Fault> {
        let trimmed = part_of.trim();
        let Some((word, rest)) = trimmed.split_once('[') else { return Ok((trimmed, Scope::All)) };
        let Some(name) = rest.strip_suffix(']') else {
            return Err(part(text, part_of, Misfit::new(Code::Grammar, "the scope's `]` is missing")));
        };
        if name.contains(',') {
            let later = Misfit::new(
                Code::NotYet,
                "expectations of several scopes, or of requests, are not yet in this version",
            );
            return Err(part(text, name, later));
        }
        match self.scope(name.trim()) {
            Ok(scope) => Ok((word.trim(), scope)),
            Err(problem) => Err(part(text, name, no_scope(name.trim(), problem))),
        }
    }

    /// `lost_writes[store]` and the like; the store may be left out where there is only one.
    fn of_store(&self, text: &str, left: &str, of_store: OfStore) -> Result<Measure, Fault> {
        let store = self.named_store(text, left)?;
        Ok(match of_store {
            OfStore::LostWrites if matches!(self.spec.stores[store].family, Family::Replicated(_)) => {
                let title = format!("`lost_writes` means nothing for `{}`", self.spec.stores[store].name);
                let idle = Misfit::new(Code::Exclusive, title);
                let help = "no writer of such a store is replaced by another, which is what this counts: ask for `dropped_writes`";
                return Err(part(text, left, idle.help(help)));
            }
            OfStore::LostWrites => Measure::LostWrites(store),
            OfStore::Writable => Measure::Writable(store),
            OfStore::TwoWriters => Measure::TwoWriters(store),
            OfStore::MissedDuties => self.with_duties(text, left, store).map(Measure::MissedDuties)?,
            OfStore::DoubleSigns => self.with_duties(text, left, store).map(Measure::DoubleSigns)?,
            OfStore::Clients(anomaly) => {
                let one_writer = matches!(self.spec.stores[store].family, Family::Primary(_));
                if !anomaly.concerns(one_writer) {
                    let word = left.split('[').next().unwrap_or(left).trim();
                    let title = format!("`{word}` means nothing for `{}`", self.spec.stores[store].name);
                    let idle = Misfit::new(Code::Exclusive, title);
                    let help = if one_writer {
                        "a store with one writer at a time drops no write for another"
                    } else {
                        "a store that many may write has no one order to be in: ask for `stale_reads` or `dropped_writes`"
                    };
                    return Err(part(text, left, idle.help(help)));
                }
                if let Some(sessions) = &self.spec.stores[store].sessions {
                    if anomaly == Anomaly::LostUpdate && sessions.updates <= 0.0 {
                        let title = format!("clients of `{}` update nothing", self.spec.stores[store].name);
                        let idle = Misfit::new(Code::MissingKey, title);
                        let help =
                            "say how many writes are read-modify-writes, e.g. `sessions: {updates: 20%}`";
                        return Err(part(text, left, idle.help(help)));
                    }
                    return Ok(Measure::Clients(anomaly, store));
                }
                let title = format!("`{}` says nothing of its clients", self.spec.stores[store].name);
                let unseen = Misfit::new(Code::MissingKey, title);
                let help = "give the store `sessions` and `keys`, so that single operations are looked at";
                return Err(part(text, left, unseen.help(help)));
            }
        })
    }

    /// A store whose writer has duties.
    fn with_duties(&self, text: &str, left: &str, store: StoreId) -> Result<StoreId, Fault> {
        let Store { name, family, .. } = &self.spec.stores[store];
        if matches!(family, Family::Primary(plan) if plan.duties.is_some()) {
            return Ok(store);
        }
        let idle = Misfit::new(Code::MissingKey, format!("`{name}` has no duties"));
        let help = "only a store of the family `singleton` has: give it e.g. `duties: {every: 12s}`";
        Err(part(text, left, idle.help(help)))
    }

    fn named_store(&self, text: &str, left: &str) -> Result<StoreId, Fault> {
        let stores = &self.spec.stores;
        let names = || stores.rows().iter().map(|store| store.name.as_str());
        let broken = || self.stores.len() > stores.len();
        let Some((_, rest)) = left.trim().split_once('[') else {
            return match (stores.ids().next(), stores.len()) {
                _ if broken() => Err(Fault::Elsewhere),
                (Some(only), 1) => Ok(only),
                (None, _) => Err(part(text, left, Misfit::new(Code::UnknownReference, "there is no store"))),
                _ => {
                    let which = Misfit::new(Code::Grammar, "of which store?");
                    let help = format!("write `{}[store]`; the stores are {}", left.trim(), list(names()));
                    Err(part(text, left, which.help(help)))
                }
            };
        };
        let Some(name) = rest.strip_suffix(']').map(str::trim) else {
            return Err(part(text, left, Misfit::new(Code::Grammar, "the store's `]` is missing")));
        };
        stores.position(|store| store.name == name).ok_or_else(|| {
            if self.stores.contains_key(name) {
                return Fault::Elsewhere;
            }
            let unknown = Misfit::new(Code::UnknownReference, format!("unknown store `{name}`"));
            part(text, name, with_help(unknown, did_you_mean(name, names())))
        })
    }

    /// `time(served[scope] >= 95%)`.
    fn time_served(&self, text: &str, inner: &str) -> Result<Measure, Fault> {
        let wrong = || {
            part(
                text,
                inner,
                Misfit::new(Code::Grammar, "not a condition").help("write `time(served[www] >= 95%)`"),
            )
        };
        let (left, right) = inner.split_once(">=").ok_or_else(wrong)?;
        let (word, scope) = self.scoped(text, left)?;
        if word != "served" {
            return Err(unknown_measure(text, left, word, &["served"]));
        }
        let share = quantity::share(right).map_err(|misfit| part(text, right, misfit))?;
        Ok(Measure::TimeServed(scope, share))
    }

    /// `drill(any provider): served`.
    fn drill(&self, text: &str, (inner, rest): (&str, &str)) -> Result<Measure, Fault> {
        if rest.strip_prefix(':').map(str::trim) != Some("served") {
            let misfit =
                Misfit::new(Code::Grammar, "not a drill").help("write `drill(any provider): served >= 85%`");
            return Err(part(text, if rest.is_empty() { text } else { rest }, misfit));
        }
        let Some(kind) = inner.trim().strip_prefix("any ").map(str::trim) else {
            let misfit = Misfit::new(Code::Grammar, "whose loss?")
                .help("write `any provider`, `any region`, `any site`");
            return Err(part(text, inner, misfit));
        };
        let kinds: Vec<&str> = self.spec.domains.rows().iter().map(|domain| domain.kind.as_str()).collect();
        if !kinds.contains(&kind) {
            let unknown =
                Misfit::new(Code::UnknownReference, format!("there is no domain of the kind `{kind}`"));
            return Err(part(text, kind, with_help(unknown, did_you_mean(kind, kinds))));
        }
        Ok(Measure::Drill(kind.to_owned()))
    }
}

const MEASURES: &[&str] = &[
    "availability",
    "time_up",
    "downtime",
    "outages",
    "lost",
    "lost_writes",
    "writable",
    "two_writers",
    "missed_duties",
    "double_signs",
    "stale_reads",
    "own_writes_missed",
    "reads_going_back",
    "out_of_order",
    "dropped_writes",
    "lost_updates",
    "refused_operations",
    "unknown_outcomes",
    "time",
    "drill",
    "p95(rto)",
    "p95(outage)",
];

/// Measures of stores.
#[derive(Clone, Copy)]
enum OfStore {
    LostWrites,
    Writable,
    TwoWriters,
    MissedDuties,
    DoubleSigns,
    Clients(Anomaly),
}

const OF_STORES: &[(&str, OfStore)] = &[
    ("lost_writes", OfStore::LostWrites),
    ("writable", OfStore::Writable),
    ("two_writers", OfStore::TwoWriters),
    ("missed_duties", OfStore::MissedDuties),
    ("double_signs", OfStore::DoubleSigns),
    ("stale_reads", OfStore::Clients(Anomaly::StaleRead)),
    ("own_writes_missed", OfStore::Clients(Anomaly::ReadYourWrites)),
    ("reads_going_back", OfStore::Clients(Anomaly::MonotonicReads)),
    ("out_of_order", OfStore::Clients(Anomaly::OutOfOrder)),
    ("dropped_writes", OfStore::Clients(Anomaly::DroppedWrite)),
    ("lost_updates", OfStore::Clients(Anomaly::LostUpdate)),
    ("refused_operations", OfStore::Clients(Anomaly::Refused)),
    ("unknown_outcomes", OfStore::Clients(Anomaly::Unknown)),
];

/// Measures of later versions.
const LATER: &[&str] = &["rpo", "cost", "p99(latency)", "latency"];

/// The text of an expectation; a map of one entry is `drill(any site): served >= 90%` without quotes.
fn written(node: &Node) -> Option<String> {
    match node.entries() {
        [entry] => Some(format!("{}: {}", entry.key, entry.node.text()?)),
        _ => node.text().map(str::to_owned),
    }
}

fn placed(node: &Node, text: &str, misfit: Misfit, (start, end): (usize, usize)) -> Diagnostic {
    let whole = node.at.end.saturating_sub(node.at.start);
    // With escapes or over several lines the offsets of the text are not those of the file.
    let at = match whole.checked_sub(text.len()) {
        Some(0) => node.at.part(start, end),
        Some(2) => node.at.part(start + 1, end + 1),
        _ => node.at,
    };
    Diagnostic { at, ..misfit_at(node, misfit) }
}

/// A fault of `inner`, a slice of `text`.
fn part(text: &str, inner: &str, misfit: Misfit) -> Fault {
    let offset = (inner.as_ptr() as usize).wrapping_sub(text.as_ptr() as usize);
    let offset = if offset <= text.len() { offset } else { 0 };
    let start = offset + (inner.len() - inner.trim_start().len());
    let end = offset + inner.trim_end().len();
    Fault::Here { misfit, start: start.min(end), end }
}

fn list<'n>(names: impl Iterator<Item = &'n str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

fn with_help(misfit: Misfit, help: Option<String>) -> Misfit {
    match help {
        Some(help) => misfit.help(help),
        None => misfit,
    }
}

fn no_scope(name: &str, problem: NoScope) -> Misfit {
    match problem {
        NoScope::Unknown(help) => {
            let unknown = Misfit::new(Code::UnknownReference, format!("unknown scope `{name}`"));
            with_help(unknown.label("neither `all`, nor an entry point, nor a population"), help)
        }
        NoScope::Ambiguous => {
            Misfit::new(Code::UnknownReference, format!("`{name}` is an entry point and a population"))
                .help(format!("write `steering/{name}` or `clients/{name}`"))
        }
    }
}

fn unknown_measure(text: &str, at: &str, word: &str, known: &[&str]) -> Fault {
    if LATER.contains(&word) {
        return part(
            text,
            at,
            Misfit::new(Code::NotYet, format!("the measure `{word}` is not yet in this version")),
        );
    }
    let help = did_you_mean(word, known.iter().copied())
        .unwrap_or_else(|| format!("measures are {}", known.join(", ")));
    part(text, at, Misfit::new(Code::Grammar, format!("unknown measure `{word}`")).help(help))
}

/// The comparison outside of parentheses: its position, its sign, its meaning.
fn comparison(text: &str) -> Option<(usize, &'static str, Comparison)> {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            '<' | '>' if depth == 0 => {
                return SIGNS
                    .iter()
                    .find(|(sign, _)| text[at..].starts_with(sign))
                    .map(|(sign, c)| (at, *sign, *c));
            }
            _ => {}
        }
    }
    None
}

const SIGNS: &[(&str, Comparison)] = &[
    (">=", Comparison::AtLeast),
    ("<=", Comparison::AtMost),
    (">", Comparison::Above),
    ("<", Comparison::Below),
];

fn no_comparison(text: &str) -> Fault {
    let misfit =
        Misfit::new(Code::Grammar, "not an expectation").label("no comparison: `>=`, `<=`, `>` or `<`");
    part(text, text, misfit.help("for example `availability >= 99.95%` or `p95(rto) <= 3m`"))
}

/// `name(inner)rest`.
fn called<'t>(text: &'t str, name: &str) -> Option<(&'t str, &'t str)> {
    let rest = text.trim().strip_prefix(name)?.trim_start().strip_prefix('(')?;
    let (inner, rest) = rest.rsplit_once(')')?;
    Some((inner, rest.trim()))
}

/// `p95(inner)`.
fn percentile(text: &str) -> Option<(f64, &str)> {
    let rest = text.trim().strip_prefix('p')?;
    let (digits, inner) = rest.split_once('(')?;
    let inner = inner.trim_end().strip_suffix(')')?;
    let share = quantity::percent(&format!("{}%", digits.trim())).ok()?;
    (share > 0.0 && share < 1.0).then_some((share, inner))
}

/// The target in the measure's unit.
fn target(measure: &Measure, text: &str) -> Result<f64, Misfit> {
    match measure {
        Measure::Availability(_) | Measure::TimeUp(_) | Measure::TimeServed(..) | Measure::Drill(_) => {
            quantity::share(text)
        }
        Measure::Writable(_) | Measure::Clients(..) => per_million(text),
        Measure::Downtime(_) | Measure::TwoWriters(_) => {
            quantity::duration(text.strip_suffix("per year").unwrap_or(text)).map(Span::seconds)
        }
        Measure::Recovery(..) | Measure::OutageLength(..) => quantity::duration(text).map(Span::seconds),
        Measure::Outages(_)
        | Measure::Lost(_)
        | Measure::LostWrites(_)
        | Measure::MissedDuties(_)
        | Measure::DoubleSigns(_) => yearly(text),
    }
}

/// A share, or a number of a million.
fn per_million(text: &str) -> Result<f64, Misfit> {
    match text.strip_suffix("per million") {
        Some(number) => quantity::number(number.trim()).map(|number| number / 1e6),
        None => quantity::share(text),
    }
}

/// A number per year: `10 per year`, `1 per 100y`; a bare number has no unit.
fn yearly(text: &str) -> Result<f64, Misfit> {
    match quantity::number(text) {
        Ok(number) => {
            let missing = Misfit::new(Code::NoUnit, format!("`{text}` of what time?"));
            Err(missing.help(format!("write `{number} per year`")))
        }
        Err(_) => Ok(per_year(quantity::rate(text)?)),
    }
}

/// Rates are read per second; a whole number per year comes back whole.
fn per_year(per_second: f64) -> f64 {
    let yearly = per_second * Span::YEAR.seconds();
    let whole = yearly.round();
    if (yearly - whole).abs() <= 1e-9 * whole { whole } else { yearly }
}
