//! The ledger: it follows one replication and adds what happened to a tally. It feeds nothing back into the world.

mod company;
mod data;
mod split;
mod tally;

pub(crate) use data::Laws;
pub(crate) use split::Split;
pub(crate) use tally::{Charge, Lasted, LevelTally, Tally};

pub(crate) use company::is_rare;

use company::Company;
use tally::Ended;

use crate::blame::{Mechanism, SourceId};
use crate::design::{Design, LevelId};
use crate::fault::{Fault, Faults};
use crate::outcome::Worst;
use crate::specification::{DomainId, PopulationId, Scope, SiteId, Steering};
use crate::volume::Volume;
use sim::{Id, Instant, Replication, Span, Table};

/// An outage that may go on.
#[derive(Clone, Copy, Debug)]
struct Open {
    from: Instant,
    until: Instant,
    starter: SourceId,
    fault_since: Instant,
    lost_before: Volume,
    /// What had been lost at its end so far. An outage is closed only when the next one begins.
    lost_until: Volume,
    /// Did it begin within the run, rather than before?
    begun: bool,
}

/// What one replication has shown of a level so far.
#[derive(Clone, Copy, Debug, Default)]
struct Running {
    open: Option<Open>,
    down: Span,
    /// Down since the current episode began.
    down_in_episode: Span,
    /// Outages that began, and those since the current episode did.
    outages: u64,
    outages_in_episode: u64,
}

/// Whom a loss is charged to: a root, and when the fault of it began that the loss is the work of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Culprit {
    source: SourceId,
    /// None: it is no fault (demand, a false alarm).
    since: Option<Instant>,
}

impl Culprit {
    pub(crate) fn of(fault: &Fault) -> Self {
        Culprit { source: fault.source, since: Some(fault.since) }
    }

    /// Adds it to those that share a loss: a root comes once, with the latest of its faults.
    pub(crate) fn join(self, sharing: &mut Vec<Culprit>) {
        match sharing.iter_mut().find(|other| other.source == self.source) {
            Some(other) => other.since = other.since.max(self.since),
            None => sharing.push(self),
        }
    }
}

/// Follows a replication.
#[derive(Clone, Debug)]
pub(crate) struct Ledger<'d> {
    design: &'d Design,
    pub(crate) tally: Tally,
    replication: Replication,
    levels: Table<LevelId, Running>,
    /// Lost so far in this replication, and before the current episode, by population.
    lost: Table<PopulationId, Volume>,
    lost_before_episode: Table<PopulationId, Volume>,
    lost_by_source: Table<SourceId, Volume>,
    /// Whom the losses of the present piece are charged to so far, by population.
    culprits: Table<PopulationId, Vec<Culprit>>,
    /// When each source's latest fault began: all victims of one strike, and all phases of a replay, are one fault.
    begun: Table<SourceId, Option<Instant>>,
    company: Company,
    /// Has a domain any effect on a scope? Row-major: domains by scopes.
    affects: Vec<bool>,
    in_episode: bool,
    /// Has anything been booked since the books were last closed?
    touched: bool,
    /// Is anything random? If not, the one replication's outages are listed one by one.
    random: bool,
    charged: Vec<SourceId>,
}

impl<'d> Ledger<'d> {
    pub(crate) fn new(design: &'d Design) -> Self {
        let populations = &design.specification().populations;
        Ledger {
            design,
            tally: Tally::default(),
            replication: Replication(0),
            levels: design.levels.map(|_, _| Running::default()),
            lost: populations.map(|_, _| Volume::ZERO),
            lost_before_episode: populations.map(|_, _| Volume::ZERO),
            lost_by_source: design.sources.map(|_, _| Volume::ZERO),
            culprits: populations.map(|_, _| Vec::new()),
            begun: design.sources.map(|_, _| None),
            company: Company::new(design),
            affects: affects(design),
            in_episode: false,
            touched: false,
            random: design.is_random(),
            charged: Vec::new(),
        }
    }

    pub(crate) fn reset(&mut self, replication: Replication) {
        self.replication = replication;
        self.tally.prepare(self.design);
        self.levels.rows_mut().fill(Running::default());
        self.lost.rows_mut().fill(Volume::ZERO);
        self.lost_before_episode.rows_mut().fill(Volume::ZERO);
        self.lost_by_source.rows_mut().fill(Volume::ZERO);
        self.turn_over();
        self.begun.rows_mut().fill(None);
        self.company.reset();
        self.in_episode = false;
        self.touched = false;
    }

    /// A new piece begins: nothing is charged in it yet.
    pub(crate) fn turn_over(&mut self) {
        self.culprits.rows_mut().iter_mut().for_each(Vec::clear);
    }

    /// The root of what is lost while no fault is to blame; the last one of that root may be over.
    pub(crate) fn root(&self, source: SourceId) -> Culprit {
        Culprit { source, since: self.begun[source] }
    }

