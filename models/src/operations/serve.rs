//! Clients at work on a store with one writer at a time, event by event: an operation is sent, arrives where it is served,
//! and is answered.
//!
//! What happens at one instant is ordered: a reign begins, then operations are answered, then they arrive, then new ones
//! are sent. So an acknowledgement counts for what is sent at the same instant.

use super::client::Intent;
use super::crowd::{Comers, Crowd, Took};
use super::history::{Action, History, Line, Phase};
use super::log::{Logs, Position};
use super::popularity::Choice;
use super::primary::{Lags, Luck, ReadFrom, Session, Store};
use super::register::{PrimaryCounts, Register, Version};
use super::session::{Busy, End, Open, Seen};
use super::{ClientId, KeyId};
use sim::calendar::{Calendar, Key as EventKey};
use sim::stats::LogHistogram;
use sim::{Id, Instant, Replication, Seed, Span, Stream, StreamName, Table};

/// A key is tidied once it has so many versions more than when it was tidied last.
const VERSIONS_KEPT: usize = 32;

/// A run of sessions against a [`Store`].
#[derive(Clone, Debug)]
pub struct PrimaryRun<'a> {
    store: &'a Store,
    choice: Choice,
    logs: Logs,
    luck: Luck<'a>,
    registers: Table<KeyId, Kept>,
    clients: Table<ClientId, Busy<'a>>,
    calendar: Calendar<Event>,
    tally: PrimaryTally,
    /// What nobody asks for.
    ignored: PrimaryTally,
    comers: Option<Comers<'a, Session>>,
}

/// What came of a run.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct PrimaryTally {
    /// What was seen.
    pub counts: PrimaryCounts,
    /// Nanoseconds that answered reads took.
    pub read_latency: LogHistogram,
    /// Nanoseconds that acknowledged writes took.
    pub write_latency: LogHistogram,
    /// Both, apart for each number of those who came.
    pub took: Took,
    /// Keys with operations out of order ([`PrimaryCounts::out_of_order`]).
    pub out_of_order: Vec<KeyId>,
    /// Operations of the sampled keys.
    pub history: History,
}

impl PrimaryTally {
    /// What reads and writes take, of somebody who came, or of those who are always there.
    fn times(&mut self, whose: Option<u32>) -> (&mut LogHistogram, &mut LogHistogram) {
        match whose {
            Some(whose) => self.took.of(whose),
            None => (&mut self.read_latency, &mut self.write_latency),
        }
    }
}

#[derive(Clone, Debug)]
struct Kept {
    register: Register,
    /// Tidied when it has so many versions.
    limit: usize,
}

#[derive(Clone, Copy, Debug)]
enum Event {
    Begin(u32),
    Come,
    Answer(ClientId),
    Accept(Sent),
    Look(Sent),
    Send(ClientId),
}

/// An operation on its way.
#[derive(Clone, Copy, Debug)]
struct Sent {
    client: ClientId,
    /// Which of its client's.
    number: u32,
    key: KeyId,
    /// The value to write.
    value: u32,
    replica: u32,
    counts: bool,
}

impl<'a> PrimaryRun<'a> {
    /// Sessions that begin at time zero; the history holds the first `sampled` keys. A store under
    /// [`super::Commit::Consensus`] wants reigns that are elected by its quorums ([`super::Reigns::elects_by_quorum`]).
    ///
    /// # Panics
    /// If replicas are to take entries out of the log's order, and there is more than one primary, or they vote.
    pub fn new(
        store: &'a Store,
        sessions: &'a [Session],
        sampled: u32,
        (seed, replication): (Seed, Replication),
    ) -> Self {
        let mut run = PrimaryRun::empty(store, sampled, (seed, replication), Lags::Each);
        for (index, session) in sessions.iter().enumerate() {
            let name = StreamName::of(&format!("session/{index}"), "operations");
            let id = run.clients.push(Busy::new(session, index, Stream::new(seed, replication, name)));
            run.schedule(Instant::ZERO, Event::Answer(id));
        }
        run
    }

    /// The same with lags drawn in another way.
    pub(crate) fn lagging(mut self, lags: Lags<'a>) -> Self {
        self.luck.draw(lags);
        self
    }

    /// Sessions that come from outside, and for what lags are drawn: what is seen of a key must not depend on how many others
    /// are looked at.
    pub(crate) fn open(store: &'a Store, crowd: Crowd<'a, Session>, lags: Lags<'a>, stream: Stream) -> Self {
        let mut own = stream.clone();
        let mut run = PrimaryRun::empty(store, 0, (Seed(own.bits()), Replication(0)), lags);
        run.comers = Some(Comers::new(crowd, stream));
        run.expect();
        run
    }

