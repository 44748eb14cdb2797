//! A naive simulator of scripted scenarios, to referee the engine. It shares no code with it: it walks time in small
//! steps, sends every probe, refreshes every resolver, and evaluates every rule anew at the middle of every step.
//!
//! Resolvers stand at the quarters of the grid, two to a step, so that their counts at the middle of a step are those
//! of a continuum as long as everything happens at multiples of a step. What is left is the midpoint rule's error.

use super::truth::{Left, active, stands_in, truth};
use models::blame::Mechanism;
use models::specification::*;
use sim::{Instant, Span};

/// Requests of one population: offered, and lost by mechanism in the order of `Mechanism::ALL`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Count {
    pub offered: f64,
    pub lost: [f64; Mechanism::ALL.len()],
}

impl Count {
    /// Lost by any mechanism.
    pub(crate) fn lost_in_all(&self) -> f64 {
        self.lost.iter().sum()
    }
}

const UNDETECTED: usize = 0;
const STALE: usize = 1;
const NO_ROUTE: usize = 2;
const OVERLOAD: usize = 3;
const PARTITION: usize = 4;
const GREY: usize = 5;

/// Sites and shares; empty: no answer.
type Answer = Vec<(SiteId, f64)>;

/// Walks through `specification` in steps of `step`; one count per population.
pub(crate) fn referee(specification: &Specification, step: Span) -> Vec<Count> {
    let world = Walk::new(specification);
    let mut crowds = world.crowds(step);
    let mut counts = vec![Count::default(); specification.populations.len()];
    let mut known = (vec![usize::MAX], Vec::new());
    let mut now = step.nanos() / 2;
    while now < specification.run.horizon.nanos() {
        let faults = active(specification, Instant::from_nanos(now));
        if known.0 != faults {
            let lefts = specification.sites.ids().map(|site| truth(specification, &faults, site)).collect();
            known = (faults, lefts);
        }
        let moment = Moment { world: &world, now, faults: &known.0, lefts: &known.1 };
        moment.count(step.seconds(), &mut crowds, &mut counts);
        now += step.nanos();
    }
    counts
}

/// What happens whatever the traffic: verdicts, answers, and whether name servers speak.
struct Walk<'s> {
    specification: &'s Specification,
    /// Instants at which a fault begins or ends, sorted, 0 first.
    borders: Vec<i64>,
    /// For each entry, from which instant on its answers heed which verdicts.
    heeded: Vec<Vec<(i64, Vec<bool>)>>,
    /// For each entry, from which instant on its name servers speak or not.
    speaks: Vec<Vec<(i64, bool)>>,
    /// For each population and row of heeded verdicts, what it is answered, and whether health was ignored.
    answers: Vec<Vec<(Answer, bool)>>,
}

fn at(now: i64) -> Instant {
    Instant::from_nanos(now)
}

/// The last row from `now` or before.
fn row_at<T>(rows: &[(i64, T)], now: i64) -> usize {
    rows.partition_point(|(from, _)| *from <= now) - 1
}

impl<'s> Walk<'s> {
    fn new(specification: &'s Specification) -> Self {
        let mut borders = vec![0];
        for line in &specification.script {
            borders.extend([line.at.nanos(), line.at.nanos().saturating_add(line.lasts.nanos())]);
        }
        borders.sort();
        borders.dedup();
        let (heeded, speaks, answers) = (Vec::new(), Vec::new(), Vec::new());
        let mut walk = Walk { specification, borders, heeded, speaks, answers };
        walk.heeded = specification.entries.ids().map(|entry| walk.heeds(entry)).collect();
        walk.speaks = specification
            .entries
            .ids()
            .map(|entry| walk.borders.iter().map(|now| (*now, !walk.is_silent(entry, *now))).collect())
            .collect();
        walk.answers = specification.populations.ids().map(|id| walk.answers_to(id)).collect();
        walk
    }

    /// Is a domain above `below` hit by an active effect for which `counts` holds?
    fn is_hit(&self, below: Option<DomainId>, now: i64, counts: impl Fn(Effect) -> bool) -> bool {
        let Some(below) = below else { return false };
        active(self.specification, at(now)).iter().any(|index| {
            match &self.specification.script[*index].what {
                Breakage::Domain { domain, effects, .. } => {
                    stands_in(self.specification, below, *domain)
                        && effects.iter().any(|effect| counts(*effect))
                }
                Breakage::Partition { .. } => false,
            }
        })
    }

