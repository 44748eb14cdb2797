//! Which members of a store live, and whom each of them reaches.

use super::Member;
use crate::specification::Votes;

/// Which members live, and whom each of them reaches.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Sight {
    /// For each member the set of those that it reaches, itself included; empty if it is dead.
    reached: Vec<u32>,
}

impl Sight {
    pub(crate) fn new(
        members: usize,
        alive: impl Fn(usize) -> bool,
        joined: impl Fn(usize, usize) -> bool,
    ) -> Self {
        let row = |a: usize| {
            let reaches = |b: usize| alive(a) && alive(b) && (a == b || joined(a, b));
            (0..members).filter(|&b| reaches(b)).fold(0, |set, b| set | 1 << b)
        };
        Sight { reached: (0..members).map(row).collect() }
    }

    pub(crate) fn alive(&self, member: Member) -> bool {
        self.reached[usize::from(member)] != 0
    }

    pub(crate) fn joined(&self, a: Member, b: Member) -> bool {
        self.reached[usize::from(a)] >> b & 1 == 1
    }

    /// How many members it reaches, itself included.
    pub(super) fn company(&self, member: Member) -> usize {
        self.reached[usize::from(member)].count_ones() as usize
    }

    /// How many of some others it reaches.
    pub(super) fn reaches(&self, member: Member, others: u32) -> u32 {
        (self.reached[usize::from(member)] & others).count_ones()
    }

    /// Does it reach a quorum of the votes?
    pub(in crate::store) fn has_quorum(&self, member: Member, votes: &Votes) -> bool {
        let reached = self.members().filter(|other| self.joined(member, *other));
        reached.map(|other| votes.of[usize::from(other)]).sum::<u32>() >= votes.quorum
    }

    /// Do all live, and reach each other?
    pub(crate) fn is_whole(&self) -> bool {
        let all = self.members().fold(0, |set, member| set | 1 << member);
        self.reached.iter().all(|reached| *reached == all)
    }

    /// How it would be without some members.
    pub(super) fn without(&self, some: u32) -> Sight {
        let row = |(member, set): (usize, &u32)| if some >> member & 1 == 1 { 0 } else { set & !some };
        Sight { reached: self.reached.iter().enumerate().map(row).collect() }
    }

    pub(super) fn members(&self) -> impl Iterator<Item = Member> + use<> {
        0..self.reached.len() as Member
    }
}
