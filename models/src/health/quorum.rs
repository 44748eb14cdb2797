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

    /// A verdict turns once fewer opinions of so many share it; nothing if opinions count in groups.
    pub(super) fn needed(&self, vantages: usize, healthy: bool) -> Option<u32> {
        let needed = if healthy { self.needs } else { (vantages as u32 + 1).saturating_sub(self.needs) };
        (self.group == 1).then_some(needed)
    }

    /// Does each vantage count for itself?
    pub(super) fn is_plain(&self) -> bool {
        self.group == 1
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

    /// These vantages are unhealthy from now on, each a group of its own.
    pub(super) fn set(&mut self, quorum: &Quorum, unhealthy: VantageSet) {
        debug_assert!(quorum.is_plain());
        self.unhealthy = unhealthy;
        self.passing = u32::from(quorum.last) + 1 - unhealthy.len() as u32;
    }

    /// The same with these vantages unhealthy, each a group of its own.
    pub(super) fn with(&self, quorum: &Quorum, unhealthy: VantageSet) -> Self {
        let mut tally = *self;
        tally.set(quorum, unhealthy);
        tally
    }

    /// Is the check healthy?
    pub(super) fn verdict(&self, quorum: &Quorum) -> bool {
        self.passing >= quorum.needs
    }

    /// Takes in that a vantage turned.
    pub(super) fn turn(&mut self, quorum: &Quorum, turn: &Turn) {
        if quorum.group > 1 {
            return self.turn_in_group(quorum, turn);
        }
        let vantage = usize::from(turn.vantage);
        self.unhealthy.toggle(vantage);
        self.passing = if self.unhealthy.contains(vantage) { self.passing - 1 } else { self.passing + 1 };
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

    /// The first instant at which the verdict differs from `healthy`, given the turns to come. Sorts them only if it must.
    pub(super) fn first_flip(&self, quorum: &Quorum, turns: &mut [Turn], healthy: bool) -> Option<i64> {
        if quorum.group > 1 {
            let mut tally = *self;
            turns.sort_unstable_by_key(|turn| turn.at);
            return first_instant(turns, |turn| {
                tally.turn_in_group(quorum, turn);
                tally.verdict(quorum) != healthy
            });
        }
        let mut margin = i64::from(self.passing) - i64::from(quorum.needs);
        let against = turns.iter().filter(|turn| turn.falls == healthy).count();
        if against == 0 && (margin >= 0) == healthy {
            return None;
        }
        if (margin >= 0) == healthy && against == turns.len() {
            // With every turn against the verdict, the one that exhausts the margin decides.
            let spare = if healthy { margin } else { -margin - 1 };
            return nth(turns, usize::try_from(spare).ok()?);
        }
        turns.sort_unstable_by_key(|turn| turn.at);
        first_instant(turns, |turn| {
            margin += if turn.falls { -1 } else { 1 };
            (margin >= 0) != healthy
        })
    }
}

/// The instant of the turn before which so many others come. Keeps the earliest or the latest few, whichever are fewer.
fn nth(turns: &[Turn], before: usize) -> Option<i64> {
    let after = turns.len().checked_sub(before + 1)?;
    let (keep, sign) = if before < after { (before + 1, 1) } else { (after + 1, -1) };
    let mut kept = [i64::MAX; VANTAGES_MAX / 2 + 1];
    for turn in turns {
        let mut at = sign * turn.at;
        for place in &mut kept[..keep] {
            (*place, at) = ((*place).min(at), (*place).max(at));
        }
    }
    Some(sign * kept[keep - 1])
}

/// The first instant after whose last turn the verdict `differs`; it is asked at every turn.
fn first_instant(turns: &[Turn], mut differs: impl FnMut(&Turn) -> bool) -> Option<i64> {
    let ends_instant = |index: usize| turns.get(index + 1).is_none_or(|next| next.at > turns[index].at);
    let found = (0..turns.len()).find(|&index| differs(&turns[index]) && ends_instant(index))?;
    Some(turns[found].at)
}
