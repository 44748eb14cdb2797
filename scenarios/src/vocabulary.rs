//! The words of the scenario file: every key with its meaning, shape and default.

use crate::shape::Need::{Default, Later, Optional, Required};
use crate::shape::{Field, Need, Record, Shape, Word, later, word};
use sim::Span;

const fn field(key: &'static str, need: Need, shape: Shape, about: &'static str) -> Field {
    Field { key, about, shape, need }
}

/// A key that a later version will know.
const fn not_yet(key: &'static str, about: &'static str) -> Field {
    Field { key, about, shape: Shape::Text, need: Later }
}

const fn record(what: &'static str, fields: &'static [Field]) -> Record {
    Record { what, fields, at_least_one: false }
}

const TIME: Shape = Shape::Duration(Span::ZERO);
const POSITIVE_TIME: Shape = Shape::Duration(Span::NANOSECOND);
const DOMAIN_PATH: Shape = Shape::Reference("a domain's path");
const SITE_NAME: Shape = Shape::Reference("a site's name");
const PRESET_NAME: Shape = Shape::Reference("a preset's name");
const COORDINATES: Shape = Shape::List(&Shape::Number(-180.0, 180.0), 2);
const COORDINATES_ABOUT: &str = "Degrees north and east: `[51.5, -0.1]`.";

// ---- The file ----

/// The whole file.
pub(crate) static SCENARIO: Record = record("a scenario", &[
    field("scenario", Required, Shape::Count(0, 1_000_000), "The format's number: `scenario: 1`."),
    field("name", Required, Shape::Text, "What it is called."),
    field("question", Optional, Shape::Text, "The question it answers."),
    field("run", Default("{}"), Shape::Record(&RUN), "How long, how often, from which state."),
    field("providers", Optional, Shape::Map("provider", &Shape::Record(&PROVIDER)), "Clouds and hosters; each is a failure domain with regions and zones: `provider/region/zone`."),
    field("domains", Optional, Shape::Map("kind of domain", &DOMAINS_OF_A_KIND), "Anything else that can fail as one: kind, then name; referred to as `kind/name`."),
    field("shocks", Optional, Shape::Map("shock", &Shape::Record(&SHOCK)), "Events that hit several domains at once."),
    field("links", Optional, Shape::Map("link", &Shape::Record(&LINK)), "Links between sites, clients and health checkers. What is joined by links reaches each other only over links."),
    field("defaults", Optional, Shape::Record(&DEFAULTS), "Keys that hold for all sites unless they say otherwise."),
    field("sites", Required, Shape::Map("site", &Shape::Record(&SITE)), "Places that serve requests."),
    field("clients", Optional, Shape::Map("population", &Shape::Record(&CLIENTS)), "Populations of clients."),
    field("health_checks", Optional, Shape::Map("health check", &Shape::Record(&HEALTH_CHECK)), "Probes from vantage points, opinions, a quorum."),
    field("steering", Optional, Shape::Map("entry point", &Shape::Record(&STEERING)), "Entry points: names that clients resolve, and how they are answered."),
    field("script", Optional, Shape::List(&Shape::Record(&SCRIPTED), 0), "Faults at stated times: drills and what-ifs."),
    field("replays", Optional, Shape::List(&Shape::Record(&REPLAY), 0), "Real incidents, placed into the run."),
    field("serving", Optional, Shape::Map("scope", &Shape::Record(&SERVING)), "When each scope (`all`, an entry point or a population) counts as up; while it serves everything where absent."),
    field("sla", Optional, Shape::Either(&[Shape::Share { zero: false }, Shape::Map("scope", &Shape::Share { zero: false })]), "Availabilities promised by contract: for everything, or for each scope."),
    field("expect", Optional, Shape::List(&Shape::Expectation, 0), "What must hold, e.g. `availability[www] >= 99.95%`, `p95(rto) <= 3m`, `drill(any provider): served >= 85%`."),
    not_yet("stores", "Databases and other state."),
    not_yet("requests", "Which request touches which store."),
    not_yet("operations", "What people and their tools do."),
    not_yet("repair", "Repair crews."),
    not_yet("changes", "Releases and configuration pushes."),
    not_yet("contagion", "Hazards that depend on other domains."),
    not_yet("traces", "Outage traces."),
]);

