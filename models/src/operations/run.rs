//! Clients at work. A read changes nothing at a replica, so that its answer is event enough; and a version that is kept
//! before it is sent is shown and acknowledged to nobody until then, so that a write needs no other event either. Only a
//! log, which is written in order, has one when a write is sent.
//!
//! One stream serves the whole run: what happens happens in a fixed order.

use super::client::{Client, Plan};
use super::durations::Durations;
use super::floors::Sessions;
use super::key::{Apply, Key, Order, Version};
use super::oracle::{Counts, Verdict};
use super::popularity::{Aliases, Popularity};
use super::quorum::{Heard, Quorum, Sender};
use super::{ClientId, KeyId};
use sim::calendar::{Calendar, Key as EventKey};
use sim::law::Sampler;
use sim::stats::LogHistogram;
use sim::{Id, Instant, Replication, Seed, Span, Stream, StreamName, Table};

/// A key is tidied once it has so many versions more than when it was tidied last.
const VERSIONS_KEPT: usize = 12;

/// A run of the operation engine.
#[derive(Clone, Debug)]
pub struct Operations<'a> {
    quorum: &'a Quorum,
    sender: Sender<'a>,
    apply: Apply,
    choice: Aliases,
    stream: Stream,
    keys: Table<KeyId, Kept>,
    clients: Table<ClientId, Busy<'a>>,
    /// When each client sent its last operation, or will send its next.
    sent: Table<ClientId, Instant>,
    sessions: Sessions,
    calendar: Calendar<Event>,
    counts: Counts,
    read_latency: Durations,
    write_latency: Durations,
}

/// What came of a run.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Tally {
    /// What was seen.
    pub counts: Counts,
    /// Nanoseconds that reads took.
    pub read_latency: LogHistogram,
    /// Nanoseconds that writes took.
    pub write_latency: LogHistogram,
}

#[derive(Clone, Debug, Default)]
struct Kept {
    key: Key,
    /// Tidied when it has so many versions.
    limit: usize,
}

/// What happens to a client.
#[derive(Clone, Copy, Debug)]
enum Event {
    Answer(ClientId),
    Write(ClientId),
}

/// A client and what it waits for.
#[derive(Clone, Debug)]
struct Busy<'a> {
    client: &'a Client,
    /// Its thoughts or rests.
    pause: Sampler,
    key: KeyId,
    under_way: UnderWay,
    operations: u32,
}

#[derive(Clone, Copy, Debug)]
enum UnderWay {
    Nothing,
    Write(Order),
    Read(Heard),
}

impl<'a> Operations<'a> {
    /// Clients that begin at the epoch.
    pub fn new(
        quorum: &'a Quorum,
        apply: Apply,
        popularity: &Popularity,
        clients: &'a [Client],
        (seed, replication): (Seed, Replication),
    ) -> Self {
        let (Popularity::Uniform { keys } | Popularity::Zipf { keys, .. }) = *popularity;
        let mut all = Table::new();
        for _ in 0..keys {
            all.push(Kept { key: Key::default(), limit: VERSIONS_KEPT });
        }
        let mut run = Operations {
            quorum,
            sender: quorum.sender(),
            apply,
            choice: Aliases::of(popularity),
            stream: Stream::new(seed, replication, StreamName::of("clients", "operations")),
            keys: all,
            clients: Table::new(),
            sent: Table::new(),
            sessions: Sessions::new(keys, clients.len()),
            calendar: Calendar::new(),
            counts: Counts::default(),
            read_latency: Durations::default(),
            write_latency: Durations::default(),
        };
        for client in clients {
            let (Plan::Mix { think: pause, .. } | Plan::ReadAfterWrite { rest: pause, .. }) = &client.plan;
            let pause = Sampler::of(pause);
            let busy = Busy { client, pause, key: KeyId(0), under_way: UnderWay::Nothing, operations: 0 };
            let id = run.clients.push(busy);
            run.sent.push(Instant::ZERO);
            run.schedule(Instant::ZERO, Event::Answer(id));
        }
        run
    }

    /// Runs until every operation sent before `horizon` has been answered.
    pub fn run(mut self, horizon: Instant) -> Tally {
        while let Some((key, event)) = self.calendar.pop() {
            match event {
                Event::Write(id) => self.write(id, key.at()),
                Event::Answer(id) => {
                    let (next, writes) = self.answer(id, key.at());
                    if next < horizon {
                        self.proceed(id, next, writes);
                    }
                }
            }
        }
        Tally {
            counts: self.counts,
            read_latency: self.read_latency.histogram(),
            write_latency: self.write_latency.histogram(),
        }
    }

