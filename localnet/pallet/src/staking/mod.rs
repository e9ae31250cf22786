//! Stake: alpha on a hotkey, shared between the coldkeys that put it there.

mod add;
mod burn;
mod remove;
mod shares;
mod shift;
mod trade;

pub(crate) use shift::PriceLimit;

/// The least worth of stake in one call, in rao of TAO.
pub(crate) const MIN_STAKE: u64 = 2_000_000;
