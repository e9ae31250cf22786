//! Committed rows, revealed by who committed them.

use frame_support::{ensure, pallet_prelude::DispatchResult};
use sp_core::H256;

use super::Commits;
use crate::*;

impl<T: Config> Pallet<T> {
    /// Reveal one row. Commits before it are dropped: they are older than what now stands.
    pub(crate) fn do_reveal_weights(
        hotkey: T::AccountId,
        netuid: u16,
        mecid: u8,
        uids: Vec<u16>,
        values: Vec<u16>,
        salt: Vec<u16>,
        version_key: u64,
    ) -> DispatchResult {
        let index = Self::storage_index(netuid, mecid);
        let hash = Self::get_commit_hash(&hotkey, index, &uids, &values, &salt, version_key);
        Self::check_reveal(&hotkey, netuid, index, &[hash])?;
        let mut commits = Self::commits_to_reveal(&hotkey, netuid, index)?;
        let at = position(&commits, hash).ok_or(Error::<T>::InvalidRevealCommitHashNotMatch)?;
        commits.drain(..=at);
        Self::keep_commits(&hotkey, index, commits);
        Self::store_row(&hotkey, netuid, mecid, uids, values, version_key)?;
        Self::deposit_event(Event::WeightsRevealed(hotkey, index, hash));
        Ok(())
    }

    /// Reveal rows of the main mechanism, all or none; the last one stays. Other commits wait on.
    pub(crate) fn do_batch_reveal_weights(
        hotkey: T::AccountId,
        netuid: u16,
        uids_list: Vec<Vec<u16>>,
        values_list: Vec<Vec<u16>>,
        salts_list: Vec<Vec<u16>>,
        version_keys: Vec<u64>,
    ) -> DispatchResult {
        let hashes = Self::commit_hashes(&hotkey, netuid, &uids_list, &values_list, &salts_list, &version_keys)?;
        Self::check_reveal(&hotkey, netuid, netuid, &hashes)?;
        let mut commits = Self::commits_to_reveal(&hotkey, netuid, netuid)?;
        for (((uids, values), version_key), hash) in
            uids_list.into_iter().zip(values_list).zip(version_keys).zip(&hashes)
        {
            let at = position(&commits, *hash).ok_or(Error::<T>::InvalidRevealCommitHashNotMatch)?;
            commits.remove(at);
            Self::store_row(&hotkey, netuid, 0, uids, values, version_key)?;
        }
        Self::keep_commits(&hotkey, netuid, commits);
        Self::deposit_event(Event::WeightsBatchRevealed(hotkey, netuid, hashes));
        Ok(())
    }

    /// What was committed of each row.
    pub(crate) fn commit_hashes(
        hotkey: &T::AccountId,
        index: u16,
        uids_list: &[Vec<u16>],
        values_list: &[Vec<u16>],
        salts_list: &[Vec<u16>],
        version_keys: &[u64],
    ) -> Result<Vec<H256>, Error<T>> {
        let lengths = [values_list.len(), salts_list.len(), version_keys.len()];
        ensure!(lengths.iter().all(|length| *length == uids_list.len()), Error::InputLengthsUnequal);
        let rows = uids_list.iter().zip(values_list).zip(salts_list.iter().zip(version_keys));
        Ok(rows
            .map(|((uids, values), (salt, key))| Self::get_commit_hash(hotkey, index, uids, values, salt, *key))
            .collect())
    }

    /// The hotkey's commits without those at the front that are too old to be revealed.
    fn commits_to_reveal(hotkey: &T::AccountId, netuid: u16, index: u16) -> Result<Commits, Error<T>> {
        ensure!(NetworksAdded::<T>::get(netuid), Error::SubnetNotExists);
        ensure!(CommitRevealWeightsEnabled::<T>::get(netuid), Error::CommitRevealDisabled);
        let mut commits = WeightCommits::<T>::get(index, hotkey).ok_or(Error::NoWeightsCommitFound)?;
        Self::drop_expired(netuid, &mut commits);
        Ok(commits)
    }

    fn keep_commits(hotkey: &T::AccountId, index: u16, commits: Commits) {
        WeightCommits::<T>::set(index, hotkey, Some(commits).filter(|commits| !commits.is_empty()));
    }
}

fn position(commits: &Commits, hash: H256) -> Option<usize> {
    commits.iter().position(|(other, ..)| *other == hash)
}
