//! The design: a specification made ready to run, with everything computed that no replication changes.

use crate::blame::SourceId;
use crate::curve::Curve;
use crate::health::{CheckPlan, Post, Spacing as ProbeSpacing};
use crate::network::delay;
use crate::specification::*;
use crate::steering::Router;
use crate::topology::{Loop, Topology};
use sim::{Id, Law, Span, StreamName, Table, id};

id! {
    /// A domain that fails by itself or as the victim of shocks.
    ComponentId,
    /// One health check watching one site.
    WatchId,
    /// A scripted fault or one phase of a replay.
    PlannedId,
    /// A cohort of a population, numbered through all populations.
    CohortId,
    /// A capacity pool, numbered through all sites.
    PoolId,
    /// A rule by which a scope is up: one per scope, and one for each share an expectation asks about.
    LevelId,
}

/// Capacities are a hair larger than stated, so that a demand that equals a sum of capacities fits: neither is exact in
/// binary. One request in 10^12 is below every printed digit.
const SLACK: f64 = 1e-12;

/// A specification made ready to run.
#[derive(Clone, Debug)]
pub struct Design {
    pub(crate) specification: Specification,
    pub(crate) topology: Topology,
    pub(crate) sources: Table<SourceId, Source>,
    pub(crate) components: Table<ComponentId, Component>,
    /// The levels that count each site among those they need.
    pub(crate) needed_by: Table<SiteId, Vec<LevelId>>,
    pub(crate) shocks: Table<ShockId, ShockPlan>,
    pub(crate) planned: Table<PlannedId, Planned>,
    pub(crate) placements: Vec<StreamName>,
    pub(crate) curves: Table<PopulationId, Curve>,
    /// Writes to each store per request.
    pub(crate) writes: Table<StoreId, Table<PopulationId, f64>>,
    pub(crate) watches: Table<WatchId, WatchPlan>,
    pub(crate) watches_of: Table<SiteId, Vec<WatchId>>,
    pub(crate) entries: Table<EntryId, EntryPlan>,
    pub(crate) cohorts: Table<CohortId, CohortPlan>,
    pub(crate) cohorts_of: Table<PopulationId, Vec<CohortId>>,
    pub(crate) pools: Table<PoolId, PoolPlan>,
    /// The pool a population's requests draw on at each site: populations by sites, row-major.
    pool_of: Vec<Option<PoolId>>,
    pub(crate) levels: Table<LevelId, Level>,
    pub(crate) scopes: Vec<Scope>,
    /// Not observed before the run, so that beliefs and caches settle.
    pub(crate) lead_in: Span,
}

/// A root of loss.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) kind: &'static str,
}

/// A domain that can fail.
#[derive(Clone, Debug)]
pub(crate) struct Component {
    pub(crate) domain: DomainId,
    /// The root its own failures are charged to; none: it only fails as a victim.
    pub(crate) own: Option<(SourceId, Law)>,
    pub(crate) down: Option<Law>,
    pub(crate) up_stream: StreamName,
    pub(crate) down_stream: StreamName,
    /// Components whose clocks stop while it is down.
    pub(crate) stops: Vec<ComponentId>,
}

/// A shock.
#[derive(Clone, Debug)]
pub(crate) struct ShockPlan {
    pub(crate) source: SourceId,
    pub(crate) stream: StreamName,
    pub(crate) victims: Vec<Victim>,
}

/// A victim of a shock.
#[derive(Clone, Debug)]
pub(crate) struct Victim {
    pub(crate) component: ComponentId,
    pub(crate) probability: f64,
    pub(crate) stream: StreamName,
}

/// A scripted fault, or a phase of a replay.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    pub(crate) source: SourceId,
    pub(crate) from: PlannedStart,
    pub(crate) lasts: Span,
    pub(crate) what: Breakage,
    /// One stream for each site that may be spared.
    pub(crate) spared: Vec<StreamName>,
}

/// When a planned fault begins.
#[derive(Clone, Copy, Debug)]
pub(crate) enum PlannedStart {
    At(sim::Instant),
    /// So long after the random beginning number `placement`.
    After {
        placement: usize,
        offset: Span,
    },
}

