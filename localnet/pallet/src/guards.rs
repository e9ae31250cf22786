//! What is refused before a call runs. Calls about weights and axons are free, so the chain checks them when they are
//! offered; a client sees `InvalidTransaction::Custom` with one of these numbers and not the error by name. The same
//! checks stand before a call that is nested in another one, which then fails by name.
//!
//! For this reason nobody ever sees some errors that the chain has: a reveal that matches no commit has no commit
//! (16 or `NoWeightsCommitFound`), and one that comes too late comes outside its epoch (17 or `RevealTooEarly`).

use codec::Compact;
use frame_support::ensure;
use sp_core::H256;
use sp_runtime::transaction_validity::{InvalidTransaction, TransactionValidityError};

use crate::*;

/// The chain's number for a refusal before inclusion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum Refusal {
    StakeAmountTooLow = 1,
    BalanceTooLow = 2,
    SubnetNotExists = 3,
    HotkeyAccountDoesntExist = 4,
    NotEnoughStakeToWithdraw = 5,
    RateLimitExceeded = 6,
    InsufficientLiquidity = 7,
    SlippageTooHigh = 8,
    TransferDisallowed = 9,
    HotKeyNotRegisteredInNetwork = 10,
    InvalidIpAddress = 11,
    ServingRateLimitExceeded = 12,
    InvalidPort = 13,
    InvalidRevealRound = 15,
    CommitNotFound = 16,
    CommitBlockNotInRevealRange = 17,
    InputLengthsUnequal = 18,
    UidNotFound = 19,
    BadRequest = 255,
}

impl<T> From<Error<T>> for Refusal {
    fn from(error: Error<T>) -> Self {
        match error {
            Error::AmountTooLow | Error::NotEnoughStakeToSetWeights => Self::StakeAmountTooLow,
            Error::NotEnoughBalanceToStake => Self::BalanceTooLow,
            Error::SubnetNotExists => Self::SubnetNotExists,
            Error::HotKeyAccountNotExists => Self::HotkeyAccountDoesntExist,
            Error::NotEnoughStakeToWithdraw => Self::NotEnoughStakeToWithdraw,
            Error::CommittingWeightsTooFast | Error::SettingWeightsTooFast | Error::NetworkTxRateLimitExceeded => {
                Self::RateLimitExceeded
            }
            Error::InsufficientLiquidity => Self::InsufficientLiquidity,
            Error::SlippageTooHigh => Self::SlippageTooHigh,
            Error::TransferDisallowed => Self::TransferDisallowed,
            Error::HotKeyNotRegisteredInNetwork => Self::HotKeyNotRegisteredInNetwork,
            Error::InvalidIpAddress => Self::InvalidIpAddress,
            Error::ServingRateLimitExceeded => Self::ServingRateLimitExceeded,
            Error::InvalidPort => Self::InvalidPort,
            Error::InvalidRevealRound => Self::InvalidRevealRound,
            Error::NoWeightsCommitFound => Self::CommitNotFound,
            Error::RevealTooEarly => Self::CommitBlockNotInRevealRange,
            Error::InputLengthsUnequal => Self::InputLengthsUnequal,
            Error::HotKeyNotRegisteredInSubNet => Self::UidNotFound,
            _ => Self::BadRequest,
        }
    }
}

impl From<Refusal> for TransactionValidityError {
    fn from(refusal: Refusal) -> Self {
        InvalidTransaction::Custom(refusal as u8).into()
    }
}

