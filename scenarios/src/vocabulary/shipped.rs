//! The words of preset and incident files.

use super::*;

/// A preset file.
pub(crate) static PRESET: Record = record(
    "a preset",
    &[
        field("preset", Required, Shape::Count(1, 1), "The format's number: `preset: 1`."),
        field("name", Required, Shape::Text, "Its name."),
        field("about", Required, Shape::Text, "What it stands for."),
        field("provider", Optional, Shape::Partial(&Shape::Record(&PROVIDER)), "Keys of a provider."),
        field("region", Optional, Shape::Partial(&Shape::Record(&REGION)), "Keys of a region."),
        field("zone", Optional, Shape::Partial(&Shape::Record(&ZONE)), "Keys of a zone."),
        field("domain", Optional, Shape::Partial(&Shape::Record(&DOMAIN)), "Keys of a domain."),
        field("link", Optional, Shape::Partial(&Shape::Record(&LINK)), "Keys of a link."),
        field("site", Optional, Shape::Partial(&Shape::Record(&SITE)), "Keys of a site."),
        field(
            "health_check",
            Optional,
            Shape::Partial(&Shape::Record(&HEALTH_CHECK)),
            "Keys of a health check.",
        ),
        field("steering", Optional, Shape::Partial(&Shape::Record(&STEERING)), "Keys of an entry point."),
        field("store", Optional, Shape::Partial(&Shape::Record(&STORE)), "Keys of a store."),
    ],
);

/// An incident file.
pub(crate) static INCIDENT: Record = record(
    "an incident",
    &[
        field("incident", Required, Shape::Count(1, 1), "The format's number: `incident: 1`."),
        field("name", Required, Shape::Reference("an incident's name"), "Its name."),
        field("title", Required, Shape::Text, "What happened, in a line."),
        field("provider", Required, Shape::Text, "Whose it was."),
        field("began", Required, Shape::Text, "When it began."),
        field("sources", Required, Shape::List(&Shape::Text, 1), "Where this is known from."),
        field("story", Optional, Shape::Text, "What happened."),
        field("scopes", Required, Shape::Map("scope", &Shape::Record(&INCIDENT_SCOPE)), "What it hit."),
        field("phases", Required, Shape::List(&Shape::Record(&PHASE), 1), "What happened when."),
    ],
);

static INCIDENT_SCOPE: Record = record(
    "a scope of an incident",
    &[
        field("kind", Required, Shape::Reference("a kind of domain"), "What kind of domain it was."),
        field("about", Optional, Shape::Text, "What it was."),
    ],
);

static PHASE: Record = record(
    "a phase of an incident",
    &[
        field("name", Required, Shape::Text, "What the record calls it."),
        field("from", Required, TIME, "Its beginning, from the incident's."),
        field("for", Required, POSITIVE_TIME, "Its length."),
        field("scope", Required, Shape::Reference("a scope"), "The scope it hit."),
        field(
            "effect",
            Required,
            Shape::Either(&[Shape::Choice(INCIDENT_EFFECTS), EFFECT]),
            "What it did; of `errors` and `degraded` the fraction is the share.",
        ),
        field("added", Optional, POSITIVE_TIME, "Of `latency`: time added to each round trip."),
        field("fraction", Optional, Shape::Share { zero: false }, "The share that was hit."),
        field("fraction_basis", Optional, BASIS, "Where the fraction is from."),
        field("time_basis", Optional, BASIS, "Where the times are from."),
    ],
);

static INCIDENT_EFFECTS: &[Word] = &[
    word("down"),
    word("degraded"),
    word("errors"),
    word("latency"),
    word("isolated"),
    word("control-plane"),
    word("dns"),
    later("clock"),
];

const BASIS: Shape = Shape::Choice(&[word("published"), word("estimated")]);
