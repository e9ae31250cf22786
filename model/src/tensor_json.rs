//! Small tensors as people write them: nested lists of numbers.

use primitives::{DataType, Tensor, TensorError};
use serde_json::{Number, Value};

/// Why a list is no tensor.
#[derive(Debug, thiserror::Error)]
pub enum TensorJsonError {
    /// Lists of one level have different lengths, or numbers stand beside lists.
    #[error("the lists of {name} are not all of one length")]
    Ragged {
        /// Of which tensor.
        name: String,
    },
    /// Something that isn't a number of the type.
    #[error("{value} in {name} is not of type {dtype}")]
    Value {
        /// Of which tensor.
        name: String,
        /// What it holds.
        value: Value,
        /// What it should hold.
        dtype: DataType,
    },
    /// Too many dimensions.
    #[error(transparent)]
    Tensor(#[from] TensorError),
}

/// A tensor from nested lists. Without a type, truth values are bool, whole numbers i64, and anything else f32.
pub fn tensor_from_json(name: &str, dtype: Option<DataType>, lists: &Value) -> Result<Tensor, TensorJsonError> {
    let (mut shape, mut level) = (Vec::new(), lists);
    while let Value::Array(items) = level {
        shape.push(items.len() as u64);
        match items.first() {
            Some(first) => level = first,
            None => break,
        }
    }
    let mut leaves = Vec::new();
    if !collect(lists, &shape, &mut leaves) {
        return Err(TensorJsonError::Ragged { name: name.to_owned() });
    }
    let dtype = dtype.unwrap_or_else(|| {
        if leaves.iter().all(|leaf| leaf.is_i64()) {
            DataType::I64
        } else if leaves.iter().all(|leaf| leaf.is_boolean()) {
            DataType::Bool
        } else {
            DataType::F32
        }
    });
    let mut data = Vec::with_capacity(leaves.len() * dtype.size());
    for leaf in leaves {
        let number = bytes(dtype, leaf);
        let wrong = || TensorJsonError::Value { name: name.to_owned(), value: leaf.clone(), dtype };
        data.extend(number.ok_or_else(wrong)?);
    }
    Ok(Tensor::new(name.to_owned(), dtype, shape, data)?)
}

/// A tensor's numbers as nested lists. What JSON has no number for is null.
pub fn tensor_to_json(tensor: &Tensor) -> Value {
    let mut numbers = tensor.data().chunks_exact(tensor.dtype().size()).map(|bytes| number(tensor.dtype(), bytes));
    nest(tensor.shape(), &mut numbers)
}

/// Whether all lists are as long as `shape` says.
fn collect<'a>(value: &'a Value, shape: &[u64], leaves: &mut Vec<&'a Value>) -> bool {
    match (value, shape) {
        (Value::Array(items), [length, rest @ ..]) => {
            items.len() as u64 == *length && items.iter().all(|item| collect(item, rest, leaves))
        }
        (Value::Array(_), []) | (_, [_, ..]) => false,
        (leaf, []) => {
            leaves.push(leaf);
            true
        }
    }
}

fn nest(shape: &[u64], numbers: &mut impl Iterator<Item = Value>) -> Value {
    match shape {
        [] => numbers.next().unwrap_or(Value::Null),
        // lists of nothing would be as many as the other dimensions say
        _ if shape.contains(&0) => Value::Array(Vec::new()),
        [length, rest @ ..] => (0..*length).map(|_| nest(rest, numbers)).collect(),
    }
}

fn bytes(dtype: DataType, leaf: &Value) -> Option<Vec<u8>> {
    let whole = || leaf.as_i64();
    Some(match dtype {
        DataType::Bool => vec![leaf.as_bool()?.into()],
        DataType::F64 => leaf.as_f64()?.to_le_bytes().to_vec(),
        DataType::F32 => (leaf.as_f64()? as f32).to_le_bytes().to_vec(),
        DataType::F16 => half::f16::from_f64(leaf.as_f64()?).to_le_bytes().to_vec(),
        DataType::Bf16 => half::bf16::from_f64(leaf.as_f64()?).to_le_bytes().to_vec(),
        DataType::I64 => whole()?.to_le_bytes().to_vec(),
        DataType::I32 => i32::try_from(whole()?).ok()?.to_le_bytes().to_vec(),
        DataType::I16 => i16::try_from(whole()?).ok()?.to_le_bytes().to_vec(),
        DataType::I8 => i8::try_from(whole()?).ok()?.to_le_bytes().to_vec(),
        DataType::U8 => vec![u8::try_from(whole()?).ok()?],
    })
}

