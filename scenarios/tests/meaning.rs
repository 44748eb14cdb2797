//! What the words of a scenario mean: each claim compares a fragment of text with the specification it stands for.

use models::expect::{Comparison, Measure};
use models::specification::*;
use scenarios::load;
use sim::{Id, Instant, Law, Span};

/// A scenario with two sites, one entry point and one population, and `more`.
fn with(more: &str) -> Specification {
    compile(&format!(
        "sites: {{london: {{at: [51.5, -0.1], capacity: 10 rps}}, paris: {{at: [48.9, 2.4], capacity: 20 rps}}}}\n\
         steering: {{www: {{policy: latency, ttl: 60s, sites: all}}}}\n\
         clients: {{uk: {{at: [51.5, 30.0], uses: www, demand: 5 rps}}}}\n{more}"
    ))
}

fn compile(text: &str) -> Specification {
    let text = format!("scenario: 1\nname: x\n{text}");
    load("x.yaml", &text, &[]).unwrap_or_else(|problems| panic!("{}", problems.render(false))).specification
}

fn domain<'a>(specification: &'a Specification, path: &str) -> &'a Domain {
    specification.domains.rows().iter().find(|domain| domain.path == path).unwrap()
}

fn id(specification: &Specification, path: &str) -> DomainId {
    specification.domains.position(|domain| domain.path == path).unwrap()
}

fn up(specification: &Specification, path: &str) -> Law {
    domain(specification, path).outages.clone().unwrap().up
}

fn down(specification: &Specification, path: &str) -> Law {
    domain(specification, path).outages.clone().unwrap().down
}

#[test]
fn a_run_says_nothing_by_accident() {
    let run = with("").run;
    assert_eq!((run.horizon, run.replications, run.confidence), (Span::YEAR, 1024, 0.95));
    assert!(run.start == Start::AllUp && run.precision.is_none());
    let run = with(
        "run: {horizon: 18mo, replications: 10, seed: 7, start: stationary, precision: 5%, confidence: 99%}",
    )
    .run;
    assert_eq!(run.horizon, Span::DAY * 547 + Span::HOUR * 12);
    assert_eq!((run.precision, run.confidence, run.start), (Some(0.05), 0.99, Start::Stationary));
}

#[test]
fn a_zone_lies_in_its_region_and_that_in_its_provider() {
    let text = "providers: {aws: {outages: none, regions: {us-east-1: {outages: none, zones: {a: {outages: none}}}}}}\n\
                sites: {virginia: {in: aws/us-east-1/a, capacity: 1 rps}}";
    let specification = compile(text);
    let parents = |path: &str| domain(&specification, path).within.clone();
    assert_eq!(parents("virginia"), [id(&specification, "aws/us-east-1/a")]);
    assert_eq!(parents("aws/us-east-1/a"), [id(&specification, "aws/us-east-1")]);
    assert_eq!(parents("aws/us-east-1"), [id(&specification, "aws")]);
    assert!(parents("aws").is_empty());
    let kinds: Vec<&str> = specification.domains.rows().iter().map(|domain| domain.kind.as_str()).collect();
    assert_eq!(kinds, ["provider", "region", "zone", "site"]);
    let place = specification.sites.rows()[0].place.unwrap();
    assert_eq!(specification.places[place].name, "aws/us-east-1");
}

#[test]
fn a_single_time_is_a_mean_going_up_and_an_exact_length_coming_down() {
    let specification = with("domains: {power: {grid: {outages: {up: 200d, down: 2h}}}}");
    assert_eq!(up(&specification, "power/grid"), Law::Exponential { mean: 200.0 * 86_400.0 });
    assert_eq!(down(&specification, "power/grid"), Law::Fixed(Span::HOUR * 2));
}

