//! What coldkeys and subnets say of themselves.

use frame_support::{ensure, pallet_prelude::DispatchResult};

use crate::*;

impl<T: Config> Pallet<T> {
    /// A coldkey may speak that has a hotkey with a seat anywhere.
    pub(crate) fn do_set_identity(coldkey: T::AccountId, identity: ChainIdentityV2) -> DispatchResult {
        let seated = OwnedHotkeys::<T>::get(&coldkey).iter().any(Self::is_hotkey_registered_on_any_network);
        ensure!(seated, Error::<T>::HotKeyNotRegisteredInNetwork);
        ensure!(identity.is_valid(), Error::<T>::InvalidIdentity);
        IdentitiesV2::<T>::insert(&coldkey, identity);
        Self::deposit_event(Event::ChainIdentitySet(coldkey));
        Ok(())
    }

    pub(crate) fn do_set_subnet_identity(
        coldkey: T::AccountId,
        netuid: u16,
        identity: SubnetIdentityV3,
    ) -> DispatchResult {
        ensure!(NetworksAdded::<T>::get(netuid), Error::<T>::SubnetNotExists);
        ensure!(SubnetOwner::<T>::get(netuid) == coldkey, Error::<T>::NotSubnetOwner);
        ensure!(identity.is_valid(), Error::<T>::InvalidIdentity);
        SubnetIdentitiesV3::<T>::insert(netuid, identity);
        Self::deposit_event(Event::SubnetIdentitySet(netuid));
        Ok(())
    }

    /// Whether a hotkey has a seat anywhere.
    pub fn is_hotkey_registered_on_any_network(hotkey: &T::AccountId) -> bool {
        IsNetworkMember::<T>::iter_prefix(hotkey).any(|(_, seated)| seated)
    }
}
