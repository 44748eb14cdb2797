//! Clients: what they send, and what they hear.

use super::*;

impl Referee<'_> {
    pub(super) fn plan(&mut self, client: usize, now: Instant) {
        let client_now = &mut self.clients[client];
        let wait = client_now.session.think.sample(&mut client_now.stream);
        let share = client_now.stream.uniform();
        let (reads, updates) = (client_now.session.reads, client_now.session.updates);
        client_now.next = match share {
            share if share < reads => Kind::Read,
            share if share < reads + updates => Kind::Update,
            _ => Kind::Write,
        };
        self.schedule(now + wait.max(Span::NANOSECOND), 9, Event::Next(client));
    }

    pub(super) fn coordinator(&mut self, client: usize, now: Instant) -> Option<usize> {
        let place = self.clients[client].session.place;
        let able: Vec<usize> = (0..self.conditions.places())
            .filter(|other| self.open(*other, now) && !self.is_cut(place, *other, now))
            .collect();
        let nearest =
            able.iter().copied().min_by_key(|other| (self.store.distances[place][*other], *other != place));
        let client = &mut self.clients[client];
        match client.session.turns {
            Turns::Nearest => nearest,
            Turns::Uniform if able.is_empty() => None,
            Turns::Uniform => Some(able[client.stream.below(able.len() as u64) as usize]),
            Turns::Sticky(_) => {
                if !client.home.is_some_and(|home| able.contains(&home)) && nearest.is_some() {
                    client.home = nearest;
                }
                nearest.and(client.home)
            }
        }
    }

    pub(super) fn send(&mut self, client: usize, now: Instant) {
        let one = &mut self.clients[client];
        one.number += 1;
        if !matches!(one.next, Kind::Replace(_)) {
            one.key = self.choice.draw(&mut one.stream);
        }
        let (kind, key, process, number, home) =
            (one.next, one.key, one.process, one.number, one.session.place);
        let place = self.coordinator(client, now);
        let op = self.ops.len();
        self.ops.push(Op {
            client,
            process,
            number,
            key,
            kind,
            sent: now,
            place: place.unwrap_or(0),
            back: Span::ZERO,
            legs: Vec::new(),
            accepted: Instant::FAR,
            write: None,
            seen: self.clients[client].seen.get(&key).cloned().unwrap_or_default(),
            answers: Vec::new(),
            enough: false,
            repairs: BTreeSet::new(),
            result: None,
            refused: place.is_none().then_some(false),
            ended: false,
        });
        let Some(place) = place else { return self.schedule(now, 7, Event::ToClient(op)) };
        let writes = matches!(kind, Kind::Write | Kind::Replace(_));
        let stream = &mut self.clients[client].stream;
        let there = self.store.distances[home][place] + self.store.message.sample(stream);
        self.ops[op].back = self.store.distances[place][home] + self.store.message.sample(stream);
        if writes {
            for at in self.conditions.replicas_at() {
                let own = self.store.within.as_ref().filter(|_| *at == place);
                let to = own.unwrap_or(&self.store.legs.write);
                let legs = (to.sample(stream), self.store.legs.ack.sample(stream));
                self.ops[op].legs.push(legs);
            }
        }
        let timeout = if writes { self.store.write_timeout } else { self.store.read_timeout };
        self.schedule(now + timeout, 8, Event::Late(op));
        let arrives = now + there;
        if !self.is_cut(home, place, now) && !self.is_cut(home, place, arrives) && self.open(place, arrives) {
            if writes {
                self.schedule(arrives, 3, Event::AtCoordinator(op));
            } else {
                // What a read draws comes before anything else its client draws.
                self.draw_read(op, arrives);
                self.schedule(arrives, 3, Event::AtCoordinator(op));
            }
        }
    }

    pub(super) fn client_hears(&mut self, op: usize, now: Instant) {
        if std::mem::replace(&mut self.ops[op].ended, true) {
            return;
        }
        self.end = self.end.max(now);
        let Op { client, process, key, kind, sent, write, result, refused, .. } = self.ops[op].clone();
        let writes = matches!(kind, Kind::Write | Kind::Replace(_));
        if refused.is_none() {
            self.took[usize::from(writes)].add((now - sent).nanos() as u64);
        }
        if let Some(in_reach) = refused {
            self.journal.push(Entry::Refused { writes, in_reach });
        } else if let Some(write) = write {
            self.writes[write].acked = Some(now);
            self.remember(client, key, Some(write));
            self.journal.push(Entry::Acked { process, write });
        } else {
            self.journal.push(Entry::Read { process, key, sent, returned: result });
            self.remember(client, key, result);
            if kind == Kind::Update {
                self.clients[client].next = Kind::Replace(result);
                return self.schedule(now, 9, Event::Next(client));
            }
        }
        self.finish(client, now);
    }

    pub(super) fn remember(&mut self, client: usize, key: u32, write: Option<usize>) {
        let seen = self.clients[client].seen.entry(key).or_default();
        if let Some(write) = write {
            seen.insert(write);
            seen.extend(&self.writes[write].seen);
        }
    }

    pub(super) fn late(&mut self, op: usize, now: Instant) {
        if std::mem::replace(&mut self.ops[op].ended, true) {
            return;
        }
        let client = self.ops[op].client;
        if matches!(self.ops[op].kind, Kind::Write | Kind::Replace(_)) {
            self.clients[client].process += self.clients.len() as u32;
            self.clients[client].seen.clear();
            self.journal.push(Entry::Unknown);
        } else {
            self.journal.push(Entry::FailedRead);
        }
        self.finish(client, now);
    }

    pub(super) fn finish(&mut self, client: usize, now: Instant) {
        self.end = self.end.max(now);
        self.plan(client, now);
    }
}
