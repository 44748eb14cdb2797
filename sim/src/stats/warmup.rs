/// Observations in a batch.
const BATCH: usize = 5;

/// How many batches of five observations to discard at the start of a series that began out of equilibrium: MSER-5.
///
/// The cut is where the standard error of the batch means that remain is least; cuts into the second half are not
/// considered, so a result of half the batches says that the series is too short. [White, Cobb & Spratt, "A comparison
/// of five steady-state truncation heuristics for simulation", Winter Simulation Conference 2000.]
pub fn warm_up_batches(series: &[f64]) -> usize {
    let means: Vec<f64> =
        series.chunks_exact(BATCH).map(|batch| batch.iter().sum::<f64>() / BATCH as f64).collect();
    let mut best = (f64::INFINITY, 0);
    // From the end, so that each sum grows by one batch.
    let (mut sum, mut squares) = (0.0, 0.0);
    let centre = means.last().copied().unwrap_or(0.0);
    for cut in (0..means.len()).rev() {
        let value = means[cut] - centre;
        sum += value;
        squares += value * value;
        let n = (means.len() - cut) as f64;
        let score = (squares - sum * sum / n) / (n * n);
        if cut <= means.len() / 2 && score <= best.0 {
            best = (score, cut);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::{Replication, Seed, Stream, StreamName};

    fn noise(length: usize) -> Vec<f64> {
        let mut stream = Stream::new(Seed(1), Replication(0), StreamName::of("warmup", "noise"));
        (0..length).map(|_| stream.uniform()).collect()
    }

    #[test]
    fn a_transient_is_cut_and_not_much_more() {
        let mut series = noise(1000);
        for (i, value) in series[..200].iter_mut().enumerate() {
            *value += 20.0 - 0.1 * i as f64;
        }
        let cut = warm_up_batches(&series);
        assert!((35..=60).contains(&cut), "{cut}");
    }

    #[test]
    fn a_series_in_equilibrium_keeps_nearly_all() {
        assert!(warm_up_batches(&noise(1000)) <= 20);
        assert_eq!(warm_up_batches(&[]), 0);
    }
}
