//! The specification: what is to be simulated, resolved and checked, with ids instead of names.
//!
//! It is made from a scenario file (or by hand, in tests) and says everything a run depends on; defaults are already
//! filled in. Names stay beside ids because random streams and reports are keyed by them.

mod acknowledging;
mod stores;

use crate::expect::Expectation;
pub use acknowledging::Counting;
use sim::{Instant, Law, Seed, Span, Table, id};
pub use stores::{
    Acknowledged, Acknowledgers, Agreeing, Apply, Failover, Family, LagDrawn, Level, Primary, Promotes,
    Reads, Replicas, Replicated, Sessions, Store, Votes,
};

id! {
    /// A point on the globe (or nowhere in particular).
    PlaceId,
    /// A failure domain.
    DomainId,
    /// A site.
    SiteId,
    /// A shock that hits several domains at once.
    ShockId,
    /// A population of clients.
    PopulationId,
    /// A health check.
    CheckId,
    /// An entry point: a name that clients resolve and steering answers.
    EntryId,
    /// A link between sites, clients or health checkers.
    LinkId,
    /// A store: data with replicas at sites.
    StoreId,
}

/// Everything a run depends on.
#[derive(Clone, Debug, Default)]
pub struct Specification {
    /// What the user calls it.
    pub name: String,
    /// The question it answers.
    pub question: String,
    /// Horizon, replications, seed, start.
    pub run: Run,
    /// Where things are.
    pub places: Table<PlaceId, Place>,
    /// One-way delays known better than by distance: explicit links and measured tables. Either order of places.
    pub delays: Vec<(PlaceId, PlaceId, Span)>,
    /// Failure domains; every site is one too (kind `site`).
    pub domains: Table<DomainId, Domain>,
    /// Sites.
    pub sites: Table<SiteId, Site>,
    /// Declared links. Endpoints joined by links reach each other only over links; all others over the public Internet.
    pub links: Table<LinkId, Link>,
    /// Marshall-Olkin shocks.
    pub shocks: Table<ShockId, Shock>,
    /// Populations of clients.
    pub populations: Table<PopulationId, Population>,
    /// Health checks.
    pub checks: Table<CheckId, HealthCheck>,
    /// Entry points.
    pub entries: Table<EntryId, Entry>,
    /// Faults at stated times.
    pub script: Vec<Scripted>,
    /// Real incidents to be replayed.
    pub replays: Vec<Replay>,
    /// Stores.
    pub stores: Table<StoreId, Store>,
    /// What requests do to stores: classes with their shares of every population's demand. What no class takes touches no
    /// store.
    pub requests: Vec<RequestClass>,
    /// When each scope counts as up; scopes not named here are up while they serve everything.
    pub serving: Vec<(Scope, Serving)>,
    /// What must hold.
    pub expectations: Vec<Expectation>,
    /// Availabilities promised by contract; the odds of missing each in a year are reported.
    pub slas: Vec<Promise>,
    /// The presets in force, with their numbers and sources, for the report.
    pub sources: Vec<Sourced>,
}

/// How long, how often, from which state.
#[derive(Clone, Debug)]
pub struct Run {
    /// Length of one replication.
    pub horizon: Span,
    /// Number of independent replications.
    pub replications: u64,
    /// The seed.
    pub seed: Seed,
    /// The state at the start.
    pub start: Start,
    /// Stop as soon as the relative half-width of the first measure's interval is this small.
    pub precision: Option<f64>,
    /// Confidence of every interval, e.g. 0.95.
    pub confidence: f64,
    /// Which operations on stores are looked at one by one.
    pub fidelity: Fidelity,
    /// Operations of each store and replication that are looked at, about, where they are sampled.
    pub operations: u32,
}

/// Which operations on stores are looked at one by one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fidelity {
    /// Those of sampled sessions.
    Sampled,
    /// Every one.
    Request,
}

impl Default for Run {
    fn default() -> Self {
        Run {
            horizon: Span::YEAR,
            replications: 1024,
            seed: Seed(1),
            start: Start::AllUp,
            precision: None,
            confidence: 0.95,
            fidelity: Fidelity::Sampled,
            operations: 2000,
        }
    }
}

