//! The socket: connections, and what goes wrong with them on purpose.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use jsonrpsee::{
    Methods,
    core::middleware::{Batch, BatchEntry, Notification, Request, RpcServiceBuilder, RpcServiceT},
    server::{
        BatchRequestConfig, MethodResponse, Server, ServerConfig, ServerHandle, serve_with_graceful_shutdown,
        stop_channel,
    },
};
use tokio::net::{TcpListener, TcpStream};

use crate::{
    chain::Chain,
    config::Limits,
    faults::{Connection, Injected},
};

/// Requests in one.
const MAX_BATCH: u32 = 64;
/// Before a connection is accepted after one could not be: there may be too many open files.
const BREATH: Duration = Duration::from_millis(50);

/// Listen. Returns where.
pub(crate) async fn listen(at: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(at).await?;
    let addr = listener.local_addr()?;
    Ok((listener, addr))
}

/// Serve until stopped.
pub(crate) fn start(listener: TcpListener, methods: Methods, chain: Arc<Chain>) -> ServerHandle {
    let (stop, handle) = stop_channel();
    let builder = Server::builder().set_config(config(chain.limits)).to_service_builder();
    tokio::spawn(async move {
        loop {
            let socket = tokio::select! {
                () = stop.clone().shutdown() => return,
                accepted = listener.accept() => accepted.map(|(socket, _)| socket),
            };
            let (socket, connection) = match socket.and_then(|socket| connect(socket, &chain.injected)) {
                Ok(Some(connected)) => connected,
                Ok(None) => continue,
                Err(error) => {
                    tracing::debug!(%error, "no connection");
                    tokio::time::sleep(BREATH).await;
                    continue;
                }
            };
            let chain = chain.clone();
            let rpc = RpcServiceBuilder::new().layer_fn(move |service| Faulty {
                service,
                chain: chain.clone(),
                connection: connection.clone(),
            });
            let service = builder.clone().set_rpc_middleware(rpc).build(methods.clone(), stop.clone());
            tokio::spawn(serve_with_graceful_shutdown(socket, service, stop.clone().shutdown()));
        }
    });
    handle
}

fn config(limits: Limits) -> ServerConfig {
    ServerConfig::builder()
        .max_request_body_size(limits.request_bytes)
        .max_response_body_size(limits.response_bytes)
        .max_connections(limits.connections)
        .max_subscriptions_per_connection(limits.subscriptions)
        .set_batch_request_config(BatchRequestConfig::Limit(MAX_BATCH))
        .build()
}

/// None where the connection is refused on purpose.
fn connect(socket: TcpStream, injected: &Injected) -> io::Result<Option<(TcpStream, Arc<Connection>)>> {
    socket.set_nodelay(true)?;
    let socket = socket.into_std()?;
    let Some(connection) = injected.connected(socket.try_clone()?) else { return Ok(None) };
    Ok(Some((TcpStream::from_std(socket)?, connection)))
}

/// Answers late or not at all, if that is what is asked for.
#[derive(Clone)]
struct Faulty<S> {
    service: S,
    chain: Arc<Chain>,
    connection: Arc<Connection>,
}

impl<S> Faulty<S>
where
    S: RpcServiceT + Clone + Send + Sync + 'static,
{
    async fn answer<R>(self, methods: Vec<String>, work: impl Future<Output = R>) -> R {
        self.chain.injected.delay(&methods).await;
        let response = work.await;
        if self.chain.injected.is_unanswered(&methods) {
            self.connection.cut();
        }
        response
    }
}

impl<S> RpcServiceT for Faulty<S>
where
    S: RpcServiceT<
            MethodResponse = MethodResponse,
            BatchResponse = MethodResponse,
            NotificationResponse = MethodResponse,
        > + Clone
        + Send
        + Sync
        + 'static,
{
    type MethodResponse = MethodResponse;
    type BatchResponse = MethodResponse;
    type NotificationResponse = MethodResponse;

    fn call<'a>(&self, request: Request<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        let this = self.clone();
        async move {
            let methods = vec![request.method_name().to_owned()];
            let service = this.service.clone();
            this.answer(methods, service.call(request)).await
        }
    }

    fn batch<'a>(&self, requests: Batch<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        let this = self.clone();
        async move {
            let methods = requests.iter().filter_map(|entry| match entry {
                Ok(BatchEntry::Call(request)) => Some(request.method_name().to_owned()),
                _ => None,
            });
            let methods = methods.collect();
            let service = this.service.clone();
            this.answer(methods, service.batch(requests)).await
        }
    }

    fn notification<'a>(&self, notification: Notification<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        self.service.notification(notification)
    }
}
