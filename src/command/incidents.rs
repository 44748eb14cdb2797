//! `incidents`: real outages on record.

use crate::arguments::Named;
use crate::failure::Failure;

/// Lists the incidents, or prints one.
pub(super) fn run(asked: &Named) -> Result<(), Failure> {
    super::lookup::run("incident", asked, scenarios::incidents())
}
