//! What a store with one writer at a time went through: who was its primary when, what each hand-over left of the log,
//! who was down and who was cut off.
//!
//! Places are numbered; replica r is at place r, and the places from `replicas` on hold clients only. Epochs are numbered
//! from 0, one for each reign. All intervals hold their beginning and not their end.

use super::catching::CatchingUp;
use super::quorum::REPLICAS_MAX;
use super::votes::Votes;
use sim::{Instant, Span};

/// An interval of time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stretch {
    /// Its first instant.
    pub from: Instant,
    /// The first instant after it.
    pub until: Instant,
}

impl Stretch {
    fn holds(&self, at: Instant) -> bool {
        self.from <= at && at < self.until
    }
}

/// Two places that do not reach each other for a while.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cut {
    /// The places.
    pub between: (usize, usize),
    /// When.
    pub during: Stretch,
}

/// What a new primary begins with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Heritage {
    /// The whole log of the reign before: nothing is lost.
    Everything,
    /// The longest log among these replicas, each as it was when that replica heard of the epoch: the promoted one alone,
    /// the best of several, or a quorum. A log that ends in a later epoch is longer, whatever its length.
    Longest(Vec<usize>),
}

/// One primary's time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reign {
    /// The replica that is primary.
    pub primary: usize,
    /// From when on it accepts writes.
    pub active: Instant,
    /// When it stops accepting and sending, for whatever reason. After the next reign's `active`, it was not fenced: two
    /// primaries at once. After its own place has heard of the next, nobody has noticed yet.
    pub stops: Instant,
    /// When each place hears of this epoch; [`Instant::FAR`] if never. From then on clients there turn to this primary
    /// and a replica there takes nothing from earlier ones; but one that is primary itself goes on until it stops.
    pub heard: Vec<Instant>,
    /// What of the log it begins with. The first reign begins with an empty log, whatever is said here.
    pub heritage: Heritage,
}

/// A store's reigns and interruptions, checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reigns {
    replicas: usize,
    reigns: Vec<Reign>,
    /// Of each replica, and each place after these that may be down; in order of time, disjoint.
    down: Vec<Vec<Stretch>>,
    cuts: Vec<Cut>,
    /// When each replica was being made one again; likewise.
    rebuilt: Vec<Vec<Stretch>>,
    /// Of each epoch, from when on each replica takes it for the latest one.
    turns: Vec<Vec<Instant>>,
    /// Of each epoch, when clients at each place turn to its primary, where that is not when the place hears of it.
    routed: Option<Vec<Vec<Instant>>>,
    /// Of each epoch, when its primary waits for no replica, if that is known beforehand; in order of time, disjoint.
    alone: Option<Vec<Vec<Stretch>>>,
    /// What replicas lack that are back, and have to apply it at a rate.
    catching_up: CatchingUp,
}

/// Why reigns cannot be. The number is the epoch at fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flaw {
    /// There is no reign.
    None,
    /// Replicas or places that are not there, more than [`REPLICAS_MAX`], a place cut off from itself, or `heard` or `down` of
    /// another length.
    Shape,
    /// A replica's times down overlap or are out of order.
    Down,
    /// It becomes active no later than the one before.
    Order(usize),
    /// A place hears of it before it hears of an earlier one.
    Heard(usize),
    /// Its primary, or a replica whose log it inherits, hears of it, or stops reigning itself, only after it has become
    /// active.
    Late(usize),
    /// Its primary is down, or being rebuilt, while it reigns.
    DownPrimary(usize),
    /// It inherits everything although the one before goes on.
    StillWriting(usize),
}

impl Reigns {
    /// Reigns over `replicas` replicas. Times down are those of replicas, and of as many places after them as one likes.
    ///
    /// # Errors
    /// The first [`Flaw`] found.
    pub fn new(
        replicas: usize,
        reigns: Vec<Reign>,
        down: Vec<Vec<Stretch>>,
        cuts: Vec<Cut>,
    ) -> Result<Self, Flaw> {
        let rebuilt = vec![Vec::new(); replicas];
        let mut all = Reigns {
            replicas,
            reigns,
            down,
            cuts,
            rebuilt,
            turns: Vec::new(),
            routed: None,
            alone: None,
            catching_up: CatchingUp::default(),
        };
        all.check_shape()?;
        all.turns = all.turns();
        for epoch in 0..all.reigns.len() {
            all.check(epoch)?;
        }
        Ok(all)
    }

