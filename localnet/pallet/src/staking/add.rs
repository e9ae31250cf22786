//! Staking TAO.

use frame_support::{
    ensure,
    pallet_prelude::{DispatchError, DispatchResult},
};
use pallet_subtensor_swap::{Order, Pallet as Swap};

use super::MIN_STAKE;
use crate::{pool::MAX_PRICE, *};

/// The most that a pool takes in at once, as a multiple of what it holds.
pub(super) const MOST_INPUT: u64 = 1_000;

impl<T: Config> Pallet<T> {
    /// Returns the alpha bought.
    pub(crate) fn do_add_stake(
        coldkey: &T::AccountId,
        hotkey: &T::AccountId,
        netuid: u16,
        tao: u64,
    ) -> Result<u64, DispatchError> {
        Self::ensure_pool_takes_tao(netuid, tao)?;
        Self::validate_add_stake(coldkey, hotkey, netuid, tao, tao, false)?;
        Self::become_delegate_of_others(hotkey, coldkey);
        Self::stake_into_subnet(hotkey, coldkey, netuid, tao, MAX_PRICE, false)
    }

    /// As far as the price does not pass `limit`. Returns the alpha bought.
    pub(crate) fn do_add_stake_limit(
        coldkey: &T::AccountId,
        hotkey: &T::AccountId,
        netuid: u16,
        tao: u64,
        limit: u64,
        allow_partial: bool,
    ) -> Result<u64, DispatchError> {
        Self::ensure_pool_takes_tao(netuid, tao)?;
        let most = Self::most_to_add(netuid, limit)?;
        Self::validate_add_stake(coldkey, hotkey, netuid, tao, most, allow_partial)?;
        Self::become_delegate_of_others(hotkey, coldkey);
        Self::stake_into_subnet(hotkey, coldkey, netuid, tao.min(most), limit, false)
    }

    /// Stake TAO and burn the alpha.
    pub(crate) fn do_add_stake_burn(
        coldkey: T::AccountId,
        hotkey: T::AccountId,
        netuid: u16,
        tao: u64,
        limit: Option<u64>,
    ) -> DispatchResult {
        ensure!(NetworksAdded::<T>::get(netuid), Error::<T>::SubnetNotExists);
        let alpha = match limit {
            Some(limit) => Self::do_add_stake_limit(&coldkey, &hotkey, netuid, tao, limit, false)?,
            None => Self::do_add_stake(&coldkey, &hotkey, netuid, tao)?,
        };
        Self::do_burn_alpha(coldkey, hotkey.clone(), alpha, netuid)?;
        Self::deposit_event(Event::AddStakeBurn(netuid, hotkey, tao, alpha));
        Ok(())
    }

    /// The TAO, with its fee, that can be staked before the price passes `limit`.
    pub(crate) fn most_to_add(netuid: u16, limit: u64) -> Result<u64, DispatchError> {
        if Self::is_stable(netuid) {
            return Ok(if limit >= 1_000_000_000 { u64::MAX } else { 0 });
        }
        let largest = SubnetTAO::<T>::get(netuid).saturating_mul(MOST_INPUT);
        let swapped = Self::quote(netuid, Order::Buy(largest), limit, false)?;
        Ok(swapped.paid_in.saturating_add(swapped.fee))
    }

    fn ensure_pool_takes_tao(netuid: u16, tao: u64) -> DispatchResult {
        let most = SubnetTAO::<T>::get(netuid).saturating_mul(MOST_INPUT);
        ensure!(Self::is_stable(netuid) || tao <= most, Error::<T>::InsufficientLiquidity);
        Ok(())
    }

    /// The checks stand in the chain's order.
    fn validate_add_stake(
        coldkey: &T::AccountId,
        hotkey: &T::AccountId,
        netuid: u16,
        tao: u64,
        most: u64,
        allow_partial: bool,
    ) -> DispatchResult {
        ensure!(NetworksAdded::<T>::get(netuid), Error::<T>::SubnetNotExists);
        Self::ensure_subtoken_enabled(netuid)?;
        let fee = match Self::simulate(netuid, Order::Buy(MIN_STAKE)) {
            Ok(swapped) => swapped.fee,
            Err(_) => Swap::<T>::fee(netuid, MIN_STAKE, Self::is_stable(netuid)),
        };
        ensure!(tao >= MIN_STAKE.saturating_add(fee), Error::<T>::AmountTooLow);
        ensure!(allow_partial || tao <= most, Error::<T>::SlippageTooHigh);
        let tao = tao.min(most);
        ensure!(Self::has_tao(coldkey, tao), Error::<T>::NotEnoughBalanceToStake);
        ensure!(Owner::<T>::contains_key(hotkey), Error::<T>::HotKeyAccountNotExists);
        let swapped = Self::simulate(netuid, Order::Buy(tao)).map_err(|_| Error::<T>::InsufficientLiquidity)?;
        ensure!(swapped.paid_in >= MIN_STAKE, Error::<T>::AmountTooLow);
        ensure!(swapped.paid_out > 0, Error::<T>::InsufficientLiquidity);
        let counts = Self::can_increase_stake(hotkey, netuid, swapped.paid_out);
        ensure!(counts, Error::<T>::InsufficientLiquidity);
        Ok(())
    }
}
