//! The messages of operations by quorum: when they arrive, and what a coordinator waits for.

use super::quorum::{Asked, Legs, Quorum};
use sim::law::Sampler;
use sim::{Instant, Span, Stream};

/// When a replica looked whose response does not count: before everything.
pub(super) const NEVER: Instant = Instant::from_nanos(i64::MIN);

/// A [`Quorum`] made ready for many operations. Instants at its replicas lie in arrays of so many slots, at least as many as
/// it has replicas, so that loops over them are of a fixed length.
#[derive(Clone, Debug)]
pub(super) struct Ways<const SLOTS: usize> {
    /// From each place to each replica.
    places: Vec<Vec<Way>>,
    /// Acknowledgements that a write waits for, and responses that a read does.
    write: usize,
    read: usize,
    asked: Asked,
}

/// From a coordinator to a replica and back.
#[derive(Clone, Debug)]
struct Way {
    distance: Span,
    write: Sampler,
    ack: Sampler,
    read: Sampler,
    response: Sampler,
}

impl Way {
    fn new(legs: &Legs, distance: Span) -> Self {
        let [write, ack, read, response] =
            [&legs.write, &legs.ack, &legs.read, &legs.response].map(Sampler::new);
        Way { distance, write, ack, read, response }
    }

    /// Sends a read: when the replica looks, and when its response is back.
    #[inline(always)]
    fn ask(&self, now: Instant, stream: &mut Stream, looked: &mut Instant, response: &mut Instant) {
        *looked = now + self.distance + self.read.sample(stream);
        *response = *looked + self.distance + self.response.sample(stream);
    }
}

impl<const SLOTS: usize> Ways<SLOTS> {
    /// Of this quorum.
    pub(super) fn of(quorum: &Quorum) -> Self {
        let place = |distances: &Vec<Span>| {
            quorum.legs.iter().zip(distances).map(|(legs, distance)| Way::new(legs, *distance)).collect()
        };
        Ways {
            places: quorum.distances.iter().map(place).collect(),
            write: quorum.write,
            read: if let Asked::Named(_) = quorum.asked { 1 } else { quorum.read.min(quorum.replicas()) },
            asked: quorum.asked,
        }
    }

    /// Sends a write at `now` from a place: when acknowledgements enough are in, and when each replica has it. A slot
    /// without a replica has it at once.
    pub(super) fn write(
        &self,
        now: Instant,
        place: usize,
        stream: &mut Stream,
    ) -> (Instant, [Instant; SLOTS]) {
        let (mut arrived, mut acks) = ([now; SLOTS], [Instant::FAR; SLOTS]);
        for ((way, arrived), ack) in self.places[place].iter().zip(&mut arrived).zip(&mut acks) {
            *arrived = now + way.distance + way.write.sample(stream);
            *ack = *arrived + way.distance + way.ack.sample(stream);
        }
        (if self.write == 0 { now } else { nth_least(acks, self.write) }, arrived)
    }

    /// Sends a read at `now` from a place: when responses enough are in. Sets when each replica looked whose response
    /// counts, [`NEVER`] for the others.
    pub(super) fn read(
        &self,
        now: Instant,
        place: usize,
        stream: &mut Stream,
        looked: &mut [Instant; SLOTS],
    ) -> Instant {
        let ways = self.places[place].as_slice();
        let mut responses = [Instant::FAR; SLOTS];
        *looked = [NEVER; SLOTS];
        match self.asked {
            Asked::All => {
                for ((way, looked), response) in ways.iter().zip(&mut *looked).zip(&mut responses) {
                    way.ask(now, stream, looked, response);
                }
            }
            Asked::Named(replica) => {
                ways[replica].ask(now, stream, &mut looked[replica], &mut responses[replica]);
            }
            Asked::JustEnough => {
                for replica in nearest::<SLOTS>(ways, stream).into_iter().take(self.read) {
                    let replica = usize::from(replica);
                    ways[replica].ask(now, stream, &mut looked[replica], &mut responses[replica]);
                }
            }
        }
        let answered = nth_least(responses, self.read);
        silence(looked, &responses, answered, self.read);
        answered
    }
}

/// The replicas, the nearest first; equally near ones in any order.
fn nearest<const SLOTS: usize>(ways: &[Way], stream: &mut Stream) -> [u8; SLOTS] {
    let mut all: [u8; SLOTS] = std::array::from_fn(|replica| replica as u8);
    let order = &mut all[..ways.len()];
    // Shuffled first, so that any of equally near ones is as likely.
    for index in (1..order.len()).rev() {
        order.swap(index, stream.below(index as u64 + 1) as usize);
    }
    order.sort_by_key(|replica| ways[usize::from(*replica)].distance);
    all
}

