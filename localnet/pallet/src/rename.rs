//! What goes from one hotkey to another when they are swapped.

use frame_support::pallet_prelude::DispatchResult;

use crate::*;

/// Move a value to another key, if there is one.
macro_rules! carry {
    ($($store:ident[$old:expr => $new:expr];)*) => {$(
        if let Ok(value) = $store::<T>::try_get($old) {
            $store::<T>::remove($old);
            $store::<T>::insert($new, value);
        }
    )*};
    ($($store:ident[$old:expr => $new:expr, $netuid:expr];)*) => {$(
        if let Ok(value) = $store::<T>::try_get($old, $netuid) {
            $store::<T>::remove($old, $netuid);
            $store::<T>::insert($new, $netuid, value);
        }
    )*};
    ($($store:ident[$netuid:expr, $old:expr => $new:expr];)*) => {$(
        if let Ok(value) = $store::<T>::try_get($netuid, $old) {
            $store::<T>::remove($netuid, $old);
            $store::<T>::insert($netuid, $new, value);
        }
    )*};
}

impl<T: Config> Pallet<T> {
    /// In one subnet: its seat and what it announced, its place among parents and children, and its stake.
    pub(crate) fn rename_on_subnet(
        old: &T::AccountId,
        new: &T::AccountId,
        netuid: u16,
        keep_stake: bool,
    ) -> DispatchResult {
        let seated = IsNetworkMember::<T>::take(old, netuid);
        // As on the chain, where there was no seat, too.
        IsNetworkMember::<T>::insert(new, netuid, seated);
        if seated {
            if let Some(uid) = Uids::<T>::take(netuid, old) {
                Uids::<T>::insert(netuid, new, uid);
                Keys::<T>::insert(netuid, uid, new);
            }
            carry! {
                Prometheus[netuid, old => new];
                Axons[netuid, old => new];
                NeuronCertificates[netuid, old => new];
            }
            for mecid in 0..MechanismCountCurrent::<T>::get(netuid) {
                let index = Self::storage_index(netuid, mecid);
                carry! { WeightCommits[index, old => new]; }
            }
        }
        carry! { ChildkeyTake[old => new, netuid]; }
        Self::rename_family(old, new, netuid);
        if let Ok(coldkeys) = AutoStakeDestinationColdkeys::<T>::try_get(old, netuid) {
            for coldkey in &coldkeys {
                AutoStakeDestination::<T>::insert(coldkey, netuid, new);
            }
            AutoStakeDestinationColdkeys::<T>::remove(old, netuid);
            AutoStakeDestinationColdkeys::<T>::insert(new, netuid, coldkeys);
        }
        if SubnetOwnerHotkey::<T>::try_get(netuid).as_ref() == Ok(old) {
            Self::set_subnet_owner_hotkey(netuid, new.clone())?;
        }
        if !keep_stake {
            Self::rename_stake(old, new, netuid);
        }
        Ok(())
    }

    /// Everywhere: when it last did what it may not do too often, and what it takes.
    pub(crate) fn rename_takes(old: &T::AccountId, new: &T::AccountId) {
        for key in
            [RateLimitKey::LastTxBlock, RateLimitKey::LastTxBlockDelegateTake, RateLimitKey::LastTxBlockChildKeyTake]
        {
            LastRateLimitedBlock::<T>::remove(key(old.clone()));
        }
        carry! { Delegates[old => new]; }
    }

    fn rename_family(old: &T::AccountId, new: &T::AccountId, netuid: u16) {
        let rename = |family: &mut Vec<(u64, T::AccountId)>| {
            for (_, hotkey) in family.iter_mut().filter(|(_, hotkey)| hotkey == old) {
                *hotkey = new.clone();
            }
        };
        for (_, child) in ChildKeys::<T>::get(old, netuid) {
            ParentKeys::<T>::mutate(child, netuid, rename);
        }
        for (_, parent) in ParentKeys::<T>::get(old, netuid) {
            ChildKeys::<T>::mutate(parent, netuid, rename);
        }
        carry! {
            ChildKeys[old => new, netuid];
            ParentKeys[old => new, netuid];
        }
        carry! { PendingChildKeys[netuid, old => new]; }
        let waiting: Vec<_> = PendingChildKeys::<T>::iter_prefix(netuid).collect();
        for (parent, (mut children, block)) in waiting {
            if children.iter().any(|(_, child)| child == old) {
                rename(&mut children);
                PendingChildKeys::<T>::insert(netuid, parent, (children, block));
            }
        }
    }

    fn rename_stake(old: &T::AccountId, new: &T::AccountId, netuid: u16) {
        let last = TotalHotkeyAlphaLastEpoch::<T>::take(old, netuid);
        let last = last.saturating_add(TotalHotkeyAlphaLastEpoch::<T>::get(new, netuid));
        if last == 0 {
            TotalHotkeyAlphaLastEpoch::<T>::remove(new, netuid);
        } else {
            TotalHotkeyAlphaLastEpoch::<T>::insert(new, netuid, last);
        }
        let dividends = AlphaDividendsPerSubnet::<T>::take(netuid, old);
        AlphaDividendsPerSubnet::<T>::mutate(netuid, new, |all| *all = all.saturating_add(dividends));
        if netuid == ROOT {
            Self::rename_root_claims(old, new);
            carry! { AutoParentDelegationEnabled[old => new]; }
        }
        for coldkey in Self::coldkeys_on(old, netuid) {
            let amount = Self::stake_of(old, &coldkey, netuid);
            Self::decrease_stake(old, &coldkey, netuid, amount);
            Self::increase_stake(new, &coldkey, netuid, amount);
        }
    }

    /// The rates at which its stakers on root earn, and how much of that they claimed.
    fn rename_root_claims(old: &T::AccountId, new: &T::AccountId) {
        let rates = RootClaimable::<T>::take(old);
        for netuid in rates.keys() {
            let claimed: Vec<_> = RootClaimed::<T>::drain_prefix((netuid, old)).collect();
            for (coldkey, amount) in claimed {
                RootClaimed::<T>::insert((netuid, new, coldkey), amount);
            }
        }
        if !rates.is_empty() {
            RootClaimable::<T>::insert(new, rates);
        }
    }
}
