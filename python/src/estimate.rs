//! Means over runs.

use numpy::{IntoPyArray, PyArray1};
use pyo3::prelude::*;

/// A mean over runs.
///
/// Attributes
/// ----------
/// mean : float
///     The mean.
/// low, high : float or None
///     The ends of an interval that holds the true one with the scenario's confidence; None of a single run.
#[pyclass(frozen, get_all, eq, module = "assay.simulation", skip_from_py_object)]
#[derive(Clone, Copy, PartialEq)]
pub struct Estimate {
    mean: f64,
    low: Option<f64>,
    high: Option<f64>,
}

/// Means over runs, point by point (m points).
///
/// Attributes
/// ----------
/// mean : numpy.ndarray[float64], shape (m,)
///     The means.
/// low, high : numpy.ndarray[float64], shape (m,) or (0,)
///     The ends of their intervals; empty of a single run.
#[pyclass(frozen, get_all, module = "assay.simulation")]
pub struct Band {
    mean: Py<PyArray1<f64>>,
    low: Py<PyArray1<f64>>,
    high: Py<PyArray1<f64>>,
}

impl Band {
    /// Hands the series over as they are.
    pub fn of(py: Python<'_>, band: simulation::Band) -> PyResult<Py<Self>> {
        let array = |series: Vec<f64>| series.into_pyarray(py).unbind();
        Py::new(py, Self { mean: array(band.mean), low: array(band.low), high: array(band.high) })
    }
}

impl From<simulation::Estimate> for Estimate {
    fn from(estimate: simulation::Estimate) -> Self {
        let simulation::Estimate { mean, low, high } = estimate;
        Self { mean, low, high }
    }
}

#[pymethods]
impl Estimate {
    fn __repr__(&self) -> String {
        match (self.low, self.high) {
            (Some(low), Some(high)) => format!("Estimate({:.3}, {low:.3} to {high:.3})", self.mean),
            _ => format!("Estimate({:.3})", self.mean),
        }
    }
}
