//! Tests, intervals and adjustments are those of SciPy and statsmodels. The numbers are written by
//! `fixtures/significance.py`.

use assay_scoring::statistics::{
    Alternative, KsMethod, RankMethod, Significance, StatisticsError, benjamini_hochberg, fisher_exact, holm,
    ks_one_sample, ks_two_sample, mann_whitney_u,
    sequential::{Verdict, verdict, wald},
    welch_t, wilcoxon_signed_rank, wilson_interval, wilson_lower, wilson_lower_ppm, wilson_upper_ppm,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Fixtures {
    samples: Vec<[Vec<f64>; 2]>,
    mann_whitney: Vec<MannWhitney>,
    wilcoxon: Vec<Wilcoxon>,
    welch: Vec<Welch>,
    ks_two_sample: Vec<KsTwoSample>,
    ks_one_sample: Vec<KsOneSample>,
    fisher: Vec<Fisher>,
    wilson: Vec<Wilson>,
    wilson_ppm: Vec<WilsonPpm>,
    adjustments: Vec<Adjustment>,
    sequential: Vec<Sequential>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Side {
    TwoSided,
    Less,
    Greater,
}

impl From<Side> for Alternative {
    fn from(side: Side) -> Self {
        match side {
            Side::TwoSided => Self::TwoSided,
            Side::Less => Self::Less,
            Side::Greater => Self::Greater,
        }
    }
}

#[derive(Deserialize)]
struct MannWhitney {
    sample: usize,
    side: Side,
    u: f64,
    exact: Option<f64>,
    normal: f64,
}

#[derive(Deserialize)]
struct Wilcoxon {
    first: Vec<f64>,
    second: Vec<f64>,
    side: Side,
    sum: f64,
    exact: Option<f64>,
    normal: f64,
}

#[derive(Deserialize)]
struct Welch {
    sample: usize,
    side: Side,
    t: f64,
    degrees: f64,
    p: f64,
}

#[derive(Deserialize)]
struct KsTwoSample {
    sample: usize,
    side: Side,
    d: f64,
    exact: f64,
    limit: f64,
}

#[derive(Deserialize)]
struct KsOneSample {
    values: Vec<f64>,
    cdf: Vec<f64>,
    side: Side,
    d: f64,
    p: f64,
}

#[derive(Deserialize)]
struct Fisher {
    table: [u32; 4],
    side: Side,
    odds: Option<f64>,
    p: f64,
}

#[derive(Deserialize)]
struct Wilson {
    hits: u64,
    trials: u64,
    confidence: f64,
    low: f64,
    high: f64,
    one_sided: Option<f64>,
}

#[derive(Deserialize)]
struct WilsonPpm {
    hits: u32,
    trials: u32,
    z_milli: u16,
    low: u32,
    high: u32,
}

#[derive(Deserialize)]
struct Adjustment {
    p_values: Vec<f64>,
    holm: Vec<f64>,
    benjamini_hochberg: Vec<f64>,
}

#[derive(Deserialize)]
struct Sequential {
    null: f64,
    alternative: f64,
    alpha: f64,
    beta: f64,
    trials: String,
    verdict: String,
    after: usize,
}

fn fixtures() -> Fixtures {
    serde_json::from_str(include_str!("fixtures/significance.json")).unwrap()
}

/// Agreement to nine digits; below 1e-290 SciPy's own numbers lose theirs.
fn near(found: f64, expected: f64, case: impl std::fmt::Debug) {
    assert!((found - expected).abs() <= 1e-9 * expected.abs() + 1e-290, "{found:e} for {expected:e}: {case:?}");
}

#[test]
fn mann_whitney_is_scipys() {
    let fixtures = fixtures();
    let mut exact_cases = 0;
    for (at, case) in fixtures.mann_whitney.iter().enumerate() {
        let [first, second] = &fixtures.samples[case.sample];
        let test = |method| mann_whitney_u(first, second, case.side.into(), method);
        let normal = test(RankMethod::Normal).unwrap();
        assert_eq!(normal.statistic, case.u);
        near(normal.p_value, case.normal, at);
        let few = first.len() + second.len() <= 50;
        let own = if few { RankMethod::Exact } else { RankMethod::Normal };
        assert_eq!(test(RankMethod::Automatic), test(own));
        if let Some(exact) = case.exact {
            near(test(RankMethod::Exact).unwrap().p_value, exact, at);
            exact_cases += 1;
        }
    }
    assert!(exact_cases > 30);
}

#[test]
fn wilcoxon_is_scipys() {
    let cases = fixtures().wilcoxon;
    assert!(cases.iter().filter(|case| case.exact.is_some()).count() > 30);
    for (at, case) in cases.iter().enumerate() {
        let test = |method| wilcoxon_signed_rank(&case.first, &case.second, case.side.into(), method);
        let normal = test(RankMethod::Normal).unwrap();
        assert_eq!(normal.statistic, case.sum);
        near(normal.p_value, case.normal, at);
        if let Some(exact) = case.exact {
            near(test(RankMethod::Exact).unwrap().p_value, exact, at);
            assert_eq!(test(RankMethod::Automatic), test(RankMethod::Exact));
        }
    }
}

#[test]
fn welch_is_scipys() {
    let fixtures = fixtures();
    for (at, case) in fixtures.welch.iter().enumerate() {
        let [first, second] = &fixtures.samples[case.sample];
        match welch_t(first, second, case.side.into()) {
            Ok(found) => {
                near(found.significance.statistic, case.t, at);
                near(found.degrees, case.degrees, at);
                near(found.significance.p_value, case.p, (at, case.side));
            }
            Err(error) => panic!("{error}: {at}"),
        }
    }
    assert!(fixtures.welch.len() > 50);
}

#[test]
fn kolmogorov_smirnov_is_scipys() {
    let fixtures = fixtures();
    for (at, case) in fixtures.ks_two_sample.iter().enumerate() {
        let [first, second] = &fixtures.samples[case.sample];
        let test = |method| ks_two_sample(first, second, case.side.into(), method).unwrap();
        let exact = test(KsMethod::Exact);
        near(exact.statistic, case.d, at);
        near(exact.p_value, case.exact, (at, case.side));
        near(test(KsMethod::Asymptotic).p_value, case.limit, (at, case.side));
        assert_eq!(test(KsMethod::Automatic), exact);
    }
    for (at, case) in fixtures.ks_one_sample.iter().enumerate() {
        let cdf = |value: f64| case.cdf[case.values.iter().position(|other| *other == value).unwrap()];
        let found = ks_one_sample(&case.values, cdf, case.side.into()).unwrap();
        near(found.statistic, case.d, at);
        near(found.p_value, case.p, (at, case.side));
    }
}

#[test]
fn fisher_is_scipys() {
    let cases = fixtures().fisher;
    assert!(cases.len() > 60);
    for case in cases {
        let [a, b, c, d] = case.table;
        let Significance { statistic, p_value } = fisher_exact([[a, b], [c, d]], case.side.into());
        assert_eq!(statistic, case.odds.unwrap_or(f64::INFINITY), "{:?}", case.table);
        near(p_value, case.p, (case.table, case.side));
    }
}

#[test]
fn wilson_is_the_formulas() {
    let fixtures = fixtures();
    for case in fixtures.wilson {
        let (hits, trials, confidence) = (case.hits, case.trials, case.confidence);
        let (low, high) = wilson_interval(hits, trials, confidence).unwrap();
        near(low, case.low, (hits, trials, confidence));
        near(high, case.high, (hits, trials, confidence));
        match case.one_sided {
            Some(bound) => near(wilson_lower(hits, trials, confidence).unwrap(), bound, (hits, trials, confidence)),
            None => assert_eq!(wilson_lower(hits, trials, confidence), Err(StatisticsError::NotAProbability)),
        }
    }
    assert!(fixtures.wilson_ppm.len() > 300);
    for WilsonPpm { hits, trials, z_milli, low, high } in fixtures.wilson_ppm {
        let found = (wilson_lower_ppm(hits, trials, z_milli), wilson_upper_ppm(hits, trials, z_milli));
        assert_eq!(found, (low, high), "{hits} of {trials}, {z_milli}");
    }
}

#[test]
fn adjustments_are_statsmodels() {
    for case in fixtures().adjustments {
        for (found, expected) in [
            (holm(&case.p_values).unwrap(), case.holm),
            (benjamini_hochberg(&case.p_values).unwrap(), case.benjamini_hochberg),
        ] {
            assert_eq!(found.len(), expected.len());
            found.into_iter().zip(expected).for_each(|(found, expected)| near(found, expected, &case.p_values));
        }
    }
}

#[test]
fn sequences_are_decided_where_walds_sum_decides_them() {
    let mut kinds = std::collections::BTreeSet::new();
    for case in fixtures().sequential {
        let test = wald(case.null, case.alternative, case.alpha, case.beta).unwrap();
        let found = match verdict(&test, case.trials.chars().map(|trial| trial == '1')) {
            Verdict::Open { .. } => ("open", case.trials.len()),
            Verdict::Cleared { after } => ("cleared", after),
            Verdict::Rejected { after } => ("rejected", after),
        };
        assert_eq!(found, (case.verdict.as_str(), case.after));
        kinds.insert(found.0.to_owned());
    }
    assert!(kinds.len() >= 2, "{kinds:?}");
}
