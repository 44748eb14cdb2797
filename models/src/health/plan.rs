//! What a check does, and what its vantages see.

use sim::{Instant, Span};

/// From which instant the interval to the next probe counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Spacing {
    /// From the sending of the cycle's first probe.
    Start,
    /// From the instant at which the cycle's result is known (Route 53).
    Response,
}

/// How one check probes and judges; the same for all its vantages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CheckPlan {
    /// Time between cycles, above zero; see [`Spacing`].
    pub interval: Span,
    /// How long a probe waits for its answer, above zero.
    pub timeout: Span,
    /// Failed cycles in a row that turn a vantage's opinion to unhealthy, at least 1.
    pub failures: u32,
    /// Passed cycles in a row that turn it back, at least 1.
    pub successes: u32,
    /// Probes repeated at once after a timeout within one cycle; a cycle fails only if all `1 + retries` probes fail.
    pub retries: u32,
    /// From where the interval counts.
    pub spacing: Spacing,
    /// Vantages are taken in consecutive groups of this size (the last may be smaller); a group is healthy while more
    /// than half of its vantages are. At least 1.
    pub group: u32,
    /// The check is healthy while at least this many groups are.
    pub healthy_needs: u32,
}

/// Why a plan cannot be carried out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PlanFault {
    /// The interval or the timeout is not above zero.
    NoTime,
    /// The failures, the successes or the group size are zero.
    NoCount,
    /// With [`Spacing::Start`] all probes of a cycle must end within the interval, or cycles would overlap.
    Overlap,
}

impl CheckPlan {
    /// What is wrong with this plan, if anything.
    pub fn fault(&self) -> Option<PlanFault> {
        if self.interval <= Span::ZERO || self.timeout <= Span::ZERO {
            return Some(PlanFault::NoTime);
        }
        if self.failures == 0 || self.successes == 0 || self.group == 0 {
            return Some(PlanFault::NoCount);
        }
        let cycle = self.timeout.nanos().checked_mul(i64::from(self.retries) + 1);
        let overlaps = cycle.is_none_or(|cycle| cycle > self.interval.nanos());
        (self.spacing == Spacing::Start && overlaps).then_some(PlanFault::Overlap)
    }

    /// The number of groups into which `vantages` fall.
    pub fn groups(&self, vantages: usize) -> u32 {
        (vantages as u32).div_ceil(self.group)
    }
}

/// `healthy_needs` of a check that is healthy only while strictly more than `numerator / denominator` of `groups` are.
/// Route 53: `healthy_above(18, 100, checkers)`.
pub fn healthy_above(numerator: u32, denominator: u32, groups: u32) -> u32 {
    (u64::from(groups) * u64::from(numerator) / u64::from(denominator)) as u32 + 1
}

/// `healthy_needs` of a check that is unhealthy once `unhealthy` of `groups` are ("3 of 5").
pub fn unhealthy_when(unhealthy: u32, groups: u32) -> u32 {
    (groups + 1).saturating_sub(unhealthy)
}

/// A set of a watch's vantages, by index below 128.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct VantageSet(u128);

impl VantageSet {
    /// No vantage.
    pub const EMPTY: VantageSet = VantageSet(0);

    /// The first `count` vantages.
    pub fn first(count: usize) -> Self {
        VantageSet(if count >= 128 { u128::MAX } else { (1 << count) - 1 })
    }

    /// Adds a vantage.
    pub fn insert(&mut self, vantage: usize) {
        self.0 |= 1 << vantage;
    }

    /// Removes the vantage if it is in the set, adds it if not.
    pub fn toggle(&mut self, vantage: usize) {
        self.0 ^= 1 << vantage;
    }

    /// Is the vantage in the set?
    pub fn contains(self, vantage: usize) -> bool {
        self.0 >> vantage & 1 == 1
    }

    /// How many vantages are in the set.
    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Is no vantage in the set?
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The vantages, ascending.
    pub fn iter(self) -> impl Iterator<Item = usize> {
        (0..128).filter(move |&vantage| self.contains(vantage))
    }
}

impl FromIterator<usize> for VantageSet {
    fn from_iter<A: IntoIterator<Item = usize>>(vantages: A) -> Self {
        let mut set = VantageSet::EMPTY;
        vantages.into_iter().for_each(|vantage| set.insert(vantage));
        set
    }
}

/// What a probe meets at the site.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Seen {
    /// Every probe that arrives passes.
    Passes,
    /// Every probe fails.
    Fails,
    /// Each probe fails on its own with this probability: a grey failure, or loss on the way.
    Errs(f64),
}

/// The truth of a site as its watch sees it, until the next change.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct View {
    /// What probes meet at the site.
    pub seen: Seen,
    /// Added to every round trip. A probe whose round trip exceeds the timeout fails.
    pub added: Span,
    /// Vantages that cannot reach the site; their probes fail.
    pub cut: VantageSet,
}

impl View {
    /// Every vantage reaches a site that passes, with nothing added.
    pub const PASSES: View = View { seen: Seen::Passes, added: Span::ZERO, cut: VantageSet::EMPTY };
    /// Every vantage reaches a site that fails.
    pub const FAILS: View = View { seen: Seen::Fails, added: Span::ZERO, cut: VantageSet::EMPTY };

    /// The same with `Errs(0)` and `Errs(1)` in their plain form.
    pub(super) fn plain(mut self) -> View {
        self.seen = match self.seen {
            Seen::Errs(share) if share <= 0.0 => Seen::Passes,
            Seen::Errs(share) if share >= 1.0 => Seen::Fails,
            seen => seen,
        };
        self
    }
}

/// Where one vantage stands towards the watched site.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Post {
    /// One-way delay to the site; a vantage without a place has none.
    pub delay: Span,
    /// Its first probe is sent so long after the watch starts: uniform in `[0, interval)` unless given.
    pub phase: Span,
}

impl Post {
    /// The sending of the first probe of a watch that starts at `start`.
    pub(super) fn first_sending(self, start: Instant) -> i64 {
        (start + self.phase).nanos()
    }
}
