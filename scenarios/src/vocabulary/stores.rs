//! Stores, and the requests that touch them.

use super::*;

const STORE_NAME: Shape = Shape::Reference("a store's name");

pub(super) static STORE: Record = record(
    "a store",
    &[
        field("preset", Optional, PRESET_NAME, PRESET_ABOUT),
        field(
            "family",
            Required,
            Shape::Choice(FAMILIES),
            "What kind of store it is. `primary`: one member writes, the replicas follow its log.",
        ),
        field("primary", Optional, SITE_NAME, "The site of its primary while nothing has failed; needed."),
        field(
            "replicas",
            Optional,
            Shape::List(&SITE_NAME, 0),
            "The sites of its replicas; needed, `[]` for none. Of two that are as far the earlier one is promoted.",
        ),
        field(
            "lag",
            Optional,
            LAG,
            "How far a replica trails while nothing delays it, drawn once for each failover and replica; needed with replicas.",
        ),
        field(
            "apply_rate",
            Optional,
            Shape::Rate { zero: false },
            "Writes that a replica applies while it catches up, e.g. `5000 per second`; at once where absent.",
        ),
        field(
            "acknowledged_by",
            Default("primary"),
            Shape::Either(&[Shape::Choice(&[word("primary")]), Shape::Record(&ACKNOWLEDGED)]),
            "Who must have a write before it counts as done: the primary alone, or replicas too.",
        ),
        field(
            "failover",
            Default("never"),
            Shape::Either(&[Shape::Choice(&[word("never")]), Shape::Record(&FAILOVER)]),
            "Who replaces a primary that is lost; `never`: the store waits for it.",
        ),
        field(
            "promotion",
            Optional,
            LAW,
            "Time from the decision to promote a replica until it accepts writes; needed with a failover.",
        ),
        field(
            "most_lag",
            Optional,
            POSITIVE_TIME,
            "A replica that trails by more is not promoted: the store waits instead. No limit where absent.",
        ),
        field(
            "reads_from",
            Default("primary"),
            Shape::Choice(&[word("primary"), word("any")]),
            "Who answers reads: the primary only, or any member in reach.",
        ),
        field(
            "sessions",
            Optional,
            Shape::Record(&SESSIONS),
            "How clients use it; with it a run tells what they see: stale reads, writes missed or lost, times.",
        ),
        field(
            "keys",
            Optional,
            Shape::Count(1, 1_000_000_000),
            "How many keys it holds; needed with `sessions`.",
        ),
        field(
            "popularity",
            Optional,
            Shape::Either(&[Shape::Choice(&[word("uniform")]), Shape::Record(&POPULARITY)]),
            "Which key a session chooses: each alike (where absent), or by a law.",
        ),
    ],
);

static SESSIONS: Record = record(
    "`sessions`",
    &[
        field(
            "operations",
            Default("10"),
            Shape::Number(1.0, 1e6),
            "Reads and writes of a session on its one key, a cart or a profile: the mean of a geometric law.",
        ),
        field(
            "think",
            Default("1s"),
            POSITIVE_TIME,
            "Time from an answer to the next operation: the mean of an exponential law.",
        ),
        field("patience", Default("5s"), POSITIVE_TIME, "How long an answer is waited for."),
    ],
);

static POPULARITY: Record = record(
    "`popularity`",
    &[field(
        "zipf",
        Required,
        Shape::Number(0.01, 10.0),
        "The k-th key is chosen in proportion to k to the power of minus this: `{zipf: 0.99}`.",
    )],
);

/// Kinds of stores.
static FAMILIES: &[Word] = &[
    word("primary"),
    later("sharded"),
    later("leaderless"),
    later("consensus"),
    later("multi-primary"),
    later("partitioned"),
    later("singleton"),
];

/// Unlike other times, a lag may be nothing at all.
const LAG: Shape = Shape::Either(&[TIME, Shape::Record(&LAW_RECORD)]);

static ACKNOWLEDGED: Record = record(
    "`acknowledged_by`",
    &[
        field(
            "replicas",
            Required,
            Shape::Count(1, 2000),
            "How many replicas must have received a write before it counts as done.",
        ),
        field(
            "alone_after",
            Optional,
            POSITIVE_TIME,
            "With fewer in reach for so long the primary goes on alone until enough are back; it waits for ever where absent.",
        ),
    ],
);

static FAILOVER: Record = Record {
    what: "`failover`",
    at_least_one: true,
    fields: &[
        field(
            "lease",
            Optional,
            POSITIVE_TIME,
            "Automatic, by a coordinator with a member at each site of the store: whoever reaches most of them renews a lease of this length, and stops writing when it ends.",
        ),
        field(
            "renewed_every",
            Optional,
            POSITIVE_TIME,
            "Time between renewals of the lease; their phase is random.",
        ),
        field(
            "human",
            Optional,
            LAW,
            "By a person, so long after no other member that lives reached the primary. Nothing stops the old one: cut off, it goes on accepting writes, which are lost when it is back in reach.",
        ),
    ],
};

pub(super) static REQUEST: Record = record(
    "a request",
    &[
        field(
            "share",
            Required,
            Shape::Share { zero: false },
            "Its share of every population's requests; shares add up to 100 % at most. The rest touches no store.",
        ),
        field(
            "reads",
            Optional,
            Shape::List(&STORE_NAME, 0),
            "Stores that each of these requests reads once.",
        ),
        field(
            "writes",
            Optional,
            Shape::List(&STORE_NAME, 0),
            "Stores that each writes once. A request is served only if all its reads and writes are.",
        ),
    ],
);
