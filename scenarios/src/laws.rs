//! Laws of random times, from whichever figures the user knows.

use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::steering::rounded;
use crate::tree::{Entry, Node};
use crate::vocabulary::PERCENTILES;
use sim::Law;
use sim::law::{Fact, Family, FitError};

/// What a single time means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Alone {
    /// The mean of an exponential law: times up, times between events.
    Mean,
    /// That time, always: repairs, lengths.
    Exactly,
}

/// The law that `node` describes; problems are appended.
pub(crate) fn law(node: &Node, alone: Alone, problems: &mut Vec<Diagnostic>) -> Option<Law> {
    if let Some(span) = node.duration() {
        return Some(match alone {
            Alone::Mean => Law::Exponential { mean: span.seconds() },
            Alone::Exactly => Law::Fixed(span),
        });
    }
    if node.entries().is_empty() {
        return None;
    }
    match node.text_of("law") {
        Some("fixed") => fixed(node, problems),
        Some("uniform") => uniform(node, problems),
        Some("empirical") => empirical(node, problems),
        Some("mixture") => mixture(node, problems),
        Some(name) => fitted(node, family(name)?, problems),
        None => fitted(node, implied(node), problems),
    }
}

fn family(name: &str) -> Option<Family> {
    Some(match name {
        "exponential" => Family::Exponential,
        "weibull" => Family::Weibull,
        "lognormal" => Family::Lognormal,
        "gamma" => Family::Gamma,
        "pareto" => Family::Pareto,
        _ => return None,
    })
}

/// Without a name: exponential by its mean alone, else lognormal.
fn implied(node: &Node) -> Family {
    match node.entries() {
        [only] if only.key == "mean" => Family::Exponential,
        _ => Family::Lognormal,
    }
}

fn fitted(node: &Node, family: Family, problems: &mut Vec<Diagnostic>) -> Option<Law> {
    let mut facts = Vec::new();
    for entry in node.entries().iter().filter(|entry| entry.key != "law") {
        match fact(entry, family) {
            Ok(fact) => facts.push(fact?),
            Err(problem) => {
                problems.push(problem);
                return None;
            }
        }
    }
    report(Law::fit(family, &facts), node, problems)
}

/// The figure an entry gives; `Err` where the family has none of this name, `Ok(None)` where it is already reported.
fn fact(entry: &Entry, family: Family) -> Result<Option<Fact>, Diagnostic> {
    let (key, node) = (entry.key.as_str(), &entry.node);
    Ok(match key {
        "mean" => node.duration().map(Fact::Mean),
        "median" => node.duration().map(Fact::Median),
        "shape" => node.number().map(Fact::Shape),
        "sigma" => node.number().map(Fact::Sigma),
        "variation" => node.number().map(Fact::Variation),
        "scale" => node.duration().map(Fact::Scale),
        "min" if family == Family::Pareto => node.duration().map(Fact::Scale),
        _ => match PERCENTILES.iter().find(|(name, _)| *name == key) {
            Some((_, share)) => node.duration().map(|value| Fact::Percentile { share: *share, value }),
            None => return Err(foreign(entry, &family.to_string())),
        },
    })
}

fn foreign(entry: &Entry, law: &str) -> Diagnostic {
    let title = format!("`{}` says nothing about a law that is {law}", entry.key);
    Diagnostic::error(Code::LawParameters, entry.key_at, title).label("not a parameter of this law")
}

/// Only these keys, beside `law`.
fn only(node: &Node, keys: &[&str], law: &str, problems: &mut Vec<Diagnostic>) {
    let others =
        node.entries().iter().filter(|entry| entry.key != "law" && !keys.contains(&entry.key.as_str()));
    problems.extend(others.map(|entry| foreign(entry, law)));
}

