//! Quantities: numbers with units, read exactly.
//!
//! Decimal digits become integers without passing through binary fractions; the only rounding is to the nanosecond.

use crate::codes::Code;
use crate::diagnostic::nearest;
use sim::Span;

/// Why a text is not the quantity it should be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Misfit {
    pub(crate) code: Code,
    pub(crate) title: String,
    pub(crate) label: String,
    pub(crate) help: Option<String>,
}

impl Misfit {
    pub(crate) fn new(code: Code, title: impl Into<String>) -> Self {
        Misfit { code, title: title.into(), label: String::new(), help: None }
    }

    pub(crate) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// A decimal number: `mantissa / 10^scale`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Decimal {
    mantissa: i128,
    scale: u32,
}

/// Digits a number may have, before and after the point together.
const MOST_DIGITS: usize = 18;
const NANOS_PER_YEAR: i128 = 365 * 86_400 * 1_000_000_000;
/// The longest time that is counted: 200 years, inside the clock's 292.
pub(crate) const LONGEST: Span = Span::from_nanos(200 * NANOS_PER_YEAR as i64);

impl Decimal {
    /// The number a text begins with, and the rest of the text.
    fn split(text: &str) -> Result<(Decimal, &str), Misfit> {
        let signed = text.strip_prefix(['+', '-']).unwrap_or(text);
        let end = signed.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(signed.len());
        let (number, rest) = signed.split_at(end);
        let magnitude = Decimal::unsigned(number).ok_or_else(|| not_a_number(text))?;
        if number.len() > MOST_DIGITS + 1 {
            let title = format!("`{number}` has more than {MOST_DIGITS} digits");
            return Err(Misfit::new(Code::OutOfRange, title));
        }
        let sign = if text.starts_with('-') { -1 } else { 1 };
        Ok((Decimal { mantissa: sign * magnitude.mantissa, ..magnitude }, rest))
    }

    fn unsigned(number: &str) -> Option<Decimal> {
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() || fraction.contains('.') || number.ends_with('.') {
            return None;
        }
        if number.len() > MOST_DIGITS + 1 {
            return Some(Decimal { mantissa: 0, scale: 0 });
        }
        let mantissa = format!("{whole}{fraction}").parse().ok()?;
        Some(Decimal { mantissa, scale: fraction.len() as u32 })
    }

    /// Times `factor`, rounded to the nearest integer, halves away from zero.
    fn scaled(self, factor: i128) -> i128 {
        let divisor = 10_i128.pow(self.scale);
        let product = self.mantissa * factor;
        (product.abs() + divisor / 2) / divisor * product.signum()
    }

    /// The nearest float.
    fn value(self) -> f64 {
        // Both are exact below 2^53 and 10^22, so the quotient is correctly rounded for up to 15 digits.
        self.mantissa as f64 / 10_i128.pow(self.scale) as f64
    }
}

fn not_a_number(text: &str) -> Misfit {
    Misfit::new(Code::NotAQuantity, format!("`{text}` is not a quantity"))
        .label("does not begin with a number")
}

/// Units of time with their nanoseconds.
const TIMES: &[(&str, i128)] = &[
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
    ("w", 604_800_000_000_000),
    ("mo", NANOS_PER_YEAR / 12),
    ("y", NANOS_PER_YEAR),
];

/// Words that people write for them.
const TIME_WORDS: &[(&str, &str)] = &[
    ("sec", "s"),
    ("secs", "s"),
    ("second", "s"),
    ("seconds", "s"),
    ("min", "m"),
    ("mins", "m"),
    ("minute", "m"),
    ("minutes", "m"),
    ("hour", "h"),
    ("hours", "h"),
    ("hr", "h"),
    ("hrs", "h"),
    ("day", "d"),
    ("days", "d"),
    ("week", "w"),
    ("weeks", "w"),
    ("month", "mo"),
    ("months", "mo"),
    ("year", "y"),
    ("years", "y"),
    ("yr", "y"),
    ("M", "m` or `mo"),
    ("msec", "ms"),
    ("µs", "us"),
    ("Y", "y"),
    ("D", "d"),
    ("H", "h"),
    ("S", "s"),
];

