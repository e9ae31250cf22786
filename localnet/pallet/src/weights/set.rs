//! Rows set in the open.

use frame_support::{ensure, pallet_prelude::DispatchResult};
use scoring::quantise::max_upscale_u16;

use crate::*;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_set_weights(
        hotkey: T::AccountId,
        netuid: u16,
        mecid: u8,
        uids: Vec<u16>,
        values: Vec<u16>,
        version_key: u64,
    ) -> DispatchResult {
        Self::check_set(&hotkey, netuid, mecid)?;
        ensure!(!CommitRevealWeightsEnabled::<T>::get(netuid), Error::<T>::CommitRevealEnabled);
        Self::store_row(&hotkey, netuid, mecid, uids, values, version_key)
    }

    /// Store a row that was set or revealed. The checks stand in the chain's order: a client learns of the first that
    /// fails.
    pub(crate) fn store_row(
        hotkey: &T::AccountId,
        netuid: u16,
        mecid: u8,
        uids: Vec<u16>,
        values: Vec<u16>,
        version_key: u64,
    ) -> DispatchResult {
        ensure!(netuid != ROOT, Error::<T>::CanNotSetRootNetworkWeights);
        ensure!(uids.len() == values.len(), Error::<T>::WeightVecNotEqualSize);
        ensure!(Self::mechanism_exists(netuid, mecid), Error::<T>::MechanismDoesNotExist);
        let seats = SubnetworkN::<T>::get(netuid);
        ensure!(uids.len() <= usize::from(seats), Error::<T>::UidsLengthExceedUidsInSubNet);
        let uid = Uids::<T>::get(netuid, hotkey).ok_or(Error::<T>::HotKeyNotRegisteredInSubNet)?;
        ensure!(Self::has_stake_for_weights(hotkey, netuid), Error::<T>::NotEnoughStakeToSetWeights);
        let network_key = WeightsVersionKey::<T>::get(netuid);
        ensure!(network_key == 0 || version_key >= network_key, Error::<T>::IncorrectWeightVersionKey);
        // While rows are committed, the limit was on the commit.
        let committed = CommitRevealWeightsEnabled::<T>::get(netuid);
        let waited = committed || Self::has_waited_for_weights(netuid, mecid, uid);
        ensure!(waited, Error::<T>::SettingWeightsTooFast);

        let own_only = uids == [uid];
        let permit = ValidatorPermit::<T>::get(netuid).get(usize::from(uid)).copied().unwrap_or(false);
        let may_weigh = permit || own_only || Self::owner_uid(netuid) == Some(uid);
        ensure!(may_weigh, Error::<T>::NeuronNoValidatorPermit);
        let mut sorted = uids.clone();
        sorted.sort_unstable();
        ensure!(sorted.windows(2).all(|pair| pair[0] != pair[1]), Error::<T>::DuplicateUids);
        ensure!(sorted.last().is_none_or(|last| *last < seats), Error::<T>::UidVecContainInvalidOne);
        let fewest = usize::from(MinAllowedWeights::<T>::get(netuid).min(seats));
        ensure!(own_only || uids.len() >= fewest, Error::<T>::WeightVecLengthIsLow);

        // The row keeps the order in which it was sent, as on the chain.
        let row: Vec<(u16, u16)> = uids.into_iter().zip(max_upscale_u16(&values)).collect();
        let index = Self::storage_index(netuid, mecid);
        Weights::<T>::insert(index, uid, row);
        if !committed {
            Self::set_last_update(netuid, mecid, uid, Self::current_block());
        }
        Self::deposit_event(Event::WeightsSet(index, uid));
        Ok(())
    }
}
