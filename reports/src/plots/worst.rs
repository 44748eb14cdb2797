//! An outage minute by minute: where requests were sent, and below what was lost; numbered marks tell the causes.

use super::axis::{Axis, round_step, tick, time_step};
use super::blame::colour;
use super::pen::{Anchor, FAINT, GREY, INK, LARGE, PALETTE, PAPER, Pen, SMALL, drawn, readable_on};
use crate::number::{self, Scale, count_scale};
use crate::story::Line;
use crate::table::{chars, shortened};
use models::blame::Mechanism;
use models::outcome::Outcome;
use models::specification::{SiteId, Specification};
use models::timeline::{Frame, Story, What};
use plotters::style::RGBColor;
use sim::Instant;

const WIDTH: f64 = 900.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 730.0;
/// Top and bottom of the panel of traffic, and of the panel of losses.
const TRAFFIC: (f64, f64) = (76.0, 290.0);
const LOSS: (f64, f64) = (330.0, 440.0);
/// Stretches narrower than this, in pixels, are drawn together.
const NARROW: f64 = 1.0;
/// Sites with a band of their own; the rest share one.
const SITES: usize = 6;
/// Causes told under the plot.
const MARKS: usize = 9;
const LINE: f64 = 17.0;

/// A band of a stack: its name, its colour, and its height in requests per second in every frame.
struct Band {
    name: String,
    colour: RGBColor,
    rates: Vec<f64>,
}

/// The plot.
pub(super) fn plot(specification: &Specification, outcome: &Outcome, story: &Story) -> String {
    let marks = marks(specification, outcome, story);
    let height = LOSS.1 + 70.0 + LINE * marks.len() as f64;
    drawn(WIDTH, height, |pen| {
        let zero = marks.first().map_or(story.from, |mark| mark.at);
        let title = format!("The worst outage: replication {}, {}", story.replication, number::instant(zero));
        pen.text(&title, (20.0, 26.0), LARGE, Anchor::Start, INK);
        let seconds = |at: Instant| (at - zero).seconds();
        let x = Axis::new((seconds(story.from), seconds(story.until)), (LEFT, RIGHT));
        let (times, frames) = sightings(story, |at| x.at(seconds(at)));
        panel(pen, TRAFFIC, "sent to", &times, &traffic(specification, story, &frames));
        panel(pen, LOSS, "lost", &times, &losses(&frames));
        time_axis(pen, &x, seconds(story.until) - seconds(story.from));
        draw_marks(pen, &marks, |at| x.at(seconds(at)));
        list(pen, &marks, zero);
    })
}

/// The frames to draw and where: the ends of all stretches, cut off at the ends of the story, where the state on the
/// inner side is held; and no more of them than can be told apart.
fn sightings(story: &Story, x: impl Fn(Instant) -> f64) -> (Vec<f64>, Vec<&Frame>) {
    let (mut times, mut frames): (Vec<f64>, Vec<&Frame>) = (Vec::new(), Vec::new());
    for (open, close) in crate::frames::stretches(story) {
        if close.at <= story.from || open.at >= story.until {
            continue;
        }
        let (left, right) = (x(open.at.max(story.from)), x(close.at.min(story.until)));
        let narrow = times.last().is_some_and(|last| right - last < NARROW) && close.at < story.until;
        if narrow && similar(frames[frames.len() - 1], open) && similar(open, close) {
            continue;
        }
        let first = if open.at < story.from { close } else { open };
        let last = if close.at > story.until { open } else { close };
        times.extend([left, right]);
        frames.extend([first, last]);
    }
    (times, frames)
}

/// Would a line between the two look the same drawn elsewhere within a fraction of a pixel?
fn similar(a: &Frame, b: &Frame) -> bool {
    let all: f64 = a.populations.iter().map(|population| population.offered).sum();
    let lost = |frame: &Frame| frame.populations.iter().flat_map(|population| population.lost).sum::<f64>();
    let near = |x: f64, y: f64| (x - y).abs() <= all * 0.005;
    near(lost(a), lost(b)) && a.sites.iter().zip(&b.sites).all(|(a, b)| near(a.load, b.load))
}

/// The colour of a band of traffic: none that a mechanism has.
fn site_colour(index: usize) -> RGBColor {
    let own = [PALETTE[0], PALETTE[4], PALETTE[2]];
    let RGBColor(red, green, blue) = own[index % own.len()];
    let lighter = |part: u8| u8::try_from((u16::from(part) + 2 * 255) / 3).unwrap_or(u8::MAX);
    if index < own.len() { own[index] } else { RGBColor(lighter(red), lighter(green), lighter(blue)) }
}