    fn empty(store: &'a Store, sampled: u32, luck: (Seed, Replication), lags: Lags<'a>) -> Self {
        assert!(store.is_sound(), "only the order of the log tells what a hand-over leaves");
        let mut registers = Table::new();
        for _ in 0..store.popularity.keys().max(1) {
            registers.push(Kept { register: Register::EMPTY, limit: VERSIONS_KEPT });
        }
        let mut run = PrimaryRun {
            store,
            choice: Choice::of(&store.popularity),
            logs: Logs::default(),
            luck: Luck::new(store.reigns.replicas(), luck, lags),
            registers,
            clients: Table::new(),
            calendar: Calendar::new(),
            tally: PrimaryTally { history: History::of_first(sampled), ..PrimaryTally::default() },
            ignored: PrimaryTally::default(),
            comers: None,
        };
        for (epoch, reign) in store.reigns.reigns().iter().enumerate() {
            run.calendar
                .schedule(EventKey::new(reign.active, 0, epoch as u32, 0), Event::Begin(epoch as u32));
        }
        run
    }

    /// Runs until every operation sent before `horizon` has ended.
    pub fn run(mut self, horizon: Instant) -> PrimaryTally {
        while let Some((key, event)) = self.calendar.pop() {
            let now = key.at();
            match event {
                Event::Begin(epoch) => self.begin(epoch),
                Event::Come => self.come(),
                Event::Answer(id) => {
                    if let Some(wait) = self.answer(id, now) {
                        self.schedule(now + wait, Event::Send(id));
                    }
                }
                Event::Accept(sent) => self.accept(sent, now),
                Event::Look(sent) => self.look(sent, now),
                Event::Send(id) if now < horizon => self.send(id, now),
                Event::Send(_) => (),
            }
        }
        if self.comers.is_some() {
            (self.tally.read_latency, self.tally.write_latency) = self.tally.took.all();
        }
        for (id, kept) in self.registers.iter() {
            kept.register.settle(&mut self.tally.counts);
            if kept.register.broken {
                self.tally.out_of_order.push(id);
            }
        }
        self.tally
    }

    fn schedule(&mut self, at: Instant, event: Event) {
        let (rank, id) = match event {
            Event::Begin(_) | Event::Come => return,
            Event::Answer(id) => (1, id),
            Event::Accept(sent) | Event::Look(sent) => (2, sent.client),
            Event::Send(id) => (3, id),
        };
        let number = self.clients[id].number;
        self.calendar.schedule(EventKey::new(at, rank, id.index() as u32, number), event);
    }

    /// The next session is expected.
    fn expect(&mut self) {
        let Some(comers) = &self.comers else { return };
        if let Some(arrival) = comers.next() {
            self.calendar.schedule(EventKey::new(arrival.at, 4, 0, comers.come as u32), Event::Come);
        }
    }

    /// A session comes, and sends its first operation.
    fn come(&mut self) {
        if self.is_over() {
            return;
        }
        let Some(comers) = &mut self.comers else { return };
        let Some(arrival) = comers.next() else { return };
        let id = comers.idle.pop().unwrap_or_else(|| {
            let stream = comers.stream();
            self.clients.push(Busy::new(comers.somewhere(), 0, stream))
        });
        self.clients[id].begin(comers.process(), &arrival);
        comers.come += 1;
        self.expect();
        self.send(id, arrival.at);
    }

    /// Has every counted session ended, and is no loss of what they wrote to come, nor a read of what is lost?
    fn is_over(&self) -> bool {
        let begun = self.logs.latest().map_or(0, |latest| latest + 1);
        self.comers.as_ref().is_some_and(|comers| comers.awaited == 0)
            && begun == self.store.reigns.reigns().len()
            && !self.registers.rows().iter().any(|kept| kept.register.may_be_read_yet())
    }

    /// A session of a crowd ends.
    fn leave(&mut self, id: ClientId) {
        self.clients[id].intent = Intent::Read;
        if let Some(comers) = &mut self.comers {
            comers.awaited -= usize::from(self.clients[id].counted);
            comers.idle.push(id);
        }
    }

    /// Does what a session of a crowd sends come to a place of the store? What does not is one of its operations, and it
    /// goes on.
    fn comes_through(&mut self, id: ClientId, now: Instant) -> bool {
        if self.is_over() {
            self.leave(id);
            return false;
        }
        let Some(comers) = &mut self.comers else { return true };
        let busy = &mut self.clients[id];
        if busy.counted && comers.crowd.counts.until <= now {
            self.leave(id);
            return false;
        }
        busy.counts = busy.counted && comers.crowd.counts.from <= now;
        let open = |place| self.store.reigns.is_up(place, now);
        if let Some(turned) = comers.turns(&mut busy.whereabouts, now, &mut busy.stream, open) {
            busy.turn_to(turned);
            return true;
        }
        let wait = busy.give_up();
        if comers.ends(busy.operations) {
            self.leave(id);
        } else {
            self.schedule(now + wait, Event::Send(id));
        }
        false
    }

