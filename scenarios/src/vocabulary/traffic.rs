//! Sites, clients, and when they count as up.

use super::*;

pub(super) static SITE: Record = record(
    "a site",
    &[
        field("preset", Optional, PRESET_NAME, PRESET_ABOUT),
        field("in", Optional, DOMAIN_PATH, "Where it stands: a provider, region or zone, or another domain."),
        field(
            "needs",
            Optional,
            Shape::List(&NEED, 0),
            "What else it depends on: all of these; `{any: [a, b]}` for alternatives.",
        ),
        field("at", Optional, PLACE, "Where it is; by `in` where absent."),
        field(
            "capacity",
            Required,
            Shape::Either(&[
                Shape::Rate { zero: false },
                Shape::Map("entry point", &Shape::Rate { zero: false }),
            ]),
            "Requests it can serve: a rate, or one for each entry point.",
        ),
        field("outages", Optional, OUTAGES, OUTAGES_ABOUT),
        field("effect", Default("down"), EFFECT, EFFECT_ABOUT),
        field(
            "overload",
            Default("shed"),
            Shape::Choice(&[word("shed"), later("queue"), later("collapse")]),
            "What happens to requests past the capacity.",
        ),
        not_yet("autoscale", "Capacity that follows the load."),
        not_yet("role", "Standby or active."),
        not_yet("latent_defect", "Faults that show only in use."),
        not_yet("cost", "What it costs."),
        not_yet("rank", "Priority for repair crews."),
    ],
);

pub(super) static NEED: Shape = Shape::Either(&[DOMAIN_PATH, Shape::Record(&ANY)]);
pub(super) static ANY: Record = record(
    "alternatives",
    &[field("any", Required, Shape::List(&DOMAIN_PATH, 1), "Any one of these is enough.")],
);

pub(super) const PLACE: Shape = Shape::Either(&[COORDINATES, Shape::Reference("a region of the catalogue")]);

pub(super) static CLIENTS: Record = record(
    "a population",
    &[
        field("at", Optional, PLACE, "Where its resolvers are: degrees north and east, or a region."),
        field("anywhere", Optional, Shape::Bool, "It is everywhere: every site is equally near."),
        field("uses", Required, Shape::Reference("an entry point"), "The entry point it uses."),
        field(
            "demand",
            Optional,
            Shape::Rate { zero: true },
            "Its mean rate of requests; instead of `daily: {low, high}`.",
        ),
        field(
            "daily",
            Default("flat"),
            Shape::Either(&[Shape::Choice(&[word("flat")]), Shape::Record(&DAILY)]),
            "The shape of a day; t = 0 is a Monday, 00:00 UTC.",
        ),
        field(
            "cohorts",
            Default("{all: {share: 100%}}"),
            Shape::Map("cohort", &Shape::Record(&COHORT)),
            "How its members treat DNS answers; shares add up to 100 %.",
        ),
        field(
            "geography",
            Optional,
            Shape::Either(&[Shape::Text, Shape::List(&Shape::Text, 1)]),
            "Its geography, most specific first, for geolocation policies.",
        ),
        not_yet("weekly", "The shape of a week."),
        not_yet("growth", "Growth over the run."),
        not_yet("writes", "The share of writes."),
        not_yet("retries", "Attempts, backoff, budgets."),
        not_yet("requests", "Its mix of requests."),
    ],
);

pub(super) static DAILY: Record = Record {
    what: "`daily`",
    at_least_one: true,
    fields: &[
        field(
            "swing",
            Optional,
            Shape::Share { zero: true },
            "Amplitude of the sinusoid, as a share of the mean.",
        ),
        field(
            "low",
            Optional,
            Shape::Rate { zero: true },
            "The lowest rate of the day, instead of `demand` and `swing`.",
        ),
        field("high", Optional, Shape::Rate { zero: false }, "The highest rate of the day."),
        field(
            "peak",
            Optional,
            Shape::TimeOfDay,
            "Time of day of the peak, UTC unless `timezone` says otherwise.",
        ),
        field(
            "peak_local",
            Optional,
            Shape::TimeOfDay,
            "Time of day of the peak by the sun at the population's place: UTC plus an hour for each 15 degrees east.",
        ),
        field(
            "timezone",
            Optional,
            Shape::SignedDuration,
            "What the population's clocks are ahead of UTC, e.g. `+2h`; applies to `peak` and `hours`.",
        ),
        field(
            "hours",
            Optional,
            Shape::List(&Shape::Percent, 24),
            "Instead of a sinusoid: 24 factors of the mean, one an hour; their mean is 100 %.",
        ),
    ],
};

pub(super) static COHORT: Record = record(
    "a cohort",
    &[
        field("share", Required, Shape::Share { zero: false }, "Its share of the population."),
        field(
            "ttl_at_least",
            Optional,
            TIME,
            "It keeps answers at least this long, whatever their time to live.",
        ),
        field("ttl_at_most", Optional, POSITIVE_TIME, "It keeps answers at most this long."),
        field("pinned", Optional, Shape::Bool, "It resolves once, at the start, and never again."),
        field("connection", Optional, POSITIVE_TIME, "Life of its long-lived connections, if it uses them."),
        field(
            "on_down",
            Optional,
            Shape::Choice(&[word("reconnect"), word("wait")]),
            "What it does when the far end of a connection dies: dial anew at once, or wait for the connection's end. Who dials where the site is dead, because its cache or DNS still names it, holds that dead connection for a whole life more under `wait`; under `reconnect` it is back as soon as its cache leads it elsewhere.",
        ),
        field(
            "queries",
            Optional,
            Shape::Rate { zero: false },
            "Queries of its resolver, where it asks on demand rather than at every expiry.",
        ),
    ],
);

/// When a scope counts as up.
pub(super) static SERVING: Record = Record {
    what: "a rule of `serving`",
    at_least_one: true,
    fields: &[
        field(
            "up_at",
            Optional,
            Shape::Share { zero: false },
            "The served share from which it counts as up.",
        ),
        field(
            "needs",
            Optional,
            Shape::OutOf,
            "Instead: how many sites must be up and reachable, of how many (`4 of 7 sites`); below, none of its requests is served.",
        ),
        field(
            "of",
            Optional,
            Shape::List(&SITE_NAME, 1),
            "Of which sites; those of the scope's entry point where absent.",
        ),
    ],
};
