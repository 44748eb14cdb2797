//! Which key an operation touches.

use sim::Stream;

/// How often keys are touched.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Popularity {
    /// Each of so many alike.
    Uniform {
        /// Keys; at least one.
        keys: u32,
    },
    /// The k-th of so many in proportion to k^-exponent.
    Zipf {
        /// Keys; at least one.
        keys: u32,
        /// Above zero; 1 is the classical law.
        exponent: f64,
    },
}

impl Popularity {
    /// Keys; at least one.
    pub fn keys(&self) -> u32 {
        let (Popularity::Uniform { keys } | Popularity::Zipf { keys, .. }) = *self;
        keys.max(1)
    }

    /// Are all keys alike?
    pub fn is_even(&self) -> bool {
        matches!(self, Popularity::Uniform { .. }) || self.keys() == 1
    }

    /// How often a key is chosen.
    pub fn share(&self, key: u32) -> f64 {
        self.weight(key) / self.total()
    }

    /// How often it is, in proportion.
    fn weight(&self, key: u32) -> f64 {
        match *self {
            Popularity::Uniform { .. } => 1.0,
            Popularity::Zipf { exponent, .. } => libm::pow(f64::from(key) + 1.0, -exponent),
        }
    }

    /// The weights of all keys.
    fn total(&self) -> f64 {
        match *self {
            Popularity::Uniform { .. } => f64::from(self.keys()),
            Popularity::Zipf { exponent, .. } => power_sum(self.keys(), exponent),
        }
    }

    /// How often two choices are of the same key.
    pub fn meeting(&self) -> f64 {
        self.meeting_with(self)
    }

    /// How often a choice by this is the same as one by another, of as many keys.
    fn meeting_with(&self, other: &Popularity) -> f64 {
        match (*self, *other) {
            (Popularity::Uniform { .. }, _) | (_, Popularity::Uniform { .. }) => 1.0 / f64::from(self.keys()),
            (Popularity::Zipf { exponent: one, .. }, Popularity::Zipf { exponent: two, .. }) => {
                let sums = power_sum(self.keys(), one) * power_sum(self.keys(), two);
                power_sum(self.keys(), one + two) / sums
            }
        }
    }
}

/// How often keys are read, and how often written.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Interest {
    /// By reads.
    pub reads: Popularity,
    /// By writes; of as many keys.
    pub writes: Popularity,
}

/// An [`Interest`] ready to be drawn from.
#[derive(Clone, Copy, Debug)]
pub struct Interests {
    interest: Interest,
    /// The weights of all keys by reads and by writes.
    totals: (f64, f64),
    reads: Choice,
    /// Where they differ.
    writes: Option<Choice>,
}

impl Interest {
    /// Reads and writes alike.
    pub fn alike(popularity: Popularity) -> Self {
        Interest { reads: popularity, writes: popularity }
    }

    /// How often two operations are of the same key, given the share of them that are reads.
    pub fn meeting(&self, reads: f64) -> f64 {
        if self.reads == self.writes {
            return self.reads.meeting();
        }
        let writes = 1.0 - reads;
        let mixed = self.reads.meeting_with(&self.writes);
        reads * reads * self.reads.meeting()
            + 2.0 * reads * writes * mixed
            + writes * writes * self.writes.meeting()
    }
}

impl Interests {
    /// Ready to draw.
    pub fn of(interest: &Interest) -> Self {
        let writes = (interest.writes != interest.reads).then(|| Choice::of(&interest.writes));
        let totals = (interest.reads.total(), interest.writes.total());
        Interests { interest: *interest, totals, reads: Choice::of(&interest.reads), writes }
    }

    /// Draws the key of an operation that is a read with probability `reads`.
    pub fn draw(&self, reads: f64, stream: &mut Stream) -> u32 {
        match &self.writes {
            Some(writes) if !stream.chance(reads) => writes.draw(stream),
            _ => self.reads.draw(stream),
        }
    }

    /// Is every key read and written as often as any other is, in proportion?
    pub fn are_alike(&self) -> bool {
        self.writes.is_none()
    }

    /// How often a key is read, of all reads, and how often written, of all writes.
    pub fn shares(&self, key: u32) -> (f64, f64) {
        let reads = self.interest.reads.weight(key) / self.totals.0;
        (reads, if self.are_alike() { reads } else { self.interest.writes.weight(key) / self.totals.1 })
    }
}

