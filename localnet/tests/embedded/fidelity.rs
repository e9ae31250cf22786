//! The metadata against the chain's own: what has a name here has the chain's index, types, hashers and default, and
//! what has none is listed in `docs/localnet.md`. `UPDATE=1 cargo test -p assay-localnet` writes that list anew.

use std::{collections::BTreeMap, fmt::Write, fs, path::Path};

use codec::Decode;
use frame_metadata::{RuntimeMetadata, RuntimeMetadataPrefixed, v14};
use jsonrpsee::{core::client::ClientT, rpc_params};
use localnet::Genesis;
use scale_info::{Field, PortableRegistry, TypeDef, Variant, form::PortableForm};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    apis,
    node::Node,
    words::{same, words},
};

/// Of the runtime's metadata at spec 425: the pallets that we have, item by item, and the names of the others.
#[derive(Deserialize)]
struct Real {
    absent: Vec<String>,
    apis: BTreeMap<String, Vec<String>>,
    /// Name, what it adds to a transaction, what it adds to what is signed.
    extensions: Vec<(String, String, String)>,
    pallets: BTreeMap<String, RealPallet>,
}

#[derive(Deserialize)]
struct RealPallet {
    index: u8,
    calls: BTreeMap<String, RealCall>,
    storage: BTreeMap<String, RealStorage>,
    /// Type and value; long values are cut off.
    constants: BTreeMap<String, (String, String)>,
    /// Index and fields.
    events: BTreeMap<String, (u8, String)>,
    /// By index.
    errors: Vec<String>,
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

/// Storage of `SubtensorModule` in runtimes after 425, with the spec that brought it: newer clients read it without
/// asking.
const NEWER: [(&str, u32); 4] = [
    ("CollateralDrainRatio", 435),
    ("CollateralLockShare", 435),
    ("MinerCollateral", 435),
    ("SubnetEpochConsensus", 475),
];

/// The pallet that may have something otherwise than on the chain: its calls name every kind of origin of a runtime.
const DIFFERENT: &str = "Utility";

/// What the chain has and we have not, and what we have otherwise.
#[derive(Default)]
struct Findings {
    /// Names by kind.
    absent: BTreeMap<&'static str, Vec<String>>,
    different: Vec<String>,
}

fn real() -> Real {
    serde_json::from_str(include_str!("../fixtures/subtensor-425.json")).unwrap()
}

pub async fn metadata(node: &Node) -> v14::RuntimeMetadataV14 {
    let answer: String = node.rpc.request("state_getMetadata", rpc_params![]).await.unwrap();
    let bytes = hex::decode(&answer[2..]).unwrap();
    match RuntimeMetadataPrefixed::decode(&mut &bytes[..]).unwrap().1 {
        RuntimeMetadata::V14(metadata) => metadata,
        other => panic!("version {}", other.version()),
    }
}

impl Findings {
    fn of(real: &RealPallet, ours: &v14::PalletMetadata<PortableForm>, types: &PortableRegistry) -> Self {
        let mut found = Self::default();
        found.expect(real.index == ours.index, "the pallet", "index");
        found.calls(real, ours, types);
        found.events(real, ours, types);
        found.errors(real, ours, types);
        found.storage(real, ours, types);
        found.constants(real, ours, types);
        found
    }

    fn expect(&mut self, holds: bool, item: &str, what: &str) {
        if !holds {
            self.different.push(format!("{what} of `{item}`"));
        }
    }

    fn missing<'a>(&mut self, kind: &'static str, real: impl Iterator<Item = &'a String>, ours: &[String]) {
        let absent: Vec<String> = real.filter(|name| !ours.contains(name)).cloned().collect();
        if !absent.is_empty() {
            self.absent.insert(kind, absent);
        }
    }

