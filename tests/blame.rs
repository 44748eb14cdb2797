//! Whom a loss is charged to: small scripted scenarios whose every figure a hand can compute, from the text to the
//! outcome. Nothing is random in them, so what comes out is exact.

use models::blame::Mechanism::{self, Grey, NoRoute, Overload, Partition, StaleRoute, Undetected};
use models::outcome::{Method, Outcome, ScopeOutcome};
use models::specification::{Breakage, Effect, Placed, Replay, ReplayPhase, Specification};
use models::study::{Options, run};
use models::volume::Volume;
use sim::{Instant, Span};

/// Requests that may be lost in rounding an integral.
const ROUNDING: f64 = 1e-3;

/// A failover pair that serves 1000 requests a second for four hours. One prober sends at 0 s, 10 s, 20 s, ...; three
/// probes in a row that time out after 2 s turn it, three that pass (at once) turn it back.
fn pair(steering: &str, more: &str) -> Specification {
    load(&format!(
        "scenario: 1
name: a failover pair
run: {{horizon: 4h}}
{more}
clients: {{all: {{anywhere: true, uses: www, demand: 1000 rps}}}}
health_checks: {{web: {{interval: 10s, timeout: 2s, failures: 3, successes: 3, vantages: 1, phase: [0s], sees: [host]}}}}
steering: {{www: {{policy: failover, health_check: web, {steering}}}}}"
    ))
}

const BOTH: &str = "ttl: 0s, sites: [primary, standby]";
const ROOMY: &str = "sites: {primary: {capacity: 5000 rps}, standby: {capacity: 5000 rps}}";

fn load(text: &str) -> Specification {
    let loaded = scenarios::load("blame.yaml", text, &[]);
    loaded.unwrap_or_else(|problems| panic!("{}\n{text}", problems.render(false))).specification
}

fn simulated(specification: &Specification) -> Outcome {
    run(specification, &Options { threads: Some(1) }, &|_| {}).expect("the scenario is sound")
}

/// Everything lost by each mechanism and root, no more and no less; and both columns add up to all of it.
fn charges(outcome: &Outcome, expected: &[(Mechanism, &str, f64)]) {
    let everything = &outcome.scopes[0];
    assert_eq!(everything.availability.method, Method::Exact);
    let name = |index: u32| outcome.sources[index as usize].name.as_str();
    let found: Vec<(Mechanism, &str, f64)> = everything
        .by_both
        .iter()
        .map(|(mechanism, source, lost)| (*mechanism, name(source.0), lost.requests()))
        .collect();
    let close = |(found, expected): (&(Mechanism, &str, f64), &(Mechanism, &str, f64))| {
        (found.0, found.1) == (expected.0, expected.1) && (found.2 - expected.2).abs() < ROUNDING
    };
    assert!(
        found.len() == expected.len() && found.iter().zip(expected).all(close),
        "charged {found:?}, by hand {expected:?}"
    );
    outcome.scopes.iter().for_each(balanced);
}

fn balanced(scope: &ScopeOutcome) {
    let by_mechanism: Volume = scope.by_mechanism.iter().map(|(_, volume)| *volume).sum();
    let by_source: Volume = scope.by_source.iter().map(|(_, volume)| *volume).sum();
    assert_eq!((by_mechanism, by_source), (scope.lost, scope.lost), "{}", scope.name);
    assert_eq!(scope.offered, scope.served + scope.lost, "{}", scope.name);
}

/// Probes at 3610, 3620 and 3630 s fail; the third is known to at 3632 s, 31 s after the death.
#[test]
fn until_a_death_is_seen_requests_are_lost_undetected() {
    let script = format!("{ROOMY}\nscript: [{{at: 3601s, fail: primary, for: 1h}}]");
    charges(&simulated(&pair(BOTH, &script)), &[(Undetected, "script 1", 31.0 * 1000.0)]);
}

/// Caches refreshed evenly over the last 60 s follow the new answer linearly: half of 60 s of requests on average.
#[test]
fn after_the_answer_has_changed_caches_lose_half_a_ttl_to_stale_routes() {
    let steering = "ttl: 60s, sites: [primary, standby]";
    let script = format!("{ROOMY}\nscript: [{{at: 3601s, fail: primary, for: 1h}}]");
    let expected = [(Undetected, "script 1", 31.0 * 1000.0), (StaleRoute, "script 1", 60.0 * 1000.0 / 2.0)];
    charges(&simulated(&pair(steering, &script)), &expected);
}

/// From 3632 s until the repair at 7201 s DNS knows of no site that lives, and answers the dead one for want of better.
#[test]
fn what_is_lost_while_no_site_is_known_to_live_has_no_route() {
    let script = "sites: {primary: {capacity: 5000 rps}}\nscript: [{at: 3601s, fail: primary, for: 1h}]";
    let expected =
        [(Undetected, "script 1", 31.0 * 1000.0), (NoRoute, "script 1", (7201.0 - 3632.0) * 1000.0)];
    charges(&simulated(&pair("ttl: 0s, when_none: all, sites: [primary]", script)), &expected);
}

