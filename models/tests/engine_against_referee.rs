//! The engine against a naive simulator on random small scenarios, and the naive simulator's own error.

mod support;

use models::blame::Mechanism;
use models::specification::*;
use proptest::prelude::*;
use sim::{Instant, Span};
use support::make::{Make, Tape, dns, graph, s, scripted};
use support::referee::{Count, referee};
use support::run;
use support::truth::{active, truth};

/// The engine's count for each population.
fn engine(specification: &Specification) -> Vec<Count> {
    let outcome = run(specification);
    let first = 1 + specification.entries.len();
    outcome.scopes[first..]
        .iter()
        .map(|row| {
            let mut lost = [0.0; Mechanism::ALL.len()];
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

fn config(divisor: u32) -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig { cases: usual.cases / divisor, failure_persistence: None, ..usual }
}

proptest! {
    #![proptest_config(config(2))]

    #[test]
    fn engine_and_referee_count_the_same_requests_by_the_same_mechanisms(
        bytes in prop::collection::vec(any::<u8>(), 0..200)
    ) {
        let specification = scripted(&mut Tape(&bytes));
        let (ours, theirs) = (engine(&specification), referee(&specification, Span::SECOND));
        // Steps of 1 s meet every event; what is left is the midpoint rule where a load crosses a capacity, less than
        // a step of the greatest rise of a load (400 rps in a TTL of 20 s) for each crossing.
        let apart = difference(&ours, &theirs);
        prop_assert!(apart < 10.0, "{apart} apart\n{}", told(&specification, &ours, &theirs));
    }

    #[test]
    fn the_truth_of_sites_is_that_of_the_expression_over_the_graph(
        bytes in prop::collection::vec(any::<u8>(), 0..250)
    ) {
        let specification = only_truth(&mut Tape(&bytes));
        for (id, engine) in specification.sites.ids().zip(engine(&specification)) {
            let naive = lost_by_truth(&specification, id);
            prop_assert!((engine.lost_in_all() - naive).abs() < 1e-6, "{id:?} {engine:?} {naive} {specification:#?}");
        }
    }
}

/// One population for each site, steered there whatever happens, asking for exactly what the site can serve: what it
/// loses is what its site lacks.
fn only_truth(tape: &mut Tape) -> Specification {
    let mut specification = graph(tape);
    for site in specification.sites.ids() {
        let name = specification.sites[site].name.clone();
        specification.sites[site].capacity = vec![Pool { entry: None, rate: 1.0 }];
        let steering = Steering::Static { shares: vec![1.0] };
        let entry = specification.entries.push(Entry { name: name.clone(), sites: vec![site], steering });
        let mut make = Make(specification);
        make.clients(&name, entry, 1.0);
        specification = make.0;
    }
    specification
}

/// What a site lacks over the whole run, from one fault's border to the next.
fn lost_by_truth(specification: &Specification, site: SiteId) -> f64 {
    let horizon = specification.run.horizon.nanos();
    let mut borders = vec![0, horizon];
    for line in &specification.script {
        borders.extend([line.at.nanos(), line.at.nanos() + line.lasts.nanos()]);
    }
    borders.retain(|border| *border <= horizon);
    borders.sort();
    let lacks = |pair: &[i64]| {
        let left = truth(specification, &active(specification, Instant::from_nanos(pair[0])), site);
        let served = if left.serves() { left.capacity.min(1.0) * (1.0 - left.errors) } else { 0.0 };
        (1.0 - served) * (pair[1] - pair[0]) as f64 / 1e9
    };
    borders.windows(2).map(lacks).sum()
}

/// A loss that meets a capacity, far from whole steps.
fn crossing() -> Specification {
    let mut make = Make::new(s(7_200));
    let (a, b) = (make.site("a", &[], None), make.site("b", &[], Some(70.0)));
    let check = make.check(s(10), s(4), 3);
    let steering = dns(Policy::Failover, s(120), Some(check));
    let entry = make.dns("www", &[a, b], steering);
    let all = make.clients("all", entry, 100.0);
    make.0.populations[all].demand.daily = Daily::Sinusoid { swing: 0.5, peak: s(7_000) };
    make.lose_site(1_000, 3_000, a);
    make.0
}

#[test]
fn the_referee_comes_to_the_engine_as_its_grid_is_refined() {
    let specification = crossing();
    let ours = engine(&specification);
    let apart = |millis| difference(&ours, &referee(&specification, Span::from_millis(millis)));
    // The last event that is no multiple of a step sets the error of the coarse grids; the midpoint rule that of the
    // fine ones, whose error falls with the square of the step.
    let errors: Vec<f64> = [16_000, 8_000, 1_000, 250].map(apart).to_vec();
    assert!(errors[0] > 4.0 * errors[2] && errors[2] > 4.0 * errors[3], "{errors:?}");
    assert!(errors[3] < 0.05, "{errors:?}");
}
