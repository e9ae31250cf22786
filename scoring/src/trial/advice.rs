//! What numbers of rules say by themselves.

use super::finding::{Finding, percent};
use crate::{audit::honest_from, incentive::Incentive, score::PPM, stages::WeightMap, weights::Zeros};

/// What a cheat is taken to save, as a share of an answer's reward, and the chance that an audit finds one.
const SAVED: f64 = 0.5;
const DETECTION: f64 = 0.999;
/// Miners of a full subnet.
const FULL: u64 = 256;
/// Kings that are not worse may fall so often, in millionths.
const LAX: u32 = 100_000;

fn share(ppm: u32) -> f64 {
    f64::from(ppm) / PPM as f64
}

/// All that there is to say.
pub(super) fn look(incentive: &Incentive) -> Vec<Finding> {
    let mut findings = vec![audits(incentive)];
    let limits = &incentive.limits;
    let cap = u64::from(limits.cap_ppm);
    if cap * FULL < PPM {
        let equal = PPM.div_ceil(cap.max(1)) - 1;
        let sentence = format!(
            "limits.cap_ppm is {}: up to {equal} miners are all cut to it, and it doesn't matter who is better",
            percent(share(limits.cap_ppm))
        );
        findings.push(Finding::warning_if(true, "cap", sentence));
    } else if cap < PPM {
        let sentence =
            format!("no miner has more than {}, where {} earn", percent(share(limits.cap_ppm)), PPM.div_ceil(cap));
        findings.push(Finding::fact("cap", sentence));
    }
    if let Some(seat) = limits.burn() {
        let sentence = format!("{} of every row goes to the seat {seat}", percent(share(limits.burn_share_ppm)));
        findings.push(Finding::warning_if(u64::from(limits.burn_share_ppm) == PPM, "burnt", sentence));
    }
    match incentive.weights {
        WeightMap::WinnerTakesAll {} => findings.push(Finding::warning_if(
            true,
            "no_margin",
            "all goes to the best without a margin: of nearly equal miners luck decides; king_of_the_hill has one"
                .into(),
        )),
        WeightMap::KingOfTheHill { margin_ppm, alpha_ppm } => {
            let none = margin_ppm == 0;
            let sentence = match none {
                true => "weights.margin_ppm is 0: a copy of the king falls short of it by nothing".to_owned(),
                false => format!("a challenger must be better than the king by {}", percent(share(margin_ppm))),
            };
            findings.push(Finding::warning_if(none, "no_margin", sentence));
            let alpha = percent(share(alpha_ppm));
            let sentence = format!("a king that is not worse is dethroned by luck in {alpha} of all reigns at most");
            findings.push(Finding::warning_if(alpha_ppm > LAX, "alpha", sentence));
        }
        _ => {}
    }
    if incentive.zeros == Zeros::Explicit {
        let sentence =
            "seats that have earned nothing are named with 0: under liquid alpha their bonds fade rather than end";
        findings.push(Finding::fact("zeros", sentence.into()));
    }
    findings
}

fn audits(incentive: &Incentive) -> Finding {
    let gate = &incentive.gate;
    let audited = share(gate.audit_probability_ppm);
    if audited >= 1.0 {
        return Finding::fact("audits", "every answer is audited".into());
    }
    let needed = honest_from(SAVED, DETECTION, gate.penalty_answers);
    let sentence = format!(
        "{} of the answers are audited and a false one costs {} more; honesty pays from {} on, where cheating saves half",
        percent(audited),
        gate.penalty_answers,
        percent(needed)
    );
    Finding::warning_if(audited < needed, "audits", sentence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{stages::Limits, trial::Severity};

    fn severity(name: &str, change: impl Fn(&mut Incentive)) -> Option<Severity> {
        let mut incentive = Incentive::default();
        change(&mut incentive);
        look(&incentive).into_iter().find(|finding| finding.name == name).map(|finding| finding.severity)
    }

    #[test]
    fn audits_must_be_worth_it() {
        let audited = |ppm, penalty| {
            severity("audits", |incentive| {
                (incentive.gate.audit_probability_ppm, incentive.gate.penalty_answers) = (ppm, penalty);
            })
        };
        assert_eq!(audited(1_000_000, 0), Some(Severity::Fact));
        // 0.5 / (0.999 * (1 + 20 * 0.5)) is 0.0455.
        assert_eq!(audited(46_000, 20), Some(Severity::Fact));
        assert_eq!(audited(45_000, 20), Some(Severity::Warning));
    }

    #[test]
    fn numbers_that_few_want() {
        let capped = |cap_ppm| severity("cap", |incentive| incentive.limits.cap_ppm = cap_ppm);
        assert_eq!(capped(1_000_000), None);
        assert_eq!((capped(3_907), capped(3_906)), (Some(Severity::Fact), Some(Severity::Warning)));
        let map = |name, weights| severity(name, |incentive| incentive.weights = weights);
        assert_eq!(map("no_margin", WeightMap::WinnerTakesAll {}), Some(Severity::Warning));
        let hill = |margin_ppm, alpha_ppm| WeightMap::KingOfTheHill { margin_ppm, alpha_ppm };
        assert_eq!(map("no_margin", hill(0, 1)), Some(Severity::Warning));
        assert_eq!(map("no_margin", hill(1, 1)), Some(Severity::Fact));
        assert_eq!(
            (map("alpha", hill(1, LAX)), map("alpha", hill(1, LAX + 1))),
            (Some(Severity::Fact), Some(Severity::Warning))
        );
        assert_eq!(severity("zeros", |incentive| incentive.zeros = Zeros::Explicit), Some(Severity::Fact));
        let burning = |burn_share_ppm| {
            severity("burnt", |incentive| {
                incentive.limits = Limits { burn_uid: Some(0), burn_share_ppm, ..Limits::default() };
            })
        };
        assert_eq!((burning(999_999), burning(1_000_000)), (Some(Severity::Fact), Some(Severity::Warning)));
    }
}
