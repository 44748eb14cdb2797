//! Random streams keyed by names: a component's k-th draw depends on the seed, the replication and the component's
//! own name, never on what else the scenario holds or in what order it was built.

use crate::hash::StableHash;
use rand::Rng;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// The seed of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Seed(pub u64);

/// The number of a replication, from 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Replication(pub u64);

/// The name of a stream: the stable hash of an entity's path and of what is drawn.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct StreamName(u128);

impl StreamName {
    /// The stream from which the entity at `path` draws its `purpose`.
    pub fn of(path: &str, purpose: &str) -> Self {
        let mut hash = StableHash::new();
        hash.write(path.as_bytes());
        hash.write(&[0]);
        hash.write(purpose.as_bytes());
        StreamName(hash.finish())
    }
}

/// One stream of random numbers.
#[derive(Clone, Debug)]
pub struct Stream(ChaCha8Rng);

impl Stream {
    /// The stream `name` of one replication of a run: a ChaCha8 generator whose 256-bit key is the seed, the
    /// replication and the name, little-endian, in this order.
    pub fn new(seed: Seed, replication: Replication, name: StreamName) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.0.to_le_bytes());
        key[8..16].copy_from_slice(&replication.0.to_le_bytes());
        key[16..].copy_from_slice(&name.0.to_le_bytes());
        Stream(ChaCha8Rng::from_seed(key))
    }

    /// The next 64 random bits.
    #[inline]
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Uniform in the open interval (0, 1): the centres of 2^53 equal cells, so neither end can be drawn.
    pub fn uniform(&mut self) -> f64 {
        ((self.bits() >> 11) as f64 + 0.5) * (1.0 / (1u64 << 53) as f64)
    }

    /// True with probability `share`; always for 1, never for 0.
    pub fn chance(&mut self, share: f64) -> bool {
        self.uniform() < share
    }

    /// Uniform in `0..bound`, without bias (Lemire's method). `bound` must not be zero.
    pub fn below(&mut self, bound: u64) -> u64 {
        assert!(bound > 0, "an empty range has no member");
        let threshold = bound.wrapping_neg() % bound;
        loop {
            let wide = u128::from(self.bits()) * u128::from(bound);
            if wide as u64 >= threshold {
                return (wide >> 64) as u64;
            }
        }
    }
}
