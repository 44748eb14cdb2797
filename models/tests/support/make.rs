//! Scenarios: by hand for single claims, and from a tape of bytes for properties (a shorter tape of smaller bytes is a
//! simpler scenario, so that proptest can shrink it).

use models::specification::*;
use sim::{Instant, Law, Seed, Span};

/// Seconds.
pub(crate) fn s(seconds: i64) -> Span {
    Span::from_secs(seconds)
}

/// An instant in seconds.
pub(crate) fn at(seconds: i64) -> Instant {
    Instant::ZERO + s(seconds)
}

/// A specification under construction.
#[derive(Clone, Debug, Default)]
pub(crate) struct Make(pub Specification);

impl Make {
    /// Nothing yet, but a horizon.
    pub(crate) fn new(horizon: Span) -> Self {
        let run = Run { horizon, replications: 1, seed: Seed(11), ..Run::default() };
        Make(Specification { run, ..Specification::default() })
    }

    /// A domain without outages of its own.
    pub(crate) fn domain(&mut self, path: &str, within: &[DomainId]) -> DomainId {
        self.0.domains.push(Domain {
            path: path.into(),
            kind: "thing".into(),
            within: within.to_vec(),
            outages: None,
            effects: vec![Effect::Down],
        })
    }

    /// Exponential outages of a domain.
    pub(crate) fn outages(&mut self, domain: DomainId, up: Span, down: Span) {
        let law = |span: Span| Law::Exponential { mean: span.seconds() };
        self.0.domains[domain].outages =
            Some(Outages { up: law(up), down: law(down), children: Clocks::Run });
    }

    /// A site with one pool for everything, or unlimited.
    pub(crate) fn site(&mut self, name: &str, within: &[DomainId], capacity: Option<f64>) -> SiteId {
        let domain = self.domain(name, within);
        let capacity = capacity.map(|rate| Pool { entry: None, rate }).into_iter().collect();
        self.0.sites.push(Site { name: name.into(), domain, needs: Vec::new(), place: None, capacity })
    }

    /// The site needs one of these.
    pub(crate) fn needs(&mut self, site: SiteId, any: &[DomainId]) {
        self.0.sites[site].needs.push(Clause { any: any.to_vec() });
    }

    /// A shallow check from one vantage, with its first probe at 0.
    pub(crate) fn check(&mut self, interval: Span, timeout: Span, failures: u32) -> CheckId {
        self.0.checks.push(HealthCheck {
            name: format!("check {}", self.0.checks.len()),
            interval,
            spacing: Spacing::Start,
            timeout,
            retries: 0,
            failures,
            successes: 1,
            vantages: vec![None],
            group: 1,
            healthy_needs: 1,
            sees: Sees::Host,
            stores: Vec::new(),
            phase: Phase::Fixed(vec![Span::ZERO]),
        })
    }

    /// An entry point under DNS.
    pub(crate) fn dns(&mut self, name: &str, sites: &[SiteId], dns: Dns) -> EntryId {
        self.entry(name, sites, Steering::Dns(dns))
    }

    /// An entry point.
    pub(crate) fn entry(&mut self, name: &str, sites: &[SiteId], steering: Steering) -> EntryId {
        self.0.entries.push(Entry { name: name.into(), sites: sites.to_vec(), steering })
    }

    /// Clients with a constant demand that honour TTLs.
    pub(crate) fn clients(&mut self, name: &str, entry: EntryId, demand: f64) -> PopulationId {
        self.0.populations.push(Population {
            name: name.into(),
            place: None,
            geography: Vec::new(),
            entry,
            demand: Demand { mean: demand, daily: Daily::Flat },
            cohorts: vec![plain(1.0)],
        })
    }

    /// A scripted fault of a domain with these effects.
    pub(crate) fn script(&mut self, from: i64, lasts: i64, domain: DomainId, effects: &[Effect]) {
        let what = Breakage::Domain { domain, effects: effects.to_vec(), chance: 1.0 };
        self.0.script.push(Scripted { at: at(from), lasts: s(lasts), what });
    }

    /// A scripted loss of a domain.
    pub(crate) fn lose(&mut self, from: i64, lasts: i64, domain: DomainId) {
        self.script(from, lasts, domain, &[Effect::Down]);
    }

    /// A scripted loss of a site.
    pub(crate) fn lose_site(&mut self, from: i64, lasts: i64, site: SiteId) {
        self.lose(from, lasts, self.0.sites[site].domain);
    }
}

