//! The load layer: where requests arrive, what is lost on the way or at the door, and what each stretch of time cost.

mod books;
mod charging;
mod close;
mod cuts;
mod frame;
mod ideal;
mod peak;
mod pool;
mod rates;

pub(crate) use close::Closing;

use crate::blame::SourceId;
use crate::cohort::{Cohorts, Following};
use crate::design::Design;
use crate::excess::Part;
use crate::fault::Faults;
use crate::ledger::Ledger;
use crate::network::Network;
use crate::site::Sites;
use crate::specification::{EntryId, PopulationId, Serving, SiteId, Steering, StoreId};
use crate::steering::{Answers, Reply};
use crate::store::Stores;
use crate::timeline::ChangeId;
use crate::topology::Topology;
use crate::volume::Volume;
use books::Book;
pub(crate) use books::Growth;
use ideal::Ideal;
use pool::Pools;
use sim::integral::Poly;
use sim::{Instant, Table};

/// Traffic that goes to a site that is lost to it.
#[derive(Clone, Copy, Debug)]
struct Lost {
    site: SiteId,
    share: Poly,
    /// The part for which the current answer still names the site.
    answered: f64,
    /// Is the site gone for everybody, rather than out of this population's reach?
    dead: bool,
}

/// One population's traffic from `origin` on.
#[derive(Clone, Debug)]
pub(crate) struct Flow {
    origin: Instant,
    /// Where it arrives: sites that it reaches, and shares.
    arrivals: Vec<(SiteId, Poly)>,
    lost: Vec<Lost>,
    /// The share that has no answer to follow.
    unanswered: Poly,
    /// What DNS answers it now.
    reply: Reply,
    /// Does DNS answer it at all?
    answering: bool,
    /// Who began what led to the current answer, and the change that brought it.
    root: SourceId,
    cause: ChangeId,
    /// Too few of the sites that its scope needs are up: everything is lost.
    missing: bool,
    /// Are any of its connections away from the sites that they were dialled to?
    away: bool,
    /// Does any of its arrivals meet errors, or a store that does not serve it?
    grey: bool,
    /// Up to when its writes are in the stores' books.
    logged: Instant,
    dirty: bool,
    /// May one of its sites see a greater load than ever before?
    unseen: bool,
    /// The greatest demand at any time of day, requests per second.
    peak: f64,
}

impl Flow {
    fn is_lossy(&self) -> bool {
        self.missing || self.grey || !self.lost.is_empty() || !self.unanswered.is_zero()
    }

    /// An upper bound of a share of the demand; a share that moves may reach 1 at most.
    fn most(&self, share: Poly) -> f64 {
        self.peak * if share.is_constant() { share.0[0] } else { 1.0 }
    }
}

/// The traffic of all populations.
#[derive(Clone, Debug)]
pub(crate) struct Traffic<'d> {
    design: &'d Design,
    flows: Table<PopulationId, Flow>,
    dirty: Vec<PopulationId>,
    /// Has a flow or a capacity changed since it was last asked whether all is calm?
    changed: bool,
    calm: bool,
    /// Is any entry point steered otherwise than ideally?
    routed: bool,
    pools: Pools<'d>,
    ideals: Table<EntryId, Option<Ideal>>,
    /// What each population would lose by overload if nothing ever failed: its sites and shares.
    nominal: Table<PopulationId, Vec<(SiteId, f64)>>,
    /// Requests that came to each site in this replication, and those it did not serve.
    arrived: Table<SiteId, f64>,
    /// Greatest load of each site so far in this replication, up to `watched`.
    peaks: Table<SiteId, f64>,
    watched: Instant,
    /// An upper bound of what comes to each site per second until a flow changes.
    most: Table<SiteId, f64>,
    parts: Vec<Part<'d>>,
    refused: Table<SiteId, f64>,
    /// Writes that each store has accepted so far in this replication.
    written: Table<StoreId, Book>,
    /// The part of a population's requests that a site admitted and did not fail when last something changed, where it
    /// was not all.
    admitted: Vec<(PopulationId, SiteId, f64)>,
    /// Lost before they came to any site.
    before_arrival: Volume,
    scratch: Vec<Following>,
    closing: close::Scratch,
    cutting: cuts::Cutting<'d>,
}

