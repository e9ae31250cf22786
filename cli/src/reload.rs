//! How a command that runs until told otherwise is told to read its settings again: SIGHUP.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Listens from its creation on.
pub struct Reload(Signal);

impl Reload {
    /// Take the signal over.
    pub fn listen() -> io::Result<Self> {
        signal(SignalKind::hangup()).map(Self)
    }

    /// Wait for the next signal.
    pub async fn requested(&mut self) {
        if self.0.recv().await.is_none() {
            // The runtime is going down.
            std::future::pending::<()>().await;
        }
    }
}
