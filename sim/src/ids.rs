//! Typed identifiers and the tables they index.

use std::fmt::Debug;
use std::marker::PhantomData;
use std::ops::{Index, IndexMut};

/// A typed index into a [`Table`]. Made by [`id!`](crate::id).
pub trait Id: Copy + Eq + Ord + Debug {
    /// The id of row `index`.
    fn from_index(index: usize) -> Self;
    /// The row this id names.
    fn index(self) -> usize;
}

/// Declares identifier types: `u32` newtypes that implement [`Id`].
#[macro_export]
macro_rules! id {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $name(pub u32);
        impl $crate::Id for $name {
            fn from_index(index: usize) -> Self {
                $name(u32::try_from(index).expect("a table has at most 2^32 rows"))
            }
            fn index(self) -> usize {
                self.0 as usize
            }
        }
    )+};
}

/// Rows indexed by one kind of id only. Iteration is in id order, hence deterministic.
#[derive(Clone, PartialEq, Debug)]
pub struct Table<I, T> {
    rows: Vec<T>,
    ids: PhantomData<fn(I) -> I>,
}

impl<I: Id, T> Table<I, T> {
    /// An empty table.
    pub fn new() -> Self {
        Table { rows: Vec::new(), ids: PhantomData }
    }

    /// Appends a row and returns its id.
    pub fn push(&mut self, row: T) -> I {
        self.rows.push(row);
        I::from_index(self.rows.len() - 1)
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Has the table no row?
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The ids, in order.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = I> + ExactSizeIterator + use<I, T> {
        (0..self.rows.len()).map(I::from_index)
    }

    /// The rows, in id order.
    pub fn rows(&self) -> &[T] {
        &self.rows
    }

    /// The rows, in id order, to be changed.
    pub fn rows_mut(&mut self) -> &mut [T] {
        &mut self.rows
    }

    /// Ids and rows, in id order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (I, &T)> + ExactSizeIterator {
        self.rows.iter().enumerate().map(|(index, row)| (I::from_index(index), row))
    }

    /// A table of the same ids whose rows are made from this one's.
    pub fn map<U>(&self, mut f: impl FnMut(I, &T) -> U) -> Table<I, U> {
        self.iter().map(|(id, row)| f(id, row)).collect()
    }

    /// The first id whose row satisfies `f`.
    pub fn position(&self, f: impl FnMut(&T) -> bool) -> Option<I> {
        self.rows.iter().position(f).map(I::from_index)
    }
}

impl<I: Id, T> Default for Table<I, T> {
    fn default() -> Self {
        Table::new()
    }
}

impl<I: Id, T> FromIterator<T> for Table<I, T> {
    fn from_iter<A: IntoIterator<Item = T>>(rows: A) -> Self {
        Table { rows: rows.into_iter().collect(), ids: PhantomData }
    }
}

impl<I: Id, T> Index<I> for Table<I, T> {
    type Output = T;
    fn index(&self, id: I) -> &T {
        &self.rows[id.index()]
    }
}

impl<I: Id, T> IndexMut<I> for Table<I, T> {
    fn index_mut(&mut self, id: I) -> &mut T {
        &mut self.rows[id.index()]
    }
}