/// The standby has 400 of the 1000 rps from 3632 s until the third passing probe after the repair, at 7230 s; also the
/// last 29 s of that are the work of the fault that moved the traffic there.
#[test]
fn overload_is_charged_to_the_fault_that_moved_the_traffic_also_after_its_repair() {
    let script = "sites: {primary: {capacity: 5000 rps}, standby: {capacity: 400 rps}}
script: [{at: 3601s, fail: primary, for: 1h}]";
    let expected =
        [(Undetected, "script 1", 31.0 * 1000.0), (Overload, "script 1", (7230.0 - 3632.0) * 600.0)];
    let outcome = simulated(&pair(BOTH, script));
    charges(&outcome, &expected);
    // The standby was asked for 1000 rps in those 3598 s, and refused 600 of them.
    assert!((outcome.sites[1].failed - 0.6).abs() < 1e-9);
}

/// The prober is on the site's side: no verdict turns, and the clients lose all of ten minutes.
#[test]
fn clients_cut_off_from_a_site_that_lives_lose_by_partition() {
    let script = format!("{ROOMY}\nscript: [{{at: 1h, partition: [[clients/all], [primary]], for: 10m}}]");
    charges(&simulated(&pair(BOTH, &script)), &[(Partition, "script 1", 600.0 * 1000.0)]);
}

/// The prober sees the host only, and a quarter of the requests fail for an hour. The site is reachable all the while.
#[test]
fn errors_that_no_probe_sees_are_lost_grey_and_the_site_stays_reachable() {
    let script = format!("{ROOMY}\nscript: [{{at: 1h, fail: primary, effect: {{errors: 25%}}, for: 1h}}]");
    let outcome = simulated(&pair(BOTH, &script));
    charges(&outcome, &[(Grey, "script 1", 3600.0 * 250.0)]);
    let primary = &outcome.sites[0];
    assert_eq!(primary.availability.value, 1.0);
    assert!((primary.failed - 0.25 / 4.0).abs() < 1e-9, "a quarter of one hour of four: {}", primary.failed);
}

/// Two faults hold the primary down: the first alone for ten seconds, both for the 21 s until they are seen.
#[test]
fn two_faults_that_take_one_site_share_what_they_lose_together() {
    let script = format!(
        "{ROOMY}\nscript: [{{at: 3601s, fail: primary, for: 1h}}, {{at: 3611s, fail: primary, for: 1h}}]"
    );
    let expected = [
        (Undetected, "script 1", (10.0 + 21.0 / 2.0) * 1000.0),
        (Undetected, "script 2", 21.0 / 2.0 * 1000.0),
    ];
    charges(&simulated(&pair(BOTH, &script)), &expected);
}

/// One site under a recorded incident of two phases: down from 1:00 to 2:00, and from 1:30 to 2:30.
fn replayed(script: &str) -> Outcome {
    let mut specification = load(&format!(
        "scenario: 1
name: one site
run: {{horizon: 4h}}
sites: {{only: {{capacity: 5000 rps}}}}
clients: {{all: {{anywhere: true, uses: www, demand: 1000 rps}}}}
steering: {{www: {{policy: ideal, sites: [only]}}}}
script: {script}"
    ));
    let domains = specification.domains.iter();
    let (domain, _) = domains.into_iter().find(|(_, domain)| domain.kind == "site").expect("there is a site");
    let phase = |from: i64| ReplayPhase {
        name: format!("from minute {from}"),
        from: Span::MINUTE * from,
        lasts: Span::HOUR,
        what: Breakage::Domain { domain, effects: vec![Effect::Down], chance: 1.0 },
    };
    specification.replays = vec![Replay {
        incident: "two-phases".into(),
        at: Placed::At(Instant::ZERO + Span::HOUR),
        phases: vec![phase(0), phase(30)],
    }];
    simulated(&specification)
}

#[test]
fn phases_of_one_incident_are_one_fault_and_no_company_for_each_other() {
    let outcome = replayed("[]");
    let times = &outcome.scopes[0].time_by_source;
    let whole = Span::MINUTE * 90;
    assert_eq!(times.len(), 1);
    assert_eq!([times[0].charged, times[0].sole, times[0].started], [i128::from(whole.nanos()); 3]);
    let replay = &outcome.sources[times[0].source.0 as usize];
    assert_eq!(replay.name, "replay 1 two-phases");
    assert_eq!(replay.faults, 1.0);
    assert_eq!(replay.length_mean, whole.seconds());
    let recovery = &outcome.scopes[0].recovery;
    assert_eq!((recovery.count, recovery.range), (1, (whole, whole)));
}

/// A scripted fault holds the site from 1:30 to 3:00: it shares the hour from 1:30 to 2:30 with both phases, as one
/// root with one, and has the last half hour for itself.
#[test]
fn another_root_shares_by_root_however_many_phases_there_are() {
    let outcome = replayed("[{at: 90m, fail: only, for: 90m}]");
    let time = |name: &str| {
        let times = outcome.scopes[0].time_by_source.iter();
        let time = times.into_iter().find(|time| outcome.sources[time.source.0 as usize].name == name);
        time.map(|time| (time.charged, time.sole, time.started)).expect("it is charged")
    };
    let minutes = |[charged, sole, started]: [i64; 3]| {
        let nanos = |minutes: i64| i128::from((Span::MINUTE * minutes).nanos());
        (nanos(charged), nanos(sole), nanos(started))
    };
    assert_eq!(time("replay 1 two-phases"), minutes([30 + 30, 30, 120]));
    assert_eq!(time("script 1"), minutes([30 + 30, 30, 0]));
}

