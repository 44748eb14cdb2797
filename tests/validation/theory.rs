//! The theory's own arithmetic: nothing here knows the simulator.

/// Seconds in an hour, a day and a year of 365 days.
pub(crate) const HOUR: f64 = 3600.0;
pub(crate) const DAY: f64 = 24.0 * HOUR;
pub(crate) const YEAR: f64 = 365.0 * DAY;

/// The gamma function by Lanczos's approximation (g = 7, nine terms; relative error about 1e-15).
pub(crate) fn gamma(x: f64) -> f64 {
    const TERMS: [f64; 9] = [
        0.999_999_999_999_809_9,
        676.520_368_121_885_1,
        -1_259.139_216_722_402_8,
        771.323_428_777_653_1,
        -176.615_029_162_140_6,
        12.507_343_278_686_905,
        -0.138_571_095_265_720_12,
        9.984_369_578_019_572e-6,
        1.505_632_735_149_311_6e-7,
    ];
    let x = x - 1.0;
    let series = TERMS[1..].iter().zip(1..).fold(TERMS[0], |sum, (term, k)| sum + term / (x + f64::from(k)));
    let t = x + 7.5;
    (2.0 * std::f64::consts::PI).sqrt() * t.powf(x + 0.5) * (-t).exp() * series
}

/// Mean and variance of a law of times.
#[derive(Clone, Copy)]
pub(crate) struct Time {
    pub(crate) mean: f64,
    pub(crate) variance: f64,
}

impl Time {
    pub(crate) fn fixed(mean: f64) -> Self {
        Time { mean, variance: 0.0 }
    }

    pub(crate) fn exponential(mean: f64) -> Self {
        Time { mean, variance: mean * mean }
    }

    /// Of the Weibull law with this shape and mean.
    pub(crate) fn weibull(shape: f64, mean: f64) -> Self {
        let (first, second) = (gamma(1.0 + 1.0 / shape), gamma(1.0 + 2.0 / shape));
        Time { mean, variance: mean * mean * (second / (first * first) - 1.0) }
    }

    /// Of the lognormal law with this mean and standard deviation of the logarithm.
    pub(crate) fn lognormal(mean: f64, sigma: f64) -> Self {
        Time { mean, variance: mean * mean * ((sigma * sigma).exp() - 1.0) }
    }

    /// Long-run share of time down.
    pub(crate) fn unavailability(up: Time, down: Time) -> f64 {
        down.mean / (up.mean + down.mean)
    }

    /// Variance of the time down in `t` of an alternating renewal process, as t grows (Takács).
    pub(crate) fn downtime_variance(up: Time, down: Time, t: f64) -> f64 {
        let cycle = up.mean + down.mean;
        t * (up.mean * up.mean * down.variance + down.mean * down.mean * up.variance)
            / (cycle * cycle * cycle)
    }
}

/// n over k.
pub(crate) fn choose(n: u32, k: u32) -> f64 {
    (0..k).map(|i| f64::from(n - i) / f64::from(i + 1)).product()
}

/// Probability of exactly `k` of `n` independent sites, each up with probability `p`.
pub(crate) fn binomial(n: u32, k: u32, p: f64) -> f64 {
    choose(n, k) * p.powi(k as i32) * (1.0 - p).powi((n - k) as i32)
}

/// A continuous-time Markov chain on a few states.
pub(crate) struct Chain {
    rates: Vec<Vec<f64>>,
}

impl Chain {
    pub(crate) fn new(states: usize) -> Self {
        Chain { rates: vec![vec![0.0; states]; states] }
    }

    /// Adds transitions at `rate` per second.
    pub(crate) fn add(&mut self, from: usize, to: usize, rate: f64) {
        if from != to {
            self.rates[from][to] += rate;
        }
    }

    fn states(&self) -> usize {
        self.rates.len()
    }

    fn leaving(&self, state: usize) -> f64 {
        self.rates[state].iter().sum()
    }

