//! What can be wrong with the operations on a store at all, whatever happens to it.

use crate::operations::leaderless::Clock;
use crate::outcome::Anomaly;
use crate::specification::{Acknowledged, Failover, Family, Sessions, Specification};

/// Can it ever happen?
pub(super) fn possible(
    specification: &Specification,
    (family, sessions): (&Family, &Sessions),
    anomaly: Anomaly,
) -> bool {
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
        Anomaly::LostWrite | Anomaly::ReadThenLost | Anomaly::ReadAfterLoss => loses,
        Anomaly::TwoWriters => matches!(family, Family::Primary(plan) if plan.may_divide()),
        Anomaly::WriteInThePast | Anomaly::MonotonicWrites | Anomaly::WritesFollowReads => clocks_differ,
        Anomaly::LostUpdate => sessions.updates > 0.0,
        Anomaly::StaleRead
        | Anomaly::ReadYourWrites
        | Anomaly::MonotonicReads
        | Anomaly::OutOfOrder
        | Anomaly::DroppedWrite
        | Anomaly::Refused
        | Anomaly::Unknown => true,
    }
}
