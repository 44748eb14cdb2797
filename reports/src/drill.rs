//! The survivability table: what the loss of each domain does.

use crate::document::Document;
use crate::number::{self, Scale, count_scale};
use crate::reproduce::Reproduce;
use crate::table::{Cell, Table, Tone};
use models::outcome::{DrillOutcome, DrilledStore, Phased, SurvivorLoad};
use sim::Span;

/// The table as a document.
pub fn document(name: &str, drills: &[DrillOutcome], reproduce: &Reproduce) -> Document {
    let mut document = Document::default();
    document.title(format!("{name}: what each loss does"));
    document.paragraph(how(drills));
    document.lines(vec![String::new()]);
    if drills.is_empty() {
        document.paragraph("nothing of that kind to lose");
    } else {
        document.table(table(drills));
        document.lines(vec![String::new()]);
        document.lines(notes(drills));
        stores(drills, &mut document);
    }
    document.command(reproduce.to_string());
    document
}

/// How a drill is made; every loss of one scenario lasts equally long.
fn how(drills: &[DrillOutcome]) -> String {
    let lasts = drills.first().map_or(String::new(), |drill| {
        format!(" Each loss begins at the busiest hour and lasts {}.", number::span(drill.lasts))
    });
    let settled = "those once traffic has settled, each at its worst time of day";
    match drills.iter().map(|drill| drill.phases).max() {
        Some(plays) if drills.iter().any(|drill| drill.drawn) => format!(
            "Served share and peak load are exact: {settled}.{lasts} Times and losses depend on where the probes are \
             just then, and on how long failovers of stores take: means over {plays} plays, with the best and the worst \
             below."
        ),
        Some(phases) if phases > 1 => format!(
            "Served share and peak load are exact: {settled}.{lasts} Times and losses depend on where the probes are \
             just then: means over {phases} phases spread evenly, with the best and the worst below."
        ),
        _ => format!("Exact.{lasts} Served share and peak load are {settled}."),
    }
}

fn table(drills: &[DrillOutcome]) -> Table {
    let scale = count_scale(drills.iter().map(|drill| drill.lost.mean.requests()).fold(0.0, f64::max));
    let period = drills.first().map_or(String::new(), |drill| number::days(drill.lasts));
    let unit = if scale.name.is_empty() { "requests" } else { scale.name };
    let lost = format!(">{unit} lost in {period}");
    let mut table = Table::new([
        "loss of",
        ">served",
        "fullest survivor",
        ">peak/capacity",
        ">detected after",
        ">up again after",
        &lost,
    ]);
    for drill in drills {
        let fullest = fullest(drill);
        table.row([
            drill.name.clone().into(),
            served(drill),
            fullest.map_or("-", |survivor| survivor.site.as_str()).into(),
            fullest.map_or("-".into(), use_of),
            drill.detection.map_or("not seen".to_owned(), |span| number::span(span.mean)).into(),
            full_service(drill),
            scale.bare(drill.lost.mean.requests()).into(),
        ]);
    }
    table
}

/// The stores that a loss does something to.
fn stores(drills: &[DrillOutcome], document: &mut Document) {
    if drills.iter().all(|drill| drill.stores.is_empty()) {
        return;
    }
    let mut table = Table::new([
        "loss of",
        "store",
        ">written again after",
        ">acknowledged writes lost",
        ">from best to worst",
    ]);
    let mut quiet = true;
    for drill in drills {
        for store in drill.stores.iter().filter(|store| suffers(store)) {
            quiet = false;
            let Phased { mean, best, worst } = store.lost_writes;
            let plain = |writes: f64| Scale::PLAIN.bare(writes);
            table.row([
                drill.name.clone().into(),
                store.name.clone().into(),
                recovery(store),
                plain(mean).into(),
                format!("{} to {}", plain(best), plain(worst)).into(),
            ]);
        }
    }
    document.section("Stores (from the loss until somebody writes them again)");
    if quiet {
        document.paragraph("No loss stops any of them, or loses what was acknowledged.");
    } else {
        document.table(table);
        document.paragraph("What is not here goes on and loses nothing that was acknowledged.");
    }
}

fn suffers(store: &DrilledStore) -> bool {
    store.recovery.is_none_or(|span| !span.worst.is_zero()) || store.lost_writes.worst > 0.0
}

fn recovery(store: &DrilledStore) -> Cell {
    match store.recovery {
        None => Cell { text: "the repair".to_owned(), tone: Tone::Bad },
        Some(span) if span.worst.is_zero() => "at once".into(),
        Some(span) => format!(
            "{} ({} to {})",
            number::span(span.mean),
            number::span(span.best),
            number::span(span.worst)
        )
        .into(),
    }
}