/// The layers above, as the load layer sees them.
#[derive(Clone, Copy)]
pub(crate) struct Above<'w, 'd> {
    pub(crate) faults: &'w Faults<'d>,
    pub(crate) sites: &'w Sites,
    pub(crate) network: &'w Network,
    pub(crate) answers: &'w Answers,
    pub(crate) stores: &'w Stores<'d>,
}

impl Above<'_, '_> {
    /// Does the traffic of `population` reach `site`?
    pub(crate) fn reaches(&self, population: PopulationId, site: SiteId) -> bool {
        self.sites.truth(site).serves() && self.network.client_reaches(population, site)
    }

    /// Do requests of `population` that arrive at `site` fail there, some of them, for another reason than its capacity?
    pub(crate) fn fails(&self, population: PopulationId, site: SiteId) -> bool {
        self.sites.truth(site).errors > 0.0 || self.stores.failing(population, site) > 0.0
    }

    /// The share of admitted requests that fails at `site`: by its errors, and for want of a store.
    pub(crate) fn failing(&self, population: PopulationId, site: SiteId) -> (f64, f64) {
        let errors = self.sites.truth(site).errors;
        (errors, (1.0 - errors) * self.stores.failing(population, site))
    }

    /// Indices of the faults that take `site` from `population`, into `found`.
    fn that_take(&self, topology: &Topology, site: SiteId, population: PopulationId, found: &mut Vec<usize>) {
        let cut = !self.network.client_reaches(population, site);
        self.faults.that_take(topology, site, population, cut, found);
    }
}

impl<'d> Traffic<'d> {
    pub(crate) fn new(design: &'d Design, nobody: Reply) -> Self {
        let specification = design.specification();
        let flow = Flow {
            origin: Instant::ZERO,
            arrivals: Vec::new(),
            lost: Vec::new(),
            unanswered: Poly::ZERO,
            reply: nobody,
            answering: true,
            root: design.false_alarm(),
            cause: ChangeId(0),
            missing: false,
            away: false,
            grey: false,
            logged: Instant::ZERO,
            dirty: false,
            unseen: true,
            peak: 0.0,
        };
        Traffic {
            design,
            flows: design.curves.map(|_, curve| Flow { peak: curve.peak(), ..flow.clone() }),
            dirty: Vec::new(),
            changed: true,
            calm: true,
            routed: specification
                .entries
                .rows()
                .iter()
                .any(|entry| !matches!(entry.steering, Steering::Ideal)),
            pools: Pools::new(design),
            ideals: specification
                .entries
                .map(|id, entry| matches!(entry.steering, Steering::Ideal).then(|| Ideal::new(design, id))),
            nominal: specification.populations.map(|_, _| Vec::new()),
            arrived: specification.sites.map(|_, _| 0.0),
            peaks: specification.sites.map(|_, _| 0.0),
            watched: Instant::ZERO,
            most: specification.sites.map(|_, _| 0.0),
            parts: Vec::new(),
            refused: specification.sites.map(|_, _| 0.0),
            written: specification.stores.map(|_, _| Book::default()),
            admitted: Vec::new(),
            before_arrival: Volume::ZERO,
            scratch: Vec::new(),
            closing: close::Scratch::default(),
            cutting: cuts::Cutting::default(),
        }
    }

    /// Begins a replication: `reply` is what each population is answered while all is well.
    pub(crate) fn reset(&mut self, replies: &Table<PopulationId, Reply>, now: Instant) {
        for (row, reply) in self.flows.rows_mut().iter_mut().zip(replies.rows()) {
            row.reply = *reply;
            row.answering = true;
            row.root = self.design.false_alarm();
            row.missing = false;
            row.dirty = false;
            row.origin = now;
            row.logged = now;
        }
        self.written.rows_mut().fill(Book::default());
        self.admitted.clear();
        self.dirty.clear();
        self.changed = true;
        self.pools.reset();
        self.arrived.rows_mut().fill(0.0);
        self.peaks.rows_mut().fill(0.0);
        self.watched = now;
        self.refused.rows_mut().fill(0.0);
        self.before_arrival = Volume::ZERO;
        for ideal in self.ideals.rows_mut().iter_mut().flatten() {
            ideal.reset(now);
        }
        if self.routed {
            for id in self.flows.ids() {
                self.touch(id);
            }
        }
    }

