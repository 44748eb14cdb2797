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
            "What kind of store it is. `primary`: one member writes, the replicas follow its log. `consensus`: the same, \
             agreed on by voters. `leaderless`: any site writes to as many replicas as its level says. `multi-primary`: any \
             site writes to its own replica. `singleton`: one owner at a time, without a log. `sharded`, `partitioned`: a primary in each of its `parts`.",
        ),
        field(
            "primary",
            Optional,
            SITE_NAME,
            "The site of its primary, or owner, while nothing has failed; needed.",
        ),
        field(
            "replicas",
            Optional,
            Shape::List(&SITE_NAME, 0),
            "The sites of its replicas; needed, `[]` for none. Of two that are as far the earlier one is promoted. Of a \
             store agreed on by voters: its members without a vote.",
        ),
        field(
            "witnesses",
            Optional,
            Shape::List(&SITE_NAME, 0),
            "Further sites with a member of the coordinator, which vote on the primary and hold no data.",
        ),
        field(
            "voters",
            Optional,
            Shape::List(&SITE_NAME, 1),
            "The sites of the members that agree, a site as often as voters stand there; the first leads while nothing has failed.",
        ),
        field(
            "quorum",
            Optional,
            Shape::Count(1, 1000),
            "How many voters must agree; more than half of them, and just that where absent.",
        ),
        field(
            "copies",
            Default("1"),
            Shape::Count(1, 100),
            "Replicas at each site, all up while the site is.",
        ),
        field("levels", Optional, Shape::Record(&LEVELS), "How many replicas a read and a write wait for."),
        field(
            "parts",
            Optional,
            Shape::Map("part", &Shape::Record(&PART)),
            "Splits the store: each part is a store of its own with all else that is said here, called `store/part`, and \
             each request touches one of them.",
        ),
        field(
            "lag",
            Optional,
            LAG,
            "How far a replica trails while nothing delays it: what it lacks is lost if it is promoted, but where a write waits for \
             replicas: those have received it, and show it so long after; needed with replicas. \
             Where many may write: what a write takes to a replica beside the way, drawn for each, in a multi-primary \
             store to other sites only; nothing where absent.",
        ),
        field(
            "lag_drawn",
            Default("failover"),
            Shape::Choice(&[word("failover"), word("write"), word("read")]),
            "With one writer: for what the lag of a replica is drawn. `failover`: for each of them, and each session that is \
             looked at. `write`: for each write; in the order of the log one that is late keeps all after it waiting (`applies`). \
             `read`: for each read, which finds what was there so long before.",
        ),
        field(
            "applies",
            Default("log-order"),
            Shape::Choice(&[word("log-order"), word("newest-wins"), word("last-arrived")]),
            "With one writer and `lag_drawn: write`: what becomes of writes that come to a replica out of order. `log-order`: each \
             waits for all before it. The others take each by itself, as a cache or an index fed by events does, or appliers \
             that do not keep the order of commits, and need `failover: never`. `newest-wins`: it shows when it arrives, unless a later one \
             of its key has. `last-arrived`: it shows when it arrives, so that an old one overwrites a newer one and stays \
             until the next.",
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
            "Who replaces a primary that is lost; `never`: the store waits for it. Whoever is promoted stays unless `returns` says \
             otherwise.",
        ),
        field(
            "promotion",
            Optional,
            LAW,
            "Time from the decision to promote a replica until it accepts writes; needed with a failover.",
        ),
        field(
            "noticed",
            Optional,
            LAW,
            "How long a former primary that nothing stopped goes on once it is back in reach of the new one, for those who reach \
             it and not the new one; not at all where absent.",
        ),
        field(
            "rejoin",
            Optional,
            LAW,
            "Time that a former primary takes to become a replica again, from when it has stopped and reaches the new one. \
             Meanwhile it counts for nothing: it is not promoted, not read, and acknowledges nothing. No time where absent.",
        ),
        field(
            "most_lag",
            Optional,
            POSITIVE_TIME,
            "A replica that trails by more is not promoted: the store waits instead. No limit where absent.",
        ),
        field(
            "promotes",
            Default("any"),
            Shape::Choice(&[word("any"), word("synchronous")]),
            "Who may be promoted: any replica that is near enough, or only one that is certain to have every acknowledged write \
             (Patroni's `synchronous_mode`); then nothing is lost, and the store waits if there is none.",
        ),
        field(
            "returns",
            Default("never"),
            Shape::Either(&[Shape::Choice(&[word("never")]), Shape::Record(&RETURNS)]),
            "Does the writer move back once its home is back? `never`: whoever was promoted stays, in all families and presets.",
        ),
        field(
            "routers_learn",
            Optional,
            LAG,
            "How long the router of a site takes to learn of another primary, from when that writes and the site reaches it; drawn \
             for each site and change. Until then requests there go to the one it knew: refused, or accepted if that goes on and \
             lost with it. At once where absent.",
        ),
        field(
            "duties",
            Optional,
            Shape::Record(&DUTIES),
            "Singleton: what its owner must do at set times, such as a validator's attestations. Told are those that nobody did, \
             and those that two did.",
        ),
        field(
            "reads_from",
            Default("primary"),
            Shape::Either(&[
                Shape::Choice(&[word("primary"), word("nearest"), word("uniform"), word("sticky")]),
                Shape::Record(&READS_FROM),
            ]),
            "Who answers reads: the primary only; the nearest member in reach; any of them, each time anew; the nearest, and \
             that one as long as it is in reach; or the member at one site only.",
        ),
        field(
            "legs",
            Optional,
            Shape::Record(&LEGS),
            "What the messages of single operations take beside the way: with one writer those between clients and members, else \
             those between coordinators and replicas, of which `lag` is that of a write. Seen by `sessions` only.",
        ),
        field(
            "convicted_after",
            Optional,
            LAG,
            "Leaderless: how long after the beginning of an outage a site takes the replicas there for dead. Until then \
             its operations time out, then they are refused; at once where absent.",
        ),
        field(
            "hints",
            Default("none"),
            Shape::Either(&[Shape::Choice(&[word("none")]), Shape::Record(&HINTS)]),
            "Leaderless: are writes kept for replicas that are out of reach?",
        ),
        field(
            "read_repair",
            Default("none"),
            Shape::Choice(&[word("none"), word("blocking")]),
            "Leaderless: what becomes of replicas found to differ in a read. `blocking`: they are mended before it is answered.",
        ),
        field(
            "anti_entropy",
            Optional,
            POSITIVE_TIME,
            "How often all replicas compare what they have; never where absent.",
        ),
        field(
            "log_saved_every",
            Optional,
            POSITIVE_TIME,
            "Leaderless: how often a replica writes its log to the disk. What it has acknowledged since is gone when its power \
             is (`power-lost`); on the disk before it is acknowledged where absent.",
        ),
        field(
            "asks",
            Default("just-enough"),
            Shape::Choice(&[word("all"), word("just-enough"), word("one-more")]),
            "Leaderless: whom a read asks, all replicas, as many as must answer, or one more.",
        ),
        field(
            "clocks",
            Optional,
            Shape::Record(&CLOCKS),
            "Where many may write: what orders writes; the last one wins.",
        ),
        field(
            "sessions",
            Optional,
            Shape::Record(&SESSIONS),
            "How clients use it; with it a run tells what they see: stale reads, writes missed or lost, times. Each client \
             is led to a site, and to another, by its own resolver and connection (`steering`, `cohorts`). Not of a \
             `singleton`, which holds nothing, nor of more than 16 members with data (where many may write: 16 sites, 16 replicas).",
        ),
        field(
            "keys",
            Optional,
            Shape::Count(1, 1_000_000_000),
            "How many keys it holds, of a store with `parts` each part; needed with `sessions`.",
        ),
        field(
            "popularity",
            Optional,
            Shape::Either(&[Shape::Choice(&[word("uniform")]), Shape::Record(&POPULARITY)]),
            "Which key a session chooses: each alike (where absent), or by a law; or by one for reads and one for writes, \
             and then of those who come to a key as many read it as these say.",
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
        field(
            "updates",
            Default("0%"),
            Shape::Share { zero: true },
            "Of the writes those that are read-modify-writes: a read, and once it is answered a write of the same key. An \
             update is lost where another one on the same base has been acknowledged.",
        ),
        field(
            "reads_back_after",
            Optional,
            POSITIVE_TIME,
            "So long after the acknowledgement of each write its session reads the key once more; it does not where absent.",
        ),
    ],
);