    fn is_silent(&self, entry: EntryId, now: i64) -> bool {
        let Steering::Dns(dns) = &self.specification.entries[entry].steering else { return false };
        self.is_hit(dns.operator, now, |effect| matches!(effect, Effect::Down | Effect::Dns))
    }

    fn is_frozen(&self, entry: EntryId, now: i64) -> bool {
        let Steering::Dns(dns) = &self.specification.entries[entry].steering else { return false };
        self.is_hit(dns.control_plane, now, |effect| matches!(effect, Effect::Down | Effect::ControlPlane))
    }

    /// The verdicts that an entry's answers heed over time.
    fn heeds(&self, entry: EntryId) -> Vec<(i64, Vec<bool>)> {
        let row = &self.specification.entries[entry];
        let mut heeded = vec![(i64::MIN, vec![true; row.sites.len()])];
        let Steering::Dns(Dns { check: Some(check), propagation, .. }) = row.steering else { return heeded };
        let mut news: Vec<(i64, usize, bool)> = Vec::new();
        for (position, site) in row.sites.iter().enumerate() {
            let flips = self.polled(check, *site);
            news.extend(flips.into_iter().map(|(at, healthy)| (at + propagation.nanos(), position, healthy)));
        }
        let mut instants: Vec<i64> = news.iter().map(|(at, ..)| *at).chain(self.borders.clone()).collect();
        instants.sort();
        instants.dedup();
        let mut published = vec![true; row.sites.len()];
        for now in instants {
            for (_, position, healthy) in news.iter().filter(|(at, ..)| *at == now) {
                published[*position] = *healthy;
            }
            if !self.is_frozen(entry, now) && published != heeded[heeded.len() - 1].1 {
                heeded.push((now, published.clone()));
            }
        }
        heeded
    }

    /// Sends every probe of a check to a site; the check's flips.
    fn polled(&self, check: CheckId, site: SiteId) -> Vec<(i64, bool)> {
        let plan = &self.specification.checks[check];
        let Phase::Fixed(phases) = &plan.phase else { panic!("the referee knows fixed phases only") };
        let mut turns: Vec<(i64, usize)> = Vec::new();
        for (vantage, phase) in phases.iter().enumerate() {
            let opinions = self.polled_from(plan, check, site, phase.nanos());
            turns.extend(opinions.into_iter().map(|at| (at, vantage)));
        }
        turns.sort();
        let (mut opinions, mut verdict, mut flips) = (vec![true; phases.len()], true, Vec::new());
        for (index, &(now, vantage)) in turns.iter().enumerate() {
            opinions[vantage] = !opinions[vantage];
            let more = turns.get(index + 1).is_some_and(|(next, _)| *next == now);
            let healthy = opinions.iter().filter(|healthy| **healthy).count() >= plan.healthy_needs as usize;
            if !more && healthy != verdict {
                verdict = healthy;
                flips.push((now, verdict));
            }
        }
        flips
    }

    /// The instants at which one vantage changes its opinion.
    fn polled_from(&self, plan: &HealthCheck, check: CheckId, site: SiteId, phase: i64) -> Vec<i64> {
        let (mut healthy, mut run, mut turns, mut cycle) = (true, 0, Vec::new(), phase);
        while cycle < self.specification.run.horizon.nanos() {
            let (mut now, mut passed) = (cycle, false);
            for _ in 0..=plan.retries {
                let trip = self.probed(plan, check, site, now);
                passed = trip.is_some();
                now += trip.unwrap_or(plan.timeout.nanos());
                if passed {
                    break;
                }
            }
            run = if passed == healthy { 0 } else { run + 1 };
            if run == if healthy { plan.failures } else { plan.successes } {
                (healthy, run) = (!healthy, 0);
                turns.push(now);
            }
            cycle = plan.interval.nanos() + if plan.spacing == Spacing::Start { cycle } else { now };
        }
        turns
    }

    /// The round trip of a probe sent at `now`; none if it fails.
    fn probed(&self, plan: &HealthCheck, check: CheckId, site: SiteId, now: i64) -> Option<i64> {
        let faults = active(self.specification, at(now));
        let left = truth(self.specification, &faults, site);
        let errs = plan.sees == Sees::Site && left.errors > 0.0;
        let cut = is_cut(self.specification, &faults, Endpoint::Checkers(check), Endpoint::Site(site));
        let fails = left.down || left.no_checkers || errs || cut || left.latency > plan.timeout.nanos();
        (!fails).then_some(left.latency)
    }

