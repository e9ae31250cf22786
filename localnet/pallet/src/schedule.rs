//! When an epoch runs.

use frame_support::traits::Get;

use crate::*;

impl<T: Config> Pallet<T> {
    /// Whether a subnet's epoch is due at a block: when its owner asked for it, when it is overdue, or `tempo` blocks
    /// after the last one.
    pub fn should_run_epoch(netuid: u16, block: u64) -> bool {
        let tempo = u64::from(Tempo::<T>::get(netuid));
        let asked = PendingEpochAt::<T>::get(netuid);
        tempo != 0
            && ((asked > 0 && block >= asked)
                || BlocksSinceLastStep::<T>::get(netuid) > u64::from(T::MaxTempo::get())
                || block.saturating_sub(LastEpochBlock::<T>::get(netuid)) >= tempo)
    }

    /// The block that runs the next epoch, as far as is known now.
    pub fn next_epoch_block(netuid: u16) -> Option<u64> {
        let tempo = Tempo::<T>::get(netuid);
        if tempo == 0 || !NetworksAdded::<T>::get(netuid) {
            return None;
        }
        let automatic = LastEpochBlock::<T>::get(netuid).saturating_add(tempo.into());
        Some(match PendingEpochAt::<T>::get(netuid) {
            0 => automatic,
            asked => automatic.min(asked),
        })
    }

    /// Blocks after which a validator without new weights counts as inactive.
    pub(crate) fn activity_cutoff(netuid: u16) -> u64 {
        let factor = u64::from(ActivityCutoffFactorMilli::<T>::get(netuid));
        (factor * u64::from(Tempo::<T>::get(netuid)) / 1_000).max(1)
    }
}
