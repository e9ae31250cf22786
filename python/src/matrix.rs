//! Matrices n x n of shares, read where NumPy keeps them.

use numpy::{
    Element, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2,
    ndarray::{ArrayView1, ArrayView2, Axis},
};
use pyo3::prelude::*;
use scoring::yuma::StoredRows;

use crate::{
    failure::Failure,
    numbers::{described, is_aligned},
};

/// A matrix that Python holds, borrowed for the time of a call.
pub enum Held<'py> {
    /// `uint16[n, n]`, whatever its strides.
    Dense(PyReadonlyArray2<'py, u16>),
    /// Compressed rows.
    Sparse { starts: Places<'py>, uids: Places<'py>, values: PyReadonlyArray1<'py, u16> },
    /// None was given.
    Empty,
}

/// Whole numbers of one of the types that compressed rows have.
pub enum Places<'py> {
    /// As the chain has uids.
    U16(PyReadonlyArray1<'py, u16>),
    /// As SciPy has them where they fit.
    I32(PyReadonlyArray1<'py, i32>),
    /// As SciPy has them otherwise.
    I64(PyReadonlyArray1<'py, i64>),
}

/// A look at a matrix.
#[derive(Clone, Copy)]
pub enum Matrix<'a> {
    Dense(ArrayView2<'a, u16>),
    Sparse { starts: Place<'a>, uids: Place<'a>, values: ArrayView1<'a, u16> },
    Empty,
}

#[derive(Clone, Copy)]
pub enum Place<'a> {
    U16(ArrayView1<'a, u16>),
    I32(ArrayView1<'a, i32>),
    I64(ArrayView1<'a, i64>),
}

impl<'py> Held<'py> {
    /// The argument of this name, a matrix of n seats: a dense array, `(indptr, indices, data)`, or an object that has these
    /// three.
    pub fn of(name: &'static str, given: Option<&Bound<'py, PyAny>>, seats: usize) -> Result<Self, Failure> {
        let Some(given) = given else { return Ok(Self::Empty) };
        let held = match parts(given)? {
            Some([starts, uids, values]) => Self::Sparse {
                starts: Places::of(name, "indptr", &starts)?,
                uids: Places::of(name, "indices", &uids)?,
                values: array(name, "data", "uint16[entries]", &values)?,
            },
            None => Self::Dense(dense(name, given)?),
        };
        held.check(seats).map_err(|what| Failure::Array { name, what })?;
        Ok(held)
    }

    /// A look at it, for a thread that doesn't hold the interpreter's lock.
    pub fn view(&self) -> Matrix<'_> {
        match self {
            Self::Dense(array) => Matrix::Dense(array.as_array()),
            Self::Sparse { starts, uids, values } => {
                Matrix::Sparse { starts: starts.view(), uids: uids.view(), values: values.as_array() }
            }
            Self::Empty => Matrix::Empty,
        }
    }

    /// Whether it is an array n x n.
    pub fn is_dense(&self) -> bool {
        matches!(self, Self::Dense(_))
    }

    fn check(&self, seats: usize) -> Result<(), String> {
        match self.view() {
            Matrix::Dense(array) if array.dim() != (seats, seats) => {
                Err(format!("shape {:?} for {seats} seats: it must be ({seats}, {seats})", array.shape()))
            }
            Matrix::Sparse { starts, uids, values } => {
                let entries = values.len();
                if uids.len() != entries {
                    return Err(format!("{} indices for {entries} values", uids.len()));
                }
                if starts.len() != seats + 1 {
                    return Err(format!("indptr has {} entries for {seats} seats: one more is needed", starts.len()));
                }
                let mut last = Some(0);
                for row in 0..=seats {
                    let next = starts.at(row);
                    if next.is_none() || next < last || next > Some(entries) {
                        return Err(format!("indptr[{row}] does not follow within the {entries} entries"));
                    }
                    last = next;
                }
                let odd = (0..entries).find(|at| uids.at(*at).is_none_or(|uid| uid >= seats));
                odd.map_or(Ok(()), |at| Err(format!("indices[{at}] is no uid of {seats} seats")))
            }
            _ => Ok(()),
        }
    }
}

/// The three arrays of compressed rows.
fn parts<'py>(given: &Bound<'py, PyAny>) -> Result<Option<[Bound<'py, PyAny>; 3]>, Failure> {
    if let Ok((starts, uids, values)) = given.extract() {
        return Ok(Some([starts, uids, values]));
    }
    // Of SciPy's formats only rows have all three in this meaning.
    let format = given.getattr("format").and_then(|format| format.extract::<String>());
    match format.as_deref() {
        Ok("csr") => Ok(Some([given.getattr("indptr")?, given.getattr("indices")?, given.getattr("data")?])),
        _ => Ok(None),
    }
}

fn dense<'py>(name: &'static str, given: &Bound<'py, PyAny>) -> Result<PyReadonlyArray2<'py, u16>, Failure> {
    let array = given.extract::<PyReadonlyArray2<'py, u16>>().ok().filter(|array| is_aligned(array.as_untyped()));
    array.ok_or_else(|| {
        let what = format!(
            "{}: it must be an aligned array uint16[n, n] of shares of 65535, or (indptr, indices, data)",
            described(given)
        );
        Failure::Array { name, what }
    })
}

fn array<'py, T: Element>(
    name: &'static str,
    part: &str,
    kind: &str,
    given: &Bound<'py, PyAny>,
) -> Result<PyReadonlyArray1<'py, T>, Failure> {
    let array = given.extract::<PyReadonlyArray1<'py, T>>().ok().filter(|array| is_aligned(array.as_untyped()));
    array.ok_or_else(|| Failure::Array { name, what: format!("{part} is {}: it must be {kind}", described(given)) })
}

impl<'py> Places<'py> {
    fn of(name: &'static str, part: &str, given: &Bound<'py, PyAny>) -> Result<Self, Failure> {
        if let Ok(places) = array(name, part, "", given) {
            return Ok(Self::I32(places));
        }
        if let Ok(places) = array(name, part, "", given) {
            return Ok(Self::I64(places));
        }
        array(name, part, "int32, int64 or uint16 in one dimension", given).map(Self::U16)
    }

    fn view(&self) -> Place<'_> {
        match self {
            Self::U16(array) => Place::U16(array.as_array()),
            Self::I32(array) => Place::I32(array.as_array()),
            Self::I64(array) => Place::I64(array.as_array()),
        }
    }
}

impl Place<'_> {
    fn len(&self) -> usize {
        match self {
            Self::U16(array) => array.len(),
            Self::I32(array) => array.len(),
            Self::I64(array) => array.len(),
        }
    }

    /// None where it is negative, or where there is nothing.
    fn at(&self, at: usize) -> Option<usize> {
        match self {
            Self::U16(array) => array.get(at).map(|place| usize::from(*place)),
            Self::I32(array) => array.get(at).and_then(|place| usize::try_from(*place).ok()),
            Self::I64(array) => array.get(at).and_then(|place| usize::try_from(*place).ok()),
        }
    }
}

