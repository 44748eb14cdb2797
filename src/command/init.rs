//! `init`: a first scenario and its schema.

use super::schema;
use crate::arguments::Init;
use crate::console;
use crate::failure::Failure;
use crate::output;
use std::fs;

/// A small scenario that says what can be changed in it.
const SCENARIO: &str = include_str!("starter.yaml");

/// Writes both files.
pub(super) fn run(asked: &Init) -> Result<(), Failure> {
    let directory = &asked.directory;
    let files = [("scenario.yaml", SCENARIO.to_owned()), ("seawall.schema.json", schema::text())];
    for (name, _) in &files {
        let path = directory.join(name);
        if path.exists() && !asked.force {
            return Err(Failure::said(format!("`{}` exists already; --force overwrites it", path.display())));
        }
    }
    fs::create_dir_all(directory).map_err(|error| Failure::file("create", directory, &error))?;
    for (name, text) in &files {
        output::write_file(&directory.join(name), asked.force, text)?;
    }
    let scenario = directory.join("scenario.yaml");
    console::answer(&format!("wrote {0}\nnext: seawall run {0}\n", scenario.display()))
}
