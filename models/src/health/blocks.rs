//! The waiting time for a run of results against an opinion, in closed form.
//!
//! A vantage turns after k results in a row against its opinion; each cycle is against it with probability a. Cut the
//! cycles after each result that speaks for the opinion. The pieces before the turn are independent: each holds
//! i < k results against and one for, P(i) = (1 - a) a^i / (1 - a^k), and their number G is geometric,
//! P(G >= g) = (1 - a^k)^g (Feller, An Introduction to Probability Theory I, XIII.7). G failed blocks and N results
//! against in them tell the waiting time in cycles, G + N + k, and in seconds too, since every result has its period.
//!
//! N given G is a sum of independent numbers: drawn by inversion of its exact law up to a variance of [`NORMAL_FROM`], and
//! as a rounded normal number with its skewness corrected (Cornish-Fisher) beyond. That is the only approximation; a test
//! bounds the distance of its law from the exact one by 0.001 where it begins for a up to 1/4, and by 0.004 for a = 1/2.

use sim::Stream;
use sim::special::normal_quantile;

/// Sums of a lesser variance are drawn exactly.
const NORMAL_FROM: f64 = 36.0;

/// A Poisson number exceeds its mean by six standard deviations and so many more with a probability below 1e-9.
const FEW_MORE: f64 = 7.0;

/// Fewer blocks are walked probe by probe.
const WORTH: f64 = 4.0;

/// Longer runs than this are not told from endless ones: P(i > 40) is below 1e-12 for a up to 1/2.
const ENDLESS: usize = 40;

/// Failed blocks: what lies between two chances to turn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Blocks {
    /// The probability that a cycle speaks against the opinion.
    pub(super) against: f64,
    /// The longest run against it in a failed block: k - 1.
    longest: i64,
    /// ln P(a block fails).
    log_fails: f64,
    /// ln P(i = 0).
    log_empty: f64,
    mean: f64,
    variance: f64,
    /// Third central moment over six times the variance.
    skew: f64,
}

impl Blocks {
    /// A turn takes `run` results in a row, each with probability `against`, at most one half.
    pub(super) fn of(against: f64, run: i64) -> Self {
        let mut weight = 1.0 - against;
        let (mut total, mut moments) = (0.0, [0.0; 3]);
        for i in 0..run {
            let i = i as f64;
            total += weight;
            moments[0] += weight * i;
            moments[1] += weight * i * i;
            moments[2] += weight * i * i * i;
            weight *= against;
            if weight < 1e-30 {
                break;
            }
        }
        let [mean, second, third] = moments.map(|moment| moment / total);
        let variance = second - mean * mean;
        let central = third - 3.0 * mean * second + 2.0 * mean * mean * mean;
        Blocks {
            against,
            longest: run - 1,
            log_fails: libm::log1p(-Self::success(against, run)),
            log_empty: libm::log((1.0 - against) / total),
            mean,
            variance,
            skew: if variance > 0.0 { central / (6.0 * variance) } else { 0.0 },
        }
    }

    /// Blocks that always fail, however long the run.
    pub(super) fn endless(against: f64) -> Self {
        Blocks::of(against, i64::MAX)
    }

    /// The probability that a block ends in a turn.
    pub(super) fn success(against: f64, run: i64) -> f64 {
        libm::pow(against, run as f64)
    }

    /// Draws the number of failed blocks before the turn.
    pub(super) fn count(&self, stream: &mut Stream) -> i64 {
        (libm::log(stream.uniform()) / self.log_fails) as i64
    }

    /// Draws how many results of `blocks` failed ones are against the opinion.
    pub(super) fn results_against(&self, blocks: i64, stream: &mut Stream) -> i64 {
        let variance = blocks as f64 * self.variance;
        if self.longest == 0 {
            return 0;
        }
        if variance < NORMAL_FROM {
            return self.sum(blocks, stream);
        }
        let z = normal_quantile(stream.uniform());
        let sum = blocks as f64 * self.mean + variance.sqrt() * z + self.skew * (z * z - 1.0);
        (libm::floor(sum + 0.5) as i64).clamp(0, blocks.saturating_mul(self.longest))
    }

    /// The same by inversion. The weights of the sum are the coefficients of (1 + x + ... + x^(k-1))^blocks at x = a z,
    /// by Euler's recurrence for powers of a series: n c(n) = sum over i of (i (blocks + 1) - n) a^i c(n - i).
    fn sum(&self, blocks: i64, stream: &mut Stream) -> i64 {
        let blocks = blocks as f64;
        let mut left = stream.uniform();
        let mut weight = libm::exp(blocks * self.log_empty);
        // The last weights, the latest first.
        let mut last = [0.0; ENDLESS];
        let mean = blocks * self.mean;
        for n in 1.. {
            left -= weight;
            // Rounding may leave a little beyond the last weight that counts.
            if left <= 0.0 || (weight < 1e-20 && f64::from(n) > mean) {
                return i64::from(n) - 1;
            }
            let n = f64::from(n);
            weight = if self.longest >= ENDLESS as i64 {
                // (1 - x)^-blocks. The quotient does not wait for the weight before.
                weight * (self.against * (blocks + n - 1.0) / n)
            } else {
                let last = &mut last[..self.longest as usize];
                for i in (1..last.len()).rev() {
                    last[i] = last[i - 1];
                }
                last[0] = weight;
                self.next_weight(last, blocks, n)
            };
        }
        unreachable!("weights fade")
    }

