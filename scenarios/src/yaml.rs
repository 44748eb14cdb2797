//! From text to tree: YAML with positions, comments, and limits.

use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::source::{Extent, SourceId};
use crate::tree::{Entry, Node, Origin, Value};
use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, Span, options};
use std::collections::BTreeMap;

/// Bytes of the longest file.
pub(crate) const LONGEST: usize = 1 << 20;
/// Nodes of the largest tree, aliases unfolded.
const MOST_NODES: usize = 100_000;
/// Depth of the deepest tree.
const DEEPEST: usize = 64;

/// A parsed text.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    pub(crate) root: Node,
    /// Comments at the ends of lines, by line (from 1).
    pub(crate) comments: BTreeMap<usize, String>,
    /// Duplicate keys, ambiguous scalars and the like, which do not stop the reading.
    pub(crate) problems: Vec<Diagnostic>,
}

/// Parses `text`; `at` is its source.
pub(crate) fn parse(text: &str, source: SourceId) -> Result<Document, Diagnostic> {
    let whole = Extent { source, start: 0, end: 0 };
    if text.len() > LONGEST {
        let title = format!("the file has {} bytes; {LONGEST} is the most", text.len());
        return Err(Diagnostic::error(Code::TooLarge, whole, title));
    }
    let mut builder = Builder::new(text, source);
    let limits = options! {
        emit_unresolved_aliases: true,
        flow_nesting_limit: DEEPEST,
        block_nesting_limit: DEEPEST,
        max_buffered_comment_events: 10_000,
        disallow_directives: true,
    };
    for next in Parser::new_from_str_with_options(text, limits) {
        let (event, span) = next.map_err(|error| builder.syntax(&error))?;
        builder.take(event, &span)?;
    }
    builder.finish()
}

/// A collection that is not closed yet.
struct Open {
    start: usize,
    anchor: usize,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    Map(OpenMap),
}

/// A map that is not closed yet.
#[derive(Default)]
struct OpenMap {
    entries: Vec<Entry>,
    /// The key that waits for its value.
    waiting: Option<(String, Extent)>,
    /// Where each key stands.
    seen: BTreeMap<String, Extent>,
}

impl OpenMap {
    /// Takes a key, or the value of the key before; a key's second value is dropped and reported.
    fn take(&mut self, node: Node) -> Result<Option<Diagnostic>, Diagnostic> {
        let Some((key, key_at)) = self.waiting.take() else {
            self.waiting = Some(key_of(node)?);
            return Ok(None);
        };
        if let Some(first) = self.seen.get(&key).filter(|_| key != "<<") {
            return Ok(Some(duplicate(&key, key_at, *first)));
        }
        self.seen.insert(key.clone(), key_at);
        self.entries.push(Entry { key, key_at, node });
        Ok(None)
    }
}

struct Builder<'a> {
    text: &'a str,
    source: SourceId,
    open: Vec<Open>,
    roots: Vec<Node>,
    anchors: BTreeMap<usize, (Node, usize)>,
    nodes: usize,
    comments: BTreeMap<usize, String>,
    problems: Vec<Diagnostic>,
}

impl<'a> Builder<'a> {
    fn new(text: &'a str, source: SourceId) -> Self {
        let (open, roots, anchors, nodes) = (Vec::new(), Vec::new(), BTreeMap::new(), 0);
        Builder { text, source, open, roots, anchors, nodes, comments: BTreeMap::new(), problems: Vec::new() }
    }

