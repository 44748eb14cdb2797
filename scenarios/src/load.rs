//! From text to specification, with every problem at once.

use crate::codes::Code;
use crate::diagnostic::{Diagnostic, Problems, Severity};
use crate::overrides::{self, Override};
use crate::presets::Expander;
use crate::shape::{self, Shape};
use crate::source::{Extent, SourceId, Sources};
use crate::tree::{Node, Origin};
use crate::vocabulary::SCENARIO;
use crate::{defaults, incidents, render, resolver, shipped, yaml};
use models::specification::Specification;

/// The format this version reads.
const FORMAT: &str = "1";

/// A scenario that can be run.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What is to be simulated.
    pub specification: Specification,
    /// The scenario with every preset's and the format's own defaults written out, and where each is from.
    pub resolved: String,
    /// What may not mean what was meant.
    pub warnings: Problems,
}

/// Loads a scenario from its text. `name` is what problems call the file.
///
/// # Errors
/// Every problem of the file, in the order of positions, warnings among them.
pub fn load(name: &str, text: &str, overrides: &[Override]) -> Result<Loaded, Problems> {
    let mut sources = Sources::default();
    let file = sources.add(name, text);
    let mut problems = Vec::new();
    let read = read(text, file, overrides, &mut sources, &mut problems);
    let loaded = read.map(|root| finish(root, &mut sources, &mut problems));
    let failed = problems.iter().any(|problem| problem.severity == Severity::Error);
    match loaded {
        Some((specification, resolved)) if !failed => {
            Ok(Loaded { specification, resolved, warnings: Problems::new(sources, problems) })
        }
        _ => Err(Problems::new(sources, problems)),
    }
}

/// Loads a scenario from bytes that may not even be text.
///
/// # Errors
/// As [`load`].
pub fn load_bytes(name: &str, bytes: &[u8], overrides: &[Override]) -> Result<Loaded, Problems> {
    match std::str::from_utf8(bytes) {
        Ok(text) => load(name, text, overrides),
        Err(error) => Err(not_utf8(name, bytes, error.valid_up_to())),
    }
}

fn not_utf8(name: &str, bytes: &[u8], at: usize) -> Problems {
    let mut sources = Sources::default();
    let shown = &bytes[..bytes.len().min(yaml::LONGEST)];
    let file = sources.add(name, String::from_utf8_lossy(shown));
    let extent = Extent { source: file, start: at, end: at + '\u{fffd}'.len_utf8() };
    let problem =
        Diagnostic::error(Code::NotUtf8, extent, "the file is not UTF-8").label("the first byte that is not");
    Problems::new(sources, vec![problem])
}

/// The user's tree, with overrides applied, if there is one at all.
fn read(
    text: &str,
    file: SourceId,
    overrides: &[Override],
    sources: &mut Sources,
    problems: &mut Vec<Diagnostic>,
) -> Option<Node> {
    let document = match yaml::parse(text, file) {
        Ok(document) => document,
        Err(problem) => {
            problems.push(problem);
            return None;
        }
    };
    problems.extend(document.problems);
    let mut root = document.root;
    let Some(entries) = root.entries_mut() else {
        problems.push(
            Diagnostic::error(Code::Documents, root.at, "a scenario is a map")
                .help("begin with `scenario: 1`"),
        );
        return None;
    };
    entries.retain(|entry| !entry.key.starts_with("x-"));
    overrides::apply(&mut root, overrides, sources, problems);
    right_format(&root, problems).then_some(root)
}

/// A file of another format would only draw misleading problems.
fn right_format(root: &Node, problems: &mut Vec<Diagnostic>) -> bool {
    let Some(format) = root.get("scenario").filter(|format| format.text() != Some(FORMAT)) else {
        return true;
    };
    let title = format!("format `{}` is not known to this version", format.text().unwrap_or("?"));
    problems.push(Diagnostic::error(Code::Format, format.at, title).help("this version reads `scenario: 1`"));
    false
}

fn finish(mut root: Node, sources: &mut Sources, problems: &mut Vec<Diagnostic>) -> (Specification, String) {
    let library =
        shipped::presets().iter().map(|preset| (preset.name.to_owned(), preset.text.to_owned())).collect();
    let mut expander = Expander::new(&library, sources);
    expander.scenario(&mut root);
    problems.append(&mut expander.problems);
    let incomplete = expander.incomplete;
    let shape = Shape::Record(&SCENARIO);
    shape::check(&root, &shape, problems);
    forget_handed_down(&mut root);
    defaults::fill(&mut root, &shape);
    let texts = shipped::incidents().iter().filter(|_| root.get("replays").is_some());
    let incidents =
        incidents::parse(texts.map(|incident| (incident.name.to_owned(), incident.text.to_owned())), sources);
    let (mut specification, found) = resolver::resolve(&root, &incidents);
    let echo = |problem: &Diagnostic| problem.severity == Severity::Warning && !problems.is_empty();
    let found: Vec<Diagnostic> = found.into_iter().filter(|problem| !echo(problem)).collect();
    problems.extend(found);
    problems.retain(|problem| problem.code != Code::MissingKey || !incomplete.contains(&problem.at));
    point_at_keys(&root, problems);
    specification.sources = render::sourced(&root);
    (specification, render::yaml(&root))
}

/// What presets of providers say of all regions and zones has been handed down to each.
fn forget_handed_down(root: &mut Node) {
    for provider in root.get_mut("providers").and_then(Node::entries_mut).into_iter().flatten() {
        if let Some(entries) = provider.node.entries_mut() {
            entries.retain(|entry| {
                !matches!(entry.key.as_str(), "region" | "zone") || entry.node.origin == Origin::Written
            });
        }
    }
}

/// What a map lacks is shown at the map's key, not under the whole of the map.
fn point_at_keys(node: &Node, problems: &mut [Diagnostic]) {
    for entry in node.entries() {
        let within =
            |problem: &&mut Diagnostic| problem.code == Code::MissingKey && problem.at == entry.node.at;
        problems.iter_mut().filter(within).for_each(|problem| problem.at = entry.key_at);
        point_at_keys(&entry.node, problems);
    }
}
