//! Stake from one hotkey, coldkey or subnet to another.

use frame_support::{
    ensure,
    pallet_prelude::{DispatchError, DispatchResult},
};
use pallet_subtensor_swap::Order;

use super::MIN_STAKE;
use crate::{
    pool::{MAX_PRICE, MIN_PRICE},
    *,
};

/// Alpha of a coldkey on a hotkey of a subnet.
pub(crate) struct Position<AccountId> {
    pub hotkey: AccountId,
    pub coldkey: AccountId,
    pub netuid: u16,
}

/// What one alpha of the origin must bring of the destination's on average, in units of 10^-9, and whether a part may
/// move.
#[derive(Clone, Copy)]
pub(crate) struct PriceLimit {
    pub price: u64,
    pub allow_partial: bool,
}

impl<T: Config> Pallet<T> {
    /// To another hotkey.
    pub(crate) fn do_move_stake(
        coldkey: T::AccountId,
        from_hotkey: T::AccountId,
        to_hotkey: T::AccountId,
        from_netuid: u16,
        to_netuid: u16,
        alpha: u64,
    ) -> DispatchResult {
        let from = Position { hotkey: from_hotkey, coldkey: coldkey.clone(), netuid: from_netuid };
        let to = Position { hotkey: to_hotkey, coldkey, netuid: to_netuid };
        let tao = Self::shift_stake(&from, &to, alpha, None, false)?;
        let event = Event::StakeMoved(from.coldkey, from.hotkey, from_netuid, to.hotkey, to_netuid, tao);
        Self::deposit_event(event);
        Ok(())
    }

    /// To another coldkey.
    pub(crate) fn do_transfer_stake(
        from_coldkey: T::AccountId,
        to_coldkey: T::AccountId,
        hotkey: T::AccountId,
        from_netuid: u16,
        to_netuid: u16,
        alpha: u64,
    ) -> DispatchResult {
        let from = Position { hotkey: hotkey.clone(), coldkey: from_coldkey, netuid: from_netuid };
        let to = Position { hotkey, coldkey: to_coldkey, netuid: to_netuid };
        let tao = Self::shift_stake(&from, &to, alpha, None, true)?;
        let event = Event::StakeTransferred(from.coldkey, to.coldkey, to.hotkey, from_netuid, to_netuid, tao);
        Self::deposit_event(event);
        Ok(())
    }

    /// To another subnet.
    pub(crate) fn do_swap_stake(
        coldkey: T::AccountId,
        hotkey: T::AccountId,
        from_netuid: u16,
        to_netuid: u16,
        alpha: u64,
        limit: Option<PriceLimit>,
    ) -> DispatchResult {
        let from = Position { hotkey: hotkey.clone(), coldkey: coldkey.clone(), netuid: from_netuid };
        let to = Position { hotkey, coldkey, netuid: to_netuid };
        let tao = Self::shift_stake(&from, &to, alpha, limit, false)?;
        Self::deposit_event(Event::StakeSwapped(to.coldkey, to.hotkey, from_netuid, to_netuid, tao));
        Ok(())
    }

    /// Returns the TAO that moved, or the worth of what moved within one subnet.
    fn shift_stake(
        from: &Position<T::AccountId>,
        to: &Position<T::AccountId>,
        alpha: u64,
        limit: Option<PriceLimit>,
        is_transfer: bool,
    ) -> Result<u64, DispatchError> {
        let most = match limit {
            Some(limit) if from.netuid != to.netuid => Self::most_to_shift(from.netuid, to.netuid, limit.price)?,
            _ => alpha,
        };
        Self::validate_shift(from, to, alpha, most, limit, is_transfer)?;
        let alpha = alpha.min(most);
        if from.netuid == to.netuid {
            let (from, to, netuid) = ((&from.hotkey, &from.coldkey), (&to.hotkey, &to.coldkey), from.netuid);
            return Self::transfer_within_subnet(from, to, netuid, alpha);
        }
        // One fee is paid: where there is a pool to pay it to.
        let free_exit = from.netuid == ROOT;
        let tao = Self::unstake_from_subnet(&from.hotkey, &from.coldkey, from.netuid, alpha, MIN_PRICE, free_exit)?;
        if from.coldkey != to.coldkey {
            Self::move_tao(&from.coldkey, &to.coldkey, tao)?;
        }
        // Less than that stays with the coldkey.
        if tao >= MIN_STAKE {
            Self::become_delegate_of_others(&to.hotkey, &to.coldkey);
            Self::stake_into_subnet(&to.hotkey, &to.coldkey, to.netuid, tao, MAX_PRICE, !free_exit)?;
        }
        Ok(tao)
    }

