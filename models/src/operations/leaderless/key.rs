//! One key: its versions, and which replica shows which of them when.

use super::conditions::{CHAINS_MAX, Conditions};
use crate::operations::key::Order;
use crate::operations::quorum::REPLICAS_MAX;
use sim::Instant;
use std::collections::BTreeSet;

/// What had been seen of the writes of each chain: how many of them, so all those before too.
pub(super) type Seen = [u32; CHAINS_MAX];

/// A version of a key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Version {
    pub(super) order: Order,
    pub(super) value: u32,
    /// Who wrote it.
    pub(super) process: u32,
    /// When its client knew that it was written; [`Instant::FAR`] if it never did.
    pub(super) acked: Instant,
    /// The chain of the coordinator that accepted it, and its number there.
    pub(super) chain: u8,
    pub(super) number: u32,
    /// What that coordinator and the session had seen, directly or through what they had seen.
    pub(super) seen: Seen,
    /// When each replica has it.
    pub(super) arrived: [Instant; REPLICAS_MAX],
    /// Further arrivals that matter, since what came first may be lost.
    pub(super) again: Vec<(u8, Instant)>,
    /// Is a concurrent version ordered after it?
    pub(super) dropped: bool,
    /// Has a read returned it?
    pub(super) read: bool,
    /// Is its fate decided? Every replica has got a later version that it had not seen, or got both it and a later one.
    pub(super) settled: bool,
    /// Is it nowhere any more, nor a version that followed on it?
    pub(super) gone: bool,
    /// Was it in reach of nobody for a while?
    pub(super) missed: bool,
    /// Is its fate counted?
    pub(super) counted: bool,
    /// Acknowledged updates that were based on it.
    pub(super) updates: u32,
    /// Acknowledged versions forgotten that were ordered between it and the next one kept.
    pub(super) forgotten: Forgotten,
}

/// Acknowledged versions that have been forgotten: how many, and when the first was acknowledged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Forgotten {
    pub(super) count: u64,
    pub(super) first: Instant,
}

impl Forgotten {
    const NONE: Forgotten = Forgotten { count: 0, first: Instant::FAR };

    fn add(&mut self, other: Forgotten) {
        self.count += other.count;
        self.first = self.first.min(other.first);
    }
}

impl Version {
    /// A version that has arrived nowhere.
    pub(super) fn new(order: Order, (value, process): (u32, u32), acked: Instant) -> Self {
        Version {
            order,
            value,
            process,
            acked,
            chain: 0,
            number: 0,
            seen: [0; CHAINS_MAX],
            arrived: [Instant::FAR; REPLICAS_MAX],
            again: Vec::new(),
            dropped: false,
            read: false,
            settled: false,
            gone: false,
            missed: false,
            counted: true,
            updates: 0,
            forgotten: Forgotten::NONE,
        }
    }