static RUN: Record = record("`run`", &[
    field("horizon", Default("1y"), Shape::Duration(Span::SECOND), "Length of one replication: 1s to 200y."),
    field("replications", Default("1024"), Shape::Count(1, 10_000_000), "Number of independent replications."),
    field("seed", Default("1"), Shape::Count(0, u64::MAX), "The seed of all random numbers."),
    field("start", Default("all-up"), Shape::Choice(&[word("all-up"), word("stationary")]), "The state at the start: everything up and new, or in equilibrium."),
    field("precision", Optional, Shape::Share { zero: false }, "Stop as soon as the first measure's interval is this narrow, relative to it."),
    field("confidence", Default("95%"), Shape::Share { zero: false }, "Confidence of every interval."),
    not_yet("begins", "The weekday and time of the start."),
    not_yet("warmup", "A time that is not observed."),
]);

static DEFAULTS: Record = record("`defaults`", &[
    field("sites", Optional, Shape::Partial(&Shape::Record(&SITE)), "Keys of every site that does not write them itself."),
]);

// ---- Domains ----

const PRESET_ABOUT: &str = "The documented defaults of a real system; what is written beside it wins.";
const OUTAGES_ABOUT: &str = "When it fails by itself: times up and down. `none`: never.";
const EFFECT_ABOUT: &str = "What its faults do to the sites they reach.";

static PROVIDER: Record = record("a provider", &[
    field("preset", Optional, PRESET_NAME, PRESET_ABOUT),
    field("outages", Optional, OUTAGES, OUTAGES_ABOUT),
    field("effect", Default("down"), EFFECT, EFFECT_ABOUT),
    field("at", Optional, COORDINATES, COORDINATES_ABOUT),
    field("region", Optional, Shape::Partial(&Shape::Record(&REGION)), "Keys of every region that does not write them itself."),
    field("zone", Optional, Shape::Partial(&Shape::Record(&ZONE)), "Keys of every zone that does not write them itself."),
    field("regions", Optional, Shape::Map("region", &Shape::Record(&REGION)), "Its regions."),
]);

static REGION: Record = record("a region", &[
    field("preset", Optional, PRESET_NAME, PRESET_ABOUT),
    field("outages", Optional, OUTAGES, OUTAGES_ABOUT),
    field("effect", Default("down"), EFFECT, EFFECT_ABOUT),
    field("at", Optional, COORDINATES, "Degrees north and east; needed where the catalogue does not have the region."),
    field("zones", Optional, Shape::Either(&[Shape::List(&Shape::Reference("a zone's name"), 1), Shape::Map("zone", &Shape::Record(&ZONE))]), "Its zones: names, or a map."),
]);

static ZONE: Record = record("a zone", &[
    field("preset", Optional, PRESET_NAME, PRESET_ABOUT),
    field("outages", Optional, OUTAGES, OUTAGES_ABOUT),
    field("effect", Default("down"), EFFECT, EFFECT_ABOUT),
]);

static DOMAINS_OF_A_KIND: Shape = Shape::Map("domain", &Shape::Record(&DOMAIN));

static DOMAIN: Record = record("a domain", &[
    field("preset", Optional, PRESET_NAME, PRESET_ABOUT),
    field("outages", Optional, OUTAGES, OUTAGES_ABOUT),
    field("effect", Default("down"), EFFECT, EFFECT_ABOUT),
    field("in", Optional, DOMAIN_PATH, "The domain it lies in."),
    field("needs", Optional, Shape::List(&DOMAIN_PATH, 0), "Other domains it depends on: all of them."),
    not_yet("control_plane", "The domain whose control plane it needs."),
]);

/// When something fails by itself.
pub(crate) const OUTAGES: Shape = Shape::Either(&[Shape::Choice(&[word("none")]), Shape::Record(&OUTAGE)]);

static OUTAGE: Record = record("`outages`", &[
    field("up", Required, UP_LAW, "Time from a repair to the next failure; a single time is the mean of an exponential law."),
    field("down", Required, LAW, "Time from a failure to its repair; a single time is that time always."),
    field("children", Default("run"), Shape::Choice(&[word("run"), word("stop")]), "Do the clocks of what lies within it run while it is down?"),
    not_yet("priority", "Rank among repairs."),
]);

