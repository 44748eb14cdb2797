use crate::time::Instant;
use std::cmp::Ordering;

/// When an event happens, and in what order among those of the same instant: by rank, then entity, then that entity's
/// own sequence number. The order never depends on the calendar's layout, on insertion or on threads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Key {
    /// The instant, shifted so that the earliest is zero.
    pub(super) time: u64,
    /// Rank, entity and sequence number, packed.
    order: u64,
}

/// The sign bit: flipping it makes signed instants sort as unsigned.
const SIGN: u64 = 1 << 63;

impl Key {
    /// The key of an event `at` an instant; `entity` must be below 2^24.
    pub fn new(at: Instant, rank: u8, entity: u32, sequence: u32) -> Self {
        debug_assert!(entity < 1 << 24);
        let order = u64::from(rank) << 56 | u64::from(entity) << 32 | u64::from(sequence);
        Key { time: at.nanos() as u64 ^ SIGN, order }
    }

    /// The instant.
    pub fn at(self) -> Instant {
        Key::instant(self.time)
    }

    /// The instant of a shifted time.
    pub(super) fn instant(time: u64) -> Instant {
        Instant::from_nanos((time ^ SIGN) as i64)
    }

    /// As one number, which compares in two instructions without a branch.
    fn packed(self) -> u128 {
        u128::from(self.time) << 64 | u128::from(self.order)
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        self.packed().cmp(&other.packed())
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }

    fn lt(&self, other: &Self) -> bool {
        self.packed() < other.packed()
    }

    fn gt(&self, other: &Self) -> bool {
        self.packed() > other.packed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_sort_by_instant_rank_entity_and_sequence() {
        let at = Instant::from_nanos;
        let sorted = [
            Key::new(at(i64::MIN), 255, 9, 9),
            Key::new(at(-1), 0, 0, 0),
            Key::new(at(0), 0, 7, u32::MAX),
            Key::new(at(0), 0, 8, 0),
            Key::new(at(0), 1, 0, 0),
            Key::new(Instant::FAR, 0, 0, 0),
        ];
        assert!(sorted.is_sorted());
        assert!(sorted.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(sorted.windows(2).all(|pair| pair[1] > pair[0]));
        assert_eq!(sorted.map(|key| key.at().nanos()), [i64::MIN, -1, 0, 0, 0, i64::MAX]);
    }
}