#[test]
fn laws_have_the_figures_that_were_written() {
    let law = |text: &str| {
        down(
            &with(&format!("domains: {{power: {{grid: {{outages: {{up: 1y, down: {text}}}}}}}}}")),
            "power/grid",
        )
    };
    let close = |a: f64, b: f64| assert!((a / b - 1.0).abs() < 1e-6, "{a} {b}");
    let lognormal = law("{median: 90m, p95: 10h}");
    close(lognormal.quantile(0.5), 5400.0);
    close(lognormal.quantile(0.95), 36_000.0);
    let weibull = law("{law: weibull, shape: 0.7, mean: 100h}");
    close(weibull.mean(), 360_000.0);
    assert!(matches!(weibull, Law::Weibull { shape: 0.7, .. }));
    assert_eq!(
        law("{law: uniform, min: 1h, max: 3h}"),
        Law::Uniform { low: Span::HOUR, high: Span::HOUR * 3 }
    );
    assert_eq!(law("{law: empirical, values: [3h, 1h]}"), Law::Empirical(vec![Span::HOUR, Span::HOUR * 3]));
    close(law("{law: mixture, of: [{share: 75%, time: 1h}, {share: 25%, time: {mean: 5h}}]}").mean(), 7200.0);
    assert_eq!(law("{law: pareto, shape: 2, min: 1h}"), Law::Pareto { shape: 2.0, low: 3600.0 });
}

#[test]
fn effects_are_words_shares_or_several() {
    let effects = |text: &str| {
        let specification = with(&format!("domains: {{power: {{grid: {{outages: none, effect: {text}}}}}}}"));
        domain(&specification, "power/grid").effects.clone()
    };
    assert_eq!(effects("down"), [Effect::Down]);
    assert_eq!(effects("{errors: 15%}"), [Effect::Errors { share: 0.15 }]);
    assert_eq!(effects("{degraded: 60%}"), [Effect::Degraded { factor: 0.6 }]);
    let clients_and_checkers = Isolation { clients: true, sites: false, checkers: true };
    assert_eq!(effects("{isolated: [clients, checkers]}"), [Effect::Isolated(clients_and_checkers)]);
    assert_eq!(effects("isolated"), [Effect::Isolated(Isolation::ALL)]);
    let added = Span::from_millis(200);
    assert_eq!(
        effects("[control-plane, dns, {latency: 200ms}]"),
        [Effect::ControlPlane, Effect::Dns, Effect::Latency { added }]
    );
}

#[test]
fn a_beta_factor_keeps_each_members_rate_and_makes_a_share_of_it_common() {
    let grid = "outages: {up: 100d, down: 2h}";
    let specification = with(&format!(
        "domains: {{power: {{a: {{{grid}}}, b: {{{grid}}}}}}}\nshocks: {{both: {{beta: 10%, of: [power/a, power/b]}}}}"
    ));
    let rate = |law: &Law| 1.0 / law.mean();
    let shock = &specification.shocks.rows()[0];
    assert_eq!(shock.hits, [(id(&specification, "power/a"), 1.0), (id(&specification, "power/b"), 1.0)]);
    assert!(shock.down.is_none());
    for path in ["power/a", "power/b"] {
        let whole = rate(&up(&specification, path)) + rate(&shock.every);
        assert!((whole * 8_640_000.0 - 1.0).abs() < 1e-12, "each still fails once in 100 days");
    }
    assert!((rate(&shock.every) * 86_400_000.0 - 1.0).abs() < 1e-12, "a tenth of it with the other");
}

#[test]
fn a_shock_hits_each_victim_with_its_own_probability() {
    let specification =
        with("shocks: {storm: {every: 3y, hits: {london: 40%, paris: 100%}, for: 30m, together: true}}");
    let shock = &specification.shocks.rows()[0];
    assert_eq!(shock.hits, [(id(&specification, "london"), 0.4), (id(&specification, "paris"), 1.0)]);
    assert_eq!(shock.down, Some(Law::Fixed(Span::MINUTE * 30)));
    assert!(shock.together);
}

