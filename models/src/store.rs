//! Stores: who may write, where requests can read and write, and what is lost when the writer changes.
//!
//! The layer lies between network and traffic. A site that cannot reach a store fails the requests that use it; what it can
//! reach follows from the truth of the sites at which members of the store stand, and from the network between them.
//!
//! Assumptions:
//! - What a site serves is accepted by the store: capacity and errors of sites do not slow the log.
//! - A former writer that rejoins drops what nobody else has, and follows at once.

mod copies;
mod reign;

pub(crate) use reign::MEMBERS_MAX;
use reign::{HandOver, Member, Reign, Sight, State};

use crate::design::Design;
use crate::event::{Agenda, Event};
use crate::network::Network;
use crate::site::Sites;
use crate::specification::{Acknowledged, Family, Primary, Reads, SiteId, Store, StoreId};
use crate::world::Cause;
use copies::Backlog;
use sim::law::poisson;
use sim::{Instant, Replication, Seed, Span, Stream, StreamName, Table, Ticket};

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
    /// A former writer has stopped; what it accepted meanwhile is lost.
    Reconciled(Loss),
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
    /// Who accepts writes, with the number of its reign.
    present: Option<(u32, Member)>,
    former: Vec<(u32, Member)>,
    /// The lag of each member when it was parted from the log; nothing while it follows.
    trailing: Vec<Span>,
}

impl Glimpse {
    /// Who accepts writes, with the number of each one's reign.
    pub(crate) fn writers(&self) -> impl Iterator<Item = (u32, usize)> {
        self.former.iter().copied().chain(self.present).map(|(reign, member)| (reign, usize::from(member)))
    }

    /// The lag of a member when it was parted from the log, if it has been and trails.
    pub(crate) fn trailing(&self, member: usize) -> Option<Span> {
        self.trailing.get(member).copied().filter(|lag| !lag.is_zero())
    }

    /// Does one member write, and everybody reach everybody?
    pub(crate) fn rests(&self) -> bool {
        self.present.is_some() && self.former.is_empty() && self.sight.is_whole()
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
    plan: &'d Primary,
    /// The site of each member.
    sites: Vec<SiteId>,
    reign: Reign,
    sight: Sight,
    backlogs: Vec<Backlog>,
    /// The lag of each member when it was parted from the log.
    trailing: Vec<Span>,
    stream: Option<Stream>,
    timer: Option<Ticket>,
    /// Who had followed a writer that waited for acknowledgements when it was lost, as a set.
    followed: u32,
    /// Writes a second when the writer was lost.
    rate: f64,
    access: Table<SiteId, Access>,
    readable: Table<SiteId, bool>,
    /// What began the present trouble.
    cause: Cause,
    /// The log of former writers when they were left behind.
    written_by_former: f64,
    /// Hand-overs so far, and those before the one that left each former writer behind.
    reigns: u32,
    left_behind: Vec<u32>,
}

/// All stores.
#[derive(Clone, Debug)]
pub(crate) struct Stores<'d> {
    design: &'d Design,
    rows: Table<StoreId, Row<'d>>,
    /// The share of the requests at each site that fail for want of a store.
    failing: Table<SiteId, f64>,
    /// What may have changed them last, if they have not been looked at since.
    stirred: Option<Cause>,
    seed: Seed,
    replication: Replication,
}

