//! The distinct answers of a run: distributions over sites, each known by a number.

use crate::cache::AnswerId;
use crate::specification::SiteId;
use sim::{Id, Table};
use std::collections::BTreeMap;

/// Every answer given so far. The first ones are the single sites, in id order, then comes the empty answer.
#[derive(Clone, Debug)]
pub(crate) struct Answers {
    rows: Table<AnswerId, Vec<(SiteId, f64)>>,
    known: BTreeMap<Vec<(SiteId, u64)>, AnswerId>,
    sites: usize,
}

impl Answers {
    pub(crate) fn new(sites: usize) -> Self {
        let mut rows: Table<AnswerId, Vec<(SiteId, f64)>> =
            (0..sites).map(|site| vec![(SiteId::from_index(site), 1.0)]).collect();
        rows.push(Vec::new());
        Answers { rows, known: BTreeMap::new(), sites }
    }

    /// The answer without a record.
    pub(crate) fn empty(&self) -> AnswerId {
        AnswerId::from_index(self.sites)
    }

    /// Sites and shares of an answer; shares sum to 1 unless it is empty.
    pub(crate) fn shares(&self, answer: AnswerId) -> &[(SiteId, f64)] {
        &self.rows[answer]
    }

    /// The share of `site` in an answer.
    pub(crate) fn share(&self, answer: AnswerId, site: SiteId) -> f64 {
        self.shares(answer).iter().find(|(member, _)| *member == site).map_or(0.0, |(_, share)| *share)
    }

    /// The number of the answer that splits traffic in proportion to `weights`, all positive.
    pub(crate) fn number(&mut self, weights: &[(SiteId, f64)]) -> AnswerId {
        match weights {
            [] => self.empty(),
            [(site, _)] => AnswerId::from_index(site.index()),
            _ => self.mix(weights),
        }
    }

    fn mix(&mut self, weights: &[(SiteId, f64)]) -> AnswerId {
        let key = weights.iter().map(|(site, weight)| (*site, weight.to_bits())).collect();
        *self.known.entry(key).or_insert_with(|| {
            let total: f64 = weights.iter().map(|(_, weight)| weight).sum();
            self.rows.push(weights.iter().map(|(site, weight)| (*site, weight / total)).collect())
        })
    }

    /// Forgets the mixes, so that numbers do not depend on earlier replications.
    pub(crate) fn reset(&mut self) {
        if self.rows.len() > self.sites + 1 {
            *self = Answers::new(self.sites);
        }
    }
}
