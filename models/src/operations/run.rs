//! Clients at work. A read changes nothing at a replica, so that its answer is event enough; and a version that is kept
//! before it is sent is shown and acknowledged to nobody until then, so that a write needs no other event either. Only a
//! log, which is written in order, has one when a write is sent.
//!
//! One stream serves the whole run: what happens happens in a fixed order.

use super::client::{Client, Plan};
use super::durations::Durations;
use super::floors::Sessions;
use super::key::{Apply, Key, Number, Order};
use super::oracle::{Counts, Verdict};
use super::popularity::{Aliases, Popularity};
use super::quorum::{Quorum, REPLICAS_MAX};
use super::sent::Sent;
use super::ways::Ways;
use super::{ClientId, KeyId};
use sim::calendar::{Calendar, Key as EventKey};
use sim::law::Sampler;
use sim::stats::LogHistogram;
use sim::{Id, Instant, Replication, Seed, Span, Stream, StreamName, Table};

/// A key is tidied once it has so many versions more than when it was tidied last.
const VERSIONS_KEPT: usize = 8;

/// A run of the operation engine.
#[derive(Clone, Debug)]
pub struct Operations<'a> {
    ways: Ways,
    replicas: usize,
    apply: Apply,
    choice: Aliases,
    stream: Stream,
    keys: Table<KeyId, Kept>,
    clients: Table<ClientId, Busy<'a>>,
    sent: Sent,
    /// When each client's read looked at each replica, client by client.
    looked: Vec<Instant>,
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

#[derive(Clone, Debug)]
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
    /// How long it thinks or rests.
    pause: Sampler,
    key: KeyId,
    under_way: UnderWay,
    operations: u32,
}

#[derive(Clone, Copy, Debug)]
enum UnderWay {
    Nothing,
    Write(Number),
    Read,
}

impl<'a> Operations<'a> {
    /// Clients that begin at the epoch.
    pub fn new(
        quorum: &Quorum,
        apply: Apply,
        popularity: &Popularity,
        clients: &'a [Client],
        (seed, replication): (Seed, Replication),
    ) -> Self {
        let (Popularity::Uniform { keys } | Popularity::Zipf { keys, .. }) = *popularity;
        let mut all = Table::new();
        for _ in 0..keys {
            all.push(Kept { key: Key::new(quorum.replicas()), limit: VERSIONS_KEPT });
        }
        let mut run = Operations {
            ways: Ways::of(quorum),
            replicas: quorum.replicas(),
            apply,
            choice: Aliases::of(popularity),
            stream: Stream::new(seed, replication, StreamName::of("clients", "operations")),
            keys: all,
            clients: Table::new(),
            sent: Sent::new(clients.len()),
            looked: vec![Instant::ZERO; clients.len() * quorum.replicas()],
            sessions: Sessions::new(keys, clients.len()),
            calendar: Calendar::new(),
            counts: Counts::default(),
            read_latency: Durations::default(),
            write_latency: Durations::default(),
        };
        for client in clients {
            let id = run.clients.push(Busy::new(client));
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
        let (busy, sent) = (&self.clients[id], self.sent.of(id));
        let took = (now - sent).nanos().unsigned_abs();
        let key = &self.keys[busy.key].key;
        match busy.under_way {
            UnderWay::Nothing => (),
            UnderWay::Write(number) => {
                self.write_latency.add(took);
                let floors = self.sessions.of(busy.key, id);
                let before_own = floors.written.map(|written| key.is_before(number, written));
                self.counts.write(before_own);
                floors.written = if before_own == Some(true) { floors.written } else { Some(number) };
            }
            UnderWay::Read => {
                self.read_latency.add(took);
                let place = key.read(looks(&mut self.looked, self.replicas, id), self.apply);
                let returned = place.map_or(Number::ABSENT, |place| key.versions()[place].number);
                let floors = self.sessions.of(busy.key, id);
                let verdict = Verdict::of(key, sent, place, floors);
                self.counts.read(&verdict);
                floors.read = if verdict.goes_back == Some(true) { floors.read } else { Some(returned) };
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
        let looked = looks(&mut self.looked, self.replicas, id);
        let answered = self.ways.read(at, place, &mut self.stream, looked);
        busy.under_way = UnderWay::Read;
        self.sent.send(id, at);
        self.schedule(answered, Event::Answer(id));
    }

    /// Sends a write, at once or at an instant to come.
    fn write(&mut self, id: ClientId, at: Instant) {
        let busy = &mut self.clients[id];
        let place = busy.place(&mut self.stream);
        let mut arrived = [Instant::FAR; REPLICAS_MAX];
        let arrived = &mut arrived[..self.replicas];
        let acked = self.ways.write(at, place, &mut self.stream, arrived);
        let stamp = (at + busy.client.ahead).nanos();
        let order = Order { stamp, writer: id.index() as u32, number: busy.operations };
        let kept = &mut self.keys[busy.key];
        busy.under_way = UnderWay::Write(kept.key.write(order, acked, arrived, self.apply));
        self.sent.send(id, at);
        kept.tidy(self.sent.bound(), self.apply);
        self.schedule(acked, Event::Answer(id));
    }
}

/// When a client's read looked at each replica.
fn looks(all: &mut [Instant], replicas: usize, id: ClientId) -> &mut [Instant] {
    &mut all[id.index() * replicas..][..replicas]
}

impl Kept {
    fn tidy(&mut self, since: Instant, apply: Apply) {
        if self.key.versions().len() > self.limit {
            self.key.forget(since, apply);
            self.limit = self.key.versions().len() + VERSIONS_KEPT;
        }
    }
}

impl<'a> Busy<'a> {
    fn new(client: &'a Client) -> Self {
        let (Plan::Mix { think: pause, .. } | Plan::ReadAfterWrite { rest: pause, .. }) = &client.plan;
        let pause = Sampler::new(pause);
        Busy { client, pause, key: KeyId(0), under_way: UnderWay::Nothing, operations: 0 }
    }

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
