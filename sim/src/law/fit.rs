use super::Law;
use crate::time::Span;
use std::fmt;

/// A family of laws with a scale and, but for the exponential, a shape.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Family {
    /// See [`Law::Exponential`].
    Exponential,
    /// See [`Law::Weibull`].
    Weibull,
    /// See [`Law::Lognormal`].
    Lognormal,
    /// See [`Law::Gamma`].
    Gamma,
    /// See [`Law::Pareto`].
    Pareto,
}

/// Something a user knows of a law.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Fact {
    /// Its mean.
    Mean(Span),
    /// Its median.
    Median(Span),
    /// The length that a share of draws, in (0, 1), does not exceed.
    Percentile {
        /// Share of draws at or below `value`.
        share: f64,
        /// The length.
        value: Span,
    },
    /// Its scale parameter: Weibull's and gamma's scale, Pareto's least value, the lognormal's median.
    Scale(Span),
    /// Its shape parameter: Weibull's, gamma's or Pareto's.
    Shape(f64),
    /// The standard deviation of the logarithm, of a lognormal.
    Sigma(f64),
    /// Its coefficient of variation, standard deviation over mean.
    Variation(f64),
}

/// Why no law was found.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum FitError {
    /// The family needs another number of facts.
    Count {
        /// The family.
        family: Family,
        /// Facts it needs.
        needed: usize,
        /// Facts it was given.
        given: usize,
    },
    /// At least one fact must be a length; shape and variation alone leave the scale open.
    NoLength,
    /// Two facts about the shape, and none about the scale, or the same fact twice.
    Redundant,
    /// A length, shape, sigma or variation that is not a positive number.
    NotPositive(Fact),
    /// A percentile's share outside (0, 1).
    ShareOutside(f64),
    /// The family has no such parameter.
    Foreign(Family, Fact),
    /// No law of the family has both facts.
    Contradiction(Family),
    /// A Pareto law of shape 1 or less has no mean, so it cannot be found from one.
    NoMean,
    /// A uniform law whose greatest value lies below its least, or whose least is negative.
    Range,
    /// An empirical law or a mixture without members.
    Empty,
    /// A mixture's weight that is not a positive number.
    Weight(f64),
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Family::Exponential => "exponential",
            Family::Weibull => "Weibull",
            Family::Lognormal => "lognormal",
            Family::Gamma => "gamma",
            Family::Pareto => "Pareto",
        })
    }
}

impl Fact {
    fn name(self) -> &'static str {
        match self {
            Fact::Mean(_) => "mean",
            Fact::Median(_) => "median",
            Fact::Percentile { .. } => "percentile",
            Fact::Scale(_) => "scale",
            Fact::Shape(_) => "shape",
            Fact::Sigma(_) => "sigma",
            Fact::Variation(_) => "coefficient of variation",
        }
    }

    /// The length it speaks of, in seconds, if any.
    fn length(self) -> Option<f64> {
        match self {
            Fact::Mean(value) | Fact::Median(value) | Fact::Scale(value) | Fact::Percentile { value, .. } => {
                Some(value.seconds())
            }
            Fact::Shape(_) | Fact::Sigma(_) | Fact::Variation(_) => None,
        }
    }
}

impl fmt::Display for FitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FitError::Count { family: Family::Exponential, given, .. } => {
                write!(
                    f,
                    "an exponential law is determined by one length (mean, median or a percentile), not by {given}"
                )
            }
            FitError::Count { family, needed, given } => {
                write!(
                    f,
                    "a {family} law is determined by {needed} figures, such as mean and shape or median and a percentile; {given} given"
                )
            }
            FitError::NoLength => {
                f.write_str("the law's scale is open: add its mean, median, scale or a percentile")
            }
            FitError::Redundant => f.write_str("two figures say the same thing: give two different ones"),
            FitError::NotPositive(fact) => {
                write!(f, "the {} must be a positive number", fact.name())
            }
            FitError::ShareOutside(share) => {
                write!(f, "a percentile lies between 0 % and 100 %, not at {} %", share * 100.0)
            }
            FitError::Foreign(family, fact) => write!(f, "a {family} law has no {}", fact.name()),
            FitError::Contradiction(family) => {
                write!(f, "no {family} law has both of these figures")
            }
            FitError::NoMean => f.write_str("a Pareto law with a shape of 1 or less has no mean"),
            FitError::Range => {
                f.write_str("the greatest value must not be below the least, nor the least below zero")
            }
            FitError::Empty => f.write_str("at least one member is needed"),
            FitError::Weight(weight) => {
                write!(f, "a weight must be a positive number, not {weight}")
            }
        }
    }
}

impl std::error::Error for FitError {}

impl Law {
    /// The law of a `family` that the facts determine: one length for the exponential; for the others a length and
    /// the shape (or sigma, or variation), or two lengths.
    ///
    /// Mean and a percentile may fit two laws; the less variable is taken.
    ///
    /// # Errors
    /// Facts that are too few or too many, impossible, or contradict each other.
    pub fn fit(family: Family, facts: &[Fact]) -> Result<Law, FitError> {
        let needed = if family == Family::Exponential { 1 } else { 2 };
        if facts.len() != needed {
            return Err(FitError::Count { family, needed, given: facts.len() });
        }
        for fact in facts {
            check(family, *fact)?;
        }
        let length = *facts.iter().find(|fact| fact.length().is_some()).ok_or(FitError::NoLength)?;
        let unit = match facts.iter().find(|fact| **fact != length) {
            None if needed == 2 => return Err(FitError::Redundant),
            None => Law::Exponential { mean: 1.0 },
            Some(other) => unit_law(family, shape_from(family, length, *other)?),
        };
        let measured = measure(&unit, length);
        if measured == f64::INFINITY {
            return Err(FitError::NoMean);
        }
        Ok(unit.scaled(length.length().ok_or(FitError::NoLength)? / measured))
    }

