//! Hints: kept when an acknowledgement fails to come, and sent when the replica is in touch again.

use super::*;

impl Referee<'_> {
    /// The time in which replicas could acknowledge is over.
    pub(super) fn keep(&mut self, op: usize, now: Instant) {
        for replica in 0..self.has.len() {
            let answered = self.ops[op].answers.iter().any(|answer| answer.1 == replica);
            if !answered && self.alive(self.ops[op].place, replica, self.ops[op].accepted) {
                self.keep_one(op, replica, now);
            }
        }
    }

    pub(super) fn keep_one(&mut self, op: usize, replica: usize, now: Instant) {
        let Some(hints) = self.store.hints else { return };
        let silent = self.outage(self.ops[op].place, replica, now);
        if silent.is_none_or(|(from, _)| now - from < hints.window) {
            self.hint(op, replica, now);
        }
    }

    pub(super) fn hint(&mut self, op: usize, replica: usize, now: Instant) {
        let place = self.ops[op].place;
        if self.in_touch(place, replica, now) {
            let delay = self.store.hints.expect("they are kept").delay;
            return self.schedule(now + delay, 6, Event::HintLeaves { op, replica });
        }
        // It looks again whenever anything changes.
        let troubles = self.conditions.troubles();
        let all = troubles.down[replica].iter().chain(&troubles.closed[place]);
        let ends = all.chain(troubles.cuts.iter().map(|cut| &cut.during)).map(|stretch| stretch.until);
        if let Some(next) = ends.filter(|end| *end > now && *end < Instant::FAR).min() {
            self.schedule(next, 6, Event::Hint { op, replica });
        }
    }

    pub(super) fn hint_leaves(&mut self, op: usize, replica: usize, now: Instant) {
        let (place, accepted) = (self.ops[op].place, self.ops[op].accepted);
        let destroyed = &self.conditions.troubles().destroyed[place];
        if destroyed.iter().any(|gone| accepted < *gone && *gone <= now) {
            return;
        }
        if !self.in_touch(place, replica, now) {
            return self.hint(op, replica, now);
        }
        let takes = self.takes(place, replica, self.ops[op].legs[replica].0);
        self.schedule(now + takes, 4, Event::HintArrives { op, replica });
    }

    pub(super) fn hint_arrives(&mut self, op: usize, replica: usize, now: Instant) {
        let (place, accepted) = (self.ops[op].place, self.ops[op].accepted);
        if self.silent(place, replica, now) {
            return self.hint(op, replica, now);
        }
        let write = self.ops[op].write.expect("it was accepted");
        self.take(replica, write, now, accepted);
    }
}