fn needs(node: &Node, key: &str, law: &str, problems: &mut Vec<Diagnostic>) {
    if node.get(key).is_none() {
        let title = format!("a law that is {law} needs `{key}`");
        problems.push(
            Diagnostic::error(Code::LawParameters, node.at, title).label(format!("`{key}` is missing")),
        );
    }
}

fn fixed(node: &Node, problems: &mut Vec<Diagnostic>) -> Option<Law> {
    only(node, &["mean"], "fixed", problems);
    needs(node, "mean", "fixed", problems);
    node.duration_of("mean").map(Law::Fixed)
}

fn uniform(node: &Node, problems: &mut Vec<Diagnostic>) -> Option<Law> {
    only(node, &["min", "max"], "uniform", problems);
    needs(node, "min", "uniform", problems);
    needs(node, "max", "uniform", problems);
    report(Law::uniform(node.duration_of("min")?, node.duration_of("max")?), node, problems)
}

fn empirical(node: &Node, problems: &mut Vec<Diagnostic>) -> Option<Law> {
    only(node, &["values"], "empirical", problems);
    needs(node, "values", "empirical", problems);
    let values: Option<Vec<_>> = node.get("values")?.items().iter().map(Node::duration).collect();
    let values = values.filter(|values| !values.is_empty())?;
    if values.iter().all(|value| value.is_zero()) {
        let title = "all values of the law are zero";
        problems.push(Diagnostic::error(Code::LawImpossible, node.at, title).label("takes no time at all"));
        return None;
    }
    report(Law::empirical(values), node, problems)
}

fn mixture(node: &Node, problems: &mut Vec<Diagnostic>) -> Option<Law> {
    only(node, &["of"], "mixture", problems);
    needs(node, "of", "mixture", problems);
    let parts = node.get("of")?;
    let components = parts.items().iter().map(|part| {
        let law = part.get("time").and_then(|time| law(time, Alone::Exactly, problems));
        part.share_of("share").zip(law)
    });
    let components: Option<Vec<(f64, Law)>> = components.collect();
    let components = components?;
    let total: f64 = components.iter().map(|(share, _)| share).sum();
    if (total - 1.0).abs() > 1e-9 {
        let title = format!("the shares of the mixture add up to {} %, not 100 %", rounded(total * 100.0));
        problems.push(Diagnostic::error(Code::Shares, parts.at, title));
        return None;
    }
    report(Law::mixture(components), node, problems)
}

fn report(law: Result<Law, FitError>, node: &Node, problems: &mut Vec<Diagnostic>) -> Option<Law> {
    let error = match law {
        Ok(law) => return possible(law, node, problems),
        Err(error) => error,
    };
    let code = match error {
        FitError::Count { .. } | FitError::NoLength | FitError::Redundant | FitError::Foreign(..) => {
            Code::LawParameters
        }
        _ => Code::LawImpossible,
    };
    problems.push(Diagnostic::error(code, node.at, error.to_string()).help(EXAMPLES));
    None
}

const EXAMPLES: &str =
    "for example `{mean: 200d}`, `{median: 90m, p95: 10h}`, `{law: weibull, shape: 0.7, mean: 100d}`";

/// Refuses a law whose figures are finite but whose parameters are not.
fn possible(law: Law, node: &Node, problems: &mut Vec<Diagnostic>) -> Option<Law> {
    let usable = |x: f64| x.is_finite() && x > 0.0;
    let sound = match &law {
        Law::Exponential { mean } => usable(*mean),
        Law::Weibull { shape, scale } | Law::Gamma { shape, scale } => usable(*shape) && usable(*scale),
        Law::Lognormal { mu, sigma } => mu.is_finite() && usable(*sigma),
        Law::Pareto { shape, low } => usable(*shape) && usable(*low),
        _ => true,
    };
    if !sound {
        problems.push(
            Diagnostic::error(Code::LawImpossible, node.at, "no law has both of these figures")
                .help(EXAMPLES),
        );
    }
    sound.then_some(law)
}
