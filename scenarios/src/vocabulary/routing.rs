//! Health checks and steering.

use super::*;

pub(super) static HEALTH_CHECK: Record = record(
    "a health check",
    &[
        field("preset", Optional, PRESET_NAME, PRESET_ABOUT),
        field(
            "interval",
            Required,
            Shape::Duration(Span::from_millis(1), Span::DAY),
            "Time between probes of one vantage point.",
        ),
        field(
            "spacing",
            Default("start"),
            Shape::Choice(&[word("start"), word("response")]),
            "Whether the interval counts from a probe's sending or from its response.",
        ),
        field(
            "timeout",
            Default("5s"),
            Shape::Duration(Span::from_millis(1), Span::HOUR),
            "A probe unanswered for this long has failed. A failed probe is known one timeout after its sending, also where it was refused or answered with an error.",
        ),
        field(
            "retries",
            Default("0"),
            Shape::Count(0, 100),
            "Immediate further attempts before a probe counts as failed.",
        ),
        field(
            "failures",
            Default("3"),
            Shape::Count(1, 1000),
            "Consecutive failures that turn a vantage point's opinion.",
        ),
        field("successes", Default("3"), Shape::Count(1, 1000), "Consecutive successes that turn it back."),
        field(
            "vantages",
            Default("1"),
            Shape::Either(&[Shape::Count(1, 128), Shape::List(&PLACE, 1)]),
            "Vantage points: how many (without a place and hence without delay), or where they are.",
        ),
        field(
            "group",
            Default("1"),
            Shape::Count(1, 128),
            "Vantage points are grouped by this many; a group is healthy if most of it is.",
        ),
        field(
            "unhealthy_when",
            Optional,
            Shape::Either(&[Shape::Choice(&[word("any"), word("majority"), word("all")]), Shape::OutOf]),
            "How many groups must say so for a site to be unhealthy: `3 of 5`, `any`, `majority` (the default), `all`.",
        ),
        field(
            "healthy_above",
            Optional,
            Shape::Share { zero: true },
            "A site is healthy while more than this share of the groups says so; exactly the share is unhealthy.",
        ),
        field(
            "sees",
            Default("[site]"),
            Shape::Either(&[SEES, Shape::List(&SEES, 1)]),
            "What a probe sees: `host`, only whether the host answers; `site`, also the errors that requests suffer; a store's name, also whether the site can write it.",
        ),
        field(
            "phase",
            Default("random"),
            Shape::Either(&[Shape::Choice(&[word("random"), word("even")]), Shape::List(&TIME, 1)]),
            "When each vantage point's first probe is sent.",
        ),
    ],
);

/// What a probe may see.
pub(super) const SEES: Shape = Shape::Reference("`host`, `site` or a store's name");

pub(super) static STEERING: Record = record(
    "an entry point",
    &[
        field("preset", Optional, PRESET_NAME, PRESET_ABOUT),
        field("policy", Required, Shape::Choice(POLICIES), "How it chooses among its sites."),
        field(
            "sites",
            Required,
            Shape::Either(&[
                Shape::Choice(&[word("all")]),
                Shape::List(&SITE_NAME, 1),
                Shape::Map("site", &ANSWERED),
            ]),
            "The sites it may answer, in order: `all`, a list, or a map with weights.",
        ),
        field("ttl", Optional, TIME, "Time to live of its answers."),
        field(
            "health_check",
            Optional,
            Shape::Reference("a health check's name"),
            "The health check of its records; without one every record is always healthy.",
        ),
        field("propagation", Default("0s"), TIME, "From a health verdict to the answers that heed it."),
        field(
            "when_none",
            Default("all"),
            Shape::Choice(&[word("all"), word("first"), word("last"), word("nothing")]),
            "What it answers when nothing is healthy.",
        ),
        field(
            "operator",
            Optional,
            DOMAIN_PATH,
            "The operator of its name servers: a `dns` or `down` fault there stops the answers.",
        ),
        field(
            "control_plane",
            Optional,
            DOMAIN_PATH,
            "The domain whose control plane must live for an answer to change; without one answers change on the data plane.",
        ),
        field(
            "serve_stale",
            Default("0s"),
            TIME,
            "How long resolvers serve an expired answer while the name servers are silent.",
        ),
        field("fenced", Optional, Shape::Bool, "Geolocation: never leave the most specific match."),
        field(
            "most",
            Optional,
            Shape::Count(1, 1000),
            "Multivalue: records in an answer (8 where absent, as Route 53 does).",
        ),
        not_yet("switch", "The operation that changes its records."),
        not_yet("controller", "The controller that writes its records."),
        not_yet("convergence", "Anycast: how long routing takes to settle."),
    ],
);

/// How an entry point may choose.
pub(crate) static POLICIES: &[Word] = &[
    word("simple"),
    word("weighted"),
    word("latency"),
    word("geolocation"),
    word("proximity"),
    word("failover"),
    word("multivalue"),
    word("static"),
    word("ideal"),
    later("anycast"),
    later("client-side"),
    later("manual"),
];

pub(super) static ANSWERED: Shape =
    Shape::Either(&[Shape::Number(0.0, 1e9), Shape::Share { zero: true }, Shape::Record(&RECORD_OF_A_SITE)]);

pub(super) static RECORD_OF_A_SITE: Record = record(
    "a site's record",
    &[
        field("weight", Optional, Shape::Number(0.0, 1e9), "Weighted: its weight."),
        field("share", Optional, Shape::Share { zero: true }, "Static: its share of the traffic."),
        field("geography", Optional, Shape::Text, "Geolocation: whom it answers; `*` is the default."),
        field("bias", Optional, Shape::Distance, "Proximity: kilometres by which its distance is reduced."),
    ],
);
