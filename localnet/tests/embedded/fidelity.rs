//! The metadata against the chain's own: what has a name here has the chain's index, types, hashers and default.

use std::collections::BTreeMap;

use codec::Decode;
use frame_metadata::{RuntimeMetadata, RuntimeMetadataPrefixed, v14};
use jsonrpsee::{core::client::ClientT, rpc_params};
use localnet::Genesis;
use scale_info::{PortableRegistry, TypeDef, TypeDefPrimitive, form::PortableForm};
use serde::Deserialize;
use serde_json::Value;

use crate::node::Node;

/// Of the runtime's metadata at spec 425.
#[derive(Deserialize)]
struct Real {
    calls: BTreeMap<String, RealCall>,
    storage: BTreeMap<String, RealStorage>,
    errors: Vec<String>,
    events: BTreeMap<String, RealEvent>,
}

#[derive(Deserialize)]
struct RealCall {
    index: u8,
    args: Vec<String>,
}

#[derive(Deserialize)]
struct RealStorage {
    hashers: Vec<String>,
    key: String,
    value: String,
    #[serde(rename = "mod")]
    modifier: String,
    default: Option<String>,
}

#[derive(Deserialize)]
struct RealEvent {
    index: u8,
    fields: String,
}

/// Storage of runtimes after 425, with the spec that brought it: newer clients read it without asking.
const NEWER: [(&str, u32); 4] = [
    ("CollateralDrainRatio", 435),
    ("CollateralLockShare", 435),
    ("MinerCollateral", 435),
    ("SubnetEpochConsensus", 475),
];

/// Pallets by name, with their index and what the chain has of them.
const PALLETS: [(&str, u8, &str); 2] = [
    ("SubtensorModule", 7, include_str!("../fixtures/subtensor-425.json")),
    ("AdminUtils", 19, include_str!("../fixtures/admin-utils-425.json")),
];

pub async fn metadata(node: &Node) -> v14::RuntimeMetadataV14 {
    let answer: String = node.rpc.request("state_getMetadata", rpc_params![]).await.unwrap();
    let bytes = hex::decode(&answer[2..]).unwrap();
    match RuntimeMetadataPrefixed::decode(&mut &bytes[..]).unwrap().1 {
        RuntimeMetadata::V14(metadata) => metadata,
        other => panic!("version {}", other.version()),
    }
}

/// Types that the fixture names instead of spelling them out, with the name that it has for ours.
const NAMED: [(&str, &str); 9] = [
    ("TokenError", "SpRuntimeTokenError"),
    ("ArithmeticError", "SpArithmeticArithmeticError"),
    ("TransactionalError", "SpRuntimeTransactionalError"),
    ("TrieError", "SpRuntimeProvingTrieTrieError"),
    ("I64F64", "SubstrateFixedFixedI128"),
    ("Hyperparameter", "PalletSubtensorUtilsRateLimitingHyperparameter"),
    ("DispatchError", "SpRuntimeDispatchError"),
    ("ModuleError", "SpRuntimeModuleError"),
    ("SubnetIdentityV3", "PalletSubtensorSubnetIdentityV3"),
];