/// One check watching one site.
#[derive(Clone, Debug)]
pub(crate) struct WatchPlan {
    pub(crate) check: CheckId,
    pub(crate) site: SiteId,
    pub(crate) plan: CheckPlan,
    /// One per vantage; phases are drawn later where they are random.
    pub(crate) posts: Vec<Post>,
    pub(crate) random_phases: bool,
    pub(crate) phase_stream: StreamName,
    pub(crate) probe_stream: StreamName,
    /// The entry points that heed it, with the site's position in their lists.
    pub(crate) heeded_by: Vec<(EntryId, usize)>,
}

/// An entry point.
#[derive(Clone, Debug)]
pub(crate) struct EntryPlan {
    pub(crate) populations: Vec<PopulationId>,
    /// One per population, in the same order; empty unless it is steered by DNS.
    pub(crate) routers: Vec<Router>,
}

/// A cohort.
#[derive(Clone, Debug)]
pub(crate) struct CohortPlan {
    pub(crate) population: PopulationId,
    pub(crate) share: f64,
    /// The TTL it observes; none: it resolved once and for all.
    pub(crate) ttl: Option<Span>,
    pub(crate) serve_stale: Span,
    pub(crate) connection: Option<Connection>,
    /// The share of its traffic that asks afresh because its resolver asks on demand.
    pub(crate) afresh: f64,
}

/// A capacity pool.
#[derive(Clone, Debug)]
pub(crate) struct PoolPlan {
    pub(crate) site: SiteId,
    pub(crate) rate: f64,
    /// Populations whose requests draw on it.
    pub(crate) populations: Vec<PopulationId>,
}

/// A rule by which a scope is up.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Level {
    pub(crate) scope: Scope,
    pub(crate) serving: Serving,
    /// The populations that the scope holds.
    pub(crate) members: Vec<PopulationId>,
}

/// Why a specification cannot be run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DesignFault {
    /// A domain stands in itself.
    Loop(DomainId),
    /// A shock hits a domain that has no repair law, and says none.
    NoRepair(ShockId, DomainId),
    /// A health check's numbers do not fit each other.
    Check(CheckId, crate::health::PlanFault),
}

impl std::fmt::Display for DesignFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            DesignFault::Loop(domain) => write!(f, "domain {} stands in itself", domain.0),
            DesignFault::NoRepair(shock, domain) => {
                write!(f, "shock {} hits domain {}, which has no repair law", shock.0, domain.0)
            }
            DesignFault::Check(check, fault) => write!(f, "health check {}: {fault:?}", check.0),
        }
    }
}

impl std::error::Error for DesignFault {}

impl Design {
    /// Makes `specification` ready to run.
    ///
    /// # Errors
    /// Where it contradicts itself. A specification compiled from a scenario file never does.
    pub fn new(specification: Specification) -> Result<Self, DesignFault> {
        let topology = Topology::new(&specification).map_err(|Loop { domain }| DesignFault::Loop(domain))?;
        let mut sources = Table::new();
        let (components, component_of) = components(&specification, &topology, &mut sources);
        let shocks = shocks(&specification, &components, &component_of, &mut sources)?;
        let (planned, placements) = planned(&specification, &mut sources);
        sources.push(Source { name: "demand".into(), kind: "demand" });
        sources.push(Source { name: "false alarm".into(), kind: "false alarm" });
        let watches = watches(&specification)?;
        let (cohorts, cohorts_of) = cohorts(&specification);
        let (pools, pool_of) = pools(&specification);
        let (scopes, levels) = levels(&specification);
        let mut design = Design {
            watches_of: specification
                .sites
                .map(|site, _| watches.iter().filter(|(_, w)| w.site == site).map(|(id, _)| id).collect()),
            curves: specification.populations.map(|_, population| Curve::new(&population.demand)),
            writes: specification.stores.map(|store, _| writes_to(&specification, store)),
            entries: specification.entries.map(|id, _| entry_plan(&specification, id)),
            topology,
            sources,
            components,
            needed_by: specification.sites.map(|site, _| needing(&levels, site)),
            shocks,
            planned,
            placements,
            watches,
            cohorts,
            cohorts_of,
            pools,
            pool_of,
            levels,
            scopes,
            lead_in: Span::ZERO,
            specification,
        };
        design.lead_in = design.lead_in();
        Ok(design)
    }

