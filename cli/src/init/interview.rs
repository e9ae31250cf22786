//! Questions and answers.

use std::{
    collections::BTreeMap,
    io::{BufRead, Write},
};

use anyhow::Context as _;

use crate::failure::Usage;

/// One value that is asked for.
pub struct Question<'a> {
    /// What is set.
    pub key: &'static str,
    /// What it is, for people.
    pub text: &'a str,
    /// What holds if nobody says otherwise; none where somebody must.
    pub default: Option<String>,
    /// An answer as TOML, or why it is none.
    pub check: &'a dyn Fn(&str) -> Result<String, String>,
}

/// Somebody who answers: flags first, then lines of text.
pub struct Interview<'a> {
    given: BTreeMap<String, String>,
    asked: Vec<&'static str>,
    /// None where every other value is the default.
    lines: Option<&'a mut dyn BufRead>,
    out: &'a mut dyn Write,
    answers: BTreeMap<&'static str, String>,
}

impl<'a> Interview<'a> {
    /// With these values by key, and lines for the others, if any.
    pub fn new(given: BTreeMap<String, String>, lines: Option<&'a mut dyn BufRead>, out: &'a mut dyn Write) -> Self {
        Self { given, asked: Vec::new(), lines, out, answers: BTreeMap::new() }
    }

    /// The answer as TOML, which is also kept; none where it is the default.
    pub fn ask(&mut self, question: &Question<'_>) -> anyhow::Result<Option<String>> {
        let Question { key, text, default, check } = question;
        self.asked.push(*key);
        if let Some(given) = self.given.remove(*key) {
            let literal = check(&given).map_err(|reason| Usage(format!("--set {key}={given}: {reason}")))?;
            return Ok(self.keep(key, literal));
        }
        loop {
            let Some(lines) = &mut self.lines else {
                return match default {
                    Some(_) => Ok(None),
                    None => Err(Usage(format!("{key} has no default here: name it with --set {key}=VALUE")).into()),
                };
            };
            let shown = default.as_deref().map_or_else(String::new, |default| {
                format!(" [{}]", if default.is_empty() { "none" } else { default })
            });
            write!(self.out, "{text} ({key}){shown}: ")?;
            self.out.flush()?;
            let mut line = String::new();
            if lines.read_line(&mut line).context("reading an answer")? == 0 {
                writeln!(self.out)?;
                let message =
                    format!("nobody answers for {key}: --defaults takes the defaults, --set {key}=VALUE another value");
                return Err(Usage(message).into());
            }
            match (line.trim(), default) {
                ("", Some(_)) => return Ok(None),
                ("", None) => writeln!(self.out, "  there is no default here")?,
                (answer, _) => match check(answer) {
                    Ok(literal) => return Ok(self.keep(key, literal)),
                    Err(reason) => writeln!(self.out, "  {reason}")?,
                },
            }
        }
    }

    fn keep(&mut self, key: &'static str, literal: String) -> Option<String> {
        self.answers.insert(key, literal.clone());
        Some(literal)
    }

    /// All answers that are no default, as TOML.
    pub fn answers(&self) -> &BTreeMap<&'static str, String> {
        &self.answers
    }

    /// That nothing was given that nobody asked for.
    pub fn ends(&self) -> Result<(), Usage> {
        match self.given.keys().next() {
            None => Ok(()),
            Some(key) => {
                let message = format!("--set {key}: that isn't asked; what was asked are {}", self.asked.join(", "));
                Err(Usage(message))
            }
        }
    }
}

/// A text as TOML writes it.
pub fn text(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// Whole numbers of a range.
pub fn number(answer: &str, least: u64, most: u64) -> Result<String, String> {
    match answer.parse::<u64>() {
        Ok(number) if (least..=most).contains(&number) => Ok(number.to_string()),
        _ => Err(format!("{answer:?} is no whole number from {least} to {most}")),
    }
}

/// One of several words.
pub fn word(answer: &str, words: &[&str]) -> Result<String, String> {
    if words.contains(&answer) { Ok(text(answer)) } else { Err(format!("{answer:?} is none of {}", words.join(", "))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(
        given: &[(&str, &str)],
        lines: Option<&str>,
        default: Option<&str>,
    ) -> (Result<Option<String>, String>, String) {
        let given = given.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let (mut lines, mut out) = (lines.map(str::as_bytes), Vec::new());
        let lines = lines.as_mut().map(|lines| lines as &mut dyn BufRead);
        let mut interview = Interview::new(given, lines, &mut out);
        let check = |answer: &str| number(answer, 1, 9);
        let question = Question { key: "a.b", text: "How many", default: default.map(str::to_owned), check: &check };
        let answer = interview.ask(&question).map_err(|error| error.to_string());
        (answer, String::from_utf8(out).unwrap())
    }

    #[test]
    fn a_bad_answer_is_asked_again() {
        let (answer, shown) = ask(&[], Some("many\n10\n 3 \n"), Some("1"));
        assert_eq!(answer, Ok(Some("3".into())));
        assert_eq!(shown.matches("How many (a.b) [1]: ").count(), 3);
        assert!(shown.contains("\"many\" is no whole number from 1 to 9"), "{shown}");
    }

    #[test]
    fn nothing_is_guessed() {
        assert_eq!(ask(&[], Some("\n"), Some("1")).0, Ok(None));
        assert_eq!(ask(&[], None, Some("1")).0, Ok(None));
        assert_eq!(ask(&[("a.b", "4")], None, Some("1")), (Ok(Some("4".into())), String::new()));
        let refused = |answer: Result<Option<String>, String>, part: &str| {
            let error = answer.unwrap_err();
            assert!(error.contains(part), "{error}");
        };
        refused(ask(&[("a.b", "x")], None, Some("1")).0, "--set a.b=x");
        refused(ask(&[], Some("many\n"), Some("1")).0, "nobody answers for a.b");
        refused(ask(&[], None, None).0, "has no default here");
        let (answer, shown) = ask(&[], Some("\n2\n"), None);
        assert_eq!(answer, Ok(Some("2".into())));
        assert!(shown.contains("there is no default here"), "{shown}");
    }

    #[test]
    fn what_nobody_asks_for_is_refused() {
        let mut out = Vec::new();
        let given = BTreeMap::from([("a.c".to_owned(), "1".to_owned())]);
        let interview = Interview::new(given, None, &mut out);
        assert!(interview.ends().unwrap_err().to_string().contains("--set a.c"));
    }
}
