//! A store that many may write: who must answer, how long messages take, what is done about those that get lost.

use super::conditions::Conditions;
use super::level::Level;
use crate::operations::popularity::Popularity;
use crate::operations::quorum::Legs;
use sim::{Instant, Law, Span, Stream};

/// Whom a coordinator asks when it reads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Asks {
    /// All replicas whose answers count.
    All,
    /// As many as must answer, the nearest ones; among equally near ones, any.
    JustEnough,
    /// One more than that, from the start.
    OneMore,
}

/// What clocks stamp.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Clock {
    /// The time of their place.
    Wall,
    /// That, or one nanosecond more than the greatest stamp that their place or the session has seen of the key, if that is
    /// later: a hybrid logical clock of each key (Kulkarni et al., "Logical physical clocks", OPODIS 2014).
    Hybrid,
}

/// Writes kept by their coordinator for replicas that have not acknowledged them in time or are taken for dead, until it
/// reaches them again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hints {
    /// None is kept for a replica that has been out of reach for so long or longer.
    pub window: Span,
    /// How long after being in touch again they leave.
    pub delay: Span,
}

/// What becomes of replicas found to differ in a read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReadRepair {
    /// Nothing.
    None,
    /// Those whose answer counted and was not the newest are sent it, and the reader gets its answer after all of them have
    /// acknowledged that.
    Blocking,
}

/// What a replica has that comes back without its disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Return {
    /// Nothing.
    Empty,
    /// For each key the newest version that any replica shows which is up and in its reach then.
    Rebuilt,
}

/// A store that many may write.
///
/// Coordinators stand at the places that have replicas. Each sends a write to all replicas, whatever the level.
#[derive(Clone, PartialEq, Debug)]
pub struct Store {
    /// What it goes through.
    pub conditions: Conditions,
    /// One-way distances of places from each other.
    pub distances: Vec<Vec<Span>>,
    /// Whose acknowledgements a write waits for.
    pub write_level: Level,
    /// Whose responses a read waits for.
    pub read_level: Level,
    /// Whom a read asks.
    pub asks: Asks,
    /// What messages between coordinators and replicas take beside the distance.
    pub legs: Legs,
    /// What a write takes to a replica at the place it comes from, if that is another law than it is to others.
    pub within: Option<Law>,
    /// What messages between clients and coordinators take beside the distance, each way.
    pub message: Law,
    /// How long after the beginning of an outage a place is convinced that a replica is dead; drawn for each place, replica
    /// and outage.
    pub conviction: Law,
    /// How long a client waits for the answer to a read.
    pub read_timeout: Span,
    /// How long a client waits for the acknowledgement of a write, and a coordinator before it keeps a hint.
    pub write_timeout: Span,
    /// Hints, if any are kept.
    pub hints: Option<Hints>,
    /// What becomes of replicas found to differ.
    pub read_repair: ReadRepair,
    /// How often all replicas compare what they have.
    pub anti_entropy: Option<Span>,
    /// When they last did before time zero, or at that.
    pub compared: Instant,
    /// What a replica has that lost its disk.
    pub returns: Return,
    /// How far the clock of each place is ahead of true time; negative if it is behind.
    pub ahead: Vec<Span>,
    /// What it stamps.
    pub clock: Clock,
    /// Which keys are touched.
    pub popularity: Popularity,
}

/// Why a store cannot be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Misfit {
    /// Distances or clocks of another number of places.
    Places,
    /// A negative distance, or a time that is not positive where it must be.
    Times,
    /// A level that asks for more replicas than there are at some place that coordinates.
    Level,
}

impl Store {
    /// Many writers with everything that replicas, coordinators and clients exchange taking no more than the distance: no
    /// hints, no repair, perfect clocks, requests answered within ten seconds, nobody ever taken for dead, one key.
    pub fn plain(
        conditions: Conditions,
        distances: Vec<Vec<Span>>,
        write_level: Level,
        read_level: Level,
    ) -> Self {
        let none = Law::Fixed(Span::ZERO);
        let places = conditions.places();
        Store {
            conditions,
            distances,
            write_level,
            read_level,
            asks: Asks::JustEnough,
            legs: Legs { write: none.clone(), ack: none.clone(), read: none.clone(), response: none.clone() },
            within: None,
            message: none,
            conviction: Law::Fixed(Span::FOREVER),
            read_timeout: Span::from_secs(10),
            write_timeout: Span::from_secs(10),
            hints: None,
            read_repair: ReadRepair::None,
            anti_entropy: None,
            compared: Instant::ZERO,
            returns: Return::Empty,
            ahead: vec![Span::ZERO; places],
            clock: Clock::Wall,
            popularity: Popularity::Uniform { keys: 1 },
        }
    }

    /// What a write or a copy takes from a place to a replica, beside the distance.
    pub(super) fn write_leg(&self, place: usize, replica: usize, stream: &mut Stream) -> Span {
        let own = self.within.as_ref().filter(|_| self.conditions.replicas_at()[replica] == place);
        own.unwrap_or(&self.legs.write).sample(stream)
    }

    /// A store of the family multi-primary: one replica at each place, which accepts and acknowledges on its own and keeps
    /// what it could not send for as long as it takes.
    ///
    /// # Errors
    /// If the conditions have another number of replicas at some place.
    pub fn multi_primary(conditions: Conditions, distances: Vec<Vec<Span>>) -> Result<Self, Misfit> {
        if !(0..conditions.places()).eq(conditions.replicas_at().iter().copied()) {
            return Err(Misfit::Places);
        }
        let mut store = Store::plain(conditions, distances, Level::LocalOne, Level::LocalOne);
        store.conviction = Law::Fixed(Span::ZERO);
        store.hints = Some(Hints { window: Span::FOREVER, delay: Span::ZERO });
        Ok(store)
    }

    /// Can it be?
    ///
    /// # Errors
    /// The first [`Misfit`] found.
    pub fn check(&self) -> Result<(), Misfit> {
        let places = self.conditions.places();
        let squared = self.distances.len() == places && self.distances.iter().all(|row| row.len() == places);
        if !squared || self.ahead.len() != places {
            return Err(Misfit::Places);
        }
        let every = self.anti_entropy.unwrap_or(Span::SECOND);
        let positive = [self.read_timeout, self.write_timeout, every].iter().all(|span| *span > Span::ZERO);
        let delay = self.hints.map_or(Span::ZERO, |hints| hints.delay);
        if !positive || delay < Span::ZERO || self.distances.iter().flatten().any(|span| *span < Span::ZERO) {
            return Err(Misfit::Times);
        }
        let coordinating = (0..places).filter(|place| self.conditions.replicas_at().contains(place));
        let met = |place: usize| {
            [self.write_level, self.read_level].iter().all(|level| level.can_be_met(&self.conditions, place))
        };
        if coordinating.clone().all(met) { Ok(()) } else { Err(Misfit::Level) }
    }
}
