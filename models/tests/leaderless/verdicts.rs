//! Judges what a referee's run brought, by looking through the whole history for every question.

use super::referee::{Entry, Referee};
use models::operations::Order;
use models::operations::leaderless::Counts;
use sim::{Instant, Span};
use std::collections::BTreeMap;

#[derive(Clone, Copy, Default)]
struct Fate {
    settled: bool,
    gone: bool,
    missed: bool,
    dropped: bool,
    read: bool,
}

struct Judge<'a, 'b> {
    facts: &'a Referee<'b>,
    /// Of each write, its arrivals: at which replica, when, and since when that was known.
    arrivals: Vec<Vec<(usize, Instant, Instant)>>,
    /// How many writes have been accepted so far, and those of each key.
    accepted: usize,
    keys: BTreeMap<u32, Vec<usize>>,
    fates: Vec<Fate>,
    floors: BTreeMap<u32, usize>,
    /// Acknowledged updates by key and base.
    updates: BTreeMap<(u32, Order), u64>,
    /// What each process has written and read, by key.
    written: BTreeMap<(u32, u32), Vec<usize>>,
    read: BTreeMap<(u32, u32), Vec<Option<usize>>>,
    counts: Counts,
}

/// All counts of a run.
pub(crate) fn judge(facts: &Referee) -> Counts {
    let mut arrivals = vec![Vec::new(); facts.writes.len()];
    for arrival in &facts.arrivals {
        arrivals[arrival.write].push((arrival.replica, arrival.at, arrival.known));
    }
    let mut judge = Judge {
        facts,
        arrivals,
        accepted: 0,
        keys: BTreeMap::new(),
        fates: vec![Fate::default(); facts.writes.len()],
        floors: BTreeMap::new(),
        updates: BTreeMap::new(),
        written: BTreeMap::new(),
        read: BTreeMap::new(),
        counts: Counts::default(),
    };
    for entry in &facts.journal {
        judge.entry(*entry);
    }
    judge.settle(None, facts.end);
    judge.mark_gone(facts.end);
    judge.close();
    judge.counts
}

impl Judge<'_, '_> {
    fn entry(&mut self, entry: Entry) {
        let counts = &mut self.counts;
        match entry {
            Entry::Unknown => counts.unknown_writes += 1,
            Entry::FailedRead => counts.failed_reads += 1,
            Entry::Refused { writes, in_reach } => {
                counts.refused_writes += u64::from(writes);
                counts.refused_reads += u64::from(!writes);
                counts.refused_in_reach += u64::from(in_reach);
            }
            Entry::Blow(at) => {
                self.settle(None, at - Span::NANOSECOND);
                self.mark_gone(at);
                self.mark_missed(at);
            }
            Entry::Accept(write) => self.accept(write),
            Entry::Acked { process, write } => self.acked(process, write),
            Entry::Read { process, key, sent, returned } => self.answered(process, key, sent, returned),
        }
    }

    fn order(&self, write: usize) -> Order {
        self.facts.writes[write].order
    }

    fn acked_by(&self, write: usize, at: Instant) -> bool {
        self.facts.writes[write].acked.is_some_and(|acked| acked <= at)
    }

    /// When a replica loses what arrived at an instant, and whether it keeps older things then.
    fn wiped(&self, replica: usize, arrived: Instant) -> Option<(Instant, bool)> {
        let losses = &self.facts.conditions.troubles().losses[replica];
        let takes = losses.iter().filter(|l| l.at > arrived && l.kept.is_none_or(|kept| kept < arrived));
        takes.map(|loss| (loss.at, loss.kept.is_some())).min()
    }