    fn begin(&mut self, epoch: u32) {
        let epoch = epoch as usize;
        self.store.begin(&mut self.logs, epoch, &mut self.luck);
        for kept in self.registers.rows_mut() {
            kept.register.mark_lost(&self.logs, epoch, &mut self.tally.counts);
        }
    }

    fn send(&mut self, id: ClientId, now: Instant) {
        if self.comers.is_some() && !self.comes_through(id, now) {
            return;
        }
        let busy = &mut self.clients[id];
        busy.number += 1;
        if !busy.stays && !busy.intent.goes_on() {
            busy.key = KeyId(self.choice.draw(&mut busy.stream));
        }
        if busy.intent.base().is_none() {
            busy.since = now;
        }
        let register = &mut self.registers[busy.key].register;
        (busy.sent, busy.floor) = (now, register.floor);
        // Unless an answer comes, it times out.
        let (value, action) = if busy.intent.writes() {
            register.values += 1;
            busy.open = Open::Write { value: register.values, end: End::TimedOut };
            (register.values, Action::Write(register.values))
        } else {
            busy.open = Open::Read { end: End::TimedOut };
            (0, Action::Read(None))
        };
        let line = Line { process: busy.process, phase: Phase::Invoke, action, key: busy.key, at: now };
        self.tally.history.record(line);
        self.travel(id, value, now);
    }

    /// Sends an operation on its way.
    fn travel(&mut self, id: ClientId, value: u32, now: Instant) {
        let busy = &mut self.clients[id];
        let to = self.store.replica_for(busy, now);
        let legs = &self.store.legs;
        let leg = if busy.intent.writes() { &legs.write } else { &legs.read };
        let arrives = to.and_then(|replica| self.store.asks(busy, replica, now, leg));
        let late = now + self.store.patience;
        let (number, key, writes, counts) = (busy.number, busy.key, busy.intent.writes(), busy.counts);
        if arrives.is_none_or(|arrives| arrives > late) {
            self.schedule(late, Event::Answer(id));
        }
        if let (Some(arrives), Some(to)) = (arrives, to) {
            let sent = Sent { client: id, number, key, value, replica: to as u32, counts };
            if writes {
                self.schedule(arrives, Event::Accept(sent));
            } else if arrives <= late {
                self.schedule(arrives, Event::Look(sent));
            }
        }
    }

    /// A write arrives at what its client took for the primary. Its client may have given up by then.
    fn accept(&mut self, sent: Sent, now: Instant) {
        let replica = sent.replica as usize;
        let Some(epoch) = self.store.reigns.accepts(replica, now) else {
            self.reply(sent, now, Some(now), Open::Write { value: sent.value, end: End::Refused });
            return;
        };
        let entry = self.store.append(&mut self.logs, epoch, now, &mut self.luck);
        let position = Position { epoch: epoch as u32, index: entry.index };
        let committed = Some(entry.committed).filter(|at| *at < Instant::FAR);
        let process = self.clients[sent.client].process;
        let done = Open::Write { value: sent.value, end: End::Done(position) };
        let acked = self.reply(sent, now, committed, done);
        let latest = self.logs.latest().unwrap_or(epoch);
        let version = Version {
            position,
            value: sent.value,
            process,
            acked,
            shown: entry.shown,
            lost: !self.logs.holds(latest, position),
            read: false,
            counted: sent.counts,
            updates: 0,
        };
        let tally = if version.counted { &mut self.tally } else { &mut self.ignored };
        tally.counts.superseded += u64::from(acked < Instant::FAR && epoch < latest);
        self.keep(sent.key, version, now);
    }

    fn keep(&mut self, key: KeyId, version: Version, now: Instant) {
        let kept = &mut self.registers[key];
        let before = kept.register.last_in(&self.logs, version.position.epoch as usize);
        let before = before.map(|version| version.value);
        self.tally.history.accept(key, version.value, version.position, before);
        kept.register.write(version);
        if kept.register.versions.len() > kept.limit {
            let is_open = |busy: &&Busy| busy.open != Open::Nothing || busy.intent.base().is_some();
            let open = self.clients.rows().iter().filter(is_open);
            let since = open.map(|busy| busy.since).min().unwrap_or(now);
            let back = if self.luck.of_reads() { self.store.oldest_read() } else { Span::ZERO };
            let since = since - back;
            let reigns = &self.store.reigns;
            let replicas = (0..reigns.replicas()).filter(|replica| !reigns.is_gone(*replica, since));
            let logs = (&self.logs, self.store.applies);
            kept.register.forget(logs, since, replicas, &mut self.tally.counts);
            kept.limit = kept.register.versions.len() + VERSIONS_KEPT;
        }
    }

