//! `errors`: what a diagnostic's code means.

use crate::arguments::Named;
use crate::console;
use crate::failure::Failure;
use scenarios::Explanation;

/// Lists the codes, or explains one.
pub(super) fn run(asked: &Named) -> Result<(), Failure> {
    let index = scenarios::errors_index();
    let Some(code) = &asked.name else {
        let line = |error: &Explanation| format!("{}  {}\n", error.code, error.title);
        return console::answer(&index.iter().map(line).collect::<String>());
    };
    let found = index.iter().find(|error| error.code.eq_ignore_ascii_case(code));
    let error = found.ok_or_else(|| {
        Failure::said(format!("no diagnostic has the code `{code}`; `seawall errors` lists them"))
    })?;
    let example: String = error.example.lines().map(|line| format!("    {line}\n")).collect();
    let explanation = reports::table::wrapped(error.explanation, reports::table::WIDTH).join("\n");
    console::answer(&format!("{}: {}\n\n{explanation}\n\nExample:\n\n{example}", error.code, error.title))
}
