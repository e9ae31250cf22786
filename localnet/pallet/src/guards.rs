//! What is refused before it enters a block. Calls about weights and axons are free, so the chain checks them when
//! they are offered; a client sees `InvalidTransaction::Custom` with one of these numbers and not the error by name.

use sp_runtime::transaction_validity::{InvalidTransaction, TransactionValidityError};

use crate::*;

/// The chain's number for a refusal before inclusion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum Refusal {
    StakeAmountTooLow = 1,
    RateLimitExceeded = 6,
    HotKeyNotRegisteredInNetwork = 10,
    InvalidIpAddress = 11,
    ServingRateLimitExceeded = 12,
    InvalidPort = 13,
    BadRequest = 255,
}

impl From<Refusal> for TransactionValidityError {
    fn from(refusal: Refusal) -> Self {
        InvalidTransaction::Custom(refusal as u8).into()
    }
}

impl<T: Config> Pallet<T> {
    /// Refuse a signed call before it enters a block.
    pub fn check_before_dispatch(who: &T::AccountId, call: &Call<T>) -> Result<(), Refusal> {
        match call {
            Call::set_weights { netuid, .. } => Self::check_weights(who, *netuid, 0),
            Call::set_mechanism_weights { netuid, mecid, .. } => Self::check_weights(who, *netuid, *mecid),
            Call::register_network { .. } if !Self::may_register_network() => Err(Refusal::RateLimitExceeded),
            Call::serve_axon { netuid, ip, port, ip_type, .. }
            | Call::serve_axon_tls { netuid, ip, port, ip_type, .. } => {
                let axon = AxonInfo { ip: *ip, port: *port, ip_type: *ip_type, ..AxonInfo::default() };
                Self::validate_serve_axon(who, *netuid, &axon).map_err(|error| match error {
                    Error::HotKeyNotRegisteredInNetwork => Refusal::HotKeyNotRegisteredInNetwork,
                    Error::InvalidIpAddress => Refusal::InvalidIpAddress,
                    Error::ServingRateLimitExceeded => Refusal::ServingRateLimitExceeded,
                    Error::InvalidPort => Refusal::InvalidPort,
                    _ => Refusal::BadRequest,
                })
            }
            _ => Ok(()),
        }
    }

    fn check_weights(who: &T::AccountId, netuid: u16, mecid: u8) -> Result<(), Refusal> {
        if !Self::has_stake_for_weights(who, netuid) {
            return Err(Refusal::StakeAmountTooLow);
        }
        // While rows are committed, the limit is on commits. Who has no seat is refused by name at dispatch.
        let index = Self::storage_index(netuid, mecid);
        match Uids::<T>::get(netuid, who) {
            Some(uid)
                if !CommitRevealWeightsEnabled::<T>::get(netuid)
                    && !Self::has_waited_for_weights(netuid, index, uid) =>
            {
                Err(Refusal::RateLimitExceeded)
            }
            _ => Ok(()),
        }
    }
}
