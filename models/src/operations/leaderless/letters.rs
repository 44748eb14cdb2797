//! The messages of an operation, drawn when its client sends it.
//!
//! Conditions are known beforehand, so that every arrival can be told at once. The order of draws: the client's message
//! there and back; for a write, of each replica the write and its acknowledgement; for a read, of each replica asked the
//! read and its response.

use super::conditions::Conditions;
use super::opinions::Opinions;
use super::store::{Asks, Hints, Store};
use crate::operations::quorum::REPLICAS_MAX;
use sim::{Instant, Span, Stream};

/// What becomes of a write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(clippy::large_enum_variant, reason = "it is taken apart where it is made")]
pub(super) enum Written {
    /// It never reaches its coordinator.
    Lost,
    /// Its coordinator refuses it; when the client hears of it, and whether some replica was in reach.
    Refused { told: Instant, in_reach: bool },
    /// Its coordinator sends it on.
    Accepted(Accepted),
}

/// A write that was accepted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Accepted {
    /// When.
    pub(super) at: Instant,
    /// When its client hears that it is done; never if that is too late.
    pub(super) acked: Instant,
    /// When each replica has it from the first message.
    pub(super) arrived: [Instant; REPLICAS_MAX],
    /// When each replica has it from a hint: once more if the acknowledgement came late or never.
    pub(super) hinted: [Instant; REPLICAS_MAX],
}

/// What becomes of a read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Heard {
    /// There is no answer in time.
    Nothing,
    /// Its coordinator refuses it.
    Refused { told: Instant, in_reach: bool },
    /// Its coordinator has answers enough.
    Answers(Answers),
}

/// Answers to a read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Answers {
    /// When its coordinator has enough.
    pub(super) at: Instant,
    /// What its answer takes to the client.
    pub(super) back: Span,
    /// The replicas whose answers count, and when each looked.
    looked: [Instant; REPLICAS_MAX],
    replicas: [u8; REPLICAS_MAX],
    count: u8,
}

impl Answers {
    /// The replicas whose answers count, and when each looked.
    pub(super) fn looks(&self) -> impl Iterator<Item = (usize, Instant)> + '_ {
        let replicas = self.replicas[..usize::from(self.count)].iter().map(|replica| usize::from(*replica));
        replicas.zip(self.looked)
    }
}

impl Store {
    /// Sends a write from a client's place to a coordinator's.
    pub(super) fn write(
        &self,
        (opinions, stream): (&Opinions, &mut Stream),
        ((client, place), ways): ((usize, usize), (Span, Span)),
        sent: Instant,
    ) -> Written {
        let (there, back) = self.messages(ways, stream);
        let mut legs = [(Span::ZERO, Span::ZERO); REPLICAS_MAX];
        for (replica, leg) in legs[..self.conditions.replicas()].iter_mut().enumerate() {
            *leg = (self.write_leg(place, replica, stream), self.legs.ack.sample(stream));
        }
        let Some(at) = self.reaches((client, place), sent, there) else { return Written::Lost };
        let alive = |replica: usize| opinions.alive(place, replica, at);
        let believed = times(&self.conditions, |replica| if alive(replica) { at } else { Instant::FAR });
        if self.write_level.met(&self.conditions, place, &believed) == Instant::FAR {
            let told = self.told((place, client), (at, back), sent.saturating_add(self.write_timeout));
            return Written::Refused { told, in_reach: self.some_in_reach(place, at) };
        }
        let (mut arrived, mut hinted) = ([Instant::FAR; REPLICAS_MAX], [Instant::FAR; REPLICAS_MAX]);
        let mut acks = [Instant::FAR; REPLICAS_MAX];
        for (replica, (to, from)) in legs.into_iter().enumerate().take(self.conditions.replicas()) {
            if !alive(replica) {
                hinted[replica] = self.hint(opinions, (place, replica), (at, at), to);
                continue;
            }
            let takes = plus(self.distance(place, replica), to);
            if let Some(reached) = self.conditions.carry_to((place, replica), at, takes) {
                arrived[replica] = reached;
                acks[replica] = self.answered((replica, place), reached, from);
            }
            let late = at.saturating_add(self.write_timeout);
            if acks[replica] > late {
                hinted[replica] = self.hint(opinions, (place, replica), (at, late), to);
            }
        }
        let met = self.write_level.met(&self.conditions, place, &acks);
        let acked = self.told((place, client), (met, back), sent.saturating_add(self.write_timeout));
        Written::Accepted(Accepted { at, acked, arrived, hinted })
    }

