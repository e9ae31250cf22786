//! The gate: what an answer must show before it is worth anything, and what a false one costs.

use serde::{Deserialize, Serialize};

use crate::{incentive::Ranges, score::PPM};

/// What is verified.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verifies {
    /// That the named model gave the answer.
    #[default]
    Model,
    /// That the answer is right: for subnets whose miners choose their models. Tasks know what is right, and the scorer
    /// marks it.
    Answer,
}

/// What an answer must show. Nothing behind the gate makes up for failing it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Gate {
    /// What is verified.
    pub verifies: Verifies,
    /// A token counts as the validator's own when its margin is at most so many millionths. It covers rounding
    /// between backends; noise and logits are of the order of a million.
    pub margin_tolerance_micro: u32,
    /// Share of an answer's tokens that must match, in millionths. Below it the output is wrong.
    pub match_gate_ppm: u32,
    /// Least cosine of every embedding, in millionths. Below it the output is wrong.
    pub cosine_gate_micro: i32,
    /// Least mark of an answer that is judged by its text, in millionths. Below it the output is wrong.
    pub mark_gate_ppm: u32,
    /// Chance that an answer is audited, in millionths. Others count as right until one is found to be false.
    pub audit_probability_ppm: u32,
    /// The cool-down: so many answers after a false one are worth nothing. At least one where not all answers are audited.
    pub penalty_answers: u32,
    /// Worth of an answer without a proof whose claimed probabilities are right, in millionths: the weaker check. 0
    /// means that it isn't accepted.
    pub logprob_share_ppm: u32,
    /// How far a claimed probability may be off there, in millionths; `match_gate_ppm` of them must not be.
    pub logprob_tolerance_micro: u32,
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            verifies: Verifies::default(),
            margin_tolerance_micro: 100_000,
            match_gate_ppm: 900_000,
            cosine_gate_micro: 995_000,
            mark_gate_ppm: 1,
            audit_probability_ppm: PPM as u32,
            penalty_answers: 0,
            logprob_share_ppm: 0,
            logprob_tolerance_micro: 50_000,
        }
    }
}

impl Gate {
    pub(crate) fn check(&self, ranges: &mut Ranges) {
        let most = PPM as i64;
        // Where a miner may hope not to be looked at, being found must cost it more than the one answer.
        let sampled = u64::from(self.audit_probability_ppm) < PPM;
        ranges.within("gate.match_gate_ppm", self.match_gate_ppm, 1, most);
        ranges.within("gate.cosine_gate_micro", self.cosine_gate_micro, 1, most);
        ranges.within("gate.mark_gate_ppm", self.mark_gate_ppm, 1, most);
        ranges.within("gate.audit_probability_ppm", self.audit_probability_ppm, 1, most);
        ranges.within("gate.penalty_answers", self.penalty_answers, sampled, u32::MAX);
        ranges.within("gate.logprob_share_ppm", self.logprob_share_ppm, 0, most);
        ranges.within("gate.logprob_tolerance_micro", self.logprob_tolerance_micro, 1, most);
    }
}
