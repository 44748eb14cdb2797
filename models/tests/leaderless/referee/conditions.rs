//! What is so at an instant, looked up the slow way.

use super::*;

impl Referee<'_> {
    pub(crate) fn up(&self, replica: usize, at: Instant) -> bool {
        !self.conditions.troubles().down[replica].iter().any(|down| holds(down, at))
    }

    pub(crate) fn gone(&self, replica: usize, at: Instant) -> bool {
        let down = &self.conditions.troubles().down[replica];
        down.iter().any(|down| down.until == Instant::FAR && down.from <= at)
    }

    pub(super) fn is_cut(&self, one: usize, other: usize, at: Instant) -> bool {
        let joins = |between: (usize, usize)| between == (one, other) || between == (other, one);
        self.conditions.troubles().cuts.iter().any(|cut| joins(cut.between) && holds(&cut.during, at))
    }

    pub(super) fn open(&self, place: usize, at: Instant) -> bool {
        let closed = &self.conditions.troubles().closed[place];
        self.conditions.replicas_at().contains(&place) && !closed.iter().any(|closed| holds(closed, at))
    }

    pub(super) fn place_of(&self, replica: usize) -> usize {
        self.conditions.replicas_at()[replica]
    }

    pub(super) fn silent(&self, place: usize, replica: usize, at: Instant) -> bool {
        !self.up(replica, at) || self.is_cut(place, self.place_of(replica), at)
    }

    /// When outages of a replica as seen from a place begin: where it falls silent having been heard just before.
    pub(super) fn outages(&self, place: usize, replica: usize) -> Vec<Instant> {
        let troubles = self.conditions.troubles();
        let down = troubles.down[replica].iter().map(|down| down.from);
        let all: BTreeSet<Instant> = down.chain(troubles.cuts.iter().map(|cut| cut.during.from)).collect();
        let begins = |at: &Instant| {
            self.silent(place, replica, *at) && !self.silent(place, replica, *at - Span::NANOSECOND)
        };
        all.into_iter().filter(begins).collect()
    }

    /// The outage that holds an instant: since when, and from when on the place is convinced.
    pub(super) fn outage(&self, place: usize, replica: usize, at: Instant) -> Option<(Instant, Instant)> {
        let before = self.convictions[&(place, replica)].iter().rfind(|(from, _)| *from <= at);
        before.filter(|_| self.silent(place, replica, at)).copied()
    }

    pub(super) fn alive(&self, place: usize, replica: usize, at: Instant) -> bool {
        self.outage(place, replica, at).is_none_or(|(_, convicted)| at < convicted)
    }

    pub(super) fn in_touch(&self, place: usize, replica: usize, at: Instant) -> bool {
        self.open(place, at) && !self.silent(place, replica, at)
    }

    /// Is a level met by these replicas?
    pub(super) fn enough(&self, level: Level, place: usize, of: &[usize]) -> bool {
        let at = self.conditions.replicas_at();
        let here = |place: usize| at.iter().filter(|other| **other == place).count();
        let got = |place: usize| of.iter().filter(|replica| at[**replica] == place).count();
        match level {
            Level::One => !of.is_empty(),
            Level::Two => of.len() >= 2,
            Level::Three => of.len() >= 3,
            Level::Quorum => of.len() > at.len() / 2,
            Level::All => of.len() == at.len(),
            Level::LocalOne => got(place) >= 1,
            Level::LocalQuorum => got(place) > here(place) / 2,
            Level::EachQuorum => at.iter().all(|place| got(*place) > here(*place) / 2),
        }
    }

    pub(super) fn takes(&self, place: usize, replica: usize, leg: Span) -> Span {
        self.store.distances[place][self.place_of(replica)] + leg
    }

    pub(super) fn believed(&self, op: usize, at: Instant) -> Vec<usize> {
        let place = self.ops[op].place;
        (0..self.conditions.replicas()).filter(|replica| self.alive(place, *replica, at)).collect()
    }
}
