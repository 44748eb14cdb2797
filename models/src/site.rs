//! The truth of each site: what the active faults leave of it.

use crate::blame::SourceId;
use crate::fault::{Fault, Faults, Harm};
use crate::specification::{Effect, Isolation, SiteId};
use crate::timeline::ChangeId;
use crate::topology::{Part, Topology};
use sim::{Span, Table};

/// What is left of a site, whoever looks.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Truth {
    pub(crate) down: bool,
    pub(crate) isolated: Isolation,
    /// Share of requests that fail although the site answers.
    pub(crate) errors: f64,
    /// What is left of its capacity, as a factor.
    pub(crate) capacity: f64,
    /// Added to each round trip.
    pub(crate) latency: Span,
    /// It has lost its power, so what was in memory only.
    pub(crate) powerless: bool,
}

impl Truth {
    pub(crate) const WELL: Truth = Truth {
        down: false,
        isolated: Isolation { clients: false, sites: false, checkers: false },
        errors: 0.0,
        capacity: 1.0,
        latency: Span::ZERO,
        powerless: false,
    };

    /// Can clients reach it, as far as the site itself is concerned?
    pub(crate) fn serves(&self) -> bool {
        !self.down && !self.isolated.clients
    }

    /// Is it gone for everybody, rather than cut off from some?
    pub(crate) fn dead(&self) -> bool {
        self.down || (self.isolated.clients && self.isolated.checkers)
    }

    /// In words, for the timeline.
    pub(crate) fn describe(&self) -> String {
        if self.down {
            return "down".into();
        }
        let mut words = Vec::new();
        match self.isolated {
            Isolation { clients: true, checkers: true, .. } => words.push("cut off".to_string()),
            Isolation { clients: true, .. } => words.push("cut off from clients".to_string()),
            Isolation { checkers: true, .. } => words.push("cut off from health checkers".to_string()),
            Isolation { sites: true, .. } => words.push("cut off from other sites".to_string()),
            _ => {}
        }
        if self.errors > 0.0 {
            words.push(format!("{} % errors", percent(self.errors)));
        }
        if self.capacity < 1.0 {
            words.push(format!("capacity {} %", percent(self.capacity)));
        }
        if !self.latency.is_zero() {
            words.push(format!("{} ms slower", self.latency.nanos() / 1_000_000));
        }
        if words.is_empty() { "up".into() } else { words.join(", ") }
    }

    /// Both impairments at once, by independent causes.
    fn and(self, other: Truth) -> Truth {
        Truth {
            down: self.down || other.down,
            isolated: Isolation {
                clients: self.isolated.clients || other.isolated.clients,
                sites: self.isolated.sites || other.isolated.sites,
                checkers: self.isolated.checkers || other.isolated.checkers,
            },
            errors: 1.0 - (1.0 - self.errors) * (1.0 - other.errors),
            capacity: self.capacity * other.capacity,
            latency: self.latency + other.latency,
            powerless: self.powerless || other.powerless,
        }
    }

    /// Both at once, by the same cause: the stronger of each.
    fn stronger(self, other: Truth) -> Truth {
        Truth {
            errors: self.errors.max(other.errors),
            capacity: self.capacity.min(other.capacity),
            latency: self.latency.max(other.latency),
            ..self.and(other)
        }
    }

    /// Is this alternative to be preferred to `other`? Reachability counts first, then errors, capacity, latency.
    fn better_than(&self, other: &Truth) -> bool {
        let gone = |truth: &Truth| {
            let Isolation { clients, sites, checkers } = truth.isolated;
            (truth.down, truth.powerless, clients, checkers, sites)
        };
        let graded = |truth: &Truth| (truth.errors, -truth.capacity, truth.latency.seconds());
        gone(self) < gone(other) || (gone(self) == gone(other) && graded(self) < graded(other))
    }

    fn after(effects: &[Effect]) -> Truth {
        effects.iter().fold(Truth::WELL, |truth, effect| {
            truth.and(match *effect {
                Effect::Down => Truth { down: true, ..Truth::WELL },
                Effect::Degraded { factor } => Truth { capacity: factor, ..Truth::WELL },
                Effect::Errors { share } => Truth { errors: share, ..Truth::WELL },
                Effect::Latency { added } => Truth { latency: added, ..Truth::WELL },
                Effect::Isolated(isolated) => Truth { isolated, ..Truth::WELL },
                Effect::PowerLost => Truth { powerless: true, ..Truth::WELL },
                Effect::ControlPlane | Effect::Dns => Truth::WELL,
            })
        })
    }
}

/// A share as a percentage, to a hundredth.
pub(crate) fn percent(share: f64) -> f64 {
    (share * 10_000.0).round() / 100.0
}

/// One site's state.
#[derive(Clone, Debug)]
struct State {
    /// Active faults that are nothing but `down`, by part: the trunk, each alternative.
    trunk_down: u32,
    branch_down: Vec<u32>,
    /// Alternatives of each clause that are not down.
    living: Vec<u16>,
    dead_clauses: u32,
    /// Active faults with any other effect on sites: with none of them the counters above say everything.
    graded: u32,
    truth: Truth,
    /// The change that last touched it, and what that goes back to.
    cause: ChangeId,
    root: SourceId,
    dirty: bool,
}

/// The sites layer.
#[derive(Clone, Debug)]
pub(crate) struct Sites {
    states: Table<SiteId, State>,
    dirty: Vec<SiteId>,
}