    /// When it arrives at a replica, every time that matters.
    fn arrivals(&self, replica: usize) -> impl Iterator<Item = Instant> + '_ {
        let again =
            self.again.iter().filter(move |(other, _)| usize::from(*other) == replica).map(|(_, at)| *at);
        std::iter::once(self.arrived[replica]).chain(again).filter(|at| *at < Instant::FAR)
    }

    /// Lets it arrive at a replica.
    pub(super) fn arrive(&mut self, conditions: &Conditions, replica: usize, at: Instant) {
        if at == Instant::FAR {
            return;
        }
        let before = self.arrived[replica];
        let kept = |at: Instant| conditions.kept_until(replica, at);
        if before == Instant::FAR || (at <= before && kept(before) <= kept(at)) {
            self.arrived[replica] = at;
        } else if at < before || kept(before) < kept(at) {
            self.again.push((replica as u8, at));
        }
    }

    /// Has a replica got it?
    pub(super) fn held(&self, conditions: &Conditions, replica: usize, at: Instant) -> bool {
        let keeps = |arrived: Instant| arrived <= at && at < conditions.kept_until(replica, arrived);
        keeps(self.arrived[replica])
            || self.again.iter().any(|(other, arrived)| usize::from(*other) == replica && keeps(*arrived))
    }

    /// Has every replica got it that is not gone for good, and none of them in a log that it is about to lose?
    fn everywhere(&self, conditions: &Conditions, at: Instant) -> bool {
        let keeps = |replica: usize, arrived: Instant| {
            let loss = conditions.lost_with(replica, arrived);
            arrived <= at && loss.is_none_or(|loss| at < loss.at && loss.kept.is_none())
        };
        (0..conditions.replicas()).all(|replica| {
            conditions.is_gone(replica, at) || self.arrivals(replica).any(|arrived| keeps(replica, arrived))
        })
    }

    /// Before when some replica that is not gone for good has not got it.
    fn everywhere_from(&self, conditions: &Conditions, at: Instant) -> Instant {
        let here = (0..conditions.replicas()).filter(|replica| !conditions.is_gone(*replica, at));
        let first = here.map(|replica| self.arrivals(replica).min().unwrap_or(Instant::FAR));
        first.max().unwrap_or(Instant::ZERO)
    }

    /// Has any replica got it that is not gone for good, or will one, as far as is known?
    pub(super) fn survives(&self, conditions: &Conditions, at: Instant) -> bool {
        (0..conditions.replicas()).any(|replica| {
            !conditions.is_gone(replica, at)
                && self.arrivals(replica).any(|arrived| at < conditions.kept_until(replica, arrived))
        })
    }

    /// Has any replica got it that is up?
    pub(super) fn in_use(&self, conditions: &Conditions, at: Instant) -> bool {
        (0..conditions.replicas())
            .any(|replica| conditions.is_up(replica, at) && self.held(conditions, replica, at))
    }

    /// Had any replica got it?
    pub(super) fn had_arrived(&self, conditions: &Conditions, at: Instant) -> bool {
        (0..conditions.replicas()).any(|replica| self.arrivals(replica).any(|arrived| arrived <= at))
    }

    fn as_forgotten(&self) -> Forgotten {
        if self.acked < Instant::FAR { Forgotten { count: 1, first: self.acked } } else { Forgotten::NONE }
    }

    /// Was it seen by whoever had seen so much?
    pub(super) fn is_in(&self, seen: &Seen) -> bool {
        self.number <= seen[usize::from(self.chain)]
    }

    /// Wherever `other` shows at `since` or later, does this show too?
    fn covers(&self, other: &Version, conditions: &Conditions, since: Instant) -> bool {
        (0..conditions.replicas()).all(|replica| {
            other.arrivals(replica).all(|arrived| {
                let until = conditions.kept_until(replica, arrived);
                let from = arrived.max(since);
                until <= since
                    || self
                        .arrivals(replica)
                        .any(|own| own <= from && until <= conditions.kept_until(replica, own))
            })
        })
    }
}

/// What a place has seen in a chain of its own, and what will arrive there.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Known {
    chain: usize,
    seen: Seen,
    /// The greatest stamp it has given: that version may be forgotten.
    stamp: i64,
    coming: BTreeSet<(Instant, Order)>,
}

/// A key's versions that may still matter, by order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Key {
    pub(super) versions: Vec<Version>,
    /// The greatest version that every replica has had at once.
    floor: Order,
    /// How many values have been given out.
    pub(super) values: u32,
    /// Acknowledged updates that were based on nothing.
    pub(super) updates: u32,
    /// Has any version been lost?
    pub(super) some_gone: bool,
    /// Acknowledged versions forgotten before the first one kept.
    forgotten: Forgotten,
    /// What versions forgotten had seen, by the chain that had accepted them.
    recalled: Vec<(u8, Seen)>,
    /// No version above the floor is everywhere before.
    settles: Instant,
    /// Of each chain, its versions that have not been dropped, by number: what later writes may have to drop.
    pub(super) undropped: Vec<(u8, Vec<(u32, Order)>)>,
    /// What each place has seen, as far as that has been looked up since replicas last went down or lost something.
    known: Vec<Option<Known>>,
}

impl Key {
    /// Never written.
    pub(super) const EMPTY: Key = Key {
        versions: Vec::new(),
        floor: Order::ABSENT,
        values: 0,
        updates: 0,
        some_gone: false,
        forgotten: Forgotten::NONE,
        recalled: Vec::new(),
        settles: Instant::FAR,
        undropped: Vec::new(),
        known: Vec::new(),
    };

    /// What a replica shows at an instant.
    pub(super) fn shown(&self, conditions: &Conditions, replica: usize, at: Instant) -> Option<usize> {
        self.versions.iter().rposition(|version| version.held(conditions, replica, at))
    }

    /// The place of a version among those kept.
    pub(super) fn find(&self, order: Order) -> Option<usize> {
        self.versions.binary_search_by_key(&order, |version| version.order).ok()
    }