/// The state of the world when a replication begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Start {
    /// Everything is up and new, beliefs and caches are settled.
    AllUp,
    /// Every renewal component is in equilibrium; beliefs and caches settle in a lead-in that is not observed.
    Stationary,
}

/// A point on the globe.
#[derive(Clone, Debug)]
pub struct Place {
    /// The name it is known by, e.g. `aws/eu-west-1`.
    pub name: String,
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
}

/// Anything that can fail as one.
#[derive(Clone, Debug)]
pub struct Domain {
    /// Its path: `aws`, `aws/us-east-1`, `carrier/lumen`, or a site's name.
    pub path: String,
    /// `provider`, `region`, `zone`, `site`, `link`, or the user's own kind.
    pub kind: String,
    /// Domains it lies in or needs: a fault of any of them reaches it.
    pub within: Vec<DomainId>,
    /// When it fails by itself; none: never.
    pub outages: Option<Outages>,
    /// What its own faults, and shocks on it, do. Never empty.
    pub effects: Vec<Effect>,
}

/// Failures by renewal: independent up and down times, as good as new after each repair.
#[derive(Clone, Debug)]
pub struct Outages {
    /// Time from a repair to the next failure.
    pub up: Law,
    /// Time from a failure to its repair.
    pub down: Law,
    /// Do the clocks of the domains within it run while it is down?
    pub children: Clocks,
}

/// Whether ageing goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Clocks {
    /// It does: a component can fail while what it stands in is down.
    #[default]
    Run,
    /// It stops, and resumes where it stood.
    Stop,
}

impl Specification {
    /// May any fault take a site's power?
    pub(crate) fn power_may_be_lost(&self) -> bool {
        let takes = |effects: &[Effect]| effects.contains(&Effect::PowerLost);
        let breaks = |what: &Breakage| matches!(what, Breakage::Domain { effects, .. } if takes(effects));
        self.domains.rows().iter().any(|domain| takes(&domain.effects))
            || self.script.iter().any(|fault| breaks(&fault.what))
            || self.replays.iter().flat_map(|replay| &replay.phases).any(|phase| breaks(&phase.what))
    }
}

/// What a fault does to the sites it reaches.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Effect {
    /// The site is gone.
    Down,
    /// The site's capacity is multiplied by `factor`, in [0, 1).
    Degraded {
        /// What is left of the capacity.
        factor: f64,
    },
    /// A share of the requests fails although the site answers: the grey failure.
    Errors {
        /// The failing share, in (0, 1].
        share: f64,
    },
    /// Round trips take longer.
    Latency {
        /// Added to each round trip.
        added: Span,
    },
    /// The site is cut off.
    Isolated(Isolation),
    /// No change through this provider: scaling, promotion, record changes.
    ControlPlane,
    /// Its name servers do not answer.
    Dns,
    /// The site has lost its power, and with it what its replicas had in memory only; it is [`Effect::Down`] besides.
    PowerLost,
}

/// From whom a site is cut off.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Isolation {
    /// Clients cannot reach it.
    pub clients: bool,
    /// Other sites cannot reach it.
    pub sites: bool,
    /// Health checkers cannot reach it.
    pub checkers: bool,
}

impl Isolation {
    /// From everybody.
    pub const ALL: Isolation = Isolation { clients: true, sites: true, checkers: true };
}

/// A place that serves requests.
#[derive(Clone, Debug)]
pub struct Site {
    /// Its name.
    pub name: String,
    /// Itself as a failure domain; its `within` is where it stands.
    pub domain: DomainId,
    /// What else it depends on: all of these clauses.
    pub needs: Vec<Clause>,
    /// Where it is.
    pub place: Option<PlaceId>,
    /// Capacity for everything together, or apart for each entry point.
    pub capacity: Vec<Pool>,
}

/// A dependency met by any one of several domains.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Clause {
    /// The alternatives; one is enough.
    pub any: Vec<DomainId>,
}