/// Takes back the looks whose responses are not among the first so many, the last of which came at `answered`. Of those
/// that come at that very instant, the replicas of the lowest numbers count.
fn silence<const SLOTS: usize>(
    looked: &mut [Instant; SLOTS],
    responses: &[Instant; SLOTS],
    answered: Instant,
    needed: usize,
) {
    let sooner: usize = responses.iter().map(|at| usize::from(*at < answered)).sum();
    let mut last = needed - sooner;
    for (looked, at) in looked.iter_mut().zip(responses) {
        let is_last = (*at == answered) & (last > 0);
        last -= usize::from(is_last);
        *looked = if is_last | (*at < answered) { *looked } else { NEVER };
    }
}

/// The `count`-th least, from 1. All are sorted by a network, without a branch, since none could be foreseen.
fn nth_least<const SLOTS: usize>(mut all: [Instant; SLOTS], count: usize) -> Instant {
    for sorted in 1..SLOTS {
        for place in (0..sorted).rev() {
            (all[place], all[place + 1]) = (all[place].min(all[place + 1]), all[place].max(all[place + 1]));
        }
    }
    all[count - 1]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use sim::{Law, Replication, Seed, StreamName};

    fn stream(seed: u64) -> Stream {
        Stream::new(Seed(seed), Replication(0), StreamName::of("ways", "test"))
    }

    fn quorum(lags: &[i64], read: usize, asked: Asked) -> Quorum {
        let fixed = |nanos: i64| Law::Fixed(Span::from_nanos(nanos));
        let legs =
            |lag: &i64| Legs { write: fixed(*lag), ack: fixed(0), read: fixed(0), response: fixed(*lag) };
        Quorum {
            legs: lags.iter().map(legs).collect(),
            distances: vec![vec![Span::ZERO; lags.len()]],
            write: read,
            read,
            asked,
        }
    }

    proptest! {
        /// Against sorting, which keeps the order of equals.
        #[test]
        fn the_first_messages_count_and_of_equals_those_sent_first(
            lags in prop::collection::vec(0i64..6, 1..8), needed in 1usize..8,
        ) {
            let needed = needed.min(lags.len());
            let ways = Ways::<8>::of(&quorum(&lags, needed, Asked::All));
            let mut replicas: Vec<usize> = (0..lags.len()).collect();
            replicas.sort_by_key(|replica| lags[*replica]);
            let last = Instant::from_nanos(lags[replicas[needed - 1]]);
            let mut looked = [Instant::ZERO; 8];
            prop_assert_eq!(ways.read(Instant::ZERO, 0, &mut stream(1), &mut looked), last);
            prop_assert!(looked[lags.len()..].iter().all(|at| *at == NEVER));
            for (place, replica) in replicas.iter().enumerate() {
                prop_assert_eq!(looked[*replica], if place < needed { Instant::ZERO } else { NEVER });
            }
            let (acked, arrived) = ways.write(Instant::ZERO, 0, &mut stream(1));
            prop_assert_eq!(acked, last);
            prop_assert!(arrived.iter().zip(&lags).all(|(at, lag)| at.nanos() == *lag));
        }
    }

    #[test]
    fn who_is_not_asked_never_looks() {
        let named = Ways::<3>::of(&quorum(&[5, 1, 9], 2, Asked::Named(2)));
        let mut looked = [Instant::ZERO; 3];
        assert_eq!(named.read(Instant::ZERO, 0, &mut stream(1), &mut looked).nanos(), 9);
        assert_eq!(looked, [NEVER, NEVER, Instant::ZERO]);
        let enough = Ways::<5>::of(&quorum(&[1, 1, 1], 2, Asked::JustEnough));
        let mut times = [0; 5];
        let mut stream = stream(2);
        for _ in 0..3000 {
            let mut looked = [Instant::ZERO; 5];
            enough.read(Instant::ZERO, 0, &mut stream, &mut looked);
            looked.iter().zip(&mut times).for_each(|(at, times)| *times += u32::from(*at != NEVER));
        }
        assert_eq!(times.iter().sum::<u32>(), 6000);
        // Each is asked two times of three, with a standard error of 26.
        assert!(times[..3].iter().all(|times| times.abs_diff(2000) < 104), "{times:?}");
    }
}
