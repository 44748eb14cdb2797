//! What clients of stores saw around the worst outage: shares of their operations on a logarithmic scale, a panel a
//! store.

use super::axis::{Axis, time_step};
use super::pen::{Anchor, FAINT, GREY, INK, LARGE, PALETTE, Pen, SMALL, drawn};
use crate::number;
use crate::summary::seen_as;
use crate::table::shortened;
use models::outcome::{Anomaly, Worst};
use models::specification::Specification;
use models::study::ClientSlice;
use plotters::style::RGBColor;

const WIDTH: f64 = 900.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 690.0;
const TOP: f64 = 76.0;
const PANEL: f64 = 150.0;
const GAP: f64 = 56.0;
const LINE: f64 = 17.0;
/// The scale: powers of ten of a share of all operations, and what they are called.
const POWERS: [(f64, &str); 5] =
    [(-4.0, "0.01 %"), (-3.0, "0.1 %"), (-2.0, "1 %"), (-1.0, "10 %"), (0.0, "100 %")];

/// The plot.
pub(super) fn plot(specification: &Specification, worst: Worst, slices: &[ClientSlice]) -> String {
    let panels: Vec<&[ClientSlice]> = slices.chunk_by(|a, b| a.store == b.store).collect();
    let bottom = TOP + (PANEL + GAP) * panels.len() as f64;
    drawn(WIDTH, bottom + 20.0, |pen| {
        pen.text(&title(worst), (20.0, 26.0), LARGE, Anchor::Start, INK);
        pen.text("time since it began", ((LEFT + RIGHT) / 2.0, bottom), SMALL, Anchor::Middle, GREY);
        for (index, slices) in panels.iter().enumerate() {
            let top = TOP + (PANEL + GAP) * index as f64;
            panel(pen, &specification.stores[slices[0].store].name, worst, slices, top);
        }
    })
}

fn title(worst: Worst) -> String {
    let when = number::instant(worst.from);
    format!("What clients saw around the worst outage: replication {}, {when}", worst.replication)
}

fn panel(pen: &Pen, name: &str, worst: Worst, slices: &[ClientSlice], top: f64) {
    let seconds = |at: sim::Instant| (at - worst.from).seconds();
    let times = (seconds(slices[0].from), seconds(slices[slices.len() - 1].until));
    let x = Axis::new(times, (LEFT, RIGHT));
    let y = Axis::new((POWERS[0].0, POWERS[4].0), (top + PANEL, top));
    pen.text(&shortened(name, 60), (LEFT, top - 14.0), SMALL, Anchor::Start, INK);
    grid(pen, &x, &y, times.1 - times.0);
    for (index, (anomaly, colour)) in drawn_lines(slices).into_iter().enumerate() {
        let line = steps(slices, anomaly, |at| x.at(seconds(at)), &y);
        pen.line(&line, colour, 1.75);
        let middle = top + 8.0 + LINE * index as f64;
        pen.bar((RIGHT + 16.0, middle - 5.0), (RIGHT + 26.0, middle + 5.0), colour);
        pen.text(seen_as(anomaly), (RIGHT + 32.0, middle), SMALL, Anchor::Start, INK);
    }
}

fn grid(pen: &Pen, x: &Axis, y: &Axis, range: f64) {
    for (power, name) in POWERS {
        let at = y.at(power);
        pen.line(&[(LEFT, at), (RIGHT, at)], FAINT, 1.0);
        pen.text(name, (LEFT - 6.0, at), SMALL, Anchor::End, INK);
    }
    let (bottom, top) = y.ends();
    for value in x.multiples(time_step(range, 9.0)) {
        let at = x.at(value);
        pen.line(&[(at, bottom), (at, bottom + 5.0)], INK, 1.0);
        pen.text(&number::signed_length(value), (at, bottom + 16.0), SMALL, Anchor::Middle, INK);
    }
    pen.dashes((x.at(0.0), top), (x.at(0.0), bottom), INK);
}

/// What was seen at all, at most as much as there are colours.
fn drawn_lines(slices: &[ClientSlice]) -> Vec<(Anomaly, RGBColor)> {
    let rows = slices[0].anomalies.iter().map(|row| row.anomaly);
    let seen = rows.filter(|anomaly| slices.iter().any(|slice| share(slice, *anomaly) > 0.0));
    seen.zip(PALETTE).collect()
}

/// The line of an anomaly: level in each slice, at the bottom where none was seen.
fn steps(
    slices: &[ClientSlice],
    anomaly: Anomaly,
    x: impl Fn(sim::Instant) -> f64,
    y: &Axis,
) -> Vec<(f64, f64)> {
    let level = |slice: &ClientSlice| {
        let share = share(slice, anomaly).max(f64::MIN_POSITIVE);
        y.at(libm::log10(share).clamp(POWERS[0].0, POWERS[4].0))
    };
    slices.iter().flat_map(|slice| [(x(slice.from), level(slice)), (x(slice.until), level(slice))]).collect()
}

fn share(slice: &ClientSlice, anomaly: Anomaly) -> f64 {
    let row = slice.anomalies.iter().find(|row| row.anomaly == anomaly);
    row.map_or(0.0, |row| row.of_all.value / 1e6)
}
