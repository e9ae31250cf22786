//! `assay audit-plan`: how many answers to audit.

use std::process::ExitCode;

use scoring::{AuditPlan, honest_from};
use serde_json::json;

use crate::{args::Global, failure::Usage, layers::Layer, output};

/// Compute how soon a cheat is caught, and from which share of audits on honesty pays best
///
/// Without flags it is about the settings: incentive.gate.audit_probability_ppm and incentive.gate.penalty_answers.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The share of answers that is audited, 0 to 1 [setting: incentive.gate.audit_probability_ppm]
    #[arg(long, value_name = "SHARE")]
    probability: Option<f64>,
    /// Answers that are worth nothing after a false one was found [setting: incentive.gate.penalty_answers]
    #[arg(long, value_name = "COUNT")]
    penalty: Option<u32>,
    /// The chance that an audit finds a false answer; a calibration says it of each kind of cheat
    #[arg(long, value_name = "SHARE", default_value_t = 0.999)]
    detection: f64,
    /// The share of its answers in which a miner cheats
    #[arg(long, value_name = "SHARE", default_value_t = 1.0)]
    cheated: f64,
    /// What cheating saves, as a share of an answer's reward
    #[arg(long, value_name = "SHARE", default_value_t = 0.5)]
    saved: f64,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

pub fn run(args: &Args, global: &Global) -> anyhow::Result<ExitCode> {
    let gate = global.settings(Layer::default())?.settings.incentive.gate;
    let plan = AuditPlan {
        probability: args.probability.unwrap_or(f64::from(gate.audit_probability_ppm) / 1e6),
        detection: args.detection,
        penalty: args.penalty.unwrap_or(gate.penalty_answers),
    };
    for (name, share) in [
        ("--probability", plan.probability),
        ("--detection", plan.detection),
        ("--cheated", args.cheated),
        ("--saved", args.saved),
    ] {
        if !(0.0..=1.0).contains(&share) {
            return Err(Usage(format!("{name} is {share}, but must be from 0 to 1")).into());
        }
    }
    let within: Vec<_> = [1, 10, 100, 1_000].map(|answers| (answers, plan.caught_within(args.cheated, answers))).into();
    let until = [0.5, 0.99, 0.999_999].map(|sure| (sure, plan.answers_until_caught(args.cheated, sure)));
    let least = honest_from(args.saved, plan.detection, plan.penalty);
    let honest = plan.honesty_pays(args.saved);

    let mut text = format!(
        "audited              {:>9.4} of the answers, {} of which is found if it is false; then {} answers are worth nothing\n",
        plan.probability, plan.detection, plan.penalty
    );
    for (answers, chance) in &within {
        text += &format!("caught within        {answers:>9} answers  {:.4} %\n", chance * 100.0);
    }
    for (sure, answers) in until {
        let answers = answers.map_or_else(|| "never".to_owned(), |answers| answers.to_string());
        text += &format!("caught after         {answers:>9} answers  with {} %\n", sure * 100.0);
    }
    text += &format!(
        "a cheat earns        {:>9.4} of an honest reward, an honest miner keeps {:.4} of it\n",
        plan.reward_of_cheating(),
        1.0 - args.saved
    );
    text += &match least {
        least if least <= 1.0 => {
            format!("honesty pays best from {least:.6} audited on: {}\n", if honest { "it does" } else { "it doesn't" })
        }
        _ => "honesty doesn't pay with any share of audits: raise the penalty\n".to_owned(),
    };
    let document = json!({
        "plan": plan,
        "cheated": args.cheated,
        "saved": args.saved,
        "caught_within": within,
        "answers_until_caught": until,
        "reward_of_cheating": plan.reward_of_cheating(),
        "honest_from_probability": least,
        "honesty_pays": honest,
    });
    output::print(&text, &document, args.json)?;
    Ok(ExitCode::SUCCESS)
}
