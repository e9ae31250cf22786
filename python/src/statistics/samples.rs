//! Whether samples differ.

use std::cell::RefCell;

use pyo3::prelude::*;
use scoring::statistics::{self, Alternative, KsMethod, RankMethod};

use crate::{failure::Failure, numbers::Numbers};

/// What a test says.
///
/// Attributes
/// ----------
/// statistic : float
///     The number that was looked at; each test says which.
/// p_value : float
///     The chance of one as extreme where there is no difference, 0 to 1.
/// degrees : float or None
///     Degrees of freedom, of Welch's test.
#[pyclass(frozen, get_all, eq, module = "assay", skip_from_py_object)]
#[derive(Clone, Copy, PartialEq)]
pub struct Significance {
    statistic: f64,
    p_value: f64,
    degrees: Option<f64>,
}

#[pymethods]
impl Significance {
    fn __repr__(&self) -> String {
        format!("Significance(statistic={}, p_value={})", self.statistic, self.p_value)
    }
}

impl From<statistics::Significance> for Significance {
    fn from(found: statistics::Significance) -> Self {
        Self { statistic: found.statistic, p_value: found.p_value, degrees: None }
    }
}

fn alternative(name: &str) -> Result<Alternative, Failure> {
    match name {
        "two-sided" => Ok(Alternative::TwoSided),
        "less" => Ok(Alternative::Less),
        "greater" => Ok(Alternative::Greater),
        other => Err(unknown("alternative", other, "\"two-sided\", \"less\" or \"greater\"")),
    }
}

fn unknown(name: &'static str, given: &str, known: &str) -> Failure {
    Failure::Array { name, what: format!("{given:?} is not one of {known}") }
}

fn rank_method(name: &str) -> Result<RankMethod, Failure> {
    match name {
        "auto" => Ok(RankMethod::Automatic),
        "exact" => Ok(RankMethod::Exact),
        "normal" => Ok(RankMethod::Normal),
        other => Err(unknown("method", other, "\"auto\", \"exact\" or \"normal\"")),
    }
}

pub fn sample<'py>(name: &'static str, given: &Bound<'py, PyAny>) -> Result<Numbers<'py, f64>, Failure> {
    Numbers::of(name, given)
}

/// Mann and Whitney's U test: whether values of the first sample tend to be greater (or less) than those of the second.
///
/// Parameters
/// ----------
/// first, second : array_like[float64], shape (n,) and (m,)
///     Independent values; infinities are fine.
/// alternative : {"two-sided", "less", "greater"}
///     What is held against "no difference", of the first sample.
/// method : {"auto", "exact", "normal"}
///     How the chance is found.
///
/// Returns
/// -------
/// Significance
///     `statistic` is U of the first: pairs in which it is greater, ties as halves.
///
/// Raises
/// ------
/// StatisticsError
///     Too few values, or NaN.
#[pyfunction]
#[pyo3(signature = (first, second, /, *, alternative = "two-sided", method = "auto"))]
pub fn mann_whitney_u(
    first: &Bound<'_, PyAny>,
    second: &Bound<'_, PyAny>,
    alternative: &str,
    method: &str,
) -> Result<Significance, Failure> {
    let (first, second) = (sample("first", first)?, sample("second", second)?);
    let (alternative, method) = (self::alternative(alternative)?, rank_method(method)?);
    Ok(statistics::mann_whitney_u(&first.values(), &second.values(), alternative, method)?.into())
}

/// Wilcoxon's signed-rank test: whether the first of a pair tends to be greater (or less) than the second.
///
/// Parameters
/// ----------
/// first, second : array_like[float64], shape (n,)
///     Pairs; those that don't differ are left out.
/// alternative : {"two-sided", "less", "greater"}
///     What is held against "no difference", of the first sample.
/// method : {"auto", "exact", "normal"}
///     How the chance is found.
///
/// Returns
/// -------
/// Significance
///     `statistic` is the sum of the ranks of positive differences.
///
/// Raises
/// ------
/// StatisticsError
///     Samples of different length, no pair that differs, or NaN.
#[pyfunction]
#[pyo3(signature = (first, second, /, *, alternative = "two-sided", method = "auto"))]
pub fn wilcoxon_signed_rank(
    first: &Bound<'_, PyAny>,
    second: &Bound<'_, PyAny>,
    alternative: &str,
    method: &str,
) -> Result<Significance, Failure> {
    let (first, second) = (sample("first", first)?, sample("second", second)?);
    let (alternative, method) = (self::alternative(alternative)?, rank_method(method)?);
    Ok(statistics::wilcoxon_signed_rank(&first.values(), &second.values(), alternative, method)?.into())
}

