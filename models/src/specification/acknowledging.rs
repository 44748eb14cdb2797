//! Whose acknowledgement of a write counts: it hangs on who writes.

/// Whose acknowledgement of a write counts, whoever of the members writes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Counting {
    /// Anybody's.
    #[default]
    Everybody,
    /// Theirs who stand apart from the writer: for each member as writer the set of these.
    Apart(Vec<u32>),
}

impl Counting {
    /// Those count that do not share their place with the writer, given the place of each member; a member without one shares
    /// it with nobody. There are no more members than a set has room for.
    pub fn in_another<P: PartialEq>(places: &[Option<P>]) -> Self {
        let share = |one: usize, other: usize| {
            one == other || (places[one].is_some() && places[one] == places[other])
        };
        let apart_from = |writer: usize| {
            let apart = (0..places.len()).filter(|member| !share(writer, *member));
            apart.fold(0, |set, member| set | 1 << member)
        };
        Counting::Apart((0..places.len()).map(apart_from).collect())
    }

    /// The set of those that count while a member writes; of anybody else nothing is said.
    pub fn with(&self, writer: usize) -> u32 {
        let all = match self {
            Counting::Everybody => u32::MAX,
            Counting::Apart(sets) => sets.get(writer).copied().unwrap_or(0),
        };
        all & !(1 << writer)
    }

    /// Does a member's acknowledgement count while another writes?
    pub fn counts(&self, member: usize, writer: usize) -> bool {
        self.with(writer) >> member & 1 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_count_that_share_no_place_with_the_writer() {
        let counting = Counting::in_another(&[Some('a'), Some('a'), Some('b'), None, None]);
        let sets = [0b11100, 0b11100, 0b11011, 0b10111, 0b01111];
        assert_eq!([0, 1, 2, 3, 4].map(|writer| counting.with(writer)), sets);
        assert!(!counting.counts(1, 0) && counting.counts(2, 0) && counting.counts(3, 4));
        assert_eq!(Counting::Everybody.with(2) & 0b1111, 0b1011);
    }
}
