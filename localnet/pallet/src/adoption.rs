//! A network whose storage was put into block 0 as it was on another chain: what belongs to it and lies outside its own
//! storage is made here, so that the books match.

use frame_support::traits::fungible::Inspect;
use pallet_alpha_assets::{AlphaBurned, TotalAlphaIssuance};

use crate::{alpha::UnassignedAlpha, *};

impl<T: Config> Pallet<T> {
    /// Issue the TAO of its pool and of its hotkeys' stake on root, count its alpha, and leave to nobody what belongs
    /// to hotkeys without a seat, which were not copied.
    pub fn adopt_network(netuid: u16) {
        TotalNetworks::<T>::mutate(|count| *count = count.saturating_add(1));
        let hotkeys: Vec<T::AccountId> =
            (0..SubnetworkN::<T>::get(netuid)).map(|uid| Keys::<T>::get(netuid, uid)).collect();
        let on = |netuid| {
            let alpha = hotkeys.iter().map(|hotkey| TotalHotkeyAlpha::<T>::get(hotkey, netuid));
            alpha.fold(0u64, u64::saturating_add)
        };
        let account = Self::subnet_account(netuid);
        let existential = T::Currency::minimum_balance();
        let pooled = Self::issue_tao(&account, SubnetTAO::<T>::get(netuid).saturating_add(existential));
        let pooled = pooled.saturating_sub(existential);
        SubnetTAO::<T>::insert(netuid, pooled);
        let on_root = Self::issue_tao(&Self::subnet_account(ROOT), on(ROOT));
        SubnetTAO::<T>::mutate(ROOT, |total| *total = total.saturating_add(on_root));
        SubnetAlphaOut::<T>::mutate(ROOT, |total| *total = total.saturating_add(on_root));
        TotalStake::<T>::mutate(|total| *total = total.saturating_add(pooled).saturating_add(on_root));

        TotalAlphaIssuance::<T>::insert(netuid, Self::alpha_issuance(netuid));
        let pending = [
            PendingServerEmission::<T>::get(netuid),
            PendingValidatorEmission::<T>::get(netuid),
            PendingRootAlphaDivs::<T>::get(netuid),
            PendingOwnerCut::<T>::get(netuid),
            SubnetProtocolAlpha::<T>::get(netuid),
        ];
        let known = pending.into_iter().fold(on(netuid), u64::saturating_add);
        AlphaBurned::<T>::remove(netuid);
        UnassignedAlpha::<T>::insert(netuid, SubnetAlphaOut::<T>::get(netuid).saturating_sub(known));

        for hotkey in &hotkeys {
            for netuid in [netuid, ROOT] {
                for coldkey in Self::coldkeys_on(hotkey, netuid) {
                    Self::note_staking_hotkey(&coldkey, hotkey);
                }
            }
        }
    }
}
