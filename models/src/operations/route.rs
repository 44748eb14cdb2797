//! Where a client is that comes from outside: its own resolver, and the connection it may keep, lead it to a site.
//!
//! One client is a draw from what the flow engine's caches hold ([`crate::cache`]), whose assumptions are its own too. Its
//! resolver asks again at the instant its entry expires, and gets one site of the answer of that instant, drawn anew each
//! time; while the name servers are silent it keeps the old one for the stale time, then has none, and asks at the moment
//! they speak again. A connection goes where the resolver led when it was dialled. What a client asks of a site that it does
//! not reach comes to no store.

use crate::specification::{Connection, OnDown};
use sim::{Instant, Span, Stream};

/// What resolvers are told from an instant on, and which sites clients do not reach.
#[derive(Clone, PartialEq, Debug)]
pub struct Told {
    /// From when on.
    pub from: Instant,
    /// Sites and their shares, which add up to 1 or are none at all; nothing while the name servers are silent.
    pub answer: Option<Vec<(u32, f64)>>,
    /// Sites out of reach.
    pub lost: Vec<u32>,
}

/// What one population is told in a replication.
#[derive(Clone, PartialEq, Debug)]
pub struct Tale {
    /// In the order of time. The first has held for ever, and is an answer.
    told: Vec<Told>,
    /// When the name servers are silent, in the order of time.
    silent: Vec<(Instant, Instant)>,
}

/// What clients of one kind make of what they are told.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Heeds {
    /// The first answer for ever.
    First,
    /// They ask again.
    Again {
        /// As often as this.
        ttl: Span,
        /// How long an answer is kept past that while nobody answers.
        stale: Span,
        /// The chance that the first operation of a session finds its resolver without an entry
        /// ([`crate::cache::afresh_share`]).
        afresh: f64,
        /// Their long-lived connections, if they keep any.
        connection: Option<Connection>,
    },
}

/// Clients of one kind.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Guide {
    /// What they make of it.
    pub heeds: Heeds,
    /// What they are told: an index into the tales.
    pub tale: u32,
}

/// How one client is led at the last instant looked at.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Route {
    guide: Guide,
    resolver: Resolver,
    /// When its connection was dialled, and where to, if it led anywhere.
    dialled: (Instant, Option<u32>),
}

/// The entry of a client's resolver.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Resolver {
    /// When it was asked for; still to come while there is none.
    asked: Instant,
    site: Option<u32>,
}

impl Tale {
    /// In the order of time; the first is an answer, and has held for ever.
    ///
    /// # Panics
    /// If there is none.
    pub fn new(told: Vec<Told>) -> Self {
        assert!(!told.is_empty(), "everybody is told something");
        let mut silent: Vec<(Instant, Instant)> = Vec::new();
        for (index, now) in told.iter().enumerate() {
            let until = told.get(index + 1).map_or(Instant::FAR, |next| next.from);
            match silent.last_mut().filter(|last| last.1 == now.from) {
                Some(last) if now.answer.is_none() => last.1 = until,
                _ if now.answer.is_none() => silent.push((now.from, until)),
                _ => {}
            }
        }
        Tale { told, silent }
    }

    fn at(&self, at: Instant) -> &Told {
        let after = self.told.partition_point(|told| told.from <= at);
        &self.told[after.saturating_sub(1)]
    }

    /// The silence at an instant.
    fn silence(&self, at: Instant) -> Option<(Instant, Instant)> {
        let after = self.silent.partition_point(|silence| silence.0 <= at);
        self.silent[..after].last().copied().filter(|silence| at < silence.1)
    }

    /// One site of the answer at an instant.
    fn draw(&self, at: Instant, stream: &mut Stream) -> Option<u32> {
        match self.at(at).answer.as_deref() {
            None | Some([]) => None,
            Some([(site, _)]) => Some(*site),
            Some(shares) => {
                let mut left = stream.uniform();
                let chosen = shares.iter().find(|(_, share)| {
                    left -= share;
                    left < 0.0
                });
                chosen.or(shares.last()).map(|(site, _)| *site)
            }
        }
    }

