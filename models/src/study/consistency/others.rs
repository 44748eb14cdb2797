//! Who else comes to a key.
//!
//! Near the session that is looked at everybody comes as they do. Long before, and long after, writes are all that matters:
//! they say since when a replica lacks something, or whether somebody wrote the same key on the other side of a cut. So
//! sessions that write come there with their writes alone; but everybody where reads repair, and after a session that may
//! lose a write, since who reads it before it is lost matters too. Time is taken in stretches, each twice as long as the one nearer
//! to the session; where a stretch holds very many of them, so many come at each place as are [`ENOUGH`], spread as the
//! traffic was at [`SLOTS`] instants. So what is asked of them (has anybody written or read there, about when, and which came
//! first?) has nearly the same answer.

use super::player::{Role, Writing};
use super::scenes::Scenes;
use super::visit::{LONGEST, Visitor};
use crate::operations::{Arrival, KeyId, Stretch, Whereabouts};
use crate::specification::PopulationId;
use sim::law::poisson;
use sim::{Id, Instant, Span, Stream, Table};

/// Reads and writes, each, of a stretch at each place that are enough to know whether there was any.
const ENOUGH: f64 = 8.0;
/// Of either, where there are few of the other.
const ENOUGH_AT_MOST: f64 = 64.0;
/// Sessions of a stretch that are played as they come, for each operation that is enough.
const CROWD: f64 = 2.0;
/// Instants of it at which the traffic is looked at.
const SLOTS: usize = 8;

/// Those of a population who come to a key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Comer {
    /// Of all sessions of the population.
    pub(super) share: f64,
    /// Share of their operations that are reads.
    pub(super) reads: f64,
    /// What of them their writes are.
    pub(super) writing: Writing,
}

/// Those who come to a key.
#[derive(Debug)]
pub(super) struct Others<'a> {
    pub(super) visitor: &'a Visitor<'a>,
    pub(super) scenes: &'a Scenes,
    pub(super) comers: Table<PopulationId, Comer>,
    pub(super) arrivals: Vec<Arrival>,
}

/// Who comes long before or after a session.
#[derive(Clone, Copy, Debug)]
pub(super) struct Far {
    /// Sessions doing this while they are few,
    few: Role,
    /// or this while they are many,
    many: Role,
    /// of whom so many are enough at each place.
    enough: f64,
}

impl Far {
    /// All sessions, with a share of reads.
    pub(super) fn operating(reads: f64) -> Self {
        let rarer = reads.min(1.0 - reads);
        let enough = if rarer > 0.0 { (ENOUGH / rarer).min(ENOUGH_AT_MOST) } else { ENOUGH };
        Far { few: Role::Whole, many: Role::One, enough }
    }

    /// Those that write.
    pub(super) const WRITING: Far = Far { few: Role::Writes, many: Role::OneWrite, enough: ENOUGH };
}

impl Comer {
    /// Of all sessions of the population those that come in a role.
    fn part(&self, role: Role) -> f64 {
        match role {
            Role::Whole | Role::One => self.share,
            Role::Writes | Role::OneWrite => self.share * self.writing.share,
        }
    }
}

/// No longer than any replication.
fn twice(length: Span) -> Span {
    Span::from_seconds((length.seconds() * 2.0).min(LONGEST))
}

impl Others<'_> {
    /// Everybody comes during a stretch.
    pub(super) fn come(&mut self, during: Stretch, stream: &mut Stream) {
        self.arrive(during, Role::Whole, stream);
    }

    /// The greatest part of the sessions of any population that comes in a role.
    fn most(&self, role: Role) -> f64 {
        self.comers.rows().iter().map(|comer| comer.part(role)).fold(0.0, f64::max)
    }

    /// Some come, from an instant back to another.
    pub(super) fn come_before(&mut self, during: Stretch, nearest: Span, far: Far, stream: &mut Stream) {
        let (mut until, mut length) = (during.until, nearest);
        while until > during.from {
            let from = (until - length).max(during.from);
            self.come_far(Stretch { from, until }, far, stream);
            (until, length) = (from, twice(length));
        }
    }

    /// Some come, from an instant on to another.
    pub(super) fn come_after(&mut self, during: Stretch, nearest: Span, far: Far, stream: &mut Stream) {
        let (mut from, mut length) = (during.from, nearest);
        while from < during.until {
            let until = from.saturating_add(length).min(during.until);
            self.come_far(Stretch { from, until }, far, stream);
            (from, length) = (until, twice(length));
        }
    }

    fn come_far(&mut self, during: Stretch, far: Far, stream: &mut Stream) {
        let seconds = (during.until - during.from).seconds();
        if self.visitor.most() * self.most(far.many) * seconds <= CROWD * far.enough {
            self.arrive(during, far.few, stream);
            return;
        }
        let slot = Span::from_nanos((during.until - during.from).nanos() / SLOTS as i64);
        let begins = |index: usize| during.from + slot * index as i64;
        let middle = Span::from_nanos(slot.nanos() / 2);
        let rates = |of: &dyn Fn(&Comer) -> f64| -> [Vec<f64>; SLOTS] {
            std::array::from_fn(|index| {
                let at = begins(index) + middle;
                self.visitor.rates(self.scenes.at(at), at, |population| of(&self.comers[population]))
            })
        };
        let come = rates(&|comer| comer.part(far.many));
        let read = rates(&|comer| comer.part(far.many) * comer.reads);
        for place in 0..come[0].len() {
            let sum: f64 = come.iter().map(|rates| rates[place]).sum();
            let reads = read.iter().map(|rates| rates[place]).sum::<f64>() / sum.max(f64::MIN_POSITIVE);
            let due = sum / SLOTS as f64 * seconds;
            let mut left = poisson(due.min(far.enough), stream);
            while left > 0 {
                left -= 1;
                let mut chosen = stream.uniform() * sum;
                let slots = come.iter().map(|rates| rates[place]);
                let index = slots.enumerate().find_map(|(index, rate)| {
                    chosen -= rate;
                    (chosen < 0.0).then_some(index)
                });
                let within = Span::from_seconds(stream.uniform() * slot.seconds());
                let site = self.visitor.player().members()[place].index() as u32;
                let at = begins(index.unwrap_or(SLOTS - 1)) + within;
                // Whose it is matters for times alone, and theirs are not told.
                self.add((at, 0), Whereabouts::At(site), (far.many, reads));
            }
        }
    }

    /// Those of a role come as they come.
    fn arrive(&mut self, during: Stretch, role: Role, stream: &mut Stream) {
        let most = self.most(role);
        let gap = 1.0 / (self.visitor.most() * most);
        let mut at = during.from;
        loop {
            let wait = -libm::log1p(-stream.uniform()) * gap;
            if wait.is_nan() || wait >= (during.until - at).seconds() {
                return;
            }
            at += Span::from_seconds(wait);
            let Some(population) = self.visitor.population(at, stream) else {
                continue;
            };
            let comer = self.comers[population];
            let part = comer.part(role);
            if part >= most || stream.uniform() * most < part {
                let route = self.scenes.led().route(population, at, stream);
                self.add((at, population.index() as u32), Whereabouts::Led(route), (role, comer.reads));
            }
        }
    }

    fn add(&mut self, (at, whose): (Instant, u32), whereabouts: Whereabouts, (role, reads): (Role, f64)) {
        let conduct = self.visitor.player().conduct(role, reads);
        self.arrivals.push(Arrival { at, key: KeyId(0), whereabouts, whose, conduct, counted: false });
    }
}
