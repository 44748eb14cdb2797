//! Exact piecewise integrals: polynomials, a sinusoid, their product, and where a smooth function changes its sign.
//!
//! Between two changes every quantity of the flow engine is a polynomial, a sinusoid or their product, so nothing is
//! sampled in time.

mod crossing;
mod gauss;
mod poly;
mod sinusoid;

pub use crossing::{Limits, sign_changes};
pub use gauss::five_point;
pub use poly::Poly;
pub use sinusoid::Sinusoid;
