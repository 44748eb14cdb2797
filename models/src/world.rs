//! The world: the layers, and one `match` over the events. No rule lives here.

mod beliefs;
mod data;
mod entry;
mod survey;

use crate::blame::SourceId;
use crate::cohort::Cohorts;
use crate::design::{ComponentId, Design, LevelId, PlannedId, PlannedStart};
use crate::event::{Agenda, Event};
use crate::fault::{Fault, Faults, Harm};
use crate::ledger::Ledger;
use crate::luck::{Luck, Struck};
use crate::network::Network;
use crate::observer::Observer;
use crate::site::{Sites, percent};
use crate::specification::{
    Breakage, Effect, EntryId, PopulationId, Scope, ShockId, SiteId, Steering, StoreId,
};
use crate::steering::Answers;
use crate::store::Stores;
use crate::timeline::{Change, ChangeId, FaultId, What};
use crate::traffic::{Above, Closing, Traffic};
use beliefs::Beliefs;
use entry::Entries;
use sim::{Instant, Replication, Seed, Span, Stream, Table};

/// A change, and the root of the chain of causes that led to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Cause {
    pub(crate) change: ChangeId,
    pub(crate) root: SourceId,
}

/// One replication after the other of a design.
#[derive(Clone, Debug)]
pub(crate) struct World<'d, O> {
    design: &'d Design,
    agenda: Agenda,
    luck: Luck<'d>,
    faults: Faults<'d>,
    sites: Sites,
    network: Network,
    beliefs: Beliefs<'d>,
    entries: Entries<'d>,
    answers: Answers,
    stores: Stores<'d>,
    cohorts: Cohorts<'d>,
    traffic: Traffic<'d>,
    pub(crate) ledger: Ledger<'d>,
    pub(crate) observer: O,
    seed: Seed,
    replication: Replication,
    now: Instant,
    /// Since when the traffic has been what it is; everything before is booked.
    opened: Instant,
    changes: u32,
    /// The change that last touched the traffic.
    stirred: Option<ChangeId>,
    /// The fault that changed the network last.
    network_cause: Cause,
    lost_since: Table<SiteId, Option<Instant>>,
    data: data::Books,
    /// How many of the sites that each level needs are lost.
    lost_sites: Table<LevelId, u32>,
    /// The active fault of each planned one.
    planned: Table<PlannedId, Option<FaultId>>,
    placed: Vec<Instant>,
    /// Populations that may be routed to each site, and entry points whose all-knowing routers may.
    users: Table<SiteId, Vec<PopulationId>>,
    ideals: Table<SiteId, Vec<EntryId>>,
    offered: f64,
    struck: Vec<Struck>,
    found_down: Vec<(ComponentId, Span)>,
    scopes_down: Vec<bool>,
}

impl<'d, O: Observer> World<'d, O> {
    pub(crate) fn new(design: &'d Design, observer: O) -> Self {
        let specification = design.specification();
        let nobody = Cause { change: ChangeId(0), root: design.false_alarm() };
        let answers = Answers::new(specification.sites.len());
        let horizon = Instant::ZERO + specification.run.horizon;
        let entries = Entries::new(design);
        let routers = |site: SiteId, ideal: bool| {
            let uses = move |id: &EntryId| {
                let entry = &specification.entries[*id];
                matches!(entry.steering, Steering::Ideal) == ideal && entry.sites.contains(&site)
            };
            specification.entries.ids().filter(uses)
        };
        let users = |site: SiteId| {
            let entries: Vec<EntryId> = routers(site, false).collect();
            let uses = |id: &PopulationId| entries.contains(&specification.populations[*id].entry);
            specification.populations.ids().filter(uses).collect()
        };
        World {
            design,
            agenda: Agenda::new(horizon),
            luck: Luck::new(design),
            faults: Faults::default(),
            sites: Sites::new(&design.topology, design.false_alarm()),
            network: Network::new(specification),
            beliefs: Beliefs::new(design),
            traffic: Traffic::new(design, entries.nobody(&answers)),
            entries,
            answers,
            stores: Stores::new(design, nobody),
            cohorts: Cohorts::new(design),
            ledger: Ledger::new(design),
            observer,
            seed: Seed(0),
            replication: Replication(0),
            now: Instant::ZERO,
            opened: Instant::ZERO,
            changes: 0,
            stirred: None,
            network_cause: nobody,
            lost_since: specification.sites.map(|_, _| None),
            data: data::Books::new(specification),
            lost_sites: design.levels.map(|_, _| 0),
            planned: design.planned.map(|_, _| None),
            placed: Vec::new(),
            users: specification.sites.map(|site, _| users(site)),
            ideals: specification.sites.map(|site, _| routers(site, true).collect()),
            offered: design.curves.rows().iter().map(|curve| curve.integral(Instant::ZERO, horizon)).sum(),
            struck: Vec::new(),
            found_down: Vec::new(),
            scopes_down: vec![false; design.scopes.len()],
        }
    }

