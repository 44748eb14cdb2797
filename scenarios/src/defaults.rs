//! Writes the format's own defaults into a tree.

use crate::shape::{Need, Record, Shape};
use crate::source::{Extent, SourceId};
use crate::tree::{Entry, Node, Origin, Value};
use crate::yaml;

/// Adds every key that has a default and is absent.
pub(crate) fn fill(node: &mut Node, shape: &Shape) {
    match shape {
        Shape::Record(record) => fill_record(node, record),
        Shape::Map(_, value) | Shape::Paths(_, value) => {
            node.entries_mut().into_iter().flatten().for_each(|entry| fill(&mut entry.node, value));
        }
        Shape::List(item, _) => {
            if let Value::List(items) = &mut node.value {
                items.iter_mut().for_each(|node| fill(node, item));
            }
        }
        Shape::Either(shapes) => {
            if let Some(shape) = shapes.iter().find(|shape| structured(shape) && same_kind(node, shape)) {
                fill(node, shape);
            }
        }
        _ => {}
    }
}

fn structured(shape: &Shape) -> bool {
    matches!(shape, Shape::Record(_) | Shape::Map(..) | Shape::List(..) | Shape::Paths(..) | Shape::Either(_))
}

fn same_kind(node: &Node, shape: &Shape) -> bool {
    match shape {
        Shape::List(..) => matches!(node.value, Value::List(_)),
        Shape::Either(shapes) => shapes.iter().any(|shape| structured(shape) && same_kind(node, shape)),
        _ => matches!(node.value, Value::Map(_)),
    }
}

fn fill_record(node: &mut Node, record: &Record) {
    if node.is_null() {
        node.value = Value::Map(Vec::new());
    }
    let at = node.at;
    let routed = !matches!(node.text_of("policy"), Some("ideal" | "static"));
    let Some(entries) = node.entries_mut() else { return };
    for field in record.fields {
        match (entries.iter_mut().find(|entry| entry.key == field.key), field.need) {
            (Some(entry), _) => fill(&mut entry.node, &field.shape),
            // An entry point without DNS has no use for the defaults of DNS.
            (None, Need::Default(text)) if routed => {
                entries.push(default_entry(field.key, text, &field.shape, at))
            }
            (None, _) => {}
        }
    }
}

fn default_entry(key: &str, text: &str, shape: &Shape, at: Extent) -> Entry {
    let parsed = yaml::parse(text, SourceId(0)).map(|document| document.root);
    let mut node = parsed.unwrap_or_else(|_| Node::scalar(text, at, Origin::Default));
    node.visit_mut(&mut |node| (node.at, node.origin) = (at, Origin::Default));
    fill(&mut node, shape);
    Entry { key: key.to_owned(), key_at: at, node }
}