    /// When a hint for a write accepted at `accepted`, kept from `kept` on, arrives.
    fn hint(
        &self,
        opinions: &Opinions,
        (place, replica): (usize, usize),
        (accepted, kept): (Instant, Instant),
        leg: Span,
    ) -> Instant {
        let Some(Hints { window, delay }) = self.hints else { return Instant::FAR };
        let silent = opinions.silence(place, replica, kept);
        if silent.is_some_and(|silent| kept - silent.from >= window) {
            return Instant::FAR;
        }
        let mut leaves = kept;
        loop {
            let touch = opinions.in_touch(&self.conditions, (place, replica), leaves);
            leaves = touch.saturating_add(delay);
            if leaves == Instant::FAR || self.conditions.destroyed_within(place, accepted, leaves) {
                return Instant::FAR;
            }
            if opinions.in_touch(&self.conditions, (place, replica), leaves) > leaves {
                continue;
            }
            let takes = plus(self.distance(place, replica), leg);
            match self.conditions.carry_to((place, replica), leaves, takes) {
                Some(arrives) => return arrives,
                None => leaves = leaves.saturating_add(takes),
            }
        }
    }

    /// Sends a read from a client's place to a coordinator's.
    pub(super) fn read(
        &self,
        (opinions, stream): (&Opinions, &mut Stream),
        ((client, place), ways): ((usize, usize), (Span, Span)),
        sent: Instant,
    ) -> Heard {
        let (there, back) = self.messages(ways, stream);
        let Some(at) = self.reaches((client, place), sent, there) else { return Heard::Nothing };
        let alive =
            times(
                &self.conditions,
                |replica| {
                    if opinions.alive(place, replica, at) { at } else { Instant::FAR }
                },
            );
        if self.read_level.met(&self.conditions, place, &alive) == Instant::FAR {
            let told = self.told((place, client), (at, back), sent.saturating_add(self.read_timeout));
            return Heard::Refused { told, in_reach: self.some_in_reach(place, at) };
        }
        let asked = self.asked(place, &alive, stream);
        let mut looks = [Instant::FAR; REPLICAS_MAX];
        let mut answers = [Instant::FAR; REPLICAS_MAX];
        for replica in (0..self.conditions.replicas()).filter(|replica| asked & 1 << replica != 0) {
            let (to, from) = (self.legs.read.sample(stream), self.legs.response.sample(stream));
            let takes = plus(self.distance(place, replica), to);
            if let Some(look) = self.conditions.carry_to((place, replica), at, takes) {
                looks[replica] = look;
                answers[replica] = self.answered((replica, place), look, from);
            }
        }
        let met = self.read_level.met(&self.conditions, place, &answers);
        if met > sent.saturating_add(self.read_timeout) {
            return Heard::Nothing;
        }
        let (looked, replicas) = ([Instant::FAR; REPLICAS_MAX], [0; REPLICAS_MAX]);
        let mut heard = Answers { at: met, back, looked, replicas, count: 0 };
        self.read_level.used(&self.conditions, place, &answers, |replica| {
            let place = usize::from(heard.count);
            (heard.replicas[place], heard.looked[place]) = (replica as u8, looks[replica]);
            heard.count += 1;
        });
        Heard::Answers(heard)
    }

