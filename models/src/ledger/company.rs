//! Which faults an episode has seen: is it the plan's alone, or did luck have a part in it?

use crate::blame::SourceId;
use crate::design::{Design, Planned};
use crate::specification::Breakage;
use sim::Table;

/// Replications of each kind from which a chance counts as known from them.
const OFTEN: f64 = 10.0;

/// Is what a planned fault hits left to a chance that is seldom met, or seldom missed, in so few replications? If not,
/// the replications themselves show how much it varies.
pub(crate) fn is_rare(design: &Design, planned: &Planned) -> bool {
    let run = &design.specification().run;
    let replications = if run.precision.is_some() { run.replications.min(64) } else { run.replications };
    match planned.what {
        Breakage::Domain { chance, .. } if !planned.spared.is_empty() => {
            chance.min(1.0 - chance) * (replications as f64) < OFTEN
        }
        _ => false,
    }
}

/// The faults of the current episode.
#[derive(Clone, Debug)]
pub(crate) struct Company {
    /// Is a source's beginning drawn?
    random: Table<SourceId, bool>,
    active_random: u32,
    active_planned: u32,
    saw_random: bool,
    saw_planned: bool,
}

impl Company {
    pub(crate) fn new(design: &Design) -> Self {
        let mut random = design.sources.map(|_, source| !matches!(source.kind, "script" | "replay"));
        for planned in design.planned.rows() {
            random[planned.source] |= is_rare(design, planned);
        }
        Company { random, active_random: 0, active_planned: 0, saw_random: false, saw_planned: false }
    }

    pub(crate) fn reset(&mut self) {
        (self.active_random, self.active_planned) = (0, 0);
        self.turn_page();
    }

    /// An episode begins or is over: of the past, only what is still active matters.
    pub(crate) fn turn_page(&mut self) {
        (self.saw_random, self.saw_planned) = (self.active_random > 0, self.active_planned > 0);
    }

    pub(crate) fn began(&mut self, source: SourceId) {
        if self.random[source] {
            self.active_random += 1;
            self.saw_random = true;
        } else {
            self.active_planned += 1;
            self.saw_planned = true;
        }
    }

    pub(crate) fn ended(&mut self, source: SourceId) {
        if self.random[source] {
            self.active_random -= 1;
        } else {
            self.active_planned -= 1;
        }
    }

    /// Did luck have a part in the episode? An episode without any fault is a false alarm: luck as well.
    pub(crate) fn is_random(&self) -> bool {
        self.saw_random || !self.saw_planned
    }
}
