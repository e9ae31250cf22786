//! A subnet's neurons, column by column.

use codec::{Compact, Decode, Encode};
use scale_info::TypeInfo;

use super::compact;
use crate::*;

/// Columns by uid. `pruning_score`, `trust` and `rank` are empty: the chain no longer computes them.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[allow(missing_docs)]
pub struct SubnetState<AccountId> {
    pub netuid: Compact<u16>,
    pub hotkeys: Vec<AccountId>,
    pub coldkeys: Vec<AccountId>,
    pub active: Vec<bool>,
    pub validator_permit: Vec<bool>,
    pub pruning_score: Vec<Compact<u16>>,
    pub last_update: Vec<Compact<u64>>,
    pub emission: Vec<Compact<u64>>,
    pub dividends: Vec<Compact<u16>>,
    pub incentives: Vec<Compact<u16>>,
    pub consensus: Vec<Compact<u16>>,
    pub trust: Vec<Compact<u16>>,
    pub rank: Vec<Compact<u16>>,
    pub block_at_registration: Vec<Compact<u64>>,
    pub alpha_stake: Vec<Compact<u64>>,
    pub tao_stake: Vec<Compact<u64>>,
    pub total_stake: Vec<Compact<u64>>,
    /// What these hotkeys earned at the last epoch of every network, in the networks' order.
    pub emission_history: Vec<Vec<Compact<u64>>>,
}

impl<T: Config> Pallet<T> {
    /// All neurons of a subnet.
    pub fn get_subnet_state(netuid: u16) -> Option<SubnetState<T::AccountId>> {
        if !NetworksAdded::<T>::get(netuid) {
            return None;
        }
        let seats = 0..SubnetworkN::<T>::get(netuid);
        let hotkeys: Vec<T::AccountId> = seats.clone().map(|uid| Keys::<T>::get(netuid, uid)).collect();
        let of_each = |value: &dyn Fn(&T::AccountId) -> u64| hotkeys.iter().map(|key| Compact(value(key))).collect();
        Some(SubnetState {
            netuid: Compact(netuid),
            coldkeys: hotkeys.iter().map(Owner::<T>::get).collect(),
            active: Active::<T>::get(netuid),
            validator_permit: ValidatorPermit::<T>::get(netuid),
            pruning_score: Vec::new(),
            last_update: compact(LastUpdate::<T>::get(netuid)),
            emission: compact(Emission::<T>::get(netuid)),
            dividends: compact(Dividends::<T>::get(netuid)),
            incentives: compact(Incentive::<T>::get(netuid)),
            consensus: compact(Consensus::<T>::get(netuid)),
            trust: Vec::new(),
            rank: Vec::new(),
            block_at_registration: seats.map(|uid| Compact(BlockAtRegistration::<T>::get(netuid, uid))).collect(),
            alpha_stake: of_each(&|hotkey| TotalHotkeyAlpha::<T>::get(hotkey, netuid)),
            tao_stake: of_each(&|hotkey| TotalHotkeyAlpha::<T>::get(hotkey, ROOT)),
            total_stake: of_each(&|hotkey| Self::stake_weight(hotkey, netuid).0),
            emission_history: Self::netuids()
                .into_iter()
                .map(|other| of_each(&|hotkey| LastHotkeyEmissionOnNetuid::<T>::get(hotkey, other)))
                .collect(),
            hotkeys,
        })
    }
}
