//! What mechanisms and verdicts mean, in the words of the reports.

use models::blame::Mechanism;

/// A mechanism in a few words.
pub fn meaning(mechanism: Mechanism) -> &'static str {
    match mechanism {
        Mechanism::Undetected => "DNS still answered the dead site",
        Mechanism::StaleRoute => "the answer had changed, a cache had not",
        Mechanism::NoRoute => "no live site to answer, or fewer than `needs` asks",
        Mechanism::Overload => "the site was full",
        Mechanism::Partition => "up, but out of reach for these clients",
        Mechanism::Grey => "the site answered with errors",
        Mechanism::NoWriter => "the site could not reach a store it needed, or none wrote",
    }
}