    /// Runs one replication from its start to the horizon, into the ledger's tally.
    pub(crate) fn run(&mut self, seed: Seed, replication: Replication) {
        let horizon = Instant::ZERO + self.design.specification().run.horizon;
        self.start(seed, replication);
        self.drive(horizon, |_| false);
        self.finish(horizon);
    }

    /// Goes on to just before what happens at `limit`, or until `enough` holds after some instant has settled.
    pub(crate) fn drive(&mut self, limit: Instant, enough: impl Fn(&Self) -> bool) {
        loop {
            let next = self.agenda.next_at().filter(|at| *at < limit);
            self.now = next.unwrap_or(limit);
            if next.is_none() {
                break;
            }
            while self.agenda.next_at() == Some(self.now) {
                if let Some((_, event)) = self.agenda.take() {
                    self.happen(event);
                }
            }
            self.settle();
            if enough(self) {
                break;
            }
        }
        self.close();
    }

    /// Books the stretch since the traffic last changed, up to now.
    fn close(&mut self) {
        let from = self.opened.max(Instant::ZERO);
        self.opened = self.now;
        if self.now <= from {
            return;
        }
        if O::ON {
            self.observe(from, self.now);
        }
        if !self.traffic.is_calm() {
            let above = Above {
                faults: &self.faults,
                sites: &self.sites,
                network: &self.network,
                answers: &self.answers,
                stores: &self.stores,
            };
            let costs = self.observer.costs(from, self.now);
            self.traffic.close(from, self.now, &mut Closing { above, ledger: &mut self.ledger, costs });
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Begin => self.close(),
            Event::Repair(component) => self.repair(component),
            Event::Cease(planned) => self.cease(planned),
            Event::Fail(component) => self.fail(component),
            Event::Strike(planned) => self.strike(planned),
            Event::Shock(shock) => self.shock(shock),
            Event::Store(store) => self.stores.wake(store),
            Event::Flip(watch) => self.flip(watch),
            Event::Look(watch) => self.beliefs.look(watch, self.now, &mut self.agenda),
            Event::Publish { entry, position, healthy } => {
                self.publish(entry, usize::from(position), healthy)
            }
            Event::Turn(cohort) => self.turn(cohort),
        }
    }

    /// Settles the layers once, downwards.
    fn settle(&mut self) {
        if self.network.settle(self.design.specification(), &self.faults) {
            for site in self.design.specification().sites.ids() {
                self.look_at(site);
            }
            self.stores.stir(self.network_cause);
        }
        while let Some((site, changed)) = self.sites.settle_next(&self.design.topology, &self.faults) {
            if let Some(served) = changed {
                self.site_changed(site, served);
            }
        }
        self.settle_stores();
        self.settle_entries();
        let above = Above {
            faults: &self.faults,
            sites: &self.sites,
            network: &self.network,
            answers: &self.answers,
            stores: &self.stores,
        };
        self.traffic.settle(self.now, above, &mut self.cohorts);
        if self.now >= Instant::ZERO {
            let nominal = self.is_nominal();
            if nominal == self.ledger.in_episode() {
                self.close();
                self.ledger.turn_page();
            }
        }
    }

    /// Is everything as it would be if nothing ever failed?
    fn is_nominal(&self) -> bool {
        self.faults.active().is_empty()
            && !self.cohorts.moving()
            && !self.beliefs.pending()
            && self.entries.all_published()
            && self.stores.are_settled()
    }