impl StoredRows for Matrix<'_> {
    fn uids(&self) -> impl Iterator<Item = u16> {
        let rows = match self {
            Self::Dense(array) => array.nrows(),
            Self::Sparse { starts, .. } => starts.len().saturating_sub(1),
            Self::Empty => 0,
        };
        (0..=u16::MAX).take(rows)
    }

    /// Of an array what isn't 0, by ascending uid.
    fn row(&self, uid: u16) -> impl Iterator<Item = (u16, u16)> {
        let row = usize::from(uid);
        let (dense, sparse) = match *self {
            Self::Dense(array) if row < array.nrows() => {
                let values = array.index_axis_move(Axis(0), row).into_iter().copied();
                let named = (0..=u16::MAX).zip(values).filter(|(_, value)| *value != 0);
                (Some(named), None)
            }
            Self::Sparse { starts, uids, values } => {
                let (start, end) = (starts.at(row).unwrap_or(0), starts.at(row + 1).unwrap_or(0));
                let entry = move |at| Some((u16::try_from(uids.at(at)?).ok()?, *values.get(at)?));
                (None, Some((start..end).filter_map(entry)))
            }
            _ => (None, None),
        };
        dense.into_iter().flatten().chain(sparse.into_iter().flatten())
    }

    fn entries(&self) -> usize {
        match self {
            Self::Dense(array) => array.iter().filter(|value| **value != 0).count(),
            Self::Sparse { values, .. } => values.len(),
            Self::Empty => 0,
        }
    }
}
