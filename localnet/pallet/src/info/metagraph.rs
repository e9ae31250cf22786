//! A subnet as a whole: its pool, its rules and its neurons, at one block.

use codec::{Compact, Decode, Encode};
use scale_info::TypeInfo;

use crate::*;

/// Hand the metagraph's fields after `netuid`, in their order, to a macro. A field's place is its index for who asks
/// for some fields only, so there is one list.
macro_rules! metagraph_fields {
    ($then:ident) => {
        $then! {
            name: Vec<Compact<u8>>,
            symbol: Vec<Compact<u8>>,
            identity: Option<SubnetIdentityV3>,
            network_registered_at: Compact<u64>,
            owner_hotkey: AccountId,
            owner_coldkey: AccountId,
            block: Compact<u64>,
            tempo: Compact<u16>,
            last_step: Compact<u64>,
            blocks_since_last_step: Compact<u64>,
            subnet_emission: Compact<u64>,
            alpha_in: Compact<u64>,
            alpha_out: Compact<u64>,
            tao_in: Compact<u64>,
            alpha_out_emission: Compact<u64>,
            alpha_in_emission: Compact<u64>,
            tao_in_emission: Compact<u64>,
            pending_alpha_emission: Compact<u64>,
            pending_root_emission: Compact<u64>,
            subnet_volume: Compact<u128>,
            moving_price: I96F32,
            rho: Compact<u16>,
            kappa: Compact<u16>,
            min_allowed_weights: Compact<u16>,
            max_weights_limit: Compact<u16>,
            weights_version: Compact<u64>,
            weights_rate_limit: Compact<u64>,
            activity_cutoff: Compact<u64>,
            max_validators: Compact<u16>,
            num_uids: Compact<u16>,
            max_uids: Compact<u16>,
            burn: Compact<u64>,
            difficulty: Compact<u64>,
            registration_allowed: bool,
            pow_registration_allowed: bool,
            immunity_period: Compact<u16>,
            min_difficulty: Compact<u64>,
            max_difficulty: Compact<u64>,
            min_burn: Compact<u64>,
            max_burn: Compact<u64>,
            adjustment_alpha: Compact<u64>,
            adjustment_interval: Compact<u16>,
            target_regs_per_interval: Compact<u16>,
            max_regs_per_block: Compact<u16>,
            serving_rate_limit: Compact<u64>,
            commit_reveal_weights_enabled: bool,
            commit_reveal_period: Compact<u64>,
            liquid_alpha_enabled: bool,
            alpha_high: Compact<u16>,
            alpha_low: Compact<u16>,
            bonds_moving_avg: Compact<u64>,
            hotkeys: Vec<AccountId>,
            coldkeys: Vec<AccountId>,
            identities: Vec<Option<ChainIdentityV2>>,
            axons: Vec<AxonInfo>,
            active: Vec<bool>,
            validator_permit: Vec<bool>,
            pruning_score: Vec<Compact<u16>>,
            last_update: Vec<Compact<u64>>,
            emission: Vec<Compact<u64>>,
            dividends: Vec<Compact<u16>>,
            incentives: Vec<Compact<u16>>,
            consensus: Vec<Compact<u16>>,
            trust: Vec<Compact<u16>>,
            rank: Vec<Compact<u16>>,
            block_at_registration: Vec<Compact<u64>>,
            alpha_stake: Vec<Compact<u64>>,
            tao_stake: Vec<Compact<u64>>,
            total_stake: Vec<Compact<u64>>,
            tao_dividends_per_hotkey: Vec<(AccountId, Compact<u64>)>,
            alpha_dividends_per_hotkey: Vec<(AccountId, Compact<u64>)>,
        }
    };
}
pub(super) use metagraph_fields;

macro_rules! metagraph {
    ($($field:ident: $kind:ty,)*) => {
        /// A subnet at a block: [`DynamicInfo`], [`SubnetHyperparams`] and [`SubnetState`], and a little more.
        #[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
        #[allow(missing_docs)]
        pub struct Metagraph<AccountId> {
            /// Of the subnet; of another mechanism than the main one, its storage index.
            pub netuid: Compact<u16>,
            $(pub $field: $kind,)*
        }
    };
}
metagraph_fields!(metagraph);

