//! Which engine plays the sessions of a store, and what they are like.

use super::led::wander;
use super::possible::{When, longest, when};
use super::scenes::Scenes;
use super::seen::Seen;
use super::visit::LONGEST;
use crate::design::Design;
use crate::network::delay;
use crate::operations::leaderless::ReadRepair;
use crate::operations::{
    Arrival, Conduct, Crowd, Leading, Popularity, PrimaryRun, Session, Stretch, leaderless,
};
use crate::outcome::Anomaly;
use crate::specification::{Apply, Family, LagDrawn, Primary, Replicated, Sessions, SiteId, Specification};
use crate::store::Glimpse;
use crate::study::history::{self, many};
use crate::trail::Trail;
use sim::{Id, Instant, Law, Replication, Seed, Span, Stream, StreamName};

/// A delay longer than this one in ten thousand has is not waited for.
const LATEST: f64 = 0.9999;

/// What sessions do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role {
    /// What they do.
    Whole,
    /// Their writes alone, of those that write.
    Writes,
    /// One write.
    OneWrite,
    /// One operation.
    One,
}

/// The engine that plays a store's sessions.
#[derive(Debug)]
pub(super) struct Player<'d> {
    design: &'d Design,
    family: &'d Family,
    sessions: &'d Sessions,
    members: Vec<SiteId>,
    /// The members of each site, the nearest first.
    nearest: Vec<Vec<u32>>,
    /// One-way distances of each site from each member.
    distances: Vec<Vec<Span>>,
    /// Are clients answered several sites while all is well?
    wander: bool,
    /// The longest way between a member and a site.
    way: Span,
    engine: Engine<'d>,
}

/// An engine, and where sessions turn from each member's site.
#[derive(Debug)]
enum Engine<'d> {
    OneWriter(&'d Primary, Vec<Session>, Option<Trail>),
    ManyWriters(&'d Replicated, Vec<leaderless::Session>),
}

/// What is played, and until when it begins.
pub(super) struct Play<'a> {
    pub(super) scenes: &'a Scenes,
    pub(super) during: Stretch,
    /// When operations are counted.
    pub(super) counts: Stretch,
    /// In the order of time, which counts from the beginning of the play.
    pub(super) arrivals: &'a [Arrival],
    pub(super) keys: u32,
    pub(super) lags: Vec<Span>,
    /// Writes a second of the store that are not played.
    pub(super) others: f64,
}

/// What a store went through breaks a rule of the engine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Unplayable;

/// Sessions of a geometric number of operations, looked at for their writes alone.
///
/// Before each of its operations a session will write again with probability `writes`, and then the number of further
/// writes is geometric; the time between two is exponential where that between two operations is, but for what answers
/// take, which is taken to be alike.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Writing {
    /// Of the sessions, those that write at all.
    pub(super) share: f64,
    /// Mean number of writes of these.
    operations: f64,
    /// Mean time between them.
    think: Span,
}

impl Writing {
    /// Of sessions with a share of reads whose operations take so long beside the thinking; writes alone take `answers`.
    pub(super) fn of(sessions: &Sessions, reads: f64, (takes, answers): (Span, Span)) -> Self {
        let (writes, ends) = (1.0 - reads, 1.0 / sessions.operations);
        // The chance that an operation is a write or the last.
        let decides = ends + writes - ends * writes;
        let share = writes / decides;
        let gap = (sessions.think + takes).seconds() / decides - answers.seconds();
        Writing {
            share,
            operations: 1.0 / (1.0 - (1.0 - ends) * share),
            think: Span::from_seconds(gap.max(0.0)),
        }
    }
}

/// Mean time that an operation takes beside the thinking, given the share of reads and what an answer takes.
pub(super) fn operation_takes(sessions: &Sessions, reads: f64, answer: Span) -> Span {
    let (writes, answer) = (1.0 - reads, answer.seconds());
    let read_back = sessions.reads_back.map_or(0.0, |after| after.seconds() + answer);
    Span::from_seconds((answer + writes * (sessions.updates * answer + read_back)).min(LONGEST))
}

