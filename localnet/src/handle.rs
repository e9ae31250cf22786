//! A running chain.

use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use jsonrpsee::{Methods, server::ServerHandle};
use primitives::{BlockHash, BlockRef};
use sp_core::H256;
use tokio::task::{self, JoinHandle};

use crate::{
    author::{self, AuthorError, Made},
    block_log::{self, BlockLog},
    blocks::Blocks,
    chain::Chain,
    clock::ClockError,
    config::Config,
    dump::{Dump, DumpError},
    faults::Faults,
    journal::{self, Found},
    pace,
    pool::Rejected,
    rewind::{self, ReorgError},
    rpc, server,
};

/// Why a chain does not run.
#[derive(Debug, thiserror::Error)]
pub enum SpawnError {
    /// The port is taken or not ours to take.
    #[error("can't listen on {addr}")]
    Bind {
        /// Where it was to listen.
        addr: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The genesis makes no state.
    #[error("genesis can't be built: {0}")]
    Genesis(String),
    /// The chain to go on from can't be read, or not be written down.
    #[error(transparent)]
    Dump(#[from] DumpError),
    /// Two RPC methods of one name: a bug of this crate.
    #[error("rpc can't be set up")]
    Rpc(#[source] jsonrpsee::core::RegisterMethodError),
}

/// A running chain. It stops when dropped.
pub struct Handle {
    chain: Arc<Chain>,
    addr: SocketAddr,
    methods: Methods,
    server: ServerHandle,
    author: Option<JoinHandle<()>>,
}

/// Start a chain: when this returns, it listens and block 0 stands.
pub async fn spawn(config: Config) -> Result<Handle, SpawnError> {
    let chain = Arc::new(chain(&config)?);
    let bind = |source| SpawnError::Bind { addr: config.listen, source };
    let (listener, addr) = server::listen(config.listen).await.map_err(bind)?;
    chain.set_faults(config.faults);
    let methods = Methods::from(rpc::module(chain.clone()).map_err(SpawnError::Rpc)?);
    let server = server::start(listener, methods.clone(), chain.clone());
    let author = pace::start(&chain, config.block_time);
    tracing::info!(%addr, "chain listens");
    Ok(Handle { chain, addr, methods, server, author })
}

/// The chain that persists, else the one to load, else a new one.
fn chain(config: &Config) -> Result<Chain, SpawnError> {
    let found = config.persist.as_deref().map(journal::open).transpose()?;
    let (dump, path) = match (&found, &config.load) {
        (Some(Found { dump: Some(dump), folder, .. }), _) => (Some(dump.clone()), folder),
        (_, Some(path)) => (Some(Dump::read(path)?), path),
        _ => (None, &PathBuf::new()),
    };
    let chain = match dump {
        Some(dump) => {
            let damaged = |damage| DumpError::Damaged { path: path.clone(), damage };
            Chain::restore(dump, config).map_err(damaged)?
        }
        None => {
            let storage = config.genesis.storage(config.beacon, config.slot_ms()).map_err(SpawnError::Genesis)?;
            Chain::new(storage, config)
        }
    };
    if let Some(found) = found {
        let journal = found.begin(chain.dump())?;
        chain.authoring.lock().journal = Some(journal);
    }
    Ok(chain)
}

impl Handle {
    /// Where clients connect.
    pub fn url(&self) -> String {
        format!("ws://{}", self.addr)
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The hash of block 0, which names the chain.
    pub fn genesis(&self) -> BlockHash {
        self.chain.blocks(|blocks| blocks.hash(0).map(|hash| BlockHash(hash.0)).unwrap_or(BlockHash([0; 32])))
    }

    /// The best block.
    pub fn best(&self) -> BlockRef {
        let (hash, header) = self.chain.blocks(Blocks::best);
        block_ref(header.number, hash)
    }

    /// The last block that nothing replaces any more: the best one, unless the chain's finality has a depth.
    pub fn finalised(&self) -> BlockRef {
        self.chain.blocks(|blocks| {
            let number = blocks.finalised_number();
            block_ref(number, blocks.header_at(number).unwrap_or_else(|| blocks.best().1).hash())
        })
    }

    /// Make `count` blocks in a row and return the last one; the best block where `count` is 0. Another thread does the
    /// work. The chain's own beacon takes them as a leap in time: rounds on the way that nobody waits for may be missing.
    pub async fn mine(&self, count: u32) -> Result<BlockRef, AuthorError> {
        let wanted = Arc::new(());
        let (chain, still) = (self.chain.clone(), Arc::downgrade(&wanted));
        let mined = task::spawn_blocking(move || author::author_blocks(&chain, count, || still.strong_count() > 0));
        let mined = mined.await;
        // Had this future been dropped, nobody would want the rest.
        drop(wanted);
        match mined {
            Ok(mined) => mined.map(|()| self.best()),
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The executor is going down.
                Err(_) => Err(AuthorError::Stopped),
            },
        }
    }

    /// Make a block now, on this thread.
    pub fn author_block(&self) -> Result<BlockRef, AuthorError> {
        author::author_block(&self.chain).map(|Made { number, hash, .. }| block_ref(number, hash))
    }

    /// Make `count` blocks on this thread, each as if it were the only one, and return the last one; the best block where
    /// `count` is 0.
    pub fn author_blocks(&self, count: u32) -> Result<BlockRef, AuthorError> {
        (0..count).try_fold(self.best(), |_, _| self.author_block())
    }

    /// Let the next block be later by so many seconds than it would be. Returns its time, in milliseconds since 1970.
    pub fn increase_time(&self, seconds: u64) -> Result<u64, ClockError> {
        self.chain.travel(|clock, reading| clock.advance(reading, seconds))
    }

    /// Let the next block have this time, in milliseconds since 1970. Later ones go on from there.
    pub fn set_next_block_timestamp(&self, at_ms: u64) -> Result<u64, ClockError> {
        self.chain.travel(|clock, reading| clock.set_next(reading, at_ms))
    }

    /// Remember the best block. Returns what [`Self::revert`] takes.
    pub fn snapshot(&self) -> u64 {
        rewind::snapshot(&self.chain)
    }

    /// Go back to a snapshot: the chain is as it was then, nothing waits for a block, and later snapshots are gone. It
    /// can be gone back to again. False where there is none of this number, or no longer. An error where the chain
    /// persists and could not write down that it has gone back.
    pub fn revert(&self, snapshot: u64) -> Result<bool, DumpError> {
        rewind::revert(&self.chain, snapshot)
    }

    /// Replace the last `depth` blocks, which must not be final, by as many others. Their transactions wait again, so
    /// the first block takes them.
    pub fn reorg(&self, depth: u32) -> Result<BlockRef, ReorgError> {
        rewind::reorg(&self.chain, depth).map(|()| self.best())
    }

    /// Write the chain at its best block into a file, for [`Config::load`]: its headers, that block's transactions and
    /// state. The file is either whole or as it was.
    pub fn dump(&self, path: &Path) -> Result<(), DumpError> {
        self.chain.dump().write(path).map(drop)
    }

    /// What happened in a block: each transaction's call, arguments, result and fee. None where there is no such block,
    /// or where it is too old to be kept.
    pub fn block_log(&self, number: u32) -> Option<BlockLog> {
        block_log::block_log(&self.chain, Some(self.chain.blocks(|blocks| blocks.hash(number))?))
    }

    /// What goes wrong on purpose.
    pub fn faults(&self) -> Faults {
        self.chain.injected.get()
    }

    /// Let this go wrong from now on, and nothing else.
    pub fn set_faults(&self, faults: Faults) {
        self.chain.set_faults(faults);
    }

    /// Cut every connection. Clients may come back.
    pub fn disconnect(&self) {
        self.chain.injected.disconnect();
    }

    /// Make a block in which the runtime's spec version rises by one, as an upgrade does. Returns it. Transactions that
    /// were signed for the old one have a bad signature then.
    pub fn bump_spec_version(&self) -> Result<u32, AuthorError> {
        author::bump_spec_version(&self.chain)
    }

    /// Send a transaction, encoded, as `author_submitExtrinsic` does. Returns its hash.
    pub fn submit(&self, transaction: Vec<u8>) -> Result<[u8; 32], Rejected> {
        self.chain.pool.submit(&self.chain, transaction, None).map(|hash| hash.0)
    }

    /// The answer to one JSON-RPC request, without a connection. None where the text is no request. A subscription ends with
    /// its answer.
    pub async fn answer(&self, request: &str) -> Option<String> {
        let (answer, _) = self.methods.raw_json_request(request, 1).await.ok()?;
        Some(answer.get().to_owned())
    }

    /// Transactions that wait for a block, for those who make blocks by hand.
    pub fn pending(&self) -> usize {
        self.chain.pool.pending().len()
    }

    /// Trie nodes in memory, for those who watch it.
    pub fn kept_nodes(&self) -> usize {
        self.chain.kept_nodes()
    }

    /// Stop making blocks, close every connection and free the port.
    pub async fn shutdown(mut self) {
        if let Some(author) = self.author.take() {
            author.abort();
            // Aborted or ended: either is what we want.
            let _ = author.await;
        }
        self.chain.close();
        // Nobody is kept waiting for a late answer.
        self.chain.injected.set(Faults::default());
        // Stopped already is what we want too.
        let _ = self.server.stop();
        self.server.clone().stopped().await;
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if let Some(author) = &self.author {
            author.abort();
        }
        self.chain.close();
        let _ = self.server.stop();
    }
}

fn block_ref(number: u32, hash: H256) -> BlockRef {
    BlockRef { number: number.into(), hash: BlockHash(hash.0) }
}
