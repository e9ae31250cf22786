//! The runtime APIs against the chain's own: their names, arguments and answers, down to every field.

use std::collections::BTreeMap;

use codec::Decode;
use frame_metadata::{
    RuntimeMetadata, RuntimeMetadataPrefixed,
    v15::{RuntimeApiMethodMetadata, RuntimeApiMethodParamMetadata, RuntimeMetadataV15},
};
use localnet::Genesis;
use scale_info::{Field, PortableRegistry, PortableType, TypeDef, TypeDefPrimitive, Variant, form::PortableForm};
use serde::Deserialize;

use crate::node::Node;

/// Signatures are of spec 425. Structs are of spec 365's metadata, and what changed since is from the chain's source:
/// `activity_cutoff` has 64 bits, and hyperparameters by name, locks, prices and slippage came.
#[derive(Deserialize)]
struct Real {
    apis: BTreeMap<String, Vec<String>>,
    types: BTreeMap<String, Vec<String>>,
}

/// Of runtimes after 425; clients that know them ask everywhere.
const NEWER: [&str; 1] = ["BetaBasketRuntimeApi"];

fn real() -> Real {
    serde_json::from_str(include_str!("../fixtures/runtime-apis-425.json")).unwrap()
}

pub async fn metadata(node: &Node) -> RuntimeMetadataV15 {
    let answer: Option<Vec<u8>> = node.call("Metadata_metadata_at_version", 15u32).await;
    match RuntimeMetadataPrefixed::decode(&mut &answer.unwrap()[..]).unwrap().1 {
        RuntimeMetadata::V15(metadata) => metadata,
        other => panic!("version {}", other.version()),
    }
}

/// A type by its name. A fixed-point number is named by its bits, as the chain's own are.
fn name(types: &PortableRegistry, id: u32) -> String {
    let ty = types.resolve(id).unwrap();
    let last = ty.path.segments.last().cloned().unwrap_or_default();
    match &ty.type_def {
        TypeDef::Primitive(TypeDefPrimitive::Bool) => "bool".into(),
        TypeDef::Primitive(primitive) => format!("{primitive:?}").to_lowercase(),
        TypeDef::Compact(compact) => format!("Compact<{}>", name(types, compact.type_param.id)),
        TypeDef::Array(array) => format!("[{}; {}]", name(types, array.type_param.id), array.len),
        TypeDef::Sequence(items) => format!("Vec<{}>", name(types, items.type_param.id)),
        TypeDef::Tuple(tuple) => {
            format!("({})", tuple.fields.iter().map(|field| name(types, field.id)).collect::<Vec<_>>().join(", "))
        }
        TypeDef::Composite(composite) => match &composite.fields[..] {
            [bits] if bits.name.as_deref() == Some("bits") => format!("fixed<{}>", name(types, bits.ty.id)),
            _ if last == "BTreeMap" => {
                let of = |at: usize| name(types, ty.type_params[at].ty.unwrap().id);
                format!("BTreeMap<{}, {}>", of(0), of(1))
            }
            _ => last,
        },
        TypeDef::Variant(variants) if last == "Option" => {
            format!("Option<{}>", name(types, variants.variants[1].fields[0].ty.id))
        }
        TypeDef::Variant(_) => last,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn every_api_has_the_chains_methods_and_no_others() {
    let (node, real) = (Node::start(Genesis::default()).await, real());
    let metadata = metadata(&node).await;
    let types = &metadata.types;
    let mut served: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for api in metadata.apis.iter().filter(|api| api.name.ends_with("RuntimeApi")) {
        let signature = |method: &RuntimeApiMethodMetadata<PortableForm>| {
            let input = |input: &RuntimeApiMethodParamMetadata<PortableForm>| {
                format!("{}: {}", input.name, name(types, input.ty.id))
            };
            let inputs: Vec<String> = method.inputs.iter().map(input).collect();
            format!("{}({}) -> {}", method.name, inputs.join(", "), name(types, method.output.id))
        };
        served.insert(api.name.clone(), api.methods.iter().map(signature).collect());
    }
    for newer in NEWER {
        assert!(served.remove(newer).is_some_and(|methods| !methods.is_empty()), "{newer}");
    }
    assert_eq!(served, real.apis);
}

#[tokio::test]
async fn answers_have_the_chains_fields_in_its_order() {
    let (node, real) = (Node::start(Genesis::default()).await, real());
    let metadata = metadata(&node).await;
    let types = &metadata.types;
    for (wanted, fields) in &real.types {
        let named = |ty: &&PortableType| ty.ty.path.segments.last() == Some(wanted);
        let found: Vec<_> = types.types.iter().filter(named).collect();
        assert_eq!(found.len(), 1, "{wanted}");
        let ours: Vec<String> = match &found[0].ty.type_def {
            TypeDef::Composite(composite) => {
                let field = |field: &Field<PortableForm>| {
                    format!("{}: {}", field.name.as_deref().unwrap(), name(types, field.ty.id))
                };
                composite.fields.iter().map(field).collect()
            }
            TypeDef::Variant(variants) => {
                let variant = |variant: &Variant<PortableForm>| {
                    let fields: Vec<String> = variant.fields.iter().map(|field| name(types, field.ty.id)).collect();
                    format!("{}({})", variant.name, fields.join(", "))
                };
                variants.variants.iter().map(variant).collect()
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(&ours, fields, "{wanted}");
    }
}