    /// Begins a replication.
    pub(crate) fn start(&mut self, seed: Seed, replication: Replication) {
        let start = Instant::ZERO - self.design.lead_in;
        (self.seed, self.replication) = (seed, replication);
        (self.now, self.opened) = (start, start);
        self.agenda.clear();
        self.faults.clear();
        self.sites.reset(&self.design.topology);
        self.network.reset();
        self.beliefs.reset(seed, replication, start);
        self.answers.reset();
        self.stores.reset(seed, replication, start);
        self.data.reset(self.design.specification(), seed, replication);
        self.changes = 0;
        self.stirred = None;
        self.lost_since.rows_mut().fill(None);
        self.lost_sites.rows_mut().fill(0);
        self.planned.rows_mut().fill(None);
        self.ledger.reset(replication);
        let replies = self.entries.reset(&mut self.answers);
        for (population, reply) in replies.iter() {
            self.cohorts.fill(population, reply.answer, start);
        }
        self.traffic.reset(&replies, start);
        self.settle();
        self.traffic.remember_nominal();
        self.place();
        self.agenda.add(Instant::ZERO, Event::Begin);
        let mut found_down = std::mem::take(&mut self.found_down);
        found_down.clear();
        self.luck.reset(seed, replication, start, &mut self.agenda, &mut found_down);
        for &(component, rest) in &found_down {
            let (source, _) = self.design.components[component].own.as_ref().expect("it fails by itself");
            self.take_down(component, *source, rest);
        }
        self.found_down = found_down;
        self.settle();
    }

    /// Puts the planned faults on the agenda.
    fn place(&mut self) {
        let horizon = self.design.specification().run.horizon;
        self.placed.clear();
        for name in &self.design.placements {
            let share = Stream::new(self.seed, self.replication, *name).uniform();
            self.placed.push(Instant::ZERO + Span::from_seconds(horizon.seconds() * share));
        }
        for (id, plan) in self.design.planned.iter() {
            let at = match plan.from {
                PlannedStart::At(at) => at,
                PlannedStart::After { placement, offset } => self.placed[placement] + offset,
            };
            self.agenda.add(at, Event::Strike(id));
        }
    }

    /// A component's own time has come.
    fn fail(&mut self, id: ComponentId) {
        let lasts = self.luck.fail(id);
        let (source, _) = self.design.components[id].own.as_ref().expect("it fails by itself");
        self.take_down(id, *source, lasts);
    }

    fn shock(&mut self, id: ShockId) {
        let mut struck = std::mem::take(&mut self.struck);
        self.luck.shock(id, self.now, &mut self.agenda, &mut struck);
        for victim in &struck {
            self.take_down(victim.component, self.design.shocks[id].source, victim.lasts);
        }
        self.struck = struck;
    }

    fn take_down(&mut self, id: ComponentId, source: SourceId, lasts: Span) {
        let domain = self.design.components[id].domain;
        let effects = &self.design.specification().domains[domain].effects;
        let fault = self.begin(source, Harm::Domain { domain, effects, hits: None });
        self.luck.note(id, fault);
        self.luck.stop_clocks(id, true, self.now, &mut self.agenda);
        self.agenda.add(self.now.saturating_add(lasts), Event::Repair(id));
    }

    fn repair(&mut self, id: ComponentId) {
        let fault = self.luck.repair(id, self.now, &mut self.agenda);
        self.luck.stop_clocks(id, false, self.now, &mut self.agenda);
        self.end(fault);
    }

    fn strike(&mut self, id: PlannedId) {
        let plan = &self.design.planned[id];
        let harm = match &plan.what {
            Breakage::Partition { groups } => Harm::Partition { groups },
            Breakage::Domain { domain, effects, chance } => {
                let (seed, replication) = (self.seed, self.replication);
                let hit = |name: &sim::StreamName| Stream::new(seed, replication, *name).chance(*chance);
                let hits = (!plan.spared.is_empty()).then(|| plan.spared.iter().map(hit).collect());
                Harm::Domain { domain: *domain, effects, hits }
            }
        };
        let fault = self.begin(plan.source, harm);
        self.planned[id] = Some(fault);
        self.agenda.add(self.now.saturating_add(plan.lasts.max(Span::NANOSECOND)), Event::Cease(id));
    }