/// Requests per second sent to each site, the fullest sites apart; and those with nowhere to go.
fn traffic(specification: &Specification, story: &Story, frames: &[&Frame]) -> Vec<Band> {
    let mut order: Vec<(SiteId, f64)> =
        specification.sites.ids().map(|site| (site, weight(story, site))).collect();
    order.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let used: Vec<SiteId> = order.iter().filter(|(_, weight)| *weight > 0.0).map(|(site, _)| *site).collect();
    let (apart, together) = used.split_at(used.len().min(SITES));
    let mut apart = apart.to_vec();
    apart.sort_unstable();
    let band = |(index, site): (usize, &SiteId)| {
        let rates = frames.iter().map(|frame| sent(frame, *site)).collect();
        Band { name: specification.sites[*site].name.clone(), colour: site_colour(index), rates }
    };
    let mut bands: Vec<Band> = apart.iter().enumerate().map(band).collect();
    if !together.is_empty() {
        let rates = frames.iter().map(|frame| together.iter().map(|site| sent(frame, *site)).sum()).collect();
        bands.push(Band { name: format!("{} other sites", together.len()), colour: FAINT, rates });
    }
    let nowhere: Vec<f64> = frames.iter().map(|frame| nowhere(frame)).collect();
    if nowhere.iter().any(|rate| *rate > 0.0) {
        bands.push(Band { name: "nowhere".to_owned(), colour: INK, rates: nowhere });
    }
    bands
}

/// Requests sent to a site over the whole story, nearly.
fn weight(story: &Story, site: SiteId) -> f64 {
    let stretch = |(open, close): (&Frame, &Frame)| {
        (sent(open, site) + sent(close, site)) * (close.at - open.at).seconds()
    };
    crate::frames::stretches(story).map(stretch).sum()
}

fn sent(frame: &Frame, site: SiteId) -> f64 {
    let share = |shares: &[(SiteId, f64)]| {
        shares.iter().filter(|(of, _)| *of == site).map(|(_, share)| share).sum::<f64>()
    };
    frame.populations.iter().map(|population| population.offered * share(&population.shares)).sum()
}

fn nowhere(frame: &Frame) -> f64 {
    frame.populations.iter().map(|population| population.offered * population.unanswered).sum()
}

/// Requests lost per second, by mechanism.
fn losses(frames: &[&Frame]) -> Vec<Band> {
    let band = |mechanism: Mechanism| {
        let lost = |frame: &Frame| {
            frame.populations.iter().map(|population| population.lost[mechanism.index()]).sum()
        };
        let rates = frames.iter().map(|frame| lost(frame)).collect();
        Band { name: mechanism.name().to_owned(), colour: colour(mechanism), rates }
    };
    let bands = Mechanism::ALL.into_iter().map(band);
    bands.filter(|band| band.rates.iter().any(|rate| *rate > 0.0)).collect()
}

/// One stack with its scale and its legend, which stands in the order of the stack.
fn panel(pen: &Pen, (top, bottom): (f64, f64), name: &str, times: &[f64], bands: &[Band]) {
    let most =
        (0..times.len()).map(|i| bands.iter().map(|band| band.rates[i]).sum::<f64>()).fold(0.0, f64::max);
    let y = Axis::new((0.0, if most > 0.0 { most * 1.05 } else { 1.0 }), (bottom, top));
    scale(pen, &y, most, name, (top, bottom));
    let mut below = vec![0.0; times.len()];
    for band in bands {
        let above: Vec<f64> = below.iter().zip(&band.rates).map(|(low, rate)| low + rate).collect();
        draw_band(pen, times, &below, &above, &y, band);
        below = above;
    }
    for (index, band) in bands.iter().rev().enumerate() {
        let middle = top + 8.0 + LINE * index as f64;
        pen.bar((RIGHT + 16.0, middle - 5.0), (RIGHT + 26.0, middle + 5.0), band.colour);
        pen.text(&shortened(&band.name, 20), (RIGHT + 32.0, middle), SMALL, Anchor::Start, INK);
    }
    pen.line(&[(LEFT, bottom), (RIGHT, bottom)], INK, 1.0);
}

fn scale(pen: &Pen, y: &Axis, most: f64, name: &str, (top, bottom): (f64, f64)) {
    let unit: Scale = count_scale(most);
    for value in y.multiples(round_step(most.max(1e-9), 4.0)) {
        let at = y.at(value);
        if at >= top - 1.0 {
            pen.line(&[(LEFT, at), (RIGHT, at)], FAINT, 1.0);
            pen.text(&tick(value / unit.size), (LEFT - 6.0, at), SMALL, Anchor::End, INK);
        }
    }
    let unit = if unit.name.is_empty() { "rps".to_owned() } else { format!("{} rps", unit.name) };
    pen.upright(&format!("{name}, {unit}"), (18.0, (top + bottom) / 2.0), SMALL);
}

/// One band: filled, divided from the next by a line of paper, named inside where there is room.
fn draw_band(pen: &Pen, times: &[f64], below: &[f64], above: &[f64], y: &Axis, band: &Band) {
    let upper = times.iter().zip(above).map(|(x, v)| (*x, y.at(*v)));
    let lower = times.iter().zip(below).map(|(x, v)| (*x, y.at(*v)));
    let edge: Vec<(f64, f64)> = upper.clone().collect();
    let outline: Vec<(f64, f64)> = upper.chain(lower.rev()).collect();
    pen.fill(&outline, band.colour);
    pen.line(&edge, PAPER, 0.5);
    if let Some(at) = room_for(&band.name, times, below, above, y) {
        pen.text(&band.name, at, 11.0, Anchor::Middle, readable_on(band.colour));
    }
}

