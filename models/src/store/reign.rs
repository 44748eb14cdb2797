//! Who writes: the state machine of a store with one writer at a time.
//!
//! It sees which members live and whom each reaches, and nothing else of the world. Members are numbered, the home first.
//!
//! Assumptions:
//! - A coordinator has a member beside each member of the store; who reaches a majority of them can renew the lease.
//! - A lease was last renewed a uniform time before its holder was lost. A holder that is cut off writes until its lease
//!   ends, and never after: it is fenced. A holder that is back before that has lost nothing.
//! - Where a person decides, the old primary is not fenced.
//! - Whoever is promoted stays: nobody moves the primary back.

use crate::specification::{Acknowledged, Failover, Primary};
use sim::{Instant, Span, Stream};

/// A member of a store, by its number.
pub(crate) type Member = u8;

/// The most members a store may have.
pub(crate) const MEMBERS_MAX: usize = 32;

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
    fn company(&self, member: Member) -> usize {
        self.reached[usize::from(member)].count_ones() as usize
    }

    /// Do all live and reach each other?
    pub(crate) fn is_whole(&self) -> bool {
        self.members().all(|member| self.company(member) == self.reached.len())
    }

    fn has_majority(&self, member: Member) -> bool {
        2 * self.company(member) > self.reached.len()
    }

    fn members(&self) -> impl Iterator<Item = Member> + use<> {
        0..self.reached.len() as Member
    }
}

/// What is known of a store's writer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum State {
    /// One writes.
    Writing { at: Member },
    /// It was lost at `since`; at `decided` (if ever) it is given up.
    Doubted { at: Member, since: Instant, decided: Option<Instant> },
    /// It was given up, and nobody can follow it yet.
    Vacant { last: Member, since: Instant },
    /// `to` follows it, from `ready` on.
    Promoting { last: Member, since: Instant, to: Member, ready: Instant },
}

/// Do enough replicas acknowledge?
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Copies {
    Enough,
    Short { since: Instant },
}

/// One writer followed another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct HandOver {
    pub(crate) from: Member,
    pub(crate) to: Member,
    /// When the former one was lost.
    pub(crate) since: Instant,
}

/// The state machine.
#[derive(Clone, Debug)]
pub(crate) struct Reign {
    state: State,
    /// Writers that were given up, have not heard of a new one and go on, as a set.
    old: u32,
    copies: Copies,
}

impl Reign {
    /// All is well, and the home writes.
    pub(crate) const NOMINAL: Reign =
        Reign { state: State::Writing { at: 0 }, old: 0, copies: Copies::Enough };

    pub(crate) fn state(&self) -> State {
        self.state
    }

    /// Does it rest, with one writer?
    pub(crate) fn is_settled(&self) -> bool {
        matches!(self.state, State::Writing { .. }) && self.old == 0 && self.copies == Copies::Enough
    }

    /// Who accepts writes that count.
    pub(crate) fn writer(&self, now: Instant, plan: &Primary, sight: &Sight) -> Option<Member> {
        let (State::Writing { at } | State::Doubted { at, .. }) = self.state else { return None };
        let goes_on = match (self.copies, plan.acknowledged) {
            (Copies::Enough, _) | (_, Acknowledged::Alone) => true,
            (Copies::Short { since }, Acknowledged::Received { alone_after, .. }) => {
                alone_after.is_some_and(|after| now >= since + after)
            }
        };
        (sight.alive(at) && goes_on).then_some(at)
    }

    /// Who accepts writes although given up.
    pub(crate) fn old_writers(&self) -> impl Iterator<Item = Member> + use<> {
        let old = self.old;
        (0..MEMBERS_MAX as Member).filter(move |member| old >> member & 1 == 1)
    }

    /// Does nobody write but the present writer?
    pub(crate) fn is_undivided(&self) -> bool {
        self.old == 0
    }

    /// Do writes wait for replicas now, so that what is acknowledged is at as many of them as the plan says?
    pub(crate) fn is_safe(&self, plan: &Primary) -> bool {
        self.copies == Copies::Enough && !matches!(plan.acknowledged, Acknowledged::Alone)
    }

    /// Has the writer given up waiting for replicas?
    pub(crate) fn is_alone(&self, now: Instant, plan: &Primary) -> bool {
        let Acknowledged::Received { alone_after: Some(after), .. } = plan.acknowledged else { return false };
        matches!(self.copies, Copies::Short { since } if now >= since + after)
    }

    /// When something happens by itself next, after `now`.
    pub(crate) fn next(&self, now: Instant, plan: &Primary) -> Option<Instant> {
        let state = match self.state {
            State::Doubted { decided, .. } => decided,
            State::Promoting { ready, .. } => Some(ready),
            State::Writing { .. } | State::Vacant { .. } => None,
        };
        let alone = match (self.copies, plan.acknowledged) {
            (Copies::Short { since }, Acknowledged::Received { alone_after: Some(after), .. }) => {
                Some(since + after)
            }
            _ => None,
        };
        [state, alone].into_iter().flatten().filter(|at| *at > now).min()
    }

