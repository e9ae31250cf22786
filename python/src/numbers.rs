//! Vectors of numbers: arrays are read where they lie, any other sequence is taken over.

use std::borrow::Cow;

use numpy::{Element, PyArrayMethods, PyReadonlyArray1, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::{conversion::FromPyObjectOwned, prelude::*};

use crate::failure::Failure;

/// A vector that was given.
pub enum Numbers<'py, T: Element> {
    /// An array of this very type.
    Array(PyReadonlyArray1<'py, T>),
    /// Anything else.
    Owned(Vec<T>),
}

impl<'py, T: Element + Copy + FromPyObjectOwned<'py>> Numbers<'py, T> {
    /// The argument of this name.
    pub fn of(name: &'static str, given: &Bound<'py, PyAny>) -> Result<Self, Failure> {
        if let Ok(array) = given.extract::<PyReadonlyArray1<'py, T>>()
            && is_aligned(array.as_untyped())
        {
            return Ok(Self::Array(array));
        }
        given.extract().map(Self::Owned).map_err(|error| {
            let what = format!("{} is no sequence of {}: {error}", described(given), std::any::type_name::<T>());
            Failure::Array { name, what }
        })
    }

    /// The argument of this name, or nothing.
    pub fn maybe(name: &'static str, given: Option<&Bound<'py, PyAny>>) -> Result<Option<Self>, Failure> {
        given.map(|given| Self::of(name, given)).transpose()
    }

    /// The numbers, one after the other.
    pub fn values(&self) -> Cow<'_, [T]> {
        match self {
            Self::Array(array) => match array.as_slice() {
                Ok(slice) => Cow::Borrowed(slice),
                Err(_) => Cow::Owned(array.as_array().to_vec()),
            },
            Self::Owned(values) => Cow::Borrowed(values),
        }
    }
}

/// Whether elements lie where a processor may read them.
pub fn is_aligned(array: &Bound<'_, PyUntypedArray>) -> bool {
    let aligned = array.getattr("flags").and_then(|flags| flags.get_item("ALIGNED"));
    aligned.and_then(|aligned| aligned.extract()).unwrap_or(false)
}

/// What something is, for people.
pub fn described(given: &Bound<'_, PyAny>) -> String {
    match given.cast::<PyUntypedArray>() {
        Ok(array) => format!("an array of {} and shape {:?}", array.dtype(), array.shape()),
        Err(_) => given.get_type().name().map_or_else(|_| "this".into(), |name| format!("a {name}")),
    }
}