    /// Charges lost requests to a mechanism and a root.
    pub(crate) fn lose(
        &mut self,
        population: PopulationId,
        mechanism: Mechanism,
        culprit: Culprit,
        volume: Volume,
    ) {
        debug_assert!(volume >= Volume::ZERO);
        self.touched = true;
        if volume > Volume::ZERO {
            culprit.join(&mut self.culprits[population]);
        }
        let source = culprit.source;
        self.lost[population] += volume;
        self.lost_by_source[source] += volume;
        self.tally.lose(population, mechanism, source, volume);
    }

    /// Everything lost so far in this replication.
    fn lost_in(&self, scope: Scope) -> Volume {
        self.lost.iter().filter(|(id, _)| self.design.holds(scope, *id)).map(|(_, volume)| *volume).sum()
    }

    pub(crate) fn affects(&self, domain: DomainId, scope: usize) -> bool {
        self.affects[domain.index() * self.design.scopes.len() + scope]
    }

    /// Was `level` down from `from` until `until`? `root` began whatever happens while no fault is active; `lost_before`
    /// is what was lost until `from`.
    pub(crate) fn book(
        &mut self,
        level: LevelId,
        from: Instant,
        until: Instant,
        faults: &Faults,
        root: SourceId,
        lost_before: Volume,
    ) {
        self.touched = true;
        let length = until - from;
        let running = &mut self.levels[level];
        running.down += length;
        running.down_in_episode += length;
        if level.index() >= self.design.scopes.len() {
            return;
        }
        let lost_until = if level.index() == 0 { self.lost_so_far() } else { Volume::ZERO };
        match &mut self.levels[level].open {
            Some(open) if open.until == from => (open.until, open.lost_until) = (until, lost_until),
            _ => {
                self.close(level);
                let (starter, fault_since) = self.starter(level, root, from);
                let begun = self.begins(from, faults);
                let open = Open { from, until, starter, fault_since, lost_before, lost_until, begun };
                let running = &mut self.levels[level];
                running.open = Some(open);
                running.outages += u64::from(begun);
                running.outages_in_episode += u64::from(begun);
            }
        }
        self.charge_time(level, length, faults, root);
    }

    /// Does an outage seen from `from` on begin there? One that a stationary run finds at its start was there before,
    /// unless a fault begins at that very instant.
    fn begins(&self, from: Instant, faults: &Faults) -> bool {
        self.design.lead_in == Span::ZERO
            || from > Instant::ZERO
            || faults.active().iter().any(|fault| fault.since == Instant::ZERO)
    }

    /// The fault that began an outage which opens now: of those to which its first loss is charged the one that began
    /// last. The others were there already, and all was up.
    fn starter(&self, level: LevelId, root: SourceId, now: Instant) -> (SourceId, Instant) {
        let later = |first: Culprit, other: Culprit| if other.since > first.since { other } else { first };
        let starter = self.charged_in(level).reduce(later).unwrap_or(self.root(root));
        (starter.source, starter.since.unwrap_or(now))
    }

    /// Whom what the populations of a level lost in the present piece is charged to.
    fn charged_in(&self, level: LevelId) -> impl Iterator<Item = Culprit> {
        let scope = self.design.levels[level].scope;
        let held = self.culprits.iter().filter(move |(id, _)| self.design.holds(scope, *id));
        held.flat_map(|(_, row)| row.iter().copied())
    }

    fn concerns(&self, fault: &Fault, scope: usize) -> bool {
        fault.domain().is_none_or(|domain| self.affects(domain, scope))
    }

    /// Shares the time among the roots that its loss is charged to; where nothing was there to lose, among those of the
    /// active faults with an effect on the scope.
    fn charge_time(&mut self, level: LevelId, length: Span, faults: &Faults, root: SourceId) {
        let mut charged = std::mem::take(&mut self.charged);
        charged.clear();
        charged.extend(self.charged_in(level).map(|culprit| culprit.source));
        if charged.is_empty() {
            let concerned = faults.active().iter().filter(|fault| self.concerns(fault, level.index()));
            charged.extend(concerned.map(|fault| fault.source));
        }
        charged.sort_unstable();
        charged.dedup();
        if charged.is_empty() {
            charged.push(root);
        }
        self.tally.levels[level].charge(&charged, length);
        self.charged = charged;
    }

    /// Ends the open outage of `level`, if any.
    fn close(&mut self, level: LevelId) {
        let Some(open) = self.levels[level].open.take() else { return };
        self.tally.levels[level].outage(Ended {
            length: open.until - open.from,
            recovery: open.until - open.fault_since,
            starter: open.starter,
            begun: open.begun,
            cut: open.until - Instant::ZERO == self.design.specification().run.horizon,
            listed: !self.random,
        });
        if level.index() == 0 {
            let lost = open.lost_until - open.lost_before;
            let worst = Worst { replication: self.replication.0, from: open.from, until: open.until, lost };
            self.tally.consider(worst);
        }
    }

