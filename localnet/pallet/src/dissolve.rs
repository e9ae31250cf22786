//! The end of a network: its TAO goes to who holds its alpha, and all that was stored of it goes.

use frame_support::{ensure, pallet_prelude::DispatchResult};
use pallet_alpha_assets::Pallet as AlphaAssets;
use pallet_subtensor_swap::Pallet as Swap;

use crate::*;

/// No subnet has more mechanisms.
const MOST_MECHANISMS: u8 = 16;

/// Take an entry out of each of these maps.
macro_rules! remove {
    ($runtime:ident, $key:ident: $($map:ident),*) => {$($map::<$runtime>::remove($key);)*};
}

/// Take all entries under a first key out of each of these maps.
macro_rules! clear {
    ($runtime:ident, $key:ident: $($map:ident),*) => {$(let _ = $map::<$runtime>::clear_prefix($key, u32::MAX, None);)*};
}

/// Take all entries under a second key out of each of these maps.
macro_rules! keys_of {
    ($runtime:ident, $second:ident: $($map:ident),*) => {$(
        let keys: Vec<_> = $map::<$runtime>::iter_keys().filter(|key| key.1 == $second).collect();
        for (first, second) in keys {
            $map::<$runtime>::remove(first, second);
        }
    )*};
}
impl<T: Config> Pallet<T> {
    pub(crate) fn do_dissolve_network(netuid: u16) -> DispatchResult {
        ensure!(netuid != ROOT && NetworksAdded::<T>::get(netuid), Error::<T>::SubnetNotExists);
        Self::forget_root_claims(netuid);
        Self::pay_out_alpha(netuid);
        Self::recycle_rest_of_pool(netuid);
        Self::forget_network(netuid);
        Self::deposit_event(Event::NetworkRemoved(netuid));
        Ok(())
    }

    /// The pool's TAO to the coldkeys, by their alpha. The chain's own alpha has its part, which nobody gets.
    fn pay_out_alpha(netuid: u16) {
        let hotkeys: Vec<T::AccountId> =
            TotalHotkeyAlpha::<T>::iter_keys().filter(|key| key.1 == netuid).map(|key| key.0).collect();
        let mut holders: Vec<(T::AccountId, u128)> = Vec::new();
        for hotkey in &hotkeys {
            for coldkey in Self::coldkeys_on(hotkey, netuid) {
                let alpha = Self::stake_of(hotkey, &coldkey, netuid);
                holders.push((coldkey, alpha.into()));
            }
            Self::clear_stake(hotkey, netuid);
        }
        // What is in the pool counts too, but for networks of block 0.
        let pooled = if NetworkRegisteredAt::<T>::get(netuid) > 0 { SubnetAlphaIn::<T>::get(netuid) } else { 0 };
        let protocol = u128::from(pooled) + u128::from(SubnetProtocolAlpha::<T>::get(netuid));
        let total = holders.iter().fold(protocol, |sum, holder| sum + holder.1);
        let pot = u128::from(SubnetTAO::<T>::get(netuid));
        for (coldkey, tao) in portions(pot, total, holders) {
            // A part too small for a new account stays, and is recycled with the rest.
            let _ = Self::tao_from_subnet(netuid, &coldkey, tao);
        }
    }

    fn recycle_rest_of_pool(netuid: u16) {
        Self::remove_pool_tao(netuid, SubnetTAO::<T>::get(netuid));
        Self::recycle_tao(&Self::subnet_account(netuid), u64::MAX);
        AlphaAssets::<T>::forget(netuid);
        Swap::<T>::forget(netuid);
        UnassignedAlpha::<T>::remove(netuid);
    }

