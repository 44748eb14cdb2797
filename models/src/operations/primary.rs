//! A store with one writer at a time: how a write reaches its replicas, and who has it when.
//!
//! A write goes to the primary that its client's place knows, which appends it to its log and sends it to the replicas.
//! Each receives the log in order, and shows an entry some time later (`unordered.rs`: or takes each entry by itself). A replica
//! that hears of a new epoch takes nothing more from the old one, and follows the new log from the moment its first entry is
//! there; what its old log held beyond is dropped then.
//!
//! All messages of an entry are drawn when the primary accepts it, since the reigns are known beforehand. Assumptions: a
//! replica's disk survives; one that is rebuilt after having reigned has, once it is done, all that the primary had when it
//! began, and what has reached it since; a message on its way when its receiver goes down is sent again; one from a sender that has
//! stopped is not.

mod known;

use super::client::Plan;
use super::key::Apply;
use super::log::Logs;
use super::popularity::Popularity;
use super::quorum::{Legs, REPLICAS_MAX};
use super::reigns::Reigns;
use super::votes::Votes;
use crate::specification::{Acknowledgers, Counting};
use crate::trail::Trail;
use sim::{Instant, Law, Replication, Seed, Span, Stream, StreamName};

/// When a write is acknowledged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Commit {
    /// At once.
    Asynchronous,
    /// When so many replicas beside the primary have received it.
    SemiSynchronous {
        /// How many.
        replicas: usize,
        /// Which of them.
        which: Acknowledgers,
        /// What the primary shows meanwhile.
        shows: Shows,
        /// After how long a wait the primary gives up: it acknowledges all that waits, and at once what comes, until so many
        /// replicas have received all there is (MySQL's time-out). Nothing: it waits however long that takes (Vitess).
        falls_back: Option<Span>,
    },
    /// When a quorum of these votes, the primary's included, has received it and all before it. Nobody shows it earlier. A new
    /// primary shows nothing of its log until a quorum has received the entry that begins its reign.
    Consensus(Votes),
}

/// What a primary shows of a write that waits for its acknowledgements.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shows {
    /// The write: others may read it and then lose it.
    Accepted,
    /// What was there before.
    Acknowledged,
}

/// How entries leave the primary for its replicas.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shipping {
    /// Each as it is written.
    Streamed,
    /// All that have gathered, at every multiple of a time.
    Every(Span),
}

/// Where reads go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReadFrom {
    /// To the primary that the client's place knows, if it believes itself to be primary.
    Primary,
    /// There too, and a quorum of the votes, the primary's included, confirms its reign before it answers; of those of
    /// [`Commit::Consensus`], else a bare majority of replicas.
    Confirmed,
    /// To the nearest replica that is up and in reach.
    Nearest,
    /// To any replica that is up and in reach, each time anew.
    Uniform,
    /// To this replica and no other.
    Named(usize),
    /// To this replica; once it is not up or not in reach, to the nearest that is, and so on.
    Sticky(usize),
}

/// A client: one session after the other, since a session ends when a write's outcome stays unknown.
#[derive(Clone, PartialEq, Debug)]
pub struct Session {
    /// What it does.
    pub plan: Plan,
    /// Where it is.
    pub place: usize,
    /// Where its reads go.
    pub reads: ReadFrom,
}

/// A store with one writer at a time.
#[derive(Clone, PartialEq, Debug)]
pub struct Store {
    /// What it goes through.
    pub reigns: Reigns,
    /// One-way distances of places from each other.
    pub distances: Vec<Vec<Span>>,
    /// When a write is acknowledged.
    pub commit: Commit,
    /// Which replicas a semi-synchronous write may wait for, whoever is primary.
    pub counting: Counting,
    /// How entries leave the primary.
    pub shipping: Shipping,
    /// What an entry takes to a replica beside the distance, drawn for each.
    pub lag: Law,
    /// What a replica takes to show what it has received, drawn for each.
    pub apply: Law,
    /// What a replica shows of entries that get there, or are applied, out of the log's order. All but the log's order want one
    /// primary for good, and votes that decide nothing.
    pub applies: Apply,
    /// How long each entry keeps a replica from applying the next: so it catches up at a rate.
    pub replay: Span,
    /// What the messages between a client and a replica take beside the distance.
    pub legs: Legs,
    /// How long a client waits for an answer.
    pub patience: Span,
    /// Which keys are touched.
    pub popularity: Popularity,
}

/// What the store's own delays are drawn from.
#[derive(Clone, Debug)]
pub(super) struct Luck<'a> {
    /// Of each replica.
    lag: Vec<Stream>,
    apply: Vec<Stream>,
    lags: Lags<'a>,
    /// When the last entry was written.
    last: Option<Instant>,
}

