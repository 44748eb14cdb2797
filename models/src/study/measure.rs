//! From a tally to an outcome: estimates and their intervals, by the methods that the statistics page names.

use super::judge::judge;
use crate::blame::{Mechanism, SourceId};
use crate::design::{Design, LevelId};
use crate::ledger::{Charge, LevelTally, Tally};
use crate::outcome::*;
use crate::specification::{Placed, PopulationId, Scope, Serving, SiteId};
use crate::volume::Volume;
use sim::special::chi_square_quantile;
use sim::stats::{
    Confidence, Estimate as Estimated, LogHistogram, Method as By, Moments, OUTAGES_FOR_STUDENT, Weights,
    events_bound_after_none, proportion,
};
use sim::{Id, Instant, Span};

/// Requests in one unit of the coarse volumes.
const COARSE: f64 = 1e-3;
const NANO: f64 = 1e-9;
/// Fewer episodes than this are too few to trust.
const EPISODES_FEW: u64 = 50;

/// A tally, and what is needed to read it.
pub(super) struct Measured<'t> {
    pub(super) design: &'t Design,
    pub(super) tally: &'t Tally,
    confidence: Confidence,
    random: bool,
}

impl<'t> Measured<'t> {
    pub(super) fn new(design: &'t Design, tally: &'t Tally, confidence: Confidence) -> Self {
        Measured { design, tally, confidence, random: design.is_random() }
    }

