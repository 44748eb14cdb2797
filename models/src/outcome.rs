//! Outcomes: plain values that say what came out of a run, to be printed, compared and tested.

mod consistency;

pub use consistency::{Anomaly, AnomalyOutcome, Consistency, Percentiles, PopulationTimes};

use crate::blame::{Mechanism, SourceId};
use crate::expect::Verdict;
use crate::specification::Scope;
use crate::volume::Volume;
use sim::Span;

/// What came out of simulating a specification over its replications.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The scenario's name.
    pub name: String,
    /// The question it answers.
    pub question: String,
    /// Length of a replication.
    pub horizon: Span,
    /// Replications simulated.
    pub replications: u64,
    /// The seed.
    pub seed: u64,
    /// Confidence of every interval.
    pub confidence: f64,
    /// Why it stopped.
    pub stopped: Stopped,
    /// Everything first, then entry points, then populations.
    pub scopes: Vec<ScopeOutcome>,
    /// One per site, in the scenario's order.
    pub sites: Vec<SiteOutcome>,
    /// One per store, in the scenario's order.
    pub stores: Vec<StoreOutcome>,
    /// Every root that loss can be charged to; `SourceId` indexes it.
    pub sources: Vec<SourceOutcome>,
    /// The odds of missing each promise in a year-long replication.
    pub promises: Vec<PromiseOutcome>,
    /// Each expectation with its verdict.
    pub expectations: Vec<Judged>,
    /// The worst outage seen, by requests lost (by time not up where nothing was lost).
    pub worst: Option<Worst>,
    /// What the reader should know before believing a number.
    pub warnings: Vec<String>,
}

/// Why a run stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stopped {
    /// All the replications asked for were done.
    Count,
    /// The precision asked for was reached.
    Precise,
    /// The precision asked for was not reached within the replications allowed.
    NotReached,
}

/// A number and how well it is known.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Estimate {
    /// The point estimate.
    pub value: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
    /// How it came about.
    pub method: Method,
    /// The size of the sample: outages, replications or trials, as the method says.
    pub sample: u64,
}

impl Estimate {
    /// A number without sampling error.
    pub fn exact(value: f64) -> Self {
        Estimate { value, low: value, high: value, method: Method::Exact, sample: 1 }
    }

    /// The same estimate of `f(x)` for a decreasing or increasing `f`.
    pub fn map(self, f: impl Fn(f64) -> f64) -> Self {
        let (a, b) = (f(self.low), f(self.high));
        Estimate { value: f(self.value), low: a.min(b), high: a.max(b), ..self }
    }
}

/// How an estimate and its interval came about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Method {
    /// Nothing random was involved.
    Exact,
    /// Fay-Feuer gamma interval on the compound-Poisson sum over episodes.
    Gamma,
    /// Student t over replications.
    Student,
    /// Nothing was seen: only the upper bound says something.
    NoneSeen,
    /// Wilson's interval of a probability.
    Wilson,
    /// Clopper-Pearson's, at 0 or n.
    ClopperPearson,
    /// Order statistics of the sorted sample.
    OrderStatistic,
    /// Kaplan and Meier's estimate, the horizon having cut off some of the sample. Infinite: beyond the last complete one.
    KaplanMeier,
    /// A ratio of sums over replications, by the delta method.
    Ratio,
    /// Poisson interval of a count.
    Poisson,
    /// No sample: there is no number.
    NoSample,
}

/// What happened to one scope.
#[derive(Clone, Debug)]
pub struct ScopeOutcome {
    /// Which.
    pub scope: Scope,
    /// Its name: `everything`, or the entry point's or population's.
    pub name: String,
    /// Requests offered over all replications.
    pub offered: Volume,
    /// Requests served; offered = served + lost, exactly.
    pub served: Volume,
    /// Requests lost.
    pub lost: Volume,
    /// Share of requests served.
    pub availability: Estimate,
    /// Share of time up.
    pub time_up: Estimate,
    /// Seconds not up, per year.
    pub downtime: Estimate,
    /// Standard deviation of the time not up per replication, in seconds.
    pub downtime_deviation: f64,
    /// Outages per year.
    pub outages: Estimate,
    /// Lengths of outages.
    pub lengths: Lengths,
    /// Times from the fault that started an outage (of those its first loss is charged to, the one that began last) to
    /// its end: the recovery time.
    pub recovery: Lengths,
    /// Time not up in each replication, sorted: the law of the downtime of one horizon.
    pub downtimes: Vec<Span>,
    /// Requests lost in each replication as a share of those offered, sorted: the law of a year's unavailability.
    pub unavailabilities: Vec<f64>,
    /// Requests lost by mechanism; sums exactly to `lost`.
    pub by_mechanism: Vec<(Mechanism, Volume)>,
    /// Requests lost by root fault; sums exactly to `lost`. Sorted, the greatest first.
    pub by_source: Vec<(SourceId, Volume)>,
    /// Requests lost by both.
    pub by_both: Vec<(Mechanism, SourceId, Volume)>,
    /// Share of the lost requests charged to each source, with its interval over replications; the greatest first.
    pub causes: Vec<Cause>,
    /// Time not up by fault; the greatest first.
    pub time_by_source: Vec<TimeCharge>,
}

