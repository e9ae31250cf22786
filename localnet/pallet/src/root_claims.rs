//! What stake on root earns in every subnet: alpha, kept until it is claimed.
//!
//! A hotkey's dividend raises a rate per rao staked to it on root. What a coldkey may claim is the rate times its
//! stake, less what it claimed; stake that comes later counts as having claimed up to then.

use std::collections::BTreeSet;

use frame_support::{
    ensure,
    pallet_prelude::{DispatchError, DispatchResult},
    storage::with_storage_layer,
};
use sp_core::U256;

use crate::{
    pool::{MIN_PRICE, flow},
    *,
};

/// Subnets in one claim.
const MAX_SUBNETS: usize = 5;
/// Coldkeys whose claims may be made for them in a block.
const MAX_CLAIMS: u64 = 50;
/// The highest threshold, in rao of alpha.
const MAX_THRESHOLD: u64 = 10_000_000;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_claim_root(coldkey: T::AccountId, subnets: BTreeSet<u16>) -> DispatchResult {
        ensure!((1..=MAX_SUBNETS).contains(&subnets.len()), Error::<T>::InvalidSubnetNumber);
        Self::note_root_staker(&coldkey);
        Self::claim_root_for(coldkey, Some(&subnets));
        Ok(())
    }

    pub(crate) fn do_set_root_claim_type(coldkey: T::AccountId, choice: RootClaimTypeEnum) -> DispatchResult {
        if let RootClaimTypeEnum::KeepSubnets { subnets } = &choice {
            ensure!(!subnets.is_empty(), Error::<T>::InvalidSubnetNumber);
        }
        Self::note_root_staker(&coldkey);
        RootClaimType::<T>::insert(&coldkey, choice.clone());
        Self::deposit_event(Event::RootClaimTypeSet(coldkey, choice));
        Ok(())
    }

    pub(crate) fn do_set_num_root_claims(number: u64) -> DispatchResult {
        ensure!(number <= MAX_CLAIMS, Error::<T>::InvalidNumRootClaim);
        NumRootClaim::<T>::put(number);
        Ok(())
    }

    pub(crate) fn do_set_root_claim_threshold(netuid: u16, rao: u64) -> DispatchResult {
        ensure!(NetworksAdded::<T>::get(netuid), Error::<T>::SubnetNotExists);
        ensure!(rao <= MAX_THRESHOLD, Error::<T>::InvalidRootClaimThreshold);
        RootClaimableThreshold::<T>::insert(netuid, I96F32 { bits: i128::from(rao) << 32 });
        Ok(())
    }

    /// Every block claims for a few coldkeys, drawn by the last block's hash.
    pub(crate) fn claim_root_for_some() {
        let stakers = NumStakingColdkeys::<T>::get();
        let hash = frame_system::Pallet::<T>::parent_hash();
        for index in drawn(hash.as_ref(), NumRootClaim::<T>::get().min(MAX_CLAIMS), stakers) {
            if let Some(coldkey) = StakingColdkeysByIndex::<T>::get(index) {
                Self::claim_root_for(coldkey, None);
            }
        }
    }

    /// A dividend for who stakes to a hotkey on root, of no more than their stake. The alpha is issued already.
    pub(crate) fn add_root_dividend(hotkey: &T::AccountId, netuid: u16, amount: u64) {
        let staked = TotalHotkeyAlpha::<T>::get(hotkey, ROOT);
        let rate = I96F32 { bits: (i128::from(amount) << 32) / i128::from(staked.max(1)) };
        RootClaimable::<T>::mutate(hotkey, |rates| {
            let total = rates.entry(netuid).or_default();
            total.bits = total.bits.saturating_add(rate.bits);
        });
        Self::leave_alpha(netuid, amount);
    }

    /// What a coldkey may claim of a subnet's alpha through one hotkey, with 32 bits behind the point.
    fn root_owed(hotkey: &T::AccountId, coldkey: &T::AccountId, netuid: u16, rate: I96F32) -> u128 {
        let claimable = part(rate, Self::stake_of(hotkey, coldkey, ROOT));
        claimable.saturating_sub(RootClaimed::<T>::get((netuid, hotkey, coldkey)).saturating_mul(1 << 32))
    }

    fn claim_root_for(coldkey: T::AccountId, subnets: Option<&BTreeSet<u16>>) {
        let choice = RootClaimType::<T>::get(&coldkey);
        for hotkey in StakingHotkeys::<T>::get(&coldkey) {
            for (netuid, rate) in RootClaimable::<T>::get(&hotkey) {
                if subnets.is_some_and(|chosen| !chosen.contains(&netuid)) {
                    continue;
                }
                let owed = Self::root_owed(&hotkey, &coldkey, netuid, rate);
                let threshold = RootClaimableThreshold::<T>::get(netuid).bits;
                if owed < u128::try_from(threshold).unwrap_or(0) {
                    continue;
                }
                let owed = u64::try_from(owed >> 32).unwrap_or(u64::MAX).min(UnassignedAlpha::<T>::get(netuid));
                let keep = match &choice {
                    RootClaimTypeEnum::Swap => false,
                    RootClaimTypeEnum::Keep => true,
                    RootClaimTypeEnum::KeepSubnets { subnets } => subnets.contains(&netuid),
                };
                // What cannot be sold now stays claimable.
                let _ = with_storage_layer(|| Self::pay_root_claim(&hotkey, &coldkey, netuid, owed, keep));
            }
        }
        Self::deposit_event(Event::RootClaimed(coldkey));
    }

    fn pay_root_claim(
        hotkey: &T::AccountId,
        coldkey: &T::AccountId,
        netuid: u16,
        owed: u64,
        keep: bool,
    ) -> Result<(), DispatchError> {
        if owed == 0 {
            return Ok(());
        }
        let claimed = if keep {
            Self::increase_stake(hotkey, coldkey, netuid, owed);
            owed
        } else {
            let sold = Self::swap_alpha_for_tao(netuid, owed, MIN_PRICE, true)?;
            let tao = sold.paid_out;
            Self::tao_from_subnet(netuid, &Self::subnet_account(ROOT), tao)?;
            SubnetRootSellTao::<T>::mutate(netuid, |total| *total = total.saturating_add(tao));
            Self::note_protocol_flow(netuid, -flow(tao));
            Self::increase_stake(hotkey, coldkey, ROOT, tao);
            Self::add_pool_tao(ROOT, tao);
            SubnetAlphaOut::<T>::mutate(ROOT, |total| *total = total.saturating_add(tao));
            Self::root_stake_added(hotkey, coldkey, tao);
            sold.paid_in
        };
        Self::take_left_alpha(netuid, claimed);
        RootClaimed::<T>::mutate((netuid, hotkey, coldkey), |total| *total = total.saturating_add(claimed.into()));
        Ok(())
    }

    /// New stake on root has no part in what was earned before it.
    pub(crate) fn root_stake_added(hotkey: &T::AccountId, coldkey: &T::AccountId, amount: u64) {
        for (netuid, rate) in RootClaimable::<T>::get(hotkey) {
            RootClaimed::<T>::mutate((netuid, hotkey, coldkey), |claimed| {
                *claimed = claimed.saturating_add(part(rate, amount) >> 32);
            });
        }
    }

    pub(crate) fn root_stake_removed(hotkey: &T::AccountId, coldkey: &T::AccountId, amount: u64) {
        for (netuid, rate) in RootClaimable::<T>::get(hotkey) {
            RootClaimed::<T>::mutate((netuid, hotkey, coldkey), |claimed| {
                *claimed = claimed.saturating_sub(part(rate, amount) >> 32);
            });
        }
    }

    /// A coldkey joins those whose claims are made for them.
    pub(crate) fn note_root_staker(coldkey: &T::AccountId) {
        if StakingColdkeys::<T>::contains_key(coldkey) {
            return;
        }
        let index = NumStakingColdkeys::<T>::get();
        StakingColdkeysByIndex::<T>::insert(index, coldkey);
        StakingColdkeys::<T>::insert(coldkey, index);
        NumStakingColdkeys::<T>::put(index.saturating_add(1));
    }

    /// A coldkey without stake on root leaves them. The last one takes its place.
    pub(crate) fn forget_root_staker_without_stake(coldkey: &T::AccountId) {
        if StakingHotkeys::<T>::get(coldkey).iter().any(|hotkey| Self::stake_of(hotkey, coldkey, ROOT) > 0) {
            return;
        }
        let Some(index) = StakingColdkeys::<T>::take(coldkey) else { return };
        let last = NumStakingColdkeys::<T>::get().saturating_sub(1);
        if let Some(moved) = StakingColdkeysByIndex::<T>::take(last)
            && index != last
        {
            StakingColdkeys::<T>::insert(&moved, index);
            StakingColdkeysByIndex::<T>::insert(index, moved);
        }
        NumStakingColdkeys::<T>::put(last);
    }

    /// A subnet is gone: nobody can claim of it.
    pub(crate) fn forget_root_claims(netuid: u16) {
        let hotkeys: Vec<T::AccountId> = RootClaimable::<T>::iter_keys().collect();
        for hotkey in hotkeys {
            RootClaimable::<T>::mutate(&hotkey, |rates| rates.remove(&netuid));
        }
        let _ = RootClaimed::<T>::clear_prefix((netuid,), u32::MAX, None);
    }
}

/// A rate's part for an amount, with 32 bits behind the point.
fn part(rate: I96F32, amount: u64) -> u128 {
    let rate = u128::try_from(rate.bits).unwrap_or(0);
    u128::try_from(U256::from(rate) * U256::from(amount)).unwrap_or(u128::MAX)
}

/// At most `count` numbers below `below`, drawn from a hash as the chain draws them: each step adds eight bytes of it.
fn drawn(hash: &[u8], count: u64, below: u64) -> BTreeSet<u64> {
    let word = |at: usize| {
        let bytes = hash.get(at..at + 8).and_then(|bytes| bytes.try_into().ok()).unwrap_or_default();
        u64::from_be_bytes(bytes)
    };
    let mut last = word(0);
    let steps = (0..count).filter_map(|step| {
        let at = usize::try_from(step * 8 % 32).unwrap_or(0);
        last = last.saturating_add(word(at)).checked_rem(below)?;
        Some(last)
    });
    steps.collect()
}
