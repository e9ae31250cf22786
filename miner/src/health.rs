//! grpc.health.v1, for the server as a whole and for the service by name.

use protos::wire::miner_server::SERVICE_NAME;
use tokio::sync::watch;
use tonic_health::{ServingStatus, server::HealthReporter};

/// Says whether requests are welcome.
#[derive(Clone, Debug)]
pub(crate) struct Health {
    reporter: HealthReporter,
    ready: watch::Sender<bool>,
}

impl Health {
    /// Not serving yet.
    pub(crate) async fn new(reporter: HealthReporter) -> Self {
        let health = Self { reporter, ready: watch::Sender::new(false) };
        health.set(false).await;
        health
    }

    pub(crate) async fn set(&self, ready: bool) {
        let status = if ready { ServingStatus::Serving } else { ServingStatus::NotServing };
        for service in ["", SERVICE_NAME] {
            self.reporter.set_service_status(service, status).await;
        }
        let changed = self.ready.send_replace(ready) != ready;
        if changed {
            tracing::info!(ready, "health changed");
        }
    }

    /// Wait until requests are welcome.
    pub(crate) async fn ready(&self) {
        // The sender lives in self: no error.
        let _ = self.ready.subscribe().wait_for(|ready| *ready).await;
    }
}