    pub(crate) fn reply(&self, population: PopulationId) -> Reply {
        self.flows[population].reply
    }

    /// DNS answers `population` differently; `root` began what led to it.
    pub(crate) fn answer(&mut self, population: PopulationId, reply: Reply, root: SourceId, cause: ChangeId) {
        let flow = &mut self.flows[population];
        flow.reply = reply;
        flow.root = root;
        flow.cause = cause;
        self.touch(population);
    }

    /// The name servers that `population` asks stopped answering, or answered again.
    pub(crate) fn authority(&mut self, population: PopulationId, answering: bool) {
        self.flows[population].answering = answering;
        self.touch(population);
    }

    /// Something about `population`'s traffic changed.
    pub(crate) fn touch(&mut self, population: PopulationId) {
        self.changed = true;
        let flow = &mut self.flows[population];
        if !flow.dirty {
            flow.dirty = true;
            self.dirty.push(population);
        }
    }

    /// Does any of `population`'s traffic go to `site`, or may it come back to it?
    pub(crate) fn uses(&self, population: PopulationId, site: SiteId) -> bool {
        let flow = &self.flows[population];
        flow.away
            || flow.arrivals.iter().any(|(used, _)| *used == site)
            || flow.lost.iter().any(|lost| lost.site == site)
    }

    /// A site that an ideal router uses may have changed.
    pub(crate) fn ideal_changed(&mut self, entry: EntryId, site: SiteId) {
        if let Some(ideal) = &mut self.ideals[entry] {
            ideal.site_changed(site);
            self.changed = true;
        }
    }

    /// The truth of `site` changed: whatever it can still do is asked of it.
    pub(crate) fn site_changed(&mut self, site: SiteId, above: Above) {
        self.changed = true;
        self.pools.site_changed(site, above.sites.truth(site));
    }

    /// Too few sites of a scope are up, or enough again.
    pub(crate) fn missing_changed(&mut self, population: PopulationId, missing: bool) {
        self.flows[population].missing = missing;
        self.changed = true;
    }

    /// Recomputes what is dirty; `now` begins a stretch.
    pub(crate) fn settle(&mut self, now: Instant, above: Above, cohorts: &mut Cohorts) {
        if !std::mem::take(&mut self.changed) {
            return;
        }
        for ideal in self.ideals.rows_mut().iter_mut().flatten() {
            ideal.settle(self.design, now, above, &mut self.arrived);
        }
        if self.routed {
            if !self.dirty.is_empty() {
                self.watch_peaks(now);
            }
            while let Some(population) = self.dirty.pop() {
                self.route(population, now, above, cohorts);
            }
            self.pools.settle(&self.flows);
        }
        self.calm = !self.pools.any_hot()
            && self.ideals.rows().iter().flatten().all(Ideal::is_calm)
            && self.flows.rows().iter().all(|flow| !flow.is_lossy());
        if self.calm {
            self.admitted.clear();
        }
    }

    /// Looks again at where the traffic of a population goes.
    fn route(&mut self, population: PopulationId, now: Instant, above: Above, cohorts: &mut Cohorts) {
        self.account(population, now);
        self.log_writes(population, now, above.stores);
        let entry = self.design.specification().populations[population].entry;
        match &self.design.specification().entries[entry].steering {
            Steering::Dns(_) => self.route_by_dns(population, now, above, cohorts),
            Steering::Static { shares } => self.route_fixed(population, entry, shares, now, above),
            Steering::Ideal => {}
        }
        let flow = &mut self.flows[population];
        flow.dirty = false;
        flow.unseen = true;
        flow.grey = flow.arrivals.iter().any(|(site, _)| above.fails(population, *site));
    }

    fn route_by_dns(&mut self, population: PopulationId, now: Instant, above: Above, cohorts: &mut Cohorts) {
        self.pools.flow_changed();
        let flow = &mut self.flows[population];
        flow.origin = now;
        flow.arrivals.clear();
        flow.lost.clear();
        flow.unanswered = Poly::ZERO;
        flow.away = false;
        let asked = flow.answering.then_some(flow.reply.answer);
        for &cohort in &self.design.cohorts_of[population] {
            let weight = self.design.cohorts[cohort].share;
            let lost = |site| !above.reaches(population, site);
            flow.away |= cohorts.following(cohort, now, asked, above.answers, lost, &mut self.scratch);
            for &(site, share) in &self.scratch {
                let share = share * weight;
                match site {
                    None => flow.unanswered += share,
                    Some(site) if above.reaches(population, site) => flow.arrive(site, share),
                    Some(site) => {
                        let named = asked.map_or(0.0, |answer| above.answers.share(answer, site));
                        flow.lose(site, share, named * weight, above);
                    }
                }
            }
        }
    }

