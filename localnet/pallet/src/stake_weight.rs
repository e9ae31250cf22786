//! What counts as a hotkey's stake on a subnet: its alpha there, and its TAO on root by `TaoWeight`.

use crate::*;

impl<T: Config> Pallet<T> {
    /// In whole rao and in 2^-32 of one: the fraction decides shares at an epoch.
    pub fn stake_weight(hotkey: &T::AccountId, netuid: u16) -> (u64, u32) {
        let staked = |netuid| TotalHotkeyAlpha::<T>::get(hotkey, netuid);
        primitives::stake_weight(staked(netuid), staked(ROOT), TaoWeight::<T>::get())
    }
}
