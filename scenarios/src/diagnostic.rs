//! Problems with a file: where, what, why, and what to write instead.

use crate::codes::Code;
use crate::source::{Extent, SourceId, Sources};
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde::Serialize;

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The file cannot be used.
    Error,
    /// It can, but may not mean what was meant.
    Warning,
}

/// One problem.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Diagnostic {
    pub(crate) severity: Severity,
    pub(crate) code: Code,
    pub(crate) title: String,
    pub(crate) at: Extent,
    pub(crate) label: Box<str>,
    pub(crate) related: Vec<(Extent, String)>,
    pub(crate) help: Vec<String>,
}

impl Diagnostic {
    pub(crate) fn error(code: Code, at: Extent, title: impl Into<String>) -> Self {
        let (severity, title) = (Severity::Error, title.into());
        Diagnostic { severity, code, title, at, label: Box::default(), related: Vec::new(), help: Vec::new() }
    }

    pub(crate) fn warning(code: Code, at: Extent, title: impl Into<String>) -> Self {
        Diagnostic { severity: Severity::Warning, ..Diagnostic::error(code, at, title) }
    }

    pub(crate) fn label(mut self, label: impl Into<Box<str>>) -> Self {
        self.label = label.into();
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// "did you mean", if there is a suggestion.
    pub(crate) fn help_if(self, help: Option<String>) -> Self {
        match help {
            Some(help) => self.help(help),
            None => self,
        }
    }

    pub(crate) fn related(mut self, at: Extent, label: impl Into<String>) -> Self {
        self.related.push((at, label.into()));
        self
    }
}

/// The name nearest to what was written, as a question, if any is near.
pub fn did_you_mean<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(written, known).map(|name| format!("did you mean `{name}`?"))
}

/// The known name nearest to `written`; the first of equals.
pub(crate) fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let mut best: Option<(f64, &str)> = None;
    for name in known {
        let likeness = likeness(&written.to_lowercase(), &name.to_lowercase());
        if likeness > 0.8 && best.is_none_or(|(most, _)| likeness > most) {
            best = Some((likeness, name));
        }
    }
    best.map(|(_, name)| name)
}

/// Between 0 and 1. One slip of the finger in a short name counts for more than Jaro and Winkler give it.
fn likeness(a: &str, b: &str) -> f64 {
    let slip = a.len() > 2 && strsim::osa_distance(a, b) == 1;
    strsim::jaro_winkler(a, b).max(if slip { 0.85 } else { 0.0 })
}

/// All problems of a file, in the order of their positions, and the texts they lie in.
#[derive(Clone, Debug, Default)]
pub struct Problems {
    sources: Sources,
    found: Vec<Diagnostic>,
}

/// A problem in the form of `terraform validate -json`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Finding {
    /// Error or warning.
    pub severity: Severity,
    /// The stable code.
    pub code: &'static str,
    /// What is wrong.
    pub summary: String,
    /// What it is about, and what to do.
    pub detail: String,
    /// Where.
    pub range: FindingRange,
}

/// Where a finding is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct FindingRange {
    /// The file, or the name of an override, a preset or an incident.
    pub filename: String,
    /// Its first character.
    pub start: FindingPoint,
    /// The character after its last.
    pub end: FindingPoint,
}

/// A position.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct FindingPoint {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// From 0.
    pub byte: usize,
}

/// Problems that are shown; the others are counted. A file with more is best mended from the top.
const SHOWN: usize = 100;

impl Problems {
    pub(crate) fn new(sources: Sources, mut found: Vec<Diagnostic>) -> Self {
        found.sort_by_key(|problem| (problem.at, problem.severity, problem.code));
        found.dedup();
        Problems { sources, found }
    }

    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Number of errors.
    pub fn errors(&self) -> usize {
        self.found.iter().filter(|problem| problem.severity == Severity::Error).count()
    }

    /// Number of warnings.
    pub fn warnings(&self) -> usize {
        self.found.len() - self.errors()
    }