/// Requests a site can serve per second; what exceeds it is refused (`shed`).
#[derive(Clone, Debug)]
pub struct Pool {
    /// The entry point it serves; all of them where none is named.
    pub entry: Option<EntryId>,
    /// Requests per second.
    pub rate: f64,
}

/// Requests that treat stores alike.
#[derive(Clone, PartialEq, Debug)]
pub struct RequestClass {
    /// Its name.
    pub name: String,
    /// Its share of the requests of each of its populations; the shares of a population sum to 1 at most.
    pub share: f64,
    /// Whose requests are of this kind; none: everybody's.
    pub populations: Option<Vec<PopulationId>>,
    /// Stores that each of its requests reads once.
    pub reads: Vec<StoreId>,
    /// Stores that each of its requests writes once. A request is served only if all its reads and writes are.
    pub writes: Vec<StoreId>,
}

impl RequestClass {
    /// Does `population` send such requests?
    pub fn is_of(&self, population: PopulationId) -> bool {
        self.populations.as_ref().is_none_or(|of| of.contains(&population))
    }
}

/// A link between several endpoints, each pair of them.
#[derive(Clone, Debug)]
pub struct Link {
    /// Its name.
    pub name: String,
    /// Itself as a failure domain.
    pub domain: DomainId,
    /// What it joins.
    pub between: Vec<Endpoint>,
}

/// Something a message starts from or goes to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Endpoint {
    /// A site.
    Site(SiteId),
    /// A population of clients.
    Clients(PopulationId),
    /// All vantage points of a health check.
    Checkers(CheckId),
}

/// One event that hits several domains at once.
#[derive(Clone, Debug)]
pub struct Shock {
    /// Its name.
    pub name: String,
    /// Time between events (of a Poisson process if exponential).
    pub every: Law,
    /// Whom it hits, each with its own probability in (0, 1].
    pub hits: Vec<(DomainId, f64)>,
    /// How long a victim stays down; its own repair law where absent.
    pub down: Option<Law>,
    /// One draw of `down` for all victims instead of one each.
    pub together: bool,
}

/// Clients that share a place, an entry point and a demand.
#[derive(Clone, Debug)]
pub struct Population {
    /// Its name.
    pub name: String,
    /// Where its resolvers are; `None`: anywhere, every site is equally near.
    pub place: Option<PlaceId>,
    /// Its geography, most specific first, e.g. `[germany, europe]`, for geolocation policies.
    pub geography: Vec<String>,
    /// The entry point it uses.
    pub entry: EntryId,
    /// Its requests.
    pub demand: Demand,
    /// How its members treat DNS answers; shares sum to 1. Never empty.
    pub cohorts: Vec<Cohort>,
}

/// Requests per second over time.
#[derive(Clone, PartialEq, Debug)]
pub struct Demand {
    /// Mean rate, requests per second.
    pub mean: f64,
    /// The shape of a day.
    pub daily: Daily,
}

impl Demand {
    /// The greatest rate of the day, requests per second.
    pub fn peak(&self) -> f64 {
        match &self.daily {
            Daily::Flat => self.mean,
            Daily::Sinusoid { swing, .. } => self.mean * (1.0 + swing),
            Daily::Hours(factors) => self.mean * factors.iter().copied().fold(0.0, f64::max),
        }
    }
}

/// The shape of a day, as factors of the mean; t = 0 is 00:00 UTC on a Monday.
#[derive(Clone, PartialEq, Debug)]
pub enum Daily {
    /// The same at all times.
    Flat,
    /// 1 + swing * cos(2 pi (t - peak) / day).
    Sinusoid {
        /// Amplitude as a share of the mean, in [0, 1].
        swing: f64,
        /// Time of day of the peak, UTC.
        peak: Span,
    },
    /// One factor for each hour of the day, UTC; their mean is 1.
    Hours([f64; 24]),
}

/// Members of a population that treat answers alike.
#[derive(Clone, Debug)]
pub struct Cohort {
    /// Its name.
    pub name: String,
    /// Its share of the population.
    pub share: f64,
    /// What it does with a TTL.
    pub caching: Caching,
    /// Length of long-lived connections, if it uses them.
    pub connection: Option<Connection>,
    /// Queries per second of its resolver, where it asks on demand rather than always at expiry.
    pub queries: Option<f64>,
}

