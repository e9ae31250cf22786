//! A subnet's pool: what it holds, what it charges, and the moving average of its price.
//!
//! Root and subnets of mechanism 0 have no pool: there one TAO is one alpha, always, and free of charge.

use codec::{Decode, Encode};
use frame_support::pallet_prelude::DispatchError;
use pallet_subtensor_swap::{Order, Pallet as Swap, Reserves, Swapped};
use scale_info::TypeInfo;

use crate::*;

/// No sale goes below this price: rao of TAO per alpha.
pub(crate) const MIN_PRICE: u64 = 1_000;
/// No purchase goes beyond this price: rao of TAO per alpha.
pub(crate) const MAX_PRICE: u64 = 1_000_000_000_000_000;

const RAO_PER_TAO: u64 = 1_000_000_000;

/// What a trade would come to, as the chain's runtime API tells it. In rao; all zero where the trade is impossible.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct SimSwapResult {
    /// TAO paid without the fee, or got.
    pub tao_amount: u64,
    /// Alpha got, or paid without the fee.
    pub alpha_amount: u64,
    /// The fee of a purchase.
    pub tao_fee: u64,
    /// The fee of a sale.
    pub alpha_fee: u64,
    /// TAO that a sale at the present price would bring beyond this.
    pub tao_slippage: u64,
    /// Alpha that a purchase at the present price would bring beyond this.
    pub alpha_slippage: u64,
}

impl<T: Config> Pallet<T> {
    /// TAO per alpha. 0 where a pool has no alpha.
    pub fn alpha_price(netuid: u16) -> U64F64 {
        if Self::is_stable(netuid) {
            return U64F64::ONE;
        }
        U64F64 { bits: Swap::<T>::price(netuid, Self::reserves(netuid)) }
    }

    /// Rao of TAO per alpha.
    pub fn alpha_price_rao(netuid: u16) -> u64 {
        Self::alpha_price(netuid).mul_int(RAO_PER_TAO)
    }

    /// What TAO would buy.
    pub fn sim_swap_tao_for_alpha(netuid: u16, tao: u64) -> SimSwapResult {
        let Ok(swapped) = Self::simulate(netuid, Order::Buy(tao)) else { return SimSwapResult::default() };
        let at_price = U64F64::from_int(tao).over(Self::alpha_price(netuid)).floor();
        SimSwapResult {
            tao_amount: swapped.paid_in,
            alpha_amount: swapped.paid_out,
            tao_fee: swapped.fee,
            alpha_slippage: at_price.saturating_sub(swapped.paid_out),
            ..SimSwapResult::default()
        }
    }

    /// What alpha would sell for.
    pub fn sim_swap_alpha_for_tao(netuid: u16, alpha: u64) -> SimSwapResult {
        let Ok(swapped) = Self::simulate(netuid, Order::Sell(alpha)) else { return SimSwapResult::default() };
        let at_price = Self::alpha_price(netuid).mul_int(alpha);
        SimSwapResult {
            tao_amount: swapped.paid_out,
            alpha_amount: swapped.paid_in,
            alpha_fee: swapped.fee,
            tao_slippage: at_price.saturating_sub(swapped.paid_out),
            ..SimSwapResult::default()
        }
    }

    /// The average of a subnet's price over time, by which it shares in the emission.
    pub fn moving_price(netuid: u16) -> U64F64 {
        if Self::is_stable(netuid) { U64F64::ONE } else { SubnetMovingPrice::<T>::get(netuid).into() }
    }

    /// Whether one TAO is one alpha, always.
    pub(crate) fn is_stable(netuid: u16) -> bool {
        SubnetMechanism::<T>::get(netuid) != 1
    }

    pub(crate) fn reserves(netuid: u16) -> Reserves {
        Reserves { tao: SubnetTAO::<T>::get(netuid), alpha: SubnetAlphaIn::<T>::get(netuid) }
    }

    /// What an order would come to at any price.
    pub(crate) fn simulate(netuid: u16, order: Order) -> Result<Swapped, DispatchError> {
        if Self::is_stable(netuid) && !NetworksAdded::<T>::get(netuid) {
            return Ok(Swapped::default());
        }
        let limit = match order {
            Order::Buy(_) => MAX_PRICE,
            Order::Sell(_) => MIN_PRICE,
        };
        Self::quote(netuid, order, limit, false)
    }

    /// What an order would come to, as far as the price does not pass `limit`, in rao of TAO per alpha.
    pub(crate) fn quote(netuid: u16, order: Order, limit: u64, drop_fees: bool) -> Result<Swapped, DispatchError> {
        if Self::is_stable(netuid) {
            let (Order::Buy(amount) | Order::Sell(amount)) = order;
            return Ok(Swapped { paid_in: amount, paid_out: amount, fee: 0 });
        }
        let limit = U64F64::ratio(limit.into(), RAO_PER_TAO.into()).bits;
        Ok(Swap::<T>::quote(netuid, Self::reserves(netuid), order, limit, drop_fees)?)
    }

