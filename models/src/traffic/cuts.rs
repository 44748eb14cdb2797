//! Where a stretch is cut, so that every loss is either there throughout a piece or not at all.

use super::rates::Glance;
use super::{Above, Traffic};
use crate::excess::{Part, keeps_its_sign, limits, load_at, sign_changes};
use crate::specification::{PopulationId, Serving};
use sim::integral::Poly;
use sim::{Id, Instant, Span};

/// How what a population loses goes through a stretch in which nothing changes.
#[derive(Clone, Copy, Debug)]
enum Course {
    /// Its demand is flat, and its loss is the same throughout.
    Steady(Glance),
    /// This share of its demand is lost.
    Share(Poly),
    /// It depends on what others ask of the same capacity.
    Limited,
}

impl Course {
    fn loses(&self) -> bool {
        match self {
            Course::Steady(glance) => glance.lost > 0.0,
            Course::Share(share) => !share.is_zero(),
            Course::Limited => true,
        }
    }

    fn is_steady(&self) -> bool {
        matches!(self, Course::Steady(_))
    }

    fn is_limited(&self) -> bool {
        matches!(self, Course::Limited)
    }
}

/// Room for finding the cuts of a stretch.
#[derive(Clone, Debug, Default)]
pub(super) struct Cutting<'d> {
    /// The instants between which every loss is either there throughout or not at all, ends included.
    pub(super) cuts: Vec<Instant>,
    found: Vec<Instant>,
    courses: Vec<Course>,
    parts: Vec<Part<'d>>,
}

impl<'d> Traffic<'d> {
    /// Cuts a stretch, into `cutting.cuts`.
    pub(super) fn cut(&self, from: Instant, until: Instant, above: Above, cutting: &mut Cutting<'d>) {
        let Cutting { cuts, parts, .. } = cutting;
        cuts.clear();
        cuts.push(from);
        for &pool in self.pools.hot() {
            parts.clear();
            parts.extend(self.pool_parts(pool).map(|(_, part)| part));
            crossings(parts, self.pools.capacity(pool), from, until, cuts);
            parts.clear();
            parts.extend(self.pools.nominal_parts(pool, &self.nominal, &self.design.curves));
            crossings(parts, self.design.pools[pool].rate, from, until, cuts);
        }
        for ideal in self.ideals.rows().iter().flatten().filter(|ideal| !ideal.is_calm()) {
            parts.clear();
            parts.extend(ideal.parts(self.design).into_iter().map(|(_, part)| part));
            for step in &ideal.steps {
                crossings(parts, step.from + step.width, from, until, cuts);
            }
        }
        cuts.push(until);
        cuts.sort_unstable();
        cuts.dedup();
        self.cut_at_thresholds(above, cutting);
    }

    /// Adds the instants at which a scope's served share crosses its threshold.
    fn cut_at_thresholds(&self, above: Above, cutting: &mut Cutting<'d>) {
        let Cutting { cuts, found, courses, parts } = cutting;
        courses.clear();
        courses.extend(self.flows.ids().map(|id| self.course(id, cuts[0], above)));
        found.clear();
        for level in self.design.levels.rows() {
            let Serving::Share(share) = level.serving else { continue };
            let members = || level.members.iter().map(|id| &courses[id.index()]);
            if share >= 1.0 || !members().any(Course::loses) || members().all(Course::is_steady) {
                continue;
            }
            if members().any(Course::is_limited) {
                let beyond = |at| {
                    let glances = level.members.iter().map(|id| self.glance(*id, at, above));
                    glances.map(|glance| glance.beyond(share)).sum()
                };
                cuts.windows(2).for_each(|pair| scan(&beyond, pair[0], pair[1], found));
            } else {
                let constant = self.excess(&level.members, share, courses, parts);
                cuts.windows(2).for_each(|pair| zeros(parts, constant, pair[0], pair[1], found));
            }
        }
        if !found.is_empty() {
            cuts.append(found);
            cuts.sort_unstable();
            cuts.dedup();
        }
    }

    fn course(&self, population: PopulationId, from: Instant, above: Above) -> Course {
        if self.is_steady(population) {
            Course::Steady(self.glance(population, from, above))
        } else if self.is_limited(population) {
            Course::Limited
        } else {
            Course::Share(self.flows[population].loss(population, above))
        }
    }

    /// What `members` lose beyond `1 - share` of their demands, where no loss depends on a capacity of which others ask
    /// more or less: a constant, returned, and `parts`.
    fn excess(
        &self,
        members: &[PopulationId],
        share: f64,
        courses: &[Course],
        parts: &mut Vec<Part<'d>>,
    ) -> f64 {
        let design = self.design;
        parts.clear();
        let mut constant = 0.0;
        for &population in members {
            let (curve, origin) = (&design.curves[population], self.flows[population].origin);
            match courses[population.index()] {
                Course::Steady(glance) => constant += glance.beyond(share),
                Course::Share(lost) => {
                    parts.push(Part { curve, share: lost + Poly::constant(share - 1.0), origin })
                }
                Course::Limited => {}
            }
        }
        constant
    }
}

/// Adds the instants at which a load crosses a capacity.
fn crossings(parts: &[Part], capacity: f64, from: Instant, until: Instant, cuts: &mut Vec<Instant>) {
    if parts.is_empty() || capacity.is_infinite() {
        return;
    }
    if parts.iter().map(|part| part.highest(from, until)).sum::<f64>() <= capacity {
        return;
    }
    let limits = limits(parts, from, (until - from).seconds());
    let jumps = parts.iter().any(|part| part.curve.jumps());
    sign_changes(&|at| load_at(parts, at) - capacity, limits, jumps, from, until, cuts);
}

/// Adds the instants at which the sum of a constant and of some parts changes its sign.
fn zeros(parts: &[Part], constant: f64, from: Instant, until: Instant, found: &mut Vec<Instant>) {
    if let [part] = parts
        && constant == 0.0
        && part.share.is_constant()
    {
        return;
    }
    if keeps_its_sign(constant, parts, from, until) {
        return;
    }
    let limits = limits(parts, from, (until - from).seconds());
    let jumps = parts.iter().any(|part| part.curve.jumps());
    sign_changes(&|at| constant + load_at(parts, at), limits, jumps, from, until, found);
}

/// Finds where `f` changes sign on a stretch on which it is smooth: sixteen steps, then bisection.
fn scan(f: &dyn Fn(Instant) -> f64, from: Instant, until: Instant, found: &mut Vec<Instant>) {
    const STEPS: i64 = 16;
    let width = (until - from).nanos();
    let at = |step: i64| {
        from + Span::from_nanos((i128::from(width) * i128::from(step) / i128::from(STEPS)) as i64)
    };
    for step in 0..STEPS {
        let (a, b) = (at(step), at(step + 1));
        // Just before the end, since a table of hours jumps at it.
        let last = if step + 1 == STEPS { b - Span::NANOSECOND } else { b };
        let starts = f(a) > 0.0;
        if last > a && (f(last) > 0.0) != starts {
            found.push(halve(a, last, |at| (f(at) > 0.0) == starts));
        }
    }
}

/// The first instant, to the nanosecond, at which `holds` no longer does; it holds at `from` and not at `until`.
pub(super) fn halve(mut from: Instant, mut until: Instant, holds: impl Fn(Instant) -> bool) -> Instant {
    while (until - from).nanos() > 1 {
        let middle = from + Span::from_nanos((until - from).nanos() / 2);
        if holds(middle) {
            from = middle;
        } else {
            until = middle;
        }
    }
    until
}
