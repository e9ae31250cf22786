//! Who owns which hotkey, who stakes to it, and where its pay goes.

use frame_support::{ensure, pallet_prelude::DispatchResult};

use crate::*;

impl<T: Config> Pallet<T> {
    /// A hotkey that nobody owns becomes the coldkey's. Another's stays another's.
    pub(crate) fn create_account_if_absent(coldkey: &T::AccountId, hotkey: &T::AccountId) -> DispatchResult {
        ensure!(!Self::is_subnet_account(hotkey), Error::<T>::CannotUseSystemAccount);
        if Owner::<T>::contains_key(hotkey) {
            return Ok(());
        }
        Owner::<T>::insert(hotkey, coldkey);
        OwnedHotkeys::<T>::append(coldkey, hotkey);
        Self::note_staking_hotkey(coldkey, hotkey);
        Ok(())
    }

    /// A coldkey may have stake on a hotkey.
    pub(crate) fn note_staking_hotkey(coldkey: &T::AccountId, hotkey: &T::AccountId) {
        if !StakingHotkeys::<T>::get(coldkey).contains(hotkey) {
            StakingHotkeys::<T>::append(coldkey, hotkey);
        }
    }

    /// A hotkey to which others stake says what it takes from them.
    pub(crate) fn become_delegate_of_others(hotkey: &T::AccountId, coldkey: &T::AccountId) {
        if Owner::<T>::get(hotkey) != *coldkey {
            Self::become_delegate(hotkey);
        }
    }

    pub(crate) fn become_delegate(hotkey: &T::AccountId) {
        if !Delegates::<T>::contains_key(hotkey) {
            Delegates::<T>::insert(hotkey, Delegates::<T>::get(hotkey));
        }
    }

    /// What miners of a coldkey earn goes to this hotkey.
    pub(crate) fn do_set_auto_stake(coldkey: T::AccountId, netuid: u16, hotkey: T::AccountId) -> DispatchResult {
        ensure!(NetworksAdded::<T>::get(netuid), Error::<T>::SubnetNotExists);
        ensure!(Uids::<T>::contains_key(netuid, &hotkey), Error::<T>::HotKeyNotRegisteredInSubNet);
        if let Some(before) = AutoStakeDestination::<T>::get(&coldkey, netuid) {
            ensure!(before != hotkey, Error::<T>::SameAutoStakeHotkeyAlreadySet);
            AutoStakeDestinationColdkeys::<T>::mutate(before, netuid, |all| all.retain(|other| *other != coldkey));
        }
        AutoStakeDestination::<T>::insert(&coldkey, netuid, &hotkey);
        AutoStakeDestinationColdkeys::<T>::mutate(&hotkey, netuid, |all| {
            if !all.contains(&coldkey) {
                all.push(coldkey.clone());
            }
        });
        Self::deposit_event(Event::AutoStakeDestinationSet(coldkey, netuid, hotkey));
        Ok(())
    }
}