    /// The stationary probabilities: the balance equations, one of them replaced by their sum being 1.
    pub(crate) fn stationary(&self) -> Vec<f64> {
        let n = self.states();
        let mut matrix = vec![vec![0.0; n]; n];
        let mut right = vec![0.0; n];
        for (to, row) in matrix.iter_mut().enumerate() {
            for (from, entry) in row.iter_mut().enumerate() {
                *entry = if from == to { -self.leaving(to) } else { self.rates[from][to] };
            }
        }
        matrix[n - 1].fill(1.0);
        right[n - 1] = 1.0;
        solve(matrix, right)
    }

    /// Long-run probability of a state for which `counts` holds.
    pub(crate) fn probability(&self, counts: impl Fn(usize) -> bool) -> f64 {
        self.stationary().iter().enumerate().filter(|(state, _)| counts(*state)).map(|(_, p)| p).sum()
    }

    /// How often per second, in the long run, it goes from a state for which `down` does not hold to one for which it
    /// does.
    pub(crate) fn frequency(&self, down: impl Fn(usize) -> bool) -> f64 {
        let stationary = self.stationary();
        let into = |from: usize| -> f64 {
            (0..self.states()).filter(|to| down(*to)).map(|to| self.rates[from][to]).sum()
        };
        (0..self.states()).filter(|state| !down(*state)).map(|from| stationary[from] * into(from)).sum()
    }

    /// Expected time in the states `down` until `t`, from state 0 at time 0, but for what has decayed as exp(-rate t):
    /// t times the probability plus the bias h(0), where Q h = p - 1(down) and the stationary mean of h is 0.
    pub(crate) fn time_from_first(&self, down: impl Fn(usize) -> bool, t: f64) -> f64 {
        let n = self.states();
        let stationary = self.stationary();
        let p: f64 = (0..n).filter(|state| down(*state)).map(|state| stationary[state]).sum();
        let mut matrix = vec![vec![0.0; n]; n];
        let mut right = vec![0.0; n];
        for from in 0..n - 1 {
            matrix[from].copy_from_slice(&self.rates[from]);
            matrix[from][from] = -self.leaving(from);
            right[from] = p - f64::from(u8::from(down(from)));
        }
        matrix[n - 1].copy_from_slice(&stationary);
        p * t + solve(matrix, right)[0]
    }
}

