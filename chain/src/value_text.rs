//! Values as people write them, by the types in the node's metadata.

use std::fmt::Write as _;

use primitives::Hotkey;
use scale_info::{PortableRegistry, TypeDef, TypeDefPrimitive, TypeDefVariant, form::PortableForm};
use subxt::{
    dynamic::Value,
    ext::scale_value::{Composite, Primitive, ValueDef, Variant, scale},
};

/// Decimals of a fixed-point number that are read and shown.
const DECIMALS: usize = 18;

/// A type of the metadata, and what the argument calls it: fixed-point numbers say only there where their point is.
#[derive(Clone, Copy)]
pub(crate) struct Kind<'a> {
    pub(crate) types: &'a PortableRegistry,
    pub(crate) id: u32,
    pub(crate) name: Option<&'a str>,
}

/// A decoded value, each part with its type.
type Typed = Value<u32>;

/// What a value has to look like instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unlike(pub(crate) String);

impl<'a> Kind<'a> {
    fn of(self, id: u32) -> Self {
        Self { id, name: None, ..self }
    }

    /// Binary places behind the point, where the argument's type is `I96F32` or the like.
    fn fraction(self) -> Option<u32> {
        let (whole, fraction) = self.name?.strip_prefix(['I', 'U'])?.split_once('F')?;
        let (whole, fraction): (u32, u32) = (whole.parse().ok()?, fraction.parse().ok()?);
        (whole + fraction <= 128 && fraction <= 64).then_some(fraction)
    }

    /// The type in words.
    pub(crate) fn wanted(self) -> String {
        let Some(ty) = self.types.resolve(self.id) else { return "something else".into() };
        if self.fraction().is_some() {
            return "a decimal number".into();
        }
        match &ty.type_def {
            TypeDef::Primitive(TypeDefPrimitive::Bool) => "true or false".into(),
            TypeDef::Primitive(primitive) => format!("{primitive:?}").to_lowercase(),
            TypeDef::Compact(compact) => self.of(compact.type_param.id).wanted(),
            TypeDef::Composite(_) if is_account(ty) => "an address".into(),
            TypeDef::Composite(composite) if composite.fields.len() == 1 => self.of(composite.fields[0].ty.id).wanted(),
            TypeDef::Composite(composite) => self.list(composite.fields.iter().map(|field| field.ty.id)),
            TypeDef::Tuple(tuple) => self.list(tuple.fields.iter().map(|field| field.id)),
            TypeDef::Sequence(sequence) if self.is_byte(sequence.type_param.id) => "bytes as 0x…".into(),
            TypeDef::Sequence(sequence) => format!("{},…", self.of(sequence.type_param.id).wanted()),
            TypeDef::Array(array) if self.is_byte(array.type_param.id) => format!("{} bytes as 0x…", array.len),
            TypeDef::Array(array) => format!("{} times {}", array.len, self.of(array.type_param.id).wanted()),
            TypeDef::Variant(variant) => match option(ty, variant) {
                Some(inner) => format!("none or {}", self.of(inner).wanted()),
                None => variant.variants.iter().map(|variant| variant.name.as_str()).collect::<Vec<_>>().join(" or "),
            },
            TypeDef::BitSequence(_) => "bits".into(),
        }
    }

    fn list(self, ids: impl Iterator<Item = u32>) -> String {
        ids.map(|id| self.of(id).wanted()).collect::<Vec<_>>().join(",")
    }

    fn is_byte(self, id: u32) -> bool {
        let ty = self.types.resolve(id);
        ty.is_some_and(|ty| matches!(ty.type_def, TypeDef::Primitive(TypeDefPrimitive::U8)))
    }

    /// Read a value, and encode it to see that it fits.
    pub(crate) fn read(self, text: &str) -> Result<Value, Unlike> {
        let unlike = || Unlike(self.wanted());
        let value = self.parse(text.trim()).ok_or_else(unlike)?;
        scale::encode_as_type(&value, self.id, self.types, &mut Vec::new()).map_err(|_| unlike())?;
        Ok(value)
    }

