//! Seats for TAO, and what one costs.

use frame_support::{ensure, pallet_prelude::DispatchResult};

use crate::{
    pool::{MAX_PRICE, flow},
    *,
};

/// 1 with 32 bits behind the point.
const ONE: u64 = 1 << 32;

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
        let factor = BurnIncreaseMult::<T>::get(netuid).max(U64F64::ONE);
        Burn::<T>::mutate(netuid, |burn| *burn = Self::within_burn_bounds(netuid, factor.mul_int(*burn)));
    }

    /// At each block the burn falls towards its floor, by half in `BurnHalfLife` blocks.
    pub(crate) fn decay_burns() {
        let block = Self::current_block();
        for netuid in core::iter::once(ROOT).chain(Self::subnets()) {
            let half_life = BurnHalfLife::<T>::get(netuid);
            let before = Burn::<T>::get(netuid);
            let decayed = if block > 1 { times(before, decay_factor(half_life)) } else { before };
            let after = Self::within_burn_bounds(netuid, decayed);
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

/// The factor of one block, whose `half_life`-th power is one half: the largest whose power is not more, with 32 bits
/// behind the point. Without a half-life nothing decays.
fn decay_factor(half_life: u16) -> u64 {
    if half_life == 0 {
        return ONE;
    }
    let (mut low, mut high) = (0, ONE);
    while low + 1 < high {
        let middle = low + (high - low) / 2;
        if power(middle, half_life) > ONE / 2 {
            high = middle;
        } else {
            low = middle;
        }
    }
    low
}

/// `base ^ exponent`, by squaring, each product rounded down.
fn power(base: u64, exponent: u16) -> u64 {
    let (mut result, mut square) = (ONE, base);
    for bit in 0..u16::BITS - exponent.leading_zeros() {
        if exponent >> bit & 1 == 1 {
            result = times(result, square);
        }
        square = times(square, square);
    }
    result
}

fn times(value: u64, factor: u64) -> u64 {
    u64::try_from((u128::from(value) * u128::from(factor)) >> 32).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_life_halves() {
        for half_life in [1, 2, 7, 360, 7_200, u16::MAX] {
            let factor = decay_factor(half_life);
            assert!(power(factor, half_life) <= ONE / 2, "{half_life}");
            assert!(power(factor + 1, half_life) > ONE / 2, "{half_life}");
        }
        assert_eq!((decay_factor(0), decay_factor(1)), (ONE, ONE / 2));
    }
}
