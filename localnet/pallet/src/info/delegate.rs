//! Hotkeys that others stake to.

use std::collections::BTreeMap;

use codec::{Compact, Decode, Encode};
use scale_info::TypeInfo;
use sp_core::U256;

use crate::*;

/// A netuid, and stake there in rao of alpha.
pub type StakeOn = (Compact<u16>, Compact<u64>);

/// A delegate. Returns are in rao a day, alpha of all subnets added up as if it were one coin.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[allow(missing_docs)]
pub struct DelegateInfo<AccountId> {
    pub delegate_ss58: AccountId,
    pub take: Compact<u16>,
    /// Everybody who has stake on it, the owner too.
    pub nominators: Vec<(AccountId, Vec<StakeOn>)>,
    pub owner_ss58: AccountId,
    pub registrations: Vec<Compact<u16>>,
    pub validator_permits: Vec<Compact<u16>>,
    pub return_per_1000: Compact<u64>,
    pub total_daily_return: Compact<u64>,
}

impl<T: Config> Pallet<T> {
    /// All delegates.
    pub fn get_delegates() -> Vec<DelegateInfo<T::AccountId>> {
        Delegates::<T>::iter_keys().map(|hotkey| Self::delegate(&hotkey, Self::nominators(&hotkey))).collect()
    }

    /// One delegate.
    pub fn get_delegate(hotkey: T::AccountId) -> Option<DelegateInfo<T::AccountId>> {
        Delegates::<T>::contains_key(&hotkey).then(|| Self::delegate(&hotkey, Self::nominators(&hotkey)))
    }

    /// Where a coldkey has stake on delegates, each without its nominators.
    pub fn get_delegated(coldkey: T::AccountId) -> Vec<(DelegateInfo<T::AccountId>, StakeOn)> {
        let on = |hotkey: T::AccountId| {
            let netuids: Vec<u16> = Alpha::<T>::iter_key_prefix((&hotkey, &coldkey)).collect();
            let staked = |netuid| {
                let stake = Compact(Self::stake_of(&hotkey, &coldkey, netuid));
                (Self::delegate(&hotkey, Vec::new()), (Compact(netuid), stake))
            };
            netuids.into_iter().map(staked).collect::<Vec<_>>()
        };
        Delegates::<T>::iter_keys().flat_map(on).collect()
    }

    fn delegate(hotkey: &T::AccountId, nominators: Vec<(T::AccountId, Vec<StakeOn>)>) -> DelegateInfo<T::AccountId> {
        let take = Delegates::<T>::get(hotkey);
        let seats = Self::netuids().into_iter().filter_map(|netuid| Some((netuid, Uids::<T>::get(netuid, hotkey)?)));
        let seats: Vec<(u16, usize)> = seats.map(|(netuid, uid)| (netuid, uid.into())).collect();
        let permitted = |(netuid, uid): &&(u16, usize)| ValidatorPermit::<T>::get(netuid).get(*uid) == Some(&true);
        let daily = seats.iter().fold(U256::zero(), |sum, (netuid, uid)| {
            let emission = Emission::<T>::get(netuid).get(*uid).copied().unwrap_or(0);
            match Tempo::<T>::get(netuid) {
                0 => sum,
                tempo => sum + U256::from(emission) * epochs_per_day(tempo),
            }
        });
        DelegateInfo {
            delegate_ss58: hotkey.clone(),
            take: Compact(take),
            nominators,
            owner_ss58: Owner::<T>::get(hotkey),
            registrations: seats.iter().map(|(netuid, _)| Compact(*netuid)).collect(),
            validator_permits: seats.iter().filter(permitted).map(|(netuid, _)| Compact(*netuid)).collect(),
            return_per_1000: Compact(per_1000(daily, take, TotalHotkeyAlpha::<T>::get(hotkey, ROOT))),
            total_daily_return: Compact(whole(daily)),
        }
    }

    /// Who has stake on a hotkey, and where.
    fn nominators(hotkey: &T::AccountId) -> Vec<(T::AccountId, Vec<StakeOn>)> {
        let mut nominators: BTreeMap<T::AccountId, Vec<StakeOn>> = BTreeMap::new();
        for ((coldkey, netuid), share) in Alpha::<T>::iter_prefix((hotkey,)) {
            if share.bits > 0 {
                let stake = Self::stake_of(hotkey, &coldkey, netuid);
                nominators.entry(coldkey).or_default().push((Compact(netuid), Compact(stake)));
            }
        }
        nominators.into_iter().collect()
    }
}

/// In units of 2^-64, as all that follows.
fn epochs_per_day(tempo: u16) -> U256 {
    (U256::from(7_200) << 64) / U256::from(tempo)
}

/// What of `daily` is left after the take, for 1000 TAO of `stake`. 0 where there is no stake.
fn per_1000(daily: U256, take: u16, stake: u64) -> u64 {
    let kept = (U256::one() << 64) - (U256::from(take) << 64) / U256::from(u16::MAX);
    let thousands = (U256::from(stake) << 64) / U256::from(1_000_000_000_000u64);
    if thousands.is_zero() {
        return 0;
    }
    whole((((daily * kept) >> 64) << 64) / thousands)
}

fn whole(value: U256) -> u64 {
    u64::try_from(value >> 64).unwrap_or(u64::MAX)
}
