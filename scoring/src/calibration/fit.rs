//! Thresholds between what the honest do and what cheats do.

use serde::{Deserialize, Serialize};

use super::{
    interval::clopper_pearson,
    population::{CONFIDENCE, Conduct, Observed, Population, Spread},
};
use crate::{
    proof::{POINTS, Thresholds},
    sprt::{Hypotheses, Sprt},
};

/// Margins from which a token may count as off, in millionths. Rounding gives small ones, other noise those of the order of
/// a million.
const MARGINS_MICRO: [u32; 6] = [10_000, 25_000, 50_000, 100_000, 250_000, 500_000];

/// No honest share of tokens is taken to be smaller, however few were off: other machines round otherwise.
const LEAST_OFF: f64 = 1e-4;

/// Of the way from the honest to the nearest cheat, a threshold lies at this part.
const WAY: u32 = 4;

/// What is demanded of thresholds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Demands {
    /// The length of an answer that the rates are about, in tokens.
    pub answer_tokens: u32,
    /// Honest answers that are rejected, at most, in millionths.
    pub false_rejection_ppm: u32,
    /// Cheats' answers that are accepted by the tokens alone, at most, in millionths.
    pub false_acceptance_ppm: u32,
    /// Rows to be opened of an answer.
    pub opened_rows: u32,
}

impl Default for Demands {
    fn default() -> Self {
        Self { answer_tokens: 128, false_rejection_ppm: 1_000, false_acceptance_ppm: 1_000, opened_rows: 4 }
    }
}

/// Why there are no thresholds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoThresholds {
    /// Nothing to measure.
    #[error("no {0:?} answers were measured")]
    Unmeasured(Conduct),
    /// The honest take other tokens as often as cheats.
    #[error("tokens don't tell: {honest_ppm} of a million honest ones are off, and {cheat_ppm} of the cheats'")]
    Tokens {
        /// At most.
        honest_ppm: u64,
        /// At least.
        cheat_ppm: u64,
    },
    /// The honest would be rejected too often.
    #[error("{rejected} of {answers} honest answers ({name}) would be rejected")]
    Honest {
        /// Which.
        name: String,
        /// So many.
        rejected: u32,
        /// Of so many.
        answers: u32,
    },
    /// A cheat would pass.
    #[error("{accepted} of {answers} answers of a cheat ({name}) would be accepted")]
    Passed {
        /// Which.
        name: String,
        /// So many.
        accepted: u32,
        /// Of so many.
        answers: u32,
    },
}

/// Thresholds between the honest and the cheats that were observed. Whether they may be issued is [`judge`]'s to say.
pub fn fit(observed: &[Observed], demands: &Demands) -> Result<Thresholds, NoThresholds> {
    for conduct in [Conduct::Honest, Conduct::Sampling, Conduct::Model, Conduct::Forged] {
        if !of(observed, &[conduct]).any(|observed| !observed.samples.is_empty()) {
            return Err(NoThresholds::Unmeasured(conduct));
        }
    }
    let (off_margin_micro, tokens) = tokens(observed, demands)?;
    let between = |numbers: fn(&Observed) -> Vec<u32>, noise, most| threshold(observed, numbers, noise, most);
    Ok(Thresholds {
        off_margin_micro,
        tokens,
        mismatches: between(Observed::mismatches, 8, POINTS as u32 - 1),
        mantissa_mean_milli: between(Observed::mantissa_means_milli, 50, 127_999),
        opening_ppm: between(Observed::openings_ppm, 1_000, 999_999),
        opened_rows: demands.opened_rows,
    })
}

/// Whether thresholds that say this of all kinds of miners may be issued.
pub fn judge(populations: &[Population], demands: &Demands) -> Result<(), NoThresholds> {
    populations.iter().try_for_each(|population| judge_one(population, demands))
}

fn judge_one(population: &Population, demands: &Demands) -> Result<(), NoThresholds> {
    let Population { ref name, conduct, answers, rejected, .. } = *population;
    let accepted = answers - rejected;
    match conduct {
        // More than chance explains.
        Conduct::Honest if population.rejection_low_ppb / 1_000 > demands.false_rejection_ppm => {
            Err(NoThresholds::Honest { name: name.clone(), rejected, answers })
        }
        Conduct::Forged | Conduct::Model if accepted > 0 => {
            Err(NoThresholds::Passed { name: name.clone(), accepted, answers })
        }
        // How soon it is found is for whoever reads the rates.
        Conduct::Honest | Conduct::Forged | Conduct::Model | Conduct::Rounded | Conduct::Sampling => Ok(()),
    }
}

