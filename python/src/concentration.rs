//! How a row of weights is spread.

use primitives::{Uid, Weights};
use pyo3::prelude::*;
use scoring::concentration;

use crate::{failure::Failure, numbers::Numbers};

/// The Herfindahl-Hirschman index of a row: the sum of its squared shares.
///
/// Parameters
/// ----------
/// row : array_like[uint16], shape (n,)
///     Weights by uid.
///
/// Returns
/// -------
/// float
///     1/n for n equals, 1 for one miner alone, 0 for a row without weight.
#[pyfunction]
#[pyo3(signature = (row, /))]
pub fn herfindahl(row: &Bound<'_, PyAny>) -> Result<f64, Failure> {
    Ok(concentration::herfindahl(weights("row", row)?.iter()))
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

fn weights(name: &'static str, row: &Bound<'_, PyAny>) -> Result<Weights, Failure> {
    let row = Numbers::<u16>::of(name, row)?;
    let values = row.values();
    let named = (0..=u16::MAX).map(Uid).zip(values.iter().copied()).filter(|(_, value)| *value > 0);
    Weights::new(named).map_err(|error| Failure::Array { name, what: error.to_string() })
}