/// The site is down from 1:00 to 2:30 by the replay and from 1:30 to 3:00 by the script. From 1:30 to 2:00 two phases of
/// the replay are active: still the two roots share alike, the requests as well as the time.
#[test]
fn requests_are_shared_by_root_as_time_is() {
    let outcome = replayed("[{at: 90m, fail: only, for: 90m}]");
    let shared = (30.0 + 60.0 / 2.0) * 60.0 * 1000.0;
    charges(&outcome, &[(NoRoute, "script 1", shared), (NoRoute, "replay 1 two-phases", shared)]);
}

/// Two sites in order of preference and one more that stands idle. The first is down for 20 hours, and the second is too
/// small for the midday; the idle one is lost as well from the morning on.
fn idling(fault_of_the_idle: &str) -> Outcome {
    simulated(&load(&format!(
        "scenario: 1
name: an idle third site
run: {{horizon: 10d, replications: 1}}
sites:
  a: {{at: [0, 0], capacity: 200 rps, outages: none}}
  b: {{at: [0, 0], capacity: 120 rps, outages: none}}
  idle: {{at: [0, 0], capacity: 200 rps, outages: none}}
health_checks: {{h: {{interval: 10s, timeout: 2s, failures: 2, successes: 2, vantages: 1, phase: [0s]}}}}
steering: {{www: {{policy: failover, ttl: 0s, sites: [a, b, idle], health_check: h}}}}
clients: {{c: {{anywhere: true, daily: {{low: 50 rps, high: 150 rps, peak: 12h}}, uses: www}}}}
script: [{{at: 1d, for: 20h, fail: a, effect: down}}{fault_of_the_idle}]"
    )))
}

/// Undetected for 12 s at the low of 50 rps; then 100 + 50 cos exceeds 120 wherever the cosine exceeds 0.4.
#[test]
fn a_standby_that_would_get_no_traffic_is_not_charged_for_being_gone() {
    let angle = 0.4_f64.acos();
    let (day, half) = (86_400.0 / std::f64::consts::TAU, angle / std::f64::consts::TAU * 86_400.0);
    let overload = day * (100.0 * angle.sin() - 40.0 * angle);
    let expected = [(Undetected, "script 1", 600.0), (Overload, "script 1", overload)];
    for fault_of_the_idle in ["", ", {at: 1d7h, for: 10h, fail: idle, effect: down}"] {
        let outcome = idling(fault_of_the_idle);
        let undetected = (100.0 - 50.0) * 12.0;
        assert!((outcome.scopes[0].lost.requests() - overload - undetected).abs() < 1.0);
        let by_both = &outcome.scopes[0].by_both;
        assert_eq!(by_both.len(), expected.len(), "{by_both:?}");
        for ((mechanism, source, lost), expected) in by_both.iter().zip(&expected) {
            assert_eq!(
                (*mechanism, outcome.sources[source.0 as usize].name.as_str()),
                (expected.0, expected.1)
            );
            assert!((lost.requests() - expected.2).abs() < 1.0, "{by_both:?}");
        }
        let times = &outcome.scopes[0].time_by_source;
        assert_eq!((times.len(), times[0].started), (1, times[0].charged), "{times:?}");
        let recovery = outcome.scopes[0].recovery.range.1.seconds();
        assert!((recovery - 43_200.0 - half).abs() < 1.0, "from the loss of the first site: {recovery}");
    }
}

/// The idle one would have been asked, had it been there: both are lost, and both bear what the last site refuses.
#[test]
fn sites_that_stand_before_the_full_one_share_by_what_they_lack() {
    let script =
        "sites: {first: {capacity: 3000 rps}, second: {capacity: 1000 rps}, third: {capacity: 400 rps}}
script: [{at: 3601s, fail: first, for: 2h}, {at: 3601s, fail: second, for: 2h}]";
    let outcome = simulated(&pair("ttl: 0s, sites: [first, second, third]", script));
    let refused: Vec<(&str, f64)> = outcome.scopes[0]
        .by_both
        .iter()
        .filter(|(mechanism, _, _)| *mechanism == Overload)
        .map(|(_, source, lost)| (outcome.sources[source.0 as usize].name.as_str(), lost.requests()))
        .collect();
    // From 3632 s to the repair at 10801 s, 600 rps by 3 to 1; what the answer lags behind is the work of the last one.
    let [("script 1", more), ("script 2", less)] = refused[..] else { panic!("{refused:?}") };
    let lag = more + less - 600.0 * (10801.0 - 3632.0);
    assert!((0.0..600.0 * 40.0).contains(&lag), "{refused:?}");
    assert!((more - 600.0 * (10801.0 - 3632.0) * 0.75).abs() <= lag + 1.0, "{refused:?}");
}
