//! The front door: from a board to a page.

use std::{io, net::SocketAddr, time::Duration};

use tokio::{net::TcpListener, task::JoinSet};

use crate::{board::Board, press::press, routes::routes, server::serve, sheet::Sheet};

/// Where a dashboard is served, and to how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Where it listens; port 0 takes a free one. HTTP in plain text: the world comes through a reverse proxy.
    pub listen: SocketAddr,
    /// At most so many connections.
    pub connections: usize,
    /// Of these, at most so many from one address, loopback excepted.
    pub connections_per_address: usize,
    /// At most so many streams of events.
    pub streams: usize,
    /// A request must be there after so long.
    pub read_patience: Duration,
    /// A reader that takes nothing for so long is let go.
    pub write_patience: Duration,
    /// Events come at least so often: they say how old the rest is.
    pub beat: Duration,
}

impl Config {
    /// At an address, with limits that suit a small machine.
    pub const fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            connections: 256,
            connections_per_address: 32,
            streams: 64,
            read_patience: Duration::from_secs(10),
            write_patience: Duration::from_secs(30),
            beat: Duration::from_secs(5),
        }
    }

    /// For tests: a free port of loopback.
    pub fn test() -> Self {
        Self::new(SocketAddr::from(([127, 0, 0, 1], 0)))
    }
}

/// Why a dashboard is not served.
#[derive(Debug, thiserror::Error)]
pub enum SpawnError {
    /// The address can't be had.
    #[error("cannot listen on {listen}")]
    Listen {
        /// Where.
        listen: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// A dashboard that is served. Dropping it stops it at once.
#[derive(Debug)]
pub struct Handle {
    addr: SocketAddr,
    /// Aborted when this is dropped.
    tasks: JoinSet<()>,
}

impl Handle {
    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Stop, and wait until nothing runs any more.
    pub async fn shutdown(mut self) {
        self.tasks.shutdown().await;
    }
}

/// Serve what is on a board.
pub async fn spawn<S: Sheet>(config: Config, board: Board<S>) -> Result<Handle, SpawnError> {
    let listen = config.listen;
    let failed = |source| SpawnError::Listen { listen, source };
    let listener = TcpListener::bind(listen).await.map_err(failed)?;
    let addr = listener.local_addr().map_err(failed)?;
    let health = board.health().clone();
    let (kiosk, print) = press(board, config.beat);
    let router = routes(kiosk, health, config.streams);
    let mut tasks = JoinSet::new();
    tasks.spawn(print);
    tasks.spawn(serve(listener, router, config));
    Ok(Handle { addr, tasks })
}
