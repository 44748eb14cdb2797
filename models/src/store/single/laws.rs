//! What hand-overs lose, against a count of the writes that each member has.

use super::*;
use crate::specification::{Counting, Promotes};
use crate::store::reign::laws::{Change, failovers, plan, schedules, sight};
use proptest::prelude::*;
use sim::{Id, Replication, Seed, StreamName};

const MEMBERS: usize = 4;
/// Writes a second.
const RATE: f64 = 10.0;

/// Who gets what is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Gets {
    /// Whoever is in reach of the writer, at once.
    All,
    /// Nobody but those without whom it would not have been acknowledged, chosen by lot where any will do.
    Chosen,
}

/// A store, the log of its writers, and how much of it each member has.
struct Counted<'d> {
    single: Single<'d>,
    stream: Stream,
    sites: Vec<SiteId>,
    now: Instant,
    log: f64,
    has: [f64; MEMBERS],
    gets: Gets,
    lot: Stream,
}

impl<'d> Counted<'d> {
    fn new(plan: &'d Primary, gets: Gets) -> Self {
        Counted {
            single: Single::new(plan, MEMBERS),
            stream: Stream::new(Seed(1), Replication(0), StreamName::of("a store", "laws")),
            sites: (0..MEMBERS).map(SiteId::from_index).collect(),
            now: Instant::ZERO,
            log: 0.0,
            has: [0.0; MEMBERS],
            gets,
            lot: Stream::new(Seed(1), Replication(0), StreamName::of("a store", "lots")),
        }
    }

    /// Clients write until `at`.
    fn write_until(&mut self, at: Instant, sight: &Sight) {
        if let Some(writer) = self.single.writer(self.now, sight).filter(|_| at > self.now) {
            self.log += RATE * (at - self.now).seconds();
            self.has[usize::from(writer)] = self.log;
            if self.gets == Gets::Chosen && !self.single.reign().is_alone(self.now, self.single.plan) {
                self.choose(writer, sight);
            }
        }
        self.replicate(sight);
        self.now = at;
    }

    /// Whoever is in reach of the head of the log, and no former writer, gets what it lacks.
    fn replicate(&mut self, sight: &Sight) {
        let head = self.single.head();
        if self.gets == Gets::Chosen {
            return;
        }
        self.has[usize::from(head)] = self.log;
        let former: Vec<Member> = self.single.reign().given_up_so_far().collect();
        for member in (0..MEMBERS as Member).filter(|member| !former.contains(member)) {
            if sight.joined(head, member) {
                self.has[usize::from(member)] = self.log;
            }
        }
    }

    /// Those who acknowledge what has been written get it, with all before it; others may trail as far as they like.
    fn choose(&mut self, writer: Member, sight: &Sight) {
        let plan = self.single.plan;
        let Acknowledged::Received { replicas, which, .. } = plan.acknowledged else { return };
        // Who goes on writing follows nobody, and who is being made a replica again acknowledges nothing.
        let reign = self.single.reign();
        let idle = reign.old_writers().fold(reign.rejoining(), |set, member| set | 1 << member);
        let may = |member: &Member| {
            sight.joined(writer, *member)
                && idle >> member & 1 == 0
                && plan.counting.counts(usize::from(*member), usize::from(writer))
        };
        let mut may: Vec<Member> = (0..MEMBERS as Member).filter(may).collect();
        assert!(may.len() >= replicas as usize, "{may:?} cannot have acknowledged it");
        for _ in 0..replicas {
            let place =
                if which == Acknowledgers::First { 0 } else { self.lot.below(may.len() as u64) as usize };
            self.has[usize::from(may.remove(place))] = self.log;
        }
    }

    fn look(&mut self, sight: &Sight) -> Vec<News> {
        self.replicate(sight);
        let written = Written { by_present: self.log, by_former: 0.0, rate: RATE };
        let news = self.single.look(self.now, (&self.sites, sight), written, &mut self.stream);
        // Whoever follows has taken what it lacked from those in reach.
        for news in news.iter().filter(|_| self.gets == Gets::Chosen) {
            if let News::HandedOver(Loss { to, .. }) | News::Returned { to, .. } = news {
                self.has[to.index()] = self.best_in_reach(*to, sight);
            }
        }
        news
    }

    fn next(&self) -> Option<Instant> {
        self.single.next(self.now, Written { by_present: self.log, by_former: 0.0, rate: RATE })
    }

