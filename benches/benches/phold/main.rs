//! PHOLD on our calendar and on two peer kernels, in one run, one thread: `cargo bench -p benches --bench phold`.
//!
//! Each of n processes begins with one event. Handling an event draws a delay of 0.1 + Exp(0.9) seconds and a uniform
//! destination, and schedules one event there. Every kernel is given the same generator (SplitMix64, 64 bits of state,
//! one a process) and the same exponential draw (`rand_distr`'s ziggurat), so they differ by what it costs to keep and
//! order events. The line before the last of a size is what the draws alone cost, which no kernel can go below.
//!
//! Rounds alternate between the kernels, so that a busy machine slows all of them; the median of five is printed.

mod dslab;
mod nexo;
mod ours;

use rand::{Rng, TryRng};
use rand_distr::Distribution;
use std::convert::Infallible;
use std::hint::black_box;
use std::time::Instant;

/// Rounds, of which the median counts.
const ROUNDS: usize = 5;

/// Where a process sends its next event, and when.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
struct Process {
    state: u64,
}

impl Process {
    fn new(index: u32) -> Self {
        Process { state: u64::from(index) << 32 ^ 0x5eed }
    }

    /// Seconds until the next event: 0.1 + Exp(0.9).
    fn delay(&mut self) -> f64 {
        let exponential: f64 = rand_distr::Exp1.sample(self);
        0.1 + 0.9 * exponential
    }

    /// A uniform destination among `processes`.
    fn destination(&mut self, processes: u32) -> u32 {
        ((u64::from(processes) * (self.next_u64() >> 32)) >> 32) as u32
    }
}

/// SplitMix64 [Steele, Lea & Flood, OOPSLA 2014]; passes BigCrush.
impl TryRng for Process {
    type Error = Infallible;

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.state ^ self.state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        Ok(z ^ z >> 31)
    }

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.try_next_u64().map(|bits| (bits >> 32) as u32)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next_u64().to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

/// What a run did, to see that the kernels did the same: the mean delay is 1 s, so time is events over processes.
struct Done {
    events: u64,
    simulated_seconds: f64,
    wall_seconds: f64,
}

/// A kernel: its name, and how it runs PHOLD with so many processes until so many events are handled.
type Kernel = (&'static str, fn(u32, u64) -> Done);

const KERNELS: [Kernel; 3] =
    [("seawall sim", ours::run), ("dslab simcore 0.1", dslab::run), ("nexosim 1.0", nexo::run)];

fn main() {
    println!("PHOLD, millions of events a second, one thread, median of {ROUNDS} rounds (least, greatest)");
    for (processes, events) in [(100, 1_000_000), (1_000, 1_000_000), (100_000, 1_000_000)] {
        measure(processes, events);
    }
}

fn measure(processes: u32, events: u64) {
    let mut rates = vec![Vec::new(); KERNELS.len()];
    for _ in 0..ROUNDS {
        for (rates, (name, run)) in rates.iter_mut().zip(KERNELS) {
            let done = run(processes, events);
            let expected = done.events as f64 / f64::from(processes);
            assert!((done.simulated_seconds / expected - 1.0).abs() < 0.1, "{name} did something else");
            rates.push(done.events as f64 / done.wall_seconds / 1e6);
        }
    }
    // Within a round, so that what slowed the machine in it slowed all.
    let mut ratios: Vec<f64> =
        (0..ROUNDS).map(|round| rates[0][round] / rates[1][round].max(rates[2][round])).collect();
    let medians: Vec<f64> = rates.iter_mut().map(|rates| median(rates)).collect();
    println!("{processes} processes:");
    for (((name, _), rates), median) in KERNELS.iter().zip(&rates).zip(&medians) {
        println!("  {name:<18} {median:>7.2}  ({:.2} to {:.2})", rates[0], rates[ROUNDS - 1]);
    }
    println!("  {:<18} {:>7.2}", "draws alone", draws_alone(processes, events));
    let ratio = median(&mut ratios);
    println!("  ours over the better peer: {ratio:.2} ({:.2} to {:.2})", ratios[0], ratios[ROUNDS - 1]);
}

/// Millions of pairs of draws a second, each by the process the last one named.
fn draws_alone(processes: u32, events: u64) -> f64 {
    let mut all: Vec<Process> = (0..processes).map(Process::new).collect();
    let done = timed(|| {
        let mut next = 0;
        for _ in 0..events {
            let process = &mut all[next as usize];
            black_box(process.delay());
            next = process.destination(processes);
        }
        (events, 0.0)
    });
    done.events as f64 / done.wall_seconds / 1e6
}

/// The median; sorts.
fn median(rates: &mut [f64]) -> f64 {
    rates.sort_unstable_by(f64::total_cmp);
    rates[rates.len() / 2]
}

/// Runs `simulate` under the clock; it returns events handled and seconds simulated.
fn timed(simulate: impl FnOnce() -> (u64, f64)) -> Done {
    let start = Instant::now();
    let (events, simulated_seconds) = simulate();
    Done { events, simulated_seconds, wall_seconds: start.elapsed().as_secs_f64() }
}
