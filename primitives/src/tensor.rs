//! Numbers in a shape: what a model takes and gives that isn't a text.

use serde::{Deserialize, Serialize};

/// The type of a tensor's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // their names say it
pub enum DataType {
    F32,
    F64,
    F16,
    Bf16,
    I64,
    I32,
    I16,
    I8,
    U8,
    Bool,
}

/// A named tensor whose data fits its shape, by construction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Tensor {
    name: String,
    dtype: DataType,
    shape: Vec<u64>,
    data: Vec<u8>,
}

#[derive(Deserialize)]
struct Unchecked {
    name: String,
    dtype: DataType,
    shape: Vec<u64>,
    data: Vec<u8>,
}

/// Why numbers are no tensor.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TensorError {
    /// More dimensions than anything here takes.
    #[error("tensor {name} has {rank} dimensions, at most {limit} are allowed", limit = Tensor::MAX_RANK)]
    Rank {
        /// Which.
        name: String,
        /// How many it has.
        rank: usize,
    },
    /// The shape needs another number of bytes, or more than can be counted.
    #[error("tensor {name} of shape {shape:?} and type {dtype} does not have {actual} bytes")]
    Size {
        /// Which.
        name: String,
        /// Its type.
        dtype: DataType,
        /// Its shape.
        shape: Vec<u64>,
        /// The bytes that came.
        actual: usize,
    },
    /// A truth value that is neither 0 nor 1.
    #[error("tensor {name} holds truth values other than 0 and 1")]
    Truth {
        /// Which.
        name: String,
    },
}

impl DataType {
    /// All of them.
    pub const ALL: [Self; 10] =
        [Self::F32, Self::F64, Self::F16, Self::Bf16, Self::I64, Self::I32, Self::I16, Self::I8, Self::U8, Self::Bool];

    /// Bytes of one number.
    pub const fn size(self) -> usize {
        match self {
            Self::F64 | Self::I64 => 8,
            Self::F32 | Self::I32 => 4,
            Self::F16 | Self::Bf16 | Self::I16 => 2,
            Self::I8 | Self::U8 | Self::Bool => 1,
        }
    }

    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
            Self::I64 => "i64",
            Self::I32 => "i32",
            Self::I16 => "i16",
            Self::I8 => "i8",
            Self::U8 => "u8",
            Self::Bool => "bool",
        }
    }

    /// Bytes of a tensor of this type and shape. None where that is more than an address space, even if a dimension is
    /// 0: strides are products too.
    pub fn bytes(self, shape: &[u64]) -> Option<usize> {
        let strides = shape.iter().try_fold(self.size() as u64, |product, n| product.checked_mul((*n).max(1)))?;
        let most = usize::try_from(i64::try_from(strides).ok()?).ok()?;
        Some(if shape.contains(&0) { 0 } else { most })
    }
}

impl std::fmt::Display for DataType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl Tensor {
    /// Dimensions of a tensor, at most.
    pub const MAX_RANK: usize = 8;

    /// A tensor of little-endian numbers in row-major order. Nothing is allocated: the data is what there is.
    pub fn new(name: String, dtype: DataType, shape: Vec<u64>, data: Vec<u8>) -> Result<Self, TensorError> {
        if shape.len() > Self::MAX_RANK {
            return Err(TensorError::Rank { name, rank: shape.len() });
        }
        if dtype.bytes(&shape) != Some(data.len()) {
            return Err(TensorError::Size { name, dtype, shape, actual: data.len() });
        }
        if dtype == DataType::Bool && data.iter().any(|byte| *byte > 1) {
            return Err(TensorError::Truth { name });
        }
        Ok(Self { name, dtype, shape, data })
    }

    /// What it is called. A label: inputs are told apart by their order.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The type of its numbers.
    pub fn dtype(&self) -> DataType {
        self.dtype
    }

    /// Its dimensions, the slowest first; none for a single number.
    pub fn shape(&self) -> &[u64] {
        &self.shape
    }

    /// Its numbers, little-endian, in row-major order.
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// Its parts.
    pub fn into_parts(self) -> (String, DataType, Vec<u64>, Vec<u8>) {
        let Self { name, dtype, shape, data } = self;
        (name, dtype, shape, data)
    }
}

impl TryFrom<Unchecked> for Tensor {
    type Error = TensorError;

    fn try_from(Unchecked { name, dtype, shape, data }: Unchecked) -> Result<Self, TensorError> {
        Self::new(name, dtype, shape, data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(dtype: DataType, shape: &[u64], bytes: usize) -> Result<Tensor, TensorError> {
        Tensor::new("x".into(), dtype, shape.to_vec(), vec![0; bytes])
    }

    #[test]
    fn data_fits_the_shape() {
        for dtype in DataType::ALL {
            assert!(tensor(dtype, &[2, 3], 6 * dtype.size()).is_ok());
            assert!(tensor(dtype, &[], dtype.size()).is_ok());
            assert!(tensor(dtype, &[4, 0], 0).is_ok());
            assert!(matches!(tensor(dtype, &[2, 3], 6 * dtype.size() + 1), Err(TensorError::Size { .. })));
        }
        assert!(matches!(tensor(DataType::U8, &[1; 9], 1), Err(TensorError::Rank { rank: 9, .. })));
        assert!(tensor(DataType::U8, &[1; 8], 1).is_ok());
    }

    #[test]
    fn shapes_that_can_not_be_counted() {
        for shape in [&[u64::MAX][..], &[1 << 40, 1 << 40], &[0, 1 << 63], &[1 << 62, 2], &[0, u64::MAX, u64::MAX]] {
            assert!(matches!(tensor(DataType::F32, shape, 0), Err(TensorError::Size { .. })), "{shape:?}");
        }
    }

    #[test]
    fn truth_is_zero_or_one() {
        let tensor = |data: &[u8]| Tensor::new("x".into(), DataType::Bool, vec![2], data.to_vec());
        assert!(tensor(&[0, 1]).is_ok());
        assert_eq!(tensor(&[0, 2]), Err(TensorError::Truth { name: "x".into() }));
    }

    #[test]
    fn reading_json_checks_too() {
        let good = tensor(DataType::I16, &[2], 4).expect("fits");
        let text = serde_json::to_string(&good).expect("written");
        assert_eq!(serde_json::from_str::<Tensor>(&text).expect("read"), good);
        assert!(serde_json::from_str::<Tensor>(&text.replace("[2]", "[3]")).is_err());
    }
}
