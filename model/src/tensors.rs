//! Tensors of a checkpoint on the device and in the number type that they are computed in.

use std::cell::RefCell;

use tch::{Kind, Tensor};

use crate::{
    Device, Dtype, LoadProgress, LoadStep, ModelError,
    weights::{RawTensor, Weights},
};

/// Copies tensors out of the mapped files to where they are used, each straight: what is held meanwhile beside the
/// tensors themselves is at most one tensor, and only where device and number type both change.
pub(crate) struct Tensors<'a> {
    weights: &'a Weights,
    device: tch::Device,
    kind: Kind,
    progress: RefCell<Placed<'a>>,
}

struct Placed<'a> {
    done_bytes: u64,
    report: &'a mut dyn FnMut(LoadProgress),
}

impl<'a> Tensors<'a> {
    pub(crate) fn new(
        weights: &'a Weights,
        device: tch::Device,
        dtype: Dtype,
        report: &'a mut dyn FnMut(LoadProgress),
    ) -> Self {
        Self { weights, device, kind: kind(dtype), progress: RefCell::new(Placed { done_bytes: 0, report }) }
    }

    /// Whether there is a tensor of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.weights.has(name)
    }

    /// The tensor of this name.
    pub(crate) fn tensor(&self, name: &str, shape: &[usize]) -> Result<Tensor, ModelError> {
        self.stack(&[(name, shape)])
    }

    /// Several tensors that differ in the first dimension only, one after the other in one.
    pub(crate) fn stack(&self, parts: &[(&str, &[usize])]) -> Result<Tensor, ModelError> {
        let raw = parts.iter().map(|(name, shape)| self.weights.raw(name, shape)).collect::<Result<Vec<_>, _>>()?;
        let mut size: Vec<i64> = raw.first().map_or(&[][..], |raw| raw.shape).iter().map(|n| *n as i64).collect();
        let rows: Vec<i64> = raw.iter().map(|raw| raw.shape.first().map_or(1, |rows| *rows as i64)).collect();
        if let Some(first) = size.first_mut() {
            *first = rows.iter().sum();
        }
        let mut whole = Tensor::f_empty(&size, (self.kind, self.device))?;
        let mut start = 0;
        for (raw, rows) in raw.iter().zip(rows) {
            if size.is_empty() {
                fill(&mut whole, raw)?;
            } else {
                fill(&mut whole.f_narrow(0, start, rows)?, raw)?;
            }
            start += rows;
            self.placed(raw.bytes.len() as u64);
        }
        Ok(whole)
    }

    /// Says that all that is needed was placed, and that it was what was hashed.
    pub(crate) fn finish(&self) -> Result<(), ModelError> {
        self.weights.still_the_same()?;
        let done = self.progress.borrow().done_bytes;
        self.placed(self.weights.total_bytes().saturating_sub(done));
        Ok(())
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    pub(crate) fn device(&self) -> tch::Device {
        self.device
    }

    fn placed(&self, bytes: u64) {
        let total_bytes = self.weights.total_bytes();
        let Placed { done_bytes, report } = &mut *self.progress.borrow_mut();
        // a tensor may be asked for twice
        *done_bytes = (*done_bytes + bytes).min(total_bytes);
        report(LoadProgress { step: LoadStep::Place, done_bytes: *done_bytes, total_bytes });
    }
}

/// The row-major numbers of a tensor on the processor, whatever device and type they were computed in.
pub(crate) fn floats(tensor: &Tensor) -> Result<Vec<f32>, ModelError> {
    let tensor = tensor.f_to_device(tch::Device::Cpu)?.f_to_kind(Kind::Float)?.f_flatten(0, -1)?.f_contiguous()?;
    Ok(Vec::try_from(&tensor)?)
}

/// Our name of a device of libtorch's.
pub(crate) fn device_of(device: tch::Device) -> Device {
    match device {
        tch::Device::Cuda(index) => Device::Cuda(index),
        _ => Device::Cpu,
    }
}

/// Our name of a type that weights are placed in.
pub(crate) fn dtype_of(kind: Kind) -> Dtype {
    match kind {
        Kind::BFloat16 => Dtype::Bf16,
        Kind::Half => Dtype::F16,
        _ => Dtype::F32,
    }
}

pub(crate) fn kind(dtype: Dtype) -> Kind {
    match dtype {
        Dtype::F32 => Kind::Float,
        Dtype::Bf16 => Kind::BFloat16,
        Dtype::F16 => Kind::Half,
    }
}

#[allow(unsafe_code)]
fn fill(target: &mut Tensor, raw: &RawTensor<'_>) -> Result<(), ModelError> {
    let size: Vec<i64> = raw.shape.iter().map(|n| *n as i64).collect();
    let from = kind(raw.dtype);
    if !(raw.bytes.as_ptr() as usize).is_multiple_of(raw.dtype.bytes()) {
        // a header that isn't padded leaves the numbers between two addresses: these files take the memory of a copy
        target.f_copy_(&Tensor::f_from_data_size(raw.bytes, &size, from)?)?;
        return Ok(());
    }
    let strides: Vec<i64> = (1..=size.len()).map(|dim| size[dim..].iter().product()).collect();
    // SAFETY: the bytes are as many as shape and type say (the header was checked against the file), they are aligned,
    // and they outlive the tensor over them, which is only read from and dropped before this function ends.
    let source = unsafe { Tensor::f_from_blob(raw.bytes.as_ptr(), &size, &strides, from, tch::Device::Cpu)? };
    Ok(target.f_copy_(&source)?)
}
