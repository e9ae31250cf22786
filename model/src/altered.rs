//! Copies of a model with other weights, to measure what a miner that runs one would show.

use std::{borrow::Cow, fs, path::Path};

use safetensors::{SafeTensors, View, serialize_to_file, tensor::TensorView};

use crate::{CALIBRATION_FILE, Dtype, ModelError, map::MappedFile, weights::RawTensor};

/// What becomes of the weights of linear layers. Embeddings, norms and the head keep their numbers, as is usual where weights
/// are rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alteration {
    /// Rounded to 8 bits, symmetrically and to the nearest, with a scale for each output channel.
    Int8,
    /// Rounded to 4 bits, with a scale for each 64 inputs of each output channel.
    Int4,
    /// Each moved by up to 20 %, as far as rounding to 4 bits moves them: another model of the same shape, and a near one.
    Moved,
}

/// The linear layers of every architecture here, and no others.
const LINEAR: &str = "_proj.weight";

/// Writes a copy of the model in `from` to the folder `to`, which is made. Altered weights are written as the f32 numbers
/// that they stand for. A model without linear layers is [`ModelError::MissingTensor`].
pub fn write_altered(from: &Path, to: &Path, alteration: Alteration) -> Result<(), ModelError> {
    let read = |path: &Path| {
        let path = path.to_owned();
        move |source| ModelError::Read { path, source }
    };
    let write = |path: &Path| {
        let path = path.to_owned();
        move |source| ModelError::Write { path, source }
    };
    fs::create_dir_all(to).map_err(write(to))?;
    let mut altered = 0;
    for entry in fs::read_dir(from).map_err(read(from))? {
        let path = entry.map_err(read(from))?.path();
        let (true, Some(name)) = (path.is_file(), path.file_name()) else { continue };
        // It is of the model, not of the copy.
        if name == CALIBRATION_FILE {
            continue;
        }
        let copy = to.join(name);
        if path.extension().is_some_and(|extension| extension == "safetensors") {
            altered += alter_file(&path, &copy, alteration)?;
        } else {
            fs::copy(&path, &copy).map_err(write(&copy))?;
        }
    }
    if altered == 0 {
        return Err(ModelError::MissingTensor { path: from.to_owned(), tensor: format!("*{LINEAR}") });
    }
    Ok(())
}

/// One file; returns how many tensors were altered. Each is in memory only while it is written.
fn alter_file(from: &Path, to: &Path, alteration: Alteration) -> Result<usize, ModelError> {
    let file = MappedFile::open(from).map_err(|source| ModelError::Read { path: from.to_owned(), source })?;
    let weights = |path: &Path| {
        let path = path.to_owned();
        move |source| ModelError::Weights { path, source }
    };
    let tensors = SafeTensors::deserialize(&file).map_err(weights(from))?;
    let tensor = |(name, view): (String, _)| {
        let view: TensorView<'_> = view;
        let dtype = if name.ends_with(LINEAR) && view.shape().len() == 2 { float(view.dtype()) } else { None };
        (name, Tensor { view, altered: dtype.map(|dtype| (dtype, alteration)) })
    };
    let tensors: Vec<_> = tensors.tensors().into_iter().map(tensor).collect();
    let altered = tensors.iter().filter(|(_, tensor)| tensor.altered.is_some()).count();
    serialize_to_file(tensors, None, to).map_err(weights(to))?;
    Ok(altered)
}

fn float(dtype: safetensors::Dtype) -> Option<Dtype> {
    match dtype {
        safetensors::Dtype::F32 => Some(Dtype::F32),
        safetensors::Dtype::BF16 => Some(Dtype::Bf16),
        safetensors::Dtype::F16 => Some(Dtype::F16),
        _ => None,
    }
}

struct Tensor<'a> {
    view: TensorView<'a>,
    altered: Option<(Dtype, Alteration)>,
}