    /// The codes, in order of position.
    pub fn codes(&self) -> Vec<&'static str> {
        self.found.iter().map(|problem| problem.code.text()).collect()
    }

    fn shown(&self) -> &[Diagnostic] {
        &self.found[..self.found.len().min(SHOWN)]
    }

    /// A line that counts what is not shown.
    fn rest(&self) -> String {
        match self.found.len().saturating_sub(SHOWN) {
            0 => String::new(),
            more => format!("... and {more} more problems\n"),
        }
    }

    /// The first hundred in the form of a compiler's messages; `styled` with colours.
    pub fn render(&self, styled: bool) -> String {
        let renderer = if styled { Renderer::styled() } else { Renderer::plain() };
        self.rendered(&renderer)
    }

    /// One line for each of the first hundred: `file:line:column: error[E0105]: unknown key`.
    pub fn render_short(&self) -> String {
        let mut text = String::new();
        for problem in self.shown() {
            let (line, column) = self.sources.line_column(problem.at.source, problem.at.start);
            let name = &self.sources.get(problem.at.source).name;
            let severity = severity_word(problem.severity);
            let (code, title) = (problem.code.text(), &problem.title);
            text.push_str(&format!("{name}:{line}:{column}: {severity}[{code}]: {title}\n"));
        }
        text + &self.rest()
    }

    /// In the form of `terraform validate -json`, the first hundred.
    pub fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "format_version": "1.0",
            "valid": self.errors() == 0,
            "error_count": self.errors(),
            "warning_count": self.warnings(),
            "diagnostics": self.findings(),
        })
    }

    /// Each of the first hundred as data.
    pub fn findings(&self) -> Vec<Finding> {
        self.shown().iter().map(|problem| self.finding(problem)).collect()
    }

    fn finding(&self, problem: &Diagnostic) -> Finding {
        let label = (!problem.label.is_empty()).then(|| problem.label.to_string());
        let detail: Vec<String> = label.into_iter().chain(problem.help.iter().cloned()).collect();
        Finding {
            severity: problem.severity,
            code: problem.code.text(),
            summary: problem.title.clone(),
            detail: detail.join("; "),
            range: FindingRange {
                filename: self.sources.get(problem.at.source).name.clone(),
                start: self.point(problem.at.source, problem.at.start),
                end: self.point(problem.at.source, problem.at.end),
            },
        }
    }

    fn point(&self, source: SourceId, byte: usize) -> FindingPoint {
        let (line, column) = self.sources.line_column(source, byte);
        FindingPoint { line, column, byte }
    }

    fn rendered(&self, renderer: &Renderer) -> String {
        let mut text = String::new();
        for problem in self.shown() {
            text.push_str(&renderer.render(&[self.group(problem)]));
            text.push_str("\n\n");
        }
        text + &self.rest()
    }

    fn group<'a>(&'a self, problem: &'a Diagnostic) -> Group<'a> {
        let level = match problem.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let mut group =
            level.primary_title(&problem.title).id(problem.code.text()).element(self.snippet(problem));
        for (at, label) in problem.related.iter().filter(|(at, _)| at.source != problem.at.source) {
            let snippet = self
                .text_of(at.source)
                .annotation(AnnotationKind::Context.span(self.range(*at)).label(label));
            group = group.element(snippet);
        }
        for help in &problem.help {
            group = group.element(Level::HELP.message(help));
        }
        group
    }

    fn snippet<'a>(&'a self, problem: &'a Diagnostic) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
        let primary = AnnotationKind::Primary.span(self.range(problem.at)).label(&*problem.label);
        let context = problem.related.iter().filter(|(at, _)| at.source == problem.at.source);
        let context = context.map(|(at, label)| AnnotationKind::Context.span(self.range(*at)).label(label));
        self.text_of(problem.at.source).annotation(primary).annotations(context)
    }

    fn text_of<'a>(&'a self, id: SourceId) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
        let source = self.sources.get(id);
        Snippet::source(&source.text).path(&source.name)
    }

    /// The stretch to underline: its first line only, within the text, on character boundaries.
    fn range(&self, at: Extent) -> std::ops::Range<usize> {
        let text = &self.sources.get(at.source).text;
        let boundary =
            |byte: usize| (0..=byte.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        let (start, end) = (boundary(at.start), boundary(at.end.max(at.start)));
        let line = text[start..end].find(['\n', '\r']).map_or(end, |at| start + at);
        start..line
    }
}

fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}