impl<T: Config> Pallet<T> {
    /// One subnet.
    pub fn get_metagraph(netuid: u16) -> Option<Metagraph<T::AccountId>> {
        let pool = Self::get_dynamic_info(netuid)?;
        let rules = Self::get_subnet_hyperparams(netuid)?;
        let neurons = Self::get_subnet_state(netuid)?;
        let axon = |hotkey| Axons::<T>::get(netuid, hotkey).unwrap_or_default();
        let dividends =
            |hotkey: &T::AccountId| (hotkey.clone(), Compact(AlphaDividendsPerSubnet::<T>::get(netuid, hotkey)));
        Some(Metagraph {
            netuid: pool.netuid,
            name: pool.subnet_name,
            symbol: pool.token_symbol,
            identity: pool.subnet_identity,
            network_registered_at: pool.network_registered_at,
            owner_hotkey: pool.owner_hotkey,
            owner_coldkey: pool.owner_coldkey,
            block: Compact(Self::current_block()),
            tempo: pool.tempo,
            last_step: pool.last_step,
            blocks_since_last_step: pool.blocks_since_last_step,
            subnet_emission: pool.emission,
            alpha_in: pool.alpha_in,
            alpha_out: pool.alpha_out,
            tao_in: pool.tao_in,
            alpha_out_emission: pool.alpha_out_emission,
            alpha_in_emission: pool.alpha_in_emission,
            tao_in_emission: pool.tao_in_emission,
            pending_alpha_emission: pool.pending_alpha_emission,
            pending_root_emission: pool.pending_root_emission,
            subnet_volume: pool.subnet_volume,
            moving_price: pool.moving_price,
            rho: rules.rho,
            kappa: rules.kappa,
            min_allowed_weights: rules.min_allowed_weights,
            max_weights_limit: rules.max_weights_limit,
            weights_version: rules.weights_version,
            weights_rate_limit: rules.weights_rate_limit,
            activity_cutoff: rules.activity_cutoff,
            max_validators: rules.max_validators,
            num_uids: Compact(SubnetworkN::<T>::get(netuid)),
            max_uids: Compact(MaxAllowedUids::<T>::get(netuid)),
            burn: Compact(Burn::<T>::get(netuid)),
            difficulty: rules.difficulty,
            registration_allowed: rules.registration_allowed,
            pow_registration_allowed: NetworkPowRegistrationAllowed::<T>::get(netuid),
            immunity_period: rules.immunity_period,
            min_difficulty: rules.min_difficulty,
            max_difficulty: rules.max_difficulty,
            min_burn: rules.min_burn,
            max_burn: rules.max_burn,
            adjustment_alpha: rules.adjustment_alpha,
            adjustment_interval: rules.adjustment_interval,
            target_regs_per_interval: rules.target_regs_per_interval,
            max_regs_per_block: rules.max_regs_per_block,
            serving_rate_limit: rules.serving_rate_limit,
            commit_reveal_weights_enabled: rules.commit_reveal_weights_enabled,
            commit_reveal_period: rules.commit_reveal_period,
            liquid_alpha_enabled: rules.liquid_alpha_enabled,
            alpha_high: rules.alpha_high,
            alpha_low: rules.alpha_low,
            bonds_moving_avg: rules.bonds_moving_avg,
            identities: neurons.coldkeys.iter().map(IdentitiesV2::<T>::get).collect(),
            axons: neurons.hotkeys.iter().map(axon).collect(),
            // The chain no longer pays TAO.
            tao_dividends_per_hotkey: neurons.hotkeys.iter().map(|hotkey| (hotkey.clone(), Compact(0))).collect(),
            alpha_dividends_per_hotkey: neurons.hotkeys.iter().map(dividends).collect(),
            hotkeys: neurons.hotkeys,
            coldkeys: neurons.coldkeys,
            active: neurons.active,
            validator_permit: neurons.validator_permit,
            pruning_score: neurons.pruning_score,
            last_update: neurons.last_update,
            emission: neurons.emission,
            dividends: neurons.dividends,
            incentives: neurons.incentives,
            consensus: neurons.consensus,
            trust: neurons.trust,
            rank: neurons.rank,
            block_at_registration: neurons.block_at_registration,
            alpha_stake: neurons.alpha_stake,
            tao_stake: neurons.tao_stake,
            total_stake: neurons.total_stake,
        })
    }

    /// All subnets. None is ever among them.
    pub fn get_all_metagraphs() -> Vec<Option<Metagraph<T::AccountId>>> {
        Self::netuids().into_iter().map(Self::get_metagraph).collect()
    }

    /// One mechanism of a subnet: its own updates and incentives, the rest is the subnet's.
    pub fn get_mechagraph(netuid: u16, mecid: u8) -> Option<Metagraph<T::AccountId>> {
        if mecid >= MechanismCountCurrent::<T>::get(netuid) {
            return None;
        }
        let index = Self::storage_index(netuid, mecid);
        Some(Metagraph {
            netuid: Compact(index),
            last_update: super::compact(LastUpdate::<T>::get(index)),
            incentives: super::compact(Incentive::<T>::get(index)),
            ..Self::get_metagraph(netuid)?
        })
    }

    /// All mechanisms of all subnets. None is ever among them.
    pub fn get_all_mechagraphs() -> Vec<Option<Metagraph<T::AccountId>>> {
        let mechanisms = |netuid| (0..MechanismCountCurrent::<T>::get(netuid)).map(move |mecid| (netuid, mecid));
        Self::netuids()
            .into_iter()
            .flat_map(mechanisms)
            .map(|(netuid, mecid)| Self::get_mechagraph(netuid, mecid))
            .collect()
    }
}
