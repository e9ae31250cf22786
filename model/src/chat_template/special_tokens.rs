//! The tokens that a template may write by name.

use std::collections::BTreeMap;

use minijinja::Value;
use serde::Deserialize;

/// As `tokenizer_config.json` names them. Those that it leaves out are undefined in a template.
#[derive(Default, Deserialize)]
pub(super) struct SpecialTokens {
    bos_token: Option<Token>,
    eos_token: Option<Token>,
    unk_token: Option<Token>,
    sep_token: Option<Token>,
    pad_token: Option<Token>,
    cls_token: Option<Token>,
    mask_token: Option<Token>,
}

/// A token's text, alone or with how it is matched.
#[derive(Deserialize)]
#[serde(untagged)]
enum Token {
    Text(String),
    Added { content: String },
}

impl SpecialTokens {
    /// By name.
    pub(super) fn values(&self) -> Value {
        let named = [
            ("bos_token", &self.bos_token),
            ("eos_token", &self.eos_token),
            ("unk_token", &self.unk_token),
            ("sep_token", &self.sep_token),
            ("pad_token", &self.pad_token),
            ("cls_token", &self.cls_token),
            ("mask_token", &self.mask_token),
        ];
        let text = |token: &Token| match token {
            Token::Text(text) | Token::Added { content: text } => Value::from(text.as_str()),
        };
        let named = named.into_iter().filter_map(|(name, token)| Some((name, text(token.as_ref()?))));
        Value::from(named.collect::<BTreeMap<_, _>>())
    }
}
