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
};

const HTML: &str = "text/html; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const PICTURE: &str = "image/svg+xml";
const JSON: &str = "application/json";

/// The page: what a browser asks for, its type, and what it gets.
const PAGE: [(&str, &str, &str); 10] = [
    ("/", HTML, include_str!("page/index.html")),
    ("/page/icon.svg", PICTURE, include_str!("page/icon.svg")),
    ("/page/style.css", STYLE, include_str!("page/style.css")),
    ("/page/main.js", SCRIPT, include_str!("page/main.js")),
    ("/page/stream.js", SCRIPT, include_str!("page/stream.js")),
    ("/page/words.js", SCRIPT, include_str!("page/words.js")),
    ("/page/elements.js", SCRIPT, include_str!("page/elements.js")),
    ("/page/seats.js", SCRIPT, include_str!("page/seats.js")),
    ("/page/pictures.js", SCRIPT, include_str!("page/pictures.js")),
    ("/page/overview.js", SCRIPT, include_str!("page/overview.js")),
];

/// What routes need.
#[derive(Clone)]
struct Desk {
    kiosk: Kiosk,
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
pub(crate) fn routes(kiosk: Kiosk, health: Health, streams: usize) -> Router {
    let mut router = Router::new();
    for (path, kind, text) in PAGE {
        router = router.route(path, get(move || async move { ([(header::CONTENT_TYPE, kind)], text) }));
    }
    router
        .route("/api/subnet.json", get(document))
        .route("/api/events", get(stream))
        .route("/healthz", get(healthz))
        .fallback(|| async { (StatusCode::NOT_FOUND, "there is nothing here\n") })
        .layer(middleware::from_fn(headers::add))
        .with_state(Desk { kiosk, health, seats: Arc::new(Semaphore::new(streams)) })
}

async fn document(State(desk): State<Desk>) -> impl IntoResponse {
    let document: Bytes = desk.kiosk.newest.borrow().document();
    ([(header::CONTENT_TYPE, JSON)], document)
}

async fn stream(State(desk): State<Desk>, method: Method) -> Response {
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

async fn healthz(State(desk): State<Desk>) -> impl IntoResponse {
    let loops = desk.health.report();
    let healthy = loops.iter().all(|one| one.state == LoopState::Ok);
    let status = if healthy { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = serde_json::to_vec_pretty(&Checkup { healthy, loops }).unwrap_or_default();
    (status, [(header::CONTENT_TYPE, JSON)], body)
}