    /// Requests lost per replication by everybody: what the stop rule watches.
    pub(super) fn loss_of_everything(&self) -> Estimated {
        let level = &self.tally.levels.rows()[0];
        self.per_replication(&level.loss_weights, &level.loss, level.loss_base.is_zero())
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
            sources: self.design.sources.ids().map(|source| self.source(source)).collect(),
            promises: specification.slas.iter().map(|promise| self.promise(promise)).collect(),
            expectations: specification.expectations.iter().map(|line| judge(self, &scopes, line)).collect(),
            worst: self.tally.worst,
            warnings: self.warnings(),
            scopes,
        }
    }

    fn horizon(&self) -> Span {
        self.design.specification().run.horizon
    }

    fn years(&self) -> f64 {
        self.horizon().ratio(Span::YEAR)
    }

    fn scope(&self, id: LevelId) -> ScopeOutcome {
        let level = &self.tally.levels[id];
        let scope = self.design.levels[id].scope;
        let offered = self.offered(scope);
        let (by_mechanism, by_source, by_both) = self.blame(scope);
        let lost: Volume = by_mechanism.iter().map(|(_, volume)| *volume).sum();
        let each = offered.requests() / self.tally.replications as f64;
        let loss = self.per_replication(&level.loss_weights, &level.loss, level.loss_base.is_zero());
        let mut unavailabilities: Vec<f64> =
            level.losses.iter().map(|lost| if each > 0.0 { lost.requests() / each } else { 0.0 }).collect();
        unavailabilities.sort_by(f64::total_cmp);
        let mut downtimes = level.downtimes.clone();
        downtimes.sort();
        let share = |lost: f64| if each > 0.0 { 1.0 - lost * COARSE / each } else { 1.0 };
        let downtime = self.downtime(level);
        ScopeOutcome {
            scope,
            name: self.design.scope_name(scope).to_string(),
            offered,
            served: offered - lost,
            lost,
            availability: self
                .bounded(loss, level.loss.sum() == 0, each / self.horizon().seconds() / COARSE)
                .map(share)
                .clamped(),
            time_up: downtime.map(|seconds| 1.0 - seconds / self.horizon().seconds()).clamped(),
            downtime: downtime.map(|seconds| seconds.max(0.0) / self.years()),
            downtime_deviation: level.downtime.variance().sqrt() * NANO,
            outages: self.outages(level).map(|count| count / self.years()),
            lengths: self.lengths(&level.lengths, level.length_sum, level.length_range),
            recovery: self.lengths(&level.recovery, level.recovery_sum, level.recovery_range),
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
        let downtime = self.downtime(&self.tally.levels[id]);
        downtime.map(|seconds| 1.0 - seconds / self.horizon().seconds()).clamped()
    }

    /// Seconds not up per replication.
    fn downtime(&self, level: &LevelTally) -> Estimate {
        let estimated = self.per_replication(&level.time_weights, &level.downtime, level.time_base == 0);
        self.bounded(estimated, level.downtime.sum() == 0, 1.0 / NANO).map(|nanos| nanos * NANO)
    }

    /// The expected sum in one replication: the gamma interval on episodes where these are Poisson (nothing is placed
    /// by the script, and nothing is lost while all is well), Student's on replications otherwise.
    fn per_replication(&self, weights: &Weights, sums: &Moments, no_base: bool) -> Estimated {
        let specification = self.design.specification();
        let placed = !specification.script.is_empty() || !specification.replays.is_empty();
        if placed || !no_base {
            sums.student(self.confidence)
        } else {
            weights.per_replication(sums, self.confidence)
        }
    }

    /// Where nothing at all was seen, the bound after no event: so many events of the longest mean length of a fault.
    /// `per_second` is what a second of it costs, in the estimate's unit.
    fn bounded(&self, estimated: Estimated, none: bool, per_second: f64) -> Estimate {
        if !self.random {
            return Estimate::exact(estimated.value);
        }
        if !none {
            return convert(estimated);
        }
        let longest = self.longest_fault().unwrap_or(self.horizon().seconds());
        let events = events_bound_after_none(self.confidence) / self.tally.replications as f64;
        let high = (events * longest).min(self.horizon().seconds()) * per_second;
        Estimate { value: 0.0, low: 0.0, high, method: Method::NoneSeen, sample: self.tally.replications }
    }

    /// The longest mean length of any source's faults, in seconds.
    fn longest_fault(&self) -> Option<f64> {
        let mean = |source: &crate::ledger::SourceTally| {
            (source.faults > 0).then(|| source.length as f64 * NANO / source.faults as f64)
        };
        self.tally.sources.rows().iter().filter_map(mean).reduce(f64::max)
    }

    /// Outages per replication: exact Poisson limits, or Student's from many outages on.
    fn outages(&self, level: &LevelTally) -> Estimate {
        let replications = self.tally.replications as f64;
        let value = level.outages as f64 / replications;
        if !self.random {
            return Estimate::exact(value);
        }
        if level.outages >= OUTAGES_FOR_STUDENT && self.tally.replications >= 2 {
            return convert(level.outage_counts.student(self.confidence));
        }
        let (count, tail) = (level.outages as f64, 1.0 - self.confidence.upper());
        let low = if level.outages == 0 { 0.0 } else { chi_square_quantile(tail, 2.0 * count) / 2.0 };
        let high = chi_square_quantile(1.0 - tail, 2.0 * count + 2.0) / 2.0;
        let method = if level.outages == 0 { Method::NoneSeen } else { Method::Poisson };
        let (low, high) = (low / replications, high / replications);
        Estimate { value, low, high, method, sample: level.outages }
    }

    fn lengths(&self, histogram: &LogHistogram, sum: i128, range: Option<(Span, Span)>) -> Lengths {
        let count = histogram.count();
        Lengths {
            count,
            mean: if count == 0 { 0.0 } else { sum as f64 * NANO / count as f64 },
            range: range.unwrap_or_default(),
            p50: self.quantile(histogram, range, 0.5),
            p95: self.quantile(histogram, range, 0.95),
            p99: self.quantile(histogram, range, 0.99),
        }
    }

    /// A quantile in seconds.
    pub(super) fn quantile(&self, histogram: &LogHistogram, range: Option<(Span, Span)>, p: f64) -> Estimate {
        let (Some(found), Some((shortest, longest))) = (histogram.quantile(p, self.confidence), range) else {
            return Estimate { value: 0.0, low: 0.0, high: 0.0, method: Method::NoSample, sample: 0 };
        };
        // Buckets are a little wide; no quantile lies outside of what was seen, unless the interval is open there.
        let inside = |nanos: f64| nanos.clamp(shortest.nanos() as f64, longest.nanos() as f64) * NANO;
        if !self.random && shortest == longest {
            return Estimate::exact(shortest.seconds());
        }
        let low = if found.interval.low.is_finite() { inside(found.interval.low) } else { 0.0 };
        let high = if found.interval.high.is_finite() { inside(found.interval.high) } else { f64::INFINITY };
        let value = inside(found.value);
        if self.random {
            Estimate { value, low, high, method: Method::OrderStatistic, sample: found.sample }
        } else {
            Estimate::exact(value)
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
        let span = |nanos: i128| Span::from_nanos(i64::try_from(nanos).unwrap_or(i64::MAX));
        let some = |charge: &Charge| *charge != Charge::default();
        let rows = level.charges.iter().filter(|(_, charge)| some(charge));
        let mut charges: Vec<TimeCharge> = rows
            .map(|(source, charge)| TimeCharge {
                source,
                charged: span(charge.charged),
                sole: span(charge.sole),
                started: span(charge.started),
            })
            .collect();
        charges.sort_by_key(|charge| (std::cmp::Reverse(charge.charged), charge.source));
        charges
    }

    fn site(&self, id: SiteId) -> SiteOutcome {
        let site = &self.tally.sites[id];
        let seconds = self.horizon().seconds() * self.tally.replications as f64;
        let lost = site.lost_moments.student(self.confidence);
        let availability = self.bounded(lost, site.lost == 0, 1.0 / NANO);
        let pools = self.design.pools.rows().iter().filter(|pool| pool.site == id);
        SiteOutcome {
            name: self.design.specification().sites[id].name.clone(),
            availability: availability.map(|nanos| 1.0 - nanos * NANO / self.horizon().seconds()).clamped(),
            served: site.served,
            failed: failed(site.arrived, site.served),
            load_mean: site.arrived.requests() / seconds,
            load_peak: site.peak,
            capacity: pools.map(|pool| pool.rate).reduce(|sum, rate| sum + rate),
            flips: site.flips as f64 / self.tally.replications as f64 / self.years(),
        }
    }

    fn source(&self, id: SourceId) -> SourceOutcome {
        let (plan, seen) = (&self.design.sources[id], &self.tally.sources[id]);
        let mean = if seen.faults == 0 { 0.0 } else { seen.length as f64 * NANO / seen.faults as f64 };
        SourceOutcome {
            name: plan.name.clone(),
            kind: plan.kind,
            faults: seen.faults as f64 / self.tally.replications as f64 / self.years(),
            length_mean: self.replay_length(id).map_or(mean, Span::seconds),
        }
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
        let level = &self.tally.levels.rows()[0];
        let episodes = level.time_weights.count();
        if self.random && episodes < EPISODES_FEW {
            warnings.push(format!(
                "only {episodes} episodes with an outage were seen; intervals are wide, and more replications would help"
            ));
        }
        if self.random && self.tally.replications == 1 {
            warnings.push("one replication says nothing about how much years differ".into());
        }
        let never = self.design.specification().domains.rows().iter().all(|domain| domain.outages.is_none());
        if never && self.design.shocks.is_empty() && self.design.planned.is_empty() {
            warnings.push("nothing in this scenario ever fails".into());
        }
        warnings
    }

    /// The tally of the level that an expectation about served shares asks for.
    pub(super) fn served_level(&self, scope: Scope, share: f64) -> Option<LevelId> {
        self.design.levels.position(|level| level.scope == scope && level.serving == Serving::Share(share))
    }
}

impl Estimate {
    /// A share stays between 0 and 1.
    fn clamped(self) -> Self {
        let (low, high) = (self.low.clamp(0.0, 1.0), self.high.clamp(0.0, 1.0));
        Estimate { value: self.value.clamp(0.0, 1.0), low, high, ..self }
    }
}

/// Share of what arrived that was not served.
fn failed(arrived: Volume, served: Volume) -> f64 {
    if arrived.is_zero() { 0.0 } else { (1.0 - served.requests() / arrived.requests()).max(0.0) }
}

fn convert(estimated: Estimated) -> Estimate {
    let method = match estimated.method {
        By::Gamma => Method::Gamma,
        By::NoEvents => Method::NoneSeen,
        By::Wilson => Method::Wilson,
        By::ClopperPearson => Method::ClopperPearson,
        By::OrderStatistics => Method::OrderStatistic,
        By::Ratio => Method::Ratio,
        By::Student | By::Paired | By::Welch => Method::Student,
    };
    let (low, high) = (estimated.interval.low, estimated.interval.high);
    Estimate { value: estimated.value, low, high, method, sample: estimated.sample }
}
