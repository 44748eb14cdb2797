//! Simulated time: integer nanoseconds, in two types that cannot be confused. Their arithmetic stops the run where it
//! would overflow, in every profile.

use serde::{Deserialize, Serialize};
use std::ops::{Add, AddAssign, Mul, Neg, Sub, SubAssign};

/// An instant of simulated time, in nanoseconds since the start of the observed run.
///
/// Negative instants lie in the lead-in before the run, where beliefs and caches settle.
/// The range is ±292 years.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Instant(i64);

/// A length of simulated time, in nanoseconds. Differences of instants may be negative.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Span(i64);

/// Nanoseconds in a second.
pub const NANOS_PER_SECOND: i64 = 1_000_000_000;

impl Instant {
    /// The start of the observed run.
    pub const ZERO: Instant = Instant(0);
    /// Later than every instant a run can reach.
    pub const FAR: Instant = Instant(i64::MAX);

    /// The instant `nanos` nanoseconds after the start of the run.
    pub const fn from_nanos(nanos: i64) -> Self {
        Instant(nanos)
    }

    /// Nanoseconds since the start of the run.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Seconds since the start of the run.
    pub fn seconds(self) -> f64 {
        Span(self.0).seconds()
    }

    /// `self + span`, or [`Instant::FAR`] where that would overflow.
    pub fn saturating_add(self, span: Span) -> Self {
        Instant(self.0.saturating_add(span.0))
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Span = Span(0);
    /// The shortest delay a feedback may have.
    pub const NANOSECOND: Span = Span(1);
    /// One second.
    pub const SECOND: Span = Span(NANOS_PER_SECOND);
    /// Sixty seconds.
    pub const MINUTE: Span = Span(60 * NANOS_PER_SECOND);
    /// Sixty minutes.
    pub const HOUR: Span = Span(3600 * NANOS_PER_SECOND);
    /// Twenty-four hours.
    pub const DAY: Span = Span(86_400 * NANOS_PER_SECOND);
    /// 365 days.
    pub const YEAR: Span = Span(365 * 86_400 * NANOS_PER_SECOND);
    /// Longer than every run.
    pub const FOREVER: Span = Span(i64::MAX);

    /// `nanos` nanoseconds.
    pub const fn from_nanos(nanos: i64) -> Self {
        Span(nanos)
    }

    /// `millis` milliseconds.
    pub const fn from_millis(millis: i64) -> Self {
        Span(millis * 1_000_000)
    }

    /// `seconds` whole seconds.
    pub const fn from_secs(seconds: i64) -> Self {
        Span(seconds * NANOS_PER_SECOND)
    }

    /// `seconds` rounded to the nearest nanosecond, saturating at ±[`Span::FOREVER`]; zero where it is not a number.
    pub fn from_seconds(seconds: f64) -> Self {
        let nanos = seconds * NANOS_PER_SECOND as f64;
        // A cast truncates, saturates and turns NaN into zero. What it cut off is exact, so this is `f64::round`, without
        // the library call that makes on processors before SSE 4.1.
        let whole = nanos as i64;
        let rest = nanos - whole as f64;
        Span(whole.saturating_add(i64::from(rest >= 0.5) - i64::from(rest <= -0.5)))
    }

    /// Nanoseconds.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Seconds.
    pub fn seconds(self) -> f64 {
        self.0 as f64 / NANOS_PER_SECOND as f64
    }

    /// Is this no time at all?
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// `self / other` as a number; `other` must not be zero.
    pub fn ratio(self, other: Span) -> f64 {
        self.0 as f64 / other.0 as f64
    }
}

impl Add<Span> for Instant {
    type Output = Instant;
    fn add(self, span: Span) -> Instant {
        Instant(self.0.strict_add(span.0))
    }
}

impl AddAssign<Span> for Instant {
    fn add_assign(&mut self, span: Span) {
        self.0 = self.0.strict_add(span.0);
    }
}

impl Sub<Span> for Instant {
    type Output = Instant;
    fn sub(self, span: Span) -> Instant {
        Instant(self.0.strict_sub(span.0))
    }
}

impl Sub for Instant {
    type Output = Span;
    fn sub(self, other: Instant) -> Span {
        Span(self.0.strict_sub(other.0))
    }
}

impl Add for Span {
    type Output = Span;
    fn add(self, other: Span) -> Span {
        Span(self.0.strict_add(other.0))
    }
}

impl AddAssign for Span {
    fn add_assign(&mut self, other: Span) {
        self.0 = self.0.strict_add(other.0);
    }
}

impl Sub for Span {
    type Output = Span;
    fn sub(self, other: Span) -> Span {
        Span(self.0.strict_sub(other.0))
    }
}

impl SubAssign for Span {
    fn sub_assign(&mut self, other: Span) {
        self.0 = self.0.strict_sub(other.0);
    }
}

impl Mul<i64> for Span {
    type Output = Span;
    fn mul(self, times: i64) -> Span {
        Span(self.0.strict_mul(times))
    }
}

impl Neg for Span {
    type Output = Span;
    fn neg(self) -> Span {
        Span(self.0.strict_neg())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_and_spans_add_up() {
        let noon = Instant::ZERO + Span::HOUR * 12;
        assert_eq!(noon - Instant::ZERO, Span::DAY - Span::HOUR * 12);
        assert_eq!((noon - Span::DAY).nanos(), -43_200 * NANOS_PER_SECOND);
    }

    #[test]
    #[should_panic(expected = "overflow")]
    fn time_beyond_its_range_stops_the_run() {
        let _ = Instant::ZERO + Span::FOREVER + Span::NANOSECOND;
    }

    #[test]
    fn seconds_round_to_the_nanosecond_and_saturate() {
        assert_eq!(Span::from_seconds(1.5e-9).nanos(), 2);
        assert_eq!(Span::from_seconds(1e300), Span::FOREVER);
        assert_eq!(Span::from_seconds(f64::NAN), Span::ZERO);
        for nanos in
            [0.499_999_999_999_999_94, 0.5, 1.5, 2.5, 4e15 + 0.5, 9e15 + 1.0, 9.2e18, 9.3e18, f64::INFINITY]
        {
            for signed in [nanos, -nanos] {
                // Times and over a billion, to get at a float's neighbours too.
                let seconds = signed / 1e9;
                assert_eq!(Span::from_seconds(seconds).nanos(), (seconds * 1e9).round() as i64, "{signed}");
            }
        }
    }
}
