//! Exact piecewise integrals: a sinusoid, its product with a polynomial, and where a smooth function first crosses zero.
//!
//! Between two changes every quantity of the flow engine is a polynomial, a sinusoid or their product, so nothing is
//! sampled in time.

mod crossing;
mod sinusoid;

pub use crossing::{Slope, first_crossing};
pub use sinusoid::Sinusoid;

/// A polynomial of degree at most three in seconds since the start of an interval; the constant comes first.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Cubic(pub [f64; 4]);

impl Cubic {
    /// The constant `value`.
    pub const fn constant(value: f64) -> Self {
        Cubic([value, 0.0, 0.0, 0.0])
    }

    /// The line from `start` at zero to `end` at `seconds`, which must be positive.
    pub fn line(start: f64, end: f64, seconds: f64) -> Self {
        Cubic([start, (end - start) / seconds, 0.0, 0.0])
    }

    /// The value after `seconds`.
    pub fn at(&self, seconds: f64) -> f64 {
        let [a, b, c, d] = self.0;
        a + seconds * (b + seconds * (c + seconds * d))
    }

    /// The integral from zero to `seconds`.
    pub fn integral(&self, seconds: f64) -> f64 {
        let [a, b, c, d] = self.0;
        seconds * (a + seconds * (b / 2.0 + seconds * (c / 3.0 + seconds * d / 4.0)))
    }

    /// The derivative.
    pub fn derivative(&self) -> Cubic {
        let [_, b, c, d] = self.0;
        Cubic([b, 2.0 * c, 3.0 * d, 0.0])
    }
}
