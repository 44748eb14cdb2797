//! The stable hash: names of random streams and fingerprints of outcomes are made with it.

/// FNV-1a with 128 bits, fed piece by piece. Stable for ever: results depend on it.
///
/// Source: Fowler, Noll, Vo, Eastlake, "The FNV Non-Cryptographic Hash Algorithm", RFC 9923, parameters for 128 bits.
#[derive(Clone, Copy, Debug)]
pub struct StableHash(u128);

impl StableHash {
    /// The hash of nothing.
    pub const fn new() -> Self {
        StableHash(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d)
    }

    /// Takes in `bytes`.
    pub fn write(&mut self, bytes: &[u8]) {
        const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
        for &byte in bytes {
            self.0 = (self.0 ^ u128::from(byte)).wrapping_mul(PRIME);
        }
    }

    /// The hash of everything taken in.
    pub const fn finish(self) -> u128 {
        self.0
    }
}

impl Default for StableHash {
    fn default() -> Self {
        StableHash::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Test vectors of RFC 9923 for FNV-1a, 128 bits: the offset basis, and the single byte "a".
    #[test]
    fn agrees_with_the_published_vectors() {
        assert_eq!(StableHash::new().finish(), 0x6c62272e07bb014262b821756295c58d);
        let mut hash = StableHash::new();
        hash.write(b"a");
        assert_eq!(hash.finish(), 0xd228cb696f1a8caf78912b704e4a8964);
    }
}