    /// When who asked at `asked`, and asks again whenever an entry has expired, asked last up to `at`.
    fn asked_last(&self, mut asked: Instant, ttl: Span, at: Instant) -> Instant {
        if ttl.is_zero() {
            return self.silence(at).map_or(at, |silence| silence.0 - Span::NANOSECOND).max(asked);
        }
        let mut next = self.silent.partition_point(|silence| silence.1 <= asked);
        loop {
            let silence = self.silent.get(next).copied().filter(|silence| silence.0 <= at);
            let last = silence.map_or(at, |silence| silence.0 - Span::NANOSECOND);
            if last > asked {
                asked += ttl * ((last - asked).nanos() / ttl.nanos());
            }
            let Some((_, ends)) = silence else { return asked };
            if ends > at {
                return asked;
            }
            // Who expired in the silence asks at its end.
            if asked.saturating_add(ttl) < ends {
                asked = ends;
            }
            next += 1;
        }
    }
}

impl Route {
    /// A client of some kind that begins at an instant.
    pub fn begin(guide: Guide, tales: &[Tale], at: Instant, stream: &mut Stream) -> Self {
        let tale = &tales[guide.tale as usize];
        let begins = tale.told[0].from;
        let nowhere = (at, None);
        let Heeds::Again { ttl, afresh, connection, .. } = guide.heeds else {
            let resolver = Resolver { asked: begins, site: tale.draw(begins, stream) };
            return Route { guide, resolver, dialled: nowhere };
        };
        // Phases are even: before anything happened, and ever after unless a silence makes them one.
        let phase = begins - Span::from_seconds(stream.uniform() * ttl.seconds());
        let mut route = Route { guide, resolver: Resolver { asked: phase, site: None }, dialled: nowhere };
        if let Some(Connection { life, .. }) = connection {
            let dialled = at - Span::from_seconds(stream.uniform() * life.seconds());
            route.resolver = Resolver::of(tale, phase, (ttl, dialled), stream);
            route.dialled = (dialled, route.leads(tale, dialled));
        } else if afresh > 0.0 && stream.chance(afresh) {
            let asked = tale.silence(at).map_or(at, |silence| silence.1);
            route.resolver = Resolver { asked, site: tale.draw(asked, stream) };
        } else {
            route.resolver = Resolver::of(tale, phase, (ttl, at), stream);
        }
        route
    }

    /// The site that its next operation goes to, if it knows one and reaches it. Instants do not decrease.
    pub fn site(&mut self, tales: &[Tale], at: Instant, stream: &mut Stream) -> Option<u32> {
        let tale = &tales[self.guide.tale as usize];
        let now = tale.at(at);
        let reached = |site: &u32| !now.lost.contains(site);
        let Heeds::Again { ttl, connection, .. } = self.guide.heeds else {
            return self.resolver.site.filter(reached);
        };
        let mut connected = None;
        if let Some(Connection { life, on_down }) = connection {
            let lives = (at - self.dialled.0).nanos() / life.nanos();
            if lives > 0 {
                let dialled = self.dialled.0 + life * lives;
                self.resolver.ask(tale, (ttl, dialled), stream);
                self.dialled = (dialled, self.leads(tale, dialled));
            }
            connected = self.dialled.1.filter(|site| on_down == OnDown::Wait || reached(site));
        }
        if connected.is_none() {
            self.resolver.ask(tale, (ttl, at), stream);
            connected = self.leads(tale, at);
        }
        connected.filter(reached)
    }

    /// Where its resolver leads that has been asked up to an instant.
    fn leads(&self, tale: &Tale, at: Instant) -> Option<u32> {
        let Heeds::Again { ttl, stale, .. } = self.guide.heeds else { return self.resolver.site };
        let Resolver { asked, site } = self.resolver;
        let kept = tale.silence(at).is_none() || at < asked.saturating_add(ttl).saturating_add(stale);
        site.filter(|_| asked <= at && kept)
    }
}

impl Resolver {
    /// One that asked at `phase`, before or after an instant, and has asked up to that.
    fn of(tale: &Tale, phase: Instant, (ttl, at): (Span, Instant), stream: &mut Stream) -> Self {
        let since = match (phase - at).nanos() {
            ..=0 => phase,
            _ if ttl.is_zero() => at,
            early => phase - ttl * (early as u64).div_ceil(ttl.nanos() as u64) as i64,
        };
        let asked = tale.asked_last(since, ttl, at);
        Resolver { asked, site: tale.draw(asked, stream) }
    }

    /// Asks whenever an entry expires, up to an instant.
    fn ask(&mut self, tale: &Tale, (ttl, at): (Span, Instant), stream: &mut Stream) {
        let asked = tale.asked_last(self.asked, ttl, at);
        if asked != self.asked {
            *self = Resolver { asked, site: tale.draw(asked, stream) };
        }
    }
}