/// The margin and the test that need the fewest tokens to find the most careful cheat.
fn tokens(observed: &[Observed], demands: &Demands) -> Result<(u32, Sprt), NoThresholds> {
    let rates = |margin: u32| {
        let rate = |observed: &Observed| {
            let tokens = observed.samples.iter().map(|sample| sample.margins_micro.len() as u64).sum();
            clopper_pearson(observed.off(margin), tokens, CONFIDENCE)
        };
        let honest = of(observed, &[Conduct::Honest]).map(|observed| rate(observed).1).fold(LEAST_OFF, f64::max);
        let cheat = of(observed, &[Conduct::Sampling]).map(|observed| rate(observed).0).fold(0.999, f64::min);
        (honest, cheat)
    };
    let design = |margin: u32| {
        let (honest, cheat) = rates(margin);
        let test = Sprt::design(&Hypotheses {
            honest,
            cheat,
            // Half of what is allowed; the proof has the other half.
            alpha: f64::from(demands.false_rejection_ppm) / 2e6,
            beta: f64::from(demands.false_acceptance_ppm) / 1e6,
            tokens: demands.answer_tokens,
        })?;
        let drift = cheat * test.off_micro as f64 - (1.0 - cheat) * test.match_micro as f64;
        (drift > 0.0).then(|| (margin, test, test.reject_micro as f64 / drift))
    };
    let best = MARGINS_MICRO.into_iter().filter_map(design).min_by(|a, b| a.2.total_cmp(&b.2));
    best.map(|(margin, test, _)| (margin, test)).ok_or_else(|| {
        let (honest, cheat) = rates(MARGINS_MICRO[0]);
        NoThresholds::Tokens { honest_ppm: (honest * 1e6) as u64, cheat_ppm: (cheat * 1e6) as u64 }
    })
}

/// A threshold between the most of the honest and the least of those that this number tells apart from them: by more than
/// the `noise` of another rounding here or there, which any machine may show.
fn threshold(observed: &[Observed], numbers: fn(&Observed) -> Vec<u32>, noise: u32, most: u32) -> u32 {
    let honest = of(observed, &[Conduct::Honest]).flat_map(numbers).max().unwrap_or(0);
    let apart = of(observed, &[Conduct::Rounded, Conduct::Model, Conduct::Forged])
        .map(|observed| Spread::of(numbers(observed)).q01)
        .filter(|least| *least > honest.saturating_mul(2).saturating_add(noise))
        .min();
    match apart {
        Some(least) => (honest + (least - honest) / WAY).min(most),
        // It tells nobody apart: it only must not be in the way of the honest.
        None => honest.saturating_mul(2).saturating_add(noise).min(most),
    }
}

