//! Laws of random lengths of time: their moments, quantiles, draws and residual lives, and how to find one from the
//! figures a user knows.

mod distribution;
mod draw;
mod fit;
mod poisson;
mod sampler;
#[cfg(test)]
mod tests;
mod ziggurat;

pub use fit::{Fact, Family, FitError};
pub use poisson::poisson;
pub use sampler::Sampler;

use crate::time::Span;

/// The law of a positive random length of time; parameters are in seconds where they have a unit.
///
/// A field's valid range is given beside it. [`Law::fit`], [`Law::uniform`], [`Law::empirical`] and [`Law::mixture`]
/// check it; the methods rely on it.
#[derive(Clone, PartialEq, Debug)]
pub enum Law {
    /// Always the same.
    Fixed(Span),
    /// Exponential.
    Exponential {
        /// Mean, seconds; positive.
        mean: f64,
    },
    /// Weibull: P(X > x) = exp(-(x/scale)^shape).
    Weibull {
        /// Shape; positive.
        shape: f64,
        /// Scale, seconds; positive.
        scale: f64,
    },
    /// Lognormal: ln X is normal.
    Lognormal {
        /// Mean of ln X, X in seconds.
        mu: f64,
        /// Standard deviation of ln X; positive.
        sigma: f64,
    },
    /// Gamma: mean shape * scale.
    Gamma {
        /// Shape; positive.
        shape: f64,
        /// Scale, seconds; positive.
        scale: f64,
    },
    /// Pareto: P(X > x) = (low/x)^shape for x >= low.
    Pareto {
        /// Shape; positive. The mean is infinite up to 1, the variance up to 2.
        shape: f64,
        /// Least value, seconds; positive.
        low: f64,
    },
    /// Uniform between two lengths, both included.
    Uniform {
        /// Least value.
        low: Span,
        /// Greatest value; not below `low`.
        high: Span,
    },
    /// One of the given lengths, each as likely; sorted, not empty.
    Empirical(Vec<Span>),
    /// One of several laws, by weight; weights are positive and sum to 1.
    Mixture(Vec<(f64, Law)>),
}

impl Law {
    /// The mean, in seconds; infinite where the law has none.
    pub fn mean(&self) -> f64 {
        match self {
            Law::Fixed(span) => span.seconds(),
            Law::Exponential { mean } => *mean,
            Law::Weibull { shape, scale } => scale * libm::tgamma(1.0 + 1.0 / shape),
            Law::Lognormal { mu, sigma } => libm::exp(mu + 0.5 * sigma * sigma),
            Law::Gamma { shape, scale } => shape * scale,
            Law::Pareto { shape, .. } if *shape <= 1.0 => f64::INFINITY,
            Law::Pareto { shape, low } => low * shape / (shape - 1.0),
            Law::Uniform { low, high } => 0.5 * (low.seconds() + high.seconds()),
            Law::Empirical(lengths) => {
                lengths.iter().map(|l| l.seconds()).sum::<f64>() / lengths.len() as f64
            }
            Law::Mixture(parts) => parts.iter().map(|(weight, law)| weight * law.mean()).sum(),
        }
    }

    /// The variance, in square seconds; infinite where the law has none.
    pub fn variance(&self) -> f64 {
        match self {
            Law::Fixed(_) => 0.0,
            Law::Exponential { mean } => mean * mean,
            Law::Weibull { shape, scale } => {
                let first = libm::tgamma(1.0 + 1.0 / shape);
                scale * scale * (libm::tgamma(1.0 + 2.0 / shape) - first * first)
            }
            Law::Lognormal { mu, sigma } => {
                let square = sigma * sigma;
                libm::expm1(square) * libm::exp(2.0 * mu + square)
            }
            Law::Gamma { shape, scale } => shape * scale * scale,
            Law::Pareto { shape, .. } if *shape <= 2.0 => f64::INFINITY,
            Law::Pareto { shape, low } => low * low * shape / ((shape - 1.0) * (shape - 1.0) * (shape - 2.0)),
            Law::Uniform { low, high } => {
                let width = (*high - *low).seconds();
                width * width / 12.0
            }
            Law::Empirical(lengths) => {
                let mean = self.mean();
                let square = |l: &Span| (l.seconds() - mean) * (l.seconds() - mean);
                lengths.iter().map(square).sum::<f64>() / lengths.len() as f64
            }
            Law::Mixture(parts) => {
                let mean = self.mean();
                let about = |law: &Law| law.variance() + (law.mean() - mean) * (law.mean() - mean);
                parts.iter().map(|(weight, law)| weight * about(law)).sum()
            }
        }
    }

    /// The same law with every length multiplied by `factor`, which must be positive.
    pub fn scaled(&self, factor: f64) -> Law {
        let stretch = |span: Span| Span::from_seconds(span.seconds() * factor);
        match self {
            Law::Fixed(span) => Law::Fixed(stretch(*span)),
            Law::Exponential { mean } => Law::Exponential { mean: mean * factor },
            Law::Weibull { shape, scale } => Law::Weibull { shape: *shape, scale: scale * factor },
            Law::Lognormal { mu, sigma } => Law::Lognormal { mu: mu + libm::log(factor), sigma: *sigma },
            Law::Gamma { shape, scale } => Law::Gamma { shape: *shape, scale: scale * factor },
            Law::Pareto { shape, low } => Law::Pareto { shape: *shape, low: low * factor },
            Law::Uniform { low, high } => Law::Uniform { low: stretch(*low), high: stretch(*high) },
            Law::Empirical(lengths) => Law::Empirical(lengths.iter().map(|l| stretch(*l)).collect()),
            Law::Mixture(parts) => {
                Law::Mixture(parts.iter().map(|(w, law)| (*w, law.scaled(factor))).collect())
            }
        }
    }
}