    fn cease(&mut self, id: PlannedId) {
        if let Some(fault) = self.planned[id].take() {
            self.end(fault);
        }
    }

    fn begin(&mut self, source: SourceId, harm: Harm<'d>) -> FaultId {
        self.close();
        let id = self.faults.number();
        let mut fault = Fault { id, source, harm, since: self.now, change: ChangeId(0) };
        let what = |_: &Self| What::FaultBegan {
            fault: id,
            source,
            domain: fault.domain(),
            effect: describe(&fault),
        };
        fault.change = self.note(None, what);
        self.ledger.began(source, self.now);
        self.spread(&fault, true, fault.change);
        self.faults.begin(fault);
        id
    }

    fn end(&mut self, id: FaultId) {
        self.close();
        let fault = self.faults.end(id);
        let (source, domain) = (fault.source, fault.domain());
        let change = self.note(Some(fault.change), |_| What::FaultEnded { fault: id, source, domain });
        self.ledger.ended(source, fault.since, self.now);
        self.spread(&fault, false, change);
    }

    /// Tells the layers below the faults what a fault does, or no longer does.
    fn spread(&mut self, fault: &Fault<'d>, begins: bool, change: ChangeId) {
        let cause = Cause { change, root: fault.source };
        self.stirred = Some(change);
        self.sites.apply(&self.design.topology, fault, begins, change);
        let Some(domain) = fault.domain() else {
            self.network_cause = cause;
            self.network.partition_changed();
            return;
        };
        let topology = &self.design.topology;
        // Few domains hold name servers, record changes or links: whether they do is asked before what the fault does.
        let does = |what: fn(Effect) -> bool| fault.effects().iter().any(|effect| what(*effect));
        let (answers, controls) = (&topology.answers[domain], &topology.controls[domain]);
        if !answers.is_empty() && does(Effect::silences) {
            self.entries.silence(answers, begins, cause);
        }
        if !controls.is_empty() && does(Effect::freezes) {
            self.entries.freeze(controls, begins);
        }
        let links = &topology.links[domain];
        if !links.is_empty() && does(Effect::takes_from_clients) {
            self.network_cause = cause;
            links.iter().for_each(|link| self.network.link_changed(*link, begins));
        }
    }

    fn site_changed(&mut self, site: SiteId, served: bool) {
        let truth = *self.sites.truth(site);
        let (fault, root) = self.sites.cause(site);
        let change = self.note(Some(fault), |_| What::SiteChanged { site, truth: truth.describe() });
        if served != truth.serves() {
            self.serving_changed(site, truth.serves());
        }
        let above = Above {
            faults: &self.faults,
            sites: &self.sites,
            network: &self.network,
            answers: &self.answers,
            stores: &self.stores,
        };
        self.traffic.site_changed(site, above);
        self.stores.stir(Cause { change, root });
        self.consult(site, Cause { change, root });
    }

    /// The network around `site` may have changed.
    fn look_at(&mut self, site: SiteId) {
        self.consult(site, self.network_cause);
    }

    /// Tells health checks and traffic what became of `site`.
    fn consult(&mut self, site: SiteId, cause: Cause) {
        let (truth, network) = (self.sites.truth(site), &self.network);
        let reaches = |check| network.checker_reaches(check, site);
        let stored = |stores: &[StoreId]| self.stores.writes_all(stores, site);
        self.beliefs.view(site, truth, (reaches, stored), cause, self.now, &mut self.agenda);
        for &population in &self.users[site] {
            if self.traffic.uses(population, site) {
                self.traffic.touch(population);
            }
        }
        for &entry in &self.ideals[site] {
            self.traffic.ideal_changed(entry, site);
        }
    }

    fn serving_changed(&mut self, site: SiteId, serves: bool) {
        if serves {
            self.site_recovered(site, self.now);
        } else {
            self.lost_since[site] = Some(self.now.max(Instant::ZERO));
        }
        let design = self.design;
        for &level in &design.needed_by[site] {
            let (plan, count) = (&design.levels[level], &mut self.lost_sites[level]);
            let lacked = plan.lacks(*count);
            *count = if serves { *count - 1 } else { *count + 1 };
            if plan.lacks(*count) != lacked {
                self.lack_changed(level);
            }
        }
    }