const UP_LAW: Shape = Shape::Either(&[POSITIVE_TIME, Shape::Record(&LAW_RECORD)]);
const LAW: Shape = Shape::Either(&[POSITIVE_TIME, Shape::Record(&LAW_RECORD)]);

/// Laws of random times, by name.
pub(crate) static LAWS: &[Word] = &[
    word("fixed"), word("exponential"), word("weibull"), word("lognormal"), word("gamma"), word("pareto"),
    word("uniform"), word("empirical"), word("mixture"),
];

/// The percentiles a law may be given by.
pub(crate) const PERCENTILES: &[(&str, f64)] = &[
    ("p1", 0.01), ("p5", 0.05), ("p10", 0.10), ("p20", 0.20), ("p25", 0.25), ("median", 0.50), ("p75", 0.75),
    ("p80", 0.80), ("p90", 0.90), ("p95", 0.95), ("p98", 0.98), ("p99", 0.99),
];

static LAW_RECORD: Record = Record { what: "a law", at_least_one: true, fields: &[
    field("law", Optional, Shape::Choice(LAWS), "Its name. Without it: exponential by `mean` alone, lognormal by two of mean, median, percentiles and sigma."),
    field("mean", Optional, POSITIVE_TIME, "The mean."),
    field("p1", Optional, POSITIVE_TIME, "The 1st percentile."),
    field("p5", Optional, POSITIVE_TIME, "The 5th percentile."),
    field("p10", Optional, POSITIVE_TIME, "The 10th percentile."),
    field("p20", Optional, POSITIVE_TIME, "The 20th percentile."),
    field("p25", Optional, POSITIVE_TIME, "The 25th percentile."),
    field("median", Optional, POSITIVE_TIME, "The median."),
    field("p75", Optional, POSITIVE_TIME, "The 75th percentile."),
    field("p80", Optional, POSITIVE_TIME, "The 80th percentile."),
    field("p90", Optional, POSITIVE_TIME, "The 90th percentile."),
    field("p95", Optional, POSITIVE_TIME, "The 95th percentile."),
    field("p98", Optional, POSITIVE_TIME, "The 98th percentile."),
    field("p99", Optional, POSITIVE_TIME, "The 99th percentile."),
    field("variation", Optional, Shape::Number(1e-6, 1e6), "The coefficient of variation: standard deviation over mean."),
    field("sigma", Optional, Shape::Number(1e-6, 20.0), "Lognormal: the standard deviation of the logarithm."),
    field("shape", Optional, Shape::Number(0.05, 1e4), "Weibull, gamma, Pareto: the shape."),
    field("scale", Optional, POSITIVE_TIME, "Weibull, gamma: the scale. Pareto: the least value."),
    field("min", Optional, TIME, "Uniform, Pareto: the least value."),
    field("max", Optional, POSITIVE_TIME, "Uniform: the greatest value."),
    field("values", Optional, Shape::List(&TIME, 1), "Empirical: the values, each as likely."),
    field("of", Optional, Shape::List(&Shape::Record(&COMPONENT), 1), "Mixture: the laws, each with its share."),
]};

static COMPONENT: Record = record("a law of a mixture", &[
    field("share", Required, Shape::Share { zero: false }, "How often this law is drawn from; shares add up to 100 %."),
    field("time", Required, Shape::Either(&[POSITIVE_TIME, Shape::Record(&LAW_RECORD)]), "The law."),
]);

/// What a fault does.
pub(crate) const EFFECT: Shape = Shape::Either(&[EFFECT_WORD, EFFECT_MAP, Shape::List(&ONE_EFFECT, 1)]);
static ONE_EFFECT: Shape = Shape::Either(&[EFFECT_WORD, EFFECT_MAP]);
const EFFECT_WORD: Shape = Shape::Choice(&[word("down"), word("isolated"), word("control-plane"), word("dns"), later("clock")]);
const EFFECT_MAP: Shape = Shape::Record(&EFFECT_RECORD);

static EFFECT_RECORD: Record = Record { what: "an effect", at_least_one: true, fields: &[
    field("degraded", Optional, Shape::Share { zero: true }, "The share of the capacity that is left, less than 100 %."),
    field("errors", Optional, Shape::Share { zero: false }, "The share of requests that fail although the site answers: the grey failure."),
    field("latency", Optional, POSITIVE_TIME, "Time added to each round trip."),
    field("isolated", Optional, Shape::Either(&[ISOLATED_WORD, Shape::List(&ISOLATED_WORD, 1)]), "From whom the site is cut off."),
    not_yet("clock", "Skew of clocks."),
]};

