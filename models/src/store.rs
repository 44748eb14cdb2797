//! Stores: who may write, where requests can read and write, and what is lost when the writer changes.
//!
//! The layer lies between network and traffic. A site that cannot reach a store fails the requests that use it; what it can
//! reach follows from the truth of the sites at which members of the store stand, and from the network between them.
//!
//! Assumptions:
//! - The store accepts what a site admits and does not fail by errors of its own; a request that fails for want of another
//!   store has written this one.
//! - A former writer that is a replica again has dropped what nobody else has. One that takes over again before it has
//!   heard of anybody brings back what its hand-over lost; that stays counted as lost.
//! - A writer that waits for replicas is taken for safe again as soon as enough are in reach; whoever has not caught up
//!   then does not count among those that have everything.

mod copies;
mod duties;
mod levels;
mod reign;
mod routers;
mod single;

pub(crate) use copies::Pace;
pub(crate) use duties::Duties;
pub(crate) use reign::MEMBERS_MAX;
use reign::{Member, Sight};
pub(crate) use single::Written;

use crate::design::Design;
use crate::event::{Agenda, Event};
use crate::network::Network;
use crate::site::Sites;
use crate::specification::{
    Family, PopulationId, Reads, Replicated, RequestClass, SiteId, Specification, Store, StoreId,
};
use crate::world::Cause;
use routers::Routers;
use sim::{Id, Instant, Replication, Seed, Span, Stream, StreamName, Table};
use single::Single;

/// What a site can do with a store.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Access {
    /// It reaches no writer.
    None,
    /// It reaches the writer.
    Present,
    /// It reaches a former writer only, which has not heard of the new one.
    Former,
}

/// What became of a store.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum News {
    /// Its writer is lost.
    Lost { at: SiteId },
    /// It is back.
    Back { at: SiteId },
    /// It is given up.
    GivenUp { at: SiteId },
    /// Another one will follow.
    Promoting { to: SiteId },
    /// Another one has followed.
    HandedOver(Loss),
    /// It has stopped, and the home will follow without losing anything.
    Returning { from: SiteId },
    /// It goes on: the home cannot follow.
    Stays { at: SiteId },
    /// The home has followed.
    Returned { from: SiteId, to: SiteId },
    /// A former writer has stopped; what it accepted meanwhile is lost.
    Reconciled(Loss),
    /// A former writer begins to be made a replica again.
    Rejoining { at: SiteId },
    /// It is one.
    Rejoined { at: SiteId },
    /// A replica is back, and applies what it lacks of the log.
    CatchesUp { at: SiteId },
    /// It lacks nothing any more.
    CaughtUp { at: SiteId },
}

/// What a hand-over lost.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Loss {
    pub(crate) from: SiteId,
    pub(crate) to: SiteId,
    /// Acknowledged writes.
    pub(crate) writes: u64,
    /// Time over which they had been written.
    pub(crate) wrote_for: Span,
    /// Since when the store had had no writer.
    pub(crate) since: Instant,
}

/// What is seen of a store at an instant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Glimpse {
    sight: Sight,
    writing: Writing,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Writing {
    One {
        /// Who accepts writes, with the number of its reign.
        present: Option<(u32, Member)>,
        /// The number of the latest reign, whether its writer accepts anything or waits for replicas.
        latest: u32,
        /// Has it come home, in a hand-over that left nothing behind?
        came_home: bool,
        former: Vec<(u32, Member)>,
        /// The lag of each member when it was parted from the log; nothing while it follows.
        trailing: Vec<Span>,
        /// Who is being made a replica again, as a set.
        rebuilds: u32,
        /// Who is back and has not caught up, as a set.
        catching_up: u32,
        /// Where the router at each member's site sends what is for the writer; nothing where routers know.
        routed: Vec<Member>,
    },
    Anybody {
        /// How often each member has lost its power; nothing where none can lose by it.
        blackouts: Vec<u32>,
    },
}

impl Glimpse {
    /// How often a member of a store that many may write has lost its power, if it can lose anything by it.
    pub(crate) fn blackouts(&self, member: usize) -> u32 {
        match &self.writing {
            Writing::Anybody { blackouts } => blackouts.get(member).copied().unwrap_or(0),
            Writing::One { .. } => 0,
        }
    }

