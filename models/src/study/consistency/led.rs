//! How the clients of each population are led to sites in one replication.

use crate::design::{Design, EntryPlan};
use crate::operations::{Guide, Heeds, Route, Tale, Told};
use crate::specification::{PopulationId, Steering};
use crate::steering::Answers;
use sim::{Id, Instant, Stream, Table};

/// What everybody is told, and what they make of it.
#[derive(Debug)]
pub(super) struct Led {
    tales: Vec<Tale>,
    /// The kinds of clients of each population, with their shares.
    kinds: Table<PopulationId, Vec<(f64, Guide)>>,
}

impl Led {
    /// `told` is what each population was told, in the order of time.
    pub(super) fn new(design: &Design, told: Table<PopulationId, Vec<Told>>) -> Self {
        let kinds = told.map(|population, _| kinds(design, population));
        let tales = told.rows().iter().map(|told| Tale::new(told.clone())).collect();
        Led { tales, kinds }
    }

    pub(super) fn tales(&self) -> &[Tale] {
        &self.tales
    }

    /// A client of a population that begins at an instant.
    pub(super) fn route(&self, population: PopulationId, at: Instant, stream: &mut Stream) -> Route {
        let kinds = &self.kinds[population];
        let mut left = if kinds.len() > 1 { stream.uniform() } else { 0.0 };
        let chosen = kinds.iter().find(|(share, _)| {
            left -= share;
            left < 0.0
        });
        let guide = chosen.map_or(kinds[kinds.len() - 1].1, |(_, guide)| *guide);
        Route::begin(guide, &self.tales, at, stream)
    }
}

/// The kinds of clients of a population, with their shares.
fn kinds(design: &Design, population: PopulationId) -> Vec<(f64, Guide)> {
    let specification = design.specification();
    let tale = population.index() as u32;
    let entry = specification.populations[population].entry;
    let stays = vec![(1.0, Guide { heeds: Heeds::First, tale })];
    if !matches!(specification.entries[entry].steering, Steering::Dns(_)) {
        return stays;
    }
    let cohorts = design.cohorts_of[population].iter().map(|id| &design.cohorts[*id]);
    let kinds = cohorts.map(|plan| {
        let heeds = plan.ttl.map_or(Heeds::First, |ttl| Heeds::Again {
            ttl,
            stale: plan.serve_stale,
            afresh: plan.afresh,
            connection: plan.connection,
        });
        (plan.share, Guide { heeds, tale })
    });
    kinds.collect()
}

/// Is any population answered several sites while all is well, so that clients move from one to another?
pub(super) fn wander(design: &Design) -> bool {
    let sites = design.specification().sites.len();
    let mixed = |plan: &EntryPlan| {
        let mut answers = Answers::new(sites);
        plan.routers.iter().any(|router| {
            let reply = router.answer(&mut answers, |_| true);
            answers.shares(reply.answer).len() > 1
        })
    };
    design.entries.rows().iter().any(mixed)
}