    /// Plays a schedule; calls `claim` at each hand-over.
    fn play(&mut self, schedule: &[Change], mut claim: impl FnMut(&Self, &Sight, &News)) {
        let mut seen = Sight::new(MEMBERS, |_| true, |_, _| true);
        for change in schedule {
            let until = self.now + Span::SECOND * i64::from(change.after);
            while let Some(next) = self.next().filter(|next| *next < until) {
                self.write_until(next, &seen);
                let news = self.look(&seen);
                news.iter().for_each(|news| claim(self, &seen, news));
            }
            self.write_until(until, &seen);
            seen = sight(MEMBERS, change);
            let news = self.look(&seen);
            news.iter().for_each(|news| claim(self, &seen, news));
        }
    }

    /// The most of the log that those in reach of a member have.
    fn best_in_reach(&self, of: SiteId, sight: &Sight) -> f64 {
        let reached = (0..MEMBERS).filter(|member| sight.joined(of.index() as Member, *member as Member));
        reached.map(|member| self.has[member]).fold(0.0, f64::max)
    }
}

fn waiting() -> impl Strategy<Value = Acknowledged> {
    let which = prop_oneof![Just(Acknowledgers::Any), Just(Acknowledgers::First)];
    let alone_after = prop_oneof![Just(None), Just(Some(Span::SECOND * 10))];
    (1_u32..4, which, alone_after).prop_map(|(replicas, which, alone_after)| Acknowledged::Received {
        replicas,
        which,
        alone_after,
    })
}

/// Whose acknowledgement counts: everybody's, or theirs who stand in another of two places than the writer, or in none.
fn counting() -> impl Strategy<Value = Counting> {
    let places = prop::collection::vec(prop::option::of(0_u8..2), MEMBERS);
    prop_oneof![Just(Counting::Everybody), places.prop_map(|places| Counting::in_another(&places))]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Where only synchronous replicas may be promoted, each that is has, or reaches somebody who has, all that was
    /// acknowledged; and a writer that returns leaves nothing behind.
    #[test]
    fn a_synchronous_successor_lacks_nothing(
        failover in failovers(),
        acknowledged in waiting(),
        schedule in schedules(),
        returns: bool,
        counting in counting(),
        gets in prop_oneof![Just(Gets::All), Just(Gets::Chosen)],
    ) {
        let plan = Primary {
            promotes: Promotes::Synchronous,
            counting,
            returns: returns.then_some(sim::Law::Fixed(Span::SECOND * 20)),
            ..plan(MEMBERS, failover, acknowledged)
        };
        let Acknowledged::Received { replicas, .. } = acknowledged else { unreachable!() };
        prop_assume!(plan.acknowledgers(0).count_ones() >= replicas);
        let mut counted = Counted::new(&plan, gets);
        counted.play(&schedule, |counted, sight, news| match news {
            News::HandedOver(loss) => {
                assert_eq!(loss.writes, 0);
                let lacks = counted.log - counted.best_in_reach(loss.to, sight);
                assert!(loss.from == loss.to || lacks < 1e-6, "{lacks} of {}", counted.log);
            }
            News::Returned { to, .. } => {
                let lacks = counted.log - counted.best_in_reach(*to, sight);
                assert!(lacks < 1e-6, "{lacks} of {}", counted.log);
            }
            _ => {}
        });
    }

    /// Where nobody but the primary acknowledges, a hand-over loses what the new writer lacks, less what it may get from those
    /// in reach.
    #[test]
    fn an_asynchronous_successor_lacks_what_was_written_while_it_was_away(
        failover in failovers(),
        schedule in schedules(),
    ) {
        let plan = plan(MEMBERS, failover, Acknowledged::Alone);
        let mut counted = Counted::new(&plan, Gets::All);
        let mut first = true;
        counted.play(&schedule, |counted, sight, news| {
            if let News::HandedOver(loss) = news && std::mem::take(&mut first) && loss.from != loss.to {
                let most = counted.log - counted.has[loss.to.index()];
                let least = counted.log - counted.best_in_reach(loss.to, sight);
                let chance = |mean: f64| 6.0 * mean.sqrt() + 3.0;
                let lost = loss.writes as f64;
                let within = least - chance(least) <= lost && lost <= most + chance(most);
                assert!(within, "{lost} lost, {least} to {most} lacking");
            }
        });
    }
}
