//! Where settings come from. Four kinds of layer, later ones win: the code's defaults, files, the environment, flags.
//! Each value keeps the name of its origin, which `config show` prints and which errors name.

use std::{
    collections::BTreeMap,
    fmt, fs, io,
    path::{Path, PathBuf},
};

use config::{ConfigError, Environment, File, FileFormat, Map, Source, Value, ValueKind};
use scoring::{Incentive, IncentiveError, Registry};
use serde_json::Value as Json;

use crate::settings::Settings;

/// The prefix of environment variables: `ASSAY__CHAIN__URL` is `chain.url`.
const PREFIX: &str = "ASSAY";

/// Why settings can't be used. Each names the file, variable or flag, and the key.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A file that isn't there or can't be read.
    #[error("{path}: cannot be read")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file that isn't TOML.
    #[error("{path}:{line}: {reason}")]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// The parser's words.
        reason: String,
    },
    /// A key that no setting has.
    #[error("{origin}: unknown key {key}; {hint}")]
    Unknown {
        /// File or variable.
        origin: String,
        /// The dotted key.
        key: String,
        /// What there is instead.
        hint: String,
    },
    /// A value of another type.
    #[error("{origin}: {key} must be {expected}")]
    Type {
        /// File or variable.
        origin: String,
        /// The dotted key.
        key: String,
        /// What it must be.
        expected: &'static str,
    },
    /// A value that doesn't parse or is out of range.
    #[error("{origin}: {key}: {reason}")]
    Value {
        /// File, variable or flag.
        origin: String,
        /// The dotted key.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A value that makes no sense beside the others.
    #[error("[{section}] {source}")]
    Section {
        /// The section.
        section: &'static str,
        /// What is wrong.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The library below.
    #[error("settings cannot be merged")]
    Merge(#[from] ConfigError),
}

/// Values of one origin, by dotted key.
#[derive(Clone, Debug, Default)]
pub struct Layer(BTreeMap<String, Value>);

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        Ok(self.0.iter().map(|(key, value)| (key.clone(), value.clone())).collect())
    }
}

impl Layer {
    /// What holds where nobody sets anything.
    fn defaults(settings: &Settings) -> Self {
        let origin = Loaded::DEFAULT.to_owned();
        let values = named(settings).into_iter();
        Self(values.map(|(key, json)| (key, Value::new(Some(&origin), kind(&json)))).collect())
    }

    /// A TOML file.
    fn file(path: &Path, known: &Keys) -> Result<Self, SettingsError> {
        let text =
            fs::read_to_string(path).map_err(|source| SettingsError::Unreadable { path: path.to_owned(), source })?;
        Self::text(path, &text, known)
    }

    /// What such a file says.
    fn text(path: &Path, text: &str, known: &Keys) -> Result<Self, SettingsError> {
        if let Err(error) = text.parse::<toml::Table>() {
            let before = error.span().map_or(0, |span| span.start).min(text.len());
            let line = 1 + text.as_bytes()[..before].iter().filter(|byte| **byte == b'\n').count();
            let reason = error.message().lines().collect::<Vec<_>>().join(" ");
            return Err(SettingsError::Syntax { path: path.to_owned(), line, reason });
        }
        let values = File::from_str(text, FileFormat::Toml).collect()?;
        let mut layer = Self::default();
        layer.flatten("", values, &path.display().to_string(), known)?;
        Ok(layer)
    }

    fn flatten(
        &mut self,
        above: &str,
        values: Map<String, Value>,
        origin: &str,
        known: &Keys,
    ) -> Result<(), SettingsError> {
        for (name, value) in values {
            let key = if above.is_empty() { name } else { format!("{above}.{name}") };
            match value.kind {
                ValueKind::Table(inner) if known.is_section(&key) => self.flatten(&key, inner, origin, known)?,
                other => {
                    let default = known.require(&key, origin)?;
                    let named = Settings::NAMED.contains(&&*key) && matches!(other, ValueKind::Table(_));
                    if let Some(expected) = mismatch(default, &other).filter(|_| !named) {
                        return Err(SettingsError::Type { origin: origin.to_owned(), key, expected });
                    }
                    self.0.insert(key, Value::new(Some(&origin.to_owned()), other));
                }
            }
        }
        Ok(())
    }

