//! What can fail: providers, regions, zones, domains, links; laws, effects, shocks.

use super::*;

pub(super) const PRESET_ABOUT: &str =
    "The documented defaults of a real system; what is written beside it wins.";
pub(super) const OUTAGES_ABOUT: &str = "When it fails by itself: times up and down. `none`: never.";
pub(super) const EFFECT_ABOUT: &str = "What its faults do to the sites they reach.";

pub(super) static PROVIDER: Record = record(
    "a provider",
    &[
        field("preset", Optional, PRESET_NAME, PRESET_ABOUT),
        field("outages", Optional, OUTAGES, OUTAGES_ABOUT),
        field("effect", Default("down"), EFFECT, EFFECT_ABOUT),
        field("at", Optional, COORDINATES, COORDINATES_ABOUT),
        field(
            "region",
            Optional,
            Shape::Partial(&Shape::Record(&REGION)),
            "Keys of every region that does not write them itself.",
        ),
        field(
            "zone",
            Optional,
            Shape::Partial(&Shape::Record(&ZONE)),
            "Keys of every zone that does not write them itself.",
        ),
        field("regions", Optional, Shape::Map("region", &Shape::Record(&REGION)), "Its regions."),
    ],
);

pub(super) static REGION: Record = record(
    "a region",
    &[
        field("preset", Optional, PRESET_NAME, PRESET_ABOUT),
        field("outages", Optional, OUTAGES, OUTAGES_ABOUT),
        field("effect", Default("down"), EFFECT, EFFECT_ABOUT),
        field(
            "at",
            Optional,
            COORDINATES,
            "Degrees north and east; needed where the catalogue does not have the region.",
        ),
        field(
            "zones",
            Optional,
            Shape::Either(&[
                Shape::List(&Shape::Reference("a zone's name"), 1),
                Shape::Map("zone", &Shape::Record(&ZONE)),
            ]),
            "Its zones: names, or a map.",
        ),
    ],
);

pub(super) static ZONE: Record = record(
    "a zone",
    &[
        field("preset", Optional, PRESET_NAME, PRESET_ABOUT),
        field("outages", Optional, OUTAGES, OUTAGES_ABOUT),
        field("effect", Default("down"), EFFECT, EFFECT_ABOUT),
    ],
);

pub(super) static DOMAINS_OF_A_KIND: Shape = Shape::Map("domain", &Shape::Record(&DOMAIN));

pub(super) static DOMAIN: Record = record(
    "a domain",
    &[
        field("preset", Optional, PRESET_NAME, PRESET_ABOUT),
        field("outages", Optional, OUTAGES, OUTAGES_ABOUT),
        field("effect", Default("down"), EFFECT, EFFECT_ABOUT),
        field("in", Optional, DOMAIN_PATH, "The domain it lies in."),
        field("needs", Optional, Shape::List(&DOMAIN_PATH, 0), "Other domains it depends on: all of them."),
        not_yet("control_plane", "The domain whose control plane it needs."),
    ],
);

/// When something fails by itself.
pub(super) const OUTAGES: Shape = Shape::Either(&[Shape::Choice(&[word("none")]), Shape::Record(&OUTAGE)]);

pub(super) static OUTAGE: Record = record(
    "`outages`",
    &[
        field(
            "up",
            Required,
            LAW,
            "Time from a repair to the next failure; a single time is the mean of an exponential law.",
        ),
        field("down", Required, LAW, "Time from a failure to its repair; a single time is that time always."),
        field(
            "children",
            Default("run"),
            Shape::Choice(&[word("run"), word("stop")]),
            "Do the clocks of what lies within it run while it is down?",
        ),
        not_yet("priority", "Rank among repairs."),
    ],
);

pub(super) const LAW: Shape = Shape::Either(&[POSITIVE_TIME, Shape::Record(&LAW_RECORD)]);

/// Laws of random times, by name.
pub(super) static LAWS: &[Word] = &[
    word("fixed"),
    word("exponential"),
    word("weibull"),
    word("lognormal"),
    word("gamma"),
    word("pareto"),
    word("uniform"),
    word("empirical"),
    word("mixture"),
];

/// The percentiles a law may be given by.
pub(crate) const PERCENTILES: &[(&str, f64)] = &[
    ("p1", 0.01),
    ("p5", 0.05),
    ("p10", 0.10),
    ("p20", 0.20),
    ("p25", 0.25),
    ("median", 0.50),
    ("p75", 0.75),
    ("p80", 0.80),
    ("p90", 0.90),
    ("p95", 0.95),
    ("p98", 0.98),
    ("p99", 0.99),
];