/// A cause with its interval.
#[derive(Clone, PartialEq, Debug)]
pub struct Cause {
    /// The root.
    pub source: SourceId,
    /// Its share of the requests lost (of the time not up, where no request was lost).
    pub share: Estimate,
}

/// Time not up charged to one source, in nanoseconds of all replications together: more than a [`Span`] holds.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct TimeCharge {
    /// The root.
    pub source: SourceId,
    /// Each instant shared equally among the roots that its loss is charged to (where nobody asked for anything: among
    /// those of the active faults with an effect on the scope).
    pub charged: i128,
    /// While no other root was charged.
    pub sole: i128,
    /// In outages that it started.
    pub started: i128,
}

/// A law of lengths of time, in seconds.
#[derive(Clone, Debug)]
pub struct Lengths {
    /// How many.
    pub count: u64,
    /// Mean.
    pub mean: f64,
    /// The shortest, and the longest.
    pub range: (Span, Span),
    /// Median.
    pub p50: Estimate,
    /// 95th percentile.
    pub p95: Estimate,
    /// 99th percentile.
    pub p99: Estimate,
}

/// What happened to one store.
#[derive(Clone, Debug)]
pub struct StoreOutcome {
    /// Its name.
    pub name: String,
    /// Does one member write at a time? Where many may, nothing is handed over, and what follows about that is nothing.
    pub one_writer: bool,
    /// Share of time in which it had a writer; where many may write, in which any of its members could. Sites that did not
    /// reach it are not counted here.
    pub writable: Estimate,
    /// Times a year that another member became the writer, returns to the home included.
    pub hand_overs: Estimate,
    /// Acknowledged writes lost a year.
    pub lost_writes: Estimate,
    /// Seconds a year in which two members accepted writes.
    pub two_writers: Estimate,
    /// Seconds a year in which a former writer was made a replica again.
    pub rebuilding: Estimate,
    /// What became of its duties, if it has any.
    pub duties: Option<DutiesOutcome>,
    /// What it took to get over the loss of a writer.
    pub recovery: RecoveryOutcome,
    /// The same by what had failed, the most frequent first: a kind of domain, or a script, shock or incident by its name.
    pub by_fault: Vec<(String, RecoveryOutcome)>,
    /// What its clients see, where the scenario says how they use it.
    pub consistency: Option<Consistency>,
}

/// What became of the duties of a store's writer.
#[derive(Clone, Copy, Debug)]
pub struct DutiesOutcome {
    /// Duties a year that fell due while nobody did them at a site that clients heard.
    pub missed: Estimate,
    /// Duties a year that fell due while two or more did.
    pub double_signs: Estimate,
}

/// How long a store took to get over the loss of a writer, and what was lost with it.
#[derive(Clone, Debug)]
pub struct RecoveryOutcome {
    /// Seconds from the loss of a writer until another one wrote: the recovery time (RTO).
    pub time: Spread,
    /// Writes lost by each hand-over, with those that the former writer went on to accept: the recovery point in writes
    /// (RPO).
    pub lost_writes: Spread,
    /// Seconds over which these had been written: the recovery point in time.
    pub lost_span: Spread,
}

/// The law of something seen several times.
#[derive(Clone, Debug)]
pub struct Spread {
    /// How often.
    pub count: u64,
    /// Median.
    pub p50: Estimate,
    /// 95th percentile.
    pub p95: Estimate,
    /// The greatest.
    pub max: f64,
}

/// What happened to one site.
#[derive(Clone, Debug)]
pub struct SiteOutcome {
    /// Its name.
    pub name: String,
    /// Share of time in which the site itself was up and reachable. Errors and overload do not count here.
    pub availability: Estimate,
    /// Requests it served.
    pub served: Volume,
    /// Share of the requests that came to it, while it was there, and failed: grey failures and overload.
    pub failed: f64,
    /// Mean requests per second that came to it.
    pub load_mean: f64,
    /// Greatest requests per second that came to it at any instant.
    pub load_peak: f64,
    /// Its capacity, requests per second, all pools together; none: unlimited.
    pub capacity: Option<f64>,
    /// Times its health verdicts changed, per year.
    pub flips: f64,
}

