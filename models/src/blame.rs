//! What a lost request is charged to: a mechanism, and a root.

use sim::id;

id! {
    /// A root that loss is charged to: a domain's own outages, a shock, a script line, a replay, `demand`, or a false
    /// alarm.
    SourceId,
}

/// How a request came to be lost. Tested in this order; the first that applies is charged.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Mechanism {
    /// DNS still answered the dead site.
    Undetected,
    /// The answer had changed, a cache had not.
    StaleRoute,
    /// No site was answered, or every site that could be was known to be dead; or fewer sites were up than a scope
    /// `needs`.
    NoRoute,
    /// The site was full.
    Overload,
    /// The site was up, but this population could not reach it.
    Partition,
    /// The site answered with an error.
    Grey,
    /// The site was up, but a store that the request needed could not be written, or read, from there.
    NoWriter,
}

impl Mechanism {
    /// All mechanisms, in the order in which they are tested.
    pub const ALL: [Mechanism; 7] = [
        Mechanism::Undetected,
        Mechanism::StaleRoute,
        Mechanism::NoRoute,
        Mechanism::Overload,
        Mechanism::Partition,
        Mechanism::Grey,
        Mechanism::NoWriter,
    ];

    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Mechanism::Undetected => "undetected",
            Mechanism::StaleRoute => "stale route",
            Mechanism::NoRoute => "no route",
            Mechanism::Overload => "overload",
            Mechanism::Partition => "partition",
            Mechanism::Grey => "grey",
            Mechanism::NoWriter => "no writer",
        }
    }

    /// Its row in a table of mechanisms.
    pub const fn index(self) -> usize {
        self as usize
    }
}
