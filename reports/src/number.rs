//! Numbers for people: percentages, nines, lengths of time and counts, with as many digits as their intervals bear.

use models::outcome::{Estimate, Method};
use sim::{Instant, Span};

/// Digits after the point are never more than this.
const DECIMALS_MAX: i32 = 9;

/// Digits after the point at which a number of this size shows `digits` significant ones.
fn decimals(size: f64, digits: i32) -> usize {
    if size <= 0.0 || !size.is_finite() {
        return 0;
    }
    // A hair more, so that 0.000999999999 counts as the 0.001 it is printed as.
    let leading = libm::floor(libm::log10(size * (1.0 + 1e-9))) as i32;
    (digits - 1 - leading).clamp(0, DECIMALS_MAX) as usize
}

/// Digits after the point for the ends of an interval of this width: one significant digit, two where it is under 3.
fn decimals_of_width(width: f64) -> usize {
    decimals(width / 3.0, 1)
}

/// `value` with `digits` significant digits: `0.0123`, `12.3`, `12345`.
pub fn significant(value: f64, digits: i32) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    if !value.is_finite() {
        return if value > 0.0 { "unlimited" } else { "unknown" }.to_owned();
    }
    format!("{value:.*}", decimals(value.abs(), digits))
}

/// `value` to twelve significant digits: beyond them lie roundings and the slack that lets a demand fit a capacity of the
/// same size.
pub(crate) fn twelve_digits(value: f64) -> f64 {
    format!("{value:.11e}").parse().unwrap_or(value)
}

/// A share as a percentage without its sign, with digits enough to tell it from 0 and from 100.
pub fn percent(share: f64) -> String {
    let near = share.min(1.0 - share) * 100.0;
    if near <= 0.0 {
        return if share >= 1.0 { "100" } else { "0" }.to_owned();
    }
    let places = decimals(near, 2).max(usize::from(near < 10.0));
    format!("{:.*}", places, share * 100.0)
}

/// A share as a percentage with one digit after the point; what is nearly nothing or all is not printed as if it were.
pub fn rough_percent(share: f64) -> String {
    match share * 100.0 {
        percent if percent <= 0.0 => "0 %".to_owned(),
        percent if percent < 0.1 => "< 0.1 %".to_owned(),
        percent if percent >= 100.0 => "100 %".to_owned(),
        percent if percent > 99.9 => "> 99.9 %".to_owned(),
        percent => format!("{percent:.1} %"),
    }
}

/// A promised or targeted share: as few digits as say it.
pub fn target_percent(share: f64) -> String {
    let text = format!("{:.7}", share * 100.0);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// -log10(1 - share): 0.999 has three.
pub fn nines(share: f64) -> f64 {
    -libm::log10(1.0 - share)
}

/// A unit in which a column of numbers is printed.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Scale {
    /// What it is called.
    pub name: &'static str,
    /// How much of the base unit it is.
    pub size: f64,
}

/// Units of time; the base unit is the second.
const TIMES: [Scale; 5] = [
    Scale { name: "ms", size: 1e-3 },
    Scale { name: "s", size: 1.0 },
    Scale { name: "min", size: 60.0 },
    Scale { name: "h", size: 3600.0 },
    Scale { name: "days", size: 86_400.0 },
];

/// Units of counts.
const COUNTS: [Scale; 4] = [
    Scale { name: "", size: 1.0 },
    Scale { name: "thousand", size: 1e3 },
    Scale { name: "million", size: 1e6 },
    Scale { name: "billion", size: 1e9 },
];

/// The unit of time in which `seconds` reads best.
pub fn time_scale(seconds: f64) -> Scale {
    greatest_below(&TIMES, seconds, 2.0).unwrap_or(TIMES[usize::from(seconds == 0.0)])
}

/// The unit of count in which `count` reads best.
pub fn count_scale(count: f64) -> Scale {
    greatest_below(&COUNTS, count, 1.0).unwrap_or(COUNTS[0])
}

fn greatest_below(scales: &[Scale], value: f64, at_least: f64) -> Option<Scale> {
    scales.iter().rev().find(|scale| value.abs() >= scale.size * at_least).copied()
}

impl Scale {
    /// The unit of shares.
    pub const PERCENT: Scale = Scale { name: "%", size: 0.01 };
    /// The unit of shares of single operations.
    pub const PER_MILLION: Scale = Scale { name: "per million", size: 1e-6 };
    /// No unit.
    pub const PLAIN: Scale = Scale { name: "", size: 1.0 };

