//! SCALE values as JSON, by their types.

use codec::{Compact, Decode};
use node_subtensor_runtime::AccountId;
use scale_info::{Field, PortableRegistry, TypeDef, TypeDefPrimitive, form::PortableForm};
use serde_json::{Map, Value, json};
use sp_core::{U256, crypto::Ss58Codec};

/// Values in one.
const MAX_VALUES: u32 = 65_536;
/// Values in values.
const MAX_DEPTH: u32 = 64;
/// Bytes of one that are written.
const MAX_BYTES: usize = 1_024;

/// Why there is no JSON.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoJson {
    #[error("not what its type says")]
    Encoding(#[from] codec::Error),
    #[error("no such type")]
    Type,
    #[error("too large")]
    TooLarge,
}

/// The value of a type that some bytes begin with.
pub(crate) fn json(types: &PortableRegistry, id: u32, bytes: &[u8]) -> Result<Value, NoJson> {
    Reader { types, rest: bytes, left: MAX_VALUES }.value(id, 0)
}

struct Reader<'a> {
    types: &'a PortableRegistry,
    rest: &'a [u8],
    left: u32,
}

impl Reader<'_> {
    fn value(&mut self, id: u32, depth: u32) -> Result<Value, NoJson> {
        self.left = self.left.checked_sub(1).filter(|_| depth < MAX_DEPTH).ok_or(NoJson::TooLarge)?;
        let ty = self.types.resolve(id).ok_or(NoJson::Type)?;
        match &ty.type_def {
            TypeDef::Primitive(primitive) => self.primitive(primitive),
            TypeDef::Composite(_) if ty.path.ident().as_deref() == Some("AccountId32") => {
                Ok(json!(AccountId::decode(&mut self.rest)?.to_ss58check()))
            }
            TypeDef::Composite(composite) => self.fields(&composite.fields, depth),
            TypeDef::Variant(variants) => {
                let index = u8::decode(&mut self.rest)?;
                let variant = variants.variants.iter().find(|variant| variant.index == index).ok_or(NoJson::Type)?;
                let fields = self.fields(&variant.fields, depth)?;
                Ok(match (ty.path.ident().as_deref(), variant.name.as_str()) {
                    (Some("Option"), _) => fields,
                    (_, name) if variant.fields.is_empty() => json!(name),
                    (_, name) => json!({ name: fields }),
                })
            }
            TypeDef::Sequence(sequence) => {
                let length = Compact::<u32>::decode(&mut self.rest)?.0;
                self.items(sequence.type_param.id, length, depth)
            }
            TypeDef::Array(array) => self.items(array.type_param.id, array.len, depth),
            TypeDef::Tuple(tuple) => {
                let items: Vec<Value> =
                    tuple.fields.iter().map(|field| self.value(field.id, depth + 1)).collect::<Result<_, _>>()?;
                Ok(Value::Array(items))
            }
            TypeDef::Compact(_) => Ok(number(Compact::<u128>::decode(&mut self.rest)?.0)),
            TypeDef::BitSequence(_) => Err(NoJson::Type),
        }
    }

    /// A single one without a name is its value.
    fn fields(&mut self, fields: &[Field<PortableForm>], depth: u32) -> Result<Value, NoJson> {
        match fields {
            [] => Ok(Value::Null),
            [field] if field.name.is_none() => self.value(field.ty.id, depth + 1),
            _ => {
                let mut named = Map::new();
                for (place, field) in fields.iter().enumerate() {
                    let name = field.name.as_ref().map_or_else(|| place.to_string(), ToString::to_string);
                    named.insert(name, self.value(field.ty.id, depth + 1)?);
                }
                Ok(Value::Object(named))
            }
        }
    }

    /// Bytes are hex.
    fn items(&mut self, id: u32, length: u32, depth: u32) -> Result<Value, NoJson> {
        let is_bytes = self.types.resolve(id).is_some_and(|ty| ty.type_def == TypeDefPrimitive::U8.into());
        if !is_bytes {
            return (0..length).map(|_| self.value(id, depth + 1)).collect();
        }
        let (bytes, rest) = self.rest.split_at_checked(length as usize).ok_or(NoJson::TooLarge)?;
        self.rest = rest;
        Ok(match bytes.get(..MAX_BYTES) {
            Some(start) if bytes.len() > MAX_BYTES => json!(format!("0x{}…", hex::encode(start))),
            _ => json!(format!("0x{}", hex::encode(bytes))),
        })
    }

    fn primitive(&mut self, primitive: &TypeDefPrimitive) -> Result<Value, NoJson> {
        let rest = &mut self.rest;
        Ok(match primitive {
            TypeDefPrimitive::Bool => json!(bool::decode(rest)?),
            TypeDefPrimitive::Char => json!(char::from_u32(u32::decode(rest)?)),
            TypeDefPrimitive::Str => json!(String::decode(rest)?),
            TypeDefPrimitive::U8 => json!(u8::decode(rest)?),
            TypeDefPrimitive::U16 => json!(u16::decode(rest)?),
            TypeDefPrimitive::U32 => json!(u32::decode(rest)?),
            TypeDefPrimitive::U64 => json!(u64::decode(rest)?),
            TypeDefPrimitive::U128 => number(u128::decode(rest)?),
            TypeDefPrimitive::U256 | TypeDefPrimitive::I256 => json!(U256::decode(rest)?.to_string()),
            TypeDefPrimitive::I8 => json!(i8::decode(rest)?),
            TypeDefPrimitive::I16 => json!(i16::decode(rest)?),
            TypeDefPrimitive::I32 => json!(i32::decode(rest)?),
            TypeDefPrimitive::I64 => json!(i64::decode(rest)?),
            TypeDefPrimitive::I128 => json!(i128::decode(rest)?.to_string()),
        })
    }
}

