//! A subnet's rules on chain, with the chain's names.

use primitives::{Coldkey, Hotkey, Hyperparameters};
use scoring::{
    Incentive,
    emission::{Subnet, Terms},
};
use serde::{Deserialize, Serialize};

use crate::chain::Genesis;

/// One alpha, in rao.
pub(crate) const RAO: f64 = 1e9;

/// Hyperparameters, and what the subnet's emission depends on. Names are the chain's, and so are defaults but where they
/// say otherwise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SubnetSettings {
    /// Blocks between two epochs. Default 360.
    pub tempo: u16,
    /// Blocks during which a new neuron can't be replaced. Default 5000.
    pub immunity_period: u16,
    /// Seats, the owner's included. Default 256.
    pub max_allowed_uids: u16,
    /// Seats with a permit. Default 64.
    pub max_allowed_validators: u16,
    /// Fewest uids that a row may name. Default 1.
    pub min_allowed_weights: u16,
    /// After so many thousandths of a tempo without new weights a validator is inactive. Default 13889.
    pub activity_cutoff_factor_milli: u32,
    /// Immune seats go where no more than so many others are there. Default 10.
    pub min_non_immune_uids: u16,
    /// The majority of stake that sets consensus, of 65535. Default 32767.
    pub kappa: u16,
    /// How far bonds follow clipped weights rather than set ones, of 65535. Default 65535.
    pub bonds_penalty: u16,
    /// What bonds keep from one epoch to the next, in millionths. Default 900000.
    pub bonds_moving_average: u64,
    /// Whether bonds are Yuma 3's. Default true.
    pub yuma3_on: bool,
    /// Whether each bond has its own pace. Default false.
    pub liquid_alpha_on: bool,
    /// The slowest pace of a bond, of 65535. Default 45875.
    pub alpha_low: u16,
    /// The fastest pace of a bond, of 65535. Default 58982.
    pub alpha_high: u16,
    /// How sharply that pace depends on consensus, in hundredths. Default 1000.
    pub alpha_sigmoid_steepness: i16,
    /// Whether rows are committed first and opened later. Default true.
    pub commit_reveal_weights_enabled: bool,
    /// Epochs from the commit of a row to its reveal. Default 1.
    pub reveal_period_epochs: u64,
    /// What a seat costs at the start, in rao of TAO. Default 100000000.
    pub burn: u64,
    /// The lowest price of a seat, in rao of TAO. Default 500000.
    pub min_burn: u64,
    /// The highest price of a seat, in rao of TAO. Default 100000000000.
    pub max_burn: u64,
    /// Blocks in which the price of a seat falls by half; 0 means that it never does. Default 360.
    pub burn_half_life: u16,
    /// The owner's cut of the emission, of 65535. Default 11796, 18 %.
    pub owner_cut: u16,
    /// Whether what the owner's hotkeys mine leaves the issuance; otherwise it stays, and nobody has it. Default false.
    pub recycles_withheld: bool,
    /// Stake below which a hotkey can't set weights, in rao. Default 0.
    pub stake_threshold: u64,
    /// What TAO on root counts as stake, of 2^64 - 1. Default 971718665099567868.
    pub tao_weight: u64,
    /// TAO staked on root with anybody, in rao. Less than what validators have there counts as that. Default 0.
    pub root_tao: u64,
    /// Whether root's part of dividends is kept for its stakers to claim; otherwise it is recycled, as where the prices of
    /// all subnets add up to no more than one TAO. Default false.
    pub root_sells: bool,
    /// New alpha that goes into the pool with each block, in rao. Default 0.
    pub alpha_in: u64,
    /// Alpha in existence at the start, the pool's included and the validators' not, in alpha. Default 1000000.
    pub issuance_alpha: f64,
    /// What an alpha costs, in TAO: by it the price of a seat is a cost in alpha. The pool isn't followed. Default 0.05.
    pub alpha_price_tao: f64,
}

/// A mechanism beside others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MechanismSettings {
    /// Its part of the emission, of 65535; those of all mechanisms must be that in sum. Where none has one, all get alike.
    #[serde(default)]
    pub emission_share: Option<u16>,
    /// How validators score in it. By default as the scenario's `incentive` says.
    #[serde(default)]
    pub incentive: Option<Box<Incentive>>,
}

