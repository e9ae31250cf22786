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
    let drafts = match kind {
        Kind::Miner => vec![Draft { name: "miner.toml", text: neuron::miner(interview, &usual)? }],
        Kind::Validator => vec![Draft { name: "validator.toml", text: neuron::validator(interview, &usual)? }],
        Kind::Subnet => {
            let (incentive, scenario) = subnet::rules_and_scenario(interview)?;
            vec![Draft { name: "incentive.toml", text: incentive }, Draft { name: "scenario.toml", text: scenario }]
        }
    };
    interview.ends()?;
    Ok(drafts)
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
