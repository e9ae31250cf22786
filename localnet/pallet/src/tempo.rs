//! What a subnet's owner may do to its schedule.

use frame_support::{ensure, pallet_prelude::DispatchResult, traits::Get};
use frame_system::pallet_prelude::OriginFor;

use crate::*;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_set_tempo(origin: OriginFor<T>, netuid: u16, tempo: u16) -> DispatchResult {
        let who = Self::ensure_subnet_owner(origin, netuid)?;
        let bounds = Self::min_tempo()..=T::MaxTempo::get();
        ensure!(bounds.contains(&tempo), Error::<T>::TempoOutOfBounds);
        Self::ensure_admin_window_open(netuid)?;
        Self::ensure_passes_rate_limit(&who, netuid, TransactionType::TempoUpdate)?;
        Self::apply_tempo_with_cycle_reset(netuid, tempo);
        TransactionType::TempoUpdate.set_last_block_on_subnet::<T>(&who, netuid);
        Ok(())
    }

    /// A new tempo counts from now on, so the next epoch is a whole tempo away.
    pub fn apply_tempo_with_cycle_reset(netuid: u16, tempo: u16) {
        Tempo::<T>::insert(netuid, tempo);
        LastEpochBlock::<T>::insert(netuid, Self::current_block());
        Self::deposit_event(Event::TempoSet(netuid, tempo));
    }

    /// Root may do it at any time.
    pub(crate) fn do_set_activity_cutoff_factor(
        origin: OriginFor<T>,
        netuid: u16,
        factor_milli: u32,
    ) -> DispatchResult {
        let owner = Self::ensure_subnet_owner_or_root(origin, netuid)?;
        let bounds = Self::min_activity_cutoff_factor_milli()..=Self::max_activity_cutoff_factor_milli();
        ensure!(bounds.contains(&factor_milli), Error::<T>::ActivityCutoffFactorMilliOutOfBounds);
        let kind = TransactionType::OwnerHyperparamUpdate(Hyperparameter::ActivityCutoffFactorMilli);
        if let Some(who) = &owner {
            Self::ensure_admin_window_open(netuid)?;
            Self::ensure_passes_rate_limit(who, netuid, kind)?;
            kind.set_last_block_on_subnet::<T>(who, netuid);
        }
        ActivityCutoffFactorMilli::<T>::insert(netuid, factor_milli);
        Self::deposit_event(Event::ActivityCutoffFactorMilliSet(netuid, factor_milli));
        Ok(())
    }

    /// Ask for an epoch out of turn. It runs when the freeze window is over, which begins at once. Not while rows are
    /// committed: timelocked ones are locked to the time of the epoch that was foreseen.
    pub(crate) fn do_trigger_epoch(origin: OriginFor<T>, netuid: u16) -> DispatchResult {
        let who = Self::ensure_subnet_owner(origin, netuid)?;
        ensure!(!CommitRevealWeightsEnabled::<T>::get(netuid), Error::<T>::DynamicTempoBlockedByCommitReveal);
        ensure!(PendingEpochAt::<T>::get(netuid) == 0, Error::<T>::EpochTriggerAlreadyPending);
        let (now, window) = (Self::current_block(), u64::from(AdminFreezeWindow::<T>::get()));
        let soon = Self::blocks_until_next_auto_epoch(netuid, now) < window;
        ensure!(!soon, Error::<T>::AutoEpochAlreadyImminent);
        let kind = TransactionType::OwnerHyperparamUpdate(Hyperparameter::TriggerEpoch);
        Self::ensure_passes_rate_limit(&who, netuid, kind)?;

        let fires_at = now.saturating_add(window);
        PendingEpochAt::<T>::insert(netuid, fires_at);
        kind.set_last_block_on_subnet::<T>(&who, netuid);
        Self::deposit_event(Event::EpochTriggered(netuid, who, fires_at));
        Ok(())
    }
}