    /// Who accepts writes where one member does at a time, with the number of each one's reign.
    pub(crate) fn writers(&self) -> impl Iterator<Item = (u32, usize)> {
        let (former, present) = match &self.writing {
            Writing::One { former, present, .. } => (former.as_slice(), *present),
            Writing::Anybody { .. } => (&[][..], None),
        };
        former.iter().copied().chain(present).map(|(reign, member)| (reign, usize::from(member)))
    }

    /// Has the reign of this number begun? Its writer may not accept anything yet.
    pub(crate) fn has_begun(&self, reign: u32) -> bool {
        matches!(self.writing, Writing::One { latest, .. } if latest >= reign)
    }

    /// Does the reign of this number, which is the present one's, have all of the log before it, because its writer came home?
    pub(crate) fn came_home(&self, reign: u32) -> bool {
        matches!(self.writing, Writing::One { present: Some((present, _)), came_home: true, .. } if present == reign)
    }

    /// Where the router at a member's site sends what is for the writer, if that learns late.
    pub(crate) fn routed(&self, member: usize) -> Option<usize> {
        let Writing::One { routed, .. } = &self.writing else { return None };
        routed.get(member).map(|to| usize::from(*to))
    }

    /// The lag of a member when it was parted from the log, if it has been and trails.
    pub(crate) fn trailing(&self, member: usize) -> Option<Span> {
        let Writing::One { trailing, .. } = &self.writing else { return None };
        trailing.get(member).copied().filter(|lag| !lag.is_zero())
    }

    /// Is a member being made a replica again?
    pub(crate) fn rebuilds(&self, member: usize) -> bool {
        matches!(self.writing, Writing::One { rebuilds, .. } if rebuilds >> member & 1 == 1)
    }

    /// Does everybody reach everybody, and one member write, with the others as replicas that have caught up, if only one may?
    pub(crate) fn rests(&self) -> bool {
        let settled = match &self.writing {
            Writing::One { present, former, rebuilds, catching_up, routed, .. } => {
                let known = |(_, writer): (u32, Member)| routed.iter().all(|to| *to == writer);
                present.is_some_and(known) && former.is_empty() && (*rebuilds, *catching_up) == (0, 0)
            }
            Writing::Anybody { .. } => true,
        };
        settled && self.sight.is_whole()
    }

    pub(crate) fn alive(&self, member: usize) -> bool {
        self.sight.alive(member as Member)
    }

    pub(crate) fn joined(&self, a: usize, b: usize) -> bool {
        self.sight.joined(a as Member, b as Member)
    }
}

/// One store.
#[derive(Clone, Debug)]
struct Row<'d> {
    kind: Kind<'d>,
    /// The site of each member.
    sites: Vec<SiteId>,
    sight: Sight,
    access: Table<SiteId, Access>,
    readable: Table<SiteId, bool>,
    /// Of each member that can lose something by it: how often its power was lost, and whether it is.
    blackouts: Vec<(u32, bool)>,
    /// Members that act as its writer and whom clients hear.
    heard: usize,
    /// Where each site sends its writes, if that is learned late.
    routers: Option<Routers<'d>>,
    /// What began the present trouble.
    cause: Cause,
}

/// Who may write it.
#[derive(Clone, Debug)]
enum Kind<'d> {
    /// One at a time.
    Single(Box<Single<'d>>, Reads),
    /// Whoever reaches enough replicas.
    Replicated(&'d Replicated),
}

/// All stores.
#[derive(Clone, Debug)]
pub(crate) struct Stores<'d> {
    design: &'d Design,
    rows: Table<StoreId, Row<'d>>,
    /// The share of each population's requests at each site that fail for want of a store.
    failing: Table<PopulationId, Table<SiteId, f64>>,
    /// What may have changed them last, if they have not been looked at since.
    stirred: Option<Cause>,
    seed: Seed,
    replication: Replication,
}