    /// What a place has seen: what it has coordinated, and what its replicas have got.
    pub(super) fn seen_at(&self, conditions: &Conditions, place: usize, at: Instant) -> Seen {
        let chain = conditions.chain(place, at);
        let mut seen = [0; CHAINS_MAX];
        if let Some((_, recalled)) = self.recalled.iter().find(|(other, _)| usize::from(*other) == chain) {
            seen = *recalled;
        }
        for version in self.versions.iter().rev().filter(|version| usize::from(version.chain) == chain) {
            take_over(&mut seen, version);
        }
        let here = conditions.replicas_at().iter().enumerate().filter(|(_, other)| **other == place);
        for (replica, _) in here {
            for version in self.versions.iter().rev() {
                if !version.is_in(&seen) && version.held(conditions, replica, at) {
                    take_over(&mut seen, version);
                }
            }
        }
        seen
    }

    /// What a place has seen, by what it had and what has come since.
    pub(super) fn known_at(&mut self, conditions: &Conditions, place: usize, at: Instant) -> Seen {
        let chain = conditions.chain(place, at);
        if self.known.is_empty() {
            self.known = vec![None; conditions.places()];
        }
        if let Some(mut known) = self.known[place].take_if(|known| known.chain == chain) {
            while let Some((_, order)) = known.coming.first().copied().filter(|(arrives, _)| *arrives <= at) {
                known.coming.pop_first();
                if let Some(version) = self.find(order) {
                    take_over(&mut known.seen, &self.versions[version]);
                }
            }
            let seen = known.seen;
            self.known[place] = Some(known);
            return seen;
        }
        let seen = self.seen_at(conditions, place, at);
        let here = conditions.replicas_at().iter().enumerate().filter(|(_, other)| **other == place);
        let arrivals = |version: &Version| -> Vec<(Instant, Order)> {
            let all = here.clone().flat_map(|(replica, _)| version.arrivals(replica));
            all.filter(|arrives| *arrives > at).map(|arrives| (arrives, version.order)).collect()
        };
        let coming = self.versions.iter().flat_map(arrivals).collect();
        self.known[place] = Some(Known { chain, seen, stamp: i64::MIN, coming });
        seen
    }

    /// Forgets what has been looked up: replicas have gone down or lost something.
    pub(super) fn look_again(&mut self) {
        self.known.clear();
        self.settles = Instant::ZERO;
    }

    /// Lets the version at a place among those kept arrive at a replica.
    pub(super) fn arrive(&mut self, conditions: &Conditions, place: usize, replica: usize, at: Instant) {
        self.versions[place].arrive(conditions, replica, at);
        self.settles = self.settles.min(at);
        let order = self.versions[place].order;
        if let Some(Some(known)) = self.known.get_mut(conditions.replicas_at()[replica]) {
            known.coming.insert((at, order));
        }
    }

    /// Notes what a version that a place has just accepted changes in what has been looked up.
    fn note(&mut self, conditions: &Conditions, (place, at): (usize, Instant), version: &Version) {
        self.settles = self.settles.min(version.everywhere_from(conditions, at));
        for (replica, other) in conditions.replicas_at().iter().enumerate() {
            if let Some(Some(known)) = self.known.get_mut(*other) {
                known.coming.extend(version.arrivals(replica).map(|arrives| (arrives, version.order)));
            }
        }
        if let Some(Some(known)) = self.known.get_mut(place) {
            take_over(&mut known.seen, version);
        }
    }

    /// The greatest stamp among versions that have been seen.
    pub(super) fn greatest_stamp(&self, seen: &Seen) -> i64 {
        let mut known = self.versions.iter().rev().filter(|version| version.is_in(seen));
        known.next().map_or(i64::MIN, |version| version.order.stamp)
    }

    /// The greatest stamp that a place has given in its chain; ask only after [`Key::known_at`].
    pub(super) fn stamped_at(&mut self, place: usize) -> Option<&mut i64> {
        self.known[place].as_mut().map(|known| &mut known.stamp)
    }

    /// Raises the floor to what it is at an instant, and settles what is settled by that.
    pub(super) fn settle(&mut self, conditions: &Conditions, at: Instant) {
        if self.settles <= at {
            self.raise(conditions, at);
        }
        let Some(floor) = self.find(self.floor) else { return };
        let (below, floor) = self.versions.split_at_mut(floor);
        for version in below.iter_mut().filter(|version| !version.settled) {
            version.settled = !floor[0].is_in(&version.seen) || version.everywhere(conditions, at);
        }
    }

    /// Is the fate of all that count decided, if nothing more is lost?
    pub(super) fn is_decided(&mut self, conditions: &Conditions, at: Instant) -> bool {
        self.settle(conditions, at);
        let mut counted = self.versions.iter().filter(|version| version.counted);
        counted.all(|version| version.settled || version.everywhere(conditions, at))
    }

