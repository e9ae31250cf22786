//! TAO into a subnet and out of it: the pool, the shares, the fee, and who is told.

use std::collections::BTreeSet;

use frame_support::{
    ensure,
    pallet_prelude::{DispatchError, DispatchResult},
};

use super::MIN_STAKE;
use crate::{
    pool::{MIN_PRICE, flow},
    *,
};

impl<T: Config> Pallet<T> {
    /// Buy alpha for a coldkey and put it on a hotkey. What the limit leaves unspent comes back. Returns the alpha.
    pub(crate) fn stake_into_subnet(
        hotkey: &T::AccountId,
        coldkey: &T::AccountId,
        netuid: u16,
        tao: u64,
        limit: u64,
        drop_fees: bool,
    ) -> Result<u64, DispatchError> {
        let paid = Self::tao_to_subnet(netuid, coldkey, tao)?;
        let swapped = Self::swap_tao_for_alpha(netuid, paid, limit, drop_fees)?;
        let alpha = swapped.paid_out;
        ensure!(alpha > 0, Error::<T>::AmountTooLow);
        ensure!(Self::can_increase_stake(hotkey, netuid, alpha), Error::<T>::InsufficientLiquidity);
        Self::increase_stake(hotkey, coldkey, netuid, alpha);
        Self::burn_tao_of_subnet(netuid, swapped.fee);
        let unspent = paid.saturating_sub(swapped.paid_in).saturating_sub(swapped.fee);
        Self::tao_from_subnet(netuid, coldkey, unspent)?;
        Self::note_tao_flow(netuid, flow(swapped.paid_in));
        LastColdkeyHotkeyStakeBlock::<T>::insert(coldkey, hotkey, Self::current_block());
        if netuid == ROOT {
            Self::root_stake_added(hotkey, coldkey, alpha);
            Self::note_root_staker(coldkey);
        }
        Self::deposit_event(Event::StakeAdded(coldkey.clone(), hotkey.clone(), paid, alpha, netuid, swapped.fee));
        Ok(alpha)
    }

    /// Take alpha off a hotkey and sell it for its coldkey. What the limit leaves unsold comes back. Returns the TAO.
    pub(crate) fn unstake_from_subnet(
        hotkey: &T::AccountId,
        coldkey: &T::AccountId,
        netuid: u16,
        alpha: u64,
        limit: u64,
        drop_fees: bool,
    ) -> Result<u64, DispatchError> {
        ensure!(alpha <= Self::stake_of(hotkey, coldkey, netuid), Error::<T>::NotEnoughStakeToWithdraw);
        Self::decrease_stake(hotkey, coldkey, netuid, alpha);
        let swapped = Self::swap_alpha_for_tao(netuid, alpha, limit, drop_fees)?;
        let unsold = alpha.saturating_sub(swapped.paid_in).saturating_sub(swapped.fee);
        Self::increase_stake(hotkey, coldkey, netuid, unsold);
        Self::tao_from_subnet(netuid, coldkey, swapped.paid_out)?;
        Self::burn_alpha_out(netuid, swapped.fee);
        if netuid == ROOT {
            Self::root_stake_removed(hotkey, coldkey, alpha);
            Self::forget_root_staker_without_stake(coldkey);
        }
        Self::note_tao_flow(netuid, -flow(swapped.paid_out));
        LastColdkeyHotkeyStakeBlock::<T>::insert(coldkey, hotkey, Self::current_block());
        Self::deposit_event(Event::StakeRemoved(
            coldkey.clone(),
            hotkey.clone(),
            swapped.paid_out,
            swapped.paid_in,
            netuid,
            swapped.fee,
        ));
        Ok(swapped.paid_out)
    }

    /// Alpha from one position to another of the same subnet: no trade, no fee. Returns its worth in TAO.
    pub(crate) fn transfer_within_subnet(
        from: (&T::AccountId, &T::AccountId),
        to: (&T::AccountId, &T::AccountId),
        netuid: u16,
        alpha: u64,
    ) -> Result<u64, DispatchError> {
        Self::decrease_stake(from.0, from.1, netuid, alpha);
        Self::become_delegate_of_others(to.0, to.1);
        Self::increase_stake(to.0, to.1, netuid, alpha);
        if netuid == ROOT {
            Self::root_stake_removed(from.0, from.1, alpha);
            Self::root_stake_added(to.0, to.1, alpha);
            Self::forget_root_staker_without_stake(from.1);
            Self::note_root_staker(to.1);
        }
        let worth = Self::alpha_price(netuid).mul_int(alpha);
        ensure!(worth >= MIN_STAKE, Error::<T>::AmountTooLow);
        LastColdkeyHotkeyStakeBlock::<T>::insert(to.1, to.0, Self::current_block());
        Self::deposit_event(Event::StakeRemoved(from.1.clone(), from.0.clone(), worth, alpha, netuid, 0));
        Self::deposit_event(Event::StakeAdded(to.1.clone(), to.0.clone(), worth, alpha, netuid, 0));
        Ok(worth)
    }

    /// What a nominator has left may be too little to keep: then it is sold.
    pub(crate) fn clear_small_nomination(hotkey: &T::AccountId, coldkey: &T::AccountId, netuid: u16) {
        if Owner::<T>::get(hotkey) == *coldkey {
            return;
        }
        let alpha = Self::stake_of(hotkey, coldkey, netuid);
        let least = U64F64::from_int(Self::nominator_min_required_stake()).over(Self::alpha_price(netuid)).floor();
        if alpha == 0 || alpha >= least {
            return;
        }
        let sold = frame_support::storage::with_storage_layer(|| {
            Self::unstake_from_subnet(hotkey, coldkey, netuid, alpha, MIN_PRICE, false)
        });
        if sold.is_err() {
            // Too little even to be sold: it is nobody's.
            Self::decrease_stake(hotkey, coldkey, netuid, alpha);
            Self::burn_alpha_out(netuid, alpha);
        }
    }

    /// Sell every nomination that is too little to keep.
    pub fn clear_small_nominations() {
        let all: BTreeSet<_> = Alpha::<T>::iter_keys().chain(AlphaV2::<T>::iter_keys()).collect();
        for (hotkey, coldkey, netuid) in all {
            Self::clear_small_nomination(&hotkey, &coldkey, netuid);
        }
    }

    /// In rao of TAO. What is stored is a factor of the least stake, in millionths.
    pub fn nominator_min_required_stake() -> u64 {
        MIN_STAKE.saturating_mul(NominatorMinRequiredStake::<T>::get()) / 1_000_000
    }

    /// What can be bought or sold in a subnet that runs.
    pub(crate) fn ensure_subtoken_enabled(netuid: u16) -> DispatchResult {
        ensure!(SubtokenEnabled::<T>::get(netuid), Error::<T>::SubtokenDisabled);
        Ok(())
    }
}
