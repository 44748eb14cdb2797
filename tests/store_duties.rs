//! What becomes of the duties of one owner, against what arithmetic says. A stretch that is a multiple of the period holds as
//! many duties whatever the phase, so that most counts are exact.

use models::expect::Verdict;
use models::outcome::{DutiesOutcome, Outcome};
use models::study::{Options, run};

const DAYS: f64 = 30.0;

/// A singleton at `a`, or at `b` or `c` once a person has moved it, that must act so often, while `script` happens.
fn outcome(failover: &str, every: &str, script: &str) -> Outcome {
    let text = format!(
        "scenario: 1
name: duties
run: {{horizon: {DAYS}d, replications: 200, seed: 1}}
defaults:
  sites: {{outages: none, capacity: 1000 rps}}
sites:
  a: {{at: [40, -75]}}
  b: {{at: [41, -75]}}
  c: {{at: [42, -75]}}
clients:
  world: {{anywhere: true, uses: www, demand: 100 rps}}
steering:
  www: {{policy: static, sites: {{b: 100%}}}}
stores:
  key: {{family: singleton, primary: a, replicas: [b, c], promotion: 5s, failover: {failover}, duties: {{every: {every}}}}}
script:
{script}
expect: [\"double_signs <= 100 per year\"]
"
    );
    let specification = scenarios::load("duties.yaml", &text, &[]).expect("it is valid").specification;
    run(&specification, &Options::default(), &|_| {}).expect("it runs")
}

/// Duties missed and signed twice in a replication.
fn counts(outcome: &Outcome) -> [f64; 2] {
    let DutiesOutcome { missed, double_signs } = outcome.stores[0].duties.expect("it has duties");
    [missed, double_signs].map(|count| count.value * DAYS / 365.0)
}

fn exactly(seen: [f64; 2], expected: [f64; 2]) {
    for (seen, expected) in seen.iter().zip(expected) {
        assert!((seen - expected).abs() < 1e-9, "{seen} is not {expected}");
    }
}

const DIES: &str = "- {at: 10d, fail: a, for: 1h}";
const CUT: &str = "- {at: 10d, partition: [[a], [b, c]], for: 1h}";
const ISOLATED: &str = "- {at: 10d, fail: a, effect: {isolated: all}, for: 1h}";
const PERSON: &str = "{human: 60s}";

#[test]
fn a_dead_owner_misses_what_falls_due_until_another_one_acts() {
    exactly(counts(&outcome(PERSON, "13s", DIES)), [5.0, 0.0]);
}

/// Cut off from the others only, it goes on, so nothing is missed; both act from the 65th second to the end of the hour.
#[test]
fn an_owner_that_nobody_stops_acts_beside_the_new_one() {
    let outcome = outcome(PERSON, "7s", CUT);
    exactly(counts(&outcome), [0.0, (3600.0 - 65.0) / 7.0]);
    // 505 in a month are more than a hundred a year.
    assert_eq!(outcome.expectations[0].verdict, Verdict::Fails);
}

/// Two may write, but nobody hears the old one.
#[test]
fn what_an_owner_does_that_no_client_hears_is_missed_and_not_done_twice() {
    let outcome = outcome(PERSON, "13s", ISOLATED);
    exactly(counts(&outcome), [5.0, 0.0]);
    let two = outcome.stores[0].two_writers.value * DAYS / 365.0;
    assert!((two - (3600.0 - 65.0)).abs() < 1e-6, "{two}");
}

/// 6.5 on average, six or seven each time: a quarter is the variance of either with even chances.
#[test]
fn duties_are_counted_one_by_one() {
    let [missed, twice] = counts(&outcome(PERSON, "10s", DIES));
    assert!((missed - 6.5).abs() < 4.0 * 0.5 / 200_f64.sqrt() && missed != 6.5, "{missed}");
    assert_eq!(twice, 0.0);
}

/// A lease of 30 s, renewed up to 10 s before, and 5 s of promotion: 25 s to 35 s.
#[test]
fn a_lease_misses_as_long_as_it_lasts_and_never_signs_twice() {
    for script in [DIES, CUT] {
        let outcome = outcome("{lease: 30s, renewed_every: 10s}", "100ms", script);
        let [missed, twice] = counts(&outcome);
        // While cut off the owner acts until its lease ends.
        let mean = if script == DIES { 300.0 } else { 50.0 };
        let four = 4.0 * (10.0 / 12_f64.sqrt() * 10.0 + 1.0) / 200_f64.sqrt();
        assert!((missed - mean).abs() < four, "{missed} is not {mean} ± {four}");
        assert_eq!(twice, 0.0);
    }
}