    fn route_fixed(
        &mut self,
        population: PopulationId,
        entry: EntryId,
        shares: &[f64],
        now: Instant,
        above: Above,
    ) {
        self.pools.flow_changed();
        let flow = &mut self.flows[population];
        flow.origin = now;
        flow.arrivals.clear();
        flow.lost.clear();
        for (&site, &share) in self.design.specification().entries[entry].sites.iter().zip(shares) {
            if share == 0.0 {
                continue;
            }
            if above.reaches(population, site) {
                flow.arrive(site, Poly::constant(share));
            } else {
                flow.lose(site, Poly::constant(share), share, above);
            }
        }
    }

    /// Adds what arrived since the flow last changed to the sites' books.
    fn account(&mut self, population: PopulationId, now: Instant) {
        let flow = &self.flows[population];
        if flow.arrivals.is_empty() || flow.origin >= now || now <= Instant::ZERO {
            return;
        }
        let from = flow.origin.max(Instant::ZERO);
        let curve = &self.design.curves[population];
        // Shares that stay take their part of one integral.
        let mut whole = None;
        for &(site, share) in &flow.arrivals {
            self.arrived[site] += if share.is_constant() {
                share.0[0] * *whole.get_or_insert_with(|| curve.integral(from, now))
            } else {
                curve.weighted(share, flow.origin, from, now)
            };
        }
    }

    /// The replication is over: hands the sites' books to the ledger. Returns the requests accounted for: those that
    /// arrived somewhere, and those lost before.
    pub(crate) fn settle_accounts(&mut self, now: Instant, ledger: &mut Ledger) -> f64 {
        if self.routed {
            self.watch_peaks(now);
        }
        for population in self.flows.ids() {
            self.account(population, now);
            self.flows[population].origin = now;
        }
        for ideal in self.ideals.rows_mut().iter_mut().flatten() {
            ideal.account_all(self.design, now, &mut self.arrived);
        }
        for (site, arrived) in self.arrived.iter() {
            let served = (arrived - self.refused[site]).max(0.0);
            let ideal = self.ideals.rows().iter().flatten().map(|ideal| ideal.peak_load(site)).sum::<f64>();
            let peak = self.peaks[site] + ideal;
            ledger.site_traffic(site, Volume::from_requests(*arrived), Volume::from_requests(served), peak);
        }
        self.arrived.rows().iter().sum::<f64>() + self.before_arrival.requests()
    }

    /// Remembers the current shares as those of a world in which nothing ever fails.
    pub(crate) fn remember_nominal(&mut self) {
        for (id, flow) in self.flows.iter() {
            self.nominal[id] = flow.arrivals.iter().map(|(site, share)| (*site, share.0[0])).collect();
        }
    }

    /// Is anything lost, or may anything be lost, until the next change?
    pub(crate) fn is_calm(&self) -> bool {
        self.calm
    }

    /// The change that brought the current answer.
    pub(crate) fn cause(&self, population: PopulationId) -> ChangeId {
        self.flows[population].cause
    }
}

impl Flow {
    fn arrive(&mut self, site: SiteId, share: Poly) {
        match self.arrivals.iter_mut().find(|(known, _)| *known == site) {
            Some((_, sum)) => *sum += share,
            None => self.arrivals.push((site, share)),
        }
    }

    fn lose(&mut self, site: SiteId, share: Poly, answered: f64, above: Above) {
        let dead = above.sites.truth(site).dead();
        self.lost.push(Lost { site, share, answered, dead });
    }
}

/// Are enough of the sites up for a scope that counts them?
pub(crate) fn enough(serving: &Serving, above: Above) -> bool {
    match serving {
        Serving::Share(_) => true,
        Serving::Needs { sites, of } => {
            of.iter().filter(|site| above.sites.truth(**site).serves()).count() >= *sites as usize
        }
    }
}
