use super::*;
use crate::stream::{Replication, Seed, Stream, StreamName};
use rand_distr::Distribution;
use snapbox::{assert_data_eq, file};
use statrs::distribution as oracle;
use statrs::distribution::ContinuousCDF;

const MINUTES: f64 = 60.0;

fn stream(purpose: &str) -> Stream {
    Stream::new(Seed(7), Replication(3), StreamName::of("law", purpose))
}

/// One law of each kind, and shapes on both sides of 1.
fn laws() -> Vec<(&'static str, Law)> {
    let lengths = [90, 5, 20, 20, 400, 1000].map(Span::from_secs);
    vec![
        ("fixed", Law::Fixed(Span::HOUR)),
        ("exponential", Law::Exponential { mean: 90.0 * MINUTES }),
        ("weibull, worn out", Law::Weibull { shape: 2.5, scale: 300.0 }),
        ("weibull, infant mortality", Law::Weibull { shape: 0.7, scale: 86_400.0 }),
        ("lognormal", Law::Lognormal { mu: 7.5, sigma: 0.8 }),
        ("gamma", Law::Gamma { shape: 3.3, scale: 20.0 }),
        ("gamma, shape below 1", Law::Gamma { shape: 0.4, scale: 1000.0 }),
        ("pareto", Law::Pareto { shape: 5.5, low: 60.0 }),
        ("uniform", Law::uniform(Span::SECOND, Span::from_secs(9)).unwrap()),
        ("empirical", Law::empirical(lengths.to_vec()).unwrap()),
        ("mixture", mixture()),
    ]
}

fn mixture() -> Law {
    let long = Law::Lognormal { mu: 9.0, sigma: 0.3 };
    Law::mixture(vec![(3.0, Law::Exponential { mean: 60.0 }), (1.0, long)]).unwrap()
}

/// The Kolmogorov-Smirnov statistic, scaled by the root of the sample's size; over 1.95 with probability 0.001.
fn distance(mut draws: Vec<f64>, cdf: impl Fn(f64) -> f64) -> f64 {
    draws.sort_unstable_by(f64::total_cmp);
    let n = draws.len() as f64;
    let gap = |(i, x): (usize, &f64)| {
        let f = cdf(*x);
        (f - i as f64 / n).abs().max(((i + 1) as f64 / n - f).abs())
    };
    draws.iter().enumerate().map(gap).fold(0.0, f64::max) * n.sqrt()
}

fn has_density(law: &Law) -> bool {
    !matches!(law, Law::Fixed(_) | Law::Empirical(_))
}

#[test]
fn draws_have_the_stated_mean_and_variance() {
    for (name, law) in laws() {
        let mut stream = stream(name);
        let draws: Vec<f64> = (0..100_000).map(|_| law.sample(&mut stream).seconds()).collect();
        let n = draws.len() as f64;
        let mean = draws.iter().sum::<f64>() / n;
        let squares: Vec<f64> = draws.iter().map(|x| (x - law.mean()) * (x - law.mean())).collect();
        let variance = squares.iter().sum::<f64>() / n;
        let fourth = squares.iter().map(|s| (s - variance) * (s - variance)).sum::<f64>() / n;
        assert!(
            (mean - law.mean()).abs() <= 4.0 * (law.variance() / n).sqrt(),
            "{name}: {mean} {}",
            law.mean()
        );
        assert!(
            (variance - law.variance()).abs() <= 5.0 * (fourth / n).sqrt(),
            "{name}: {variance} {}",
            law.variance()
        );
    }
}

#[test]
fn draws_follow_the_stated_cdf() {
    for (name, law) in laws().into_iter().filter(|(_, law)| has_density(law)) {
        let mut stream = stream(name);
        let draws = (0..20_000).map(|_| law.sample(&mut stream).seconds()).collect();
        let d = distance(draws, |x| law.cdf(x));
        assert!(d < 1.95, "{name}: {d}");
    }
}

/// Samplers: of every law they give the law, and of the exponential, whose method is their own, the tail as well.
#[test]
fn a_sampler_follows_its_law() {
    for (name, law) in laws().into_iter().filter(|(_, law)| has_density(law)) {
        let (sampler, mut stream) = (Sampler::new(&law), stream(name));
        let draws = (0..20_000).map(|_| sampler.sample(&mut stream).seconds()).collect();
        let d = distance(draws, |x| law.cdf(x));
        assert!(d < 1.95, "{name}: {d}");
    }
}

