//! Shares that were counted, chances that are many, and trials that come in one by one.

use pyo3::prelude::*;
use scoring::statistics::{
    self,
    sequential::{self, Verdict as Outcome},
};

use super::samples::sample;
use crate::{failure::Failure, numbers::Numbers};

/// Holm's adjustment: chances that may each be held against one level, which is then the chance that any test is wrong.
///
/// Parameters
/// ----------
/// p_values : array_like[float64], shape (n,)
///     Chances, 0 to 1.
///
/// Returns
/// -------
/// numpy.ndarray[float64], shape (n,)
///     In the order of the tests.
///
/// Raises
/// ------
/// StatisticsError
///     What is no chance.
#[pyfunction]
#[pyo3(signature = (p_values, /))]
pub fn holm<'py>(py: Python<'py>, p_values: &Bound<'py, PyAny>) -> Result<Bound<'py, numpy::PyArray1<f64>>, Failure> {
    let adjusted = statistics::holm(&sample("p_values", p_values)?.values())?;
    Ok(numpy::IntoPyArray::into_pyarray(adjusted, py))
}

/// Benjamini and Hochberg's adjustment: chances that may each be held against one level, which is then the expected share of
/// wrong ones among those found.
///
/// Parameters
/// ----------
/// p_values : array_like[float64], shape (n,)
///     Chances, 0 to 1.
///
/// Returns
/// -------
/// numpy.ndarray[float64], shape (n,)
///     In the order of the tests.
///
/// Raises
/// ------
/// StatisticsError
///     What is no chance.
#[pyfunction]
#[pyo3(signature = (p_values, /))]
pub fn benjamini_hochberg<'py>(
    py: Python<'py>,
    p_values: &Bound<'py, PyAny>,
) -> Result<Bound<'py, numpy::PyArray1<f64>>, Failure> {
    let adjusted = statistics::benjamini_hochberg(&sample("p_values", p_values)?.values())?;
    Ok(numpy::IntoPyArray::into_pyarray(adjusted, py))
}

/// Wilson's interval of a share that was counted.
///
/// Parameters
/// ----------
/// successes, trials : int
///     The counts.
/// confidence : float
///     Two-sided, between 0 and 1.
///
/// Returns
/// -------
/// tuple of (float, float)
///     Its ends, 0 to 1.
///
/// Raises
/// ------
/// StatisticsError
///     A confidence that is none.
#[pyfunction]
#[pyo3(signature = (successes, trials, confidence = 0.95))]
pub fn wilson_interval(successes: u64, trials: u64, confidence: f64) -> Result<(f64, f64), Failure> {
    Ok(statistics::wilson_interval(successes, trials, confidence)?)
}

/// The share that the true one is at least.
///
/// Parameters
/// ----------
/// successes, trials : int
///     The counts.
/// confidence : float
///     One-sided, between 0.5 and 1.
///
/// Returns
/// -------
/// float
///     0 to 1; 0 where nothing was tried.
///
/// Raises
/// ------
/// StatisticsError
///     A confidence that is none.
#[pyfunction]
#[pyo3(signature = (successes, trials, confidence = 0.95))]
pub fn wilson_lower(successes: u64, trials: u64, confidence: f64) -> Result<f64, Failure> {
    Ok(statistics::wilson_lower(successes, trials, confidence)?)
}

/// Wilson's lower bound by integers alone, as it decides money.
///
/// Parameters
/// ----------
/// successes, trials : int
///     The counts, below 2^32.
/// z_milli : int
///     Thousandths of a standard error: 1645 is a one-sided confidence of 95 %.
///
/// Returns
/// -------
/// int
///     Millionths, rounded down.
#[pyfunction]
pub fn wilson_lower_ppm(successes: u32, trials: u32, z_milli: u16) -> u32 {
    statistics::wilson_lower_ppm(successes, trials, z_milli)
}

/// Wilson's upper bound by integers alone.
///
/// Parameters
/// ----------
/// successes, trials : int
///     The counts, below 2^32.
/// z_milli : int
///     Thousandths of a standard error: 1645 is a one-sided confidence of 95 %.
///
/// Returns
/// -------
/// int
///     Millionths, rounded up.
#[pyfunction]
pub fn wilson_upper_ppm(successes: u32, trials: u32, z_milli: u16) -> u32 {
    statistics::wilson_upper_ppm(successes, trials, z_milli)
}

/// Where a sequence of trials leads.
///
/// Attributes
/// ----------
/// verdict : {"open", "cleared", "rejected"}
///     Nowhere yet, the null hypothesis stands, the alternative stands.
/// after : int or None
///     The trial that decided, from 1.
/// sum_micro : int or None
///     Of an open one: how much likelier the alternative is so far, the logarithm in millionths.
#[pyclass(frozen, get_all, eq, module = "assay", skip_from_py_object)]
#[derive(Clone, PartialEq)]
pub struct Verdict {
    verdict: &'static str,
    after: Option<usize>,
    sum_micro: Option<i64>,
}

#[pymethods]
impl Verdict {
    fn __repr__(&self) -> String {
        match self.after {
            Some(after) => format!("Verdict({:?}, after={after})", self.verdict),
            None => format!("Verdict({:?})", self.verdict),
        }
    }
}

/// Wald's sequential test of a share of successes.
///
/// Parameters
/// ----------
/// successes : array_like[bool], shape (n,)
///     Trials in the order in which they came.
/// null, alternative : float
///     The shares that are told apart: `0 < null < alternative < 1`.
/// alpha, beta : float
///     The chances to reject and to clear wrongly, between 0 and 0.5.
///
/// Returns
/// -------
/// Verdict
///
/// Raises
/// ------
/// StatisticsError
///     Shares or chances that make no test.
#[pyfunction]
#[pyo3(signature = (successes, /, *, null, alternative, alpha = 0.01, beta = 0.01))]
pub fn sprt(
    successes: &Bound<'_, PyAny>,
    null: f64,
    alternative: f64,
    alpha: f64,
    beta: f64,
) -> Result<Verdict, Failure> {
    let successes = Numbers::<bool>::of("successes", successes)?;
    let test = sequential::wald(null, alternative, alpha, beta).ok_or(Failure::NoTest)?;
    let verdict = |verdict, after, sum_micro| Verdict { verdict, after, sum_micro };
    Ok(match sequential::verdict(&test, successes.values().iter().copied()) {
        Outcome::Open { sum_micro } => verdict("open", None, Some(sum_micro)),
        Outcome::Cleared { after } => verdict("cleared", Some(after), None),
        Outcome::Rejected { after } => verdict("rejected", Some(after), None),
    })
}
