//! The engine against a naive simulator on random small scenarios, and the naive simulator's own error.

mod support;

use models::specification::*;
use proptest::prelude::*;
use sim::Span;
use support::make::{Make, Tape, dns, s, scripted};
use support::referee::{Count, referee};
use support::run;

/// The engine's count for each population.
fn engine(specification: &Specification) -> Vec<Count> {
    let outcome = run(specification);
    let first = 1 + specification.entries.len();
    outcome.scopes[first..]
        .iter()
        .map(|row| {
            let mut lost = [0.0; 6];
            for (mechanism, volume) in &row.by_mechanism {
                lost[mechanism.index()] = volume.requests();
            }
            Count { offered: row.offered.requests(), lost }
        })
        .collect()
}

/// The greatest difference of any population's offered or lost requests by any mechanism.
fn difference(ours: &[Count], theirs: &[Count]) -> f64 {
    let of = |a: &Count, b: &Count| {
        let lost = a.lost.iter().zip(b.lost).map(|(a, b)| (a - b).abs());
        lost.fold((a.offered - b.offered).abs(), f64::max)
    };
    ours.iter().zip(theirs).map(|(a, b)| of(a, b)).fold(0.0, f64::max)
}

/// What a reader needs to see who is right.
fn told(specification: &Specification, ours: &[Count], theirs: &[Count]) -> String {
    let mut text = String::new();
    for (id, row) in specification.domains.iter() {
        text += &format!("{id:?} {} within {:?}\n", row.path, row.within);
    }
    for row in specification.sites.rows() {
        text += &format!("site {} {:?} needs {:?} {:?}\n", row.name, row.domain, row.needs, row.capacity);
    }
    text += &format!("{:?}\n{:?}\n", specification.checks.rows(), specification.serving);
    for row in specification.entries.rows() {
        text += &format!("{row:?}\n");
    }
    for row in specification.populations.rows() {
        text += &format!("{row:?}\n");
    }
    for row in &specification.script {
        let (from, lasts) = (row.at.seconds(), row.lasts.seconds());
        text += &format!("from {from} for {lasts} {:?}\n", row.what);
    }
    for (ours, theirs) in ours.iter().zip(theirs) {
        text += &format!("engine  {ours:?}\nreferee {theirs:?}\n");
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn engine_and_referee_count_the_same_requests_by_the_same_mechanisms(
        bytes in prop::collection::vec(any::<u8>(), 0..200)
    ) {
        let specification = scripted(&mut Tape(&bytes));
        let (ours, theirs) = (engine(&specification), referee(&specification, Span::SECOND));
        // Steps of 1 s meet every event; what is left is the midpoint rule where a load crosses a capacity, less than
        // a step of the greatest rise of a load (400 rps in a TTL of 20 s) for each crossing.
        let apart = difference(&ours, &theirs);
        prop_assert!(apart < 1.0, "{apart} apart\n{}", told(&specification, &ours, &theirs));
    }
}