    /// What was lost by everybody so far.
    pub(crate) fn lost_so_far(&self) -> Volume {
        self.lost.rows().iter().copied().sum()
    }

    /// Is the world away from its nominal state?
    pub(crate) fn in_episode(&self) -> bool {
        self.in_episode
    }

    /// The world left its nominal state, or came back to it.
    pub(crate) fn turn_page(&mut self) {
        self.close_books(self.in_episode);
        self.in_episode = !self.in_episode;
        self.company.turn_page();
    }

    /// Hands what was lost since the last call over to the tally, as one episode's weight or as part of the base.
    fn close_books(&mut self, episode: bool) {
        if !std::mem::take(&mut self.touched) {
            return;
        }
        for level in self.design.levels.ids() {
            let running = self.levels[level];
            let plan = &self.design.levels[level];
            let lost: Volume = if level.index() < self.design.scopes.len() {
                let since = |id: PopulationId| self.lost[id] - self.lost_before_episode[id];
                self.lost.ids().filter(|id| self.design.holds(plan.scope, *id)).map(since).sum()
            } else {
                Volume::ZERO
            };
            let random = episode && self.company.is_random();
            let outages = running.outages_in_episode;
            self.tally.levels[level].weigh(running.down_in_episode, lost, outages, random);
            let running = &mut self.levels[level];
            (running.down_in_episode, running.outages_in_episode) = (Span::ZERO, 0);
        }
        self.lost_before_episode.rows_mut().copy_from_slice(self.lost.rows());
    }

    /// A fault began. All victims of one strike of a shock are one fault, and so are all phases of a replay. What began
    /// before the run does not count into its rate.
    pub(crate) fn began(&mut self, source: SourceId, now: Instant) {
        self.company.began(source);
        let before = self.begun[source].replace(now);
        let same = before.is_some() && (before == Some(now) || self.design.sources[source].kind == "replay");
        let tally = &mut self.tally.sources[source];
        tally.seen += 1;
        tally.faults += u64::from(now >= Instant::ZERO && !same);
    }

    /// A fault ended.
    pub(crate) fn ended(&mut self, source: SourceId, since: Instant, now: Instant) {
        self.company.ended(source);
        if since >= Instant::ZERO {
            let tally = &mut self.tally.sources[source];
            tally.ended += 1;
            tally.length += i128::from((now - since).nanos());
        }
    }

    /// A scripted fault goes on at the end of the run.
    pub(crate) fn cut(&mut self, source: SourceId, since: Instant, horizon: Instant) {
        if self.design.sources[source].kind == "script" {
            self.ended(source, since, horizon);
        }
    }

    /// A site was lost to its clients for so long.
    pub(crate) fn site_lost(&mut self, site: SiteId, length: Span) {
        let random = self.company.is_random();
        let tally = &mut self.tally.sites[site];
        tally.lost.weigh(length.nanos(), random);
        tally.lost_here += length;
        tally.episodes_here += u64::from(random);
    }

    /// What came to a site in a replication, what it served, and the greatest load, requests per second.
    pub(crate) fn site_traffic(&mut self, site: SiteId, arrived: Volume, served: Volume, peak: f64) {
        self.tally.sites[site].peak = self.tally.sites[site].peak.max(peak);
        self.tally.sites[site].arrived += arrived;
        self.tally.sites[site].served += served;
    }

    /// A health check changed its verdict on a site.
    pub(crate) fn flipped(&mut self, site: SiteId) {
        self.tally.sites[site].flips += 1;
    }

    /// The run ends.
    pub(crate) fn finish(&mut self) {
        self.close_books(self.in_episode);
        self.in_episode = false;
        for level in self.design.levels.ids() {
            self.close(level);
            let scope = self.design.levels[level].scope;
            let lost = self.lost_in(scope);
            self.tally.levels[level].replication(self.levels[level].down, lost, self.levels[level].outages);
        }
        let total = self.lost_so_far();
        self.tally.finish(total, &self.lost_by_source);
    }
}

fn affects(design: &Design) -> Vec<bool> {
    let domains = design.specification().domains.ids();
    domains
        .flat_map(|domain| (0..design.scopes.len()).map(move |scope| reach(design, domain, scope)))
        .collect()
}

/// Can a fault of `domain` have any effect on the scope with this index?
pub(crate) fn reach(design: &Design, domain: DomainId, scope: usize) -> bool {
    let entries = design.specification().entries.iter().filter(|(entry, _)| match design.scopes[scope] {
        Scope::All => true,
        Scope::Entry(one) => one == *entry,
        Scope::Population(population) => design.specification().populations[population].entry == *entry,
    });
    !design.topology.links[domain].is_empty()
        || entries.into_iter().any(|(id, entry)| {
            let answers =
                matches!(entry.steering, Steering::Dns(_)) && design.topology.answers[domain].contains(&id);
            answers || design.topology.touches[domain].iter().any(|touch| entry.sites.contains(&touch.site))
        })
}