/// As text where a reader's numbers may not reach.
fn number(value: u128) -> Value {
    u64::try_from(value).map_or_else(|_| json!(value.to_string()), |value| json!(value))
}

#[cfg(test)]
mod tests {
    use codec::Encode;
    use scale_info::{Registry, TypeInfo, meta_type};

    use super::*;

    #[derive(Encode, TypeInfo)]
    enum Shape {
        Nothing,
        Round(u16),
        Square { side: Compact<u64>, name: Option<String> },
        Deep(Vec<Shape>),
    }

    fn of<T: Encode + TypeInfo + 'static>(value: &T) -> Result<Value, NoJson> {
        let mut types = Registry::new();
        let id = types.register_type(&meta_type::<T>()).id;
        json(&types.into(), id, &value.encode())
    }

    #[test]
    fn each_kind_of_value() {
        assert_eq!(of(&Shape::Nothing).unwrap(), json!("Nothing"));
        assert_eq!(of(&Shape::Round(7)).unwrap(), json!({ "Round": 7 }));
        let square = Shape::Square { side: Compact(1 << 40), name: Some("big".into()) };
        assert_eq!(of(&square).unwrap(), json!({ "Square": { "side": 1_u64 << 40, "name": "big" } }));
        assert_eq!(
            of(&(u128::MAX, [1u8, 255], vec![(1u16, true)])).unwrap(),
            json!(["340282366920938463463374607431768211455", "0x01ff", [[1, true]]])
        );
        assert_eq!(of(&(None::<u8>, ())).unwrap(), json!([null, []]));
        let alice = AccountId::new(
            hex::decode("d43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d")
                .unwrap()
                .try_into()
                .unwrap(),
        );
        assert_eq!(of(&alice).unwrap(), "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY");
    }

    #[test]
    fn what_is_too_large_or_cut_off_is_none() {
        let long = of(&vec![7u8; 5_000]).unwrap();
        assert_eq!(long.as_str().unwrap().chars().count(), 2 + 2_048 + 1);
        assert!(matches!(of(&vec![7u16; 70_000]), Err(NoJson::TooLarge)));
        let deep = (0..80).fold(Shape::Nothing, |deep, _| Shape::Deep(vec![deep]));
        assert!(matches!(of(&deep), Err(NoJson::TooLarge)));
        let mut types = Registry::new();
        let id = types.register_type(&meta_type::<Vec<u32>>()).id;
        let types = types.into();
        for bytes in [&[][..], &[4, 1, 2], &[254, 255, 255, 255, 1]] {
            assert!(json(&types, id, bytes).is_err(), "{bytes:?}");
        }
        assert!(matches!(json(&types, 1_000, &[]), Err(NoJson::Type)));
    }
}
