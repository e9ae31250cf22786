//! Connections as they come: counted, and encrypted unless they come from this very machine.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use dashboard::Pulse;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    task::JoinSet,
    time::{MissedTickBehavior, interval, sleep, timeout},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tonic::transport::server::Connected;

use crate::{
    beat::BEAT,
    config::Limits,
    metrics::{self, TurnedAway},
    throttle::{Source, Throttle},
};

/// For the first byte and the handshake together.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// After the system had no socket for us.
const BREATH: Duration = Duration::from_millis(100);
/// How a TLS connection begins: the type of a handshake record. HTTP/2 begins with a letter.
const TLS_HANDSHAKE: u8 = 0x16;

/// So many requests in a row that were nobody's, or too many, and the connection is closed: a new one costs the peer more
/// than us.
const STRIKES: u32 = 64;

/// A connection that is ready for HTTP/2.
#[derive(Debug)]
pub(crate) struct Connection {
    peer: Peer,
    stream: Stream,
    _seat: Seat,
}

#[derive(Debug)]
enum Stream {
    Plain(TcpStream),
    Secured(Box<TlsStream<TcpStream>>),
}

/// Where a request comes from, in its extensions.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub address: IpAddr,
    strikes: Arc<AtomicU32>,
}

impl Peer {
    fn new(address: IpAddr) -> Self {
        Self { address, strikes: Arc::default() }
    }

    /// A request of this connection was worth nothing.
    pub(crate) fn strike(&self) {
        self.strikes.fetch_add(1, Ordering::Relaxed);
    }

    /// A request of this connection was somebody's.
    pub(crate) fn forgive(&self) {
        self.strikes.store(0, Ordering::Relaxed);
    }

    fn is_unwelcome(&self) -> bool {
        self.strikes.load(Ordering::Relaxed) >= STRIKES
    }
}

/// A connection's place among all, and among those of its address. Given back when it is dropped.
#[derive(Debug)]
struct Seat {
    source: Source,
    by_source: Arc<Mutex<HashMap<Source, usize>>>,
    _among_all: OwnedSemaphorePermit,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut by_source = self.by_source.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = by_source.get_mut(&self.source) {
            *count -= 1;
            if *count == 0 {
                by_source.remove(&self.source);
            }
        }
        metrics::connections(-1);
    }
}

/// Takes connections until nobody wants them any more.
pub(crate) struct Incoming {
    listener: TcpListener,
    acceptor: TlsAcceptor,
    throttle: Throttle,
    all: Arc<Semaphore>,
    by_source: Arc<Mutex<HashMap<Source, usize>>>,
    per_source: usize,
}

impl Incoming {
    pub(crate) fn new(listener: TcpListener, acceptor: TlsAcceptor, throttle: Throttle, limits: &Limits) -> Self {
        Self {
            listener,
            acceptor,
            throttle,
            all: Arc::new(Semaphore::new(limits.connections.clamp(1, Semaphore::MAX_PERMITS))),
            by_source: Arc::default(),
            per_source: limits.connections_per_address.max(1),
        }
    }

