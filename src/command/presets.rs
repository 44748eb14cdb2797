//! `presets`: what ships, with its sources.

use crate::arguments::Named;
use crate::failure::Failure;

/// Lists the presets, or prints one.
pub(super) fn run(asked: &Named) -> Result<(), Failure> {
    super::lookup::run("preset", asked, scenarios::presets())
}
