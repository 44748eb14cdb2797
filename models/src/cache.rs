//! Caches: what share of a population's traffic goes to each DNS answer.
//!
//! A [`Cache`] stands for very many resolvers that share one TTL T. Its shares are piecewise linear in time, those of
//! the long-lived [`Connections`] dialled through it piecewise quadratic; both are kept in integers and are exact.
//!
//! Assumptions:
//! - A resolver is always busy: it asks again at the very instant its entry expires, T after it asked last. (For one
//!   that is not, see [`afresh_share`].)
//! - Resolvers' phases are uniform over T, and there are so many that a share is a volume of phases. So while every
//!   refresh succeeds, the share of an answer is the part of (t-T, t] in which it was the answer.
//! - Before a cache begins, its first answer had been the answer for ever, and the authority was up.
//! - While the authority is down, refreshes fail. A resolver then has no answer, unless it serves stale: then it keeps
//!   the old answer for `max_stale` past the expiry. It tries all the time, so that at the recovery all expired
//!   resolvers ask at once. They keep that common phase for ever: a later change of the answer reaches them in one jump.
//! - All changes at one instant apply before a refresh at that instant, in whatever order they are told.

mod connections;
mod resolvers;

pub use connections::{Connections, Curve};

use resolvers::{Follower, Resolvers};
use sim::time::NANOS_PER_SECOND;
use sim::{Instant, Span};

sim::id! {
    /// An answer of an authority: to this module no more than a name. *No answer* is `None` of an `Option`.
    AnswerId
}

/// One answer's part of the traffic, linear in time until the next breakpoint.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Share {
    /// The answer, or none.
    pub answer: Option<AnswerId>,
    /// Its part of `whole` now.
    pub mass: i64,
    /// What `mass` gains in a nanosecond: -1, 0 or 1.
    pub rate: i64,
    /// The sum of all masses: the TTL in nanoseconds, or 1 if that is zero.
    pub whole: i64,
}

impl Share {
    /// The share now, from 0 to 1.
    pub fn share(&self) -> f64 {
        self.mass as f64 / self.whole as f64
    }

    /// What the share gains in a second.
    pub fn slope(&self) -> f64 {
        self.rate as f64 * NANOS_PER_SECOND as f64 / self.whole as f64
    }
}

/// The part of the traffic through a resolver with `queries` a second (a Poisson stream) that makes it ask afresh:
/// 1 / (1 + queries T), since one query finds the cache empty and those of the next T do not. The rest of the traffic
/// follows the [`Cache`].
///
/// Source: Jung, Berger, Balakrishnan, "Modeling TTL-based Internet caches", INFOCOM 2003.
pub fn afresh_share(queries: f64, ttl: Span) -> f64 {
    1.0 / (1.0 + queries * ttl.seconds())
}

/// The resolvers of a population that share one TTL.
///
/// Every call carries an instant no earlier than the last one. [`shares`](Cache::shares) tells the state at the last
/// instant told, after all that was told for it.
#[derive(Clone, Debug)]
pub struct Cache(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Follower(Follower),
    Resolvers(Resolvers),
}

/// Calls the same method of either kind.
macro_rules! either {
    ($kind:expr, $inner:ident => $call:expr) => {
        match $kind {
            Kind::Follower($inner) => $call,
            Kind::Resolvers($inner) => $call,
        }
    };
}

impl Cache {
    /// A cache of entries that live for `ttl` and are served stale for `max_stale` more, full of `answer`.
    ///
    /// With a `ttl` of zero it follows the answer at once.
    ///
    /// # Panics
    /// If `ttl` or `max_stale` is negative.
    pub fn new(ttl: Span, max_stale: Span, answer: AnswerId, now: Instant) -> Self {
        assert!(ttl >= Span::ZERO && max_stale >= Span::ZERO, "a TTL and a stale time are not negative");
        Cache(if ttl.is_zero() {
            Kind::Follower(Follower::new(max_stale.nanos(), answer, now.nanos()))
        } else {
            Kind::Resolvers(Resolvers::new(ttl.nanos(), max_stale.nanos(), answer, now.nanos()))
        })
    }

    /// From `now` on the authority answers `answer`.
    pub fn answer(&mut self, now: Instant, answer: AnswerId) {
        either!(&mut self.0, cache => cache.answer(now.nanos(), answer));
    }

    /// From `now` on the authority is reached (`up`), or is not.
    pub fn authority(&mut self, now: Instant, up: bool) {
        either!(&mut self.0, cache => cache.authority(now.nanos(), up));
    }

    /// Goes on to `now`.
    pub fn advance(&mut self, now: Instant) {
        either!(&mut self.0, cache => cache.advance(now.nanos()));
    }

    /// The next instant at which the value or the slope of a share changes if nothing is told before; none when
    /// settled.
    pub fn next_breakpoint(&self) -> Option<Instant> {
        either!(&self.0, cache => cache.next_breakpoint()).map(Instant::from_nanos)
    }

    /// Are all shares constant until something is told?
    pub fn settled(&self) -> bool {
        self.next_breakpoint().is_none()
    }

    /// The shares, ascending by answer, no answer first; their masses sum to `whole`. A share of zero is absent unless
    /// it grows from now on. Slopes hold from now on.
    pub fn shares(&self) -> impl ExactSizeIterator<Item = Share> + '_ {
        either!(&self.0, cache => cache.shares()).iter().copied()
    }
}
