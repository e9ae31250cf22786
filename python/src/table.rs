//! Tables for Python: Arrow's arrays, handed over as they are.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, DictionaryArray, Int32Array, RecordBatch, StringArray,
    builder::{ListBuilder, UInt16Builder},
    types::Int32Type,
};
use arrow_pyarrow::{IntoPyArrow, Table};
use arrow_schema::{ArrowError, Field, Schema};
use primitives::Weights;
use pyo3::prelude::*;
use scoring::Texts;

use crate::failure::Failure;

impl From<ArrowError> for Failure {
    fn from(error: ArrowError) -> Self {
        Self::Table(error.to_string())
    }
}

/// A batch of these columns: name, values, whether some may be null.
pub fn batch<const N: usize>(columns: [(&str, ArrayRef, bool); N]) -> Result<RecordBatch, Failure> {
    let field =
        |(name, values, nullable): &(&str, ArrayRef, bool)| Field::new(*name, values.data_type().clone(), *nullable);
    let schema = Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()));
    Ok(RecordBatch::try_new(schema, columns.into_iter().map(|(_, values, _)| values).collect())?)
}

/// A column of texts, each kept once.
pub fn dictionary<K>(texts: Texts<K>) -> Result<ArrayRef, Failure> {
    let texts_once = Arc::new(StringArray::from(texts.texts));
    Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(Int32Array::from(texts.keys), texts_once)?))
}

/// A column of lists: the uids or the values of rows.
pub fn lists<'a>(rows: impl Iterator<Item = &'a Weights>, of: fn(&Weights) -> Vec<u16>) -> ArrayRef {
    let mut lists = ListBuilder::new(UInt16Builder::new());
    rows.for_each(|row| lists.append_value(of(row).into_iter().map(Some)));
    Arc::new(lists.finish())
}

/// The batch as a `pyarrow.Table`.
pub fn handed_over(py: Python<'_>, batch: RecordBatch) -> Result<Bound<'_, PyAny>, Failure> {
    let schema = batch.schema();
    Ok(Table::try_new(vec![batch], schema)?.into_pyarrow(py)?)
}