impl<T: Config> Pallet<T> {
    /// Refuse a signed call before it enters a block.
    pub fn check_before_dispatch(who: &T::AccountId, call: &Call<T>) -> Result<(), Refusal> {
        Self::check_weights(who, call)?;
        match call {
            Call::register_network { .. } => {
                ensure!(Self::may_register_network(), Error::<T>::NetworkTxRateLimitExceeded);
            }
            Call::serve_axon { netuid, ip, port, ip_type, .. }
            | Call::serve_axon_tls { netuid, ip, port, ip_type, .. } => {
                let axon = AxonInfo { ip: *ip, port: *port, ip_type: *ip_type, ..AxonInfo::default() };
                Self::validate_serve_axon(who, *netuid, &axon)?;
            }
            Call::serve_prometheus { netuid, ip, port, ip_type, .. } => {
                let prometheus =
                    PrometheusInfo { ip: *ip, port: *port, ip_type: *ip_type, ..PrometheusInfo::default() };
                Self::validate_serve_prometheus(who, *netuid, &prometheus)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn check_weights(who: &T::AccountId, call: &Call<T>) -> Result<(), Error<T>> {
        match call {
            Call::set_weights { netuid, .. } => Self::check_set(who, *netuid, 0),
            Call::set_mechanism_weights { netuid, mecid, .. } => Self::check_set(who, *netuid, *mecid),
            Call::batch_set_weights { netuids, weights, version_keys } => {
                Self::check_batch(who, netuids, &[weights.len(), version_keys.len()])
            }
            Call::commit_weights { netuid, .. } => Self::check_commit(who, *netuid, 0),
            Call::commit_mechanism_weights { netuid, mecid, .. } => Self::check_commit(who, *netuid, *mecid),
            Call::batch_commit_weights { netuids, commit_hashes } => {
                Self::check_batch(who, netuids, &[commit_hashes.len()])
            }
            Call::commit_timelocked_weights { netuid, reveal_round, .. }
            | Call::commit_timelocked_mechanism_weights { netuid, reveal_round, .. }
            | Call::commit_crv3_mechanism_weights { netuid, reveal_round, .. } => {
                Self::check_timelocked(who, *netuid, *reveal_round)
            }
            Call::reveal_weights { netuid, uids, values, salt, version_key } => {
                let hash = Self::get_commit_hash(who, *netuid, uids, values, salt, *version_key);
                Self::check_reveal(who, *netuid, *netuid, &[hash])
            }
            Call::reveal_mechanism_weights { netuid, mecid, uids, values, salt, version_key } => {
                let index = Self::storage_index(*netuid, *mecid);
                let hash = Self::get_commit_hash(who, index, uids, values, salt, *version_key);
                Self::check_reveal(who, *netuid, index, &[hash])
            }
            Call::batch_reveal_weights { netuid, uids_list, values_list, salts_list, version_keys } => {
                let hashes = Self::commit_hashes(who, *netuid, uids_list, values_list, salts_list, version_keys)?;
                Self::check_reveal(who, *netuid, *netuid, &hashes)
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn check_set(who: &T::AccountId, netuid: u16, mecid: u8) -> Result<(), Error<T>> {
        Self::check_stake(who, netuid)?;
        // While rows are committed, the limit is on commits.
        let waited = CommitRevealWeightsEnabled::<T>::get(netuid) || Self::is_not_too_fast(who, netuid, mecid);
        ensure!(waited, Error::SettingWeightsTooFast);
        Ok(())
    }

    pub(crate) fn check_commit(who: &T::AccountId, netuid: u16, mecid: u8) -> Result<(), Error<T>> {
        Self::check_stake(who, netuid)?;
        ensure!(Self::is_not_too_fast(who, netuid, mecid), Error::CommittingWeightsTooFast);
        Ok(())
    }

    pub(crate) fn check_timelocked(who: &T::AccountId, netuid: u16, round: u64) -> Result<(), Error<T>> {
        Self::check_stake(who, netuid)?;
        ensure!(round >= T::Drand::last_round(), Error::InvalidRevealRound);
        Ok(())
    }

    /// Every hash must be committed, and now be its epoch.
    pub(crate) fn check_reveal(who: &T::AccountId, netuid: u16, index: u16, hashes: &[H256]) -> Result<(), Error<T>> {
        Self::check_stake(who, netuid)?;
        let commits = WeightCommits::<T>::get(index, who).ok_or(Error::NoWeightsCommitFound)?;
        for hash in hashes {
            let (_, epoch, ..) = commits.iter().find(|(other, ..)| other == hash).ok_or(Error::NoWeightsCommitFound)?;
            ensure!(Self::is_reveal_epoch(netuid, *epoch), Error::RevealTooEarly);
        }
        Ok(())
    }

    pub(crate) fn check_batch(who: &T::AccountId, netuids: &[Compact<u16>], lengths: &[usize]) -> Result<(), Error<T>> {
        ensure!(lengths.iter().all(|length| *length == netuids.len()), Error::InputLengthsUnequal);
        netuids.iter().try_for_each(|netuid| Self::check_stake(who, netuid.0))
    }

    fn check_stake(who: &T::AccountId, netuid: u16) -> Result<(), Error<T>> {
        ensure!(Self::has_stake_for_weights(who, netuid), Error::NotEnoughStakeToSetWeights);
        Ok(())
    }

    /// Who has no seat is refused by name at dispatch.
    fn is_not_too_fast(who: &T::AccountId, netuid: u16, mecid: u8) -> bool {
        Uids::<T>::get(netuid, who).is_none_or(|uid| Self::has_waited_for_weights(netuid, mecid, uid))
    }
}
