//! The chain: blocks, states and pool together, and who listens.

use std::{
    collections::{HashSet, VecDeque},
    sync::Arc,
};

use codec::{Decode, DecodeLimit, Encode};
use frame_system::BlockHash;
use node_subtensor_runtime::{
    AccountId, Header, Nonce, Runtime, RuntimeCall, System, UncheckedExtrinsic, VERSION, api,
};
use parking_lot::{Mutex, RwLock};
use sp_core::{H256, storage::Storage};
use sp_runtime::{
    Digest,
    traits::{BlakeTwo256, Hash, Header as _},
    transaction_validity::TransactionSource,
};
use sp_state_machine::{BackendTransaction, InMemoryBackend, IterArgs, backend::Backend as _};
use tokio::sync::broadcast;

use crate::{
    beacon::PulseWriter,
    block_time::BlockTime,
    blocks::{Blocks, Body, NoState},
    clock::{Clock, ClockError, Reading},
    config::{Config, Limits},
    dump::{Damage, Dump, Headers},
    executor::{self, Panicked},
    faults::{Faults, Injected},
    journal::Journal,
    pool::{MAX_DEPTH, Pool, Pooled, Status},
    rewind::Snapshots,
    shield::Shield,
    state::{NodeStore, STATE_VERSION, State},
};

/// Told to whoever listens when the best block is another one.
#[derive(Clone)]
pub(crate) struct News {
    /// The revision of the blocks that has it: who looked at them then knows it already.
    pub revision: u64,
    pub hash: H256,
    pub header: Header,
    /// The storage keys that the block changed, or none where every value may be another one.
    pub changed: Option<Arc<HashSet<Vec<u8>>>>,
    /// What is final now, if that is another block.
    pub finalised: Option<Header>,
}

/// A block that was made.
pub(crate) struct Sealed {
    pub header: Header,
    pub body: Vec<Vec<u8>>,
    pub changes: BackendTransaction<BlakeTwo256>,
    pub changed: HashSet<Vec<u8>>,
    pub included: Vec<Pooled>,
}

/// One chain.
pub(crate) struct Chain {
    pub limits: Limits,
    pub pool: Pool,
    /// Adds the beacon's pulses to blocks.
    pub pulses: PulseWriter,
    pub injected: Injected,
    /// Opens sealed transactions.
    pub shield: Shield,
    /// Held while the chain changes.
    pub authoring: Mutex<Authoring>,
    nodes: NodeStore,
    blocks: RwLock<Blocks>,
    news: broadcast::Sender<News>,
}

/// What only who changes the chain needs.
pub(crate) struct Authoring {
    pub clock: Clock,
    /// Blocks that are not final, oldest first, with the transactions whose watchers wait for that.
    pub unfinalised: VecDeque<(u32, H256, Vec<Pooled>)>,
    pub snapshots: Snapshots,
    /// How often blocks were replaced.
    pub reorganised: u64,
    pub journal: Option<Journal>,
    /// Nobody runs the chain any more.
    pub closed: bool,
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
    /// A chain of block 0, and, where its state is one of another chain, of the block that has it there.
    pub fn new(mut genesis: Storage, config: &Config) -> Self {
        let no_transactions = BlakeTwo256::ordered_trie_root(Vec::new(), sp_core::storage::StateVersion::V0);
        let header = |number, state: &InMemoryBackend<BlakeTwo256>, parent| {
            Header::new(number, no_transactions, *state.root(), parent, Digest::default())
        };
        let state: InMemoryBackend<BlakeTwo256> = (genesis.clone(), STATE_VERSION).into();
        let block_0 = header(0, &state, H256::zero());
        let first = config.genesis.first_block();
        if first == 0 {
            return Self::with(state, Blocks::new(block_0, config.limits, config.finality_depth), config);
        }
        // Transactions name block 0, which the runtime would have noted in block 1.
        genesis.top.insert(BlockHash::<Runtime>::hashed_key_for(0), block_0.hash().encode());
        let state: InMemoryBackend<BlakeTwo256> = (genesis, STATE_VERSION).into();
        let block = header(first, &state, block_0.hash());
        let sealed = vec![(*block.state_root(), *block.extrinsics_root(), Digest::default())];
        let headers = Headers { first, parent: block_0.hash(), sealed };
        let blocks = Blocks::restore(block_0, &headers, Body::default(), config.limits, config.finality_depth);
        Self::with(state, blocks, config)
    }

    /// A chain as it was.
    pub fn restore(dump: Dump, config: &Config) -> Result<Self, Damage> {
        let best = dump.best()?;
        let top = dump.state.into_iter().collect();
        let memory: InMemoryBackend<BlakeTwo256> =
            (Storage { top, children_default: Default::default() }, STATE_VERSION).into();
        if memory.root() != best.state_root() {
            return Err(Damage::State);
        }
        let body = Body::new(dump.body);
        let blocks = Blocks::restore(dump.genesis, &dump.headers, body, config.limits, config.finality_depth);
        let chain = Self::with(memory, blocks, config);
        let (_, state) = chain.best_state();
        // A state without a clock starts one at its first block.
        if let Ok(reading) = executor::read(&state, Reading::of_state) {
            chain.authoring.lock().clock.resume_after(reading.now_ms);
        }
        Ok(chain)
    }

    fn with(state: InMemoryBackend<BlakeTwo256>, blocks: Blocks, config: &Config) -> Self {
        let nodes = NodeStore::default();
        nodes.apply(state.into_storage());
        let authoring = Authoring {
            clock: Clock::new(matches!(config.block_time, BlockTime::Every(_))),
            unfinalised: VecDeque::new(),
            snapshots: Snapshots::default(),
            reorganised: 0,
            journal: None,
            closed: false,
        };
        Self {
            limits: config.limits,
            pool: Pool::default(),
            pulses: PulseWriter::new(config.beacon),
            injected: Injected::new(),
            shield: Shield::default(),
            authoring: Mutex::new(authoring),
            nodes,
            blocks: RwLock::new(blocks),
            news: broadcast::channel(1_024).0,
        }
    }

