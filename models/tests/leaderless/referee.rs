//! A second implementation: one event for each message at each end, replicas that really hold, lose and discard versions. It
//! draws from streams of the same names in the same order, so that every message takes as long as in the engine.

mod clients;
mod conditions;
mod coordinators;
mod hints;
mod replicas;

use models::operations::leaderless::{
    Asks, Clock, Conditions, Level, ReadRepair, Return, Session, Store, Turns,
};
use models::operations::popularity::Choice;
use models::operations::{Order, Stretch};
use sim::stats::LogHistogram;
use sim::{Instant, Replication, Seed, Span, Stream, StreamName};
use std::collections::{BTreeMap, BTreeSet};

/// A write that was accepted.
#[derive(Clone, Debug)]
pub(crate) struct Write {
    pub(crate) key: u32,
    pub(crate) order: Order,
    pub(crate) place: usize,
    pub(crate) accepted: Instant,
    pub(crate) acked: Option<Instant>,
    /// All writes of the key that were seen before, directly or not.
    pub(crate) seen: BTreeSet<usize>,
    pub(crate) base: Option<Order>,
}

/// A version's arrival at a replica.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    pub(crate) write: usize,
    pub(crate) replica: usize,
    pub(crate) at: Instant,
    /// Since when it was known that it would be.
    pub(crate) known: Instant,
}

/// What happened, in order.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Entry {
    Blow(Instant),
    Accept(usize),
    Acked { process: u32, write: usize },
    Read { process: u32, key: u32, sent: Instant, returned: Option<usize> },
    Unknown,
    FailedRead,
    Refused { writes: bool, in_reach: bool },
}

#[derive(Clone, Debug)]
enum Event {
    Blow,
    Rebuild(usize),
    Compare,
    AtCoordinator(usize),
    AtReplica { op: usize, replica: usize, leg: Span },
    Back { op: usize, replica: usize, found: Option<usize> },
    Keep(usize),
    Hint { op: usize, replica: usize },
    HintLeaves { op: usize, replica: usize },
    HintArrives { op: usize, replica: usize },
    RepairArrives { op: usize, replica: usize, write: usize, leg: Span, known: Instant },
    RepairBack { op: usize, replica: usize },
    Copy { write: usize, replica: usize, known: Instant },
    ToClient(usize),
    Late(usize),
    Next(usize),
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Kind {
    Read,
    Write,
    Update,
    Replace(Option<usize>),
}

/// An operation, from its client's sending to its coordinator's last hint.
#[derive(Clone, Debug)]
struct Op {
    client: usize,
    process: u32,
    number: u32,
    key: u32,
    kind: Kind,
    sent: Instant,
    place: usize,
    back: Span,
    /// Of each replica: to it, and back.
    legs: Vec<(Span, Span)>,
    accepted: Instant,
    write: Option<usize>,
    seen: BTreeSet<usize>,
    answers: Vec<(Instant, usize, Option<usize>)>,
    enough: bool,
    repairs: BTreeSet<usize>,
    result: Option<usize>,
    refused: Option<bool>,
    ended: bool,
}

struct Client<'a> {
    session: &'a Session,
    stream: Stream,
    home: Option<usize>,
    process: u32,
    number: u32,
    next: Kind,
    key: u32,
    /// What its session has seen of each key.
    seen: BTreeMap<u32, BTreeSet<usize>>,
}

pub(crate) struct Referee<'a> {
    store: &'a Store,
    pub(crate) conditions: &'a Conditions,
    clients: Vec<Client<'a>>,
    choice: Choice,
    ops: Vec<Op>,
    pub(crate) writes: Vec<Write>,
    pub(crate) arrivals: Vec<Arrival>,
    pub(crate) journal: Vec<Entry>,
    /// Nanoseconds that answered reads and acknowledged writes took.
    pub(crate) took: [LogHistogram; 2],
    /// What each replica has: the write, and when it came.
    has: Vec<BTreeMap<usize, Instant>>,
    /// Of each place and replica, outages and from when on the place is convinced.
    convictions: BTreeMap<(usize, usize), Vec<(Instant, Instant)>>,
    queue: BTreeMap<(Instant, u8, u64), Event>,
    scheduled: u64,
    anti_entropy: Stream,
    horizon: Instant,
    pub(crate) end: Instant,
}

fn holds(stretch: &Stretch, at: Instant) -> bool {
    stretch.from <= at && at < stretch.until
}

