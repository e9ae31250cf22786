//! Who gets what at an epoch.

use std::collections::BTreeMap;

use crate::{coinbase::Pending, *};

/// What an epoch gives one hotkey.
pub(crate) struct Reward<AccountId> {
    pub hotkey: AccountId,
    pub server: u64,
    pub validator: u64,
}

/// A validator's dividends, in rao of alpha: what its alpha earned and what its TAO on root did.
#[derive(Default)]
struct Dividends {
    alpha: U96F32,
    root: U96F32,
}

impl<T: Config> Pallet<T> {
    /// Run an epoch and pay: miners their incentive, validators and who stakes to them their dividends, the owner its
    /// cut. Whatever is not paid, for rounding, waits with the alpha of nobody.
    pub(crate) fn pay_epoch(netuid: u16, pending: Pending) {
        let total = pending.server.saturating_add(pending.validator).saturating_add(pending.root);
        let rewards = Self::run_epoch(netuid, total);
        let mut left = total.saturating_add(pending.owner_cut);

        let owner = SubnetOwner::<T>::get(netuid);
        Self::increase_stake(&SubnetOwnerHotkey::<T>::get(netuid), &owner, netuid, pending.owner_cut);
        left = left.saturating_sub(pending.owner_cut);

        let incentives = Self::pay_incentives(netuid, &owner, &rewards);
        left = left.saturating_sub(incentives);

        // Nobody mined: the validators get it all. The epoch rounds each part of the total, so that miners may get a
        // few rao more than was put aside for them: these come out of what validators get.
        let validators = if incentives == 0 {
            pending.validator.saturating_add(pending.server)
        } else {
            pending.validator.saturating_sub(incentives.saturating_sub(pending.server))
        };
        left = left.saturating_sub(Self::pay_dividends(netuid, &rewards, validators, pending.root));
        Self::leave_alpha(netuid, left);

        for reward in &rewards {
            let earned = reward.server.saturating_add(reward.validator);
            LastHotkeyEmissionOnNetuid::<T>::insert(&reward.hotkey, netuid, earned);
        }
    }

    /// Returns what was paid, or withheld: what the owner's hotkeys mine nobody gets.
    fn pay_incentives(netuid: u16, owner: &T::AccountId, rewards: &[Reward<T::AccountId>]) -> u64 {
        let owned = OwnedHotkeys::<T>::get(owner);
        let owner_hotkey = SubnetOwnerHotkey::<T>::get(netuid);
        let (mut total, mut withheld) = (0u64, 0u64);
        for reward in rewards.iter().filter(|reward| reward.server > 0) {
            let (hotkey, amount) = (&reward.hotkey, reward.server);
            total = total.saturating_add(amount);
            if *hotkey == owner_hotkey || owned.contains(hotkey) {
                withheld = withheld.saturating_add(amount);
                match RecycleOrBurn::<T>::get(netuid) {
                    RecycleOrBurnEnum::Burn => Self::burn_alpha_out(netuid, amount),
                    RecycleOrBurnEnum::Recycle => Self::recycle_alpha_out(netuid, amount),
                }
                continue;
            }
            let coldkey = Owner::<T>::get(hotkey);
            let destination = AutoStakeDestination::<T>::get(&coldkey, netuid);
            if let Some(destination) = destination.clone() {
                let event = Event::AutoStakeAdded(netuid, destination, hotkey.clone(), coldkey.clone(), amount);
                Self::deposit_event(event);
            }
            Self::increase_stake(&destination.unwrap_or_else(|| hotkey.clone()), &coldkey, netuid, amount);
        }
        let part = U96F32::from_int(withheld).over(U96F32::from_int(total));
        MinerBurned::<T>::insert(netuid, part);
        total
    }

