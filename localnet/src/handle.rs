//! A running chain.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use jsonrpsee::server::{BatchRequestConfig, Server, ServerConfig, ServerHandle};
use primitives::{BlockHash, BlockRef};
use sp_runtime::BuildStorage;
use tokio::{task::JoinHandle, time::MissedTickBehavior};

use crate::{
    author::{self, AuthorError},
    chain::{Chain, Imported},
    config::{BlockTime, Config},
    rpc,
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
    /// Two RPC methods of one name: a bug of this crate.
    #[error("rpc can't be set up")]
    Rpc(#[source] jsonrpsee::core::RegisterMethodError),
}

/// A running chain. It stops when dropped.
pub struct Handle {
    chain: Arc<Chain>,
    addr: SocketAddr,
    server: ServerHandle,
    author: Option<JoinHandle<()>>,
}

/// Start a chain: when this returns, it listens and block 0 stands.
pub async fn spawn(config: Config) -> Result<Handle, SpawnError> {
    let storage = config.genesis.runtime_config(config.beacon).build_storage().map_err(SpawnError::Genesis)?;
    let chain = Arc::new(Chain::new(storage, config.limits, config.beacon));
    let bind = |source| SpawnError::Bind { addr: config.listen, source };
    let limits = config.limits;
    let server = ServerConfig::builder()
        .max_request_body_size(limits.request_bytes)
        .max_response_body_size(limits.response_bytes)
        .max_connections(limits.connections)
        .max_subscriptions_per_connection(limits.subscriptions)
        .set_batch_request_config(BatchRequestConfig::Limit(64))
        .build();
    let server = Server::builder().set_config(server).build(config.listen).await.map_err(bind)?;
    let addr = server.local_addr().map_err(bind)?;
    let server = server.start(rpc::module(chain.clone()).map_err(SpawnError::Rpc)?);
    let author = match config.block_time {
        BlockTime::Manual => None,
        BlockTime::Every(period) => Some(tokio::spawn(author_every(chain.clone(), period))),
    };
    tracing::info!(%addr, "chain listens");
    Ok(Handle { chain, addr, server, author })
}

/// A block that cannot be made is reported and tried again: the cause may be in the pool.
async fn author_every(chain: Arc<Chain>, period: Duration) {
    let mut ticks = tokio::time::interval(period.max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let chain = chain.clone();
        match tokio::task::spawn_blocking(move || author::author_block(&chain)).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::error!(error = &error as &dyn std::error::Error, "no block made"),
            Err(error) => tracing::error!(error = &error as &dyn std::error::Error, "author stopped"),
        }
    }
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

    /// The best block, which is final.
    pub fn best(&self) -> BlockRef {
        self.chain.blocks(|blocks| {
            let (hash, header) = blocks.best();
            BlockRef { number: header.number.into(), hash: BlockHash(hash.0) }
        })
    }

    /// Make a block now.
    pub fn author_block(&self) -> Result<BlockRef, AuthorError> {
        author::author_block(&self.chain).map(|imported| block_ref(&imported))
    }

    /// Make `count` blocks and return the last one; the best block where `count` is 0.
    pub fn author_blocks(&self, count: u32) -> Result<BlockRef, AuthorError> {
        (0..count).try_fold(self.best(), |_, _| self.author_block())
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
        let _ = self.server.stop();
    }
}

fn block_ref(imported: &Imported) -> BlockRef {
    BlockRef { number: imported.header.number.into(), hash: BlockHash(imported.hash.0) }
}
