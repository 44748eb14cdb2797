//! Outcomes as JSON for machines: keys in a fixed order, units in their names, nothing of the real world, so that two
//! runs can be compared byte by byte. `docs/OUTPUT.md` says what every key means.

#[cfg(test)]
mod tests;

mod consistency;

use crate::number;
use crate::reproduce::{Fingerprint, Reproduce};
use consistency::ConsistencyJson;
use models::blame::{Mechanism, SourceId};
use models::expect::Verdict;
use models::outcome::{
    Cause, DrillOutcome, DrilledStore, Estimate, Judged, Lengths, Method, Outcome, PromiseOutcome,
    RecoveryOutcome, ScopeOutcome, SiteOutcome, SourceOutcome, Spread, Stopped, StoreOutcome, TimeCharge,
    Unit, Worst,
};
use models::specification::{Scope, Sourced, Specification};
use models::volume::Volume;
use serde::Serialize;
use sim::hash::StableHash;

/// The version of the format: the minor one grows with every new key, the major one when a key changes its meaning.
pub const FORMAT_VERSION: &str = "1.0";

/// The whole report of a run.
pub fn run(specification: &Specification, outcome: &Outcome, reproduce: &Reproduce) -> String {
    let presets: Vec<SourcedJson> = specification.sources.iter().map(SourcedJson::from).collect();
    pretty(&Document {
        format_version: FORMAT_VERSION,
        kind: "run",
        body: Body { outcome: outcome.into(), presets },
        reproduce,
    })
}

/// The survivability table of a drill.
pub fn drill(name: &str, drills: &[DrillOutcome], reproduce: &Reproduce) -> String {
    let drills: Vec<DrillJson> = drills.iter().map(DrillJson::from).collect();
    pretty(&Document {
        format_version: FORMAT_VERSION,
        kind: "drill",
        body: DrillBody { name, drills },
        reproduce,
    })
}

/// The verdicts of a check: one row an expectation of each scenario.
pub fn check(scenarios: &[(String, &Outcome)]) -> String {
    let row = |(file, outcome): &(String, &Outcome)| {
        let expectations: Vec<JudgedJson> = outcome.expectations.iter().map(JudgedJson::from).collect();
        CheckedJson { file: file.clone(), name: outcome.name.clone(), expectations }
    };
    let scenarios: Vec<CheckedJson> = scenarios.iter().map(row).collect();
    pretty(&CheckJson { format_version: FORMAT_VERSION, kind: "check", scenarios })
}

/// The hash of an outcome: equal exactly if all its numbers are.
pub fn fingerprint(outcome: &Outcome) -> Fingerprint {
    hash_of(&OutcomeJson::from(outcome))
}

/// The hash of a drill's outcomes.
pub fn fingerprint_of_drill(drills: &[DrillOutcome]) -> Fingerprint {
    hash_of(&drills.iter().map(DrillJson::from).collect::<Vec<_>>())
}

fn hash_of(value: &impl Serialize) -> Fingerprint {
    let text = serde_json::to_vec(value).expect("plain values serialize");
    let mut hash = StableHash::new();
    hash.write(&text);
    Fingerprint::new(hash.finish())
}

/// Indented, with a newline at the end.
pub(crate) fn pretty(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).expect("plain values serialize") + "\n"
}

#[derive(Serialize)]
struct Document<'a, B> {
    format_version: &'static str,
    kind: &'static str,
    #[serde(flatten)]
    body: B,
    reproduce: &'a Reproduce,
}

#[derive(Serialize)]
struct Body {
    outcome: OutcomeJson,
    presets: Vec<SourcedJson>,
}

#[derive(Serialize)]
struct DrillBody<'a> {
    name: &'a str,
    drills: Vec<DrillJson>,
}

#[derive(Serialize)]
struct CheckJson {
    format_version: &'static str,
    kind: &'static str,
    scenarios: Vec<CheckedJson>,
}

#[derive(Serialize)]
struct CheckedJson {
    file: String,
    name: String,
    expectations: Vec<JudgedJson>,
}

#[derive(Serialize)]
struct SourcedJson {
    path: String,
    value: String,
    preset: String,
    source: String,
}

impl From<&Sourced> for SourcedJson {
    fn from(sourced: &Sourced) -> Self {
        let Sourced { path, value, preset, source } = sourced.clone();
        SourcedJson { path, value, preset, source }
    }
}

