//! How much alpha of each subnet was ever minted, burned and recycled. The pallet has no calls: whoever moves alpha
//! tells it.
//!
//! Burned alpha stays issued and belongs to nobody; recycled alpha is taken back and may be issued again.

// The macros of FRAME write qualified paths into this crate.
#![allow(unused_qualifications)]

pub use pallet::*;

#[frame_support::pallet]
pub mod pallet {
    use frame_support::pallet_prelude::*;

    #[pallet::pallet]
    pub struct Pallet<T>(_);

    #[pallet::config]
    pub trait Config: frame_system::Config {}

    /// Rao of alpha in existence: in the pool, staked, pending or burned.
    #[pallet::storage]
    pub type TotalAlphaIssuance<T> = StorageMap<_, Twox64Concat, u16, u64, ValueQuery>;
    /// Rao of alpha burned since the subnet was created.
    #[pallet::storage]
    pub type AlphaBurned<T> = StorageMap<_, Twox64Concat, u16, u64, ValueQuery>;
    /// Rao of alpha recycled since the subnet was created.
    #[pallet::storage]
    pub type AlphaRecycled<T> = StorageMap<_, Twox64Concat, u16, u64, ValueQuery>;
}

impl<T: Config> Pallet<T> {
    /// New alpha.
    pub fn mint(netuid: u16, amount: u64) {
        TotalAlphaIssuance::<T>::mutate(netuid, |total| *total = total.saturating_add(amount));
    }

    /// Alpha that nobody has any more.
    pub fn burn(netuid: u16, amount: u64) {
        AlphaBurned::<T>::mutate(netuid, |total| *total = total.saturating_add(amount));
    }

    /// Alpha that is taken back.
    pub fn recycle(netuid: u16, amount: u64) {
        AlphaRecycled::<T>::mutate(netuid, |total| *total = total.saturating_add(amount));
        TotalAlphaIssuance::<T>::mutate(netuid, |total| *total = total.saturating_sub(amount));
    }

    /// The subnet is gone, and its alpha with it.
    pub fn forget(netuid: u16) {
        TotalAlphaIssuance::<T>::remove(netuid);
        AlphaBurned::<T>::remove(netuid);
        AlphaRecycled::<T>::remove(netuid);
    }
}