#[test]
fn measured_delays_are_half_of_a_round_trip_and_only_between_regions_in_use() {
    let text = "providers: {aws: {outages: none, regions: {us-east-1: {outages: none}, eu-west-1: {outages: none}, eu-west-2: {outages: none}}}}\n\
                sites: {virginia: {in: aws/us-east-1, capacity: 1 rps}, dublin: {in: aws/eu-west-1, capacity: 1 rps}}";
    let specification = compile(text);
    assert_eq!(specification.places.len(), 2);
    let row = include_str!("../catalogue/rtt.csv")
        .lines()
        .find(|line| line.starts_with("aws/eu-west-1,aws/us-east-1,"))
        .unwrap();
    let millis: f64 = row.rsplit(',').next().unwrap().parse().unwrap();
    assert_eq!(specification.delays, [(PlaceId(0), PlaceId(1), Span::from_seconds(millis / 2000.0))]);
}

#[test]
fn a_links_own_delay_wins() {
    let specification = with("links: {tunnel: {between: [london, paris], delay: 3ms, outages: none}}");
    assert_eq!(specification.delays, [(PlaceId(0), PlaceId(1), Span::from_millis(3))]);
    let link = &specification.links.rows()[0];
    assert_eq!(link.between, [Endpoint::Site(SiteId(0)), Endpoint::Site(SiteId(1))]);
    assert_eq!(specification.domains[link.domain].kind, "link");
}

#[test]
fn the_sun_peaks_an_hour_earlier_for_each_15_degrees_east() {
    let daily = |text: &str| {
        let text = format!(
            "sites: {{london: {{capacity: 10 rps}}}}\nsteering: {{www: {{policy: ideal, sites: all}}}}\n\
             clients: {{c: {{at: [50, 30], uses: www, {text}}}}}"
        );
        compile(&text).populations.rows()[0].demand.clone()
    };
    let sinusoid = |swing, hour| Daily::Sinusoid { swing, peak: Span::HOUR * hour };
    assert_eq!(daily("demand: 5 rps, daily: {peak_local: 20h, swing: 40%}").daily, sinusoid(0.4, 18));
    assert_eq!(daily("demand: 5 rps, daily: {peak: 1h, timezone: +2h, swing: 40%}").daily, sinusoid(0.4, 23));
    assert_eq!(
        daily("daily: {peak: 20h, low: 2 rps, high: 6 rps}"),
        Demand { mean: 4.0, daily: sinusoid(0.5, 20) }
    );
    let night_and_day = format!("[{}{}]", "50%, ".repeat(12), "150%, ".repeat(12));
    let Daily::Hours(hours) =
        daily(&format!("demand: 5 rps, daily: {{hours: {night_and_day}, timezone: -1h}}")).daily
    else {
        panic!("a table")
    };
    assert_eq!(
        (hours[0], hours[1], hours[12], hours[13]),
        (1.5, 0.5, 0.5, 1.5),
        "noon in the west is later in UTC"
    );
}

#[test]
fn cohorts_keep_answers_as_they_please() {
    let text = "sites: {london: {capacity: 10 rps}}\nsteering: {www: {policy: ideal, sites: all}}\n\
        clients: {c: {anywhere: true, uses: www, demand: 5 rps, cohorts: {plain: {share: 50%}, sticky: {share: 20%, ttl_at_least: 5m, queries: 2 per minute}, \
        capped: {share: 10%, ttl_at_most: 30s}, pinned: {share: 10%, pinned: true}, pooled: {share: 10%, connection: 1h, on_down: wait}}}}";
    let specification = compile(text);
    let population = &specification.populations.rows()[0];
    assert_eq!(population.place, None);
    let cohorts = &population.cohorts;
    assert_eq!(cohorts[0].caching, Caching::Honours { at_least: Span::ZERO, at_most: Span::FOREVER });
    assert_eq!(cohorts[1].caching, Caching::Honours { at_least: Span::MINUTE * 5, at_most: Span::FOREVER });
    assert_eq!(cohorts[1].queries, Some(2.0 / 60.0));
    assert_eq!(cohorts[2].caching, Caching::Honours { at_least: Span::ZERO, at_most: Span::SECOND * 30 });
    assert_eq!(cohorts[3].caching, Caching::Pinned);
    assert_eq!(cohorts[4].connection, Some(Connection { life: Span::HOUR, on_down: OnDown::Wait }));
}

