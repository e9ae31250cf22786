//! Seats on root: free, and for those with the most stake there.

use frame_support::{ensure, pallet_prelude::DispatchResult};

use crate::*;

impl<T: Config> Pallet<T> {
    /// When root is full, the seat of who has least stake is taken by who has more.
    pub(crate) fn do_root_register(coldkey: T::AccountId, hotkey: T::AccountId) -> DispatchResult {
        ensure!(NetworksAdded::<T>::get(ROOT), Error::<T>::RootNetworkDoesNotExist);
        let in_block = RegistrationsThisBlock::<T>::get(ROOT);
        ensure!(in_block < MaxRegistrationsPerBlock::<T>::get(ROOT), Error::<T>::TooManyRegistrationsThisBlock);
        let in_interval = RegistrationsThisInterval::<T>::get(ROOT);
        let most = TargetRegistrationsPerInterval::<T>::get(ROOT).saturating_mul(3);
        ensure!(in_interval < most, Error::<T>::TooManyRegistrationsThisInterval);
        ensure!(!Uids::<T>::contains_key(ROOT, &hotkey), Error::<T>::HotKeyAlreadyRegisteredInSubNet);
        Self::create_account_if_absent(&coldkey, &hotkey)?;

        let block = Self::current_block();
        let uid = if SubnetworkN::<T>::get(ROOT) < MaxAllowedUids::<T>::get(ROOT) {
            Self::append_neuron(ROOT, &hotkey, block)
        } else {
            let staked = |uid: u16| TotalHotkeyAlpha::<T>::get(Keys::<T>::get(ROOT, uid), ROOT);
            let seats = 0..SubnetworkN::<T>::get(ROOT);
            let uid = seats.min_by_key(|uid| staked(*uid)).ok_or(Error::<T>::StakeTooLowForRoot)?;
            ensure!(staked(uid) < TotalHotkeyAlpha::<T>::get(&hotkey, ROOT), Error::<T>::StakeTooLowForRoot);
            Self::replace_neuron(ROOT, uid, &hotkey, block);
            uid
        };
        Self::become_delegate(&hotkey);
        RegistrationsThisInterval::<T>::insert(ROOT, in_interval.saturating_add(1));
        RegistrationsThisBlock::<T>::insert(ROOT, in_block.saturating_add(1));
        Self::deposit_event(Event::NeuronRegistered(ROOT, uid, hotkey));
        Ok(())
    }
}
