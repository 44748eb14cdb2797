//! The codes of diagnostics: stable, each with an explanation and an example.

/// What a diagnostic's code means.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Explanation {
    /// The code, e.g. `E0105`.
    pub code: &'static str,
    /// What is wrong, in a few words.
    pub title: &'static str,
    /// Why it is wrong and what to do.
    pub explanation: &'static str,
    /// A fragment that provokes it.
    pub example: &'static str,
}

macro_rules! codes {
    ($($name:ident $code:literal $title:literal, $explanation:literal, $example:literal;)+) => {
        /// A diagnostic's code.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub(crate) enum Code { $($name),+ }

        impl Code {
            /// As it is printed.
            pub(crate) fn text(self) -> &'static str {
                match self { $(Code::$name => $code),+ }
            }
        }

        const INDEX: &[Explanation] = &[
            $(Explanation { code: $code, title: $title, explanation: $explanation, example: $example }),+
        ];
    };
}

/// Every code with its explanation and an example, in order.
pub fn errors_index() -> &'static [Explanation] {
    INDEX
}

codes! {
    TooLarge "E0101" "the file is too large",
        "A scenario is at most 1 MiB of text. Repetition belongs in `defaults`, presets or YAML anchors.",
        "(a file of 2 MiB)";
    NotUtf8 "E0102" "the file is not UTF-8",
        "Scenario files are UTF-8 text. The position is that of the first byte that is not.",
        "name: caf\\xe9";
    Syntax "E0103" "not YAML",
        "The text does not parse as YAML. Only the first such problem is known; the others appear once it is mended.",
        "sites: [london, paris";
    DuplicateKey "E0104" "a key is written twice",
        "Each key may stand once in a map; YAML readers differ in which of two they keep.",
        "sites:\n  london: {capacity: 1 rps}\n  london: {capacity: 2 rps}";
    UnknownKey "E0105" "unknown key",
        "The format has no such key here. Misspelt keys are never ignored; keys beginning with `x-` are, at the top.",
        "run: {horizont: 1y}";
    WrongKind "E0106" "the wrong kind of value",
        "A map (`key: value`), a list (`[a, b]`) or a single value stands where another of them belongs.",
        "sites: [london]";
    MissingKey "E0107" "a key is missing",
        "The format has no default for this key, so it must be written.",
        "steering: {www: {policy: latency}}";
    Alias "E0108" "an alias cannot be used",
        "The alias names no anchor above it, contains itself, or unfolds into too many values (100 000 in one file).",
        "sites: *nowhere";
    TooDeep "E0109" "nested too deeply",
        "Values nest at most 64 deep.",
        "a: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[ ...";
    NotYet "E0110" "not yet in this version",
        "The word is part of the format, but this version does not simulate it. It is an error, because ignoring it would \
         answer another question than the one asked.",
        "repair: {crews: 2}";
    BadName "E0111" "not a name",
        "Names hold ASCII letters, digits and hyphens and begin with a letter or digit; `/` separates the parts of a path. \
         Quote names that other YAML readers take for something else, or choose others.",
        "sites: {my site: {}}";
    Format "E0112" "the format's number",
        "The first key says which format the file is in: `scenario: 1`.",
        "scenario: 2";
    Ambiguous "E0113" "a value that YAML readers read differently",
        "`yes`, `no`, `on`, `off` are booleans and `20:00` is 1200 to readers of YAML 1.1. Write `true` or `false`, and times \
         of day as `20h`.",
        "daily: {peak: 20:00}";
    Documents "E0114" "not one document",
        "A scenario file holds exactly one YAML document, a map.",
        "scenario: 1\n---\nscenario: 1";
    NoUnit "E0201" "a unit is missing",
        "Quantities are written with their unit, so that no one has to guess: `30s`, `4000 rps`, `10%`.",
        "ttl: 60";
    UnknownUnit "E0202" "unknown unit",
        "Times take ns, us, ms, s, m, h, d, w, mo and y (a year is 365 days, a month a twelfth of it); rates take rps, \
         `per minute`, `/s` and the like; shares take %.",
        "ttl: 60 sec";
    NotAQuantity "E0203" "not a quantity",
        "A number with a unit belongs here.",
        "ttl: short";
    OutOfRange "E0204" "out of range",
        "The value is well formed but impossible, or larger than this version can count.",
        "run: {replications: 0}";
    UnknownWord "E0205" "unknown word",
        "Only certain words may stand here.",
        "steering: {www: {policy: fastest, sites: all}}";
    LawParameters "E0206" "a law is not determined",
        "A law takes exactly as many parameters as determine it: `{mean: 200d}`, `{median: 90m, p95: 10h}`, \
         `{law: weibull, shape: 0.7, scale: 100d}`.",
        "outages: {up: 200d, down: {median: 90m}}";
    LawImpossible "E0207" "no law has these parameters",
        "The parameters contradict each other or lie outside what the law allows.",
        "down: {median: 10h, p95: 90m}";
    Exclusive "E0208" "keys that exclude each other",
        "Both keys say the same thing in different ways, or one makes the other meaningless.",
        "daily: {peak: 20h, peak_local: 20h, swing: 40%}";
    CannotKeepUp "E0209" "a replica that cannot keep up",
        "Where all populations are at their peak as many writes may come as a replica applies, or more. What it would then lack \
         although nothing has failed is not simulated.",
        "stores: {orders: {apply_rate: 1000 per second}}    # and 1200 writes a second";
    UnknownReference "E0301" "unknown name",
        "Nothing of this name is declared where it could be meant.",
        "sites: {london: {in: aws/eu-west-9, capacity: 1 rps}}";
    DuplicateName "E0302" "a name is used twice",
        "Two things would be known by the same name.",
        "sites: {aws: {capacity: 1 rps}}    # and a provider `aws`";
    Loop "E0303" "a loop of domains",
        "A domain lies in, or needs, itself by way of others.",
        "domains: {a: {x: {needs: [b/y]}}, b: {y: {needs: [a/x]}}}";
    UnknownPreset "E0304" "unknown preset",
        "No preset of this name has a section for this place. `seawall presets` lists them.",
        "providers: {aws: {preset: hyperscalar}}";
    PresetLoop "E0305" "a loop of presets",
        "A preset uses itself by way of others.",
        "(two presets that name each other)";
    UnknownIncident "E0306" "unknown incident",
        "No incident of this name ships with this version. `seawall incidents` lists them.",
        "replays: [{incident: aws-1999, at: random}]";
    Unmapped "E0307" "an incident's scope has no place here",
        "The incident hits something this topology does not name. `onto: {label: domain}` says what stands for it.",
        "replays: [{incident: gcp-20220719-london, at: random}]";
    NoPlace "E0308" "a place is missing",
        "The region is not in the catalogue, so its coordinates must be written: `at: [51.5, -0.1]`.",
        "providers: {acme: {regions: {north: {}}}}\nsites: {a: {in: acme/north, capacity: 1 rps}}";
    Shares "E0401" "shares that do not add up",
        "Shares of one whole add up to 100 %.",
        "cohorts: {plain: {share: 85%}, sticky: {share: 10%}}";
    Beta "E0402" "a beta factor needs exponential members of one rate",
        "`beta` takes a share of each member's own failure rate and makes it one shock on all, which means something only \
         where every member fails by itself, at a constant rate, and all at the same one. Write an explicit shock otherwise.",
        "shocks: {power: {beta: 10%, of: [aws, carrier/lumen]}}";
    Empty "E0403" "nothing there",
        "A list or map that must name something is empty.",
        "steering: {www: {policy: ideal, sites: []}}";
    Grammar "E0404" "not an expectation",
        "An expectation is a measure, a comparison and a target: `availability[www] >= 99.95%`, `p95(rto) <= 3m`, \
         `drill(any provider): served >= 85%`.",
        "expect: [availability is good]";
    Repeated "E0405" "named twice",
        "A list names the same thing twice.",
        "steering: {www: {policy: latency, sites: [london, london]}}";
    TooMany "E0406" "too many",
        "The scenario is larger than this version takes: 2000 sites, 128 vantage points per check, 10 000 domains.",
        "health_checks: {web: {vantages: 500}}";
    Override "E0501" "an override that fits nothing",
        "`--set key.path=value` names keys from the top, separated by dots; `*` stands for every key of a map.",
        "--set sites.*.capacity";
    NeverFails "W0601" "a domain never fails",
        "It has neither `outages` nor a preset that gives them, and no shock, script or replay names it. `outages: none` \
         says that this is meant.",
        "providers: {aws: {regions: {us-east-1: {}}}}";
    Unused "W0602" "declared but unused",
        "Nothing refers to it, so it changes no result.",
        "health_checks: {web: {preset: route53}}    # no steering uses it";
    NoFailover "W0603" "a failover that cannot happen",
        "A new writer is agreed on by a quorum of the votes, and without the site of the present one there is none: \
         with two members the loss of either ends all writes. A witness at a third site is enough.",
        "stores: {orders: {preset: postgres-patroni, primary: virginia, replicas: [dublin]}}";
    NoAcknowledgers "W0604" "a writer that nobody can answer",
        "Writes wait for replicas in another place than the writer's, and the store has too few of them for one that may be \
         promoted: writes would wait until the writer has moved again.",
        "acknowledged_by: {replicas: 2, in_another: region}    # one replica in the home's region, two in the other";
}

#[cfg(test)]
mod tests {
    use super::errors_index;

    #[test]
    fn codes_are_unique_and_in_order() {
        assert!(errors_index().windows(2).all(|pair| pair[0].code < pair[1].code));
    }
}
