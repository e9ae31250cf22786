//! What the other pallets ask of the subnets.

use pallet_commitments::Subnets;
use pallet_subtensor::{Bonds, BondsResetOn, IsNetworkMember, MechanismCountCurrent, SubnetEpochIndex, Uids};

use crate::{AccountId, Runtime, SubtensorModule};

impl Subnets<AccountId> for Runtime {
    fn is_registered(netuid: u16, hotkey: &AccountId) -> bool {
        IsNetworkMember::<Runtime>::get(hotkey, netuid)
    }

    fn epoch_index(netuid: u16) -> u64 {
        SubnetEpochIndex::<Runtime>::get(netuid)
    }

    fn reset_bonds(netuid: u16, hotkey: &AccountId) {
        let Some(uid) = Uids::<Runtime>::get(netuid, hotkey).filter(|_| BondsResetOn::<Runtime>::get(netuid)) else {
            return;
        };
        for mecid in 0..MechanismCountCurrent::<Runtime>::get(netuid) {
            let index = SubtensorModule::storage_index(netuid, mecid);
            for (holder, mut bonds) in Bonds::<Runtime>::iter_prefix(index).collect::<Vec<_>>() {
                bonds.retain(|(of, _)| *of != uid);
                Bonds::<Runtime>::insert(index, holder, bonds);
            }
        }
    }
}