impl Default for SubnetSettings {
    fn default() -> Self {
        let rules = Hyperparameters::default();
        let genesis = Genesis::default();
        Self {
            tempo: rules.tempo,
            immunity_period: rules.immunity_period,
            max_allowed_uids: rules.max_allowed_uids,
            max_allowed_validators: rules.max_allowed_validators,
            min_allowed_weights: rules.min_allowed_weights,
            activity_cutoff_factor_milli: rules.activity_cutoff_factor_milli,
            min_non_immune_uids: genesis.min_non_immune_uids,
            kappa: rules.kappa,
            bonds_penalty: rules.bonds_penalty,
            bonds_moving_average: rules.bonds_moving_average,
            yuma3_on: rules.yuma3_on,
            liquid_alpha_on: rules.liquid_alpha_on,
            alpha_low: rules.alpha_values.0,
            alpha_high: rules.alpha_values.1,
            alpha_sigmoid_steepness: rules.alpha_sigmoid_steepness,
            commit_reveal_weights_enabled: rules.commit_reveal_weights_enabled,
            reveal_period_epochs: rules.reveal_period_epochs,
            burn: rules.burn,
            min_burn: rules.min_burn,
            max_burn: rules.max_burn,
            burn_half_life: genesis.burn_half_life,
            owner_cut: genesis.terms.owner_cut.unwrap_or(0),
            recycles_withheld: genesis.recycles_withheld,
            stake_threshold: rules.stake_threshold,
            tao_weight: rules.tao_weight,
            root_tao: 0,
            root_sells: false,
            alpha_in: 0,
            issuance_alpha: 1e6,
            alpha_price_tao: 0.05,
        }
    }
}

impl SubnetSettings {
    /// What stands before the first block, with nobody there.
    pub(crate) fn genesis(&self, owner: (Hotkey, Coldkey), mechanisms: &[MechanismSettings]) -> Genesis {
        let shares: Option<Vec<u16>> = mechanisms.iter().map(|mechanism| mechanism.emission_share).collect();
        let rules = Hyperparameters {
            subnet_owner: owner.1,
            subnet_owner_hotkey: owner.0,
            tempo: self.tempo,
            immunity_period: self.immunity_period,
            max_allowed_uids: self.max_allowed_uids,
            max_allowed_validators: self.max_allowed_validators,
            min_allowed_weights: self.min_allowed_weights,
            weights_rate_limit: 0,
            activity_cutoff_factor_milli: self.activity_cutoff_factor_milli,
            kappa: self.kappa,
            bonds_penalty: self.bonds_penalty,
            bonds_moving_average: self.bonds_moving_average,
            yuma3_on: self.yuma3_on,
            liquid_alpha_on: self.liquid_alpha_on,
            alpha_values: (self.alpha_low, self.alpha_high),
            alpha_sigmoid_steepness: self.alpha_sigmoid_steepness,
            commit_reveal_weights_enabled: self.commit_reveal_weights_enabled,
            reveal_period_epochs: self.reveal_period_epochs,
            burn: self.burn,
            min_burn: self.min_burn,
            max_burn: self.max_burn,
            stake_threshold: self.stake_threshold,
            tao_weight: self.tao_weight,
            mechanism_count_current: u8::try_from(mechanisms.len().max(1)).unwrap_or(u8::MAX),
            mechanism_emission_split: shares.filter(|shares| !shares.is_empty()),
            ..Hyperparameters::default()
        };
        let terms = Terms {
            owner_cut: Some(self.owner_cut),
            root_tao: self.root_tao,
            tao_weight: self.tao_weight,
            root_sells: self.root_sells,
            alpha_in: self.alpha_in,
        };
        let alpha = Subnet { alpha_issuance: (self.issuance_alpha * RAO) as u64, ..Subnet::default() };
        Genesis {
            rules,
            min_non_immune_uids: self.min_non_immune_uids,
            burn_half_life: self.burn_half_life,
            recycles_withheld: self.recycles_withheld,
            terms,
            alpha,
            ..Genesis::default()
        }
    }
}
