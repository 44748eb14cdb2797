//! What the clients of each store saw.

use crate::document::Document;
use crate::number::{self, Scale, count_scale, time_scale};
use crate::table::{Cell, Table};
use models::outcome::{
    Anomaly, AnomalyOutcome, Consistency, Estimate, Method, Outcome, Percentiles, PopulationTimes,
};

/// Adds two tables for each store whose clients were looked at.
pub(super) fn tables(outcome: &Outcome, document: &mut Document) {
    for store in &outcome.stores {
        let Some(seen) = &store.consistency else { continue };
        let a_year = count_scale(seen.operations.value).named(seen.operations.value);
        let looked = number::grouped(seen.simulated);
        document.section(format!(
            "What clients of {} see (per million; {a_year} operations a year, {looked} of them looked at)",
            store.name
        ));
        document.table(anomalies(seen));
        document.table(times(seen));
    }
    if outcome.stores.iter().any(|store| store.consistency.is_some()) {
        document.paragraph(
            "Requests that reached no site are not among these operations, and the way from a client to its site is not in \
             these times.",
        );
    }
}

fn anomalies(seen: &Consistency) -> Table {
    let mut table = Table::new(["what", ">of all operations", ">of these", "these"]);
    let possible = |row: &&AnomalyOutcome| row.of_all.method != Method::Exact;
    for row in seen.anomalies.iter().filter(possible) {
        let (what, of) = words(row.anomaly);
        table.row([what.into(), per_million(row.of_all), per_million(row.of_eligible), of.into()]);
    }
    table
}

fn per_million(estimate: Estimate) -> Cell {
    match estimate.method {
        Method::NoSample => "-".into(),
        _ => number::estimate(estimate, Scale::PLAIN).into(),
    }
}

/// What an anomaly is called.
pub(crate) fn seen_as(anomaly: Anomaly) -> &'static str {
    words(anomaly).0
}

/// What it is called, and the operations to which it can happen.
fn words(anomaly: Anomaly) -> (&'static str, &'static str) {
    match anomaly {
        Anomaly::StaleRead => ("stale reads", "answered reads"),
        Anomaly::ReadYourWrites => ("own write missed", "reads after an own write"),
        Anomaly::MonotonicReads => ("back before an earlier read", "reads after a read"),
        Anomaly::ReadAfterLoss => ("lost writes missed", "answered reads"),
        Anomaly::LostWrite => ("writes lost", "acknowledged writes"),
        Anomaly::ReadThenLost => ("read, then lost", "acknowledged writes"),
        Anomaly::TwoWriters => ("written beside the writer", "acknowledged writes"),
        Anomaly::OutOfOrder => ("not linearisable", "answered operations"),
        Anomaly::MonotonicWrites => ("before an own earlier write", "writes after an own write"),
        Anomaly::WritesFollowReads => ("written before what was read", "writes after a read"),
        Anomaly::LostUpdate => ("updates lost to another", "acknowledged updates"),
        Anomaly::DroppedWrite => ("dropped: the last writer won", "acknowledged writes"),
        Anomaly::WriteInThePast => ("written in the past", "accepted writes"),
        Anomaly::Refused => ("refused or unanswered", "all operations"),
        Anomaly::Unknown => ("outcome unknown", "writes"),
    }
}

fn times(seen: &Consistency) -> Table {
    let apart = !seen.populations.is_empty();
    let mut table = if apart {
        Table::new(["time of", "clients", ">median", ">p99", ">p99.9"])
    } else {
        Table::new(["time of", ">median", ">p99", ">p99.9"])
    };
    let mut add = |what: &str, clients: &str, law: Percentiles| {
        let names = if apart { vec![what.into(), clients.into()] } else { vec![what.into()] };
        let cells = [law.p50, law.p99, law.p999].map(|estimate| match estimate.method {
            Method::NoSample => Cell::from("-"),
            _ => number::estimate(estimate, time_scale(estimate.value)).into(),
        });
        table.row(names.into_iter().chain(cells));
    };
    let times = |times: &PopulationTimes| [times.reads, times.writes];
    let laws = [("reads", seen.reads), ("writes", seen.writes)];
    for (index, (what, law)) in laws.into_iter().enumerate() {
        add(what, "all", law);
        seen.populations.iter().for_each(|of| add("", &of.population, times(of)[index]));
    }
    add("staleness", if apart { "all" } else { "" }, seen.stale_for);
    table
}