    /// With times in which replicas are rebuilt: made replicas again after having reigned. One that is holds all that the
    /// primary had when it began, and receives what follows as others do; but until it is done it shows and acknowledges
    /// nothing.
    ///
    /// # Errors
    /// [`Flaw::Shape`], [`Flaw::Down`] or [`Flaw::DownPrimary`].
    pub fn rebuilding(self, rebuilt: Vec<Vec<Stretch>>) -> Result<Self, Flaw> {
        let all = Reigns { rebuilt, ..self };
        if all.rebuilt.len() != all.replicas {
            return Err(Flaw::Shape);
        }
        if !all.rebuilt.iter().all(|stretches| are_in_order(stretches)) {
            return Err(Flaw::Down);
        }
        let reigning =
            |reign: &Reign| all.rebuilt[reign.primary].iter().any(|rebuilt| reign.overlaps(rebuilt));
        all.reigns.iter().position(reigning).map_or(Ok(()), |epoch| Err(Flaw::DownPrimary(epoch)))?;
        Ok(all)
    }

    /// With routers that learn of primaries late: of each epoch, when clients at each place turn to its primary, which is not before it
    /// is active; [`Instant::FAR`] if never.
    ///
    /// # Errors
    /// [`Flaw::Shape`].
    pub fn routed(self, routed: Vec<Vec<Instant>>) -> Result<Self, Flaw> {
        let fits = routed.len() == self.reigns.len() && routed.iter().all(|of| of.len() == self.places());
        if fits { Ok(Reigns { routed: Some(routed), ..self }) } else { Err(Flaw::Shape) }
    }

    /// With primaries that have stopped waiting for replicas: of each epoch, when.
    ///
    /// # Errors
    /// [`Flaw::Shape`], or [`Flaw::Down`] if the times are out of order.
    pub fn alone(self, alone: Vec<Vec<Stretch>>) -> Result<Self, Flaw> {
        if alone.len() != self.reigns.len() {
            return Err(Flaw::Shape);
        }
        if !alone.iter().all(|stretches| are_in_order(stretches)) {
            return Err(Flaw::Down);
        }
        Ok(Reigns { alone: Some(alone), ..self })
    }

    /// With replicas that need time to apply what they lack.
    pub(crate) fn catching_up(self, catching_up: CatchingUp) -> Self {
        Reigns { catching_up, ..self }
    }

    /// When a replica has applied an entry of an epoch that was written at an instant, and which it would show at `usual` had it
    /// lacked nothing. What a former primary accepts beside the next one is nobody's backlog.
    pub(super) fn applied(&self, epoch: usize, replica: usize, written: Instant, usual: Instant) -> Instant {
        if self.reigns.get(epoch + 1).is_some_and(|next| next.active <= written) {
            return usual;
        }
        self.catching_up.shows(replica, written, usual)
    }

    /// Is a replica back, and has not caught up?
    pub(super) fn is_behind(&self, replica: usize, at: Instant) -> bool {
        self.catching_up.is_behind(replica, at)
    }

    /// One replica is primary for good, and nothing happens.
    pub fn steady(replicas: usize, places: usize, primary: usize) -> Self {
        let reign = Reign {
            primary,
            active: Instant::ZERO,
            stops: Instant::FAR,
            heard: vec![Instant::ZERO; places],
            heritage: Heritage::Everything,
        };
        let nothing = vec![Vec::new(); replicas];
        let turns = vec![vec![Instant::ZERO; replicas]];
        Reigns {
            replicas,
            reigns: vec![reign],
            down: nothing.clone(),
            cuts: Vec::new(),
            rebuilt: nothing,
            turns,
            routed: None,
            alone: None,
            catching_up: CatchingUp::default(),
        }
    }

