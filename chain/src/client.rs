//! The front door: one chain, reached through a connection that is made anew whenever it breaks.

use std::{fmt, sync::Arc, time::Duration};

use primitives::{BlockHash, BlockRef};
use tokio::sync::Mutex;

use crate::{ChainError, connection::Connection, storage::At};

/// How long to wait for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// For a connection, its handshake included.
    pub connect: Duration,
    /// For one answer.
    pub call: Duration,
    /// For a submitted transaction to be final.
    pub land: Duration,
    /// Without a new head before the node is asked whether there is one.
    pub silence: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            call: Duration::from_secs(30),
            land: Duration::from_secs(300),
            silence: Duration::from_secs(30),
        }
    }
}

/// A chain. Clones share one connection; a call that finds it broken makes a new one.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    url: Arc<str>,
    genesis: BlockHash,
    deadlines: Deadlines,
    connection: Mutex<Option<Connection>>,
}

impl Client {
    /// Connect to a node's websocket, `ws://` or `wss://`.
    pub async fn connect(url: &str) -> Result<Self, ChainError> {
        Self::connect_with(url, Deadlines::default()).await
    }

    /// Connect with other deadlines than the default ones.
    pub async fn connect_with(url: &str, deadlines: Deadlines) -> Result<Self, ChainError> {
        let url: Arc<str> = url.into();
        let connection = Connection::dial(url.clone(), &deadlines).await?;
        let genesis = connection.genesis;
        tracing::info!(%url, %genesis, "chain connected");
        Ok(Self { inner: Arc::new(Inner { url, genesis, deadlines, connection: Mutex::new(Some(connection)) }) })
    }

    /// The address that was dialled.
    pub fn url(&self) -> &str {
        &self.inner.url
    }

    /// The chain's genesis hash: its name.
    pub fn genesis(&self) -> BlockHash {
        self.inner.genesis
    }

    pub(crate) fn deadlines(&self) -> &Deadlines {
        &self.inner.deadlines
    }

    /// The living connection, or a new one.
    pub(crate) async fn connection(&self) -> Result<Connection, ChainError> {
        let mut slot = self.inner.connection.lock().await;
        if let Some(connection) = slot.as_ref().filter(|connection| connection.is_alive()) {
            return Ok(connection.clone());
        }
        *slot = None;
        let connection = Connection::dial(self.inner.url.clone(), &self.inner.deadlines).await?;
        if connection.genesis != self.inner.genesis {
            return Err(ChainError::WrongChain {
                url: self.inner.url.to_string(),
                expected: self.inner.genesis,
                found: connection.genesis,
            });
        }
        tracing::info!(url = %self.inner.url, "chain reconnected");
        *slot = Some(connection.clone());
        Ok(connection)
    }

    /// Forget a connection that failed, unless another call has replaced it already.
    pub(crate) async fn discard(&self, connection: &Connection, error: &ChainError) {
        let mut slot = self.inner.connection.lock().await;
        if slot.as_ref().is_some_and(|current| current.is_same(connection)) {
            tracing::warn!(url = %self.inner.url, %error, "chain connection lost");
            *slot = None;
        }
    }

    /// Run a read, once more on a new connection where the first one turns out to be dead. Only for what can be asked
    /// twice.
    pub(crate) async fn read<T, F, Fut>(&self, ask: F) -> Result<T, ChainError>
    where
        F: Fn(Connection) -> Fut,
        Fut: Future<Output = Result<T, ChainError>>,
    {
        let mut asked_again = false;
        loop {
            let connection = self.connection().await?;
            let error = match ask(connection.clone()).await {
                Err(error) if error.breaks_connection() => error,
                answered => return answered,
            };
            self.discard(&connection, &error).await;
            if asked_again || !matches!(error, ChainError::Lost { .. }) {
                return Err(error);
            }
            asked_again = true;
        }
    }

    /// Run a read at one block: the finalised head where none is given.
    pub(crate) async fn read_at<T, F, Fut>(&self, block: Option<BlockHash>, ask: F) -> Result<T, ChainError>
    where
        F: Fn(At) -> Fut,
        Fut: Future<Output = Result<T, ChainError>>,
    {
        let ask = &ask;
        self.read(|connection| async move { ask(At::new(connection, block).await?).await }).await
    }

    /// The newest block that can't be undone.
    pub async fn finalized(&self) -> Result<BlockRef, ChainError> {
        self.read(|connection| async move { connection.block(None).await }).await
    }

    /// A block by its hash.
    pub async fn block(&self, hash: BlockHash) -> Result<BlockRef, ChainError> {
        self.read(|connection| async move { connection.block(Some(hash)).await }).await
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("url", &self.inner.url).field("genesis", &self.inner.genesis).finish()
    }
}
