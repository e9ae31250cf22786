//! A conversation as the text that a model was trained to continue: the Jinja template that comes with the model,
//! rendered as Hugging Face renders it.

use std::{
    fmt, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, Value, context, syntax::SyntaxConfig};
use primitives::ChatMessage;
use serde::Deserialize;

use crate::{ModelError, folder::Folder};

mod date;
mod json;
mod python;
mod special_tokens;
#[cfg(test)]
mod tests;

use special_tokens::SpecialTokens;

/// Newer models keep their template here, older ones in the tokenizer's configuration. The file wins.
const FILE: &str = "chat_template.jinja";
const CONFIG: &str = "tokenizer_config.json";
/// The one template in the environment.
const NAME: &str = "chat";

/// Steps of one rendering, and 64 bytes of memory for each: the template is the operator's, what it loops over a peer's.
/// The longest conversation that the protocol allows has a thousand for each of its messages.
const FUEL: u64 = 2_000_000;
/// Calls within calls.
const DEPTH: usize = 64;
/// A rendered conversation. Its words are limited by the protocol; this leaves room for what the template adds.
const MAX_TEXT_BYTES: usize = 1 << 20;
/// What a client is told in the template's own words.
const MAX_REASON_CHARS: usize = 200;

/// A model's chat template, compiled.
pub(crate) struct ChatTemplate {
    environment: Environment<'static>,
    path: PathBuf,
    tokens: SpecialTokens,
}

/// What `tokenizer_config.json` says of it.
#[derive(Default, Deserialize)]
struct TokenizerConfig {
    chat_template: Option<Source>,
    #[serde(flatten)]
    tokens: SpecialTokens,
}

/// One template, or several with names.
#[derive(Deserialize)]
#[serde(untagged)]
enum Source {
    One(String),
    Named(Vec<Named>),
}

#[derive(Deserialize)]
struct Named {
    name: String,
    template: String,
}

impl ChatTemplate {
    /// The folder's template, if there is one. The files that say it are part of the model's identity.
    pub(crate) fn read(folder: &mut Folder) -> Result<Option<Self>, ModelError> {
        let path = folder.path(CONFIG);
        let config: TokenizerConfig = match folder.optional(CONFIG)? {
            Some(bytes) => {
                serde_json::from_slice(&bytes).map_err(|source| ModelError::Config { path: path.clone(), source })?
            }
            None => TokenizerConfig::default(),
        };
        if let Some(bytes) = folder.optional(FILE)? {
            let path = folder.path(FILE);
            let source = String::from_utf8(bytes).map_err(|_| {
                let source = Error::new(ErrorKind::SyntaxError, "not UTF-8");
                ModelError::ChatTemplate { path: path.clone(), source }
            })?;
            return Self::new(&path, &source, config.tokens).map(Some);
        }
        match config.chat_template {
            None => Ok(None),
            Some(Source::One(source)) => Self::new(&path, &source, config.tokens).map(Some),
            Some(Source::Named(all)) => match all.iter().find(|one| one.name == "default") {
                Some(default) => Self::new(&path, &default.template, config.tokens).map(Some),
                None => {
                    let names: Vec<&str> = all.iter().map(|one| one.name.as_str()).collect();
                    let setting = format!("a choice of chat templates without a default ({})", names.join(", "));
                    Err(ModelError::UnsupportedSetting { path, setting })
                }
            },
        }
    }

