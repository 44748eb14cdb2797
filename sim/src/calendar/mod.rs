//! The event calendar.
//!
//! A ladder queue [Tang, Goh & Thng, "Ladder queue: an O(1) priority queue structure for large-scale discrete event
//! simulation", ACM TOMACS 15 (2005)]. Far events lie unsorted on top. When the near ones are used up, the top is dealt
//! into the buckets of a rung; a bucket with too many events is dealt into a finer rung; a small one is sorted and becomes
//! the bottom, from whose end events are popped. Each event moves a constant number of times whatever the law of delays,
//! and with few events pending only the top and the bottom are ever used.

mod key;
mod rung;
#[cfg(test)]
mod tests;

pub use key::Key;

use crate::time::Instant;
use rung::{Arena, Rung};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The most events that are sorted instead of dealt into a finer rung.
const SORTED_MAX: usize = 64;

/// The most events the bottom may grow to by insertion before it is dealt into a rung.
const BOTTOM_MAX: usize = 128;

/// The most events that are ranked by counting instead of sorted.
const RANKED_MAX: usize = 8;

/// The most events among which a place is found by counting instead of bisection.
const COUNTED_MAX: usize = 32;

/// Cancelled events still in place before they are looked for and taken out.
const CANCELLED_MAX: usize = 256;

/// A scheduled event, to be cancelled.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Ticket(Key);

impl Ticket {
    /// The ticket of an event that is not worth scheduling, since nobody will wait for it.
    pub fn void(key: Key) -> Self {
        Ticket(key)
    }

    /// When its event happens.
    pub fn at(self) -> Instant {
        self.0.at()
    }
}

/// Future events in the order of their keys. Time is monotone: an event is never scheduled before the last one popped.
#[derive(Clone, Debug)]
pub struct Calendar<E> {
    /// Instant of the last event popped.
    now: u64,
    /// Every pending event up to `bottom_end`, latest first.
    bottom: Vec<Entry<E>>,
    bottom_end: u64,
    scratch: Vec<Entry<E>>,
    /// Rungs in use, coarsest first: `rungs[..depth]`. Each covers the time from the end of the next finer one on.
    rungs: Vec<Rung>,
    depth: usize,
    arena: Arena<E>,
    /// Events after `rungs_end`, unsorted.
    top: Vec<Entry<E>>,
    rungs_end: u64,
    /// Keys of cancelled events after `bottom_end`; they are dropped when they would enter the bottom.
    cancelled: BinaryHeap<Reverse<Key>>,
}

#[derive(Clone, Copy, Debug)]
struct Entry<E> {
    key: Key,
    event: E,
}

impl<E: Copy> Calendar<E> {
    /// An empty calendar.
    pub fn new() -> Self {
        Calendar {
            now: 0,
            bottom: Vec::new(),
            bottom_end: 0,
            scratch: Vec::new(),
            rungs: Vec::new(),
            depth: 0,
            arena: Arena::new(),
            top: Vec::new(),
            rungs_end: 0,
            cancelled: BinaryHeap::new(),
        }
    }

    /// Schedules `event`. No two pending events may have the same key.
    ///
    /// # Panics
    /// If the key's instant lies before that of the last event popped.
    #[inline]
    pub fn schedule(&mut self, key: Key, event: E) -> Ticket {
        assert!(
            key.time >= self.now,
            "scheduled at {:?}, before now, {:?}",
            key.at(),
            Key::instant(self.now)
        );
        let entry = Entry { key, event };
        if key.time > self.rungs_end {
            self.top.push(entry);
        } else if key.time <= self.bottom_end || !self.put_on_a_rung(entry) {
            self.insert(entry);
        }
        Ticket(key)
    }

    /// Cancels a pending event. A ticket whose event has happened or is cancelled already changes nothing.
    pub fn cancel(&mut self, ticket: Ticket) {
        let key = ticket.0;
        if key.time <= self.bottom_end {
            self.remove(key);
            return;
        }
        self.cancelled.push(Reverse(key));
        if self.cancelled.len() > CANCELLED_MAX
            && self.cancelled.len() > (self.top.len() + self.arena.size()) / 2
        {
            self.purge();
        }
    }

    /// The key of the next event.
    #[inline]
    pub fn peek(&mut self) -> Option<Key> {
        if self.bottom.is_empty() {
            self.refill();
        }
        self.bottom.last().map(|entry| entry.key)
    }

    /// Takes out the next event.
    #[inline]
    pub fn pop(&mut self) -> Option<(Key, E)> {
        if self.bottom.is_empty() {
            self.refill();
        }
        let Entry { key, event } = self.bottom.pop()?;
        self.now = key.time;
        Some((key, event))
    }

    /// Forgets every event, and what time it is.
    pub fn clear(&mut self) {
        let mut scratch = std::mem::take(&mut self.bottom);
        for rung in &mut self.rungs[..self.depth] {
            while rung.take(&mut self.arena, &mut scratch).is_some() {}
        }
        scratch.clear();
        self.bottom = scratch;
        self.arena.clear();
        self.top.clear();
        self.cancelled.clear();
        (self.now, self.bottom_end, self.depth, self.rungs_end) = (0, 0, 0, 0);
    }