#[derive(Serialize)]
struct OutcomeJson {
    name: String,
    question: String,
    horizon_ns: i64,
    replications: u64,
    seed: u64,
    confidence: f64,
    stopped: &'static str,
    scopes: Vec<ScopeJson>,
    sites: Vec<SiteJson>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stores: Vec<StoreJson>,
    sources: Vec<SourceJson>,
    promises: Vec<PromiseJson>,
    expectations: Vec<JudgedJson>,
    worst_outage: Option<WorstJson>,
    warnings: Vec<String>,
}

impl From<&Outcome> for OutcomeJson {
    fn from(outcome: &Outcome) -> Self {
        OutcomeJson {
            name: outcome.name.clone(),
            question: outcome.question.clone(),
            horizon_ns: outcome.horizon.nanos(),
            replications: outcome.replications,
            seed: outcome.seed,
            confidence: outcome.confidence,
            stopped: stopped(outcome.stopped),
            scopes: outcome.scopes.iter().map(|scope| ScopeJson::new(scope, &outcome.sources)).collect(),
            sites: outcome.sites.iter().map(SiteJson::from).collect(),
            stores: outcome.stores.iter().map(StoreJson::from).collect(),
            sources: outcome.sources.iter().map(SourceJson::from).collect(),
            promises: outcome.promises.iter().map(PromiseJson::from).collect(),
            expectations: outcome.expectations.iter().map(JudgedJson::from).collect(),
            worst_outage: outcome.worst.as_ref().map(WorstJson::from),
            warnings: outcome.warnings.clone(),
        }
    }
}

const fn stopped(stopped: Stopped) -> &'static str {
    match stopped {
        Stopped::Count => "count",
        Stopped::Precise => "precise",
        Stopped::NotReached => "not-reached",
    }
}

/// An estimate: `value`, `low` and `high` are null where there is no number, `high` where it is unlimited.
#[derive(Serialize)]
struct EstimateJson {
    value: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
    method: &'static str,
    sample: u64,
}

impl From<Estimate> for EstimateJson {
    fn from(estimate: Estimate) -> Self {
        let number = |x: f64| (x.is_finite() && estimate.method != Method::NoSample).then_some(x);
        EstimateJson {
            value: number(estimate.value),
            low: number(estimate.low),
            high: number(estimate.high),
            method: method(estimate.method),
            sample: estimate.sample,
        }
    }
}

/// A method's name in machine-readable output.
pub(crate) const fn method(method: Method) -> &'static str {
    match method {
        Method::Exact => "exact",
        Method::Gamma => "gamma",
        Method::KaplanMeier => "kaplan-meier",
        Method::Student => "student",
        Method::Ratio => "ratio",
        Method::NoneSeen => "none-seen",
        Method::Wilson => "wilson",
        Method::ClopperPearson => "clopper-pearson",
        Method::OrderStatistic => "order-statistic",
        Method::Poisson => "poisson",
        Method::NoSample => "no-sample",
    }
}

/// A number of requests: rounded, and exactly in nano-requests (a string, because it may exceed 2^53).
#[derive(Serialize)]
pub(crate) struct VolumeJson {
    requests: f64,
    nanorequests: String,
}

impl From<Volume> for VolumeJson {
    fn from(volume: Volume) -> Self {
        VolumeJson {
            requests: number::twelve_digits(volume.requests()),
            nanorequests: volume.nanos().to_string(),
        }
    }
}

#[derive(Serialize)]
struct ScopeJson {
    name: String,
    kind: &'static str,
    offered: VolumeJson,
    served: VolumeJson,
    lost: VolumeJson,
    availability_share: EstimateJson,
    availability_nines: Option<f64>,
    time_up_share: EstimateJson,
    downtime_seconds_per_year: EstimateJson,
    downtime_deviation_seconds: f64,
    outages_per_year: EstimateJson,
    outage_length: LengthsJson,
    recovery: LengthsJson,
    lost_by_mechanism: Vec<MechanismJson>,
    lost_by_source: Vec<LostBySourceJson>,
    lost_by_both: Vec<LostByBothJson>,
    causes: Vec<CauseJson>,
    time_not_up_by_source: Vec<TimeChargeJson>,
    downtimes_ns: Vec<i64>,
    unavailability_shares: Vec<f64>,
}