    /// The specification it was made from.
    pub fn specification(&self) -> &Specification {
        &self.specification
    }

    /// Is anything drawn at random? If not, one replication says everything, exactly.
    pub fn is_random(&self) -> bool {
        let checked = |watch: &WatchPlan| watch.random_phases;
        let mut effects = self.planned.rows().iter().flat_map(|planned| match &planned.what {
            Breakage::Domain { effects, .. } => &effects[..],
            Breakage::Partition { .. } => &[],
        });
        let deep =
            self.watches.rows().iter().any(|watch| self.specification.checks[watch.check].sees == Sees::Site);
        !self.components.is_empty()
            || !self.specification.stores.is_empty()
            || self.planned_by_chance()
            || self.watches.rows().iter().any(checked)
            || (deep && effects.any(is_grey))
    }

    /// May a replication lack a fault that another has?
    pub(crate) fn fails_by_chance(&self) -> bool {
        self.components.rows().iter().any(|component| component.own.is_some())
            || !self.shocks.is_empty()
            || self.planned_by_chance()
    }

    fn planned_by_chance(&self) -> bool {
        !self.placements.is_empty() || self.planned.rows().iter().any(|planned| !planned.spared.is_empty())
    }

    /// What sort of thing a root is: a domain's kind, or the root's own name.
    pub(crate) fn kind_of(&self, source: SourceId) -> &str {
        let source = &self.sources[source];
        let domain = self.specification.domains.rows().iter().find(|domain| domain.path == source.name);
        domain.filter(|_| source.kind == "domain").map_or(&source.name, |domain| &domain.kind)
    }

    pub(crate) fn demand_source(&self) -> SourceId {
        SourceId::from_index(self.sources.len() - 2)
    }

    pub(crate) fn false_alarm(&self) -> SourceId {
        SourceId::from_index(self.sources.len() - 1)
    }

    pub(crate) fn pool(&self, population: PopulationId, site: SiteId) -> Option<PoolId> {
        self.pool_of[population.index() * self.specification.sites.len() + site.index()]
    }

    /// Does `scope` hold the traffic of `population`?
    pub(crate) fn holds(&self, scope: Scope, population: PopulationId) -> bool {
        held(&self.specification, scope, population)
    }

    /// Does any scope that holds `population` lack sites, as `lacks` says of each level?
    pub(crate) fn lacks(&self, population: PopulationId, lacks: impl Fn(LevelId) -> bool) -> bool {
        self.levels.iter().any(|(id, level)| self.holds(level.scope, population) && lacks(id))
    }

    /// The name of a scope in reports.
    pub fn scope_name(&self, scope: Scope) -> &str {
        match scope {
            Scope::All => "everything",
            Scope::Entry(entry) => &self.specification.entries[entry].name,
            Scope::Population(population) => &self.specification.populations[population].name,
        }
    }

    /// The time of day at which most is demanded: the peak of the population with the greatest one.
    pub(crate) fn busiest(&self) -> Span {
        let mut busiest: Option<&Curve> = None;
        for curve in self.curves.rows() {
            if busiest.is_none_or(|best| curve.peak() > best.peak()) {
                busiest = Some(curve);
            }
        }
        busiest.map_or(Span::ZERO, Curve::peak_time)
    }

    /// Long enough after any change for every verdict, answer and cache to come to rest.
    pub(crate) fn settling(&self) -> Span {
        let checks = self.watches.rows().iter().map(|watch| {
            let probe = watch.plan.interval + watch.plan.timeout * (i64::from(watch.plan.retries) + 1);
            probe * i64::from(watch.plan.failures.max(watch.plan.successes) + 2)
        });
        let answers = self.specification.entries.rows().iter().map(|entry| match &entry.steering {
            Steering::Dns(dns) => dns.propagation,
            _ => Span::ZERO,
        });
        let caches = self.cohorts.rows().iter().map(|cohort| {
            cohort.ttl.unwrap_or(Span::ZERO)
                + cohort.connection.map_or(Span::ZERO, |connection| connection.life)
        });
        let most = |spans: &mut dyn Iterator<Item = Span>| spans.fold(Span::ZERO, Span::max);
        most(&mut { checks }) + most(&mut { answers }) + most(&mut { caches }) + Span::HOUR
    }

