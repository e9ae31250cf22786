//! A subnet of one's own: miners are asked for sums, and paid by how close they come.

#![warn(missing_docs)]

use primitives::{GenerateRequest, Prompt, Request, Sampling};
use scoring::{Choices, Question, Registry, Score, Scorer, Task};
use serde::{Deserialize, Deserializer, de::Error};

/// What the command knows besides its own tasks and scorers.
pub fn registry() -> Registry {
    Registry::default().with_task::<Sums>("sums").with_scorer::<Closeness>("closeness")
}

/// Add two numbers of so many digits.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sums {
    #[serde(deserialize_with = "one_to_nine")]
    digits: u32,
}

fn one_to_nine<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let digits = u32::deserialize(deserializer)?;
    let wrong = || D::Error::custom(format!("digits is {digits}, but must be from 1 to 9"));
    (1..=9).contains(&digits).then_some(digits).ok_or_else(wrong)
}

impl Task for Sums {
    fn question(&self, choices: &mut Choices) -> Question {
        let least = 10_u32.pow(self.digits - 1);
        let mut number = || least + choices.below(9 * least);
        let (a, b) = (number(), number());
        let prompt = Prompt::Text(format!("What is {a} plus {b}? Answer with the number only."));
        let request = Request::Generate(GenerateRequest::new(prompt, 24, Sampling::at(0)));
        Question { request, expected: Some((u64::from(a) + u64::from(b)).to_string()) }
    }
}

/// All for the right number, half for one that is off by half of the tolerance, nothing beyond it.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Closeness {
    /// As a share of the right number, in millionths.
    tolerance_ppm: u32,
}

impl Scorer for Closeness {
    fn mark(&self, expected: &str, answered: &str) -> Score {
        let (Some(right), Some(found)) = (number(expected), number(answered)) else { return Score::ZERO };
        if right == found {
            return Score::ONE;
        }
        // Integers: everybody who has the log computes the same.
        let allowed = right.saturating_mul(self.tolerance_ppm.into()) / 1_000_000;
        Score::ratio(allowed.saturating_sub(right.abs_diff(found)), allowed)
    }
}

/// The last number in a text: models like to repeat the question.
fn number(text: &str) -> Option<u64> {
    let digits = text.replace(',', "");
    digits.split(|c: char| !c.is_ascii_digit()).rfind(|digits| !digits.is_empty())?.parse().ok()
}

#[cfg(test)]
mod tests;
