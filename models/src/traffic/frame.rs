//! What the traffic looks like at one instant, for those who look.

use super::cuts::Cutting;
use super::{Above, Traffic};
use crate::operations::Told;
use crate::specification::{PopulationId, SiteId, Steering};
use crate::study::Arriving;
use crate::timeline::{Frame, PopulationFrame, SiteFrame};
use sim::integral::Poly;
use sim::{Id, Instant, Span};

impl Traffic<'_> {
    /// The instants between which every loss is either there throughout or not at all, ends included.
    pub(crate) fn pieces(&self, from: Instant, until: Instant, above: Above) -> Vec<Instant> {
        let mut cutting = Cutting::default();
        self.cut(from, until, above, &mut cutting);
        cutting.cuts
    }

    /// Which scopes are down throughout a piece, in the design's order.
    pub(crate) fn scopes_down(&self, from: Instant, until: Instant, above: Above) -> Vec<bool> {
        let middle = from + Span::from_nanos((until - from).nanos() / 2);
        let mut glances = Vec::new();
        self.look_around(middle, above, &mut glances);
        let scopes = self.design.levels.ids().take(self.design.scopes.len());
        scopes.map(|level| self.is_down(level, &glances, above)).collect()
    }

    /// The share of a population's requests that arrives at `site` just now.
    pub(crate) fn share_of(&self, population: PopulationId, site: SiteId) -> f64 {
        let entry = self.design.specification().populations[population].entry;
        if let Some(ideal) = &self.ideals[entry] {
            return if ideal.reaches(population) { ideal.share(site) } else { 0.0 };
        }
        let arrivals = self.flows[population].arrivals.iter();
        arrivals.filter(|(known, _)| *known == site).map(|(_, share)| share.0[0]).sum()
    }

    /// Where the requests of each population arrive, from when each share began to be what it is.
    pub(crate) fn arriving(&self) -> Vec<Arriving> {
        let all = self.flows.iter().flat_map(|(population, flow)| {
            let one = move |(site, share): &(SiteId, Poly)| Arriving {
                population,
                site: *site,
                origin: flow.origin,
                share: *share,
            };
            flow.arrivals.iter().map(one)
        });
        all.collect()
    }

    /// What the resolvers of a population are told just now, from `now` on, and which sites of its entry it does not reach.
    pub(crate) fn told(&self, population: PopulationId, now: Instant, above: Above) -> Told {
        let flow = &self.flows[population];
        let specification = self.design.specification();
        let entry = &specification.entries[specification.populations[population].entry];
        let number = |site: SiteId| site.index() as u32;
        let answer = match &entry.steering {
            Steering::Static { shares } => {
                Some(entry.sites.iter().copied().zip(shares.iter().copied()).collect())
            }
            _ => flow.answering.then(|| above.answers.shares(flow.reply.answer).to_vec()),
        };
        let numbered = |shares: Vec<(SiteId, f64)>| {
            shares.into_iter().map(|(site, share)| (number(site), share)).collect()
        };
        let lost = entry.sites.iter().filter(|site| !above.reaches(population, **site));
        Told { from: now, answer: answer.map(numbered), lost: lost.map(|site| number(*site)).collect() }
    }

    /// Populations and sites at `at`.
    pub(crate) fn frame(&self, at: Instant, closing: bool, above: Above) -> Frame {
        let populations = self.flows.ids().map(|population| {
            let flow = &self.flows[population];
            let x = (at - flow.origin).seconds();
            let mut shares: Vec<(SiteId, f64)> =
                flow.arrivals.iter().map(|(site, share)| (*site, share.at(x))).collect();
            for lost in &flow.lost {
                match shares.iter_mut().find(|(site, _)| *site == lost.site) {
                    Some((_, share)) => *share += lost.share.at(x),
                    None => shares.push((lost.site, lost.share.at(x))),
                }
            }
            let entry = self.design.specification().populations[population].entry;
            if let Some(ideal) = &self.ideals[entry] {
                shares.extend(ideal.sites.iter().map(|site| (*site, ideal.share(*site))));
                shares.retain(|(_, share)| *share > 0.0);
            }
            shares.sort_by_key(|(site, _)| *site);
            PopulationFrame {
                offered: self.design.curves[population].rate(at),
                answer: above.answers.shares(flow.reply.answer).to_vec(),
                shares,
                unanswered: flow.unanswered.at(x),
                lost: self.rates(population, at, above),
            }
        });
        let populations: Vec<PopulationFrame> = populations.collect();
        let sites = self.design.specification().sites.ids().map(|site| {
            let truth = above.sites.truth(site);
            let pools = self.design.pools.iter().filter(|(_, plan)| plan.site == site);
            let capacity = pools.map(|(pool, _)| self.pools.capacity(pool)).reduce(|sum, more| sum + more);
            let load = populations
                .iter()
                .flat_map(|population| {
                    population.shares.iter().map(move |(s, share)| (s, share * population.offered))
                })
                .filter(|(s, _)| **s == site)
                .map(|(_, load)| load)
                .sum();
            SiteFrame { up: truth.serves(), load, capacity }
        });
        Frame { at, closing, sites: sites.collect(), populations }
    }
}
