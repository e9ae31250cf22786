//! Who moves what miners are paid.

use numpy::{IntoPyArray, PyArray1, PyArrayMethods};
use pyo3::prelude::*;
use scoring::{concentration, yuma::EpochInput};

use crate::{
    failure::Failure,
    matrix::{Held, Matrix},
    seats::{Given, Seats},
};

/// What an epoch would have been without each validator whose stake counts in it (v validators), ascending by uid.
///
/// Attributes
/// ----------
/// uids : numpy.ndarray[uint16], shape (v,)
///     Whose.
/// stake : numpy.ndarray[float64], shape (v,)
///     Share of the stake that counts, 0 to 1.
/// incentive : numpy.ndarray[float64], shape (v,)
///     The influence: the share of the miners' pay that would go elsewhere without it, 0 to 1 (total variation).
/// pivotal : numpy.ndarray[uint64], shape (v,)
///     So many miners have another consensus without it.
#[pyclass(frozen, get_all, module = "assay")]
pub struct Influence {
    uids: Py<PyArray1<u16>>,
    stake: Py<PyArray1<f64>>,
    incentive: Py<PyArray1<f64>>,
    pivotal: Py<PyArray1<u64>>,
}

#[pymethods]
impl Influence {
    fn __repr__(&self, py: Python<'_>) -> String {
        format!("Influence(validators={})", self.uids.bind(py).readonly().as_array().len())
    }
}

/// Whose word moves the pay: what an epoch would have been without each validator, one at a time.
///
/// "Without it" is the same epoch with its stake at 0; the others' rows, and all permits, stay. Influences don't add up to 1: of two
/// who always say the same each may have none. Arguments are those of `assay.epoch`.
///
/// Parameters
/// ----------
/// weights : numpy.ndarray[uint16], shape (n, n), or compressed rows
///     Stored weights, shares of 65535, row = validator; read where they lie.
/// stake : array_like[uint64], shape (n,)
///     Total stake weight, rao.
/// block : int
///     The block in which the epoch runs.
/// activity_cutoff : int
///     Blocks after which a neuron that set no weights is inactive.
/// last_update : array_like[uint64], shape (n,), optional
///     Block of the last weights of each seat; `block` for all where it is None.
/// block_at_registration : array_like[uint64], shape (n,), optional
///     Block at which each seat was registered; 0 for all where it is None.
/// stake_fraction : array_like[uint32], shape (n,), optional
///     What each stake has beyond whole rao, in units of 2^-32.
/// stake_threshold : int
///     Stake below this counts as none, rao.
/// owner_uid : int, optional
///     The owner's seat.
/// validator_permits : array_like[bool], shape (n,), optional
///     Permits decided by the previous epoch; all where it is None.
/// commit_blocks : array_like[uint64], shape (n,), optional
///     With commit-reveal: the block of each seat's earliest unexpired commit, 2^64 - 1 for none.
/// kappa : int
///     The majority of stake that sets consensus, of 65535.
///
/// Returns
/// -------
/// Influence
///
/// Raises
/// ------
/// EpochError
///     Arrays of another shape.
#[pyfunction]
#[pyo3(signature = (
    weights, stake, *, block = 7_200, activity_cutoff = 5_000, last_update = None, block_at_registration = None,
    stake_fraction = None, stake_threshold = 0, owner_uid = None, validator_permits = None, commit_blocks = None,
    kappa = 32_767,
))]
#[expect(clippy::too_many_arguments, reason = "keywords, by the chain's names")]
pub fn influence(
    py: Python<'_>,
    weights: &Bound<'_, PyAny>,
    stake: &Bound<'_, PyAny>,
    block: u64,
    activity_cutoff: u64,
    last_update: Option<&Bound<'_, PyAny>>,
    block_at_registration: Option<&Bound<'_, PyAny>>,
    stake_fraction: Option<&Bound<'_, PyAny>>,
    stake_threshold: u64,
    owner_uid: Option<u16>,
    validator_permits: Option<&Bound<'_, PyAny>>,
    commit_blocks: Option<&Bound<'_, PyAny>>,
    kappa: u16,
) -> Result<Influence, Failure> {
    let given = Given { stake, stake_fraction, last_update, block_at_registration, validator_permits, commit_blocks };
    let seats = Seats::of(block, &given)?;
    let weights = Held::of("weights", Some(weights), seats.stake.len())?;
    let input = EpochInput {
        block,
        activity_cutoff,
        last_update: seats.last_update,
        block_at_registration: seats.block_at_registration,
        stake: seats.stake,
        stake_fraction: seats.stake_fraction,
        stake_threshold,
        owner_uid,
        validator_permits: seats.validator_permits,
        weights: weights.view(),
        commit_blocks: seats.commit_blocks,
        kappa,
        // What follows from consensus decides nothing of it.
        tempo: 0,
        last_mechanism_step_block: 0,
        max_allowed_validators: 0,
        bonds: Matrix::Empty,
        bonds_penalty: 0,
        bonds_moving_average: 0,
        yuma3: false,
        liquid_alpha: None,
        emission: 0,
    };
    input.check()?;
    let found = py.detach(|| concentration::influence(&input));
    Ok(Influence {
        uids: found.iter().map(|one| one.uid.0).collect::<Vec<_>>().into_pyarray(py).unbind(),
        stake: found.iter().map(|one| one.stake).collect::<Vec<_>>().into_pyarray(py).unbind(),
        incentive: found.iter().map(|one| one.incentive).collect::<Vec<_>>().into_pyarray(py).unbind(),
        pivotal: found.iter().map(|one| one.pivotal as u64).collect::<Vec<_>>().into_pyarray(py).unbind(),
    })
}