/// For what a replica's lag is drawn.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Lags<'a> {
    /// For each entry, in the order of the log of which these are all entries.
    Each,
    /// For each entry, with so many others a second in the log that are not played: those that are late keep all after
    /// them waiting.
    Among(&'a Trail, f64),
    /// Every entry takes as long as this to each replica, all told. Where writes wait for replicas, these have received it
    /// after the distance, and apply it after this.
    Held(Vec<Span>),
    /// So it is received, but what a read finds is as old as it draws.
    Read(Vec<Span>),
}

impl<'a> Luck<'a> {
    pub(super) fn new(replicas: usize, (seed, replication): (Seed, Replication), lags: Lags<'a>) -> Self {
        let streams = |purpose: &str| {
            (0..replicas)
                .map(|r| Stream::new(seed, replication, StreamName::of(&format!("replica/{r}"), purpose)))
                .collect()
        };
        Luck { lag: streams("lag"), apply: streams("apply"), lags, last: None }
    }

    /// Draws lags in another way from now on.
    pub(super) fn draw(&mut self, lags: Lags<'a>) {
        self.lags = lags;
    }

    /// May reads find older versions than a replica has?
    pub(super) fn of_reads(&self) -> bool {
        matches!(self.lags, Lags::Read(_))
    }

    /// What an entry takes to a replica, which the primary waits for or not.
    pub(super) fn takes(&mut self, replica: usize, store: &Store, distance: Span, waits: Waits) -> Span {
        let alone = waits == Waits::Alone;
        match (&self.lags, store.commit) {
            (Lags::Held(held) | Lags::Read(held), _) if waits == Waits::ForOthers => {
                held[replica].max(distance)
            }
            (Lags::Among(..), _) if waits == Waits::ForOthers => {
                store.trails().sample(&mut self.lag[replica]).max(distance)
            }
            (Lags::Held(held), _) if alone => held[replica].max(distance),
            (Lags::Each | Lags::Among(..), _) if alone => {
                store.apply.sample(&mut self.apply[replica]).max(distance)
            }
            (Lags::Held(held) | Lags::Read(held), Commit::Asynchronous) => held[replica],
            (Lags::Held(_) | Lags::Read(_), _) => distance,
            (Lags::Among(..), Commit::Asynchronous) => store.lag.sample(&mut self.lag[replica]),
            (Lags::Each | Lags::Among(..), _) => distance + store.lag.sample(&mut self.lag[replica]),
        }
    }

    /// What it takes after that to be shown.
    pub(super) fn applies(&mut self, replica: usize, store: &Store, waits: Waits) -> Span {
        match (&self.lags, store.commit) {
            _ if waits == Waits::Alone => Span::ZERO,
            (Lags::Among(..) | Lags::Held(_), _) if waits == Waits::ForOthers => Span::ZERO,
            (Lags::Held(held), Commit::SemiSynchronous { .. } | Commit::Consensus(_)) => held[replica],
            (Lags::Read(_), _) => Span::ZERO,
            _ => store.apply.sample(&mut self.apply[replica]),
        }
    }

    /// How long the entries that are not played and were written before `now` keep one waiting that is written then.
    fn waits(&mut self, replica: usize, now: Instant) -> Span {
        let Lags::Among(trail, others) = self.lags else { return Span::ZERO };
        let within = self.last.map_or(f64::INFINITY, |last| (now - last).seconds());
        trail.latest(others, within, &mut self.lag[replica])
    }
}

/// Does a primary wait for a replica?
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Waits {
    /// As the store's commit says.
    AsSaid,
    /// For others, of which this replica is none: what it has not received yet is lost with the primary.
    ForOthers,
    /// For nobody, which is known beforehand.
    Alone,
}

/// What became of an entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Entry {
    /// Its number in the log.
    pub(super) index: u64,
    /// When the primary knew that it was where it had to be; [`Instant::FAR`] if never.
    pub(super) committed: Instant,
    /// From when on each replica shows it while it follows the log of that epoch.
    pub(super) shown: [Instant; REPLICAS_MAX],
}

impl Store {
    /// Lets a reign begin: its log, and the entry that begins it.
    pub(super) fn begin(&self, logs: &mut Logs, epoch: usize, luck: &mut Luck<'_>) {
        logs.begin(&self.reigns);
        let active = self.reigns.reigns()[epoch].active;
        let follows = if epoch == 0 {
            // There is nothing to take over.
            logs.of_mut(epoch).append([active; REPLICAS_MAX], |_| false);
            [active; REPLICAS_MAX]
        } else {
            luck.last = Some(active);
            self.append(logs, epoch, active, luck).shown
        };
        logs.of_mut(epoch).follows = follows;
    }

