//! Networks: how one comes to be and starts.

use frame_support::{ensure, pallet_prelude::DispatchResult, traits::Get};
use sp_runtime::DispatchError;

use crate::*;

impl<T: Config> Pallet<T> {
    /// The checks stand in the chain's order.
    pub(crate) fn do_register_network(
        coldkey: T::AccountId,
        hotkey: T::AccountId,
        identity: Option<SubnetIdentityV3>,
    ) -> DispatchResult {
        let owner = Owner::<T>::try_get(&hotkey);
        ensure!(owner.is_err() || owner == Ok(coldkey.clone()), Error::<T>::NonAssociatedColdKey);
        ensure!(!Self::is_subnet_account(&hotkey), Error::<T>::CannotUseSystemAccount);
        let open = Self::current_block() >= NetworkRegistrationStartBlock::<T>::get();
        ensure!(open, Error::<T>::SubNetRegistrationDisabled);
        ensure!(Self::may_register_network(), Error::<T>::NetworkTxRateLimitExceeded);
        ensure!(identity.as_ref().is_none_or(SubnetIdentityV3::is_valid), Error::<T>::InvalidIdentity);
        let full = Self::subnets().len() >= usize::from(SubnetLimit::<T>::get());
        let leaving =
            if full { Some(Self::get_network_to_prune().ok_or(Error::<T>::SubnetLimitReached)?) } else { None };
        let cost = Self::network_lock_cost();
        ensure!(Self::has_tao(&coldkey, cost), Error::<T>::CannotAffordLockCost);

        if let Some(leaving) = leaving {
            Self::do_dissolve_network(leaving)?;
        }
        let netuid =
            (1..u16::MAX).find(|netuid| !NetworksAdded::<T>::get(netuid)).ok_or(Error::<T>::SubnetLimitReached)?;
        let price = Self::median_alpha_price();
        let rules = Hyperparameters {
            tempo: T::InitialTempo::get(),
            commit_reveal_weights_enabled: true,
            ..Hyperparameters::default()
        };
        Self::create_account_if_absent(&coldkey, &hotkey)?;
        Self::add_network(netuid, &coldkey, &hotkey, &rules);
        let lock = Self::tao_to_subnet(netuid, &coldkey, cost)?;
        NetworkLastLockCost::<T>::put(lock);
        LastRateLimitedBlock::<T>::insert(RateLimitKey::NetworkLastRegistered, Self::current_block());
        SubnetLocked::<T>::insert(netuid, lock);
        // The lock is the pool's TAO, at the price of the subnet in the middle.
        Self::open_pool(netuid, lock, U64F64::from_int(lock).over(price).floor());
        if let Some(identity) = identity {
            SubnetIdentitiesV3::<T>::insert(netuid, identity);
            Self::deposit_event(Event::SubnetIdentitySet(netuid));
        }
        Self::deposit_event(Event::NetworkAdded(netuid, 1));
        Ok(())
    }

    pub(crate) fn do_start_call(coldkey: T::AccountId, netuid: u16) -> DispatchResult {
        ensure!(NetworksAdded::<T>::get(netuid), Error::<T>::SubnetNotExists);
        ensure!(SubnetOwner::<T>::get(netuid) == coldkey, DispatchError::BadOrigin);
        ensure!(FirstEmissionBlockNumber::<T>::get(netuid).is_none(), Error::<T>::FirstEmissionBlockNumberAlreadySet);
        let ready = NetworkRegisteredAt::<T>::get(netuid).saturating_add(StartCallDelay::<T>::get());
        ensure!(Self::current_block() >= ready, Error::<T>::NeedWaitingMoreBlocksToStarCall);
        let first = Self::current_block().saturating_add(1);
        Self::start_network(netuid, first);
        Self::deposit_event(Event::FirstEmissionBlockNumberSet(netuid, first));
        Ok(())
    }

    /// What a new network costs, in rao: twice what the last one did, and less with every block since, down to
    /// `NetworkMinLockCost`.
    pub fn network_lock_cost() -> u64 {
        let last = NetworkLastLockCost::<T>::get();
        let registered = LastRateLimitedBlock::<T>::get(RateLimitKey::NetworkLastRegistered);
        let dearest = last.saturating_mul(if registered == 0 { 1 } else { 2 });
        // It falls as fast as TAO is issued: half as fast after a halving would take twice the interval.
        let emission = U96F32::ratio(Self::block_emission().into(), 1_000_000_000);
        let interval = U96F32::from_int(NetworkLockReductionInterval::<T>::get()).times(emission).floor();
        let per_block = last.checked_div(interval).unwrap_or(0);
        let passed = Self::current_block().saturating_sub(registered);
        dearest.saturating_sub(per_block.saturating_mul(passed)).max(NetworkMinLockCost::<T>::get())
    }

    /// Whether the last new network is long enough ago.
    pub(crate) fn may_register_network() -> bool {
        let last = LastRateLimitedBlock::<T>::get(RateLimitKey::NetworkLastRegistered);
        last == 0 || Self::current_block().saturating_sub(last) >= NetworkRateLimit::<T>::get()
    }

    pub(crate) fn add_network(netuid: u16, owner: &T::AccountId, owner_hotkey: &T::AccountId, rules: &Hyperparameters) {
        let block = Self::current_block();
        NetworksAdded::<T>::insert(netuid, true);
        NetworkRegisteredAt::<T>::insert(netuid, block);
        RegisteredSubnetCounter::<T>::mutate(netuid, |count| *count = count.saturating_add(1));
        // Since when an epoch has been due. Networks of one tempo do not all run in one block.
        let stagger = netuid.checked_rem(rules.tempo).unwrap_or(0);
        LastEpochBlock::<T>::insert(netuid, block.saturating_sub(stagger.into()));
        TotalNetworks::<T>::mutate(|count| *count = count.saturating_add(1));
        SubnetMechanism::<T>::insert(netuid, 1);
        SubnetOwner::<T>::insert(netuid, owner);
        SubnetOwnerHotkey::<T>::insert(netuid, owner_hotkey);
        TokenSymbol::<T>::insert(netuid, Self::next_available_symbol(netuid));
        rules.store::<T>(netuid);
        Self::append_neuron(netuid, owner_hotkey, block);
    }

    /// A pool's first reserves. The TAO lies in the subnet's account already.
    pub(crate) fn open_pool(netuid: u16, tao: u64, alpha: u64) {
        Self::add_pool_tao(netuid, tao);
        Self::mint_alpha_in(netuid, alpha);
    }

    pub(crate) fn start_network(netuid: u16, first_block: u64) {
        FirstEmissionBlockNumber::<T>::insert(netuid, first_block);
        SubtokenEnabled::<T>::insert(netuid, true);
    }

    /// The network that makes room for a new one: past immunity, with the lowest price, the oldest of equals.
    pub fn get_network_to_prune() -> Option<u16> {
        let (block, immunity) = (Self::current_block(), NetworkImmunityPeriod::<T>::get());
        Self::subnets()
            .into_iter()
            .filter(|netuid| block >= NetworkRegisteredAt::<T>::get(netuid).saturating_add(immunity))
            .min_by_key(|netuid| (Self::moving_price(*netuid), NetworkRegisteredAt::<T>::get(netuid)))
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