#[test]
fn a_sampler_of_an_exponential_law_has_its_moments_and_its_tail() {
    const DRAWS: u32 = 2_000_000;
    for mean in [0.001, 0.005, 3600.0, 2e8] {
        let law = Law::Exponential { mean };
        let (sampler, mut stream) = (Sampler::new(&law), stream("exponential, many"));
        let draws: Vec<f64> = (0..DRAWS).map(|_| sampler.sample(&mut stream).seconds() / mean).collect();
        let n = f64::from(DRAWS);
        // Of the k-th power the mean is k!, the variance (2k)! - k!^2.
        for (power, moment, variance) in [(1.0, 1.0, 1.0), (2.0, 2.0, 20.0), (3.0, 6.0, 684.0)] {
            let found = draws.iter().map(|x| libm::pow(*x, power)).sum::<f64>() / n;
            let error: f64 = variance / n;
            assert!((found - moment).abs() < 4.0 * error.sqrt() + 1e-5, "{mean}, power {power}: {found}");
        }
        // Through the layers, at the edge of the tail (7.697) and in it.
        for beyond in [0.01, 0.5, 1.0, 2.0, 4.0, 6.0, 7.6, 7.69, 7.7, 8.0, 9.0, 10.0, 12.0] {
            let share = libm::exp(-beyond);
            let found = draws.iter().filter(|x| **x > beyond).count() as f64;
            let error = (n * share * (1.0 - share)).sqrt();
            assert!(
                (found - n * share).abs() < 4.0 * error,
                "{mean}, beyond {beyond}: {found} of {}",
                n * share
            );
        }
        let d = distance(draws, |x| -libm::expm1(-x));
        assert!(d < 1.95, "{mean}: {d}");
    }
}

/// `rand_distr` draws by other methods (ziggurat), so its samples are an independent reference for the cdfs.
#[test]
fn draws_of_rand_distr_follow_our_cdfs() {
    use rand::SeedableRng;
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(5);
    let mut check = |law: Law, draw: &dyn Fn(&mut rand_chacha::ChaCha8Rng) -> f64| {
        let draws = (0..20_000).map(|_| draw(&mut rng)).collect();
        let d = distance(draws, |x| law.cdf(x));
        assert!(d < 1.95, "{law:?}: {d}");
    };
    let weibull = rand_distr::Weibull::new(3.0, 0.7).unwrap();
    check(Law::Weibull { shape: 0.7, scale: 3.0 }, &|rng| weibull.sample(rng));
    let lognormal = rand_distr::LogNormal::new(1.0, 0.9).unwrap();
    check(Law::Lognormal { mu: 1.0, sigma: 0.9 }, &|rng| lognormal.sample(rng));
    let gamma = rand_distr::Gamma::new(0.4, 2.0).unwrap();
    check(Law::Gamma { shape: 0.4, scale: 2.0 }, &|rng| gamma.sample(rng));
    let pareto = rand_distr::Pareto::new(2.0, 1.3).unwrap();
    check(Law::Pareto { shape: 1.3, low: 2.0 }, &|rng| pareto.sample(rng));
}

#[test]
fn cdfs_agree_with_statrs() {
    let check = |law: Law, cdf: &dyn Fn(f64) -> f64| {
        for x in (1..100).map(|i| f64::from(i) * 0.2) {
            assert!((law.cdf(x) - cdf(x)).abs() < 1e-10, "{law:?} at {x}");
        }
    };
    let exponential = oracle::Exp::new(0.25).unwrap();
    check(Law::Exponential { mean: 4.0 }, &|x| exponential.cdf(x));
    let weibull = oracle::Weibull::new(1.7, 3.0).unwrap();
    check(Law::Weibull { shape: 1.7, scale: 3.0 }, &|x| weibull.cdf(x));
    let lognormal = oracle::LogNormal::new(0.3, 1.1).unwrap();
    check(Law::Lognormal { mu: 0.3, sigma: 1.1 }, &|x| lognormal.cdf(x));
    let gamma = oracle::Gamma::new(2.2, 0.5).unwrap();
    check(Law::Gamma { shape: 2.2, scale: 2.0 }, &|x| gamma.cdf(x));
    let pareto = oracle::Pareto::new(2.0, 1.4).unwrap();
    check(Law::Pareto { shape: 1.4, low: 2.0 }, &|x| pareto.cdf(x));
}

