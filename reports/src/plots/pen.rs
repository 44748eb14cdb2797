//! A pen for SVG. Plotters draws on whole pixels, so everything is drawn four times as large as it is shown.

use plotters::backend::SVGBackend;
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::element::{PathElement, Polygon, Rectangle, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontTransform, IntoFont, RGBColor, TextStyle};

/// Pixels drawn for each pixel shown.
const ENLARGED: f64 = 4.0;

/// The colours of Okabe and Ito, told apart by all common forms of colour vision ("Color Universal Design", 2008).
pub(super) const PALETTE: [RGBColor; 7] = [
    RGBColor(0x00, 0x72, 0xB2),
    RGBColor(0xE6, 0x9F, 0x00),
    RGBColor(0x00, 0x9E, 0x73),
    RGBColor(0xCC, 0x79, 0xA7),
    RGBColor(0x56, 0xB4, 0xE9),
    RGBColor(0xD5, 0x5E, 0x00),
    RGBColor(0xF0, 0xE4, 0x42),
];

/// Text and axes.
pub(super) const INK: RGBColor = RGBColor(0x22, 0x22, 0x22);
/// Secondary text.
pub(super) const GREY: RGBColor = RGBColor(0x66, 0x66, 0x66);
/// Grid lines.
pub(super) const FAINT: RGBColor = RGBColor(0xDD, 0xDD, 0xDD);
/// The ground.
pub(super) const PAPER: RGBColor = RGBColor(0xFF, 0xFF, 0xFF);

/// Size of ordinary text.
pub(super) const SMALL: f64 = 12.0;
/// Size of titles.
pub(super) const LARGE: f64 = 16.0;

/// Draws in pixels as shown, origin at the upper left.
pub(super) struct Pen<'a>(DrawingArea<SVGBackend<'a>, Shift>);

/// Where a text stands relative to its point.
#[derive(Clone, Copy)]
pub(super) enum Anchor {
    /// Begins there.
    Start,
    /// Centred there.
    Middle,
    /// Ends there.
    End,
}

/// An SVG of this size.
pub(super) fn drawn(width: f64, height: f64, draw: impl FnOnce(&Pen)) -> String {
    let mut text = String::new();
    let size = (pixel(width) as u32, pixel(height) as u32);
    let area = SVGBackend::with_string(&mut text, size).into_drawing_area();
    let pen = Pen(area);
    pen.0.fill(&PAPER).expect(INTO_A_STRING);
    draw(&pen);
    pen.0.present().expect(INTO_A_STRING);
    drop(pen);
    let enlarged = format!("width=\"{}\" height=\"{}\"", size.0, size.1);
    text.replacen(&enlarged, &format!("width=\"{width}\" height=\"{height}\""), 1)
}

const INTO_A_STRING: &str = "drawing into a string cannot fail";

fn pixel(shown: f64) -> i32 {
    (shown * ENLARGED).round() as i32
}

fn point((x, y): (f64, f64)) -> (i32, i32) {
    (pixel(x), pixel(y))
}

impl Pen<'_> {
    /// A line through `points`.
    pub(super) fn line(&self, points: &[(f64, f64)], colour: RGBColor, width: f64) {
        let points: Vec<_> = points.iter().copied().map(point).collect();
        self.0
            .draw(&PathElement::new(points, colour.stroke_width(pixel(width) as u32)))
            .expect(INTO_A_STRING);
    }

    /// A dashed line between two points.
    pub(super) fn dashes(&self, from: (f64, f64), to: (f64, f64), colour: RGBColor) {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let length = (dx * dx + dy * dy).sqrt();
        let count = (length / 6.0).floor().max(1.0) as u32;
        for dash in 0..count {
            let at = |t: f64| (from.0 + dx * t / f64::from(count), from.1 + dy * t / f64::from(count));
            self.line(&[at(f64::from(dash)), at(f64::from(dash) + 0.5)], colour, 1.0);
        }
    }

    /// A filled outline.
    pub(super) fn fill(&self, outline: &[(f64, f64)], colour: RGBColor) {
        let points: Vec<_> = outline.iter().copied().map(point).collect();
        self.0.draw(&Polygon::new(points, colour.filled())).expect(INTO_A_STRING);
    }

    /// A filled rectangle between two corners.
    pub(super) fn bar(&self, from: (f64, f64), to: (f64, f64), colour: RGBColor) {
        self.0.draw(&Rectangle::new([point(from), point(to)], colour.filled())).expect(INTO_A_STRING);
    }

    /// An empty rectangle.
    pub(super) fn frame(&self, from: (f64, f64), to: (f64, f64), colour: RGBColor) {
        let (left, top, right, bottom) = (from.0, from.1, to.0, to.1);
        self.line(&[(left, top), (right, top), (right, bottom), (left, bottom), (left, top)], colour, 1.0);
    }

    /// One line of text, centred on `at` vertically.
    pub(super) fn text(&self, text: &str, at: (f64, f64), size: f64, anchor: Anchor, colour: RGBColor) {
        let style = self.style(size, anchor, colour);
        self.0.draw(&Text::new(text.to_owned(), point(at), style)).expect(INTO_A_STRING);
    }

    /// Text that reads upwards.
    pub(super) fn upright(&self, text: &str, at: (f64, f64), size: f64) {
        let style = self.style(size, Anchor::Middle, INK).transform(FontTransform::Rotate270);
        self.0.draw(&Text::new(text.to_owned(), point(at), style)).expect(INTO_A_STRING);
    }

    fn style(&self, size: f64, anchor: Anchor, colour: RGBColor) -> TextStyle<'static> {
        let side = match anchor {
            Anchor::Start => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::End => HPos::Right,
        };
        let font = ("sans-serif", size * ENLARGED).into_font();
        TextStyle { color: colour.to_backend_color(), ..TextStyle::from(font) }
            .pos(Pos::new(side, VPos::Center))
    }
}

/// Black or white, whichever reads better on `ground`.
pub(super) fn readable_on(ground: RGBColor) -> RGBColor {
    let RGBColor(red, green, blue) = ground;
    let light = 299 * u32::from(red) + 587 * u32::from(green) + 114 * u32::from(blue);
    if light > 140_000 { INK } else { PAPER }
}
