//! Faults at stated times: script and replays.

use super::*;

pub(super) static SCRIPTED: Record = record(
    "a scripted fault",
    &[
        field("at", Required, TIME, "When it begins, from the start of the run."),
        field("for", Optional, POSITIVE_TIME, "How long it lasts; to the end where absent."),
        field("fail", Optional, DOMAIN_PATH, "The domain or site that fails."),
        field(
            "partition",
            Optional,
            Shape::List(&Shape::List(&Shape::Endpoint, 1), 2),
            "Instead: groups that cannot reach each other; who is in no group reaches all. Written as in `between`.",
        ),
        field("effect", Optional, EFFECT, "What the fault does; the domain's own effect where absent."),
        field(
            "fraction",
            Optional,
            Shape::Share { zero: false },
            "The share that is hit, as `partial` says.",
        ),
        field(
            "partial",
            Optional,
            PARTIAL,
            "What a fraction means for one site: `chance`, it is hit with that probability; `capacity`, that much of it is gone (what cannot be had in part, such as being cut off, is a chance all the same).",
        ),
        not_yet("release", "A release or configuration push."),
    ],
);

pub(super) const PARTIAL: Shape = Shape::Choice(&[word("chance"), word("capacity")]);

pub(super) static REPLAY: Record = record(
    "a replay",
    &[
        field(
            "incident",
            Required,
            Shape::Reference("an incident's name"),
            "The incident, e.g. `gcp-20220719-london`.",
        ),
        field(
            "at",
            Required,
            Shape::Either(&[Shape::Choice(&[word("random")]), TIME]),
            "When it begins: a time from the start of the run, or at random in each replication.",
        ),
        field(
            "onto",
            Optional,
            Shape::Map("scope", &DOMAIN_PATH),
            "What stands for the incident's scopes here: `{label: domain}`.",
        ),
        field(
            "partial",
            Default("chance"),
            PARTIAL,
            "What a fraction means for one site: `chance`, it is hit with that probability; `capacity`, that much of it is gone (what cannot be had in part, such as being cut off, is a chance all the same).",
        ),
        not_yet("once", "Once in all replications."),
    ],
);
