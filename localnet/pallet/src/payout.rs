//! Who gets what at an epoch.

use scoring::emission::{Dividend, Dividends, Earner, Incentives, Part, Pending, dividends};

use crate::*;

/// What an epoch gives one hotkey.
pub(crate) struct Reward<AccountId> {
    pub hotkey: AccountId,
    pub server: u64,
    pub validator: u64,
}

impl<T: Config> Pallet<T> {
    /// Run an epoch and pay: miners their incentive, validators and who stakes to them their dividends, the owner its
    /// cut. Whatever is not paid, for rounding, waits with the alpha of nobody.
    pub(crate) fn pay_epoch(netuid: u16, pending: Pending) {
        let rewards = Self::run_epoch(netuid, pending.emission());
        let owner = SubnetOwner::<T>::get(netuid);
        Self::increase_stake(&SubnetOwnerHotkey::<T>::get(netuid), &owner, netuid, pending.owner_cut);
        let incentives = Self::pay_incentives(netuid, &owner, &pending, &rewards);
        // By the stake that there is now.
        let dividends = Self::pay_dividends(netuid, &rewards, incentives.validators, pending.root);
        let paid = incentives.total.saturating_add(dividends.paid());
        Self::leave_alpha(netuid, pending.emission().saturating_sub(paid));

        for reward in &rewards {
            let earned = reward.server.saturating_add(reward.validator);
            LastHotkeyEmissionOnNetuid::<T>::insert(&reward.hotkey, netuid, earned);
        }
    }

    /// Pay miners, or withhold it: what the owner's hotkeys mine nobody gets.
    fn pay_incentives(
        netuid: u16,
        owner: &T::AccountId,
        pending: &Pending,
        rewards: &[Reward<T::AccountId>],
    ) -> Incentives {
        let owned = OwnedHotkeys::<T>::get(owner);
        let owner_hotkey = SubnetOwnerHotkey::<T>::get(netuid);
        let is_withheld = |hotkey: &T::AccountId| *hotkey == owner_hotkey || owned.contains(hotkey);
        let incentives = pending.incentives(rewards.iter().map(|reward| (reward.server, is_withheld(&reward.hotkey))));
        for reward in rewards.iter().filter(|reward| reward.server > 0) {
            let (hotkey, amount) = (&reward.hotkey, reward.server);
            if is_withheld(hotkey) {
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
        MinerBurned::<T>::insert(netuid, U96F32 { bits: incentives.withheld_share() });
        incentives
    }

    /// Pay validators and who stakes to them, in the subnet and on root: what is root's is kept to be claimed or, where
    /// nobody on root earned it, recycled.
    fn pay_dividends(netuid: u16, rewards: &[Reward<T::AccountId>], alpha: u64, root: u64) -> Dividends {
        let _ = AlphaDividendsPerSubnet::<T>::clear_prefix(netuid, u32::MAX, None);
        let _ = RootAlphaDividendsPerSubnet::<T>::clear_prefix(netuid, u32::MAX, None);
        let mut validators: Vec<_> = rewards.iter().filter(|reward| reward.validator > 0).collect();
        // As on the chain.
        validators.sort_unstable_by(|one, other| one.hotkey.cmp(&other.hotkey));
        let earners: Vec<Earner> = validators.iter().map(|reward| Self::earner(netuid, reward)).collect();
        let dividends = dividends(&earners, TaoWeight::<T>::get(), alpha, root);
        let hotkeys = || validators.iter().map(|reward| &reward.hotkey);
        for (hotkey, dividend) in hotkeys().zip(&dividends.each) {
            Self::pay_take(netuid, hotkey, &dividend.alpha);
            if dividend.alpha.rest > 0 {
                Self::increase_stake_of_all(hotkey, netuid, dividend.alpha.rest);
                AlphaDividendsPerSubnet::<T>::insert(netuid, hotkey, dividend.alpha.rest);
            }
            TotalHotkeyAlphaLastEpoch::<T>::insert(hotkey, netuid, TotalHotkeyAlpha::<T>::get(hotkey, netuid));
        }
        Self::recycle_alpha_out(netuid, dividends.recycled);
        for (hotkey, dividend) in hotkeys().zip(&dividends.each) {
            Self::pay_take(netuid, hotkey, &dividend.root);
            if dividend.root.rest > 0 {
                Self::pay_root_dividend(netuid, hotkey, dividend);
                RootAlphaDividendsPerSubnet::<T>::insert(netuid, hotkey, dividend.root.rest);
            }
        }
        dividends
    }

    /// A validator, as its dividends depend on it now.
    fn earner(netuid: u16, reward: &Reward<T::AccountId>) -> Earner {
        let staked = |netuid| TotalHotkeyAlpha::<T>::get(&reward.hotkey, netuid);
        Earner {
            earned: reward.validator,
            alpha: staked(netuid),
            root: staked(ROOT),
            take: Delegates::<T>::get(&reward.hotkey),
        }
    }

    /// A hotkey's owner takes its part of a dividend.
    fn pay_take(netuid: u16, hotkey: &T::AccountId, part: &Part) {
        Self::increase_stake(hotkey, &Owner::<T>::get(hotkey), netuid, part.take);
    }

    /// Who stakes to a hotkey on root may claim its dividend. Where that is more than they staked, nobody, or next to
    /// nobody, has a part in it.
    fn pay_root_dividend(netuid: u16, hotkey: &T::AccountId, dividend: &Dividend) {
        if dividend.claimable {
            Self::add_root_dividend(hotkey, netuid, dividend.root.rest);
        } else {
            Self::increase_stake(hotkey, &Owner::<T>::get(hotkey), netuid, dividend.root.rest);
        }
    }
}