impl<'d> Stores<'d> {
    pub(crate) fn new(design: &'d Design, nobody: Cause) -> Self {
        let sites = &design.specification().sites;
        let row = |store: &'d Store| {
            let Family::Primary(plan) = &store.family;
            let members: Vec<SiteId> =
                std::iter::once(plan.home).chain(plan.replicas.iter().copied()).collect();
            Row {
                plan,
                reign: Reign::NOMINAL,
                sight: Sight::new(members.len(), |_| true, |_, _| true),
                backlogs: vec![Backlog::none(Instant::ZERO); members.len()],
                trailing: vec![Span::ZERO; members.len()],
                stream: None,
                timer: None,
                followed: 0,
                rate: 0.0,
                access: sites.map(|_, _| Access::Present),
                readable: sites.map(|_, _| true),
                cause: nobody,
                written_by_former: 0.0,
                reigns: 0,
                left_behind: vec![0; members.len()],
                sites: members,
            }
        };
        Stores {
            design,
            rows: design.specification().stores.rows().iter().map(row).collect(),
            failing: sites.map(|_, _| 0.0),
            stirred: None,
            seed: Seed(0),
            replication: Replication(0),
        }
    }

    /// Begins a replication.
    pub(crate) fn reset(&mut self, seed: Seed, replication: Replication, now: Instant) {
        (self.seed, self.replication, self.stirred) = (seed, replication, None);
        self.failing.rows_mut().fill(0.0);
        for row in self.rows.rows_mut() {
            row.reign = Reign::NOMINAL;
            row.sight = Sight::new(row.sites.len(), |_| true, |_, _| true);
            row.backlogs.fill(Backlog::none(now));
            row.trailing.fill(Span::ZERO);
            row.stream = None;
            row.timer = None;
            row.access.rows_mut().fill(Access::Present);
            row.readable.rows_mut().fill(true);
            row.written_by_former = 0.0;
            row.reigns = 0;
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
        self.rows[store].timer = None;
        self.stirred = self.stirred.or(Some(self.rows[store].cause));
    }

    /// Why they are to be looked at again, if they are.
    pub(crate) fn take_stirred(&mut self) -> Option<Cause> {
        self.stirred.take()
    }

    pub(crate) fn access(&self, store: StoreId, site: SiteId) -> Access {
        self.rows[store].access[site]
    }

    /// The share of the requests at `site` that fail for want of a store.
    pub(crate) fn failing(&self, site: SiteId) -> f64 {
        self.failing[site]
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
        row.reign.writer(now, row.plan, &row.sight).is_some()
    }

    /// Does a former writer of `store` go on beside the present one?
    pub(crate) fn has_two_writers(&self, store: StoreId, now: Instant) -> bool {
        !self.rows[store].reign.is_undivided() && self.has_writer(store, now)
    }

    pub(crate) fn glimpse(&self, store: StoreId, now: Instant) -> Glimpse {
        let row = &self.rows[store];
        Glimpse {
            sight: row.sight.clone(),
            present: row.reign.writer(now, row.plan, &row.sight).map(|member| (row.reigns, member)),
            former: row.left_behind_writers().collect(),
            trailing: row.trailing.clone(),
        }
    }

    /// Does every store rest?
    pub(crate) fn are_settled(&self) -> bool {
        let settled = |row: &Row| row.reign.is_settled() && row.backlogs.iter().all(Backlog::is_joined);
        self.rows.rows().iter().all(settled)
    }

    /// Looks at a store again. `written` is how much has been written to it so far, by the present writer and by former ones,
    /// and `rate` what is written a second.
    #[expect(clippy::too_many_arguments, reason = "the layers it sees, each a plain value")]
    pub(crate) fn look(
        &mut self,
        store: StoreId,
        now: Instant,
        (sites, network): (&Sites, &Network),
        (written, by_former): (f64, f64),
        rate: f64,
        cause: Cause,
        agenda: &mut Agenda,
    ) -> Vec<News> {
        let reach = Reach { sites, network };
        let stream = || {
            let name = StreamName::of(&self.design.specification().stores[store].name, "store");
            Stream::new(self.seed, self.replication, name)
        };
        let row = &mut self.rows[store];
        let mut stream = row.stream.take().unwrap_or_else(stream);
        let members = row.sites.clone();
        let before = row.reign.state();
        if row.reign.is_settled() {
            row.cause = cause;
        }
        let was_safe = row.reign.is_safe(row.plan);
        row.sight = reach.sight(&members);
        row.follow(now, written, rate, was_safe, &mut stream);
        let (trailing, plan, row_rate) = (row.backlogs.clone(), row.plan, row.rate);
        let trails = |member: Member| {
            let lacking = trailing[usize::from(member)].lacking(now, written, plan.apply_rate);
            if row_rate > 0.0 { Span::from_seconds(lacking / row_rate) } else { Span::ZERO }
        };
        let undivided = row.reign.is_undivided();
        let former: u32 = row.reign.old_writers().fold(0, |set, member| set | 1 << member);
        let (done, stopped) = row.reign.look(now, plan, &row.sight, &mut stream, trails);
        for member in row.reign.old_writers().filter(|member| former >> member & 1 == 0) {
            row.left_behind[usize::from(member)] = row.reigns;
        }
        if undivided {
            row.written_by_former = by_former;
        }
        let mut news = row.tell(before);
        if let Some(done) = done {
            news.push(News::HandedOver(row.hand_over(done, now, written, &mut stream)));
        }
        for former in (0..MEMBERS_MAX as Member).filter(|member| stopped >> member & 1 == 1) {
            news.push(News::Reconciled(row.reconciled(former, now, by_former, &mut stream)));
        }
        row.open(&reach, now);
        row.stream = Some(stream);
        row.plan_timer(store, now, agenda);
        self.weigh();
        news
    }

    /// How much fails at each site.
    fn weigh(&mut self) {
        let specification = self.design.specification();
        for site in specification.sites.ids() {
            let lacks = |id: &StoreId| self.rows[*id].access[site] == Access::None;
            let hidden = |id: &StoreId| !self.rows[*id].readable[site];
            let fails = specification
                .requests
                .iter()
                .filter(|class| class.writes.iter().any(lacks) || class.reads.iter().any(hidden));
            self.failing[site] = fails.map(|class| class.share).sum::<f64>().min(1.0);
        }
    }
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
    /// Whose log the others follow.
    fn head(&self) -> Member {
        match self.reign.state() {
            State::Writing { at } | State::Doubted { at, .. } => at,
            State::Vacant { last, .. } | State::Promoting { last, .. } => last,
        }
    }

    /// Who is cut off from the log, and who is back.
    fn follow(&mut self, now: Instant, written: f64, rate: f64, safe: bool, stream: &mut Stream) {
        let head = self.head();
        if matches!(self.reign.state(), State::Writing { .. }) {
            // Nobody may reach it just now.
            self.rate = if rate > 0.0 { rate } else { self.rate };
            let followers = (0..self.backlogs.len()).filter(|member| self.backlogs[*member].is_joined());
            let others = followers.filter(|member| *member != usize::from(head));
            self.followed = if safe { others.fold(0, |set, member| set | 1 << member) } else { 0 };
        }
        if self.reign.is_alone(now, self.plan) {
            self.followed = 0;
        }
        // Where every follower has to acknowledge, none trails what is acknowledged.
        let followers = self.backlogs.iter().filter(|backlog| backlog.is_joined()).count() - 1;
        let all_needed = matches!(self.plan.acknowledged, Acknowledged::Received { replicas, .. } if safe && followers <= replicas as usize);
        for (member, backlog) in self.backlogs.iter_mut().enumerate() {
            let joined = member == usize::from(head) || self.sight.joined(head, member as Member);
            if joined == backlog.is_joined() {
                continue;
            }
            let trails = !joined && !all_needed;
            let drawn = if trails { self.plan.lag.sample(stream) } else { Span::ZERO };
            self.trailing[member] = drawn;
            let lag = rate * drawn.seconds();
            backlog.join(joined, now, written, self.plan.apply_rate, lag);
        }
    }

    /// Former writers that go on, with the number of each one's reign.
    fn left_behind_writers(&self) -> impl Iterator<Item = (u32, Member)> + '_ {
        self.reign.old_writers().map(|member| (self.left_behind[usize::from(member)], member))
    }

    fn tell(&self, before: State) -> Vec<News> {
        let site = |member: Member| self.sites[usize::from(member)];
        match (before, self.reign.state()) {
            (before, after) if before == after => Vec::new(),
            (State::Writing { .. }, State::Doubted { at, .. }) => vec![News::Lost { at: site(at) }],
            (State::Doubted { .. }, State::Writing { at }) => vec![News::Back { at: site(at) }],
            (_, State::Vacant { last, .. }) => vec![News::GivenUp { at: site(last) }],
            (_, State::Promoting { to, .. }) => vec![News::Promoting { to: site(to) }],
            _ => Vec::new(),
        }
    }

    /// The writer has changed: what the new one lacks is lost.
    fn hand_over(&mut self, done: HandOver, now: Instant, written: f64, stream: &mut Stream) -> Loss {
        let (from, to) = (usize::from(done.from), usize::from(done.to));
        let mean = if from == to || self.has_everything(done.to) {
            0.0
        } else {
            self.backlogs[to].lacking(now, written, self.plan.apply_rate)
        };
        for backlog in &mut self.backlogs {
            backlog.shorten(mean, now, written, self.plan.apply_rate);
        }
        self.backlogs[to] = Backlog::none_of(now, written);
        if from != to {
            self.backlogs[from] = Backlog::none_of(now, written);
        }
        self.trailing.fill(Span::ZERO);
        for member in 0..self.backlogs.len() {
            let joined = self.sight.joined(done.to, member as Member);
            self.backlogs[member].join(joined, now, written, self.plan.apply_rate, 0.0);
        }
        self.reigns += 1;
        let seconds = if self.rate > 0.0 { mean / self.rate } else { 0.0 };
        Loss {
            from: self.sites[from],
            to: self.sites[to],
            writes: poisson(mean, stream),
            wrote_for: Span::from_seconds(seconds),
            since: done.since,
        }
    }

    /// Are there, among those in reach of `to`, so many that followed a writer which waited for acknowledgements that one
    /// of them has every write it acknowledged?
    fn has_everything(&self, to: Member) -> bool {
        let Acknowledged::Received { replicas, .. } = self.plan.acknowledged else {
            return false;
        };
        let in_reach = (0..self.sites.len())
            .filter(|member| self.followed >> member & 1 == 1 && self.sight.joined(to, *member as Member));
        self.followed != 0 && in_reach.count() as u32 + replicas > self.followed.count_ones()
    }

    /// What former writers have accepted since the last of them stopped is lost with the first that stops: their books are
    /// one.
    fn reconciled(&mut self, former: Member, now: Instant, by_former: f64, stream: &mut Stream) -> Loss {
        let writes = (by_former - self.written_by_former).max(0.0);
        self.written_by_former = by_former;
        let seconds = if self.rate > 0.0 { writes / self.rate } else { 0.0 };
        let to = self.sites[usize::from(self.head())];
        Loss {
            from: self.sites[usize::from(former)],
            to,
            writes: poisson(writes, stream),
            wrote_for: Span::from_seconds(seconds),
            since: now,
        }
    }

    /// Where it can be written and read from now on.
    fn open(&mut self, reach: &Reach, now: Instant) {
        let site = |member: Member| self.sites[usize::from(member)];
        let writer = self.reign.writer(now, self.plan, &self.sight).map(site);
        let former: Vec<SiteId> = self.reign.old_writers().map(site).collect();
        for id in self.access.ids() {
            self.access[id] = match writer {
                Some(writer) if reach.joined(id, writer) => Access::Present,
                _ if former.iter().any(|former| reach.joined(id, *former)) => Access::Former,
                _ => Access::None,
            };
        }
        let any = self.plan.reads == Reads::Any;
        for id in self.readable.ids() {
            let in_reach = |member: &SiteId| reach.alive(*member) && reach.joined(id, *member);
            self.readable[id] =
                if any { self.sites.iter().any(in_reach) } else { self.access[id] != Access::None };
        }
    }

    fn plan_timer(&mut self, store: StoreId, now: Instant, agenda: &mut Agenda) {
        if let Some(ticket) = self.timer.take() {
            agenda.cancel(ticket);
        }
        self.timer = self.reign.next(now, self.plan).map(|at| agenda.add(at, Event::Store(store)));
    }
}

const _: () = assert!(MEMBERS_MAX <= u32::BITS as usize);
