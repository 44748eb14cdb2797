//! Clients send operations.

use super::key::Seen;
use super::letters::{Answers, Heard, Written};
use super::run::{Event, Run, Sent};
use super::session::{End, Open};
use super::store::ReadRepair;
use crate::operations::history::{Action, Line, Phase};
use crate::operations::{ClientId, KeyId};
use sim::Instant;

impl Run<'_> {
    /// A client sends its next operation.
    pub(super) fn send(&mut self, id: ClientId, now: Instant) {
        if !self.comes_through(id, now) {
            return;
        }
        let busy = &mut self.clients[id];
        busy.number += 1;
        busy.sent = now;
        if !busy.stays && !busy.intent.goes_on() {
            busy.key = KeyId(self.choice.draw(&mut busy.stream));
        }
        if busy.intent.base().is_none() {
            busy.since = now;
        }
        let writes = busy.intent.writes();
        let key = &mut self.keys[busy.key].key;
        key.values += u32::from(writes);
        let value = key.values;
        let action = if writes { Action::Write(value) } else { Action::Read(None) };
        let line = Line { process: busy.process, phase: Phase::Invoke, action, key: busy.key, at: now };
        self.tally.history.record(line);
        let place = busy.coordinator(self.store, now);
        let (end, open) = match place {
            None if writes => (now, Open::Write { value, end: End::Refused { in_reach: false } }),
            None => (now, Open::Read { end: End::Refused { in_reach: false } }),
            Some(place) if writes => self.send_write(id, (place, value), now),
            Some(place) => self.send_read(id, place, now),
        };
        self.clients[id].open = open;
        match open {
            Open::Awaited(answers) if self.waits_for_repair(&answers) => {
                self.schedule(answers.at, Event::Gather(id));
            }
            _ => self.schedule(end, Event::Answer(id)),
        }
    }

    /// Sends a write on its way; returns when its client knows how it ends, and how unless it is accepted.
    fn send_write(&mut self, id: ClientId, (place, value): (usize, u32), now: Instant) -> (Instant, Open) {
        let busy = &mut self.clients[id];
        let late = now.saturating_add(self.store.write_timeout);
        let ways = (busy.session.place, place);
        let write = |end| Open::Write { value, end };
        let takes = busy.takes(self.store, place);
        match self.store.write((&self.opinions, &mut busy.stream), (ways, takes), now) {
            Written::Refused { told, in_reach } if told < Instant::FAR => {
                (told, write(End::Refused { in_reach }))
            }
            Written::Refused { .. } | Written::Lost => (late, write(End::TimedOut)),
            Written::Accepted(accepted) => {
                let (number, process, key, counted) = (busy.number, busy.process, busy.key, busy.counts);
                self.under_way += usize::from(counted);
                let memory = busy.memory.get(&key);
                let (seen, stamp) = memory.map_or((Seen::default(), i64::MIN), |own| (own.seen, own.stamp()));
                let sent =
                    Sent { client: id, number, process, counted, key, value, place, seen, stamp, accepted };
                let slot = self.keep_sent(sent);
                self.schedule(accepted.at, Event::Accept { slot });
                (accepted.acked.min(late), write(End::TimedOut))
            }
        }
    }

    fn keep_sent(&mut self, sent: Sent) -> u32 {
        match self.free.pop() {
            Some(slot) => {
                self.sent[slot as usize] = sent;
                slot
            }
            None => {
                self.sent.push(sent);
                self.sent.len() as u32 - 1
            }
        }
    }

    /// Sends a read on its way; returns when its client knows how it ends, and how.
    fn send_read(&mut self, id: ClientId, place: usize, now: Instant) -> (Instant, Open) {
        let busy = &mut self.clients[id];
        busy.coordinated_at = place;
        let late = now.saturating_add(self.store.read_timeout);
        let timed_out = Open::Read { end: End::TimedOut };
        let client = busy.session.place;
        let takes = busy.takes(self.store, place);
        match self.store.read((&self.opinions, &mut busy.stream), ((client, place), takes), now) {
            Heard::Refused { told, in_reach } if told < Instant::FAR => {
                (told, Open::Read { end: End::Refused { in_reach } })
            }
            Heard::Refused { .. } | Heard::Nothing => (late, timed_out),
            Heard::Answers(answers) => {
                let told = self.store.told((place, client), (answers.at, answers.back), late);
                if told < Instant::FAR || self.waits_for_repair(&answers) {
                    (told, Open::Awaited(answers))
                } else {
                    (late, timed_out)
                }
            }
        }
    }

    fn waits_for_repair(&self, answers: &Answers) -> bool {
        self.store.read_repair == ReadRepair::Blocking && answers.looks().count() > 1
    }
}
