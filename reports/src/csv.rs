//! Outcomes as CSV, one file a table, units in the headings. `docs/OUTPUT.md` says what every column means.

use crate::json::{method, scope_kind, source_name};
use crate::number;
use models::blame::Mechanism;
use models::outcome::{DrillOutcome, Estimate, Outcome, Percentiles, Phased, RecoveryOutcome, ScopeOutcome};
use models::specification::Specification;
use models::study::ClientSlice;
use models::timeline::{Frame, PopulationFrame, Story};
use sim::{Instant, Span};
use std::collections::BTreeSet;

/// A file's name and its contents.
pub type File = (&'static str, String);

/// The tables of an outcome.
pub fn run(outcome: &Outcome) -> Vec<File> {
    let mut files = vec![
        ("scopes.csv", scopes(outcome)),
        ("sites.csv", sites(outcome)),
        ("blame.csv", blame(outcome)),
        ("downtimes.csv", downtimes(outcome)),
    ];
    if !outcome.stores.is_empty() {
        files.push(("stores.csv", stores(outcome)));
        files.push(("recovery.csv", recovery(outcome)));
    }
    if outcome.stores.iter().any(|store| store.consistency.is_some()) {
        files.push(("consistency.csv", consistency(outcome)));
    }
    files
}

/// Writes `rows` under `head`.
fn written<const N: usize>(
    head: [&str; N],
    rows: impl IntoIterator<Item = impl IntoIterator<Item = String>>,
) -> String {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    writer.write_record(head).expect("a vector takes every record");
    for row in rows {
        writer.write_record(row.into_iter().collect::<Vec<String>>()).expect("a vector takes every record");
    }
    let bytes = writer.into_inner().expect("a vector can be flushed");
    String::from_utf8(bytes).expect("names and numbers are UTF-8")
}

/// Value and interval; empty where there is no number.
fn three(estimate: Estimate) -> [String; 3] {
    [estimate.value, estimate.low, estimate.high].map(finite)
}

fn finite(x: f64) -> String {
    if x.is_finite() { x.to_string() } else { String::new() }
}

/// Each scope's availability, time not up, outages and recovery.
pub fn scopes(outcome: &Outcome) -> String {
    let head = [
        "scope",
        "kind",
        "offered_requests",
        "served_requests",
        "lost_requests",
        "availability_share",
        "availability_share_low",
        "availability_share_high",
        "availability_method",
        "time_up_share",
        "time_up_share_low",
        "time_up_share_high",
        "downtime_seconds_per_year",
        "downtime_seconds_per_year_low",
        "downtime_seconds_per_year_high",
        "outages_per_year",
        "outages_per_year_low",
        "outages_per_year_high",
        "recovery_p50_seconds",
        "recovery_p95_seconds",
        "recovery_p99_seconds",
    ];
    written(head, outcome.scopes.iter().map(scope))
}

fn scope(scope: &ScopeOutcome) -> [String; 21] {
    let [availability, availability_low, availability_high] = three(scope.availability);
    let [up, up_low, up_high] = three(scope.time_up);
    let [downtime, downtime_low, downtime_high] = three(scope.downtime);
    let [outages, outages_low, outages_high] = three(scope.outages);
    let [p50, p95, p99] = [scope.recovery.p50, scope.recovery.p95, scope.recovery.p99]
        .map(|quantile| if scope.recovery.count == 0 { String::new() } else { finite(quantile.value) });
    [
        scope.name.clone(),
        scope_kind(scope.scope).to_owned(),
        number::twelve_digits(scope.offered.requests()).to_string(),
        number::twelve_digits(scope.served.requests()).to_string(),
        number::twelve_digits(scope.lost.requests()).to_string(),
        availability,
        availability_low,
        availability_high,
        method(scope.availability.method).to_owned(),
        up,
        up_low,
        up_high,
        downtime,
        downtime_low,
        downtime_high,
        outages,
        outages_low,
        outages_high,
        p50,
        p95,
        p99,
    ]
}

fn sites(outcome: &Outcome) -> String {
    let head = [
        "site",
        "availability_share",
        "availability_share_low",
        "availability_share_high",
        "served_requests",
        "load_mean_rps",
        "load_peak_rps",
        "capacity_rps",
        "verdict_changes_per_year",
        "failed_share",
    ];
    let rows = outcome.sites.iter().map(|site| {
        let [value, low, high] = three(site.availability);
        let capacity = site.capacity.map_or(String::new(), |capacity| capacity.to_string());
        let (served, mean, peak) = (
            number::twelve_digits(site.served.requests()),
            number::twelve_digits(site.load_mean),
            number::twelve_digits(site.load_peak),
        );
        let [served, mean, peak, flips, failed] =
            [served, mean, peak, site.flips, site.failed].map(|x| x.to_string());
        [site.name.clone(), value, low, high, served, mean, peak, capacity, flips, failed]
    });
    written(head, rows)
}

/// One row for each store.
fn stores(outcome: &Outcome) -> String {
    let head = [
        "store",
        "writable_share",
        "writable_share_low",
        "writable_share_high",
        "hand_overs_per_year",
        "hand_overs_per_year_low",
        "hand_overs_per_year_high",
        "lost_writes_per_year",
        "lost_writes_per_year_low",
        "lost_writes_per_year_high",
        "two_writers_seconds_per_year",
        "rebuilding_seconds_per_year",
        "recovery_p50_seconds",
        "recovery_p95_seconds",
        "lost_writes_each_p50",
        "lost_writes_each_p95",
        "lost_seconds_each_p50",
        "lost_seconds_each_p95",
        "missed_duties_per_year",
        "missed_duties_per_year_low",
        "missed_duties_per_year_high",
        "double_signs_per_year",
        "double_signs_per_year_low",
        "double_signs_per_year_high",
    ];
    let rows = outcome.stores.iter().map(|store| {
        let mut row = vec![store.name.clone()];
        for estimate in [store.writable, store.hand_overs, store.lost_writes] {
            row.extend(three(estimate));
        }
        row.push(store.two_writers.value.to_string());
        row.push(store.rebuilding.value.to_string());
        for spread in [&store.recovery.time, &store.recovery.lost_writes, &store.recovery.lost_span] {
            let cell = |value: f64| if spread.count == 0 { String::new() } else { finite(value) };
            row.extend([cell(spread.p50.value), cell(spread.p95.value)]);
        }
        let none = || std::array::from_fn(|_| String::new());
        row.extend(store.duties.map_or_else(none, |duties| three(duties.missed)));
        row.extend(store.duties.map_or_else(none, |duties| three(duties.double_signs)));
        row
    });
    written(head, rows)
}

/// How stores got over the loss of a writer: one row a store and kind of fault.
fn recovery(outcome: &Outcome) -> String {
    let head = [
        "store", "fault", "measure", "unit", "count", "p50", "p50_low", "p50_high", "p95", "p95_low",
        "p95_high", "max",
    ];
    let faults = outcome.stores.iter().flat_map(|store| store.by_fault.iter().map(move |row| (store, row)));
    let rows = faults.flat_map(|(store, (fault, recovery))| {
        let RecoveryOutcome { time, lost_writes, lost_span } = recovery;
        let measures =
            [("recovery", "seconds", time), ("lost", "writes", lost_writes), ("lost", "seconds", lost_span)];
        measures.map(|(measure, unit, spread)| {
            let mut row = [&store.name, fault, measure, unit].map(String::from).to_vec();
            row.push(spread.count.to_string());
            row.extend([three(spread.p50), three(spread.p95)].concat());
            row.push(finite(spread.max));
            row
        })
    });
    written(head, rows)
}

/// What clients of stores saw around the worst outage: one row a store, slice of time and measure.
pub fn clients(specification: &Specification, slices: &[ClientSlice]) -> String {
    let head =
        ["store", "from_seconds", "until_seconds", "measure", "unit", "value", "low", "high", "sample"];
    let seconds = |at: Instant| (at - Instant::ZERO).seconds().to_string();
    let rows = slices.iter().flat_map(|slice| {
        let row = |measure: &str, unit: &str, values: [String; 3]| {
            let store = specification.stores[slice.store].name.clone();
            let mut row = vec![store, seconds(slice.from), seconds(slice.until), measure.into(), unit.into()];
            row.extend(values);
            row.push(slice.sessions.to_string());
            row
        };
        let rate = [slice.rate.to_string(), String::new(), String::new()];
        let mut rows = vec![row("operations", "per second", rate)];
        let anomalies = slice.anomalies.iter();
        rows.extend(
            anomalies.map(|seen| row(seen.anomaly.name(), "per million operations", three(seen.of_all))),
        );
        for (name, median) in [("read p50", slice.reads), ("write p50", slice.writes)] {
            rows.push(row(name, "seconds", three(median)));
        }
        rows
    });
    written(head, rows)
}

/// What clients of stores saw: one row a store and measure.
fn consistency(outcome: &Outcome) -> String {
    let row = |store: &str, measure: &str, unit: &str, estimate: Estimate| {
        let [value, low, high] = three(estimate);
        let names = [store, measure, unit].map(str::to_owned);
        let method = method(estimate.method).to_owned();
        names.into_iter().chain([value, low, high, method, estimate.sample.to_string()]).collect::<Vec<_>>()
    };
    let rows = outcome.stores.iter().filter_map(|store| Some((&store.name, store.consistency.as_ref()?)));
    let rows = rows.flat_map(|(store, seen)| {
        let mut rows = vec![row(store, "operations", "per year", seen.operations)];
        for anomaly in &seen.anomalies {
            let name = anomaly.anomaly.name();
            rows.push(row(store, name, "per million operations", anomaly.of_all));
            rows.push(row(store, name, "per million eligible", anomaly.of_eligible));
        }
        let all = [("read", seen.reads), ("write", seen.writes), ("stale-for", seen.stale_for)];
        let mut times: Vec<(String, Percentiles)> = all.map(|(name, law)| (name.to_owned(), law)).into();
        for of in &seen.populations {
            times.push((format!("read of {}", of.population), of.reads));
            times.push((format!("write of {}", of.population), of.writes));
        }
        for (name, law) in times {
            for (part, estimate) in [("p50", law.p50), ("p99", law.p99), ("p99.9", law.p999)] {
                rows.push(row(store, &format!("{name} {part}"), "seconds", estimate));
            }
        }
        rows
    });
    written(["store", "measure", "unit", "value", "low", "high", "method", "sample"], rows)
}

fn blame(outcome: &Outcome) -> String {
    let rows = outcome.scopes.iter().flat_map(|scope| {
        scope.by_both.iter().map(|&(mechanism, source, lost)| {
            let root = source_name(&outcome.sources, source);
            [
                scope.name.clone(),
                mechanism.name().to_owned(),
                root,
                number::twelve_digits(lost.requests()).to_string(),
                lost.nanos().to_string(),
            ]
        })
    });
    written(["scope", "mechanism", "root", "lost_requests", "lost_nanorequests"], rows)
}

/// The law of the downtime of one horizon: every replication's, sorted.
fn downtimes(outcome: &Outcome) -> String {
    let rows = outcome.scopes.iter().flat_map(|scope| {
        let shares = scope
            .unavailabilities
            .iter()
            .map(|share| share.to_string())
            .chain(std::iter::repeat(String::new()));
        scope.downtimes.iter().zip(shares).enumerate().map(|(rank, (downtime, share))| {
            [scope.name.clone(), (rank + 1).to_string(), downtime.seconds().to_string(), share]
        })
    });
    written(["scope", "rank", "downtime_seconds", "unavailability_share"], rows)
}

/// The survivability table: one row a survivor of each loss.
pub fn drill(drills: &[DrillOutcome]) -> String {
    let head = [
        "lost",
        "kind",
        "sites_lost",
        "served_share",
        "detection_seconds",
        "full_service_seconds",
        "lost_until_settled_requests",
        "lost_requests",
        "survivor",
        "survivor_load_peak_rps",
        "survivor_capacity_rps",
        "lasts_seconds",
        "phases",
        "detection_seconds_best",
        "detection_seconds_worst",
        "full_service_seconds_best",
        "full_service_seconds_worst",
        "lost_requests_best",
        "lost_requests_worst",
    ];
    written(head, drills.iter().flat_map(drill_rows))
}

fn drill_rows(drill: &DrillOutcome) -> Vec<[String; 19]> {
    let seconds = |span: Option<sim::Span>| span.map_or(String::new(), |span| span.seconds().to_string());
    let row = |survivor: [String; 3]| {
        let [site, load, capacity] = survivor;
        [
            drill.name.clone(),
            drill.kind.clone(),
            drill.sites_lost.join(" "),
            drill.served.to_string(),
            seconds(drill.detection.map(|span| span.mean)),
            seconds(drill.full_service.map(|span| span.mean)),
            number::twelve_digits(drill.lost_until_settled.requests()).to_string(),
            number::twelve_digits(drill.lost.mean.requests()).to_string(),
            site,
            load,
            capacity,
            drill.lasts.seconds().to_string(),
            drill.phases.to_string(),
            seconds(drill.detection.map(|span| span.best)),
            seconds(drill.detection.map(|span| span.worst)),
            seconds(drill.full_service.map(|span| span.best)),
            seconds(drill.full_service.map(|span| span.worst)),
            drill.lost.best.requests().to_string(),
            drill.lost.worst.requests().to_string(),
        ]
    };
    if drill.survivors.is_empty() {
        return vec![row([String::new(), String::new(), String::new()])];
    }
    let survivor = |survivor: &models::outcome::SurvivorLoad| {
        let capacity = survivor.capacity.map_or(String::new(), |capacity| capacity.to_string());
        row([survivor.site.clone(), survivor.load.to_string(), capacity])
    };
    drill.survivors.iter().map(survivor).collect()
}

/// What each loss does to each store: one row both.
pub fn drilled_stores(drills: &[DrillOutcome]) -> String {
    let head = [
        "lost",
        "store",
        "recovery_seconds",
        "recovery_seconds_best",
        "recovery_seconds_worst",
        "lost_writes",
        "lost_writes_best",
        "lost_writes_worst",
    ];
    let rows = drills.iter().flat_map(|drill| {
        drill.stores.iter().map(|store| {
            let seconds = |of: fn(&Phased<Span>) -> Span| {
                store.recovery.as_ref().map_or(String::new(), |span| of(span).seconds().to_string())
            };
            let Phased { mean, best, worst } = store.lost_writes;
            let lost = [mean, best, worst].map(|writes| writes.to_string());
            let [mean, best, worst] = lost;
            let recovery = [seconds(|span| span.mean), seconds(|span| span.best), seconds(|span| span.worst)];
            let [soon, soonest, latest] = recovery;
            [drill.name.clone(), store.name.clone(), soon, soonest, latest, mean, best, worst]
        })
    });
    written(head, rows)
}

/// The worst episode at every breakpoint, in long form: one row a population and site that it is
/// answered or sent to.
pub fn timeline(specification: &Specification, story: &Story) -> String {
    let head = [
        "seconds",
        "end_of_stretch",
        "population",
        "site",
        "offered_rps",
        "answer_share",
        "traffic_share",
        "site_up",
        "site_load_rps",
        "site_capacity_rps",
    ];
    written(head, breakpoints(story).flat_map(|frame| frame_rows(specification, frame)))
}

/// Moments between changes that are written at most.
const MOMENTS: f64 = 400.0;

/// The frames at every change, and as many between as a curve needs.
fn breakpoints(story: &Story) -> impl Iterator<Item = &Frame> {
    let pause = (story.until - story.from).seconds() / MOMENTS;
    let instants: BTreeSet<Instant> = story.changes.iter().map(|change| change.at).collect();
    let mut last: Option<Instant> = None;
    story.frames.iter().filter(move |frame| {
        let paused = last.is_none_or(|last| (frame.at - last).seconds() >= pause);
        let changes = instants.contains(&frame.at);
        if paused {
            last = Some(frame.at);
        }
        paused || changes
    })
}

fn frame_rows(specification: &Specification, frame: &Frame) -> Vec<[String; 10]> {
    let mut rows = Vec::new();
    for (population, state) in specification.populations.rows().iter().zip(&frame.populations) {
        for ((id, site), truth) in specification.sites.iter().zip(&frame.sites) {
            let share = |shares: &[(_, f64)]| {
                shares.iter().filter(|(of, _)| *of == id).map(|(_, share)| share).sum::<f64>()
            };
            let [answer, traffic] =
                [share(&state.answer), share(&state.shares)].map(|share| share.to_string());
            let capacity = truth.capacity.map_or(String::new(), |capacity| capacity.to_string());
            rows.push([
                frame.at.seconds().to_string(),
                frame.closing.to_string(),
                population.name.clone(),
                site.name.clone(),
                state.offered.to_string(),
                answer,
                traffic,
                truth.up.to_string(),
                truth.load.to_string(),
                capacity,
            ]);
        }
    }
    rows
}

/// What each population lost at every breakpoint, in long form: one row a population and mechanism that loses.
pub fn losses(specification: &Specification, story: &Story) -> String {
    let rows = breakpoints(story).flat_map(|frame| {
        let of = |(population, state): (&models::specification::Population, &PopulationFrame)| {
            let losing = Mechanism::ALL.into_iter().filter(|mechanism| state.lost[mechanism.index()] > 0.0);
            let row = |mechanism: Mechanism| {
                let lost = state.lost[mechanism.index()].to_string();
                [
                    frame.at.seconds().to_string(),
                    frame.closing.to_string(),
                    population.name.clone(),
                    mechanism.name().to_owned(),
                    lost,
                ]
            };
            losing.map(row).collect::<Vec<_>>()
        };
        specification.populations.rows().iter().zip(&frame.populations).flat_map(of).collect::<Vec<_>>()
    });
    written(["seconds", "end_of_stretch", "population", "mechanism", "lost_rps"], rows)
}

/// The verdicts of a check: one row an expectation of each scenario.
pub fn check(scenarios: &[(String, &Outcome)]) -> String {
    let rows = scenarios.iter().flat_map(|(file, outcome)| {
        outcome.expectations.iter().map(|judged| {
            let [value, low, high] = judged.measured.map_or_else(Default::default, three);
            [
                file.clone(),
                judged.text.clone(),
                judged.target.to_string(),
                value,
                low,
                high,
                judged.verdict.to_string(),
            ]
        })
    });
    written(
        ["scenario", "expectation", "target", "measured", "measured_low", "measured_high", "verdict"],
        rows,
    )
}
