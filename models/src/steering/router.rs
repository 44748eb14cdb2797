//! The routing policies of an authoritative DNS service, all in one form: levels of preference.
//!
//! For each population a policy ranks the entry's sites in levels. The answer is the first level with a healthy
//! member, split among its healthy members by weight. `simple` ignores health; `weighted` has its positive weights in
//! the first level and its zero weights in the second; `latency`, `proximity` and `failover` rank sites one by one,
//! equals together; `geolocation` has a level for each match, the most specific first.

use super::Answers;
use crate::cache::AnswerId;
use crate::network::{delay, distance_km};
use crate::specification::{Dns, Entry, Policy, Population, PopulationId, SiteId, Specification, WhenNone};

/// What an authoritative service answers one population.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Reply {
    /// The answer; it may be empty.
    pub(crate) answer: AnswerId,
    /// Was no record healthy, so that health was ignored?
    pub(crate) open: bool,
    /// The level that it comes from; the number of levels if it comes from none.
    level: usize,
}

impl Reply {
    /// No answer.
    pub(crate) fn nothing(answers: &Answers) -> Self {
        Reply { answer: answers.empty(), open: false, level: 0 }
    }
}

/// One site in a level: its position in the entry's list, and its weight among its equals.
#[derive(Clone, Copy, Debug)]
struct Member {
    position: usize,
    site: SiteId,
    weight: f64,
}

/// An entry point's policy, ranked for one population.
#[derive(Clone, Debug)]
pub(crate) struct Router {
    levels: Vec<Vec<Member>>,
    /// The level of each position of the entry's list.
    level_of: Vec<Option<usize>>,
    heeds_health: bool,
    /// Stay in the first level even if nothing in it is healthy.
    fenced: bool,
    when_none: WhenNone,
    first: Option<SiteId>,
    last: Option<SiteId>,
}

impl Router {
    pub(crate) fn new(
        specification: &Specification,
        entry: &Entry,
        dns: &Dns,
        population: PopulationId,
    ) -> Self {
        let ranked = rank(specification, entry, &dns.policy, &specification.populations[population]);
        let holds = |level: &Vec<Member>, position| level.iter().any(|member| member.position == position);
        let level_of = |position| ranked.iter().position(|level| holds(level, position));
        Router {
            level_of: (0..entry.sites.len()).map(level_of).collect(),
            levels: ranked,
            heeds_health: dns.check.is_some() && dns.policy != Policy::Simple,
            fenced: matches!(dns.policy, Policy::Geolocation { fenced: true, .. }),
            when_none: dns.when_none,
            first: entry.sites.first().copied(),
            last: entry.sites.last().copied(),
        }
    }

    /// The answer while exactly the positions of the entry's list for which `healthy` holds are believed healthy.
    pub(crate) fn answer(&self, answers: &mut Answers, healthy: impl Fn(usize) -> bool) -> Reply {
        let first_whole = |answers: &mut Answers| self.level(answers, 0, |_| true).unwrap_or(answers.empty());
        if !self.heeds_health {
            return Reply { answer: first_whole(answers), open: false, level: 0 };
        }
        let reach = if self.fenced { 1 } else { self.levels.len() };
        for level in 0..reach.min(self.levels.len()) {
            if let Some(answer) = self.level(answers, level, &healthy) {
                return Reply { answer, open: false, level };
            }
        }
        let single =
            |site: Option<SiteId>, answers: &Answers| site.map_or(answers.empty(), |site| AnswerId(site.0));
        let answer = match self.when_none {
            _ if self.fenced => first_whole(answers),
            WhenNone::All => first_whole(answers),
            WhenNone::First => single(self.first, answers),
            WhenNone::Last => single(self.last, answers),
            WhenNone::Nothing => answers.empty(),
        };
        Reply { answer, open: true, level: self.levels.len() }
    }

    /// May the answer be another than `reply`, now that the verdict on this position changed? What ranks below the level
    /// that answers does not matter.
    pub(crate) fn heeds(&self, reply: Reply, position: usize) -> bool {
        self.heeds_health && self.level_of[position].is_some_and(|level| level <= reply.level)
    }

