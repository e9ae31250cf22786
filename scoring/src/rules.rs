//! Rules as a log has them: their text stays as it was written, so that a log can be checked when settings have been added
//! that it doesn't name.

use codec::{Decode, Encode, Input};
use primitives::Digest;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};
use serde_json::value::RawValue;

use crate::incentive::Incentive;

/// The rules of a log, and the text that says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    text: String,
    incentive: Box<Incentive>,
}

impl Rules {
    /// What the text says.
    pub fn incentive(&self) -> &Incentive {
        &self.incentive
    }

    /// Names what the text says.
    pub fn digest(&self) -> Digest {
        self.incentive.digest()
    }

    fn read(text: String) -> Result<Self, serde_json::Error> {
        // An object from end to end and on one line: JSON around it would be lost in a line of the log.
        if !(text.starts_with('{') && text.ends_with('}')) || text.bytes().any(|byte| byte.is_ascii_control()) {
            return Err(de::Error::custom("rules are one JSON object on one line"));
        }
        Ok(Self { incentive: Box::new(serde_json::from_str(&text)?), text })
    }
}

impl From<Incentive> for Rules {
    fn from(incentive: Incentive) -> Self {
        Self { text: incentive.to_json(), incentive: Box::new(incentive) }
    }
}

impl Encode for Rules {
    fn encode_to<O: codec::Output + ?Sized>(&self, dest: &mut O) {
        self.text.encode_to(dest);
    }
}

impl Decode for Rules {
    fn decode<I: Input>(input: &mut I) -> Result<Self, codec::Error> {
        Self::read(String::decode(input)?).map_err(|_| "not the rules of a log".into())
    }
}

impl Serialize for Rules {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.text.clone()).map_err(ser::Error::custom)?.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Rules {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::read(Box::<RawValue>::deserialize(deserializer)?.get().to_owned()).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_stays_as_it_was() {
        let text = r#"{"stale_after_rounds":7}"#;
        let rules: Rules = serde_json::from_str(text).unwrap();
        assert_eq!(rules.incentive().stale_after_rounds, 7);
        assert_eq!(serde_json::to_string(&rules).unwrap(), text);
        assert_eq!(Rules::decode(&mut &rules.encode()[..]).unwrap(), rules);
        assert_ne!(rules, Rules::from(rules.incentive().clone()));
        assert_eq!(rules.digest(), Rules::from(rules.incentive().clone()).digest());
        for text in ["{\"power\":3}", "[]", " {}", "{}\n", "{\n}"] {
            assert!(Rules::decode(&mut &text.encode()[..]).is_err(), "{text:?}");
        }
    }
}