    /// Long enough for every belief and cache to settle, and for every shock-struck component to be repaired with
    /// near certainty; nothing for a run that starts all-up.
    fn lead_in(&self) -> Span {
        if self.specification.run.start == Start::AllUp {
            return Span::ZERO;
        }
        let caches = self.cohorts.rows().iter().map(|cohort| {
            let ttl = cohort.ttl.unwrap_or(Span::ZERO) + cohort.connection.map_or(Span::ZERO, |c| c.life);
            ttl * 2
        });
        let repairs = self.shocks.iter().flat_map(|(id, shock)| {
            let stated = self.specification.shocks[id].down.as_ref();
            shock.victims.iter().filter_map(move |victim| {
                let law = stated.or(self.components[victim.component].down.as_ref())?;
                Some(Span::from_seconds(20.0 * law.mean().min(1e8)))
            })
        });
        caches.chain(repairs).fold(Span::DAY, Span::max).min(Span::YEAR * 10)
    }
}

impl Level {
    /// Does it lack sites while `lost` of those it names are lost?
    pub(crate) fn lacks(&self, lost: u32) -> bool {
        match &self.serving {
            Serving::Share(_) => false,
            Serving::Needs { sites, of } => (of.len() as u32) < sites + lost,
        }
    }
}

fn is_grey(effect: &Effect) -> bool {
    matches!(effect, Effect::Errors { .. })
}

fn components(
    specification: &Specification,
    topology: &Topology,
    sources: &mut Table<SourceId, Source>,
) -> (Table<ComponentId, Component>, Table<DomainId, Option<ComponentId>>) {
    let struck = |id: DomainId| {
        specification.shocks.rows().iter().any(|shock| shock.hits.iter().any(|(domain, _)| *domain == id))
    };
    let mut components: Table<ComponentId, Component> = Table::new();
    let component_of: Table<DomainId, Option<ComponentId>> = specification.domains.map(|id, domain| {
        let own = domain.outages.as_ref().map(|outages| {
            (sources.push(Source { name: domain.path.clone(), kind: "domain" }), outages.up.clone())
        });
        (own.is_some() || struck(id)).then(|| {
            components.push(Component {
                domain: id,
                own,
                down: domain.outages.as_ref().map(|outages| outages.down.clone()),
                up_stream: StreamName::of(&domain.path, "up"),
                down_stream: StreamName::of(&domain.path, "down"),
                stops: Vec::new(),
            })
        })
    });
    for (id, domain) in specification.domains.iter() {
        let Some(Outages { children: Clocks::Stop, .. }) = domain.outages else { continue };
        let stopped = topology.below[id].iter().filter_map(|below| component_of[*below]).collect();
        components[component_of[id].expect("a domain with outages is a component")].stops = stopped;
    }
    (components, component_of)
}

fn shocks(
    specification: &Specification,
    components: &Table<ComponentId, Component>,
    component_of: &Table<DomainId, Option<ComponentId>>,
    sources: &mut Table<SourceId, Source>,
) -> Result<Table<ShockId, ShockPlan>, DesignFault> {
    let mut plans = Table::new();
    for (id, shock) in specification.shocks.iter() {
        let path = format!("shock/{}", shock.name);
        let source = sources.push(Source { name: path.clone(), kind: "shock" });
        let mut victims = Vec::new();
        for &(domain, probability) in &shock.hits {
            let component = component_of[domain].expect("every domain that a shock hits is a component");
            if shock.down.is_none() && components[component].down.is_none() {
                return Err(DesignFault::NoRepair(id, domain));
            }
            let name = format!("{path}/{}", specification.domains[domain].path);
            victims.push(Victim { component, probability, stream: StreamName::of(&name, "victim") });
        }
        plans.push(ShockPlan { source, stream: StreamName::of(&path, "events"), victims });
    }
    Ok(plans)
}

