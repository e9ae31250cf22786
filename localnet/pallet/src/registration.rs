//! Seats for TAO, and what one costs.

use frame_support::{ensure, pallet_prelude::DispatchResult};
use scoring::emission::seat_price;

use crate::{
    pool::{MAX_PRICE, flow},
    *,
};

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
        Self::create_account_if_absent(&coldkey, &hotkey)?;
        ensure!(Owner::<T>::get(&hotkey) == coldkey, Error::<T>::NonAssociatedColdKey);

        let seats = SubnetworkN::<T>::get(netuid);
        let leaving = if seats < MaxAllowedUids::<T>::get(netuid) {
            None
        } else {
            Some(Self::get_neuron_to_prune(netuid).ok_or(Error::<T>::NoNeuronIdAvailable)?)
        };
        Self::pay_registration(netuid, &coldkey, cost)?;
        let block = Self::current_block();
        let uid = match leaving {
            None => Self::append_neuron(netuid, &hotkey, block),
            Some(uid) => {
                Self::replace_neuron(netuid, uid, &hotkey, block);
                uid
            }
        };
        Self::raise_burn(netuid);
        let recycled = RAORecycledForRegistration::<T>::get(netuid).saturating_add(cost);
        RAORecycledForRegistration::<T>::insert(netuid, recycled);
        Self::deposit_event(Event::RAORecycledForRegistrationSet(netuid, recycled));
        RegistrationsThisBlock::<T>::mutate(netuid, |count| *count = count.saturating_add(1));
        Self::deposit_event(Event::NeuronRegistered(netuid, uid, hotkey));
        Ok(())
    }

    /// A seat's price buys alpha, which is taken back out of the issuance: the TAO stays in the pool.
    fn pay_registration(netuid: u16, coldkey: &T::AccountId, cost: u64) -> DispatchResult {
        if cost == 0 {
            return Ok(());
        }
        let paid = Self::tao_to_subnet(netuid, coldkey, cost)?;
        ensure!(paid == cost, Error::<T>::NotEnoughBalanceToStake);
        let swapped = Self::swap_tao_for_alpha(netuid, paid, MAX_PRICE, false)?;
        Self::burn_tao_of_subnet(netuid, swapped.fee);
        let unspent = paid.saturating_sub(swapped.paid_in).saturating_sub(swapped.fee);
        Self::tao_from_subnet(netuid, coldkey, unspent)?;
        Self::note_tao_flow(netuid, flow(swapped.paid_in));
        Self::recycle_alpha_out(netuid, swapped.paid_out);
        Ok(())
    }

    /// Each registration makes the next one dearer.
    fn raise_burn(netuid: u16) {
        let raised = |burn| seat_price::raised(burn, BurnIncreaseMult::<T>::get(netuid).bits);
        Burn::<T>::mutate(netuid, |burn| *burn = Self::within_burn_bounds(netuid, raised(*burn)));
    }

    /// At each block the burn falls towards its floor, by half in `BurnHalfLife` blocks.
    pub(crate) fn decay_burns() {
        let block = Self::current_block();
        for netuid in core::iter::once(ROOT).chain(Self::subnets()) {
            let before = Burn::<T>::get(netuid);
            let decayed = || seat_price::decayed(before, seat_price::decay_factor(BurnHalfLife::<T>::get(netuid)));
            let after = Self::within_burn_bounds(netuid, if block > 1 { decayed() } else { before });
            if after != before {
                Burn::<T>::insert(netuid, after);
            }
            RegistrationsThisBlock::<T>::remove(netuid);
        }
        if Self::should_run_epoch(ROOT, block) {
            RegistrationsThisInterval::<T>::remove(ROOT);
        }
    }

    fn within_burn_bounds(netuid: u16, burn: u64) -> u64 {
        burn.max(MinBurn::<T>::get(netuid)).min(MaxBurn::<T>::get(netuid))
    }
}
