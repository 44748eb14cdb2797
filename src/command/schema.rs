//! `schema`: the JSON Schema of scenario files.

use crate::console;
use crate::failure::Failure;

/// Prints it.
pub(super) fn run() -> Result<(), Failure> {
    console::answer(&text())
}

/// The schema, indented.
pub(super) fn text() -> String {
    format!("{:#}\n", scenarios::schema())
}
