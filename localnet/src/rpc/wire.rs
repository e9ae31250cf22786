//! Hex, and the way a method is registered.

use std::sync::Arc;

use jsonrpsee::{SubscriptionMessage, core::RegisterMethodError, types::params::ParamsSequence};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;

use super::{Module, error::Answer};
use crate::chain::Chain;

/// Bytes, as `0x…`. Some clients leave the prefix out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Bytes(pub Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.starts_with("0X") {
            return Err(de::Error::custom("not hex: it begins with 0X"));
        }
        // Takes `0x` or nothing before the digits. Requests come with thousands of keys.
        const_hex::decode(&text).map(Self).map_err(|error| de::Error::custom(format!("not hex: {error}")))
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    const_hex::encode_prefixed(bytes)
}

/// What a subscription sends. None where it cannot be written as JSON.
pub(super) fn message(value: &impl Serialize) -> Option<SubscriptionMessage> {
    serde_json::value::to_raw_value(value).ok().map(SubscriptionMessage::from)
}

/// A method that reads the chain, on a thread that may block.
pub(super) fn method<F>(module: &mut Module, name: &'static str, f: F) -> Result<(), RegisterMethodError>
where
    F: Fn(ParamsSequence<'_>, &Arc<Chain>) -> Answer<Value> + Clone + Send + Sync + 'static,
{
    module.register_blocking_method(name, move |params, chain, _| f(params.sequence(), &chain))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_take_hex_with_and_without_prefix_and_nothing_else() {
        for text in ["\"0x00ff\"", "\"00ff\"", "\"00FF\""] {
            assert_eq!(serde_json::from_str::<Bytes>(text).unwrap(), Bytes(vec![0, 255]));
        }
        for text in ["\"0x0\"", "\"0xzz\"", "\"0x0x00\"", "\"0X00\"", "\"\u{3b1}\u{3b1}\"", "7", "null"] {
            assert!(serde_json::from_str::<Bytes>(text).is_err(), "{text}");
        }
        assert_eq!(serde_json::to_string(&Bytes(vec![0, 255])).unwrap(), "\"0x00ff\"");
    }
}