    fn answers_to(&self, population: PopulationId) -> Vec<(Answer, bool)> {
        let row = &self.specification.populations[population];
        let entry = &self.specification.entries[row.entry];
        let Steering::Dns(dns) = &entry.steering else { return Vec::new() };
        let heeds = dns.check.is_some() && dns.policy != Policy::Simple;
        let levels = preferences(self.specification, entry, dns, row);
        let reply = |(_, healthy): &(i64, Vec<bool>)| {
            let open = heeds && !levels.iter().flatten().any(|(position, _)| healthy[*position]);
            (answer(entry, dns, &levels, healthy), open)
        };
        self.heeded[row.entry.0 as usize].iter().map(reply).collect()
    }

    fn answer(&self, population: PopulationId, heeded: usize) -> &[(SiteId, f64)] {
        &self.answers[population.0 as usize][heeded].0
    }

    /// Was no record believed healthy, so that health was ignored?
    fn is_open(&self, population: PopulationId, now: i64) -> bool {
        let heeded = &self.heeded[self.specification.populations[population].entry.0 as usize];
        let answers = &self.answers[population.0 as usize];
        !answers.is_empty() && answers[row_at(heeded, now)].1
    }

    fn crowds(&self, step: Span) -> Vec<Vec<Crowd>> {
        let crowd = |entry: EntryId, cohort: &Cohort| {
            let Steering::Dns(dns) = &self.specification.entries[entry].steering else {
                return Crowd::none();
            };
            let Caching::Honours { at_least, at_most } = cohort.caching else {
                return Crowd { pinned: true, ..Crowd::none() };
            };
            let ttl = dns.ttl.max(at_least).min(at_most).nanos();
            let quarter = step.nanos() / 4;
            let expiries = (0..).map(|k| quarter + 2 * k * quarter).take_while(|expiry| *expiry < ttl);
            let resolvers = expiries.map(|expiry| Resolver { heeded: 0, expiry }).collect();
            Crowd { pinned: false, ttl, stale: dns.serve_stale.nanos(), resolvers }
        };
        let rows = self.specification.populations.rows();
        rows.iter().map(|row| row.cohorts.iter().map(|cohort| crowd(row.entry, cohort)).collect()).collect()
    }
}

fn is_cut(specification: &Specification, faults: &[usize], a: Endpoint, b: Endpoint) -> bool {
    faults.iter().any(|index| {
        let Breakage::Partition { groups } = &specification.script[*index].what else { return false };
        let with = |member| groups.iter().position(|group| group.contains(&member));
        with(a).is_some() && with(b).is_some() && with(a) != with(b)
    })
}

/// Levels of preference, each with positions and weights.
fn preferences(
    specification: &Specification,
    entry: &Entry,
    dns: &Dns,
    row: &Population,
) -> Vec<Vec<(usize, f64)>> {
    let count = entry.sites.len();
    let equal: Vec<(usize, f64)> = (0..count).map(|position| (position, 1.0)).collect();
    let levels = match &dns.policy {
        Policy::Simple | Policy::Multivalue { .. } => vec![equal],
        Policy::Failover => equal.into_iter().map(|one| vec![one]).collect(),
        Policy::Weighted(weights) => {
            let positive = equal.iter().filter(|(p, _)| weights[*p] > 0.0).map(|(p, _)| (*p, weights[*p]));
            let zero = equal.iter().filter(|(p, _)| weights[*p] == 0.0).copied();
            vec![positive.collect(), zero.collect()]
        }
        Policy::Geolocation { of, fenced } => {
            let names = row.geography.iter().map(String::as_str).chain(["*"]);
            let level = |name: &str| equal.iter().copied().filter(|(p, _)| of[*p] == name).collect();
            let mut levels: Vec<Vec<(usize, f64)>> = names.map(level).collect();
            levels.retain(|level| !level.is_empty());
            levels.truncate(if *fenced { 1 } else { levels.len() });
            levels
        }
        Policy::Latency => {
            let cost = |position: usize| {
                let (a, b) = (row.place, specification.sites[entry.sites[position]].place);
                let stated = specification.delays.iter().find(|(x, y, _)| (Some(*x), Some(*y)) == (a, b));
                stated.map_or(0, |(_, _, delay)| delay.nanos())
            };
            let mut costs: Vec<i64> = (0..count).map(cost).collect();
            costs.sort();
            costs.dedup();
            let level = |wanted| equal.iter().copied().filter(|(p, _)| cost(*p) == wanted).collect();
            costs.into_iter().map(level).collect()
        }
        Policy::Proximity { .. } => panic!("the referee does not measure distances"),
    };
    levels.into_iter().filter(|level| !level.is_empty()).collect()
}