impl<'d> Player<'d> {
    pub(super) fn new(design: &'d Design, family: &'d Family, sessions: &'d Sessions) -> Self {
        let members = family.members();
        let distances = distances(design.specification(), &members);
        let way = way(&distances);
        let (nearest, wander) = (nearest(design.specification(), &members), wander(design));
        let places = 0..members.len();
        let engine = match family {
            Family::Primary(plan) => {
                let comer = |place| history::comer(design.specification(), plan, place);
                Engine::OneWriter(plan, places.map(comer).collect(), history::trail(plan))
            }
            Family::Replicated(plan) => Engine::ManyWriters(plan, places.map(many::comer).collect()),
        };
        Player { design, family, sessions, members, nearest, distances, wander, way, engine }
    }

    /// The sites of the store's members.
    pub(super) fn members(&self) -> &[SiteId] {
        &self.members
    }

    /// The member at which a site's traffic is served while all is well: its number.
    pub(super) fn place(&self, site: SiteId) -> usize {
        self.nearest[site.index()][0] as usize
    }

    /// What of sessions with a share of reads their writes are.
    pub(super) fn writing(&self, reads: f64) -> Writing {
        let answer = self.way * 2;
        Writing::of(self.sessions, reads, (operation_takes(self.sessions, reads, answer), answer))
    }

    /// What sessions do of whose operations a share are reads.
    pub(super) fn conduct(&self, role: Role, reads: f64) -> Conduct {
        let Sessions { operations, think, updates, reads_back, .. } = *self.sessions;
        let whole = Conduct { reads, updates: (1.0 - reads) * updates, operations, think, reads_back };
        let write = Conduct { reads: 0.0, updates: 0.0, operations: 1.0, think, reads_back: None };
        match role {
            Role::Whole => whole,
            Role::One => Conduct { operations: 1.0, ..whole },
            Role::OneWrite => write,
            Role::Writes => {
                let Writing { operations, think, .. } = self.writing(reads);
                Conduct { operations, think, ..write }
            }
        }
    }

    /// May what others do after a session has ended decide the fate of what it wrote?
    pub(super) fn rivals_matter(&self) -> bool {
        matches!(self.engine, Engine::ManyWriters(..))
    }

    /// Do reads bring replicas what they lack?
    pub(super) fn reads_repair(&self) -> bool {
        matches!(&self.engine, Engine::ManyWriters(plan, _) if plan.agreeing.read_repair != ReadRepair::None)
    }

    /// How long others may not see a write while nothing is wrong.
    pub(super) fn spreads(&self) -> Span {
        let lag = match &self.engine {
            Engine::OneWriter(plan, ..) => {
                let late = if plan.lag_drawn == LagDrawn::Failover { 0.0 } else { plan.lag.quantile(LATEST) };
                Span::from_seconds(plan.lag.mean().max(late))
            }
            Engine::ManyWriters(plan, _) => Span::from_seconds(plan.agreeing.legs.write.quantile(LATEST)),
        };
        let unsaved = match &self.engine {
            Engine::ManyWriters(plan, _) if self.design.specification().power_may_be_lost() => {
                plan.agreeing.log_saved.unwrap_or(Span::ZERO)
            }
            _ => Span::ZERO,
        };
        Span::from_seconds(((self.way + lag).seconds() * 2.0 + unsaved.seconds()).min(LONGEST))
    }

    /// How long an answer takes at most while nothing is wrong, nearly always.
    pub(super) fn answers(&self) -> Span {
        Span::from_seconds(self.answered(|law| law.quantile(LATEST)).min(LONGEST))
    }

    /// How long an answer takes while nothing is wrong if its messages take such times, in seconds, and the longest ways.
    fn answered(&self, late: impl Fn(&Law) -> f64) -> f64 {
        let legs = match &self.engine {
            Engine::OneWriter(plan, ..) => &plan.legs,
            Engine::ManyWriters(plan, _) => &plan.agreeing.legs,
        };
        let there_and_back =
            (late(&legs.write) + late(&legs.ack)).max(late(&legs.read) + late(&legs.response));
        self.way.seconds() * 4.0 + there_and_back * 2.0
    }

    /// When it can happen to an operation.
    pub(super) fn when(&self, anomaly: Anomaly) -> When {
        let longest = self.answered(longest);
        let clients = (self.sessions, self.wander);
        when(self.design.specification(), self.family, clients, longest, anomaly)
    }

    /// May a replica that has an old version show it until its key is written again, long after everything has come?
    pub(super) fn lingers(&self) -> bool {
        matches!(&self.engine, Engine::OneWriter(plan, ..) if plan.applies == Apply::LastArrived)
    }