    fn parse(self, text: &str) -> Option<Value> {
        let ty = self.types.resolve(self.id)?;
        if let (TypeDef::Composite(_), Some(fraction)) = (&ty.type_def, self.fraction()) {
            let bits = fixed_bits(text, fraction)?;
            // Whichever sign the bits have.
            let bits = u128::try_from(bits).map_or_else(|_| Value::i128(bits), Value::u128);
            return Some(Value::named_composite([("bits", bits)]));
        }
        match &ty.type_def {
            TypeDef::Primitive(TypeDefPrimitive::Bool) => match text.to_ascii_lowercase().as_str() {
                "true" | "on" | "yes" => Some(Value::bool(true)),
                "false" | "off" | "no" => Some(Value::bool(false)),
                _ => None,
            },
            TypeDef::Primitive(TypeDefPrimitive::Str) => Some(Value::string(text)),
            TypeDef::Primitive(_) if text.starts_with('-') => text.parse().ok().map(Value::i128),
            TypeDef::Primitive(_) => text.parse().ok().map(Value::u128),
            TypeDef::Compact(compact) => self.of(compact.type_param.id).parse(text),
            TypeDef::Composite(_) if is_account(ty) => {
                text.parse::<Hotkey>().ok().map(|account| Value::from_bytes(account.0))
            }
            TypeDef::Composite(composite) if composite.fields.len() == 1 => {
                self.of(composite.fields[0].ty.id).parse(text)
            }
            TypeDef::Composite(composite) => {
                let values = self.each(text, composite.fields.iter().map(|field| field.ty.id))?;
                let names = composite.fields.iter().map(|field| field.name.clone());
                Some(match names.collect::<Option<Vec<_>>>() {
                    Some(names) => Value::named_composite(names.into_iter().zip(values)),
                    None => Value::unnamed_composite(values),
                })
            }
            TypeDef::Tuple(tuple) => {
                self.each(text, tuple.fields.iter().map(|field| field.id)).map(Value::unnamed_composite)
            }
            TypeDef::Sequence(sequence) if self.is_byte(sequence.type_param.id) => bytes(text).map(Value::from_bytes),
            TypeDef::Array(array) if self.is_byte(array.type_param.id) => bytes(text).map(Value::from_bytes),
            TypeDef::Sequence(sequence) => self.all(text, sequence.type_param.id),
            TypeDef::Array(array) => self.all(text, array.type_param.id),
            TypeDef::Variant(variant) => match option(ty, variant) {
                Some(_) if text.eq_ignore_ascii_case("none") => Some(Value::unnamed_variant("None", [])),
                Some(inner) => Some(Value::unnamed_variant("Some", [self.of(inner).parse(text)?])),
                None => {
                    let is = |variant: &&scale_info::Variant<PortableForm>| variant.name.eq_ignore_ascii_case(text);
                    let named = variant.variants.iter().find(is).filter(|variant| variant.fields.is_empty())?;
                    Some(Value::unnamed_variant(named.name.as_str(), []))
                }
            },
            TypeDef::BitSequence(_) => None,
        }
    }

    /// One part of the text for every type.
    fn each(self, text: &str, ids: impl ExactSizeIterator<Item = u32>) -> Option<Vec<Value>> {
        let parts = parts(text);
        if parts.len() != ids.len() {
            return None;
        }
        ids.zip(parts).map(|(id, part)| self.of(id).parse(part)).collect()
    }

    /// Every part of the text as one type.
    fn all(self, text: &str, id: u32) -> Option<Value> {
        let values = parts(text).into_iter().map(|part| self.of(id).parse(part));
        values.collect::<Option<Vec<_>>>().map(Value::unnamed_composite)
    }