    /// The primary of an epoch appends an entry.
    pub(super) fn append(&self, logs: &mut Logs, epoch: usize, now: Instant, luck: &mut Luck<'_>) -> Entry {
        let log = logs.of(epoch);
        let reached = match self.applies {
            Apply::LogOrder => self.reached(log.reached, epoch, now, luck),
            Apply::NewestWins | Apply::LastArrived => self.reached_singly(epoch, now, luck),
        };
        let known = self.known(&reached, epoch, now);
        let (known, alone) = match self.reigns.alone_from(epoch, now) {
            Some(from) => (known.min(from), log.alone),
            None => self.falls_back(log.alone, known, now),
        };
        let stops = self.reigns.reigns()[epoch].stops;
        let committed = if known < stops { known.max(log.committed) } else { Instant::FAR };
        let mut replayed = log.replayed;
        let shown = match self.applies {
            Apply::LogOrder => {
                self.shown((log.shown, &mut replayed), (&reached, committed), epoch, now, luck)
            }
            Apply::NewestWins | Apply::LastArrived => {
                self.shown_singly((&reached, committed), epoch, now, luck)
            }
        };
        luck.last = Some(now);
        let lacks = |replica: usize| self.takes_over_without(epoch, replica, now, reached[replica]);
        let log = logs.of_mut(epoch);
        log.replayed = replayed;
        (log.committed, log.shown, log.alone) = (committed, shown, alone);
        Entry { index: log.append(reached, lacks), committed, shown }
    }

    /// When an entry leaves the primary that has been appended at `now`.
    pub(super) fn leaves(&self, now: Instant) -> Instant {
        match self.shipping {
            Shipping::Streamed => now,
            Shipping::Every(span) => next_multiple(now, span),
        }
    }

    /// When each replica receives an entry, given when it has received the one before.
    fn reached(
        &self,
        before: [Instant; REPLICAS_MAX],
        epoch: usize,
        now: Instant,
        luck: &mut Luck<'_>,
    ) -> [Instant; REPLICAS_MAX] {
        let reign = &self.reigns.reigns()[epoch];
        let leaves = self.leaves(now);
        let mut reached = [Instant::FAR; REPLICAS_MAX];
        for (replica, at) in reached.iter_mut().enumerate().take(self.reigns.replicas()) {
            if replica == reign.primary {
                *at = now;
                continue;
            }
            let distance = self.distances[reign.primary][replica];
            let waits = self.waits_for(epoch, replica, now);
            let takes = luck.takes(replica, self, distance, waits);
            let arrives = self.reigns.deliver((reign.primary, replica), leaves, takes, reign.stops);
            let takes_from = self.reigns.takes_from(epoch, replica);
            let arrives = arrives.unwrap_or(Instant::FAR).max(before[replica]).max(takes_from);
            let arrives = match self.commit {
                Commit::Asynchronous => arrives.max(now + luck.waits(replica, now)),
                _ if waits == Waits::ForOthers => arrives.max(now + luck.waits(replica, now)),
                Commit::SemiSynchronous { .. } | Commit::Consensus(_) => arrives,
            };
            let copied = self.reigns.copied(epoch, replica, now);
            let arrives = copied.map_or(arrives, |copy| copy.from.min(arrives));
            let arrives = match self.commit {
                // What it has not applied it does not have.
                Commit::Asynchronous => self.reigns.applied(epoch, replica, now, arrives),
                Commit::SemiSynchronous { .. } | Commit::Consensus(_) => arrives,
            };
            if arrives < self.reigns.refuses_from(epoch, replica) {
                *at = arrives;
            }
        }
        reached
    }

    /// Does a replica that others wait for lack an entry when it hears of the next epoch, since it has not caught up? So says the
    /// flow engine, although it may have received it.
    fn takes_over_without(&self, epoch: usize, replica: usize, now: Instant, received: Instant) -> bool {
        matches!(self.commit, Commit::SemiSynchronous { .. })
            && replica != self.reigns.reigns()[epoch].primary
            && self.reigns.applied(epoch, replica, now, received) >= self.reigns.refuses_from(epoch, replica)
    }

    /// Does the primary of an epoch wait for a replica to receive what it appends at `now`?
    pub(super) fn waits_for(&self, epoch: usize, replica: usize, now: Instant) -> Waits {
        if self.is_alone(epoch, now) {
            Waits::Alone
        } else if self.is_passed_over(replica, self.reigns.reigns()[epoch].primary, now) {
            Waits::ForOthers
        } else {
            Waits::AsSaid
        }
    }

