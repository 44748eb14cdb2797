//! What happens to a store that many may write: who is down when, what is lost with it, who is cut off from whom.
//!
//! Places are numbered, and each replica stands at one. All stretches hold their beginning and not their end.

use crate::operations::quorum::REPLICAS_MAX;
use crate::operations::reigns::{Cut, Stretch};
use sim::{Instant, Span};

/// The most places, and losses of what was known at places, together: every place, and every place that begins anew, has its
/// own count of writes.
pub const CHAINS_MAX: usize = 16;

/// A replica loses what it had.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Loss {
    /// When. What arrives at this instant or later is not concerned.
    pub at: Instant,
    /// What had arrived by then is kept; nothing: all is lost.
    pub kept: Option<Instant>,
}

impl Loss {
    /// The disk is lost.
    pub fn of_disk(at: Instant) -> Self {
        Loss { at, kept: None }
    }

    /// Power is lost, and with it what has come since the commit log was written to the disk, which happens every so often,
    /// the first time at `phase`. Before that nothing is on the disk.
    pub fn of_log(at: Instant, every: Span, phase: Span) -> Self {
        let since = (at - Instant::ZERO - phase).nanos();
        let flushes = since.div_euclid(every.nanos());
        let kept = Instant::ZERO + phase + every * flushes;
        Loss { at, kept: Some(if flushes < 0 { Instant::from_nanos(-1) } else { kept }) }
    }

    fn takes(&self, arrived: Instant) -> bool {
        arrived < self.at && self.kept.is_none_or(|kept| kept < arrived)
    }
}

/// What goes wrong, in any order; stretches may overlap.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Troubles {
    /// Of each replica, when it is down. Its disk survives.
    pub down: Vec<Vec<Stretch>>,
    /// Of each replica, what it loses.
    pub losses: Vec<Vec<Loss>>,
    /// Of each place, when nobody there coordinates.
    pub closed: Vec<Vec<Stretch>>,
    /// Of each place, when all hints kept there are lost, and what its coordinators knew.
    pub destroyed: Vec<Vec<Instant>>,
    /// Of each place, when what its coordinators knew is lost, but no hint.
    pub forgotten: Vec<Vec<Instant>>,
    /// Places that do not reach each other.
    pub cuts: Vec<Cut>,
}

impl Troubles {
    /// Nothing goes wrong.
    pub fn none(places: usize, replicas: usize) -> Self {
        Troubles {
            down: vec![Vec::new(); replicas],
            losses: vec![Vec::new(); replicas],
            closed: vec![Vec::new(); places],
            destroyed: vec![Vec::new(); places],
            forgotten: vec![Vec::new(); places],
            cuts: Vec::new(),
        }
    }
}

/// Why conditions cannot be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flaw {
    /// No replica, more than [`REPLICAS_MAX`], one at a place that is not there, or lists of another length.
    Shape,
    /// Places, and losses of what was known there, are more than [`CHAINS_MAX`].
    Chains,
    /// A cut of a place that is not there, or of a place from itself.
    Cut,
    /// A stretch that ends no later than it begins.
    Empty,
}

/// Places, replicas and what happens to them, checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Conditions {
    places: usize,
    replicas_at: Vec<usize>,
    troubles: Troubles,
    /// Of each place, when its coordinators begin to count anew: in order.
    renewed: Vec<Vec<Instant>>,
    /// Of each pair of places, `one * places + other`: when they are cut off from each other, merged.
    cuts: Vec<Vec<Stretch>>,
}

impl Conditions {
    /// Replicas at places, and what goes wrong.
    ///
    /// # Errors
    /// The first [`Flaw`] found.
    pub fn new(places: usize, replicas_at: Vec<usize>, troubles: Troubles) -> Result<Self, Flaw> {
        let replicas = replicas_at.len();
        let shaped = (1..=REPLICAS_MAX).contains(&replicas)
            && replicas_at.iter().all(|place| *place < places)
            && [troubles.down.len(), troubles.losses.len()] == [replicas; 2]
            && [troubles.closed.len(), troubles.destroyed.len(), troubles.forgotten.len()] == [places; 3];
        if !shaped {
            return Err(Flaw::Shape);
        }
        let mut troubles = troubles;
        if troubles.down.iter().chain(&troubles.closed).flatten().any(|stretch| stretch.from >= stretch.until)
        {
            return Err(Flaw::Empty);
        }
        troubles.down.iter_mut().chain(&mut troubles.closed).for_each(merge);
        for losses in &mut troubles.losses {
            losses.sort_unstable_by_key(|loss| (loss.at, loss.kept));
            losses.dedup();
        }
        let mut renewed = troubles.destroyed.clone();
        for (renewed, forgotten) in renewed.iter_mut().zip(&troubles.forgotten) {
            renewed.extend(forgotten);
            renewed.sort_unstable();
            renewed.dedup();
        }
        if places + renewed.iter().map(Vec::len).sum::<usize>() > CHAINS_MAX {
            return Err(Flaw::Chains);
        }
        let mut cuts = vec![Vec::new(); places * places];
        for Cut { between: (one, other), during } in &troubles.cuts {
            if one == other || *one.max(other) >= places {
                return Err(Flaw::Cut);
            }
            if during.from >= during.until {
                return Err(Flaw::Empty);
            }
            cuts[one * places + other].push(*during);
            cuts[other * places + one].push(*during);
        }
        cuts.iter_mut().for_each(merge);
        Ok(Conditions { places, replicas_at, troubles, renewed, cuts })
    }

