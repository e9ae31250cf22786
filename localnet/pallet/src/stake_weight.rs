//! What counts as a hotkey's stake on a subnet: its alpha there, and its TAO on root by `TaoWeight`.

use crate::*;

impl<T: Config> Pallet<T> {
    /// Exact to 2^-32 rao, as the chain computes it: the fraction decides shares at an epoch.
    pub fn stake_weight(hotkey: &T::AccountId, netuid: u16) -> U96F32 {
        let alpha = u128::from(TotalHotkeyAlpha::<T>::get(hotkey, netuid));
        let tao = u128::from(TotalHotkeyAlpha::<T>::get(hotkey, ROOT));
        // At most 1; both products stay below 2^97.
        let weight = (u128::from(TaoWeight::<T>::get()) << 32) / u128::from(u64::MAX);
        U96F32 { bits: (alpha << 32).saturating_add(tao.saturating_mul(weight)) }
    }
}