impl View for Tensor<'_> {
    fn dtype(&self) -> safetensors::Dtype {
        if self.altered.is_some() { safetensors::Dtype::F32 } else { self.view.dtype() }
    }

    fn shape(&self) -> &[usize] {
        self.view.shape()
    }

    fn data(&self) -> Cow<'_, [u8]> {
        let Some((dtype, alteration)) = self.altered else { return Cow::Borrowed(self.view.data()) };
        let raw = RawTensor { dtype, shape: self.view.shape(), bytes: self.view.data() };
        let [rows, width] = raw.shape else { return Cow::Borrowed(self.view.data()) };
        let mut row = vec![0.0_f32; *width];
        let mut bytes = Vec::with_capacity(self.data_len());
        for index in 0..*rows {
            raw.row(index, &mut row);
            alter(&mut row, index, alteration);
            bytes.extend(row.iter().flat_map(|number| number.to_le_bytes()));
        }
        Cow::Owned(bytes)
    }

    fn data_len(&self) -> usize {
        match self.altered {
            Some(_) => self.view.shape().iter().product::<usize>() * Dtype::F32.bytes(),
            None => self.view.data().len(),
        }
    }
}

/// One output channel.
fn alter(row: &mut [f32], channel: usize, alteration: Alteration) {
    let (group, steps) = match alteration {
        Alteration::Int8 => (row.len().max(1), 127.0),
        Alteration::Int4 => (64, 7.0),
        Alteration::Moved => return shake(row, channel),
    };
    for group in row.chunks_mut(group) {
        let scale = group.iter().fold(0.0_f32, |most, number| most.max(number.abs())) / steps;
        if scale > 0.0 {
            group.iter_mut().for_each(|number| *number = (*number / scale).round_ties_even() * scale);
        }
    }
}

/// By SplitMix64 of the place, so that a copy is always the same.
fn shake(row: &mut [f32], channel: usize) {
    let mut state = (channel as u64) << 32;
    for number in row {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let share = ((bits ^ (bits >> 31)) >> 40) as f32 / (1_u64 << 24) as f32;
        *number *= 1.0 + 0.4 * (share - 0.5);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Backend as _, Engine};

    #[test]
    fn numbers_become_few_and_stay_near() {
        let row: Vec<f32> = (0..128).map(|index| ((index * 37 % 128) as f32 - 64.0) / 100.0).collect();
        for (kind, most_kinds, most_apart) in [(Alteration::Int8, 255, 0.0026), (Alteration::Int4, 30, 0.046)] {
            let mut rounded = row.clone();
            alter(&mut rounded, 0, kind);
            let apart = row.iter().zip(&rounded).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(apart > 0.0 && apart <= most_apart, "{kind:?}: {apart}");
            let mut kinds: Vec<u32> = rounded.iter().map(|number| number.to_bits()).collect();
            kinds.sort_unstable();
            kinds.dedup();
            assert!(kinds.len() <= most_kinds, "{kind:?}: {}", kinds.len());
        }
        let mut zero = [0.0; 3];
        alter(&mut zero, 0, Alteration::Int4);
        assert_eq!(zero, [0.0; 3]);
    }

    #[test]
    fn moved_weights_are_a_little_off_each() {
        let mut row = vec![2.0_f32; 1_000];
        alter(&mut row, 3, Alteration::Moved);
        assert!(row.iter().all(|number| (1.6..=2.4).contains(number)));
        let (low, high) =
            row.iter().fold((9.0_f32, 0.0_f32), |(low, high), number| (low.min(*number), high.max(*number)));
        assert!(low < 1.61 && high > 2.39, "{low} {high}");
        let mut other = vec![2.0_f32; 1_000];
        alter(&mut other, 4, Alteration::Moved);
        assert_ne!(other, row);
    }

    #[test]
    fn a_copy_is_a_model_of_its_own_and_what_has_no_layers_is_refused() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/llama");
        let scratch = tempfile::tempdir().expect("a folder");
        let copy = scratch.path().join("int8");
        write_altered(&folder, &copy, Alteration::Int8).expect("written");
        let engine = Engine::load(&copy).expect("loads");
        let original = Engine::load(&folder).expect("loads");
        assert_ne!(engine.manifest().digest, original.manifest().digest);
        assert_eq!(engine.manifest().vocab_size, original.manifest().vocab_size);

        let empty = scratch.path().join("empty");
        fs::create_dir(&empty).expect("made");
        let refused = write_altered(&empty, &copy, Alteration::Int8).expect_err("nothing there");
        assert!(matches!(refused, ModelError::MissingTensor { .. }), "{refused}");
        let refused = write_altered(&folder.join("absent"), &copy, Alteration::Int8).expect_err("nothing there");
        assert!(matches!(refused, ModelError::Read { .. }), "{refused}");
    }
}
