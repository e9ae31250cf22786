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
        let mut whole = Tensor::f_empty(&size, (self.kind, self.device)).map_err(|_| {
            let numbers = size.iter().product::<i64>() as u64;
            let (device, bytes) = (device_of(self.device), numbers * dtype_of(self.kind).bytes() as u64);
            let tensor = parts.first().map_or("", |(name, _)| *name).to_owned();
            ModelError::WeightMemory { device, tensor, bytes }
        })?;
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

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;
    use crate::folder::Folder;

    /// A file whose numbers begin `odd` bytes behind a multiple of eight.
    fn write(path: &Path, tensors: &[(&str, &str, &[usize], &[u8])], odd: usize) {
        let (mut header, mut data) = (serde_json::Map::new(), Vec::new());
        for (name, dtype, shape, bytes) in tensors {
            let offsets = [data.len(), data.len() + bytes.len()];
            header.insert(
                (*name).to_owned(),
                serde_json::json!({"dtype": dtype, "shape": shape, "data_offsets": offsets}),
            );
            data.extend_from_slice(bytes);
        }
        let mut header = serde_json::Value::from(header).to_string();
        while header.len() % 8 != odd {
            header.push(' ');
        }
        let length = (header.len() as u64).to_le_bytes();
        fs::write(path, [&length[..], header.as_bytes(), &data].concat()).expect("written");
    }

    fn bytes(numbers: &[f32]) -> Vec<u8> {
        numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
    }

    #[test]
    fn tensors_are_what_the_file_holds_wherever_they_lie_in_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("model.safetensors");
        let (one, two) = (bytes(&[1.0, 2.0, 3.0, 4.0]), bytes(&[5.0, 6.0]));
        // 1.5 and -2 in bf16, 0.5 in f16
        let tensors: [(&str, &str, &[usize], &[u8]); 4] = [
            ("one", "F32", &[2, 2], &one),
            ("two", "F32", &[1, 2], &two),
            ("bf16", "BF16", &[2], &[0xc0, 0x3f, 0x00, 0xc0]),
            ("f16", "F16", &[], &[0x00, 0x38]),
        ];
        for odd in 0..8 {
            write(&path, &tensors, odd);
            let weights = Folder::open(folder.path()).expect("there").weights(&mut |_| ()).expect("valid");
            for dtype in [Dtype::F32, Dtype::Bf16, Dtype::F16] {
                let mut report = |_| ();
                let placed = Tensors::new(&weights, tch::Device::Cpu, dtype, &mut report);
                let numbers = |tensor: Result<Tensor, ModelError>| {
                    let tensor = tensor.expect("placed");
                    assert_eq!(tensor.kind(), kind(dtype));
                    (tensor.size(), floats(&tensor).expect("numbers"))
                };
                let both = placed.stack(&[("one", &[2, 2]), ("two", &[1, 2])]);
                assert_eq!(numbers(both), (vec![3, 2], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
                assert_eq!(numbers(placed.tensor("bf16", &[2])), (vec![2], vec![1.5, -2.0]));
                assert_eq!(numbers(placed.tensor("f16", &[])), (vec![], vec![0.5]));
                assert!(placed.has("one") && !placed.has("three"));
            }
        }
    }

    #[test]
    fn each_step_is_told_to_its_end() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("model.safetensors");
        let numbers = bytes(&[0.0; 1000]);
        write(&path, &[("used", "F32", &[1000], &numbers), ("not", "F32", &[1000], &numbers)], 0);
        let total_bytes = fs::metadata(&path).expect("there").len();
        let mut told = Vec::new();
        let weights = Folder::open(folder.path()).expect("there").weights(&mut |p| told.push(p)).expect("valid");
        let mut report = |progress| told.push(progress);
        let placed = Tensors::new(&weights, tch::Device::Cpu, Dtype::F32, &mut report);
        drop(placed.tensor("used", &[1000]).expect("placed"));
        placed.finish().expect("unchanged");
        let at = |step, done_bytes| LoadProgress { step, done_bytes, total_bytes };
        let (digest, place) = (LoadStep::Digest, LoadStep::Place);
        assert_eq!(told, [at(digest, total_bytes), at(place, 4000), at(place, total_bytes)]);
    }

    #[test]
    fn a_file_that_changed_meanwhile_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("model.safetensors");
        write(&path, &[("one", "F32", &[1], &bytes(&[1.0]))], 0);
        let weights = Folder::open(folder.path()).expect("there").weights(&mut |_| ()).expect("valid");
        let mut report = |_| ();
        let placed = Tensors::new(&weights, tch::Device::Cpu, Dtype::F32, &mut report);
        fs::File::options().append(true).open(&path).expect("opens").set_len(1 << 12).expect("grown");
        let error = placed.finish().expect_err("refused");
        assert_eq!(error.to_string(), format!("{} changed while it was loaded", path.display()));
    }
}
