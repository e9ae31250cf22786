//! What a hotkey takes from those who stake to it, of 65,535.

use frame_support::{ensure, pallet_prelude::DispatchResult};

use crate::*;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_increase_take(coldkey: T::AccountId, hotkey: T::AccountId, take: u16) -> DispatchResult {
        Self::ensure_owns(&coldkey, &hotkey)?;
        if let Ok(before) = Delegates::<T>::try_get(&hotkey) {
            ensure!(take > before, Error::<T>::DelegateTakeTooLow);
        }
        ensure!(take <= MaxDelegateTake::<T>::get(), Error::<T>::DelegateTakeTooHigh);
        ensure!(Self::may_change_take(&hotkey), Error::<T>::DelegateTxRateLimitExceeded);
        Self::set_take(&hotkey, take);
        Self::deposit_event(Event::TakeIncreased(coldkey, hotkey, take));
        Ok(())
    }

    pub(crate) fn do_decrease_take(coldkey: T::AccountId, hotkey: T::AccountId, take: u16) -> DispatchResult {
        Self::ensure_owns(&coldkey, &hotkey)?;
        if let Ok(before) = Delegates::<T>::try_get(&hotkey) {
            ensure!(take < before, Error::<T>::DelegateTakeTooLow);
        }
        ensure!(take >= MinDelegateTake::<T>::get(), Error::<T>::DelegateTakeTooLow);
        Self::set_take(&hotkey, take);
        Self::deposit_event(Event::TakeDecreased(coldkey, hotkey, take));
        Ok(())
    }

    fn ensure_owns(coldkey: &T::AccountId, hotkey: &T::AccountId) -> DispatchResult {
        ensure!(Owner::<T>::contains_key(hotkey), Error::<T>::HotKeyAccountNotExists);
        ensure!(Owner::<T>::get(hotkey) == *coldkey, Error::<T>::NonAssociatedColdKey);
        Ok(())
    }

    /// Whether the last change is long enough ago for the take to rise.
    fn may_change_take(hotkey: &T::AccountId) -> bool {
        let last = LastRateLimitedBlock::<T>::get(RateLimitKey::LastTxBlockDelegateTake(hotkey.clone()));
        let limit = TxDelegateTakeRateLimit::<T>::get();
        limit == 0 || last == 0 || Self::current_block().saturating_sub(last) > limit
    }

    fn set_take(hotkey: &T::AccountId, take: u16) {
        let key = RateLimitKey::LastTxBlockDelegateTake(hotkey.clone());
        LastRateLimitedBlock::<T>::insert(key, Self::current_block());
        Delegates::<T>::insert(hotkey, take);
    }
}