    /// Takes in what is seen at `now`, and what has come due. `trails` says how far a member is behind; who is too far is
    /// not promoted. Returns the hand-over, if one is complete, and the former writers that had gone on and stop now, as a
    /// set.
    pub(crate) fn look(
        &mut self,
        now: Instant,
        plan: &Primary,
        sight: &Sight,
        stream: &mut Stream,
        trails: impl Fn(Member) -> Span,
    ) -> (Option<HandOver>, u32) {
        let mut done = None;
        loop {
            let next = self.step(now, plan, sight, stream, &trails);
            match (self.state, next) {
                (State::Doubted { at, .. }, Some(State::Vacant { .. })) => {
                    let unfenced = matches!(plan.failover, Failover::Human(_));
                    if unfenced && sight.alive(at) {
                        self.old |= 1 << at;
                    }
                }
                (State::Promoting { last, since, to, .. }, Some(State::Writing { .. })) => {
                    done = Some(HandOver { from: last, to, since });
                    // Whoever takes over from itself has lost nothing.
                    self.old &= !(1 << to);
                }
                _ => {}
            }
            match next {
                Some(next) => self.state = next,
                None => break,
            }
        }
        self.count_copies(now, plan, sight);
        (done, self.reconcile(sight))
    }

    /// The state after this one, if it does not stay.
    fn step(
        &self,
        now: Instant,
        plan: &Primary,
        sight: &Sight,
        stream: &mut Stream,
        trails: &impl Fn(Member) -> Span,
    ) -> Option<State> {
        match self.state {
            State::Writing { at } if !holds(at, plan, sight) => {
                Some(State::Doubted { at, since: now, decided: decision(now, plan, stream) })
            }
            State::Doubted { at, .. } if holds(at, plan, sight) => Some(State::Writing { at }),
            State::Doubted { at, since, decided } if decided.is_some_and(|at| at <= now) => {
                Some(State::Vacant { last: at, since })
            }
            State::Vacant { last, since } => {
                let to = choose(last, plan, sight, trails)?;
                let ready = now.saturating_add(plan.promotion.sample(stream));
                Some(State::Promoting { last, since, to, ready })
            }
            State::Promoting { last, since, to, .. } if !may_follow(to, last, plan, sight) => {
                Some(State::Vacant { last, since })
            }
            State::Promoting { to, ready, .. } if ready <= now => Some(State::Writing { at: to }),
            _ => None,
        }
    }

    fn count_copies(&mut self, now: Instant, plan: &Primary, sight: &Sight) {
        let Acknowledged::Received { replicas, .. } = plan.acknowledged else { return };
        let (State::Writing { at } | State::Doubted { at, .. }) = self.state else {
            self.copies = Copies::Enough;
            return;
        };
        let enough = sight.company(at) > replicas as usize;
        self.copies = match self.copies {
            _ if enough => Copies::Enough,
            Copies::Enough => Copies::Short { since: now },
            short => short,
        };
    }

    /// A former writer stops where it dies or hears of the new one.
    fn reconcile(&mut self, sight: &Sight) -> u32 {
        let hears = |old: Member| matches!(self.state, State::Writing { at } if sight.joined(old, at));
        let stops = |old: &Member| hears(*old) || !sight.alive(*old);
        let stopped = self.old_writers().filter(stops).fold(0, |set, member| set | 1 << member);
        self.old &= !stopped;
        stopped
    }
}

/// Does the writer go on unquestioned?
fn holds(at: Member, plan: &Primary, sight: &Sight) -> bool {
    match plan.failover {
        Failover::Never => sight.alive(at),
        Failover::Lease { .. } => sight.has_majority(at),
        Failover::Human(_) => sight.company(at) > 1 || (sight.alive(at) && !others_live(at, sight)),
    }
}

fn others_live(at: Member, sight: &Sight) -> bool {
    sight.members().any(|member| member != at && sight.alive(member))
}

/// When a writer that is lost now is given up.
fn decision(now: Instant, plan: &Primary, stream: &mut Stream) -> Option<Instant> {
    match &plan.failover {
        Failover::Never => None,
        Failover::Lease { life, renewed } => {
            let renewed_ago = Span::from_nanos((renewed.nanos() as f64 * stream.uniform()) as i64);
            Some(now.saturating_add(*life - renewed_ago))
        }
        Failover::Human(law) => Some(now.saturating_add(law.sample(stream))),
    }
}

/// Whoever is least behind of those that may follow; the earlier one where two are.
fn choose(last: Member, plan: &Primary, sight: &Sight, trails: &impl Fn(Member) -> Span) -> Option<Member> {
    let behind = |member: Member| if member == last { Span::ZERO } else { trails(member) };
    let close = |behind: Span| plan.most_lag.is_none_or(|most| behind <= most);
    let candidates = sight.members().filter(|member| may_follow(*member, last, plan, sight));
    candidates
        .map(|member| (behind(member), member))
        .filter(|(behind, _)| close(*behind))
        .min()
        .map(|(_, to)| to)
}

/// The former writer itself may only if it could have gone on.
fn may_follow(member: Member, last: Member, plan: &Primary, sight: &Sight) -> bool {
    match plan.failover {
        Failover::Lease { .. } => sight.has_majority(member),
        Failover::Never | Failover::Human(_) if member == last => holds(member, plan, sight),
        Failover::Never | Failover::Human(_) => sight.alive(member),
    }
}