impl Sites {
    pub(crate) fn new(topology: &Topology, nobody: SourceId) -> Self {
        let states = topology.clauses.map(|_, clauses| State {
            trunk_down: 0,
            branch_down: vec![0; clauses.iter().map(|n| usize::from(*n)).sum()],
            living: clauses.clone(),
            dead_clauses: 0,
            graded: 0,
            truth: Truth::WELL,
            cause: ChangeId(0),
            root: nobody,
            dirty: false,
        });
        Sites { states, dirty: Vec::new() }
    }

    pub(crate) fn reset(&mut self, topology: &Topology) {
        for (site, clauses) in topology.clauses.iter() {
            let state = &mut self.states[site];
            state.trunk_down = 0;
            state.branch_down.fill(0);
            state.living.copy_from_slice(clauses);
            state.dead_clauses = 0;
            state.graded = 0;
            state.truth = Truth::WELL;
            state.dirty = false;
        }
        self.dirty.clear();
    }

    pub(crate) fn truth(&self, site: SiteId) -> &Truth {
        &self.states[site].truth
    }

    /// The change that last touched `site`, and the root of its fault.
    pub(crate) fn cause(&self, site: SiteId) -> (ChangeId, SourceId) {
        let state = &self.states[site];
        (state.cause, state.root)
    }

    /// Takes in the beginning of `fault`, or its end; `change` is the change that says so.
    pub(crate) fn apply(&mut self, topology: &Topology, fault: &Fault, begins: bool, change: ChangeId) {
        let Harm::Domain { domain, effects, .. } = &fault.harm else { return };
        if !effects.iter().any(|effect| effect.on_sites()) {
            return;
        }
        let only_down = matches!(effects, [Effect::Down]);
        for touch in &topology.touches[*domain] {
            if !fault.hits(touch.site) {
                continue;
            }
            let state = &mut self.states[touch.site];
            if only_down {
                state.count_down(touch.part, begins);
            } else {
                state.graded = if begins { state.graded + 1 } else { state.graded - 1 };
            }
            (state.cause, state.root) = (change, fault.source);
            if !state.dirty {
                state.dirty = true;
                self.dirty.push(touch.site);
            }
        }
    }

    /// Settles one dirty site, the lowest first is not needed: sites do not depend on each other. Says whether its truth
    /// changed, and if so, whether it served before.
    pub(crate) fn settle_next(
        &mut self,
        topology: &Topology,
        faults: &Faults,
    ) -> Option<(SiteId, Option<bool>)> {
        let site = self.dirty.pop()?;
        let state = &mut self.states[site];
        state.dirty = false;
        let truth = if state.graded == 0 {
            Truth { down: state.trunk_down > 0 || state.dead_clauses > 0, ..Truth::WELL }
        } else {
            weigh(topology, faults, site)
        };
        let changed = (state.truth != truth).then(|| state.truth.serves());
        state.truth = truth;
        Some((site, changed))
    }
}

impl State {
    fn count_down(&mut self, part: Part, begins: bool) {
        match part {
            Part::Trunk => self.trunk_down = if begins { self.trunk_down + 1 } else { self.trunk_down - 1 },
            Part::Branch { clause, alternative } => {
                let count = &mut self.branch_down[usize::from(alternative)];
                let living = &mut self.living[usize::from(clause)];
                if begins {
                    *count += 1;
                    if *count == 1 {
                        *living -= 1;
                        self.dead_clauses += u32::from(*living == 0);
                    }
                } else {
                    *count -= 1;
                    if *count == 0 {
                        self.dead_clauses -= u32::from(*living == 0);
                        *living += 1;
                    }
                }
            }
        }
    }
}

/// The truth of a site from all active faults: those that meet its trunk and those that meet the best alternative of
/// each clause, in series. A fault that meets it in several parts counts once.
fn weigh(topology: &Topology, faults: &Faults, site: SiteId) -> Truth {
    let meets = |part: Part| -> Vec<bool> {
        let meets = |fault: &Fault| fault.parts(topology, site).any(|met| met == part);
        faults.active().iter().map(meets).collect()
    };
    let mut met = meets(Part::Trunk);
    let mut alternative = 0;
    for (clause, &count) in topology.clauses[site].iter().enumerate() {
        let mut best: Option<(Truth, Vec<bool>)> = None;
        for _ in 0..count {
            let choice = meets(Part::Branch { clause: clause as u16, alternative });
            let truth = in_series(faults, &choice);
            if best.as_ref().is_none_or(|(best, _)| truth.better_than(best)) {
                best = Some((truth, choice));
            }
            alternative += 1;
        }
        let chosen = best.into_iter().flat_map(|(_, choice)| choice);
        met.iter_mut().zip(chosen).for_each(|(met, chosen)| *met |= chosen);
    }
    in_series(faults, &met)
}

/// Independent faults act together; the phases of one incident do not add up, the strongest counts.
fn in_series(faults: &Faults, met: &[bool]) -> Truth {
    let met = || faults.active().iter().zip(met).filter(|(_, met)| **met).map(|(fault, _)| fault);
    let mut truth = Truth::WELL;
    for (index, fault) in met().enumerate() {
        if met().take(index).any(|earlier| earlier.source == fault.source) {
            continue;
        }
        let same = met().filter(|other| other.source == fault.source);
        let strongest = same.fold(Truth::WELL, |sum, fault| sum.stronger(Truth::after(fault.effects())));
        truth = truth.and(strongest);
    }
    truth
}
