//! Trimming: fewer seats than neurons. The least paid leave and the others move up, so a hotkey's uid changes though
//! it did not register again.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use frame_support::{ensure, pallet_prelude::DispatchResult};
use sp_runtime::{DispatchError, Percent};

use crate::*;

impl<T: Config> Pallet<T> {
    /// Leave a subnet `max_n` seats, now and for the future.
    pub fn trim_to_max_allowed_uids(netuid: u16, max_n: u16) -> DispatchResult {
        ensure!(NetworksAdded::<T>::get(netuid), Error::<T>::SubnetNotExists);
        let bounds = MinAllowedUids::<T>::get(netuid)..=MaxAllowedUids::<T>::get(netuid);
        ensure!(bounds.contains(&max_n), Error::<T>::InvalidValue);
        MaxAllowedUids::<T>::insert(netuid, max_n);

        let neurons = SubnetworkN::<T>::get(netuid);
        if neurons > max_n {
            let leaving = Self::neurons_to_trim(netuid, neurons, max_n)?;
            for uid in &leaving {
                Self::vacate(netuid, *uid);
            }
            let staying: Vec<u16> = (0..neurons).filter(|uid| !leaving.contains(uid)).collect();
            Self::move_up(netuid, &staying);
            SubnetworkN::<T>::insert(netuid, max_n);
        }
        Ok(())
    }

    /// The least paid of those that are neither immune nor immortal. Of equals, the highest uid leaves.
    fn neurons_to_trim(netuid: u16, neurons: u16, max_n: u16) -> Result<BTreeSet<u16>, DispatchError> {
        let immortal = Self::immortal_uids(netuid);
        let mut free: Vec<u16> =
            (0..neurons).filter(|uid| !immortal.contains(uid) && !Self::is_immune(netuid, *uid)).collect();
        let immune = usize::from(neurons).saturating_sub(free.len()) as u64;
        let immune = Percent::from_rational(immune, u64::from(max_n));
        ensure!(immune < Self::max_immune_uids_percentage(), Error::<T>::TrimmingWouldExceedMaxImmunePercentage);

        let emission = Emission::<T>::get(netuid);
        free.sort_by_key(|uid| (emission.get(usize::from(*uid)).copied(), Reverse(*uid)));
        free.truncate(usize::from(neurons.saturating_sub(max_n)));
        Ok(free.into_iter().collect())
    }

    /// Remove what a neuron has, but for its place in the results.
    fn vacate(netuid: u16, uid: u16) {
        let hotkey = Keys::<T>::take(netuid, uid);
        Uids::<T>::remove(netuid, &hotkey);
        IsNetworkMember::<T>::remove(&hotkey, netuid);
        LastHotkeyEmissionOnNetuid::<T>::remove(&hotkey, netuid);
        AlphaDividendsPerSubnet::<T>::remove(netuid, &hotkey);
        Axons::<T>::remove(netuid, &hotkey);
        NeuronCertificates::<T>::remove(netuid, &hotkey);
        Prometheus::<T>::remove(netuid, &hotkey);
        BlockAtRegistration::<T>::remove(netuid, uid);
        for index in Self::storage_indices(netuid) {
            Weights::<T>::remove(index, uid);
            Bonds::<T>::remove(index, uid);
        }
    }

    /// Give the neurons that stay the first uids, in their order. Rows of the others' weights and bonds follow them.
    fn move_up(netuid: u16, staying: &[u16]) {
        Active::<T>::mutate(netuid, |all| keep(all, staying));
        Emission::<T>::mutate(netuid, |all| keep(all, staying));
        Consensus::<T>::mutate(netuid, |all| keep(all, staying));
        Dividends::<T>::mutate(netuid, |all| keep(all, staying));
        StakeWeight::<T>::mutate(netuid, |all| keep(all, staying));
        ValidatorTrust::<T>::mutate(netuid, |all| keep(all, staying));
        ValidatorPermit::<T>::mutate(netuid, |all| keep(all, staying));
        for index in Self::storage_indices(netuid) {
            Incentive::<T>::mutate(index, |all| keep(all, staying));
            LastUpdate::<T>::mutate(index, |all| keep(all, staying));
        }

        let places: BTreeMap<u16, u16> = staying.iter().copied().zip(0..).collect();
        // From the lowest uid on, so that every place is free when somebody moves to it.
        for (&old, &new) in &places {
            let hotkey = Keys::<T>::take(netuid, old);
            Keys::<T>::insert(netuid, new, &hotkey);
            Uids::<T>::insert(netuid, &hotkey, new);
            let registered = BlockAtRegistration::<T>::take(netuid, old);
            BlockAtRegistration::<T>::insert(netuid, new, registered);
            for index in Self::storage_indices(netuid) {
                let weights = Weights::<T>::take(index, old);
                Weights::<T>::insert(index, new, renumber(weights, &places));
                let bonds = Bonds::<T>::take(index, old);
                Bonds::<T>::insert(index, new, renumber(bonds, &places));
            }
        }
    }

    /// The keys of the maps of a subnet's mechanisms.
    fn storage_indices(netuid: u16) -> impl Iterator<Item = u16> {
        (0..MechanismCountCurrent::<T>::get(netuid)).map(move |mecid| Self::storage_index(netuid, mecid))
    }
}

/// The values of those that stay.
fn keep<V: Copy + Default>(all: &mut Vec<V>, staying: &[u16]) {
    *all = staying.iter().map(|uid| all.get(usize::from(*uid)).copied().unwrap_or_default()).collect();
}

/// A row without those that left.
fn renumber(row: Vec<(u16, u16)>, places: &BTreeMap<u16, u16>) -> Vec<(u16, u16)> {
    row.into_iter().filter_map(|(uid, value)| Some((*places.get(&uid)?, value))).collect()
}
