//! Tables that print as aligned text, Markdown or HTML.

/// Text is laid out to fit this many columns.
pub const WIDTH: usize = 100;

/// How a cell is emphasised, beside what its words say.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Tone {
    /// Not at all.
    #[default]
    Plain,
    /// Good news.
    Good,
    /// Bad news.
    Bad,
    /// No news yet.
    Unsure,
}

impl Tone {
    /// `text` in this tone's colour.
    pub(crate) fn paint(self, text: &str) -> String {
        match self {
            Tone::Plain => text.to_owned(),
            Tone::Good => format!("\u{1b}[32m{text}\u{1b}[0m"),
            Tone::Bad => format!("\u{1b}[1;31m{text}\u{1b}[0m"),
            Tone::Unsure => format!("\u{1b}[33m{text}\u{1b}[0m"),
        }
    }
}

/// A cell of a table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cell {
    /// What it says.
    pub text: String,
    /// How.
    pub tone: Tone,
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Cell { text: text.into(), tone: Tone::Plain }
    }
}

/// On which side a column's cells stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// Rows under headings.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Table {
    heads: Vec<(String, Align)>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table with these headings. A heading that starts with `>` stands over a right-aligned column.
    pub fn new<const N: usize>(heads: [&str; N]) -> Self {
        let head = |text: &str| match text.strip_prefix('>') {
            Some(text) => (text.to_owned(), Align::Right),
            None => (text.to_owned(), Align::Left),
        };
        Table { heads: heads.map(head).to_vec(), rows: Vec::new() }
    }

    /// Appends a row; it has as many cells as there are headings.
    pub fn row<const N: usize>(&mut self, cells: [Cell; N]) {
        assert_eq!(N, self.heads.len(), "a row has a cell under each heading");
        self.rows.push(cells.to_vec());
    }

    /// Has it no row?
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// As lines of aligned text, indented by two; cells of the first column are cut where a line would be too long.
    pub fn text(&self, styled: bool) -> String {
        let widths = self.widths();
        let mut out =
            self.text_line(self.heads.iter().map(|(head, _)| (head.as_str(), Tone::Plain)), &widths, styled);
        for row in &self.rows {
            out += &self.text_line(row.iter().map(|cell| (cell.text.as_str(), cell.tone)), &widths, styled);
        }
        out
    }

    fn widths(&self) -> Vec<usize> {
        let mut widths: Vec<usize> = (0..self.heads.len()).map(|column| self.width(column)).collect();
        let total: usize = widths.iter().map(|width| width + 2).sum();
        let least = widths[0].min(8);
        widths[0] = widths[0].saturating_sub(total.saturating_sub(WIDTH)).max(least);
        widths
    }

    fn width(&self, column: usize) -> usize {
        let cells = self.rows.iter().map(|row| chars(&row[column].text));
        cells.chain([chars(&self.heads[column].0)]).max().unwrap_or(0)
    }

    fn text_line<'a>(
        &self,
        cells: impl Iterator<Item = (&'a str, Tone)>,
        widths: &[usize],
        styled: bool,
    ) -> String {
        let mut line = String::new();
        for ((text, tone), (width, (_, align))) in cells.zip(widths.iter().zip(&self.heads)) {
            let text = shortened(text, *width);
            let padding = " ".repeat(width - chars(&text));
            let text = if styled { tone.paint(&text) } else { text };
            line += "  ";
            line += &match align {
                Align::Left => format!("{text}{padding}"),
                Align::Right => format!("{padding}{text}"),
            };
        }
        format!("{}\n", line.trim_end())
    }

    /// As a Markdown table.
    pub fn markdown(&self) -> String {
        let heads: Vec<&str> = self.heads.iter().map(|(head, _)| head.as_str()).collect();
        let rules = self.heads.iter().map(|(_, align)| if *align == Align::Right { "--:" } else { "---" });
        let mut out = markdown_line(heads.into_iter()) + &markdown_line(rules);
        for row in &self.rows {
            out += &markdown_line(row.iter().map(|cell| cell.text.as_str()));
        }
        out
    }

    /// As an HTML table.
    pub fn html(&self) -> String {
        let class = |align: Align| if align == Align::Right { " class=\"number\"" } else { "" };
        let head = |(text, align): &(String, Align)| format!("<th{}>{}</th>", class(*align), escaped(text));
        let heads: String = self.heads.iter().map(head).collect();
        let mut out = format!("<table>\n<tr>{heads}</tr>\n");
        for row in &self.rows {
            let cell = |(cell, (_, align)): (&Cell, &(String, Align))| {
                format!("<td{}>{}</td>", class(*align), escaped(&cell.text))
            };
            out += &format!("<tr>{}</tr>\n", row.iter().zip(&self.heads).map(cell).collect::<String>());
        }
        out + "</table>\n"
    }
}

fn markdown_line<'a>(cells: impl Iterator<Item = &'a str>) -> String {
    let cells: Vec<String> = cells.map(|cell| cell.replace('|', "\\|")).collect();
    format!("| {} |\n", cells.join(" | "))
}

/// `text` with the characters that mean something to HTML replaced.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Characters in `text`; names and numbers have no wide or combining ones.
pub(crate) fn chars(text: &str) -> usize {
    text.chars().count()
}

/// `text`, or its beginning with an ellipsis where it is longer than `width`.
pub fn shortened(text: &str, width: usize) -> String {
    if chars(text) <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

/// `text` broken at blanks into lines of at most `width` characters.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.last_mut().expect("there is always a line");
        if !last.is_empty() && chars(last) + 1 + chars(word) > width {
            lines.push(shortened(word, width));
        } else {
            *last = shortened(&format!("{last}{}{word}", if last.is_empty() { "" } else { " " }), width);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(["site", ">peak"]);
        table.row(["virginia".into(), "12".into()]);
        table.row(["a|b".into(), "1234".into()]);
        table
    }

    #[test]
    fn words_stand_left_and_numbers_right() {
        assert_eq!(table().text(false), "  site      peak\n  virginia    12\n  a|b       1234\n");
    }

    #[test]
    fn markdown_escapes_its_own_sign() {
        assert_eq!(
            table().markdown(),
            "| site | peak |\n| --- | --: |\n| virginia | 12 |\n| a\\|b | 1234 |\n"
        );
    }

    #[test]
    fn a_long_name_is_cut_before_a_line_is_too_long() {
        let mut table = Table::new(["name", "text"]);
        table.row(["n".repeat(80).into(), "t".repeat(60).into()]);
        assert!(table.text(false).lines().all(|line| chars(line) <= WIDTH));
    }

    #[test]
    fn words_wrap_at_blanks() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
    }
}
