use super::{Confidence, Estimate, Interval, Method};
use crate::special::{beta_lower_inverse, normal_quantile};

/// The probability behind `hits` of `trials`: Wilson's interval, Clopper and Pearson's where all or none hit.
pub fn proportion(hits: u64, trials: u64, confidence: Confidence) -> Estimate {
    let extreme = hits == 0 || hits == trials;
    let (interval, method) = if extreme {
        (clopper_pearson(hits, trials, confidence), Method::ClopperPearson)
    } else {
        (wilson(hits, trials, confidence), Method::Wilson)
    };
    let value = if trials == 0 { 0.0 } else { hits as f64 / trials as f64 };
    Estimate { value, interval, method, sample: trials }
}

/// Wilson's score interval [Wilson, JASA 22 (1927)]; the whole of [0, 1] of no trials.
pub fn wilson(hits: u64, trials: u64, confidence: Confidence) -> Interval {
    if trials == 0 {
        return Interval { low: 0.0, high: 1.0 };
    }
    let n = trials as f64;
    let share = hits as f64 / n;
    let z = normal_quantile(confidence.upper());
    let centre = (share + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    Interval { low: (centre - half).max(0.0), high: (centre + half).min(1.0) }
}

/// Clopper and Pearson's exact interval [Biometrika 26 (1934)].
pub fn clopper_pearson(hits: u64, trials: u64, confidence: Confidence) -> Interval {
    let (k, n) = (hits as f64, trials as f64);
    let tail = 1.0 - confidence.upper();
    let low = if hits == 0 { 0.0 } else { beta_lower_inverse(k, n - k + 1.0, tail) };
    // From the other side, so that a probability near 0 keeps its digits.
    let high = if hits == trials { 1.0 } else { 1.0 - beta_lower_inverse(n - k, k + 1.0, tail) };
    Interval { low, high }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(interval: Interval, low: f64, high: f64) {
        assert!((interval.low - low).abs() < 5e-5 && (interval.high - high).abs() < 5e-5, "{interval:?}");
    }

    #[test]
    fn wilson_gives_the_published_intervals() {
        // Newcombe, Statistics in Medicine 17 (1998) 857, table I, method 3.
        near(wilson(81, 263, Confidence::P95), 0.2553, 0.3662);
        near(wilson(15, 148, Confidence::P95), 0.0624, 0.1605);
        near(wilson(1, 29, Confidence::P95), 0.0061, 0.1718);
    }

    #[test]
    fn clopper_and_pearson_give_the_published_intervals() {
        // The same table, method 5.
        near(clopper_pearson(81, 263, Confidence::P95), 0.2527, 0.3676);
        near(clopper_pearson(15, 148, Confidence::P95), 0.0578, 0.1617);
        near(clopper_pearson(0, 20, Confidence::P95), 0.0, 0.1684);
        near(clopper_pearson(1, 29, Confidence::P95), 0.0009, 0.1776);
    }

    #[test]
    fn all_or_none_is_never_certain() {
        let none = proportion(0, 100, Confidence::P95);
        let all = proportion(100, 100, Confidence::P95);
        assert_eq!((none.method, all.method), (Method::ClopperPearson, Method::ClopperPearson));
        assert!(none.interval.high > 0.03 && all.interval.low < 0.97);
        // 1 - (alpha/2)^(1/n)
        assert!((none.interval.high - (1.0 - libm::pow(0.025, 0.01))).abs() < 1e-12);
        assert_eq!(proportion(0, 0, Confidence::P95).interval, Interval { low: 0.0, high: 1.0 });
    }
}