/// A length of time: `30s`, `1.5h`, `1h30m`, `18mo`; zero or more, at most 200 years.
pub(crate) fn duration(text: &str) -> Result<Span, Misfit> {
    let span = signed_duration(text)?;
    if span < Span::ZERO {
        return Err(Misfit::new(Code::OutOfRange, format!("`{text}` is less than no time")));
    }
    Ok(span)
}

/// A length of time that may be negative: `-5h`.
pub(crate) fn signed_duration(text: &str) -> Result<Span, Misfit> {
    let (mut rest, mut nanos, mut first) = (text.trim(), 0_i128, true);
    let negative = rest.starts_with('-');
    while !rest.is_empty() {
        let (number, after) = Decimal::split(rest)?;
        let after = after.trim_start();
        let end = after.find(|c: char| !c.is_alphabetic()).unwrap_or(after.len());
        let (unit, next) = after.split_at(end);
        let part = number.scaled(time_unit(text, unit)?);
        nanos += if negative && !first { -part } else { part };
        (rest, first) = (next, false);
    }
    if first {
        return Err(not_a_number(text));
    }
    match i64::try_from(nanos) {
        Ok(nanos) if Span::from_nanos(nanos) <= LONGEST => Ok(Span::from_nanos(nanos)),
        _ => Err(Misfit::new(Code::OutOfRange, format!("`{text}` is too long a time"))
            .help("200 years is the most")),
    }
}

fn time_unit(text: &str, unit: &str) -> Result<i128, Misfit> {
    if let Some((_, nanos)) = TIMES.iter().find(|(name, _)| *name == unit) {
        return Ok(*nanos);
    }
    if unit.is_empty() {
        let number = text.trim().trim_end_matches(|c: char| !(c.is_ascii_digit() || c == '.'));
        let unknown = Misfit::new(Code::NoUnit, format!("`{text}` has no unit of time"))
            .label("seconds, minutes, hours?");
        return Err(unknown.help(format!("write `{number}s`, `{number}m`, `{number}h` or `{number}d`")));
    }
    let unknown = Misfit::new(Code::UnknownUnit, format!("unknown unit of time `{unit}`"));
    Err(match TIME_WORDS.iter().find(|(word, _)| *word == unit) {
        Some((_, right)) => unknown.help(format!("write `{right}`")),
        None => unknown.help("times take ns, us, ms, s, m, h, d, w, mo or y"),
    })
}

/// A time of day: `20h`, `7h30m`.
pub(crate) fn time_of_day(text: &str) -> Result<Span, Misfit> {
    let span = duration(text)?;
    if span > Span::DAY {
        return Err(Misfit::new(Code::OutOfRange, format!("`{text}` is later than any time of day")));
    }
    Ok(span)
}

/// An Ethereum slot lasts 12 s (SECONDS_PER_SLOT of the consensus specification).
const SECONDS_PER_SLOT: f64 = 12.0;
/// More per second than anything real; sums of them stay exact enough.
const FASTEST: f64 = 1e15;

/// Words for many, and what is counted in them.
const MULTIPLES: &[(&str, i128)] = &[
    ("k", 1_000),
    ("M", 1_000_000),
    ("G", 1_000_000_000),
    ("thousand", 1_000),
    ("million", 1_000_000),
    ("billion", 1_000_000_000),
];

/// What a number may be of, for the reader alone.
const NOUNS: &[&str] = &[
    "attestations",
    "checks",
    "clients",
    "copies",
    "duties",
    "duty",
    "events",
    "failures",
    "faults",
    "keys",
    "members",
    "messages",
    "operations",
    "probes",
    "queries",
    "query",
    "reads",
    "replicas",
    "replications",
    "requests",
    "sessions",
    "signers",
    "sites",
    "successes",
    "transactions",
    "users",
    "vantages",
    "votes",
    "writes",
    "years",
];

/// The factor that a rest of text begins with, and the rest of that.
fn multiple(rest: &str) -> (i128, &str) {
    let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
    let (word, after) = rest.split_at(end);
    let many = MULTIPLES.iter().find(|(name, _)| *name == word);
    many.map_or((1, rest), |(_, factor)| (*factor, after.trim_start()))
}

