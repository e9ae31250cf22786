//! Whose word counts in an epoch, and what they say together.

use substrate_fixed::types::I32F32;

use super::{
    EpochInput, StoredRows, counted_weights,
    fixed::{self, ZERO},
    is_active, may_judge, median,
    sparse::Matrix,
    stake,
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

impl Electorate {
    pub(super) fn of<R: StoredRows>(input: &EpochInput<R>, active: &[bool], permits: &[bool]) -> Self {
        // A list that the chain has nothing in masks nothing.
        let works = |i: usize| active[i] || input.last_update.is_empty();
        let judges = |i: usize| permits[i] || input.validator_permits.is_empty();
        Self {
            heard: (0..input.seats()).map(|i| works(i) && judges(i)).collect(),
            weights: counted_weights(input, permits),
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
        let consensus = median::weighted_medians(active_stake, &self.weights, self.kappa);
        let (validator_trust, mut incentive) = self.weights.clipped_sums(&consensus, active_stake);
        fixed::normalize(&mut incentive);
        Judgement { consensus, validator_trust, incentive }
    }

    pub(super) fn into_weights(self) -> Matrix {
        self.weights
    }
}
