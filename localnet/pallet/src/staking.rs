//! Stake: alpha on a hotkey, shared between the coldkeys that put it there. One TAO buys one alpha, always.

use frame_support::{
    ensure,
    pallet_prelude::DispatchResult,
    traits::{
        Get,
        fungible::{Inspect, Mutate},
        tokens::Preservation,
    },
};
use sp_core::U256;
use sp_runtime::traits::AccountIdConversion;

use crate::*;

/// The least stake in one call, in rao.
const MIN_STAKE: u64 = 2_000_000;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_add_stake(
        coldkey: T::AccountId,
        hotkey: T::AccountId,
        netuid: u16,
        amount: u64,
    ) -> DispatchResult {
        Self::ensure_stakeable(netuid)?;
        ensure!(amount >= MIN_STAKE, Error::<T>::AmountTooLow);
        ensure!(Self::can_pay(&coldkey, amount), Error::<T>::NotEnoughBalanceToStake);
        ensure!(Owner::<T>::contains_key(&hotkey), Error::<T>::HotKeyAccountNotExists);
        T::Currency::transfer(&coldkey, &Self::subnet_account(netuid), amount, Preservation::Preserve)?;
        Self::increase_stake(&hotkey, &coldkey, netuid, amount);
        SubnetTAO::<T>::mutate(netuid, |total| *total = total.saturating_add(amount));
        SubnetAlphaOut::<T>::mutate(netuid, |total| *total = total.saturating_add(amount));
        TotalStake::<T>::mutate(|total| *total = total.saturating_add(amount));
        Self::deposit_event(Event::StakeAdded(coldkey, hotkey, amount, amount, netuid, 0));
        Ok(())
    }

    pub(crate) fn do_remove_stake(
        coldkey: T::AccountId,
        hotkey: T::AccountId,
        netuid: u16,
        amount: u64,
    ) -> DispatchResult {
        Self::ensure_stakeable(netuid)?;
        ensure!(Owner::<T>::contains_key(&hotkey), Error::<T>::HotKeyAccountNotExists);
        let staked = Self::stake_of(&hotkey, &coldkey, netuid);
        ensure!(amount > 0 && amount <= staked, Error::<T>::NotEnoughStakeToWithdraw);
        // Emission is alpha without TAO behind it: only what was paid in can be paid out.
        let pot = Self::subnet_account(netuid);
        ensure!(T::Currency::balance(&pot) >= amount, Error::<T>::InsufficientLiquidity);
        T::Currency::transfer(&pot, &coldkey, amount, Preservation::Expendable)?;
        Self::decrease_stake(&hotkey, &coldkey, netuid, amount);
        SubnetTAO::<T>::mutate(netuid, |total| *total = total.saturating_sub(amount));
        SubnetAlphaOut::<T>::mutate(netuid, |total| *total = total.saturating_sub(amount));
        TotalStake::<T>::mutate(|total| *total = total.saturating_sub(amount));
        Self::deposit_event(Event::StakeRemoved(coldkey, hotkey, amount, amount, netuid, 0));
        Ok(())
    }

    fn ensure_stakeable(netuid: u16) -> DispatchResult {
        ensure!(NetworksAdded::<T>::get(netuid), Error::<T>::SubnetNotExists);
        ensure!(SubtokenEnabled::<T>::get(netuid), Error::<T>::SubtokenDisabled);
        Ok(())
    }

    /// Where a subnet's TAO lies.
    pub fn subnet_account(netuid: u16) -> T::AccountId {
        T::SubtensorPalletId::get().into_sub_account_truncating(netuid)
    }

    /// What a coldkey has on a hotkey: its share of the hotkey's alpha.
    pub fn stake_of(hotkey: &T::AccountId, coldkey: &T::AccountId, netuid: u16) -> u64 {
        let share = Alpha::<T>::get((hotkey, coldkey, netuid)).bits;
        let shares = TotalHotkeyShares::<T>::get(hotkey, netuid).bits;
        scale(TotalHotkeyAlpha::<T>::get(hotkey, netuid).into(), share, shares).try_into().unwrap_or(u64::MAX)
    }

    /// What counts as a hotkey's stake at an epoch and for the threshold: its alpha, and its TAO on root weighted.
    pub fn stake_weight_of(hotkey: &T::AccountId, netuid: u16) -> u64 {
        let tao = TotalHotkeyAlpha::<T>::get(hotkey, ROOT);
        let weighted = (u128::from(tao) * u128::from(TaoWeight::<T>::get())) >> 64;
        TotalHotkeyAlpha::<T>::get(hotkey, netuid).saturating_add(u64::try_from(weighted).unwrap_or(u64::MAX))
    }

    /// Alpha for one coldkey: it buys shares at the hotkey's present value.
    pub(crate) fn increase_stake(hotkey: &T::AccountId, coldkey: &T::AccountId, netuid: u16, amount: u64) {
        let alpha = TotalHotkeyAlpha::<T>::get(hotkey, netuid);
        let shares = TotalHotkeyShares::<T>::get(hotkey, netuid).bits;
        let bought = if alpha == 0 || shares == 0 {
            U64F64::from_int(amount).bits
        } else {
            scale(shares, amount.into(), alpha.into())
        };
        TotalHotkeyShares::<T>::insert(hotkey, netuid, U64F64 { bits: shares.saturating_add(bought) });
        Alpha::<T>::mutate((hotkey, coldkey, netuid), |share| share.bits = share.bits.saturating_add(bought));
        TotalHotkeyAlpha::<T>::insert(hotkey, netuid, alpha.saturating_add(amount));
        StakingHotkeys::<T>::mutate(coldkey, |hotkeys| {
            if !hotkeys.contains(hotkey) {
                hotkeys.push(hotkey.clone());
            }
        });
    }

    /// Alpha for everybody on a hotkey, by share. Where nobody has a share it goes to the owner.
    pub(crate) fn increase_stake_of_all(hotkey: &T::AccountId, netuid: u16, amount: u64) {
        if TotalHotkeyShares::<T>::get(hotkey, netuid).bits == 0 {
            Self::increase_stake(hotkey, &Owner::<T>::get(hotkey), netuid, amount);
        } else {
            TotalHotkeyAlpha::<T>::mutate(hotkey, netuid, |total| *total = total.saturating_add(amount));
        }
    }

    fn decrease_stake(hotkey: &T::AccountId, coldkey: &T::AccountId, netuid: u16, amount: u64) {
        let alpha = TotalHotkeyAlpha::<T>::get(hotkey, netuid);
        let shares = TotalHotkeyShares::<T>::get(hotkey, netuid).bits;
        let share = Alpha::<T>::get((hotkey, coldkey, netuid)).bits;
        let sold = if amount == Self::stake_of(hotkey, coldkey, netuid) {
            share
        } else {
            scale(shares, amount.into(), alpha.into()).min(share)
        };
        TotalHotkeyShares::<T>::insert(hotkey, netuid, U64F64 { bits: shares.saturating_sub(sold) });
        Alpha::<T>::insert((hotkey, coldkey, netuid), U64F64 { bits: share - sold });
        TotalHotkeyAlpha::<T>::insert(hotkey, netuid, alpha.saturating_sub(amount));
    }
}

/// `value * numerator / denominator`, rounded down; 0 where the denominator is.
fn scale(value: u128, numerator: u128, denominator: u128) -> u128 {
    if denominator == 0 {
        return 0;
    }
    u128::try_from(U256::from(value) * U256::from(numerator) / U256::from(denominator)).unwrap_or(u128::MAX)
}
