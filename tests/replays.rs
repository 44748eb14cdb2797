//! Real incidents against a library topology: the story told follows the incident's phases.

use models::study::{Options, run, story};
use models::timeline::What;
use scenarios::Override;
use sim::{Instant, Span};

const SHOP: &str = include_str!("../scenarios/library/three-region-web.yaml");
const DAY: Instant = Instant::from_nanos(Span::DAY.nanos());

/// The shop with nothing but one incident in it, beginning on the second day.
fn struck_by(incident: &str, onto: &str) -> models::specification::Specification {
    let replay = format!("replays=[{{incident: {incident}, at: 1d, partial: capacity, onto: {{{onto}}}}}]");
    let overrides = [replay.as_str(), "script=[]"].map(|text| Override::parse(text).expect("an override"));
    let loaded = scenarios::load("three-region-web.yaml", SHOP, &overrides);
    let mut specification =
        loaded.unwrap_or_else(|problems| panic!("{}", problems.render(false))).specification;
    specification.domains.rows_mut().iter_mut().for_each(|domain| domain.outages = None);
    specification.expectations.clear();
    specification.run.replications = 1;
    specification
}

/// Faults begin and end where the incident's phases do, and something is lost, all of it by the replay.
fn follows_its_phases(incident: &str, onto: &str) {
    let specification = struck_by(incident, onto);
    let told = story(&specification, 0, None, None).expect("the shop can be simulated");
    let times = |began: bool| {
        let mut times: Vec<Span> = told
            .changes
            .iter()
            .filter(|change| match change.what {
                What::FaultBegan { .. } => began,
                What::FaultEnded { .. } => !began,
                _ => false,
            })
            .map(|change| change.at - DAY)
            .collect();
        times.sort();
        times
    };
    let phases = &specification.replays[0].phases;
    let mut begins: Vec<Span> = phases.iter().map(|phase| phase.from).collect();
    let mut ends: Vec<Span> = phases.iter().map(|phase| phase.from + phase.lasts).collect();
    begins.sort();
    ends.sort();
    assert_eq!(times(true), begins, "{incident}: where phases begin");
    assert_eq!(times(false), ends, "{incident}: where phases end");
    let outcome =
        run(&specification, &Options { threads: Some(1) }, &|_| {}).expect("the shop can be simulated");
    let everything = &outcome.scopes[0];
    assert!(everything.lost.requests() > 0.0, "{incident} costs nothing");
    let (source, lost) = everything.by_source[0];
    assert!(outcome.sources[source.0 as usize].name.contains(incident));
    assert_eq!(lost, everything.lost, "{incident}: every request is lost by the replay");
    let last = ends.last().copied().unwrap_or_default();
    let down = told.changes.iter().filter(|change| matches!(change.what, What::WentDown { .. }));
    down.for_each(|change| assert!(change.at - DAY <= last + Span::HOUR, "{incident}: loss after its end"));
}

#[test]
fn a_regional_service_core_failure_follows_its_phases() {
    follows_its_phases("aws-20201125-kinesis", "");
    follows_its_phases("aws-20251020-dynamodb-dns", "");
}

#[test]
fn a_global_dns_failure_follows_its_phases() {
    follows_its_phases("azure-20210401-dns", "dns: dns/route53, provider: aws");
}

#[test]
fn a_backbone_failure_follows_its_phases() {
    follows_its_phases("centurylink-20200830", "backbone: carrier/telia");
}