/// DNS with a policy, a TTL and a check; everything else plain.
pub(crate) fn dns(policy: Policy, ttl: Span, check: Option<CheckId>) -> Dns {
    Dns {
        policy,
        ttl,
        check,
        propagation: Span::ZERO,
        when_none: WhenNone::All,
        operator: None,
        control_plane: None,
        serve_stale: Span::ZERO,
    }
}

/// A cohort that honours the TTL.
pub(crate) fn plain(share: f64) -> Cohort {
    Cohort {
        name: "plain".into(),
        share,
        caching: Caching::Honours { at_least: Span::ZERO, at_most: Span::FOREVER },
        connection: None,
        queries: None,
    }
}

/// Bytes that decide.
#[derive(Clone, Debug)]
pub(crate) struct Tape<'t>(pub &'t [u8]);

impl Tape<'_> {
    fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().map_or((0, self.0), |(first, rest)| (*first, rest));
        self.0 = rest;
        first
    }

    /// A number below `count`.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        usize::from(self.byte()) % count
    }

    /// One of these.
    pub(crate) fn of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())].clone()
    }

    /// True in so many of 8 cases.
    pub(crate) fn chance(&mut self, eighths: u8) -> bool {
        self.byte() % 8 >= 8 - eighths
    }

    fn seconds(&mut self, most: i64) -> i64 {
        (i64::from(self.byte()) * 256 + i64::from(self.byte())) % most
    }
}

/// A random small world in which every instant is a whole second and nothing is drawn at random.
pub(crate) fn scripted(tape: &mut Tape) -> Specification {
    let horizon = 4_800;
    let mut make = Make::new(s(horizon));
    let domains = random_domains(&mut make, tape);
    let sites = random_sites(&mut make, tape, &domains);
    let check = random_check(&mut make, tape);
    let entries: Vec<EntryId> = (0..1 + tape.below(2))
        .map(|index| random_entry(&mut make, tape, index, &sites, &domains, check))
        .collect();
    for index in 0..1 + tape.below(3) {
        random_clients(&mut make, tape, index, &entries, sites.len());
    }
    random_needs_of_scopes(&mut make, tape, &sites);
    for _ in 0..1 + tape.below(5) {
        random_fault(&mut make, tape, horizon);
    }
    make.0
}

/// A random small world with luck: outages, shocks, random phases, a replay, grey failures, connections.
pub(crate) fn lucky(tape: &mut Tape) -> Specification {
    let mut make = Make(scripted(tape));
    make.0.run.horizon = Span::DAY * (2 + tape.below(6) as i64);
    make.0.run.replications = 3;
    make.0.run.seed = Seed(tape.below(256) as u64);
    make.0.run.start = tape.of(&[Start::AllUp, Start::Stationary]);
    for domain in make.0.domains.ids() {
        if tape.chance(4) {
            make.outages(domain, s(tape.of(&[40_000, 200_000, 9_000])), s(tape.of(&[900, 60, 20_000])));
            let stops = tape.of(&[Clocks::Run, Clocks::Stop]);
            make.0.domains[domain].outages.iter_mut().for_each(|outages| outages.children = stops);
        }
    }
    for index in 0..tape.below(3) {
        random_shock(&mut make, tape, index);
    }
    let check = &mut make.0.checks.rows_mut()[0];
    check.phase = if tape.chance(6) { Phase::Random } else { check.phase.clone() };
    for domain in make.0.domains.ids() {
        if tape.chance(1) {
            make.0.domains[domain].effects = vec![Effect::Errors { share: 0.4 }, random_effect(&make, tape)];
        }
    }
    for population in make.0.populations.rows_mut() {
        if tape.chance(2) {
            let on_down = tape.of(&[OnDown::Reconnect, OnDown::Wait]);
            population.cohorts[0].connection = Some(Connection { life: s(600), on_down });
        }
    }
    if tape.chance(2) {
        let domain = DomainId(tape.below(make.0.domains.len()) as u32);
        let what = Breakage::Domain { domain, effects: vec![Effect::Down], chance: tape.of(&[1.0, 0.5]) };
        let phase = ReplayPhase { name: "whole".into(), from: s(60), lasts: s(3_000), what };
        let at = tape.of(&[Placed::Random, Placed::At(at(0))]);
        make.0.replays.push(Replay { incident: "a".into(), at, phases: vec![phase] });
    }
    make.0
}

