//! Laws of random lengths of time.

use crate::stream::Stream;
use crate::time::Span;

/// The law of a positive random length of time; parameters are in seconds where they have a unit.
#[derive(Clone, PartialEq, Debug)]
pub enum Law {
    /// Always the same.
    Fixed(Span),
    /// Exponential.
    Exponential {
        /// Mean, seconds.
        mean: f64,
    },
    /// Weibull: P(X > x) = exp(-(x/scale)^shape).
    Weibull {
        /// Shape.
        shape: f64,
        /// Scale, seconds.
        scale: f64,
    },
    /// Lognormal: ln X is normal.
    Lognormal {
        /// Mean of ln X, X in seconds.
        mu: f64,
        /// Standard deviation of ln X.
        sigma: f64,
    },
    /// Gamma: mean shape * scale.
    Gamma {
        /// Shape.
        shape: f64,
        /// Scale, seconds.
        scale: f64,
    },
    /// Pareto: P(X > x) = (low/x)^shape for x >= low.
    Pareto {
        /// Shape.
        shape: f64,
        /// Least value, seconds.
        low: f64,
    },
    /// Uniform between two lengths.
    Uniform {
        /// Least value.
        low: Span,
        /// Greatest value.
        high: Span,
    },
    /// One of the given lengths, each as likely; sorted.
    Empirical(Vec<Span>),
    /// One of several laws, by weight; weights sum to 1.
    Mixture(Vec<(f64, Law)>),
}

impl Law {
    /// Draws one length.
    pub fn sample(&self, stream: &mut Stream) -> Span {
        match self {
            Law::Fixed(span) => *span,
            Law::Exponential { mean } => Span::from_seconds(-mean * libm::log(stream.uniform())),
            _ => unimplemented!("being written"),
        }
    }

    /// The mean, in seconds; infinite where the law has none.
    pub fn mean(&self) -> f64 {
        match self {
            Law::Fixed(span) => span.seconds(),
            Law::Exponential { mean } => *mean,
            _ => unimplemented!("being written"),
        }
    }

    /// Draws the residual length at a random instant of a stationary renewal process with this law.
    pub fn sample_residual(&self, stream: &mut Stream) -> Span {
        match self {
            Law::Exponential { .. } => self.sample(stream),
            _ => unimplemented!("being written"),
        }
    }
}