/// Gaussian elimination with pivoting.
fn solve(mut matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Vec<f64> {
    let n = right.len();
    for column in 0..n {
        let size = |row: &usize| matrix[*row][column].abs();
        let pivot = (column..n).max_by(|a, b| size(a).total_cmp(&size(b))).expect("there is a row left");
        matrix.swap(column, pivot);
        right.swap(column, pivot);
        for row in column + 1..n {
            let factor = matrix[row][column] / matrix[column][column];
            let above = matrix[column].clone();
            matrix[row].iter_mut().zip(&above).skip(column).for_each(|(x, y)| *x -= factor * y);
            right[row] -= factor * right[column];
        }
    }
    for row in (0..n).rev() {
        let known: f64 = (row + 1..n).map(|column| matrix[row][column] * right[column]).sum();
        right[row] = (right[row] - known) / matrix[row][row];
    }
    right
}

/// Integral over a whole day of (mean + amplitude cos(2 pi t / day) - level)+, in seconds times the rate's unit.
pub(crate) fn daily_excess(mean: f64, amplitude: f64, level: f64) -> f64 {
    let omega = 2.0 * std::f64::consts::PI / DAY;
    if mean - amplitude >= level {
        return (mean - level) * DAY;
    }
    if mean + amplitude <= level {
        return 0.0;
    }
    let crossing = ((level - mean) / amplitude).acos();
    2.0 * (amplitude * crossing.sin() - (level - mean) * crossing) / omega
}

/// Probes of one vantage: how they are paced.
#[derive(Clone, Copy)]
pub(crate) struct Probes {
    pub(crate) interval: f64,
    pub(crate) timeout: f64,
    pub(crate) retries: f64,
    pub(crate) failures: f64,
    pub(crate) successes: f64,
    /// Does the interval count from the response?
    pub(crate) after_response: bool,
}

impl Probes {
    /// Time between the first probes of two failing cycles.
    fn failing_cycle(&self) -> f64 {
        self.interval + if self.after_response { self.wait() } else { 0.0 }
    }

    /// From a failing cycle's first probe until it is known to have failed.
    fn wait(&self) -> f64 {
        self.timeout * (1.0 + self.retries)
    }

    /// From the first probe that meets a dead site until the opinion turns.
    pub(crate) fn after_first_failure(&self) -> f64 {
        (self.failures - 1.0) * self.failing_cycle() + self.wait()
    }

    /// When a vantage of this phase learns of a death at `dies`; passing probes take no time.
    fn learns(&self, phase: f64, dies: f64) -> f64 {
        self.first_probe(phase, dies) + self.after_first_failure()
    }

    fn first_probe(&self, phase: f64, from: f64) -> f64 {
        phase + self.interval * ((from - phase) / self.interval).ceil()
    }

    /// When it learns of the repair at `repaired` of a site that died at `dies`, long before: the first probe or retry
    /// that meets the repaired site passes its cycle, and R - 1 more cycles must pass.
    fn relearns(&self, phase: f64, dies: f64, repaired: f64) -> f64 {
        let first = self.first_probe(phase, dies);
        let under_way = first + self.failing_cycle() * ((repaired - first) / self.failing_cycle()).floor();
        let retry = under_way + self.timeout * ((repaired - under_way) / self.timeout).ceil();
        let in_time = retry - under_way <= self.retries * self.timeout;
        let (cycle, passes) = match in_time {
            true => (under_way, retry),
            false => (under_way + self.failing_cycle(), under_way + self.failing_cycle()),
        };
        match self.successes {
            1.0 => passes,
            more => (if self.after_response { passes } else { cycle }) + (more - 1.0) * self.interval,
        }
    }

    /// When the check turns: the `quorum`-th of its vantages to learn.
    pub(crate) fn turns(&self, phases: &[f64], quorum: usize, dies: f64) -> f64 {
        nth(phases.iter().map(|phase| self.learns(*phase, dies)).collect(), quorum)
    }

    /// When the check turns, its vantages being so far from the site: a probe meets what it finds when it arrives, and
    /// where the interval counts from the response, a passing cycle is longer by the round trip.
    pub(crate) fn turns_from_afar(&self, posts: &[(f64, f64)], quorum: usize, dies: f64) -> f64 {
        let learns = |&(phase, delay): &(f64, f64)| {
            let period = self.interval + if self.after_response { 2.0 * delay } else { 0.0 };
            phase + period * ((dies - delay - phase) / period).ceil() + self.after_first_failure()
        };
        nth(posts.iter().map(learns).collect(), quorum)
    }

    /// When the check turns back: fewer than `quorum` are left that have not learnt.
    pub(crate) fn turns_back(&self, phases: &[f64], quorum: usize, dies: f64, repaired: f64) -> f64 {
        let learnt = phases.iter().map(|phase| self.relearns(*phase, dies, repaired)).collect();
        nth(learnt, phases.len() - quorum + 1)
    }
}

/// One-way delay in seconds, whole nanoseconds, to a place on the equator so many degrees away: the distance on a sphere
/// of the Earth's mean radius (6371.0088 km, IUGG) at 115,000 km/s, and 1.6 ms.
pub(crate) fn equator_delay(degrees: f64) -> f64 {
    let seconds = 0.0016 + 6371.0088 * degrees.to_radians() / 115_000.0;
    (seconds * 1e9).round() / 1e9
}

/// The n-th smallest.
fn nth(mut values: Vec<f64>, n: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    values[n - 1]
}
