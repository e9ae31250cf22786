//! How something is spread over those who hold it, and how far two rows of weights are apart.

use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use primitives::{Uid, Weights};
use pyo3::prelude::*;
use scoring::concentration;

use crate::{failure::Failure, numbers::Numbers};

/// Every index of one distribution.
///
/// Parameters
/// ----------
/// amounts : array_like[uint16, uint64 or float64], shape (n,)
///     What each holds: stake, dividends, incentive, emission, weights, in any unit.
///
/// Attributes
/// ----------
/// n : int
///     Those who are listed.
/// holders : int
///     Those who hold something.
/// herfindahl : float
///     The sum of squared shares, 1/n to 1; 0 where nobody holds anything.
/// effective : float
///     The number of equals with the same index: 1 over it.
/// gini : float
///     Gini's coefficient over all n, 0 to (n-1)/n.
/// nakamoto_33, nakamoto_50 : int or None
///     The least number of holders with more than 33 % and more than 50 %; None where nobody holds anything.
/// largest_share : float
///     What the largest holder has of all, 0 to 1.
///
/// Where an amount is negative, infinite or not a number every index is NaN.
#[pyclass(frozen, get_all, eq, module = "assay", skip_from_py_object)]
#[derive(Clone, Copy, PartialEq)]
pub struct Concentration {
    n: usize,
    holders: usize,
    herfindahl: f64,
    effective: f64,
    gini: f64,
    nakamoto_33: Option<usize>,
    nakamoto_50: Option<usize>,
    largest_share: f64,
}

#[pymethods]
impl Concentration {
    #[new]
    #[pyo3(signature = (amounts, /))]
    fn new(py: Python<'_>, amounts: &Bound<'_, PyAny>) -> Result<Self, Failure> {
        let amounts = self::amounts("amounts", amounts)?;
        let concentration::Concentration {
            n,
            holders,
            herfindahl,
            effective,
            gini,
            nakamoto_33,
            nakamoto_50,
            largest_share,
        } = py.detach(|| concentration::Concentration::of(amounts));
        Ok(Self { n, holders, herfindahl, effective, gini, nakamoto_33, nakamoto_50, largest_share })
    }

    fn __repr__(&self) -> String {
        let Self { n, holders, herfindahl, gini, .. } = self;
        format!("Concentration(n={n}, holders={holders}, herfindahl={herfindahl:?}, gini={gini:?})")
    }
}

/// The Herfindahl-Hirschman index: the sum of squared shares.
///
/// Parameters
/// ----------
/// amounts : array_like[uint16, uint64 or float64], shape (n,)
///     What each holds, in any unit: a row of weights by uid, stake in rao.
///
/// Returns
/// -------
/// float
///     1/n for n equals, 1 for one alone, 0 where nobody holds anything, NaN where one isn't an amount: negative, infinite or
///     not a number.
#[pyfunction]
#[pyo3(signature = (amounts, /))]
pub fn herfindahl(py: Python<'_>, amounts: &Bound<'_, PyAny>) -> Result<f64, Failure> {
    let amounts = self::amounts("amounts", amounts)?;
    Ok(py.detach(|| concentration::herfindahl(amounts)))
}

/// Gini's coefficient of everybody who is listed, those who hold nothing too.
///
/// Parameters
/// ----------
/// amounts : array_like[uint16, uint64 or float64], shape (n,)
///     What each holds, in any unit.
///
/// Returns
/// -------
/// float
///     0 for equals, (n-1)/n where one holds all (the population's: not corrected by n/(n-1)), 0 where nobody holds anything, NaN
///     where one isn't an amount.
#[pyfunction]
#[pyo3(signature = (amounts, /))]
pub fn gini(py: Python<'_>, amounts: &Bound<'_, PyAny>) -> Result<f64, Failure> {
    let amounts = self::amounts("amounts", amounts)?;
    Ok(py.detach(|| concentration::gini(amounts)))
}

/// The Nakamoto coefficient: the least number of holders, the largest first, that together hold more than a share of all.
///
/// Parameters
/// ----------
/// amounts : array_like[uint16, uint64 or float64], shape (n,)
///     What each holds, in any unit.
/// threshold : float
///     The share, 0 to 1. Just as much isn't enough.
///
/// Returns
/// -------
/// int or None
///     None where no number does: nobody holds anything, the threshold is 1 or more or not a number, or one isn't an amount.
#[pyfunction]
#[pyo3(signature = (amounts, /, threshold = 0.5))]
pub fn nakamoto(py: Python<'_>, amounts: &Bound<'_, PyAny>, threshold: f64) -> Result<Option<usize>, Failure> {
    let amounts = self::amounts("amounts", amounts)?;
    Ok(py.detach(|| concentration::nakamoto(amounts, threshold)))
}

/// A line's points, one coordinate after the other.
type Line<'py> = (Bound<'py, PyArray1<f64>>, Bound<'py, PyArray1<f64>>);

/// Lorenz's curve: what the smallest hold together. Gini's coefficient is twice the area between it and the diagonal.
///
/// Parameters
/// ----------
/// amounts : array_like[uint16, uint64 or float64], shape (n,)
///     What each holds, in any unit.
///
/// Returns
/// -------
/// holders : numpy.ndarray[float64], shape (n + 1,)
///     Share of those who are listed, the smallest first, from 0 to 1.
/// held : numpy.ndarray[float64], shape (n + 1,)
///     The share that they hold together. Where nobody holds anything, or one isn't an amount, there is only the point (0, 0).
#[pyfunction]
#[pyo3(signature = (amounts, /))]
pub fn lorenz<'py>(py: Python<'py>, amounts: &Bound<'py, PyAny>) -> Result<Line<'py>, Failure> {
    let amounts = self::amounts("amounts", amounts)?;
    let (holders, held): (Vec<f64>, Vec<f64>) = py.detach(|| concentration::lorenz(amounts).into_iter().unzip());
    Ok((holders.into_pyarray(py), held.into_pyarray(py)))
}

/// The total variation distance of two rows: the share of the weight that would have to move to make one of the other.
///
/// Parameters
/// ----------
/// first, second : array_like[uint16], shape (n,) and (m,)
///     Weights by uid; they needn't have the same sum or length.
///
/// Returns
/// -------
/// float
///     0 to 1.
#[pyfunction]
#[pyo3(signature = (first, second, /))]
pub fn total_variation(first: &Bound<'_, PyAny>, second: &Bound<'_, PyAny>) -> Result<f64, Failure> {
    Ok(concentration::total_variation(&weights("first", first)?, &weights("second", second)?))
}

/// Amounts of any type. They are put in order before anything is added, so they are taken over.
fn amounts(name: &'static str, given: &Bound<'_, PyAny>) -> Result<Vec<f64>, Failure> {
    if given.extract::<PyReadonlyArray1<'_, u16>>().is_ok() {
        return Ok(Numbers::<u16>::of(name, given)?.values().iter().map(|amount| f64::from(*amount)).collect());
    }
    if given.extract::<PyReadonlyArray1<'_, u64>>().is_ok() {
        return Ok(Numbers::<u64>::of(name, given)?.values().iter().map(|amount| *amount as f64).collect());
    }
    Ok(Numbers::<f64>::of(name, given)?.values().into_owned())
}

fn weights(name: &'static str, row: &Bound<'_, PyAny>) -> Result<Weights, Failure> {
    let row = Numbers::<u16>::of(name, row)?;
    let values = row.values();
    let named = (0..=u16::MAX).map(Uid).zip(values.iter().copied()).filter(|(_, value)| *value > 0);
    Weights::new(named).map_err(|error| Failure::Array { name, what: error.to_string() })
}