#[test]
fn quorums_count_groups_of_vantage_points() {
    let needs = |text: &str| {
        let specification = with(&format!("health_checks: {{web: {{interval: 10s, {text}}}}}"));
        specification.checks.rows()[0].healthy_needs
    };
    assert_eq!(needs("vantages: 16, healthy_above: 18%"), 3, "more than 2.88 of 16");
    assert_eq!(needs("vantages: 39, group: 3, healthy_above: 50%"), 7, "most of 13 groups");
    assert_eq!(needs("vantages: 5, unhealthy_when: 3 of 5"), 3, "two unhealthy ones are bearable");
    assert_eq!(needs("vantages: 4, unhealthy_when: majority"), 2, "three of four must say so");
    assert_eq!(needs("vantages: 4"), 2);
    assert_eq!(needs("vantages: 5, unhealthy_when: any"), 5);
    assert_eq!(needs("vantages: 5, unhealthy_when: all"), 1);
}

#[test]
fn a_check_has_places_phases_and_depth() {
    let text = "health_checks: {web: {interval: 30s, vantages: [aws/us-east-1, [48.9, 2.4]], phase: [0s, 15s], sees: [host]}}";
    let specification = with(text);
    let check = &specification.checks.rows()[0];
    let names: Vec<&str> =
        check.vantages.iter().map(|place| specification.places[place.unwrap()].name.as_str()).collect();
    assert_eq!(names, ["aws/us-east-1", "48.9,2.4"]);
    assert_eq!(check.phase, Phase::Fixed(vec![Span::ZERO, Span::SECOND * 15]));
    assert_eq!(check.sees, Sees::Host);
}

