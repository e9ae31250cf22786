//! A table that counts what another table's rules let be asked and seen, for [`crate::WhatIf`], or what is made up, for
//! [`crate::rehearsal`]. A log's own records never come this way.

use primitives::{Registration, Weights};

use super::ScoreTable;
use crate::{
    divergence::Divergence,
    evidence::Evidence,
    record::{Scored, WeightsRecord},
    weights::{NoWeights, Share, Snapshot, plan},
};

impl ScoreTable {
    /// Counts an answer with the outcome and the score that follow from what was seen of it under these rules. False, and
    /// nothing changes, where they don't name its task.
    pub(crate) fn rejudge(&mut self, scored: &Scored) -> Result<bool, Divergence> {
        self.check_round(scored.round)?;
        if scored.miner.hotkey == self.header.validator {
            return Err(Divergence::Oneself);
        }
        let Some(task) = self.mechanism.task(&scored.task) else { return Ok(false) };
        let evidence = scored.evidence.under(self.incentive());
        self.credit(scored.miner, task, &evidence, self.score(&evidence))?;
        Ok(true)
    }

    /// The row of these rules where another one was computed, seat by seat in the snapshot's order. Where there is none,
    /// nothing changes: their own validator would have written nothing.
    pub(crate) fn reweigh(&mut self, record: &WeightsRecord) -> Result<Result<Vec<Share>, NoWeights>, Divergence> {
        self.check_round(record.round)?;
        Ok(self.weigh(&record.snapshot).map(|(_, shares)| shares))
    }

    /// The row that follows from the standings, as if it had been written down.
    pub(crate) fn weigh(&mut self, snapshot: &Snapshot) -> Result<(Weights, Vec<Share>), NoWeights> {
        let plan = plan(self, snapshot)?;
        let row = plan.row()?;
        self.state.weights = Some(row.clone());
        self.state.throne.crown(plan.king);
        self.forget_others(snapshot);
        Ok((row, plan.shares))
    }

    /// Counts a made-up answer to the task at a place, as `apply` would: its evidence must be one of these rules. The
    /// validator's own and a second one to the same task count for nothing.
    pub(crate) fn count_made_up(&mut self, miner: Registration, task: usize, evidence: &Evidence) {
        debug_assert!(evidence.is_consistent(self.incentive()));
        if miner.hotkey != self.header.validator {
            let score = self.score(evidence);
            let _ = self.credit(miner, task, evidence, score);
        }
    }
}
