//! Hashes of rows: committed now, revealed by their sender in one later epoch.

use frame_support::{ensure, pallet_prelude::DispatchResult};
use sp_core::H256;
use sp_runtime::traits::{BlakeTwo256, Hash};

use super::MAX_UNREVEALED_COMMITS;
use crate::*;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_commit_weights(hotkey: T::AccountId, netuid: u16, mecid: u8, hash: H256) -> DispatchResult {
        Self::check_commit(&hotkey, netuid, mecid)?;
        Self::commit_hash(&hotkey, netuid, mecid, hash)
    }

    /// Put a hash at the end of the hotkey's queue. Those that nobody can reveal any more make room.
    pub(crate) fn commit_hash(hotkey: &T::AccountId, netuid: u16, mecid: u8, hash: H256) -> DispatchResult {
        ensure!(Self::mechanism_exists(netuid, mecid), Error::<T>::MechanismDoesNotExist);
        ensure!(CommitRevealWeightsEnabled::<T>::get(netuid), Error::<T>::CommitRevealDisabled);
        let uid = Uids::<T>::get(netuid, hotkey).ok_or(Error::<T>::HotKeyNotRegisteredInSubNet)?;
        ensure!(Self::has_waited_for_weights(netuid, mecid, uid), Error::<T>::CommittingWeightsTooFast);

        let index = Self::storage_index(netuid, mecid);
        let mut commits = WeightCommits::<T>::get(index, hotkey).unwrap_or_default();
        Self::drop_expired(netuid, &mut commits);
        ensure!(commits.len() < MAX_UNREVEALED_COMMITS, Error::<T>::TooManyUnrevealedCommits);
        let block = Self::current_block();
        // The last number is not used any more.
        commits.push_back((hash, Self::current_epoch_with_lookahead(netuid), block, 0));
        WeightCommits::<T>::insert(index, hotkey, commits);
        Self::deposit_event(Event::WeightsCommitted(hotkey.clone(), index, hash));
        Self::set_last_update(netuid, mecid, uid, block);
        Ok(())
    }

    /// What is committed of a row.
    pub fn get_commit_hash(
        hotkey: &T::AccountId,
        index: u16,
        uids: &[u16],
        values: &[u16],
        salt: &[u16],
        version_key: u64,
    ) -> H256 {
        BlakeTwo256::hash_of(&(hotkey, index, uids, values, salt, version_key))
    }
}
