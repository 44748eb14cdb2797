//! One vantage: where its next probe is, how long its run is, and what it thinks.

use super::plan::{CheckPlan, Spacing};
use sim::Span;

/// A plan in plain nanoseconds and counts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    interval: i64,
    pub(super) timeout: i64,
    attempts: i64,
    pub(super) failures: i64,
    pub(super) successes: i64,
    spacing: Spacing,
    /// From the start of a failed cycle to its result.
    exhausted: i64,
    /// From the start of a failed cycle to the start of the next.
    pub(super) failing_period: i64,
}

impl Pace {
    pub(super) fn of(plan: &CheckPlan) -> Self {
        let attempts = i64::from(plan.retries) + 1;
        let (interval, timeout) = (plan.interval.nanos(), plan.timeout.nanos());
        let exhausted = attempts * timeout;
        let failing_period = match plan.spacing {
            Spacing::Start => interval,
            Spacing::Response => exhausted + interval,
        };
        Pace {
            interval,
            timeout,
            attempts,
            failures: i64::from(plan.failures),
            successes: i64::from(plan.successes),
            spacing: plan.spacing,
            exhausted,
            failing_period,
        }
    }

    /// The least time between cycles.
    pub(super) fn interval(&self) -> i64 {
        self.interval
    }

    /// Between the sendings of a passing probe and the next.
    pub(super) fn passing_period(&self, trip: i64) -> i64 {
        match self.spacing {
            Spacing::Start => self.interval,
            Spacing::Response => trip + self.interval,
        }
    }

    /// An upper bound of the time between two sendings, where cycles do not repeat probes.
    pub(super) fn longest_period(&self) -> i64 {
        self.interval.saturating_add(self.timeout)
    }

    /// Probes in a failed cycle.
    pub(super) fn attempts(&self) -> i64 {
        self.attempts
    }
}

/// The state of one vantage after all probes that arrived before some instant.
///
/// A result counts when its probe arrives, since nothing can change it any more; the opinion it turns takes effect at
/// `since`, when the result is known. Cycles do not overlap, so at most one opinion is on its way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vantage {
    /// One-way delay.
    delay: i64,
    /// Sending of the first probe whose outcome is open.
    pub(super) sending: i64,
    /// Its number within its cycle, from 0.
    attempt: i64,
    /// Results in a row that speak against the opinion.
    pub(super) run: i64,
    /// From when on the opinion holds.
    pub(super) since: i64,
    /// Healthy?
    pub(super) opinion: bool,
    /// The group it votes in.
    pub(super) group: u8,
}

impl Vantage {
    pub(super) fn new(delay: i64, sending: i64, group: u8) -> Self {
        Vantage { delay, sending, attempt: 0, run: 0, since: i64::MIN, opinion: true, group }
    }

    /// Arrival of the first probe whose outcome is open.
    pub(super) fn arrival(&self) -> i64 {
        self.sending + self.delay
    }

    /// The opinion that was in effect just before `now`.
    pub(super) fn held_before(&self, now: i64) -> bool {
        self.opinion == (self.since < now)
    }

    /// Round trip of a probe with `added`.
    pub(super) fn trip(&self, added: Span) -> i64 {
        2 * self.delay + added.nanos()
    }

    #[inline]
    fn cycle(&self, pace: &Pace) -> i64 {
        self.sending - self.attempt * pace.timeout
    }

    /// The sending after the next probe passes with round trip `trip`, and the time between sendings from then on.
    #[inline]
    fn passing(&self, pace: &Pace, trip: i64) -> (i64, i64) {
        match pace.spacing {
            Spacing::Start => (self.cycle(pace) + pace.interval, pace.interval),
            Spacing::Response => (self.sending + trip + pace.interval, trip + pace.interval),
        }
    }

    /// When the `nth` pass in a row from now on is known.
    #[inline]
    fn nth_pass(&self, pace: &Pace, trip: i64, nth: i64) -> i64 {
        if nth == 1 {
            return self.sending + trip;
        }
        let (next, period) = self.passing(pace, trip);
        next + (nth - 2) * period + trip
    }