/// Nothing, or what a number may be of, in the singular or the plural.
fn noun(text: &str, noun: &str) -> Result<(), Misfit> {
    let noun = noun.trim();
    let (singular, plural) = (format!("{noun}s"), format!("{noun}es"));
    if noun.is_empty() || NOUNS.iter().any(|known| [noun, &singular, &plural].contains(known)) {
        return Ok(());
    }
    let unknown = Misfit::new(Code::UnknownUnit, format!("`{text}`: nothing here is counted in `{noun}`"));
    Err(match nearest(noun, NOUNS.iter().copied().chain(MULTIPLES.iter().map(|(word, _)| *word))) {
        Some(near) => unknown.help(format!("did you mean `{near}`?")),
        None => {
            unknown.help("numbers take k, M or G (thousand, million, billion) and what is counted: `1M keys`")
        }
    })
}

/// Events per second: `4000 rps`, `2 per minute`, `10/s`, `1 duty/slot`, `1 per 100y`.
pub(crate) fn rate(text: &str) -> Result<f64, Misfit> {
    let (number, rest) = Decimal::split(text.trim())?;
    let (factor, rest) = multiple(rest.trim());
    let per_second = number.value() * factor as f64 / rate_seconds(text, rest)?;
    if (0.0..=FASTEST).contains(&per_second) {
        Ok(per_second)
    } else {
        Err(Misfit::new(Code::OutOfRange, format!("`{text}` is not a possible rate")))
    }
}

/// The seconds in which a rate's number counts.
fn rate_seconds(text: &str, unit: &str) -> Result<f64, Misfit> {
    let number = text.trim().trim_end_matches(|c: char| !(c.is_ascii_digit() || c == '.'));
    if unit.is_empty() {
        let missing =
            Misfit::new(Code::NoUnit, format!("`{text}` has no unit")).label("per second, per minute?");
        return Err(missing.help(format!("write `{number} rps` or `{number} per minute`")));
    }
    if let "rps" | "qps" | "tps" = unit {
        return Ok(1.0);
    }
    let (what, per) = unit.split_once('/').or_else(|| per_word(unit)).ok_or_else(|| unknown_rate(unit))?;
    noun(text, what)?;
    rate_period(per.trim()).ok_or_else(|| unknown_rate(unit))
}

fn per_word(unit: &str) -> Option<(&str, &str)> {
    unit.strip_prefix("per ").map(|per| ("", per)).or_else(|| unit.split_once(" per "))
}

fn rate_period(per: &str) -> Option<f64> {
    let seconds =
        |name: &str| TIMES.iter().find(|(unit, _)| *unit == name).map(|(_, nanos)| *nanos as f64 / 1e9);
    match per {
        "slot" => Some(SECONDS_PER_SLOT),
        "second" => Some(1.0),
        "minute" | "hour" | "day" | "week" | "year" => seconds(&per[..1]),
        "month" => seconds("mo"),
        _ => seconds(per).or_else(|| duration(per).ok().map(Span::seconds).filter(|seconds| *seconds > 0.0)),
    }
}

fn unknown_rate(unit: &str) -> Misfit {
    Misfit::new(Code::UnknownUnit, format!("unknown unit of a rate `{unit}`"))
        .help("rates are written `4000 rps`, `2 per minute`, `10/s` or `1 duty/slot`")
}

/// A share of a whole: `10%`, `99.95%`, `17/20`.
pub(crate) fn share(text: &str) -> Result<f64, Misfit> {
    let text = text.trim();
    let value = match text.split_once('/') {
        Some((part, whole)) => quotient(text, part, whole)?,
        None => percent(text)?,
    };
    if (0.0..=1.0).contains(&value) {
        Ok(value)
    } else {
        Err(Misfit::new(Code::OutOfRange, format!("`{text}` is not a share of a whole"))
            .label("outside 0% to 100%"))
    }
}

/// A factor written in percent, which may exceed 100 %.
pub(crate) fn percent(text: &str) -> Result<f64, Misfit> {
    let (number, rest) = Decimal::split(text.trim())?;
    match rest.trim() {
        "%" => Ok(Decimal { scale: number.scale + 2, ..number }.value()),
        "" => Err(Misfit::new(Code::NoUnit, format!("`{text}` has no unit")).help(share_help(number))),
        other => {
            Err(Misfit::new(Code::UnknownUnit, format!("unknown unit of a share `{other}`"))
                .help("write `%`"))
        }
    }
}