#[test]
fn policies_carry_what_they_need() {
    let steering = |text: &str| {
        let specification = compile(&format!(
            "sites: {{london: {{capacity: 10 rps}}, paris: {{capacity: 20 rps}}}}\nsteering: {{www: {{ttl: 60s, {text}}}}}\n\
             clients: {{uk: {{anywhere: true, uses: www, demand: 5 rps}}}}"
        ));
        match &specification.entries.rows()[0].steering {
            Steering::Dns(dns) => dns.policy.clone(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(
        steering("policy: weighted, sites: {london: 3, paris: {weight: 1}}"),
        Policy::Weighted(vec![3.0, 1.0])
    );
    assert_eq!(steering("policy: weighted, sites: [london]"), Policy::Weighted(vec![1.0]));
    assert_eq!(steering("policy: multivalue, sites: all"), Policy::Multivalue { most: 8 });
    assert_eq!(
        steering("policy: proximity, sites: {london: , paris: {bias: 500 km}}"),
        Policy::Proximity { bias: vec![0.0, 500.0] }
    );
    let of = vec!["europe".to_owned(), "*".to_owned()];
    let text =
        "policy: geolocation, fenced: true, sites: {london: {geography: europe}, paris: {geography: '*'}}";
    assert_eq!(steering(text), Policy::Geolocation { of, fenced: true });
}

#[test]
fn a_fraction_is_a_chance_or_a_part_of_the_capacity() {
    let what = |text: &str| {
        with(&format!("script: [{{at: 1d, for: 1h, fail: london, {text}}}]")).script.remove(0).what
    };
    let Breakage::Domain { effects, chance, .. } = what("fraction: 35%") else { panic!("a domain") };
    assert_eq!((effects, chance), (vec![Effect::Down], 0.35));
    let Breakage::Domain { effects, chance, .. } = what("fraction: 25%, partial: capacity") else {
        panic!("a domain")
    };
    assert_eq!((effects, chance), (vec![Effect::Degraded { factor: 0.75 }], 1.0));
    let Breakage::Domain { effects, .. } = what("effect: {errors: 10%}, fraction: 50%, partial: capacity")
    else {
        panic!("a domain")
    };
    assert_eq!(effects, [Effect::Errors { share: 0.05 }]);
}

#[test]
fn a_script_without_a_length_lasts_to_the_end() {
    let specification =
        with("script: [{at: 30d, fail: london}, {at: 1d, partition: [[london], [paris, clients/uk]]}]");
    assert_eq!(specification.script[0].at, Instant::ZERO + Span::DAY * 30);
    assert_eq!(specification.script[0].lasts, Span::FOREVER);
    let Breakage::Partition { groups } = &specification.script[1].what else { panic!("a partition") };
    assert_eq!(groups[1], [Endpoint::Site(SiteId(1)), Endpoint::Clients(PopulationId(0))]);
}

#[test]
fn an_incident_comes_with_its_phases_mapped_on_to_this_topology() {
    let text = "providers: {gcp: {outages: none, regions: {europe-west2: {outages: none, zones: {a: {outages: none}}}}}}\n\
                sites: {london: {in: gcp/europe-west2/a, capacity: 1 rps}}\n\
                replays: [{incident: gcp-20220719-london, at: 10d, onto: {europe-west2-a: gcp/europe-west2/a}}]";
    let specification = compile(text);
    let replay = &specification.replays[0];
    assert_eq!(replay.at, Placed::At(Instant::ZERO + Span::DAY * 10));
    let (zone, region) = (id(&specification, "gcp/europe-west2/a"), id(&specification, "gcp/europe-west2"));
    let domains: Vec<DomainId> = replay
        .phases
        .iter()
        .filter_map(|phase| match phase.what {
            Breakage::Domain { domain, .. } => Some(domain),
            Breakage::Partition { .. } => None,
        })
        .collect();
    assert!(domains.contains(&zone), "by `onto`");
    assert!(domains.contains(&region), "by its own name");
    assert_eq!(replay.phases[0].from, Span::ZERO);
}

#[test]
fn every_incident_can_be_replayed_on_a_topology_that_stands_for_its_scopes() {
    for file in scenarios::incidents() {
        let labels = file
            .text
            .lines()
            .skip_while(|line| *line != "scopes:")
            .skip(1)
            .take_while(|line| line.starts_with("  "));
        let onto: Vec<String> =
            labels.filter_map(|line| Some(format!("{}: london", line.trim().split_once(':')?.0))).collect();
        for partial in ["chance", "capacity"] {
            let text = format!(
                "replays: [{{incident: {}, at: random, partial: {partial}, onto: {{{}}}}}]",
                file.name,
                onto.join(", ")
            );
            let replay = &with(&text).replays[0];
            assert!(replay.phases.len() >= file.text.matches("- {name:").count(), "{}", file.name);
        }
    }
}

#[test]
fn expectations_are_measures_comparisons_and_targets() {
    let expectation = |text: &str| {
        let expectation = with(&format!("expect: ['{text}']")).expectations.remove(0);
        (expectation.measure, expectation.comparison, expectation.target)
    };
    let (entry, population) =
        (Scope::Entry(EntryId::from_index(0)), Scope::Population(PopulationId::from_index(0)));
    assert_eq!(
        expectation("availability >= 99.95%"),
        (Measure::Availability(Scope::All), Comparison::AtLeast, 0.9995)
    );
    assert_eq!(expectation("time_up[www] > 99%"), (Measure::TimeUp(entry), Comparison::Above, 0.99));
    assert_eq!(
        expectation("time(served[uk] >= 95%) >= 99.5%"),
        (Measure::TimeServed(population, 0.95), Comparison::AtLeast, 0.995)
    );
    assert_eq!(
        expectation("downtime[uk] <= 4h per year"),
        (Measure::Downtime(population), Comparison::AtMost, 14_400.0)
    );
    assert_eq!(expectation("outages < 2 per year"), (Measure::Outages(Scope::All), Comparison::Below, 2.0));
    assert_eq!(expectation("lost <= 1 per 2y"), (Measure::Lost(Scope::All), Comparison::AtMost, 0.5));
    assert_eq!(
        expectation("p95(rto) <= 3m"),
        (Measure::Recovery(Scope::All, 0.95), Comparison::AtMost, 180.0)
    );
    assert_eq!(
        expectation("p99.9(outage[www]) <= 1h"),
        (Measure::OutageLength(entry, 0.999), Comparison::AtMost, 3600.0)
    );
    assert_eq!(
        expectation("drill(any site): served >= 17/20"),
        (Measure::Drill("site".into()), Comparison::AtLeast, 0.85)
    );
}

#[test]
fn a_drill_may_stand_without_quotes() {
    let specification = with("expect:\n  - drill(any site): served >= 85%\n");
    assert_eq!(specification.expectations[0].text, "drill(any site): served >= 85%");
}

#[test]
fn scopes_count_as_up_by_share_or_by_number() {
    let specification = with(
        "serving: {all: {up_at: 99%}, www: {needs: 1 of 2 sites}, uk: {needs: 1 of 1, of: [paris]}}\nsla: {www: 99.9%}",
    );
    assert_eq!(specification.serving[0], (Scope::All, Serving::Share(0.99)));
    assert_eq!(specification.serving[1].1, Serving::Needs { sites: 1, of: vec![SiteId(0), SiteId(1)] });
    assert_eq!(specification.serving[2].1, Serving::Needs { sites: 1, of: vec![SiteId(1)] });
    assert_eq!(specification.slas, [Promise { scope: Scope::Entry(EntryId(0)), availability: 0.999 }]);
}

#[test]
fn a_number_from_a_preset_carries_its_source_and_what_is_written_does_not() {
    let specification = with("health_checks: {web: {preset: route53, interval: 10s}}");
    let sourced = |path: &str| specification.sources.iter().find(|number| number.path == path);
    let failures = sourced("health_checks.web.failures").unwrap();
    assert_eq!((failures.value.as_str(), failures.preset.as_str()), ("3", "route53"));
    assert!(failures.source.contains("FailureThreshold"));
    assert!(sourced("health_checks.web.interval").is_none());
}

#[test]
fn anchors_and_merge_keys_save_repetition() {
    let text = "x-site: &site {capacity: 7 rps, outages: {up: 1y, down: 1h}}\n\
                sites: {a: *site, b: {<<: *site, capacity: 9 rps}}";
    let specification = compile(text);
    let rates: Vec<f64> = specification.sites.rows().iter().map(|site| site.capacity[0].rate).collect();
    assert_eq!(rates, [7.0, 9.0]);
    assert_eq!(up(&specification, "b"), Law::Exponential { mean: 31_536_000.0 });
}

#[test]
fn a_health_check_is_named_with_its_section_in_links_and_partitions() {
    let text = |end: &str| {
        format!(
            "scenario: 1
name: ends
sites: {{a: {{at: [0, 0], capacity: 9 rps}}, b: {{at: [0, 0], capacity: 9 rps}}}}
health_checks: {{h: {{interval: 10s}}}}
steering: {{www: {{policy: failover, ttl: 60s, sites: [a, b], health_check: h}}}}
clients: {{c: {{anywhere: true, demand: 1 rps, uses: www}}}}
links: {{l: {{between: [a, clients/c, {end}]}}}}
script: [{{at: 1h, for: 1h, partition: [[a], [{end}]]}}]"
        )
    };
    for end in ["h", "health_checks/h"] {
        let loaded = load("ends.yaml", &text(end), &[]);
        let specification =
            loaded.unwrap_or_else(|problems| panic!("{}", problems.render(false))).specification;
        let ends = &specification.links.rows()[0].between;
        assert!(matches!(ends[2], Endpoint::Checkers(_)), "{ends:?}");
    }
    assert!(load("ends.yaml", &text("clients/h"), &[]).is_err());
}