/// What a cohort does with a TTL.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Caching {
    /// Keeps an answer for the TTL, but at least and at most this long.
    Honours {
        /// Floor; zero: none.
        at_least: Span,
        /// Ceiling; [`Span::FOREVER`]: none.
        at_most: Span,
    },
    /// Resolves once, at the start, and never again.
    Pinned,
}

/// Long-lived connections.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Connection {
    /// A connection's life.
    pub life: Span,
    /// What its owner does when the far end dies.
    pub on_down: OnDown,
}

/// What the owner of a broken connection does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum OnDown {
    /// Dials anew at once, to wherever its resolver's cache points.
    #[default]
    Reconnect,
    /// Waits until the connection's life is over.
    Wait,
}

/// A health check: probes from vantage points, opinions, a quorum.
#[derive(Clone, Debug)]
pub struct HealthCheck {
    /// Its name.
    pub name: String,
    /// Time between probes of one vantage.
    pub interval: Span,
    /// Whether the interval counts from the previous sending or from the previous response.
    pub spacing: Spacing,
    /// A probe unanswered for this long has failed.
    pub timeout: Span,
    /// Immediate further attempts before a probe counts as failed.
    pub retries: u32,
    /// Consecutive failures that turn a vantage's opinion.
    pub failures: u32,
    /// Consecutive successes that turn it back.
    pub successes: u32,
    /// Where the probes come from; a vantage without a place has no delay.
    pub vantages: Vec<Option<PlaceId>>,
    /// Vantages are grouped by this many (1: each for itself); a group is healthy if most of its vantages are.
    pub group: u32,
    /// Groups that must be healthy for the site to be; one fewer is unhealthy.
    pub healthy_needs: u32,
    /// What a probe sees.
    pub sees: Sees,
    /// Stores that every probe writes once: it fails where the site cannot.
    pub stores: Vec<StoreId>,
    /// When a vantage's first probe is sent.
    pub phase: Phase,
}

/// Whether probe intervals count from the sending or the response.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Spacing {
    /// From the previous probe's sending.
    Start,
    /// From the previous probe's result.
    Response,
}

/// How deep a health check looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sees {
    /// Shallow: only whether the host answers.
    Host,
    /// Deep: it also suffers the errors that requests suffer.
    Site,
}

/// Phases of the probes of one check against one site.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Phase {
    /// Uniform, independent for each vantage and site.
    Random,
    /// Vantage v of n probes at v/n of the interval.
    Even,
    /// Stated for each vantage.
    Fixed(Vec<Span>),
}

/// An entry point and how it is steered.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// The sites it may answer, in the order written.
    pub sites: Vec<SiteId>,
    /// How it chooses among them.
    pub steering: Steering,
}

/// How clients are brought to sites.
#[derive(Clone, Debug)]
pub enum Steering {
    /// DNS with health checks, caches and their delays.
    Dns(Dns),
    /// Fixed shares, whatever happens; one per site of the entry, summing to 1.
    Static {
        /// Share of each site.
        shares: Vec<f64>,
    },
    /// The all-knowing router: no delay, all reachable capacity used. Its loss is what routing cannot be blamed for.
    Ideal,
}

/// An authoritative DNS service.
#[derive(Clone, Debug)]
pub struct Dns {
    /// How it chooses.
    pub policy: Policy,
    /// Time to live of its answers.
    pub ttl: Span,
    /// The health check of its records; none: every record is always healthy.
    pub check: Option<CheckId>,
    /// From a health verdict to the answers that heed it.
    pub propagation: Span,
    /// What it answers when nothing is healthy.
    pub when_none: WhenNone,
    /// The operator of its name servers: a `dns` or `down` fault there stops the answers.
    pub operator: Option<DomainId>,
    /// The domain whose control plane must live for an answer to change; none: answers change on the data plane.
    pub control_plane: Option<DomainId>,
    /// How long resolvers go on serving an expired answer while the name servers are silent; zero: not at all.
    pub serve_stale: Span,
}