fn share_help(number: Decimal) -> String {
    let value = number.value();
    if value > 1.0 {
        format!("write `{value}%`")
    } else {
        format!("write `{}%`, or `{value}%` if that is meant", value * 100.0)
    }
}

fn quotient(text: &str, part: &str, whole: &str) -> Result<f64, Misfit> {
    let (part, whole) = (number(part)?, number(whole)?);
    if whole <= 0.0 {
        return Err(Misfit::new(Code::OutOfRange, format!("`{text}` is not a share of a whole")));
    }
    Ok(part / whole)
}

/// A plain number: `0.7`.
pub(crate) fn number(text: &str) -> Result<f64, Misfit> {
    match Decimal::split(text.trim())? {
        (number, "") => Ok(number.value()),
        (_, rest) => {
            let title = format!("`{text}` is not a plain number");
            Err(Misfit::new(Code::NotAQuantity, title).label(format!("`{}` is too much", rest.trim())))
        }
    }
}

/// A whole number, with or without a noun: `1024`, `1000000 keys`, `1.5M`.
pub(crate) fn count(text: &str, least: u64, most: u64) -> Result<u64, Misfit> {
    let text = text.trim();
    let out_of_range = || {
        let title = format!("`{text}` is out of range");
        Misfit::new(Code::OutOfRange, title).label(format!("{least} to {most} is possible"))
    };
    let within = |count: u64| if (least..=most).contains(&count) { Ok(count) } else { Err(out_of_range()) };
    // Seeds have more digits than a decimal.
    if !text.is_empty() && text.chars().all(|c| c.is_ascii_digit()) {
        return text.parse().map_err(|_| out_of_range()).and_then(within);
    }
    let (number, rest) = Decimal::split(text)?;
    let (factor, what) = multiple(rest.trim());
    let product = number.mantissa * factor;
    let divisor = 10_i128.pow(number.scale);
    if product % divisor != 0 || what.contains(|c: char| !(c.is_alphabetic() || c == ' ')) {
        return Err(Misfit::new(Code::NotAQuantity, format!("`{text}` is not a whole number")));
    }
    noun(text, what)?;
    u64::try_from(product / divisor).map_err(|_| out_of_range()).and_then(within)
}

/// A choice out of a number of things: `3 of 5`, `4 of 7 sites`.
pub(crate) fn k_of_n(text: &str) -> Result<(u64, u64), Misfit> {
    let wrong = || Misfit::new(Code::NotAQuantity, format!("`{text}` is not of the form `3 of 5`"));
    let (k, n) = text.split_once(" of ").ok_or_else(wrong)?;
    let (k, n) = (count(k, 1, 1_000_000)?, count(n, 1, 1_000_000)?);
    if k > n {
        return Err(Misfit::new(Code::OutOfRange, format!("`{text}`: more than there are")));
    }
    Ok((k, n))
}

/// A distance in kilometres: `500 km`, `800 m` is refused as it reads as minutes.
pub(crate) fn distance(text: &str) -> Result<f64, Misfit> {
    let (number, rest) = Decimal::split(text.trim())?;
    match rest.trim() {
        "km" if number.value().abs() <= 50_000.0 => Ok(number.value()),
        "km" => {
            Err(Misfit::new(Code::OutOfRange, format!("`{text}` is longer than the Earth's circumference")))
        }
        "" => {
            Err(Misfit::new(Code::NoUnit, format!("`{text}` has no unit")).help(format!("write `{text} km`")))
        }
        other => {
            Err(Misfit::new(Code::UnknownUnit, format!("unknown unit of distance `{other}`"))
                .help("write `km`"))
        }
    }
}

