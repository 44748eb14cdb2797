//! Shapes: what the format allows where. The same tables check a file, fill in defaults, and make the JSON Schema.

use crate::codes::Code;
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::quantity::{self, Misfit};
use crate::tree::{Entry, Node, Value};
use sim::Span;

/// What may stand somewhere.
#[derive(Debug)]
pub(crate) enum Shape {
    /// Any text.
    Text,
    /// A name or a path of names; the word says of what.
    Reference(&'static str),
    /// A site, `clients/NAME` or `health_checks/NAME`; the section may be left out where the name is clear.
    Endpoint,
    /// A length of time between two.
    Duration(Span, Span),
    /// A length of time that may be negative.
    SignedDuration,
    /// A time of day.
    TimeOfDay,
    /// A share of a whole; may it be zero?
    Share { zero: bool },
    /// A percentage that may exceed 100 %.
    Percent,
    /// Events per time; may it be zero?
    Rate { zero: bool },
    /// A whole number between two.
    Count(u64, u64),
    /// A plain number between two.
    Number(f64, f64),
    /// Kilometres.
    Distance,
    /// `3 of 5`.
    OutOf,
    /// `true` or `false`.
    Bool,
    /// One of these words.
    Choice(&'static [Word]),
    /// A list, with at least so many items.
    List(&'static Shape, usize),
    /// A map from names to values; the word says what is named.
    Map(&'static str, &'static Shape),
    /// The same, named by paths.
    Paths(&'static str, &'static Shape),
    /// The same without its required keys: a preset's section, or defaults.
    Partial(&'static Shape),
    /// A map with known keys.
    Record(&'static Record),
    /// The text of an expectation; `drill(any site): served >= 90%` may stand unquoted, though YAML takes it for a map.
    Expectation,
    /// Any of these; the value's kind decides which.
    Either(&'static [Shape]),
}

/// A word that may be written.
#[derive(Debug)]
pub(crate) struct Word {
    pub(crate) word: &'static str,
    /// Does this version know it?
    pub(crate) later: bool,
}

/// A map with known keys.
#[derive(Debug)]
pub(crate) struct Record {
    /// What it describes, with its article.
    pub(crate) what: &'static str,
    pub(crate) fields: &'static [Field],
    /// Does a map without any key make sense here?
    pub(crate) at_least_one: bool,
}

/// A key of a record.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) key: &'static str,
    pub(crate) about: &'static str,
    pub(crate) shape: Shape,
    pub(crate) need: Need,
}

/// Must a key be written?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Yes.
    Required,
    /// No; its absence has a meaning of its own.
    Optional,
    /// No; this is what its absence means.
    Default(&'static str),
    /// It must not: this version does not know it.
    Later,
}

impl Record {
    /// This record and all it may contain, in the order in which they are first mentioned.
    pub(crate) fn all_below(&'static self) -> Vec<&'static Record> {
        let mut found = vec![self];
        let mut next = 0;
        while let Some(record) = found.get(next).copied() {
            record.fields.iter().for_each(|field| field.shape.records(&mut found));
            next += 1;
        }
        found
    }
}

impl Shape {
    /// Appends the records that this shape mentions and that are not yet found.
    fn records(&'static self, found: &mut Vec<&'static Record>) {
        match self {
            Shape::Record(record) if !found.iter().any(|known| std::ptr::eq(*known, *record)) => {
                found.push(record)
            }
            Shape::List(inner, _) | Shape::Map(_, inner) | Shape::Paths(_, inner) | Shape::Partial(inner) => {
                inner.records(found);
            }
            Shape::Either(shapes) => shapes.iter().for_each(|shape| shape.records(found)),
            _ => {}
        }
    }
}

/// Words known to this version.
pub(crate) const fn word(word: &'static str) -> Word {
    Word { word, later: false }
}

/// A word for later versions.
pub(crate) const fn later(word: &'static str) -> Word {
    Word { word, later: true }
}

/// Checks `node` against `shape`; appends every problem found.
pub(crate) fn check(node: &Node, shape: &Shape, problems: &mut Vec<Diagnostic>) {
    match shape {
        Shape::List(item, least) => check_list(node, item, *least, problems),
        Shape::Map(what, value) => check_map(node, what, is_name, value, problems),
        Shape::Paths(what, value) => check_map(node, what, is_path, value, problems),
        Shape::Partial(shape) => check_partial(node, shape, problems),
        Shape::Record(record) => check_record(node, record, problems),
        Shape::Either(shapes) => check_either(node, shapes, problems),
        Shape::Expectation if matches!(&node.value, Value::Map(entries) if entries.len() == 1) => {}
        scalar => check_scalar(node, scalar, problems),
    }
}

fn check_list(node: &Node, item: &Shape, least: usize, problems: &mut Vec<Diagnostic>) {
    let Value::List(items) = &node.value else {
        problems.push(wrong_kind(node, "a list"));
        return;
    };
    if items.len() < least {
        let title = match items.len() {
            0 => "an empty list".to_owned(),
            count => format!("{count} where at least {least} belong"),
        };
        problems.push(Diagnostic::error(Code::Empty, node.at, title).label("too short"));
    }
    items.iter().for_each(|node| check(node, item, problems));
}

fn check_partial(node: &Node, shape: &Shape, problems: &mut Vec<Diagnostic>) {
    let mut found = Vec::new();
    check(node, shape, &mut found);
    problems.extend(found.into_iter().filter(|problem| problem.code != Code::MissingKey));
}

fn is_path(path: &str) -> bool {
    path.split('/').all(is_name)
}

fn check_map(node: &Node, what: &str, fits: fn(&str) -> bool, value: &Shape, problems: &mut Vec<Diagnostic>) {
    if !matches!(node.value, Value::Map(_)) && !node.is_null() {
        problems.push(wrong_kind(node, &format!("a map of {what}s")));
        return;
    }
    for entry in node.entries() {
        if let Some(problem) = bad_name(entry, what, fits) {
            problems.push(problem);
        }
        check(&entry.node, value, problems);
    }
}

/// Words that YAML 1.1 readers take for booleans.
const BOOLEANS: &[&str] = &["y", "n", "yes", "no", "on", "off", "true", "false", "null", "~", ""];

fn bad_name(entry: &Entry, what: &str, fits: fn(&str) -> bool) -> Option<Diagnostic> {
    let (name, at) = (&entry.key, entry.key_at);
    if fits(name) && !BOOLEANS.contains(&name.to_lowercase().as_str()) {
        return None;
    }
    let problem = Diagnostic::error(Code::BadName, at, format!("`{name}` is not a name for a {what}"));
    Some(if fits(name) {
        problem.label("other YAML readers take it for a boolean")
    } else {
        problem.label("names hold ASCII letters, digits and hyphens")
    })
}

/// Letters, digits and hyphens; beginning with a letter or digit.
pub(crate) fn is_name(name: &str) -> bool {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '-';
    name.len() <= 100 && name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(part)
}

fn check_record(node: &Node, record: &Record, problems: &mut Vec<Diagnostic>) {
    if !matches!(node.value, Value::Map(_)) && !node.is_null() {
        problems.push(wrong_kind(node, &format!("a map that describes {}", record.what)));
        return;
    }
    for entry in node.entries() {
        match record.fields.iter().find(|field| field.key == entry.key) {
            Some(Field { need: Need::Later, .. }) => problems.push(not_yet(entry, record)),
            Some(field) => check(&entry.node, &field.shape, problems),
            None => problems.push(unknown_key(entry, record)),
        }
    }
    for field in record.fields.iter().filter(|field| field.need == Need::Required) {
        if node.get(field.key).is_none() {
            problems.push(missing(node, field, record));
        }
    }
    if record.at_least_one && node.entries().is_empty() {
        problems.push(Diagnostic::error(Code::Empty, node.at, format!("{} says nothing", record.what)));
    }
}

fn not_yet(entry: &Entry, record: &Record) -> Diagnostic {
    let title = format!("`{}` of {} is not yet in this version", entry.key, record.what);
    Diagnostic::error(Code::NotYet, entry.key_at, title).label("would not be simulated")
}

fn unknown_key(entry: &Entry, record: &Record) -> Diagnostic {
    let known = || record.fields.iter().filter(|field| field.need != Need::Later).map(|field| field.key);
    let title = format!("unknown key `{}`", entry.key);
    let problem = Diagnostic::error(Code::UnknownKey, entry.key_at, title)
        .label(format!("{} has no such key", record.what));
    match did_you_mean(&entry.key, known()) {
        Some(help) => problem.help(help),
        None => problem.help(format!("its keys are {}", known().collect::<Vec<_>>().join(", "))),
    }
}

fn missing(node: &Node, field: &Field, record: &Record) -> Diagnostic {
    let title = format!("{} needs `{}`", record.what, field.key);
    Diagnostic::error(Code::MissingKey, node.at, title)
        .label(format!("`{}` is missing", field.key))
        .help(field.about)
}

fn wrong_kind(node: &Node, wanted: &str) -> Diagnostic {
    let title = format!("expected {wanted}, found {}", node.kind());
    Diagnostic::error(Code::WrongKind, node.at, title).label(format!("is {}", node.kind()))
}

fn check_either(node: &Node, shapes: &[Shape], problems: &mut Vec<Diagnostic>) {
    let fitting: Vec<&Shape> = shapes.iter().filter(|shape| fits_kind(node, shape)).collect();
    let tries = fitting.iter().map(|shape| {
        let mut found = Vec::new();
        check(node, shape, &mut found);
        found
    });
    let tries: Vec<Vec<Diagnostic>> = tries.collect();
    if tries.iter().any(Vec::is_empty) {
        return;
    }
    match tries.len() {
        0 => problems.push(wrong_kind(node, &alternatives(shapes))),
        _ => {
            let found = tries.into_iter().nth(likeliest(node, &fitting)).unwrap_or_default();
            problems.extend(found.into_iter().map(|problem| or_a_map(problem, shapes)));
        }
    }
}

/// Where a word is unknown and a map could stand, its keys may be what was meant.
fn or_a_map(problem: Diagnostic, shapes: &[Shape]) -> Diagnostic {
    let record = shapes.iter().find_map(|shape| match shape {
        Shape::Record(record) if problem.code == Code::UnknownWord => Some(record),
        _ => None,
    });
    let Some(record) = record else { return problem };
    let keys = record.fields.iter().filter(|field| field.need != Need::Later).map(|field| field.key);
    problem.help(format!("or a map with {}", keys.collect::<Vec<_>>().join(", ")))
}

/// Which of several failed alternatives to report: the words for a word, the quantity for what begins with a digit.
fn likeliest(node: &Node, fitting: &[&Shape]) -> usize {
    let number = node.text().is_some_and(|text| text.starts_with(|c: char| c.is_ascii_digit()));
    let wordlike = |shape: &&Shape| {
        matches!(shape, Shape::Choice(_) | Shape::Reference(_) | Shape::Endpoint | Shape::Bool)
    };
    fitting.iter().position(|shape| wordlike(shape) != number).unwrap_or(0)
}

fn fits_kind(node: &Node, shape: &Shape) -> bool {
    match shape {
        Shape::List(..) => matches!(node.value, Value::List(_)),
        Shape::Map(..) | Shape::Paths(..) => matches!(node.value, Value::Map(_)),
        Shape::Partial(_) | Shape::Record(_) => matches!(node.value, Value::Map(_)) || node.is_null(),
        Shape::Either(shapes) => shapes.iter().any(|shape| fits_kind(node, shape)),
        _ => matches!(node.value, Value::Scalar { .. }) && !node.is_null(),
    }
}

fn alternatives(shapes: &[Shape]) -> String {
    let words: Vec<String> = shapes.iter().map(describe).collect();
    words.join(" or ")
}

/// What a shape is called in messages.
pub(crate) fn describe(shape: &Shape) -> String {
    match shape {
        Shape::Text => "text".into(),
        Shape::Expectation => "an expectation such as `availability >= 99.95%`".into(),
        Shape::Reference(what) => (*what).into(),
        Shape::Endpoint => ENDPOINT.into(),
        Shape::Duration(..) | Shape::SignedDuration => "a length of time such as `30s`".into(),
        Shape::TimeOfDay => "a time of day such as `20h`".into(),
        Shape::Share { .. } | Shape::Percent => "a share such as `10%`".into(),
        Shape::Rate { .. } => "a rate such as `4000 rps`".into(),
        Shape::Count(..) => "a whole number".into(),
        Shape::Number(..) => "a number".into(),
        Shape::Distance => "a distance such as `500 km`".into(),
        Shape::OutOf => "`k of n`".into(),
        Shape::Bool => "`true` or `false`".into(),
        Shape::Choice(words) => {
            words.iter().map(|word| format!("`{}`", word.word)).collect::<Vec<_>>().join(", ")
        }
        Shape::List(..) => "a list".into(),
        Shape::Map(what, _) | Shape::Paths(what, _) => format!("a map of {what}s"),
        Shape::Partial(shape) => describe(shape),
        Shape::Record(record) => {
            format!("a map ({})", record.fields.iter().map(|f| f.key).collect::<Vec<_>>().join(", "))
        }
        Shape::Either(shapes) => alternatives(shapes),
    }
}

fn check_scalar(node: &Node, shape: &Shape, problems: &mut Vec<Diagnostic>) {
    let Some(text) = node.text().filter(|_| !node.is_null() || matches!(shape, Shape::Text)) else {
        problems.push(wrong_kind(node, &describe(shape)));
        return;
    };
    if let Some(problem) = ambiguous(node, text, shape) {
        problems.push(problem);
        return;
    }
    if let Err(misfit) = fits(text, shape) {
        problems.push(misfit_at(node, misfit));
    }
}

pub(crate) fn misfit_at(node: &Node, misfit: Misfit) -> Diagnostic {
    Diagnostic::error(misfit.code, node.at, misfit.title).label(misfit.label).help_if(misfit.help)
}

/// Plain scalars that YAML 1.1 readers turn into something else: `yes`, `20:00`.
fn ambiguous(node: &Node, text: &str, shape: &Shape) -> Option<Diagnostic> {
    let plain = matches!(node.value, Value::Scalar { plain: true, .. });
    let boolean =
        matches!(text.to_lowercase().as_str(), "yes" | "no" | "on" | "off") && !matches!(shape, Shape::Text);
    let sexagesimal = text.split(':').count() > 1
        && text.split(':').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    if !plain || !(boolean || sexagesimal) {
        return None;
    }
    let help = if boolean { "write `true` or `false`" } else { "write a time of day as `20h` or `20h30m`" };
    let title = format!("`{text}` means different things to different YAML readers");
    Some(Diagnostic::error(Code::Ambiguous, node.at, title).help(help))
}

fn fits(text: &str, shape: &Shape) -> Result<(), Misfit> {
    match shape {
        Shape::Text | Shape::Expectation => Ok(()),
        Shape::List(..)
        | Shape::Map(..)
        | Shape::Paths(..)
        | Shape::Partial(_)
        | Shape::Record(_)
        | Shape::Either(_) => Ok(()),
        Shape::Reference(what) => path(text, what),
        Shape::Endpoint => path(text.strip_prefix("health_checks/").unwrap_or(text), ENDPOINT),
        Shape::Duration(least, most) => time_between(text, *least, *most),
        Shape::SignedDuration => quantity::signed_duration(text).map(drop),
        Shape::TimeOfDay => quantity::time_of_day(text).map(drop),
        Shape::Share { zero } => quantity::share(text).and_then(|share| positive(text, share, *zero)),
        Shape::Percent => quantity::percent(text).and_then(|share| positive(text, share, true)),
        Shape::Rate { zero } => quantity::rate(text).and_then(|rate| positive(text, rate, *zero)),
        Shape::Count(least, most) => quantity::count(text, *least, *most).map(drop),
        Shape::Number(least, most) => {
            quantity::number(text).and_then(|number| between(text, number, *least, *most))
        }
        Shape::Distance => quantity::distance(text).map(drop),
        Shape::OutOf => quantity::k_of_n(text).map(drop),
        Shape::Bool => quantity::word(text, ["true", "false"].into_iter()).map(drop),
        Shape::Choice(words) => choice(text, words),
    }
}

/// What an end of a link or a member of a partition is called.
pub(crate) const ENDPOINT: &str = "a site, a population or a health check";

fn path(text: &str, what: &str) -> Result<(), Misfit> {
    if is_path(text) {
        return Ok(());
    }
    Err(Misfit::new(Code::BadName, format!("`{text}` is not {what}"))
        .label("names hold ASCII letters, digits and hyphens"))
}

fn time_between(text: &str, least: Span, most: Span) -> Result<(), Misfit> {
    let time = quantity::duration(text)?;
    let words = |span: Span| {
        if span < Span::SECOND { "more than nothing".into() } else { format!("{}s", span.seconds()) }
    };
    let label = match (time < least, time > most) {
        (true, _) if least < Span::SECOND => format!("must be {}", words(least)),
        (true, _) => format!("must be at least {}", words(least)),
        (_, true) => format!("must be at most {}", words(most)),
        _ => return Ok(()),
    };
    Err(Misfit::new(Code::OutOfRange, format!("`{text}` is out of range")).label(label))
}

fn positive(text: &str, value: f64, zero: bool) -> Result<(), Misfit> {
    if value > 0.0 || (zero && value == 0.0) {
        return Ok(());
    }
    Err(Misfit::new(Code::OutOfRange, format!("`{text}` is out of range")).label("must be more than nothing"))
}

fn between(text: &str, value: f64, least: f64, most: f64) -> Result<(), Misfit> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(Misfit::new(Code::OutOfRange, format!("`{text}` is out of range"))
        .label(format!("{least} to {most} is possible")))
}

fn choice(text: &str, words: &[Word]) -> Result<(), Misfit> {
    let known = words.iter().filter(|word| !word.later).map(|word| word.word);
    if words.iter().any(|word| word.later && word.word == text) {
        let list: Vec<String> = known.map(|word| format!("`{word}`")).collect();
        let title = format!("`{text}` is not yet in this version");
        return Err(Misfit::new(Code::NotYet, title).help(format!("this version has {}", list.join(", "))));
    }
    quantity::word(text, known).map(drop)
}
