//! Timelocked rows: encrypted to a round of the randomness beacon, revealed by the chain when that round is known.

use codec::Decode;
use frame_support::{BoundedVec, ensure, pallet_prelude::DispatchResult, traits::ConstU32};
use sp_runtime::traits::{BlakeTwo256, Hash};

use super::MAX_UNREVEALED_COMMITS;
use crate::*;

/// A row as it is encrypted. The hotkey keeps others from committing it as theirs.
#[derive(Decode)]
struct WeightsTlockPayload {
    hotkey: Vec<u8>,
    row: LegacyWeightsTlockPayload,
}

/// The same before it named its sender; still revealed.
#[derive(Decode)]
struct LegacyWeightsTlockPayload {
    uids: Vec<u16>,
    values: Vec<u16>,
    version_key: u64,
}

impl<T: Config> Pallet<T> {
    pub(crate) fn do_commit_timelocked_weights(
        hotkey: T::AccountId,
        netuid: u16,
        mecid: u8,
        commit: BoundedVec<u8, ConstU32<MAX_COMMIT_BYTES>>,
        reveal_round: u64,
        commit_reveal_version: u16,
    ) -> DispatchResult {
        Self::check_timelocked(&hotkey, netuid, reveal_round)?;
        ensure!(Self::mechanism_exists(netuid, mecid), Error::<T>::MechanismDoesNotExist);
        ensure!(CommitRevealWeightsEnabled::<T>::get(netuid), Error::<T>::CommitRevealDisabled);
        let version = CommitRevealWeightsVersion::<T>::get();
        ensure!(commit_reveal_version == version, Error::<T>::IncorrectCommitRevealVersion);
        let uid = Uids::<T>::get(netuid, &hotkey).ok_or(Error::<T>::HotKeyNotRegisteredInSubNet)?;
        ensure!(Self::has_waited_for_weights(netuid, mecid, uid), Error::<T>::CommittingWeightsTooFast);

        let index = Self::storage_index(netuid, mecid);
        let epoch = Self::current_epoch_with_lookahead(netuid);
        let mut commits = TimelockedWeightCommits::<T>::get(index, epoch);
        let waiting = commits.iter().filter(|(who, ..)| *who == hotkey).count();
        ensure!(waiting < MAX_UNREVEALED_COMMITS, Error::<T>::TooManyUnrevealedCommits);
        let (block, hash) = (Self::current_block(), BlakeTwo256::hash(&commit));
        commits.push_back((hotkey.clone(), block, commit, reveal_round));
        TimelockedWeightCommits::<T>::insert(index, epoch, commits);
        Self::deposit_event(Event::TimelockedWeightsCommitted(hotkey, index, hash, reveal_round));
        Self::set_last_update(netuid, mecid, uid, block);
        Ok(())
    }

    /// At each block, before epochs run: reveal what was committed `RevealPeriodEpochs` epochs ago. A commit whose
    /// round is not known yet is tried again at each block of this epoch; what is older is dropped.
    pub(crate) fn reveal_timelocked_commits() {
        for netuid in Self::subnets() {
            let epoch = Self::current_epoch_with_lookahead(netuid);
            let period = RevealPeriodEpochs::<T>::get(netuid);
            let due = epoch.saturating_sub(period);
            for mecid in 0..MechanismCountCurrent::<T>::get(netuid) {
                let index = Self::storage_index(netuid, mecid);
                let waiting: Vec<u64> = TimelockedWeightCommits::<T>::iter_key_prefix(index).collect();
                for expired in waiting.iter().filter(|epoch| **epoch < due) {
                    TimelockedWeightCommits::<T>::remove(index, expired);
                }
                if epoch >= period && waiting.contains(&due) {
                    Self::reveal_timelocked_queue(netuid, mecid, due);
                }
            }
        }
    }

    /// Reveal in the order of commits, so that a hotkey's last one stays. Whatever is wrong with a commit, it is
    /// dropped without a word, as on the chain.
    fn reveal_timelocked_queue(netuid: u16, mecid: u8, epoch: u64) {
        let index = Self::storage_index(netuid, mecid);
        let mut commits = TimelockedWeightCommits::<T>::get(index, epoch);
        let before = commits.len();
        commits.retain(|(hotkey, _, commit, round)| {
            let Some(signature) = T::Drand::signature(*round) else { return true };
            if let Some(row) = T::Drand::decrypt(commit, &signature).and_then(|bytes| row_of::<T>(hotkey, &bytes))
                && Self::store_row(hotkey, netuid, mecid, row.uids, row.values, row.version_key).is_ok()
            {
                Self::deposit_event(Event::TimelockedWeightsRevealed(index, hotkey.clone()));
            }
            false
        });
        if commits.is_empty() {
            TimelockedWeightCommits::<T>::remove(index, epoch);
        } else if commits.len() < before {
            TimelockedWeightCommits::<T>::insert(index, epoch, commits);
        }
    }
}

/// The row in a decrypted commit, if it is the hotkey's own or names nobody.
fn row_of<T: Config>(hotkey: &T::AccountId, bytes: &[u8]) -> Option<LegacyWeightsTlockPayload> {
    if let Ok(payload) = WeightsTlockPayload::decode(&mut &bytes[..])
        && let Ok(sender) = T::AccountId::decode(&mut &payload.hotkey[..])
    {
        return (sender == *hotkey).then_some(payload.row);
    }
    LegacyWeightsTlockPayload::decode(&mut &bytes[..]).ok()
}