/// Welch's t test: whether the mean of the first sample differs from that of the second.
///
/// Parameters
/// ----------
/// first, second : array_like[float64], shape (n,) and (m,)
///     Two finite values each, at least.
/// alternative : {"two-sided", "less", "greater"}
///     What is held against "no difference", of the first sample.
///
/// Returns
/// -------
/// Significance
///     `statistic` is the difference of the means in standard errors.
///
/// Raises
/// ------
/// StatisticsError
///     Too few values, no spread, NaN or infinities.
#[pyfunction]
#[pyo3(signature = (first, second, /, *, alternative = "two-sided"))]
pub fn welch_t(
    first: &Bound<'_, PyAny>,
    second: &Bound<'_, PyAny>,
    alternative: &str,
) -> Result<Significance, Failure> {
    let (first, second) = (sample("first", first)?, sample("second", second)?);
    let found = statistics::welch_t(&first.values(), &second.values(), self::alternative(alternative)?)?;
    Ok(Significance { degrees: Some(found.degrees), ..found.significance.into() })
}

/// Kolmogorov and Smirnov's test of two samples: whether they come from the same distribution.
///
/// Parameters
/// ----------
/// first, second : array_like[float64], shape (n,) and (m,)
///     Independent values; infinities are fine.
/// alternative : {"two-sided", "less", "greater"}
///     Of the first sample's values. SciPy names the distribution functions: its "greater" is "less" here.
/// method : {"auto", "exact", "asymptotic"}
///     How the chance is found.
///
/// Returns
/// -------
/// Significance
///     `statistic` is the largest distance between the two distribution functions.
///
/// Raises
/// ------
/// StatisticsError
///     Empty samples, NaN, or too many values to count.
#[pyfunction]
#[pyo3(signature = (first, second, /, *, alternative = "two-sided", method = "auto"))]
pub fn ks_two_sample(
    first: &Bound<'_, PyAny>,
    second: &Bound<'_, PyAny>,
    alternative: &str,
    method: &str,
) -> Result<Significance, Failure> {
    let (first, second) = (sample("first", first)?, sample("second", second)?);
    let method = match method {
        "auto" => KsMethod::Automatic,
        "exact" => KsMethod::Exact,
        "asymptotic" => KsMethod::Asymptotic,
        other => return Err(unknown("method", other, "\"auto\", \"exact\" or \"asymptotic\"")),
    };
    Ok(statistics::ks_two_sample(&first.values(), &second.values(), self::alternative(alternative)?, method)?.into())
}

/// Kolmogorov and Smirnov's test of one sample: whether it comes from a distribution that is known beforehand.
///
/// Parameters
/// ----------
/// values : array_like[float64], shape (n,)
///     The sample.
/// cdf : callable of float to float
///     The distribution function.
/// alternative : {"two-sided", "less", "greater"}
///     Of the sample's values.
///
/// Returns
/// -------
/// Significance
///     `statistic` is the largest distance between the two distribution functions.
///
/// Raises
/// ------
/// StatisticsError
///     An empty sample, NaN, or a function that is no distribution's.
#[pyfunction]
#[pyo3(signature = (values, cdf, /, *, alternative = "two-sided"))]
pub fn ks_one_sample(
    values: &Bound<'_, PyAny>,
    cdf: &Bound<'_, PyAny>,
    alternative: &str,
) -> Result<Significance, Failure> {
    let values = sample("values", values)?;
    let raised = RefCell::new(None);
    let of = |value: f64| match cdf.call1((value,)).and_then(|chance| chance.extract::<f64>()) {
        Ok(chance) => chance,
        Err(error) => {
            raised.borrow_mut().get_or_insert(error);
            f64::NAN
        }
    };
    let found = statistics::ks_one_sample(&values.values(), of, self::alternative(alternative)?);
    match raised.into_inner() {
        Some(error) => Err(error.into()),
        None => Ok(found?.into()),
    }
}

/// Fisher's exact test: whether the odds differ between two rows.
///
/// Parameters
/// ----------
/// table : sequence of sequence of int, shape (2, 2)
///     `[[successes, failures], [successes, failures]]`.
/// alternative : {"two-sided", "less", "greater"}
///     Of the odds of the first row.
///
/// Returns
/// -------
/// Significance
///     `statistic` is the odds ratio of the sample.
#[pyfunction]
#[pyo3(signature = (table, /, *, alternative = "two-sided"))]
pub fn fisher_exact(table: [[u32; 2]; 2], alternative: &str) -> Result<Significance, Failure> {
    Ok(statistics::fisher_exact(table, self::alternative(alternative)?).into())
}
