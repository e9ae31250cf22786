//! Whose row is somebody else's of an earlier epoch.

use numpy::{
    PyArrayMethods, PyReadonlyArray2, PyReadonlyArray3, PyUntypedArrayMethods,
    ndarray::{ArrayView2, ArrayView3, Axis},
};
use primitives::{Hotkey, Registration};
use pyo3::prelude::*;
use scoring::copying::{Epoch, Search, ValidatorRow, Verdict};

use crate::{
    failure::Failure,
    numbers::{Numbers, described, is_aligned},
};

/// How a validator's row follows those of others.
///
/// Attributes
/// ----------
/// validator : int
///     Whose row: its place in `weights`.
/// verdict : {"copies", "honest", "undecided"}
///     What is said of it.
/// score : float
///     The part of its changes that repeats what others changed `lag` epochs before: about the share that is copied, 1 for a plain
///     copy, 0 or less for an honest row.
/// p_value : float
///     The chance of such evidence, or stronger, were it honest; 0 to 1. Of one validator: among many adjust by `statistics.holm`.
/// lag : int or None
///     So many epochs back lies what it follows best.
/// of : int or None
///     The place of the validator that it follows; None where it is the others' consensus.
/// correlation : float
///     Of its changes with those of what it follows, `lag` epochs before, -1 to 1.
/// contemporaneous : float
///     The same with the others' consensus in the same epoch.
/// epochs : int
///     Epochs in which its row changed and could be compared.
#[pyclass(frozen, get_all, eq, module = "assay", skip_from_py_object)]
#[derive(Clone, PartialEq)]
pub struct Following {
    validator: usize,
    verdict: &'static str,
    score: f64,
    p_value: f64,
    lag: Option<usize>,
    of: Option<usize>,
    correlation: f64,
    contemporaneous: f64,
    epochs: usize,
}

#[pymethods]
impl Following {
    fn __repr__(&self) -> String {
        let Self { validator, verdict, score, p_value, .. } = self;
        format!("Following(validator={validator}, verdict={verdict:?}, score={score:.3}, p_value={p_value:.3e})")
    }
}

impl From<scoring::copying::Following> for Following {
    fn from(found: scoring::copying::Following) -> Self {
        let scoring::copying::Following { score, p_value, lag, correlation, contemporaneous, epochs, .. } = found;
        Self {
            validator: place(found.validator),
            verdict: match found.verdict {
                Verdict::Copies => "copies",
                Verdict::Honest => "honest",
                Verdict::Undecided => "undecided",
            },
            score,
            p_value,
            lag,
            of: found.of.map(place),
            correlation,
            contemporaneous,
            epochs,
        }
    }
}