    fn arrivals(&self, write: usize) -> impl Iterator<Item = (usize, Instant, Instant)> + '_ {
        self.arrivals[write].iter().copied()
    }

    fn everywhere(&self, write: usize, at: Instant) -> bool {
        (0..self.facts.conditions.replicas()).filter(|replica| !self.facts.gone(*replica, at)).all(
            |replica| {
                self.arrivals(write).any(|(other, arrived, _)| {
                    let safe = match self.wiped(replica, arrived) {
                        Some((lost, keeps)) => !keeps && at < lost,
                        None => true,
                    };
                    other == replica && arrived <= at && safe
                })
            },
        )
    }

    fn survives(&self, write: usize, at: Instant) -> bool {
        self.arrivals(write).any(|(replica, arrived, known)| {
            let kept = self.wiped(replica, arrived).is_none_or(|(lost, _)| lost > at);
            known <= at && kept && !self.facts.gone(replica, at)
        })
    }

    fn in_use(&self, write: usize, at: Instant) -> bool {
        self.arrivals(write).any(|(replica, arrived, _)| {
            let kept = self.wiped(replica, arrived).is_none_or(|(lost, _)| lost > at);
            arrived <= at && kept && self.facts.up(replica, at)
        })
    }

    fn of_key(&self, key: u32) -> Vec<usize> {
        self.keys.get(&key).cloned().unwrap_or_default()
    }

    fn settle(&mut self, key: Option<u32>, at: Instant) {
        let keys = key.map_or(self.keys.keys().copied().collect(), |key| vec![key]);
        for key in keys {
            let all = self.of_key(key);
            let floor = self.floors.get(&key).copied();
            let above = all.iter().copied().filter(|w| floor.is_none_or(|f| self.order(*w) > self.order(f)));
            let raised = above.filter(|write| self.everywhere(*write, at)).max_by_key(|w| self.order(*w));
            let Some(floor) = raised.or(floor) else { continue };
            self.floors.insert(key, floor);
            let open = all.into_iter().filter(|write| !self.fates[*write].settled);
            let below = open.filter(|write| self.order(*write) < self.order(floor));
            for write in below.collect::<Vec<_>>() {
                let unseen = !self.facts.writes[write].seen.contains(&floor);
                if unseen || self.everywhere(write, at) {
                    self.fates[write].settled = true;
                }
            }
        }
    }

    fn followed_by(&self, write: usize, all: &[usize], is: impl Fn(usize) -> bool) -> bool {
        let follows = |other: &usize| {
            self.order(*other) > self.order(write)
                && self.facts.writes[*other].seen.contains(&write)
                && is(*other)
        };
        all.iter().any(follows)
    }

    fn mark_gone(&mut self, at: Instant) {
        for write in (0..self.accepted).filter(|write| !self.fates[*write].settled).collect::<Vec<_>>() {
            let all = self.of_key(self.facts.writes[write].key);
            let alive = |other: usize| self.survives(other, at);
            self.fates[write].gone = !alive(write) && !self.followed_by(write, &all, alive);
        }
    }

    fn mark_missed(&mut self, at: Instant) {
        for write in (0..self.accepted).filter(|write| !self.fates[*write].settled).collect::<Vec<_>>() {
            let all = self.of_key(self.facts.writes[write].key);
            let in_use = |other: usize| self.in_use(other, at);
            let there = in_use(write) || self.followed_by(write, &all, in_use);
            let had_arrived = self.arrivals(write).any(|(_, arrived, _)| arrived <= at);
            self.fates[write].missed |= had_arrived && !there;
        }
    }

    fn drop(&mut self, write: usize, by_earlier: bool) {
        if std::mem::replace(&mut self.fates[write].dropped, true) {
            return;
        }
        if self.facts.writes[write].acked.is_some() {
            self.counts.dropped += 1;
            self.counts.dropped_by_earlier += u64::from(by_earlier);
        } else {
            self.counts.dropped_unknown += 1;
        }
    }

    fn accept(&mut self, write: usize) {
        let new = &self.facts.writes[write];
        self.counts.accepted += 1;
        self.settle(Some(new.key), new.accepted);
        let survives = self.survives(write, new.accepted);
        let rivals: Vec<usize> = self.of_key(new.key);
        let open = rivals.into_iter().filter(|other| !self.fates[*other].settled).collect::<Vec<_>>();
        let before = |other: usize| self.order(other) < new.order;
        let past = open.iter().any(|other| new.seen.contains(other) && !before(*other));
        self.counts.in_the_past += u64::from(past);
        for other in open {
            match (new.seen.contains(&other), self.order(other) < new.order) {
                (true, true) if survives => self.fates[other].gone = false,
                (false, true) => self.drop(other, false),
                (false, false) => self.drop(write, true),
                _ => (),
            }
        }
        self.accepted = write + 1;
        self.keys.entry(new.key).or_default().push(write);
    }

    fn acked(&mut self, process: u32, write: usize) {
        let written = &self.facts.writes[write];
        let at = (process, written.key);
        self.counts.writes += 1;
        let own = self.written.get(&at).into_iter().flatten().map(|own| self.order(*own)).max();
        let read = self.read.get(&at).into_iter().flatten();
        let read = read.map(|read| read.map_or(Order::ABSENT, |read| self.order(read))).max();
        self.counts.rewritten += u64::from(own.is_some());
        self.counts.wrote_before_own += u64::from(own.is_some_and(|own| written.order < own));
        self.counts.written_after_read += u64::from(read.is_some());
        self.counts.wrote_before_read += u64::from(read.is_some_and(|read| written.order < read));
        self.written.entry(at).or_default().push(write);
        if let Some(base) = written.base {
            let updates = self.updates.entry((written.key, base)).or_default();
            *updates += 1;
            self.counts.updates += 1;
            self.counts.lost_updates += u64::from(*updates > 1);
        }
    }

    /// Of versions missed: nothing, or whether all are lost.
    fn all_gone(&self, missed: impl Iterator<Item = usize>) -> Option<bool> {
        missed.map(|write| self.fates[write].gone).min()
    }

    fn answered(&mut self, process: u32, key: u32, sent: Instant, returned: Option<usize>) {
        let at = (process, key);
        let order = returned.map_or(Order::ABSENT, |returned| self.order(returned));
        let missed =
            |all: &[usize]| self.all_gone(all.iter().copied().filter(|write| self.order(*write) > order));
        let own = self.written.get(&at).map(|own| missed(own));
        let read: Option<Vec<usize>> = self.read.get(&at).map(|all| all.iter().copied().flatten().collect());
        let back = read.map(|read| missed(&read));
        let newer: Vec<usize> = self
            .of_key(key)
            .into_iter()
            .filter(|write| self.order(*write) > order && self.acked_by(*write, sent))
            .collect();
        let behind: Vec<usize> = newer.iter().copied().filter(|write| !self.fates[*write].gone).collect();
        let first = behind.iter().filter_map(|write| self.facts.writes[*write].acked).min();
        let counts = &mut self.counts;
        counts.reads += 1;
        counts.after_own_write += u64::from(own.is_some());
        counts.forgot_own_write += u64::from(own == Some(Some(false)));
        counts.forgot_lost_write += u64::from(own == Some(Some(true)));
        counts.repeated += u64::from(back.is_some());
        counts.went_back += u64::from(back == Some(Some(false)));
        counts.went_back_after_loss += u64::from(back == Some(Some(true)));
        counts.versions_behind += behind.len() as u64;
        counts.stale_after_loss += u64::from(behind.is_empty() && !newer.is_empty());
        if let Some(first) = first {
            let stale_for = (sent - first).nanos() as u64;
            counts.stale += 1;
            counts.stale_for.add(stale_for);
            counts.stale_nanos += u128::from(stale_for);
        }
        self.read.entry(at).or_default().push(returned);
        if let Some(returned) = returned {
            self.fates[returned].read = true;
        }
    }

    fn close(&mut self) {
        for (write, fate) in self.facts.writes.iter().zip(&self.fates) {
            let (acked, counts) = (write.acked.is_some(), &mut self.counts);
            counts.lost += u64::from(acked && fate.gone);
            counts.lost_and_dropped += u64::from(acked && fate.gone && fate.dropped);
            counts.read_then_lost += u64::from(acked && fate.gone && fate.read);
            counts.vanished += u64::from(!acked && fate.gone && fate.read);
            counts.missed += u64::from(acked && !fate.gone && fate.missed);
        }
    }
}
