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

impl<T: Config> Pallet<T> {
    /// Every network's price, root's too.
    pub fn current_alpha_price_all() -> Vec<SubnetPrice> {
        let price = |netuid| SubnetPrice { netuid, price: Self::alpha_price_rao(netuid) };
        Self::netuids().into_iter().map(price).collect()
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