fn served(drill: &DrillOutcome) -> Cell {
    let tone = if drill.served < 1.0 { Tone::Bad } else { Tone::Plain };
    Cell { text: format!("{} %", number::percent(drill.served)), tone }
}

fn full_service(drill: &DrillOutcome) -> Cell {
    match drill.full_service {
        None => Cell { text: "the repair".to_owned(), tone: Tone::Bad },
        Some(span) if span.worst.is_zero() => "at once".into(),
        Some(span) => number::span(span.mean).into(),
    }
}

/// The survivor nearest to its capacity, or over it.
fn fullest(drill: &DrillOutcome) -> Option<&SurvivorLoad> {
    let limited = drill.survivors.iter().filter(|survivor| survivor.capacity.is_some());
    limited.max_by(|a, b| ratio(a).total_cmp(&ratio(b)))
}

fn ratio(survivor: &SurvivorLoad) -> f64 {
    survivor.capacity.map_or(0.0, |capacity| survivor.load / capacity)
}

fn use_of(survivor: &SurvivorLoad) -> Cell {
    let tone = if ratio(survivor) > 1.0 { Tone::Bad } else { Tone::Plain };
    Cell { text: format!("{:.0} %", ratio(survivor) * 100.0), tone }
}

/// For each loss, the sites it takes and every survivor's headroom.
fn notes(drills: &[DrillOutcome]) -> Vec<String> {
    let note = |drill: &DrillOutcome| {
        let lost =
            if drill.sites_lost.is_empty() { "no site".to_owned() } else { drill.sites_lost.join(", ") };
        let headroom: Vec<String> = drill.survivors.iter().map(headroom).collect();
        let left = if headroom.is_empty() { "no survivor".to_owned() } else { headroom.join(", ") };
        let text = format!("{} takes {lost}. Headroom left: {left}{}", drill.name, ranges(drill));
        crate::table::wrapped(&text, crate::table::WIDTH - 4)
    };
    drills.iter().flat_map(|drill| indented(&note(drill))).collect()
}

/// Best to worst over the phases, of what differs among them as it is printed.
fn ranges(drill: &DrillOutcome) -> String {
    let range = |best: String, worst: String| (best != worst).then(|| format!("{best} to {worst}"));
    let times = |what: &str, span: Option<Phased<Span>>| {
        let span = span?;
        Some(format!("{what} after {}", range(number::span(span.best), number::span(span.worst))?))
    };
    let [best, worst] = [drill.lost.best, drill.lost.worst].map(|lost| number::requests(lost.requests()));
    let lost = range(best, worst).map(|range| format!("{range} requests lost"));
    let parts = [times("detected", drill.detection), times("up again", drill.full_service), lost];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    let by = if drill.drawn { "From best to worst" } else { "By phase" };
    if parts.is_empty() { String::new() } else { format!(". {by}: {}", parts.join(", ")) }
}

fn indented(lines: &[String]) -> Vec<String> {
    lines
        .iter()
        .enumerate()
        .map(|(index, line)| format!("  {}{line}", if index == 0 { "" } else { "  " }))
        .collect()
}

fn headroom(survivor: &SurvivorLoad) -> String {
    let left = survivor.capacity.map_or("unlimited".to_owned(), |capacity| {
        format!("{} rps", Scale::PLAIN.bare(capacity - survivor.load))
    });
    format!("{} {left}", survivor.site)
}

#[cfg(test)]
mod tests {
    use crate::sample;
    use snapbox::{assert_data_eq, str};

    #[test]
    fn the_table_says_what_survives() {
        let outcome = sample::outcome();
        let document = super::document("shop", &sample::drills(), &sample::reproduce(&outcome));
        assert_data_eq!(
            document.text(false),
            str![[r#"
shop: what each loss does
  Served share and peak load are exact: those once traffic has settled, each at its worst time of
  day. Each loss begins at the busiest hour and lasts 2 days. Times and losses depend on where the
  probes are just then: means over 16 phases spread evenly, with the best and the worst below.

                    fullest                                                          million lost in
  loss of   served  survivor         peak/capacity  detected after  up again after            2 days
  virginia    75 %  dublin                   133 %          31.2 s      the repair              1.91
  dublin     100 %  virginia                  73 %          31.2 s      1 min 35 s              1.91

  virginia takes virginia. Headroom left: dublin -500 rps. By phase: detected after 26.2 s to 36.2
    s, 1.90 million to 1.92 million requests lost
  dublin takes dublin. Headroom left: virginia 400 rps. By phase: detected after 26.2 s to 36.2 s,
    up again after 1 min 30 s to 1 min 40 s, 1.90 million to 1.92 million requests lost

reproduce: seawall run shop.yaml --seed 7 --replications 100    version 0.1.0  inputs bb93131a  fingerprint d0ec3add793bf425

"#]]
        );
    }
}