    fn calls(&mut self, real: &RealPallet, ours: &v14::PalletMetadata<PortableForm>, types: &PortableRegistry) {
        let calls = variants(types, ours.calls.as_ref().map(|calls| calls.ty.id));
        self.missing("calls", real.calls.keys(), &names(&calls));
        for call in calls {
            let Some(expected) = real.calls.get(&call.name) else { panic!("no call {}", call.name) };
            let arg = |field: &Field<PortableForm>| {
                format!("{}: {}", field.name.as_deref().unwrap_or_default(), words(types, field.ty.id))
            };
            let args: Vec<String> = call.fields.iter().map(arg).collect();
            self.expect(call.index == expected.index, &call.name, "index");
            self.expect(all_same(&expected.args, &args), &call.name, "arguments");
        }
    }

    fn events(&mut self, real: &RealPallet, ours: &v14::PalletMetadata<PortableForm>, types: &PortableRegistry) {
        let events = variants(types, ours.event.as_ref().map(|event| event.ty.id));
        self.missing("events", real.events.keys(), &names(&events));
        for event in events {
            let Some((index, fields)) = real.events.get(&event.name) else { panic!("no event {}", event.name) };
            let ours: Vec<String> = event.fields.iter().map(|field| words(types, field.ty.id)).collect();
            self.expect(event.index == *index, &event.name, "index");
            self.expect(same(fields, &format!("({})", ours.join(", "))), &event.name, "fields");
        }
    }

    fn errors(&mut self, real: &RealPallet, ours: &v14::PalletMetadata<PortableForm>, types: &PortableRegistry) {
        let errors = variants(types, ours.error.as_ref().map(|error| error.ty.id));
        self.missing("errors", real.errors.iter(), &names(&errors));
        for error in errors {
            let expected = real.errors.get(usize::from(error.index));
            self.expect(expected == Some(&error.name), &error.name, "index");
        }
    }

    fn storage(&mut self, real: &RealPallet, ours: &v14::PalletMetadata<PortableForm>, types: &PortableRegistry) {
        let entries = ours.storage.as_ref().map(|storage| &storage.entries[..]).unwrap_or_default();
        let names: Vec<String> = entries.iter().map(|entry| entry.name.clone()).collect();
        self.missing("storage", real.storage.keys(), &names);
        for entry in entries {
            let name = &entry.name;
            let newer = ours.name == "SubtensorModule" && NEWER.iter().any(|(newer, _)| newer == name);
            let Some(expected) = real.storage.get(name) else {
                assert!(newer, "no storage {name}");
                continue;
            };
            assert!(!newer, "{name} is in 425");
            let (hashers, key, value) = match &entry.ty {
                v14::StorageEntryType::Plain(value) => (vec![], String::new(), words(types, value.id)),
                v14::StorageEntryType::Map { hashers, key, value } => (
                    hashers.iter().map(|hasher| format!("{hasher:?}")).collect(),
                    words(types, key.id),
                    words(types, value.id),
                ),
            };
            self.expect(hashers == expected.hashers, name, "hashers");
            self.expect(same(&expected.key, &key), name, "key");
            self.expect(same(&expected.value, &value), name, "value");
            self.expect(format!("{:?}", entry.modifier) == expected.modifier, name, "modifier");
            let default = format!("0x{}", hex::encode(&entry.default));
            // The fixture cuts long ones off, and has none for single values.
            self.expect(expected.default.as_ref().is_none_or(|real| default.starts_with(real)), name, "default");
        }
    }

    fn constants(&mut self, real: &RealPallet, ours: &v14::PalletMetadata<PortableForm>, types: &PortableRegistry) {
        let names: Vec<String> = ours.constants.iter().map(|constant| constant.name.clone()).collect();
        self.missing("constants", real.constants.keys(), &names);
        for constant in &ours.constants {
            let name = &constant.name;
            let Some((ty, value)) = real.constants.get(name) else { panic!("no constant {name}") };
            self.expect(same(ty, &words(types, constant.ty.id)), name, "type");
            let ours = format!("0x{}", hex::encode(&constant.value));
            self.expect(ours.starts_with(value), name, "value");
        }
    }
}

fn variants(types: &PortableRegistry, id: Option<u32>) -> Vec<Variant<PortableForm>> {
    match id.map(|id| &types.resolve(id).unwrap().type_def) {
        None => Vec::new(),
        Some(TypeDef::Variant(variants)) => variants.variants.clone(),
        Some(other) => panic!("{other:?}"),
    }
}