fn answer(entry: &Entry, dns: &Dns, levels: &[Vec<(usize, f64)>], healthy: &[bool]) -> Answer {
    // Where nothing matches, nothing that matches is healthy.
    let first = levels.first().map_or(&[][..], Vec::as_slice);
    let heeds = dns.check.is_some() && dns.policy != Policy::Simple;
    let chosen = |level: &[(usize, f64)], all: bool| -> Answer {
        let alive: Vec<&(usize, f64)> = level.iter().filter(|(p, _)| all || healthy[*p]).collect();
        let total: f64 = alive.iter().map(|(_, weight)| weight).sum();
        alive.iter().map(|(p, weight)| (entry.sites[*p], weight / total)).collect()
    };
    if !heeds {
        return chosen(first, true);
    }
    let alive = levels.iter().map(|level| chosen(level, false)).find(|answer| !answer.is_empty());
    let fenced = matches!(dns.policy, Policy::Geolocation { fenced: true, .. });
    alive.unwrap_or_else(|| match dns.when_none {
        WhenNone::First if !fenced => vec![(entry.sites[0], 1.0)],
        WhenNone::Last if !fenced => vec![(entry.sites[entry.sites.len() - 1], 1.0)],
        WhenNone::Nothing if !fenced => Vec::new(),
        _ => chosen(first, true),
    })
}

/// One resolver.
struct Resolver {
    /// Which row of heeded verdicts its answer is of.
    heeded: usize,
    expiry: i64,
}

/// The resolvers of one cohort.
struct Crowd {
    pinned: bool,
    ttl: i64,
    stale: i64,
    resolvers: Vec<Resolver>,
}

impl Crowd {
    fn none() -> Self {
        Crowd { pinned: false, ttl: 0, stale: 0, resolvers: Vec::new() }
    }

    /// The rows of heeded verdicts that its traffic follows at `now`, with shares; none: no answer.
    fn follows(
        &mut self,
        now: i64,
        heeded: &[(i64, Vec<bool>)],
        speaks: &[(i64, bool)],
    ) -> Vec<(Option<usize>, f64)> {
        if self.pinned {
            return vec![(Some(0), 1.0)];
        }
        let speech = row_at(speaks, now);
        if self.ttl == 0 {
            if speaks[speech].1 {
                return vec![(Some(row_at(heeded, now)), 1.0)];
            }
            let mut since = speech;
            while since > 0 && !speaks[since - 1].1 {
                since -= 1;
            }
            let fell_silent = speaks[since].0;
            let held = row_at(heeded, fell_silent - 1);
            return vec![((now < fell_silent.saturating_add(self.stale)).then_some(held), 1.0)];
        }
        let mut counts = vec![0u32; heeded.len() + 1];
        for resolver in &mut self.resolvers {
            resolver.refresh(now, self.ttl, heeded, speaks);
            let has = now < resolver.expiry.saturating_add(self.stale);
            counts[if has { resolver.heeded } else { heeded.len() }] += 1;
        }
        let whole = self.resolvers.len() as f64;
        let share = |(index, count): (usize, &u32)| {
            ((index < heeded.len()).then_some(index), f64::from(*count) / whole)
        };
        counts.iter().enumerate().filter(|(_, count)| **count > 0).map(share).collect()
    }
}

impl Resolver {
    /// Asks again and again up to `now`, whenever the entry expires and as soon as there is someone to ask.
    fn refresh(&mut self, now: i64, ttl: i64, heeded: &[(i64, Vec<bool>)], speaks: &[(i64, bool)]) {
        while self.expiry <= now {
            let row = row_at(speaks, self.expiry);
            let asked = if speaks[row].1 {
                self.expiry
            } else {
                match speaks[row..].iter().find(|(from, speaks)| *speaks && *from <= now) {
                    Some((from, _)) => *from,
                    None => return,
                }
            };
            self.heeded = row_at(heeded, asked);
            self.expiry = asked + ttl;
        }
    }
}

/// One instant.
struct Moment<'w, 's> {
    world: &'w Walk<'s>,
    now: i64,
    faults: &'w [usize],
    lefts: &'w [Left],
}