/// A DNS routing policy.
#[derive(Clone, PartialEq, Debug)]
pub enum Policy {
    /// All records, whatever their health; clients pick one at random.
    Simple,
    /// Healthy records in proportion to their weights; those of weight 0 only when no other is healthy.
    Weighted(Vec<f64>),
    /// The healthy record with the least delay.
    Latency,
    /// The healthy record of the most specific geography that has one; `*` is the default.
    /// With `fenced`, the most specific match answers, healthy or not.
    Geolocation {
        /// The geography of each site of the entry.
        of: Vec<String>,
        /// Never leave the most specific match.
        fenced: bool,
    },
    /// The healthy record at the least distance, each site's distance reduced by its bias in kilometres.
    Proximity {
        /// Kilometres, one per site.
        bias: Vec<f64>,
    },
    /// The first healthy record in the entry's order.
    Failover,
    /// Up to this many healthy records at random; clients pick one at random.
    Multivalue {
        /// Records per answer.
        most: u32,
    },
}

/// What DNS answers when no record is healthy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WhenNone {
    /// As if all were healthy (fail open).
    All,
    /// The first record (Route 53's failover policy, Cloudflare's fallback pool by `fallback`).
    First,
    /// The last record (Cloudflare's default fallback pool).
    Last,
    /// Nothing.
    Nothing,
}

/// A fault at a stated time.
#[derive(Clone, Debug)]
pub struct Scripted {
    /// When it begins.
    pub at: Instant,
    /// How long it lasts; [`Span::FOREVER`]: to the end.
    pub lasts: Span,
    /// What fails.
    pub what: Breakage,
}

/// What a scripted or replayed fault breaks.
#[derive(Clone, Debug)]
pub enum Breakage {
    /// A domain, with these effects; each effect's fraction is already in it.
    Domain {
        /// Which.
        domain: DomainId,
        /// With what effects; never empty.
        effects: Vec<Effect>,
        /// The probability with which each site below is hit (1: all).
        chance: f64,
    },
    /// The network falls apart: members of different groups cannot reach each other; who is in no group reaches all.
    Partition {
        /// The groups.
        groups: Vec<Vec<Endpoint>>,
    },
}

/// A real incident placed into the run.
#[derive(Clone, Debug)]
pub struct Replay {
    /// Its id, e.g. `gcp-20220719-london`.
    pub incident: String,
    /// When it begins.
    pub at: Placed,
    /// Its phases, mapped on to this topology's domains.
    pub phases: Vec<ReplayPhase>,
}

/// When a replay begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Placed {
    /// At this instant.
    At(Instant),
    /// At a uniformly random instant of each replication.
    Random,
}

/// One phase of an incident.
#[derive(Clone, Debug)]
pub struct ReplayPhase {
    /// What the incident's record calls it.
    pub name: String,
    /// From the incident's beginning.
    pub from: Span,
    /// Its length.
    pub lasts: Span,
    /// What it breaks.
    pub what: Breakage,
}

/// Part of the traffic, or all of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Scope {
    /// Everything.
    All,
    /// One entry point.
    Entry(EntryId),
    /// One population.
    Population(PopulationId),
}

/// When a scope counts as up.
#[derive(Clone, PartialEq, Debug)]
pub enum Serving {
    /// While its served share is at least this, in (0, 1].
    Share(f64),
    /// While at least this many of these sites are up and reachable: all or nothing for its requests too.
    Needs {
        /// How many.
        sites: u32,
        /// Of which.
        of: Vec<SiteId>,
    },
}

/// An availability promised by contract.
#[derive(Clone, PartialEq, Debug)]
pub struct Promise {
    /// To whom.
    pub scope: Scope,
    /// The promised share, e.g. 0.9995.
    pub availability: f64,
}

/// A number in force that came from a preset.
#[derive(Clone, PartialEq, Debug)]
pub struct Sourced {
    /// Where it is in force, e.g. `health_checks.web.interval`.
    pub path: String,
    /// The value as written, e.g. `10s`.
    pub value: String,
    /// The preset it came from.
    pub preset: String,
    /// The preset's source for it.
    pub source: String,
}
