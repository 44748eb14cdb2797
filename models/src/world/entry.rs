//! Entry points at work: which verdicts their answers heed, and whether their name servers answer at all.

use super::{Cause, World};
use crate::design::{CohortId, Design};
use crate::event::{Agenda, Event};
use crate::observer::Observer;
use crate::specification::{EntryId, PopulationId, Steering};
use crate::steering::{Answers, Reply};
use crate::timeline::{ChangeId, What};
use sim::{Instant, Table};

/// One entry point.
#[derive(Clone, Debug)]
struct Entry {
    /// The verdicts its answers heed, by position in its list of sites.
    published: Vec<bool>,
    /// The verdicts that are on their way: the latest one of each site.
    heard: Vec<bool>,
    unhealthy: usize,
    /// Active faults that silence its name servers, and that stop changes of its records.
    silent: u32,
    frozen: u32,
    /// Positions whose verdicts have been published and which its answers do not heed yet.
    unheeded: Vec<usize>,
    /// The name servers fell silent or spoke up since the last settling.
    turned: bool,
    cause: Cause,
    voice_cause: Cause,
}

/// All entry points.
#[derive(Clone, Debug)]
pub(super) struct Entries<'d> {
    design: &'d Design,
    rows: Table<EntryId, Entry>,
    dirty: bool,
}

impl<'d> Entries<'d> {
    pub(super) fn new(design: &'d Design) -> Self {
        let cause = Cause { change: ChangeId(0), root: design.false_alarm() };
        let rows = design.specification().entries.map(|_, entry| Entry {
            published: vec![true; entry.sites.len()],
            heard: vec![true; entry.sites.len()],
            unhealthy: 0,
            silent: 0,
            frozen: 0,
            unheeded: Vec::new(),
            turned: false,
            cause,
            voice_cause: cause,
        });
        Entries { design, rows, dirty: false }
    }

    /// What a population is answered that is not steered by DNS.
    pub(super) fn nobody(&self, answers: &Answers) -> Reply {
        Reply::nothing(answers)
    }

    /// Begins a replication: what each population is answered while all is well.
    pub(super) fn reset(&mut self, answers: &mut Answers) -> Table<PopulationId, Reply> {
        let nobody = self.nobody(answers);
        self.dirty = false;
        let mut replies = self.design.specification().populations.map(|_, _| nobody);
        for (id, plan) in self.design.entries.iter() {
            let row = &mut self.rows[id];
            row.published.fill(true);
            row.heard.fill(true);
            (row.unhealthy, row.silent, row.frozen) = (0, 0, 0);
            row.unheeded.clear();
            row.turned = false;
            for (router, population) in plan.routers.iter().zip(&plan.populations) {
                replies[*population] = router.answer(answers, |_| true);
            }
        }
        replies
    }

    /// Do all answers heed that every site is healthy, and do all name servers answer?
    pub(super) fn all_published(&self) -> bool {
        self.rows.rows().iter().all(|row| row.unhealthy == 0 && row.silent == 0 && row.unheeded.is_empty())
    }

    /// Is any verdict on its way to the answers?
    pub(super) fn waiting(&self) -> bool {
        self.rows.rows().iter().any(|row| row.published != row.heard)
    }

    /// A verdict: it reaches the answers after the propagation delay.
    pub(super) fn heed(
        &mut self,
        entry: EntryId,
        position: usize,
        healthy: bool,
        cause: Cause,
        now: Instant,
        agenda: &mut Agenda,
    ) {
        let Steering::Dns(dns) = &self.design.specification().entries[entry].steering else { return };
        let row = &mut self.rows[entry];
        row.heard[position] = healthy;
        row.cause = cause;
        if dns.propagation.is_zero() {
            self.publish(entry, position, healthy);
        } else {
            let event = Event::Publish { entry, position: position as u16, healthy };
            agenda.add(now.saturating_add(dns.propagation), event);
        }
    }

