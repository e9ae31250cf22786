//! Whether the server is there, asked again and again.

use std::{sync::Arc, time::Duration};

use tokio::{sync::watch, task::AbortHandle, time};

use super::server::Server;

/// Ask until aborted. It was there a moment ago.
pub(crate) fn follow(server: Arc<Server>, every: Duration) -> (AbortHandle, watch::Receiver<bool>) {
    let (up, seen) = watch::channel(true);
    let task = tokio::spawn(async move {
        let mut ticks = time::interval(every);
        ticks.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            // One that doesn't answer in the time between two questions isn't there.
            let now = match time::timeout(every, server.is_healthy()).await {
                Ok(Ok(())) => true,
                Ok(Err(error)) => {
                    tracing::debug!(%error, "server is not well");
                    false
                }
                Err(_) => false,
            };
            if up.send_replace(now) != now {
                tracing::info!(up = now, "server's health changed");
            }
        }
    });
    (task.abort_handle(), seen)
}
