//! What each block issues: TAO shared between the subnets by price, and alpha in each of them.

use pallet_subtensor_swap::{Order, Pallet as Swap, Reserves};
use scoring::emission::{self, SplitInput};

use crate::{
    pool::{MAX_PRICE, flow},
    *,
};

/// What one subnet gets in a block.
struct Terms {
    /// TAO into the pool, beside `alpha_in`.
    tao_in: u64,
    /// New alpha into the pool.
    alpha_in: u64,
    /// TAO that buys alpha, for nobody.
    excess_tao: u64,
    /// New alpha for who works, stakes and owns.
    alpha_out: u64,
}

impl<T: Config> Pallet<T> {
    /// Issue a block's TAO and alpha. What waits for an epoch is put aside.
    pub(crate) fn emit(running: &[u16]) {
        let _ = SubnetRootSellTao::<T>::clear(u32::MAX, None);
        let tao = Self::block_emission();
        if BlockEmission::<T>::get() != tao {
            BlockEmission::<T>::put(tao);
        }
        let prices = running.iter().fold(U64F64::ZERO, |sum, netuid| sum.plus(Self::moving_price(*netuid)));
        // Alpha of the stakers of root is worth selling only where the prices add up to more than one TAO.
        let root_sells = prices > U64F64::ONE;
        for (netuid, share) in Self::emission_shares(running) {
            let tao = U64F64::from_int(tao).times(share).into();
            let terms = Self::terms(netuid, tao);
            Self::buy_with_excess(netuid, terms.excess_tao);
            Self::add_liquidity(netuid, terms.tao_in, terms.alpha_in);
            Self::issue_alpha_out(netuid, terms.alpha_out, root_sells);
        }
    }

    /// The subnets that emit: started, and open for registration.
    pub(crate) fn subnets_to_emit_to(subnets: &[u16]) -> Vec<u16> {
        let emits = |netuid: &u16| {
            FirstEmissionBlockNumber::<T>::get(netuid).is_some()
                && SubtokenEnabled::<T>::get(netuid)
                && NetworkRegistrationAllowed::<T>::get(netuid)
        };
        subnets.iter().copied().filter(emits).collect()
    }

    /// TAO per block at the present issuance.
    pub(crate) fn block_emission() -> u64 {
        emission::block_emission(TotalIssuance::<T>::get())
    }

    /// The part of a subnet's dividends that belongs to who stakes on root.
    pub(crate) fn root_proportion(netuid: u16) -> U96F32 {
        U96F32 { bits: emission::root_proportion(&Self::split_input(netuid, 0)) }
    }

    /// Each subnet's part of the TAO: by the average of its price, less as much of it as its miners were not paid.
    fn emission_shares(running: &[u16]) -> Vec<(u16, U64F64)> {
        let worth = |netuid: u16| {
            if !SubnetEmissionEnabled::<T>::get(netuid) {
                return U64F64::ZERO;
            }
            let withheld = U64F64::from(MinerBurned::<T>::get(netuid));
            Self::moving_price(netuid).times(U64F64::ONE.minus(withheld))
        };
        let worths: Vec<(u16, U64F64)> = running.iter().map(|netuid| (*netuid, worth(*netuid))).collect();
        let total = worths.iter().fold(U64F64::ZERO, |sum, entry| sum.plus(entry.1));
        worths.into_iter().map(|(netuid, worth)| (netuid, worth.over(total))).collect()
    }

    /// Liquidity is added at the pool's price, but no more alpha than root's part of the alpha issued: the TAO beyond
    /// buys alpha. So an old subnet, where root's part is small, gets purchases instead of liquidity.
    fn terms(netuid: u16, tao: U96F32) -> Terms {
        let alpha_out = emission::block_emission(Self::alpha_issuance(netuid));
        let price = U96F32::from(Self::alpha_price(netuid));
        let most = Self::root_proportion(netuid).times(U96F32::from_int(alpha_out));
        let wanted = tao.over(price);
        let (tao_in, alpha_in) = if wanted > most { (most.times(price), most) } else { (tao, wanted) };
        Terms { tao_in: tao_in.floor(), alpha_in: alpha_in.floor(), excess_tao: tao.minus(tao_in).floor(), alpha_out }
    }

    fn buy_with_excess(netuid: u16, tao: u64) {
        SubnetExcessTao::<T>::insert(netuid, 0);
        // A pool too small to trade with gets nothing: the TAO is not issued.
        let Ok(quote) = Self::quote(netuid, Order::Buy(tao), MAX_PRICE, true) else { return };
        let issued = Self::issue_tao(&Self::subnet_account(netuid), quote.paid_in);
        if issued == 0 {
            return;
        }
        // The same trade as just quoted, but at the end of the supply.
        if let Ok(bought) = Self::swap_tao_for_alpha(netuid, issued, MAX_PRICE, true) {
            SubnetProtocolAlpha::<T>::mutate(netuid, |total| *total = total.saturating_add(bought.paid_out));
            SubnetExcessTao::<T>::insert(netuid, bought.paid_in);
            Self::note_protocol_flow(netuid, flow(bought.paid_in));
        }
    }

    fn add_liquidity(netuid: u16, tao: u64, alpha: u64) {
        let added = Reserves { tao, alpha };
        let fits = Swap::<T>::add_liquidity_at_price(netuid, Self::reserves(netuid), added);
        let tao = if fits { Self::issue_tao(&Self::subnet_account(netuid), tao) } else { 0 };
        let alpha = if fits { alpha } else { 0 };
        SubnetTaoInEmission::<T>::insert(netuid, tao);
        SubnetAlphaInEmission::<T>::insert(netuid, alpha);
        Self::add_pool_tao(netuid, tao);
        Self::mint_alpha_in(netuid, alpha);
        Self::note_protocol_flow(netuid, flow(tao));
    }

    /// One block's alpha, split and put aside for the epoch.
    fn issue_alpha_out(netuid: u16, alpha: u64, root_sells: bool) {
        SubnetAlphaOutEmission::<T>::insert(netuid, alpha);
        Self::mint_alpha_out(netuid, alpha);
        let split = emission::split(&Self::split_input(netuid, alpha));
        PendingOwnerCut::<T>::mutate(netuid, |total| *total = total.saturating_add(split.owner_cut));
        PendingServerEmission::<T>::mutate(netuid, |total| *total = total.saturating_add(split.server));
        PendingValidatorEmission::<T>::mutate(netuid, |total| *total = total.saturating_add(split.validator));
        if root_sells {
            PendingRootAlphaDivs::<T>::mutate(netuid, |total| *total = total.saturating_add(split.root));
        } else {
            Self::recycle_alpha_out(netuid, split.root);
        }
        Self::leave_alpha(netuid, split.rounding(alpha));
    }

    fn split_input(netuid: u16, alpha_out: u64) -> SplitInput {
        SplitInput {
            alpha_out,
            owner_cut: OwnerCutEnabled::<T>::get(netuid).then(SubnetOwnerCut::<T>::get),
            root_tao: SubnetTAO::<T>::get(ROOT),
            tao_weight: TaoWeight::<T>::get(),
            alpha_issuance: Self::alpha_issuance(netuid),
        }
    }
}