const ISOLATED_WORD: Shape = Shape::Choice(&[word("all"), word("clients"), word("sites"), word("checkers")]);

static SHOCK: Record = record("a shock", &[
    field("every", Optional, UP_LAW, "Time between events; a single time is the mean of an exponential law."),
    field("hits", Optional, Shape::Either(&[Shape::List(&DOMAIN_PATH, 1), Shape::Paths(&Shape::Share { zero: false })]), "Whom it hits, each with its own probability; a list: all of them, always."),
    field("for", Optional, LAW, "How long a victim stays down; its own repair law where absent."),
    field("together", Optional, Shape::Bool, "One draw of `for` for all victims instead of one each."),
    field("beta", Optional, Shape::Share { zero: false }, "The share of each member's own failure rate that becomes one shock on all of `of`."),
    field("of", Optional, Shape::List(&DOMAIN_PATH, 2), "The members of a beta factor."),
]);

static LINK: Record = record("a link", &[
    field("between", Required, Shape::List(&Shape::Reference("a site, a population or a health check"), 2), "What it joins, each pair: sites, `clients/NAME`, `health_checks/NAME`."),
    field("kind", Optional, Shape::Choice(&[word("backbone"), word("vpn"), word("interconnect"), word("public")]), "What it is; for the reader only."),
    field("delay", Optional, TIME, "One-way delay; by measured tables or distance where absent."),
    field("outages", Optional, OUTAGES, OUTAGES_ABOUT),
    field("preset", Optional, PRESET_NAME, PRESET_ABOUT),
    field("needs", Optional, Shape::List(&DOMAIN_PATH, 0), "Domains it depends on: all of them."),
    not_yet("hold", "Hold timers."),
    not_yet("effect", "Effects other than being down."),
]);

// ---- Sites and clients ----

static SITE: Record = record("a site", &[
    field("preset", Optional, PRESET_NAME, PRESET_ABOUT),
    field("in", Optional, DOMAIN_PATH, "Where it stands: a provider, region or zone, or another domain."),
    field("needs", Optional, Shape::List(&NEED, 0), "What else it depends on: all of these; `{any: [a, b]}` for alternatives."),
    field("at", Optional, PLACE, "Where it is; by `in` where absent."),
    field("capacity", Required, Shape::Either(&[Shape::Rate { zero: false }, Shape::Map("entry point", &Shape::Rate { zero: false })]), "Requests it can serve: a rate, or one for each entry point."),
    field("outages", Optional, OUTAGES, OUTAGES_ABOUT),
    field("effect", Default("down"), EFFECT, EFFECT_ABOUT),
    field("overload", Default("shed"), Shape::Choice(&[word("shed"), later("queue"), later("collapse")]), "What happens to requests past the capacity."),
    not_yet("autoscale", "Capacity that follows the load."),
    not_yet("role", "Standby or active."),
    not_yet("latent_defect", "Faults that show only in use."),
    not_yet("cost", "What it costs."),
    not_yet("rank", "Priority for repair crews."),
]);

static NEED: Shape = Shape::Either(&[DOMAIN_PATH, Shape::Record(&ANY)]);
static ANY: Record = record("alternatives", &[
    field("any", Required, Shape::List(&DOMAIN_PATH, 1), "Any one of these is enough."),
]);

const PLACE: Shape = Shape::Either(&[COORDINATES, Shape::Reference("a region of the catalogue")]);

static CLIENTS: Record = record("a population", &[
    field("at", Optional, PLACE, "Where its resolvers are: degrees north and east, or a region."),
    field("anywhere", Optional, Shape::Bool, "It is everywhere: every site is equally near."),
    field("uses", Required, Shape::Reference("an entry point"), "The entry point it uses."),
    field("demand", Optional, Shape::Rate { zero: true }, "Its mean rate of requests; instead of `daily: {low, high}`."),
    field("daily", Default("flat"), Shape::Either(&[Shape::Choice(&[word("flat")]), Shape::Record(&DAILY)]), "The shape of a day; t = 0 is a Monday, 00:00 UTC."),
    field("cohorts", Default("{all: {share: 100%}}"), Shape::Map("cohort", &Shape::Record(&COHORT)), "How its members treat DNS answers; shares add up to 100 %."),
    field("geography", Optional, Shape::Either(&[Shape::Text, Shape::List(&Shape::Text, 1)]), "Its geography, most specific first, for geolocation policies."),
    not_yet("weekly", "The shape of a week."),
    not_yet("growth", "Growth over the run."),
    not_yet("writes", "The share of writes."),
    not_yet("retries", "Attempts, backoff, budgets."),
    not_yet("requests", "Its mix of requests."),
]);

