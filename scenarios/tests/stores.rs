//! What the words of stores and requests mean: each claim compares a fragment of text with what it stands for.

use models::operations::Legs;
use models::specification::*;
use scenarios::{Override, load};
use sim::{Id, Law, Span};

const SITES: &str = "scenario: 1\nname: x\n\
    sites: {london: {outages: none, capacity: 10 rps}, paris: {outages: none, capacity: 20 rps}, oslo: {outages: none, capacity: 20 rps}}\n\
    steering: {www: {policy: failover, ttl: 60s, health_check: web, sites: [london, paris]}}\n\
    clients: {uk: {anywhere: true, uses: www, demand: 5 rps}}\n";

/// A scenario with three sites, one of which no steering answers, and `more`.
fn compile(more: &str, set: &[&str]) -> Specification {
    let check = if more.contains("health_checks") { "" } else { "health_checks: {web: {preset: route53}}\n" };
    let set: Vec<Override> = set.iter().map(|set| Override::parse(set).unwrap()).collect();
    let loaded = load("x.yaml", &format!("{SITES}{check}{more}"), &set);
    let loaded = loaded.unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    // Oslo may have nothing to do, and then two members must do.
    let warned = loaded.warnings.render(false);
    let other = |code: &&str| !(*code == "W0602" && warned.contains("`oslo`") || *code == "W0603");
    assert_eq!(loaded.warnings.codes().into_iter().find(other), None, "{warned}");
    loaded.specification
}

const BROWSE: &str = "requests: {browse: {share: 100%, reads: [orders]}}\n";

/// The only store of a scenario.
fn store(text: &str, set: &[&str]) -> Primary {
    let specification = compile(&format!("stores: {{orders: {{{text}}}}}\n{BROWSE}"), set);
    let [Store { name, family: Family::Primary(primary), sessions: None }] = specification.stores.rows()
    else {
        panic!("one store")
    };
    assert_eq!(name, "orders");
    (**primary).clone()
}

const LONDON: &str = "family: primary, primary: london, replicas: [paris, oslo], lag: 200ms";

fn site(index: usize) -> SiteId {
    SiteId::from_index(index)
}

#[test]
fn a_store_that_says_little_waits_for_its_primary() {
    let expected = Primary {
        home: site(0),
        replicas: vec![site(1), site(2)],
        witnesses: vec![],
        votes: Votes::alike(3),
        noticed: None,
        rejoin: Law::Fixed(Span::ZERO),
        lag: Law::Fixed(Span::from_millis(200)),
        apply_rate: None,
        acknowledged: Acknowledged::Alone,
        counting: Counting::Everybody,
        failover: Failover::Never,
        promotion: Law::Fixed(Span::ZERO),
        most_lag: None,
        reads: Reads::Primary,
        legs: Legs::none(),
        lag_drawn: LagDrawn::Failover,
        applies: Apply::LogOrder,
        promotes: Promotes::Any,
        returns: None,
        routers_learn: None,
        duties: None,
    };
    assert_eq!(store(LONDON, &[]), expected);
}

#[test]
fn every_key_of_a_store_reaches_the_specification() {
    let found = store(
        "family: primary, primary: oslo, replicas: [london, paris], lag: {mean: 1s}, apply_rate: 300 per minute, \
         acknowledged_by: {replicas: 2, alone_after: 10s}, failover: {lease: 30s, renewed_every: 10s}, \
         promotion: {law: uniform, min: 0s, max: 12s}, most_lag: 1m, reads_from: {site: paris}, lag_drawn: write, legs: {response: 3ms}",
        &[],
    );
    let expected = Primary {
        home: site(2),
        replicas: vec![site(0), site(1)],
        witnesses: vec![],
        votes: Votes::alike(3),
        noticed: None,
        rejoin: Law::Fixed(Span::ZERO),
        lag: Law::Exponential { mean: 1.0 },
        apply_rate: Some(5.0),
        acknowledged: Acknowledged::Received {
            replicas: 2,
            which: Acknowledgers::Any,
            alone_after: Some(Span::SECOND * 10),
        },
        counting: Counting::Everybody,
        failover: Failover::Lease { life: Span::SECOND * 30, renewed: Span::SECOND * 10 },
        promotion: Law::uniform(Span::ZERO, Span::SECOND * 12).unwrap(),
        most_lag: Some(Span::MINUTE),
        reads: Reads::From(2),
        legs: Legs { response: Law::Fixed(Span::from_millis(3)), ..Legs::none() },
        lag_drawn: LagDrawn::Write,
        applies: Apply::LogOrder,
        promotes: Promotes::Any,
        returns: None,
        routers_learn: None,
        duties: None,
    };
    assert_eq!(found, expected);
}

#[test]
fn how_writes_are_applied_reaches_the_specification() {
    for (word, applies) in [
        ("log-order", Apply::LogOrder),
        ("newest-wins", Apply::NewestWins),
        ("last-arrived", Apply::LastArrived),
    ] {
        let found = store(&format!("{LONDON}, lag_drawn: write, applies: {word}"), &[]);
        assert_eq!((found.applies, found.apply_rate), (applies, None));
    }
}

