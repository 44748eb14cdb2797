//! The resolved scenario as YAML, and the list of what came from presets.

use crate::tree::{Entry, Node, Origin, Value};
use models::specification::Sourced;

/// Columns up to which a map or list is written on one line.
const WIDTH: usize = 88;

/// The tree as YAML, with the source of each value that the user did not write.
pub(crate) fn yaml(root: &Node) -> String {
    let mut text = String::new();
    for entry in root.entries() {
        write_entry(&mut text, entry, 0);
    }
    text
}

fn write_entry(text: &mut String, entry: &Entry, depth: usize) {
    let head = format!("{}{}:", "  ".repeat(depth), key(&entry.key));
    write_node(text, &head, &entry.node, depth);
}

fn write_node(text: &mut String, head: &str, node: &Node, depth: usize) {
    let line = flow(node);
    let whole = !matches!(node.value, Value::Scalar { .. })
        && (!one_origin(node, &node.origin) || head.len() + line.len() > WIDTH || depth == 0);
    match &node.value {
        Value::Map(entries) if whole && !entries.is_empty() => {
            text.push_str(&format!("{head}\n"));
            entries.iter().for_each(|entry| write_entry(text, entry, depth + 1));
        }
        Value::List(items) if whole && !items.is_empty() => {
            text.push_str(&format!("{head}\n"));
            let head = format!("{}-", "  ".repeat(depth + 1));
            items.iter().for_each(|item| text.push_str(&format!("{head} {}{}\n", flow(item), origin(item))));
        }
        _ => text.push_str(&format!("{head} {line}{}\n", origin(node))),
    }
}

fn one_origin(node: &Node, origin: &Origin) -> bool {
    node.origin == *origin
        && node.items().iter().all(|item| one_origin(item, origin))
        && node.entries().iter().all(|entry| one_origin(&entry.node, origin))
}

fn origin(node: &Node) -> String {
    match &node.origin {
        Origin::Written => String::new(),
        Origin::Default => "  # default".into(),
        Origin::Preset { name, source } if source.is_empty() => format!("  # {name}"),
        Origin::Preset { name, source } => format!("  # {name}: {source}"),
    }
}

/// A node on one line.
pub(crate) fn flow(node: &Node) -> String {
    match &node.value {
        Value::Scalar { .. } if node.is_null() => "~".to_owned(),
        Value::Scalar { text, plain } => scalar(text, *plain),
        Value::List(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::Map(entries) => {
            let entry = |entry: &Entry| format!("{}: {}", key(&entry.key), flow(&entry.node));
            format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
    }
}

fn key(text: &str) -> String {
    scalar(text, true)
}

/// A scalar that reads back as the same text: quoted unless it is plainly harmless.
fn scalar(text: &str, plain: bool) -> String {
    let harmless = |c: char| c.is_ascii_alphanumeric() || "_./%+- ".contains(c);
    let first = |c: char| c.is_ascii_alphanumeric() || c == '+';
    let negative = text.strip_prefix('-').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    if plain && text.chars().all(harmless) && (text.starts_with(first) || negative) && !text.ends_with(' ') {
        text.to_owned()
    } else {
        serde_json::Value::from(text).to_string()
    }
}

/// A node as JSON, scalars as text.
pub(crate) fn json(node: &Node) -> serde_json::Value {
    match &node.value {
        Value::Scalar { text, .. } => serde_json::Value::from(text.as_str()),
        Value::List(items) => items.iter().map(json).collect(),
        Value::Map(entries) => entries.iter().map(|entry| (entry.key.clone(), json(&entry.node))).collect(),
    }
}

/// Every value that came from a preset, where it is in force.
pub(crate) fn sourced(root: &Node) -> Vec<Sourced> {
    let mut found = Vec::new();
    collect(root, &mut Vec::new(), &mut found);
    found
}

fn collect(node: &Node, path: &mut Vec<String>, found: &mut Vec<Sourced>) {
    for entry in node.entries() {
        path.push(entry.key.clone());
        match &entry.node.origin {
            Origin::Preset { name, source } if entry.key != "outages" => found.push(Sourced {
                path: path.join("."),
                value: flow(&entry.node),
                preset: name.clone(),
                source: source.clone(),
            }),
            _ => collect(&entry.node, path, found),
        }
        path.pop();
    }
}