    /// From when on each replica takes an epoch for the latest one: it has heard of it, and reigns under no earlier one.
    fn turns(&self) -> Vec<Vec<Instant>> {
        let turns = |(epoch, reign): (usize, &Reign), replica: usize| {
            let earlier = self.reigns[..epoch].iter().filter(|earlier| earlier.primary == replica);
            earlier.map(|earlier| earlier.stops).fold(reign.heard[replica], Instant::max)
        };
        let of = |reign| (0..self.replicas).map(|replica| turns(reign, replica)).collect();
        self.reigns.iter().enumerate().map(of).collect()
    }

    fn check_shape(&self) -> Result<(), Flaw> {
        let places = self.reigns.first().ok_or(Flaw::None)?.heard.len();
        let known = |reign: &Reign| {
            let heirs: &[usize] = match &reign.heritage {
                Heritage::Everything => &[reign.primary],
                Heritage::Longest(of) => of,
            };
            reign.heard.len() == places
                && reign.primary < self.replicas
                && !heirs.is_empty()
                && heirs.iter().all(|replica| *replica < self.replicas)
        };
        let cuts_known = self
            .cuts
            .iter()
            .all(|Cut { between: (one, other), .. }| *one < places && *other < places && one != other);
        if places < self.replicas
            || self.replicas > REPLICAS_MAX
            || !(self.replicas..=places).contains(&self.down.len())
            || !cuts_known
            || !self.reigns.iter().all(known)
        {
            return Err(Flaw::Shape);
        }
        if self.down.iter().all(|down| are_in_order(down)) { Ok(()) } else { Err(Flaw::Down) }
    }

    fn check(&self, epoch: usize) -> Result<(), Flaw> {
        let reign = &self.reigns[epoch];
        let late = |replica: usize| self.turns[epoch][replica] > reign.active;
        let heir_late = match &reign.heritage {
            Heritage::Longest(of) => of.iter().any(|replica| late(*replica)),
            Heritage::Everything => false,
        };
        if late(reign.primary) || heir_late {
            return Err(Flaw::Late(epoch));
        }
        if self.down[reign.primary].iter().any(|down| reign.overlaps(down)) {
            return Err(Flaw::DownPrimary(epoch));
        }
        let Some(next) = self.reigns.get(epoch + 1) else { return Ok(()) };
        if next.active <= reign.active {
            return Err(Flaw::Order(epoch + 1));
        }
        if next.heard.iter().zip(&reign.heard).any(|(next, this)| next < this) {
            return Err(Flaw::Heard(epoch + 1));
        }
        if next.heritage == Heritage::Everything && reign.stops > next.active {
            return Err(Flaw::StillWriting(epoch + 1));
        }
        Ok(())
    }

    /// How many replicas there are.
    pub fn replicas(&self) -> usize {
        self.replicas
    }

    /// How many places there are.
    pub fn places(&self) -> usize {
        self.reigns[0].heard.len()
    }

    /// The reigns, by epoch.
    pub fn reigns(&self) -> &[Reign] {
        &self.reigns
    }

    /// Does every reign begin with all that a quorum held, so that nothing a quorum had received is lost?
    pub fn elects_by_quorum(&self, votes: &Votes) -> bool {
        self.reigns.iter().skip(1).all(|reign| match &reign.heritage {
            Heritage::Everything => true,
            Heritage::Longest(of) => votes.are_met_by(of),
        })
    }

    /// Did each primary stop before the next began?
    pub fn is_fenced(&self) -> bool {
        self.reigns.windows(2).all(|pair| pair[0].stops <= pair[1].active)
    }

    /// The latest epoch that a place has heard of.
    pub fn known(&self, place: usize, at: Instant) -> Option<usize> {
        self.reigns.iter().rposition(|reign| reign.heard[place] <= at)
    }

    /// The latest epoch to whose primary clients at a place have turned.
    pub fn turned_to(&self, place: usize, at: Instant) -> Option<usize> {
        match &self.routed {
            Some(routed) => routed.iter().rposition(|turn| turn[place] <= at),
            None => self.known(place, at),
        }
    }