impl ScopeJson {
    fn new(scope: &ScopeOutcome, sources: &[SourceOutcome]) -> Self {
        let name = |source: SourceId| source_name(sources, source);
        let by_source = |&(source, lost): &(SourceId, Volume)| LostBySourceJson {
            source: name(source),
            lost: lost.into(),
        };
        let by_both = |&(mechanism, source, lost): &(Mechanism, SourceId, Volume)| LostByBothJson {
            mechanism: mechanism.name(),
            source: name(source),
            lost: lost.into(),
        };
        let nines = number::nines(scope.availability.value);
        ScopeJson {
            name: scope.name.clone(),
            kind: scope_kind(scope.scope),
            offered: scope.offered.into(),
            served: scope.served.into(),
            lost: scope.lost.into(),
            availability_share: scope.availability.into(),
            availability_nines: nines.is_finite().then_some(nines),
            time_up_share: scope.time_up.into(),
            downtime_seconds_per_year: scope.downtime.into(),
            downtime_deviation_seconds: scope.downtime_deviation,
            outages_per_year: scope.outages.into(),
            outage_length: (&scope.lengths).into(),
            recovery: (&scope.recovery).into(),
            lost_by_mechanism: scope.by_mechanism.iter().map(MechanismJson::from).collect(),
            lost_by_source: scope.by_source.iter().map(by_source).collect(),
            lost_by_both: scope.by_both.iter().map(by_both).collect(),
            causes: scope.causes.iter().map(|cause| CauseJson::new(cause, sources)).collect(),
            time_not_up_by_source: scope
                .time_by_source
                .iter()
                .map(|time| TimeChargeJson::new(time, sources))
                .collect(),
            downtimes_ns: scope.downtimes.iter().map(|span| span.nanos()).collect(),
            unavailability_shares: scope.unavailabilities.clone(),
        }
    }
}

/// What a scope is, in machine-readable output.
pub(crate) const fn scope_kind(scope: Scope) -> &'static str {
    match scope {
        Scope::All => "all",
        Scope::Entry(_) => "entry",
        Scope::Population(_) => "population",
    }
}

/// A source's name.
pub(crate) fn source_name(sources: &[SourceOutcome], source: SourceId) -> String {
    sources
        .get(source.0 as usize)
        .map_or_else(|| format!("source {}", source.0), |source| source.name.clone())
}

#[derive(Serialize)]
struct MechanismJson {
    mechanism: &'static str,
    lost: VolumeJson,
}

impl From<&(Mechanism, Volume)> for MechanismJson {
    fn from(&(mechanism, lost): &(Mechanism, Volume)) -> Self {
        MechanismJson { mechanism: mechanism.name(), lost: lost.into() }
    }
}

#[derive(Serialize)]
struct LostBySourceJson {
    source: String,
    lost: VolumeJson,
}

#[derive(Serialize)]
struct LostByBothJson {
    mechanism: &'static str,
    source: String,
    lost: VolumeJson,
}

#[derive(Serialize)]
struct CauseJson {
    source: String,
    share: EstimateJson,
}

impl CauseJson {
    fn new(cause: &Cause, sources: &[SourceOutcome]) -> Self {
        CauseJson { source: source_name(sources, cause.source), share: cause.share.into() }
    }
}

#[derive(Serialize)]
struct TimeChargeJson {
    source: String,
    charged_ns: i128,
    sole_ns: i128,
    started_ns: i128,
}

impl TimeChargeJson {
    fn new(time: &TimeCharge, sources: &[SourceOutcome]) -> Self {
        TimeChargeJson {
            source: source_name(sources, time.source),
            charged_ns: time.charged,
            sole_ns: time.sole,
            started_ns: time.started,
        }
    }
}

#[derive(Serialize)]
struct LengthsJson {
    count: u64,
    mean_seconds: Option<f64>,
    shortest_ns: i64,
    longest_ns: i64,
    p50_seconds: EstimateJson,
    p95_seconds: EstimateJson,
    p99_seconds: EstimateJson,
}

impl From<&Lengths> for LengthsJson {
    fn from(lengths: &Lengths) -> Self {
        LengthsJson {
            count: lengths.count,
            mean_seconds: (lengths.count > 0 && lengths.mean.is_finite()).then_some(lengths.mean),
            shortest_ns: lengths.range.0.nanos(),
            longest_ns: lengths.range.1.nanos(),
            p50_seconds: lengths.p50.into(),
            p95_seconds: lengths.p95.into(),
            p99_seconds: lengths.p99.into(),
        }
    }
}

