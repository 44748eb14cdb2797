//! What the owner of a store must do at set times: a validator's attestations, a job that runs every hour.

use sim::{Instant, Span, Stream};

/// When duties fall due: at a phase, and every period before and after it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Duties {
    every: Span,
    phase: Span,
}

impl Duties {
    /// With a phase that is uniform over a period, which must be positive.
    pub(crate) fn draw(every: Span, stream: &mut Stream) -> Self {
        Duties { every, phase: Span::from_nanos(stream.below(every.nanos().unsigned_abs()) as i64) }
    }

    /// How many fall due from `from` on and before `until`.
    pub(crate) fn due(&self, from: Instant, until: Instant) -> i64 {
        self.before(until) - self.before(from)
    }

    /// How many fall due before an instant, counted from the one at the phase: none before that is a negative number.
    fn before(&self, at: Instant) -> i64 {
        let since = (at - Instant::ZERO - self.phase).nanos();
        -(-since).div_euclid(self.every.nanos())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn as_many_are_due_as_a_walk_from_one_to_the_next_finds(
            every in 1_i64..200,
            phase in 0_i64..200,
            from in -500_i64..500,
            length in 0_i64..500,
        ) {
            let duties = Duties { every: Span::from_nanos(every), phase: Span::from_nanos(phase % every) };
            let walked = (from..from + length).filter(|at| (at - phase % every).rem_euclid(every) == 0).count();
            let at = |nanos: i64| Instant::ZERO + Span::from_nanos(nanos);
            prop_assert_eq!(duties.due(at(from), at(from + length)), walked as i64);
        }
    }

    /// So counts are as a rate times a time on average, whatever that time depends on but the phase.
    #[test]
    fn over_all_phases_the_mean_is_the_length_in_periods() {
        let at = |nanos: i64| Instant::ZERO + Span::from_nanos(nanos);
        let due =
            |phase| Duties { every: Span::from_nanos(7), phase: Span::from_nanos(phase) }.due(at(3), at(27));
        assert_eq!((0..7).map(due).sum::<i64>(), 24);
    }
}