    /// `value` in this unit, three significant digits, without the unit's name.
    pub fn bare(self, value: f64) -> String {
        significant(value / self.size, 3)
    }

    /// `value` in this unit, three significant digits, with the unit's name.
    pub fn named(self, value: f64) -> String {
        let text = self.bare(value);
        if self.name.is_empty() { text } else { format!("{text} {}", self.name) }
    }

    /// The unit's name after a number: a space before it, nothing where there is none.
    pub fn suffix(self) -> String {
        if self.name.is_empty() { String::new() } else { format!(" {}", self.name) }
    }
}

/// An estimate with its interval: `99.953 % [99.91, 99.98]`; `12.5 % exactly`; `at most 31 s`; `no sample`.
pub fn estimate(estimate: Estimate, scale: Scale) -> String {
    let unit = scale.suffix();
    match estimate.method {
        Method::NoSample => "no sample".to_owned(),
        Method::Exact => format!("{}{unit} exactly", point(estimate.value, scale)),
        Method::NoneSeen if estimate.value >= estimate.high => {
            format!("at least {}{unit}", bound(estimate.low, scale, f64::floor))
        }
        Method::NoneSeen => format!("at most {}{unit}", bound(estimate.high, scale, f64::ceil)),
        _ => interval(estimate, scale),
    }
}

/// A number without an interval in a unit; shares keep the digits that tell them from 0 and 100.
fn point(value: f64, scale: Scale) -> String {
    if scale == Scale::PERCENT {
        return percent(value);
    }
    let text = scale.bare(value);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// A bound with two significant digits (of the distance to 100 for high percentages), rounded to the safe side.
fn bound(value: f64, scale: Scale, round: fn(f64) -> f64) -> String {
    let scaled = value / scale.size;
    let size = if scale == Scale::PERCENT { scaled.min(100.0 - scaled) } else { scaled };
    let places = decimals(size, 2);
    let unit_in_last_place = libm::pow(10.0, places as f64);
    format!("{:.*}", places, round(scaled * unit_in_last_place) / unit_in_last_place)
}

/// `value unit [low, high]`; of what lies beyond everything seen to its end, the lower end only.
fn interval(estimate: Estimate, scale: Scale) -> String {
    if estimate.value.is_infinite() {
        let unit = time_or(scale, estimate.low);
        return format!("over {}{}", bound(estimate.low, unit, f64::floor), unit.suffix());
    }
    let [value, low, high] = [estimate.value, estimate.low, estimate.high].map(|x| x / scale.size);
    // An interval may be narrower than anybody wants to read: four significant digits are enough.
    let most = decimals(distance(value, scale), 4);
    let places = if low < high { decimals_of_width(high - low).min(most) } else { most };
    let places = enclosing(value, (low, high), places, most);
    let value_places = (places + 1).min(most.max(places));
    let end = |x: f64| end_of_interval(x, places, scale);
    // What is not quite 100 % is not printed as if it were.
    let gap = if scale == Scale::PERCENT { 100.0 - value } else { 0.0 };
    let value_places = value_places.max(if gap > 0.0 { decimals(gap, 1) } else { 0 });
    // Nor is what is rarely seen as if it were never.
    let value_places = value_places.max(if value == 0.0 { 0 } else { decimals(value.abs(), 1) });
    let value_text = if value == 0.0 { "0".to_owned() } else { format!("{value:.value_places$}") };
    format!("{value_text}{} [{}, {}]", scale.suffix(), end(low), end(high))
}

/// `scale`, or where that is one of time, the one in which `value` reads best.
fn time_or(scale: Scale, value: f64) -> Scale {
    if TIMES.contains(&scale) { time_scale(value) } else { scale }
}

/// Digits after the point, from `places` on, with which the printed interval holds the printed value: an estimate near
/// an end must not be rounded out of it.
fn enclosing(value: f64, (low, high): (f64, f64), places: usize, most: usize) -> usize {
    let rounded = |x: f64, places: usize| format!("{x:.places$}").parse::<f64>().unwrap_or(x);
    let holds = |places: &usize| {
        let shown = rounded(value, (places + 1).min(most.max(*places)));
        rounded(low, *places) <= shown && shown <= rounded(high, *places)
    };
    (places..=places + 3).find(holds).unwrap_or(places)
}

/// An end of an interval. One that is not quite 100 % or 0 is not printed as if it were.
fn end_of_interval(value: f64, places: usize, scale: Scale) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    if value == f64::INFINITY {
        return "unlimited".to_owned();
    }
    let gap = distance(value, scale);
    let needed = if gap > 0.0 { decimals(gap, 1) } else { 0 };
    format!("{value:.*}", places.max(needed))
}

