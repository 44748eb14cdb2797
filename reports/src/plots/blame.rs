//! What lost requests are charged to: mechanisms above, faults below, each fault divided by mechanism.

use super::axis::Axis;
use super::pen::{Anchor, GREY, INK, LARGE, PALETTE, Pen, SMALL, drawn, readable_on};
use crate::json::source_name;
use crate::number;
use crate::table::{chars, shortened};
use models::blame::{Mechanism, SourceId};
use models::outcome::{Outcome, ScopeOutcome};
use models::volume::Volume;
use plotters::style::RGBColor;

const WIDTH: f64 = 900.0;
const LEFT: f64 = 210.0;
const RIGHT: f64 = 800.0;
const ROW: f64 = 26.0;
/// Bars of faults; the rest is in the CSV.
const FAULTS: usize = 10;

/// The colour of a mechanism, the same in every plot.
pub(super) fn colour(mechanism: Mechanism) -> RGBColor {
    match mechanism {
        Mechanism::Undetected => PALETTE[5],
        Mechanism::StaleRoute => PALETTE[1],
        Mechanism::NoRoute => INK,
        Mechanism::Overload => PALETTE[6],
        Mechanism::Partition => PALETTE[3],
        Mechanism::Grey => GREY,
        Mechanism::NoWriter => PALETTE[2],
    }
}

/// The plot.
pub(super) fn plot(outcome: &Outcome, scope: &ScopeOutcome) -> String {
    let mechanisms: Vec<_> = scope.by_mechanism.iter().filter(|(_, lost)| !lost.is_zero()).collect();
    let faults = &scope.by_source[..scope.by_source.len().min(FAULTS)];
    let height = 150.0 + ROW * (mechanisms.len() + faults.len()) as f64;
    drawn(WIDTH, height, |pen| {
        let total = scope.lost.requests();
        pen.text("How requests were lost", (20.0, 26.0), LARGE, Anchor::Start, INK);
        let greatest = greatest(scope) / total;
        let x = Axis::new((0.0, greatest), (LEFT, RIGHT));
        let mut top = 50.0;
        for (mechanism, lost) in mechanisms {
            row(pen, top, mechanism.name(), lost.requests() / total, &x);
            pen.bar((LEFT, top + 4.0), (x.at(lost.requests() / total), top + ROW - 4.0), colour(*mechanism));
            top += ROW;
        }
        top += 30.0;
        pen.text("The faults at their root, divided by mechanism", (20.0, top), LARGE, Anchor::Start, INK);
        top += 24.0;
        for (source, lost) in faults {
            row(pen, top, &source_name(&outcome.sources, *source), lost.requests() / total, &x);
            segments(pen, top, scope, *source, total, &x);
            whisker(pen, top, scope, *source, &x);
            top += ROW;
        }
        pen.text(&caption(scope), (20.0, height - 18.0), 11.0, Anchor::Start, GREY);
    })
}

fn greatest(scope: &ScopeOutcome) -> f64 {
    let of = |volumes: &mut dyn Iterator<Item = Volume>| volumes.map(Volume::requests).fold(0.0, f64::max);
    let mechanisms = of(&mut scope.by_mechanism.iter().map(|(_, lost)| *lost));
    let faults = of(&mut scope.by_source.iter().map(|(_, lost)| *lost));
    mechanisms.max(faults)
}

fn caption(scope: &ScopeOutcome) -> String {
    let more = scope.by_source.len().saturating_sub(FAULTS);
    let rest = if more > 0 { format!("; {more} smaller roots are not shown") } else { String::new() };
    format!("Shares of the requests lost; lines show the interval of a fault's share{rest}.")
}

/// The name and the share of a bar.
fn row(pen: &Pen, top: f64, name: &str, share: f64, x: &Axis) {
    let middle = top + ROW / 2.0;
    pen.text(&shortened(name, 28), (LEFT - 8.0, middle), SMALL, Anchor::End, INK);
    pen.text(&number::rough_percent(share), (x.ends().1 + 80.0, middle), SMALL, Anchor::End, INK);
}

/// One fault's bar, divided by mechanism; a segment with room for it bears its mechanism's name.
fn segments(pen: &Pen, top: f64, scope: &ScopeOutcome, source: SourceId, total: f64, x: &Axis) {
    let mut from = 0.0;
    for (mechanism, of, lost) in &scope.by_both {
        if *of != source || lost.is_zero() {
            continue;
        }
        let until = from + lost.requests() / total;
        let (left, right) = (x.at(from), x.at(until));
        pen.bar((left, top + 4.0), (right, top + ROW - 4.0), colour(*mechanism));
        if right - left > 7.0 * chars(mechanism.name()) as f64 + 6.0 {
            let ink = readable_on(colour(*mechanism));
            pen.text(mechanism.name(), ((left + right) / 2.0, top + ROW / 2.0), 11.0, Anchor::Middle, ink);
        }
        from = until;
    }
}

fn whisker(pen: &Pen, top: f64, scope: &ScopeOutcome, source: SourceId, x: &Axis) {
    let Some(cause) = scope.causes.iter().find(|cause| cause.source == source) else {
        return;
    };
    let (low, high) = (x.at(cause.share.low), x.at(cause.share.high).min(RIGHT + 20.0));
    let bottom = top + ROW - 4.0;
    if high > low {
        pen.line(&[(low, bottom - 3.0), (low, bottom + 3.0)], INK, 1.0);
        pen.line(&[(low, bottom), (high, bottom)], INK, 1.0);
        pen.line(&[(high, bottom - 3.0), (high, bottom + 3.0)], INK, 1.0);
    }
}