static RETURNS: Record = record(
    "`returns`",
    &[field(
        "after",
        Required,
        LAG,
        "How long the home has been a replica in reach that lacks nothing. Then the writer stops, the home receives the rest of \
         the log, which takes the `lag`, and writes after the `promotion`: nothing is lost, and meanwhile nobody writes. If the \
         home is lost on the way, the writer goes on.",
    )],
);

static DUTIES: Record = record(
    "`duties`",
    &[field(
        "every",
        Required,
        POSITIVE_TIME,
        "Time from one to the next; their phase is random. One is missed if no owner can do it at a site that clients reach when \
         it falls due, and signed twice if more than one can.",
    )],
);

static READS_FROM: Record = record(
    "`reads_from`",
    &[field("site", Required, SITE_NAME, "The site of the member that answers all reads.")],
);

static LEGS: Record = record(
    "`legs`",
    &[
        field("write", Optional, LAG, "A write, on its way there; nothing where absent, like all of them."),
        field("acknowledgement", Optional, LAG, "The answer to a write."),
        field("read", Optional, LAG, "A read, on its way there."),
        field("response", Optional, LAG, "The answer to a read."),
    ],
);

static HINTS: Record = record(
    "`hints`",
    &[field(
        "window",
        Required,
        POSITIVE_TIME,
        "None is kept for a replica that has been out of reach for longer.",
    )],
);

