//! Types in the words of polkadot.js, which are those of the fixture: a struct or an enum is spelled out where it
//! stands alone, and named within another type.

use scale_info::{Field, PortableRegistry, TypeDef, TypeDefPrimitive, Variant, form::PortableForm};

/// Stands before the name of a type within another one. polkadot.js makes the name of the whole path, of which only
/// the end is the same for ours.
const NAME: char = '~';

/// A type on its own.
pub fn words(types: &PortableRegistry, id: u32) -> String {
    let ty = types.resolve(id).unwrap();
    let within = |id| within(types, id);
    let name = ty.path.segments.last().map(String::as_str).unwrap_or_default();
    match (&ty.type_def, name) {
        (_, "RuntimeCall") => "Call".into(),
        (_, "AccountId32" | "H256" | "H160" | "MultiAddress" | "Perquintill" | "Percent" | "Perbill") => name.into(),
        (TypeDef::Primitive(TypeDefPrimitive::Bool), _) => "bool".into(),
        (TypeDef::Primitive(TypeDefPrimitive::Str), _) => "Text".into(),
        (TypeDef::Primitive(primitive), _) => format!("{primitive:?}").to_lowercase(),
        (TypeDef::Compact(compact), _) => format!("Compact<{}>", within(compact.type_param.id)),
        (TypeDef::Array(array), _) => format!("[{};{}]", within(array.type_param.id), array.len),
        (TypeDef::Sequence(items), _) => match within(items.type_param.id).as_str() {
            "u8" => "Bytes".into(),
            item => format!("Vec<{item}>"),
        },
        (TypeDef::Tuple(fields), _) => match &fields.fields[..] {
            [] => "Null".into(),
            fields => format!("({})", join(fields.iter().map(|field| within(field.id)))),
        },
        (TypeDef::Composite(composite), "BTreeSet") => {
            format!("BTreeSet<{}>", &words(types, composite.fields[0].ty.id)[4..].trim_end_matches('>'))
        }
        (TypeDef::Composite(composite), "BTreeMap") => {
            let pairs = words(types, composite.fields[0].ty.id);
            let (key, value) = pairs["Vec<(".len()..pairs.len() - 2].split_once(',').unwrap();
            format!("BTreeMap<{key}, {value}>")
        }
        (TypeDef::Composite(composite), _) => match &composite.fields[..] {
            [] => "Null".into(),
            [only] if only.name.is_none() => words(types, only.ty.id),
            [only] if matches!(name, "BoundedVec" | "WeakBoundedVec" | "VecDeque") => words(types, only.ty.id),
            fields if fields[0].name.is_none() => {
                format!("({})", join(fields.iter().map(|field| within(field.ty.id))))
            }
            fields => fields_in_words(types, fields),
        },
        (TypeDef::Variant(variants), "Result") => {
            let of = |at: usize| within(variants.variants[at].fields[0].ty.id);
            format!("Result<{}, {}>", of(0), of(1))
        }
        (TypeDef::Variant(variants), "Option") => {
            format!("Option<{}>", within(variants.variants[1].fields[0].ty.id))
        }
        (TypeDef::Variant(variants), _) if variants.variants.iter().all(|variant| variant.fields.is_empty()) => {
            let names = variants.variants.iter().map(|variant| format!("\"{}\"", variant.name));
            format!("{{\"_enum\":[{}]}}", join(names))
        }
        (TypeDef::Variant(variants), _) => {
            let variants = variants.variants.iter().map(|variant| {
                let inner = variant_in_words(types, variant).replace('"', "\\\"");
                format!("\"{}\":\"{inner}\"", variant.name)
            });
            format!("{{\"_enum\":{{{}}}}}", join(variants))
        }
        (other, _) => panic!("{other:?}"),
    }
}

/// Whether a type of the fixture is one of ours.
pub fn same(theirs: &str, ours: &str) -> bool {
    let (theirs, ours) = (tokens(&theirs.replace("SubstrateFixedFixedI128", "{bits:i128}")), tokens(ours));
    let token = |(theirs, ours): (&String, &String)| match ours.strip_prefix(NAME) {
        Some(name) => theirs.contains(name),
        None => theirs == ours,
    };
    theirs.len() == ours.len() && theirs.iter().zip(&ours).all(token)
}

fn within(types: &PortableRegistry, id: u32) -> String {
    let ty = types.resolve(id).unwrap();
    let name = ty.path.segments.last().map(String::as_str).unwrap_or_default();
    let named = match &ty.type_def {
        TypeDef::Composite(composite) => {
            // A fixed-point number has too many types for polkadot.js to name them all.
            composite.fields.first().is_some_and(|field| field.name.as_deref().is_some_and(|name| name != "bits"))
                && !["BTreeMap", "BTreeSet", "BoundedVec", "WeakBoundedVec", "VecDeque"].contains(&name)
        }
        TypeDef::Variant(_) => !["Option", "Result", "RuntimeCall", "MultiAddress"].contains(&name),
        _ => false,
    };
    if named { format!("{NAME}{name}") } else { words(types, id) }
}

fn variant_in_words(types: &PortableRegistry, variant: &Variant<PortableForm>) -> String {
    match &variant.fields[..] {
        [] => "Null".into(),
        [only] if only.name.is_none() => within(types, only.ty.id),
        fields if fields[0].name.is_none() => {
            format!("({})", join(fields.iter().map(|field| within(types, field.ty.id))))
        }
        fields => fields_in_words(types, fields),
    }
}

fn fields_in_words(types: &PortableRegistry, fields: &[Field<PortableForm>]) -> String {
    let fields = fields.iter().map(|field| {
        let inner = within(types, field.ty.id).replace('"', "\\\"");
        format!("\"{}\":\"{inner}\"", camel(field.name.as_deref().unwrap_or_default()))
    });
    format!("{{{}}}", join(fields))
}

fn join(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(",")
}

fn camel(name: &str) -> String {
    let mut parts = name.split('_');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| all + &part[..1].to_uppercase() + &part[1..])
}

/// Words and signs, but for quotes, which only say how deep a type is.
fn tokens(words: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut open = false;
    for letter in words.chars().filter(|letter| !['"', '\\'].contains(letter)) {
        let part = letter.is_alphanumeric() || letter == '_' || letter == NAME;
        match tokens.last_mut() {
            Some(last) if part && open => last.push(letter),
            _ => tokens.push(letter.into()),
        }
        open = part;
    }
    tokens
}
