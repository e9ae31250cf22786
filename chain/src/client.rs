//! The front door: one chain, reached through a connection that is made anew whenever it breaks.

use std::{fmt, sync::Arc, time::Duration};

use primitives::{BlockHash, BlockNumber, BlockRef};
use tokio::{sync::Mutex, time::Instant};

use crate::{
    ChainError,
    connection::{Connection, Runtimes},
    roster::{self, Roster},
    storage::At,
};

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

/// A chain. Clones share one connection; a call that finds it broken makes a new one, to the next node where there are
/// several.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    /// The first choice.
    url: Arc<str>,
    several: bool,
    /// How many connections a call may use up.
    attempts: usize,
    genesis: BlockHash,
    runtimes: Runtimes,
    deadlines: Deadlines,
    road: Mutex<Road>,
}

/// The way to the chain.
struct Road {
    roster: Roster,
    connection: Option<Connection>,
    /// The greatest number that a connection now gone said to be final.
    known: Option<BlockNumber>,
    /// When the other nodes were compared with this one.
    compared: Instant,
}

impl Client {
    /// Connect to a node's websocket, `ws://` or `wss://`.
    pub async fn connect(url: &str) -> Result<Self, ChainError> {
        Self::connect_with(url, Deadlines::default()).await
    }

    /// Connect with other deadlines than the default ones.
    pub async fn connect_with(url: &str, deadlines: Deadlines) -> Result<Self, ChainError> {
        Self::connect_any(url, &[] as &[&str], deadlines).await
    }

    /// Connect to one of several nodes of one chain: to the first that answers, in this order, and to the next one when
    /// that one fails. The first to answer says which chain it is; who serves another one is passed over, like one that
    /// can't be reached, and tried again later.
    ///
    /// A node whose finalised head has not moved for [`Deadlines::silence`] is left for one whose head is further. What was
    /// final stays so: a node that is behind is not asked before it has caught up.
    pub async fn connect_any<S: AsRef<str>>(
        first: &str,
        fallbacks: &[S],
        deadlines: Deadlines,
    ) -> Result<Self, ChainError> {
        let mut urls: Vec<Arc<str>> = vec![first.into()];
        for url in fallbacks.iter().map(AsRef::as_ref) {
            if urls.iter().all(|known| **known != *url) {
                urls.push(url.into());
            }
        }
        let (url, count) = (urls[0].clone(), urls.len());
        let mut roster = Roster::new(urls);
        let connection = roster.dial(None, None, &deadlines).await?;
        let (genesis, runtimes) = (connection.genesis, connection.runtimes().clone());
        tracing::info!(url = %connection.url, %genesis, "chain connected");
        let road = Road { roster, connection: Some(connection), known: None, compared: Instant::now() };
        Ok(Self {
            inner: Arc::new(Inner {
                url,
                several: count > 1,
                attempts: count.max(2),
                genesis,
                runtimes,
                deadlines,
                road: Mutex::new(road),
            }),
        })
    }

    /// The address of the node that is the first choice.
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

    /// How many connections a call may use up before its error is told.
    pub(crate) fn attempts(&self) -> usize {
        self.inner.attempts
    }

    /// The living connection, or a new one.
    pub(crate) async fn connection(&self) -> Result<Connection, ChainError> {
        let Inner { several, genesis, deadlines, .. } = &*self.inner;
        let mut road = self.inner.road.lock().await;
        if let Some(connection) = road.connection.clone().filter(Connection::is_alive) {
            let silence = deadlines.silence;
            if !several || connection.stands_still() < silence || road.compared.elapsed() < silence {
                return Ok(connection);
            }
            road.compared = Instant::now();
            let others = road.roster.others(connection.place);
            drop(road);
            return self.compare(connection, others).await;
        }
        road.give_up();
        let known = road.known.filter(|_| *several);
        let connection = road.roster.dial(Some(*genesis), known, deadlines).await?.sharing(&self.inner.runtimes);
        tracing::info!(url = %connection.url, "chain reconnected");
        road.connection = Some(connection.clone());
        road.compared = Instant::now();
        Ok(connection)
    }

    /// The head of this connection did not move for a while: either no block became final, or the node lost the chain.
    /// The other nodes know. Clocks don't: blocks need not be made at their time.
    async fn compare(&self, current: Connection, others: Vec<(usize, Arc<str>)>) -> Result<Connection, ChainError> {
        // It may be that nobody asked. An error shows in the call to come.
        let before = current.head();
        let now = current.block(None).await.map_or(before, |head| Some(head.number));
        if now > before {
            return Ok(current);
        }
        let Some(further) = roster::further(others, self.inner.genesis, now, &self.inner.deadlines).await else {
            return Ok(current);
        };
        let further = further.sharing(&self.inner.runtimes);
        let mut road = self.inner.road.lock().await;
        match &road.connection {
            Some(connection) if !connection.is_same(&current) => return Ok(connection.clone()),
            _ => {}
        }
        tracing::warn!(
            left = %current.url, head = now, url = %further.url, further = further.head(),
            "chain endpoint stands still, another one does not"
        );
        road.give_up();
        road.connection = Some(further.clone());
        Ok(further)
    }

    /// Whether calls go to this connection now.
    pub(crate) async fn is_current(&self, connection: &Connection) -> bool {
        self.inner.road.lock().await.connection.as_ref().is_some_and(|current| current.is_same(connection))
    }

    /// Forget a connection that failed, unless another call has replaced it already.
    pub(crate) async fn discard(&self, connection: &Connection, error: &ChainError) {
        let mut road = self.inner.road.lock().await;
        if road.connection.as_ref().is_some_and(|current| current.is_same(connection)) {
            tracing::warn!(url = %connection.url, %error, "chain connection lost");
            road.give_up();
        }
    }

    /// Forget the connection if what it answered says so.
    pub(crate) async fn or_discard<T>(
        &self,
        connection: &Connection,
        answer: Result<T, ChainError>,
    ) -> Result<T, ChainError> {
        if let Err(error) = &answer
            && error.breaks_connection()
        {
            self.discard(connection, error).await;
        }
        answer
    }

    /// Run a read, again on a new connection where one turns out to be broken. Only for what can be asked twice.
    pub(crate) async fn read<T, F, Fut>(&self, ask: F) -> Result<T, ChainError>
    where
        F: Fn(Connection) -> Fut,
        Fut: Future<Output = Result<T, ChainError>>,
    {
        let mut attempts = self.attempts();
        loop {
            let connection = self.connection().await?;
            let error = match ask(connection.clone()).await {
                Err(error) if error.breaks_connection() => error,
                answered => return answered,
            };
            self.discard(&connection, &error).await;
            attempts -= 1;
            // A node that is alone and does not answer in time is not asked twice in one call.
            let hopeless = !self.inner.several && matches!(error, ChainError::Deadline { .. });
            if attempts == 0 || hopeless {
                return Err(error);
            }
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

    /// The newest block, which may still be undone.
    pub async fn best(&self) -> Result<BlockRef, ChainError> {
        self.read(|connection| async move { connection.best().await }).await
    }

    /// A block by its hash.
    pub async fn block(&self, hash: BlockHash) -> Result<BlockRef, ChainError> {
        self.read(|connection| async move { connection.block(Some(hash)).await }).await
    }
}

impl Road {
    /// Leave the connection, if there is one, and let its node rest.
    fn give_up(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.known = self.known.max(connection.head());
            self.roster.failed(connection.place, connection.age());
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("url", &self.inner.url).field("genesis", &self.inner.genesis).finish()
    }
}
