//! What was seen, replication by replication, in integers that merge.

use super::player::Unplayable;
use super::possible::When;
use super::seen::Seen;
use super::strata::Part;
use super::times::Weighed;
use crate::outcome::{Anomaly, AnomalyOutcome, Consistency, Estimate, Method, PopulationTimes};
use crate::specification::{Family, PopulationId};
use crate::study::interval::convert;
use crate::study::measure::NO_SAMPLE;
use sim::Id;
use sim::stats::{Confidence, Moments, Pairs, UNSEEN_MEANS, events_bound_after_none};

/// Units of a replication's operations in sums: far below what squares of such sums may be.
const UNITS: f64 = 1e15;
/// An operation has two to the power of this units at least, and of that at most.
const UNITS_LEAST: i32 = 4;
const UNITS_MOST: i32 = 30;
const MILLION: f64 = 1e6;
const KINDS: usize = Anomaly::ALL.len();
const PARTS: usize = Part::ALL.len();

/// What was seen of one store.
#[derive(Clone, Debug)]
pub(crate) struct Tally {
    one_writer: bool,
    /// Units of an operation: the fewer operations, the finer, so that none is rounded away.
    units: f64,
    /// Operations in each replication.
    operations: Moments,
    rows: [Row; KINDS],
    simulated: u64,
    sessions: u64,
    /// Sessions that could not be played.
    unplayed: u64,
    /// Replications in which the store was ever disturbed; could it be in one, where it was in none?
    disturbed: u64,
    by_chance: bool,
    /// The greatest weight of those that began in each part, in units.
    heaviest: [i64; PARTS],
    stale_for: Weighed,
    reads: Weighed,
    writes: Weighed,
    /// What reads and writes of each population took, where several use the store.
    populations: Vec<(PopulationId, String, [Weighed; 2])>,
    here: Here,
}

/// What was seen of one anomaly.
#[derive(Clone, Copy, Debug)]
struct Row {
    when: When,
    /// Beside all operations, and beside those that are eligible.
    of_all: Pairs,
    of_eligible: Pairs,
    /// Replications that had any, and the most of one, in units.
    eventful: u64,
    most: i64,
    /// In sessions that began in each part.
    parts: [Bunches; PARTS],
}

/// Events, and the sessions that had any.
#[derive(Clone, Copy, Debug, Default)]
struct Bunches {
    events: u64,
    sessions: u64,
}

/// The present replication, weighted.
#[derive(Clone, Debug, Default)]
struct Here {
    operations: f64,
    seen: [(f64, f64); KINDS],
}

impl Tally {
    /// For a store with so many operations in a replication at most, which differ by what fails if they do so `by_chance`;
    /// `when` says of each anomaly when it can happen.
    pub(super) fn new(
        family: &Family,
        when: impl Fn(Anomaly) -> When,
        (operations, by_chance): (f64, bool),
        populations: Vec<(PopulationId, String)>,
    ) -> Self {
        let apart = |(population, name)| (population, name, [(); 2].map(|()| Weighed::new(operations)));
        Tally {
            populations: populations.into_iter().map(apart).collect(),
            one_writer: matches!(family, Family::Primary(_)),
            units: units(UNITS, operations),
            operations: Moments::default(),
            rows: Anomaly::ALL.map(|anomaly| Row::new(when(anomaly))),
            simulated: 0,
            sessions: 0,
            unplayed: 0,
            disturbed: 0,
            by_chance,
            heaviest: [0; PARTS],
            stale_for: Weighed::new(operations),
            reads: Weighed::new(operations),
            writes: Weighed::new(operations),
            here: Here::default(),
        }
    }

    fn fine(&self, x: f64) -> i64 {
        (x * self.units + 0.5) as i64
    }

