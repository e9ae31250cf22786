//! One HTTP/2 connection per miner, kept between requests: a new one would be counted as the miner's latency.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use primitives::{Endpoint, Hotkey};
use tonic::transport::{self, Channel};

use crate::{answer::Failure, axon::Axon, pinned::Pinned};

/// A peer that is silent for so long on an idle connection is gone.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// Whose connection: what is announced, and who must be there. Nobody in particular where only a description is wanted.
type Whose = (Axon, Option<Hotkey>);

/// Open connections. They reconnect by themselves when they are used again after a break, to the same key.
#[derive(Clone, Default)]
pub(crate) struct Channels(Arc<Mutex<HashMap<Whose, Channel>>>);

impl Channels {
    /// The connection to a miner; a new one is up when this returns, and ends at the miner's own key.
    pub async fn get(
        &self,
        axon: Axon,
        receiver: Option<Hotkey>,
        connect_deadline: Duration,
    ) -> Result<Channel, Failure> {
        if let Some(channel) = self.lock().get(&(axon, receiver)) {
            return Ok(channel.clone());
        }
        let channel = connect(axon, receiver, connect_deadline).await?;
        self.lock().insert((axon, receiver), channel.clone());
        Ok(channel)
    }

    /// Forget a connection that misbehaved: the next request makes its own.
    pub fn forget(&self, axon: Axon, receiver: Option<Hotkey>) {
        self.lock().remove(&(axon, receiver));
    }

    /// Forget the connections to what nobody announces any more.
    pub fn retain(&self, announced: impl Fn(&Axon) -> bool) {
        self.lock().retain(|(axon, _), _| announced(axon));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Whose, Channel>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn connect(axon: Axon, receiver: Option<Hotkey>, deadline: Duration) -> Result<Channel, Failure> {
    if axon.is_plain() {
        return endpoint(axon.endpoint, deadline)?.connect().await.map_err(Failure::Unreachable);
    }
    let pinned = Pinned::new(axon.pin);
    let connector = pinned.connector(axon.endpoint)?;
    let origin = format!("https://{}", axon.endpoint);
    let endpoint = endpoint(axon.endpoint, deadline)?;
    let endpoint = match origin.parse() {
        Ok(origin) => endpoint.origin(origin),
        Err(_) => endpoint,
    };
    let channel = endpoint.connect_with_connector(connector).await.map_err(Failure::Unreachable)?;
    if axon.pin.is_none() {
        pinned.vouch(channel.clone(), receiver, deadline).await?;
    }
    Ok(channel)
}

fn endpoint(endpoint: Endpoint, deadline: Duration) -> Result<transport::Endpoint, Failure> {
    let endpoint = transport::Endpoint::from_shared(format!("http://{endpoint}")).map_err(Failure::Unreachable)?;
    Ok(endpoint
        .connect_timeout(deadline)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE))
}
