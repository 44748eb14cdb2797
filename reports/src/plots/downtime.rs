//! The law of the downtime of one horizon: in what share of them is more than x not up?

use super::axis::Axis;
use super::pen::{Anchor, FAINT, GREY, INK, LARGE, PALETTE, Pen, SMALL, drawn};
use crate::number;
use models::outcome::ScopeOutcome;
use sim::Span;

const SIZE: (f64, f64) = (900.0, 480.0);
/// Left, top, right, bottom of the axes.
const BOX: (f64, f64, f64, f64) = (84.0, 64.0, 860.0, 400.0);

/// Downtimes at which the logarithmic axis has a mark: seconds, and what to call them.
const MARKS: [(f64, &str); 14] = [
    (1.0, "1 s"),
    (3.0, "3 s"),
    (10.0, "10 s"),
    (30.0, "30 s"),
    (60.0, "1 min"),
    (180.0, "3 min"),
    (600.0, "10 min"),
    (1800.0, "30 min"),
    (3600.0, "1 h"),
    (10_800.0, "3 h"),
    (36_000.0, "10 h"),
    (86_400.0, "1 day"),
    (259_200.0, "3 days"),
    (864_000.0, "10 days"),
];

/// The plot. Times under a second count as one.
pub(super) fn plot(scope: &ScopeOutcome, horizon: Span) -> String {
    let seconds: Vec<f64> = scope.downtimes.iter().map(|span| span.seconds()).collect();
    drawn(SIZE.0, SIZE.1, |pen| {
        let period = number::horizon(horizon);
        pen.text(
            &format!("Time not up in {period}: the share of replications with more"),
            (BOX.0, 26.0),
            LARGE,
            Anchor::Start,
            INK,
        );
        let (x, y) = axes(&seconds);
        grid(pen, &x, &y);
        budgets(pen, &x, horizon);
        curve(pen, &seconds, &x, &y);
        quantiles(pen, &seconds, &x, &y);
    })
}

fn logarithm(seconds: f64) -> f64 {
    libm::log10(seconds.max(1.0))
}

fn axes(seconds: &[f64]) -> (Axis, Axis) {
    let least = seconds.iter().copied().find(|x| *x > 0.0).unwrap_or(1.0);
    let most = seconds.last().copied().unwrap_or(1.0).max(10.0 * least);
    let x = Axis::new((logarithm(least / 2.0), logarithm(most * 1.3)), (BOX.0, BOX.2));
    (x, Axis::new((0.0, 1.0), (BOX.3, BOX.1)))
}

fn grid(pen: &Pen, x: &Axis, y: &Axis) {
    for share in y.multiples(0.25) {
        let at = y.at(share);
        pen.line(&[(BOX.0, at), (BOX.2, at)], FAINT, 1.0);
        pen.text(&format!("{:.0} %", share * 100.0), (BOX.0 - 8.0, at), SMALL, Anchor::End, INK);
    }
    for (seconds, name) in MARKS {
        let at = x.at(logarithm(seconds));
        if (BOX.0..=BOX.2).contains(&at) {
            pen.line(&[(at, BOX.3), (at, BOX.3 + 5.0)], INK, 1.0);
            pen.text(name, (at, BOX.3 + 16.0), SMALL, Anchor::Middle, INK);
        }
    }
    pen.line(&[(BOX.0, BOX.3), (BOX.2, BOX.3)], INK, 1.0);
    pen.upright("share of replications", (20.0, (BOX.1 + BOX.3) / 2.0), SMALL);
    pen.text("time not up, logarithmic", ((BOX.0 + BOX.2) / 2.0, BOX.3 + 38.0), SMALL, Anchor::Middle, INK);
}

/// What so many nines of time allow in the horizon.
fn budgets(pen: &Pen, x: &Axis, horizon: Span) {
    for (nines, share) in [("99 %", 1e-2), ("99.9 %", 1e-3), ("99.99 %", 1e-4), ("99.999 %", 1e-5)] {
        let at = x.at(logarithm(horizon.seconds() * share));
        if horizon.seconds() * share >= 1.0 && (BOX.0 + 20.0..=BOX.2 - 10.0).contains(&at) {
            pen.dashes((at, BOX.1), (at, BOX.3), GREY);
            pen.text(&format!("{nines} of the time"), (at, BOX.1 - 10.0), 11.0, Anchor::Middle, GREY);
        }
    }
}

/// The share of the sample above each value: a falling staircase.
fn curve(pen: &Pen, seconds: &[f64], x: &Axis, y: &Axis) {
    let count = seconds.len() as f64;
    let quiet = seconds.iter().filter(|x| **x <= 0.0).count();
    let mut level = y.at(1.0 - quiet as f64 / count);
    let mut points = vec![(BOX.0, level)];
    for (index, value) in seconds.iter().enumerate().skip(quiet) {
        let at = x.at(logarithm(*value)).clamp(BOX.0, BOX.2);
        points.push((at, level));
        level = y.at(1.0 - (index + 1) as f64 / count);
        points.push((at, level));
    }
    points.push((BOX.2, level));
    pen.line(&points, PALETTE[0], 2.0);
}

/// Median, 90th and 99th percentile, marked on the curve.
fn quantiles(pen: &Pen, seconds: &[f64], x: &Axis, y: &Axis) {
    for (share, name) in [(0.5, "half of them"), (0.9, "1 in 10"), (0.99, "1 in 100")] {
        let rank = ((share * seconds.len() as f64).ceil() as usize).clamp(1, seconds.len());
        let value = seconds[rank - 1];
        if value <= 0.0 || (1.0 - share) * (seconds.len() as f64) < 1.0 {
            continue;
        }
        let (at, level) = (x.at(logarithm(value)), y.at(1.0 - share));
        pen.bar((at - 3.0, level - 3.0), (at + 3.0, level + 3.0), PALETTE[5]);
        let text = format!("{name}: more than {}", number::length(value));
        // The curve falls to the right: above it on the right and below it on the left is free.
        let (anchor, place) = if at > BOX.2 - 220.0 {
            (Anchor::End, (at - 8.0, (level + 12.0).min(BOX.3 - 9.0)))
        } else {
            (Anchor::Start, (at + 8.0, level - 10.0))
        };
        pen.text(&text, place, SMALL, anchor, INK);
    }
}
