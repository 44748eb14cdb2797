//! The tally: what many replications showed, in integers and exact accumulators, mergeable in any grouping.

use super::Split;
use super::data::StoreTally;
use crate::blame::{Mechanism, SourceId};
use crate::design::{Design, LevelId};
use crate::outcome::Worst;
use crate::specification::{PopulationId, SiteId, StoreId};
use crate::volume::Volume;
use sim::runner::Merge;
use sim::stats::{Moments, Pairs, Survival};
use sim::{Id, Span, Table};

/// Volumes enter squares as thousandths of a request: up to 9 * 10^15 requests fit.
const COARSE: i128 = 1_000_000;

/// What many replications showed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) replications: u64,
    pub(crate) levels: Table<LevelId, LevelTally>,
    pub(crate) sites: Table<SiteId, SiteTally>,
    pub(crate) stores: Table<StoreId, StoreTally>,
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
    pub(crate) time: Split,
    /// Lost in each replication; coarse.
    pub(crate) losses: Vec<Volume>,
    pub(crate) loss: Split,
    /// Outages that began within the run.
    pub(crate) outages: Split,
    /// Episodes that cost something and that luck had a part in, replication by replication.
    pub(crate) episodes: Moments,
    episodes_here: i64,
    pub(crate) lengths: Lasted,
    pub(crate) recovery: Lasted,
    pub(crate) charges: Table<SourceId, Charge>,
}

/// Lengths of time of the outages that began within the run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lasted {
    pub(crate) law: Survival,
    pub(crate) sum: i128,
    pub(crate) range: Option<(Span, Span)>,
    /// Each one, and whether the horizon cut it off; only where nothing is random.
    pub(crate) list: Vec<(Span, bool)>,
}

/// An outage that is over, or that the horizon cut off.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended {
    pub(crate) length: Span,
    /// From the fault that started it to full service.
    pub(crate) recovery: Span,
    pub(crate) starter: SourceId,
    /// Did it begin within the run?
    pub(crate) begun: bool,
    /// Did the horizon cut it off?
    pub(crate) cut: bool,
    /// Is each one to be kept?
    pub(crate) listed: bool,
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
    /// Time lost to clients, in nanoseconds.
    pub(crate) lost: Split,
    pub(crate) lost_here: Span,
    /// Losses that luck had a part in, replication by replication.
    pub(crate) episodes: Moments,
    pub(crate) episodes_here: u64,
    pub(crate) arrived: Volume,
    pub(crate) served: Volume,
    pub(crate) peak: f64,
    pub(crate) flips: u64,
}

/// What was seen of one source.
#[derive(Clone, Debug, Default)]
pub(crate) struct SourceTally {
    /// Faults that began within the run: a strike of a shock is one, and so is a replay.
    pub(crate) faults: u64,
    /// Faults seen in any way, also before the run.
    pub(crate) seen: u64,
    /// Those of which beginning and end were seen, victim by victim, phase by phase; their length.
    pub(crate) ended: u64,
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
        self.stores = design.specification().stores.map(|_, _| StoreTally::default());
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
            site.lost.finish(site.lost_here.nanos());
            site.lost_here = Span::ZERO;
            site.episodes.add(std::mem::take(&mut site.episodes_here) as i64);
        }
        self.stores.rows_mut().iter_mut().for_each(StoreTally::finish);
    }
}

impl LevelTally {
    /// An outage is over.
    pub(crate) fn outage(&mut self, ended: Ended) {
        if ended.begun {
            self.lengths.add(ended.length, ended);
            self.recovery.add(ended.recovery, ended);
        }
        self.charges[ended.starter].started += i128::from(ended.length.nanos());
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

    /// An episode's weight, or part of what is planned or lost by the design itself.
    pub(crate) fn weigh(&mut self, down: Span, lost: Volume, outages: u64, random: bool) {
        let loss = if lost > Volume::ZERO { coarse(lost).max(1) } else { 0 };
        self.time.weigh(down.nanos(), random);
        self.loss.weigh(loss, random);
        self.outages.weigh(outages as i64, random);
        self.episodes_here += i64::from(random && (down > Span::ZERO || loss > 0));
    }

    /// A replication is over.
    pub(crate) fn replication(&mut self, down: Span, lost: Volume, outages: u64) {
        self.downtimes.push(down);
        self.time.finish(down.nanos());
        self.losses.push(lost);
        self.loss.finish(coarse(lost));
        self.outages.finish(outages as i64);
        self.episodes.add(std::mem::take(&mut self.episodes_here));
    }
}

impl Lasted {
    fn add(&mut self, length: Span, ended: Ended) {
        self.law.add(length.nanos() as u64, !ended.cut);
        self.sum += i128::from(length.nanos());
        self.range = widen(self.range, length);
        if ended.listed {
            self.list.push((length, ended.cut));
        }
    }

    fn merge(&mut self, more: &Lasted) {
        self.law.merge(&more.law);
        self.sum += more.sum;
        if let Some((low, high)) = more.range {
            self.range = widen(widen(self.range, low), high);
        }
        self.list.extend_from_slice(&more.list);
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
            site.lost.merge(&more.lost);
            site.episodes.merge(&more.episodes);
            site.arrived += more.arrived;
            site.served += more.served;
            site.peak = site.peak.max(more.peak);
            site.flips += more.flips;
        }
        for (id, more) in following.stores.iter() {
            self.stores[id].merge(more);
        }
        for (id, more) in following.sources.iter() {
            let source = &mut self.sources[id];
            source.faults += more.faults;
            source.seen += more.seen;
            source.ended += more.ended;
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
        self.time.merge(&more.time);
        self.losses.extend_from_slice(&more.losses);
        self.loss.merge(&more.loss);
        self.outages.merge(&more.outages);
        self.episodes.merge(&more.episodes);
        self.lengths.merge(&more.lengths);
        self.recovery.merge(&more.recovery);
        for (id, charge) in more.charges.iter() {
            let sum = &mut self.charges[id];
            sum.charged += charge.charged;
            sum.sole += charge.sole;
            sum.started += charge.started;
        }
    }
}
