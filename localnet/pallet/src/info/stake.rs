//! What coldkeys have on hotkeys.

use std::collections::BTreeMap;

use codec::{Compact, Decode, Encode};
use scale_info::TypeInfo;

use crate::*;

/// One coldkey's stake on one hotkey of one network, in rao of alpha.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[allow(missing_docs)]
pub struct StakeInfo<AccountId> {
    pub hotkey: AccountId,
    pub coldkey: AccountId,
    pub netuid: Compact<u16>,
    pub stake: Compact<u64>,
    /// Always 0: see [`StakeAvailability`].
    pub locked: Compact<u64>,
    /// What the hotkey and its nominators together got at the last epoch.
    pub emission: Compact<u64>,
    /// Always 0: the chain no longer pays TAO.
    pub tao_emission: Compact<u64>,
    /// Always 0.
    pub drain: Compact<u64>,
    pub is_registered: bool,
}

/// A coldkey's stake on a network, over all hotkeys.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[allow(missing_docs)]
pub struct StakeAvailability {
    pub total: Compact<u64>,
    pub locked: Compact<u64>,
    pub available: Compact<u64>,
}

/// By coldkey.
pub type StakeByColdkey<AccountId> = Vec<(AccountId, Vec<StakeInfo<AccountId>>)>;

/// By netuid.
pub type Availability = BTreeMap<u16, StakeAvailability>;

impl<T: Config> Pallet<T> {
    /// All stake of one coldkey, by network and then by hotkey.
    pub fn get_stake_info_for_coldkey(coldkey: T::AccountId) -> Vec<StakeInfo<T::AccountId>> {
        let hotkeys = StakingHotkeys::<T>::get(&coldkey);
        let on = |netuid| {
            let staked = hotkeys.iter().map(|hotkey| Self::stake_info(hotkey, &coldkey, netuid));
            staked.filter(|info| info.stake.0 > 0).collect::<Vec<_>>()
        };
        Self::netuids().into_iter().flat_map(on).collect()
    }

    /// All stake of each coldkey.
    pub fn get_stake_info_for_coldkeys(coldkeys: Vec<T::AccountId>) -> StakeByColdkey<T::AccountId> {
        coldkeys.into_iter().map(|coldkey| (coldkey.clone(), Self::get_stake_info_for_coldkey(coldkey))).collect()
    }

    /// One position, even where there is nothing.
    pub fn get_stake_info_for_hotkey_coldkey_netuid(
        hotkey: T::AccountId,
        coldkey: T::AccountId,
        netuid: u16,
    ) -> Option<StakeInfo<T::AccountId>> {
        Some(Self::stake_info(&hotkey, &coldkey, netuid))
    }

    /// What each coldkey may unstake of each network, or of `netuids`; networks without stake are left out. Nobody
    /// locks stake here. Who asks for no network or for more than there are is told of none.
    pub fn get_stake_availability_for_coldkeys(
        coldkeys: Vec<T::AccountId>,
        netuids: Option<Vec<u16>>,
    ) -> BTreeMap<T::AccountId, Availability> {
        let all = Self::netuids();
        let netuids = match netuids {
            None => all,
            Some(mut asked) => {
                asked.sort_unstable();
                asked.dedup();
                if asked.len() > all.len() {
                    asked.clear();
                }
                asked.retain(|netuid| all.contains(netuid));
                asked
            }
        };
        let of = |coldkey: &T::AccountId| {
            let hotkeys = StakingHotkeys::<T>::get(coldkey);
            let total = |netuid| {
                let stakes = hotkeys.iter().map(|hotkey| Self::stake_of(hotkey, coldkey, netuid));
                Compact(stakes.fold(0u64, u64::saturating_add))
            };
            let staked = netuids.iter().map(|netuid| (*netuid, total(*netuid))).filter(|(_, total)| total.0 > 0);
            staked
                .map(|(netuid, total)| (netuid, StakeAvailability { total, locked: Compact(0), available: total }))
                .collect()
        };
        coldkeys.into_iter().map(|coldkey| (coldkey.clone(), of(&coldkey))).collect()
    }

    fn stake_info(hotkey: &T::AccountId, coldkey: &T::AccountId, netuid: u16) -> StakeInfo<T::AccountId> {
        StakeInfo {
            hotkey: hotkey.clone(),
            coldkey: coldkey.clone(),
            netuid: Compact(netuid),
            stake: Compact(Self::stake_of(hotkey, coldkey, netuid)),
            locked: Compact(0),
            emission: Compact(AlphaDividendsPerSubnet::<T>::get(netuid, hotkey)),
            tao_emission: Compact(0),
            drain: Compact(0),
            is_registered: IsNetworkMember::<T>::get(hotkey, netuid),
        }
    }
}
