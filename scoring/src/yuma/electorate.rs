//! Whose word counts in an epoch, and what they say together.

use substrate_fixed::types::I32F32;

use super::{
    EpochInput, StoredRows,
    clipping::{self, Clipped},
    fixed::{self, ZERO},
    is_active,
    matrix::Matrix,
    may_judge, median, stake, storage,
};

/// Those who may judge, and their rows.
pub(crate) struct Electorate {
    /// Whose stake counts, by uid.
    heard: Vec<bool>,
    weights: Matrix,
    kappa: I32F32,
}

/// What they say of each seat.
pub(crate) struct Judgement {
    /// The stake-weighted median of the weights on it.
    pub consensus: Vec<I32F32>,
    /// What of each row's weights survived clipping.
    pub validator_trust: Vec<I32F32>,
    /// Its share of what miners are paid.
    pub incentive: Vec<I32F32>,
}

/// Weights after clipping, as far as it applies to bonds.
pub(super) struct Judged {
    pub weights: Matrix,
    /// Where each row is multiplied by its stake already: the sum of each column.
    pub ranks: Option<Vec<I32F32>>,
}

impl Electorate {
    pub(super) fn of<R: StoredRows>(input: &EpochInput<R>, active: &[bool], permits: &[bool]) -> Self {
        // A list that the chain has nothing in masks nothing.
        let works = |i: usize| active[i] || input.last_update.is_empty();
        let judges = |i: usize| permits[i] || input.validator_permits.is_empty();
        Self {
            heard: (0..input.seats()).map(|i| works(i) && judges(i)).collect(),
            weights: storage::counted_weights(input, permits),
            kappa: fixed::share(input.kappa),
        }
    }

    /// Of an epoch's input.
    pub(crate) fn of_epoch<R: StoredRows>(input: &EpochInput<R>) -> Self {
        let of_each = |says: fn(&EpochInput<R>, usize) -> bool| (0..input.seats()).map(|i| says(input, i)).collect();
        let (active, permits): (Vec<bool>, Vec<bool>) = (of_each(is_active), of_each(may_judge));
        Self::of(input, &active, &permits)
    }

    /// The stake of those who are heard, as shares of theirs.
    pub(super) fn active_stake(&self, stake: &[I32F32]) -> Vec<I32F32> {
        let heard = |(stake, heard): (&I32F32, &bool)| if *heard { *stake } else { ZERO };
        let mut active_stake: Vec<I32F32> = stake.iter().zip(&self.heard).map(heard).collect();
        fixed::normalize(&mut active_stake);
        active_stake
    }

    /// The same out of the epoch's stakes, as if one seat had none.
    pub(crate) fn active_stake_without<R: StoredRows>(
        &self,
        input: &EpochInput<R>,
        left_out: Option<usize>,
    ) -> Vec<I32F32> {
        self.active_stake(&stake::shares_without(input, left_out))
    }

    pub(crate) fn judgement(&self, active_stake: &[I32F32]) -> Judgement {
        let consensus = self.consensus(active_stake);
        let clipped = clipping::clipped_sums(&self.weights, &consensus, active_stake);
        Judgement::of(consensus, clipped)
    }

    /// The judgement, and the weights that an epoch makes bonds of.
    pub(super) fn judge<R: StoredRows>(
        mut self,
        input: &EpochInput<R>,
        active_stake: &[I32F32],
    ) -> (Judgement, Judged) {
        // Liquid alpha wants to know what rows name after clipping. All else takes 0 for not named.
        if input.bonds_penalty == u16::MAX && !input.is_liquid() {
            let consensus = self.consensus(active_stake);
            let keep = |clipped, product| if input.yuma3 { clipped } else { product };
            let clipped = clipping::clip_and_keep(&mut self.weights, &consensus, active_stake, keep);
            let ranks = (!input.yuma3).then(|| clipped.columns.clone());
            return (Judgement::of(consensus, clipped), Judged { weights: self.weights, ranks });
        }
        let judgement = self.judgement(active_stake);
        let weights = match input.bonds_penalty {
            0 => self.weights,
            u16::MAX => clipping::clipped(self.weights, &judgement.consensus),
            penalty => clipping::clipped_partly(self.weights, &judgement.consensus, fixed::share(penalty)),
        };
        (judgement, Judged { weights, ranks: None })
    }

    fn consensus(&self, active_stake: &[I32F32]) -> Vec<I32F32> {
        median::weighted_medians(active_stake, &self.weights, self.kappa)
    }
}

impl Judgement {
    fn of(consensus: Vec<I32F32>, clipped: Clipped) -> Self {
        let Clipped { rows: validator_trust, columns: mut incentive } = clipped;
        fixed::normalize(&mut incentive);
        Self { consensus, validator_trust, incentive }
    }
}