    /// The uniform law from `low` to `high`.
    ///
    /// # Errors
    /// [`FitError::Range`].
    pub fn uniform(low: Span, high: Span) -> Result<Law, FitError> {
        if low < Span::ZERO || high < low { Err(FitError::Range) } else { Ok(Law::Uniform { low, high }) }
    }

    /// The law that draws one of `lengths`, each as likely, in any order.
    ///
    /// # Errors
    /// [`FitError::Empty`]; [`FitError::Range`] where one is negative.
    pub fn empirical(mut lengths: Vec<Span>) -> Result<Law, FitError> {
        lengths.sort_unstable();
        match lengths.first() {
            None => Err(FitError::Empty),
            Some(least) if *least < Span::ZERO => Err(FitError::Range),
            Some(_) => Ok(Law::Empirical(lengths)),
        }
    }

    /// The mixture of laws by weight; weights are scaled to sum to 1.
    ///
    /// # Errors
    /// [`FitError::Empty`] or [`FitError::Weight`].
    pub fn mixture(parts: Vec<(f64, Law)>) -> Result<Law, FitError> {
        if parts.is_empty() {
            return Err(FitError::Empty);
        }
        if let Some((weight, _)) = parts.iter().find(|(weight, _)| !positive(*weight)) {
            return Err(FitError::Weight(*weight));
        }
        let total: f64 = parts.iter().map(|(weight, _)| weight).sum();
        Ok(Law::Mixture(parts.into_iter().map(|(weight, law)| (weight / total, law)).collect()))
    }
}

fn positive(x: f64) -> bool {
    x > 0.0 && x < f64::INFINITY
}

fn check(family: Family, fact: Fact) -> Result<(), FitError> {
    match fact {
        Fact::Mean(value) | Fact::Median(value) | Fact::Scale(value) | Fact::Percentile { value, .. }
            if value <= Span::ZERO =>
        {
            Err(FitError::NotPositive(fact))
        }
        Fact::Percentile { share, .. } if !(share > 0.0 && share < 1.0) => Err(FitError::ShareOutside(share)),
        Fact::Shape(x) | Fact::Sigma(x) | Fact::Variation(x) if !positive(x) => {
            Err(FitError::NotPositive(fact))
        }
        Fact::Sigma(_) if family != Family::Lognormal => Err(FitError::Foreign(family, fact)),
        Fact::Shape(_) if matches!(family, Family::Lognormal | Family::Exponential) => {
            Err(FitError::Foreign(family, fact))
        }
        Fact::Variation(_) if family == Family::Exponential => Err(FitError::Foreign(family, fact)),
        _ => Ok(()),
    }
}

/// The law of scale 1 s and the given spread, which grows with the variability: sigma, or one over the shape.
fn unit_law(family: Family, spread: f64) -> Law {
    let shape = 1.0 / spread;
    match family {
        Family::Exponential => Law::Exponential { mean: 1.0 },
        Family::Weibull => Law::Weibull { shape, scale: 1.0 },
        Family::Lognormal => Law::Lognormal { mu: 0.0, sigma: spread },
        Family::Gamma => Law::Gamma { shape, scale: 1.0 },
        Family::Pareto => Law::Pareto { shape, low: 1.0 },
    }
}

/// What the law of scale 1 s has in the fact's place.
fn measure(unit: &Law, fact: Fact) -> f64 {
    match fact {
        Fact::Mean(_) => unit.mean(),
        Fact::Median(_) => unit.quantile(0.5),
        Fact::Percentile { share, .. } => unit.quantile(share),
        Fact::Scale(_) | Fact::Shape(_) | Fact::Sigma(_) => 1.0,
        Fact::Variation(_) => unit.variance().sqrt() / unit.mean(),
    }
}

/// The spread at which the unit law stands in the right relation to both facts.
fn shape_from(family: Family, length: Fact, other: Fact) -> Result<f64, FitError> {
    match other {
        Fact::Sigma(sigma) => Ok(sigma),
        Fact::Shape(shape) => Ok(1.0 / shape),
        Fact::Variation(variation) => solve(|spread| measure(&unit_law(family, spread), other) - variation)
            .ok_or(FitError::Contradiction(family)),
        _ => {
            let ratio = libm::log(
                other.length().ok_or(FitError::NoLength)? / length.length().ok_or(FitError::NoLength)?,
            );
            let excess = |spread| {
                let unit = unit_law(family, spread);
                libm::log(measure(&unit, other) / measure(&unit, length)) - ratio
            };
            solve(excess).ok_or(FitError::Contradiction(family))
        }
    }
}

/// Spreads looked at; beyond them a law is a constant, or has no figure a user could know.
const SPREAD: (f64, f64) = (1e-3, 30.0);

/// The least spread at which `excess` changes its sign, by a scan and bisection.
fn solve(excess: impl Fn(f64) -> f64) -> Option<f64> {
    const STEPS: u32 = 400;
    let ratio = SPREAD.1 / SPREAD.0;
    let at = |step: u32| SPREAD.0 * libm::pow(ratio, f64::from(step) / f64::from(STEPS));
    let below = excess(SPREAD.0) < 0.0;
    let crossed = (1..=STEPS).find(|&step| (excess(at(step)) < 0.0) != below)?;
    let (mut low, mut high) = (at(crossed - 1), at(crossed));
    loop {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            return Some(high);
        }
        if (excess(middle) < 0.0) == below {
            low = middle;
        } else {
            high = middle;
        }
    }
}