static DAILY: Record = Record { what: "`daily`", at_least_one: true, fields: &[
    field("swing", Optional, Shape::Share { zero: true }, "Amplitude of the sinusoid, as a share of the mean."),
    field("low", Optional, Shape::Rate { zero: true }, "The lowest rate of the day, instead of `demand` and `swing`."),
    field("high", Optional, Shape::Rate { zero: false }, "The highest rate of the day."),
    field("peak", Optional, Shape::TimeOfDay, "Time of day of the peak, UTC unless `timezone` says otherwise."),
    field("peak_local", Optional, Shape::TimeOfDay, "Time of day of the peak by the sun at the population's place: UTC plus an hour for each 15 degrees east."),
    field("timezone", Optional, Shape::SignedDuration, "What the population's clocks are ahead of UTC, e.g. `+2h`; applies to `peak` and `hours`."),
    field("hours", Optional, Shape::List(&Shape::Percent, 24), "Instead of a sinusoid: 24 factors of the mean, one an hour; their mean is 100 %."),
]};

static COHORT: Record = record("a cohort", &[
    field("share", Required, Shape::Share { zero: false }, "Its share of the population."),
    field("ttl_at_least", Optional, TIME, "It keeps answers at least this long, whatever their time to live."),
    field("ttl_at_most", Optional, POSITIVE_TIME, "It keeps answers at most this long."),
    field("pinned", Optional, Shape::Bool, "It resolves once, at the start, and never again."),
    field("connection", Optional, POSITIVE_TIME, "Life of its long-lived connections, if it uses them."),
    field("on_down", Optional, Shape::Choice(&[word("reconnect"), word("wait")]), "What it does when the far end of a connection dies: dial anew at once, or wait for the connection's end."),
    field("queries", Optional, Shape::Rate { zero: false }, "Queries of its resolver, where it asks on demand rather than at every expiry."),
]);

/// When a scope counts as up.
static SERVING: Record = Record { what: "a rule of `serving`", at_least_one: true, fields: &[
    field("up_at", Optional, Shape::Share { zero: false }, "The served share from which it counts as up."),
    field("needs", Optional, Shape::OutOf, "Instead: how many sites must be up and reachable, of how many (`4 of 7 sites`); below, none of its requests is served."),
    field("of", Optional, Shape::List(&SITE_NAME, 1), "Of which sites; those of the scope's entry point where absent."),
]};

// ---- Health checks and steering ----

static HEALTH_CHECK: Record = record("a health check", &[
    field("preset", Optional, PRESET_NAME, PRESET_ABOUT),
    field("interval", Required, Shape::Duration(Span::from_millis(1)), "Time between probes of one vantage point."),
    field("spacing", Default("start"), Shape::Choice(&[word("start"), word("response")]), "Whether the interval counts from a probe's sending or from its response."),
    field("timeout", Default("5s"), Shape::Duration(Span::from_millis(1)), "A probe unanswered for this long has failed."),
    field("retries", Default("0"), Shape::Count(0, 100), "Immediate further attempts before a probe counts as failed."),
    field("failures", Default("3"), Shape::Count(1, 1000), "Consecutive failures that turn a vantage point's opinion."),
    field("successes", Default("3"), Shape::Count(1, 1000), "Consecutive successes that turn it back."),
    field("vantages", Default("1"), Shape::Either(&[Shape::Count(1, 128), Shape::List(&PLACE, 1)]), "Vantage points: how many (without a place and hence without delay), or where they are."),
    field("group", Default("1"), Shape::Count(1, 128), "Vantage points are grouped by this many; a group is healthy if most of it is."),
    field("unhealthy_when", Optional, Shape::Either(&[Shape::Choice(&[word("any"), word("majority"), word("all")]), Shape::OutOf]), "How many groups must say so for a site to be unhealthy: `3 of 5`, `any`, `majority` (the default), `all`."),
    field("healthy_above", Optional, Shape::Share { zero: true }, "A site is healthy while more than this share of the groups says so; exactly the share is unhealthy."),
    field("sees", Default("[site]"), Shape::Either(&[SEES, Shape::List(&SEES, 1)]), "What a probe sees: `host`, only whether the host answers; `site`, also the errors that requests suffer."),
    field("phase", Default("random"), Shape::Either(&[Shape::Choice(&[word("random"), word("even")]), Shape::List(&TIME, 1)]), "When each vantage point's first probe is sent."),
]);