/// The sum of k^-exponent for k from 1 to `keys`: the first terms, then Euler and Maclaurin's formula to the term of the
/// first derivatives, whose error is below 1e-11 of a term.
fn power_sum(keys: u32, exponent: f64) -> f64 {
    const FIRST: u32 = 200;
    let term = |x: f64| libm::pow(x, -exponent);
    let listed: f64 = (1..=keys.min(FIRST)).map(|k| term(f64::from(k))).sum();
    if keys <= FIRST {
        return listed;
    }
    let (from, to) = (f64::from(FIRST), f64::from(keys));
    let area = |x: f64| {
        let log = libm::log(x);
        ratio(libm::expm1, (1.0 - exponent) * log) * log
    };
    let slope = |x: f64| -exponent * term(x) / x;
    listed + area(to) - area(from) + (term(to) - term(from)) / 2.0 + (slope(to) - slope(from)) / 12.0
}

/// A [`Popularity`] ready to be drawn from.
#[derive(Clone, Copy, Debug)]
pub enum Choice {
    /// Each alike.
    Uniform(u64),
    /// By [`Zipf`].
    Zipf(Zipf),
}

/// Draws from Zipf's law by rejection-inversion (Hörmann and Derflinger, "Rejection-inversion to generate variates from
/// monotone discrete distributions", ACM TOMACS 6 (1996)): no table, whatever the number of keys.
#[derive(Clone, Copy, Debug)]
pub struct Zipf {
    keys: f64,
    exponent: f64,
    low: f64,
    high: f64,
    shortcut: f64,
}

/// A [`Popularity`] in a table, for many draws: Walker's alias method (Vose, "A linear algorithm for generating random
/// numbers with a given distribution", IEEE Transactions on Software Engineering 17 (1991)), one number to a draw.
#[derive(Clone, Debug)]
pub struct Aliases {
    /// For each of equally likely cells: the share of it that is its own key's, in parts of 2^64, and whose the rest is.
    cells: Vec<(u64, u32)>,
}

impl Aliases {
    /// Ready to draw.
    pub fn of(popularity: &Popularity) -> Self {
        match *popularity {
            Popularity::Uniform { keys } => Aliases::weighted(&vec![1.0; keys.max(1) as usize]),
            Popularity::Zipf { keys, exponent } => {
                let weight = |rank: u32| libm::pow(f64::from(rank), -exponent);
                Aliases::weighted(&(1..=keys.max(1)).map(weight).collect::<Vec<f64>>())
            }
        }
    }

    fn weighted(weights: &[f64]) -> Self {
        let mean = weights.iter().sum::<f64>() / weights.len() as f64;
        let mut cells: Vec<(f64, u32)> = (0u32..).zip(weights).map(|(key, w)| (w / mean, key)).collect();
        let (mut small, mut large): (Vec<usize>, Vec<usize>) =
            (0..cells.len()).partition(|cell| cells[*cell].0 < 1.0);
        while let (Some(&poor), Some(&rich)) = (small.last(), large.last()) {
            small.pop();
            cells[poor].1 = rich as u32;
            cells[rich].0 -= 1.0 - cells[poor].0;
            if cells[rich].0 < 1.0 {
                large.pop();
                small.push(rich);
            }
        }
        // What is left over differs from one by rounding only.
        small.iter().chain(&large).for_each(|cell| cells[*cell].0 = 1.0);
        let word = 2.0 * (1u64 << 63) as f64;
        Aliases { cells: cells.into_iter().map(|(share, alias)| ((share * word) as u64, alias)).collect() }
    }

    /// Draws a key's number, from 0; the most popular is 0.
    pub fn draw(&self, stream: &mut Stream) -> u32 {
        if let [_] = self.cells.as_slice() {
            return 0;
        }
        // The whole part of a word's product with their number chooses the cell, what is behind the point its part. No branch
        // could be foreseen.
        let place = u128::from(stream.bits()) * self.cells.len() as u128;
        let cell = (place >> 64) as usize;
        let (own, alias) = self.cells[cell];
        std::hint::select_unpredictable((place as u64) < own, cell as u32, alias)
    }
}

impl Choice {
    /// Ready to draw.
    pub fn of(popularity: &Popularity) -> Self {
        match *popularity {
            Popularity::Uniform { keys } => Choice::Uniform(u64::from(keys.max(1))),
            Popularity::Zipf { keys, exponent } => Choice::Zipf(Zipf::new(keys.max(1), exponent)),
        }
    }

    /// Draws a key's number, from 0; the most popular is 0.
    pub fn draw(&self, stream: &mut Stream) -> u32 {
        match self {
            Choice::Uniform(1) => 0,
            Choice::Uniform(keys) => stream.below(*keys) as u32,
            Choice::Zipf(zipf) => zipf.draw(stream),
        }
    }
}

