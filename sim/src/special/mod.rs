//! The special functions of statistics, on `libm` only, so that they give the same bits everywhere.
//!
//! Accuracy is that of the statistics they serve: relative errors of about 1e-12 for moderate parameters, growing
//! with the parameters' size (1e-9 at a million degrees of freedom). The normal quantile is exact to 1e-15.

mod beta;
mod gamma;
mod normal;

pub use beta::{beta_lower, beta_lower_inverse, student_t_cdf, student_t_quantile};
pub use gamma::{chi_square_quantile, gamma_lower, gamma_lower_inverse, gamma_upper};
pub use normal::{normal_cdf, normal_quantile};

/// Terms after which a series or a continued fraction is given up; none of them needs more than about
/// ten times the square root of its parameters.
const TERMS_MAX: usize = 200_000;

/// Solves `cdf(x) = target` for an increasing `cdf` on `[low, high]` by Newton's steps kept inside a shrinking bracket.
fn invert(
    target: f64,
    mut low: f64,
    mut high: f64,
    start: f64,
    cdf: impl Fn(f64) -> f64,
    density: impl Fn(f64) -> f64,
) -> f64 {
    let mut x = start.clamp(low, high);
    for _ in 0..300 {
        let error = cdf(x) - target;
        if error == 0.0 {
            return x;
        }
        if error > 0.0 {
            high = x;
        } else {
            low = x;
        }
        let step = error / density(x);
        let newton = x - step;
        let next = if newton > low && newton < high { newton } else { low + 0.5 * (high - low) };
        if (next - x).abs() <= 4.0 * f64::EPSILON * x.abs() || next == low || next == high {
            return next;
        }
        x = next;
    }
    x
}
