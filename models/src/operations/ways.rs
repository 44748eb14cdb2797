//! The messages of operations by quorum: when they arrive, and what a coordinator waits for.

use super::quorum::{Asked, Legs, Quorum, REPLICAS_MAX};
use sim::law::Sampler;
use sim::{Instant, Span, Stream};

/// When a replica looked whose response does not count: before everything.
pub(super) const NEVER: Instant = Instant::from_nanos(i64::MIN);

/// A [`Quorum`] made ready for many operations.
#[derive(Clone, Debug)]
pub(super) struct Ways {
    /// From each place to each replica.
    places: Vec<Vec<Way>>,
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
}

impl Ways {
    /// Of this quorum.
    pub(super) fn of(quorum: &Quorum) -> Self {
        let place = |distances: &Vec<Span>| {
            quorum.legs.iter().zip(distances).map(|(legs, distance)| Way::new(legs, *distance)).collect()
        };
        Ways {
            places: quorum.distances.iter().map(place).collect(),
            write: quorum.write,
            read: quorum.read,
            asked: quorum.asked,
        }
    }

    /// Sends a write at `now` from a place: when each replica has it, and when acknowledgements enough are in.
    pub(super) fn write(
        &self,
        now: Instant,
        place: usize,
        stream: &mut Stream,
        arrived: &mut [Instant],
    ) -> Instant {
        let mut acks = [Instant::FAR; REPLICAS_MAX];
        for ((way, arrived), ack) in self.places[place].iter().zip(&mut *arrived).zip(&mut acks) {
            *arrived = now + way.distance + way.write.sample(stream);
            *ack = *arrived + way.distance + way.ack.sample(stream);
        }
        if self.write == 0 { now } else { nth_least(&acks[..arrived.len()], self.write) }
    }

    /// Sends a read at `now` from a place: when each replica looked whose response counts ([`NEVER`] for the others), and
    /// when responses enough are in.
    pub(super) fn read(
        &self,
        now: Instant,
        place: usize,
        stream: &mut Stream,
        looked: &mut [Instant],
    ) -> Instant {
        let ways = &self.places[place];
        let (asked, count) = self.asked(ways, stream);
        let asked = &asked[..count];
        let mut responses = [Instant::FAR; REPLICAS_MAX];
        looked.fill(NEVER);
        for (replica, response) in asked.iter().zip(&mut responses) {
            let way = &ways[usize::from(*replica)];
            let at = now + way.distance + way.read.sample(stream);
            looked[usize::from(*replica)] = at;
            *response = at + way.distance + way.response.sample(stream);
        }
        let responses = &responses[..count];
        let needed = self.read.min(count);
        let answered = nth_least(responses, needed);
        // Of those that come at that very instant, the ones asked first count.
        let mut last = needed - responses.iter().filter(|at| **at < answered).count();
        for (replica, at) in asked.iter().zip(responses) {
            let is_last = *at == answered && last > 0;
            last -= usize::from(is_last);
            let looked = &mut looked[usize::from(*replica)];
            *looked = if is_last || *at < answered { *looked } else { NEVER };
        }
        answered
    }

    /// The replicas that a read asks, in the order in which it does.
    fn asked(&self, ways: &[Way], stream: &mut Stream) -> ([u8; REPLICAS_MAX], usize) {
        let mut asked: [u8; REPLICAS_MAX] = std::array::from_fn(|replica| replica as u8);
        match self.asked {
            Asked::All => (asked, ways.len()),
            Asked::Named(replica) => {
                asked[0] = replica as u8;
                (asked, 1)
            }
            Asked::JustEnough => {
                let order = &mut asked[..ways.len()];
                // Shuffled first, so that any of equally near ones is as likely.
                for index in (1..order.len()).rev() {
                    order.swap(index, stream.below(index as u64 + 1) as usize);
                }
                order.sort_by_key(|replica| ways[usize::from(*replica)].distance);
                (asked, self.read)
            }
        }
    }
}

/// The `count`-th least, from 1: a network without a branch, since no branch of a sort could be foreseen.
fn nth_least(all: &[Instant], count: usize) -> Instant {
    let mut least = [Instant::FAR; REPLICAS_MAX];
    let least = &mut least[..count];
    for at in all {
        let mut rest = *at;
        for place in &mut *least {
            (*place, rest) = ((*place).min(rest), (*place).max(rest));
        }
    }
    least[count - 1]
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
            let ways = Ways::of(&quorum(&lags, needed, Asked::All));
            let mut replicas: Vec<usize> = (0..lags.len()).collect();
            replicas.sort_by_key(|replica| lags[*replica]);
            let last = Instant::from_nanos(lags[replicas[needed - 1]]);
            let mut looked = vec![Instant::ZERO; lags.len()];
            prop_assert_eq!(ways.read(Instant::ZERO, 0, &mut stream(1), &mut looked), last);
            for (place, replica) in replicas.iter().enumerate() {
                prop_assert_eq!(looked[*replica], if place < needed { Instant::ZERO } else { NEVER });
            }
            let mut arrived = vec![Instant::ZERO; lags.len()];
            prop_assert_eq!(ways.write(Instant::ZERO, 0, &mut stream(1), &mut arrived), last);
            prop_assert!(arrived.iter().zip(&lags).all(|(at, lag)| at.nanos() == *lag));
        }
    }

    #[test]
    fn who_is_not_asked_never_looks() {
        let mut looked = [Instant::ZERO; 3];
        let named = Ways::of(&quorum(&[5, 1, 9], 2, Asked::Named(2)));
        assert_eq!(named.read(Instant::ZERO, 0, &mut stream(1), &mut looked).nanos(), 9);
        assert_eq!(looked, [NEVER, NEVER, Instant::ZERO]);
        let enough = Ways::of(&quorum(&[1, 1, 1], 2, Asked::JustEnough));
        let mut times = [0; 3];
        let mut stream = stream(2);
        for _ in 0..3000 {
            enough.read(Instant::ZERO, 0, &mut stream, &mut looked);
            looked.iter().zip(&mut times).for_each(|(at, times)| *times += u32::from(*at != NEVER));
        }
        assert_eq!(times.iter().sum::<u32>(), 6000);
        // Each is asked two times of three, with a standard error of 26.
        assert!(times.iter().all(|times| times.abs_diff(2000) < 104), "{times:?}");
    }
}
