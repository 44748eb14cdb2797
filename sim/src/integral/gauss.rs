/// The integral of `f` over [0, width] by the five-point Gauss-Legendre rule [Abramowitz & Stegun 25.4.30]: exact for
/// polynomials up to degree nine, with an error of width^11 (5!)^4 / (11 (10!)^3) times the tenth derivative.
pub fn five_point(width: f64, f: impl Fn(f64) -> f64) -> f64 {
    let half = width / 2.0;
    let pairs = PAIRS.map(|(node, weight)| weight * (f(half * (1.0 + node)) + f(half * (1.0 - node))));
    (CENTRE * f(half) + pairs[0] + pairs[1]) * half
}

/// Weight of the middle, and nodes with their weights, on [-1, 1].
const CENTRE: f64 = 128.0 / 225.0;
const PAIRS: [(f64, f64); 2] =
    [(0.538_469_310_105_683_1, 0.478_628_670_499_366_47), (0.906_179_845_938_664, 0.236_926_885_056_189_08)];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_polynomial_of_degree_nine_is_exact_and_one_of_degree_ten_is_not() {
        let power = |degree: i32| five_point(2.0, |x| (0..degree).fold(1.0, |product, _| product * x));
        // The integral of x^n over [0, 2] is 2^(n+1) / (n+1).
        assert!((power(9) / 102.4 - 1.0).abs() < 1e-14);
        // Short of it by the error term: 2^11 (5!)^4 / (11 (10!)^3) times 10!.
        let short = 2048.0 / 11.0 - power(10);
        let term = 2048.0 * 120f64 * 120.0 * 120.0 * 120.0 / 11.0 / (3_628_800.0 * 3_628_800.0);
        assert!((short / term - 1.0).abs() < 1e-8, "{short} {term}");
    }
}