/// A type in the words of the fixture, which are those of polkadot.js: a struct or an enum is spelled out where it
/// stands alone, and quoted or named within another type.
fn words(types: &PortableRegistry, id: u32) -> String {
    let ty = types.resolve(id).unwrap();
    let name = ty.path.segments.last().map(String::as_str).unwrap_or_default();
    let quoted = |id| format!("\"{}\"", within(types, id).replace('"', "\\\""));
    match &ty.type_def {
        TypeDef::Primitive(TypeDefPrimitive::Bool) => "bool".into(),
        TypeDef::Primitive(primitive) => format!("{primitive:?}").to_lowercase(),
        TypeDef::Compact(compact) => format!("Compact<{}>", within(types, compact.type_param.id)),
        TypeDef::Array(array) => format!("[{};{}]", within(types, array.type_param.id), array.len),
        TypeDef::Sequence(items) => match within(types, items.type_param.id).as_str() {
            "u8" => "Bytes".into(),
            item => format!("Vec<{item}>"),
        },
        TypeDef::Tuple(fields) if fields.fields.is_empty() => "Null".into(),
        TypeDef::Tuple(fields) => {
            format!("({})", fields.fields.iter().map(|field| within(types, field.id)).collect::<Vec<_>>().join(","))
        }
        TypeDef::Composite(_) if ["AccountId32", "H256", "H160"].contains(&name) => name.into(),
        TypeDef::Composite(composite) if ["BoundedVec", "VecDeque"].contains(&name) => {
            words(types, composite.fields[0].ty.id)
        }
        TypeDef::Composite(composite) if name == "BTreeSet" => {
            format!("BTreeSet<{}>", &words(types, composite.fields[0].ty.id)[4..].trim_end_matches('>'))
        }
        TypeDef::Composite(composite) if name == "BTreeMap" => {
            let pairs = words(types, composite.fields[0].ty.id);
            let (key, value) = pairs["Vec<(".len()..pairs.len() - 2].split_once(',').unwrap();
            format!("BTreeMap<{key}, {value}>")
        }
        TypeDef::Composite(composite) => {
            let field = |field: &scale_info::Field<PortableForm>| {
                format!("\"{}\":{}", camel(field.name.as_deref().unwrap_or("")), quoted(field.ty.id))
            };
            format!("{{{}}}", composite.fields.iter().map(field).collect::<Vec<_>>().join(","))
        }
        TypeDef::Variant(variants) if name == "Result" => {
            let of = |at: usize| within(types, variants.variants[at].fields[0].ty.id);
            format!("Result<{}, {}>", of(0), of(1))
        }
        TypeDef::Variant(variants) if name == "Option" => {
            format!("Option<{}>", within(types, variants.variants[1].fields[0].ty.id))
        }
        TypeDef::Variant(variants) if variants.variants.iter().all(|variant| variant.fields.is_empty()) => {
            let names: Vec<_> = variants.variants.iter().map(|variant| format!("\"{}\"", variant.name)).collect();
            format!("{{\"_enum\":[{}]}}", names.join(","))
        }
        TypeDef::Variant(variants) => {
            let variant = |variant: &scale_info::Variant<PortableForm>| {
                let fields: Vec<_> = variant.fields.iter().map(|field| within(types, field.ty.id)).collect();
                let inner = match (&fields[..], variant.fields.first().and_then(|field| field.name.as_deref())) {
                    ([], _) => "Null".to_owned(),
                    ([one], None) => one.clone(),
                    (_, None) => format!("({})", fields.join(",")),
                    (_, Some(_)) => {
                        let field = |field: &scale_info::Field<PortableForm>| {
                            format!("\"{}\":{}", camel(field.name.as_deref().unwrap_or("")), quoted(field.ty.id))
                        };
                        format!("{{{}}}", variant.fields.iter().map(field).collect::<Vec<_>>().join(","))
                    }
                };
                format!("\"{}\":\"{}\"", variant.name, inner.replace('"', "\\\""))
            };
            format!("{{\"_enum\":{{{}}}}}", variants.variants.iter().map(variant).collect::<Vec<_>>().join(","))
        }
        other => panic!("{other:?}"),
    }
}

/// A type as a part of another one.
fn within(types: &PortableRegistry, id: u32) -> String {
    let ty = types.resolve(id).unwrap();
    let name = ty.path.segments.last().map(String::as_str).unwrap_or_default();
    match NAMED.iter().find(|(ours, _)| *ours == name) {
        Some((_, theirs)) => (*theirs).to_owned(),
        None => words(types, id),
    }
}

fn camel(name: &str) -> String {
    let mut parts = name.split('_');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| all + &part[..1].to_uppercase() + &part[1..])
}

#[tokio::test]
async fn calls_storage_events_and_errors_are_the_chains() {
    let node = Node::start(Genesis::default()).await;
    let metadata = metadata(&node).await;
    for (name, index, real) in PALLETS {
        let pallet = metadata.pallets.iter().find(|pallet| pallet.name == name).unwrap();
        assert_eq!(pallet.index, index, "{name}");
        is_the_chains(&metadata.types, pallet, &serde_json::from_str(real).unwrap());
    }
}

