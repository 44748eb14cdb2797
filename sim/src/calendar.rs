//! The event calendar.

use crate::time::Instant;
use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

/// When an event happens, and in what order among those of the same instant: by rank, then entity, then that entity's
/// own sequence number. The order never depends on the queue's layout, on insertion or on threads.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Key(u128);

impl Key {
    /// The key of an event `at` an instant; `entity` must be below 2^24.
    pub fn new(at: Instant, rank: u8, entity: u32, sequence: u32) -> Self {
        debug_assert!(entity < 1 << 24);
        // The sign bit is flipped so that negative instants sort first.
        let time = (at.nanos() as u64) ^ (1 << 63);
        Key(u128::from(time) << 64 | u128::from(rank) << 56 | u128::from(entity) << 32 | u128::from(sequence))
    }

    /// The instant.
    pub fn at(self) -> Instant {
        Instant::from_nanos(((self.0 >> 64) as u64 ^ (1 << 63)) as i64)
    }
}

/// A scheduled event, to be cancelled.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Ticket(Key);

/// Future events in the order of their keys.
#[derive(Clone, Debug)]
pub struct Calendar<E> {
    heap: BinaryHeap<Reverse<Entry<E>>>,
    cancelled: BTreeSet<Key>,
}

#[derive(Clone, Copy, Debug)]
struct Entry<E>(Key, E);

impl<E> PartialEq for Entry<E> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<E> Eq for Entry<E> {}
impl<E> PartialOrd for Entry<E> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<E> Ord for Entry<E> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}

impl<E: Copy> Calendar<E> {
    /// An empty calendar.
    pub fn new() -> Self {
        Calendar { heap: BinaryHeap::new(), cancelled: BTreeSet::new() }
    }

    /// Schedules `event`. No two pending events may have the same key.
    pub fn schedule(&mut self, key: Key, event: E) -> Ticket {
        self.heap.push(Reverse(Entry(key, event)));
        Ticket(key)
    }

    /// Cancels a pending event. A ticket whose event has already happened must not be used again.
    pub fn cancel(&mut self, ticket: Ticket) {
        self.cancelled.insert(ticket.0);
    }

    /// The key of the next event.
    pub fn peek(&mut self) -> Option<Key> {
        while let Some(Reverse(entry)) = self.heap.peek() {
            if !self.cancelled.remove(&entry.0) {
                return Some(entry.0);
            }
            self.heap.pop();
        }
        None
    }

    /// Takes out the next event.
    pub fn pop(&mut self) -> Option<(Key, E)> {
        self.peek()?;
        self.heap.pop().map(|Reverse(Entry(key, event))| (key, event))
    }

    /// Forgets every event.
    pub fn clear(&mut self) {
        self.heap.clear();
        self.cancelled.clear();
    }
}

impl<E: Copy> Default for Calendar<E> {
    fn default() -> Self {
        Calendar::new()
    }
}