/// What a probe may see. Store names follow in a later version and are refused by the resolver.
const SEES: Shape = Shape::Reference("`host` or `site`");

static STEERING: Record = record("an entry point", &[
    field("preset", Optional, PRESET_NAME, PRESET_ABOUT),
    field("policy", Required, Shape::Choice(POLICIES), "How it chooses among its sites."),
    field("sites", Required, Shape::Either(&[Shape::Choice(&[word("all")]), Shape::List(&SITE_NAME, 1), Shape::Map("site", &ANSWERED)]), "The sites it may answer, in order: `all`, a list, or a map with weights."),
    field("ttl", Optional, TIME, "Time to live of its answers."),
    field("health_check", Optional, Shape::Reference("a health check's name"), "The health check of its records; without one every record is always healthy."),
    field("propagation", Default("0s"), TIME, "From a health verdict to the answers that heed it."),
    field("when_none", Default("all"), Shape::Choice(&[word("all"), word("first"), word("last"), word("nothing")]), "What it answers when nothing is healthy."),
    field("operator", Optional, DOMAIN_PATH, "The operator of its name servers: a `dns` or `down` fault there stops the answers."),
    field("control_plane", Optional, DOMAIN_PATH, "The domain whose control plane must live for an answer to change; without one answers change on the data plane."),
    field("serve_stale", Default("0s"), TIME, "How long resolvers serve an expired answer while the name servers are silent."),
    field("fenced", Optional, Shape::Bool, "Geolocation: never leave the most specific match."),
    field("most", Optional, Shape::Count(1, 1000), "Multivalue: records in an answer (8 where absent, as Route 53 does)."),
    not_yet("switch", "The operation that changes its records."),
    not_yet("controller", "The controller that writes its records."),
    not_yet("convergence", "Anycast: how long routing takes to settle."),
]);

/// How an entry point may choose.
pub(crate) static POLICIES: &[Word] = &[
    word("simple"), word("weighted"), word("latency"), word("geolocation"), word("proximity"), word("failover"),
    word("multivalue"), word("static"), word("ideal"), later("anycast"), later("client-side"), later("manual"),
];

static ANSWERED: Shape = Shape::Either(&[Shape::Number(0.0, 1e9), Shape::Share { zero: true }, Shape::Record(&RECORD_OF_A_SITE)]);

static RECORD_OF_A_SITE: Record = record("a site's record", &[
    field("weight", Optional, Shape::Number(0.0, 1e9), "Weighted: its weight."),
    field("share", Optional, Shape::Share { zero: true }, "Static: its share of the traffic."),
    field("geography", Optional, Shape::Text, "Geolocation: whom it answers; `*` is the default."),
    field("bias", Optional, Shape::Distance, "Proximity: kilometres by which its distance is reduced."),
]);

// ---- Faults at stated times ----

static SCRIPTED: Record = record("a scripted fault", &[
    field("at", Required, TIME, "When it begins, from the start of the run."),
    field("for", Optional, POSITIVE_TIME, "How long it lasts; to the end where absent."),
    field("fail", Optional, DOMAIN_PATH, "The domain or site that fails."),
    field("partition", Optional, Shape::List(&Shape::List(&Shape::Reference("a site, a population or a health check"), 1), 2), "Instead: groups that cannot reach each other; who is in no group reaches all."),
    field("effect", Optional, EFFECT, "What the fault does; the domain's own effect where absent."),
    field("fraction", Optional, Shape::Share { zero: false }, "The share that is hit, as `partial` says."),
    field("partial", Optional, PARTIAL, "What a fraction means for one site: `capacity`, that much of it is gone; `chance`, it is hit with that probability."),
    not_yet("release", "A release or configuration push."),
]);