/// Says of each validator whether its rows repeat those of earlier epochs.
///
/// Parameters
/// ----------
/// weights : numpy.ndarray[uint16], shape (epochs, validators, miners)
///     Rows of consecutive epochs: all as they counted, or all as they were committed. A validator without weights in an epoch set
///     no row in it. Give a seat that changed hands one column for each tenant: weights belong to registrations, not to uids.
/// stake : array_like[uint64], shape (validators,), optional
///     How much each counts, in any unit; alike where it is None.
/// consensus : numpy.ndarray[uint16], shape (epochs, miners), optional
///     What the chain made of the rows, in any scale; the median by stake where it is None.
/// max_lag : int
///     So many epochs back, at most, lies what is copied: one more than the reveal period is sensible. 1 to 32.
/// least_epochs : int
///     Epochs in which a row has to have changed before anything is said of it.
/// significance : float
///     The chance that an honest validator is said to copy, between 0 and 1.
/// clearing : float
///     The chance that a row with a score of `least_score` is said to be honest, between 0 and 1.
/// least_score : float
///     A lesser score is no copy, however sure.
///
/// Returns
/// -------
/// list of Following
///     One for each validator that set a row, in their order.
///
/// Raises
/// ------
/// AssayError
///     Arrays of another type or shape, or a search that makes no sense.
#[pyfunction]
#[pyo3(signature = (
    weights, /, *, stake = None, consensus = None, max_lag = 4, least_epochs = 16, significance = 0.001, clearing = 0.05,
    least_score = 0.15,
))]
#[expect(clippy::too_many_arguments, reason = "keywords, by the names of `Search`")]
pub fn copying(
    py: Python<'_>,
    weights: &Bound<'_, PyAny>,
    stake: Option<&Bound<'_, PyAny>>,
    consensus: Option<&Bound<'_, PyAny>>,
    max_lag: usize,
    least_epochs: usize,
    significance: f64,
    clearing: f64,
    least_score: f64,
) -> Result<Vec<Following>, Failure> {
    let search = Search { max_lag, least_epochs, significance, clearing, least_score };
    let held = weights.extract::<PyReadonlyArray3<'_, u16>>().ok().filter(|array| is_aligned(array.as_untyped()));
    let held = held.ok_or_else(|| wrong("weights", weights, "uint16[epochs, validators, miners]"))?;
    let rows = held.as_array();
    let (epochs, validators, miners) = rows.dim();
    let stake = Numbers::<u64>::maybe("stake", stake)?.map(|stake| stake.values().into_owned());
    if let Some(found) = stake.as_ref().map(Vec::len).filter(|found| *found != validators) {
        return Err(Failure::Array { name: "stake", what: format!("{found} entries for {validators} validators") });
    }
    let agreed = match consensus {
        Some(given) => {
            let array = given.extract::<PyReadonlyArray2<'_, u16>>().ok();
            let fits =
                |array: &PyReadonlyArray2<'_, u16>| is_aligned(array.as_untyped()) && array.shape() == [epochs, miners];
            let kind = format!("uint16[{epochs}, {miners}]");
            Some(array.filter(fits).ok_or_else(|| wrong("consensus", given, &kind))?)
        }
        None => None,
    };
    let agreed = agreed.as_ref().map(|array| array.as_array());
    let found = py.detach(|| scoring::copying::copying(&history(rows, stake.as_deref(), agreed), &search))?;
    Ok(found.into_iter().map(Following::from).collect())
}

fn wrong(name: &'static str, given: &Bound<'_, PyAny>, kind: &str) -> Failure {
    Failure::Array { name, what: format!("{}: it must be an aligned array {kind}", described(given)) }
}

fn history(rows: ArrayView3<'_, u16>, stake: Option<&[u64]>, consensus: Option<ArrayView2<'_, u16>>) -> Vec<Epoch> {
    let named = |weights: &mut dyn Iterator<Item = u16>| -> Vec<(Registration, u16)> {
        (0..).map(registration).zip(weights).filter(|(_, weight)| *weight > 0).collect()
    };
    let row = |(at, weights): (usize, numpy::ndarray::ArrayView1<'_, u16>)| {
        let weights = named(&mut weights.iter().copied());
        let stake = stake.and_then(|stake| stake.get(at)).map_or(1, |stake| *stake);
        (!weights.is_empty()).then(|| ValidatorRow { validator: registration(at), stake, weights })
    };
    let epoch = |(at, rows): (usize, ArrayView2<'_, u16>)| Epoch {
        rows: rows.axis_iter(Axis(0)).enumerate().filter_map(row).collect(),
        consensus: consensus.map(|agreed| named(&mut agreed.index_axis(Axis(0), at).iter().copied())),
    };
    rows.axis_iter(Axis(0)).enumerate().map(epoch).collect()
}

/// Names a place; they are in the order of their places.
fn registration(place: usize) -> Registration {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&(place as u64).to_be_bytes());
    Registration { hotkey: Hotkey(key), block: 0 }
}

fn place(registration: Registration) -> usize {
    let mut place = [0; 8];
    place.copy_from_slice(&registration.hotkey.0[..8]);
    u64::from_be_bytes(place) as usize
}