/// Something that loss can be charged to.
#[derive(Clone, Debug)]
pub struct SourceOutcome {
    /// `aws/us-east-1`, `shock/prysm-release`, `script 1`, `demand`, ...
    pub name: String,
    /// What sort of root it is: `domain`, `shock`, `script`, `replay`, `demand`, `false alarm`.
    pub kind: &'static str,
    /// Faults of it that began, per year: a strike of a shock is one whatever it hits, and so is a replay.
    pub faults: f64,
    /// Mean length of its faults, in seconds, by their law where they have one; of a script or a replay within the run,
    /// of a replay from its first phase's beginning to its last one's end.
    pub length_mean: f64,
}

/// The odds of missing a promise.
#[derive(Clone, Debug)]
pub struct PromiseOutcome {
    /// To whom.
    pub name: String,
    /// What was promised.
    pub availability: f64,
    /// Probability that a horizon (a year, unless the scenario says otherwise) falls short.
    pub missed: Estimate,
}

/// An expectation and what became of it.
#[derive(Clone, Debug)]
pub struct Judged {
    /// As the user wrote it.
    pub text: String,
    /// The target, in the measure's unit.
    pub target: f64,
    /// What was measured; none where the measure has no sample.
    pub measured: Option<Estimate>,
    /// How to print the measure.
    pub unit: Unit,
    /// The verdict.
    pub verdict: Verdict,
}

/// How a number is to be printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unit {
    /// A share, as a percentage.
    Share,
    /// A share of single operations, of which some were looked at: as a percentage, or per million where it is asked so.
    OfOperations,
    /// Seconds.
    Seconds,
    /// A plain count per year.
    PerYear,
}

/// Where the worst outage is to be found again.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Worst {
    /// In which replication.
    pub replication: u64,
    /// When it began.
    pub from: sim::Instant,
    /// When everything was served again (or the horizon).
    pub until: sim::Instant,
    /// Requests lost in it.
    pub lost: Volume,
}

/// A figure that depends on where in their cycles the probes are when a loss begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Phased<T> {
    /// The mean over phases spread evenly.
    pub mean: T,
    /// The least of them.
    pub best: T,
    /// The greatest of them.
    pub worst: T,
}

/// The loss of one domain (or several at once), played through.
#[derive(Clone, Debug)]
pub struct DrillOutcome {
    /// What was lost, e.g. `aws/us-east-1`.
    pub name: String,
    /// Its kind, e.g. `region`.
    pub kind: String,
    /// How long the loss lasted.
    pub lasts: Span,
    /// In how many phases of the probes it was played; 1 where the scenario fixes them.
    pub phases: u32,
    /// Failovers of stores were drawn, anew in each of them.
    pub drawn: bool,
    /// Sites it took down.
    pub sites_lost: Vec<String>,
    /// Served share of the entry point that serves least, once traffic has settled, at the worst time of day.
    pub served: f64,
    /// Load and capacity of every surviving site once settled, at its own worst time of day.
    pub survivors: Vec<SurvivorLoad>,
    /// From the loss to the first health verdict that heeds it; none: it was never seen, or nothing was watched.
    pub detection: Option<Phased<Span>>,
    /// From the loss until everything was up again; none: it was not while the loss lasted. Zero: never interrupted.
    pub full_service: Option<Phased<Span>>,
    /// Requests lost from the loss until service settled: the mean over phases.
    pub lost_until_settled: Volume,
    /// Requests lost from the loss until it was repaired and everything had settled again.
    pub lost: Phased<Volume>,
    /// What it did to each store.
    pub stores: Vec<DrilledStore>,
}

/// What a drill did to a store.
#[derive(Clone, Debug)]
pub struct DrilledStore {
    /// Its name.
    pub name: String,
    /// From the loss until somebody could write it for good; none: not while the loss lasted. Zero: somebody always could.
    pub recovery: Option<Phased<Span>>,
    /// Acknowledged writes that it lost.
    pub lost_writes: Phased<f64>,
}

/// How loaded a survivor is.
#[derive(Clone, Debug)]
pub struct SurvivorLoad {
    /// The site.
    pub site: String,
    /// Peak requests per second that come to it.
    pub load: f64,
    /// Its capacity; none: unlimited.
    pub capacity: Option<f64>,
}
