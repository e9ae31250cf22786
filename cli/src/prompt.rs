//! Prompts on the command line.

use std::{
    io::{self, Read as _},
    num::ParseIntError,
    str::FromStr,
};

use anyhow::Context as _;
use primitives::{ChatMessage, Prompt};

/// A text as it is given, or stdin for -.
pub fn text(word: &str) -> anyhow::Result<String> {
    if word != "-" {
        return Ok(word.to_owned());
    }
    let mut text = String::new();
    io::stdin().read_to_string(&mut text).context("reading the prompt from stdin")?;
    Ok(text)
}

/// What a user says to a model, after what it was told before.
pub fn conversation(system: Option<String>, user: String) -> Prompt {
    let message = |role: &str, content| ChatMessage { role: role.to_owned(), content };
    let system = system.map(|text| message("system", text));
    Prompt::Chat(system.into_iter().chain([message("user", user)]).collect())
}

/// Token ids, with commas or spaces between them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "torch"), allow(dead_code))] // models run with torch only
pub struct TokenIds(pub Vec<u32>);

impl FromStr for TokenIds {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        let words = text.trim_matches(['[', ']']).split(|c: char| c == ',' || c.is_whitespace());
        words.filter(|word| !word.is_empty()).map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_as_people_and_programs_write_them() {
        for text in ["1,2,3", "1 2 3", "[1, 2, 3]", " 1,\n2,3 ,"] {
            assert_eq!(text.parse(), Ok(TokenIds(vec![1, 2, 3])), "{text:?}");
        }
        for text in ["1,-2", "one", "1;2", "4294967296"] {
            assert!(text.parse::<TokenIds>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_conversation_begins_with_what_the_model_was_told() {
        let Prompt::Chat(messages) = conversation(Some("Be brief.".into()), "Hello".into()) else { panic!("no chat") };
        let roles: Vec<&str> = messages.iter().map(|message| message.role.as_str()).collect();
        assert_eq!(roles, ["system", "user"]);
    }
}
