//! From a tally to an outcome: estimates and their intervals, by the methods that the statistics page names.

use super::hazards::{Hazard, Hazards, Target};
use super::interval::{Quantity, Sample, convert};
use super::judge::judge;
use crate::blame::{Mechanism, SourceId};
use crate::design::{Design, LevelId};
use crate::ledger::{Charge, Lasted, LevelTally, Tally};
use crate::outcome::*;
use crate::specification::{Placed, PopulationId, Scope, Serving, SiteId};
use crate::volume::Volume;
use sim::stats::{Confidence, Estimate as Estimated, proportion};
use sim::{Id, Instant, Span};

/// Requests in one unit of the coarse volumes.
const COARSE: f64 = 1e-3;
const NANO: f64 = 1e-9;
/// Nanoseconds in a second: dividing by it keeps whole seconds whole, which multiplying by its inverse does not.
const NANOS: f64 = 1e9;
/// Fewer episodes than this are too few to trust.
const EPISODES_FEW: u64 = 50;
/// A cause never seen is worth a warning where its law makes it cost more than this share of what was seen.
const UNSEEN_MATTERS: f64 = 0.05;

/// A tally, and what is needed to read it.
pub(super) struct Measured<'t> {
    pub(super) design: &'t Design,
    pub(super) tally: &'t Tally,
    pub(super) confidence: Confidence,
    pub(super) random: bool,
    /// For each scope, what its laws say.
    hazards: Vec<Hazards>,
}

impl<'t> Measured<'t> {
    pub(super) fn new(design: &'t Design, tally: &'t Tally, confidence: Confidence) -> Self {
        let hazards = |index| Hazards::new(design, tally, Target::Scope(index));
        let hazards = (0..design.scopes.len()).map(hazards).collect();
        Measured { design, tally, confidence, random: design.is_random(), hazards }
    }

    /// Requests lost per replication by everybody: what the stop rule watches.
    pub(super) fn loss_of_everything(&self) -> Estimated {
        let level = &self.tally.levels.rows()[0];
        let per_second = self.offered_each(Scope::All) / self.horizon().seconds() / COARSE;
        self.sample(level, 0).expected(&level.loss, Quantity::Cost { per_second })
    }

    /// The outages that a stop rule may rely on: those that luck had a part in, if anything can fail by luck. What is
    /// the same in every replication does not say how much luck varies.
    pub(super) fn outages_by_luck(&self) -> u64 {
        let level = &self.tally.levels.rows()[0];
        if self.hazards[0].rows.is_empty() {
            level.outages.whole.sum() as u64
        } else {
            level.episodes.sum() as u64
        }
    }

    fn sample<'s>(&'s self, level: &'s LevelTally, scope: usize) -> Sample<'s> {
        Sample {
            confidence: self.confidence,
            replications: self.tally.replications,
            episodes: &level.episodes,
            hazards: &self.hazards[scope],
            random: self.random,
            steady: self.steady(),
        }
    }

    /// Does luck play no part but in the beginning and the length of faults: neither in checks nor in where a replay is
    /// placed?
    pub(super) fn steady(&self) -> bool {
        let checks = self.design.watches.rows().iter().any(|watch| watch.random_phases);
        !checks && self.design.placements.is_empty()
    }

    /// An estimate, exact where nothing is random.
    pub(super) fn estimate(&self, estimated: Estimated) -> Estimate {
        if self.random { convert(estimated) } else { Estimate::exact(estimated.value) }
    }

    fn offered_each(&self, scope: Scope) -> f64 {
        self.offered(scope).requests() / self.tally.replications as f64
    }

    pub(super) fn outcome(&self, stopped: Stopped) -> Outcome {
        let specification = self.design.specification();
        let scopes: Vec<ScopeOutcome> =
            (0..self.design.scopes.len()).map(|index| self.scope(LevelId::from_index(index))).collect();
        Outcome {
            name: specification.name.clone(),
            question: specification.question.clone(),
            horizon: specification.run.horizon,
            replications: self.tally.replications,
            seed: specification.run.seed.0,
            confidence: specification.run.confidence,
            stopped,
            sites: specification.sites.ids().map(|site| self.site(site)).collect(),
            stores: specification.stores.ids().map(|store| self.store(store)).collect(),
            sources: self.design.sources.ids().map(|source| self.source(source)).collect(),
            promises: specification.slas.iter().map(|promise| self.promise(promise)).collect(),
            expectations: specification.expectations.iter().map(|line| judge(self, &scopes, line)).collect(),
            worst: self.tally.worst,
            warnings: self.warnings(),
            scopes,
        }
    }

