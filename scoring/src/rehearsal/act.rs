//! What a made-up miner does when it is asked, and what is seen of it.

use primitives::Digest;

use crate::{
    evidence::{Check, Evidence},
    incentive::Incentive,
    outcome::Outcome,
    proof::ProofCheck,
    score::{PPM, Score},
    sketch::{SKETCH_BYTES, Sketch},
    stages::Verifies,
};

/// What a miner does when it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Answers.
    Answer(Answer),
    /// Doesn't answer in time.
    Fail,
    /// Is found to have answered falsely.
    Cheat,
}

/// An answer, as it looks to who checks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Tokens in it: at least one.
    pub tokens: u32,
    /// Of these, so many match, where rules verify the model.
    pub matched: u32,
    /// Sum of the tokens' margins, in millionths; the scorers of this crate don't look at it.
    pub margin_micro: u64,
    /// What a scorer says of its text, where rules verify the answer.
    pub mark: Score,
    /// From the request to the end of the answer.
    pub latency_us: u64,
    /// From the request to the first token.
    pub first_token_us: u64,
    /// Answers of one voice in a round have one text.
    pub voice: u64,
    /// Whether the lot falls on it. Where rules verify the answer, or audit all, it doesn't matter.
    pub audited: bool,
}

impl Answer {
    /// A text of its own that is so good, without delay.
    pub fn at_once(tokens: u32, quality: Score) -> Self {
        let matched = u64::from(tokens) * u64::from(quality.nano()) / u64::from(Score::ONE.nano());
        Self {
            tokens,
            // No more than there are tokens.
            matched: u32::try_from(matched).unwrap_or(tokens),
            margin_micro: 0,
            mark: quality,
            latency_us: 0,
            first_token_us: 0,
            voice: 0,
            audited: true,
        }
    }

    /// What the check that rules demand says of it.
    pub(crate) fn check(&self, incentive: &Incentive) -> Check {
        let Self { tokens: answered, matched, margin_micro, mark, .. } = *self;
        let gate = &incentive.gate;
        let skipped = !self.audited && u64::from(gate.audit_probability_ppm) < PPM;
        match (&incentive.proof, gate.verifies) {
            (_, Verifies::Answer) => Check::Marked { answered, mark },
            _ if skipped => Check::Unaudited { answered },
            (None, _) => Check::Tokens { answered, matched, margin_micro, complete: true },
            (Some(_), _) => {
                let proof = ProofCheck::Compared {
                    chunks: 1,
                    mismatches: 0,
                    mantissa_mean_milli: 0,
                    opened: 1,
                    opening_ppm: 0,
                };
                Check::Proven { answered, matched, margin_micro, complete: true, peak_micro: 0, proof }
            }
        }
    }
}

impl Act {
    /// What a validator writes down of it in a round.
    pub(crate) fn evidence(&self, incentive: &Incentive, round: u64) -> Evidence {
        let failed = |outcome| Evidence { outcome, latency_us: 0, first_token_us: None, check: None, sketch: None };
        let answer = match self {
            Self::Fail => return failed(Outcome::Timeout),
            Self::Cheat => return failed(Outcome::BadProof),
            Self::Answer(answer) => answer,
        };
        let check = answer.check(incentive);
        let outcome = check.outcome(incentive);
        let sketched = outcome == Outcome::Ok && incentive.duplicates.looks();
        Evidence {
            outcome,
            latency_us: answer.latency_us,
            first_token_us: Some(answer.first_token_us),
            check: Some(check),
            sketch: sketched.then(|| sketch(answer.voice, round)),
        }
    }
}

/// Of a text that those of one voice share in a round.
fn sketch(voice: u64, round: u64) -> Sketch {
    let mut bytes = [0; SKETCH_BYTES];
    for (part, bytes) in bytes.chunks_mut(32).enumerate() {
        let text = [&voice.to_le_bytes()[..], &round.to_le_bytes(), &[part as u8]].concat();
        bytes.copy_from_slice(&Digest::of(&text).0);
    }
    Sketch(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stages::{Duplicates, Gate};

    #[test]
    fn what_is_seen_is_possible_under_the_rules() {
        let sampled = Gate { audit_probability_ppm: 100_000, penalty_answers: 9, ..Gate::default() };
        let by_answer = Gate { verifies: Verifies::Answer, ..Gate::default() };
        let looking =
            Duplicates::MinHash { resemblance_ppm: 900_000, rounds: 50, share_ppm: 800_000, least_rounds: 10 };
        for gate in [Gate::default(), sampled, by_answer] {
            let by_answer = gate.verifies == Verifies::Answer;
            let duplicates = if by_answer { looking } else { Duplicates::default() };
            let incentive = Incentive { gate, same_question: by_answer, duplicates, ..Incentive::default() };
            for audited in [false, true] {
                for quality in [Score::ZERO, Score::ratio(1, 2), Score::ONE] {
                    let answer = Answer { audited, ..Answer::at_once(128, quality) };
                    for act in [Act::Fail, Act::Cheat, Act::Answer(answer)] {
                        let evidence = act.evidence(&incentive, 3);
                        assert!(evidence.is_consistent(&incentive), "{act:?} {incentive:?}");
                        assert_eq!(evidence.sketch.is_some(), by_answer && evidence.outcome == Outcome::Ok);
                    }
                }
            }
        }
    }

    #[test]
    fn a_voice_has_one_text_in_a_round() {
        assert_eq!(sketch(1, 1), sketch(1, 1));
        assert_ne!(sketch(1, 1), sketch(2, 1));
        assert_ne!(sketch(1, 1), sketch(1, 2));
    }
}
