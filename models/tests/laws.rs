//! What must hold for every scenario: conservation, invariance, monotony.

mod support;

use models::outcome::{Method, Outcome};
use models::specification::*;
use models::study;
use models::timeline::What;
use models::volume::Volume;
use proptest::prelude::*;
use sim::{Id, Law, Span, Table};
use std::collections::BTreeMap;
use support::make::{Tape, lucky, s, scripted};
use support::{lost, run, run_on};

fn config(divisor: u32) -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig { cases: usual.cases / divisor, failure_persistence: None, ..usual }
}

fn tapes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..300)
}

/// offered = served + lost; both columns of blame sum to what is lost, in every scope; entry points and populations
/// sum to everything.
fn conserves(outcome: &Outcome) -> Result<(), TestCaseError> {
    let of = |row: &models::outcome::ScopeOutcome| (row.offered, row.served, row.lost);
    for row in &outcome.scopes {
        prop_assert_eq!(row.offered, row.served + row.lost);
        prop_assert!(row.lost >= Volume::ZERO && row.served.requests() >= -1e-3, "{:?}", of(row));
        prop_assert_eq!(row.by_mechanism.iter().map(|(_, volume)| *volume).sum::<Volume>(), row.lost);
        prop_assert_eq!(row.by_source.iter().map(|(_, volume)| *volume).sum::<Volume>(), row.lost);
        prop_assert_eq!(row.by_both.iter().map(|(_, _, volume)| *volume).sum::<Volume>(), row.lost);
    }
    let sum = |keep: fn(&Scope) -> bool| {
        let rows = outcome.scopes.iter().filter(|row| keep(&row.scope)).map(of);
        rows.fold((Volume::ZERO, Volume::ZERO, Volume::ZERO), |a, b| (a.0 + b.0, a.1 + b.1, a.2 + b.2))
    };
    let all = of(&outcome.scopes[0]);
    prop_assert_eq!(sum(|scope| matches!(scope, Scope::Entry(_))), all);
    prop_assert_eq!(sum(|scope| matches!(scope, Scope::Population(_))), all);
    Ok(())
}

/// Time not up is charged wholly, and started wholly; outages and downtime fit each other.
fn charges_time(outcome: &Outcome) -> Result<(), TestCaseError> {
    for row in &outcome.scopes {
        let down: i128 = row.downtimes.iter().map(|span| i128::from(span.nanos())).sum();
        let charged: i128 = row.time_by_source.iter().map(|charge| charge.charged).sum();
        let started: i128 = row.time_by_source.iter().map(|charge| charge.started).sum();
        prop_assert_eq!(charged, down, "{} {:?}", &row.name, &row.time_by_source);
        prop_assert_eq!(started, down, "{} {:?}", &row.name, &row.time_by_source);
        let lengths = row.lengths.mean * row.lengths.count as f64;
        // Outages that the start found going on are in the downtime only; of those cut off, the law is estimated.
        let cut = row.lengths.p50.method == Method::KaplanMeier;
        prop_assert!(
            cut || lengths <= down as f64 / 1e9 * (1.0 + 1e-6) + 1e-6,
            "{} {} {:?}",
            lengths,
            down,
            row.lengths
        );
    }
    Ok(())
}

/// Every fault of one replication, by source: when it began and ended, and on what.
type Histories = BTreeMap<String, Vec<(i64, bool, Option<String>)>>;

fn histories(specification: &Specification, replication: u64) -> Histories {
    let names: Vec<String> = run_sources(specification);
    let story = study::story(specification, replication, None, None).expect("a valid specification");
    let mut histories = Histories::new();
    for change in &story.changes {
        let (source, domain, began) = match &change.what {
            What::FaultBegan { source, domain, .. } => (source, domain, true),
            What::FaultEnded { source, domain, .. } => (source, domain, false),
            _ => continue,
        };
        if change.at < sim::Instant::ZERO {
            continue; // kept as a cause only
        }
        let path = domain.map(|domain| specification.domains[domain].path.clone());
        let rows = histories.entry(names[source.index()].clone()).or_default();
        rows.push((change.at.nanos(), began, path));
    }
    histories.values_mut().for_each(|rows| rows.sort());
    histories
}

fn run_sources(specification: &Specification) -> Vec<String> {
    let mut one = specification.clone();
    one.run.replications = 1;
    run(&one).sources.into_iter().map(|source| source.name).collect()
}