/// Where a population's requests go.
#[derive(Default)]
struct Flow {
    rate: f64,
    arrives: Vec<(SiteId, f64)>,
    lost: [f64; Mechanism::ALL.len()],
    missing: bool,
}

impl Moment<'_, '_> {
    fn left(&self, site: SiteId) -> &Left {
        &self.lefts[site.0 as usize]
    }

    fn reaches(&self, population: PopulationId, site: SiteId) -> bool {
        let (clients, server) = (Endpoint::Clients(population), Endpoint::Site(site));
        self.left(site).serves() && !is_cut(self.world.specification, self.faults, clients, server)
    }

    fn count(&self, seconds: f64, crowds: &mut [Vec<Crowd>], counts: &mut [Count]) {
        let specification = self.world.specification;
        let mut flows: Vec<Flow> =
            specification.populations.ids().map(|id| self.flow(id, &mut crowds[id.0 as usize])).collect();
        for site in specification.sites.ids() {
            self.serve(site, &mut flows);
        }
        for entry in specification.entries.ids() {
            self.serve_ideally(entry, &mut flows);
        }
        for (flow, count) in flows.iter().zip(counts) {
            count.offered += flow.rate * seconds;
            if flow.missing {
                count.lost[NO_ROUTE] += flow.rate * seconds;
                continue;
            }
            for (sum, lost) in count.lost.iter_mut().zip(flow.lost) {
                *sum += lost * seconds;
            }
        }
    }

    fn flow(&self, id: PopulationId, crowds: &mut [Crowd]) -> Flow {
        let specification = self.world.specification;
        let row = &specification.populations[id];
        let rate = self.demand(&row.demand);
        let mut flow = Flow { rate, missing: self.lacks(id), ..Flow::default() };
        match &specification.entries[row.entry].steering {
            Steering::Ideal => {}
            Steering::Static { shares } => {
                for (site, share) in specification.entries[row.entry].sites.iter().zip(shares) {
                    self.send(id, *site, share * rate, share * rate, &mut flow);
                }
            }
            Steering::Dns(dns) => {
                for (cohort, crowd) in row.cohorts.iter().zip(crowds) {
                    self.follow(id, dns, cohort, crowd, &mut flow);
                }
            }
        }
        flow
    }

    fn follow(&self, id: PopulationId, dns: &Dns, cohort: &Cohort, crowd: &mut Crowd, flow: &mut Flow) {
        let entry = self.world.specification.populations[id].entry.0 as usize;
        let (heeded, speaks) = (&self.world.heeded[entry], &self.world.speaks[entry]);
        let asked = speaks[row_at(speaks, self.now)].1.then(|| row_at(heeded, self.now));
        let mut follows = crowd.follows(self.now, heeded, speaks);
        if let (Some(queries), Caching::Honours { at_least, at_most }) = (cohort.queries, cohort.caching) {
            let ttl = dns.ttl.max(at_least).min(at_most).seconds();
            let afresh = 1.0 / (1.0 + queries * ttl);
            follows.iter_mut().for_each(|(_, share)| *share *= 1.0 - afresh);
            follows.push((asked, afresh));
        }
        let rate = flow.rate * cohort.share;
        let mut to: Vec<f64> = vec![0.0; self.lefts.len()];
        for (row, share) in follows {
            let answer = row.map_or(&[][..], |row| self.world.answer(id, row));
            if answer.is_empty() {
                flow.lost[NO_ROUTE] += rate * share;
            }
            answer.iter().for_each(|(site, part)| to[site.0 as usize] += share * part);
        }
        let current = asked.map_or(&[][..], |row| self.world.answer(id, row));
        for (index, share) in to.into_iter().enumerate() {
            let site = SiteId(index as u32);
            let named: f64 = current.iter().filter(|(known, _)| *known == site).map(|(_, part)| part).sum();
            self.send(id, site, share * rate, named * rate, flow);
        }
    }

    /// Sends requests to a site; `named` is what the current answer alone would send.
    fn send(&self, id: PopulationId, site: SiteId, rate: f64, named: f64, flow: &mut Flow) {
        if rate == 0.0 {
            return;
        }
        if self.reaches(id, site) {
            flow.arrives.push((site, rate));
            return;
        }
        let left = self.left(site);
        let answered = rate.min(named);
        let (first, second) =
            match (left.down || left.no_clients && left.no_checkers, self.world.is_open(id, self.now)) {
                (false, _) => (PARTITION, PARTITION),
                (true, true) => (NO_ROUTE, STALE),
                (true, false) => (UNDETECTED, STALE),
            };
        flow.lost[first] += answered;
        flow.lost[second] += rate - answered;
    }