    /// How long a write by a clock that is ahead of another stands above what that one stamps.
    pub(super) fn shadow(&self) -> Span {
        let Engine::ManyWriters(plan, _) = &self.engine else { return Span::ZERO };
        let ahead = plan.agreeing.ahead.iter().copied();
        match (ahead.clone().max(), ahead.min()) {
            (Some(most), Some(least)) => most - least,
            _ => Span::ZERO,
        }
    }

    /// The instants at which acknowledged writes may be lost, in order, up to a horizon.
    pub(super) fn losses(&self, scenes: &Scenes, horizon: Instant) -> Vec<Instant> {
        if self.when(Anomaly::LostWrite) == When::Never {
            return Vec::new();
        }
        let glimpses = scenes.glimpses(Instant::ZERO, horizon);
        if let Engine::ManyWriters(..) = &self.engine {
            let of = |member| many::blackouts_of(&glimpses, member).collect::<Vec<_>>();
            let mut all: Vec<Instant> = (0..self.members.len()).flat_map(of).collect();
            all.sort_unstable();
            return all;
        }
        let reign = |glimpse: &Glimpse| glimpse.writers().map(|(reign, _)| reign).max();
        let mut latest = glimpses.first().and_then(|(_, glimpse)| reign(glimpse));
        let changes = glimpses.iter().filter(|(_, glimpse)| {
            let now = reign(glimpse).max(latest);
            std::mem::replace(&mut latest, now) != now
        });
        changes.map(|(at, _)| *at).collect()
    }

    /// When some replicas lack what nobody will send them until all compare what they have; in the order of their
    /// beginnings, up to a horizon.
    pub(super) fn lacking(&self, scenes: &Scenes, horizon: Instant) -> Vec<Stretch> {
        let Engine::ManyWriters(plan, _) = &self.engine else { return Vec::new() };
        let agreeing = &plan.agreeing;
        let glimpses = scenes.glimpses(Instant::ZERO, horizon);
        let places = self.members.len();
        let dead = (0..places).flat_map(|place| history::stretches(&glimpses, |seen| !seen.alive(place)));
        let cut = history::cuts(&glimpses, places).into_iter().map(|cut| cut.during);
        let mut outages: Vec<Stretch> = dead.chain(cut).collect();
        outages.sort_unstable_by_key(|outage| (outage.from, outage.until));
        let dark: Vec<Instant> =
            (0..places).flat_map(|place| many::blackouts_of(&glimpses, place).collect::<Vec<_>>()).collect();
        let unhinted = |outage: &&Stretch| {
            dark.contains(&outage.from)
                || agreeing.hints.is_none_or(|window| outage.until.min(horizon) - outage.from >= window)
        };
        let mends = |outage: &Stretch| {
            let Some(every) = agreeing.anti_entropy else { return horizon };
            let mut at = last_before(outage.until.min(horizon), every).saturating_add(every);
            while at < horizon && outages.iter().any(|other| other.from <= at && at < other.until) {
                at = at.saturating_add(every);
            }
            at.saturating_add(self.spreads()).min(horizon)
        };
        let lacking = |outage: &Stretch| Stretch { from: outage.from, until: mends(outage) };
        outages.iter().filter(unhinted).map(lacking).collect()
    }

    /// The lag of each member where it holds for all that a session sees.
    pub(super) fn lags(&self, scenes: &Scenes, during: Stretch, stream: &mut Stream) -> Vec<Span> {
        let Engine::OneWriter(plan, ..) = &self.engine else { return Vec::new() };
        history::held(plan, &scenes.glimpses(during.from, during.until), stream)
    }

