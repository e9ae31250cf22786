//! What goes wrong on purpose, to test clients with.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{Shutdown, TcpStream},
    sync::{Arc, Weak},
    time::Duration,
};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// Every other method, as a key of [`Faults::delays_ms`].
const ANY: &str = "*";

/// What goes wrong. The default: nothing. The methods `dev_*` always work.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Faults {
    /// So many new connections are closed as soon as they are made.
    pub refused_connections: u32,
    /// Answers come so many milliseconds late, by method or, for every other one, by `*`.
    pub delays_ms: BTreeMap<String, u64>,
    /// These methods do what they do, but then the connection is cut instead of answered.
    pub unanswered: BTreeSet<String>,
    /// The chain goes on, but clients see nothing of it: the head stays at the block that was best when this was set.
    pub stale_head: bool,
}

/// What goes wrong now, and who is connected.
pub(crate) struct Injected {
    faults: watch::Sender<Faults>,
    open: Mutex<Vec<Weak<Connection>>>,
}

/// A way to cut a connection. It must not outlive the connection's own end, or the socket stays open.
pub(crate) struct Connection(TcpStream);

impl Connection {
    pub fn cut(&self) {
        // Closed already is what we want.
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

impl Injected {
    pub fn new() -> Self {
        Self { faults: watch::Sender::default(), open: Mutex::default() }
    }

    pub fn get(&self) -> Faults {
        self.faults.borrow().clone()
    }

    /// Who waits for a late answer waits no longer than from now on.
    pub fn set(&self, faults: Faults) {
        self.faults.send_replace(faults);
    }

    /// A connection was made. None where it is to be refused.
    pub fn connected(&self, socket: TcpStream) -> Option<Arc<Connection>> {
        let refused = self.faults.send_if_modified(|faults| {
            let refuses = faults.refused_connections > 0;
            faults.refused_connections = faults.refused_connections.saturating_sub(1);
            refuses
        });
        if refused {
            return None;
        }
        let connection = Arc::new(Connection(socket));
        let mut open = self.open.lock();
        open.retain(|other| other.strong_count() > 0);
        open.push(Arc::downgrade(&connection));
        Some(connection)
    }

    /// Cut every connection.
    pub fn disconnect(&self) {
        for connection in self.open.lock().drain(..).filter_map(|connection| connection.upgrade()) {
            connection.cut();
        }
    }

    /// Wait for as long as the answers of these methods are late.
    pub async fn delay(&self, methods: &[String]) {
        let late = |faults: &Faults| methods.iter().filter_map(|method| faults.delay_ms(method)).max();
        let Some(ms) = late(&self.faults.borrow()) else { return };
        let over = async { self.faults.subscribe().wait_for(|faults| late(faults).is_none()).await.map(drop) };
        // Either end will do.
        let _ = tokio::time::timeout(Duration::from_millis(ms), over).await;
    }

    /// Whether the connection is cut after one of these methods.
    pub fn is_unanswered(&self, methods: &[String]) -> bool {
        let faults = self.faults.borrow();
        methods.iter().any(|method| !is_exempt(method) && faults.unanswered.contains(method))
    }
}

impl Faults {
    fn delay_ms(&self, method: &str) -> Option<u64> {
        let delay = self.delays_ms.get(method).or_else(|| self.delays_ms.get(ANY)).copied();
        delay.filter(|_| !is_exempt(method))
    }
}

fn is_exempt(method: &str) -> bool {
    method.starts_with("dev_")
}
