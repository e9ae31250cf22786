//! Starts and stops the miner.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use chain::ChainError;
use dashboard::ServingSubject;
use model::{Backend, Manifest};
use primitives::{BlockHash, Endpoint, Hotkey, Keypair, NetUid, TlsPin};
use protos::{Binding, DESCRIPTORS, Description, MAX_LIFETIME_MS, MAX_MESSAGE_BYTES, MinerServer, receipt};
use tokio::{
    net::TcpListener,
    sync::{mpsc, watch},
    task::JoinSet,
    time::{Instant, timeout, timeout_at},
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Server;

use crate::{
    Access, Config,
    admission::Admission,
    announcement::{Announcement, unannounced},
    beat::Beating,
    clock,
    door::DoorLayer,
    gpus,
    health::{self, Health},
    incoming::Incoming,
    kept_rows::KeptRows,
    phase::{self, Phase},
    queue::Queue,
    roster::Roster,
    service::MinerService,
    state::{State, StateError},
    subnet,
    tally::Tally,
    throttle::Throttle,
    view::{Sights, View},
};

/// A connection that doesn't answer a ping for so long is closed.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(20);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);
/// All headers of a request together.
const MAX_HEADER_BYTES: u32 = 16 * 1024;
/// Requests that a client may start and take back at once.
const MAX_PENDING_RESETS: usize = 32;
/// Connections that are ready and not yet served.
const READY_CONNECTIONS: usize = 64;
/// After the last answer, for rows of it to be asked for.
const LAST_LOOK: Duration = Duration::from_secs(2);
/// After the drain, for what was cut off to be told.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Why a miner doesn't start.
#[derive(Debug, thiserror::Error)]
pub enum SpawnError {
    /// The address can't be listened on.
    #[error("can't listen on {addr}")]
    Bind {
        /// Which.
        addr: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// What was kept from earlier runs can't be used.
    #[error(transparent)]
    State(#[from] StateError),
    /// There is no such subnet on this chain.
    #[error("there is no subnet {netuid} on the chain at {url}")]
    UnknownNetUid {
        /// Which.
        netuid: NetUid,
        /// Where.
        url: String,
    },
    /// The miner's own hotkey has no seat, so it can't be announced, asked or paid.
    #[error("hotkey {hotkey} is not registered on subnet {netuid}: register it first")]
    Unregistered {
        /// Whose.
        hotkey: Hotkey,
        /// Where.
        netuid: NetUid,
    },
    /// The miner's own page can't be served.
    #[error("the miner's page can't be served")]
    Dashboard(#[from] dashboard::SpawnError),
    /// The description of the service is unreadable.
    #[error("the service can't be described")]
    Reflection(#[from] tonic_reflection::server::Error),
}

/// A running miner. Dropping it stops it at once; [`Handle::shutdown`] lets it finish.
#[derive(Debug)]
pub struct Handle {
    addr: SocketAddr,
    hotkey: Hotkey,
    drain: Duration,
    health: Health,
    phase: watch::Sender<Phase>,
    access: watch::Sender<Access>,
    state: State,
    server: JoinSet<()>,
    background: JoinSet<()>,
    /// What shows that the miner goes down, too.
    view: JoinSet<()>,
    dashboard: Option<dashboard::Handle>,
    queue: Queue,
    rows: Arc<KeptRows>,
    #[cfg(test)]
    throttle: Throttle,
}

/// Start a miner. It returns once it listens; [`Handle::ready`] waits until it is announced. A chain that can't be
/// reached just now doesn't stop it: the subnet is read when the chain is back.
pub async fn spawn(
    config: Config,
    keypair: Keypair,
    backend: Arc<dyn Backend>,
    chain: chain::Client,
) -> Result<Handle, SpawnError> {
    let (netuid, hotkey) = (config.netuid, keypair.hotkey());
    let known = match chain.metagraph(netuid, None).await {
        Ok(metagraph) if metagraph.by_hotkey(&hotkey).is_none() => {
            return Err(SpawnError::Unregistered { hotkey, netuid });
        }
        Ok(metagraph) => Some(Arc::new(Roster::new(metagraph))),
        Err(ChainError::UnknownNetUid(netuid)) => {
            return Err(SpawnError::UnknownNetUid { netuid, url: chain.url().to_owned() });
        }
        Err(error) => {
            tracing::warn!(netuid = netuid.0, %error, "metagraph not read");
            None
        }
    };
    let (metagraphs, subnet) = watch::channel(known);
    let mut handle = serve(&config, keypair.clone(), backend, chain.genesis(), subnet.clone()).await?;

    handle.background.spawn(subnet::follow(chain.clone(), netuid, metagraphs));
    let health = handle.health.clone();
    match config.announce {
        Some(Endpoint(mut addr)) => {
            if addr.port() == 0 {
                addr.set_port(handle.addr.port());
            }
            let pin = handle.state.identity.pin;
            let announcement = Announcement { chain, key: keypair, netuid, endpoint: Endpoint(addr), pin };
            handle.background.spawn(announcement.keep(subnet, health));
        }
        None => {
            handle.background.spawn(unannounced(subnet, health));
        }
    }
    Ok(handle)
}

/// Listen and serve whoever is in `subnet`, which the caller keeps: several miners of one process may share a view of it.
/// Nothing is announced, whatever the configuration says.
pub async fn serve(
    config: &Config,
    key: Keypair,
    backend: Arc<dyn Backend>,
    genesis: BlockHash,
    subnet: watch::Receiver<Option<Arc<Roster>>>,
) -> Result<Handle, SpawnError> {
    let state = State::open(&config.state_path)?;
    let bind = |source| SpawnError::Bind { addr: config.listen, source };
    let listener = TcpListener::bind(config.listen).await.map_err(bind)?;
    let addr = listener.local_addr().map_err(bind)?;
    // From here on no earlier process serves at this address.
    let started_ms = clock::now_ms();
    let floor_ms = started_ms.max(state.served.until_ms());
    let places = u32::try_from(config.queue).unwrap_or(u32::MAX);

    let (hotkey, up) = (key.hotkey(), backend.up());
    let subject = subject(config, hotkey, genesis, backend.manifest(), started_ms);
    let (view, tally) = (View::new(subject, Duration::from_secs(config.stale_after_seconds)), Tally::new(places));
    let own = Binding { receiver: hotkey, netuid: config.netuid, genesis };
    let description = receipt::sign_description(&key, &describe(&own, backend.manifest(), state.identity.pin));
    let (phase, phases) = watch::channel(Phase::Serving);
    let queue = Queue::new(config.queue, config.limits.reserved_percent);
    let throttle = Throttle::new(&config.limits);
    let (access, lists) = watch::channel(config.access.clone());
    let rows = Arc::new(KeptRows::new(config.kept_rows_mib << 20, Duration::from_secs(config.keep_rows_seconds)));
    let service = MinerService {
        key,
        backend: backend.clone(),
        admission: Admission::new(own, subnet.clone(), lists, config.limits.clone(), throttle.clone(), floor_ms),
        queue: queue.clone(),
        tally: tally.clone(),
        rows: rows.clone(),
        served: state.served.clone(),
        phases: phases.clone(),
        description,
    };
    let (reporter, health_service) = tonic_health::server::health_reporter();
    let health = Health::new(reporter).await;
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    // Python's client, and grpcurl before 1.8.8, know the older form only.
    let (reflection, older) = (reflection().build_v1()?, reflection().build_v1alpha()?);
    let router = Server::builder()
        .timeout(Duration::from_millis(2 * MAX_LIFETIME_MS))
        .load_shed(true)
        .concurrency_limit_per_connection(config.streams_per_connection as usize)
        .max_concurrent_streams(config.streams_per_connection)
        .http2_keepalive_interval(Some(KEEPALIVE_INTERVAL))
        .http2_keepalive_timeout(Some(KEEPALIVE_TIMEOUT))
        .http2_max_header_list_size(MAX_HEADER_BYTES)
        .http2_max_pending_accept_reset_streams(Some(MAX_PENDING_RESETS))
        .layer(DoorLayer(throttle.clone(), tally.clone()))
        .add_service(health_service)
        .add_service(reflection)
        .add_service(older)
        .add_service(MinerServer::new(service).max_decoding_message_size(MAX_MESSAGE_BYTES));

    let (ready, connections) = mpsc::channel(READY_CONNECTIONS);
    let incoming = Incoming::new(listener, state.identity.acceptor.clone(), throttle.clone(), &config.limits);
    let mut server = JoinSet::new();
    server.spawn(incoming.run(ready, view.connections.clone()));
    let connections = Beating::new(ReceiverStream::new(connections), view.service.clone());
    let sights = Sights { hotkey, backend, tally, subnet, serving: health.watch(), phases: phases.clone() };
    server.spawn(async move {
        let closing = phase::reach(phases, Phase::Closing);
        if let Err(error) = router.serve_with_incoming_shutdown(connections, closing).await {
            tracing::error!(%error, "server failed");
        }
    });
    tracing::info!(%addr, %hotkey, netuid = config.netuid.0, tls_key = %state.identity.pin, "miner listens");
    let (drain, mut background) = (Duration::from_secs(config.drain_seconds), JoinSet::new());
    background.spawn(rows.clone().tidy());
    background.spawn(throttle.clone().tidy());
    background.spawn(state.served.clone().keep());
    if let Some(up) = up {
        background.spawn(health::follow(up, health.clone()));
    }
    let dashboard = match config.dashboard_listen {
        Some(listen) => Some(dashboard::spawn(dashboard::Config::new(listen), view.board.clone()).await?),
        None => None,
    };
    if let Some(dashboard) = &dashboard {
        tracing::info!(listen = %dashboard.addr(), "dashboard served");
    }
    let mut watching = JoinSet::new();
    if config.dashboard_listen.is_some() || config.metrics_listen.is_some() {
        watching.spawn(gpus::watch(view.board.clone()));
        watching.spawn(view.watch(sights));
    }
    Ok(Handle {
        addr,
        hotkey,
        drain,
        health,
        phase,
        access,
        state,
        server,
        background,
        view: watching,
        dashboard,
        queue,
        rows,
        #[cfg(test)]
        throttle,
    })
}

impl Handle {
    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The miner's hotkey.
    pub fn hotkey(&self) -> Hotkey {
        self.hotkey
    }

    /// Where its own page is served, if it is.
    pub fn dashboard_addr(&self) -> Option<SocketAddr> {
        self.dashboard.as_ref().map(dashboard::Handle::addr)
    }

    /// The key of its certificate.
    pub fn tls_key(&self) -> TlsPin {
        self.state.identity.pin
    }

    /// Serve by other lists from now on. What was let in stays.
    pub fn set_access(&self, access: Access) {
        self.access.send_replace(access);
    }

    #[cfg(test)]
    pub(crate) fn queue(&self) -> &Queue {
        &self.queue
    }

    /// As if what takes connections had died.
    #[cfg(test)]
    pub(crate) fn stop_serving(&mut self) {
        self.server.abort_all();
    }

    #[cfg(test)]
    pub(crate) fn throttle(&self) -> &Throttle {
        &self.throttle
    }

    #[cfg(test)]
    pub(crate) fn health(&self) -> &Health {
        &self.health
    }

    /// Wait until requests are welcome: the subnet is known, and the announcement, if there is one, is on chain.
    pub async fn ready(&self) {
        self.health.ready().await;
    }

    /// Stop: health says so first, new requests are refused, answers are finished, and whoever was answered last has a
    /// moment to see hidden rows. What isn't done after the configured time is given up.
    pub async fn shutdown(mut self) {
        // Its loops would set health again.
        self.background.shutdown().await;
        self.health.set(false).await;
        self.phase.send_replace(Phase::Draining);
        // The look is no answer: where there is no time for it, nothing is cut off.
        let look_until = Instant::now() + self.drain.saturating_sub(LAST_WORDS);
        let drained = async {
            self.queue.empty().await;
            let _ = timeout_at(look_until, self.rows.quiet(LAST_LOOK)).await;
            self.phase.send_replace(Phase::Closing);
            while self.server.join_next().await.is_some() {}
        };
        if timeout(self.drain, drained).await.is_err() {
            tracing::warn!(drain_seconds = self.drain.as_secs(), "answers cut off");
            self.phase.send_replace(Phase::Stopped);
            let _ = timeout(LAST_WORDS, async { while self.server.join_next().await.is_some() {} }).await;
        }
        self.view.shutdown().await;
        if let Some(dashboard) = self.dashboard.take() {
            dashboard.shutdown().await;
        }
        tracing::info!(addr = %self.addr, "miner stopped");
    }
}

/// Answers end; the tasks are aborted by their sets.
impl Drop for Handle {
    fn drop(&mut self) {
        self.phase.send_replace(Phase::Stopped);
    }
}

fn subject(
    config: &Config,
    miner: Hotkey,
    genesis: BlockHash,
    manifest: &Manifest,
    started_unix_ms: u64,
) -> ServingSubject {
    ServingSubject {
        self_reported: true,
        netuid: config.netuid,
        genesis,
        miner,
        version: env!("CARGO_PKG_VERSION").into(),
        model: manifest.name.clone(),
        architecture: manifest.architecture.clone(),
        digest: manifest.digest.to_string(),
        context_tokens: manifest.max_context as u64,
        places: u32::try_from(config.queue).unwrap_or(u32::MAX),
        started_unix_ms,
    }
}

fn describe(own: &Binding, manifest: &Manifest, tls_key: TlsPin) -> Description {
    let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    Description {
        hotkey: own.receiver,
        netuid: own.netuid,
        genesis: own.genesis,
        name: manifest.name.clone(),
        architecture: manifest.architecture.clone(),
        digest: manifest.digest,
        vocab_size: number(manifest.vocab_size),
        max_context: number(manifest.max_context),
        proof: manifest.proof,
        calibration: manifest.calibration,
        tls_key: Some(tls_key),
    }
}