    /// So many sessions that began in a part saw this; each stands for `weight` of them.
    pub(super) fn see(&mut self, seen: Result<Seen, Unplayable>, (part, sessions): (Part, u64), weight: f64) {
        let Ok(seen) = &seen else {
            self.unplayed += sessions;
            return;
        };
        let operations = seen.operations;
        self.simulated += operations;
        self.sessions += sessions;
        let heaviest = &self.heaviest[part as usize];
        self.heaviest[part as usize] = self.fine(weight).max(*heaviest);
        self.here.operations += operations as f64 * weight;
        for ((sum, row), (events, eligible)) in
            self.here.seen.iter_mut().zip(&mut self.rows).zip(seen.anomalies)
        {
            sum.0 += events as f64 * weight;
            sum.1 += eligible as f64 * weight;
            row.parts[part as usize].add(events, sessions);
        }
        self.stale_for.add(&seen.stale_for, weight);
        self.reads.add(&seen.reads, weight);
        self.writes.add(&seen.writes, weight);
        for (population, _, [reads, writes]) in &mut self.populations {
            if let Some((read, written)) = seen.took.each().get(population.index()) {
                reads.add(read, weight);
                writes.add(written, weight);
            }
        }
    }

    /// A replication is over, the n-th of all, in which the store was disturbed or not.
    pub(super) fn finish(&mut self, replication: u64, disturbed: bool) {
        self.disturbed += u64::from(disturbed);
        let apart = self.populations.iter_mut().flat_map(|(.., times)| times);
        for times in [&mut self.stale_for, &mut self.reads, &mut self.writes].into_iter().chain(apart) {
            times.finish(replication);
        }
        let Here { operations, seen } = std::mem::take(&mut self.here);
        let operations = self.fine(operations);
        self.operations.add(operations);
        for (index, (events, eligible)) in seen.into_iter().enumerate() {
            let (events, eligible) = (self.fine(events), self.fine(eligible));
            self.rows[index].finish(events, (operations, eligible));
        }
    }

    /// What the reader should know.
    pub(crate) fn warning(&self, store: &str) -> Option<String> {
        (self.unplayed > 0).then(|| {
            format!(
                "{} sessions of {store} are left out of what clients see: the way its writers changed, or its \
                 levels, cannot be played to single operations",
                self.unplayed
            )
        })
    }

    pub(crate) fn merge(&mut self, more: &Tally) {
        self.operations.merge(&more.operations);
        self.rows.iter_mut().zip(&more.rows).for_each(|(mine, theirs)| mine.merge(theirs));
        self.simulated += more.simulated;
        self.sessions += more.sessions;
        self.unplayed += more.unplayed;
        self.disturbed += more.disturbed;
        self.heaviest.iter_mut().zip(more.heaviest).for_each(|(mine, theirs)| *mine = theirs.max(*mine));
        self.stale_for.merge(&more.stale_for);
        self.reads.merge(&more.reads);
        self.writes.merge(&more.writes);
        for ((.., mine), (.., theirs)) in self.populations.iter_mut().zip(&more.populations) {
            mine.iter_mut().zip(theirs).for_each(|(mine, theirs)| mine.merge(theirs));
        }
    }

    /// What it says. A replication lasts so many years.
    pub(crate) fn outcome(&self, years: f64, confidence: Confidence) -> Consistency {
        let per_year = |units: f64| units / self.units / years;
        // Most sessions have no updates, and no use for a row about them.
        let idle = |anomaly: Anomaly, row: &Row| anomaly == Anomaly::LostUpdate && row.when == When::Never;
        let all = Anomaly::ALL
            .into_iter()
            .zip(&self.rows)
            .filter(|(anomaly, row)| anomaly.concerns(self.one_writer) && !idle(*anomaly, row));
        let anomalies = all.map(|(anomaly, row)| AnomalyOutcome {
            anomaly,
            of_all: self.per_million(row, &row.of_all, confidence),
            of_eligible: self.per_million(row, &row.of_eligible, confidence),
        });
        let operations = convert(self.operations.student(confidence)).map(per_year);
        let apart = |(_, name, [reads, writes]): &(PopulationId, String, [Weighed; 2])| PopulationTimes {
            population: name.clone(),
            reads: reads.percentiles(confidence),
            writes: writes.percentiles(confidence),
        };
        Consistency {
            operations: Estimate { low: operations.low.max(0.0), ..operations },
            simulated: self.simulated,
            sessions: self.sessions,
            anomalies: anomalies.collect(),
            stale_for: self.stale_for.percentiles(confidence),
            reads: self.reads.percentiles(confidence),
            writes: self.writes.percentiles(confidence),
            populations: self.populations.iter().map(apart).collect(),
        }
    }

