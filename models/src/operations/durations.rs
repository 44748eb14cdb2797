//! Counts of durations in a flat table: the buckets of a [`LogHistogram`], filled without a search.

use sim::stats::LogHistogram;

/// Buckets to a doubling are 2^BITS, as many as a [`LogHistogram`] has.
const BITS: u32 = 7;

/// Durations counted, in nanoseconds.
#[derive(Clone, Debug, Default)]
pub(super) struct Durations {
    counts: Vec<u64>,
    max: u64,
}

impl Durations {
    /// Takes in one.
    pub(super) fn add(&mut self, nanos: u64) {
        let bucket = bucket(nanos);
        if bucket >= self.counts.len() {
            self.counts.resize(bucket + 1, 0);
        }
        self.counts[bucket] += 1;
        self.max = self.max.max(nanos);
    }

    /// The same as a histogram.
    pub(super) fn histogram(mut self) -> LogHistogram {
        let mut histogram = LogHistogram::default();
        if let Some(last) = self.counts.last_mut() {
            *last -= 1;
            histogram.add(self.max);
        }
        for (bucket, times) in self.counts.into_iter().enumerate() {
            histogram.add_many(least(bucket), times);
        }
        histogram
    }
}

/// Below 2^BITS a value has a bucket of its own; from there on its leading bits choose one.
fn bucket(value: u64) -> usize {
    let shift = (u64::BITS - value.leading_zeros()).saturating_sub(BITS + 1);
    ((u64::from(shift) << BITS) + (value >> shift)) as usize
}

/// The least value of a bucket.
fn least(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    let shift = (bucket >> BITS).saturating_sub(1);
    (bucket - (shift << BITS)) << shift
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_flat_table_counts_what_a_histogram_does(
            values in prop::collection::vec((any::<u64>(), 1u32..64), 0..50),
        ) {
            let (mut flat, mut histogram) = (Durations::default(), LogHistogram::default());
            for value in values.into_iter().map(|(value, shift)| value >> shift) {
                flat.add(value);
                histogram.add(value);
            }
            prop_assert_eq!(flat.histogram(), histogram);
        }
    }
}
