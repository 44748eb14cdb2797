//! The tally: what many replications showed, in integers and exact accumulators, mergeable in any grouping.

use crate::blame::{Mechanism, SourceId};
use crate::design::{Design, LevelId};
use crate::outcome::Worst;
use crate::specification::{PopulationId, SiteId};
use crate::volume::Volume;
use sim::runner::Merge;
use sim::stats::{LogHistogram, Moments, Pairs, Weights};
use sim::{Id, Span, Table};

/// Volumes enter squares as thousandths of a request: up to 9 * 10^15 requests fit.
const COARSE: i128 = 1_000_000;

/// What many replications showed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) replications: u64,
    pub(crate) levels: Table<LevelId, LevelTally>,
    pub(crate) sites: Table<SiteId, SiteTally>,
    pub(crate) sources: Table<SourceId, SourceTally>,
    /// Populations by mechanisms by sources.
    lost: Vec<Volume>,
    pub(crate) worst: Option<Worst>,
}

/// What was seen of one level.
#[derive(Clone, Debug, Default)]
pub(crate) struct LevelTally {
    /// Time not up in each replication.
    pub(crate) downtimes: Vec<Span>,
    pub(crate) downtime: Moments,
    /// Lost in each replication; coarse moments of it.
    pub(crate) losses: Vec<Volume>,
    pub(crate) loss: Moments,
    pub(crate) outages: u64,
    pub(crate) outage_counts: Moments,
    outages_before: u64,
    pub(crate) lengths: LogHistogram,
    pub(crate) length_sum: i128,
    pub(crate) length_range: Option<(Span, Span)>,
    pub(crate) recovery: LogHistogram,
    pub(crate) recovery_sum: i128,
    pub(crate) recovery_range: Option<(Span, Span)>,
    /// Weights of episodes: time not up, and coarse volumes lost.
    pub(crate) time_weights: Weights,
    pub(crate) loss_weights: Weights,
    /// Lost outside of episodes: by the design itself.
    pub(crate) time_base: i128,
    pub(crate) loss_base: Volume,
    pub(crate) charges: Table<SourceId, Charge>,
}

/// Time not up charged to one source, in nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Charge {
    pub(crate) charged: i128,
    pub(crate) sole: i128,
    pub(crate) started: i128,
}

/// What was seen of one site.
#[derive(Clone, Debug, Default)]
pub(crate) struct SiteTally {
    /// Time lost to clients, in nanoseconds, and by replication.
    pub(crate) lost: i128,
    pub(crate) lost_here: Span,
    pub(crate) lost_moments: Moments,
    pub(crate) arrived: Volume,
    pub(crate) served: Volume,
    pub(crate) peak: f64,
    pub(crate) flips: u64,
}

/// What was seen of one source.
#[derive(Clone, Debug, Default)]
pub(crate) struct SourceTally {
    pub(crate) faults: u64,
    pub(crate) length: i128,
    /// Its losses beside everybody's, replication by replication, coarse.
    pub(crate) share: Pairs,
}

impl Tally {
    /// Makes room at the first replication.
    pub(crate) fn prepare(&mut self, design: &Design) {
        if !self.lost.is_empty() {
            return;
        }
        let sources = design.sources.len();
        self.lost =
            vec![Volume::ZERO; design.specification().populations.len() * Mechanism::ALL.len() * sources];
        self.sources = design.sources.map(|_, _| SourceTally::default());
        self.sites = design.specification().sites.map(|_, _| SiteTally::default());
        self.levels = design.levels.map(|_, _| LevelTally {
            charges: design.sources.map(|_, _| Charge::default()),
            ..LevelTally::default()
        });
    }

    fn index(&self, population: PopulationId, mechanism: Mechanism, source: SourceId) -> usize {
        let row = population.index() * Mechanism::ALL.len() + mechanism.index();
        row * self.sources.len() + source.index()
    }

    pub(crate) fn lose(
        &mut self,
        population: PopulationId,
        mechanism: Mechanism,
        source: SourceId,
        volume: Volume,
    ) {
        let index = self.index(population, mechanism, source);
        self.lost[index] += volume;
    }

    /// What one population lost by a mechanism and a root.
    pub(crate) fn lost(&self, population: PopulationId, mechanism: Mechanism, source: SourceId) -> Volume {
        self.lost[self.index(population, mechanism, source)]
    }

    /// Keeps the worse of two outages: by requests lost, then by length; the earlier replication wins ties.
    pub(crate) fn consider(&mut self, candidate: Worst) {
        let badness = |worst: &Worst| (worst.lost, worst.until - worst.from);
        if self.worst.as_ref().is_none_or(|worst| badness(&candidate) > badness(worst)) {
            self.worst = Some(candidate);
        }
    }