fn random_shock(make: &mut Make, tape: &mut Tape, index: usize) {
    let count = make.0.domains.len();
    let mut hits: Vec<(DomainId, f64)> = Vec::new();
    for _ in 0..1 + tape.below(3) {
        let domain = DomainId(tape.below(count) as u32);
        if hits.iter().all(|(known, _)| *known != domain) {
            hits.push((domain, tape.of(&[1.0, 0.5, 0.1])));
        }
    }
    let every = Law::Exponential { mean: 100_000.0 };
    let down = Some(Law::Uniform { low: s(30), high: s(4_000) });
    let together = tape.chance(4);
    make.0.shocks.push(Shock { name: format!("shock {index}"), every, hits, down, together });
}

/// Random domains and sites under random overlapping faults; nobody uses the sites yet.
pub(crate) fn graph(tape: &mut Tape) -> Specification {
    let mut make = Make::new(s(4_800));
    make.check(s(10), s(1), 1);
    let domains = random_domains(&mut make, tape);
    random_sites(&mut make, tape, &domains);
    for _ in 0..2 + tape.below(8) {
        random_fault(&mut make, tape, 4_800);
    }
    make.0
}

fn random_domains(make: &mut Make, tape: &mut Tape) -> Vec<DomainId> {
    let mut domains = vec![make.domain("p0", &[]), make.domain("p1", &[])];
    for index in 0..tape.below(4) {
        let mut within = vec![tape.of(&domains)];
        if tape.chance(2) {
            within.push(tape.of(&domains));
            within.sort();
            within.dedup();
        }
        domains.push(make.domain(&format!("r{index}"), &within));
    }
    domains
}

fn random_sites(make: &mut Make, tape: &mut Tape, domains: &[DomainId]) -> Vec<SiteId> {
    (0..2 + tape.below(3))
        .map(|index| {
            let capacity = tape.of(&[None, Some(90.0), Some(150.0), Some(400.0)]);
            let site = make.site(&format!("s{index}"), &[tape.of(domains)], capacity);
            for _ in 0..tape.below(3) {
                let any: Vec<DomainId> = (0..1 + tape.below(3)).map(|_| tape.of(domains)).collect();
                make.needs(site, &any);
            }
            site
        })
        .collect()
}

fn random_check(make: &mut Make, tape: &mut Tape) -> CheckId {
    let interval = tape.of(&[10, 5, 30]);
    let check = make.check(s(interval), s(tape.of(&[2, 1, 5])), tape.of(&[3, 1, 2]));
    let vantages = 1 + tape.below(3);
    let row = &mut make.0.checks[check];
    row.spacing = tape.of(&[Spacing::Start, Spacing::Response]);
    row.retries = if row.spacing == Spacing::Response { tape.below(2) as u32 } else { 0 };
    row.successes = tape.of(&[1, 2]);
    row.vantages = vec![None; vantages];
    row.healthy_needs = 1 + tape.below(vantages) as u32;
    row.sees = tape.of(&[Sees::Host, Sees::Site]);
    row.phase = Phase::Fixed((0..vantages).map(|_| s(tape.below(interval as usize) as i64)).collect());
    check
}

fn random_entry(
    make: &mut Make,
    tape: &mut Tape,
    index: usize,
    sites: &[SiteId],
    domains: &[DomainId],
    check: CheckId,
) -> EntryId {
    let name = format!("e{index}");
    let count = sites.len();
    match tape.below(8) {
        6 => {
            let weights: Vec<f64> = (0..count).map(|_| tape.of(&[1.0, 3.0, 0.0])).collect();
            let total: f64 = weights.iter().sum();
            let even = 1.0 / count as f64;
            let shares = weights.iter().map(|w| if total > 0.0 { w / total } else { even }).collect();
            make.entry(&name, sites, Steering::Static { shares })
        }
        7 => make.entry(&name, sites, Steering::Ideal),
        _ => {
            let policy = random_policy(tape, count);
            let mut dns = dns(policy, s(tape.of(&[60, 20, 0, 37])), tape.chance(7).then_some(check));
            dns.propagation = s(tape.of(&[0, 7, 30]));
            dns.when_none = tape.of(&[WhenNone::All, WhenNone::First, WhenNone::Last, WhenNone::Nothing]);
            dns.operator = tape.chance(3).then(|| tape.of(domains));
            dns.control_plane = tape.chance(2).then(|| tape.of(domains));
            dns.serve_stale = s(tape.of(&[0, 50, 3_000]));
            make.dns(&name, sites, dns)
        }
    }
}

fn random_policy(tape: &mut Tape, count: usize) -> Policy {
    match tape.below(6) {
        0 => Policy::Failover,
        1 => Policy::Multivalue { most: 8 },
        2 => Policy::Weighted((0..count).map(|_| tape.of(&[1.0, 2.0, 0.0])).collect()),
        3 => {
            let of = (0..count).map(|_| tape.of(&["north", "south", "*"]).to_string()).collect();
            Policy::Geolocation { of, fenced: tape.chance(2) }
        }
        4 => Policy::Latency,
        _ => Policy::Simple,
    }
}

