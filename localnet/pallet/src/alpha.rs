//! A subnet's alpha as a whole: minted, burned, recycled, and what is nobody's.
//!
//! All alpha out of the pool is on a hotkey, waits for an epoch, was burned, or is *unassigned*: kept for the stakers of
//! root until they claim it, or lost to rounding. The chain does not count what is unassigned. We do, so that the
//! books can be closed after every block.

use frame_support::storage_alias;
use pallet_alpha_assets::Pallet as AlphaAssets;

use crate::*;

/// Alpha out of the pool that is on no hotkey, in no pending emission and not burned. Not in the metadata.
#[storage_alias]
pub(crate) type UnassignedAlpha<T: Config> =
    StorageMap<Pallet<T>, frame_support::Identity, u16, u64, frame_support::pallet_prelude::ValueQuery>;

impl<T: Config> Pallet<T> {
    /// Alpha in the pool and out of it.
    pub fn alpha_issuance(netuid: u16) -> u64 {
        SubnetAlphaIn::<T>::get(netuid).saturating_add(SubnetAlphaOut::<T>::get(netuid))
    }

    /// New alpha in the pool.
    pub(crate) fn mint_alpha_in(netuid: u16, amount: u64) {
        AlphaAssets::<T>::mint(netuid, amount);
        SubnetAlphaIn::<T>::mutate(netuid, |total| *total = total.saturating_add(amount));
    }

    /// New alpha out of the pool.
    pub(crate) fn mint_alpha_out(netuid: u16, amount: u64) {
        AlphaAssets::<T>::mint(netuid, amount);
        SubnetAlphaOut::<T>::mutate(netuid, |total| *total = total.saturating_add(amount));
    }

    /// Alpha out of the pool is taken back.
    pub(crate) fn recycle_alpha_out(netuid: u16, amount: u64) {
        AlphaAssets::<T>::recycle(netuid, amount);
        SubnetAlphaOut::<T>::mutate(netuid, |total| *total = total.saturating_sub(amount));
    }

    /// Alpha out of the pool becomes nobody's.
    pub(crate) fn burn_alpha_out(netuid: u16, amount: u64) {
        AlphaAssets::<T>::burn(netuid, amount);
    }

    /// Alpha waits for whom it belongs to.
    pub(crate) fn leave_alpha(netuid: u16, amount: u64) {
        UnassignedAlpha::<T>::mutate(netuid, |total| *total = total.saturating_add(amount));
    }

    /// Alpha that waited is somebody's: at most what waits.
    pub(crate) fn take_left_alpha(netuid: u16, amount: u64) -> u64 {
        UnassignedAlpha::<T>::mutate(netuid, |total| {
            let taken = amount.min(*total);
            *total -= taken;
            taken
        })
    }
}
