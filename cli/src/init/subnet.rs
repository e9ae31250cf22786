//! What the owner of a subnet is asked: rules, and who is there when they are played.

use super::{
    interview::{Interview, Question, number, text, word},
    template::{Others, fill},
};

const INCENTIVE: &str = include_str!("../../../configs/incentive/default.toml");

const MILLION: u64 = 1_000_000;
/// Scorers that hold tokens against the named model's.
const OF_MODELS: [&str; 2] = ["accuracy", "verified"];
/// Scorers that mark texts. Those that want an expected answer need a task that has one, which is a crate of the owner's own
/// (docs/tutorial.md).
const OF_TEXTS: [&str; 1] = ["reference_logprob"];
/// Maps to weights, with the numbers that the file of defaults shows.
const MAPS: [(&str, &str); 5] = [
    ("proportional", "{ kind = \"proportional\", power = 2 }"),
    ("softmax", "{ kind = \"softmax\", temperature_ppm = 100000 }"),
    ("rank", "{ kind = \"rank\", decay_ppm = 900000 }"),
    ("winner_takes_all", "{ kind = \"winner_takes_all\" }"),
    ("king_of_the_hill", "{ kind = \"king_of_the_hill\", margin_ppm = 20000, alpha_ppm = 50000 }"),
];
/// Those who look for the hole.
const CHEATS: [&str; 5] = ["lazy", "cacher", "quantiser", "sybil", "copier"];

/// The incentive file and the scenario.
pub fn rules_and_scenario(interview: &mut Interview<'_>) -> anyhow::Result<[String; 2]> {
    let verifies = interview.ask(&Question {
        key: "incentive.gate.verifies",
        text: "What is verified: model (miners run one model) or answer (they choose, and texts are marked)",
        default: Some("model".into()),
        check: &|answer| word(answer, &["model", "answer"]),
    })?;
    let texts = verifies.as_deref() == Some("\"answer\"");
    let scorers: &[&str] = if texts { &OF_TEXTS } else { &OF_MODELS };
    interview.ask(&Question {
        key: "incentive.quality",
        text: &format!("How good an answer is: {}", scorers.join(", ")),
        default: (!texts).then(|| OF_MODELS[0].to_owned()),
        check: &|answer| word(answer, scorers),
    })?;
    let audited = interview.ask(&Question {
        key: "incentive.gate.audit_probability_ppm",
        text: "Share of answers that are audited, in millionths",
        default: Some(MILLION.to_string()),
        check: &|answer| number(answer, 1, MILLION),
    })?;
    if audited.is_some_and(|share| share != MILLION.to_string()) {
        interview.ask(&Question {
            key: "incentive.gate.penalty_answers",
            text: "So many answers after a false one are worth nothing (assay audit-plan says how many it must be)",
            default: None,
            check: &|answer| number(answer, 1, 1_000_000),
        })?;
    }
    let maps = MAPS.map(|(kind, _)| kind);
    interview.ask(&Question {
        key: "incentive.weights",
        text: &format!("How standings become weights: {}", maps.join(", ")),
        default: Some(maps[0].to_owned()),
        check: &|answer| {
            let map = MAPS.iter().find(|(kind, _)| *kind == answer);
            map.map(|(_, table)| (*table).to_owned())
                .ok_or_else(|| format!("{answer:?} is none of {}", maps.join(", ")))
        },
    })?;
    interview.ask(&Question {
        key: "incentive.limits.cap_ppm",
        text: "No miner has more than this share, in millionths",
        default: Some(MILLION.to_string()),
        check: &|answer| number(answer, 1, MILLION),
    })?;
    let title = "The subnet's rules: `assay config check FILE` proves them.";
    let incentive = fill(INCENTIVE, title, interview.answers(), Others::Written);
    Ok([incentive, scenario(interview)?])
}

/// Who is there. Groups and their sizes have no default in a scenario: those offered here are written as they are.
fn scenario(interview: &mut Interview<'_>) -> anyhow::Result<String> {
    let mut count = |key, text, offered: &str, most| {
        let check = |answer: &str| number(answer, 1, most);
        let asked = interview.ask(&Question { key, text, default: Some(offered.to_owned()), check: &check });
        asked.map(|answer| answer.unwrap_or_else(|| offered.to_owned()))
    };
    let miners = count("miners.honest.count", "Honest miners", "24", 1_000)?;
    let validators = count("validators.validator.count", "Validators", "6", 64)?;
    let cheats = interview.ask(&Question {
        key: "miners.cheats",
        text: &format!("Cheats to play against, two of each, with commas between them: {}, or none", CHEATS.join(", ")),
        default: Some("lazy,cacher,quantiser".into()),
        check: &cheats,
    })?;
    let cheats = cheats.unwrap_or_else(|| text("lazy,cacher,quantiser"));
    let cheats = cheats.trim_matches('"').split(',').filter(|cheat| !cheat.is_empty() && *cheat != "none");
    let mut optional = |key, text, default: &str, most| {
        let check = |answer: &str| number(answer, 1, most);
        interview.ask(&Question { key, text, default: Some(default.to_owned()), check: &check })
    };
    let epochs = optional("run.epochs", "Epochs that are played", "200", 100_000)?;
    let runs = optional("run.runs", "Runs, each with a seed of its own", "16", 10_000)?;

    let mut scenario = format!(
        "# A subnet on paper, under the rules beside it: `assay simulate scenario.toml --config incentive.toml`.\n\
         # What is commented out is the default; docs/simulator.md has every key.\n\n\
         [subnet]\n# tempo = 360\n# immunity_period = 5000\n# max_allowed_uids = 256\n# reveal_period_epochs = 1\n\n\
         [[miners]]\nname = \"honest\"\ncount = {miners}\n# Median time of an answer, in milliseconds.\n# latency_ms = 500\n\
         # What they pay, in alpha: without costs cheating saves nothing.\n# cost_alpha_per_answer = 0\n# cost_alpha_per_epoch = 0\n"
    );
    for cheat in cheats {
        scenario += &format!("\n[[miners]]\nname = \"{cheat}\"\ncount = 2\nstrategy = {{ kind = \"{cheat}\" }}\n");
        scenario += "# latency_ms = 500\n# cost_alpha_per_answer = 0\n# cost_alpha_per_epoch = 0\n";
    }
    let setting = |name: &str, default: &str, answer: Option<String>| match answer {
        Some(answer) => format!("{name} = {answer}\n"),
        None => format!("# {name} = {default}\n"),
    };
    scenario += &format!(
        "\n[[validators]]\nname = \"validator\"\ncount = {validators}\n# stake_alpha = 10000\n# cost_alpha_per_epoch = 0\n\n[run]\n{}{}",
        setting("epochs", "200", epochs),
        setting("runs", "16", runs),
    );
    Ok(scenario)
}

