//! Whether a sample comes from a distribution, or two from the same one: by the largest distance between how much of
//! each is below a value (Kolmogorov 1933; Smirnov, "Table for estimating the goodness of fit of empirical
//! distributions", Annals of Mathematical Statistics 19, 1948).

use std::f64::consts::PI;

use super::significance::{Alternative, Significance, StatisticsError, numbers};

/// Two samples are counted exactly where the product of their lengths is no more than this.
pub const MOST_EXACT_CELLS: usize = 1_000_000;

/// How the two-sample test finds its chance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KsMethod {
    /// `Exact` up to [`MOST_EXACT_CELLS`], `Asymptotic` beyond.
    Automatic,
    /// Over every order in which the two samples' values can come.
    Exact,
    /// As for endless samples: Kolmogorov's distribution two-sided, and one-sided the approximation by Hodges ("The
    /// significance probability of the Smirnov two-sample test", Arkiv för Matematik 3, 1958, equation 5.3).
    Asymptotic,
}

/// Whether two samples come from the same distribution. The statistic is the largest distance between their empirical
/// distribution functions: in either direction, or that of `first` above (`Less`: its values are the lesser) or below
/// (`Greater`). SciPy's names are of the functions, so its `greater` is `Less` here. Values are taken to be
/// independent; infinities are fine. With ties the chance is an upper bound.
pub fn ks_two_sample(
    first: &[f64],
    second: &[f64],
    alternative: Alternative,
    method: KsMethod,
) -> Result<Significance, StatisticsError> {
    numbers(first, 1)?;
    numbers(second, 1)?;
    let (m, n) = (first.len(), second.len());
    let cells = m.saturating_mul(n);
    let [above, below] = distances(first, second);
    let distance = match alternative {
        Alternative::TwoSided => above.max(below),
        Alternative::Less => above,
        Alternative::Greater => below,
    };
    let statistic = distance as f64 / cells as f64;
    let is_two_sided = alternative == Alternative::TwoSided;
    let exact = match method {
        KsMethod::Automatic => cells <= MOST_EXACT_CELLS,
        KsMethod::Exact if cells > MOST_EXACT_CELLS => {
            return Err(StatisticsError::TooMany { most: MOST_EXACT_CELLS, found: cells });
        }
        KsMethod::Exact => true,
        KsMethod::Asymptotic => false,
    };
    let p_value = match exact {
        true => reached(m, n, distance, is_two_sided),
        false => {
            let (more, fewer) = (m.max(n) as f64, m.min(n) as f64);
            let x = statistic * (more / (more + fewer) * fewer).sqrt();
            match is_two_sided {
                true => kolmogorov_above(x),
                false => {
                    let correction = 2.0 * x * (more + 2.0 * fewer) / (more * fewer * (more + fewer)).sqrt() / 3.0;
                    libm::exp(-2.0 * x * x - correction)
                }
            }
        }
    };
    Ok(Significance { statistic, p_value: p_value.clamp(0.0, 1.0) })
}

/// Whether a sample comes from the distribution with this distribution function, which is known beforehand: one that
/// was fitted to the sample is too near to it. The statistic is as in [`ks_two_sample`], with the distribution as the
/// second sample. One-sided chances are exact (Birnbaum and Tingey, "One-sided confidence contours for probability
/// distribution functions", Annals of Mathematical Statistics 22, 1951). The two-sided one is twice that: exact where
/// the statistic is a half or more, and an upper bound that is off by less than a millionth where the chance is 5 %.
pub fn ks_one_sample(
    values: &[f64],
    distribution: impl Fn(f64) -> f64,
    alternative: Alternative,
) -> Result<Significance, StatisticsError> {
    numbers(values, 1)?;
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len() as f64;
    let (mut above, mut below) = (0.0_f64, 0.0_f64);
    for (at, &value) in sorted.iter().enumerate() {
        let expected = distribution(value);
        if !(0.0..=1.0).contains(&expected) {
            return Err(StatisticsError::NotAProbability);
        }
        above = above.max((at + 1) as f64 / n - expected);
        below = below.max(expected - at as f64 / n);
    }
    let (statistic, sides) = match alternative {
        Alternative::TwoSided => (above.max(below), 2.0),
        Alternative::Less => (above, 1.0),
        Alternative::Greater => (below, 1.0),
    };
    Ok(Significance { statistic, p_value: (sides * smirnov_above(statistic, values.len())).clamp(0.0, 1.0) })
}

/// How far the first function gets above and below the second, in parts of the product of the lengths.
fn distances(first: &[f64], second: &[f64]) -> [usize; 2] {
    let sorted = |values: &[f64]| {
        let mut values = values.to_vec();
        values.sort_by(f64::total_cmp);
        values
    };
    let (first, second) = (sorted(first), sorted(second));
    let (m, n) = (first.len(), second.len());
    let (mut i, mut j, mut found) = (0, 0, [0, 0]);
    while i < m && j < n {
        let value = first[i].min(second[j]);
        i += first[i..].iter().take_while(|other| **other == value).count();
        j += second[j..].iter().take_while(|other| **other == value).count();
        found = [found[0].max((i * n).saturating_sub(j * m)), found[1].max((j * m).saturating_sub(i * n))];
    }
    found
}

