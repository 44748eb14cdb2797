//! Capacity pools: how much each can serve now, and which of them may be asked for more.

use super::Flow;
use crate::curve::Curve;
use crate::design::{Design, PoolId};
use crate::excess::Part;
use crate::site::Truth;
use crate::specification::{PopulationId, SiteId};
use sim::{Instant, Table};

#[derive(Clone, Copy, Debug)]
struct Pool {
    capacity: f64,
    /// An upper bound of what is asked of it until the next change.
    bound: f64,
}

/// All pools.
#[derive(Clone, Debug)]
pub(super) struct Pools<'d> {
    design: &'d Design,
    rows: Table<PoolId, Pool>,
    pools_of: Table<SiteId, Vec<PoolId>>,
    touched: Vec<PoolId>,
    hot: Vec<PoolId>,
    /// Has anything changed that decides which pools are hot?
    stale: bool,
}

impl<'d> Pools<'d> {
    pub(super) fn new(design: &'d Design) -> Self {
        let of =
            |site: SiteId| design.pools.iter().filter(move |(_, pool)| pool.site == site).map(|(id, _)| id);
        Pools {
            design,
            rows: design.pools.map(|_, plan| Pool { capacity: plan.rate, bound: 0.0 }),
            pools_of: design.specification().sites.map(|site, _| of(site).collect()),
            touched: Vec::new(),
            hot: Vec::new(),
            stale: true,
        }
    }

    pub(super) fn reset(&mut self) {
        for (id, plan) in self.design.pools.iter() {
            self.rows[id] = Pool { capacity: plan.rate, bound: 0.0 };
        }
        self.touched.clear();
        self.hot.clear();
        self.stale = true;
    }

    pub(super) fn site_changed(&mut self, site: SiteId, truth: &Truth) {
        for &pool in &self.pools_of[site] {
            let row = &mut self.rows[pool];
            let capacity = self.design.pools[pool].rate * truth.capacity;
            self.stale |= row.bound > 0.0 && row.capacity != capacity;
            row.capacity = capacity;
        }
    }

    /// Traffic goes elsewhere.
    pub(super) fn flow_changed(&mut self) {
        self.stale = true;
    }

    /// Finds the pools that may be asked for more than they have.
    pub(super) fn settle(&mut self, flows: &Table<PopulationId, Flow>) {
        if !std::mem::take(&mut self.stale) {
            return;
        }
        for pool in self.touched.drain(..) {
            self.rows[pool].bound = 0.0;
        }
        self.hot.clear();
        for (population, flow) in flows.iter() {
            for (site, share) in &flow.arrivals {
                let Some(pool) = self.design.pool(population, *site) else { continue };
                let most = flow.most(*share);
                let row = &mut self.rows[pool];
                if row.bound == 0.0 && most > 0.0 {
                    self.touched.push(pool);
                }
                row.bound += most;
            }
        }
        for &pool in &self.touched {
            if self.rows[pool].bound > self.rows[pool].capacity {
                self.hot.push(pool);
            }
        }
        self.hot.sort_unstable();
    }

    pub(super) fn any_hot(&self) -> bool {
        !self.hot.is_empty()
    }

    pub(super) fn hot(&self) -> &[PoolId] {
        &self.hot
    }

    pub(super) fn is_hot(&self, pool: PoolId) -> bool {
        self.hot.contains(&pool)
    }

    pub(super) fn capacity(&self, pool: PoolId) -> f64 {
        self.rows[pool].capacity
    }

    /// What is asked of a pool, by population.
    pub(super) fn parts<'c>(
        &self,
        pool: PoolId,
        flows: &'c Table<PopulationId, Flow>,
        curves: &'d Table<PopulationId, Curve>,
    ) -> impl Iterator<Item = (PopulationId, Part<'d>)> + 'c
    where
        'd: 'c,
    {
        let plan = &self.design.pools[pool];
        let arrives = move |population: &PopulationId| {
            let flow = &flows[*population];
            let arrival = flow.arrivals.iter().find(|(site, _)| *site == plan.site);
            arrival.map(|(_, share)| {
                (*population, Part { curve: &curves[*population], share: *share, origin: flow.origin })
            })
        };
        plan.populations.iter().filter_map(arrives)
    }

    /// What would be asked of a pool if nothing ever failed.
    pub(super) fn nominal_parts<'c>(
        &self,
        pool: PoolId,
        nominal: &'c Table<PopulationId, Vec<(SiteId, f64)>>,
        curves: &'d Table<PopulationId, Curve>,
    ) -> impl Iterator<Item = Part<'d>> + 'c
    where
        'd: 'c,
    {
        let plan = &self.design.pools[pool];
        let arrives = move |population: &PopulationId| {
            let arrival = nominal[*population].iter().find(|(site, _)| *site == plan.site);
            arrival.map(|(_, share)| Part {
                curve: &curves[*population],
                share: sim::integral::Poly::constant(*share),
                origin: Instant::ZERO,
            })
        };
        plan.populations.iter().filter_map(arrives)
    }
}
