//! The words of the scenario file: every key with its meaning, shape and default.

mod domains;
mod faults;
mod routing;
mod stores;
mod traffic;

use crate::quantity::LONGEST;
use crate::shape::Need::{Default, Later, Optional, Required};
use crate::shape::{Field, Need, Record, Shape, Word, later, word};
use domains::*;
use faults::*;
use routing::*;
use sim::Span;
use stores::*;
use traffic::*;

pub(crate) use domains::PERCENTILES;
pub(crate) use routing::POLICIES;

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

const TIME: Shape = Shape::Duration(Span::ZERO, LONGEST);
const POSITIVE_TIME: Shape = Shape::Duration(Span::NANOSECOND, LONGEST);
const DOMAIN_PATH: Shape = Shape::Reference("a domain's path");
const SITE_NAME: Shape = Shape::Reference("a site's name");
const PRESET_NAME: Shape = Shape::Reference("a preset's name");
const COORDINATES: Shape = Shape::List(&Shape::Number(-180.0, 180.0), 2);
const COORDINATES_ABOUT: &str = "Degrees north and east: `[51.5, -0.1]`.";

/// The whole file.
pub(crate) static SCENARIO: Record = record(
    "a scenario",
    &[
        field("scenario", Required, Shape::Count(0, 1_000_000), "The format's number: `scenario: 1`."),
        field("name", Required, Shape::Text, "What it is called."),
        field("question", Optional, Shape::Text, "The question it answers."),
        field("run", Default("{}"), Shape::Record(&RUN), "How long, how often, from which state."),
        field(
            "providers",
            Optional,
            Shape::Map("provider", &Shape::Record(&PROVIDER)),
            "Clouds and hosters; each is a failure domain with regions and zones: `provider/region/zone`.",
        ),
        field(
            "domains",
            Optional,
            Shape::Map("kind of domain", &DOMAINS_OF_A_KIND),
            "Anything else that can fail as one: kind, then name; referred to as `kind/name`.",
        ),
        field(
            "shocks",
            Optional,
            Shape::Map("shock", &Shape::Record(&SHOCK)),
            "Events that hit several domains at once.",
        ),
        field(
            "links",
            Optional,
            Shape::Map("link", &Shape::Record(&LINK)),
            "Links between sites, clients and health checkers. What is joined by links reaches each other only over links.",
        ),
        field(
            "defaults",
            Optional,
            Shape::Record(&DEFAULTS),
            "Keys that hold for all sites unless they say otherwise.",
        ),
        field("sites", Required, Shape::Map("site", &Shape::Record(&SITE)), "Places that serve requests."),
        field(
            "clients",
            Optional,
            Shape::Map("population", &Shape::Record(&CLIENTS)),
            "Populations of clients.",
        ),
        field(
            "health_checks",
            Optional,
            Shape::Map("health check", &Shape::Record(&HEALTH_CHECK)),
            "Probes from vantage points, opinions, a quorum.",
        ),
        field(
            "steering",
            Optional,
            Shape::Map("entry point", &Shape::Record(&STEERING)),
            "Entry points: names that clients resolve, and how they are answered.",
        ),
        field(
            "stores",
            Optional,
            Shape::Map("store", &Shape::Record(&STORE)),
            "Databases and other data with members at several sites.",
        ),
        field(
            "requests",
            Optional,
            Shape::Map("request", &Shape::Record(&REQUEST)),
            "What clients ask for, and which stores it touches.",
        ),
        field(
            "script",
            Optional,
            Shape::List(&Shape::Record(&SCRIPTED), 0),
            "Faults at stated times: drills and what-ifs.",
        ),
        field(
            "replays",
            Optional,
            Shape::List(&Shape::Record(&REPLAY), 0),
            "Real incidents, placed into the run.",
        ),
        field(
            "serving",
            Optional,
            Shape::Paths("scope", &Shape::Record(&SERVING)),
            "When each scope (`all`, an entry point or a population) counts as up; while it serves everything where absent.",
        ),
        field(
            "sla",
            Optional,
            Shape::Either(&[
                Shape::Share { zero: false },
                Shape::Paths("scope", &Shape::Share { zero: false }),
            ]),
            "Availabilities promised by contract: for everything, or for each scope.",
        ),
        field(
            "expect",
            Optional,
            Shape::List(&Shape::Expectation, 0),
            "What must hold, e.g. `availability[www] >= 99.95%`, `p95(rto) <= 3m`, `drill(any provider): served >= 85%`.",
        ),
        not_yet("operations", "What people and their tools do."),
        not_yet("repair", "Repair crews."),
        not_yet("changes", "Releases and configuration pushes."),
        not_yet("contagion", "Hazards that depend on other domains."),
        not_yet("traces", "Outage traces."),
    ],
);

static RUN: Record = record(
    "`run`",
    &[
        field(
            "horizon",
            Default("1y"),
            Shape::Duration(Span::SECOND, LONGEST),
            "Length of one replication: 1s to 200y.",
        ),
        field(
            "replications",
            Default("1024"),
            Shape::Count(1, 10_000_000),
            "Number of independent replications.",
        ),
        field("seed", Default("1"), Shape::Count(0, u64::MAX), "The seed of all random numbers."),
        field(
            "start",
            Default("all-up"),
            Shape::Choice(&[word("all-up"), word("stationary")]),
            "The state at the start: everything up and new, or in equilibrium.",
        ),
        field(
            "precision",
            Optional,
            Shape::Share { zero: false },
            "Stop as soon as the first measure's interval is this narrow, relative to it.",
        ),
        field("confidence", Default("95%"), Shape::Share { zero: false }, "Confidence of every interval."),
        field(
            "operations",
            Optional,
            Shape::Count(1, 1_000_000_000),
            "About how many reads and writes of each store with `sessions` are simulated one by one in each replication, those of others on the keys of the sessions looked at among them; 2000 where absent.",
        ),
        field(
            "fidelity",
            Optional,
            Shape::Choice(&[word("sampled"), word("request")]),
            "Which of these are looked at: those of sampled sessions (where absent), or every one, for short runs.",
        ),
        not_yet("begins", "The weekday and time of the start."),
        not_yet("warmup", "A time that is not observed."),
    ],
);

static DEFAULTS: Record = record(
    "`defaults`",
    &[field(
        "sites",
        Optional,
        Shape::Partial(&Shape::Record(&SITE)),
        "Keys of every site that does not write them itself.",
    )],
);

/// What presets and incidents may say. Those that ship are embedded, so tests check them once and for all.
#[cfg(test)]
pub(crate) mod shipped;
