//! Who writes: the state machine of a store with one writer at a time.
//!
//! It sees which members live and whom each reaches, and nothing else of the world. Members are numbered, the home first.
//!
//! Assumptions:
//! - A coordinator has a member beside each member of the store that has a vote; who reaches a quorum can renew the lease.
//! - A lease was last renewed a uniform time before its holder was lost. A holder that is cut off writes until its lease
//!   ends, and never after: it is fenced. A holder that is back before that has lost nothing.
//! - Checks and persons stop an old primary if they are said to fence; otherwise it goes on where it is cut off.
//! - A writer that is given up while it waits for replicas goes on alone once it has waited long enough, if nothing fences it;
//!   one that is given up while it has replicas does not wait should it lose them later.
//! - A former writer is rebuilt once it hears of the new one, and counts for nothing until it is.
//! - Whoever is promoted stays, unless the plan says that the writer returns: then it stops once the home has been in reach and
//!   whole for long enough, the home receives the rest of the log, which takes the lag, and begins after a promotion. If
//!   either is lost or they are parted meanwhile, the writer goes on.

mod former;
mod sight;

pub(crate) use sight::Sight;

use crate::specification::{Acknowledged, Failover, Primary, Promotes};
use former::Former;
use sim::{Instant, Span, Stream};

/// A member of a store, by its number.
pub(crate) type Member = u8;

/// The member that writes while nothing has failed.
const HOME: Member = 0;

/// The most members a store may have.
pub(crate) const MEMBERS_MAX: usize = 32;

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
    /// `from` has stopped for the home, which writes from `ready` on.
    Returning { from: Member, ready: Instant },
}

/// Is the writer about to return to its home?
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Home {
    /// No: it is there, it is not wanted, or the home is not fit.
    Rests,
    /// The home is back, and lacks some of the log.
    CatchesUp,
    /// It lacks nothing, and the writer stops for it then.
    Awaits { at: Instant },
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

/// How much of the log a member has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Standing {
    /// How far it trails.
    pub(crate) behind: Span,
    /// Is it certain to have, or to get from those in reach, every acknowledged write?
    pub(crate) synchronous: bool,
}

/// What came of a look.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Seen {
    /// Hand-overs that are complete.
    pub(crate) done: Option<HandOver>,
    /// Who wrote until it stopped for the home, which writes now.
    pub(crate) returned: Option<Member>,
    /// Former writers that had gone on and stop now.
    pub(crate) stopped: Vec<Member>,
    /// Former writers that begin to be made replicas again.
    pub(crate) rejoining: Vec<Member>,
    /// Those that are replicas again after having been rejoining.
    pub(crate) rejoined: Vec<Member>,
}

/// The state machine.
#[derive(Clone, Debug)]
pub(crate) struct Reign {
    state: State,
    formers: Vec<(Member, Former)>,
    copies: Copies,
    home: Home,
    /// The writer was promoted although it reaches nobody: people know.
    known_alone: bool,
}

impl Reign {
    /// All is well, and the home writes.
    pub(crate) const NOMINAL: Reign = Reign {
        state: State::Writing { at: HOME },
        formers: Vec::new(),
        copies: Copies::Enough,
        home: Home::Rests,
        known_alone: false,
    };

    pub(crate) fn state(&self) -> State {
        self.state
    }

    /// Does it rest, with one writer?
    pub(crate) fn is_settled(&self) -> bool {
        matches!(self.state, State::Writing { .. })
            && self.is_undivided()
            && self.copies == Copies::Enough
            && self.home == Home::Rests
    }

    /// Who accepts writes that count.
    pub(crate) fn writer(&self, now: Instant, plan: &Primary, sight: &Sight) -> Option<Member> {
        let (State::Writing { at } | State::Doubted { at, .. }) = self.state else { return None };
        let goes_on = match (self.copies, plan.acknowledged) {
            (Copies::Enough, _) | (_, Acknowledged::Alone) => true,
            (Copies::Short { .. }, Acknowledged::Quorum) => false,
            (Copies::Short { since }, Acknowledged::Received { alone_after, .. }) => {
                alone_after.is_some_and(|after| now >= since + after)
            }
        };
        (sight.alive(at) && goes_on).then_some(at)
    }