    /// The value in its encoding, in the form that is read.
    pub(crate) fn show(self, mut bytes: &[u8]) -> Option<String> {
        let value = scale::decode_as_type(&mut bytes, self.id, self.types).ok()?;
        let mut text = String::new();
        show(&value, self.types, self.fraction(), &mut text);
        Some(text)
    }

    /// What a value says once it is encoded and decoded again.
    pub(crate) fn normal(self, value: &Value) -> Option<String> {
        let mut bytes = Vec::new();
        scale::encode_as_type(value, self.id, self.types, &mut bytes).ok()?;
        self.show(&bytes)
    }
}

/// The parts of a list: brackets around it do no harm.
pub(crate) fn parts(text: &str) -> Vec<&str> {
    let text = text.trim();
    let inner = text.strip_prefix(['[', '(']).and_then(|text| text.strip_suffix([']', ')'])).unwrap_or(text);
    if inner.trim().is_empty() { Vec::new() } else { inner.split(',').map(str::trim).collect() }
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    hex::decode(text.strip_prefix("0x")?).ok()
}

fn is_account(ty: &scale_info::Type<PortableForm>) -> bool {
    ty.path.segments.last().is_some_and(|name| name == "AccountId32")
}

/// The type inside, if this is an `Option`.
fn option(ty: &scale_info::Type<PortableForm>, variant: &TypeDefVariant<PortableForm>) -> Option<u32> {
    let is_option = ty.path.segments.last().is_some_and(|name| name == "Option");
    let some = variant.variants.iter().find(|variant| variant.name == "Some").filter(|_| is_option)?;
    some.fields.first().map(|field| field.ty.id)
}

/// A decimal number in units of `2^-fraction`, to the nearest one.
fn fixed_bits(text: &str, fraction: u32) -> Option<i128> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !all_digits(whole) || !all_digits(part) || part.len() > DECIMALS || digits.is_empty() || digits == "." {
        return None;
    }
    let whole: u128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let scale = 10u128.pow(DECIMALS as u32);
    let part: u128 = format!("{part:0<DECIMALS$}").parse().ok()?;
    let part = (part.checked_shl(fraction)? + scale / 2) / scale;
    let bits = whole.checked_mul(1u128.checked_shl(fraction)?)?.checked_add(part)?;
    let bits = i128::try_from(bits).ok()?;
    Some(if negative { -bits } else { bits })
}

fn show_fixed(bits: i128, fraction: u32, text: &mut String) {
    let scale = 10u128.pow(DECIMALS as u32);
    let magnitude = bits.unsigned_abs();
    let (mut whole, part) = (magnitude >> fraction, magnitude & ((1u128 << fraction) - 1));
    // As many places as come back as they were read.
    let places = DECIMALS.min(fraction as usize * 3 / 10);
    let unit = 10u128.pow((DECIMALS - places) as u32);
    let half = (1u128 << fraction) >> 1;
    let mut part = (((part * scale + half) >> fraction) + unit / 2) / unit;
    if part >= scale / unit {
        (whole, part) = (whole + 1, 0);
    }
    let sign = if bits < 0 { "-" } else { "" };
    let decimals = format!("{part:0places$}");
    let decimals = decimals.trim_end_matches('0');
    let point = if decimals.is_empty() { "" } else { "." };
    let _ = write!(text, "{sign}{whole}{point}{decimals}");
}

