//! Hotkeys that others stake to.

use std::collections::{BTreeMap, BTreeSet};

use codec::{Compact, Decode, Encode};
use scale_info::TypeInfo;

use crate::*;

const BLOCKS_PER_DAY: u64 = 7_200;
const RAO_PER_1000: u64 = 1_000_000_000_000;

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
            let old = Alpha::<T>::iter_key_prefix((&hotkey, &coldkey));
            let netuids: BTreeSet<u16> = old.chain(AlphaV2::<T>::iter_key_prefix((&hotkey, &coldkey))).collect();
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
        let daily = seats.iter().fold(U64F64::ZERO, |sum, (netuid, uid)| {
            let emission = Emission::<T>::get(netuid).get(*uid).copied().unwrap_or(0);
            // 0 where epochs never run.
            let epochs = U64F64::from_int(BLOCKS_PER_DAY).over(U64F64::from_int(Tempo::<T>::get(netuid).into()));
            sum.plus(U64F64::from_int(emission).times(epochs))
        });
        let kept = U64F64::ONE.minus(U64F64::ratio(take.into(), u16::MAX.into()));
        let stake = U64F64::from_int(TotalHotkeyAlpha::<T>::get(hotkey, ROOT));
        let thousands = stake.over(U64F64::from_int(RAO_PER_1000));
        DelegateInfo {
            delegate_ss58: hotkey.clone(),
            take: Compact(take),
            nominators,
            owner_ss58: Owner::<T>::get(hotkey),
            registrations: seats.iter().map(|(netuid, _)| Compact(*netuid)).collect(),
            validator_permits: seats.iter().filter(permitted).map(|(netuid, _)| Compact(*netuid)).collect(),
            return_per_1000: Compact(daily.times(kept).over(thousands).floor()),
            total_daily_return: Compact(daily.floor()),
        }
    }

    /// Who has stake on a hotkey, and where.
    fn nominators(hotkey: &T::AccountId) -> Vec<(T::AccountId, Vec<StakeOn>)> {
        let old = Alpha::<T>::iter_key_prefix((hotkey,));
        let shares: BTreeSet<(T::AccountId, u16)> = old.chain(AlphaV2::<T>::iter_key_prefix((hotkey,))).collect();
        let mut nominators: BTreeMap<T::AccountId, Vec<StakeOn>> = BTreeMap::new();
        for (coldkey, netuid) in shares {
            let stake = Self::stake_of(hotkey, &coldkey, netuid);
            nominators.entry(coldkey).or_default().push((Compact(netuid), Compact(stake)));
        }
        nominators.into_iter().collect()
    }
}
