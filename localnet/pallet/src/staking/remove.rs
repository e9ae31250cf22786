//! Taking stake back as TAO.

use frame_support::{
    ensure,
    pallet_prelude::{DispatchError, DispatchResult},
};
use pallet_subtensor_swap::Order;

use super::{MIN_STAKE, add::MOST_INPUT};
use crate::{
    pool::{MAX_PRICE, MIN_PRICE},
    *,
};

impl<T: Config> Pallet<T> {
    /// More than is staked means all of it.
    pub(crate) fn do_remove_stake(
        coldkey: T::AccountId,
        hotkey: T::AccountId,
        netuid: u16,
        alpha: u64,
    ) -> DispatchResult {
        Self::ensure_subtoken_enabled(netuid)?;
        let alpha = alpha.min(Self::stake_of(&hotkey, &coldkey, netuid));
        Self::ensure_pool_takes_alpha(netuid, alpha)?;
        Self::validate_remove_stake(&coldkey, &hotkey, netuid, alpha, alpha, false)?;
        Self::unstake_from_subnet(&hotkey, &coldkey, netuid, alpha, MIN_PRICE, false)?;
        Self::clear_small_nomination(&hotkey, &coldkey, netuid);
        Ok(())
    }

    /// As far as the price does not pass `limit`.
    pub(crate) fn do_remove_stake_limit(
        coldkey: T::AccountId,
        hotkey: T::AccountId,
        netuid: u16,
        alpha: u64,
        limit: u64,
        allow_partial: bool,
    ) -> DispatchResult {
        Self::ensure_pool_takes_alpha(netuid, alpha)?;
        let most = Self::most_to_remove(netuid, limit)?;
        Self::validate_remove_stake(&coldkey, &hotkey, netuid, alpha, most, allow_partial)?;
        Self::unstake_from_subnet(&hotkey, &coldkey, netuid, alpha.min(most), limit, false)?;
        Self::clear_small_nomination(&hotkey, &coldkey, netuid);
        Ok(())
    }

    /// All of it, if the price does not pass the limit.
    pub(crate) fn do_remove_stake_full_limit(
        coldkey: T::AccountId,
        hotkey: T::AccountId,
        netuid: u16,
        limit: Option<u64>,
    ) -> DispatchResult {
        ensure!(NetworksAdded::<T>::get(netuid), Error::<T>::SubnetNotExists);
        let alpha = Self::stake_of(&hotkey, &coldkey, netuid);
        match limit {
            Some(limit) => Self::do_remove_stake_limit(coldkey, hotkey, netuid, alpha, limit, false),
            None => Self::do_remove_stake(coldkey, hotkey, netuid, alpha),
        }
    }

    /// All that a coldkey has on a hotkey, wherever it can be removed.
    pub(crate) fn do_unstake_all(coldkey: T::AccountId, hotkey: T::AccountId) -> DispatchResult {
        ensure!(Owner::<T>::contains_key(&hotkey), Error::<T>::HotKeyAccountNotExists);
        let networks = core::iter::once(ROOT).chain(Self::subnets());
        Self::unstake_wherever_possible(&coldkey, &hotkey, networks)?;
        Ok(())
    }

    /// All that a coldkey has on a hotkey beyond root, onto root.
    pub(crate) fn do_unstake_all_alpha(coldkey: T::AccountId, hotkey: T::AccountId) -> DispatchResult {
        ensure!(Owner::<T>::contains_key(&hotkey), Error::<T>::HotKeyAccountNotExists);
        let tao = Self::unstake_wherever_possible(&coldkey, &hotkey, Self::subnets())?;
        Self::stake_into_subnet(&hotkey, &coldkey, ROOT, tao, MAX_PRICE, false)?;
        Ok(())
    }

    /// The alpha, with its fee, that can be removed before the price passes `limit`.
    pub(crate) fn most_to_remove(netuid: u16, limit: u64) -> Result<u64, DispatchError> {
        if Self::is_stable(netuid) {
            return Ok(if limit <= 1_000_000_000 { u64::MAX } else { 0 });
        }
        let largest = SubnetAlphaIn::<T>::get(netuid).saturating_mul(MOST_INPUT);
        let swapped = Self::quote(netuid, Order::Sell(largest), limit, false)?;
        Ok(swapped.paid_in.saturating_add(swapped.fee))
    }

    fn unstake_wherever_possible(
        coldkey: &T::AccountId,
        hotkey: &T::AccountId,
        networks: impl IntoIterator<Item = u16>,
    ) -> Result<u64, DispatchError> {
        let mut tao = 0u64;
        for netuid in networks {
            let alpha = Self::stake_of(hotkey, coldkey, netuid);
            let possible = SubtokenEnabled::<T>::get(netuid)
                && Self::validate_remove_stake(coldkey, hotkey, netuid, alpha, alpha, false).is_ok();
            if possible {
                let got = Self::unstake_from_subnet(hotkey, coldkey, netuid, alpha, MIN_PRICE, false)?;
                tao = tao.saturating_add(got);
                Self::clear_small_nomination(hotkey, coldkey, netuid);
            }
        }
        Ok(tao)
    }

    fn ensure_pool_takes_alpha(netuid: u16, alpha: u64) -> DispatchResult {
        let most = SubnetAlphaIn::<T>::get(netuid).saturating_mul(MOST_INPUT);
        ensure!(Self::is_stable(netuid) || alpha <= most, Error::<T>::InsufficientLiquidity);
        Ok(())
    }

    /// The checks stand in the chain's order.
    fn validate_remove_stake(
        coldkey: &T::AccountId,
        hotkey: &T::AccountId,
        netuid: u16,
        alpha: u64,
        most: u64,
        allow_partial: bool,
    ) -> DispatchResult {
        ensure!(NetworksAdded::<T>::get(netuid), Error::<T>::SubnetNotExists);
        ensure!(alpha > 0, Error::<T>::AmountTooLow);
        let staked = Self::stake_of(hotkey, coldkey, netuid);
        ensure!(alpha <= staked, Error::<T>::NotEnoughStakeToWithdraw);
        let swapped = Self::simulate(netuid, Order::Sell(alpha)).map_err(|_| Error::<T>::InsufficientLiquidity)?;
        // All of it may go, however little it is.
        ensure!(alpha == staked || swapped.paid_out >= MIN_STAKE, Error::<T>::AmountTooLow);
        ensure!(allow_partial || alpha <= most, Error::<T>::SlippageTooHigh);
        ensure!(Owner::<T>::contains_key(hotkey), Error::<T>::HotKeyAccountNotExists);
        Ok(())
    }
}
