//! What alpha costs.

use codec::{Decode, Encode};
use scale_info::TypeInfo;

use crate::*;

/// A subnet's price.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct SubnetPrice {
    /// Which subnet.
    pub netuid: u16,
    /// Rao of TAO per alpha.
    pub price: u64,
}

/// What a trade would come to, in rao; all zero where the trade is impossible.
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
    /// Rao of TAO per alpha.
    pub fn alpha_price_rao(_netuid: u16) -> u64 {
        1_000_000_000
    }

    /// Every network's price, root's too.
    pub fn current_alpha_price_all() -> Vec<SubnetPrice> {
        let price = |netuid| SubnetPrice { netuid, price: Self::alpha_price_rao(netuid) };
        Self::netuids().into_iter().map(price).collect()
    }

    /// What TAO would buy.
    pub fn sim_swap_tao_for_alpha(netuid: u16, tao: u64) -> SimSwapResult {
        Self::sim_swap(netuid, tao)
    }

    /// What alpha would sell for.
    pub fn sim_swap_alpha_for_tao(netuid: u16, alpha: u64) -> SimSwapResult {
        Self::sim_swap(netuid, alpha)
    }

    fn sim_swap(netuid: u16, amount: u64) -> SimSwapResult {
        if !NetworksAdded::<T>::get(netuid) {
            return SimSwapResult::default();
        }
        SimSwapResult { tao_amount: amount, alpha_amount: amount, ..SimSwapResult::default() }
    }

    /// What it costs to move `amount` of stake from one place to another: the fee of the destination, or of the
    /// origin where the stake leaves for good.
    pub fn get_stake_fee(
        _origin: Option<(T::AccountId, u16)>,
        _destination: Option<(T::AccountId, u16)>,
        _amount: u64,
    ) -> u64 {
        0
    }
}
