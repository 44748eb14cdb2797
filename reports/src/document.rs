//! A document: titles, facts, tables and notes, printed as text, Markdown or HTML.

use crate::table::{Table, WIDTH, chars, escaped, wrapped};

/// Blocks in reading order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Document {
    blocks: Vec<Block>,
}

/// A piece of a document.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Block {
    Title(String),
    Section(String),
    Facts(Vec<(String, String)>),
    Table(Table),
    Paragraph(String),
    Lines(Vec<String>),
    Command(String),
}

impl Document {
    /// What it is about.
    pub fn title(&mut self, text: impl Into<String>) {
        self.blocks.push(Block::Title(text.into()));
    }

    /// A heading, with a blank line before it.
    pub fn section(&mut self, text: impl Into<String>) {
        self.blocks.push(Block::Section(text.into()));
    }

    /// Labelled facts, one a line.
    pub fn facts(&mut self, facts: Vec<(String, String)>) {
        self.blocks.push(Block::Facts(facts));
    }

    /// A table.
    pub fn table(&mut self, table: Table) {
        self.blocks.push(Block::Table(table));
    }

    /// Running text.
    pub fn paragraph(&mut self, text: impl Into<String>) {
        self.blocks.push(Block::Paragraph(text.into()));
    }

    /// Lines laid out already; they are kept as they are.
    pub fn lines(&mut self, lines: Vec<String>) {
        self.blocks.push(Block::Lines(lines));
    }

    /// One line to be copied whole, however long.
    pub fn command(&mut self, text: impl Into<String>) {
        self.blocks.push(Block::Command(text.into()));
    }

    /// As text of at most [`WIDTH`] columns; `styled` adds the escape codes of a terminal.
    pub fn text(&self, styled: bool) -> String {
        self.blocks.iter().map(|block| block.text(styled)).collect()
    }

    /// As Markdown.
    pub fn markdown(&self) -> String {
        self.blocks.iter().map(Block::markdown).collect()
    }

    /// As the body of an HTML page.
    pub fn html(&self) -> String {
        self.blocks.iter().map(Block::html).collect()
    }
}

impl Block {
    fn text(&self, styled: bool) -> String {
        let bold = |text: &str| if styled { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text.to_owned() };
        match self {
            Block::Title(text) => wrapped(text, WIDTH).iter().map(|line| bold(line) + "\n").collect(),
            Block::Section(text) => format!("\n{}\n", bold(text)),
            Block::Facts(facts) => facts_text(facts),
            Block::Table(table) => table.text(styled),
            Block::Paragraph(text) => {
                wrapped(text, WIDTH - 2).iter().map(|line| format!("  {line}\n")).collect()
            }
            Block::Lines(lines) => lines.iter().map(|line| format!("{line}\n")).collect(),
            Block::Command(text) => format!("\n{text}\n"),
        }
    }

    fn markdown(&self) -> String {
        match self {
            Block::Title(text) => format!("# {text}\n"),
            Block::Section(text) => format!("\n## {text}\n\n"),
            Block::Facts(facts) => {
                facts.iter().map(|(label, fact)| format!("- **{label}:** {fact}\n")).collect()
            }
            Block::Table(table) => table.markdown(),
            Block::Paragraph(text) => format!("{text}\n"),
            Block::Lines(lines) if lines.iter().all(String::is_empty) => "\n".to_owned(),
            Block::Lines(lines) => format!("```text\n{}\n```\n", lines.join("\n")),
            Block::Command(text) => format!("\n```text\n{text}\n```\n"),
        }
    }

    fn html(&self) -> String {
        match self {
            Block::Title(text) => format!("<h1>{}</h1>\n", escaped(text)),
            Block::Section(text) => format!("<h2>{}</h2>\n", escaped(text)),
            Block::Facts(facts) => {
                let row = |(label, fact): &(String, String)| {
                    format!(
                        "<tr><th>{}</th><td>{}</td></tr>\n",
                        escaped(label),
                        escaped(fact).replace('\n', "<br>")
                    )
                };
                format!("<table class=\"facts\">\n{}</table>\n", facts.iter().map(row).collect::<String>())
            }
            Block::Table(table) => table.html(),
            Block::Paragraph(text) => format!("<p>{}</p>\n", escaped(text)),
            Block::Lines(lines) if lines.iter().all(String::is_empty) => String::new(),
            Block::Lines(lines) => format!("<pre>{}</pre>\n", escaped(&lines.join("\n"))),
            Block::Command(text) => format!("<pre>{}</pre>\n", escaped(text)),
        }
    }
}

/// Labels in one column, facts wrapped in another.
fn facts_text(facts: &[(String, String)]) -> String {
    let label_width = facts.iter().map(|(label, _)| chars(label)).max().unwrap_or(0);
    let mut out = String::new();
    for (label, fact) in facts {
        let lines = fact.lines().flat_map(|line| wrapped(line, WIDTH - label_width - 4));
        for (index, line) in lines.enumerate() {
            let label = if index == 0 { label.as_str() } else { "" };
            out += &format!("  {label:label_width$}  {line}\n");
        }
    }
    out
}
