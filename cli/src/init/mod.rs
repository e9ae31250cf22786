//! `assay init`: settings by asking. What isn't answered stays the default, and stands in the file as a comment.

mod interview;
mod neuron;
mod subnet;
mod template;

pub use interview::Interview;

use crate::settings::Settings;

/// What is to be set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// A miner's settings, miner.toml
    Miner,
    /// A validator's settings, validator.toml
    Validator,
    /// An owner's rules, incentive.toml, and a scenario to play them, scenario.toml
    Subnet,
}

impl Kind {
    /// What is written.
    pub fn files(self) -> &'static [&'static str] {
        match self {
            Self::Miner => &["miner.toml"],
            Self::Validator => &["validator.toml"],
            Self::Subnet => &["incentive.toml", "scenario.toml"],
        }
    }
}

/// A file to be.
pub struct Draft {
    /// Its usual name.
    pub name: &'static str,
    /// All of it.
    pub text: String,
}

/// Ask what is to be asked.
pub fn drafts(kind: Kind, interview: &mut Interview<'_>) -> anyhow::Result<Vec<Draft>> {
    let usual = Settings::default();
    let texts = match kind {
        Kind::Miner => vec![neuron::miner(interview, &usual)?],
        Kind::Validator => vec![neuron::validator(interview, &usual)?],
        Kind::Subnet => subnet::rules_and_scenario(interview)?.into(),
    };
    interview.ends()?;
    Ok(kind.files().iter().zip(texts).map(|(name, text)| Draft { name, text }).collect())
}

/// What to run next, where the files are these.
pub fn next(kind: Kind, files: &[String]) -> Vec<String> {
    let file = |at: usize| files.get(at).map_or("", String::as_str);
    match kind {
        Kind::Miner => {
            vec![format!("assay doctor miner --config {}", file(0)), format!("assay miner --config {}", file(0))]
        }
        Kind::Validator => vec![
            format!("assay doctor validator --config {}", file(0)),
            format!("assay validator --config {}", file(0)),
        ],
        Kind::Subnet => {
            vec![format!("assay config check {}", file(0)), format!("assay simulate {} --config {}", file(1), file(0))]
        }
    }
}
