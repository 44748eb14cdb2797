use std::ops::{Add, AddAssign, Mul};

/// A polynomial of degree three at most: c0 + c1 x + c2 x^2 + c3 x^3, x in seconds from an origin kept beside it.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Poly(pub [f64; 4]);

impl Poly {
    /// Zero everywhere.
    pub const ZERO: Poly = Poly([0.0; 4]);

    /// The constant `value`.
    pub const fn constant(value: f64) -> Self {
        Poly([value, 0.0, 0.0, 0.0])
    }

    /// The line that is `value` at the origin and rises by `slope` a second.
    pub const fn linear(value: f64, slope: f64) -> Self {
        Poly([value, slope, 0.0, 0.0])
    }

    /// Is it the same everywhere?
    pub fn is_constant(self) -> bool {
        self.0[1] == 0.0 && self.0[2] == 0.0 && self.0[3] == 0.0
    }

    /// Is it zero everywhere?
    pub fn is_zero(self) -> bool {
        self == Poly::ZERO
    }

    /// The value at `x`.
    pub fn at(self, x: f64) -> f64 {
        let [c0, c1, c2, c3] = self.0;
        c0 + x * (c1 + x * (c2 + x * c3))
    }

    /// The antiderivative that is zero at the origin, at `x`.
    pub fn integral_to(self, x: f64) -> f64 {
        let [c0, c1, c2, c3] = self.0;
        x * (c0 + x * (c1 / 2.0 + x * (c2 / 3.0 + x * (c3 / 4.0))))
    }

    /// The same polynomial with its origin moved by `x` seconds.
    pub fn moved(self, x: f64) -> Self {
        let [c0, c1, c2, c3] = self.0;
        Poly([c0 + x * (c1 + x * (c2 + x * c3)), c1 + x * (2.0 * c2 + x * 3.0 * c3), c2 + 3.0 * c3 * x, c3])
    }

    /// The derivative.
    pub fn derivative(self) -> Self {
        let [_, c1, c2, c3] = self.0;
        Poly([c1, 2.0 * c2, 3.0 * c3, 0.0])
    }

    /// The product, cut at degree three; exact where the degrees sum to three at most.
    pub fn times(self, other: Poly) -> Self {
        let mut product = [0.0; 4];
        for (i, a) in self.0.iter().enumerate() {
            for (j, b) in other.0.iter().enumerate().take(4 - i) {
                product[i + j] += a * b;
            }
        }
        Poly(product)
    }

    /// The least and the greatest value on [0, width], or bounds of them above degree one.
    pub fn range(self, width: f64) -> (f64, f64) {
        let [c0, c1, c2, c3] = self.0;
        let terms = [c1 * width, c2 * width * width, c3 * width * width * width];
        terms.iter().fold((c0, c0), |(low, high), term| (low + term.min(0.0), high + term.max(0.0)))
    }

    /// Bounds of |value|, |first| and |second derivative| on [0, width].
    pub fn bounds(self, width: f64) -> [f64; 3] {
        let [c0, c1, c2, c3] = self.0.map(f64::abs);
        [
            c0 + width * (c1 + width * (c2 + width * c3)),
            c1 + width * (2.0 * c2 + width * 3.0 * c3),
            2.0 * c2 + 6.0 * c3 * width,
        ]
    }
}

impl Add for Poly {
    type Output = Poly;
    fn add(mut self, other: Poly) -> Poly {
        self += other;
        self
    }
}

impl AddAssign for Poly {
    fn add_assign(&mut self, other: Poly) {
        for (a, b) in self.0.iter_mut().zip(other.0) {
            *a += b;
        }
    }
}

impl Mul<f64> for Poly {
    type Output = Poly;
    fn mul(self, factor: f64) -> Poly {
        Poly(self.0.map(|c| c * factor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moving_the_origin_changes_nothing_but_the_origin() {
        let poly = Poly([1.0, -2.0, 0.5, 0.25]);
        assert!((poly.moved(3.0).at(1.5) - poly.at(4.5)).abs() < 1e-12);
    }

    #[test]
    fn an_antiderivative_grows_by_the_hand_computed_area() {
        // The integral of 1 - 2x + 3x^2 + 4x^3 from 0 to 2: 2 - 4 + 8 + 16.
        let poly = Poly([1.0, -2.0, 3.0, 4.0]);
        assert_eq!(poly.integral_to(2.0), 22.0);
        // Its derivative is -2 + 6x + 12x^2.
        assert_eq!(poly.derivative().at(2.0), 58.0);
    }

    #[test]
    fn bounds_hold_and_are_reached_where_all_signs_agree() {
        assert_eq!(Poly([1.0, 2.0, 3.0, 4.0]).bounds(2.0), [49.0, 62.0, 54.0]);
        assert_eq!(Poly([1.0, -2.0, 3.0, -4.0]).bounds(2.0), [49.0, 62.0, 54.0]);
    }

    #[test]
    fn a_product_is_the_product_of_the_values() {
        let (quadratic, line) = (Poly([1.0, 2.0, 3.0, 0.0]), Poly::linear(-1.0, 0.5));
        assert!((quadratic.times(line).at(0.7) - quadratic.at(0.7) * line.at(0.7)).abs() < 1e-12);
    }
}
