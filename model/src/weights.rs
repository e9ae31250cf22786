//! Tensors out of a safetensors file, each checked against the shape that the configuration implies.

use std::path::{Path, PathBuf};

use safetensors::{Dtype, SafeTensors};
use tch::{Kind, Tensor};

use crate::ModelError;

/// A parsed file of weights, and where its tensors go.
pub(crate) struct Weights<'a> {
    path: PathBuf,
    file: SafeTensors<'a>,
    kind: Kind,
    device: tch::Device,
}

impl<'a> Weights<'a> {
    /// Checks the header: offsets, overlaps and the file's length.
    pub(crate) fn parse(path: &Path, bytes: &'a [u8], device: tch::Device) -> Result<Self, ModelError> {
        let file =
            SafeTensors::deserialize(bytes).map_err(|source| ModelError::Weights { path: path.to_owned(), source })?;
        // bf16 is slower than f32 on most processors, and half the memory on a GPU
        let kind = if device.is_cuda() { Kind::BFloat16 } else { Kind::Float };
        Ok(Self { path: path.to_owned(), file, kind, device })
    }

    pub(crate) fn has(&self, tensor: &str) -> bool {
        self.file.tensor(tensor).is_ok()
    }

    /// The tensor of this name, in the device's number type.
    pub(crate) fn tensor(&self, name: &str, shape: &[usize]) -> Result<Tensor, ModelError> {
        let (path, tensor) = (|| self.path.clone(), || name.to_owned());
        let view = self.file.tensor(name).map_err(|_| ModelError::MissingTensor { path: path(), tensor: tensor() })?;
        if view.shape() != shape {
            let (expected, found) = (shape.to_vec(), view.shape().to_vec());
            return Err(ModelError::Shape { path: path(), tensor: tensor(), expected, found });
        }
        let kind = match view.dtype() {
            Dtype::F32 => Kind::Float,
            Dtype::F16 => Kind::Half,
            Dtype::BF16 => Kind::BFloat16,
            other => {
                return Err(ModelError::Dtype { path: path(), tensor: tensor(), found: format!("{other:?}") });
            }
        };
        let size: Vec<i64> = shape.iter().map(|n| *n as i64).collect();
        Ok(Tensor::f_from_data_size(view.data(), &size, kind)?.f_to_device(self.device)?.f_to_kind(self.kind)?)
    }

    pub(crate) fn raw(&self, name: &str, shape: &[usize]) -> Result<RawTensor<'_>, ModelError> {
        let (path, tensor) = (|| self.path.clone(), || name.to_owned());
        let view = self.file.tensor(name).map_err(|_| ModelError::MissingTensor { path: path(), tensor: tensor() })?;
        if view.shape() != shape {
            let (expected, found) = (shape.to_vec(), view.shape().to_vec());
            return Err(ModelError::Shape { path: path(), tensor: tensor(), expected, found });
        }
        Ok(RawTensor {
            dtype: view.dtype(),
            shape: shape.to_vec(),
            bytes: self.file.tensor(name).map(|v| v.data()).unwrap_or(&[]),
        })
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    pub(crate) fn device(&self) -> tch::Device {
        self.device
    }
}

pub(crate) struct RawTensor<'a> {
    pub(crate) dtype: Dtype,
    pub(crate) shape: Vec<usize>,
    pub(crate) bytes: &'a [u8],
}

impl RawTensor<'_> {
    pub(crate) fn row(&self, index: usize, out: &mut [f32]) {
        match self.dtype {
            Dtype::F32 => {
                let (part, _) = self.bytes[index * out.len() * 4..].as_chunks::<4>();
                out.iter_mut().zip(part).for_each(|(o, b)| *o = f32::from_le_bytes(*b));
            }
            Dtype::BF16 => {
                let (part, _) = self.bytes[index * out.len() * 2..].as_chunks::<2>();
                out.iter_mut()
                    .zip(part)
                    .for_each(|(o, b)| *o = f32::from_bits(u32::from(u16::from_le_bytes(*b)) << 16));
            }
            _ => todo!(),
        }
    }

    pub(crate) fn vector(&self) -> Vec<f32> {
        let mut out = vec![0.0; self.shape.iter().product()];
        self.row(0, &mut out);
        out
    }
}