    /// The environment, or what stands for it in a test. Variables are texts: they are parsed when the settings are.
    fn environment(variables: Option<Map<String, String>>, known: &Keys) -> Result<Self, SettingsError> {
        let source = Environment::with_prefix(PREFIX)
            .prefix_separator("__")
            .separator("__")
            .ignore_empty(true)
            .source(variables);
        let mut layer = Self::default();
        for (key, value) in source.collect()? {
            let origin = format!("{PREFIX}__{}", key.replace('.', "__").to_uppercase());
            let kind = match (known.require(&key, &origin)?, value.kind) {
                (Json::Array(_), ValueKind::String(text)) => {
                    let items = text.split(',').map(|item| Value::new(Some(&origin), item.trim()));
                    ValueKind::Array(items.collect())
                }
                (_, kind) => kind,
            };
            layer.0.insert(key, Value::new(Some(&origin), kind));
        }
        Ok(layer)
    }

    /// Put down what a flag says, if it was given.
    pub fn flag(&mut self, flag: &str, key: &str, value: Option<impl ToString>) {
        if let Some(value) = value {
            let origin = flag.to_owned();
            self.0.insert(key.to_owned(), Value::new(Some(&origin), ValueKind::String(value.to_string())));
        }
    }

    /// Put down what a flag says that can be given more than once, if it was given that often.
    pub fn flags(&mut self, flag: &str, key: &str, values: &[String]) {
        if !values.is_empty() {
            let origin = flag.to_owned();
            let items = values.iter().map(|value| Value::new(Some(&origin), value.as_str()));
            self.0.insert(key.to_owned(), Value::new(Some(&origin), ValueKind::Array(items.collect())));
        }
    }
}

/// Every key there is, with its default.
#[derive(Clone, Debug)]
pub struct Keys(BTreeMap<String, Json>);

impl Keys {
    /// The keys of [`Settings`].
    pub fn of_settings() -> Self {
        let mut keys = defaults();
        for key in Settings::FILLED_IN {
            keys.remove(*key);
        }
        Self(keys)
    }

    /// Key and default, ascending. A default of null stands for none.
    #[cfg(test)]
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    fn is_section(&self, key: &str) -> bool {
        self.0.keys().any(|known| known.strip_prefix(key).is_some_and(|rest| rest.starts_with('.')))
    }

    fn require(&self, key: &str, origin: &str) -> Result<&Json, SettingsError> {
        self.0.get(key).ok_or_else(|| SettingsError::Unknown {
            origin: origin.to_owned(),
            key: key.to_owned(),
            hint: self.hint(key),
        })
    }

    fn hint(&self, key: &str) -> String {
        let (section, name) = key.rsplit_once('.').unwrap_or(("", key));
        if let Some(moved) = self.0.keys().find(|known| known.rsplit('.').next() == Some(name)) {
            return format!("did you mean {moved}?");
        }
        let of = |section: &str| {
            let inner = self.0.keys().filter_map(|known| known.strip_prefix(section)?.strip_prefix('.'));
            inner.collect::<Vec<_>>().join(", ")
        };
        if !section.is_empty() && self.is_section(section) {
            return format!("[{section}] has {}", of(section));
        }
        let mut sections: Vec<_> = self.0.keys().filter_map(|known| known.split('.').next()).collect();
        sections.dedup();
        format!("the sections are {}", sections.join(", "))
    }
}

/// Every field of [`Settings`] by its dotted name.
fn defaults() -> BTreeMap<String, Json> {
    named(&Settings::default())
}

fn named(settings: &Settings) -> BTreeMap<String, Json> {
    let mut found = BTreeMap::new();
    // A tree of plain values always serialises.
    leaves("", &serde_json::to_value(settings).unwrap_or_default(), &mut found);
    found
}

fn leaves(above: &str, json: &Json, found: &mut BTreeMap<String, Json>) {
    match json {
        Json::Object(fields) if !Settings::WHOLE.contains(&above) => {
            for (name, value) in fields {
                let key = if above.is_empty() { name.clone() } else { format!("{above}.{name}") };
                leaves(&key, value, found);
            }
        }
        leaf => {
            found.insert(above.to_owned(), leaf.clone());
        }
    }
}

