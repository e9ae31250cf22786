//! What a trade comes to.

use frame_support::ensure;

use crate::{
    Config, Error, FeeRate, MINIMUM_RESERVE, Pallet, SwapBalancer,
    balancer::{Balancer, Price, Reserves},
};

/// The most that is taken in, as a multiple of what the pool holds of it.
const MOST_INPUT: u64 = 1_000;

/// A wish to trade, in rao.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Buy alpha for this much TAO.
    Buy(u64),
    /// Sell this much alpha for TAO.
    Sell(u64),
}

/// What came of it, in rao.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swapped {
    /// What the pool took, the fee aside.
    pub paid_in: u64,
    /// What the pool gave.
    pub paid_out: u64,
    /// What was paid beside it. It is of the same coin as what was paid in.
    pub fee: u64,
}

impl<T: Config> Pallet<T> {
    /// What a pool would make of an order, as far as its price does not pass `limit`.
    pub fn quote(
        netuid: u16,
        reserves: Reserves,
        order: Order,
        limit: Price,
        drop_fees: bool,
    ) -> Result<Swapped, Error<T>> {
        let curve = SwapBalancer::<T>::get(netuid);
        let fee_rate = if drop_fees { 0 } else { FeeRate::<T>::get(netuid) };
        let (amount, takes, pays) = match order {
            Order::Buy(tao) => (tao, reserves.tao, reserves.alpha),
            Order::Sell(alpha) => (alpha, reserves.alpha, reserves.tao),
        };
        let fee = Self::fee(netuid, amount, drop_fees);
        let wanted = amount.saturating_sub(fee);
        ensure!(wanted <= takes.saturating_mul(MOST_INPUT), Error::SwapInputTooLarge);
        ensure!(pays >= MINIMUM_RESERVE, Error::ReservesTooLow);
        let price = curve.price(reserves);
        ensure!(within(order, price, limit) && price != limit, Error::PriceLimitExceeded);

        let ends_at = price_after(curve, reserves, order, wanted);
        let swapped = if within(order, ends_at, limit) {
            Swapped { paid_in: wanted, paid_out: paid_out(curve, reserves, order, wanted), fee }
        } else {
            let paid_in = match order {
                Order::Buy(_) => curve.tao_until(limit, reserves),
                Order::Sell(_) => curve.alpha_until(limit, reserves),
            };
            let paid_in = paid_in.min(wanted);
            Swapped { paid_in, paid_out: paid_out(curve, reserves, order, paid_in), fee: fee_beside(paid_in, fee_rate) }
        };
        ensure!(swapped.paid_in == 0 || swapped.paid_out > 0, Error::ReservesTooLow);
        ensure!(swapped.paid_out <= pays, Error::InsufficientLiquidity);
        Ok(swapped)
    }

    /// The fee out of an amount.
    pub fn fee(netuid: u16, amount: u64, drop_fees: bool) -> u64 {
        if drop_fees {
            return 0;
        }
        let rate = (u128::from(FeeRate::<T>::get(netuid)) << 64) / u128::from(u16::MAX);
        u64::try_from((sp_core::U256::from(rate) * sp_core::U256::from(amount)) >> 64).unwrap_or(u64::MAX)
    }
}

/// Whether a price is on the near side of an order's limit, or at it.
fn within(order: Order, price: Price, limit: Price) -> bool {
    match order {
        Order::Buy(_) => price <= limit,
        Order::Sell(_) => price >= limit,
    }
}

fn paid_out(curve: Balancer, reserves: Reserves, order: Order, paid_in: u64) -> u64 {
    match order {
        Order::Buy(_) => curve.alpha_for(paid_in, reserves),
        Order::Sell(_) => curve.tao_for(paid_in, reserves),
    }
}

fn price_after(curve: Balancer, reserves: Reserves, order: Order, paid_in: u64) -> Price {
    let paid_out = paid_out(curve, reserves, order, paid_in);
    let Reserves { tao, alpha } = reserves;
    curve.price(match order {
        Order::Buy(_) => Reserves { tao: tao.saturating_add(paid_in), alpha: alpha.saturating_sub(paid_out) },
        Order::Sell(_) => Reserves { tao: tao.saturating_sub(paid_out), alpha: alpha.saturating_add(paid_in) },
    })
}

/// The fee that belongs to an amount which it is not part of.
fn fee_beside(amount: u64, rate: u16) -> u64 {
    let factor = (u128::from(rate) << 64) / u128::from((u16::MAX - rate).max(1));
    u64::try_from((sp_core::U256::from(factor) * sp_core::U256::from(amount)) >> 64).unwrap_or(u64::MAX)
}