/// How far a scaled number is from 0, or from 100 where that is nearer and the scale is percent.
fn distance(value: f64, scale: Scale) -> f64 {
    if scale == Scale::PERCENT { value.abs().min((100.0 - value).abs()) } else { value.abs() }
}

/// Availability's nines, with their interval: `3.3 nines [3.0, 3.7]`; `at least 3.4 nines`.
pub fn nines_text(availability: Estimate) -> String {
    if availability.method == Method::NoSample {
        return "no sample".to_owned();
    }
    if availability.method == Method::NoneSeen {
        return format!("at least {:.1} nines", libm::floor(nines(availability.low) * 10.0) / 10.0);
    }
    if availability.value >= 1.0 {
        return "nothing lost".to_owned();
    }
    let value = format!("{} nines", nines_end(availability.value));
    if availability.method == Method::Exact {
        return value;
    }
    format!("{value} [{}, {}]", nines_end(availability.low), nines_end(availability.high))
}

/// The nines of one number, for a table: `3.3`, or `all`.
pub fn nines_cell(availability: Estimate) -> String {
    match availability.method {
        Method::NoSample => "-".to_owned(),
        Method::NoneSeen => format!(">= {:.1}", libm::floor(nines(availability.low) * 10.0) / 10.0),
        _ => nines_end(availability.value),
    }
}

fn nines_end(share: f64) -> String {
    if share >= 1.0 { "all".to_owned() } else { format!("{:.1}", nines(share).max(0.0) + 0.0) }
}

/// A length of time in its two greatest units: `6 h 12 min`, `31.2 s`, `850 ms`.
pub fn span(span: Span) -> String {
    length(span.seconds())
}

/// A number of seconds as a length of time in its two greatest units.
pub fn length(seconds: f64) -> String {
    if seconds < 60.0 {
        return time_scale(seconds).named(seconds);
    }
    let whole = seconds.round() as u64;
    let (days, hours, minutes, rest) = (whole / 86_400, whole / 3600 % 24, whole / 60 % 60, whole % 60);
    match (days, hours) {
        (0, 0) => two((minutes, "min"), (rest, "s")),
        (0, _) => two((hours, "h"), (minutes, "min")),
        _ => two((days, if days == 1 { "day" } else { "days" }), (hours, "h")),
    }
}

/// [`length`] of a time before or after an instant.
pub fn signed_length(seconds: f64) -> String {
    if seconds < 0.0 { format!("-{}", length(-seconds)) } else { length(seconds) }
}

fn two((first, first_unit): (u64, &str), (second, second_unit): (u64, &str)) -> String {
    if second == 0 {
        format!("{first} {first_unit}")
    } else {
        format!("{first} {first_unit} {second} {second_unit}")
    }
}

/// A length of time as a stopwatch shows it: `0:00:31.2`, `2:00:20`; tenths of a second under ten minutes.
pub fn stopwatch(span: Span) -> String {
    let tenths = (span.nanos() + 50_000_000) / 100_000_000;
    let (hours, minutes, seconds) = (tenths / 36_000, tenths / 600 % 60, tenths / 10 % 60);
    let tenth = if tenths < 6000 { format!(".{}", tenths % 10) } else { String::new() };
    format!("{hours}:{minutes:02}:{seconds:02}{tenth}")
}

/// A length of time in words where it is a whole number of a unit: `1 year`, `30 days`.
pub fn horizon(span: Span) -> String {
    let years = span.nanos() / Span::YEAR.nanos();
    if years > 0 && span == Span::YEAR * years {
        return format!("{years} year{}", if years == 1 { "" } else { "s" });
    }
    length(span.seconds())
}

/// About how many days: `2 days`.
pub fn days(span: Span) -> String {
    let days = (span.seconds() / 86_400.0).round().max(1.0);
    format!("{days} day{}", if days == 1.0 { "" } else { "s" })
}

