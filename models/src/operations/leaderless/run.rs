//! Clients at work on a store that many may write, event by event.
//!
//! What happens at one instant is ordered: replicas go down or lose something, they are rebuilt, they compare what they
//! have, a coordinator has answers enough, operations are answered, writes are accepted, new operations are sent, sessions
//! come. So an acknowledgement counts for what is sent at the same instant.

use super::conditions::CHAINS_MAX;
use super::counts::Counts;
use super::key::{Key, Seen};
use super::letters::Accepted;
use super::opinions::Opinions;
use super::session::{Busy, Session};
use super::store::{Return, Store};
use crate::operations::crowd::{Comers, Crowd, Took};
use crate::operations::history::History;
use crate::operations::popularity::Choice;
use crate::operations::{ClientId, KeyId};
use sim::calendar::{Calendar, Key as EventKey};
use sim::stats::LogHistogram;
use sim::{Instant, Replication, Seed, Span, Stream, StreamName, Table};

/// A key is tidied once so many versions more come before its floor than when it was tidied last.
pub(super) const VERSIONS_KEPT: usize = 32;

/// A run of sessions against a [`Store`].
#[derive(Clone, Debug)]
pub struct Run<'a> {
    pub(super) store: &'a Store,
    pub(super) opinions: Opinions,
    pub(super) choice: Choice,
    pub(super) keys: Table<KeyId, Kept>,
    pub(super) clients: Table<ClientId, Busy<'a>>,
    /// Writes on their way to their coordinators, and the places of this list that are free.
    pub(super) sent: Vec<Sent>,
    pub(super) free: Vec<u32>,
    /// How many writes each chain counts.
    pub(super) chains: [u32; CHAINS_MAX],
    pub(super) anti_entropy: Stream,
    pub(super) may_lose: bool,
    calendar: Calendar<Event>,
    pub(super) tally: Tally,
    /// What nobody asks for.
    pub(super) ignored: Tally,
    pub(super) comers: Option<Comers<'a, Session>>,
    /// How many times replicas will yet go down or lose something.
    pub(super) blows: usize,
    /// Counted writes on their way to their coordinators.
    pub(super) under_way: usize,
}

/// What came of a run.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Tally {
    /// What was seen.
    pub counts: Counts,
    /// Nanoseconds that answered reads took.
    pub read_latency: LogHistogram,
    /// Nanoseconds that acknowledged writes took.
    pub write_latency: LogHistogram,
    /// Both, apart for each number of those who came.
    pub took: Took,
    /// Keys of which survivors show different versions once everything on its way has arrived.
    pub diverged: u64,
    /// Operations of the sampled keys.
    pub history: History,
}

impl Tally {
    /// What reads and writes take, of somebody who came, or of those who are always there; and what is counted.
    pub(super) fn times(
        &mut self,
        whose: Option<u32>,
    ) -> (&mut LogHistogram, &mut LogHistogram, &mut Counts) {
        match whose {
            Some(whose) => {
                let (reads, writes) = self.took.of(whose);
                (reads, writes, &mut self.counts)
            }
            None => (&mut self.read_latency, &mut self.write_latency, &mut self.counts),
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) key: Key,
    /// Tidied when more versions come before its floor.
    pub(super) limit: usize,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Event {
    Blow,
    Rebuild { replica: u32 },
    Compare,
    Gather(ClientId),
    Answer(ClientId),
    Accept { slot: u32 },
    Send(ClientId),
    Come,
}

/// A write on its way to its coordinator.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    pub(super) client: ClientId,
    /// Which of its client's.
    pub(super) number: u32,
    pub(super) process: u32,
    pub(super) counted: bool,
    pub(super) key: KeyId,
    pub(super) value: u32,
    pub(super) place: usize,
    /// What its session had seen of the key, and the greatest stamp of that.
    pub(super) seen: Seen,
    pub(super) stamp: i64,
    pub(super) accepted: Accepted,
}

impl<'a> Run<'a> {
    /// Sessions that begin at time zero; the history holds the first `sampled` keys. The store is one that
    /// [`Store::check`] lets pass.
    pub fn new(
        store: &'a Store,
        sessions: &'a [Session],
        sampled: u32,
        (seed, replication): (Seed, Replication),
    ) -> Self {
        let mut run = Run::empty(store, sampled, (seed, replication));
        for (index, session) in sessions.iter().enumerate() {
            let name = StreamName::of(&format!("session/{index}"), "operations");
            let busy = Busy::new(session, index, Stream::new(seed, replication, name));
            let id = run.clients.push(busy);
            run.schedule(Instant::ZERO, Event::Answer(id));
        }
        run
    }

