//! What clients of stores see over a stretch of one replication, slice by slice.

use super::scenes::Scenes;
use super::strata::{Part, Strata};
use super::{Watch, Watched};
use crate::design::Design;
use crate::observer::Nobody;
use crate::outcome::{AnomalyOutcome, Estimate};
use crate::specification::{Specification, StoreId};
use crate::study::StudyFault;
use crate::study::run::confidence;
use crate::world::World;
use sim::{Instant, Replication, Span, Stream, StreamName};

/// Slices of a stretch.
const SLICES: i64 = 60;
/// Operations that are looked at in each, about.
const OPERATIONS: f64 = 4000.0;

/// A slice of time.
#[derive(Clone, Debug)]
pub struct ClientSlice {
    /// Of which store.
    pub store: StoreId,
    /// Its beginning.
    pub from: Instant,
    /// Its end.
    pub until: Instant,
    /// Operations a second that clients began in its middle.
    pub rate: f64,
    /// Sessions looked at, all of which began in it.
    pub sessions: u64,
    /// What was wrong with their operations; intervals are those of the sessions looked at, in this replication.
    pub anomalies: Vec<AnomalyOutcome>,
    /// Median seconds until a read was answered.
    pub reads: Estimate,
    /// Median seconds until a write was acknowledged.
    pub writes: Estimate,
}

/// What clients saw from one instant to another of a replication, of every store whose clients are looked at.
///
/// # Errors
/// Where the specification contradicts itself.
pub fn clients_over_time(
    specification: &Specification,
    replication: u64,
    (from, until): (Instant, Instant),
) -> Result<Vec<ClientSlice>, StudyFault> {
    let design = Design::new(specification.clone())?;
    let watch = Watch::new(&design);
    let mut world = World::new(&design, Nobody);
    let luck = (specification.run.seed, Replication(replication));
    let scenes = watch.scenes(&mut world, luck);
    let edge = |slice: i64| from + Span::from_nanos((until - from).nanos() / SLICES * slice);
    let mut slices = Vec::new();
    for (store, scenes) in watch.stores.iter().zip(scenes) {
        let name = StreamName::of(&specification.stores[store.id].name, "operations over time");
        let mut stream = Stream::new(luck.0, luck.1, name);
        let strata = store.strata(&design, &scenes);
        for slice in 0..SLICES {
            let stretch = (edge(slice), edge(slice + 1));
            slices.push(store.slice(&design, &scenes, &strata, stretch, &mut stream));
        }
    }
    Ok(slices)
}

impl Watched<'_> {
    fn slice(
        &self,
        design: &Design,
        scenes: &Scenes,
        strata: &Strata,
        (from, until): (Instant, Instant),
        stream: &mut Stream,
    ) -> ClientSlice {
        let specification = design.specification();
        let mut tally = self.tally(design, OPERATIONS);
        for draw in 0..self.visitor.draws(OPERATIONS) {
            let at = from + Span::from_seconds(stream.uniform() * (until - from).seconds());
            if let Some(seen) = self.one(scenes, strata, at, stream) {
                tally.see(seen, (Part::Any, 1), 1.0);
                tally.finish(draw, true);
            }
        }
        let middle = from + Span::from_nanos((until - from).nanos() / 2);
        let rates = self.visitor.rates(scenes.at(middle), middle, |_| 1.0);
        let seen = tally.outcome(1.0, confidence(specification));
        ClientSlice {
            store: self.id,
            from,
            until,
            rate: rates.iter().sum::<f64>() * self.sessions.operations,
            sessions: seen.sessions,
            anomalies: seen.anomalies,
            reads: seen.reads.p50,
            writes: seen.writes.p50,
        }
    }
}