    fn schedule(&mut self, at: Instant, event: Event) {
        let (rank, id) = match event {
            Event::Answer(id) => (0, id),
            Event::Write(id) => (1, id),
        };
        let number = self.clients[id].operations;
        self.calendar.schedule(EventKey::new(at, rank, id.index() as u32, number), event);
    }

    /// Judges what has been answered; returns when the client sends its next operation, and whether that is a write.
    fn answer(&mut self, id: ClientId, now: Instant) -> (Instant, bool) {
        let (busy, sent) = (&self.clients[id], self.sent[id]);
        let took = (now - sent).nanos().unsigned_abs();
        match &busy.under_way {
            UnderWay::Nothing => (),
            UnderWay::Write(order) => {
                self.write_latency.add(took);
                let floors = self.sessions.of(busy.key, id);
                self.counts.write(*order, floors);
                floors.written = floors.written.max(*order);
            }
            UnderWay::Read(heard) => {
                self.read_latency.add(took);
                let key = &self.keys[busy.key].key;
                let seen = heard.looks().map(|(replica, at)| key.read(replica, at, self.apply));
                let returned = seen.max().unwrap_or(Order::ABSENT);
                let floors = self.sessions.of(busy.key, id);
                self.counts.read(&Verdict::of(key, sent, returned, floors));
                floors.read = floors.read.max(returned);
            }
        }
        busy.next(now, &mut self.stream)
    }

    /// Lets a client begin its next operation at an instant to come.
    fn proceed(&mut self, id: ClientId, at: Instant, writes: bool) {
        let busy = &mut self.clients[id];
        busy.operations += 1;
        let follows_write = matches!(busy.under_way, UnderWay::Write(_));
        if !(follows_write && matches!(busy.client.plan, Plan::ReadAfterWrite { .. })) {
            busy.key = KeyId(self.choice.draw(&mut self.stream));
        }
        match (writes, self.apply) {
            (true, Apply::LogOrder) => self.schedule(at, Event::Write(id)),
            (true, Apply::NewestWins | Apply::LastArrived) => self.write(id, at),
            (false, _) => self.read(id, at),
        }
    }

    fn read(&mut self, id: ClientId, at: Instant) {
        let busy = &mut self.clients[id];
        let place = busy.place(&mut self.stream);
        let heard = self.sender.read(at, place, &mut self.stream);
        busy.under_way = UnderWay::Read(heard);
        self.sent[id] = at;
        self.schedule(heard.answered, Event::Answer(id));
    }

    /// Sends a write, at once or at an instant to come.
    fn write(&mut self, id: ClientId, at: Instant) {
        let busy = &mut self.clients[id];
        let place = busy.place(&mut self.stream);
        let written = self.sender.write(at, place, &mut self.stream);
        let stamp = (at + busy.client.ahead).nanos();
        let order = Order { stamp, writer: id.index() as u32, number: busy.operations };
        busy.under_way = UnderWay::Write(order);
        let key = busy.key;
        self.sent[id] = at;
        self.keep(key, Version { order, acked: written.acked, shown: written.arrived });
        self.schedule(written.acked, Event::Answer(id));
    }

    fn keep(&mut self, id: KeyId, version: Version) {
        let kept = &mut self.keys[id];
        kept.key.write(version, self.apply);
        if kept.key.versions().len() > kept.limit {
            let oldest = self.sent.rows().iter().min().copied().unwrap_or(Instant::ZERO);
            kept.key.forget(oldest, self.quorum.replicas(), self.apply);
            kept.limit = kept.key.versions().len() + VERSIONS_KEPT;
        }
    }
}

impl Busy<'_> {
    /// The place that coordinates its next operation.
    fn place(&self, stream: &mut Stream) -> usize {
        match self.client.places.as_slice() {
            [place] => *place,
            places => places[stream.below(places.len() as u64) as usize],
        }
    }

    /// When it sends its next operation, and whether that is a write.
    fn next(&self, now: Instant, stream: &mut Stream) -> (Instant, bool) {
        match (&self.client.plan, &self.under_way) {
            (Plan::Mix { reads, .. }, _) => {
                let wait = self.pause.sample(stream);
                (now + wait, !stream.chance(*reads))
            }
            (Plan::ReadAfterWrite { after, .. }, UnderWay::Write(_)) => (now + *after, false),
            (Plan::ReadAfterWrite { .. }, _) => (now + self.pause.sample(stream).max(Span::NANOSECOND), true),
        }
    }
}
