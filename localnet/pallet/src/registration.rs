//! Seats for TAO.

use frame_support::{
    ensure,
    pallet_prelude::DispatchResult,
    traits::{
        fungible::{Inspect, Mutate},
        tokens::{Fortitude, Precision, Preservation},
    },
};

use crate::*;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_register(
        coldkey: T::AccountId,
        netuid: u16,
        hotkey: T::AccountId,
        limit: Option<u64>,
    ) -> DispatchResult {
        ensure!(netuid != ROOT, Error::<T>::RegistrationNotPermittedOnRootSubnet);
        ensure!(NetworksAdded::<T>::get(netuid), Error::<T>::SubnetNotExists);
        let cost = Burn::<T>::get(netuid);
        ensure!(limit.is_none_or(|limit| cost <= limit), Error::<T>::RegistrationPriceLimitExceeded);
        ensure!(NetworkRegistrationAllowed::<T>::get(netuid), Error::<T>::SubNetRegistrationDisabled);
        ensure!(!Uids::<T>::contains_key(netuid, &hotkey), Error::<T>::HotKeyAlreadyRegisteredInSubNet);
        ensure!(Self::can_pay(&coldkey, cost), Error::<T>::NotEnoughBalanceToStake);
        Self::create_account_if_absent(&coldkey, &hotkey);
        ensure!(Owner::<T>::get(&hotkey) == coldkey, Error::<T>::NonAssociatedColdKey);

        let seats = SubnetworkN::<T>::get(netuid);
        let leaving = if seats < MaxAllowedUids::<T>::get(netuid) {
            None
        } else {
            Some(Self::get_neuron_to_prune(netuid).ok_or(Error::<T>::NoNeuronIdAvailable)?)
        };
        Self::burn_from(&coldkey, cost)?;
        let block = Self::current_block();
        let uid = match leaving {
            None => Self::append_neuron(netuid, &hotkey, block),
            Some(uid) => {
                Self::replace_neuron(netuid, uid, &hotkey, block);
                uid
            }
        };
        RAORecycledForRegistration::<T>::mutate(netuid, |total| *total = total.saturating_add(cost));
        RegistrationsThisBlock::<T>::mutate(netuid, |count| *count = count.saturating_add(1));
        Burn::<T>::mutate(netuid, |burn| {
            *burn = BurnIncreaseMult::<T>::get(netuid).mul_int(*burn).min(MaxBurn::<T>::get(netuid));
        });
        Self::deposit_event(Event::NeuronRegistered(netuid, uid, hotkey));
        Ok(())
    }

    /// At each block the burn falls towards its floor: `ln 2 / half-life` of it.
    pub(crate) fn decay_burns() {
        for netuid in Self::subnets() {
            let half_life = u64::from(BurnHalfLife::<T>::get(netuid)).max(1);
            Burn::<T>::mutate(netuid, |burn| {
                let step = u128::from(*burn) * 693_147 / (1_000_000 * u128::from(half_life));
                let floor = MinBurn::<T>::get(netuid).min(*burn);
                *burn = burn.saturating_sub(u64::try_from(step).unwrap_or(u64::MAX)).max(floor);
            });
            RegistrationsThisBlock::<T>::remove(netuid);
        }
    }

    /// A hotkey that nobody owns becomes the coldkey's.
    pub(crate) fn create_account_if_absent(coldkey: &T::AccountId, hotkey: &T::AccountId) {
        if Owner::<T>::contains_key(hotkey) {
            return;
        }
        Owner::<T>::insert(hotkey, coldkey);
        OwnedHotkeys::<T>::append(coldkey, hotkey);
    }

    pub(crate) fn can_pay(coldkey: &T::AccountId, amount: u64) -> bool {
        T::Currency::reducible_balance(coldkey, Preservation::Preserve, Fortitude::Polite) >= amount
    }

    pub(crate) fn burn_from(coldkey: &T::AccountId, amount: u64) -> DispatchResult {
        let (preserve, exact, polite) = (Preservation::Preserve, Precision::Exact, Fortitude::Polite);
        T::Currency::burn_from(coldkey, amount, preserve, exact, polite).map(|_| ())
    }
}
