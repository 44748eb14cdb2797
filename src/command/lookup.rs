//! Things that ship with Seawall by name: a list of them, or the text of one.

use crate::arguments::Named;
use crate::console;
use crate::failure::Failure;
use scenarios::Shipped;

/// Lists all of `shipped` with what each is, or prints one.
pub(super) fn run(noun: &str, asked: &Named, shipped: &[Shipped]) -> Result<(), Failure> {
    let Some(name) = &asked.name else {
        return console::answer(&list(shipped));
    };
    let found = shipped.iter().find(|one| one.name == name);
    let one = found.ok_or_else(|| {
        let near = scenarios::did_you_mean(name, shipped.iter().map(|one| one.name));
        let help = near.unwrap_or_else(|| format!("`seawall {noun}s` lists them"));
        Failure::said(format!("no {noun} is called `{name}`; {help}"))
    })?;
    console::answer(one.text)
}

fn list(shipped: &[Shipped]) -> String {
    let width = shipped.iter().map(|one| one.name.len()).max().unwrap_or(0);
    let room = reports::table::WIDTH - width - 2;
    let line = |one: &Shipped| {
        let title = reports::table::shortened(&title(one.text), room);
        format!("{:width$}  {title}", one.name).trim_end().to_owned() + "\n"
    };
    shipped.iter().map(line).collect()
}

/// What a file says it is: its `title`, else the first sentence of what it is `about`.
fn title(text: &str) -> String {
    let titled = text.lines().find_map(|line| line.strip_prefix("title:"));
    titled.map_or_else(|| about(text), |title| title.trim().trim_matches('"').to_owned())
}

fn about(text: &str) -> String {
    let mut lines = text.lines().skip_while(|line| !line.starts_with("about:"));
    let first =
        lines.next().map_or("", |line| line.trim_start_matches("about:").trim().trim_start_matches('>'));
    let rest = lines.take_while(|line| line.starts_with("  ")).map(str::trim);
    let whole = [first].into_iter().chain(rest).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
    whole.split_inclusive(". ").next().unwrap_or_default().trim_end_matches(['.', ' ']).to_owned()
}
