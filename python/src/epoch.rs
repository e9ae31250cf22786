//! One epoch of Yuma.

use numpy::{IntoPyArray, PyArray1, PyArray2, PyArrayMethods};
use pyo3::prelude::*;
use scoring::yuma::{self, EpochInput, EpochOutput, LiquidAlpha, Rows};

use crate::{
    failure::Failure,
    matrix::Held,
    seats::{Given, Seats},
};

/// What an epoch writes. Arrays are indexed by uid and have an entry per seat (n seats); those of uint16 are shares of 65535,
/// truncated, those of uint64 are rao.
///
/// Attributes
/// ----------
/// active : numpy.ndarray[bool], shape (n,)
///     Who set weights recently enough.
/// bonds : numpy.ndarray[uint16], shape (n, n), or (indptr, indices, data)
///     Bonds as stored afterwards, row = validator: an array where the weights were one, else compressed rows of int64[n + 1],
///     int64[entries] and uint16[entries]. Only these say whether a bond of 0 is stored.
/// consensus : numpy.ndarray[uint16], shape (n,)
///     Stake-weighted median of the weights on each seat.
/// dividends : numpy.ndarray[uint16], shape (n,)
///     Share of the validators' emission.
/// emission : numpy.ndarray[uint64], shape (n,)
///     Rao, as stored: share of incentive and dividends together.
/// incentive : numpy.ndarray[uint16], shape (n,)
///     Share of the miners' emission.
/// server_emission : numpy.ndarray[uint64], shape (n,)
///     Rao paid as a miner.
/// stake_weight : numpy.ndarray[uint16], shape (n,)
///     Normalised stake.
/// validator_emission : numpy.ndarray[uint64], shape (n,)
///     Rao paid as a validator.
/// validator_permits : numpy.ndarray[bool], shape (n,)
///     Permits for the next epoch.
/// validator_trust : numpy.ndarray[uint16], shape (n,)
///     How much of its own weights survived clipping.
#[pyclass(frozen, get_all, module = "assay")]
pub struct Epoch {
    active: Py<PyArray1<bool>>,
    bonds: Py<PyAny>,
    consensus: Py<PyArray1<u16>>,
    dividends: Py<PyArray1<u16>>,
    emission: Py<PyArray1<u64>>,
    incentive: Py<PyArray1<u16>>,
    server_emission: Py<PyArray1<u64>>,
    stake_weight: Py<PyArray1<u16>>,
    validator_emission: Py<PyArray1<u64>>,
    validator_permits: Py<PyArray1<bool>>,
    validator_trust: Py<PyArray1<u16>>,
}

#[pymethods]
impl Epoch {
    fn __repr__(&self, py: Python<'_>) -> String {
        format!("Epoch(seats={})", self.active.bind(py).readonly().as_array().len())
    }
}

