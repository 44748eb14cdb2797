//! One test for each fault that was found in the engine, named by what must hold.

mod support;

use models::specification::*;
use sim::Span;
use support::make::{Make, s};
use support::{lost, run};

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
    assert!((lost(&make.0) - 4_000.0).abs() < 1e-6);
}

#[test]
fn an_outage_is_not_charged_with_what_the_next_one_loses() {
    let mut make = Make::new(s(100));
    let site = make.site("a", &[], None);
    let entry = make.entry("www", &[site], Steering::Static { shares: vec![1.0] });
    make.clients("somebody", entry, 100.0);
    make.lose_site(10, 10, site);
    make.lose_site(50, 30, site);
    let worst = run(&make.0).worst.expect("there are two outages");
    assert_eq!((worst.from.nanos(), worst.until.nanos()), (50_000_000_000, 80_000_000_000));
    assert_eq!(worst.lost.requests(), 3_000.0);
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

/// A served share that lies on its threshold for a day: the search for the instant of crossing must end.
#[test]
fn a_served_share_on_its_threshold_is_soon_decided() {
    let mut make = Make::new(Span::DAY);
    let (a, b) = (make.site("a", &[], None), make.site("b", &[], None));
    for (name, site) in [("x", a), ("y", b)] {
        let entry = make.entry(name, &[site], Steering::Static { shares: vec![1.0] });
        let clients = make.clients(name, entry, 100.0);
        make.0.populations[clients].demand.daily = Daily::Sinusoid { swing: 0.4, peak: Span::HOUR };
    }
    make.0.serving.push((Scope::All, Serving::Share(0.5)));
    make.clients("nobody", EntryId(0), 0.0);
    make.0.serving.push((Scope::Population(PopulationId(2)), Serving::Share(0.9)));
    make.lose_site(3_600, 36_000, a);
    let outcome = run(&make.0);
    assert_eq!(outcome.scopes[0].outages.value, 0.0);
    assert!(outcome.scopes[0].lost > models::volume::Volume::ZERO);
}

#[test]
fn an_ideal_router_without_any_capacity_left_loses_everything() {
    let mut make = Make::new(s(100));
    let site = make.site("a", &[], Some(60.0));
    let entry = make.entry("www", &[site], Steering::Ideal);
    make.clients("one", entry, 10.0);
    make.clients("other", entry, 20.0);
    let domain = make.0.sites[site].domain;
    make.script(10, 20, domain, &[Effect::Degraded { factor: 0.0 }]);
    assert_eq!(lost(&make.0), 600.0);
}

#[test]
fn a_broken_link_elsewhere_is_not_blamed_for_a_dead_site() {
    let mut make = Make::new(s(100));
    let (a, b) = (make.site("a", &[], None), make.site("b", &[], None));
    let entry = make.entry("www", &[a], Steering::Static { shares: vec![1.0] });
    make.clients("all", entry, 10.0);
    let cable = make.domain("cable", &[]);
    let between = vec![Endpoint::Site(a), Endpoint::Site(b)];
    make.0.links.push(Link { name: "cable".into(), domain: cable, between });
    make.lose(0, 50, cable);
    make.lose_site(10, 10, a);
    assert_eq!(charged(&make.0), [("script 2".to_string(), 100.0)]);
}

#[test]
fn an_alternative_that_another_stands_in_for_is_not_blamed_for_overload() {
    let mut make = Make::new(s(100));
    let (lumen, telia) = (make.domain("lumen", &[]), make.domain("telia", &[]));
    let (a, b) = (make.site("a", &[], Some(60.0)), make.site("b", &[], Some(60.0)));
    make.needs(a, &[lumen, telia]);
    let entry = make.entry("www", &[a, b], Steering::Ideal);
    make.clients("all", entry, 100.0);
    make.lose(0, 100, lumen);
    make.lose_site(10, 10, a);
    let charged = charged(&make.0);
    assert!(
        charged.len() == 1 && charged[0].0 == "script 2" && (charged[0].1 - 400.0).abs() < 1e-6,
        "{charged:?}"
    );
}
