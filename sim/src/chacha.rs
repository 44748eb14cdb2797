//! The ChaCha block function with eight rounds, one block at a time.
//!
//! Most streams are short: a component draws a few lengths in a replication, and its stream is thrown away. Crates make
//! four blocks or more at once, which is as fast for long streams and twice the work for short ones.
//!
//! Source: Bernstein, "ChaCha, a variant of Salsa20" (2008); the counter has 64 bits and the nonce is zero.

/// Four words; the state of ChaCha is four such rows, on whose columns and diagonals a round works.
type Row = [u32; 4];

/// The two rows of a key.
pub(crate) type Key = [Row; 2];

/// "expand 32-byte k", little-endian.
const CONSTANTS: Row = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574];

/// Rounds are done in pairs, columns and diagonals.
const DOUBLE_ROUNDS: usize = 4;

/// Random numbers in a block.
pub(crate) const BLOCK: usize = 8;

/// The `number`-th block under `key`, from 0, as numbers of 64 bits in the order in which they are drawn.
#[inline(always)]
pub(crate) fn block(key: &Key, number: u64) -> [u64; BLOCK] {
    let start = [CONSTANTS, key[0], key[1], [number as u32, (number >> 32) as u32, 0, 0]];
    let mut state = start;
    for _ in 0..DOUBLE_ROUNDS {
        state = round(state);
        state = turned(round(turned(state, [1, 2, 3])), [3, 2, 1]);
    }
    let [a, b, c, d] = std::array::from_fn(|i| numbers(sum(state[i], start[i])));
    [a[0], a[1], b[0], b[1], c[0], c[1], d[0], d[1]]
}

/// Pairs of words, the first the lower half.
#[inline(always)]
fn numbers(row: Row) -> [u64; 2] {
    let [a, b, c, d] = row.map(u64::from);
    [b << 32 | a, d << 32 | c]
}

/// Quarter-rounds of all four columns.
#[inline(always)]
fn round([mut a, mut b, mut c, mut d]: [Row; 4]) -> [Row; 4] {
    a = sum(a, b);
    d = mixed::<16>(d, a);
    c = sum(c, d);
    b = mixed::<12>(b, c);
    a = sum(a, b);
    d = mixed::<8>(d, a);
    c = sum(c, d);
    b = mixed::<7>(b, c);
    [a, b, c, d]
}

/// Every row but the first rotated so far to the left: turns diagonals into columns, or back.
#[inline(always)]
fn turned([a, b, c, d]: [Row; 4], by: [usize; 3]) -> [Row; 4] {
    let turn = |row: Row, by: usize| std::array::from_fn(|i| row[(i + by) % 4]);
    [a, turn(b, by[0]), turn(c, by[1]), turn(d, by[2])]
}

#[inline(always)]
fn sum(a: Row, b: Row) -> Row {
    std::array::from_fn(|i| a[i].wrapping_add(b[i]))
}

/// Exclusive or, then rotation of each word.
#[inline(always)]
fn mixed<const BITS: u32>(a: Row, b: Row) -> Row {
    std::array::from_fn(|i| (a[i] ^ b[i]).rotate_left(BITS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    proptest! {
        #[test]
        fn blocks_are_those_of_the_reference(seed: [u8; 32], number in prop_oneof![0u64..9, any::<u64>()]) {
            let mut reference = ChaCha8Rng::from_seed(seed);
            reference.set_word_pos(u128::from(number) * 16);
            let expected: [u64; BLOCK] = std::array::from_fn(|_| reference.next_u64());
            let word = |i: usize| u32::from_le_bytes(seed[4 * i..][..4].try_into().unwrap());
            let key = [0, 4].map(|first| std::array::from_fn(|i| word(first + i)));
            prop_assert_eq!(block(&key, number), expected);
        }
    }
}
