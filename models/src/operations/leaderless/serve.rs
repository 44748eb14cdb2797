//! Coordinators accept writes and gather answers; clients get theirs.

use super::judge::Memory;
use super::key::{Version, join};
use super::letters::{Answers, plus};
use super::run::{Event, Run, Sent, Tally};
use super::session::{Busy, End, Found, Intent, Open};
use super::store::Clock;
use crate::operations::history::Line;
use crate::operations::key::Order;
use crate::operations::{ClientId, KeyId};
use sim::{Instant, Span};

impl Run<'_> {
    /// A write arrives at its coordinator. Its client may have given up by then.
    pub(super) fn accept(&mut self, slot: u32, now: Instant) {
        let Sent { client, number, process, key, value, place, seen: told, accepted } =
            self.sent[slot as usize];
        self.free.push(slot);
        let conditions = &self.store.conditions;
        let kept = &mut self.keys[key].key;
        kept.settle(conditions, now);
        let chain = conditions.chain(place, now);
        let mut seen = kept.seen_at(conditions, place, now);
        join(&mut seen, &told);
        seen[chain] = self.chains[chain];
        self.chains[chain] += 1;
        let wall = now.saturating_add(self.store.ahead[place]).nanos();
        let stamp = match self.store.clock {
            Clock::Wall => wall,
            Clock::Hybrid => wall.max(kept.greatest_stamp(&seen).saturating_add(1)),
        };
        let order = Order { stamp, writer: client.0, number };
        let mut version = Version::new(order, (value, process), accepted.acked);
        (version.chain, version.number, version.seen) = (chain as u8, self.chains[chain], seen);
        for replica in 0..conditions.replicas() {
            version.arrive(conditions, replica, accepted.arrived[replica]);
            version.arrive(conditions, replica, accepted.hinted[replica]);
        }
        kept.accept(version, conditions, now, &mut self.tally.counts);
        let busy = &mut self.clients[client];
        if let (true, Open::Write { end, .. }) = (busy.number == number, &mut busy.open)
            && accepted.acked < Instant::FAR
        {
            *end = End::Done(order);
        }
        self.tidy(key, now);
    }

    /// The newest version that a read found.
    fn found(&self, key: KeyId, answers: &Answers) -> Option<usize> {
        let key = &self.keys[key].key;
        let shown = |(replica, at)| key.shown(&self.store.conditions, replica, at);
        answers.looks().filter_map(shown).max()
    }

    /// A coordinator has answers enough, and sends the newest to those who had an older one.
    pub(super) fn gather(&mut self, id: ClientId, now: Instant) {
        let busy = &self.clients[id];
        let late = busy.sent.saturating_add(self.store.read_timeout);
        let (Open::Awaited(answers), place) = (busy.open, busy.coordinated_at) else { return };
        let mut known = now;
        if let Some(found) = self.found(busy.key, &answers) {
            let (store, conditions) = (self.store, &self.store.conditions);
            let busy = &mut self.clients[id];
            let key = &mut self.keys[busy.key].key;
            for (replica, at) in answers.looks() {
                if key.shown(conditions, replica, at) == Some(found) {
                    continue;
                }
                let stream = &mut busy.stream;
                let (to, from) = (store.legs.write.sample(stream), store.legs.ack.sample(stream));
                let takes = plus(store.distance(place, replica), to);
                let arrives = conditions.carry_to((place, replica), now, takes);
                let acked = arrives.map(|arrives| store.answered((replica, place), arrives, from));
                key.versions[found].arrive(conditions, replica, arrives.unwrap_or(Instant::FAR));
                known = known.max(acked.unwrap_or(Instant::FAR));
            }
        }
        let busy = &mut self.clients[id];
        let told = self.store.told((place, busy.session.place), (known, answers.back), late);
        if told == Instant::FAR {
            busy.open = Open::Read { end: End::TimedOut };
        }
        self.schedule(told.min(late), Event::Answer(id));
    }

    /// An operation ends; returns how long its client waits before the next.
    pub(super) fn answer(&mut self, id: ClientId, now: Instant) -> Span {
        let found = match self.clients[id].open {
            Open::Awaited(answers) => Some(self.found(self.clients[id].key, &answers)),
            _ => None,
        };
        let clients = self.clients.len() as u32;
        let busy = &mut self.clients[id];
        let key = &mut self.keys[busy.key].key;
        if let Some(found) = found {
            let version = found.map(|place| &key.versions[place]);
            let order = version.map_or(Order::ABSENT, |version| version.order);
            let found = Found { order, value: version.map(|version| version.value) };
            busy.open = Open::Read { end: End::Done(found) };
        }
        let open = std::mem::replace(&mut busy.open, Open::Nothing);
        if let Some((phase, action)) = open.line() {
            let line = Line { process: busy.process, phase, action, key: busy.key, at: now };
            self.tally.history.record(line);
        }
        let took = (now - busy.sent).nanos().unsigned_abs();
        let Tally { counts, read_latency, write_latency, .. } = &mut self.tally;
        let remembered = |busy: &mut Busy, judge: &mut dyn FnMut(&mut Memory)| {
            judge(busy.memory.entry(busy.key).or_default());
        };
        match open {
            Open::Nothing | Open::Awaited(_) => (),
            Open::Write { end: End::Done(order), .. } => {
                write_latency.add(took);
                let base = match busy.intent {
                    Intent::Replace(base) => Some(base),
                    _ => None,
                };
                remembered(busy, &mut |memory| key.judge_write(order, base, memory, (self.may_lose, counts)));
            }
            Open::Read { end: End::Done(found) } => {
                read_latency.add(took);
                let sent = busy.sent;
                remembered(busy, &mut |memory| {
                    key.judge_read(sent, found.order, memory, (self.may_lose, counts));
                });
            }
            Open::Write { end: End::TimedOut, .. } => {
                counts.unknown_writes += 1;
                busy.process += clients;
                busy.memory.clear();
            }
            Open::Read { end: End::TimedOut } => counts.failed_reads += 1,
            Open::Write { end: End::Refused { in_reach }, .. } => counts.refuse(true, in_reach),
            Open::Read { end: End::Refused { in_reach } } => counts.refuse(false, in_reach),
        }
        busy.plan_next(open)
    }
}
