//! Values that come in clusters and depend on each other within one.

use super::{Confidence, LogHistogram};
use crate::special::{normal_quantile, student_t_quantile};

/// How many independent values say as much of the quantile `p` as those of `clusters` do together: p (1 - p) over the
/// variance that the clusters show of the share of values below their common quantile, made smaller as far as Student's t
/// of the clusters is wider than that of many (Korn and Graubard, "Confidence intervals for proportions with small expected
/// number of positive counts estimated from survey data", Survey Methodology 24, 1998; for a quantile Woodruff, JASA 47,
/// 1952). Clusters without values do not count; fewer than two, or none that differs from another, tell nothing.
pub fn independent_values(p: f64, clusters: &[LogHistogram], confidence: Confidence) -> Option<f64> {
    let clusters: Vec<&LogHistogram> = clusters.iter().filter(|cluster| cluster.count() > 0).collect();
    let mut all = LogHistogram::default();
    clusters.iter().for_each(|cluster| all.merge(cluster));
    let at = all.at(p)?;
    let share = all.below(at) / all.count() as f64;
    let differences = clusters.iter().map(|cluster| cluster.below(at) - share * cluster.count() as f64);
    let squares: f64 = differences.map(|difference| difference * difference).sum();
    let count = clusters.len() as f64;
    let variance = squares * count / (count - 1.0) / (all.count() as f64 * all.count() as f64);
    if clusters.len() < 2 || variance <= 0.0 {
        return None;
    }
    let narrower = normal_quantile(confidence.upper()) / student_t_quantile(confidence.upper(), count - 1.0);
    Some(p * (1.0 - p) / variance * narrower * narrower)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Replication, Seed, Stream, StreamName};

    /// Values in (0, 1): those of a cluster share a part of their luck.
    fn clusters(shared: f64, seed: u64) -> Vec<LogHistogram> {
        let mut stream = Stream::new(Seed(seed), Replication(0), StreamName::of("test", "clusters"));
        let mut cluster = || {
            let mut values = LogHistogram::default();
            let common = stream.uniform();
            for _ in 0..100 {
                values.add((1e6 * (shared * common + (1.0 - shared) * stream.uniform())) as u64);
            }
            values
        };
        (0..40).map(|_| cluster()).collect()
    }

    #[test]
    fn clusters_that_do_not_matter_say_about_as_much_as_all_their_values() {
        let found: f64 = (0..200)
            .map(|seed| 1.0 / independent_values(0.5, &clusters(0.0, seed), Confidence::P95).unwrap_or(0.0))
            .sum();
        // Of 4000 values, less what Student's t of 40 takes.
        assert!((found / 200.0 * 4000.0 - 1.065).abs() < 0.05, "{found}");
    }

    #[test]
    fn values_that_are_all_alike_in_a_cluster_say_as_much_as_one() {
        let found: f64 = (0..200)
            .map(|seed| 1.0 / independent_values(0.5, &clusters(1.0, seed), Confidence::P95).unwrap_or(0.0))
            .sum();
        assert!((found / 200.0 * 40.0 - 1.065).abs() < 0.05, "{found}");
    }

    #[test]
    fn one_cluster_or_clusters_all_alike_tell_nothing() {
        let one = clusters(0.5, 1)[0].clone();
        assert_eq!(independent_values(0.5, std::slice::from_ref(&one), Confidence::P95), None);
        assert_eq!(independent_values(0.5, &[one.clone(), one], Confidence::P95), None);
        assert_eq!(independent_values(0.5, &[], Confidence::P95), None);
    }
}