fn cheats(answer: &str) -> Result<String, String> {
    let cheats: Vec<&str> = answer.split(',').map(str::trim).collect();
    if let Some(unknown) = cheats.iter().find(|cheat| !CHEATS.contains(cheat)).filter(|_| cheats != ["none"]) {
        return Err(format!("{unknown:?} is none of {}", CHEATS.join(", ")));
    }
    if (1..cheats.len()).any(|at| cheats[..at].contains(&cheats[at])) {
        return Err("one is named twice".into());
    }
    Ok(text(&cheats.join(",")))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use scoring::Registry;
    use simulation::Scenario;

    use super::*;
    use crate::layers::load_text;

    fn drafts(given: &[(&str, &str)]) -> [String; 2] {
        let given = given.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let mut out = Vec::new();
        let mut interview = Interview::new(given, None, &mut out);
        let drafts = rules_and_scenario(&mut interview).unwrap();
        interview.ends().unwrap();
        drafts
    }

    #[test]
    fn whatever_is_chosen_makes_rules_and_a_scenario() {
        let registry = Registry::default();
        let mut tried = 0;
        for verifies in ["model", "answer"] {
            let scorers: &[&str] = if verifies == "model" { &OF_MODELS } else { &OF_TEXTS };
            for (quality, (map, _)) in scorers.iter().flat_map(|quality| MAPS.iter().map(move |map| (quality, map))) {
                for audited in ["1000000", "200000"] {
                    let mut given = vec![
                        ("incentive.gate.verifies", verifies),
                        ("incentive.quality", *quality),
                        ("incentive.gate.audit_probability_ppm", audited),
                        ("incentive.weights", *map),
                        ("incentive.limits.cap_ppm", "300000"),
                        ("miners.cheats", "lazy,cacher,quantiser,sybil,copier"),
                        ("run.epochs", "30"),
                    ];
                    if audited != "1000000" {
                        given.push(("incentive.gate.penalty_answers", "50"));
                    }
                    let [incentive, scenario] = drafts(&given);
                    let loaded = load_text("incentive.toml".as_ref(), &incentive, &registry).unwrap();
                    assert!(loaded.sets("incentive"));
                    let mut scenario = Scenario::from_toml(&scenario).unwrap();
                    scenario.incentive = loaded.settings.incentive;
                    scenario.check(&registry).unwrap();
                    assert_eq!((scenario.run.epochs, scenario.miners.len()), (30, 6));
                    tried += 1;
                }
            }
        }
        assert_eq!(tried, 2 * 5 * (2 + 1));
    }

    #[test]
    fn unanswered_rules_are_the_defaults() {
        let [incentive, scenario] = drafts(&[]);
        let registry = Registry::default();
        let loaded = load_text("x".as_ref(), &incentive, &registry).unwrap();
        assert_eq!(loaded.settings.incentive, scoring::Incentive::default());
        assert_eq!(
            Scenario::from_toml(&scenario).unwrap().run,
            Scenario::from_toml(&scenario.replace("# epochs", "epochs").replace("# runs", "runs")).unwrap().run
        );
        let [_, none] = drafts(&[("miners.cheats", "none")]);
        assert_eq!(Scenario::from_toml(&none).unwrap().miners.len(), 1);
    }

    #[test]
    fn cheats_are_known_and_named_once() {
        assert_eq!(cheats("lazy, sybil"), Ok("\"lazy,sybil\"".into()));
        assert!(cheats("lazy,none").is_err() && cheats("lazy,lazy").is_err() && cheats("honest").is_err());
        let mut out = Vec::new();
        let given = BTreeMap::from([("incentive.gate.verifies".to_owned(), "answer".to_owned())]);
        let mut interview = Interview::new(given, None, &mut out);
        let refused = rules_and_scenario(&mut interview).unwrap_err().to_string();
        assert!(refused.contains("incentive.quality has no default here"), "{refused}");
    }
}