    pub(super) fn horizon(&self) -> Span {
        self.design.specification().run.horizon
    }

    pub(super) fn years(&self) -> f64 {
        years(self.horizon(), self.random)
    }

    fn scope(&self, id: LevelId) -> ScopeOutcome {
        let level = &self.tally.levels[id];
        let scope = self.design.levels[id].scope;
        let offered = self.offered(scope);
        let (by_mechanism, by_source, by_both) = self.blame(scope);
        let lost: Volume = by_mechanism.iter().map(|(_, volume)| *volume).sum();
        let each = self.offered_each(scope);
        let per_second = each / self.horizon().seconds() / COARSE;
        let loss = self.sample(level, id.index()).expected(&level.loss, Quantity::Cost { per_second });
        let mut unavailabilities: Vec<f64> =
            level.losses.iter().map(|lost| if each > 0.0 { lost.requests() / each } else { 0.0 }).collect();
        unavailabilities.sort_by(f64::total_cmp);
        let mut downtimes = level.downtimes.clone();
        downtimes.sort();
        let share = |lost: f64| if each > 0.0 { 1.0 - lost * COARSE / each } else { 1.0 };
        let downtime = self.downtime(level, id.index());
        let outages = self.sample(level, id.index()).expected(&level.outages, Quantity::Count);
        ScopeOutcome {
            scope,
            name: self.design.scope_name(scope).to_string(),
            offered,
            served: offered - lost,
            lost,
            availability: self.estimate(loss).map(share).clamped(),
            time_up: downtime.map(|seconds| 1.0 - seconds / self.horizon().seconds()).clamped(),
            downtime: downtime.map(|seconds| seconds.max(0.0) / self.years()),
            downtime_deviation: level.time.whole.variance().sqrt() * NANO,
            outages: counted(self.estimate(outages)).map(|count| count / self.years()),
            lengths: self.lengths(&level.lengths),
            recovery: self.lengths(&level.recovery),
            causes: if scope == Scope::All { self.causes(&by_source) } else { Vec::new() },
            time_by_source: self.time_charges(level),
            downtimes,
            unavailabilities,
            by_mechanism,
            by_source,
            by_both,
        }
    }

    /// Share of time a level was up.
    pub(super) fn time_up(&self, id: LevelId) -> Estimate {
        let scope = self.design.levels[id].scope;
        let index = self.design.scopes.iter().position(|known| *known == scope).unwrap_or(0);
        let downtime = self.downtime(&self.tally.levels[id], index);
        downtime.map(|seconds| 1.0 - seconds / self.horizon().seconds()).clamped()
    }

    /// Seconds not up per replication.
    fn downtime(&self, level: &LevelTally, scope: usize) -> Estimate {
        let nanos = self.sample(level, scope).expected(&level.time, Quantity::Cost { per_second: NANOS });
        let most = self.horizon().seconds();
        let Estimate { high, .. } = self.estimate(nanos);
        let estimate = self.estimate(nanos).map(|nanos| nanos / NANOS);
        Estimate { low: estimate.low.max(0.0), high: (high / NANOS).min(most), ..estimate }
    }

    fn lengths(&self, lasted: &Lasted) -> Lengths {
        let count = lasted.law.count();
        let mean = || match lasted.law.cut() {
            cut if cut == 0 || !self.random => lasted.sum as f64 / count as f64,
            _ => lasted.law.mean(),
        };
        Lengths {
            count,
            mean: if count == 0 { 0.0 } else { mean() * NANO },
            range: lasted.range.unwrap_or_default(),
            p50: self.quantile(lasted, 0.5),
            p95: self.quantile(lasted, 0.95),
            p99: self.quantile(lasted, 0.99),
        }
    }