fn is_the_chains(types: &PortableRegistry, pallet: &v14::PalletMetadata<PortableForm>, real: &Real) {
    let variants = |id: u32| match &types.resolve(id).unwrap().type_def {
        TypeDef::Variant(variants) => variants.variants.clone(),
        other => panic!("{other:?}"),
    };

    for call in variants(pallet.calls.as_ref().unwrap().ty.id) {
        let name = &call.name;
        let expected = real.calls.get(name).unwrap_or_else(|| panic!("no call {name}"));
        let arg = |field: &scale_info::Field<PortableForm>| {
            format!("{}: {}", field.name.as_deref().unwrap(), words(types, field.ty.id))
        };
        assert_eq!(call.index, expected.index, "{name}");
        assert_eq!(call.fields.iter().map(arg).collect::<Vec<_>>(), expected.args, "{name}");
    }
    for event in variants(pallet.event.as_ref().unwrap().ty.id) {
        let expected = real.events.get(&event.name).unwrap_or_else(|| panic!("no event {}", event.name));
        let fields: Vec<String> = event.fields.iter().map(|field| words(types, field.ty.id)).collect();
        assert_eq!(event.index, expected.index, "{}", event.name);
        assert_eq!(format!("({})", fields.join(", ")), expected.fields, "{}", event.name);
    }
    let errors: Vec<String> =
        variants(pallet.error.as_ref().unwrap().ty.id).into_iter().map(|error| error.name).collect();
    assert_eq!(errors, real.errors);

    for entry in pallet.storage.iter().flat_map(|storage| &storage.entries) {
        let name = &entry.name;
        if NEWER.iter().any(|(newer, _)| newer == name) {
            assert!(!real.storage.contains_key(name), "{name}");
            continue;
        }
        let Some(expected) = real.storage.get(name) else { panic!("no storage {name}") };
        let (hashers, key, value) = match &entry.ty {
            v14::StorageEntryType::Plain(value) => (vec![], String::new(), words(types, value.id)),
            v14::StorageEntryType::Map { hashers, key, value } => (
                hashers.iter().map(|hasher| format!("{hasher:?}")).collect(),
                words(types, key.id),
                words(types, value.id),
            ),
        };
        assert_eq!(hashers, expected.hashers, "{name}");
        assert_eq!((key, value), (expected.key.clone(), expected.value.clone()), "{name}");
        assert_eq!(format!("{:?}", entry.modifier), expected.modifier, "{name}");
        if let Some(default) = &expected.default {
            let ours = format!("0x{}", hex::encode(&entry.default));
            // The fixture cuts long defaults off.
            assert!(ours.starts_with(default.as_str()), "{name}: {ours}, not {default}");
        }
    }
}

#[tokio::test]
async fn what_is_signed_is_the_chains() {
    let node = Node::start(Genesis::default()).await;
    let metadata = metadata(&node).await;
    let extensions: Vec<&str> =
        metadata.extrinsic.signed_extensions.iter().map(|extension| extension.identifier.as_str()).collect();
    assert_eq!(
        extensions,
        [
            "CheckNonZeroSender",
            "CheckSpecVersion",
            "CheckTxVersion",
            "CheckGenesis",
            "CheckMortality",
            "CheckNonce",
            "CheckWeight",
            "ChargeTransactionPayment",
            "SudoTransactionExtension",
            "CheckShieldedTxValidity",
            "SubtensorTransactionExtension",
            "DrandPriority",
            "CheckMetadataHash",
        ]
    );
    let extra: Vec<String> = metadata
        .extrinsic
        .signed_extensions
        .iter()
        .filter(|extension| ["CheckNonce", "ChargeTransactionPayment"].contains(&extension.identifier.as_str()))
        .map(|extension| match &metadata.types.resolve(extension.ty.id).unwrap().type_def {
            TypeDef::Composite(composite) => words(&metadata.types, composite.fields[0].ty.id),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(extra, ["Compact<u32>", "Compact<u64>"]);
    let version: Value = node.rpc.request("state_getRuntimeVersion", rpc_params![]).await.unwrap();
    assert_eq!((&version["specName"], &version["specVersion"]), (&"node-subtensor".into(), &425.into()));
    let versions: Vec<u32> = node.call("Metadata_metadata_versions", ()).await;
    assert!([14, 15, 16].iter().all(|version| versions.contains(version)), "{versions:?}");
    // Python finds the events at this path.
    let path = |name: &str| {
        metadata
            .types
            .types
            .iter()
            .any(|ty| ty.ty.path.segments == ["node_subtensor_runtime".to_owned(), name.to_owned()])
    };
    assert!(path("RuntimeEvent") && path("RuntimeCall"));
}