    /// Nothing goes wrong.
    ///
    /// # Errors
    /// The first [`Flaw`] found.
    pub fn calm(places: usize, replicas_at: Vec<usize>) -> Result<Self, Flaw> {
        let troubles = Troubles::none(places, replicas_at.len());
        Conditions::new(places, replicas_at, troubles)
    }

    /// How many replicas there are.
    pub fn replicas(&self) -> usize {
        self.replicas_at.len()
    }

    /// How many places there are.
    pub fn places(&self) -> usize {
        self.places
    }

    /// The place of each replica.
    pub fn replicas_at(&self) -> &[usize] {
        &self.replicas_at
    }

    /// What goes wrong.
    pub fn troubles(&self) -> &Troubles {
        &self.troubles
    }

    /// Is a replica up?
    pub fn is_up(&self, replica: usize, at: Instant) -> bool {
        holding(&self.troubles.down[replica], at).is_none()
    }

    /// Is a replica down from `at` or earlier on for good?
    pub fn is_gone(&self, replica: usize, at: Instant) -> bool {
        holding(&self.troubles.down[replica], at).is_some_and(|down| down.until == Instant::FAR)
    }

    /// Does somebody at a place coordinate? Where no replica stands nobody ever does.
    pub fn is_open(&self, place: usize, at: Instant) -> bool {
        self.replicas_at.contains(&place) && holding(&self.troubles.closed[place], at).is_none()
    }

    /// Do two places reach each other?
    pub fn reach(&self, one: usize, other: usize, at: Instant) -> bool {
        holding(self.cuts(one, other), at).is_none()
    }

    /// When two places do not reach each other: in order, disjoint.
    pub fn cuts(&self, one: usize, other: usize) -> &[Stretch] {
        &self.cuts[one * self.places + other]
    }

    /// When a message between places arrives: never if its way is cut when it leaves or arrives. Whoever it is for must be
    /// up besides.
    pub(super) fn carry(&self, (from, to): (usize, usize), sent: Instant, takes: Span) -> Option<Instant> {
        let arrives = sent.saturating_add(takes);
        (self.reach(from, to, sent) && self.reach(from, to, arrives)).then_some(arrives)
    }

    /// When a message from a place to a replica arrives.
    pub(super) fn carry_to(
        &self,
        (from, replica): (usize, usize),
        sent: Instant,
        takes: Span,
    ) -> Option<Instant> {
        let arrives = self.carry((from, self.replicas_at[replica]), sent, takes);
        arrives.filter(|at| self.is_up(replica, *at))
    }

    /// The loss that takes from a replica what arrived at an instant, if any does.
    pub fn lost_with(&self, replica: usize, arrived: Instant) -> Option<&Loss> {
        self.troubles.losses[replica].iter().find(|loss| loss.takes(arrived))
    }

    /// Until when a replica keeps what arrived at an instant.
    pub fn kept_until(&self, replica: usize, arrived: Instant) -> Instant {
        self.lost_with(replica, arrived).map_or(Instant::FAR, |loss| loss.at)
    }

    /// The chain in which a place counts the writes it coordinates: a new one after each loss of what was known there.
    pub(super) fn chain(&self, place: usize, at: Instant) -> usize {
        let since = self.renewed[place].partition_point(|gone| *gone <= at);
        if since == 0 {
            return place;
        }
        self.places + self.renewed[..place].iter().map(Vec::len).sum::<usize>() + since - 1
    }

    /// Was a place destroyed after one instant and not after another?
    pub(super) fn destroyed_within(&self, place: usize, after: Instant, until: Instant) -> bool {
        self.troubles.destroyed[place].iter().any(|gone| after < *gone && *gone <= until)
    }

    /// Can anything ever be lost?
    pub(super) fn may_lose(&self) -> bool {
        let gone = |all: &Vec<Stretch>| all.last().is_some_and(|last| last.until == Instant::FAR);
        self.troubles.losses.iter().any(|all| !all.is_empty()) || self.troubles.down.iter().any(gone)
    }

    /// The instants at which replicas go down or lose something, in order.
    pub(super) fn blows(&self) -> Vec<Instant> {
        let down = self.troubles.down.iter().flatten().map(|stretch| stretch.from);
        let lost = self.troubles.losses.iter().flatten().map(|loss| loss.at);
        let mut all: Vec<Instant> = down.chain(lost).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The first instant from `at` on at which a replica is up.
    pub(super) fn back(&self, replica: usize, at: Instant) -> Instant {
        holding(&self.troubles.down[replica], at).map_or(at, |down| down.until)
    }
}

/// The stretch that holds an instant, of some in order and disjoint.
pub(super) fn holding(all: &[Stretch], at: Instant) -> Option<&Stretch> {
    let next = all.partition_point(|stretch| stretch.from <= at);
    all[..next].last().filter(|stretch| at < stretch.until)
}

/// Puts stretches in order and joins those that touch.
pub(super) fn merge(all: &mut Vec<Stretch>) {
    all.sort_unstable_by_key(|stretch| (stretch.from, stretch.until));
    all.dedup_by(|next, before| {
        let touches = next.from <= before.until;
        if touches {
            before.until = before.until.max(next.until);
        }
        touches
    });
}