impl<'d> Stores<'d> {
    pub(crate) fn new(design: &'d Design, nobody: Cause) -> Self {
        let specification = design.specification();
        let sites = &specification.sites;
        let row = |store: &'d Store| {
            let members = store.family.members();
            let kind = match &store.family {
                Family::Primary(plan) => Kind::Single(Box::new(Single::new(plan, members.len())), plan.reads),
                Family::Replicated(plan) => Kind::Replicated(plan),
            };
            let loses =
                matches!(&store.family, Family::Replicated(plan) if plan.agreeing.log_saved.is_some());
            Row {
                blackouts: if loses { vec![(0, false); members.len()] } else { Vec::new() },
                kind,
                sight: Sight::new(members.len(), |_| true, |_, _| true),
                sites: members,
                heard: 1,
                routers: routers(store, specification),
                access: sites.map(|_, _| Access::Present),
                readable: sites.map(|_, _| true),
                cause: nobody,
            }
        };
        Stores {
            design,
            rows: specification.stores.rows().iter().map(row).collect(),
            failing: specification.populations.map(|_, _| sites.map(|_, _| 0.0)),
            stirred: None,
            seed: Seed(0),
            replication: Replication(0),
        }
    }

    /// Begins a replication.
    pub(crate) fn reset(&mut self, seed: Seed, replication: Replication, now: Instant) {
        (self.seed, self.replication, self.stirred) = (seed, replication, None);
        self.failing.rows_mut().iter_mut().for_each(|of| of.rows_mut().fill(0.0));
        for row in self.rows.rows_mut() {
            row.sight = Sight::new(row.sites.len(), |_| true, |_, _| true);
            row.access.rows_mut().fill(Access::Present);
            row.readable.rows_mut().fill(true);
            row.blackouts.fill((0, false));
            row.heard = 1;
            row.routers.iter_mut().for_each(Routers::reset);
            if let Kind::Single(single, _) = &mut row.kind {
                single.reset(now);
            }
        }
    }

    /// Something that stores see may have changed.
    pub(crate) fn stir(&mut self, cause: Cause) {
        if !self.rows.is_empty() {
            self.stirred = Some(cause);
        }
    }

    /// What was to happen to a store by itself happens now.
    pub(crate) fn wake(&mut self, store: StoreId) {
        if let Kind::Single(single, _) = &mut self.rows[store].kind {
            single.timer = None;
        }
        self.stirred = self.stirred.or(Some(self.rows[store].cause));
    }

    /// Why they are to be looked at again, if they are.
    pub(crate) fn take_stirred(&mut self) -> Option<Cause> {
        self.stirred.take()
    }

    pub(crate) fn access(&self, store: StoreId, site: SiteId) -> Access {
        self.rows[store].access[site]
    }

    /// The share of a population's requests at `site` that fail for want of a store.
    pub(crate) fn failing(&self, population: PopulationId, site: SiteId) -> f64 {
        self.failing[population][site]
    }

    /// Can `site` write all of these?
    pub(crate) fn writes_all(&self, stores: &[StoreId], site: SiteId) -> bool {
        stores.iter().all(|store| self.rows[*store].access[site] != Access::None)
    }

    /// What began the trouble of the first store that fails requests at `site`.
    pub(crate) fn cause(&self, site: SiteId) -> Option<Cause> {
        let fails = |row: &&Row| row.access[site] == Access::None || !row.readable[site];
        self.rows.rows().iter().find(fails).map(|row| row.cause)
    }

    /// The trouble of a store.
    pub(crate) fn cause_of(&self, store: StoreId) -> Cause {
        self.rows[store].cause
    }

    /// Does anybody accept writes to `store` that count?
    pub(crate) fn has_writer(&self, store: StoreId, now: Instant) -> bool {
        let row = &self.rows[store];
        match &row.kind {
            Kind::Single(single, _) => single.writer(now, &row.sight).is_some(),
            Kind::Replicated(_) => row.sites.iter().any(|site| row.access[*site] == Access::Present),
        }
    }

    /// Does a former writer of `store` go on beside the present one?
    pub(crate) fn has_two_writers(&self, store: StoreId, now: Instant) -> bool {
        let divided = |single: &Single| !single.reign().is_undivided();
        matches!(&self.rows[store].kind, Kind::Single(single, _) if divided(single))
            && self.has_writer(store, now)
    }

    /// How many members act as the writer of `store`, or as its former one, at sites that clients hear.
    pub(crate) fn heard(&self, store: StoreId) -> usize {
        self.rows[store].heard
    }

    /// Is a former writer of `store` being made a replica again?
    pub(crate) fn is_rebuilt(&self, store: StoreId) -> bool {
        matches!(&self.rows[store].kind, Kind::Single(single, _) if single.reign().rejoining() != 0)
    }

    /// The run ends: what former writers of a store that still go on have accepted is in no other member's log.
    pub(crate) fn unreconciled(&mut self, store: StoreId, now: Instant, written: Written) -> Option<Loss> {
        let row = &mut self.rows[store];
        match &mut row.kind {
            Kind::Single(single, _) => single.unreconciled(now, &row.sites, written),
            Kind::Replicated(_) => None,
        }
    }

    /// How each member of a store comes by the log, if catching up takes time.
    pub(crate) fn paces(&self, store: StoreId) -> &[Pace] {
        match &self.rows[store].kind {
            Kind::Single(single, _) => single.paces(),
            Kind::Replicated(_) => &[],
        }
    }

    pub(crate) fn glimpse(&self, store: StoreId, now: Instant) -> Glimpse {
        let row = &self.rows[store];
        let writing = match &row.kind {
            Kind::Single(single, _) => Writing::One {
                present: single.present(now, &row.sight),
                latest: single.latest(),
                came_home: single.came_home(),
                former: single.formers().collect(),
                trailing: single.trailing().to_vec(),
                rebuilds: single.reign().rejoining(),
                catching_up: single.catching_up(),
                routed: row.routers.as_ref().map_or_else(Vec::new, |routers| {
                    row.sites.iter().map(|site| routers.goes_to(site.index())).collect()
                }),
            },
            Kind::Replicated(_) => {
                Writing::Anybody { blackouts: row.blackouts.iter().map(|(count, _)| *count).collect() }
            }
        };
        Glimpse { sight: row.sight.clone(), writing }
    }

    /// Does every store rest?
    pub(crate) fn are_settled(&self) -> bool {
        self.rows.rows().iter().all(|row| match &row.kind {
            Kind::Single(single, _) => single.is_settled() && row.routers_rest(),
            Kind::Replicated(_) => row.sight.is_whole(),
        })
    }

    /// Looks at a store again.
    pub(crate) fn look(
        &mut self,
        store: StoreId,
        now: Instant,
        (sites, network): (&Sites, &Network),
        written: Written,
        cause: Cause,
        agenda: &mut Agenda,
    ) -> Vec<News> {
        let reach = Reach { sites, network };
        let stream = || {
            let name = StreamName::of(&self.design.specification().stores[store].name, "store");
            Stream::new(self.seed, self.replication, name)
        };
        let row = &mut self.rows[store];
        if row.is_settled() {
            row.cause = cause;
        }
        row.sight = reach.sight(&row.sites);
        for ((count, dark), site) in row.blackouts.iter_mut().zip(&row.sites) {
            let truth = sites.truth(*site);
            let now = truth.down && truth.powerless;
            *count += u32::from(now && !*dark);
            *dark = now;
        }
        let mut news = Vec::new();
        if let Kind::Single(single, _) = &mut row.kind {
            let mut stream = single.stream.take().unwrap_or_else(stream);
            news = single.look(now, (&row.sites, &row.sight), written, &mut stream);
            single.stream = Some(stream);
            if let Some(ticket) = single.timer.take() {
                agenda.cancel(ticket);
            }
        }
        row.open(&reach, now, (self.seed, self.replication));
        row.wind(store, now, written, agenda);
        self.weigh();
        news
    }

    /// How much fails at each site.
    fn weigh(&mut self) {
        let specification = self.design.specification();
        let shares = specification.sites.map(|site, _| {
            let lacks = |id: &StoreId| self.rows[*id].access[site] == Access::None;
            let hidden = |id: &StoreId| !self.rows[*id].readable[site];
            let fails =
                |class: &RequestClass| class.writes.iter().any(lacks) || class.reads.iter().any(hidden);
            specification.requests.iter().map(|class| if fails(class) { class.share } else { 0.0 }).collect()
        });
        for population in specification.populations.ids() {
            for (site, shares) in shares.iter() {
                let shares: &Vec<f64> = shares;
                let mine =
                    specification.requests.iter().zip(shares).filter(|(class, _)| class.is_of(population));
                self.failing[population][site] = mine.map(|(_, share)| share).sum::<f64>().min(1.0);
            }
        }
    }
}

