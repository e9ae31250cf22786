//! Tensors in files: safetensors, and arrays of NumPy.

use std::{fs, path::Path};

use primitives::{DataType, Tensor};
use safetensors::{Dtype, SafeTensors, View};

use crate::ModelError;

/// Far above what a request may hold.
const MAX_FILE_BYTES: u64 = 1 << 30;

/// The tensors of a `.safetensors` file, sorted by name, or the one array of an `.npy` file, named like the file.
pub fn read_tensors(path: &Path) -> Result<Vec<Tensor>, ModelError> {
    let failed = |source| ModelError::Read { path: path.to_owned(), source };
    let bytes = fs::metadata(path).map_err(failed)?.len();
    if bytes > MAX_FILE_BYTES {
        return Err(ModelError::TooLarge { path: path.to_owned(), bytes, limit: MAX_FILE_BYTES });
    }
    let bytes = fs::read(path).map_err(failed)?;
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("npy") => {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let tensor = array(name, &bytes);
            tensor.map(|tensor| vec![tensor]).map_err(|reason| ModelError::TensorFile { path: path.to_owned(), reason })
        }
        Some("safetensors") => safetensors(path, &bytes),
        _ => {
            let reason = "tensors are read from .safetensors and .npy files".to_owned();
            Err(ModelError::TensorFile { path: path.to_owned(), reason })
        }
    }
}

/// Writes a `.safetensors` file.
pub fn write_tensors(path: &Path, tensors: &[Tensor]) -> Result<(), ModelError> {
    // a shape that fits its data has dimensions that fit
    let shape = |tensor: &Tensor| tensor.shape().iter().map(|n| *n as usize).collect();
    let views = tensors.iter().map(|tensor| (tensor.name(), Borrowed { tensor, shape: shape(tensor) }));
    let bytes =
        safetensors::serialize(views, None).map_err(|source| ModelError::Weights { path: path.to_owned(), source })?;
    fs::write(path, bytes).map_err(|source| ModelError::TensorFile {
        path: path.to_owned(),
        reason: format!("cannot be written: {source}"),
    })
}

fn safetensors(path: &Path, bytes: &[u8]) -> Result<Vec<Tensor>, ModelError> {
    let file =
        SafeTensors::deserialize(bytes).map_err(|source| ModelError::Weights { path: path.to_owned(), source })?;
    let mut tensors = Vec::new();
    for (name, view) in file.iter() {
        let Some(dtype) = DataType::ALL.into_iter().find(|dtype| stored(*dtype) == view.dtype()) else {
            let reason = format!("tensor {name} is of type {:?}, which is not supported", view.dtype());
            return Err(ModelError::TensorFile { path: path.to_owned(), reason });
        };
        let shape = view.shape().iter().map(|n| *n as u64).collect();
        tensors.push(Tensor::new(name.to_owned(), dtype, shape, view.data().to_vec())?);
    }
    tensors.sort_by(|a, b| a.name().cmp(b.name()));
    Ok(tensors)
}

struct Borrowed<'a> {
    tensor: &'a Tensor,
    shape: Vec<usize>,
}

impl View for Borrowed<'_> {
    fn dtype(&self) -> Dtype {
        stored(self.tensor.dtype())
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> std::borrow::Cow<'_, [u8]> {
        self.tensor.data().into()
    }

    fn data_len(&self) -> usize {
        self.tensor.data().len()
    }
}

fn stored(dtype: DataType) -> Dtype {
    match dtype {
        DataType::F32 => Dtype::F32,
        DataType::F64 => Dtype::F64,
        DataType::F16 => Dtype::F16,
        DataType::Bf16 => Dtype::BF16,
        DataType::I64 => Dtype::I64,
        DataType::I32 => Dtype::I32,
        DataType::I16 => Dtype::I16,
        DataType::I8 => Dtype::I8,
        DataType::U8 => Dtype::U8,
        DataType::Bool => Dtype::BOOL,
    }
}

