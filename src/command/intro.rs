//! `seawall` alone: what it is, three examples, the commands.

use crate::console;
use crate::failure::Failure;

const TEXT: &str = "\
Seawall simulates years of correlated failures over a multi-site topology, deterministically, and
says what its users lose, for how long, and because of which fault.

  seawall init shop                          write a first scenario to change
  seawall run shop/scenario.yaml             what do a year's failures cost?
  seawall drill shop/scenario.yaml           what survives the loss of each provider, region and site?

Simulate:  run  check  drill  replay  explain  history
Look up:   presets  incidents  errors  schema
Write:     init  validate

`seawall COMMAND --help` says more about each, with examples.
";

/// Prints it.
pub(super) fn print() -> Result<(), Failure> {
    console::answer(TEXT)
}
