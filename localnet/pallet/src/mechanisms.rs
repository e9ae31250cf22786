//! Mechanisms: up to sixteen incentive schemes of one subnet, each with rows, bonds and incentive of its own. They
//! share the seats, the stake and, by a split, the emission.

use frame_support::{ensure, pallet_prelude::DispatchResult};
use scoring::emission::split_emission;

use crate::*;

/// What a storage index is made of: netuids below this, mechanisms above.
const MAX_SUBNETS: u16 = 4_096;

/// More would not fit a storage index.
const MAX_MECHANISMS: u8 = 16;

impl<T: Config> Pallet<T> {
    /// The key of a mechanism's maps. That of the main mechanism is the netuid.
    pub fn storage_index(netuid: u16, mecid: u8) -> u16 {
        u16::from(mecid).saturating_mul(MAX_SUBNETS).saturating_add(netuid)
    }

    /// Whether a subnet has a mechanism.
    pub fn mechanism_exists(netuid: u16, mecid: u8) -> bool {
        NetworksAdded::<T>::get(netuid) && mecid < MechanismCountCurrent::<T>::get(netuid)
    }

    /// Give a subnet more mechanisms, which start empty, or fewer: what the last ones had goes. The split is even
    /// again.
    pub fn do_set_mechanism_count(netuid: u16, count: u8) -> DispatchResult {
        ensure!(NetworksAdded::<T>::get(netuid), Error::<T>::MechanismDoesNotExist);
        ensure!((1..=MaxMechanismCount::<T>::get()).contains(&count), Error::<T>::InvalidValue);
        Self::ensure_max_uids_over_all_mechanisms(MaxAllowedUids::<T>::get(netuid), count)?;
        ensure!(count <= MAX_MECHANISMS, Error::<T>::InvalidValue);

        let before = MechanismCountCurrent::<T>::get(netuid);
        if count == before {
            return Ok(());
        }
        for mecid in count..before {
            let index = Self::storage_index(netuid, mecid);
            Incentive::<T>::remove(index);
            LastUpdate::<T>::remove(index);
            let _ = Weights::<T>::clear_prefix(index, u32::MAX, None);
            let _ = Bonds::<T>::clear_prefix(index, u32::MAX, None);
            let _ = WeightCommits::<T>::clear_prefix(index, u32::MAX, None);
            let _ = TimelockedWeightCommits::<T>::clear_prefix(index, u32::MAX, None);
        }
        MechanismCountCurrent::<T>::insert(netuid, count);
        MechanismEmissionSplit::<T>::remove(netuid);
        Ok(())
    }

    /// Say how mechanisms share the emission: a part of 65535 for each, all of it together. Without a split all get
    /// the same.
    pub fn do_set_emission_split(netuid: u16, split: Option<Vec<u16>>) -> DispatchResult {
        ensure!(NetworksAdded::<T>::get(netuid), Error::<T>::MechanismDoesNotExist);
        if let Some(split) = &split {
            let count = usize::from(MechanismCountCurrent::<T>::get(netuid));
            ensure!(split.len() == count, Error::<T>::InvalidValue);
            let total: u32 = split.iter().map(|part| u32::from(*part)).sum();
            ensure!(total == u32::from(u16::MAX), Error::<T>::InvalidValue);
        }
        MechanismEmissionSplit::<T>::set(netuid, split);
        Ok(())
    }

    /// Set how many mechanisms any subnet may have.
    pub fn do_set_max_mechanism_count(count: u8) -> DispatchResult {
        ensure!((1..=MAX_MECHANISMS).contains(&count), Error::<T>::InvalidValue);
        MaxMechanismCount::<T>::put(count);
        Ok(())
    }

    /// Seats times mechanisms have a limit, or epochs would grow too long.
    pub fn ensure_max_uids_over_all_mechanisms(max_uids: u16, count: u8) -> DispatchResult {
        let all = max_uids.saturating_mul(count.into());
        ensure!(all <= Self::initial_max_allowed_uids(), Error::<T>::TooManyUIDsPerMechanism);
        Ok(())
    }

    /// Each mechanism's part of an emission. What rounding leaves goes to the main one.
    pub fn split_emissions(netuid: u16, emission: u64) -> Vec<u64> {
        let split = MechanismEmissionSplit::<T>::get(netuid);
        split_emission(emission, MechanismCountCurrent::<T>::get(netuid), split.as_deref())
    }
}
