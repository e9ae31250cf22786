//! What is served where.

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{Method, StatusCode, header},
    middleware,
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Serialize;
use tokio::sync::Semaphore;

use crate::{
    document::{Loop, LoopState},
    events::events,
    headers,
    health::Health,
    press::Kiosk,
    sheet::{File, Sheet},
};

pub(crate) const HTML: &str = "text/html; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
pub(crate) const SCRIPT: &str = "text/javascript; charset=utf-8";
const PICTURE: &str = "image/svg+xml";
const JSON: &str = "application/json";

/// What all pages share.
const SHARED: [File; 8] = [
    ("/page/icon.svg", PICTURE, include_str!("page/icon.svg")),
    ("/page/style.css", STYLE, include_str!("page/style.css")),
    ("/page/stream.js", SCRIPT, include_str!("page/stream.js")),
    ("/page/theme.js", SCRIPT, include_str!("page/theme.js")),
    ("/page/health.js", SCRIPT, include_str!("page/health.js")),
    ("/page/chart.js", SCRIPT, include_str!("page/chart.js")),
    ("/page/words.js", SCRIPT, include_str!("page/words.js")),
    ("/page/elements.js", SCRIPT, include_str!("page/elements.js")),
];

/// What routes need.
#[derive(Clone)]
struct Desk<S> {
    kiosk: Kiosk<S>,
    health: Health,
    seats: Arc<Semaphore>,
}

/// What `/healthz` says.
#[derive(Serialize)]
struct Checkup {
    healthy: bool,
    loops: Vec<Loop>,
}

/// All routes, with room for so many streams.
pub(crate) fn routes<S: Sheet>(kiosk: Kiosk<S>, health: Health, streams: usize) -> Router {
    let mut router = Router::new();
    for (path, kind, text) in S::PAGE.iter().copied().chain(SHARED) {
        router = router.route(path, get(move || async move { ([(header::CONTENT_TYPE, kind)], text) }));
    }
    router
        .route(&format!("/api/{}.json", S::NAME), get(document::<S>))
        .route("/api/events", get(stream::<S>))
        .route("/healthz", get(healthz::<S>))
        .fallback(|| async { (StatusCode::NOT_FOUND, "there is nothing here\n") })
        .layer(middleware::from_fn(headers::add))
        .with_state(Desk { kiosk, health, seats: Arc::new(Semaphore::new(streams)) })
}

async fn document<S: Sheet>(State(desk): State<Desk<S>>) -> impl IntoResponse {
    let document: Bytes = desk.kiosk.newest.borrow().document();
    ([(header::CONTENT_TYPE, JSON)], document)
}

async fn stream<S: Sheet>(State(desk): State<Desk<S>>, method: Method) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/event-stream")];
    if method == Method::HEAD {
        return kind.into_response();
    }
    let full = (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "10")], "too many look already\n");
    let Ok(seat) = desk.seats.try_acquire_owned() else { return full.into_response() };
    match events(&desk.kiosk, seat) {
        // Proxies that collect answers would hold events back.
        Some(events) => (kind, [("x-accel-buffering", "no")], Body::from_stream(events)).into_response(),
        None => full.into_response(),
    }
}

async fn healthz<S: Sheet>(State(desk): State<Desk<S>>) -> impl IntoResponse {
    let loops = desk.health.report();
    let healthy = loops.iter().all(|one| one.state == LoopState::Ok);
    let status = if healthy { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = serde_json::to_vec_pretty(&Checkup { healthy, loops }).unwrap_or_default();
    (status, [(header::CONTENT_TYPE, JSON)], body)
}