    /// When the `nth` failed cycle in a row from now on is known.
    #[inline]
    fn nth_failure(&self, pace: &Pace, nth: i64) -> i64 {
        self.cycle(pace) + (nth - 1) * pace.failing_period + pace.exhausted
    }

    /// When the opinion becomes healthy, which it is not, if all probes pass.
    #[inline]
    pub(super) fn recovers(&self, pace: &Pace, trip: i64) -> i64 {
        self.nth_pass(pace, trip, pace.successes - self.run)
    }

    /// When the opinion becomes unhealthy, which it is not, if all probes fail.
    #[inline]
    pub(super) fn succumbs(&self, pace: &Pace) -> i64 {
        self.nth_failure(pace, pace.failures - self.run)
    }

    /// Lets all probes that arrive before `until`, one each `period`, speak for an opinion that is in effect by then.
    /// Probes are not repeated.
    #[inline]
    pub(super) fn agree(&mut self, opinion: bool, period: i64, until: i64) {
        let left = until - 1 - self.arrival();
        if left >= 0 {
            self.sending += (left / period + 1) * period;
            (self.opinion, self.run) = (opinion, 0);
        }
    }

    /// Lets up to `limit` probes that arrive before `until` pass; returns how many did.
    #[inline]
    pub(super) fn pass(&mut self, pace: &Pace, trip: i64, limit: i64, until: i64) -> i64 {
        if self.arrival() >= until || limit == 0 {
            return 0;
        }
        let (next, period) = self.passing(pace, trip);
        let left = until - 1 - self.delay - next;
        let passed = match () {
            () if left < 0 => 1,
            // Short runs of grey probes need no division.
            () if (limit - 2).saturating_mul(period) <= left => limit,
            () => 2 + left / period,
        };
        if self.opinion {
            self.run = 0;
        } else if self.run + passed >= pace.successes {
            self.since = self.nth_pass(pace, trip, pace.successes - self.run);
            (self.opinion, self.run) = (true, 0);
        } else {
            self.run += passed;
        }
        self.sending = next + (passed - 1) * period;
        self.attempt = 0;
        passed
    }

    /// Lets up to `limit` probes that arrive before `until` fail; returns how many did.
    #[inline]
    pub(super) fn fail(&mut self, pace: &Pace, limit: i64, until: i64) -> i64 {
        if self.arrival() >= until || limit == 0 {
            return 0;
        }
        let failed = if limit == 1 { 1 } else { limit.min(self.failing_before(pace, until)) };
        let total = self.attempt + failed;
        let (cycles, attempt) =
            if pace.attempts == 1 { (total, 0) } else { (total / pace.attempts, total % pace.attempts) };
        if cycles > 0 {
            self.count_failures(pace, cycles);
        }
        self.sending = self.cycle(pace) + cycles * pace.failing_period + attempt * pace.timeout;
        self.attempt = attempt;
        failed
    }

    fn count_failures(&mut self, pace: &Pace, cycles: i64) {
        if !self.opinion {
            self.run = 0;
        } else if self.run + cycles >= pace.failures {
            self.since = self.nth_failure(pace, pace.failures - self.run);
            (self.opinion, self.run) = (false, 0);
        } else {
            self.run += cycles;
        }
    }

    /// How many probes arrive before `until` if all fail; the next one does.
    fn failing_before(&self, pace: &Pace, until: i64) -> i64 {
        let last = until - 1 - self.delay;
        let rest = pace.attempts - self.attempt;
        let left = last - self.cycle(pace) - pace.failing_period;
        if left < 0 {
            return rest.min((last - self.sending) / pace.timeout + 1);
        }
        let cycles = left / pace.failing_period;
        if pace.attempts == 1 {
            return 2 + cycles;
        }
        let part = (left - cycles * pace.failing_period) / pace.timeout + 1;
        rest + cycles * pace.attempts + part.min(pace.attempts)
    }
}