pub(super) static LAW_RECORD: Record = Record {
    what: "a law",
    at_least_one: true,
    fields: &[
        field(
            "law",
            Optional,
            Shape::Choice(LAWS),
            "Its name. Without it: exponential by `mean` alone, lognormal by two of mean, median, percentiles and sigma.",
        ),
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
        field(
            "variation",
            Optional,
            Shape::Number(1e-6, 1e6),
            "The coefficient of variation: standard deviation over mean.",
        ),
        field(
            "sigma",
            Optional,
            Shape::Number(1e-6, 20.0),
            "Lognormal: the standard deviation of the logarithm.",
        ),
        field("shape", Optional, Shape::Number(0.05, 1e4), "Weibull, gamma, Pareto: the shape."),
        field("scale", Optional, POSITIVE_TIME, "Weibull, gamma: the scale. Pareto: the least value."),
        field("min", Optional, TIME, "Uniform, Pareto: the least value."),
        field("max", Optional, POSITIVE_TIME, "Uniform: the greatest value."),
        field("values", Optional, Shape::List(&TIME, 1), "Empirical: the values, each as likely."),
        field(
            "of",
            Optional,
            Shape::List(&Shape::Record(&COMPONENT), 1),
            "Mixture: the laws, each with its share.",
        ),
    ],
};

pub(super) static COMPONENT: Record = record(
    "a law of a mixture",
    &[
        field(
            "share",
            Required,
            Shape::Share { zero: false },
            "How often this law is drawn from; shares add up to 100 %.",
        ),
        field("time", Required, Shape::Either(&[POSITIVE_TIME, Shape::Record(&LAW_RECORD)]), "The law."),
    ],
);

/// What a fault does.
pub(super) const EFFECT: Shape = Shape::Either(&[EFFECT_WORD, EFFECT_MAP, Shape::List(&ONE_EFFECT, 1)]);
pub(super) static ONE_EFFECT: Shape = Shape::Either(&[EFFECT_WORD, EFFECT_MAP]);
pub(super) const EFFECT_WORD: Shape = Shape::Choice(&[
    word("down"),
    word("power-lost"),
    word("isolated"),
    word("control-plane"),
    word("dns"),
    later("clock"),
]);
pub(super) const EFFECT_MAP: Shape = Shape::Record(&EFFECT_RECORD);

pub(super) static EFFECT_RECORD: Record = Record {
    what: "an effect",
    at_least_one: true,
    fields: &[
        field(
            "degraded",
            Optional,
            Shape::Share { zero: true },
            "The share of the capacity that is left, less than 100 %.",
        ),
        field(
            "errors",
            Optional,
            Shape::Share { zero: false },
            "The share of requests that fail although the site answers: the grey failure.",
        ),
        field("latency", Optional, POSITIVE_TIME, "Time added to each round trip."),
        field(
            "isolated",
            Optional,
            Shape::Either(&[ISOLATED_WORD, Shape::List(&ISOLATED_WORD, 1)]),
            "From whom the site is cut off.",
        ),
        not_yet("clock", "Skew of clocks."),
    ],
};

pub(super) const ISOLATED_WORD: Shape =
    Shape::Choice(&[word("all"), word("clients"), word("sites"), word("checkers")]);

pub(super) static SHOCK: Record = record(
    "a shock",
    &[
        field(
            "every",
            Optional,
            LAW,
            "Time between events; a single time is the mean of an exponential law.",
        ),
        field(
            "hits",
            Optional,
            Shape::Either(&[
                Shape::List(&DOMAIN_PATH, 1),
                Shape::Paths("domain", &Shape::Share { zero: false }),
            ]),
            "Whom it hits, each with its own probability; a list: all of them, always.",
        ),
        field("for", Optional, LAW, "How long a victim stays down; its own repair law where absent."),
        field("together", Optional, Shape::Bool, "One draw of `for` for all victims instead of one each."),
        field(
            "beta",
            Optional,
            Shape::Share { zero: false },
            "The share of each member's own failure rate that becomes one shock on all of `of`.",
        ),
        field("of", Optional, Shape::List(&DOMAIN_PATH, 2), "The members of a beta factor."),
    ],
);

pub(super) static LINK: Record = record(
    "a link",
    &[
        field(
            "between",
            Required,
            Shape::List(&Shape::Endpoint, 2),
            "What it joins, each pair: sites, `clients/NAME`, `health_checks/NAME`.",
        ),
        field(
            "kind",
            Optional,
            Shape::Choice(&[word("backbone"), word("vpn"), word("interconnect"), word("public")]),
            "What it is; for the reader only.",
        ),
        field("delay", Optional, TIME, "One-way delay; by measured tables or distance where absent."),
        field("outages", Optional, OUTAGES, OUTAGES_ABOUT),
        field("preset", Optional, PRESET_NAME, PRESET_ABOUT),
        field("needs", Optional, Shape::List(&DOMAIN_PATH, 0), "Domains it depends on: all of them."),
        not_yet("hold", "Hold timers."),
        not_yet("effect", "Effects other than being down."),
    ],
);