fn show(value: &Typed, types: &PortableRegistry, fraction: Option<u32>, text: &mut String) {
    let list = |values: &mut dyn Iterator<Item = &Typed>, text: &mut String| {
        for (place, value) in values.enumerate() {
            if place > 0 {
                text.push(',');
            }
            show(value, types, None, text);
        }
    };
    match &value.value {
        ValueDef::Primitive(Primitive::Bool(flag)) => text.push_str(if *flag { "true" } else { "false" }),
        ValueDef::Primitive(Primitive::U128(number)) => match (fraction, i128::try_from(*number)) {
            (Some(fraction), Ok(bits)) => show_fixed(bits, fraction, text),
            _ => _ = write!(text, "{number}"),
        },
        ValueDef::Primitive(Primitive::I128(number)) => match fraction {
            Some(fraction) => show_fixed(*number, fraction, text),
            None => _ = write!(text, "{number}"),
        },
        ValueDef::Primitive(Primitive::String(string)) => text.push_str(string),
        ValueDef::Primitive(other) => _ = write!(text, "{other:?}"),
        ValueDef::Composite(composite) => {
            let ty = types.resolve(value.context);
            if let Some(bytes) = byte_list(composite, types) {
                match (ty.is_some_and(is_account), <[u8; 32]>::try_from(bytes.as_slice())) {
                    (true, Ok(account)) => _ = write!(text, "{}", Hotkey(account)),
                    _ => _ = write!(text, "0x{}", hex::encode(bytes)),
                }
            } else if composite.len() == 1 && ty.is_some_and(|ty| matches!(ty.type_def, TypeDef::Composite(_))) {
                // An account's bytes are a list inside.
                match composite.values().next() {
                    Some(inner) if ty.is_some_and(is_account) => {
                        let bytes = match &inner.value {
                            ValueDef::Composite(inner) => byte_list(inner, types),
                            _ => None,
                        };
                        if let Some(Ok(account)) = bytes.map(<[u8; 32]>::try_from) {
                            _ = write!(text, "{}", Hotkey(account));
                        }
                    }
                    Some(inner) => show(inner, types, fraction, text),
                    None => {}
                }
            } else {
                list(&mut composite.values(), text);
            }
        }
        ValueDef::Variant(Variant { name, values }) if name == "Some" => list(&mut values.values(), text),
        ValueDef::Variant(Variant { name, .. }) if name == "None" => text.push_str("none"),
        ValueDef::Variant(Variant { name, values }) => {
            text.push_str(name);
            if !values.is_empty() {
                text.push(':');
                list(&mut values.values(), text);
            }
        }
        ValueDef::BitSequence(bits) => bits.iter().for_each(|bit| text.push(if bit { '1' } else { '0' })),
    }
}

/// The bytes, where a list has a value and nothing but bytes.
fn byte_list(composite: &Composite<u32>, types: &PortableRegistry) -> Option<Vec<u8>> {
    let is_byte =
        |id| types.resolve(id).is_some_and(|ty| matches!(ty.type_def, TypeDef::Primitive(TypeDefPrimitive::U8)));
    if composite.is_empty() || !matches!(composite, Composite::Unnamed(_)) {
        return None;
    }
    // A tuple or a newtype of one byte is a number.
    let bytes =
        composite.values().map(|value| if is_byte(value.context) { value.as_u128()?.try_into().ok() } else { None });
    bytes.collect::<Option<Vec<u8>>>().filter(|bytes| bytes.len() > 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_point_is_exact() {
        assert_eq!(fixed_bits("1", 32), Some(1 << 32));
        assert_eq!(fixed_bits("-0.5", 32), Some(-(1 << 31)));
        assert_eq!(fixed_bits("1.26", 64), Some(23_242_897_532_874_035_036));
        assert_eq!(fixed_bits("0.0003", 32), Some(1_288_490));
        for nonsense in ["", ".", "-", "1e3", "0.0000000000000000001", "+1", "1,2"] {
            assert_eq!(fixed_bits(nonsense, 32), None, "{nonsense}");
        }
        for (text, fraction) in [("1.26", 64), ("0.0003", 32), ("-2.5", 32), ("0", 64), ("7", 32)] {
            let mut shown = String::new();
            show_fixed(fixed_bits(text, fraction).unwrap(), fraction, &mut shown);
            assert_eq!(shown, text);
        }
    }

    #[test]
    fn lists_have_parts() {
        assert_eq!(parts("[1, 2,3]"), ["1", "2", "3"]);
        assert_eq!(parts("45875,58982"), ["45875", "58982"]);
        assert_eq!(parts("[]"), [""; 0]);
    }
}
