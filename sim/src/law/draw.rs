use super::Law;
use crate::special::normal_quantile;
use crate::stream::Stream;
use crate::time::Span;

impl Law {
    /// Draws one length. A law with a density never gives less than a nanosecond, nor more than [`Span::FOREVER`].
    ///
    /// Every law but gamma and mixtures takes exactly one number from the stream, by inversion.
    pub fn sample(&self, stream: &mut Stream) -> Span {
        match self {
            // Beside the others of its kind, since no law is drawn as often.
            Law::Exponential { mean } => length(exponential_drawn(*mean, stream)),
            Law::Fixed(span) => *span,
            Law::Uniform { low, high } => {
                *low + Span::from_nanos(stream.below((*high - *low).nanos() as u64 + 1) as i64)
            }
            Law::Empirical(lengths) => lengths[stream.below(lengths.len() as u64) as usize],
            Law::Mixture(parts) => {
                let part = chosen(parts.iter().map(|(weight, _)| *weight), stream);
                parts[part].1.sample(stream)
            }
            _ => length(self.seconds_drawn(stream)),
        }
    }

    /// Draws the residual length at a random instant of a stationary renewal process with this law: a length drawn in
    /// proportion to itself, cut at a uniform point [Cox, Renewal Theory, 1962, section 5.3].
    ///
    /// A law of infinite mean never ends: [`Span::FOREVER`].
    pub fn sample_residual(&self, stream: &mut Stream) -> Span {
        if let Law::Exponential { .. } = self {
            return self.sample(stream);
        }
        if self.mean() == f64::INFINITY {
            return Span::FOREVER;
        }
        let whole = self.biased_seconds_drawn(stream);
        length(whole * stream.uniform())
    }

    /// A draw from a law with a density, in seconds.
    fn seconds_drawn(&self, stream: &mut Stream) -> f64 {
        match self {
            Law::Exponential { mean } => exponential_drawn(*mean, stream),
            Law::Weibull { shape, scale } => scale * libm::pow(-libm::log(stream.uniform()), 1.0 / shape),
            Law::Lognormal { mu, sigma } => libm::exp(mu + sigma * normal_quantile(stream.uniform())),
            Law::Gamma { shape, scale } => scale * gamma_drawn(*shape, stream),
            Law::Pareto { shape, low } => low * libm::pow(stream.uniform(), -1.0 / shape),
            _ => unreachable!("laws in whole nanoseconds are drawn as such"),
        }
    }

    /// A draw in proportion to length: density x f(x) / mean.
    fn biased_seconds_drawn(&self, stream: &mut Stream) -> f64 {
        match self {
            Law::Fixed(span) => span.seconds(),
            Law::Exponential { mean } => mean * gamma_drawn(2.0, stream),
            Law::Weibull { shape, scale } => {
                scale * libm::pow(gamma_drawn(1.0 + 1.0 / shape, stream), 1.0 / shape)
            }
            Law::Lognormal { mu, sigma } => {
                Law::Lognormal { mu: mu + sigma * sigma, sigma: *sigma }.seconds_drawn(stream)
            }
            Law::Gamma { shape, scale } => scale * gamma_drawn(shape + 1.0, stream),
            Law::Pareto { shape, low } => Law::Pareto { shape: shape - 1.0, low: *low }.seconds_drawn(stream),
            Law::Uniform { low, high } => {
                let (low, high) = (low.seconds(), high.seconds());
                let (below, above) = (low * low, high * high);
                (below + stream.uniform() * (above - below)).sqrt()
            }
            Law::Empirical(lengths) => lengths[chosen(lengths.iter().map(|l| l.seconds()), stream)].seconds(),
            Law::Mixture(parts) => {
                let part = chosen(parts.iter().map(|(weight, law)| weight * law.mean()), stream);
                parts[part].1.biased_seconds_drawn(stream)
            }
        }
    }
}

fn exponential_drawn(mean: f64, stream: &mut Stream) -> f64 {
    -mean * libm::log(stream.uniform())
}

pub(super) fn length(seconds: f64) -> Span {
    Span::from_seconds(seconds).max(Span::NANOSECOND)
}

/// An index drawn in proportion to the weights, which need not sum to 1.
fn chosen(weights: impl Iterator<Item = f64> + Clone, stream: &mut Stream) -> usize {
    let mut left = stream.uniform() * weights.clone().sum::<f64>();
    let mut last = 0;
    for (index, weight) in weights.enumerate() {
        if left < weight {
            return index;
        }
        left -= weight;
        // Rounding may leave a crumb past the last weight; it falls on the last possible index.
        if weight > 0.0 {
            last = index;
        }
    }
    last
}

/// A draw from the gamma law of scale 1.
///
/// Marsaglia & Tsang, "A simple method for generating gamma variables", ACM TOMS 26 (2000); below a shape of 1, their
/// remark: a draw of shape + 1 times U^(1/shape).
fn gamma_drawn(shape: f64, stream: &mut Stream) -> f64 {
    if shape < 1.0 {
        let boost = libm::pow(stream.uniform(), 1.0 / shape);
        return gamma_drawn(shape + 1.0, stream) * boost;
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let normal = normal_quantile(stream.uniform());
        let root = 1.0 + c * normal;
        let cube = root * root * root;
        let accept = stream.uniform();
        if root > 0.0 && libm::log(accept) < 0.5 * normal * normal + d * (1.0 - cube + libm::log(cube)) {
            return d * cube;
        }
    }
}
