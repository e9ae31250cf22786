//! Shapes of types: two types of one shape encode alike.

use scale_info::{PortableRegistry, TypeDef, form::PortableForm};

/// Types nested more deeply than any in storage.
const MAX_DEPTH: usize = 16;

/// A type by what it encodes: names of types do not count, names and order of fields do.
pub(super) fn shape(types: &PortableRegistry, id: u32) -> String {
    at_depth(types, id, 0)
}

fn at_depth(types: &PortableRegistry, id: u32, depth: usize) -> String {
    let of = |id| at_depth(types, id, depth + 1);
    let Some(ty) = types.resolve(id) else { return "?".into() };
    if depth > MAX_DEPTH {
        return "?".into();
    }
    let fields = |fields: &[scale_info::Field<PortableForm>]| {
        let field = |field: &scale_info::Field<PortableForm>| match &field.name {
            Some(name) => format!("{name}:{}", of(field.ty.id)),
            None => of(field.ty.id),
        };
        fields.iter().map(field).collect::<Vec<_>>().join(",")
    };
    match &ty.type_def {
        // A struct of one field without a name encodes as the field: a newtype is what it wraps.
        TypeDef::Composite(composite) => match &composite.fields[..] {
            [only] if only.name.is_none() => of(only.ty.id),
            all => format!("{{{}}}", fields(all)),
        },
        TypeDef::Variant(variants) => {
            let variant = |variant: &scale_info::Variant<PortableForm>| {
                format!("{}={}({})", variant.index, variant.name, fields(&variant.fields))
            };
            format!("<{}>", variants.variants.iter().map(variant).collect::<Vec<_>>().join("|"))
        }
        TypeDef::Sequence(items) => format!("[{}]", of(items.type_param.id)),
        TypeDef::Array(items) => format!("[{};{}]", of(items.type_param.id), items.len),
        TypeDef::Tuple(parts) => {
            format!("({})", parts.fields.iter().map(|part| of(part.id)).collect::<Vec<_>>().join(","))
        }
        TypeDef::Primitive(primitive) => format!("{primitive:?}").to_lowercase(),
        TypeDef::Compact(compact) => format!("compact {}", of(compact.type_param.id)),
        TypeDef::BitSequence(_) => "bits".into(),
    }
}
