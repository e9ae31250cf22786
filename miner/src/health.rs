//! grpc.health.v1, for the server as a whole and for the service by name.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use protos::wire::miner_server::SERVICE_NAME;
use tokio::sync::{Mutex, watch};
use tonic::transport::Endpoint;
use tonic_health::{
    ServingStatus,
    pb::{HealthCheckRequest, health_check_response, health_client::HealthClient},
    server::HealthReporter,
};

use crate::metrics;

/// Says whether requests are welcome: the subnet knows us, and the model can be asked.
#[derive(Clone, Debug)]
pub(crate) struct Health {
    reporter: HealthReporter,
    parts: Arc<Mutex<Parts>>,
    ready: watch::Sender<bool>,
}

/// Both must be.
#[derive(Clone, Copy, Debug)]
struct Parts {
    subnet: bool,
    model: bool,
}

impl Health {
    /// Not serving yet. A model is there unless somebody says otherwise.
    pub(crate) async fn new(reporter: HealthReporter) -> Self {
        let parts = Arc::new(Mutex::new(Parts { subnet: false, model: true }));
        let health = Self { reporter, parts, ready: watch::Sender::new(false) };
        metrics::model_up(true);
        health.set(false).await;
        health
    }

    /// Whether the subnet knows this miner.
    pub(crate) async fn set(&self, subnet: bool) {
        self.change(|parts| parts.subnet = subnet).await;
    }

    /// Whether the model can be asked.
    async fn set_model(&self, model: bool) {
        metrics::model_up(model);
        self.change(|parts| parts.model = model).await;
    }

    async fn change(&self, change: impl FnOnce(&mut Parts)) {
        // Held until it is told, so that the last change is told last.
        let mut parts = self.parts.lock().await;
        change(&mut parts);
        let ready = parts.subnet && parts.model;
        let status = if ready { ServingStatus::Serving } else { ServingStatus::NotServing };
        for service in ["", SERVICE_NAME] {
            self.reporter.set_service_status(service, status).await;
        }
        let changed = self.ready.send_replace(ready) != ready;
        if changed {
            tracing::info!(ready, subnet = parts.subnet, model = parts.model, "health changed");
        }
    }

    /// Whether requests are welcome, from now on.
    pub(crate) fn watch(&self) -> watch::Receiver<bool> {
        self.ready.subscribe()
    }

    /// Wait until requests are welcome.
    pub(crate) async fn ready(&self) {
        // The sender lives in self: no error.
        let _ = self.ready.subscribe().wait_for(|ready| *ready).await;
    }
}

/// Nobody at an address says how a miner is.
#[derive(Debug, thiserror::Error)]
pub enum HealthError {
    /// Nothing listens there, or it doesn't answer.
    #[error("no miner answers at {address}")]
    Unreachable {
        /// Who was asked.
        address: SocketAddr,
        /// Why not.
        #[source]
        source: tonic::transport::Error,
    },
    /// Something answers, and not as a miner does.
    #[error("what answers at {address} is no miner")]
    Foreign {
        /// Who was asked.
        address: SocketAddr,
        /// What it said.
        #[source]
        source: Box<tonic::Status>,
    },
}

/// Ask at an address whether the miner there welcomes requests; it has to say so within `patience`.
pub async fn is_serving(address: SocketAddr, patience: Duration) -> Result<bool, HealthError> {
    let unreachable = |source| HealthError::Unreachable { address, source };
    let endpoint = Endpoint::from_shared(format!("http://{address}")).map_err(unreachable)?;
    let channel = endpoint.connect_timeout(patience).timeout(patience).connect().await.map_err(unreachable)?;
    let question = HealthCheckRequest { service: SERVICE_NAME.to_owned() };
    let answer = HealthClient::new(channel).check(question).await;
    let answer = answer.map_err(|source| HealthError::Foreign { address, source: Box::new(source) })?;
    Ok(answer.into_inner().status() == health_check_response::ServingStatus::Serving)
}

/// Tell what the model says of itself, until it is gone.
pub(crate) async fn follow(mut up: watch::Receiver<bool>, health: Health) {
    loop {
        let now = *up.borrow_and_update();
        health.set_model(now).await;
        if up.changed().await.is_err() {
            return health.set_model(false).await;
        }
    }
}