impl Zipf {
    fn new(keys: u32, exponent: f64) -> Self {
        let mut zipf = Zipf { keys: f64::from(keys), exponent, low: 0.0, high: 0.0, shortcut: 0.0 };
        zipf.low = zipf.area(1.5) - 1.0;
        zipf.high = zipf.area(zipf.keys + 0.5);
        zipf.shortcut = 2.0 - zipf.unarea(zipf.area(2.5) - zipf.weight(2.0));
        zipf
    }

    fn weight(&self, x: f64) -> f64 {
        libm::exp(-self.exponent * libm::log(x))
    }

    /// Integral of x^-exponent from 1.
    fn area(&self, x: f64) -> f64 {
        let log = libm::log(x);
        ratio(libm::expm1, (1.0 - self.exponent) * log) * log
    }

    fn unarea(&self, area: f64) -> f64 {
        let scaled = (area * (1.0 - self.exponent)).max(-1.0);
        libm::exp(ratio(libm::log1p, scaled) * area)
    }

    fn draw(&self, stream: &mut Stream) -> u32 {
        loop {
            let area = self.high + stream.uniform() * (self.low - self.high);
            let x = self.unarea(area);
            let rank = libm::floor(x + 0.5).clamp(1.0, self.keys);
            if rank - x <= self.shortcut || area >= self.area(rank + 0.5) - self.weight(rank) {
                return rank as u32 - 1;
            }
        }
    }
}

/// f(x) / x, with its limit 1 at zero: for expm1 and log1p.
fn ratio(f: fn(f64) -> f64, x: f64) -> f64 {
    if x.abs() > 1e-8 { f(x) / x } else { 1.0 + x * (if f(1.0) > 1.0 { 0.5 } else { -0.5 }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim::{Replication, Seed, StreamName};

    #[test]
    fn shares_of_all_keys_add_up_to_one() {
        for (keys, exponent) in [(150, 0.99), (5_000, 0.5), (5_000, 0.99), (5_000, 1.0), (5_000, 1.7)] {
            let popularity = Popularity::Zipf { keys, exponent };
            let shares = (0..keys).map(|key| popularity.share(key));
            let (sum, squares) = shares.fold((0.0, 0.0), |(sum, squares), x| (sum + x, squares + x * x));
            assert!((sum - 1.0_f64).abs() < 1e-10, "{keys} {exponent}: {sum}");
            assert!((squares / popularity.meeting() - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn reads_and_writes_meet_as_their_shares_say() {
        let (reads, keys) = (0.7, 3_000);
        let zipf = |exponent| Popularity::Zipf { keys, exponent };
        for writes in [zipf(0.4), zipf(1.3), Popularity::Uniform { keys }] {
            let interest = Interest { reads: zipf(0.99), writes };
            let interests = Interests::of(&interest);
            let both = |key| {
                let (read, written) = interests.shares(key);
                reads * read + (1.0 - reads) * written
            };
            let sum: f64 = (0..keys).map(|key| both(key) * both(key)).sum();
            assert!((sum / interest.meeting(reads) - 1.0).abs() < 1e-9, "{writes:?}");
        }
    }

    #[test]
    fn ranks_are_drawn_in_proportion_to_their_power() {
        for exponent in [0.5, 0.99, 1.0, 1.5] {
            const DRAWS: usize = 200_000;
            let keys = 20;
            let popularity = Popularity::Zipf { keys, exponent };
            let (choice, aliases) = (Choice::of(&popularity), Aliases::of(&popularity));
            let mut stream = Stream::new(Seed(1), Replication(0), StreamName::of("zipf", "test"));
            let mut counts = [[0usize; 20]; 2];
            for _ in 0..DRAWS {
                counts[0][choice.draw(&mut stream) as usize] += 1;
                counts[1][aliases.draw(&mut stream) as usize] += 1;
            }
            let weights: Vec<f64> = (1..=keys).map(|k| libm::pow(f64::from(k), -exponent)).collect();
            let total: f64 = weights.iter().sum();
            for counts in &counts {
                let chi: f64 = counts
                    .iter()
                    .zip(&weights)
                    .map(|(count, weight)| {
                        let expected = DRAWS as f64 * weight / total;
                        (*count as f64 - expected) * (*count as f64 - expected) / expected
                    })
                    .sum();
                // The 99.9 % quantile of chi square with 19 degrees of freedom.
                assert!(chi < 43.82, "exponent {exponent}: {chi}");
            }
        }
    }
}
