//! Reads and writes of replicas without a leader, by quorum.
//!
//! A coordinator sends a write to all replicas and acknowledges it when `write` of them have answered; it sends a read
//! to some of them and answers with the newest of the first `read` responses (Dynamo; Bailis et al., "Probabilistically
//! Bounded Staleness for Practical Partial Quorums", VLDB 2012, section 4).

use sim::law::Sampler;
use sim::{Instant, Law, Span, Stream};

/// The most replicas a key may have.
pub const REPLICAS_MAX: usize = 16;
/// The most replicas that a [`Quorum`] may have.
pub const COPIES_MAX: usize = 8;

/// How long the messages of an operation take between coordinator and replica, in one direction, beside the distance.
#[derive(Clone, PartialEq, Debug)]
pub struct Legs {
    /// A write, to the replica, until it shows there.
    pub write: Law,
    /// Its acknowledgement, back.
    pub ack: Law,
    /// A read, to the replica.
    pub read: Law,
    /// Its response, back.
    pub response: Law,
}

/// Which replicas a read is sent to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Asked {
    /// All; the first responses count.
    All,
    /// As many as must answer, the nearest ones; among equally near ones, any.
    JustEnough,
    /// This one only.
    Named(usize),
}

/// Replicas of a key and how they are read and written.
#[derive(Clone, PartialEq, Debug)]
pub struct Quorum {
    /// The messages of each replica; of [`COPIES_MAX`] at most.
    pub legs: Vec<Legs>,
    /// One-way distance of each replica from each place that coordinates: `distances[place][replica]`.
    pub distances: Vec<Vec<Span>>,
    /// Acknowledgements a write waits for.
    pub write: usize,
    /// Responses a read waits for.
    pub read: usize,
    /// Which replicas a read asks.
    pub asked: Asked,
}

/// A quorum whose messages have prepared laws.
#[derive(Clone, Debug)]
pub(super) struct Sender<'a> {
    quorum: &'a Quorum,
    /// Of each replica, those of [`Legs`].
    legs: Vec<[Sampler; 4]>,
}

/// When the messages of a write arrive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Written {
    /// When the coordinator has acknowledgements enough.
    pub acked: Instant,
    /// When each replica has the version.
    pub arrived: [Instant; COPIES_MAX],
}

/// When the messages of a read arrive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Heard {
    /// When the coordinator has responses enough.
    pub answered: Instant,
    /// The replicas whose responses count, the first first, and when each looked.
    replicas: [u8; COPIES_MAX],
    looked: [Instant; COPIES_MAX],
    count: usize,
}

impl Heard {
    /// The replicas whose responses count, and when each looked.
    pub fn looks(&self) -> impl Iterator<Item = (usize, Instant)> + '_ {
        let replicas = self.replicas[..self.count].iter().map(|replica| usize::from(*replica));
        replicas.zip(self.looked[..self.count].iter().copied())
    }
}

impl Quorum {
    /// How many replicas there are.
    pub fn replicas(&self) -> usize {
        self.legs.len()
    }

    /// Its laws prepared for very many messages.
    pub(super) fn sender(&self) -> Sender<'_> {
        let prepared = |legs: &Legs| [&legs.write, &legs.ack, &legs.read, &legs.response].map(Sampler::of);
        Sender { quorum: self, legs: self.legs.iter().map(prepared).collect() }
    }
}

impl Sender<'_> {
    /// Sends a write at `now` from a place.
    pub(super) fn write(&self, now: Instant, place: usize, stream: &mut Stream) -> Written {
        let mut written = Written { acked: now, arrived: [Instant::FAR; COPIES_MAX] };
        let mut acks = [Instant::FAR; COPIES_MAX];
        let quorum = self.quorum;
        for (replica, ([write, ack, ..], distance)) in
            self.legs.iter().zip(&quorum.distances[place]).enumerate()
        {
            let arrived = now + *distance + write.sample(stream);
            written.arrived[replica] = arrived;
            acks[replica] = arrived + *distance + ack.sample(stream);
        }
        if quorum.write > 0 {
            written.acked = nth(&mut acks[..quorum.replicas()], quorum.write, |at| *at);
        }
        written
    }

    /// Sends a read at `now` from a place.
    pub(super) fn read(&self, now: Instant, place: usize, stream: &mut Stream) -> Heard {
        let (asked, count) = self.asked(place, stream);
        let needed = self.quorum.read.min(count);
        let mut first = [Instant::FAR; COPIES_MAX];
        let mut heard = Heard {
            answered: now,
            replicas: [0; COPIES_MAX],
            looked: [Instant::FAR; COPIES_MAX],
            count: needed,
        };
        for (sent, &replica) in asked[..count].iter().enumerate() {
            let distance = self.quorum.distances[place][usize::from(replica)];
            let [.., read, response] = &self.legs[usize::from(replica)];
            let looked = now + distance + read.sample(stream);
            let response = looked + distance + response.sample(stream);
            // The first responses, in order: each goes before those that are later.
            let known = sent.min(needed);
            let mut at = first[..known].iter().rposition(|other| *other <= response).map_or(0, |i| i + 1);
            let mut new = (response, replica, looked);
            while at < needed {
                std::mem::swap(&mut new.0, &mut first[at]);
                std::mem::swap(&mut new.1, &mut heard.replicas[at]);
                std::mem::swap(&mut new.2, &mut heard.looked[at]);
                at += 1;
            }
        }
        heard.answered = first[needed - 1];
        heard
    }

    fn asked(&self, place: usize, stream: &mut Stream) -> ([u8; COPIES_MAX], usize) {
        let mut asked: [u8; COPIES_MAX] = std::array::from_fn(|replica| replica as u8);
        match self.quorum.asked {
            Asked::All => (asked, self.quorum.replicas()),
            Asked::Named(replica) => {
                asked[0] = replica as u8;
                (asked, 1)
            }
            Asked::JustEnough => {
                let order = &mut asked[..self.legs.len()];
                // Shuffled first, so that any of equally near ones is as likely.
                for index in (1..order.len()).rev() {
                    order.swap(index, stream.below(index as u64 + 1) as usize);
                }
                order.sort_by_key(|replica| self.quorum.distances[place][usize::from(*replica)]);
                (asked, self.quorum.read)
            }
        }
    }
}

/// Brings the `count` least to the front, in order, and returns the key of the last of them.
fn nth<T: Copy>(all: &mut [T], count: usize, key: impl Fn(&T) -> Instant) -> Instant {
    for place in 0..count {
        let least = (place..all.len()).min_by_key(|index| key(&all[*index])).unwrap_or(place);
        all.swap(place, least);
    }
    key(&all[count - 1])
}