fn kind(json: &Json) -> ValueKind {
    match json {
        Json::Null => ValueKind::Nil,
        Json::Bool(value) => ValueKind::Boolean(*value),
        Json::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(value), _) => ValueKind::I64(value),
            (_, Some(value)) => ValueKind::U64(value),
            _ => ValueKind::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(text) => ValueKind::String(text.clone()),
        Json::Array(items) => ValueKind::Array(items.iter().map(|item| Value::new(None, kind(item))).collect()),
        Json::Object(fields) => {
            ValueKind::Table(fields.iter().map(|(name, item)| (name.clone(), Value::new(None, kind(item)))).collect())
        }
    }
}

/// What the default's type asks for, where a file says something else. The library would round 2.5 to 3.
fn mismatch(default: &Json, value: &ValueKind) -> Option<&'static str> {
    use ValueKind::{Array, Boolean, Float, I64, I128, String, Table, U64, U128};
    match (default, value) {
        (Json::Null, _)
        | (Json::Bool(_), Boolean(_))
        | (Json::String(_), String(_))
        | (Json::Array(_), Array(_))
        | (Json::Object(_), Table(_))
        | (Json::Number(_), I64(_) | I128(_) | U64(_) | U128(_)) => None,
        (Json::Number(number), Float(_)) if number.is_f64() => None,
        (Json::Number(number), _) if number.is_f64() => Some("a number"),
        (Json::Number(_), _) => Some("a whole number"),
        (Json::Bool(_), _) => Some("true or false"),
        (Json::String(_), _) => Some("a text in quotes"),
        (Json::Array(_), _) => Some("a list"),
        (Json::Object(_), _) => Some("a table"),
    }
}

/// Settings, and for each key its value and where that came from.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The settings.
    pub settings: Settings,
    /// Every key.
    pub origins: BTreeMap<String, Shown>,
}

impl Loaded {
    /// The origin of what nobody set.
    const DEFAULT: &str = "default";

    /// Whether a file, a variable or a flag says anything in a section.
    pub fn sets(&self, section: &str) -> bool {
        let inside = |key: &str| key.strip_prefix(section).is_some_and(|rest| rest.starts_with('.'));
        self.origins.iter().any(|(key, shown)| inside(key) && shown.origin != Self::DEFAULT)
    }
}

/// One value and its origin.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Shown {
    /// As JSON; null where there is none.
    pub value: Json,
    /// `default`, a file, a variable or a flag.
    pub origin: String,
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Json::Null => f.write_str("(none)"),
            value => write!(f, "{value}"),
        }
    }
}

/// Merge the defaults, `files` in their order, the environment and the flags.
pub fn load(files: &[PathBuf], flags: Layer, registry: &Registry) -> Result<Loaded, SettingsError> {
    merge(&Settings::default(), files, None, flags, registry)
}

/// What a file would be by itself, before it is written to `path`.
pub fn load_text(path: &Path, text: &str, registry: &Registry) -> Result<Loaded, SettingsError> {
    let layer = Layer::text(path, text, &Keys::of_settings())?;
    settle(&Settings::default(), vec![layer], Some(Map::new()), Layer::default(), registry)
}

/// What variables of the environment would be, beside files.
#[cfg(test)]
pub fn load_with_variables(
    files: &[PathBuf],
    variables: Map<String, String>,
    registry: &Registry,
) -> Result<Loaded, SettingsError> {
    merge(&Settings::default(), files, Some(variables), Layer::default(), registry)
}

/// The same where rules that nobody sets are these.
pub fn load_over(
    rules: &Incentive,
    files: &[PathBuf],
    flags: Layer,
    registry: &Registry,
) -> Result<Loaded, SettingsError> {
    // What is demanded of proofs is no setting.
    let incentive = Incentive { proof: None, ..rules.clone() };
    let defaults = Settings { incentive, ..Settings::default() };
    merge(&defaults, files, None, flags, registry)
}

