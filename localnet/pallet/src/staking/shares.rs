//! Shares: of a hotkey's alpha, each coldkey has the part that its shares are of all shares. Who adds alpha buys shares
//! at what they are worth now; what a hotkey earns makes every share worth more.
//!
//! The chain stores shares as decimals ([`SafeFloat`]). What it stored before, it still reads and replaces when it is
//! next written, and so do we.

use crate::*;

impl<T: Config> Pallet<T> {
    /// What a coldkey has on a hotkey, in rao of alpha.
    pub fn stake_of(hotkey: &T::AccountId, coldkey: &T::AccountId, netuid: u16) -> u64 {
        let total = SafeFloat::from_int(TotalHotkeyAlpha::<T>::get(hotkey, netuid));
        let share = Self::share_of(hotkey, coldkey, netuid);
        total.scaled(share, Self::shares_of(hotkey, netuid)).unwrap_or_default().floor()
    }

    /// Alpha for one coldkey: it buys shares.
    pub(crate) fn increase_stake(hotkey: &T::AccountId, coldkey: &T::AccountId, netuid: u16, amount: u64) {
        if amount == 0 {
            return;
        }
        Self::note_staking_hotkey(coldkey, hotkey);
        let total = TotalHotkeyAlpha::<T>::get(hotkey, netuid);
        let shares = Self::shares_of(hotkey, netuid);
        if shares.is_zero() {
            let bought = SafeFloat::from_int(amount);
            Self::set_shares(hotkey, coldkey, netuid, bought, bought);
        } else {
            let bought = shares_for(amount, shares, total);
            let share = Self::share_of(hotkey, coldkey, netuid);
            let bigger = |value: SafeFloat| value.plus(bought).unwrap_or(value);
            Self::set_shares(hotkey, coldkey, netuid, bigger(share), bigger(shares));
        }
        Self::set_total(hotkey, netuid, total.saturating_add(amount));
    }

    /// Alpha for everybody on a hotkey, by share. Where nobody has a share it goes to the owner.
    pub(crate) fn increase_stake_of_all(hotkey: &T::AccountId, netuid: u16, amount: u64) {
        if Self::shares_of(hotkey, netuid).is_zero() {
            Self::increase_stake(hotkey, &Owner::<T>::get(hotkey), netuid, amount);
        } else {
            let total = TotalHotkeyAlpha::<T>::get(hotkey, netuid);
            Self::set_total(hotkey, netuid, total.saturating_add(amount));
        }
    }

    /// Alpha off one coldkey, at most what it has.
    pub(crate) fn decrease_stake(hotkey: &T::AccountId, coldkey: &T::AccountId, netuid: u16, amount: u64) {
        if amount == 0 || amount > Self::stake_of(hotkey, coldkey, netuid) {
            return;
        }
        let total = TotalHotkeyAlpha::<T>::get(hotkey, netuid);
        let (shares, share) = (Self::shares_of(hotkey, netuid), Self::share_of(hotkey, coldkey, netuid));
        let sold = shares_for(amount, shares, total);
        let smaller = |value: SafeFloat| value.minus(sold).unwrap_or(value);
        Self::set_shares(hotkey, coldkey, netuid, smaller(share), smaller(shares));
        Self::set_total(hotkey, netuid, total.saturating_sub(amount));
    }

    /// Whether an amount is enough to buy a share.
    pub(crate) fn can_increase_stake(hotkey: &T::AccountId, netuid: u16, amount: u64) -> bool {
        let shares = Self::shares_of(hotkey, netuid);
        shares.is_zero() || !shares_for(amount, shares, TotalHotkeyAlpha::<T>::get(hotkey, netuid)).is_zero()
    }

    /// Every coldkey with a share of a hotkey, in no order.
    pub(crate) fn coldkeys_on(hotkey: &T::AccountId, netuid: u16) -> Vec<T::AccountId> {
        let new = AlphaV2::<T>::iter_key_prefix((hotkey,));
        let mut coldkeys: Vec<T::AccountId> =
            Alpha::<T>::iter_key_prefix((hotkey,)).chain(new).filter(|key| key.1 == netuid).map(|key| key.0).collect();
        coldkeys.sort_unstable();
        coldkeys.dedup();
        coldkeys
    }

    /// Nobody has anything on a hotkey any more.
    pub(crate) fn clear_stake(hotkey: &T::AccountId, netuid: u16) {
        for coldkey in Self::coldkeys_on(hotkey, netuid) {
            Alpha::<T>::remove((hotkey, &coldkey, netuid));
            AlphaV2::<T>::remove((hotkey, &coldkey, netuid));
        }
        TotalHotkeyShares::<T>::remove(hotkey, netuid);
        TotalHotkeySharesV2::<T>::remove(hotkey, netuid);
        TotalHotkeyAlpha::<T>::remove(hotkey, netuid);
    }

    fn share_of(hotkey: &T::AccountId, coldkey: &T::AccountId, netuid: u16) -> SafeFloat {
        let key = (hotkey, coldkey, netuid);
        match Alpha::<T>::try_get(key) {
            Ok(old) => old.into(),
            Err(()) => AlphaV2::<T>::get(key),
        }
    }

    fn shares_of(hotkey: &T::AccountId, netuid: u16) -> SafeFloat {
        match TotalHotkeyShares::<T>::try_get(hotkey, netuid) {
            Ok(old) => old.into(),
            Err(()) => TotalHotkeySharesV2::<T>::get(hotkey, netuid),
        }
    }

    fn set_shares(hotkey: &T::AccountId, coldkey: &T::AccountId, netuid: u16, share: SafeFloat, shares: SafeFloat) {
        let key = (hotkey, coldkey, netuid);
        Alpha::<T>::remove(key);
        TotalHotkeyShares::<T>::remove(hotkey, netuid);
        if share.is_zero() {
            AlphaV2::<T>::remove(key)
        } else {
            AlphaV2::<T>::insert(key, share)
        }
        if shares.is_zero() {
            TotalHotkeySharesV2::<T>::remove(hotkey, netuid);
        } else {
            TotalHotkeySharesV2::<T>::insert(hotkey, netuid, shares);
        }
    }

    fn set_total(hotkey: &T::AccountId, netuid: u16, total: u64) {
        if total == 0 {
            TotalHotkeyAlpha::<T>::remove(hotkey, netuid);
        } else {
            TotalHotkeyAlpha::<T>::insert(hotkey, netuid, total);
        }
    }
}

/// How many shares an amount of alpha is worth.
fn shares_for(amount: u64, shares: SafeFloat, total: u64) -> SafeFloat {
    SafeFloat::from_int(amount).scaled(shares, SafeFloat::from_int(total)).unwrap_or_default()
}
