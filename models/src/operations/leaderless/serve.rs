//! Coordinators accept writes and gather answers; clients get theirs.

use super::key::{Key, Version, join};
use super::letters::{Answers, plus};
use super::run::{Event, Run, Sent};
use super::session::{End, Found, Open};
use super::store::Clock;
use crate::operations::ClientId;
use crate::operations::history::Line;
use crate::operations::key::Order;
use sim::{Instant, Span};

impl Run<'_> {
    /// A write arrives at its coordinator. Its client may have given up by then.
    pub(super) fn accept(&mut self, slot: u32, now: Instant) {
        let Sent {
            client,
            number,
            process,
            counted,
            key,
            value,
            place,
            seen: told,
            stamp: told_stamp,
            accepted,
        } = self.sent[slot as usize];
        self.free.push(slot);
        self.under_way -= usize::from(counted);
        let conditions = &self.store.conditions;
        let kept = &mut self.keys[key].key;
        kept.settle(conditions, now);
        let chain = conditions.chain(place, now);
        let mut seen = kept.known_at(conditions, place, now);
        join(&mut seen, &told);
        seen[chain] = self.chains[chain];
        self.chains[chain] += 1;
        let wall = now.saturating_add(self.store.ahead[place]).nanos();
        let stamp = match self.store.clock {
            Clock::Wall => wall,
            Clock::Hybrid => {
                // Versions that the session or the place knows may be forgotten by now, but not their stamps.
                let shown = kept.greatest_stamp(&seen).max(told_stamp);
                let greatest = kept.stamped_at(place).map_or(shown, |given| shown.max(*given));
                wall.max(greatest.saturating_add(1))
            }
        };
        if let Some(given) = kept.stamped_at(place) {
            *given = stamp.max(*given);
        }
        let order = Order { stamp, writer: client.0, number };
        let mut version = Version::new(order, (value, process), accepted.acked);
        (version.chain, version.number, version.seen) = (chain as u8, self.chains[chain], seen);
        version.counted = counted;
        for replica in 0..conditions.replicas() {
            version.arrive(conditions, replica, accepted.arrived[replica]);
            version.arrive(conditions, replica, accepted.hinted[replica]);
        }
        kept.accept(version, conditions, (place, now), &mut self.tally.counts);
        let busy = &mut self.clients[client];
        if let (true, Open::Write { end, .. }) = (busy.number == number, &mut busy.open)
            && accepted.acked < Instant::FAR
        {
            *end = End::Done(order);
        }
        self.tidy(key, now);
    }

    /// The place among a key's versions of the newest that a read found.
    fn newest(&self, key: &Key, answers: &Answers) -> Option<usize> {
        let shown = |(replica, at)| key.shown(&self.store.conditions, replica, at);
        answers.looks().filter_map(shown).max()
    }

    /// A coordinator has answers enough, and sends the newest to those who had an older one.
    pub(super) fn gather(&mut self, id: ClientId, now: Instant) {
        let busy = &self.clients[id];
        let late = busy.sent.saturating_add(self.store.read_timeout);
        let (Open::Awaited(answers), place) = (busy.open, busy.coordinated_at) else { return };
        let newest = self.newest(&self.keys[busy.key].key, &answers);
        let known = newest.map_or(now, |newest| self.repair(id, (place, newest), &answers, now));
        let busy = &mut self.clients[id];
        let told = self.store.told((place, busy.session.place), (known, answers.back), late);
        busy.open = Open::Read {
            end: if told < Instant::FAR {
                End::Done(Found::of(&self.keys[busy.key].key, newest))
            } else {
                End::TimedOut
            },
        };
        self.schedule(told.min(late), Event::Answer(id));
    }

    /// Sends the newest version to those who had an older one; returns when all of them have acknowledged that.
    fn repair(
        &mut self,
        id: ClientId,
        (place, newest): (usize, usize),
        answers: &Answers,
        now: Instant,
    ) -> Instant {
        let (store, conditions) = (self.store, &self.store.conditions);
        let busy = &mut self.clients[id];
        let key = &mut self.keys[busy.key].key;
        let mut known = now;
        for (replica, at) in answers.looks() {
            if key.versions[newest].held(conditions, replica, at) {
                continue;
            }
            let stream = &mut busy.stream;
            let (to, from) = (store.write_leg(place, replica, stream), store.legs.ack.sample(stream));
            let takes = plus(store.distance(place, replica), to);
            let arrives = conditions.carry_to((place, replica), now, takes);
            let acked = arrives.map(|arrives| store.answered((replica, place), arrives, from));
            key.arrive(conditions, newest, replica, arrives.unwrap_or(Instant::FAR));
            known = known.max(acked.unwrap_or(Instant::FAR));
        }
        known
    }

    /// An operation ends; returns how long its client waits before the next, if there is one.
    pub(super) fn answer(&mut self, id: ClientId, now: Instant) -> Option<Span> {
        if let Open::Awaited(answers) = self.clients[id].open {
            let key = &self.keys[self.clients[id].key].key;
            let end = End::Done(Found::of(key, self.newest(key, &answers)));
            self.clients[id].open = Open::Read { end };
        }
        let clients = self.clients.len() as u32;
        let busy = &mut self.clients[id];
        let open = std::mem::replace(&mut busy.open, Open::Nothing);
        if let Some((phase, action)) = open.line() {
            let line = Line { process: busy.process, phase, action, key: busy.key, at: now };
            self.tally.history.record(line);
        }
        let took = (now - busy.sent).nanos().unsigned_abs();
        let tally = if busy.counts { &mut self.tally } else { &mut self.ignored };
        let (read_latency, write_latency, counts) = tally.times(busy.whose);
        match open {
            Open::Nothing | Open::Awaited(_) => (),
            Open::Write { end: End::Done(order), .. } => {
                write_latency.add(took);
                let (key, memory) = (&mut self.keys[busy.key].key, busy.memory.entry(busy.key).or_default());
                key.judge_write(order, busy.intent.base(), memory, (self.may_lose, counts));
            }
            Open::Read { end: End::Done(found) } => {
                read_latency.add(took);
                let (key, memory) = (&mut self.keys[busy.key].key, busy.memory.entry(busy.key).or_default());
                key.judge_read(busy.sent, found.order, memory, (self.may_lose, counts));
            }
            Open::Write { end: End::TimedOut, .. } => {
                counts.unknown_writes += 1;
                match &mut self.comers {
                    Some(comers) => busy.process = comers.process(),
                    None => busy.process += clients,
                }
                busy.memory.clear();
            }
            Open::Read { end: End::TimedOut } => counts.failed_reads += 1,
            Open::Write { end: End::Refused { in_reach }, .. } => counts.refuse(true, in_reach),
            Open::Read { end: End::Refused { in_reach } } => counts.refuse(false, in_reach),
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
