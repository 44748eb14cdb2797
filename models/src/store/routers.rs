//! Routers: where each site sends what is for the writer, which they learn late.
//!
//! Assumptions:
//! - A router hears of a new writer only where it is in reach; where it stops being so before the router has learned, it begins
//!   anew. The site of the new writer knows at once.
//! - Until then requests go to the writer the router knew, whatever became of it.

use super::reign::Member;
use sim::{Instant, Law, Replication, Seed, Stream, StreamName};

/// The router of one site.
#[derive(Clone, Debug)]
struct Router {
    name: StreamName,
    stream: Option<Stream>,
    goes_to: Member,
    /// The new writer, and when it will know of it.
    learns: Option<(Member, Instant)>,
}

/// Those of all sites.
#[derive(Clone, Debug)]
pub(super) struct Routers<'d> {
    law: &'d Law,
    of: Vec<Router>,
}

impl<'d> Routers<'d> {
    /// Of the sites with these names, for a store with this one.
    pub(super) fn new<'n>(law: &'d Law, store: &str, sites: impl Iterator<Item = &'n str>) -> Self {
        let router = |site: &str| Router {
            name: StreamName::of(&format!("{store} {site}"), "router"),
            stream: None,
            goes_to: 0,
            learns: None,
        };
        Routers { law, of: sites.map(router).collect() }
    }

    /// All know the home.
    pub(super) fn reset(&mut self) {
        for router in &mut self.of {
            (router.stream, router.goes_to, router.learns) = (None, 0, None);
        }
    }

    /// Takes in who writes now, and which sites reach it; its own one is at `home`.
    pub(super) fn look(
        &mut self,
        now: Instant,
        writer: Option<(Member, usize)>,
        reaches: impl Fn(usize) -> bool,
        (seed, replication): (Seed, Replication),
    ) {
        let law = self.law;
        for (site, router) in self.of.iter_mut().enumerate() {
            let Some((member, home)) =
                writer.filter(|(member, _)| *member != router.goes_to && reaches(site))
            else {
                router.learns = None;
                continue;
            };
            let pending = router.learns.filter(|(of, _)| *of == member).map(|(_, at)| at);
            let at = pending.unwrap_or_else(|| {
                let name = router.name;
                let stream = router.stream.get_or_insert_with(|| Stream::new(seed, replication, name));
                now.saturating_add(law.sample(stream))
            });
            let knows = at <= now || site == home;
            router.learns = (!knows).then_some((member, at));
            router.goes_to = if knows { member } else { router.goes_to };
        }
    }

    /// Where the router of a site sends what is for the writer.
    pub(super) fn goes_to(&self, site: usize) -> Member {
        self.of[site].goes_to
    }

    /// When a router learns of the writer next.
    pub(super) fn next(&self) -> Option<Instant> {
        self.of.iter().filter_map(|router| router.learns).map(|(_, at)| at).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use sim::Span;

    const SITES: [&str; 3] = ["a", "b", "c"];

    proptest! {
        /// A router goes where it went or to the present writer, which it has reached for at least as long as it takes to learn;
        /// and once that is long ago it does.
        #[test]
        fn routers_learn_of_the_writer_once_they_have_reached_it_for_long_enough(
            changes in prop::collection::vec((0_i64..40, prop::option::of(0_u8..3), 0_u8..8), 1..20),
            takes in 0_i64..60,
        ) {
            let law = Law::Fixed(Span::SECOND * takes);
            let mut routers = Routers::new(&law, "store", SITES.into_iter());
            let keys = (Seed(1), Replication(0));
            let mut now = Instant::ZERO;
            let mut since: [Option<(u8, Instant)>; 3] = [None; 3];
            for (after, writer, reach) in changes {
                now += Span::SECOND * after;
                let before: Vec<Member> = (0..3).map(|site| routers.goes_to(site)).collect();
                let reaches = |site: usize| reach >> site & 1 == 1;
                routers.look(now, writer.map(|member| (member, usize::from(member))), reaches, keys);
                for site in 0..3 {
                    let reached = writer.filter(|_| reaches(site));
                    let begun = since[site].filter(|(member, _)| Some(*member) == reached);
                    since[site] = reached.map(|member| begun.unwrap_or((member, now)));
                    let own = reached == Some(site as u8);
                    let long = since[site].is_some_and(|(_, begun)| begun + Span::SECOND * takes <= now);
                    let expected = if own || long { reached.unwrap_or(before[site]) } else { before[site] };
                    prop_assert_eq!(routers.goes_to(site), expected);
                }
                prop_assert!(routers.next().is_none_or(|at| at > now));
            }
        }
    }
}