    fn next_weight(&self, last: &[f64], blocks: f64, n: f64) -> f64 {
        let (mut sum, mut power) = (0.0, 1.0 / n);
        for (i, weight) in (1..).zip(last) {
            power *= self.against;
            sum += (f64::from(i) * (blocks + 1.0) - n) * power * weight;
        }
        // Not below zero by rounding.
        sum.max(0.0)
    }

    /// So many failed blocks surely (but for one in 1e9) fit into a time, if they are enough to be worth it.
    pub(super) fn fitting(&self, time: f64, against: f64, favour: f64) -> Option<i64> {
        let block = favour + self.mean * against;
        // Six standard deviations, and what a sum of a few rare numbers may go beyond them.
        let six = 6.0 * self.variance.sqrt() * against;
        let rest = time - FEW_MORE / (1.0 - self.against) * against;
        if rest < WORTH * block {
            return None;
        }
        let root = ((six * six + 4.0 * block * rest).sqrt() - six) / (2.0 * block);
        // One less, lest rounding make it too many.
        let count = libm::floor(root * root) - 1.0;
        (count >= WORTH).then_some(count as i64)
    }

    /// The mean number of cycles in so many failed blocks.
    pub(super) fn cycles(&self, blocks: f64) -> f64 {
        blocks * (1.0 + self.mean)
    }

    /// The mean number of cycles before a turn.
    pub(super) fn patience(&self) -> f64 {
        self.cycles(-1.0 / self.log_fails)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim::{Replication, Seed, StreamName};

    /// The law of a sum of `blocks` truncated geometric numbers, by convolution.
    fn exact(blocks: &Blocks, count: i64) -> Vec<f64> {
        let each: Vec<f64> = (0..=blocks.longest).map(|i| libm::pow(blocks.against, i as f64)).collect();
        let total: f64 = each.iter().sum();
        let mut law = vec![1.0];
        for _ in 0..count {
            let mut next = vec![0.0; law.len() + each.len() - 1];
            for (n, p) in law.iter().enumerate() {
                each.iter().enumerate().for_each(|(i, q)| next[n + i] += p * q / total);
            }
            law = next;
        }
        law
    }

    /// P(rounded corrected normal <= n), by scanning its quantile.
    fn approximate(blocks: &Blocks, count: i64, n: usize) -> f64 {
        let variance = count as f64 * blocks.variance;
        let sum = |z: f64| count as f64 * blocks.mean + variance.sqrt() * z + blocks.skew * (z * z - 1.0);
        let (mut low, mut high) = (-8.0, 8.0);
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            *(if sum(middle) < n as f64 + 0.5 { &mut low } else { &mut high }) = middle;
        }
        sim::special::normal_cdf(low)
    }

    #[test]
    fn the_normal_law_of_results_against_is_close_where_it_begins() {
        for (against, run) in [(0.05, 2), (0.05, 3), (0.15, 3), (0.25, 3), (0.25, 6), (0.5, 6), (0.5, 10)] {
            let blocks = Blocks::of(against, run);
            let count = libm::ceil(NORMAL_FROM / blocks.variance) as i64;
            let (mut sum, mut worst) = (0.0f64, 0.0f64);
            for (n, p) in exact(&blocks, count).iter().enumerate() {
                sum += p;
                worst = worst.max((sum - approximate(&blocks, count, n)).abs());
            }
            let bound = if against > 0.25 { 4e-3 } else { 1e-3 };
            assert!(worst < bound, "a={against} k={run}: {worst}");
        }
    }

    #[test]
    fn small_sums_have_their_exact_law() {
        let blocks = Blocks::of(0.25, 3);
        let law = exact(&blocks, 9);
        let mut stream = Stream::new(Seed(3), Replication(0), StreamName::of("blocks", "sum"));
        let mut count = vec![0.0; law.len()];
        (0..100_000).for_each(|_| count[blocks.results_against(9, &mut stream) as usize] += 1e-5);
        let (mut seen, mut expected) = (0.0f64, 0.0f64);
        for (share, p) in count.iter().zip(law) {
            (seen, expected) = (seen + share, expected + p);
            assert!((seen - expected).abs() < 1.9495 / libm::sqrt(1e5), "{seen} for {expected}");
        }
    }
}