#[test]
fn quantiles_invert_the_cdf() {
    for (name, law) in laws().into_iter().filter(|(_, law)| has_density(law)) {
        for p in [0.001, 0.1, 0.5, 0.77, 0.95, 0.999] {
            assert!((law.cdf(law.quantile(p)) - p).abs() < 1e-11, "{name} {p}");
        }
    }
    let empirical = Law::empirical([4, 1, 3, 2].map(Span::from_secs).to_vec()).unwrap();
    assert_eq!([0.25, 0.26, 0.5, 1.0].map(|p| empirical.quantile(p)), [1.0, 2.0, 2.0, 4.0]);
}

/// The equilibrium law has density (1 - F) / mean; its cdf is summed here by the midpoint rule.
#[test]
fn residual_lives_follow_the_equilibrium_law() {
    for (name, law) in laws() {
        let mut stream = stream(name);
        let draws: Vec<f64> = (0..20_000).map(|_| law.sample_residual(&mut stream).seconds()).collect();
        let end = draws.iter().fold(0.0, |a: f64, b| a.max(*b));
        let step = end / 200_000.0;
        let mut cdf = vec![0.0];
        for i in 0..200_000 {
            let here = cdf[i] + step * (1.0 - law.cdf((i as f64 + 0.5) * step)) / law.mean();
            cdf.push(here);
        }
        let d = distance(draws, |x| cdf[((x / step).round() as usize).min(200_000)]);
        assert!(d < 1.95, "{name}: {d}");
    }
}

#[test]
fn a_law_without_a_mean_leaves_an_endless_residual_life() {
    let law = Law::Pareto { shape: 0.9, low: 1.0 };
    assert_eq!(law.mean(), f64::INFINITY);
    assert_eq!(law.sample_residual(&mut stream("endless")), Span::FOREVER);
}

#[test]
fn a_law_with_a_density_never_gives_nothing() {
    let law = Law::Weibull { shape: 0.05, scale: 1.0 };
    let mut stream = stream("tiny");
    let draws: Vec<Span> = (0..1000).map(|_| law.sample(&mut stream)).collect();
    assert!(draws.contains(&Span::NANOSECOND) && draws.iter().all(|d| *d > Span::ZERO));
}

#[test]
fn a_law_has_the_facts_it_was_fitted_to() {
    let lengths = [
        Fact::Mean(Span::HOUR),
        Fact::Median(Span::HOUR),
        Fact::Scale(Span::HOUR),
        Fact::Percentile { share: 0.95, value: Span::HOUR },
    ];
    for length in lengths {
        check_fit(Family::Exponential, &[length]);
        for variation in [0.3, 1.0, 2.0] {
            for family in [Family::Weibull, Family::Lognormal, Family::Gamma, Family::Pareto] {
                check_fit(family, &[length, Fact::Variation(variation)]);
            }
        }
        for family in [Family::Weibull, Family::Gamma, Family::Pareto] {
            check_fit(family, &[Fact::Shape(1.3), length]);
        }
        check_fit(Family::Lognormal, &[Fact::Sigma(0.4), length]);
    }
    for family in [Family::Weibull, Family::Lognormal, Family::Gamma, Family::Pareto] {
        let p95 = |hours| Fact::Percentile { share: 0.95, value: Span::HOUR * hours };
        check_fit(family, &[Fact::Median(Span::HOUR), p95(5)]);
        check_fit(family, &[p95(2), Fact::Mean(Span::HOUR)]);
        check_fit(family, &[Fact::Percentile { share: 0.8, value: Span::HOUR }, p95(2)]);
    }
    check_fit(Family::Lognormal, &[Fact::Mean(Span::HOUR * 3), Fact::Median(Span::HOUR)]);
}

fn check_fit(family: Family, facts: &[Fact]) {
    let law = Law::fit(family, facts).unwrap_or_else(|error| panic!("{family} {facts:?}: {error}"));
    for fact in facts {
        let (wanted, found) = match (*fact, &law) {
            (Fact::Mean(value), _) => (value.seconds(), law.mean()),
            (Fact::Median(value), _) => (value.seconds(), law.quantile(0.5)),
            (Fact::Percentile { share, value }, _) => (value.seconds(), law.quantile(share)),
            (Fact::Variation(cv), _) => (cv, law.variance().sqrt() / law.mean()),
            (Fact::Scale(value), Law::Lognormal { mu, .. }) => (value.seconds(), libm::exp(*mu)),
            (Fact::Scale(value), Law::Exponential { mean: scale })
            | (Fact::Scale(value), Law::Weibull { scale, .. })
            | (Fact::Scale(value), Law::Gamma { scale, .. })
            | (Fact::Scale(value), Law::Pareto { low: scale, .. }) => (value.seconds(), *scale),
            (Fact::Shape(k), Law::Weibull { shape, .. })
            | (Fact::Shape(k), Law::Gamma { shape, .. })
            | (Fact::Shape(k), Law::Pareto { shape, .. })
            | (Fact::Sigma(k), Law::Lognormal { sigma: shape, .. }) => (k, *shape),
            other => panic!("{other:?}"),
        };
        assert!((found / wanted - 1.0).abs() < 1e-9, "{family} {facts:?}: {found} for {wanted}");
    }
}

