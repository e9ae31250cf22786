//! A subnet's settings in short, and small questions about subnets.

use codec::{Compact, Decode, Encode};
use scale_info::TypeInfo;

use crate::*;

macro_rules! subnet_info {
    ($(#[$doc:meta])* $name:ident, $read:ident, $emission:ident, { $($extra:ident: $kind:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
        #[allow(missing_docs)]
        pub struct $name<AccountId> {
            pub netuid: Compact<u16>,
            pub rho: Compact<u16>,
            pub kappa: Compact<u16>,
            pub difficulty: Compact<u64>,
            pub immunity_period: Compact<u16>,
            pub max_allowed_validators: Compact<u16>,
            pub min_allowed_weights: Compact<u16>,
            pub max_weights_limit: Compact<u16>,
            pub scaling_law_power: Compact<u16>,
            pub subnetwork_n: Compact<u16>,
            pub max_allowed_uids: Compact<u16>,
            pub blocks_since_last_step: Compact<u64>,
            pub tempo: Compact<u16>,
            pub network_modality: Compact<u16>,
            pub network_connect: Vec<[u16; 2]>,
            pub $emission: Compact<u64>,
            pub burn: Compact<u64>,
            pub owner: AccountId,
            $(pub $extra: $kind,)*
        }

        impl<T: Config> Pallet<T> {
            fn $read(netuid: u16 $(, $extra: $kind)*) -> $name<T::AccountId> {
                $name {
                    netuid: Compact(netuid),
                    rho: Compact(Rho::<T>::get(netuid)),
                    kappa: Compact(Kappa::<T>::get(netuid)),
                    difficulty: Compact(Difficulty::<T>::get(netuid)),
                    immunity_period: Compact(ImmunityPeriod::<T>::get(netuid)),
                    max_allowed_validators: Compact(MaxAllowedValidators::<T>::get(netuid)),
                    min_allowed_weights: Compact(MinAllowedWeights::<T>::get(netuid)),
                    max_weights_limit: Compact(u16::MAX),
                    scaling_law_power: Compact(ScalingLawPower::<T>::get(netuid)),
                    subnetwork_n: Compact(SubnetworkN::<T>::get(netuid)),
                    max_allowed_uids: Compact(MaxAllowedUids::<T>::get(netuid)),
                    blocks_since_last_step: Compact(BlocksSinceLastStep::<T>::get(netuid)),
                    tempo: Compact(Tempo::<T>::get(netuid)),
                    // The chain keeps these three for their place only.
                    network_modality: Compact(0),
                    network_connect: Vec::new(),
                    $emission: Compact(0),
                    burn: Compact(Burn::<T>::get(netuid)),
                    owner: SubnetOwner::<T>::get(netuid),
                    $($extra,)*
                }
            }
        }
    };
}

subnet_info! {
    /// The first edition.
    SubnetInfo, read_subnet, emission_values, {}
}
subnet_info! {
    /// With what the owner says of the subnet.
    SubnetInfov2, read_subnet_v2, emission_value, { identity: Option<SubnetIdentityV3>, }
}

impl<T: Config> Pallet<T> {
    /// One subnet.
    pub fn get_subnet_info(netuid: u16) -> Option<SubnetInfo<T::AccountId>> {
        NetworksAdded::<T>::get(netuid).then(|| Self::read_subnet(netuid))
    }

    /// All subnets. None is ever among them.
    pub fn get_subnets_info() -> Vec<Option<SubnetInfo<T::AccountId>>> {
        Self::netuids().into_iter().map(Self::get_subnet_info).collect()
    }

    /// One subnet and what its owner says of it.
    pub fn get_subnet_info_v2(netuid: u16) -> Option<SubnetInfov2<T::AccountId>> {
        NetworksAdded::<T>::get(netuid).then(|| Self::read_subnet_v2(netuid, SubnetIdentitiesV3::<T>::get(netuid)))
    }

    /// All subnets and what their owners say of them. None is ever among them.
    pub fn get_subnets_info_v2() -> Vec<Option<SubnetInfov2<T::AccountId>>> {
        Self::netuids().into_iter().map(Self::get_subnet_info_v2).collect()
    }

    /// The account that holds a subnet's TAO.
    pub fn get_subnet_account_id(netuid: u16) -> Option<T::AccountId> {
        (netuid == ROOT || NetworksAdded::<T>::get(netuid)).then(|| Self::subnet_account(netuid))
    }

    /// The hotkey that a coldkey's earnings of a subnet are staked to.
    pub fn get_coldkey_auto_stake_hotkey(coldkey: T::AccountId, netuid: u16) -> Option<T::AccountId> {
        AutoStakeDestination::<T>::get(coldkey, netuid)
    }
}