    /// The latest epoch that has become active.
    pub fn latest_active(&self, at: Instant) -> Option<usize> {
        self.reigns.iter().rposition(|reign| reign.active <= at)
    }

    /// The epoch under which a replica accepts writes, if it does.
    pub fn accepts(&self, replica: usize, at: Instant) -> Option<usize> {
        self.reigns
            .iter()
            .rposition(|reign| reign.primary == replica && reign.active <= at && at < reign.stops)
    }

    /// When a replica begins to take what comes under `epoch`: it has heard of it, and reigns under no earlier one.
    pub fn takes_from(&self, epoch: usize, replica: usize) -> Instant {
        self.turns[epoch][replica]
    }

    /// When a replica begins to refuse what comes under `epoch`: it takes what comes under the next one.
    pub fn refuses_from(&self, epoch: usize, replica: usize) -> Instant {
        self.turns.get(epoch + 1).map_or(Instant::FAR, |next| next[replica])
    }

    /// Is a replica up, and not being rebuilt?
    pub fn serves(&self, replica: usize, at: Instant) -> bool {
        self.is_up(replica, at) && self.counts_from(replica, at) == at
    }

    /// From when on it counts what a replica has received, or would show, at an instant: once it is rebuilt.
    pub fn counts_from(&self, replica: usize, at: Instant) -> Instant {
        self.rebuilt[replica].iter().find(|rebuilt| rebuilt.holds(at)).map_or(at, |rebuilt| rebuilt.until)
    }

    /// When a replica that is rebuilt under an epoch gets what the primary has appended at `now`, and when it is done; nothing
    /// if it does not get it so.
    pub fn copied(&self, epoch: usize, replica: usize, now: Instant) -> Option<Stretch> {
        let reign = &self.reigns[epoch];
        let copies = self.rebuilt[replica].iter().map(|rebuilt| {
            // The primary may have begun after the rebuilding, in which case it had taken the log over.
            Stretch { from: rebuilt.from.max(reign.active), until: rebuilt.until }
        });
        let gets = |copy: &Stretch| {
            now <= copy.from
                && copy.from <= copy.until
                && copy.from < reign.stops
                && (self.takes_from(epoch, replica)..self.refuses_from(epoch, replica)).contains(&copy.from)
                && self.reach(reign.primary, replica, copy.from)
        };
        copies.into_iter().find(gets)
    }

    /// Is a place up? Those without times down always are.
    pub fn is_up(&self, place: usize, at: Instant) -> bool {
        self.down.get(place).is_none_or(|down| !down.iter().any(|down| down.holds(at)))
    }

    /// Is a replica down from `at` on for good?
    pub fn is_gone(&self, replica: usize, at: Instant) -> bool {
        self.down[replica].iter().any(|down| down.holds(at) && down.until == Instant::FAR)
    }

    /// Do two places reach each other?
    pub fn reach(&self, one: usize, other: usize, at: Instant) -> bool {
        !self.cuts.iter().any(|cut| cut.joins(one, other) && cut.during.holds(at))
    }

    /// From when on, at an instant or later, the primary of an epoch waits for nobody: that instant if it does not then,
    /// [`Instant::FAR`] if it always does; nothing where that is not known beforehand.
    pub fn alone_from(&self, epoch: usize, at: Instant) -> Option<Instant> {
        let alone = self.alone.as_ref()?.get(epoch)?;
        let next = alone.iter().find(|alone| at < alone.until);
        Some(next.map_or(Instant::FAR, |alone| alone.from.max(at)))
    }

    /// When a place goes down or comes back, a replica is rebuilt, or a way is cut or opens, after an instant; in no order.
    pub fn changes_after(&self, at: Instant) -> impl Iterator<Item = Instant> {
        let stretches = self.down.iter().chain(&self.rebuilt).flatten().copied();
        let all = stretches.chain(self.cuts.iter().map(|cut| cut.during));
        all.flat_map(|during| [during.from, during.until]).filter(move |change| *change > at)
    }