/// The same specification with its domains and sites in the opposite order.
fn reversed(specification: &Specification) -> Specification {
    let domains = specification.domains.len() as u32;
    let sites = specification.sites.len() as u32;
    let domain = |id: DomainId| DomainId(domains - 1 - id.0);
    let site = |id: SiteId| SiteId(sites - 1 - id.0);
    let mut turned = specification.clone();
    turned.domains = specification.domains.rows().iter().rev().cloned().collect();
    turned.sites = specification.sites.rows().iter().rev().cloned().collect();
    for row in turned.domains.rows_mut() {
        row.within.iter_mut().for_each(|id| *id = domain(*id));
    }
    for row in turned.sites.rows_mut() {
        row.domain = domain(row.domain);
        row.needs.iter_mut().flat_map(|clause| &mut clause.any).for_each(|id| *id = domain(*id));
    }
    for row in turned.shocks.rows_mut() {
        row.hits.iter_mut().for_each(|(id, _)| *id = domain(*id));
    }
    for row in turned.entries.rows_mut() {
        row.sites.iter_mut().for_each(|id| *id = site(*id));
        if let Steering::Dns(dns) = &mut row.steering {
            dns.operator = dns.operator.map(domain);
            dns.control_plane = dns.control_plane.map(domain);
        }
    }
    for (_, serving) in &mut turned.serving {
        if let Serving::Needs { of, .. } = serving {
            of.iter_mut().for_each(|id| *id = site(*id));
        }
    }
    let turn = |what: &mut Breakage| match what {
        Breakage::Domain { domain: id, .. } => *id = domain(*id),
        Breakage::Partition { groups } => groups.iter_mut().flatten().for_each(|member| {
            if let Endpoint::Site(id) = member {
                *id = site(*id);
            }
        }),
    };
    turned.script.iter_mut().for_each(|line| turn(&mut line.what));
    turned.replays.iter_mut().flat_map(|replay| &mut replay.phases).for_each(|phase| turn(&mut phase.what));
    turned
}

/// Everything but the estimates' text: what two equal worlds share although their rows stand in another order.
fn totals(outcome: &Outcome) -> Vec<(String, f64, f64)> {
    let row =
        |row: &models::outcome::ScopeOutcome| (row.name.clone(), row.lost.requests(), row.downtime.value);
    outcome.scopes.iter().map(row).collect()
}

fn multiply_capacity(specification: &Specification, factor: f64) -> Specification {
    let mut larger = specification.clone();
    let pools = larger.sites.rows_mut().iter_mut().flat_map(|site| &mut site.capacity);
    pools.for_each(|pool| pool.rate *= factor);
    larger
}

/// The same world under an all-knowing router.
fn under_ideal(specification: &Specification) -> Specification {
    let mut ideal = specification.clone();
    ideal.entries.rows_mut().iter_mut().for_each(|entry| entry.steering = Steering::Ideal);
    ideal
}

proptest! {
    #![proptest_config(config(2))]

    #[test]
    fn nothing_is_lost_from_the_books(bytes in tapes()) {
        let outcome = run(&lucky(&mut Tape(&bytes)));
        conserves(&outcome)?;
        charges_time(&outcome)?;
    }

    #[test]
    fn scripted_books_balance_too(bytes in tapes()) {
        let outcome = run(&scripted(&mut Tape(&bytes)));
        conserves(&outcome)?;
        charges_time(&outcome)?;
    }

    #[test]
    fn more_capacity_never_loses_more(bytes in tapes(), percent in 101u32..300) {
        let tight = lucky(&mut Tape(&bytes));
        let (less, more) = (lost(&tight), lost(&multiply_capacity(&tight, f64::from(percent) / 100.0)));
        prop_assert!(more <= less + 1e-9 * less + 1e-6, "{less} {more}");
    }

    #[test]
    fn the_ideal_router_never_loses_more_under_the_same_luck(bytes in tapes()) {
        let routed = lucky(&mut Tape(&bytes));
        let (real, ideal) = (lost(&routed), lost(&under_ideal(&routed)));
        prop_assert!(ideal <= real + 1e-9 * real + 1e-6, "{ideal} {real}");
    }

    #[test]
    fn where_nothing_fails_and_capacity_suffices_nothing_is_lost(bytes in tapes()) {
        let mut quiet = multiply_capacity(&lucky(&mut Tape(&bytes)), 1e3);
        quiet.domains.rows_mut().iter_mut().for_each(|domain| domain.outages = None);
        quiet.shocks = Table::new();
        quiet.script.clear();
        quiet.replays.clear();
        for entry in quiet.entries.rows_mut() {
            // A geography without a record is no failure.
            if let Steering::Dns(Dns { policy: policy @ Policy::Geolocation { .. }, .. }) = &mut entry.steering {
                *policy = Policy::Failover;
            }
        }
        prop_assert_eq!(lost(&quiet), 0.0);
    }
}

