//! Replicas that were cut off from the log, are back, and apply what they lack at a rate.
//!
//! A replica applies one entry after the other, played or not. So all that has to be known of the log is how much applying each
//! instant's entries stand for: an entry is shown once the replica has applied that much.

use sim::{Instant, Span};

/// How long it takes to apply all of the log up to what was written at an instant: a broken line.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Toil(Vec<(Instant, Span)>);

/// A time in which a replica lacks some of the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Lack {
    /// When.
    pub(crate) from: Instant,
    pub(crate) until: Instant,
    /// When it was parted from the log, after which it has had all of it no more: what was on its way then arrives.
    pub(crate) parted: Instant,
    /// How long it would have taken to apply what it had at the beginning, if it applies what it lacks; nothing while it is cut
    /// off.
    pub(crate) had: Option<Span>,
}

/// What replicas lacked when.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct CatchingUp {
    toil: Toil,
    /// Of each replica, in order of time, disjoint; nothing where whoever is back applies at once what it lacks.
    lacks: Vec<Vec<Lack>>,
}

impl Toil {
    /// Through points in order of time, none of which lies below the one before.
    pub(crate) fn new(points: Vec<(Instant, Span)>) -> Self {
        debug_assert!(points.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1));
        Toil(points)
    }

    /// For all that was written up to an instant. After the last point the line goes on as before.
    fn at(&self, written: Instant) -> Span {
        let next = self.0.partition_point(|(at, _)| *at <= written).min(self.0.len().saturating_sub(1));
        let Some(before) = next.checked_sub(1) else { return self.0.first().map_or(Span::ZERO, |at| at.1) };
        let ((from, least), (until, most)) = (self.0[before], self.0[next]);
        let share = i128::from((written - from).nanos()) * i128::from((most - least).nanos());
        let more = share / i128::from((until - from).nanos());
        least + Span::from_nanos(more.clamp(0, i128::from(i64::MAX / 4)) as i64)
    }

    /// Up to when all was written that so much applying stands for.
    fn written(&self, toil: Span) -> Instant {
        let next = self.0.partition_point(|(_, at)| *at <= toil).min(self.0.len().saturating_sub(1));
        let Some(before) = next.checked_sub(1) else {
            return self.0.first().map_or(Instant::ZERO, |at| at.0);
        };
        let ((from, least), (until, most)) = (self.0[before], self.0[next]);
        if most == least {
            // Nothing is written any more.
            return Instant::FAR;
        }
        let share = i128::from((toil - least).nanos()) * i128::from((until - from).nanos());
        let later = share / i128::from((most - least).nanos());
        from.saturating_add(Span::from_nanos(later.clamp(0, i128::from(i64::MAX / 4)) as i64))
    }
}

impl CatchingUp {
    pub(crate) fn new(toil: Toil, lacks: Vec<Vec<Lack>>) -> Self {
        CatchingUp { toil, lacks }
    }

    /// Those of an interval, in times that count from its beginning.
    pub(crate) fn within(&self, from: Instant, until: Instant) -> Self {
        let shifted = |at: Instant| if at == Instant::FAR { at } else { Instant::ZERO + (at - from) };
        let shift = |lack: &Lack| Lack {
            from: shifted(lack.from),
            until: shifted(lack.until),
            parted: shifted(lack.parted),
            ..*lack
        };
        let meets = |lack: &&Lack| lack.from <= until && from < lack.until;
        let of = |lacks: &Vec<Lack>| lacks.iter().filter(meets).map(shift).collect();
        let lacks: Vec<Vec<Lack>> = self.lacks.iter().map(of).collect();
        if lacks.iter().all(Vec::is_empty) {
            return CatchingUp::default();
        }
        let points = &self.toil.0;
        let first = points.partition_point(|(at, _)| *at <= from).saturating_sub(1);
        let last = (points.partition_point(|(at, _)| *at < until) + 1).min(points.len());
        let toil = points[first..last].iter().map(|(at, toil)| (shifted(*at), *toil)).collect();
        CatchingUp { toil: Toil(toil), lacks }
    }

    /// When a replica shows at the earliest what was written at an instant, if it would show it at `usual` had it lacked nothing.
    pub(crate) fn shows(&self, replica: usize, written: Instant, usual: Instant) -> Instant {
        let Some(lacks) = self.lacks.get(replica) else { return usual };
        let mut shows = usual;
        for lack in &lacks[lacks.partition_point(|lack| lack.until <= usual)..] {
            if shows < lack.from {
                break;
            }
            if written < lack.parted {
                continue;
            }
            let applied = lack.had.map(|had| lack.from.saturating_add(self.toil.at(written) - had));
            match applied.filter(|applied| *applied < lack.until) {
                Some(applied) => return shows.max(applied),
                None => shows = lack.until,
            }
        }
        shows
    }

    /// Does a replica apply at an instant what it lacks?
    pub(crate) fn is_behind(&self, replica: usize, at: Instant) -> bool {
        self.lacking(replica, at).is_some_and(|lack| lack.had.is_some())
    }

    fn lacking(&self, replica: usize, at: Instant) -> Option<&Lack> {
        let lacks = self.lacks.get(replica)?;
        let next = lacks.partition_point(|lack| lack.from <= at);
        lacks[..next].last().filter(|lack| at < lack.until)
    }

    /// Up to when each replica that lacks something at an instant has all that was written.
    pub(crate) fn as_of(&self, at: Instant) -> impl Iterator<Item = Instant> + '_ {
        (0..self.lacks.len()).filter_map(move |replica| {
            let lack = self.lacking(replica, at)?;
            let before = |lack: &Lack| self.lacking(replica, lack.from - Span::NANOSECOND);
            let (applying, until) = match lack.had {
                Some(_) => (lack, at),
                // Nothing has come since it was cut off once more.
                None => (before(lack)?, lack.from),
            };
            let had = applying.had?;
            Some(self.toil.written(had + (until - applying.from)).min(at))
        })
    }
}

#[cfg(test)]
mod laws;