#[derive(Serialize)]
struct SiteJson {
    name: String,
    availability_share: EstimateJson,
    served: VolumeJson,
    failed_share: f64,
    load_mean_rps: f64,
    load_peak_rps: f64,
    capacity_rps: Option<f64>,
    verdict_changes_per_year: f64,
}

impl From<&SiteOutcome> for SiteJson {
    fn from(site: &SiteOutcome) -> Self {
        SiteJson {
            name: site.name.clone(),
            availability_share: site.availability.into(),
            served: site.served.into(),
            failed_share: site.failed,
            load_mean_rps: number::twelve_digits(site.load_mean),
            load_peak_rps: number::twelve_digits(site.load_peak),
            capacity_rps: site.capacity,
            verdict_changes_per_year: site.flips,
        }
    }
}

#[derive(Serialize)]
struct StoreJson {
    name: String,
    one_writer: bool,
    writable_share: EstimateJson,
    hand_overs_per_year: EstimateJson,
    lost_writes_per_year: EstimateJson,
    two_writers_seconds_per_year: EstimateJson,
    rebuilding_seconds_per_year: EstimateJson,
    #[serde(skip_serializing_if = "Option::is_none")]
    missed_duties_per_year: Option<EstimateJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    double_signs_per_year: Option<EstimateJson>,
    recovery_seconds: SpreadJson,
    lost_writes_each: SpreadJson,
    lost_seconds_each: SpreadJson,
    recovery_by_fault: Vec<RecoveryJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consistency: Option<ConsistencyJson>,
}

#[derive(Serialize)]
struct RecoveryJson {
    fault: String,
    recovery_seconds: SpreadJson,
    lost_writes_each: SpreadJson,
    lost_seconds_each: SpreadJson,
}

impl From<&(String, RecoveryOutcome)> for RecoveryJson {
    fn from((fault, recovery): &(String, RecoveryOutcome)) -> Self {
        RecoveryJson {
            fault: fault.clone(),
            recovery_seconds: (&recovery.time).into(),
            lost_writes_each: (&recovery.lost_writes).into(),
            lost_seconds_each: (&recovery.lost_span).into(),
        }
    }
}

#[derive(Serialize)]
struct SpreadJson {
    count: u64,
    p50: EstimateJson,
    p95: EstimateJson,
    max: f64,
}

impl From<&Spread> for SpreadJson {
    fn from(spread: &Spread) -> Self {
        let Spread { count, p50, p95, max } = *spread;
        SpreadJson { count, p50: p50.into(), p95: p95.into(), max }
    }
}

impl From<&StoreOutcome> for StoreJson {
    fn from(store: &StoreOutcome) -> Self {
        StoreJson {
            name: store.name.clone(),
            one_writer: store.one_writer,
            writable_share: store.writable.into(),
            hand_overs_per_year: store.hand_overs.into(),
            lost_writes_per_year: store.lost_writes.into(),
            two_writers_seconds_per_year: store.two_writers.into(),
            rebuilding_seconds_per_year: store.rebuilding.into(),
            missed_duties_per_year: store.duties.map(|duties| duties.missed.into()),
            double_signs_per_year: store.duties.map(|duties| duties.double_signs.into()),
            recovery_seconds: (&store.recovery.time).into(),
            lost_writes_each: (&store.recovery.lost_writes).into(),
            lost_seconds_each: (&store.recovery.lost_span).into(),
            recovery_by_fault: store.by_fault.iter().map(RecoveryJson::from).collect(),
            consistency: store.consistency.as_ref().map(ConsistencyJson::from),
        }
    }
}

#[derive(Serialize)]
struct SourceJson {
    name: String,
    kind: &'static str,
    faults_per_year: f64,
    fault_length_mean_seconds: Option<f64>,
}

impl From<&SourceOutcome> for SourceJson {
    fn from(source: &SourceOutcome) -> Self {
        SourceJson {
            name: source.name.clone(),
            kind: source.kind,
            faults_per_year: source.faults,
            fault_length_mean_seconds: source.length_mean.is_finite().then_some(source.length_mean),
        }
    }
}

#[derive(Serialize)]
struct PromiseJson {
    name: String,
    promised_share: f64,
    missed_probability: EstimateJson,
}

impl From<&PromiseOutcome> for PromiseJson {
    fn from(promise: &PromiseOutcome) -> Self {
        PromiseJson {
            name: promise.name.clone(),
            promised_share: promise.availability,
            missed_probability: promise.missed.into(),
        }
    }
}

