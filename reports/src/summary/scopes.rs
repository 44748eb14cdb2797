//! Tables of scopes and sites.

use super::{Basis, scope_name};
use crate::document::Document;
use crate::number::{self, Scale, time_scale};
use crate::table::{Cell, Table, Tone};
use models::outcome::{Estimate, Lengths, Method, Outcome, ScopeOutcome, SiteOutcome, Spread};
use sim::Span;

/// Adds both tables.
pub(super) fn tables(outcome: &Outcome, document: &mut Document) {
    document
        .section("Who is served (recovery: from the fault that began an outage to its end, median and p95)");
    document.table(scopes(outcome));
    if !outcome.sites.is_empty() {
        document.section("Sites (failed: of the requests that came, by errors or for want of capacity)");
        document.table(sites(outcome));
    }
    if !outcome.stores.is_empty() {
        document.section("Stores (recovery: from the loss of a writer until another one writes)");
        document.table(stores(outcome));
    }
    if outcome.stores.iter().any(|store| store.duties.is_some()) {
        document.section("Duties of owners (missed: nobody could do them; signed twice: two owners could)");
        document.table(duties(outcome));
    }
    if outcome.stores.iter().any(|store| !store.by_fault.is_empty()) {
        document.section("Recovery of stores, by what had failed (median and p95)");
        document.table(recoveries(outcome));
    }
}

fn recoveries(outcome: &Outcome) -> Table {
    let head =
        ["store", "failed", ">seen", ">recovery", ">p95", ">lost writes", ">p95", ">written in", ">p95"];
    let mut table = Table::new(head);
    let faults = outcome.stores.iter().flat_map(|store| store.by_fault.iter().map(move |row| (store, row)));
    for (store, (fault, recovery)) in faults {
        let both = |spread: &Spread, cell: &dyn Fn(f64) -> Cell| -> [Cell; 2] {
            if spread.count == 0 {
                return ["-".into(), "-".into()];
            }
            [cell(spread.p50.value), cell(spread.p95.value)]
        };
        let span = |value: f64| -> Cell { number::span(Span::from_seconds(value)).into() };
        let seen = number::grouped(recovery.time.count.max(recovery.lost_writes.count));
        let mut cells: Vec<Cell> = vec![store.name.clone().into(), fault.clone().into(), seen.into()];
        cells.extend(both(&recovery.time, &span));
        cells.extend(both(&recovery.lost_writes, &|value| Scale::PLAIN.bare(value).into()));
        cells.extend(both(&recovery.lost_span, &span));
        table.row(cells);
    }
    table
}

fn stores(outcome: &Outcome) -> Table {
    let basis = Basis::of(outcome);
    let hand_overs = format!(">new writers{}", basis.words);
    let lost = format!(">lost writes{}", basis.words);
    let rebuilding = outcome.stores.iter().any(|store| store.rebuilding.value > 0.0);
    let mut head = vec![
        "store",
        "writable",
        &hand_overs,
        ">recovery",
        ">p95",
        &lost,
        ">each, median",
        ">p95",
        ">two writers",
    ];
    head.extend(rebuilding.then_some(">rebuilding"));
    let mut table = Table::new(head);
    for store in &outcome.stores {
        let seen = |spread: &Spread, value: f64| -> Cell {
            if spread.count == 0 { "-".into() } else { Scale::PLAIN.bare(value).into() }
        };
        let lasted = |spread: &Spread, value: f64| -> Cell {
            if spread.count == 0 { "-".into() } else { number::span(Span::from_seconds(value)).into() }
        };
        let plain =
            |estimate: Estimate| bare(estimate.value * basis.year_times, Scale::PLAIN, estimate.method);
        let time = |estimate: Estimate| -> Cell {
            let seconds = estimate.value * basis.year_times;
            if seconds > 0.0 { number::span(Span::from_seconds(seconds)).into() } else { "never".into() }
        };
        let mut cells: Vec<Cell> =
            vec![store.name.clone().into(), number::estimate(store.writable, Scale::PERCENT).into()];
        if !store.one_writer {
            // Nothing is handed over.
            cells.extend((0..7).map(|_| Cell::from("-")));
            cells.extend(rebuilding.then(|| "-".into()));
            table.row(cells);
            continue;
        }
        cells.extend([
            plain(store.hand_overs),
            lasted(&store.recovery.time, store.recovery.time.p50.value),
            lasted(&store.recovery.time, store.recovery.time.p95.value),
            plain(store.lost_writes),
            seen(&store.recovery.lost_writes, store.recovery.lost_writes.p50.value),
            seen(&store.recovery.lost_writes, store.recovery.lost_writes.p95.value),
            time(store.two_writers),
        ]);
        cells.extend(rebuilding.then(|| time(store.rebuilding)));
        table.row(cells);
    }
    table
}