    fn publish(&mut self, entry: EntryId, position: usize, healthy: bool) {
        let row = &mut self.rows[entry];
        if row.published[position] != healthy {
            row.published[position] = healthy;
            row.unhealthy = if healthy { row.unhealthy - 1 } else { row.unhealthy + 1 };
            row.unheeded.push(position);
            self.dirty = true;
        }
    }

    /// A fault begins or ceases to silence the name servers of these entry points.
    pub(super) fn silence(&mut self, entries: &[EntryId], begins: bool, cause: Cause) {
        for &entry in entries {
            let row = &mut self.rows[entry];
            row.silent = if begins { row.silent + 1 } else { row.silent - 1 };
            if row.silent == u32::from(begins) {
                row.turned = !row.turned;
                row.voice_cause = cause;
                self.dirty = true;
            }
        }
    }

    /// A fault begins or ceases to stop record changes of these entry points.
    pub(super) fn freeze(&mut self, entries: &[EntryId], begins: bool) {
        for &entry in entries {
            let row = &mut self.rows[entry];
            row.frozen = if begins { row.frozen + 1 } else { row.frozen - 1 };
            self.dirty = true;
        }
    }
}

impl<O: Observer> World<'_, O> {
    pub(super) fn publish(&mut self, entry: EntryId, position: usize, healthy: bool) {
        self.entries.publish(entry, position, healthy);
    }

    /// A cohort's caches reach a breakpoint.
    pub(super) fn turn(&mut self, id: CohortId) {
        self.close();
        self.cohorts.turn(id, self.now, &mut self.agenda);
        let population = self.design.cohorts[id].population;
        self.traffic.touch(population);
        if O::ON && self.cohorts.settled(population) {
            let cause = self.traffic.cause(population);
            self.stirred = Some(self.note(Some(cause), |_| What::CachesSettled { population }));
        }
    }

    /// Brings what changed about entry points to their populations.
    pub(super) fn settle_entries(&mut self) {
        if !std::mem::take(&mut self.entries.dirty) {
            return;
        }
        self.close();
        for entry in self.design.specification().entries.ids() {
            if std::mem::take(&mut self.entries.rows[entry].turned) {
                self.speak(entry);
            }
            let row = &mut self.entries.rows[entry];
            if !row.unheeded.is_empty() && row.frozen == 0 {
                self.answer(entry);
                self.entries.rows[entry].unheeded.clear();
            }
        }
    }

    fn speak(&mut self, entry: EntryId) {
        let row = &self.entries.rows[entry];
        let (answering, cause) = (row.silent == 0, row.voice_cause);
        self.stirred = Some(self.note(Some(cause.change), |_| What::NameServersChanged { entry, answering }));
        for &population in &self.design.entries[entry].populations {
            self.cohorts.authority(population, answering, self.now, &mut self.agenda);
            self.traffic.authority(population, answering);
        }
    }

    fn answer(&mut self, entry: EntryId) {
        let plan = &self.design.entries[entry];
        let cause = self.entries.rows[entry].cause;
        for (router, &population) in plan.routers.iter().zip(&plan.populations) {
            let Entry { published, unheeded, .. } = &self.entries.rows[entry];
            let before = self.traffic.reply(population);
            if !unheeded.iter().any(|position| router.heeds(before, *position)) {
                continue;
            }
            let reply = router.answer(&mut self.answers, |position| published[position]);
            if reply == before {
                continue;
            }
            let mut change = cause.change;
            if reply.answer != before.answer {
                let answer = reply.answer;
                change = self.note(Some(cause.change), |world| What::AnswerChanged {
                    entry,
                    population,
                    answer: world.answers.shares(answer).to_vec(),
                });
                self.stirred = Some(change);
                self.cohorts.answer(population, answer, self.now, &mut self.agenda);
            }
            self.traffic.answer(population, reply, cause.root, change);
        }
    }
}
