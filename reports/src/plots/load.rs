//! The load of each site: mean and peak against its capacity.

use super::axis::{Axis, round_step, tick};
use super::pen::{Anchor, FAINT, GREY, INK, LARGE, PALETTE, Pen, SMALL, drawn};
use crate::number::count_scale;
use crate::table::shortened;
use models::outcome::SiteOutcome;

const WIDTH: f64 = 900.0;
const LEFT: f64 = 190.0;
const RIGHT: f64 = 700.0;
const TOP: f64 = 64.0;
const ROW: f64 = 30.0;

/// The plot.
pub(super) fn plot(sites: &[SiteOutcome]) -> String {
    let bottom = TOP + ROW * sites.len() as f64;
    drawn(WIDTH, bottom + 60.0, |pen| {
        pen.text("Load of each site against its capacity", (20.0, 26.0), LARGE, Anchor::Start, INK);
        let most =
            sites.iter().map(|site| site.capacity.unwrap_or(0.0).max(site.load_peak)).fold(0.0, f64::max);
        let x = Axis::new((0.0, most * 1.02), (LEFT, RIGHT));
        grid(pen, &x, most, bottom);
        for (index, site) in sites.iter().enumerate() {
            row(pen, site, &x, TOP + ROW * index as f64);
        }
    })
}

fn grid(pen: &Pen, x: &Axis, most: f64, bottom: f64) {
    let scale = count_scale(most);
    for value in x.multiples(round_step(most, 6.0)) {
        let at = x.at(value);
        pen.line(&[(at, TOP), (at, bottom)], FAINT, 1.0);
        pen.text(&tick(value / scale.size), (at, bottom + 14.0), SMALL, Anchor::Middle, INK);
    }
    let unit = if scale.name.is_empty() { String::new() } else { format!("{} ", scale.name) };
    pen.text(
        &format!("{unit}requests per second"),
        ((LEFT + RIGHT) / 2.0, bottom + 36.0),
        SMALL,
        Anchor::Middle,
        INK,
    );
    pen.text("bar: mean, wedge: peak, box: capacity", (RIGHT, 46.0), 11.0, Anchor::End, GREY);
    pen.text("peak / capacity", (WIDTH - 20.0, 46.0), 11.0, Anchor::End, GREY);
}

fn row(pen: &Pen, site: &SiteOutcome, x: &Axis, top: f64) {
    let (upper, lower, middle) = (top + 6.0, top + ROW - 6.0, top + ROW / 2.0);
    pen.text(&shortened(&site.name, 25), (LEFT - 8.0, middle), SMALL, Anchor::End, INK);
    pen.bar((LEFT, upper + 3.0), (x.at(site.load_mean), lower - 3.0), PALETTE[4]);
    if let Some(capacity) = site.capacity {
        pen.frame((LEFT, upper), (x.at(capacity), lower), INK);
    }
    let peak = x.at(site.load_peak);
    let over = site.capacity.is_some_and(|capacity| site.load_peak > capacity);
    let colour = if over { PALETTE[5] } else { PALETTE[0] };
    pen.fill(&[(peak, middle), (peak - 5.0, upper - 3.0), (peak + 5.0, upper - 3.0)], colour);
    pen.line(&[(peak, upper - 3.0), (peak, lower)], colour, 2.0);
    pen.text(&words(site, over), (WIDTH - 20.0, middle), SMALL, Anchor::End, INK);
}

fn words(site: &SiteOutcome, over: bool) -> String {
    match site.capacity {
        Some(capacity) if capacity > 0.0 => {
            let excess = if over { "over by " } else { "" };
            let ratio = site.load_peak / capacity;
            format!("{excess}{:.0} %", (if over { ratio - 1.0 } else { ratio }) * 100.0)
        }
        _ => "unlimited".to_owned(),
    }
}