fn number(dtype: DataType, bytes: &[u8]) -> Value {
    fn fixed<const N: usize>(bytes: &[u8]) -> [u8; N] {
        bytes.try_into().unwrap_or([0; N])
    }
    let real = |value: f64| Number::from_f64(value).map_or(Value::Null, Value::Number);
    match dtype {
        DataType::Bool => Value::Bool(bytes != [0]),
        DataType::F64 => real(f64::from_le_bytes(fixed(bytes))),
        DataType::F32 => short(f32::from_le_bytes(fixed(bytes))),
        DataType::F16 => short(half::f16::from_le_bytes(fixed(bytes)).to_f32()),
        DataType::Bf16 => short(half::bf16::from_le_bytes(fixed(bytes)).to_f32()),
        DataType::I64 => i64::from_le_bytes(fixed(bytes)).into(),
        DataType::I32 => i32::from_le_bytes(fixed(bytes)).into(),
        DataType::I16 => i16::from_le_bytes(fixed(bytes)).into(),
        DataType::I8 => i8::from_le_bytes(fixed(bytes)).into(),
        DataType::U8 => fixed::<1>(bytes)[0].into(),
    }
}

/// With as many digits as an f32 has: 0.1 is 0.1.
fn short(value: f32) -> Value {
    let shortest = value.to_string().parse().ok().filter(|_| value.is_finite());
    shortest.and_then(Number::from_f64).map_or(Value::Null, Value::Number)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_and_back() {
        for (lists, dtype) in [
            (json!([[1, -2], [3, 4]]), DataType::I64),
            (json!([[[0.1]], [[2.5]]]), DataType::F32),
            (json!([true, false]), DataType::Bool),
            (json!(7), DataType::I64),
            (json!([]), DataType::I64),
        ] {
            let tensor = tensor_from_json("x", None, &lists).expect("a tensor");
            assert_eq!((tensor.dtype(), tensor_to_json(&tensor)), (dtype, lists));
        }
        let mixed = tensor_from_json("x", None, &json!([1, 2.5])).expect("a tensor");
        assert_eq!((mixed.dtype(), tensor_to_json(&mixed)), (DataType::F32, json!([1.0, 2.5])));
        for dtype in DataType::ALL.into_iter().filter(|dtype| *dtype != DataType::Bool) {
            let tensor = tensor_from_json("x", Some(dtype), &json!([[1], [100]])).expect("a tensor");
            let back = tensor_to_json(&tensor);
            assert_eq!((tensor.dtype(), back[1][0].as_f64(), tensor.shape()), (dtype, Some(100.0), &[2, 1][..]));
        }
        let infinite = Tensor::new("x".into(), DataType::F32, vec![], f32::INFINITY.to_le_bytes().to_vec());
        assert_eq!(tensor_to_json(&infinite.expect("fits")), Value::Null);
        let nothing = Tensor::new("x".into(), DataType::U8, vec![1 << 40, 0], Vec::new());
        assert_eq!(tensor_to_json(&nothing.expect("fits")), json!([]));
    }

    #[test]
    fn what_is_no_tensor() {
        for ragged in [json!([[1], [1, 2]]), json!([1, [2]]), json!([[1], 2]), json!([[], [1]])] {
            let error = tensor_from_json("x", None, &ragged).expect_err("refused");
            assert_eq!(error.to_string(), "the lists of x are not all of one length");
        }
        for (lists, dtype) in [
            (json!(["a"]), None),
            (json!([null]), None),
            (json!([1.5]), Some(DataType::I64)),
            (json!([300]), Some(DataType::U8)),
            (json!([1]), Some(DataType::Bool)),
            (json!([true, 1]), None),
        ] {
            assert!(matches!(tensor_from_json("x", dtype, &lists), Err(TensorJsonError::Value { .. })), "{lists}");
        }
        let mut deep = json!(1);
        for _ in 0..9 {
            deep = json!([deep]);
        }
        assert!(matches!(tensor_from_json("x", None, &deep), Err(TensorJsonError::Tensor(_))));
    }
}