fn random_clients(make: &mut Make, tape: &mut Tape, index: usize, entries: &[EntryId], sites: usize) {
    let entry = tape.of(entries);
    let id = make.clients(&format!("c{index}"), entry, tape.of(&[100.0, 40.0, 0.0, 250.0]));
    let mut factors = [0.8; 24];
    factors[1] = 1.6;
    // Places are only names here: delays are stated, and none equals another.
    let place = make.0.places.push(Place { name: format!("at c{index}"), latitude: 0.0, longitude: 0.0 });
    for site in 0..sites {
        let id = SiteId(site as u32);
        let known = make.0.sites[id].place;
        let there = known.unwrap_or_else(|| {
            make.0.places.push(Place { name: format!("at s{site}"), latitude: 0.0, longitude: 0.0 })
        });
        make.0.sites[id].place = Some(there);
        make.0.delays.push((place, there, Span::from_millis(10 * tape.of(&[1, 2, 3]) as i64)));
    }
    let row = &mut make.0.populations[id];
    row.place = Some(place);
    row.geography = tape.of(&[vec![], vec!["north".to_string()], vec!["south".into(), "north".into()]]);
    row.demand.daily = match tape.below(4) {
        2 => Daily::Hours(factors),
        3 => Daily::Sinusoid { swing: 0.9, peak: s(tape.seconds(86_400)) },
        _ => Daily::Flat,
    };
    row.cohorts = match tape.below(4) {
        1 => vec![plain(0.75), Cohort { caching: Caching::Pinned, ..plain(0.25) }],
        2 => {
            let capped = Caching::Honours { at_least: s(80), at_most: Span::FOREVER };
            vec![plain(0.5), Cohort { caching: capped, ..plain(0.5) }]
        }
        3 => vec![Cohort { queries: Some(0.05), ..plain(1.0) }],
        _ => vec![plain(1.0)],
    };
}

fn random_needs_of_scopes(make: &mut Make, tape: &mut Tape, sites: &[SiteId]) {
    if tape.chance(1) {
        let scope = tape.of(&[Scope::All, Scope::Population(PopulationId(0)), Scope::Entry(EntryId(0))]);
        let needs = 1 + tape.below(sites.len()) as u32;
        make.0.serving.push((scope, Serving::Needs { sites: needs, of: sites.to_vec() }));
    }
    if tape.chance(2) {
        make.0.serving.push((Scope::Population(PopulationId(0)), Serving::Share(0.9)));
    }
}

fn random_fault(make: &mut Make, tape: &mut Tape, horizon: i64) {
    let from = tape.seconds(horizon);
    let lasts = if tape.chance(1) { horizon } else { 1 + tape.seconds(1_500) };
    if tape.chance(1) {
        let mut groups = vec![Vec::new(), Vec::new()];
        for site in make.0.sites.ids() {
            groups[tape.below(2)].push(Endpoint::Site(site));
        }
        for population in make.0.populations.ids() {
            if tape.chance(5) {
                groups[tape.below(2)].push(Endpoint::Clients(population));
            }
        }
        if tape.chance(4) {
            groups[tape.below(2)].push(Endpoint::Checkers(CheckId(0)));
        }
        make.0.script.push(Scripted { at: at(from), lasts: s(lasts), what: Breakage::Partition { groups } });
        return;
    }
    let domain = DomainId(tape.below(make.0.domains.len()) as u32);
    let mut effects = vec![random_effect(make, tape)];
    if tape.chance(2) {
        effects.push(random_effect(make, tape));
    }
    make.script(from, lasts, domain, &effects);
}

fn random_effect(make: &Make, tape: &mut Tape) -> Effect {
    // A deep check meets partial errors at random; here nothing may be random.
    let deep = make.0.checks.rows()[0].sees == Sees::Site;
    let errors = if deep { 1.0 } else { tape.of(&[0.3, 1.0, 0.05]) };
    match tape.below(8) {
        0..3 => Effect::Down,
        3 => Effect::Degraded { factor: tape.of(&[0.5, 0.0, 0.8]) },
        4 => Effect::Errors { share: errors },
        5 => Effect::Latency { added: s(tape.of(&[1, 3, 10])) },
        6 => tape.of(&[Effect::Dns, Effect::ControlPlane]),
        _ => Effect::Isolated(Isolation {
            clients: tape.chance(6),
            sites: tape.chance(4),
            checkers: tape.chance(4),
        }),
    }
}
