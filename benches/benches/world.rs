//! The world's speed on one thread: the flagship and its variants, and the bare world beside a hand-written heap
//! simulation of nothing but that.
//!
//! Each figure is the best of several runs: simulated years per second of wall time. Expectations are left out, since
//! drills are not part of a run's years.

use models::specification::{Specification, Steering};
use models::study::{Options, run};
use sim::{Replication, Seed, Span, Stream, StreamName};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hint::black_box;
use std::time::Instant;

const FLAGSHIP: &str = include_str!("../../scenarios/library/thirteen-providers.yaml");
const BARE: &str = include_str!("../scenarios/seventeen-of-twenty.yaml");
const WITH_STORES: &str = include_str!("../scenarios/thirteen-providers-with-stores.yaml");
const RUNS: usize = 5;

fn main() {
    println!("{:<64} {:>14}", "one thread, best of 5", "years/s");
    let flagship = load(FLAGSHIP, 2048);
    let base = report("flagship: 20 sites, 13 providers, 16 vantages every 10 s", &flagship);
    ratio("  demand and capacity x 100", &with_demand(&flagship, 100.0), base);
    ratio("  one replication of 100 years instead of 100 of one", &with_horizon(&flagship, 100), base);
    ratio("  with stores: Patroni, two signers, Cassandra", &load(WITH_STORES, 1024), base);
    let plain = without_grey(&flagship);
    let base = report("flagship without grey faults", &plain);
    ratio("  probes x 100 (every 100 ms)", &with_probes(&plain, 100), base);
    ratio("  one replication of 100 years instead of 100 of one", &with_horizon(&plain, 100), base);
    println!("  resident memory at its highest: {} kB", memory("VmHWM"));
    let bare = load(BARE, 65_536);
    for (what, horizon) in [
        ("20 sites on 13 providers, 17 needed, ideal steering", 1),
        ("  replications of 100 years instead of one", 100),
    ] {
        let bare = with_horizon(&bare, horizon);
        let ours = report(what, &bare);
        let theirs = years(&bare) / best(RUNS, || hand_written(bare.run.replications, bare.run.horizon));
        println!("{:<64} {theirs:>14.0}", "  the same by a hand-written heap simulation");
        println!("{:<64} {:>13.2}x", "  ours beside it", ours / theirs);
    }
}

fn load(text: &str, replications: u64) -> Specification {
    let loaded = scenarios::load("bench.yaml", text, &[]).expect("the bench's scenarios are valid");
    let mut specification = loaded.specification;
    specification.expectations.clear();
    specification.run.replications = replications;
    specification
}

fn years(specification: &Specification) -> f64 {
    specification.run.horizon.ratio(Span::YEAR) * specification.run.replications as f64
}

fn report(what: &str, specification: &Specification) -> f64 {
    let speed = speed(specification);
    println!("{what:<64} {speed:>14.0}");
    speed
}

fn ratio(what: &str, specification: &Specification, base: f64) {
    let speed = speed(specification);
    println!("{what:<64} {speed:>14.0}   time x {:.2}", base / speed);
}

fn speed(specification: &Specification) -> f64 {
    let options = Options { threads: Some(1) };
    let seconds = best(RUNS, || {
        black_box(run(specification, &options, &|_| {}).expect("the bench's scenarios run"));
    });
    years(specification) / seconds
}

fn best<T>(runs: usize, f: impl Fn() -> T) -> f64 {
    (0..runs)
        .map(|_| {
            let start = Instant::now();
            black_box(f());
            start.elapsed().as_secs_f64()
        })
        .fold(f64::INFINITY, f64::min)
}

fn with_demand(base: &Specification, factor: f64) -> Specification {
    let mut scaled = base.clone();
    for population in scaled.populations.rows_mut() {
        population.demand.mean *= factor;
    }
    for pool in scaled.sites.rows_mut().iter_mut().flat_map(|site| &mut site.capacity) {
        pool.rate *= factor;
    }
    scaled
}

fn with_probes(base: &Specification, factor: i64) -> Specification {
    let mut faster = base.clone();
    for check in faster.checks.rows_mut() {
        check.interval = Span::from_nanos(check.interval.nanos() / factor);
    }
    faster
}

fn with_horizon(base: &Specification, factor: i64) -> Specification {
    let mut longer = base.clone();
    longer.run.horizon = longer.run.horizon * factor;
    longer.run.replications /= factor as u64;
    longer
}

/// Errors become a loss of capacity that nobody needs: the same faults, nothing for a probe to fail at by chance.
fn without_grey(base: &Specification) -> Specification {
    use models::specification::Effect;
    let mut plain = base.clone();
    for effect in plain.domains.rows_mut().iter_mut().flat_map(|domain| &mut domain.effects) {
        if let Effect::Errors { .. } = effect {
            *effect = Effect::Degraded { factor: 0.999 };
        }
    }
    debug_assert!(plain.entries.rows().iter().any(|entry| matches!(entry.steering, Steering::Dns(_))));
    plain
}

/// A line of the process's status, in kilobytes; zero where the system has none.
fn memory(key: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(key)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// Twenty sites on thirteen providers: a heap of failures and repairs, and the time with fewer than seventeen up.
fn hand_written(replications: u64, horizon: Span) -> (u64, i64) {
    let horizon = horizon.nanos();
    const HOUR: f64 = 3600e9;
    let (site_up, site_down) = (180.0 * 24.0 * HOUR, 6.0 * HOUR);
    let (provider_up, provider_down) = (365.0 * 24.0 * HOUR, 4.0 * HOUR);
    let (mut outages, mut down) = (0, 0);
    for replication in 0..replications {
        let mut stream = Stream::new(Seed(17), Replication(replication), StreamName::of("all", "draws"));
        let mut draw = |mean: f64| (-mean * libm::log(stream.uniform())) as i64;
        let mut heap = BinaryHeap::with_capacity(64);
        let mut failed = [false; 33];
        let mut causes = [0u8; 20];
        let mut up = 20;
        for component in 0..33u32 {
            heap.push(Reverse((draw(if component < 20 { site_up } else { provider_up }), component)));
        }
        let mut since = None;
        while let Some(Reverse((now, component))) = heap.pop() {
            if now >= horizon {
                break;
            }
            let index = component as usize;
            failed[index] = !failed[index];
            let mut apply = |site: usize| {
                if failed[index] {
                    up -= i32::from(causes[site] == 0);
                    causes[site] += 1;
                } else {
                    causes[site] -= 1;
                    up += i32::from(causes[site] == 0);
                }
            };
            if index < 20 {
                apply(index);
            } else {
                (index - 20..20).step_by(13).for_each(&mut apply);
            }
            match (up < 17, since) {
                (true, None) => {
                    since = Some(now);
                    outages += 1;
                }
                (false, Some(start)) => {
                    down += now - start;
                    since = None;
                }
                _ => {}
            }
            let mean = match (index < 20, failed[index]) {
                (true, true) => site_down,
                (true, false) => site_up,
                (false, true) => provider_down,
                (false, false) => provider_up,
            };
            heap.push(Reverse((now + draw(mean), component)));
        }
        if let Some(start) = since {
            down += horizon - start;
        }
    }
    (outages, down)
}