    /// A quantile in seconds.
    pub(super) fn quantile(&self, lasted: &Lasted, p: f64) -> Estimate {
        if !self.random {
            return listed(&lasted.list, p);
        }
        let (Some(found), Some((shortest, longest))) =
            (lasted.law.quantile(p, self.confidence), lasted.range)
        else {
            return NO_SAMPLE;
        };
        // Buckets are a little wide; no quantile lies outside of what was seen, unless the interval is open there.
        let (shortest, longest) = (shortest.nanos() as f64, longest.nanos() as f64);
        let inside =
            |nanos: f64| if nanos.is_finite() { nanos.clamp(shortest, longest) * NANO } else { nanos };
        let found = convert(found);
        Estimate {
            value: inside(found.value),
            low: if found.low.is_finite() { inside(found.low) } else { 0.0 },
            high: inside(found.high),
            ..found
        }
    }

    fn offered(&self, scope: Scope) -> Volume {
        let end = Instant::ZERO + self.horizon();
        let one =
            |id: PopulationId| Volume::from_requests(self.design.curves[id].integral(Instant::ZERO, end));
        let ids = self.design.specification().populations.ids();
        let offered: Volume = ids.filter(|id| self.design.holds(scope, *id)).map(one).sum();
        Volume::from_nanos(offered.nanos() * i128::from(self.tally.replications))
    }

    #[expect(clippy::type_complexity, reason = "three views of one table, taken apart at once")]
    fn blame(
        &self,
        scope: Scope,
    ) -> (Vec<(Mechanism, Volume)>, Vec<(SourceId, Volume)>, Vec<(Mechanism, SourceId, Volume)>) {
        let populations: Vec<PopulationId> = self
            .design
            .specification()
            .populations
            .ids()
            .filter(|id| self.design.holds(scope, *id))
            .collect();
        let mut by_both = Vec::new();
        for mechanism in Mechanism::ALL {
            for source in self.design.sources.ids() {
                let volume: Volume =
                    populations.iter().map(|id| self.tally.lost(*id, mechanism, source)).sum();
                if !volume.is_zero() {
                    by_both.push((mechanism, source, volume));
                }
            }
        }
        let sum = |keep: &dyn Fn(&(Mechanism, SourceId, Volume)) -> bool| -> Volume {
            by_both.iter().filter(|row| keep(row)).map(|(_, _, volume)| *volume).sum()
        };
        let by_mechanism =
            Mechanism::ALL.map(|mechanism| (mechanism, sum(&|row| row.0 == mechanism))).to_vec();
        let sources = self.design.sources.ids().map(|source| (source, sum(&|row| row.1 == source)));
        let mut by_source: Vec<(SourceId, Volume)> =
            sources.filter(|(_, volume)| !volume.is_zero()).collect();
        by_source.sort_by_key(|(source, volume)| (std::cmp::Reverse(*volume), *source));
        (by_mechanism, by_source, by_both)
    }

    /// Shares of the loss, the replication being the unit.
    fn causes(&self, by_source: &[(SourceId, Volume)]) -> Vec<Cause> {
        let total: Volume = by_source.iter().map(|(_, volume)| *volume).sum();
        by_source
            .iter()
            .map(|(source, volume)| {
                let value = volume.requests() / total.requests();
                let share = if self.random {
                    let ratio = convert(self.tally.sources[*source].share.ratio(self.confidence));
                    Estimate { value, ..ratio }.clamped()
                } else {
                    Estimate::exact(value)
                };
                Cause { source: *source, share }
            })
            .collect()
    }

    fn time_charges(&self, level: &LevelTally) -> Vec<TimeCharge> {
        let some = |charge: &Charge| *charge != Charge::default();
        let rows = level.charges.iter().filter(|(_, charge)| some(charge));
        let mut charges: Vec<TimeCharge> = rows
            .map(|(source, charge)| TimeCharge {
                source,
                charged: charge.charged,
                sole: charge.sole,
                started: charge.started,
            })
            .collect();
        charges.sort_by_key(|charge| (std::cmp::Reverse(charge.charged), charge.source));
        charges
    }

