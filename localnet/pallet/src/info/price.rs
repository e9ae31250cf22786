//! What alpha costs.

use codec::{Decode, Encode};
use pallet_subtensor_swap::Pallet as Swap;
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

    /// The fee for moving `amount` of stake: where it ends, or where it began if it leaves for good. Nothing where it
    /// stays or there is no pool.
    pub fn get_stake_fee(
        origin: Option<(T::AccountId, u16)>,
        destination: Option<(T::AccountId, u16)>,
        amount: u64,
    ) -> u64 {
        let netuid = destination.as_ref().or(origin.as_ref()).map_or(ROOT, |(_, netuid)| *netuid);
        if origin == destination || Self::is_stable(netuid) { 0 } else { Swap::<T>::fee(netuid, amount, false) }
    }
}
