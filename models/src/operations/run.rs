//! Clients at work. A write is an event when it is sent and one when it is answered; a read changes nothing at a replica,
//! so that its answer is event enough.

use super::client::{Client, Plan};
use super::key::{Apply, Key, Order, Version};
use super::oracle::{Counts, Floors, Verdict};
use super::popularity::{Choice, Popularity};
use super::quorum::{Heard, Quorum};
use super::{ClientId, KeyId};
use sim::calendar::{Calendar, Key as EventKey};
use sim::stats::LogHistogram;
use sim::{Id, Instant, Replication, Seed, Span, Stream, StreamName, Table};
use std::collections::BTreeMap;

/// A key is tidied once it has so many versions more than when it was tidied last.
const VERSIONS_KEPT: usize = 32;

/// A run of the operation engine.
#[derive(Clone, Debug)]
pub struct Operations<'a> {
    quorum: &'a Quorum,
    apply: Apply,
    choice: Choice,
    keys: Table<KeyId, Kept>,
    clients: Table<ClientId, Busy<'a>>,
    calendar: Calendar<Event>,
    tally: Tally,
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
    stream: Stream,
    sent: Instant,
    key: KeyId,
    under_way: UnderWay,
    operations: u32,
    floors: BTreeMap<KeyId, Floors>,
}

#[derive(Clone, Copy, Debug)]
#[expect(clippy::large_enum_variant, reason = "it lies in its client's row and is never moved about")]
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
            apply,
            choice: Choice::of(popularity),
            keys: all,
            clients: Table::new(),
            calendar: Calendar::new(),
            tally: Tally::default(),
        };
        for (index, client) in clients.iter().enumerate() {
            let name = StreamName::of(&format!("client/{index}"), "operations");
            let id = run.clients.push(Busy {
                client,
                stream: Stream::new(seed, replication, name),
                sent: Instant::ZERO,
                key: KeyId(0),
                under_way: UnderWay::Nothing,
                operations: 0,
                floors: BTreeMap::new(),
            });
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
        self.tally
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
        let busy = &mut self.clients[id];
        let done = busy.under_way;
        match done {
            UnderWay::Nothing => (),
            UnderWay::Write(order) => {
                self.tally.write_latency.add((now - busy.sent).nanos().unsigned_abs());
                let floors = busy.floors.entry(busy.key).or_insert(Floors::NONE);
                self.tally.counts.write(order, floors);
                floors.written = floors.written.max(Some(order));
            }
            UnderWay::Read(heard) => {
                self.tally.read_latency.add((now - busy.sent).nanos().unsigned_abs());
                let key = &self.keys[busy.key].key;
                let seen = heard.looks().map(|(replica, at)| key.read(replica, at, self.apply));
                let returned = seen.max().unwrap_or(Order::ABSENT);
                let floors = busy.floors.entry(busy.key).or_insert(Floors::NONE);
                self.tally.counts.read(&Verdict::of(key, busy.sent, returned, floors));
                floors.read = floors.read.max(Some(returned));
            }
        }
        busy.next(done, now)
    }

    /// Lets a client begin its next operation at an instant to come.
    fn proceed(&mut self, id: ClientId, at: Instant, writes: bool) {
        let busy = &mut self.clients[id];
        busy.operations += 1;
        let follows_write = matches!(busy.under_way, UnderWay::Write(_));
        if !(follows_write && matches!(busy.client.plan, Plan::ReadAfterWrite { .. })) {
            busy.key = KeyId(self.choice.draw(&mut busy.stream));
        }
        if writes {
            return self.schedule(at, Event::Write(id));
        }
        let place = busy.place();
        let heard = self.quorum.read(at, place, &mut busy.stream);
        (busy.sent, busy.under_way) = (at, UnderWay::Read(heard));
        self.schedule(heard.answered, Event::Answer(id));
    }

    fn write(&mut self, id: ClientId, now: Instant) {
        let busy = &mut self.clients[id];
        let place = busy.place();
        let written = self.quorum.write(now, place, &mut busy.stream);
        let stamp = (now + busy.client.ahead).nanos();
        let order = Order { stamp, writer: id.index() as u32, number: busy.operations };
        (busy.sent, busy.under_way) = (now, UnderWay::Write(order));
        let key = busy.key;
        self.keep(key, Version { order, acked: written.acked, shown: written.arrived });
        self.schedule(written.acked, Event::Answer(id));
    }

    fn keep(&mut self, id: KeyId, version: Version) {
        let kept = &mut self.keys[id];
        kept.key.write(version, self.apply);
        if kept.key.versions().len() > kept.limit {
            let oldest = self.clients.rows().iter().map(|busy| busy.sent).min().unwrap_or(Instant::ZERO);
            kept.key.forget(oldest, self.quorum.replicas(), self.apply);
            kept.limit = kept.key.versions().len() + VERSIONS_KEPT;
        }
    }
}

impl Busy<'_> {
    /// The place that coordinates its next operation.
    fn place(&mut self) -> usize {
        match self.client.places.as_slice() {
            [place] => *place,
            places => places[self.stream.below(places.len() as u64) as usize],
        }
    }

    fn next(&mut self, done: UnderWay, now: Instant) -> (Instant, bool) {
        let stream = &mut self.stream;
        match (&self.client.plan, done) {
            (Plan::Mix { reads, think }, _) => {
                let wait = think.sample(stream);
                (now + wait, !stream.chance(*reads))
            }
            (Plan::ReadAfterWrite { after, .. }, UnderWay::Write(_)) => (now + *after, false),
            (Plan::ReadAfterWrite { rest, .. }, _) => (now + rest.sample(stream).max(Span::NANOSECOND), true),
        }
    }
}