    fn site(&self, id: SiteId) -> SiteOutcome {
        let site = &self.tally.sites[id];
        let seconds = self.horizon().seconds() * self.tally.replications as f64;
        let hazards = Hazards::new(self.design, self.tally, Target::Site(id));
        let sample = Sample {
            confidence: self.confidence,
            replications: self.tally.replications,
            episodes: &site.episodes,
            hazards: &hazards,
            random: self.random,
            steady: self.steady(),
        };
        let lost = sample.expected(&site.lost, Quantity::Cost { per_second: NANOS });
        // What no random fault can reach is lost by the plan alone, or never.
        let certain = hazards.rows.is_empty()
            && site.lost.random.count() == 0
            && site.lost.planned.variance() == 0.0
            && (self.tally.replications > 1 || self.steady());
        let availability = if certain { Estimate::exact(lost.value) } else { self.estimate(lost) };
        let pools = &self.design.specification().sites[id].capacity;
        SiteOutcome {
            name: self.design.specification().sites[id].name.clone(),
            availability: availability.map(|nanos| 1.0 - nanos * NANO / self.horizon().seconds()).clamped(),
            served: site.served,
            failed: failed(site.arrived, site.served),
            load_mean: site.arrived.requests() / seconds,
            load_peak: site.peak,
            capacity: pools.iter().map(|pool| pool.rate).reduce(|sum, rate| sum + rate),
            flips: site.flips as f64 / self.tally.replications as f64 / self.years(),
        }
    }

    fn source(&self, id: SourceId) -> SourceOutcome {
        let (plan, seen) = (&self.design.sources[id], &self.tally.sources[id]);
        let mean = if seen.ended == 0 { 0.0 } else { seen.length as f64 * NANO / seen.ended as f64 };
        let known = self.replay_length(id).map(Span::seconds).or_else(|| self.law_length(id));
        SourceOutcome {
            name: plan.name.clone(),
            kind: plan.kind,
            faults: seen.faults as f64 / self.tally.replications as f64 / self.years(),
            length_mean: known.unwrap_or(mean),
        }
    }

    /// The mean length of a source's faults by their law; none where several laws or none apply.
    fn law_length(&self, id: SourceId) -> Option<f64> {
        let own = |component: &crate::design::Component| {
            component.own.as_ref().is_some_and(|(source, _)| *source == id)
        };
        let component = self.design.components.rows().iter().find(|component| own(component));
        let shock = self.design.shocks.position(|plan| plan.source == id);
        let stated = shock.and_then(|shock| self.design.specification().shocks[shock].down.as_ref());
        component.and_then(|component| component.down.as_ref()).or(stated).map(sim::Law::mean)
    }

    /// From the beginning of a replay's first phase to the end of its last one, within the horizon where its place is
    /// fixed; none: the source is no replay.
    fn replay_length(&self, id: SourceId) -> Option<Span> {
        let replays = self.design.sources.iter().filter(|(_, source)| source.kind == "replay");
        let index = replays.map(|(source, _)| source).position(|source| source == id)?;
        let replay = &self.design.specification().replays[index];
        let first = replay.phases.iter().map(|phase| phase.from).min()?;
        let last = replay.phases.iter().map(|phase| phase.from + phase.lasts).max()?;
        let room = match replay.at {
            Placed::At(at) => (Instant::ZERO + self.horizon() - at).max(first),
            Placed::Random => last,
        };
        Some(last.min(room) - first)
    }

    fn promise(&self, promise: &crate::specification::Promise) -> PromiseOutcome {
        let level = self.design.levels.position(|level| level.scope == promise.scope);
        let each = self.offered(promise.scope).requests() / self.tally.replications as f64;
        let losses = &self.tally.levels[level.expect("every scope has a level")].losses;
        let missed =
            losses.iter().filter(|lost| lost.requests() > (1.0 - promise.availability) * each).count() as u64;
        let missed = if self.random {
            convert(proportion(missed, self.tally.replications, self.confidence))
        } else {
            Estimate::exact(missed as f64)
        };
        PromiseOutcome {
            name: self.design.scope_name(promise.scope).to_string(),
            availability: promise.availability,
            missed,
        }
    }

    fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        let episodes = self.outages_by_luck();
        if self.random && episodes < EPISODES_FEW {
            let plural = if episodes == 1 { "" } else { "s" };
            warnings.push(format!(
                "only {episodes} episode{plural} with a loss by chance; intervals are wide, and more replications would help"
            ));
        }
        warnings.extend(self.never_seen());
        if self.random && self.tally.replications == 1 {
            warnings.push("one replication says nothing about how much years differ".into());
        }
        let never = self.design.specification().domains.rows().iter().all(|domain| domain.outages.is_none());
        if never && self.design.shocks.is_empty() && self.design.planned.is_empty() {
            warnings.push("nothing in this scenario ever fails".into());
        }
        warnings
    }

    /// Causes that no replication has seen, but whose law makes them matter.
    fn never_seen(&self) -> Option<String> {
        let hazards = &self.hazards[0];
        let shown = self.tally.levels.rows()[0].time.whole.mean() * NANO;
        let counts = |row: &&Hazard| !row.seen && row.down > UNSEEN_MATTERS * shown;
        let worst = hazards.rows.iter().filter(counts).max_by(|a, b| a.down.total_cmp(&b.down))?;
        let others = hazards.rows.iter().filter(counts).count() - 1;
        let name = &self.design.sources[worst.source].name;
        let also = match others {
            0 => String::new(),
            1 => " and one more cause".to_owned(),
            _ => format!(" and {others} more causes"),
        };
        let hours = worst.down / self.years() / 3600.0;
        let often = if hours < 2.0 { format!("{:.1} min", hours * 60.0) } else { format!("{hours:.1} h") };
        Some(format!(
            "{name}{also} never failed in this sample; by its law {name} is down {often} a year on average: \
             intervals allow for it, and more replications would show it"
        ))
    }

    /// The tally of the level that an expectation about served shares asks for.
    pub(super) fn served_level(&self, scope: Scope, share: f64) -> Option<LevelId> {
        self.design.levels.position(|level| level.scope == scope && level.serving == Serving::Share(share))
    }
}

impl Estimate {
    /// A share stays between 0 and 1.
    pub(super) fn clamped(self) -> Self {
        let (low, high) = (self.low.clamp(0.0, 1.0), self.high.clamp(0.0, 1.0));
        Estimate { value: self.value.clamp(0.0, 1.0), low, high, ..self }
    }
}

/// Share of what arrived that was not served.
fn failed(arrived: Volume, served: Volume) -> f64 {
    if arrived.is_zero() { 0.0 } else { (1.0 - served.requests() / arrived.requests()).max(0.0) }
}

/// Years by which what happens in one replication is divided. What is exact is not extrapolated: a run shorter than a
/// year is taken as all that happens in its year.
pub(super) fn years(horizon: Span, random: bool) -> f64 {
    let years = horizon.ratio(Span::YEAR);
    if random { years } else { years.max(1.0) }
}

/// The gamma interval of plain counts is the exact Poisson one.
pub(super) fn counted(estimate: Estimate) -> Estimate {
    let method = if estimate.method == Method::Gamma { Method::Poisson } else { estimate.method };
    Estimate { method, ..estimate }
}

pub(super) const NO_SAMPLE: Estimate =
    Estimate { value: 0.0, low: 0.0, high: 0.0, method: Method::NoSample, sample: 0 };

/// A quantile of lengths that are all known, exactly, unless the horizon cut off one that may be it.
fn listed(list: &[(Span, bool)], p: f64) -> Estimate {
    let mut list = list.to_vec();
    list.sort();
    let rank = (p * list.len() as f64).ceil() as usize;
    let Some(&(length, _)) = list.get(rank.max(1) - 1) else { return NO_SAMPLE };
    let seconds = length.seconds();
    match list.iter().find(|(other, cut)| *cut && *other <= length) {
        None => Estimate::exact(seconds),
        Some((cut, _)) => Estimate {
            value: seconds,
            low: cut.seconds(),
            high: f64::INFINITY,
            method: Method::KaplanMeier,
            sample: list.len() as u64,
        },
    }
}
