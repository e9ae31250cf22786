//! Networks: how one comes to be and starts.

use frame_support::{ensure, pallet_prelude::DispatchResult, traits::Get};

use crate::*;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_register_network(coldkey: T::AccountId, hotkey: T::AccountId) -> DispatchResult {
        ensure!(Self::may_register_network(), Error::<T>::NetworkTxRateLimitExceeded);
        let netuid = (1..=SubnetLimit::<T>::get())
            .find(|netuid| !NetworksAdded::<T>::get(netuid))
            .ok_or(Error::<T>::SubnetLimitReached)?;
        let cost = NetworkMinLockCost::<T>::get();
        ensure!(Self::can_pay(&coldkey, cost), Error::<T>::CannotAffordLockCost);
        if Owner::<T>::contains_key(&hotkey) {
            ensure!(Owner::<T>::get(&hotkey) == coldkey, Error::<T>::NonAssociatedColdKey);
        }
        Self::burn_from(&coldkey, cost)?;
        let rules = Hyperparameters {
            tempo: T::InitialTempo::get(),
            commit_reveal_weights_enabled: true,
            ..Hyperparameters::default()
        };
        Self::add_network(netuid, &coldkey, &hotkey, &rules);
        SubnetLocked::<T>::insert(netuid, cost);
        Self::deposit_event(Event::NetworkAdded(netuid, 1));
        Ok(())
    }

    pub(crate) fn do_start_call(coldkey: T::AccountId, netuid: u16) -> DispatchResult {
        ensure!(NetworksAdded::<T>::get(netuid), Error::<T>::SubnetNotExists);
        ensure!(SubnetOwner::<T>::get(netuid) == coldkey, Error::<T>::NotSubnetOwner);
        ensure!(FirstEmissionBlockNumber::<T>::get(netuid).is_none(), Error::<T>::FirstEmissionBlockNumberAlreadySet);
        let ready = NetworkRegisteredAt::<T>::get(netuid).saturating_add(T::InitialStartCallDelay::get());
        ensure!(Self::current_block() >= ready, Error::<T>::NeedWaitingMoreBlocksToStarCall);
        let first = Self::current_block().saturating_add(1);
        Self::start_network(netuid, first);
        Self::deposit_event(Event::FirstEmissionBlockNumberSet(netuid, first));
        Ok(())
    }

    /// Whether the last new network is long enough ago.
    pub(crate) fn may_register_network() -> bool {
        let last = Self::subnets().into_iter().map(NetworkRegisteredAt::<T>::get).max().unwrap_or(0);
        last == 0 || Self::current_block().saturating_sub(last) >= NetworkRateLimit::<T>::get()
    }

    pub(crate) fn add_network(netuid: u16, owner: &T::AccountId, owner_hotkey: &T::AccountId, rules: &Hyperparameters) {
        let block = Self::current_block();
        NetworksAdded::<T>::insert(netuid, true);
        NetworkRegisteredAt::<T>::insert(netuid, block);
        // Since when an epoch has been due.
        LastEpochBlock::<T>::insert(netuid, block);
        TotalNetworks::<T>::mutate(|count| *count = count.saturating_add(1));
        SubnetMechanism::<T>::insert(netuid, 1);
        SubnetOwner::<T>::insert(netuid, owner);
        SubnetOwnerHotkey::<T>::insert(netuid, owner_hotkey);
        TokenSymbol::<T>::insert(netuid, "α".as_bytes().to_vec());
        rules.store::<T>(netuid);
        Self::create_account_if_absent(owner, owner_hotkey);
        Self::append_neuron(netuid, owner_hotkey, block);
    }

    pub(crate) fn start_network(netuid: u16, first_block: u64) {
        FirstEmissionBlockNumber::<T>::insert(netuid, first_block);
        SubtokenEnabled::<T>::insert(netuid, true);
    }

    /// Every network but root, in order.
    pub(crate) fn subnets() -> Vec<u16> {
        let mut all: Vec<u16> = NetworksAdded::<T>::iter()
            .filter(|(netuid, added)| *added && *netuid != ROOT)
            .map(|entry| entry.0)
            .collect();
        all.sort_unstable();
        all
    }
}
