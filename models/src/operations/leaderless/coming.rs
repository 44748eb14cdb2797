//! Sessions that come from outside and go.

use super::run::{Event, Run};
use super::session::Busy;
use crate::operations::ClientId;
use crate::operations::client::Intent;
use sim::Instant;

impl Run<'_> {
    /// The next session is expected.
    pub(super) fn expect(&mut self) {
        let next = self.comers.as_ref().and_then(|comers| comers.next());
        if let Some(arrival) = next {
            self.schedule(arrival.at, Event::Come);
        }
    }

    /// A session comes, and sends its first operation.
    pub(super) fn come(&mut self, now: Instant) {
        let Some(comers) = &mut self.comers else { return };
        let Some(arrival) = comers.next() else { return };
        let id = comers.idle.pop().unwrap_or_else(|| {
            let stream = comers.stream();
            self.clients.push(Busy::new(comers.somewhere(), 0, stream))
        });
        self.clients[id].begin(comers.process(), &arrival);
        comers.come += 1;
        self.expect();
        self.send(id, now);
    }

    /// Does what a session that came sends come to a place of the store that is at work? What does not is one of its
    /// operations, and it goes on.
    pub(super) fn comes_through(&mut self, id: ClientId, now: Instant) -> bool {
        let Some(comers) = &mut self.comers else { return true };
        let busy = &mut self.clients[id];
        if busy.counted && comers.crowd.counts.until <= now {
            self.leave(id);
            return false;
        }
        busy.counts = busy.counted && comers.crowd.counts.from <= now;
        let open = |place| self.store.conditions.is_open(place, now);
        if let Some(turned) = comers.turns(&mut busy.whereabouts, now, &mut busy.stream, open) {
            busy.turn_to(turned);
            return true;
        }
        let wait = busy.give_up();
        if comers.ends(busy.operations) {
            self.leave(id);
        } else {
            self.schedule(now.saturating_add(wait), Event::Send(id));
        }
        false
    }

    /// A session that came goes.
    pub(super) fn leave(&mut self, id: ClientId) {
        let busy = &mut self.clients[id];
        busy.intent = Intent::Read;
        if let Some(comers) = &mut self.comers {
            comers.awaited -= usize::from(busy.counted);
            comers.idle.push(id);
        }
    }

    /// Has every counted session ended, and is the fate of all they wrote decided?
    pub(super) fn is_over(&mut self, now: Instant) -> bool {
        let awaited = self.comers.as_ref().is_none_or(|comers| comers.awaited > 0);
        if awaited || self.under_way > 0 || self.may_lose && self.blows > 0 {
            return false;
        }
        let conditions = &self.store.conditions;
        self.keys.rows_mut().iter_mut().all(|kept| kept.key.is_decided(conditions, now))
    }
}
