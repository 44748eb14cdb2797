//! Which replicas a place takes for dead.
//!
//! A place hears nothing from a replica while that is down or cut off from it: an outage. Some time after it began the
//! place is convinced, and until the outage ends it sends that replica nothing. Before that its requests go unanswered.

use super::conditions::{Conditions, holding, merge};
use crate::operations::reigns::Stretch;
use sim::{Instant, Law, Replication, Seed, Span, Stream, StreamName};

/// How long after the last heartbeat a failure detector by accrual convicts: with gaps of mean `gap` and exponential,
/// phi = t / (gap ln 10) (Hayashibara et al., "The phi accrual failure detector", SRDS 2004; Cassandra's form).
pub fn conviction_after_phi(threshold: f64, gap: Span) -> Span {
    Span::from_seconds(threshold * gap.seconds() * std::f64::consts::LN_10)
}

/// An outage of a replica as seen from a place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Outage {
    during: Stretch,
    /// From when on the place is convinced; at its end or later if it never is.
    convicted: Instant,
}

/// What each place thinks of each replica.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Opinions {
    replicas: usize,
    /// Of each place and replica, `place * replicas + replica`.
    outages: Vec<Vec<Outage>>,
}

impl Opinions {
    /// Draws how long each place takes to be convinced of each outage.
    pub(super) fn new(
        conditions: &Conditions,
        conviction: &Law,
        (seed, replication): (Seed, Replication),
    ) -> Self {
        let replicas = conditions.replicas();
        let mut outages = Vec::new();
        for place in 0..conditions.places() {
            for replica in 0..replicas {
                let path = format!("place/{place}/replica/{replica}");
                let stream = &mut Stream::new(seed, replication, StreamName::of(&path, "conviction"));
                let seen = silences(conditions, place, replica).into_iter();
                let convicted = seen.map(|during| Outage {
                    during,
                    convicted: during.from.saturating_add(conviction.sample(stream)),
                });
                outages.push(convicted.collect());
            }
        }
        Opinions { replicas, outages }
    }

    fn outage(&self, place: usize, replica: usize, at: Instant) -> Option<&Outage> {
        let all = &self.outages[place * self.replicas + replica];
        let next = all.partition_point(|outage| outage.during.from <= at);
        all[..next].last().filter(|outage| at < outage.during.until)
    }

    /// Does a place take a replica for alive?
    pub(super) fn alive(&self, place: usize, replica: usize, at: Instant) -> bool {
        self.outage(place, replica, at).is_none_or(|outage| at < outage.convicted)
    }

    /// The outage of a replica, seen from a place, that holds an instant.
    pub(super) fn silence(&self, place: usize, replica: usize, at: Instant) -> Option<Stretch> {
        self.outage(place, replica, at).map(|outage| outage.during)
    }

    /// The first instant from `at` on at which a place coordinates and reaches a replica that is up.
    pub(super) fn in_touch(
        &self,
        conditions: &Conditions,
        (place, replica): (usize, usize),
        at: Instant,
    ) -> Instant {
        let closed = &conditions.troubles().closed[place];
        let mut at = at;
        loop {
            let hindrances = [self.silence(place, replica, at), holding(closed, at).copied()];
            let Some(until) = hindrances.into_iter().flatten().map(|stretch| stretch.until).max() else {
                return at;
            };
            if until == Instant::FAR {
                return until;
            }
            at = until;
        }
    }
}

/// When a replica is down or cut off from a place.
fn silences(conditions: &Conditions, place: usize, replica: usize) -> Vec<Stretch> {
    let mut all = conditions.troubles().down[replica].clone();
    all.extend_from_slice(conditions.cuts(place, conditions.replicas_at()[replica]));
    merge(&mut all);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phi_8_with_a_heartbeat_a_second_convicts_after_18_seconds() {
        // docs: 8 ln 10 = 18.42 s; phi 5: 11.5 s, 12: 27.6 s, 16: 36.8 s.
        for (threshold, seconds) in [(8.0, 18.42), (5.0, 11.51), (12.0, 27.63), (16.0, 36.84)] {
            let after = conviction_after_phi(threshold, Span::SECOND).seconds();
            assert!((after - seconds).abs() < 0.005, "{threshold}: {after}");
        }
        let twice = conviction_after_phi(8.0, Span::SECOND * 2);
        assert!((twice.seconds() - 36.84).abs() < 0.005);
    }
}
