//! Tensors: `primitives` values and the bytes of a payload.

use primitives::{DataType, InferRequest, Tensor};
use prost::Message;

use crate::{
    WireError,
    error::at_most,
    limits::{MAX_NAME_BYTES, MAX_RANK, MAX_REQUEST_BYTES, MAX_RESPONSE_BYTES, MAX_TENSORS},
    wire,
};

/// The payload of an answer to `Infer`.
pub fn encode_tensors(tensors: Vec<Tensor>) -> Result<Vec<u8>, WireError> {
    let tensors = outgoing(tensors)?;
    let payload = wire::TensorResponse { tensors }.encode_to_vec();
    at_most("payload", payload.len(), MAX_RESPONSE_BYTES)?;
    Ok(payload)
}

/// The tensors of an answer, at least one.
pub fn decode_tensors(payload: &[u8]) -> Result<Vec<Tensor>, WireError> {
    at_most("payload", payload.len(), MAX_RESPONSE_BYTES)?;
    let message = wire::TensorResponse::decode(payload)
        .map_err(|source| WireError::Decode { message: "TensorResponse", source })?;
    incoming(message.tensors)
}

pub(crate) fn encode_arguments(request: &InferRequest) -> Result<Vec<u8>, WireError> {
    let tensors = outgoing(request.tensors.clone())?;
    let payload = wire::TensorRequest { tensors }.encode_to_vec();
    at_most("payload", payload.len(), MAX_REQUEST_BYTES)?;
    Ok(payload)
}

pub(crate) fn decode_arguments(payload: &[u8]) -> Result<InferRequest, WireError> {
    let message = wire::TensorRequest::decode(payload)
        .map_err(|source| WireError::Decode { message: "TensorRequest", source })?;
    Ok(InferRequest { tensors: incoming(message.tensors)? })
}

fn count(tensors: usize) -> Result<(), WireError> {
    if tensors == 0 {
        return Err(WireError::Missing("tensors"));
    }
    at_most("tensors", tensors, MAX_TENSORS)
}

fn outgoing(tensors: Vec<Tensor>) -> Result<Vec<wire::Tensor>, WireError> {
    count(tensors.len())?;
    tensors
        .into_iter()
        .map(|tensor| {
            at_most("tensor name", tensor.name().len(), MAX_NAME_BYTES)?;
            let (name, dtype, shape, data) = tensor.into_parts();
            Ok(wire::Tensor { name, dtype: kind(dtype).into(), shape, data })
        })
        .collect()
}

fn incoming(tensors: Vec<wire::Tensor>) -> Result<Vec<Tensor>, WireError> {
    count(tensors.len())?;
    tensors
        .into_iter()
        .map(|wire::Tensor { name, dtype, shape, data }| {
            at_most("tensor name", name.len(), MAX_NAME_BYTES)?;
            at_most("rank", shape.len(), MAX_RANK)?;
            let known = DataType::ALL.into_iter().find(|known| i32::from(kind(*known)) == dtype);
            let known = known.ok_or(WireError::Value { field: "dtype", value: dtype.into() })?;
            Ok(Tensor::new(name, known, shape, data)?)
        })
        .collect()
}

fn kind(dtype: DataType) -> wire::DataType {
    match dtype {
        DataType::F32 => wire::DataType::F32,
        DataType::F64 => wire::DataType::F64,
        DataType::F16 => wire::DataType::F16,
        DataType::Bf16 => wire::DataType::Bf16,
        DataType::I64 => wire::DataType::I64,
        DataType::I32 => wire::DataType::I32,
        DataType::I16 => wire::DataType::I16,
        DataType::I8 => wire::DataType::I8,
        DataType::U8 => wire::DataType::U8,
        DataType::Bool => wire::DataType::Bool,
    }
}