proptest! {
    #![proptest_config(config(16))]

    #[test]
    fn threads_change_nothing(bytes in tapes()) {
        let mut specification = lucky(&mut Tape(&bytes));
        specification.run.replications = 130;
        specification.run.horizon = Span::HOUR * 6;
        let one = format!("{:?}", run_on(&specification, 1));
        for threads in [2, 7] {
            prop_assert_eq!(&one, &format!("{:?}", run_on(&specification, threads)));
        }
    }

    #[test]
    fn the_order_of_domains_and_sites_changes_no_fault_and_no_loss(bytes in tapes()) {
        let specification = lucky(&mut Tape(&bytes));
        let turned = reversed(&specification);
        for replication in 0..2 {
            prop_assert_eq!(histories(&specification, replication), histories(&turned, replication));
        }
        for (ours, theirs) in totals(&run(&specification)).iter().zip(totals(&run(&turned))) {
            prop_assert!((ours.1 - theirs.1).abs() < 1e-6 * ours.1 + 1e-3, "{ours:?} {theirs:?}");
            prop_assert!((ours.2 - theirs.2).abs() < 1e-6 * ours.2 + 1e-3, "{ours:?} {theirs:?}");
        }
    }

    #[test]
    fn another_site_changes_no_other_history(bytes in tapes()) {
        let specification = lucky(&mut Tape(&bytes));
        let mut more = support::make::Make(specification.clone());
        let site = more.site("zz", &[DomainId(0)], Some(10.0));
        let own = more.0.sites[site].domain;
        more.outages(own, s(50_000), s(500));
        let mut grown = more.0;
        for entry in grown.entries.rows_mut() {
            if let Steering::Dns(dns) = &mut entry.steering && dns.policy == Policy::Failover {
                entry.sites.push(site);
            }
        }
        for replication in 0..2 {
            let before = histories(&specification, replication);
            let mut after = histories(&grown, replication);
            after.remove("zz");
            prop_assert_eq!(before, after);
        }
    }

    #[test]
    fn another_shock_changes_no_history_but_its_victims(bytes in tapes(), victim in any::<prop::sample::Index>()) {
        let specification = lucky(&mut Tape(&bytes));
        let mut struck = specification.clone();
        let victim = DomainId::from_index(victim.index(struck.domains.len()));
        let every = Law::Exponential { mean: 30_000.0 };
        let down = Some(Law::Exponential { mean: 300.0 });
        let hits = vec![(victim, 1.0)];
        struck.shocks.push(Shock { name: "aa".into(), every, hits, down, together: false });
        // What stands in the victim is touched too where its clocks stop.
        let path = specification.domains[victim].path.clone();
        let stops = specification.domains[victim].outages.as_ref().is_some_and(|o| o.children == Clocks::Stop);
        let touched = |on: &Option<String>| on.as_deref().is_none_or(|on| on == path || stops);
        for replication in 0..2 {
            let mut before = histories(&specification, replication);
            let mut after = histories(&struck, replication);
            after.remove("shock/aa");
            for histories in [&mut before, &mut after] {
                histories.values_mut().for_each(|rows| rows.retain(|(_, _, on)| !touched(on)));
                histories.retain(|_, rows| !rows.is_empty());
            }
            prop_assert_eq!(before, after);
        }
    }

    #[test]
    fn a_lower_ttl_never_loses_more_when_one_site_is_lost_once(
        bytes in tapes(), which in any::<prop::sample::Index>(), ttls in (0i64..400, 0i64..400), lasts in 1i64..3_000
    ) {
        let mut specification = multiply_capacity(&scripted(&mut Tape(&bytes)), 1e3);
        specification.script.clear();
        specification.serving.clear();
        let domain = specification.sites.rows()[which.index(specification.sites.len())].domain;
        let mut make = support::make::Make(specification);
        make.lose(1_000, lasts, domain);
        let with = |ttl: i64| {
            let mut specification = make.0.clone();
            for entry in specification.entries.rows_mut() {
                if let Steering::Dns(dns) = &mut entry.steering {
                    dns.ttl = s(ttl);
                }
            }
            lost(&specification)
        };
        let (low, high) = (with(ttls.0.min(ttls.1)), with(ttls.0.max(ttls.1)));
        prop_assert!(low <= high + 1e-6, "{low} {high}");
    }
}