    /// Whom a read asks, as bits, given who is taken for alive.
    fn asked(&self, place: usize, alive: &[Instant; REPLICAS_MAX], stream: &mut Stream) -> u32 {
        let conditions = &self.conditions;
        let mut order: [u8; REPLICAS_MAX] = std::array::from_fn(|replica| replica as u8);
        let order = &mut order[..conditions.replicas()];
        if self.asks == Asks::All {
            let counts = |replica: &&u8| self.read_level.counts(conditions, place, usize::from(**replica));
            let able = order.iter().filter(counts).filter(|r| alive[usize::from(**r)] < Instant::FAR);
            return able.fold(0, |asked, replica| asked | 1 << replica);
        }
        // Shuffled first, so that any of equally near ones is as likely.
        for index in (1..order.len()).rev() {
            order.swap(index, stream.below(index as u64 + 1) as usize);
        }
        order.sort_by_key(|replica| self.distance(place, usize::from(*replica)));
        // The turn of each takes the place of the time of its answer.
        let mut turns = [Instant::FAR; REPLICAS_MAX];
        for (turn, replica) in
            order.iter().enumerate().filter(|(_, r)| alive[usize::from(**r)] < Instant::FAR)
        {
            turns[usize::from(*replica)] = Instant::from_nanos(turn as i64);
        }
        let mut asked = 0u32;
        self.read_level.used(conditions, place, &turns, |replica| asked |= 1 << replica);
        if self.asks == Asks::OneMore {
            let able = |replica: &&u8| {
                let replica = usize::from(**replica);
                asked & 1 << replica == 0
                    && turns[replica] < Instant::FAR
                    && self.read_level.counts(conditions, place, replica)
            };
            asked |= order.iter().find(able).map_or(0, |replica| 1 << replica);
        }
        asked
    }

    /// What a client's message takes there and back, given what the ways do.
    fn messages(&self, (there, back): (Span, Span), stream: &mut Stream) -> (Span, Span) {
        let there = plus(there, self.message.sample(stream));
        (there, plus(back, self.message.sample(stream)))
    }

    /// When a client's message reaches a coordinator.
    fn reaches(&self, ways: (usize, usize), sent: Instant, takes: Span) -> Option<Instant> {
        let arrives = self.conditions.carry(ways, sent, takes);
        arrives.filter(|at| self.conditions.is_open(ways.1, *at))
    }

    /// When a client hears what its coordinator knew at an instant; never if that is too late.
    pub(super) fn told(
        &self,
        ways: (usize, usize),
        (knew, takes): (Instant, Span),
        late: Instant,
    ) -> Instant {
        if knew > late {
            return Instant::FAR;
        }
        self.conditions.carry(ways, knew, takes).filter(|at| *at <= late).unwrap_or(Instant::FAR)
    }

    /// When a replica's answer reaches a coordinator; never if it does not.
    pub(super) fn answered(&self, (replica, place): (usize, usize), sent: Instant, leg: Span) -> Instant {
        let from = self.conditions.replicas_at()[replica];
        let answered = self.conditions.carry((from, place), sent, plus(self.distances[from][place], leg));
        answered.filter(|at| self.conditions.is_open(place, *at)).unwrap_or(Instant::FAR)
    }

    /// One-way distance of a replica from a place.
    pub(super) fn distance(&self, place: usize, replica: usize) -> Span {
        self.distances[place][self.conditions.replicas_at()[replica]]
    }

    fn some_in_reach(&self, place: usize, at: Instant) -> bool {
        let reach = |(replica, other): (usize, &usize)| {
            self.conditions.is_up(replica, at) && self.conditions.reach(place, *other, at)
        };
        self.conditions.replicas_at().iter().enumerate().any(reach)
    }
}

fn times(conditions: &Conditions, of: impl Fn(usize) -> Instant) -> [Instant; REPLICAS_MAX] {
    let replicas = conditions.replicas();
    std::array::from_fn(|replica| if replica < replicas { of(replica) } else { Instant::FAR })
}

/// The sum, or [`Span::FOREVER`] if it is longer.
pub(super) fn plus(one: Span, other: Span) -> Span {
    Span::from_nanos(one.nanos().saturating_add(other.nanos()))
}
