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

    /// The epoch that a commit or a reveal at this block belongs to: the next one already where it is due now, be it
    /// that it has not run yet, be it that it was put off.
    pub fn current_epoch_with_lookahead(netuid: u16) -> u64 {
        let due = Self::should_run_epoch(netuid, Self::current_block());
        SubnetEpochIndex::<T>::get(netuid).saturating_add(due.into())
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

    /// Blocks until the schedule runs an epoch, whatever the owner asked for. Without a tempo it never does.
    pub fn blocks_until_next_auto_epoch(netuid: u16, block: u64) -> u64 {
        match Tempo::<T>::get(netuid) {
            0 => u64::MAX,
            tempo => LastEpochBlock::<T>::get(netuid).saturating_add(tempo.into()).saturating_sub(block),
        }
    }

    /// Whether rules must stay as they are: shortly before an epoch, and from the moment that the owner asked for one.
    pub fn is_in_admin_freeze_window(netuid: u16, block: u64) -> bool {
        Tempo::<T>::get(netuid) != 0
            && (PendingEpochAt::<T>::get(netuid) > block
                || Self::blocks_until_next_auto_epoch(netuid, block) < u64::from(AdminFreezeWindow::<T>::get()))
    }

    /// Blocks after which a validator without new weights counts as inactive.
    pub(crate) fn activity_cutoff(netuid: u16) -> u64 {
        let factor = u64::from(ActivityCutoffFactorMilli::<T>::get(netuid));
        (factor * u64::from(Tempo::<T>::get(netuid)) / 1_000).max(1)
    }
}