    /// Hand over what is ready, until the other end is gone. Handshakes run beside each other.
    pub(crate) async fn run(self, ready: mpsc::Sender<io::Result<Connection>>, pulse: Pulse) {
        let mut handshakes = JoinSet::new();
        let mut beats = interval(BEAT);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let accepted = tokio::select! {
                () = ready.closed() => return,
                _ = beats.tick() => {
                    pulse.goes_on();
                    continue;
                }
                // What is done is forgotten.
                Some(_) = handshakes.join_next() => continue,
                accepted = self.listener.accept() => accepted,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => {
                    pulse.done();
                    accepted
                }
                Err(error) => {
                    // A client that left at once, or no file is left for it: others will end.
                    tracing::debug!(%error, "connection not accepted");
                    if error.kind() != io::ErrorKind::ConnectionAborted {
                        pulse.failing("connections can't be accepted");
                    }
                    sleep(BREATH).await;
                    continue;
                }
            };
            let seat = match self.seat(peer.ip()) {
                Ok(seat) => seat,
                Err(turned_away) => {
                    metrics::turned_away(turned_away);
                    tracing::debug!(%peer, reason = turned_away.as_str(), "connection turned away");
                    continue;
                }
            };
            let (acceptor, ready) = (self.acceptor.clone(), ready.clone());
            handshakes.spawn(async move {
                match timeout(HANDSHAKE, secure(stream, peer, acceptor)).await {
                    Ok(Ok(stream)) => {
                        let connection = Connection { peer: Peer::new(peer.ip()), stream, _seat: seat };
                        // Nobody serves any more where this fails.
                        let _ = ready.send(Ok(connection)).await;
                    }
                    Ok(Err(error)) => {
                        metrics::turned_away(TurnedAway::Handshake);
                        tracing::debug!(%peer, %error, "no handshake");
                    }
                    Err(_) => {
                        metrics::turned_away(TurnedAway::Handshake);
                        tracing::debug!(%peer, "handshake too slow");
                    }
                }
            });
        }
    }

    fn seat(&self, address: IpAddr) -> Result<Seat, TurnedAway> {
        self.throttle.connection(address).map_err(|_| TurnedAway::TooOften)?;
        let among_all = self.all.clone().try_acquire_owned().map_err(|_| TurnedAway::TooMany)?;
        let source = Source::of(address);
        let mut by_source = self.by_source.lock().unwrap_or_else(PoisonError::into_inner);
        let count = by_source.entry(source).or_insert(0);
        if *count >= self.per_source {
            return Err(TurnedAway::TooManyOfAddress);
        }
        *count += 1;
        metrics::connections(1);
        Ok(Seat { source, by_source: self.by_source.clone(), _among_all: among_all })
    }
}

/// Encrypted, unless it comes from this machine and doesn't ask for it.
async fn secure(stream: TcpStream, peer: SocketAddr, acceptor: TlsAcceptor) -> io::Result<Stream> {
    stream.set_nodelay(true)?;
    if peer.ip().to_canonical().is_loopback() {
        let mut first = [0];
        if stream.peek(&mut first).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if first != [TLS_HANDSHAKE] {
            return Ok(Stream::Plain(stream));
        }
    }
    Ok(Stream::Secured(Box::new(acceptor.accept(stream).await?)))
}

impl Connected for Connection {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        self.peer.clone()
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.peer.is_unwelcome() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_read(context, into),
            Stream::Secured(stream) => Pin::new(stream).poll_read(context, into),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Stream::Secured(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(context),
            Stream::Secured(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Stream::Secured(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write_vectored(context, slices),
            Stream::Secured(stream) => Pin::new(stream).poll_write_vectored(context, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Stream::Plain(stream) => stream.is_write_vectored(),
            Stream::Secured(stream) => stream.is_write_vectored(),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;

    use super::*;
    use crate::tls::Identity;

    /// What a miner makes of these first bytes from a peer at an address.
    async fn begins(bytes: &[u8], peer: &str) -> io::Result<Stream> {
        let folder = tempfile::tempdir().unwrap();
        let identity = Identity::load_or_make(&folder.path().join("tls.pem")).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        client.write_all(bytes).await.unwrap();
        client.shutdown().await.unwrap();
        timeout(HANDSHAKE, secure(stream, peer.parse().unwrap(), identity.acceptor)).await.unwrap()
    }

    #[tokio::test]
    async fn only_this_machine_may_speak_in_the_clear() {
        let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
        for here in ["127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "[::ffff:127.0.0.1]:1"] {
            assert!(matches!(begins(preface, here).await, Ok(Stream::Plain(_))), "{here}");
        }
        for elsewhere in ["192.0.2.1:1", "10.0.0.1:1", "[2001:db8::1]:1", "[::ffff:192.0.2.1]:1"] {
            assert!(begins(preface, elsewhere).await.is_err(), "{elsewhere}");
        }
        assert!(begins(b"", "127.0.0.1:1").await.is_err());
        // A handshake that ends after its first byte.
        assert!(begins(&[TLS_HANDSHAKE], "127.0.0.1:1").await.is_err());
    }
}
