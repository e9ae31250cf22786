//! A table that counts what another table's rules let be asked and seen: for [`crate::WhatIf`]. A log's own records never
//! come this way.

use super::ScoreTable;
use crate::{
    divergence::Divergence,
    record::{Scored, WeightsRecord},
    weights::{NoWeights, Share, plan},
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
        self.credit(scored, task, &evidence, self.score(&evidence))?;
        Ok(true)
    }

    /// The row of these rules where another one was computed, seat by seat in the snapshot's order. Where there is none,
    /// nothing changes: their own validator would have written nothing.
    pub(crate) fn reweigh(&mut self, record: &WeightsRecord) -> Result<Result<Vec<Share>, NoWeights>, Divergence> {
        self.check_round(record.round)?;
        let planned = plan(self, &record.snapshot).and_then(|plan| Ok((plan.row()?, plan)));
        Ok(planned.map(|(row, plan)| {
            self.state.weights = Some(row);
            self.state.throne.crown(plan.king);
            self.forget_others(&record.snapshot);
            plan.shares
        }))
    }
}
