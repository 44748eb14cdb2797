//! What a keyed stream costs: `cargo bench -p benches --bench streams`. Median of five rounds, nanoseconds.

use sim::{Law, Replication, Seed, Stream, StreamName};
use std::hint::black_box;
use std::time::Instant;

const ROUNDS: usize = 5;
const TIMES: u64 = 200_000;

fn main() {
    let name = StreamName::of("aws/us-east-1/a", "outages");
    let law = Law::Exponential { mean: 3600.0 };
    let mut long = Stream::new(Seed(1), Replication(0), name);
    println!("bytes a stream: {}", size_of::<Stream>());
    print("hash a name of 23 bytes", |_| StreamName::of(black_box("aws/us-east-1/a"), "outages"));
    for draws in [0, 1, 4, 16] {
        print(&format!("create a stream and draw {draws}"), |i| {
            let mut stream = Stream::new(Seed(1), Replication(i), name);
            (0..draws).fold(0, |sum, _| sum ^ stream.bits())
        });
    }
    print("draw from a stream that exists", |_| long.bits());
    let mut long = Stream::new(Seed(2), Replication(0), name);
    print("draw an exponential length", |_| law.sample(&mut long));
}

fn print<T>(what: &str, mut action: impl FnMut(u64) -> T) {
    let mut rounds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            (0..TIMES).for_each(|i| drop(black_box(action(i))));
            start.elapsed().as_secs_f64() * 1e9 / TIMES as f64
        })
        .collect();
    rounds.sort_unstable_by(f64::total_cmp);
    println!("{what:<36} {:>7.1}", rounds[ROUNDS / 2]);
}
