//! Who may change a subnet's rules, and when.

use frame_support::{ensure, pallet_prelude::DispatchResult};
use frame_system::{ensure_signed, ensure_signed_or_root, pallet_prelude::OriginFor};
use sp_runtime::DispatchError;

use crate::*;

impl<T: Config> Pallet<T> {
    /// The signer, if it owns the subnet.
    pub fn ensure_subnet_owner(origin: OriginFor<T>, netuid: u16) -> Result<T::AccountId, DispatchError> {
        let who = ensure_signed(origin)?;
        ensure!(SubnetOwner::<T>::get(netuid) == who, DispatchError::BadOrigin);
        Ok(who)
    }

    /// The subnet's owner, or none for root.
    pub fn ensure_subnet_owner_or_root(
        origin: OriginFor<T>,
        netuid: u16,
    ) -> Result<Option<T::AccountId>, DispatchError> {
        let who = ensure_signed_or_root(origin)?;
        ensure!(who.as_ref().is_none_or(|who| SubnetOwner::<T>::get(netuid) == *who), DispatchError::BadOrigin);
        Ok(who)
    }

    /// Refuse a change of rules shortly before an epoch.
    pub fn ensure_admin_window_open(netuid: u16) -> DispatchResult {
        let frozen = Self::is_in_admin_freeze_window(netuid, Self::current_block());
        ensure!(!frozen, Error::<T>::AdminActionProhibitedDuringWeightsWindow);
        Ok(())
    }

    /// Refuse an owner that comes too often.
    pub fn ensure_passes_rate_limit(who: &T::AccountId, netuid: u16, kind: TransactionType) -> DispatchResult {
        ensure!(kind.passes_rate_limit_on_subnet::<T>(who, netuid), Error::<T>::TxRateLimitExceeded);
        Ok(())
    }

    /// Choose which hotkey is the owner's. Root, too, waits a week for the next choice.
    pub fn do_set_sn_owner_hotkey(origin: OriginFor<T>, netuid: u16, hotkey: T::AccountId) -> DispatchResult {
        Self::ensure_subnet_owner_or_root(origin, netuid)?;
        ensure!(NetworksAdded::<T>::get(netuid), Error::<T>::SubnetNotExists);
        let kind = TransactionType::SetSNOwnerHotkey;
        Self::ensure_passes_rate_limit(&hotkey, netuid, kind)?;
        kind.set_last_block_on_subnet::<T>(&hotkey, netuid);
        Self::set_subnet_owner_hotkey(netuid, hotkey)
    }

    pub(crate) fn set_subnet_owner_hotkey(netuid: u16, hotkey: T::AccountId) -> DispatchResult {
        ensure!(!Self::is_subnet_account(&hotkey), Error::<T>::CannotUseSystemAccount);
        SubnetOwnerHotkey::<T>::insert(netuid, &hotkey);
        Self::deposit_event(Event::SubnetOwnerHotkeySet(netuid, hotkey));
        Ok(())
    }
}