fn merge(
    defaults: &Settings,
    files: &[PathBuf],
    variables: Option<Map<String, String>>,
    flags: Layer,
    registry: &Registry,
) -> Result<Loaded, SettingsError> {
    let known = Keys::of_settings();
    let files = files.iter().map(|path| Layer::file(path, &known)).collect::<Result<_, _>>()?;
    settle(defaults, files, variables, flags, registry)
}

fn settle(
    defaults: &Settings,
    files: Vec<Layer>,
    variables: Option<Map<String, String>>,
    flags: Layer,
    registry: &Registry,
) -> Result<Loaded, SettingsError> {
    let known = Keys::of_settings();
    let mut layers = vec![Layer::defaults(defaults)];
    layers.extend(files);
    layers.push(Layer::environment(variables, &known)?);
    layers.push(flags);
    for key in Settings::WHOLE {
        // The library would merge them key by key.
        let under = layers.iter_mut().rev().skip_while(|layer| !layer.0.contains_key(*key)).skip(1);
        under.for_each(|layer| drop(layer.0.remove(*key)));
    }
    for (first, second) in Settings::TOGETHER {
        // The default stays.
        let last = layers.iter().rposition(|layer| layer.0.contains_key(*first)).unwrap_or_default();
        layers[..last].iter_mut().skip(1).for_each(|layer| drop(layer.0.remove(*second)));
    }
    let mut origins = BTreeMap::new();
    for (key, value) in layers.iter().flat_map(|layer| &layer.0) {
        origins.insert(key.clone(), value.origin().unwrap_or_default().to_owned());
    }
    let builder = layers.into_iter().fold(config::Config::builder(), |builder, layer| builder.add_source(layer));
    // What is inside of a table or a list that is one value came with it.
    let origin = |key: &str| {
        let list = key.split_once('[').map_or(key, |(list, _)| list);
        let mut above = std::iter::successors(Some(list), |key| Some(key.rsplit_once('.')?.0));
        above.find_map(|key| origins.get(key)).cloned().unwrap_or_default()
    };
    let settings: Settings = builder.build()?.try_deserialize().map_err(|error| located(error, &origin))?;
    let settled = named(&settings);
    let origins = known
        .0
        .keys()
        .map(|key| {
            let value = settled.get(key).cloned().unwrap_or_default();
            (key.clone(), Shown { value, origin: origin(key) })
        })
        .collect::<BTreeMap<_, _>>();
    let settings = settings.filled_in(registry);
    settings.check().map_err(|error| settled_by(error, &origins))?;
    Ok(Loaded { settings, origins })
}

/// Name the origin of rules that make no sense: that of the rule itself, or of what was set beside it.
fn settled_by(error: SettingsError, origins: &BTreeMap<String, Shown>) -> SettingsError {
    let SettingsError::Section { section, source } = &error else { return error };
    let Some(rules) = source.downcast_ref::<IncentiveError>() else { return error };
    let mut field = rules.field();
    while !origins.contains_key(&format!("{section}.{field}")) {
        // Tables that are one value have no keys below them.
        let Some((above, _)) = field.rsplit_once('.') else { return error };
        field = above;
    }
    let key = format!("{section}.{field}");
    let is_set = |shown: &&Shown| shown.origin != Loaded::DEFAULT;
    let beside =
        || origins.iter().filter(|(key, _)| key.starts_with("incentive.")).map(|(_, shown)| shown).find(is_set);
    let Some(shown) = origins.get(&key).filter(is_set).or_else(beside) else { return error };
    SettingsError::Value { origin: shown.origin.clone(), key, reason: rules.to_string() }
}

/// Name the origin of the value that didn't parse.
fn located(error: ConfigError, origin: &dyn Fn(&str) -> String) -> SettingsError {
    match error {
        ConfigError::At { error, key: Some(key), .. } => {
            SettingsError::Value { origin: origin(&key), key, reason: error.to_string() }
        }
        ConfigError::Type { key: Some(key), unexpected, expected, .. } => SettingsError::Value {
            origin: origin(&key),
            key,
            reason: format!("found {unexpected}, expected {expected}"),
        },
        other => SettingsError::Merge(other),
    }
}

#[cfg(test)]
mod tests;
