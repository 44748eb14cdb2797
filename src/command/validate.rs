//! `validate`: all problems at once.

use crate::arguments::{Format, Validate};
use crate::console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::input;
use scenarios::Loaded;
use std::path::Path;

/// Validates every file, even after one is found wrong.
pub(super) fn run(asked: &Validate) -> Result<Exit, Failure> {
    input::only(asked.printing.format, &[Format::Text, Format::Json], "validate")?;
    let mut exit = Exit::Done;
    for file in &asked.files {
        exit = exit.max(one(file, asked)?);
    }
    Ok(exit)
}

fn one(file: &Path, asked: &Validate) -> Result<Exit, Failure> {
    let bytes = input::read(file)?;
    let loaded = input::load(file, &bytes, &asked.set)?;
    let exit = if loaded.is_ok() { Exit::Done } else { Exit::Wrong };
    if asked.printing.format == Format::Json {
        let problems = match &loaded {
            Ok(loaded) => &loaded.warnings,
            Err(problems) => problems,
        };
        console::answer(&format!("{:#}\n", problems.json()))?;
        return Ok(exit);
    }
    match loaded {
        Ok(loaded) => valid(file, &loaded, asked.resolved)?,
        Err(problems) => console::complain(&input::problems(problems).to_string()),
    }
    Ok(exit)
}

fn valid(file: &Path, loaded: &Loaded, resolved: bool) -> Result<(), Failure> {
    if !loaded.warnings.is_empty() {
        console::complain(loaded.warnings.render(input::styled()).trim_end());
    }
    if resolved {
        return console::answer(&loaded.resolved);
    }
    let specification = &loaded.specification;
    let counts = [
        (specification.sites.len(), "site"),
        (specification.domains.len(), "failure domain"),
        (specification.populations.len(), "population"),
        (specification.stores.len(), "store"),
        (specification.expectations.len(), "expectation"),
    ];
    // Most scenarios have no store.
    let told = counts.iter().filter(|(count, noun)| *count > 0 || *noun != "store");
    let counts: Vec<String> = told.map(|(count, noun)| plural(*count, noun)).collect();
    console::answer(&format!("{}: valid: {}\n", file.display(), counts.join(", ")))
}

fn plural(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
