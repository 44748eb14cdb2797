//! A client of a store that many may write: where it turns, what it does next, what it waits for.

use super::judge::Memory;
use super::key::Key;
use super::letters::Answers;
use super::store::Store;
use crate::operations::KeyId;
use crate::operations::client::{Habits, Intent};
use crate::operations::crowd::{Arrival, Whereabouts};
use crate::operations::history::{Action, Phase};
use crate::operations::key::Order;
use sim::{Instant, Law, Span, Stream};
use std::collections::BTreeMap;

/// Which coordinator a session turns to, of those at work and in its reach; an operation that finds none is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Turns {
    /// The nearest.
    Nearest,
    /// The one at this place; once that is not to be had, the nearest, and stays there.
    Sticky(usize),
    /// Any of them, each time anew.
    Uniform,
}

/// A client: one session after the other, since a session ends when a write's outcome stays unknown.
#[derive(Clone, PartialEq, Debug)]
pub struct Session {
    /// Where it is.
    pub place: usize,
    /// Whom it turns to.
    pub turns: Turns,
    /// Share of operations that are reads.
    pub reads: f64,
    /// Share that are updates: a read, and once that is answered a write of the same key. The rest are writes.
    pub updates: f64,
    /// Time between an answer and the next operation.
    pub think: Law,
}

/// A client and what it waits for.
#[derive(Clone, Debug)]
pub(super) struct Busy<'a> {
    pub(super) session: &'a Session,
    pub(super) whereabouts: Whereabouts,
    /// How far its site is from each place, if that is another than its place.
    pub(super) distances: Option<&'a [Span]>,
    /// Whose it is, if it comes and goes.
    pub(super) whose: Option<u32>,
    pub(super) habits: Habits,
    pub(super) stream: Stream,
    pub(super) home: Option<usize>,
    pub(super) process: u32,
    pub(super) number: u32,
    pub(super) key: KeyId,
    /// Since when what it does needs the versions that are there: the beginning of an update is that of its read.
    pub(super) since: Instant,
    pub(super) sent: Instant,
    pub(super) intent: Intent<Order>,
    /// The place that coordinates its read.
    pub(super) coordinated_at: usize,
    /// Does it stay with its key?
    pub(super) stays: bool,
    /// Is what it sees counted?
    pub(super) counted: bool,
    /// Is its present operation?
    pub(super) counts: bool,
    /// Mean number of its operations, if it comes and goes.
    pub(super) operations: f64,
    pub(super) open: Open,
    pub(super) memory: BTreeMap<KeyId, Memory>,
}

/// What is known of a client's operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Open {
    Nothing,
    Write {
        value: u32,
        end: End<Order>,
    },
    /// A read that will be judged by these answers.
    Awaited(Answers),
    Read {
        end: End<Found>,
    },
}

/// How an operation will end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum End<T> {
    Done(T),
    Refused { in_reach: bool },
    TimedOut,
}

/// What a read found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Found {
    pub(super) order: Order,
    pub(super) value: Option<u32>,
}

impl Found {
    /// The version at a place among a key's, or that there is none.
    pub(super) fn of(key: &Key, place: Option<usize>) -> Self {
        let version = place.map(|place| &key.versions[place]);
        let order = version.map_or(Order::ABSENT, |version| version.order);
        Found { order, value: version.map(|version| version.value) }
    }
}

impl From<&Session> for Habits {
    fn from(session: &Session) -> Self {
        let Session { reads, updates, think, .. } = session;
        Habits { reads: *reads, updates: *updates, think: think.clone(), reads_back: None }
    }
}

impl Turns {
    /// Where one begins that stays with a coordinator.
    fn home(self) -> Option<usize> {
        match self {
            Turns::Sticky(home) => Some(home),
            Turns::Nearest | Turns::Uniform => None,
        }
    }
}