    fn raise(&mut self, conditions: &Conditions, at: Instant) {
        self.settles = Instant::FAR;
        for version in self.versions.iter().rev().take_while(|version| version.order > self.floor) {
            if version.everywhere(conditions, at) {
                self.floor = version.order;
                break;
            }
            // What seems to be everywhere and is not may be at any time.
            self.settles = self.settles.min(version.everywhere_from(conditions, at));
        }
    }

    /// How many versions come before the floor.
    pub(super) fn below_floor(&self) -> usize {
        self.versions.partition_point(|version| version.order < self.floor)
    }

    /// Adds a version that a place has accepted.
    pub(super) fn insert(&mut self, conditions: &Conditions, ways: (usize, Instant), version: Version) {
        self.note(conditions, ways, &version);
        if !version.dropped {
            let (chain, entry) = (version.chain, (version.number, version.order));
            match self.undropped.iter_mut().find(|(other, _)| *other == chain) {
                Some((_, all)) => all.push(entry),
                None => self.undropped.push((chain, vec![entry])),
            }
        }
        let before = self.versions.iter().rposition(|other| other.order < version.order);
        let place = before.map_or(0, |before| before + 1);
        self.versions.insert(place, version);
    }

    /// Acknowledged versions forgotten that were ordered after the version at a place, or after nothing.
    pub(super) fn forgotten_after(&self, place: Option<usize>) -> Forgotten {
        let mut all = if place.is_none() { self.forgotten } else { Forgotten::NONE };
        self.versions[place.unwrap_or(0)..].iter().for_each(|version| all.add(version.forgotten));
        all
    }

    /// Forgets the settled versions that no operation sent at `since` or later can see; `each` is shown them.
    pub(super) fn forget(&mut self, conditions: &Conditions, since: Instant, mut each: impl FnMut(&Version)) {
        let Some(floor) = self.find(self.floor) else { return };
        let floor_version = self.versions[floor].clone();
        let open: Vec<(u8, u32)> = (self.versions.iter())
            .filter(|version| {
                !version.settled && version.order != self.floor && !version.is_in(&floor_version.seen)
            })
            .map(|version| (version.chain, version.number))
            .collect();
        // Whoever has got it knows of these, and would not if all that is left is the floor.
        let knows_of = |version: &Version| {
            open.iter().any(|(chain, number)| *number <= version.seen[usize::from(*chain)])
        };
        let forgettable = |version: &Version| {
            let judged = version.acked <= since || version.acked == Instant::FAR;
            // What is lost stays: it tells reads after a loss apart.
            version.settled
                && !version.gone
                && judged
                && floor_version.covers(version, conditions, since)
                && !knows_of(version)
        };
        let mut kept: Vec<Version> = Vec::with_capacity(self.versions.len());
        let mut below = self.forgotten;
        for (place, version) in std::mem::take(&mut self.versions).into_iter().enumerate() {
            if place >= floor || !forgettable(&version) {
                *kept.last_mut().map_or(&mut self.forgotten, |last| &mut last.forgotten) = below;
                below = version.forgotten;
                kept.push(version);
            } else {
                each(&version);
                recall(&mut self.recalled, &version);
                below.add(version.forgotten);
                below.add(version.as_forgotten());
            }
        }
        *kept.last_mut().map_or(&mut self.forgotten, |last| &mut last.forgotten) = below;
        self.versions = kept;
        let mut undropped = std::mem::take(&mut self.undropped);
        for (_, all) in &mut undropped {
            all.retain(|(_, order)| self.find(*order).is_some_and(|place| !self.versions[place].settled));
        }
        self.undropped = undropped;
    }
}

/// Keeps what a version had seen for those who go on with its chain.
fn recall(recalled: &mut Vec<(u8, Seen)>, version: &Version) {
    match recalled.iter_mut().find(|(chain, _)| *chain == version.chain) {
        Some((_, seen)) => join(seen, &version.seen),
        None => recalled.push((version.chain, version.seen)),
    }
}

/// Adds a version, and what was seen by whoever accepted it, to what has been seen.
pub(super) fn take_over(seen: &mut Seen, version: &Version) {
    join(seen, &version.seen);
    let own = &mut seen[usize::from(version.chain)];
    *own = (*own).max(version.number);
}

/// Adds what else has been seen.
pub(super) fn join(seen: &mut Seen, other: &Seen) {
    for (seen, other) in seen.iter_mut().zip(other) {
        *seen = (*seen).max(*other);
    }
}
