//! The shipped scenarios: the same outcome on any number of threads, and the same as ever.

use models::study::{self, Options};
use sim::hash::StableHash;

const SCENARIOS: [(&str, &str); 8] = [
    ("active-passive", include_str!("../scenarios/library/active-passive.yaml")),
    ("cassandra-two-dc", include_str!("../scenarios/library/cassandra-two-dc.yaml")),
    ("multi-primary", include_str!("../scenarios/library/multi-primary.yaml")),
    ("patroni-three-sites", include_str!("../scenarios/library/patroni-three-sites.yaml")),
    ("read-replicas", include_str!("../scenarios/library/read-replicas.yaml")),
    ("regional-dependency", include_str!("../scenarios/library/regional-dependency.yaml")),
    ("thirteen-providers", include_str!("../scenarios/library/thirteen-providers.yaml")),
    ("three-region-web", include_str!("../scenarios/library/three-region-web.yaml")),
];

/// The whole outcome as text, hashed.
fn fingerprint(name: &str, text: &str, replications: u64, threads: usize) -> u128 {
    let mut specification = scenarios::load(name, text, &[]).expect("a shipped scenario").specification;
    specification.run.replications = replications;
    let options = Options { threads: Some(threads) };
    let outcome = study::run(&specification, &options, &|_| {}).expect("a shipped scenario runs");
    let mut hash = StableHash::new();
    hash.write(format!("{outcome:?}").as_bytes());
    hash.finish()
}

#[test]
fn one_two_and_seven_threads_give_the_same_bits() {
    for (name, text) in SCENARIOS {
        let one = fingerprint(name, text, 130, 1);
        assert_eq!([one; 2], [2, 7].map(|threads| fingerprint(name, text, 130, threads)), "{name}");
    }
}

/// A change of these is a change of results: say so in the changelog. They are the same in every build profile.
#[test]
fn outcomes_are_what_they_were() {
    let found = SCENARIOS.map(|(name, text)| format!("{name} {:032x}", fingerprint(name, text, 16, 1)));
    assert_eq!(found.join("\n"), include_str!("golden/outcomes.txt").trim_end());
}