    /// A replication is over.
    pub(crate) fn finish(&mut self, total: Volume, by_source: &Table<SourceId, Volume>) {
        self.replications += 1;
        for (source, volume) in by_source.iter() {
            self.sources[source].share.add(coarse(*volume), coarse(total));
        }
        for site in self.sites.rows_mut() {
            site.lost_moments.add(site.lost_here.nanos());
            site.lost_here = Span::ZERO;
        }
    }
}

impl LevelTally {
    /// An outage is over: its length, the time from the fault that started it to full service, and that fault's root.
    pub(crate) fn outage(&mut self, length: Span, recovery: Span, starter: SourceId) {
        self.outages += 1;
        self.lengths.add(length.nanos() as u64);
        self.length_sum += i128::from(length.nanos());
        self.length_range = widen(self.length_range, length);
        self.recovery.add(recovery.nanos() as u64);
        self.recovery_sum += i128::from(recovery.nanos());
        self.recovery_range = widen(self.recovery_range, recovery);
        self.charges[starter].started += i128::from(length.nanos());
    }

    /// Shares a length of time equally; the remainder goes to the first.
    pub(crate) fn charge(&mut self, sources: &[SourceId], length: Span) {
        let nanos = i128::from(length.nanos());
        let count = sources.len() as i128;
        for (index, source) in sources.iter().enumerate() {
            let extra = i128::from((index as i128) < nanos % count);
            self.charges[*source].charged += nanos / count + extra;
        }
        if let [only] = sources {
            self.charges[*only].sole += nanos;
        }
    }

    /// An episode's weight, or part of what the design loses by itself.
    pub(crate) fn weigh(&mut self, down: Span, lost: Volume, episode: bool) {
        if !episode {
            self.time_base += i128::from(down.nanos());
            self.loss_base += lost;
            return;
        }
        if down > Span::ZERO {
            self.time_weights.add_span(down);
        }
        if lost > Volume::ZERO {
            self.loss_weights.add(coarse(lost).max(1) as u64);
        }
    }

    /// A replication is over.
    pub(crate) fn replication(&mut self, down: Span, lost: Volume) {
        self.downtimes.push(down);
        self.downtime.add(down.nanos());
        self.losses.push(lost);
        self.loss.add(coarse(lost));
        self.outage_counts.add((self.outages - self.outages_before) as i64);
        self.outages_before = self.outages;
    }
}

/// Thousandths of a request.
pub(crate) fn coarse(volume: Volume) -> i64 {
    i64::try_from(volume.nanos() / COARSE).unwrap_or(i64::MAX)
}

fn widen(range: Option<(Span, Span)>, length: Span) -> Option<(Span, Span)> {
    Some(range.map_or((length, length), |(low, high)| (low.min(length), high.max(length))))
}

impl Merge for Tally {
    fn merge(&mut self, following: Self) {
        if self.lost.is_empty() {
            *self = following;
            return;
        }
        if following.lost.is_empty() {
            return;
        }
        self.replications += following.replications;
        for (sum, more) in self.lost.iter_mut().zip(following.lost) {
            *sum += more;
        }
        for (id, more) in following.levels.iter() {
            self.levels[id].merge(more);
        }
        for (id, more) in following.sites.iter() {
            let site = &mut self.sites[id];
            site.lost += more.lost;
            site.lost_moments.merge(&more.lost_moments);
            site.arrived += more.arrived;
            site.served += more.served;
            site.peak = site.peak.max(more.peak);
            site.flips += more.flips;
        }
        for (id, more) in following.sources.iter() {
            let source = &mut self.sources[id];
            source.faults += more.faults;
            source.length += more.length;
            source.share.merge(&more.share);
        }
        if let Some(worst) = following.worst {
            self.consider(worst);
        }
    }
}

impl LevelTally {
    fn merge(&mut self, more: &LevelTally) {
        self.downtimes.extend_from_slice(&more.downtimes);
        self.downtime.merge(&more.downtime);
        self.losses.extend_from_slice(&more.losses);
        self.loss.merge(&more.loss);
        self.outages += more.outages;
        self.outage_counts.merge(&more.outage_counts);
        self.lengths.merge(&more.lengths);
        self.length_sum += more.length_sum;
        self.recovery.merge(&more.recovery);
        self.recovery_sum += more.recovery_sum;
        if let Some((low, high)) = more.length_range {
            self.length_range = widen(widen(self.length_range, low), high);
        }
        if let Some((low, high)) = more.recovery_range {
            self.recovery_range = widen(widen(self.recovery_range, low), high);
        }
        self.time_weights.merge(&more.time_weights);
        self.loss_weights.merge(&more.loss_weights);
        self.time_base += more.time_base;
        self.loss_base += more.loss_base;
        for (id, charge) in more.charges.iter() {
            let sum = &mut self.charges[id];
            sum.charged += charge.charged;
            sum.sole += charge.sole;
            sum.started += charge.started;
        }
    }
}
