//! What faults do, and what a fraction of a fault does.

use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::tree::Node;
use models::specification::{Effect, Isolation};

/// The effects that `node` lists; problems are appended.
pub(crate) fn effects(node: &Node, problems: &mut Vec<Diagnostic>) -> Vec<Effect> {
    let mut effects = Vec::new();
    for item in node.one_or_many() {
        match item.text() {
            // Whoever has no power is down.
            Some("power-lost") => effects.extend([Effect::Down, Effect::PowerLost]),
            Some(word) => effects.extend(effect_word(word)),
            None => effects.extend(effect_map(item, problems)),
        }
    }
    effects
}

fn effect_word(word: &str) -> Option<Effect> {
    Some(match word {
        "down" => Effect::Down,
        "isolated" => Effect::Isolated(Isolation::ALL),
        "control-plane" => Effect::ControlPlane,
        "dns" => Effect::Dns,
        _ => return None,
    })
}

fn effect_map(node: &Node, problems: &mut Vec<Diagnostic>) -> Vec<Effect> {
    let each = node.entries().iter().filter_map(|entry| match entry.key.as_str() {
        "degraded" => degraded(&entry.node, problems),
        "errors" => entry.node.share().filter(|share| *share > 0.0).map(|share| Effect::Errors { share }),
        "latency" => entry.node.duration().map(|added| Effect::Latency { added }),
        "isolated" => Some(Effect::Isolated(isolation(&entry.node))),
        _ => None,
    });
    each.collect()
}

fn degraded(node: &Node, problems: &mut Vec<Diagnostic>) -> Option<Effect> {
    let factor = node.share()?;
    if factor >= 1.0 {
        let title = "all of the capacity is left, so nothing is degraded";
        problems.push(Diagnostic::error(Code::OutOfRange, node.at, title).label("must be less than 100%"));
        return None;
    }
    Some(Effect::Degraded { factor })
}

fn isolation(node: &Node) -> Isolation {
    let words: Vec<&str> = node.one_or_many().iter().filter_map(Node::text).collect();
    let from = |whom: &str| words.contains(&"all") || words.contains(&whom);
    Isolation { clients: from("clients"), sites: from("sites"), checkers: from("checkers") }
}

/// What a fraction of a fault means for one site.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Partial {
    /// The site is hit with that probability.
    Chance,
    /// That much of the site is hit.
    Capacity,
}

impl Partial {
    pub(crate) fn of(node: Option<&Node>) -> Partial {
        match node.and_then(Node::text) {
            Some("capacity") => Partial::Capacity,
            _ => Partial::Chance,
        }
    }
}

/// A fraction of a fault: groups of effects, each with the probability that a site is hit.
///
/// By capacity, what can be had in part is: of a site that is `down` in part the rest of the capacity is left, and only
/// that share of its errors occur. What cannot be had in part (being cut off, slow, without control plane or name
/// servers) hits the whole site with that probability.
pub(crate) fn portion(effects: &[Effect], fraction: f64, partial: Partial) -> Vec<(Vec<Effect>, f64)> {
    if fraction >= 1.0 || partial == Partial::Chance {
        return vec![(effects.to_vec(), fraction)];
    }
    // Power is lost by some machines of a site or by all of them: a site that has lost it is down as a whole.
    let whole = |effect: &Effect| *effect == Effect::Down && effects.contains(&Effect::PowerLost);
    let part = |effect: &Effect| if whole(effect) { None } else { part(*effect, fraction) };
    let parts: Vec<Effect> = effects.iter().filter_map(part).collect();
    let wholes: Vec<Effect> = effects.iter().copied().filter(|effect| part(effect).is_none()).collect();
    [(parts, 1.0), (wholes, fraction)].into_iter().filter(|(effects, _)| !effects.is_empty()).collect()
}

fn part(effect: Effect, fraction: f64) -> Option<Effect> {
    match effect {
        Effect::Down => Some(Effect::Degraded { factor: 1.0 - fraction }),
        Effect::Degraded { factor } => Some(Effect::Degraded { factor: 1.0 - fraction * (1.0 - factor) }),
        Effect::Errors { share } => Some(Effect::Errors { share: share * fraction }),
        Effect::Latency { .. }
        | Effect::Isolated(_)
        | Effect::ControlPlane
        | Effect::Dns
        | Effect::PowerLost => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fraction_by_capacity_leaves_the_rest_and_by_chance_hits_some() {
        let effects = [Effect::Down, Effect::Dns];
        assert_eq!(portion(&effects, 0.25, Partial::Chance), [(effects.to_vec(), 0.25)]);
        let split = [(vec![Effect::Degraded { factor: 0.75 }], 1.0), (vec![Effect::Dns], 0.25)];
        assert_eq!(portion(&effects, 0.25, Partial::Capacity), split);
    }
}
