//! What a configuration names, and how it is set: `{ kind = "sums", digits = 3 }`, or `"sums"` where nothing is set.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

/// The name of something that can be plugged in, and its settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub struct Plugin {
    /// The name that it is registered by.
    pub kind: String,
    /// Its settings. Each plug-in knows its own.
    pub settings: BTreeMap<String, Value>,
}

/// Both ways to write one.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Name(String),
    Table {
        kind: String,
        #[serde(flatten)]
        settings: BTreeMap<String, Value>,
    },
}

impl Plugin {
    /// One with the settings that it has by default.
    pub fn named(kind: impl Into<String>) -> Self {
        Self { kind: kind.into(), settings: BTreeMap::new() }
    }

    /// The plug-in itself, out of its settings.
    pub(crate) fn build<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        T::deserialize(Value::Object(self.settings.clone().into_iter().collect()))
    }
}

impl fmt::Display for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.kind)
    }
}

impl From<&str> for Plugin {
    fn from(kind: &str) -> Self {
        Self::named(kind)
    }
}

impl From<Written> for Plugin {
    fn from(written: Written) -> Self {
        match written {
            Written::Name(kind) => Self::named(kind),
            Written::Table { kind, settings } => Self { kind, settings },
        }
    }
}

impl From<Plugin> for Written {
    fn from(Plugin { kind, settings }: Plugin) -> Self {
        if settings.is_empty() { Self::Name(kind) } else { Self::Table { kind, settings } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Sums {
        digits: u32,
    }

    impl Default for Sums {
        fn default() -> Self {
            Self { digits: 2 }
        }
    }

    #[test]
    fn a_name_or_a_table() {
        let parse = |json: &str| serde_json::from_str::<Plugin>(json).unwrap();
        assert_eq!(parse(r#""sums""#), Plugin::named("sums"));
        assert_eq!(parse(r#"{"kind":"sums"}"#), Plugin::named("sums"));
        let set = parse(r#"{"kind":"sums","digits":3}"#);
        assert_eq!(set.build::<Sums>().unwrap(), Sums { digits: 3 });
        assert_eq!(parse(r#""sums""#).build::<Sums>().unwrap(), Sums { digits: 2 });
        assert_eq!(serde_json::to_string(&set).unwrap(), r#"{"kind":"sums","digits":3}"#);
        assert_eq!(serde_json::to_string(&Plugin::named("sums")).unwrap(), r#""sums""#);
        let error = parse(r#"{"kind":"sums","digit":3}"#).build::<Sums>().unwrap_err();
        assert!(error.to_string().contains("unknown field `digit`"), "{error}");
    }
}
