//! The chain: blocks, states and pool together, and who listens.

use std::{
    collections::HashSet,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use codec::{Decode, DecodeLimit, Encode};
use node_subtensor_runtime::{AccountId, Header, Nonce, RuntimeCall, System, UncheckedExtrinsic, api};
use parking_lot::{Mutex, RwLock};
use sp_core::{H256, storage::Storage};
use sp_runtime::{
    traits::{BlakeTwo256, Hash, Header as _},
    transaction_validity::TransactionSource,
};
use sp_state_machine::InMemoryBackend;
use tokio::sync::broadcast;

use crate::{
    beacon::{Beacon, PulseWriter},
    blocks::{Blocks, Body, NoState},
    config::Limits,
    executor::{self, Panicked},
    pool::{MAX_DEPTH, Pool},
    state::{NodeStore, Obsolete, STATE_VERSION, State},
};

/// Told to whoever listens when a block exists.
#[derive(Clone)]
pub(crate) struct Imported {
    pub hash: H256,
    pub header: Header,
    /// The storage keys that the block changed.
    pub changed: Arc<HashSet<Vec<u8>>>,
}

/// One chain.
pub(crate) struct Chain {
    pub limits: Limits,
    pub pool: Pool,
    /// Adds the beacon's pulses to blocks.
    pub pulses: PulseWriter,
    /// Held while a block is made.
    pub authoring: Mutex<()>,
    /// The clock's reading at block 0, in milliseconds since 1970.
    pub started_ms: u64,
    nodes: NodeStore,
    blocks: RwLock<Blocks>,
    imported: broadcast::Sender<Imported>,
}

/// Why a call of the runtime gave nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    #[error(transparent)]
    NoState(#[from] NoState),
    #[error("Execution failed: {0}")]
    Panicked(#[from] Panicked),
    #[error("Exported method {0} is not found")]
    NoMethod(String),
    #[error("Execution failed: arguments of {method}: {reason}")]
    Arguments { method: String, reason: codec::Error },
}

impl Chain {
    /// A chain of block 0.
    pub fn new(genesis: Storage, limits: Limits, beacon: Beacon) -> Self {
        let memory: InMemoryBackend<BlakeTwo256> = (genesis, STATE_VERSION).into();
        let root = *memory.root();
        let nodes = NodeStore::default();
        nodes.apply(memory.into_storage());
        let no_transactions = BlakeTwo256::ordered_trie_root(Vec::new(), sp_core::storage::StateVersion::V0);
        let header = Header::new(0, no_transactions, root, H256::zero(), Default::default());
        // Before 1970 the clock starts at 0.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            limits,
            pool: Pool::default(),
            pulses: PulseWriter::new(beacon),
            authoring: Mutex::new(()),
            started_ms: u64::try_from(now.as_millis()).unwrap_or(u64::MAX),
            nodes,
            blocks: RwLock::new(Blocks::new(header, limits.kept_blocks)),
            imported: broadcast::channel(1_024).0,
        }
    }

    /// Look at the blocks. Short: nobody can add one meanwhile.
    pub fn blocks<R>(&self, f: impl FnOnce(&Blocks) -> R) -> R {
        f(&self.blocks.read())
    }

    /// A block's state, of the best block where none is named.
    pub fn state(&self, at: Option<H256>) -> Result<State, NoState> {
        let root = self.blocks(|blocks| blocks.state_root(at))?;
        Ok(self.nodes.state(root))
    }

    /// The best block and its state.
    pub fn best_state(&self) -> (H256, State) {
        let (hash, root) = self.blocks(|blocks| {
            let (hash, header) = blocks.best();
            (hash, *header.state_root())
        });
        (hash, self.nodes.state(root))
    }

    /// Call a runtime API by name.
    pub fn call(&self, at: Option<H256>, method: &str, arguments: &[u8]) -> Result<Vec<u8>, CallError> {
        check_arguments(method, arguments)?;
        let state = self.state(at)?;
        executor::read(&state, || api::dispatch(method, arguments))?
            .ok_or_else(|| CallError::NoMethod(method.to_owned()))
    }

    /// The number of an account's next transaction, counting those that wait.
    pub fn next_nonce(&self, who: &AccountId) -> Result<Nonce, Panicked> {
        let (_, state) = self.best_state();
        let mut nonce = executor::read(&state, || System::account_nonce(who))?;
        while self.pool.provides(&(who, nonce).encode()) {
            nonce = nonce.saturating_add(1);
        }
        Ok(nonce)
    }

    /// Add a block that was just made, with the nodes that it left unneeded.
    pub fn import(
        &self,
        header: Header,
        body: Vec<Vec<u8>>,
        changes: sp_state_machine::BackendTransaction<BlakeTwo256>,
        changed: HashSet<Vec<u8>>,
    ) -> Imported {
        let obsolete: Obsolete = self.nodes.apply(changes);
        let hash = self.blocks.write().push(header.clone(), Body::new(body), obsolete, &self.nodes);
        let imported = Imported { hash, header, changed: Arc::new(changed) };
        // Nobody listening is fine.
        let _ = self.imported.send(imported.clone());
        imported
    }

    /// Hear of every block from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Imported> {
        self.imported.subscribe()
    }

    /// How many trie nodes are kept.
    pub fn kept_nodes(&self) -> usize {
        self.nodes.len()
    }
}

/// The dispatcher decodes calls in calls to any depth, beyond what a stack holds: those that a stranger can nest are
/// decoded here first, to a limit. What makes or runs blocks is the author's alone.
fn check_arguments(method: &str, arguments: &[u8]) -> Result<(), CallError> {
    fn decodes<A: Decode>(mut arguments: &[u8]) -> Result<(), codec::Error> {
        A::decode_with_depth_limit(MAX_DEPTH, &mut arguments).map(|_| ())
    }
    let checked = match method {
        "TransactionPaymentApi_query_info" | "TransactionPaymentApi_query_fee_details" => {
            decodes::<(UncheckedExtrinsic, u32)>(arguments)
        }
        "TransactionPaymentCallApi_query_call_info" | "TransactionPaymentCallApi_query_call_fee_details" => {
            decodes::<(RuntimeCall, u32)>(arguments)
        }
        "TaggedTransactionQueue_validate_transaction" => {
            decodes::<(TransactionSource, UncheckedExtrinsic, H256)>(arguments)
        }
        "Core_execute_block" => return Err(CallError::NoMethod(method.to_owned())),
        _ if method.starts_with("BlockBuilder_") => return Err(CallError::NoMethod(method.to_owned())),
        _ => Ok(()),
    };
    checked.map_err(|reason| CallError::Arguments { method: method.to_owned(), reason })
}
