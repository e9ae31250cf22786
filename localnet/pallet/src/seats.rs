//! Seats: who sits where, who must leave when the subnet is full.

use scoring::emission::{Tenure, immortal_seats, seat_to_prune};

use crate::*;

impl<T: Config> Pallet<T> {
    /// The block being built.
    pub fn current_block() -> u64 {
        sp_runtime::SaturatedConversion::saturated_into(frame_system::Pallet::<T>::block_number())
    }

    /// A seat at the end. The new neuron has no weights, no bonds and no permit.
    pub(crate) fn append_neuron(netuid: u16, hotkey: &T::AccountId, block: u64) -> u16 {
        let uid = SubnetworkN::<T>::get(netuid);
        SubnetworkN::<T>::insert(netuid, uid.saturating_add(1));
        Active::<T>::append(netuid, true);
        Emission::<T>::append(netuid, 0u64);
        Consensus::<T>::append(netuid, 0u16);
        Dividends::<T>::append(netuid, 0u16);
        ValidatorTrust::<T>::append(netuid, 0u16);
        ValidatorPermit::<T>::append(netuid, false);
        for mecid in 0..MechanismCountCurrent::<T>::get(netuid) {
            let index = Self::storage_index(netuid, mecid);
            Incentive::<T>::append(index, 0u16);
            Self::set_last_update(netuid, mecid, uid, block);
        }
        Self::seat(netuid, uid, hotkey, block);
        uid
    }

    /// A newcomer in somebody's seat: what the predecessor set, got and announced goes.
    pub(crate) fn replace_neuron(netuid: u16, uid: u16, hotkey: &T::AccountId, block: u64) {
        let leaving = Keys::<T>::get(netuid, uid);
        Uids::<T>::remove(netuid, &leaving);
        IsNetworkMember::<T>::remove(&leaving, netuid);
        Axons::<T>::remove(netuid, &leaving);
        NeuronCertificates::<T>::remove(netuid, &leaving);
        Prometheus::<T>::remove(netuid, &leaving);
        Self::seat(netuid, uid, hotkey, block);

        let at = usize::from(uid);
        Active::<T>::mutate(netuid, |all| set(all, at, true));
        Emission::<T>::mutate(netuid, |all| set(all, at, 0));
        Consensus::<T>::mutate(netuid, |all| set(all, at, 0));
        Dividends::<T>::mutate(netuid, |all| set(all, at, 0));
        StakeWeight::<T>::mutate(netuid, |all| set(all, at, 0));
        ValidatorTrust::<T>::mutate(netuid, |all| set(all, at, 0));
        ValidatorPermit::<T>::mutate(netuid, |all| set(all, at, false));
        for mecid in 0..MechanismCountCurrent::<T>::get(netuid) {
            let index = Self::storage_index(netuid, mecid);
            Incentive::<T>::mutate(index, |all| set(all, at, 0));
            Self::set_last_update(netuid, mecid, uid, block);
            Bonds::<T>::remove(index, uid);
            Weights::<T>::remove(index, uid);
            // What others gave the predecessor is not the newcomer's.
            let rows: Vec<(u16, Vec<(u16, u16)>)> = Weights::<T>::iter_prefix(index).collect();
            for (from, mut row) in rows {
                if let Some(entry) = row.iter_mut().find(|entry| entry.0 == uid) {
                    entry.1 = 0;
                    Weights::<T>::insert(index, from, row);
                }
            }
        }
    }

    fn seat(netuid: u16, uid: u16, hotkey: &T::AccountId, block: u64) {
        Keys::<T>::insert(netuid, uid, hotkey);
        Uids::<T>::insert(netuid, hotkey, uid);
        BlockAtRegistration::<T>::insert(netuid, uid, block);
        IsNetworkMember::<T>::insert(hotkey, netuid, true);
    }

    /// Whether a neuron is too young to be replaced.
    pub fn is_immune(netuid: u16, uid: u16) -> bool {
        let age = Self::current_block().saturating_sub(BlockAtRegistration::<T>::get(netuid, uid));
        age < u64::from(ImmunityPeriod::<T>::get(netuid))
    }

    /// The seat that a newcomer takes when there is no free one: the lowest emission among those past immunity, or,
    /// if too few of them would remain, among the immune. Of equals the oldest registration goes, then the lowest
    /// uid. The owner's hotkeys stay for ever.
    pub fn get_neuron_to_prune(netuid: u16) -> Option<u16> {
        let immortal = Self::immortal_uids(netuid);
        let emission = Emission::<T>::get(netuid);
        let tenure = |uid: u16| Tenure {
            emission: emission.get(usize::from(uid)).copied().unwrap_or(0),
            registered_at: BlockAtRegistration::<T>::get(netuid, uid),
            immortal: immortal.contains(&uid),
        };
        let seats: Vec<Tenure> = (0..SubnetworkN::<T>::get(netuid)).map(tenure).collect();
        let (immunity, fewest_free) = (ImmunityPeriod::<T>::get(netuid), MinNonImmuneUids::<T>::get(netuid));
        seat_to_prune(&seats, Self::current_block(), immunity, fewest_free)
    }

    /// The seats of the subnet owner's hotkeys that may not be taken.
    pub(crate) fn immortal_uids(netuid: u16) -> Vec<u16> {
        let owned: Vec<(u64, u16)> = OwnedHotkeys::<T>::get(SubnetOwner::<T>::get(netuid))
            .iter()
            .filter_map(|hotkey| Uids::<T>::get(netuid, hotkey))
            .map(|uid| (BlockAtRegistration::<T>::get(netuid, uid), uid))
            .collect();
        let owner_seat = Uids::<T>::get(netuid, SubnetOwnerHotkey::<T>::get(netuid));
        immortal_seats(&owned, owner_seat, ImmuneOwnerUidsLimit::<T>::get(netuid))
    }
}

fn set<V>(all: &mut [V], at: usize, value: V) {
    if let Some(slot) = all.get_mut(at) {
        *slot = value;
    }
}
