//! An epoch: of every mechanism, and what they come to together.

use std::mem::take;

use primitives::BlockNumber;
use scoring::{
    emission::{Combined, Pending, mechanism_weight, split_emission},
    yuma::{self, EpochInput, EpochOutput, LiquidAlpha, Rows},
};

use super::{Chain, Payment};

/// What an epoch found and paid. Lists are by uid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Epoch {
    /// Epochs run with this one.
    pub index: u64,
    /// The block that ran it.
    pub block: BlockNumber,
    /// What it took.
    pub drained: Pending,
    /// For the subnet.
    pub combined: Combined,
    /// For each mechanism.
    pub mechanisms: Vec<MechanismEpoch>,
    /// Who got what.
    pub payment: Payment,
}

/// What an epoch found in one mechanism, of 65535 and by uid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MechanismEpoch {
    /// What it was run over, in rao.
    pub emission: u64,
    /// Share of what miners get.
    pub incentive: Vec<u16>,
    /// What a majority of stake agrees on.
    pub consensus: Vec<u16>,
    /// Share of what validators get.
    pub dividends: Vec<u16>,
    /// How much of their rows survived clipping.
    pub validator_trust: Vec<u16>,
}

impl From<EpochOutput> for MechanismEpoch {
    fn from(output: EpochOutput) -> Self {
        let EpochOutput { incentive, consensus, dividends, validator_trust, .. } = output;
        Self { emission: 0, incentive, consensus, dividends, validator_trust }
    }
}

impl Chain {
    pub(super) fn run_epoch(&mut self, drained: Pending) -> Epoch {
        let emission = drained.emission();
        let count = self.rules.mechanism_count_current;
        let parts = split_emission(emission, count, self.rules.mechanism_emission_split.as_deref());
        let mut combined = Combined::new(self.seats.len());
        let mut mechanisms = Vec::with_capacity(parts.len());
        for (mechanism, part) in (0u8..).zip(parts) {
            let at = usize::from(mechanism);
            let rows = (take(&mut self.mechanisms[at].weights), take(&mut self.mechanisms[at].bonds));
            let input = self.input(at, rows, part);
            let mut output = yuma::epoch(&input);
            combined.add(&output, mechanism_weight(mechanism, part, emission));
            let own = &mut self.mechanisms[at];
            own.weights = input.weights;
            own.bonds = take(&mut output.bonds);
            own.incentive.clone_from(&output.incentive);
            mechanisms.push(MechanismEpoch { emission: part, ..output.into() });
        }
        self.results.clone_from(&combined);
        let payment = self.pay(&drained, &combined);
        Epoch { index: self.rules.epoch_index, block: self.block, drained, combined, mechanisms, payment }
    }

    /// What an epoch of a mechanism would come to now, over nothing: what rows in sight agree on. None where there is no
    /// such mechanism.
    pub fn foreseen(&self, mechanism: u8) -> Option<EpochOutput> {
        let at = usize::from(mechanism);
        let own = self.mechanisms.get(at)?;
        Some(yuma::epoch(&self.input(at, (own.weights.clone(), own.bonds.clone()), 0)))
    }

    /// What an epoch of a mechanism starts from now, with these weights and bonds.
    fn input(&self, mechanism: usize, (weights, bonds): (Rows, Rows), emission: u64) -> EpochInput {
        let rules = &self.rules;
        let liquid_alpha = rules.liquid_alpha_on.then_some(LiquidAlpha {
            alpha_low: rules.alpha_values.0,
            alpha_high: rules.alpha_values.1,
            sigmoid_steepness: rules.alpha_sigmoid_steepness,
        });
        let (stake, stake_fraction) = self.seats.iter().map(|seat| self.weight_of(seat.account)).unzip();
        EpochInput {
            block: self.block,
            tempo: rules.tempo,
            activity_cutoff: rules.activity_cutoff(),
            last_update: self.mechanisms[mechanism].last_update.clone(),
            block_at_registration: self.seats.iter().map(|seat| seat.since).collect(),
            last_mechanism_step_block: rules.last_mechansim_step_block,
            stake,
            stake_fraction,
            stake_threshold: rules.stake_threshold,
            owner_uid: self.owner_seat(),
            validator_permits: self.results.validator_permits.clone(),
            max_allowed_validators: rules.max_allowed_validators,
            weights,
            bonds,
            commit_blocks: self.commit_blocks(mechanism),
            kappa: rules.kappa,
            bonds_penalty: rules.bonds_penalty,
            bonds_moving_average: rules.bonds_moving_average,
            yuma3: rules.yuma3_on,
            liquid_alpha,
            emission,
        }
    }
}
