//! Rows of weights: who may store one, and which.

use frame_support::{ensure, pallet_prelude::DispatchResult};
use scoring::quantise::max_upscale_u16;

use crate::*;

impl<T: Config> Pallet<T> {
    /// The checks stand in the chain's order: a client learns of the first that fails.
    pub(crate) fn do_set_weights(
        hotkey: T::AccountId,
        netuid: u16,
        mecid: u8,
        uids: Vec<u16>,
        values: Vec<u16>,
        version_key: u64,
    ) -> DispatchResult {
        ensure!(!CommitRevealWeightsEnabled::<T>::get(netuid), Error::<T>::CommitRevealEnabled);
        ensure!(netuid != ROOT, Error::<T>::CanNotSetRootNetworkWeights);
        ensure!(uids.len() == values.len(), Error::<T>::WeightVecNotEqualSize);
        let exists = NetworksAdded::<T>::get(netuid) && mecid < MechanismCountCurrent::<T>::get(netuid);
        ensure!(exists, Error::<T>::MechanismDoesNotExist);
        let seats = SubnetworkN::<T>::get(netuid);
        ensure!(uids.len() <= usize::from(seats), Error::<T>::UidsLengthExceedUidsInSubNet);
        let uid = Uids::<T>::get(netuid, &hotkey).ok_or(Error::<T>::HotKeyNotRegisteredInSubNet)?;
        ensure!(Self::has_stake_for_weights(&hotkey, netuid), Error::<T>::NotEnoughStakeToSetWeights);
        let network_key = WeightsVersionKey::<T>::get(netuid);
        ensure!(network_key == 0 || version_key >= network_key, Error::<T>::IncorrectWeightVersionKey);
        let index = Self::storage_index(netuid, mecid);
        ensure!(Self::has_waited_for_weights(netuid, index, uid), Error::<T>::SettingWeightsTooFast);

        let own_only = uids == [uid];
        let permit = ValidatorPermit::<T>::get(netuid).get(usize::from(uid)).copied().unwrap_or(false);
        ensure!(permit || own_only || Self::is_owner(&hotkey, netuid), Error::<T>::NeuronNoValidatorPermit);
        let mut sorted = uids.clone();
        sorted.sort_unstable();
        ensure!(sorted.windows(2).all(|pair| pair[0] != pair[1]), Error::<T>::DuplicateUids);
        ensure!(sorted.last().is_none_or(|last| *last < seats), Error::<T>::UidVecContainInvalidOne);
        let fewest = usize::from(MinAllowedWeights::<T>::get(netuid).min(seats));
        ensure!(own_only || uids.len() >= fewest, Error::<T>::WeightVecLengthIsLow);

        // The row keeps the order in which it was sent, as on the chain.
        let row: Vec<(u16, u16)> = uids.into_iter().zip(max_upscale_u16(&values)).collect();
        Weights::<T>::insert(index, uid, row);
        let block = Self::current_block();
        LastUpdate::<T>::mutate(index, |all| {
            if let Some(last) = all.get_mut(usize::from(uid)) {
                *last = block;
            }
        });
        Self::deposit_event(Event::WeightsSet(index, uid));
        Ok(())
    }

    /// Whether a hotkey is the subnet owner's.
    pub(crate) fn is_owner(hotkey: &T::AccountId, netuid: u16) -> bool {
        SubnetOwnerHotkey::<T>::try_get(netuid).is_ok_and(|owner| owner == *hotkey)
    }

    /// Whether a hotkey has the stake that weights need.
    pub fn has_stake_for_weights(hotkey: &T::AccountId, netuid: u16) -> bool {
        Self::is_owner(hotkey, netuid) || Self::stake_weight_of(hotkey, netuid) >= StakeThreshold::<T>::get()
    }

    /// Whether a validator's last row is old enough for a new one.
    pub fn has_waited_for_weights(netuid: u16, index: u16, uid: u16) -> bool {
        let last = LastUpdate::<T>::get(index).get(usize::from(uid)).copied().unwrap_or(0);
        last == 0 || Self::current_block().saturating_sub(last) >= WeightsSetRateLimit::<T>::get(netuid)
    }
}
