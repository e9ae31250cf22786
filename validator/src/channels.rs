//! One HTTP/2 connection per endpoint, kept between requests: a new one would be counted as the miner's latency.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use primitives::Endpoint;
use tonic::transport::{self, Channel, Error};

/// A peer that is silent for so long on an idle connection is gone.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// Open connections. They reconnect by themselves when they are used again after a break.
#[derive(Clone, Default)]
pub(crate) struct Channels(Arc<Mutex<HashMap<Endpoint, Channel>>>);

impl Channels {
    /// The connection to an endpoint; a new one is up when this returns.
    pub async fn get(&self, endpoint: Endpoint, connect_deadline: Duration) -> Result<Channel, Error> {
        if let Some(channel) = self.lock().get(&endpoint) {
            return Ok(channel.clone());
        }
        let channel = transport::Endpoint::from_shared(format!("http://{endpoint}"))?
            .connect_timeout(connect_deadline)
            .tcp_nodelay(true)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(KEEP_ALIVE)
            .connect()
            .await?;
        self.lock().insert(endpoint, channel.clone());
        Ok(channel)
    }

    /// Forget a connection that misbehaved: the next request makes its own.
    pub fn forget(&self, endpoint: Endpoint) {
        self.lock().remove(&endpoint);
    }

    /// Forget the connections to endpoints that nobody announces any more.
    pub fn retain(&self, announced: impl Fn(&Endpoint) -> bool) {
        self.lock().retain(|endpoint, _| announced(endpoint));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Endpoint, Channel>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