    /// Is a replica none of those that a primary waits for at an instant? Those are the first in their order, or the nearest, of
    /// the ones that follow and whose answer counts.
    fn is_passed_over(&self, replica: usize, primary: usize, now: Instant) -> bool {
        let Commit::SemiSynchronous { replicas, which, .. } = self.commit else { return false };
        if !self.counts(replica, primary) {
            return true;
        }
        let rank = |replica: usize| match which {
            Acknowledgers::First => (Span::ZERO, replica),
            Acknowledgers::Any => (self.distances[primary][replica], replica),
        };
        let follows = |other: &usize| {
            self.counts(*other, primary)
                && self.reigns.serves(*other, now)
                && self.reigns.reach(primary, *other, now)
                && !self.reigns.is_behind(*other, now)
        };
        let all = (0..self.reigns.replicas()).filter(follows);
        all.filter(|other| rank(*other) < rank(replica)).count() >= replicas
    }

    /// Does a primary of such a store ever wait for a replica?
    fn counts(&self, replica: usize, primary: usize) -> bool {
        replica != primary
            && (!matches!(self.commit, Commit::SemiSynchronous { .. })
                || self.counting.counts(replica, primary))
    }

    /// Is it known beforehand that the primary of an epoch waits for nobody?
    fn is_alone(&self, epoch: usize, now: Instant) -> bool {
        self.reigns.alone_from(epoch, now) == Some(now)
    }

    /// From when on each replica shows an entry, given when it shows the one before and is done with it.
    fn shown(
        &self,
        (before, replayed): ([Instant; REPLICAS_MAX], &mut [Instant; REPLICAS_MAX]),
        (reached, committed): (&[Instant; REPLICAS_MAX], Instant),
        epoch: usize,
        now: Instant,
        luck: &mut Luck<'_>,
    ) -> [Instant; REPLICAS_MAX] {
        let reign = &self.reigns.reigns()[epoch];
        let mut shown = [Instant::FAR; REPLICAS_MAX];
        for (replica, at) in shown.iter_mut().enumerate().take(self.reigns.replicas()) {
            if replica == reign.primary {
                *at = if self.shows_at_once() { now } else { committed };
                continue;
            }
            let told = if self.agrees() && committed < Instant::FAR {
                let ways = (reign.primary, replica);
                let takes = self.distances[reign.primary][replica];
                self.reigns.deliver(ways, committed, takes, reign.stops).unwrap_or(Instant::FAR)
            } else if self.agrees() {
                Instant::FAR
            } else {
                now
            };
            let waits = self.waits_for(epoch, replica, now);
            let trails = self.commit == Commit::Asynchronous || waits == Waits::ForOthers;
            let applies = match luck.applies(replica, self, waits) {
                applies if trails => applies,
                applies => applies.max(luck.waits(replica, now)),
            };
            let received = match trails {
                // What is old is what a read finds, not what the replica has.
                true if luck.of_reads() && reached[replica] < Instant::FAR => {
                    let ways = (reign.primary, replica);
                    self.reigns.deliver(ways, now, Span::ZERO, reign.stops).unwrap_or(Instant::FAR)
                }
                _ => reached[replica],
            };
            let begins = received.max(told).max(replayed[replica]);
            if begins < Instant::FAR {
                replayed[replica] = begins.saturating_add(self.replay);
                let shows = replayed[replica].saturating_add(applies);
                let shows = match self.reigns.copied(epoch, replica, now) {
                    Some(copy) if copy.from <= shows => copy.until.max(told),
                    _ => self.reigns.counts_from(replica, shows),
                };
                *at = self.reigns.applied(epoch, replica, now, shows.max(before[replica]));
            }
        }
        shown
    }

    /// How old what a read finds at most is, where lags are drawn for reads: rarer lags are cut off.
    pub(super) fn oldest_read(&self) -> Span {
        Span::from_seconds(self.trails().quantile(1.0 - 1e-9)) + Span::NANOSECOND
    }

    /// How far a replica trails.
    pub(super) fn trails(&self) -> &Law {
        match self.commit {
            Commit::Asynchronous => &self.lag,
            Commit::SemiSynchronous { .. } | Commit::Consensus(_) => &self.apply,
        }
    }

    pub(super) fn shows_at_once(&self) -> bool {
        match self.commit {
            Commit::Asynchronous => true,
            Commit::SemiSynchronous { shows, .. } => shows == Shows::Accepted,
            Commit::Consensus(_) => false,
        }
    }

    /// Does nobody show what a quorum has not received?
    fn agrees(&self) -> bool {
        matches!(self.commit, Commit::Consensus(_))
    }
}

/// The least multiple of `every`, counted from the epoch of time, that is not before `at`.
fn next_multiple(at: Instant, every: Span) -> Instant {
    let past = at.nanos().rem_euclid(every.nanos());
    if past == 0 { at } else { at + (every - Span::from_nanos(past)) }
}
