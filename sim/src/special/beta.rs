use super::{TERMS_MAX, invert};

/// The regularised incomplete beta function I_x(a, b): the cdf of the beta law.
///
/// Lentz's continued fraction [Abramowitz & Stegun 26.5.8], on the side where it converges fast.
pub fn beta_lower(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    if x < (a + 1.0) / (a + b + 2.0) { fraction(a, b, x) } else { 1.0 - fraction(b, a, 1.0 - x) }
}

/// The quantile of the beta law: x with I_x(a, b) = `p`.
pub fn beta_lower_inverse(a: f64, b: f64, p: f64) -> f64 {
    if p <= 0.0 {
        return 0.0;
    }
    if p >= 1.0 {
        return 1.0;
    }
    let density = |x: f64| libm::exp((a - 1.0) * libm::log(x) + (b - 1.0) * libm::log1p(-x) - log_beta(a, b));
    invert(p, 0.0, 1.0, a / (a + b), |x| beta_lower(a, b, x), density)
}

/// P(T <= t) of Student's law with `dof` degrees of freedom.
pub fn student_t_cdf(t: f64, dof: f64) -> f64 {
    let tail = 0.5 * beta_lower(0.5 * dof, 0.5, dof / (dof + t * t));
    if t < 0.0 { tail } else { 1.0 - tail }
}

/// Student's quantile with `dof` degrees of freedom (any positive number).
pub fn student_t_quantile(p: f64, dof: f64) -> f64 {
    if p < 0.5 {
        return -student_t_quantile(1.0 - p, dof);
    }
    // t^2 / (dof + t^2) has a beta law; the half of the unit interval near its small end keeps every digit.
    let inside = 2.0 * p - 1.0;
    if inside <= beta_lower(0.5, 0.5 * dof, 0.5) {
        let y = beta_lower_inverse(0.5, 0.5 * dof, inside);
        (dof * y / (1.0 - y)).sqrt()
    } else {
        let x = beta_lower_inverse(0.5 * dof, 0.5, 2.0 * (1.0 - p));
        (dof * (1.0 - x) / x).sqrt()
    }
}

fn log_beta(a: f64, b: f64) -> f64 {
    libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(a + b)
}

fn fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let guard = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / guard(1.0 - (a + b) * x / (a + 1.0));
    let mut value = d;
    for m in 1..TERMS_MAX {
        let m = m as f64;
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / guard(1.0 + even * d);
        c = guard(1.0 + even / c);
        value *= c * d;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / guard(1.0 + odd * d);
        c = guard(1.0 + odd / c);
        let change = c * d;
        value *= change;
        if (change - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    value * libm::exp(a * libm::log(x) + b * libm::log1p(-x) - log_beta(a, b)) / a
}

#[cfg(test)]
mod tests {
    use super::*;
    use statrs::distribution::{ContinuousCDF, StudentsT};
    use statrs::function::beta::beta_reg;

    const SHAPES: [f64; 7] = [0.2, 0.5, 1.0, 3.3, 20.0, 400.0, 30_000.0];

    #[test]
    fn agrees_with_statrs() {
        for a in SHAPES {
            for b in SHAPES {
                for i in 1..20 {
                    let x = f64::from(i) / 20.0;
                    assert!((beta_lower(a, b, x) - beta_reg(a, b, x)).abs() < 1e-10, "I_{x}({a}, {b})");
                }
            }
        }
    }

    #[test]
    fn the_inverse_inverts() {
        for a in SHAPES {
            for b in SHAPES {
                for p in [1e-6, 0.025, 0.5, 0.9, 0.975] {
                    let x = beta_lower_inverse(a, b, p);
                    let (below, above) =
                        (beta_lower(a, b, x * (1.0 - 1e-9)), beta_lower(a, b, (x * (1.0 + 1e-9)).min(1.0)));
                    assert!(
                        below <= p * (1.0 + 1e-9) && p <= above * (1.0 + 1e-9),
                        "a {a} b {b} p {p} x {x}"
                    );
                }
            }
        }
    }

    #[test]
    fn student_quantiles_are_the_tables() {
        // Abramowitz & Stegun, table 26.10; one degree of freedom is tan(pi (p - 1/2)).
        assert!((student_t_quantile(0.975, 9.0) - 2.262_157_162_798_203_6).abs() < 1e-12);
        assert!((student_t_quantile(0.975, 1.0) - libm::tan(std::f64::consts::PI * 0.475)).abs() < 1e-11);
        assert!((student_t_quantile(0.05, 30.0) + 1.697_260_886_593_955_8).abs() < 1e-12);
        assert_eq!(student_t_quantile(0.5, 4.0), 0.0);
    }

    #[test]
    fn student_agrees_with_statrs_and_tends_to_the_normal_law() {
        for dof in [1.0, 2.5, 9.0, 100.0, 5000.0] {
            let oracle = StudentsT::new(0.0, 1.0, dof).unwrap();
            for p in [0.001, 0.2, 0.6, 0.99, 0.999_999] {
                let t = student_t_quantile(p, dof);
                assert!((oracle.cdf(t) - p).abs() < 1e-10, "{p} {dof}");
                assert!((student_t_cdf(t, dof) - p).abs() < 1e-12, "{p} {dof}");
            }
        }
        assert!((student_t_quantile(0.975, 1e7) - 1.959_963_984_540_054).abs() < 1e-6);
    }
}