#[test]
fn a_single_time_of_a_person_is_that_time_and_a_write_may_wait_for_ever() {
    let found = store(
        &format!("{LONDON}, failover: {{human: 15m}}, promotion: 5s, acknowledged_by: {{replicas: 1}}"),
        &[],
    );
    assert_eq!(found.failover, Failover::Human { after: Law::Fixed(Span::MINUTE * 15), fenced: false });
    assert_eq!(
        found.acknowledged,
        Acknowledged::Received { replicas: 1, which: Acknowledgers::Any, alone_after: None }
    );
}

#[test]
fn a_writer_returns_after_a_time_if_the_file_says_so() {
    let failover = "failover: {human: 15m}, promotion: 5s";
    let found = |returns: &str| store(&format!("{LONDON}, {failover}{returns}"), &[]).returns;
    assert_eq!(found(", returns: {after: 1h}"), Some(Law::Fixed(Span::HOUR)));
    assert_eq!([found(""), found(", returns: never")], [None, None]);
}

#[test]
fn who_acknowledges_and_who_is_promoted_are_any_unless_the_file_says_otherwise() {
    let failover = "failover: {human: 15m}, promotion: 5s";
    let found = |words: &str| {
        let found = store(&format!("{LONDON}, {failover}, acknowledged_by: {{replicas: 1{words}"), &[]);
        let Acknowledged::Received { which, .. } = found.acknowledged else { panic!("replicas acknowledge") };
        (which, found.promotes)
    };
    assert_eq!(found("}"), (Acknowledgers::Any, Promotes::Any));
    let strict = found(", which: first}, promotes: synchronous");
    assert_eq!(strict, (Acknowledgers::First, Promotes::Synchronous));
}

#[test]
fn routers_know_at_once_unless_the_file_says_otherwise() {
    let failover = "failover: {human: 15m}, promotion: 5s";
    let found = |words: &str| store(&format!("{LONDON}, {failover}{words}"), &[]).routers_learn;
    assert_eq!(found(""), None);
    assert_eq!(found(", routers_learn: {mean: 20s}"), Some(Law::Exponential { mean: 20.0 }));
    assert_eq!(found(", routers_learn: 20s"), Some(Law::Fixed(Span::SECOND * 20)));
}

#[test]
fn a_store_may_have_no_replica_if_it_says_so() {
    let found = store("family: primary, primary: london, replicas: []", &[]);
    assert!(found.replicas.is_empty() && found.failover == Failover::Never);
}

#[test]
fn a_replica_may_trail_by_nothing() {
    let found = store("family: primary, primary: london, replicas: [paris], lag: 0s", &[]);
    assert_eq!(found.lag, Law::Fixed(Span::ZERO));
}

#[test]
fn what_is_written_beside_a_preset_wins_over_it() {
    let patroni = "preset: postgres-patroni, primary: london, replicas: [paris, oslo]";
    let found = store(patroni, &[]);
    assert_eq!(found.failover, Failover::Lease { life: Span::SECOND * 30, renewed: Span::SECOND * 10 });
    assert_eq!((found.acknowledged, found.reads), (Acknowledged::Alone, Reads::Primary));
    let found = store(&format!("{patroni}, failover: never, reads_from: nearest"), &[]);
    assert_eq!((found.failover, found.reads), (Failover::Never, Reads::Nearest));
}

#[test]
fn the_presets_differ_in_who_acknowledges_promotes_and_reads() {
    let of = |preset: &str| store(&format!("preset: {preset}, primary: london, replicas: [paris]"), &[]);
    let semi = of("mysql-semi-sync");
    let ten = Some(Span::SECOND * 10);
    assert_eq!(
        semi.acknowledged,
        Acknowledged::Received { replicas: 1, which: Acknowledgers::Any, alone_after: ten }
    );
    for preset in ["mysql-semi-sync", "postgres-streaming", "read-replicas"] {
        assert!(matches!(of(preset).failover, Failover::Human { .. }), "{preset}");
        assert_eq!(of(preset).reads == Reads::Nearest, preset == "read-replicas", "{preset}");
    }
}

#[test]
fn the_numbers_of_a_preset_are_in_the_report_with_their_sources() {
    let text = format!(
        "stores: {{orders: {{preset: postgres-patroni, primary: london, replicas: [paris]}}}}\n{BROWSE}"
    );
    let sources = compile(&text, &[]).sources;
    let lease = sources.iter().find(|sourced| sourced.path == "stores.orders.failover").unwrap();
    assert_eq!(lease.value, "{lease: 30s, renewed_every: 10s}");
    assert!(lease.source.contains("`ttl` 30, `loop_wait` 10"), "{}", lease.source);
}