#[test]
fn a_lognormal_from_median_and_p95_is_the_textbooks() {
    let facts = [Fact::Median(Span::MINUTE * 90), Fact::Percentile { share: 0.95, value: Span::HOUR * 10 }];
    let Law::Lognormal { mu, sigma } = Law::fit(Family::Lognormal, &facts).unwrap() else { panic!() };
    assert!((mu - libm::log(5400.0)).abs() < 1e-12);
    // ln(600/90) over the normal law's 95th percentile, 1.6448536.
    assert!((sigma - libm::log(600.0 / 90.0) / 1.644_853_626_951_472_7).abs() < 1e-10);
}

#[test]
fn facts_that_determine_no_law_are_refused_with_a_reason() {
    let mean = Fact::Mean(Span::HOUR);
    let refused = |family, facts: &[Fact]| Law::fit(family, facts).unwrap_err();
    assert!(matches!(refused(Family::Weibull, &[mean]), FitError::Count { needed: 2, given: 1, .. }));
    assert!(matches!(refused(Family::Exponential, &[mean, mean]), FitError::Count { needed: 1, .. }));
    assert_eq!(refused(Family::Weibull, &[mean, mean]), FitError::Redundant);
    assert_eq!(refused(Family::Gamma, &[Fact::Shape(2.0), Fact::Variation(1.0)]), FitError::NoLength);
    let zero = Fact::Median(Span::ZERO);
    assert_eq!(refused(Family::Exponential, &[zero]), FitError::NotPositive(zero));
    assert_eq!(refused(Family::Pareto, &[mean, Fact::Shape(0.8)]), FitError::NoMean);
    let sigma = Fact::Sigma(1.0);
    assert_eq!(refused(Family::Gamma, &[mean, sigma]), FitError::Foreign(Family::Gamma, sigma));
    let p95 = Fact::Percentile { share: 0.95, value: Span::HOUR };
    let contradiction = refused(Family::Weibull, &[Fact::Median(Span::HOUR * 2), p95]);
    assert_eq!(contradiction.to_string(), "no Weibull law has both of these figures");
    // A lognormal's 95th percentile is at most exp(1.645^2 / 2) = 3.87 means.
    let far = Fact::Percentile { share: 0.95, value: Span::HOUR * 4 };
    assert_eq!(refused(Family::Lognormal, &[mean, far]), FitError::Contradiction(Family::Lognormal));
}

#[test]
fn members_and_weights_are_checked() {
    assert_eq!(Law::uniform(Span::HOUR, Span::MINUTE), Err(FitError::Range));
    assert_eq!(Law::empirical(vec![]), Err(FitError::Empty));
    assert_eq!(Law::mixture(vec![(0.0, mixture())]), Err(FitError::Weight(0.0)));
}

/// A change of any bit is a change of results: see the changelog's rule.
#[test]
fn draws_have_the_golden_bits() {
    let mut text = String::new();
    for (name, law) in laws() {
        let mut stream = stream(name);
        let draws = (0..16).map(|_| law.sample(&mut stream).nanos().to_string());
        text += &format!("{name}: {}\n", draws.collect::<Vec<_>>().join(" "));
        let residuals = (0..8).map(|_| law.sample_residual(&mut stream).nanos().to_string());
        text += &format!("{name}, residual: {}\n", residuals.collect::<Vec<_>>().join(" "));
        let figures = [law.mean(), law.variance(), law.cdf(100.0), law.quantile(0.9)];
        let bits = figures.map(|x| format!("{:016x}", x.to_bits()));
        text += &format!("{name}, mean variance cdf quantile: {}\n", bits.join(" "));
    }
    assert_data_eq!(text, file!["golden.txt"]);
}