    /// Buy alpha out of the pool. The TAO lies in the subnet's account already.
    pub(crate) fn swap_tao_for_alpha(
        netuid: u16,
        tao: u64,
        limit: u64,
        drop_fees: bool,
    ) -> Result<Swapped, DispatchError> {
        let swapped = Self::quote(netuid, Order::Buy(tao), limit, drop_fees)?;
        if !Self::is_stable(netuid) {
            Swap::<T>::initialise(netuid);
            SubnetAlphaIn::<T>::mutate(netuid, |alpha| *alpha = alpha.saturating_sub(swapped.paid_out));
        }
        SubnetAlphaOut::<T>::mutate(netuid, |alpha| *alpha = alpha.saturating_add(swapped.paid_out));
        Self::add_pool_tao(netuid, swapped.paid_in);
        Self::note_volume(netuid, tao);
        Ok(swapped)
    }

    /// Sell alpha to the pool. The TAO is still to be taken out of the subnet's account.
    pub(crate) fn swap_alpha_for_tao(
        netuid: u16,
        alpha: u64,
        limit: u64,
        drop_fees: bool,
    ) -> Result<Swapped, DispatchError> {
        let swapped = Self::quote(netuid, Order::Sell(alpha), limit, drop_fees)?;
        if !Self::is_stable(netuid) {
            Swap::<T>::initialise(netuid);
            SubnetAlphaIn::<T>::mutate(netuid, |alpha| *alpha = alpha.saturating_add(swapped.paid_in));
        }
        SubnetAlphaOut::<T>::mutate(netuid, |alpha| *alpha = alpha.saturating_sub(swapped.paid_in));
        Self::remove_pool_tao(netuid, swapped.paid_out);
        Self::note_volume(netuid, swapped.paid_out);
        Ok(swapped)
    }

    pub(crate) fn add_pool_tao(netuid: u16, tao: u64) {
        SubnetTAO::<T>::mutate(netuid, |total| *total = total.saturating_add(tao));
        TotalStake::<T>::mutate(|total| *total = total.saturating_add(tao));
    }

    pub(crate) fn remove_pool_tao(netuid: u16, tao: u64) {
        SubnetTAO::<T>::mutate(netuid, |total| *total = total.saturating_sub(tao));
        TotalStake::<T>::mutate(|total| *total = total.saturating_sub(tao));
    }

    fn note_volume(netuid: u16, tao: u64) {
        SubnetVolume::<T>::mutate(netuid, |total| *total = total.saturating_add(tao.into()));
    }

    /// TAO that stakers brought (above 0) or took.
    pub(crate) fn note_tao_flow(netuid: u16, tao: i64) {
        SubnetTaoFlow::<T>::mutate(netuid, |flow| *flow = flow.saturating_add(tao));
    }

    /// TAO that the chain itself brought (above 0) or took.
    pub(crate) fn note_protocol_flow(netuid: u16, tao: i64) {
        SubnetProtocolFlow::<T>::mutate(netuid, |flow| *flow = flow.saturating_add(tao));
    }

    /// A block's step of the average: slow at first, so that the price of a new subnet counts little.
    pub(crate) fn update_moving_price(netuid: u16) {
        let started = FirstEmissionBlockNumber::<T>::get(netuid).unwrap_or_default().saturating_sub(1);
        let age = u128::from(Self::current_block().saturating_sub(started));
        let halving = u128::from(EMAPriceHalvingBlocks::<T>::get(netuid));
        let speed = U64F64::from(SubnetMovingAlpha::<T>::get()).times(U64F64::ratio(age, age.saturating_add(halving)));
        // What an alpha costs beyond one TAO does not count.
        let price = Self::alpha_price(netuid).min(U64F64::ONE);
        let kept = U64F64::ONE.minus(speed).times(Self::moving_price(netuid));
        SubnetMovingPrice::<T>::insert(netuid, I96F32::from(speed.times(price).plus(kept)));
    }

    /// The price of the subnet in the middle, by price: what the alpha of a new one costs. 1 where there is none.
    pub(crate) fn median_alpha_price() -> U64F64 {
        let mut prices: Vec<U64F64> =
            Self::subnets().into_iter().map(Self::alpha_price).filter(|price| *price > U64F64::ZERO).collect();
        prices.sort_unstable();
        let Some(last) = prices.len().checked_sub(1) else { return U64F64::ONE };
        let (lower, upper) = (prices[last / 2], prices[prices.len() / 2]);
        if prices.len() % 2 == 1 { upper } else { lower.plus(upper).over(U64F64::from_int(2)) }
    }
}

/// A rao amount as a flow.
pub(crate) fn flow(tao: u64) -> i64 {
    i64::try_from(tao).unwrap_or(i64::MAX)
}

impl<T: Config> pallet_subtensor_swap::SubnetInfo for Pallet<T> {
    fn exists(netuid: u16) -> bool {
        NetworksAdded::<T>::get(netuid)
    }
}