#[test]
fn an_override_reaches_into_a_store_and_its_requests() {
    let set = ["stores.orders.primary=paris", "stores.orders.replicas=[london]", "stores.*.lag=1s"];
    let found = store(LONDON, &set);
    assert_eq!((found.home, found.replicas), (site(1), vec![site(0)]));
    assert_eq!(found.lag, Law::Fixed(Span::SECOND));
    let text = format!("stores: {{orders: {{{LONDON}}}}}\n{BROWSE}");
    assert_eq!(compile(&text, &["requests.browse.share=25%"]).requests[0].share, 0.25);
}

#[test]
fn requests_name_stores_in_the_order_written_and_need_not_take_all_of_the_demand() {
    let specification = compile(
        &format!(
            "stores: {{orders: {{{LONDON}}}, users: {{preset: postgres-streaming, primary: paris, replicas: [london]}}}}\n\
             requests: {{browse: {{share: 80%, reads: [users, orders]}}, checkout: {{share: 1/20, reads: [users], writes: [orders]}}, \
             pictures: {{share: 10%, reads: []}}}}"
        ),
        &[],
    );
    let [orders, users] = [0, 1].map(StoreId::from_index);
    let class = |name: &str, share, reads: &[StoreId], writes: &[StoreId]| RequestClass {
        populations: None,
        name: name.into(),
        share,
        reads: reads.to_vec(),
        writes: writes.to_vec(),
    };
    let expected = [
        class("browse", 0.8, &[users, orders], &[]),
        class("checkout", 0.05, &[users], &[orders]),
        class("pictures", 0.1, &[], &[]),
    ];
    assert_eq!(specification.requests, expected);
}

#[test]
fn a_health_check_may_see_stores_beside_the_host_or_the_site() {
    let seen = |sees: &str| {
        let text = format!(
            "stores: {{orders: {{{LONDON}}}}}\nhealth_checks: {{web: {{preset: route53, sees: {sees}}}}}\n{BROWSE}"
        );
        let check = compile(&text, &[]).checks.rows()[0].clone();
        (check.sees, check.stores)
    };
    let orders = StoreId::from_index(0);
    assert_eq!(seen("[site, orders]"), (Sees::Site, vec![orders]));
    assert_eq!(seen("[host, orders]"), (Sees::Host, vec![orders]));
    assert_eq!(seen("orders"), (Sees::Host, vec![orders]));
    assert_eq!(seen("site"), (Sees::Site, vec![]));
}

#[test]
fn a_site_with_a_member_of_a_store_is_used_though_no_steering_answers_it() {
    let warnings = |text: &str| {
        let text = format!("{SITES}health_checks: {{web: {{preset: route53}}}}\n{text}{BROWSE}");
        let warnings = load("x.yaml", &text, &[]).unwrap().warnings;
        warnings.codes().into_iter().filter(|code| *code == "W0602").count()
    };
    let of = |members: &str| format!("stores: {{orders: {{preset: postgres-patroni, {members}}}}}\n");
    assert_eq!(warnings(&of("primary: london, replicas: [paris, oslo]")), 0);
    assert_eq!(warnings(&of("primary: oslo, replicas: [paris]")), 0);
    assert_eq!(warnings(&of("primary: london, replicas: [paris]")), 1);
}

#[test]
fn a_store_that_only_a_health_check_writes_is_used() {
    let text = format!(
        "{SITES}stores: {{orders: {{{LONDON}}}}}\nhealth_checks: {{web: {{preset: route53, sees: [site, orders]}}}}\n"
    );
    assert!(load("x.yaml", &text, &[]).unwrap().warnings.is_empty());
}

/// Sixteen members with data are followed one by one, witnesses and unequal votes or not.
#[test]
fn sessions_are_of_stores_with_no_more_than_sixteen_members_with_data() {
    let sites: Vec<String> = (0..18).map(|index| format!("s{index}")).collect();
    let problems = |members: &str, words: &str| {
        let listed: String =
            sites.iter().map(|site| format!("{site}: {{outages: none, capacity: 10 rps}}, ")).collect();
        let text = format!(
            "scenario: 1\nname: x\nsites: {{{listed}}}\n{BROWSE}stores: {{orders: {{{members}, {words}, keys: 10, sessions: {{}}}}}}\n\
             steering: {{www: {{policy: static, sites: {{s0: 100%}}}}}}\nclients: {{uk: {{anywhere: true, uses: www, demand: 5 rps}}}}\n"
        );
        load("x.yaml", &text, &[]).map_or_else(|problems| problems.render(false), |_| String::new())
    };
    let primary = |last: usize| {
        format!("family: primary, primary: s0, replicas: [{}], witnesses: [s17]", sites[1..=last].join(", "))
    };
    let words = "lag: 1s, failover: {human: 1m}, promotion: 1s, noticed: 1m, rejoin: 1m";
    assert_eq!(problems(&primary(15), words), "");
    assert!(
        problems(&primary(16), words)
            .contains("sessions of a store like `orders` are not yet in this version")
    );
    let voters = |last: usize| format!("family: consensus, voters: [s0, {}]", sites[..last].join(", "));
    let words = "failover: {lease: 30s, renewed_every: 10s}, promotion: 1s";
    assert_eq!(problems(&voters(16), words), "");
    assert!(problems(&voters(17), words).contains("not yet in this version"));
}