/// The routers of a store, if they learn late.
fn routers<'d>(store: &'d Store, specification: &'d Specification) -> Option<Routers<'d>> {
    let Family::Primary(plan) = &store.family else { return None };
    let sites = specification.sites.rows().iter().map(|site| site.name.as_str());
    plan.routers_learn.as_ref().map(|law| Routers::new(law, &store.name, sites))
}

/// Who reaches whom among sites.
struct Reach<'w> {
    sites: &'w Sites,
    network: &'w Network,
}

impl Reach<'_> {
    fn alive(&self, site: SiteId) -> bool {
        !self.sites.truth(site).down
    }

    fn joined(&self, a: SiteId, b: SiteId) -> bool {
        let open = |site| !self.sites.truth(site).isolated.sites;
        a == b || (open(a) && open(b) && self.network.site_reaches(a, b))
    }

    fn sight(&self, members: &[SiteId]) -> Sight {
        let joined = |a: usize, b: usize| self.joined(members[a], members[b]);
        Sight::new(members.len(), |member| self.alive(members[member]), joined)
    }
}

impl Row<'_> {
    fn is_settled(&self) -> bool {
        match &self.kind {
            Kind::Single(single, _) => single.reign().is_settled() && self.routers_rest(),
            Kind::Replicated(_) => self.sight.is_whole(),
        }
    }

    /// Does every router that reaches the writer know it?
    fn routers_rest(&self) -> bool {
        self.routers.as_ref().is_none_or(|routers| routers.next().is_none())
    }

    /// Puts on the agenda what happens to it by itself next.
    fn wind(&mut self, store: StoreId, now: Instant, written: Written, agenda: &mut Agenda) {
        let Kind::Single(single, _) = &mut self.kind else { return };
        let learned = self.routers.as_ref().and_then(Routers::next);
        let next = single.next(now, written).into_iter().chain(learned).min();
        single.timer = next.map(|at| agenda.add(at, Event::Store(store)));
    }

    /// Where it can be written and read from now on.
    fn open(&mut self, reach: &Reach, now: Instant, keys: (Seed, Replication)) {
        match &self.kind {
            Kind::Single(..) => self.open_single(reach, now, keys),
            Kind::Replicated(plan) => self.open_replicated(plan, reach),
        }
    }

    fn open_single(&mut self, reach: &Reach, now: Instant, keys: (Seed, Replication)) {
        let Kind::Single(single, reads) = &self.kind else { return };
        let site = |member: Member| self.sites[usize::from(member)];
        let writer = single.writer(now, &self.sight).map(site);
        let former: Vec<SiteId> = single.formers().map(|(_, member)| site(member)).collect();
        let acting = writer.iter().chain(&former);
        self.heard = acting.filter(|site| reach.sites.truth(**site).serves()).count();
        if let Some(routers) = &mut self.routers {
            let present = single.writer(now, &self.sight).zip(writer);
            let reaches =
                |from: usize| writer.is_some_and(|writer| reach.joined(SiteId::from_index(from), writer));
            routers.look(now, present.map(|(member, site)| (member, site.index())), reaches, keys);
        }
        let goes_to = |id: SiteId| self.routers.as_ref().map(|routers| site(routers.goes_to(id.index())));
        for id in self.access.ids() {
            let known = goes_to(id);
            self.access[id] = match writer {
                Some(writer) if known.is_none_or(|known| known == writer) && reach.joined(id, writer) => {
                    Access::Present
                }
                _ if former
                    .iter()
                    .any(|to| known.is_none_or(|known| known == *to) && reach.joined(id, *to)) =>
                {
                    Access::Former
                }
                _ => Access::None,
            };
        }
        let unread = single.unread();
        for id in self.readable.ids() {
            let mut members = self.sites.iter().enumerate();
            let answers = |(member, site): (usize, &SiteId)| {
                unread >> member & 1 == 0 && reach.alive(*site) && reach.joined(id, *site)
            };
            self.readable[id] = match reads {
                Reads::Primary => self.access[id] != Access::None,
                Reads::Nearest | Reads::Uniform | Reads::Sticky => members.any(answers),
                Reads::From(member) => members.nth(*member).is_some_and(answers),
            };
        }
    }

    /// Members coordinate for themselves, other sites turn to any member in reach.
    fn open_replicated(&mut self, plan: &Replicated, reach: &Reach) {
        let met = |level, member: usize| levels::met(level, member as Member, &plan.members, &self.sight);
        let may: Vec<(SiteId, bool, bool)> = (self.sites.iter().enumerate())
            .map(|(member, site)| (*site, met(plan.write, member), met(plan.read, member)))
            .collect();
        for id in self.access.ids() {
            let own = self.sites.contains(&id);
            let coordinators =
                || may.iter().filter(|(site, ..)| if own { *site == id } else { reach.joined(id, *site) });
            let writes = coordinators().any(|(_, writes, _)| *writes);
            self.access[id] = if writes { Access::Present } else { Access::None };
            self.readable[id] = coordinators().any(|(_, _, reads)| *reads);
        }
    }
}

const _: () = assert!(MEMBERS_MAX <= u32::BITS as usize);