    /// Would `site` be answered if it were healthy and nothing else changed? `answers` says which sites are answered now,
    /// and `open` that they are for want of any healthy one.
    pub(crate) fn would_answer(&self, site: SiteId, answers: impl Fn(SiteId) -> bool, open: bool) -> bool {
        let holds = |level: &Vec<Member>, counts: &dyn Fn(SiteId) -> bool| {
            level.iter().any(|member| counts(member.site))
        };
        let Some(rank) = self.levels.iter().position(|level| holds(level, &|other| other == site)) else {
            return false;
        };
        if !self.heeds_health || self.fenced {
            return rank == 0;
        }
        let present = self.levels.iter().position(|level| holds(level, &answers));
        open || present.is_none_or(|present| rank <= present)
    }

    /// The answer of one level; none if nothing in it is healthy.
    fn level(
        &self,
        answers: &mut Answers,
        level: usize,
        healthy: impl Fn(usize) -> bool,
    ) -> Option<AnswerId> {
        let members = self.levels.get(level)?;
        if let [member] = members[..] {
            return healthy(member.position).then_some(AnswerId(member.site.0));
        }
        let alive = members.iter().filter(|member| healthy(member.position));
        let answer = answers.number(alive.map(|member| (member.site, member.weight)));
        (answer != answers.empty()).then_some(answer)
    }
}

fn rank(
    specification: &Specification,
    entry: &Entry,
    policy: &Policy,
    population: &Population,
) -> Vec<Vec<Member>> {
    let member = |position: usize, weight: f64| Member { position, site: entry.sites[position], weight };
    let all = || 0..entry.sites.len();
    let equal = || all().map(|position| member(position, 1.0)).collect::<Vec<_>>();
    let place = |position: usize| specification.sites[entry.sites[position]].place;
    match policy {
        Policy::Simple | Policy::Multivalue { .. } => vec![equal()],
        Policy::Weighted(weights) if weights.iter().all(|weight| *weight == 0.0) => vec![equal()],
        Policy::Weighted(weights) => {
            let (zero, positive): (Vec<_>, Vec<_>) = all().partition(|position| weights[*position] == 0.0);
            let positive = positive.into_iter().map(|position| member(position, weights[position])).collect();
            let zero = zero.into_iter().map(|position| member(position, 1.0)).collect();
            levels_of(vec![positive, zero])
        }
        Policy::Failover => all().map(|position| vec![member(position, 1.0)]).collect(),
        Policy::Latency => by_cost(all().map(|position| {
            let cost = delay(specification, population.place, place(position)).seconds();
            (cost, member(position, 1.0))
        })),
        Policy::Proximity { bias } => by_cost(all().map(|position| {
            let distance = match (population.place, place(position)) {
                (Some(from), Some(to)) => distance_km(&specification.places[from], &specification.places[to]),
                _ => 0.0,
            };
            (distance - bias[position], member(position, 1.0))
        })),
        Policy::Geolocation { of, .. } => {
            let wanted = population.geography.iter().map(String::as_str).chain(["*"]);
            levels_of(
                wanted
                    .map(|name| all().filter(|p| of[*p] == name).map(|p| member(p, 1.0)).collect())
                    .collect(),
            )
        }
    }
}

fn levels_of(levels: Vec<Vec<Member>>) -> Vec<Vec<Member>> {
    levels.into_iter().filter(|level| !level.is_empty()).collect()
}

/// Levels of equal cost, the cheapest first; equals keep the entry's order.
fn by_cost(members: impl Iterator<Item = (f64, Member)>) -> Vec<Vec<Member>> {
    let mut members: Vec<(f64, Member)> = members.collect();
    members.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut levels: Vec<Vec<Member>> = Vec::new();
    let mut last = None;
    for (cost, member) in members {
        match levels.last_mut() {
            Some(level) if last == Some(cost) => level.push(member),
            _ => levels.push(vec![member]),
        }
        last = Some(cost);
    }
    levels
}
