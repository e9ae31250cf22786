//! A subnet's pool and emission.

use codec::{Compact, Decode, Encode};
use scale_info::TypeInfo;

use super::compact;
use crate::*;

/// Amounts in rao of TAO or alpha; what a block issues ends in `_emission`.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[allow(missing_docs)]
pub struct DynamicInfo<AccountId> {
    pub netuid: Compact<u16>,
    pub owner_hotkey: AccountId,
    pub owner_coldkey: AccountId,
    pub subnet_name: Vec<Compact<u8>>,
    pub token_symbol: Vec<Compact<u8>>,
    pub tempo: Compact<u16>,
    pub last_step: Compact<u64>,
    pub blocks_since_last_step: Compact<u64>,
    pub emission: Compact<u64>,
    pub alpha_in: Compact<u64>,
    pub alpha_out: Compact<u64>,
    pub tao_in: Compact<u64>,
    pub alpha_out_emission: Compact<u64>,
    pub alpha_in_emission: Compact<u64>,
    pub tao_in_emission: Compact<u64>,
    pub pending_alpha_emission: Compact<u64>,
    pub pending_root_emission: Compact<u64>,
    pub subnet_volume: Compact<u128>,
    pub network_registered_at: Compact<u64>,
    pub subnet_identity: Option<SubnetIdentityV3>,
    pub moving_price: I96F32,
}

impl<T: Config> Pallet<T> {
    /// One subnet.
    pub fn get_dynamic_info(netuid: u16) -> Option<DynamicInfo<T::AccountId>> {
        if !NetworksAdded::<T>::get(netuid) {
            return None;
        }
        let last_step = LastMechansimStepBlock::<T>::get(netuid);
        let pending =
            PendingValidatorEmission::<T>::get(netuid).saturating_add(PendingServerEmission::<T>::get(netuid));
        Some(DynamicInfo {
            netuid: Compact(netuid),
            owner_hotkey: SubnetOwnerHotkey::<T>::get(netuid),
            owner_coldkey: SubnetOwner::<T>::get(netuid),
            subnet_name: compact(Self::subnet_name(netuid)),
            token_symbol: compact(TokenSymbol::<T>::get(netuid)),
            tempo: Compact(Tempo::<T>::get(netuid)),
            last_step: Compact(last_step),
            blocks_since_last_step: Compact(Self::current_block().saturating_sub(last_step)),
            // The chain keeps this for its place only, as it does what is pending for root.
            emission: Compact(0),
            alpha_in: Compact(SubnetAlphaIn::<T>::get(netuid)),
            alpha_out: Compact(SubnetAlphaOut::<T>::get(netuid)),
            tao_in: Compact(SubnetTAO::<T>::get(netuid)),
            alpha_out_emission: Compact(SubnetAlphaOutEmission::<T>::get(netuid)),
            alpha_in_emission: Compact(SubnetAlphaInEmission::<T>::get(netuid)),
            tao_in_emission: Compact(SubnetTaoInEmission::<T>::get(netuid)),
            pending_alpha_emission: Compact(pending),
            pending_root_emission: Compact(0),
            subnet_volume: Compact(SubnetVolume::<T>::get(netuid)),
            network_registered_at: Compact(NetworkRegisteredAt::<T>::get(netuid)),
            subnet_identity: SubnetIdentitiesV3::<T>::get(netuid),
            moving_price: SubnetMovingPrice::<T>::get(netuid),
        })
    }

    /// All subnets. None is ever among them.
    pub fn get_all_dynamic_info() -> Vec<Option<DynamicInfo<T::AccountId>>> {
        Self::netuids().into_iter().map(Self::get_dynamic_info).collect()
    }
}
