//! What a hotkey publishes on a subnet: a few fields, of which the chain keeps the latest.

use primitives::{BlockHash, BlockNumber, Hotkey, Keypair, NetUid};
use serde::{Deserialize, Serialize};
use subxt::{
    dynamic::Value,
    ext::scale_value::{Composite, Primitive, ValueDef},
};

use crate::{ChainError, Client, Landed, metagraph::seat, storage::At};

const COMMITMENTS: &str = "Commitments";
const MAX_RAW: usize = 128;
const MAX_BIG_RAW: usize = 512;

/// A field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "value", rename_all = "snake_case")]
#[non_exhaustive]
pub enum CommitmentField {
    /// Bytes themselves: up to 512 of them.
    Raw(#[serde(with = "hex_bytes")] Vec<u8>),
    /// The SHA-256 hash of what is kept elsewhere.
    Sha256(#[serde(with = "hex_bytes")] [u8; 32]),
    /// The BLAKE2-256 hash of what is kept elsewhere.
    Blake2(#[serde(with = "hex_bytes")] [u8; 32]),
    /// The Keccak-256 hash of what is kept elsewhere.
    Keccak(#[serde(with = "hex_bytes")] [u8; 32]),
    /// The SHA3-256 hash of what is kept elsewhere.
    Sha3(#[serde(with = "hex_bytes")] [u8; 32]),
    /// What opens when the beacon signs a round.
    Timelocked {
        /// The ciphertext.
        #[serde(with = "hex_bytes")]
        encrypted: Vec<u8>,
        /// The round.
        reveal_round: u64,
    },
    /// A kind that only the chain knows, by its name there.
    Other(String),
}

/// What a hotkey has published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commitment {
    /// When.
    pub block: BlockNumber,
    /// What.
    pub fields: Vec<CommitmentField>,
}

impl Client {
    /// Publish fields instead of what the hotkey published before. What the chain would refuse for its size is not
    /// sent; what it counts over an epoch is its own to judge.
    pub async fn set_commitment(
        &self,
        hotkey: &Keypair,
        netuid: NetUid,
        fields: &[CommitmentField],
    ) -> Result<Landed, ChainError> {
        let encoded = fields.iter().map(encode).collect::<Result<Vec<_>, _>>()?;
        let fits = |at: At| async move {
            let limit = usize::try_from(at.constant::<u32>(COMMITMENTS, "MaxFields")?).unwrap_or(usize::MAX);
            if fields.len() > limit {
                let what = "a commitment's list of fields";
                return Err(ChainError::TooLarge { what, size: fields.len(), limit });
            }
            seat(&at, netuid, hotkey.hotkey()).await
        };
        self.read_at(None, fits).await?;
        let info = Value::named_composite([("fields", Value::unnamed_composite(encoded))]);
        let arguments = vec![("netuid", Value::u128(netuid.0.into())), ("info", info)];
        let landed = self.call_with(hotkey, COMMITMENTS, "set_commitment", arguments).await?;
        let kept = self.commitment(netuid, hotkey.hotkey(), Some(landed.block.hash)).await?;
        let kept = kept.map(|commitment| commitment.fields).unwrap_or_default();
        if kept != fields {
            let (asked, kept) = (format!("{fields:?}"), format!("{kept:?}"));
            return Err(ChainError::NotKept { name: "the commitment".into(), asked, kept });
        }
        Ok(landed)
    }

    /// What a hotkey has published, at a block; at the finalised head where none is given.
    pub async fn commitment(
        &self,
        netuid: NetUid,
        hotkey: Hotkey,
        at: Option<BlockHash>,
    ) -> Result<Option<Commitment>, ChainError> {
        self.read_at(at, |at| async move {
            let entry = at.entry_of::<Value>(COMMITMENTS, "CommitmentOf")?;
            let stored = at.value(&entry, (netuid.0, hotkey.0)).await?;
            let unlike = || ChainError::malformed("Commitments.CommitmentOf", "not a commitment as it is known here");
            stored.map(|stored| decode(&stored).ok_or_else(unlike)).transpose()
        })
        .await
    }
}

fn encode(field: &CommitmentField) -> Result<Value, ChainError> {
    let hash = |name: &str, hash: &[u8; 32]| Ok(Value::unnamed_variant(name, [Value::from_bytes(hash)]));
    match field {
        CommitmentField::Raw(bytes) if bytes.len() <= MAX_RAW => {
            Ok(Value::unnamed_variant(format!("Raw{}", bytes.len()), [Value::from_bytes(bytes)]))
        }
        CommitmentField::Raw(bytes) if bytes.len() <= MAX_BIG_RAW => {
            Ok(Value::unnamed_variant("BigRaw", [Value::from_bytes(bytes)]))
        }
        CommitmentField::Raw(bytes) => {
            Err(ChainError::TooLarge { what: "a commitment's field", size: bytes.len(), limit: MAX_BIG_RAW })
        }
        CommitmentField::Sha256(bytes) => hash("Sha256", bytes),
        CommitmentField::Blake2(bytes) => hash("BlakeTwo256", bytes),
        CommitmentField::Keccak(bytes) => hash("Keccak256", bytes),
        CommitmentField::Sha3(bytes) => hash("ShaThree256", bytes),
        CommitmentField::Timelocked { encrypted, reveal_round } => Ok(Value::named_variant(
            "TimelockEncrypted",
            [("encrypted", Value::from_bytes(encrypted)), ("reveal_round", Value::u128((*reveal_round).into()))],
        )),
        CommitmentField::Other(name) => Ok(Value::unnamed_variant(name.as_str(), [])),
    }
}

fn decode(stored: &Value) -> Option<Commitment> {
    let block = u64_of(field(stored, "block")?)?;
    let fields = values(field(field(stored, "info")?, "fields")?)?;
    // A bounded list is a list in a composite of its own.
    let fields = match fields.as_slice() {
        [inner] if matches!(inner.value, ValueDef::Composite(_)) => values(inner)?,
        _ => fields,
    };
    let fields = fields.into_iter().map(decode_field).collect::<Option<_>>()?;
    Some(Commitment { block, fields })
}

fn decode_field(value: &Value) -> Option<CommitmentField> {
    let ValueDef::Variant(variant) = &value.value else { return None };
    let bytes = || variant.values.values().next().and_then(bytes_of);
    let hash = || bytes()?.try_into().ok();
    Some(match variant.name.as_str() {
        "Sha256" => CommitmentField::Sha256(hash()?),
        "BlakeTwo256" => CommitmentField::Blake2(hash()?),
        "Keccak256" => CommitmentField::Keccak(hash()?),
        "ShaThree256" => CommitmentField::Sha3(hash()?),
        "TimelockEncrypted" => CommitmentField::Timelocked {
            encrypted: bytes()?,
            reveal_round: variant.values.values().nth(1).and_then(u64_of)?,
        },
        // Raw5 and BigRaw, but not ResetBondsFlag.
        name if name.starts_with("Raw") || name == "BigRaw" => CommitmentField::Raw(bytes()?),
        name => CommitmentField::Other(name.to_owned()),
    })
}

fn field<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    match &value.value {
        ValueDef::Composite(Composite::Named(fields)) => {
            fields.iter().find(|(known, _)| known == name).map(|(_, value)| value)
        }
        _ => None,
    }
}

fn values(value: &Value) -> Option<Vec<&Value>> {
    match &value.value {
        ValueDef::Composite(composite) => Some(composite.values().collect()),
        _ => None,
    }
}

fn u64_of(value: &Value) -> Option<u64> {
    match &value.value {
        ValueDef::Primitive(Primitive::U128(number)) => (*number).try_into().ok(),
        ValueDef::Composite(composite) if composite.len() == 1 => composite.values().next().and_then(u64_of),
        _ => None,
    }
}

fn bytes_of(value: &Value) -> Option<Vec<u8>> {
    let values = values(value)?;
    match values.as_slice() {
        [inner] if matches!(inner.value, ValueDef::Composite(_)) => bytes_of(inner),
        bytes => bytes.iter().map(|byte| u8::try_from(byte.as_u128()?).ok()).collect(),
    }
}

/// Bytes as hex in documents for people.
mod hex_bytes {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(bytes: impl AsRef<[u8]>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format!("0x{}", hex::encode(bytes)))
    }

    pub fn deserialize<'de, D: Deserializer<'de>, T: TryFrom<Vec<u8>>>(deserializer: D) -> Result<T, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = hex::decode(text.strip_prefix("0x").unwrap_or(&text)).map_err(D::Error::custom)?;
        T::try_from(bytes).map_err(|_| D::Error::custom("another number of bytes is wanted"))
    }
}
