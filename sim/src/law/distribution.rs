use super::Law;
use crate::special::{gamma_lower, gamma_lower_inverse, normal_cdf, normal_quantile};
use crate::time::Span;

impl Law {
    /// P(X <= x), `x` in seconds.
    pub fn cdf(&self, x: f64) -> f64 {
        if x < 0.0 {
            return 0.0;
        }
        match self {
            Law::Fixed(span) => f64::from(x >= span.seconds()),
            Law::Exponential { mean } => -libm::expm1(-x / mean),
            Law::Weibull { shape, scale } => -libm::expm1(-libm::pow(x / scale, *shape)),
            Law::Lognormal { mu, sigma } => normal_cdf((libm::log(x) - mu) / sigma),
            Law::Gamma { shape, scale } => gamma_lower(*shape, x / scale),
            Law::Pareto { shape, low } => 1.0 - libm::pow((low / x).min(1.0), *shape),
            Law::Uniform { low, high } if high == low => f64::from(x >= low.seconds()),
            Law::Uniform { low, high } => ((x - low.seconds()) / (*high - *low).seconds()).clamp(0.0, 1.0),
            Law::Empirical(lengths) => {
                lengths.partition_point(|length| length.seconds() <= x) as f64 / lengths.len() as f64
            }
            Law::Mixture(parts) => parts.iter().map(|(weight, law)| weight * law.cdf(x)).sum(),
        }
    }

    /// The least x, in seconds, with P(X <= x) >= `p`, for `p` in (0, 1).
    pub fn quantile(&self, p: f64) -> f64 {
        match self {
            Law::Fixed(span) => span.seconds(),
            Law::Exponential { mean } => -mean * libm::log1p(-p),
            Law::Weibull { shape, scale } => scale * libm::pow(-libm::log1p(-p), 1.0 / shape),
            Law::Lognormal { mu, sigma } => libm::exp(mu + sigma * normal_quantile(p)),
            Law::Gamma { shape, scale } => scale * gamma_lower_inverse(*shape, p),
            Law::Pareto { shape, low } => low * libm::pow(1.0 - p, -1.0 / shape),
            Law::Uniform { low, high } => low.seconds() + p * (*high - *low).seconds(),
            Law::Empirical(lengths) => order_statistic(lengths, p).seconds(),
            Law::Mixture(parts) => mixture_quantile(self, parts, p),
        }
    }
}

/// The least of the sorted `lengths` with at least a share `p` at or below it.
fn order_statistic(lengths: &[Span], p: f64) -> Span {
    let rank = (p * lengths.len() as f64).ceil() as usize;
    lengths[rank.clamp(1, lengths.len()) - 1]
}

/// By bisection between the least and the greatest of the parts' quantiles, which surely enclose the mixture's.
fn mixture_quantile(law: &Law, parts: &[(f64, Law)], p: f64) -> f64 {
    let quantiles = parts.iter().map(|(_, part)| part.quantile(p));
    let mut low = quantiles.clone().fold(f64::INFINITY, f64::min);
    let mut high = quantiles.fold(0.0, f64::max);
    if law.cdf(low) >= p {
        return low;
    }
    loop {
        let middle = low + 0.5 * (high - low);
        if middle <= low || middle >= high {
            return high;
        }
        if law.cdf(middle) >= p {
            high = middle;
        } else {
            low = middle;
        }
    }
}