    /// Pay validators and who stakes to them, in the subnet and on root. Returns what was paid, kept to be claimed or,
    /// where nobody on root earned it, recycled.
    fn pay_dividends(netuid: u16, rewards: &[Reward<T::AccountId>], alpha: u64, root: u64) -> u64 {
        let _ = AlphaDividendsPerSubnet::<T>::clear_prefix(netuid, u32::MAX, None);
        let _ = RootAlphaDividendsPerSubnet::<T>::clear_prefix(netuid, u32::MAX, None);
        let dividends = Self::dividends(netuid, rewards, alpha, root);
        let mut paid = 0u64;
        for (hotkey, dividend) in &dividends {
            let (take, rest) = Self::pay_take(netuid, hotkey, dividend.alpha);
            if rest > 0 {
                Self::increase_stake_of_all(hotkey, netuid, rest);
                AlphaDividendsPerSubnet::<T>::insert(netuid, hotkey, rest);
            }
            paid = paid.saturating_add(take).saturating_add(rest);
            TotalHotkeyAlphaLastEpoch::<T>::insert(hotkey, netuid, TotalHotkeyAlpha::<T>::get(hotkey, netuid));
        }
        if dividends.values().all(|dividend| dividend.root.floor() == 0) {
            Self::recycle_alpha_out(netuid, root);
            return paid.saturating_add(root);
        }
        for (hotkey, dividend) in &dividends {
            let (take, rest) = Self::pay_take(netuid, hotkey, dividend.root);
            if rest > 0 {
                Self::add_root_dividend(hotkey, netuid, rest);
                RootAlphaDividendsPerSubnet::<T>::insert(netuid, hotkey, rest);
            }
            paid = paid.saturating_add(take).saturating_add(rest);
        }
        paid
    }

    /// A hotkey's owner takes its part of a dividend. Returns the part and the rest, in rao.
    fn pay_take(netuid: u16, hotkey: &T::AccountId, dividend: U96F32) -> (u64, u64) {
        let rate = U96F32::ratio(Delegates::<T>::get(hotkey).into(), u16::MAX.into());
        let part = rate.times(dividend);
        let take = part.floor();
        Self::increase_stake(hotkey, &Owner::<T>::get(hotkey), netuid, take);
        (take, dividend.minus(part).floor())
    }

    /// The validators' alpha by what their alpha earned, root's by what their TAO on root did: each one's dividend is
    /// split in proportion to both.
    fn dividends(
        netuid: u16,
        rewards: &[Reward<T::AccountId>],
        alpha: u64,
        root: u64,
    ) -> BTreeMap<T::AccountId, Dividends> {
        let tao_weight = U96F32::ratio(TaoWeight::<T>::get().into(), u64::MAX.into());
        let mut dividends: BTreeMap<T::AccountId, Dividends> = BTreeMap::new();
        for reward in rewards.iter().filter(|reward| reward.validator > 0) {
            let dividend = U96F32::from_int(reward.validator);
            let of_alpha = U96F32::from_int(TotalHotkeyAlpha::<T>::get(&reward.hotkey, netuid));
            let of_root = U96F32::from_int(TotalHotkeyAlpha::<T>::get(&reward.hotkey, ROOT)).times(tao_weight);
            let for_root = dividend.times(of_root.over(of_alpha.plus(of_root)));
            let entry = dividends.entry(reward.hotkey.clone()).or_default();
            entry.alpha = entry.alpha.plus(dividend.minus(for_root));
            entry.root = entry.root.plus(for_root);
        }
        let sum = |part: fn(&Dividends) -> U96F32| dividends.values().map(part).fold(U96F32::ZERO, U96F32::plus);
        let (all_alpha, all_root) = (sum(|one| one.alpha), sum(|one| one.root));
        for dividend in dividends.values_mut() {
            dividend.alpha = U96F32::from_int(alpha).times(dividend.alpha.over(all_alpha));
            dividend.root = U96F32::from_int(root).times(dividend.root.over(all_root));
        }
        dividends
    }
}