/// An instant as day and time of day: `day 201 04:13:07`.
pub fn instant(at: Instant) -> String {
    let seconds = at.nanos().div_euclid(1_000_000_000);
    let (day, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    format!("day {day} {:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)
}

/// A count of requests: `12.3 million`.
pub fn requests(count: f64) -> String {
    count_scale(count).named(count)
}

/// A whole number with its thousands apart: `1 024`, as digits in groups of three from 10 000 on.
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    if digits.len() <= 4 {
        return digits;
    }
    let head = digits.len() % 3;
    let (first, rest) = digits.split_at(head);
    let groups = rest.as_bytes().chunks(3).map(|group| String::from_utf8_lossy(group).into_owned());
    let parts: Vec<String> = (head > 0).then(|| first.to_owned()).into_iter().chain(groups).collect();
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(value: f64, low: f64, high: f64, method: Method) -> Estimate {
        Estimate { value, low, high, method, sample: 100 }
    }

    #[test]
    fn an_interval_shows_the_digits_it_bears() {
        let text = |v, l, h| estimate(of(v, l, h, Method::Gamma), Scale::PERCENT);
        assert_eq!(text(0.99953, 0.99912, 0.99984), "99.953 % [99.91, 99.98]");
        assert_eq!(text(0.412, 0.301, 0.522), "41.2 % [30, 52]");
        assert_eq!(text(0.999_512_3, 0.999_505_1, 0.999_518_2), "99.95123 % [99.9505, 99.9518]");
    }

    #[test]
    fn an_interval_is_printed_with_digits_enough_to_hold_its_value() {
        let text = |v, l, h| estimate(of(v, l, h, Method::OrderStatistic), time_scale(v));
        assert_eq!(text(168.0, 165.0, 340.0), "2.80 min [2.8, 5.7]");
        assert_eq!(text(102.5, 102.4, 102.5), "102.5 s [102.4, 102.5]");
    }

    #[test]
    fn a_rough_share_is_all_only_where_it_is() {
        let texts = [0.0, 0.0001, 0.5, 0.9999, 1.0].map(rough_percent);
        assert_eq!(texts, ["0 %", "< 0.1 %", "50.0 %", "> 99.9 %", "100 %"]);
    }

    #[test]
    fn an_interval_without_width_repeats_its_number() {
        let text = estimate(of(0.999, 0.999, 0.999, Method::Gamma), Scale::PERCENT);
        assert_eq!(text, "99.9000 % [99.9000, 99.9000]");
        let text = estimate(of(2.15, 2.15, 2.15, Method::OrderStatistic), Scale::PLAIN);
        assert_eq!(text, "2.150 [2.150, 2.150]");
    }

    #[test]
    fn an_end_that_is_not_quite_all_is_not_printed_as_all() {
        let text = estimate(of(0.99, 0.97, 0.999_99, Method::Gamma), Scale::PERCENT);
        assert_eq!(text, "99.00 % [97.0, 99.999]");
    }

    #[test]
    fn silence_is_a_bound_rounded_to_the_safe_side() {
        let up = estimate(of(1.0, 0.999_687, 1.0, Method::NoneSeen), Scale::PERCENT);
        assert_eq!(up, "at least 99.968 %");
        let down = estimate(of(0.0, 0.0, 31.21, Method::NoneSeen), time_scale(31.21));
        assert_eq!(down, "at most 32 s");
        assert_eq!(nines_text(of(1.0, 0.999_687, 1.0, Method::NoneSeen)), "at least 3.5 nines");
    }

    #[test]
    fn exact_numbers_say_so() {
        assert_eq!(estimate(Estimate::exact(0.999_53), Scale::PERCENT), "99.953 % exactly");
        assert_eq!(estimate(Estimate::exact(1.0), Scale::PERCENT), "100 % exactly");
        assert_eq!(estimate(Estimate::exact(1.0), Scale::PLAIN), "1 exactly");
    }

    #[test]
    fn lengths_read_as_people_say_them() {
        let texts = [0.0, 0.85, 31.24, 60.0, 91.0, 22_320.0, 7200.0, 100_000.0].map(length);
        assert_eq!(
            texts,
            ["0 s", "850 ms", "31.2 s", "1 min", "1 min 31 s", "6 h 12 min", "2 h", "1 day 3 h"]
        );
    }

    #[test]
    fn a_stopwatch_shows_tenths_while_they_matter() {
        let texts = [Span::from_millis(31_240), Span::MINUTE * 10, Span::HOUR * 30].map(stopwatch);
        assert_eq!(texts, ["0:00:31.2", "0:10:00", "30:00:00"]);
    }

    #[test]
    fn nines_count_the_distance_from_one() {
        assert_eq!(nines_text(of(0.999, 0.99, 1.0, Method::Gamma)), "3.0 nines [2.0, all]");
    }

    #[test]
    fn digits_are_grouped_by_three() {
        assert_eq!([7, 1024, 10_000, 1_234_567].map(grouped), ["7", "1024", "10 000", "1 234 567"]);
    }
}
