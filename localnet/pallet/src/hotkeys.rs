//! Swapping hotkeys: a coldkey puts another hotkey in the place of one, in a subnet or everywhere.

use std::collections::BTreeSet;

use frame_support::{ensure, pallet_prelude::DispatchResult};

use crate::*;

impl<T: Config> Pallet<T> {
    /// With `keep_stake` the stake stays on the old hotkey. The checks stand in the chain's order.
    pub(crate) fn do_swap_hotkey(
        coldkey: T::AccountId,
        old: T::AccountId,
        new: T::AccountId,
        netuid: Option<u16>,
        keep_stake: bool,
    ) -> DispatchResult {
        ensure!(netuid.is_none_or(NetworksAdded::<T>::get), Error::<T>::SubnetNotExists);
        let owns = |hotkey: &T::AccountId| Owner::<T>::try_get(hotkey) == Ok(coldkey.clone());
        ensure!(owns(&old), Error::<T>::NonAssociatedColdKey);
        ensure!(!Owner::<T>::contains_key(&new) || owns(&new), Error::<T>::NonAssociatedColdKey);
        ensure!(old != new, Error::<T>::NewHotKeyIsSameWithOld);
        let seated = match netuid {
            Some(netuid) => IsNetworkMember::<T>::contains_key(&new, netuid),
            None => Self::is_hotkey_registered_on_any_network(&new),
        };
        ensure!(!seated, Error::<T>::HotKeyAlreadyRegisteredInSubNet);
        // What the old one may claim of root's dividends cannot be merged with what the new one may.
        let of_root = netuid.is_none_or(|netuid| netuid == ROOT);
        ensure!(!of_root || Self::is_clean_on_root(&new), Error::<T>::NewHotKeyNotCleanForRootSwap);

        for key in [RateLimitKey::LastTxBlockDelegateTake, RateLimitKey::LastTxBlockChildKeyTake] {
            let last = LastRateLimitedBlock::<T>::get(key(old.clone()));
            LastRateLimitedBlock::<T>::insert(key(new.clone()), last);
        }
        match netuid {
            Some(netuid) => Self::swap_hotkey_on_subnet(coldkey, old, new, netuid, keep_stake),
            None => Self::swap_hotkey_everywhere(coldkey, old, new, keep_stake),
        }
    }

    fn is_clean_on_root(hotkey: &T::AccountId) -> bool {
        RootClaimable::<T>::get(hotkey).is_empty()
            && TotalHotkeyAlpha::<T>::get(hotkey, ROOT) == 0
            && RootClaimed::<T>::iter_prefix((ROOT, hotkey)).next().is_none()
    }

    /// The clock counts from block 0 where there was no swap: no chain younger than a day allows one.
    fn swap_hotkey_on_subnet(
        coldkey: T::AccountId,
        old: T::AccountId,
        new: T::AccountId,
        netuid: u16,
        keep_stake: bool,
    ) -> DispatchResult {
        Self::ensure_waited_for_swap(&coldkey, netuid)?;
        ensure!(!Self::is_subnet_account(&new), Error::<T>::CannotUseSystemAccount);
        Self::pay_swap(&coldkey, Self::key_swap_on_subnet_cost())?;
        Owner::<T>::insert(&new, &coldkey);
        OwnedHotkeys::<T>::mutate(&coldkey, |hotkeys| add(hotkeys, &new));
        Self::rename_on_subnet(&old, &new, netuid, keep_stake)?;
        LastHotkeySwapOnNetuid::<T>::insert(netuid, &coldkey, Self::current_block());
        Self::deposit_event(Event::HotkeySwappedOnSubnet(coldkey, old, new, netuid));
        Ok(())
    }

    /// Only subnets where the old hotkey takes part by its own will have a clock here: anybody may make it a child.
    fn swap_hotkey_everywhere(
        coldkey: T::AccountId,
        old: T::AccountId,
        new: T::AccountId,
        keep_stake: bool,
    ) -> DispatchResult {
        let networks: Vec<u16> = core::iter::once(ROOT).chain(Self::subnets()).collect();
        let takes_part =
            |netuid: &u16| IsNetworkMember::<T>::get(&old, netuid) || !ChildKeys::<T>::get(&old, netuid).is_empty();
        let timed: Vec<u16> = networks.iter().copied().filter(takes_part).collect();
        for &netuid in timed.iter().filter(|netuid| LastHotkeySwapOnNetuid::<T>::get(netuid, &coldkey) != 0) {
            Self::ensure_waited_for_swap(&coldkey, netuid)?;
        }
        Self::pay_swap(&coldkey, Self::key_swap_cost())?;
        // Stake that stays needs its hotkey's owner.
        if !keep_stake {
            Owner::<T>::remove(&old);
        }
        ensure!(!Self::is_subnet_account(&new), Error::<T>::CannotUseSystemAccount);
        Owner::<T>::insert(&new, &coldkey);
        OwnedHotkeys::<T>::mutate(&coldkey, |hotkeys| {
            add(hotkeys, &new);
            hotkeys.retain(|hotkey| keep_stake || *hotkey != old);
        });
        let stakers: BTreeSet<_> = networks.iter().flat_map(|netuid| Self::coldkeys_on(&old, *netuid)).collect();
        for netuid in networks {
            Self::rename_on_subnet(&old, &new, netuid, keep_stake)?;
        }
        for staker in stakers.into_iter().filter(|_| !keep_stake) {
            StakingHotkeys::<T>::mutate(staker, |hotkeys| hotkeys.retain(|hotkey| *hotkey != old));
        }
        Self::rename_takes(&old, &new);
        let block = Self::current_block();
        for netuid in timed {
            LastHotkeySwapOnNetuid::<T>::insert(netuid, &coldkey, block);
        }
        LastRateLimitedBlock::<T>::insert(RateLimitKey::LastTxBlock(coldkey.clone()), block);
        Self::deposit_event(Event::HotkeySwapped(coldkey, old, new));
        Ok(())
    }

    fn ensure_waited_for_swap(coldkey: &T::AccountId, netuid: u16) -> DispatchResult {
        let last = LastHotkeySwapOnNetuid::<T>::get(netuid, coldkey);
        let open = last.saturating_add(Self::hotkey_swap_on_subnet_interval()) < Self::current_block();
        ensure!(open, Error::<T>::HotKeySwapOnSubnetIntervalNotPassed);
        Ok(())
    }

    fn pay_swap(coldkey: &T::AccountId, cost: u64) -> DispatchResult {
        ensure!(Self::can_pay(coldkey, cost), Error::<T>::NotEnoughBalanceToPaySwapHotKey);
        Self::recycle_tao(coldkey, cost);
        Ok(())
    }
}

fn add<V: Clone + PartialEq>(all: &mut Vec<V>, one: &V) {
    if !all.contains(one) {
        all.push(one.clone());
    }
}
