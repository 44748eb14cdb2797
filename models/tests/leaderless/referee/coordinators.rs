//! Coordinators: they accept, ask, gather, repair, keep hints and reply.

use super::*;

impl Referee<'_> {
    /// Draws whom a read that reaches its coordinator at an instant asks, and what their messages take: no time for whom it
    /// does not ask.
    pub(super) fn draw_read(&mut self, op: usize, at: Instant) {
        let believed = self.believed(op, at);
        let (place, client) = (self.ops[op].place, self.ops[op].client);
        if !self.enough(self.store.read_level, place, &believed) {
            return;
        }
        let mut stream = self.clients[client].stream.clone();
        let asked = self.asked(place, &believed, &mut stream);
        let legs = (0..self.conditions.replicas())
            .map(|replica| match asked.contains(&replica) {
                true => {
                    (self.store.legs.read.sample(&mut stream), self.store.legs.response.sample(&mut stream))
                }
                false => (Span::FOREVER, Span::FOREVER),
            })
            .collect();
        self.clients[client].stream = stream;
        self.ops[op].legs = legs;
    }

    pub(super) fn asked(&self, place: usize, believed: &[usize], stream: &mut Stream) -> Vec<usize> {
        let level = self.store.read_level;
        let local = matches!(level, Level::LocalOne | Level::LocalQuorum);
        let counts = |replica: usize| !local || self.place_of(replica) == place;
        let able = |replica: usize| counts(replica) && believed.contains(&replica);
        let mut order: Vec<usize> = (0..self.conditions.replicas()).collect();
        if self.store.asks == Asks::All {
            return order.into_iter().filter(|replica| able(*replica)).collect();
        }
        for index in (1..order.len()).rev() {
            order.swap(index, stream.below(index as u64 + 1) as usize);
        }
        order.sort_by_key(|replica| self.store.distances[place][self.place_of(*replica)]);
        let mut asked: Vec<usize> = Vec::new();
        for replica in order.iter().copied().filter(|replica| able(*replica)) {
            let there = self.place_of(replica);
            let quorum = |asked: &[usize]| {
                let of = self.conditions.replicas_at().iter().filter(|other| **other == there).count();
                asked.iter().filter(|other| self.place_of(**other) == there).count() > of / 2
            };
            let full = match level {
                Level::EachQuorum => quorum(&asked),
                _ => self.enough(level, place, &asked),
            };
            if !full {
                asked.push(replica);
            }
        }
        if self.store.asks == Asks::OneMore {
            asked.extend(order.into_iter().find(|replica| able(*replica) && !asked.contains(replica)));
        }
        asked
    }

    pub(super) fn at_coordinator(&mut self, op: usize, now: Instant) {
        let writes = matches!(self.ops[op].kind, Kind::Write | Kind::Replace(_));
        let level = if writes { self.store.write_level } else { self.store.read_level };
        let place = self.ops[op].place;
        if !self.enough(level, place, &self.believed(op, now)) {
            let in_reach = (0..self.has.len()).any(|replica| !self.silent(place, replica, now));
            self.ops[op].refused = Some(in_reach);
            return self.reply(op, now);
        }
        if writes {
            return self.accept(op, now);
        }
        for replica in 0..self.has.len() {
            let (to, back) = self.ops[op].legs[replica];
            if to < Span::FOREVER && !self.is_cut(place, self.place_of(replica), now) {
                let arrives = now + self.takes(place, replica, to);
                self.schedule(arrives, 4, Event::AtReplica { op, replica, leg: back });
            }
        }
    }

    pub(super) fn accept(&mut self, op: usize, now: Instant) {
        let (place, key) = (self.ops[op].place, self.ops[op].key);
        let forgotten = |write: &Write| {
            let troubles = self.conditions.troubles();
            let mut lost = troubles.destroyed[place].iter().chain(&troubles.forgotten[place]);
            lost.any(|gone| write.accepted < *gone && *gone <= now)
        };
        let mut seen = self.ops[op].seen.clone();
        // The latest first: most of what is older was seen by them.
        for (id, write) in self.writes.iter().enumerate().rev().filter(|(_, write)| write.key == key) {
            if seen.contains(&id) {
                continue;
            }
            let own = write.place == place && !forgotten(write);
            let here = (0..self.has.len())
                .any(|replica| self.place_of(replica) == place && self.has[replica].contains_key(&id));
            if own || here {
                seen.insert(id);
                seen.extend(&write.seen);
            }
        }
        let wall = (now + self.store.ahead[place]).nanos();
        let greatest = seen.iter().map(|id| self.writes[*id].order.stamp).max();
        let stamp = match self.store.clock {
            Clock::Wall => wall,
            Clock::Hybrid => wall.max(greatest.map_or(i64::MIN, |stamp| stamp + 1)),
        };
        let order = Order { stamp, writer: self.ops[op].client as u32, number: self.ops[op].number };
        let base = match self.ops[op].kind {
            Kind::Replace(base) => Some(base.map_or(Order::ABSENT, |base| self.writes[base].order)),
            _ => None,
        };
        let write = self.writes.len();
        self.writes.push(Write { key, order, place, accepted: now, acked: None, seen, base });
        self.journal.push(Entry::Accept(write));
        self.end = self.end.max(now);
        (self.ops[op].write, self.ops[op].accepted) = (Some(write), now);
        for replica in 0..self.has.len() {
            if !self.alive(place, replica, now) {
                self.keep_one(op, replica, now);
            } else if !self.is_cut(place, self.place_of(replica), now) {
                let (to, back) = self.ops[op].legs[replica];
                let arrives = now + self.takes(place, replica, to);
                self.schedule(arrives, 4, Event::AtReplica { op, replica, leg: back });
            }
        }
        self.schedule(now + self.store.write_timeout, 8, Event::Keep(op));
    }

    pub(super) fn back(&mut self, op: usize, replica: usize, found: Option<usize>, now: Instant) {
        let place = self.ops[op].place;
        if !self.open(place, now) || self.is_cut(place, self.place_of(replica), now) {
            return;
        }
        self.ops[op].answers.push((now, replica, found));
        let answered: Vec<usize> = self.ops[op].answers.iter().map(|answer| answer.1).collect();
        let write = self.ops[op].write;
        let level = if write.is_some() { self.store.write_level } else { self.store.read_level };
        if self.ops[op].enough || !self.enough(level, place, &answered) {
            return;
        }
        self.ops[op].enough = true;
        if write.is_some() {
            return self.reply(op, now);
        }
        self.gather(op, now);
    }

    pub(super) fn gather(&mut self, op: usize, now: Instant) {
        if now > self.ops[op].sent + self.store.read_timeout {
            return;
        }
        let mut used = Vec::new();
        let places: Vec<usize> = (0..self.conditions.places()).collect();
        let each = self.store.read_level == Level::EachQuorum;
        for place in if each { &places[..] } else { &places[..1] } {
            let quorum = self.conditions.replicas_at().iter().filter(|other| *other == place).count() / 2 + 1;
            let there = |replica: usize| self.place_of(replica) == *place;
            let answers = self.ops[op].answers.iter().filter(|answer| !each || there(answer.1));
            used.extend(answers.take(if each { quorum } else { usize::MAX }).copied());
        }
        let order = |write: Option<usize>| write.map(|write| self.writes[write].order);
        let newest = used.iter().map(|answer| answer.2).max_by_key(|write| order(*write)).flatten();
        self.ops[op].result = newest;
        let repairs = self.store.read_repair == ReadRepair::Blocking && used.len() > 1;
        let (Some(write), true) = (newest, repairs) else { return self.reply(op, now) };
        let (place, client) = (self.ops[op].place, self.ops[op].client);
        for (_, replica, _) in used.into_iter().filter(|answer| answer.2 != newest) {
            self.ops[op].repairs.insert(replica);
            let own = self.store.within.as_ref().filter(|_| self.place_of(replica) == place);
            let law = own.unwrap_or(&self.store.legs.write);
            let stream = &mut self.clients[client].stream;
            let (to, leg) = (law.sample(stream), self.store.legs.ack.sample(stream));
            let arrives = now + self.takes(place, replica, to);
            if !self.is_cut(place, self.place_of(replica), now) {
                self.schedule(arrives, 4, Event::RepairArrives { op, replica, write, leg, known: now });
            }
        }
        if self.ops[op].repairs.is_empty() {
            self.reply(op, now);
        }
    }

    pub(super) fn repair_back(&mut self, op: usize, replica: usize, now: Instant) {
        let place = self.ops[op].place;
        if self.open(place, now) && !self.is_cut(place, self.place_of(replica), now) {
            self.ops[op].repairs.remove(&replica);
            if self.ops[op].repairs.is_empty() {
                self.reply(op, now);
            }
        }
    }

    /// A coordinator answers its client.
    pub(super) fn reply(&mut self, op: usize, now: Instant) {
        let (place, client) = (self.ops[op].place, self.clients[self.ops[op].client].session.place);
        let arrives = now + self.ops[op].back;
        if !self.is_cut(place, client, now) && !self.is_cut(place, client, arrives) {
            self.schedule(arrives, 7, Event::ToClient(op));
        }
    }
}
