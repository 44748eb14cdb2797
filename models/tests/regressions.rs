//! One test for each fault that was found in the engine, named by what must hold.

mod support;

use models::specification::*;
use sim::Span;
use support::make::{Make, dns, plain, s};
use support::{lost, run};

/// What is lost by a mechanism, in requests.
fn lost_by(specification: &Specification, mechanism: &str) -> f64 {
    let outcome = run(specification);
    let rows = &outcome.scopes[0].by_mechanism;
    rows.iter().filter(|(one, _)| one.name() == mechanism).map(|(_, volume)| volume.requests()).sum()
}

/// What each root is charged with, in requests.
fn charged(specification: &Specification) -> Vec<(String, f64)> {
    let outcome = run(specification);
    let name = |source: models::blame::SourceId| outcome.sources[source.0 as usize].name.clone();
    outcome.scopes[0].by_source.iter().map(|(source, volume)| (name(*source), volume.requests())).collect()
}

#[test]
fn clients_without_demand_do_not_double_the_overload_of_others() {
    let mut make = Make::new(s(100));
    let site = make.site("a", &[], Some(60.0));
    let entry = make.entry("www", &[site], Steering::Static { shares: vec![1.0] });
    make.clients("nobody", entry, 0.0);
    make.clients("somebody", entry, 100.0);
    assert_eq!(lost(&make.0), 4_000.0);
}

#[test]
fn overload_is_shared_at_each_instant_and_not_over_the_stretch() {
    let mut make = Make::new(s(7_200));
    let site = make.site("a", &[], Some(100.0));
    let entry = make.entry("www", &[site], Steering::Static { shares: vec![1.0] });
    let (early, late) = (make.clients("early", entry, 100.0), make.clients("late", entry, 100.0));
    let mut factors = [0.5; 24];
    factors[0] = 3.0;
    make.0.populations[early].demand.daily = Daily::Hours(factors);
    factors.swap(0, 1);
    make.0.populations[late].demand.daily = Daily::Hours(factors);
    make.0.populations[late].demand.mean = 50.0;
    let outcome = run(&make.0);
    // First hour: 300 + 25 arrive, 225 are refused; second: 50 + 150 arrive, 100 are refused.
    let early = 3_600.0 * (300.0 * 225.0 / 325.0 + 50.0 * 100.0 / 200.0);
    assert!((outcome.scopes[2].lost.requests() - early).abs() < 1e-3);
}

#[test]
fn a_fault_met_by_several_ways_counts_once() {
    let mut make = Make::new(s(100));
    let provider = make.domain("provider", &[]);
    let (x, y) = (make.domain("x", &[provider]), make.domain("y", &[provider]));
    let site = make.site("a", &[provider], None);
    make.needs(site, &[x, y]);
    make.needs(site, &[y, x]);
    let entry = make.entry("www", &[site], Steering::Static { shares: vec![1.0] });
    make.clients("all", entry, 100.0);
    make.script(0, 10, provider, &[Effect::Errors { share: 0.3 }]);
    assert_eq!(lost(&make.0), 300.0);
}
