//! Alpha that its holder gives up.

use frame_support::{
    ensure,
    pallet_prelude::{DispatchError, DispatchResult},
};

use crate::*;

impl<T: Config> Pallet<T> {
    /// Back to what may be issued. More than is staked means all of it.
    pub(crate) fn do_recycle_alpha(
        coldkey: T::AccountId,
        hotkey: T::AccountId,
        amount: u64,
        netuid: u16,
    ) -> DispatchResult {
        let amount = Self::give_up_stake(&coldkey, &hotkey, amount, netuid)?;
        Self::recycle_alpha_out(netuid, amount);
        Self::deposit_event(Event::AlphaRecycled(coldkey, hotkey, amount, netuid));
        Ok(())
    }

    /// It stays issued and is nobody's. More than is staked means all of it.
    pub(crate) fn do_burn_alpha(
        coldkey: T::AccountId,
        hotkey: T::AccountId,
        amount: u64,
        netuid: u16,
    ) -> DispatchResult {
        let amount = Self::give_up_stake(&coldkey, &hotkey, amount, netuid)?;
        Self::burn_alpha_out(netuid, amount);
        Self::deposit_event(Event::AlphaBurned(coldkey, hotkey, amount, netuid));
        Ok(())
    }

    /// The checks stand in the chain's order.
    fn give_up_stake(
        coldkey: &T::AccountId,
        hotkey: &T::AccountId,
        amount: u64,
        netuid: u16,
    ) -> Result<u64, DispatchError> {
        ensure!(NetworksAdded::<T>::get(netuid), Error::<T>::SubnetNotExists);
        ensure!(netuid != ROOT, Error::<T>::CannotBurnOrRecycleOnRootSubnet);
        Self::ensure_subtoken_enabled(netuid)?;
        ensure!(Owner::<T>::contains_key(hotkey), Error::<T>::HotKeyAccountNotExists);
        let amount = amount.min(Self::stake_of(hotkey, coldkey, netuid));
        ensure!(SubnetAlphaOut::<T>::get(netuid) >= amount, Error::<T>::InsufficientLiquidity);
        Self::decrease_stake(hotkey, coldkey, netuid, amount);
        Ok(amount)
    }
}
