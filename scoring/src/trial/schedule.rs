//! Whether rules fit the subnet that they are for.

use primitives::Hyperparameters;

use super::{Verdict, finding::Finding};
use crate::weights::Zeros;

impl Verdict {
    /// What the subnet's own rules say to it, where a round of challenges begins every `round_blocks` blocks.
    ///
    /// A new miner must outlive the time until its first weights are seen: it earns them answer by answer, they are
    /// set once an epoch, and where rows are committed they open a few epochs later.
    pub fn on(&self, chain: &Hyperparameters, round_blocks: u64) -> Vec<Finding> {
        let mut findings = vec![self.immunity(chain, round_blocks)];
        if chain.liquid_alpha_on && self.incentive.zeros == Zeros::Omit {
            let sentence = "liquid alpha is on: a miner that fails once loses its bonds at once; zeros = \"explicit\" lets \
                            them fade";
            findings.push(Finding::warning_if(true, "liquid_alpha", sentence.into()));
        }
        let (seats, needed) = (chain.max_allowed_uids.saturating_sub(1), self.incentive.limits.min_miners);
        if needed > seats {
            let sentence =
                format!("limits.min_miners is {needed}, and the subnet has {seats} seats beside the validator's");
            findings.push(Finding::error("min_miners", sentence));
        }
        findings
    }

    fn immunity(&self, chain: &Hyperparameters, round_blocks: u64) -> Finding {
        let (immunity, tempo) = (u64::from(chain.immunity_period), u64::from(chain.tempo));
        let epochs = if chain.commit_reveal_weights_enabled { chain.reveal_period_epochs } else { 0 };
        let hidden = epochs.saturating_mul(tempo);
        if immunity <= hidden {
            return Finding::error(
                "immunity",
                format!(
                    "immunity_period is {immunity} blocks, but rows stay hidden for {epochs} × {tempo} = {hidden}: a new \
                     miner loses its seat before its first weights are seen"
                ),
            );
        }
        let waits = format!("rows stay hidden for {epochs} × {tempo} = {hidden} blocks and are set once in {tempo}");
        let Some(answers) = self.pace.half_paid_after else {
            let sentence =
                format!("immunity_period is {immunity} blocks; {waits}, and a new miner earns nothing in time");
            return Finding::warning_if(true, "immunity", sentence);
        };
        let earned = answers.saturating_mul(round_blocks);
        let needed = earned.saturating_add(hidden).saturating_add(tempo);
        Finding::warning_if(
            immunity <= needed,
            "immunity",
            format!(
                "immunity_period is {immunity} blocks; {waits}, and a new miner earns half of its weight in {answers} \
                 rounds of {round_blocks} blocks: {needed} blocks in all"
            ),
        )
    }
}