/// Pixels between two looks for room.
const LOOK: f64 = 4.0;

/// The place in the band with the most room above and below for the name, if there is enough.
fn room_for(name: &str, times: &[f64], below: &[f64], above: &[f64], y: &Axis) -> Option<(f64, f64)> {
    let looks: Vec<(f64, f64, f64)> = (0..=((RIGHT - LEFT) / LOOK) as usize)
        .map(|look| LEFT + LOOK * look as f64)
        .filter_map(|x| Some((x, y.at(between(times, above, x)?), y.at(between(times, below, x)?))))
        .collect();
    let needed = ((7.0 * chars(name) as f64 + 8.0) / LOOK).ceil() as usize;
    let room = |window: &[(f64, f64, f64)]| {
        let top = window.iter().map(|(_, top, _)| *top).fold(f64::MIN, f64::max);
        let bottom = window.iter().map(|(_, _, bottom)| *bottom).fold(f64::MAX, f64::min);
        (bottom - top, (window[window.len() / 2].0, (top + bottom) / 2.0))
    };
    let (height, at) = looks.windows(needed.max(1)).map(room).max_by(|a, b| a.0.total_cmp(&b.0))?;
    (height >= 14.0).then_some(at)
}

/// The value at `x` of the line through `values` at `times`.
fn between(times: &[f64], values: &[f64], x: f64) -> Option<f64> {
    let next = times.partition_point(|time| *time < x);
    let (before, after) = (next.checked_sub(1)?, (next < times.len()).then_some(next)?);
    let share = (x - times[before]) / (times[after] - times[before]);
    Some(values[before] + share * (values[after] - values[before]))
}

fn time_axis(pen: &Pen, x: &Axis, range: f64) {
    for value in x.multiples(time_step(range, 9.0)) {
        let at = x.at(value);
        pen.line(&[(at, LOSS.1), (at, LOSS.1 + 5.0)], INK, 1.0);
        pen.text(&number::signed_length(value), (at, LOSS.1 + 16.0), SMALL, Anchor::Middle, INK);
    }
}

/// A cause or a consequence marked in the plot.
struct Mark {
    at: Instant,
    text: String,
}

/// Faults and repairs first, then verdicts, then answers, as many as there is room for; in the order of time.
fn marks(specification: &Specification, outcome: &Outcome, story: &Story) -> Vec<Mark> {
    let told = crate::story::tell(specification, &outcome.sources, story);
    let inside = |line: &&Line| line.at >= story.from && line.at <= story.until;
    let mut chosen: Vec<(u8, &Line)> =
        told.lines.iter().filter(inside).filter_map(|line| Some((rank(story, line)?, line))).collect();
    chosen.sort_by_key(|(rank, line)| (*rank, line.at, line.id));
    chosen.truncate(MARKS);
    chosen.sort_by_key(|(_, line)| (line.at, line.id));
    chosen.into_iter().map(|(_, line)| Mark { at: line.at, text: line.text.clone() }).collect()
}

/// How soon a change is marked; none: never.
fn rank(story: &Story, line: &Line) -> Option<u8> {
    let change = story.changes.iter().find(|change| change.id == line.id)?;
    match change.what {
        What::FaultBegan { .. } | What::FaultEnded { .. } => Some(0),
        What::NameServersChanged { .. } => Some(1),
        What::VerdictChanged { .. } => Some(2),
        What::AnswerChanged { .. } => Some(3),
        _ => None,
    }
}

/// Vertical lines with their numbers above; numbers too close together are drawn as a range.
fn draw_marks(pen: &Pen, marks: &[Mark], at: impl Fn(Instant) -> f64) {
    let mut first = 0;
    while first < marks.len() {
        let x = at(marks[first].at);
        let close = marks[first..].iter().take_while(|mark| at(mark.at) - x < 22.0).count();
        let last = first + close;
        for mark in &marks[first..last] {
            pen.dashes((at(mark.at), TRAFFIC.0 - 8.0), (at(mark.at), LOSS.1), INK);
        }
        let text = if close == 1 { format!("{last}") } else { format!("{}-{last}", first + 1) };
        pen.text(&text, ((x + at(marks[last - 1].at)) / 2.0, TRAFFIC.0 - 16.0), SMALL, Anchor::Middle, INK);
        first = last;
    }
}

fn list(pen: &Pen, marks: &[Mark], zero: Instant) {
    for (index, mark) in marks.iter().enumerate() {
        let y = LOSS.1 + 46.0 + LINE * index as f64;
        pen.text(&format!("{}", index + 1), (LEFT - 6.0, y), SMALL, Anchor::End, INK);
        pen.text(
            &format!("+{}", number::stopwatch(mark.at - zero)),
            (LEFT + 70.0, y),
            SMALL,
            Anchor::End,
            GREY,
        );
        pen.text(&shortened(&mark.text, 110), (LEFT + 82.0, y), SMALL, Anchor::Start, INK);
    }
}
