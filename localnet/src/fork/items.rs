//! Storage items that a subnet has on both chains.

use codec::{Decode, Encode as _};
use frame_metadata::{
    RuntimeMetadata, RuntimeMetadataPrefixed,
    v14::{RuntimeMetadataV14, StorageEntryType, StorageHasher},
};
use node_subtensor_runtime::Runtime;
use scale_info::form::PortableForm;
use sp_core::hashing::{blake2_128, blake2_256, twox_64, twox_128, twox_256};
use sp_state_machine::BasicExternalities;

use super::shape::shape;

/// Mechanisms that a subnet has at most.
pub(super) const MAX_MECHANISMS: u16 = 16;

/// Whose items are copied.
const PALLETS: [&str; 2] = ["SubtensorModule", "Swap"];

/// Sums over the whole chain, and queues of it: those of a chain with one subnet are its own.
const OF_THE_WHOLE_CHAIN: [&str; 8] = [
    "DissolveCleanupQueue",
    "NetworkLastLockCost",
    "NetworkRegistrationQueue",
    "NumStakingColdkeys",
    "SubnetLimit",
    "TotalIssuance",
    "TotalNetworks",
    "TotalStake",
];

/// A storage item.
pub(super) struct Item {
    pub name: String,
    /// The bytes with which its keys begin.
    pub prefix: Vec<u8>,
    pub keyed: Keyed,
    hashers: Vec<StorageHasher>,
}

/// What a key is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keyed {
    Alone,
    /// By netuid or storage index first.
    ByNetuid,
    ByHotkey,
    ByHotkeyAndNetuid,
    ByHotkeyColdkeyAndNetuid,
    /// Something else: not a subnet's.
    Otherwise,
}

/// The items of both chains.
pub(super) struct Compared {
    pub items: Vec<Item>,
    pub skipped: Vec<String>,
}

/// Compare this runtime with another one.
pub(super) fn compare(there: &RuntimeMetadataV14) -> Compared {
    let mut compared = Compared { items: Vec::new(), skipped: Vec::new() };
    let Some(here) = own_metadata() else { return compared };
    for pallet in PALLETS {
        for (item, shapes) in items(&here, pallet) {
            if OF_THE_WHOLE_CHAIN.contains(&item.name.as_str()) {
                continue;
            }
            let same = items(there, pallet)
                .into_iter()
                .any(|(other, theirs)| other.name == item.name && other.hashers == item.hashers && theirs == shapes);
            match same {
                true => compared.items.push(item),
                false => compared.skipped.push(format!("{pallet}.{}", item.name)),
            }
        }
    }
    compared
}

fn own_metadata() -> Option<RuntimeMetadataV14> {
    let encoded: Vec<u8> = BasicExternalities::new_empty().execute_with(|| Runtime::metadata().encode());
    v14(&encoded)
}

/// Decode metadata of the version that every node answers with.
pub(super) fn v14(encoded: &[u8]) -> Option<RuntimeMetadataV14> {
    match RuntimeMetadataPrefixed::decode(&mut &encoded[..]).ok()?.1 {
        RuntimeMetadata::V14(metadata) => Some(metadata),
        _ => None,
    }
}

fn items(metadata: &RuntimeMetadataV14, pallet: &str) -> Vec<(Item, (String, String))> {
    let storage = metadata.pallets.iter().find(|other| other.name == pallet).and_then(|found| found.storage.as_ref());
    let Some(storage) = storage else { return Vec::new() };
    let of = |id| shape(&metadata.types, id);
    let item = |entry: &frame_metadata::v14::StorageEntryMetadata<PortableForm>| {
        let (hashers, key, value) = match &entry.ty {
            StorageEntryType::Plain(value) => (Vec::new(), String::new(), of(value.id)),
            StorageEntryType::Map { hashers, key, value } => (hashers.clone(), of(key.id), of(value.id)),
        };
        let prefix = [twox_128(storage.prefix.as_bytes()), twox_128(entry.name.as_bytes())].concat();
        let keyed = keyed(&key);
        (Item { name: entry.name.clone(), prefix, keyed, hashers }, (key, value))
    };
    storage.entries.iter().map(item).collect()
}

fn keyed(key: &str) -> Keyed {
    const ACCOUNT: &str = "[u8;32]";
    match key.strip_prefix('(').and_then(|key| key.strip_suffix(')')) {
        None if key.is_empty() => Keyed::Alone,
        None if key == "u16" => Keyed::ByNetuid,
        None if key == ACCOUNT => Keyed::ByHotkey,
        Some(parts) if parts.starts_with("u16,") => Keyed::ByNetuid,
        Some(parts) if parts == format!("{ACCOUNT},u16") => Keyed::ByHotkeyAndNetuid,
        Some(parts) if parts == format!("{ACCOUNT},{ACCOUNT},u16") => Keyed::ByHotkeyColdkeyAndNetuid,
        _ => Keyed::Otherwise,
    }
}

impl Item {
    /// The bytes with which keys of these parts begin; the key itself where all parts are given.
    pub fn key(&self, parts: &[&[u8]]) -> Vec<u8> {
        let mut key = self.prefix.clone();
        for (hasher, part) in self.hashers.iter().zip(parts) {
            match hasher {
                StorageHasher::Identity => key.extend_from_slice(part),
                StorageHasher::Blake2_128Concat => key.extend([&blake2_128(part)[..], part].concat()),
                StorageHasher::Twox64Concat => key.extend([&twox_64(part)[..], part].concat()),
                StorageHasher::Blake2_128 => key.extend(blake2_128(part)),
                StorageHasher::Blake2_256 => key.extend(blake2_256(part)),
                StorageHasher::Twox128 => key.extend(twox_128(part)),
                StorageHasher::Twox256 => key.extend(twox_256(part)),
            }
        }
        key
    }
}