fn planned(
    specification: &Specification,
    sources: &mut Table<SourceId, Source>,
) -> (Table<PlannedId, Planned>, Vec<StreamName>) {
    let mut planned = Table::new();
    let mut placements = Vec::new();
    let spared = |name: &str, what: &Breakage| match what {
        Breakage::Domain { chance, .. } if *chance < 1.0 => {
            let site_stream = |site: &Site| StreamName::of(&format!("{name}/{}", site.name), "hit");
            specification.sites.rows().iter().map(site_stream).collect()
        }
        _ => Vec::new(),
    };
    for (index, line) in specification.script.iter().enumerate() {
        let name = format!("script {}", index + 1);
        let source = sources.push(Source { name: name.clone(), kind: "script" });
        planned.push(Planned {
            source,
            from: PlannedStart::At(line.at),
            lasts: line.lasts,
            spared: spared(&name, &line.what),
            what: line.what.clone(),
        });
    }
    for (index, replay) in specification.replays.iter().enumerate() {
        let name = format!("replay {} {}", index + 1, replay.incident);
        let source = sources.push(Source { name: name.clone(), kind: "replay" });
        if replay.at == Placed::Random {
            placements.push(StreamName::of(&name, "placement"));
        }
        for phase in &replay.phases {
            let from = match replay.at {
                Placed::At(at) => PlannedStart::At(at + phase.from),
                Placed::Random => PlannedStart::After { placement: placements.len() - 1, offset: phase.from },
            };
            let spared = spared(&name, &phase.what);
            planned.push(Planned { source, from, lasts: phase.lasts, spared, what: phase.what.clone() });
        }
    }
    (planned, placements)
}

fn watches(specification: &Specification) -> Result<Table<WatchId, WatchPlan>, DesignFault> {
    let mut watches: Table<WatchId, WatchPlan> = Table::new();
    for (entry_id, entry) in specification.entries.iter() {
        let Steering::Dns(Dns { check: Some(check), .. }) = entry.steering else { continue };
        for (position, &site) in entry.sites.iter().enumerate() {
            let known = watches.position(|watch| watch.check == check && watch.site == site);
            let id = match known {
                Some(id) => id,
                None => watches.push(watch(specification, check, site)?),
            };
            watches[id].heeded_by.push((entry_id, position));
        }
    }
    Ok(watches)
}

fn watch(specification: &Specification, check: CheckId, site: SiteId) -> Result<WatchPlan, DesignFault> {
    let row = &specification.checks[check];
    let plan = CheckPlan {
        interval: row.interval,
        timeout: row.timeout,
        failures: row.failures,
        successes: row.successes,
        retries: row.retries,
        spacing: match row.spacing {
            Spacing::Start => ProbeSpacing::Start,
            Spacing::Response => ProbeSpacing::Response,
        },
        group: row.group,
        healthy_needs: row.healthy_needs,
    };
    if let Some(fault) = plan.fault() {
        return Err(DesignFault::Check(check, fault));
    }
    let count = row.vantages.len() as i64;
    let posts = row.vantages.iter().enumerate().map(|(index, place)| Post {
        delay: delay(specification, *place, specification.sites[site].place),
        phase: match &row.phase {
            Phase::Random => Span::ZERO,
            Phase::Even => Span::from_nanos(
                (i128::from(row.interval.nanos()) * index as i128 / i128::from(count)) as i64,
            ),
            Phase::Fixed(phases) => phases[index],
        },
    });
    let path = format!("{}/{}", row.name, specification.sites[site].name);
    Ok(WatchPlan {
        check,
        site,
        plan,
        posts: posts.collect(),
        random_phases: row.phase == Phase::Random,
        phase_stream: StreamName::of(&path, "phases"),
        probe_stream: StreamName::of(&path, "probes"),
        heeded_by: Vec::new(),
    })
}

fn entry_plan(specification: &Specification, id: EntryId) -> EntryPlan {
    let populations: Vec<PopulationId> =
        specification.populations.iter().filter(|(_, row)| row.entry == id).map(|(id, _)| id).collect();
    let entry = &specification.entries[id];
    let routers = match &entry.steering {
        Steering::Dns(dns) => {
            populations.iter().map(|population| Router::new(specification, entry, dns, *population)).collect()
        }
        _ => Vec::new(),
    };
    EntryPlan { populations, routers }
}