impl<'a> Referee<'a> {
    pub(crate) fn run(
        store: &'a Store,
        sessions: &'a [Session],
        luck: (Seed, Replication),
        horizon: Instant,
    ) -> Self {
        let stream = |path: &str, purpose: &str| Stream::new(luck.0, luck.1, StreamName::of(path, purpose));
        let conditions = &store.conditions;
        let mut referee = Referee {
            store,
            conditions,
            clients: Vec::new(),
            choice: Choice::of(&store.popularity),
            ops: Vec::new(),
            writes: Vec::new(),
            arrivals: Vec::new(),
            journal: Vec::new(),
            took: Default::default(),
            has: vec![BTreeMap::new(); conditions.replicas()],
            convictions: BTreeMap::new(),
            queue: BTreeMap::new(),
            scheduled: 0,
            anti_entropy: stream("store", "anti-entropy"),
            horizon,
            end: horizon,
        };
        for place in 0..conditions.places() {
            for replica in 0..conditions.replicas() {
                let mut luck = stream(&format!("place/{place}/replica/{replica}"), "conviction");
                let convictions = referee.outages(place, replica).into_iter();
                let convictions = convictions
                    .map(|from| (from, from.saturating_add(store.conviction.sample(&mut luck))))
                    .collect();
                referee.convictions.insert((place, replica), convictions);
            }
        }
        referee.begin(sessions, stream);
        while let Some(((now, _, _), event)) = referee.queue.pop_first() {
            let of_conditions = matches!(event, Event::Rebuild(_) | Event::Compare);
            if of_conditions && now >= horizon {
                continue;
            }
            referee.handle(event, now);
        }
        referee
    }

    fn begin(&mut self, sessions: &'a [Session], stream: impl Fn(&str, &str) -> Stream) {
        let troubles = self.conditions.troubles().clone();
        let mut blows = BTreeSet::new();
        for replica in 0..self.conditions.replicas() {
            blows.extend(troubles.down[replica].iter().map(|down| down.from));
            blows.extend(troubles.losses[replica].iter().map(|loss| loss.at));
            for loss in troubles.losses[replica].iter().filter(|loss| loss.kept.is_none()) {
                let down = troubles.down[replica].iter().find(|down| holds(down, loss.at));
                let back = down.map_or(loss.at, |down| down.until);
                if self.store.returns == Return::Rebuilt && back < Instant::FAR {
                    self.schedule(back, 1, Event::Rebuild(replica));
                }
            }
        }
        for at in blows {
            self.schedule(at, 0, Event::Blow);
        }
        if let Some(every) = self.store.anti_entropy {
            self.schedule(Instant::ZERO + every, 2, Event::Compare);
        }
        for (index, session) in sessions.iter().enumerate() {
            let home = match session.turns {
                Turns::Sticky(home) => Some(home),
                _ => None,
            };
            let stream = stream(&format!("session/{index}"), "operations");
            self.clients.push(Client {
                session,
                stream,
                home,
                process: index as u32,
                number: 0,
                next: Kind::Read,
                key: 0,
                seen: BTreeMap::new(),
            });
            self.plan(index, Instant::ZERO);
        }
    }

    fn schedule(&mut self, at: Instant, rank: u8, event: Event) {
        self.scheduled += 1;
        self.queue.insert((at, rank, self.scheduled), event);
    }

    fn handle(&mut self, event: Event, now: Instant) {
        match event {
            Event::Blow => self.blow(now),
            Event::Rebuild(replica) => self.rebuild(replica, now),
            Event::Compare => self.compare(now),
            Event::AtCoordinator(op) => self.at_coordinator(op, now),
            Event::AtReplica { op, replica, leg } => self.at_replica(op, replica, leg, now),
            Event::Back { op, replica, found } => self.back(op, replica, found, now),
            Event::Keep(op) => self.keep(op, now),
            Event::Hint { op, replica } => self.hint(op, replica, now),
            Event::HintLeaves { op, replica } => self.hint_leaves(op, replica, now),
            Event::HintArrives { op, replica } => self.hint_arrives(op, replica, now),
            Event::RepairArrives { op, replica, write, leg, known } => {
                self.repair_arrives((op, replica, write), leg, known, now);
            }
            Event::RepairBack { op, replica } => self.repair_back(op, replica, now),
            Event::Copy { write, replica, known } => self.take(replica, write, now, known),
            Event::ToClient(op) => self.client_hears(op, now),
            Event::Late(op) => self.late(op, now),
            Event::Next(client) if now < self.horizon => self.send(client, now),
            Event::Next(_) => (),
        }
    }
}
