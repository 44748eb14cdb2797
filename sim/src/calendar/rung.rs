use super::{Entry, Key};

/// No node.
const NONE: u32 = u32::MAX;

/// Entries in singly linked lists over one arena: a bucket is the number of its first node.
#[derive(Clone, Debug)]
pub(super) struct Arena<E> {
    nodes: Vec<Node<E>>,
    free: u32,
}

/// An entry and the next node; flat, so that `next` fills the gap after a small event.
#[derive(Clone, Copy, Debug)]
struct Node<E> {
    key: Key,
    event: E,
    next: u32,
}

impl<E: Copy> Arena<E> {
    pub(super) fn new() -> Self {
        Arena { nodes: Vec::new(), free: NONE }
    }

    /// The most entries there ever were in all lists together.
    pub(super) fn size(&self) -> usize {
        self.nodes.len()
    }

    /// Puts `entry` before the list that starts at `next`; returns the new start.
    #[inline(always)]
    fn prepend(&mut self, entry: Entry<E>, next: u32) -> u32 {
        let index = self.free;
        if let Some(node) = self.nodes.get_mut(index as usize) {
            self.free = node.next;
            *node = Node { key: entry.key, event: entry.event, next };
            index
        } else {
            self.grow(Node { key: entry.key, event: entry.event, next })
        }
    }

    #[cold]
    fn grow(&mut self, node: Node<E>) -> u32 {
        self.nodes.push(node);
        u32::try_from(self.nodes.len() - 1).expect("fewer than 2^32 pending events")
    }

    /// Moves a list's entries to the end of `out`, in no particular order.
    #[inline]
    fn drain(&mut self, start: u32, out: &mut Vec<Entry<E>>) {
        let mut index = start;
        while index != NONE {
            let node = &mut self.nodes[index as usize];
            out.push(Entry { key: node.key, event: node.event });
            let following = node.next;
            node.next = self.free;
            self.free = index;
            index = following;
        }
    }

    pub(super) fn clear(&mut self) {
        self.nodes.clear();
        self.free = NONE;
    }
}

/// A stretch of time cut into buckets of equal width, a power of two nanoseconds. The last bucket also takes what lies
/// between its end and the end of the stretch.
#[derive(Clone, Debug)]
pub(super) struct Rung {
    /// Start of the first bucket.
    start: u64,
    /// Base-two logarithm of a bucket's width.
    shift: u32,
    /// Last time of the stretch.
    end: u64,
    /// The first bucket not yet taken.
    next: usize,
    /// The last bucket.
    last: u64,
    buckets: Vec<u32>,
}

impl Rung {
    pub(super) fn new() -> Self {
        Rung { start: 0, shift: 0, end: 0, next: 0, last: 0, buckets: Vec::new() }
    }

    /// Cuts the stretch from `first` to `end` so that about `count` buckets reach `last`. All buckets must be empty.
    pub(super) fn lay(&mut self, first: u64, last: u64, end: u64, count: usize) {
        let width = last - first;
        let count = count.next_power_of_two() as u64;
        self.shift = (u64::BITS - width.leading_zeros()).saturating_sub(count.trailing_zeros());
        self.start = first;
        self.end = end;
        self.next = 0;
        self.buckets.clear();
        self.last = width >> self.shift;
        self.buckets.resize(self.last as usize + 1, NONE);
    }

    /// Puts `entry` into its bucket; false where that was already taken, or the entry lies before the stretch.
    #[inline(always)]
    pub(super) fn put<E: Copy>(&mut self, entry: Entry<E>, arena: &mut Arena<E>) -> bool {
        let time = entry.key.time;
        if time < self.start {
            return false;
        }
        let index = ((time - self.start) >> self.shift).min(self.last) as usize;
        if index < self.next {
            return false;
        }
        let bucket = &mut self.buckets[index];
        *bucket = arena.prepend(entry, *bucket);
        true
    }

    /// Moves the first bucket that holds something to `out` and returns the last time it covers; none if all are taken.
    #[inline]
    pub(super) fn take<E: Copy>(&mut self, arena: &mut Arena<E>, out: &mut Vec<Entry<E>>) -> Option<u64> {
        let ahead = self.buckets[self.next..].iter().position(|start| *start != NONE)?;
        let index = self.next + ahead;
        arena.drain(self.buckets[index], out);
        self.buckets[index] = NONE;
        self.next = index + 1;
        let is_last = self.next == self.buckets.len();
        Some(if is_last { self.end } else { self.start + ((self.next as u64) << self.shift) - 1 })
    }

    /// Last time of the stretch.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Takes out every entry for which `keep` is false.
    pub(super) fn retain<E: Copy>(&mut self, arena: &mut Arena<E>, keep: impl Fn(&Entry<E>) -> bool) {
        let mut list = Vec::new();
        for index in self.next..self.buckets.len() {
            arena.drain(self.buckets[index], &mut list);
            self.buckets[index] = NONE;
            for entry in list.drain(..).filter(&keep) {
                self.buckets[index] = arena.prepend(entry, self.buckets[index]);
            }
        }
    }
}
