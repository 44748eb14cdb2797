//! What health checks believe of each site, and when they will change their minds.

use super::{Cause, World};
use crate::design::{Design, WatchId, WatchPlan};
use crate::event::{Agenda, Event};
use crate::health::{Post, Seen, VantageSet, View, Watch};
use crate::observer::Observer;
use crate::site::Truth;
use crate::specification::{CheckId, Sees, SiteId, StoreId};
use crate::timeline::{ChangeId, What};
use sim::{Instant, Replication, Seed, Span, Stream, Table, Ticket};

/// One check watching one site.
#[derive(Clone, Debug)]
struct Belief {
    /// None until something happens to the site: until then every probe has succeeded.
    watch: Option<Watch>,
    probes: Option<Stream>,
    view: View,
    flip: Option<Ticket>,
    look: Option<Ticket>,
    healthy: bool,
    /// What brought the present view, and what the one before.
    cause: Cause,
    before: Cause,
}

impl Belief {
    /// What led to the verdict just reached: not the present view if no probe of it speaks for that. The last result then
    /// was on its way when the view changed.
    fn cause_of_verdict(&self) -> Cause {
        let speaks_against = if self.healthy {
            self.view.seen == Seen::Fails || !self.view.cut.is_empty()
        } else {
            self.view == View::PASSES
        };
        if speaks_against { self.before } else { self.cause }
    }
}

/// All beliefs.
#[derive(Clone, Debug)]
pub(super) struct Beliefs<'d> {
    design: &'d Design,
    rows: Table<WatchId, Belief>,
    seed: Seed,
    replication: Replication,
    start: Instant,
    posts: Vec<Post>,
    /// Flips and looks to come.
    pending: usize,
    unhealthy: usize,
}

impl<'d> Beliefs<'d> {
    pub(super) fn new(design: &'d Design) -> Self {
        let cause = Cause { change: ChangeId(0), root: design.false_alarm() };
        let untouched = Belief {
            watch: None,
            probes: None,
            view: View::PASSES,
            flip: None,
            look: None,
            healthy: true,
            cause,
            before: cause,
        };
        Beliefs {
            design,
            rows: design.watches.map(|_, _| untouched.clone()),
            seed: Seed(0),
            replication: Replication(0),
            start: Instant::ZERO,
            posts: Vec::new(),
            pending: 0,
            unhealthy: 0,
        }
    }

    pub(super) fn reset(&mut self, seed: Seed, replication: Replication, start: Instant) {
        (self.seed, self.replication, self.start) = (seed, replication, start);
        (self.pending, self.unhealthy) = (0, 0);
        for row in self.rows.rows_mut() {
            row.watch = None;
            row.probes = None;
            row.view = View::PASSES;
            row.flip = None;
            row.look = None;
            row.healthy = true;
        }
    }

    /// Is any belief wrong, or about to change?
    pub(super) fn pending(&self) -> bool {
        self.pending > 0 || self.unhealthy > 0
    }

    /// Is any verdict about to change?
    pub(super) fn moving(&self) -> bool {
        self.pending > 0
    }

    /// What the probes of every check see of `site` changed.
    pub(super) fn view(
        &mut self,
        site: SiteId,
        truth: &Truth,
        (reaches, stored): (impl Fn(CheckId) -> bool, impl Fn(&[StoreId]) -> bool),
        cause: Cause,
        now: Instant,
        agenda: &mut Agenda,
    ) {
        let design = self.design;
        for &id in &design.watches_of[site] {
            let plan = &design.watches[id];
            let stored = stored(&design.specification().checks[plan.check].stores);
            let view = self.seen(plan, truth, reaches(plan.check), stored);
            if view == self.rows[id].view {
                continue;
            }
            self.wake(id);
            let row = &mut self.rows[id];
            row.view = view;
            row.before = std::mem::replace(&mut row.cause, cause);
            if let (Some(watch), Some(stream)) = (&mut row.watch, &mut row.probes) {
                watch.view(now, view, stream);
            }
            self.plan(id, agenda);
        }
    }