    /// Compiles a template, and sees that it uses nothing that isn't here.
    fn new(path: &Path, source: &str, tokens: SpecialTokens) -> Result<Self, ModelError> {
        let failed = |source| ModelError::ChatTemplate { path: path.to_owned(), source };
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        let mut environment = Environment::new();
        environment.set_syntax(syntax.map_err(failed)?);
        environment.set_undefined_behavior(UndefinedBehavior::Lenient);
        environment.set_fuel(Some(FUEL));
        environment.set_recursion_limit(DEPTH);
        environment.set_unknown_method_callback(python::method);
        environment.add_filter("tojson", json::tojson);
        environment.add_filter("indent", python::indent);
        environment.add_function("raise_exception", raise_exception);
        environment.add_template_owned(NAME, without_generation_tags(source)).map_err(failed)?;
        let template = Self { environment, path: path.to_owned(), tokens };

        // filters and functions are looked up when they are used: better now than at the first request
        let hello = ChatMessage { role: "user".to_owned(), content: "hello".to_owned() };
        match template.text(&[hello], SystemTime::UNIX_EPOCH) {
            Err(error) if is_unknown(&error) => Err(failed(error)),
            // it may well want another conversation than this one
            _ => Ok(template),
        }
    }

    /// The text that the model continues as the assistant. `now` is for templates that tell the model the date.
    pub(crate) fn render(&self, messages: &[ChatMessage], now: SystemTime) -> Result<String, ModelError> {
        self.text(messages, now).map_err(|error| match refusal(&error) {
            Some(reason) => ModelError::ChatRefused { reason },
            None => ModelError::ChatTemplate { path: self.path.clone(), source: error },
        })
    }

    fn text(&self, messages: &[ChatMessage], now: SystemTime) -> Result<String, Error> {
        let message = |ChatMessage { role, content }: &ChatMessage| {
            context! { role => role.as_str(), content => content.as_str() }
        };
        let messages: Vec<Value> = messages.iter().map(message).collect();
        let context = context! {
            messages => messages,
            // present and none, as Hugging Face passes them
            tools => Value::from(()),
            documents => Value::from(()),
            add_generation_prompt => true,
            strftime_now => Value::from_function(move |format: &str| date::strftime(now, format)),
            ..self.tokens.values()
        };
        let mut out = Bounded(Vec::new());
        self.environment.get_template(NAME)?.render_captured_to(context, &mut out)?;
        String::from_utf8(out.0).map_err(|_| Error::new(ErrorKind::WriteFailure, "not UTF-8"))
    }
}

impl fmt::Debug for ChatTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatTemplate").field("path", &self.path).finish_non_exhaustive()
    }
}

/// The template's own refusal of a conversation.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Refused(String);

fn raise_exception(message: String) -> Result<Value, Error> {
    Err(Error::new(ErrorKind::InvalidOperation, "the template raised an exception").with_source(Refused(message)))
}

/// What is the conversation's fault, in words for whoever sent it.
fn refusal(error: &Error) -> Option<String> {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(current) = source {
        if let Some(Refused(message)) = current.downcast_ref() {
            return Some(message.chars().take(MAX_REASON_CHARS).collect());
        }
        let kind = current.downcast_ref::<Error>().map(Error::kind);
        if matches!(kind, Some(ErrorKind::OutOfFuel | ErrorKind::WriteFailure)) {
            return Some("it is too long".to_owned());
        }
        source = current.source();
    }
    None
}

fn is_unknown(error: &Error) -> bool {
    use ErrorKind::{UnknownFilter, UnknownFunction, UnknownMethod, UnknownTest};
    matches!(error.kind(), UnknownFilter | UnknownFunction | UnknownMethod | UnknownTest)
}

/// Hugging Face marks what the assistant said with a tag of its own, which changes nothing of the text: a condition
/// that always holds trims the space around it alike.
fn without_generation_tags(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(at) = rest.find("{%") {
        let (before, tag) = rest.split_at(at + 2);
        out.push_str(before);
        let end = tag.find("%}").unwrap_or(tag.len());
        let (body, after) = tag.split_at(end);
        match body.trim_matches(['-', '+']).trim() {
            "generation" => out.push_str(&body.replace("generation", "if true")),
            "endgeneration" => out.push_str(&body.replace("endgeneration", "endif")),
            _ => out.push_str(body),
        }
        rest = after;
    }
    out + rest
}

/// A text that stops growing.
struct Bounded(Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_TEXT_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
