//! Tables that print as aligned text, Markdown or HTML.

/// Text is laid out to fit this many columns.
pub const WIDTH: usize = 100;

/// Columns of words never get narrower than this.
const NARROW: usize = 10;

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
    pub fn new<'t>(heads: impl IntoIterator<Item = &'t str>) -> Self {
        let head = |text: &str| match text.strip_prefix('>') {
            Some(text) => (text.to_owned(), Align::Right),
            None => (text.to_owned(), Align::Left),
        };
        Table { heads: heads.into_iter().map(head).collect(), rows: Vec::new() }
    }

    /// Appends a row; it has as many cells as there are headings.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        let cells: Vec<Cell> = cells.into_iter().collect();
        assert_eq!(cells.len(), self.heads.len(), "a row has a cell under each heading");
        self.rows.push(cells);
    }

    /// Has it no row?
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// As lines of aligned text, indented by two. Where they would be too long, headings and then words are broken into
    /// several lines; nothing is cut.
    pub fn text(&self, styled: bool) -> String {
        let widths = self.widths();
        let heads = self.heads.iter().zip(&widths);
        let heads: Vec<Vec<String>> = heads.map(|((head, _), width)| broken(head, *width)).collect();
        let height = heads.iter().map(Vec::len).max().unwrap_or(0);
        // Headings stand on the rows below them.
        let lowered = heads.into_iter().map(|mut lines| {
            lines.splice(0..0, vec![String::new(); height - lines.len()]);
            (lines, Tone::Plain)
        });
        let mut out = self.text_lines(&lowered.collect::<Vec<_>>(), &widths, styled);
        for row in &self.rows {
            let cells = row.iter().zip(&widths);
            let cells: Vec<_> = cells.map(|(cell, width)| (broken(&cell.text, *width), cell.tone)).collect();
            out += &self.text_lines(&cells, &widths, styled);
        }
        out
    }

    /// As wide as the widest cell and, where there is room, the heading; columns of words give way first.
    fn widths(&self) -> Vec<usize> {
        let columns = 0..self.heads.len();
        let cells: Vec<usize> = columns.clone().map(|column| self.cell_width(column)).collect();
        let word = |head: &str| head.split_whitespace().map(chars).max().unwrap_or(0);
        let mut widths: Vec<usize> =
            columns.map(|column| cells[column].max(chars(&self.heads[column].0))).collect();
        let least = |column: usize| cells[column].max(word(&self.heads[column].0));
        shrink(&mut widths, |column, width| width > least(column));
        shrink(&mut widths, |column, width| self.heads[column].1 == Align::Left && width > NARROW);
        widths
    }

    fn cell_width(&self, column: usize) -> usize {
        self.rows.iter().map(|row| chars(&row[column].text)).max().unwrap_or(0)
    }

    fn text_lines(&self, cells: &[(Vec<String>, Tone)], widths: &[usize], styled: bool) -> String {
        let height = cells.iter().map(|(lines, _)| lines.len()).max().unwrap_or(0);
        let line = |index: usize| {
            let texts =
                cells.iter().map(|(lines, tone)| (lines.get(index).map_or("", String::as_str), *tone));
            self.text_line(texts, widths, styled)
        };
        (0..height).map(line).collect()
    }

    fn text_line<'a>(
        &self,
        cells: impl Iterator<Item = (&'a str, Tone)>,
        widths: &[usize],
        styled: bool,
    ) -> String {
        let mut line = String::new();
        for ((text, tone), (width, (_, align))) in cells.zip(widths.iter().zip(&self.heads)) {
            let padding = " ".repeat(width.saturating_sub(chars(text)));
            let text = if styled && !text.is_empty() { tone.paint(text) } else { text.to_owned() };
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

/// Takes from the widest column that `may` still give, until a line fits or none may.
fn shrink(widths: &mut [usize], may: impl Fn(usize, usize) -> bool) {
    while widths.iter().map(|width| width + 2).sum::<usize>() > WIDTH {
        let giving = (0..widths.len()).filter(|&column| may(column, widths[column]));
        let Some(widest) = giving.max_by_key(|&column| (widths[column], std::cmp::Reverse(column))) else {
            return;
        };
        widths[widest] -= 1;
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

/// All of `text` in lines of at most `width` characters, broken at blanks, else after a sign within a name, else anywhere.
fn broken(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest: Vec<char> = text.chars().collect();
    while rest.len() > width.max(1) {
        let room = &rest[..=width.max(1)];
        let blank = room.iter().rposition(|sign| *sign == ' ').filter(|at| *at > 0);
        let sign = || room[..room.len() - 1].iter().rposition(|sign| "/-_.:=,".contains(*sign));
        let end = blank.or_else(|| sign().map(|at| at + 1)).unwrap_or(width.max(1));
        let next = rest.split_off(end);
        lines.push(rest.into_iter().collect());
        rest = next.into_iter().skip_while(|sign| *sign == ' ').collect();
    }
    lines.push(rest.into_iter().collect());
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
    fn a_long_name_is_broken_before_a_line_is_too_long_and_never_cut() {
        let mut table = Table::new(["name", "text"]);
        table.row(["n".repeat(80).into(), "t".repeat(60).into()]);
        let text = table.text(false);
        assert!(text.lines().all(|line| chars(line) <= WIDTH));
        assert_eq!((text.matches('n').count(), text.matches('t').count()), (80 + 1, 60 + 2));
    }

    #[test]
    fn names_break_after_their_signs() {
        assert_eq!(broken("aws/eu-west-1 and more", 8), ["aws/eu-", "west-1", "and more"]);
        assert_eq!(broken("abcdefgh", 3), ["abc", "def", "gh"]);
    }

    #[test]
    fn headings_give_way_before_names() {
        let mut table = Table::new(["name", ">a heading of many words"]);
        table.row(["n".repeat(85).into(), "1".into()]);
        let text = table.text(false);
        assert!(text.lines().last().is_some_and(|line| line.contains(&"n".repeat(85))));
        assert!(text.lines().count() > 2);
    }

    #[test]
    fn words_wrap_at_blanks() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
    }
}