    /// Sessions that come from outside.
    pub fn open(store: &'a Store, crowd: Crowd<'a, Session>, mut stream: Stream) -> Self {
        let mut run = Run::empty(store, 0, (Seed(stream.bits()), Replication(0)));
        run.comers = Some(Comers::new(crowd, stream));
        run.expect();
        run
    }

    fn empty(store: &'a Store, sampled: u32, (seed, replication): (Seed, Replication)) -> Self {
        let mut all = Table::new();
        for _ in 0..store.popularity.keys() {
            all.push(Kept { key: Key::EMPTY, limit: VERSIONS_KEPT });
        }
        let mut run = Run {
            store,
            opinions: Opinions::new(&store.conditions, &store.conviction, (seed, replication)),
            choice: Choice::of(&store.popularity),
            keys: all,
            clients: Table::new(),
            sent: Vec::new(),
            free: Vec::new(),
            chains: [0; CHAINS_MAX],
            anti_entropy: Stream::new(seed, replication, StreamName::of("store", "anti-entropy")),
            may_lose: store.conditions.may_lose(),
            calendar: Calendar::new(),
            tally: Tally { history: History::of_first(sampled), ..Tally::default() },
            ignored: Tally::default(),
            comers: None,
            blows: 0,
            under_way: 0,
        };
        run.schedule_conditions();
        run
    }

    fn schedule_conditions(&mut self) {
        let conditions = &self.store.conditions;
        for at in conditions.blows() {
            self.blows += 1;
            self.schedule(at, Event::Blow);
        }
        if let Some(every) = self.store.anti_entropy {
            self.schedule(self.store.compared.saturating_add(every), Event::Compare);
        }
        if self.store.returns == Return::Empty {
            return;
        }
        for (replica, losses) in conditions.troubles().losses.iter().enumerate() {
            for loss in losses.iter().filter(|loss| loss.kept.is_none()) {
                let back = conditions.back(replica, loss.at);
                if back < Instant::FAR {
                    self.schedule(back, Event::Rebuild { replica: replica as u32 });
                }
            }
        }
    }

    /// Runs until every operation sent before `horizon` has ended.
    pub fn run(mut self, horizon: Instant) -> Tally {
        let mut now = Instant::ZERO;
        while let Some((key, event)) = self.calendar.pop() {
            let ends_with_it = matches!(
                event,
                Event::Blow | Event::Rebuild { .. } | Event::Compare | Event::Send(_) | Event::Come
            );
            if ends_with_it && key.at() >= horizon {
                if matches!(event, Event::Blow) {
                    self.keys.rows_mut().iter_mut().for_each(|kept| kept.key.look_again());
                }
                continue;
            }
            now = key.at();
            match event {
                Event::Blow => self.blow(now),
                Event::Rebuild { replica } => self.rebuild(replica as usize, now),
                Event::Compare => {
                    self.compare(now);
                    let every = self.store.anti_entropy.unwrap_or(Span::FOREVER);
                    self.schedule(now.saturating_add(every), Event::Compare);
                }
                Event::Gather(id) => self.gather(id, now),
                Event::Answer(id) => {
                    if let Some(wait) = self.answer(id, now) {
                        self.schedule(now.saturating_add(wait), Event::Send(id));
                    }
                }
                Event::Accept { slot } => self.accept(slot, now),
                Event::Send(id) => self.send(id, now),
                Event::Come if self.is_over(now) => break,
                Event::Come => self.come(now),
            }
        }
        self.close(now.max(horizon))
    }

    pub(super) fn schedule(&mut self, at: Instant, event: Event) {
        let (rank, entity, sequence) = match event {
            Event::Blow => (0, 0, 0),
            Event::Rebuild { replica } => (1, replica, 0),
            Event::Compare => (2, 0, 0),
            Event::Accept { slot } => (3, slot, 0),
            Event::Gather(id) => (4, id.0, self.clients[id].number),
            Event::Answer(id) => (5, id.0, self.clients[id].number),
            Event::Send(id) => (6, id.0, self.clients[id].number),
            Event::Come => (7, 0, self.comers.as_ref().map_or(0, |comers| comers.come as u32)),
        };
        self.calendar.schedule(EventKey::new(at, rank, entity, sequence), event);
    }
}