    fn take(&mut self, event: Event<'_>, span: &Span) -> Result<(), Diagnostic> {
        let at = self.extent(span);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.refuse_tag(tag.is_some(), at)?;
                let plain = style == ScalarStyle::Plain;
                let value = Value::Scalar { text: text.into_owned(), plain };
                self.close(Node { at, value, origin: Origin::Written }, anchor)?;
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.refuse_tag(tag.is_some(), at)?;
                self.open(at, anchor, Content::List(Vec::new()))?;
            }
            Event::MappingStart(_, anchor, tag) => {
                self.refuse_tag(tag.is_some(), at)?;
                self.open(at, anchor, Content::Map(OpenMap::default()))?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.close_collection(at)?,
            Event::Alias(anchor) => self.alias(anchor, at)?,
            Event::UnresolvedAlias(name) => return Err(unknown_alias(&name, at)),
            Event::Comment(text, _) => self.comment(&text, span),
            _ => {}
        }
        Ok(())
    }

    fn extent(&self, span: &Span) -> Extent {
        let range = span.byte_range().unwrap_or(0..0);
        Extent { source: self.source, start: range.start, end: range.end.max(range.start) }
    }

    fn comment(&mut self, text: &str, span: &Span) {
        self.comments.insert(span.start.line(), text.trim().to_owned());
    }

    fn refuse_tag(&self, tagged: bool, at: Extent) -> Result<(), Diagnostic> {
        if !tagged {
            return Ok(());
        }
        Err(Diagnostic::error(Code::Syntax, at, "tags are not part of the format").label("has a tag"))
    }

    fn open(&mut self, at: Extent, anchor: usize, content: Content) -> Result<(), Diagnostic> {
        if self.open.len() >= DEEPEST {
            return Err(Diagnostic::error(Code::TooDeep, at, format!("values nest at most {DEEPEST} deep")));
        }
        self.open.push(Open { start: at.start, anchor, content });
        Ok(())
    }

    fn close_collection(&mut self, at: Extent) -> Result<(), Diagnostic> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        let (value, last) = match open.content {
            Content::List(items) => {
                let last = items.last().map_or(open.start, |item| item.at.end);
                (Value::List(items), last)
            }
            Content::Map(OpenMap { entries, .. }) => {
                let last = entries.last().map_or(open.start, |entry| entry.node.at.end);
                (Value::Map(merged(entries)), last)
            }
        };
        let flow = matches!(self.text.as_bytes().get(open.start), Some(b'[' | b'{'));
        let end = if flow { at.end } else { last };
        let at = Extent { source: self.source, start: open.start, end: end.max(open.start) };
        self.close(Node { at, value, origin: Origin::Written }, open.anchor)
    }

    /// A node is complete: it becomes a key, a value, an item or the root.
    fn close(&mut self, node: Node, anchor: usize) -> Result<(), Diagnostic> {
        self.count(1, node.at)?;
        if anchor != 0 {
            self.anchors.insert(anchor, (node.clone(), size(&node)));
        }
        self.place(node)
    }

    fn place(&mut self, node: Node) -> Result<(), Diagnostic> {
        let Some(open) = self.open.last_mut() else {
            self.roots.push(node);
            return Ok(());
        };
        match &mut open.content {
            Content::List(items) => items.push(node),
            Content::Map(map) => {
                let duplicate = map.take(node)?;
                self.problems.extend(duplicate);
            }
        }
        Ok(())
    }

    fn alias(&mut self, anchor: usize, at: Extent) -> Result<(), Diagnostic> {
        let Some((node, size)) = self.anchors.get(&anchor).cloned() else {
            return Err(Diagnostic::error(Code::Alias, at, "an alias of a value that contains it"));
        };
        self.count(size, at)?;
        self.place(node)
    }

    fn count(&mut self, nodes: usize, at: Extent) -> Result<(), Diagnostic> {
        self.nodes += nodes;
        if self.nodes <= MOST_NODES {
            return Ok(());
        }
        let title = format!("aliases unfold into more than {MOST_NODES} values");
        Err(Diagnostic::error(Code::Alias, at, title).label("the limit is passed here"))
    }

    fn syntax(&self, error: &ScanError) -> Diagnostic {
        let start = error.marker().byte_offset().unwrap_or(0).min(self.text.len());
        let width = self.text.get(start..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        let at = Extent { source: self.source, start, end: start + width };
        match error.kind() {
            ErrorKind::RecursionLimitExceeded => {
                Diagnostic::error(Code::TooDeep, at, format!("values nest at most {DEEPEST} deep"))
            }
            kind => Diagnostic::error(Code::Syntax, at, "not YAML").label(kind.to_string()),
        }
    }

    fn finish(mut self) -> Result<Document, Diagnostic> {
        let whole = Extent { source: self.source, start: 0, end: 0 };
        if self.roots.len() > 1 {
            let at = self.roots[1].at;
            return Err(
                Diagnostic::error(Code::Documents, at, "more than one YAML document").label("a second one")
            );
        }
        let Some(root) = self.roots.pop() else {
            return Err(Diagnostic::error(Code::Documents, whole, "the file is empty"));
        };
        Ok(Document { root, comments: self.comments, problems: self.problems })
    }
}

fn key_of(node: Node) -> Result<(String, Extent), Diagnostic> {
    match node.value {
        Value::Scalar { text, .. } => Ok((text, node.at)),
        _ => Err(Diagnostic::error(Code::WrongKind, node.at, "a key must be a single word")),
    }
}

fn duplicate(key: &str, at: Extent, first: Extent) -> Diagnostic {
    Diagnostic::error(Code::DuplicateKey, at, format!("`{key}` is written twice"))
        .label("again here")
        .related(first, "first here")
}

fn unknown_alias(name: &str, at: Extent) -> Diagnostic {
    Diagnostic::error(Code::Alias, at, format!("no anchor `&{name}` above this alias")).label("unknown")
}

fn size(node: &Node) -> usize {
    1 + node.items().iter().map(size).sum::<usize>()
        + node.entries().iter().map(|entry| size(&entry.node)).sum::<usize>()
}

/// Entries with YAML's merge key `<<` resolved: what is written wins over what is merged.
fn merged(entries: Vec<Entry>) -> Vec<Entry> {
    if !entries.iter().any(|entry| entry.key == "<<") {
        return entries;
    }
    let (merges, mut entries): (Vec<_>, Vec<_>) = entries.into_iter().partition(|entry| entry.key == "<<");
    for merge in merges {
        for map in merge.node.one_or_many() {
            for entry in map.entries() {
                if !entries.iter().any(|own| own.key == entry.key) {
                    entries.push(entry.clone());
                }
            }
        }
    }
    entries
}
