//! When anything can be wrong with the operations on a store at all, whatever happens to it.

use crate::operations::leaderless::{Clock, Level};
use crate::outcome::Anomaly;
use crate::specification::{
    Acknowledged, Failover, Family, Primary, Reads, Replicated, Sessions, Specification,
};
use sim::Law;

/// When something can happen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum When {
    /// Never.
    Never,
    /// To sessions that meet a disturbance of the store, or what it left behind, or are led elsewhere.
    Disturbed,
    /// At rest too.
    Always,
}

impl When {
    fn disturbed_if(so: bool) -> When {
        if so { When::Disturbed } else { When::Never }
    }

    fn always_if(so: bool) -> When {
        if so { When::Always } else { When::Never }
    }

    /// This, or if at rest there is none of it, in disturbances only.
    fn unless(self, none_at_rest: bool) -> When {
        if none_at_rest && self == When::Always { When::Disturbed } else { self }
    }
}

/// When can it happen? `longest` is what an answer takes at most while nothing is wrong, in seconds; do sessions wander from
/// site to site all the time?
pub(super) fn when(
    specification: &Specification,
    family: &Family,
    (sessions, wander): (&Sessions, bool),
    longest: f64,
    anomaly: Anomaly,
) -> When {
    let loses = match family {
        Family::Primary(plan) => {
            plan.acknowledged != Acknowledged::Quorum && plan.failover != Failover::Never
        }
        // Their disks survive, what is not there yet goes with their power.
        Family::Replicated(plan) => plan.agreeing.log_saved.is_some() && specification.power_may_be_lost(),
    };
    let clocks_differ = match family {
        Family::Primary(_) => false,
        Family::Replicated(plan) => {
            let ahead = &plan.agreeing.ahead;
            plan.agreeing.clock == Clock::Wall && ahead.windows(2).any(|pair| pair[0] != pair[1])
        }
    };
    match anomaly {
        Anomaly::LostWrite | Anomaly::ReadThenLost => When::disturbed_if(loses),
        // A key that is hardly ever written misses what it has lost for ever.
        Anomaly::ReadAfterLoss => When::always_if(loses).unless(sessions.interest.writes.is_even()),
        Anomaly::TwoWriters => {
            When::disturbed_if(matches!(family, Family::Primary(plan) if plan.may_divide()))
        }
        Anomaly::WriteInThePast | Anomaly::MonotonicWrites | Anomaly::WritesFollowReads => {
            When::always_if(clocks_differ)
        }
        Anomaly::LostUpdate => When::always_if(sessions.updates > 0.0),
        Anomaly::StaleRead => When::Always.unless(reads_are_fresh(family)),
        Anomaly::ReadYourWrites => {
            When::Always.unless(reads_are_fresh(family) || own_writes_are_read(family) && !wander)
        }
        Anomaly::MonotonicReads | Anomaly::OutOfOrder => {
            When::Always.unless(matches!(family, Family::Primary(plan) if one_log(plan)))
        }
        Anomaly::DroppedWrite => When::Always,
        Anomaly::Refused | Anomaly::Unknown => When::Always.unless(longest <= sessions.patience.seconds()),
    }
}

/// The longest time of a law, in seconds; unbounded where that has not been looked at.
pub(super) fn longest(law: &Law) -> f64 {
    match law {
        Law::Fixed(time) => time.seconds(),
        Law::Uniform { high, .. } => high.seconds(),
        _ => f64::INFINITY,
    }
}

/// Do all read where all write?
fn one_log(plan: &Primary) -> bool {
    plan.reads == Reads::Primary || plan.replicas.is_empty()
}

/// Has whatever a read asks, while nothing is wrong, all that was acknowledged before?
fn reads_are_fresh(family: &Family) -> bool {
    match family {
        Family::Primary(plan) => one_log(plan),
        Family::Replicated(plan) => overlap(plan),
    }
}

/// Do those that a write waits for and those that a read does always have one in common?
fn overlap(plan: &Replicated) -> bool {
    let all: u32 = plan.members.iter().map(|member| member.count).sum();
    let one_place = plan.members.len() == 1;
    let wanted = |level: Level| match level {
        Level::LocalOne | Level::LocalQuorum if !one_place => None,
        Level::EachQuorum if !one_place => {
            Some(plan.members.iter().map(|member| Level::Quorum.wants(member.count as usize)).sum())
        }
        _ => Some(level.wants(all as usize)),
    };
    let local = |level: Level| matches!(level, Level::LocalQuorum | Level::EachQuorum);
    let each = plan.write == Level::EachQuorum || plan.read == Level::EachQuorum;
    match (wanted(plan.write), wanted(plan.read)) {
        _ if each && local(plan.write) && local(plan.read) => true,
        (Some(write), Some(read)) => write + read > all as usize,
        _ => false,
    }
}

/// Does a session that stays where it is read all that it wrote, while nothing is wrong?
fn own_writes_are_read(family: &Family) -> bool {
    let Family::Replicated(plan) = family else { return false };
    let there = |level: Level, count: usize| match level {
        Level::LocalOne | Level::LocalQuorum => Some(level.wants(count)),
        Level::EachQuorum => Some(Level::Quorum.wants(count)),
        _ => None,
    };
    plan.members.iter().all(|member| {
        let count = member.count as usize;
        let both = there(plan.write, count).zip(there(plan.read, count));
        both.is_some_and(|(write, read)| write + read > count)
    })
}