    /// Plays sessions against what the store went through.
    pub(super) fn play(&self, play: Play<'_>, stream: &mut Stream) -> Result<Seen, Unplayable> {
        let Play { scenes, during, counts, arrivals, keys, lags, others } = play;
        let played = |at: Instant| Instant::ZERO + (at - during.from);
        let counts = Stretch { from: played(counts.from), until: played(counts.until) };
        let glimpses = scenes.glimpses(during.from, during.until);
        let specification = self.design.specification();
        let popularity = Popularity::Uniform { keys };
        let name = StreamName::of("crowd", "operations");
        let own = Stream::new(Seed(stream.bits()), Replication(0), name);
        let leading = Leading {
            tales: scenes.led().tales(),
            nearest: &self.nearest,
            distances: &self.distances,
            began: during.from,
        };
        match &self.engine {
            Engine::OneWriter(plan, sessions, trail) => {
                let reigns = history::reigns(&glimpses, plan).map_err(|_| Unplayable)?;
                let reigns = reigns.catching_up(scenes.catching_up(during.from, during.until));
                let store = history::store(specification, plan, reigns, self.sessions.patience, popularity);
                let lags = history::lags(plan, trail.as_ref(), lags, others);
                let run = PrimaryRun::open(&store, Crowd { sessions, leading, arrivals, counts }, lags, own);
                Ok(run.run(Instant::FAR).into())
            }
            Engine::ManyWriters(plan, sessions) => {
                let mut logs = own.clone();
                let store = many::store(
                    specification,
                    plan,
                    &glimpses,
                    (self.sessions.patience, popularity),
                    &mut logs,
                );
                let mut store = store.ok_or(Unplayable)?;
                if let Some(every) = store.anti_entropy {
                    store.compared = Instant::ZERO - (during.from - last_before(during.from, every));
                }
                let run = leaderless::Run::open(&store, Crowd { sessions, leading, arrivals, counts }, own);
                Ok(run.run(Instant::ZERO + (during.until - during.from)).into())
            }
        }
    }
}

/// The members of each site, the nearest first.
fn nearest(specification: &Specification, members: &[SiteId]) -> Vec<Vec<u32>> {
    let place = |id: SiteId| specification.sites[id].place;
    let ranked = |site: SiteId| {
        let distance = |member: &u32| {
            let member = members[*member as usize];
            (member != site, delay(specification, place(site), place(member)))
        };
        let mut all: Vec<u32> = (0..members.len() as u32).collect();
        all.sort_by_key(distance);
        all
    };
    specification.sites.ids().map(ranked).collect()
}

/// One-way distances of each site from each member.
fn distances(specification: &Specification, members: &[SiteId]) -> Vec<Vec<Span>> {
    let place = |id: SiteId| specification.sites[id].place;
    let row = |site| members.iter().map(|member| delay(specification, place(site), place(*member))).collect();
    specification.sites.ids().map(row).collect()
}

/// The longest way between a member and a site.
fn way(distances: &[Vec<Span>]) -> Span {
    distances.iter().flatten().copied().max().unwrap_or(Span::ZERO)
}

/// The last multiple of a time that is not after an instant.
fn last_before(at: Instant, every: Span) -> Instant {
    at - Span::from_nanos(at.nanos().rem_euclid(every.nanos()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::Interest;

    const AT_ONCE: (Span, Span) = (Span::ZERO, Span::ZERO);

    /// Sessions played out one operation after the other.
    #[test]
    fn the_writes_of_sessions_have_the_law_that_is_said() {
        let sessions = Sessions {
            interest: Interest::alike(Popularity::Uniform { keys: 1 }),
            operations: 8.0,
            think: Span::from_secs(3),
            patience: Span::SECOND,
            updates: 0.0,
            reads_back: None,
        };
        let (reads, count) = (0.8, 200_000);
        let mut stream = Stream::new(Seed(1), Replication(0), StreamName::of("test", "sessions"));
        let (mut wrote, mut writes, mut gaps, mut waited) = (0u32, 0u32, 0u32, 0u32);
        for _ in 0..count {
            let mut since = None;
            loop {
                if !stream.chance(reads) {
                    writes += 1;
                    wrote += u32::from(since.is_none());
                    if let Some(steps) = since.replace(0) {
                        (gaps, waited) = (gaps + 1, waited + steps);
                    }
                }
                if stream.uniform() * sessions.operations < 1.0 {
                    break;
                }
                since = since.map(|steps: u32| steps + 1);
            }
        }
        let writing = Writing::of(&sessions, reads, AT_ONCE);
        let close = |found: f64, said: f64| assert!((found / said - 1.0).abs() < 0.02, "{found}, {said}");
        close(f64::from(wrote) / f64::from(count), writing.share);
        close(f64::from(writes) / f64::from(wrote), writing.operations);
        close(3.0 * f64::from(waited) / f64::from(gaps), writing.think.seconds());
    }

    #[test]
    fn sessions_that_only_read_never_write() {
        let sessions = Sessions {
            interest: Interest::alike(Popularity::Uniform { keys: 1 }),
            operations: 1.0,
            think: Span::SECOND,
            patience: Span::SECOND,
            updates: 0.0,
            reads_back: None,
        };
        assert_eq!(Writing::of(&sessions, 1.0, AT_ONCE).share, 0.0);
        assert_eq!(Writing::of(&sessions, 0.0, AT_ONCE).share, 1.0);
    }
}
