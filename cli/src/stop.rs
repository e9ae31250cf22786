//! How a command that runs until told otherwise is told: ctrl-c or SIGTERM. A second one doesn't wait.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::info;

/// Exit status of a process that was interrupted twice.
const INTERRUPTED: i32 = 130;

/// Listens from its creation on: no signal between the start of the work and the wait is lost.
pub struct Stop {
    interrupt: Signal,
    terminate: Signal,
}

impl Stop {
    /// Take the signals over.
    pub fn listen() -> io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Wait for the first signal; from then on the next one ends the process at once.
    pub async fn requested(mut self) {
        let signal = self.next().await;
        info!(signal, "stopping");
        tokio::spawn(async move {
            self.next().await;
            std::process::exit(INTERRUPTED);
        });
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
        }
    }
}
