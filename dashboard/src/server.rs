//! Takes connections, within limits: strangers come here.

use std::{net::SocketAddr, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use crate::{patience::Patient, spawn::Config, visitors::Visitors};

/// The greatest head of a request, in bytes.
const HEAD_BYTES: usize = 16 << 10;
/// The most headers of one.
const HEADERS: usize = 64;
/// After a connection that could not be taken: no file is free, and one is not free at once.
const BREATH: Duration = Duration::from_millis(100);

/// Serve until the task is dropped, and every connection with it.
pub(crate) async fn serve(listener: TcpListener, router: Router, config: Config) {
    let visitors = Visitors::new(config.connections, config.connections_per_address);
    let mut connections = JoinSet::new();
    loop {
        let (stream, peer): (TcpStream, SocketAddr) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "connection not taken");
                    tokio::time::sleep(BREATH).await;
                    continue;
                }
            },
            Some(_) = connections.join_next() => continue,
        };
        let Some(visit) = visitors.enter(peer.ip()) else {
            tracing::debug!(%peer, "connection closed: too many");
            continue;
        };
        let service = TowerToHyperService::new(router.clone());
        let stream = TokioIo::new(Patient::new(stream, config.write_patience));
        connections.spawn(async move {
            let served = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(config.read_patience)
                .max_buf_size(HEAD_BYTES)
                .max_headers(HEADERS)
                // One request each: an idle connection would keep its place.
                .keep_alive(false)
                .serve_connection(stream, service)
                .await;
            if let Err(error) = served {
                tracing::debug!(%peer, %error, "connection broke");
            }
            drop(visit);
        });
    }
}
