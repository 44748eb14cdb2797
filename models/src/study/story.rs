//! One replication told in full.

use super::StudyFault;
use crate::design::Design;
use crate::observer::Recorder;
use crate::specification::Specification;
use crate::timeline::Story;
use crate::world::World;
use sim::{Instant, Replication};

/// Runs one replication again and keeps what happened between two instants (by default, from beginning to end),
/// together with the earlier changes that caused it.
///
/// # Errors
/// Where the specification contradicts itself.
pub fn story(
    specification: &Specification,
    replication: u64,
    from: Option<Instant>,
    until: Option<Instant>,
) -> Result<Story, StudyFault> {
    let design = Design::new(specification.clone())?;
    let from = from.unwrap_or(Instant::ZERO);
    let until = until.unwrap_or(Instant::ZERO + specification.run.horizon);
    let mut world = World::new(&design, Recorder::new(from, until));
    world.start(specification.run.seed, Replication(replication));
    // The stretches are cut at both ends of what is told, so that it costs what its own stretches cost.
    let horizon = Instant::ZERO + specification.run.horizon;
    [from, until, horizon].into_iter().for_each(|limit| world.drive(limit, |_| false));
    world.finish(horizon);
    let Recorder { changes, frames, mut costs, .. } = world.observer;
    costs.retain(|cost| cost.from >= from && cost.until <= until);
    let mut keep = vec![false; changes.len()];
    for index in (0..changes.len()).rev() {
        keep[index] |= changes[index].at >= from;
        if let (true, Some(cause)) = (keep[index], changes[index].cause) {
            keep[cause.0 as usize] = true;
        }
    }
    let kept = changes.into_iter().zip(keep).filter(|(_, keep)| *keep).map(|(change, _)| change);
    Ok(Story { replication, from, until, changes: kept.collect(), frames, costs })
}
