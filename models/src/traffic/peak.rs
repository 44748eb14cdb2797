//! The greatest load that came to each site.
//!
//! While shares are constant and demands are daily sinusoids, so is a load, and its peak is exact.
//! Otherwise it is sought on a grid, at the ends of the stretch and a sixteenth of it (at most a quarter of an hour)
//! apart. Where several entry points share a site, the sum of their peaks is an upper bound, which need not be reached.

use super::Traffic;
use crate::curve::Harmonic;
use crate::excess::{Part, load_at};
use crate::specification::SiteId;
use sim::{Instant, Span};

/// Least number of steps of the grid.
const STEPS: i64 = 16;

impl<'d> Traffic<'d> {
    /// Looks at the stretch up to `now`, before anything in it changes.
    pub(super) fn watch_peaks(&mut self, now: Instant) {
        let from = self.watched.max(Instant::ZERO);
        self.watched = now;
        if now <= from {
            return;
        }
        if !self.flows.rows().iter().any(|flow| flow.unseen) {
            return;
        }
        self.bound_loads();
        for index in 0..self.flows.len() {
            if self.flows.rows()[index].unseen {
                self.flows.rows_mut()[index].unseen = self.watch_flow(index, from, now);
            }
        }
    }

    /// Adds up what may come to each site at most.
    fn bound_loads(&mut self) {
        self.most.rows_mut().fill(0.0);
        for flow in self.flows.rows() {
            for &(site, share) in &flow.arrivals {
                self.most[site] += flow.most(share);
            }
        }
    }

    /// Looks at the sites of a flow, the `index`-th one. May any of them still come to see more while nothing changes?
    fn watch_flow(&mut self, index: usize, from: Instant, now: Instant) -> bool {
        let mut unseen = false;
        for arrival in 0..self.flows.rows()[index].arrivals.len() {
            let site = self.flows.rows()[index].arrivals[arrival].0;
            // The cheap bound first: as a rule nothing new is seen.
            if self.most[site] > self.peaks[site] {
                unseen |= self.watch_site(site, from, now);
            }
        }
        unseen
    }

    /// May the site come to see more than it has by `now` while nothing changes?
    fn watch_site(&mut self, site: SiteId, from: Instant, now: Instant) -> bool {
        let mut parts = std::mem::take(&mut self.parts);
        self.site_parts(site, &mut parts);
        let mut most = self.most[site];
        if parts.iter().map(|part| part.highest(from, now)).sum::<f64>() > self.peaks[site] {
            most = harmonic(&parts).map_or(most, |harmonic| harmonic.crest());
            if most > self.peaks[site] {
                self.peaks[site] = self.peaks[site].max(greatest(&parts, from, now));
            }
        }
        self.parts = parts;
        most > self.peaks[site]
    }

    /// What comes to a site from populations that are not steered ideally.
    fn site_parts(&self, site: SiteId, parts: &mut Vec<Part<'d>>) {
        parts.clear();
        let design = self.design;
        for (population, flow) in self.flows.iter() {
            if let Some((_, share)) = flow.arrivals.iter().find(|(known, _)| *known == site) {
                parts.push(Part { curve: &design.curves[population], share: *share, origin: flow.origin });
            }
        }
    }
}

/// The greatest load between two instants.
fn greatest(parts: &[Part], from: Instant, until: Instant) -> f64 {
    let last = until - Span::NANOSECOND;
    let ends = || load_at(parts, from).max(load_at(parts, last));
    let Some(harmonic) = harmonic(parts) else { return ends().max(on_grid(parts, from, until)) };
    let to_crest = (harmonic.crest_time() - (from - Instant::ZERO)).nanos().rem_euclid(Span::DAY.nanos());
    if to_crest < (until - from).nanos() { harmonic.crest() } else { ends() }
}

/// The load as a harmonic, while shares are constant and no demand is a table of hours.
fn harmonic(parts: &[Part]) -> Option<Harmonic> {
    parts.iter().try_fold(Harmonic::default(), |sum, part| {
        let own = part.curve.harmonic().filter(|_| part.share.is_constant())?;
        let share = part.share.0[0];
        Some(Harmonic {
            mean: sum.mean + share * own.mean,
            cosine: sum.cosine + share * own.cosine,
            sine: sum.sine + share * own.sine,
        })
    })
}

/// The greatest load on a grid over the first day: a day's nanoseconds times its steps fit 64 bits.
fn on_grid(parts: &[Part], from: Instant, until: Instant) -> f64 {
    let width = (until - from).nanos().min(Span::DAY.nanos());
    let steps = STEPS.max(width / (Span::MINUTE.nanos() * 15));
    let at = |step: i64| from + Span::from_nanos(width * step / steps);
    (1..steps).map(|step| load_at(parts, at(step))).fold(0.0, f64::max)
}
