//! Transactions that wait for a block.

use std::collections::HashSet;

use node_subtensor_runtime::{Executive, UncheckedExtrinsic};
use parking_lot::Mutex;
use sp_core::H256;
use sp_runtime::{
    traits::{BlakeTwo256, Hash},
    transaction_validity::{TransactionSource, TransactionValidityError, ValidTransaction},
};
use tokio::sync::mpsc;

use crate::{chain::Chain, executor};

/// How deeply calls may be nested in calls. FRAME's own limit is for a stack that is larger than a thread's.
pub(crate) const MAX_DEPTH: u32 = 32;

/// What becomes of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Ready,
    Future,
    InBlock(H256),
    Finalized(H256),
    Usurped(H256),
    Invalid,
    Dropped,
}

/// A transaction that waits.
pub(crate) struct Pooled {
    pub hash: H256,
    pub bytes: Vec<u8>,
    pub valid: ValidTransaction,
    order: u64,
    watcher: Option<mpsc::UnboundedSender<Status>>,
}

/// Why a transaction may not wait.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Rejected {
    #[error("not a transaction of this chain: {0}")]
    Format(String),
    #[error("invalid: {0:?}")]
    Invalid(TransactionValidityError),
    #[error("waits already")]
    Known(H256),
    #[error("priority too low to replace the one that waits")]
    Priority,
    #[error("the pool is full")]
    Full,
    #[error(transparent)]
    Panicked(#[from] executor::Panicked),
}

#[derive(Default)]
pub(crate) struct Pool(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    waiting: Vec<Pooled>,
    bytes: usize,
    submitted: u64,
}

impl Pooled {
    /// Tell the watcher, if there still is one.
    pub fn tell(&self, status: Status) {
        if let Some(watcher) = &self.watcher {
            let _gone = watcher.send(status);
        }
    }
}

/// Decode a transaction that a stranger sent.
pub(crate) fn decode(bytes: &[u8]) -> Result<UncheckedExtrinsic, Rejected> {
    codec::DecodeLimit::decode_all_with_depth_limit(MAX_DEPTH, &mut &bytes[..])
        .map_err(|error: codec::Error| Rejected::Format(error.to_string()))
}

impl Pool {
    /// Take a transaction in, if the best state accepts it.
    pub fn submit(
        &self,
        chain: &Chain,
        bytes: Vec<u8>,
        watcher: Option<mpsc::UnboundedSender<Status>>,
    ) -> Result<H256, Rejected> {
        let hash = BlakeTwo256::hash(&bytes);
        let extrinsic = decode(&bytes)?;
        let (best, state) = chain.best_state();
        let valid =
            executor::read(&state, || Executive::validate_transaction(TransactionSource::External, extrinsic, best))?
                .map_err(Rejected::Invalid)?;

        let mut inner = self.0.lock();
        if inner.waiting.iter().any(|other| other.hash == hash) {
            return Err(Rejected::Known(hash));
        }
        let same = |other: &Pooled| other.valid.provides.iter().any(|tag| valid.provides.contains(tag));
        let replaced = inner.waiting.iter().position(same);
        if replaced.is_some_and(|at| inner.waiting[at].valid.priority >= valid.priority) {
            return Err(Rejected::Priority);
        }
        let limits = &chain.limits;
        if replaced.is_none()
            && (inner.waiting.len() >= limits.pool_transactions || inner.bytes + bytes.len() > limits.pool_bytes)
        {
            return Err(Rejected::Full);
        }
        if let Some(at) = replaced {
            let old = inner.waiting.remove(at);
            inner.bytes -= old.bytes.len();
            old.tell(Status::Usurped(hash));
        }
        inner.submitted += 1;
        inner.bytes += bytes.len();
        let ready = valid.requires.is_empty();
        let pooled = Pooled { hash, bytes, valid, order: inner.submitted, watcher };
        pooled.tell(if ready { Status::Ready } else { Status::Future });
        inner.waiting.push(pooled);
        Ok(hash)
    }

    /// Everything that waits, in the order in which a block should try it. It waits no longer.
    pub fn take(&self) -> Vec<Pooled> {
        let mut inner = self.0.lock();
        inner.bytes = 0;
        let mut waiting = std::mem::take(&mut inner.waiting);
        waiting.sort_by_key(|pooled| (std::cmp::Reverse(pooled.valid.priority), pooled.order));
        waiting
    }

    /// Back to waiting, unless a newcomer took the place meanwhile.
    pub fn put_back(&self, unused: Vec<Pooled>) {
        let mut inner = self.0.lock();
        let taken: HashSet<Vec<u8>> =
            inner.waiting.iter().flat_map(|pooled| pooled.valid.provides.iter().cloned()).collect();
        for pooled in unused {
            if pooled.valid.provides.iter().any(|tag| taken.contains(tag)) {
                pooled.tell(Status::Dropped);
            } else {
                inner.bytes += pooled.bytes.len();
                inner.waiting.push(pooled);
            }
        }
    }

    /// Whether a waiting transaction provides a tag.
    pub fn provides(&self, tag: &[u8]) -> bool {
        self.0.lock().waiting.iter().any(|pooled| pooled.valid.provides.iter().any(|other| other == tag))
    }

    /// The bytes of everything that waits.
    pub fn pending(&self) -> Vec<Vec<u8>> {
        self.0.lock().waiting.iter().map(|pooled| pooled.bytes.clone()).collect()
    }
}
