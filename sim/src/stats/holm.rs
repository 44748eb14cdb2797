/// Which of several hypotheses are rejected while the chance of any false rejection stays within `error`.
///
/// The k-th smallest of m p-values is held against error / (m - k + 1), until one fails [Holm, Scand. J. Stat. 6 (1979)].
/// The result is in the order of `p_values`.
pub fn holm(p_values: &[f64], error: f64) -> Vec<bool> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    let mut rejected = vec![false; p_values.len()];
    for (k, index) in order.iter().enumerate() {
        if p_values[*index] > error / (p_values.len() - k) as f64 {
            break;
        }
        rejected[*index] = true;
    }
    rejected
}

#[cfg(test)]
mod tests {
    use super::holm;

    #[test]
    fn rejects_stepwise_and_stops_at_the_first_that_holds() {
        // 0.01 <= 0.05/4 and 0.012 <= 0.05/3 are rejected, 0.03 > 0.05/2 is not, and 0.04 no more.
        assert_eq!(holm(&[0.03, 0.01, 0.04, 0.012], 0.05), [false, true, false, true]);
        assert_eq!(holm(&[], 0.05), [false; 0]);
    }
}
