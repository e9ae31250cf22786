//! New coins.

use numpy::{IntoPyArray, PyArray1};
use pyo3::prelude::*;
use scoring::emission::{self, Pending, SplitInput, Terms};

use crate::{failure::Failure, numbers::Numbers};

/// The chain's default, of 65535.
const OWNER_CUT: u16 = 11_796;

/// One number, or one for each of several.
#[derive(IntoPyObject)]
pub enum Rao<'py> {
    One(u64),
    Many(Bound<'py, PyArray1<u64>>),
}

fn each<'py>(
    py: Python<'py>,
    name: &'static str,
    given: &Bound<'py, PyAny>,
    of: impl Fn(u64) -> u64,
) -> Result<Rao<'py>, Failure> {
    if let Ok(one) = given.extract::<u64>() {
        return Ok(Rao::One(of(one)));
    }
    let many = Numbers::<u64>::of(name, given)?;
    let all: Vec<u64> = many.values().iter().map(|one| of(*one)).collect();
    Ok(Rao::Many(all.into_pyarray(py)))
}

/// New coins per block: halved each time that half of what was left has been issued.
///
/// Parameters
/// ----------
/// issuance : int or array_like[uint64], shape (n,)
///     Issued so far, rao.
///
/// Returns
/// -------
/// int or numpy.ndarray[uint64], shape (n,)
///     Rao per block.
#[pyfunction]
#[pyo3(signature = (issuance, /))]
pub fn block_emission<'py>(py: Python<'py>, issuance: &Bound<'py, PyAny>) -> Result<Rao<'py>, Failure> {
    each(py, "issuance", issuance, emission::block_emission)
}

/// The issuance after a run of blocks, each of which issues all that it may.
///
/// Parameters
/// ----------
/// issuance : int or array_like[uint64], shape (n,)
///     Issued before, rao.
/// blocks : int
///     How many blocks.
///
/// Returns
/// -------
/// int or numpy.ndarray[uint64], shape (n,)
///     Rao.
#[pyfunction]
#[pyo3(signature = (issuance, blocks, /))]
pub fn issuance_after<'py>(py: Python<'py>, issuance: &Bound<'py, PyAny>, blocks: u64) -> Result<Rao<'py>, Failure> {
    each(py, "issuance", issuance, |issuance| emission::issuance_after(issuance, blocks))
}

/// Where a block's alpha goes, or what waits for an epoch: rao.
///
/// Attributes
/// ----------
/// owner_cut, server, validator, root : int
///     To the subnet's owner, to miners, to validators, to stakers on root.
#[pyclass(frozen, get_all, eq, module = "assay", skip_from_py_object)]
#[derive(Clone, Copy, PartialEq)]
pub struct Split {
    owner_cut: u64,
    server: u64,
    validator: u64,
    root: u64,
}

#[pymethods]
impl Split {
    fn __repr__(&self) -> String {
        let Self { owner_cut, server, validator, root } = self;
        format!("Split(owner_cut={owner_cut}, server={server}, validator={validator}, root={root})")
    }
}

/// Splits one block's alpha of a subnet.
///
/// Parameters
/// ----------
/// alpha_out : int
///     The alpha to split, rao.
/// alpha_issuance : int
///     Alpha in existence with it, rao.
/// owner_cut : int, optional
///     The owner's cut, of 65535; None where it is turned off.
/// root_tao : int
///     TAO staked on root, rao.
/// tao_weight : int
///     What TAO on root counts relative to alpha, of 2^64 - 1.
///
/// Returns
/// -------
/// Split
#[pyfunction]
#[pyo3(
    signature = (alpha_out, alpha_issuance, *, owner_cut = Some(OWNER_CUT), root_tao = 0, tao_weight = 0),
    text_signature = "(alpha_out, alpha_issuance, *, owner_cut=11796, root_tao=0, tao_weight=0)",
)]
pub fn split(alpha_out: u64, alpha_issuance: u64, owner_cut: Option<u16>, root_tao: u64, tao_weight: u64) -> Split {
    let emission::Split { owner_cut, server, validator, root } =
        emission::split(&SplitInput { alpha_out, owner_cut, root_tao, tao_weight, alpha_issuance });
    Split { owner_cut, server, validator, root }
}

/// A subnet's alpha as blocks pass.
///
/// Parameters
/// ----------
/// alpha_issuance : int
///     Alpha in existence, rao.
/// owner_cut : int, optional
///     The owner's cut, of 65535; None where it is turned off.
/// root_tao : int
///     TAO staked on root, rao.
/// tao_weight : int
///     What TAO on root counts relative to alpha, of 2^64 - 1.
/// root_sells : bool
///     Whether root's part waits to be sold; otherwise it is recycled.
/// alpha_in : int
///     Alpha put into the pool per block, rao.
///
/// Attributes
/// ----------
/// alpha_issuance : int
///     Alpha in existence, rao.
/// pending : Split
///     What has gathered since the last epoch.
#[pyclass(module = "assay")]
pub struct Subnet {
    subnet: emission::Subnet,
    terms: Terms,
}

#[pymethods]
impl Subnet {
    #[new]
    #[pyo3(
        signature = (
            alpha_issuance = 0, *, owner_cut = Some(OWNER_CUT), root_tao = 0, tao_weight = 0, root_sells = true,
            alpha_in = 0,
        ),
        text_signature = "(alpha_issuance=0, *, owner_cut=11796, root_tao=0, tao_weight=0, root_sells=True, alpha_in=0)",
    )]
    fn new(
        alpha_issuance: u64,
        owner_cut: Option<u16>,
        root_tao: u64,
        tao_weight: u64,
        root_sells: bool,
        alpha_in: u64,
    ) -> Self {
        let subnet = emission::Subnet { alpha_issuance, pending: Pending::default() };
        Self { subnet, terms: Terms { owner_cut, root_tao, tao_weight, root_sells, alpha_in } }
    }

    #[getter]
    fn alpha_issuance(&self) -> u64 {
        self.subnet.alpha_issuance
    }

    #[getter]
    fn pending(&self) -> Split {
        waiting(self.subnet.pending)
    }

    /// As many blocks as are said.
    ///
    /// Parameters
    /// ----------
    /// blocks : int
    ///     How many.
    fn advance(&mut self, py: Python<'_>, blocks: u64) {
        let Self { subnet, terms } = self;
        py.detach(|| subnet.advance(terms, blocks));
    }

    /// The epoch comes.
    ///
    /// Returns
    /// -------
    /// Split
    ///     All that waited, rao.
    fn drain(&mut self) -> Split {
        waiting(self.subnet.drain())
    }

    fn __repr__(&self) -> String {
        format!("Subnet(alpha_issuance={})", self.subnet.alpha_issuance)
    }
}

fn waiting(pending: Pending) -> Split {
    let Pending { server, validator, root, owner_cut } = pending;
    Split { owner_cut, server, validator, root }
}
