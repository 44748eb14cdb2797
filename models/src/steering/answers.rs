//! The distinct answers of a run: distributions over sites, each known by a number.

use crate::cache::AnswerId;
use crate::specification::SiteId;
use sim::{Id, Table};
use std::cmp::Ordering;

/// A site and its weight among others.
type Weighed = (SiteId, f64);

/// Every answer given so far. The first ones are the single sites, in id order, then comes the empty answer.
#[derive(Clone, Debug)]
pub(crate) struct Answers {
    rows: Table<AnswerId, Vec<Weighed>>,
    /// The mixes given so far, in the order of their weights.
    mixes: Vec<Mix>,
    sites: usize,
    scratch: Vec<Weighed>,
}

#[derive(Clone, Debug)]
struct Mix {
    weights: Vec<Weighed>,
    answer: AnswerId,
}

impl Answers {
    pub(crate) fn new(sites: usize) -> Self {
        let mut rows: Table<AnswerId, Vec<Weighed>> =
            (0..sites).map(|site| vec![(SiteId::from_index(site), 1.0)]).collect();
        rows.push(Vec::new());
        Answers { rows, mixes: Vec::new(), sites, scratch: Vec::new() }
    }

    /// The answer without a record.
    pub(crate) fn empty(&self) -> AnswerId {
        AnswerId::from_index(self.sites)
    }

    /// Sites and shares of an answer; shares sum to 1 unless it is empty.
    pub(crate) fn shares(&self, answer: AnswerId) -> &[Weighed] {
        &self.rows[answer]
    }

    /// The share of `site` in an answer.
    pub(crate) fn share(&self, answer: AnswerId, site: SiteId) -> f64 {
        self.shares(answer).iter().find(|(member, _)| *member == site).map_or(0.0, |(_, share)| *share)
    }

    /// The number of the answer that splits traffic in proportion to `weights`, all positive.
    pub(crate) fn number(&mut self, weights: impl Iterator<Item = Weighed>) -> AnswerId {
        let mut gathered = std::mem::take(&mut self.scratch);
        gathered.clear();
        gathered.extend(weights);
        let number = match gathered[..] {
            [] => self.empty(),
            [(site, _)] => AnswerId::from_index(site.index()),
            _ => self.mix(&gathered),
        };
        self.scratch = gathered;
        number
    }

    fn mix(&mut self, weights: &[Weighed]) -> AnswerId {
        match self.mixes.binary_search_by(|mix| order(&mix.weights, weights)) {
            Ok(place) => self.mixes[place].answer,
            Err(place) => {
                let total: f64 = weights.iter().map(|(_, weight)| weight).sum();
                let shares = weights.iter().map(|(site, weight)| (*site, weight / total)).collect();
                let answer = self.rows.push(shares);
                self.mixes.insert(place, Mix { weights: weights.to_vec(), answer });
                answer
            }
        }
    }

    /// Forgets the mixes, so that numbers do not depend on earlier replications.
    pub(crate) fn reset(&mut self) {
        if !self.mixes.is_empty() {
            *self = Answers::new(self.sites);
        }
    }
}

/// Any total order in which only the same weights of the same sites are equal.
fn order(a: &[Weighed], b: &[Weighed]) -> Ordering {
    let key = |weighed: &Weighed| (weighed.0, weighed.1.to_bits());
    a.iter().map(key).cmp(b.iter().map(key))
}
