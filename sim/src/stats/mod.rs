//! Statistics that merge exactly: accumulators whose merge is associative bit for bit, and the intervals made of them.
//!
//! An accumulator holds integers only. What two threads gathered apart is, after the merge in any grouping, the same
//! as what one would have gathered; floats appear only when an [`Estimate`] is read off at the end.

mod clusters;
mod histogram;
mod holm;
mod moments;
mod pairs;
mod proportion;
mod quantile;
mod survival;
mod warmup;
mod weights;
mod wide;

pub use clusters::independent_values;
pub use histogram::LogHistogram;
pub use holm::holm;
pub use moments::Moments;
pub use pairs::Pairs;
pub use proportion::{clopper_pearson, proportion, wilson};
pub use quantile::{QuantileRanks, quantile_of_sorted, quantile_ranks};
pub use survival::Survival;
pub use warmup::warm_up_batches;
pub use weights::{OUTAGES_FOR_STUDENT, UNSEEN_MEANS, Weights, events_bound_after_none};

use std::fmt;

/// An interval that holds the true value with a stated confidence. An end may be infinite.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Interval {
    /// The interval of one point.
    pub const fn point(value: f64) -> Self {
        Interval { low: value, high: value }
    }

    /// `centre` plus and minus `half_width`.
    pub fn around(centre: f64, half_width: f64) -> Self {
        Interval { low: centre - half_width, high: centre + half_width }
    }

    /// Does it hold `value`?
    pub fn contains(self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }

    /// Half the distance between the ends.
    pub fn half_width(self) -> f64 {
        0.5 * (self.high - self.low)
    }

    /// The interval of `factor` times the quantity; `factor` must not be negative.
    pub fn scaled(self, factor: f64) -> Self {
        Interval { low: self.low * factor, high: self.high * factor }
    }

    /// The interval of `whole` minus the quantity: of availability, from that of unavailability.
    pub fn subtracted_from(self, whole: f64) -> Self {
        Interval { low: whole - self.high, high: whole - self.low }
    }
}

/// The probability, in (0, 1), with which an interval holds the true value.
#[derive(Clone, Copy, PartialEq, PartialOrd, Debug)]
pub struct Confidence(f64);

impl Confidence {
    /// 95 %.
    pub const P95: Confidence = Confidence(0.95);

    /// The confidence `level`, or nothing where it is outside (0, 1).
    pub fn new(level: f64) -> Option<Self> {
        (level > 0.0 && level < 1.0).then_some(Confidence(level))
    }

    /// The level itself.
    pub const fn level(self) -> f64 {
        self.0
    }

    /// The probability that the interval misses, alpha.
    pub fn error(self) -> f64 {
        1.0 - self.0
    }

    /// The probability below the upper end, 1 - alpha/2.
    pub fn upper(self) -> f64 {
        1.0 - 0.5 * self.error()
    }
}

/// How an interval was made.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Method {
    /// Fay and Feuer's gamma interval of a sum of Poisson-many weights.
    Gamma,
    /// Student's t of independent replications.
    Student,
    /// Nothing was seen: the bound on a Poisson rate.
    NoEvents,
    /// Wilson's score interval of a proportion.
    Wilson,
    /// Clopper and Pearson's exact interval of a proportion.
    ClopperPearson,
    /// Order statistics.
    OrderStatistics,
    /// Kaplan and Meier's estimate, some lengths being cut off.
    KaplanMeier,
    /// A ratio of sums over replications, by the delta method.
    Ratio,
    /// Differences of pairs that shared their luck.
    Paired,
    /// Welch's interval of a difference of independent means.
    Welch,
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Method::Gamma => "Fay-Feuer gamma",
            Method::Student => "Student t",
            Method::NoEvents => "Poisson bound after no event",
            Method::Wilson => "Wilson",
            Method::ClopperPearson => "Clopper-Pearson",
            Method::OrderStatistics => "order statistics",
            Method::KaplanMeier => "Kaplan-Meier",
            Method::Ratio => "ratio of sums, delta method",
            Method::Paired => "paired t",
            Method::Welch => "Welch",
        })
    }
}

/// An estimated quantity.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Estimate {
    /// The point estimate.
    pub value: f64,
    /// Where the true value lies, at the confidence asked for.
    pub interval: Interval,
    /// How the interval was made.
    pub method: Method,
    /// Size of the sample: outages, replications, trials or values, by the method.
    pub sample: u64,
}

impl Estimate {
    /// The interval's half-width over the value; infinite for a value of zero.
    pub fn relative_half_width(&self) -> f64 {
        if self.value == 0.0 { f64::INFINITY } else { self.interval.half_width() / self.value.abs() }
    }

    /// The estimate of `factor` times the quantity; `factor` must not be negative.
    pub fn scaled(self, factor: f64) -> Self {
        Estimate { value: self.value * factor, interval: self.interval.scaled(factor), ..self }
    }

    /// The estimate of the sum of two quantities estimated apart: the distances from the values to the ends are added
    /// as the errors of independent estimates are. The method and the sample stay this one's.
    ///
    /// Source: Zou & Donner, "Construction of confidence limits about effect measures", Statistics in Medicine 27
    /// (2008), the method of variance estimates recovery.
    pub fn plus(self, other: Estimate) -> Self {
        let value = self.value + other.value;
        let below = libm::hypot(self.value - self.interval.low, other.value - other.interval.low);
        let above = libm::hypot(self.interval.high - self.value, other.interval.high - other.value);
        Estimate { value, interval: Interval { low: value - below, high: value + above }, ..self }
    }

    /// The estimate of `whole` minus the quantity.
    pub fn subtracted_from(self, whole: f64) -> Self {
        Estimate { value: whole - self.value, interval: self.interval.subtracted_from(whole), ..self }
    }
}