    fn forget_network(netuid: u16) {
        TotalNetworks::<T>::mutate(|count| *count = count.saturating_sub(1));
        for (_, hotkey) in Keys::<T>::iter_prefix(netuid) {
            IsNetworkMember::<T>::remove(hotkey, netuid);
        }
        for mecid in 0..MOST_MECHANISMS {
            let index = Self::storage_index(netuid, mecid);
            remove!(T, index: Incentive, LastUpdate);
            clear!(T, index: Weights, Bonds, WeightCommits, TimelockedWeightCommits);
        }
        clear!(T, netuid: Uids, Keys, BlockAtRegistration, Axons, NeuronCertificates, Prometheus, PendingChildKeys,
            AlphaDividendsPerSubnet, RootAlphaDividendsPerSubnet, LastHotkeySwapOnNetuid);
        remove!(T, netuid: NetworksAdded, NetworkRegisteredAt, SubnetOwner, SubnetOwnerHotkey, SubnetLocked,
            LargestLocked, SubtokenEnabled, TokenSymbol, SubnetIdentitiesV3, SubnetworkN);
        remove!(T, netuid: SubnetTAO, SubnetAlphaIn, SubnetAlphaOut, SubnetProtocolAlpha, SubnetVolume,
            SubnetMovingPrice, EMAPriceHalvingBlocks, SubnetTaoFlow, SubnetEmaTaoFlow, SubnetProtocolFlow,
            SubnetEmaProtocolFlow, SubnetMechanism, TransferToggle);
        remove!(T, netuid: SubnetAlphaInEmission, SubnetAlphaOutEmission, SubnetTaoInEmission, SubnetExcessTao,
            SubnetRootSellTao, SubnetEmissionEnabled, PendingServerEmission, PendingValidatorEmission,
            PendingRootAlphaDivs, PendingOwnerCut, MinerBurned, RecycleOrBurn, OwnerCutEnabled,
            FirstEmissionBlockNumber, RootProp, RootClaimableThreshold);
        remove!(T, netuid: Tempo, LastEpochBlock, PendingEpochAt, SubnetEpochIndex, BlocksSinceLastStep,
            LastMechansimStepBlock, MechanismCountCurrent, MechanismEmissionSplit);
        remove!(T, netuid: Active, StakeWeight, Consensus, Dividends, Emission, ValidatorTrust, ValidatorPermit);
        remove!(T, netuid: NetworkRegistrationAllowed, NetworkPowRegistrationAllowed, RegistrationsThisBlock,
            RegistrationsThisInterval, POWRegistrationsThisInterval, BurnRegistrationsThisInterval,
            MaxRegistrationsPerBlock, TargetRegistrationsPerInterval, AdjustmentInterval, AdjustmentAlpha,
            LastAdjustmentBlock, Burn, MinBurn, MaxBurn, BurnHalfLife, BurnIncreaseMult,
            RAORecycledForRegistration, Difficulty, MinDifficulty, MaxDifficulty);
        remove!(T, netuid: ActivityCutoffFactorMilli, ActivityCutoff, ImmunityPeriod, MinAllowedWeights,
            MaxWeightsLimit, MaxAllowedUids, MinAllowedUids, MaxAllowedValidators, MinNonImmuneUids,
            ImmuneOwnerUidsLimit, WeightsVersionKey, WeightsSetRateLimit, ServingRateLimit,
            CommitRevealWeightsEnabled, RevealPeriodEpochs, Rho, Kappa, BondsMovingAverage, BondsPenalty,
            BondsResetOn, Yuma3On, LiquidAlphaOn, AlphaValues, AlphaSigmoidSteepness, ValidatorPruneLen,
            ScalingLawPower, MinChildkeyTakePerSubnet);
        Self::forget_accounts_of_network(netuid);
    }

    /// Of maps that begin with an account.
    fn forget_accounts_of_network(netuid: u16) {
        keys_of!(T, netuid: TotalHotkeyAlphaLastEpoch, LastHotkeyEmissionOnNetuid, AutoStakeDestination,
            AutoStakeDestinationColdkeys, ChildkeyTake, ChildKeys, ParentKeys);
        let limits: Vec<RateLimitKey<T::AccountId>> = LastRateLimitedBlock::<T>::iter_keys()
            .filter(|key| match key {
                RateLimitKey::SetSNOwnerHotkey(of)
                | RateLimitKey::OwnerHyperparamUpdate(of, _)
                | RateLimitKey::AddStakeBurn(of) => *of == netuid,
                _ => false,
            })
            .collect();
        for key in limits {
            LastRateLimitedBlock::<T>::remove(key);
        }
        let sent: Vec<_> = TransactionKeyLastBlock::<T>::iter_keys().filter(|key| key.1 == netuid).collect();
        for key in sent {
            TransactionKeyLastBlock::<T>::remove(key);
        }
    }
}

/// What each holder gets of a pot: its part rounded down, and one rao more where rounding took most.
fn portions<A>(pot: u128, total: u128, holders: Vec<(A, u128)>) -> Vec<(A, u64)> {
    if total == 0 {
        return Vec::new();
    }
    let mut portions: Vec<(A, u128, u128)> = holders
        .into_iter()
        .map(|(holder, alpha)| {
            // Both are below 2^64.
            let product = pot.saturating_mul(alpha);
            (holder, product / total, product % total)
        })
        .collect();
    let left = portions.iter().fold(0u128, |sum, portion| sum.saturating_add(portion.2)) / total;
    portions.sort_by_key(|portion| core::cmp::Reverse(portion.2));
    for portion in portions.iter_mut().take(usize::try_from(left).unwrap_or(usize::MAX)) {
        portion.1 += 1;
    }
    portions.into_iter().map(|(holder, tao, _)| (holder, u64::try_from(tao).unwrap_or(u64::MAX))).collect()
}

#[cfg(test)]
mod tests {
    use super::portions;

    #[test]
    fn what_rounding_took_goes_to_who_lost_most() {
        assert_eq!(portions(100, 3, vec![("a", 1), ("b", 2)]), [("b", 67), ("a", 33)]);
        assert_eq!(portions(10, 4, vec![("a", 1), ("b", 1)]), [("a", 3), ("b", 2)]);
        assert_eq!(portions(10, 0, Vec::<((), u128)>::new()), []);
    }
}