    fn seen(&self, plan: &WatchPlan, truth: &Truth, reaches: bool, stored: bool) -> View {
        let deep = self.design.specification().checks[plan.check].sees == Sees::Site;
        let seen = match truth {
            truth if truth.down || !stored => Seen::Fails,
            truth if deep && truth.errors >= 1.0 => Seen::Fails,
            truth if deep && truth.errors > 0.0 => Seen::Errs(truth.errors),
            _ => Seen::Passes,
        };
        let cut = truth.isolated.checkers || !reaches;
        let cut = if cut { VantageSet::first(plan.posts.len()) } else { VantageSet::EMPTY };
        View { seen, added: truth.latency, cut }
    }

    /// Makes the watch, with its phases drawn, the first time anything happens to its site.
    fn wake(&mut self, id: WatchId) {
        let row = &mut self.rows[id];
        if row.watch.is_some() {
            return;
        }
        let plan = &self.design.watches[id];
        self.posts.clear();
        self.posts.extend_from_slice(&plan.posts);
        if plan.random_phases {
            let mut phases = Stream::new(self.seed, self.replication, plan.phase_stream);
            for post in &mut self.posts {
                post.phase = Span::from_nanos(phases.below(plan.plan.interval.nanos() as u64) as i64);
            }
        }
        row.watch = Some(Watch::new(&plan.plan, &self.posts, self.start).settled(true));
        row.probes = Some(Stream::new(self.seed, self.replication, plan.probe_stream));
    }

    fn plan(&mut self, id: WatchId, agenda: &mut Agenda) {
        let row = &mut self.rows[id];
        for ticket in [row.flip.take(), row.look.take()].into_iter().flatten() {
            agenda.cancel(ticket);
            self.pending -= 1;
        }
        let Some(watch) = &row.watch else { return };
        if let Some(at) = watch.next_flip() {
            row.flip = Some(agenda.add(at, Event::Flip(id)));
            self.pending += 1;
        } else if let Some(at) = watch.next_look() {
            row.look = Some(agenda.add(at, Event::Look(id)));
            self.pending += 1;
        }
    }

    /// Looks again at a site that errs at random.
    pub(super) fn look(&mut self, id: WatchId, now: Instant, agenda: &mut Agenda) {
        let row = &mut self.rows[id];
        row.look = None;
        self.pending -= 1;
        if let (Some(watch), Some(stream)) = (&mut row.watch, &mut row.probes) {
            watch.look(now, stream);
        }
        self.plan(id, agenda);
    }

    /// The check changes its verdict; returns the new one and what caused it.
    fn flip(&mut self, id: WatchId, now: Instant, agenda: &mut Agenda) -> (bool, Cause) {
        let row = &mut self.rows[id];
        row.flip = None;
        self.pending -= 1;
        if let Some(watch) = &mut row.watch {
            watch.flip(now);
            row.healthy = watch.healthy();
        }
        let verdict = (row.healthy, row.cause_of_verdict());
        self.unhealthy = if row.healthy { self.unhealthy - 1 } else { self.unhealthy + 1 };
        self.plan(id, agenda);
        verdict
    }
}

impl<O: Observer> World<'_, O> {
    pub(super) fn flip(&mut self, id: WatchId) {
        let (healthy, cause) = self.beliefs.flip(id, self.now, &mut self.agenda);
        let plan = &self.design.watches[id];
        let (check, site) = (plan.check, plan.site);
        let change = self.note(Some(cause.change), |_| What::VerdictChanged { check, site, healthy });
        if self.now >= Instant::ZERO {
            self.ledger.flipped(site);
        }
        let cause = Cause { change, ..cause };
        for &(entry, position) in &plan.heeded_by {
            self.entries.heed(entry, position, healthy, cause, self.now, &mut self.agenda);
        }
    }
}
