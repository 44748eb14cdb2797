//! Replicas that anybody may write: are enough of them in reach?

use super::reign::{Member, Sight};
use crate::specification::{Level, Replicas};

/// Does the member that coordinates reach as many replicas as a level needs?
pub(super) fn met(level: Level, coordinator: Member, members: &[Replicas], sight: &Sight) -> bool {
    let place = usize::from(coordinator);
    let reached =
        |member: usize| if sight.joined(coordinator, member as Member) { members[member].count } else { 0 };
    let all = || (0..members.len()).map(reached).sum::<u32>();
    let total = || members.iter().map(|member| member.count).sum::<u32>();
    let most = |member: usize| reached(member) >= majority(members[member].count);
    match level {
        Level::One => all() >= 1,
        Level::Two => all() >= 2,
        Level::Three => all() >= 3,
        Level::Quorum => all() >= majority(total()),
        Level::All => all() >= total(),
        Level::LocalOne => reached(place) >= 1,
        Level::LocalQuorum => most(place),
        Level::EachQuorum => (0..members.len()).all(most),
    }
}

fn majority(of: u32) -> u32 {
    of / 2 + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::specification::SiteId;

    /// Two sites of three replicas each and one of one, of which some are dead.
    fn met_with(level: Level, dead: &[usize], coordinator: Member) -> bool {
        let members = [3, 3, 1].map(|count| Replicas { site: SiteId(0), count });
        let sight = Sight::new(3, |member| !dead.contains(&member), |_, _| true);
        met(level, coordinator, &members, &sight)
    }

    #[test]
    fn levels_count_replicas_in_all_sites_in_one_or_in_each() {
        for (level, all, without_second, without_two) in [
            (Level::One, true, true, true),
            (Level::Two, true, true, true),
            (Level::Three, true, true, true),
            (Level::Quorum, true, true, false),
            (Level::All, true, false, false),
            (Level::LocalOne, true, true, true),
            (Level::LocalQuorum, true, true, true),
            (Level::EachQuorum, true, false, false),
        ] {
            let found = [met_with(level, &[], 0), met_with(level, &[1], 0), met_with(level, &[1, 2], 0)];
            assert_eq!(found, [all, without_second, without_two], "{level:?}");
        }
    }

    #[test]
    fn a_dead_coordinator_meets_no_level() {
        for level in [Level::One, Level::LocalOne, Level::LocalQuorum, Level::Quorum] {
            assert!(!met_with(level, &[0], 0), "{level:?}");
        }
    }
}