    #[inline]
    fn put_on_a_rung(&mut self, entry: Entry<E>) -> bool {
        for rung in &mut self.rungs[..self.depth] {
            if rung.put(entry, &mut self.arena) {
                return true;
            }
        }
        false
    }

    /// Inserts into the sorted bottom.
    #[inline(never)]
    fn insert(&mut self, entry: Entry<E>) {
        let place = if self.bottom.len() <= COUNTED_MAX {
            self.bottom.iter().map(|other| usize::from(other.key > entry.key)).sum()
        } else {
            self.bottom.partition_point(|other| other.key > entry.key)
        };
        debug_assert!(
            self.bottom.get(place).is_none_or(|other| other.key != entry.key),
            "two events with one key"
        );
        self.bottom.insert(place, entry);
        let last = self.bottom.len() - 1;
        if last >= BOTTOM_MAX && self.bottom[0].key.time > self.bottom[last].key.time {
            self.settle(self.bottom_end);
            if self.bottom.is_empty() {
                self.refill();
            }
        }
    }

    /// Removes the event with this key from the bottom, if it is there.
    fn remove(&mut self, key: Key) {
        if let Ok(place) = self.bottom.binary_search_by(|other| key.cmp(&other.key)) {
            self.bottom.remove(place);
        }
    }

    /// Fills the empty bottom with the next events, if there are any.
    fn refill(&mut self) {
        while self.bottom.is_empty() {
            if self.depth > 0 {
                let rung = &mut self.rungs[self.depth - 1];
                match rung.take(&mut self.arena, &mut self.bottom) {
                    Some(end) => self.settle(end),
                    None => {
                        self.bottom_end = rung.end();
                        self.depth -= 1;
                    }
                }
            } else if self.top.is_empty() {
                return;
            } else {
                std::mem::swap(&mut self.bottom, &mut self.top);
                self.rungs_end =
                    self.bottom.iter().map(|entry| entry.key.time).max().unwrap_or(self.rungs_end);
                self.settle(self.rungs_end);
            }
        }
    }

    /// Sorts what lies in the bottom, all that is pending up to `end`; or deals it into a new rung, if it is much.
    fn settle(&mut self, end: u64) {
        if self.bottom.len() > SORTED_MAX && self.deal(end) {
            return;
        }
        self.sort();
        self.bottom_end = end;
        while let Some(Reverse(key)) = self.cancelled.peek().copied().filter(|next| next.0.time <= end) {
            self.cancelled.pop();
            self.remove(key);
        }
    }

    /// Sorts the bottom, latest first. A few entries are ranked by comparing all pairs, in loops of fixed length: the
    /// processor would mispredict two branches an event otherwise, half of what an event costs.
    #[inline]
    fn sort(&mut self) {
        let count = self.bottom.len();
        if count > RANKED_MAX {
            self.bottom.sort_unstable_by_key(|entry| Reverse(entry.key));
            return;
        }
        // By time alone, padded with times after which none comes: they take the first ranks.
        let mut times = [u64::MAX; RANKED_MAX];
        times.iter_mut().zip(&self.bottom).for_each(|(time, entry)| *time = entry.key.time);
        let mut ranks = [0; RANKED_MAX];
        for i in 1..RANKED_MAX {
            for j in 0..i {
                let later = usize::from(times[j] > times[i]);
                ranks[i] += later;
                ranks[j] += 1 - later;
            }
        }
        self.scratch.clear();
        self.scratch.extend_from_slice(&self.bottom);
        for (entry, rank) in self.scratch.iter().zip(ranks) {
            self.bottom[rank + count - RANKED_MAX] = *entry;
        }
        if self.bottom.windows(2).any(|pair| pair[0].key.time == pair[1].key.time) {
            self.bottom.sort_unstable_by_key(|entry| Reverse(entry.key));
        }
    }

    /// Deals the bottom into a new finest rung that covers the time up to `end`; false where all are of one instant.
    fn deal(&mut self, end: u64) -> bool {
        let times = || self.bottom.iter().map(|entry| entry.key.time);
        let (Some(first), Some(last)) = (times().min(), times().max()) else { return false };
        if first == last {
            return false;
        }
        if self.rungs.len() == self.depth {
            self.rungs.push(Rung::new());
        }
        let rung = &mut self.rungs[self.depth];
        self.depth += 1;
        rung.lay(first, last, end, self.bottom.len());
        for entry in self.bottom.drain(..) {
            rung.put(entry, &mut self.arena);
        }
        true
    }

    /// Takes out all cancelled events.
    fn purge(&mut self) {
        let cancelled = std::mem::take(&mut self.cancelled).into_sorted_vec();
        let keep = |entry: &Entry<E>| cancelled.binary_search(&Reverse(entry.key)).is_err();
        self.top.retain(keep);
        for rung in &mut self.rungs[..self.depth] {
            rung.retain(&mut self.arena, keep);
        }
    }
}

impl<E: Copy> Default for Calendar<E> {
    fn default() -> Self {
        Calendar::new()
    }
}
