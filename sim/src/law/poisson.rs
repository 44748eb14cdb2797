//! Poisson numbers, exactly.

use crate::stream::Stream;

/// Means below this are drawn by inversion.
const INVERTED_BELOW: f64 = 10.0;

/// Draws a Poisson number of mean `mean`, which must not be negative; its law is exact to rounding.
///
/// Small means by sequential inversion; others by transformed rejection with squeeze, algorithm PTRS of W. Hörmann, "The
/// transformed rejection method for generating Poisson random variables", Insurance: Mathematics and Economics 12 (1993).
pub fn poisson(mean: f64, stream: &mut Stream) -> u64 {
    if mean < INVERTED_BELOW { inverted(mean, stream) } else { rejected(mean, stream) }
}

fn inverted(mean: f64, stream: &mut Stream) -> u64 {
    let mut left = stream.uniform();
    let mut weight = libm::exp(-mean);
    let mut count = 0;
    // Rounding may leave a little beyond the last weight that counts.
    while left > weight && weight > 1e-300 {
        left -= weight;
        count += 1;
        weight *= mean / count as f64;
    }
    count
}

fn rejected(mean: f64, stream: &mut Stream) -> u64 {
    let b = 0.931 + 2.53 * mean.sqrt();
    let a = -0.059 + 0.02483 * b;
    let inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
    let squeeze = 0.9277 - 3.6224 / (b - 2.0);
    let log_mean = libm::log(mean);
    loop {
        let (u, v) = (stream.uniform() - 0.5, stream.uniform());
        let edge = 0.5 - u.abs();
        let count = libm::floor((2.0 * a / edge + b) * u + mean + 0.43);
        if edge >= 0.07 && v <= squeeze {
            return count as u64;
        }
        if count < 0.0 || (edge < 0.013 && v > edge) {
            continue;
        }
        let hat = libm::log(v * inverse_alpha / (a / (edge * edge) + b));
        if hat <= count * log_mean - mean - libm::lgamma(count + 1.0) {
            return count as u64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::{Replication, Seed, StreamName};

    /// The Kolmogorov-Smirnov distance of 100,000 draws from the law.
    fn distance(mean: f64) -> f64 {
        let mut stream = Stream::new(Seed(1), Replication(0), StreamName::of("poisson", "test"));
        let mut counts = vec![0u32; (mean + 40.0 * mean.sqrt().max(1.0)) as usize];
        (0..100_000).for_each(|_| counts[poisson(mean, &mut stream) as usize] += 1);
        let (mut seen, mut expected, mut worst) = (0.0, 0.0, 0.0f64);
        for (count, times) in counts.iter().enumerate() {
            let log = count as f64 * libm::log(mean) - mean - libm::lgamma(count as f64 + 1.0);
            seen += f64::from(*times) / 1e5;
            expected += libm::exp(log);
            worst = worst.max((seen - expected).abs());
        }
        worst
    }

    #[test]
    fn draws_have_the_poisson_law_on_either_side_of_the_change_of_method() {
        for mean in [0.05, 1.0, 9.9, 10.0, 35.0, 1000.0] {
            // The 0.1 % point of the distance.
            assert!(distance(mean) < 1.9495 / libm::sqrt(1e5), "mean {mean}: {}", distance(mean));
        }
    }

    #[test]
    fn nothing_is_expected_and_nothing_comes() {
        let mut stream = Stream::new(Seed(1), Replication(0), StreamName::of("poisson", "zero"));
        assert!((0..100).all(|_| poisson(0.0, &mut stream) == 0));
    }
}
