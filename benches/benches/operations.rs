//! The operation engine's speed on one thread, and SimPy's beside it in the same rounds.
//!
//! The scenario: three replicas that are all asked, 1,000 keys by Zipf's law, half reads and half writes, 256 clients that
//! think; every leg of a message and every thought is exponential. The engine keeps all its observers on; the SimPy model
//! (benches/peers/quorum.py) counts stale reads and nothing else.

use models::operations::{Apply, Asked, Client, Legs, Operations, Plan, Popularity, Quorum, Tally};
use sim::{Instant, Law, Replication, Seed, Span};
use std::hint::black_box;
use std::process::Command;

const REPLICAS: usize = 3;
const KEYS: u32 = 1000;
const EXPONENT: f64 = 0.99;
const CLIENTS: usize = 256;
/// Mean seconds between an answer and the next operation, and of one leg of a message.
const THINK: f64 = 0.05;
const LEG: f64 = 0.005;
/// Simulated seconds of a round, here and there.
const OURS: f64 = 300.0;
const THEIRS: f64 = 10.0;
const ROUNDS: u64 = 5;
const PEER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/quorum.py");

/// What a round came to.
struct Round {
    speed: f64,
    reads: f64,
    stale: f64,
}

fn main() {
    let peer =
        Command::new("python3").args(["-c", "import simpy"]).output().is_ok_and(|out| out.status.success());
    if !peer {
        println!("python3 cannot import simpy: no peer is run");
    }
    for quorum in [2, 1] {
        println!("R = W = {quorum}, operations a second: median of {ROUNDS} rounds (least to most)");
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for seed in 1..=ROUNDS {
            ours.push(engine(quorum, seed));
            if peer {
                theirs.push(simpy(quorum, seed));
            }
        }
        print("Seawall", &ours);
        if peer {
            print("SimPy", &theirs);
            beside(&ours, &theirs);
        }
    }
}

fn engine(needed: usize, seed: u64) -> Round {
    let leg = Law::Exponential { mean: LEG };
    let legs = Legs { write: leg.clone(), ack: leg.clone(), read: leg.clone(), response: leg };
    let quorum = Quorum {
        legs: vec![legs; REPLICAS],
        distances: vec![vec![Span::ZERO; REPLICAS]],
        write: needed,
        read: needed,
        asked: Asked::All,
    };
    let plan = Plan::Mix { reads: 0.5, think: Law::Exponential { mean: THINK } };
    let clients = vec![Client { plan, places: vec![0], ahead: Span::ZERO }; CLIENTS];
    let popularity = Popularity::Zipf { keys: KEYS, exponent: EXPONENT };
    let start = std::time::Instant::now();
    let run =
        Operations::new(&quorum, Apply::NewestWins, &popularity, &clients, (Seed(seed), Replication(0)));
    let Tally { counts, .. } = black_box(run.run(Instant::ZERO + Span::from_seconds(OURS)));
    let seconds = start.elapsed().as_secs_f64();
    Round {
        speed: (counts.reads + counts.writes) as f64 / seconds,
        reads: counts.reads as f64,
        stale: counts.stale as f64,
    }
}

/// Runs the peer, which prints its operations, reads, stale reads and seconds.
fn simpy(needed: usize, seed: u64) -> Round {
    let arguments =
        format!("{REPLICAS} {needed} {needed} {KEYS} {EXPONENT} {CLIENTS} {THINK} {LEG} {THEIRS} {seed}");
    let output = Command::new("python3").arg(PEER).args(arguments.split(' ')).output().expect("python3 runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let figures: Vec<f64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [operations, reads, stale, seconds] = figures[..] else {
        panic!("the peer printed {text:?} and {:?}", String::from_utf8_lossy(&output.stderr))
    };
    Round { speed: operations / seconds, reads, stale }
}

/// Stale reads as a share of all rounds' reads, with its standard error over rounds: reads of one run depend on each other.
fn share(rounds: &[Round]) -> (f64, f64) {
    let each: Vec<f64> = rounds.iter().map(|round| round.stale / round.reads).collect();
    let n = each.len() as f64;
    let mean = each.iter().sum::<f64>() / n;
    let squares: f64 = each.iter().map(|share| (share - mean) * (share - mean)).sum();
    (mean, (squares / (n - 1.0) / n).sqrt())
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

fn print(what: &str, rounds: &[Round]) {
    let speeds = sorted(rounds.iter().map(|round| round.speed));
    let (least, median, most) = (speeds[0], speeds[speeds.len() / 2], speeds[speeds.len() - 1]);
    let (share, error) = share(rounds);
    println!("  {what:<8} {median:>11.0} ({least:.0} to {most:.0})   stale {share:.6} +- {error:.6}");
}

fn beside(ours: &[Round], theirs: &[Round]) {
    let ratios = sorted(ours.iter().zip(theirs).map(|(ours, theirs)| ours.speed / theirs.speed));
    let ((our, our_error), (their, their_error)) = (share(ours), share(theirs));
    let error = (our_error * our_error + their_error * their_error).sqrt();
    let apart = if error > 0.0 { (our - their).abs() / error } else { (our - their).abs() };
    println!(
        "  ours over SimPy's, within a round: {:.0} ({:.0} to {:.0}); stale shares are {apart:.1} standard errors apart",
        ratios[ratios.len() / 2],
        ratios[0],
        ratios[ratios.len() - 1]
    );
}