fn cohorts(
    specification: &Specification,
) -> (Table<CohortId, CohortPlan>, Table<PopulationId, Vec<CohortId>>) {
    let mut cohorts = Table::new();
    let cohorts_of = specification.populations.map(|population, row| {
        let Steering::Dns(dns) = &specification.entries[row.entry].steering else { return Vec::new() };
        row.cohorts.iter().map(|cohort| cohorts.push(cohort_plan(population, cohort, dns))).collect()
    });
    (cohorts, cohorts_of)
}

fn cohort_plan(population: PopulationId, cohort: &Cohort, dns: &Dns) -> CohortPlan {
    let ttl = match cohort.caching {
        Caching::Honours { at_least, at_most } => Some(dns.ttl.max(at_least).min(at_most)),
        Caching::Pinned => None,
    };
    let afresh = match (cohort.queries, ttl) {
        (Some(rate), Some(ttl)) => crate::cache::afresh_share(rate, ttl),
        _ => 0.0,
    };
    CohortPlan {
        population,
        share: cohort.share,
        ttl,
        serve_stale: dns.serve_stale,
        connection: cohort.connection,
        afresh,
    }
}

fn pools(specification: &Specification) -> (Table<PoolId, PoolPlan>, Vec<Option<PoolId>>) {
    let sites = specification.sites.len();
    let mut pools: Table<PoolId, PoolPlan> = Table::new();
    let mut pool_of = vec![None; specification.populations.len() * sites];
    for (site, row) in specification.sites.iter() {
        for pool in &row.capacity {
            let serves = |entry: EntryId| pool.entry.is_none_or(|only| only == entry);
            let populations: Vec<PopulationId> =
                specification.populations.iter().filter(|(_, p)| serves(p.entry)).map(|(id, _)| id).collect();
            let rate = pool.rate * (1.0 + SLACK);
            let id = pools.push(PoolPlan { site, rate, populations: populations.clone() });
            for population in populations {
                pool_of[population.index() * sites + site.index()] = Some(id);
            }
        }
    }
    (pools, pool_of)
}

/// The share of each population's requests that write a store.
fn writes_to(specification: &Specification, store: StoreId) -> Table<PopulationId, f64> {
    let classes = || specification.requests.iter().filter(|class| class.writes.contains(&store));
    let share = |population| classes().filter(|class| class.is_of(population)).map(|class| class.share).sum();
    specification.populations.map(|population, _| share(population))
}

fn held(specification: &Specification, scope: Scope, population: PopulationId) -> bool {
    match scope {
        Scope::All => true,
        Scope::Entry(entry) => specification.populations[population].entry == entry,
        Scope::Population(one) => one == population,
    }
}

fn levels(specification: &Specification) -> (Vec<Scope>, Table<LevelId, Level>) {
    let mut scopes = vec![Scope::All];
    scopes.extend(specification.entries.ids().map(Scope::Entry));
    scopes.extend(specification.populations.ids().map(Scope::Population));
    let members =
        |scope| specification.populations.ids().filter(|id| held(specification, scope, *id)).collect();
    let mut levels: Table<LevelId, Level> = scopes
        .iter()
        .map(|&scope| {
            let stated = specification.serving.iter().find(|(named, _)| *named == scope);
            let serving = stated.map_or(Serving::Share(1.0), |(_, serving)| serving.clone());
            Level { scope, serving, members: members(scope) }
        })
        .collect();
    for expectation in &specification.expectations {
        if let crate::expect::Measure::TimeServed(scope, share) = expectation.measure {
            let level = Level { scope, serving: Serving::Share(share), members: members(scope) };
            if levels.position(|known| *known == level).is_none() {
                levels.push(level);
            }
        }
    }
    (scopes, levels)
}

fn needing(levels: &Table<LevelId, Level>, site: SiteId) -> Vec<LevelId> {
    let needs = |level: &Level| matches!(&level.serving, Serving::Needs { of, .. } if of.contains(&site));
    levels.iter().filter(|(_, level)| needs(level)).map(|(id, _)| id).collect()
}