    /// When a message sent once and never again arrives, if it does: neither is its way cut when it leaves or arrives nor
    /// its receiver down.
    pub fn carry(&self, (from, to): (usize, usize), sent: Instant, takes: Span) -> Option<Instant> {
        let arrives = sent + takes;
        let reached = self.reach(from, to, sent) && self.reach(from, to, arrives) && self.is_up(to, arrives);
        reached.then_some(arrives)
    }

    /// When a message arrives that is sent as soon as the way is open, and again once its receiver is back, by a sender
    /// that lives until `until`.
    pub fn deliver(
        &self,
        (from, to): (usize, usize),
        sent: Instant,
        takes: Span,
        until: Instant,
    ) -> Option<Instant> {
        let mut leaves = sent;
        loop {
            leaves = self.opens(from, to, leaves);
            if leaves >= until {
                return None;
            }
            let arrives = leaves.saturating_add(takes);
            match self.down[to].iter().find(|down| down.holds(arrives)) {
                None => return Some(arrives),
                Some(down) => leaves = leaves.max(down.until),
            }
        }
    }

    /// The first instant from `at` on at which two places reach each other.
    fn opens(&self, one: usize, other: usize, at: Instant) -> Instant {
        let mut at = at;
        while let Some(cut) = self.cuts.iter().find(|cut| cut.joins(one, other) && cut.during.holds(at)) {
            at = cut.during.until;
        }
        at
    }
}

impl Reign {
    fn overlaps(&self, stretch: &Stretch) -> bool {
        stretch.from < self.stops && self.active < stretch.until
    }
}

/// Is each of some stretches before the next, and does it last?
fn are_in_order(stretches: &[Stretch]) -> bool {
    stretches.iter().all(|stretch| stretch.from < stretch.until)
        && stretches.windows(2).all(|pair| pair[0].until < pair[1].from)
}