fn duties(outcome: &Outcome) -> Table {
    let basis = Basis::of(outcome);
    let (missed, twice) = (format!(">missed{}", basis.words), format!(">signed twice{}", basis.words));
    let mut table = Table::new(["store", missed.as_str(), twice.as_str()]);
    let stores = outcome.stores.iter().filter_map(|store| Some((store, store.duties?)));
    for (store, duties) in stores {
        let cell = |count: Estimate| -> Cell {
            number::estimate(count.map(|count| count * basis.year_times), Scale::PLAIN).into()
        };
        table.row([store.name.clone().into(), cell(duties.missed), cell(duties.double_signs)]);
    }
    table
}

fn scopes(outcome: &Outcome) -> Table {
    let basis = Basis::of(outcome);
    let downtime_scale =
        time_scale(greatest(outcome, |scope| scope.downtime.value.max(0.0) * basis.year_times));
    let recovery_scale =
        time_scale(greatest(outcome, |scope| sampled(&scope.recovery, scope.recovery.p95.value)));
    let downtime_head = format!(">{} not up", downtime_scale.name);
    let (p50, p95) = (format!(">recovery, {}", recovery_scale.name), ">p95".to_owned());
    let outages_head = format!(">outages{}", basis.words);
    let mut table =
        Table::new(["scope", "availability", ">nines", &downtime_head, &outages_head, &p50, &p95]);
    for scope in &outcome.scopes {
        table.row([
            scope_name(scope).into(),
            number::estimate(scope.availability, Scale::PERCENT).into(),
            number::nines_cell(scope.availability).into(),
            bare(scope.downtime.value * basis.year_times, downtime_scale, scope.downtime.method),
            bare(scope.outages.value * basis.year_times, Scale::PLAIN, scope.outages.method),
            length_cell(&scope.recovery, scope.recovery.p50.value, recovery_scale),
            length_cell(&scope.recovery, scope.recovery.p95.value, recovery_scale),
        ]);
    }
    table
}

fn greatest(outcome: &Outcome, of: impl Fn(&ScopeOutcome) -> f64) -> f64 {
    outcome.scopes.iter().map(of).fold(0.0, f64::max)
}

fn sampled(lengths: &Lengths, value: f64) -> f64 {
    if lengths.count == 0 { 0.0 } else { value }
}

fn length_cell(lengths: &Lengths, value: f64, scale: Scale) -> Cell {
    if lengths.count == 0 { "-".into() } else { scale.bare(value).into() }
}

fn bare(value: f64, scale: Scale, method: Method) -> Cell {
    match method {
        Method::NoSample => "-".into(),
        Method::NoneSeen => "none seen".into(),
        _ => scale.bare(value).into(),
    }
}

fn sites(outcome: &Outcome) -> Table {
    let basis = Basis::of(outcome);
    let flips = format!(">flips{}", basis.words);
    let mut table = Table::new([
        "site",
        "reachable",
        ">failed",
        ">mean rps",
        ">peak rps",
        ">capacity",
        ">peak/capacity",
        &flips,
    ]);
    for site in &outcome.sites {
        table.row([
            site.name.clone().into(),
            number::estimate(site.availability, Scale::PERCENT).into(),
            failed(site.failed),
            number::significant(site.load_mean, 3).into(),
            number::significant(site.load_peak, 3).into(),
            site.capacity.map_or("unlimited".to_owned(), |capacity| number::significant(capacity, 3)).into(),
            use_of(site),
            number::significant(site.flips * basis.year_times, 2).into(),
        ]);
    }
    table
}

/// A small share with two significant digits.
fn failed(share: f64) -> Cell {
    if share <= 0.0 { "0 %".into() } else { format!("{} %", number::significant(share * 100.0, 2)).into() }
}

/// Peak load as a percentage of the capacity; over 100 % is bad news.
fn use_of(site: &SiteOutcome) -> Cell {
    let Some(capacity) = site.capacity.filter(|capacity| *capacity > 0.0) else {
        return "-".into();
    };
    let ratio = site.load_peak / capacity;
    let tone = if ratio > 1.0 { Tone::Bad } else { Tone::Plain };
    Cell { text: format!("{:.0} %", ratio * 100.0), tone }
}