/// One of several words.
pub(crate) fn word<'a>(text: &str, known: impl Iterator<Item = &'a str> + Clone) -> Result<&'a str, Misfit> {
    if let Some(word) = known.clone().find(|word| *word == text) {
        return Ok(word);
    }
    let list: Vec<String> = known.clone().map(|word| format!("`{word}`")).collect();
    let help = match nearest(text, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("one of {}", list.join(", ")),
    };
    Err(Misfit::new(Code::UnknownWord, format!("unknown word `{text}`")).help(help))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nanos(text: &str) -> i64 {
        duration(text).unwrap().nanos()
    }

    #[test]
    fn times_are_exact() {
        assert_eq!(nanos("30s"), 30_000_000_000);
        assert_eq!(nanos("1.5h"), 5_400_000_000_000);
        assert_eq!(nanos("1h30m"), nanos("90m"));
        assert_eq!(nanos("12mo"), nanos("1y"));
        assert_eq!(nanos("1y"), nanos("365d"));
        assert_eq!(nanos("0.000000001s"), 1);
        assert_eq!(nanos("250 ms"), 250_000_000);
        assert_eq!(signed_duration("-5h30m").unwrap().nanos(), -nanos("5.5h"));
        assert_eq!(duration("200y").unwrap(), LONGEST);
    }

    #[test]
    fn a_decimal_is_not_read_through_binary_fractions() {
        // 0.1 s is not representable in binary; 3 * 0.1 s rounded from a float would be off.
        assert_eq!(nanos("0.3s"), 300_000_000);
        assert_eq!(nanos("1.0000000005s"), 1_000_000_001, "halves round away from zero");
    }

    #[test]
    fn rates_shares_and_counts_are_read() {
        assert_eq!(rate("4000 rps").unwrap(), 4000.0);
        assert_eq!(rate("2 per minute").unwrap(), 2.0 / 60.0);
        assert_eq!(rate("1 duty/slot").unwrap(), 1.0 / 12.0);
        assert_eq!(rate("1 per 100y").unwrap(), 1.0 / (100.0 * 365.0 * 86_400.0));
        assert_eq!(rate("12 requests per hour").unwrap(), 12.0 / 3600.0);
        assert_eq!(share("99.95%").unwrap(), 0.9995);
        assert_eq!(share("17/20").unwrap(), 0.85);
        assert_eq!(count("1000000 keys", 0, u64::MAX).unwrap(), 1_000_000);
        assert_eq!(count("1M keys", 0, u64::MAX).unwrap(), 1_000_000);
        assert_eq!(count("1.5 million", 0, u64::MAX).unwrap(), 1_500_000);
        assert_eq!(count("18446744073709551615", 0, u64::MAX).unwrap(), u64::MAX);
        assert_eq!(rate("80k rps").unwrap(), 80_000.0);
        assert_eq!(rate("5M/s").unwrap(), 5e6);
        assert_eq!(rate("2 billion requests per day").unwrap(), 2e9 / 86_400.0);
        assert_eq!(k_of_n("4 of 7 sites").unwrap(), (4, 7));
        assert_eq!(distance("500 km").unwrap(), 500.0);
    }

    #[test]
    fn a_bare_number_says_what_to_write() {
        assert_eq!(duration("60").unwrap_err().help.unwrap(), "write `60s`, `60m`, `60h` or `60d`");
        assert_eq!(share("0.1").unwrap_err().help.unwrap(), "write `10%`, or `0.1%` if that is meant");
        assert_eq!(rate("40").unwrap_err().code, Code::NoUnit);
    }

    #[test]
    fn words_that_nobody_counts_in_are_refused() {
        for text in ["1 gazillion", "1K", "10 kk", "1kM", "5 monkeys", "1e6", "1 000", "3_keys"] {
            assert!(count(text, 0, u64::MAX).is_err(), "{text}");
            assert!(rate(&format!("{text} per day")).is_err(), "{text}");
        }
        for text in ["1.0005k", "0.5", "-1 keys", "20 billion billion", "99999999999 G"] {
            assert!(count(text, 0, u64::MAX).is_err(), "{text}");
        }
        assert_eq!(count("7 kyes", 0, 10).unwrap_err().help.unwrap(), "did you mean `keys`?");
    }

    #[test]
    fn absurd_numbers_are_refused_without_a_panic() {
        for text in [
            "",
            "-",
            ".",
            "1.",
            "1..2",
            "NaN",
            "inf",
            "1e9s",
            "999999999999999999999999s",
            "201y",
            "-1s",
            "µ",
            "5µ",
            "1/0",
            "0x10s",
        ] {
            assert!(duration(text).is_err(), "{text}");
            assert!(share(text).is_err(), "{text}");
            assert!(rate(text).is_err(), "{text}");
        }
    }
}
