//! Who gets what at an epoch.

use std::collections::BTreeMap;

use crate::{coinbase::Pending, *};

impl<T: Config> Pallet<T> {
    /// Run an epoch and pay: miners their incentive, validators and who delegates to them their dividends, the owner
    /// its cut.
    pub(crate) fn pay_epoch(netuid: u16, pending: Pending) {
        let rewards = Self::run_epoch(netuid, pending.server.saturating_add(pending.validator));
        let incentives: u64 = rewards.iter().fold(0, |sum, reward| sum.saturating_add(reward.server));
        // Nobody mined: the validators get it all.
        let to_validators =
            if incentives == 0 { pending.validator.saturating_add(pending.server) } else { pending.validator };

        let owner = SubnetOwner::<T>::get(netuid);
        let owner_hotkey = SubnetOwnerHotkey::<T>::get(netuid);
        if pending.owner_cut > 0 {
            Self::increase_stake(&owner_hotkey, &owner, netuid, pending.owner_cut);
        }
        let owned = OwnedHotkeys::<T>::get(&owner);
        for reward in rewards.iter().filter(|reward| reward.server > 0) {
            if owned.contains(&reward.hotkey) {
                Self::destroy(netuid, reward.server);
            } else {
                let coldkey = Owner::<T>::get(&reward.hotkey);
                Self::increase_stake(&reward.hotkey, &coldkey, netuid, reward.server);
            }
        }
        for (hotkey, dividend) in Self::dividends(netuid, &rewards, to_validators) {
            let take = u128::from(dividend) * u128::from(Delegates::<T>::get(&hotkey)) / u128::from(u16::MAX);
            let take = u64::try_from(take).unwrap_or(dividend);
            if take > 0 {
                Self::increase_stake(&hotkey, &Owner::<T>::get(&hotkey), netuid, take);
            }
            Self::increase_stake_of_all(&hotkey, netuid, dividend.saturating_sub(take));
            AlphaDividendsPerSubnet::<T>::insert(netuid, &hotkey, dividend);
        }
        for reward in &rewards {
            let total = TotalHotkeyAlpha::<T>::get(&reward.hotkey, netuid);
            TotalHotkeyAlphaLastEpoch::<T>::insert(&reward.hotkey, netuid, total);
            LastHotkeyEmissionOnNetuid::<T>::insert(
                &reward.hotkey,
                netuid,
                reward.server.saturating_add(reward.validator),
            );
        }
    }

    /// The validators' alpha, in proportion to the part of each one's dividend that its alpha (and not its TAO on
    /// root) earned.
    fn dividends(netuid: u16, rewards: &[Reward<T::AccountId>], amount: u64) -> Vec<(T::AccountId, u64)> {
        let _ = AlphaDividendsPerSubnet::<T>::clear_prefix(netuid, u32::MAX, None);
        let mut earned: BTreeMap<T::AccountId, Fixed> = BTreeMap::new();
        for reward in rewards.iter().filter(|reward| reward.validator > 0) {
            let alpha = TotalHotkeyAlpha::<T>::get(&reward.hotkey, netuid);
            let total = Self::stake_weight_of(&reward.hotkey, netuid);
            let dividend = Fixed::from_int(reward.validator);
            let part = match total {
                0 => dividend,
                _ => dividend.mul(Fixed::from_int(alpha).div(Fixed::from_int(total))),
            };
            earned.insert(reward.hotkey.clone(), part);
        }
        let total = earned.values().fold(Fixed(0), |sum, part| Fixed(sum.0.saturating_add(part.0)));
        earned
            .into_iter()
            .map(|(hotkey, part)| (hotkey, Fixed::from_int(amount).mul(part.div(total)).to_int()))
            .filter(|(_, dividend)| *dividend > 0)
            .collect()
    }

    /// Alpha that nobody gets.
    fn destroy(netuid: u16, amount: u64) {
        if RecycleOrBurn::<T>::get(netuid) == RecycleOrBurnEnum::Recycle {
            SubnetAlphaOut::<T>::mutate(netuid, |total| *total = total.saturating_sub(amount));
        }
    }
}

/// What an epoch gives one hotkey.
pub(crate) struct Reward<AccountId> {
    pub hotkey: AccountId,
    pub server: u64,
    pub validator: u64,
}

/// 96 integer bits and 32 fractional ones, the precision in which the chain splits dividends. Every operation rounds
/// down.
#[derive(Clone, Copy)]
struct Fixed(u128);

impl Fixed {
    fn from_int(value: u64) -> Self {
        Self(u128::from(value) << 32)
    }

    fn to_int(self) -> u64 {
        u64::try_from(self.0 >> 32).unwrap_or(u64::MAX)
    }

    fn mul(self, by: Self) -> Self {
        let product = (sp_core::U256::from(self.0) * sp_core::U256::from(by.0)) >> 32;
        Self(u128::try_from(product).unwrap_or(u128::MAX))
    }

    /// 0 where the divisor is.
    fn div(self, by: Self) -> Self {
        if by.0 == 0 {
            return Self(0);
        }
        let quotient = (sp_core::U256::from(self.0) << 32) / sp_core::U256::from(by.0);
        Self(u128::try_from(quotient).unwrap_or(u128::MAX))
    }
}