/// One epoch of one mechanism, bit for bit as the chain computes it.
///
/// Matrices are read where they lie and are not copied: don't write to them from another thread meanwhile. What a row doesn't
/// name and what it names with 0 are two things to the chain (with liquid alpha a bond to the first is lost at once, one to the
/// second fades): a dense array says only the first, compressed rows say both.
///
/// Parameters
/// ----------
/// weights : numpy.ndarray[uint16], shape (n, n), or compressed rows
///     Stored weights, shares of 65535, row = validator; any strides. Compressed rows are `(indptr, indices, data)`, or what has
///     these three as SciPy's `csr_array` does: int32, int64 or uint16 of n + 1, the same of all entries (uids, in the order in
///     which the chain stores them), uint16 of all entries.
/// stake : array_like[uint64], shape (n,)
///     Total stake weight, rao.
/// bonds : as `weights`, optional
///     Stored bonds, shares of 65535. None are none.
/// block : int
///     The block in which the epoch runs.
/// tempo : int
///     Blocks between epochs.
/// activity_cutoff : int
///     Blocks after which a neuron that set no weights is inactive.
/// last_update : array_like[uint64], shape (n,), optional
///     Block of the last weights of each seat; `block` for all where it is None.
/// block_at_registration : array_like[uint64], shape (n,), optional
///     Block at which each seat was registered; 0 for all where it is None.
/// last_mechanism_step_block : int
///     The block of the last epoch; 0 before the first.
/// stake_fraction : array_like[uint32], shape (n,), optional
///     What each stake has beyond whole rao, in units of 2^-32.
/// stake_threshold : int
///     Stake below this counts as none, rao.
/// owner_uid : int, optional
///     The owner's seat.
/// validator_permits : array_like[bool], shape (n,), optional
///     Permits decided by the previous epoch; all where it is None.
/// max_allowed_validators : int
///     Seats with a permit.
/// commit_blocks : array_like[uint64], shape (n,), optional
///     With commit-reveal: the block of each seat's earliest unexpired commit, 2^64 - 1 for none.
/// kappa : int
///     The majority of stake that sets consensus, of 65535.
/// bonds_penalty : int
///     How much of the clipping also applies to bonds, of 65535.
/// bonds_moving_average : int
///     How much of the old bonds remains, in millionths.
/// yuma3 : bool
///     Yuma 3 rather than Yuma 2.
/// liquid_alpha : tuple of (int, int, int), optional
///     `alpha_low` and `alpha_high` of 65535, and `sigmoid_steepness` in hundredths; used by Yuma 3 only.
/// emission : int
///     What is to be paid out, rao.
///
/// Returns
/// -------
/// Epoch
///
/// Raises
/// ------
/// EpochError
///     Arrays of another type or shape.
///
/// Examples
/// --------
/// >>> import assay, numpy as np
/// >>> weights = np.zeros((3, 3), np.uint16)
/// >>> weights[0, 1:] = 65535, 65535
/// >>> assay.epoch(weights, [10**12, 0, 0], emission=10**9).server_emission
/// array([        0, 250000000, 250000000], dtype=uint64)
#[pyfunction]
#[pyo3(signature = (
    weights, stake, *, bonds = None, block = 7_200, tempo = 360, activity_cutoff = 5_000, last_update = None,
    block_at_registration = None, last_mechanism_step_block = 0, stake_fraction = None, stake_threshold = 0,
    owner_uid = None, validator_permits = None, max_allowed_validators = 64, commit_blocks = None, kappa = 32_767,
    bonds_penalty = 65_535, bonds_moving_average = 900_000, yuma3 = false, liquid_alpha = None,
    emission = 1_000_000_000,
))]
#[expect(clippy::too_many_arguments, reason = "keywords, by the chain's names")]
pub fn epoch(
    py: Python<'_>,
    weights: &Bound<'_, PyAny>,
    stake: &Bound<'_, PyAny>,
    bonds: Option<&Bound<'_, PyAny>>,
    block: u64,
    tempo: u16,
    activity_cutoff: u64,
    last_update: Option<&Bound<'_, PyAny>>,
    block_at_registration: Option<&Bound<'_, PyAny>>,
    last_mechanism_step_block: u64,
    stake_fraction: Option<&Bound<'_, PyAny>>,
    stake_threshold: u64,
    owner_uid: Option<u16>,
    validator_permits: Option<&Bound<'_, PyAny>>,
    max_allowed_validators: u16,
    commit_blocks: Option<&Bound<'_, PyAny>>,
    kappa: u16,
    bonds_penalty: u16,
    bonds_moving_average: u64,
    yuma3: bool,
    liquid_alpha: Option<(u16, u16, i16)>,
    emission: u64,
) -> Result<Epoch, Failure> {
    let given = Given { stake, stake_fraction, last_update, block_at_registration, validator_permits, commit_blocks };
    let Seats { stake, stake_fraction, last_update, block_at_registration, validator_permits, commit_blocks } =
        Seats::of(block, &given)?;
    let seats = stake.len();
    let weights = Held::of("weights", Some(weights), seats)?;
    let bonds = Held::of("bonds", bonds, seats)?;
    let input = EpochInput {
        block,
        tempo,
        activity_cutoff,
        last_update,
        block_at_registration,
        last_mechanism_step_block,
        stake,
        stake_fraction,
        stake_threshold,
        owner_uid,
        validator_permits,
        max_allowed_validators,
        weights: weights.view(),
        bonds: bonds.view(),
        commit_blocks,
        kappa,
        bonds_penalty,
        bonds_moving_average,
        yuma3,
        liquid_alpha: liquid_alpha.map(|(alpha_low, alpha_high, sigmoid_steepness)| LiquidAlpha {
            alpha_low,
            alpha_high,
            sigmoid_steepness,
        }),
        emission,
    };
    input.check()?;
    let output = py.detach(|| yuma::epoch(&input));
    handed_over(py, output, seats, weights.is_dense())
}