    /// A scope came to lack sites, or has enough of them again.
    fn lack_changed(&mut self, level: LevelId) {
        let scope = self.design.levels[level].scope;
        for population in self.design.specification().populations.ids() {
            if self.design.holds(scope, population) {
                // Another scope that holds this population may lack sites as well.
                let lost = &self.lost_sites;
                let missing = self.design.lacks(population, |id| self.design.levels[id].lacks(lost[id]));
                self.traffic.missing_changed(population, missing);
            }
        }
    }

    fn site_recovered(&mut self, site: SiteId, now: Instant) {
        if let Some(since) = self.lost_since[site].take()
            && now > since
        {
            self.ledger.site_lost(site, now - since);
        }
    }

    /// Notes a change; its number is the same whether anybody observes or not.
    fn note(&mut self, cause: Option<ChangeId>, what: impl FnOnce(&Self) -> What) -> ChangeId {
        let id = ChangeId(self.changes);
        self.changes += 1;
        if O::ON {
            let change = Change { id, at: self.now, cause, what: what(self) };
            self.observer.change(change);
        }
        id
    }

    fn above(&self) -> Above<'_, 'd> {
        Above {
            faults: &self.faults,
            sites: &self.sites,
            network: &self.network,
            answers: &self.answers,
            stores: &self.stores,
        }
    }

    /// Shows the observer the traffic at both ends of a stretch, and which scopes are up in it.
    fn observe(&mut self, from: Instant, until: Instant) {
        if !self.observer.wants(from, until) {
            return;
        }
        let pieces = if self.traffic.is_calm() {
            vec![from, until]
        } else {
            self.traffic.pieces(from, until, self.above())
        };
        for pair in pieces.windows(2) {
            let down = self.traffic.scopes_down(pair[0], pair[1], self.above());
            let opening = self.traffic.frame(pair[0], false, self.above());
            let closing = self.traffic.frame(pair[1] - Span::NANOSECOND, true, self.above());
            self.now = pair[0];
            self.note_scopes(&down);
            self.observer.frame(opening);
            self.observer.frame(closing);
        }
        self.now = until;
    }

    fn note_scopes(&mut self, down: &[bool]) {
        for (index, &is_down) in down.iter().enumerate() {
            let scope: Scope = self.design.scopes[index];
            if self.scopes_down[index] != is_down {
                self.scopes_down[index] = is_down;
                let cause = self.stirred;
                let what = if is_down { What::WentDown { scope } } else { What::CameUp { scope } };
                self.note(cause, |_| what);
            }
        }
    }

    /// The horizon is reached: the books are closed.
    pub(crate) fn finish(&mut self, horizon: Instant) {
        for site in self.design.specification().sites.ids() {
            self.site_recovered(site, horizon);
        }
        self.close_data(horizon);
        for fault in self.faults.active() {
            self.ledger.cut(fault.source, fault.since, horizon);
        }
        self.ledger.finish();
        let came = self.traffic.settle_accounts(horizon, &mut self.ledger);
        // Offered = arrived + lost before arrival, each integrated apart.
        let difference = (came - self.offered).abs();
        assert!(
            difference <= 1e-9 * self.offered + 1e-6,
            "requests are not conserved in replication {}: offered {}, accounted for {came}",
            self.replication.0,
            self.offered
        );
    }
}

/// A fault's effects in words.
fn describe(fault: &Fault) -> String {
    let Harm::Domain { effects, .. } = &fault.harm else { return "partition".into() };
    let words: Vec<String> = effects.iter().map(|effect| describe_effect(*effect)).collect();
    words.join(", ")
}

fn describe_effect(effect: Effect) -> String {
    match effect {
        Effect::Down => "down".into(),
        Effect::Degraded { factor } => format!("capacity {} %", percent(factor)),
        Effect::Errors { share } => format!("{} % errors", percent(share)),
        Effect::Latency { added } => format!("{} ms slower", added.nanos() / 1_000_000),
        Effect::Isolated(isolation) if isolation.clients && isolation.checkers => "cut off".into(),
        Effect::Isolated(_) => "cut off in part".into(),
        Effect::ControlPlane => "control plane down".into(),
        Effect::Dns => "name servers silent".into(),
        Effect::PowerLost => "power lost".into(),
    }
}