    /// Per million, the replication being the unit.
    fn per_million(&self, row: &Row, pairs: &Pairs, confidence: Confidence) -> Estimate {
        let [events, base] = pairs.sums();
        if row.when == When::Never && events == 0 {
            return Estimate::exact(0.0);
        }
        if base == 0 {
            return NO_SAMPLE;
        }
        if events > 0 {
            let unseen = self.unseen_session(row).max(row.unseen_replication());
            let ratio = convert(pairs.ratio_of_few(unseen, confidence)).clamped();
            return ratio.map(|share| share * MILLION);
        }
        let unseen =
            events_bound_after_none(confidence) * self.unseen_session(row).max(self.unseen_disturbance());
        let high = (unseen / base as f64).min(1.0) * MILLION;
        Estimate { value: 0.0, low: 0.0, high, method: Method::NoneSeen, sample: self.sessions }
    }

    /// What a replication adds at most, where none that has been looked at was disturbed: all its operations.
    fn unseen_disturbance(&self) -> f64 {
        let unknown = self.by_chance && self.disturbed == 0;
        if unknown { self.operations.mean() } else { 0.0 }
    }

    /// What a session adds at most to the sum of events, of those in which there can have been one that has not been looked
    /// at. How many come together is taken from the part of the replication they began in, or else from that where they come
    /// in the greatest bunches; if there were none anywhere, they are all the operations of a session.
    fn unseen_session(&self, row: &Row) -> f64 {
        let greatest = row.parts.iter().filter_map(Bunches::size).fold(0.0, f64::max);
        let all = (self.simulated as f64 / self.sessions.max(1) as f64).max(1.0);
        let bunch = if greatest > 0.0 { greatest } else { all };
        let parts = Part::ALL.into_iter().filter(|part| *part != Part::Rest || row.when == When::Always);
        let adds = parts.map(|part| {
            let index = part as usize;
            self.heaviest[index] as f64 * row.parts[index].size().unwrap_or(bunch)
        });
        adds.fold(0.0, f64::max)
    }
}

impl Bunches {
    fn add(&mut self, events: u64, sessions: u64) {
        self.events += events;
        self.sessions += sessions.min(events);
    }

    fn merge(&mut self, more: &Bunches) {
        self.events += more.events;
        self.sessions += more.sessions;
    }

    /// Events of a session that had any, on average.
    fn size(&self) -> Option<f64> {
        (self.sessions > 0).then(|| self.events as f64 / self.sessions as f64)
    }
}

impl Row {
    fn new(when: When) -> Self {
        Row {
            when,
            of_all: Pairs::default(),
            of_eligible: Pairs::default(),
            eventful: 0,
            most: 0,
            parts: Default::default(),
        }
    }

    fn finish(&mut self, events: i64, (operations, eligible): (i64, i64)) {
        self.of_all.add(events, operations);
        self.of_eligible.add(events, eligible);
        self.eventful += u64::from(events > 0);
        self.most = self.most.max(events);
    }

    fn merge(&mut self, more: &Row) {
        self.of_all.merge(&more.of_all);
        self.of_eligible.merge(&more.of_eligible);
        self.eventful += more.eventful;
        self.most = self.most.max(more.most);
        self.parts.iter_mut().zip(&more.parts).for_each(|(mine, theirs)| mine.merge(theirs));
    }

    /// What a replication adds at most beyond what is expected of one, of those that have not been looked at: as much as the
    /// greatest, and where few had any, [`UNSEEN_MEANS`] of these.
    fn unseen_replication(&self) -> f64 {
        let (events, all) = (self.of_all.sums()[0] as f64, self.of_all.count() as f64);
        let eventful = self.eventful as f64;
        let few = (1.0 - eventful / all) * UNSEEN_MEANS * events / eventful.max(1.0);
        few.max(self.most as f64 - events / all)
    }
}

/// Units of an operation, where there are so many operations in a replication: a power of two, so that whole weights stay
/// exact.
pub(super) fn units(of_all: f64, operations: f64) -> f64 {
    let mut finest = (UNITS_LEAST..=UNITS_MOST).rev().map(|power| libm::ldexp(1.0, power));
    let few_enough = |units: &f64| units * operations <= of_all;
    finest.find(few_enough).unwrap_or(libm::ldexp(1.0, UNITS_LEAST))
}
