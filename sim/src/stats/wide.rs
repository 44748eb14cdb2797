use std::ops::{Add, Sub};

/// A signed integer of 256 bits: sums of squares and products of 64-bit values, exactly, and products of such sums.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Wide {
    high: i128,
    low: u128,
}

impl Wide {
    /// `a * b`, exactly.
    pub(super) fn product(a: i128, b: i128) -> Self {
        let size = Wide::unsigned_product(a.unsigned_abs(), b.unsigned_abs());
        if (a < 0) == (b < 0) { size } else { Wide::default() - size }
    }

    /// `a * b`, exactly.
    pub(super) fn small_product(a: i64, b: i64) -> Self {
        Wide::from(i128::from(a) * i128::from(b))
    }

    /// `self * factor`; the result must fit, which it does for counts times sums of squares of 64-bit values.
    pub(super) fn times(self, factor: u64) -> Self {
        let low = Wide::unsigned_product(self.low, u128::from(factor));
        Wide { high: low.high + self.high * i128::from(factor), low: low.low }
    }

    /// The nearest float, within a few units in the last place.
    pub(super) fn to_f64(self) -> f64 {
        const TWO_TO_128: f64 = 340_282_366_920_938_463_463_374_607_431_768_211_456.0;
        if self.high < 0 {
            return -(Wide::default() - self).to_f64();
        }
        self.high as f64 * TWO_TO_128 + self.low as f64
    }

    fn unsigned_product(a: u128, b: u128) -> Self {
        const HALF: u128 = (1 << 64) - 1;
        let (a1, a0, b1, b0) = (a >> 64, a & HALF, b >> 64, b & HALF);
        let bottom = a0 * b0;
        let (cross, carry) = (a1 * b0).overflowing_add(a0 * b1);
        let (low, carry_low) = bottom.overflowing_add(cross << 64);
        let high = a1 * b1 + (cross >> 64) + (u128::from(carry) << 64) + u128::from(carry_low);
        Wide { high: i128::try_from(high).expect("a product of two signed 128-bit integers"), low }
    }
}

impl From<i128> for Wide {
    fn from(value: i128) -> Wide {
        Wide { high: value >> 127, low: value as u128 }
    }
}

impl Add for Wide {
    type Output = Wide;
    fn add(self, other: Wide) -> Wide {
        let (low, carry) = self.low.overflowing_add(other.low);
        Wide { high: self.high + other.high + i128::from(carry), low }
    }
}

impl Sub for Wide {
    type Output = Wide;
    fn sub(self, other: Wide) -> Wide {
        let (low, borrow) = self.low.overflowing_sub(other.low);
        Wide { high: self.high - other.high - i128::from(borrow), low }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn agrees_with_128_bits_where_those_suffice(a: i64, b: i64, c: i64, d: i64, n: u32) {
            let (a, b, c, d) = (i128::from(a), i128::from(b), i128::from(c >> 32), i128::from(d >> 32));
            prop_assert_eq!(Wide::small_product(a as i64, b as i64), Wide::product(a, b));
            let sum = Wide::product(a, b) + Wide::product(c, d);
            let plain = a.checked_mul(b).unwrap().checked_add(c * d);
            if let Some(plain) = plain {
                prop_assert_eq!(sum, Wide::product(plain, 1));
                prop_assert_eq!(sum.to_f64(), plain as f64);
            }
            prop_assert_eq!(Wide::product(c, d).times(u64::from(n)), Wide::product(c * d, i128::from(n)));
        }

        #[test]
        fn products_distribute_over_differences(a: i128, b in -(1i128 << 126)..(1i128 << 126), c in -(1i128 << 126)..(1i128 << 126)) {
            // Halved, so that the difference of two products cannot leave 256 bits.
            let a = a >> 1;
            prop_assert_eq!(Wide::product(a, b) - Wide::product(a, c), Wide::product(a, b - c));
        }
    }
}