    /// A read arrives.
    fn look(&mut self, sent: Sent, now: Instant) {
        let replica = sent.replica as usize;
        let reads = self.clients[sent.client].session.reads;
        let at = now - self.looks_back(sent.client, replica, now);
        let found = self.registers[sent.key].register.seen(&self.logs, replica, at, self.store.applies);
        let seen = found.map_or(Seen { position: Position::ABSENT, value: None }, |version| Seen {
            position: version.position,
            value: Some(version.value),
        });
        let answered = match reads {
            _ if !self.store.reigns.serves(replica, now) => {
                self.reply(sent, now, Some(now), Open::Read { end: End::Refused });
                return;
            }
            ReadFrom::Nearest | ReadFrom::Uniform | ReadFrom::Named(_) | ReadFrom::Sticky(_) => Some(now),
            ReadFrom::Primary | ReadFrom::Confirmed => {
                let epoch = self.store.reigns.accepts(replica, now);
                let ready = epoch.filter(|epoch| self.logs.of(*epoch).follows[replica] <= now);
                let Some(epoch) = ready else {
                    self.reply(sent, now, Some(now), Open::Read { end: End::Refused });
                    return;
                };
                if reads == ReadFrom::Confirmed { self.store.confirmed(epoch, now) } else { Some(now) }
            }
        };
        self.reply(sent, now, answered, Open::Read { end: End::Done(seen) });
    }

    /// How old what a read finds at a replica is, where lags are drawn for reads.
    fn looks_back(&mut self, client: ClientId, replica: usize, now: Instant) -> Span {
        if !self.luck.of_reads() || self.store.reigns.accepts(replica, now).is_some() {
            return Span::ZERO;
        }
        let drawn = self.store.trails().sample(&mut self.clients[client].stream);
        drawn.min(self.store.oldest_read())
    }

    /// Sends an answer to what arrived at `now`, at an instant to come or never; returns when its client gets it. The client
    /// may have given up.
    fn reply(&mut self, sent: Sent, now: Instant, at: Option<Instant>, end: Open) -> Instant {
        let busy = &mut self.clients[sent.client];
        let late = busy.sent + self.store.patience;
        if busy.number != sent.number || busy.open == Open::Nothing || now > late {
            return Instant::FAR;
        }
        let legs = &self.store.legs;
        let leg = if matches!(end, Open::Write { .. }) { &legs.ack } else { &legs.response };
        let gets = at.and_then(|at| self.store.tells(busy, sent.replica as usize, at, leg));
        let gets = gets.filter(|at| *at <= late);
        if gets.is_some() {
            busy.open = end;
        }
        self.schedule(gets.unwrap_or(late), Event::Answer(sent.client));
        gets.unwrap_or(Instant::FAR)
    }

    /// An operation ends; returns how long its client waits before the next, if there is one.
    fn answer(&mut self, id: ClientId, now: Instant) -> Option<Span> {
        let clients = self.clients.len() as u32;
        let busy = &mut self.clients[id];
        let open = std::mem::replace(&mut busy.open, Open::Nothing);
        let took = (now - busy.sent).nanos().unsigned_abs();
        let register = &mut self.registers[busy.key].register;
        if let Some((phase, action)) = open.line() {
            let line = Line { process: busy.process, phase, action, key: busy.key, at: now };
            self.tally.history.record(line);
        }
        let tally = if busy.counts { &mut self.tally } else { &mut self.ignored };
        match open {
            Open::Nothing => (),
            Open::Write { end: End::Done(position), .. } => {
                tally.times(busy.whose).1.add(took);
                register.judge_write(busy.floor, position, &mut tally.counts);
                if let Some(base) = busy.intent.base() {
                    register.judge_update(base, &mut tally.counts);
                }
                busy.memory.entry(busy.key).or_default().wrote = true;
            }
            Open::Write { end: End::Refused, .. } => tally.counts.refused_writes += 1,
            Open::Write { end: End::TimedOut, .. } => {
                tally.counts.unknown_writes += 1;
                match &mut self.comers {
                    Some(comers) => busy.process = comers.process(),
                    None => busy.process += clients,
                }
                busy.memory.clear();
            }
            Open::Read { end: End::Done(seen) } => {
                tally.times(busy.whose).0.add(took);
                let memory = busy.memory.entry(busy.key).or_default();
                register.judge_read(
                    (busy.process, busy.sent, busy.floor),
                    seen.position,
                    memory,
                    &mut tally.counts,
                );
            }
            Open::Read { .. } => tally.counts.failed_reads += 1,
        }
        let wait = busy.plan_next(open);
        let goes_on = busy.intent.goes_on();
        let Some(comers) = self.comers.as_mut().filter(|_| !goes_on) else { return Some(wait) };
        if comers.ends(busy.operations) {
            self.leave(id);
            return None;
        }
        Some(wait)
    }
}
