//! Expectations: what a design must achieve, and the verdict its intervals allow.

use crate::outcome::Anomaly;
use crate::specification::{Scope, StoreId};

/// One line of `expect`.
#[derive(Clone, PartialEq, Debug)]
pub struct Expectation {
    /// As the user wrote it.
    pub text: String,
    /// What is measured.
    pub measure: Measure,
    /// How it is compared.
    pub comparison: Comparison,
    /// With what, in the measure's unit: a share for shares and probabilities, seconds for times, a count for counts.
    pub target: f64,
}

/// What can be measured.
#[derive(Clone, PartialEq, Debug)]
pub enum Measure {
    /// Share of requests served.
    Availability(Scope),
    /// Share of time in which the scope is up by its own `serving` rule.
    TimeUp(Scope),
    /// Share of time in which at least this share of requests is served: `time(served[scope] >= 95%)`.
    TimeServed(Scope, f64),
    /// Time not up per year.
    Downtime(Scope),
    /// Outages per year.
    Outages(Scope),
    /// A quantile of the time from a fault to full service.
    Recovery(Scope, f64),
    /// A quantile of an outage's length.
    OutageLength(Scope, f64),
    /// Requests lost per year.
    Lost(Scope),
    /// Acknowledged writes that a store loses per year.
    LostWrites(StoreId),
    /// Share of time in which somebody may write a store.
    Writable(StoreId),
    /// Time per year in which two may.
    TwoWriters(StoreId),
    /// Duties per year that nobody did.
    MissedDuties(StoreId),
    /// Duties per year that two did.
    DoubleSigns(StoreId),
    /// Share of the operations that it can happen to.
    Clients(Anomaly, StoreId),
    /// Least served share over the loss of each domain of a kind (`provider`, `region`, `site`, ... or a kind of the
    /// user's), once traffic has settled: `drill(any provider): served >= 85%`.
    Drill(String),
}

/// How a measure is compared with its target.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Comparison {
    /// At least.
    AtLeast,
    /// At most.
    AtMost,
    /// More than.
    Above,
    /// Less than.
    Below,
}

/// What the interval says about an expectation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// The whole interval meets the target.
    Holds,
    /// The whole interval misses it.
    Fails,
    /// The interval straddles the target, or the measure has no sample.
    Undecided,
}

/// A lower-case name for reports.
impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Verdict::Holds => "holds",
            Verdict::Fails => "fails",
            Verdict::Undecided => "undecided",
        })
    }
}

impl Comparison {
    /// Judges the interval `[low, high]` of a measure against `target`.
    pub fn judge(self, low: f64, high: f64, target: f64) -> Verdict {
        let (met_by_low, met_by_high) = (self.met(low, target), self.met(high, target));
        match (met_by_low, met_by_high) {
            (true, true) => Verdict::Holds,
            (false, false) => Verdict::Fails,
            _ => Verdict::Undecided,
        }
    }

    fn met(self, value: f64, target: f64) -> bool {
        match self {
            Comparison::AtLeast => value >= target,
            Comparison::AtMost => value <= target,
            Comparison::Above => value > target,
            Comparison::Below => value < target,
        }
    }
}