static CLOCKS: Record = record(
    "`clocks`",
    &[
        field(
            "stamp",
            Default("wall"),
            Shape::Choice(&[word("wall"), word("hybrid")]),
            "`wall`: a write has the time of its site; `hybrid`: that, but later than all that its site has seen of the key.",
        ),
        field(
            "ahead",
            Optional,
            Shape::Map("site", &POSITIVE_TIME),
            "Sites whose clock is ahead, and by how much.",
        ),
    ],
);

static POPULARITY: Record = Record {
    what: "`popularity`",
    at_least_one: true,
    fields: &[
        field("zipf", Optional, EXPONENT, ZIPF_ABOUT),
        field(
            "reads",
            Optional,
            ONE_POPULARITY,
            "Which keys are read, where others are written; each alike where absent.",
        ),
        field("writes", Optional, ONE_POPULARITY, "Which keys are written; each alike where absent."),
    ],
};

static ZIPF: Record = record("a law of popularity", &[field("zipf", Required, EXPONENT, ZIPF_ABOUT)]);

const ONE_POPULARITY: Shape = Shape::Either(&[Shape::Choice(&[word("uniform")]), Shape::Record(&ZIPF)]);

const EXPONENT: Shape = Shape::Number(0.01, 10.0);

const ZIPF_ABOUT: &str =
    "The k-th key is chosen in proportion to k to the power of minus this: `{zipf: 0.99}`.";

/// Kinds of stores.
static FAMILIES: &[Word] = &[
    word("primary"),
    word("consensus"),
    word("leaderless"),
    word("multi-primary"),
    word("singleton"),
    word("sharded"),
    word("partitioned"),
];

static LEVELS: Record = record(
    "`levels`",
    &[
        field("write", Required, Shape::Choice(LEVEL_WORDS), "Replicas that a write waits for."),
        field("read", Required, Shape::Choice(LEVEL_WORDS), "Replicas that a read waits for."),
    ],
);

/// Local replicas are those at the site that coordinates.
static LEVEL_WORDS: &[Word] = &[
    word("one"),
    word("two"),
    word("three"),
    word("quorum"),
    word("all"),
    word("local-one"),
    word("local-quorum"),
    word("each-quorum"),
];

static PART: Record = record(
    "a part of a store",
    &[
        field("primary", Optional, SITE_NAME, "The site of its primary, where its store names none."),
        field("replicas", Optional, Shape::List(&SITE_NAME, 0), "The sites of its replicas."),
        field("voters", Optional, Shape::List(&SITE_NAME, 1), "The sites of its voters."),
        field(
            "clients",
            Optional,
            Shape::List(&Shape::Reference("a population's name"), 1),
            "Whose requests touch this part only: all of theirs.",
        ),
        field(
            "share",
            Optional,
            Shape::Share { zero: false },
            "The share of everybody else's requests that touch it. Where no part says one, all are alike.",
        ),
    ],
);

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
            "which",
            Default("any"),
            Shape::Choice(&[word("any"), word("first")]),
            "Any of them (`ANY k` of PostgreSQL), or the first in their order of those that follow and lack nothing (`FIRST k`).",
        ),
        field(
            "in_another",
            Optional,
            Shape::Choice(&[word("zone"), word("region"), word("provider")]),
            "Only replicas count that do not share this kind of place with whoever is the primary then (Vitess's `cross_cell`): by \
             what the sites stand `in`; a site that stands in none shares it with nobody. Any replica counts where absent.",
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
            "check",
            Optional,
            Shape::Record(&CHECKING),
            "Automatic, by probes of the primary: given up after several failures in a row, by members that are a majority. \
             Nothing stops the old one unless `fenced` says so.",
        ),
        field(
            "human",
            Optional,
            LAW,
            "By a person, so long after no other member that lives reached the primary. Nothing stops the old one: cut off, it goes on accepting writes, which are lost when it is back in reach.",
        ),
        field(
            "fenced",
            Optional,
            Shape::Bool,
            "With `human` or `check`: is the old primary stopped when it is given up? No where absent.",
        ),
    ],
};

static CHECKING: Record = record(
    "`check` of a failover",
    &[
        field("every", Required, POSITIVE_TIME, "Time between probes; their phase is random."),
        field("failures", Default("1"), Shape::Count(1, 1000), "Failures in a row that condemn it."),
        field("timeout", Required, POSITIVE_TIME, "Time after which a probe counts as failed."),
    ],
);

pub(super) static REQUEST: Record = record(
    "a request",
    &[
        field(
            "share",
            Required,
            Shape::Share { zero: false },
            "Its share of the requests of each of its populations; the shares of a population add up to 100 % at most. The rest touches no store.",
        ),
        field(
            "clients",
            Optional,
            Shape::List(&Shape::Reference("a population's name"), 1),
            "Whose requests these are; everybody's where absent.",
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