    /// The chain at its best block.
    pub fn dump(&self) -> Dump {
        let reader = self.nodes.reader();
        let (mut dump, root) = self.blocks(|blocks| {
            let dump = Dump {
                spec_version: VERSION.spec_version,
                generation: 0,
                genesis: blocks.genesis().clone(),
                headers: blocks.headers(),
                body: blocks.best_body().as_ref().clone(),
                state: Vec::new(),
            };
            (dump, *blocks.best().1.state_root())
        });
        let state = reader.state(root);
        // Every node of the best block's state is there as long as the reader is.
        dump.state = state.pairs(IterArgs::default()).into_iter().flatten().flatten().collect();
        dump
    }

    /// Let this go wrong from now on.
    pub fn set_faults(&self, faults: Faults) {
        let mut authoring = self.authoring.lock();
        let stale = faults.stale_head;
        self.injected.set(faults);
        let finalised = self.blocks(Blocks::finalised);
        if self.change(&mut authoring, |blocks, nodes| blocks.set_stale(stale, nodes)) {
            // Nobody hears it who sees nothing.
            self.announce(None, Some(finalised));
        }
    }

    /// Make no more blocks, and let go of the folder.
    pub fn close(&self) {
        let mut authoring = self.authoring.lock();
        authoring.closed = true;
        authoring.journal = None;
    }

    /// Look at the blocks. Short: nobody can add one meanwhile.
    pub fn blocks<R>(&self, f: impl FnOnce(&Blocks) -> R) -> R {
        f(&self.blocks.read())
    }

    /// Change the blocks, by who holds the author's lock. Shorter still.
    pub fn change<R>(&self, _: &mut Authoring, f: impl FnOnce(&mut Blocks, &NodeStore) -> R) -> R {
        f(&mut self.blocks.write(), &self.nodes)
    }

    /// A block's state, of the head where none is named.
    pub fn state(&self, at: Option<H256>) -> Result<State, NoState> {
        let reader = self.nodes.reader();
        let root = self.blocks(|blocks| blocks.state_root(at))?;
        Ok(reader.state(root))
    }

    /// The best block and its state.
    pub fn best_state(&self) -> (H256, State) {
        let reader = self.nodes.reader();
        let (hash, header) = self.blocks(Blocks::best);
        (hash, reader.state(*header.state_root()))
    }

    /// Change the time of the next block. Returns it.
    pub fn travel(&self, f: impl FnOnce(&mut Clock, Reading) -> Result<u64, ClockError>) -> Result<u64, ClockError> {
        let mut authoring = self.authoring.lock();
        let (_, state) = self.best_state();
        let reading = executor::read(&state, Reading::of_state)?;
        f(&mut authoring.clock, reading)
    }

    /// Call a runtime API by name.
    pub fn call(&self, at: Option<H256>, method: &str, arguments: &[u8]) -> Result<Vec<u8>, CallError> {
        check_arguments(method, arguments)?;
        let state = self.state(at)?;
        executor::read(&state, || api::dispatch(method, arguments))?
            .ok_or_else(|| CallError::NoMethod(method.to_owned()))
    }

    /// The number of an account's next transaction, counting those that wait.
    pub fn next_nonce(&self, who: &AccountId) -> Result<Nonce, CallError> {
        let state = self.state(None)?;
        let mut nonce = executor::read(&state, || System::account_nonce(who))?;
        while self.pool.provides(&(who, nonce).encode()) {
            nonce = nonce.saturating_add(1);
        }
        Ok(nonce)
    }

    /// Add a block that was just made, and tell everybody.
    pub fn import(&self, authoring: &mut Authoring, sealed: Sealed, replaces: bool) -> H256 {
        let Sealed { header, body, changes, changed, included } = sealed;
        let delta = self.nodes.apply(changes);
        let before = self.blocks(Blocks::finalised);
        let hash = self.change(authoring, |blocks, nodes| blocks.push(&header, Body::new(body), delta, nodes));
        self.pool.provided(&included);
        for pooled in &included {
            pooled.tell(Status::InBlock(hash));
        }
        authoring.unfinalised.push_back((header.number, hash, included));
        self.announce((!replaces).then(|| Arc::new(changed)), Some(before));
        self.finalise(authoring);
        hash
    }

    /// Tell whoever listens that the best block is another one, and which one is final if it was another before.
    pub fn announce(&self, changed: Option<Arc<HashSet<Vec<u8>>>>, finalised_before: Option<u32>) {
        let news = self.blocks(|blocks| {
            let finalised = blocks.finalised();
            let (hash, header) = blocks.best();
            let finalised = if finalised_before == Some(finalised) { None } else { blocks.header_at(finalised) };
            (!blocks.is_stale()).then(|| News { revision: blocks.revision(), hash, header, changed, finalised })
        });
        if let Some(news) = news {
            // Nobody listening is fine.
            let _ = self.news.send(news);
        }
    }

    fn finalise(&self, authoring: &mut Authoring) {
        let finalised = self.blocks(Blocks::finalised_number);
        while authoring.unfinalised.front().is_some_and(|(number, ..)| *number <= finalised) {
            let Some((_, hash, included)) = authoring.unfinalised.pop_front() else { break };
            for pooled in included {
                pooled.tell(Status::Finalized(hash));
            }
        }
    }

    /// Hear of every block from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<News> {
        self.news.subscribe()
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