    /// Those that were given up and are no replicas again yet, in the order in which they were.
    pub(crate) fn given_up_so_far(&self) -> impl Iterator<Item = Member> + '_ {
        self.formers.iter().map(|(member, _)| *member)
    }

    /// Who accepts writes although given up.
    pub(crate) fn old_writers(&self) -> impl Iterator<Item = Member> + '_ {
        self.formers.iter().filter(|(_, former)| former.writes()).map(|(member, _)| *member)
    }

    /// Does nobody write but the present writer?
    pub(crate) fn is_undivided(&self) -> bool {
        self.old_writers().next().is_none()
    }

    /// Those that are being made replicas again, as a set.
    pub(crate) fn rejoining(&self) -> u32 {
        let rejoin = self.formers.iter().filter(|(_, former)| matches!(former, Former::Rejoining { .. }));
        rejoin.fold(0, |set, (member, _)| set | 1 << member)
    }

    /// Do writes wait for replicas now, so that what is acknowledged is at as many of them as the plan says?
    pub(crate) fn is_safe(&self, plan: &Primary) -> bool {
        self.copies == Copies::Enough && !matches!(plan.acknowledged, Acknowledged::Alone)
    }

    /// Whom the writer will stop for once it has caught up.
    pub(crate) fn catches_up(&self) -> Option<Member> {
        (self.home == Home::CatchesUp).then_some(HOME)
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
            State::Promoting { ready, .. } | State::Returning { ready, .. } => Some(ready),
            State::Writing { .. } | State::Vacant { .. } => match self.home {
                Home::Awaits { at } => Some(at),
                Home::Rests | Home::CatchesUp => None,
            },
        };
        let alone = match (self.copies, plan.acknowledged) {
            (Copies::Short { since }, Acknowledged::Received { alone_after: Some(after), .. }) => {
                Some(since + after)
            }
            _ => None,
        };
        let formers = self.formers.iter().filter_map(|(_, former)| former.next());
        [state, alone].into_iter().flatten().chain(formers).filter(|at| *at > now).min()
    }

    /// Takes in what is seen at `now`, and what has come due. `stands` says how much of the log a member has; who lacks too
    /// much is not promoted.
    pub(crate) fn look(
        &mut self,
        now: Instant,
        plan: &Primary,
        sight: &Sight,
        stream: &mut Stream,
        stands: impl Fn(Member) -> Standing,
    ) -> Seen {
        let mut seen = Seen::default();
        // Who is a replica again may be promoted at once.
        self.step_formers(now, plan, sight, stream, &mut seen);
        loop {
            self.transit(now, plan, sight, stream, &stands, &mut seen);
            self.step_formers(now, plan, sight, stream, &mut seen);
            self.consider_home(now, plan, sight, stream, &stands);
            if !self.returns_by(now) {
                break;
            }
        }
        self.count_copies(now, plan, sight);
        seen
    }

    /// Goes from state to state until one stays.
    fn transit(
        &mut self,
        now: Instant,
        plan: &Primary,
        sight: &Sight,
        stream: &mut Stream,
        stands: &impl Fn(Member) -> Standing,
        seen: &mut Seen,
    ) {
        loop {
            let next = self.step(now, plan, sight, stream, stands);
            match (self.state, next) {
                (State::Doubted { at, .. }, Some(State::Vacant { .. })) => {
                    self.formers.push((at, self.given_up(at, now, plan, sight)));
                }
                (State::Promoting { last, since, to, .. }, Some(State::Writing { .. })) => {
                    seen.done = Some(HandOver { from: last, to, since });
                    // Whoever takes over from itself has lost nothing.
                    self.formers.retain(|(member, _)| *member != to);
                    self.known_alone = true;
                }
                (State::Returning { from, .. }, Some(State::Writing { at: HOME })) => {
                    seen.returned = Some(from);
                }
                _ => {}
            }
            let Some(next) = next else { break };
            self.state = next;
            self.keep_known_alone(sight);
        }
        self.keep_known_alone(sight);
    }

    /// What a writer is at once it is given up: can it go on acknowledging where it is?
    fn given_up(&self, at: Member, now: Instant, plan: &Primary, sight: &Sight) -> Former {
        if plan.failover.is_fenced() || !sight.alive(at) {
            return Former::Stopped;
        }
        match plan.acknowledged {
            Acknowledged::Alone => Former::GoesOn,
            Acknowledged::Quorum => Former::Stopped,
            Acknowledged::Received { replicas, .. }
                if sight.reaches(at, plan.acknowledgers(usize::from(at))) >= replicas =>
            {
                Former::GoesOn
            }
            Acknowledged::Received { alone_after: None, .. } => Former::Stopped,
            Acknowledged::Received { alone_after: Some(after), .. } => {
                let since = match self.copies {
                    Copies::Short { since } => since,
                    Copies::Enough => now,
                };
                let until = since.saturating_add(after);
                if until <= now { Former::GoesOn } else { Former::Waits { until } }
            }
        }
    }

    /// Once it reaches somebody, being alone again is news.
    fn keep_known_alone(&mut self, sight: &Sight) {
        let alone = matches!(self.state, State::Writing { at } if sight.company(at) <= 1);
        self.known_alone &= alone;
    }

    /// The state after this one, if it does not stay.
    fn step(
        &self,
        now: Instant,
        plan: &Primary,
        sight: &Sight,
        stream: &mut Stream,
        stands: &impl Fn(Member) -> Standing,
    ) -> Option<State> {
        match self.state {
            State::Writing { at } if !self.holds(at, plan, sight) => {
                Some(State::Doubted { at, since: now, decided: decision(now, plan, stream) })
            }
            State::Doubted { at, .. } if self.holds(at, plan, sight) => Some(State::Writing { at }),
            State::Doubted { at, since, decided } if decided.is_some_and(|at| at <= now) => {
                Some(State::Vacant { last: at, since })
            }
            State::Vacant { last, since } => {
                let to = self.choose(last, plan, sight, stands)?;
                let ready = now.saturating_add(plan.promotion.sample(stream));
                Some(State::Promoting { last, since, to, ready })
            }
            State::Promoting { last, since, to, .. }
                if !self.may_follow(to, last, plan, sight) || !has_enough(to, last, plan, stands) =>
            {
                Some(State::Vacant { last, since })
            }
            State::Promoting { to, ready, .. } if ready <= now => Some(State::Writing { at: to }),
            State::Writing { at } if self.returns_by(now) && self.may_return(at, plan, sight) => {
                let pause = plan.lag.sample(stream) + plan.promotion.sample(stream);
                Some(State::Returning { from: at, ready: now.saturating_add(pause) })
            }
            State::Returning { from, .. } if !self.may_return(from, plan, sight) => {
                Some(State::Writing { at: from })
            }
            State::Returning { ready, .. } if ready <= now => Some(State::Writing { at: HOME }),
            _ => None,
        }
    }

    /// Has the home been back for long enough?
    fn returns_by(&self, now: Instant) -> bool {
        matches!(self.home, Home::Awaits { at } if at <= now)
    }

    /// May the writer hand over to the home?
    fn may_return(&self, from: Member, plan: &Primary, sight: &Sight) -> bool {
        let rebuilt = self.given_up_so_far().all(|member| member != HOME);
        let goes_on = rebuilt && self.holds(from, plan, sight);
        from != HOME && goes_on && sight.joined(from, HOME) && self.may_follow(HOME, from, plan, sight)
    }

    /// Is the home back, and for how long must it be?
    fn consider_home(
        &mut self,
        now: Instant,
        plan: &Primary,
        sight: &Sight,
        stream: &mut Stream,
        stands: &impl Fn(Member) -> Standing,
    ) {
        let fit = matches!(self.state, State::Writing { at } if self.may_return(at, plan, sight));
        self.home = match (&plan.returns, self.home) {
            (Some(_), _) if !fit => Home::Rests,
            (Some(_), _) if !stands(HOME).behind.is_zero() => Home::CatchesUp,
            (Some(_), Home::Awaits { at }) => Home::Awaits { at },
            (Some(after), _) => Home::Awaits { at: now.saturating_add(after.sample(stream)) },
            (None, _) => Home::Rests,
        };
    }

    fn step_formers(
        &mut self,
        now: Instant,
        plan: &Primary,
        sight: &Sight,
        stream: &mut Stream,
        seen: &mut Seen,
    ) {
        let state = self.state;
        self.formers.retain_mut(|(member, former)| {
            let hears = matches!(state, State::Writing { at } if sight.joined(*member, at));
            while let Some(next) = former.step(now, plan, (sight.alive(*member), hears), stream) {
                match (*former, next) {
                    (old, Some(Former::Stopped)) if old.writes() => seen.stopped.push(*member),
                    (_, Some(Former::Rejoining { ready })) if ready > now => seen.rejoining.push(*member),
                    (Former::Rejoining { .. }, None) if !seen.rejoining.contains(member) => {
                        seen.rejoined.push(*member);
                    }
                    _ => {}
                }
                match next {
                    Some(next) => *former = next,
                    None => return false,
                }
            }
            true
        });
    }

    fn count_copies(&mut self, now: Instant, plan: &Primary, sight: &Sight) {
        let (State::Writing { at } | State::Doubted { at, .. }) = self.state else {
            self.copies = Copies::Enough;
            return;
        };
        // The dead wait for nobody.
        if !sight.alive(at) {
            self.copies = Copies::Enough;
            return;
        }
        let enough = match plan.acknowledged {
            Acknowledged::Alone => return,
            Acknowledged::Received { replicas, .. } => {
                // Who goes on writing follows nobody.
                let goes_on = self.old_writers().fold(0, |set, member| set | 1 << member);
                let idle = self.rejoining() | goes_on;
                sight.reaches(at, plan.acknowledgers(usize::from(at)) & !idle) >= replicas
            }
            Acknowledged::Quorum => sight.without(self.rejoining()).has_quorum(at, &plan.votes),
        };
        self.copies = match self.copies {
            _ if enough => Copies::Enough,
            Copies::Enough => Copies::Short { since: now },
            short => short,
        };
    }

    /// Does the writer go on unquestioned?
    fn holds(&self, at: Member, plan: &Primary, sight: &Sight) -> bool {
        match plan.failover {
            Failover::Never => sight.alive(at),
            Failover::Lease { .. } | Failover::Checked { .. } => sight.has_quorum(at, &plan.votes),
            Failover::Human { .. } => {
                sight.company(at) > 1 || (sight.alive(at) && (self.known_alone || !others_live(at, sight)))
            }
        }
    }

    /// Whoever is least behind of those that may follow; the earlier one where two are.
    fn choose(
        &self,
        last: Member,
        plan: &Primary,
        sight: &Sight,
        stands: &impl Fn(Member) -> Standing,
    ) -> Option<Member> {
        let behind = |member: Member| if member == last { Span::ZERO } else { stands(member).behind };
        let close = |behind: Span| plan.most_lag.is_none_or(|most| behind <= most);
        let fit = |member: &Member| {
            self.may_follow(*member, last, plan, sight) && has_enough(*member, last, plan, stands)
        };
        let candidates = sight.members().filter(fit);
        candidates
            .map(|member| (behind(member), member))
            .filter(|(behind, _)| close(*behind))
            .min()
            .map(|(_, to)| to)
    }

    /// The former writer itself may only if it could have gone on; who is being made a replica again, or holds no data,
    /// may not.
    fn may_follow(&self, member: Member, last: Member, plan: &Primary, sight: &Sight) -> bool {
        let whole = (self.rejoining() | plan.without_data()) >> member & 1 == 0;
        let fit = match plan.failover {
            Failover::Lease { .. } | Failover::Checked { .. } => {
                plan.votes.of[usize::from(member)] > 0 && sight.has_quorum(member, &plan.votes)
            }
            Failover::Never | Failover::Human { .. } if member == last => self.holds(member, plan, sight),
            Failover::Never | Failover::Human { .. } => sight.alive(member),
        };
        whole && fit
    }
}

/// Has a member so much of the log of `last` that it may be promoted, if that is asked for?
fn has_enough(member: Member, last: Member, plan: &Primary, stands: &impl Fn(Member) -> Standing) -> bool {
    plan.promotes == Promotes::Any || member == last || stands(member).synchronous
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
        Failover::Checked { after, .. } | Failover::Human { after, .. } => {
            Some(now.saturating_add(after.sample(stream)))
        }
    }
}

#[cfg(test)]
pub(crate) mod laws;