#[derive(Serialize)]
struct JudgedJson {
    text: String,
    unit: &'static str,
    target: f64,
    measured: Option<EstimateJson>,
    verdict: &'static str,
}

impl From<&Judged> for JudgedJson {
    fn from(judged: &Judged) -> Self {
        JudgedJson {
            text: judged.text.clone(),
            unit: unit(judged.unit),
            target: judged.target,
            measured: judged.measured.map(EstimateJson::from),
            verdict: verdict(judged.verdict),
        }
    }
}

const fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Share | Unit::OfOperations => "share",
        Unit::Seconds => "seconds",
        Unit::PerYear => "per-year",
    }
}

const fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Holds => "holds",
        Verdict::Fails => "fails",
        Verdict::Undecided => "undecided",
    }
}

#[derive(Serialize)]
struct WorstJson {
    replication: u64,
    from_ns: i64,
    until_ns: i64,
    lost: VolumeJson,
}

impl From<&Worst> for WorstJson {
    fn from(worst: &Worst) -> Self {
        WorstJson {
            replication: worst.replication,
            from_ns: worst.from.nanos(),
            until_ns: worst.until.nanos(),
            lost: worst.lost.into(),
        }
    }
}

#[derive(Serialize)]
struct DrillJson {
    name: String,
    kind: String,
    lasts_ns: i64,
    sites_lost: Vec<String>,
    served_share: f64,
    survivors: Vec<SurvivorJson>,
    phases: u32,
    detection_ns: Option<i64>,
    detection_best_ns: Option<i64>,
    detection_worst_ns: Option<i64>,
    full_service_ns: Option<i64>,
    full_service_best_ns: Option<i64>,
    full_service_worst_ns: Option<i64>,
    lost_until_settled: VolumeJson,
    lost: VolumeJson,
    lost_best: VolumeJson,
    lost_worst: VolumeJson,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stores: Vec<DrilledStoreJson>,
}

#[derive(Serialize)]
struct DrilledStoreJson {
    store: String,
    recovery_ns: Option<i64>,
    recovery_best_ns: Option<i64>,
    recovery_worst_ns: Option<i64>,
    lost_writes: f64,
    lost_writes_best: f64,
    lost_writes_worst: f64,
}

impl From<&DrilledStore> for DrilledStoreJson {
    fn from(store: &DrilledStore) -> Self {
        DrilledStoreJson {
            store: store.name.clone(),
            recovery_ns: store.recovery.map(|span| span.mean.nanos()),
            recovery_best_ns: store.recovery.map(|span| span.best.nanos()),
            recovery_worst_ns: store.recovery.map(|span| span.worst.nanos()),
            lost_writes: store.lost_writes.mean,
            lost_writes_best: store.lost_writes.best,
            lost_writes_worst: store.lost_writes.worst,
        }
    }
}

#[derive(Serialize)]
struct SurvivorJson {
    site: String,
    load_peak_rps: f64,
    capacity_rps: Option<f64>,
}

impl From<&DrillOutcome> for DrillJson {
    fn from(drill: &DrillOutcome) -> Self {
        let survivor = |survivor: &models::outcome::SurvivorLoad| SurvivorJson {
            site: survivor.site.clone(),
            load_peak_rps: survivor.load,
            capacity_rps: survivor.capacity,
        };
        DrillJson {
            name: drill.name.clone(),
            kind: drill.kind.clone(),
            lasts_ns: drill.lasts.nanos(),
            sites_lost: drill.sites_lost.clone(),
            served_share: drill.served,
            survivors: drill.survivors.iter().map(survivor).collect(),
            phases: drill.phases,
            detection_ns: drill.detection.map(|span| span.mean.nanos()),
            detection_best_ns: drill.detection.map(|span| span.best.nanos()),
            detection_worst_ns: drill.detection.map(|span| span.worst.nanos()),
            full_service_ns: drill.full_service.map(|span| span.mean.nanos()),
            full_service_best_ns: drill.full_service.map(|span| span.best.nanos()),
            full_service_worst_ns: drill.full_service.map(|span| span.worst.nanos()),
            lost_until_settled: drill.lost_until_settled.into(),
            lost: drill.lost.mean.into(),
            lost_best: drill.lost.best.into(),
            lost_worst: drill.lost.worst.into(),
            stores: drill.stores.iter().map(DrilledStoreJson::from).collect(),
        }
    }
}
