//! Transactions that wait for a block.

use std::collections::HashSet;

use node_subtensor_runtime::{Executive, UncheckedExtrinsic};
use parking_lot::Mutex;
use sp_core::H256;
use sp_runtime::{
    traits::{BlakeTwo256, Hash},
    transaction_validity::{TransactionSource, TransactionValidityError, ValidTransaction},
};
use tokio::sync::{Notify, mpsc};

use crate::{blocks::Blocks, chain::Chain, config::Limits, executor};

/// How deeply calls may be nested in calls. FRAME's own limit is for a stack that is larger than a thread's.
pub(crate) const MAX_DEPTH: u32 = 32;

/// What becomes of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Ready,
    Future,
    InBlock(H256),
    Retracted(H256),
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
pub enum Rejected {
    /// The bytes can't be decoded.
    #[error("not a transaction of this chain: {0}")]
    Format(String),
    /// The runtime refuses it.
    #[error("invalid: {0:?}")]
    Invalid(TransactionValidityError),
    /// It was sent before.
    #[error("waits already")]
    Known(H256),
    /// Another one of the same number waits.
    #[error("priority too low to replace the one that waits")]
    Priority {
        /// The priority of the one that waits.
        old: u64,
        /// The priority of this one.
        new: u64,
    },
    /// Too many wait.
    #[error("the pool is full")]
    Full,
    /// It made the runtime panic: a bug of ours.
    #[error(transparent)]
    Panicked(#[from] executor::Panicked),
}

/// How often a transaction is looked at again because a block came in between.
const MAX_LOOKS: usize = 8;

#[derive(Default)]
pub(crate) struct Pool {
    waiting: Mutex<Waiting>,
    /// Told when a transaction waits that a block can take.
    pub ready: Notify,
}

#[derive(Default)]
struct Waiting {
    transactions: Vec<Pooled>,
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
        for look in 1.. {
            let extrinsic = decode(&bytes)?;
            let (best, state) = chain.best_state();
            let source = TransactionSource::External;
            let valid = executor::read(&state, || Executive::validate_transaction(source, extrinsic, best))?
                .map_err(Rejected::Invalid)?;
            let mut waiting = self.waiting.lock();
            // What it waits for may have come with a block meanwhile.
            if look < MAX_LOOKS && chain.blocks(Blocks::best).0 != best {
                continue;
            }
            waiting.submitted += 1;
            let ready = valid.requires.is_empty();
            let pooled = Pooled { hash, bytes, valid, order: waiting.submitted, watcher };
            waiting.take_in(pooled, &chain.limits)?;
            if ready {
                self.ready.notify_one();
            }
            break;
        }
        Ok(hash)
    }

    /// Whether a transaction waits that a block can take.
    pub fn has_ready(&self) -> bool {
        self.waiting.lock().transactions.iter().any(|pooled| pooled.valid.requires.is_empty())
    }

    /// These are in a block: what waits for them waits no longer.
    pub fn provided(&self, included: &[Pooled]) {
        let tags: HashSet<&[u8]> =
            included.iter().flat_map(|pooled| pooled.valid.provides.iter().map(Vec::as_slice)).collect();
        for pooled in &mut self.waiting.lock().transactions {
            if pooled.valid.requires.is_empty() {
                continue;
            }
            pooled.valid.requires.retain(|tag| !tags.contains(tag.as_slice()));
            if pooled.valid.requires.is_empty() {
                pooled.tell(Status::Ready);
                self.ready.notify_one();
            }
        }
    }

    /// Everything that waits, in the order in which a block should try it. It waits no longer.
    pub fn take(&self) -> Vec<Pooled> {
        let mut waiting = self.waiting.lock();
        waiting.bytes = 0;
        let mut transactions = std::mem::take(&mut waiting.transactions);
        transactions.sort_by_key(|pooled| (std::cmp::Reverse(pooled.valid.priority), pooled.order));
        transactions
    }

    /// Back to waiting, unless a newcomer took the place meanwhile.
    pub fn put_back(&self, unused: Vec<Pooled>) {
        if unused.is_empty() {
            return;
        }
        let mut waiting = self.waiting.lock();
        let taken: HashSet<Vec<u8>> =
            waiting.transactions.iter().flat_map(|pooled| pooled.valid.provides.iter().cloned()).collect();
        for pooled in unused {
            if pooled.valid.provides.iter().any(|tag| taken.contains(tag)) {
                pooled.tell(Status::Dropped);
            } else {
                waiting.bytes += pooled.bytes.len();
                waiting.transactions.push(pooled);
            }
        }
    }

    /// Nothing waits any more.
    pub fn clear(&self) {
        for pooled in self.take() {
            pooled.tell(Status::Dropped);
        }
    }

    /// Whether a waiting transaction provides a tag.
    pub fn provides(&self, tag: &[u8]) -> bool {
        let waiting = self.waiting.lock();
        waiting.transactions.iter().any(|pooled| pooled.valid.provides.iter().any(|other| other == tag))
    }

    /// The bytes of everything that waits.
    pub fn pending(&self) -> Vec<Vec<u8>> {
        self.waiting.lock().transactions.iter().map(|pooled| pooled.bytes.clone()).collect()
    }
}

impl Waiting {
    fn take_in(&mut self, pooled: Pooled, limits: &Limits) -> Result<(), Rejected> {
        if self.transactions.iter().any(|other| other.hash == pooled.hash) {
            return Err(Rejected::Known(pooled.hash));
        }
        let same = |other: &Pooled| other.valid.provides.iter().any(|tag| pooled.valid.provides.contains(tag));
        match self.transactions.iter().position(same) {
            Some(at) if self.transactions[at].valid.priority >= pooled.valid.priority => {
                let old = self.transactions[at].valid.priority;
                return Err(Rejected::Priority { old, new: pooled.valid.priority });
            }
            Some(at) => {
                let old = self.transactions.remove(at);
                self.bytes -= old.bytes.len();
                old.tell(Status::Usurped(pooled.hash));
            }
            None => {
                let bytes = self.bytes + pooled.bytes.len();
                if self.transactions.len() >= limits.pool_transactions || bytes > limits.pool_bytes {
                    return Err(Rejected::Full);
                }
            }
        }
        self.bytes += pooled.bytes.len();
        pooled.tell(if pooled.valid.requires.is_empty() { Status::Ready } else { Status::Future });
        self.transactions.push(pooled);
        Ok(())
    }
}