/// One epoch, by the JSON that `assay epoch` reads and prints.
///
/// Parameters
/// ----------
/// text : str
///     An epoch's input: the fields of `epoch` as one object, matrices as `{"uid": [[uid, value], ...]}`.
///
/// Returns
/// -------
/// str
///     Its output, the fields of `Epoch` as one object.
///
/// Raises
/// ------
/// EpochError
///     Text that is no epoch's input.
#[pyfunction]
#[pyo3(signature = (text, /))]
pub fn epoch_json(py: Python<'_>, text: &str) -> Result<String, Failure> {
    py.detach(|| {
        let input: EpochInput = serde_json::from_str(text).map_err(Failure::EpochText)?;
        input.check()?;
        serde_json::to_string(&yuma::epoch(&input)).map_err(Failure::EpochText)
    })
}

/// The vectors become NumPy's as they are.
fn handed_over(py: Python<'_>, output: EpochOutput, seats: usize, dense: bool) -> Result<Epoch, Failure> {
    let bonds = if dense { dense_bonds(py, &output.bonds, seats)? } else { sparse_bonds(py, &output.bonds, seats)? };
    Ok(Epoch {
        active: output.active.into_pyarray(py).unbind(),
        bonds,
        consensus: output.consensus.into_pyarray(py).unbind(),
        dividends: output.dividends.into_pyarray(py).unbind(),
        emission: output.emission.into_pyarray(py).unbind(),
        incentive: output.incentive.into_pyarray(py).unbind(),
        server_emission: output.server_emission.into_pyarray(py).unbind(),
        stake_weight: output.stake_weight.into_pyarray(py).unbind(),
        validator_emission: output.validator_emission.into_pyarray(py).unbind(),
        validator_permits: output.validator_permits.into_pyarray(py).unbind(),
        validator_trust: output.validator_trust.into_pyarray(py).unbind(),
    })
}

fn dense_bonds(py: Python<'_>, bonds: &Rows, seats: usize) -> Result<Py<PyAny>, Failure> {
    // Memory that nobody touches is none: rows without bonds cost nothing.
    let matrix = PyArray2::<u16>::zeros(py, [seats, seats], false);
    let mut entries = matrix.readwrite();
    let mut entries = entries.as_array_mut();
    for (uid, row) in bonds {
        for (named, value) in row {
            if let Some(entry) = entries.get_mut([usize::from(*uid), usize::from(*named)]) {
                *entry = *value;
            }
        }
    }
    Ok(matrix.into_any().unbind())
}

fn sparse_bonds(py: Python<'_>, bonds: &Rows, seats: usize) -> Result<Py<PyAny>, Failure> {
    let entries = bonds.values().map(Vec::len).sum();
    let (mut uids, mut values) = (Vec::with_capacity(entries), Vec::with_capacity(entries));
    let mut starts = Vec::with_capacity(seats + 1);
    starts.push(0_i64);
    for uid in (0..=u16::MAX).take(seats) {
        for (named, value) in bonds.get(&uid).into_iter().flatten() {
            uids.push(i64::from(*named));
            values.push(*value);
        }
        starts.push(uids.len() as i64);
    }
    let rows = (starts.into_pyarray(py), uids.into_pyarray(py), values.into_pyarray(py));
    Ok(rows.into_pyobject(py)?.into_any().unbind())
}