/// The chance that a random order of `m` and `n` values gets as far apart as this. A random path to `(i, j)` came from
/// `(i - 1, j)` with chance `i / (i + j)`; nothing is taken away, so small chances keep their digits.
fn reached(m: usize, n: usize, distance: usize, is_two_sided: bool) -> f64 {
    let mut row = vec![0.0; n + 1];
    for i in 0..=m {
        for j in 0..=n {
            let is_there =
                (i * n).saturating_sub(j * m) >= distance || is_two_sided && (j * m).saturating_sub(i * n) >= distance;
            row[j] = match (is_there, i + j) {
                (true, _) => 1.0,
                (false, 0) => 0.0,
                (false, steps) => {
                    let left = if j > 0 { row[j - 1] } else { 0.0 };
                    (i as f64 * row[j] + j as f64 * left) / steps as f64
                }
            };
        }
    }
    row[n]
}

/// The chance that Kolmogorov's distribution is above `x`.
fn kolmogorov_above(x: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    // Two series of one function; each takes a handful of terms on its side.
    if x < 1.0 {
        let term = |k: u32| libm::exp(-f64::from((2 * k - 1) * (2 * k - 1)) * PI * PI / (8.0 * x * x));
        return 1.0 - (2.0 * PI).sqrt() / x * (1..=6).map(term).sum::<f64>();
    }
    let term = |k: u32| {
        let sign = if k % 2 == 1 { 2.0 } else { -2.0 };
        sign * libm::exp(-2.0 * f64::from(k * k) * x * x)
    };
    (1..=6).rev().map(term).sum()
}

/// The chance that a sample of `n` gets above its distribution by `distance` or more.
fn smirnov_above(distance: f64, n: usize) -> f64 {
    if distance <= 0.0 {
        return 1.0;
    }
    if distance >= 1.0 {
        return 0.0;
    }
    let all = n as f64;
    let choices = |j: f64| libm::lgamma(all + 1.0) - libm::lgamma(j + 1.0) - libm::lgamma(all - j + 1.0);
    let term = |j: usize| {
        let j = j as f64;
        let rest = 1.0 - distance - j / all;
        // 0⁰ is 1 where all values are spoken for.
        let rest = if j == all { 0.0 } else { (all - j) * libm::log(rest.max(0.0)) };
        libm::exp(choices(j) + (j - 1.0) * libm::log(distance + j / all) + rest)
    };
    let most = (all * (1.0 - distance)) as usize;
    distance * (0..=most.min(n)).map(term).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: [Alternative; 3] = [Alternative::TwoSided, Alternative::Less, Alternative::Greater];

    #[test]
    fn edges_are_sound() {
        for alternative in ALL {
            for method in [KsMethod::Exact, KsMethod::Asymptotic] {
                let test = |a: &[f64], b: &[f64]| ks_two_sample(a, b, alternative, method);
                assert_eq!(test(&[], &[1.0]), Err(StatisticsError::TooFew { needed: 1, found: 0 }));
                assert_eq!(test(&[1.0], &[1.0, f64::NAN]), Err(StatisticsError::NotANumber(1)));
                let equal = test(&[1.0, 2.0, f64::INFINITY], &[1.0, 2.0, f64::INFINITY]).unwrap();
                assert_eq!(equal, Significance { statistic: 0.0, p_value: 1.0 });
            }
            let long = vec![0.0; 1_001];
            let most = StatisticsError::TooMany { most: 1_000_000, found: 1_002_001 };
            assert_eq!(ks_two_sample(&long, &long, alternative, KsMethod::Exact), Err(most));
            assert_eq!(ks_two_sample(&long, &long, alternative, KsMethod::Automatic).unwrap().p_value, 1.0);
            let one = |distribution: fn(f64) -> f64| ks_one_sample(&[0.2, 0.5], distribution, alternative);
            assert_eq!(one(|_| f64::NAN), Err(StatisticsError::NotAProbability));
            assert_eq!(one(|_| 1.5), Err(StatisticsError::NotAProbability));
            assert!(one(|value| value).unwrap().p_value > 0.1);
        }
        // 0 is below 1: one order of two.
        let below = |alternative| ks_two_sample(&[0.0], &[1.0], alternative, KsMethod::Exact).unwrap();
        assert_eq!(below(Alternative::Less), Significance { statistic: 1.0, p_value: 0.5 });
        assert_eq!(below(Alternative::Greater), Significance { statistic: 0.0, p_value: 1.0 });
        assert_eq!(below(Alternative::TwoSided), Significance { statistic: 1.0, p_value: 1.0 });
        // The two series are one function.
        let across = kolmogorov_above(1.0 - 1e-12) - kolmogorov_above(1.0);
        assert!((0.0..1e-11).contains(&across), "{across}");
    }

    proptest! {
        #[test]
        fn sides_are_symmetric_and_order_does_not_matter(
            a in prop::collection::vec(-5..5_i32, 1..12), b in prop::collection::vec(-5..5_i32, 1..12),
        ) {
            let values = |ints: &[i32]| ints.iter().map(|&int| f64::from(int)).collect::<Vec<_>>();
            let (a, b) = (values(&a), values(&b));
            let turned: Vec<f64> = a.iter().rev().copied().collect();
            for method in [KsMethod::Exact, KsMethod::Asymptotic] {
                let test = |a: &[f64], b: &[f64], alternative| ks_two_sample(a, b, alternative, method).unwrap();
                for (alternative, other) in ALL.into_iter().zip([ALL[0], ALL[2], ALL[1]]) {
                    let found = test(&a, &b, alternative);
                    prop_assert!((0.0..=1.0).contains(&found.p_value));
                    prop_assert_eq!(test(&turned, &b, alternative), found);
                    let swapped = test(&b, &a, other);
                    prop_assert!((swapped.p_value - found.p_value).abs() < 1e-12);
                }
            }
        }
    }
}
