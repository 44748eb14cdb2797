//! Replicas: what they have, lose and give each other.

use super::*;

impl Referee<'_> {
    /// The newest version of a key that a replica has.
    pub(super) fn newest(&self, replica: usize, key: u32) -> Option<usize> {
        let of_key = self.has[replica].keys().copied().filter(|write| self.writes[*write].key == key);
        of_key.max_by_key(|write| self.writes[*write].order)
    }

    pub(super) fn take(&mut self, replica: usize, write: usize, at: Instant, known: Instant) {
        self.has[replica].entry(write).or_insert(at);
        self.arrivals.push(Arrival { write, replica, at, known });
    }

    pub(super) fn blow(&mut self, now: Instant) {
        for replica in 0..self.conditions.replicas() {
            for loss in self.conditions.troubles().losses[replica].iter().filter(|loss| loss.at == now) {
                self.has[replica].retain(|_, at| *at >= now || loss.kept.is_some_and(|kept| *at <= kept));
            }
        }
        if now < self.horizon {
            self.journal.push(Entry::Blow(now));
        }
    }

    /// The newest version that any replica has which is up and in reach of one, and the nearest that has it.
    pub(super) fn better(&self, replica: usize, key: u32, now: Instant) -> Option<(usize, usize)> {
        let here = self.place_of(replica);
        let others = (0..self.has.len())
            .filter(|other| self.up(*other, now) && !self.is_cut(here, self.place_of(*other), now));
        let order = |write: Option<usize>| write.map(|write| self.writes[write].order);
        let best =
            others.clone().map(|other| self.newest(other, key)).max_by_key(|write| order(*write))??;
        let own = order(self.newest(replica, key));
        let from = others
            .filter(|other| self.newest(*other, key) == Some(best))
            .min_by_key(|other| self.store.distances[self.place_of(*other)][here]);
        from.filter(|_| own < order(Some(best))).map(|from| (from, best))
    }

    /// Keys of which replicas that are not gone for good have different versions at the end.
    pub(crate) fn diverged(&self) -> u64 {
        let far = Instant::from_nanos(i64::MAX - 1);
        let differs = |key: &u32| {
            let left = (0..self.has.len()).filter(|replica| !self.gone(*replica, far));
            left.map(|replica| self.newest(replica, *key)).collect::<BTreeSet<_>>().len() > 1
        };
        self.keys().iter().filter(|key| differs(key)).count() as u64
    }

    pub(super) fn keys(&self) -> BTreeSet<u32> {
        self.writes.iter().map(|write| write.key).collect()
    }

    pub(super) fn rebuild(&mut self, replica: usize, now: Instant) {
        for key in self.keys() {
            if let Some((_, write)) = self.better(replica, key, now) {
                self.take(replica, write, now, now);
            }
        }
    }

    pub(super) fn compare(&mut self, now: Instant) {
        for key in self.keys() {
            let up = (0..self.has.len()).filter(|replica| self.up(*replica, now));
            let better: Vec<_> = up.filter_map(|r| Some((r, self.better(r, key, now)?))).collect();
            for (replica, (from, write)) in better {
                let near = self.place_of(from) == self.place_of(replica);
                let law = self.store.within.as_ref().filter(|_| near).unwrap_or(&self.store.legs.write);
                let leg = law.sample(&mut self.anti_entropy);
                let arrives = now + self.takes(self.place_of(from), replica, leg);
                if self.up(replica, arrives)
                    && !self.is_cut(self.place_of(from), self.place_of(replica), arrives)
                {
                    self.schedule(arrives, 3, Event::Copy { write, replica, known: now });
                }
            }
        }
        let every = self.store.anti_entropy.expect("it compares");
        self.schedule(now + every, 2, Event::Compare);
    }

    pub(super) fn at_replica(&mut self, op: usize, replica: usize, leg: Span, now: Instant) {
        let (place, here) = (self.ops[op].place, self.place_of(replica));
        if !self.up(replica, now) || self.is_cut(place, here, now) {
            return;
        }
        let found = match self.ops[op].write {
            Some(write) => {
                self.take(replica, write, now, self.ops[op].accepted);
                None
            }
            None => self.newest(replica, self.ops[op].key),
        };
        let arrives = now + self.store.distances[here][place] + leg;
        self.schedule(arrives, 5, Event::Back { op, replica, found });
    }

    pub(super) fn repair_arrives(
        &mut self,
        (op, replica, write): (usize, usize, usize),
        leg: Span,
        known: Instant,
        now: Instant,
    ) {
        let (place, here) = (self.ops[op].place, self.place_of(replica));
        if self.up(replica, now) && !self.is_cut(place, here, now) {
            self.take(replica, write, now, known);
            let arrives = now + self.store.distances[here][place] + leg;
            self.schedule(arrives, 5, Event::RepairBack { op, replica });
        }
    }
}