impl Cut {
    fn joins(&self, one: usize, other: usize) -> bool {
        self.between == (one, other) || self.between == (other, one)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(nanos: i64) -> Instant {
        Instant::from_nanos(nanos)
    }

    fn reign(primary: usize, active: i64, stops: i64, heard: [i64; 2]) -> Reign {
        let heritage = Heritage::Longest(vec![primary]);
        Reign { primary, active: at(active), stops: at(stops), heard: heard.map(at).to_vec(), heritage }
    }

    fn two(change: impl Fn(&mut Vec<Reign>, &mut Vec<Vec<Stretch>>)) -> Result<Reigns, Flaw> {
        let mut reigns = vec![reign(0, 0, 50, [0, 0]), reign(1, 60, 100, [70, 60])];
        let mut down = vec![Vec::new(); 2];
        change(&mut reigns, &mut down);
        Reigns::new(2, reigns, down, Vec::new())
    }

    #[test]
    fn impossible_reigns_are_refused() {
        let stretch = |from, until| Stretch { from: at(from), until: at(until) };
        assert!(two(|_, _| ()).is_ok());
        assert_eq!(two(|all, _| all.clear()), Err(Flaw::None));
        assert_eq!(two(|all, _| all[1].primary = 2), Err(Flaw::Shape));
        assert_eq!(two(|all, _| all[1].heritage = Heritage::Longest(Vec::new())), Err(Flaw::Shape));
        assert_eq!(two(|_, down| down[0] = vec![stretch(80, 90), stretch(70, 75)]), Err(Flaw::Down));
        assert_eq!(two(|_, down| down[0] = vec![stretch(40, 90)]), Err(Flaw::DownPrimary(0)));
        assert_eq!(two(|all, _| all[1].heard[1] = at(61)), Err(Flaw::Late(1)));
        assert_eq!(two(|all, _| all[1].heritage = Heritage::Longest(vec![0])), Err(Flaw::Late(1)));
        assert_eq!(two(|all, _| (all[0].heard[1], all[1].heard[1]) = (at(9), at(8))), Err(Flaw::Heard(1)));
        assert_eq!(two(|all, _| all[0].active = at(60)), Err(Flaw::Order(1)));
        let unfenced = |all: &mut Vec<Reign>, everything: bool| {
            all[0].stops = at(65);
            if everything {
                all[1].heritage = Heritage::Everything;
            }
        };
        assert!(two(|all, _| unfenced(all, false)).is_ok_and(|reigns| !reigns.is_fenced()));
        assert_eq!(two(|all, _| unfenced(all, true)), Err(Flaw::StillWriting(1)));
    }

    #[test]
    fn impossible_rebuilding_is_refused() {
        let stretch = |from, until| Stretch { from: at(from), until: at(until) };
        let rebuilt =
            |of: Vec<Vec<Stretch>>| two(|_, _| ()).and_then(|reigns| reigns.rebuilding(of).map(drop));
        assert_eq!(rebuilt(vec![vec![stretch(50, 90)], vec![stretch(10, 60)]]), Ok(()));
        assert_eq!(rebuilt(vec![Vec::new()]), Err(Flaw::Shape));
        assert_eq!(rebuilt(vec![vec![stretch(80, 80)], Vec::new()]), Err(Flaw::Down));
        assert_eq!(rebuilt(vec![vec![stretch(49, 90)], Vec::new()]), Err(Flaw::DownPrimary(0)));
        assert_eq!(rebuilt(vec![Vec::new(), vec![stretch(10, 61)]]), Err(Flaw::DownPrimary(1)));
    }

    /// Replica 0 reigns until 90, has heard of the next at 70, and is rebuilt from 90 to 95.
    #[test]
    fn a_primary_takes_nothing_of_the_next_while_it_reigns_and_counts_for_nothing_until_it_is_rebuilt() {
        let reigns = two(|all, _| all[0].stops = at(90)).expect("possible");
        assert_eq!([0, 1].map(|replica| reigns.takes_from(1, replica)), [at(90), at(60)]);
        assert_eq!(reigns.refuses_from(0, 0), at(90));
        assert_eq!((reigns.known(0, at(80)), reigns.accepts(0, at(80))), (Some(1), Some(0)));
        let stretch = Stretch { from: at(90), until: at(95) };
        let reigns = reigns.rebuilding(vec![vec![stretch], Vec::new()]).expect("possible");
        assert_eq!([89, 90, 94, 95].map(|now| reigns.serves(0, at(now))), [true, false, false, true]);
        assert_eq!([89, 90, 94, 95].map(|now| reigns.counts_from(0, at(now)).nanos()), [89, 95, 95, 95]);
        assert_eq!(reigns.copied(1, 0, at(90)), Some(stretch));
        assert_eq!(
            [reigns.copied(1, 0, at(91)), reigns.copied(0, 0, at(40)), reigns.copied(1, 1, at(70))],
            [None; 3]
        );
        assert_eq!(two(|all, _| all[1].heritage = Heritage::Longest(vec![0, 1])), Err(Flaw::Late(1)));
    }

    #[test]
    fn what_is_sent_again_arrives_once_ways_are_open_and_its_receiver_is_back() {
        let cut = Cut { between: (1, 0), during: Stretch { from: at(10), until: at(20) } };
        let down = vec![Vec::new(), vec![Stretch { from: at(22), until: at(30) }]];
        let reigns = Reigns::new(2, vec![reign(0, 0, 50, [0, 0])], down, vec![cut]).expect("possible");
        let deliver = |sent, until| {
            reigns.deliver((0, 1), at(sent), Span::from_nanos(4), at(until)).map(Instant::nanos)
        };
        assert_eq!(deliver(9, 50), Some(13));
        assert_eq!(deliver(10, 50), Some(34));
        assert_eq!(deliver(10, 30), None);
        assert_eq!(deliver(16, 20), None);
        let carry = |sent| reigns.carry((0, 1), at(sent), Span::from_nanos(4)).map(Instant::nanos);
        assert_eq!(
            [carry(5), carry(6), carry(19), carry(20), carry(27)],
            [Some(9), None, None, None, Some(31)]
        );
    }
}