fn names(variants: &[Variant<PortableForm>]) -> Vec<String> {
    variants.iter().map(|variant| variant.name.clone()).collect()
}

fn all_same(theirs: &[String], ours: &[String]) -> bool {
    theirs.len() == ours.len() && theirs.iter().zip(ours).all(|(theirs, ours)| same(theirs, ours))
}

fn quoted<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[tokio::test]
async fn what_we_have_is_the_chains_and_what_we_have_not_is_listed() {
    let (node, real) = (Node::start(Genesis::default()).await, real());
    let metadata = metadata(&node).await;
    let mut list = format!("Pallets: {}.\n\n| pallet | kind | absent |\n|---|---|---|\n", quoted(&real.absent));
    let mut different = String::new();
    for ours in &metadata.pallets {
        let name = &ours.name;
        let Some(expected) = real.pallets.get(name) else { panic!("no pallet {name}") };
        let found = Findings::of(expected, ours, &metadata.types);
        for (kind, absent) in &found.absent {
            writeln!(list, "| `{name}` | {kind} | {} |", quoted(absent)).unwrap();
        }
        if !found.different.is_empty() {
            assert_eq!(name, DIFFERENT, "{}", found.different.join(", "));
            writeln!(different, "- `{name}`: {}", found.different.join(", ")).unwrap();
        }
    }
    writeln!(list, "\nRuntime APIs, where not all of one is absent the functions:\n").unwrap();
    let apis = apis::metadata(&node).await.apis;
    for (name, methods) in &real.apis {
        let ours: Vec<&str> = apis
            .iter()
            .filter(|api| api.name == *name)
            .flat_map(|api| api.methods.iter().map(|method| method.name.as_str()))
            .collect();
        let absent: Vec<&String> = methods.iter().filter(|method| !ours.contains(&method.as_str())).collect();
        if ours.is_empty() {
            writeln!(list, "- `{name}`").unwrap();
        } else if !absent.is_empty() {
            writeln!(list, "- `{name}`: {}", quoted(absent)).unwrap();
        }
    }
    write!(list, "\nOtherwise than on the chain:\n\n{different}").unwrap();
    writeln!(list, "\nBeyond 425, because newer clients read it without asking:\n").unwrap();
    for (name, spec) in NEWER {
        writeln!(list, "- `SubtensorModule.{name}`, of spec {spec}").unwrap();
    }
    recorded("absent", &list);
}

/// The part of `docs/localnet.md` between two markers must be this text.
fn recorded(marker: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/localnet.md");
    let page = fs::read_to_string(&file).unwrap();
    let (begin, end) = (format!("<!-- {marker} -->\n"), format!("<!-- /{marker} -->"));
    let (before, rest) = page.split_once(&begin).expect("a marker");
    let (old, after) = rest.split_once(&end).expect("an end marker");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&file, format!("{before}{begin}{text}{end}{after}")).unwrap();
        return;
    }
    assert!(old == text, "docs/localnet.md is behind: run UPDATE=1 cargo test -p assay-localnet\n{text}");
}

#[tokio::test]
async fn what_is_signed_is_the_chains() {
    let (node, real) = (Node::start(Genesis::default()).await, real());
    let metadata = metadata(&node).await;
    let ours: Vec<String> =
        metadata.extrinsic.signed_extensions.iter().map(|extension| extension.identifier.clone()).collect();
    let theirs: Vec<String> = real.extensions.iter().map(|(name, _, _)| name.clone()).collect();
    assert_eq!(ours, theirs);
    for (extension, (name, extra, signed)) in metadata.extrinsic.signed_extensions.iter().zip(&real.extensions) {
        let ours = |id| match words(&metadata.types, id).as_str() {
            // polkadot.js has a name for it.
            era if era.starts_with("{\"_enum\":{\"Immortal\"") => "Era".to_owned(),
            words => words.to_owned(),
        };
        assert!(same(extra, &ours(extension.ty.id)), "{name}: {}", ours(extension.ty.id));
        assert!(same(signed, &ours(extension.additional_signed.id)), "{name}");
    }
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
