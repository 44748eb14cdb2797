//! `--set key.path=value`: changes to a scenario without touching its file.

use crate::codes::Code;
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::source::{Extent, SourceId, Sources};
use crate::tree::{Entry, Node, Origin, Value};
use crate::yaml;

/// One override: a path of keys separated by dots, `*` for every key of a map or item of a list, and a value in YAML.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Override {
    /// The path, e.g. `sites.*.capacity`.
    pub key: String,
    /// The value, e.g. `3000 rps`.
    pub value: String,
}

impl Override {
    /// Reads `key.path=value`.
    ///
    /// # Errors
    /// What is wrong with it, in a sentence.
    pub fn parse(text: &str) -> Result<Override, String> {
        let (key, value) =
            text.split_once('=').ok_or_else(|| format!("`{text}` is not of the form `key.path=value`"))?;
        if key.split('.').any(str::is_empty) {
            return Err(format!("`{key}` is not a path of keys separated by dots"));
        }
        Ok(Override { key: key.to_owned(), value: value.to_owned() })
    }
}

/// Applies overrides in order to a user's tree.
pub(crate) fn apply(
    root: &mut Node,
    overrides: &[Override],
    sources: &mut Sources,
    problems: &mut Vec<Diagnostic>,
) {
    for (index, change) in overrides.iter().enumerate() {
        let text = format!("{}={}", change.key, change.value);
        let name = if overrides.len() == 1 { "--set".to_owned() } else { format!("--set ({})", index + 1) };
        let source = sources.add(name, text);
        if let Err(problem) = apply_one(root, change, source, problems) {
            problems.push(problem);
        }
    }
}

fn apply_one(
    root: &mut Node,
    change: &Override,
    source: SourceId,
    problems: &mut Vec<Diagnostic>,
) -> Result<(), Diagnostic> {
    // The value keeps its position within the override's text: in front of it stands blank space as wide as the key.
    let padded = format!("{}{}", " ".repeat(change.key.len() + 1), change.value);
    let document = yaml::parse(&padded, source)?;
    problems.extend(document.problems);
    set(root, &segments(&change.key, source), &document.root)
}

/// A key of a path and its position in the override's text.
type Segment<'a> = (&'a str, Extent);

fn segments(key: &str, source: SourceId) -> Vec<Segment<'_>> {
    let mut start = 0;
    let place = |segment| {
        let at = Extent { source, start, end: start + str::len(segment) };
        start = at.end + 1;
        (segment, at)
    };
    key.split('.').map(place).collect()
}

fn set(node: &mut Node, path: &[Segment<'_>], value: &Node) -> Result<(), Diagnostic> {
    let Some(((segment, at), rest)) = path.split_first() else {
        *node = value.clone();
        return Ok(());
    };
    if node.is_null() {
        node.value = Value::Map(Vec::new());
    }
    match &mut node.value {
        Value::Map(entries) if *segment == "*" => {
            refuse_empty(entries.is_empty(), *at)?;
            entries.iter_mut().try_for_each(|entry| set(&mut entry.node, rest, value))
        }
        Value::Map(entries) => set_entry(entries, (segment, *at), rest, value),
        Value::List(items) if *segment == "*" => {
            refuse_empty(items.is_empty(), *at)?;
            items.iter_mut().try_for_each(|item| set(item, rest, value))
        }
        Value::List(items) => set_item(items, (segment, *at), rest, value),
        Value::Scalar { text, .. } => {
            let title = format!("`{segment}` lies within `{text}`, which is a single value");
            Err(Diagnostic::error(Code::Override, *at, title).related(node.at, "this value"))
        }
    }
}

fn refuse_empty(empty: bool, at: Extent) -> Result<(), Diagnostic> {
    if empty { Err(Diagnostic::error(Code::Override, at, "`*` stands for nothing here")) } else { Ok(()) }
}

fn set_entry(
    entries: &mut Vec<Entry>,
    (segment, at): Segment<'_>,
    rest: &[Segment<'_>],
    value: &Node,
) -> Result<(), Diagnostic> {
    if let Some(entry) = entries.iter_mut().find(|entry| entry.key == segment) {
        return set(&mut entry.node, rest, value);
    }
    // A key that is new among names is more likely misspelt than meant: `sites.lodnon.capacity` would make a site.
    if let Some(help) =
        did_you_mean(segment, entries.iter().map(|entry| entry.key.as_str())).filter(|_| !rest.is_empty())
    {
        return Err(Diagnostic::error(Code::Override, at, format!("there is no `{segment}` here")).help(help));
    }
    let mut node = Node::empty_map(at, Origin::Written);
    set(&mut node, rest, value)?;
    entries.push(Entry { key: segment.to_owned(), key_at: at, node });
    Ok(())
}

fn set_item(
    items: &mut [Node],
    (segment, at): Segment<'_>,
    rest: &[Segment<'_>],
    value: &Node,
) -> Result<(), Diagnostic> {
    let count = items.len();
    match segment.parse::<usize>().ok().and_then(|index| items.get_mut(index)) {
        Some(item) => set(item, rest, value),
        None => {
            let title = format!("`{segment}` is no item of a list of {count}");
            Err(Diagnostic::error(Code::Override, at, title).help("items are numbered from 0"))
        }
    }
}
