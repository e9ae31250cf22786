//! Rows of weights: set in the open, or committed first and revealed an epoch or more later.

pub(crate) mod batch;
pub(crate) mod commit;
pub(crate) mod reveal;
pub(crate) mod set;
pub(crate) mod timelocked;

use std::collections::VecDeque;

use frame_support::{traits::Get, weights::Weight};
use sp_core::H256;

use crate::*;

/// A hotkey's hashes, each with its epoch, its block and a number that is not used.
type Commits = VecDeque<(H256, u64, u64, u64)>;

/// Commits of one hotkey that may wait at a time: of hashes in all, of timelocked rows in one epoch.
const MAX_UNREVEALED_COMMITS: usize = 10;

/// What a row may cost. The chain declares for every row what it measured for one of 4,096 entries; here each entry
/// costs its part of that, or a block would hold two dozen rows.
pub(crate) fn row_weight<T: Config>(entries: usize) -> Weight {
    let entries = u64::try_from(entries).unwrap_or(u64::MAX);
    Weight::from_parts((16_897_861_000 / 4_096u64).saturating_mul(entries), 0)
        .saturating_add(T::DbWeight::get().reads_writes(entries.saturating_add(16), 2))
}

/// What commits may cost: the chain's figure for a timelocked one, for each.
pub(crate) fn commit_weight<T: Config>(commits: usize) -> Weight {
    (Weight::from_parts(84_020_000, 0).saturating_add(T::DbWeight::get().reads_writes(9, 2)))
        .saturating_mul(u64::try_from(commits).unwrap_or(u64::MAX))
}

impl<T: Config> Pallet<T> {
    /// The seat of the subnet owner's hotkey: it needs neither stake nor permit, and may weigh itself.
    pub fn owner_uid(netuid: u16) -> Option<u16> {
        SubnetOwnerHotkey::<T>::try_get(netuid).ok().and_then(|hotkey| Uids::<T>::get(netuid, hotkey))
    }

    /// Whether a hotkey has the stake that weights need.
    pub fn has_stake_for_weights(hotkey: &T::AccountId, netuid: u16) -> bool {
        let owner = Self::owner_uid(netuid);
        (owner.is_some() && Uids::<T>::get(netuid, hotkey) == owner)
            || Self::stake_weight(hotkey, netuid).0 >= StakeThreshold::<T>::get()
    }

    /// Whether a validator's last row of a mechanism is old enough for a new one. Never where the mechanism does not
    /// exist.
    pub fn has_waited_for_weights(netuid: u16, mecid: u8, uid: u16) -> bool {
        let last = Self::last_updates(netuid, mecid).get(usize::from(uid)).copied().unwrap_or(0);
        Self::mechanism_exists(netuid, mecid)
            && (last == 0 || Self::current_block().saturating_sub(last) >= WeightsSetRateLimit::<T>::get(netuid))
    }

    /// The block of each seat's last row, or last commit while rows are committed. A mechanism that is new starts with
    /// zeros.
    pub(crate) fn last_updates(netuid: u16, mecid: u8) -> Vec<u64> {
        let mut blocks = LastUpdate::<T>::get(Self::storage_index(netuid, mecid));
        let seats = usize::from(SubnetworkN::<T>::get(netuid));
        if blocks.len() < seats {
            blocks.resize(seats, 0);
        }
        blocks
    }

    /// Note that a seat set or committed a row.
    pub(crate) fn set_last_update(netuid: u16, mecid: u8, uid: u16, block: u64) {
        let mut blocks = Self::last_updates(netuid, mecid);
        if let Some(last) = blocks.get_mut(usize::from(uid)) {
            *last = block;
            LastUpdate::<T>::insert(Self::storage_index(netuid, mecid), blocks);
        }
    }

    /// Whether now is the one epoch in which a commit may be revealed.
    pub(crate) fn is_reveal_epoch(netuid: u16, committed_in: u64) -> bool {
        Self::current_epoch_with_lookahead(netuid) == committed_in.saturating_add(RevealPeriodEpochs::<T>::get(netuid))
    }

    /// Whether the epoch in which a commit could be revealed is over.
    pub(crate) fn is_commit_expired(netuid: u16, committed_in: u64) -> bool {
        Self::current_epoch_with_lookahead(netuid) > committed_in.saturating_add(RevealPeriodEpochs::<T>::get(netuid))
    }

    /// Drop hashes at the front of a queue that nobody can reveal any more.
    fn drop_expired(netuid: u16, commits: &mut Commits) {
        while commits.front().is_some_and(|(_, epoch, ..)| Self::is_commit_expired(netuid, *epoch)) {
            commits.pop_front();
        }
    }
}
