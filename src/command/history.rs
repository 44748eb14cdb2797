//! `history`: single reads and writes of a store, for checkers of consistency.

use crate::arguments::{History, HistoryFormat};
use crate::console;
use crate::engine;
use crate::failure::Failure;
use crate::input::{self, Scenario};
use crate::progress::Audience;
use models::operations::PrimaryCounts;
use models::operations::leaderless::Counts;
use models::specification::StoreId;
use models::study::{Asked, Played};
use sim::{Instant, Span};

/// Shown before the worst outage.
const BEFORE: Span = Span::MINUTE;

/// Writes it to standard output, and what an omniscient observer says of it to standard error.
pub(super) fn run(asked: &History, audience: Audience) -> Result<(), Failure> {
    let scenario = input::scenario(&asked.file, &asked.changes)?;
    let wanted = wanted(asked, &scenario, audience)?;
    let played = engine::history(&scenario, &wanted)?;
    let history = played.history();
    let mut bytes = Vec::new();
    let written = match (asked.format, &played) {
        (HistoryFormat::Jsonl, _) => history.write_json_lines(&mut bytes),
        (HistoryFormat::EdnRegister, _) => history.write_edn_registers(&mut bytes),
        (HistoryFormat::EdnList, Played::OneWriter(_)) => history.write_edn_lists(&mut bytes),
        (HistoryFormat::EdnList, Played::ManyWriters(_)) => {
            return Err(Failure::said(
                "--format edn-list: lists are appended to by one writer at a time; here the last writer wins: \
                 use edn-register"
                    .to_owned(),
            ));
        }
    };
    written.map_err(|error| Failure::said(format!("cannot write the history: {error}")))?;
    console::answer(&String::from_utf8_lossy(&bytes))?;
    console::complain(&match &played {
        Played::OneWriter(tally) => one_writer(&tally.counts),
        Played::ManyWriters(tally) => many_writers(&tally.counts),
    });
    Ok(())
}

fn wanted(asked: &History, scenario: &Scenario, audience: Audience) -> Result<Asked, Failure> {
    let store = store(asked, scenario)?;
    let at = asked.at.as_deref().map(|at| duration("--at", at)).transpose()?;
    let worst = match (at, asked.replication) {
        (Some(_), Some(_)) => None,
        _ => engine::run(scenario, asked.running.threads, audience)?.worst,
    };
    let begins = worst.map_or(Span::ZERO, |worst| (worst.from - Instant::ZERO - BEFORE).max(Span::ZERO));
    let from = Instant::ZERO + at.unwrap_or(begins);
    if from >= Instant::ZERO + scenario.specification.run.horizon {
        return Err(Failure::said("--at: it is not before the end of the run".to_owned()));
    }
    let replication = asked.replication.or(worst.map(|worst| worst.replication)).unwrap_or(0);
    if replication >= scenario.specification.run.replications {
        let last = scenario.specification.run.replications - 1;
        return Err(Failure::said(format!("--replication {replication}: the replications are 0 to {last}")));
    }
    Ok(Asked {
        store,
        replication,
        from,
        lasts: duration("--for", &asked.lasts)?,
        keys: asked.keys,
        sessions: asked.sessions,
        think: duration("--think", &asked.think)?.max(Span::NANOSECOND),
        patience: duration("--patience", &asked.patience)?,
    })
}

fn store(asked: &History, scenario: &Scenario) -> Result<StoreId, Failure> {
    let stores = &scenario.specification.stores;
    let named = |name: &String| stores.position(|store| store.name == *name);
    match &asked.store {
        Some(name) => named(name).ok_or_else(|| {
            let known: Vec<&str> = stores.rows().iter().map(|store| store.name.as_str()).collect();
            Failure::said(format!("--store {name}: the stores are: {}", known.join(", ")))
        }),
        None => stores.ids().next().ok_or_else(|| {
            Failure::said(format!("{}: it has no store to write a history of", scenario.shown()))
        }),
    }
}

fn duration(option: &str, text: &str) -> Result<Span, Failure> {
    scenarios::duration(text).map_err(|reason| Failure::said(format!("{option} {text}: {reason}")))
}

fn one_writer(counts: &PrimaryCounts) -> String {
    table(&[
        (counts.reads, "reads answered"),
        (counts.writes, "writes acknowledged"),
        (counts.failed_reads, "reads not answered"),
        (counts.refused_writes, "writes refused"),
        (counts.unknown_writes, "writes of unknown outcome"),
        (counts.stale, "stale reads"),
        (counts.stale_after_loss, "reads that miss a lost write only"),
        (counts.forgot_own_write, "reads that miss a write of their own session"),
        (counts.went_back, "reads before what their session had read"),
        (counts.lost, "acknowledged writes lost"),
        (counts.read_then_lost, "of these, read before they were lost"),
        (counts.superseded, "writes accepted by a former writer"),
        (counts.out_of_order(), "operations out of order: not linearisable"),
    ])
}

fn many_writers(counts: &Counts) -> String {
    table(&[
        (counts.reads, "reads answered"),
        (counts.writes, "writes acknowledged"),
        (counts.failed_reads + counts.refused_reads, "reads not answered"),
        (counts.refused_writes, "writes refused"),
        (counts.unknown_writes, "writes of unknown outcome"),
        (counts.stale, "stale reads"),
        (counts.forgot_own_write, "reads that miss a write of their own session"),
        (counts.went_back, "reads before what their session had read"),
        (counts.wrote_before_own, "writes ordered before an earlier one of their session"),
        (counts.wrote_before_read, "writes ordered before what their session had read"),
        (counts.dropped, "writes dropped for a concurrent one: the last writer wins"),
        (counts.dropped_by_earlier, "of these, for one that was accepted earlier"),
        (counts.lost, "acknowledged writes lost"),
    ])
}

fn table(rows: &[(u64, &str)]) -> String {
    let line = |(count, what): &(u64, &str)| format!("{count:>9}  {what}");
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}