impl Open {
    /// How the history tells its end.
    pub(super) fn line(&self) -> Option<(Phase, Action)> {
        match *self {
            Open::Nothing | Open::Awaited(_) => None,
            Open::Write { value, end } => {
                let phase = match end {
                    End::Done(_) => Phase::Ok,
                    End::Refused { .. } => Phase::Fail,
                    End::TimedOut => Phase::Info,
                };
                Some((phase, Action::Write(value)))
            }
            Open::Read { end: End::Done(found) } => Some((Phase::Ok, Action::Read(Some(found.value)))),
            Open::Read { .. } => Some((Phase::Fail, Action::Read(None))),
        }
    }
}

impl<'a> Busy<'a> {
    pub(super) fn new(session: &'a Session, index: usize, stream: Stream) -> Self {
        Busy {
            session,
            whereabouts: Whereabouts::At(0),
            distances: None,
            whose: None,
            habits: session.into(),
            stream,
            home: session.turns.home(),
            process: index as u32,
            number: 0,
            key: KeyId(0),
            since: Instant::ZERO,
            sent: Instant::ZERO,
            intent: Intent::Read,
            coordinated_at: 0,
            stays: false,
            counted: true,
            counts: true,
            operations: f64::INFINITY,
            open: Open::Nothing,
            memory: BTreeMap::new(),
        }
    }

    /// Begins a session on one key.
    pub(super) fn begin(&mut self, process: u32, arrival: &Arrival) {
        (self.whereabouts, self.habits) = (arrival.whereabouts, arrival.conduct.into());
        (self.process, self.key, self.counted) = (process, arrival.key, arrival.counted);
        (self.operations, self.whose) = (arrival.conduct.operations, Some(arrival.whose));
        (self.home, self.stays) = (None, true);
        self.memory.clear();
        self.intent = self.habits.choose(&mut self.stream);
    }

    /// Turns to whom it is led to. Who stays with a coordinator has chosen it the first time.
    pub(super) fn turn_to(&mut self, (session, distances): (&'a Session, &'a [Span])) {
        (self.session, self.distances) = (session, Some(distances));
        self.home = self.home.or(session.turns.home());
    }

    /// What it wanted comes to nothing: it will want something else; returns after how long.
    pub(super) fn give_up(&mut self) -> Span {
        self.intent = Intent::Read;
        self.plan_next(Open::Nothing)
    }

    /// Decides what comes next, given what was done; returns after how long.
    pub(super) fn plan_next(&mut self, done: Open) -> Span {
        if let (Intent::Update, Open::Read { end: End::Done(found) }) = (self.intent, done) {
            self.intent = Intent::Replace(found.order);
            return Span::ZERO;
        }
        if let (Some(after), Open::Write { end: End::Done(_), .. }) = (self.habits.reads_back, done) {
            self.intent = Intent::ReadBack;
            return after;
        }
        let wait = self.habits.think.sample(&mut self.stream);
        self.intent = self.habits.choose(&mut self.stream);
        // A client that is refused at once does not ask again at the same instant for ever.
        wait.max(Span::NANOSECOND)
    }

    /// What the ways to a coordinator's place and back take.
    pub(super) fn takes(&self, store: &Store, place: usize) -> (Span, Span) {
        let own = self.session.place;
        let ways = (store.distances[own][place], store.distances[place][own]);
        self.distances.map_or(ways, |distances| (distances[place], distances[place]))
    }

    /// The place of the coordinator that the next operation is sent to, if there is one.
    pub(super) fn coordinator(&mut self, store: &Store, now: Instant) -> Option<usize> {
        let place = self.session.place;
        let conditions = &store.conditions;
        let able = |other: &usize| conditions.is_open(*other, now) && conditions.reach(place, *other, now);
        let mut all = (0..conditions.places()).filter(able);
        let distances = self.distances.unwrap_or(&store.distances[place]);
        match self.session.turns {
            Turns::Nearest => all.min_by_key(|other| (distances[*other], *other != place)),
            Turns::Sticky(_) => {
                if !self.home.is_some_and(|home| able(&home)) {
                    self.home = Some(all.min_by_key(|other| (distances[*other], *other != place))?);
                }
                self.home
            }
            Turns::Uniform => {
                let count = all.clone().count() as u64;
                if count == 0 { None } else { all.nth(self.stream.below(count) as usize) }
            }
        }
    }
}
