//! A store with one writer at a time: who follows its log, and what a hand-over loses.

use super::copies::{Backlog, Pace};
use super::reign::{HandOver, Member, Reign, Seen, Sight, Standing, State};
use super::{Loss, News};
use crate::specification::{Acknowledged, Acknowledgers, LagDrawn, Primary, SiteId};
use crate::trail::Trail;
use sim::law::poisson;
use sim::{Instant, Span, Stream, Ticket};

/// What such a store goes through.
#[derive(Clone, Debug)]
pub(super) struct Single<'d> {
    plan: &'d Primary,
    /// How far members trail, where each write has a lag of its own.
    trail: Option<Trail>,
    reign: Reign,
    backlogs: Vec<Backlog>,
    /// The lag of each member when it was parted from the log.
    trailing: Vec<Span>,
    pub(super) stream: Option<Stream>,
    pub(super) timer: Option<Ticket>,
    /// Who had followed a writer that waited for acknowledgements when it was lost, as a set.
    followed: u32,
    /// Who followed when writes last waited for acknowledgements, as a set, and how long the log was then.
    before_alone: (u32, f64),
    /// Writes a second when the writer was lost.
    rate: f64,
    /// The log of former writers when they were left behind.
    written_by_former: f64,
    /// Has the present writer come home, with all of the log?
    came_home: bool,
    /// Hand-overs so far, and those before the one that left each former writer behind.
    reigns: u32,
    left_behind: Vec<u32>,
    /// How each member comes by the log; nothing where whoever is back has at once what it lacked.
    paces: Vec<Pace>,
}

/// What has been written to a store so far, and is written now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Written {
    /// Writes accepted by the present writer and those before it.
    pub(crate) by_present: f64,
    /// Writes accepted by former writers.
    pub(crate) by_former: f64,
    /// Writes a second.
    pub(crate) rate: f64,
}

impl<'d> Single<'d> {
    pub(super) fn new(plan: &'d Primary, members: usize) -> Self {
        Single {
            plan,
            trail: (plan.lag_drawn == LagDrawn::Write).then(|| Trail::new(&plan.lag)),
            reign: Reign::NOMINAL,
            backlogs: vec![Backlog::none(Instant::ZERO); members],
            trailing: vec![Span::ZERO; members],
            stream: None,
            timer: None,
            followed: 0,
            before_alone: (0, 0.0),
            rate: 0.0,
            written_by_former: 0.0,
            came_home: false,
            reigns: 0,
            left_behind: vec![0; members],
            paces: vec![Pace::Follows; if plan.apply_rate.is_some() { members } else { 0 }],
        }
    }

    pub(super) fn reset(&mut self, now: Instant) {
        self.reign = Reign::NOMINAL;
        self.backlogs.fill(Backlog::none(now));
        self.trailing.fill(Span::ZERO);
        (self.stream, self.timer) = (None, None);
        (self.followed, self.before_alone, self.rate) = (0, (0, 0.0), 0.0);
        self.written_by_former = 0.0;
        (self.came_home, self.reigns) = (false, 0);
        self.paces.fill(Pace::Follows);
    }

    pub(super) fn reign(&self) -> &Reign {
        &self.reign
    }

    /// Who accepts writes that count.
    pub(super) fn writer(&self, now: Instant, sight: &Sight) -> Option<Member> {
        self.reign.writer(now, self.plan, sight)
    }

    /// The writer with the number of its reign.
    pub(super) fn present(&self, now: Instant, sight: &Sight) -> Option<(u32, Member)> {
        self.writer(now, sight).map(|member| (self.reigns, member))
    }

    /// The number of the latest reign.
    pub(super) fn latest(&self) -> u32 {
        self.reigns
    }

    /// Has the present writer come home, in a hand-over that left nothing behind?
    pub(super) fn came_home(&self) -> bool {
        self.came_home
    }

