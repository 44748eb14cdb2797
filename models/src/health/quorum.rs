//! How single opinions make a verdict.

use super::VANTAGES_MAX;
use super::plan::{CheckPlan, VantageSet};

/// The opinion of a vantage turns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    pub(super) at: i64,
    pub(super) vantage: u8,
    pub(super) group: u8,
    /// To unhealthy?
    pub(super) falls: bool,
}

/// Up to so many turns are sorted by counting.
const FEW: usize = 24;

/// Sorts turns by time.
///
/// Few turns come in an order no branch predictor can learn, so that a sort without branches is faster: each goes where
/// the count of those before it says.
pub(super) fn sort(turns: &mut [Turn]) {
    let count = turns.len();
    if count > FEW {
        return turns.sort_unstable_by_key(|turn| turn.at);
    }
    let mut places = [0u8; FEW];
    let mut copy = [Turn { at: 0, vantage: 0, group: 0, falls: false }; FEW];
    copy[..count].copy_from_slice(turns);
    let copy = &copy[..count];
    for (later, turn) in copy.iter().enumerate() {
        let mut place = 0;
        for (earlier, other) in copy[..later].iter().enumerate() {
            let behind = u8::from(turn.at < other.at);
            places[earlier] += behind;
            place += 1 - behind;
        }
        places[later] = place;
    }
    for (turn, place) in copy.iter().zip(places) {
        turns[usize::from(place)] = *turn;
    }
}

/// The rule of a check: so many groups must have a healthy majority.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quorum {
    needs: u32,
    group: u8,
    last_group: u8,
    /// Index of the last group.
    last: u8,
}

impl Quorum {
    pub(super) fn of(plan: &CheckPlan, vantages: usize) -> Self {
        let group = plan.group.min(vantages as u32);
        let last = plan.groups(vantages) - 1;
        let last_group = vantages as u32 - last * group;
        Quorum {
            needs: plan.healthy_needs,
            group: group as u8,
            last_group: last_group as u8,
            last: last as u8,
        }
    }

    /// The group in which a vantage votes.
    pub(super) fn group_of(&self, vantage: usize) -> u8 {
        (vantage / usize::from(self.group)) as u8
    }

    /// Has a group with so many unhealthy vantages a healthy majority?
    #[inline]
    fn passes(&self, group: u8, unhealthy: u8) -> bool {
        let size = if group == self.last { self.last_group } else { self.group };
        2 * u32::from(unhealthy) < u32::from(size)
    }
}

/// The vantages' votes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tally {
    pub(super) unhealthy: VantageSet,
    /// Groups with a healthy majority.
    passing: u32,
    /// Unhealthy vantages of each group; not kept for groups of one.
    unhealthy_in: [u8; VANTAGES_MAX],
}

impl Tally {
    /// All are healthy.
    pub(super) fn healthy(quorum: &Quorum) -> Self {
        Tally {
            unhealthy: VantageSet::EMPTY,
            unhealthy_in: [0; VANTAGES_MAX],
            passing: u32::from(quorum.last) + 1,
        }
    }

    /// Is the check healthy?
    pub(super) fn verdict(&self, quorum: &Quorum) -> bool {
        self.passing >= quorum.needs
    }

    /// Takes in that vantages turned.
    pub(super) fn turn(&mut self, quorum: &Quorum, turns: &[Turn]) {
        if quorum.group == 1 {
            turns.iter().for_each(|turn| self.unhealthy.toggle(usize::from(turn.vantage)));
            self.passing = u32::from(quorum.last) + 1 - self.unhealthy.len() as u32;
        } else {
            turns.iter().for_each(|turn| self.turn_in_group(quorum, turn));
        }
    }

    fn turn_in_group(&mut self, quorum: &Quorum, turn: &Turn) {
        let vantage = usize::from(turn.vantage);
        self.unhealthy.toggle(vantage);
        let count = &mut self.unhealthy_in[usize::from(turn.group)];
        let passed = quorum.passes(turn.group, *count);
        // Not `falls`: a vantage may turn twice at one instant, in either order.
        *count = if self.unhealthy.contains(vantage) { *count + 1 } else { *count - 1 };
        self.passing = self.passing + u32::from(quorum.passes(turn.group, *count)) - u32::from(passed);
    }

    /// The first instant at which the verdict differs from `healthy`, given the turns to come in order of time.
    pub(super) fn first_flip(&self, quorum: &Quorum, turns: &[Turn], healthy: bool) -> Option<i64> {
        if quorum.group > 1 {
            let mut tally = *self;
            return first_instant(turns, |turn| {
                tally.turn_in_group(quorum, turn);
                tally.verdict(quorum) != healthy
            });
        }
        let mut margin = i64::from(self.passing) - i64::from(quorum.needs);
        first_instant(turns, |turn| {
            margin += if turn.falls { -1 } else { 1 };
            (margin >= 0) != healthy
        })
    }
}

/// The first instant after whose last turn the verdict `differs`; it is asked at every turn.
fn first_instant(turns: &[Turn], mut differs: impl FnMut(&Turn) -> bool) -> Option<i64> {
    let ends_instant = |index: usize| turns.get(index + 1).is_none_or(|next| next.at > turns[index].at);
    let found = (0..turns.len()).find(|&index| differs(&turns[index]) && ends_instant(index))?;
    Some(turns[found].at)
}