const PARTIAL: Shape = Shape::Choice(&[word("chance"), word("capacity")]);

static REPLAY: Record = record("a replay", &[
    field("incident", Required, Shape::Reference("an incident's name"), "The incident, e.g. `gcp-20220719-london`."),
    field("at", Required, Shape::Either(&[Shape::Choice(&[word("random")]), TIME]), "When it begins: a time from the start of the run, or at random in each replication."),
    field("onto", Optional, Shape::Map("scope", &DOMAIN_PATH), "What stands for the incident's scopes here: `{label: domain}`."),
    field("partial", Default("chance"), PARTIAL, "What a fraction means for one site: `capacity`, that much of it is gone; `chance`, it is hit with that probability."),
    not_yet("once", "Once in all replications."),
]);

// ---- Presets and incidents ----

/// A preset file.
pub(crate) static PRESET: Record = record("a preset", &[
    field("preset", Required, Shape::Count(1, 1), "The format's number: `preset: 1`."),
    field("name", Required, Shape::Text, "Its name."),
    field("about", Required, Shape::Text, "What it stands for."),
    field("provider", Optional, Shape::Partial(&Shape::Record(&PROVIDER)), "Keys of a provider."),
    field("region", Optional, Shape::Partial(&Shape::Record(&REGION)), "Keys of a region."),
    field("zone", Optional, Shape::Partial(&Shape::Record(&ZONE)), "Keys of a zone."),
    field("domain", Optional, Shape::Partial(&Shape::Record(&DOMAIN)), "Keys of a domain."),
    field("link", Optional, Shape::Partial(&Shape::Record(&LINK)), "Keys of a link."),
    field("site", Optional, Shape::Partial(&Shape::Record(&SITE)), "Keys of a site."),
    field("health_check", Optional, Shape::Partial(&Shape::Record(&HEALTH_CHECK)), "Keys of a health check."),
    field("steering", Optional, Shape::Partial(&Shape::Record(&STEERING)), "Keys of an entry point."),
]);

/// An incident file.
pub(crate) static INCIDENT: Record = record("an incident", &[
    field("incident", Required, Shape::Count(1, 1), "The format's number: `incident: 1`."),
    field("name", Required, Shape::Reference("an incident's name"), "Its name."),
    field("title", Required, Shape::Text, "What happened, in a line."),
    field("provider", Required, Shape::Text, "Whose it was."),
    field("began", Required, Shape::Text, "When it began."),
    field("sources", Required, Shape::List(&Shape::Text, 1), "Where this is known from."),
    field("story", Optional, Shape::Text, "What happened."),
    field("scopes", Required, Shape::Map("scope", &Shape::Record(&INCIDENT_SCOPE)), "What it hit."),
    field("phases", Required, Shape::List(&Shape::Record(&PHASE), 1), "What happened when."),
]);

static INCIDENT_SCOPE: Record = record("a scope of an incident", &[
    field("kind", Required, Shape::Reference("a kind of domain"), "What kind of domain it was."),
    field("about", Optional, Shape::Text, "What it was."),
]);

static PHASE: Record = record("a phase of an incident", &[
    field("name", Required, Shape::Text, "What the record calls it."),
    field("from", Required, TIME, "Its beginning, from the incident's."),
    field("for", Required, POSITIVE_TIME, "Its length."),
    field("on", Required, Shape::Reference("a scope"), "The scope it hit."),
    field("effect", Required, Shape::Either(&[Shape::Choice(INCIDENT_EFFECTS), EFFECT]), "What it did; of `errors` and `degraded` the fraction is the share."),
    field("added", Optional, POSITIVE_TIME, "Of `latency`: time added to each round trip."),
    field("fraction", Optional, Shape::Share { zero: false }, "The share that was hit."),
    field("fraction_basis", Optional, BASIS, "Where the fraction is from."),
    field("time_basis", Optional, BASIS, "Where the times are from."),
]);

static INCIDENT_EFFECTS: &[Word] = &[
    word("down"), word("degraded"), word("errors"), word("latency"), word("isolated"), word("control-plane"), word("dns"),
    later("clock"),
];

const BASIS: Shape = Shape::Choice(&[word("published"), word("estimated")]);
