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
use super::run::{Operations, Tally};
use super::sent::Sent;
use super::ways::Ways;
use super::{ClientId, KeyId};
use sim::calendar::{Calendar, Key as EventKey};
use sim::law::Sampler;
use sim::{Id, Instant, Span, Stream, StreamName, Table};

/// A key is tidied once it has so many versions more than when it was tidied last.
const VERSIONS_KEPT: usize = 8;

/// A run on at most so many replicas.
#[derive(Clone, Debug)]
pub(super) struct Work<'a, const SLOTS: usize> {
    ways: Ways<SLOTS>,
    apply: Apply,
    choice: Aliases,
    stream: Stream,
    keys: Table<KeyId, Kept<SLOTS>>,
    clients: Table<ClientId, Busy<'a, SLOTS>>,
    sent: Sent,
    sessions: Sessions,
    calendar: Calendar<Event>,
    counts: Counts,
    read_latency: Durations,
    write_latency: Durations,
}

#[derive(Clone, Debug)]
struct Kept<const SLOTS: usize> {
    key: Key<SLOTS>,
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
struct Busy<'a, const SLOTS: usize> {
    client: &'a Client,
    /// How long it thinks or rests.
    pause: Sampler,
    key: KeyId,
    under_way: UnderWay,
    /// When its last read looked at each replica.
    looked: [Instant; SLOTS],
    operations: u32,
}

#[derive(Clone, Copy, Debug)]
enum UnderWay {
    Nothing,
    Write(Number),
    Read,
}

impl<'a, const SLOTS: usize> Work<'a, SLOTS> {
    /// Clients that begin at the epoch.
    pub(super) fn new(run: &Operations<'a>) -> Self {
        let (Popularity::Uniform { keys } | Popularity::Zipf { keys, .. }) = *run.popularity;
        let (seed, replication) = run.luck;
        let mut work = Work {
            ways: Ways::of(run.quorum),
            apply: run.apply,
            choice: Aliases::of(run.popularity),
            stream: Stream::new(seed, replication, StreamName::of("clients", "operations")),
            keys: Table::new(),
            clients: Table::new(),
            sent: Sent::new(run.clients.len()),
            sessions: Sessions::new(keys, run.clients.len()),
            calendar: Calendar::new(),
            counts: Counts::default(),
            read_latency: Durations::default(),
            write_latency: Durations::default(),
        };
        for _ in 0..keys {
            work.keys.push(Kept { key: Key::new(), limit: VERSIONS_KEPT });
        }
        for client in run.clients {
            let id = work.clients.push(Busy::new(client));
            work.schedule(Instant::ZERO, Event::Answer(id));
        }
        work
    }

    /// Runs until every operation sent before `horizon` has been answered.
    pub(super) fn run(mut self, horizon: Instant) -> Tally {
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
                let before_own = key.is_before(number, floors.written);
                self.counts.write(floors.written != Number::NONE, before_own);
                floors.written = if before_own { floors.written } else { number };
            }
            UnderWay::Read => {
                self.read_latency.add(took);
                let place = key.read(&busy.looked, self.apply);
                let returned = place.map_or(Number::ABSENT, |place| key.versions()[place].number);
                let floors = self.sessions.of(busy.key, id);
                let verdict = Verdict::of(key, sent, place, floors);
                self.counts.read(&verdict);
                floors.read = if verdict.goes_back { floors.read } else { returned };
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
        let answered = self.ways.read(at, place, &mut self.stream, &mut busy.looked);
        busy.under_way = UnderWay::Read;
        self.sent.send(id, at);
        self.schedule(answered, Event::Answer(id));
    }

    /// Sends a write, at once or at an instant to come.
    fn write(&mut self, id: ClientId, at: Instant) {
        let busy = &mut self.clients[id];
        let place = busy.place(&mut self.stream);
        let (acked, arrived) = self.ways.write(at, place, &mut self.stream);
        let stamp = (at + busy.client.ahead).nanos();
        let order = Order { stamp, writer: id.index() as u32, number: busy.operations };
        let kept = &mut self.keys[busy.key];
        busy.under_way = UnderWay::Write(kept.key.write(order, acked, arrived, self.apply));
        self.sent.send(id, at);
        kept.tidy(self.sent.bound(), self.apply);
        self.schedule(acked, Event::Answer(id));
    }
}

impl<const SLOTS: usize> Kept<SLOTS> {
    fn tidy(&mut self, since: Instant, apply: Apply) {
        if self.key.versions().len() > self.limit {
            self.key.forget(since, apply);
            self.limit = self.key.versions().len() + VERSIONS_KEPT;
        }
    }
}

impl<'a, const SLOTS: usize> Busy<'a, SLOTS> {
    fn new(client: &'a Client) -> Self {
        let (Plan::Mix { think: pause, .. } | Plan::ReadAfterWrite { rest: pause, .. }) = &client.plan;
        let pause = Sampler::new(pause);
        let looked = [Instant::ZERO; SLOTS];
        Busy { client, pause, key: KeyId(0), under_way: UnderWay::Nothing, looked, operations: 0 }
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