    /// Former writers that go on, with the number of each one's reign.
    pub(super) fn formers(&self) -> impl Iterator<Item = (u32, Member)> + '_ {
        self.reign.old_writers().map(|member| (self.left_behind[usize::from(member)], member))
    }

    /// The lag of each member when it was parted from the log.
    pub(super) fn trailing(&self) -> &[Span] {
        &self.trailing
    }

    /// How each member comes by the log, if catching up takes time.
    pub(super) fn paces(&self) -> &[Pace] {
        &self.paces
    }

    /// Who is back and has not caught up, as a set.
    pub(super) fn catching_up(&self) -> u32 {
        let behind = |(_, pace): &(usize, &Pace)| matches!(pace, Pace::CatchesUp { .. });
        self.paces.iter().enumerate().filter(behind).fold(0, |set, (member, _)| set | 1 << member)
    }

    /// Who answers no reads: those that are being made replicas again, or hold no data, as a set.
    pub(super) fn unread(&self) -> u32 {
        self.reign.rejoining() | self.plan.without_data()
    }

    /// Does it rest?
    pub(super) fn is_settled(&self) -> bool {
        self.reign.is_settled()
            && self.reign.rejoining() == 0
            && self.catching_up() == 0
            && self.backlogs.iter().all(Backlog::is_joined)
    }

    /// When something happens to it by itself next, as far as is known now.
    pub(super) fn next(&self, now: Instant, written: Written) -> Option<Instant> {
        let whole = self.reign.catches_up().map(|member| self.caught_up(member, now, written));
        let behind = self.catching_up();
        let all = (0..self.paces.len()).filter(|member| behind >> member & 1 == 1);
        let caught_up = all.map(|member| self.caught_up(member as Member, now, written));
        self.reign.next(now, self.plan).into_iter().chain(whole).chain(caught_up).min()
    }

    /// When a member will lack nothing if writes go on as now; a first guess, which a later look corrects, if there are more
    /// of them than it applies.
    fn caught_up(&self, member: Member, now: Instant, written: Written) -> Instant {
        let lacking =
            self.backlogs[usize::from(member)].lacking(now, written.by_present, self.plan.apply_rate);
        let apply = self.plan.apply_rate.unwrap_or(f64::INFINITY);
        let gained = if apply > written.rate { apply - written.rate } else { apply };
        now.saturating_add(Span::from_seconds(lacking / gained).max(Span::from_millis(1)))
    }

    /// Takes in what is seen now; `sites` are those of its members.
    pub(super) fn look(
        &mut self,
        now: Instant,
        (sites, sight): (&[SiteId], &Sight),
        written: Written,
        stream: &mut Stream,
    ) -> Vec<News> {
        let before = self.reign.state();
        let was_safe = self.reign.is_safe(self.plan);
        self.follow(now, sight, written, was_safe, stream);
        let (plan, rate) = (self.plan, self.rate);
        let standing = |backlog: &Backlog, member: usize| {
            let lacking = backlog.lacking(now, written.by_present, plan.apply_rate);
            let behind = if rate > 0.0 { Span::from_seconds(lacking / rate) } else { Span::ZERO };
            let followed = self.followed >> member & 1 == 1;
            Standing {
                behind,
                synchronous: followed && self.has_everything(member as Member, sight, self.followed),
            }
        };
        let all: Vec<Standing> =
            self.backlogs.iter().enumerate().map(|(member, backlog)| standing(backlog, member)).collect();
        let stands = |member: Member| all[usize::from(member)];
        let undivided = self.reign.is_undivided();
        let known: Vec<Member> = self.reign.given_up_so_far().collect();
        let seen = self.reign.look(now, plan, sight, stream, stands);
        for member in self.reign.given_up_so_far().filter(|member| !known.contains(member)) {
            self.left_behind[usize::from(member)] = self.reigns;
        }
        if undivided {
            self.written_by_former = written.by_former;
        }
        let mut news = tell(before, self.reign.state(), sites);
        self.tell_seen(seen, now, (sites, sight), written, stream, &mut news);
        for ((pace, backlog), site) in self.paces.iter_mut().zip(&self.backlogs).zip(sites) {
            let before = std::mem::replace(pace, backlog.pace(now, written.by_present, plan.apply_rate));
            news.extend(Pace::news(before, *pace, *site));
        }
        news
    }

    fn tell_seen(
        &mut self,
        seen: Seen,
        now: Instant,
        (sites, sight): (&[SiteId], &Sight),
        written: Written,
        stream: &mut Stream,
        news: &mut Vec<News>,
    ) {
        let site = |member: Member| sites[usize::from(member)];
        if let Some(done) = seen.done {
            news.push(News::HandedOver(self.hand_over(done, now, (sites, sight), written, stream)));
        }
        if let Some(from) = seen.returned {
            self.bring_home(now, sight, written);
            news.push(News::Returned { from: site(from), to: site(self.head()) });
        }
        for former in seen.stopped {
            news.push(News::Reconciled(self.reconciled(site(former), now, sites, written, stream)));
        }
        news.extend(seen.rejoining.into_iter().map(|member| News::Rejoining { at: site(member) }));
        news.extend(seen.rejoined.into_iter().map(|member| News::Rejoined { at: site(member) }));
    }

    /// Whose log the others follow.
    fn head(&self) -> Member {
        match self.reign.state() {
            State::Writing { at } | State::Doubted { at, .. } => at,
            State::Vacant { last, .. } | State::Promoting { last, .. } => last,
            State::Returning { from, .. } => from,
        }
    }

    /// Those that have the whole log of `head`, and whose acknowledgement counts with it, of which those that a write waits for are,
    /// as a set. Who is back from having been cut off and has not caught up, or is being made a replica again, has not.
    fn followers(&self, head: Member, now: Instant, written: Written) -> u32 {
        let whole = |backlog: &Backlog| {
            backlog.is_joined() && backlog.lacking(now, written.by_present, self.plan.apply_rate) == 0.0
        };
        let counting = self.counting(head);
        let counts = |member: usize| counting >> member & 1 == 1;
        let all = (0..self.backlogs.len()).filter(|member| whole(&self.backlogs[*member]) && counts(*member));
        let first = match self.plan.acknowledged {
            Acknowledged::Received { replicas, which: Acknowledgers::First, .. } => replicas as usize,
            _ => usize::MAX,
        };
        all.take(first).fold(0, |set, member| set | 1 << member)
    }

    /// Whose acknowledgement counts with the log of `head`, as a set.
    fn counting(&self, head: Member) -> u32 {
        self.plan.acknowledgers(usize::from(head)) & !self.unread()
    }

    /// Who is cut off from the log, and who is back.
    fn follow(&mut self, now: Instant, sight: &Sight, written: Written, safe: bool, stream: &mut Stream) {
        let head = self.head();
        if matches!(self.reign.state(), State::Writing { .. }) {
            // Nobody may reach it just now.
            self.rate = if written.rate > 0.0 { written.rate } else { self.rate };
            if safe {
                self.followed = self.followers(head, now, written);
                self.before_alone = (self.followed, written.by_present);
            }
        }
        // While it waits for replicas nothing is acknowledged: whoever had everything still has.
        if self.reign.is_alone(now, self.plan) {
            self.followed = 0;
        }
        let needed = if safe { self.needed() } else { 0 };
        for (member, backlog) in self.backlogs.iter_mut().enumerate() {
            let joined = member == usize::from(head) || sight.joined(head, member as Member);
            if joined == backlog.is_joined() {
                continue;
            }
            let trails = !joined && needed >> member & 1 == 0;
            let (drawn, lag) = match &self.trail {
                _ if !trails => (Span::ZERO, 0.0),
                None => {
                    let drawn = self.plan.lag.sample(stream);
                    (drawn, written.rate * drawn.seconds())
                }
                // The oldest that is lacking, and those after it.
                Some(trail) => {
                    let drawn = trail.draw(written.rate, stream);
                    let oldest = f64::from(!drawn.is_zero());
                    (drawn, oldest + written.rate * drawn.seconds())
                }
            };
            self.trailing[member] = drawn;
            backlog.join(joined, now, written.by_present, self.plan.apply_rate, lag);
        }
    }

    /// Those without which no write is acknowledged, so that they trail nothing acknowledged, as a set: the first that follow,
    /// or all that do if there are no more than a write waits for. Who does not count is not among them, and trails.
    fn needed(&self) -> u32 {
        let joined = self.backlogs.iter().enumerate().filter(|(_, backlog)| backlog.is_joined());
        let counting = joined.fold(0, |set, (member, _)| set | 1 << member) & self.counting(self.head());
        match self.plan.acknowledged {
            Acknowledged::Received { which: Acknowledgers::First, .. } => self.followed,
            Acknowledged::Received { replicas, .. } if counting.count_ones() <= replicas => counting,
            _ => 0,
        }
    }

    /// The writer has changed: what the new one lacks is lost.
    fn hand_over(
        &mut self,
        done: HandOver,
        now: Instant,
        (sites, sight): (&[SiteId], &Sight),
        written: Written,
        stream: &mut Stream,
    ) -> Loss {
        let (from, to, log) = (usize::from(done.from), usize::from(done.to), written.by_present);
        let (followed, length) = self.before_alone;
        let mean = if from == to || self.has_everything(done.to, sight, self.followed) {
            0.0
        } else if self.has_everything(done.to, sight, followed) {
            // At most what the writer has acknowledged alone.
            self.backlogs[to].lacking(now, log, self.plan.apply_rate).min(log - length)
        } else {
            self.backlogs[to].lacking(now, log, self.plan.apply_rate)
        };
        for backlog in &mut self.backlogs {
            backlog.shorten(mean, now, log, self.plan.apply_rate);
        }
        self.backlogs[to] = Backlog::none_of(now, log);
        if from != to {
            self.backlogs[from] = Backlog::none_of(now, log);
        }
        self.begin_reign(done.to, now, sight, written);
        self.came_home = false;
        let seconds = if self.rate > 0.0 { mean / self.rate } else { 0.0 };
        Loss {
            from: sites[from],
            to: sites[to],
            writes: poisson(mean, stream),
            wrote_for: Span::from_seconds(seconds),
            since: done.since,
        }
    }

    /// The home has the whole log of the writer that stopped for it, and begins.
    fn bring_home(&mut self, now: Instant, sight: &Sight, written: Written) {
        let home = self.head();
        self.backlogs[usize::from(home)] = Backlog::none_of(now, written.by_present);
        self.begin_reign(home, now, sight, written);
        self.came_home = true;
    }

    /// Whose log the others follow from now on.
    fn begin_reign(&mut self, writer: Member, now: Instant, sight: &Sight, written: Written) {
        self.trailing.fill(Span::ZERO);
        for member in 0..self.backlogs.len() {
            let joined = sight.joined(writer, member as Member);
            self.backlogs[member].join(joined, now, written.by_present, self.plan.apply_rate, 0.0);
        }
        self.reigns += 1;
    }

    /// Are there, among those in reach of `to`, so many that followed a writer which waited for acknowledgements that one
    /// of them has every write it acknowledged?
    fn has_everything(&self, to: Member, sight: &Sight, followed: u32) -> bool {
        let replicas = match self.plan.acknowledged {
            Acknowledged::Alone => return false,
            // Two quorums have a member in common.
            Acknowledged::Quorum => return sight.has_quorum(to, &self.plan.votes),
            Acknowledged::Received { replicas, .. } => replicas,
        };
        let in_reach = (0..self.backlogs.len())
            .filter(|member| followed >> member & 1 == 1 && sight.joined(to, *member as Member));
        followed != 0 && in_reach.count() as u32 + replicas > followed.count_ones()
    }

    /// What former writers have accepted since the last of them stopped is lost with the first that stops: their books are
    /// one.
    fn reconciled(
        &mut self,
        former: SiteId,
        now: Instant,
        sites: &[SiteId],
        written: Written,
        stream: &mut Stream,
    ) -> Loss {
        let writes = (written.by_former - self.written_by_former).max(0.0);
        self.written_by_former = written.by_former;
        let seconds = if self.rate > 0.0 { writes / self.rate } else { 0.0 };
        Loss {
            from: former,
            to: sites[usize::from(self.head())],
            writes: poisson(writes, stream),
            wrote_for: Span::from_seconds(seconds),
            since: now,
        }
    }

    /// The run ends: what former writers that still go on have accepted, if one does.
    pub(super) fn unreconciled(&mut self, now: Instant, sites: &[SiteId], written: Written) -> Option<Loss> {
        let (_, former) = self.formers().next()?;
        let mut stream = self.stream.take()?;
        let loss = self.reconciled(sites[usize::from(former)], now, sites, written, &mut stream);
        self.stream = Some(stream);
        Some(loss)
    }
}

fn tell(before: State, after: State, sites: &[SiteId]) -> Vec<News> {
    let home = 0;
    let site = |member: Member| sites[usize::from(member)];
    match (before, after) {
        (before, after) if before == after => Vec::new(),
        (State::Writing { .. }, State::Doubted { at, .. }) => vec![News::Lost { at: site(at) }],
        (State::Doubted { .. }, State::Writing { at }) => vec![News::Back { at: site(at) }],
        (_, State::Vacant { last, .. }) => vec![News::GivenUp { at: site(last) }],
        (_, State::Promoting { to, .. }) => vec![News::Promoting { to: site(to) }],
        (_, State::Returning { from, .. }) => vec![News::Returning { from: site(from) }],
        (State::Returning { .. }, State::Writing { at }) if at != home => vec![News::Stays { at: site(at) }],
        (State::Returning { .. }, State::Doubted { at, .. }) => vec![News::Lost { at: site(at) }],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod laws;