/// An `.npy` file: a magic number, a version, the length of a Python dictionary, the dictionary, the numbers.
fn array(name: String, bytes: &[u8]) -> Result<Tensor, String> {
    let damaged = || "not a whole .npy file".to_owned();
    let rest = bytes.strip_prefix(b"\x93NUMPY").ok_or_else(damaged)?;
    let (length, rest) = match rest {
        [1, _, a, b, rest @ ..] => (usize::from(u16::from_le_bytes([*a, *b])), rest),
        [2 | 3, _, a, b, c, d, rest @ ..] => (u32::from_le_bytes([*a, *b, *c, *d]) as usize, rest),
        _ => return Err(damaged()),
    };
    let (header, data) = rest.split_at_checked(length).ok_or_else(damaged)?;
    let header = str::from_utf8(header).map_err(|_| damaged())?;
    let after = |key: &str| header.split_once(key).map(|(_, value)| value.trim_start()).ok_or_else(damaged);
    if !after("'fortran_order':")?.starts_with("False") {
        return Err("an array in Fortran's order is not supported".to_owned());
    }
    let described = after("'descr':")?;
    let described = described.strip_prefix('\'').and_then(|rest| rest.split('\'').next()).unwrap_or(described);
    let dtype = match described {
        "<f4" => DataType::F32,
        "<f8" => DataType::F64,
        "<f2" => DataType::F16,
        "<i8" => DataType::I64,
        "<i4" => DataType::I32,
        "<i2" => DataType::I16,
        "|i1" => DataType::I8,
        "|u1" => DataType::U8,
        "|b1" => DataType::Bool,
        other => return Err(format!("numbers of type {other} are not supported")),
    };
    let shape = after("'shape':")?.strip_prefix('(').and_then(|rest| rest.split(')').next()).ok_or_else(damaged)?;
    let dimensions = shape.split(',').map(str::trim).filter(|n| !n.is_empty());
    let shape = dimensions.map(str::parse).collect::<Result<Vec<u64>, _>>().map_err(|_| damaged())?;
    Tensor::new(name, dtype, shape, data.to_vec()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let tensors: Vec<Tensor> = DataType::ALL
            .into_iter()
            .map(|dtype| Tensor::new(dtype.name().to_owned(), dtype, vec![2, 3], vec![1; 6 * dtype.size()]))
            .collect::<Result<_, _>>()
            .expect("fit");
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.safetensors");
        write_tensors(&path, &tensors).expect("written");
        let mut sorted = tensors.clone();
        sorted.sort_by(|a, b| a.name().cmp(b.name()));
        assert_eq!(read_tensors(&path).expect("read"), sorted);
        fs::write(&path, b"nonsense").expect("written");
        assert!(matches!(read_tensors(&path), Err(ModelError::Weights { .. })));
        assert!(matches!(read_tensors(&folder.path().join("x.bin")), Err(ModelError::Read { .. })));
        let text = folder.path().join("x.txt");
        fs::write(&text, "1").expect("written");
        assert!(matches!(read_tensors(&text), Err(ModelError::TensorFile { .. })));
    }

    fn npy(header: &str, data: &[u8]) -> Result<Tensor, String> {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(data);
        array("x".to_owned(), &bytes)
    }

    #[test]
    fn arrays_are_numpys() {
        // as numpy.save writes numpy.arange(3, dtype="<i4").reshape(1, 3)
        let header = "{'descr': '<i4', 'fortran_order': False, 'shape': (1, 3), }            \n";
        let data = [0, 1, 2].map(i32::to_le_bytes).concat();
        let tensor = npy(header, &data).expect("read");
        assert_eq!((tensor.dtype(), tensor.shape(), tensor.data()), (DataType::I32, &[1, 3][..], data.as_slice()));
        assert_eq!(npy(&header.replace("(1, 3)", "(3,)"), &data).expect("read").shape(), [3]);
        assert_eq!(npy(&header.replace("(1, 3)", "()"), &data[..4]).expect("read").shape(), [0_u64; 0]);
        for (header, data) in [
            (header.replace("False", "True"), &data[..]),
            (header.replace("<i4", ">i4"), &data),
            (header.replace("<i4", "<c8"), &data),
            (header.replace("(1, 3)", "(1, x)"), &data),
            (header.replace("(1, 3)", "(9223372036854775807, 9)"), &data),
            (header.replace("'shape'", "'form'"), &data),
            (header.to_owned(), &data[..11]),
        ] {
            assert!(npy(&header, data).is_err(), "{header}");
        }
        for bytes in [&b""[..], b"\x93NUMPY", b"\x93NUMPY\x01\x00\xff\xff", b"\x93NUMPY\x09\x00\x01\x00x"] {
            assert!(array("x".to_owned(), bytes).is_err());
        }
    }
}
