//! How well a score tells two kinds apart.

use numpy::{IntoPyArray, PyArray1};
use pyo3::prelude::*;
use scoring::statistics;

use super::samples::sample;
use crate::{failure::Failure, numbers::Numbers};

/// The receiver operating characteristic of a score: what each threshold finds, all with that score or more.
///
/// Attributes
/// ----------
/// thresholds : numpy.ndarray[float64], shape (m,)
///     From infinity, which finds nobody, to the least score, which finds all; each score once.
/// false_positive_rate : numpy.ndarray[float64], shape (m,)
///     Share of the negatives that are found, wrongly, 0 to 1.
/// true_positive_rate : numpy.ndarray[float64], shape (m,)
///     Share of the positives that are found, 0 to 1.
/// area : float
///     Under the curve: the chance that a positive has a higher score than a negative, equal scores as halves.
#[pyclass(frozen, get_all, module = "assay")]
pub struct Roc {
    thresholds: Py<PyArray1<f64>>,
    false_positive_rate: Py<PyArray1<f64>>,
    true_positive_rate: Py<PyArray1<f64>>,
    area: f64,
}

#[pymethods]
impl Roc {
    fn __repr__(&self) -> String {
        format!("Roc(area={:?})", self.area)
    }
}

/// The curve of scores that should be higher where `positive`.
///
/// Parameters
/// ----------
/// scores : array_like[float64], shape (n,)
///     Infinities are fine.
/// positive : array_like[bool], shape (n,)
///     Which kind each is of. There has to be one of each at least.
///
/// Returns
/// -------
/// Roc
///
/// Raises
/// ------
/// StatisticsError
///     NaN, other lengths, or only one kind.
#[pyfunction]
#[pyo3(signature = (scores, positive, /))]
pub fn roc(py: Python<'_>, scores: &Bound<'_, PyAny>, positive: &Bound<'_, PyAny>) -> Result<Roc, Failure> {
    let (scores, positive) = (sample("scores", scores)?, Numbers::<bool>::of("positive", positive)?);
    let found = statistics::roc(&scores.values(), &positive.values())?;
    let column = |of: fn(&statistics::RocPoint) -> f64| {
        found.points.iter().map(of).collect::<Vec<f64>>().into_pyarray(py).unbind()
    };
    Ok(Roc {
        thresholds: column(|point| point.threshold),
        false_positive_rate: column(|point| point.false_positive_rate),
        true_positive_rate: column(|point| point.true_positive_rate),
        area: found.area(),
    })
}
