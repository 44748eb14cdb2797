//! A client of a store with one writer at a time: its session, what it waits for, what it does next and where it turns.

use super::KeyId;
use super::client::{Habits, Intent};
use super::crowd::{Arrival, Whereabouts};
use super::history::{Action, Phase};
use super::log::Position;
use super::primary::{ReadFrom, Session, Store};
use super::register::Memory;
use sim::{Instant, Law, Span, Stream};
use std::collections::BTreeMap;

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
    /// Where sticky reads go.
    pub(super) home: Option<usize>,
    pub(super) process: u32,
    pub(super) number: u32,
    pub(super) key: KeyId,
    /// Since when what it does needs the versions that are there: the beginning of an update is that of its read.
    pub(super) since: Instant,
    pub(super) sent: Instant,
    /// The floor of the key when the operation was sent.
    pub(super) floor: Position,
    pub(super) intent: Intent<Position>,
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
    Write { value: u32, end: End<Position> },
    Read { end: End<Seen> },
}

/// How an operation will end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum End<T> {
    Done(T),
    Refused,
    TimedOut,
}

/// What a read found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Seen {
    pub(super) position: Position,
    pub(super) value: Option<u32>,
}

impl Open {
    /// How the history tells its end.
    pub(super) fn line(&self) -> Option<(Phase, Action)> {
        match *self {
            Open::Nothing => None,
            Open::Write { value, end } => {
                let phase = match end {
                    End::Done(_) => Phase::Ok,
                    End::Refused => Phase::Fail,
                    End::TimedOut => Phase::Info,
                };
                Some((phase, Action::Write(value)))
            }
            Open::Read { end: End::Done(seen) } => Some((Phase::Ok, Action::Read(Some(seen.value)))),
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
            habits: (&session.plan).into(),
            stream,
            home: session.reads.home(),
            process: index as u32,
            number: 0,
            key: KeyId(0),
            since: Instant::ZERO,
            sent: Instant::ZERO,
            floor: Position::ABSENT,
            intent: Intent::Read,
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

    /// Turns to whom it is led to. Who stays with a replica has chosen it the first time.
    pub(super) fn turn_to(&mut self, (session, distances): (&'a Session, &'a [Span])) {
        (self.session, self.distances) = (session, Some(distances));
        self.home = self.home.or(session.reads.home());
    }

    /// What it wanted comes to nothing: it will want something else; returns after how long.
    pub(super) fn give_up(&mut self) -> Span {
        self.intent = Intent::Read;
        self.plan_next(Open::Nothing)
    }

    /// Decides what comes next, given what was done; returns after how long.
    pub(super) fn plan_next(&mut self, done: Open) -> Span {
        if let (Intent::Update, Open::Read { end: End::Done(seen) }) = (self.intent, done) {
            self.intent = Intent::Replace(seen.position);
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
}

impl ReadFrom {
    /// Where one begins that stays with a replica.
    fn home(self) -> Option<usize> {
        match self {
            ReadFrom::Sticky(home) => Some(home),
            _ => None,
        }
    }
}

impl Store {
    /// When a client's message to a replica arrives, if it does.
    pub(super) fn asks(&self, busy: &mut Busy, replica: usize, sent: Instant, leg: &Law) -> Option<Instant> {
        let place = busy.session.place;
        let way = busy.distances.map_or(self.distances[place][replica], |own| own[replica]);
        self.reigns.carry((place, replica), sent, way + leg.sample(&mut busy.stream))
    }

    /// When the answer of a replica arrives, if it does.
    pub(super) fn tells(&self, busy: &mut Busy, replica: usize, sent: Instant, leg: &Law) -> Option<Instant> {
        let place = busy.session.place;
        let way = busy.distances.map_or(self.distances[replica][place], |own| own[replica]);
        self.reigns.carry((replica, place), sent, way + leg.sample(&mut busy.stream))
    }

    /// The replica that a client's next operation is sent to, if it knows one.
    pub(super) fn replica_for(&self, busy: &mut Busy, now: Instant) -> Option<usize> {
        let place = busy.session.place;
        let in_reach =
            |replica: &usize| self.reigns.serves(*replica, now) && self.reigns.reach(place, *replica, now);
        let mut able = (0..self.reigns.replicas()).filter(in_reach);
        let distances = busy.distances.unwrap_or(&self.distances[place]);
        match busy.session.reads {
            ReadFrom::Nearest if !busy.intent.writes() => {
                able.min_by_key(|replica| (distances[*replica], *replica != place))
            }
            ReadFrom::Uniform if !busy.intent.writes() => {
                let count = able.clone().count() as u64;
                if count == 0 { None } else { able.nth(busy.stream.below(count) as usize) }
            }
            ReadFrom::Named(replica) if !busy.intent.writes() => Some(replica).filter(in_reach),
            ReadFrom::Sticky(_) if !busy.intent.writes() => {
                if !busy.home.is_some_and(|home| in_reach(&home)) {
                    busy.home = Some(able.min_by_key(|replica| distances[*replica])?);
                }
                busy.home
            }
            _ => {
                let epoch = self.reigns.turned_to(place, now)?;
                Some(self.reigns.reigns()[epoch].primary)
            }
        }
    }
}