fn of<'a>(observed: &'a [Observed], conducts: &'a [Conduct]) -> impl Iterator<Item = &'a Observed> {
    observed.iter().filter(|observed| conducts.contains(&observed.conduct))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        calibration::{CALIBRATION_VERSION, Calibration, CalibrationError, Sample, Setting, SignedCalibration},
        proof::ProofCheck,
    };
    use primitives::{Digest, Keypair};

    fn calibrate(observed: &[Observed], demands: &Demands) -> Result<(Thresholds, Vec<Population>), NoThresholds> {
        let thresholds = fit(observed, demands)?;
        let populations: Vec<Population> = observed.iter().map(|observed| observed.sum_up(&thresholds)).collect();
        judge(&populations, demands)?;
        Ok((thresholds, populations))
    }

    /// Answers of 128 tokens, every `off_every`th off, with these numbers in their proofs.
    fn population(conduct: Conduct, off_every: usize, mismatches: u32, mean: u32, opening: u32) -> Observed {
        let samples = (0..200)
            .map(|answer| Sample {
                margins_micro: (0..128)
                    .map(|token| if (answer * 128 + token + 1) % off_every == 0 { 900_000 } else { 0 })
                    .collect(),
                complete: true,
                proof: ProofCheck::Compared {
                    chunks: 5,
                    mismatches: mismatches + answer as u32 % 2,
                    mantissa_mean_milli: mean + answer as u32,
                    opened: 4,
                    opening_ppm: opening + answer as u32,
                },
            })
            .collect();
        Observed { name: format!("{conduct:?}"), conduct, samples }
    }

    fn usual() -> Vec<Observed> {
        vec![
            population(Conduct::Honest, 100, 2, 300, 2_000),
            population(Conduct::Sampling, 9, 2, 300, 2_000),
            population(Conduct::Rounded, 60, 3, 1_300, 9_000),
            population(Conduct::Model, 5, 22, 6_900, 90_000),
            population(Conduct::Forged, 100, 1, 14_000, 1_400_000),
        ]
    }

    #[test]
    fn thresholds_lie_between() {
        let (thresholds, populations) = calibrate(&usual(), &Demands::default()).unwrap();
        assert!(thresholds.are_possible());
        // The most of the honest is 499 and 2199; the least of the rounded is 1301 and 9001.
        assert_eq!((thresholds.mantissa_mean_milli, thresholds.opening_ppm), (699, 3_899));
        // Only the other model has more than twice as many mismatches.
        assert_eq!(thresholds.mismatches, 7);
        let rejected: Vec<u32> = populations.iter().map(|population| population.rejected).collect();
        assert_eq!(rejected, [0, 200, 200, 200, 200]);
        assert_eq!(populations[1].rejected_by_proof, 0);
        assert_eq!(populations[4].rejected_by_tokens, 0);
        assert!(
            populations[0].rejection_high_ppb > 10_000_000,
            "200 answers are no proof of less than one in a hundred"
        );
    }

    /// The published thresholds would let such a rounded model pass; ours are not given out where it would.
    #[test]
    fn there_are_none_where_a_cheat_would_pass() {
        let passed = |conduct, changed: Observed| {
            let mut observed = usual();
            observed.retain(|observed| observed.conduct != conduct);
            observed.push(changed);
            calibrate(&observed, &Demands::default()).unwrap_err()
        };
        let forger = passed(Conduct::Forged, population(Conduct::Forged, 100, 2, 300, 2_000));
        assert!(matches!(forger, NoThresholds::Passed { accepted: 200, .. }), "{forger}");
        let model = passed(Conduct::Model, population(Conduct::Model, 100, 2, 400, 2_100));
        assert!(matches!(model, NoThresholds::Passed { .. }), "{model}");
        let sampling = passed(Conduct::Sampling, population(Conduct::Sampling, 100, 2, 300, 2_000));
        assert!(matches!(sampling, NoThresholds::Tokens { .. }), "{sampling}");
        let mut broken = population(Conduct::Honest, 100, 2, 300, 2_000);
        broken.samples.iter_mut().take(20).for_each(|sample| sample.proof = ProofCheck::Broken);
        assert!(matches!(passed(Conduct::Honest, broken), NoThresholds::Honest { rejected: 20, .. }));
        for conduct in [Conduct::Honest, Conduct::Sampling, Conduct::Model, Conduct::Forged] {
            let observed: Vec<_> = usual().into_iter().filter(|observed| observed.conduct != conduct).collect();
            assert_eq!(calibrate(&observed, &Demands::default()), Err(NoThresholds::Unmeasured(conduct)));
        }
    }

    /// What can't be told apart is said, and the rest still stands.
    #[test]
    fn a_finely_rounded_model_may_pass() {
        let mut observed = usual();
        observed[2] = population(Conduct::Rounded, 100, 2, 310, 2_010);
        let (thresholds, populations) = calibrate(&observed, &Demands::default()).unwrap();
        assert_eq!(populations[2].rejected, 0);
        assert_eq!(thresholds.mantissa_mean_milli, 499 + (6_901 - 499) / 4);
    }

    #[test]
    fn a_file_is_signed_and_of_one_model() {
        let (thresholds, populations) = calibrate(&usual(), &Demands::default()).unwrap();
        let setting = Setting { dtype: "f32".into(), device: "cpu".into(), hardware: "a processor".into() };
        let calibration = Calibration {
            version: CALIBRATION_VERSION,
            name: "tiny".into(),
            model: Digest::of(b"model"),
            made_s: 1,
            miner: setting.clone(),
            validator: setting,
            demands: Demands::default(),
            thresholds,
            populations,
        };
        let bytes = calibration.clone().sign(&Keypair::from_uri("//Alice").unwrap()).encode();
        let read = SignedCalibration::decode(&bytes).unwrap();
        assert_eq!(read.calibration, calibration);
        let rules = read.rules(&Digest::of(b"model")).unwrap();
        assert_eq!((rules.thresholds, rules.calibration), (thresholds, calibration.digest()));
        assert!(matches!(read.rules(&Digest::of(b"other")), Err(CalibrationError::OtherModel { .. })));

        let text = String::from_utf8(bytes.clone()).unwrap();
        let changed = text.replace("\"mismatches\": 7", "\"mismatches\": 70");
        assert_ne!(changed, text);
        let refused = SignedCalibration::decode(changed.as_bytes());
        assert!(matches!(refused, Err(CalibrationError::BadSignature(_))), "{refused:?}");
        assert!(matches!(SignedCalibration::decode(&bytes[..bytes.len() / 2]), Err(CalibrationError::Json(_))));
        let large = vec![b' '; MAX_CALIBRATION_BYTES_PLUS_ONE];
        assert!(matches!(SignedCalibration::decode(&large), Err(CalibrationError::TooLarge(_))));
    }

    const MAX_CALIBRATION_BYTES_PLUS_ONE: usize = crate::calibration::MAX_CALIBRATION_BYTES + 1;
}
