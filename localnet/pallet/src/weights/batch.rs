//! Rows and commits for several subnets in one call. Each stands for itself: the call succeeds, and its events tell
//! which items did not.

use codec::Compact;
use frame_support::pallet_prelude::DispatchResult;
use sp_core::H256;
use sp_runtime::DispatchError;

use crate::*;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_batch_set_weights(
        hotkey: T::AccountId,
        netuids: Vec<Compact<u16>>,
        weights: Vec<Vec<(Compact<u16>, Compact<u16>)>>,
        version_keys: Vec<Compact<u64>>,
    ) -> DispatchResult {
        Self::check_batch(&hotkey, &netuids, &[weights.len(), version_keys.len()])?;
        let mut failed = Vec::new();
        for ((netuid, row), version_key) in netuids.iter().zip(weights).zip(version_keys) {
            let result = if CommitRevealWeightsEnabled::<T>::get(netuid.0) {
                Err(Error::<T>::CommitRevealEnabled.into())
            } else {
                let (uids, values) = row.into_iter().map(|(uid, value)| (uid.0, value.0)).unzip();
                Self::store_row(&hotkey, netuid.0, 0, uids, values, version_key.0)
            };
            failed.extend(result.err().map(|error| (netuid.0, error)));
        }
        Self::report_batch(hotkey, netuids, failed);
        Ok(())
    }

    pub(crate) fn do_batch_commit_weights(
        hotkey: T::AccountId,
        netuids: Vec<Compact<u16>>,
        commit_hashes: Vec<H256>,
    ) -> DispatchResult {
        Self::check_batch(&hotkey, &netuids, &[commit_hashes.len()])?;
        let mut failed = Vec::new();
        for (netuid, hash) in netuids.iter().zip(commit_hashes) {
            let result = Self::commit_hash(&hotkey, netuid.0, 0, hash);
            failed.extend(result.err().map(|error| (netuid.0, error)));
        }
        Self::report_batch(hotkey, netuids, failed);
        Ok(())
    }

    fn report_batch(hotkey: T::AccountId, netuids: Vec<Compact<u16>>, failed: Vec<(u16, DispatchError)>) {
        if !failed.is_empty() {
            Self::deposit_event(Event::BatchCompletedWithErrors());
        }
        for (netuid, error) in failed {
            Self::deposit_event(Event::BatchWeightItemFailed(netuid, error));
        }
        Self::deposit_event(Event::BatchWeightsCompleted(netuids, hotkey));
    }
}