    /// The checks stand in the chain's order.
    fn validate_shift(
        from: &Position<T::AccountId>,
        to: &Position<T::AccountId>,
        alpha: u64,
        most: u64,
        limit: Option<PriceLimit>,
        is_transfer: bool,
    ) -> DispatchResult {
        let elsewhere = from.netuid != to.netuid;
        ensure!(elsewhere || from.coldkey != to.coldkey || from.hotkey != to.hotkey, Error::<T>::SameNetuid);
        for netuid in [from.netuid, to.netuid] {
            ensure!(NetworksAdded::<T>::get(netuid), Error::<T>::SubnetNotExists);
        }
        for netuid in [from.netuid, to.netuid] {
            Self::ensure_subtoken_enabled(netuid)?;
        }
        for hotkey in [&from.hotkey, &to.hotkey] {
            ensure!(Owner::<T>::contains_key(hotkey), Error::<T>::HotKeyAccountNotExists);
        }
        let staked = Self::stake_of(&from.hotkey, &from.coldkey, from.netuid);
        ensure!(alpha <= staked, Error::<T>::NotEnoughStakeToWithdraw);
        if elsewhere {
            let swapped =
                Self::simulate(from.netuid, Order::Sell(alpha)).map_err(|_| Error::<T>::InsufficientLiquidity)?;
            ensure!(swapped.paid_out > MIN_STAKE, Error::<T>::AmountTooLow);
            let whole = limit.is_some_and(|limit| !limit.allow_partial);
            ensure!(!whole || alpha <= most, Error::<T>::SlippageTooHigh);
        }
        if is_transfer {
            for netuid in [from.netuid, to.netuid] {
                ensure!(TransferToggle::<T>::get(netuid), Error::<T>::TransferDisallowed);
            }
        }
        Ok(())
    }

    /// The alpha that can move before less than `limit` of the destination's is got for each of the origin's, fees
    /// aside. Both pools slip. Exact where their weights are equal, as the chain has it.
    fn most_to_shift(from: u16, to: u16, limit: u64) -> Result<u64, DispatchError> {
        const ONE: u64 = 1_000_000_000;
        match (Self::is_stable(from), Self::is_stable(to)) {
            (true, true) => return Ok(if limit > ONE { 0 } else { u64::MAX }),
            (true, false) if limit == 0 => return Ok(u64::MAX),
            (true, false) => {
                let inverse = U64F64::ratio(ONE.into(), limit.into()).mul_int(ONE);
                return Self::most_to_add(to, inverse);
            }
            (false, true) => return Self::most_to_remove(from, limit),
            (false, false) => {}
        }
        let (origin, destination) = (Self::reserves(from), Self::reserves(to));
        if [origin.tao, origin.alpha, destination.tao, destination.alpha].contains(&0) {
            return Ok(0);
        }
        let limit_price = U64F64::ratio(limit.into(), ONE.into());
        if limit_price > Self::alpha_price(from).over(Self::alpha_price(to)) {
            return Ok(0);
        }
        if limit == 0 {
            return Ok(u64::MAX);
        }
        let tao = u128::from(origin.tao) + u128::from(destination.tao);
        let of_origin = U64F64::ratio(origin.tao.into(), tao);
        let of_destination = U64F64::ratio(destination.tao.into(), tao);
        let reached = U64F64::from_int(destination.alpha).times(of_origin).over(limit_price);
        Ok(reached.minus(U64F64::from_int(origin.alpha).times(of_destination)).floor())
    }
}