    fn demand(&self, demand: &Demand) -> f64 {
        let day = self.now.rem_euclid(Span::DAY.nanos()) as f64 / 1e9;
        demand.mean
            * match &demand.daily {
                Daily::Flat => 1.0,
                Daily::Hours(factors) => factors[(day / 3600.0) as usize],
                Daily::Sinusoid { swing, peak } => {
                    1.0 + swing * libm_cos(2.0 * std::f64::consts::PI * (day - peak.seconds()) / 86_400.0)
                }
            }
    }

    /// Does any scope that holds this population lack sites?
    fn lacks(&self, id: PopulationId) -> bool {
        let specification = self.world.specification;
        specification.serving.iter().any(|(scope, serving)| {
            let holds = match scope {
                Scope::All => true,
                Scope::Entry(entry) => specification.populations[id].entry == *entry,
                Scope::Population(one) => *one == id,
            };
            let Serving::Needs { sites, of } = serving else { return false };
            holds && of.iter().filter(|site| self.left(**site).serves()).count() < *sites as usize
        })
    }

    /// A site serves what it can of what arrives, refuses the rest, and fails its errors.
    fn serve(&self, site: SiteId, flows: &mut [Flow]) {
        let left = self.left(site);
        let load: f64 = flows
            .iter()
            .flat_map(|flow| &flow.arrives)
            .filter(|(to, _)| *to == site)
            .map(|(_, rate)| rate)
            .sum();
        let capacity =
            self.world.specification.sites[site].capacity.first().map(|pool| pool.rate * left.capacity);
        let refused = capacity.map_or(0.0, |capacity| ((load - capacity) / load).max(0.0));
        for flow in flows {
            let rate: f64 = flow.arrives.iter().filter(|(to, _)| *to == site).map(|(_, rate)| rate).sum();
            if rate > 0.0 {
                flow.lost[OVERLOAD] += rate * refused;
                flow.lost[GREY] += rate * (1.0 - refused) * left.errors;
            }
        }
    }

    /// The all-knowing router fills the sites with the fewest errors first.
    fn serve_ideally(&self, entry: EntryId, flows: &mut [Flow]) {
        let specification = self.world.specification;
        if !matches!(specification.entries[entry].steering, Steering::Ideal) {
            return;
        }
        let sites = &specification.entries[entry].sites;
        let (mut reaching, mut total) = (Vec::new(), 0.0);
        for (id, _) in specification.populations.iter().filter(|(_, row)| row.entry == entry) {
            let flow = &mut flows[id.0 as usize];
            if sites.iter().any(|site| self.reaches(id, *site)) {
                total += flow.rate;
                reaching.push(id);
            } else {
                flow.lost[NO_ROUTE] += flow.rate;
            }
        }
        let mut usable: Vec<SiteId> = sites.clone();
        usable.retain(|site| reaching.iter().any(|id| self.reaches(*id, *site)));
        usable.sort_by(|a, b| self.left(*a).errors.total_cmp(&self.left(*b).errors));
        let (mut rest, mut failed, mut some) = (total, 0.0, false);
        for site in usable {
            let pool = specification.sites[site].capacity.first();
            let capacity = pool.map_or(f64::INFINITY, |pool| pool.rate * self.left(site).capacity);
            some |= capacity > 0.0;
            let served = rest.min(capacity);
            failed += served * self.left(site).errors;
            rest -= served;
        }
        for id in reaching {
            let flow = &mut flows[id.0 as usize];
            let share = if total > 0.0 { flow.rate / total } else { 0.0 };
            flow.lost[GREY] += failed * share;
            flow.lost[if some { OVERLOAD } else { NO_ROUTE }] += rest * share;
        }
    }
}

/// The cosine by its series, so that not even that is shared.
fn libm_cos(x: f64) -> f64 {
    let turn = 2.0 * std::f64::consts::PI;
    let x = x - turn * (x / turn).round();
    let (mut term, mut sum, mut n) = (1.0, 1.0, 0.0);
    while n < 40.0 {
        term *= -x * x / ((n + 1.0) * (n + 2.0));
        sum += term;
        n += 2.0;
    }
    sum
}
